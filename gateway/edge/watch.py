"""
Counts and logs every request: method, route, status, time, and by which credential it was called.

Never its path, query, body or answer, which may name a company.

A fault of ours that nothing else caught is logged here and becomes a problem (500) that says nothing about itself.
"""

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway import errors
from gateway.metrics import Metrics

_log = logging.getLogger("gateway.requests")
_NO_ROUTE = "unknown"


class Watch:
    """Watches requests."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        # 499 as nginx says it: the caller left before there was an answer.
        status, begun = 499, False

        async def watched(message: Message) -> None:
            nonlocal status, begun
            if message["type"] == "http.response.start":
                status, begun = message["status"], True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as failure:  # noqa: BLE001 - the last who can answer
            _log.error("a fault of this gateway", exc_info=failure)
            status = 500
            if not begun:
                await errors.respond(errors.problem_of(failure))(scope, receive, watched)
        finally:
            self._note(scope, status, time.perf_counter() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        method, route = scope["method"], getattr(scope.get("route"), "path", _NO_ROUTE)
        self._metrics.request(method, route, status, seconds)
        if _log.isEnabledFor(logging.INFO):
            caller = scope.get("state", {}).get("caller")
            who = {} if caller is None else {"caller": caller.credential, "party": str(caller.party)}
            told = {"method": method, "route": route, "status": status, "milliseconds": round(seconds * 1000, 1)}
            _log.info("answered", extra={"told": told | who})
