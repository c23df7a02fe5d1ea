"""
A month between Changxing and Shanghai, through both gateways: the same bytes, closed by both, with breaks that are carried on.

In the first month one order is settled as the bank paid it, one is settled and partly declared a debt, one is left accepted, and one is
paid by Shanghai for Changxing. In the second the debt comes back and the accepted one is settled.
"""

import hashlib
import io
import json
import re
import threading
from contextlib import closing
from datetime import datetime
from types import SimpleNamespace
from typing import get_args

import pytest
from openpyxl import Workbook, load_workbook

from gateway.acts import months
from gateway.schemas.months import ReasonName
from registry import BreakReason, Client, Digest, KeyAccount, Node, Outbox, Region, load_key, month_of, seconds_of_month
from registry.statement import following_month
from scripts.demonstration.cast import BEIJING, CHANGXING, KUNSHAN, SHANGHAI
from tests.gateway.conftest import settled_in
from tests.gateway.newcomers import firm_id, new_firm

pytestmark = pytest.mark.both_in_full

DIRECTIONS = ((CHANGXING, SHANGHAI), (SHANGHAI, CHANGXING))
HEADER = "订单编号,收款方代码,金额（元）,类型,付款流水号,日期\n"


@pytest.fixture(scope="module")
def town(engine, _chain_ids, tmp_path_factory):
    """A town of its own, whose months other tests do not touch."""
    with settled_in(engine, next(_chain_ids), tmp_path_factory.mktemp("months")) as town:
        yield town


@pytest.fixture(scope="module")
def told(town):
    """Two months' orders, by what became of them; the first two months are over."""
    firm, other, lab = town.firm("firm-changxing"), new_firm(town, CHANGXING), town.lab("lab-shanghai")
    netted = town.programme_text("changxing-2013").replace("CX-KJQ-2013", "CX-NETTED").replace("payer = 330522", "payer = 0")
    town.programmes["netted"] = town.desk(CHANGXING, "issuer").post("/v1/programmes", {"file": netted})["programme_id"]
    assert town.fund(CHANGXING, "100000000", "NETTED", sample="netted").status == 200
    # The months of a calendar have different lengths; begin where the next one is the chain's alone.
    town.node.set_time(seconds_of_month(following_month(month_of(town.node.timestamp())))[0] + 60)
    first = month_of(town.node.timestamp())

    paid, reversed_, waiting = (accepted(town, firm, lab) for _ in range(3))
    serial = town.serial_for(other)
    placed = accepted(town, other, lab, serial=serial)
    theirs = accepted(town, firm, lab, sample="netted")
    for order, reference in ((paid, "PAY-1"), (reversed_, "PAY-2"), (placed, "PAY-3")):
        assert town.review("settle", CHANGXING, "payer", order, payment_reference=reference) == "SETTLED"
    assert town.review("settle", SHANGHAI, "payer", theirs, payment_reference="SH-1") == "SETTLED"
    reversal = {"recover": "100000", "reason": "样例"}
    assert town.desk(CHANGXING, "reviewer-1").post(f"/v1/orders/{reversed_}/reverse", reversal).status == 200

    second = following_month(first)
    town.node.set_time(seconds_of_month(second)[0] + 60)
    assert town.desk(CHANGXING, "payer").post(f"/v1/orders/{reversed_}/refunded", {}).status == 200
    assert town.review("settle", CHANGXING, "payer", waiting, payment_reference="PAY-4") == "SETTLED"
    town.node.set_time(seconds_of_month(following_month(second))[0] + 60)
    orders = {"paid": paid, "reversed": reversed_, "waiting": waiting, "placed": placed, "theirs": theirs}
    return SimpleNamespace(first=first, second=second, firm=firm, other=other, serial=serial, lab=lab, **orders)


def accepted(town, firm, lab, *, serial=None, sample=None):
    if serial is None:
        serial = f"M-{town.number():05}"
        assert town.issue(CHANGXING, [(firm.company_code, serial)], face="1000000", denomination="100000", sample=sample).status == 201
    order = town.reserved(firm, lab, serial=serial, amount="500000")
    assert town.redeemed(order, firm, lab, cost="800000").status == 201
    assert town.review("endorse", SHANGHAI, "reviewer-1", order) == "ENDORSED"
    assert town.review("accept", CHANGXING, "reviewer-1", order) == "ACCEPTED"
    return order


