"""
Payment batches at Changxing's gateway, on a real chain: from the list to the settlement, and what goes wrong on the way.

Wherever the process dies, an order is settled once, and stands in one batch.
"""

import csv
import hashlib
import io
import json
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
from openpyxl import load_workbook

from gateway.acts import payments
from gateway.api_keys import ApiKeys
from gateway.callers import Party
from gateway.hash_chain import LogAltered
from gateway.payment_book import CHAIN, PaymentBookStore
from registry import (
    Client,
    Index,
    Node,
    Outbox,
    OutcomeUnknown,
    Region,
    Role,
    Time,
    Unreachable,
    connect_store,
    day_of,
    month_of,
    outbox,
)
from registry.batches import BatchRefused, PaymentBook
from registry.chain.devnode import Engine
from registry.codec import encode
from registry.events import Contract
from registry.outbox import Intent
from scripts.demonstration.cast import BEIJING, CHANGXING, SHANGHAI
from scripts.demonstration.world import new_key_file
from tests.gateway.conftest import settled_in, wait_until
from tests.gateway.newcomers import both_signed, firm_id, new_firm, new_lab, order_at, redemption_document, second_payer
from tests.gateway.test_operations import unmined

pytestmark = pytest.mark.both_in_full

PATH = "/v1/payment-batches"
DAY = 86_400
GAS_OF_A_TRANSFER = 21_000
PAYEE, NUMBER = "91310000MA0DEM001P", "6222000000000000001"


@pytest.fixture(scope="module")
def town(engine, _chain_ids, tmp_path_factory):
    """A town of its own, whose waiting orders are these tests' alone."""
    with settled_in(engine, next(_chain_ids), tmp_path_factory.mktemp("payments")) as town:
        assert town.fund(CHANGXING, "100000000", "PAYMENTS").status == 200
        second_payer(town, CHANGXING)
        yield town


@pytest.fixture
def first(town):
    return town.desk(CHANGXING, "payer")


@pytest.fixture
def second(town):
    return town.desk(CHANGXING, "payer-2")


@pytest.fixture
def line(town, first):
    """A budget line of its own."""
    return line_of(town, first)


def line_of(town, desk, *, region=CHANGXING, amount="100000000", days=30):
    asked = {"programme": town.programmes[region], "year": today(town).year, "line": f"206-{town.number()}"}
    cut_off = (today(town) + timedelta(days=days)).isoformat()
    assert desk.post("/v1/budget-lines", asked | {"amount": amount, "cut_off": cut_off}).status == 200
    return asked


@pytest.fixture
def account(town, first, second):
    """The host unit of the Shanghai lab has a confirmed account."""
    return account_of(first, second, town.lab("lab-shanghai").host_unit)


def account_of(first, second, payee, number=NUMBER):
    asked = {"payee": payee, "bank_name": "样例银行", "account_name": "样例检测中心", "account_number": number}
    proposed = first.post("/v1/payee-accounts", asked)
    assert proposed.status == 201, proposed.body
    assert second.post("/v1/payee-accounts/confirm", {"payee": payee, "version": proposed["version"]}).status == 200
    return proposed["version"]


def today(town):
    return day_of(Time(town.now))


def accepted(town, firm=None, lab=None):
    firm, lab = firm or town.firm("firm-changxing"), lab or town.lab("lab-shanghai")
    order = town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000")
    assert town.redeemed(order, firm, lab, cost="800000").status == 201
    return reviewed(town, order)


def reviewed(town, order):
    assert town.review("endorse", SHANGHAI, "reviewer-1", order) == "ENDORSED"
    assert town.review("accept", CHANGXING, "reviewer-1", order) == "ACCEPTED"
    return order


def drawn(desk, line, *orders):
    answer = desk.post(PATH, line | {"orders": list(orders)})
    assert answer.status == 201, answer.body
    return answer["batch"]


def noticed(town, desk, line, *orders):
    number = drawn(desk, line, *orders)
    assert desk.post(f"{PATH}/{number}/notice", {"first_day": today(town).isoformat(), "days": 1}).status == 200
    town.node.jump(DAY)
    return number


def signed(desk, number):
    """As the officer does it: read the list, then name its hash."""
    return desk.post(f"{PATH}/{number}/sign-off", {"list_hash": desk.get(f"{PATH}/{number}")["list_hash"]})


def at_bank(town, first, second, line, *orders):
    number = noticed(town, first, line, *orders)
    assert signed(second, number).status == 200
    assert first.post(f"{PATH}/{number}/number", {"document_number": f"长科兑 {number} 号"}).status == 200
    answer = first.post(f"{PATH}/{number}/bank-file", {})
    assert answer.status == 200, answer.body
    return number


def paid(desk, number, *orders, reference=None, key=None):
    made = [{"order": order, "payment_reference": reference or f"PAY-{order[2:12]}"} for order in orders]
    return desk.post(f"{PATH}/{number}/paid", {"payments": made}, key=key)


def settlements(town, order):
    return [each for each in town.events() if each["name"] == "Settled" and each["values"]["order"] == order]


def stage_of(town, order):
    return town.desk(CHANGXING, "auditor").get(f"/v1/orders/{order}")["stage"]


# From the list to the settlement


def test_a_batch_goes_from_the_list_to_the_settlement(town, first, second, line, account):
    orders = [accepted(town), accepted(town)]

    number = at_bank(town, first, second, line, *orders)
    content = first.raw(f"{PATH}/{number}/bank-file/csv").content
    sheet = load_workbook(io.BytesIO(first.raw(f"{PATH}/{number}/bank-file/excel").content))["银行文件 Bank file"]
    done = paid(first, number, *orders)

    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert {(row["订单编号"], row["账号"], row["金额（元）"]) for row in rows} == {(order, NUMBER, "4800.00") for order in orders}
    assert {cell.data_type for row in sheet for cell in row} == {"s"}
    assert (done.status, done["stage"], done["unsettled"]) == (200, "PAID", [])
    assert {(row["state"], row["stage"], row["account_version"]) for row in done["orders"]} == {("PAID", "SETTLED", account)}
    assert done["bank_file"]["sha256"] == "0x" + hashlib.sha256(content).hexdigest()
    expected = {"0x" + town.world.keyring.payment(CHANGXING, f"PAY-{order[2:12]}").hex() for order in orders}
    assert {each["values"]["payment"] for order in orders for each in settlements(town, order)} == expected


