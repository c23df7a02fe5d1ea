"""The floor's arithmetic, and what `scripts/bench gas --check` lets pass and does not."""

import pytest

from tests.bench.floor import NEEDS, floor
from tests.bench.gas import BEGIN, END, HOLDS, MISSED, STEPS, VARIANTS, Table, differences, rewritten


def tables(*, gas="50,000", ratio="**1.400**", verdict=HOLDS, slots="读 read: rules"):
    return [
        Table("steps", ("", "gas", "ratio"), [("发放 issue", gas, ratio), ("冲销 reverse", "–", "–")]),
        Table("goals", ("goal", "measured", "at most", ""), [("a whole life", gas, "60,000", verdict)]),
        Table("slots", ("", "shared"), [("发放 issue", slots)]),
    ]


@pytest.fixture
def page():
    return rewritten(f"# Gas\n\n{BEGIN}\n{END}\n\nThe end, of 99,999.\n", tables())


def test_the_floor_is_the_sum_of_its_parts():
    body = bytes([0, 0, 7])
    logs = [{"topics": ["0x01", "0x02"], "data": "0x" + "00" * 64}]

    least = floor("reserve", body=body, logs=logs, items=10, firms=2)

    transaction, calldata, log = 21_000, 4 + 4 + 16, 375 + 2 * 375 + 64 * 8
    each_item, each_firm, shared, signatures = 22_100 + 5_000, 2_100, 5_000 + 6 * 2_100, 2 * 3_000
    assert least == transaction + calldata + log + 10 * each_item + 2 * each_firm + shared + 10 * signatures


def test_spare_slots_raise_no_floor():
    refused = NEEDS["refused: seen before"]
    assert refused.spare == ("balance", "rules")
    assert refused.gas(items=1, firms=1) == 2_100


def test_every_step_has_a_floor_and_a_name():
    assert set(NEEDS) == set(STEPS) | set(VARIANTS)


def test_a_page_that_was_just_written_holds(page):
    assert differences(page, tables()) == []
    assert rewritten(page, tables()) == page


@pytest.mark.parametrize("gas", ["49,020", "50,980"])
def test_a_figure_may_be_two_percent_off(page, gas):
    assert differences(page, tables(gas=gas)) == []


@pytest.mark.parametrize("gas", ["48,900", "51,100", "–", "5,000"])
def test_a_figure_that_is_further_off_is_found(page, gas):
    assert len(differences(page, tables(gas=gas))) == 2


def test_a_ratio_is_compared_whether_bold_or_not(page):
    assert differences(page, tables(ratio="1.390")) == []
    assert len(differences(page, tables(ratio="1.300"))) == 1


def test_a_goal_that_the_page_claims_must_hold(page):
    (line,) = differences(page, tables(verdict=MISSED))

    assert HOLDS in line
    assert MISSED in line


def test_a_goal_that_the_page_says_is_missed_may_hold():
    page = rewritten(f"{BEGIN}{END}", tables(verdict=MISSED))

    assert differences(page, tables(verdict=HOLDS)) == []
    assert differences(page, tables(verdict=MISSED)) == []


def test_another_slot_is_found(page):
    assert len(differences(page, tables(slots="读 read: rules, pool"))) == 1


@pytest.mark.parametrize("kept", [0, 2])
def test_a_row_too_few_or_too_many_is_found(page, kept):
    shorter, longer = tables()[:kept], [*tables(), tables()[0]]

    assert differences(page, shorter) != []
    assert differences(page, longer) != []


def test_only_what_stands_between_the_marks_is_rewritten(page):
    again = rewritten(page, tables(gas="99,999"))

    assert again.startswith("# Gas\n\n")
    assert again.endswith("The end, of 99,999.\n")
    assert differences(again, tables(gas="99,999")) == []


@pytest.mark.parametrize("page", ["", BEGIN, END, f"{END}{BEGIN}"])
def test_a_page_without_its_marks_is_no_page(page):
    with pytest.raises(ValueError, match="marks"):
        differences(page, tables())
