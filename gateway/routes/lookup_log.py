"""Who looked up whose vouchers at this gateway."""

from typing import Annotated

from fastapi import APIRouter, Query

from gateway import schemas
from gateway.deps import OfficeHere, Onlooker

router = APIRouter(prefix="/v1", tags=["lookups"])


@router.get("/lookups")
def lookups(
    caller: Onlooker,
    office: OfficeHere,
    before: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> schemas.LookupPage:
    """Look-ups of the caller's own vouchers (firm), of its region's (officer), or all (auditor), the newest first."""
    return office.lookup_page(caller, before, limit)
