"""
The invariants that hold of every state and every event, by their numbers in `contracts/README.md`, as checks over a ledger.

They are told independently of the rules: from orders and claims up, not from what the rules moved.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from registry import events
from registry.codec import joint_id
from registry.events import Event
from registry.model import NO_ADDRESS, Address, Bar, Claim, Fen, Id, Order, Paid, Redemption, RegionStatus, Role, Stage, Tag, Time
from registry.rules import Ledger, Turn, bar_of, total

LIVE = (Stage.REDEEMED, Stage.ENDORSED, Stage.ACCEPTED, Stage.SETTLED, Stage.REVERSED)


@dataclass
class Watch:
    """Looks at every event before it is folded, and at the state after every step."""

    reviewers: dict[Id, set[Address]] = field(default_factory=lambda: defaultdict(set))
    settled: set[Id] = field(default_factory=set)
    paid: dict[Id, Paid] = field(default_factory=dict)
    of_claimants: dict[tuple[Address, Id], tuple[Tag, Fen]] = field(default_factory=dict)

    # Events

    def before(self, ledger: Ledger, event: Event, now: Time) -> None:
        """What must hold of an event, seen in the state that it met."""
        match event:
            case events.Reserved(order, record):
                assert now <= ledger.vouchers[record.voucher].use_by, "I11"
                assert ledger.orders[order].stage is Stage.NONE, "I7"
                self._clear(Turn(ledger, NO_ADDRESS, now), ledger.vouchers[record.voucher].firm, record.voucher, record.lab)
                self._running(ledger, record.voucher, record.lab)
                self.paid[order] = _paid(ledger, record)
            case events.Approved(order, _, by):
                record = ledger.order_records[order]
                self._clear(Turn(ledger, by, now), ledger.vouchers[record.voucher].firm, record.voucher, record.lab)
                self._running(ledger, record.voucher, record.lab)
                self._acts(ledger, by, ledger.programmes[ledger.vouchers[record.voucher].programme].region, Role.REVIEWER)
            case events.Redeemed(order, redemption, stand_in):
                record, state = ledger.order_records[order], ledger.orders[order]
                assert now <= state.deadline, "I11"
                assert redemption.attempt == state.attempt, "I7"
                self._clear(Turn(ledger, stand_in, now), ledger.vouchers[record.voucher].firm, record.voucher, record.lab)
                assert self.paid[order] is _paid(ledger, record), "I6"
                self.reviewers[order] = {stand_in} - {NO_ADDRESS}
            case events.Endorsed(order, by) | events.Accepted(order, by):
                claim = ledger.claims[order]
                assert by not in self.reviewers[order], "I9"
                self.reviewers[order].add(by)
                self._clear(Turn(ledger, by, now), claim.firm, claim.voucher, claim.lab)
                assert ledger.accounts[by].role is Role.REVIEWER, "I8"
            case events.Settled(order, _, by):
                claim = ledger.claims[order]
                assert order not in self.settled, "I12"
                assert by not in self.reviewers[order], "I9"
                self.settled.add(order)
                region = ledger.programmes[claim.programme].payer or ledger.labs[claim.lab].region
                self._acts(ledger, by, region, Role.PAYER)
            case events.Claimed(invoice, registry, order, cost) if registry != ledger.registry:
                self.of_claimants[registry, order] = (invoice, cost)
            case events.Freed(_, registry, order) if registry != ledger.registry:
                del self.of_claimants[registry, order]

    def _clear(self, turn: Turn, firm: Tag, voucher: Id, lab: Id) -> None:
        region = turn.ledger.programmes[turn.ledger.vouchers[voucher].programme].region
        bar, _ = bar_of(turn, region, firm, lab)
        assert bar is not Bar.OWN_CASE, "I9"
        assert bar is Bar.NONE, "I10"

    def _running(self, ledger: Ledger, voucher: Id, lab: Id) -> None:
        programme = ledger.programmes[ledger.vouchers[voucher].programme]
        for region in (programme.region, programme.payer or ledger.labs[lab].region, ledger.labs[lab].region):
            assert ledger.regions[region].status is RegionStatus.ACTIVE, "I8"

    def _acts(self, ledger: Ledger, by: Address, region: int, role: Role) -> None:
        holder = ledger.accounts[by]
        assert (holder.region, holder.role, holder.active) == (region, role, True), "I8"

    # States

    def after(self, ledger: Ledger, vouchers: Iterable[Id]) -> None:
        """What must hold of the state: of these vouchers, and of every order, pool, invoice and agreement."""
        for voucher in vouchers:
            _check_notes(ledger, voucher)
        _check_pools(ledger)
        self._check_invoices(ledger)
        _check_agreements(ledger)
        _check_partnerships(ledger)

    def _check_invoices(self, ledger: Ledger) -> None:
        claimed: dict[Tag, list[int]] = defaultdict(list)
        for order, _, redemption in _live(ledger):
            if not ledger.voided[ledger.registry, order]:
                claimed[redemption.invoice].append(redemption.cost)
        for invoice, cost in self.of_claimants.values():
            claimed[invoice].append(cost)
        for invoice in ledger.invoices.touched():
            state = ledger.invoices[invoice]
            assert (sum(claimed[invoice]), len(claimed[invoice])) == (state.claimed, state.claims), "I3"
            assert state.claimed <= state.amount, "I3"


def _paid(ledger: Ledger, order: Order) -> Paid:
    programme = ledger.programmes[ledger.vouchers[order.voucher].programme]
    return programme.paid_home if ledger.labs[order.lab].region == programme.region else programme.paid_across


def _check_notes(ledger: Ledger, voucher: Id) -> None:
    record, balance = ledger.vouchers[voucher], ledger.balances[voucher]
    assert balance.available + balance.reserved + balance.redeemed + balance.lapsed == record.face, "I1"
    assert min(balance.available, balance.reserved, balance.redeemed, balance.lapsed) >= 0, "I1"
    last = 0
    for span in ledger.notes[voucher]:
        assert last < span.first <= span.last, "I2"
        last = span.last
    count = sum(span.last - span.first + 1 for span in ledger.notes[voucher])
    assert last * record.denomination <= record.face, "I2"
    assert count * record.denomination == balance.redeemed + balance.lapsed, "I2"


def _check_pools(ledger: Ledger) -> None:
    committed: dict[Id, int] = defaultdict(int)
    paid: dict[Id, int] = defaultdict(int)
    for order in ledger.orders.touched():
        state, programme = ledger.orders[order], ledger.vouchers[ledger.order_records[order].voucher].programme
        if state.stage in (Stage.OPEN, Stage.REDEEMED, Stage.ENDORSED, Stage.ACCEPTED):
            committed[programme] += state.amount
        elif state.stage in (Stage.SETTLED, Stage.REVERSED, Stage.REFUNDED):
            subsidy = ledger.claims[order].subsidy
            held = subsidy - state.amount if state.stage is Stage.REFUNDED else subsidy
            committed[programme] += held
            paid[programme] += held
    for programme in ledger.pools.touched():
        pool = ledger.pools[programme]
        assert (pool.committed, pool.paid) == (committed[programme], paid[programme]), "I4"
        assert 0 <= pool.paid <= pool.committed <= pool.funded, "I4"


def _check_agreements(ledger: Ledger) -> None:
    costs: dict[tuple[Id, Tag], int] = defaultdict(int)
    subsidies: dict[tuple[Id, Tag], int] = defaultdict(int)
    for _, claim, redemption in _live(ledger):
        programme = ledger.programmes[claim.programme]
        if programme.flat:
            assert claim.subsidy * 10_000 <= total(programme.slices, redemption.cost), "I5"
        costs[claim.programme, redemption.agreement] += redemption.cost
        subsidies[claim.programme, redemption.agreement] += claim.subsidy
    for programme_id, agreement in ledger.agreements.touched():
        key = (programme_id, agreement)
        assert ledger.agreements[key] == costs[key], "I5"
        assert subsidies[key] * 10_000 <= total(ledger.programmes[programme_id].slices, costs[key]), "I5"


def _check_partnerships(ledger: Ledger) -> None:
    firms: dict[Id, set[Tag]] = defaultdict(set)
    for order in ledger.orders.touched():
        record = ledger.order_records[order]
        voucher = ledger.vouchers[record.voucher]
        if ledger.orders[order].stage not in (Stage.REQUESTED, Stage.RELEASED):
            firms[joint_id(voucher.programme, record.project, record.lab)].add(voucher.firm)
    for joint in ledger.partnerships.touched():
        partnership = ledger.partnerships[joint]
        assert partnership.reached or partnership.partners == len(firms[joint]), "a firm counts once"


def _live(ledger: Ledger) -> Iterator[tuple[Id, Claim, Redemption]]:
    """Every order whose cost still counts."""
    for order in ledger.orders.touched():
        state = ledger.orders[order]
        partly = state.stage is Stage.REFUNDED and state.amount < ledger.claims[order].subsidy
        if state.stage in LIVE or partly:
            yield order, ledger.claims[order], ledger.redemptions[order]
