"""Every example of the interface's description is played at a running gateway, and its answer held against the one that is shown."""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import pytest
from openpyxl import load_workbook

from gateway import examples
from gateway.answers import operation_id
from gateway.deps import once_of
from gateway.documents import ARCHIVE, CSV, EXCEL, JSON, OCTETS, TEXT, description, routes_of
from gateway.routes import ROUTERS
from registry import Time, day_of, month_of
from scripts.demonstration.cast import BEIJING, CHANGXING, KUNSHAN, SHANGHAI
from tests.gateway.newcomers import (
    both_signed,
    firm_id,
    give_api_key,
    moved,
    new_account,
    new_firm,
    new_lab,
    order_at,
    raw_of,
    redemption_document,
    release_document,
    second_payer,
    settled,
    signature,
    signer_of,
    voucher_id,
)

pytestmark = pytest.mark.both_in_full

FORM = "multipart/form-data"
UNVERSIONED = {"/livez", "/readyz", "/metrics"}
DESCRIBED = {(method, route.path_format): route for route in routes_of(ROUTERS) for method in route.methods}
IN_EXCEL = [each for each, route in DESCRIBED.items() if EXCEL in route.responses[route.status_code]["content"]]
IN_BYTES = [each for each, route in DESCRIBED.items() if {OCTETS, ARCHIVE} & route.responses[route.status_code]["content"].keys()]
IN_CSV = [each for each, route in DESCRIBED.items() if CSV in route.responses[route.status_code]["content"]]
IN_TEXT = [each for each, route in DESCRIBED.items() if TEXT in route.responses[route.status_code]["content"]]


@dataclass
class Staged:
    """Who plays a request, what stands in for the ids that are made up, and members that only a real world can give."""

    region: int
    caller: str
    real: dict[str, str] = field(default_factory=dict)
    path: dict[str, str] = field(default_factory=dict)
    members: dict[str, Any] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)


STAGES: dict[tuple[str, str], Callable[[Any], Staged]] = {}


def stage(method: str, *paths: str) -> Callable[[Callable[[Any], Staged]], Callable[[Any], Staged]]:
    """The stage on which an example is played."""

    def register(build: Callable[[Any], Staged]) -> Callable[[Any], Staged]:
        for path in paths:
            STAGES[method, path if path in UNVERSIONED else f"/v1{path}"] = build
        return build

    return register


def cast(town):
    return town.firm("firm-changxing"), town.lab("lab-shanghai")


def issued(town):
    firm, _ = cast(town)
    return town.serial_for(firm)


def reserved(town, amount: str = "500000"):
    firm, lab = cast(town)
    return town.reserved(firm, lab, serial=town.serial_for(firm), amount=amount)


def redeemed(town):
    firm, lab = cast(town)
    order = reserved(town)
    assert town.redeemed(order, firm, lab, cost="800000").status == 201
    return order


def endorsed(town):
    order = redeemed(town)
    assert town.review("endorse", SHANGHAI, "reviewer-1", order) == "ENDORSED"
    return order


def requested(town):
    firm, lab = town.firm("firm-beijing"), cast(town)[1]
    serial = town.serial_for(firm, face="10000000", denomination="1")
    return town.reserved(firm, lab, serial=serial, amount="500000")


@stage("POST", "/quotes", "/verifications", "/verifications/batch", "/facts", "/orders/prepare")
def looks_up(town):
    return Staged(SHANGHAI, "lab-shanghai", real={examples.SERIAL: issued(town)})


@stage("POST", "/orders")
def reserves(town):
    firm, lab = cast(town)
    signed = town.order(firm, lab, serial=town.serial_for(firm), project="P", amount="500000")
    return Staged(SHANGHAI, "lab-shanghai", members=signed)


@stage("POST", "/redemptions/prepare")
def prepares_redemption(town):
    return Staged(SHANGHAI, "lab-shanghai", real={examples.ORDER: reserved(town)})


@stage("POST", "/redemptions")
def redeems(town):
    firm, lab = cast(town)
    order = reserved(town)
    document = redemption_document(town, order, lab, cost="800000")
    return Staged(SHANGHAI, "lab-shanghai", real={examples.ORDER: order}, members=both_signed(town, document, firm, lab))


@stage("POST", "/redemptions/stand-in")
def stands_in(town):
    _, lab = cast(town)
    document = redemption_document(town, reserved(town), lab, cost="800000")
    return Staged(CHANGXING, "reviewer-1", members={"typed_data": document, "signature": signature(town, document, lab)})


@stage("POST", "/releases/prepare")
def prepares_release(town):
    return Staged(SHANGHAI, "lab-shanghai", real={examples.ORDER: reserved(town)})


@stage("POST", "/releases")
def releases(town):
    _, lab = cast(town)
    document = release_document(town, reserved(town), lab)
    return Staged(SHANGHAI, "lab-shanghai", members={"typed_data": document, "lab_signature": signature(town, document, lab)})


@stage("POST", "/submissions")
def submits(town):
    firm, lab = cast(town)
    document = release_document(town, reserved(town), lab)
    release = {"typed_data": document, "lab_signature": signature(town, document, lab)}
    order = town.order(firm, lab, serial=town.serial_for(firm), project="P", amount="500000")
    return Staged(SHANGHAI, "lab-shanghai", members={"documents": [order, release]})


@stage("POST", "/orders/{order_id}/release")
def releases_alone(town):
    firm = town.firm("firm-changxing")
    lab = new_lab(town, SHANGHAI, recognised_by=(CHANGXING,))
    signed = order_at(town, firm, lab, serial=town.serial_for(firm), amount="500000")
    order = town.desk(CHANGXING, firm.key).post("/v1/orders", signed)["order_id"]
    assert town.desk(SHANGHAI, "directory").post(f"/v1/labs/{town.lab_id(lab)}/suspend", {}).status == 200
    return Staged(CHANGXING, "reviewer-1", path={"order_id": order})


@stage("GET", "/orders", "/orders/{order_id}")
def sees_orders(town):
    firm = new_firm(town, CHANGXING)
    lab = town.lab("lab-shanghai")
    order = town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000")
    return Staged(CHANGXING, "reviewer-1", path={"order_id": order}, query={"limit": 1000})


def leaving(town):
    """An order at a lab that exited, and another lab for it."""
    firm, old, new = town.firm("firm-changxing"), *(new_lab(town, SHANGHAI, recognised_by=(CHANGXING,)) for _ in range(2))
    signed = order_at(town, firm, old, serial=town.serial_for(firm), amount="500000")
    order = town.desk(CHANGXING, firm.key).post("/v1/orders", signed)["order_id"]
    assert town.desk(SHANGHAI, "directory").post(f"/v1/labs/{town.lab_id(old)}/exit", {}).status == 200
    return order, firm, old, new


