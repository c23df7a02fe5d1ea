"""`tongquan verify`, `quote`, `facts`: before the service. They change nothing."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from registry.cli import parsing
from registry.cli.arguments import Cost, FirmCode, LeadFirm, LeadSerial, Project, Serial, VoucherRegion, option, project_asked
from registry.cli.command import Answer, Exit, Told, Uses, command
from registry.cli.order import LabOption
from registry.cli.session import Session, content_of
from registry.cli.settings import SettingRefused
from registry.model import Fen, Region

AT_ONCE = 500

_STATUS = {"VALID": Exit.DONE, "NOT_VALID": Exit.REFUSED, "UNKNOWN": Exit.UNREACHABLE, "STALE": Exit.UNREACHABLE}
_COLUMNS = ("region", "firm", "serial", "amount", "lab", "item")
_ALWAYS = frozenset(_COLUMNS[:3])

UseAmount = Annotated[Fen | None, option("--amount", parsing.money, "MONEY", "拟用金额，带单位", "How much is to be used")]


def add_to(app: typer.Typer) -> None:
    """Add the commands, which have no group."""
    one = "--region 330522 --firm $FIRM_CODE --serial $SERIAL"
    command(app, "verify", uses=Uses.GATEWAY, example=f"tongquan verify {one} --amount 5000yuan")(verify)
    command(app, "verify-list", uses=Uses.GATEWAY, example="tongquan verify-list vouchers.csv --json")(verify_list)
    command(app, "quote", uses=Uses.GATEWAY, example=f"tongquan quote {one} --cost 8000yuan")(quote)
    command(app, "facts", uses=Uses.GATEWAY, example=f"tongquan facts {one} --project P-1")(facts)


def verify(
    session: Session,
    *,
    region: VoucherRegion,
    firm: FirmCode,
    serial: Serial,
    amount: UseAmount = None,
    lab: LabOption = None,
    item: Annotated[str | None, option("--item", None, "CODE", "服务条目代码", "The lab's item")] = None,
) -> Answer:
    """
    核验一张券：可用 0，不可用 1，暂无法核验或数据滞后 3。 Verify a voucher: exit status 0 VALID, 1 NOT_VALID, 3 UNKNOWN or STALE.

    答复附查询编号，可在电话中报读，日后据以查询。 The answer bears a query number that can be read over the telephone and looked up later.
    """
    found = session.gateway.ask("/v1/verifications", _question(_named(region, firm, serial), amount, lab, item))
    return Told(found, _STATUS[found["status"]])


def verify_list(
    session: Session,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="CSV 文件，列为 region,firm,serial，可加 amount,lab,item。 A CSV file with these columns."),
    ],
) -> Answer:
    """
    核验一批券（每 500 张一次），每张一行；退出码取最坏的。 Verify many, 500 at a time, a line each; the worst decides the exit status.
    """
    questions = list(_questions(file))
    worst = Exit.DONE
    for start in range(0, len(questions), AT_ONCE):
        asked = questions[start : start + AT_ONCE]
        found = session.gateway.ask("/v1/verifications/batch", {"verifications": asked})
        for place, (question, answer) in enumerate(zip(asked, found["verifications"], strict=True), start=start + 2):
            session.screen.answer({"line": place, "serial": question["voucher"]["serial"]} | answer)
            worst = max(worst, _STATUS[answer["status"]])
    counted = {"rows": len(questions)}
    return Told(counted, worst)


def quote(
    session: Session,
    *,
    region: VoucherRegion,
    firm: FirmCode,
    serial: Serial,
    cost: Cost,
    seller: Annotated[str | None, option("--seller", None, "CODE", "开票单位代码", "The company code of who invoices")] = None,
    contract: Annotated[str | None, option("--contract", None, "TEXT", "服务合同编号", "The service contract's number")] = None,
) -> Answer:
    """
    试算：某项费用可得多少补贴，占用多少额度。 Quote: what a cost would get, and what to reserve for it.
    """
    asked: dict[str, Any] = {"voucher": _named(region, firm, serial), "cost": str(cost)}
    if (seller is None) != (contract is None):
        raise SettingRefused("contract", "--seller 与 --contract 须同时给出。", "--seller and --contract go together.")
    asked |= {"agreement": {"seller": seller, "number": contract}} if seller else {}
    return session.gateway.ask("/v1/quotes", asked)


def facts(
    session: Session,
    *,
    region: VoucherRegion,
    firm: FirmCode,
    serial: Serial,
    project: Project,
    lead_firm: LeadFirm = None,
    lead_serial: LeadSerial = None,
) -> Answer:
    """
    三项核实：企业、券号、项目，分别回答。 The hotline's three facts: enterprise, serial and project, each for itself.
    """
    asked = {"voucher": _named(region, firm, serial)} | project_asked(region, project, lead_firm, lead_serial)
    found = session.gateway.ask("/v1/facts", asked)
    return Told(found, Exit.DONE if found["status"] == "ANSWERED" else Exit.UNREACHABLE)


def _named(region: Region, firm: str, serial: str) -> dict[str, Any]:
    return {"region": region, "firm": firm, "serial": serial}


def _question(voucher: dict[str, Any], amount: Fen | None, lab: bytes | None = None, item: str | None = None) -> dict[str, Any]:
    asked: dict[str, Any] = {"voucher": voucher}
    asked |= {"amount": str(amount)} if amount is not None else {}
    asked |= {"lab": "0x" + lab.hex()} if lab else {}
    return asked | ({"item": item} if item else {})


def _questions(file: Path) -> Iterator[dict[str, Any]]:
    line = 1
    try:
        rows = csv.DictReader(io.StringIO(content_of(file).decode("utf-8-sig")), strict=True)
        if rows.fieldnames is None or not set(rows.fieldnames) >= _ALWAYS or not set(rows.fieldnames) <= set(_COLUMNS):
            raise SettingRefused(
                "file",
                f"{file} 的列应为 region,firm,serial，可加 amount,lab,item。",
                f"The columns of {file} have to be region,firm,serial, and may be amount,lab,item.",
            )
        for row in rows:
            line = rows.line_num
            amount = parsing.money(row["amount"]) if row.get("amount") else None
            lab = parsing.record_id(row["lab"]) if row.get("lab") else None
            named = _named(parsing.region(row["region"] or ""), row["firm"] or "", row["serial"] or "")
            yield _question(named, amount, lab, row.get("item"))
    except (UnicodeDecodeError, csv.Error, typer.BadParameter) as malformed:
        raise SettingRefused("file", f"{file} 第 {line} 行有误。", f"{file}, line {line}: {malformed}") from malformed
