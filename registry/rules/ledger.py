"""
The state as the five contracts hold it, and besides what only the events know: records, motions, numbers of notes.

A `Ledger` changes by `registry.rules.apply` alone. `Ledger.draft` gives one that reads through and keeps what is written to
itself, so that a decision can see its own earlier effects and leave no trace.

What is not here: what a call does (the module of its contract), and any history (`registry.index`).
"""

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field, fields
from typing import Any, Self, TypeVar

from registry.model import (
    NO_ADDRESS,
    NO_ID,
    Address,
    Balance,
    Claim,
    Digest,
    Fen,
    Firm,
    Id,
    InvoiceState,
    Item,
    Lab,
    Motion,
    Order,
    OrderState,
    Pool,
    Programme,
    Redemption,
    Region,
    RegionStatus,
    RegistryStatus,
    Role,
    Stage,
    Standing,
    Tag,
    Terms,
    Time,
    Voucher,
)
from registry.rules.notes import Span

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class RegionState:
    """
    A member: its two keys and, while it is suspended, who reviews for it.

    `status_since` is when it was last suspended or reinstated, `caretaker_since` when a caretaker was last named or
    dismissed; 0 if never.
    """

    admin: Address
    status: RegionStatus
    status_since: Time
    recovery: Address
    caretaker: Address
    caretaker_since: Time


@dataclass(frozen=True, slots=True)
class AccountState:
    """The one region and role that an account has, or had."""

    region: Region
    role: Role
    active: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """A role that an admin offered an account; it counts as long as that is the region's admin."""

    by: Address
    role: Role


@dataclass(frozen=True, slots=True)
class OfferedKeys:
    """The accounts that a recovery key offered a key's place, and that did not take it up yet."""

    admin: Address
    recovery: Address


@dataclass(frozen=True, slots=True)
class MotionState:
    """How far a motion is. `carried_at` is 0 until more than half of all members voted for it."""

    votes: int
    carried_at: Time
    vetoed: bool
    enacted: bool


@dataclass(frozen=True, slots=True)
class Closing:
    """What each side says a month came to."""

    home: Digest
    host: Digest


@dataclass(frozen=True, slots=True)
class LabState:
    """A lab as the directory holds it; `seller` is 27 bytes of the tag of who invoices."""

    signer: Address
    region: Region
    standing: Standing
    flagged_until: Time
    seller: bytes
    qualified_until: Time


@dataclass(frozen=True, slots=True)
class FirmState:
    """A firm as the directory holds it."""

    signer: Address
    flagged_until: Time
    region: Region


@dataclass(frozen=True, slots=True)
class Window:
    """From when until when a region's vouchers may be spent."""

    from_: Time
    until: Time


@dataclass(frozen=True, slots=True)
class Rotation:
    """A key that an office proposed, and from when it may take effect."""

    signer: Address
    from_: Time


@dataclass(frozen=True, slots=True)
class Flag:
    """The latest flag on a subject, and who seconded it (0: nobody)."""

    by: Region
    seconder: Region
    since: Time
    until: Time


@dataclass(frozen=True, slots=True)
class Partnership:
    """The firms that share one project at one lab. Once reached, it stays so."""

    partners: int
    reached: bool


class Table(dict[K, V]):
    """
    Records by key: what was never written is not there. A draft of it keeps its own writes to itself.

    It is a dict of its own writes, so that reading one of those, which is most of a fold, costs what a dict costs.
    """

    __slots__ = ("_below",)

    def __init__(self, below: Self | None = None) -> None:
        super().__init__()
        self._below = below

    def __missing__(self, key: K) -> V:
        return self._zero_of(key) if self._below is None else self._below[key]

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) or (self._below is not None and key in self._below)

    def __iter__(self) -> Iterator[K]:
        yield from self._written()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Table) and self._written() == other._written()

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._written()!r})"

    def get(self, key: K) -> V | None:  # type: ignore[override] # there is nothing else to give than None
        """What was written under a key, or None."""
        return self[key] if key in self else None  # noqa: SIM401 - this is `get`

    def items(self) -> Iterator[tuple[K, V]]:  # type: ignore[override] # of all that it reads through to
        """Every key with its value, in the order of first writing."""
        yield from self._written().items()

    def touched(self) -> Iterator[K]:
        """The keys that were written here, in a draft those that it changes or clears."""
        yield from super().__iter__()

    def draft(self) -> Self:
        """A table that reads through to this one."""
        return type(self)(self)

    def _own(self) -> dict[K, V]:
        return dict(super().items())

    def _written(self) -> dict[K, V]:
        return self._own() if self._below is None else dict(self._below.items()) | self._own()

    def _zero_of(self, key: K) -> V:
        raise KeyError(key)


class Slots(Table[K, V]):
    """A Solidity mapping: what was never written, and what was deleted, reads as `zero`."""

    __slots__ = ("_zero",)

    def __init__(self, zero: V, below: Self | None = None) -> None:
        super().__init__(below)
        self._zero = zero

    def clear(self, key: K) -> None:  # type: ignore[override] # one key, as Solidity's `delete` does
        """Solidity's `delete`."""
        self[key] = self._zero

    def draft(self) -> Self:
        """A mapping that reads through to this one."""
        return type(self)(self._zero, self)

    def _written(self) -> dict[K, V]:
        return {key: value for key, value in super()._written().items() if value != self._zero}

    def _zero_of(self, key: K) -> V:  # noqa: ARG002 - every key reads as zero
        return self._zero