def path(month, what="", home=CHANGXING, host=SHANGHAI):
    return f"/v1/months/{home}/{host}/{month}{what}"


def asked(month, **more):
    return {"home": CHANGXING, "host": SHANGHAI, "month": month} | more


# The statement


def test_both_gateways_and_auditors_get_the_same_bytes(town, told):
    callers = [(CHANGXING, "payer"), (SHANGHAI, "reviewer-1"), (SHANGHAI, "auditor"), (BEIJING, "auditor")]

    answers = [town.desk(region, caller).raw(path(told.first, "/document")) for region, caller in callers]
    accounts = [town.desk(region, caller).get(path(told.first)) for region, caller in callers]

    assert len({answer.content for answer in answers}) == 1
    assert {each["hash"] for each in accounts} == {"0x" + hashlib.sha256(answers[0].content).hexdigest()}
    assert answers[0].headers["Content-Type"] == "application/json"
    assert json.loads(answers[0].content) == accounts[0]["statement"]


def test_a_statement_tells_lines_sums_and_who_owes_what(town, told):
    account = town.desk(CHANGXING, "payer").get(path(told.first))
    statement = account["statement"]

    events = {each["event"]: (each["count"], each["total"]) for each in statement["events"]}
    assert events["Settled"] == (4, "1920000")
    assert events["Reversed"] == (1, "-100000")
    stages = {each["stage"]: (each["count"], each["total"]) for each in statement["stages"]}
    assert stages == {"ACCEPTED": (1, "480000"), "SETTLED": (3, "1440000"), "REVERSED": (1, "100000")}
    payers = {each["payer"]: each for each in statement["payers"]}
    assert (payers[CHANGXING]["settled"], payers[CHANGXING]["reversed"], payers[CHANGXING]["owed"]) == ("1440000", "-100000", "0")
    assert (payers[SHANGHAI]["paid"], payers[SHANGHAI]["owed"]) == ("480000", "480000")
    assert (account["netting"]["debtor"], account["netting"]["creditor"], account["netting"]["net"]) == (CHANGXING, SHANGHAI, "480000")
    (reversed_line,) = [each for each in statement["lines"] if each["event"] == "Reversed"]
    assert (reversed_line["order_id"], reversed_line["amount"]) == (told.reversed, "-100000")


def test_both_directions_come_to_the_same_netting(town, told):
    there, back = (town.desk(CHANGXING, "payer").get(path(told.first, home=home, host=host)) for home, host in DIRECTIONS)

    assert there["netting"] == back["netting"]
    assert (back["statement"]["lines"], back["hash"] != there["hash"]) == ([], True)


def test_what_happens_later_is_told_in_its_own_month(town, told):
    second = town.desk(SHANGHAI, "payer").get(path(told.second))["statement"]

    assert [(each["event"], each["amount"]) for each in second["lines"]] == [("Refunded", "-100000"), ("Settled", "480000")]


def test_a_month_that_is_not_over_has_no_hash_and_cannot_be_closed(town, told):
    running = following_month(told.second)
    desk = town.desk(CHANGXING, "reviewer-1")

    account = desk.get(path(running))

    assert (account["state"], account["over"], account["hash"]) == ("RUNNING", False, None)
    assert desk.get(path(running, "/document")).code == "MonthNotOver"
    assert desk.post("/v1/months/close", asked(running, statement="0x" + "11" * 32)).code == "MonthNotOver"


@pytest.mark.parametrize("what", ["", "/document", "/excel"])
def test_a_statement_is_for_officers_of_the_two_regions_and_auditors(town, told, what):
    def code(region, caller):
        answer = town.desk(region, caller).raw(path(told.first, what))
        return answer.status_code if answer.is_success else answer.json()["code"]

    officers = {(region, caller): code(region, caller) for region in (CHANGXING, SHANGHAI) for caller in ("issuer", "reviewer-1", "payer")}
    assert set(officers.values()) == {200}
    assert code(BEIJING, "payer") == "NotYours"
    assert {code(CHANGXING, "directory"), code(CHANGXING, "firm-changxing"), code(SHANGHAI, "lab-shanghai")} == {"RoleNotAllowed"}
    assert code(BEIJING, "auditor") == 200


