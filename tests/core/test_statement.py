"""A month's statement is what the chain says of it, the same for whoever works it out."""

import hashlib
import json

import pytest
from hypothesis import given, settings

from registry.canonical import canonical_json
from registry.codec import id_of
from registry.model import Region, Stage
from registry.rules import Ledger, apply, month_of
from registry.statement import StatementMalformed, Sum, differing, following_month, netting, seconds_of_month, statement_of
from tests.core.month_scene import ACTS, CHAIN_ID, PAYERS, PLAYS, Pair, played
from tests.rules.scene import BEIJING, CHANGXING, SHANGHAI, YUAN

DECEMBER, JANUARY, FEBRUARY = 201312, 201401, 201402
PAIR = {CHANGXING: SHANGHAI, SHANGHAI: CHANGXING}


def until(scene, month):
    """Let the chain's clock come to a month's first second."""
    scene.chain.wait(seconds_of_month(month)[0] - scene.chain.now)


def told(statement):
    return [(line.event, line.amount, line.stage.name) for line in statement.lines]


@pytest.fixture
def scene():
    return Pair()


def test_a_settled_order_is_told_step_by_step_with_its_sums(scene):
    order = scene.settled()

    statement = scene.statement(DECEMBER)

    assert told(statement) == [
        ("Reserved", 500_000, "OPEN"),
        ("Redeemed", 480_000, "REDEEMED"),
        ("Accepted", 480_000, "ACCEPTED"),
        ("Settled", 480_000, "SETTLED"),
    ]
    assert {line.order for line in statement.lines} == {id_of(order)}
    assert statement.events["Settled"] == Sum(1, 480_000)
    assert statement.stages == {Stage.SETTLED: Sum(1, 480_000)}
    (payer,) = statement.payers
    assert (payer.payer, payer.settled, payer.paid, payer.owed) == (CHANGXING, 480_000, 480_000, 0)


def test_what_takes_money_back_is_negative(scene):
    sent_back, given_up, recovered = scene.redeemed(), scene.reserved(), scene.settled()
    scene.send_back(CHANGXING, sent_back)
    scene.give_up(CHANGXING, given_up)
    scene.reverse(CHANGXING, recovered, 100_000)
    scene.refund(CHANGXING, recovered)

    statement = scene.statement(DECEMBER)

    amounts = {line.event: line.amount for line in statement.lines if line.amount < 0}
    assert amounts == {"Rejected": -480_000, "Released": -500_000, "Reversed": -100_000, "Refunded": -100_000}
    (payer,) = statement.payers
    assert (payer.settled, payer.reversed, payer.refunded, payer.paid) == (480_000, -100_000, -100_000, 380_000)
    assert statement.stages == {Stage.OPEN: Sum(1, 500_000), Stage.RELEASED: Sum(1, 0), Stage.REFUNDED: Sum(1, 380_000)}


def test_what_is_released_after_acceptance_is_what_was_still_held(scene):
    """An order of six notes, of which five were asked for: the sixth went back to the voucher when it was accepted."""
    order = scene.accepted(order=scene.reserved(amount=6_000 * YUAN))
    scene.send_back(CHANGXING, order)
    scene.give_up(CHANGXING, order)

    assert told(scene.statement(DECEMBER))[-1] == ("Released", -500_000, "RELEASED")


def test_an_event_belongs_to_the_month_in_which_it_happened(scene):
    order = scene.settled()
    until(scene, JANUARY)
    before = scene.statement(DECEMBER).canonical()
    scene.reverse(CHANGXING, order, 480_000)

    assert told(scene.statement(JANUARY)) == [("Reversed", -480_000, "REVERSED")]
    assert scene.statement(DECEMBER).canonical() == before
    assert scene.statement(JANUARY).stages == {Stage.REVERSED: Sum(1, 480_000)}
    assert scene.statement(FEBRUARY).lines == ()


def test_a_month_begins_and_ends_at_midnight_in_beijing(scene):
    last = seconds_of_month(DECEMBER)[1]
    scene.chain.wait(last - scene.chain.now)
    scene.reserved()
    scene.chain.wait(1)
    scene.reserved()

    assert [len(scene.statement(month).lines) for month in (DECEMBER, JANUARY)] == [1, 1]
    assert (month_of(last), month_of(last + 1)) == (DECEMBER, JANUARY)


