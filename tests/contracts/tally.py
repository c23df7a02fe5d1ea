"""What a random run really came to: which verbs were done, which stages reached, who acted, and what was refused."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from inspect import isclass

from registry import events, rules
from registry.codec import VERBS
from registry.errors import Rejected
from registry.events import Event
from registry.model import Address, Region, Role, Stage
from registry.rules import Call, Ledger

VERB_NAMES: Mapping[type[Call], str] = {
    rules.Admit: "admit",
    rules.ClaimInvoice: "claim",
    rules.CloseMonth: "closeMonth",
    rules.CompleteRotation: "completeRotation",
    rules.FlagSubject: "flag",
    rules.FreeInvoice: "free",
    rules.ListItems: "list",
    rules.OfferRole: "offer",
    rules.Refund: "refunded",
    rules.ReleaseOrder: "release",
    rules.RotateRecovery: "rotateRecovery",
    rules.SetRegistry: "setRegistry",
    rules.TakeUp: "takeUp",
    rules.TryEach: "tryEach",
    rules.VetoRotation: "vetoRotation",
    rules.VoidClaim: "voidClaim",
}
"""The contract's name of a call where it is not the call's own in lower case."""

OF_THE_REGISTRY = frozenset({"commit", "count", "pay", "payBack", "uncommit", "uncount"})
"""What Programmes does for its registry alone; it stands in what the registry's own verbs do."""

IN_A_BATCH: Mapping[type[Event], str] = {events.Reserved: "reserve", events.Redeemed: "redeem", events.Released: "release"}


def name_of(call_type: type[Call]) -> str:
    """The verb that a call is."""
    return VERB_NAMES.get(call_type, call_type.__name__.lower())


EVERY_VERB = frozenset(VERBS) - OF_THE_REGISTRY
EVERY_STAGE = frozenset(Stage) - {Stage.NONE}
EVERY_PARTY = frozenset(
    {"firm", "lab", "claimant", "caretaker", "stranger", *(each.name.lower() for each in Role if each is not Role.NONE)}
)

# A rule in Python for each verb, so that no verb is left out of the run by being left out of the rules.
assert {name_of(each) for each in vars(rules).values() if isclass(each) and issubclass(each, Call) and each is not Call} == EVERY_VERB


@dataclass
class Tally:
    """Counts over a whole run, all its trials together."""

    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    stages: Counter[Stage] = field(default_factory=Counter)
    parties: Counter[str] = field(default_factory=Counter)
    steps: int = 0
    refusals: int = 0

    def count(self, ledger: Ledger, call: Call, by: Address, outcome: tuple[Event, ...] | Rejected) -> None:
        """Take one step in, seen in the state that it met."""
        self.steps += 1
        if isinstance(outcome, Rejected):
            self.refusals += 1
            self.refused[outcome.code] += 1
            return
        self.done[name_of(type(call))] += 1
        self.parties[_party(ledger, call, by)] += 1
        if isinstance(call, rules.TryEach):
            self.done.update(IN_A_BATCH[type(each)] for each in outcome if type(each) in IN_A_BATCH)

    def reached(self, stages: Iterable[Stage]) -> None:
        """Take the stages in at which a step left the orders that it touched."""
        self.stages.update(stages)

    @property
    def share_refused(self) -> float:
        """Of all steps."""
        return self.refusals / max(self.steps, 1)

    def told(self) -> str:
        """All counts, for people."""
        kinds = {"done": self.done, "stages": Counter({each.name: n for each, n in self.stages.items()}), "by": self.parties}
        kinds["refused"] = self.refused
        lines = [f"{self.steps} steps, {self.refusals} refused ({self.share_refused:.0%})"]
        return "\n".join(
            lines + [f"  {kind}: " + ", ".join(f"{name} {n}" for name, n in all_.most_common()) for kind, all_ in kinds.items()]
        )


def _party(ledger: Ledger, call: Call, by: Address) -> str:
    account = ledger.accounts[by]
    if account.active:
        region = _region(ledger, call)
        return "caretaker" if region and ledger.regions[region].caretaker == by else account.role.name.lower()
    if any(state.signer == by for _, state in ledger.firms.items()):
        return "firm"
    if any(state.signer == by for _, state in ledger.labs.items()):
        return "lab"
    return "claimant" if by != ledger.registry and ledger.registries[by] else "stranger"


def _region(ledger: Ledger, call: Call) -> Region | None:
    """Whose orders a reviewer's call is about."""
    match call:
        case rules.Decline((reservation, *_)):
            return ledger.programmes[reservation.voucher.programme].region
        case rules.Endorse((claim, *_)) | rules.Accept((claim, *_)) | rules.Reverse(claim):
            return ledger.programmes[claim.programme].region
        case rules.Reject((filing, *_)):
            return ledger.programmes[filing.claim.programme].region
    return None
