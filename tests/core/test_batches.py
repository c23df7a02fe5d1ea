"""What may be put on record of payments, and in what order; an order is never paid by two batches, nor settled twice."""

import csv
import hashlib
import io
import json
import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from gateway.payment_words import WORDS
from registry.batches import (
    BankReference,
    BatchRefused,
    BatchStage,
    LineKey,
    PaymentBook,
    RowState,
    day_of,
    notice_csv,
    record_json,
    record_of,
)
from registry.batches import book as book_module
from registry.codec import id_of
from registry.errors import TongquanError
from registry.model import Fen, Id, Role, Time
from registry.reports import bank_file
from registry.rules import Freeze
from registry.rules.directory import FlagSubject
from tests.core.month_scene import CHAIN_ID, Pair
from tests.rules.scene import CHANGXING, SHANGHAI, YUAN, digest

DAY = date(2013, 6, 3)
FIRST, SECOND = "officer one", "officer two"
PAYEE, NUMBER = "91310000MA0DEM001P", "6222000000000000001"


class Desk:
    """A payer's office: a scene on the chain, and its records, written by one officer or the other."""

    def __init__(self, orders: int = 2) -> None:
        self.scene = Pair()
        self.orders = [id_of(self.scene.accepted()) for _ in range(orders)]
        self.line = LineKey(self.scene.programmes[CHANGXING], 2013, "2060404")
        lab = self.scene.ledger.lab_records[self.scene.lab]
        self.payees = {lab.host_unit: PAYEE}
        self.book = PaymentBook()
        self.today = DAY
        self.by = FIRST
        self.write(lambda book: book.set_line(self.line, amount=Fen(20_000 * YUAN), cut_off=date(2013, 12, 25), today=DAY))
        self.write(lambda book: book.propose(PAYEE, bank="样例银行", name="样例检测中心", number=NUMBER))
        self.write(lambda book: book.confirm(PAYEE, 1, by=SECOND))

    @property
    def waiting(self):
        return bank_file(self.scene.ledger, self.scene.chain.log, chain_id=CHAIN_ID, payer=CHANGXING, until=Time(self.scene.chain.now))

    @property
    def now(self):
        return {"ledger": self.scene.ledger, "now": Time(self.scene.chain.now), "is_outlived": lambda _: False}

    def write(self, decide):
        """Put down what is decided, through JSON as it is kept."""
        record = decide(self.book)
        if record is not None:
            kept = json.loads(json.dumps(record_json(record)))
            assert record_of(kept) == record
            self.book = self.book.with_record(record_of(kept), at=Time(self.scene.chain.now), by=self.by)
        return record

    def draw(self, orders=None):
        return self.write(lambda book: book.draw(self.line, orders, self.scene.ledger, self.waiting, today=self.today)).batch

    def notice(self, number, days=7):
        self.write(lambda book: book.give_notice(number, first_day=self.today, days=days, today=self.today))
        self.today += timedelta(days=days)

    def sign(self, number, by=SECOND):
        self.write(lambda book: book.sign(number, book.batch(number).list_hash, self.payees, by=by, today=self.today))

    def number_(self, number):
        self.write(lambda book: book.give_number(number, f"文号 {number}"))

    def file(self, number):
        self.write(lambda book: book.make_file(number, lambda _: False, today=self.today))

    def pay(self, number, *references):
        return self.write(lambda book: book.pay(number, references))

    def give_back(self, number, order, text="BACK-1"):
        self.write(lambda book: book.give_back(number, reference(order, text), reason="户名不符"))

    def resend(self, number, *orders, by=SECOND):
        self.write(lambda book: book.resend(number, orders, self.payees, **self.now, by=by))

    def leave(self, number):
        return self.write(lambda book: book.fall_out(number, self.scene.ledger, self.waiting))

    def at(self, stage, orders=None):
        """A batch that has come so far."""
        number = self.draw(orders)
        steps = {
            BatchStage.DRAWN: lambda: None,
            BatchStage.NOTICED: lambda: self.notice(number),
            BatchStage.SIGNED: lambda: self.sign(number),
            BatchStage.NUMBERED: lambda: self.number_(number),
            BatchStage.AT_BANK: lambda: self.file(number),
            BatchStage.PAID: lambda: self.pay(number, *(reference(each) for each in self.batch(number).rows)),
            BatchStage.RETURNED: lambda: self.give_back(number, next(iter(self.batch(number).rows))),
        }
        for name, step in steps.items():
            step()
            if name is stage:
                break
        assert self.batch(number).stage is stage
        return number

    def batch(self, number):
        return self.book.batch(number)

    def state(self, number, order):
        return self.batch(number).rows[order].state


