"""The registry counts cost back."""

import pytest

from tests.contracts.seen import account, unchanged
from tests.contracts.world import digest, refused

AGREEMENT, OTHER = digest("agreement"), digest("another agreement")


@pytest.mark.parametrize("who", ["stranger", "admin", "issuer", "reviewer", "payer"])
def test_only_the_registry_uncounts(world, till, who):
    sender = account(world, who)

    with refused("NotRegistry", account=sender):
        till.programmes.uncount(till.programme, AGREEMENT, 1, by=sender)


def test_no_more_is_counted_back_than_is_live(till):
    till.tell("count", till.programme, AGREEMENT, 800)
    till.tell("count", till.programme, OTHER, 5_000)

    with refused("Panic", code=0x11):
        till.tell("uncount", till.programme, AGREEMENT, 801)


@pytest.mark.parametrize(("cost", "most"), [(1, 250), (400, 350), (800, 450)])
def test_a_cost_is_counted_back(till, cost, most):
    """What is counted back may be earned once more: the next 1,000 fen then earn `most`."""
    neighbours = [(till.programme, OTHER), (till.neighbour, AGREEMENT)]
    for programme, agreement in [*neighbours, (till.programme, AGREEMENT)]:
        till.tell("count", programme, agreement, 1_000)

    with unchanged(till.pool, *(lambda each=each: till.programmes.agreements(*each) for each in neighbours)):
        sent = till.tell("uncount", till.programme, AGREEMENT, cost)

    assert sent.events == ()
    assert till.programmes.agreements(till.programme, AGREEMENT) == 1_000 - cost
    assert till.ask("count", till.programme, AGREEMENT, 1_000) == most
