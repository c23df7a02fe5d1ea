"""`tongquan order`: reserve part of a voucher (锁定额度), look at orders, and give them up (释放额度)."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
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
    argument,
    option,
    project_asked,
)
from registry.cli.command import Answer, Uses, command, group
from registry.cli.documents import Kind
from registry.cli.reading import one, several
from registry.cli.session import Session
from registry.cli.signing import add_signing, prepare, prepare_move, submit_move
from registry.facts import Fact, Facts
from registry.model import Id

DAY = 86_400

app = group("服务订单：准备、签名、提交、查看、释放。 Orders: prepare, sign, submit, look at, release.")
release_app = group("释放额度。 Release an order.")
move_app = group("转移订单到另一服务机构。 Move an order to another lab.")

Days = Annotated[
    int, typer.Option("--valid-days", metavar="NUMBER", min=1, max=30, help="签名有效天数。 For how many days the signatures are good.")
]
LabOption = Annotated[Id | None, option("--lab", parsing.record_id, "LAB", "服务机构编号（企业填写）", "The lab's id; a firm names it")]


OldOrder = Annotated[Id, option("--order", parsing.record_id, "ORDER", "要转移的订单编号", "The order to move")]


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

    现在会被拒的，一并说明原因，文件照写。 Why it would be refused now is told as well; the file is written all the same.
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
    session: Session,
    *,
    stage: Annotated[StageName | None, option("--stage", None, "STAGE", "只看此状态", "Only at this stage")] = None,
    lab: Annotated[Id | None, option("--lab", parsing.record_id, "LAB", "只看此服务机构", "Only at this lab")] = None,
) -> Iterator[dict[str, Any]]:
    """
    列出自己（代办机构：所代各机构；经办：本地区）的订单；只有节点时列出全部。 List one's own orders, or one's region's; all, from a node.
    """
    at = None if lab is None else "0x" + lab.hex()

    def listed(facts: Facts) -> Iterator[Fact]:
        found = map(facts.order, facts.orders())
        return (order for order in found if stage in (None, order["stage"]) and at in (None, order["lab"]))

    return several(session, "/v1/orders", "orders", listed, stage=stage, lab=at)


@command(app, "show", uses=Uses.GATEWAY | Uses.NODE, example="tongquan order show $ORDER")
def show(session: Session, order: OrderId) -> Answer:
    """
    显示一个订单及其经过。 Show an order and how it came where it stands.
    """

    def shown(facts: Facts) -> Fact:
        return facts.order(order) | {"history": facts.history_of(order), "bodies": []}

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


# An order of a lab that leaves


@command(app, "leaving", uses=Uses.GATEWAY, example="tongquan order leaving")
def leaving(
    session: Session,
    *,
    lab: Annotated[Id | None, option("--lab", parsing.record_id, "LAB", "只看此服务机构", "Only at this lab")] = None,
) -> Iterator[dict[str, Any]]:
    """
    列出待转订单：服务机构已暂停、退出、冻结或有风险通告而未办完的订单。 List unfinished orders at labs that leave or were stopped.
    """
    return session.pages("/v1/orders/leaving", "orders", lab=None if lab is None else "0x" + lab.hex())


@command(
    move_app,
    "prepare",
    uses=Uses.GATEWAY | Uses.DOMAIN,
    example="tongquan order move prepare move-release.json move-order.json --order $STRANDED --lab $OTHER_LAB"
    " --region 330522 --firm $FIRM_CODE --serial $SERIAL --project P-1 --amount 5000yuan",
)
def prepare_move_(
    session: Session,
    release: Annotated[Path, argument(None, "RELEASE", "释放同意书的新文件", "The new file of the release")],
    order_file: Annotated[Path, argument(None, "ORDER", "新订单的新文件", "The new file of the new order")],
    *,
    order: OldOrder,
    lab: Annotated[Id, option("--lab", parsing.record_id, "LAB", "转往的服务机构编号", "The lab to which it is moved")],
    region: VoucherRegion,
    firm: FirmCode,
    serial: Serial,
    project: Project,
    amount: Amount,
    item: Annotated[str | None, option("--item", None, "CODE", "服务条目代码", "The lab's item")] = None,
    valid_days: Days = 1,
) -> Iterator[dict[str, Any]]:
    """
    企业将订单转到另一服务机构：同时准备释放同意书和新订单。 Prepare the release of an order and the one that follows it elsewhere.

    释放由原服务机构签（order release sign），新订单由企业与新服务机构签（order sign）。
    The old lab signs the release, firm and new lab the order.
    """
    asked: dict[str, Any] = {
        "voucher": {"region": region, "firm": firm, "serial": serial},
        "project": project,
        "amount": str(amount),
        "lab": "0x" + lab.hex(),
        "valid_seconds": valid_days * DAY,
    }
    return iter(prepare_move(session, release, order_file, order, asked | ({"item": item} if item else {})))


@command(
    move_app,
    "submit",
    uses=Uses.GATEWAY | Uses.DOMAIN,
    example="tongquan order move submit move-release.json move-order.json --order $STRANDED",
)
def submit_move_(
    session: Session,
    release: Annotated[Path, argument(None, "RELEASE", "已签的释放同意书", "The signed release")],
    order_file: Annotated[Path, argument(None, "ORDER", "已签的新订单", "The signed order")],
    *,
    order: OldOrder,
) -> Answer:
    """
    提交转移：释放与锁定在同一笔交易中。 Bring a move: release and reservation in one transaction.
    """
    return submit_move(session, order, release, order_file)


@command(
    move_app, "by-reviewer", uses=Uses.GATEWAY | Uses.DOMAIN, example="tongquan order move by-reviewer by-reviewer.json --order $STRANDED"
)
def move_by_reviewer(
    session: Session,
    order_file: Annotated[Path, argument(None, "ORDER", "已签的新订单", "The signed order")],
    *,
    order: OldOrder,
) -> Answer:
    """
    审核机构代为释放后转移；原服务机构不再签名时使用。 Move an order whose lab no longer signs: a reviewer releases in its place.
    """
    return submit_move(session, order, None, order_file)


add_signing(app, Kind.ORDER, "order", stated="--amount 5000yuan ")
add_signing(release_app, Kind.RELEASE, "order release", stated="")
app.add_typer(release_app, name="release")
app.add_typer(move_app, name="move")