def reference(order, text="PAY-1"):
    return BankReference(order, text, digest(text))


@pytest.fixture
def desk():
    return Desk()


def refused(code):
    return pytest.raises(BatchRefused, match=f"^{code}: ")


BEFORE_FILE = (BatchStage.DRAWN, BatchStage.NOTICED, BatchStage.SIGNED, BatchStage.NUMBERED)
FROM_FILE = (BatchStage.AT_BANK, BatchStage.PAID, BatchStage.RETURNED)
ALL = (*BEFORE_FILE, *FROM_FILE)


# Its life


def test_a_batch_goes_from_the_list_to_the_payment(desk):
    number = desk.at(BatchStage.PAID)

    batch = desk.batch(number)
    assert [row.state for row in batch.standing] == [RowState.PAID] * 2
    assert batch.total == 9_600 * YUAN
    assert {(row.account.payee, row.account.version) for row in batch.standing} == {(PAYEE, 1)}
    assert (batch.drawn_up.by, batch.notice_until) == (FIRST, DAY + timedelta(days=6))


STEPS = {
    "notice": (BatchStage.DRAWN, lambda desk, n: desk.book.give_notice(n, first_day=desk.today, days=1, today=desk.today)),
    "sign": (BatchStage.NOTICED, lambda desk, n: desk.book.sign(n, desk.batch(n).list_hash, desk.payees, by=SECOND, today=desk.today)),
    "number": (BatchStage.SIGNED, lambda desk, n: desk.book.give_number(n, "another")),
    "file": (BatchStage.NUMBERED, lambda desk, n: desk.book.make_file(n, lambda _: False, today=desk.today)),
}


@pytest.mark.parametrize("stage", ALL)
@pytest.mark.parametrize("step", STEPS)
def test_every_step_is_taken_at_its_own_stage_and_at_no_other(desk, step, stage):
    number, (needed, decide) = desk.at(stage), STEPS[step]

    if stage is needed:
        assert decide(desk, number) is not None
    else:
        with refused("WrongBatchStage"):
            decide(desk, number)


ON_ROWS = {
    "pay": ({RowState.AT_BANK, RowState.RESENT}, lambda desk, n, order: desk.book.pay(n, [reference(order, "PAY-NEW")])),
    "give back": ({RowState.PAID}, lambda desk, n, order: desk.book.give_back(n, reference(order, "BACK-9"), reason="退票")),
    "resend": ({RowState.RETURNED}, lambda desk, n, order: desk.book.resend(n, [order], desk.payees, **desk.now, by=SECOND)),
    "take out": ({RowState.LISTED, RowState.AT_BANK}, lambda desk, n, order: desk.book.take_out(n, order, reason="异议", by=SECOND)),
}


def at_row_state(desk, state):
    order = desk.orders[0]
    if state is RowState.OUT:
        number = desk.at(BatchStage.DRAWN)
        desk.write(lambda book: book.take_out(number, order, reason="异议", by=FIRST))
        return number, order
    stage = {RowState.LISTED: BatchStage.SIGNED, RowState.AT_BANK: BatchStage.AT_BANK}.get(state, BatchStage.PAID)
    number = desk.at(stage)
    if state in (RowState.RETURNED, RowState.RESENT):
        desk.give_back(number, order)
    if state is RowState.RESENT:
        desk.resend(number, order)
    assert desk.state(number, order) is state
    return number, order


