"""
Firms that were renamed, merged, struck off or moved (企业变更), each put on record in one act, and what they left open.

Questions about a firm by its code are POST, so that company codes stand in no URL and no access log.
"""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from gateway import examples, schemas
from gateway.acts import firm_changes
from gateway.callers import OFFICERS, Caller, Party
from gateway.deps import OfficeHere, Registrar, WriteOnce, allow
from gateway.documents import told
from gateway.refusals import FILES, LOGGED, TAGS
from registry import Id

router = APIRouter(prefix="/v1", tags=["directory"])

_NotLab = Annotated[Caller, allow(*OFFICERS, Party.FIRM, Party.AUDITOR)]
_Decider = Annotated[Caller, allow(Party.ISSUER, Party.REVIEWER, Party.DIRECTORY, Party.AUDITOR)]
_OF_FIRM = (*TAGS, "NotFound", "NotYours")


@router.get(
    "/firms/{firm_id:id}/affairs",
    **told("未了事项 What a firm has open", answer=examples.FIRM_AFFAIRS, refuses=(*FILES, *LOGGED, "NotFound")),
)
def affairs(
    firm_id: schemas.Id32,
    caller: _NotLab,
    office: OfficeHere,
    change: Annotated[schemas.ChangeName | None, Query(description="What would become of it by this change.")] = None,
) -> schemas.FirmAffairs:
    """
    A firm's vouchers that are not used up and its orders that are not finished, and what becomes of each.

    For itself, the offices of its region, officers of a region that hosts orders of it, who see those, and auditors.
    """
    return firm_changes.affairs(office, caller, Id(firm_id), asked=change)


@router.post(
    "/firm-changes/rename",
    response_model=schemas.FirmChangeWritten,
    **told("更名 A firm is renamed", status=201, asked=examples.RENAMING, answer=examples.RENAMED, refuses=(*_OF_FIRM, "DayAhead")),
)
def rename(asked: schemas.FirmRenamed, caller: Registrar, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Put a firm's new name on record. Its company code stays, so nothing changes on the chain."""
    return once.answer(201, asked, lambda intent_id: firm_changes.rename(office, caller, asked, intent_id))


@router.post(
    "/firm-changes/merge",
    response_model=schemas.FirmChangeWritten,
    **told(
        "合并 A firm is absorbed",
        status=201,
        asked=examples.MERGER,
        answer=examples.MERGED,
        verbs=("rotate",),
        refuses=(*_OF_FIRM, "ChangeOnRecord", "DayAhead", "SignerIsGateways", "SuccessorIsFirm", "SuccessorUnknown"),
    ),
)
def merge(asked: schemas.FirmMerged, caller: Registrar, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """
    Put on record that a firm was absorbed, and propose the successor's key for what it began.

    Its vouchers take no new orders; the successor applies for its own. The key takes effect after three days without a veto.
    """
    return once.answer(201, asked, lambda intent_id: firm_changes.merge(office, caller, asked, intent_id))


@router.post(
    "/firm-changes/strike-off",
    response_model=schemas.FirmChangeWritten,
    **told(
        "注销 A firm is struck off",
        status=201,
        asked=examples.STRIKING_OFF,
        answer=examples.STRUCK_OFF,
        verbs=("rotate", "flag"),
        refuses=(*_OF_FIRM, "ChangeOnRecord", "DayAhead", "SignerIsGateways"),
    ),
)
def strike_off(asked: schemas.FirmStruckOff, caller: Registrar, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """
    Put on record that a firm was struck off, and propose the liquidators' key for it, or one that nobody has.

    Its vouchers take no new orders. With `stop` it is flagged besides, and nothing of it goes on anywhere for 30 days.
    """
    return once.answer(201, asked, lambda intent_id: firm_changes.strike_off(office, caller, asked, intent_id))


@router.post(
    "/firm-changes/move",
    response_model=schemas.FirmChangeWritten,
    **told(
        "迁出 A firm moves away",
        status=201,
        asked=examples.MOVING,
        answer=examples.MOVED_AWAY,
        refuses=(*_OF_FIRM, *FILES, "ChangeOnRecord", "DayAhead", "RegionRefused"),
    ),
)
def move(asked: schemas.FirmMoved, caller: Registrar, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """
    Put on record that a firm moved to another region, and tell what is on record of it, to be handed over.

    The new region enrols the firm. Its vouchers stay this region's; whether they take new orders, each programme's file says.
    """
    return once.answer(201, asked, lambda intent_id: firm_changes.move(office, caller, asked, intent_id))


@router.post(
    "/firm-changes/withdraw",
    response_model=schemas.FirmChangeWritten,
    **told("撤回登记 Withdraw", status=201, asked=examples.WITHDRAWING, answer=examples.WITHDRAWN, refuses=(*_OF_FIRM, "NoChange")),
)
def withdraw_change(asked: schemas.FirmChangeWithdrawn, caller: Registrar, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Put on record that a merger, striking off or move was not so, or is over. Keys and flags are taken back by their own verbs."""
    return once.answer(201, asked, lambda intent_id: firm_changes.withdraw(office, caller, asked, intent_id))


@router.post(
    "/firm-changes/history",
    **told(
        "企业变更记录 Changes on record",
        asked={"firm": examples.FIRM_CODE},
        answer=examples.FIRM_CHANGES,
        refuses=(*TAGS, "NotYours"),
    ),
)
def history(asked: schemas.FirmNamed, caller: _Decider, office: OfficeHere) -> schemas.FirmChangeHistory:
    """Everything that happened to a firm of this region, as it was put on record here."""
    return firm_changes.history(office, caller, asked)
