"""One world for each engine; every test gets it back as it was."""

from collections.abc import Iterator, Mapping

import pytest

from registry.chain.artifacts import Artifact
from registry.chain.devnode import DevNode
from tests.contracts.world import World


@pytest.fixture(scope="session")
def _worlds() -> dict[int, World]:
    # By chain: a fixture that depends on the engine is made anew whenever the engine changes, which is twice a file.
    return {}


@pytest.fixture(scope="session")
def shared_world(node: DevNode, contracts: Mapping[str, Artifact], _worlds: dict[int, World]) -> World:
    """The world of one engine. Whoever does something to it puts it back."""
    if node.chain_id not in _worlds:
        _worlds[node.chain_id] = World(node, contracts)
    shared = _worlds[node.chain_id]
    shared.forget_nonces()
    return shared


@pytest.fixture
def world(shared_world: World) -> Iterator[World]:
    """The contracts with six staffed regions; what a test does to them is undone, but for the lives that later ones begin with."""
    shared_world.forget_nonces()
    with shared_world.lent():
        yield shared_world
