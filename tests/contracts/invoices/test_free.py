"""A registry counts cost back."""

import pytest

from registry.model import MotionKind, RegistryStatus
from tests.contracts.invoices.ledger import (
    AMOUNT,
    FORGOTTEN,
    INVOICE,
    ORDER,
    OTHER_INVOICE,
    OTHER_ORDER,
    SELLER,
    claim,
    invoice,
    move_on,
)
from tests.contracts.seen import account, said, unchanged
from tests.contracts.world import CHANGXING, YUAN, Life, refused


@pytest.mark.parametrize("who", ["stranger", "admin", "reviewer"])
def test_who_was_not_authorised_frees_nothing(world, invoices, claimant, who):
    claim(world, claimant, AMOUNT)
    sender = account(world, who)

    with refused("MayNotFree", registry=sender):
        invoices.free(INVOICE, ORDER, AMOUNT, by=sender)


@pytest.mark.parametrize("claims", [0, 2])
def test_no_more_is_freed_than_is_claimed(world, invoices, claimant, claims):
    for _ in range(claims):
        claim(world, claimant, 1)

    with refused("Panic", code=0x11):
        invoices.free(INVOICE, ORDER, claims + 1, by=claimant)


def test_a_cost_is_counted_back(world, invoices, claimant):
    claim(world, claimant, 6_000 * YUAN)
    claim(world, claimant, 3_000 * YUAN, order=OTHER_ORDER)
    claim(world, claimant, 1, invoice=OTHER_INVOICE)

    with unchanged(lambda: invoice(world, OTHER_INVOICE)):
        sent = invoices.free(INVOICE, ORDER, 6_000 * YUAN, by=claimant)

    assert sent.events == (said("Freed", invoice=INVOICE, registry=claimant, order=ORDER, cost=6_000 * YUAN),)
    assert invoice(world) == (AMOUNT, 3_000 * YUAN, 1, SELLER[:12])


def test_an_invoice_without_live_claims_is_forgotten(world, invoices, claimant):
    claim(world, claimant, AMOUNT)

    sent = invoices.free(INVOICE, ORDER, AMOUNT, by=claimant)

    assert [event.name for event in sent.events] == ["Freed"]
    assert invoice(world) == FORGOTTEN


@pytest.mark.parametrize("status", [RegistryStatus.RETIRED, RegistryStatus.CLOSED])
def test_who_may_no_longer_claim_may_still_free(world, invoices, claimant, status):
    claim(world, claimant, AMOUNT)
    move_on(world, claimant, status)

    invoices.free(INVOICE, ORDER, AMOUNT, by=claimant)

    assert invoice(world) == FORGOTTEN


def test_a_voided_claim_is_never_counted_back(world, invoices, claimant):
    """Void a settled claim, then refund all of it: what another subsidy claims on the same invoice stays whole."""
    life = Life.begin(world, until="settled")
    motion = world.motion(MotionKind.VOID_CLAIM, region=CHANGXING, account=world.registry.address, subject=life.order_id)
    world.carry(motion)
    invoices.voidClaim(motion, life.claim, life.redemption, by=claimant)
    cost = life.redemption.invoice_amount
    for order in (ORDER, OTHER_ORDER):
        claim(world, claimant, cost // 2, invoice=life.redemption.invoice, order=order, amount=cost, seller=life.lab.tag)
    life.reverse()

    with unchanged(life.invoice):
        sent = life.refunded()

    assert [event.name for event in sent.events] == ["Refunded"]
    assert life.invoice() == (cost, cost, 2, life.lab.tag[:12])
