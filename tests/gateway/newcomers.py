"""Firms and labs that a test enters for itself, and what parties sign in it."""

import re
from typing import Any

from eth_account import Account

from gateway.api_keys import ApiKeys
from gateway.callers import Party
from registry import Firm, Region, Release, StandIn, id_of, sign
from registry.rules.consortium import month_of
from scripts.demonstration.cast import FirmCast, LabCast
from scripts.demonstration.desks import read_and_sign
from scripts.demonstration.world import new_key_file

GRANT_ALL = "eligible = []\n\n[policy.grants]\non_application = true\ntop_up = true\n\n"


def granting_all(programme: str) -> str:
    """A programme file without its rules of who may get how much."""
    return re.sub(r"\[\[policy\.eligible.*(?=\[policy\.evidence\])", GRANT_ALL, programme, flags=re.DOTALL)


def new_firm(town, region: int, *, signer: str | None = None) -> FirmCast:
    """A firm just enrolled, with a key of its own, or with `signer`'s."""
    number = town.number()
    firm = FirmCast(f"firm-new-{number}", region, "企业（样例）", "Firm (sample)", town.company_code(region))
    parties = town.world.parties
    parties[firm.key] = parties[signer] if signer else new_key_file(town.world.directory / "parties", firm.key)
    asked = {"firm": firm.company_code, "signer": town.world.parties[firm.key].account.address}
    assert town.desk(region, "directory").post("/v1/firms", asked).status == 201
    return firm


def give_api_key(town, firm: FirmCast) -> None:
    """Let a firm ask its own region's gateway."""
    with ApiKeys(town.world.folder(firm.region) / "state") as keys:
        town.world.api_keys[firm.region][firm.key], _ = keys.add(
            name=firm.key, party=Party.FIRM, region=firm.region, firm=firm.company_code
        )


def second_payer(town, region: int) -> str:
    """A second officer of a region's payer, with an API key of his own; by his name."""
    with ApiKeys(town.world.folder(region) / "state") as keys:
        if "payer-2" not in town.world.api_keys[region]:
            town.world.api_keys[region]["payer-2"], _ = keys.add(name="payer-2", party=Party.PAYER, region=region, account="payer")
    return "payer-2"


def agency_for(town, *labs: LabCast) -> str:
    """The caller's name of an agency that acts for these labs, with a key to their gateway."""
    name, region = f"agency-{town.number()}", labs[0].region
    ids = [town.world.lab_id(each) for each in labs]
    with ApiKeys(town.world.folder(region) / "state") as keys:
        town.world.api_keys[region][name], _ = keys.add(name=name, party=Party.AGENCY, region=region, labs=ids)
    return name


def new_lab(town, region: int, *, recognised_by: tuple[int, ...] = (), host_unit: str | None = None, signer: str | None = None) -> LabCast:
    """A lab just admitted, whose host unit invoices for it; no key to the gateway. It signs with a key of its own, or with `signer`'s."""
    number = town.number()
    host_unit = host_unit or town.company_code(region)
    lab = LabCast(f"lab-new-{number}", region, "检测机构（样例）", "Laboratory (sample)", f"NEW-{number:05}", host_unit)
    parties = town.world.parties
    parties[lab.key] = parties[signer] if signer else new_key_file(town.world.directory / "parties", lab.key)
    asked = {"code": lab.code, "host_unit": host_unit, "signer": signer_of(town, lab), "qualified_until": town.now + 900 * 86_400}
    assert town.desk(region, "directory").post("/v1/labs", asked).status == 201
    for each in recognised_by:
        asked = {"subjects": [town.lab_id(lab)], "from": 0, "until": town.now + 900 * 86_400}
        assert town.desk(each, "directory").post("/v1/recognitions", asked).status == 201
    return lab


def past_month(town) -> int:
    """The month in which the consortium was founded, over by now on the chain's clock."""
    first = month_of(town.events()[0]["time"])
    if month_of(town.node.timestamp()) == first:
        town.node.jump(31 * 86_400)
    return first


def signer_of(town, party: FirmCast | LabCast) -> str:
    """The account that signs for a party."""
    return town.world.parties[party.key].account.address


