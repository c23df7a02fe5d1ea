"""A lab's whole day, and what else people do, at command lines: on a real node behind real gateways."""

import json
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from scripts.demonstration.cast import CHANGXING, SHANGHAI, FirmCast, LabCast, sample_code
from tests.cli.conftest import Desk
from tests.cli.people import people_in
from tests.cli.test_terminal import typed
from tests.gateway.newcomers import new_firm

ROOT = Path(__file__).resolve().parents[2]
TONGQUAN = Path(sys.executable).with_name("tongquan")


@pytest.fixture(scope="module")
def people(engine, _chain_ids, tmp_path_factory):
    with people_in(engine, next(_chain_ids), tmp_path_factory.mktemp("town")) as people:
        (people.folder / "report.pdf").write_bytes(b"a report")
        yield people


@pytest.fixture
def firm(people) -> FirmCast:
    return people.town.firm("firm-changxing")


@pytest.fixture
def lab(people) -> LabCast:
    return people.town.lab("lab-shanghai")


def told(desk, command):
    """The answers that a program gets."""
    said = desk.run(f"{command} --json")
    assert said.status == 0, said.err
    return said.lines


def named(firm, serial):
    return f"--region {firm.region} --firm {firm.company_code} --serial {serial}"


def test_what_speaks_against_an_order_is_told_before_it_is_signed(people, firm, lab):
    """It is prepared all the same: the reason may be gone by the time it is brought."""
    serial, at_lab, number = people.serial(firm), people.lab(lab), people.town.number()
    asked = f"{named(firm, serial)} --project P-1 --amount 11000yuan"

    (prepared,) = told(at_lab, f"order prepare vain-{number}.json {asked}")
    said = at_lab.run(f"order prepare vain-{number}-too.json {asked} --lang zh")

    (reason,) = prepared["reasons"]
    assert (reason["code"], said.status) == ("OverAvailable", 0)
    assert "".join(reason["zh"].split()) in "".join(said.out.split())


@pytest.mark.slow
def test_a_labs_whole_day(people, firm, lab):
    """Verify, quote, order, both sign, reserve, serve, redeem, both sign; the offices review and pay. README's days are processes."""
    serial, at_lab, at_firm = people.serial(firm), people.lab(lab), people.firm(firm)
    voucher, number = named(firm, serial), people.town.number()

    (verified,) = told(at_lab, f"verify {voucher} --amount 5000yuan")
    (quoted,) = told(at_lab, f"quote {voucher} --cost 8000yuan")
    assert (verified["status"], quoted["subsidy"], quoted["amount"]) == ("VALID", "480000", "500000")

    order = f"day-{number}-order.json"
    told(at_lab, f"order prepare {order} {voucher} --project P-1 --amount {quoted['amount']}fen")
    told(at_lab, f"order sign {order} --as lab --amount 5000yuan --yes")
    (signed,) = told(at_firm, f"order sign {order} --as firm --amount 5000yuan --yes")
    parties = people.town.world.parties
    assert signed["signed_by"] == {"lab": parties[lab.key].account.address, "firm": parties[firm.key].account.address}
    (reserved,) = told(at_lab, f"order submit {order}")
    assert reserved["stage"] == "OPEN"
    order_id = reserved["order_id"]

    redemption = f"day-{number}-redemption.json"
    invoice = f"--invoice {number:08} --invoice-code 3100241130 --invoice-amount 8000yuan"
    work = f"--cost 8000yuan --seller {lab.host_unit} --contract C-{number} --report report.pdf"
    (vain,) = told(at_lab, f"redeem prepare vain-{redemption} --order {order_id} {work} {invoice} --subsidy 5000yuan")
    assert [each["code"] for each in vain["reasons"]] == ["OverRule"]
    (prepared,) = told(at_lab, f"redeem prepare {redemption} --order {order_id} {work} {invoice}")
    assert prepared["reasons"] == []
    told(at_lab, f"redeem sign {redemption} --as lab --subsidy 4800yuan --yes")
    told(at_firm, f"redeem sign {redemption} --as firm --subsidy 4800yuan --yes")
    (redeemed,) = told(at_lab, f"redeem submit {redemption}")
    assert redeemed["stage"] == "REDEEMED"

    told(people.caller(SHANGHAI, "reviewer-1"), f"review endorse {order_id}")
    told(people.caller(CHANGXING, "reviewer-1"), f"review accept {order_id}")
    told(people.caller(CHANGXING, "payer"), f"settle record {order_id} --payment-reference PAY-{number}")
    (seen,) = told(at_lab, f"order show {order_id}")
    assert (seen["stage"], seen["subsidy"]) == ("SETTLED", "480000")
    assert order_id in [each["order_id"] for each in told(at_lab, "order list --stage SETTLED")]