def test_the_hash_that_is_told_is_that_of_the_documents_bytes(town, first, line):
    number = drawn(first, line, accepted(town))

    told = first.get(f"{PATH}/{number}")
    content = town.desk(CHANGXING, "auditor").raw(f"{PATH}/{number}/document").content

    assert told["list_hash"] == "0x" + hashlib.sha256(content).hexdigest()
    assert json.loads(content)["total"] == told["total"] == "480000"


def test_without_names_all_that_wait_are_listed(town, first):
    """In a programme of its own, whose orders nobody else lists."""
    text = town.programme_text("changxing-2013").replace("CX-KJQ-2013", "CX-ALL")
    programme = town.programmes["all"] = town.desk(CHANGXING, "issuer").post("/v1/programmes", {"file": text})["programme_id"]
    assert town.fund(CHANGXING, "100000000", "ALL", sample="all").status == 200
    line = {"programme": programme, "year": today(town).year, "line": "2060404"}
    assert first.post(PATH, line).code == "LineUnknown"
    cut_off = (today(town) + timedelta(days=9)).isoformat()
    assert first.post("/v1/budget-lines", line | {"amount": "1000000", "cut_off": cut_off}).status == 200

    firm, lab = town.firm("firm-changxing"), town.lab("lab-shanghai")
    assert first.post(PATH, line).code == "BatchEmpty"
    serials = [f"ALL-{town.number()}" for _ in range(2)]
    rows = [(firm.company_code, serial) for serial in serials]
    assert town.issue(CHANGXING, rows, face="1000000", denomination="100000", sample="all").status == 201
    orders = [town.reserved(firm, lab, serial=serial, amount="500000") for serial in serials]
    for order in orders:
        assert town.redeemed(order, firm, lab, cost="800000").status == 201
        reviewed(town, order)
    assert {each["order_id"] for each in first.post(PATH, line)["orders"]} == set(orders)


def test_the_same_officer_does_not_sign_off_and_another_does(town, first, second, line, account):
    number = noticed(town, first, line, accepted(town))

    refused = signed(first, number)

    assert (refused.status, refused.code, refused["values"]["by"]) == (403, "SameOfficer", "payer")
    assert signed(second, number)["signed"]["by"] == "payer-2"


def test_a_notice_shows_everybody_no_company_code_and_no_account(town, first, line, account):
    order = accepted(town)
    number = drawn(first, line, order)
    at_lab = town.desk(CHANGXING, "firm-changxing")
    before = at_lab.get(f"{PATH}/{number}/notice").code
    first.post(f"{PATH}/{number}/notice", {"first_day": today(town).isoformat(), "days": 7})

    told, listed = at_lab.get(f"{PATH}/{number}/notice"), at_lab.raw(f"{PATH}/{number}/notice/csv").content.decode("utf-8-sig")

    assert before == "NotFound"
    assert [each["order_id"] for each in told["orders"]] == [order]
    assert told["last_day"] == (date.fromisoformat(told["first_day"]) + timedelta(days=6)).isoformat()
    for code in (town.lab("lab-shanghai").host_unit, town.firm("firm-changxing").company_code, NUMBER):
        assert code not in listed
        assert code not in json.dumps(told.body)


def test_an_objection_takes_an_order_out_with_its_reason(town, first, line):
    kept, out = accepted(town), accepted(town)
    number = noticed(town, first, line, kept, out)

    answer = first.post(f"{PATH}/{number}/take-out", {"order": out, "reason": "公示异议，待核实。"})

    assert [each["order_id"] for each in answer["orders"]] == [kept]
    assert [(each["order_id"], each["cause"], each["reason"]) for each in answer["out"]] == [(out, "Objection", "公示异议，待核实。")]
    assert drawn(first, line, out) > number


# What the chain says meanwhile


def test_what_is_sent_back_falls_out_and_is_told_before_anybody_acts(town, first, second, line, account):
    kept, back = accepted(town), accepted(town)
    number = noticed(town, first, line, kept, back)
    read = first.get(f"{PATH}/{number}")["list_hash"]
    assert town.review("reject", CHANGXING, "payer", back) == "OPEN"

    told = first.get(f"{PATH}/{number}")
    stale = second.post(f"{PATH}/{number}/sign-off", {"list_hash": read})

    assert [(each["order_id"], each["cause"]) for each in told["out"]] == [(back, "NotAccepted")]
    assert (stale.code, stale["values"]["ours"]) == ("ListDiffers", told["list_hash"])
    assert [each["order_id"] for each in signed(second, number)["orders"]] == [kept]


def test_what_was_sent_back_and_accepted_again_is_listed_anew(town, first, line):
    """Nobody has to act on the batch that it fell out of."""
    firm, lab, order = town.firm("firm-changxing"), town.lab("lab-shanghai"), accepted(town)
    number = drawn(first, line, order)
    assert town.review("reject", CHANGXING, "payer", order) == "OPEN"
    assert town.redeemed(order, firm, lab, cost="800000").status == 201
    reviewed(town, order)

    assert drawn(first, line, order) > number
    assert [each["cause"] for each in first.get(f"{PATH}/{number}")["out"]] == ["NotAccepted"]


