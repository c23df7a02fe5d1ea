"""
The short way of a route that is asked more often than all others together: from the bytes of a body to the bytes of an answer.

FastAPI finds a route in its tables twice, solves its dependencies one by one, and validates an answer of ours anew: three times the
work of a verification itself (docs/adr/0021). The short way does the same in a straight line, and only where nothing is wrong with
the request: one that is not plainly a JSON body of the right shape takes FastAPI's way, and is refused there in FastAPI's words. So
what a route is, and how it describes itself, stands in one place, and no refusal has two wordings.
"""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway import errors
from gateway.deps import caller_by
from gateway.schemas import Shape

_JSON = b"application/json"
_OF_JSON = (b"content-type", _JSON)
_TAKES = ("asked", "caller", "office")


class Straight:
    """Stands before FastAPI's routes, and answers some of them itself."""

    def __init__(self, app: ASGIApp, routes: Sequence[APIRoute]) -> None:
        self._app = app
        self._ways = {("POST", route.path): _Way(route) for route in routes}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        way = self._ways.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if way is None:
            await self._app(scope, receive, send)
            return
        first = await receive()
        asked = way.read(scope, first)
        if asked is None:
            await self._app(scope, _beginning_with(first, receive), send)
            return
        scope["route"] = way.route
        try:
            caller = await caller_by(_authorization(scope), scope)
            content = way.written(await way.act(asked=asked, caller=caller, office=scope["app"].state.office))
        except errors.KNOWN as failure:
            await errors.respond(errors.problem_of(failure), errors.headers_of(failure))(scope, receive, send)
            return
        headers = [(b"content-length", b"%d" % len(content)), _OF_JSON]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})


class _Way:
    """
    The short way of one route, which is a coroutine that takes what was asked, the caller and the office.

    Raises:
        ValueError: it takes something else, which the short way would leave out.
    """

    def __init__(self, route: APIRoute) -> None:
        signature = inspect.signature(route.endpoint)
        if tuple(signature.parameters) != _TAKES or not inspect.iscoroutinefunction(route.endpoint):
            raise ValueError(f"{route.path}: the short way is for coroutines that take {', '.join(_TAKES)}")
        self.route = route
        self.act: Callable[..., Awaitable[Shape]] = route.endpoint
        self.written: Callable[[Any], bytes] = TypeAdapter(signature.return_annotation).dump_json
        self._asked: type[Shape] = signature.parameters["asked"].annotation

    def read(self, scope: Scope, message: Message) -> Shape | None:
        """What is asked; None where FastAPI has to look at it."""
        if message["type"] != "http.request" or message.get("more_body"):
            return None
        if [header for header in scope["headers"] if header[0] == b"content-type"] != [_OF_JSON]:
            return None
        try:
            return self._asked.model_validate_json(message["body"])
        except ValidationError:
            return None


def _authorization(scope: Scope) -> str | None:
    # The first one, as `Request.headers` gives it.
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"), None)


def _beginning_with(first: Message, receive: Receive) -> Receive:
    told = False

    async def replay() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return first

    return replay
