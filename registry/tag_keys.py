"""
The consortium's tag keys: made, handed over, kept and backed up (关联标识密钥).

A key of an epoch is made once, by one gateway, and handed to each of the others sealed to that gateway's own public key (X25519
sealed boxes). Whoever carries the sealed text can neither read nor use it, but could swap it for another of his own making: so
it opens only together with the key's fingerprint, which the makers read out over another channel. Every gateway holds every key;
losing one gateway loses none, and a backup file under a password guards against losing all.

    maker      key = create_tag_key(epoch);  key.fingerprint → read out;  seal_tag_key(key, public key of each gateway) → sent
    gateway    open_tag_key(text, own secret key, fingerprint read out);  add_tag_key(key file, key)
    each       back_up_tag_keys(new file, keys, password), and the fingerprint on paper beside it
    any two    compare_fingerprints(own keyring's fingerprints, the other's)

Shell: reads and writes files, draws random bytes. Boxes and Argon2id are PyNaCl's. What a tag is: `registry.tags`.

What is not here: splitting a key among several hands. Every member gateway can make all tags already, so a split would guard the
backup alone; there the password and where the file lies do.
"""

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Self

from nacl import pwhash
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox
from nacl.secret import SecretBox

from registry.errors import TongquanError
from registry.files import put_in_place
from registry.keystore import KeyFileExists, KeyFileMalformed, KeyFileMissing, WrongPassword, read_object, write_new
from registry.tags import KEY_BYTES, Keyring, TagKey

_SEALED = "tongquan sealed tag key 1"
_LOCKED = "tongquan locked file 1"
_PRIVATE = "handover key"
_BACKUP = "tag keys"


class HandoverRefused(TongquanError, ValueError):
    """A sealed tag key was not taken over; the text says why and shows no key."""


class Work(Enum):
    """
    What one guess at a password costs (Argon2id), as passes and bytes of memory.

    STANDARD takes a second or two and a quarter of a gigabyte. LIGHT is for tests, whose keys guard nothing.
    """

    LIGHT = (pwhash.argon2id.OPSLIMIT_MIN, pwhash.argon2id.MEMLIMIT_MIN)
    STANDARD = (pwhash.argon2id.OPSLIMIT_MODERATE, pwhash.argon2id.MEMLIMIT_MODERATE)


def create_tag_key(epoch: int) -> TagKey:
    """Make the key of an epoch, at random. Only one gateway may do so for each; `compare_fingerprints` finds out if two did."""
    return TagKey(epoch, secrets.token_bytes(KEY_BYTES))


# Handing over


@dataclass(frozen=True)
class HandoverKey:
    """A gateway's own key for taking tag keys over; its text does not show it. Publish `public`, 64 hexadecimal digits."""

    _secret: bytes = field(repr=False)

    @classmethod
    def create(cls) -> Self:
        """Make one, at random."""
        return cls(bytes(PrivateKey.generate()))

    @property
    def public(self) -> str:
        """What others seal to."""
        return bytes(PrivateKey(self._secret).public_key).hex()

    def save(self, path: Path, password: str, *, work: Work = Work.STANDARD) -> None:
        """Write it to a new file under a password. Raises `KeyFileExists`."""
        write_new(path, _lock(_PRIVATE, self._secret, password, work))

    @classmethod
    def load(cls, path: Path, password: str) -> Self:
        """
        Read what `save` wrote.

        Raises:
            KeyFileMissing, KeyFileMalformed, WrongPassword: as their names say.
        """
        return cls(_unlock(path, _PRIVATE, password))


def seal_tag_key(key: TagKey, gateway: str) -> str:
    """
    A text that hands a tag key to the gateway of this public key, and to nobody else.

    Raises:
        HandoverRefused: that is no public key.
    """
    box = SealedBox(PublicKey(_public(gateway)))
    sealed = box.encrypt(bytes([key.epoch]) + key.secret)
    return json.dumps({"format": _SEALED, "epoch": key.epoch, "for": gateway.lower(), "sealed": bytes(sealed).hex()}, indent=2) + "\n"


