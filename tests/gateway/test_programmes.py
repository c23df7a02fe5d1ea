"""Programmes over HTTP: opened once from a file that is kept and handed out, funded, and seen by whom they concern."""

import pytest

from gateway.examples import PROGRAMME_TEXT
from gateway.programme_files import ProgrammeFiles
from registry import read_programme_file
from scripts.demonstration.cast import BEIJING, CHANGXING, KUNSHAN, SHANGHAI


@pytest.mark.parametrize(
    ("old", "new", "code", "at"),
    [
        ("bps = 6000", "bps = 60.0", "ProgrammeFileMalformed", "slices[0].bps"),
        ("hold_days = 90", "hold_days = 90\nmore = 1", "ProgrammeFileInvalid", "more"),
        ("top_up = true", 'top_up = "yes"', "ProgrammeFileInvalid", "policy.grants.top_up"),
    ],
)
def test_a_file_that_is_not_whole_opens_nothing_and_is_told_where(town, old, new, code, at):
    opened = len(town.desk(CHANGXING, "auditor").get("/v1/programmes")["programmes"])

    answer = town.desk(CHANGXING, "issuer").post("/v1/programmes", {"file": PROGRAMME_TEXT.replace(old, new)})

    assert (answer.status, answer.code, answer["values"]["at"]) == (422, code, at)
    assert len(town.desk(CHANGXING, "auditor").get("/v1/programmes")["programmes"]) == opened


def opened(town, *, code: str, **changed: str) -> tuple[str, str]:
    """A programme of Changxing's own just opened, and its file."""
    text = PROGRAMME_TEXT.replace("CX-EXAMPLE", code)
    for old, new in changed.items():
        text = text.replace(old, new)
    return town.desk(CHANGXING, "issuer").post("/v1/programmes", {"file": text})["programme_id"], text


def test_the_file_is_given_to_whoever_may_see_the_programme(town):
    programme, text = opened(town, code=f"CX-FILE-{town.number()}")
    path = f"/v1/programmes/{programme}/file"

    seen = town.desk(CHANGXING, "auditor").get(path)

    assert seen["file"] == text
    assert seen["policy_hash"] == town.desk(CHANGXING, "auditor").get(f"/v1/programmes/{programme}")["policy_hash"]
    assert town.desk(BEIJING, "issuer").get(path).code == "NotFound"
    assert town.desk(BEIJING, "auditor").get(path).code == "ProgrammeFileMissing", "it is kept where it was opened"


def issuable(town, programme: str) -> str | None:
    """Why a list cannot even be checked, if so."""
    firm = town.firm("firm-changxing")
    rows = [{"firm": firm.company_code, "serial": f"P-{town.number()}"}]
    terms = {"face": "1000000", "denomination": "100000", "use_by": town.now + 86_400, "claim_by": town.now + 86_400}
    return town.desk(CHANGXING, "issuer").post("/v1/vouchers/rows/check", {"programme": programme, "recipients": rows} | terms).code


def test_nothing_is_issued_under_a_file_that_was_lost_or_changed_until_the_very_one_is_handed_in(town):
    programme, text = opened(town, code=f"CX-LOST-{town.number()}")
    files = (town.world.folder(CHANGXING) / "state" / "programmes").iterdir()
    (kept,) = [path for path in files if path.read_text(encoding="utf-8") == text]
    path, at_issuer = f"/v1/programmes/{programme}/file", town.desk(CHANGXING, "issuer")

    kept.write_text(text.replace("10000000", "99999999"), encoding="utf-8")
    assert issuable(town, programme) == "ProgrammeFileDiffers"
    kept.unlink()
    assert issuable(town, programme) == "ProgrammeFileMissing"
    assert at_issuer.post(path, {"file": text.replace("10000000", "99999999")}).code == "ProgrammeFileDiffers"
    assert issuable(town, programme) == "ProgrammeFileMissing"

    assert at_issuer.post(path, {"file": text}).status == 200
    assert issuable(town, programme) is None


def test_another_file_of_the_same_hash_does_not_take_the_first_one_s_words(town):
    """Comments are not covered by the hash: nobody puts others in an open programme's file."""
    programme, text = opened(town, code=f"CX-WORDS-{town.number()}")
    path, at_issuer = f"/v1/programmes/{programme}/file", town.desk(CHANGXING, "issuer")
    other = "# 本券不设上限。\n" + text

    handed_in = at_issuer.post(path, {"file": other})
    opened_again = at_issuer.post("/v1/programmes", {"file": other})

    assert (handed_in.status, handed_in["file"]) == (200, text)
    assert opened_again.code == "ProgrammeExists"
    assert at_issuer.get(path)["file"] == text


def test_the_first_file_of_an_open_programme_is_kept_as_long_as_it_is_whole(tmp_path):
    kept, file = ProgrammeFiles(tmp_path / "programmes"), read_programme_file(PROGRAMME_TEXT)
    draft, published, later = (f"# {word}\n{PROGRAMME_TEXT}" for word in ("draft", "published", "later"))

    assert [kept.keep(text, file, opened=False) for text in (draft, published)] == [draft, published]
    assert kept.keep(later, file, opened=True) == published == kept.text(file.programme)

    (path,) = (tmp_path / "programmes").iterdir()
    path.write_text("damaged", encoding="utf-8")
    assert kept.keep(later, file, opened=True) == later == kept.text(file.programme)


def test_a_programme_is_opened_once_and_by_its_own_region(town):
    assert town.desk(CHANGXING, "issuer").post("/v1/programmes", {"file": town.programme_text("changxing-2013")}).code == "ProgrammeExists"
    assert town.desk(BEIJING, "issuer").post("/v1/programmes", {"file": town.programme_text("changxing-2013")}).code == "NotIssuer"


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