@pytest.mark.parametrize("state", RowState)
@pytest.mark.parametrize("act", ON_ROWS)
def test_every_act_on_an_order_is_for_its_own_states(desk, act, state):
    (number, order), (allowed, decide) = at_row_state(desk, state), ON_ROWS[act]

    if state in allowed:
        assert decide(desk, number, order) is not None
    else:
        with refused("WrongRowState"):
            decide(desk, number, order)


# Two officers


def test_who_drew_a_batch_up_does_not_sign_it_off(desk):
    number = desk.at(BatchStage.NOTICED)

    with refused("SameOfficer"):
        desk.sign(number, by=FIRST)


def test_who_proposed_an_account_does_not_confirm_it(desk):
    desk.write(lambda book: book.propose(PAYEE, bank="样例银行", name="另一户名", number="6222000000000000002"))

    with refused("SameOfficer"):
        desk.book.confirm(PAYEE, 2, by=FIRST)
    assert desk.book.confirmed(PAYEE).number == NUMBER
    assert desk.book.confirm(PAYEE, 2, by=SECOND).version == 2


def test_who_made_the_bank_file_does_not_say_alone_that_the_bank_has_not_paid(desk):
    number = desk.at(BatchStage.AT_BANK)

    with refused("SameOfficer"):
        desk.book.take_out(number, desk.orders[0], reason="银行未付", by=FIRST)
    assert desk.book.take_out(number, desk.orders[0], reason="银行未付", by=SECOND).orders[0].cause == "NotPaid"


def test_who_recorded_a_return_does_not_have_it_paid_again(desk):
    number = desk.at(BatchStage.RETURNED)

    with refused("SameOfficer"):
        desk.resend(number, next(iter(desk.batch(number).rows)), by=FIRST)


# One order, one batch


@pytest.mark.parametrize("stage", ALL)
def test_an_order_stands_in_one_batch_at_most(desk, stage):
    desk.at(stage, desk.orders[:1])

    with refused("InOtherBatch"):
        desk.draw(desk.orders)
    second = desk.draw()
    assert set(desk.batch(second).rows) == {desk.orders[1]}


@pytest.mark.parametrize("stage", BEFORE_FILE)
def test_an_order_that_left_can_be_listed_again_with_its_cause_on_record(desk, stage):
    number = desk.at(stage)
    desk.write(lambda book: book.take_out(number, desk.orders[0], reason="公示异议", by=FIRST))

    out = desk.batch(number).rows[desk.orders[0]].out
    assert (out.cause, out.reason) == ("Objection", "公示异议")
    assert desk.batch(desk.draw()).total == 4_800 * YUAN == desk.batch(number).total


@pytest.mark.parametrize("stage", ALL)
def test_a_batch_is_withdrawn_before_its_bank_file_only(desk, stage):
    number = desk.at(stage)

    if stage in BEFORE_FILE:
        desk.write(lambda book: book.withdraw(number, reason="重新编制"))
        assert desk.batch(number).stage is BatchStage.WITHDRAWN
        assert set(desk.batch(desk.draw()).rows) == set(desk.orders)
        with refused("WrongBatchStage"):
            desk.book.withdraw(number, reason="再次")
    else:
        with refused("WrongBatchStage"):
            desk.book.withdraw(number, reason="重新编制")


def test_what_is_not_waiting_is_not_listed(desk):
    with refused("NotWaiting"):
        desk.draw([Id(bytes(32))])
    with refused("NotWaiting"):
        desk.draw([id_of(desk.scene.redeemed())])
    desk.at(BatchStage.DRAWN)
    with refused("BatchEmpty"):
        desk.draw()


