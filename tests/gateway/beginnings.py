"""
Where towns begin: a network that was founded and settled once, and is copied for whoever needs one to itself.

Founding and settling take some 130 transactions, and a dozen times as long as starting a node and gateways on a copy. The workers of a
run share what one of them founded.
"""

import copyreg
import fcntl
import pickle
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount

from registry.chain.devnode import DevNode, Engine, start
from registry.files import put_in_place
from registry.tag_keys import read_tag_keys
from scripts.demonstration.world import KeyFile, World
from tests import shared


def _account(key: bytes) -> LocalAccount:
    return Account.from_key(key)


# An account refers to a module, which cannot be pickled; its key is all that it needs.
copyreg.pickle(LocalAccount, lambda account: (_account, (bytes(account.key),)))


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

    @classmethod
    def only(cls, name: str, found: Callable[[Path], "Beginning"]) -> "Beginning":
        """The run's one beginning of this name. The first worker that asks has `found` make it, in a folder of its own; others wait."""
        kept = shared.folder() / f"{name}.pickle"
        with kept.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not kept.exists():
                beginning = found(Path(tempfile.mkdtemp(dir=kept.parent)))
                # Whole or not at all: if a worker dies here, the next one founds it anew.
                put_in_place(kept, pickle.dumps(beginning))
                return beginning
        return pickle.loads(kept.read_bytes())  # noqa: S301 - written above

    def __reduce__(self) -> tuple[Any, ...]:
        # A keyring cannot be pickled; it is read from its file again, as a gateway reads it.
        told = {each.name: getattr(self.world, each.name) for each in fields(World) if each.name != "keyring"}
        return _as_kept, (told, self.programmes, self.engine, self.state)

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


def _as_kept(told: dict[str, Any], programmes: dict[int | str, str], engine: Engine, state: str | None) -> Beginning:
    return Beginning(World(keyring=read_tag_keys(told["directory"] / "tag-keys.json"), **told), programmes, engine, state)


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