def _slots(zero: Any) -> Any:
    return field(default_factory=lambda: Slots(zero))


def _table() -> Any:
    return field(default_factory=Table)


NO_REGION = RegionState(NO_ADDRESS, RegionStatus.NONE, Time(0), NO_ADDRESS, NO_ADDRESS, Time(0))
NO_ACCOUNT = AccountState(Region(0), Role.NONE, active=False)
NO_OFFER = Offer(NO_ADDRESS, Role.NONE)
NO_OFFERED_KEYS = OfferedKeys(NO_ADDRESS, NO_ADDRESS)
NO_MOTION = MotionState(0, Time(0), vetoed=False, enacted=False)
NO_CLOSING = Closing(Digest(bytes(32)), Digest(bytes(32)))
NO_LAB = LabState(NO_ADDRESS, Region(0), Standing.NONE, Time(0), bytes(27), Time(0))
NO_FIRM = FirmState(NO_ADDRESS, Time(0), Region(0))
NO_WINDOW = Window(Time(0), Time(0))
NO_ROTATION = Rotation(NO_ADDRESS, Time(0))
NO_FLAG = Flag(Region(0), Region(0), Time(0), Time(0))
NO_INVOICE = InvoiceState(Fen(0), Fen(0), 0, bytes(12))
NO_POOL = Pool(Fen(0), Fen(0), Fen(0))
NO_BALANCE = Balance(Fen(0), Fen(0), Fen(0), Fen(0))
NO_EVIDENCE = bytes(17)
NO_ORDER = OrderState(Stage.NONE, 0, Fen(0), Time(0), NO_EVIDENCE)
NO_PARTNERSHIP = Partnership(0, reached=False)


@dataclass
class Ledger:
    """
    Everything that one set of contracts holds; `registry` is the address of its VoucherRegistry.

    The fields above each blank line are the contract's own storage, those below it what the events say besides.
    """

    registry: Address

    # Consortium
    first_month: int = 0
    members: int = 0
    regions: Slots[Region, RegionState] = _slots(NO_REGION)
    accounts: Slots[Address, AccountState] = _slots(NO_ACCOUNT)
    offers: Slots[tuple[Region, Address], Offer] = _slots(NO_OFFER)
    offered_keys: Slots[Region, OfferedKeys] = _slots(NO_OFFERED_KEYS)
    motions: Slots[Id, MotionState] = _slots(NO_MOTION)
    voted: Slots[tuple[Id, Region], bool] = _slots(zero=False)
    closings: Slots[tuple[Region, Region, int], Closing] = _slots(NO_CLOSING)

    motion_records: Table[Id, Motion] = _table()

    # Directory
    labs: Slots[Id, LabState] = _slots(NO_LAB)
    firms: Slots[Id, FirmState] = _slots(NO_FIRM)
    items: Slots[Id, Id] = _slots(NO_ID)
    recognitions: Slots[tuple[Region, Id], Window] = _slots(NO_WINDOW)
    rotations: Slots[Id, Rotation] = _slots(NO_ROTATION)
    flags: Slots[Id, Flag] = _slots(NO_FLAG)
    flagged_by: Slots[tuple[Id, Region], bool] = _slots(zero=False)

    lab_records: Table[Id, Lab] = _table()
    firm_records: Table[Id, Firm] = _table()
    item_records: Table[Id, Item] = _table()

    # Invoices
    latest: Address = NO_ADDRESS
    invoices: Slots[Tag, InvoiceState] = _slots(NO_INVOICE)
    registries: Slots[Address, RegistryStatus] = _slots(RegistryStatus.NONE)
    voided: Slots[tuple[Address, Id], bool] = _slots(zero=False)

    # Programmes
    programmes: Table[Id, Programme] = _table()
    pools: Slots[Id, Pool] = _slots(NO_POOL)
    agreements: Slots[tuple[Id, Tag], int] = _slots(0)
    bank_references: Slots[tuple[Region, Digest], bool] = _slots(zero=False)

    # VoucherRegistry
    balances: Slots[Id, Balance] = _slots(NO_BALANCE)
    orders: Slots[Id, OrderState] = _slots(NO_ORDER)
    partnerships: Slots[Id, Partnership] = _slots(NO_PARTNERSHIP)
    partner_orders: Slots[tuple[Id, Tag], int] = _slots(0)

    terms: Table[Id, Terms] = _table()
    vouchers: Table[Id, Voucher] = _table()
    order_records: Table[Id, Order] = _table()
    redemptions: Table[Id, Redemption] = _table()
    claims: Table[Id, Claim] = _table()
    notes: Slots[Id, tuple[Span, ...]] = _slots(())

    def draft(self) -> "Ledger":
        """A ledger that reads through to this one and keeps what is written to itself."""
        draft = copy(self)
        for each in fields(self):
            part = getattr(self, each.name)
            if isinstance(part, Table):
                setattr(draft, each.name, part.draft())
        return draft
