"""Programme files: one canonical form, one hash, every key judged, and the rules of the field as they stand in `programmes/`."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from registry import UNLIMITED, Approval, FirstReview, Paid, subsidy_quote
from registry.policy import First, Period, Who
from registry.programme_file import ProgrammeFileInvalid, ProgrammeFileMalformed, canonical, read_programme_file

FOLDER = Path(__file__).resolve().parents[2] / "programmes"
CHANGXING_FILE = (FOLDER / "changxing-2013.toml").read_text(encoding="utf-8")
SHANGHAI, BEIJING, CHANGXING, KUNSHAN, TIANJIN, HEBEI = 310000, 110000, 330522, 320583, 120000, 130000


def read(name):
    return read_programme_file((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def subsidy(programme, cost):
    return subsidy_quote(programme.slices, base=0, cost=cost, available=UNLIMITED, denomination=1).subsidy


def test_comments_and_layout_do_not_change_the_hash_and_values_do():
    plain = "\n".join(line.partition("#")[0].rstrip() for line in CHANGXING_FILE.splitlines())
    changed = CHANGXING_FILE.replace("top_up = true", "top_up = false")

    assert canonical(plain) == canonical(CHANGXING_FILE)
    assert read_programme_file(plain) == read_programme_file(CHANGXING_FILE)
    assert read_programme_file(changed).programme.policy_hash != read_programme_file(CHANGXING_FILE).programme.policy_hash


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_every_file_makes_a_programme_and_marks_its_assumptions(path):
    text = path.read_text(encoding="utf-8")

    assert read_programme_file(text).programme.policy_hash != bytes(32)
    assert "ASSUMPTION" in text


def test_changxing_pays_60_percent_to_the_lab_everywhere():
    file = read("changxing-2013")
    programme = file.programme

    assert (programme.region, programme.payer, programme.paid_home, programme.paid_across) == (CHANGXING, CHANGXING, Paid.LAB, Paid.LAB)
    assert (programme.approval, programme.first_review, programme.flat) == (Approval.NEVER, FirstReview.HOST, True)
    assert subsidy(programme, 800_000) == 480_000
    assert subsidy(programme, 800_001) == 480_000
    assert (file.policy.grants.pre_issue, file.policy.grants.cap.amount, file.policy.grants.cap.period) == (
        1_000_000,
        10_000_000,
        Period.CALENDAR_YEAR,
    )
    assert (file.voucher.face, file.voucher.denomination, file.voucher.valid_days) == (1_000_000, 100_000, 365)


def test_kunshan_is_cleared_in_shanghai_in_full():
    programme = read("kunshan-2018").programme

    assert (programme.region, programme.payer) == (KUNSHAN, SHANGHAI)
    assert subsidy(programme, 30_000_000) == 30_000_000


def test_at_10_beijing_falls_from_90_to_30_percent_without_a_jump_and_ends_at_500_000():
    programme = read("beijing-2018").programme
    rates = [each.bps for each in programme.slices]

    assert programme.region == BEIJING
    assert (rates[0], rates[-1]) == (9_000, 3_000)
    assert rates == sorted(rates, reverse=True)
    assert subsidy(programme, 80_000_000) == subsidy(programme, 10**12) == 50_000_000
    for each in programme.slices:
        assert subsidy(programme, each.up_to + 1) - subsidy(programme, each.up_to) in (0, 1)


def test_beijing_takes_firms_and_student_teams():
    firm, team = read("beijing-2018").policy.ways

    assert (firm.who, firm.most_staff, firm.revenue_under, firm.most_capital) == (Who.FIRM, 100, 1_000_000_000, 2_000_000_000)
    assert (team.who, team.registered_here) == (Who.TEAM, False)


def test_tianjin_pays_half_to_the_firm_everywhere_and_ends_at_100_000():
    programme = read("tianjin-2019").programme

    assert (programme.region, programme.paid_home, programme.paid_across) == (TIANJIN, Paid.FIRM, Paid.FIRM)
    assert (programme.approval, programme.first_review) == (Approval.CROSS_REGION, FirstReview.HOME)
    assert [subsidy(programme, cost) for cost in (800_000, 20_000_000, 26_000_000)] == [400_000, 10_000_000, 10_000_000]


def test_hebei_pays_the_lab_at_home_and_the_firm_elsewhere_one_to_one():
    file = read("hebei-2016")
    programme = file.programme

    assert (programme.region, programme.paid_home, programme.paid_across) == (HEBEI, Paid.LAB, Paid.FIRM)
    assert (programme.approval, programme.first_review) == (Approval.CROSS_REGION, FirstReview.NONE)
    for cost in (2, 800_000, 20_000_000):
        assert subsidy(programme, cost) == cost - subsidy(programme, cost)
    assert subsidy(programme, 10**12) == 10_000_000
    assert (file.policy.grants.tranche.first, file.policy.grants.tranche.next_after_bps) == (3_000_000, 5_000)


def test_jiaxing_goes_by_item_and_the_sample_is_its_rule_under_another_region():
    jiaxing, sample = read("jiaxing").programme, read("itemised-sample").programme

    assert (jiaxing.region, jiaxing.payer, jiaxing.itemised) == (330400, 330400, True)
    assert (jiaxing.approval, jiaxing.first_review) == (Approval.NEVER, FirstReview.HOST)
    rules = [tomllib.loads((FOLDER / name).read_text(encoding="utf-8")) for name in ("jiaxing.toml", "itemised-sample.toml")]
    assert rules[0] | {name: rules[1][name] for name in ("region", "payer", "code")} == rules[1]
    assert replace(jiaxing, region=sample.region, payer=sample.payer, code=sample.code, policy_hash=sample.policy_hash) == sample


def test_a_joint_voucher_needs_three_partners_and_approval_at_home_too():
    programme = read("joint-sample").programme

    assert (programme.region, programme.min_partners, programme.approval) == (BEIJING, 3, Approval.ALWAYS)
    assert (programme.paid_home, programme.paid_across, programme.first_review) == (Paid.LAB, Paid.FIRM, FirstReview.NONE)


TRANCHE = """
[policy.grants.tranche]
first = "3000000"
first_is = "CEILING"
next_after_bps = 5000
used = "REDEEMED"

