"""The arithmetic of the benches of speed: best rounds, ratios, goals and the page."""

import gc

import pytest

from tests.bench import index, send, sign
from tests.bench.gas import HOLDS, MISSED, Table
from tests.bench.speed import Goal, Rate, goals_table, rates_table, ratio, rewritten, take_turns

MARKS = "<!-- scripts/bench index --write: begin --><!-- scripts/bench index --write: end -->"


class Clock:
    """Each reading is told beforehand."""

    def __init__(self, *readings):
        self.readings = list(readings)

    def __call__(self):
        return self.readings.pop(0)


def rate(a_second):
    return Rate(count=a_second, seconds=1.0)


def test_a_rate_is_told_both_ways():
    measured = Rate(count=500, seconds=0.25)

    assert (measured.a_second, measured.microseconds) == (2_000, 500)


def test_a_ratio_says_how_many_times_as_fast_ours_is():
    assert ratio(rate(800), rate(100)) == 8
    assert ratio(Rate(count=10, seconds=1), Rate(count=10, seconds=10)) == 10


def test_sides_take_turns_and_their_best_rounds_count():
    ran = []
    sides = {"ours": lambda: ran.append("ours") or 10, "theirs": lambda: ran.append("theirs") or 20}

    rates = take_turns(sides, rounds=2, clock=Clock(0, 5, 5, 7, 7, 9, 9, 19))

    assert ran == ["ours", "theirs"] * 2
    assert rates == {"ours": Rate(count=10, seconds=2), "theirs": Rate(count=20, seconds=2)}


def test_a_best_round_is_the_one_with_most_a_second_and_not_the_shortest():
    counts = iter([10, 1])

    rates = take_turns({"ours": lambda: next(counts)}, rounds=2, clock=Clock(0, 2, 2, 3))

    assert rates["ours"] == Rate(count=10, seconds=2)


def test_nothing_stays_frozen_when_a_side_fails():
    before = gc.get_freeze_count()

    def fail():
        raise RuntimeError

    with pytest.raises(RuntimeError):
        take_turns({"ours": fail}, rounds=1)

    assert gc.get_freeze_count() <= before


@pytest.mark.parametrize(
    ("goal", "holds"),
    [
        (Goal(name="", value=8.0, least=8), True),
        (Goal(name="", value=7.99, least=8), False),
        (Goal(name="", value=1.2, most=1.2), True),
        (Goal(name="", value=1.21, most=1.2), False),
    ],
)
def test_a_goal_holds_from_its_bound_on(goal, holds):
    assert goal.holds is holds
    assert goal.row[-1] == (HOLDS if holds else MISSED)


def test_a_goal_is_told_with_its_bound():
    rows = goals_table([Goal(name="a", value=8.456, least=8), Goal(name="b", value=1.3, most=1.2)]).rows

    assert rows == [("a", "8.46", "≥ 8", HOLDS), ("b", "1.30", "≤ 1.2", MISSED)]


def test_both_sides_stand_in_the_table():
    table = rates_table("t", {"ours": rate(2_000), "theirs": rate(4)}, {"ours": "our side", "theirs": "their side"}, "things")

    assert table.rows == [("our side", "2,000", "2,000", "500.0"), ("their side", "4", "4", "250,000.0")]


def test_the_goals_of_the_index_are_those_of_the_issue():
    rates = {"ours": rate(40), "web3": rate(4), "web3 decoding": rate(8), "inserts": rate(100)}

    assert [(goal.value, goal.least) for goal in index.goals(rates)] == [(10, 8), (5, 8), (0.4, 0.35)]


def test_the_goals_of_sending_and_signing_are_those_of_the_issue():
    (sending,) = send.goals({"outbox": rate(33), "web3": rate(1)})
    (signing,) = sign.goals({"ours": rate(20), "bare": rate(23)})

    assert (sending.value, sending.least) == (33, 10)
    assert (signing.value, signing.most) == (1.15, 1.2)


def test_only_what_stands_between_a_command_s_marks_is_rewritten():
    page = f"# Speed {MARKS} and <!-- scripts/bench send --write: begin -->kept<!-- scripts/bench send --write: end -->"

    once = rewritten(page, "index", [Table("t", ("a",), [("1",)])], measured="today")
    twice = rewritten(once, "index", [Table("t", ("a",), [("2",)])], measured="tomorrow")

    assert "today" in once
    assert "| 1 |" in once
    assert "today" not in twice
    assert "| 2 |" in twice
    assert twice.startswith("# Speed <!--")
    assert twice.endswith("begin -->kept<!-- scripts/bench send --write: end -->")


@pytest.mark.parametrize("page", ["", "<!-- scripts/bench index --write: begin -->", "<!-- scripts/bench index --write: end -->"])
def test_a_page_without_its_marks_is_no_page(page):
    with pytest.raises(ValueError, match="marks"):
        rewritten(page, "index", [], measured="")
