"""Programmes (券种) and the money set aside for them (预拨兑付资金)."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from gateway import examples, schemas
from gateway.acts import programmes
from gateway.callers import OFFICERS, Caller, Party
from gateway.deps import Anybody, Issuer, OfficeHere, Payer, WriteOnce, allow
from gateway.documents import record, told
from gateway.etags import tagged
from gateway.refusals import CURSORS, FILES, TAGS
from registry import Id

router = APIRouter(prefix="/v1/programmes", tags=["programmes"])

_Reader = Annotated[Caller, allow(*OFFICERS, Party.AUDITOR)]


@router.get("", **told("券种列表 List programmes", answer={"programmes": [examples.PROGRAMME_SEEN], **examples.PAGE_END}, refuses=CURSORS))
def list_programmes(
    caller: _Reader, office: OfficeHere, cursor: schemas.Cursor | None = None, limit: schemas.Limit = 100
) -> schemas.ProgrammePage:
    """The programmes that an officer's region opened or pays, with their pools; all for an auditor."""
    return programmes.programmes(office, caller, cursor=cursor, limit=limit)


@router.post(
    "",
    response_model=schemas.Opened,
    **told(
        "设立券种 Open a programme",
        status=201,
        asked=examples.PROGRAMME_FILE,
        answer=examples.OPENED,
        verbs=("open",),
        refuses=("ProgrammeFileInvalid", "ProgrammeFileMalformed"),
    ),
)
def open_programme(asked: schemas.ProgrammeFile, caller: Issuer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Fix a programme for ever, from its file."""
    return once.answer(201, asked, lambda intent_id: programmes.open_programme(office, caller, asked, intent_id))


@router.get("/{programme_id:id}", response_model=schemas.ProgrammeSeen, **record("券种 One programme", answer=examples.PROGRAMME_SEEN))
def programme(programme_id: schemas.Id32, caller: Anybody, office: OfficeHere, request: Request) -> Response:
    """
    A programme and its pool, for the offices of its region and of the region that pays, and auditors.

    Where it names no payer, also for the payer of a region whose labs have an order of it.
    """
    return tagged(request, programmes.programme(office, caller, Id(programme_id)))


@router.get(
    "/{programme_id:id}/file",
    **told("券种规则文件 Programme file", answer=examples.PROGRAMME_FILE_SEEN, refuses=("NotFound", *FILES)),
)
def file(programme_id: schemas.Id32, caller: Anybody, office: OfficeHere) -> schemas.ProgrammeFileSeen:
    """The file that a programme of this region was opened with: whoever has it can work out its policy hash and every decision again."""
    return programmes.file_of(office, caller, Id(programme_id))


@router.post(
    "/{programme_id:id}/file",
    response_model=schemas.ProgrammeFileSeen,
    **told(
        "补交规则文件 Hand in a programme's file",
        asked=examples.PROGRAMME_FILE,
        answer=examples.PROGRAMME_FILE_SEEN,
        refuses=("NotFound", "ProgrammeFileDiffers", "ProgrammeFileInvalid", "ProgrammeFileMalformed"),
    ),
)
def hand_in(programme_id: schemas.Id32, asked: schemas.ProgrammeFile, caller: Issuer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Keep the file of a programme that this gateway has lost, or that was opened elsewhere. One that is kept whole already stays."""
    return once.answer(200, asked, lambda _: programmes.hand_in(office, caller, Id(programme_id), asked))


@router.get("/{programme_id:id}/pool", response_model=schemas.PoolSeen, **record("预拨兑付资金 Pool", answer=examples.POOL_SEEN))
def pool(programme_id: schemas.Id32, caller: Anybody, office: OfficeHere, request: Request) -> Response:
    """A programme's pool, and every movement of it."""
    return tagged(request, programmes.pool(office, caller, Id(programme_id)))


@router.post(
    "/{programme_id:id}/fund",
    response_model=schemas.Written,
    **told("拨入 Fund", asked=examples.FUNDING, answer=examples.WRITTEN, verbs=("fund",), refuses=TAGS),
)
def fund(programme_id: schemas.Id32, asked: schemas.Funding, caller: Payer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Record money set aside. A bank reference is used once."""
    return once.answer(200, asked, lambda intent_id: programmes.fund(office, caller, Id(programme_id), asked, intent_id))


@router.post(
    "/{programme_id:id}/draw",
    response_model=schemas.Written,
    **told("划回 Draw", asked=examples.DRAWING, answer=examples.WRITTEN, verbs=("draw",), refuses=TAGS),
)
def draw(programme_id: schemas.Id32, asked: schemas.Funding, caller: Payer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Record money taken back that no order holds. A bank reference is used once."""
    return once.answer(200, asked, lambda intent_id: programmes.draw(office, caller, Id(programme_id), asked, intent_id))
