"""
An order from reservation to settlement.

What firm and lab sign goes prepare → sign → submit: the gateway answers the document, both check and sign it with keys that no
gateway has, and anybody brings it back.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from gateway import examples, schemas
from gateway.acts import moves, orders, submissions
from gateway.callers import Caller, Party
from gateway.deps import Actor, Anybody, OfficeHere, Reviewer, Signatory, WriteOnce, allow
from gateway.documents import record, told
from gateway.etags import tagged
from gateway.refusals import CURSORS, IN_DOUBT, LOGGED, PAID_BEFORE, TAGS
from registry import Id

router = APIRouter(prefix="/v1", tags=["orders"])

Mover = Annotated[Caller, allow(Party.FIRM)]
_OF_DOCUMENT = ("DocumentRefused", "NotFound", "SignatureMissing")


@router.get(
    "/orders", **told("订单列表 List orders", answer={"orders": [examples.ORDER_BRIEF], **examples.PAGE_END}, refuses=(*CURSORS, *LOGGED))
)
def list_orders(
    caller: Anybody,
    office: OfficeHere,
    *,
    stage: Annotated[schemas.StageName | None, Query(description="Only orders at this stage.")] = None,
    lab: Annotated[schemas.Id32 | None, Query(description="Only orders at this lab.")] = None,
    cursor: schemas.Cursor | None = None,
    limit: schemas.Limit = 100,
) -> schemas.OrderPage:
    """A lab's or firm's own orders; those of an agency's labs; those that an officer's region issued, hosts or pays; all for an auditor."""
    return orders.orders(office, caller, stage=stage, lab=lab, cursor=cursor, limit=limit)


@router.get(
    "/orders/leaving",
    **told(
        "待转订单 Orders at leaving labs",
        answer={"orders": [examples.LEAVING_ORDER], **examples.PAGE_END},
        refuses=(*CURSORS, *LOGGED),
    ),
)
def list_leaving(
    caller: Anybody,
    office: OfficeHere,
    lab: Annotated[schemas.Id32 | None, Query(description="Only orders at this lab.")] = None,
    cursor: schemas.Cursor | None = None,
    limit: schemas.Limit = 100,
) -> schemas.LeavingPage:
    """Unfinished orders at labs that are suspended, exited, frozen or flagged, for whoever may see the order: both regions do."""
    return moves.leaving(office, caller, lab=lab, cursor=cursor, limit=limit)


@router.get(
    "/orders/{order_id:id}",
    response_model=schemas.OrderSeen,
    **record("订单 One order", answer=examples.ORDER_SEEN, refuses=("NotFound", *LOGGED)),
)
def order(order_id: schemas.Id32, caller: Anybody, office: OfficeHere, request: Request) -> Response:
    """An order, where it stands and how it came there."""
    return tagged(request, orders.order(office, caller, Id(order_id)))


@router.post(
    "/orders/prepare",
    **told(
        "准备订单 Prepare an order",
        asked=examples.ORDER_FACTS,
        answer=examples.ORDER_PREPARED,
        refuses=(*TAGS, *LOGGED, "EpochMissing", "EpochsMixed", "FirmEnded", "LabMissing", "NotYours", "SerialAmbiguous", "UnknownVoucher"),
    ),
)
def prepare_order(asked: schemas.OrderFacts, caller: Signatory, office: OfficeHere) -> schemas.OrderPrepared:
    """The order that firm and lab are to check and sign, and why it would be refused now. Changes nothing."""
    return orders.prepare_order(office, caller, asked)


@router.post(
    "/orders",
    response_model=schemas.OrderWritten,
    **told(
        "锁定额度 Reserve",
        status=201,
        asked=examples.ORDER_SIGNED,
        answer=examples.order_written("OPEN"),
        verbs=("reserve",),
        refuses=(*_OF_DOCUMENT, "EpochsMixed", "FirmEnded"),
    ),
)
def reserve(asked: schemas.Signed, _caller: Actor, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Reserve part of a voucher for an order that firm and lab signed."""
    return once.answer(201, asked, lambda intent_id: orders.reserve(office, asked, intent_id))


@router.post(
    "/orders/{order_id:id}/move/prepare",
    **told(
        "准备转移订单 Prepare a move",
        asked=examples.MOVE_FACTS,
        answer=examples.MOVE_PREPARED,
        verbs=("reserve",),
        refuses=(*LOGGED, "EpochsMixed", "FirmEnded", "NotFound", "PartnershipReached", "WrongStage"),
    ),
)
def prepare_move(order_id: schemas.Id32, asked: schemas.MoveFacts, caller: Mover, office: OfficeHere) -> schemas.MovePrepared:
    """
    What moves a firm's own order to another lab: its release and a new order, to be checked and signed. Changes nothing.

    Refused is what would lose notes: past the voucher's use-by, once something was redeemed, or at a lab where it could not be used.
    """
    return moves.prepare(office, caller, Id(order_id), asked)