def test_who_looked_at_a_statement_stands_in_the_log(town, told):
    lines = town.desk(SHANGHAI, "payer").get(path(told.first))["statement"]["lines"]
    town.desk(SHANGHAI, "payer").raw(path(told.first, "/document"))
    town.desk(BEIJING, "payer").get(path(told.first))

    rows = town.desk(SHANGHAI, "auditor").get("/v1/lookups", limit=2)["lookups"]
    refused = town.desk(BEIJING, "auditor").get("/v1/lookups", limit=1)["lookups"][0]

    shown = {(each["what"], each["answer"], each["party"], each["span"]) for each in rows}
    assert shown == {("statement", "ANSWERED", "PAYER", f"{lines[0]['order_id']}..{lines[-1]['order_id']}")}
    assert (refused["what"], refused["answer"]) == ("statement", "NotYours")


@pytest.mark.parametrize(
    ("home", "host", "month", "code"),
    [
        (CHANGXING, 999_999, None, "NotFound"),
        (CHANGXING, CHANGXING, None, "NotFound"),
        (CHANGXING, SHANGHAI, 200_001, "NotFound"),
        (CHANGXING, SHANGHAI, 909_912, "NotFound"),
        (CHANGXING, SHANGHAI, 202_013, "NotFound"),
        (CHANGXING, SHANGHAI, 200_000, "InvalidRequest"),
        ("abc", SHANGHAI, None, "InvalidRequest"),
        (CHANGXING, SHANGHAI, "2026-1", "InvalidRequest"),
    ],
)
def test_a_month_that_nobody_has_is_not_found(town, told, *, home, host, month, code):
    assert town.desk(CHANGXING, "auditor").get(path(month or told.first, home=home, host=host)).code == code


# Closing


def test_a_hash_that_is_not_the_statements_is_not_named(town, told):
    before = town.event_count()

    answer = town.desk(CHANGXING, "reviewer-1").post("/v1/months/close", asked(told.second, statement="0x" + "11" * 32))

    assert (answer.status, answer.code, answer["values"]["asked"]) == (409, "StatementDiffers", "0x" + "11" * 32)
    assert answer["values"]["ours"] == town.desk(SHANGHAI, "auditor").get(path(told.second))["hash"]
    assert town.event_count() == before


def test_a_month_is_closed_when_both_named_the_same_and_another_hash_is_told(town, told, tmp_path):
    """Shanghai's second reviewer first names another hash past his gateway; nothing is closed until the right one is named."""
    home, host = town.desk(CHANGXING, "reviewer-1"), town.desk(SHANGHAI, "reviewer-1")
    right, wrong = home.get(path(told.first))["hash"], "0x" + "22" * 32
    named_on_the_chain(town, tmp_path, told.first, wrong)

    first, repeated = (home.post("/v1/months/close", asked(told.first, statement=right), key="close-first") for _ in range(2))
    between = home.get(path(told.first))
    closed = host.post("/v1/months/close", asked(told.first, statement=right))
    again = home.post("/v1/months/close", asked(told.first, statement=right))
    after = [town.desk(region, "auditor").get(path(told.first)) for region in (CHANGXING, SHANGHAI)]

    assert (first["closed"], first["state"], first["home_statement"], first["host_statement"]) == (False, "DIFFERS", right, wrong)
    assert repeated.body == first.body
    assert (between["state"], between["home_agrees"], between["host_agrees"]) == ("DIFFERS", True, False)
    assert (closed["closed"], closed["state"]) == (True, "CLOSED")
    assert again.code == "MonthIsClosed"
    assert {(each["state"], each["home_agrees"], each["host_agrees"], each["hash"]) for each in after} == {("CLOSED", True, True, right)}
    seen = next(each for each in home.get("/v1/months")["months"] if (each["host"], each["month"]) == (SHANGHAI, told.first))
    assert (seen["home_statement"], seen["host_statement"], seen["closed"]) == (right, right, True)


def named_on_the_chain(town, folder, month, statement):
    """Shanghai's second reviewer names a hash with his key and a node, whatever his gateway thinks of it."""
    key_file, node = town.world.officials[SHANGHAI]["reviewer-2"], Node(town.world.node_url)
    account = KeyAccount(load_key(key_file.path, key_file.password))
    with closing(Outbox(folder / "outbox.sqlite", node, chain_id=town.world.deployment.chain_id)) as outbox:
        client = Client(node, town.world.deployment, outbox, account, final_within=30.0)
        client.close_month(Region(CHANGXING), Region(SHANGHAI), month, Digest(bytes.fromhex(statement[2:])))


