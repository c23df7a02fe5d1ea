"""
`tongquan month`: what months came to between two regions (月度核对), their closing, and a payer's records held against them.

The statement is worked out by one's gateway, or from a node by whoever has its address: both come to the same bytes. `month check` asks a
node alone.
"""

import time
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from registry.canonical import canonical_json
from registry.cli import parsing
from registry.cli.arguments import argument, option
from registry.cli.command import Answer, Exit, Told, Uses, command, group
from registry.cli.reading import reads_node, several
from registry.cli.session import Session, content_of, write_file
from registry.cli.settings import SettingRefused
from registry.errors import Rejected
from registry.facts import Fact, Facts
from registry.model import Digest, Id, Region
from registry.statement import Differing, StatementMalformed, differing
from registry.workbook import statement_workbook

app = group("月度核对：月结单、确认月结、付款记录与差异。 Months: statements, closing, payment records and breaks.")

Home = Annotated[Region, option("--home", parsing.region, "REGION", "发券地", "The issuing region")]
Host = Annotated[Region, option("--host", parsing.region, "REGION", "服务地", "The host region")]
Month = Annotated[int, option("--month", parsing.month, "YYYY-MM", "月份", "The month")]


class Emptiness(StrEnum):
    """What a file without rows says."""

    NOTHING_PAID = "NOTHING_PAID"
    TAKEN_BACK = "TAKEN_BACK"


_PAIR = "--home 330522 --host 310000 --month $LAST_MONTH"


@command(app, "list", uses=Uses.GATEWAY | Uses.NODE, example="tongquan month list")
def list_(session: Session) -> Iterator[dict[str, Any]]:
    """
    列出双方已报的月结单。 List what both sides named of months.
    """
    return several(session, "/v1/months", "months", lambda facts: facts.months())


@command(app, "statement", uses=Uses.GATEWAY | Uses.NODE, example=f"tongquan month statement {_PAIR} --file statement.json")
def statement(
    session: Session,
    *,
    home: Home,
    host: Host,
    month: Month,
    file: Annotated[
        Path | None,
        option(
            "--file",
            None,
            "FILE",
            "写入月结单原文（新文件），其 SHA-256 即月结单哈希",
            "Write its bytes, whose SHA-256 is its hash, to a new file",
        ),
    ] = None,
    excel: Annotated[Path | None, option("--excel", None, "FILE", "写入 Excel（新文件）", "Write a workbook to a new file")] = None,
) -> Answer:
    """
    月结单：订单、金额、冲销、轧差与哈希。 The statement of a month, with its hash.

    有网关时取自网关，否则由节点算得，二者逐字节相同。 From one's gateway, else worked out from a node: the same bytes.
    """
    account = _account(session, home, host, month)
    if file is not None:
        if not account["over"]:
            raise Rejected("MonthNotOver", {"month": month})
        write_file(file, canonical_json(account["statement"]))
    if excel is not None:
        at_gateway = not reads_node(session)
        write_file(excel, session.gateway.download(f"{_path(home, host, month)}/excel") if at_gateway else statement_workbook(account))
    # A person who wants the lines opens the workbook: they are too many and too wide for a terminal.
    return account if session.screen.as_json else account | {"statement": _without_lines(account["statement"])}


@command(app, "check", uses=Uses.NODE, example="tongquan month check")
def check(session: Session) -> Answer:
    """
    只凭节点重算已报的各月，与双方所报哈希比对。 Work out every month that a side named, from a node alone.

    有哈希不符时退出码为 5。 The exit status is 5 if a side named another hash.
    """
    with session.snapshot() as snapshot:
        facts = Facts(snapshot)
        found = [facts.month(Region(each["home"]), Region(each["host"]), each["month"]) for each in facts.months()]
        block = facts.block(time.time())
    months = [{name: each for name, each in month.items() if name not in {"netting", "statement"}} for month in found]
    wrong = [each for each in months if False in (each["home_agrees"], each["host_agrees"])]
    return Told({"clean": not wrong, "months": months, "block": block}, Exit.DIFFERENT if wrong else Exit.DONE)


@command(app, "compare", uses=Uses.GATEWAY | Uses.NODE, example=f"tongquan month compare statement.json {_PAIR}")
def compare(
    session: Session,
    file: Annotated[Path, argument(None, "FILE", "对方的月结单原文", "The other side's statement, as `month statement --file` wrote it")],
    *,
    home: Home,
    host: Host,
    month: Month,
) -> Answer:
    """
    按订单列出对方月结单与本方的不同；有不同时退出码为 5。 Where the other side's statement differs, by order; 5 if it does.
    """
    account = _account(session, home, host, month)
    try:
        found = differing(account["statement"], content_of(file))
    except StatementMalformed as malformed:
        raise SettingRefused(
            "file", f"{file} 不是这两地该月的月结单。", f"{file} is no statement of that month: {malformed.reason}"
        ) from malformed
    told = {"clean": not found, "hash": account["hash"], "differences": [_told(each) for each in found]}
    return Told(told, Exit.DIFFERENT if found else Exit.DONE)


