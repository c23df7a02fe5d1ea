"""Issuing from a list (发放), its dry run, and vouchers with their history."""

import hashlib
from typing import Annotated

from fastapi import APIRouter, File, Form, Query, Request, Response, UploadFile
from fastapi.responses import JSONResponse
from pydantic import ConfigDict

from gateway import examples, schemas
from gateway.acts import issuing
from gateway.callers import OFFICERS, Caller, Party
from gateway.deps import Anybody, Issuer, OfficeHere, WriteOnce, allow
from gateway.documents import record, told
from gateway.etags import tagged
from gateway.refusals import CURSORS, FILES, KEPT_LISTS, LISTS, LOGGED
from registry import Fen, Id, Terms, Time

router = APIRouter(prefix="/v1/vouchers", tags=["vouchers"])

_FORM = "multipart/form-data"
_Lister = Annotated[Caller, allow(*OFFICERS, Party.FIRM, Party.AUDITOR)]
_EPOCHS = ("EpochMissing", "ProgrammeOfOtherEpoch")
_OF_ROWS = (*FILES, *_EPOCHS, *KEPT_LISTS, "ProgrammeIsOpening")
_OF_LIST = (*LISTS, *_OF_ROWS)


class ListForm(schemas.Shape):
    """What all vouchers of a list share, and the list: Excel (.xlsx) or CSV with the columns firm (企业代码) and serial (券号)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    programme: schemas.Id32
    face: schemas.Money
    denomination: schemas.Money
    use_by: schemas.FormSeconds
    claim_by: schemas.FormSeconds
    list: Annotated[UploadFile, File()]


def _terms(asked: ListForm | schemas.IssueRequest) -> Terms:
    return Terms(Id(asked.programme), Fen(asked.face), Fen(asked.denomination), Time(asked.use_by), Time(asked.claim_by))


@router.get(
    "", **told("创新券列表 List vouchers", answer={"vouchers": [examples.VOUCHER_SEEN], **examples.PAGE_END}, refuses=(*CURSORS, *LOGGED))
)
def list_vouchers(
    caller: _Lister,
    office: OfficeHere,
    programme: Annotated[schemas.Id32 | None, Query(description="Only vouchers of this programme.")] = None,
    cursor: schemas.Cursor | None = None,
    limit: schemas.Limit = 100,
) -> schemas.VoucherPage:
    """A firm's own vouchers, those of an officer's region, or all for an auditor. A lab lists none: it looks up what it is shown."""
    return issuing.vouchers(office, caller, programme=programme, cursor=cursor, limit=limit)


@router.get(
    "/{voucher_id:id}",
    response_model=schemas.VoucherHistory,
    **record("创新券 One voucher", answer=examples.VOUCHER_HISTORY, refuses=("NotFound", *FILES, *KEPT_LISTS, *LOGGED)),
)
def voucher(voucher_id: schemas.Id32, caller: Anybody, office: OfficeHere, request: Request) -> Response:
    """A voucher and all that happened to it."""
    return tagged(request, issuing.voucher_history(office, caller, Id(voucher_id)))


@router.post(
    "/check",
    **told(
        "名单预检 Check a list",
        asked=examples.LIST_FORM,
        answer=examples.LIST_CHECKED,
        verbs=("issue",),
        refuses=(*_OF_LIST, "NotYours"),
        media=_FORM,
    ),
)
def check(asked: Annotated[ListForm, Form(media_type=_FORM)], caller: Issuer, office: OfficeHere) -> schemas.ListChecked:
    """Dry run: every row that could not be issued, by line and reason. Issues nothing."""
    return issuing.check(office, caller, _terms(asked), issuing.of_file(asked.list.file.read()))


@router.post(
    "",
    response_model=schemas.Issued,
    **told(
        "按名单发放 Issue from a list",
        status=201,
        asked=examples.LIST_FORM,
        answer=examples.ISSUED_FROM_FILE,
        verbs=("issue",),
        refuses=(*_OF_LIST, "BadRows", "IssueUnderWay"),
        media=_FORM,
    ),
)
def issue(asked: Annotated[ListForm, Form(media_type=_FORM)], caller: Issuer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Issue one voucher for every row of an Excel or CSV list, all or none. The same list again is answered with the first issue."""
    content = asked.list.file.read()
    asked_for = asked.model_dump(mode="json", exclude={"list"}) | {"list": hashlib.sha256(content).hexdigest()}
    read = issuing.of_file(content)
    return once.answer(201, asked_for, lambda intent_id: issuing.issue(office, caller, _terms(asked), read, intent_id))


@router.post(
    "/rows/check",
    **told(
        "名单预检（JSON）Check rows",
        asked=examples.LIST_ROWS,
        answer=examples.LIST_CHECKED,
        verbs=("issue",),
        refuses=(*_OF_ROWS, "NotYours"),
    ),
)
def check_rows(asked: schemas.IssueRequest, caller: Issuer, office: OfficeHere) -> schemas.ListChecked:
    """Dry run of a list in JSON; rows are counted from 1. Issues nothing."""
    return issuing.check(office, caller, _terms(asked), issuing.of_rows(asked))


@router.post(
    "/rows",
    response_model=schemas.Issued,
    **told(
        "发放（JSON）Issue rows",
        status=201,
        asked=examples.LIST_ROWS,
        answer=examples.ISSUED_FROM_ROWS,
        verbs=("issue",),
        refuses=(*_OF_ROWS, "BadRows", "IssueUnderWay"),
    ),
)
def issue_rows(asked: schemas.IssueRequest, caller: Issuer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Issue one voucher for every row of a list in JSON, all or none. The same list again is answered with the first issue."""
    read = issuing.of_rows(asked)
    return once.answer(201, asked, lambda intent_id: issuing.issue(office, caller, _terms(asked), read, intent_id))
