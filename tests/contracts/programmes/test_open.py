"""An issuer fixes a programme for ever."""

from dataclasses import fields

import pytest

from registry import codec
from registry.model import UNLIMITED, Approval, FirstReview, MotionKind, Paid, Slice
from tests.contracts.seen import account, said, unchanged
from tests.contracts.world import CHANGXING, HEBEI, SHANGHAI, refused


def altered(record, **changes):
    """A record that the model would not let through, field by field."""
    return tuple(changes.get(each.name, getattr(record, each.name)) for each in fields(record))


def succeed(world, registry):
    """Retire a registry and authorise one that succeeds it."""
    successor, programmes = world.deploy_registry(registry.address)
    world.decide(MotionKind.RETIRE_REGISTRY, account=registry.address)
    world.decide(MotionKind.AUTHORISE_REGISTRY, account=successor.address)
    return successor, programmes


@pytest.mark.parametrize("who", ["stranger", "admin", "reviewer", "payer", "directory", "issuer elsewhere"])
def test_only_the_regions_issuer_opens(world, programmes, who):
    sender = account(world, who)

    with refused("NotIssuer", account=sender, region=CHANGXING):
        programmes.open(world.programme_record(), by=sender)


def test_a_suspended_region_opens_nothing(world, programmes, office):
    world.decide(MotionKind.SUSPEND, region=CHANGXING)

    with refused("NotIssuer", account=office.issuer, region=CHANGXING):
        programmes.open(world.programme_record(), by=office.issuer)


def test_a_retired_registry_opens_nothing(world, programmes, office):
    world.decide(MotionKind.RETIRE_REGISTRY, account=world.registry.address)

    with refused("RegistryRetired"):
        programmes.open(world.programme_record(), by=office.issuer)


def test_a_registry_that_nobody_authorised_opens_nothing(world, office):
    _, programmes = world.deploy_registry(world.registry.address)

    with refused("RegistryRetired"):
        programmes.open(world.programme_record(), by=office.issuer)


def test_a_programme_is_opened_once(world, programmes, office):
    record = world.programme()

    with refused("ProgrammeExists", programme=codec.id_of(record)):
        programmes.open(record, by=office.issuer)


@pytest.mark.parametrize("generations", [1, 2])
def test_a_successor_refuses_what_an_earlier_registry_knows(world, office, generations):
    record, registry = world.programme(), world.registry
    for _ in range(generations):
        registry, programmes = succeed(world, registry)

    with refused("ProgrammeKnownToPredecessor", programme=codec.id_of(record)):
        programmes.open(record, by=office.issuer)
    programmes.open(world.programme_record(), by=office.issuer)


def test_a_programme_has_a_code(world, programmes, office):
    with refused("InvalidCode"):
        programmes.open(altered(world.programme_record(), code=""), by=office.issuer)


def test_an_order_is_held_for_a_day_or_more(world, programmes, office):
    with refused("InvalidHoldDays"):
        programmes.open(world.programme_record(hold_days=0), by=office.issuer)


def test_a_payer_is_a_member(world, programmes, office):
    with refused("UnknownRegion", region=320000):
        programmes.open(world.programme_record(payer=320000), by=office.issuer)


def test_a_payer_is_not_suspended(world, programmes, office):
    world.decide(MotionKind.SUSPEND, region=HEBEI)

    with refused("Suspended", region=HEBEI):
        programmes.open(world.programme_record(payer=HEBEI), by=office.issuer)


@pytest.mark.parametrize("count", [0, 7])
def test_a_rule_has_one_to_six_slices(world, programmes, office, count):
    slices = tuple(Slice(1_000 * (step + 1), 5_000) for step in range(count))

    with refused("InvalidSliceCount", count=count):
        programmes.open(world.programme_record(slices=slices), by=office.issuer)


@pytest.mark.parametrize(
    ("limits", "bad"), [([0], 0), ([1_000, 1_000], 1), ([1_000, 999], 1), ([1, 2, 3, 4, 5, 5], 5), ([UNLIMITED, UNLIMITED], 1)]
)
def test_limits_rise(world, programmes, office, limits, bad):
    slices = tuple(Slice(limit, 5_000) for limit in limits)

    with refused("SliceLimitNotRising", slice=bad, upTo=limits[bad]):
        programmes.open(world.programme_record(slices=slices), by=office.issuer)


@pytest.mark.parametrize(("rates", "bad"), [([10_001], 0), ([5_000, 5_001], 1), ([0, 1], 1), ([6, 5, 4, 3, 2, 3], 5)])
def test_rates_never_rise(world, programmes, office, rates, bad):
    slices = tuple(Slice(1_000 * (step + 1), rate) for step, rate in enumerate(rates))

    with refused("SliceRateRising", slice=bad, bps=rates[bad]):
        programmes.open(world.programme_record(slices=slices), by=office.issuer)


@pytest.mark.parametrize("choice", ["paid_home", "paid_across", "approval", "first_review"])
def test_a_choice_beyond_the_last_is_malformed(world, programmes, office, choice):
    with refused("Malformed"):
        programmes.open(altered(world.programme_record(), **{choice: 3}), by=office.issuer)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"payer": 0},
        {"payer": SHANGHAI, "paid_home": Paid.FIRM},
        {"paid_across": Paid.FIRM, "approval": Approval.CROSS_REGION, "first_review": FirstReview.HOME},
        {"approval": Approval.ALWAYS, "first_review": FirstReview.HOST, "itemised": True},
        {"min_partners": 255, "hold_days": 65_535},
        {"hold_days": 1, "slices": (Slice(1, 10_000),)},
        {"slices": tuple(Slice(100_000 * (step + 1), rate) for step, rate in enumerate((9_000, 7_000, 7_000, 5_000, 3_000, 0)))},
    ],
)
def test_a_programme_is_opened(world, programmes, office, changes):
    record, before = world.programme_record(**changes), codec.id_of(world.programme())
    programme = codec.id_of(record)
    neighbours = (lambda: programmes.rules(before), lambda: programmes.slicesOf(before), lambda: programmes.pools(before))

    with unchanged(*neighbours, lambda: programmes.pools(programme)):
        sent = programmes.open(record, by=office.issuer)

    assert sent.events == (said("ProgrammeOpened", programme=programme, record=record),)
    assert programmes.slicesOf(programme) == tuple((each.up_to, each.bps) for each in record.slices)
    assert programmes.rules(programme) == (
        CHANGXING,
        record.payer,
        record.paid_home,
        record.paid_across,
        record.approval,
        record.first_review,
        record.itemised,
        record.min_partners,
        record.hold_days,
        record.flat,
        record.slices[0].bps,
    )


@pytest.mark.parametrize(
    ("slices", "flat"),
    [
        ((Slice(UNLIMITED, 6_000),), True),
        ((Slice(UNLIMITED - 1, 6_000),), False),
        ((Slice(1_000, 6_000), Slice(UNLIMITED, 6_000)), False),
    ],
)
def test_one_unlimited_rate_is_flat(world, programmes, office, slices, flat):
    record = world.programme_record(slices=slices)

    programmes.open(record, by=office.issuer)

    assert programmes.rules(codec.id_of(record))[-2:] == (flat, 6_000)
