"""
A payer's payments as they stand after all records, and what may be put on record next. Pure.

    drawn up ──▶ public notice ──▶ signed off ──▶ numbered ──▶ bank file ──▶ paid
      编制           公示             审签           文号        银行文件      已付
                                                              └▶ returned ─▶ re-sent ─▶ paid
                                                                  退票         重付

Every act is a method that answers the record to put down, or raises `BatchRefused`. What keeps money from being paid twice:

1. An order stands in one batch at most; only one that left its batch with a cause can be listed again.
2. Up to the bank file orders leave by themselves when the chain no longer has them to be paid; from the bank file on none does, since
   the bank may have paid it, until a second officer says that it has not.
3. A reference is put on record before the order is settled, and the first one is the settlement's for ever: whatever becomes of the
   process in between, the same settlement is tried again.
4. A returned payment is paid again under the settlement that it has, as long as that stands.

Who acts is told by a caller's name: one who drew up does not sign off, one who proposed does not confirm.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Self

from registry.batches.batch import BatchRow, BatchStage, BudgetLine, PayeeAccount, PaymentBatch, Return, RowState, Stamp
from registry.batches.lists import bank_csv, bank_workbook, resend_csv, sha256
from registry.batches.records import (
    AccountConfirmed,
    AccountProposed,
    BankFileMade,
    BankReference,
    BatchDrawn,
    BatchNoticed,
    BatchNumbered,
    BatchSigned,
    BookEntry,
    Cause,
    LineKey,
    LineSet,
    ListedOrder,
    OrdersOut,
    OrdersPaid,
    Out,
    PaidInto,
    PaymentRecord,
    PaymentReturned,
    PaymentsResent,
)
from registry.codec import id_of
from registry.errors import TongquanError
from registry.model import CHINA, Digest, Fen, Firm, Id, Paid, Stage, Standing, Tag, Time
from registry.reports import BankFile, ToBePaid
from registry.rules import Ledger


class BatchRefused(TongquanError):
    """What was asked cannot be put on record; `code` says why, and `values` of what."""

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(f"{code}: {values}")
        self.code = code
        self.values = values


@dataclass(frozen=True, slots=True)
class Unpaid:
    """An order that a line has not paid, and the batch that it stands in, if any."""

    order: Id
    amount: Fen
    batch: int | None


def day_of(time: Time) -> date:
    """
    The day of a second, UTC+8.

    >>> day_of(Time(1798732799)).isoformat()
    '2026-12-31'
    """
    return datetime.fromtimestamp(time, CHINA).date()


IsOutlived = Callable[[PayeeAccount], bool]
"""Whether a payee was absorbed or struck off since its account was confirmed."""


class PaymentBook:
    """All of it, after some records. Entries come in order; a book that others read is not added to any more."""

    def __init__(self, entries: Iterable[BookEntry] = ()) -> None:
        self._entries = tuple(entries)
        self.accounts: dict[str, list[PayeeAccount]] = {}
        self.lines: dict[LineKey, BudgetLine] = {}
        self.batches: dict[int, PaymentBatch] = {}
        for entry in self._entries:
            self._add(entry)

    def after(self, *entries: BookEntry) -> Self:
        """The book that it becomes by further entries."""
        return type(self)((*self._entries, *entries))

    def with_record(self, record: PaymentRecord, *, at: Time, by: str) -> Self:
        """The book that it would be by one record more."""
        return self.after(BookEntry(self.last + 1, at, by, record))

    @property
    def last(self) -> int:
        """The number of the last entry; 0 if there is none."""
        return self._entries[-1].number if self._entries else 0

    # Payees' accounts

    def propose(self, payee: str, *, bank: str, name: str, number: str) -> AccountProposed:
        """Propose an account. A proposal that nobody confirmed yet is overtaken."""
        return AccountProposed(payee, len(self.accounts.get(payee, ())) + 1, bank, name, number)

    def confirm(self, payee: str, version: int, *, by: str) -> AccountConfirmed:
        """Confirm a payee's newest proposal, by another officer."""
        versions = self.accounts.get(payee, [])
        if not 1 <= version <= len(versions):
            raise BatchRefused("AccountUnknown", version=version)
        found = versions[version - 1]
        if version < len(versions) or found.confirmed is not None:
            raise BatchRefused("AccountOvertaken", version=version, newest=len(versions), confirmed=found.confirmed is not None)
        _require_another(by, found.proposed.by, "proposed")
        return AccountConfirmed(payee, version)

    def confirmed(self, payee: str | None) -> PayeeAccount | None:
        """The account of a payee that counts."""
        found = [each for each in self.accounts.get(payee or "", ()) if each.confirmed is not None]
        return found[-1] if found else None

    def account(self, into: PaidInto) -> PayeeAccount:
        """An account by its version."""
        return self.accounts[into.payee][into.version - 1]

    # Budget lines

    def set_line(self, line: LineKey, *, amount: Fen, cut_off: date, today: date) -> LineSet:
        """
        Set a line's amount and cut-off day; not below what its batches come to, and no cut-off day before its year begins.

        A line that was set may be closed by a day that is over; a new one could pay nothing.
        """
        if cut_off.year < line.year:
            raise BatchRefused("CutOffBeforeYear", **_line(line), cut_off=cut_off.isoformat())
        if line not in self.lines and today > cut_off:
            raise BatchRefused("PastCutOff", **_line(line), cut_off=cut_off.isoformat(), today=today.isoformat())
        used = self.used(line)
        if amount < used:
            raise BatchRefused("LineBelowUsed", **_line(line), amount=str(amount), used=str(used))
        return LineSet(line, amount, cut_off.isoformat())

    def used(self, line: LineKey) -> Fen:
        """What the orders come to that stand in a line's batches, paid or not."""
        return Fen(sum(batch.total for batch in self._of_line(line)))

    def paid(self, line: LineKey) -> Fen:
        """What of it is paid. What came back and was not paid again is not."""
        rows = (row for batch in self._of_line(line) for row in batch.standing)
        return Fen(sum(row.listed.amount for row in rows if row.state is RowState.PAID))

    def carried_over(self, line: LineKey, ledger: Ledger, waiting: BankFile) -> list[Unpaid]:
        """What a line has not paid and the next year's is to pay: orders that no bank was told of, in its batches or in none."""
        listed = [
            Unpaid(row.listed.order, row.listed.amount, batch.number)
            for batch in self._of_line(line)
            for row in batch.standing
            if row.state is RowState.LISTED
        ]
        found = [each for each in waiting.orders if _programme(ledger, each.order_id) == line.programme]
        return listed + [Unpaid(each.order_id, each.amount, None) for each in found if self.batch_of(each.order_id) is None]

    def _of_line(self, line: LineKey) -> Iterator[PaymentBatch]:
        return (batch for batch in self.batches.values() if batch.drawn.line == line)

    def _open_line(self, line: LineKey, today: date) -> BudgetLine:
        if line not in self.lines:
            raise BatchRefused("LineUnknown", **_line(line))
        found = self.lines[line]
        if today > found.cut_off:
            raise BatchRefused("PastCutOff", **_line(line), cut_off=found.cut_off.isoformat(), today=today.isoformat())
        return found

    # A batch

    def batch_of(self, order: Id) -> PaymentBatch | None:
        """The batch that an order stands in."""
        return next((each for each in self.batches.values() if order in each.rows and each.rows[order].state is not RowState.OUT), None)

    def draw(self, line: LineKey, orders: Sequence[Id] | None, ledger: Ledger, waiting: BankFile, *, today: date) -> BatchDrawn:
        """
        Draw up a batch within a line: these orders of its programme, or all that wait and stand in no other batch.

        `waiting` is the payer's bank file report of the same ledger: an order that it leaves out is in no batch.
        """
        open_line, used = self._open_line(line, today), self.used(line)
        found = {each.order_id: each for each in waiting.orders if _programme(ledger, each.order_id) == line.programme}
        chosen = [each for each in found if self.batch_of(each) is None] if orders is None else sorted(set(orders))
        for order in chosen:
            other = self.batch_of(order)
            if other is not None:
                raise BatchRefused("InOtherBatch", order=_hex(order), batch=other.number)
            if order not in found:
                reasons = [str(reason) for each in waiting.left_out if each.order.order_id == order for reason in each.reasons]
                raise BatchRefused("NotWaiting", order=_hex(order), reasons=reasons)
        if not chosen:
            raise BatchRefused("BatchEmpty")
        listed = tuple(_listed(ledger, found[each]) for each in chosen)
        asked = sum(each.amount for each in listed)
        if used + asked > open_line.amount:
            raise BatchRefused("OverBudgetLine", **_line(line), amount=str(open_line.amount), used=str(used), asked=str(asked))
        return BatchDrawn(
            batch=len(self.batches) + 1,
            chain_id=waiting.asked.chain_id,
            registry=waiting.asked.registry,
            payer=waiting.payer,
            programme=ledger.programmes[line.programme].code,
            line=line,
            orders=listed,
        )

    def give_notice(self, number: int, *, first_day: date, days: int, today: date) -> BatchNoticed:
        """Put a batch up for notice, from today or later."""
        self._at(number, BatchStage.DRAWN)
        if first_day < today:
            raise BatchRefused("NoticeBackdated", first_day=first_day.isoformat(), today=today.isoformat())
        return BatchNoticed(number, first_day.isoformat(), days)

    def take_out(self, number: int, order: Id, *, reason: str, by: str) -> OrdersOut:
        """
        Take an order out.

        Before the bank file it is on an objection (异议); after it because the bank has not paid it and will not, and then another officer
        says so than the one who made the file.
        """
        batch, row = self._row(number, order)
        if row.state is RowState.AT_BANK:
            _require_another(by, batch.file_made.by if batch.file_made else "", "made the bank file")
        elif row.state is not RowState.LISTED:
            raise BatchRefused("WrongRowState", order=_hex(order), state=row.state)
        cause = Cause.OBJECTION if row.state is RowState.LISTED else Cause.NOT_PAID
        return OrdersOut(number, (Out(order, cause, reason),))

    def withdraw(self, number: int, *, reason: str) -> OrdersOut:
        """Give a batch up before its bank file; its orders may be listed again."""
        batch = self._before_the_bank(number)
        return OrdersOut(number, tuple(Out(row.listed.order, Cause.WITHDRAWN, reason) for row in batch.standing))

    def fall_out(self, number: int, ledger: Ledger, waiting: BankFile) -> OrdersOut | None:
        """
        The orders that leave a batch because of what the chain says now, or None. From the bank file on none is LISTED, and so none leaves.

        `waiting` is the payer's bank file report of the same ledger: who is stopped, it says.
        """
        found = _not_payable(self.batch(number), RowState.LISTED, ledger, waiting)
        return OrdersOut(number, found) if found else None

    def sign(self, number: int, asked: Digest, payees: Mapping[Tag, str], *, by: str, today: date) -> BatchSigned:
        """
        Sign a batch off once its notice is over: the list as the officer read it, every order with the account that it is paid into.

        `payees` tells the company code that a tag is of, for those that have accounts.
        """
        batch = self._at(number, BatchStage.NOTICED)
        _require_another(by, batch.drawn_up.by, "drew it up")
        until = batch.notice_until
        if until is not None and today <= until:
            raise BatchRefused("NoticeNotOver", until=until.isoformat(), today=today.isoformat())
        self._open_line(batch.drawn.line, today)
        _require_not_empty(batch)
        if asked != batch.list_hash:
            raise BatchRefused("ListDiffers", ours=_hex(batch.list_hash), asked=_hex(asked))
        return BatchSigned(number, asked, self._accounts_for(batch.standing, payees))

    def give_number(self, number: int, document_number: str) -> BatchNumbered:
        """Give a signed batch its document number, which no other one has."""
        self._at(number, BatchStage.SIGNED)
        taken = [each.number for each in self.batches.values() if each.document_number == document_number]
        if taken:
            raise BatchRefused("NumberTaken", batch=taken[0])
        return BatchNumbered(number, document_number)

    def make_file(self, number: int, is_outlived: IsOutlived, *, today: date) -> BankFileMade:
        """Make a batch's bank file, once, before the cut-off day is over, and into no account that its payee has outlived since."""
        batch = self._at(number, BatchStage.NUMBERED)
        self._open_line(batch.drawn.line, today)
        _require_not_empty(batch)
        outlived = self.outlived(number, is_outlived)
        if outlived:
            raise BatchRefused("AccountMissing", orders=[_hex(each) for each in outlived])
        return BankFileMade(number, sha256(bank_csv(batch, self.account)), tuple(row.listed.order for row in batch.standing))

    def outlived(self, number: int, is_outlived: IsOutlived) -> list[Id]:
        """The orders of a batch that nobody has said to be paid, and whose payee has outlived the account that was signed off."""
        rows = (row for row in self.batch(number).standing if row.state in (RowState.LISTED, RowState.AT_BANK))
        return [row.listed.order for row in rows if self._pays_outlived(row, is_outlived)]

    def _pays_outlived(self, row: BatchRow, is_outlived: IsOutlived) -> bool:
        return row.account is not None and is_outlived(self.account(row.account))

    def pay(self, number: int, payments: Sequence[BankReference]) -> OrdersPaid | None:
        """
        Put down under which references the bank paid. What stands already is no new payment: None if all of it does.

        Raises:
            BatchRefused: an order is named twice, not at the bank or paid under another reference, or the reference stands elsewhere.
        """
        orders = [each.order for each in payments]
        for order in orders:
            if orders.count(order) > 1:
                raise BatchRefused("OrderRepeated", order=_hex(order))
        elsewhere = self._references_of_others(number)
        new = tuple(each for each in payments if not self._is_paid_so(number, each, elsewhere))
        return OrdersPaid(number, new) if new else None

    def _references_of_others(self, number: int) -> dict[Digest, int]:
        rows = ((batch.number, row) for batch in self.batches.values() if batch.number != number for row in batch.rows.values())
        return {each.payment: other for other, row in rows for each in row.references}

    def _is_paid_so(self, number: int, payment: BankReference, elsewhere: Mapping[Digest, int]) -> bool:
        batch, row = self._row(number, payment.order)
        if row.state is RowState.PAID and row.references[-1].payment == payment.payment:
            return True
        if row.state not in (RowState.AT_BANK, RowState.RESENT):
            raise BatchRefused("WrongRowState", order=_hex(payment.order), state=row.state)
        # One payment may be of several orders of a batch; none is both a first one and one that was made again.
        again = bool(row.references)
        others = (each for one in batch.rows.values() for each in (one.references[:1] if again else one.references[1:]))
        used = {each.payment for each in (*row.references, *others)}
        other = number if payment.payment in used else elsewhere.get(payment.payment)
        if other is not None:
            raise BatchRefused("ReferenceUsed", order=_hex(payment.order), batch=other)
        return False

    def give_back(self, number: int, returned: BankReference, *, reason: str) -> PaymentReturned:
        """Put down that an order's money came back."""
        _, row = self._row(number, returned.order)
        if row.state is not RowState.PAID:
            raise BatchRefused("WrongRowState", order=_hex(returned.order), state=row.state)
        if returned.payment in {each.payment for each in row.returns}:
            # Told a second time, after it was paid again: nothing came back since.
            raise BatchRefused("ReferenceUsed", order=_hex(returned.order), batch=number)
        return PaymentReturned(number, returned.order, returned.text, returned.payment, reason)

    def resend(
        self,
        number: int,
        orders: Sequence[Id],
        payees: Mapping[Tag, str],
        *,
        ledger: Ledger,
        now: Time,
        is_outlived: IsOutlived,
        by: str,
    ) -> PaymentsResent:
        """
        Put returned payments on the re-send list, by another officer than who put the return down, into accounts as they are now.

        What stands on it into an account that its payee has outlived since is put on it anew.
        """
        rows = [self._row(number, order)[1] for order in orders]
        for row in rows:
            if row.state is not RowState.RETURNED and not (row.state is RowState.RESENT and self._pays_outlived(row, is_outlived)):
                raise BatchRefused("WrongRowState", order=_hex(row.listed.order), state=row.state)
            _require_another(by, row.returns[-1].returned.by, "recorded the return")
            cause = why_not_owed(row.listed, ledger, now)
            if cause is not None:
                raise BatchRefused("NotOwed", order=_hex(row.listed.order), cause=cause)
        return PaymentsResent(number, self._accounts_for(rows, payees))

    # What a batch is told as

    def bank_csv(self, number: int) -> bytes:
        """What the bank is to pay of a batch; see `registry.batches.lists`."""
        return bank_csv(self.batch(number), self.account)

    def bank_workbook(self, number: int) -> bytes:
        """The same for people."""
        return bank_workbook(self.batch(number), self.account)

    def resend_csv(self, number: int, *, ledger: Ledger, now: Time, is_outlived: IsOutlived) -> bytes:
        """What came back and is to be paid again, less what is owed no more, or not into that account, since it was put on the list."""

        def is_sent(row: BatchRow) -> bool:
            return why_not_owed(row.listed, ledger, now) is None and not self._pays_outlived(row, is_outlived)

        return resend_csv(self.batch(number), self.account, is_sent)

    def batch(self, number: int) -> PaymentBatch:
        """
        A batch by its number.

        Raises:
            LookupError: there is none.
        """
        return self.batches[number]

    def _at(self, number: int, stage: BatchStage) -> PaymentBatch:
        batch = self.batch(number)
        if batch.stage is not stage:
            raise BatchRefused("WrongBatchStage", batch=number, stage=batch.stage, needed=stage)
        return batch

    def _before_the_bank(self, number: int) -> PaymentBatch:
        batch = self.batch(number)
        if batch.file is not None or batch.stage is BatchStage.WITHDRAWN:
            raise BatchRefused("WrongBatchStage", batch=number, stage=batch.stage, needed=BatchStage.NUMBERED)
        return batch

    def _row(self, number: int, order: Id) -> tuple[PaymentBatch, BatchRow]:
        batch = self.batch(number)
        if order not in batch.rows:
            raise BatchRefused("NotInBatch", batch=number, order=_hex(order))
        return batch, batch.rows[order]

    def _accounts_for(self, rows: Iterable[BatchRow], payees: Mapping[Tag, str]) -> tuple[PaidInto, ...]:
        found, missing = [], []
        for row in rows:
            account = self.confirmed(payees.get(row.listed.payee_tag))
            if account is None:
                missing.append(_hex(row.listed.order))
            else:
                found.append(PaidInto(row.listed.order, account.payee, account.version))
        if missing:
            raise BatchRefused("AccountMissing", orders=missing)
        return tuple(found)

    # What records do

    def _add(self, entry: BookEntry) -> None:
        record, stamp = entry.record, Stamp(entry.at, entry.by)
        match record:
            case AccountProposed(payee, version, bank, name, number):
                self.accounts.setdefault(payee, []).append(PayeeAccount(payee, version, bank, name, number, stamp))
            case AccountConfirmed(payee, version):
                self.accounts[payee][version - 1].confirmed = stamp
            case LineSet(line, amount, cut_off):
                self.lines[line] = BudgetLine(line, amount, date.fromisoformat(cut_off), stamp)
            case BatchDrawn():
                self.batches[record.batch] = PaymentBatch(record, stamp, {each.order: BatchRow(each) for each in record.orders})
            case _:
                _change(self.batches[record.batch], record, stamp)


