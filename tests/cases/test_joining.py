"""
A region joins that nobody has heard of, with rules that no other region has.

What it takes is a programme file, keys, and the members' vote: commands of `tongquan` and nothing else. From then on its firms order at a
lab of another region, and its own labs take that region's vouchers.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app as gateway_commands
from gateway.settings import Settings
from registry import Id, Node
from registry.audit import replay
from scripts.demonstration.cast import BEIJING, CHANGXING, KUNSHAN, PLACES, SHANGHAI, FirmCast, LabCast, sample_code
from scripts.demonstration.scene import against, named, pages
from scripts.demonstration.world import KeyFile, new_key_file, write_private
from tests.cases.files import stated
from tests.cli.conftest import Desk
from tests.gateway.conftest import served
from tests.gateway.newcomers import new_firm, voucher_id

pytestmark = pytest.mark.both_in_full

NEWTOWN = 650_999
FILE = Path(__file__).with_name("newtown.toml")
ROLES = {"issuer": "ISSUER", "reviewer-1": "REVIEWER", "reviewer-2": "REVIEWER", "payer": "PAYER", "directory": "DIRECTORY"}
# The year of a test's invoices: 2024.
INVOICES_OF = 24
SMALL = {"staff": 40, "revenue": "299999999"}


@dataclass
class Newtown:
    """The new region's office: a folder with its keys, and its people at command lines."""

    town: object
    folder: Path
    keys: dict[str, KeyFile]

    def holder(self, key: KeyFile, name: str) -> Desk:
        """Whoever holds a key, with a node's address and the deployment file."""
        world = self.town.world
        told = {"node_url": world.node_url, "deployment": world.directory / "deployment.json", "state_folder": self.folder / f"{name}.own"}
        return Desk(self.folder, told | {"keystore": key.path, "password_file": key.path.with_suffix(".password")})

    def officer(self, name: str) -> Desk:
        """Whoever acts for Newtown by one of its keys."""
        return self.holder(self.keys[name], name)

    def caller(self, name: str) -> Desk:
        """A caller at Newtown's own gateway."""
        write_private(self.folder / f"{name}.apikey", self.town.world.api_keys[NEWTOWN][name] + "\n")
        told = {"gateway_url": self.town.world.gateways[NEWTOWN], "api_key_file": f"{name}.apikey", "state_folder": f"{name}.state"}
        return Desk(self.folder, told)

    def add_key(self, name: str, *scope: str) -> None:
        """Give somebody an API key at Newtown's gateway."""
        state = self.folder / "state"
        asked = ["keys", "add", "--state", str(state), "--name", name, "--region", str(NEWTOWN), *scope, "--json"]
        made = CliRunner().invoke(gateway_commands, asked)
        assert made.exit_code == 0, made.output
        self.town.world.api_keys.setdefault(NEWTOWN, {})[name] = json.loads(made.stdout)["key"]


@pytest.fixture(scope="module")
def newtown(town) -> Iterator[Newtown]:
    folder = town.world.folder(NEWTOWN)
    keys = {name: new_key_file(folder, name) for name in ("admin", "recovery", *ROLES, "relay")}
    office = Newtown(town, folder, keys)
    be_voted_in(office)
    take_roles_up(office)
    take_tag_keys_over(office)
    with gateway_of(office):
        yield office


def be_voted_in(office: Newtown) -> None:
    """One region drafts; four of the six vote; anybody puts it into effect."""
    admins = [office.holder(office.town.world.officials[place.code]["admin"], f"admin-{place.code}") for place in PLACES]
    admin, recovery = office.keys["admin"].account.address, office.keys["recovery"].account.address
    drafted = admins[0].ask(f"motion draft ADMIT admit.json --region {NEWTOWN} --account {admin} --other {recovery}")
    for voter in admins[:3]:
        voter.ask("motion vote admit.json --yes")
    assert admins[0].run("motion enact admit.json --json").refusal["error"] == "NotCarried"
    admins[3].ask("motion vote admit.json --yes")
    office.officer("relay").ask("motion enact admit.json")
    assert drafted["kind"] == "ADMIT"


