"""
VoucherRegistry (创新券登记): every voucher's life, from issue to settlement.

The transition table of `contracts/VoucherRegistry.sol`: each call with its guards in the contract's order and the events after
them, then the fold of those events. `tryEach` is in `registry.rules.decision`, for it decides calls.
"""

# ruff: noqa: D102 - `events` is told once, by `Call`, and what it does by the class

from collections.abc import Iterator
from dataclasses import dataclass, replace

from registry import events
from registry.codec import consumed, evidence, id_of, joint_id, voucher_of
from registry.events import Event
from registry.model import (
    NO_ADDRESS,
    NO_ID,
    Address,
    Approval,
    Balance,
    Bar,
    Claim,
    Digest,
    Fen,
    Filing,
    Firm,
    FirstReview,
    Id,
    Order,
    OrderState,
    Paid,
    Pool,
    Programme,
    Recipient,
    Redemption,
    Region,
    Release,
    Reservation,
    Role,
    Stage,
    Tag,
    Terms,
    Time,
    Voucher,
    built,
)
from registry.rules import notes
from registry.rules.call import NO_REASON, Call, Signers, Turn
from registry.rules.consortium import holds, require_running, reviews
from registry.rules.directory import bar_of, may_release, require_admissible, require_enrolled, require_serving
from registry.rules.invoices import ClaimInvoice, FreeInvoice, may_issue
from registry.rules.ledger import NO_BALANCE, NO_EVIDENCE, Ledger, Partnership
from registry.rules.programmes import require_free
from registry.rules.refusals import require
from registry.rules.subsidy import DAY, deadline_of, marginal

REJECTION_GRACE = 30 * DAY
RELEASE_GRACE = 30 * DAY
LONGEST_EXTENSION = 90 * DAY
MOST_ATTEMPTS = 255


# A voucher's life, in its order


@dataclass(frozen=True, slots=True)
class Issue(Call):
    """The programme's issuer issues one voucher to each recipient (发放)."""

    terms: Terms
    recipients: tuple[Recipient, ...]

    def events(self, turn: Turn) -> Iterator[Event]:
        ledger, terms = turn.ledger, self.terms
        terms_id = id_of(terms)

        require(terms.programme in ledger.programmes, "UnknownProgramme", terms.programme)
        region = ledger.programmes[terms.programme].region
        require(holds(ledger, turn.sender, region, Role.ISSUER), "NotIssuer", turn.sender, region)
        require(may_issue(ledger, ledger.registry), "RegistryRetired")
        require(turn.now <= terms.use_by <= terms.claim_by, "InvalidDates", terms.use_by, terms.claim_by)
        whole = terms.face and terms.denomination and terms.face % terms.denomination == 0
        require(whole, "InvalidDenomination", terms.face, terms.denomination)

        yield events.TermsIssued(terms_id, terms)

        for recipient in self.recipients:
            voucher = id_of(voucher_of(terms, recipient))

            require(any(recipient.serial), "InvalidTag", recipient.serial)
            require_enrolled(ledger, region, recipient.firm)
            require(ledger.balances[voucher] == NO_BALANCE, "VoucherExists", voucher)

            yield events.Issued(voucher, terms_id, recipient.firm, recipient.serial)


@dataclass(frozen=True, slots=True)
class Reserve(Call):
    """Firm and lab reserve part of a voucher (锁定额度)."""

    voucher: Voucher
    order: Order
    signers: Signers = Signers()

    def events(self, turn: Turn) -> Iterator[Event]:
        ledger, now, voucher, order = turn.ledger, turn.now, self.voucher, self.order
        voucher_id, order_id = id_of(voucher), id_of(order)
        balance, stage = ledger.balances[voucher_id], ledger.orders[order_id].stage

        require(order.voucher == voucher_id, "VoucherMismatch", 0, order_id, voucher_id)
        require(balance != NO_BALANCE, "UnknownVoucher", voucher_id)
        require(stage == Stage.NONE, "OrderSeen", order_id, stage)
        require(now <= voucher.use_by, "PastUseBy", voucher_id, voucher.use_by)
        require(order.amount, "AmountZero")
        whole = order.amount % voucher.denomination == 0
        require(whole, "NotWholeNotes", voucher_id, order.amount, voucher.denomination)
        require(order.amount <= balance.available, "OverAvailable", voucher_id, balance.available, order.amount)
        programme = ledger.programmes[voucher.programme]
        require(not programme.joint or order.amount == voucher.face, "WholeVoucherOnly", voucher_id, voucher.face, order.amount)
        firm, lab = require_admissible(turn, programme.region, voucher.firm, order.lab, order.item, itemised=programme.itemised)
        require_running(ledger, programme.region, programme.payer, lab.region)
        _require_consent(turn, order.valid_until, firm=firm.signer, lab=lab.signer, signers=self.signers)

        first = _needs_approval(programme, lab.region)
        if not first:
            require_free(ledger, 0, voucher.programme, order.amount)
        deadline = deadline_of(programme, voucher, now)
        yield events.Reserved(order_id, order, Stage.REQUESTED if first else Stage.OPEN, deadline)