def _change(batch: PaymentBatch, record: Any, stamp: Stamp) -> None:
    match record:
        case BatchNoticed():
            batch.notice = record
        case OrdersOut(_, orders):
            for out in orders:
                row = batch.rows[out.order]
                row.state, row.out, row.left = RowState.OUT, out, stamp
        case BatchSigned(_, _, accounts):
            batch.signed, batch.signed_off = record, stamp
            for into in accounts:
                batch.rows[into.order].account = into
        case BatchNumbered(_, document_number):
            batch.document_number = document_number
        case BankFileMade(_, _, orders):
            batch.file, batch.file_made = record, stamp
            for order in orders:
                batch.rows[order].state = RowState.AT_BANK
        case OrdersPaid(_, payments):
            for payment in payments:
                row = batch.rows[payment.order]
                row.state = RowState.PAID
                row.references.append(payment)
        case PaymentReturned(_, order, reference, payment, reason):
            row = batch.rows[order]
            row.state = RowState.RETURNED
            row.returns.append(Return(reference, payment, reason, stamp))
        case PaymentsResent(_, accounts):
            for into in accounts:
                row = batch.rows[into.order]
                row.state, row.account = RowState.RESENT, into


# What the chain says of a batch


def stopped_at_bank(batch: PaymentBatch, ledger: Ledger, waiting: BankFile) -> tuple[Out, ...]:
    """The orders of a bank file that would not be in it if it were made now, and that nobody has said to be paid."""
    return _not_payable(batch, RowState.AT_BANK, ledger, waiting)


