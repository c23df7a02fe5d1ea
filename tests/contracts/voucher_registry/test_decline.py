"""A reviewer of the issuing region turns requested orders down."""

import pytest

from registry.model import Approval, Stage
from tests.contracts.seen import account
from tests.contracts.voucher_registry.cases import BARS, NOT_REVIEWERS, bar, caretaker, standing
from tests.contracts.world import BEIJING, CHANGXING, STRANGER, YUAN, Life, refused


@pytest.fixture
def life(world):
    """An order that waits for approval."""
    life = Life.begin(world, approval=Approval.ALWAYS)
    life.reserve()
    return life


def decline(life, by=None):
    return life.world.registry.decline([life.reservation], by=by or life.office.reviewer)


def test_an_empty_list_declines_nothing(world):
    assert world.registry.decline([], by=STRANGER).events == ()


def test_one_bad_order_stops_the_list(world, life):
    opened = life.beside().until("open")
    before = standing(life, opened)

    with refused("WrongStage", index=1, order=opened.order_id, stage=Stage.OPEN):
        world.registry.decline([life.reservation, opened.reservation], by=life.office.reviewer)

    assert standing(life, opened) == before


def test_a_list_stops_at_another_regions_order(world, life):
    abroad = Life.begin(world, region=BEIJING, payer=BEIJING, approval=Approval.ALWAYS)
    abroad.reserve()
    before = standing(life, abroad)

    with refused("NotReviewer", account=life.office.reviewer, region=BEIJING):
        world.registry.decline([life.reservation, abroad.reservation], by=life.office.reviewer)

    assert standing(life, abroad) == before


def test_an_order_on_another_voucher_is_refused(world, life):
    other = life.beside()
    other.reserve()

    with refused("VoucherMismatch", index=1, order=life.order_id, voucher=other.voucher_id):
        world.registry.decline([other.reservation, (other.voucher, life.order)], by=life.office.reviewer)


def test_an_unknown_order_is_refused(life):
    never_sent = life.beside()

    with refused("WrongStage", index=0, order=never_sent.order_id, stage=Stage.NONE):
        decline(never_sent)


@pytest.mark.parametrize("stage", ["open", "redeemed", "accepted", "settled"])
def test_only_a_requested_order_is_declined(life, stage):
    later = life.beside().until(stage)

    with refused("WrongStage", index=0, order=later.order_id, stage=Stage[stage.upper()]):
        decline(later)


def test_an_order_is_declined_once(world, life):
    with refused("WrongStage", index=1, order=life.order_id, stage=Stage.RELEASED):
        world.registry.decline([life.reservation, life.reservation], by=life.office.reviewer)

    assert life.balance() == (5_000 * YUAN, 5_000 * YUAN, 0, 0)


@pytest.mark.parametrize("who", NOT_REVIEWERS)
def test_only_the_regions_reviewer_declines(world, life, who):
    sender = account(world, who, life.office.region)

    with refused("NotReviewer", account=sender, region=CHANGXING):
        decline(life, by=sender)


def test_a_suspended_reviewer_declines_nothing(world, life):
    world.suspend(CHANGXING)

    with refused("NotReviewer", account=life.office.reviewer, region=CHANGXING):
        decline(life)


def test_a_caretaker_declines(world, life):
    account = caretaker(world, CHANGXING)

    assert decline(life, by=account).only("Declined")["by"] == account.address.lower()
    assert life.balance() == (10_000 * YUAN, 0, 0, 0)


@pytest.mark.parametrize("what", BARS)
def test_a_barred_party_is_declined(life, what):
    bar(life, what)

    decline(life)

    assert (life.state().stage, life.balance()) == (Stage.RELEASED, (10_000 * YUAN, 0, 0, 0))


def test_it_is_never_too_late_to_decline(world, life):
    world.at(life.voucher.claim_by + 1)

    decline(life)

    assert life.state().stage == Stage.RELEASED


def test_a_declined_order_gives_its_notes_back(world, life):
    other, waiting, opened = life.beside(amount=3_000 * YUAN), life.beside(), life.beside().until("open")
    for each in (other, waiting):
        each.reserve()
    before, pool = standing(waiting, opened), life.pool()
    reviewer = life.office.reviewer

    sent = world.registry.decline([life.reservation, other.reservation], by=reviewer)

    assert [(event.name, event.values) for event in sent.events] == [
        ("Declined", {"order": each.order_id, "by": reviewer.address.lower()}) for each in (life, other)
    ]
    assert [each.state().stage for each in (life, other)] == [Stage.RELEASED] * 2
    assert [each.balance() for each in (life, other)] == [(10_000 * YUAN, 0, 0, 0)] * 2
    assert life.pool() == pool == (1_000_000 * YUAN, 5_000 * YUAN, 0)
    assert standing(waiting, opened) == before
