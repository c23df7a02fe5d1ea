"""What the region's reviewers and payers do with orders."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from gateway.acts.corrections import require_nothing_sent_back
from gateway.acts.orders import require_unpaid, stage_after, written
from gateway.bodies import Duty
from gateway.callers import Caller
from gateway.errors import Problem
from gateway.office import Office
from gateway.schemas import (
    Extension,
    OrderWritten,
    Reversal,
    Reviewed,
    Settlement,
)
from gateway.sight import FIRM_ENDED, change_since, require_order_seen
from registry import NO_ADDRESS, Claim, Digest, Done, Fen, Filing, Id, Rejected, Reservation, Time


def approve(office: Office, caller: Caller, orders: Sequence[Id], intent_id: str) -> Reviewed:
    """Confirm requested orders before the service (审核确认)."""
    _require_duty(office, caller, Duty.APPROVAL)
    reservations = _reservations(office, caller, orders)
    _require_begun_in_time(office, orders, intent_id)
    return _reviewed(office, orders, office.client(caller).approve(reservations, intent_id=intent_id))


def decline(office: Office, caller: Caller, orders: Sequence[Id], intent_id: str) -> Reviewed:
    """Turn requested orders down (不予确认)."""
    _require_duty(office, caller, Duty.APPROVAL)
    return _reviewed(office, orders, office.client(caller).decline(_reservations(office, caller, orders), intent_id=intent_id))


def extend(office: Office, caller: Caller, order: Id, asked: Extension, intent_id: str) -> OrderWritten:
    """Give an open order more time."""
    (reservation,) = _reservations(office, caller, [order])
    return written(office, order, office.client(caller).extend(reservation, Time(asked.until), intent_id=intent_id))


def endorse(office: Office, caller: Caller, orders: Sequence[Id], intent_id: str) -> Reviewed:
    """First review (初审)."""
    _require_duty(office, caller, Duty.FIRST_REVIEW)
    # As it was before any endorsement, so that a repeated request makes the same call.
    claims = [replace(each, endorser=NO_ADDRESS) for each in _claims(office, caller, orders)]
    _require_other_body(office, caller, claims)
    require_nothing_sent_back(office, caller, orders, intent_id)
    return _reviewed(office, orders, office.client(caller).endorse(claims, intent_id=intent_id))


def accept(office: Office, caller: Caller, orders: Sequence[Id], intent_id: str) -> Reviewed:
    """Find redemptions in order (审核通过), unless an older ledger of this region paid on the invoice."""
    _require_duty(office, caller, Duty.REVIEW)
    filings = _filings(office, caller, orders)
    claims = [filing.claim for filing in filings]
    _require_other_body(office, caller, claims)
    require_nothing_sent_back(office, caller, orders, intent_id)
    _require_begun_in_time(office, orders, intent_id)
    with office.seen() as snapshot:
        for order, filing in zip(orders, filings, strict=True):
            require_unpaid(office, snapshot, snapshot.ledger.order_records[order], filing.redemption, to_office=True)
    return _reviewed(office, orders, office.client(caller).accept(claims, intent_id=intent_id))


def reject(office: Office, caller: Caller, orders: Sequence[Id], intent_id: str) -> Reviewed:
    """Send redemptions back for correction (退回补正)."""
    with _no_bank_file_made(office, orders):
        if office.sent_before(intent_id) is None:
            _require_not_at_bank(office, orders)
        return _reviewed(office, orders, office.client(caller).reject(_filings(office, caller, orders), intent_id=intent_id))


def settle(office: Office, caller: Caller, asked: Settlement, intent_id: str) -> Reviewed:
    """Record that redemptions were paid (拨付)."""
    orders = [Id(each) for each in asked.orders]
    payment = office.keyring.payment(office.region, asked.payment_reference)
    if office.sent_before(intent_id) is None:
        _require_paid_so(office, orders, payment)
    return _reviewed(office, orders, office.client(caller).settle(_claims(office, caller, orders), payment, intent_id=intent_id))


def reverse(office: Office, caller: Caller, order: Id, asked: Reversal, intent_id: str) -> OrderWritten:
    """Declare part or all of a settled subsidy a debt (冲销)."""
    (claim,) = _claims(office, caller, [order])
    client, reason = office.client(caller), office.reasons.keep(intent_id, asked.reason)
    return written(office, order, client.reverse(claim, Fen(asked.recover), reason.digest, intent_id=intent_id))


def refunded(office: Office, caller: Caller, order: Id, intent_id: str) -> OrderWritten:
    """Record that the debt came back (资金已退回)."""
    (filing,) = _filings(office, caller, [order])
    return written(office, order, office.client(caller).refunded(filing, intent_id=intent_id))


def _require_duty(office: Office, caller: Caller, duty: Duty) -> None:
    account = office.address_of(caller)
    if not office.bodies.has_duty(account, duty):
        title = "该环节不由本机构办理。 That part of the review is another body's."
        raise Problem(403, "NotItsDuty", title, body=office.bodies.name(account), duty=duty)


def _require_other_body(office: Office, caller: Caller, claims: Iterable[Claim]) -> None:
    """
    Refuse that a body reviews what it endorsed or stood in for, by whichever of its accounts.

    The contracts refuse the same account; which accounts are of one body, they do not know.
    """
    account = office.address_of(caller)
    body = office.bodies.name(account)
    for claim in claims:
        before = next((each for each in (claim.stand_in, claim.endorser) if body is not None and office.bodies.name(each) == body), None)
        if before is not None:
            title = "同一机构不得既初审又终审。 The same body cannot make both reviews."
            raise Problem(409, "SameBody", title, order="0x" + claim.order.hex(), body=body, account=before)


def _no_bank_file_made(office: Office, orders: Sequence[Id]) -> AbstractContextManager[object]:
    """While this lasts, no bank is told of the orders (`acts.payments.make_file`); those that stand in no batch wait for nobody."""
    listed = any(office.payment_book.book().batch_of(order) is not None for order in orders)
    return office.sending_back if listed else nullcontext()


def _require_not_at_bank(office: Office, orders: Sequence[Id]) -> None:
    """What a bank was told to pay may be paid by now; it is not sent back for correction."""
    for order in orders:
        batch = office.payment_book.book().batch_of(order)
        if batch is not None and batch.file is not None:
            title = "该订单已交银行付款，不能退回补正。 The bank was told to pay that order; it cannot be sent back now."
            raise Problem(409, "PaymentUnderWay", title, order="0x" + order.hex(), batch=batch.number)


def _require_paid_so(office: Office, orders: Sequence[Id], payment: Digest) -> None:
    """What stands in a batch is settled by it, under the reference that the batch has; else money might leave by two ways."""
    for order in orders:
        batch = office.payment_book.book().batch_of(order)
        if batch is None:
            continue
        references = batch.rows[order].references
        if not references or references[0].payment != payment:
            title = "该订单在兑付批次中，请在批次中登记付款。 The order stands in a payment batch; record its payment there."
            raise Problem(409, "InBatch", title, order="0x" + order.hex(), batch=batch.number)


def _reviewed(office: Office, orders: Sequence[Id], done: Done) -> Reviewed:
    office.follow()
    at = {"transaction": done.transaction, "block": done.block}
    reached = [OrderWritten(order_id=order, stage=stage_after(order, done).name, **at) for order in orders]
    return Reviewed(orders=reached, **at)


def _require_begun_in_time(office: Office, orders: Sequence[Id], intent_id: str) -> None:
    """Refuse orders that were reserved, at whichever gateway, when their firm's vouchers took no new ones any more."""
    if office.sent_before(intent_id) is not None:
        return
    with office.current() as snapshot:
        for order in orders:
            change = change_since(office, snapshot, order)
            if change is not None:
                raise Problem(409, "FirmEnded", FIRM_ENDED, kind=change.kind.value, on=change.day, order="0x" + order.hex())


def _reservations(office: Office, caller: Caller, orders: Sequence[Id]) -> list[Reservation]:
    with office.current() as snapshot:
        ledger = snapshot.ledger
        for order in orders:
            require_order_seen(office, caller, ledger, order)
        records = [ledger.order_records[order] for order in orders]
        return [Reservation(ledger.vouchers[record.voucher], record) for record in records]


def _filings(office: Office, caller: Caller, orders: Sequence[Id]) -> list[Filing]:
    """The claims as the events tell them, each with its redemption: nobody but the chain is asked for them."""
    with office.current() as snapshot:
        ledger = snapshot.ledger
        for order in orders:
            require_order_seen(office, caller, ledger, order)
            if order not in ledger.claims:
                stage = ledger.orders[order].stage
                raise Rejected("WrongStage", {"index": orders.index(order), "order": order, "stage": int(stage)})
        return [Filing(ledger.claims[order], ledger.redemptions[order]) for order in orders]


def _claims(office: Office, caller: Caller, orders: Sequence[Id]) -> list[Claim]:
    return [filing.claim for filing in _filings(office, caller, orders)]
