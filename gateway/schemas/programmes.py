"""Programmes and the money set aside for them."""

from typing import Annotated, Literal

from pydantic import Field

from gateway.schemas.basis import Amount, BlockSeen, Event, Id32, Money, Next, Shape, Text, Written


class ProgrammeFile(Shape):
    """A programme file's text (TOML)."""

    file: Annotated[str, Field(strict=True, min_length=1, max_length=100_000)]


class ProgrammeFileSeen(Shape):
    """A programme's file, as it was handed in; the SHA-256 of its canonical form is `policy_hash`."""

    programme_id: Id32
    policy_hash: Id32
    file: str


class Funding(Shape):
    """Money set aside or taken back, as the bank knows it."""

    amount: Money
    bank_reference: Text


class SliceSeen(Shape):
    """Up to `up_to` fen of cost, null for no limit, `bps` ten-thousandths are paid."""

    up_to: Amount | None
    bps: int


class ProgrammeSeen(Shape):
    """A programme and its pool: paid ≤ committed ≤ funded, and `free` what is not committed. Payer 0: each lab's own region."""

    programme_id: Id32
    code: str
    region: int
    payer: int
    paid_home: Literal["LAB", "FIRM"]
    paid_across: Literal["LAB", "FIRM"]
    approval: Literal["NEVER", "CROSS_REGION", "ALWAYS"]
    first_review: Literal["NONE", "HOME", "HOST"]
    itemised: bool
    min_partners: int
    hold_days: int
    slices: list[SliceSeen]
    policy_hash: Id32
    funded: Amount
    committed: Amount
    paid: Amount
    free: Amount
    block: BlockSeen


class ProgrammePage(Shape):
    """Programmes in the order of opening."""

    programmes: list[ProgrammeSeen]
    next: Next
    block: BlockSeen


class PoolSeen(Shape):
    """A pool and every movement of it."""

    programme_id: Id32
    funded: Amount
    committed: Amount
    paid: Amount
    free: Amount
    movements: list[Event]
    block: BlockSeen


class Opened(Written):
    """A programme that is fixed for ever."""

    programme_id: Id32
    policy_hash: Id32