def test_a_month_is_for_the_reviewers_of_the_two_to_close(town, told):
    statement = town.desk(CHANGXING, "auditor").get(path(told.second))["hash"]

    def code(region, caller):
        return town.desk(region, caller).post("/v1/months/close", asked(told.second, statement=statement)).code

    assert code(BEIJING, "reviewer-1") == "NotOfEither"
    assert {code(CHANGXING, caller) for caller in ("payer", "issuer", "auditor")} == {"RoleNotAllowed"}


# A payer's records


def row(order, amount, reference, month, *, payee, kind="拨付", day="15"):
    return f"{order},{payee},{amount},{kind},{reference},{month // 100}-{month % 100:02}-{day}\n"


def hand_in(town, month, *rows, region=CHANGXING, caller="payer", home=CHANGXING, host=SHANGHAI, **more):
    form = {"home": str(home), "host": str(host), "month": str(month)} | more
    content = (HEADER + "".join(rows)).encode()
    return town.desk(region, caller).upload("/v1/months/payments", form, name="payments.csv", content=content)


def standing(town, month, region=CHANGXING):
    page = town.desk(region, "auditor").get(path(month, "/breaks"))
    return {(each["order_id"], each["reason"]): each for each in page["breaks"]}


@pytest.fixture
def first_records(town, told):
    """What Changxing's bank paid in the first month: one as settled, one to somebody else, one not at all, one too early, one unknown."""
    unit, nobody = told.lab.host_unit, f"0x{town.number():064x}"
    answer = hand_in(
        town,
        told.first,
        row(told.paid, "4800", "PAY-1", told.first, payee=unit),
        row(told.reversed, "4800.00", "PAY-2", told.first, payee=told.firm.company_code),
        row(told.waiting, "4800", "PAY-4", told.first, payee=unit),
        row(nobody, "1.5", "PAY-9", told.first, payee=unit),
    )
    assert answer.status == 201, answer.body
    return SimpleNamespace(answer=answer, nobody=nobody)


def test_breaks_are_told_by_order_with_their_reason(town, told, first_records):
    found = standing(town, told.first)

    assert found.keys() == {
        (told.reversed, "WrongPayee"),
        (told.waiting, "NotSettled"),
        (told.placed, "NotPaid"),
        (first_records.nobody, "NotOnChain"),
    }
    assert first_records.answer["breaks"] == 4
    assert (found[told.placed, "NotPaid"]["due"], found[told.placed, "NotPaid"]["paid"]) == ("480000", "0")
    assert (found[first_records.nobody, "NotOnChain"]["due"], found[first_records.nobody, "NotOnChain"]["paid"]) == ("0", "150")
    assert {(each["opened"], each["carried"], each["resolved"]) for each in found.values()} == {(told.first, False, None)}
    page = town.desk(CHANGXING, "payer").get(path(told.first, "/breaks"))
    assert (told.first, 4, "payer") in [(each["month"], each["rows"], each["by"]) for each in page["records"]]


def test_breaks_are_carried_by_id_until_something_resolves_them(town, told, first_records):
    unit, before = told.lab.host_unit, standing(town, told.first)
    third = following_month(told.second)
    late = row(told.placed, "4800", "PAY-3", told.second, payee=unit)
    back = row(told.reversed, "1000", "BACK-2", told.second, payee="", kind="退回")
    assert hand_in(town, told.second, late, back).status == 201

    second, after = standing(town, told.second), standing(town, third)

    assert {key: each["break_id"] for key, each in before.items()}.items() <= {k: each["break_id"] for k, each in second.items()}.items()
    assert {key: each["resolved"] for key, each in second.items()} == {
        (told.reversed, "WrongPayee"): None,
        (told.waiting, "NotSettled"): told.second,
        (told.placed, "NotPaid"): told.second,
        (first_records.nobody, "NotOnChain"): None,
    }
    assert {each["carried"] for each in second.values()} == {True}
    assert after.keys() == {(told.reversed, "WrongPayee"), (first_records.nobody, "NotOnChain")}
    assert {each["opened"] for each in after.values()} == {told.first}