def test_a_partner_orders_for_a_joint_project_and_the_hotline_knows_it(people, firm, lab):
    partner, at_lab, number = new_firm(people.town, CHANGXING), people.lab(lab), people.town.number()
    lead, serial = f"--lead-firm {firm.company_code} --lead-serial {people.serial(firm)}", people.serial(partner)
    asked = f"{named(partner, serial)} --project P-JOINT"

    prepared = at_lab.ask(f"order prepare joint-{number}.json {asked} --amount 1000yuan {lead}")
    half = at_lab.run(f"facts {asked} --lead-firm {firm.company_code} --json")

    project = people.town.world.keyring.project(firm.company_code, "P-JOINT")
    assert {"field": "project", "value": f"0x{project.hex()}", "check": "UNCHECKABLE"} in prepared["fields"]
    assert at_lab.ask(f"facts {asked} {lead}")["project"] == "NOT_REGISTERED"
    assert half.status == 2


def test_an_auditor_needs_a_node_alone(people, firm, lab):
    order = people.town.reserved(firm, lab, serial=people.serial(firm), amount="500000")
    auditor = people.auditor()

    (audited,) = told(auditor, "audit replay")
    trail = told(auditor, "trail")
    history = told(auditor, f"trail --subject {order}")
    (status,) = told(auditor, "index status")

    assert (audited["clean"], audited["differences"]) == (True, [])
    assert len(trail) == audited["events"] == status["events"]
    assert [each["name"] for each in history] == ["Reserved"]
    assert trail == told(people.caller(SHANGHAI, "auditor"), "trail")


def test_the_trail_goes_on_where_it_stopped(people):
    auditor = people.auditor()
    first = auditor.run("trail --limit 5 --json").lines

    rest = auditor.run(f"trail --after {first[-1]['position']} --json").lines

    assert first + rest == auditor.run("trail --json").lines


def test_an_index_is_rebuilt_to_the_same_bytes(people):
    auditor = people.auditor("rebuilder")
    exported = auditor.ask("index export before.jsonl")

    rebuilt = auditor.ask("index rebuild")

    assert rebuilt["sha256"] == exported["sha256"]
    assert rebuilt["events"] == len(people.town.events())


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_bar_of_a_rebuild_is_for_whoever_looks_on(people, lang):
    auditor = people.auditor("onlooker")
    words = "正在重建索引… Rebuilding the index…" if lang == "zh" else "Rebuilding the index…"

    status, seen = typed(auditor, f"index rebuild --lang {lang}", [])
    aside = auditor.run(f"index rebuild --lang {lang}")

    assert status == 0, seen
    assert words in seen
    (blocks,) = {match[1] for match in re.finditer(r"(?<![0-9])([1-9][0-9]*)/\1(?![0-9])", seen)}
    assert int(blocks) <= auditor.ask("index status")["height"]
    assert (aside.status, aside.err) == (0, ""), "nobody looks on where it goes to a file"


def test_an_index_that_says_something_else_than_the_chain(people, firm, lab):
    """What a gateway's index was changed to comes out as a difference, and as exit status 5."""
    order = people.town.reserved(firm, lab, serial=people.serial(firm), amount="500000")
    auditor = people.auditor("auditor-of-an-index")
    auditor.ask("index status")
    (honest,) = (people.folder / "auditor-of-an-index.own-state").glob("index-*.sqlite")
    with closing(sqlite3.connect(honest)) as connection, closing(sqlite3.connect(people.folder / "false.sqlite")) as false:
        connection.backup(false)
        assert false.execute("UPDATE orders SET lab = ? WHERE id = ?", (bytes(32), bytes.fromhex(order[2:]))).rowcount == 1
        false.commit()

    as_it_is = auditor.ask(f"audit replay --index {honest}")
    falsified = auditor.run("audit replay --index false.sqlite --json")
    missing = auditor.run("audit replay --index nowhere.sqlite --json")

    assert as_it_is["differences"] == []
    (found,) = falsified.lines
    assert (falsified.status, found["clean"]) == (5, False)
    assert [(each["what"], each["key"]) for each in found["differences"]] == [("index.orders", order[2:])]
    assert (missing.status, missing.refusal["family"]) == (2, "usage")


def test_a_list_to_verify_may_name_lab_amount_and_item(people, firm, lab):
    serial, reviewer = people.serial(firm), people.caller(CHANGXING, "reviewer-1")
    rows = [
        f"{firm.region},{firm.company_code},{serial},5000yuan,{people.town.lab_id(lab)},",
        f"{firm.region},{firm.company_code},{serial},,0x{'99' * 32},",
        f"{firm.region},{firm.company_code},{serial},,{people.town.lab_id(lab)},NO-SUCH-ITEM",
    ]
    (people.folder / "wide.csv").write_text("\n".join(["region,firm,serial,amount,lab,item", *rows]) + "\n")
    (people.folder / "wrong.csv").write_text(f"region,firm,serial,lab\n{firm.region},{firm.company_code},{serial},SH-1\n")
    (people.folder / "unknown.csv").write_text("region,firm,serial,colour\n")

    verified = reviewer.run("verify-list wide.csv --json")

    *answers, counted = verified.lines
    alone = [reviewer.run(f"verify {named(firm, serial)} {more} --json").lines[0] for more in _alone(people, lab)]
    assert (verified.status, counted) == (1, {"rows": 3})
    assert [(each["line"], each["status"], [reason["code"] for reason in each["reasons"]]) for each in answers] == [
        (line, each["status"], [reason["code"] for reason in each["reasons"]]) for line, each in enumerate(alone, start=2)
    ]
    assert [each["status"] for each in answers] == ["VALID", "NOT_VALID", "NOT_VALID"]
    wrong = [reviewer.run(f"verify-list {name}.csv --json") for name in ("wrong", "unknown")]
    assert [each.status for each in wrong] == [2, 2]
    assert "wrong.csv, line 2: " in wrong[0].refusal["message"]