def test_a_flagged_firms_order_falls_out_and_from_the_bank_file_on_holds_it_back(town, first, second, line, account):
    firm = new_firm(town, CHANGXING)
    early, late = accepted(town, firm=firm), accepted(town, firm=firm)
    fallen, held = noticed(town, first, line, early), at_bank(town, first, second, line, late)
    flag = {"subject": firm_id(town, firm), "reason": "样例"}
    assert town.desk(CHANGXING, "directory").post("/v1/flags", flag).status == 201

    told = first.get(f"{PATH}/{fallen}")
    refused = first.raw(f"{PATH}/{held}/bank-file/csv").json()
    listed_again = first.post(PATH, line | {"orders": [early]})

    assert (told["stage"], [each["cause"] for each in told["out"]]) == ("WITHDRAWN", ["FirmFlagged"])
    assert (refused["code"], refused["values"]["orders"]) == ("BankFileOutdated", [{"order": late, "cause": "FirmFlagged"}])
    assert (listed_again.code, listed_again["values"]["reasons"]) == ("NotWaiting", ["FirmFlagged"])
    assert signed(second, fallen).code == "WrongBatchStage"
    # The bank had paid it already: what was paid is recorded, and settled.
    assert paid(first, held, late)["stage"] == "PAID"
    assert stage_of(town, late) == "SETTLED"


def test_what_the_bank_has_not_paid_is_taken_out_by_another_officer(town, first, second, line, account):
    order = accepted(town)
    number = at_bank(town, first, second, line, order)
    asked = {"order": order, "reason": "银行未付，已收回指令。"}

    alone = first.post(f"{PATH}/{number}/take-out", asked)
    other = second.post(f"{PATH}/{number}/take-out", asked)

    assert alone.code == "SameOfficer"
    assert [each["cause"] for each in other["out"]] == ["NotPaid"]
    assert paid(first, number, order).code == "WrongRowState"
    assert drawn(first, line, order) > number


# Never twice


def test_an_order_stands_in_one_batch_and_is_settled_by_it_alone(town, first, second, line, account):
    order = accepted(town)
    number = drawn(first, line, order)

    again = first.post(PATH, line | {"orders": [order]})
    directly = first.post("/v1/orders/settle", {"orders": [order], "payment_reference": "BY-HAND"})

    assert (again.code, again["values"]["batch"]) == ("InOtherBatch", number)
    assert (directly.code, directly["values"]["batch"]) == ("InBatch", number)
    assert stage_of(town, order) == "ACCEPTED"


def test_of_many_who_list_an_order_at_once_one_does(town, first, line):
    order = accepted(town)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: first.post(PATH, line | {"orders": [order]}), range(8)))

    assert sorted(each.code or "" for each in answers) == [""] + ["InOtherBatch"] * 7


def test_what_the_bank_was_told_to_pay_is_not_sent_back(town, first, second, line, account):
    order = accepted(town)
    number = at_bank(town, first, second, line, order)

    answer = first.post("/v1/orders/reject", {"orders": [order]})

    assert (answer.code, answer["values"]["batch"]) == ("PaymentUnderWay", number)
    assert stage_of(town, order) == "ACCEPTED"


def test_no_bank_is_told_of_an_order_that_is_being_sent_back(town, first, second, line, *, account, monkeypatch):
    """The rejection was looked at before there was a bank file, and is not on the chain yet."""
    order = accepted(town)
    number = noticed(town, first, line, order)
    assert signed(second, number).status == 200
    assert first.post(f"{PATH}/{number}/number", {"document_number": f"长科兑 {number} 号"}).status == 200
    reject, meanwhile = Client.reject, []

    def rejecting(self, *asked, **more):
        meanwhile.append(second.post(f"{PATH}/{number}/bank-file", {}))
        return reject(self, *asked, **more)

    monkeypatch.setattr(Client, "reject", rejecting)
    stage = town.review("reject", CHANGXING, "payer", order)

    assert [(each.status, each.code) for each in meanwhile] == [(503, "RejectionUnderWay")]
    assert (stage, first.get(f"{PATH}/{number}")["stage"]) == ("OPEN", "WITHDRAWN")


def test_no_bank_is_told_while_what_became_of_a_rejection_is_not_known(town, first, second, line, *, account, monkeypatch):
    number = noticed(town, first, line, accepted(town))
    assert signed(second, number).status == 200
    assert first.post(f"{PATH}/{number}/number", {"document_number": f"长科兑 {number} 号"}).status == 200

    with monkeypatch.context() as open_end:
        open_end.setattr(Outbox, "under_way", lambda _, what: [object()] if what == "reject" else [])
        refused = first.post(f"{PATH}/{number}/bank-file", {}, key="once-known")

    assert (refused.status, refused.code) == (503, "RejectionUnderWay")
    assert first.post(f"{PATH}/{number}/bank-file", {}, key="once-known").status == 200


def test_no_bank_is_told_of_an_order_that_is_paid_by_hand_and_not_settled_yet(town, first, second, line, *, account, monkeypatch):
    """It was paid before it was listed, and the node has taken the settlement from nobody yet."""
    order = accepted(town)
    asked = {"orders": [order], "payment_reference": f"HAND-{order[2:12]}"}
    headers = {"Authorization": f"Bearer {first.api_key}", "Idempotency-Key": f"hand-{town.number()}", "Prefer": "respond-async"}

    with monkeypatch.context() as silent:
        silent.setattr(Node, "send_raw", unanswered)
        began = town.http.post(f"{first.url}/v1/orders/settle", json=asked, headers=headers)
        wait_until(lambda: first.get(began.headers["Location"])["transaction"] is not None)
        number = noticed(town, first, line, order)
        assert signed(second, number).status == 200
        assert first.post(f"{PATH}/{number}/number", {"document_number": f"长科兑 {number} 号"}).status == 200
        refused = first.post(f"{PATH}/{number}/bank-file", {}, key=f"hand-file-{number}")
    wait_until(lambda: first.get(began.headers["Location"])["state"] == "succeeded")
    after = first.post(f"{PATH}/{number}/bank-file", {}, key=f"hand-file-{number}")

    assert (refused.status, refused.code) == (503, "SettlementUnderWay")
    assert (after.code, [each["cause"] for each in first.get(f"{PATH}/{number}")["out"]]) == ("WrongBatchStage", ["SettledElsewhere"])


def unanswered(*_):
    raise Unreachable("no node")


