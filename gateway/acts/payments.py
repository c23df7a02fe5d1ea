"""
Payments of this region's payer (兑付): batches, payees' accounts, budget lines, and what the bank returned.

What may be put on record, `registry.batches` decides; whether an order is to be paid and was settled, the chain says. A payment is put
on record before its order is settled, and settled under a name that follows from batch and order: however often, and whenever the
process died in between, the same settlement is found in the outbox and never a second one is made while it may happen.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import count

from gateway import payment_shapes as shapes
from gateway.callers import Caller
from gateway.errors import Problem
from gateway.firm_affairs import Kind
from gateway.looked_up import logged
from gateway.office import Office
from gateway.payment_book import Decide, Written
from gateway.schemas import (
    AccountNamed,
    AccountPage,
    AccountProposal,
    AccountWritten,
    BatchAsked,
    BatchPage,
    BatchSeen,
    BudgetLinePage,
    BudgetLineSeen,
    BudgetLineSetting,
    NoticeAsked,
    NoticeSeen,
    PaymentsMade,
    ReturnMade,
    TakingOut,
)
from gateway.sight import head_for, not_found, require_of_this_region
from registry import (
    AccountProposed,
    BankFile,
    BankReference,
    BatchDrawn,
    BatchRow,
    Claim,
    Client,
    Digest,
    Fen,
    Id,
    IntentDiffers,
    LineKey,
    OutcomeUnknown,
    PayeeAccount,
    PaymentBatch,
    PaymentBook,
    PaymentRecord,
    Rejected,
    Reporting,
    Snapshot,
    Stage,
    Tag,
    Time,
    Unreachable,
    company_code,
    day_of,
    notice_csv,
    stopped_at_bank,
    why_not_payable,
)

AT_ONCE = 16
"""How many settlements wait for their final block together."""

_OF_BATCHES = "/payment-batch/"
_SETTLED = frozenset({Stage.SETTLED, Stage.REVERSED, Stage.REFUNDED})

OnBatch = Callable[[PaymentBook, date], PaymentRecord | None]
"""What is to be put on record of a batch, as of a day; or a refusal."""


@dataclass(frozen=True, slots=True)
class _Chain:
    """What the chain says of payments: a snapshot, and what waits for this region's payer in it."""

    snapshot: Snapshot
    waiting: BankFile

    @classmethod
    def of(cls, office: Office, snapshot: Snapshot) -> "_Chain":
        return cls(snapshot, Reporting(snapshot).bank_file(office.region))


# Budget lines


def set_line(office: Office, caller: Caller, asked: BudgetLineSetting, intent_id: str) -> BudgetLineSeen:
    """Set a budget line's amount and cut-off day (预算科目)."""
    require_of_this_region(office, caller)
    line, cut_off = LineKey(Id(asked.programme), asked.year, asked.line), date.fromisoformat(asked.cut_off)
    with office.current() as snapshot:
        _require_pays(office, snapshot, line.programme)
        amount, today = Fen(asked.amount), _today(office, snapshot)
        done = _record(office, caller, intent_id, lambda book: book.set_line(line, amount=amount, cut_off=cut_off, today=today))
        return _line_seen(office, done.book, _Chain.of(office, snapshot), line)


def lines(office: Office, caller: Caller) -> BudgetLinePage:
    """Every budget line, with what is used and paid of it and, once it is closed, what is carried over."""
    with _looked_at(office, caller, "budget lines"), office.seen() as snapshot:
        require_of_this_region(office, caller)
        chain, book = _Chain.of(office, snapshot), office.payment_book.book()
        found = [_line_seen(office, book, chain, line) for line in sorted(book.lines, key=lambda each: (each.year, each.code))]
        return BudgetLinePage(lines=found, block=office.block_seen(snapshot))


def _line_seen(office: Office, book: PaymentBook, chain: _Chain, key: LineKey) -> BudgetLineSeen:
    closed = _today(office, chain.snapshot) > book.lines[key].cut_off
    carried = book.carried_over(key, chain.snapshot.ledger, chain.waiting) if closed else None
    return shapes.budget_line_seen(book, book.lines[key], carried)


def _require_pays(office: Office, snapshot: Snapshot, programme: Id) -> None:
    """A line is of a programme that this region's payer pays, or may pay."""
    programmes = snapshot.ledger.programmes
    if programme not in programmes or programmes[programme].payer not in (office.region, 0):
        raise not_found("programme", programme)


# Payees' accounts


