"""`tongquan firm`: firms as their home region enrols them, what becomes of them, and agents who sign under a power of attorney."""

from collections.abc import Iterator
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

from registry.cli import parsing
from registry.cli.arguments import FirmCode, SignerAddress, Until, argument, flag, option
from registry.cli.command import Answer, Uses, command, group
from registry.cli.reading import one, several
from registry.cli.session import Session, content_of
from registry.model import Address, Id, Region, Time

app = group("企业登记与变更；代理人及其签名的使用。 Firms and what becomes of them, their agents, and every use of an agent's key.")
power = group("授权书。 Powers of attorney.")
app.add_typer(power, name="power")

Agent = Annotated[Address, option("--agent", parsing.address, "ACCOUNT", "代理人的签名账户", "The agent's account")]


EffectiveDay = Annotated[Time, option("--on", parsing.first_second, "DATE", "生效日", "The day on which it took effect")]


class ChangeName(StrEnum):
    """What may happen to a firm, as it is typed."""

    RENAMED = "RENAMED"
    MERGED = "MERGED"
    STRUCK_OFF = "STRUCK_OFF"
    MOVED = "MOVED"


class WhetherTold(StrEnum):
    """Whether the firm was told of a use, as it is typed."""

    YES = "yes"
    NO = "no"


Document = Annotated[
    Path, option("--document", None, "FILE", "授权书文件；只登记其 SHA-256", "The power of attorney; only its SHA-256 is entered")
]


@command(app, "enrol", uses=Uses.GATEWAY, example="tongquan firm enrol --firm $NEW_FIRM_CODE --signer $NEW_FIRM_SIGNER")
def enrol(session: Session, *, firm: FirmCode, signer: SignerAddress) -> Answer:
    """
    登记企业及其签名账户；密钥由企业自己保管。 Enrol a firm and the account that signs for it; the firm keeps the key.
    """
    return session.post("/v1/firms", {"firm": firm, "signer": signer})


@command(app, "list", uses=Uses.GATEWAY | Uses.NODE, example="tongquan firm list")
def list_(session: Session) -> Iterator[dict[str, Any]]:
    """
    列出本地区企业；只有节点时列出全部。 List this region's firms; all, from a node.
    """
    return several(session, "/v1/firms", "firms", lambda facts: map(facts.firm, facts.firms()))


@command(app, "show", uses=Uses.GATEWAY | Uses.NODE, example="tongquan firm show $FIRM")
def show(session: Session, firm: Annotated[Id, argument(parsing.record_id, "FIRM", "企业编号", "The firm's id")]) -> Answer:
    """
    显示一家企业。 Show a firm.
    """
    return one(session, f"/v1/firms/0x{firm.hex()}", "firm", firm, lambda facts: facts.firm(firm))


@command(app, "rename", uses=Uses.GATEWAY, example="tongquan firm rename --firm $FIRM_CODE --name 样例新材料有限公司 --on 2026-01-01")
def rename(
    session: Session, *, firm: FirmCode, name: Annotated[str, option("--name", None, "TEXT", "新名称", "The new name")], on: EffectiveDay
) -> Answer:
    """
    登记企业更名；代码不变，链上不变。 Put a firm's new name on record; its code stays, and nothing changes on the chain.
    """
    return session.post("/v1/firm-changes/rename", {"firm": firm, "name": name, "on": on})


@command(app, "merge", uses=Uses.GATEWAY, example="tongquan firm merge --firm $NEW_FIRM_CODE --successor $FIRM_CODE --on 2026-01-01")
def merge(
    session: Session,
    *,
    firm: FirmCode,
    successor: Annotated[str, option("--successor", None, "CODE", "承继企业的代码", "The successor's company code")],
    on: EffectiveDay,
    signer: Annotated[
        Address | None, option("--signer", parsing.address, "ACCOUNT", "承继企业的签名账户，默认取名录所载", "The successor's account")
    ] = None,
) -> Answer:
    """
    登记合并，并为已开始的订单提议承继企业的签名账户。 A firm was absorbed: the successor's key is proposed for what it began.

    原企业的券不再受理新订单。 Its vouchers take no new orders.
    """
    return session.post("/v1/firm-changes/merge", {"firm": firm, "successor": successor, "on": on, "signer": signer})


@command(
    app,
    "strike-off",
    uses=Uses.GATEWAY,
    example="tongquan firm strike-off --firm $NEW_FIRM_CODE --on 2026-01-01 --reason 登记机关已注销登记",
)
def strike_off(
    session: Session,
    *,
    firm: FirmCode,
    on: EffectiveDay,
    reason: Annotated[str, option("--reason", None, "TEXT", "原因，留在本平台", "Why; it stays at the gateway")],
    signer: Annotated[
        Address | None,
        option("--signer", parsing.address, "ACCOUNT", "清算组的签名账户，如有", "The liquidators' account, if there are any"),
    ] = None,
    stop: Annotated[
        bool, flag("--stop", "同时发风险通告，各地立即停办 30 天", "Flag it as well: nothing goes on anywhere for 30 days")
    ] = False,
) -> Answer:
    """
    登记注销，并提议清算组的账户，或无人持有的账户。 A firm was struck off: the liquidators' key is proposed, or one that nobody has.
    """
    return session.post("/v1/firm-changes/strike-off", {"firm": firm, "on": on, "reason": reason, "signer": signer, "stop": stop})


