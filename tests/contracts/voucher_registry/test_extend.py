"""A reviewer of the issuing region grants an open order more time."""

import pytest

from registry.model import Approval, Stage
from tests.contracts.seen import account
from tests.contracts.voucher_registry.cases import NOT_REVIEWERS, apart_from_pool, caretaker
from tests.contracts.world import CHANGXING, DAY, Life, refused


@pytest.fixture
def life(world):
    """An open order with 60 days left."""
    return Life.begin(world, until="open")


def extend(life, until, by=None):
    return life.world.registry.extend(life.reservation, until, by=by or life.office.reviewer)


def test_an_order_on_another_voucher_is_refused(world, life, neighbour):
    with refused("VoucherMismatch", index=0, order=life.order_id, voucher=neighbour.voucher_id):
        world.registry.extend((neighbour.voucher, life.order), life.state().deadline + 1, by=life.office.reviewer)


@pytest.mark.parametrize("stage", ["redeemed", "accepted", "settled"])
def test_only_an_open_order_is_extended(life, stage):
    later = life.beside().until(stage)

    with refused("WrongStage", index=0, order=later.order_id, stage=Stage[stage.upper()]):
        extend(later, later.state().deadline + 1)


def test_a_requested_order_is_not_extended(world):
    life = Life.begin(world, approval=Approval.ALWAYS)
    life.reserve()

    with refused("WrongStage", index=0, order=life.order_id, stage=Stage.REQUESTED):
        extend(life, life.state().deadline + 1)


@pytest.mark.parametrize("later", [-DAY, -1, 0])
def test_a_deadline_only_moves_forward(life, later):
    deadline = life.state().deadline

    with refused("InvalidDeadline", **{"order": life.order_id, "from": deadline, "until": deadline + later}):
        extend(life, deadline + later)

    extend(life, deadline + 1)
    assert life.state().deadline == deadline + 1


def test_ninety_days_ahead_is_the_most(world, life):
    now = world.now() + DAY
    deadline = life.state().deadline

    with world.put_back():
        world.at(now)
        extend(life, now + 90 * DAY)
        assert life.state().deadline == now + 90 * DAY

    world.at(now)
    with refused("InvalidDeadline", **{"order": life.order_id, "from": deadline, "until": now + 90 * DAY + 1}):
        extend(life, now + 90 * DAY + 1)


@pytest.mark.parametrize("who", NOT_REVIEWERS)
def test_only_the_regions_reviewer_extends(world, life, who):
    sender = account(world, who, life.office.region)

    with refused("NotReviewer", account=sender, region=CHANGXING):
        extend(life, life.state().deadline + 1, by=sender)


@pytest.mark.parametrize("who", ["reviewer", "caretaker"])
def test_nobody_extends_for_a_suspended_region(world, life, who):
    account = {"caretaker": caretaker(world, CHANGXING), "reviewer": life.office.reviewer}[who]

    with refused("NotReviewer", account=account, region=CHANGXING):
        extend(life, life.state().deadline + 1, by=account)


def test_an_extension_moves_the_deadline_alone(life, neighbour):
    _, *rest = apart_from_pool(life)
    before, pool, until = apart_from_pool(neighbour), life.pool(), life.state().deadline + 10 * DAY
    state = life.state()._replace(deadline=until)

    sent = extend(life, until)

    assert [(event.name, event.values) for event in sent.events] == [
        ("Extended", {"order": life.order_id, "deadline": until, "by": life.office.reviewer.address.lower()})
    ]
    assert apart_from_pool(life) == [state, *rest]
    assert (apart_from_pool(neighbour), life.pool()) == (before, pool)


def test_an_extended_order_is_redeemed_after_claim_by(world):
    claim_by = world.now() + 10 * DAY
    life = Life.begin(world, until="open", voucher={"use_by": claim_by, "claim_by": claim_by})
    extend(life, claim_by + 30 * DAY)

    world.at(claim_by + 30 * DAY)
    life.redeem()

    assert life.state().stage == Stage.REDEEMED


def test_an_order_past_its_deadline_is_extended(world, life):
    late = life.state().deadline + DAY
    world.at(late)

    extend(life, late + DAY)

    assert life.redeem().only("Redeemed")["order"] == life.order_id
