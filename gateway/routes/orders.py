"""
An order from reservation to settlement.

What firm and lab sign goes prepare → sign → submit: the gateway answers the document, both check and sign it with keys that no
gateway has, and anybody brings it back.
"""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from gateway import schemas
from gateway.deps import Actor, Anybody, OfficeHere, Payer, Rejecter, Reviewer, Signatory, WriteOnce
from registry import Id

router = APIRouter(prefix="/v1", tags=["orders"])


@router.post("/orders/prepare")
def prepare_order(asked: schemas.OrderFacts, caller: Signatory, office: OfficeHere) -> schemas.Prepared:
    """The order to sign. Changes nothing."""
    return office.prepare_order(caller, asked)


@router.post("/orders", status_code=201, response_model=schemas.OrderWritten)
def reserve(asked: schemas.Signed, _caller: Actor, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Reserve (锁定额度) for an order that both signed."""
    return once.answer(201, asked, lambda intent_id: office.reserve(asked, intent_id))


@router.get("/orders")
def own_orders(caller: Signatory, office: OfficeHere) -> schemas.OrderPage:
    """The caller's own orders."""
    return office.orders(caller)


@router.get("/orders/{order_id}")
def order(order_id: schemas.Id32, caller: Anybody, office: OfficeHere) -> schemas.OrderSeen:
    """An order, where it stands and how it came there."""
    return office.order(caller, Id(order_id))


@router.post("/redemptions/prepare")
def prepare_redemption(asked: schemas.RedemptionFacts, caller: Signatory, office: OfficeHere) -> schemas.Prepared:
    """The redemption to sign. Changes nothing."""
    return office.prepare_redemption(caller, asked)


@router.post("/redemptions", status_code=201, response_model=schemas.OrderWritten)
def redeem(asked: schemas.Signed, _caller: Actor, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Ask for the money (申请兑付), as both signed."""
    return once.answer(201, asked, lambda intent_id: office.redeem(asked, intent_id))


@router.post("/orders/approve", response_model=schemas.Reviewed)
def approve(asked: schemas.Orders, caller: Reviewer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Confirm requested orders before the service (审核确认)."""
    return once.answer(200, asked, lambda intent_id: office.approve(caller, [Id(each) for each in asked.orders], intent_id))


@router.post("/orders/decline", response_model=schemas.Reviewed)
def decline(asked: schemas.Orders, caller: Reviewer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Turn requested orders down (不予确认)."""
    return once.answer(200, asked, lambda intent_id: office.decline(caller, [Id(each) for each in asked.orders], intent_id))


@router.post("/orders/endorse", response_model=schemas.Reviewed)
def endorse(asked: schemas.Orders, caller: Reviewer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """First review (初审)."""
    return once.answer(200, asked, lambda intent_id: office.endorse(caller, [Id(each) for each in asked.orders], intent_id))


@router.post("/orders/accept", response_model=schemas.Reviewed)
def accept(asked: schemas.Orders, caller: Reviewer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Find redemptions in order (审核通过)."""
    return once.answer(200, asked, lambda intent_id: office.accept(caller, [Id(each) for each in asked.orders], intent_id))


@router.post("/orders/reject", response_model=schemas.Reviewed)
def reject(asked: schemas.Orders, caller: Rejecter, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Send redemptions back for correction (退回补正): a reviewer before acceptance, the payer after it."""
    return once.answer(200, asked, lambda intent_id: office.reject(caller, [Id(each) for each in asked.orders], intent_id))


@router.post("/orders/settle", response_model=schemas.Reviewed)
def settle(asked: schemas.Settlement, caller: Payer, office: OfficeHere, once: WriteOnce) -> JSONResponse:
    """Record that redemptions were paid (拨付)."""
    return once.answer(200, asked, lambda intent_id: office.settle(caller, asked, intent_id))
