"""Firms and labs of this region, and the labs at which its vouchers may be spent."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from gateway import schemas
from gateway.deps import OfficeHere, Registrar, WriteOnce

router = APIRouter(prefix="/v1", tags=["directory"])


@router.post("/firms", status_code=201, response_model=schemas.Subject)
def enrol(asked: schemas.FirmEnrolment, caller: Registrar, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Enrol a firm."""
    return once.answer(201, asked, lambda intent_id: office.enrol(caller, asked, intent_id))


@router.post("/labs", status_code=201, response_model=schemas.Subject)
def admit(asked: schemas.LabAdmission, caller: Registrar, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Admit a lab."""
    return once.answer(201, asked, lambda intent_id: office.admit(caller, asked, intent_id))


@router.post("/recognitions", status_code=201, response_model=schemas.Written)
def recognise(asked: schemas.Recognition, caller: Registrar, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Recognise labs (纳入互认目录)."""
    return once.answer(201, asked, lambda intent_id: office.recognise(caller, asked, intent_id))