def _not_payable(batch: PaymentBatch, state: RowState, ledger: Ledger, waiting: BankFile) -> tuple[Out, ...]:
    stopped = {each.order.order_id: each.reasons[0] for each in waiting.left_out}
    listed = [row.listed for row in batch.standing if row.state is state]
    found = [(each.order, why_not_payable(each, ledger, stopped)) for each in listed]
    return tuple(Out(order, cause, "") for order, cause in found if cause is not None)


def why_not_payable(listed: ListedOrder, ledger: Ledger, stopped: Mapping[Id, Any]) -> Cause | None:
    """Why an order as it was listed is not to be paid now; None if it is."""
    stage = ledger.orders[listed.order].stage
    if stage in (Stage.SETTLED, Stage.REVERSED, Stage.REFUNDED):
        return Cause.SETTLED_ELSEWHERE
    if stage != Stage.ACCEPTED or ledger.claims[listed.order].redemption != listed.redemption:
        return Cause.NOT_ACCEPTED
    return Cause(str(stopped[listed.order])) if listed.order in stopped else None


def why_not_owed(listed: ListedOrder, ledger: Ledger, now: Time) -> str | None:
    """Why a payment that came back is not to be made again: the stage of an order that became a debt, or who is stopped; None if it is."""
    stage = ledger.orders[listed.order].stage
    if stage != Stage.SETTLED and why_not_payable(listed, ledger, {}) is not None:
        return stage.name
    record = ledger.order_records[listed.order]
    voucher = ledger.vouchers[record.voucher]
    firm = id_of(Firm(ledger.programmes[voucher.programme].region, voucher.firm))
    stopped = {
        Cause.FIRM_FLAGGED: ledger.flags[firm].until >= now,
        Cause.LAB_FLAGGED: ledger.flags[record.lab].until >= now,
        Cause.LAB_FROZEN: ledger.labs[record.lab].standing == Standing.FROZEN,
    }
    return next((str(cause) for cause, stands in stopped.items() if stands), None)


def _programme(ledger: Ledger, order: Id) -> Id:
    return ledger.vouchers[ledger.order_records[order].voucher].programme


def _listed(ledger: Ledger, order: ToBePaid) -> ListedOrder:
    record = ledger.order_records[order.order_id]
    to_lab = order.paid_to is Paid.LAB
    return ListedOrder(
        order=order.order_id,
        redemption=ledger.claims[order.order_id].redemption,
        amount=order.amount,
        paid_to=order.paid_to,
        payee=order.payee,
        payee_tag=ledger.lab_records[record.lab].host_unit if to_lab else ledger.vouchers[record.voucher].firm,
        lab_code=order.lab_code,
    )


def _require_another(by: str, other: str, did: str) -> None:
    if by == other:
        raise BatchRefused("SameOfficer", by=by, did=did)


def _require_not_empty(batch: PaymentBatch) -> None:
    if not batch.standing:
        raise BatchRefused("BatchEmpty")


def _line(line: LineKey) -> dict[str, Any]:
    return {"programme": _hex(line.programme), "year": line.year, "line": line.code}


def _hex(value: bytes) -> str:
    return "0x" + value.hex()
