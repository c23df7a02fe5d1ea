"""Quotes, verification and the hotline: what is told, to whom, and what is never told."""

import pytest

from gateway.api_keys import ApiKeys
from gateway.callers import Party
from scripts.demonstration.cast import BEIJING, CHANGXING, KUNSHAN, SHANGHAI, sample_code
from scripts.demonstration.desks import Desk
from tests.gateway.newcomers import named, new_firm


def test_a_quote_tells_subsidy_notes_and_what_lapses(town, firm, lab):
    serial = town.serial_for(firm)

    answer = town.desk(SHANGHAI, lab.key).post("/v1/quotes", {"voucher": named(firm, serial), "cost": "800001"})

    # 60 % of 8,000.01 yuan: whole fen, never rounded up.
    assert (answer["subsidy"], answer["amount"], answer["lapses"], answer["firm_pays"]) == ("480000", "500000", "20000", "320001")
    assert answer["block"]["age_seconds"] >= 0


def test_a_usable_voucher_is_valid_as_of_a_block(town, firm, lab):
    serial = town.serial_for(firm)

    answer = town.desk(SHANGHAI, lab.key).post("/v1/verifications", {"voucher": named(firm, serial), "amount": "500000"})

    assert (answer["status"], answer["reasons"]) == ("VALID", [])
    assert (answer["voucher"]["available"], answer["voucher"]["held"]) == ("1000000", [])
    assert answer["block"]["number"] > 0
    assert answer["block"]["time"] > 1_700_000_000


def test_every_reason_is_told_at_once(town, lab):
    """A Kunshan voucher at a Beijing lab that Kunshan does not recognise, for a broken note, over what is left and over the pool."""
    firm = town.firm("firm-kunshan")
    serial = town.serial_for(firm, face="90000000", denomination="30000000")
    asked = {"voucher": named(firm, serial), "amount": "90000001"}

    answer = town.desk(BEIJING, "lab-beijing").post("/v1/verifications", asked)

    assert answer["status"] == "NOT_VALID"
    assert [each["code"] for each in answer["reasons"]] == ["NotWholeNotes", "OverAvailable", "NotRecognised", "PoolShort"]
    assert answer["reasons"][1]["values"]["available"] == "90000000"


def test_a_quote_says_why_a_voucher_gives_nothing_now(town, firm, lab):
    serial = town.serial_for(firm)
    asked = {"voucher": named(firm, serial), "cost": "800000"}
    free = town.desk(SHANGHAI, lab.key).post("/v1/quotes", asked)
    town.reserved(firm, lab, serial=serial, amount="1000000")

    answer = town.desk(SHANGHAI, lab.key).post("/v1/quotes", asked)

    assert (free["amount"], free["reasons"]) == ("500000", [])
    assert (answer["amount"], [each["code"] for each in answer["reasons"]]) == ("0", ["OverAvailable"])


def test_an_unknown_pair_of_firm_and_serial_is_not_valid_and_tells_nothing(town, firm, lab):
    serial = town.serial_for(firm)
    stranger = town.firm("firm-beijing")

    answer = town.desk(SHANGHAI, lab.key).post(
        "/v1/verifications", {"voucher": {"region": CHANGXING, "firm": stranger.company_code, "serial": serial}}
    )

    (reason,) = answer["reasons"]
    assert (answer["status"], reason["code"], reason["values"], answer["voucher"]) == ("NOT_VALID", "UnknownVoucher", {}, None)


def test_a_voucher_of_a_region_that_is_no_member_is_unknown_by_its_region(town):
    """One of many is told so too, and the log has the reason."""
    desk = town.desk(SHANGHAI, "lab-shanghai")
    asked = {"voucher": {"region": 330_523, "firm": town.firm("firm-changxing").company_code, "serial": "S-1"}}

    alone, (among,) = (
        desk.post("/v1/verifications", asked),
        desk.post("/v1/verifications/batch", {"verifications": [asked]})["verifications"],
    )

    told = [(each["status"], [(reason["code"], reason["values"]) for reason in each["reasons"]]) for each in (alone.body, among)]
    assert told == [("NOT_VALID", [("UnknownRegion", {"region": 330_523})])] * 2
    newest = town.desk(SHANGHAI, "auditor").get("/v1/lookups", limit=1)["lookups"][0]
    assert (newest["answer"], newest["reasons"]) == ("NOT_VALID", ["UnknownRegion"])


