"""What the invoice ledger asks before a settled claim is voided."""

import pytest

from registry import codec
from registry.model import Stage
from tests.contracts.voucher_registry.cases import OTHER, altered, evidence_differs
from tests.contracts.world import CHANGXING, refused


@pytest.mark.parametrize(
    ("stage", "answered"),
    [("reserved", Stage.OPEN), ("redeemed", Stage.REDEEMED), ("accepted", Stage.ACCEPTED)],
)
def test_before_settlement_it_is_refused(world, life, stage, answered):
    life.until(stage)

    with refused("WrongStage", index=0, order=life.order_id, stage=answered):
        world.registry.requireSettled(life.claim, life.redemption)


def test_after_a_refund_it_is_refused(world, life):
    life.until("settled")
    life.reverse()
    life.refunded()

    with refused("WrongStage", index=0, order=life.order_id, stage=Stage.REFUNDED):
        world.registry.requireSettled(life.claim, life.redemption)


@pytest.mark.parametrize("field", OTHER)
def test_another_claim_is_refused(world, life, field):
    life.until("settled")
    claim = altered(life.claim, field)

    with refused("EvidenceDiffers", **evidence_differs(life, claim)):
        world.registry.requireSettled(claim, life.redemption)


def test_another_redemption_is_refused(world, life):
    life.until("settled")
    other = world.redemption(life.order, life.redemption.cost, life.redemption.subsidy)

    with refused("RedemptionMismatch", index=0, order=life.order_id, redemption=codec.id_of(other)):
        world.registry.requireSettled(life.claim, other)


def test_a_settled_claim_is_its_regions(world, life):
    life.until("settled")

    assert world.registry.requireSettled(life.claim, life.redemption) == CHANGXING


def test_a_reversed_claim_is_its_regions(world, life):
    life.until("settled")
    life.reverse(recover=1)

    assert world.registry.requireSettled(life.claim, life.redemption) == CHANGXING
