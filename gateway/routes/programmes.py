"""Programmes (券种) and the money set aside for them (预拨兑付资金)."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from gateway import schemas
from gateway.deps import Anybody, Issuer, OfficeHere, Payer, WriteOnce
from registry import Id

router = APIRouter(prefix="/v1/programmes", tags=["programmes"])


@router.post("", status_code=201, response_model=schemas.Opened)
def open_programme(asked: schemas.ProgrammeFile, caller: Issuer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Fix a programme for ever, from its file."""
    return once.answer(201, asked, lambda intent_id: office.open(caller, asked, intent_id))


@router.get("/{programme_id}")
def programme(programme_id: schemas.Id32, caller: Anybody, office: OfficeHere) -> schemas.ProgrammeSeen:
    """A programme and its pool."""
    return office.programme(caller, Id(programme_id))


@router.post("/{programme_id}/fund", response_model=schemas.Written)
def fund(programme_id: schemas.Id32, asked: schemas.Funding, caller: Payer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Record money set aside (拨入)."""
    return once.answer(200, asked, lambda intent_id: office.fund(caller, Id(programme_id), asked, intent_id))
