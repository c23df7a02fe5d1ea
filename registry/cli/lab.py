"""`tongquan lab`: labs, their items, and where vouchers may be spent (互认)."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from registry.cli import parsing
from registry.cli.arguments import LabId, Reason, RegionCode, SignerAddress, Until, argument, flag, option
from registry.cli.command import Answer, Exit, Told, Uses, command, group
from registry.cli.reading import one, several
from registry.cli.session import Session, contents_of
from registry.cli.settings import SettingRefused
from registry.errors import Rejected
from registry.facts import Fact, Facts
from registry.model import Id, Region, Time

app = group("服务机构、服务条目与互认目录。 Labs, items and recognition.")

QualifiedUntil = Annotated[
    Time, option("--qualified-until", parsing.last_second, "DATE", "资质截止日（含）", "The last day of qualification")
]
Seller = Annotated[str, option("--seller", None, "CODE", "开票单位代码", "The company code of who invoices")]
Subjects = Annotated[list[Id], argument(parsing.record_id, "SUBJECT…", "服务机构或服务条目编号，可多个", "Ids of labs or items")]


class StandingName(StrEnum):
    """Standings of a lab, as they are typed."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    EXITED = "EXITED"
    FROZEN = "FROZEN"


@command(
    app,
    "admit",
    uses=Uses.GATEWAY,
    example="tongquan lab admit --code SH-0099 --host-unit $HOST_UNIT --signer $NEW_LAB_SIGNER --qualified-until 2027-12-31",
)
def admit(
    session: Session,
    *,
    code: Annotated[str, option("--code", None, "CODE", "服务机构代码", "The lab's code")],
    host_unit: Annotated[str, option("--host-unit", None, "CODE", "依托单位代码", "The host unit's company code")],
    signer: SignerAddress,
    qualified_until: QualifiedUntil,
    seller: Annotated[
        str | None, option("--seller", None, "CODE", "开票单位代码，默认为依托单位", "Who invoices; by default the host unit")
    ] = None,
) -> Answer:
    """
    服务机构入库。 Admit a lab of this region.
    """
    asked = {"code": code, "host_unit": host_unit, "signer": signer, "qualified_until": qualified_until}
    return session.post("/v1/labs", asked | ({"seller": seller} if seller else {}))


@command(app, "list", uses=Uses.GATEWAY | Uses.NODE, example="tongquan lab list --region 310000")
def list_(
    session: Session,
    *,
    region: Annotated[Region | None, option("--region", parsing.region, "REGION", "只看此地区", "Only of this region")] = None,
    standing: Annotated[StandingName | None, option("--standing", None, "STANDING", "只看此资格", "Only of this standing")] = None,
) -> Iterator[dict[str, Any]]:
    """
    列出服务机构。 List labs.
    """

    def listed(facts: Facts) -> Iterator[Fact]:
        labs = map(facts.lab, facts.labs())
        return (lab for lab in labs if region in (None, lab["region"]) and standing in (None, lab["standing"]))

    return several(session, "/v1/labs", "labs", listed, region=region, standing=standing)


@command(app, "show", uses=Uses.GATEWAY | Uses.NODE, example="tongquan lab show $LAB")
def show(session: Session, lab: LabId) -> Answer:
    """
    显示一家服务机构及其全部经过。 Show a lab and all that happened to it.
    """
    return one(session, _of(lab), "lab", lab, lambda facts: facts.lab(lab) | {"history": facts.history_of(lab)})


@command(app, "renew", uses=Uses.GATEWAY, example="tongquan lab renew $NEW_LAB --seller $HOST_UNIT --qualified-until 2028-12-31")
def renew(session: Session, lab: LabId, *, seller: Seller, qualified_until: QualifiedUntil) -> Answer:
    """
    延续资质，或变更开票单位。 Renew a lab's qualification, or change who invoices for it.
    """
    return session.post(f"{_of(lab)}/renew", {"seller": seller, "qualified_until": qualified_until})


@command(app, "suspend", uses=Uses.GATEWAY, example="tongquan lab suspend $NEW_LAB")
def suspend(session: Session, lab: LabId) -> Answer:
    """
    暂停。 Suspend a lab.
    """
    return session.post(f"{_of(lab)}/suspend", {})


@command(app, "reinstate", uses=Uses.GATEWAY, example="tongquan lab reinstate $NEW_LAB")
def reinstate(session: Session, lab: LabId) -> Answer:
    """
    恢复。 Make a lab active again.
    """
    return session.post(f"{_of(lab)}/reinstate", {})


@command(app, "freeze", uses=Uses.GATEWAY, example="tongquan lab freeze $NEW_LAB")
def freeze(session: Session, lab: LabId) -> Answer:
    """
    冻结（涉嫌欺诈）：已开始的也停办。 Freeze a lab (fraud): what it began stops as well.
    """
    return session.post(f"{_of(lab)}/freeze", {})


