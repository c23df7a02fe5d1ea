"""Issuing from a list (发放), its dry run, and a voucher's history."""

import hashlib
from typing import Annotated

from fastapi import APIRouter, File, Form, UploadFile
from fastapi.responses import JSONResponse
from pydantic import ConfigDict

from gateway import schemas
from gateway.deps import Anybody, Issuer, OfficeHere, WriteOnce
from registry import Fen, Id, Terms, Time

router = APIRouter(prefix="/v1/vouchers", tags=["vouchers"])


class ListForm(schemas.Shape):
    """What all vouchers of a list share, and the list: Excel (.xlsx) or CSV with the columns firm (企业代码) and serial (券号)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    programme: schemas.Id32
    face: schemas.Money
    denomination: schemas.Money
    use_by: schemas.FormSeconds
    claim_by: schemas.FormSeconds
    list: Annotated[UploadFile, File()]

    def terms(self) -> Terms:
        """The terms of the issue."""
        return Terms(Id(self.programme), Fen(self.face), Fen(self.denomination), Time(self.use_by), Time(self.claim_by))


@router.post("/check")
def check(asked: Annotated[ListForm, Form(media_type="multipart/form-data")], _caller: Issuer, office: OfficeHere) -> schemas.ListChecked:
    """Dry run: every row that could not be issued, by line and reason. Issues nothing."""
    return office.check_list(asked.terms(), asked.list.file.read())


@router.post("", status_code=201, response_model=schemas.Issued)
def issue(
    asked: Annotated[ListForm, Form(media_type="multipart/form-data")], caller: Issuer, office: OfficeHere, once: WriteOnce
) -> JSONResponse:
    """Issue one voucher for every row, all or none."""
    content = asked.list.file.read()
    told = asked.model_dump(mode="json", exclude={"list"}) | {"list": hashlib.sha256(content).hexdigest()}
    return once.answer(201, told, lambda intent_id: office.issue(caller, asked.terms(), content, intent_id))


@router.get("/{voucher_id}")
def voucher(voucher_id: schemas.Id32, caller: Anybody, office: OfficeHere) -> schemas.VoucherHistory:
    """A voucher and all that happened to it."""
    return office.voucher_history(caller, Id(voucher_id))
