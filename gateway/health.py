"""
Whether this gateway can do its work, with reasons: for `/readyz` and `/metrics`.

It looks at the node by itself, with short time limits, and at what index and outbox have come to; it moves nothing. What was found holds
for a moment, so that probes cost the node no more than its own gateway does.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from gateway.settings import Settings
from registry import Deployment, Index, Node, Outbox, Unreachable

CONNECT_SECONDS = 1.0
ANSWER_SECONDS = 3.0
HOLDS_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """
    What was found. Blocks are numbers of final blocks.

    `head` and what follows from it are None while the node is silent, `peers` also where the node does not tell them. `refused` says
    why the index cannot go on.
    """

    chain_id: int | None
    head: int | None
    head_age: int | None
    indexed: int
    lag: int | None
    outbox: int
    peers: int | None
    refused: str | None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why this gateway is not ready: for programs and for people."""

    code: Literal["NodeSilent", "WrongChain", "HeadOld", "IndexRefused", "IndexBehind", "OutboxDeep", "FewPeers"]
    message: str


def reasons(found: Report, settings: Settings, *, chain_id: int) -> Iterator[Reason]:
    """Every reason why a gateway that found this is not ready."""
    if found.chain_id is None:
        yield Reason("NodeSilent", "节点无应答。 The node does not answer.")
    elif found.chain_id != chain_id:
        yield Reason("WrongChain", f"节点属于另一条链 {found.chain_id}。 The node is on chain {found.chain_id}, not {chain_id}.")
    if found.head_age is not None and found.head_age > settings.stale_after_seconds:
        yield Reason("HeadOld", f"最新区块已过 {found.head_age} 秒。 The newest block is {found.head_age} seconds old.")
    if found.refused is not None:
        yield Reason("IndexRefused", f"索引与链不一致。 The index cannot go on: {found.refused}")
    if found.lag is not None and found.lag > settings.ready_lag_blocks:
        yield Reason("IndexBehind", f"索引落后 {found.lag} 个区块。 The index is {found.lag} blocks behind.")
    if found.outbox > settings.ready_outbox:
        yield Reason("OutboxDeep", f"有 {found.outbox} 笔交易尚未确认。 {found.outbox} transactions wait for their final block.")
    if found.peers is not None and found.peers < settings.ready_peers:
        yield Reason(
            "FewPeers", f"节点只有 {found.peers} 个对等节点。 The node has {found.peers} peers, fewer than {settings.ready_peers}."
        )


class Health:
    """Looks, at most once a moment. `clock` is Unix seconds; `refused` tells what keeps the index from going on, if anything does."""

    def __init__(
        self,
        settings: Settings,
        deployment: Deployment,
        index: Index,
        outbox: Outbox,
        *,
        clock: Callable[[], float],
        refused: Callable[[], str | None],
    ) -> None:
        self._settings = settings
        self._chain_id = deployment.chain_id
        self._node = Node(settings.node_url, connect_seconds=CONNECT_SECONDS, answer_seconds=ANSWER_SECONDS)
        self._index = index
        self._outbox = outbox
        self._clock = clock
        self._refused = refused
        self._guard = threading.Lock()
        self._found: Report | None = None
        self._found_at = 0.0

    def report(self) -> Report:
        """What stands now, or stood a moment ago."""
        with self._guard:
            if self._found is None or time.monotonic() - self._found_at > HOLDS_SECONDS:
                self._found = self._look()
                self._found_at = time.monotonic()
            return self._found

    def reasons(self, found: Report) -> list[Reason]:
        """Why this gateway is not ready; nothing if it is."""
        return list(reasons(found, self._settings, chain_id=self._chain_id))

    def _look(self) -> Report:
        with self._index.snapshot() as snapshot:
            indexed = snapshot.block
        outbox, refused = len(self._outbox.unconfirmed()), self._refused()
        try:
            chain_id, head = self._node.chain_id(), self._node.finalised_head()
        except Unreachable:
            return Report(chain_id=None, head=None, head_age=None, indexed=indexed, lag=None, outbox=outbox, peers=None, refused=refused)
        return Report(
            chain_id=chain_id,
            head=head.number,
            head_age=max(0, int(self._clock()) - head.time),
            indexed=indexed,
            lag=max(0, head.number - indexed),
            outbox=outbox,
            peers=self._peers(),
            refused=refused,
        )

    def _peers(self) -> int | None:
        try:
            return int(self._node.request("net_peerCount"), 16)
        except (Unreachable, ValueError, TypeError):
            return None
