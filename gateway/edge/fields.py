"""A request's header fields by their names, in lower case as ASGI has them."""

from starlette.types import Scope

Fields = dict[bytes, bytes]


def of(scope: Scope) -> Fields:
    """The first of each name, which is the one that FastAPI reads."""
    return dict(reversed(scope["headers"]))
