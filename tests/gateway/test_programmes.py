"""Programme files: one canonical form, one hash, and the rules of the field as they stand in `programmes/`."""

from pathlib import Path

import pytest

from gateway.errors import Problem
from gateway.programme_file import canonical, programme_of
from registry import UNLIMITED, Approval, FirstReview, Paid, subsidy_quote
from scripts.demonstration.cast import BEIJING, CHANGXING, KUNSHAN, SHANGHAI

FOLDER = Path(__file__).resolve().parents[2] / "programmes"
CHANGXING_FILE = (FOLDER / "changxing-2013.toml").read_text(encoding="utf-8")


def subsidy(programme, cost):
    return subsidy_quote(programme.slices, base=0, cost=cost, available=UNLIMITED, denomination=1).subsidy


def test_comments_and_layout_do_not_change_the_hash_and_values_do():
    plain = "\n".join(line.partition("#")[0].rstrip() for line in CHANGXING_FILE.splitlines())

    assert canonical(plain) == canonical(CHANGXING_FILE)
    assert programme_of(plain) == programme_of(CHANGXING_FILE)
    assert programme_of(CHANGXING_FILE.replace("top_up = true", "top_up = false")).policy_hash != programme_of(CHANGXING_FILE).policy_hash


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_every_file_makes_a_programme_and_marks_its_assumptions(path):
    text = path.read_text(encoding="utf-8")

    assert programme_of(text).policy_hash != bytes(32)
    assert "ASSUMPTION" in text


def test_changxing_pays_60_percent_to_the_lab_everywhere():
    programme = programme_of(CHANGXING_FILE)

    assert (programme.region, programme.payer, programme.paid_home, programme.paid_across) == (CHANGXING, CHANGXING, Paid.LAB, Paid.LAB)
    assert (programme.approval, programme.first_review, programme.flat) == (Approval.NEVER, FirstReview.HOST, True)
    assert subsidy(programme, 800_000) == 480_000
    assert subsidy(programme, 800_001) == 480_000


def test_kunshan_is_cleared_in_shanghai_in_full():
    programme = programme_of((FOLDER / "kunshan-2018.toml").read_text(encoding="utf-8"))

    assert (programme.region, programme.payer) == (KUNSHAN, SHANGHAI)
    assert subsidy(programme, 30_000_000) == 30_000_000


def test_beijing_falls_from_90_to_30_percent_without_a_jump_and_ends_at_500_000():
    programme = programme_of((FOLDER / "beijing-2018.toml").read_text(encoding="utf-8"))
    rates = [each.bps for each in programme.slices]

    assert programme.region == BEIJING
    assert (rates[0], rates[-1]) == (9_000, 3_000)
    assert rates == sorted(rates, reverse=True)
    assert subsidy(programme, 80_000_000) == subsidy(programme, 10**12) == 50_000_000
    for each in programme.slices:
        assert subsidy(programme, each.up_to + 1) - subsidy(programme, each.up_to) in (0, 1)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("bps = 6000", "bps = 60.0", "ProgrammeFileMalformed"),
        ("valid_days = 365", "valid_days = 2014-01-01", "ProgrammeFileMalformed"),
        ("region = 330522", "region = ", "ProgrammeFileMalformed"),
        ("bps = 6000", "bps = 10001", "ProgrammeFileInvalid"),
        ("hold_days = 90", "hold_days = 90\nmore = 1", "ProgrammeFileInvalid"),
        ("hold_days = 90", "", "ProgrammeFileInvalid"),
        ("hold_days = 90", "hold_days = true", "ProgrammeFileInvalid"),
        ('paid_home = "LAB"', 'paid_home = "KING"', "ProgrammeFileInvalid"),
        ('up_to = "unlimited"', 'up_to = "1.5"', "ProgrammeFileInvalid"),
        ("region = 330522", "region = 33052200", "ProgrammeFileInvalid"),
    ],
)
def test_a_file_that_is_not_whole_is_refused(old, new, code):
    assert old in CHANGXING_FILE

    with pytest.raises(Problem) as refused:
        programme_of(CHANGXING_FILE.replace(old, new))

    assert refused.value.code == code


def test_a_programme_is_opened_once_and_by_its_own_region(town):
    assert town.desk(CHANGXING, "issuer").post("/v1/programmes", {"file": CHANGXING_FILE}).code == "ProgrammeExists"
    assert town.desk(BEIJING, "issuer").post("/v1/programmes", {"file": CHANGXING_FILE}).code == "NotIssuer"


def test_a_bank_reference_is_used_once(town):
    reference = f"B-{town.number()}"
    assert town.fund(CHANGXING, "100", reference).status == 200

    assert (town.fund(CHANGXING, "200", reference).status, town.fund(CHANGXING, "200", reference).code) == (409, "BankReferenceUsed")
    assert town.fund(CHANGXING, "200", f" {reference.lower()} ").code == "BankReferenceUsed"
    assert town.fund(CHANGXING, "0", f"B-{town.number()}").code == "AmountZero"
    assert town.fund(CHANGXING, "100", " - ").code == "CodeRefused"


def test_a_pool_is_seen_by_both_offices_and_auditors(town):
    path = f"/v1/programmes/{town.programmes[KUNSHAN]}"

    assert [town.desk(region, "payer").get(path).status for region in (KUNSHAN, SHANGHAI, BEIJING)] == [200, 200, 404]
    assert town.desk(BEIJING, "auditor").get(path)["policy_hash"].startswith("0x")
    assert town.desk(SHANGHAI, "lab-shanghai").get(path).code == "NotFound"