def open_tag_key(text: str, own: HandoverKey, fingerprint: str) -> TagKey:
    """
    Take over a tag key.

    `fingerprint` is the one that the makers read out, not one that came with the text: anybody could have sealed a key to us.

    Raises:
        HandoverRefused: the text is none, is for another gateway, was altered, or holds another key than the one announced.
    """
    sealed = _sealed_in(text, own)
    try:
        content = SealedBox(PrivateKey(own._secret)).decrypt(sealed)  # noqa: SLF001 - of this module
    except (CryptoError, ValueError, TypeError) as unopened:
        raise HandoverRefused("it does not open: it was altered, or sealed to another key than it says") from unopened
    try:
        key = TagKey(content[0], content[1:])
    except (ValueError, IndexError) as malformed:
        raise HandoverRefused("it holds no tag key") from malformed
    if not same_fingerprint(key.fingerprint, fingerprint):
        raise HandoverRefused(f"the key in it has the fingerprint {key.fingerprint}, announced was {fingerprint}")
    return key


def _sealed_in(text: str, own: HandoverKey) -> bytes:
    try:
        found = json.loads(text)
        kind, gateway, sealed = found["format"], str(found["for"]), bytes.fromhex(found["sealed"])
    except (ValueError, LookupError, TypeError) as malformed:
        raise HandoverRefused("this is no sealed tag key") from malformed
    if kind != _SEALED:
        raise HandoverRefused(f"this is no sealed tag key of a known form: {kind!r}")
    if gateway != own.public:
        raise HandoverRefused(f"it is sealed to {gateway}, this gateway's key is {own.public}")
    return sealed


def _public(gateway: str) -> bytes:
    try:
        public = bytes.fromhex(gateway)
    except ValueError as malformed:
        raise HandoverRefused(f"{gateway!r} is no public key: 64 hexadecimal digits are asked for") from malformed
    if len(public) != KEY_BYTES or not any(public):
        raise HandoverRefused(f"{gateway!r} is no public key: 64 hexadecimal digits are asked for")
    return public


# Comparing


class Match(Enum):
    """How two gateways stand on one epoch's key."""

    SAME = "same"
    DIFFERENT = "different"
    ONLY_OURS = "only ours"
    ONLY_THEIRS = "only theirs"


def compare_fingerprints(ours: Mapping[int, str], theirs: Mapping[int, str]) -> Mapping[int, Match]:
    """
    Hold two gateways' fingerprints against each other, by epoch; neither learns a key from the other's.

    >>> compare_fingerprints({1: "aa bb", 26: "cc"}, {1: "AABB", 27: "dd"})
    {1: <Match.SAME: 'same'>, 26: <Match.ONLY_OURS: 'only ours'>, 27: <Match.ONLY_THEIRS: 'only theirs'>}
    """
    return {epoch: _match(ours.get(epoch), theirs.get(epoch)) for epoch in sorted(ours.keys() | theirs.keys())}


def _match(ours: str | None, theirs: str | None) -> Match:
    if theirs is None:
        return Match.ONLY_OURS
    if ours is None:
        return Match.ONLY_THEIRS
    return Match.SAME if same_fingerprint(ours, theirs) else Match.DIFFERENT


def same_fingerprint(first: str, second: str) -> bool:
    """Whether two fingerprints are one, however they were typed."""
    return secrets.compare_digest(*("".join(each.split()).lower().encode() for each in (first, second)))


# A gateway's key file: {"1": "64 hexadecimal digits", "26": "…"}


def read_tag_keys(path: Path) -> Keyring:
    """
    Read a gateway's key file.

    Raises:
        KeyFileMissing, KeyFileMalformed: as their names say; neither shows a key.
    """
    return Keyring(tag_keys_in(path))


def add_tag_key(path: Path, key: TagKey) -> None:
    """
    Add a key to a gateway's key file, or begin one. A key that is there already is left as it is.

    The file is replaced whole, so that a crash leaves the old one or the new one.

    Raises:
        KeyFileExists: another key of that epoch is there. One of the two is wrong: nothing was written.
        KeyFileMalformed: the file is none.
    """
    try:
        held = {each.epoch: each for each in tag_keys_in(path)}
    except KeyFileMissing:
        held = {}
    if held.get(key.epoch, key) != key:
        raise KeyFileExists(path, f"it holds another key of epoch {key.epoch}, with the fingerprint {held[key.epoch].fingerprint}")
    content = {str(epoch): each.secret.hex() for epoch, each in sorted((held | {key.epoch: key}).items())}
    put_in_place(path, json.dumps(content, indent=2).encode() + b"\n")