# What the chain says meanwhile


def flagged(desk):
    desk.scene.chain.execute(FlagSubject(desk.scene.lab, digest("why")), desk.scene.who(SHANGHAI, Role.DIRECTORY))
    return "LabFlagged", set(desk.orders)


def frozen(desk):
    desk.scene.chain.execute(Freeze(desk.scene.lab), desk.scene.who(SHANGHAI, Role.DIRECTORY))
    return "LabFrozen", set(desk.orders)


def order_of(desk, order):
    return desk.scene.ledger.order_records[order]


def sent_back(desk):
    desk.scene.send_back(CHANGXING, order_of(desk, desk.orders[0]))
    return "NotAccepted", {desk.orders[0]}


def sent_back_and_accepted_again(desk):
    sent_back(desk)
    order = order_of(desk, desk.orders[0])
    desk.scene.redeemed(order=order, attempt=1)
    desk.scene.accept_only(CHANGXING, order)
    return "NotAccepted", {desk.orders[0]}


def settled_elsewhere(desk):
    desk.scene.pay(CHANGXING, order_of(desk, desk.orders[0]))
    return "SettledElsewhere", {desk.orders[0]}


MEANWHILE = (flagged, frozen, sent_back, sent_back_and_accepted_again, settled_elsewhere)


@pytest.mark.parametrize("meanwhile", MEANWHILE)
@pytest.mark.parametrize("stage", BEFORE_FILE)
def test_what_is_stopped_or_sent_back_falls_out_with_its_cause(desk, stage, meanwhile):
    number = desk.at(stage)
    assert desk.leave(number) is None

    cause, orders = meanwhile(desk)
    desk.leave(number)

    rows = desk.batch(number).rows
    assert {order: row.out.cause for order, row in rows.items() if row.out} == dict.fromkeys(orders, cause)
    assert desk.leave(number) is None


@pytest.mark.parametrize("meanwhile", MEANWHILE)
def test_from_the_bank_file_on_nothing_falls_out_by_itself_and_is_told(desk, meanwhile):
    number = desk.at(BatchStage.AT_BANK)

    cause, orders = meanwhile(desk)

    assert desk.leave(number) is None
    found = book_module.stopped_at_bank(desk.batch(number), desk.scene.ledger, desk.waiting)
    assert {each.order: each.cause for each in found} == dict.fromkeys(orders, cause)


def test_a_flagged_order_is_never_listed(desk):
    flagged(desk)

    with pytest.raises(BatchRefused) as caught:
        desk.draw(desk.orders[:1])
    assert (caught.value.code, caught.value.values["reasons"]) == ("NotWaiting", ["LabFlagged"])
    with refused("BatchEmpty"):
        desk.draw()


def test_the_list_that_is_signed_is_the_list_that_was_read(desk):
    number = desk.at(BatchStage.NOTICED)
    read = desk.batch(number).list_hash
    sent_back(desk)
    desk.leave(number)

    with refused("ListDiffers"):
        desk.book.sign(number, read, desk.payees, by=SECOND, today=desk.today)


def test_the_hash_is_of_the_lists_canonical_bytes(desk):
    batch = desk.batch(desk.draw())

    assert hashlib.sha256(batch.canonical).digest() == batch.list_hash
    told = json.loads(batch.canonical)
    assert [each["order_id"] for each in told["orders"]] == ["0x" + each.hex() for each in sorted(desk.orders)]
    assert (told["count"], told["total"], told["payer"]) == (2, str(9_600 * YUAN), CHANGXING)


# Notice


def test_a_notice_runs_its_days_out_and_is_not_backdated(desk):
    number = desk.draw()
    with refused("NoticeBackdated"):
        desk.book.give_notice(number, first_day=DAY - timedelta(days=1), days=7, today=DAY)
    desk.write(lambda book: book.give_notice(number, first_day=DAY, days=7, today=DAY))

    for day, is_over in ((6, False), (7, True)):
        desk.today = DAY + timedelta(days=day)
        if is_over:
            desk.sign(number)
        else:
            with refused("NoticeNotOver"):
                desk.sign(number)


