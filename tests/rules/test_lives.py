"""A voucher's life by the rules, by hand: the field's own cases, with every figure written out."""

from dataclasses import replace

import pytest

from registry import events
from registry.codec import id_of
from registry.errors import Rejected
from registry.model import NO_ADDRESS, Approval, Fen, FirstReview, Release, Role, Slice, Stage, Time
from registry.rules import (
    NOBODY,
    Accept,
    Approve,
    Decline,
    Endorse,
    Extend,
    Redeem,
    Refund,
    Reject,
    ReleaseOrder,
    Reserve,
    Reverse,
    Settle,
    Signers,
    TryEach,
    decide,
    encode_refusal,
    expired,
)
from tests.rules.scene import CHANGXING, DAY, SHANGHAI, YUAN, Scene, account, digest, refuses, tag

REVIEWER = "330522 REVIEWER"


@pytest.fixture
def scene():
    return Scene()


def test_at01_changxing(scene):
    """8,000 yuan of tests, 60 %, notes of 1,000 yuan: five notes are used up for 4,800 yuan, and 200 yuan lapse."""
    programme = scene.open()
    voucher = scene.issue(programme)
    order = scene.order(voucher, 5_000 * YUAN)
    redemption = scene.redemption(order, 8_000 * YUAN, 4_800 * YUAN)

    reserved = scene.reserve(voucher, order)
    assert reserved == (events.Reserved(id_of(order), order, Stage.OPEN, Time(scene.chain.now + 60 * DAY)),)
    assert scene.balance(voucher) == (500_000, 500_000, 0, 0)
    assert scene.pool(programme) == (100_000_000, 500_000, 0)

    redeemed = scene.redeem(voucher, order, redemption)
    seller = tag("seller of lab")[:12]
    assert redeemed == (
        events.Claimed(redemption.invoice, scene.ledger.registry, id_of(order), 800_000, 800_000, seller),
        events.Redeemed(id_of(order), redemption, NO_ADDRESS, bytes(32)),
    )
    assert scene.balance(voucher) == (500_000, 0, 480_000, 20_000)
    assert scene.notes(voucher) == [1, 2, 3, 4, 5]

    assert scene.accept(order) == (events.Accepted(id_of(order), account(REVIEWER)),)
    assert scene.pool(programme) == (100_000_000, 500_000, 0)

    assert scene.settle(order) == (events.Settled(id_of(order), digest("payment"), account("330522 PAYER")),)
    assert scene.balance(voucher) == (500_000, 0, 480_000, 20_000)
    assert scene.pool(programme) == (100_000_000, 480_000, 480_000)
    assert scene.ledger.orders[id_of(order)].amount == 480_000

    with refuses("WrongStage", index=0, order=id_of(order), stage=Stage.SETTLED):
        scene.settle(order)
    assert scene.ledger == scene.replayed()


def test_one_fen_over_the_rule_is_refused(scene):
    voucher = scene.issue(scene.open())
    order = scene.order(voucher, 5_000 * YUAN)
    scene.reserve(voucher, order)

    with refuses("OverRule", order=id_of(order), most=480_000, subsidy=480_001):
        scene.redeem(voucher, order, scene.redemption(order, 8_000 * YUAN, 480_001))

    assert scene.balance(voucher) == (500_000, 500_000, 0, 0)


@pytest.mark.parametrize(("funded", "open_"), [(300_000 * YUAN, True), (300_000 * YUAN - 1, False)])
def test_at05_kunshan_pool(scene, funded, open_):
    """A pool of 300,000 yuan carries an order of 300,000; with one fen less the order is refused, before the service."""
    programme = scene.open(funded=funded, slices=(Slice(Fen(2**64 - 1), 10_000),))
    voucher = scene.issue(programme, face=300_000 * YUAN, denomination=300_000 * YUAN)
    order = scene.order(voucher, 300_000 * YUAN)

    if not open_:
        with refuses("PoolShort", index=0, programme=programme, free=29_999_999, amount=30_000_000):
            scene.reserve(voucher, order)
        assert scene.balance(voucher) == (30_000_000, 0, 0, 0)
        assert scene.ledger.orders[id_of(order)].stage is Stage.NONE
        return

    scene.reserve(voucher, order)
    scene.redeem(voucher, order, scene.redemption(order, 300_000 * YUAN, 300_000 * YUAN))
    scene.accept(order)
    scene.settle(order)
    assert scene.pool(programme) == (30_000_000, 30_000_000, 30_000_000)


