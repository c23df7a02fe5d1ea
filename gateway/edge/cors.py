"""Which pages of other origins may call: none, but for those that the settings name. Never all, and never with cookies."""

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

from gateway import errors

_ASKED = ("Authorization", "Content-Type", "Idempotency-Key", "If-None-Match", "Prefer", "X-Request-Id")
_TOLD = ("ETag", "Location", "Preference-Applied", "Retry-After", "X-Request-Id")
_KEPT_SECONDS = 600


class Cors(CORSMiddleware):
    """Starlette's, whose refusals are problems."""

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        super().__init__(
            app, allow_origins=origins, allow_methods=("GET", "POST"), allow_headers=_ASKED, expose_headers=_TOLD, max_age=_KEPT_SECONDS
        )

    def preflight_response(self, request_headers: Headers) -> Response:
        """Answer a browser that asks before it calls."""
        answer = super().preflight_response(request_headers)
        if answer.status_code < 400:  # noqa: PLR2004 - where errors begin
            return answer
        title = "该来源未获准跨域访问。 This origin, method or header is not allowed across origins."
        return errors.respond(errors.body(403, "OriginNotAllowed", title, {}), {"Vary": "Origin"})
