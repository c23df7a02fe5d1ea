"""Prepare, sign, submit, review, settle; and what is refused on the way, with the contracts' own names and values."""

import copy

import pytest

from gateway import examples
from registry import Redemption
from scripts.demonstration.cast import BEIJING, CHANGXING, KUNSHAN, SHANGHAI
from tests.gateway.newcomers import both_signed, firm_id, give_api_key, named, new_firm, redemption_document, signature


def test_a_voucher_goes_all_the_way_and_its_notes_are_used_up(town, firm, lab):
    serial = town.serial_for(firm)
    order = town.reserved(firm, lab, serial=serial, amount="500000")

    assert town.redeemed(order, firm, lab, cost="800000")["stage"] == "REDEEMED"
    assert town.review("endorse", SHANGHAI, "reviewer-1", order) == "ENDORSED"
    assert town.review("accept", CHANGXING, "reviewer-1", order) == "ACCEPTED"
    assert town.review("settle", CHANGXING, "payer", order, payment_reference="B-1") == "SETTLED"

    seen = town.desk(SHANGHAI, lab.key).get(f"/v1/orders/{order}")
    names = [each["name"] for each in seen["history"]]
    assert names == ["Reserved", "Claimed", "Redeemed", "Endorsed", "Accepted", "Settled"]
    assert (seen["stage"], seen["subsidy"], seen["cost"], seen["paid_to"]) == ("SETTLED", "480000", "800000", "LAB")
    assert town.balance(CHANGXING, firm, serial) == {"available": "500000", "reserved": "0", "redeemed": "480000", "lapsed": "20000"}
    voucher = town.voucher(CHANGXING, firm, serial)
    assert voucher["used_notes"] == [{"first": 1, "last": 5}]
    history = town.desk(CHANGXING, firm.key).get(f"/v1/vouchers/{voucher['voucher_id']}")["history"]
    assert history[0]["name"] == "Issued"
    assert history[-1]["name"] == "Settled"


def test_the_second_presenter_learns_since_when_and_in_which_region(town, firm, lab):
    serial = town.serial_for(firm)
    beijing = town.lab("lab-beijing")
    first = town.order(firm, lab, serial=serial, project="P-1", amount="1000000")
    second = town.order(firm, beijing, serial=serial, project="P-1", amount="1000000")
    order = town.submit("/v1/orders", lab, first)["order_id"]

    refused = town.submit("/v1/orders", beijing, second)

    since = town.desk(SHANGHAI, lab.key).get(f"/v1/orders/{order}")["history"][0]["time"]
    assert (refused.status, refused.code) == (409, "OverAvailable")
    assert refused["values"]["held"] == [{"region": SHANGHAI, "since": since, "amount": "1000000", "stage": "OPEN"}]
    assert (refused["values"]["available"], refused["values"]["amount"]) == ("0", "1000000")
    assert town.world.lab_id(lab).hex() not in str(refused.body)
    assert order[2:] not in str(refused.body)


@pytest.mark.parametrize("forged", ["firm_signature", "lab_signature"])
def test_an_order_that_one_party_did_not_sign_is_refused(town, firm, lab, forged):
    serial = town.serial_for(firm)
    signed = town.order(firm, lab, serial=serial, project="P-1", amount="100000")
    other = {"firm_signature": "lab_signature", "lab_signature": "firm_signature"}[forged]
    before = town.balance(CHANGXING, firm, serial), town.event_count()

    answer = town.submit("/v1/orders", lab, signed | {forged: signed[other]})

    assert (answer.status, answer.code) == (422, "NotSignedBy")
    assert (town.balance(CHANGXING, firm, serial), town.event_count()) == before


def test_an_order_without_a_signature_is_refused_and_the_gateway_does_not_stand_in(town, firm, lab):
    serial = town.serial_for(firm)
    signed = town.order(firm, lab, serial=serial, project="P-1", amount="100000")

    answer = town.submit("/v1/orders", lab, signed | {"firm_signature": "0x" + "00" * 64})

    assert (answer.status, answer.code) == (422, "SignatureMissing")