def test_an_explanation_ends_a_break_once_and_is_kept_with_its_words(town, told, first_records):
    desk, found = town.desk(CHANGXING, "payer"), standing(town, told.first)
    of = found[first_records.nobody, "NotOnChain"]["break_id"]
    explanation = asked(told.first, break_id=of, text="银行误列，非本项目款项。")

    first = desk.post("/v1/months/breaks/explain", explanation, key=f"explain-{of}")
    repeated = desk.post("/v1/months/breaks/explain", explanation, key=f"explain-{of}")
    again = desk.post("/v1/months/breaks/explain", explanation)

    assert (first["resolved"], first["explanation"]["text"], first["explanation"]["by"]) == (told.first, explanation["text"], "payer")
    assert repeated.body == first.body
    assert again.code == "NotFound"
    assert (first_records.nobody, "NotOnChain") not in standing(town, following_month(told.first))
    listed = standing(town, told.first)[first_records.nobody, "NotOnChain"]
    assert (listed["resolved"], listed["explanation"]["text"]) == (told.first, explanation["text"])


def test_what_another_payer_settled_is_for_its_own_gateway(town, told, first_records):
    """Shanghai paid one of Changxing's orders: its records are held against that one alone."""
    assert hand_in(town, told.first, region=SHANGHAI, if_empty="NOTHING_PAID").status == 201

    assert standing(town, told.first, SHANGHAI).keys() == {(told.theirs, "NotPaid")}

    paid = row(told.theirs, "4800", "SH-1", told.first, payee=told.lab.host_unit)
    assert hand_in(town, told.first, paid, region=SHANGHAI)["breaks"] == 0
    assert told.theirs not in {order for order, _ in standing(town, told.first)}


def test_sums_are_as_the_description_has_them_however_large_the_rows(town, told):
    nobody, early = "0x" + "79" * 32, told.first - (89 if told.first % 100 == 1 else 1)
    rows = [row(nobody, "999999999999999.99", f"LARGE-{each}", early, payee=told.lab.host_unit) for each in range(200)]

    assert hand_in(town, early, *rows).status == 201
    paid = standing(town, early)[nobody, "NotOnChain"]["paid"]
    assert hand_in(town, early, if_empty="TAKEN_BACK").status == 201

    assert paid == str(200 * 99_999_999_999_999_999)
    described = town.http.get(town.world.gateways[CHANGXING] + "/openapi.json").json()["components"]["schemas"]["BreakSeen"]
    assert re.search(described["properties"]["paid"]["pattern"], paid)