def test_the_home_region_owes_what_the_host_paid_for_it():
    scene = Pair(payer={CHANGXING: Region(0), SHANGHAI: Region(0)})
    scene.settled(CHANGXING)
    recovered = scene.settled(SHANGHAI, subsidy=1_000 * YUAN)
    scene.reverse(SHANGHAI, recovered, 40_000)
    scene.refund(SHANGHAI, recovered)
    home, back = scene.statement(DECEMBER), scene.statement(DECEMBER, SHANGHAI)

    found = netting(home, back)

    assert [(each.payer, each.owed) for each in home.payers] == [(SHANGHAI, 480_000)]
    assert [(each.payer, each.owed) for each in back.payers] == [(CHANGXING, 60_000)]
    assert (found.first, found.second, found.first_owes, found.second_owes) == (SHANGHAI, CHANGXING, 60_000, 480_000)
    assert (found.debtor, found.creditor, found.amount) == (CHANGXING, SHANGHAI, 420_000)
    assert netting(back, home) == found


def test_a_prefunded_payer_is_owed_nothing():
    scene = Pair(payer={CHANGXING: SHANGHAI})
    scene.settled()

    found = netting(scene.statement(DECEMBER), scene.statement(DECEMBER, SHANGHAI))

    assert (found.amount, found.debtor, found.creditor) == (0, None, None)
    with pytest.raises(ValueError, match="two directions"):
        netting(scene.statement(DECEMBER), scene.statement(DECEMBER))


def test_the_hash_is_that_of_the_canonical_bytes(scene):
    scene.settled()
    statement = scene.statement(DECEMBER)

    assert statement.hash == hashlib.sha256(statement.canonical()).digest()
    document = json.loads(statement.canonical())
    assert document == statement.document()
    assert (document["from"], document["until"]) == (1_385_827_200, 1_388_505_599)
    assert all(isinstance(line["amount"], str) for line in document["lines"])


def test_every_direction_month_and_chain_has_a_hash_of_its_own(scene):
    other_chain = statement_of(scene.ledger, scene.chain.log, chain_id=1, home=CHANGXING, host=SHANGHAI, month=DECEMBER)
    empty = [scene.statement(DECEMBER), scene.statement(JANUARY), scene.statement(DECEMBER, SHANGHAI), other_chain]

    assert len({each.hash for each in empty}) == 4


def test_other_regions_are_not_told_of(scene):
    scene.settled()
    log = scene.chain.log

    statement = statement_of(scene.ledger, log, chain_id=CHAIN_ID, home=CHANGXING, host=BEIJING, month=DECEMBER)

    assert (statement.lines, statement.payers) == ((), ())


@pytest.mark.parametrize("month", [201300, 201313, 0])
def test_what_is_no_month_is_refused(scene, month):
    with pytest.raises(ValueError, match="month"):
        scene.statement(month)


# Comparing with another's


def test_a_row_that_is_missing_on_one_side_is_told_by_order(scene):
    """AT-19."""
    order, _ = scene.settled(), scene.settled()
    ours, theirs = (scene.statement(DECEMBER).document() for _ in range(2))
    theirs["lines"] = [each for each in theirs["lines"] if (each["order_id"], each["event"]) != ("0x" + id_of(order).hex(), "Settled")]

    (found,) = differing(ours, json.dumps(theirs).encode())

    assert (found.order, len(found.ours), found.theirs) == ("0x" + id_of(order).hex(), 1, ())
    assert found.ours[0]["event"] == "Settled"
    assert differing(ours, canonical_json(ours)) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"month": 201401}, "month"),
        ({"home": 110000}, "home"),
        ({"chain_id": 1}, "chain_id"),
        ({"format": "another"}, "format"),
        ({"lines": [{}]}, "order"),
        ({"lines": None}, "lines"),
        ({"payers": []}, "sums"),
    ],
)
def test_what_is_no_statement_of_this_month_is_refused(scene, change, reason):
    scene.settled()
    ours = scene.statement(DECEMBER).document()

    with pytest.raises(StatementMalformed, match=reason):
        differing(ours, json.dumps(ours | change).encode())
    with pytest.raises(StatementMalformed, match="JSON"):
        differing(ours, b"{")
    with pytest.raises(StatementMalformed, match="JSON"):
        differing(ours, json.dumps(ours | {"registry": "\ud800"}).encode())


