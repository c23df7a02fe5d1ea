"""An auditor sees from a node alone what a gateway tells an auditor, under the same names."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from registry import Firm, Region, id_of
from scripts.demonstration.cast import BEIJING, CHANGXING, KUNSHAN, SHANGHAI
from tests.cli.conftest import Desk, light_key
from tests.cli.people import people_in

pytestmark = pytest.mark.both_in_full

DAY = 86_400
NOBODYS = "0x" + "99" * 32


@pytest.fixture(scope="module")
def people(engine, _chain_ids, tmp_path_factory):
    with people_in(engine, next(_chain_ids), tmp_path_factory.mktemp("town")) as people:
        yield people


@pytest.fixture(scope="module")
def told(people):
    """Some of everything on the chain, by the names that commands below use."""
    town = people.town
    firm, lab, kunshan = town.firm("firm-changxing"), town.lab("lab-shanghai"), town.lab("lab-kunshan")
    month = f"{datetime.now(UTC) + timedelta(hours=8):%Y-%m}"
    town.node.jump(40 * DAY)
    town.clock_shift = 40 * DAY
    serial = town.serial_for(firm)
    order = town.reserved(firm, lab, serial=serial, amount="500000")
    assert town.redeemed(order, firm, lab, cost="800000").status == 201
    for region, verb in ((SHANGHAI, "endorse"), (CHANGXING, "accept")):
        people.caller(region, "reviewer-1").ask(f"review {verb} {order}")
    town.reserved(firm, lab, serial=serial, amount="100000")
    people.caller(SHANGHAI, "directory").ask(f"lab add-items {town.lab_id(lab)} XRD-7")
    people.caller(KUNSHAN, "directory").ask(f"keys propose {town.lab_id(kunshan)} --signer {light_key(people.folder, 'next.json')}")
    flagged = town.firm("firm-beijing")
    flagged_id = "0x" + id_of(Firm(Region(BEIJING), town.world.keyring.firm(flagged.company_code))).hex()
    people.caller(BEIJING, "directory").ask(f"flag raise {flagged_id} --reason 涉嫌虚假合同")
    named = f"--home {CHANGXING} --host {SHANGHAI} --month {month}"
    statement = people.auditor().ask(f"month statement {named}")["hash"]
    people.caller(CHANGXING, "reviewer-1").ask(f"month close {named} --statement {statement}")
    shown = people.caller(SHANGHAI, "auditor").ask(f"order show {order}")
    return {
        "ORDER": order,
        "VOUCHER": shown["voucher_id"],
        "PROGRAMME": town.programmes[CHANGXING],
        "FIRM": shown["firm"],
        "LAB": town.lab_id(lab),
        "KUNSHAN": town.lab_id(kunshan),
        "FLAGGED": flagged_id,
        "MONTH": month,
        "LATER": f"{datetime.now(UTC) + timedelta(days=40, hours=8):%Y-%m}",
    }


COMMANDS = [
    "order show $ORDER",
    "order list",
    "order list --stage ACCEPTED",
    "voucher show $VOUCHER",
    "voucher list",
    "voucher list --programme $PROGRAMME",
    "programme show $PROGRAMME",
    "programme list",
    "programme pool $PROGRAMME",
    "lab show $LAB",
    "lab list",
    "lab list --region 310000 --standing ACTIVE",
    "lab items $LAB",
    "lab recognitions 330522",
    "firm show $FIRM",
    "firm list",
    "flag show $FLAGGED",
    "flag list",
    "flag list --state STANDING",
    "month list",
    "month statement --home 330522 --host 310000 --month $MONTH",
    "month statement --home 330522 --host 310000 --month $LATER",
    "month statement --home 310000 --host 330522 --month $MONTH",
    "keys show $KUNSHAN",
    "keys proposals",
]


def asked(command, told):
    for name, value in told.items():
        command = command.replace(f"${name}", value)
    return f"{command} --json"


ASKERS_OWN = {"age_seconds", "ground"}


def without_askers_own(answer):
    """How old a block is depends on when one asks, and a flag's ground on who holds the tag key."""
    if isinstance(answer, list):
        return [without_askers_own(each) for each in answer]
    if isinstance(answer, dict):
        return {name: without_askers_own(each) for name, each in answer.items() if name not in ASKERS_OWN}
    return answer


@pytest.mark.parametrize("command", COMMANDS)
def test_a_node_tells_what_a_gateway_tells(people, told, command):
    at_gateway, at_node = people.caller(SHANGHAI, "auditor"), people.auditor()

    by_gateway = at_gateway.run(asked(command, told))
    by_node = at_node.run(asked(command, told))

    assert by_gateway.status == by_node.status == 0, by_node.err
    assert by_node.lines
    assert without_askers_own(by_node.lines) == without_askers_own(by_gateway.lines)


@pytest.mark.parametrize(
    "command",
    [
        "order show",
        "voucher show",
        "programme show",
        "programme pool",
        "lab show",
        "lab items",
        "firm show",
        "flag show",
        "keys show",
    ],
)
def test_what_nobody_has_is_not_found(people, told, command):
    said = people.auditor().run(f"{command} {NOBODYS} --json")

    assert (said.status, said.out, said.refusal["error"]) == (1, "", "NotFound")


def test_a_firm_that_was_never_flagged_has_no_flag(people, told):
    assert people.auditor().run(f"flag show {told['FIRM']} --json").refusal["error"] == "NotFound"


def test_who_has_a_gateway_asks_it(people, told):
    """A lab that can also reach a node is not shown other people's orders."""
    lab = people.lab(people.town.lab("lab-kunshan"))
    lab.settings = lab.settings | {"node_url": people.town.world.node_url}

    assert lab.run("order list --json").lines == []


def test_a_node_of_another_chain_is_not_read(people, told):
    other = json.loads((people.town.world.directory / "deployment.json").read_text())
    other["genesis_hash"] = "0x" + "00" * 32
    (people.folder / "other-chain.json").write_text(json.dumps(other))
    auditor = people.auditor()
    auditor.settings = auditor.settings | {"deployment": "other-chain.json"}

    said = auditor.run("order list --json")

    assert (said.status, said.out, said.refusal["error"]) == (5, "", "WrongDeployment")


def test_one_subject_is_a_nodes_to_tell(people, told):
    said = people.caller(SHANGHAI, "auditor").run(f"trail --subject {told['ORDER']} --json")

    assert (said.status, said.out, said.refusal["family"]) == (2, "", "usage")
    assert [each["name"] for each in people.auditor().run(f"trail --subject {told['ORDER']} --json").lines] == [
        "Reserved",
        "Claimed",
        "Redeemed",
        "Endorsed",
        "Accepted",
    ]


def test_without_gateway_and_node_nothing_is_asked(tmp_path):
    said = Desk(tmp_path).run(f"order show {NOBODYS} --json")

    assert (said.status, said.refusal["family"]) == (2, "usage")
