"""The book of decisions: written before vouchers are issued, chained, told to who answers for them, worked out again by auditors."""

import json
import sqlite3
from contextlib import closing, contextmanager

import pytest
from typer.testing import CliRunner

from gateway.api_keys import ApiKeys
from gateway.callers import Party
from gateway.cli import app
from gateway.decisions import CHAIN, DecisionBook
from gateway.hash_chain import Head, LogAltered
from registry import Applicant, Client, DecisionBasis, Digest, Fen, Id, Time, Unreachable, Who, decide_voucher, read_programme_file
from scripts.demonstration.cast import CHANGXING, SHANGHAI
from scripts.demonstration.desks import Desk
from scripts.demonstration.world import ROOT
from tests.cli.conftest import Desk as CommandLine
from tests.cli.conftest import write_secret
from tests.gateway.newcomers import voucher_id
from tests.gateway.test_policy import YUAN, issue, real, rows_of, sci_tech, state

pytestmark = pytest.mark.both_in_full

POLICY = read_programme_file((ROOT / "programmes" / "changxing-2013.toml").read_text(encoding="utf-8")).policy


@pytest.fixture
def changxing(town):
    return real(town, CHANGXING, "changxing-2013", "CX-KJQ-2013")


# The book


@pytest.fixture
def book(tmp_path):
    opened = DecisionBook(tmp_path)
    yield opened
    opened.close()


def decided(number: int, *, at: int = 1_800_000_000, programme: int = 7):
    basis = DecisionBasis(
        voucher=Id(bytes([number]) * 32),
        programme=Id(bytes([programme]) * 32),
        policy_hash=Digest(bytes(32)),
        at=Time(at),
        face=Fen(1_000_000),
        facts_number=1,
        facts=Applicant(who=Who.FIRM, registered_here=True, marks={"科技型企业": None}),
        earlier=(),
    )
    return decide_voucher(POLICY, "CX", basis)


def altered(state_folder, statement):
    """Change the file as somebody would who has it in hand: triggers do not stop him."""
    with closing(sqlite3.connect(state_folder / CHAIN.file)) as connection, connection:
        connection.execute("DROP TRIGGER never_changed")
        connection.execute("DROP TRIGGER never_removed")
        connection.execute(statement)


def test_decisions_stand_in_a_chain_in_their_order(book, tmp_path):
    assert CHAIN.verify(tmp_path) == Head(0, bytes(32))
    decisions = [decided(1), decided(2), decided(3, programme=8)]

    book.keep(decisions, intent_id="one")

    kept = book.of_programme(decisions[0].basis.programme, after=0, limit=10)
    assert [(each.number, each.document) for each in kept] == [(1, decisions[0].document()), (2, decisions[1].document())]
    assert [each.number for each in book.of_programme(decisions[0].basis.programme, after=1, limit=10)] == [2]
    assert CHAIN.verify(tmp_path) == book.head
    assert book.head.number == 3


def test_the_same_decision_for_the_same_intent_stands_there_once_and_one_made_anew_counts(book):
    book.keep([decided(1)], intent_id="one")
    book.keep([decided(1)], intent_id="one")
    assert book.head.number == 1

    book.keep([decided(1, at=1_800_000_001)], intent_id="one")

    assert book.of_voucher(decided(1).basis.voucher).document["at"] == 1_800_000_001
    assert book.of_voucher(decided(9).basis.voucher) is None


def test_it_goes_on_after_a_restart(book, tmp_path):
    book.keep([decided(1)], intent_id="one")
    book.close()

    with closing(DecisionBook(tmp_path)) as again:
        again.keep([decided(2)], intent_id="two")

    assert CHAIN.verify(tmp_path).number == 2


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("UPDATE decisions SET decision = replace(decision, 'HOLDS', 'FAILS') WHERE number = 1", 1),
        ("UPDATE decisions SET voucher = zeroblob(32) WHERE number = 2", 2),
        ("UPDATE decisions SET programme = zeroblob(32) WHERE number = 2", 2),
        ("UPDATE decisions SET intent = 'another' WHERE number = 2", 2),
        ("DELETE FROM decisions WHERE number = 1", 1),
        ("DELETE FROM decisions WHERE number = 2", 2),
    ],
)
def test_every_alteration_is_found(book, tmp_path, statement, number):
    book.keep([decided(1), decided(2)], intent_id="one")
    altered(tmp_path, statement)

    with pytest.raises(LogAltered) as found:
        CHAIN.verify(tmp_path)
    assert found.value.number == number


