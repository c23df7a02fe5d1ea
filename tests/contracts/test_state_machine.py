"""
Random calls by honest and hostile parties, on the contracts and on the rules at once; `twins` compares, `invariants` watches.

How many steps it takes, the run's effort says (`tests.effort`). Hypothesis chooses how many steps a trial has and a seed for each, and
on a failure looks for as few steps as lead to it; what a seed means is chosen here, by weights, so that orders get as far as a refund
and not only into refusals. A run of all steps must have done every verb, reached every stage and let every kind of party act; what it
came to is told when the tests end.

A failure names its seed: TONGQUAN_STATE_MACHINE_SEED=… takes the same steps again.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from itertools import count, product
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, reject, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from registry import rules
from registry.chain.artifacts import Artifact
from registry.chain.devnode import Engine
from registry.codec import encode_try_each, id_of, joint_id, voucher_of
from registry.errors import Rejected
from registry.model import (
    NO_ADDRESS,
    NO_ID,
    UNLIMITED,
    Address,
    Approval,
    Claim,
    Digest,
    Fen,
    Filing,
    Firm,
    FirstReview,
    Id,
    Lab,
    Motion,
    MotionKind,
    Order,
    Paid,
    Programme,
    Recipient,
    Redemption,
    Region,
    RegionStatus,
    Release,
    Reservation,
    Role,
    Signatures,
    Slice,
    Stage,
    StandIn,
    Standing,
    Tag,
    Terms,
    Time,
    Voucher,
)
from registry.rules import Call, Ledger
from tests.contracts.cast import FACE, FALLING, FEN, NOTE, Cast, cast
from tests.contracts.tally import EVERY_PARTY, EVERY_STAGE, EVERY_VERB, Tally
from tests.contracts.twins import calldata_of
from tests.contracts.world import BEIJING, CHANGXING, DAY, REGIONS, SHANGHAI, YUAN, World, digest, tag
from tests.effort import EFFORT, FULL
from tests.nodes import Nodes

STEPS = {
    ("quick", Engine.ANVIL): 1_000,
    ("quick", Engine.GANACHE): 100,
    ("full", Engine.ANVIL): 20_000,
    ("full", Engine.GANACHE): 2_000,
}
STEPS_A_TRIAL = 50
MOST_PROGRAMMES = 12

# The first trial's seed; each further trial's is one more. Without it every run has seeds of its own.
SEED = "TONGQUAN_STATE_MACHINE_SEED"
START_TIME = 1_767_225_600

# Of all steps; 40 % were measured in long runs, up to 45 % in runs of a hundred steps.
MOST_REFUSED = 0.55
SOME_VERBS = frozenset({"reserve", "redeem"})


# What is drawn


def sometimes(chance: Random, *twists: str) -> str:
    """What somebody hostile or clumsy does; four times out of five nothing."""
    return chance.choice(twists) if chance.random() < 0.2 else ""


def fen(amount: int) -> Fen:
    """As much as there can be of an amount."""
    return Fen(min(amount, UNLIMITED))


def often(chance: Random, usual: str, *unusual: str) -> str:
    """The usual thing half of the time."""
    return chance.choice((*[usual] * len(unusual), *unusual))


Life = tuple[Voucher, Order]

Edge = tuple[int, Callable[[], object]]
"""A last good second, and what is then tried."""

Prepared = tuple[Call, bytes, Address | None]
"""A call with its calldata, and who has to send it if somebody's word is that he sends it."""

Deed = Callable[["Consortium", Random], None]
"""A method of the machine that tries something."""

WAYS = ("lab sends", "firm sends", "stranger for firm", "stranger for lab", "places changed", "one bit", "garbage", "nobody")


