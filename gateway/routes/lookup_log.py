"""Who looked up whose vouchers at this gateway (查询记录)."""

from typing import Annotated

from fastapi import APIRouter, Path

from gateway import examples, schemas
from gateway.acts import lookup_log
from gateway.deps import Anybody, OfficeHere, Onlooker
from gateway.documents import told
from gateway.query_numbers import MOST_CHARACTERS
from gateway.refusals import CURSORS

router = APIRouter(prefix="/v1", tags=["lookups"])


@router.get("/lookups", **told("查询记录 List look-ups", answer=examples.LOOKUPS, refuses=CURSORS))
def list_lookups(
    caller: Onlooker, office: OfficeHere, cursor: schemas.Cursor | None = None, limit: schemas.Limit = 100
) -> schemas.LookupPage:
    """Look-ups of the caller's own vouchers (firm), of its region's (officer), or all (auditor), the newest first."""
    return lookup_log.lookups(office, caller, cursor=cursor, limit=limit)


@router.get(
    "/lookups/{number}",
    **told("按编号查询 Look-up by its number", answer=examples.LOOKUP_ONE, refuses=("QueryNumberElsewhere", "QueryNumberRefused")),
)
def lookup(
    number: Annotated[
        str, Path(min_length=1, max_length=MOST_CHARACTERS, description="The query number (查询编号) that came with an answer.")
    ],
    caller: Anybody,
    office: OfficeHere,
) -> schemas.LookupOne:
    """
    What was answered under a query number: when, as of which block, to whom.

    For the lab that asked, the voucher's firm, the offices of the voucher's region and of this gateway's, and auditors.
    """
    return lookup_log.lookup(office, caller, number)
