"""The table of checks, and how a report stands beside it, without a node."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace

import pytest
from typer.testing import CliRunner

from registry import KeyAccount, Node, events
from registry.chain.artifacts import load
from registry.cli.app import make_app
from registry.conformance.cast import PARTNER, codes_of, programmes_of
from registry.conformance.checks import CHECKS
from registry.conformance.page import page
from registry.conformance.refusals import RehearsalRefused, ReportRefused
from registry.conformance.rehearsal import Rehearsal
from registry.conformance.report import EventNamed, Outcome, Result, SignedReport, document_of, domain_of, to_sign
from registry.conformance.run import table_hash
from registry.conformance.table import NotDue
from registry.events import Contract
from registry.programme_file import read_programme_file
from registry.tags import company_code
from tests.cli.conftest import Desk
from tests.conformance.conftest import admin_of

IN_ANOTHER = {
    "commit": "reserve, approve",
    "uncommit": "release, decline, accept, settle, reject",
    "pay": "settle",
    "payBack": "refunded",
    "count": "redeem, under a rule with slices",
    "uncount": "reject, likewise",
}
"""What only the registry may ask of Programmes: nobody can rehearse it but in the verbs in which the registry asks it."""
QUESTIONS = {"verify", "quote", "status", "audit"}
ADMIN = KeyAccount(bytes([9]) * 32)
KNOWN = {"one": (), "two": ()}


def verbs_of(contract):
    functions = [each for each in load(contract).abi if each["type"] == "function"]
    return {each["name"] for each in functions if each["stateMutability"] not in ("view", "pure")}


def test_every_verb_of_every_contract_is_rehearsed():
    """By the interfaces as they are built: a verb that is added to a contract has to be rehearsed, or told here why it cannot be."""
    verbs = {verb for contract in Contract for verb in verbs_of(contract)}

    assert {each.verb for each in CHECKS.values()} - QUESTIONS == verbs - IN_ANOTHER.keys()


def test_every_event_is_caused():
    caused = {event for each in CHECKS.values() for event in each.events}

    known = {kind.__name__ for kind in vars(events).values() if isinstance(kind, type) and hasattr(kind, "contract")}
    known = {name for name in known if not name.startswith("_")} - {"Event", "Logged"}
    assert caused == known


def test_checks_are_told_chinese_first():
    for check_id, each in CHECKS.items():
        assert re.fullmatch(r"[a-zA-Z]+\.[a-z-]+", check_id), check_id
        assert each.zh[0] > "\u2e80" or each.zh.startswith("API"), check_id
        assert each.en.isascii(), check_id


def test_test_parties_have_valid_codes_and_programmes():
    codes = codes_of(PARTNER)
    assert [company_code(each) for each in codes.companies.values()] == list(codes.companies.values())
    assert len(set(codes_of(650_999).companies.values())) == len(codes.companies)
    assert all(read_programme_file(text) for text in programmes_of(650_999).values())


def result(check_id, *, ok=True, got="x", due=None):
    answer = None if due else {"answer": got, "events": []}
    expected = None if due else {"answer": "x", "events": []}
    return Result(check_id, "open", "开设", "Open", [], expected, answer, ok, due, [])


def signed(*results):
    contracts = {"registry": {"address": "0x" + "00" * 19 + "01", "code_sha256": "00" * 32}}
    block = {"number": 1, "hash": "0x" + "00" * 32, "time": 1_800_000_000}
    chain = {"chain_id": 7, "genesis_hash": "0x" + "00" * 32, "block": 1, "contracts": contracts, "first": block, "last": block}
    head = {"region": 650_999, "signer": ADMIN.address.lower(), "software": {"version": "0", "checks": "00"}, "remembered": {}}
    document = document_of(head | {"gateway": {"url": "http://127.0.0.1:8000", "interface_sha256": None}, "chain": chain}, results)
    return SignedReport(document, ADMIN.sign(to_sign(document), domain_of(document)))


def test_a_report_reads_back_as_it_was_signed():
    report = SignedReport.read(signed(result("one"), result("two")).content())

    assert report.require_signed() == ADMIN.address
    reading = report.reading(KNOWN)
    assert (reading.clean, reading.outcome, reading.whole_from) == (True, Outcome.CONFORMS, None)
    assert "符合 conforms" in page(report, KNOWN)


@pytest.mark.parametrize(
    ("results", "what"),
    [
        ([result("one")], {"missing": ["two"]}),
        ([result("one"), result("two"), result("three")], {"unknown": ["three"]}),
        ([result("one"), result("two", ok=False, got="y")], {"failed": ["two"]}),
        ([result("one"), result("two", ok=True, got="y")], {"failed": ["two"]}),
        ([result("one"), result("two", ok=False)], {"failed": ["two"]}),
        ([result("one"), result("one"), result("two")], {"failed": ["one"]}),
        ([result("one"), result("two", ok=None, due=1_900_000_000)], {"not_due": {"two": 1_900_000_000}}),
    ],
    ids=["missing", "unknown", "failed", "said to be ok", "said to be not ok", "twice", "not due"],
)
def test_a_report_that_is_not_clean_says_why(results, what):
    reading = signed(*results).reading(KNOWN)

    assert not reading.clean
    assert {name: getattr(reading, name) for name in what} == what


def test_a_page_marks_as_failed_what_did_not_come_out_whatever_the_report_says_of_it():
    told = page(signed(result("one"), result("two", ok=True, got="y")), KNOWN)

    assert "✗ 不符 failed  two" in told
    assert "实得 got      " in told
    assert "✓ 通过 passed  one" in told


def run(command, *files):
    return CliRunner().invoke(make_app(), ["conformance", *command, *map(str, files)], env={"TONGQUAN_CONFIG": None})


def test_no_page_is_made_of_a_report_that_somebody_else_signed(tmp_path):
    report, written = tmp_path / "report.json", tmp_path / "page.txt"
    forged = SignedReport(signed(result("one"), result("two")).document, KeyAccount(bytes([8]) * 32).sign_digest(bytes(32)))
    report.write_bytes(forged.content())

    done = run(["page"], report, written)

    assert done.exit_code == 1
    assert "ReportRefused" in done.output + str(done.stderr)
    assert not written.exists()


@pytest.mark.parametrize(
    ("checks", "signer", "outcome"),
    [(table_hash(), ADMIN.address, "CONFORMS"), ("00", ADMIN.address, "INCOMPLETE"), (table_hash(), "0x" + "11" * 20, "DOES_NOT_CONFORM")],
    ids=["as it has to be", "other checks", "another signer"],
)
def test_of_what_does_not_verify_nobody_reads_that_it_conforms(tmp_path, monkeypatch, checks, signer, outcome):
    monkeypatch.setattr("registry.conformance.checks.KNOWN", KNOWN)
    document = signed(result("one"), result("two")).document | {"software": {"version": "0", "checks": checks}}
    (tmp_path / "report.json").write_bytes(SignedReport(document, ADMIN.sign(to_sign(document), domain_of(document))).content())

    done = run(["verify", "--json", "--signer", signer], tmp_path / "report.json")

    told = json.loads(done.stdout)
    assert (told["outcome"], told["clean"], done.exit_code) == (outcome, outcome == "CONFORMS", 0 if outcome == "CONFORMS" else 5)


def test_what_is_not_due_is_incomplete_and_what_failed_does_not_conform():
    late, later = result("one", ok=None, due=1_900_000_000), result("two", ok=None, due=1_900_000_001)

    waiting, failed = (signed(*results).reading(KNOWN) for results in ([late, later], [result("one", ok=False, got="y"), later]))

    assert (waiting.outcome, waiting.whole_from) == (Outcome.INCOMPLETE, 1_900_000_001)
    assert (failed.outcome, failed.whole_from) == (Outcome.DOES_NOT_CONFORM, 1_900_000_001)
    assert "尚不完整，未见不符 incomplete, and nothing failed" in page(signed(late, later), KNOWN)


def with_events(check_id, *places):
    named = [EventNamed(block, index, "0x01", "0x02", "ProgrammeOpened", "0x03") for block, index in places]
    names = {"answer": "x", "events": ["ProgrammeOpened"] * len(places)}
    return replace(result(check_id), expected=names, got=names, events=named)


def test_a_check_that_names_no_event_of_those_that_it_causes_or_another_s_did_not_pass():
    known = {"one": ("ProgrammeOpened",), "two": ("ProgrammeOpened",)}

    def failed(*results):
        return list(signed(*results).reading(known).failed)

    assert failed(with_events("one", (5, 0)), with_events("two", (5, 1))) == []
    assert failed(with_events("one"), with_events("two", (5, 1))) == ["one"]
    assert failed(with_events("one", (5, 0)), with_events("two", (5, 0))) == ["one", "two"]


def test_a_page_shows_what_failed_and_what_is_not_due():
    told = page(signed(result("one", ok=False, got="y"), result("two", ok=None, due=1_900_000_000)), KNOWN)

    assert "不符合 does not conform" in told
    assert '实得 got      {"answer":"y","events":[]}' in told
    assert "2030-03-18" in told


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"report": {}, "signature": "0x"}', b'{"report": [], "signature": 5}'])
def test_what_is_no_report_is_refused(content):
    with pytest.raises(ReportRefused, match=r"文件中没有报告和签名。 .* it has no report and signature"):
        SignedReport.read(content)


LINE = "0\n结论 Outcome                 符合 conforms"


@pytest.mark.parametrize(
    "change",
    [
        {"software": {}},
        {"software": {"version": LINE, "checks": "00"}},
        {"gateway": {"url": LINE, "interface_sha256": None}},
        {"checks": [asdict(replace(result("one"), id=[]))]},
        {"checks": [asdict(replace(result("one"), zh=LINE))]},
        {"checks": [asdict(result("one", ok=None, due=10**18))]},
    ],
    ids=["no software", "a line as version", "a line as address", "an id that is none", "a line as check", "beyond the calendar"],
)
def test_a_signed_report_that_no_page_can_be_made_of_is_refused(change):
    """Whoever signs it; nor can it write a second verdict on its page."""
    document = signed(result("one")).document | change

    with pytest.raises(ReportRefused):
        SignedReport.read(SignedReport(document, ADMIN.sign(to_sign(document), domain_of(document))).content())


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"region": null}', '{"region": "Changxing"}'])
def test_a_folder_that_is_no_rehearsal_is_refused(tmp_path, content):
    with pytest.raises(RehearsalRefused, match="cannot be read"):
        Rehearsal.open(tmp_path)
    (tmp_path / "rehearsal.json").write_text(content, encoding="utf-8")

    with pytest.raises(RehearsalRefused):
        Rehearsal.open(tmp_path)


def test_another_account_s_signature_is_refused():
    report = signed(result("one"))
    forged = SignedReport(report.document, KeyAccount(bytes([8]) * 32).sign(report.to_sign, report.domain))

    with pytest.raises(ReportRefused, match="not signed by the account"):
        forged.require_signed()


@dataclass
class Standing:
    """A stage on a chain that stands still after a voucher's end: its gateway answers STALE."""

    now: int = 1_800_000_100
    remembered: Mapping[str, int] = field(default_factory=lambda: {"short": 1_800_000_000})

    def verify(self, _serial):
        return {"status": "STALE", "http": 200, "reasons": []}