def test_a_crash_between_record_and_settlement_is_made_good_once(town, first, second, line, *, account, monkeypatch):
    order = accepted(town)
    number = at_bank(town, first, second, line, order)

    with monkeypatch.context() as dying:
        dying.setattr(payments, "_settled", died)
        assert paid(first, number, order, key="crash-1").code == "Internal"
    with town.restarted(CHANGXING):
        told = first_of(town).get(f"{PATH}/{number}")
        assert (told["stage"], told["unsettled"]) == ("PAID", [{"order_id": order, "code": "NotYet"}])
        done = [paid(first_of(town), number, order, key=key) for key in ("crash-1", "another")]

    assert {(each.status, each["stage"], len(each["unsettled"])) for each in done} == {(200, "PAID", 0)}
    assert len(settlements(town, order)) == 1
    assert done[0]["orders"][0]["references"] == [f"PAY-{order[2:12]}"]


def test_what_is_stopped_after_a_crash_falls_out_when_the_request_is_repeated(town, first, second, line, *, account, monkeypatch):
    """What fell out by the first request is on record by its name, and something else has to fall out by the second."""
    firms = [new_firm(town, CHANGXING) for _ in range(2)]
    early, late, sound = *(accepted(town, firm=each) for each in firms), accepted(town)
    number = noticed(town, first, line, early, late, sound)
    assert signed(second, number).status == 200
    assert first.post(f"{PATH}/{number}/number", {"document_number": f"长科兑 {number} 号"}).status == 200
    flags = [{"subject": firm_id(town, each), "reason": "样例"} for each in firms]

    assert town.desk(CHANGXING, "directory").post("/v1/flags", flags[0]).status == 201
    with monkeypatch.context() as dying:
        dying.setattr(PaymentBook, "make_file", died)
        assert first.post(f"{PATH}/{number}/bank-file", {}, key="crash-left").code == "Internal"
    assert town.desk(CHANGXING, "directory").post("/v1/flags", flags[1]).status == 201
    done = first.post(f"{PATH}/{number}/bank-file", {}, key="crash-left")

    assert {each["order_id"]: each["cause"] for each in done["out"]} == {early: "FirmFlagged", late: "FirmFlagged"}
    assert [row["order_id"] for row in done["orders"]] == [sound]


def test_a_crash_after_the_settlement_was_sent_is_found_again(town, first, second, line, *, account, monkeypatch):
    order = accepted(town)
    number = at_bank(town, first, second, line, order)
    settle = Client.settle

    def sent_and_died(self, *asked, **more):
        settle(self, *asked, **more)
        raise MemoryError

    with monkeypatch.context() as dying:
        dying.setattr(Client, "settle", sent_and_died)
        assert paid(first, number, order, key="crash-2").code == "Internal"
    with town.restarted(CHANGXING):
        done = [first_of(town).post(f"{PATH}/{number}/settle", {}), paid(first_of(town), number, order, key="crash-2")]

    assert {(each.status, len(each["unsettled"])) for each in done} == {(200, 0)}
    assert len(settlements(town, order)) == 1


@pytest.mark.parametrize("silent", [Unreachable("no node"), OutcomeUnknown("0x" + "11" * 32, "no receipt")])
def test_a_silent_node_leaves_the_payment_on_record_and_says_so(town, first, second, line, *, account, monkeypatch, silent):
    order = accepted(town)
    number = at_bank(town, first, second, line, order)

    def nothing(*_asked, **_more):
        raise silent

    with monkeypatch.context() as outage:
        outage.setattr(Client, "settle", nothing)
        told = paid(first, number, order)
    done = first.post(f"{PATH}/{number}/settle", {})

    assert told["unsettled"] == [{"order_id": order, "code": type(silent).__name__}]
    assert (done["unsettled"], len(settlements(town, order))) == ([], 1)


def test_a_node_that_was_silent_all_along_is_made_good_by_the_same_request(town, first, second, line, *, account, monkeypatch):
    order = accepted(town)
    number = at_bank(town, first, second, line, order)

    def silent(*_asked, **_more):
        raise Unreachable("no node")

    with monkeypatch.context() as outage:
        outage.setattr(Index, "refresh", silent)
        outage.setattr(Client, "settle", silent)
        told = paid(first, number, order)

    assert (told.status, told["stage"], told["unsettled"]) == (200, "PAID", [{"order_id": order, "code": "Unreachable"}])
    assert (paid(second, number, order)["unsettled"], len(settlements(town, order))) == ([], 1)


@pytest.mark.parametrize("way", ["settle", "paid", "by hand"])
def test_a_settlement_that_was_refused_in_its_block_is_made_good_once(town, first, second, line, *, account, monkeypatch, way):
    """Its gas ran out: it stands in the outbox as refused for ever, and the bank has paid."""
    order = accepted(town)
    number = at_bank(town, first, second, line, order)
    with monkeypatch.context() as short:
        short.setattr(Node, "estimate", lambda *_: GAS_OF_A_TRANSFER)
        short.setattr(outbox, "GAS_SPARE", 0)
        told = paid(first, number, order)
    read = first.get(f"{PATH}/{number}")

    asked = {"orders": [order], "payment_reference": f"PAY-{order[2:12]}"}
    again = {
        "settle": lambda desk: desk.post(f"{PATH}/{number}/settle", {}),
        "paid": lambda desk: paid(desk, number, order),
        "by hand": lambda desk: desk.post("/v1/orders/settle", asked, key=f"by-hand-{number}"),
    }[way]
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda each: again((first, second)[each % 2]), range(8)))
    after = first.get(f"{PATH}/{number}")

    assert told["unsettled"] == [{"order_id": order, "code": "Reverted"}]
    assert (read["stage"], read["unsettled"]) == ("PAID", [{"order_id": order, "code": "NotYet"}])
    assert 200 in {each.status for each in done}
    assert (after["stage"], after["unsettled"], after["orders"][0]["stage"]) == ("PAID", [], "SETTLED")
    assert after["orders"][0]["references"] == [f"PAY-{order[2:12]}"]
    (settlement,) = settlements(town, order)
    assert settlement["values"]["payment"] == "0x" + town.world.keyring.payment(CHANGXING, f"PAY-{order[2:12]}").hex()


