"""A batch, its orders and the accounts that they are paid into, as they stand. Pure; `registry.batches.book` says what changes them."""

import hashlib
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from registry.batches.records import BankFileMade, BankReference, BatchDrawn, BatchNoticed, BatchSigned, LineKey, ListedOrder, Out, PaidInto
from registry.canonical import canonical_json
from registry.model import Digest, Fen, Id, Time


class RowState(StrEnum):
    """Where an order stands in its batch."""

    LISTED = "LISTED"
    OUT = "OUT"
    AT_BANK = "AT_BANK"
    PAID = "PAID"
    RETURNED = "RETURNED"
    RESENT = "RESENT"


class BatchStage(StrEnum):
    """Where a batch stands. RETURNED: some of its money came back and was not paid again. WITHDRAWN: no order is left in it."""

    DRAWN = "DRAWN"
    NOTICED = "NOTICED"
    SIGNED = "SIGNED"
    NUMBERED = "NUMBERED"
    AT_BANK = "AT_BANK"
    RETURNED = "RETURNED"
    PAID = "PAID"
    WITHDRAWN = "WITHDRAWN"


@dataclass(frozen=True, slots=True)
class Stamp:
    """When something was put on record, and by which caller."""

    at: Time
    by: str


@dataclass(slots=True)
class PayeeAccount:
    """One version of a payee's account; it counts once it is confirmed."""

    payee: str
    version: int
    bank: str
    name: str
    number: str
    proposed: Stamp
    confirmed: Stamp | None = None


@dataclass(frozen=True, slots=True)
class BudgetLine:
    """A budget line as it was set last."""

    key: LineKey
    amount: Fen
    cut_off: date
    set: Stamp


@dataclass(frozen=True, slots=True)
class Return:
    """A payment that came back: its bank reference, and why."""

    reference: str
    payment: Digest
    reason: str
    returned: Stamp


@dataclass(slots=True)
class BatchRow:
    """One order of a batch. `references` are the bank's, the first one the settlement's."""

    listed: ListedOrder
    state: RowState = RowState.LISTED
    out: Out | None = None
    left: Stamp | None = None
    account: PaidInto | None = None
    references: list[BankReference] = field(default_factory=list)
    returns: list[Return] = field(default_factory=list)


@dataclass(slots=True)
class PaymentBatch:
    """One batch."""

    drawn: BatchDrawn
    drawn_up: Stamp
    rows: dict[Id, BatchRow]
    notice: BatchNoticed | None = None
    signed: BatchSigned | None = None
    signed_off: Stamp | None = None
    document_number: str | None = None
    file: BankFileMade | None = None
    file_made: Stamp | None = None

    @property
    def number(self) -> int:
        """What it goes by."""
        return self.drawn.batch

    @property
    def standing(self) -> list[BatchRow]:
        """The orders that are in it, by id."""
        return [row for _, row in sorted(self.rows.items()) if row.state is not RowState.OUT]

    @property
    def total(self) -> Fen:
        """What they come to."""
        return Fen(sum(row.listed.amount for row in self.standing))

    @property
    def stage(self) -> BatchStage:
        """Where it stands."""
        standing = {row.state for row in self.standing}
        if not standing:
            return BatchStage.WITHDRAWN
        if self.file is not None:
            if standing & {RowState.RETURNED, RowState.RESENT}:
                return BatchStage.RETURNED
            return BatchStage.AT_BANK if RowState.AT_BANK in standing else BatchStage.PAID
        if self.document_number is not None:
            return BatchStage.NUMBERED
        if self.signed is not None:
            return BatchStage.SIGNED
        return BatchStage.DRAWN if self.notice is None else BatchStage.NOTICED

    @property
    def document(self) -> dict[str, Any]:
        """Its list as JSON has it: what is in it now, by order. Parties are named by their ids, a lab by its code as well."""
        return {
            "format": "tongquan payment batch 1",
            "chain_id": self.drawn.chain_id,
            "registry": self.drawn.registry.lower(),
            "payer": self.drawn.payer,
            "batch": self.number,
            "programme_id": "0x" + self.drawn.line.programme.hex(),
            "programme": self.drawn.programme,
            "year": self.drawn.line.year,
            "line": self.drawn.line.code,
            "count": len(self.standing),
            "total": str(self.total),
            "orders": [_listed(row.listed) for row in self.standing],
        }

    @property
    def canonical(self) -> bytes:
        """The canonical form of the list (`registry.canonical`)."""
        return canonical_json(self.document)

    @property
    def list_hash(self) -> Digest:
        """The SHA-256 of that: what whoever signs off names, and what is told."""
        return Digest(hashlib.sha256(self.canonical).digest())

    @property
    def notice_until(self) -> date | None:
        """The last day of the notice."""
        return None if self.notice is None else date.fromisoformat(self.notice.first_day) + timedelta(days=self.notice.days - 1)


def _listed(listed: ListedOrder) -> dict[str, Any]:
    return {
        "order_id": "0x" + listed.order.hex(),
        "redemption": "0x" + listed.redemption.hex(),
        "amount": str(listed.amount),
        "paid_to": listed.paid_to.name,
        "payee": "0x" + listed.payee.hex(),
        "lab_code": listed.lab_code,
    }
