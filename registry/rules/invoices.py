"""
Invoices (发票台账): how much of each invoice has been claimed, and who sold it.

The transition table of `contracts/Invoices.sol`: each call with its guards in the contract's order and the events after them,
then the fold of those events.
"""

# ruff: noqa: D102 - `events` is told once, by `Call`, and what it does by the class

from collections.abc import Iterator
from dataclasses import dataclass, replace

from registry import events
from registry.codec import evidence, id_of
from registry.events import Event
from registry.model import (
    NO_ADDRESS,
    Address,
    Claim,
    Fen,
    Id,
    InvoiceState,
    Motion,
    MotionKind,
    Redemption,
    Region,
    RegistryStatus,
    Stage,
    Tag,
    Time,
)
from registry.rules.call import Call, Turn
from registry.rules.consortium import require_carried
from registry.rules.ledger import Ledger
from registry.rules.refusals import MALFORMED, OVERFLOW, refusal, require

SHORT_SELLER_BYTES = 12


def may_issue(ledger: Ledger, registry: Address) -> bool:
    """Whether a registry may open programmes and issue vouchers: it is the latest and not retired."""
    return registry == ledger.latest and ledger.registries[registry] == RegistryStatus.AUTHORISED


# What registries count


@dataclass(frozen=True, slots=True)
class ClaimInvoice(Call):
    """A registry counts `cost` on an invoice of `amount`; the contract's `claim`. `seller` is 27 bytes of the seller's tag."""

    invoice: Tag
    order: Id
    cost: Fen
    amount: Fen
    seller: bytes

    def events(self, turn: Turn) -> Iterator[Event]:
        status = turn.ledger.registries[turn.sender]
        state = turn.ledger.invoices[self.invoice]
        seller = self.seller[:SHORT_SELLER_BYTES]

        require(status in (RegistryStatus.AUTHORISED, RegistryStatus.RETIRED), "MayNotClaim", turn.sender, status)
        require(any(self.invoice), "InvoiceZero")
        require(self.cost, "CostZero")
        if state.claims == 0:
            state = InvoiceState(self.amount, Fen(0), 0, seller)
        require(state.seller == seller, "InvoiceSellerDiffers", self.invoice, state.seller)
        require(state.amount == self.amount, "InvoiceAmountDiffers", self.invoice, state.amount)
        require(
            self.cost <= self.amount - state.claimed,
            "InvoiceExceeded",
            self.invoice,
            self.amount,
            state.claimed,
            self.cost,
        )

        yield events.Claimed(self.invoice, turn.sender, self.order, self.cost, self.amount, seller)


@dataclass(frozen=True, slots=True)
class FreeInvoice(Call):
    """A registry counts `cost` back; the contract's `free`. Nothing happens if that claim was voided."""

    invoice: Tag
    order: Id
    cost: Fen

    def events(self, turn: Turn) -> Iterator[Event]:
        ledger = turn.ledger

        require(ledger.registries[turn.sender] != RegistryStatus.NONE, "MayNotFree", turn.sender)

        if ledger.voided[turn.sender, self.order]:
            return
        _require_claimed(ledger, self.invoice, self.cost)
        yield events.Freed(self.invoice, turn.sender, self.order, self.cost)


# What the members decide


@dataclass(frozen=True, slots=True)
class SetRegistry(Call):
    """
    Anybody puts a carried motion on a registry into effect.

    `predecessor` is whom the named registry says it succeeds, or None if it answers nothing: it is another contract's word.
    """

    motion: Motion
    predecessor: Address | None = NO_ADDRESS

    def events(self, turn: Turn) -> Iterator[Event]:
        ledger, registry = turn.ledger, self.motion.account
        status = ledger.registries[registry]

        require_carried(ledger, self.motion, turn.now)
        match self.motion.kind:
            case MotionKind.AUTHORISE_REGISTRY:
                require(status == RegistryStatus.NONE, "WrongStatus", registry, status)
                if self.predecessor is None:
                    raise MALFORMED
                require(self.predecessor == ledger.latest, "NotSuccessor", registry, ledger.latest)
                running = ledger.registries[ledger.latest] == RegistryStatus.AUTHORISED
                require(not running, "StillAuthorised", ledger.latest)
                becomes = RegistryStatus.AUTHORISED
            case MotionKind.AUTHORISE_CLAIMANT:
                require(status == RegistryStatus.NONE, "WrongStatus", registry, status)
                becomes = RegistryStatus.AUTHORISED
            case MotionKind.RETIRE_REGISTRY:
                require(status == RegistryStatus.AUTHORISED, "WrongStatus", registry, status)
                becomes = RegistryStatus.RETIRED
            case MotionKind.CLOSE_REGISTRY:
                require(status == RegistryStatus.RETIRED, "WrongStatus", registry, status)
                becomes = RegistryStatus.CLOSED
            case _:
                raise refusal("WrongMotion")

        yield events.RegistrySet(registry, id_of(self.motion), becomes)