@dataclass(frozen=True, slots=True)
class Approve(Call):
    """A reviewer of the programme's region confirms requested orders (审核确认)."""

    reservations: tuple[Reservation, ...]

    def events(self, turn: Turn) -> Iterator[Event]:
        ledger, now = turn.ledger, turn.now
        for index, reservation in enumerate(self.reservations):
            voucher, order = reservation.voucher, reservation.order
            order_id = _require_reservation(ledger, index, reservation, Stage.REQUESTED)
            programme = ledger.programmes[voucher.programme]
            region = programme.region

            require(now <= voucher.claim_by, "PastClaimBy", index, order_id, voucher.claim_by)
            _require_clear(turn, index, order_id, region=region, firm=voucher.firm, lab=order.lab)
            require_running(ledger, region, programme.payer, ledger.labs[order.lab].region)
            require(holds(ledger, turn.sender, region, Role.REVIEWER), "NotReviewer", turn.sender, region)

            require_free(ledger, index, voucher.programme, order.amount)
            yield events.Approved(order_id, deadline_of(programme, voucher, now), turn.sender)


@dataclass(frozen=True, slots=True)
class Decline(Call):
    """A reviewer of the programme's region turns requested orders down (不予确认)."""

    reservations: tuple[Reservation, ...]

    def events(self, turn: Turn) -> Iterator[Event]:
        for index, reservation in enumerate(self.reservations):
            order_id = _require_reservation(turn.ledger, index, reservation, Stage.REQUESTED)
            _require_reviews(turn, turn.ledger.programmes[reservation.voucher.programme].region)

            yield events.Declined(order_id, turn.sender)


@dataclass(frozen=True, slots=True)
class ReleaseOrder(Call):
    """Gives an order's money back to its voucher (释放额度); the contract's `release`."""

    voucher: Voucher
    order: Order
    consent: Release
    signers: Signers = Signers()

    def events(self, turn: Turn) -> Iterator[Event]:
        ledger, voucher, order = turn.ledger, self.voucher, self.order
        order_id = id_of(order)
        state = ledger.orders[order_id]

        require(order.voucher == id_of(voucher), "VoucherMismatch", 0, order_id, id_of(voucher))
        require(state.stage in (Stage.REQUESTED, Stage.OPEN), "WrongStage", 0, order_id, state.stage)
        programme = ledger.programmes[voucher.programme]
        bound = state.stage == Stage.OPEN and _partnership(ledger, voucher.programme, order).reached
        by_reviewer = self._require_releaser(turn, order_id, state, programme.region, bound=bound)

        yield events.Released(order_id, bound and not by_reviewer, turn.sender)

    def _require_releaser(self, turn: Turn, order_id: Id, state: OrderState, region: Region, *, bound: bool) -> bool:
        """Say whether it is a reviewer who releases."""
        ledger, consent, now = turn.ledger, self.consent, turn.now
        firm, lab = self.voucher.firm, self.order.lab

        # A reviewer who releases for the region brings no signature of the lab; with one it is the parties who release.
        unsigned = self.signers.lab is None
        if unsigned and may_release(turn, region, firm, lab) and holds(ledger, turn.sender, region, Role.REVIEWER):
            return True
        if now > state.deadline + RELEASE_GRACE:
            return False

        require(consent.order == order_id, "OrderMismatch", order_id, consent.order)
        require(consent.attempt == state.attempt, "WrongAttempt", order_id, state.attempt, consent.attempt)
        require(now <= consent.valid_until, "SignatureExpired", consent.valid_until)
        lab_signer = ledger.labs[lab].signer
        _require_signed(turn, lab_signer, self.signers.lab)
        if bound:
            firm_signer = ledger.firms[id_of(Firm(region, firm))].signer
            require(firm_signer != lab_signer, "SameSigner", firm_signer)
            _require_signed(turn, firm_signer, self.signers.firm)
        return False


