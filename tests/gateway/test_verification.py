"""
What a verification says and what the contracts do are tied: for each reason, an order for the same use is refused by that name.

And many in one call: the same answers as one by one, as of one block.
"""

import ast
import re
import secrets
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway import examples
from gateway.refusals import OF_VERB
from registry import (
    NO_ADDRESS,
    NO_ID,
    Client,
    Fen,
    Id,
    Item,
    Motion,
    MotionKind,
    Node,
    Order,
    Outbox,
    Region,
    Time,
    id_of,
    sign,
    typed_data,
)
from registry.chain.devnode import Engine
from registry.refusal_words import EXPLAINED
from scripts.demonstration.cast import BEIJING, CHANGXING, KUNSHAN, SHANGHAI
from tests.gateway.conftest import settled_in
from tests.gateway.newcomers import firm_id, named, new_firm, new_lab
from tests.gateway.reachable import bodies

YEAR = 365 * 86_400
WORDS = Path(__file__).resolve().parents[2] / "gateway" / "verification.py"


@dataclass
class Use:
    """A voucher and what it is to be used for."""

    firm: Any
    lab: str
    serial: str
    amount: int = 100_000
    item: str | None = None


def plain(town, *, face="1000000", denomination="100000", firm=None, lab=None, item=None, amount=100_000):
    firm = firm or new_firm(town, CHANGXING)
    lab = lab or new_lab(town, SHANGHAI, recognised_by=(CHANGXING,))
    return Use(firm, town.lab_id(lab), town.serial_for(firm, face=face, denomination=denomination), amount, item)


def under(town, text, *, use_by=None):
    """A voucher of a programme of its own, at a lab that its region recognises."""
    text = text.replace("CX-EXAMPLE", f"CX-OWN-{town.number()}")
    issuer, firm = town.desk(CHANGXING, "issuer"), new_firm(town, CHANGXING)
    town.state(CHANGXING, [firm])
    programme = issuer.post("/v1/programmes", {"file": text})["programme_id"]
    town.desk(CHANGXING, "payer").post(f"/v1/programmes/{programme}/fund", {"amount": "100000000", "bank_reference": f"V-{town.number()}"})
    serial, last = f"V-{town.number()}", use_by or town.now + YEAR
    terms = {"programme": programme, "face": "1000000", "denomination": "100000", "use_by": last, "claim_by": last}
    rows = {"recipients": [{"firm": firm.company_code, "serial": serial}]}
    assert issuer.post("/v1/vouchers/rows", terms | rows).status == 201
    return firm, new_lab(town, SHANGHAI, recognised_by=(CHANGXING,)), serial


def past_use_by(town):
    firm, lab, serial = under(town, examples.PROGRAMME_TEXT, use_by=town.node.timestamp() + 600)
    town.node.jump(700)
    return Use(firm, town.lab_id(lab), serial)


def not_whole_notes(town):
    return plain(town, amount=100_001)


def amount_zero(town):
    return plain(town, amount=0)


def part_of_a_joint_voucher(town):
    firm, lab, serial = under(town, examples.PROGRAMME_TEXT.replace("min_partners = 0", "min_partners = 2"))
    return Use(firm, town.lab_id(lab), serial)


def over_available(town):
    return plain(town, amount=1_100_000)


def firm_flagged(town):
    use = plain(town)
    town.desk(BEIJING, "directory").post("/v1/flags", {"subject": firm_id(town, use.firm), "reason": "A"})
    return use


def lab_flagged(town):
    use = plain(town)
    town.desk(BEIJING, "directory").post("/v1/flags", {"subject": use.lab, "reason": "A"})
    return use


def unknown_lab(town):
    use = plain(town)
    use.lab = "0x" + secrets.token_hex(32)
    return use


def not_active(verb):
    def build(town):
        use = plain(town)
        town.desk(SHANGHAI, "directory").post(f"/v1/labs/{use.lab}/{verb}", {})
        return use

    build.__name__ = verb
    return build


