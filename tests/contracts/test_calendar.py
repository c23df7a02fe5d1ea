"""The contracts' calendar and the library's are the civil one, in UTC+8."""

from calendar import timegm
from random import Random

import pytest

from registry.rules import month_of
from tests.contracts.seen import deploy

# Arithmetic alone, some ten thousand times. What depends on it, closing a month, is tested on each engine.
pytestmark = pytest.mark.any_engine

EIGHT_HOURS = 8 * 3600
YEARS = range(1970, 2401)


@pytest.fixture
def calendar(world, harness):
    return deploy(world, harness["CalendarHarness"])


def first_second(month: int) -> int:
    """When a month, counted from January of the year 0, begins in UTC+8."""
    return timegm((month // 12, month % 12 + 1, 1, 0, 0, 0)) - EIGHT_HOURS


def test_each_month_begins_with_its_first_second_and_ends_with_its_last(calendar):
    """Four centuries: every way in which leap years fall."""
    months = range(YEARS[0] * 12 + 1, YEARS[-1] * 12)
    edges = [(each // 12 * 100 + each % 12 + 1, first_second(each), first_second(each + 1) - 1) for each in months]

    assert list(calendar.monthsOf([begin for _, begin, _ in edges])) == [month for month, _, _ in edges]
    assert list(calendar.monthsOf([end for _, _, end in edges])) == [month for month, _, _ in edges]


def test_the_rules_have_the_contracts_calendar(calendar):
    chance = Random(8)
    times = [chance.randrange(250_000_000_000) for _ in range(2_000)]

    assert list(calendar.monthsOf(times)) == [month_of(each) for each in times]