def test_a_settlement_whose_account_was_revoked_on_the_way_is_made_by_another_account_once(request, tmp_path_factory, monkeypatch):
    """The revocation stands before it in its block; until that is mined nobody makes a second one, from whichever account."""
    chain_id = next(request.getfixturevalue("_chain_ids"))
    with settled_in(Engine.ANVIL, chain_id, tmp_path_factory.mktemp("revoked"), wait_seconds=2.0) as town:
        assert town.fund(CHANGXING, "100000000", "PAYMENTS").status == 200
        second_payer(town, CHANGXING)
        spare = spare_payer(town, CHANGXING)
        first, second = first_of(town), town.desk(CHANGXING, "payer-2")
        account_of(first, second, town.lab("lab-shanghai").host_unit)
        order = accepted(town)
        number = at_bank(town, first, second, line_of(town, first), order)

        # As the gateway's own node answers that has not heard of the revocation.
        monkeypatch.setattr(Node, "estimate", lambda *_: 1_000_000)
        with unmined(town):
            send_revocation(town, CHANGXING, "payer")
            told = [paid(first, number, order), spare.post(f"{PATH}/{number}/settle", {})]
        monkeypatch.undo()
        wait_until(lambda: first.post(f"{PATH}/{number}/settle", {})["unsettled"] == [{"order_id": order, "code": "NotPayer"}])
        with town.restarted(CHANGXING):
            done = [spare_payer(town, CHANGXING).post(f"{PATH}/{number}/settle", {}) for _ in range(2)]

        assert [each["unsettled"] for each in told] == [[{"order_id": order, "code": "OutcomeUnknown"}]] * 2
        assert {(each["stage"], len(each["unsettled"])) for each in done} == {("PAID", 0)}
        (settlement,) = settlements(town, order)
        assert settlement["values"]["by"].lower() == town.world.officials[CHANGXING]["payer-spare"].account.address.lower()


def spare_payer(town, region):
    """A payer's officer whose settlements are sent from another account of the region's payer."""
    name, folder = "payer-spare", town.world.folder(region)
    if name not in town.world.officials[region]:
        key = town.world.officials[region][name] = new_key_file(folder, name)
        with outbox_of_an_admin(town, region) as (admin, sending):
            admin.offer(key.account.address, Role.PAYER)
            Client(Node(town.world.node_url), town.world.deployment, sending, key.account).take_up(Region(region), Role.PAYER)
        told = json.loads((folder / "accounts.json").read_text())
        told["accounts"][name] = {"keystore": f"{name}.json", "password_file": f"{name}.password"}
        (folder / "accounts.json").write_text(json.dumps(told))
        with ApiKeys(folder / "state") as keys:
            town.world.api_keys[region][name], _ = keys.add(name=name, party=Party.PAYER, region=region, account=name)
        town.stop(region)
        town.start(region)
    return town.desk(region, name)


def send_revocation(town, region, name):
    """Send it and do not wait: nothing is mined."""
    with outbox_of_an_admin(town, region) as (admin, sending):
        address = town.world.officials[region][name].account.address
        target = town.world.deployment.addresses[Contract.CONSORTIUM]
        call = Intent(id="revoke", what="revoke", target=target, calldata=encode("revoke", address), sender=admin.address)
        sending.submit(call)
        wait_until(lambda: int(town.node.rpc("txpool_status")["pending"], 16) == 1)


@contextmanager
def outbox_of_an_admin(town, region):
    with Outbox(town.world.directory / "admin.sqlite", Node(town.world.node_url), chain_id=town.node.chain_id) as sending:
        yield Client(Node(town.world.node_url), town.world.deployment, sending, town.world.officials[region]["admin"].account), sending


def died(*_asked, **_more):
    raise MemoryError


def first_of(town):
    return town.desk(CHANGXING, "payer")


def test_a_payment_is_recorded_once_and_under_no_second_reference(town, first, second, line, account):
    order = accepted(town)
    number = at_bank(town, first, second, line, order)
    before = paid(first, number, order, reference="ONCE-1")

    again = paid(second, number, order, reference="once 1")
    other = paid(second, number, order, reference="ONCE-2")
    by_hand = first.post("/v1/orders/settle", {"orders": [order], "payment_reference": "ONCE-2"})

    assert again.body | {"block": None} == before.body | {"block": None}
    assert (other.code, by_hand.code) == ("WrongRowState", "InBatch")
    assert len(settlements(town, order)) == 1


# Returned payments


def test_a_returned_payment_is_sent_again_under_the_same_settlement(town, first, second, line, account):
    order = accepted(town)
    number = at_bank(town, first, second, line, order)
    assert paid(first, number, order).status == 200
    back = {"order": order, "bank_reference": "BACK-1", "reason": "户名与账号不符"}

    returned = first.post(f"{PATH}/{number}/returned", back)
    newer = account_of(first, second, town.lab("lab-shanghai").host_unit, "6222000000000000002")
    alone = first.post(f"{PATH}/{number}/resend", {"orders": [order]})
    resent = second.post(f"{PATH}/{number}/resend", {"orders": [order]})
    listed = list(csv.DictReader(io.StringIO(first.raw(f"{PATH}/{number}/resend/csv").content.decode("utf-8-sig"))))
    same = paid(first, number, order)
    done = paid(first, number, order, reference="PAY-AGAIN")

    assert (returned["stage"], returned["resend"], returned["orders"][0]["stage"]) == ("RETURNED", [order], "SETTLED")
    assert (alone.code, resent["orders"][0]["account_version"]) == ("SameOfficer", newer)
    assert [(row["订单编号"], row["账号"]) for row in listed] == [(order, "6222000000000000002")]
    assert same.code == "ReferenceUsed"
    assert (done["stage"], done["resend"], done["orders"][0]["references"]) == ("PAID", [], [f"PAY-{order[2:12]}", "PAY-AGAIN"])
    assert [each["reason"] for each in done["orders"][0]["returns"]] == ["户名与账号不符"]
    assert len(settlements(town, order)) == 1
    brief = next(each for each in first.get(PATH)["batches"] if each["batch"] == number)
    assert (brief["stage"], brief["resend"]) == ("PAID", [])


