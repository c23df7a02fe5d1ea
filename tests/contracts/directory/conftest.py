"""The directory, the office of a lab's host region, and a firm and a lab with neighbours that nothing here may move."""

import pytest

from tests.contracts.world import CHANGXING, SHANGHAI, Contract, Office, Party, World


@pytest.fixture
def directory(world: World) -> Contract:
    return world.directory


@pytest.fixture
def home(world: World) -> Office:
    """Changxing's people: the firm's home region, whose vouchers it holds."""
    return world.offices[CHANGXING]


@pytest.fixture
def host(world: World) -> Office:
    """Shanghai's people: the lab's host region."""
    return world.offices[SHANGHAI]


@pytest.fixture
def firm(world: World) -> Party:
    return world.kept("firm", world.firm)


@pytest.fixture
def lab(world: World) -> Party:
    """A lab in Shanghai that Changxing recognises."""
    return world.kept("lab", world.lab)


@pytest.fixture
def neighbour(world: World) -> Party:
    """Another lab in Shanghai, recognised too."""
    return world.kept("neighbour", world.lab)
