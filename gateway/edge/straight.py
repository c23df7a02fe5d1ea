"""
The short way of a route that is asked more often than all others together: from the bytes of a body to the bytes of an answer.

FastAPI finds a route in its tables twice, solves its dependencies one by one, and validates an answer of ours anew: three times the
work of a verification itself (docs/adr/0021). The short way does the same in a straight line, and only where nothing is wrong with
the request: one that is not plainly a JSON body of the right shape with an API key takes FastAPI's way, and is refused there in
FastAPI's words. So what a route is, and how it describes itself, stands in one place, and no refusal has two wordings.

What comes in one turn of the loop is taken one after the other at its end: the same work goes faster so, as the same few things are at
hand.
"""

import asyncio
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway import errors
from gateway.callers import Caller
from gateway.context import REQUEST_ID
from gateway.deps import caller_by_key, key_in
from gateway.edge import fields
from gateway.edge.body import Read
from gateway.inquiries import LookUp, fail
from gateway.office import Judged, Office
from gateway.schemas import Shape

_JSON = b"application/json"
_OF_JSON = (b"content-type", _JSON)
_TAKES = ("asked", "caller", "office")

Looks = Callable[[Office, Caller, Any], LookUp[Judged]]
"""What a question looks up; its answer is JSON."""

_Found = bytes | None
"""The bytes of an answer, or None where FastAPI has to answer."""


class Straight:
    """Stands before FastAPI's routes, and answers some of them itself."""

    def __init__(self, app: ASGIApp, routes: Sequence[tuple[APIRoute, Looks]]) -> None:
        self._app = app
        self._ways = {("POST", route.path): _Way(route, looks) for route, looks in routes}
        self._come: list[_Come] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Only what has a body at all has a short way.
        if not isinstance(receive, Read) or (way := self._ways.get((scope["method"], scope["path"]))) is None:
            await self._app(scope, receive, send)
            return
        try:
            content = await self._taken(way, scope, receive.content)
        except errors.KNOWN as failure:
            await errors.respond(errors.problem_of(failure), errors.headers_of(failure))(scope, receive, send)
            return
        if content is None:
            await self._app(scope, receive, send)
            return
        headers = [(b"content-length", b"%d" % len(content)), _OF_JSON]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def _taken(self, way: "_Way", scope: Scope, body: bytes) -> asyncio.Future[_Found]:
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[_Found] = loop.create_future()
        if not self._come:
            loop.call_soon(self._take_all)
        self._come.append((way, scope, body, REQUEST_ID.get(), waiting))
        return waiting

    def _take_all(self) -> None:
        come, self._come = self._come, []
        for way, scope, body, request, waiting in come:
            try:
                way.take(scope, body, request, waiting)
            except Exception as failure:  # noqa: BLE001 - it is for whoever asked
                fail(waiting, failure)


class _Way:
    """
    The short way of one route, which takes what was asked, the caller and the office.

    Raises:
        ValueError: it takes something else, which the short way would leave out.
    """

    def __init__(self, route: APIRoute, looks: Looks) -> None:
        signature = inspect.signature(route.endpoint)
        if tuple(signature.parameters) != _TAKES:
            raise ValueError(f"{route.path}: the short way is for routes that take {', '.join(_TAKES)}")
        self._route = route
        self._looks = looks
        asked: type[Shape] = signature.parameters["asked"].annotation
        # Pydantic's own core: the method of a shape takes as long again.
        self._validate: Callable[[bytes], Shape] = TypeAdapter(asked).validator.validate_json

    def take(self, scope: Scope, body: bytes, request: str | None, waiting: asyncio.Future[_Found]) -> None:
        """Begin to answer a request of this name; leave it to FastAPI where that has to look at it. Raises why it is refused."""
        if waiting.done():
            return  # its caller left
        key, asked = self._read(fields.of(scope), body)
        if key is None or asked is None:
            waiting.set_result(None)
            return
        scope["route"] = self._route
        office: Office = scope["app"].state.office
        caller = caller_by_key(key, scope, office)
        office.inquiries.put(caller, self._looks(office, caller, asked), request, waiting)

    def _read(self, told: fields.Fields, body: bytes) -> tuple[str | None, Shape | None]:
        """By which key, and what is asked; None where FastAPI has to look at it."""
        if told.get(b"content-type") != _JSON:
            return None, None
        try:
            return key_in(told.get(b"authorization", b"").decode("latin-1")), self._validate(body)
        except ValidationError:
            return None, None


_Come = tuple[_Way, Scope, bytes, str | None, asyncio.Future[_Found]]
"""A request: its way, scope, body and name, and what waits for it."""
