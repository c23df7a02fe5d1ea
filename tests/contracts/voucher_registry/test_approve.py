"""A reviewer of the issuing region confirms requested orders."""

import pytest

from registry import codec
from registry.model import Approval, Bar, Role, Stage
from tests.contracts.seen import account, good_until
from tests.contracts.voucher_registry.cases import BARS, NOT_REVIEWERS, apart_from_pool, bar, caretaker, standing
from tests.contracts.world import BEIJING, CHANGXING, DAY, KUNSHAN, SHANGHAI, STRANGER, YUAN, Life, refused, tag


@pytest.fixture
def life(world):
    """An order that waits for approval."""
    life = Life.begin(world, approval=Approval.ALWAYS)
    life.reserve()
    return life


def test_an_empty_list_approves_nothing(world):
    assert world.registry.approve([], by=STRANGER).events == ()


def test_one_bad_order_stops_the_list(world, life):
    declined = life.beside()
    declined.reserve()
    world.registry.decline([declined.reservation], by=life.office.reviewer)
    before = standing(life, declined)

    with refused("WrongStage", index=1, order=declined.order_id, stage=Stage.RELEASED):
        world.registry.approve([life.reservation, declined.reservation], by=life.office.reviewer)

    assert standing(life, declined) == before


def test_a_list_stops_at_another_regions_order(world, life):
    abroad = Life.begin(world, region=BEIJING, payer=BEIJING, approval=Approval.ALWAYS)
    abroad.reserve()
    before = standing(life, abroad)

    with refused("NotReviewer", account=life.office.reviewer, region=BEIJING):
        world.registry.approve([life.reservation, abroad.reservation], by=life.office.reviewer)

    assert standing(life, abroad) == before


def test_a_list_over_two_programmes_commits_each_pool(world, life):
    other = Life.begin(world, approval=Approval.ALWAYS, amount=7_000 * YUAN, funded=9_000 * YUAN)
    again, short = life.beside(), other.beside()
    for each in (other, again, short):
        each.reserve()
    before = standing(life, other, again, short)

    with refused("PoolShort", index=3, programme=other.programme_id, free=2_000 * YUAN, amount=short.order.amount):
        world.registry.approve([each.reservation for each in (life, other, again, short)], by=life.office.reviewer)
    assert standing(life, other, again, short) == before

    sent = world.registry.approve([each.reservation for each in (life, other, again)], by=life.office.reviewer)

    assert [event["order"] for event in sent.events] == [each.order_id for each in (life, other, again)]
    assert (life.pool()[1], other.pool()[1]) == (life.order.amount + again.order.amount, other.order.amount)


def test_an_order_on_another_voucher_is_refused(world, life):
    other = life.beside()
    other.reserve()

    with refused("VoucherMismatch", index=1, order=life.order_id, voucher=other.voucher_id):
        world.registry.approve([other.reservation, (other.voucher, life.order)], by=life.office.reviewer)


def test_an_unknown_order_is_refused(life):
    never_sent = life.beside()

    with refused("WrongStage", index=0, order=never_sent.order_id, stage=Stage.NONE):
        never_sent.approve()


@pytest.mark.parametrize("stage", ["open", "redeemed", "accepted", "settled"])
def test_only_a_requested_order_is_approved(life, stage):
    later = life.beside().until(stage)

    with refused("WrongStage", index=0, order=later.order_id, stage=Stage[stage.upper()]):
        later.approve()


def test_a_declined_order_is_refused(world, life):
    world.registry.decline([life.reservation], by=life.office.reviewer)

    with refused("WrongStage", index=0, order=life.order_id, stage=Stage.RELEASED):
        life.approve()


def test_one_list_approves_an_order_once(world, life):
    with refused("WrongStage", index=1, order=life.order_id, stage=Stage.OPEN):
        world.registry.approve([life.reservation, life.reservation], by=life.office.reviewer)

    assert life.state().stage == Stage.REQUESTED


def test_claim_by_is_the_last_second(world):
    soon = world.now() + 10 * DAY
    life = Life.begin(world, approval=Approval.ALWAYS, voucher={"use_by": soon - DAY, "claim_by": soon})
    life.reserve()

    good_until(world, soon, life.approve)

    with refused("PastClaimBy", index=0, order=life.order_id, claimBy=soon):
        life.approve()