@pytest.mark.parametrize("statement", ["UPDATE decisions SET intent = 'x'", "DELETE FROM decisions"])
def test_the_file_itself_refuses_to_forget(book, tmp_path, statement):
    book.keep([decided(1)], intent_id="one")

    with closing(sqlite3.connect(tmp_path / CHAIN.file)) as connection, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement)


def checked(state_folder, *words):
    return CliRunner().invoke(app, ["decisions", "verify", "--state", str(state_folder), *words])


def test_the_command_verifies_beside_a_running_gateway(book, tmp_path):
    book.keep([decided(1)], intent_id="one")
    kept = f"{book.head.number}:{book.head.hash.hex()}"
    book.keep([decided(2)], intent_id="two")

    assert json.loads(checked(tmp_path, "--anchor", kept, "--json").stdout) == {"number": 2, "hash": book.head.hash.hex()}
    assert checked(tmp_path, "--anchor", "1:" + "00" * 32).exit_code == 5
    assert checked(tmp_path / "nowhere").exit_code == 2
    altered(tmp_path, "UPDATE decisions SET intent = 'x' WHERE number = 2")
    refused = checked(tmp_path)
    assert (refused.exit_code, "row 2" in refused.stderr) == (5, True)


# At a gateway


def decisions_of(town, programme, caller="auditor", **query):
    return town.desk(CHANGXING, caller).get(f"/v1/programmes/{programme}/decisions", **query)


def test_what_was_decided_is_told_with_all_that_it_was_decided_by(town, changxing):
    firm = sci_tech(town)
    first = issue(town, changxing, [firm])["vouchers"][0]["voucher_id"]
    second = issue(town, changxing, [firm, firm], face=20_000 * YUAN)["vouchers"]

    told = decisions_of(town, changxing)["decisions"]

    assert [each["voucher_id"] for each in told] == [first, *(each["voucher_id"] for each in second)]
    facts = town.desk(CHANGXING, "auditor").post("/v1/firm-facts/history", {"firm": firm.company_code})["facts"][-1]
    assert {each["facts_number"] for each in told} == {facts["number"]}
    assert told[0]["facts"]["marks"] == {"科技型企业": None}
    assert [[(one["voucher_id"], one["face"]) for one in each["earlier"]] for each in told] == [
        [],
        [(first, "1000000")],
        [(first, "1000000"), (second[0]["voucher_id"], "2000000")],
    ]
    assert told[1]["earlier"][0]["programme"].startswith("CX-KJQ-2013")
    assert [each["rule"] for each in told[2]["grant"]] == ["top_up", "cap"]
    assert "30,000.00" in told[2]["grant"][1]["zh"]
    assert firm.company_code not in json.dumps(told)
    one = town.desk(CHANGXING, "issuer").get(f"/v1/vouchers/{first}/decision")
    assert (one["decision"], one["head"]) == (told[0], None)


def test_decisions_come_in_pages(town, changxing):
    firm = sci_tech(town)
    assert issue(town, changxing, [firm] * 3).status == 201

    first = decisions_of(town, changxing, limit=2)
    rest = decisions_of(town, changxing, limit=2, cursor=first["next"])

    assert ([len(each["decisions"]) for each in (first, rest)], rest["next"]) == ([2, 1], None)
    assert [each["number"] for each in (*first["decisions"], *rest["decisions"])] == sorted(
        each["number"] for each in decisions_of(town, changxing)["decisions"]
    )
    assert decisions_of(town, changxing, cursor="AAAA").code == "CursorDiffers"


def test_an_auditor_is_told_the_head_and_an_officer_is_not(town, changxing):
    assert issue(town, changxing, [sci_tech(town)]).status == 201

    head = CHAIN.verify(town.world.folder(CHANGXING) / "state")

    assert decisions_of(town, changxing)["head"] == {"number": head.number, "hash": "0x" + head.hash.hex()}
    assert decisions_of(town, changxing, "reviewer-1")["head"] is None


