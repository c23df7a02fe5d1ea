"""
Months between two regions: statements, their closing, a payer's records held against them, and sub-districts.

In a path a month is `{home}/{host}/{month}`: the region that issued the vouchers, the region that has the labs, year × 100 + month.
"""

import hashlib
from typing import Annotated

from fastapi import APIRouter, File, Form, Response, UploadFile
from fastapi.responses import JSONResponse
from pydantic import ConfigDict

from gateway import examples, schemas
from gateway.acts import months
from gateway.acts.months import MonthNamed
from gateway.callers import OFFICERS, Caller, Party
from gateway.deps import Issuer, OfficeHere, Payer, Reviewer, WriteOnce, allow
from gateway.documents import EXCEL, JSON, told
from gateway.refusals import LISTS, LOGGED
from registry import Region

router = APIRouter(prefix="/v1", tags=["months"])

_FORM = "multipart/form-data"
_Lister = Annotated[Caller, allow(*OFFICERS, Party.AUDITOR)]
_Reader = Annotated[Caller, allow(Party.ISSUER, Party.REVIEWER, Party.PAYER, Party.AUDITOR)]
_Explainer = Annotated[Caller, allow(Party.REVIEWER, Party.PAYER)]
_LOOKS = ("NotYours", *LOGGED)


class ExcelWorkbook(Response):
    """An Excel workbook."""

    media_type = EXCEL


class RecordsForm(schemas.Shape):
    """
    A pair, a month, and its payment records: CSV with the columns order, payee, amount, kind, reference, date.

    `if_empty` is what a header without rows says: NOTHING_PAID in that month; TAKEN_BACK: no file counts for it, as if none had been
    handed in. Without either it is refused.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    home: schemas.FormRegion
    host: schemas.FormRegion
    month: schemas.FormMonth
    if_empty: schemas.IfEmpty = "REFUSED"
    list: Annotated[UploadFile, File()]


class CatalogueForm(schemas.Shape):
    """A region's catalogue of sub-districts: Excel (.xlsx) or CSV with the columns firm, serial (may be left out), sub_district."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    list: Annotated[UploadFile, File()]


def _named(home: int, host: int, month: int) -> MonthNamed:
    return MonthNamed(Region(home), Region(host), month)


@router.get("/months", **told("月度核对列表 List months", answer={"months": [examples.MONTH_SEEN], "block": examples.BLOCK}))
def list_months(caller: _Lister, office: OfficeHere) -> schemas.MonthPage:
    """What both sides named of the months in which an officer's region takes part; all for an auditor."""
    return months.months(office, caller)


@router.get(
    "/months/{home}/{host}/{month}",
    **told("月结单 Statement of a month", answer=examples.MONTH_ACCOUNT, refuses=_LOOKS),
)
def account(
    home: schemas.SixDigits, host: schemas.SixDigits, month: schemas.MonthDigits, caller: _Reader, office: OfficeHere
) -> schemas.MonthAccount:
    """What the chain says of a month of the two regions, with its hash once it is over, and what both sides named."""
    return months.account(office, caller, _named(home, host, month))


@router.get(
    "/months/{home}/{host}/{month}/document",
    response_model=schemas.StatementSeen,
    **told("月结单文件 Statement as a file", answer=examples.STATEMENT_SEEN, refuses=("MonthNotOver", *_LOOKS)),
)
def document(home: schemas.SixDigits, host: schemas.SixDigits, month: schemas.MonthDigits, caller: _Reader, office: OfficeHere) -> Response:
    """The statement alone in its canonical form, the same bytes at every gateway: their SHA-256 is its hash."""
    return Response(months.document(office, caller, _named(home, host, month)), media_type=JSON)


