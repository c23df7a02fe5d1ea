"""Labs and their items by their host region, and where a region's vouchers may be spent. The catalogue is everybody's to read."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from gateway import examples, schemas
from gateway.acts import labs
from gateway.callers import OFFICERS, Caller, Party
from gateway.deps import Anybody, OfficeHere, Registrar, WriteOnce, allow
from gateway.documents import record, told
from gateway.etags import tagged
from gateway.refusals import CURSORS, TAGS
from registry import Id

OfficerHere = Annotated[Caller, allow(*OFFICERS, Party.AUDITOR)]

router = APIRouter(prefix="/v1", tags=["directory"])


@router.get("/labs", **told("服务机构列表 List labs", answer={"labs": [examples.LAB_SEEN], **examples.PAGE_END}, refuses=CURSORS))
def list_labs(
    caller: Anybody,
    office: OfficeHere,
    *,
    region: Annotated[schemas.RegionInQuery | None, Query(description="Only labs of this region.")] = None,
    standing: Annotated[schemas.StandingName | None, Query(description="Only labs of this standing.")] = None,
    cursor: schemas.Cursor | None = None,
    limit: schemas.Limit = 100,
) -> schemas.LabPage:
    """Labs of all regions, in the order of admission."""
    return labs.labs(office, caller, region=region, standing=standing, cursor=cursor, limit=limit)


@router.get("/labs/{lab_id:id}", response_model=schemas.LabOne, **record("服务机构 One lab", answer=examples.LAB_ONE))
def lab(lab_id: schemas.Id32, _caller: Anybody, office: OfficeHere, request: Request) -> Response:
    """A lab's standing, whose vouchers may be spent there now, and every event of it with its date."""
    return tagged(request, labs.lab(office, Id(lab_id)))


