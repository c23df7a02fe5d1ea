"""Writes that were answered 202, to be polled."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from gateway import schemas
from gateway.deps import Anybody, OfficeHere

router = APIRouter(prefix="/v1", tags=["operations"])


@router.get("/operations/{operation_id}")
def operation(
    operation_id: Annotated[str, Path(pattern="^[0-9a-f]{32}$")], caller: Anybody, office: OfficeHere, response: Response
) -> schemas.Operation:
    """What became of a write of the caller's own."""
    found = office.operation(caller, operation_id)
    if found.state == "pending":
        response.headers["Retry-After"] = "1"
    return found