def test_a_notice_names_parties_by_their_ids_alone(desk):
    text = notice_csv(desk.batch(desk.draw())).decode("utf-8-sig")

    (header, *rows) = csv.reader(io.StringIO(text))
    assert header == ["订单编号", "券种", "兑付申请方", "收款方编号", "机构编码", "金额（元）"]
    assert {(row[2], row[3], row[5]) for row in rows} == {("服务机构", "0x" + desk.scene.lab.hex(), "4800.00")}
    assert PAYEE not in text
    assert NUMBER not in text


# Accounts


def test_a_payee_without_a_confirmed_account_is_not_signed_off(desk):
    number = desk.at(BatchStage.NOTICED)
    desk.payees = {}

    with pytest.raises(BatchRefused) as caught:
        desk.sign(number)
    assert (caught.value.code, set(caught.value.values["orders"])) == ("AccountMissing", {"0x" + each.hex() for each in desk.orders})


def test_a_batch_pays_into_the_account_as_it_was_signed_off(desk):
    number = desk.at(BatchStage.SIGNED)
    desk.write(lambda book: book.propose(PAYEE, bank="样例银行", name="样例检测中心", number="6222000000000000002"))
    desk.write(lambda book: book.confirm(PAYEE, 2, by=SECOND))
    desk.number_(number)
    desk.file(number)

    rows = list(csv.DictReader(io.StringIO(desk.book.bank_csv(number).decode("utf-8-sig"))))

    assert {row["账号"] for row in rows} == {NUMBER}
    assert desk.book.confirmed(PAYEE).number == "6222000000000000002"


def test_a_version_is_confirmed_once_and_a_newer_proposal_overtakes(desk):
    with refused("AccountOvertaken"):
        desk.book.confirm(PAYEE, 1, by=SECOND)
    for _ in range(2):
        desk.write(lambda book: book.propose(PAYEE, bank="b", name="n", number="1234"))
    with refused("AccountOvertaken"):
        desk.book.confirm(PAYEE, 2, by=SECOND)
    for version in (0, 4):
        with refused("AccountUnknown"):
            desk.book.confirm(PAYEE, version, by=SECOND)
    with refused("AccountUnknown"):
        desk.book.confirm("91330522MA0DEM011N", 1, by=SECOND)


# The bank's file


def test_the_banks_file_has_a_line_an_order_in_text(desk):
    number = desk.at(BatchStage.AT_BANK)

    content = desk.book.bank_csv(number)
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    sheet = load_workbook(io.BytesIO(desk.book.bank_workbook(number)))["银行文件 Bank file"]

    assert hashlib.sha256(content).digest() == desk.batch(number).file.sha256
    assert [row["订单编号"] for row in rows] == ["0x" + each.hex() for each in sorted(desk.orders)]
    assert {(row["账号"], row["收款方代码"], row["金额（元）"], row["文号"]) for row in rows} == {(NUMBER, PAYEE, "4800.00", "文号 1")}
    assert {cell.data_type for row in sheet for cell in row} == {"s"}
    assert sheet["G2"].value == NUMBER


@pytest.mark.parametrize("name", ["@name", " =1+1", "\t=1+1", "＝1+1"])
def test_a_name_that_begins_like_a_formula_is_text_in_the_file(desk, name):
    """Behind blanks, or in the full-width letters of a Chinese keyboard, too."""
    desk.write(lambda book: book.propose(PAYEE, bank='=HYPERLINK("x")', name=name, number=NUMBER))
    desk.write(lambda book: book.confirm(PAYEE, 2, by=SECOND))
    number = desk.at(BatchStage.AT_BANK)

    (row, _) = csv.DictReader(io.StringIO(desk.book.bank_csv(number).decode("utf-8-sig")))
    cells = [cell for each in load_workbook(io.BytesIO(desk.book.bank_workbook(number)))["银行文件 Bank file"] for cell in each]

    assert (row["开户行"], row["户名"]) == ('\'=HYPERLINK("x")', f"'{name}")
    assert "f" not in {cell.data_type for cell in cells}