def test_a_returned_payment_that_is_owed_no_more_is_not_sent_again(town, first, second, line, account):
    """A debt since, or its firm flagged: before it is put on the re-send list, and on it."""
    flagged = [new_firm(town, CHANGXING) for _ in range(2)]
    debt, early, late, owed = orders = [accepted(town), *(accepted(town, firm=each) for each in flagged), accepted(town)]
    number = at_bank(town, first, second, line, *orders)
    assert paid(first, number, *orders).status == 200
    for order in orders:
        back = {"order": order, "bank_reference": f"BACK-{order[2:12]}", "reason": "账号不符"}
        assert first.post(f"{PATH}/{number}/returned", back).status == 200
    assert second.post(f"{PATH}/{number}/resend", {"orders": [late, owed]}).status == 200

    reversal = {"recover": "480000", "reason": "样例"}
    assert town.desk(CHANGXING, "reviewer-1").post(f"/v1/orders/{debt}/reverse", reversal).status == 200
    for firm in flagged:
        flag = {"subject": firm_id(town, firm), "reason": "样例"}
        assert town.desk(CHANGXING, "directory").post("/v1/flags", flag).status == 201
    refused = [second.post(f"{PATH}/{number}/resend", {"orders": [order]}) for order in (debt, early)]
    content = first.raw(f"{PATH}/{number}/resend/csv").content

    assert [(each.code, each["values"]["cause"]) for each in refused] == [("NotOwed", "REVERSED"), ("NotOwed", "FirmFlagged")]
    assert [row["订单编号"] for row in csv.DictReader(io.StringIO(content.decode("utf-8-sig")))] == [owed]


def test_month_close_calls_a_payment_that_was_made_again_no_double_payment(town, first, second, line, *, account):
    order, payee = accepted(town), town.lab("lab-shanghai").host_unit
    number = at_bank(town, first, second, line, order)
    month = month_of(town.node.timestamp())
    assert paid(first, number, order, reference="MC-1").status == 200
    assert first.post(f"{PATH}/{number}/returned", {"order": order, "bank_reference": "MC-BACK", "reason": "账号不符"}).status == 200

    between = reasons_after(town, first, month, order, payee, "MC-1")
    assert second.post(f"{PATH}/{number}/resend", {"orders": [order]}).status == 200
    assert paid(first, number, order, reference="MC-2").status == 200
    after = reasons_after(town, first, month, order, payee, "MC-1", "MC-2")

    assert (between, after) == (["Returned"], [])


def reasons_after(town, desk, month, order, payee, *references):
    """Why an order is a break of a month, for all that the bank's records tell of it."""
    form = {"home": str(CHANGXING), "host": str(SHANGHAI), "month": str(month)}
    rows = [f"{order},{payee},4800,拨付,{each},{month // 100}-{month % 100:02}-01\n" for each in references]
    content = "订单编号,收款方代码,金额（元）,类型,付款流水号,日期\n" + "".join(rows)
    assert desk.upload("/v1/months/payments", form, name="p.csv", content=content.encode()).status == 201
    found = desk.get(f"/v1/months/{CHANGXING}/{SHANGHAI}/{month}/breaks")["breaks"]
    return [each["reason"] for each in found if each["order_id"] == order and each["resolved"] is None]


# Budget lines


def test_a_line_that_would_be_exceeded_or_is_past_its_cut_off_refuses_with_values(town, first):
    orders = [accepted(town), accepted(town)]
    short = line_of(town, first, amount="959999", days=1)

    over = first.post(PATH, short | {"orders": orders})
    number = drawn(first, short, orders[0])
    town.node.jump(2 * DAY)
    late = first.post(PATH, short | {"orders": [orders[1]]})

    told = over["values"]
    assert (over.code, told["amount"], told["used"], told["asked"]) == ("OverBudgetLine", "959999", "0", "960000")
    assert (late.code, late["values"]["today"]) == ("PastCutOff", today(town).isoformat())
    found = next(each for each in first.get("/v1/budget-lines")["lines"] if each["line"] == short["line"])
    assert (found["closed"], found["used"], found["paid"], found["left"]) == (True, "480000", "0", "479999")
    carried = {each["order_id"]: each["batch"] for each in found["carried_over"]}
    assert {order: carried[order] for order in orders} == {orders[0]: number, orders[1]: None}
    # The next year's line takes over what the batch gives up.
    assert first.post(f"{PATH}/{number}/withdraw", {"reason": "年终结账，结转下年。"})["stage"] == "WITHDRAWN"
    assert drawn(first, line_of(town, first), *orders) > number


def test_a_line_is_of_a_programme_that_this_payer_pays(town, first):
    asked = {"programme": town.programmes[BEIJING], "year": 2030, "line": "1", "amount": "1", "cut_off": "2030-12-25"}

    assert first.post("/v1/budget-lines", asked).code == "NotFound"
    assert first.post("/v1/budget-lines", asked | {"cut_off": "2030-02-29"}).code == "InvalidRequest"


def test_a_line_that_could_pay_nothing_in_its_year_is_refused(town, first):
    year = today(town).year
    asked = {"programme": town.programmes[CHANGXING], "line": f"206-{town.number()}", "amount": "1"}

    before = first.post("/v1/budget-lines", asked | {"year": year + 1, "cut_off": f"{year}-12-31"})
    over = first.post("/v1/budget-lines", asked | {"year": year - 1, "cut_off": f"{year - 1}-12-25"})

    assert [(each.status, each.code) for each in (before, over)] == [(422, "CutOffBeforeYear"), (409, "PastCutOff")]


