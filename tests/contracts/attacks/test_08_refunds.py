"""Money that came back is counted twice, frees more than it should, or frees a claim that a motion voided."""

import pytest

from registry import codec
from registry.model import Fen, Motion, MotionKind, Slice
from tests.contracts.attacks.attacker import fails
from tests.contracts.world import BEIJING, CHANGXING, SHANGHAI, STRANGER, YUAN, Life, World, digest

SLICES = (Slice(Fen(5_000 * YUAN), 6000), Slice(Fen(20_000 * YUAN), 3000))
SUBSIDY = 3_900 * YUAN


def settled(world: World) -> Life:
    """8,000 yuan of cost under two slices earned 3,900."""
    return Life.begin(world, until="settled", slices=SLICES, subsidy=SUBSIDY)


def reversed_by(world: World, recover: int) -> Life:
    life = settled(world)
    world.registry.reverse(life.claim, recover, digest("reason"), by=life.office.reviewer)
    return life


def refund(life: Life) -> None:
    life.world.registry.refunded(life.filing, by=life.payer).only("Refunded")


def live(life: Life) -> tuple[int, int]:
    """Claimed on the invoice, and counted under the agreement."""
    world = life.world
    agreement = world.programmes.agreements(life.programme_id, life.redemption.agreement)
    return world.invoices.invoices(life.redemption.invoice).claimed, agreement


def void(life: Life) -> Motion:
    motion = life.world.motion(MotionKind.VOID_CLAIM, region=CHANGXING, account=life.world.registry.address, subject=life.order_id)
    life.world.carry(motion)
    return motion


