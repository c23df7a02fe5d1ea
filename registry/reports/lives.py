"""
What became of every order up to a time, and how long it waited where. Pure.

Events may come in any order and more than once: they are sorted by where they stand on the chain. Of a ledger only records are read,
which never change, so that it may be of any later block.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from registry import events
from registry.codec import consumed, id_of
from registry.events import Event, Logged
from registry.model import Fen, Firm, FirstReview, Id, Order, Paid, Programme, Region, Stage, Time, Voucher
from registry.rules import Ledger

ASKED_FOR = frozenset({Stage.REDEEMED, Stage.ENDORSED, Stage.ACCEPTED, Stage.SETTLED, Stage.REVERSED, Stage.REFUNDED})
"""The stages of an order whose money was asked for."""

_PASSED = frozenset({Stage.ACCEPTED, Stage.SETTLED, Stage.REVERSED, Stage.REFUNDED})


class Wait(StrEnum):
    """What an order waits for."""

    APPROVAL = "APPROVAL"
    SERVICE = "SERVICE"
    FIRST_REVIEW = "FIRST_REVIEW"
    REVIEW = "REVIEW"
    PAYMENT = "PAYMENT"
    REFUND = "REFUND"


@dataclass(frozen=True, slots=True)
class Waited:
    """A wait that ended."""

    wait: Wait
    region: Region
    since: Time
    until: Time


class Life:
    """
    One order: its records, and where it stands after the events that were taken.

    `cost`, `offset` and `consumed` are 0 while no money is asked for. `waited` are the waits that ended; the one that goes on began at
    `since`, and `waits_for` says what for and which region is to act (nobody: None).
    """

    def __init__(self, ledger: Ledger, order: Id) -> None:
        self.order = order
        self.record: Order = ledger.order_records[order]
        self.voucher: Voucher = ledger.vouchers[self.record.voucher]
        self.programme: Programme = ledger.programmes[self.voucher.programme]
        self.programme_id = self.voucher.programme
        self.lab = self.record.lab
        self.firm = id_of(Firm(self.programme.region, self.voucher.firm))
        self.home = self.programme.region
        self.host: Region = ledger.lab_records[self.lab].region
        self.payer = self.programme.payer or self.host
        self.paid_to: Paid = self.programme.paid_home if self.home == self.host else self.programme.paid_across
        self.stage = Stage.NONE
        self.attempt = 0
        self.since = Time(0)
        self.reserved_at = Time(0)
        self.redeemed_at: Time | None = None
        self.accepted_at: Time | None = None
        self.settled_at: Time | None = None
        self.refunded_at: Time | None = None
        self.cost = Fen(0)
        self.offset = Fen(0)
        self.recover = Fen(0)
        self.waited: list[Waited] = []

    @property
    def ordered(self) -> Fen:
        """The most that firm and lab signed for."""
        return self.record.amount

    @property
    def consumed(self) -> Fen:
        """The whole notes that the offset consumes."""
        return Fen(consumed(self.offset, self.voucher.denomination))

    @property
    def returned(self) -> Fen:
        """What acceptance gave back to the voucher of what was ordered."""
        return Fen(self.ordered - self.consumed) if self.stage in _PASSED else Fen(0)

    @property
    def is_use(self) -> bool:
        """Whether money is, or was, asked for and not sent back."""
        return self.stage in ASKED_FOR

    @property
    def waits_for(self) -> tuple[Wait, Region] | None:
        """What the order waits for, and which region is to act; None where it has come to its end."""
        match self.stage:
            case Stage.REQUESTED:
                return Wait.APPROVAL, self.home
            case Stage.OPEN:
                return Wait.SERVICE, self.host
            case Stage.REDEEMED if self.programme.first_review != FirstReview.NONE:
                return Wait.FIRST_REVIEW, self.home if self.programme.first_review == FirstReview.HOME else self.host
            case Stage.REDEEMED | Stage.ENDORSED:
                return Wait.REVIEW, self.home
            case Stage.ACCEPTED:
                return Wait.PAYMENT, self.payer
            case Stage.REVERSED:
                return Wait.REFUND, self.payer
            case _:
                return None

    def take(self, event: Event, time: Time) -> None:
        """Go on by an event; what moves no order on is passed over."""
        match event:
            case events.Reserved(_, _, stage):
                self.reserved_at = time
                self._come_to(stage, time)
            case events.Approved():
                self._come_to(Stage.OPEN, time)
            case events.Declined() | events.Released():
                self._come_to(Stage.RELEASED, time)
            case events.Redeemed(_, record):
                self.redeemed_at, self.cost, self.offset = time, record.cost, record.subsidy
                self._come_to(Stage.REDEEMED, time)
            case events.Endorsed():
                self._come_to(Stage.ENDORSED, time)
            case events.Accepted():
                self.accepted_at = time
                self._come_to(Stage.ACCEPTED, time)
            case events.Rejected():
                self.redeemed_at = self.accepted_at = None
                self.cost = self.offset = Fen(0)
                self.attempt += 1
                self._come_to(Stage.OPEN, time)
            case events.Settled():
                self.settled_at = time
                self._come_to(Stage.SETTLED, time)
            case events.Reversed(_, recover):
                self.recover = recover
                self._come_to(Stage.REVERSED, time)
            case events.Refunded():
                self.refunded_at = time
                self._come_to(Stage.REFUNDED, time)
            case _:
                pass

    def _come_to(self, stage: Stage, time: Time) -> None:
        if self.waits_for is not None:
            wait, region = self.waits_for
            self.waited.append(Waited(wait, region, self.since, time))
        self.stage, self.since = stage, time


def in_order(log: Iterable[Logged], *, until: Time) -> list[Logged]:
    """The events up to a time, each once, in the chain's order."""
    by_position = {logged.position: logged for logged in log if logged.time <= until}
    return [by_position[position] for position in sorted(by_position)]


def lives_of(ledger: Ledger, log: Iterable[Logged], *, until: Time) -> list[Life]:
    """
    What became of every order that `log` tells of up to a time, in the order of reservation.

    `log` holds every event of each of its orders, from the first on; what is about no order is passed over.
    """
    found: dict[Id, Life] = {}
    for logged in in_order(log, until=until):
        if isinstance(logged.event, events.Reserved):
            found[logged.event.order] = Life(ledger, logged.event.order)
        order: Id | None = getattr(logged.event, "order", None)
        if order in found:
            found[order].take(logged.event, logged.time)
    return list(found.values())
