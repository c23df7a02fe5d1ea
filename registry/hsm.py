"""
Role keys that never leave their device: an account behind PKCS#11 (a smart card, an HSM, SoftHSM2 for trying out).

    with Hsm.open(module, token="tongquan", pin=pin) as hsm:
        reviewer = hsm.account("reviewer-1")          # or hsm.create("reviewer-1"), once
        client = Client(node, deployment, outbox, reviewer)

`HsmAccount` is a `registry.ports.SigningAccount`, as `registry.keystore.KeyAccount` is of a key in hand. The device makes plain
ECDSA signatures on secp256k1; the chain wants s in the lower half (EIP-2) and to be told which of two points r was. Both are
worked out here, and no signature leaves before it was traced back to the account's own address.

Shell: talks to the device, through python-pkcs11.

What is not here: backing such a key up. A device that is lost is replaced by a new account of the same role, granted by the region's
admin; the old one is revoked.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.exceptions import PinIncorrect, PinInvalid, PinLenRange, PKCS11Error, TokenNotRecognised
from pkcs11.util.ec import encode_named_curve_parameters

from registry.codec import Domain, digest
from registry.errors import TongquanError
from registry.model import Address, Digest, Record
from registry.signing import DIGEST_BYTES, HALF_ORDER, ORDER, SIGNATURE_BYTES, signer_of
from registry.solidity import checksummed, keccak

_CURVE = "1.3.132.0.10"  # secp256k1 (SEC 2)
_WORD = 32
_UNCOMPRESSED = 4
_POINT_BYTES = 1 + 2 * _WORD
_OCTET_STRING = bytes([4, _POINT_BYTES])
_PARITY = 255


class HsmError(TongquanError):
    """
    The device did not do what was asked. Nothing was sent.

    HsmError
     ├── HsmUnavailable  no such module or token, or it does not answer
     ├── PinRefused      the token does not take the PIN; some lock themselves after a few tries
     ├── HsmKeyMissing   it holds no key pair of this label
     ├── HsmKeyExists    it holds one already; nothing was made
     └── HsmKeyUnfit     the key pair is none of secp256k1, or what it signs does not lead back to it
    """


class HsmUnavailable(HsmError):
    """There is no such module or token, or the device does not answer."""


class PinRefused(HsmError):
    """The token does not take the PIN."""


class HsmKeyMissing(HsmError):
    """The token holds no key pair of this label."""


class HsmKeyExists(HsmError):
    """The token holds a key pair of this label already."""


class HsmKeyUnfit(HsmError):
    """The key pair is none of secp256k1, or what it signs does not lead back to it."""


class Hsm:
    """
    One token of one device, open. May be shared by threads; requests to the device go one after the other.

    A process opens a token once: the device knows one login a process.
    """

    def __init__(self, session: Any) -> None:
        self._session = session
        self._lock = threading.Lock()

    @classmethod
    def open(cls, module: Path, *, token: str, pin: str) -> Self:
        """
        Log in to a token, by its label, through the device's own PKCS#11 library.

        Raises:
            HsmUnavailable, PinRefused: as their names say.
        """
        try:
            found = pkcs11.lib(str(module)).get_token(token_label=token)
        except (PKCS11Error, RuntimeError, OSError) as failure:
            raise HsmUnavailable(f"no token {token!r} through {module}: {failure!r}") from failure
        with _mapped():
            return cls(found.open(user_pin=pin, rw=True))

    def account(self, label: str) -> "HsmAccount":
        """
        The account of a key pair that is there.

        Raises:
            HsmKeyMissing, HsmKeyUnfit, HsmUnavailable: as their names say.
        """
        private = self._find(ObjectClass.PRIVATE_KEY, label)
        public = self._find(ObjectClass.PUBLIC_KEY, label)
        return HsmAccount(_address_of(public, label), lambda digest: self._sign(private, digest))

    def create(self, label: str) -> "HsmAccount":
        """
        Make a key pair in the device, whose secret no one can read out of it, and return its account.

        Raises:
            HsmKeyExists, HsmUnavailable: as their names say.
        """
        try:
            self._find(ObjectClass.PRIVATE_KEY, label)
        except HsmKeyMissing:
            pass
        else:
            raise HsmKeyExists(f"there is a key {label!r} already")
        never_out = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False}
        with self._lock, _mapped():
            parameters = {Attribute.EC_PARAMS: encode_named_curve_parameters(_CURVE)}
            curve = self._session.create_domain_parameters(KeyType.EC, parameters, local=True)
            curve.generate_keypair(store=True, label=label, private_template=never_out)
        return self.account(label)

    def close(self) -> None:
        """Log out."""
        with self._lock, _mapped():
            self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _find(self, kind: ObjectClass, label: str) -> Any:
        with self._lock, _mapped():
            found = list(self._session.get_objects({Attribute.CLASS: kind, Attribute.LABEL: label, Attribute.KEY_TYPE: KeyType.EC}))
        if not found:
            raise HsmKeyMissing(f"the token holds no key {label!r}")
        if len(found) > 1:
            raise HsmKeyUnfit(f"the token holds {len(found)} keys {label!r}")
        return found[0]

    def _sign(self, private: Any, message: bytes) -> bytes:
        with self._lock, _mapped():
            return bytes(private.sign(message, mechanism=Mechanism.ECDSA))


@contextmanager
def _mapped() -> Iterator[None]:
    try:
        yield
    except (PinIncorrect, PinInvalid, PinLenRange) as refused:
        raise PinRefused(f"the token does not take the PIN: {refused!r}") from refused
    except (PKCS11Error, TokenNotRecognised) as failure:
        raise HsmUnavailable(f"the device failed: {failure!r}") from failure


def _address_of(public: Any, label: str) -> Address:
    with _mapped():
        curve, point = bytes(public[Attribute.EC_PARAMS]), bytes(public[Attribute.EC_POINT])
    if curve != encode_named_curve_parameters(_CURVE):
        raise HsmKeyUnfit(f"the key {label!r} is not one of secp256k1")
    # PKCS #11, 2.3.3: the point stands in a DER octet string. Some devices leave that out.
    written_out = point.removeprefix(_OCTET_STRING) if len(point) == len(_OCTET_STRING) + _POINT_BYTES else point
    if len(written_out) != _POINT_BYTES or written_out[0] != _UNCOMPRESSED:
        raise HsmKeyUnfit(f"the public key {label!r} is not written out")
    return checksummed(keccak(written_out[1:])[-20:])


# An account


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """A signed transaction, ready to be sent, and its hash."""

    raw_transaction: bytes
    hash: Digest


class HsmAccount:
    """
    An account whose key signs in a device.

    `ecdsa` makes a plain signature, r ‖ s, on 32 bytes; an `Hsm` gives it.
    """

    def __init__(self, address: Address, ecdsa: Callable[[bytes], bytes]) -> None:
        self.address = address
        self._ecdsa = ecdsa

    def __repr__(self) -> str:
        return f"HsmAccount({self.address})"

    def sign_digest(self, message: bytes) -> bytes:
        """
        Sign 32 bytes that are a digest already: 64 bytes in EIP-2098's form, as `registry.signing.sign_digest` does.

        Raises:
            HsmKeyUnfit: what the device signed does not lead back to this account.
            HsmUnavailable: it did not sign.
        """
        if len(message) != DIGEST_BYTES:
            raise ValueError(f"a digest is {DIGEST_BYTES} bytes, not {len(message)}")
        plain = self._ecdsa(message)
        r, s = plain[:_WORD], int.from_bytes(plain[_WORD:], "big")
        if len(plain) != SIGNATURE_BYTES or not 0 < s < ORDER:
            raise HsmKeyUnfit(f"the device answers {len(plain)} bytes that are no signature")
        low = s if s <= HALF_ORDER else ORDER - s
        for parity in (0, 1):
            signature = r + (parity << _PARITY | low).to_bytes(_WORD, "big")
            if signer_of(message, signature) == self.address:
                return signature
        raise HsmKeyUnfit(f"what the device signed does not lead back to {self.address}")

    def sign(self, record: Record, domain: Domain) -> bytes:
        """Sign a record for one chain and contract, as `registry.signing.sign` does with a key in hand."""
        return self.sign_digest(digest(record, domain))

    def sign_transaction(self, transaction_dict: dict[str, Any]) -> SignedTransaction:
        """
        Sign a transaction of the first kind (EIP-155), the only one that this library sends.

        Raises:
            ValueError: it is of another kind, or a field is missing.
            HsmError: the device did not sign.
        """
        import rlp  # noqa: PLC0415 - slow to load, and not every program signs with a device

        from registry.proofs import number_bytes  # noqa: PLC0415 - likewise

        chain_id, content = _unsigned(transaction_dict)
        message = keccak(rlp.encode([*content, number_bytes(chain_id), b"", b""]))
        signature = self.sign_digest(message)
        vs = int.from_bytes(signature[_WORD:], "big")
        v = 35 + 2 * chain_id + (vs >> _PARITY)
        r, s = int.from_bytes(signature[:_WORD], "big"), vs & (1 << _PARITY) - 1
        raw = rlp.encode([*content, *map(number_bytes, (v, r, s))])
        return SignedTransaction(raw, Digest(keccak(raw)))


_FIELDS = {"chainId", "nonce", "gasPrice", "gas", "value", "data"}


def _unsigned(transaction: dict[str, Any]) -> tuple[int, list[bytes]]:
    if not _FIELDS <= transaction.keys() <= _FIELDS | {"to"}:
        raise ValueError(f"a transaction has the fields {sorted(_FIELDS)} and may have `to`, not {sorted(transaction)}")
    from registry.proofs import number_bytes  # noqa: PLC0415 - as above

    to = transaction.get("to") or ""
    numbers = [number_bytes(transaction[each]) for each in ("nonce", "gasPrice", "gas", "value")]
    nonce, gas_price, gas, value = numbers
    return transaction["chainId"], [nonce, gas_price, gas, bytes.fromhex(to.removeprefix("0x")), value, bytes(transaction["data"])]
