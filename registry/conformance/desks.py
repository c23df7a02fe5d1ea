"""
How a party asks the gateway under test: through `registry.gateway_client`, with every exchange kept.

A refusal is an answer here and not a failure, since that is what is looked at; what is kept serves the checks of all exchanges at the end.
"""

import json
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

from registry.gateway_client import GatewayClient, RefusedByGateway, http_for


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer. A body that is no JSON is None."""

    method: str
    path: str
    asked: Any
    status: int
    media_type: str
    answered: Any


@dataclass(frozen=True, slots=True)
class Answer:
    """What a gateway answered."""

    status: int
    body: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.body[name]

    def told(self, *names: str) -> dict[str, Any]:
        """The status, a refusal's code, and some members: of a refusal's values where it is one."""
        if self.status < httpx.codes.BAD_REQUEST:
            return {"status": self.status} | {name: self.body.get(name) for name in names}
        values = self.body.get("values")
        found = values if isinstance(values, dict) else {}
        return {"status": self.status, "code": self.body.get("code")} | {name: found.get(name) for name in names}


def refused(status: int, code: str, **values: Any) -> dict[str, Any]:
    """What `Answer.told` says of a refusal."""
    return {"status": status, "code": code} | values


@dataclass
class Wire:
    """The way to one gateway, and everything that went over it."""

    url: str
    http: httpx.Client = field(init=False)
    exchanges: list[Exchange] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.http = http_for(self.url)
        self.http.event_hooks = {"response": [self._keep]}

    def _keep(self, response: httpx.Response) -> None:
        response.read()
        request = response.request
        media_type = response.headers.get("Content-Type", "").partition(";")[0].strip()
        path = request.url.raw_path.decode("ascii")
        asked, answered = _json(request.read()), _json(response.content)
        self.exchanges.append(Exchange(request.method, path, asked, response.status_code, media_type, answered))

    def answer(self) -> Answer:
        """The last answer."""
        last = self.exchanges[-1]
        return Answer(last.status, last.answered if isinstance(last.answered, dict) else {})


class Desk:
    """One caller at the gateway; without an API key nobody."""

    def __init__(self, wire: Wire, api_key: str | None) -> None:
        self._wire = wire
        self._api_key = api_key
        self._client = GatewayClient(wire.url, api_key, http=wire.http)

    def get(self, path: str, **query: Any) -> Answer:
        """Read."""
        with suppress(RefusedByGateway):
            self._client.get(path, **query)
        return self._wire.answer()

    def ask(self, path: str, asked: Mapping[str, Any]) -> Answer:
        """Ask what changes nothing."""
        with suppress(RefusedByGateway):
            self._client.ask(path, asked)
        return self._wire.answer()

    def post(self, path: str, asked: Mapping[str, Any], *, key: str | None = None) -> Answer:
        """Write, under a new Idempotency-Key unless one is given."""
        with suppress(RefusedByGateway):
            self._client.post(path, asked, key=key or str(uuid.uuid4()))
        return self._wire.answer()

    def bare(self, method: str, path: str, asked: Mapping[str, Any] | None = None) -> Answer:
        """One request with nothing added to it but the API key: no Idempotency-Key."""
        headers = {} if self._api_key is None else {"Authorization": f"Bearer {self._api_key}"}
        self._wire.http.request(method, self._wire.url.rstrip("/") + path, json=asked, headers=headers)
        return self._wire.answer()


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return None