@router.post(
    "/orders/{order_id:id}/move",
    response_model=schemas.Submitted,
    **told(
        "转移订单 Move an order",
        asked=examples.MOVE_SIGNED,
        answer=examples.MOVED,
        verbs=("reserve", "release"),
        refuses=(*_OF_DOCUMENT, *IN_DOUBT, "EpochsMixed", "FirmEnded", "MoveDiffers", "NoAccount", "PartnershipReached", "WrongStage"),
    ),
)
def move(order_id: schemas.Id32, asked: schemas.MoveSigned, caller: Actor, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """
    Release an order at the lab that it leaves and reserve it at the other, in one transaction.

    A reviewer may do so without the old lab's release, where the contracts let one release. The outcomes are the release's and the new
    order's.
    """
    return once.answer(200, asked, lambda intent_id: moves.move(office, caller, Id(order_id), asked, intent_id))


@router.post(
    "/redemptions/prepare",
    **told(
        "准备兑付申请 Prepare a redemption",
        asked=examples.REDEMPTION_FACTS,
        answer=examples.REDEMPTION_PREPARED,
        refuses=(
            *TAGS,
            *LOGGED,
            *PAID_BEFORE,
            "BundleDiffers",
            "CorrectionMissing",
            "EpochMissing",
            "NotFound",
            "SellerDiffers",
            "WrongStage",
        ),
    ),
)
def prepare_redemption(asked: schemas.RedemptionFacts, caller: Signatory, office: OfficeHere) -> schemas.RedemptionPrepared:
    """The redemption that firm and lab are to check and sign, and why it would be refused now. Changes nothing."""
    return orders.prepare_redemption(office, caller, asked)


@router.post(
    "/redemptions",
    response_model=schemas.OrderWritten,
    **told(
        "申请兑付 Redeem",
        status=201,
        asked=examples.REDEMPTION_SIGNED,
        answer=examples.order_written("REDEEMED"),
        verbs=("redeem",),
        refuses=(*_OF_DOCUMENT, *PAID_BEFORE),
    ),
)
def redeem(asked: schemas.Signed, _caller: Actor, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Ask for the money, as firm and lab signed."""
    return once.answer(201, asked, lambda intent_id: orders.redeem(office, asked, intent_id))


@router.post(
    "/redemptions/stand-in",
    response_model=schemas.OrderWritten,
    **told(
        "代签申请兑付 Redeem, standing in",
        status=201,
        asked=examples.STAND_IN,
        answer=examples.order_written("REDEEMED"),
        verbs=("redeem",),
        refuses=(*_OF_DOCUMENT, *PAID_BEFORE),
    ),
)
def redeem_standing_in(asked: schemas.SignedByPaid, caller: Reviewer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Ask for the money where only the party to be paid signed: the reviewer signs here in place of the other, and says why."""
    return once.answer(201, asked, lambda intent_id: orders.redeem_standing_in(office, caller, asked, intent_id))


@router.post(
    "/releases/prepare",
    **told("准备释放 Prepare a release", asked=examples.RELEASE_FACTS, answer=examples.RELEASE_PREPARED, refuses=("NotFound", *LOGGED)),
)
def prepare_release(asked: schemas.ReleaseFacts, caller: Signatory, office: OfficeHere) -> schemas.Prepared:
    """The release that the lab is to sign; the firm as well, where a joint voucher's partnership was reached. Changes nothing."""
    return orders.prepare_release(office, caller, asked)


@router.post(
    "/releases",
    response_model=schemas.OrderWritten,
    **told(
        "释放额度 Release",
        status=201,
        asked=examples.RELEASE_SIGNED,
        answer=examples.order_written("RELEASED"),
        verbs=("release",),
        refuses=_OF_DOCUMENT,
    ),
)
def release(asked: schemas.SignedRelease, _caller: Actor, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Give an order's money back to its voucher, as the lab signed, or lab and firm."""
    return once.answer(201, asked, lambda intent_id: orders.release(office, asked, intent_id))


@router.post(
    "/orders/{order_id:id}/release",
    response_model=schemas.OrderWritten,
    **told("未签释放 Release without consent", answer=examples.order_written("RELEASED"), verbs=("release",), refuses=("NotFound",)),
)
def release_without_consent(order_id: schemas.Id32, caller: Actor, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """By a reviewer where the lab is no longer active or a flag on a party was seconded; by anybody 30 days after the deadline."""
    return once.answer(200, {}, lambda intent_id: orders.release_without_consent(office, caller, Id(order_id), intent_id))


@router.post(
    "/submissions",
    response_model=schemas.Submitted,
    **told(
        "批量提交 Submit many",
        asked=examples.DOCUMENTS,
        answer=examples.SUBMITTED,
        refuses=IN_DOUBT,
    ),
)
def submit(asked: schemas.Submissions, _caller: Actor, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """
    Orders, redemptions and releases that were signed, up to 100 in one transaction, each on its own.

    One that is refused stops nothing else; its code stands in its outcome and is one that its own route could answer.
    """
    return once.answer(200, asked, lambda intent_id: submissions.submit(office, asked, intent_id))
