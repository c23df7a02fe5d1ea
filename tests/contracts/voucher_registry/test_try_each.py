"""Batches of what parties signed, each item on its own."""

from dataclasses import replace

import pytest

from registry import codec
from registry.model import Approval, Fen, Release, Slice, Stage, StandIn
from tests.contracts.voucher_registry.cases import standing
from tests.contracts.world import CHANGXING, DAY, STRANGER, UNSIGNED, YUAN, Life, Refused, digest

CALL_GAS = 300_000


def to_reserve(life, **signed) -> bytes:
    signatures = replace(life.world.signed(life.order, life.firm, life.lab), **signed)
    return life.world.registry.encode("reserve", life.voucher, life.order, signatures)


def to_redeem(life, **signed) -> bytes:
    signatures = replace(life.world.signed(life.redemption, life.firm, life.lab), **signed)
    return life.world.registry.encode("redeem", life.voucher, life.order, life.redemption, signatures)


def to_release(life, **signed) -> bytes:
    consent = Release(life.order_id, 0, life.world.now() + DAY)
    signatures = replace(life.world.signed(consent, life.firm, life.lab), **signed)
    return life.world.registry.encode("release", life.voucher, life.order, consent, signatures)


@pytest.fixture
def try_each(world):
    """Send a list and read the answers."""

    def send(*items, by=STRANGER):
        answers = []
        for event in world.registry.tryEach(list(items), by=by).events:
            if event.name == "Refused":
                refusal = world.errors.read(event["reason"])
                answers.append((event["index"], refusal.name, refusal.values))
            else:
                answers.append(event.name)
        return answers

    return send


def test_an_empty_list_does_nothing(try_each):
    assert try_each() == []


# What is no item


@pytest.mark.parametrize("item", [b"", b"\x01\x02\x03", b"\xde\xad\xbe\xef", bytes(2048)], ids=["empty", "3 bytes", "unknown", "2 KB"])
def test_an_item_that_is_no_call_is_refused(life, try_each, item):
    assert try_each(item, to_reserve(life), item) == [(0, "NotBatchable", {"index": 0}), "Reserved", (2, "NotBatchable", {"index": 2})]


def test_every_other_function_is_refused(world, try_each):
    functions = world.registry.functions.values()
    others = [each["name"] for each in functions if each["name"] not in ("reserve", "redeem", "release")]
    selectors = [world.registry.selector(name) for name in others]

    answers = try_each(*(each + bytes(640) for each in selectors))

    assert len(others) > 15
    assert answers == [(index, "NotBatchable", {"index": index}) for index in range(len(others))]


def test_a_call_to_itself_is_refused(world, life, try_each):
    nested = world.registry.encode("tryEach", [to_reserve(life)])

    assert try_each(nested) == [(0, "NotBatchable", {"index": 0})]
    assert life.state().stage == Stage.NONE


def test_an_item_has_at_most_1024_bytes(life, try_each):
    long = to_reserve(life).ljust(1_024, b"\0")

    assert try_each(long + b"\0", long) == [(0, "NotBatchable", {"index": 0}), "Reserved"]


@pytest.mark.parametrize("kept", [4, 5, 36, -1])
def test_a_call_that_is_cut_short_is_refused(life, try_each, kept):
    assert try_each(to_reserve(life)[:kept], to_reserve(life)) == [(0, "Malformed", {}), "Reserved"]


# Items on their own


def test_each_item_succeeds_or_is_refused_on_its_own(life, neighbour, try_each):
    reserved, opened, early, over = neighbour, life.beside().until("open"), life.beside(), life.beside(amount=11_000 * YUAN)
    leaver = life.beside().until("open")

    answers = try_each(
        to_reserve(life),
        to_reserve(reserved),
        to_redeem(opened),
        to_redeem(early),
        b"",
        to_release(leaver),
        to_reserve(over),
        to_redeem(life),
    )

    assert answers == [
        "Reserved",
        (1, "OrderSeen", {"order": reserved.order_id, "stage": Stage.OPEN}),
        "Claimed",
        "Redeemed",
        (3, "WrongStage", {"index": 0, "order": early.order_id, "stage": Stage.NONE}),
        (4, "NotBatchable", {"index": 4}),
        "Released",
        (6, "OverAvailable", {"voucher": over.voucher_id, "available": 10_000 * YUAN, "amount": 11_000 * YUAN}),
        "Claimed",
        "Redeemed",
    ]
    assert [each.state().stage for each in (life, reserved, opened, early, leaver, over)] == [
        Stage.REDEEMED,
        Stage.OPEN,
        Stage.REDEEMED,
        Stage.NONE,
        Stage.RELEASED,
        Stage.NONE,
    ]


def test_an_error_from_another_contract_is_told_whole(world, try_each):
    life = Life.begin(world, funded=0)
    flagged = life.beside(lab=world.lab())
    world.directory.freeze(flagged.lab.id, by=flagged.host.directory)

    assert try_each(to_reserve(life), to_reserve(flagged)) == [
        (0, "PoolShort", {"index": 0, "programme": life.programme_id, "free": 0, "amount": 5_000 * YUAN}),
        (1, "LabNotActive", {"lab": flagged.lab.id, "standing": 4}),
    ]


