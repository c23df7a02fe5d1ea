"""What reviewers and payers of a region do with orders."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from gateway import examples, schemas
from gateway.acts import reviews, worklists
from gateway.deps import OfficeHere, Payer, Rejecter, Reviewer, WriteOnce
from gateway.documents import told
from gateway.refusals import CURSORS, LOGGED, PAID_BEFORE, TAGS
from registry import Id

router = APIRouter(prefix="/v1", tags=["orders"])

_REVIEW = ("NotFound", "NotItsDuty", "SameBody", "SentBack")


def _ids(asked: schemas.Orders) -> list[Id]:
    return [Id(each) for each in asked.orders]


@router.get(
    "/orders/waiting",
    **told("待办 Orders that wait for a body", answer=examples.WAITING_PAGE, refuses=(*CURSORS, "NoAccount", *LOGGED)),
)
def waiting(
    caller: Reviewer,
    office: OfficeHere,
    duty: Annotated[schemas.Duty | None, Query(description="Only what waits for this.")] = None,
    cursor: schemas.Cursor | None = None,
    limit: schemas.Limit = 100,
) -> schemas.WaitingPage:
    """What the caller's body is to approve, to review first and to review, without what it endorsed or stood in for itself."""
    return worklists.waiting(office, caller, duty=duty, cursor=cursor, limit=limit)


@router.post(
    "/orders/approve",
    response_model=schemas.Reviewed,
    **told(
        "审核确认 Approve",
        asked=examples.ORDERS,
        answer=examples.reviewed("OPEN"),
        verbs=("approve",),
        refuses=("FirmEnded", "NotFound", "NotItsDuty"),
    ),
)
def approve(asked: schemas.Orders, caller: Reviewer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Confirm requested orders before the service, all or none."""
    return once.answer(200, asked, lambda intent_id: reviews.approve(office, caller, _ids(asked), intent_id))


@router.post(
    "/orders/decline",
    response_model=schemas.Reviewed,
    **told(
        "不予确认 Decline",
        asked=examples.ORDERS,
        answer=examples.reviewed("RELEASED"),
        verbs=("decline",),
        refuses=("NotFound", "NotItsDuty"),
    ),
)
def decline(asked: schemas.Orders, caller: Reviewer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Turn requested orders down, all or none."""
    return once.answer(200, asked, lambda intent_id: reviews.decline(office, caller, _ids(asked), intent_id))


@router.post(
    "/orders/endorse",
    response_model=schemas.Reviewed,
    **told("初审 Endorse", asked=examples.ORDERS, answer=examples.reviewed("ENDORSED"), verbs=("endorse",), refuses=_REVIEW),
)
def endorse(asked: schemas.Orders, caller: Reviewer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """First review of redemptions, where the programme asks for one, all or none."""
    return once.answer(200, asked, lambda intent_id: reviews.endorse(office, caller, _ids(asked), intent_id))


@router.post(
    "/orders/accept",
    response_model=schemas.Reviewed,
    **told(
        "审核通过 Accept",
        asked=examples.ORDERS,
        answer=examples.reviewed("ACCEPTED"),
        verbs=("accept",),
        refuses=("FirmEnded", *_REVIEW, *PAID_BEFORE),
    ),
)
def accept(asked: schemas.Orders, caller: Reviewer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Find redemptions in order, all or none."""
    return once.answer(200, asked, lambda intent_id: reviews.accept(office, caller, _ids(asked), intent_id))


@router.post(
    "/orders/reject",
    response_model=schemas.Reviewed,
    **told(
        "退回补正 Reject",
        asked=examples.ORDERS,
        answer=examples.reviewed("OPEN"),
        verbs=("reject",),
        refuses=("NotFound", "PaymentUnderWay"),
    ),
)
def reject(asked: schemas.Orders, caller: Rejecter, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Send redemptions back for correction, all or none: a reviewer before acceptance, the payer after it."""
    return once.answer(200, asked, lambda intent_id: reviews.reject(office, caller, _ids(asked), intent_id))


@router.post(
    "/orders/settle",
    response_model=schemas.Reviewed,
    **told(
        "拨付 Settle",
        asked=examples.SETTLEMENT,
        answer=examples.reviewed("SETTLED"),
        verbs=("settle",),
        refuses=(*TAGS, "InBatch", "NotFound"),
    ),
)
def settle(asked: schemas.Settlement, caller: Payer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Record that redemptions were paid, all or none."""
    return once.answer(200, asked, lambda intent_id: reviews.settle(office, caller, asked, intent_id))


@router.post(
    "/orders/{order_id:id}/extend",
    response_model=schemas.OrderWritten,
    **told("延期 Extend", asked=examples.EXTENSION, answer=examples.order_written("OPEN"), verbs=("extend",), refuses=("NotFound",)),
)
def extend(order_id: schemas.Id32, asked: schemas.Extension, caller: Reviewer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Give an open order more time, claim-by included, to at most 90 days from now."""
    return once.answer(200, asked, lambda intent_id: reviews.extend(office, caller, Id(order_id), asked, intent_id))


@router.post(
    "/orders/{order_id:id}/reverse",
    response_model=schemas.OrderWritten,
    **told("冲销 Reverse", asked=examples.REVERSAL, answer=examples.order_written("REVERSED"), verbs=("reverse",), refuses=("NotFound",)),
)
def reverse(order_id: schemas.Id32, asked: schemas.Reversal, caller: Reviewer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Declare part or all of a settled subsidy a debt, once."""
    return once.answer(200, asked, lambda intent_id: reviews.reverse(office, caller, Id(order_id), asked, intent_id))


@router.post(
    "/orders/{order_id:id}/refunded",
    response_model=schemas.OrderWritten,
    **told("资金已退回 Refunded", answer=examples.order_written("REFUNDED"), verbs=("refunded",), refuses=("NotFound",)),
)
def refunded(order_id: schemas.Id32, caller: Payer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Record that the debt came back."""
    return once.answer(200, {}, lambda intent_id: reviews.refunded(office, caller, Id(order_id), intent_id))