def not_qualified(town):
    lab = new_lab(town, SHANGHAI, recognised_by=(CHANGXING,))
    asked = {"seller": lab.host_unit, "qualified_until": town.node.timestamp() - 1}
    town.desk(SHANGHAI, "directory").post(f"/v1/labs/{town.lab_id(lab)}/renew", asked)
    return plain(town, lab=lab)


def seller_is_firm(town):
    use = plain(town)
    asked = {"seller": use.firm.company_code, "qualified_until": town.now + YEAR}
    town.desk(SHANGHAI, "directory").post(f"/v1/labs/{use.lab}/renew", asked)
    return use


def same_signer(town):
    lab = new_lab(town, SHANGHAI, recognised_by=(CHANGXING,))
    return plain(town, firm=new_firm(town, CHANGXING, signer=lab.key), lab=lab)


def item_required(town):
    firm, lab, serial = under(town, examples.PROGRAMME_TEXT.replace("itemised = false", "itemised = true"))
    return Use(firm, town.lab_id(lab), serial)


def item_not_listed(town):
    return plain(town, item="NONE")


def item_not_recognised(town):
    firm, lab, serial = under(town, examples.PROGRAMME_TEXT.replace("itemised = false", "itemised = true"))
    town.desk(SHANGHAI, "directory").post(f"/v1/labs/{town.lab_id(lab)}/items", {"codes": ["XRD"]})
    return Use(firm, town.lab_id(lab), serial, item="XRD")


def lab_not_recognised(town):
    return plain(town, lab=new_lab(town, BEIJING))


def recognition_over(town):
    use = plain(town)
    town.desk(CHANGXING, "directory").post("/v1/recognitions/withdraw", {"subjects": [use.lab]})
    return use


def recognition_not_yet(town):
    use = plain(town, lab=new_lab(town, BEIJING))
    window = {"subjects": [use.lab], "from": town.node.timestamp() + 86_400, "until": town.now + YEAR}
    assert town.desk(CHANGXING, "directory").post("/v1/recognitions", window).status == 201
    return use


def recognised_elsewhere(town):
    return plain(town, lab=new_lab(town, BEIJING, recognised_by=(SHANGHAI,)))


def unit_listed_but_not_the_lab(town):
    listed = new_lab(town, BEIJING, recognised_by=(CHANGXING,))
    return plain(town, lab=new_lab(town, BEIJING, host_unit=listed.host_unit))


def pool_short(town):
    free = int(town.desk(CHANGXING, "payer").get(f"/v1/programmes/{town.programmes[CHANGXING]}")["free"])
    face = str(free + 1)
    return plain(town, face=face, denomination=face, amount=free + 1)


REASONS = {
    past_use_by: "PastUseBy",
    amount_zero: "AmountZero",
    not_whole_notes: "NotWholeNotes",
    part_of_a_joint_voucher: "WholeVoucherOnly",
    over_available: "OverAvailable",
    firm_flagged: "SubjectFlagged",
    lab_flagged: "SubjectFlagged",
    unknown_lab: "UnknownLab",
    not_active("suspend"): "LabNotActive",
    not_active("exit"): "LabNotActive",
    not_active("freeze"): "LabNotActive",
    not_qualified: "NotQualified",
    seller_is_firm: "SellerIsFirm",
    same_signer: "SameSigner",
    item_required: "ItemRequired",
    item_not_listed: "ItemNotListed",
    item_not_recognised: "NotRecognised",
    lab_not_recognised: "NotRecognised",
    recognition_over: "NotRecognised",
    recognition_not_yet: "NotRecognised",
    recognised_elsewhere: "NotRecognised",
    unit_listed_but_not_the_lab: "NotRecognised",
    pool_short: "PoolShort",
}