[policy.evidence]"""


def test_a_tranche_is_read():
    tranche = read_programme_file(CHANGXING_FILE.replace("\n[policy.evidence]", TRANCHE)).policy.grants.tranche

    assert (tranche.first, tranche.first_is, tranche.next_after_bps) == (3_000_000, First.CEILING, 5_000)


@pytest.mark.parametrize(
    ("old", "new", "at"),
    [
        ("bps = 6000", "bps = 60.0", "slices[0].bps"),
        ("valid_days = 365", "valid_days = 2014-01-01", "voucher.valid_days"),
        ("region = 330522", "region = ", "line 7, column 10"),
        ("region = 330522", 'region = 330522\nregion = "330522"', "line 8, column 18"),
        ("region = 330522", f"region = {'9' * 5_000}", ""),
    ],
)
def test_a_file_without_a_canonical_form_is_malformed(old, new, at):
    assert old in CHANGXING_FILE

    with pytest.raises(ProgrammeFileMalformed) as refused:
        read_programme_file(CHANGXING_FILE.replace(old, new, 1))

    assert refused.value.at == at


def test_a_date_without_quotes_is_told_so():
    with pytest.raises(ProgrammeFileMalformed, match='written in quotes: "2024-12-31"') as refused:
        read_programme_file(OPENING_FILE.replace('"2024-12-31"', "2024-12-31"))

    assert refused.value.at == "opening.cut_over"


TWO_SLICES = """[[slices]]
up_to = "100"
bps = 6000