def test_who_reads_decisions(town, changxing):
    firm = sci_tech(town)
    issued = issue(town, changxing, [firm])["vouchers"][0]["voucher_id"]
    callers = ("issuer", "reviewer-1", "auditor", "payer", "directory", "firm-changxing")

    lists = {each: decisions_of(town, changxing, each).code for each in callers}
    ones = {each: town.desk(CHANGXING, each).get(f"/v1/vouchers/{issued}/decision").code for each in callers}

    assert lists == ones
    assert {each for each in callers if lists[each] is None} == {"issuer", "reviewer-1", "auditor"}
    assert {lists[each] for each in ("payer", "directory", "firm-changxing")} == {"RoleNotAllowed"}
    with ApiKeys(town.world.folder(CHANGXING) / "state") as keys:
        foreign, _ = keys.add(region=SHANGHAI, name="foreign-reader", party=Party.REVIEWER, account="reviewer-1")
    at_gateway = Desk(town.http, town.world.gateways[CHANGXING], foreign)
    assert at_gateway.get(f"/v1/programmes/{changxing}/decisions").code == "NotYours"
    assert at_gateway.get(f"/v1/vouchers/{issued}/decision").code == "NotYours"
    elsewhere = town.desk(SHANGHAI, "auditor")
    assert elsewhere.get(f"/v1/programmes/{changxing}/decisions").code == "NotFound", "another region's gateway keeps none of it"
    assert elsewhere.get(f"/v1/vouchers/{issued}/decision").code == "NotFound"


def test_whoever_reads_a_decision_stands_in_the_log(town, changxing):
    issued = issue(town, changxing, [sci_tech(town)])["vouchers"][0]["voucher_id"]

    decisions_of(town, changxing, "reviewer-1")
    town.desk(CHANGXING, "issuer").get(f"/v1/vouchers/{issued}/decision")

    looks = town.desk(CHANGXING, "auditor").get("/v1/lookups", limit=20)["lookups"]
    assert [each["party"] for each in looks if (each["what"], each["voucher_id"]) == ("decision", issued)] == ["ISSUER", "REVIEWER"]


def test_a_list_is_decided_before_it_is_sent_and_one_that_is_refused_leaves_no_decision(town, changxing, monkeypatch):
    firm, kept_by_then, issued = sci_tech(town), [], Client.issue

    def watched(client, terms, recipients, **more):
        kept_by_then.append(CHAIN.verify(town.world.folder(CHANGXING) / "state").number)
        return issued(client, terms, recipients, **more)

    monkeypatch.setattr(Client, "issue", watched)
    before = CHAIN.verify(town.world.folder(CHANGXING) / "state").number

    assert issue(town, changxing, [firm] * 11).status == 422
    assert CHAIN.verify(town.world.folder(CHANGXING) / "state").number == before
    assert issue(town, changxing, [firm] * 2, check=True).status == 200
    assert CHAIN.verify(town.world.folder(CHANGXING) / "state").number == before
    assert issue(town, changxing, [firm] * 2).status == 201
    assert kept_by_then == [before + 2]


def silent(*_, **__):
    raise Unreachable("the node does not answer")


def test_a_list_that_was_not_sent_is_judged_again_and_the_last_decision_counts(town, changxing, monkeypatch):
    firm, issuer, key = sci_tech(town), town.desk(CHANGXING, "issuer"), f"Y-{town.number()}"
    asked = rows_of(town, changxing, [firm])
    with monkeypatch.context() as patched:
        patched.setattr(Client, "issue", silent)
        assert issuer.post("/v1/vouchers/rows", asked, key=key).status == 503
    meanwhile = issue(town, changxing, [firm])["vouchers"][0]["voucher_id"]

    issued = issuer.post("/v1/vouchers/rows", asked, key=key)["vouchers"][0]["voucher_id"]
    again = issuer.post("/v1/vouchers/rows", asked, key=f"Y-{town.number()}")

    assert again["repeated"] is True
    told = decisions_of(town, changxing)["decisions"]
    assert [each["voucher_id"] for each in told] == [issued, meanwhile, issued]
    assert [one["voucher_id"] for one in told[-1]["earlier"]] == [meanwhile]
    assert issuer.get(f"/v1/vouchers/{issued}/decision")["decision"] == told[-1]


# An auditor