# What several of them have one code for, or a person would ask further about: the cause, and what is told besides the contract's values.
CAUSES = {
    "past_use_by": ("EXPIRED", set()),
    "firm_flagged": ("FIRM_FLAGGED", set()),
    "lab_flagged": ("LAB_FLAGGED", set()),
    "suspend": ("SUSPENDED", {"since"}),
    "exit": ("EXITED", {"since"}),
    "freeze": ("FROZEN", {"since"}),
    "not_qualified": ("QUALIFICATION_EXPIRED", set()),
    "item_not_recognised": ("ITEM_NOT_ELIGIBLE", {"item_code"}),
    "lab_not_recognised": ("LOCAL_ONLY", {"host"}),
    "recognition_over": ("NO_LONGER", {"from", "until"}),
    "recognition_not_yet": ("NOT_YET", {"from", "until"}),
    "recognised_elsewhere": ("NOT_BY_THIS_REGION", set()),
    "unit_listed_but_not_the_lab": ("UNIT_LISTED_NOT_LAB", {"listed_labs"}),
}


def verified(town, use):
    asked = {
        "voucher": {"region": CHANGXING, "firm": use.firm.company_code, "serial": use.serial},
        "lab": use.lab,
        "amount": str(use.amount),
    }
    return town.desk(CHANGXING, "reviewer-1").post("/v1/verifications", asked | ({"item": use.item} if use.item else {}))


def reserved(town, use):
    """What the contracts say to an order for the same use, signed by whoever has to."""
    voucher = town.voucher(CHANGXING, use.firm, use.serial)["voucher_id"]
    lab = Id(bytes.fromhex(use.lab[2:]))
    order = Order(
        voucher=Id(bytes.fromhex(voucher[2:])),
        lab=lab,
        item=id_of(Item(lab, use.item)) if use.item else NO_ID,
        project=town.world.keyring.project(use.firm.company_code, "P"),
        amount=Fen(use.amount),
        valid_until=Time(town.node.timestamp() + 3_600),
        nonce=town.number(),
    )
    domain, parties = town.world.deployment.domain, town.world.parties
    lab_key = next((parties[name].key for name in parties if _is_lab(town, name, use.lab)), secrets.token_bytes(32))
    signed = {
        "typed_data": typed_data(order, domain),
        "firm_signature": "0x" + sign(order, domain, parties[use.firm.key].key).hex(),
        "lab_signature": "0x" + sign(order, domain, lab_key).hex(),
    }
    return town.desk(SHANGHAI, "lab-shanghai").post("/v1/orders", signed)


def _is_lab(town, name, lab):
    signer = town.desk(SHANGHAI, "auditor").get(f"/v1/keys/{lab}")
    return signer.status == 200 and town.world.parties[name].account.address.lower() == signer["signer"]


@pytest.mark.parametrize("build", REASONS, ids=lambda each: f"{each.__name__}-{REASONS[each]}")
def test_a_reason_is_the_contracts_own_refusal(town, build):
    use = build(town)
    before = town.event_count()

    told = verified(town, use)
    refused = reserved(town, use)

    assert (told["status"], [each["code"] for each in told["reasons"]]) == ("NOT_VALID", [REASONS[build]])
    assert refused.code == REASONS[build]
    for name, value in told["reasons"][0]["values"].items():
        assert refused["values"][name] == value
    assert town.event_count() == before

    reason = told["reasons"][0]
    cause, besides = CAUSES.get(build.__name__, (None, set()))
    assert (reason["cause"], refused["values"].get("cause")) == (cause, cause)
    assert besides <= reason["values"].keys()
    assert refused["detail"] == f"{reason['zh']} {reason['en']}"


def test_a_cause_says_since_when_from_when_and_until_when(town):
    suspended, over, waiting = not_active("suspend")(town), recognition_over(town), recognition_not_yet(town)
    events = {(each["name"], each["values"].get("lab") or each["values"].get("subject")): each for each in town.events()}

    (first,), (second,), (third,) = (verified(town, use)["reasons"] for use in (suspended, over, waiting))

    assert first["values"]["since"] == events["StandingSet", suspended.lab]["time"]
    assert second["values"]["until"] == events["Withdrawn", over.lab]["time"] - 1
    window = events["Recognised", waiting.lab]["values"]
    assert (third["values"]["from"], third["values"]["until"]) == (window["from"], window["until"])