# Whatever happens


def months_of(scene):
    month, found = DECEMBER, []
    while month <= month_of(scene.chain.now):
        found.append(month)
        month = following_month(month)
    return found


@pytest.mark.parametrize("event", ["Rejected", "Released", "Reversed", "Refunded"])
def test_the_plays_below_come_to_what_takes_money_back(event):
    """Of `ACTS` that the rules refuse nothing comes; that the rest is reached is no matter of luck."""
    way = {"Rejected": "reject", "Released": "release", "Reversed": "reverse", "Refunded": "refund"}
    acts = ["reserve"] if event == "Released" else ["reserve", "redeem"] if event == "Rejected" else ACTS[:4]
    acts = [*acts, *(["reverse"] if event == "Refunded" else []), way[event]]

    scene = played([(act, SHANGHAI, 0, 1) for act in acts], {})

    assert scene.statement(DECEMBER, SHANGHAI).lines[-1].event == event


@settings(max_examples=60, deadline=None)
@given(PLAYS, PAYERS)
def test_statements_add_up_to_what_the_ledger_holds(acts, payers):
    """The sums of all months are the pools' and the orders' own; every event of an order that moves anything is in one month, once."""
    scene = played(acts, payers)
    months = months_of(scene)
    statements = {home: [scene.statement(month, home) for month in months] for home in PAIR}

    for home, of in statements.items():
        paid = sum(each.paid for statement in of for each in statement.payers)
        assert paid == scene.ledger.pools[scene.programmes[home]].paid
        mine = {id_of(order) for region, order in scene.orders if region == home}
        assert sum(each.count for each in of[-1].stages.values()) == len(mine)
        for stage, total in of[-1].stages.items():
            assert total.count == len([each for each in mine if scene.ledger.orders[each].stage == stage])
        held = sum(scene.ledger.orders[each].amount for each in mine if scene.ledger.orders[each].stage == Stage.OPEN)
        assert of[-1].stages.get(Stage.OPEN, Sum(0, 0)).total == held
        for statement in of:
            assert sum(each.total for each in statement.events.values()) == sum(line.amount for line in statement.lines)
    positions = [line.position for of in statements.values() for statement in of for line in statement.lines]
    assert len(set(positions)) == len(positions)


@settings(max_examples=60, deadline=None)
@given(PLAYS, PAYERS)
def test_netting_is_what_each_direction_owes_the_other(acts, payers):
    scene = played(acts, payers)

    for month in months_of(scene):
        home, back = scene.statement(month), scene.statement(month, SHANGHAI)
        found = netting(home, back)

        owed = {statement.home: sum(each.owed for each in statement.payers) for statement in (home, back)}
        assert found.amount == abs(owed[CHANGXING] - owed[SHANGHAI])
        assert (found.debtor is None) == (owed[CHANGXING] == owed[SHANGHAI])
        if found.debtor is not None:
            assert owed[found.debtor] > owed[PAIR[found.debtor]] == owed[found.creditor]
        for statement, payer in ((home, payers[CHANGXING]), (back, payers[SHANGHAI])):
            assert payer == 0 or owed[statement.home] == 0


@settings(max_examples=40, deadline=None)
@given(PLAYS, PAYERS)
def test_replaying_the_log_gives_the_same_bytes_and_what_comes_later_changes_no_earlier_month(acts, payers):
    scene = played(acts, payers)
    months = months_of(scene)
    replayed = Ledger(registry=scene.ledger.registry)
    for logged in scene.chain.log:
        apply(replayed, logged.event, logged.time)
    bytes_of = {
        (home, month): statement_of(replayed, scene.chain.log, chain_id=CHAIN_ID, home=home, host=PAIR[home], month=month).canonical()
        for home in PAIR
        for month in months
    }

    assert bytes_of == {(home, month): scene.statement(month, home).canonical() for home in PAIR for month in months}
    until(scene, following_month(months[-1]))
    for home in PAIR:
        scene.settled(home)
    assert bytes_of == {(home, month): scene.statement(month, home).canonical() for home in PAIR for month in months}
