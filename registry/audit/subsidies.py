"""
What each redemption may have earned, worked out again from its programme's rule; and what is claimed on each invoice and agreement.

A second count beside the ledger's, on purpose: it adds up redemptions from their own records and reads no table of the fold, so that
an error in the fold and one in here would have to be the same one to pass. Amounts are fen.

Pure. The rule itself is `registry.rules.marginal`.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from registry import events
from registry.audit.report import Breach, Difference, key_of
from registry.events import Event
from registry.model import Address, Fen, Id, Order, Programme, Redemption, Tag, Terms
from registry.rules import Ledger, marginal, total
from registry.rules.subsidy import WHOLE


@dataclass
class Subsidies:
    """
    Counts as events are shown to it, in the chain's order; `registry` is whose redemptions they are.

    `seen` is how many redemptions it worked out.
    """

    registry: Address
    seen: int = 0
    _programmes: dict[Id, Programme] = field(default_factory=dict)
    _terms: dict[Id, Terms] = field(default_factory=dict)
    _vouchers: dict[Id, Terms] = field(default_factory=dict)
    _orders: dict[Id, Order] = field(default_factory=dict)
    _live: dict[Id, Redemption] = field(default_factory=dict)
    _debts: dict[Id, Fen] = field(default_factory=dict)
    _voided: set[Id] = field(default_factory=set)
    _costs: dict[tuple[Id, Tag], int] = field(default_factory=lambda: defaultdict(int))
    _elsewhere: dict[Tag, int] = field(default_factory=lambda: defaultdict(int))

    def show(self, event: Event) -> Iterator[Breach]:
        """
        Count one event, and yield what it breaks.

        Raises:
            LookupError: it stands on one that was not shown.
        """
        match event:
            case events.ProgrammeOpened(programme, record):
                self._programmes[programme] = record
            case events.TermsIssued(terms, record):
                self._terms[terms] = record
            case events.Issued(voucher, terms):
                self._vouchers[voucher] = self._terms[terms]
            case events.Reserved(order, record):
                self._orders[order] = record
            case events.Redeemed(order, record):
                yield from self._earn(order, record)
            case events.Reversed(order, recover):
                self._debts[order] = recover
            case events.Rejected(order):
                self._give_back(order)
            case events.Refunded(order) if self._debts[order] == self._live[order].subsidy:
                self._give_back(order)
            case events.Voided(_, registry, order) if registry == self.registry:
                self._voided.add(order)
            case events.Claimed(invoice, registry, _, cost) if registry != self.registry:
                self._elsewhere[invoice] += cost
            case events.Freed(invoice, registry, _, cost) | events.Voided(invoice, registry, _, cost) if registry != self.registry:
                self._elsewhere[invoice] -= cost

    def _earn(self, order: Id, redemption: Redemption) -> Iterator[Breach]:
        self.seen += 1
        programme, agreement = self._agreement_of(order, redemption)
        slices = self._programmes[programme].slices
        base = 0 if self._programmes[programme].flat else self._costs[agreement]
        allowed = marginal(slices, base=base, cost=redemption.cost)
        if redemption.subsidy > allowed:
            earns = f"{redemption.cost} fen of cost on top of {base} earn {allowed} fen"
            yield Breach("I5", order.hex(), f"{earns}, {redemption.subsidy} were asked for")
        self._costs[agreement] += redemption.cost
        self._live[order] = redemption

    def _give_back(self, order: Id) -> None:
        redemption = self._live.pop(order)
        _, agreement = self._agreement_of(order, redemption)
        self._costs[agreement] -= redemption.cost

    def _agreement_of(self, order: Id, redemption: Redemption) -> tuple[Id, tuple[Id, Tag]]:
        programme = self._vouchers[self._orders[order].voucher].programme
        return programme, (programme, redemption.agreement)

    def sums(self, ledger: Ledger) -> Iterator[Difference | Breach]:
        """Hold the sums against what the fold has, and against the rule."""
        yield from self._agreements(ledger)
        yield from self._invoices(ledger)

    def _agreements(self, ledger: Ledger) -> Iterator[Difference | Breach]:
        earned: dict[tuple[Id, Tag], int] = defaultdict(int)
        for order, redemption in self._live.items():
            earned[self._agreement_of(order, redemption)[1]] += redemption.subsidy
        for agreement, cost in self._costs.items():
            rule = self._programmes[agreement[0]]
            most = total(rule.slices, cost)
            if earned[agreement] * WHOLE > most and not rule.flat:
                yield Breach("I5", key_of(agreement), f"{cost} fen of cost earn {most // WHOLE} in all, {earned[agreement]} are given")
            if not rule.flat and ledger.agreements[agreement] != cost:
                says = {"redemptions": cost, "events folded": ledger.agreements[agreement]}
                yield Difference("agreements", key_of(agreement), says)

    def _invoices(self, ledger: Ledger) -> Iterator[Difference | Breach]:
        claimed: dict[Tag, int] = defaultdict(int, self._elsewhere)
        amounts: dict[Tag, int] = {}
        for order, redemption in self._live.items():
            if order not in self._voided:
                claimed[redemption.invoice] += redemption.cost
                amounts[redemption.invoice] = redemption.invoice_amount
        for invoice, cost in claimed.items():
            if cost > amounts.get(invoice, cost):
                yield Breach("I3", invoice.hex(), f"{cost} fen are claimed of {amounts[invoice]}")
            if ledger.invoices[invoice].claimed != cost:
                yield Difference("invoices", invoice.hex(), {"redemptions": cost, "events folded": ledger.invoices[invoice].claimed})