def test_every_reason_has_words_and_so_has_whatever_a_reservation_is_refused_for():
    reasons = set(re.findall(r'Rejected\("(\w+)"', WORDS.read_text(encoding="utf-8")))

    assert len(reasons) > 10
    assert reasons | set(OF_VERB["reserve"]) <= EXPLAINED


def test_without_a_reason_the_contract_accepts(town):
    use = plain(town)

    assert verified(town, use)["reasons"] == []
    assert reserved(town, use)["stage"] == "OPEN"


def test_a_suspended_region_is_a_reason_and_a_refusal(_chain_ids, tmp_path):  # noqa: PT019 - its value is used
    with settled_in(Engine.ANVIL, next(_chain_ids), tmp_path) as town, ExitStack() as stack:
        use, world = plain(town), town.world
        motion = Motion(
            kind=MotionKind.SUSPEND,
            region=Region(SHANGHAI),
            account=NO_ADDRESS,
            other=NO_ADDRESS,
            subject=NO_ID,
            expires=Time(town.node.timestamp() + 86_400),
            nonce=1,
        )
        node = Node(world.node_url)
        outbox = stack.enter_context(Outbox(tmp_path / "motions.sqlite", node, chain_id=world.deployment.chain_id))
        admins = [Client(node, world.deployment, outbox, keys["admin"].account) for region, keys in world.officials.items()]
        voters = [each for each, region in zip(admins, world.officials, strict=True) if region != SHANGHAI][:4]
        for each in voters:
            each.vote(motion)
        voters[0].enact(motion)

        told, refused = verified(town, use), reserved(town, use)

        assert [each["code"] for each in told["reasons"]] == ["Suspended"]
        assert (refused.code, refused["values"]["region"]) == ("Suspended", SHANGHAI)


