"""Two regions find that they say the same of a month."""

import pytest
from eth_abi.abi import encode

from registry.model import MotionKind
from tests.contracts.seen import account, said, unchanged
from tests.contracts.world import BEIJING, CHANGXING, HEBEI, SHANGHAI, digest, keccak, refused

MONTH = 202607
OURS, THEIRS = digest("our statement"), digest("their statement")
NOTHING = bytes(32)


@pytest.fixture
def home(world):
    return world.offices[CHANGXING].reviewer


@pytest.fixture
def host(world):
    return world.offices[SHANGHAI].second_reviewer


def closing(consortium, month=MONTH, home=CHANGXING, host=SHANGHAI):
    return tuple(consortium.closings(keccak(encode(["uint24", "uint24", "uint24"], [home, host, month]))))


def test_a_region_closes_no_month_with_itself(consortium, home):
    with refused("SameRegion", region=CHANGXING):
        consortium.closeMonth(CHANGXING, CHANGXING, MONTH, OURS, by=home)


@pytest.mark.parametrize("month", [0, 202600, 202613, 202699])
def test_a_year_has_twelve_months(consortium, home, month):
    with refused("InvalidMonth", month=month):
        consortium.closeMonth(CHANGXING, SHANGHAI, month, OURS, by=home)


def test_an_empty_statement_says_nothing(consortium, home):
    with refused("InvalidStatement"):
        consortium.closeMonth(CHANGXING, SHANGHAI, MONTH, NOTHING, by=home)


@pytest.mark.parametrize("who", ["stranger", "admin", "issuer", "payer", "directory", "reviewer elsewhere"])
def test_only_the_two_regions_reviewers_close(world, consortium, who):
    sender = account(world, who)

    with refused("NotOfEither", account=sender, home=CHANGXING, host=SHANGHAI):
        consortium.closeMonth(CHANGXING, SHANGHAI, MONTH, OURS, by=sender)


@pytest.mark.parametrize("region", [CHANGXING, BEIJING], ids=["its own reviewer", "its caretaker"])
def test_nobody_closes_for_a_suspended_region(world, consortium, region):
    world.decide(MotionKind.SUSPEND, region=CHANGXING)
    world.decide(MotionKind.NAME_CARETAKER, region=CHANGXING, account=world.offices[BEIJING].reviewer)
    sender = world.offices[region].reviewer

    with refused("NotOfEither", account=sender, home=CHANGXING, host=SHANGHAI):
        consortium.closeMonth(CHANGXING, SHANGHAI, MONTH, OURS, by=sender)


@pytest.mark.parametrize("statement", [OURS, THEIRS])
def test_a_closed_month_stays_closed(consortium, home, host, statement):
    for reviewer in (home, host):
        consortium.closeMonth(CHANGXING, SHANGHAI, MONTH, OURS, by=reviewer)

    for reviewer in (home, host):
        with refused("MonthIsClosed", home=CHANGXING, host=SHANGHAI, month=MONTH, statement=OURS):
            consortium.closeMonth(CHANGXING, SHANGHAI, MONTH, statement, by=reviewer)


@pytest.mark.parametrize("side", ["home", "host"])
def test_one_side_alone_closes_nothing(consortium, home, host, side):
    reviewer, region = (home, CHANGXING) if side == "home" else (host, SHANGHAI)

    sent = consortium.closeMonth(CHANGXING, SHANGHAI, MONTH, OURS, by=reviewer)

    assert sent.events == (said("StatementNamed", home=CHANGXING, host=SHANGHAI, month=MONTH, by=region, statement=OURS),)
    assert closing(consortium) == ((OURS, NOTHING) if side == "home" else (NOTHING, OURS))


def test_two_sides_that_differ_close_nothing_until_one_gives_in(consortium, home, host):
    consortium.closeMonth(CHANGXING, SHANGHAI, MONTH, OURS, by=home)
    sent = consortium.closeMonth(CHANGXING, SHANGHAI, MONTH, THEIRS, by=host)

    assert [event.name for event in sent.events] == ["StatementNamed"]
    assert closing(consortium) == (OURS, THEIRS)

    sent = consortium.closeMonth(CHANGXING, SHANGHAI, MONTH, THEIRS, by=home)

    assert sent.only("MonthClosed")["statement"] == THEIRS
    assert closing(consortium) == (THEIRS, THEIRS)


@pytest.mark.parametrize("month", [202601, MONTH, 202612])
@pytest.mark.parametrize("first", ["home", "host"])
def test_both_sides_close_a_month(consortium, home, host, first, month):
    early, late, region = (home, host, SHANGHAI) if first == "home" else (host, home, CHANGXING)
    consortium.closeMonth(CHANGXING, SHANGHAI, month, OURS, by=early)

    with unchanged(lambda: closing(consortium, month + 1), lambda: closing(consortium, month, CHANGXING, HEBEI)):
        sent = consortium.closeMonth(CHANGXING, SHANGHAI, month, OURS, by=late)

    assert sent.events == (
        said("StatementNamed", home=CHANGXING, host=SHANGHAI, month=month, by=region, statement=OURS),
        said("MonthClosed", home=CHANGXING, host=SHANGHAI, month=month, statement=OURS),
    )
    assert closing(consortium, month) == (OURS, OURS)


def test_the_reverse_direction_is_another_statement(consortium, home, host):
    consortium.closeMonth(CHANGXING, SHANGHAI, MONTH, OURS, by=home)

    sent = consortium.closeMonth(SHANGHAI, CHANGXING, MONTH, OURS, by=host)

    assert [event.name for event in sent.events] == ["StatementNamed"]
    assert closing(consortium) == (OURS, NOTHING)
    assert closing(consortium, MONTH, SHANGHAI, CHANGXING) == (OURS, NOTHING)