@command(app, "exit", uses=Uses.GATEWAY, example="tongquan lab exit $NEW_LAB")
def exit_(session: Session, lab: LabId) -> Answer:
    """
    退出：已开始的可办完。 Let a lab leave; what it began runs off.
    """
    return session.post(f"{_of(lab)}/exit", {})


class LeavingCause(StrEnum):
    """Why a lab leaves, as it is typed."""

    PERFORMANCE = "PERFORMANCE"
    QUALIFICATION = "QUALIFICATION"
    OWN_WISH = "OWN_WISH"
    FRAUD = "FRAUD"


@command(app, "leave", uses=Uses.GATEWAY, example="tongquan lab leave $NEW_LAB --cause FRAUD --reason 虚报服务")
def leave(
    session: Session,
    lab: LabId,
    *,
    cause: Annotated[
        LeavingCause,
        option(
            "--cause",
            None,
            "CAUSE",
            "缘由：PERFORMANCE、QUALIFICATION、OWN_WISH 或 FRAUD",
            "Why it leaves",
        ),
    ],
    reason: Reason,
) -> Answer:
    """
    退出并登记原因；欺诈（FRAUD）则立即冻结并发出风险通告。 Let a lab leave, on record; of a fraud freeze and flag it at once.
    """
    return session.post(f"{_of(lab)}/leave", {"cause": cause, "reason": reason})


@command(app, "departures", uses=Uses.GATEWAY, example="tongquan lab departures $NEW_LAB")
def departures(session: Session, lab: LabId) -> Iterator[dict[str, Any]]:
    """
    列出一家服务机构历次退出的原因（仅本地区经办与审计人员）。 Why a lab left, for its region's offices and auditors.
    """
    return iter(session.gateway.get(f"{_of(lab)}/departures")["departures"])


@command(app, "items", uses=Uses.GATEWAY | Uses.NODE, example="tongquan lab items $LAB")
def items(session: Session, lab: LabId) -> Iterator[dict[str, Any]]:
    """
    列出服务条目。 List a lab's items.
    """
    return several(session, f"{_of(lab)}/items", "items", lambda facts: facts.items_of(lab))


@command(app, "add-items", uses=Uses.GATEWAY, example="tongquan lab add-items $LAB XRD-1 SEM-2")
def add_items(
    session: Session, lab: LabId, codes: Annotated[list[str], argument(None, "CODE…", "服务条目代码，可多个", "The items' codes")]
) -> Answer:
    """
    登记服务条目。 List instruments or service entries of a lab.
    """
    return session.post(f"{_of(lab)}/items", {"codes": codes})


# The catalogue at real size


@command(app, "load", uses=Uses.GATEWAY, example="tongquan lab load labs.csv --items items.csv")
def load(
    session: Session,
    file: Annotated[Path | None, argument(None, "FILE", "服务机构名单（.xlsx 或 .csv）", "The list of labs (.xlsx or .csv)")] = None,
    *,
    items: Annotated[
        Path | None, option("--items", None, "FILE", "服务条目名单（.xlsx 或 .csv）", "The list of their items (.xlsx or .csv)")
    ] = None,
    check: Annotated[bool, flag("--check", "只预检，不录入", "Dry run; take nothing in")] = False,
) -> Answer:
    """
    导入目录名单并上链，每行一次；中断后重复同一命令即继续，已完成的重复执行不做任何事。 Load lists of labs and items onto the chain.

    有一行有误则全部不录入。 With one bad row nothing is taken in. A load that was broken off goes on where it stopped.
    """
    files = {name: path for name, path in (("labs", file), ("items", items)) if path is not None}
    if not files:
        raise SettingRefused("file", "请给出服务机构名单，或用 --items 给出条目名单。", "Name a list of labs, or one of items.")
    if check:
        found = session.gateway.ask_with_files("/v1/catalogue/check", {}, contents_of(files))
        return Told(found, Exit.REFUSED if found["bad"] else Exit.DONE)
    entered = session.upload("/v1/catalogue/lists", {}, files)
    calls, left = 0, entered["left"]
    total = _to_do(left)
    with session.screen.progress("目录上链…", "Loading the catalogue…") as bar:
        while _to_do(left):
            bar.of(total - _to_do(left), _to_do(left))
            step = session.step("/v1/catalogue/load", {})
            if not step["calls"] and _to_do(step["left"]):
                raise Rejected("LoadStuck", step["left"])
            calls, left = calls + step["calls"], step["left"]
    return entered | {"calls": calls, "left": left}


def _to_do(left: Mapping[str, int]) -> int:
    return sum(count for what, count in left.items() if what != "waiting")


@command(app, "lists", uses=Uses.GATEWAY, example="tongquan lab lists")
def lists(session: Session) -> Iterator[dict[str, Any]]:
    """
    列出已录入的目录名单及其 SHA-256。 List the catalogue's lists, by the SHA-256 of each file.
    """
    return iter(session.gateway.get("/v1/catalogue/lists")["lists"])


