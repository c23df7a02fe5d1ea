"""
Counts and logs every request: method, route, status, time, and by which credential it was called.

Never its path, query, body or answer, which may name a company.

A fault of ours that nothing else caught is logged here; the problem that it becomes (500) says nothing about itself.
"""

import asyncio
import logging
from typing import Any

from starlette.types import Scope

from gateway.logs import Lines
from gateway.metrics import Metrics

_log = logging.getLogger("gateway.requests")
_NO_ROUTE = "unknown"
_Answered = tuple[Scope, int, float, str]
"""A request, the status and seconds of its answer, and its name."""


class Watch:
    """Watches requests."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._answered: list[_Answered] = []

    def fault(self, failure: Exception) -> None:
        """A fault of ours that nothing else caught."""
        _log.error("a fault of this gateway", exc_info=failure)

    def note(self, scope: Scope, status: int, seconds: float, request: str) -> None:
        """
        All that are answered in one turn of the loop are noted at its end, with one write.

        A process that is killed between the two loses the lines of that turn.
        """
        if not self._answered:
            asyncio.get_running_loop().call_soon(self._note_all)
        self._answered.append((scope, status, seconds, request))

    def _note_all(self) -> None:
        answered, self._answered = self._answered, []
        lines = [self._counted(*each) for each in answered]
        if _log.isEnabledFor(logging.INFO):
            _log.handle(Lines(_log.name, "answered", lines))

    def _counted(self, scope: Scope, status: int, seconds: float, request: str) -> dict[str, Any]:
        """Count a request; the line that is logged of it."""
        method, route = scope["method"], getattr(scope.get("route"), "path", _NO_ROUTE)
        self._metrics.request(method, route, status, seconds)
        told = {"request_id": request, "method": method, "route": route, "status": status, "milliseconds": round(seconds * 1000, 1)}
        caller = scope.get("state", {}).get("caller")
        return told if caller is None else told | {"caller": caller.credential, "party": caller.party}
