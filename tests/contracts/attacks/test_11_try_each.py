"""A batch of which one item is made to kill, starve or nest, so that good items fall with it or read as refused."""

from contextlib import suppress

import pytest

from registry.model import Fen, FirstReview, Slice
from tests.contracts.attacks.attacker import NOBODY, storage_roots, unmoved, with_word
from tests.contracts.world import STRANGER, YUAN, Life, Refused, Sent, World, digest, refused

SIX = tuple(Slice(Fen((n + 1) * 1_000 * YUAN), 9000 - n * 1000) for n in range(6))


def reservation(life: Life) -> bytes:
    return life.world.registry.encode("reserve", life.voucher, life.order, life.world.signed(life.order, life.firm, life.lab))


def redemption(life: Life) -> bytes:
    signatures = life.world.signed(life.redemption, life.firm, life.lab)
    return life.world.registry.encode("redeem", life.voucher, life.order, life.redemption, signatures)


MALFORMED = {
    "empty": lambda _: b"",
    "three bytes": lambda life: reservation(life)[:3],
    "a selector alone": lambda life: reservation(life)[:4],
    "cut short by a byte": lambda life: reservation(life)[:-1],
    "cut in the voucher": lambda life: reservation(life)[:100],
    "all ones": lambda life: reservation(life)[:4] + b"\xff" * 700,
    "a date above 2^40": lambda life: with_word(reservation(life), 3, 2**40),
    "another voucher": lambda life: with_word(reservation(life), 5, 1),
    "a signature of ones": lambda life: with_word(reservation(life), 14, 2**256 - 1),
}

# The registry's own reason for those that are well formed to the compiler's eye.
REASONS = {
    "empty": "NotBatchable",
    "three bytes": "NotBatchable",
    "a date above 2^40": "VoucherMismatch",
    "another voucher": "VoucherMismatch",
    "a signature of ones": "NotSignedBy",
}

NOT_BATCHABLE = {
    "unknown selector": lambda _: b"\xde\xad\xbe\xef" + bytes(64),
    "too long": lambda life: reservation(life) + bytes(1_025 - len(reservation(life))),
    "nested": lambda life: life.world.registry.encode("tryEach", [reservation(life)]),
    "accept": lambda life: life.world.registry.encode("accept", [life.claim]),
    "settle": lambda life: life.world.registry.encode("settle", [life.claim], digest("payment")),
    "issue": lambda life: life.world.registry.encode("issue", life.world.terms(life.programme), []),
    "a view": lambda life: life.world.registry.encode("orders", life.order_id),
}


@pytest.mark.parametrize("item", MALFORMED)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_malformed_item_is_refused_alone_wherever_it_stands(world: World, item: str, place: int) -> None:
    good, bad = [Life.begin(world) for _ in range(2)], Life.begin(world)
    calls = [reservation(life) for life in good]
    calls.insert(place, MALFORMED[item](bad))

    sent = world.registry.tryEach(calls, by=STRANGER)

    refusal = sent.only("Refused")
    assert (refusal["index"], world.errors.read(refusal["reason"]).name) == (place, REASONS.get(item, "Malformed"))
    assert [life.state().stage for life in (*good, bad)] == [2, 2, 0]
    assert [life.balance() for life in (*good, bad)] == [(5_000 * YUAN, 5_000 * YUAN, 0, 0)] * 2 + [(10_000 * YUAN, 0, 0, 0)]


@pytest.mark.parametrize("item", NOT_BATCHABLE)
def test_what_is_no_partys_word_is_not_batched(world: World, item: str) -> None:
    good, bad = Life.begin(world), Life.begin(world)

    sent = world.registry.tryEach([NOT_BATCHABLE[item](bad), reservation(good)], by=STRANGER)

    reason = sent.only("Refused")
    error = world.errors.read(reason["reason"])
    assert (reason["index"], error.name, error.values) == (0, "NotBatchable", {"index": 0})
    assert (good.state().stage, bad.state().stage) == (2, 0)


def test_no_reviewers_verb_is_smuggled_in_by_its_own_reviewer(world: World) -> None:
    life = Life.begin(world, until="redeemed")

    with unmoved(world):
        sent = world.registry.tryEach([world.registry.encode("accept", [life.claim])], by=life.office.second_reviewer)

    assert world.errors.read(sent.only("Refused")["reason"]).name == "NotBatchable"


def test_the_same_item_twice_counts_once(world: World) -> None:
    life = Life.begin(world)

    sent = world.registry.tryEach([reservation(life)] * 3, by=STRANGER)

    assert [event.name for event in sent.events] == ["Reserved", "Refused", "Refused"]
    for event in sent.events[1:]:
        error = world.errors.read(event["reason"])
        assert (error.name, error.values) == ("OrderSeen", {"order": life.order_id, "stage": 2})
    assert life.balance() == (5_000 * YUAN, 5_000 * YUAN, 0, 0)