@dataclass(frozen=True, slots=True)
class Extend(Call):
    """A reviewer grants an open order more time."""

    reservation: Reservation
    until: Time

    def events(self, turn: Turn) -> Iterator[Event]:
        ledger, until = turn.ledger, self.until
        order_id = _require_reservation(ledger, 0, self.reservation, Stage.OPEN)
        region = ledger.programmes[self.reservation.voucher.programme].region
        deadline = ledger.orders[order_id].deadline

        in_time = deadline < until <= turn.now + LONGEST_EXTENSION
        require(in_time, "InvalidDeadline", order_id, deadline, until)
        require(holds(ledger, turn.sender, region, Role.REVIEWER), "NotReviewer", turn.sender, region)

        yield events.Extended(order_id, until, turn.sender)


@dataclass(frozen=True, slots=True)
class Redeem(Call):
    """Firm and lab ask for the money of an open order (申请兑付)."""

    voucher: Voucher
    order: Order
    redemption: Redemption
    signers: Signers = Signers()

    def events(self, turn: Turn) -> Iterator[Event]:
        ledger, voucher, order, redemption = turn.ledger, self.voucher, self.order, self.redemption
        order_id = id_of(order)
        state = ledger.orders[order_id]
        attempt, subsidy = redemption.attempt, redemption.subsidy

        require(order.voucher == id_of(voucher), "VoucherMismatch", 0, order_id, id_of(voucher))
        require(redemption.order == order_id, "OrderMismatch", order_id, redemption.order)
        require(state.stage == Stage.OPEN, "WrongStage", 0, order_id, state.stage)
        require(turn.now <= state.deadline, "PastDeadline", order_id, state.deadline)
        require(attempt == state.attempt, "WrongAttempt", order_id, state.attempt, attempt)
        require(attempt < MOST_ATTEMPTS, "TooManyAttempts", order_id)
        require(subsidy, "AmountZero")
        require(subsidy <= state.amount, "OverOrder", order_id, state.amount, subsidy)
        programme = ledger.programmes[voucher.programme]
        _require_partners(ledger, order_id, voucher, order, programme)
        firm, lab = require_serving(turn, programme.region, voucher.firm, order.lab)
        paid = programme.paid_home if lab.region == programme.region else programme.paid_across
        parties = {"firm": firm.signer, "lab": lab.signer}
        stand_in = _require_parties(turn, redemption, **parties, signers=self.signers, paid=paid, region=programme.region)

        most = _most(ledger, voucher.programme, programme, redemption)
        require(subsidy <= most, "OverRule", order_id, most, subsidy)
        claim = ClaimInvoice(redemption.invoice, order_id, redemption.cost, redemption.invoice_amount, lab.seller)
        yield from claim.events(replace(turn, sender=ledger.registry))
        yield events.Redeemed(order_id, redemption, stand_in, self.signers.reason)


@dataclass(frozen=True, slots=True)
class Endorse(Call):
    """First review (初审) by a reviewer of the region that the programme asks."""

    claims: tuple[Claim, ...]

    def events(self, turn: Turn) -> Iterator[Event]:
        ledger = turn.ledger
        for index, claim in enumerate(self.claims):
            _require_evidence(ledger, index, claim, Stage.REDEEMED)
            programme = ledger.programmes[claim.programme]

            require(programme.first_review != FirstReview.NONE, "NoFirstReview", index, claim.order)
            require(claim.stand_in != turn.sender, "ReviewedBefore", index, claim.order, turn.sender)
            _require_clear(turn, index, claim.order, region=programme.region, firm=claim.firm, lab=claim.lab)
            at_home = programme.first_review == FirstReview.HOME
            _require_reviews(turn, programme.region if at_home else ledger.labs[claim.lab].region)

            yield events.Endorsed(claim.order, turn.sender)