@pytest.mark.parametrize("recover", [1, SUBSIDY // 2, SUBSIDY])
def test_a_debt_is_refunded_once(world: World, recover: int) -> None:
    life = reversed_by(world, recover)
    refund(life)

    assert life.pool()[1:] == (SUBSIDY - recover, SUBSIDY - recover)
    with fails(world, "WrongStage", index=0, order=life.order_id, stage=8):
        refund(life)
    with fails(world, "WrongStage", index=0, order=life.order_id, stage=8):
        world.registry.reverse(life.claim, 1, digest("more"), by=life.office.reviewer)
    with fails(world, "WrongStage", index=0, order=life.order_id, stage=8):
        life.settle()


@pytest.mark.parametrize("recover", [1, SUBSIDY - 1])
def test_a_partial_refund_frees_no_fen_of_invoice_or_agreement(world: World, recover: int) -> None:
    life = reversed_by(world, recover)
    refund(life)

    assert live(life) == (8_000 * YUAN, 8_000 * YUAN)
    order = world.order(life.voucher, life.lab, 1_000 * YUAN)
    again = world.redemption(order, 2, 1, invoice=life.redemption.invoice, invoice_amount=Fen(8_000 * YUAN))
    world.registry.reserve(life.voucher, order, world.signed(order, life.firm, life.lab), by=STRANGER)
    with fails(world, "InvoiceExceeded", invoice=again.invoice, amount=8_000 * YUAN, claimed=8_000 * YUAN, cost=2):
        world.registry.redeem(life.voucher, order, again, world.signed(again, life.firm, life.lab), by=STRANGER)


def test_a_full_refund_frees_invoice_and_agreement_and_revives_no_voucher(world: World) -> None:
    life = reversed_by(world, SUBSIDY)
    before = life.balance()
    refund(life)

    assert live(life) == (0, 0)
    assert life.balance() == before == (6_000 * YUAN, 0, SUBSIDY, 100 * YUAN)


@pytest.mark.parametrize("recover", [0, SUBSIDY + 1, 2**64 - 1])
def test_a_debt_is_neither_nothing_nor_more_than_was_paid(world: World, recover: int) -> None:
    life = settled(world)

    with fails(world, "InvalidRecovery", order=life.order_id, subsidy=SUBSIDY, recover=recover):
        world.registry.reverse(life.claim, recover, digest("reason"), by=life.office.reviewer)


def test_a_claim_is_reversed_once(world: World) -> None:
    life = reversed_by(world, 1)

    with fails(world, "WrongStage", index=0, order=life.order_id, stage=7):
        world.registry.reverse(life.claim, SUBSIDY, digest("again"), by=life.office.reviewer)


@pytest.mark.parametrize("who", ["reviewer", "issuer", "directory", "admin"])
def test_no_reviewer_says_that_money_came_back(world: World, who: str) -> None:
    life = reversed_by(world, SUBSIDY)
    account = getattr(life.office, who)

    with fails(world, "NotPayer", account=account, region=CHANGXING):
        world.registry.refunded(life.filing, by=account)


@pytest.mark.parametrize("who", ["payer", "issuer"])
def test_no_payer_declares_a_debt(world: World, who: str) -> None:
    life = settled(world)
    account = getattr(life.office, who)

    with fails(world, "NotReviewer", account=account, region=CHANGXING):
        world.registry.reverse(life.claim, 1, digest("reason"), by=account)


def test_a_voided_claim_is_not_counted_back_when_its_money_returns(world: World) -> None:
    life = settled(world)
    motion = void(life)
    world.invoices.voidClaim(motion, life.claim, life.redemption, by=STRANGER)
    honest = other_claim_on(life)
    world.registry.reverse(life.claim, SUBSIDY, digest("fraud"), by=life.office.reviewer)

    sent = world.registry.refunded(life.filing, by=life.payer)

    assert [event.name for event in sent.events] == ["Refunded"]
    assert tuple(world.invoices.invoices(life.redemption.invoice))[1:3] == (honest, 1)
    assert world.invoices.voided(world.registry.address, life.order_id) is True


def test_a_reversed_claim_is_voided_and_not_counted_back_either(world: World) -> None:
    life = reversed_by(world, SUBSIDY)
    world.invoices.voidClaim(void(life), life.claim, life.redemption, by=STRANGER)
    honest = other_claim_on(life)

    refund(life)

    assert tuple(world.invoices.invoices(life.redemption.invoice))[1:3] == (honest, 1)


def test_a_claim_is_voided_once(world: World) -> None:
    life = settled(world)
    motion = void(life)
    world.invoices.voidClaim(motion, life.claim, life.redemption, by=STRANGER)
    other_claim_on(life)

    with fails(world, "MotionUsed", motion=codec.id_of(motion)):
        world.invoices.voidClaim(motion, life.claim, life.redemption, by=STRANGER)
    second = void(life)
    with fails(world, "ClaimVoided", registry=world.registry.address, order=life.order_id):
        world.invoices.voidClaim(second, life.claim, life.redemption, by=STRANGER)


def test_a_refunded_claim_is_not_voided_after_it_was_freed(world: World) -> None:
    life = reversed_by(world, SUBSIDY)
    motion = void(life)
    refund(life)
    other_claim_on(life)

    with fails(world, "WrongStage", index=0, order=life.order_id, stage=8):
        world.invoices.voidClaim(motion, life.claim, life.redemption, by=STRANGER)


@pytest.mark.parametrize("stage", ["redeemed", "accepted"])
def test_what_is_not_settled_is_not_voided(world: World, stage: str) -> None:
    life = Life.begin(world, until=stage)
    number = life.state().stage

    motion = void(life)
    with fails(world, "WrongStage", index=0, order=life.order_id, stage=number):
        world.invoices.voidClaim(motion, life.claim, life.redemption, by=STRANGER)


@pytest.mark.parametrize("about", ["another order", "another region", "another kind"])
def test_a_motion_voids_what_it_names_and_nothing_else(world: World, about: str) -> None:
    life, other = settled(world), settled(world)
    kind = MotionKind.LIFT_FLAG if about == "another kind" else MotionKind.VOID_CLAIM
    region = SHANGHAI if about == "another region" else CHANGXING
    subject = other.order_id if about == "another order" else life.order_id
    motion = world.motion(kind, region=region, account=world.registry.address, subject=subject)
    world.carry(motion)

    with fails(world, "WrongMotion"):
        world.invoices.voidClaim(motion, life.claim, life.redemption, by=STRANGER)


def test_a_motion_does_not_void_through_another_redemption_or_claim(world: World) -> None:
    life, other = settled(world), settled(world)
    motion = void(life)

    with fails(world, "RedemptionMismatch", index=0, order=life.order_id, redemption=codec.id_of(other.redemption)):
        world.invoices.voidClaim(motion, life.claim, other.redemption, by=STRANGER)
    with fails(world, "WrongMotion"):
        world.invoices.voidClaim(motion, other.claim, other.redemption, by=STRANGER)


def test_a_region_does_not_vote_on_voiding_its_own_claim(world: World) -> None:
    life = settled(world)
    motion = world.motion(MotionKind.VOID_CLAIM, region=CHANGXING, account=world.registry.address, subject=life.order_id)

    with fails(world, "OwnCase", region=CHANGXING):
        world.consortium.vote(motion, by=life.office.admin)
    world.carry(motion, [BEIJING, SHANGHAI])
    with fails(world, "NotCarried", motion=codec.id_of(motion), votes=2, members=6):
        world.invoices.voidClaim(motion, life.claim, life.redemption, by=STRANGER)


def other_claim_on(life: Life) -> int:
    """An honest claim by another lab on the same invoice, which a void set free."""
    other = Life.begin(life.world, until="open")
    cost = 4_000 * YUAN
    other.redemption = life.world.redemption(
        other.order, cost, 2_400 * YUAN, invoice=life.redemption.invoice, invoice_amount=Fen(9_000 * YUAN)
    )
    other.redeem()
    return cost
