"""Flags (风险通告): what stops a firm or lab everywhere at once."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from gateway import examples, schemas
from gateway.acts import case_files, flags
from gateway.callers import OFFICERS, Caller, Party
from gateway.deps import OfficeHere, Registrar, WriteOnce, allow
from gateway.documents import record, told
from gateway.etags import tagged
from gateway.refusals import CURSORS, LOGGED
from registry import Id

router = APIRouter(prefix="/v1/flags", tags=["directory"])

_Reader = Annotated[Caller, allow(*OFFICERS, Party.AUDITOR)]


@router.get("", **told("风险通告列表 List flags", answer={"flags": [examples.FLAG_SEEN], **examples.PAGE_END}, refuses=CURSORS))
def list_flags(
    caller: _Reader,
    office: OfficeHere,
    state: Annotated[Literal["STANDING", "LAPSED", "LIFTED"] | None, Query(description="Only flags in this state.")] = None,
    cursor: schemas.Cursor | None = None,
    limit: schemas.Limit = 100,
) -> schemas.FlagPage:
    """Every subject's latest flag with its dates and reasons; the words of a reason only where this gateway keeps them."""
    return flags.flags(office, caller, state=state, cursor=cursor, limit=limit)


@router.get(
    "/{subject_id:id}", response_model=schemas.FlagOne, **record("风险通告 One flag", answer=examples.FLAG_SEEN | {"block": examples.BLOCK})
)
def flag(subject_id: schemas.Id32, caller: _Reader, office: OfficeHere, request: Request) -> Response:
    """The latest flag on a firm or lab."""
    return tagged(request, flags.flagged(office, caller, Id(subject_id)))


@router.get("/{subject_id:id}/case", **told("案卷 Case file", answer=examples.CASE_FILE, refuses=("NotFound", *CURSORS, *LOGGED)))
def case_file(
    subject_id: schemas.Id32, caller: _Reader, office: OfficeHere, cursor: schemas.Cursor | None = None, limit: schemas.Limit = 100
) -> schemas.CaseFile:
    """What a flag touches: how it came, the subject's orders by regions and stage, and who has something in common with it."""
    return case_files.case_file(office, caller, Id(subject_id), cursor=cursor, limit=limit)


@router.post(
    "",
    response_model=schemas.FlagWritten,
    **told("发布风险通告 Flag", status=201, asked=examples.FLAGGING, answer=examples.FLAGGED, verbs=("flag",)),
)
def set_flag(asked: schemas.Flagging, caller: Registrar, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Stop a firm or lab everywhere for 30 days. Each region may do so once for each subject."""
    return once.answer(201, asked, lambda intent_id: flags.flag(office, caller, asked, intent_id))


@router.post(
    "/{subject_id:id}/second",
    response_model=schemas.FlagWritten,
    **told("附议 Second", asked=examples.SECONDING, answer=examples.FLAG_HOLDS, verbs=("second",)),
)
def second(subject_id: schemas.Id32, asked: schemas.Seconding, caller: Registrar, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Make another region's flag last until it is lifted."""
    return once.answer(200, asked, lambda intent_id: flags.second(office, caller, Id(subject_id), asked, intent_id))


@router.post(
    "/{subject_id:id}/unflag",
    response_model=schemas.FlagWritten,
    **told("撤回通告 Unflag", answer=examples.FLAG_HOLDS, verbs=("unflag",)),
)
def unflag(subject_id: schemas.Id32, caller: Registrar, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Take this region's own flag back, as long as nobody seconded it."""
    return once.answer(200, {}, lambda intent_id: flags.unflag(office, caller, Id(subject_id), intent_id))
