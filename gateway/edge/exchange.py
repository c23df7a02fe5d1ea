"""
One request and its answer, from the end of the request's headers on: named, limited, watched, and nobody else's business.

What each duty means stands in its own module (`request_id`, `body`, `deadlines`, `watch`, `cors`); here they meet, in one pass and not
in a layer each: every layer is passed once by a request and twice by its answer.

**Names.** The request's name stands in the answer, in every log line and in a problem.

**Headers.** What OWASP's REST Security Cheat Sheet asks of every API's answer: a browser must not guess its type, frame it, run it, or keep
it. HSTS is the reverse proxy's, which alone speaks TLS. What is for pages (Referrer-Policy) or for answers to cookies
(Cross-Origin-Resource-Policy) is left out, as nothing here is either. A header that a route set itself stays.

**Time.** An answer must begin within so many seconds from the end of the body. After that the caller is told so (504) and what the
request began goes on by itself: a thread cannot be stopped halfway, and a write must not be. Whether it happened is found out by
repeating the request with the same Idempotency-Key.
"""

import asyncio
import time
from collections.abc import Awaitable, Mapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway import errors
from gateway.context import REQUEST_ID
from gateway.edge import fields, request_id
from gateway.edge.body import Body, BodyRefused
from gateway.edge.cors import Cors
from gateway.edge.deadlines import Deadlines
from gateway.edge.watch import Watch
from gateway.metrics import Metrics
from gateway.settings import Settings

HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"cache-control": b"no-store",
}
_ALL = tuple(HEADERS.items())


class Edge:
    """Stands around an application and takes every exchange through all of it."""

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics) -> None:
        self._origins = settings.cors_origins
        self._app = self._shared(app)
        self._body = Body(settings.body_bytes, settings.body_seconds)
        self._seconds = settings.handler_seconds
        self._deadlines = Deadlines(settings.handler_seconds)
        self._watch = Watch(metrics)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told = fields.of(scope)
        exchange = _Exchange(self, scope, receive, send, request_id.of(told))
        token = REQUEST_ID.set(exchange.name)
        try:
            body = await self._body.read(told, receive)
            if body is None:
                return  # the caller left
            limit = self._deadlines.add(exchange.expire)
            try:
                await self._app(scope, body, exchange.send)
            finally:
                if not self._deadlines.remove(limit):
                    await exchange.told()
        except BodyRefused as refused:
            # What was not read is not waited for either.
            await self.refuse(refused.problem, {"Connection": "close"}, scope, receive, exchange.deliver)
        except Exception as failure:  # noqa: BLE001 - the last who can answer
            self._watch.fault(failure)
            begun, exchange.status = exchange.begun, 500
            if not begun:
                await self.refuse(errors.problem_of(failure), {}, scope, receive, exchange.deliver)
        finally:
            self._watch.note(scope, exchange.status, time.perf_counter() - exchange.since, exchange.name)
            REQUEST_ID.reset(token)

    async def refuse(self, problem: Mapping[str, Any], headers: Mapping[str, str], scope: Scope, receive: Receive, send: Send) -> None:
        """Answer in the application's place, told to the same pages."""
        await self._shared(errors.respond(problem, headers))(scope, receive, send)

    def _shared(self, app: ASGIApp) -> ASGIApp:
        """An application as pages of other origins may call it, if any may."""
        return Cors(app, self._origins) if self._origins else app

    def late(self) -> dict[str, Any]:
        """The problem of what takes too long."""
        title = "处理超时，结果尚不确定。 This took too long; its outcome is not known."
        zh = "查询可重试；写入请以同一 Idempotency-Key 重发，不会重复办理。"
        detail = f"{zh} A read may be repeated. Repeat a write with the same Idempotency-Key: it is never done twice."
        return errors.body(504, "TimedOut", title, {"seconds": self._seconds}, detail)


class _Exchange:
    """One answer: the application's, or the time limit's, whichever begins first."""

    __slots__ = ("_edge", "_late", "_name", "_receive", "_scope", "_send", "begun", "name", "since", "status")

    def __init__(self, edge: Edge, scope: Scope, receive: Receive, send: Send, name: bytes) -> None:
        self._edge = edge
        self._scope = scope
        self._receive = receive
        self._send = send
        self._name = name
        self._late: asyncio.Task[None] | None = None
        self.name = name.decode()
        self.since = time.perf_counter()
        self.begun = False
        # 499 as nginx says it: the caller left before there was an answer.
        self.status = 499

    # No coroutines of their own, but those that they hand on: each would be gone through twice for every answer.

    def send(self, message: Message) -> Awaitable[None]:
        """The application's answer; nothing of it, once it is late."""
        return self.deliver(message) if self._late is None else _nothing()

    def deliver(self, message: Message) -> Awaitable[None]:
        """Send an answer, whoever's it is."""
        if message["type"] == "http.response.start":
            self.begun, self.status = True, message["status"]
            own = message.get("headers", ())
            # In lower case, as ASGI has them.
            named = {header for header, _ in own}
            ours = _ALL if named.isdisjoint(HEADERS) else [pair for pair in _ALL if pair[0] not in named]
            message["headers"] = [*own, *ours, (request_id.HEADER, self._name)]
        return self._send(message)

    def expire(self) -> None:
        """The time is over."""
        if not self.begun:
            self._late = asyncio.get_running_loop().create_task(self._tell())

    async def told(self) -> None:
        """Wait until the caller was told that it is late, if so."""
        if self._late is not None:
            await self._late

    async def _tell(self) -> None:
        # The timer that led here may have been set for another request.
        REQUEST_ID.set(self.name)
        await self._edge.refuse(self._edge.late(), {"Retry-After": "2"}, self._scope, self._receive, self.deliver)


async def _nothing() -> None:
    pass
