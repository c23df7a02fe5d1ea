"""A rejection restores notes that are spent elsewhere, forgets an order's money, or strands what was reserved."""

from dataclasses import replace

import pytest

from registry import codec
from registry.model import Fen, FirstReview, Time
from tests.contracts.attacks.attacker import fails
from tests.contracts.world import DAY, NO_ADDRESS, STRANGER, YUAN, Life, World, digest


def reject(life: Life) -> None:
    life.reject(by=life.payer if life.state().stage == 5 else None)
    life.endorser = NO_ADDRESS


def second_order(life: Life, amount: int) -> Life:
    """Another order on the same voucher, reserved."""
    order = life.world.order(life.voucher, life.lab, amount)
    other = replace(life, order=order, redemption=life.world.redemption(order, amount, amount * 6 // 10), endorser=NO_ADDRESS)
    other.reserve()
    return other


@pytest.mark.parametrize("stage", ["redeemed", "endorsed", "accepted"])
def test_notes_spent_by_another_order_are_not_restored(world: World, stage: str) -> None:
    life = Life.begin(world, until=stage, first_review=FirstReview.HOME, cost=5_000 * YUAN, subsidy=3_000 * YUAN)
    held = life.state().amount
    other = second_order(life, life.balance()[0])
    for step in (other.redeem, other.endorse, other.accept, other.settle):
        step()
    available, reserved, spent, lapsed = other.balance()

    reject(life)

    assert life.state().amount == held
    assert life.balance() == (available, reserved + 3_000 * YUAN, spent - 3_000 * YUAN, lapsed)
    assert life.balance()[1] == held
    assert sum(life.balance()) == life.voucher.face
    over = world.order(life.voucher, life.lab, available + 1_000 * YUAN)
    with fails(world, "OverAvailable", voucher=life.voucher_id, available=available, amount=available + 1_000 * YUAN):
        world.registry.reserve(life.voucher, over, world.signed(over, life.firm, life.lab), by=STRANGER)


def test_what_acceptance_gave_back_and_another_order_took_stays_taken(world: World) -> None:
    life = Life.begin(world, until="accepted", cost=2_000 * YUAN, subsidy=1_200 * YUAN)
    other = second_order(life, 8_000 * YUAN)

    reject(life)

    assert (life.state().amount, other.state().amount, life.balance()) == (2_000 * YUAN, 8_000 * YUAN, (0, 10_000 * YUAN, 0, 0))
    life.redemption = world.redemption(life.order, 5_000 * YUAN, 3_000 * YUAN, attempt=1)
    with fails(world, "OverOrder", order=life.order_id, amount=2_000 * YUAN, subsidy=3_000 * YUAN):
        life.redeem()


@pytest.mark.parametrize("stage", ["redeemed", "endorsed", "accepted"])
def test_the_open_order_keeps_its_money_committed(world: World, stage: str) -> None:
    life = Life.begin(world, until=stage, first_review=FirstReview.HOST, funded=5_000 * YUAN)
    held = life.state().amount

    reject(life)

    assert life.pool() == (5_000 * YUAN, held, 0)
    free = 5_000 * YUAN - held
    with fails(world, "PoolShort", index=0, programme=life.programme_id, free=free, amount=free + 1):
        world.programmes.draw(life.programme_id, free + 1, digest("draw"), by=life.payer)
    life.redemption = replace(life.redemption, attempt=1)
    for step in (life.redeem, life.endorse, life.accept, life.settle):
        step()
    assert life.pool() == (5_000 * YUAN, 4_800 * YUAN, 4_800 * YUAN)


def test_after_use_by_a_rejected_order_keeps_all_of_it_and_can_redeem_it(world: World) -> None:
    use_by = Time(world.now() + 10 * DAY)
    life = Life.begin(world, cost=3_000 * YUAN, subsidy=1_800 * YUAN, voucher={"use_by": use_by, "claim_by": use_by})
    life.reserve()
    life.redeem()
    world.at(use_by + 5 * DAY)

    reject(life)

    assert life.state().amount == 5_000 * YUAN
    assert life.state().deadline == world.now() + 30 * DAY
    late = world.order(life.voucher, life.lab, 1_000 * YUAN)
    with fails(world, "PastUseBy", voucher=life.voucher_id, useBy=use_by):
        world.registry.reserve(life.voucher, late, world.signed(late, life.firm, life.lab), by=STRANGER)
    world.at(life.state().deadline)
    life.redemption = world.redemption(life.order, 8_000 * YUAN, 4_800 * YUAN, attempt=1)
    life.redeem()
    life.accept()
    life.settle()
    assert life.balance() == (5_000 * YUAN, 0, 4_800 * YUAN, 200 * YUAN)


def test_a_rejection_never_shortens_a_deadline(world: World) -> None:
    life = Life.begin(world, until="redeemed", hold_days=200)
    deadline = life.state().deadline

    reject(life)

    assert life.state().deadline == deadline


@pytest.mark.parametrize("denomination", [1, 100 * YUAN, 1_000 * YUAN, 5_000 * YUAN])
def test_ten_rejections_leave_what_was_there_before(world: World, denomination: int) -> None:
    life = Life.begin(world, until="open", voucher={"denomination": Fen(denomination)}, cost=7_777 * YUAN + 77, subsidy=4_001 * YUAN + 1)
    before = (life.balance(), life.pool(), life.state().amount)

    for attempt in range(10):
        life.redemption = world.redemption(life.order, 7_777 * YUAN + 77, 4_001 * YUAN + attempt, attempt=attempt)
        life.redeem()
        reject(life)

    assert (life.balance(), life.pool(), life.state().amount) == before
    assert (life.state().stage, life.state().attempt, life.state().evidence) == (2, 10, bytes(17))


def test_one_wrong_filing_among_many_rejects_none(world: World) -> None:
    lives = [Life.begin(world, until="redeemed") for _ in range(3)]
    filings = [life.filing for life in lives]
    wrong = replace(lives[2].redemption, cost=Fen(1))

    with fails(world, "NotReviewer", account=STRANGER, region=lives[0].programme.region):
        world.registry.reject(filings, by=STRANGER)
    with fails(world, "RedemptionMismatch", index=2, order=lives[2].order_id, redemption=codec.id_of(wrong)):
        world.registry.reject([*filings[:2], (lives[2].claim, wrong)], by=lives[0].office.reviewer)
    with fails(world, "WrongStage", index=3, order=lives[0].order_id, stage=2):
        world.registry.reject([*filings, filings[0]], by=lives[0].office.reviewer)

    world.registry.reject(filings, by=lives[0].office.reviewer)