def test_rejected_and_redone(scene):
    """A rejected redemption gives notes, invoice and agreement back, and its signatures are worth nothing any more."""
    programme = scene.open(slices=(Slice(Fen(5_000 * YUAN), 8_000), Slice(Fen(50_000 * YUAN), 2_000)))
    voucher = scene.issue(programme)
    order, other = scene.order(voucher, 5_000 * YUAN), scene.order(voucher, 1_000 * YUAN)
    wrong = scene.redemption(order, 8_000 * YUAN, 4_600 * YUAN)
    agreement = (programme, wrong.agreement)
    scene.reserve(voucher, order)
    scene.reserve(voucher, other)
    scene.redeem(voucher, order, wrong)
    assert scene.ledger.agreements[agreement] == 800_000

    rejected = scene.reject(order)

    assert rejected == (
        events.Freed(wrong.invoice, scene.ledger.registry, id_of(order), 800_000),
        events.Rejected(id_of(order), Time(scene.chain.now + 60 * DAY), account(REVIEWER)),
    )
    assert scene.balance(voucher) == (400_000, 600_000, 0, 0)
    assert scene.notes(voucher) == []
    assert scene.ledger.agreements[agreement] == 0
    assert wrong.invoice not in dict(scene.ledger.invoices.items())
    assert scene.pool(programme) == (100_000_000, 600_000, 0)
    with refuses("WrongAttempt", order=id_of(order), attempt=1, got=0):
        scene.redeem(voucher, order, wrong)

    scene.redeem(voucher, other, scene.redemption(other, 1_000 * YUAN, 800 * YUAN))
    scene.redeem(voucher, order, replace(wrong, attempt=1, cost=Fen(7_000 * YUAN), subsidy=Fen(4_400 * YUAN)))

    assert scene.notes(voucher) == [1, 2, 3, 4, 5, 6]
    assert scene.balance(voucher) == (400_000, 0, 520_000, 80_000)
    assert scene.ledger == scene.replayed()


def test_what_the_order_held_beyond_the_notes_returns_at_acceptance(scene):
    programme = scene.open()
    voucher = scene.issue(programme)
    order = scene.order(voucher, 8_000 * YUAN)
    scene.reserve(voucher, order)
    scene.redeem(voucher, order, scene.redemption(order, 8_000 * YUAN, 4_800 * YUAN))
    assert scene.balance(voucher) == (200_000, 300_000, 480_000, 20_000)

    scene.accept(order)

    assert scene.balance(voucher) == (500_000, 0, 480_000, 20_000)
    assert scene.pool(programme) == (100_000_000, 500_000, 0)


def test_first_review_approval_and_two_different_reviewers(scene):
    programme = scene.open(approval=Approval.CROSS_REGION, first_review=FirstReview.HOME)
    voucher = scene.issue(programme)
    order = scene.order(voucher, 5_000 * YUAN)
    assert scene.reserve(voucher, order)[0].stage is Stage.REQUESTED
    assert scene.pool(programme) == (100_000_000, 0, 0)

    scene.chain.execute(Approve((scene.reservation(voucher, order),)), account(REVIEWER))
    assert scene.pool(programme) == (100_000_000, 500_000, 0)
    scene.redeem(voucher, order, scene.redemption(order, 8_000 * YUAN, 4_800 * YUAN))
    with refuses("WrongStage", index=0, order=id_of(order), stage=Stage.REDEEMED):
        scene.accept(order)

    scene.chain.execute(Endorse((scene.claim(order),)), account(REVIEWER))

    with refuses("ReviewedBefore", index=0, order=id_of(order), account=account(REVIEWER)):
        scene.accept(order)
    scene.chain.execute(Accept((scene.claim(order),)), account("330522 second reviewer"))
    assert scene.ledger.orders[id_of(order)].stage is Stage.ACCEPTED
    assert scene.ledger == scene.replayed()


