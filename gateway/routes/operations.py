"""Writes that were answered 202, to be polled."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from gateway import examples, schemas
from gateway.acts import operations
from gateway.deps import Anybody, OfficeHere
from gateway.documents import told

router = APIRouter(prefix="/v1", tags=["operations"])

_OperationId = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="From the `Location` of the answer 202.")]


@router.get("/operations/{operation_id}", **told("办理进度 One operation", answer=examples.OPERATION))
def operation(operation_id: _OperationId, caller: Anybody, office: OfficeHere, response: Response) -> schemas.Operation:
    """What became of a write of the caller's own."""
    found = operations.operation(office, caller, operation_id)
    if found.state == "pending":
        response.headers["Retry-After"] = "1"
    return found