def take_roles_up(office: Newtown) -> None:
    """The admin offers, each account takes up its own."""
    for name, role in ROLES.items():
        office.officer("admin").ask(f"region offer {office.keys[name].account.address} {role}")
        office.officer(name).ask(f"region take-up {NEWTOWN} {role}")
    shown = office.officer("admin").ask(f"region show {NEWTOWN}")
    assert sorted(each["role"] for each in shown["accounts"]) == sorted(("ADMIN", "RECOVERY", *ROLES.values()))


def take_tag_keys_over(office: Newtown) -> None:
    """Shanghai seals the keys of tags to Newtown's gateway, and reads their fingerprints out."""
    maker, desk = Desk(office.town.world.directory), Desk(office.folder)
    password = office.keys["relay"].path.with_suffix(".password")
    public = desk.ask(f"keys tag handover-key handover.json --password-file {password}")["public"]
    told = maker.ask("keys tag fingerprints tag-keys.json")["fingerprints"]
    for epoch in (1, INVOICES_OF):
        sealed = office.folder / f"sealed-{epoch}.json"
        maker.ask(f"keys tag seal tag-keys.json {sealed} --epoch {epoch} --to {public}")
        fingerprint = told[str(epoch)]
        desk.ask(
            f"keys tag open {sealed} tag-keys.json --handover-key handover.json --fingerprint '{fingerprint}' --password-file {password}"
        )


@contextmanager
def gateway_of(office: Newtown) -> Iterator[None]:
    """Newtown's own gateway, from files that its operator wrote."""
    world = office.town.world
    accounts = {name: {"keystore": f"{name}.json", "password_file": f"{name}.password"} for name in ("relay", *ROLES)}
    write_private(office.folder / "accounts.json", json.dumps({"accounts": accounts}))
    for name in ROLES:
        office.add_key(name, "--party", re.sub("-.*", "", name).upper(), "--account", name)
    office.add_key("auditor", "--party", "AUDITOR")
    told = world.settings(NEWTOWN) | {"tag_keys": office.folder / "tag-keys.json"} | office.town.overrides
    with served(Settings(**told), lambda: office.town.now) as world.gateways[NEWTOWN]:
        yield
    del world.gateways[NEWTOWN]


@pytest.fixture(scope="module")
def programme(newtown) -> str:
    """Newtown's one file, opened; its first money set aside; Shanghai's lab recognised."""
    (newtown.folder / "newtown.toml").write_text(FILE.read_text(encoding="utf-8"), encoding="utf-8")
    opened = newtown.caller("issuer").ask("programme open newtown.toml")["programme_id"]
    newtown.caller("payer").ask(f"programme fund {opened} --amount 100000yuan --bank-reference NT-1")
    lab = newtown.town.lab_id(newtown.town.lab("lab-shanghai"))
    newtown.caller("directory").ask(f"lab recognise {lab} --from 2026-01-01 --until 2099-12-31")
    newtown.town.programmes[NEWTOWN] = opened
    return opened


@pytest.fixture
def firm(newtown) -> FirmCast:
    """A small firm of Newtown's, on record, with an API key of its own."""
    return _known(newtown, new_firm(newtown.town, NEWTOWN), SMALL)


def _known(office: Newtown, firm: FirmCast, facts: dict) -> FirmCast:
    stated(office.town, NEWTOWN, firm, **facts)
    office.add_key(firm.key, "--party", "FIRM", "--firm", firm.company_code)
    return firm


def issue(office: Newtown, firm: FirmCast, *, face: str = "1500000"):
    """What came of issuing one voucher; and its serial."""
    serial = f"NT-{office.town.number()}"
    return office.town.issue(NEWTOWN, [(firm.company_code, serial)], face=face, denomination="50000"), serial


