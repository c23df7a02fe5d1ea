"""
How a party works: through its own region's gateway with its own API key, and with its own key for what it signs.

A party signs only what it has read: the document is parsed as strictly as the gateway parses it, and compared with what was agreed.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

from registry import Domain, Record, parse_typed_data, sign

R = TypeVar("R", bound=Record)

ANSWER_SECONDS = 60.0


class NotAgreed(Exception):
    """A document says something else than the parties agreed on; it was not signed."""


class NotAnswered(Exception):
    """A gateway answered something else than what was needed of it."""


@dataclass(frozen=True)
class Answer:
    """A gateway's answer."""

    status: int
    body: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        if name not in self.body:
            raise NotAnswered(f"no {name} in {self.status} {json.dumps(self.body, ensure_ascii=False)}")
        return self.body[name]

    @property
    def code(self) -> str | None:
        """Why it was refused; None if it was not."""
        return self.body.get("code") if self.status >= httpx.codes.BAD_REQUEST else None


ATTEMPTS = 3


@dataclass(frozen=True)
class Desk:
    """One caller at one gateway."""

    http: httpx.Client
    url: str
    api_key: str

    def get(self, path: str, **query: Any) -> Answer:
        """Read."""
        return self._answer(self.http.get(self.url + path, params=query, headers=self._headers()))

    def raw(self, path: str, **query: Any) -> httpx.Response:
        """Read what is no JSON object: a file."""
        return self.http.get(self.url + path, params=query, headers=self._headers())

    def post(self, path: str, asked: Mapping[str, Any], *, key: str | None = None) -> Answer:
        """
        Write, under a new Idempotency-Key unless one is given; or ask what changes nothing.

        Where the gateway says that nothing happened, or that it does not know yet, the same request is repeated: that is how one
        finds out, and nothing happens twice.
        """
        headers = self._headers(key or str(uuid.uuid4()))
        for _ in range(ATTEMPTS):
            answer = self._answer(self.http.post(self.url + path, json=dict(asked), headers=headers))
            if answer.status not in (httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.GATEWAY_TIMEOUT):
                break
        return answer

    def raw_post(self, path: str, asked: Mapping[str, Any]) -> httpx.Response:
        """Ask for what is no JSON object: a file."""
        return self.http.post(self.url + path, json=dict(asked), headers=self._headers())

    def upload(self, path: str, fields: Mapping[str, str], *, name: str, content: bytes, field: str = "list") -> Answer:
        """Hand in a file, under the name that the form has for it."""
        headers = self._headers(str(uuid.uuid4()))
        return self._answer(self.http.post(self.url + path, data=dict(fields), files={field: (name, content)}, headers=headers))

    def hand_in(self, path: str, lists: Mapping[str, str], *, key: str | None = None) -> Answer:
        """Hand in several lists of text at once, each under its field's name."""
        files = {name: (f"{name}.csv", text.encode()) for name, text in lists.items()}
        return self._answer(self.http.post(self.url + path, files=files, headers=self._headers(key or str(uuid.uuid4()))))

    def _headers(self, key: str | None = None) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.api_key}"} | ({"Idempotency-Key": key} if key else {})

    def _answer(self, response: httpx.Response) -> Answer:
        return Answer(response.status_code, response.json())


def read_and_sign(document: Mapping[str, Any], kind: type[R], domain: Domain, key: bytes, *, agreed: Mapping[str, Any]) -> str:
    """
    Check a prepared document against what was agreed, and sign it.

    Raises:
        CodecError: it is no document of this kind, chain and contract.
        NotAgreed: a field says something else.
    """
    record = parse_typed_data(dict(document), kind, domain)
    for name, value in agreed.items():
        if getattr(record, name) != value:
            raise NotAgreed(f"{name}: {getattr(record, name)!r}, agreed was {value!r}")
    return "0x" + sign(record, domain, key).hex()