def test_a_document_that_was_altered_after_signing_is_refused(town, firm, lab):
    serial = town.serial_for(firm)
    signed = copy.deepcopy(town.order(firm, lab, serial=serial, project="P-1", amount="100000"))
    signed["typed_data"]["message"]["amount"] = "200000"

    assert town.submit("/v1/orders", lab, signed).code == "NotSignedBy"


@pytest.mark.parametrize("part", ["message", "domain", "types"])
def test_a_document_that_this_gateway_did_not_make_is_refused(town, firm, lab, part):
    serial = town.serial_for(firm)
    signed = copy.deepcopy(town.order(firm, lab, serial=serial, project="P-1", amount="100000"))
    signed["typed_data"][part]["more"] = "1"

    answer = town.submit("/v1/orders", lab, signed)

    assert (answer.status, answer.code) == (422, "DocumentRefused")


def test_anybody_may_bring_what_both_signed(town, firm, lab):
    serial = town.serial_for(firm)
    signed = town.order(firm, lab, serial=serial, project="P-1", amount="100000")

    answer = town.desk(KUNSHAN, "lab-kunshan").post("/v1/orders", signed)

    assert (answer.status, answer["stage"]) == (201, "OPEN")


@pytest.mark.parametrize(
    ("amount", "code", "status"), [("0", "AmountZero", 422), ("150000", "NotWholeNotes", 422), ("1100000", "OverAvailable", 409)]
)
def test_amounts_that_the_voucher_does_not_give_are_refused(town, firm, lab, *, amount, code, status):
    serial = town.serial_for(firm)

    answer = town.submit("/v1/orders", lab, town.order(firm, lab, serial=serial, project="P-1", amount=amount))

    assert (answer.status, answer.code) == (status, code)
    assert town.balance(CHANGXING, firm, serial)["available"] == "1000000"


def test_a_short_pool_refuses_before_the_service_and_changes_nothing(town, lab):
    firm = town.firm("firm-kunshan")
    serial = town.serial_for(firm, face="99900000000", denomination="99900000000")
    signed = town.order(firm, lab, serial=serial, project="P-1", amount="99900000000")
    before = town.balance(KUNSHAN, firm, serial), town.pool(KUNSHAN), town.event_count()

    answer = town.submit("/v1/orders", lab, signed)

    assert (answer.status, answer.code, answer["values"]["amount"]) == (409, "PoolShort", "99900000000")
    assert (town.balance(KUNSHAN, firm, serial), town.pool(KUNSHAN), town.event_count()) == before


