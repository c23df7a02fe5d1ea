"""
How long a request may take from the end of its body to the beginning of its answer.

After that the caller is told so (504) and what the request began goes on by itself: a thread cannot be stopped halfway, and a write
must not be. Whether it happened is found out by repeating the request with the same Idempotency-Key.
"""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway import errors
from gateway.edge.deadlines import Deadlines


class TimeLimit:
    """Answers for requests that take too long."""

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self._app = app
        self._seconds = seconds
        self._deadlines = Deadlines(seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(scope, receive, send, self._seconds)
        # No timer and no task of its own: this stands before every request.
        number = self._deadlines.add(answer.expire)
        try:
            await self._app(scope, receive, answer.send)
        finally:
            if not self._deadlines.remove(number):
                await answer.told()


class _Answer:
    """One answer: the application's, or the time limit's, whichever begins first."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, seconds: float) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._seconds = seconds
        self._begun = False
        self._late: asyncio.Task[None] | None = None

    async def send(self, message: Message) -> None:
        if self._late is None:
            self._begun = True
            await self._send(message)

    def expire(self) -> None:
        if not self._begun:
            self._late = asyncio.get_running_loop().create_task(self._tell())

    async def told(self) -> None:
        if self._late is not None:
            await self._late

    async def _tell(self) -> None:
        title = "处理超时，结果尚不确定。 This took too long; its outcome is not known."
        detail = "A read may be repeated. Repeat a write with the same Idempotency-Key: it is never done twice."
        problem = errors.body(504, "TimedOut", title, {"seconds": self._seconds}, detail)
        await errors.respond(problem, {"Retry-After": "2"})(self._scope, self._receive, self._send)