@dataclass(frozen=True, slots=True)
class Accept(Call):
    """A reviewer of the programme's region who neither endorsed nor stood in finds claims in order (审核通过)."""

    claims: tuple[Claim, ...]

    def events(self, turn: Turn) -> Iterator[Event]:
        ledger = turn.ledger
        for index, claim in enumerate(self.claims):
            # The stage that is asked for depends on the programme that the claim names, which only its evidence proves.
            named = ledger.programmes.get(claim.programme)
            first = named is not None and named.first_review != FirstReview.NONE
            _require_evidence(ledger, index, claim, Stage.ENDORSED if first else Stage.REDEEMED)
            programme = ledger.programmes[claim.programme]

            again = turn.sender in (claim.stand_in, claim.endorser)
            require(not again, "ReviewedBefore", index, claim.order, turn.sender)
            _require_clear(turn, index, claim.order, region=programme.region, firm=claim.firm, lab=claim.lab)
            _require_reviews(turn, programme.region)

            yield events.Accepted(claim.order, turn.sender)


@dataclass(frozen=True, slots=True)
class Reject(Call):
    """Sends claims back for correction (退回补正): a reviewer before acceptance, the payer after it."""

    filings: tuple[Filing, ...]

    def events(self, turn: Turn) -> Iterator[Event]:
        ledger = turn.ledger
        for index, filing in enumerate(self.filings):
            claim, redemption = filing.claim, filing.redemption
            state = ledger.orders[claim.order]

            _require_evidence(ledger, index, claim, Stage.REDEEMED, Stage.ENDORSED, Stage.ACCEPTED)
            _require_redemption(index, claim, redemption)
            programme = ledger.programmes[claim.programme]
            if state.stage == Stage.ACCEPTED:
                _require_payer(turn, programme, claim.lab)
            else:
                _require_reviews(turn, programme.region)

            yield from _free_invoice(turn, redemption)
            deadline = Time(max(state.deadline, turn.now + REJECTION_GRACE))
            yield events.Rejected(claim.order, deadline, turn.sender)


@dataclass(frozen=True, slots=True)
class Settle(Call):
    """The payer records that claims were paid (拨付), under one payment reference hash."""

    claims: tuple[Claim, ...]
    payment: Digest

    def events(self, turn: Turn) -> Iterator[Event]:
        for index, claim in enumerate(self.claims):
            _require_evidence(turn.ledger, index, claim, Stage.ACCEPTED)
            _require_payer(turn, turn.ledger.programmes[claim.programme], claim.lab)

            yield events.Settled(claim.order, self.payment, turn.sender)


@dataclass(frozen=True, slots=True)
class Reverse(Call):
    """A reviewer declares `recover` fen of a settled claim a debt (冲销)."""

    claim: Claim
    recover: Fen
    reason: Digest

    def events(self, turn: Turn) -> Iterator[Event]:
        claim, recover = self.claim, self.recover

        _require_evidence(turn.ledger, 0, claim, Stage.SETTLED)
        require(0 < recover <= claim.subsidy, "InvalidRecovery", claim.order, claim.subsidy, recover)
        _require_reviews(turn, turn.ledger.programmes[claim.programme].region)

        yield events.Reversed(claim.order, recover, self.reason, turn.sender)


@dataclass(frozen=True, slots=True)
class Refund(Call):
    """The payer records that the debt came back (资金已退回); the contract's `refunded`."""

    filing: Filing

    def events(self, turn: Turn) -> Iterator[Event]:
        ledger, claim, redemption = turn.ledger, self.filing.claim, self.filing.redemption

        _require_evidence(ledger, 0, claim, Stage.REVERSED)
        _require_redemption(0, claim, redemption)
        _require_payer(turn, ledger.programmes[claim.programme], claim.lab)

        if ledger.orders[claim.order].amount == claim.subsidy:
            yield from _free_invoice(turn, redemption)
        yield events.Refunded(claim.order, turn.sender)


# Who consents


def _require_consent(turn: Turn, valid_until: Time, *, firm: Address, lab: Address, signers: Signers) -> None:
    require(turn.now <= valid_until, "SignatureExpired", valid_until)
    require(firm != lab, "SameSigner", firm)
    _require_signed(turn, firm, signers.firm)
    _require_signed(turn, lab, signers.lab)


