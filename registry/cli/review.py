"""`tongquan review`: what a region's reviewers decide."""

from collections.abc import Sequence
from typing import Annotated, Any

from registry.cli import parsing
from registry.cli.arguments import OrderId, OrderIds, Reason, Until, option
from registry.cli.command import Answer, Uses, command, group
from registry.cli.session import Session
from registry.model import Fen, Id

app = group("审核：确认、初审、通过、退回、冲销。 Reviews and reversals.")


def decided(session: Session, verb: str, orders: Sequence[Id], **more: str) -> dict[str, Any]:
    """Act on orders, all or none."""
    return session.post(f"/v1/orders/{verb}", {"orders": ["0x" + each.hex() for each in orders]} | more)


@command(app, "approve", uses=Uses.GATEWAY, example="tongquan review approve $REQUESTED_ORDER")
def approve(session: Session, orders: OrderIds) -> Answer:
    """
    审核确认：服务前锁定并占用资金。 Confirm requested orders before the service.
    """
    return decided(session, "approve", orders)


@command(app, "decline", uses=Uses.GATEWAY, example="tongquan review decline $REQUESTED_ORDER")
def decline(session: Session, orders: OrderIds) -> Answer:
    """
    不予确认：订单释放。 Turn requested orders down.
    """
    return decided(session, "decline", orders)


@command(app, "extend", uses=Uses.GATEWAY, example="tongquan review extend $ORDER --until $LATER")
def extend(session: Session, order: OrderId, *, until: Until) -> Answer:
    """
    延长已锁定订单的期限，最多 90 天。 Give an open order more time, at most 90 days from now.
    """
    return session.post(f"/v1/orders/0x{order.hex()}/extend", {"until": until})


@command(app, "endorse", uses=Uses.GATEWAY, example="tongquan review endorse $ORDER")
def endorse(session: Session, orders: OrderIds) -> Answer:
    """
    初审通过。 Pass the first review.
    """
    return decided(session, "endorse", orders)


@command(app, "accept", uses=Uses.GATEWAY, example="tongquan review accept $ORDER")
def accept(session: Session, orders: OrderIds) -> Answer:
    """
    审核通过，待拨付。 Find redemptions in order.
    """
    return decided(session, "accept", orders)


@command(app, "reject", uses=Uses.GATEWAY, example="tongquan review reject $ORDER")
def reject(session: Session, orders: OrderIds) -> Answer:
    """
    退回补正：审核机构在通过前，拨付单位在通过后。 Send back for correction: a reviewer before acceptance, the payer after it.
    """
    return decided(session, "reject", orders)


@command(app, "reverse", uses=Uses.GATEWAY, example="tongquan review reverse $SETTLED_ORDER --recover 4800yuan --reason 材料不实")
def reverse(
    session: Session,
    order: OrderId,
    *,
    recover: Annotated[Fen, option("--recover", parsing.money, "MONEY", "应追回金额，带单位", "How much is owed back")],
    reason: Reason,
) -> Answer:
    """
    冲销：声明已兑付补贴的全部或部分应追回。 Declare part or all of a settled subsidy a debt.
    """
    return session.post(f"/v1/orders/0x{order.hex()}/reverse", {"recover": str(recover), "reason": reason})
