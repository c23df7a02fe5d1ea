"""
Return for correction (退回补正), item by item: at the gateway where an order's evidence was handed in.

A reviewer names what has to be put right and why; `POST /v1/orders/reject` sends the order back. The party hands in that alone.
"""

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from gateway import examples, schemas
from gateway.acts import corrections
from gateway.callers import Caller, Party
from gateway.deps import OfficeHere, Reviewer, Signatory, WriteOnce, allow
from gateway.documents import told
from gateway.refusals import FILES, LOGGED, TAGS
from registry import Id

router = APIRouter(prefix="/v1", tags=["evidence"])

_Reader = Annotated[Caller, allow(Party.LAB, Party.FIRM, Party.REVIEWER, Party.AUDITOR)]


@router.post(
    "/orders/{order_id:id}/corrections",
    response_model=schemas.CorrectionListTaken,
    **told(
        "列明补正事项 Name what has to be put right",
        status=201,
        asked=examples.CORRECTION_LIST,
        answer=examples.CORRECTION_LIST_TAKEN,
        refuses=(*FILES, "EvidenceNotHere", "ItemNotAsked", "NotFound", "ProgrammeFileInvalid", "ProgrammeFileMalformed", "WrongStage"),
    ),
)
def name(order_id: schemas.Id32, asked: schemas.CorrectionList, caller: Reviewer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """
    Name all items of the programme's checklist that have to be put right, each with a reason, as a reviewer of either region.

    It sends nothing back by itself. The list that a body makes last counts, until the order is sent back.
    """
    return once.answer(201, asked, lambda intent_id: corrections.name(office, caller, Id(order_id), asked, intent_id))


@router.get(
    "/orders/{order_id:id}/corrections",
    **told("补正事项 What was sent back", answer=examples.CORRECTIONS_SEEN, refuses=("NotFound", *LOGGED)),
)
def corrections_seen(order_id: schemas.Id32, caller: _Reader, office: OfficeHere) -> schemas.CorrectionsSeen:
    """What was sent back, and item by item what was carried over, is to be sent again, or was. Every look is logged."""
    return corrections.seen(office, caller, Id(order_id))


@router.post(
    "/orders/{order_id:id}/evidence/corrected",
    response_model=schemas.BundleTaken,
    **told(
        "补正 Hand in what was sent back",
        status=201,
        asked=examples.CORRECTIONS_SENT,
        answer=examples.BUNDLE_TAKEN,
        refuses=(*TAGS, "EvidenceAltered", "EvidenceMissing", "NotFound", "NotSentBack", "NothingSentBack", "SellerDiffers"),
    ),
)
def send(order_id: schemas.Id32, asked: schemas.CorrectionsSent, caller: Signatory, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """State what was handed in anew, of what was sent back, and nothing else: the rest is carried over."""
    return once.answer(201, asked, lambda intent_id: corrections.send(office, caller, Id(order_id), asked, intent_id))
