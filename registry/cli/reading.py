"""
What is only read: from one's gateway where one is configured, else from a node, which is all that an auditor needs.

Both answer under the same names. A node shows the whole chain to whoever reads it; it knows no company code, no project and no words
behind a reason's hash, which a gateway tells to those who may know.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from registry.cli.session import Session
from registry.errors import Rejected
from registry.facts import Fact, Facts
from registry.model import Id


def reads_node(session: Session) -> bool:
    """Whether a node was named, and no gateway."""
    return session.settings.gateway_url is None and session.settings.node_url is not None


def one(session: Session, path: str, what: str, named: Id, tell: Callable[[Facts], Fact]) -> Fact:
    """
    One thing, as of a block: by its path at the gateway, or by what a snapshot says of it.

    Raises:
        Rejected: nobody has that id.
    """
    if not reads_node(session):
        return session.gateway.get(path)
    with session.snapshot() as snapshot:
        facts = Facts(snapshot)
        try:
            return tell(facts) | {"block": facts.block(time.time())}
        except LookupError as unknown:
            raise Rejected("NotFound", {"what": what, "id": named}) from unknown


def several(session: Session, path: str, name: str, tell: Callable[[Facts], Iterable[Fact]], **query: Any) -> Iterator[Fact]:
    """Every entry of a list, as `name` holds them at the gateway."""
    if not reads_node(session):
        return session.pages(path, name, **query)
    with session.snapshot() as snapshot:
        try:
            return iter(list(tell(Facts(snapshot))))
        except LookupError as unknown:
            raise Rejected("NotFound", {"path": path}) from unknown
