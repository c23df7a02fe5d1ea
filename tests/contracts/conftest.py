"""One world for each engine; every test gets it back as it was."""

from collections.abc import Iterator, Mapping

import pytest

from registry.chain.artifacts import Artifact
from registry.chain.devnode import DevNode
from tests.contracts.world import World


@pytest.fixture(scope="session")
def _world(node: DevNode, contracts: Mapping[str, Artifact]) -> World:
    return World(node, contracts)


@pytest.fixture
def world(_world: World) -> Iterator[World]:
    """The contracts with six staffed regions; what a test does to them is undone."""
    _world.forget_nonces()
    with _world.put_back():
        yield _world