@router.post(
    "/labs",
    response_model=schemas.Subject,
    **told(
        "纳入服务机构 Admit a lab",
        status=201,
        asked=examples.ADMISSION,
        answer=examples.ADMITTED,
        verbs=("admit",),
        refuses=(*TAGS, "SignerIsGateways"),
    ),
)
def admit(asked: schemas.LabAdmission, caller: Registrar, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Admit a lab of this region; it is active from then on."""
    return once.answer(201, asked, lambda intent_id: labs.admit(office, caller, asked, intent_id))


@router.post(
    "/labs/{lab_id:id}/renew",
    response_model=schemas.Written,
    **told("资质续期 Renew a lab", asked=examples.RENEWAL, answer=examples.WRITTEN, verbs=("renew",), refuses=TAGS),
)
def renew(lab_id: schemas.Id32, asked: schemas.LabRenewal, caller: Registrar, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Until when a lab is qualified, and who invoices for it, from now on."""
    return once.answer(200, asked, lambda intent_id: labs.renew(office, caller, Id(lab_id), asked, intent_id))


@router.post(
    "/labs/{lab_id:id}/suspend",
    response_model=schemas.StandingWritten,
    **told("暂停 Suspend a lab", answer=examples.standing("SUSPENDED"), verbs=("suspend",)),
)
def suspend(lab_id: schemas.Id32, caller: Registrar, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Suspend an active lab: no new orders."""
    return once.answer(200, {}, lambda intent_id: labs.set_standing(office, caller, Id(lab_id), "suspend", intent_id))


@router.post(
    "/labs/{lab_id:id}/exit",
    response_model=schemas.StandingWritten,
    **told("退出 Exit a lab", answer=examples.standing("EXITED"), verbs=("exit",)),
)
def exit_lab(lab_id: schemas.Id32, caller: Registrar, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Let a lab leave: no new orders, open ones run off."""
    return once.answer(200, {}, lambda intent_id: labs.set_standing(office, caller, Id(lab_id), "exit", intent_id))


@router.post(
    "/labs/{lab_id:id}/freeze",
    response_model=schemas.StandingWritten,
    **told("冻结 Freeze a lab", answer=examples.standing("FROZEN"), verbs=("freeze",)),
)
def freeze(lab_id: schemas.Id32, caller: Registrar, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Freeze a lab (fraud): nothing goes on, up to acceptance."""
    return once.answer(200, {}, lambda intent_id: labs.set_standing(office, caller, Id(lab_id), "freeze", intent_id))


@router.post(
    "/labs/{lab_id:id}/leave",
    response_model=schemas.LabLeft,
    **told(
        "退出并登记原因 A lab leaves",
        asked=examples.LEAVING,
        answer=examples.LEFT_BY_FRAUD,
        verbs=("exit", "freeze", "flag"),
    ),
)
def leave(lab_id: schemas.Id32, asked: schemas.LabLeaving, caller: Registrar, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """
    Let a lab leave, for a reason that is put on record.

    For performance, qualification or by its own wish it exits: open orders run to their end, or are moved. For fraud it is frozen and
    flagged at once, and nothing goes on.
    """
    return once.answer(200, asked, lambda intent_id: labs.leave(office, caller, Id(lab_id), asked, intent_id))


@router.get(
    "/labs/{lab_id:id}/departures",
    **told(
        "退出原因 Why a lab left",
        answer={"departures": [examples.DEPARTURE], "block": examples.BLOCK},
        refuses=("NotFound", "NotYours"),
    ),
)
def list_departures(lab_id: schemas.Id32, caller: OfficerHere, office: OfficeHere) -> schemas.DeparturePage:
    """Why a lab of this region left, each time that it did, in the words that were put on record here."""
    return labs.departures(office, caller, Id(lab_id))


@router.post(
    "/labs/{lab_id:id}/reinstate",
    response_model=schemas.StandingWritten,
    **told("恢复 Reinstate a lab", answer=examples.standing("ACTIVE"), verbs=("reinstate",)),
)
def reinstate(lab_id: schemas.Id32, caller: Registrar, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Make a lab active again."""
    return once.answer(200, {}, lambda intent_id: labs.set_standing(office, caller, Id(lab_id), "reinstate", intent_id))


@router.get(
    "/labs/{lab_id:id}/items",
    **told("服务条目列表 List items", answer={"items": [examples.ITEM_SEEN], **examples.PAGE_END}, refuses=(*CURSORS, "NotFound")),
)
def list_lab_items(
    lab_id: schemas.Id32, caller: Anybody, office: OfficeHere, cursor: schemas.Cursor | None = None, limit: schemas.Limit = 100
) -> schemas.ItemPage:
    """A lab's instruments and service entries, in the order of listing."""
    return labs.items(office, caller, Id(lab_id), cursor=cursor, limit=limit)


@router.post(
    "/labs/{lab_id:id}/items",
    response_model=schemas.ItemsListed,
    **told("登记服务条目 List new items", status=201, asked=examples.ITEMS, answer=examples.ITEMS_LISTED, verbs=("list",)),
)
def list_items(lab_id: schemas.Id32, asked: schemas.ItemList, caller: Registrar, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """List instruments or service entries of a lab, all or none."""
    return once.answer(201, asked, lambda intent_id: labs.list_items(office, caller, Id(lab_id), asked, intent_id))


@router.get(
    "/recognitions",
    **told("互认目录 List recognitions", answer={"recognitions": [examples.RECOGNITION_SEEN], **examples.PAGE_END}, refuses=CURSORS),
)
def list_recognitions(
    caller: Anybody,
    office: OfficeHere,
    region: Annotated[schemas.RegionInQuery, Query(description="Whose vouchers.")],
    cursor: schemas.Cursor | None = None,
    limit: schemas.Limit = 100,
) -> schemas.RecognitionPage:
    """Where a region's vouchers may be spent, or once could, from when until when."""
    return labs.recognitions(office, caller, region=region, cursor=cursor, limit=limit)


@router.post(
    "/recognitions",
    response_model=schemas.Written,
    **told("纳入互认目录 Recognise", status=201, asked=examples.RECOGNITION, answer=examples.WRITTEN, verbs=("recognise",)),
)
def recognise(asked: schemas.Recognition, caller: Registrar, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Let this region's vouchers be spent at labs and on items, of any region, from when until when. Naming one again replaces it."""
    return once.answer(201, asked, lambda intent_id: labs.recognise(office, caller, asked, intent_id))


@router.post(
    "/recognitions/withdraw",
    response_model=schemas.Written,
    **told("移出互认目录 Withdraw", asked=examples.SUBJECTS, answer=examples.WRITTEN, verbs=("withdraw",)),
)
def withdraw(asked: schemas.Withdrawal, caller: Registrar, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """End recognition; what is reserved already goes on."""
    return once.answer(200, asked, lambda intent_id: labs.withdraw(office, caller, asked, intent_id))
