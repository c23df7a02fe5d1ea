"""
Counts and logs every request: method, route, status, time, and by which credential it was called.

Never its path, query, body or answer, which may name a company.

A fault of ours that nothing else caught is logged here and becomes a problem (500) that says nothing about itself.
"""

import asyncio
import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway import errors
from gateway.context import REQUEST_ID
from gateway.logs import Line
from gateway.metrics import Metrics

_log = logging.getLogger("gateway.requests")
_NO_ROUTE = "unknown"
_Answered = tuple[Scope, int, float, str | None]
"""A request, the status and seconds of its answer, and its name."""


class Watch:
    """Watches requests."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics
        self._answered: list[_Answered] = []

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
            self._note_soon((scope, status, time.perf_counter() - began, REQUEST_ID.get()))

    def _note_soon(self, answered: _Answered) -> None:
        """All that are answered in one turn of the loop are noted at its end, one after the other: the same work goes faster so."""
        if not self._answered:
            asyncio.get_running_loop().call_soon(self._note_all)
        self._answered.append(answered)

    def _note_all(self) -> None:
        answered, self._answered = self._answered, []
        for scope, status, seconds, request in answered:
            method, route = scope["method"], getattr(scope.get("route"), "path", _NO_ROUTE)
            self._metrics.request(method, route, status, seconds)
            if _log.isEnabledFor(logging.INFO):
                caller = scope.get("state", {}).get("caller")
                who = {} if caller is None else {"caller": caller.credential, "party": str(caller.party)}
                told = {"request_id": request, "method": method, "route": route, "status": status}
                _log.handle(Line(_log.name, "answered", told | {"milliseconds": round(seconds * 1000, 1)} | who))