def test_an_unsigned_item_binds_the_sender_alone(world: World) -> None:
    life = Life.begin(world)
    unsigned = world.registry.encode("reserve", life.voucher, life.order, NOBODY)

    sent = world.registry.tryEach([unsigned], by=life.firm.signer)

    assert (life.state().stage, life.balance(), life.pool()[1]) == (0, (10_000 * YUAN, 0, 0, 0), 0)
    error = world.errors.read(sent.only("Refused")["reason"])
    missing, got = (each.signer.address.lower() for each in (life.lab, life.firm))
    assert (error.name, error.values) == ("NotSignedBy", {"signer": missing, "got": got})


def test_items_build_on_each_other_in_their_order(world: World) -> None:
    life = Life.begin(world)

    sent = world.registry.tryEach([redemption(life), reservation(life), redemption(life)], by=STRANGER)

    assert [event.name for event in sent.events] == ["Refused", "Reserved", "Claimed", "Redeemed"]


def test_however_little_gas_there_is_no_good_item_reads_as_refused(world: World) -> None:
    """The dearest items that there are: joint vouchers under six slices, then their redemptions, everything touched for the first time."""
    first = Life.begin(world, slices=SIX, min_partners=2, itemised=False, amount=10_000 * YUAN, subsidy=1_000 * YUAN)
    partner = Life(world, first.programme, world.firm(), first.lab, None, None, None)
    partner.voucher = world.voucher(first.programme, partner.firm)
    partner.order = world.order(partner.voucher, first.lab)
    partner.redemption = world.redemption(partner.order, 8_000 * YUAN, 1_000 * YUAN)
    calls = [reservation(first), reservation(partner), redemption(first), redemption(partner)]
    body = world.registry.encode("tryEach", calls)

    outcomes = set()
    for gas in [*range(130_000, 900_000, 31_000), 1_500_000]:
        with world.put_back():
            sent, moved = outcome(world, body, gas)
            names = [event.name for event in sent.events] if sent else []
            assert "Refused" not in names
            assert moved == (sent is not None)
            assert [life.state().stage for life in (first, partner)] == ([3, 3] if sent else [0, 0])
            outcomes.add("done" if sent else "reverted")
    assert outcomes == {"reverted", "done"}


def outcome(world: World, body: bytes, gas: int) -> tuple[Sent | None, bool]:
    """What a batch with so much gas came to, None if it failed as a whole, and whether anything moved."""
    before, sent = storage_roots(world), None
    with suppress(Refused):
        sent = world.send(STRANGER, world.registry.address, body, gas=gas)
    return sent, storage_roots(world) != before


@pytest.mark.parametrize("count", [1, 3])
def test_with_less_than_an_item_may_need_the_batch_says_so(world: World, count: int) -> None:
    lives = [Life.begin(world) for _ in range(count)]
    body = world.registry.encode("tryEach", [reservation(life) for life in lives])

    with unmoved(world), pytest.raises(Refused) as caught:
        world.send(STRANGER, world.registry.address, body, gas=310_000)

    assert caught.value.name == "TooLittleGas"
    assert (caught.value.values["index"], caught.value.values["needed"]) == (0, 300_000)


def test_no_single_item_comes_near_the_gas_set_aside_for_it(world: World) -> None:
    life = Life.begin(world, slices=SIX, subsidy=3_000 * YUAN, first_review=FirstReview.HOST)

    used = [life.reserve().gas, life.redeem().gas]

    assert max(used) < 250_000


def test_a_hundred_items_with_every_third_spoilt(world: World) -> None:
    life = Life.begin(world, voucher={"denomination": Fen(1)}, amount=100)
    calls = []
    for place in range(100):
        order = world.order(life.voucher, life.lab, 100)
        signatures = world.signed(order, life.firm, life.lab)
        body = world.registry.encode("reserve", life.voucher, order, signatures)
        calls.append(body if place % 3 else body[:-32] + b"\x01" * 31)

    sent = world.send(STRANGER, world.registry.address, world.registry.encode("tryEach", calls), gas=20_000_000)

    assert [event["index"] for event in sent.events if event.name == "Refused"] == list(range(0, 100, 3))
    assert life.balance() == (10_000 * YUAN - 6_600, 6_600, 0, 0)


def test_an_item_whose_place_lies_outside_the_calldata_stops_only_its_own_sender(world: World) -> None:
    life = Life.begin(world)
    body = world.registry.encode("tryEach", [reservation(life)])

    with unmoved(world), refused("Malformed"):
        world.send(STRANGER, world.registry.address, with_word(body, 2, 2**64), gas=5_000_000)