@stage("GET", "/orders/leaving")
def sees_leaving(town):
    leaving(town)
    return Staged(CHANGXING, "reviewer-1", query={"limit": 1000})


@stage("POST", "/orders/{order_id}/move/prepare")
def prepares_move(town):
    order, firm, _, new = leaving(town)
    return Staged(CHANGXING, firm.key, path={"order_id": order}, members={"lab": town.lab_id(new)})


@stage("POST", "/orders/{order_id}/move")
def moves(town):
    order, firm, old, new = leaving(town)
    return Staged(CHANGXING, firm.key, path={"order_id": order}, members=moved(town, order, firm, old, new))


@stage("POST", "/orders/approve", "/orders/decline")
def reviews_request(town):
    return Staged(BEIJING, "reviewer-1", real={examples.ORDER: requested(town)})


@stage("POST", "/orders/endorse")
def endorses(town):
    return Staged(SHANGHAI, "reviewer-1", real={examples.ORDER: redeemed(town)})


@stage("POST", "/orders/accept", "/orders/reject")
def accepts(town):
    return Staged(CHANGXING, "reviewer-1", real={examples.ORDER: endorsed(town)})


@stage("POST", "/orders/settle")
def settles(town):
    order = endorsed(town)
    assert town.review("accept", CHANGXING, "reviewer-1", order) == "ACCEPTED"
    return Staged(CHANGXING, "payer", real={examples.ORDER: order})


@stage("POST", "/orders/{order_id}/extend")
def extends(town):
    order = reserved(town)
    town.node.jump(60)
    return Staged(CHANGXING, "reviewer-1", path={"order_id": order}, members={"until": town.node.timestamp() + 90 * 86_400})


@stage("POST", "/orders/{order_id}/reverse")
def reverses(town):
    return Staged(CHANGXING, "reviewer-1", path={"order_id": settled(town, *cast(town))})


@stage("POST", "/orders/{order_id}/refunded")
def is_refunded(town):
    order = settled(town, *cast(town))
    reversal = {"recover": "480000", "reason": "样例"}
    assert town.desk(CHANGXING, "reviewer-1").post(f"/v1/orders/{order}/reverse", reversal).status == 200
    return Staged(CHANGXING, "payer", path={"order_id": order})


def with_evidence(town, order=None):
    """An order whose only document was handed in, and stated."""
    order, at_lab = order or reserved(town), town.desk(SHANGHAI, "lab-shanghai")
    content = examples.DOCUMENT_FORM["file"].encode()
    assert at_lab.upload(f"/v1/orders/{order}/evidence/documents", {}, name="x", content=content, field="file").status == 201
    assert at_lab.post(f"/v1/orders/{order}/evidence", examples.BUNDLE_STATEMENT).status == 201
    return order


@stage("POST", "/orders/{order_id}/evidence/documents")
def hands_in_a_document(town):
    return Staged(SHANGHAI, "lab-shanghai", path={"order_id": reserved(town)})


@stage("POST", "/orders/{order_id}/evidence")
def states_a_bundle(town):
    return Staged(SHANGHAI, "lab-shanghai", path={"order_id": with_evidence(town)})


@stage("GET", "/orders/{order_id}/evidence", "/orders/{order_id}/evidence/documents/{sha256}")
def sees_evidence(town):
    return Staged(SHANGHAI, "lab-shanghai", path={"order_id": with_evidence(town), "sha256": examples.DOCUMENT_TAKEN["sha256"]})


@stage("POST", "/orders/{order_id}/evidence/check")
def checks_evidence(town):
    file = {"file": town.programme_text("changxing-2013")}
    return Staged(SHANGHAI, "lab-shanghai", path={"order_id": with_evidence(town)}, members=file)


@stage("GET", "/orders/waiting")
def sees_what_waits(town):
    endorsed(town)
    return Staged(CHANGXING, "reviewer-1", query={"limit": 1_000})


@stage("POST", "/orders/{order_id}/corrections")
def names_items(town):
    members = {"file": town.programme_text("changxing-2013")}
    return Staged(SHANGHAI, "reviewer-1", path={"order_id": with_evidence(town, redeemed(town))}, members=members)


def sent_back(town):
    """An order whose only document was sent back."""
    staged = names_items(town)
    order, asked = staged.path["order_id"], examples.CORRECTION_LIST | staged.members
    assert town.desk(SHANGHAI, "reviewer-1").post(f"/v1/orders/{order}/corrections", asked).status == 201
    assert town.review("reject", CHANGXING, "reviewer-1", order) == "OPEN"
    return order


@stage("GET", "/orders/{order_id}/corrections")
def sees_what_was_sent_back(town):
    return Staged(SHANGHAI, "lab-shanghai", path={"order_id": sent_back(town)})


@stage("POST", "/orders/{order_id}/evidence/corrected")
def sends_again(town):
    order, content = sent_back(town), examples.CORRECTED_DOCUMENT.encode()
    taken = town.desk(SHANGHAI, "lab-shanghai").upload(
        f"/v1/orders/{order}/evidence/documents", {}, name="x", content=content, field="file"
    )
    assert taken["sha256"] == examples.CORRECTIONS_SENT["documents"][0]["sha256"]
    return Staged(SHANGHAI, "lab-shanghai", path={"order_id": order})


@stage("POST", "/evidence/sample")
def draws_a_sample(town):
    found = month_of_a_settlement(town)
    assert town.desk(SHANGHAI, "auditor").get(f"/v1/orders/{found['order']}")["stage"] == "SETTLED"
    period = {"from": 0, "until": town.node.timestamp() - 1}
    return Staged(SHANGHAI, "auditor", members=period | {"size": 1_000})


@stage("POST", "/evidence/originals")
def takes_originals(town):
    return Staged(SHANGHAI, "auditor", real={examples.ORDER: with_evidence(town)})


@stage("POST", "/months/close")
def closes_month(town):
    month = month_of_a_settlement(town)["month"]
    return Staged(CHANGXING, "reviewer-1", members={"month": month, "statement": hash_of(town, month)})


@stage("GET", "/months", "/months/{home}/{host}/{month}", "/months/{home}/{host}/{month}/document", "/months/{home}/{host}/{month}/excel")
def sees_months(town):
    found = month_of_a_settlement(town)
    asked = examples.MONTH | {"month": found["month"], "statement": hash_of(town, found["month"])}
    assert town.desk(CHANGXING, "reviewer-2").post("/v1/months/close", asked).status == 200
    return Staged(CHANGXING, "auditor", path=PAIR | {"month": found["month"]})


