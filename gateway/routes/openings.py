"""Carrying an older ledger over (存量台账): its list, what came of it, and claims that were in flight."""

import hashlib
from typing import Annotated

from fastapi import APIRouter, File, Form, UploadFile
from fastapi.responses import JSONResponse
from pydantic import ConfigDict, Field

from gateway import examples, schemas
from gateway.acts import openings
from gateway.callers import OFFICERS, Caller, Party
from gateway.deps import Issuer, OfficeHere, WriteOnce, allow
from gateway.documents import told
from gateway.refusals import CURSORS, FILES, KEPT_LISTS, LISTS, LOGGED
from registry import Id

router = APIRouter(prefix="/v1/openings", tags=["openings"])

_FORM = "multipart/form-data"
_Officer = Annotated[Caller, allow(*OFFICERS, Party.AUDITOR)]
_Holder = Annotated[Caller, allow(*OFFICERS, Party.FIRM, Party.AUDITOR)]
_Concerned = Annotated[Caller, allow(*OFFICERS, Party.FIRM, Party.LAB, Party.AUDITOR)]
_Preparer = Annotated[Caller, allow(Party.ISSUER, Party.FIRM, Party.LAB)]
_KEPT = (*KEPT_LISTS, *FILES, *LISTS, "EpochMissing", "NotFound")


class OpeningCheckForm(schemas.Shape):
    """A programme's file (TOML), and the ledger's list: Excel (.xlsx) or CSV. Their columns: docs/opening.md."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    programme_file: Annotated[str, Field(strict=True, min_length=1, max_length=100_000)]
    list: Annotated[UploadFile, File()]


class OpeningForm(schemas.Shape):
    """A programme that was opened, and the list that its file names."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    programme: schemas.Id32
    list: Annotated[UploadFile, File()]


@router.post(
    "/check",
    **told(
        "存量台账预检 Check a ledger's list",
        asked=examples.OPENING_CHECK_FORM,
        answer=examples.OPENING_CHECKED,
        refuses=(*LISTS, "DayAhead", "EpochMissing", "NotYours", "ProgrammeFileInvalid", "ProgrammeFileMalformed", "ProgrammeNotOpening"),
        media=_FORM,
    ),
)
def check(asked: Annotated[OpeningCheckForm, Form(media_type=_FORM)], caller: Issuer, office: OfficeHere) -> schemas.OpeningChecked:
    """
    Dry run, before the programme is opened: every bad row by line and reason, and where the list does not come to the stated totals.

    Issues nothing, and opens nothing.
    """
    return openings.check(office, caller, asked.programme_file, asked.list.file.read())


@router.post(
    "",
    response_model=schemas.OpeningStep,
    **told(
        "按名单结转 Carry a ledger over",
        status=201,
        asked=examples.OPENING_FORM,
        answer=examples.OPENING_STEP,
        verbs=("issue",),
        refuses=(
            *_KEPT,
            "BadRows",
            "DayAhead",
            "IssueUnderWay",
            "NotYours",
            "ProgrammeNotOpening",
            "ProgrammeOfOtherEpoch",
            "TotalsDiffer",
        ),
        media=_FORM,
    ),
)
def issue(asked: Annotated[OpeningForm, Form(media_type=_FORM)], caller: Issuer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """
    Issue what is left of the vouchers of a programme's own list, some transactions a step; ask again until none is left.

    A list with a bad row, or with other totals than the programme's file states, is not begun. The same list again goes on, or is
    answered with nothing left.
    """
    content = asked.list.file.read()
    asked_for = {"programme": "0x" + asked.programme.hex(), "list": hashlib.sha256(content).hexdigest()}
    return once.answer(201, asked_for, lambda intent_id: openings.issue(office, caller, Id(asked.programme), content, intent_id))


@router.get(
    "/{programme_id:id}",
    **told("结转情况 What was carried over", answer=examples.OPENING_SEEN, refuses=("NotFound", *FILES)),
)
def opening(programme_id: schemas.Id32, caller: _Officer, office: OfficeHere) -> schemas.OpeningSeen:
    """The ledger that a programme of this region carried over, its totals, and whether the chain comes to them."""
    return openings.opening(office, caller, Id(programme_id))


@router.get(
    "/{programme_id:id}/vouchers",
    **told(
        "结转的券 Vouchers carried over",
        answer={"vouchers": [examples.CARRIED_VOUCHER], **examples.PAGE_END},
        refuses=(*_KEPT, *CURSORS, *LOGGED),
    ),
)
def list_vouchers(
    programme_id: schemas.Id32, caller: _Holder, office: OfficeHere, cursor: schemas.Cursor | None = None, limit: schemas.Limit = 100
) -> schemas.CarriedPage:
    """Each voucher that was carried over, with the numbers printed on its notes: used before, used up since, free."""
    return openings.vouchers(office, caller, Id(programme_id), cursor=cursor, limit=limit)


@router.get(
    "/{programme_id:id}/claims",
    **told(
        "在途申请 Claims in flight",
        answer={"claims": [examples.CLAIM_SEEN], **examples.PAGE_END},
        refuses=(*_KEPT, *CURSORS, *LOGGED),
    ),
)
def list_claims(
    programme_id: schemas.Id32, caller: _Concerned, office: OfficeHere, cursor: schemas.Cursor | None = None, limit: schemas.Limit = 100
) -> schemas.ClaimPage:
    """Each claim that was in flight, where it stands now, and whose signature or act it waits for."""
    return openings.claims(office, caller, Id(programme_id), cursor=cursor, limit=limit)


@router.post(
    "/claims/prepare",
    **told(
        "准备在途申请 Prepare a claim in flight",
        asked=examples.CLAIM_PREPARING,
        answer=examples.CLAIM_PREPARED,
        refuses=(*_KEPT, *LOGGED, "InvoicePaidBefore", "SellerDiffers", "WrongStage"),
    ),
)
def prepare(asked: schemas.ClaimPreparing, caller: _Preparer, office: OfficeHere) -> schemas.ClaimPrepared:
    """
    A claim's order and redemption by the facts of the list, for firm and lab to check and sign. Changes nothing.

    What both signed is brought by `POST /v1/orders` and then `POST /v1/redemptions`, as any other.
    """
    return openings.prepare(office, caller, asked)
