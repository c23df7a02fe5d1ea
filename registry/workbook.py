"""
A month's statement as an Excel workbook (.xlsx), for people; what counts is its canonical form (`registry.statement`).

Every id, hash and code is a text cell, so that no program makes a number or a formula of it. Money stands twice: in yuan as a number with
two decimals, to add up with, and in fen as text, to the last digit. Times are text, UTC+8. There is no formula in it.
"""

import io
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from registry.china import china_month, china_time
from registry.state_words import STATE_WORDS

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

_TEXT, _YUAN = "@", "#,##0.00"


class Yuan(int):
    """Money in fen that a cell shows in yuan."""


def statement_workbook(
    told: Mapping[str, Any], *, breaks: Sequence[Mapping[str, Any]] = (), sub_districts: Sequence[Mapping[str, Any]] | None = None
) -> bytes:
    """
    A workbook of what `registry.facts.Facts.month` tells: sums, lines, and what each payer paid and is owed.

    Breaks and sub-districts, as a gateway answers them, have a sheet each where there are any.
    """
    statement = told["statement"]
    sheets = {
        "汇总 Summary": _summary(told),
        "明细 Lines": _lines(statement["lines"]),
        "拨付单位 Payers": _payers(statement["payers"]),
    }
    if breaks:
        sheets["差异 Breaks"] = _breaks(breaks)
    if sub_districts is not None:
        sheets["乡镇街道园区 Sub-districts"] = _sub_districts(sub_districts)
    return filled(sheets)


def filled(sheets: Mapping[str, Iterable[Sequence[object]]]) -> bytes:
    """A workbook of these sheets, row by row: `Yuan` are money, other numbers stay numbers, and everything else is text."""
    from openpyxl import Workbook  # noqa: PLC0415 - slow to load, and few commands need it

    book = Workbook()
    for title, rows in sheets.items():
        _fill(book.create_sheet(title), rows)
    book.remove(book.worksheets[0])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _summary(told: Mapping[str, Any]) -> Iterable[Sequence[object]]:
    statement, netting = told["statement"], told["netting"]
    yield "月度核对 Month statement", china_month(told["month"])
    yield "发券地 Issuing region", str(told["home"])
    yield "服务地 Host region", str(told["host"])
    yield "链号 Chain id", str(statement["chain_id"])
    yield "登记合约 Registry", statement["registry"]
    yield "状态 State", told["state"]
    yield "月结单哈希 Hash of the statement (SHA-256)", told["hash"] or "本月未结束 the month is not over"
    yield "发券地所报 Named by the issuing region", told["home_statement"] or ""
    yield "服务地所报 Named by the host region", told["host_statement"] or ""
    yield ()
    yield "事项 Event", "", "笔数 Count", "金额（元） Yuan", "金额（分） Fen"
    for each in statement["events"]:
        yield each["event"], _event(each["event"]), each["count"], Yuan(each["total"]), each["total"]
    yield ()
    yield "月末状态 Stage at the month's end", "", "笔数 Count", "金额（元） Yuan", "金额（分） Fen"
    for each in statement["stages"]:
        yield each["stage"], STATE_WORDS["stage"][each["stage"]][0], each["count"], Yuan(each["total"]), each["total"]
    yield ()
    yield "两地轧差 Netting", "", "", "金额（元） Yuan", "金额（分） Fen"
    yield f"{netting['first']} → {netting['second']}", "应付 owes", "", Yuan(netting["first_owes"]), netting["first_owes"]
    yield f"{netting['second']} → {netting['first']}", "应付 owes", "", Yuan(netting["second_owes"]), netting["second_owes"]
    between = "无 none" if netting["debtor"] is None else f"{netting['debtor']} → {netting['creditor']}"
    yield between, "净额 net", "", Yuan(netting["net"]), netting["net"]


def _lines(lines: Iterable[Mapping[str, Any]]) -> Iterable[Sequence[object]]:
    yield (
        "时间 Time",
        "事项 Event",
        "",
        "金额（元） Yuan",
        "金额（分） Fen",
        "订单编号 Order",
        "创新券编号 Voucher",
        "券种 Programme",
        "企业 Firm",
        "服务机构 Lab",
        "兑付申请方 Paid to",
        "拨付单位 Payer",
        "状态 Stage",
        "付款流水号哈希 Hash of the payment's reference",
        "交易 Transaction",
        "位置 Position",
    )
    for each in lines:
        yield (
            china_time(each["time"]),
            each["event"],
            _event(each["event"]),
            Yuan(each["amount"]),
            each["amount"],
            each["order_id"],
            each["voucher_id"],
            each["programme"],
            each["firm"],
            each["lab"],
            each["paid_to"],
            str(each["payer"]),
            each["stage"],
            each["payment"] or "",
            each["transaction"],
            each["position"],
        )


def _payers(payers: Iterable[Mapping[str, Any]]) -> Iterable[Sequence[object]]:
    names = {
        "settled": "拨付 Settled",
        "reversed": "冲销 Reversed",
        "refunded": "退回 Refunded",
        "paid": "净付 Paid",
        "owed": "发券地应付 Owed",
    }
    yield "拨付单位 Payer", *(f"{name}（{unit}）" for name in names.values() for unit in ("元", "分"))
    for each in payers:
        yield str(each["payer"]), *(shown for name in names for shown in (Yuan(each[name]), each[name]))


def _breaks(breaks: Iterable[Mapping[str, Any]]) -> Iterable[Sequence[object]]:
    yield (
        "差异编号 Break",
        "订单编号 Order",
        "原因 Reason",
        "",
        "首见月份 Opened",
        "了结月份 Resolved",
        "链上（元） By the chain",
        "链上（分） By the chain",
        "记录（元） By the records",
        "记录（分） By the records",
        "付款流水号 References",
        "说明 Explanation",
    )
    for each in breaks:
        explanation = each["explanation"]
        yield (
            each["break_id"],
            each["order_id"],
            each["reason"],
            STATE_WORDS["reason"][each["reason"]][0],
            china_month(each["opened"]),
            "" if each["resolved"] is None else china_month(each["resolved"]),
            Yuan(each["due"]),
            each["due"],
            Yuan(each["paid"]),
            each["paid"],
            "、".join(each["references"]),
            "" if explanation is None else explanation["text"],
        )


def _sub_districts(sub_districts: Iterable[Mapping[str, Any]]) -> Iterable[Sequence[object]]:
    yield "乡镇街道园区 Sub-district", "订单数 Orders", "事项 Event", "", "笔数 Count", "金额（元） Yuan", "金额（分） Fen"
    for each in sub_districts:
        name = each["sub_district"] or "未列入名录 not in the catalogue"
        for event in each["events"]:
            yield name, each["orders"], event["event"], _event(event["event"]), event["count"], Yuan(event["total"]), event["total"]


def _event(name: str) -> str:
    return STATE_WORDS["event"][name][0]


def _fill(sheet: "Worksheet", rows: Iterable[Sequence[object]]) -> None:
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE  # noqa: PLC0415 - as above

    for number, row in enumerate(rows, start=1):
        for column, shown in enumerate(row, start=1):
            cell = sheet.cell(number, column)
            if isinstance(shown, Yuan):
                cell.value, cell.number_format = Decimal(shown) / 100, _YUAN
            elif isinstance(shown, int):
                cell.value = shown
            elif shown != "":
                # A text that begins with "=" would be taken for a formula; a control character no workbook can hold.
                cell.value = ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", str(shown))
                cell.data_type, cell.number_format = "s", _TEXT
    for letter in "ABCDEFGHIJKLMNOP":
        sheet.column_dimensions[letter].width = 22