def test_a_file_for_a_wrong_month_moves_nothing_once_it_is_taken_back(town, told, first_records):
    """Else breaks would begin with that month for ever, and its payment could be told of no other month."""
    early = told.first - (89 if told.first % 100 == 1 else 1)
    before, wrong = standing(town, told.first), row("0x" + "78" * 32, "1", "EARLY", early, payee=told.lab.host_unit)

    bare, meaning = hand_in(town, early), hand_in(town, early, if_empty="WHATEVER")
    assert hand_in(town, early, wrong, if_empty="TAKEN_BACK").status == 201
    moved, twice = standing(town, early), hand_in(town, told.first, wrong)
    back = hand_in(town, early, if_empty="TAKEN_BACK")

    assert [(each.status, each.code) for each in (bare, meaning)] == [(422, "ListEmpty"), (422, "InvalidRequest")]
    assert [reason for _, reason in moved] == ["NotOnChain"]
    assert [each["code"] for each in twice["values"]["bad"]] == ["PaymentRepeated"]
    assert (back.status, back["rows"], back["breaks"]) == (201, 0, 0)
    assert (standing(town, early), standing(town, told.first)) == ({}, before)
    records = town.desk(CHANGXING, "payer").get(path(told.first, "/breaks"))["records"]
    # Nobody takes breaks away unseen.
    assert [(each["rows"], each["by"]) for each in records if each["month"] == early] == [(None, "payer")]
    assert hand_in(town, early, if_empty="NOTHING_PAID")["rows"] == 0
    assert hand_in(town, early, if_empty="TAKEN_BACK").status == 201


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"order": "1.23E+19"}, "CellIsNumber"),
        ({"order": "20130001"}, "OrderMalformed"),
        ({"order": "=A1"}, "CellIsFormula"),
        ({"reference": "6.2E+18"}, "CellIsNumber"),
        ({"reference": "622848.0"}, "CellIsNumber"),
        ({"reference": '=HYPERLINK("x")'}, "CellIsFormula"),
        ({"reference": ""}, "CellEmpty"),
        ({"amount": "4800.001"}, "AmountMalformed"),
        ({"amount": '"4,800"'}, "AmountMalformed"),
        ({"amount": "0"}, "AmountMalformed"),
        ({"amount": "-4800"}, "CellIsFormula"),
        ({"amount": "4.8E3"}, "AmountMalformed"),
        ({"amount": "４８００"}, "AmountMalformed"),
        ({"kind": "付款"}, "KindUnknown"),
        ({"payee": "91330522MA0DEM0110"}, "CodeRefused"),
        ({"payee": ""}, "CellEmpty"),
        ({"date": "2026/11/03"}, "DateMalformed"),
        ({"date": "2026-02-30"}, "DateMalformed"),
        ({"date": "2999-01-01"}, "NotOfMonth"),
    ],
)
def test_bad_rows_are_told_by_line_and_nothing_is_taken(town, told, change, code):
    good = {"order": told.placed, "payee": told.lab.host_unit, "amount": "4800", "kind": "拨付", "reference": "PAY-77"}
    good |= {"date": f"{told.first // 100}-{told.first % 100:02}-20"}
    before = town.desk(CHANGXING, "payer").get(path(told.first, "/breaks"))["records"]
    lines = [",".join(each.values()) + "\n" for each in (good, good | {"reference": "PAY-78"} | change)]

    answer = hand_in(town, told.first, *lines)

    assert (answer.status, answer.code) == (422, "BadRows")
    assert [(each["line"], each["code"]) for each in answer["values"]["bad"]] == [(3, code)]
    assert town.desk(CHANGXING, "payer").get(path(told.first, "/breaks"))["records"] == before


def test_a_payment_that_was_handed_in_before_is_a_bad_row(town, told, first_records):
    twice = row(told.placed, "4800", "PAY-3", told.second, payee=told.lab.host_unit)
    before = row(told.paid, "4800", "pay 1", told.second, payee=told.lab.host_unit)

    answer = hand_in(town, told.second, twice, twice, before)

    assert [(each["line"], each["code"]) for each in answer["values"]["bad"]] == [(3, "PaymentRepeated"), (4, "PaymentRepeated")]


def test_two_files_at_once_do_not_both_take_one_payment(town, told, monkeypatch):
    """The second comes when the first was found good and is not on record yet."""
    payment = row("0x" + "77" * 32, "1", "AT-ONCE", told.first, payee=told.lab.host_unit)
    judge, began, answers = months._of_others, [], {}

    def judged(*asked):
        if not began:
            began.append(threading.Thread(target=lambda: answers.update(second=hand_in(town, told.second, payment, host=KUNSHAN))))
            began[0].start()
        return judge(*asked)

    monkeypatch.setattr(months, "_of_others", judged)
    answers["first"] = hand_in(town, told.first, payment, host=KUNSHAN)
    began[0].join()

    assert (answers["first"].status, answers["second"].code) == (201, "BadRows")


def test_an_order_of_another_pair_or_payer_is_a_bad_row(town, told):
    theirs = row(told.theirs, "4800", "PAY-88", told.first, payee=told.lab.host_unit)
    paid = row(told.paid, "4800", "PAY-1", told.first, payee=told.lab.host_unit)

    assert hand_in(town, told.first, theirs)["values"]["bad"][0]["code"] == "OrderOfOtherPair"
    assert hand_in(town, told.first, paid, host=KUNSHAN)["values"]["bad"][0]["code"] == "OrderOfOtherPair"


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "ListEmpty"), (b"order,payee\n0x,1\n", "ListHeaderDiffers"), (b"PK\x03\x04", "ListUnreadable"), (b'"\n', "ListUnreadable")],
)
def test_a_file_that_is_no_list_of_payments_is_refused(town, told, content, code):
    form = {"home": str(CHANGXING), "host": str(SHANGHAI), "month": str(told.first)}

    assert town.desk(CHANGXING, "payer").upload("/v1/months/payments", form, name="p.csv", content=content).code == code