@pytest.fixture
def auditor(town, tmp_path):
    """Somebody with an auditor's key at Changxing's gateway, and with a node of his own if he names one."""
    write_secret(tmp_path / "auditor.apikey", town.world.api_keys[CHANGXING]["auditor"])
    told = {"gateway_url": town.world.gateways[CHANGXING], "api_key_file": "auditor.apikey", "state_folder": tmp_path / "state"}
    return CommandLine(tmp_path, told)


def with_node(auditor, town):
    node = {"node_url": town.world.node_url, "deployment": town.world.directory / "deployment.json"}
    return CommandLine(auditor.folder, auditor.settings | node)


def audited(auditor, programme):
    """Exit status, and the faults by voucher."""
    said = auditor.run(f"audit decisions {programme} --json")
    return said.status, [(each["voucher_id"], each["reason"]) for each in said.lines[0]["differences"]]


@contextmanager
def falsified(town, voucher, change):
    """A voucher's decision as the operator of the gateway, who has the file in hand, would have it; and put back again."""
    path = town.world.folder(CHANGXING) / "state" / CHAIN.file
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        number, was = connection.execute(
            "SELECT number, decision FROM decisions WHERE voucher = ? ORDER BY number DESC", (bytes.fromhex(voucher[2:]),)
        ).fetchone()
        document = json.loads(was)
        change(document)
        (trigger,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'never_changed'").fetchone()
        connection.execute("DROP TRIGGER never_changed")
        rewrite = "UPDATE decisions SET decision = ? WHERE number = ?"
        connection.execute(rewrite, (json.dumps(document, ensure_ascii=False, sort_keys=True), number))
        try:
            yield
        finally:
            connection.execute(rewrite, (was, number))
            connection.execute(trigger)


def test_honest_decisions_hold_with_and_without_a_node(town, changxing, auditor, lab):
    """Also where more of an earlier grant was used then than is now: less was claimed than had been reserved."""
    firm = sci_tech(town)
    asked = rows_of(town, changxing, [firm])
    assert town.desk(CHANGXING, "issuer").post("/v1/vouchers/rows", asked).status == 201
    funding = {"amount": "9000000", "bank_reference": f"Y-{town.number()}"}
    assert town.desk(CHANGXING, "payer").post(f"/v1/programmes/{changxing}/fund", funding).status == 200
    order = town.reserved(firm, lab, serial=asked["recipients"][0]["serial"], amount="500000")
    assert issue(town, changxing, [firm]).status == 201
    assert town.redeemed(order, firm, lab, cost="800000").status == 201
    assert issue(town, changxing, [firm, sci_tech(town)]).status == 201

    alone = auditor.ask(f"audit decisions {changxing}")
    against_chain = with_node(auditor, town).ask(f"audit decisions {changxing}")

    assert (alone["clean"], alone["decisions"], alone["vouchers"], alone["differences"]) == (True, 4, None, [])
    assert (against_chain["clean"], against_chain["decisions"], against_chain["vouchers"]) == (True, 4, 4)
    assert against_chain["policy_hash"] == alone["policy_hash"]
    assert against_chain["head"]["number"] >= 4
    first, *later = decisions_of(town, changxing)["decisions"][:3]
    counted = [one for each in later for one in each["earlier"] if one["voucher_id"] == first["voucher_id"]]
    assert [(each["reserved"], each["redeemed"], each["settled"]) for each in counted] == [
        ("500000", "0", "0"),
        ("480000", "480000", "0"),
    ]


def test_a_falsified_decision_is_found(town, changxing, auditor):
    firm, at_node = sci_tech(town), with_node(auditor, town)
    first = issue(town, changxing, [firm])["vouchers"][0]["voucher_id"]
    second = issue(town, changxing, [firm])["vouchers"][0]["voucher_id"]

    def worse_facts(document):
        document["facts"]["marks"] = {}

    def another_hash(document):
        document["policy_hash"] = "0x" + "00" * 32

    with falsified(town, second, worse_facts):
        assert audited(auditor, changxing) == (5, [(second, "FindingsDiffer"), (second, "DoesNotHold")])
    with falsified(town, first, another_hash):
        assert audited(auditor, changxing) == (5, [(first, "PolicyHashDiffers")])
    assert audited(at_node, changxing) == (0, [])


def test_what_agrees_with_itself_and_not_with_the_chain_is_found_by_a_node(town, changxing, auditor):
    """A decision that leaves out the first grant, with just the findings that follow: only the chain tells."""
    firm, at_node = sci_tech(town), with_node(auditor, town)
    first = issue(town, changxing, [firm])["vouchers"][0]["voucher_id"]
    second = issue(town, changxing, [firm])["vouchers"][0]["voucher_id"]
    as_for_a_first = decisions_of(town, changxing)["decisions"][0]

    def left_out(document):
        document |= {"earlier": [], "grant": as_for_a_first["grant"]}

    def more_used(document):
        document["earlier"][0]["redeemed"] = "1"

    def of_another(document):
        document["voucher_id"] = "0x" + "77" * 32

    with falsified(town, second, left_out):
        assert audited(auditor, changxing) == (0, [])
        assert audited(at_node, changxing) == (5, [(second, "GrantLeftOut")])
    with falsified(town, second, more_used):
        assert audited(at_node, changxing) == (5, [(second, "MoreUsed")])
    with falsified(town, first, of_another):
        assert audited(at_node, changxing) == (5, [(first, "DecisionMissing")])


def test_a_changed_policy_is_a_new_programme_and_leaves_old_decisions_as_they_are(town, changxing, auditor):
    firm = sci_tech(town)
    assert issue(town, changxing, [firm]).status == 201
    before = decisions_of(town, changxing)["decisions"]

    newer = real(town, CHANGXING, "changxing-2013", "CX-KJQ-2013")
    state(town, CHANGXING, firm.company_code, {"who": "FIRM", "registered_here": False})

    assert decisions_of(town, changxing)["decisions"] == before
    assert decisions_of(town, newer)["decisions"] == []
    assert [audited(with_node(auditor, town), each) for each in (changxing, newer)] == [(0, []), (0, [])]


def test_what_is_read_to_a_firm_names_every_rule_in_words(town, changxing, auditor):
    firm = sci_tech(town)
    asked = rows_of(town, changxing, [firm])
    assert town.desk(CHANGXING, "issuer").post("/v1/vouchers/rows", asked).status == 201
    issued = voucher_id(town, firm, asked["recipients"][0]["serial"])

    said = auditor.run(f"voucher decision {issued}")

    assert said.status == 0
    assert "须具备下列之一且在有效期内" in said.out
    assert "普发每家 10,000.00 元，本次 10,000.00 元。" in said.out
    assert "10,000.00 yuan to each; this is 10,000.00." in said.out


def test_firms_facts_are_stated_for_one_by_options_and_for_many_by_a_file(town, changxing, tmp_path):
    firm, other = sci_tech(town), sci_tech(town)
    write_secret(tmp_path / "directory.apikey", town.world.api_keys[CHANGXING]["directory"])
    told = {"gateway_url": town.world.gateways[CHANGXING], "api_key_file": "directory.apikey", "state_folder": tmp_path / "state"}
    office = CommandLine(tmp_path, told)
    (tmp_path / "facts.json").write_text(json.dumps([{"firm": other.company_code, "who": "FIRM", "staff": 3}]), encoding="utf-8")
    options = "--registered-here yes --staff 86 --revenue 500000yuan --mark 科技型企业=2099-12-31 --mark 其他 --reviewed no"

    assert office.ask(f"firm facts state --firm {firm.company_code} {options}")["stated"] == 1
    assert office.ask("firm facts state facts.json")["stated"] == 1

    last = office.ask(f"firm facts history --firm {firm.company_code}")["facts"][-1]
    assert (last["registered_here"], last["staff"], last["revenue"], last["capital"]) == (True, 86, "50000000", None)
    assert (last["marks"], last["reviewed"]) == ({"科技型企业": 4_102_415_999, "其他": None}, False)
    assert office.ask(f"programme eligibility {changxing} --firm {firm.company_code}")["verdict"] == "HOLDS"
    unfit = office.run(f"programme eligibility {changxing} --firm {other.company_code} --json")
    assert (unfit.status, unfit.lines[0]["verdict"]) == (1, "MISSING")
    for wrong in ("", f"facts.json --firm {firm.company_code}", f"--firm {firm.company_code} --mark 其他 --no-marks"):
        assert office.run(f"firm facts state {wrong} --json").status == 2
