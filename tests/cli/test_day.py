"""A lab's whole day, and what else people do, at command lines: on a real node behind real gateways."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.demonstration.cast import CHANGXING, SHANGHAI, FirmCast, LabCast
from tests.cli.people import people_in
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


def as_process(desk, command):
    """What a program that is started gets: exit status and answers."""
    run = subprocess.run(
        [TONGQUAN, *command.split(), "--json"],
        cwd=desk.folder,
        env=desk.environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return [json.loads(line) for line in run.stdout.splitlines()]


def named(firm, serial):
    return f"--region {firm.region} --firm {firm.company_code} --serial {serial}"


@pytest.mark.slow
def test_a_labs_whole_day(people, firm, lab):
    """Verify, quote, order, both sign, reserve, serve, redeem, both sign; the offices review and pay. Each step is a process."""
    serial, at_lab, at_firm = people.serial(firm), people.lab(lab), people.firm(firm)
    voucher, number = named(firm, serial), people.town.number()

    (verified,) = as_process(at_lab, f"verify {voucher} --amount 5000yuan")
    (quoted,) = as_process(at_lab, f"quote {voucher} --cost 8000yuan")
    assert (verified["status"], quoted["subsidy"], quoted["amount"]) == ("VALID", "480000", "500000")

    order = f"day-{number}-order.json"
    as_process(at_lab, f"order prepare {order} {voucher} --project P-1 --amount {quoted['amount']}fen")
    as_process(at_lab, f"order sign {order} --as lab --amount 5000yuan --yes")
    (signed,) = as_process(at_firm, f"order sign {order} --as firm --amount 5000yuan --yes")
    parties = people.town.world.parties
    assert signed["signed_by"] == {"lab": parties[lab.key].account.address, "firm": parties[firm.key].account.address}
    (reserved,) = as_process(at_lab, f"order submit {order}")
    assert reserved["stage"] == "OPEN"
    order_id = reserved["order_id"]

    redemption = f"day-{number}-redemption.json"
    invoice = f"--invoice {number:08} --invoice-code 3100241130 --invoice-amount 8000yuan"
    work = f"--cost 8000yuan --seller {lab.host_unit} --contract C-{number} --report report.pdf"
    as_process(at_lab, f"redeem prepare {redemption} --order {order_id} {work} {invoice}")
    as_process(at_lab, f"redeem sign {redemption} --as lab --subsidy 4800yuan --yes")
    as_process(at_firm, f"redeem sign {redemption} --as firm --subsidy 4800yuan --yes")
    (redeemed,) = as_process(at_lab, f"redeem submit {redemption}")
    assert redeemed["stage"] == "REDEEMED"

    as_process(people.caller(SHANGHAI, "reviewer-1"), f"review endorse {order_id}")
    as_process(people.caller(CHANGXING, "reviewer-1"), f"review accept {order_id}")
    as_process(people.caller(CHANGXING, "payer"), f"settle record {order_id} --payment-reference PAY-{number}")
    (seen,) = as_process(at_lab, f"order show {order_id}")
    assert (seen["stage"], seen["subsidy"]) == ("SETTLED", "480000")
    assert order_id in [each["order_id"] for each in as_process(at_lab, "order list --stage SETTLED")]


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

    (audited,) = as_process(auditor, "audit replay")
    trail = as_process(auditor, "trail")
    history = as_process(auditor, f"trail --subject {order}")
    (status,) = as_process(auditor, "index status")

    assert (audited["clean"], audited["differences"]) == (True, [])
    assert len(trail) == audited["events"] == status["events"]
    assert [each["name"] for each in history] == ["Reserved"]
    assert trail == as_process(people.caller(SHANGHAI, "auditor"), "trail")


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


@pytest.mark.slow
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