def test_its_firm_uses_a_voucher_at_a_lab_of_another_region_by_newtown_s_own_rules(newtown, programme, firm):
    town, lab = newtown.town, newtown.town.lab("lab-shanghai")
    answer, serial = issue(newtown, firm)
    assert answer.status == 201, answer.body

    at_lab = town.desk(SHANGHAI, lab.key)
    assert at_lab.post("/v1/verifications", {"voucher": named(firm, serial), "amount": "700000"})["status"] == "VALID"
    # 70 % of the first 5,000 yuan and 45 % of the next 4,000.
    assert at_lab.post("/v1/quotes", {"voucher": named(firm, serial), "cost": "900000"})["subsidy"] == "530000"

    requested = town.submit("/v1/orders", lab, town.order(firm, lab, serial=serial, project="P-1", amount="550000"))
    assert (requested.status, requested["stage"]) == (201, "REQUESTED")
    order = requested["order_id"]
    newtown.caller("reviewer-1").ask(f"review approve {order}")
    assert town.redeemed(order, firm, lab, cost="900000").status == 201
    assert town.review("endorse", SHANGHAI, "reviewer-1", order) == "NotReviewer", "the first review is Newtown's"
    newtown.caller("reviewer-1").ask(f"review endorse {order}")
    assert town.review("accept", NEWTOWN, "reviewer-1", order) == "ReviewedBefore"
    newtown.caller("reviewer-2").ask(f"review accept {order}")
    newtown.caller("payer").ask(f"settle record {order} --payment-reference NT-PAY-1")

    shown = newtown.caller("auditor").ask(f"order show {order}")
    assert (shown["stage"], shown["subsidy"], shown["paid_to"]) == ("SETTLED", "530000", "LAB")
    assert town.pool(NEWTOWN) == {"funded": "10000000", "committed": "530000", "paid": "530000"}
    assert newtown.officer("admin").ask(f"voucher show {voucher_id(town, firm, serial)}")["voucher"]["redeemed"] == "530000"


def test_its_own_eligibility_and_tranche_decide(newtown, programme, firm):
    town = newtown.town
    large = _known(newtown, new_firm(town, NEWTOWN), SMALL | {"staff": 41})
    at_limit = _known(newtown, new_firm(town, NEWTOWN), SMALL | {"revenue": "300000000"})

    assert against(issue(newtown, large)[0]) == [[2, "most_staff"]]
    assert against(issue(newtown, at_limit)[0]) == [[2, "revenue_under"]]
    assert against(issue(newtown, firm, face="1550000")[0]) == [[2, "first_grant"]]
    assert issue(newtown, firm, face="500000")[0].status == 201
    assert against(issue(newtown, firm)[0]) == [[2, "next_grant"]], "a quarter has to be settled first"


def test_its_lab_takes_another_region_s_voucher(newtown, programme):
    """Changxing recognises it as any other; Newtown's firm is at home at that lab too, and is then paid itself."""
    town = newtown.town
    lab = LabCast("lab-newtown", NEWTOWN, "新城实验室（样例）", "Newtown laboratory (sample)", "NT-0001", sample_code(NEWTOWN, 1))
    town.world.parties[lab.key] = new_key_file(newtown.folder, lab.key)
    admitted = newtown.caller("directory").ask(
        f"lab admit --code {lab.code} --host-unit {lab.host_unit} --signer {town.signer(lab)} --qualified-until 2099-12-31"
    )
    assert Id(bytes.fromhex(admitted["id"][2:])) == town.world.lab_id(lab)
    newtown.add_key(lab.key, "--party", "LAB", "--lab", admitted["id"])
    guest = town.firm("firm-changxing")
    serial = f"NT-G-{town.number()}"
    assert town.issue(CHANGXING, [(guest.company_code, serial)], face="1000000", denomination="100000").status == 201
    at_lab = town.desk(NEWTOWN, lab.key)

    asked = {"voucher": named(guest, serial), "lab": admitted["id"]}
    assert [each["code"] for each in at_lab.post("/v1/verifications", asked)["reasons"]] == ["NotRecognised"]
    town.recognise(CHANGXING, admitted["id"])
    assert at_lab.post("/v1/verifications", asked)["status"] == "VALID"

    order = town.reserved(guest, lab, serial=serial, amount="500000")
    assert town.redeemed(order, guest, lab, cost="800000").status == 201
    assert town.review("endorse", NEWTOWN, "reviewer-1", order) == "ENDORSED", "the host's first review is Newtown's now"
    assert town.review("accept", CHANGXING, "reviewer-2", order) == "ACCEPTED"
    assert town.review("settle", CHANGXING, "payer", order, payment_reference=f"CX-{town.number()}") == "SETTLED"


def test_everybody_sees_it_and_the_chain_is_whole(newtown, programme):
    town = newtown.town
    for region in (SHANGHAI, BEIJING, KUNSHAN):
        trail = pages(town.desk(region, "auditor"), "/v1/trail", "events")
        assert [each["values"]["region"] for each in trail if each["name"] == "RegionAdmitted"][-1] == NEWTOWN

    audited = replay(Node(town.world.node_url), town.world.deployment)

    assert audited.differences == ()
