"""`tongquan order`: reserve part of a voucher (锁定额度), look at orders, and give them up (释放额度)."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any

import typer

from registry.cli import parsing
from registry.cli.arguments import (
    Amount,
    FirmCode,
    LeadFirm,
    LeadSerial,
    NewFile,
    OrderId,
    Project,
    Serial,
    VoucherRegion,
    option,
    project_asked,
)
from registry.cli.command import Answer, Uses, command, group
from registry.cli.documents import Kind
from registry.cli.reading import one, several
from registry.cli.session import Session
from registry.cli.signing import add_signing, prepare
from registry.facts import Fact, Facts
from registry.model import Id

DAY = 86_400

app = group("服务订单：准备、签名、提交、查看、释放。 Orders: prepare, sign, submit, look at, release.")
release_app = group("释放额度。 Release an order.")

Days = Annotated[int, typer.Option("--valid-days", min=1, max=30, help="签名有效天数。 For how many days the signatures are good.")]
LabOption = Annotated[Id | None, option("--lab", parsing.record_id, "LAB", "服务机构编号（企业填写）", "The lab's id; a firm names it")]


class StageName(StrEnum):
    """Stages of an order, as they are typed."""

    REQUESTED = "REQUESTED"
    OPEN = "OPEN"
    REDEEMED = "REDEEMED"
    ENDORSED = "ENDORSED"
    ACCEPTED = "ACCEPTED"
    SETTLED = "SETTLED"
    REVERSED = "REVERSED"
    REFUNDED = "REFUNDED"
    RELEASED = "RELEASED"


@command(
    app,
    "prepare",
    uses=Uses.GATEWAY | Uses.DOMAIN,
    example="tongquan order prepare order.json --region 330522 --firm $FIRM_CODE --serial $SERIAL --project P-1 --amount 5000yuan",
)
def prepare_(
    session: Session,
    file: NewFile,
    *,
    region: VoucherRegion,
    firm: FirmCode,
    serial: Serial,
    project: Project,
    amount: Amount,
    lab: LabOption = None,
    item: Annotated[str | None, option("--item", None, "CODE", "服务条目代码", "The lab's item")] = None,
    lead_firm: LeadFirm = None,
    lead_serial: LeadSerial = None,
    valid_days: Days = 1,
) -> Answer:
    """
    由网关准备待签订单，逐项核对后写入新文件。 Let the gateway prepare an order, check it, and write it to a new file.
    """
    own = session.settings.lab
    asked: dict[str, Any] = {
        "voucher": {"region": region, "firm": firm, "serial": serial},
        "amount": str(amount),
        "valid_seconds": valid_days * DAY,
    }
    asked |= project_asked(region, project, lead_firm, lead_serial)
    asked |= {"lab": own} if own else {}
    asked |= {"lab": "0x" + lab.hex()} if lab else {}
    asked |= {"item": item} if item else {}
    return prepare(session, Kind.ORDER, file, asked)


@command(app, "list", uses=Uses.GATEWAY | Uses.NODE, example="tongquan order list --stage OPEN")
def list_(
    session: Session, *, stage: Annotated[StageName | None, option("--stage", None, "STAGE", "只看此状态", "Only at this stage")] = None
) -> Iterator[dict[str, Any]]:
    """
    列出自己（或本地区）的订单；只有节点时列出全部。 List one's own orders, or one's region's; all, from a node.
    """

    def listed(facts: Facts) -> Iterator[Fact]:
        return (order for order in map(facts.order, facts.orders()) if stage in (None, order["stage"]))

    return several(session, "/v1/orders", "orders", listed, stage=stage)


@command(app, "show", uses=Uses.GATEWAY | Uses.NODE, example="tongquan order show $ORDER")
def show(session: Session, order: OrderId) -> Answer:
    """
    显示一个订单及其经过。 Show an order and how it came where it stands.
    """

    def shown(facts: Facts) -> Fact:
        return facts.order(order) | {"history": facts.history_of(order)}

    return one(session, f"/v1/orders/0x{order.hex()}", "order", order, shown)


@command(
    release_app,
    "prepare",
    uses=Uses.GATEWAY | Uses.DOMAIN,
    example="tongquan order release prepare order-release.json --order $SECOND_ORDER",
)
def prepare_release(
    session: Session,
    file: NewFile,
    *,
    order: Annotated[Id, option("--order", parsing.record_id, "ORDER", "订单编号", "The order's id")],
    valid_days: Days = 1,
) -> Answer:
    """
    准备释放同意书；由服务机构签名，联合券须企业同签。 Prepare a release, for the lab to sign; the firm too under a joint voucher.
    """
    return prepare(session, Kind.RELEASE, file, {"order": "0x" + order.hex(), "valid_seconds": valid_days * DAY})


@command(release_app, "without-consent", uses=Uses.GATEWAY, example="tongquan order release without-consent $LATE_ORDER")
def without_consent(session: Session, order: OrderId) -> Answer:
    """
    无需签名的释放：审核机构在规定情形下，或期限过后 30 天由任何人。 Release as a reviewer where that is allowed, or anybody 30 days late.
    """
    return session.post(f"/v1/orders/0x{order.hex()}/release", {})


add_signing(app, "order", stated="--amount 5000yuan ")
add_signing(release_app, "order release", stated="")
app.add_typer(release_app, name="release")