def _alone(people, lab):
    here = people.town.lab_id(lab)
    return [f"--amount 5000yuan --lab {here}", f"--lab 0x{'99' * 32}", f"--lab {here} --item NO-SUCH-ITEM"]


def test_a_firm_sees_who_looked(people, firm, lab):
    serial = people.serial(firm)
    people.caller(CHANGXING, "reviewer-1").ask(f"verify {named(firm, serial)}")

    of_firm = people.firm(firm).run("lookups list --limit 1 --json").lines
    of_officer = people.caller(CHANGXING, "reviewer-1").run("lookups list --limit 1 --json").lines
    of_lab = people.lab(lab).run("lookups list --json")

    assert [(each["what"], each["answer"], each["party"], each["caller"]) for each in of_firm] == [
        ("verification", "VALID", "REVIEWER", None)
    ]
    assert [each["number"] for each in of_officer] == [each["number"] for each in of_firm]
    assert of_officer[0]["caller"]
    assert (of_lab.status, of_lab.refusal["error"]) == (1, "RoleNotAllowed")


def test_whether_a_gateway_follows_its_node(people, lab, tmp_path):
    answer = people.lab(lab).ask("status")
    nobody = Desk(tmp_path, {"gateway_url": people.town.world.gateways[SHANGHAI]}).ask("status")
    silent = Desk(tmp_path, {"gateway_url": "http://127.0.0.1:9"}).run("status --json")

    assert (answer["region"], answer["node"]) == (nobody["region"], nobody["node"]) == (SHANGHAI, "answering")
    assert (silent.status, silent.refusal["family"]) == (3, "unreachable")


def test_a_list_in_json_is_issued_as_one_in_csv_is(people, firm):
    issuer, programme, number = people.caller(CHANGXING, "issuer"), people.town.programmes[CHANGXING], people.town.number()
    terms = f"--programme {programme} --face 10000yuan --denomination 1000yuan --use-by 2027-12-31 --claim-by 2028-03-31"
    (people.folder / "rows.json").write_text(json.dumps([{"firm": firm.company_code, "serial": f"ROWS-{number}"}]))
    (people.folder / "bad.json").write_text("{}")

    checked = issuer.ask(f"issue rows.json {terms} --check")
    issued = issuer.ask(f"issue rows.json {terms}")
    again = issuer.ask(f"issue rows.json {terms}")
    (people.folder / "strangers.json").write_text(json.dumps([{"firm": sample_code(CHANGXING, 97), "serial": f"ROWS-{number}"}]))
    refused = issuer.run(f"issue strangers.json {terms} --check --json")

    assert (checked["rows"], checked["bad"]) == (1, [])
    assert (again["vouchers"], again["repeated"]) == (issued["vouchers"], True)
    assert len(issued["vouchers"]) == 1
    assert (refused.status, [each["code"] for each in refused.lines[0]["bad"]]) == (1, ["FirmNotEnrolled"])
    assert issuer.run(f"issue bad.json {terms}").status == 2


@pytest.mark.slow
@pytest.mark.any_engine
@pytest.mark.parametrize(("by", "serial"), [("tongquan verify", "CX-2013-0003"), ("curl", "CX-2013-0001")])
def test_the_days_in_the_readme_are_real(people, firm, by, serial):
    """From the README alone: its commands, as they stand there, with `tongquan` and with curl."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = next(each for each in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) if by in each)
    script = "\n".join(line for line in block.splitlines() if not line.startswith(("PATH=", "cd ")))
    issued = people.town.issue(CHANGXING, [(firm.company_code, serial)], face="1000000", denomination="100000")
    assert issued.status == 201

    environment = people.lab(people.town.lab("lab-shanghai")).environment()
    environment = {name: each for name, each in environment.items() if name != "TONGQUAN_CONFIG"} | {
        "PATH": f"{TONGQUAN.parent}:/usr/bin:/bin"
    }
    run = subprocess.run(
        ["bash", "-euc", script], cwd=people.folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )

    assert run.returncode == 0, run.stderr + run.stdout
    assert "已兑付 Settled" in run.stdout or '"stage":"SETTLED"' in run.stdout