def _require_parties(
    turn: Turn, redemption: Redemption, *, firm: Address, lab: Address, signers: Signers, paid: Paid, region: Region
) -> Address:
    """Say who stood in for the party that is not paid, or NO_ADDRESS if both signed."""
    if signers.reason == NO_REASON:
        _require_consent(turn, redemption.valid_until, firm=firm, lab=lab, signers=signers)
        return NO_ADDRESS
    signer, signed = (lab, signers.lab) if paid == Paid.LAB else (firm, signers.firm)

    require(turn.now <= redemption.valid_until, "SignatureExpired", redemption.valid_until)
    _require_signed(turn, signer, signed)
    stand_in = turn.sender if signers.stand_in is None else signers.stand_in
    require(stand_in not in (firm, lab), "SameSigner", stand_in)
    require(holds(turn.ledger, stand_in, region, Role.REVIEWER), "StandInNotReviewer", stand_in, region)
    return stand_in


def _require_signed(turn: Turn, signer: Address, got: Address | None) -> None:
    found = turn.sender if got is None else got
    require(found == signer, "NotSignedBy", signer, found)


# Who reviews and pays


def _require_reviews(turn: Turn, region: Region) -> None:
    require(reviews(turn.ledger, turn.sender, region), "NotReviewer", turn.sender, region)


def _require_payer(turn: Turn, programme: Programme, lab: Id) -> None:
    region = programme.payer or turn.ledger.labs[lab].region
    require(holds(turn.ledger, turn.sender, region, Role.PAYER), "NotPayer", turn.sender, region)


# What a call must be about


def _require_reservation(ledger: Ledger, index: int, reservation: Reservation, stage: Stage) -> Id:
    order_id, voucher_id = id_of(reservation.order), id_of(reservation.voucher)
    found = ledger.orders[order_id].stage

    require(reservation.order.voucher == voucher_id, "VoucherMismatch", index, order_id, voucher_id)
    require(found == stage, "WrongStage", index, order_id, found)

    return order_id


def _require_evidence(ledger: Ledger, index: int, claim: Claim, *stages: Stage) -> None:
    state = ledger.orders[claim.order]
    got = evidence(claim)

    require(state.stage in stages, "WrongStage", index, claim.order, state.stage)
    require(got == state.evidence, "EvidenceDiffers", index, claim.order, state.evidence, got)


def _require_redemption(index: int, claim: Claim, redemption: Redemption) -> None:
    redemption_id = id_of(redemption)
    require(redemption_id == claim.redemption, "RedemptionMismatch", index, claim.order, redemption_id)


def _require_clear(turn: Turn, index: int, order_id: Id, *, region: Region, firm: Tag, lab: Id) -> None:
    bar, subject = bar_of(turn, region, firm, lab)
    require(bar == Bar.NONE, "Barred", index, order_id, bar, subject)


def _require_partners(ledger: Ledger, order_id: Id, voucher: Voucher, order: Order, programme: Programme) -> None:
    if not programme.joint:
        return
    partnership = _partnership(ledger, voucher.programme, order)
    require(partnership.reached, "TooFewPartners", order_id, partnership.partners, programme.min_partners)


def _needs_approval(programme: Programme, lab_region: Region) -> bool:
    across = lab_region != programme.region
    return programme.approval == Approval.ALWAYS or (programme.approval == Approval.CROSS_REGION and across)


def _most(ledger: Ledger, programme_id: Id, programme: Programme, redemption: Redemption) -> int:
    base = 0 if programme.flat else ledger.agreements[programme_id, redemption.agreement]
    return marginal(programme.slices, base=base, cost=redemption.cost)


def _partnership(ledger: Ledger, programme: Id, order: Order) -> Partnership:
    return ledger.partnerships[joint_id(programme, order.project, order.lab)]


def _free_invoice(turn: Turn, redemption: Redemption) -> Iterator[Event]:
    free = FreeInvoice(redemption.invoice, redemption.order, redemption.cost)
    yield from free.events(replace(turn, sender=turn.ledger.registry))


# The fold


