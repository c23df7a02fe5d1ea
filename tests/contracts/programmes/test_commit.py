"""The registry sets money aside for an order."""

import pytest

from registry.model import NO_ID
from tests.contracts.programmes.conftest import FUNDED
from tests.contracts.seen import account, unchanged
from tests.contracts.world import refused


@pytest.mark.parametrize("who", ["stranger", "admin", "issuer", "reviewer", "payer"])
def test_only_the_registry_commits(world, till, who):
    sender = account(world, who)

    with refused("NotRegistry", account=sender):
        till.programmes.commit(0, till.programme, 1, by=sender)


@pytest.mark.parametrize("index", [0, 7])
@pytest.mark.parametrize("committed", [0, 1, FUNDED])
def test_what_is_not_there_is_not_committed(till, committed, index):
    till.tell("commit", 0, till.programme, committed)
    free = FUNDED - committed

    with refused("PoolShort", index=index, programme=till.programme, free=free, amount=free + 1):
        till.tell("commit", index, till.programme, free + 1)


def test_an_unopened_programme_has_nothing_to_commit(till):
    with refused("PoolShort", index=0, programme=NO_ID, free=0, amount=1):
        till.tell("commit", 0, NO_ID, 1)


def test_a_pool_is_committed_up_to_the_last_fen(till):
    with unchanged(lambda: till.pool(till.neighbour)):
        first = till.tell("commit", 0, till.programme, 600)
        assert till.pool() == (FUNDED, 600, 0)
        till.tell("commit", 0, till.programme, FUNDED - 600)

    assert first.events == ()
    assert till.pool() == (FUNDED, FUNDED, 0)