def test_no_reason_is_left_out_of_these_and_none_of_the_contract_out_of_the_reasons():
    tree = ast.parse(WORDS.read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Rejected"]
    reasons = {each.args[0].value for each in calls}
    of_uses = [bodies()[each][0] for each in ("Reserve", "require_admissible", "_require_recognised", "require_running", "require_free")]
    guards = {
        node.args[1].value
        for body in of_uses
        for node in ast.walk(body)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "require"
    }

    # Tags of two epochs are no contract's reason; `test_tag_epochs` meets it.
    assert set(REASONS.values()) | {"Suspended", "EpochsMixed"} == reasons
    # A voucher is only issued to a firm that is enrolled, by a region that joined; neither ever leaves. Whoever asks
    # names a voucher that is known, and no order: the other three cannot come.
    assert guards - {"FirmNotEnrolled", "UnknownRegion", "UnknownVoucher", "VoucherMismatch", "OrderSeen"} <= reasons


# Many at once


def test_many_are_answered_like_one_by_one(town, firm, lab):
    serials = [town.serial_for(firm) for _ in range(3)]
    town.reserved(firm, lab, serial=serials[1], amount="1000000")
    wrong = firm.company_code[:-1] + ("0" if firm.company_code[-1] != "0" else "1")
    named = [{"region": CHANGXING, "firm": firm.company_code, "serial": each} for each in (*serials, "NONE")]
    named += [named[0] | {"firm": wrong}]
    asked = [{"voucher": each, "amount": "100000"} for each in named]
    desk = town.desk(SHANGHAI, lab.key)

    many = desk.post("/v1/verifications/batch", {"verifications": asked})
    single = [desk.post("/v1/verifications", each) for each in asked]

    assert [each["status"] for each in many["verifications"]] == ["VALID", "NOT_VALID", "VALID", "NOT_VALID", "NOT_VALID"]
    for one, of_many in zip(single[:4], many["verifications"], strict=False):
        assert (one["status"], one["reasons"], one["voucher"]) == (of_many["status"], of_many["reasons"], of_many["voucher"])
        assert of_many["block"] == many["block"]
    assert single[4].code == many["verifications"][4]["reasons"][0]["code"] == "CodeRefused"


def test_what_one_may_not_ask_about_is_not_answered_among_many(town, firm):
    serial = town.serial_for(firm)
    asked = {"verifications": [{"voucher": {"region": CHANGXING, "firm": firm.company_code, "serial": serial}}]}

    other = town.desk(KUNSHAN, "reviewer-1").post("/v1/verifications/batch", asked)
    in_anothers_name = asked | {"verifications": [asked["verifications"][0] | {"lab": "0x" + "11" * 32}]}

    answer = other["verifications"][0]
    assert (answer["status"], answer["voucher"], answer["reasons"]) == ("UNKNOWN", None, [])
    single = town.desk(KUNSHAN, "reviewer-1").post("/v1/verifications", asked["verifications"][0])
    assert (answer["refused"]["code"], answer["refused"]["values"]) == (single.code, single["values"]) == ("NotYours", {})
    assert town.desk(SHANGHAI, "lab-shanghai").post("/v1/verifications/batch", in_anothers_name).code == "NotYours"


def test_a_serial_of_two_programmes_is_refused_alone_and_among_many(town, firm, lab):
    serial = town.serial_for(firm)
    text = examples.PROGRAMME_TEXT.replace("CX-EXAMPLE", f"CX-TWICE-{town.number()}")
    issuer = town.desk(CHANGXING, "issuer")
    last = town.now + YEAR
    terms = {"programme": issuer.post("/v1/programmes", {"file": text})["programme_id"], "face": "100", "denomination": "100"}
    rows = {"use_by": last, "claim_by": last, "recipients": [{"firm": firm.company_code, "serial": serial}]}
    assert issuer.post("/v1/vouchers/rows", terms | rows).status == 201
    asked = {"voucher": {"region": CHANGXING, "firm": firm.company_code, "serial": serial}}
    desk = town.desk(SHANGHAI, lab.key)

    single, (of_many,) = (
        desk.post("/v1/verifications", asked),
        desk.post("/v1/verifications/batch", {"verifications": [asked]})["verifications"],
    )

    assert (single.status, single.code, len(single["values"]["vouchers"])) == (409, "SerialAmbiguous", 2)
    assert (of_many["status"], of_many["reasons"], of_many["voucher"]) == ("UNKNOWN", [], None)
    assert of_many["refused"] == {"code": single.code, "values": single["values"]}


def test_500_in_one_call_are_answered_as_of_one_block_and_501_are_refused(town, firm, lab):
    one = {"voucher": {"region": CHANGXING, "firm": firm.company_code, "serial": town.serial_for(firm)}}
    desk = town.desk(SHANGHAI, lab.key)

    many = desk.post("/v1/verifications/batch", {"verifications": [one] * 500})
    too_many = desk.post("/v1/verifications/batch", {"verifications": [one] * 501})

    assert len(many["verifications"]) == 500
    assert {(each["status"], each["block"]["number"]) for each in many["verifications"]} == {("VALID", many["block"]["number"])}
    assert too_many.code == "InvalidRequest"


def test_an_amount_that_no_log_can_hold_is_refused_before_it_is_looked_up(town, firm, lab):
    """It would be the row that keeps all others of its round from being written, and their callers from being answered."""
    asked = {"voucher": named(firm, town.serial_for(firm))}
    most, too_much = (asked | {"amount": str(2**63 + more)} for more in (-1, 0))
    desk = town.desk(SHANGHAI, lab.key)

    held, refused = desk.post("/v1/verifications", most), desk.post("/v1/verifications", too_much)
    together = desk.post("/v1/verifications/batch", {"verifications": [asked, too_much]})

    assert held["status"] == "NOT_VALID"
    assert "OverAvailable" in [each["code"] for each in held["reasons"]]
    assert [(each.status, each.code) for each in (refused, together)] == [(422, "InvalidRequest")] * 2