def test_a_document_number_is_of_one_batch(desk):
    desk.at(BatchStage.NUMBERED, desk.orders[:1])
    number = desk.at(BatchStage.SIGNED)

    with refused("NumberTaken"):
        desk.book.give_number(number, "文号 1")


# What was paid, and what came back


def test_a_payment_that_is_told_again_is_no_second_one(desk):
    number = desk.at(BatchStage.AT_BANK)
    one, other = desk.orders
    assert desk.pay(number, reference(one)) is not None

    assert desk.pay(number, reference(one)) is None
    assert desk.pay(number, reference(one), reference(other)).payments == (reference(other),)
    assert [each.text for each in desk.batch(number).rows[one].references] == ["PAY-1"]
    with refused("WrongRowState"):
        desk.pay(number, reference(one, "PAY-2"))


def test_an_order_is_named_once_in_a_payment_and_a_reference_is_of_one_batch(desk):
    first = desk.at(BatchStage.AT_BANK, desk.orders[:1])
    second = desk.at(BatchStage.AT_BANK, desk.orders[1:])
    with refused("OrderRepeated"):
        desk.pay(first, reference(desk.orders[0]), reference(desk.orders[0], "PAY-2"))
    desk.pay(first, reference(desk.orders[0]))

    with refused("ReferenceUsed"):
        desk.pay(second, reference(desk.orders[1]))
    with refused("NotInBatch"):
        desk.pay(second, reference(desk.orders[0]))


def test_a_returned_payment_is_paid_again_under_the_settlement_that_it_has(desk):
    number, order = desk.at(BatchStage.PAID), desk.orders[0]
    desk.give_back(number, order)
    assert desk.batch(number).stage is BatchStage.RETURNED
    desk.write(lambda book: book.propose(PAYEE, bank="样例银行", name="更正户名", number="6222000000000000002"))
    desk.write(lambda book: book.confirm(PAYEE, 2, by=SECOND))
    desk.resend(number, order)

    (row,) = csv.DictReader(io.StringIO(desk.book.resend_csv(number, **desk.now).decode("utf-8-sig")))
    assert (row["订单编号"], row["账号"]) == ("0x" + order.hex(), "6222000000000000002")
    with refused("ReferenceUsed"):
        desk.pay(number, reference(order))
    desk.pay(number, reference(order, "PAY-1-AGAIN"))

    references = desk.batch(number).rows[order].references
    assert [each.text for each in references] == ["PAY-1", "PAY-1-AGAIN"]
    assert desk.batch(number).stage is BatchStage.PAID
    first_file = csv.DictReader(io.StringIO(desk.book.bank_csv(number).decode("utf-8-sig")))
    assert {row["账号"] for row in first_file} == {NUMBER}


def test_a_return_that_is_told_again_is_no_second_one(desk):
    """Else a payment that was made again would be made a third time."""
    number, (one, other) = desk.at(BatchStage.PAID), desk.orders
    desk.give_back(number, one)
    desk.resend(number, one)
    desk.pay(number, reference(one, "PAY-2"))

    with refused("ReferenceUsed"):
        desk.give_back(number, one)
    desk.give_back(number, other)
    desk.give_back(number, one, "BACK-2")
    assert {desk.state(number, each) for each in desk.orders} == {RowState.RETURNED}