def test_what_is_not_there_is_named_by_its_number(town, first, line, account):
    number = drawn(first, line, accepted(town))
    asked = {"batch": f"{PATH}/999999", "notice": f"{PATH}/{number}/notice", "bank file": f"{PATH}/{number}/bank-file/csv"}

    answers = {what: first.get(path) for what, path in asked.items()}

    assert {each.code for each in answers.values()} == {"NotFound"}
    assert {what: each["values"] for what, each in answers.items()} == {
        what: {"what": what, "id": "999999" if what == "batch" else str(number)} for what in asked
    }
    assert "make-bank-file" in answers["bank file"]["title"]


# Accounts


def test_an_account_is_confirmed_by_another_officer_and_every_version_stays(town, first, second):
    payee = new_lab(town, SHANGHAI).host_unit
    asked = {"payee": payee, "bank_name": "样例银行", "account_name": "样例", "account_number": "6222-0001"}
    assert first.post("/v1/payee-accounts", asked)["version"] == 1

    alone = first.post("/v1/payee-accounts/confirm", {"payee": payee, "version": 1})
    other = second.post("/v1/payee-accounts/confirm", {"payee": payee.lower(), "version": 1})
    second.post("/v1/payee-accounts", asked | {"account_number": "6222-0002"})

    assert (alone.status, alone.code, other["confirmed"]) == (403, "SameOfficer", True)
    seen = [each for each in town.desk(CHANGXING, "auditor").get("/v1/payee-accounts")["accounts"] if each["payee"] == payee]
    assert [(each["version"], each["account_number"], each["confirmed_by"], each["counts"]) for each in seen] == [
        (1, "6222-0001", "payer-2", True),
        (2, "6222-0002", None, False),
    ]


def test_a_payee_without_a_confirmed_account_keeps_the_batch_from_being_signed(town, first, second, line):
    lab = new_lab(town, SHANGHAI, recognised_by=(CHANGXING,))
    firm = town.firm("firm-changxing")
    signed_order = order_at(town, firm, lab, serial=town.serial_for(firm), amount="500000")
    order = town.desk(CHANGXING, firm.key).post("/v1/orders", signed_order)["order_id"]
    document = redemption_document(town, order, lab, cost="800000", desk=(CHANGXING, firm.key))
    assert town.desk(CHANGXING, firm.key).post("/v1/redemptions", both_signed(town, document, firm, lab)).status == 201
    number = noticed(town, first, line, reviewed(town, order))
    told = first.get(f"{PATH}/{number}")["orders"][0]

    refused = signed(second, number)

    assert (told["has_account"], told["account_version"]) == (False, None)
    assert (refused.code, refused["values"]["orders"]) == ("AccountMissing", [order])
    version = account_of(first, second, lab.host_unit)
    assert signed(second, number)["orders"][0]["account_version"] == version


def test_a_firm_that_is_no_more_is_paid_into_an_account_that_was_confirmed_since(town, monkeypatch):
    """The liquidators' account (清算账户), not the one that the firm had; what was signed off before is not sent to the bank."""
    second_payer(town, BEIJING)
    first, second, office = (town.desk(BEIJING, each) for each in ("payer", "payer-2", "directory"))
    firms = [new_firm(town, BEIJING) for _ in range(2)]
    early, late = [accepted_of_beijing(town, firm) for firm in firms]
    line = line_of(town, first, region=BEIJING)
    for firm in firms:
        account_of(first, second, firm.company_code)
    before, after = noticed(town, first, line, early), noticed(town, first, line, late)
    assert signed(second, before).status == 200
    assert first.post(f"{PATH}/{before}/number", {"document_number": f"京科兑 {before} 号"}).status == 200

    for firm in firms:
        asked = {"firm": firm.company_code, "on": town.now, "reason": "登记机关已注销登记。"}
        assert office.post("/v1/firm-changes/strike-off", asked).status == 201
    told = first.get(f"{PATH}/{after}")["orders"][0]["has_account"]
    refused = [first.post(f"{PATH}/{before}/bank-file", {}), signed(second, after)]
    monkeypatch.setattr(town, "clock_shift", town.node.timestamp() + 60 - time.time())
    for firm in firms:
        account_of(first, second, firm.company_code, "6222000000000000009")
    refused.append(first.post(f"{PATH}/{before}/bank-file", {}))
    done = signed(second, after)

    assert told is False
    assert [(each.code, each["values"]["orders"]) for each in refused] == [("AccountMissing", [each]) for each in (early, late, early)]
    assert (done.status, done["orders"][0]["account_version"]) == (200, 2)


def test_an_account_that_its_payee_outlived_is_in_no_file_that_is_downloaded_from_then_on(town, monkeypatch):
    """What the bank has paid stays as it was; what it has not goes another way: out and listed anew, or on the re-send list anew."""
    second_payer(town, BEIJING)
    first, second, office = (town.desk(BEIJING, each) for each in ("payer", "payer-2", "directory"))
    firms = [new_firm(town, BEIJING) for _ in range(2)]
    waits, sent = [accepted_of_beijing(town, firm) for firm in firms]
    for firm in firms:
        account_of(first, second, firm.company_code)
    number = at_bank(town, first, second, line_of(town, first, region=BEIJING), waits, sent)
    assert paid(first, number, sent).status == 200
    back = {"order": sent, "bank_reference": "BACK-OUTLIVED", "reason": "账户已销户"}
    assert first.post(f"{PATH}/{number}/returned", back).status == 200
    assert second.post(f"{PATH}/{number}/resend", {"orders": [sent]}).status == 200
    files = [f"{PATH}/{number}/bank-file/{form}" for form in ("csv", "excel")]
    before = [first.raw(each).status_code for each in files]

    for firm in firms:
        asked = {"firm": firm.company_code, "on": town.now, "reason": "登记机关已注销登记。"}
        assert office.post("/v1/firm-changes/strike-off", asked).status == 201
    refused = [first.raw(each).json() for each in files]
    listed = resend_list(first, number)
    too_early = second.post(f"{PATH}/{number}/resend", {"orders": [sent]})
    monkeypatch.setattr(town, "clock_shift", town.node.timestamp() + 60 - time.time())
    for firm in firms:
        account_of(first, second, firm.company_code, "6222000000000000009")
    anew = [second.post(f"{PATH}/{number}/resend", {"orders": [sent]}) for _ in range(2)]

    assert before == [200, 200]
    assert [(each["code"], each["values"]["orders"]) for each in refused] == [
        ("BankFileOutdated", [{"order": waits, "cause": "AccountMissing"}])
    ] * 2
    assert (listed, too_early.code) == ([], "AccountMissing")
    assert first.raw(files[0]).json()["code"] == "BankFileOutdated"
    assert [(each.status, each.code) for each in anew] == [(200, None), (409, "WrongRowState")]
    assert [(row["订单编号"], row["账号"]) for row in resend_list(first, number)] == [(sent, "6222000000000000009")]
    assert second.post(f"{PATH}/{number}/take-out", {"order": waits, "reason": "银行未付，账户已失效。"}).status == 200
    assert first.raw(files[0]).status_code == 200


