"""The registry counts a subsidy as paid."""

import pytest

from tests.contracts.programmes.conftest import FUNDED
from tests.contracts.seen import account, unchanged
from tests.contracts.world import refused


@pytest.mark.parametrize("who", ["stranger", "admin", "issuer", "reviewer", "payer"])
def test_only_the_registry_pays(world, till, who):
    sender = account(world, who)

    with refused("NotRegistry", account=sender):
        till.programmes.pay(till.programme, 2, 1, by=sender)


@pytest.mark.parametrize(("held", "subsidy"), [(600, 601), (0, 1), (1_201, 600)])
def test_no_more_is_paid_than_is_held(till, held, subsidy):
    till.tell("commit", 0, till.programme, 600)
    till.tell("commit", 0, till.neighbour, FUNDED)

    with refused("Panic", code=0x11):
        till.tell("pay", till.programme, held, subsidy)


@pytest.mark.parametrize("subsidy", [1, 480, 600])
def test_a_subsidy_is_paid_and_the_rest_falls_free(till, subsidy):
    for programme in (till.programme, till.neighbour):
        till.tell("commit", 0, programme, 1_000)

    with unchanged(lambda: till.pool(till.neighbour)):
        sent = till.tell("pay", till.programme, 600, subsidy)

    assert sent.events == ()
    assert till.pool() == (FUNDED, 400 + subsidy, subsidy)
