"""
`tongquan firm`: firms as their home region enrols them, what it established of them, what becomes of them, and who signs for them.

An agent signs under a power of attorney.
"""

from collections.abc import Iterator
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

from registry.cli import parsing
from registry.cli.arguments import FirmCode, SignerAddress, Until, argument, flag, option
from registry.cli.command import Answer, Uses, command, group
from registry.cli.reading import one, several
from registry.cli.session import Session, array_in, content_of
from registry.cli.settings import SettingRefused
from registry.model import Address, Fen, Id, Region, Time

app = group("企业登记与变更；代理人及其签名的使用。 Firms and what becomes of them, their agents, and every use of an agent's key.")
power = group("授权书。 Powers of attorney.")
app.add_typer(power, name="power")
facts = group("企业登记材料，申领资格据此判定。 What was established of firms, by which eligibility is decided.")
app.add_typer(facts, name="facts")

Agent = Annotated[Address, option("--agent", parsing.address, "ACCOUNT", "代理人的签名账户", "The agent's account")]
Document = Annotated[
    Path, option("--document", None, "FILE", "授权书文件；只登记其 SHA-256", "The power of attorney; only its SHA-256 is entered")
]
EffectiveDay = Annotated[Time, option("--on", parsing.first_second, "DATE", "生效日", "The day on which it took effect")]


class ChangeName(StrEnum):
    """What may happen to a firm, as it is typed."""

    RENAMED = "RENAMED"
    MERGED = "MERGED"
    STRUCK_OFF = "STRUCK_OFF"
    MOVED = "MOVED"


class Whether(StrEnum):
    """Yes or no, as it is typed."""

    YES = "yes"
    NO = "no"


class Kind(StrEnum):
    """A registered enterprise, or a team without registration, as it is typed."""

    FIRM = "firm"
    TEAM = "team"


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
        bool, flag("--stop", "同时发布风险通告，各地立即停办 30 天", "Flag it as well: nothing goes on anywhere for 30 days")
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
    登记迁出，并给出须移交的材料；企业由迁入地区登记。 A firm moved: put on record, with what its new region takes over to enrol it.
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
    change: Annotated[ChangeName | None, option("--change", None, "|".join(ChangeName), "假设的变更", "A change that might happen")] = None,
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
        Whether | None, option("--told", None, "yes|no", "只列已告知（yes）或未告知（no）的", "Only those told, or not told")
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


@command(
    facts,
    "state",
    uses=Uses.GATEWAY,
    example="tongquan firm facts state --firm $FIRM_CODE --registered-here yes --staff 86 --mark 科技型企业",
)
def state_facts(
    session: Session,
    file: Annotated[
        Path | None,
        argument(None, "FILE", "材料清单（.json），一次至多 500 家", "Facts of up to 500 firms, a JSON array"),
    ] = None,
    *,
    firm: Annotated[str | None, option("--firm", None, "CODE", "企业或团队代码", "The firm's or team's code")] = None,
    who: Annotated[Kind, option("--who", None, "firm|team", "企业或创业团队", "A registered firm, or a team")] = Kind.FIRM,
    registered_here: Annotated[
        Whether | None, option("--registered-here", None, "yes|no", "是否在本地区登记", "Whether it is registered in this region")
    ] = None,
    staff: Annotated[int | None, option("--staff", None, "N", "职工人数", "How many work there")] = None,
    revenue: Annotated[Fen | None, option("--revenue", parsing.money, "MONEY", "年营业收入，带单位", "Revenue of a year")] = None,
    capital: Annotated[Fen | None, option("--capital", parsing.money, "MONEY", "注册资本，带单位", "Registered capital")] = None,
    mark: Annotated[
        list[str] | None,
        option(
            "--mark", None, "NAME[=DATE]", "资质或类别及其有效期，可多次", "A certificate or category, and its last day; repeat for each"
        ),
    ] = None,
    no_marks: Annotated[bool, flag("--no-marks", "查明不具备任何资质", "It was established that it holds none")] = False,
    reviewed: Annotated[Whether | None, option("--reviewed", None, "yes|no", "是否经审核", "Whether it was reviewed")] = None,
) -> Answer:
    """
    登记经查明的企业材料：用选项登记一家，或用文件登记多家；未给出的即未查明。 State what was established of one firm, or of many by a file.

    JSON 清单形如 A file is [{"firm": "91…", "who": "FIRM", "staff": 86, "marks": {"科技型企业": null}}, …]
    """
    if (file is None) == (firm is None):
        raise SettingRefused("firm", "请给出文件，或用 --firm 指明一家企业。", "Give a file, or name one firm by --firm.")
    if file is not None:
        return session.post("/v1/firm-facts", {"firms": array_in(file)})
    if mark and no_marks:
        raise SettingRefused("mark", "--mark 与 --no-marks 不能同时给出。", "--mark and --no-marks exclude each other.")
    stated = {
        "firm": firm,
        "who": who.name,
        "registered_here": _whether(registered_here),
        "staff": staff,
        "revenue": None if revenue is None else str(revenue),
        "capital": None if capital is None else str(capital),
        "marks": dict(map(_mark, mark)) if mark else {} if no_marks else None,
        "reviewed": _whether(reviewed),
    }
    return session.post("/v1/firm-facts", {"firms": [stated]})


@command(facts, "history", uses=Uses.GATEWAY, example="tongquan firm facts history --firm $FIRM_CODE")
def facts_history(session: Session, *, firm: FirmCode) -> Answer:
    """
    列出对一家企业登记过的全部材料，最后一次有效。 Everything that was put on record of a firm; the last counts.
    """
    return session.gateway.ask("/v1/firm-facts/history", {"firm": firm})


def _whether(typed: Whether | None) -> bool | None:
    return None if typed is None else typed is Whether.YES


def _mark(typed: str) -> tuple[str, Time | None]:
    name, dated, day = typed.partition("=")
    return name, parsing.last_second(day) if dated else None


def _named(firm: str, agent: Address, document: Path) -> dict[str, Any]:
    return {"firm": firm, "agent": agent, "document_sha256": sha256(content_of(document)).hexdigest()}