def propose_account(office: Office, caller: Caller, asked: AccountProposal, intent_id: str) -> AccountWritten:
    """Propose a payee's account (收款账户); it counts once a second officer has confirmed it."""
    require_of_this_region(office, caller)
    payee = company_code(asked.payee)
    given = {"bank": asked.bank_name, "name": asked.account_name, "number": asked.account_number}
    proposed = _record(office, caller, intent_id, lambda book: book.propose(payee, **given)).of(AccountProposed)
    return AccountWritten(payee=payee, version=proposed.version, confirmed=False)


def confirm_account(office: Office, caller: Caller, asked: AccountNamed, intent_id: str) -> AccountWritten:
    """Confirm a proposed account, as another officer than the one who proposed it (双人复核)."""
    require_of_this_region(office, caller)
    payee = company_code(asked.payee)
    _record(office, caller, intent_id, lambda book: book.confirm(payee, asked.version, by=caller.name))
    return AccountWritten(payee=payee, version=asked.version, confirmed=True)


def payee_accounts(office: Office, caller: Caller) -> AccountPage:
    """Every version of every payee's account."""
    with _looked_at(office, caller, "payee accounts"):
        require_of_this_region(office, caller)
        book = office.payment_book.book()
        return AccountPage(accounts=[shapes.account_seen(book, each) for payee in sorted(book.accounts) for each in book.accounts[payee]])


def _payees(office: Office, book: PaymentBook) -> Mapping[Tag, str]:
    """The payees that have accounts to be paid into, by the tags, of every epoch, that the chain may know them by."""
    counting = (each for each in map(book.confirmed, book.accounts) if each is not None and not _is_outlived(office, each))
    return {tag: each.payee for each in counting for tag in office.keyring.firms(each.payee)}


def _is_outlived(office: Office, account: PayeeAccount) -> bool:
    """Whether a payee was absorbed or struck off since its account was confirmed: its successor or liquidators have another one."""
    ended = [each for each in office.firm_changes.in_force(account.payee) if each.kind is not Kind.MOVED]
    return account.confirmed is not None and any(account.confirmed.at <= each.at for each in ended)


# Batches


def batches(office: Office, caller: Caller) -> BatchPage:
    """Every batch, the newest first."""
    with _looked_at(office, caller, "payment batches"):
        require_of_this_region(office, caller)
        found, head = office.payment_book.book().batches, office.payment_book.head
        return BatchPage(
            batches=[shapes.batch_brief(batch) for _, batch in sorted(found.items(), reverse=True)],
            head=head_for(caller, head),
        )


def batch(office: Office, caller: Caller, number: int) -> BatchSeen:
    """A batch as it stands. What the chain no longer has to be paid is told among what left it, as the next act will record it."""
    with _looked_at(office, caller, f"payment batch {number}"), office.seen() as snapshot:
        require_of_this_region(office, caller)
        _require_batch(office, number)
        chain = _Chain.of(office, snapshot)
        return _seen(office, _as_of(office, caller, chain, number), chain, number)


def document(office: Office, caller: Caller, number: int) -> bytes:
    """The canonical form of a batch's list: the bytes whose SHA-256 is its hash."""
    with _looked_at(office, caller, f"payment batch {number}"), office.seen() as snapshot:
        require_of_this_region(office, caller)
        _require_batch(office, number)
        return _as_of(office, caller, _Chain.of(office, snapshot), number).batch(number).canonical


def draw(office: Office, caller: Caller, asked: BatchAsked, intent_id: str) -> BatchSeen:
    """Draw up a batch (兑付批次) within a budget line."""
    require_of_this_region(office, caller)
    line = LineKey(Id(asked.programme), asked.year, asked.line)
    orders = None if asked.orders is None else [Id(each) for each in asked.orders]
    with office.current() as snapshot:
        _require_pays(office, snapshot, line.programme)
        chain, today = _Chain.of(office, snapshot), _today(office, snapshot)
        for number in office.payment_book.book().batches:
            _let_leave(office, caller, chain, number, intent_id)
        done = _record(office, caller, intent_id, lambda book: book.draw(line, orders, snapshot.ledger, chain.waiting, today=today))
        return _seen(office, done.book, chain, done.of(BatchDrawn).batch)


def give_notice(office: Office, caller: Caller, number: int, asked: NoticeAsked, intent_id: str) -> BatchSeen:
    """Put a batch up for public notice (公示)."""
    first_day = date.fromisoformat(asked.first_day)
    return _on_batch(
        office,
        caller,
        number,
        intent_id,
        lambda book, today: book.give_notice(number, first_day=first_day, days=asked.days, today=today),
    )


