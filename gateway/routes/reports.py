"""
Reports: a programme's figures, ageing, what a payer's bank is to pay, concentration, prices, and a lab's year.

Each is asked for in three forms: as an answer with its hash, as the very bytes that are hashed, and as a workbook.
"""

import hashlib
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Query, Response, UploadFile
from fastapi.responses import JSONResponse
from pydantic import ConfigDict

from gateway import examples, schemas
from gateway.acts import reports
from gateway.callers import OFFICERS, Caller, Party
from gateway.deps import OfficeHere, Registrar, WriteOnce, allow
from gateway.documents import CSV, EXCEL, JSON, told
from gateway.refusals import LOGGED
from gateway.routes.months import ExcelWorkbook

router = APIRouter(prefix="/v1", tags=["reports"])

_FORM = "multipart/form-data"
_Reader = Annotated[Caller, allow(*OFFICERS, Party.AUDITOR)]
_LabReader = Annotated[Caller, allow(Party.LAB, Party.AGENCY, *OFFICERS, Party.AUDITOR)]
_Cataloguer = Annotated[Caller, allow(Party.ISSUER, Party.DIRECTORY)]


class BankList(Response):
    """A CSV of what is to be paid."""

    media_type = CSV


class ServiceTypesForm(schemas.Shape):
    """A catalogue of service types: CSV (UTF-8) with the columns subject (an order's, item's or lab's id) and service_type."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    list: Annotated[UploadFile, File()]


def _offer(
    name: str,
    summary: str,
    *,
    asked_as: type[schemas.Shape],
    answered_as: type[schemas.ReportTold],
    example: Any,
    work_out: reports.WorkOut,
    reader: Any = _Reader,
    refuses: tuple[str, ...] = ("NotYours", "NotFound", "PeriodReversed"),
) -> None:
    """Offer a report in its three forms; what its first route says of itself is what `work_out` does."""
    refuses, path = (*refuses, *LOGGED), f"/reports/{name}"
    asked_for = Annotated[asked_as, Query()]  # type: ignore[valid-type] # which, its caller says

    def answer(asked: asked_for, caller: reader, office: OfficeHere) -> Any:
        return reports.told(office, caller, asked, work_out)

    def document(asked: asked_for, caller: reader, office: OfficeHere) -> Response:
        """The report alone in its canonical form, the same bytes at every gateway once it is final: their SHA-256 is its hash."""
        return Response(reports.document(office, caller, asked, work_out), media_type=JSON)

    def excel(asked: asked_for, caller: reader, office: OfficeHere) -> ExcelWorkbook:
        """The same for people. Every id in it is text; money is yuan, and fen as text."""
        content = reports.excel(office, caller, asked, work_out)
        return ExcelWorkbook(content, headers={"Content-Disposition": f'attachment; filename="{name}.xlsx"'})

    answer.__doc__ = f"{work_out.__doc__} As of `until`, or of the newest block."
    as_told = told(summary, answer=example, refuses=refuses)
    router.get(path, response_model=answered_as, name=name, **as_told)(answer)
    report = answered_as.model_fields["report"].annotation
    as_file = told(f"{summary}, as a file", answer=example["report"], refuses=refuses)
    router.get(f"{path}/document", response_model=report, name=f"{name}_document", **as_file)(document)
    as_workbook = told(f"{summary}, as a workbook", answer=None, refuses=refuses, answered=EXCEL)
    router.get(f"{path}/excel", response_class=ExcelWorkbook, name=f"{name}_excel", **as_workbook)(excel)


_offer(
    "programme",
    "券种统计 A programme's report",
    asked_as=schemas.ProgrammeAsked,
    answered_as=schemas.ProgrammeReportTold,
    example=examples.PROGRAMME_REPORT,
    work_out=reports.programme,
    refuses=("NotFound", "PeriodReversed"),
)
_offer(
    "ageing",
    "时效 Ageing",
    asked_as=schemas.AgeingAsked,
    answered_as=schemas.AgeingReportTold,
    example=examples.AGEING_REPORT,
    work_out=reports.ageing,
)
_offer(
    "bank-file",
    "兑付批次 What a payer's bank is to pay",
    asked_as=schemas.BankFileAsked,
    answered_as=schemas.BankFileTold,
    example=examples.BANK_FILE,
    work_out=reports.bank_file,
)
_offer(
    "concentration",
    "集中度 Concentration",
    asked_as=schemas.ConcentrationAsked,
    answered_as=schemas.ConcentrationReportTold,
    example=examples.CONCENTRATION_REPORT,
    work_out=reports.concentration,
)
_offer(
    "prices",
    "价格异常 Price outliers",
    asked_as=schemas.PricesAsked,
    answered_as=schemas.PriceReportTold,
    example=examples.PRICE_REPORT,
    work_out=reports.prices,
    refuses=("CatalogueMissing", "NotFound", "NotYours", "PeriodReversed"),
)
_offer(
    "lab-year",
    "机构年度服务证明 A lab's year",
    asked_as=schemas.LabYearAsked,
    answered_as=schemas.LabYearTold,
    example=examples.LAB_YEAR,
    work_out=reports.lab_year,
    reader=_LabReader,
    refuses=("LabMissing", "NotFound", "NotYours"),
)


@router.get(
    "/reports/bank-file/csv",
    response_class=BankList,
    **told("兑付批次 CSV What is to be paid, as a CSV", answer=None, refuses=("NotYours", "NotFound", *LOGGED), answered=CSV),
)
def bank_list(asked: Annotated[schemas.BankFileAsked, Query()], caller: _Reader, office: OfficeHere) -> BankList:
    """What is to be paid, one line an order, in yuan and with every id as text. What is left out is not in it."""
    content = reports.csv(office, caller, asked)
    return BankList(content, headers={"Content-Disposition": f'attachment; filename="bank-file-{asked.payer}.csv"'})


@router.post(
    "/reports/lab-year/sign",
    response_model=schemas.YearSigned,
    **told(
        "签署机构年度服务证明 Sign a lab's year",
        asked=examples.LAB_YEAR_NAMED,
        answer=examples.YEAR_SIGNED,
        refuses=("NotFound", "NotYours", "YearNotOver"),
    ),
)
def sign(asked: schemas.LabYearNamed, caller: Registrar, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Sign a lab's year that is over (EIP-712), as this region's directory. Nothing goes to the chain."""
    return once.answer(200, asked, lambda _: reports.sign(office, caller, asked))