def fold(ledger: Ledger, event: Event, time: Time) -> None:  # noqa: ARG001 - one signature for all five contracts
    """Put one of the contract's events into effect."""
    match event:
        case events.TermsIssued(terms, record):
            ledger.terms[terms] = record
        case events.Issued(voucher, terms, firm, serial):
            record = ledger.terms[terms]
            ledger.vouchers[voucher] = voucher_of(record, _built_recipient((firm, serial)))
            ledger.balances[voucher] = Balance(record.face, Fen(0), Fen(0), Fen(0))
        case events.Reserved(order, record, stage, deadline):
            ledger.order_records[order] = record
            ledger.orders[order] = OrderState(stage, 0, record.amount, deadline, NO_EVIDENCE)
            _move(ledger, record.voucher, available=-record.amount, reserved=record.amount)
            if stage == Stage.OPEN:
                _commit(ledger, order)
        case events.Approved(order, deadline):
            _set(ledger, order, stage=Stage.OPEN, deadline=deadline)
            _commit(ledger, order)
        case events.Declined(order):
            _return(ledger, order, ledger.orders[order].amount)
            _set(ledger, order, stage=Stage.RELEASED)
        case events.Released(order, lapsed):
            _fold_released(ledger, order, lapsed=lapsed)
        case events.Extended(order, deadline):
            _set(ledger, order, deadline=deadline)
        case events.Redeemed(order, record, stand_in):
            _fold_redeemed(ledger, order, record, stand_in)
        case events.Endorsed(order, by):
            claim = replace(ledger.claims[order], endorser=by)
            ledger.claims[order] = claim
            _set(ledger, order, stage=Stage.ENDORSED, evidence=evidence(claim))
        case events.Accepted(order):
            _fold_accepted(ledger, order)
        case events.Rejected(order, deadline):
            _fold_rejected(ledger, order, deadline)
        case events.Settled(order):
            held, subsidy = ledger.orders[order].amount, ledger.claims[order].subsidy
            _change_pool(ledger, order, committed=subsidy - held, paid=subsidy)
            _set(ledger, order, stage=Stage.SETTLED, amount=subsidy)
        case events.Reversed(order, recover):
            _set(ledger, order, stage=Stage.REVERSED, amount=recover)
        case events.Refunded(order):
            debt, subsidy = ledger.orders[order].amount, ledger.claims[order].subsidy
            _change_pool(ledger, order, committed=-debt, paid=-debt)
            _set(ledger, order, stage=Stage.REFUNDED)
            if debt == subsidy:
                _count_cost(ledger, order, sign=-1)
        case events.Refused():
            pass  # it changed nothing


def _fold_released(ledger: Ledger, order: Id, *, lapsed: bool) -> None:
    state, record = ledger.orders[order], ledger.order_records[order]
    _set(ledger, order, stage=Stage.RELEASED)
    if lapsed:
        _lapse(ledger, record.voucher, state.amount)
    else:
        _return(ledger, order, state.amount)
    if state.stage == Stage.OPEN:
        _change_pool(ledger, order, committed=-state.amount)
        _leave(ledger, order)


def _fold_redeemed(ledger: Ledger, order: Id, redemption: Redemption, stand_in: Address) -> None:
    record = ledger.order_records[order]
    voucher = ledger.vouchers[record.voucher]
    subsidy = redemption.subsidy
    whole = consumed(subsidy, voucher.denomination)
    ids = (voucher.programme, record.voucher, order, id_of(redemption), record.lab, voucher.firm)
    claim = _built_claim((*ids, subsidy, whole, stand_in, NO_ADDRESS))
    ledger.redemptions[order], ledger.claims[order] = redemption, claim
    _set(ledger, order, stage=Stage.REDEEMED, evidence=evidence(claim))
    _consume(ledger, claim, sign=1)
    _take_notes(ledger, record.voucher, order, claim.consumed)
    _count_cost(ledger, order, sign=1)


_built_recipient, _built_claim = built(Recipient), built(Claim)


def _fold_accepted(ledger: Ledger, order: Id) -> None:
    claim = ledger.claims[order]
    rest = ledger.orders[order].amount - claim.consumed
    # Only a whole order can take a joint voucher, so what is left of one is lost.
    if ledger.programmes[claim.programme].joint:
        _lapse(ledger, claim.voucher, rest)
    else:
        _return(ledger, order, rest)
    _change_pool(ledger, order, committed=-rest)
    _set(ledger, order, stage=Stage.ACCEPTED, amount=claim.consumed)


