"""
Many signed documents in one transaction, each on its own (`tryEach`): one that is refused stops nothing else.

What can be seen to fail before anything is sent (a document that no gateway made, a voucher that nobody knows) is answered in its
place and not sent.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway.acts.orders import require_one_epoch, require_unpaid, signatures_of, stage_after, told_exactly
from gateway.errors import Problem
from gateway.office import Office
from gateway.refusals import OF_STATE
from gateway.schemas import Outcome, Refusal, SignedRelease, Submissions, Submitted
from gateway.shapes import refusal
from gateway.sight import not_found, require_takes_orders
from registry import (
    CodecError,
    Done,
    Id,
    Ledger,
    Order,
    Record,
    Redemption,
    Release,
    Snapshot,
    Voucher,
    call_of,
    id_of,
    parse_typed_data,
)


@dataclass(frozen=True)
class _Call:
    order_id: Id
    voucher_id: Id
    calldata: bytes


def submit(office: Office, asked: Submissions, intent_id: str) -> Submitted:
    """Reserve, redeem or release, as each document says."""
    with office.current() as snapshot:
        read = [_read(office, snapshot, each) for each in asked.documents]
        if any(isinstance(each, Refusal) and each.code in OF_STATE for each in read):
            office.require_certain(snapshot)
    calls = [each for each in read if isinstance(each, _Call)]
    done = office.relay.try_each([each.calldata for each in calls], intent_id=intent_id) if calls else None
    office.follow()
    places = iter(range(len(calls)))
    outcomes = [
        _reached(office, index, each, next(places), done) if done is not None and isinstance(each, _Call) else _refused(index, None, each)
        for index, each in enumerate(read)
    ]
    return Submitted(outcomes=outcomes, transaction=None if done is None else done.transaction, block=None if done is None else done.block)


def _read(office: Office, snapshot: Snapshot, signed: SignedRelease) -> "_Call | Refusal":
    try:
        return _call(office, snapshot, signed)
    except (Problem, CodecError) as refused:
        return refusal(refused)


def _call(office: Office, snapshot: Snapshot, signed: SignedRelease) -> _Call:
    name = signed.typed_data.get("primaryType")
    if not isinstance(name, str) or name not in _KINDS:
        raise Problem(
            422, "DocumentRefused", "待签内容与本系统不符。 Neither an order nor a redemption nor a release.", reason="primaryType"
        )
    kind, build = _KINDS[name]
    record = parse_typed_data(signed.typed_data, kind, office.deployment.domain)
    ledger = snapshot.ledger
    if isinstance(record, Order) and record.voucher in ledger.vouchers:
        require_takes_orders(office, ledger, ledger.vouchers[record.voucher])
    call = build(ledger, record, signed)
    if isinstance(record, Redemption):
        require_unpaid(office, snapshot, ledger.order_records[record.order], record)
    return call


def _reserve(ledger: Ledger, order: Any, signed: SignedRelease) -> _Call:
    if order.voucher not in ledger.vouchers:
        raise not_found("voucher", order.voucher)
    require_one_epoch(ledger, ledger.vouchers[order.voucher], order)
    call = call_of("reserve", ledger.vouchers[order.voucher], order, signatures_of(signed))
    return _Call(id_of(order), order.voucher, call)


def _redeem(ledger: Ledger, redemption: Any, signed: SignedRelease) -> _Call:
    voucher, order = _order(ledger, redemption.order)
    call = call_of("redeem", voucher, order, redemption, signatures_of(signed))
    return _Call(redemption.order, order.voucher, call)


def _release(ledger: Ledger, consent: Any, signed: SignedRelease) -> _Call:
    voucher, order = _order(ledger, consent.order)
    return _Call(consent.order, order.voucher, call_of("release", voucher, order, consent, signatures_of(signed)))


_KINDS: dict[str, tuple[type[Record], Callable[[Ledger, Any, SignedRelease], _Call]]] = {
    "Order": (Order, _reserve),
    "Redemption": (Redemption, _redeem),
    "Release": (Release, _release),
}


def _order(ledger: Ledger, order_id: Id) -> tuple[Voucher, Order]:
    if order_id not in ledger.order_records:
        raise not_found("order", order_id)
    order = ledger.order_records[order_id]
    return ledger.vouchers[order.voucher], order


def _reached(office: Office, index: int, call: _Call, place: int, done: Done) -> Outcome:
    if place not in done.refusals:
        return Outcome(index=index, order_id=call.order_id, stage=stage_after(call.order_id, done).name, refused=None)
    refused = told_exactly(office, done.refusals[place], call.voucher_id)
    return _refused(index, call.order_id, refusal(refused))


def _refused(index: int, order_id: Id | None, why: Any) -> Outcome:
    return Outcome(index=index, order_id=order_id, stage=None, refused=why)
