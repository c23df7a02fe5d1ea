"""The registry counts money that came back."""

import pytest

from tests.contracts.programmes.conftest import FUNDED
from tests.contracts.seen import account, unchanged
from tests.contracts.world import refused


@pytest.fixture
def paid(till):
    """Two programmes of which 480 fen were paid, and 120 more are committed."""
    for programme in (till.programme, till.neighbour):
        till.tell("commit", 0, programme, 600)
        till.tell("pay", programme, 480, 480)
    return till


@pytest.mark.parametrize("who", ["stranger", "admin", "issuer", "reviewer", "payer"])
def test_only_the_registry_counts_back(world, till, who):
    sender = account(world, who)

    with refused("NotRegistry", account=sender):
        till.programmes.payBack(till.programme, 1, by=sender)


@pytest.mark.parametrize("amount", [481, 601])
def test_no_more_comes_back_than_was_paid(paid, amount):
    with refused("Panic", code=0x11):
        paid.tell("payBack", paid.programme, amount)


@pytest.mark.parametrize("amount", [1, 480])
def test_money_that_came_back_is_free_again(paid, amount):
    with unchanged(lambda: paid.pool(paid.neighbour)):
        sent = paid.tell("payBack", paid.programme, amount)

    assert sent.events == ()
    assert paid.pool() == (FUNDED, 600 - amount, 480 - amount)
