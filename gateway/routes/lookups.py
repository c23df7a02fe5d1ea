"""
Before the service: quote (试算), verification (核验) and the hotline's three facts. They change nothing.

They are POST, so that company codes and serial numbers stand in no URL and no access log.
"""

from fastapi import APIRouter

from gateway import examples, schemas
from gateway.acts import lookups
from gateway.deps import Anybody, OfficeHere
from gateway.documents import told
from gateway.refusals import LOGGED, TAGS

router = APIRouter(prefix="/v1", tags=["lookups"])

_OF_VOUCHER = (*TAGS, *LOGGED, "NotYours", "SerialAmbiguous")


@router.post(
    "/quotes",
    **told(
        "试算 Quote",
        asked=examples.QUOTE,
        answer=examples.QUOTED,
        refuses=(*_OF_VOUCHER, "AgreementNotYours", "EpochMissing", "SellerDiffers", "UnknownVoucher"),
    ),
)
def quote(asked: schemas.QuoteRequest, caller: Anybody, office: OfficeHere) -> schemas.Quoted:
    """
    What would this cost get, and how many notes does it take?

    An agreement may be named by the lab whose seller it is with, by a firm that claimed under it, by the voucher's region and by auditors.
    """
    return lookups.quote(office, caller, asked)


@router.post("/verifications", **told("核验 Verify", asked=examples.VERIFY, answer=examples.VERIFIED, refuses=(*_OF_VOUCHER, "LabMissing")))
async def verification(asked: schemas.VerificationRequest, caller: Anybody, office: OfficeHere) -> schemas.Verification:
    """Can this voucher be used? If not, every reason is told."""
    return await lookups.verification(office, caller, asked)


@router.post(
    "/verifications/batch",
    **told(
        "批量核验 Verify many",
        asked={"verifications": [examples.VERIFY]},
        answer={"verifications": [examples.VERIFIED_OF_MANY], "block": examples.BLOCK},
        refuses=(*LOGGED, "LabMissing", "NotYours"),
    ),
)
async def verifications(asked: schemas.VerificationsRequest, caller: Anybody, office: OfficeHere) -> schemas.Verifications:
    """Can these vouchers be used? Up to 500, as of one block. One that may not be asked about spoils none of the others."""
    return await lookups.verifications(office, caller, asked)


@router.post(
    "/facts", **told("三项核实 Three facts", asked=examples.FACTS_ASKED, answer=examples.FACTS, refuses=(*_OF_VOUCHER, "UnknownVoucher"))
)
def facts(asked: schemas.FactsRequest, caller: Anybody, office: OfficeHere) -> schemas.ThreeFacts:
    """Are enterprise, serial and project true? Three facts, answered apart."""
    return lookups.facts(office, caller, asked)
