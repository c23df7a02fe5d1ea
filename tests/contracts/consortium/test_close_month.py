"""Two regions find that they say the same of a month."""

from calendar import timegm

import pytest
from eth_abi.abi import encode

from registry.model import MotionKind
from tests.contracts.seen import account, good_from, said, unchanged
from tests.contracts.world import BEIJING, CHANGXING, DAY, HEBEI, SHANGHAI, digest, keccak, refused

OURS, THEIRS = digest("our statement"), digest("their statement")
NOTHING = bytes(32)


@pytest.fixture
def home(world):
    return world.offices[CHANGXING].reviewer


@pytest.fixture
def host(world):
    return world.offices[SHANGHAI].second_reviewer


def after(month, count):
    """The month so many months later."""
    months = month // 100 * 12 + month % 100 - 1 + count
    return months // 12 * 100 + months % 12 + 1


def first_second(month):
    """When a month begins in UTC+8."""
    return timegm((month // 100, month % 100, 1, 0, 0, 0)) - 8 * 3600


@pytest.fixture
def founding(consortium):
    """The consortium's first month."""
    return consortium.firstMonth()


@pytest.fixture(autouse=True)
def month(world, founding):
    """A month of which two before and two after are over too."""
    world.at(first_second(after(founding, 5)) + 10 * DAY)
    world.node.mine()
    return after(founding, 2)


def closing(consortium, month, home=CHANGXING, host=SHANGHAI):
    return tuple(consortium.closings(keccak(encode(["uint24", "uint24", "uint24"], [home, host, month]))))


def test_a_region_closes_no_month_with_itself(consortium, home, month):
    with refused("SameRegion", region=CHANGXING):
        consortium.closeMonth(CHANGXING, CHANGXING, month, OURS, by=home)


@pytest.mark.parametrize(("side", "other"), [("home", 0), ("home", 999_999), ("host", 320_000)])
def test_a_month_is_closed_with_a_member(consortium, home, month, side, other):
    pair = (CHANGXING, other) if side == "home" else (other, CHANGXING)

    with refused("UnknownRegion", region=other):
        consortium.closeMonth(*pair, month, OURS, by=home)


@pytest.mark.parametrize("no_month", [0, 202600, 202613, 202699])
def test_a_year_has_twelve_months(consortium, home, no_month):
    with refused("InvalidMonth", month=no_month):
        consortium.closeMonth(CHANGXING, SHANGHAI, no_month, OURS, by=home)


@pytest.mark.parametrize("earlier", [1, 12, 1_000])
def test_no_month_before_the_founding_is_closed(consortium, home, founding, earlier):
    month = after(founding, -earlier)

    with refused("MonthBeforeFounding", month=month, first=founding):
        consortium.closeMonth(CHANGXING, SHANGHAI, month, OURS, by=home)


@pytest.mark.parametrize("later", [0, 1, 7, 1_000])
def test_a_month_is_closed_once_it_is_over(world, consortium, home, founding, later):
    current = after(founding, 6)
    month = after(current, later)
    world.at(first_second(current))
    world.node.mine()

    def close():
        return consortium.closeMonth(CHANGXING, SHANGHAI, month, OURS, by=home)

    with refused("MonthNotOver", month=month, current=current):
        close()
    good_from(world, first_second(after(month, 1)), close)
    with refused("MonthNotOver", month=month, current=month):
        close()


def test_an_empty_statement_says_nothing(consortium, home, month):
    with refused("InvalidStatement"):
        consortium.closeMonth(CHANGXING, SHANGHAI, month, NOTHING, by=home)


@pytest.mark.parametrize("who", ["stranger", "admin", "issuer", "payer", "directory", "reviewer elsewhere"])
def test_only_the_two_regions_reviewers_close(world, consortium, who, month):
    sender = account(world, who)

    with refused("NotOfEither", account=sender, home=CHANGXING, host=SHANGHAI):
        consortium.closeMonth(CHANGXING, SHANGHAI, month, OURS, by=sender)


@pytest.mark.parametrize("region", [CHANGXING, BEIJING], ids=["its own reviewer", "its caretaker"])
def test_nobody_closes_for_a_suspended_region(world, consortium, region, month):
    world.decide(MotionKind.SUSPEND, region=CHANGXING)
    world.decide(MotionKind.NAME_CARETAKER, region=CHANGXING, account=world.offices[BEIJING].reviewer)
    sender = world.offices[region].reviewer

    with refused("NotOfEither", account=sender, home=CHANGXING, host=SHANGHAI):
        consortium.closeMonth(CHANGXING, SHANGHAI, month, OURS, by=sender)


@pytest.mark.parametrize("statement", [OURS, THEIRS])
def test_a_closed_month_stays_closed(consortium, home, host, statement, month):
    for reviewer in (home, host):
        consortium.closeMonth(CHANGXING, SHANGHAI, month, OURS, by=reviewer)

    for reviewer in (home, host):
        with refused("MonthIsClosed", home=CHANGXING, host=SHANGHAI, month=month, statement=OURS):
            consortium.closeMonth(CHANGXING, SHANGHAI, month, statement, by=reviewer)


@pytest.mark.parametrize("side", ["home", "host"])
def test_one_side_alone_closes_nothing(consortium, home, host, side, month):
    reviewer, region = (home, CHANGXING) if side == "home" else (host, SHANGHAI)

    sent = consortium.closeMonth(CHANGXING, SHANGHAI, month, OURS, by=reviewer)

    assert sent.events == (said("StatementNamed", home=CHANGXING, host=SHANGHAI, month=month, by=region, statement=OURS),)
    assert closing(consortium, month) == ((OURS, NOTHING) if side == "home" else (NOTHING, OURS))


def test_two_sides_that_differ_close_nothing_until_one_gives_in(consortium, home, host, month):
    consortium.closeMonth(CHANGXING, SHANGHAI, month, OURS, by=home)
    sent = consortium.closeMonth(CHANGXING, SHANGHAI, month, THEIRS, by=host)

    assert [event.name for event in sent.events] == ["StatementNamed"]
    assert closing(consortium, month) == (OURS, THEIRS)

    sent = consortium.closeMonth(CHANGXING, SHANGHAI, month, THEIRS, by=home)

    assert sent.only("MonthClosed")["statement"] == THEIRS
    assert closing(consortium, month) == (THEIRS, THEIRS)


@pytest.mark.parametrize("later", [-2, 0, 2], ids=["the first month", "a month between", "the last month"])
@pytest.mark.parametrize("first", ["home", "host"])
def test_both_sides_close_a_month(world, consortium, first, month, later):
    month = after(month, later)
    ends = [CHANGXING, SHANGHAI] if first == "home" else [SHANGHAI, CHANGXING]
    (early, late), region = (world.offices[each].reviewer for each in ends), ends[1]
    consortium.closeMonth(CHANGXING, SHANGHAI, month, OURS, by=early)

    with unchanged(lambda: closing(consortium, after(month, 1)), lambda: closing(consortium, month, CHANGXING, HEBEI)):
        sent = consortium.closeMonth(CHANGXING, SHANGHAI, month, OURS, by=late)

    assert sent.events == (
        said("StatementNamed", home=CHANGXING, host=SHANGHAI, month=month, by=region, statement=OURS),
        said("MonthClosed", home=CHANGXING, host=SHANGHAI, month=month, statement=OURS),
    )
    assert closing(consortium, month) == (OURS, OURS)


def test_the_reverse_direction_is_another_statement(consortium, home, host, month):
    consortium.closeMonth(CHANGXING, SHANGHAI, month, OURS, by=home)

    sent = consortium.closeMonth(SHANGHAI, CHANGXING, month, OURS, by=host)

    assert [event.name for event in sent.events] == ["StatementNamed"]
    assert closing(consortium, month) == (OURS, NOTHING)
    assert closing(consortium, month, SHANGHAI, CHANGXING) == (OURS, NOTHING)


def test_a_suspended_region_names_its_statement_later(world, consortium, home, host, month):
    world.decide(MotionKind.SUSPEND, region=SHANGHAI)
    consortium.closeMonth(CHANGXING, SHANGHAI, month, OURS, by=home)
    world.decide(MotionKind.REINSTATE, region=SHANGHAI)

    consortium.closeMonth(CHANGXING, SHANGHAI, month, OURS, by=host).only("MonthClosed")
