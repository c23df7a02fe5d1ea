"""An order that waits for approval holds no money; ending it must free none."""

import pytest

from registry.model import Approval, Id, Release, Time
from tests.contracts.attacks.attacker import NOBODY, fails
from tests.contracts.world import DAY, STRANGER, YUAN, Life, World, digest

GRACE = 30 * DAY


def release(life: Life, who: str) -> None:
    consent = Release(Id(life.order_id), 0, Time(life.world.now() + DAY))
    if who == "reviewer":
        life.world.registry.decline([life.reservation], by=life.office.reviewer)
        return
    if who == "stranger":
        life.world.at(life.state().deadline + GRACE + 1)
    by = life.lab.signer if who == "lab" else STRANGER
    life.world.registry.release(life.voucher, life.order, consent, NOBODY, by=by)


@pytest.mark.parametrize("who", ["lab", "reviewer", "stranger"])
def test_ending_a_requested_order_leaves_the_committed_money_of_others(world: World, who: str) -> None:
    opened = Life.begin(world, until="open", approval=Approval.ALWAYS, funded=5_000 * YUAN)
    requested = Life(world, opened.programme, opened.firm, opened.lab, opened.voucher, None, None)
    requested.order = world.order(opened.voucher, opened.lab, 5_000 * YUAN)
    requested.reserve()
    assert opened.pool() == (5_000 * YUAN, 5_000 * YUAN, 0)

    release(requested, who)

    assert opened.pool() == (5_000 * YUAN, 5_000 * YUAN, 0)
    assert opened.balance() == (5_000 * YUAN, 5_000 * YUAN, 0, 0)
    with fails(world, "PoolShort", index=0, programme=opened.programme_id, free=0, amount=1):
        world.programmes.draw(opened.programme_id, 1, digest("draw"), by=opened.payer)


@pytest.mark.parametrize("who", ["lab", "reviewer", "stranger"])
def test_an_ended_request_is_neither_approved_nor_ended_again(world: World, who: str) -> None:
    life = Life.begin(world, until="reserved", approval=Approval.ALWAYS)
    release(life, who)

    with fails(world, "WrongStage", index=0, order=life.order_id, stage=9):
        life.approve()
    with fails(world, "WrongStage", index=0, order=life.order_id, stage=9):
        world.registry.decline([life.reservation], by=life.office.reviewer)
    with fails(world, "WrongStage", index=0, order=life.order_id, stage=9):
        consent = Release(Id(life.order_id), 0, Time(world.now() + DAY))
        world.registry.release(life.voucher, life.order, consent, NOBODY, by=life.lab.signer)
    with fails(world, "OrderSeen", order=life.order_id, stage=9):
        life.reserve()


def test_a_request_is_not_redeemed(world: World) -> None:
    life = Life.begin(world, until="reserved", approval=Approval.ALWAYS)

    with fails(world, "WrongStage", index=0, order=life.order_id, stage=1):
        life.redeem()


def test_an_open_order_is_not_declined(world: World) -> None:
    life = Life.begin(world, until="open", approval=Approval.ALWAYS)

    with fails(world, "WrongStage", index=0, order=life.order_id, stage=2):
        world.registry.decline([life.reservation], by=life.office.reviewer)


def test_approving_the_same_request_twice_commits_it_once(world: World) -> None:
    life = Life.begin(world, until="reserved", approval=Approval.ALWAYS)

    with fails(world, "WrongStage", index=1, order=life.order_id, stage=2):
        world.registry.approve([life.reservation, life.reservation], by=life.office.reviewer)

    life.approve()
    assert life.pool()[1] == 5_000 * YUAN


def test_a_request_is_not_approved_beyond_the_pool(world: World) -> None:
    life = Life.begin(world, until="reserved", approval=Approval.ALWAYS, funded=5_000 * YUAN - 1)

    with fails(world, "PoolShort", index=0, programme=life.programme_id, free=5_000 * YUAN - 1, amount=5_000 * YUAN):
        life.approve()
