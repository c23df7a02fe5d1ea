"""The registry gives committed money back to the pool."""

import pytest

from tests.contracts.programmes.conftest import FUNDED
from tests.contracts.seen import account, unchanged
from tests.contracts.world import refused


@pytest.mark.parametrize("who", ["stranger", "admin", "issuer", "reviewer", "payer"])
def test_only_the_registry_uncommits(world, till, who):
    sender = account(world, who)

    with refused("NotRegistry", account=sender):
        till.programmes.uncommit(till.programme, 1, by=sender)


@pytest.mark.parametrize("committed", [0, 600])
def test_no_more_is_given_back_than_is_committed(till, committed):
    till.tell("commit", 0, till.programme, committed)
    till.tell("commit", 0, till.neighbour, FUNDED)

    with refused("Panic", code=0x11):
        till.tell("uncommit", till.programme, committed + 1)


@pytest.mark.parametrize("amount", [1, 600])
def test_money_goes_back_to_the_pool(till, amount):
    for programme in (till.programme, till.neighbour):
        till.tell("commit", 0, programme, 600)

    with unchanged(lambda: till.pool(till.neighbour)):
        sent = till.tell("uncommit", till.programme, amount)

    assert sent.events == ()
    assert till.pool() == (FUNDED, 600 - amount, 0)
