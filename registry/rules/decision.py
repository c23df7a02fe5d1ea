"""
`decide` what a call does, `apply` what it did; and the call that is many calls.

A decision is the very list of events that the contracts emit in one transaction, or the very refusal. The fold knows no
refusals: it takes events as facts, the contracts' or ours.
"""

# ruff: noqa: D102 - `events` is told once, by `Call`, and what it does by the class

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from registry import events
from registry.errors import Rejected
from registry.events import Contract, Event
from registry.model import Address, Time
from registry.rules import consortium, directory, invoices, programmes, vouchers
from registry.rules.call import Call, Turn
from registry.rules.ledger import Ledger
from registry.rules.refusals import encode, refusal

_FOLDS: Mapping[Contract, Callable[[Ledger, Event, Time], None]] = {
    Contract.CONSORTIUM: consortium.fold,
    Contract.DIRECTORY: directory.fold,
    Contract.INVOICES: invoices.fold,
    Contract.PROGRAMMES: programmes.fold,
    Contract.VOUCHER_REGISTRY: vouchers.fold,
}
_FOLD_OF = {event_type: _FOLDS[event_type.contract] for event_type in events.EVENTS.values()}


def apply(ledger: Ledger, event: Event, time: Time) -> None:
    """
    Put one event into effect, in place. `time` is its block's.

    Events must come in the chain's order, of all five contracts, from the first block on: each is folded on what stands.
    """
    _FOLD_OF[type(event)](ledger, event, time)


def decide(ledger: Ledger, call: Call, sender: Address, now: Time) -> tuple[Event, ...]:
    """
    Say what a call would do in a block of time `now`: the events that the contracts would emit, in order. Changes nothing.

    Raises:
        Rejected: the contracts would refuse, with this error and these values.
    """
    draft = ledger.draft()
    decided = []
    for event in call.events(Turn(draft, sender, now)):
        apply(draft, event, now)
        decided.append(event)
    return tuple(decided)


@dataclass(frozen=True, slots=True)
class TryEach(Call):
    """Runs `Reserve`, `Redeem` and `ReleaseOrder` calls, each on its own; one that is refused stops nothing else. Gas is not asked."""

    calls: tuple[Call, ...]

    def events(self, turn: Turn) -> Iterator[Event]:
        for index, call in enumerate(self.calls):
            if not isinstance(call, vouchers.Reserve | vouchers.Redeem | vouchers.ReleaseOrder):
                yield events.Refused(index, encode(refusal("NotBatchable", index)))
                continue
            try:
                decided = decide(turn.ledger, call, turn.sender, turn.now)
            except Rejected as rejected:
                decided = (events.Refused(index, encode(rejected)),)
            yield from decided
