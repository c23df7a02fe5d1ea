"""A gateway that is faulty: a real one behind a proxy that alters what it is asked or answers."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.gateway.conftest import serving


@dataclass
class Passing:
    """One request on its way to the `gateway`, and its answer on the way back. Whoever sets `status` beforehand swallows the request."""

    gateway: str
    method: str
    path: str
    headers: dict[str, str]
    asked: Any
    status: int | None = None
    media_type: str = "application/json"
    answered: Any = None


Spoil = Callable[[Passing], None]


@dataclass
class Fault:
    """What a faulty gateway does before it asks the real one, and afterwards."""

    before: Spoil = field(default=lambda _: None)
    after: Spoil = field(default=lambda _: None)


@contextmanager
def behind(url: str, *faults: Fault) -> Iterator[str]:
    """The address of the gateway at `url` with faults."""
    with httpx.Client(base_url=url, trust_env=False, timeout=60) as http:

        def passed(passing: Passing) -> None:
            for fault in faults:
                fault.before(passing)
            if passing.status is None:
                content = b"" if passing.asked is None else json.dumps(passing.asked).encode()
                response = http.request(passing.method, passing.path, content=content, headers=passing.headers)
                passing.status, passing.answered = response.status_code, response.json()
                passing.media_type = response.headers["Content-Type"]
            for fault in faults:
                fault.after(passing)

        async def handle(request: Request) -> Response:
            content = await request.body()
            kept = ("authorization", "idempotency-key", "content-type")
            headers = {name: value for name, value in request.headers.items() if name in kept}
            path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            passing = Passing(url, request.method, path, headers, json.loads(content) if content else None)
            await run_in_threadpool(passed, passing)
            return Response(json.dumps(passing.answered), status_code=passing.status or 500, media_type=passing.media_type)

        with serving(Starlette(routes=[Route("/{path:path}", handle, methods=["GET", "POST"])])) as (address, _):
            yield address
