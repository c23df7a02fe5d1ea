"""Whether the gateway follows its node, and for auditors the whole trail."""

from typing import Annotated

from fastapi import APIRouter, Query

from gateway import schemas
from gateway.deps import Auditor, OfficeHere
from gateway.described import OPEN

router = APIRouter(prefix="/v1", tags=["trail"])


@router.get("/status", openapi_extra=OPEN)
def status(office: OfficeHere) -> schemas.Status:
    """Needs no key and tells nothing of anybody."""
    return office.status()


@router.get("/trail")
def trail(
    _caller: Auditor,
    office: OfficeHere,
    after: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 200,
) -> schemas.TrailPage:
    """Every event of every contract in the chain's order. An auditor who trusts no gateway replays a node instead."""
    return office.trail(after, limit)
