"""A reviewer declares a settled claim a debt."""

import pytest

from registry.model import Stage
from tests.contracts.seen import account
from tests.contracts.voucher_registry.cases import NOT_REVIEWERS, OTHER, altered, apart_from_pool, caretaker, evidence_differs
from tests.contracts.world import CHANGXING, YUAN, Life, digest, refused

REASON = digest("the report was copied")


@pytest.fixture
def life(world):
    """A settled claim of 4,800 yuan."""
    return Life.begin(world, until="settled")


def reverse(life, recover=4_800 * YUAN, *, by=None, claim=None):
    return life.world.registry.reverse(claim or life.claim, recover, REASON, by=by or life.office.reviewer)


@pytest.mark.parametrize("stage", ["open", "redeemed", "accepted"])
def test_only_a_settled_order_is_reversed(life, stage):
    other = life.beside().until(stage)

    with refused("WrongStage", index=0, order=other.order_id, stage=Stage[stage.upper()]):
        reverse(other)


def test_a_claim_is_reversed_once(life):
    reverse(life, recover=1)

    with refused("WrongStage", index=0, order=life.order_id, stage=Stage.REVERSED):
        reverse(life)

    life.refunded()
    with refused("WrongStage", index=0, order=life.order_id, stage=Stage.REFUNDED):
        reverse(life)


@pytest.mark.parametrize("field", OTHER)
def test_another_claim_is_refused(life, field):
    claim = altered(life.claim, field)

    with refused("EvidenceDiffers", **evidence_differs(life, claim)):
        reverse(life, recover=1, claim=claim)


@pytest.mark.parametrize("recover", [0, 4_800 * YUAN + 1, 2**64 - 1])
def test_a_debt_is_at_least_a_fen_and_at_most_the_subsidy(life, recover):
    with refused("InvalidRecovery", order=life.order_id, subsidy=4_800 * YUAN, recover=recover):
        reverse(life, recover)


@pytest.mark.parametrize("who", NOT_REVIEWERS)
def test_only_the_regions_reviewer_reverses(world, life, who):
    sender = account(world, who, life.office.region)

    with refused("NotReviewer", account=sender, region=CHANGXING):
        reverse(life, by=sender)


def test_a_suspended_reviewer_does_not_reverse(world, life):
    world.suspend(CHANGXING)

    with refused("NotReviewer", account=life.office.reviewer, region=CHANGXING):
        reverse(life)


def test_a_caretaker_reverses(world, life):
    account = caretaker(world, CHANGXING)

    assert reverse(life, by=account).only("Reversed")["by"] == account.address.lower()


@pytest.mark.parametrize("recover", [1, 4_800 * YUAN])
def test_part_or_all_is_a_debt(life, recover):
    reverse(life, recover)

    assert (life.state().stage, life.state().amount) == (Stage.REVERSED, recover)


def test_a_reversed_claim_is_a_debt(life):
    other = life.beside().until("settled")
    state, *rest = apart_from_pool(life)
    before, pool = apart_from_pool(other), life.pool()

    sent = reverse(life, recover=1_000 * YUAN)

    by = life.office.reviewer.address.lower()
    assert [(event.name, event.values) for event in sent.events] == [
        ("Reversed", {"order": life.order_id, "recover": 1_000 * YUAN, "reason": REASON, "by": by})
    ]
    assert apart_from_pool(life) == [state._replace(stage=Stage.REVERSED, amount=1_000 * YUAN), *rest]
    assert (life.pool(), apart_from_pool(other)) == (pool, before)
