"""
Where towns begin: a network that was founded and settled once, and is copied for whoever needs one to itself.

Founding and settling take some 130 transactions, and a dozen times as long as starting a node and gateways on a copy.
"""

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from registry.chain.devnode import DevNode, Engine, start
from scripts.demonstration.world import KeyFile, World


@dataclass(frozen=True)
class Beginning:
    """A network as it was left: its chain (ganache's in `directory`, anvil's in `state`), everybody's keys, gateways' files, programmes."""

    world: World
    programmes: dict[int | str, str]
    engine: Engine
    state: str | None

    @classmethod
    def of(cls, world: World, node: DevNode, programmes: dict[int | str, str]) -> "Beginning":
        """What is there when gateways have stopped; the node is to be stopped next."""
        state = node.rpc("anvil_dumpState") if node.engine is Engine.ANVIL else None
        return cls(world, dict(programmes), node.engine, state)

    @contextmanager
    def again(self, directory: Path) -> Iterator[tuple[DevNode, World]]:
        """A node on a copy of the chain, and the same world in a folder of its own. No gateway runs yet."""
        shutil.copytree(self.world.directory, directory, dirs_exist_ok=True)
        with start(self.engine, chain_id=self.world.deployment.chain_id, directory=directory / "chain") as node:
            if self.state is not None:
                node.rpc("anvil_loadState", self.state)
            # The newest block is as old as the beginning.
            node.mine()
            yield node, _moved(self.world, directory, node.url)


def kept_folder() -> Path:
    """A folder for as long as this process lives."""
    folder = Path(tempfile.mkdtemp(prefix="tongquan-beginning-"))
    atexit.register(shutil.rmtree, folder)
    return folder


def _moved(world: World, directory: Path, node_url: str) -> World:
    def there(files: dict[str, KeyFile]) -> dict[str, KeyFile]:
        return {name: replace(each, path=directory / each.path.relative_to(world.directory)) for name, each in files.items()}

    return replace(
        world,
        directory=directory,
        node_url=node_url,
        officials={region: there(files) for region, files in world.officials.items()},
        parties=there(world.parties),
        api_keys={region: dict(keys) for region, keys in world.api_keys.items()},
        gateways={},
    )