def test_a_workbook_is_no_list_of_payments(town, told):
    form = {"home": str(CHANGXING), "host": str(SHANGHAI), "month": str(told.first)}

    answer = town.desk(CHANGXING, "payer").upload("/v1/months/payments", form, name="p.xlsx", content=workbook(HEADER.strip().split(",")))

    assert (answer.status, answer.code) == (422, "ListUnreadable")


def test_records_are_for_the_regions_own_payer_and_breaks_for_its_officers(town, told, first_records):
    assert {hand_in(town, told.first, caller=caller).code for caller in ("reviewer-1", "issuer", "auditor")} == {"RoleNotAllowed"}
    breaks = path(told.first, "/breaks")
    assert {town.desk(CHANGXING, caller).get(breaks).status for caller in ("issuer", "reviewer-1", "payer", "auditor")} == {200}
    assert town.desk(CHANGXING, "firm-changxing").get(breaks).code == "RoleNotAllowed"
    assert town.desk(BEIJING, "payer").get(breaks)["breaks"] == []
    of = asked(told.first, break_id="0x" + "11" * 32, text="样例")
    assert town.desk(CHANGXING, "issuer").post("/v1/months/breaks/explain", of).code == "RoleNotAllowed"
    assert town.desk(CHANGXING, "payer").post("/v1/months/breaks/explain", of).code == "NotFound"


def test_every_reason_of_the_library_is_one_that_the_description_names():
    assert set(get_args(ReasonName)) == {each.value for each in BreakReason}


# Sub-districts


def workbook(*lines):
    book = Workbook()
    for line in lines:
        book.worksheets[0].append(line)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def catalogue(town, content, *, region=CHANGXING, caller="issuer"):
    return town.desk(region, caller).upload("/v1/sub-districts", {}, name="c.csv", content=content)


def test_a_month_is_told_by_sub_district(town, told):
    serial_of = town.desk(CHANGXING, "auditor").get(f"/v1/orders/{told.placed}")["voucher_id"]
    lines = f"企业代码,乡镇街道园区\n{told.firm.company_code},雉城街道\n"
    assert catalogue(town, lines.encode())["rows"] == 1

    page = town.desk(CHANGXING, "payer").get(path(told.first, "/sub-districts"))
    (look,) = town.desk(CHANGXING, "auditor").get("/v1/lookups", limit=1)["lookups"]

    assert (look["what"], look["party"], look["answer"], look["region"]) == ("sub-districts", "PAYER", "ANSWERED", CHANGXING)
    lines_of_month = town.desk(CHANGXING, "payer").get(path(told.first))["statement"]["lines"]
    assert look["span"] == f"{lines_of_month[0]['order_id']}..{lines_of_month[-1]['order_id']}"
    assert [(each["sub_district"], each["orders"]) for each in page["sub_districts"]] == [("雉城街道", 4), (None, 1)]
    sums = {each["sub_district"]: {event["event"]: event["total"] for event in each["events"]} for each in page["sub_districts"]}
    assert (sums["雉城街道"]["Settled"], sums["雉城街道"]["Reversed"], sums[None]["Settled"]) == ("1440000", "-100000", "480000")
    assert page["catalogue_sha256"] == hashlib.sha256(lines.encode()).hexdigest()
    assert serial_of in {each["voucher_id"] for each in town.desk(CHANGXING, "payer").get(path(told.first))["statement"]["lines"]}


def test_a_single_voucher_may_belong_elsewhere_and_the_last_catalogue_counts(town, told):
    firm = told.other
    assert catalogue(town, f"firm,sub_district\n{firm.company_code},雉城街道\n".encode()).status == 201
    lines = (
        ["企业代码", "券号", "乡镇街道园区"],
        [told.firm.company_code, "", "雉城街道"],
        [firm.company_code, "", "画溪街道"],
        [firm.company_code, told.serial, "经济开发区"],
    )
    assert catalogue(town, workbook(*lines))["rows"] == 3

    page = town.desk(CHANGXING, "payer").get(path(told.first, "/sub-districts"))

    assert {(each["sub_district"], each["orders"]) for each in page["sub_districts"]} == {("雉城街道", 4), ("经济开发区", 1)}