def joint(scene, *, denomination=10_000 * YUAN):
    programme = scene.open(approval=Approval.ALWAYS, min_partners=3)
    lives = []
    for name in ("firm", "second firm", "third firm"):
        if tag(name) != scene.firm:
            scene.enrol(name)
        voucher = scene.issue(programme, firm=name, denomination=denomination)
        lives.append((voucher, scene.order(voucher, 10_000 * YUAN)))
        scene.reserve(*lives[-1])
    return programme, lives


def approve(scene, voucher, order):
    scene.chain.execute(Approve((scene.reservation(voucher, order),)), account(REVIEWER))


def test_at21_a_joint_voucher_needs_three_firms(scene):
    programme, lives = joint(scene)
    for life in lives[:2]:
        approve(scene, *life)
    voucher, order = lives[0]
    redemption = scene.redemption(order, 16_000 * YUAN, 9_600 * YUAN)
    with refuses("TooFewPartners", order=id_of(order), partners=2, minPartners=3):
        scene.redeem(voucher, order, redemption)

    approve(scene, *lives[2])

    scene.redeem(voucher, order, redemption)
    assert scene.balance(voucher) == (0, 0, 960_000, 40_000)
    assert scene.pool(programme) == (100_000_000, 3_000_000, 0)
    assert scene.ledger == scene.replayed()


def test_a_partner_that_leaves_early_uncounts_and_late_loses_its_voucher(scene):
    _, lives = joint(scene)
    leaver, order = lives[1]
    consent = Release(id_of(order), 0, Time(scene.chain.now + DAY))
    for life in lives[:2]:
        approve(scene, *life)

    scene.chain.execute(ReleaseOrder(leaver, order, consent), account("lab"))

    assert scene.balance(leaver) == (1_000_000, 0, 0, 0)
    again = scene.order(leaver, 10_000 * YUAN)
    scene.reserve(leaver, again)
    approve(scene, *lives[2])
    with refuses("TooFewPartners", order=id_of(lives[0][1]), partners=2, minPartners=3):
        scene.redeem(*lives[0], scene.redemption(lives[0][1], 10_000 * YUAN, 6_000 * YUAN))
    approve(scene, leaver, again)

    consent = Release(id_of(again), 0, Time(scene.chain.now + DAY))
    with refuses("NotSignedBy", signer=account("second firm"), got=account("lab")):
        scene.chain.execute(ReleaseOrder(leaver, again, consent), account("lab"))
    released = scene.chain.execute(ReleaseOrder(leaver, again, consent, Signers(firm=account("second firm"))), account("lab"))

    assert released == (events.Released(id_of(again), lapsed=True, by=account("lab")),)
    assert scene.balance(leaver) == (0, 0, 0, 1_000_000)
    assert scene.notes(leaver) == [1]
    scene.redeem(*lives[0], scene.redemption(lives[0][1], 10_000 * YUAN, 6_000 * YUAN))
    assert scene.ledger == scene.replayed()


def test_what_is_left_of_a_joint_voucher_lapses_at_acceptance_and_stays_so(scene):
    _, lives = joint(scene, denomination=1_000 * YUAN)
    for life in lives:
        approve(scene, *life)
    voucher, order = lives[0]
    scene.redeem(voucher, order, scene.redemption(order, 8_000 * YUAN, 4_800 * YUAN))
    scene.accept(order)
    assert scene.balance(voucher) == (0, 0, 480_000, 520_000)
    assert scene.notes(voucher) == list(range(1, 11))

    scene.chain.execute(Reject((scene.filing(order),)), account("330522 PAYER"))

    assert scene.balance(voucher) == (0, 500_000, 0, 500_000)
    assert scene.notes(voucher) == [6, 7, 8, 9, 10]
    scene.redeem(voucher, order, scene.redemption(order, 6_000 * YUAN, 3_600 * YUAN, attempt=1))
    assert scene.notes(voucher) == [1, 2, 3, 4, 6, 7, 8, 9, 10]
    assert scene.ledger == scene.replayed()


