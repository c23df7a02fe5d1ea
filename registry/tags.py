"""
Tags (关联标识): what two regions must be able to join on, in a form that tells a reader of the chain nothing.

    tag     = epoch (1 byte) ‖ first 31 bytes of HMAC-SHA-256(the consortium's key of that epoch, message)
    message = purpose in ASCII ‖ 0x00 ‖ for each part: length of its UTF-8 (4 bytes, big-endian) ‖ its UTF-8

Each part is canonical, so that one company, invoice or contract has one tag however it was typed. The lengths make the message
unambiguous: no other purpose or parts give the same. The parts by purpose:

    firm         company code                 the same for whoever invoices, so that seller and firm can be compared
    serial       region, printed serial       each region numbers its own vouchers: the same number of two regions is a
                                              coincidence, and a shared tag would show it to every reader as if it meant something
    project      company code, project        firms number their projects 1, 2, 3: without the firm they would all meet
    agreement    seller, contract number      likewise
    invoice      number; or code and number   one tag in all regions and programmes, which is what stops a second claim
    funding      region, bank reference       each region's own, and always by the first key, so that a second use is noticed
    payment      region, bank reference       likewise; money in and money out never meet
    ground       region, subject's id, ground why a region stops a party (`registry.grounds`)

An invoice's epoch is the year in its number or code, less 2000. All other tags are of epoch 1, until the consortium changes that key
(docs/adr/0018): a voucher keeps the epoch in which it was issued, and its project and agreements take that same one (`epoch_of`).

Warning: a tag hides from readers of the chain, not from whoever holds the key, who could try all company codes.
Warning: a fully digital invoice printed on paper (数电纸票) bears a 20-digit number and also a code and a number of the old form. Only
the tax service knows that the two are one invoice; always take the 20 digits where an invoice has them.
"""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, lru_cache

from stdnum.cn import uscc
from stdnum.exceptions import ValidationError

from registry.code_words import why_no_code
from registry.errors import TongquanError
from registry.model import Digest, Id, Region, Tag

KEY_BYTES = 32
SALT_BYTES = 32
FIRST_EPOCH = 1
"""The epoch of the first tag key."""

EPOCH_YEAR = 2000
TAGS_KEPT = 16_384

# The first programmes are of 2013, so no invoice of a voucher bears an earlier year.
LAST_PARTY_EPOCH = 12
"""The last epoch of tags that are no invoice's."""

# The first fully digital invoices were issued in December 2021. An older number cannot be one: it is an older invoice's code and
# number run together.
FIRST_DIGITAL_YEAR = 2021

_TAG_HASH_BYTES = 31
_FINGERPRINT_BYTES = 16
_LENGTH_BYTES = 4
_LAST_EPOCH = 255

# A team without a company code (创业团队) gets from its region T, the region's six digits and eight more. A company code has 18
# characters, this has 15, so that neither can be taken for the other.
_TEAM = re.compile(r"T[1-9][0-9]{13}")
_REGION = range(100_000, 1_000_000)
_DIGITAL_INVOICE = re.compile(r"[0-9]{20}")
_INVOICE_CODE = re.compile(r"[0-9]{10}|[0-9]{12}")
_INVOICE_NUMBER = re.compile(r"[0-9]{8}")

# Where a code names its year: a code of 10 digits begins with four for the place, one of 12 with five.
_YEAR_IN_CODE = {10: slice(4, 6), 12: slice(5, 7)}

# Format characters are invisible (zero-width space, soft hyphen, byte order mark) and come with pasted text; U+2212 is the minus
# sign, which Unicode does not count among the dashes.
_DROPPED_CATEGORIES = frozenset({"Zs", "Zl", "Zp", "Pd", "Cf"})
_DROPPED = frozenset("\t\n\v\f\r\u2212")
# Those of both that are ASCII.
_DROPPED_ASCII = dict.fromkeys(b"\t\n\v\f\r -")


class Purpose(StrEnum):
    """What a tag stands for. Tags of two purposes never meet, whatever they were made of."""

    FIRM = "firm"
    SERIAL = "serial"
    PROJECT = "project"
    AGREEMENT = "agreement"
    INVOICE = "invoice"
    FUNDING = "funding"
    PAYMENT = "payment"
    GROUND = "ground"


class TagError(TongquanError, ValueError):
    """
    No tag was made.

    TagError
     ├── CodeRefused   what was given is no company code, invoice number or the like
     └── EpochMissing  the keyring holds no key of that epoch
    """