def _fold_rejected(ledger: Ledger, order: Id, deadline: Time) -> None:
    attempt, claim = ledger.orders[order].attempt + 1, ledger.claims[order]
    _set(ledger, order, stage=Stage.OPEN, attempt=attempt, deadline=deadline, evidence=NO_EVIDENCE)
    _consume(ledger, claim, sign=-1)
    ledger.notes[claim.voucher] = notes.give_back(ledger.notes[claim.voucher], order)
    _count_cost(ledger, order, sign=-1)


def _set(
    ledger: Ledger,
    order: Id,
    *,
    stage: Stage | None = None,
    attempt: int | None = None,
    amount: int | None = None,
    deadline: Time | None = None,
    evidence: bytes | None = None,
) -> None:
    # By hand, here and in the two below: `replace` takes three times as long, and they are most of the fold.
    was = ledger.orders[order]
    ledger.orders[order] = OrderState(
        was.stage if stage is None else stage,
        was.attempt if attempt is None else attempt,
        was.amount if amount is None else Fen(amount),
        was.deadline if deadline is None else deadline,
        was.evidence if evidence is None else evidence,
    )


def _move(ledger: Ledger, voucher: Id, *, available: int = 0, reserved: int = 0, redeemed: int = 0, lapsed: int = 0) -> None:
    balance = ledger.balances[voucher]
    ledger.balances[voucher] = Balance(
        Fen(balance.available + available),
        Fen(balance.reserved + reserved),
        Fen(balance.redeemed + redeemed),
        Fen(balance.lapsed + lapsed),
    )


def _return(ledger: Ledger, order: Id, amount: int) -> None:
    _move(ledger, ledger.order_records[order].voucher, reserved=-amount, available=amount)


def _consume(ledger: Ledger, claim: Claim, *, sign: int) -> None:
    _move(
        ledger,
        claim.voucher,
        reserved=-sign * claim.consumed,
        redeemed=sign * claim.subsidy,
        lapsed=sign * (claim.consumed - claim.subsidy),
    )


def _lapse(ledger: Ledger, voucher: Id, amount: int) -> None:
    _move(ledger, voucher, reserved=-amount, lapsed=amount)
    _take_notes(ledger, voucher, NO_ID, amount)


def _take_notes(ledger: Ledger, voucher: Id, order: Id, amount: int) -> None:
    count = amount // ledger.vouchers[voucher].denomination
    ledger.notes[voucher] = notes.take(ledger.notes[voucher], order, count)


def _programme_of(ledger: Ledger, order: Id) -> Id:
    return ledger.vouchers[ledger.order_records[order].voucher].programme


def _change_pool(ledger: Ledger, order: Id, *, committed: int, paid: int = 0) -> None:
    programme = _programme_of(ledger, order)
    pool = ledger.pools[programme]
    ledger.pools[programme] = Pool(pool.funded, Fen(pool.committed + committed), Fen(pool.paid + paid))


def _count_cost(ledger: Ledger, order: Id, *, sign: int) -> None:
    programme, redemption = _programme_of(ledger, order), ledger.redemptions[order]
    if not ledger.programmes[programme].flat:
        ledger.agreements[programme, redemption.agreement] += sign * redemption.cost


def _commit(ledger: Ledger, order: Id) -> None:
    record = ledger.order_records[order]
    voucher = ledger.vouchers[record.voucher]
    _change_pool(ledger, order, committed=record.amount)
    programme = ledger.programmes[voucher.programme]
    if not programme.joint:
        return
    joint = joint_id(voucher.programme, record.project, record.lab)
    if ledger.partnerships[joint].reached:
        return
    ledger.partner_orders[joint, voucher.firm] += 1
    if ledger.partner_orders[joint, voucher.firm] == 1:
        count = ledger.partnerships[joint].partners + 1
        ledger.partnerships[joint] = Partnership(count, reached=count >= programme.min_partners)


def _leave(ledger: Ledger, order: Id) -> None:
    record = ledger.order_records[order]
    voucher = ledger.vouchers[record.voucher]
    joint = joint_id(voucher.programme, record.project, record.lab)
    if not ledger.programmes[voucher.programme].joint or ledger.partnerships[joint].reached:
        return
    ledger.partner_orders[joint, voucher.firm] -= 1
    if ledger.partner_orders[joint, voucher.firm] == 0:
        ledger.partnerships[joint] = replace(ledger.partnerships[joint], partners=ledger.partnerships[joint].partners - 1)