def tag_keys_in(path: Path) -> list[TagKey]:
    """
    The keys of a gateway's key file, to be sealed or backed up.

    Raises:
        KeyFileMissing, KeyFileMalformed: as their names say; neither shows a key.
    """
    return _keys_of(read_object(path), path)


def _keys_of(found: Mapping[str, Any], path: Path) -> list[TagKey]:
    try:
        return [TagKey(int(epoch), bytes.fromhex(secret)) for epoch, secret in found.items()]
    except (ValueError, TypeError):
        # Not chained: the error's own text would show what was taken for a key.
        raise KeyFileMalformed(path, "not a file of tag keys: epochs from 1 to 255, 64 hexadecimal digits each") from None


# Backups


def back_up_tag_keys(path: Path, keys: Iterable[TagKey], password: str, *, work: Work = Work.STANDARD) -> Mapping[int, str]:
    """
    Write keys to a new file under a password, read it back, and return the fingerprints, to be printed and kept beside it.

    Raises:
        KeyFileExists: there is a file at this path; nothing was written.
        KeyFileMalformed: what was read back is not what was written. Throw the file away.
    """
    kept = {key.epoch: key for key in keys}
    content = json.dumps({str(epoch): key.secret.hex() for epoch, key in sorted(kept.items())}).encode()
    write_new(path, _lock(_BACKUP, content, password, work))
    if {key.epoch: key for key in restore_tag_keys(path, password)} != kept:
        raise KeyFileMalformed(path, "it does not hold what was to be backed up")
    return {epoch: key.fingerprint for epoch, key in sorted(kept.items())}


def restore_tag_keys(path: Path, password: str) -> list[TagKey]:
    """
    Read a backup. Compare the fingerprints with the printed ones before any of the keys is used.

    Raises:
        KeyFileMissing, KeyFileMalformed, WrongPassword: as their names say.
    """
    content = _unlock(path, _BACKUP, password)
    return _keys_of(json.loads(content), path)


# Files under a password


def _lock(what: str, content: bytes, password: str, work: Work) -> str:
    salt = secrets.token_bytes(pwhash.argon2id.SALTBYTES)
    passes, memory = work.value
    box = SecretBox(pwhash.argon2id.kdf(SecretBox.KEY_SIZE, password.encode(), salt, passes, memory))
    locked = bytes(box.encrypt(what.encode() + b"\0" + content))
    about = {"format": _LOCKED, "holds": what, "kdf": "argon2id", "passes": passes, "memory": memory}
    return json.dumps(about | {"salt": salt.hex(), "locked": locked.hex()}, indent=2) + "\n"


def _unlock(path: Path, what: str, password: str) -> bytes:
    found = read_object(path)
    if found.get("format") != _LOCKED or found.get("holds") != what:
        raise KeyFileMalformed(path, f"not a locked file that holds a {what}")
    try:
        salt, locked, passes, memory = bytes.fromhex(found["salt"]), bytes.fromhex(found["locked"]), found["passes"], found["memory"]
        _require_possible(passes, memory)
        box = SecretBox(pwhash.argon2id.kdf(SecretBox.KEY_SIZE, password.encode(), salt, passes, memory))
    except (LookupError, ValueError, TypeError, CryptoError) as malformed:
        raise KeyFileMalformed(path, "not a locked file of a known form") from malformed
    try:
        kind, _, content = bytes(box.decrypt(locked)).partition(b"\0")
    except (CryptoError, ValueError) as unopened:
        raise WrongPassword(path, "the password does not open it") from unopened
    # What the file says it holds stands outside the lock; what it holds, inside.
    if kind != what.encode():
        raise KeyFileMalformed(path, f"it holds a {kind.decode(errors='replace')}, not a {what}")
    return content


def _require_possible(passes: object, memory: object) -> None:
    """A file from elsewhere must not make us fill the memory."""
    most = pwhash.argon2id.OPSLIMIT_SENSITIVE, pwhash.argon2id.MEMLIMIT_SENSITIVE
    for asked, limit in zip((passes, memory), most, strict=True):
        if not isinstance(asked, int) or not 0 < asked <= limit:
            raise ValueError(f"{asked!r} is above {limit}")
