"""The ledger, and an account that may claim on it beside the registry."""

import pytest
from eth_account.signers.local import LocalAccount

from registry.model import MotionKind
from tests.contracts.world import Contract, World, person


@pytest.fixture
def invoices(world: World) -> Contract:
    return world.invoices


@pytest.fixture
def claimant(world: World) -> LocalAccount:
    """Another subsidy for the same cost, which the members authorised. The ledger does not ask whether it is a contract."""
    account = person("another subsidy")
    world.decide(MotionKind.AUTHORISE_CLAIMANT, account=account)
    return account
