"""
A name for each request: the caller's `X-Request-Id` where it is a sane one, else one of ours.

It stands in the answer's `X-Request-Id`, in every log line of the request, and as a problem's `instance`.
"""

import re
import uuid

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.context import REQUEST_ID

HEADER = b"x-request-id"
_SANE = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class RequestIds:
    """Names requests."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        name = _named(scope) or uuid.uuid4().hex.encode()
        token = REQUEST_ID.set(name.decode())

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (HEADER, name)]
            await send(message)

        try:
            await self._app(scope, receive, named)
        finally:
            REQUEST_ID.reset(token)


def _named(scope: Scope) -> bytes | None:
    found: list[bytes] = [value for header, value in scope["headers"] if header == HEADER]
    # Two of them, or one that could break a log line or a header, name nothing.
    return found[0] if len(found) == 1 and _SANE.fullmatch(found[0]) else None