def test_a_held_voucher_tells_another_lab_region_and_time_but_no_lab_and_no_tag(town, firm, lab):
    serial = town.serial_for(firm)
    order = town.reserved(firm, lab, serial=serial, amount="1000000")

    answer = town.desk(BEIJING, "lab-beijing").post("/v1/verifications", {"voucher": named(firm, serial)})

    since = town.desk(SHANGHAI, lab.key).get(f"/v1/orders/{order}")["history"][0]["time"]
    assert answer["status"] == "NOT_VALID"
    assert answer["voucher"]["held"] == [{"region": SHANGHAI, "since": since, "amount": "1000000", "stage": "OPEN"}]
    keys = town.world.keyring
    hidden = [town.world.lab_id(lab), keys.firm(firm.company_code), keys.serial(CHANGXING, serial), keys.firm(lab.host_unit)]
    assert not any(each.hex() in str(answer.body) for each in [*hidden, bytes.fromhex(order[2:])])


@pytest.fixture
def claimed(town, lab):
    """What a Beijing firm has claimed under an agreement, whose rate falls with what was claimed before."""
    firm, contract = town.firm("firm-beijing"), f"A-{town.number()}"
    order = town.reserved(firm, lab, serial=town.serial_for(firm, face="90000000", denomination="1"), amount="18000000")
    assert town.review("approve", BEIJING, "reviewer-1", order) == "OPEN"
    signed = town.redemption(order, firm, lab, cost="20000000", contract=contract, invoice=town.invoice())
    assert town.submit("/v1/redemptions", lab, signed)["stage"] == "REDEEMED"
    return {"seller": lab.host_unit, "number": contract}


def key_for(town, firm):
    """A key to its gateway for a firm that has none yet."""
    with ApiKeys(town.world.folder(firm.region) / "state") as keys:
        key, _ = keys.add(name=f"{firm.key}-{town.number()}", party=Party.FIRM, region=firm.region, firm=firm.company_code)
    return Desk(town.http, town.world.gateways[firm.region], key)


def test_an_agreement_is_quoted_to_those_alone_whose_claims_it_counts(town, lab, claimed):
    firm, stranger = town.firm("firm-beijing"), new_firm(town, BEIJING)
    own = {"voucher": named(firm, town.serial_for(firm, face="90000000", denomination="1")), "cost": "20000000"}
    strangers = own | {"voucher": named(stranger, town.serial_for(stranger, face="90000000", denomination="1"))}
    laboratory = town.desk(SHANGHAI, lab.key)
    without = laboratory.post("/v1/quotes", own)["subsidy"]

    told = [
        laboratory.post("/v1/quotes", own | {"agreement": claimed}),
        town.desk(BEIJING, firm.key).post("/v1/quotes", own | {"agreement": claimed}),
        town.desk(BEIJING, "reviewer-1").post("/v1/quotes", own | {"agreement": claimed}),
        town.desk(BEIJING, "auditor").post("/v1/quotes", own | {"agreement": claimed}),
        # Whoever's voucher it is, to the lab it is its own agreement.
        laboratory.post("/v1/quotes", strangers | {"agreement": claimed}),
    ]
    assert len({each["subsidy"] for each in told}) == 1
    assert int(told[0]["subsidy"]) < int(without)

    other_lab = town.desk(BEIJING, "lab-beijing").post("/v1/quotes", own | {"agreement": claimed})
    assert (other_lab.status, other_lab.code, other_lab["values"]) == (422, "SellerDiffers", {})
    desk = key_for(town, stranger)
    assert desk.post("/v1/quotes", strangers)["subsidy"] == without
    # Whether there is such an agreement or not, it is told the same.
    for agreement in (claimed, claimed | {"number": "NONE"}):
        refused = desk.post("/v1/quotes", strangers | {"agreement": agreement})
        assert (refused.status, refused.code, refused["values"]) == (403, "AgreementNotYours", {})
    assert newest(town)["answer"] == "AgreementNotYours"


def newest(town):
    return town.desk(BEIJING, "auditor").get("/v1/lookups", limit=1)["lookups"][0]