def hash_of(town, month):
    return town.desk(CHANGXING, "auditor").get(f"/v1/months/{CHANGXING}/{SHANGHAI}/{month}")["hash"]


PAIR = {"home": CHANGXING, "host": SHANGHAI}


def month_of_a_settlement(town, *, asked_by="all"):
    """A month that is over, and the only order that was settled in it; the same for all who ask alike."""
    if (told := f"month of a settlement, {asked_by}") not in town.told:
        # Away from whatever other tests settled.
        town.node.jump(31 * 86_400)
        order = settled(town, *cast(town))
        month = month_of(town.node.timestamp())
        town.node.jump(31 * 86_400)
        town.told[told] = {"order": order, "month": month}
    return town.told[told]


@stage("POST", "/months/payments")
def hands_in(town):
    found = month_of_a_settlement(town)
    day = f"{found['month'] // 100}-{found['month'] % 100:02}-01"
    real = {examples.ORDER: found["order"], "2030-12-09": day}
    return Staged(CHANGXING, "payer", real=real, members={"month": str(found["month"])})


@stage("GET", "/months/{home}/{host}/{month}/breaks")
def sees_breaks(town):
    found = month_of_a_settlement(town)
    nothing_paid(town, found)
    return Staged(CHANGXING, "auditor", path=PAIR | {"month": found["month"]})


def nothing_paid(town, found):
    """The payer's records of such a month, in which nothing was paid: a break."""
    form = {name: str(each) for name, each in (PAIR | {"month": found["month"], "if_empty": "NOTHING_PAID"}).items()}
    header = examples.RECORDS_FORM["list"].splitlines()[0]
    assert town.desk(CHANGXING, "payer").upload("/v1/months/payments", form, name="r.csv", content=header.encode()).status == 201


@stage("POST", "/months/breaks/explain")
def explains(town):
    settlement = month_of_a_settlement(town, asked_by="who explains")
    nothing_paid(town, settlement)
    month = settlement["month"]
    found = town.desk(CHANGXING, "payer").get(f"/v1/months/{CHANGXING}/{SHANGHAI}/{month}/breaks")["breaks"]
    standing = next(each for each in found if each["order_id"] == settlement["order"])
    return Staged(CHANGXING, "payer", members={"month": month, "break_id": standing["break_id"]})


@stage("POST", "/sub-districts")
def places(town):
    return Staged(CHANGXING, "issuer")


@stage("GET", "/months/{home}/{host}/{month}/sub-districts")
def sees_sub_districts(town):
    content = examples.SUB_DISTRICTS_FORM["list"].encode()
    assert town.desk(CHANGXING, "issuer").upload("/v1/sub-districts", {}, name="c.csv", content=content).status == 201
    return Staged(CHANGXING, "auditor", path=PAIR | {"month": month_of_a_settlement(town)["month"]})


def in_three_forms(name):
    return [f"/reports/{name}{form}" for form in ("", "/document", "/excel")]


def with_a_settlement_and_an_acceptance(town):
    settled(town, *cast(town))
    order = redeemed(town)
    assert town.review("endorse", SHANGHAI, "reviewer-1", order) == "ENDORSED"
    assert town.review("accept", CHANGXING, "reviewer-1", order) == "ACCEPTED"


@stage("GET", *in_three_forms("programme"))
def reports_on_a_programme(town):
    with_a_settlement_and_an_acceptance(town)
    return Staged(CHANGXING, "auditor", query={"programme": town.programmes[CHANGXING]})


@stage("GET", *in_three_forms("ageing"), *in_three_forms("concentration"))
def reports_on_a_region(town):
    with_a_settlement_and_an_acceptance(town)
    return Staged(CHANGXING, "issuer", query={"region": CHANGXING})


@stage("GET", *in_three_forms("bank-file"), "/reports/bank-file/csv")
def reports_what_to_pay(town):
    with_a_settlement_and_an_acceptance(town)
    return Staged(CHANGXING, "payer", query={"payer": CHANGXING})


@stage("POST", "/service-types")
def places_services(town):
    _, lab = cast(town)
    return Staged(CHANGXING, "issuer", real={examples.LAB: town.lab_id(lab)})


@stage("GET", *in_three_forms("prices"))
def reports_on_prices(town):
    if "as many uses as are judged" not in town.told:
        for _ in range(3):
            with_a_settlement_and_an_acceptance(town)
        town.told["as many uses as are judged"] = True
    content = examples.SERVICE_TYPES_FORM["list"].replace(examples.LAB, town.lab_id(cast(town)[1])).encode()
    taken = town.desk(CHANGXING, "issuer").upload("/v1/service-types", {}, name="t.csv", content=content)
    return Staged(CHANGXING, "auditor", query={"region": CHANGXING, "catalogue": taken["sha256"]})