def test_a_catalogue_with_bad_rows_is_not_taken(town, told):
    good = catalogue(town, f"firm,sub_district\n{told.firm.company_code},雉城街道\n".encode())
    code, other = told.firm.company_code, told.other.company_code
    bad = f"firm,sub_district\n{code},雉城街道\n{code},画溪街道\n{other},\n91330522MA0DEM0110,夹浦镇\n{other},=1\n"

    answer = catalogue(town, bad.encode())

    assert [(each["line"], each["code"]) for each in answer["values"]["bad"]] == [
        (3, "PlaceRepeated"),
        (4, "CellEmpty"),
        (5, "CodeRefused"),
        (6, "CellIsFormula"),
    ]
    page = town.desk(CHANGXING, "payer").get(path(told.first, "/sub-districts"))
    assert page["catalogue_sha256"] == good["sha256"]


def test_a_serial_is_judged_when_it_is_handed_in_and_is_one_however_it_is_written(town, told):
    """A serial of which nothing is left would else refuse every look at the month; one written twice would count as the last line says."""
    code = told.other.company_code
    rows = f"{code},—,雉城街道\n{code},{told.serial},雉城街道\n{code},{told.serial.replace('-', '').lower()},画溪街道\n"

    answer = catalogue(town, f"firm,serial,sub_district\n{rows}".encode())

    assert [(each["line"], each["code"]) for each in answer["values"]["bad"]] == [(2, "CodeRefused"), (4, "PlaceRepeated")]
    assert town.desk(CHANGXING, "payer").raw(path(told.first, "/excel")).status_code == 200


def test_a_serial_that_excel_made_a_date_of_is_a_bad_row(town, told):
    day = datetime(2026, 11, 3)  # noqa: DTZ001 - as Excel keeps dates

    answer = catalogue(town, workbook(["企业代码", "券号", "乡镇街道园区"], [told.firm.company_code, day, "雉城街道"]))

    assert [(each["line"], each["code"]) for each in answer["values"]["bad"]] == [(2, "CellIsNumber")]


def test_a_header_alone_is_a_catalogue_that_places_nobody(town, told):
    answer = catalogue(town, b"firm,sub_district\n", region=SHANGHAI)

    assert (answer.status, answer["rows"]) == (201, 0)


def test_sub_districts_are_the_issuing_regions_own(town, told):
    assert town.desk(SHANGHAI, "payer").get(path(told.first, "/sub-districts")).code == "NotYours"
    assert town.desk(BEIJING, "payer").get(path(told.first, "/sub-districts", home=BEIJING)).code == "CatalogueMissing"
    assert catalogue(town, b"firm,sub_district\n", caller="payer").code == "RoleNotAllowed"


# Excel


def test_the_workbook_opens_again_with_ids_as_text(town, told, first_records):
    assert catalogue(town, f"firm,sub_district\n{told.firm.company_code},雉城街道\n".encode()).status == 201

    content = town.desk(CHANGXING, "payer").raw(path(told.first, "/excel")).content
    theirs = town.desk(SHANGHAI, "payer").raw(path(told.first, "/excel")).content

    book = load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["汇总 Summary", "明细 Lines", "拨付单位 Payers", "差异 Breaks", "乡镇街道园区 Sub-districts"]
    lines = {(row[1].value, row[5].value): row for row in book["明细 Lines"].iter_rows(min_row=2)}
    settled = lines["Settled", told.paid]
    assert (settled[3].value, settled[3].number_format, settled[4].value) == (4800, "#,##0.00", "480000")
    assert lines["Reversed", told.reversed][3].value == -1000
    assert {(cell.data_type, cell.number_format) for at, cell in enumerate(settled) if at != 3} == {("s", "@")}
    breaks = {(row[1].value, row[2].value) for row in book["差异 Breaks"].iter_rows(min_row=2)}
    assert (told.placed, "NotPaid") in breaks
    formulas = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    assert formulas == []
    assert load_workbook(io.BytesIO(theirs)).sheetnames[:3] == book.sheetnames[:3]
    assert "乡镇街道园区 Sub-districts" not in load_workbook(io.BytesIO(theirs)).sheetnames


def test_other_firms_are_not_named_to_a_host_region(town, told):
    """A statement names a firm by its id in the directory; no company code is in it."""
    text = town.desk(SHANGHAI, "payer").raw(path(told.first, "/document")).text

    assert firm_id(town, told.firm) in text
    assert told.firm.company_code not in text
