"""
How the interface describes itself (OpenAPI 3.1): every route with examples, and every refusal by code.

A route says what it alone knows (`told`: summary, examples, verbs of the contracts, its own refusals). What follows from what it
asks for (a key, a role, an Idempotency-Key, input) is read off the route and added here, so that nobody can forget it.
"""

import inspect
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from gateway import deps, examples, refusals
from gateway.callers import OFFICERS
from gateway.errors import MEDIA_TYPE, status_of

TITLE, VERSION = "Tongquan (通券) gateway", "1"
JSON, TEXT, CSV = "application/json", "text/plain", "text/csv"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
OCTETS, ARCHIVE = "application/octet-stream", "application/zip"
BINARY = frozenset({EXCEL, CSV, OCTETS, ARCHIVE})
_VERBS, _REFUSES = "x-verbs", "x-refuses"

_PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "A refusal (RFC 9457). `code` is stable and made for programs, `title` and `detail` are for people.",
    "properties": {
        "type": {"type": "string", "description": "urn:tongquan:problem: and the code"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "values": {"type": "object", "description": "The values of the refusal, by their names in the contracts."},
    },
    "required": ["type", "title", "status", "code", "values"],
}
_ETAG = {"ETag": {"description": "Weak; changes with the record, not with the block.", "schema": {"type": "string"}}}
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "ETags that the caller has; the record is answered only if it is none of them.",
    "schema": {"type": "string"},
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "Names this write for ever: the same key and body, the same answer.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,200}$"},
    "example": "2f1c0b8e-5f0e-4d5c-9a55-6a3d1f3f5b10",
}
_PREFER = {
    "name": "Prefer",
    "in": "header",
    "required": False,
    "description": "`wait=N` or `respond-async` (RFC 7240): rather 202 and an operation to poll than to wait.",
    "schema": {"type": "string"},
    "example": "wait=5",
}
_ACCEPTED = {
    "description": "The write goes on; `Location` is where to ask what became of it. Only where `Prefer` asked for it.",
    "headers": {
        "Location": {"description": "The operation to poll.", "schema": {"type": "string"}},
        "Retry-After": {"description": "Seconds until it is worth asking.", "schema": {"type": "string"}},
        "Preference-Applied": {"description": "What of `Prefer` was followed.", "schema": {"type": "string"}},
    },
    "content": {JSON: {"schema": {"$ref": "#/components/schemas/Operation"}, "example": examples.PENDING}},
}
_BEARER = {
    "type": "http",
    "scheme": "bearer",
    "description": "API 密钥或经办人员令牌。 An API key (tq_…), or an officer's OpenID Connect token.",
}
_TAGS = {
    "lookups": "Before the service: quote, verification, three facts. And who looked.",
    "orders": "An order from reservation to settlement and, if need be, back.",
    "evidence": "What redemptions are handed in with: documents, what they state, checklists, samples and originals.",
    "months": "What months came to between two regions, what payers' records say of it, and who closed them.",
    "reports": "What programmes came to, what waits, what is to be paid, and where to look closer.",
    "payments": "What a payer pays in batches: lists, notices, accounts, budget lines, bank files, and what came back.",
    "programmes": "Programmes and the money set aside for them.",
    "eligibility": "Who may get vouchers, by what an office has established of firms and by a programme's file, and why each was issued.",
    "vouchers": "Issuing, and what was issued.",
    "openings": "An older ledger carried over: its list and totals, its vouchers, and claims that were in flight.",
    "directory": "Labs, items, firms, their keys and agents, recognition and flags.",
    "trail": "All events, and whether this gateway follows its node.",
    "operations": "Writes that were answered 202, to be polled.",
    "health": "Alive, ready, and numbers, for whatever watches over a gateway.",
}
_ABOUT = """\
A region's gateway (地区服务网关) to the shared registry of innovation vouchers.

What moves money is signed by the parties: a document is prepared here, checked and signed by them, and brought back. Every write takes
an `Idempotency-Key`: the same key and body get the same answer for ever. Money is a decimal string of fen, times are Unix seconds.
"""


def told(
    summary: str,
    *,
    status: int = 200,
    asked: Any = None,
    answer: Any = None,
    verbs: Sequence[str] = (),
    refuses: Sequence[str] = (),
    media: str = JSON,
    answered: str = JSON,
) -> dict[str, Any]:
    """
    What a route tells of itself, for its decorator.

    `asked` and `answer` are examples, of the media types `media` and `answered` (a file has none); `verbs` the contracts' functions
    that it calls, `refuses` this gateway's own codes. The tests play every example.
    """
    extra: dict[str, Any] = {_VERBS: list(verbs), _REFUSES: list(refuses)}
    if asked is not None:
        extra["requestBody"] = {"content": {media: {"example": asked}}}
    told = {"schema": {"type": "string", "format": "binary"}} if answered in BINARY else {"example": answer}
    shown: dict[str, Any] = {"description": HTTPStatus(status).phrase, "content": {answered: told}}
    return {"summary": summary, "status_code": status, "responses": {status: shown}, "openapi_extra": extra}


def record(summary: str, *, answer: Any, refuses: Sequence[str] = ("NotFound",)) -> dict[str, Any]:
    """What a route tells that answers one record with its ETag."""
    described = told(summary, answer=answer, refuses=refuses)
    described["responses"][200]["headers"] = _ETAG
    described["responses"][304] = {"description": "The caller has it already.", "headers": _ETAG}
    described["openapi_extra"]["parameters"] = [_IF_NONE_MATCH]
    return described


