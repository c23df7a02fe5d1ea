"""Firms, and the keys of firms and labs."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from gateway import examples, schemas
from gateway.acts import firms, keys
from gateway.callers import OFFICERS, Caller, Party
from gateway.deps import Actor, Anybody, OfficeHere, Registrar, Signatory, WriteOnce, allow
from gateway.documents import record, told
from gateway.etags import tagged
from gateway.refusals import CURSORS, TAGS
from registry import Id

router = APIRouter(prefix="/v1", tags=["directory"])

_NotLab = Annotated[Caller, allow(*OFFICERS, Party.FIRM, Party.AUDITOR)]


@router.get("/firms", **told("企业列表 List firms", answer={"firms": [examples.FIRM_SEEN], **examples.PAGE_END}, refuses=CURSORS))
def list_firms(caller: _NotLab, office: OfficeHere, cursor: schemas.Cursor | None = None, limit: schemas.Limit = 100) -> schemas.FirmPage:
    """The firms of an officer's region, all for an auditor, itself for a firm; by id, since the chain knows no codes."""
    return firms.firms(office, caller, cursor=cursor, limit=limit)


@router.get(
    "/firms/{firm_id:id}", response_model=schemas.FirmOne, **record("企业 One firm", answer=examples.FIRM_SEEN | {"block": examples.BLOCK})
)
def firm(firm_id: schemas.Id32, caller: Anybody, office: OfficeHere, request: Request) -> Response:
    """One firm, for itself, the offices of its home region, and auditors."""
    return tagged(request, firms.firm(office, caller, Id(firm_id)))


@router.post(
    "/firms",
    response_model=schemas.Subject,
    **told(
        "登记企业 Enrol a firm",
        status=201,
        asked=examples.ENROLMENT,
        answer=examples.ENROLLED,
        verbs=("enrol",),
        refuses=(*TAGS, "FirmEnded", "SignerIsGateways"),
    ),
)
def enrol(asked: schemas.FirmEnrolment, caller: Registrar, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Enrol a firm of this region, with the account that signs for it."""
    return once.answer(201, asked, lambda intent_id: firms.enrol(office, caller, asked, intent_id))


@router.get(
    "/keys/{subject_id:id}",
    response_model=schemas.KeyOne,
    **record("签名账户 One key", answer=examples.KEY_SEEN | {"history": [], "block": examples.BLOCK}),
)
def key(subject_id: schemas.Id32, caller: Anybody, office: OfficeHere, request: Request) -> Response:
    """Who signs for a firm or lab, what its office proposed, and every change; for itself, its region's offices, and auditors."""
    return tagged(request, keys.key(office, caller, Id(subject_id)))


@router.get(
    "/rotations", **told("待生效更换列表 List proposed keys", answer={"rotations": [examples.PROPOSED_KEY], "block": examples.BLOCK})
)
def list_rotations(caller: Anybody, office: OfficeHere) -> schemas.RotationPage:
    """Keys that an office proposed and nobody vetoed or completed yet: those of an officer's region, one's own, or all for an auditor."""
    return keys.rotations(office, caller)


@router.post(
    "/rotations",
    response_model=schemas.RotationWritten,
    **told(
        "提议更换账户 Propose a key",
        status=201,
        asked=examples.PROPOSAL,
        answer=examples.rotated("PROPOSED", examples.NOW + 3 * 86_400),
        verbs=("rotate",),
        refuses=("NotFound", "SignerIsGateways"),
    ),
)
def propose_rotation(asked: schemas.RotationProposal, caller: Registrar, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Propose a key for a firm or lab of this region that lost its own. It may take effect after three days without a veto."""
    return once.answer(201, asked, lambda intent_id: keys.propose(office, caller, asked, intent_id))


@router.post(
    "/rotations/complete",
    response_model=schemas.RotationWritten,
    **told("更换生效 Complete a rotation", asked=examples.SUBJECT, answer=examples.rotated("ROTATED"), verbs=("completeRotation",)),
)
def complete_rotation(asked: schemas.SubjectNamed, _caller: Actor, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Put a proposed key in place once its time has come."""
    return once.answer(200, asked, lambda intent_id: keys.complete(office, asked, intent_id))


@router.post(
    "/rotations/prepare",
    **told(
        "准备更换账户 Prepare one's own rotation",
        asked=examples.OWN_ROTATION,
        answer=examples.UNSIGNED,
        verbs=("rotate",),
        refuses=("LabMissing", "NotFound", "NotYours", "SignerIsGateways", "Unreachable"),
    ),
)
def prepare_rotation(asked: schemas.OwnRotation, caller: Signatory, office: OfficeHere) -> schemas.UnsignedTransaction:
    """The transaction by which a party names its new key at once, to be signed with the key in place. Changes nothing."""
    return keys.prepare_rotation(office, caller, asked)


@router.post(
    "/rotations/veto/prepare",
    **told(
        "准备否决 Prepare a veto",
        asked={},
        answer=examples.UNSIGNED,
        verbs=("vetoRotation",),
        refuses=("LabMissing", "NotFound", "NotYours", "Unreachable"),
    ),
)
def prepare_veto(caller: Signatory, office: OfficeHere, asked: schemas.OwnSubject | None = None) -> schemas.UnsignedTransaction:
    """The transaction by which a party refuses its office's proposal, to be signed with the key in place. Changes nothing."""
    return keys.prepare_veto(office, caller, None if asked is None else asked.subject)


@router.post(
    "/rotations/submit",
    response_model=schemas.RotationWritten,
    **told(
        "提交更换或否决 Submit one's own rotation or veto",
        asked=examples.RAW,
        answer=examples.rotated("ROTATED"),
        verbs=("rotate", "vetoRotation"),
        refuses=("NotYours", "SignerIsGateways", "TransactionRefused"),
    ),
)
def submit_rotation(asked: schemas.SignedTransaction, caller: Signatory, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Pass on the transaction that a party signed. Passing it on again is safe: it holds one nonce."""
    return once.answer(200, asked, lambda _intent_id: keys.submit(office, caller, asked))