def test_a_payment_that_is_made_again_is_under_no_first_ones_reference(desk):
    number, (one, other) = desk.at(BatchStage.AT_BANK), desk.orders
    desk.pay(number, reference(one, "PAY-1"), reference(other, "PAY-2"))
    for order in desk.orders:
        desk.give_back(number, order)
    desk.resend(number, *desk.orders)

    with refused("ReferenceUsed"):
        desk.pay(number, reference(one, "PAY-2"))
    desk.pay(number, reference(one, "PAY-3"))
    desk.pay(number, reference(other, "PAY-3"))
    assert desk.batch(number).stage is BatchStage.PAID


# Budget lines


def test_a_line_is_never_exceeded_and_told_with_its_values(desk):
    desk.write(lambda book: book.set_line(desk.line, amount=Fen(9_600 * YUAN - 1), cut_off=date(2013, 12, 25), today=DAY))

    with pytest.raises(BatchRefused) as caught:
        desk.draw()
    told = caught.value.values
    assert (caught.value.code, told["amount"], told["used"], told["asked"]) == ("OverBudgetLine", "959999", "0", "960000")
    number = desk.draw(desk.orders[:1])
    with refused("OverBudgetLine"):
        desk.draw()
    with refused("LineBelowUsed"):
        desk.book.set_line(desk.line, amount=Fen(479_999), cut_off=date(2013, 12, 25), today=DAY)
    desk.write(lambda book: book.withdraw(number, reason="让出额度"))
    assert desk.book.used(desk.line) == 0


def test_a_new_line_pays_in_its_year_or_later(desk):
    new = replace(desk.line, code="2060405")

    for line in (replace(new, year=2014), replace(desk.line, year=2014)):
        with refused("CutOffBeforeYear"):
            desk.book.set_line(line, amount=Fen(1), cut_off=date(2013, 12, 31), today=DAY)
    with refused("PastCutOff"):
        desk.book.set_line(new, amount=Fen(1), cut_off=DAY - timedelta(days=1), today=DAY)
    assert desk.book.set_line(new, amount=Fen(1), cut_off=DAY, today=DAY).cut_off == DAY.isoformat()


def test_a_line_that_was_set_is_closed_by_a_day_that_is_over(desk):
    closed = DAY - timedelta(days=1)

    desk.write(lambda book: book.set_line(desk.line, amount=Fen(20_000 * YUAN), cut_off=closed, today=DAY))

    with refused("PastCutOff"):
        desk.draw()


@pytest.mark.parametrize(("day", "is_open"), [(date(2013, 12, 25), True), (date(2013, 12, 26), False)])
@pytest.mark.parametrize("stage", [None, BatchStage.NOTICED, BatchStage.NUMBERED])
def test_a_line_pays_up_to_its_cut_off_day(desk, stage, day, is_open):
    number = desk.at(stage) if stage else None
    desk.today = day
    acts = {None: desk.draw, BatchStage.NOTICED: lambda: desk.sign(number), BatchStage.NUMBERED: lambda: desk.file(number)}

    if is_open:
        acts[stage]()
    else:
        with pytest.raises(BatchRefused) as caught:
            acts[stage]()
        assert (caught.value.code, caught.value.values["cut_off"], caught.value.values["today"]) == (
            "PastCutOff",
            "2013-12-25",
            "2013-12-26",
        )


def test_a_line_that_nobody_set_pays_nothing(desk):
    desk.line = replace(desk.line, year=2014)

    with refused("LineUnknown"):
        desk.draw()


def test_what_no_bank_was_told_of_is_carried_over(desk):
    desk.at(BatchStage.PAID, desk.orders[:1])
    number = desk.at(BatchStage.SIGNED)
    loose = id_of(desk.scene.accepted())

    found = desk.book.carried_over(desk.line, desk.scene.ledger, desk.waiting)

    assert [(each.order, each.amount, each.batch) for each in found] == [
        (desk.orders[1], 4_800 * YUAN, number),
        (loose, 4_800 * YUAN, None),
    ]
    assert (desk.book.used(desk.line), desk.book.paid(desk.line)) == (9_600 * YUAN, 4_800 * YUAN)