@command(app, "close", uses=Uses.GATEWAY, example=f"tongquan month close {_PAIR} --statement $STATEMENT_HASH")
def close(
    session: Session,
    *,
    home: Home,
    host: Host,
    month: Month,
    statement: Annotated[
        Digest, option("--statement", parsing.digest, "HASH", "所确认的月结单哈希", "The hash of the statement that one agrees to")
    ],
) -> Answer:
    """
    确认月结：报月结单哈希上链，双方一致即关账。 Name the statement's hash on the chain; the month closes once both sides named the same.
    """
    return session.post("/v1/months/close", _asked(home, host, month) | {"statement": "0x" + statement.hex()})


@command(app, "payments", uses=Uses.GATEWAY, example=f"tongquan month payments payments.csv {_PAIR}")
def payments(
    session: Session,
    file: Annotated[
        Path,
        argument(
            None,
            "FILE",
            "付款记录（.csv）：订单编号、收款方代码、金额（元）、类型、付款流水号、日期",
            "Payment records (.csv): order, payee, amount, kind, reference, date",
        ),
    ],
    *,
    home: Home,
    host: Host,
    month: Month,
    if_empty: Annotated[
        Emptiness | None,
        option(
            "--if-empty",
            None,
            "MEANING",
            "只有表头的文件的含义：NOTHING_PAID 当月无付款；TAKEN_BACK 撤回当月文件",
            "What a header without rows says: that nothing was paid, or that the month's file is taken back",
        ),
    ] = None,
) -> Answer:
    """
    导入本地区当月付款记录，全部采用或全部不采用。 Hand in a month's payment records, all rows or none.

    同月以最后导入的文件为准；错报月份的，以只有表头的文件撤回。 The last file of a month counts; a header alone can take it back.
    """
    fields = {name: str(each) for name, each in _asked(home, host, month).items()}
    fields |= {} if if_empty is None else {"if_empty": if_empty}
    return session.upload("/v1/months/payments", fields, {"list": file})


@command(app, "breaks", uses=Uses.GATEWAY, example=f"tongquan month breaks {_PAIR}")
def breaks(session: Session, *, home: Home, host: Host, month: Month) -> Answer:
    """
    按订单列出付款记录与链上的差异，未了结的逐月结转。 Where payment records and the chain disagree, by order; what stands is carried on.
    """
    found: list[dict[str, Any]] = session.gateway.get(f"{_path(home, host, month)}/breaks")["breaks"]
    return found


@command(app, "explain", uses=Uses.GATEWAY, example=f"tongquan month explain $BREAK {_PAIR} --reason 退票，已于次月重付")
def explain(
    session: Session,
    found: Annotated[Id, argument(parsing.record_id, "BREAK", "差异编号", "The break's id")],
    *,
    home: Home,
    host: Host,
    month: Month,
    reason: Annotated[str, option("--reason", None, "TEXT", "原因；文字留在本平台", "Why; the words stay at the gateway")],
) -> Answer:
    """
    说明差异原因，差异即了结；金额再变时重新列出。 Put on record why a break is as it is, which ends it until its sums change.
    """
    return session.post("/v1/months/breaks/explain", _asked(home, host, month) | {"break_id": "0x" + found.hex(), "text": reason})


@command(app, "catalogue", uses=Uses.GATEWAY, example="tongquan month catalogue sub-districts.csv")
def catalogue(
    session: Session,
    file: Annotated[
        Path,
        argument(
            None,
            "FILE",
            "名录（.xlsx 或 .csv）：企业代码、券号（可无）、乡镇街道园区",
            "The catalogue (.xlsx or .csv): firm, serial (may be left out), sub_district",
        ),
    ],
) -> Answer:
    """
    导入本地区企业所属乡镇（街道、园区）名录；最后导入的有效。 Hand in which sub-district firms belong to; the last one counts.
    """
    return session.upload("/v1/sub-districts", {}, {"list": file})


@command(app, "sub-districts", uses=Uses.GATEWAY, example=f"tongquan month sub-districts {_PAIR}")
def sub_districts(session: Session, *, home: Home, host: Host, month: Month) -> Answer:
    """
    按乡镇（街道、园区）汇总本地区所发券的当月情况。 A month of one's own region's vouchers, by sub-district.
    """
    found: list[dict[str, Any]] = session.gateway.get(f"{_path(home, host, month)}/sub-districts")["sub_districts"]
    return found


def _account(session: Session, home: Region, host: Region, month: int) -> Fact:
    if not reads_node(session):
        return session.gateway.get(_path(home, host, month))
    with session.snapshot() as snapshot:
        facts = Facts(snapshot)
        try:
            return facts.month(home, host, month) | {"block": facts.block(time.time())}
        except LookupError as unknown:
            raise Rejected("NotFound", {"what": "month", **_asked(home, host, month)}) from unknown


def _path(home: Region, host: Region, month: int) -> str:
    return f"/v1/months/{home}/{host}/{month}"


def _asked(home: Region, host: Region, month: int) -> dict[str, Any]:
    return {"home": home, "host": host, "month": month}


def _without_lines(statement: Mapping[str, Any]) -> dict[str, Any]:
    return {name: len(each) if name == "lines" else each for name, each in statement.items()}


def _told(found: Differing) -> dict[str, Any]:
    return {"order_id": found.order, "ours": list(found.ours), "theirs": list(found.theirs)}
