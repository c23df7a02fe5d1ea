"""
Agents (代理人): who signs for a firm under a power of attorney, and each time that they did.

A firm that wants help gives an agent a power of attorney; its office then enrols the *agent's* key as the firm's signer. On the chain
that key is the firm's, like any other. So that the firm is told of every use, its gateway keeps the power (`PowerOfAttorney`: the
document's hash and from when until when) and reads from the chain what was done with the key (`acts_of`, `uses_of`).

The chain accepts a signature only from the key that is the firm's at that moment. So which key it was follows from the events alone;
no calldata is read, and whoever relayed the signature cannot hide its use.

Pure. Where powers are kept, and who was told: `registry.agent_book`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from registry import events
from registry.codec import id_of
from registry.events import Logged, Position
from registry.model import NO_ADDRESS, NO_ID, Address, Digest, Fen, Firm, Id, Paid, Time
from registry.rules import RELEASE_GRACE, Ledger


@dataclass(frozen=True, slots=True)
class PowerOfAttorney:
    """
    What a firm gave an agent. `document` is the hash of the signed paper or file, `from_` to `until` both inclusive.

    Raises:
        ValueError: it ends before it begins, or names nobody.
    """

    firm: Id
    agent: Address
    document: Digest
    from_: Time
    until: Time

    def __post_init__(self) -> None:
        if self.from_ > self.until:
            raise ValueError(f"a power of attorney from {self.from_} does not end at {self.until}")
        if self.agent == NO_ADDRESS or not any(self.document):
            raise ValueError("a power of attorney names an agent's account and the document's hash")

    def covers(self, act: "Act") -> bool:
        """Whether an act is this agent's for this firm, within the time."""
        return (act.firm, act.key) == (self.firm, self.agent) and self.from_ <= act.time <= self.until


class Verb(StrEnum):
    """What a firm's key was used for."""

    RESERVE = "reserve"
    REDEEM = "redeem"
    RELEASE = "release"
    ROTATE = "rotate"
    VETO = "veto"


@dataclass(frozen=True, slots=True)
class Act:
    """
    One use of a firm's key. `order` is NO_ID, and `amount` 0, where it was no order's.

    `amount` is the fen that were reserved, asked for as subsidy, or given up.
    """

    firm: Id
    key: Address
    verb: Verb
    order: Id
    amount: Fen
    time: Time
    position: Position
    transaction: Digest


@dataclass(frozen=True, slots=True)
class Use:
    """A use by an agent. `power` is the one that covers it, or None: the key was used before, after or without its power."""

    act: Act
    power: PowerOfAttorney | None


def uses_of(acts: Iterable[Act], powers: Sequence[PowerOfAttorney]) -> Iterator[Use]:
    """Those acts that were done with the key of somebody who ever had a power for the firm, each with the power that covers it."""
    agents = {(power.firm, power.agent) for power in powers}
    for act in acts:
        if (act.firm, act.key) in agents:
            yield Use(act, next((power for power in powers if power.covers(act)), None))


def acts_of(firm: Firm, history: Iterable[Logged], ledger: Ledger) -> Iterator[Act]:
    """
    Every use of a firm's key, in order.

    `history` holds the events about the firm and about its orders, in the chain's order; others are passed over. `ledger` is the
    fold as of the last of them or later: it gives vouchers, programmes and labs, which never change in what is asked of them.
    """
    told = _Told(firm, ledger)
    for logged in history:
        yield from told.show(logged)


class _Told:
    """A firm's key as it changes, and the deadlines of its orders."""

    def __init__(self, firm: Firm, ledger: Ledger) -> None:
        self._id = id_of(firm)
        self._firm = firm
        self._ledger = ledger
        self._key = NO_ADDRESS
        self._deadlines: dict[Id, Time] = {}

    def show(self, logged: Logged) -> Iterator[Act]:
        match logged.event:
            case events.FirmEnrolled(self._id, _, signer):
                self._key = signer
            case events.KeyRotated(self._id, signer):
                # Told to whoever held the key until now: by his own hand, or by the office's after three days.
                yield self._act(logged, Verb.ROTATE)
                self._key = signer
            case events.RotationVetoed(self._id):
                yield self._act(logged, Verb.VETO)
            case events.Reserved(order, record, _, deadline) if self._is_ours(order):
                self._deadlines[order] = deadline
                yield self._act(logged, Verb.RESERVE, order, record.amount)
            case events.Redeemed(order, record, stand_in) if self._is_ours(order) and self._signed(order, stand_in):
                yield self._act(logged, Verb.REDEEM, order, record.subsidy)
            case events.Released(order, True) if self._is_ours(order) and logged.time <= self._deadlines[order] + RELEASE_GRACE:
                yield self._act(logged, Verb.RELEASE, order, self._ledger.order_records[order].amount)
            case events.Approved(order, deadline) | events.Extended(order, deadline) | events.Rejected(order, deadline):
                self._deadlines[order] = deadline

    def _act(self, logged: Logged, verb: Verb, order: Id = NO_ID, amount: Fen = Fen(0)) -> Act:  # noqa: B008 - it is a number
        return Act(self._id, self._key, verb, order, amount, logged.time, logged.position, logged.transaction_hash)

    def _is_ours(self, order: Id) -> bool:
        """Tags are the same in every region; vouchers are one region's."""
        voucher = self._ledger.vouchers[self._ledger.order_records[order].voucher]
        return Firm(self._ledger.programmes[voucher.programme].region, voucher.firm) == self._firm

    def _signed(self, order: Id, stand_in: Address) -> bool:
        """A reviewer stands in for the party that is not paid; the other has signed."""
        if stand_in == NO_ADDRESS:
            return True
        record = self._ledger.order_records[order]
        programme = self._ledger.programmes[self._ledger.vouchers[record.voucher].programme]
        at_home = self._ledger.labs[record.lab].region == programme.region
        return (programme.paid_home if at_home else programme.paid_across) is Paid.FIRM
