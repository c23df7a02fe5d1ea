"""What routes ask for: the office, who calls, and that a write happens once."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from concurrent import futures
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.types import Scope

from gateway import schemas
from gateway.answers import Answer, operation_id
from gateway.api_keys import MARK
from gateway.callers import OFFICERS, Caller, Party
from gateway.errors import MEDIA_TYPE, Problem
from gateway.metrics import Metrics
from gateway.office import Office
from gateway.prefer import Prefer
from gateway.prefer import parse as parse_prefer
from registry import OutcomeUnknown, Unreachable

_KEY = re.compile("[!-~]{1,200}")
_FIRST_ERROR = 400


async def office_of(request: Request) -> Office:
    """This gateway's office."""
    office: Office = request.app.state.office
    return office


OfficeHere = Annotated[Office, Depends(office_of)]


async def caller_of(request: Request) -> Caller:
    """
    Who calls: by an API key, or an officer by a token, in `Authorization: Bearer …`.

    Reads the request itself: this stands before every route, and each parameter of a dependency costs as much as finding a key.

    Raises:
        Problem: there is neither, or nobody's (401), or the caller asks too often (429).
    """
    return await caller_by(request.headers.get("authorization"), request.scope)


async def caller_by(authorization: str | None, scope: Scope) -> Caller:
    """The same by the header and the scope of a request; it stands in the scope's state from then on."""
    key = key_in(authorization)
    office: Office = scope["app"].state.office
    if key is not None:
        return caller_by_key(key, scope, office)
    if office.tokens is None or not (token := _credential(authorization)):
        raise _unauthenticated(scope)
    try:
        # May ask the issuer for its keys, which must not hold up others.
        caller = await run_in_threadpool(office.tokens.caller, token)
    except Problem:
        _metrics(scope).refused("unauthenticated")
        raise
    return _admitted(caller, scope, office)


def key_in(authorization: str | None) -> str | None:
    """What looks like an API key in the header, if there is one."""
    credential = _credential(authorization)
    return credential if credential.startswith(MARK) else None


def caller_by_key(key: str, scope: Scope, office: Office) -> Caller:
    """The same by an API key, for which nothing is waited."""
    caller = office.keys.found(key)
    if caller is None:
        raise _unauthenticated(scope)
    return _admitted(caller, scope, office)


def _admitted(caller: Caller, scope: Scope, office: Office) -> Caller:
    """A caller that is known, if it does not ask too often."""
    scope["state"]["caller"] = caller
    try:
        office.rate.take(caller.name)
    except Problem:
        _metrics(scope).refused("rate")
        raise
    return caller


def _unauthenticated(scope: Scope) -> Problem:
    _metrics(scope).refused("unauthenticated")
    title = "需要有效的 API 密钥或令牌。 A valid API key or token is needed."
    return Problem(401, "Unauthenticated", title, headers={"WWW-Authenticate": "Bearer"})


def _credential(authorization: str | None) -> str:
    """What stands behind `Bearer`; nothing if that does not."""
    scheme, _, credential = (authorization or "").partition(" ")
    return credential.strip() if scheme.lower() == "bearer" else ""


def _metrics(scope: Scope) -> Metrics:
    metrics: Metrics = scope["app"].state.metrics
    return metrics


def allow(*parties: Party) -> Any:
    """A caller that is one of these, and nobody else."""

    async def allowed(caller: Annotated[Caller, Depends(caller_of)]) -> Caller:
        if caller.party not in parties:
            title = "该角色无权办理此事项。 This role may not do that."
            raise Problem(403, "RoleNotAllowed", title, party=caller.party, allowed=sorted(parties))
        return caller

    return Depends(allowed)


ACTORS = tuple(party for party in Party if party is not Party.AUDITOR)
"""Everybody who may change something: all but auditors."""

