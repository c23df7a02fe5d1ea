"""
A report as an Excel workbook (.xlsx), for people; what counts is its canonical form (`registry.reports`).

Made of a report's document, whichever report it is: its plain members on the first sheet, each list of records on one of its own. As in
a month's workbook, every id and code is text, money stands in yuan as a number and in fen as text, and there is no formula.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from registry.china import LAST_SECOND, china_month, china_time
from registry.workbook import Yuan, filled

_SUMMARY = "汇总 Summary"

# A sheet's name has 31 characters at most.
_SHEETS = {
    "stages": "状态 Stages",
    "months": "各月 Months",
    "waits": "时效 Waits",
    "late": "超时 Late",
    "orders": "待拨付 To be paid",
    "left_out": "不予拨付 Left out",
    "labs.largest": "服务机构 Labs",
    "firms.largest": "企业 Firms",
    "caps.at_cap": "恰在上限 At a cap",
    "bursts.labs": "到期前集中 Bursts",
    "service_types": "服务类型 Service types",
    "outliers": "价格异常 Outliers",
    "regions": "发券地 Regions",
}
_COLUMNS = {
    "accepted": "审核通过时间 Accepted",
    "across": "跨区域 Across",
    "amount": "金额 Amount",
    "asked": "",
    "attempt": "第几次申请 Attempt",
    "before_end": "到期前 Before the end",
    "cap": "上限 Cap",
    "catalogue_sha256": "服务类型名录哈希 Catalogue (SHA-256)",
    "chain_id": "链号 Chain id",
    "cost": "成交额 Cost",
    "count": "笔数 Count",
    "ended": "已了结 Ended",
    "ended_late": "其中超时 Of these late",
    "face": "消耗面额 Face consumed",
    "firm": "企业 Firm",
    "firms": "企业数 Firms",
    "format": "报表 Report",
    "heading": "口径与阈值 Heading",
    "high": "偏高 High",
    "highest": "上界 Highest",
    "home": "发券地 Issuing region",
    "issued": "发放 Issued",
    "judged": "已判断 Judged",
    "lab": "服务机构 Lab",
    "lab_code": "机构编码 Lab's code",
    "lab_region": "服务地 Lab's region",
    "labs": "服务机构数 Labs",
    "left_out_total": "不予拨付合计 Left out, total",
    "longest": "最长（秒） Longest (s)",
    "lower_quartile": "下四分位 Lower quartile",
    "lowest": "下界 Lowest",
    "marked": "达到阈值 Marked",
    "median": "中位数（秒） Median (s)",
    "median_cost": "中位数 Median",
    "month": "月份 Month",
    "ninth_tenth": "九成以内（秒） 90 % within (s)",
    "offset": "抵用金额 Offset",
    "order_id": "订单编号 Order",
    "ordered": "锁定 Ordered",
    "orders": "订单数 Orders",
    "paid_to": "兑付申请方 Paid to",
    "payee": "收款方编号 Payee",
    "payer": "拨付单位 Payer",
    "programme": "券种 Programme",
    "programme_id": "券种编号 Programme id",
    "reasons": "原因 Reasons",
    "recovered": "已退回 Recovered",
    "redeemed": "使用 Redeemed",
    "refunded": "已退回 Refunded",
    "region": "地区 Region",
    "registry": "登记合约 Registry",
    "returned": "释放 Returned",
    "seconds": "已等待（秒） Waiting (s)",
    "service_type": "服务类型 Service type",
    "settled": "已兑付 Settled",
    "share_bps": "占比（万分之） Share (1/10,000)",
    "since": "起 Since",
    "stage": "状态 Stage",
    "standing": "等待中 Waiting",
    "standing_longest": "等待最长（秒） Longest waiting (s)",
    "subject": "编号 Subject",
    "subjects": "总数 Subjects",
    "total": "合计 Total",
    "until": "止 Until",
    "upper_quartile": "上四分位 Upper quartile",
    "uses": "使用次数 Uses",
    "vouchers": "券数 Vouchers",
    "wait": "环节 Step",
    "year": "年度 Year",
}
_TIMES = frozenset({"since", "until", "accepted"})
# A period may end later than any calendar does.
_FEN = frozenset(
    {
        "amount",
        "cap",
        "cost",
        "face",
        "highest",
        "left_out_total",
        "lower_quartile",
        "lowest",
        "median_cost",
        "offset",
        "ordered",
        "recovered",
        "refunded",
        "returned",
        "total",
        "upper_quartile",
    }
)


def report_workbook(told: Mapping[str, Any]) -> bytes:
    """A workbook of what `registry.reporting.Reporting.told` tells."""
    document = told["report"]
    plain = [(name, value) for name, value in _flat(document) if not isinstance(value, list)]
    summary = [("报表哈希 Hash of the report (SHA-256)", told["hash"]), ("已定 Final", "是 yes" if told["final"] else "否 no")]
    sheets: dict[str, Iterable[Sequence[object]]] = {_SUMMARY: [*summary, *(_row(name, value) for name, value in plain)]}
    for name, records in _lists(document):
        sheets[_SHEETS[name]] = _table(records)
    return filled(sheets)


def _row(name: str, value: object) -> Sequence[object]:
    return _words(name), *_cells(name.rpartition(".")[2], value)


def _table(records: Sequence[Mapping[str, Any]]) -> Iterator[Sequence[object]]:
    rows = [[(name, value) for name, value in _flat(record) if not _is_list_of_records(value)] for record in records]
    if rows:
        yield [title for name, value in rows[0] for title in _titles(name, value)]
    for row in rows:
        yield [cell for name, value in row for cell in _cells(name.rpartition(".")[2], value)]


def _titles(name: str, value: object) -> Sequence[str]:
    words = _words(name)
    return (f"{words}（元 yuan）", f"{words}（分 fen）") if _is_fen(name.rpartition(".")[2], value) else (words,)


def _cells(name: str, value: object) -> Sequence[object]:
    if _is_fen(name, value):
        return Yuan(str(value)), str(value)
    if name in _TIMES and isinstance(value, int):
        return (china_time(value) if value <= LAST_SECOND else value,)
    if name == "month" and isinstance(value, int):
        return (china_month(value),)
    if isinstance(value, list):
        return ("、".join(map(str, value)),)
    if isinstance(value, bool):
        return ("是 yes" if value else "否 no",)
    return ("" if value is None else value,)


def _is_fen(name: str, value: object) -> bool:
    return name in _FEN and isinstance(value, str)


def _flat(record: Mapping[str, Any], under: str = "") -> Iterator[tuple[str, Any]]:
    """Members by their names, those of an object within behind its own name; parameters stand in the heading."""
    for name, value in record.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{under}{name}.")
        elif name != "parameters":
            yield f"{under}{name}", value


def _lists(document: Mapping[str, Any]) -> Iterator[tuple[str, Sequence[Mapping[str, Any]]]]:
    """Every list of records, and those within its records, each joined into one, with what it belongs to."""
    for name, value in _flat(document):
        if _is_list_of_records(value) or (isinstance(value, list) and name in _SHEETS):
            yield name, value
            for inner in ("late", "outliers"):
                found = [_belonging(record, each) for record in value if inner in record for each in record[inner]]
                if found:
                    yield inner, found


def _belonging(record: Mapping[str, Any], inner: Mapping[str, Any]) -> dict[str, Any]:
    return {name: record[name] for name in ("wait", "region", "service_type") if name in record} | dict(inner)


def _is_list_of_records(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _words(name: str) -> str:
    return " · ".join(_COLUMNS.get(part, part) for part in name.split("."))