def test_the_three_facts_are_answered_apart(town, firm, lab):
    serial = town.serial_for(firm)
    desk = town.desk(CHANGXING, "reviewer-1")

    before = desk.post("/v1/facts", {"voucher": named(firm, serial), "project": "P-1"})
    town.reserved(firm, lab, serial=serial, amount="100000")
    right = desk.post("/v1/facts", {"voucher": named(firm, serial), "project": "p 1"})
    wrong = desk.post("/v1/facts", {"voucher": named(firm, serial), "project": "P-2"})
    nobody = desk.post("/v1/facts", {"voucher": named(firm, serial) | {"firm": sample_code(CHANGXING, 999)}, "project": "P-1"})

    assert [(each["enterprise"], each["serial"], each["project"]) for each in (before, right, wrong, nobody)] == [
        (True, True, "NOT_REGISTERED"),
        (True, True, "TRUE"),
        (True, True, "FALSE"),
        (False, False, "NOT_REGISTERED"),
    ]


def test_a_joint_project_is_true_under_its_lead_and_false_under_a_partner(town, firm, lab):
    partner, lead = new_firm(town, CHANGXING), {"lead": named(firm, town.serial_for(firm))}
    serial = town.serial_for(partner)
    signed = town.order(partner, lab, serial=serial, project="P-JOINT", amount="100000", lead=lead["lead"])
    assert town.submit("/v1/orders", lab, signed).status == 201
    asked = {"voucher": named(partner, serial), "project": "P-JOINT"}

    told = [town.desk(SHANGHAI, lab.key).post("/v1/facts", asked | more)["project"] for more in (lead, {})]

    assert told == ["TRUE", "FALSE"]


@pytest.mark.parametrize("path", ["/v1/quotes", "/v1/verifications", "/v1/facts"])
def test_a_firm_asks_about_its_own_vouchers_only(town, firm, path):
    serial = town.serial_for(firm)
    more = {"/v1/quotes": {"cost": "1"}, "/v1/facts": {"project": "P"}}.get(path, {})

    other = town.desk(BEIJING, "firm-beijing").post(path, {"voucher": named(firm, serial)} | more)
    own = town.desk(CHANGXING, firm.key).post(path, {"voucher": named(firm, serial)} | more)

    assert (other.status, other.code) == (403, "NotYours")
    assert own.status == 200


def test_an_officer_asks_about_his_region_only(town, firm):
    serial = town.serial_for(firm)

    answer = town.desk(KUNSHAN, "reviewer-1").post("/v1/verifications", {"voucher": named(firm, serial)})

    assert (answer.status, answer.code) == (403, "NotYours")


def test_a_lab_cannot_ask_in_another_labs_name(town, firm, lab):
    other = "0x" + town.world.lab_id(town.lab("lab-beijing")).hex()

    answer = town.desk(SHANGHAI, lab.key).post("/v1/verifications", {"voucher": named(firm, "T-1"), "lab": other})

    assert (answer.status, answer.code) == (403, "NotYours")


def test_a_wrong_check_digit_is_told_to_who_typed_it(town, firm, lab):
    wrong = firm.company_code[:-1] + ("0" if firm.company_code[-1] != "0" else "1")

    answer = town.desk(SHANGHAI, lab.key).post("/v1/verifications", {"voucher": named(firm, "T-1") | {"firm": wrong}})

    assert (answer.status, answer.code, answer["values"]["value"]) == (422, "CodeRefused", wrong)


@pytest.mark.parametrize("cost", ["", "01", "-1", "+1", "1.0", "1e3", " 1", "1\n", "１", "٣", "10000000000000000000", 1, 1.0, None, True])
def test_money_is_a_decimal_string_of_fen_and_nothing_else(town, firm, lab, cost):
    answer = town.desk(SHANGHAI, lab.key).post("/v1/quotes", {"voucher": named(firm, "T-1"), "cost": cost})

    assert (answer.status, answer.code) == (422, "InvalidRequest")
    assert answer["values"]["fields"][0]["at"] == "body.cost"


@pytest.mark.parametrize(
    "asked",
    [
        {"voucher": {"region": CHANGXING, "firm": "x", "serial": "y", "more": 1}, "cost": "1"},
        {"voucher": {"region": CHANGXING, "firm": "x", "serial": "y"}, "cost": "1", "more": 1},
        {"voucher": {"region": str(CHANGXING), "firm": "x", "serial": "y"}, "cost": "1"},
        {"voucher": {"region": True, "firm": "x", "serial": "y"}, "cost": "1"},
        {"voucher": {"firm": "x", "serial": "y"}, "cost": "1"},
        {},
    ],
)
def test_unknown_missing_and_converted_fields_are_refused(town, lab, asked):
    answer = town.desk(SHANGHAI, lab.key).post("/v1/quotes", asked)

    assert (answer.status, answer.code) == (422, "InvalidRequest")
    assert all(set(each) == {"at", "message"} for each in answer["values"]["fields"])
