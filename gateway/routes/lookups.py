"""
Before the service: quote (试算), verification (核验) and the hotline's three facts. They change nothing.

They are POST, so that company codes and serial numbers stand in no URL and no access log.
"""

from fastapi import APIRouter

from gateway import schemas
from gateway.deps import Anybody, OfficeHere

router = APIRouter(prefix="/v1", tags=["lookups"])


@router.post("/quotes")
def quote(asked: schemas.QuoteRequest, caller: Anybody, office: OfficeHere) -> schemas.Quoted:
    """What would this cost get, and how many notes does it take?"""
    return office.quote(caller, asked)


@router.post("/verifications")
def verification(asked: schemas.VerificationRequest, caller: Anybody, office: OfficeHere) -> schemas.Verification:
    """Can this voucher be used?"""
    return office.verification(caller, asked)


@router.post("/facts")
def facts(asked: schemas.FactsRequest, caller: Anybody, office: OfficeHere) -> schemas.Facts:
    """Are enterprise, serial and project true? Three facts, answered apart."""
    return office.facts(caller, asked)