@router.get(
    "/months/{home}/{host}/{month}/excel",
    response_class=ExcelWorkbook,
    **told("月结单 Excel Statement as a workbook", answer=None, refuses=_LOOKS, answered=EXCEL),
)
def excel(
    home: schemas.SixDigits, host: schemas.SixDigits, month: schemas.MonthDigits, caller: _Reader, office: OfficeHere
) -> ExcelWorkbook:
    """The same for people, with this region's own breaks and sub-districts. Every id in it is text; money is yuan, and fen as text."""
    content = months.excel(office, caller, _named(home, host, month))
    name = f"statement-{home}-{host}-{month}.xlsx"
    return ExcelWorkbook(content, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@router.post(
    "/months/close",
    response_model=schemas.MonthWritten,
    **told(
        "确认月结 Close a month",
        asked=examples.MONTH,
        answer=examples.MONTH_WRITTEN,
        verbs=("closeMonth",),
        refuses=("StatementDiffers",),
    ),
)
def close_month(asked: schemas.MonthStatement, caller: Reviewer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """
    Name the hash of what a month came to between two regions, as the officer read it. Once both sides named the same, it is closed.

    It is signed here with the reviewer's key and sent; a hash that is not that of the statement worked out here is refused.
    """
    return once.answer(200, asked, lambda intent_id: months.close_month(office, caller, asked, intent_id))


@router.post(
    "/months/payments",
    response_model=schemas.RecordsTaken,
    **told(
        "导入付款记录 Hand in payment records",
        status=201,
        asked=examples.RECORDS_FORM,
        answer=examples.RECORDS_TAKEN,
        refuses=(*LISTS, "BadRows", "NotFound", "NotYours"),
        media=_FORM,
    ),
)
def hand_in(asked: Annotated[RecordsForm, Form(media_type=_FORM)], caller: Payer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """
    Hand in what this region's bank or finance system paid in a month for the pair, all rows or none. It stays at this gateway.

    The file that is handed in last for a month counts. A header alone is taken if `if_empty` says what it means.
    """
    content, named = asked.list.file.read(), _named(asked.home, asked.host, asked.month)
    asked_for = {**named._asdict(), "if_empty": asked.if_empty, "list": hashlib.sha256(content).hexdigest()}
    return once.answer(201, asked_for, lambda intent_id: months.hand_in(office, caller, named, content, intent_id, if_empty=asked.if_empty))


@router.get(
    "/months/{home}/{host}/{month}/breaks",
    **told("核对差异 Breaks", answer=examples.BREAKS, refuses=_LOOKS),
)
def breaks(
    home: schemas.SixDigits, host: schemas.SixDigits, month: schemas.MonthDigits, caller: _Reader, office: OfficeHere
) -> schemas.BreakPage:
    """Where this region's payment records and the chain disagree, by order, with the reason; carried from month to month by id."""
    return months.breaks(office, caller, _named(home, host, month))


@router.post(
    "/months/breaks/explain",
    response_model=schemas.BreakSeen,
    **told("说明差异 Explain a break", asked=examples.EXPLANATION, answer=examples.BREAK_EXPLAINED, refuses=("NotFound", "NotYours")),
)
def explain(asked: schemas.BreakExplanation, caller: _Explainer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Put on record why a break is as it is. It ends the break as long as its sums stay what they are."""
    return once.answer(200, asked, lambda intent_id: months.explain(office, caller, asked, intent_id))


@router.post(
    "/sub-districts",
    response_model=schemas.CatalogueTaken,
    **told(
        "导入乡镇（街道、园区）名录 Hand in sub-districts",
        status=201,
        asked=examples.SUB_DISTRICTS_FORM,
        answer=examples.CATALOGUE_TAKEN,
        refuses=(*LISTS, "BadRows", "NotYours"),
        media=_FORM,
    ),
)
def place(asked: Annotated[CatalogueForm, Form(media_type=_FORM)], caller: Issuer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Hand in which sub-district this region's firms belong to, all rows or none. The last one counts. It stays at this gateway."""
    content = asked.list.file.read()
    return once.answer(
        201, {"list": hashlib.sha256(content).hexdigest()}, lambda intent_id: months.place(office, caller, content, intent_id)
    )


@router.get(
    "/months/{home}/{host}/{month}/sub-districts",
    **told("按乡镇（街道、园区） By sub-district", answer=examples.SUB_DISTRICTS, refuses=("CatalogueMissing", *_LOOKS)),
)
def by_sub_district(
    home: schemas.SixDigits, host: schemas.SixDigits, month: schemas.MonthDigits, caller: _Reader, office: OfficeHere
) -> schemas.SubDistrictPage:
    """A month of this region's own vouchers by sub-district, under the catalogue that was handed in last."""
    return months.by_sub_district(office, caller, _named(home, host, month))
