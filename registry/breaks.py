"""
Where a payer's own payment records disagree with the chain (核对差异), order by order, and from month to month. Pure.

The chain says what was settled and what came back (`registry.statement.Line`); a bank or finance system says what it paid and what it
got back (`Payment`). Both are added up to the end of each month. What does not agree then is a break, with a reason; it is carried on
under its id from month to month until what was added since makes both agree, and then stands once more, resolved, in the month that
resolved it: a payment, a refund, an entry on the chain, or an officer's explanation.

    NotPaid            链上已兑付，无付款记录        settled on the chain, and no payment is on record
    NotSettled         已付款，链上尚未兑付          paid, and the chain has the order at another stage
    NotOnChain         付款记录所列订单链上没有      paid for an order that the pair has not on the chain
    AmountDiffers      金额不符                      paid, but more or less than was settled
    PaidTwice          重复付款                      paid more than once, and too much together
    WrongPayee         收款方不符                    paid to somebody else than the order's claimant (兑付申请方)
    ReferenceDiffers   付款流水号不符                settled under another payment reference
    NotRefunded        链上已退回，无退款记录        refunded on the chain, and no refund is on record
    RefundNotOnChain   有退款记录，链上未登记        money came back, and the chain has not heard of it
    Returned           退票，尚未重付                the bank returned the payment, and it was not made again yet

Records begin with the first month that anything was handed in for: an order whose money moved before, and of which no record speaks, is
nobody's break.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from registry.canonical import canonical_json
from registry.model import Digest, Fen, Id, Paid, Region, Tag
from registry.rules import Ledger, month_of
from registry.statement import MOVES_MONEY, Line, following_month

OfOrder = TypeVar("OfOrder", Line, "Payment")

SELLER_BYTES = 27
"""How much of who invoices for a lab the directory keeps."""


class BreakReason(StrEnum):
    """Why the two do not agree; what each means stands above."""

    NOT_PAID = "NotPaid"
    NOT_SETTLED = "NotSettled"
    NOT_ON_CHAIN = "NotOnChain"
    AMOUNT_DIFFERS = "AmountDiffers"
    PAID_TWICE = "PaidTwice"
    WRONG_PAYEE = "WrongPayee"
    REFERENCE_DIFFERS = "ReferenceDiffers"
    NOT_REFUNDED = "NotRefunded"
    REFUND_NOT_ON_CHAIN = "RefundNotOnChain"
    RETURNED = "Returned"


@dataclass(frozen=True, slots=True)
class Payment:
    """
    One row of a bank's or finance system's records. `month` is the month that it was handed in for.

    `refund` says that the money came back. `payee` holds the tags, one an epoch, of who got the money; `payment` is the hash of the
    reference, as the chain would hold it. Neither matters for a refund. `returned` marks a refund by which the bank returned a payment
    (退票), so that it is to be made again under the same settlement.
    """

    month: int
    order: Id
    refund: bool
    amount: Fen
    payee: tuple[Tag, ...]
    reference: str
    payment: Digest
    returned: bool = False


@dataclass(frozen=True, slots=True)
class Break:
    """
    One disagreement on one order. `opened` is the first month in which it stood, `resolved` the one that ended it, or None.

    `due` is what the chain says was paid less what came back, `paid` what the records say, both up to the end of the month of the list.
    """

    id: Id
    order: Id
    reason: BreakReason
    opened: int
    due: int
    paid: int
    references: tuple[str, ...]
    resolved: int | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """
    That an officer looked into a break and put the reason on record, in which month.

    It is of the sums that he saw: when those change, the break stands again.
    """

    month: int
    due: int
    paid: int


def with_returns(payments: Sequence[Payment], returns: Iterable[Payment]) -> list[Payment]:
    """
    Payments with what an office knows that its bank returned.

    As many of an order's refunds as there are returns are those; returns that the bank's records do not list are added.
    """
    known, refunds = _by_order(returns), _by_order(each for each in payments if each.refund)
    told = {order: sorted(each, key=lambda one: one.month)[: len(known[order])] for order, each in refunds.items() if order in known}
    marked = [replace(each, returned=True) if each in told.get(each.order, ()) else each for each in payments]
    missing = (each for order, of_it in known.items() for each in of_it[len(told.get(order, ())) :])
    return [*marked, *(replace(each, returned=True) for each in missing)]


def breaks_of(
    ledger: Ledger,
    lines: Sequence[Line],
    payments: Sequence[Payment],
    explained: Mapping[Id, Explanation],
    *,
    payer: Region,
    home: Region,
    host: Region,
    begun: int,
    month: int,
) -> list[Break]:
    """
    The breaks of a month: those that stand when it ends, and those that it resolved, by order.

    `lines` are the pair's of all months, `payments` what the payer's region handed in for this pair, in whatever order, `begun` the
    first month that it handed anything in for; `explained` holds what officers explained, by break.
    """
    mine = [line for line in lines if line.payer == payer and line.event in MOVES_MONEY]
    known = {line.order for line in lines if line.payer == payer}
    found: dict[_Key, Break] = {}
    standing: dict[_Key, Break] = {}
    resolved: list[Break] = []
    at = begun
    while at <= month:
        until = [line for line in mine if month_of(line.time) <= at]
        sums = _disagreeing(ledger, until, [each for each in payments if each.month <= at], begun=begun, known=known)
        before, found = found, {}
        for key, each in sums:
            found[key] = _carried(before.get(key), key, each, at, pair=(payer, home, host))
        was, standing = standing, {key: each for key, each in found.items() if not _is_explained(each, explained, at)}
        ended = [found.get(key, each) for key, each in was.items() if key not in standing]
        ended += [each for key, each in found.items() if key not in before and key not in standing]
        resolved = [replace(each, resolved=at) for each in ended]
        at = following_month(at)
    return sorted([*standing.values(), *resolved], key=lambda each: (each.order, each.reason))


def _is_explained(found: Break, explained: Mapping[Id, Explanation], at: int) -> bool:
    explanation = explained.get(found.id)
    return explanation is not None and explanation.month <= at and (explanation.due, explanation.paid) == (found.due, found.paid)


_Key = tuple[Id, BreakReason]


@dataclass(frozen=True, slots=True)
class _Sums:
    due: int
    paid: int
    references: tuple[str, ...]


def _carried(before: Break | None, key: tuple[Id, BreakReason], sums: _Sums, at: int, *, pair: Sequence[Region]) -> Break:
    order, reason = key
    opened = at if before is None else before.opened
    named = canonical_json({"pair": list(pair), "order": order.hex(), "reason": reason.value, "opened": opened})
    return Break(Id(hashlib.sha256(named).digest()), order, reason, opened, sums.due, sums.paid, sums.references)


def _disagreeing(
    ledger: Ledger, lines: Sequence[Line], payments: Sequence[Payment], *, begun: int, known: AbstractSet[Id]
) -> Iterator[tuple[_Key, _Sums]]:
    lines_of, payments_of = _by_order(lines), _by_order(payments)
    for order in lines_of.keys() | payments_of.keys():
        cash, records = lines_of.get(order, []), payments_of.get(order, [])
        if not records and all(month_of(line.time) < begun for line in cash):
            continue
        due = sum(line.amount for line in cash)
        paid = sum(-each.amount if each.refund else each.amount for each in records)
        settled = next((line for line in cash if line.event == "Settled"), None)
        payments_made = [each for each in records if not each.refund]
        if settled is not None and month_of(settled.time) < begun and not payments_made:
            paid += settled.amount  # it was paid before there were records
        sums = _Sums(due, paid, tuple(dict.fromkeys(each.reference for each in records)))
        if settled is None:
            reasons = _unsettled(paid, known=order in known)
        else:
            returned = sum(each.amount for each in records if each.returned)
            reasons = _settled(ledger, settled, payments_made, sums, refunded=len(cash) > 1, begun=begun, returned=returned)
        for reason in reasons:
            yield (order, reason), sums


def _unsettled(paid: int, *, known: bool) -> Iterator[BreakReason]:
    # Paid by mistake and all of it back leaves nothing to be put right.
    if paid:
        yield BreakReason.NOT_SETTLED if known else BreakReason.NOT_ON_CHAIN


def _settled(
    ledger: Ledger, settled: Line, payments: Sequence[Payment], sums: _Sums, *, refunded: bool, begun: int, returned: int
) -> Iterator[BreakReason]:
    if not payments and month_of(settled.time) >= begun:
        # Settled and refunded without the bank's knowing of either is no money missing.
        if sums.due or sums.paid:
            yield BreakReason.NOT_PAID
        return
    to_claimant = [each.amount for each in payments if _is_claimant(ledger, settled, each)]
    if not sums.paid and sums.due and payments and not to_claimant:
        yield BreakReason.NOT_PAID  # paid to somebody else, who gave it back
        return
    if returned and sums.paid + returned == sums.due:
        yield BreakReason.RETURNED
    elif sums.paid != sums.due:
        yield _why_not_the_same(settled, payments, sums, refunded=refunded)
    if payments and settled.payment not in {each.payment for each in payments}:
        yield BreakReason.REFERENCE_DIFFERS
    if len(to_claimant) < len(payments) and sum(to_claimant) < settled.amount:
        yield BreakReason.WRONG_PAYEE


def _why_not_the_same(settled: Line, payments: Sequence[Payment], sums: _Sums, *, refunded: bool) -> BreakReason:
    gross = sum(each.amount for each in payments) or settled.amount
    if refunded and sums.paid == settled.amount:
        return BreakReason.NOT_REFUNDED
    if not refunded and gross == settled.amount:
        return BreakReason.REFUND_NOT_ON_CHAIN
    if len(payments) > 1 and sums.paid > sums.due:
        return BreakReason.PAID_TWICE
    return BreakReason.AMOUNT_DIFFERS


def _is_claimant(ledger: Ledger, line: Line, payment: Payment) -> bool:
    if line.paid_to is Paid.FIRM:
        return ledger.vouchers[line.voucher].firm in payment.payee
    lab, seller = ledger.lab_records[line.lab], ledger.labs[line.lab].seller
    return lab.host_unit in payment.payee or any(each[:SELLER_BYTES] == seller for each in payment.payee)


def _by_order(of: Iterable[OfOrder]) -> dict[Id, list[OfOrder]]:
    found: dict[Id, list[OfOrder]] = {}
    for each in of:
        found.setdefault(each.order, []).append(each)
    return found
