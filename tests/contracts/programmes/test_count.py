"""The registry counts cost under an agreement, and learns what it earns. The rule: 50 % of the first 1,000 fen, 25 % up to 3,000."""

import pytest

from tests.contracts.seen import account, unchanged
from tests.contracts.world import digest, refused

AGREEMENT, OTHER = digest("agreement"), digest("another agreement")


@pytest.mark.parametrize("who", ["stranger", "admin", "issuer", "reviewer", "payer"])
def test_only_the_registry_counts(world, till, who):
    sender = account(world, who)

    with refused("NotRegistry", account=sender):
        till.programmes.count(till.programme, AGREEMENT, 1, by=sender)


@pytest.mark.parametrize(
    ("live", "cost", "most"),
    [
        (0, 0, 0),
        (0, 1, 0),
        (0, 3, 1),
        (0, 1_000, 500),
        (0, 1_004, 501),
        (0, 3_000, 1_000),
        (0, 2**64 - 1, 1_000),
        (800, 400, 150),
        (999, 2, 0),
        (999, 3, 1),
        (1_000, 2_000, 500),
        (2_999, 1_000, 0),
        (2_996, 1_000, 1),
        (3_000, 1_000, 0),
        (2**64 - 1, 2**64 - 1, 0),
    ],
)
def test_what_a_cost_earns(till, live, cost, most):
    till.tell("count", till.programme, AGREEMENT, live)

    assert till.ask("count", till.programme, AGREEMENT, cost) == most


@pytest.mark.parametrize("pieces", [[1_500, 1_500], [1] * 5, [999, 2, 1_999], [1, 2_999], [3_000, 1]])
def test_splitting_gains_nothing(till, pieces):
    whole = till.ask("count", till.programme, AGREEMENT, sum(pieces))
    earned = 0
    for piece in pieces:
        earned += till.ask("count", till.programme, AGREEMENT, piece)
        till.tell("count", till.programme, AGREEMENT, piece)

    assert earned <= whole
    assert till.programmes.agreements(till.programme, AGREEMENT) == sum(pieces)


def test_a_cost_is_counted_under_its_agreement(till):
    neighbours = [(till.programme, OTHER), (till.neighbour, AGREEMENT)]
    for programme, agreement in neighbours:
        till.tell("count", programme, agreement, 700)

    with unchanged(till.pool, *(lambda each=each: till.programmes.agreements(*each) for each in neighbours)):
        sent = till.tell("count", till.programme, AGREEMENT, 800)

    assert sent.events == ()
    assert till.programmes.agreements(till.programme, AGREEMENT) == 800


def test_no_cost_is_too_large_to_count(till):
    for _ in range(3):
        till.tell("count", till.programme, AGREEMENT, 2**64 - 1)

    assert till.programmes.agreements(till.programme, AGREEMENT) == 3 * (2**64 - 1)
