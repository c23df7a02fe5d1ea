"""Signatures from another chain or contract, in their other form, for another record, or from the attempt before."""

from dataclasses import replace

import pytest

from registry import codec, signing
from registry.codec import Domain
from registry.model import Address, Signatures, StandIn
from tests.contracts.attacks.attacker import HALF_ORDER, ORDER_OF_CURVE, fails, signer_of
from tests.contracts.world import NO_ADDRESS, STRANGER, UNSIGNED, YUAN, Life, World, person


def other_domain(world: World, which: str) -> Domain:
    own = world.domain
    return {
        "another chain": Domain(own.chain_id + 1, own.registry),
        "chain zero": Domain(0, own.registry),
        "another contract": Domain(own.chain_id, Address(person("another registry").address)),
        "its own directory": Domain(own.chain_id, Address(world.directory.address)),
    }[which]


def begin(world: World, verb: str) -> tuple[Life, object]:
    """A life just before a verb, and the record that the parties sign for it."""
    life = Life.begin(world)
    if verb == "redeem":
        life.reserve()
    return life, life.order if verb == "reserve" else life.redemption


def send(life: Life, verb: str, signatures: Signatures) -> None:
    registry = life.world.registry
    if verb == "reserve":
        registry.reserve(life.voucher, life.order, signatures, by=STRANGER)
    else:
        registry.redeem(life.voucher, life.order, life.redemption, signatures, by=STRANGER)


def spoil(life: Life, record: object, party: str, signature: bytes) -> Signatures:
    return replace(life.world.signed(record, life.firm, life.lab), **{party: signature})


@pytest.mark.parametrize("verb", ["reserve", "redeem"])
@pytest.mark.parametrize("party", ["firm", "lab"])
@pytest.mark.parametrize("which", ["another chain", "chain zero", "another contract", "its own directory"])
def test_a_signature_for_another_chain_or_contract_is_nobodys(world: World, verb: str, party: str, which: str) -> None:
    life, record = begin(world, verb)
    signer = getattr(life, party).signer
    foreign = signing.sign(record, other_domain(world, which), bytes(signer.key))

    with fails(world, "NotSignedBy", signer=signer, got=signer_of(world, record, foreign)):
        send(life, verb, spoil(life, record, party, foreign))

    send(life, verb, world.signed(record, life.firm, life.lab))


def high_s(signature: bytes) -> bytes:
    """The other signature that the curve allows for the same record: s negated, parity turned. All but some in 2^128 fit 255 bits."""
    vs = int.from_bytes(signature[32:])
    s, parity = vs & (1 << 255) - 1, vs >> 255
    return signature[:32] + ((1 - parity) << 255 | (ORDER_OF_CURVE - s)).to_bytes(32)


@pytest.mark.parametrize("verb", ["reserve", "redeem"])
@pytest.mark.parametrize("party", ["firm", "lab"])
def test_a_signature_in_its_other_form_is_refused(world: World, verb: str, party: str) -> None:
    life, record = begin(world, verb)
    signer = getattr(life, party).signer
    signature = world.sign(record, signer)
    other = high_s(signature)

    with fails(world, "NotSignedBy", signer=signer, got=signer_of(world, record, other)):
        send(life, verb, spoil(life, record, party, other))


@pytest.mark.parametrize(
    "bad",
    [
        b"\x00" * 63 + b"\x01",
        b"\x00" * 31 + b"\x01" + b"\x00" * 32,
        ORDER_OF_CURVE.to_bytes(32) + b"\x00" * 31 + b"\x01",
        b"\x01" * 32 + HALF_ORDER.to_bytes(32)[:31] + b"\xa1",
        b"\xff" * 64,
    ],
    ids=["r is 0", "s is 0", "r is the order", "s one over half", "all ones"],
)
@pytest.mark.parametrize("party", ["firm", "lab"])
def test_a_malformed_signature_is_nobodys_and_not_the_zero_accounts(world: World, party: str, bad: bytes) -> None:
    life, record = begin(world, "reserve")

    with fails(world, "NotSignedBy", signer=getattr(life, party).signer, got=NO_ADDRESS):
        send(life, "reserve", spoil(life, record, party, bad))


def test_the_two_parties_signatures_do_not_change_places(world: World) -> None:
    life, record = begin(world, "reserve")
    right = world.signed(record, life.firm, life.lab)

    with fails(world, "NotSignedBy", signer=life.firm.signer, got=life.lab.signer):
        send(life, "reserve", Signatures(firm=right.lab, lab=right.firm))


def test_a_signature_on_an_order_redeems_nothing(world: World) -> None:
    life, record = begin(world, "redeem")
    signature = world.sign(life.order, life.firm.signer)

    with fails(world, "NotSignedBy", signer=life.firm.signer, got=signer_of(world, record, signature)):
        send(life, "redeem", spoil(life, record, "firm", signature))


@pytest.mark.parametrize(
    "change",
    [{"amount": 10_000 * YUAN}, {"nonce": 2**64 - 1}, {"valid_until": 2**40 - 1}, {"project": b"\x01" * 32}],
    ids=lambda change: next(iter(change)),
)
def test_an_order_differs_in_no_field_from_what_was_signed(world: World, change: dict) -> None:
    life, signed = begin(world, "reserve")
    signatures = world.signed(signed, life.firm, life.lab)
    life.order = replace(life.order, **change)

    with fails(world, "NotSignedBy", signer=life.firm.signer, got=signer_of(world, life.order, signatures.firm)):
        send(life, "reserve", signatures)


@pytest.mark.parametrize(
    "change",
    [{"subsidy": 4_799_00}, {"cost": 9_000_00}, {"invoice_amount": 9_000_000}, {"valid_until": 2**39}, {"result": b"\x01" * 32}],
    ids=lambda change: next(iter(change)),
)
def test_a_redemption_differs_in_no_field_from_what_was_signed(world: World, change: dict) -> None:
    life, signed = begin(world, "redeem")
    signatures = world.signed(signed, life.firm, life.lab)
    life.redemption = replace(life.redemption, **change)

    with fails(world, "NotSignedBy", signer=life.firm.signer, got=signer_of(world, life.redemption, signatures.firm)):
        send(life, "redeem", signatures)


def test_a_key_that_was_rotated_out_signs_nothing_more(world: World) -> None:
    life, record = begin(world, "redeem")
    old = world.signed(record, life.firm, life.lab)
    world.directory.rotate(life.firm.id, person("new phone"), by=life.firm.signer)

    with fails(world, "NotSignedBy", signer=person("new phone"), got=life.firm.signer):
        send(life, "redeem", old)

    send(life, "redeem", replace(old, firm=world.sign(record, person("new phone"))))


def test_a_reason_turns_no_partys_signature_into_a_reviewers(world: World) -> None:
    """A relay that adds a reason asks for a stand-in, and the other party's own signature is none."""
    life, record = begin(world, "redeem")
    signatures = replace(world.signed(record, life.firm, life.lab), reason=b"\x01" * 32)

    got = signer_of(world, StandIn(codec.id_of(record), signatures.reason), signatures.firm)
    with fails(world, "StandInNotReviewer", account=got, region=life.programme.region):
        send(life, "redeem", signatures)


def test_a_sender_who_is_neither_party_consents_for_nobody(world: World) -> None:
    life, record = begin(world, "reserve")

    with fails(world, "NotSignedBy", signer=life.firm.signer, got=STRANGER):
        send(life, "reserve", Signatures(firm=UNSIGNED, lab=world.sign(record, life.lab.signer)))
