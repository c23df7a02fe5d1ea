"""A month at the command line: an auditor comes to the same from a node alone, and finds what is not so."""

import hashlib
import json
from contextlib import closing

import pytest
from openpyxl import load_workbook

from registry import Client, Digest, KeyAccount, Node, Outbox, Region, load_key, month_of, seconds_of_month
from registry.statement import following_month
from scripts.demonstration.cast import CHANGXING, KUNSHAN, SHANGHAI
from tests.cli.people import people_in

pytestmark = pytest.mark.both_in_full

PAIR = f"--home {CHANGXING} --host {SHANGHAI}"


@pytest.fixture(scope="module")
def people(engine, _chain_ids, tmp_path_factory):
    with people_in(engine, next(_chain_ids), tmp_path_factory.mktemp("months")) as people:
        yield people


@pytest.fixture(scope="module")
def month(people):
    """A month that is over, in which an order was redeemed; as one types it."""
    town = people.town
    firm, lab = town.firm("firm-changxing"), town.lab("lab-shanghai")
    order = town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000")
    assert town.redeemed(order, firm, lab, cost="800000").status == 201
    number = month_of(town.node.timestamp())
    town.node.set_time(seconds_of_month(following_month(number))[0] + 1)
    return f"{number // 100}-{number % 100:02}"


def test_gateway_and_node_write_the_same_bytes_and_their_hash_is_theirs(people, month, tmp_path):
    desks = {"gateway": people.caller(CHANGXING, "payer"), "theirs": people.caller(SHANGHAI, "payer"), "node": people.auditor()}

    told = {name: desk.ask(f"month statement {PAIR} --month {month} --file {tmp_path / name}") for name, desk in desks.items()}

    assert len({(tmp_path / name).read_bytes() for name in desks}) == 1
    assert {each["hash"] for each in told.values()} == {"0x" + hashlib.sha256((tmp_path / "node").read_bytes()).hexdigest()}
    again = desks["node"].run(f"month statement {PAIR} --month {month} --file {tmp_path / 'node'} --json")
    assert again.refusal["error"] == "FileTaken"


def test_a_workbook_comes_from_a_node_as_well(people, month, tmp_path):
    for name, desk in (("gateway", people.caller(CHANGXING, "payer")), ("node", people.auditor())):
        desk.ask(f"month statement {PAIR} --month {month} --excel {tmp_path / name}.xlsx")

    rows = [[cell.value for row in load_workbook(tmp_path / f"{name}.xlsx")["明细 Lines"] for cell in row] for name in ("gateway", "node")]
    assert rows[0] == rows[1]


def test_a_person_sees_sums_and_not_every_line(people, month):
    said = people.auditor().run(f"month statement {PAIR} --month {month} --lang zh")

    assert said.status == 0
    assert "锁定额度" in said.out
    assert "5,000.00 元" in said.out


def test_a_month_that_is_not_over_has_no_file(people, month, tmp_path):
    number = following_month(int(month.replace("-", "")))
    running = f"{number // 100}-{number % 100:02}"

    said = people.auditor().run(f"month statement {PAIR} --month {running} --file {tmp_path / 's.json'} --json")

    assert (said.status, said.refusal["error"]) == (1, "MonthNotOver")
    assert not (tmp_path / "s.json").exists()


@pytest.mark.parametrize("named", ["--home 330522 --host 999999 --month {}", "--home 330522 --host 310000 --month 2000-01"])
def test_a_month_of_nobody_is_not_found(people, month, named):
    for desk in (people.auditor(), people.caller(CHANGXING, "auditor")):
        said = desk.run(f"month statement {named.format(month)} --json")
        assert (said.status, said.refusal["error"]) == (1, "NotFound")


@pytest.mark.parametrize("wrong", ["2026-13", "202611", "2026-1", "0000-01"])
def test_what_is_no_month_is_wrong_usage(people, wrong):
    assert people.auditor().run(f"month statement {PAIR} --month {wrong} --json").status == 2


def test_another_statement_is_compared_by_order(people, month, tmp_path):
    """AT-19."""
    ours = tmp_path / "ours.json"
    people.auditor().ask(f"month statement {PAIR} --month {month} --file {ours}")
    document = json.loads(ours.read_bytes())
    missing = document["lines"].pop()
    (tmp_path / "theirs.json").write_text(json.dumps(document))

    same = people.auditor().run(f"month compare {ours} {PAIR} --month {month} --json")
    other = people.caller(CHANGXING, "payer").run(f"month compare {tmp_path / 'theirs.json'} {PAIR} --month {month} --json")
    back = people.auditor().run(f"month compare {ours} --home {SHANGHAI} --host {CHANGXING} --month {month} --json")

    assert (same.status, same.lines[0]["differences"]) == (0, [])
    assert other.status == 5
    assert [(each["order_id"], each["ours"], each["theirs"]) for each in other.lines[0]["differences"]] == [
        (missing["order_id"], [missing], [])
    ]
    assert back.status == 2


def test_an_auditor_finds_a_hash_that_is_not_the_statements(people, month, tmp_path):
    """From a node alone: Kunshan's reviewer names what is no statement."""
    assert people.auditor().ask("month check")["clean"] is True
    town, node = people.town, Node(people.town.world.node_url)
    key_file = town.world.officials[KUNSHAN]["reviewer-2"]
    number = int(month.replace("-", ""))
    with closing(Outbox(tmp_path / "outbox.sqlite", node, chain_id=town.world.deployment.chain_id)) as outbox:
        account = KeyAccount(load_key(key_file.path, key_file.password))
        client = Client(node, town.world.deployment, outbox, account, final_within=30.0)
        client.close_month(Region(CHANGXING), Region(KUNSHAN), number, Digest(b"\x22" * 32))

    said = people.auditor().run("month check --json")

    assert (said.status, said.lines[0]["clean"]) == (5, False)
    (found,) = said.lines[0]["months"]
    assert (found["host"], found["host_agrees"], found["home_agrees"], found["state"]) == (KUNSHAN, False, None, "NAMED")