def install(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    """Let an application describe itself so."""
    app.openapi = lambda: _described(app, list(routes_of(routers)))  # type: ignore[method-assign]


def description(routers: Sequence[APIRouter]) -> dict[str, Any]:
    """The description by itself, of an application that is not running."""
    app = FastAPI(title=TITLE, version=VERSION, routes=[*routes_of(routers)])
    install(app, routers)
    return app.openapi()


def routes_of(routers: Sequence[APIRouter]) -> Iterator[APIRoute]:
    """Every route, with what it told of itself."""
    yield from (route for router in routers for route in router.routes if isinstance(route, APIRoute))


def codes_of(route: APIRoute) -> set[str]:
    """Every code that a route can refuse with."""
    calls = list(_calls(route.dependant))
    extra = route.openapi_extra or {}
    codes = {*refusals.OF_EVERY_ROUTE, *extra.get(_REFUSES, ())}
    for verb in extra.get(_VERBS, ()):
        codes |= {*refusals.OF_VERB[verb]}
    if deps.office_of in calls:
        codes |= {*refusals.OF_OFFICES}
    if deps.caller_of in calls:
        codes |= {*refusals.OF_AUTHENTICATION}
    parties = _parties(calls)
    if parties is not None:
        codes |= {*refusals.OF_ROLES}
    if "POST" in (route.methods or ()):
        codes |= {*refusals.OF_POSTS}
    if _has_input(route.dependant):
        codes |= {*refusals.OF_INPUT}
    if route.dependant.path_params:
        codes |= {*refusals.OF_IDS}
    if route.dependant.body_params:
        codes |= {*refusals.OF_BODIES}
    if codes & refusals.OF_STATE:
        codes |= {*refusals.IN_DOUBT}
    if deps.once_of in calls:
        codes |= {*refusals.OF_WRITES}
        if parties is not None and OFFICERS & parties:
            codes |= {*refusals.OF_OFFICERS}
    return codes


def _described(app: FastAPI, routes: Sequence[APIRoute]) -> dict[str, Any]:
    if app.openapi_schema is None:
        tags = [{"name": name, "description": text} for name, text in _TAGS.items()]
        found = get_openapi(
            title=app.title,
            version=app.version,
            description=_ABOUT,
            routes=app.routes,
            tags=tags,
            license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        )
        found["servers"] = [{"url": "/", "description": "This gateway."}]
        components = found.setdefault("components", {})
        components["schemas"]["Problem"] = _PROBLEM
        for unused in ("HTTPValidationError", "ValidationError"):
            components["schemas"].pop(unused, None)
        components["securitySchemes"] = {"bearer": _BEARER}
        for route in routes:
            for method in route.methods or ():
                _complete(found["paths"][route.path_format][method.lower()], route)
        app.openapi_schema = found
    return app.openapi_schema


def _complete(operation: dict[str, Any], route: APIRoute) -> None:
    calls = list(_calls(route.dependant))
    for ours in (_VERBS, _REFUSES):
        operation.pop(ours, None)
    operation["operationId"] = f"{route.tags[0]}_{route.name}"
    operation["security"] = [{"bearer": []}] if deps.caller_of in calls else []
    parties = _parties(calls)
    if parties is not None:
        operation["description"] += f"\n\nFor {', '.join(sorted(parties))}."
    _name_headers(operation, once=deps.once_of in calls)
    responses = {status: each for status, each in operation["responses"].items() if int(status) < HTTPStatus.BAD_REQUEST}
    for status, each in responses.items():
        # Written anew: FastAPI leaves null members out of an example.
        for media, shown in route.responses[int(status)].get("content", {}).items():
            each["content"][media] |= shown
    if deps.once_of in calls:
        responses["202"] = _ACCEPTED
    by_status: dict[int, list[str]] = defaultdict(list)
    for code in sorted(codes_of(route)):
        by_status[status_of(code)].append(code)
    for status, codes in sorted(by_status.items()):
        responses[str(status)] = _refusals(status, codes)
    operation["responses"] = responses


def _name_headers(operation: dict[str, Any], *, once: bool) -> None:
    """A write's Idempotency-Key is no option, and `Prefer` is text."""
    parameters = [each for each in operation.get("parameters", ()) if each["name"] not in {"idempotency-key", "prefer"}]
    operation["parameters"] = [*parameters, *([_IDEMPOTENCY_KEY, _PREFER] if once else [])]


def _refusals(status: int, codes: Sequence[str]) -> dict[str, Any]:
    example = {"type": f"urn:tongquan:problem:{codes[0]}", "title": HTTPStatus(status).phrase, "status": status, "code": codes[0]}
    schema = {"allOf": [{"$ref": "#/components/schemas/Problem"}, {"properties": {"code": {"enum": list(codes)}}}]}
    return {
        "description": f"{HTTPStatus(status).phrase}: {', '.join(codes)}.",
        "content": {MEDIA_TYPE: {"schema": schema, "example": example | {"values": {}}}},
    }


def _calls(dependant: Dependant) -> Iterator[Any]:
    for each in dependant.dependencies:
        yield each.call
        yield from _calls(each)


def _parties(calls: Sequence[Any]) -> set[str] | None:
    """The roles that a route is for, as `deps.allow` keeps them; None if it is for everybody with a key."""
    found: Mapping[str, Any]
    for call in calls:
        if getattr(call, "__qualname__", "").startswith("allow.<locals>"):
            found = inspect.getclosurevars(call).nonlocals
            return set(found["parties"])
    return None


def _has_input(dependant: Dependant) -> bool:
    return bool(dependant.path_params or dependant.query_params or dependant.body_params)
