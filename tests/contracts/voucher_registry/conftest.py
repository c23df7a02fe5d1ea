"""Vouchers to begin with."""

import pytest

from tests.contracts.world import Life, World


@pytest.fixture
def life(world: World) -> Life:
    """Changxing's voucher and an order at a lab in Shanghai, drawn up and not yet sent: no approval, no first review."""
    return Life.begin(world)


@pytest.fixture
def neighbour(life: Life) -> Life:
    """Another firm's voucher under the same programme with an open order at the same lab, which nothing here may move."""
    beside = life.beside()
    beside.reserve()
    return beside
