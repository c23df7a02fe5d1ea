"""A region's policy: the edges of the papers' rules, both settings where the papers are silent, and what no sequence of grants can do."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.model import CHINA, Fen, Time
from registry.policy import (
    Applicant,
    Cap,
    Decision,
    Evidence,
    Finding,
    First,
    Granted,
    Grants,
    Period,
    Policy,
    Tranche,
    Used,
    Verdict,
    Way,
    Who,
    begin_of,
    decide_eligibility,
    decide_grant,
)
from registry.programme_file import read_programme_file

FOLDER = Path(__file__).resolve().parents[2] / "programmes"
YUAN = 100
CODE = "CODE"


def policy_of(name: str) -> Policy:
    return read_programme_file((FOLDER / f"{name}.toml").read_text(encoding="utf-8")).policy


def at(text: str) -> Time:
    return Time(int(datetime.fromisoformat(text).replace(tzinfo=CHINA).timestamp()))


def yuan(amount: float) -> Fen:
    return Fen(round(amount * YUAN))


NOW = at("2018-07-01")
BEIJING = policy_of("beijing-2018")
CHANGXING = policy_of("changxing-2013")
SMALL = Applicant(who=Who.FIRM, registered_here=True, staff=100, revenue=yuan(9_999_999.99), capital=yuan(20_000_000))


def outcome(policy, applicant, now=NOW):
    return decide_eligibility(policy, applicant, now=now).verdict


# AT-09: Beijing's edges


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, Verdict.HOLDS),
        ({"staff": 101}, Verdict.FAILS),
        ({"capital": yuan(20_000_000.01)}, Verdict.FAILS),
        ({"revenue": yuan(10_000_000.01)}, Verdict.FAILS),
        ({"registered_here": False}, Verdict.FAILS),
        ({"who": Who.TEAM}, Verdict.MISSING),
        ({"who": Who.TEAM, "marks": {}}, Verdict.FAILS),
        ({"who": Who.TEAM, "marks": {"开展实际研发的大学生团队": None}}, Verdict.HOLDS),
    ],
)
def test_at_09_beijing_eligibility_edges(changed, expected):
    assert outcome(BEIJING, replace(SMALL, **changed)) is expected


@pytest.mark.parametrize(("included", "expected"), [(True, Verdict.HOLDS), (False, Verdict.FAILS)])
def test_at_09_whether_the_limit_of_revenue_is_in_is_a_parameter(included, expected):
    firm, team = BEIJING.ways
    policy = replace(BEIJING, ways=(replace(firm, revenue_includes_the_limit=included), team))

    assert outcome(policy, replace(SMALL, revenue=yuan(10_000_000))) is expected


@pytest.mark.parametrize("fact", ["registered_here", "staff", "revenue", "capital"])
def test_a_fact_that_nobody_stated_refuses_nobody_and_grants_nothing(fact):
    decision = decide_eligibility(BEIJING, replace(SMALL, **{fact: None}), now=NOW)

    assert decision.verdict is Verdict.MISSING
    assert [(each.fact, each.verdict) for each in decision.against] == [(None, Verdict.MISSING)]
    assert "未提供" in decision.against[0].zh
    assert "not stated" in decision.against[0].en


def test_a_fact_that_fails_outweighs_one_that_is_missing():
    assert outcome(BEIJING, replace(SMALL, staff=101, capital=None)) is Verdict.FAILS


# AT-20: a non-tech above-scale firm


@pytest.mark.parametrize(("reviewed", "expected"), [(None, Verdict.MISSING), (False, Verdict.FAILS), (True, Verdict.HOLDS)])
def test_at_20_a_non_tech_above_scale_firm_needs_a_review(reviewed, expected):
    firm = Applicant(who=Who.FIRM, registered_here=True, marks={"规模以上非科技型企业": None}, reviewed=reviewed)

    assert outcome(CHANGXING, firm) is expected


def test_what_is_only_missing_is_told_before_what_fails():
    firm = Applicant(who=Who.FIRM, registered_here=True, marks={"规模以上非科技型企业": None})

    assert [each.rule for each in decide_eligibility(CHANGXING, firm, now=NOW).against] == ["after_review"]


def test_at_20_a_sci_tech_firm_needs_none():
    assert outcome(CHANGXING, Applicant(who=Who.FIRM, registered_here=True, marks={"科技型企业": None})) is Verdict.HOLDS


def test_a_certificate_is_good_to_its_last_second():
    firm = Applicant(who=Who.FIRM, registered_here=True, marks={"科技型企业": NOW})

    assert outcome(CHANGXING, firm, NOW) is Verdict.HOLDS
    assert outcome(CHANGXING, firm, Time(NOW + 1)) is Verdict.FAILS


def test_the_shortest_list_of_reasons_is_told():
    firm = Applicant(who=Who.FIRM, registered_here=False, marks={"规模以上非科技型企业": None}, reviewed=True)

    assert [each.rule for each in decide_eligibility(CHANGXING, firm, now=NOW).against] == ["registered_here"]


def test_without_a_way_everybody_passes_that_a_region_enrols():
    assert outcome(replace(CHANGXING, ways=()), Applicant(who=Who.TEAM)) is Verdict.HOLDS


# AT-03: Changxing's cap


def granted(*faces: Fen, when: Time = NOW, code: str = CODE) -> list[Granted]:
    return [Granted(at=when, code=code, face=face) for face in faces]


def test_at_03_top_ups_to_100_000_pass_and_the_next_note_is_refused():
    earlier = granted(yuan(10_000))
    for _ in range(9):
        assert decide_grant(CHANGXING, CODE, earlier, amount=yuan(10_000), now=NOW).holds
        earlier += granted(yuan(10_000))

    refused = decide_grant(CHANGXING, CODE, earlier, amount=yuan(1_000), now=NOW)

    assert [(each.rule, each.fact) for each in refused.against] == [("cap", "10000000")]
    assert "101,000.00" in refused.against[0].zh
    assert "101,000.00" in refused.against[0].en


def test_pre_issue_is_the_same_for_all():
    assert decide_grant(CHANGXING, CODE, [], amount=yuan(10_000), now=NOW).holds
    assert [each.rule for each in decide_grant(CHANGXING, CODE, [], amount=yuan(11_000), now=NOW).against] == ["pre_issue"]


@pytest.mark.parametrize(
    ("period", "next_second"),
    [(Period.CALENDAR_YEAR, at("2019-01-01")), (Period.TWELVE_MONTHS, at("2019-07-01")), (Period.EVER, None)],
)
def test_a_cap_counts_a_calendar_year_twelve_months_or_for_ever(period, next_second):
    grants = replace(CHANGXING.grants, cap=Cap(amount=yuan(100_000), period=period))
    policy, earlier = replace(CHANGXING, grants=grants), granted(yuan(100_000), when=at("2018-06-30 23:59:59"))

    assert not decide_grant(policy, CODE, earlier, amount=yuan(1_000), now=NOW).holds
    if next_second is None:
        assert not decide_grant(policy, CODE, earlier, amount=yuan(1_000), now=at("2099-01-01")).holds
    else:
        assert not decide_grant(policy, CODE, earlier, amount=yuan(1_000), now=Time(next_second - 86_401)).holds
        assert decide_grant(policy, CODE, earlier, amount=yuan(1_000), now=next_second).holds


def test_years_begin_in_china():
    assert begin_of(Period.CALENDAR_YEAR, Time(int(datetime(2018, 12, 31, 16, tzinfo=UTC).timestamp()))) == at("2019-01-01")
    assert begin_of(Period.CALENDAR_YEAR, Time(int(datetime(2018, 12, 31, 15, 59, 59, tzinfo=UTC).timestamp()))) == at("2018-01-01")


@given(st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001 - naive on purpose: China's days
def test_twelve_months_hold_every_date_once(moment):
    now = at(moment.isoformat(timespec="seconds"))
    begin = begin_of(Period.TWELVE_MONTHS, now)

    days = (datetime.fromtimestamp(now, CHINA).date() - datetime.fromtimestamp(begin, CHINA).date()) + timedelta(days=1)
    assert days.days in (365, 366)
    assert begin <= now


def test_a_changed_policy_does_not_begin_the_count_anew_where_it_says_so():
    cap = Cap(amount=yuan(100_000), period=Period.CALENDAR_YEAR, also_counts=("OLD",))
    policy = replace(CHANGXING, grants=replace(CHANGXING.grants, cap=cap))
    old = granted(yuan(95_000), code="OLD")

    assert not decide_grant(policy, CODE, old, amount=yuan(10_000), now=NOW).holds
    assert decide_grant(CHANGXING, CODE, old, amount=yuan(10_000), now=NOW).holds


# AT-07: Hebei's tranche


def hebei(**changed) -> Policy:
    tranche = Tranche(first=yuan(30_000), first_is=First.CEILING, next_after_bps=5_000, used=Used.REDEEMED)
    grants = Grants(
        on_application=True, top_up=True, cap=Cap(amount=yuan(100_000), period=Period.EVER), tranche=replace(tranche, **changed)
    )
    return Policy(services=(), ways=(), grants=grants, evidence=Evidence(required=()))


def first_of(used: Fen, kind: str = "redeemed") -> list[Granted]:
    come = {"reserved": Fen(0), "redeemed": Fen(0), "settled": Fen(0)}
    for name in ("reserved", "redeemed", "settled"):
        come[name] = used
        if name == kind:
            break
    return [Granted(at=NOW, code=CODE, face=yuan(30_000), **come)]


def test_at_07_the_second_grant_needs_more_than_half_of_the_first():
    assert not decide_grant(hebei(), CODE, first_of(yuan(15_000)), amount=yuan(30_000), now=NOW).holds
    assert decide_grant(hebei(), CODE, first_of(yuan(15_000.01)), amount=yuan(30_000), now=NOW).holds


def test_at_07_the_total_is_never_over_100_000():
    used = first_of(yuan(30_000))

    assert decide_grant(hebei(), CODE, used, amount=yuan(70_000), now=NOW).holds
    assert [each.rule for each in decide_grant(hebei(), CODE, used, amount=yuan(70_000.01), now=NOW).against] == ["cap"]


@pytest.mark.parametrize(("first_is", "less"), [(First.CEILING, True), (First.FIXED, False)])
def test_at_07_whether_the_first_30_000_is_fixed_or_a_ceiling_is_a_parameter(first_is, less):
    assert decide_grant(hebei(first_is=first_is), CODE, [], amount=yuan(30_000), now=NOW).holds
    assert decide_grant(hebei(first_is=first_is), CODE, [], amount=yuan(29_999), now=NOW).holds is less
    assert not decide_grant(hebei(first_is=first_is), CODE, [], amount=yuan(30_001), now=NOW).holds


@pytest.mark.parametrize("used", Used)
@pytest.mark.parametrize("come", Used)
def test_at_07_half_of_what_is_a_parameter(used, come):
    order = list(Used)
    earlier = first_of(yuan(15_000.01), come.lower())

    assert decide_grant(hebei(used=used), CODE, earlier, amount=yuan(1_000), now=NOW).holds is (order.index(come) >= order.index(used))


# What nobody reaches, whatever is asked for in whatever order


@given(
    st.lists(st.tuples(st.integers(1, 60_000_00), st.integers(0, 500 * 86_400)), max_size=30),
    st.sampled_from([Period.CALENDAR_YEAR, Period.TWELVE_MONTHS, Period.EVER]),
)
def test_no_sequence_of_grants_is_over_a_cap(asked, period):
    cap = Cap(amount=yuan(100_000), period=period)
    policy = replace(CHANGXING, grants=Grants(on_application=True, top_up=True, cap=cap))
    earlier: list[Granted] = []
    now = NOW
    for amount, later in asked:
        now = Time(now + later)
        if decide_grant(policy, CODE, earlier, amount=Fen(amount), now=now).holds:
            earlier += granted(Fen(amount), when=now)
        assert sum(each.face for each in earlier if each.at >= begin_of(period, now)) <= cap.amount


@given(st.integers(1, 10_000_000), st.lists(st.integers(1, 10_000_000), max_size=5))
def test_splitting_a_grant_gains_nothing(amount, before):
    policy = replace(CHANGXING, grants=Grants(on_application=True, top_up=True, cap=CHANGXING.grants.cap))
    earlier = granted(*map(Fen, before))
    half = Fen(amount // 2)

    in_two = decide_grant(policy, CODE, earlier, amount=half, now=NOW).holds and (
        decide_grant(policy, CODE, [*earlier, *granted(half)], amount=Fen(amount - half), now=NOW).holds
    )

    assert in_two == decide_grant(policy, CODE, earlier, amount=Fen(amount), now=NOW).holds


APPLICANTS = st.builds(
    Applicant,
    who=st.sampled_from(Who),
    registered_here=st.none() | st.booleans(),
    staff=st.none() | st.integers(99, 102),
    revenue=st.none() | st.sampled_from([yuan(9_999_999.99), yuan(10_000_000), yuan(10_000_000.01)]),
    capital=st.none() | st.sampled_from([yuan(20_000_000), yuan(20_000_000.01)]),
    marks=st.none() | st.sampled_from([{}, {"开展实际研发的大学生团队": None}, {"科技型企业": NOW}, {"科技型企业": Time(NOW - 1)}]),
    reviewed=st.none() | st.booleans(),
)


@given(APPLICANTS, st.sampled_from([BEIJING, CHANGXING]))
def test_stating_a_missing_fact_never_turns_a_yes_or_a_no(applicant, policy):
    decided = outcome(policy, applicant)
    facts = {"registered_here": True, "staff": 1, "revenue": Fen(0), "capital": Fen(0), "marks": {}, "reviewed": True}
    for name, value in facts.items():
        if getattr(applicant, name) is None and decided is not Verdict.MISSING:
            assert outcome(policy, replace(applicant, **{name: value})) is decided


@given(APPLICANTS, st.sampled_from([BEIJING, CHANGXING]))
def test_every_decision_tells_each_rule_in_two_languages(applicant, policy):
    decision = decide_eligibility(policy, applicant, now=NOW)

    assert len(decision.ways) == len(policy.ways)
    told = [each for way in decision.ways for each in way]
    assert all(each.zh[0] > "\u2e80" for each in told)
    assert all(max(each.en) < "\u2e80" for each in told if each.rule != "marks"), "a mark has the name that its region gave it"
    assert decision.holds == (decision.against == ())


def test_one_good_way_is_enough():
    def finding(result):
        return Finding(rule="r", fact="", verdict=result, zh="", en="")

    decision = Decision(ways=((finding(Verdict.FAILS),), (finding(Verdict.HOLDS),)))

    assert decision.holds
    assert Way(who=Who.FIRM) == Way(who=Who.FIRM, marks=())