class Consortium(RuleBasedStateMachine):
    """What anybody may try, at any time, in any order. In a calm trial, one of four, fewer things happen around the orders."""

    cast: Cast

    def __init__(self) -> None:
        super().__init__()
        self.twins = self.cast.twins
        self.vouchers = list(self.cast.vouchers)
        self.orders: list[Life] = []
        self.motions: list[Motion] = []
        self.count = 0
        self.calm = False
        self._trial = self.twins.trial()
        self._trial.__enter__()

    def teardown(self) -> None:
        self._trial.__exit__(None, None, None)

    @initialize(kind=st.integers(min_value=0, max_value=31))
    def begin(self, kind):
        # What Hypothesis always begins with, the simplest there is, would be the same trial again and again.
        if kind == 0:
            reject()
        self.calm = kind % 4 == 3

    @rule(seed=st.integers(min_value=0, max_value=2**32 - 1))
    def act(self, seed):
        # Hypothesis likes to draw what it drew before; the same seed is to mean something else at another step.
        chance = Random(f"{seed} at {self.twins.steps_in_trial}")
        around = {} if self.calm else AROUND
        (deed,) = chance.choices(*zip(*(self.due(chance) | BEGINNINGS | around).items(), strict=True))
        deed(self, chance)

    def due(self, chance: Random) -> dict[Deed, int]:
        """What can be done with the orders that there are, and now and then what cannot."""
        reached = {self.stage(order) for _, order in self.orders}
        careless = bool(self.orders) and chance.random() < 0.1
        return {deed: weight for deed, (weight, *stages) in LIVES.items() if careless or reached.intersection(stages)}

    # Who and what

    @property
    def ledger(self) -> Ledger:
        return self.twins.ledger

    def fresh(self) -> int:
        self.count += 1
        return self.count

    def office(self, region: Region, who: str) -> Address:
        return self.cast.offices[region, who]

    def send(self, chance: Random, call: Call, due: Address) -> None:
        """Send a call as who is due, or now and then as anybody else."""
        self.twins.act(call, chance.choice(self.cast.people) if chance.random() < 0.15 else due)

    def relay(self, chance: Random, prepared: Prepared) -> None:
        """Send a call with signatures: anybody may, unless it is the sender's own word."""
        call, calldata, sender = prepared
        due = sender if sender and chance.random() < 0.9 else chance.choice(self.cast.people)
        self.twins.act(call, due, calldata)
        self.remember(call)

    def remember(self, call: Call) -> None:
        if isinstance(call, rules.Reserve) and self.stage(call.order) is not Stage.NONE and (call.voucher, call.order) not in self.orders:
            self.orders.append((call.voucher, call.order))

    def programme(self, voucher: Voucher) -> Programme:
        return self.ledger.programmes[voucher.programme]

    def parties(self, voucher: Voucher, order: Order) -> tuple[Address, Address]:
        """Who signs for the firm and for the lab now."""
        firm = Firm(self.programme(voucher).region, voucher.firm)
        return self.ledger.firms[id_of(firm)].signer, self.ledger.labs[order.lab].signer

    def stage(self, order: Order) -> Stage:
        return self.ledger.orders[id_of(order)].stage

    def life(self, chance: Random, twist: str, *stages: Stage) -> Life:
        """An order at one of these stages, if there is any; with a twist any order."""
        due = [] if twist == "any stage" else [each for each in self.orders if self.stage(each[1]) in stages]
        return chance.choice(due or self.orders)

    def several(self, chance: Random, twist: str, *stages: Stage) -> list[Life]:
        found = [self.life(chance, twist, *stages) for _ in range(chance.randint(1, 3))]
        return [*found, found[0]] if twist == "twice" else list(dict.fromkeys(found))

    def flagged(self) -> list[Id]:
        return [subject for subject, flag in self.ledger.flags.items() if flag.until >= self.twins.next]

    def subjects(self) -> list[Id]:
        return [*self.cast.labs, *map(id_of, self.cast.firms)]

    def claim(self, voucher: Voucher, order: Order) -> Claim:
        """What the order is owed, or would be if there were a redemption."""
        order_id = id_of(order)
        known = self.ledger.claims.get(order_id)
        if known is not None:
            return known
        parts = (voucher.programme, order.voucher, order_id, NO_ID, order.lab, voucher.firm, Fen(1), voucher.denomination)
        return Claim(*parts, NO_ADDRESS, NO_ADDRESS)

    def filing(self, voucher: Voucher, order: Order, *, other: bool) -> Filing:
        nothing = Redemption(id_of(order), 0, Fen(1), Fen(1), tag("a"), tag("i"), Fen(1), digest("r"), Time(0))
        redemption = self.ledger.redemptions.get(id_of(order)) or nothing
        return Filing(self.claim(voucher, order), replace(redemption, cost=fen(redemption.cost + 1)) if other else redemption)

    def reviewer(self, voucher: Voucher, *, second: bool = False) -> Address:
        region = self.programme(voucher).region
        caretaker = self.ledger.regions[region].caretaker
        return self.office(region, "second_reviewer" if second else "reviewer") if caretaker == NO_ADDRESS else caretaker

    def payer(self, voucher: Voucher, order: Order) -> Address:
        region = self.programme(voucher).payer or self.ledger.labs[order.lab].region
        return self.office(region, "payer") if region in REGIONS else self.cast.people[0]

    # Calls that carry signatures: sent alone, or in a batch

    def consent(self, record: Any, parties: tuple[Address, Address], how: str) -> tuple[Signatures, Address | None]:
        """Both parties' consent in one of the ways that there are."""
        firm, lab = (self.twins.sign(record, each) for each in parties)
        stranger = self.twins.sign(record, self.cast.people[0])
        match how:
            case "lab sends":
                return Signatures(firm=firm), parties[1]
            case "firm sends":
                return Signatures(lab=lab), parties[0]
            case "nobody":
                return Signatures(), None
            case "stranger for firm":
                firm = stranger
            case "stranger for lab":
                lab = stranger
            case "places changed":
                firm, lab = lab, firm
            case "one bit":
                lab = lab[:-1] + bytes([lab[-1] ^ 1])
            case "garbage":
                firm = b"\xff" * 64
        return Signatures(firm=firm, lab=lab), None

    def reserve_call(self, chance: Random, *, well: bool = False, voucher: Voucher | None = None, lab: Id | None = None) -> Prepared:
        twists = ("again", "other voucher", "nothing", "over", "fraction", "stale", "unknown voucher", "unknown lab")
        twist = "" if well else sometimes(chance, *twists)
        left = [each for each in self.vouchers if self.ledger.balances[id_of(each)].available]
        voucher = voucher or chance.choice(left or self.vouchers)
        order = self.order(chance, voucher, twist, well=well)
        order = replace(order, lab=lab) if lab else order
        if twist == "again" and self.orders:
            voucher, order = chance.choice(self.orders)
        elif twist == "other voucher":
            voucher = chance.choice(self.vouchers)
        elif twist == "unknown voucher":
            voucher = replace(voucher, serial=tag("no such serial"))
            order = replace(order, voucher=id_of(voucher))
        firm, host = self.parties(voucher, order)
        how = "" if well else sometimes(chance, *WAYS)
        signatures, sender = self.consent(order, (firm, firm if host == NO_ADDRESS else host), how)
        call = rules.Reserve(voucher, order, self.twins.signers(order, signatures))
        return call, calldata_of(call, signatures), sender

    def order(self, chance: Random, voucher: Voucher, twist: str, *, well: bool) -> Order:
        programme, available = self.programme(voucher), self.ledger.balances[id_of(voucher)].available
        notes = max(available // voucher.denomination // chance.randint(1, 4), 1)
        amount = voucher.face if programme.joint and chance.random() < 0.9 else notes * voucher.denomination
        first, second = self.cast.items
        items = [*[first] * 6, second, NO_ID] if programme.itemised else [*[NO_ID] * 6, first, second]
        labs = self.cast.labs[:1] if well or chance.random() < 0.5 else self.cast.labs
        return Order(
            voucher=id_of(voucher),
            lab=tag("no such lab") if twist == "unknown lab" else chance.choice(labs),
            item=items[0] if well else chance.choice(items),
            project=tag(f"project {1 if well else chance.randint(1, 2)}"),
            amount=fen({"nothing": 0, "over": available + voucher.denomination, "fraction": amount + 1}.get(twist, amount)),
            valid_until=Time(self.twins.next - 1 if twist == "stale" else self.twins.next + 7 * DAY),
            nonce=self.fresh(),
        )

    def redeem_call(self, chance: Random, life: Life | None = None) -> Prepared:
        well = life is not None
        twist = "" if well else sometimes(chance, "any stage", "stale", "attempt before", "other order", "other voucher")
        voucher, order = life or self.life(chance, twist, Stage.OPEN)
        programme, redemption = self.programme(voucher), self.redemption(chance, voucher, order, twist, well=well)
        at_home = self.ledger.labs[order.lab].region == programme.region
        unpaid = "firm" if (programme.paid_home if at_home else programme.paid_across) is Paid.LAB else "lab"
        how = "" if well else sometimes(chance, *WAYS)
        signatures, sender = self.consent(redemption, self.parties(voucher, order), how)
        if chance.random() < 0.2:
            who = often(chance, "reviewer", "sender", "stranger", "paid party", "unpaid party", "wrong place")
            signatures, sender = self.stood_in(redemption, programme, signatures, unpaid, who)
        if twist == "other voucher":
            voucher = chance.choice(self.vouchers)
        call = rules.Redeem(voucher, order, redemption, self.twins.signers(redemption, signatures, stands_in=unpaid))
        return call, calldata_of(call, signatures), sender

    def redemption(self, chance: Random, voucher: Voucher, order: Order, twist: str, *, well: bool) -> Redemption:
        programme, state = self.programme(voucher), self.ledger.orders[id_of(order)]
        cost, agreement = fen(max(state.amount * chance.randint(1, 12) // 4, 1)), tag(f"agreement {chance.randint(1, 3)}")
        base = 0 if programme.flat else self.ledger.agreements[voucher.programme, agreement]
        most = rules.marginal(programme.slices, base=base, cost=cost)
        within = max(min(most, state.amount), 1)
        asked = {"half": within // 2 + 1, "one": 1, "over rule": most + 1, "over order": state.amount + 1, "nothing": 0}
        how = sometimes(chance, "half", "one") if well else sometimes(chance, *asked)
        kind = sometimes(chance, "shared") if well else sometimes(chance, *["shared"] * 3, "other amount", "none", "too small", "no cost")
        invoice, amount = self.invoice(chance, cost, kind)
        return Redemption(
            order=id_of(chance.choice(self.orders)[1] if twist == "other order" else order),
            attempt=(state.attempt - (twist == "attempt before")) % 256,
            cost=Fen(0) if kind == "no cost" else cost,
            subsidy=fen(asked.get(how, within)),
            agreement=agreement,
            invoice=invoice,
            invoice_amount=amount,
            result=digest(f"result {self.count}"),
            valid_until=Time(self.twins.next - 1 if twist == "stale" else self.twins.next + 30 * DAY),
        )

    def invoice(self, chance: Random, cost: Fen, kind: str) -> tuple[Tag, Fen]:
        """An invoice's tag and amount: a new one just large enough, or one with room for others, or another's."""
        live = [(each, self.ledger.invoices[each].amount) for each in self.ledger.invoices.touched() if self.ledger.invoices[each].claims]
        if kind in ("shared", "other amount") and live:
            invoice, amount = chance.choice(live)
            return invoice, fen(amount + (kind == "other amount"))
        sizes = {"shared": cost * 3, "too small": cost - 1}
        return Tag(bytes(32)) if kind == "none" else tag(f"invoice {self.fresh()}", epoch=26), fen(sizes.get(kind, cost))

    def stood_in(
        self, redemption: Redemption, programme: Programme, signatures: Signatures, unpaid: str, who: str
    ) -> tuple[Signatures, Address | None]:
        """A reviewer's signature in the place of the party that is not paid, or something that only looks like it."""
        record = StandIn(id_of(redemption), digest("the party is gone"))
        reviewer = self.office(programme.region, "reviewer")
        signed, sender, place = self.twins.sign(record, reviewer), None, unpaid
        if who == "stranger":
            signed = self.twins.sign(record, self.cast.people[0])
        elif who == "wrong place":
            place = "lab" if unpaid == "firm" else "firm"
        elif who == "sender":
            signed, sender = bytes(64), reviewer
        elif who in ("paid party", "unpaid party"):
            party = self.parties_of(redemption)[(unpaid == "firm") is (who == "paid party")]
            signed = self.twins.sign(record, party)
        return replace(signatures, **{place: signed, "reason": record.reason}), sender

    def parties_of(self, redemption: Redemption) -> tuple[Address, Address]:
        life = next((each for each in self.orders if id_of(each[1]) == redemption.order), self.orders[0])
        return self.parties(*life)

    def release_call(self, chance: Random) -> Prepared:
        twist = sometimes(chance, "any stage", "stale", "attempt before", "other order", "other voucher")
        voucher, order = self.life(chance, twist, Stage.REQUESTED, Stage.OPEN)
        attempt = self.ledger.orders[id_of(order)].attempt - (twist == "attempt before")
        other = chance.choice(self.orders)[1]
        valid_until = Time(self.twins.next - 1 if twist == "stale" else self.twins.next + DAY)
        consent = Release(id_of(other if twist == "other order" else order), attempt % 256, valid_until)
        signatures, sender = self.consent(consent, self.parties(voucher, order), sometimes(chance, *WAYS))
        if twist == "other voucher":
            voucher = chance.choice(self.vouchers)
        call = rules.ReleaseOrder(voucher, order, consent, self.twins.signers(consent, signatures))
        return call, calldata_of(call, signatures), sender

    # A voucher's life

    def issue(self, chance: Random) -> None:
        programme_id, record = chance.choice(list(self.ledger.programmes.items()))
        own = [each for each in self.cast.firms if each.region == record.region] or self.cast.firms
        twist, now = sometimes(chance, "twice", "past", "fraction", "none", "stranger", "no programme"), self.twins.next
        terms = Terms(
            programme=Id(digest("no such programme")) if twist == "no programme" else programme_id,
            face=Fen(FACE + 1 if twist == "fraction" else FACE),
            denomination=Fen({"none": 0, "fraction": 2}.get(twist) or chance.choice((FEN, NOTE, FACE)) * (twist != "none")),
            use_by=Time(now - 1 if twist == "past" else now + 100 * DAY),
            claim_by=Time(now + 130 * DAY),
        )
        recipients = [Recipient(chance.choice(own).firm, tag(f"serial {self.fresh()}")) for _ in range(chance.randint(1, 3))]
        if twist == "stranger":
            recipients[-1] = replace(recipients[-1], firm=tag("no such firm"))
        if twist == "twice":
            recipients.append(recipients[0])
        self.send(chance, rules.Issue(terms, tuple(recipients)), self.office(record.region, "issuer"))
        vouchers = [voucher_of(terms, each) for each in recipients]
        self.vouchers += [each for each in vouchers if id_of(each) in self.ledger.vouchers and each not in self.vouchers]

    def reserve(self, chance: Random) -> None:
        self.relay(chance, self.reserve_call(chance))

    def reserve_well(self, chance: Random) -> None:
        self.relay(chance, self.reserve_call(chance, well=True))

    def redeem(self, chance: Random) -> None:
        self.relay(chance, self.redeem_call(chance))

    def release(self, chance: Random) -> None:
        self.relay(chance, self.release_call(chance))

    def try_each(self, chance: Random) -> None:
        prepared = [chance.choice((self.reserve_call, self.redeem_call, self.release_call))(chance) for _ in range(chance.randint(1, 4))]
        if chance.random() < 0.2:
            call = rules.Settle((), digest("payment"))
            prepared.append((call, calldata_of(call), None))
        calls, calldata, senders = zip(*prepared, strict=True)
        # What is one sender's own word is so in a batch, too.
        sender = next((each for each in senders if each), chance.choice(self.cast.people))
        self.twins.act(rules.TryEach(calls), sender, encode_try_each(calldata))
        for call in calls:
            self.remember(call)

    def approve_or_decline(self, chance: Random) -> None:
        twist = sometimes(chance, "any stage", "twice", "other voucher", "own case")
        lives = self.several(chance, twist, Stage.REQUESTED)
        due = chance.choice(self.parties(*lives[0])) if twist == "own case" else self.reviewer(lives[0][0])
        if twist == "other voucher":
            lives[-1] = (chance.choice(self.vouchers), lives[-1][1])
        verb = chance.choice((rules.Approve, rules.Approve, rules.Decline))
        self.send(chance, verb(tuple(Reservation(*life) for life in lives)), due)

    def extend(self, chance: Random) -> None:
        voucher, order = self.life(chance, sometimes(chance, "any stage"), Stage.OPEN)
        until = Time(self.twins.next + chance.choice((1, 45, 90, 90, 91)) * DAY)
        self.send(chance, rules.Extend(Reservation(voucher, order), until), self.reviewer(voucher))

    def endorse_or_accept(self, chance: Random) -> None:
        twist = sometimes(chance, "any stage", "twice", "more", "no stand-in", "same reviewer", "own case")
        verb = chance.choice((rules.Endorse, rules.Accept))
        lives = self.several(chance, twist, *((Stage.REDEEMED,) if verb is rules.Endorse else (Stage.REDEEMED, Stage.ENDORSED)))
        claims = [self.claim(*life) for life in lives]
        if twist == "more":
            claims[-1] = replace(claims[-1], subsidy=fen(claims[-1].subsidy + 1))
        if twist == "no stand-in":
            claims[-1] = replace(claims[-1], stand_in=NO_ADDRESS, endorser=NO_ADDRESS)
        voucher, order = lives[0]
        due = self.reviewer(voucher, second=verb is rules.Accept and twist != "same reviewer")
        if verb is rules.Endorse:
            due = self.endorser(voucher, order)
        if twist == "own case":
            due = chance.choice(self.parties(voucher, order))
        self.send(chance, verb(tuple(claims)), due)

    def endorser(self, voucher: Voucher, order: Order) -> Address:
        programme = self.programme(voucher)
        at_host = programme.first_review is FirstReview.HOST
        region = self.ledger.labs[order.lab].region if at_host else programme.region
        return self.office(region, "reviewer")

    def reject(self, chance: Random) -> None:
        twist = sometimes(chance, "any stage", "twice", "other redemption")
        lives = self.several(chance, twist, Stage.REDEEMED, Stage.ENDORSED, Stage.ACCEPTED)
        filings = [self.filing(*life, other=twist == "other redemption") for life in lives]
        accepted = self.stage(lives[0][1]) is Stage.ACCEPTED
        self.send(chance, rules.Reject(tuple(filings)), self.payer(*lives[0]) if accepted else self.reviewer(lives[0][0]))

    def settle(self, chance: Random) -> None:
        twist = sometimes(chance, "any stage", "twice", "more")
        lives = self.several(chance, twist, Stage.ACCEPTED)
        claims = [self.claim(*life) for life in lives]
        if twist == "more":
            claims[-1] = replace(claims[-1], subsidy=fen(claims[-1].subsidy + 1))
        self.send(chance, rules.Settle(tuple(claims), digest(f"payment {self.fresh()}")), self.payer(*lives[0]))

    def reverse(self, chance: Random) -> None:
        voucher, order = self.life(chance, sometimes(chance, "any stage"), Stage.SETTLED)
        claim = self.claim(voucher, order)
        recover = chance.choice((claim.subsidy, claim.subsidy, claim.subsidy // 2 + 1, 0, claim.subsidy + 1))
        self.send(chance, rules.Reverse(claim, fen(recover), digest("fraud")), self.reviewer(voucher))

    def refund(self, chance: Random) -> None:
        twist = sometimes(chance, "any stage", "other redemption")
        voucher, order = self.life(chance, twist, Stage.REVERSED)
        filing = self.filing(voucher, order, other=twist == "other redemption")
        self.send(chance, rules.Refund(filing), self.payer(voucher, order))

    def go_on(self, chance: Random) -> None:
        """An order's next steps when all goes well, so that trials get far; now and then to its end when it went ill."""
        ill = (Stage.SETTLED, Stage.REVERSED) if chance.random() < 0.2 else ()
        stages = (Stage.REQUESTED, Stage.OPEN, Stage.REDEEMED, Stage.ENDORSED, Stage.ACCEPTED, *ill)
        voucher, order = self.life(chance, "", *stages)
        for _ in range(chance.randint(1, 3)):
            self.step(chance, voucher, order)

    def step(self, chance: Random, voucher: Voucher, order: Order) -> None:
        claim = self.claim(voucher, order)
        match self.stage(order):
            case Stage.REQUESTED:
                self.approve((voucher, order))
            case Stage.OPEN if self.lonely(voucher, order):
                self.reserve_well(chance)
            case Stage.OPEN:
                self.redeem_well(chance, (voucher, order))
            case Stage.REDEEMED if self.programme(voucher).first_review is not FirstReview.NONE:
                self.twins.act(rules.Endorse((claim,)), self.endorser(voucher, order))
            case Stage.REDEEMED | Stage.ENDORSED:
                self.twins.act(rules.Accept((claim,)), self.reviewer(voucher, second=True))
            case Stage.ACCEPTED:
                self.twins.act(rules.Settle((claim,), digest(f"payment {self.fresh()}")), self.payer(voucher, order))
            case Stage.SETTLED:
                self.twins.act(rules.Reverse(claim, claim.subsidy, digest("fraud")), self.reviewer(voucher))
            case Stage.REVERSED:
                self.twins.act(rules.Refund(self.filing(voucher, order, other=False)), self.payer(voucher, order))

    def lonely(self, voucher: Voucher, order: Order) -> bool:
        """Whether a joint voucher's order still waits for partners."""
        partnership = self.ledger.partnerships[joint_id(voucher.programme, order.project, order.lab)]
        return self.programme(voucher).joint and not partnership.reached

    # Programmes and their money

    def open(self, chance: Random) -> None:
        known = list(self.ledger.programmes.items())
        twists = ("exists", "no days", "no slices", "too many", "rising rate", "same limit", "no such payer")
        twist = sometimes(chance, *twists) if len(known) < MOST_PROGRAMMES else chance.choice(twists)
        slices = {
            "no slices": (),
            "too many": tuple(Slice(Fen(limit), 100) for limit in range(1, 8)),
            "rising rate": (Slice(Fen(1), 100), Slice(Fen(2), 101)),
            "same limit": (Slice(Fen(1), 100), Slice(Fen(1), 100)),
        }.get(twist, FALLING)
        programme = Programme(
            region=chance.choice((CHANGXING, BEIJING, SHANGHAI)),
            code=f"NEW-{self.fresh()}",
            payer=Region(999_999) if twist == "no such payer" else chance.choice((*REGIONS, Region(0))),
            paid_home=Paid.LAB,
            paid_across=Paid.FIRM,
            approval=Approval.NEVER,
            first_review=FirstReview.NONE,
            itemised=False,
            min_partners=chance.randint(0, 2),
            hold_days=0 if twist == "no days" else 60,
            slices=slices,
            policy_hash=digest("policy"),
        )
        if twist == "exists":
            _, programme = chance.choice(known)
        self.send(chance, rules.Open(programme), self.office(programme.region, "issuer"))

    def fund_or_draw(self, chance: Random) -> None:
        programme_id, record = chance.choice(list(self.ledger.programmes.items()))
        twist = sometimes(chance, "named payer", "nothing", "all", "one more", "overflow", "no programme")
        pool = self.ledger.pools[programme_id]
        free = pool.funded - pool.committed
        amount = {"nothing": 0, "all": free, "one more": free + 1, "overflow": UNLIMITED}.get(twist, chance.randint(1, 20_000) * YUAN)
        due = self.office(record.payer if twist == "named payer" and record.payer else record.region, "payer")
        named = Id(digest("no such programme")) if twist == "no programme" else programme_id
        verb = chance.choice((rules.Fund, rules.Draw))
        self.send(chance, verb(named, fen(amount), digest(f"bank {chance.randint(1, 40)}")), due)

    # The directory

    def set_standing(self, chance: Random) -> None:
        stopped = [each for each in self.cast.labs if self.ledger.labs[each].standing is not Standing.ACTIVE]
        again = chance.random() < (0.6 if stopped else 0.1)
        verb = rules.Reinstate if again else chance.choice((rules.Suspend, rules.Exit, rules.Freeze))
        lab = chance.choice(stopped if stopped and again else self.cast.labs)
        self.send(chance, verb(lab), self.office(self.ledger.labs[lab].region, "directory"))

    def renew(self, chance: Random) -> None:
        lab = chance.choice(self.cast.labs)
        seller = chance.choice((tag("another seller"), chance.choice(self.cast.firms).firm, Tag(bytes(32)), tag("a third seller")))
        call = rules.Renew(lab, seller, Time(self.twins.next + chance.choice((5, 400)) * DAY))
        self.send(chance, call, self.office(self.ledger.labs[lab].region, "directory"))

    def admit(self, chance: Random) -> None:
        region, code = chance.choice(REGIONS), f"new {self.fresh()}"
        signer, named = self.new_key(chance), tag(code)
        twist = sometimes(chance, "again", "no tag")
        lab = chance.choice([each for _, each in self.ledger.lab_records.items()]) if twist == "again" else Lab(region, tag(code), code)
        call = rules.Admit(lab, signer, Tag(bytes(32)) if twist == "no tag" else named, Time(self.twins.next + DAY))
        self.send(chance, call, self.office(lab.region, "directory"))

    def enrol(self, chance: Random) -> None:
        region, twist = chance.choice(REGIONS), sometimes(chance, "again", "no tag")
        firm = Firm(region, Tag(bytes(32)) if twist == "no tag" else tag(f"new {self.fresh()}"))
        firm = chance.choice(self.cast.firms) if twist == "again" else firm
        self.send(chance, rules.Enrol(firm, self.new_key(chance)), self.office(firm.region, "directory"))

    def list_items(self, chance: Random) -> None:
        lab, code = chance.choice(self.cast.labs), f"new {self.fresh()}"
        codes = {"no code": (code, ""), "again": (code, code)}.get(sometimes(chance, "no code", "again"), (code,))
        self.send(chance, rules.ListItems(lab, codes), self.office(self.ledger.labs[lab].region, "directory"))

    def new_key(self, chance: Random) -> Address:
        """Mostly a key that nobody has yet, one of eight."""
        twist = sometimes(chance, "an office's", "none")
        return {"an office's": self.office(CHANGXING, "payer"), "none": NO_ADDRESS}.get(twist, chance.choice(self.cast.people[1:9]))

    def rotate(self, chance: Random) -> None:
        twist = sometimes(chance, "unknown")
        waiting = [subject for subject, _ in self.ledger.rotations.items()]
        verb = chance.choice((rules.Rotate, rules.CompleteRotation, rules.VetoRotation) if waiting else (rules.Rotate,))
        subject = chance.choice(self.subjects() if verb is rules.Rotate else waiting)
        subject = Id(digest("nobody")) if twist == "unknown" else subject
        if verb is rules.CompleteRotation and chance.random() < 0.5:
            self.twins.wait_until(self.ledger.rotations[subject].from_)
        lab, firm = self.ledger.labs[subject], self.ledger.firms[subject]
        current, region = (lab.signer, lab.region) if lab.region else (firm.signer, firm.region or CHANGXING)
        by_office = verb is rules.Rotate and chance.random() < 0.7
        due = self.office(region, "directory") if by_office or current == NO_ADDRESS else current
        self.send(chance, rules.Rotate(subject, self.new_key(chance)) if verb is rules.Rotate else verb(subject), due)

    def recognise_or_withdraw(self, chance: Random) -> None:
        twist = sometimes(chance, "firm", "later", "turned round")
        named = [chance.choice([*self.cast.labs, *self.cast.items]) for _ in range(chance.randint(1, 3))]
        if twist == "firm":
            named[-1] = id_of(chance.choice(self.cast.firms))
        from_ = Time(self.twins.next + {"later": 5, "turned round": 50}.get(twist, 0) * DAY)
        until = Time(self.twins.next + chance.choice((30, 40, 400)) * DAY)
        region = chance.choice((CHANGXING, BEIJING))
        call: Call = rules.Recognise(tuple(named), from_, until)
        if chance.random() < 0.4:
            open_ = [each for (of, each), window in self.ledger.recognitions.items() if of == region and window.until >= self.twins.next]
            call = rules.Withdraw((chance.choice(open_),) if open_ and chance.random() < 0.7 else tuple(named))
        self.send(chance, call, self.office(region, "directory"))

    def flag(self, chance: Random) -> None:
        due = self.office(chance.choice(REGIONS), "directory")
        self.send(chance, rules.FlagSubject(self.suspect(chance), digest("fraud")), due)

    def second(self, chance: Random) -> None:
        subject = self.suspect(chance)
        others = [each for each in REGIONS if each != self.ledger.flags[subject].by]
        region = chance.choice(others if chance.random() < 0.8 else REGIONS)
        self.send(chance, rules.Second(subject, digest("fraud")), self.office(region, "directory"))

    def unflag(self, chance: Random) -> None:
        subject = self.suspect(chance)
        region = self.ledger.flags[subject].by or CHANGXING
        self.send(chance, rules.Unflag(subject), self.office(region, "directory"))

    def suspect(self, chance: Random) -> Id:
        flagged = self.flagged()
        return chance.choice(flagged if flagged and chance.random() < 0.7 else [*self.subjects(), Id(digest("nobody"))])

    # The consortium

    def move(self, chance: Random) -> None:
        """A motion, now and then with a twin, the votes of some members, and if they are enough perhaps its effect."""
        twist = sometimes(chance, "own case", "twice", "expired", "too long", "no region", "stranger")
        motion = self.motion(chance, twist)
        regions = [each for each in REGIONS if each != motion.region][: chance.choice((5, 5, 4, 4, 6, 3, 1))]
        if twist == "own case" and motion.region in REGIONS:
            regions.append(motion.region)
        if twist == "twice":
            regions.append(regions[0])
        motions = [motion, replace(motion, nonce=self.fresh())] if chance.random() < 0.2 else [motion]
        for each, region in product(motions, regions):
            voter = self.cast.people[0] if twist == "stranger" else self.admin(region)
            self.twins.act(rules.Vote(each), voter)
        self.motions += motions
        if not twist and chance.random() < 0.7:
            vetoed = motion.kind is MotionKind.REPLACE_KEYS and chance.random() < 0.5
            self.put_into_effect(chance, motion, rules.Veto(motion) if vetoed else self.effect(motion))

    def motion(self, chance: Random, twist: str) -> Motion:
        region, account, other, subject = Region(0), NO_ADDRESS, NO_ADDRESS, NO_ID
        spare, another = chance.sample(self.cast.people[1:9], 2)
        suspended = [each for each in REGIONS if self.ledger.regions[each].status is RegionStatus.SUSPENDED]
        paid = [each for each in self.orders if self.stage(each[1]) in (Stage.SETTLED, Stage.REVERSED)]
        kinds = [MOTIONS, OF_THE_LEDGER, [MotionKind.REPLACE_KEYS]]
        kinds += [[MotionKind.VOID_CLAIM]] * bool(paid) + [[MotionKind.LIFT_FLAG]] * bool(self.flagged())
        kinds += [[MotionKind.REINSTATE, MotionKind.NAME_CARETAKER]] * bool(suspended)
        kind = chance.choice(chance.choice(kinds))
        match kind:
            case MotionKind.ADMIT:
                region, account, other = Region(chance.choice((440_000, 450_000, 99))), spare, chance.choice((another, spare, NO_ADDRESS))
            case MotionKind.SUSPEND:
                region = chance.choice((CHANGXING, SHANGHAI, BEIJING))
            case MotionKind.REINSTATE:
                region = chance.choice(suspended or REGIONS)
            case MotionKind.NAME_CARETAKER:
                region, account = (
                    chance.choice(suspended or REGIONS),
                    self.office(chance.choice(REGIONS), chance.choice(("reviewer", "second_reviewer", "payer"))),
                )
            case MotionKind.REPLACE_KEYS:
                region, account, other = chance.choice(REGIONS), spare, another
            case MotionKind.AUTHORISE_REGISTRY | MotionKind.AUTHORISE_CLAIMANT:
                account = spare
            case MotionKind.RETIRE_REGISTRY | MotionKind.CLOSE_REGISTRY:
                known = [each for each, _ in self.ledger.registries.items()]
                account = chance.choice([*known, spare])
            case MotionKind.VOID_CLAIM if self.orders:
                voucher, order = chance.choice(paid or self.orders)
                region, account, subject = self.programme(voucher).region, self.ledger.registry, id_of(order)
            case MotionKind.LIFT_FLAG:
                subject = chance.choice(self.flagged() or self.subjects())
                region = self.ledger.labs[subject].region or self.ledger.firms[subject].region
        days = {"expired": -1, "too long": 91}.get(twist, 60)
        region = Region(555_555) if twist == "no region" else region
        return Motion(kind, region, account, other, subject, Time(self.twins.next + days * DAY), self.fresh())

    def enact(self, chance: Random) -> None:
        if not self.motions:
            return
        motion = chance.choice(self.motions)
        twist = sometimes(chance, "wrong contract")
        call = self.effect(motion)
        if motion.kind is MotionKind.REPLACE_KEYS and chance.random() < 0.5:
            call = rules.Veto(motion)
        elif twist == "wrong contract":
            call = rules.Enact(motion) if not isinstance(call, rules.Enact) else rules.SetRegistry(motion, None)
        self.put_into_effect(chance, motion, call)

    def look_after(self, chance: Random) -> None:
        """A region whose orders wait is suspended and named a caretaker, who then does what is due."""
        voucher, _ = self.life(chance, "", Stage.REQUESTED, Stage.REDEEMED, Stage.ENDORSED, Stage.SETTLED)
        region = self.programme(voucher).region
        elsewhere = chance.choice([each for each in REGIONS if each != region])
        for kind, account in ((MotionKind.SUSPEND, NO_ADDRESS), (MotionKind.NAME_CARETAKER, self.office(elsewhere, "reviewer"))):
            self.decide(chance, Motion(kind, region, account, NO_ADDRESS, NO_ID, Time(self.twins.next + DAY), self.fresh()))
        waiting = [each for each in self.orders if self.programme(each[0]).region == region]
        for life in waiting[-3:]:
            self.finish(chance, *life)

    def void(self, chance: Random) -> None:
        """A settled claim no longer counts on its invoice."""
        voucher, order = self.life(chance, "", Stage.SETTLED, Stage.REVERSED)
        about = (self.programme(voucher).region, self.ledger.registry, NO_ADDRESS, id_of(order))
        self.decide(chance, Motion(MotionKind.VOID_CLAIM, *about, Time(self.twins.next + DAY), self.fresh()))

    def decide(self, chance: Random, motion: Motion) -> None:
        """Four members carry a motion, and it is put into effect."""
        for each in [each for each in REGIONS if each != motion.region][:4]:
            self.twins.act(rules.Vote(motion), self.admin(each))
        self.motions.append(motion)
        self.put_into_effect(chance, motion, self.effect(motion))

    def finish(self, chance: Random, voucher: Voucher, order: Order) -> None:
        """What a caretaker may do with an order where it stands."""
        by, claim = self.reviewer(voucher), self.claim(voucher, order)
        match self.stage(order):
            case Stage.REQUESTED:
                self.twins.act(rules.Decline((Reservation(voucher, order),)), by)
            case Stage.REDEEMED | Stage.ENDORSED if chance.random() < 0.5:
                self.twins.act(rules.Reject((self.filing(voucher, order, other=False),)), by)
            case Stage.REDEEMED if self.programme(voucher).first_review is FirstReview.HOME:
                self.twins.act(rules.Endorse((claim,)), by)
            case Stage.REDEEMED | Stage.ENDORSED:
                self.twins.act(rules.Accept((claim,)), by)
            case Stage.SETTLED:
                self.twins.act(rules.Reverse(claim, claim.subsidy, digest("fraud")), by)

    def put_into_effect(self, chance: Random, motion: Motion, call: Call) -> None:
        before = self.twins.refusals
        state = self.ledger.regions[motion.region]
        self.send(
            chance, call, state.recovery if isinstance(call, rules.Veto) and state.recovery in self.twins.keys else self.cast.people[0]
        )
        if not isinstance(call, rules.Veto | rules.Enact) and self.twins.refusals == before:
            # That it was used cannot be folded from any event, and trying it again is not tried.
            self.motions.remove(motion)

    def effect(self, motion: Motion) -> Call:
        match motion.kind:
            case MotionKind.LIFT_FLAG:
                return rules.Lift(motion)
            case MotionKind.VOID_CLAIM if self.orders:
                life = next((each for each in self.orders if id_of(each[1]) == motion.subject), self.orders[0])
                filing = self.filing(*life, other=False)
                return rules.VoidClaim(motion, filing.claim, filing.redemption)
            case MotionKind.AUTHORISE_REGISTRY:
                return rules.SetRegistry(motion, None)  # nobody's account is a contract that could answer
            case MotionKind.AUTHORISE_CLAIMANT | MotionKind.RETIRE_REGISTRY | MotionKind.CLOSE_REGISTRY:
                return rules.SetRegistry(motion)
        return rules.Enact(motion)

    def admin(self, region: Region) -> Address:
        """A region's admin, or while it has none a stranger."""
        admin = self.ledger.regions[region].admin
        return admin if admin in self.twins.keys else self.cast.people[0]

    def offer(self, chance: Random) -> None:
        account = chance.choice((*self.cast.people[1:9], *self.cast.people[1:9], NO_ADDRESS, chance.choice(self.cast.people)))
        role = chance.choice((*Role, Role.REVIEWER, Role.PAYER))
        self.send(chance, rules.OfferRole(account, role), self.admin(chance.choice(REGIONS)))
        if chance.random() < 0.5:
            self.take_up(chance)

    def take_up(self, chance: Random) -> None:
        """Something that was offered to whoever sends this, now and then something else."""
        offered = [(account, region, offer.role) for (region, account), offer in self.ledger.offers.items()]
        for region, keys in self.ledger.offered_keys.items():
            offered += [(keys.admin, region, Role.ADMIN), (keys.recovery, region, Role.RECOVERY)]
        standing = [each for each in offered if each[0] in self.twins.keys]
        account, region, role = chance.choice(standing or [(self.cast.people[1], CHANGXING, Role.NONE)])
        twist = sometimes(chance, "other role", "other region")
        role = chance.choice([*Role]) if twist == "other role" else role
        self.send(chance, rules.TakeUp(chance.choice(REGIONS) if twist == "other region" else region, role), account)

    def revoke(self, chance: Random) -> None:
        region = chance.choice(REGIONS)
        held = [account for account, state in self.ledger.accounts.items() if state.region == region]
        offered = [account for of_region, account in self.ledger.offers if of_region == region]
        self.send(chance, rules.Revoke(chance.choice(offered if offered and chance.random() < 0.5 else held)), self.admin(region))

    def recover(self, chance: Random) -> None:
        verb, region = chance.choice((rules.Recover, rules.RotateRecovery)), chance.choice(REGIONS)
        named = chance.choice(self.cast.people[1:9] if chance.random() < 0.7 else self.cast.people[1:])
        self.send(chance, verb(named), self.ledger.regions[region].recovery)

    def close_month(self, chance: Random) -> None:
        pairs = ((CHANGXING, SHANGHAI), (SHANGHAI, CHANGXING), (CHANGXING, CHANGXING), (CHANGXING, Region(99)))
        home, host = chance.choice((pairs[0], *pairs))
        first, current = self.ledger.first_month, rules.month_of(self.twins.next)
        month = chance.choice((first, first, first, first - 1, current, current - 1, first - first % 100, first - first % 100 + 13))
        if chance.random() < 0.5:
            self.twins.wait_until(self.twins.now + 31 * DAY)
        statement = digest("statement") if chance.random() < 0.8 else Digest(bytes(32))
        due = self.office(chance.choice((home, host if host in REGIONS else home)), "reviewer")
        self.send(chance, rules.CloseMonth(home, host, month, statement), due)

    # Another subsidy for the same cost: it claims, and frees what it claimed

    def claim_for_others(self, chance: Random) -> None:
        ours = list(self.twins.watch.of_claimants.items())
        if ours and chance.random() < 0.6:
            (account, order), (invoice, counted) = chance.choice(ours)
            self.twins.act(rules.FreeInvoice(invoice, order, counted), account)
            return
        claimants = [each for each, _ in self.ledger.registries.items() if each != self.ledger.registry]
        cost = Fen(chance.choice((0, *[chance.randint(1, 5_000)] * 5)) * YUAN)
        invoice, amount = self.invoice(chance, cost, chance.choice(("shared", "shared", "none", "other amount")))
        state = self.ledger.invoices[invoice]
        seller = (state.seller if state.claims and chance.random() < 0.8 else tag("a third seller")[:12]).ljust(27, b"\0")
        call = rules.ClaimInvoice(invoice, Id(digest(f"other {self.fresh()}")), cost, amount, seller)
        self.send(chance, call, chance.choice(claimants or self.cast.people))

    def free_for_others(self, chance: Random) -> None:
        """Nobody else's account counts anything back."""
        strangers = [each for each in self.cast.people if not self.ledger.registries[each]]
        self.twins.act(rules.FreeInvoice(tag("invoice 1"), Id(digest("other")), Fen(1)), chance.choice(strangers))

    # Time

    def wait(self, chance: Random) -> None:
        self.twins.wait_until(self.twins.now + chance.choice((1, 1, 3, 10, 14, 30, 45)) * DAY)

    def at_the_edge(self, chance: Random) -> None:
        """Something in its last good second or in the next; or one second early or in the first."""
        horizon = self.twins.now + chance.choice((*[100] * 9, 500)) * DAY
        edges = [ahead for each in self.edges(chance) if (ahead := [one for one in each if self.twins.now < one[0] < horizon])]
        if edges:
            time, deed = chance.choice(sorted(chance.choice(edges), key=lambda edge: edge[0])[:3])
            self.twins.wait_until(time + chance.randint(0, 1))
            deed()

    def edges(self, chance: Random) -> list[list[Edge]]:
        ledger = self.ledger
        waiting = [life for life in self.orders if self.stage(life[1]) is Stage.REQUESTED]
        running = [life for life in self.orders if self.stage(life[1]) is Stage.OPEN]
        left = [each for each in self.vouchers if ledger.balances[id_of(each)].available]
        flags = [(subject, flag) for subject, flag in ledger.flags.items() if not flag.seconder]
        return [
            [(self.deadline(life), partial(self.redeem_well, chance, life)) for life in running],
            [(self.deadline(life) + 30 * DAY, partial(self.clear_away, life)) for life in waiting + running],
            [(life[0].claim_by, partial(self.approve, life)) for life in waiting],
            [(each.use_by, partial(self.reserve_there, chance, each, self.cast.labs[0])) for each in left],
            [(ledger.labs[lab].qualified_until, partial(self.reserve_there, chance, None, lab)) for lab in self.cast.labs],
            [
                (window.until, partial(self.reserve_there, chance, None, subject))
                for (_, subject), window in ledger.recognitions.items()
                if subject in self.cast.labs
            ],
            [(flag.until, partial(self.second_by_another, chance, subject)) for subject, flag in flags],
            [
                (rotation.from_ - 1, partial(self.twins.act, rules.CompleteRotation(subject), self.cast.people[0]))
                for subject, rotation in ledger.rotations.items()
            ],
            [
                (self.carried_at(each) + 14 * DAY - 1, partial(self.put_into_effect, chance, each, self.effect(each)))
                for each in self.motions
            ],
            [(self.carried_at(each) + 30 * DAY, partial(self.put_into_effect, chance, each, self.effect(each))) for each in self.motions],
        ]

    def deadline(self, life: Life) -> int:
        return self.ledger.orders[id_of(life[1])].deadline

    def carried_at(self, motion: Motion) -> int:
        """When a motion was carried; long ago if it never was, so that no edge lies ahead."""
        return self.ledger.motions[id_of(motion)].carried_at or -100 * DAY

    def redeem_well(self, chance: Random, life: Life) -> None:
        self.relay(chance, self.redeem_call(chance, life))

    def reserve_there(self, chance: Random, voucher: Voucher | None, lab: Id) -> None:
        self.relay(chance, self.reserve_call(chance, well=True, voucher=voucher, lab=lab))

    def approve(self, life: Life) -> None:
        self.twins.act(rules.Approve((Reservation(*life),)), self.reviewer(life[0]))

    def second_by_another(self, chance: Random, subject: Id) -> None:
        region = chance.choice([each for each in REGIONS if each != self.ledger.flags[subject].by])
        self.twins.act(rules.Second(subject, digest("fraud")), self.office(region, "directory"))

    def clear_away(self, life: Life) -> None:
        """A stranger releases an order that nobody moves."""
        voucher, order = life
        consent = Release(id_of(order), self.ledger.orders[id_of(order)].attempt, Time(2**40 - 1))
        call = rules.ReleaseOrder(voucher, order, consent, self.twins.signers(consent, Signatures()))
        self.twins.act(call, self.cast.people[0], calldata_of(call, Signatures()))


# How often each is chosen: what is done with orders at certain stages, what orders begin with, and what happens around them.
LIVES: Mapping[Deed, tuple[int, *tuple[Stage, ...]]] = {
    Consortium.go_on: (20, Stage.REQUESTED, Stage.OPEN, Stage.REDEEMED, Stage.ENDORSED, Stage.ACCEPTED),
    Consortium.redeem: (10, Stage.OPEN),
    Consortium.release: (4, Stage.REQUESTED, Stage.OPEN),
    Consortium.try_each: (5, Stage.REQUESTED, Stage.OPEN),
    Consortium.approve_or_decline: (8, Stage.REQUESTED),
    Consortium.extend: (4, Stage.OPEN),
    Consortium.endorse_or_accept: (8, Stage.REDEEMED, Stage.ENDORSED),
    Consortium.reject: (6, Stage.REDEEMED, Stage.ENDORSED, Stage.ACCEPTED),
    Consortium.settle: (5, Stage.ACCEPTED),
    Consortium.reverse: (5, Stage.SETTLED),
    Consortium.refund: (5, Stage.REVERSED),
    Consortium.void: (2, Stage.SETTLED, Stage.REVERSED),
    Consortium.look_after: (2, Stage.REQUESTED, Stage.REDEEMED, Stage.ENDORSED, Stage.SETTLED),
}
BEGINNINGS: dict[Deed, int] = {
    Consortium.issue: 3,
    Consortium.reserve: 12,
    Consortium.reserve_well: 12,
    Consortium.fund_or_draw: 5,
    Consortium.wait: 1,
    Consortium.at_the_edge: 2,
}
AROUND: dict[Deed, int] = {
    Consortium.open: 4,
    Consortium.set_standing: 8,
    Consortium.renew: 4,
    Consortium.admit: 5,
    Consortium.enrol: 4,
    Consortium.list_items: 3,
    Consortium.rotate: 12,
    Consortium.recognise_or_withdraw: 6,
    Consortium.flag: 10,
    Consortium.second: 6,
    Consortium.unflag: 8,
    Consortium.move: 16,
    Consortium.enact: 8,
    Consortium.offer: 6,
    Consortium.take_up: 4,
    Consortium.revoke: 4,
    Consortium.recover: 4,
    Consortium.close_month: 8,
    Consortium.claim_for_others: 6,
    Consortium.free_for_others: 2,
    Consortium.wait: 4,
    Consortium.at_the_edge: 8,
}
OF_THE_LEDGER = [MotionKind.AUTHORISE_CLAIMANT, MotionKind.RETIRE_REGISTRY, MotionKind.CLOSE_REGISTRY]
MOTIONS = [*(kind for kind in MotionKind if kind is not MotionKind.NONE), MotionKind.SUSPEND]

# Many short trials, each from the same world, however slow the machine is, and each by a seed of its own: of several by one seed
# Hypothesis makes most by changing little things in the one before. Nothing is kept between runs and nothing is fixed, also where
# Hypothesis would like every run to be the same (it does where CI is set).
RUN = settings(
    max_examples=1,
    stateful_step_count=STEPS_A_TRIAL,
    deadline=None,
    database=None,
    derandomize=False,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
    phases=[each for each in Phase if each is not Phase.explain],
)


@pytest.fixture
def world(nodes: Nodes, engine: Engine, contracts: Mapping[str, Artifact]) -> World:
    """A world on a node of its own, from a moment that is always the same: a seed means the same deeds in every run."""
    return World(nodes.start(engine, start_time=START_TIME), contracts)


def run(everything: Cast, steps: int, first_seed: int, *, full: bool) -> None:
    """
    Trials until so many steps were taken, each by the next seed.

    Chance may have left something out by then: a run goes on as long as it has, for as many steps again at most.
    """
    tally = everything.twins.tally
    machine = type("Trial", (Consortium,), {"cast": everything})

    # A function and not the class: before each trial Hypothesis looks up the source of what it is given.
    def trial() -> Consortium:
        return machine()

    for number in count(first_seed):
        if tally.steps >= steps and (tally.steps >= 2 * steps or not short_of(tally, full=full)):
            return
        try:
            run_state_machine_as_test(seed(number)(trial), settings=RUN)
        except BaseException as failure:
            failure.add_note(f"the same once more: {SEED}={number} (after {tally.steps} steps by seeds from {first_seed})")
            raise


def short_of(tally: Tally, *, full: bool) -> list[str]:
    """What a run did not come to although it should have."""
    wanted = {
        "verbs": (EVERY_VERB if full else SOME_VERBS) - tally.done.keys(),
        "stages": (EVERY_STAGE if full else frozenset({Stage.OPEN})) - tally.stages.keys(),
        "parties": (EVERY_PARTY if full else frozenset()) - tally.parties.keys(),
    }
    missing = [f"no such {kind}: {', '.join(sorted(map(str, names)))}" for kind, names in wanted.items() if names]
    if tally.share_refused > MOST_REFUSED:
        missing.append(f"more than {MOST_REFUSED:.0%} refused")
    return missing


@pytest.mark.slow
def test_contracts_and_rules_agree(engine, world, harness, record_property):
    first_seed = int(os.environ.get(SEED) or Random().getrandbits(32))
    everything = cast(world, harness)
    tally, began = everything.twins.tally, time.monotonic()

    run(everything, STEPS[EFFORT, engine], first_seed, full=FULL)

    record_property("state machine", f"{engine}, {EFFORT}, seeds from {first_seed}, {time.monotonic() - began:.0f} s: {tally.told()}")
    assert short_of(tally, full=FULL) == [], f"seeds from {first_seed}: {tally.told()}"


def test_a_run_that_met_only_refusals_proves_nothing():
    tally = Tally()
    for _ in range(1_000):
        tally.count(Ledger(registry=NO_ADDRESS), rules.Unflag(NO_ID), NO_ADDRESS, Rejected("NotDirectory"))

    assert "more than 55% refused" in short_of(tally, full=False)
    assert any("no such verbs" in each for each in short_of(tally, full=False))


@pytest.mark.parametrize("missing", ["unflag", Stage.REFUNDED, "caretaker"])
def test_a_run_that_misses_one_verb_stage_or_party_is_told(missing):
    tally = Tally(
        done=Counter(EVERY_VERB - {missing}), stages=Counter(EVERY_STAGE - {missing}), parties=Counter(EVERY_PARTY - {missing}), steps=1
    )

    (told,) = short_of(tally, full=True)

    assert told.endswith(f": {missing}")
