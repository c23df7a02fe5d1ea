"""`tongquan review`: what a region's reviewers decide, and both sides' word on a month."""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer

from registry.cli import parsing
from registry.cli.arguments import OrderId, OrderIds, Reason, Until, option
from registry.cli.command import Answer, Uses, command, group
from registry.cli.reading import several
from registry.cli.session import Session
from registry.model import Digest, Fen, Id, Region

_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")

app = group("审核：确认、初审、通过、退回、冲销、月结。 Reviews, reversals and month closes.")


def _month(text: str) -> int:
    match = _MONTH.fullmatch(text)
    if match is None:
        raise typer.BadParameter(f"月份形如 2026-11。 A month is 2026-11, not {text!r}.")
    return int(match[1]) * 100 + int(match[2])


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


@command(app, "months", uses=Uses.GATEWAY | Uses.NODE, example="tongquan review months")
def months(session: Session) -> Iterator[dict[str, Any]]:
    """
    列出月度核对。 List both sides' statements of months.
    """
    return several(session, "/v1/months", "months", lambda facts: facts.months())


@command(
    app,
    "close-month",
    uses=Uses.GATEWAY,
    example="tongquan review close-month --home 330522 --host 310000 --month $LAST_MONTH --statement $STATEMENT_HASH",
)
def close_month(
    session: Session,
    *,
    home: Annotated[Region, option("--home", parsing.region, "REGION", "发券地", "The issuing region")],
    host: Annotated[Region, option("--host", parsing.region, "REGION", "服务地", "The host region")],
    month: Annotated[int, option("--month", _month, "YYYY-MM", "月份", "The month")],
    statement: Annotated[Digest, option("--statement", parsing.digest, "HASH", "月结单哈希", "The hash of the month's statement")],
) -> Answer:
    """
    确认月结：双方哈希一致即关账。 Name the hash of what a month came to; it closes once both sides named the same.
    """
    return session.post("/v1/months/close", {"home": home, "host": host, "month": month, "statement": "0x" + statement.hex()})
