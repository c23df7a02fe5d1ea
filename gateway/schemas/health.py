"""Whether a gateway is alive, and whether it can do its work."""

from typing import Literal

from gateway.schemas.basis import Shape


class Alive(Shape):
    """The process answers."""

    alive: Literal[True]


class ReasonNotReady(Shape):
    """Why a gateway is not ready."""

    code: Literal["NodeSilent", "WrongChain", "HeadOld", "IndexRefused", "IndexBehind", "OutboxDeep", "FewPeers"]
    message: str


class Ready(Shape):
    """
    What a gateway's work depends on.

    Of a silent node `chain_id`, `head`, `head_age_seconds` and `lag_blocks` are null; `peers` is null also where the node does not
    tell them.
    """

    reasons: list[ReasonNotReady]
    chain_id: int | None
    head: int | None
    head_age_seconds: int | None
    indexed: int
    lag_blocks: int | None
    outbox: int
    peers: int | None
