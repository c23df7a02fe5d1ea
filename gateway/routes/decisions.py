"""The decisions by which vouchers were issued (发放决定): what is read to a firm, and worked out again by an auditor."""

from typing import Annotated

from fastapi import APIRouter

from gateway import examples, schemas
from gateway.acts import decisions as acts
from gateway.callers import Caller, Party
from gateway.deps import OfficeHere, allow
from gateway.documents import told
from gateway.refusals import CURSORS, LOGGED
from registry import Id

router = APIRouter(prefix="/v1", tags=["eligibility"])

_Reader = Annotated[Caller, allow(Party.ISSUER, Party.REVIEWER, Party.AUDITOR)]


@router.get(
    "/programmes/{programme_id:id}/decisions",
    **told(
        "券种发放决定 List decisions",
        answer={"decisions": [examples.DECISION], "next": None, "head": examples.LOG_HEAD},
        refuses=("NotFound", "NotYours", *CURSORS, *LOGGED),
    ),
)
def list_decisions(
    programme_id: schemas.Id32,
    caller: _Reader,
    office: OfficeHere,
    cursor: schemas.Cursor | None = None,
    limit: schemas.Limit = 100,
) -> schemas.DecisionPage:
    """The decisions under a programme of this region, in the order in which they were made; of several on one voucher the last counts."""
    return acts.decisions(office, caller, Id(programme_id), cursor=cursor, limit=limit)


@router.get(
    "/vouchers/{voucher_id:id}/decision",
    **told(
        "发放决定 One decision",
        answer={"decision": examples.DECISION, "head": examples.LOG_HEAD},
        refuses=("NotFound", "NotYours", *LOGGED),
    ),
)
def decision(voucher_id: schemas.Id32, caller: _Reader, office: OfficeHere) -> schemas.DecisionOne:
    """Why a voucher was issued: every rule with its fact and verdict, in words to be read to the firm."""
    return acts.decision(office, caller, Id(voucher_id))
