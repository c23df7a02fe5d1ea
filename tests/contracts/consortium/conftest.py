"""The consortium, and one of its six regions to look at."""

from collections.abc import Callable

import pytest

from tests.contracts.world import CHANGXING, Contract, Office, World


@pytest.fixture
def consortium(world: World) -> Contract:
    return world.consortium


@pytest.fixture
def office(world: World) -> Office:
    return world.offices[CHANGXING]


@pytest.fixture
def founded(world: World) -> Callable[[int], Contract]:
    """Founds another consortium of the first so many regions, with the same keys."""

    def found(count: int) -> Contract:
        founders = [(office.region, office.admin.address, office.recovery.address) for office in world.offices.values()]
        return world.attach("Consortium", world._create_consortium(founders[:count]))

    return found