[[slices]]
up_to = "100"
bps = 5000
"""
RISING = TWO_SLICES.replace('"100"\nbps = 5000', '"200"\nbps = 6001')
ONE_SLICE = '[[slices]]\nup_to = "unlimited"\nbps = 6000 # 60 % direct offset\n'


@pytest.mark.parametrize(
    ("old", "new", "at", "reason"),
    [
        ("bps = 6000", "bps = 10001", "slices[0].bps", "whole number up to 10000"),
        ("bps = 6000", "bps = 6000\nrate = 1", "slices[0].rate", "unknown"),
        ("hold_days = 90", "hold_days = 90\nmore = 1", "more", "unknown"),
        ("hold_days = 90", "", "hold_days", "missing"),
        ("hold_days = 90", "hold_days = true", "hold_days", "whole number"),
        ("hold_days = 90", "hold_days = 70000", "hold_days", "16 bits"),
        ('paid_home = "LAB"', 'paid_home = "KING"', "paid_home", "none of LAB, FIRM"),
        ('paid_home = "LAB"', "paid_home = []", "paid_home", "none of LAB, FIRM"),
        ('up_to = "unlimited"', 'up_to = "1.5"', "slices[0].up_to", "whole fen"),
        ('up_to = "unlimited"', "up_to = 100", "slices[0].up_to", "whole fen"),
        ('face = "1000000"', 'face = "1000001"', "voucher.face", "multiple"),
        ('face = "1000000"', 'face = "-1"', "voucher.face", "whole fen"),
        ('face = "1000000"', 'face = "１００"', "voucher.face", "whole fen"),
        ("region = 330522", "region = 33052200", "region", "24 bits"),
        (ONE_SLICE, TWO_SLICES, "slices[1].up_to", "limits of slices rise"),
        (ONE_SLICE, RISING, "slices[1].bps", "do not rise"),
        (ONE_SLICE, TWO_SLICES.replace("[[slices]]", "[[policy.slices]]"), "slices", "missing"),
        ('who = "FIRM"', 'who = "GUILD"', "policy.eligible[0].who", "none of FIRM, TEAM"),
        ("after_review = true", 'after_review = "yes"', "policy.eligible[1].after_review", "neither true nor false"),
        ("registered_here = true", 'revenue_under = "1"', "policy.eligible[0].revenue_includes_the_limit", "missing"),
        ("top_up = true", "", "policy.grants.top_up", "missing"),
        ('period = "CALENDAR_YEAR"', 'period = "LUNAR_YEAR"', "policy.grants.cap.period", "none of CALENDAR_YEAR"),
        ("[policy.evidence]", "[policy.proof]", "policy.evidence", "missing"),
        ('services = ["large instruments", "literature", "standards"]', 'services = [""]', "policy.services", "list of texts"),
    ],
)
def test_a_key_that_cannot_be_is_refused_by_its_name_with_the_reason(old, new, at, reason):
    assert old in CHANGXING_FILE

    with pytest.raises(ProgrammeFileInvalid) as refused:
        read_programme_file(CHANGXING_FILE.replace(old, new, 1))

    assert refused.value.at == at
    assert reason in refused.value.reason


# What carries an older ledger over

OPENING_FILE = (FOLDER / "changxing-opening-sample.toml").read_text(encoding="utf-8")


def test_a_file_that_carries_a_ledger_over_names_its_list_and_totals_under_its_hash():
    read_file = read_programme_file(OPENING_FILE)
    opening = read_file.opening
    other = OPENING_FILE.replace(opening.list_sha256, "0" * 64)

    assert (opening.cut_over.isoformat(), opening.totals.vouchers, opening.totals.remaining) == ("2024-12-31", 3, 1_200_000)
    assert read_programme_file(other).programme.policy_hash != read_file.programme.policy_hash
    assert read_programme_file(CHANGXING_FILE).opening is None


@pytest.mark.parametrize(
    ("old", "new", "at"),
    [
        ("2013-OPENING", "2013", "opening.scheme"),
        ("[opening]", "[closing]", "code"),
        ("min_partners = 0", "min_partners = 3", "opening.scheme"),
        ("2024-12-31", "2024-13-31", "opening.cut_over"),
        ('"2024-12-31"', "20241231", "opening.cut_over"),
        ('list_sha256 = "', 'list_sha256 = "0x', "opening.list_sha256"),
        ('face = "4000000"', 'face = "4000001"', "opening.totals.face"),
        ("vouchers = 3", 'vouchers = "3"', "opening.totals.vouchers"),
        ("vouchers = 3", "vouchers = -1", "opening.totals.vouchers"),
        ('paid = "1500000"', "", "opening.totals.paid"),
        ('paid = "1500000"', 'paid = "1500000"\nrest = "0"', "opening.totals.rest"),
        ("[opening]", '[opening]\nnote = "x"', "opening.note"),
    ],
)
def test_a_ledger_that_says_nothing_sensible_is_refused_by_key(old, new, at):
    changed = OPENING_FILE.replace(old, new, 1)
    if new == "[closing]":
        changed = changed.replace("[opening.totals]", "[closing.totals]")

    with pytest.raises(ProgrammeFileInvalid) as refused:
        read_programme_file(changed)

    assert refused.value.at == at
