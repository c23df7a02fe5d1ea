"""
What every answer bears besides what it says: the request's name, and what a browser must not do with the answer.

The name stands in the answer's `X-Request-Id` and everywhere else where the request is spoken of (`gateway.edge.request_id`). A browser
must not guess an answer's type, frame it, run it, keep it, or tell others where it came from. HSTS is the reverse proxy's, which alone
speaks TLS. A header that a route set itself stays.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.context import REQUEST_ID
from gateway.edge import request_id

HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-resource-policy": b"same-origin",
    b"cache-control": b"no-store",
}
_ALL = tuple(HEADERS.items())


class Envelope:
    """Names requests, and adds the headers to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        name = request_id.of(scope)
        token = REQUEST_ID.set(name.decode())

        async def enveloped(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = message.get("headers", ())
                # In lower case, as ASGI has them.
                named = {header for header, _ in own}
                ours = _ALL if named.isdisjoint(HEADERS) else [pair for pair in _ALL if pair[0] not in named]
                message["headers"] = [*own, *ours, (request_id.HEADER, name)]
            await send(message)

        try:
            await self._app(scope, receive, enveloped)
        finally:
            REQUEST_ID.reset(token)
