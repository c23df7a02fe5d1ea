"""`tongquan settle`: what a payer records (拨付). The money itself moves at a bank."""

from typing import Annotated

from registry.cli.arguments import OrderId, OrderIds, option
from registry.cli.command import Answer, Uses, command, group
from registry.cli.review import decided
from registry.cli.session import Session

app = group("拨付：登记付款、退回资金。 Settlement: record payments and refunds.")


@command(app, "record", uses=Uses.GATEWAY, example="tongquan settle record $ORDER --payment-reference PAY-1")
def record(
    session: Session,
    orders: OrderIds,
    *,
    payment_reference: Annotated[str, option("--payment-reference", None, "TEXT", "付款流水号", "The payment's reference")],
) -> Answer:
    """
    登记已付款的兑付申请，全部成功或全部不办。 Record that redemptions were paid, all or none.
    """
    return decided(session, "settle", orders, payment_reference=payment_reference)


@command(app, "reject", uses=Uses.GATEWAY, example="tongquan settle reject $ACCEPTED_ORDER")
def reject(session: Session, orders: OrderIds) -> Answer:
    """
    拨付单位退回已审核通过的申请。 As the payer, send accepted claims back for correction.
    """
    return decided(session, "reject", orders)


@command(app, "refunded", uses=Uses.GATEWAY, example="tongquan settle refunded $SETTLED_ORDER")
def refunded(session: Session, order: OrderId) -> Answer:
    """
    登记被冲销的补贴已退回。 Record that a reversed subsidy came back.
    """
    return session.post(f"/v1/orders/0x{order.hex()}/refunded", {})