def notice(office: Office, caller: Caller, number: int) -> NoticeSeen:
    """A batch's public notice, for everybody."""
    with _looked_at(office, caller, f"notice of payment batch {number}"), office.seen() as snapshot:
        return shapes.notice_seen(_noticed(office, caller, snapshot, number), office.block_seen(snapshot))


def notice_list(office: Office, caller: Caller, number: int) -> bytes:
    """The same as a CSV, to be put up."""
    with _looked_at(office, caller, f"notice of payment batch {number}"), office.seen() as snapshot:
        return notice_csv(_noticed(office, caller, snapshot, number))


def _noticed(office: Office, caller: Caller, snapshot: Snapshot, number: int) -> PaymentBatch:
    _require_batch(office, number)
    found = _as_of(office, caller, _Chain.of(office, snapshot), number).batch(number)
    if found.notice is None:
        title = f"兑付批次 {number} 尚未公示。 Payment batch {number} was not put up for notice yet."
        raise Problem(404, "NotFound", title, what="notice", id=str(number))
    return found


def take_out(office: Office, caller: Caller, number: int, asked: TakingOut, intent_id: str) -> BatchSeen:
    """Take an order out of a batch, on an objection (异议), or since the bank has not paid it and will not."""
    return _on_batch(
        office,
        caller,
        number,
        intent_id,
        lambda book, _: book.take_out(number, Id(asked.order), reason=asked.reason, by=caller.name),
    )


def withdraw(office: Office, caller: Caller, number: int, reason: str, intent_id: str) -> BatchSeen:
    """Give a batch up before its bank file."""
    return _on_batch(office, caller, number, intent_id, lambda book, _: book.withdraw(number, reason=reason))


def sign_off(office: Office, caller: Caller, number: int, list_hash: Digest, intent_id: str) -> BatchSeen:
    """Sign a batch off (审签), as another officer than the one who drew it up, and freeze the accounts that it pays into."""
    return _on_batch(
        office,
        caller,
        number,
        intent_id,
        lambda book, today: book.sign(number, list_hash, _payees(office, book), by=caller.name, today=today),
    )


def give_number(office: Office, caller: Caller, number: int, document_number: str, intent_id: str) -> BatchSeen:
    """Give a signed batch its document number (文号)."""
    return _on_batch(office, caller, number, intent_id, lambda book, _: book.give_number(number, document_number))


def make_file(office: Office, caller: Caller, number: int, intent_id: str) -> BatchSeen:
    """Make a batch's bank file (银行文件), while nothing is being sent back or settled past its batch."""
    with _nothing_under_way(office):
        return _on_batch(
            office, caller, number, intent_id, lambda book, today: book.make_file(number, partial(_is_outlived, office), today=today)
        )


@contextmanager
def _nothing_under_way(office: Office) -> Iterator[None]:
    """A rejection, or a payment by hand, of which the chain does not tell yet may still happen, after the bank was told to pay."""
    is_free = office.sending_back.acquire(blocking=False)
    try:
        if not is_free or office.outbox.under_way("reject"):
            title = "有退回补正的结果未定，请稍后再试。 What becomes of a rejection is not known yet; nothing happened, try again."
            raise Problem(503, "RejectionUnderWay", title, headers={"Retry-After": "2"})
        if not all(each.intent_id.startswith(_OF_BATCHES) for each in office.outbox.under_way("settle")):
            title = (
                "有批次外拨付的结果未定，请稍后再试。 What becomes of a settlement by hand is not known yet; nothing happened, try again."
            )
            raise Problem(503, "SettlementUnderWay", title, headers={"Retry-After": "2"})
        yield
    finally:
        if is_free:
            office.sending_back.release()


def bank_csv(office: Office, caller: Caller, number: int) -> bytes:
    """A batch's bank file."""
    return _bank_file(office, caller, number).bank_csv(number)


def bank_excel(office: Office, caller: Caller, number: int) -> bytes:
    """The same as a workbook."""
    return _bank_file(office, caller, number).bank_workbook(number)


def resend_csv(office: Office, caller: Caller, number: int) -> bytes:
    """A batch's re-send list (重付清单), without what is owed no more."""
    with _looked_at(office, caller, f"re-send list of payment batch {number}"), office.current() as snapshot:
        require_of_this_region(office, caller)
        _require_batch(office, number)
        office.require_certain(snapshot)
        book, is_outlived = office.payment_book.book(), partial(_is_outlived, office)
        return book.resend_csv(number, ledger=snapshot.ledger, now=Time(snapshot.time), is_outlived=is_outlived)