@dataclass(frozen=True, slots=True)
class VoidClaim(Call):
    """
    Anybody puts a carried motion into effect: a settled claim no longer counts on its invoice.

    Only claims of the ledger's own registry are judged; another registry's word on its claim is not known here.
    """

    motion: Motion
    settled: Claim
    redemption: Redemption

    def events(self, turn: Turn) -> Iterator[Event]:
        ledger, motion, order = turn.ledger, self.motion, self.settled.order
        registry = motion.account

        require_carried(ledger, motion, turn.now)
        require(ledger.registries[registry] != RegistryStatus.NONE, "MayNotFree", registry)
        region = _require_settled(ledger, registry, self.settled, self.redemption)
        matches = motion.kind == MotionKind.VOID_CLAIM and motion.subject == order and motion.region == region
        require(matches, "WrongMotion")
        require(not ledger.voided[registry, order], "ClaimVoided", registry, order)

        _require_claimed(ledger, self.redemption.invoice, self.redemption.cost)
        yield events.Voided(self.redemption.invoice, registry, order, self.redemption.cost)


def _require_settled(ledger: Ledger, registry: Address, claim: Claim, redemption: Redemption) -> Region:
    if registry != ledger.registry:
        raise MALFORMED
    state = ledger.orders[claim.order]
    got = evidence(claim)

    refunded_in_part = state.stage == Stage.REFUNDED and state.amount != claim.subsidy
    counts = state.stage in (Stage.SETTLED, Stage.REVERSED) or refunded_in_part
    require(counts, "WrongStage", 0, claim.order, state.stage)
    require(got == state.evidence, "EvidenceDiffers", 0, claim.order, state.evidence, got)
    require(id_of(redemption) == claim.redemption, "RedemptionMismatch", 0, claim.order, id_of(redemption))

    return ledger.programmes[claim.programme].region


def _require_claimed(ledger: Ledger, invoice: Tag, cost: Fen) -> None:
    # The last live claim takes all with it, whatever its cost.
    state = ledger.invoices[invoice]
    require(state.claims == 1 or (state.claims and cost <= state.claimed), "Panic", OVERFLOW)


# The fold


def fold(ledger: Ledger, event: Event, time: Time) -> None:  # noqa: ARG001 - one signature for all five contracts
    """Put one of the contract's events into effect."""
    match event:
        case events.Claimed(invoice, _, _, cost, amount, seller):
            state = ledger.invoices[invoice]
            ledger.invoices[invoice] = InvoiceState(amount, Fen(state.claimed + cost), state.claims + 1, seller)
        case events.Freed(invoice, _, _, cost):
            _free(ledger, invoice, cost)
        case events.Voided(invoice, registry, order, cost):
            ledger.voided[registry, order] = True
            _free(ledger, invoice, cost)
        case events.RegistrySet(registry, motion, status):
            ledger.registries[registry] = status
            if ledger.motion_records[motion].kind == MotionKind.AUTHORISE_REGISTRY:
                ledger.latest = registry


def _free(ledger: Ledger, invoice: Tag, cost: Fen) -> None:
    state = ledger.invoices[invoice]
    if state.claims == 1:
        ledger.invoices.clear(invoice)
    else:
        ledger.invoices[invoice] = replace(state, claimed=Fen(state.claimed - cost), claims=state.claims - 1)