class CodeRefused(TagError):
    """
    What was given is no `kind`; `value` is as it was given, to be shown to whoever typed it and to nobody else.

    `words` says so in Chinese and in English.
    """

    def __init__(self, kind: str, value: str, reason: str) -> None:
        self.words = why_no_code(kind, value, reason)
        super().__init__(" ".join(self.words))
        self.kind = kind
        self.value = value
        self.reason = reason


class EpochMissing(TagError):
    """The keyring holds no key of this epoch; the consortium hands them out."""

    def __init__(self, epoch: int, held: Iterable[int]) -> None:
        self.epoch = epoch
        self.held = tuple(sorted(held))
        super().__init__(f"no tag key of epoch {epoch} is held, only of {list(self.held)}")


@dataclass(frozen=True)
class TagKey:
    """
    The consortium's secret of one epoch, 32 bytes; its text does not show it.

    >>> TagKey(1, bytes(32))
    TagKey(epoch=1)

    Raises:
        ValueError: the epoch is not 1 to 255, or the secret not 32 bytes.
    """

    epoch: int
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not FIRST_EPOCH <= self.epoch <= _LAST_EPOCH:
            raise ValueError(f"an epoch is {FIRST_EPOCH} to {_LAST_EPOCH}, not {self.epoch}")
        if len(self.secret) != KEY_BYTES:
            raise ValueError(f"a tag key is {KEY_BYTES} bytes, not {len(self.secret)}")

    @property
    def fingerprint(self) -> str:
        """
        128 bits by which two holders find out whether they hold the same key. They tell neither the key nor any tag.

        The message begins with a word that is no `Purpose`, so that it is no tag's; the key is random, so that nobody can try all.

        >>> TagKey(1, bytes(32)).fingerprint
        '875c 9c5f 3fea 2ed8 c86d 6e04 796d 35da'
        """
        mac = hmac.digest(self.secret, b"fingerprint\0" + bytes([self.epoch]), hashlib.sha256)
        digits = mac[:_FINGERPRINT_BYTES].hex()
        return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


