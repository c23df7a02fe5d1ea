"""
What a payer's office puts on record of its payments, one record an act. Pure.

A record is never changed or taken back: what stands follows from all of them in order (`registry.batches.book`). As JSON a record is an
object of its fields under its `kind`; ids and hashes are 0x and hexadecimal digits.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any, get_type_hints

from registry.model import Address, Digest, Fen, Id, Paid, Region, Tag, Time


class Cause(StrEnum):
    """Why an order left a batch."""

    OBJECTION = "Objection"
    WITHDRAWN = "Withdrawn"
    NOT_PAID = "NotPaid"
    NOT_ACCEPTED = "NotAccepted"
    SETTLED_ELSEWHERE = "SettledElsewhere"
    FIRM_FLAGGED = "FirmFlagged"
    LAB_FLAGGED = "LabFlagged"
    LAB_FROZEN = "LabFrozen"


@dataclass(frozen=True, slots=True)
class LineKey:
    """A budget line (预算科目): a programme's, of a year, by its code in the budget."""

    programme: Id
    year: int
    code: str


@dataclass(frozen=True, slots=True)
class ListedOrder:
    """
    An order as it was listed: what is owed, for which redemption, and to whom.

    `payee` is the firm's or lab's id, as reports have it; `payee_tag` the tag of the company that gets the money: the firm, or the lab's
    host unit.
    """

    order: Id
    redemption: Id
    amount: Fen
    paid_to: Paid
    payee: Id
    payee_tag: Tag
    lab_code: str | None


@dataclass(frozen=True, slots=True)
class Out:
    """An order that left a batch, with the cause and an officer's words, if any."""

    order: Id
    cause: Cause
    reason: str


@dataclass(frozen=True, slots=True)
class PaidInto:
    """Which version of whose account an order is paid into."""

    order: Id
    payee: str
    version: int


@dataclass(frozen=True, slots=True)
class BankReference:
    """Under which bank reference (付款流水号) an order was paid; `payment` is its hash as the chain has it."""

    order: Id
    text: str
    payment: Digest


@dataclass(frozen=True, slots=True)
class AccountProposed:
    """An account (收款账户) was proposed for a payee, by its canonical company code."""

    payee: str
    version: int
    bank: str
    name: str
    number: str


@dataclass(frozen=True, slots=True)
class AccountConfirmed:
    """A second officer confirmed a proposed account."""

    payee: str
    version: int


@dataclass(frozen=True, slots=True)
class LineSet:
    """A budget line's amount and cut-off day (the last on which it pays, UTC+8) from now on."""

    line: LineKey
    amount: Fen
    cut_off: str


@dataclass(frozen=True, slots=True)
class BatchDrawn:
    """A batch (兑付批次) was drawn up."""

    batch: int
    chain_id: int
    registry: Address
    payer: Region
    programme: str
    line: LineKey
    orders: tuple[ListedOrder, ...]


@dataclass(frozen=True, slots=True)
class BatchNoticed:
    """It was put up for notice (公示), from this day on for so many."""

    batch: int
    first_day: str
    days: int


@dataclass(frozen=True, slots=True)
class OrdersOut:
    """Orders left it."""

    batch: int
    orders: tuple[Out, ...]


@dataclass(frozen=True, slots=True)
class BatchSigned:
    """A second officer signed it off (审签) as the list with this hash, to be paid into these accounts."""

    batch: int
    list_hash: Digest
    accounts: tuple[PaidInto, ...]


@dataclass(frozen=True, slots=True)
class BatchNumbered:
    """It got a document number (文号)."""

    batch: int
    document_number: str


@dataclass(frozen=True, slots=True)
class BankFileMade:
    """Its bank file was made: from here on its orders may have been paid."""

    batch: int
    sha256: Digest
    orders: tuple[Id, ...]


@dataclass(frozen=True, slots=True)
class OrdersPaid:
    """The bank paid orders."""

    batch: int
    payments: tuple[BankReference, ...]


@dataclass(frozen=True, slots=True)
class PaymentReturned:
    """The bank gave an order's money back (退票), under a reference of its own."""

    batch: int
    order: Id
    reference: str
    payment: Digest
    reason: str


@dataclass(frozen=True, slots=True)
class PaymentsResent:
    """Returned payments were put on the re-send list (重付清单), to be paid into these accounts."""

    batch: int
    accounts: tuple[PaidInto, ...]


PaymentRecord = (
    AccountProposed
    | AccountConfirmed
    | LineSet
    | BatchDrawn
    | BatchNoticed
    | OrdersOut
    | BatchSigned
    | BatchNumbered
    | BankFileMade
    | OrdersPaid
    | PaymentReturned
    | PaymentsResent
)
"""Any of them."""

_KINDS: Mapping[str, type] = {kind.__name__: kind for kind in PaymentRecord.__args__}


@dataclass(frozen=True, slots=True)
class BookEntry:
    """A record with its number, when it was put down, and by which caller."""

    number: int
    at: Time
    by: str
    record: PaymentRecord


def record_json(record: PaymentRecord) -> dict[str, Any]:
    """A record as JSON."""
    told: dict[str, Any] = _written(record)
    return {"kind": type(record).__name__, **told}


def record_of(told: Mapping[str, Any]) -> PaymentRecord:
    """The record that JSON tells, as `record_json` wrote it."""
    kind = _KINDS[told["kind"]]
    record: PaymentRecord = _read({name: each for name, each in told.items() if name != "kind"}, kind)
    return record


def _written(value: Any) -> Any:
    if is_dataclass(value):
        return {each.name: _written(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, tuple):
        return [_written(each) for each in value]
    return "0x" + value.hex() if isinstance(value, bytes) else value


def _read(told: Any, kind: Any) -> Any:
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints(kind)
        return kind(**{name: _read(each, hints[name]) for name, each in told.items()})
    if isinstance(told, list):
        (each, *_) = kind.__args__
        return tuple(_read(one, each) for one in told)
    if getattr(kind, "__supertype__", None) is bytes:
        return kind(bytes.fromhex(told[2:]))
    return kind(told) if kind in (Paid, Cause) else told


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind)
