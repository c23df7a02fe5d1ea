"""
Development nodes for tests: the same ones that the demo starts, under names that no two tests share.

A node holds no key. `person("issuer")` is the account of that name, the same in every run; with a gas price of zero it
needs no money to act.
"""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils import keccak

from registry.chain.devnode import DevNode, Engine, Mining, start

FIRST_CHAIN_ID = 20_130_000
NETWORKS_PER_WORKER = 1000


def person(name: str) -> LocalAccount:
    """The account of a person in a test; its key is the hash of the name, and public."""
    return Account.from_key(keccak(text=f"tongquan test account: {name}"))


def chain_ids(*, first: int, worker: int) -> Iterator[int]:
    """Ids for the networks of one worker of a parallel run; no two that are founded share one, but copies have their beginning's."""
    return itertools.count(first + NETWORKS_PER_WORKER * worker)


class Nodes:
    """Starts nodes with chain ids of their own and stops those that are left."""

    def __init__(self, directory: Path, *, chain_ids: Iterator[int]) -> None:
        self._directory = directory
        self._chain_ids = chain_ids
        self._started: list[DevNode] = []

    def start(
        self,
        engine: Engine,
        *,
        chain_id: int | None = None,
        directory: Path | None = None,
        mining: Mining = Mining.EAGER,
        start_time: int | None = None,
        port: int | None = None,
    ) -> DevNode:
        """Start a node on a fresh network, or, given the chain id and directory of an earlier one, on that network again."""
        chain_id = next(self._chain_ids) if chain_id is None else chain_id
        directory = self._directory / f"{engine}-{chain_id}" if directory is None else directory
        node = start(engine, chain_id=chain_id, directory=directory, mining=mining, start_time=start_time, port=port)
        self._started.append(node)
        return node

    def close(self) -> None:
        """Stop every node that this object started."""
        while self._started:
            self._started.pop().stop()


@contextmanager
def as_it_was(node: DevNode) -> Iterator[DevNode]:
    """Lend a node out and take back whatever happened to it, blocks and clock alike."""
    snapshot = node.snapshot()
    try:
        yield node
    finally:
        node.revert(snapshot)