def test_a_refused_item_leaves_nothing(world, try_each):
    """The invoice is the last thing that a redemption asks about; by then its cost was counted under the agreement."""
    life = Life.begin(world, until="open", slices=(Slice(Fen(100_000 * YUAN), 6000),))
    life.redemption = replace(life.redemption, invoice_amount=Fen(1))
    before = standing(life)

    answers = try_each(to_redeem(life))

    values = {"invoice": life.redemption.invoice, "amount": 1, "claimed": 0, "cost": 8_000 * YUAN}
    assert answers == [(0, "InvoiceExceeded", values)]
    assert standing(life) == before


def test_items_run_in_order(life, try_each):
    assert try_each(to_redeem(life), to_reserve(life), to_redeem(life)) == [
        (0, "WrongStage", {"index": 0, "order": life.order_id, "stage": Stage.NONE}),
        "Reserved",
        "Claimed",
        "Redeemed",
    ]


def test_an_order_is_reserved_once_in_a_list(life, try_each):
    assert try_each(to_reserve(life), to_reserve(life)) == [
        "Reserved",
        (1, "OrderSeen", {"order": life.order_id, "stage": Stage.OPEN}),
    ]
    assert life.balance() == (5_000 * YUAN, 5_000 * YUAN, 0, 0)


# Who sends


def test_the_sender_of_the_list_sends_each_item(life, try_each):
    other = life.beside()

    answers = try_each(to_reserve(life, lab=UNSIGNED), to_reserve(other, lab=UNSIGNED), to_redeem(life, lab=UNSIGNED), by=life.lab.signer)

    assert answers == ["Reserved", "Reserved", "Claimed", "Redeemed"]


def test_a_reviewer_releases_in_a_list(world, life, neighbour):
    life.until("open")
    world.directory.exit(life.lab.id, by=life.host.directory)
    items = [to_release(each, firm=UNSIGNED, lab=UNSIGNED) for each in (life, neighbour)]
    reviewer = life.office.reviewer

    sent = world.registry.tryEach(items, by=reviewer)

    assert [event.values for event in sent.events] == [
        {"order": each.order_id, "lapsed": False, "by": reviewer.address.lower()} for each in (life, neighbour)
    ]


def test_a_stranger_is_nobody_in_a_list_too(life, try_each):
    answers = try_each(to_reserve(life, firm=UNSIGNED))

    signer, got = (each.address.lower() for each in (life.firm.signer, STRANGER))
    assert answers == [(0, "NotSignedBy", {"signer": signer, "got": got})]


# Gas


def starve(world, items, gas):
    return world.send(STRANGER, world.registry.address, world.registry.encode("tryEach", items), gas=gas)


def test_a_list_that_starves_is_refused_whole(world, life):
    lives = [life, *(life.beside() for _ in range(2))]

    with pytest.raises(Refused) as refusal:
        starve(world, [to_reserve(each) for each in lives], gas=400_000)

    assert refusal.value.name == "TooLittleGas"
    assert refusal.value.values["index"] > 0
    assert refusal.value.values["needed"] == CALL_GAS > refusal.value.values["gas"] * 63 // 64
    assert [each.state().stage for each in lives] == [Stage.NONE] * 3


def test_whatever_the_gas_no_item_is_refused_for_want_of_it(world, life):
    lives = [life, *(life.beside() for _ in range(2))]
    items = [to_reserve(each) for each in lives]
    seen = set()

    for gas in range(330_000, 1_000_000, 23_000):
        with world.put_back():
            try:
                names = [event.name for event in starve(world, items, gas).events]
            except Refused as refusal:
                names = [refusal.name]
        seen.add(tuple(names))

    assert seen == {("TooLittleGas",), ("Reserved",) * 3}


def test_the_dearest_items_run_on_the_gas_they_are_promised(world):
    """A transaction of one item pays for being one besides, so that on this gas the item itself has less."""
    slices = tuple(Slice(Fen(upto * 1_000 * YUAN), 9_000 - 1_000 * upto) for upto in range(1, 7))
    life = Life.begin(
        world, slices=slices, itemised=True, min_partners=2, amount=10_000 * YUAN, approval=Approval.NEVER, cost=6_000 * YUAN, subsidy=1
    )
    first, second = (life.beside(), life.beside())
    item = world.item(life.lab, recognised_by=[CHANGXING])
    for each in (first, second):
        each.order = replace(each.order, item=item)
        each.redemption = replace(each.redemption, order=each.order_id)
    reason = digest("the firm is insolvent")
    stand_in = world.sign(StandIn(codec.id_of(first.redemption), reason), first.office.reviewer)
    calls = [
        to_reserve(first),
        to_reserve(second),
        to_redeem(first, firm=stand_in, reason=reason),
        to_release(second),
    ]

    gas = [world.send(STRANGER, world.registry.address, call, gas=CALL_GAS).gas for call in calls]

    assert max(gas) < CALL_GAS
