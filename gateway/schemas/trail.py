"""The trail, and whether the gateway follows its node."""

from typing import Literal

from gateway.schemas.basis import BlockSeen, Event, Shape


class Status(Shape):
    """Whether this gateway follows its node."""

    region: int
    node: Literal["answering", "silent"]
    block: BlockSeen


class TrailPage(Shape):
    """Events in the chain's order. `next` continues after the last of them, and is told even when there is nothing more yet."""

    events: list[Event]
    next: str | None
    block: BlockSeen