@command(app, "move", uses=Uses.GATEWAY, example="tongquan firm move --firm $NEW_FIRM_CODE --to 310000 --on 2026-01-01")
def move(
    session: Session,
    *,
    firm: FirmCode,
    to: Annotated[Region, option("--to", parsing.region, "REGION", "迁入地区代码", "The region whereto it moved")],
    on: EffectiveDay,
) -> Answer:
    """
    登记迁出，并给出须移交迁入地区的材料；由其登记企业。 A firm moved: put on record, with what its new region takes over to enrol it.
    """
    return session.post("/v1/firm-changes/move", {"firm": firm, "region": to, "on": on})


@command(app, "withdraw", uses=Uses.GATEWAY, example="tongquan firm withdraw --firm $NEW_FIRM_CODE --reason 登记有误")
def withdraw(
    session: Session,
    *,
    firm: FirmCode,
    reason: Annotated[str, option("--reason", None, "TEXT", "原因，留在本平台", "Why; it stays at the gateway")],
) -> Answer:
    """
    撤回最近一次合并、注销或迁出的登记。 Withdraw what was put on record last: a merger, a striking off or a move.
    """
    return session.post("/v1/firm-changes/withdraw", {"firm": firm, "reason": reason})


@command(app, "changes", uses=Uses.GATEWAY, example="tongquan firm changes --firm $FIRM_CODE")
def changes(session: Session, *, firm: FirmCode) -> Answer:
    """
    企业变更记录。 What was put on record of a firm: renamed, merged, struck off, moved.
    """
    return session.gateway.ask("/v1/firm-changes/history", {"firm": firm})


@command(app, "affairs", uses=Uses.GATEWAY, example="tongquan firm affairs $FIRM --change MERGED")
def affairs(
    session: Session,
    firm: Annotated[Id, argument(parsing.record_id, "FIRM", "企业编号", "The firm's id")],
    *,
    change: Annotated[ChangeName | None, option("--change", None, "CHANGE", "设想的变更", "A change that is thought of")] = None,
) -> Answer:
    """
    未了事项：未用完的券、未办结的订单及其处理。 Vouchers not used up, orders not finished, and what becomes of each.
    """
    return session.gateway.get(f"/v1/firms/0x{firm.hex()}/affairs", change=change)


@command(
    power,
    "enter",
    uses=Uses.GATEWAY,
    example="tongquan firm power enter --firm $FIRM_CODE --agent $AGENT --document power.pdf --from 2026-01-01 --until $NEXT_YEAR-12-31",
)
def enter_power(
    session: Session,
    *,
    firm: FirmCode,
    agent: Agent,
    document: Document,
    from_: Annotated[Time, option("--from", parsing.first_second, "DATE", "起始日", "The first day")],
    until: Until,
) -> Answer:
    """
    登记企业给代理人的授权书；此后再将代理人账户登记为企业的签名账户。 Enter a power of attorney, before the agent's key is enrolled.
    """
    return session.post("/v1/powers", _named(firm, agent, document) | {"from": from_, "until": until})


@command(
    power,
    "withdraw",
    uses=Uses.GATEWAY,
    example="tongquan firm power withdraw --firm $FIRM_CODE --agent $AGENT --document power.pdf --at $TOMORROW",
)
def withdraw_power(
    session: Session,
    *,
    firm: FirmCode,
    agent: Agent,
    document: Document,
    at: Annotated[Time, option("--at", parsing.first_second, "DATE", "自该日起不再有授权", "The first day without it")],
) -> Answer:
    """
    登记授权已撤回；并不更换签名账户，请同时提议新账户。 Enter that a power ended early; it changes no key, so propose another signer.
    """
    return session.post("/v1/powers/withdraw", _named(firm, agent, document) | {"at": at})


@command(power, "list", uses=Uses.GATEWAY, example="tongquan firm power list")
def list_powers(session: Session) -> Iterator[dict[str, Any]]:
    """
    列出授权书：企业看自己的，经办看本地区的。 List powers of attorney: a firm's own, or an officer's region's.
    """
    return session.pages("/v1/powers", "powers")


@command(app, "uses", uses=Uses.GATEWAY, example="tongquan firm uses --told no")
def uses(
    session: Session,
    *,
    told: Annotated[
        WhetherTold | None, option("--told", None, "yes|no", "只列已告知（yes）或未告知（no）的", "Only those told, or not told")
    ] = None,
) -> Iterator[dict[str, Any]]:
    """
    列出代理人签名的每次使用；企业看过后用 firm read 确认。 List every use of an agent's key; a firm that read of one says so by firm read.
    """
    return session.pages("/v1/agent-uses", "uses", told=told)


@command(app, "read", uses=Uses.GATEWAY, example="tongquan firm read $USE")
def note_read(
    session: Session, positions: Annotated[list[str], argument(None, "USE…", "使用记录的位置", "The uses' positions")]
) -> Iterator[dict[str, Any]]:
    """
    企业确认已读这些使用记录，即为已告知。 As the firm, confirm that these uses were read; it has been told of them from then on.
    """
    return iter(session.post("/v1/agent-uses/read", {"uses": positions})["uses"])


@command(app, "told", uses=Uses.GATEWAY, example="tongquan firm told $USE --how 挂号信")
def note_told(
    session: Session,
    positions: Annotated[list[str], argument(None, "USE…", "使用记录的位置", "The uses' positions")],
    *,
    how: Annotated[str, option("--how", None, "TEXT", "如何告知", "By what means")],
) -> Iterator[dict[str, Any]]:
    """
    登记已用其他方式告知企业。 Note that firms were told of uses by other means.
    """
    return iter(session.post("/v1/agent-uses/told", {"uses": positions, "how": how})["uses"])


def _named(firm: str, agent: Address, document: Path) -> dict[str, Any]:
    return {"firm": firm, "agent": agent, "document_sha256": sha256(content_of(document)).hexdigest()}
