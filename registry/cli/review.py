"""`tongquan review`: what waits for a region's reviewers, what they decide, and what they send back."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from registry.cli import parsing
from registry.cli.arguments import OrderId, OrderIds, Reason, Until, option
from registry.cli.command import Answer, Uses, command, group
from registry.cli.session import Session, content_of
from registry.cli.settings import SettingRefused
from registry.model import Fen, Id

app = group("审核：待办、确认、初审、通过、退回补正、冲销。 Reviews, returns for correction, reversals.")


class Duty(StrEnum):
    """Parts of a reviewer's work, as they are typed."""

    APPROVAL = "APPROVAL"
    FIRST_REVIEW = "FIRST_REVIEW"
    REVIEW = "REVIEW"


def decided(session: Session, verb: str, orders: Sequence[Id], **more: str) -> dict[str, Any]:
    """Act on orders, all or none."""
    return session.post(f"/v1/orders/{verb}", {"orders": ["0x" + each.hex() for each in orders]} | more)


@command(app, "waiting", uses=Uses.GATEWAY, example="tongquan review waiting --duty FIRST_REVIEW")
def waiting(
    session: Session,
    *,
    duty: Annotated[
        Duty | None,
        option("--duty", None, "DUTY", "只看此环节：APPROVAL 确认、FIRST_REVIEW 初审、REVIEW 终审", "Only what waits for this"),
    ] = None,
) -> Iterator[dict[str, Any]]:
    """
    待办：等待本机构确认、初审、终审的订单，及已等待时间与期限。 What waits for one's body, for how long, and until when.
    """
    return session.pages("/v1/orders/waiting", "orders", duty=duty)


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


@command(
    app,
    "correct",
    uses=Uses.GATEWAY,
    example="tongquan review correct $ORDER --item 发票=发票章不清 --item 成果报告=未盖章 --programme-file programme.toml",
)
def correct(
    session: Session,
    order: OrderId,
    *,
    item: Annotated[
        list[str] | None,
        option(
            "--item", None, "DOCUMENT=REASON", "须补正的材料=原因，可多次；不写则撤回此前所列", "What has to be put right; none: take back"
        ),
    ] = None,
    programme_file: Annotated[
        Path | None,
        option("--programme-file", None, "FILE", "券种规则文件，网关没有时给出", "The programme's file, where the gateway has it not"),
    ] = None,
) -> Answer:
    """
    在受理材料的网关一次列明须补正的材料；随后用 reject 退回。 Name all that has to be put right, where the evidence is; then reject.
    """
    asked = {
        "items": [_item(each) for each in item or ()],
        "file": None if programme_file is None else content_of(programme_file).decode("utf-8", errors="replace"),
    }
    return session.post(f"/v1/orders/0x{order.hex()}/corrections", asked)


@command(app, "corrections", uses=Uses.GATEWAY, example="tongquan review corrections $ORDER")
def corrections(session: Session, order: OrderId) -> Answer:
    """
    查看补正事项：逐项沿用、待补、已补，及新期限。 What was sent back, item by item, and until when to hand in anew. The look is logged.
    """
    return session.gateway.get(f"/v1/orders/0x{order.hex()}/corrections")


def _item(text: str) -> dict[str, str]:
    document, _, reason = text.partition("=")
    if not (document and reason):
        raise SettingRefused("item", f"须为 材料=原因，而非 {text}。", f"DOCUMENT=REASON is asked for, not {text}.")
    return {"document": document, "reason": reason}


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
