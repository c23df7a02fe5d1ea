"""How often a caller may ask, and that one caller's haste is not another's."""

import pytest

from gateway.errors import Problem
from gateway.rate_limit import MOST_BUCKETS, RateLimit
from gateway.settings import Settings
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


def test_many_at_once_take_as_many_tokens_all_or_none(clock):
    rate = RateLimit(per_second=2, burst=10, clock=clock)
    rate.take("a", 6)

    with pytest.raises(Problem) as refused:
        rate.take("a", 10)
    assert (refused.value.code, refused.value.headers) == ("RateLimited", {"Retry-After": "3"})
    rate.take("a", 4)
    assert not allowed(rate)
    clock.now = 5
    rate.take("a", 10)


LOOK_UPS = {
    "/v1/quotes": {"cost": "1"},
    "/v1/verifications": {},
    "/v1/facts": {"project": "P"},
    "/v1/orders/prepare": {"project": "P", "amount": "1"},
}


def test_look_ups_have_a_limit_of_their_own_and_many_at_once_count_each(request, tmp_path):
    chain_id = next(request.getfixturevalue("_chain_ids"))
    with settled_in(Engine.ANVIL, chain_id, tmp_path, lookups_per_second=0.01, lookups_burst=500) as town:
        firm, lab = town.firm("firm-changxing"), town.lab("lab-shanghai")
        one = {"voucher": {"region": firm.region, "firm": firm.company_code, "serial": town.serial_for(firm)}}
        desk, other = town.desk(SHANGHAI, lab.key), town.desk(SHANGHAI, "auditor")
        logged = town.desk(SHANGHAI, "auditor").get("/v1/lookups")["head"]["number"]

        def many(count):
            return desk.post("/v1/verifications/batch", {"verifications": [one] * count})

        assert many(490).status == 200
        refused = many(20)
        left = [desk.post(path, one | more).status for path, more in LOOK_UPS.items() for _ in range(3)]
        more_refused = [desk.post(path, one | more) for path, more in LOOK_UPS.items()]

        assert (refused.status, refused.code) == (429, "RateLimited")
        # Ten are missing, at one in a hundred seconds.
        assert 900 <= refused["values"]["retry_after_seconds"] <= 1_000
        assert left == [200] * 10 + [429] * 2
        assert {(each.status, each.code) for each in more_refused} == {(429, "RateLimited")}
        bare = town.ask("POST", "/v1/facts", json=one | {"project": "P"}, headers={"Authorization": f"Bearer {desk.api_key}"})
        assert 1 <= int(bare.headers["Retry-After"]) <= 100
        # Whatever is no look-up goes on, and so does everybody else.
        assert desk.get("/v1/orders").status == 200
        assert other.post("/v1/verifications/batch", {"verifications": [one] * 500}).status == 200
        # What was not looked up is not in the log.
        assert other.get("/v1/lookups")["head"]["number"] - logged == 1_000


def test_the_default_lets_a_platform_verify_500_at_once():
    fields = Settings.model_fields

    assert fields["lookups_burst"].default >= 500
    assert fields["lookups_per_second"].default < fields["rate_per_second"].default


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
