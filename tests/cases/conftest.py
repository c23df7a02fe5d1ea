"""A town under the real programme files, whose regions, models and rules the tests of this folder change."""

from collections.abc import Iterator

import pytest

from registry.chain.devnode import Engine
from scripts.demonstration.scene import Scene
from tests.gateway.conftest import Town, settled_in


class RealTown(Town):
    """A town that issues by the real rules."""

    def programme_text(self, name: str) -> str:
        """What a programme file says."""
        return Scene.programme_text(self, name)


@pytest.fixture(scope="package")
def town(engine: Engine, _chain_ids: Iterator[int], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealTown]:
    with settled_in(engine, next(_chain_ids), tmp_path_factory.mktemp("town"), kind=RealTown) as town:
        yield town
