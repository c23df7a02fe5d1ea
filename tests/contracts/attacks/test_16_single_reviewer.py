"""A region with one reviewer, who may not judge his own work: nothing is stranded, and nothing is waved through."""

from dataclasses import replace

import pytest

from registry.model import FirstReview, Role, Signatures, StandIn
from tests.contracts.attacks.attacker import fails
from tests.contracts.world import CHANGXING, NO_ADDRESS, STRANGER, YUAN, Life, World, digest, person

REASON = digest("the firm is gone")


@pytest.fixture
def alone(world: World) -> World:
    """Changxing without its second reviewer."""
    office = world.offices[CHANGXING]
    world.consortium.revoke(office.second_reviewer, by=office.admin)
    return world


def stood_in(world: World, first_review: FirstReview) -> Life:
    life = Life.begin(world, until="open", first_review=first_review)
    reviewer = life.office.reviewer
    standing = world.sign(StandIn(life.claim.redemption, REASON), reviewer)
    signatures = Signatures(firm=standing, lab=world.sign(life.redemption, life.lab.signer), reason=REASON)
    world.registry.redeem(life.voucher, life.order, life.redemption, signatures, by=STRANGER)
    life.stand_in = reviewer.address
    return life


def endorsed(world: World) -> Life:
    life = Life.begin(world, until="redeemed", first_review=FirstReview.HOME)
    life.endorse(by=life.office.reviewer)
    return life


@pytest.mark.parametrize("work", ["endorsed", "stood in"])
def test_the_only_reviewer_does_not_accept_its_own_work(alone: World, work: str) -> None:
    life = endorsed(alone) if work == "endorsed" else stood_in(alone, FirstReview.NONE)

    with fails(alone, "ReviewedBefore", index=0, order=life.order_id, account=life.office.reviewer):
        life.accept(by=life.office.reviewer)
    with fails(alone, "NotReviewer", account=life.office.second_reviewer, region=CHANGXING):
        life.accept(by=life.office.second_reviewer)


@pytest.mark.parametrize("work", ["endorsed", "stood in"])
def test_the_only_reviewer_sends_its_own_work_back_and_the_order_goes_on(alone: World, work: str) -> None:
    life = endorsed(alone) if work == "endorsed" else stood_in(alone, FirstReview.NONE)

    life.reject(by=life.office.reviewer)

    assert (life.state().stage, life.state().attempt, life.state().amount) == (2, 1, 5_000 * YUAN)
    life.redemption, life.stand_in, life.endorser = replace(life.redemption, attempt=1), NO_ADDRESS, NO_ADDRESS
    life.redeem()
    if work == "endorsed":
        alone.appoint(life.office, person("new colleague"), Role.REVIEWER)
        life.endorse(by=person("new colleague"))
    life.accept(by=life.office.reviewer)
    life.settle()
    assert life.balance() == (5_000 * YUAN, 0, 4_800 * YUAN, 200 * YUAN)


@pytest.mark.parametrize("work", ["endorsed", "stood in"])
def test_a_colleague_appointed_later_finishes_it(alone: World, work: str) -> None:
    life = endorsed(alone) if work == "endorsed" else stood_in(alone, FirstReview.NONE)
    alone.appoint(life.office, person("new colleague"), Role.REVIEWER)

    life.accept(by=person("new colleague"))

    assert life.state().stage == 5


def test_where_the_host_reviews_first_one_reviewer_at_home_is_enough(alone: World) -> None:
    life = Life.begin(alone, until="endorsed", first_review=FirstReview.HOST)

    life.accept(by=life.office.reviewer)
    life.settle()

    assert life.state().stage == 6


def test_an_endorser_revoked_meanwhile_strands_nothing(world: World) -> None:
    life = endorsed(world)
    world.consortium.revoke(life.office.reviewer, by=life.office.admin)

    with fails(world, "NotReviewer", account=life.office.reviewer, region=CHANGXING):
        life.reject(by=life.office.reviewer)
    life.accept(by=life.office.second_reviewer)


def test_a_revoked_reviewers_stand_in_is_nobodys(world: World) -> None:
    life = Life.begin(world, until="open")
    reviewer = life.office.reviewer
    standing = world.sign(StandIn(life.claim.redemption, REASON), reviewer)
    signatures = Signatures(firm=standing, lab=world.sign(life.redemption, life.lab.signer), reason=REASON)
    world.consortium.revoke(reviewer, by=life.office.admin)

    with fails(world, "StandInNotReviewer", account=reviewer, region=CHANGXING):
        world.registry.redeem(life.voucher, life.order, life.redemption, signatures, by=STRANGER)