Anybody = Annotated[Caller, Depends(caller_of)]
Actor = Annotated[Caller, allow(*ACTORS)]
Signatory = Annotated[Caller, allow(Party.LAB, Party.AGENCY, Party.FIRM)]
Issuer = Annotated[Caller, allow(Party.ISSUER)]
Reviewer = Annotated[Caller, allow(Party.REVIEWER)]
Payer = Annotated[Caller, allow(Party.PAYER)]
Rejecter = Annotated[Caller, allow(Party.REVIEWER, Party.PAYER)]
Registrar = Annotated[Caller, allow(Party.DIRECTORY)]
Onlooker = Annotated[Caller, allow(Party.FIRM, *OFFICERS, Party.AUDITOR)]
Auditor = Annotated[Caller, allow(Party.AUDITOR)]


@dataclass(frozen=True)
class Once:
    """A write under its Idempotency-Key."""

    office: Office
    caller: Caller
    key: str
    route: str
    prefer: Prefer | None

    def answer(self, status: int, asked: BaseModel | dict[str, Any], act: Callable[[str], BaseModel]) -> JSONResponse:
        """
        Do it once, or answer as before. `act` gets the intent id under which it is to happen.

        A caller that would rather not wait is answered 202 after the time that it names; the write goes on.
        """
        told = asked.model_dump(mode="json") if isinstance(asked, BaseModel) else asked
        text = json.dumps([self.route, told], ensure_ascii=False, sort_keys=True)
        fingerprint = hashlib.sha256(text.encode()).hexdigest()

        def written(intent_id: str) -> Answer:
            try:
                return Answer(status, act(intent_id).model_dump(mode="json"))
            except Unreachable as silent:
                # "Nothing happened" is only true if an earlier request with this key did not send it.
                sent = self.office.sent_before(intent_id)
                if sent is None:
                    raise
                raise OutcomeUnknown(sent, str(silent)) from silent

        if self.prefer is None:
            return shaped(self.office.answers.once(self.caller.name, self.key, fingerprint, written))
        known = self.office.answers.begin(self.caller.name, self.key, fingerprint)
        if known is not None:
            return shaped(known)
        began = self.office.operations.start(self.caller.name, self.key, fingerprint, written)
        applied = {"Preference-Applied": self.prefer.applied}
        # Not `result(timeout)`: an act may raise TimeoutError itself.
        if not futures.wait([began], self.prefer.seconds).done:
            return self._goes_on(applied)
        return shaped(began.result(), applied)

    def _goes_on(self, headers: Mapping[str, str]) -> JSONResponse:
        operation = operation_id(self.caller.name, self.key)
        told = schemas.Operation(operation_id=operation, state="pending", transaction=None, status=None, answer=None)
        headers = {**headers, "Location": f"/v1/operations/{operation}", "Retry-After": "1"}
        return JSONResponse(told.model_dump(mode="json"), status_code=202, headers=headers)


def shaped(answer: Answer, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """A kept answer as a response."""
    media_type = MEDIA_TYPE if answer.status >= _FIRST_ERROR else "application/json"
    return JSONResponse(dict(answer.body), status_code=answer.status, media_type=media_type, headers=dict(headers or {}))


async def once_of(
    request: Request,
    office: OfficeHere,
    caller: Anybody,
    idempotency_key: Annotated[str | None, Header(description="Names this write for ever: the same key and body, the same answer.")] = None,
    prefer: Annotated[
        list[str] | None,
        Header(description="`wait=N` or `respond-async` (RFC 7240): rather 202 and an operation to poll than to wait."),
    ] = None,
) -> Once:
    """
    The write's Idempotency-Key.

    Raises:
        Problem: there is none, or it is not 1 to 200 printable characters.
    """
    if idempotency_key is None or not _KEY.fullmatch(idempotency_key):
        title = "请求须带 Idempotency-Key（1–200 个可打印字符）。 A write needs an Idempotency-Key of 1 to 200 printable characters."
        raise Problem(400, "IdempotencyKeyMissing", title)
    preferred = parse_prefer(prefer or (), most=office.settings.wait_seconds)
    return Once(office, caller, idempotency_key, f"{request.method} {request.url.path}", preferred)


WriteOnce = Annotated[Once, Depends(once_of)]
