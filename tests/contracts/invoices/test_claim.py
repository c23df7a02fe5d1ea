"""An authorised registry counts cost on an invoice."""

import pytest

from registry.model import MotionKind, RegistryStatus
from tests.contracts.invoices.ledger import (
    AMOUNT,
    INVOICE,
    ORDER,
    OTHER_INVOICE,
    OTHER_ORDER,
    OTHER_SELLER,
    SELLER,
    claim,
    invoice,
    move_on,
)
from tests.contracts.seen import account, deploy, said, unchanged
from tests.contracts.world import YUAN, refused


@pytest.mark.parametrize("who", ["stranger", "admin", "payer", "reviewer"])
def test_who_was_not_authorised_claims_nothing(world, who):
    sender = account(world, who)

    with refused("MayNotClaim", registry=sender, status=RegistryStatus.NONE):
        claim(world, sender, 1)


def test_a_closed_registry_claims_nothing(world, claimant):
    move_on(world, claimant, RegistryStatus.CLOSED)

    with refused("MayNotClaim", registry=claimant, status=RegistryStatus.CLOSED):
        claim(world, claimant, 1)


def test_no_invoice_is_no_claim(world, claimant):
    with refused("InvoiceZero"):
        claim(world, claimant, 1, invoice=bytes(32))


def test_no_cost_is_no_claim(world, claimant):
    with refused("CostZero"):
        claim(world, claimant, 0)


def test_an_invoice_has_one_seller(world, claimant):
    claim(world, claimant, 1)

    with refused("InvoiceSellerDiffers", invoice=INVOICE, seller=SELLER[:12]):
        claim(world, claimant, 1, seller=OTHER_SELLER)


@pytest.mark.parametrize("amount", [0, AMOUNT - 1, AMOUNT + 1])
def test_an_invoice_has_one_amount(world, claimant, amount):
    claim(world, claimant, 1)

    with refused("InvoiceAmountDiffers", invoice=INVOICE, amount=AMOUNT):
        claim(world, claimant, 1, amount=amount)


@pytest.mark.parametrize(("first", "second"), [(AMOUNT, 1), (1, AMOUNT), (6_000 * YUAN, 4_000 * YUAN + 1), (1, 2**64 - 1)])
def test_claims_never_exceed_the_invoice(world, claimant, first, second):
    claim(world, claimant, first)

    with refused("InvoiceExceeded", invoice=INVOICE, amount=AMOUNT, claimed=first, cost=second):
        claim(world, claimant, second, order=OTHER_ORDER)


def test_an_invoice_is_shared_among_registries(world, harness, claimant):
    """The registry's own claims and another subsidy's are for one cost."""
    other = deploy(world, harness["RegistryHarness"], world.registry.address)
    world.decide(MotionKind.AUTHORISE_CLAIMANT, account=other.address)
    claim(world, claimant, 6_000 * YUAN)
    body = world.invoices.encode("claim", INVOICE, ORDER, 4_000 * YUAN + 1, AMOUNT, SELLER[:27])

    with refused("InvoiceExceeded", invoice=INVOICE, amount=AMOUNT, claimed=6_000 * YUAN, cost=4_000 * YUAN + 1):
        other.relay(world.invoices.address, body, by=claimant)


@pytest.mark.parametrize(("amount", "cost"), [(AMOUNT, AMOUNT + 1), (0, 1)])
def test_one_claim_never_exceeds_the_invoice(world, claimant, amount, cost):
    with refused("InvoiceExceeded", invoice=INVOICE, amount=amount, claimed=0, cost=cost):
        claim(world, claimant, cost, amount=amount)

    assert invoice(world)[2] == 0


def test_costs_are_counted_up_to_the_whole_invoice(world, claimant):
    claim(world, claimant, 1, invoice=OTHER_INVOICE)

    with unchanged(lambda: invoice(world, OTHER_INVOICE)):
        first = claim(world, claimant, 6_000 * YUAN)
        assert invoice(world) == (AMOUNT, 6_000 * YUAN, 1, SELLER[:12])
        claim(world, claimant, 4_000 * YUAN, order=OTHER_ORDER)

    about = {"invoice": INVOICE, "registry": claimant, "order": ORDER, "seller": SELLER[:12]}
    assert first.events == (said("Claimed", cost=6_000 * YUAN, amount=AMOUNT, **about),)
    assert invoice(world) == (AMOUNT, AMOUNT, 2, SELLER[:12])


def test_a_retired_registry_runs_off(world, claimant):
    move_on(world, claimant, RegistryStatus.RETIRED)

    claim(world, claimant, AMOUNT)

    assert invoice(world) == (AMOUNT, AMOUNT, 1, SELLER[:12])


def test_a_forgotten_invoice_begins_anew(world, invoices, claimant):
    claim(world, claimant, 1, amount=1, seller=OTHER_SELLER)
    invoices.free(INVOICE, ORDER, 1, by=claimant)

    claim(world, claimant, AMOUNT)

    assert invoice(world) == (AMOUNT, AMOUNT, 1, SELLER[:12])