@stage("GET", *in_three_forms("lab-year"))
def reports_on_a_year(town):
    with_a_settlement_and_an_acceptance(town)
    return Staged(SHANGHAI, "lab-shanghai", query={"year": month_of(town.node.timestamp()) // 100})


@stage("POST", "/reports/lab-year/sign")
def signs_a_year(town):
    year = month_of(town.node.timestamp()) // 100 - 1
    return Staged(SHANGHAI, "directory", members={"lab": town.lab_id(cast(town)[1]), "year": year})


@stage("GET", "/reports/lab-year/signed")
def sees_a_signed_year(town):
    asked = signs_a_year(town).members
    assert town.desk(SHANGHAI, "directory").post("/v1/reports/lab-year/sign", asked).status == 200
    return Staged(SHANGHAI, "lab-shanghai", query={"year": asked["year"]})


def new_line(town):
    """A budget line that nobody else pays from."""
    line = {"programme": town.programmes[CHANGXING], "year": int(day(town)[:4]), "line": f"EX-{town.number()}"}
    asked = line | {"amount": "100000000", "cut_off": f"{line['year'] + 1}-12-25"}
    assert town.desk(CHANGXING, "payer").post("/v1/budget-lines", asked).status == 200
    return line


def day(town):
    return day_of(Time(town.now)).isoformat()


@stage("POST", "/budget-lines")
def sets_a_line(town):
    year = int(day(town)[:4]) + 1
    members = {"line": f"EX-{town.number()}", "year": year, "cut_off": f"{year}-12-25"}
    return Staged(CHANGXING, "payer", real={examples.PROGRAMME: town.programmes[CHANGXING]}, members=members)


@stage("GET", "/budget-lines")
def sees_lines(town):
    staged = sets_a_line(town)
    asked = replaced(examples.LINE, staged.real) | staged.members
    assert town.desk(CHANGXING, "payer").post("/v1/budget-lines", asked).status == 200
    return Staged(CHANGXING, "auditor")


@stage("POST", "/payee-accounts")
def proposes_an_account(town):
    return Staged(CHANGXING, "payer", members={"payee": new_lab(town, SHANGHAI).host_unit})


@stage("POST", "/payee-accounts/confirm")
def confirms_an_account(town):
    payee = new_lab(town, SHANGHAI).host_unit
    assert town.desk(CHANGXING, "payer").post("/v1/payee-accounts", examples.ACCOUNT | {"payee": payee})["version"] == 1
    return Staged(CHANGXING, second_payer(town, CHANGXING), members={"payee": payee})


def with_an_account(town):
    """The host unit of the lab has its first account, confirmed."""
    accounts = town.desk(CHANGXING, "auditor").get("/v1/payee-accounts").body["accounts"]
    if not any(each["counts"] and each["payee"] == examples.ACCOUNT["payee"] for each in accounts):
        assert town.desk(CHANGXING, "payer").post("/v1/payee-accounts", examples.ACCOUNT).status == 201
        confirmed = town.desk(CHANGXING, second_payer(town, CHANGXING)).post("/v1/payee-accounts/confirm", examples.ACCOUNT_NAMED)
        assert confirmed.status == 200
    return second_payer(town, CHANGXING)


@stage("GET", "/payee-accounts")
def sees_accounts(town):
    with_an_account(town)
    return Staged(CHANGXING, "auditor")


def accepted(town):
    order = endorsed(town)
    assert town.review("accept", CHANGXING, "reviewer-1", order) == "ACCEPTED"
    return order


@stage("POST", "/payment-batches")
def draws_a_batch(town):
    with_an_account(town)
    return Staged(CHANGXING, "payer", real={examples.ORDER: accepted(town)}, members=new_line(town))


def batch_at(town, *steps):
    """A batch of one order that has come so far, and the order."""
    second, order = with_an_account(town), accepted(town)
    drawn = town.desk(CHANGXING, "payer").post("/v1/payment-batches", new_line(town) | {"orders": [order]})
    number = drawn["batch"]
    acts = {
        "notice": ("payer", {"first_day": day(town), "days": 1}),
        "sign-off": (second, {"list_hash": drawn["list_hash"]}),
        "number": ("payer", {"document_number": f"EX-{town.number()}"}),
        "bank-file": ("payer", {}),
        "paid": ("payer", {"payments": [{"order": order, "payment_reference": f"EX-{town.number()}"}]}),
        "returned": ("payer", examples.RETURN_MADE | {"order": order}),
    }
    for step in steps:
        caller, asked = acts[step]
        assert town.desk(CHANGXING, caller).post(f"/v1/payment-batches/{number}/{step}", asked).status == 200
        if step == "notice":
            town.node.jump(86_400)
    return number, order, drawn["list_hash"]


TO_THE_BANK = ("notice", "sign-off", "number", "bank-file")


def on_batch(caller, *steps, **members):
    """A stage on which a batch has come so far."""

    def build(town):
        number, order, list_hash = batch_at(town, *steps)
        told = {"day": day(town), "list_hash": list_hash, "number": f"EX-{town.number()}"}
        real = {examples.ORDER: order, "CX-PAY-2030-012": f"EX-{town.number()}"}
        asked = {name: told[each] for name, each in members.items()}
        return Staged(CHANGXING, caller, real=real, path={"batch": number}, members=asked)

    return build


stage("GET", "/payment-batches", "/payment-batches/{batch}", "/payment-batches/{batch}/document")(on_batch("auditor"))
stage("GET", "/payment-batches/{batch}/notice", "/payment-batches/{batch}/notice/csv")(on_batch("firm-changxing", "notice"))
stage("GET", "/payment-batches/{batch}/bank-file/csv", "/payment-batches/{batch}/bank-file/excel")(on_batch("auditor", *TO_THE_BANK))
stage("GET", "/payment-batches/{batch}/resend/csv")(on_batch("auditor", *TO_THE_BANK, "paid", "returned"))
stage("POST", "/payment-batches/{batch}/notice")(on_batch("payer", first_day="day"))
stage("POST", "/payment-batches/{batch}/take-out")(on_batch("payer", "notice"))
stage("POST", "/payment-batches/{batch}/withdraw")(on_batch("payer"))
stage("POST", "/payment-batches/{batch}/sign-off")(on_batch("payer-2", "notice", list_hash="list_hash"))
stage("POST", "/payment-batches/{batch}/number")(on_batch("payer", "notice", "sign-off", document_number="number"))
stage("POST", "/payment-batches/{batch}/bank-file")(on_batch("payer", "notice", "sign-off", "number"))
stage("POST", "/payment-batches/{batch}/paid")(on_batch("payer", *TO_THE_BANK))
stage("POST", "/payment-batches/{batch}/settle")(on_batch("payer", *TO_THE_BANK, "paid"))
stage("POST", "/payment-batches/{batch}/returned")(on_batch("payer", *TO_THE_BANK, "paid"))
stage("POST", "/payment-batches/{batch}/resend")(on_batch("payer-2", *TO_THE_BANK, "paid", "returned"))


@stage("GET", "/programmes", "/programmes/{programme_id}", "/programmes/{programme_id}/pool")
def sees_programmes(town):
    return Staged(CHANGXING, "auditor", path={"programme_id": town.programmes[CHANGXING]})


@stage("POST", "/programmes")
def opens(town):
    text = examples.PROGRAMME_TEXT.replace("CX-EXAMPLE", f"CX-EXAMPLE-{town.number()}")
    return Staged(CHANGXING, "issuer", members={"file": text})


@stage("POST", "/firm-facts")
def states_facts(town):
    return Staged(CHANGXING, "directory")


@stage("POST", "/firm-facts/history")
def sees_facts(town):
    town.desk(CHANGXING, "directory").post("/v1/firm-facts", examples.FACTS_STATEMENT)
    return Staged(CHANGXING, "auditor")


@stage("POST", "/programmes/{programme_id}/eligibility")
def asks_for_eligibility(town):
    town.desk(CHANGXING, "directory").post("/v1/firm-facts", examples.FACTS_STATEMENT)
    file = {"file": examples.PROGRAMME_TEXT.replace("CX-EXAMPLE", f"CX-EXAMPLE-{town.number()}")}
    return Staged(CHANGXING, "issuer", path={"programme_id": town.desk(CHANGXING, "issuer").post("/v1/programmes", file)["programme_id"]})


@stage("GET", "/programmes/{programme_id}/decisions", "/vouchers/{voucher_id}/decision")
def sees_decisions(town):
    town.desk(CHANGXING, "directory").post("/v1/firm-facts", examples.FACTS_STATEMENT)
    issuer, file = town.desk(CHANGXING, "issuer"), examples.PROGRAMME_TEXT.replace("CX-EXAMPLE", f"CX-EXAMPLE-{town.number()}")
    programme = issuer.post("/v1/programmes", {"file": file})["programme_id"]
    issued(town)
    for _ in range(2):
        rows = [{"firm": examples.FIRM_CODE, "serial": f"EX-{town.number()}"}]
        answer = issuer.post("/v1/vouchers/rows", examples.LIST_ROWS | {"programme": programme, "recipients": rows})
    return Staged(CHANGXING, "auditor", path={"programme_id": programme, "voucher_id": answer["vouchers"][0]["voucher_id"]})


@stage("GET", "/programmes/{programme_id}/file")
def sees_a_programme_file(town):
    return Staged(CHANGXING, "auditor", path={"programme_id": town.programmes[CHANGXING]})


@stage("POST", "/programmes/{programme_id}/file")
def hands_in_a_programme_file(town):
    return Staged(
        CHANGXING, "issuer", path={"programme_id": town.programmes[CHANGXING]}, members={"file": town.programme_text("changxing-2013")}
    )


@stage("POST", "/programmes/{programme_id}/fund", "/programmes/{programme_id}/draw")
def moves_money(town):
    path = {"programme_id": town.programmes[CHANGXING]}
    return Staged(CHANGXING, "payer", path=path, members={"bank_reference": f"EX-{town.number()}"})


@stage("GET", "/vouchers", "/vouchers/{voucher_id}")
def sees_vouchers(town):
    firm = new_firm(town, CHANGXING)
    found = voucher_id(town, firm, town.serial_for(firm))
    return Staged(CHANGXING, "issuer", path={"voucher_id": found}, query={"limit": 1000})


@stage("POST", "/vouchers", "/vouchers/check", "/vouchers/rows", "/vouchers/rows/check")
def issues(town):
    return Staged(CHANGXING, "issuer", real={examples.SERIAL: f"EX-{town.number()}", examples.PROGRAMME: town.programmes[CHANGXING]})


@stage("GET", "/labs", "/labs/{lab_id}")
def sees_labs(town):
    return Staged(CHANGXING, "firm-changxing", path={"lab_id": town.lab_id(town.lab("lab-shanghai"))}, query={"limit": 1000})


@stage("POST", "/labs")
def admits(town):
    members = {"code": f"EX-{town.number()}", "signer": new_account().address}
    return Staged(SHANGHAI, "directory", members=members)


@stage("POST", "/labs/{lab_id}/renew", "/labs/{lab_id}/suspend", "/labs/{lab_id}/exit", "/labs/{lab_id}/freeze", "/labs/{lab_id}/items")
def keeps_labs(town):
    return Staged(SHANGHAI, "directory", path={"lab_id": town.lab_id(new_lab(town, SHANGHAI))})


@stage("POST", "/labs/{lab_id}/leave")
def leaves(town):
    return keeps_labs(town)


@stage("GET", "/labs/{lab_id}/departures")
def sees_departures(town):
    staged = keeps_labs(town)
    assert town.desk(SHANGHAI, "directory").post(f"/v1/labs/{staged.path['lab_id']}/leave", examples.LEAVING).status == 200
    return staged


@stage("POST", "/labs/{lab_id}/reinstate")
def reinstates(town):
    staged = keeps_labs(town)
    town.desk(SHANGHAI, "directory").post(f"/v1/labs/{staged.path['lab_id']}/suspend", {})
    return staged


@stage("GET", "/labs/{lab_id}/items")
def sees_items(town):
    staged = keeps_labs(town)
    town.desk(SHANGHAI, "directory").post(f"/v1/labs/{staged.path['lab_id']}/items", examples.ITEMS)
    return Staged(SHANGHAI, "lab-shanghai", path=staged.path)


@stage("POST", "/recognitions", "/recognitions/withdraw")
def recognises(town):
    lab = new_lab(town, SHANGHAI, recognised_by=(CHANGXING,))
    return Staged(CHANGXING, "directory", real={examples.LAB: town.lab_id(lab)})


@stage("GET", "/recognitions")
def sees_recognitions(town):
    new_lab(town, SHANGHAI, recognised_by=(CHANGXING,))
    return Staged(SHANGHAI, "lab-shanghai", query={"region": CHANGXING})


def listed_newly(town):
    """The examples' lists under a lab code and an account that nobody else uses."""
    real = {"SH-0099": f"SH-L-{town.number()}", examples.NEW_SIGNER: new_account().address}
    return Staged(SHANGHAI, "directory", real=real)


@stage("POST", "/catalogue/check", "/catalogue/lists")
def takes_lists_in(town):
    town.load(SHANGHAI)  # whatever was listed before
    return listed_newly(town)


@stage("POST", "/catalogue/load")
def loads(town):
    staged, desk = listed_newly(town), town.desk(SHANGHAI, "directory")
    town.load(SHANGHAI)
    assert desk.hand_in("/v1/catalogue/lists", replaced(examples.CATALOGUE_FORM, staged.real)).status == 201
    return staged


@stage("GET", "/catalogue", "/catalogue/lists")
def searches(town):
    loads(town)
    town.load(SHANGHAI)
    return Staged(SHANGHAI, "directory", query={"limit": 1000})


@stage("POST", "/catalogue/listing")
def asks_whether_listed(town):
    lab = new_lab(town, SHANGHAI, recognised_by=(CHANGXING,))
    return Staged(SHANGHAI, "lab-shanghai", real={examples.LAB: town.lab_id(lab)})


def on_ledger(town):
    """What stands in a ledger's list and its programme's file in place of what is made up there; the list's hash as it then is."""
    number = town.number()
    real = {examples.LAB: town.lab_id(town.lab("lab-shanghai")), examples.OPENING_CODE: f"CX-EXAMPLE-{number}-OPENING"}
    real |= {"KJQ-2024-0007": f"KJQ-2024-{number}", examples.OPENING_INVOICE: f"7{number:07}", examples.PAID_INVOICE: f"9{number:07}"}
    real[examples.OPENING_SHA256] = sha256(replaced(examples.OPENING_LIST, real).encode()).hexdigest()
    return real


@stage("POST", "/openings/check")
def checks_ledger(town):
    return Staged(CHANGXING, "issuer", real=on_ledger(town))


@stage("POST", "/openings")
def carries_over(town):
    real = on_ledger(town)
    opened = town.desk(CHANGXING, "issuer").post("/v1/programmes", {"file": replaced(examples.OPENING_TEXT, real)})
    return Staged(CHANGXING, "issuer", real=real | {examples.PROGRAMME: opened["programme_id"]})


def carried_over(town):
    """A programme that carried a ledger over, and where its parts are."""
    real, desk = carries_over(town).real, town.desk(CHANGXING, "issuer")
    form = {"programme": real[examples.PROGRAMME]}
    content = replaced(examples.OPENING_LIST, real).encode()
    assert desk.upload("/v1/openings", form, name="list.csv", content=content)["left"] == 0
    return real[examples.PROGRAMME]


@stage("GET", "/openings/{programme_id}", "/openings/{programme_id}/vouchers", "/openings/{programme_id}/claims")
def sees_what_was_carried_over(town):
    return Staged(CHANGXING, "issuer", path={"programme_id": carried_over(town)})


@stage("POST", "/openings/claims/prepare")
def prepares_claim(town):
    (claim,) = town.desk(CHANGXING, "issuer").get(f"/v1/openings/{carried_over(town)}/claims")["claims"]
    return Staged(CHANGXING, "issuer", members={"voucher_id": claim["voucher_id"]})


@stage("GET", "/firms", "/firms/{firm_id}")
def sees_firms(town):
    return Staged(CHANGXING, "issuer", path={"firm_id": firm_id(town, new_firm(town, CHANGXING))})


@stage("POST", "/firms")
def enrols(town):
    members = {"signer": new_account().address}
    return Staged(CHANGXING, "directory", members=members)


def changing(town, *, facts=False):
    """A firm with a voucher, of which facts may be on record, put in the place of the one that is shown."""
    firm = new_firm(town, CHANGXING)
    town.serial_for(firm)
    if facts:
        stated = replaced(examples.FACTS_STATEMENT, {examples.FIRM_CODE: firm.company_code})
        town.desk(CHANGXING, "directory").post("/v1/firm-facts", stated)
    return firm, {examples.FIRM_CODE: firm.company_code}


@stage("GET", "/firms/{firm_id}/affairs")
def sees_affairs(town):
    return Staged(CHANGXING, "reviewer-1", path={"firm_id": firm_id(town, changing(town)[0])})


@stage("POST", "/firm-changes/rename", "/firm-changes/merge", "/firm-changes/strike-off", "/firm-changes/move")
def changes_a_firm(town):
    _, real = changing(town, facts=True)
    return Staged(CHANGXING, "directory", real=real)


def moved_away(town):
    _, real = changing(town)
    assert town.desk(CHANGXING, "directory").post("/v1/firm-changes/move", replaced(examples.MOVING, real)).status == 201
    return real


@stage("POST", "/firm-changes/withdraw")
def withdraws_a_change(town):
    return Staged(CHANGXING, "directory", real=moved_away(town))


@stage("POST", "/firm-changes/history")
def sees_changes(town):
    return Staged(CHANGXING, "auditor", real=moved_away(town))


@stage("GET", "/keys/{subject_id}")
def sees_key(town):
    return Staged(CHANGXING, "directory", path={"subject_id": firm_id(town, new_firm(town, CHANGXING))})


@stage("POST", "/rotations")
def proposes(town):
    members = {"subject": firm_id(town, new_firm(town, CHANGXING)), "signer": new_account().address}
    return Staged(CHANGXING, "directory", members=members)


@stage("GET", "/rotations")
def sees_rotations(town):
    staged = proposes(town)
    town.desk(CHANGXING, "directory").post("/v1/rotations", staged.members)
    return Staged(CHANGXING, "directory")


@stage("POST", "/rotations/complete")
def completes(town):
    staged = proposes(town)
    town.desk(CHANGXING, "directory").post("/v1/rotations", staged.members)
    town.node.jump(3 * 86_400)
    return Staged(CHANGXING, "firm-changxing", members={"subject": staged.members["subject"]})


@stage("POST", "/rotations/prepare")
def prepares_rotation(town):
    return Staged(KUNSHAN, "firm-kunshan", members={"signer": new_account().address})


@stage("POST", "/rotations/veto/prepare")
def prepares_veto(town):
    firm = town.firm("firm-kunshan")
    proposal = {"subject": firm_id(town, firm), "signer": new_account().address}
    town.desk(KUNSHAN, "directory").post("/v1/rotations", proposal)
    return Staged(KUNSHAN, firm.key)


@stage("POST", "/rotations/submit")
def rotates(town):
    """To the key that is in place, so that nothing changes for other tests."""
    firm = town.firm("firm-kunshan")
    current = {"signer": town.world.parties[firm.key].account.address}
    prepared = town.desk(KUNSHAN, firm.key).post("/v1/rotations/prepare", current)
    return Staged(KUNSHAN, firm.key, members={"raw": raw_of(town, prepared["transaction"], firm)})


def agent_for(town):
    """A firm just enrolled with an agent's key, under a power of attorney."""
    firm = new_firm(town, CHANGXING)
    agent = signer_of(town, firm)
    power = examples.POWER | {"firm": firm.company_code, "agent": agent, "from": 0, "until": town.now + 900 * 86_400}
    assert town.desk(CHANGXING, "directory").post("/v1/powers", power).status == 201
    return firm, power


def use_by_agent(town):
    firm, _ = agent_for(town)
    town.reserved(firm, town.lab("lab-shanghai"), serial=town.serial_for(firm), amount="500000")
    uses = town.desk(CHANGXING, "directory").get("/v1/agent-uses", limit=1000)["uses"]
    return firm, next(each["position"] for each in uses if each["firm"] == firm_id(town, firm))


@stage("POST", "/powers")
def enters_power(town):
    firm = new_firm(town, CHANGXING)
    return Staged(CHANGXING, "directory", members={"firm": firm.company_code, "agent": new_account().address})


@stage("GET", "/powers")
def sees_powers(town):
    agent_for(town)
    return Staged(CHANGXING, "directory", query={"limit": 1000})


@stage("POST", "/powers/withdraw")
def withdraws_power(town):
    firm = new_firm(town, CHANGXING)
    named = {"firm": firm.company_code, "agent": new_account().address}
    assert town.desk(CHANGXING, "directory").post("/v1/powers", examples.POWER | named).status == 201
    return Staged(CHANGXING, "directory", members=named)


@stage("GET", "/agent-uses")
def sees_agent_uses(town):
    use_by_agent(town)
    return Staged(CHANGXING, "directory", query={"limit": 1000})


@stage("POST", "/agent-uses/read")
def reads(town):
    firm, use = use_by_agent(town)
    give_api_key(town, firm)
    return Staged(CHANGXING, firm.key, members={"uses": [use]})


@stage("POST", "/agent-uses/told")
def tells(town):
    _, use = use_by_agent(town)
    return Staged(CHANGXING, "directory", members={"uses": [use]})


@stage("POST", "/flags")
def flags(town):
    return Staged(CHANGXING, "directory", real={examples.LAB: town.lab_id(new_lab(town, SHANGHAI))})


def flagged(town, lab=None):
    subject = town.lab_id(lab or new_lab(town, SHANGHAI))
    assert town.desk(CHANGXING, "directory").post("/v1/flags", examples.FLAGGING | {"subject": subject}).status == 201
    return subject


@stage("POST", "/flags/{subject_id}/second")
def seconds(town):
    return Staged(BEIJING, "directory", path={"subject_id": flagged(town)})


@stage("POST", "/flags/{subject_id}/unflag")
@stage("GET", "/flags", "/flags/{subject_id}")
def unflags(town):
    return Staged(CHANGXING, "directory", path={"subject_id": flagged(town)})


@stage("GET", "/flags/{subject_id}/case")
def case_file(town):
    firm, lab = town.firm("firm-changxing"), new_lab(town, SHANGHAI, recognised_by=(CHANGXING,))
    signed = order_at(town, firm, lab, serial=town.serial_for(firm), amount="500000")
    assert town.desk(CHANGXING, firm.key).post("/v1/orders", signed).status == 201
    return Staged(CHANGXING, "reviewer-1", path={"subject_id": flagged(town, lab)})


@stage("GET", "/status")
@stage("GET", "/livez", "/readyz", "/metrics")
@stage("GET", "/trail")
def audits(town):
    looked_up(town)
    return Staged(SHANGHAI, "auditor", query={"limit": 1000})


@stage("GET", "/lookups")
def sees_lookups(town):
    looked_up(town)
    return Staged(SHANGHAI, "auditor", query={"limit": 1000})


@stage("GET", "/lookups/{number}")
def sees_a_lookup(town):
    return Staged(SHANGHAI, "auditor", path={"number": looked_up(town)})


def looked_up(town):
    asked = replaced(examples.VERIFY, {examples.SERIAL: issued(town)})
    answer = town.desk(SHANGHAI, "lab-shanghai").post("/v1/verifications", asked)
    assert answer["status"] == "VALID"
    return answer["query_number"]


@stage("GET", "/operations/{operation_id}")
def polls(town):
    key = f"EX-{town.number()}"
    path = f"/v1/programmes/{town.programmes[CHANGXING]}/fund"
    assert town.desk(CHANGXING, "payer").post(path, {"amount": "100", "bank_reference": key}, key=key).status == 200
    return Staged(CHANGXING, "payer", path={"operation_id": operation_id("payer", key)})


# Comparing

NUMBERS_THAT_DIFFER = {
    "on",
    "stated_at",
    "number",
    "facts_number",
    "time",
    "age_seconds",
    "block",
    "deadline",
    "since",
    "until",
    "proposed_from",
    "flagged_until",
    "chainId",
    "gas",
    "nonce",
}
NUMBERS_THAT_DIFFER |= {"use_by", "claim_by", "qualified_until", "from", "valid_until", "month"}
NUMBERS_THAT_DIFFER |= {"at", "milliseconds", "chain_id", "head", "head_age_seconds", "indexed", "lag_blocks", "outbox"}
TEXTS_THAT_DIFFER = {
    "query_number",
    "file",
    "position",
    "next",
    "funded",
    "committed",
    "paid",
    "free",
    "serial",
    "nonce",
    "validUntil",
    "bank_reference",
    "code",
}
TEXTS_THAT_DIFFER |= {"operation_id", "caller", "sha256", "list_sha256", "number", "lists", "bundle_sha256", "population_sha256"}
NUMBERS_THAT_DIFFER |= {"population", "waited_seconds", "late_after"}
# What months come to is more than one order's, in a town where others are at work.
NUMBERS_THAT_DIFFER |= {"count", "orders", "rows", "breaks", "opened", "resolved", "catalogue_at"}
TEXTS_THAT_DIFFER |= {"total", "settled", "reversed", "refunded", "owed", "first_owes", "second_owes", "net", "catalogue_sha256"}
# Nor is what a report tells.
NUMBERS_THAT_DIFFER |= {"since", "accepted", "year", "uses", "firms", "labs", "vouchers", "subjects", "share_bps"}
NUMBERS_THAT_DIFFER |= {"ended", "ended_late", "median", "ninth_tenth", "longest", "standing", "standing_longest"}
TEXTS_THAT_DIFFER |= {"ordered", "cost", "offset", "face", "returned", "recovered", "amount", "left_out_total"}
TEXTS_THAT_DIFFER |= {"lower_quartile", "upper_quartile", "median_cost", "lowest", "highest"}
# Nor is a line or a batch that stands beside others.
NUMBERS_THAT_DIFFER |= {"batch", "drawn_at", "proposed_at", "confirmed_at"}
TEXTS_THAT_DIFFER |= {"payee", "line", "cut_off", "first_day", "last_day", "document_number", "references"}
HEX = re.compile("0x([0-9a-fA-F]{2})+")


def like(shown: Any, got: Any, name: str = "") -> bool:
    """Whether an answer is like the one that is shown: the same members, and the same values but for ids, blocks and times."""
    if name == "peers":
        return got is None or isinstance(got, int)  # not every node tells them
    if isinstance(shown, dict):
        return isinstance(got, dict) and shown.keys() == got.keys() and all(like(shown[each], got[each], each) for each in shown)
    if isinstance(shown, list):
        return isinstance(got, list) and all(any(like(one, other, name) for other in got) for one in shown)
    if isinstance(shown, bool) or shown is None:
        return got is shown
    if isinstance(shown, str) and HEX.fullmatch(shown):
        return isinstance(got, str) and bool(HEX.fullmatch(got)) and (len(got) == len(shown) or name == "data")
    if type(shown) is not type(got):
        return False
    differs = name in (NUMBERS_THAT_DIFFER if isinstance(shown, int) else TEXTS_THAT_DIFFER)
    return differs or shown == got


def replaced(asked: Any, real: dict[str, str]) -> Any:
    if isinstance(asked, dict):
        return {name: replaced(each, real) for name, each in asked.items()}
    if isinstance(asked, list):
        return [replaced(each, real) for each in asked]
    if isinstance(asked, str):
        for name, found in real.items():
            asked = asked.replace(name, found)
    return asked


def example_of(route) -> tuple[str | None, Any]:
    content = (route.openapi_extra or {}).get("requestBody", {}).get("content", {})
    for media, shown in content.items():
        return media, shown["example"]
    return None, None


def played(town, method: str, path: str, staged: Staged):
    media, asked = example_of(DESCRIBED[method, path])
    url = path.format(**staged.path)
    desk = town.desk(staged.region, staged.caller)
    if method == "GET":
        asks = {each.name for each in DESCRIBED[method, path].dependant.query_params}
        query = staged.query if asks & {"limit", "asked"} else {}
        query |= {"region": staged.query["region"]} if "region" in staged.query else {}
        return desk.get(url, **query)
    body = replaced(asked or {}, staged.real) | staged.members
    if media == FORM and "list" not in body:
        return desk.hand_in(url, body)
    if media == FORM:
        (field,) = body.keys() & {"list", "file"}
        fields = {name: text for name, text in body.items() if name != field}
        return desk.upload(url, fields, name="list.csv", content=body[field].encode(), field=field)
    return desk.post(url, body)


@pytest.mark.parametrize(("method", "path"), IN_TEXT)
def test_an_example_in_text_has_lines_that_are_answered(town, method, path):
    route = DESCRIBED[method, path]
    shown = route.responses[route.status_code]["content"][TEXT]["example"]
    STAGES[method, path](town)

    answer = town.http.request(method, town.world.gateways[SHANGHAI] + path)

    assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (route.status_code, TEXT)
    told = {line.rpartition(" ")[0] for line in answer.text.splitlines()}
    assert {line.rpartition(" ")[0] for line in shown.splitlines()} <= told


@pytest.mark.parametrize(("method", "path"), IN_EXCEL)
def test_a_workbook_is_answered_as_one(town, method, path):
    staged = STAGES[method, path](town)

    answer = town.desk(staged.region, staged.caller).raw(path.format(**staged.path), **staged.query)

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, EXCEL)
    sheets = ["汇总 Summary"] if "/months/" not in path else ["汇总 Summary", "明细 Lines", "拨付单位 Payers"]
    assert load_workbook(io.BytesIO(answer.content)).sheetnames[: len(sheets)] == sheets


@pytest.mark.parametrize(("method", "path"), IN_CSV)
def test_a_list_for_the_bank_is_answered_as_one(town, method, path):
    staged = STAGES[method, path](town)

    answer = town.desk(staged.region, staged.caller).raw(path.format(**staged.path), **staged.query)

    assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (200, CSV)
    assert answer.content.decode("utf-8-sig").startswith("订单编号,")


@pytest.mark.parametrize(("method", "path"), IN_BYTES)
def test_a_file_is_answered_as_one(town, method, path):
    staged = STAGES[method, path](town)
    desk, (_, asked) = town.desk(staged.region, staged.caller), example_of(DESCRIBED[method, path])

    url = path.format(**staged.path)
    answer = desk.raw(url) if method == "GET" else desk.raw_post(url, replaced(asked, staged.real))

    media = {OCTETS, ARCHIVE} & DESCRIBED[method, path].responses[200]["content"].keys()
    assert (answer.status_code, {answer.headers["Content-Type"]}) == (200, media)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.content


# What watches over a gateway has a head of its own, the look-up log and operations are not read off the chain.
WITHOUT_BLOCK = {"/livez", "/readyz", "/metrics", "/v1/lookups", "/v1/lookups/{number}", "/v1/operations/{operation_id}"}
# A statement's own bytes are as of its month's end, whenever they are asked for.
WITHOUT_BLOCK |= {"/v1/months/{home}/{host}/{month}/document", "/v1/months/{home}/{host}/{month}/excel"}
WITHOUT_BLOCK |= {"/v1/firm-changes/history"}
WITHOUT_BLOCK |= {"/v1/catalogue/lists", "/v1/powers", "/v1/firm-facts/history", "/v1/programmes/{programme_id}/file"}
# A decision is as of the time by which it was judged.
WITHOUT_BLOCK |= {"/v1/programmes/{programme_id}/decisions", "/v1/vouchers/{voucher_id}/decision"}
# An original is what it is.
WITHOUT_BLOCK |= {"/v1/orders/{order_id}/evidence/documents/{sha256}", "/v1/evidence/originals"}
# A report's own bytes are as of the time that they name.
WITHOUT_BLOCK |= {
    f"/v1/reports/{name}/{form}"
    for name in ("programme", "ageing", "bank-file", "concentration", "prices", "lab-year")
    for form in ("document", "excel")
}
WITHOUT_BLOCK |= {"/v1/reports/bank-file/csv", "/v1/reports/lab-year/signed"}
# Lists of what is on record here, and files that an office sends or puts up.
WITHOUT_BLOCK |= {"/v1/payee-accounts", "/v1/payment-batches"}
WITHOUT_BLOCK |= {f"/v1/payment-batches/{{batch}}/{name}" for name in ("document", "notice/csv", "resend/csv")}
WITHOUT_BLOCK |= {f"/v1/payment-batches/{{batch}}/bank-file/{form}" for form in ("csv", "excel")}
READS = [
    (method, path) for (method, path), route in DESCRIBED.items() if once_of not in {each.call for each in route.dependant.dependencies}
]


def test_every_answer_that_is_read_off_the_chain_says_as_of_which_block():
    schemas = description(ROUTERS)["components"]["schemas"]
    without = set()
    for method, path in READS:
        model = DESCRIBED[method, path].response_model
        told = schemas[model.__name__]["properties"].get("block", {}) if model is not None else {}
        if told.get("$ref") != "#/components/schemas/BlockSeen":
            without.add(path)

    assert without == WITHOUT_BLOCK
    assert {"/v1/trail", "/v1/vouchers/check", "/v1/vouchers/rows/check", "/v1/orders/prepare"} <= {path for _, path in READS}


def test_every_route_is_staged_and_every_stage_is_a_route():
    assert STAGES.keys() == DESCRIBED.keys()


@pytest.mark.parametrize(
    ("method", "path"), [each for each in DESCRIBED if each not in IN_TEXT + IN_EXCEL + IN_BYTES + IN_CSV], ids=lambda each: each
)
def test_an_example_is_answered_as_it_says(town, method, path):
    route = DESCRIBED[method, path]
    shown = route.responses[route.status_code]["content"][JSON]["example"]

    answer = played(town, method, path, STAGES[method, path](town))

    assert answer.status == route.status_code, answer.body
    assert like(shown, answer.body), answer.body
