"""Who looked up whose vouchers at this gateway (查询记录)."""

from fastapi import APIRouter

from gateway import examples, schemas
from gateway.acts import lookup_log
from gateway.deps import OfficeHere, Onlooker
from gateway.documents import told
from gateway.refusals import CURSORS

router = APIRouter(prefix="/v1", tags=["lookups"])


@router.get("/lookups", **told("查询记录 List look-ups", answer=examples.LOOKUPS, refuses=CURSORS))
def list_lookups(
    caller: Onlooker, office: OfficeHere, cursor: schemas.Cursor | None = None, limit: schemas.Limit = 100
) -> schemas.LookupPage:
    """Look-ups of the caller's own vouchers (firm), of its region's (officer), or all (auditor), the newest first."""
    return lookup_log.lookups(office, caller, cursor=cursor, limit=limit)