def test_an_invoice_is_claimed_once_whoever_asks(town, firm, lab):
    invoice = town.invoice()
    orders = [town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000") for _ in range(2)]
    signed = [town.redemption(order, firm, lab, cost="800000", contract="C", invoice=invoice) for order in orders]
    assert town.submit("/v1/redemptions", lab, signed[0]).status == 201
    before = town.event_count()

    refused = town.submit("/v1/redemptions", lab, signed[1])

    assert (refused.status, refused.code) == (409, "InvoiceExceeded")
    assert (refused["values"]["amount"], refused["values"]["claimed"], refused["values"]["cost"]) == ("800000", "800000", "800000")
    assert town.event_count() == before
    assert town.desk(SHANGHAI, lab.key).get(f"/v1/orders/{orders[1]}")["stage"] == "OPEN"


def test_a_rejected_redemption_is_corrected_and_redeemed_again(town, firm, lab):
    order = town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000")
    town.redeemed(order, firm, lab, cost="800000")

    assert town.review("reject", CHANGXING, "reviewer-1", order) == "OPEN"
    assert town.redeemed(order, firm, lab, cost="700000")["stage"] == "REDEEMED"

    assert town.desk(SHANGHAI, lab.key).get(f"/v1/orders/{order}")["attempt"] == 1


def test_a_subsidy_over_the_rule_is_refused(town, firm, lab):
    order = town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000")
    desk = town.desk(SHANGHAI, lab.key)
    asked = {
        "order": order,
        "cost": "800000",
        "subsidy": "480001",
        "agreement": {"seller": lab.host_unit, "number": "C"},
        "invoice": town.invoice(),
        "invoice_amount": "800000",
        "report_sha256": "00" * 32,
    }
    prepared = desk.post("/v1/redemptions/prepare", asked)

    answer = town.submit("/v1/redemptions", lab, town.signed(prepared, Redemption, firm, lab, {"subsidy": 480001}))

    assert (answer.status, answer.code) == (422, "OverRule")
    assert (answer["values"]["most"], answer["values"]["subsidy"]) == ("480000", "480001")


def claim_in_another_region(town, _, lab, claim):
    """The same invoice, for a voucher of Kunshan's."""
    firm = town.firm("firm-kunshan")
    town.fund(KUNSHAN, "500000", f"B-{town.number()}")
    order = town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000")
    document = town.desk(SHANGHAI, lab.key).post("/v1/redemptions/prepare", claim | {"order": order, "cost": "10000"})["typed_data"]
    assert town.submit("/v1/redemptions", lab, both_signed(town, document, firm, lab)).status == 201


def flag_the_firm(town, firm, *_):
    assert town.desk(BEIJING, "directory").post("/v1/flags", {"subject": firm_id(town, firm), "reason": "A"}).status == 201


@pytest.mark.parametrize(
    ("change", "before", "code"),
    [
        ({}, claim_in_another_region, "InvoiceExceeded"),
        ({}, flag_the_firm, "SubjectFlagged"),
        ({"subsidy": "480001"}, None, "OverRule"),
        ({"subsidy": "500001"}, None, "OverOrder"),
        ({"subsidy": "0"}, None, "AmountZero"),
        ({"invoice_amount": "799999"}, None, "InvoiceExceeded"),
    ],
)
def test_why_a_claim_would_be_refused_is_told_before_anybody_signs_it(town, lab, change, before, code):
    firm = new_firm(town, CHANGXING)
    claim = {
        "order": town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000"),
        "cost": "800000",
        "agreement": {"seller": lab.host_unit, "number": f"C-{town.number()}"},
        "invoice": town.invoice(),
        "invoice_amount": "800000",
        "report_sha256": "00" * 32,
    }
    desk = town.desk(SHANGHAI, lab.key)
    fine = desk.post("/v1/redemptions/prepare", claim)
    if before is not None:
        before(town, firm, lab, claim)

    prepared = desk.post("/v1/redemptions/prepare", claim | change)
    refused = town.submit("/v1/redemptions", lab, both_signed(town, prepared["typed_data"], firm, lab))

    assert fine["reasons"] == []
    (reason,) = prepared["reasons"]
    assert reason["code"] == refused.code == code
    assert {name: refused["values"][name] for name in reason["values"]} == reason["values"]
    assert town.desk(SHANGHAI, lab.key).get(f"/v1/orders/{claim['order']}")["stage"] == "OPEN"


def test_a_firm_learns_nothing_of_others_claims_from_what_is_prepared(town, lab):
    """Neither what an invoice was used for nor what was claimed under an agreement; its lab, whose both are, is told."""
    claimant, firm = new_firm(town, CHANGXING), new_firm(town, CHANGXING)
    give_api_key(town, firm)
    orders = [town.reserved(each, lab, serial=town.serial_for(each), amount="500000") for each in (claimant, firm)]
    claims = [
        {
            "order": order,
            "cost": "800000",
            "agreement": {"seller": lab.host_unit, "number": f"C-{town.number()}"},
            "invoice": town.invoice(),
            "invoice_amount": "800000",
            "report_sha256": "00" * 32,
        }
        for order in orders
    ]
    at_lab, at_firm = town.desk(SHANGHAI, lab.key), town.desk(CHANGXING, firm.key)
    document = at_lab.post("/v1/redemptions/prepare", claims[0])["typed_data"]
    assert town.submit("/v1/redemptions", lab, both_signed(town, document, claimant, lab)).status == 201
    probes = [claims[1] | {"invoice": claims[0]["invoice"]} | more for more in ({}, {"invoice_amount": "900000"})]
    probes.append(claims[1] | {"subsidy": "480001"})

    of_firm = [at_firm.post("/v1/redemptions/prepare", each) for each in probes]
    of_lab = [at_lab.post("/v1/redemptions/prepare", each) for each in probes]

    told = [["InvoiceExceeded"], ["InvoiceAmountDiffers"], ["OverRule"]]
    assert [each["reasons"] for each in of_firm] == [[], [], []]
    assert [[reason["code"] for reason in each["reasons"]] for each in of_lab] == told
    rows = town.desk(SHANGHAI, "auditor").get("/v1/lookups", limit=3)["lookups"]
    assert [each["reasons"] for each in reversed(rows)] == told


def test_a_firm_does_not_read_in_its_look_ups_what_its_lab_was_told(town):
    """Firm and lab of one region, whose gateway logs both."""
    firm, lab = town.firm("firm-beijing"), town.lab("lab-beijing")
    orders = [town.reserved(firm, lab, serial=town.serial_for(firm, face="100000", denomination="1"), amount="90000") for _ in range(2)]
    claims = [
        {
            "order": order,
            "cost": "100000",
            "agreement": {"seller": lab.host_unit, "number": f"C-{town.number()}"},
            "invoice": town.invoice(),
            "invoice_amount": "100000",
            "report_sha256": "00" * 32,
        }
        for order in orders
    ]
    at_lab = town.desk(BEIJING, lab.key)
    document = at_lab.post("/v1/redemptions/prepare", claims[0])["typed_data"]
    assert town.submit("/v1/redemptions", lab, both_signed(town, document, firm, lab)).status == 201

    again = at_lab.post("/v1/redemptions/prepare", claims[1] | {"invoice": claims[0]["invoice"]})
    of_firm, of_auditor = (town.desk(BEIJING, each).get("/v1/lookups", limit=1)["lookups"][0] for each in (firm.key, "auditor"))

    assert [each["code"] for each in again["reasons"]] == of_auditor["reasons"] == ["InvoiceExceeded"]
    assert (of_firm["order_id"], of_firm["reasons"]) == (claims[1]["order"], [])


def test_what_a_firm_has_prepared_gives_away_nothing_of_anothers_agreement(town, lab):
    """Where the rule falls with what was claimed, the most that it gives would tell; the lab, whose agreement it is, is told."""
    slices = '{ up_to = "1000000", bps = 6000 }, { up_to = "2000000", bps = 1000 }'
    firms = [new_firm(town, CHANGXING) for _ in range(2)]
    serials = issued_under(town, slices, firms)
    give_api_key(town, firms[1])
    agreement = {"seller": lab.host_unit, "number": f"C-{town.number()}"}
    claims = [
        {
            "order": town.reserved(firm, lab, serial=serial, amount="500000"),
            "cost": "800000",
            "agreement": agreement,
            "invoice": town.invoice(),
            "invoice_amount": "800000",
            "report_sha256": "00" * 32,
        }
        for firm, serial in zip(firms, serials, strict=True)
    ]
    at_lab, at_firm = town.desk(SHANGHAI, lab.key), town.desk(CHANGXING, firms[1].key)
    document = at_lab.post("/v1/redemptions/prepare", claims[0])["typed_data"]
    assert town.submit("/v1/redemptions", lab, both_signed(town, document, firms[0], lab)).status == 201

    of_lab, of_firm, of_fresh = (
        desk.post("/v1/redemptions/prepare", claims[1] | more)
        for desk, more in ((at_lab, {}), (at_firm, {}), (at_firm, {"agreement": agreement | {"number": f"C-{town.number()}"}}))
    )

    subsidies = [each["typed_data"]["message"]["subsidy"] for each in (of_lab, of_firm, of_fresh)]
    assert subsidies == ["180000", "480000", "480000"]
    assert [each["reasons"] for each in (of_lab, of_firm, of_fresh)] == [[], [], []]


def issued_under(town, slices, firms):
    """A voucher for each of these firms, of a programme with these slices of its own."""
    one_rate = '{ up_to = "unlimited", bps = 6000 }'
    text = examples.PROGRAMME_TEXT.replace(one_rate, slices).replace("CX-EXAMPLE", f"CX-SLICED-{town.number()}")
    town.state(CHANGXING, firms)
    issuer, last = town.desk(CHANGXING, "issuer"), town.now + 365 * 86_400
    programme = issuer.post("/v1/programmes", {"file": text})["programme_id"]
    funding = {"amount": "100000000", "bank_reference": f"B-{town.number()}"}
    assert town.desk(CHANGXING, "payer").post(f"/v1/programmes/{programme}/fund", funding).status == 200
    serials = [f"SLICED-{town.number()}" for _ in firms]
    terms = {"programme": programme, "face": "1000000", "denomination": "100000", "use_by": last, "claim_by": last}
    rows = [{"firm": firm.company_code, "serial": serial} for firm, serial in zip(firms, serials, strict=True)]
    assert issuer.post("/v1/vouchers/rows", terms | {"recipients": rows}).status == 201
    return serials


@pytest.mark.parametrize("stage", ["REQUESTED", "REDEEMED", "ENDORSED", "ACCEPTED", "SETTLED", "RELEASED"])
def test_no_tags_are_made_where_no_redemption_can_follow(town, lab, stage):
    firm = town.firm("firm-beijing" if stage == "REQUESTED" else "firm-changxing")
    order = town.reserved(firm, lab, serial=town.serial_for(firm, face="1000000", denomination="100000"), amount="500000")
    desk, invoice = town.desk(SHANGHAI, lab.key), town.invoice()
    if stage == "RELEASED":
        document = desk.post("/v1/releases/prepare", {"order": order})["typed_data"]
        town.submit("/v1/releases", lab, {"typed_data": document, "lab_signature": signature(town, document, lab)})
    elif stage != "REQUESTED":
        town.redeemed(order, firm, lab, cost="800000")
        reviews = [("endorse", SHANGHAI, "reviewer-1"), ("accept", CHANGXING, "reviewer-1"), ("settle", CHANGXING, "payer")]
        for verb, region, caller in reviews[: ["REDEEMED", "ENDORSED", "ACCEPTED", "SETTLED"].index(stage)]:
            more = {"payment_reference": f"B-{town.number()}"} if verb == "settle" else {}
            town.review(verb, region, caller, order, **more)
    assert desk.get(f"/v1/orders/{order}")["stage"] == stage
    asked = {
        "order": order,
        "cost": "800000",
        "agreement": {"seller": lab.host_unit, "number": "C"},
        "invoice": invoice,
        "invoice_amount": "800000",
        "report_sha256": "00" * 32,
    }

    answers = [each.post("/v1/redemptions/prepare", asked) for each in (desk, town.desk(firm.region, firm.key))]

    assert [(each.status, each.code, each["values"]["order"]) for each in answers] == [(409, "WrongStage", order)] * 2
    tags = [town.world.keyring.agreement(lab.host_unit, "C"), town.world.keyring.invoice(invoice["number"], code=invoice["code"])]
    assert not any(tag.hex() in str(each.body) for tag in tags for each in answers)


def test_tags_of_an_order_are_made_for_its_parties_only(town, firm, lab):
    order = town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000")
    asked = {
        "order": order,
        "cost": "800000",
        "agreement": {"seller": lab.host_unit, "number": "C"},
        "invoice": town.invoice(),
        "invoice_amount": "800000",
        "report_sha256": "00" * 32,
    }

    def prepared(region, caller):
        return town.desk(region, caller).post("/v1/redemptions/prepare", asked)

    assert [prepared(BEIJING, "lab-beijing").code, prepared(KUNSHAN, "firm-kunshan").code] == ["NotFound"] * 2
    # An officer of the lab's region sees the order, an auditor all of them; neither is a party.
    assert [prepared(SHANGHAI, "reviewer-1").code, prepared(SHANGHAI, "auditor").code] == ["RoleNotAllowed"] * 2
    assert [prepared(SHANGHAI, lab.key).status, prepared(CHANGXING, firm.key).status] == [200] * 2


def test_a_redemption_names_the_seller_that_invoices_for_the_lab(town, firm, lab):
    order = town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000")
    asked = {
        "order": order,
        "cost": "800000",
        "agreement": {"seller": firm.company_code, "number": "C"},
        "invoice": town.invoice(),
        "invoice_amount": "800000",
        "report_sha256": "00" * 32,
    }

    answer = town.desk(SHANGHAI, lab.key).post("/v1/redemptions/prepare", asked)

    assert (answer.status, answer.code) == (422, "SellerDiffers")


def test_across_regions_beijing_approves_before_the_service(town, lab):
    firm = town.firm("firm-beijing")
    serial = town.serial_for(firm, face="100000", denomination="1")
    order = town.reserved(firm, lab, serial=serial, amount="90000")
    other = town.firm("firm-changxing")
    open_order = town.reserved(other, lab, serial=town.serial_for(other), amount="500000")
    document = redemption_document(town, open_order, lab, cost="100000")
    document["message"]["order"] = order
    refused = town.submit("/v1/redemptions", lab, both_signed(town, document, firm, lab))
    assert (refused.status, refused.code) == (409, "WrongStage")

    assert town.review("approve", BEIJING, "reviewer-1", order) == "OPEN"
    assert town.redeemed(order, firm, lab, cost="100000")["stage"] == "REDEEMED"
    # Who endorsed does not accept.
    assert town.review("endorse", BEIJING, "reviewer-1", order) == "ENDORSED"
    assert town.review("accept", BEIJING, "reviewer-1", order) == "ReviewedBefore"
    assert town.review("accept", BEIJING, "reviewer-2", order) == "ACCEPTED"
    assert town.desk(SHANGHAI, lab.key).get(f"/v1/orders/{order}")["paid_to"] == "FIRM"


def test_a_declined_order_gives_the_voucher_back(town, lab):
    firm = town.firm("firm-beijing")
    serial = town.serial_for(firm, face="100000", denomination="1")
    order = town.reserved(firm, lab, serial=serial, amount="90000")

    assert town.review("decline", BEIJING, "reviewer-2", order) == "RELEASED"

    assert town.balance(BEIJING, firm, serial)["available"] == "100000"
    assert town.voucher(BEIJING, firm, serial)["held"] == []


def test_a_reviewer_of_another_region_does_not_learn_that_an_order_exists(town, firm, lab):
    order = town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000")

    for verb in ("approve", "decline", "endorse", "accept", "reject"):
        assert town.review(verb, KUNSHAN, "reviewer-1", order) == "NotFound"
    assert town.desk(KUNSHAN, "lab-kunshan").get(f"/v1/orders/{order}").code == "NotFound"
    assert town.desk(BEIJING, "firm-beijing").get(f"/v1/orders/{order}").code == "NotFound"


def test_a_hosts_reviewer_may_not_accept_and_the_wrong_payer_not_settle(town, firm, lab):
    order = town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000")
    town.redeemed(order, firm, lab, cost="800000")
    assert town.review("accept", SHANGHAI, "reviewer-1", order) == "WrongStage"
    town.review("endorse", SHANGHAI, "reviewer-1", order)

    assert town.review("accept", SHANGHAI, "reviewer-2", order) == "NotReviewer"
    town.review("accept", CHANGXING, "reviewer-2", order)
    assert town.review("settle", SHANGHAI, "payer", order, payment_reference="B") == "NotPayer"
    assert town.review("settle", CHANGXING, "payer", order, payment_reference="B") == "SETTLED"
    assert town.review("settle", CHANGXING, "payer", order, payment_reference="B-2") == "WrongStage"


def test_a_review_of_several_orders_is_all_or_none(town, firm, lab):
    ready, open_ = (town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000") for _ in range(2))
    town.redeemed(ready, firm, lab, cost="800000")

    answer = town.desk(SHANGHAI, "reviewer-1").post("/v1/orders/endorse", {"orders": [ready, open_]})

    assert (answer.status, answer.code, answer["values"]["index"], answer["values"]["order"]) == (409, "WrongStage", 1, open_)
    assert town.desk(SHANGHAI, lab.key).get(f"/v1/orders/{ready}")["stage"] == "REDEEMED"


def test_parties_list_their_own_orders_and_nobody_elses(town, firm, lab):
    order = town.reserved(firm, lab, serial=town.serial_for(firm), amount="100000")

    mine = {each["order_id"] for each in town.desk(SHANGHAI, lab.key).get("/v1/orders", limit=1000)["orders"]}
    firms = {each["order_id"] for each in town.desk(CHANGXING, firm.key).get("/v1/orders", limit=1000)["orders"]}
    others = town.desk(BEIJING, "lab-beijing").get("/v1/orders")["orders"]

    assert order in mine
    assert order in firms
    assert order not in {each["order_id"] for each in others}
    assert all(each["lab"] == "0x" + town.world.lab_id(town.lab("lab-beijing")).hex() for each in others)


def test_preparing_for_a_voucher_that_does_not_exist_makes_no_tag(town, firm, lab):
    asked = {"voucher": {"region": CHANGXING, "firm": firm.company_code, "serial": "NONE"}, "project": "P", "amount": "1"}

    answer = town.desk(SHANGHAI, lab.key).post("/v1/orders/prepare", asked)

    assert (answer.status, answer.code) == (404, "UnknownVoucher")
    assert town.world.keyring.project(firm.company_code, "P").hex() not in str(answer.body)


@pytest.mark.parametrize("amount", ["1100000", "50000"])
def test_what_would_be_refused_is_said_before_anybody_signs(town, firm, lab, amount):
    """With the code and values that it is refused with if it is brought all the same; nothing is said where nothing speaks against it."""
    serial = town.serial_for(firm, face="1000000", denomination="100000")
    asked = {"voucher": named(firm, serial), "project": "P"}
    desk = town.desk(SHANGHAI, lab.key)

    good, bad = (desk.post("/v1/orders/prepare", asked | {"amount": each}) for each in ("400000", amount))
    refused = town.submit("/v1/orders", lab, town.order(firm, lab, serial=serial, project="P", amount=amount))

    assert good["reasons"] == []
    (reason,) = bad["reasons"]
    assert (reason["code"], reason["values"]) == (refused.code, {name: refused["values"][name] for name in reason["values"]})


def test_partners_of_a_joint_project_order_for_the_project_of_their_lead(town, firm, lab):
    lead, partner = town.serial_for(firm), new_firm(town, CHANGXING)
    serial = town.serial_for(partner)
    asked = {"voucher": named(partner, serial), "project": "P-JOINT", "amount": "100000"}
    desk, project = town.desk(SHANGHAI, lab.key), town.world.keyring.project(firm.company_code, "P-JOINT")

    joint = desk.post("/v1/orders/prepare", asked | {"lead": named(firm, lead)})
    alone = desk.post("/v1/orders/prepare", asked)

    tags = [bytes.fromhex(each["typed_data"]["message"]["project"][2:]) for each in (joint, alone)]
    assert tags == [project, town.world.keyring.project(partner.company_code, "P-JOINT")]
    told = town.desk(SHANGHAI, "auditor").get("/v1/lookups", limit=3)["lookups"]
    assert [each["what"] for each in told] == ["order", "order", "lead"]


def test_a_lead_is_known_by_a_voucher_of_its_own_or_makes_no_tag(town, firm, lab):
    partner = new_firm(town, CHANGXING)
    voucher = named(partner, town.serial_for(partner))
    asked = {"voucher": voucher, "project": "P-JOINT", "amount": "100000", "lead": named(firm, "NONE")}
    project = town.world.keyring.project(firm.company_code, "P-JOINT").hex()

    unknown = town.desk(SHANGHAI, lab.key).post("/v1/orders/prepare", asked)
    facts = town.desk(SHANGHAI, lab.key).post("/v1/facts", {name: asked[name] for name in ("voucher", "project", "lead")})
    stranger = town.desk(CHANGXING, firm.key).post(
        "/v1/orders/prepare",
        asked | {"voucher": named(firm, town.serial_for(firm)), "lead": voucher, "lab": town.lab_id(lab)},
    )

    assert [(each.status, each.code) for each in (unknown, facts)] == [(404, "UnknownVoucher")] * 2
    assert (stranger.status, stranger.code) == (403, "NotYours")
    assert all(project not in str(each.body) for each in (unknown, facts, stranger))


def test_where_each_host_pays_its_payer_sees_the_programme_once_it_hosts_an_order(town, firm, lab):
    text = examples.PROGRAMME_TEXT.replace("payer = 330522", "payer = 0").replace("CX-EXAMPLE", f"CX-NETTED-{town.number()}")
    issuer, payer, serial = town.desk(CHANGXING, "issuer"), town.desk(SHANGHAI, "payer"), f"N-{town.number()}"
    programme = issuer.post("/v1/programmes", {"file": text})["programme_id"]
    funding = {"amount": "1000000", "bank_reference": f"N-{town.number()}"}
    assert town.desk(CHANGXING, "payer").post(f"/v1/programmes/{programme}/fund", funding).status == 200
    last = town.now + 300 * 86_400
    terms = {"programme": programme, "face": "1000000", "denomination": "100000", "use_by": last, "claim_by": last}
    assert issuer.post("/v1/vouchers/rows", terms | {"recipients": [{"firm": firm.company_code, "serial": serial}]}).status == 201

    def seen(desk):
        listed = {each["programme_id"] for each in desk.get("/v1/programmes", limit=1000)["programmes"]}
        answers = [desk.get(f"/v1/programmes/{programme}"), desk.get(f"/v1/programmes/{programme}/pool")]
        return [each.code for each in answers], programme in listed

    hidden, shown = (["NotFound"] * 2, False), ([None] * 2, True)
    assert seen(payer) == hidden
    order = town.reserved(firm, lab, serial=serial, amount="500000")
    assert seen(payer) == shown
    # To settle is the payer's; and nobody settles where no lab has an order.
    assert [seen(town.desk(SHANGHAI, "reviewer-1")), seen(town.desk(BEIJING, "payer"))] == [hidden] * 2
    assert payer.get(f"/v1/programmes/{town.programmes[CHANGXING]}").code == "NotFound"

    town.redeemed(order, firm, lab, cost="800000")
    town.review("endorse", SHANGHAI, "reviewer-1", order)
    town.review("accept", CHANGXING, "reviewer-1", order)
    assert town.review("settle", CHANGXING, "payer", order, payment_reference=f"N-{town.number()}") == "NotPayer"
    assert town.review("settle", SHANGHAI, "payer", order, payment_reference=f"N-{town.number()}") == "SETTLED"
    assert payer.get(f"/v1/programmes/{programme}")["paid"] == "480000"