def resend_list(desk, number):
    content = desk.raw(f"{PATH}/{number}/resend/csv").content
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def accepted_of_beijing(town, firm):
    """An order of a Beijing firm at a Shanghai lab, where the firm is paid."""
    lab = town.lab("lab-shanghai")
    order = town.reserved(firm, lab, serial=town.serial_for(firm, face="10000000", denomination="1"), amount="500000")
    assert town.review("approve", BEIJING, "reviewer-1", order) == "OPEN"
    assert town.redeemed(order, firm, lab, cost="800000").status == 201
    assert town.review("endorse", BEIJING, "reviewer-1", order) == "ENDORSED"
    assert town.review("accept", BEIJING, "reviewer-2", order) == "ACCEPTED"
    return order


def test_an_account_number_is_in_no_log_and_in_no_kept_answer(town, first, second, lines):
    number = "6217009988776655443"
    payee = new_lab(town, SHANGHAI).host_unit

    account_of(first, second, payee, number)
    first.get("/v1/payee-accounts")
    bad = first.post("/v1/payee-accounts", {"payee": payee, "bank_name": "", "account_name": "x", "account_number": number + "!"})

    assert bad.code == "InvalidRequest"
    state = town.world.folder(CHANGXING) / "state"
    assert number not in json.dumps(lines()) + json.dumps(bad.body)
    for path in state.glob("*"):
        if path.is_file() and not path.name.startswith(CHAIN.file):
            assert number.encode() not in path.read_bytes(), path.name


# Who may


def test_payers_write_auditors_read_and_nobody_else_sees_anything(town, first, line):
    number = drawn(first, line, accepted(town))
    reads = (PATH, f"{PATH}/{number}", f"{PATH}/{number}/document", "/v1/payee-accounts", "/v1/budget-lines")

    assert {town.desk(CHANGXING, "auditor").raw(path).status_code for path in reads} == {200}
    for caller in ("issuer", "reviewer-1", "directory", "firm-changxing"):
        assert {town.desk(CHANGXING, caller).get(path).code for path in reads} == {"RoleNotAllowed"}
    assert {town.desk(CHANGXING, caller).post(PATH, line).code for caller in ("issuer", "reviewer-1", "auditor")} == {"RoleNotAllowed"}
    assert first.get(f"{PATH}/{number + 1000}").code == "NotFound"
    assert first.post(f"{PATH}/{number + 1000}/bank-file", {}).code == "NotFound"


def test_who_looked_stands_in_the_log(town, first, line):
    number = drawn(first, line, accepted(town))
    first.get(f"{PATH}/{number}")

    (row,) = town.desk(CHANGXING, "auditor").get("/v1/lookups", limit=1)["lookups"]

    assert (row["what"], row["party"], row["span"]) == ("payment", "PAYER", f"payment batch {number}")


def test_auditors_are_told_the_head_of_the_records(town, first, line):
    head = town.desk(CHANGXING, "auditor").get(PATH)["head"]

    found = CHAIN.verify(town.world.folder(CHANGXING) / "state")
    assert head == {"number": found.number, "hash": "0x" + found.hash.hex()}
    assert first.get(PATH)["head"] is None


# The file


@pytest.fixture
def records(tmp_path):
    found = PaymentBookStore(tmp_path)
    yield found
    found.close()


def put(records, intent="a", by="payer"):
    return records.write(lambda book: book.propose(PAYEE, bank="b", name="n", number=NUMBER), intent_id=intent, at=Time(1), by=by)


def test_an_intent_is_put_on_record_once(records):
    first, again = put(records), put(records)

    assert first.record == again.record
    assert (put(records, "b").record.version, records.head.number) == (2, 2)


def test_what_is_refused_leaves_nothing(records):
    put(records)

    with pytest.raises(BatchRefused):
        records.write(lambda book: book.confirm(PAYEE, 1, by="payer"), intent_id="b", at=Time(2), by="payer")
    assert records.head.number == 1


def test_everything_stands_again_after_a_restart_in_a_file_of_its_owner(records, tmp_path):
    put(records)
    records.write(lambda book: book.confirm(PAYEE, 1, by="payer-2"), intent_id="c", at=Time(2), by="payer-2")
    again = PaymentBookStore(tmp_path)

    found = again.book().confirmed(PAYEE)
    again.close()

    assert (found.number, found.confirmed.by) == (NUMBER, "payer-2")
    assert stat.S_IMODE((tmp_path / CHAIN.file).stat().st_mode) == 0o600


def test_an_altered_record_is_found(records, tmp_path):
    put(records), put(records, "b")
    head = CHAIN.verify(tmp_path)
    connection = connect_store(tmp_path / CHAIN.file)
    connection.execute("DROP TRIGGER never_changed")
    connection.execute("UPDATE records SET record = replace(record, '0001\"', '0002\"') WHERE number = 1")
    connection.close()

    assert head.number == 2
    with pytest.raises(LogAltered, match="row 1"):
        CHAIN.verify(tmp_path)
