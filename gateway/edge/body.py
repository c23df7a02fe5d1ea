"""
How large a body may be, and how slowly it may come.

A body is read whole before anything else happens, so that a route never waits for a caller: at most so many bytes, whether or not
its length was announced, and within so many seconds. Nothing past the limit is read.
"""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway import errors
from gateway.edge.deadlines import Deadlines


class Body:
    """Reads bodies."""

    def __init__(self, app: ASGIApp, most_bytes: int, seconds: float) -> None:
        self._app = app
        self._most = most_bytes
        self._seconds = seconds
        self._deadlines = Deadlines(seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not (announced := _announced(scope)):
            await self._app(scope, receive, send)
            return
        if announced > self._most:
            await self._refuse_large(scope, receive, send)
            return
        try:
            body = await self._read_in_time(receive)
        except TimeoutError:
            title = "请求内容传输过慢。 The body came too slowly."
            await _refuse(errors.body(408, "BodyTooSlow", title, {"seconds": self._seconds}), scope, receive, send)
            return
        except _TooLarge:
            await self._refuse_large(scope, receive, send)
            return
        if body is not None:
            await self._app(scope, _replayed(body, receive), send)

    async def _read_in_time(self, receive: Receive) -> bytes | None:
        """Read; what `asyncio.timeout` does, without a timer for each body."""
        slow = _Slow()
        number = self._deadlines.add(slow.expire)
        try:
            return await self._read(receive)
        except asyncio.CancelledError:
            if slow.expired and slow.task.uncancel() == 0:
                raise TimeoutError from None
            raise
        finally:
            self._deadlines.remove(number)

    async def _read(self, receive: Receive) -> bytes | None:
        """The whole body; None if the caller left before its end."""
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            part: bytes = message.get("body", b"")
            size += len(part)
            if size > self._most:
                raise _TooLarge
            parts.append(part)
            if not message.get("more_body", False):
                return b"".join(parts)

    async def _refuse_large(self, scope: Scope, receive: Receive, send: Send) -> None:
        title = "请求内容过大。 The body is too large."
        await _refuse(errors.body(413, "TooLarge", title, {"most": self._most}), scope, receive, send)


class _Slow:
    """Breaks off the task that it was made in."""

    def __init__(self) -> None:
        self.task: asyncio.Task[None] = asyncio.current_task()  # type: ignore[assignment] # an ASGI application is run by one
        self.expired = False

    def expire(self) -> None:
        self.expired = True
        self.task.cancel()


class _TooLarge(Exception):
    pass


def _announced(scope: Scope) -> int:
    """How many bytes are announced; 1 where a body comes without its length, 0 where none comes."""
    length = 0
    for name, value in scope["headers"]:
        if name == b"transfer-encoding":
            return 1
        if name == b"content-length":
            length = int(value)
    return length


def _replayed(body: bytes, receive: Receive) -> Receive:
    told = False

    async def replay() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


async def _refuse(problem: dict[str, object], scope: Scope, receive: Receive, send: Send) -> None:
    # What was not read is not waited for either.
    await errors.respond(problem, {"Connection": "close"})(scope, receive, send)