def firm_id(town, firm: FirmCast) -> str:
    """A firm's id in the directory."""
    return "0x" + id_of(Firm(Region(firm.region), town.world.keyring.firm(firm.company_code))).hex()


def named(firm: FirmCast, serial: str) -> dict[str, Any]:
    """A voucher, as a request names it."""
    return {"region": firm.region, "firm": firm.company_code, "serial": serial}


def voucher_id(town, firm: FirmCast, serial: str) -> str:
    """A voucher's id."""
    return town.voucher(firm.region, firm, serial)["voucher_id"]


def order_at(town, firm: FirmCast, lab: LabCast, *, serial: str, amount: str, project: str = "P-1") -> dict[str, Any]:
    """An order that the firm prepares, for a lab that has no key to a gateway; both signed."""
    voucher = {"region": firm.region, "firm": firm.company_code, "serial": serial}
    asked = {"voucher": voucher, "lab": town.lab_id(lab), "project": project, "amount": amount}
    prepared = town.desk(firm.region, firm.key).post("/v1/orders/prepare", asked)
    return both_signed(town, prepared["typed_data"], firm, lab)


def both_signed(town, document: dict[str, Any], firm: FirmCast, lab: LabCast) -> dict[str, Any]:
    """A document of whatever kind with both signatures."""
    return {
        "typed_data": document,
        "firm_signature": signature(town, document, firm),
        "lab_signature": signature(town, document, lab),
    }


def signature(town, document: dict[str, Any], party: FirmCast | LabCast) -> str:
    """A party's signature on a document."""
    from registry import Order, Redemption  # noqa: PLC0415 - by the document's own name

    kind = {"Order": Order, "Redemption": Redemption, "Release": Release}[document["primaryType"]]
    return read_and_sign(document, kind, town.world.deployment.domain, town.world.parties[party.key].key, agreed={})


def release_document(town, order: str, lab: LabCast) -> dict[str, Any]:
    """The release of an order, as the lab's gateway prepares it."""
    return town.desk(lab.region, lab.key).post("/v1/releases/prepare", {"order": order})["typed_data"]


def moved(town, order: str, firm: FirmCast, old: LabCast, new: LabCast) -> dict[str, Any]:
    """An order's move to another lab as the firm's gateway prepares it, signed by all three."""
    prepared = town.desk(firm.region, firm.key).post(f"/v1/orders/{order}/move/prepare", {"lab": town.lab_id(new)})
    release = prepared["release"]["typed_data"]
    return {
        "release": {"typed_data": release, "lab_signature": signature(town, release, old)},
        "order": both_signed(town, prepared["order"]["typed_data"], firm, new),
    }


def redemption_document(town, order: str, lab: LabCast, *, cost: str, desk: tuple[int, str] | None = None) -> dict[str, Any]:
    """A redemption on a new invoice, as a gateway prepares it for one of the parties."""
    asked = {
        "order": order,
        "cost": cost,
        "agreement": {"seller": lab.host_unit, "number": f"C-{town.number()}"},
        "invoice": town.invoice(),
        "invoice_amount": cost,
        "report_sha256": "00" * 32,
    }
    return town.desk(*(desk or (lab.region, lab.key))).post("/v1/redemptions/prepare", asked)["typed_data"]


def settled(town, firm: FirmCast, lab: LabCast) -> str:
    """An order of Changxing that went all the way."""
    order = town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000")
    assert town.redeemed(order, firm, lab, cost="800000").status == 201
    town.review("endorse", lab.region, "reviewer-1", order)
    town.review("accept", firm.region, "reviewer-1", order)
    assert town.review("settle", firm.region, "payer", order, payment_reference=f"B-{town.number()}") == "SETTLED"
    return order


def raw_of(town, transaction: dict[str, Any], party: FirmCast | LabCast) -> str:
    """A prepared transaction, signed by a party."""
    return "0x" + bytes(town.world.parties[party.key].account.sign_transaction(transaction).raw_transaction).hex()


def new_account() -> Any:
    """An account that nobody knows."""
    return Account.create()


def stand_in(town, redemption: bytes, reason: bytes, key: bytes) -> bytes:
    """A stand-in's signature."""
    return sign(StandIn(redemption, reason), town.world.deployment.domain, key)
