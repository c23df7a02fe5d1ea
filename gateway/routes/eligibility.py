"""
Who may get vouchers: what an office has established of firms, and what a programme's file says to it.

Questions are POST, so that company codes stand in no URL and no access log.
"""

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from gateway import examples, schemas
from gateway.acts import eligibility as acts
from gateway.callers import Caller, Party
from gateway.deps import OfficeHere, Registrar, WriteOnce, allow
from gateway.documents import told
from gateway.refusals import FILES, TAGS
from registry import Id

router = APIRouter(prefix="/v1", tags=["eligibility"])

_Decider = Annotated[Caller, allow(Party.ISSUER, Party.REVIEWER, Party.DIRECTORY, Party.AUDITOR)]


@router.post(
    "/firm-facts",
    response_model=schemas.FirmFactsStated,
    **told(
        "登记企业材料 State firms' facts",
        status=201,
        asked=examples.FACTS_STATEMENT,
        answer={"stated": 1},
        refuses=(*TAGS, "FirmRepeated", "NotYours"),
    ),
)
def state(asked: schemas.FirmFactsStatement, caller: Registrar, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Put on record what the office has established of up to 500 firms or teams. It stays at this gateway."""
    return once.answer(201, asked, lambda intent_id: acts.state(office, caller, asked, intent_id))


@router.post(
    "/firm-facts/history",
    **told(
        "企业材料记录 Facts on record",
        asked={"firm": examples.FIRM_CODE},
        answer={"facts": [examples.FACTS_ON_RECORD], "head": examples.LOG_HEAD},
        refuses=(*TAGS, "NotYours"),
    ),
)
def history(asked: schemas.FirmNamed, caller: _Decider, office: OfficeHere) -> schemas.FirmFactsHistory:
    """Everything that was put on record of a firm here, in order; the last counts."""
    return acts.history(office, caller, asked)


@router.post(
    "/programmes/{programme_id:id}/eligibility",
    **told(
        "申领资格 Eligibility",
        asked={"firm": examples.FIRM_CODE},
        answer=examples.ELIGIBILITY,
        refuses=(*TAGS, *FILES, "NotFound", "NotYours"),
    ),
)
def eligibility(programme_id: schemas.Id32, asked: schemas.FirmNamed, caller: _Decider, office: OfficeHere) -> schemas.EligibilitySeen:
    """May this firm get vouchers of this programme? Every rule is told with its verdict, in words to be read to the firm."""
    return acts.eligibility(office, caller, Id(programme_id), asked)
