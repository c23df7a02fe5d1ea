"""Paths: an id in one begins with 0x, so that it is never taken for a verb; and which methods a path knows."""

from collections.abc import Sequence

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.convertors import Convertor, register_url_convertor

from gateway.errors import body, respond

_NOT_ALLOWED = 405


class _Id(Convertor[str]):
    """What claims to be an id; whether it is one, its type decides. `{order_id:id}` in a path."""

    regex = "0x[^/]*"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("id", _Id())


def install(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    """Tell all methods of a path that was asked with another one: each route of it knows only its own."""
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]

    async def on_method_not_allowed(request: Request, _failure: Exception) -> JSONResponse:
        path = request.url.path
        methods = sorted({method for route in routes if route.path_regex.match(path) for method in route.methods or ()})
        title = "该路径不支持此方法。 This path does not know that method."
        return respond(body(_NOT_ALLOWED, "MethodNotAllowed", title, {"allowed": methods}), {"Allow": ", ".join(methods)})

    app.add_exception_handler(_NOT_ALLOWED, on_method_not_allowed)