def _bank_file(office: Office, caller: Caller, number: int) -> PaymentBook:
    """The records to make a bank file of; refused while an order that was not paid yet is not to be paid as it says."""
    with _looked_at(office, caller, f"bank file of payment batch {number}"), office.current() as snapshot:
        require_of_this_region(office, caller)
        _require_batch(office, number)
        # Nobody pays by what was so a while ago.
        office.require_certain(snapshot)
        chain, book = _Chain.of(office, snapshot), office.payment_book.book()
        found = book.batch(number)
        if found.file is None:
            title = (
                f"兑付批次 {number} 尚未生成银行文件，请先生成（payment make-bank-file）。"
                f" Payment batch {number} has no bank file yet: make it first (payment make-bank-file)."
            )
            raise Problem(404, "NotFound", title, what="bank file", id=str(number))
        stopped = [(each.order, str(each.cause)) for each in stopped_at_bank(found, snapshot.ledger, chain.waiting)]
        stopped += [(order, "AccountMissing") for order in book.outlived(number, partial(_is_outlived, office))]
        if stopped:
            title = (
                "银行文件生成后有订单不应再照付；未付的请剔除。"
                " Orders are not to be paid as the bank file says, since it was made; take out what is not paid."
            )
            orders = [{"order": "0x" + order.hex(), "cause": cause} for order, cause in stopped]
            raise Problem(409, "BankFileOutdated", title, orders=orders)
        return book


# Paid, returned, paid again


def paid(office: Office, caller: Caller, number: int, asked: PaymentsMade, intent_id: str) -> BatchSeen:
    """Put on record under which references the bank paid (拨付), then settle on the chain whatever is not settled yet."""
    require_of_this_region(office, caller)
    _require_batch(office, number)
    client = office.client(caller)
    payments = [_reference(office, each.order, each.payment_reference) for each in asked.payments]
    # COMMIT POINT. From here on the payment stands; a crash before the settlement leaves it in `unsettled`, and `settle` goes on.
    _record(office, caller, intent_id, lambda book: book.pay(number, payments))
    return _settled(office, client, number)


def settle(office: Office, caller: Caller, number: int) -> BatchSeen:
    """Settle on the chain what the bank paid and nobody has settled yet: what a crash or an outage left."""
    require_of_this_region(office, caller)
    _require_batch(office, number)
    return _settled(office, office.client(caller), number)


def give_back(office: Office, caller: Caller, number: int, asked: ReturnMade, intent_id: str) -> BatchSeen:
    """Put on record that the bank returned a payment (退票). The settlement stands."""
    returned = _reference(office, asked.order, asked.bank_reference)
    return _on_batch(office, caller, number, intent_id, lambda book, _: book.give_back(number, returned, reason=asked.reason))


def resend(office: Office, caller: Caller, number: int, orders: Sequence[bytes], intent_id: str) -> BatchSeen:
    """Put returned payments on the re-send list, as another officer than who recorded the return, into the accounts that count now."""
    require_of_this_region(office, caller)
    _require_batch(office, number)
    asked = sorted({Id(each) for each in orders})
    with office.current() as snapshot:
        ledger, now = snapshot.ledger, Time(snapshot.time)

        def decide(book: PaymentBook) -> PaymentRecord:
            return book.resend(
                number, asked, _payees(office, book), ledger=ledger, now=now, is_outlived=partial(_is_outlived, office), by=caller.name
            )

        done = _record(office, caller, intent_id, decide)
        return _seen(office, done.book, _Chain.of(office, snapshot), number)


def _reference(office: Office, order: bytes, text: str) -> BankReference:
    return BankReference(Id(order), text, office.keyring.payment(office.region, text))


def _settled(office: Office, client: Client, number: int) -> BatchSeen:
    """
    Settle every paid order of a batch that the chain has accepted, each by itself and once for ever.

    What is not settled afterwards is told with the reason: the contract's, `Unreachable` or `OutcomeUnknown`.
    """
    with office.seen() as snapshot:
        ledger, open_rows = snapshot.ledger, _unsettled(office.payment_book.book().batch(number), snapshot)
        payable = [row for row in open_rows if why_not_payable(row.listed, ledger, {}) is None]
        calls = [(row, ledger.claims[row.listed.order]) for row in payable]

    def settle_one(call: tuple[BatchRow, Claim]) -> str | None:
        row, claim = call
        try:
            client.settle([claim], row.references[0].payment, intent_id=_intent(office, number, row.listed.order))
        except (Unreachable, OutcomeUnknown) as silent:
            return type(silent).__name__
        except IntentDiffers:
            # Another account of this payer's sent it, and it may still happen.
            return OutcomeUnknown.__name__
        except Rejected as refused:
            return refused.code
        return None

    with ThreadPoolExecutor(AT_ONCE) as pool:
        codes = dict(zip((row.listed.order for row, _ in calls), pool.map(settle_one, calls), strict=True))
    with office.seen() as snapshot:
        told = {order: code for order, code in codes.items() if code is not None}
        return _seen(office, office.payment_book.book(), _Chain.of(office, snapshot), number, told)


