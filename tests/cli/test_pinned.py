"""A lab and a firm with a key file and a gateway's address: chain and contracts pinned in the configuration, no deployment file."""

import json
import tomllib

import pytest

from scripts.demonstration.cast import KUNSHAN
from tests.cli.conftest import Desk, light_key
from tests.cli.people import people_in

pytestmark = pytest.mark.both_in_full


@pytest.fixture(scope="module")
def people(engine, _chain_ids, tmp_path_factory):
    with people_in(engine, next(_chain_ids), tmp_path_factory.mktemp("town")) as people:
        (people.folder / "report.pdf").write_bytes(b"a report")
        yield people


def pinned(people, party, *, leave_out=(), **changed):
    """Their desk, with what the deployment file would say written into the configuration instead."""
    deployment = people.town.world.deployment
    written = tomllib.loads((people.folder / f"{party.key}.toml").read_text())
    del written["deployment"]
    written |= {"chain_id": deployment.chain_id, "registry": deployment.registry, "directory": deployment.directory} | changed
    # A JSON text is a TOML text as well.
    lines = [f"{name} = {json.dumps(value)}\n" for name, value in written.items() if name not in leave_out]
    (people.folder / f"{party.key}-pinned.toml").write_text("".join(lines))
    return Desk(people.folder, {"config": f"{party.key}-pinned.toml"})


def test_an_order_and_its_redemption(people):
    town = people.town
    firm, lab = town.firm("firm-changxing"), town.lab("lab-shanghai")
    at_lab, at_firm = pinned(people, lab), pinned(people, firm)
    voucher = f"--region {firm.region} --firm {firm.company_code} --serial {people.serial(firm)}"

    at_lab.ask(f"order prepare order.json {voucher} --project P-1 --amount 5000yuan")
    at_lab.ask("order sign order.json --as lab --amount 5000yuan --yes")
    at_firm.ask("order sign order.json --as firm --amount 5000yuan --yes")
    order = at_lab.ask("order submit order.json")
    work = f"--cost 8000yuan --seller {lab.host_unit} --contract C-1 --report report.pdf"
    invoice = f"--invoice {town.number():08} --invoice-code 3100241130 --invoice-amount 8000yuan"
    at_lab.ask(f"redeem prepare redemption.json --order {order['order_id']} {work} {invoice}")
    at_lab.ask("redeem sign redemption.json --as lab --subsidy 4800yuan --yes")
    at_firm.ask("redeem sign redemption.json --as firm --subsidy 4800yuan --yes")
    redemption = at_lab.ask("redeem submit redemption.json")

    assert (order["stage"], redemption["stage"]) == ("OPEN", "REDEEMED")


def test_a_veto_and_a_new_key(people):
    lab = people.town.lab("lab-kunshan")
    subject, proposed, chosen = people.town.lab_id(lab), light_key(people.folder, "proposed.json"), light_key(people.folder, "chosen.json")
    people.caller(KUNSHAN, "directory").ask(f"keys propose {subject} --signer {proposed}")
    at_lab = pinned(people, lab)

    vetoed = at_lab.ask(f"keys veto --subject {subject}")
    rotated = at_lab.ask(f"keys rotate --subject {subject} --signer {chosen}")

    assert (vetoed["outcome"], rotated["outcome"]) == ("VETOED", "ROTATED")
    assert at_lab.ask(f"keys show {subject}")["signer"] == chosen.lower()


def test_another_directory_than_the_pinned_one_is_not_signed_for(people):
    lab = people.town.lab("lab-beijing")
    subject, chosen = people.town.lab_id(lab), light_key(people.folder, "never.json")
    at_lab = pinned(people, lab, directory=people.town.world.deployment.registry)

    said = at_lab.run(f"keys rotate --subject {subject} --signer {chosen} --json")

    assert (said.status, said.refusal["error"]) == (5, "TransactionDiffers")
    assert set(said.refusal["values"]) == {"to"}


@pytest.mark.parametrize(("leave_out", "changed"), [(["directory"], {}), (["chain_id"], {}), ([], {"directory": "0x12"})])
def test_without_a_directory_no_key_is_changed(people, leave_out, changed):
    lab = people.town.lab("lab-shanghai")
    at_lab = pinned(people, lab, leave_out=leave_out, **changed)

    said = at_lab.run(f"keys rotate --subject {people.town.lab_id(lab)} --signer {light_key(people.folder, 'unused.json')} --json")
    (people.folder / "unused.json").unlink()

    assert (said.status, said.out, said.refusal["error"]) == (2, "", "SettingRefused")