@pytest.mark.parametrize(("recover", "freed"), [(4_800 * YUAN, True), (4_799 * YUAN, False)])
def test_a_refund_frees_the_invoice_only_if_all_came_back(scene, recover, freed):
    programme = scene.open(slices=(Slice(Fen(10_000 * YUAN), 6_000),))
    voucher = scene.issue(programme)
    order = scene.order(voucher, 5_000 * YUAN)
    redemption = scene.redemption(order, 8_000 * YUAN, 4_800 * YUAN)
    scene.reserve(voucher, order)
    scene.redeem(voucher, order, redemption)
    scene.accept(order)
    scene.settle(order)

    scene.chain.execute(Reverse(scene.claim(order), Fen(recover), digest("fraud")), account(REVIEWER))
    assert scene.pool(programme) == (100_000_000, 480_000, 480_000)
    refunded = scene.chain.execute(Refund(scene.filing(order)), account("330522 PAYER"))

    assert [type(each) for each in refunded] == ([events.Freed] if freed else []) + [events.Refunded]
    assert scene.pool(programme) == (100_000_000, 480_000 - recover, 480_000 - recover)
    assert scene.ledger.invoices[redemption.invoice].claims == (0 if freed else 1)
    assert scene.ledger.agreements[programme, redemption.agreement] == (0 if freed else 800_000)
    assert scene.balance(voucher) == (500_000, 0, 480_000, 20_000)
    with refuses("WrongStage", index=0, order=id_of(order), stage=Stage.REFUNDED):
        scene.chain.execute(Refund(scene.filing(order)), account("330522 PAYER"))
    assert scene.ledger == scene.replayed()


def test_who_is_not_paid_may_be_stood_in_for_by_a_reviewer_who_then_may_not_accept(scene):
    voucher = scene.issue(scene.open())
    order = scene.order(voucher, 5_000 * YUAN)
    redemption = scene.redemption(order, 8_000 * YUAN, 4_800 * YUAN)
    scene.reserve(voucher, order)
    stood_in = Signers(lab=account("lab"), firm=NO_ADDRESS, reason=digest("firm is gone"), stand_in=account(REVIEWER))

    with refuses("NotSignedBy", signer=account("lab"), got=NO_ADDRESS):
        scene.chain.execute(Redeem(voucher, order, redemption, replace(stood_in, lab=NO_ADDRESS)), account("anybody"))
    with refuses("StandInNotReviewer", account=account("310000 REVIEWER"), region=CHANGXING):
        other = replace(stood_in, stand_in=account("310000 REVIEWER"))
        scene.chain.execute(Redeem(voucher, order, redemption, other), account("anybody"))
    with refuses("SameSigner", signer=account("lab")):
        scene.chain.execute(Redeem(voucher, order, redemption, replace(stood_in, stand_in=account("lab"))), account("anybody"))
    scene.chain.execute(Redeem(voucher, order, redemption, stood_in), account("anybody"))

    assert scene.claim(order).stand_in == account(REVIEWER)
    with refuses("ReviewedBefore", index=0, order=id_of(order), account=account(REVIEWER)):
        scene.accept(order)


def test_the_last_second_is_good_and_the_next_is_not(scene):
    voucher = scene.issue(scene.open())
    order = scene.order(voucher, 1_000 * YUAN, valid_until=Time(voucher.use_by + DAY))
    scene.chain.wait(voucher.use_by - scene.chain.now)
    assert not expired(voucher, scene.chain.now)
    reserve = Reserve(voucher, order, scene.signed(voucher))
    assert decide(scene.ledger, reserve, account("anybody"), scene.chain.now)

    scene.chain.wait(1)

    assert expired(voucher, scene.chain.now)
    with refuses("PastUseBy", voucher=id_of(voucher), useBy=voucher.use_by):
        scene.reserve(voucher, order)


