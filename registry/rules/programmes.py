"""
Programmes (券种): the rule of every programme, and the money set aside for it.

The transition table of `contracts/Programmes.sol`: each call with its guards in the contract's order and the events after
them, then the fold. The registry's own movements (`commit`, `pay`, …) follow from its events, in `registry.rules.vouchers`.
"""

# ruff: noqa: D102 - `events` is told once, by `Call`, and what it does by the class

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from registry import events
from registry.codec import id_of
from registry.events import Event
from registry.model import UNLIMITED, Digest, Fen, Id, Programme, Role, Slice, Time
from registry.rules.call import Call, Turn
from registry.rules.consortium import holds, require_running
from registry.rules.invoices import may_issue
from registry.rules.ledger import Ledger
from registry.rules.refusals import OVERFLOW, require
from registry.rules.subsidy import WHOLE

SLICE_COUNTS = range(1, 7)


# What regions do


@dataclass(frozen=True, slots=True)
class Open(Call):
    """
    An issuer fixes a programme for ever. A record's code is never empty, so that is not asked again.

    `known_before` says whether the registry's predecessor knows the programme: it is another contract's word.
    """

    programme: Programme
    known_before: bool = False

    def events(self, turn: Turn) -> Iterator[Event]:
        ledger, programme = turn.ledger, self.programme
        programme_id = id_of(programme)

        issuer = holds(ledger, turn.sender, programme.region, Role.ISSUER)
        require(issuer, "NotIssuer", turn.sender, programme.region)
        require(may_issue(ledger, ledger.registry), "RegistryRetired")
        require(programme_id not in ledger.programmes, "ProgrammeExists", programme_id)
        require(not self.known_before, "ProgrammeKnownToPredecessor", programme_id)
        require(programme.hold_days, "InvalidHoldDays")
        require_running(ledger, programme.payer)
        _require_falling_rates(programme.slices)

        yield events.ProgrammeOpened(programme_id, programme)


@dataclass(frozen=True, slots=True)
class Fund(Call):
    """A payer records money set aside (拨入)."""

    programme: Id
    amount: Fen
    bank_reference: Digest

    def events(self, turn: Turn) -> Iterator[Event]:
        _require_bank_reference(turn, self.programme, self.amount, self.bank_reference)

        require(turn.ledger.pools[self.programme].funded + self.amount <= UNLIMITED, "Panic", OVERFLOW)

        yield events.Funded(self.programme, self.amount, self.bank_reference, turn.sender)


@dataclass(frozen=True, slots=True)
class Draw(Call):
    """A payer takes back what is not committed (划回)."""

    programme: Id
    amount: Fen
    bank_reference: Digest

    def events(self, turn: Turn) -> Iterator[Event]:
        _require_bank_reference(turn, self.programme, self.amount, self.bank_reference)
        require_free(turn.ledger, 0, self.programme, self.amount)

        yield events.Drawn(self.programme, self.amount, self.bank_reference, turn.sender)


def require_free(ledger: Ledger, index: int, programme: Id, amount: Fen) -> None:
    """Refuse unless a pool has this much that is not committed."""
    pool = ledger.pools[programme]
    free = pool.funded - pool.committed
    require(amount <= free, "PoolShort", index, programme, free, amount)


def _require_bank_reference(turn: Turn, programme: Id, amount: Fen, bank_reference: Digest) -> None:
    ledger = turn.ledger
    require(programme in ledger.programmes, "UnknownProgramme", programme)
    record = ledger.programmes[programme]
    region = record.region if holds(ledger, turn.sender, record.region, Role.PAYER) else record.payer

    require(holds(ledger, turn.sender, region, Role.PAYER), "NotPayer", turn.sender, record.region)
    require(amount, "AmountZero")
    require(not ledger.bank_references[region, bank_reference], "BankReferenceUsed", bank_reference)


def _require_falling_rates(slices: Sequence[Slice]) -> None:
    last_up_to, last_bps = 0, WHOLE
    require(len(slices) in SLICE_COUNTS, "InvalidSliceCount", len(slices))
    for index, each in enumerate(slices):
        require(each.up_to > last_up_to, "SliceLimitNotRising", index, each.up_to)
        require(each.bps <= last_bps, "SliceRateRising", index, each.bps)
        last_up_to, last_bps = each.up_to, each.bps


# The fold


def fold(ledger: Ledger, event: Event, time: Time) -> None:  # noqa: ARG001 - one signature for all five contracts
    """Put one of the contract's events into effect."""
    match event:
        case events.ProgrammeOpened(programme, record):
            ledger.programmes[programme] = record
        case events.Funded(programme, amount, bank_reference, by):
            # A payer has one region for ever, and it was that region's reference.
            ledger.bank_references[ledger.accounts[by].region, bank_reference] = True
            _change_funded(ledger, programme, amount)
        case events.Drawn(programme, amount, bank_reference, by):
            ledger.bank_references[ledger.accounts[by].region, bank_reference] = True
            _change_funded(ledger, programme, -amount)


def _change_funded(ledger: Ledger, programme: Id, by: int) -> None:
    pool = ledger.pools[programme]
    ledger.pools[programme] = replace(pool, funded=Fen(pool.funded + by))