def test_what_is_stale_is_not_due_and_not_failed():
    with pytest.raises(NotDue) as later:
        CHECKS["verification.past-use-by"].act(Standing())

    assert later.value.due == Standing().now + 1


@pytest.mark.parametrize(
    ("command", "stopped", "what"),
    [
        ("prepare rehearsal --region 650999 --chain-id 7", "rehearsal.prepare", "the same command goes on, with the same keys"),
        ("run rehearsal report.json", "run.rehearse", "this rehearsal is spent"),
        ("continue rehearsal earlier.json report.json", "run.go_on", "cannot be played again"),
    ],
)
def test_whoever_stops_a_command_is_told_what_becomes_of_it(tmp_path, monkeypatch, command, stopped, what):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(f"registry.conformance.{stopped}", stop)
    monkeypatch.setattr(Node, "chain_id", lambda _: 7)
    admin_of(tmp_path)
    (tmp_path / "rehearsal").mkdir()
    (tmp_path / "rehearsal" / "rehearsal.json").write_text('{"region": 650999}', encoding="utf-8")
    (tmp_path / "earlier.json").write_bytes(signed(result("one")).content())
    told = {"node_url": "http://127.0.0.1:1", "gateway_url": "http://127.0.0.1:1", "keystore": tmp_path / "admin.json"}

    said = Desk(tmp_path, told | {"password_file": tmp_path / "new.password"}).run(f"conformance {command}")

    assert said.status not in (0, 5)
    assert what in said.err
    assert not (tmp_path / "report.json").exists()


def test_a_network_that_is_no_rehearsal_is_not_prepared_by_accident(tmp_path):
    """The chain id has to be typed."""
    said = CliRunner().invoke(make_app(), ["conformance", "prepare", str(tmp_path / "made"), "--region", "650999"])

    assert said.exit_code == 2
    assert "--chain-id" in said.output