def _intent(office: Office, number: int, order: Id) -> str:
    """
    The outbox's name of an order's settlement. No caller's name is empty, so that no request has it.

    One that was refused in its block changed nothing and never will, and the next one may be sent; while one may still happen, none is.
    """
    name = f"{_OF_BATCHES}{number}/{order.hex()}"
    names = (f"{name}/{time}" if time > 1 else name for time in count(1))
    return next(each for each in names if not office.outbox.is_refused(each))


def _unsettled(found: PaymentBatch, snapshot: Snapshot) -> list[BatchRow]:
    return [row for row in found.standing if row.references and snapshot.ledger.orders[row.listed.order].stage not in _SETTLED]


# What all of it does


def _on_batch(office: Office, caller: Caller, number: int, intent_id: str, decide: OnBatch) -> BatchSeen:
    """Let orders leave a batch that the chain no longer has to be paid, then do what is asked of what is left."""
    require_of_this_region(office, caller)
    _require_batch(office, number)
    with office.current() as snapshot:
        chain, today = _Chain.of(office, snapshot), _today(office, snapshot)
        _let_leave(office, caller, chain, number, intent_id)
        done = _record(office, caller, intent_id, lambda book: decide(book, today))
        return _seen(office, done.book, chain, number)


def _let_leave(office: Office, caller: Caller, chain: _Chain, number: int, intent_id: str) -> None:
    """Put down which orders of a batch the chain no longer has to be paid; of a repeated request too, which may find others."""
    ledger, waiting, last = chain.snapshot.ledger, chain.waiting, office.payment_book.book().last
    _record(office, caller, f"{intent_id}/left/{number}/{last}", lambda book: book.fall_out(number, ledger, waiting))


def _record(office: Office, caller: Caller, intent_id: str, decide: Decide) -> Written:
    return office.payment_book.write(decide, intent_id=intent_id, at=Time(int(office.clock())), by=caller.name)


def _as_of(office: Office, caller: Caller, chain: _Chain, number: int) -> PaymentBook:
    """The records as the next act would find them: without the orders that the chain no longer has to be paid."""
    book = office.payment_book.book()
    left = book.fall_out(number, chain.snapshot.ledger, chain.waiting)
    return book if left is None else book.with_record(left, at=Time(int(office.clock())), by=caller.name)


def _seen(office: Office, book: PaymentBook, chain: _Chain, number: int, refused: Mapping[Id, str] | None = None) -> BatchSeen:
    found = book.batch(number)
    unsettled = {row.listed.order: _why_unsettled(row, chain.snapshot) for row in _unsettled(found, chain.snapshot)}
    payees = _payees(office, book)
    has_account = {row.listed.order for row in found.standing if book.confirmed(payees.get(row.listed.payee_tag)) is not None}
    block = office.block_seen(chain.snapshot)
    told = {order: (refused or {}).get(order, code) for order, code in unsettled.items()}
    return shapes.batch_seen(found, chain.snapshot.ledger, has_account=has_account, unsettled=told, block=block)


def _why_unsettled(row: BatchRow, snapshot: Snapshot) -> str:
    cause = why_not_payable(row.listed, snapshot.ledger, {})
    return "NotYet" if cause is None else str(cause)


def _today(office: Office, snapshot: Snapshot) -> date:
    return day_of(office.now(snapshot))


def _require_batch(office: Office, number: int) -> None:
    if number not in office.payment_book.book().batches:
        title = f"没有兑付批次 {number}。 There is no payment batch {number}."
        raise Problem(404, "NotFound", title, what="batch", id=str(number))


@contextmanager
def _looked_at(office: Office, caller: Caller, what: str) -> Iterator[None]:
    """Who looked at payments stands in the log, with what it was."""
    with logged(office.lookups, office.clock, caller, "payment", region=office.region) as subject:
        subject.span = what
        yield
