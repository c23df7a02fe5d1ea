"""Whether a refusal that was met stands in the interface's description of its route."""

import httpx

from gateway.documents import codes_of, routes_of
from gateway.errors import MEDIA_TYPE, status_of
from gateway.routes import ROUTERS

_ROUTES = [(route, codes_of(route)) for route in routes_of(ROUTERS)]


def require_described(response: httpx.Response) -> None:
    """Fail where a route refuses with a code that it does not list, or with another status than it says."""
    if not response.headers.get("Content-Type", "").startswith(MEDIA_TYPE):
        return
    problem = httpx.Response.read(response) and response.json()
    method, path = response.request.method, response.request.url.path
    for route, codes in _ROUTES:
        if route.path_regex.match(path) and method in route.methods:
            assert problem["code"] in codes, f"{method} {route.path_format} does not list {problem['code']}"
            assert response.status_code == status_of(problem["code"])
