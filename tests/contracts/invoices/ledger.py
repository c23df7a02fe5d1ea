"""What the tests of the ledger say of invoices and registries."""

from typing import Any

from eth_account.signers.local import LocalAccount

from registry.model import MotionKind, RegistryStatus
from tests.contracts.world import YUAN, Sent, World, digest, tag

INVOICE, OTHER_INVOICE = tag("invoice", epoch=26), tag("another invoice", epoch=26)
ORDER, OTHER_ORDER = digest("order"), digest("another order")
SELLER, OTHER_SELLER = tag("seller"), tag("another seller")
AMOUNT = 10_000 * YUAN
FORGOTTEN = (0, 0, 0, bytes(12))
STEPS = {
    RegistryStatus.AUTHORISED: [],
    RegistryStatus.RETIRED: [MotionKind.RETIRE_REGISTRY],
    RegistryStatus.CLOSED: [MotionKind.RETIRE_REGISTRY, MotionKind.CLOSE_REGISTRY],
}


def claim(world: World, by: LocalAccount, cost: int, **changes: Any) -> Sent:
    """Claim on the invoice of 10,000 yuan, or on what the changes say."""
    about = {"invoice": INVOICE, "order": ORDER, "cost": cost, "amount": AMOUNT, "seller": SELLER} | changes
    return world.invoices.claim(about["invoice"], about["order"], about["cost"], about["amount"], about["seller"][:27], by=by)


def move_on(world: World, registry: object, status: RegistryStatus) -> None:
    """Bring an authorised registry into a status."""
    for kind in STEPS[status]:
        world.decide(kind, account=registry)


def invoice(world: World, which: bytes = INVOICE) -> tuple[Any, ...]:
    """Amount, claimed, live claims, seller's first 12 bytes."""
    return tuple(world.invoices.invoices(which))
