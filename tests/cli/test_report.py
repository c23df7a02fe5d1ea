"""Reports at the command line: a gateway and a node write the same bytes, and whoever has a node checks what was signed."""

import hashlib
import json
from types import SimpleNamespace

import pytest
from openpyxl import load_workbook

from registry import month_of, seconds_of_year
from registry.canonical import canonical_json
from scripts.demonstration.cast import BEIJING, CHANGXING, SHANGHAI
from tests.cli.people import people_in

pytestmark = pytest.mark.both_in_full


@pytest.fixture(scope="module")
def people(engine, _chain_ids, tmp_path_factory):
    with people_in(engine, next(_chain_ids), tmp_path_factory.mktemp("reports")) as people:
        yield people


@pytest.fixture(scope="module")
def told(people):
    """An order of Changxing's that was accepted in Shanghai; a second later."""
    town = people.town
    firm, lab = town.firm("firm-changxing"), town.lab("lab-shanghai")
    order = town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000")
    assert town.redeemed(order, firm, lab, cost="800000").status == 201
    assert town.review("endorse", SHANGHAI, "reviewer-1", order) == "ENDORSED"
    assert town.review("accept", CHANGXING, "reviewer-1", order) == "ACCEPTED"
    at = town.node.timestamp()
    town.node.set_time(at + 1)
    (people.folder / "types.csv").write_text(f"编号,服务类型\n{town.lab_id(lab)},成分检测\n", encoding="utf-8")
    return SimpleNamespace(order=order, at=at, lab=town.lab_id(lab), year=month_of(at) // 100)


def commands(people, told):
    return {
        "programme": f"{people.town.programmes[CHANGXING]} --until {told.at}",
        "ageing": f"--region {CHANGXING} --until {told.at} --payment-days 0",
        "bank-file": f"--payer {CHANGXING}",
        "concentration": f"--region {CHANGXING} --until {told.at} --share-percent 50",
        "prices": f"--region {CHANGXING} --until {told.at} --catalogue types.csv",
        "lab-year": f"{told.lab} --year {told.year}",
    }


@pytest.mark.parametrize("name", ["programme", "ageing", "bank-file", "concentration", "prices", "lab-year"])
def test_gateway_and_node_write_the_same_bytes_and_their_hash_is_theirs(people, told, tmp_path, name):
    region = SHANGHAI if name == "lab-year" else CHANGXING
    people.caller(CHANGXING, "issuer").ask("report catalogue types.csv")
    desks = {"gateway": people.caller(region, "issuer"), "node": people.auditor()}
    typed = commands(people, told)[name]

    answers = {at: desk.ask(f"report {name} {typed} --file {tmp_path / at} --excel {tmp_path / at}.xlsx") for at, desk in desks.items()}

    assert len({(tmp_path / at).read_bytes() for at in desks}) == 1
    assert {each["hash"] for each in answers.values()} == {"0x" + hashlib.sha256((tmp_path / "node").read_bytes()).hexdigest()}
    sheets = [load_workbook(tmp_path / f"{at}.xlsx")["汇总 Summary"] for at in desks]
    assert [[cell.value for row in sheet for cell in row] for sheet in sheets[:1]] == [
        [cell.value for row in sheet for cell in row] for sheet in sheets[1:]
    ]


def test_a_banks_file_is_written_as_a_csv(people, told, tmp_path):
    for name, desk in (("gateway", people.caller(CHANGXING, "payer")), ("node", people.auditor())):
        desk.ask(f"report bank-file --payer {CHANGXING} --csv {tmp_path / name}.csv")

    assert (tmp_path / "gateway.csv").read_bytes() == (tmp_path / "node.csv").read_bytes()
    assert told.order in (tmp_path / "node.csv").read_text(encoding="utf-8-sig")


def test_a_person_reads_money_and_waits_in_words(people, told):
    said = people.auditor().run(f"report ageing {commands(people, told)['ageing']} --lang zh")
    report = people.auditor().run(f"report programme {commands(people, told)['programme']} --lang zh")

    assert (said.status, report.status) == (0, 0)
    assert "拨付" in said.out
    assert "4,800.00 元" in report.out


@pytest.mark.parametrize(
    ("typed", "status"),
    [
        (f"report programme 0x{'11' * 32}", 1),
        ("report ageing --region 999999", 1),
        ("report bank-file --payer 999999", 1),
        (f"report lab-year 0x{'11' * 32} --year 2026", 1),
        (f"report prices --region {CHANGXING} --catalogue nowhere.csv", 2),
        (f"report prices --region {CHANGXING} --catalogue deployment.json", 2),
    ],
)
def test_what_nobody_has_is_refused_alike_by_gateway_and_node(people, told, typed, status):
    for desk in (people.auditor(), people.caller(CHANGXING, "auditor")):
        said = desk.run(f"{typed} --json")
        assert said.status == status
        assert status != 1 or said.refusal["error"] == "NotFound"


@pytest.mark.parametrize("name", ["programme", "ageing", "concentration", "prices"])
def test_a_period_that_ends_before_it_begins_is_refused_alike_by_gateway_and_node(people, told, name):
    people.caller(CHANGXING, "issuer").ask("report catalogue types.csv")
    for desk in (people.auditor(), people.caller(CHANGXING, "auditor")):
        said = desk.run(f"report {name} {commands(people, told)[name]} --since {told.at + 1} --json")
        assert (said.status, said.refusal["error"]) == (1, "PeriodReversed")


def test_a_signed_year_is_checked_with_a_node_alone(people, told, tmp_path):
    """Last: the year has to be over."""
    people.town.node.set_time(seconds_of_year(told.year)[1] + 1)
    people.caller(SHANGHAI, "directory").ask(f"report sign {told.lab} --year {told.year}")
    file = tmp_path / "signed.json"
    people.lab(people.town.lab("lab-shanghai")).ask(f"report signed {told.lab} --year {told.year} --file {file}")
    signed = json.loads(file.read_bytes())
    signed["statement"]["total"]["offset"] = "999999"
    (tmp_path / "altered.json").write_bytes(canonical_json(signed))
    signed["statement"]["lab"] = "0x" + "11" * 32
    (tmp_path / "other.json").write_bytes(canonical_json(signed))
    (tmp_path / "none.json").write_text("{}")

    said = {name: people.auditor().run(f"report verify {tmp_path / name}.json --json") for name in ("signed", "altered", "other", "none")}

    assert {name: each.status for name, each in said.items()} == {"signed": 0, "altered": 5, "other": 5, "none": 5}
    assert (said["signed"].answer["region"], said["altered"].lines[0]["reason"]) == (SHANGHAI, "the chain says something else")
    assert people.caller(BEIJING, "directory").run(f"report sign {told.lab} --year {told.year} --json").refusal["error"] == "NotFound"
