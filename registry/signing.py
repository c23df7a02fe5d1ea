"""
A party's signature on a record: made, and traced back to its account, as the contracts do it.

A signature is EIP-2098's compact form, r ‖ vs, 64 bytes: low-s, with the parity of the curve point in the highest bit of s. One of 64
zero bytes is not a signature but the word of a party that it sends the transaction itself; `signer_of` answers None to it.

What is not here: whether the signer is the one who had to sign (`registry.rules` and the contracts), and where keys are kept
(`registry.keystore`).
"""

from coincurve import PrivateKey, PublicKey

from registry.codec import Domain, checksummed, digest, keccak
from registry.model import Address, Record

SIGNATURE_BYTES = 64
DIGEST_BYTES = 32

# SEC 2, section 2.4.1: the order of secp256k1. EIP-2 allows only the lower half for s, so that nobody can make a second
# signature from a first.
ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
HALF_ORDER = ORDER // 2
_ZERO, _ORDER_BYTES, _HALF_ORDER_BYTES = (number.to_bytes(32, "big") for number in (0, ORDER, HALF_ORDER))
_PARITY = 255
_PARITY_BIT = 0x80


def sign(record: Record, domain: Domain, key: bytes) -> bytes:
    """
    Sign a record for one chain and contract, always with the same 64 bytes (RFC 6979).

    Raises:
        ValueError: the key is not 32 bytes between 1 and the order of secp256k1.
    """
    return sign_digest(digest(record, domain), key)


def sign_digest(digest: bytes, key: bytes) -> bytes:
    """
    Sign 32 bytes that are a digest already; with a record in hand use `sign`.

    Raises:
        ValueError: the key or the digest has not its form.
    """
    recoverable = _private(key).sign_recoverable(_checked(digest), hasher=None)
    # libsecp256k1 makes low-s only. Its recovery number is the parity, plus 2 if r overflowed the order, which no one will ever
    # see (one in 2^127) and EIP-2098 cannot express.
    r, s, parity = recoverable[:32], int.from_bytes(recoverable[32:64], "big"), recoverable[64]
    return r + (parity << _PARITY | s).to_bytes(32, "big")


def signer_of(digest: bytes, signature: bytes) -> Address | None:
    """
    Whose signature on `digest` this is, or None if it is nobody's: of another length, r or s out of range, or s in the upper half.

    Any other 64 bytes have a signer, mostly one that nobody has the key of. Compare the answer with who had to sign.

    Raises:
        ValueError: the digest is not 32 bytes.
    """
    message = _checked(digest)
    if len(signature) != SIGNATURE_BYTES:
        return None
    r, s, parity = signature[:32], signature[32:], b"\0"
    if s[0] & _PARITY_BIT:
        s, parity = bytes((s[0] ^ _PARITY_BIT,)) + s[1:], b"\1"
    # Thirty-two bytes compare as the numbers that they are.
    if not _ZERO < r < _ORDER_BYTES or not _ZERO < s <= _HALF_ORDER_BYTES:
        return None
    recoverable = r + s + parity
    try:
        public = PublicKey.from_signature_and_message(recoverable, message, hasher=None)
    except Exception:  # noqa: BLE001 - coincurve raises plain Exception where r is on no point of the curve
        return None
    return _account(public)


def address_of(key: bytes) -> Address:
    """
    The account of a private key.

    >>> address_of((1).to_bytes(32, "big"))
    '0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf'

    Raises:
        ValueError: the key is not 32 bytes between 1 and the order of secp256k1.
    """
    return _account(_private(key).public_key)


def _private(key: bytes) -> PrivateKey:
    # The message must not show the key.
    if not isinstance(key, bytes) or len(key) != DIGEST_BYTES or not 0 < int.from_bytes(key, "big") < ORDER:
        raise ValueError("a private key is 32 bytes, from 1 up to the order of secp256k1")
    return PrivateKey(key)


def _account(public: PublicKey) -> Address:
    return checksummed(keccak(public.format(compressed=False)[1:])[-20:])


def _checked(digest: bytes) -> bytes:
    if len(digest) != DIGEST_BYTES:
        raise ValueError(f"a digest is 32 bytes, not {len(digest)}")
    return digest