class KindName(StrEnum):
    """What the catalogue holds, as it is typed."""

    LAB = "LAB"
    ITEM = "ITEM"


@command(app, "search", uses=Uses.GATEWAY, example="tongquan lab search --name 检测 --usable-by 310000 --limit 5")
def search(
    session: Session,
    *,
    name: Annotated[str | None, option("--name", None, "TEXT", "名称、依托单位或代码中的文字", "Part of a name, unit or code")] = None,
    service: Annotated[str | None, option("--service", None, "TEXT", "服务类型", "A service type")] = None,
    place: Annotated[str | None, option("--place", None, "TEXT", "所在地", "A place")] = None,
    kind: Annotated[KindName | None, option("--kind", None, "LAB|ITEM", "只看服务机构或服务条目", "Only labs, or only items")] = None,
    region: Annotated[Region | None, option("--region", parsing.region, "REGION", "只看此地区", "Only of this region")] = None,
    lab: Annotated[Id | None, option("--lab", parsing.record_id, "LAB", "只看此服务机构及其条目", "Only this lab and its items")] = None,
    usable_by: Annotated[
        Region | None,
        option("--usable-by", parsing.region, "REGION", "只看今天可用此地区券的", "Where this region's vouchers are good"),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="NUMBER", min=1, max=1000, help="每页条数。 How many a page.")] = 20,
    cursor: Annotated[str | None, option("--cursor", None, "CURSOR", "上一页的 next，从其后继续", "`next` of the page before")] = None,
) -> Answer:
    """
    按名称、服务类型、所在地检索目录。 Search the catalogue by name, service type and place.
    """
    asked = {"name": name, "service": service, "place": place, "kind": kind, "region": region, "usable_by": usable_by}
    named = None if lab is None else "0x" + lab.hex()
    return session.gateway.get("/v1/catalogue", **asked, lab=named, limit=limit, cursor=cursor)


@command(app, "listed", uses=Uses.GATEWAY, example="tongquan lab listed $LAB")
def listed(
    session: Session,
    lab: Annotated[Id | None, argument(parsing.record_id, "LAB", "服务机构编号", "The lab's id")] = None,
    *,
    region: Annotated[Region | None, option("--region", parsing.region, "REGION", "服务机构所在地区", "The lab's region")] = None,
    host_unit: Annotated[str | None, option("--host-unit", None, "CODE", "依托单位代码", "The host unit's company code")] = None,
    code: Annotated[str | None, option("--code", None, "CODE", "服务机构代码", "The lab's code")] = None,
    item: Annotated[str | None, option("--item", None, "CODE", "服务条目代码", "An item's code")] = None,
) -> Answer:
    """
    是否在列：今天可用哪些地区的创新券，其余为何不可。 Whose vouchers can be spent at a lab today, and why not the others'.

    服务机构用编号，或用 --region、--host-unit、--code 指明。 A lab is named by its id, or by its region, unit and code.
    """
    named = {"region": region, "host_unit": host_unit, "code": code}
    if (lab is None) == (None in named.values()):
        raise SettingRefused(
            "lab", "请用编号，或同时用 --region、--host-unit 与 --code 指明。", "Name it by id, or by --region, --host-unit and --code."
        )
    asked: dict[str, Any] = {"lab": named if lab is None else "0x" + lab.hex()}
    return session.gateway.ask("/v1/catalogue/listing", asked | ({"item": item} if item else {}))


@command(app, "recognise", uses=Uses.GATEWAY, example="tongquan lab recognise $LAB --from 2026-01-01 --until 2027-12-31")
def recognise(
    session: Session,
    subjects: Subjects,
    *,
    from_: Annotated[Time, option("--from", parsing.first_second, "DATE", "起始日（含）", "The first day")],
    until: Until,
) -> Answer:
    """
    纳入互认目录：本地区的券可在此使用。 Recognise labs and items for this region's vouchers.
    """
    return session.post("/v1/recognitions", {"subjects": ["0x" + each.hex() for each in subjects], "from": from_, "until": until})


@command(app, "withdraw", uses=Uses.GATEWAY, example="tongquan lab withdraw $NEW_LAB")
def withdraw(session: Session, subjects: Subjects) -> Answer:
    """
    移出互认目录。 End recognition.
    """
    return session.post("/v1/recognitions/withdraw", {"subjects": ["0x" + each.hex() for each in subjects]})


@command(app, "recognitions", uses=Uses.GATEWAY | Uses.NODE, example="tongquan lab recognitions 330522")
def recognitions(session: Session, region: RegionCode) -> Iterator[dict[str, Any]]:
    """
    列出一个地区的互认目录。 List what a region recognises.
    """

    def listed(facts: Facts) -> Iterator[Fact]:
        return (facts.recognition(region, each) for each in facts.recognised_by(region))

    return several(session, "/v1/recognitions", "recognitions", listed, region=region)


def _of(lab: Id) -> str:
    return f"/v1/labs/0x{lab.hex()}"
