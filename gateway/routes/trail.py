"""Whether the gateway follows its node, and for auditors the whole trail."""

from fastapi import APIRouter

from gateway import examples, schemas
from gateway.acts import trail
from gateway.deps import Auditor, OfficeHere
from gateway.documents import told
from gateway.refusals import CURSORS, LOGGED

router = APIRouter(prefix="/v1", tags=["trail"])


@router.get("/status", **told("状态 Status", answer=examples.STATUS))
def status(office: OfficeHere) -> schemas.Status:
    """Whether this gateway follows its node. Needs no key and tells nothing of anybody."""
    return office.status()


@router.get("/trail", **told("全部事件 Trail", answer=examples.TRAIL, refuses=(*CURSORS, *LOGGED)))
def list_trail(caller: Auditor, office: OfficeHere, cursor: schemas.Cursor | None = None, limit: schemas.Limit = 200) -> schemas.TrailPage:
    """Every event of every contract in the chain's order. An auditor who trusts no gateway replays a node instead."""
    return trail.trail(office, caller, cursor=cursor, limit=limit)
