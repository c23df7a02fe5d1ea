"""Signatures: made for one record, chain and contract, and nobody's in any other form."""

import pytest
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from registry import codec, signing
from registry.codec import Domain
from registry.model import Address, Release
from tests.core.strategies import any_record

KEY = codec.keccak(b"tongquan sample key: firm")
DOMAIN = Domain(20_130_000, Address("0x5FbDB2315678afecb367f032d93F642f64180aa3"))
RELEASE = Release(b"\x01" * 32, 0, 3)
DIGEST = codec.digest(RELEASE, DOMAIN)
SIGNATURE = signing.sign(RELEASE, DOMAIN, KEY)
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
HALF = ORDER // 2

keys = st.integers(1, ORDER - 1).map(lambda number: number.to_bytes(32, "big"))


def compact(r: int, s: int, parity: int = 0) -> bytes:
    return r.to_bytes(32, "big") + (parity << 255 | s).to_bytes(32, "big")


@given(any_record, keys)
def test_a_signature_is_traced_to_its_key(record, key):
    signature = signing.sign(record, DOMAIN, key)

    assert len(signature) == 64
    assert int.from_bytes(signature[32:], "big") & (1 << 255) - 1 <= HALF
    assert signing.signer_of(codec.digest(record, DOMAIN), signature) == signing.address_of(key)


@given(keys)
def test_an_address_is_that_of_eth_account(key):
    assert signing.address_of(key) == Account.from_key(key).address


def test_signing_twice_gives_the_same_bytes():
    assert signing.sign(RELEASE, DOMAIN, KEY) == SIGNATURE
    assert signing.sign_digest(DIGEST, KEY) == SIGNATURE


@pytest.mark.parametrize(
    "other",
    [
        codec.digest(RELEASE, Domain(DOMAIN.chain_id + 1, DOMAIN.registry)),
        codec.digest(RELEASE, Domain(DOMAIN.chain_id, Address("0x" + "00" * 19 + "01"))),
        codec.digest(Release(RELEASE.order, 1, RELEASE.valid_until), DOMAIN),
        bytes(codec.id_of(RELEASE)),
    ],
    ids=["another chain", "another contract", "another attempt", "the id without a domain"],
)
def test_a_signature_holds_nowhere_else(other):
    assert signing.signer_of(DIGEST, SIGNATURE) == signing.address_of(KEY)
    assert signing.signer_of(other, SIGNATURE) != signing.address_of(KEY)


@pytest.mark.parametrize("length", [0, 1, 32, 63, 65, 96, 128])
def test_another_length_is_nobodys(length):
    assert signing.signer_of(DIGEST, (SIGNATURE * 2)[:length]) is None


def test_the_65_bytes_of_other_wallets_are_nobodys():
    signed = Account.unsafe_sign_hash(DIGEST, KEY)

    assert signing.signer_of(DIGEST, bytes(signed.signature)) is None


R = int.from_bytes(SIGNATURE[:32], "big")
S = int.from_bytes(SIGNATURE[32:], "big") & (1 << 255) - 1


@pytest.mark.parametrize(
    ("r", "s"),
    [(0, 0), (0, S), (R, 0), (ORDER, S), (ORDER + 1, S), (2**256 - 1, S), (R, HALF + 1), (R, 2**255 - 1), (5, S)],
    ids=["zero", "r zero", "s zero", "r the order", "r above it", "r all ones", "s just high", "s as high as it goes", "r on no point"],
)
@pytest.mark.parametrize("parity", [0, 1])
def test_what_is_out_of_range_is_nobodys(r, s, parity):
    assert signing.signer_of(DIGEST, compact(r, s, parity)) is None


def test_s_of_exactly_half_the_order_is_low():
    assert signing.signer_of(DIGEST, compact(R, HALF)) is not None


@given(st.integers(0, 511))
def test_any_flipped_bit_is_not_the_same_signer(bit):
    altered = bytearray(SIGNATURE)
    altered[bit // 8] ^= 1 << bit % 8

    assert signing.signer_of(DIGEST, bytes(altered)) != signing.address_of(KEY)


@given(st.binary(max_size=80))
def test_any_bytes_have_a_signer_or_none(signature):
    signer = signing.signer_of(DIGEST, signature)

    assert signer is None or (len(signature) == 64 and len(signer) == 42)


@pytest.mark.parametrize("key", [b"", bytes(32), ORDER.to_bytes(32, "big"), b"\xff" * 32, b"\x01" * 31, b"\x01" * 33, "01" * 32])
def test_what_is_no_key_is_refused_without_being_shown(key):
    for use in (lambda: signing.sign(RELEASE, DOMAIN, key), lambda: signing.address_of(key)):
        with pytest.raises(ValueError, match="a private key is 32 bytes") as refusal:
            use()
        assert not key or str(key) not in str(refusal.value)


@pytest.mark.parametrize("digest", [b"", bytes(31), bytes(33)])
def test_a_digest_is_32_bytes(digest):
    with pytest.raises(ValueError, match="a digest is 32 bytes"):
        signing.signer_of(digest, SIGNATURE)
    with pytest.raises(ValueError, match="a digest is 32 bytes"):
        signing.sign_digest(digest, KEY)