@pytest.mark.parametrize("what", BARS)
def test_a_barred_party_is_refused(life, what):
    subject = bar(life, what)

    with refused("Barred", index=0, order=life.order_id, bar=what, subject=subject):
        life.approve()


@pytest.mark.parametrize("verb", ["suspend", "exit"])
def test_a_lab_that_left_since_is_approved(world, life, verb):
    getattr(world.directory, verb)(life.lab.id, by=life.host.directory)
    world.directory.withdraw([life.lab.id], by=life.office.directory)

    life.approve()

    assert life.state().stage == Stage.OPEN


@pytest.mark.parametrize("region", [CHANGXING, KUNSHAN, SHANGHAI])
def test_a_suspended_region_is_refused(world, region):
    life = Life.begin(world, approval=Approval.ALWAYS, payer=KUNSHAN, lab_region=SHANGHAI)
    life.reserve()
    world.suspend(region)

    with refused("Suspended", region=region):
        life.approve()


def test_a_caretaker_approves_nothing(world, life):
    account = caretaker(world, CHANGXING)

    with refused("Suspended", region=CHANGXING):
        world.registry.approve([life.reservation], by=account)


@pytest.mark.parametrize("party", ["firm", "lab"])
def test_a_reviewer_does_not_approve_for_its_own_party(world, life, party):
    own = getattr(life, party)
    world.appoint(life.office, own.signer, Role.REVIEWER)
    before = standing(life)

    with refused("Barred", index=0, order=life.order_id, bar=Bar.OWN_CASE, subject=own.id):
        world.registry.approve([life.reservation], by=own.signer)

    assert standing(life) == before


@pytest.mark.parametrize("who", NOT_REVIEWERS)
def test_only_the_regions_reviewer_approves(world, life, who):
    sender = account(world, who, life.office.region)

    with refused("NotReviewer", account=sender, region=CHANGXING):
        world.registry.approve([life.reservation], by=sender)


def test_a_short_pool_names_the_place_in_the_list(world):
    first = Life.begin(world, approval=Approval.ALWAYS, funded=9_000 * YUAN)
    second = first.beside()
    for life in (first, second):
        life.reserve()
    before = standing(first, second)

    with refused("PoolShort", index=1, programme=first.programme_id, free=4_000 * YUAN, amount=5_000 * YUAN):
        world.registry.approve([first.reservation, second.reservation], by=first.office.reviewer)

    assert standing(first, second) == before


def test_an_approved_order_is_open_and_committed(world, life):
    other, waiting = life.beside(amount=3_000 * YUAN), life.beside()
    for each in (other, waiting):
        each.reserve()
    before = apart_from_pool(waiting)
    reviewer = life.office.reviewer

    sent = world.registry.approve([life.reservation, other.reservation], by=reviewer)

    deadline = sent.time + 60 * DAY
    assert [(event.name, event.values) for event in sent.events] == [
        ("Approved", {"order": each.order_id, "deadline": deadline, "by": reviewer.address.lower()}) for each in (life, other)
    ]
    assert life.state() == (Stage.OPEN, 0, 5_000 * YUAN, deadline, bytes(17))
    assert other.state() == (Stage.OPEN, 0, 3_000 * YUAN, deadline, bytes(17))
    assert life.balance() == (5_000 * YUAN, 5_000 * YUAN, 0, 0)
    assert life.pool() == (1_000_000 * YUAN, 8_000 * YUAN, 0)
    assert apart_from_pool(waiting) == before


def test_the_deadline_counts_from_approval(world, life):
    later = world.now() + 20 * DAY
    world.at(later)

    life.approve()

    assert life.state().deadline == later + 60 * DAY


def test_the_deadline_is_not_beyond_claim_by(world, life):
    later = life.voucher.claim_by - 60 * DAY + 1
    world.at(later)

    life.approve()

    assert life.state().deadline == life.voucher.claim_by


def test_an_approved_firm_is_a_partner(world):
    first = Life.begin(world, approval=Approval.ALWAYS, min_partners=3, amount=10_000 * YUAN)
    joint = codec.joint_id(first.programme_id, tag("project"), first.lab.id)
    lives = [first, first.beside(), first.beside(firm=first.firm), first.beside()]
    seen = []

    for life in lives:
        life.reserve()
        life.approve()
        seen.append(tuple(world.registry.partnerships(joint)))

    assert seen == [(1, False), (2, False), (2, False), (3, True)]
