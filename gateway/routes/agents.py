"""Agents who sign for firms under a power of attorney: the powers, and every use of an agent's key."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from gateway import examples, schemas
from gateway.acts import agents
from gateway.callers import OFFICERS, Caller, Party
from gateway.deps import OfficeHere, Registrar, WriteOnce, allow
from gateway.documents import told
from gateway.refusals import CURSORS, TAGS

router = APIRouter(prefix="/v1", tags=["directory"])

_NotLab = Annotated[Caller, allow(*OFFICERS, Party.FIRM, Party.AUDITOR)]
_Firm = Annotated[Caller, allow(Party.FIRM)]


@router.get("/powers", **told("授权书列表 List powers of attorney", answer=examples.POWERS, refuses=CURSORS))
def list_powers(caller: _NotLab, office: OfficeHere, cursor: schemas.Cursor | None = None, limit: schemas.Limit = 100) -> schemas.PowerPage:
    """A firm's own powers of attorney, those of an officer's region, or all of this gateway for an auditor."""
    return agents.powers(office, caller, cursor=cursor, limit=limit)


@router.post(
    "/powers",
    response_model=schemas.PowerSeen,
    **told(
        "登记授权书 Enter a power of attorney",
        status=201,
        asked=examples.POWER,
        answer=examples.POWER_SEEN,
        refuses=(*TAGS, "PowerDiffers", "SignerIsGateways"),
    ),
)
def enter_power(asked: schemas.PowerEntry, caller: Registrar, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """
    Take down that a firm gave an agent a power of attorney, by the document's hash, before the agent's key is enrolled as its signer.

    Entering it again changes nothing. It stays at this gateway; nothing of it goes to the chain.
    """
    return once.answer(201, asked, lambda _intent_id: agents.enter(office, caller, asked))


@router.post(
    "/powers/withdraw",
    response_model=schemas.PowerSeen,
    **told(
        "登记授权撤回 Withdraw a power of attorney",
        asked=examples.POWER_WITHDRAWAL,
        answer=examples.POWER_SEEN | {"withdrawn": examples.NOW},
        refuses=(*TAGS, "NotFound"),
    ),
)
def withdraw_power(asked: schemas.PowerWithdrawal, caller: Registrar, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Take down that a power ended early. It takes no key away: propose another signer at the same time."""
    return once.answer(200, asked, lambda _intent_id: agents.withdraw(office, caller, asked))


@router.get("/agent-uses", **told("代理使用记录 List uses of agents' keys", answer=examples.AGENT_USES, refuses=CURSORS))
def list_agent_uses(
    caller: _NotLab,
    office: OfficeHere,
    *,
    told: Annotated[Literal["yes", "no"] | None, Query(description="Only uses of which the firm was told, or was not.")] = None,
    cursor: schemas.Cursor | None = None,
    limit: schemas.Limit = 100,
) -> schemas.AgentUsePage:
    """
    Every order, redemption, release, key change and veto that an agent signed: for the firm itself, its region's offices, and auditors.

    Nobody is told by this alone, since an answer may be lost on its way: a firm says at `/v1/agent-uses/read` what it has read.
    """
    return agents.uses(office, caller, told=None if told is None else told == "yes", cursor=cursor, limit=limit)


@router.post(
    "/agent-uses/read",
    response_model=schemas.AgentUsePage,
    **told(
        "确认已读 Say which uses were read",
        asked=examples.USES_READ,
        answer=examples.AGENT_USES_READ,
        refuses=("NotFound",),
    ),
)
def read_agent_uses(asked: schemas.UsesRead, caller: _Firm, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """
    Take down that the firm has read of these uses. From then on it was told of them; the first time stays.

    They are named one by one: a power that is entered later can put uses before those that were read.
    """
    return once.answer(200, asked, lambda _intent_id: agents.read(office, caller, asked))


@router.post(
    "/agent-uses/told",
    response_model=schemas.AgentUsePage,
    **told(
        "登记已告知 Note that firms were told",
        asked=examples.USES_TOLD,
        answer=examples.AGENT_USES_TOLD,
        refuses=("NotFound",),
    ),
)
def tell_agent_uses(asked: schemas.UsesTold, caller: Registrar, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Take down that firms were told of these uses by other means, such as a letter."""
    return once.answer(200, asked, lambda _intent_id: agents.tell(office, caller, asked))