def test_what_came_back_is_not_paid_until_it_is_paid_again(desk):
    number = desk.at(BatchStage.PAID)
    desk.give_back(number, desk.orders[0])

    assert (desk.book.paid(desk.line), desk.book.used(desk.line)) == (4_800 * YUAN, 9_600 * YUAN)


def test_a_day_is_chinas():
    assert [day_of(Time(each)).isoformat() for each in (1_798_732_799, 1_798_732_800)] == ["2026-12-31", "2027-01-01"]


# Whatever happens

# Steps onwards are the commonest, so that batches come to the bank; whatever spoils them is there once.
SPOILS = ("take out", "withdraw", "leave", "settle", "send back", "flag")
ACTS = ("next",) * 12 + ("draw",) * 4 + ("pay", "give back", "resend") * 2 + SPOILS
PLAYS = st.lists(
    st.tuples(st.sampled_from(ACTS), st.integers(1, 2), st.integers(0, 2), st.sampled_from((FIRST, SECOND))), min_size=30, max_size=80
)


@settings(deadline=None, max_examples=60)
@given(PLAYS)
def test_no_order_is_ever_to_be_paid_twice(acts):
    """Whatever two officers do, in whatever order: the bank is told of an order once for each time that its money is not out."""
    desk, texts = Desk(orders=3), iter(range(10_000))
    for act, at, which, by in acts:
        desk.by = by
        play(desk, act, number=at, order=desk.orders[which], by=by, texts=texts)
        held = [order for batch in desk.book.batches.values() for order, row in batch.rows.items() if row.state is not RowState.OUT]
        assert len(held) == len(set(held))
        assert desk.book.used(desk.line) <= desk.book.lines[desk.line].amount
    for order in desk.orders:
        rows = [batch.rows[order] for batch in desk.book.batches.values() if order in batch.rows]
        assert sum(len(row.references) for row in rows) <= 1 + sum(len(row.returns) for row in rows)
        assert sum(row.state in (RowState.AT_BANK, RowState.PAID, RowState.RESENT) for row in rows) <= 1


def play(desk, act, *, number, order, by, texts):
    steps = {
        "next": lambda: onwards(desk, number, order, by, texts),
        "draw": lambda: desk.draw([order]),
        "pay": lambda: desk.pay(number, reference(order, f"PAY-{next(texts)}")),
        "give back": lambda: desk.give_back(number, order, f"BACK-{next(texts)}"),
        "resend": lambda: desk.resend(number, order, by=by),
        "take out": lambda: desk.write(lambda book: book.take_out(number, order, reason="x", by=by)),
        "withdraw": lambda: desk.write(lambda book: book.withdraw(number, reason="x")),
        "leave": lambda: desk.leave(number),
        "settle": lambda: desk.scene.pay(CHANGXING, order_of(desk, order)),
        "send back": lambda: desk.scene.send_back(CHANGXING, order_of(desk, order)),
        "flag": lambda: flagged(desk),
    }
    try:
        steps[act]()
    except (TongquanError, LookupError):
        return


def onwards(desk, number, order, by, texts):
    """Whatever brings a batch nearer to being paid."""
    steps = {
        BatchStage.DRAWN: lambda: desk.notice(number, 1),
        BatchStage.NOTICED: lambda: desk.sign(number, by),
        BatchStage.SIGNED: lambda: desk.number_(number),
        BatchStage.NUMBERED: lambda: desk.file(number),
        BatchStage.AT_BANK: lambda: desk.pay(number, reference(order, f"PAY-{next(texts)}")),
        BatchStage.RETURNED: lambda: desk.resend(number, order, by=by),
    }
    steps[desk.batch(number).stage]()


def test_every_refusal_has_its_words():
    source = Path(book_module.__file__).read_text(encoding="utf-8")

    assert set(re.findall(r'BatchRefused\(\s*"(\w+)"', source)) == set(WORDS)
