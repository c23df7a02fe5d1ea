"""A redemption that was rejected is relayed again, or what was signed for it is used on the next attempt."""

from dataclasses import replace

import pytest

from registry import codec
from registry.model import FirstReview, Id, Release, Signatures, Time
from tests.contracts.attacks.attacker import fails, signer_of
from tests.contracts.world import DAY, NO_ADDRESS, STRANGER, UNSIGNED, YUAN, Life, World


def rejected(world: World, stage: str) -> tuple[Life, Signatures]:
    """A life whose first redemption was rejected at a stage, and that redemption's signatures."""
    life = Life.begin(world, until=stage, first_review=FirstReview.HOST)
    life.reject(by=life.payer if stage == "accepted" else None)
    return life, world.signed(life.redemption, life.firm, life.lab)


@pytest.mark.parametrize("stage", ["redeemed", "endorsed", "accepted"])
def test_a_rejected_redemption_relayed_again_is_of_a_wrong_attempt(world: World, stage: str) -> None:
    life, signatures = rejected(world, stage)

    with fails(world, "WrongAttempt", order=life.order_id, attempt=1, got=0):
        world.registry.redeem(life.voucher, life.order, life.redemption, signatures, by=STRANGER)

    life.redemption = replace(life.redemption, attempt=1)
    life.endorser = NO_ADDRESS
    life.redeem()
    life.endorse()
    life.accept()
    life.settle()
    assert life.balance() == (5_000 * YUAN, 0, 4_800 * YUAN, 200 * YUAN)


@pytest.mark.parametrize("attempt", [0, 2, 255])
def test_only_the_next_attempt_counts(world: World, attempt: int) -> None:
    life, _ = rejected(world, "redeemed")
    ahead = replace(life.redemption, attempt=attempt)

    with fails(world, "WrongAttempt", order=life.order_id, attempt=1, got=attempt):
        world.registry.redeem(life.voucher, life.order, ahead, world.signed(ahead, life.firm, life.lab), by=STRANGER)


def test_the_first_attempts_signatures_are_nobodys_on_the_second(world: World) -> None:
    life, signatures = rejected(world, "redeemed")
    second = replace(life.redemption, attempt=1)
    got = signer_of(world, second, signatures.firm)

    with fails(world, "NotSignedBy", signer=life.firm.signer, got=got):
        world.registry.redeem(life.voucher, life.order, second, signatures, by=STRANGER)


def test_the_rejected_claim_is_not_accepted_in_place_of_the_second(world: World) -> None:
    life = Life.begin(world, until="redeemed")
    life.reject()
    first = life.claim
    life.redemption = replace(world.redemption(life.order, 3_000 * YUAN, 1_800 * YUAN), attempt=1)
    life.redeem()

    kept = life.state().evidence
    with fails(world, "EvidenceDiffers", index=0, order=life.order_id, evidence=kept, got=codec.evidence(first)):
        world.registry.accept([first], by=life.office.second_reviewer)

    life.accept()
    assert life.balance() == (8_000 * YUAN, 0, 1_800 * YUAN, 200 * YUAN)


def test_a_consent_to_release_from_before_the_rejection_is_void(world: World) -> None:
    life = Life.begin(world, until="open")
    consent = Release(Id(life.order_id), 0, Time(world.now() + 30 * DAY))
    signatures = Signatures(firm=UNSIGNED, lab=world.sign(consent, life.lab.signer))
    life.redeem()
    with fails(world, "WrongStage", index=0, order=life.order_id, stage=3):
        world.registry.release(life.voucher, life.order, consent, signatures, by=STRANGER)
    life.reject()

    with fails(world, "WrongAttempt", order=life.order_id, attempt=1, got=0):
        world.registry.release(life.voucher, life.order, consent, signatures, by=STRANGER)


def test_a_redemption_is_not_relayed_twice(world: World) -> None:
    life = Life.begin(world, until="redeemed")

    with fails(world, "WrongStage", index=0, order=life.order_id, stage=3):
        life.redeem()


def test_an_order_is_not_relayed_again_after_its_release(world: World) -> None:
    life = Life.begin(world, until="open")
    consent = Release(Id(life.order_id), 0, Time(world.now() + DAY))
    world.registry.release(life.voucher, life.order, consent, Signatures(firm=UNSIGNED, lab=UNSIGNED), by=life.lab.signer)

    with fails(world, "OrderSeen", order=life.order_id, stage=9):
        life.reserve()