class Keyring:
    """
    The tag keys that a gateway holds, and the tags that they make.

    Every method raises `CodeRefused` for what is not of its kind, and `EpochMissing` where it lacks the key. Tags are made under
    `epoch` unless another is asked for; an invoice's only ever under its year's.

    >>> keys = Keyring([TagKey(1, bytes(32))])
    >>> keys.firm("91110000600037341L") == keys.firm("９１１１００００ 6000-37341l")
    True

    Raises:
        ValueError: two keys are of one epoch.
    """

    def __init__(self, keys: Iterable[TagKey], *, epoch: int = FIRST_EPOCH) -> None:
        self.epoch = epoch
        self._secrets: dict[int, bytes] = {}
        self._keyed: dict[int, hmac.HMAC] = {}
        for key in keys:
            if key.epoch in self._secrets:
                raise ValueError(f"two tag keys of epoch {key.epoch}")
            self._secrets[key.epoch] = key.secret
            self._keyed[key.epoch] = hmac.new(key.secret, digestmod=hashlib.sha256)
        # A voucher is verified, ordered on and redeemed by the same few codes. What they are hashed to depends on nothing else.
        self._tag = lru_cache(maxsize=TAGS_KEPT)(self._tag_of)

    def __repr__(self) -> str:
        return f"Keyring(epochs={sorted(self._secrets)})"

    @cached_property
    def epochs(self) -> tuple[int, ...]:
        """The epochs whose keys are held."""
        return tuple(sorted(self._secrets))

    @property
    def fingerprints(self) -> Mapping[int, str]:
        """The fingerprint of every key that is held, by its epoch: what gateways compare with each other."""
        return {epoch: TagKey(epoch, secret).fingerprint for epoch, secret in sorted(self._secrets.items())}

    @cached_property
    def party_epochs(self) -> tuple[int, ...]:
        """The epochs whose keys are held for all tags but invoices', the newest first."""
        return tuple(sorted((epoch for epoch in self._secrets if epoch <= LAST_PARTY_EPOCH), reverse=True))

    def firms(self, code: str) -> tuple[Tag, ...]:
        """The tags of a firm under every one of those epochs, in the same order."""
        return tuple(self.firm(code, epoch=epoch) for epoch in self.party_epochs)

    def firm(self, code: str, *, epoch: int | None = None) -> Tag:
        """The tag of a firm, a team, a host unit or whoever invoices, by its USCC (统一社会信用代码) or team code."""
        return self._tag(epoch, Purpose.FIRM, company_code(code))

    def serial(self, region: Region, serial: str, *, epoch: int | None = None) -> Tag:
        """The tag of the serial number that a region printed on a voucher."""
        return self._tag(epoch, Purpose.SERIAL, region_code(region), free_code("serial number", serial))

    def project(self, firm: str, project: str, *, epoch: int | None = None) -> Tag:
        """The tag of a firm's project, by the firm's code and the number or name under which the project is registered."""
        return self._tag(epoch, Purpose.PROJECT, company_code(firm), free_code("project", project))

    def agreement(self, seller: str, number: str, *, epoch: int | None = None) -> Tag:
        """The tag of a service contract (服务合同), by the company code of who invoices and the contract's number."""
        return self._tag(epoch, Purpose.AGREEMENT, company_code(seller), free_code("contract number", number))

    def invoice(self, number: str, *, code: str | None = None) -> Tag:
        """The tag of an invoice: a fully digital one (数电发票) by its 20 digits, an older one by 8 digits and its `code` of 10 or 12."""
        parts = invoice_parts(number, code)
        return self._tag(invoice_year(number, code) - EPOCH_YEAR, Purpose.INVOICE, *parts)

    def funding(self, region: Region, reference: str) -> Digest:
        """The bank reference (银行流水号) under which a region set money aside or drew it back: the registry takes it once."""
        return Digest(self._tag(FIRST_EPOCH, Purpose.FUNDING, region_code(region), free_code("bank reference", reference)))

    def payment(self, region: Region, reference: str) -> Digest:
        """The bank reference under which a region paid."""
        return Digest(self._tag(FIRST_EPOCH, Purpose.PAYMENT, region_code(region), free_code("bank reference", reference)))

    def ground(self, region: Region, subject: Id, ground: str, *, epoch: int | None = None) -> Tag:
        """The tag of the ground on which a region stops a firm or lab."""
        return self._tag(epoch, Purpose.GROUND, region_code(region), subject.hex(), ground)

    def _tag_of(self, chosen: int | None, purpose: Purpose, *parts: str) -> Tag:
        epoch = self.epoch if chosen is None else chosen
        if epoch not in self._secrets:
            raise EpochMissing(epoch, self._secrets)
        # A copy, which knows the key already; and `hmac.digest` would give the interpreter's lock away for a microsecond's work.
        mac = self._keyed[epoch].copy()
        mac.update(_message(purpose, parts))
        return Tag(bytes([epoch]) + mac.digest()[:_TAG_HASH_BYTES])


def epoch_of(tag: Tag) -> int:
    """
    The epoch whose key made a tag.

    What belongs to a voucher is of its firm's epoch: `keys.project(firm, project, epoch=epoch_of(voucher.firm))`.
    """
    return tag[0]


def mixed_epochs(tags: Mapping[str, bytes]) -> dict[str, int] | None:
    """
    The epochs of tags, by the names that they are given under, if they are not one.

    What is compared by tag never meets across epochs, and no contract looks at them (docs/adr/0018).

    >>> mixed_epochs({"voucher": bytes([1, 7]), "lab": bytes([2, 7])})
    {'voucher': 1, 'lab': 2}
    >>> mixed_epochs({"voucher": bytes([2, 5]), "lab": bytes([2, 7])})
    """
    epochs = {name: tag[0] for name, tag in tags.items()}
    return epochs if len(set(epochs.values())) > 1 else None


def _message(purpose: Purpose, parts: Iterable[str]) -> bytes:
    encoded = [part.encode() for part in parts]
    return purpose.encode() + b"\0" + b"".join(len(part).to_bytes(_LENGTH_BYTES, "big") + part for part in encoded)


# The canonical forms


def canonical(text: str) -> str:
    """
    NFKC, upper case, without spaces, dashes and invisible characters; the same again when done twice.

    >>> canonical("ｋｊq‐2013 （a）")
    'KJQ2013(A)'
    """
    # All but a few codes are ASCII, of which NFKC changes nothing: the same in a fiftieth of the time.
    if text.isascii():
        return text.translate(_DROPPED_ASCII).upper()
    # Taking a character out can bring two others together that NFKC then joins; one more round settles that.
    while (plain := _plain(text)) != text:
        text = plain
    return text