def test_deciding_changes_nothing(scene):
    voucher = scene.issue(scene.open())
    order = scene.order(voucher, 5_000 * YUAN)
    before = scene.replayed()

    decide(scene.ledger, Reserve(voucher, order, scene.signed(voucher)), account("anybody"), scene.chain.now)

    assert scene.ledger == before


def test_an_array_is_all_or_nothing(scene):
    voucher = scene.issue(scene.open(approval=Approval.ALWAYS))
    orders = [scene.order(voucher, 1_000 * YUAN) for _ in range(2)]
    for order in orders:
        scene.reserve(voucher, order)
    reservations = tuple(scene.reservation(voucher, order) for order in orders)
    before = scene.replayed()

    with refuses("WrongStage", index=2, order=id_of(orders[0]), stage=Stage.OPEN):
        scene.chain.execute(Approve((*reservations, reservations[0])), account(REVIEWER))

    assert scene.ledger == before
    declined = scene.chain.execute(Decline(reservations), account(REVIEWER))
    assert declined == tuple(events.Declined(id_of(order), account(REVIEWER)) for order in orders)
    assert scene.balance(voucher) == (1_000_000, 0, 0, 0)


def test_i14_a_refused_call_in_a_batch_changes_nothing_and_stops_nothing(scene):
    voucher = scene.issue(scene.open())
    first, second = scene.order(voucher, 6_000 * YUAN), scene.order(voucher, 6_000 * YUAN)
    third = scene.order(voucher, 4_000 * YUAN)
    signers = scene.signed(voucher)
    settle = Settle((), digest("payment"))

    emitted = scene.chain.execute(
        TryEach((Reserve(voucher, first, signers), Reserve(voucher, second, signers), settle, Reserve(voucher, third, signers))),
        account("anybody"),
    )

    over = Rejected("OverAvailable", {"voucher": id_of(voucher), "available": 400_000, "amount": 600_000})
    assert [type(each) for each in emitted] == [events.Reserved, events.Refused, events.Refused, events.Reserved]
    assert emitted[1] == events.Refused(1, encode_refusal(over))
    assert emitted[2] == events.Refused(2, encode_refusal(Rejected("NotBatchable", {"index": 2})))
    assert scene.balance(voucher) == (0, 1_000_000, 0, 0)
    assert scene.ledger == scene.replayed()


def test_an_order_nobody_moves_is_free_for_anybody_thirty_days_after_its_deadline(scene):
    voucher = scene.issue(scene.open())
    order = scene.order(voucher, 5_000 * YUAN)
    scene.reserve(voucher, order)
    consent = Release(id_of(order), 0, Time(2**40 - 1))
    release = ReleaseOrder(voucher, order, consent, NOBODY)
    scene.chain.wait(90 * DAY)
    with refuses("NotSignedBy", signer=account("lab"), got=NO_ADDRESS):
        scene.chain.execute(release, account("anybody"))

    scene.chain.wait(1)

    scene.chain.execute(release, account("anybody"))
    assert scene.balance(voucher) == (1_000_000, 0, 0, 0)


def test_a_reviewer_may_grant_more_time_and_nobody_else(scene):
    voucher = scene.issue(scene.open())
    order = scene.order(voucher, 5_000 * YUAN)
    scene.reserve(voucher, order)
    until = Time(scene.chain.now + 90 * DAY)
    extend = Extend(scene.reservation(voucher, order), until)

    with refuses("NotReviewer", account=scene.who(SHANGHAI, Role.REVIEWER), region=CHANGXING):
        scene.chain.execute(extend, scene.who(SHANGHAI, Role.REVIEWER))
    assert scene.chain.execute(extend, account(REVIEWER)) == (events.Extended(id_of(order), until, account(REVIEWER)),)
    with refuses("InvalidDeadline", **{"order": id_of(order), "from": until, "until": until}):
        scene.chain.execute(extend, account(REVIEWER))


def test_time_does_not_run_back(scene):
    with pytest.raises(ValueError, match="no chain goes back"):
        scene.chain.wait(-1)