@router.get(
    "/reports/lab-year/signed",
    response_model=schemas.SignedYearSeen,
    **told(
        "已签署的机构年度服务证明 A lab's year, signed",
        answer=examples.SIGNED_YEAR,
        refuses=("LabMissing", "NotFound", "NotYours", *LOGGED),
    ),
)
def signed(asked: Annotated[schemas.LabYearAsked, Query()], caller: _LabReader, office: OfficeHere) -> Response:
    """A lab's year with its region's signature: a file that anybody with a node can check (`tongquan report verify`)."""
    return Response(reports.signed_year(office, caller, asked), media_type=JSON)


@router.post(
    "/service-types",
    response_model=schemas.ServiceTypesTaken,
    **told(
        "导入服务类型名录 Hand in service types",
        status=201,
        asked=examples.SERVICE_TYPES_FORM,
        answer=examples.SERVICE_TYPES_TAKEN,
        refuses=("CatalogueRefused", "NotYours"),
        media=_FORM,
    ),
)
def place(
    asked: Annotated[ServiceTypesForm, Form(media_type=_FORM)], caller: _Cataloguer, office: OfficeHere, once: WriteOnce
) -> JSONResponse:
    """Hand in of which service type orders, items and labs are. The last one counts unless a report names another by its SHA-256."""
    content = asked.list.file.read()
    return once.answer(
        201, {"list": hashlib.sha256(content).hexdigest()}, lambda intent_id: reports.place(office, caller, content, intent_id)
    )