def _plain(text: str) -> str:
    kept = (
        each
        for each in unicodedata.normalize("NFKC", text)
        if each not in _DROPPED and unicodedata.category(each) not in _DROPPED_CATEGORIES
    )
    return unicodedata.normalize("NFKC", "".join(kept).upper())


@lru_cache(maxsize=TAGS_KEPT)
def company_code(code: str) -> str:
    """
    The canonical USCC of a company, or the code that a region gave a team.

    >>> company_code("t320583-00000017")
    'T32058300000017'

    Raises:
        CodeRefused: it is neither, or the check digit of the USCC is wrong.
    """
    plain = canonical(code)
    if _TEAM.fullmatch(plain):
        return plain
    # python-stdnum drops and replaces some more characters by a table of its own; the canonical form is told here alone.
    if not plain.isascii():
        raise CodeRefused("company code", code, "it has other characters than digits and Latin letters")
    try:
        return str(uscc.validate(plain))
    except ValidationError as invalid:
        raise CodeRefused("company code", code, str(invalid)) from invalid


def region_code(region: Region) -> str:
    """The six digits of a region's code (GB/T 2260). Raises `CodeRefused`."""
    if region not in _REGION:
        raise CodeRefused("region code", str(region), "it has not six digits")
    return str(region)


def free_code(kind: str, text: str) -> str:
    """
    The canonical form of a number that somebody else gave out in a form of their own, for example of a contract.

    Raises:
        CodeRefused: nothing is left of it, or it has control, private or unassigned characters.
    """
    plain = canonical(text)
    if not plain:
        raise CodeRefused(kind, text, "nothing but spaces and dashes")
    # Among them are characters that this Python's Unicode does not know yet, and that a later one may normalise differently.
    # What can be printed is none of them, and nearly all codes can.
    if not (plain.isascii() and plain.isprintable()) and any(unicodedata.category(each).startswith("C") for each in plain):
        raise CodeRefused(kind, text, "it has characters that cannot be printed")
    return plain


def invoice_parts(number: str, code: str | None = None) -> tuple[str, ...]:
    """
    The canonical number of a fully digital invoice, or the code and number of an older one.

    >>> invoice_parts("2431 2000 0000 1234 5678")
    ('24312000000012345678',)
    >>> invoice_parts("00123456", "3100191130")
    ('3100191130', '00123456')

    Raises:
        CodeRefused: it has not that many digits, or is of a year before there were fully digital invoices.
    """
    plain = canonical(number)
    if code is None:
        if not _DIGITAL_INVOICE.fullmatch(plain):
            raise CodeRefused("fully digital invoice number", number, "20 digits are asked for; an older invoice has a code as well")
        if _digital_year(plain) < FIRST_DIGITAL_YEAR:
            raise CodeRefused("fully digital invoice number", number, "there were none in that year; give code and number apart")
        return (plain,)
    plain_code = canonical(code)
    if not _INVOICE_CODE.fullmatch(plain_code):
        raise CodeRefused("invoice code", code, "10 or 12 digits are asked for")
    if not _INVOICE_NUMBER.fullmatch(plain):
        raise CodeRefused("invoice number", number, "8 digits are asked for")
    return plain_code, plain


def invoice_year(number: str, code: str | None = None) -> int:
    """
    The year that decides an invoice's epoch, as its number or code names it.

    It is read and never told: another year would be another tag, and so a second claim on the same invoice. An older invoice's
    is the year in which its form was made, which may be before the date on it.

    >>> invoice_year("00123456", "031001900311")
    2019

    Raises:
        CodeRefused: as `invoice_parts`.
    """
    first, *_ = invoice_parts(number, code)
    return _digital_year(first) if code is None else EPOCH_YEAR + int(first[_YEAR_IN_CODE[len(first)]])


def _digital_year(number: str) -> int:
    return EPOCH_YEAR + int(number[:2])


# What needs no join


def salted(content: bytes, salt: bytes) -> Digest:
    """
    The hash of something that nobody joins on (a result report, a reason): HMAC-SHA-256 under a salt of 32 random bytes.

    Whoever is shown content and salt can check it; without the salt a guess cannot be tried.

    Raises:
        ValueError: the salt is not 32 bytes.
    """
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt is {SALT_BYTES} bytes, not {len(salt)}")
    return Digest(hmac.digest(salt, content, hashlib.sha256))
