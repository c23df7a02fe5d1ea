"""How often a caller may ask, and that one caller's haste is not another's."""

import pytest

from gateway.errors import Problem
from gateway.rate_limit import MOST_BUCKETS, RateLimit
from registry.chain.devnode import Engine
from scripts.demonstration.cast import SHANGHAI
from tests.gateway.conftest import settled_in


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def rate(clock):
    return RateLimit(per_second=2, burst=3, clock=clock)


def allowed(rate, name="a"):
    try:
        rate.take(name)
    except Problem:
        return False
    return True


def test_a_burst_and_then_a_steady_rate(rate, clock):
    assert [allowed(rate) for _ in range(4)] == [True, True, True, False]
    clock.now = 0.5
    assert [allowed(rate) for _ in range(2)] == [True, False]
    clock.now = 100
    assert [allowed(rate) for _ in range(4)] == [True, True, True, False]


def test_each_caller_has_his_own(rate):
    assert [allowed(rate, "a") for _ in range(4)][-1] is False

    assert allowed(rate, "b")


def test_a_refusal_says_when_there_will_be_one(clock):
    slow = RateLimit(per_second=0.1, burst=1, clock=clock)
    slow.take("a")
    clock.now = 2

    with pytest.raises(Problem) as refused:
        slow.take("a")
    assert (refused.value.status, refused.value.code) == (429, "RateLimited")
    assert refused.value.headers == {"Retry-After": "8"}
    clock.now = 10
    assert allowed(slow)


def test_buckets_that_are_full_again_are_forgotten_and_no_others(rate, clock):
    for number in range(MOST_BUCKETS - 1):
        rate.take(str(number))
    clock.now = 10
    for _ in range(3):
        rate.take("hasty")

    rate.take("new")

    assert len(rate._buckets) == 2
    assert not allowed(rate, "hasty")


def test_a_hasty_caller_is_told_and_others_are_not_held_up(request, tmp_path):
    with settled_in(Engine.ANVIL, next(request.getfixturevalue("_chain_ids")), tmp_path, rate_per_second=0.01, rate_burst=40) as town:
        hasty, other = town.desk(SHANGHAI, "auditor"), town.desk(SHANGHAI, "payer")
        headers = {"Authorization": f"Bearer {hasty.api_key}"}

        answers = [town.ask("GET", "/v1/trail?limit=1", headers=headers) for _ in range(43)]

        statuses = [each.status_code for each in answers]
        # Setting the town up has cost this caller a few.
        assert statuses == sorted(statuses)
        assert set(statuses) == {200, 429}
        assert answers[-1].json()["code"] == "RateLimited"
        assert int(answers[-1].headers["Retry-After"]) >= 1
        assert answers[-1].headers["Content-Type"] == "application/problem+json"
        assert other.get("/v1/lookups").status == 200
