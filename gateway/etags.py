"""
ETags: whether a record is still what the caller has.

Weak ones, over everything but `block`: as of which block an answer holds grows older every second, what it says does not change.
"""

import hashlib

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel


def tagged(request: Request, record: BaseModel) -> Response:
    """A record with its ETag; 304 without it if the caller has it already."""
    told = record.model_dump_json(exclude={"block"})
    etag = f'W/"{hashlib.sha256(told.encode()).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if _has(request.headers.get("If-None-Match"), etag):
        return Response(status_code=304, headers=headers)
    return JSONResponse(record.model_dump(mode="json"), headers=headers)


def _has(if_none_match: str | None, etag: str) -> bool:
    # RFC 9110, section 13.1.2: compared weakly.
    asked = [each.strip().removeprefix("W/") for each in (if_none_match or "").split(",")]
    return "*" in asked or etag.removeprefix("W/") in asked
