"""
Reading a payer's payment records (付款记录) for a month: a CSV from its bank or finance system, a header line, then one payment a line.

    订单编号 order   收款方代码 payee   金额（元） amount   类型 kind   付款流水号 reference   日期 date
    0x…              91330522…          4800.00             拨付         PAY-1                  2026-11-03

`kind` is 拨付 PAYMENT, or 退回 REFUND for money that came back, whose payee may be left out. One payment may pay several orders, a line
each. Nothing is guessed, and every bad row is told by its line, so that a file is corrected once and not row by row.

What is not here: whether the chain knows the orders, which is what breaks are about (`registry.breaks`).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from gateway import sheets
from gateway.schemas import BadRow
from gateway.sheets import Cell, Limits
from registry import Digest, Fen, Id, TagError, company_code, fen_of

LIMITS = Limits(bytes=5_000_000, unpacked_bytes=10_000_000, lines=20_000, rows=10_000)
MOST_CHARACTERS = 200

_COLUMNS: Mapping[str, Sequence[str]] = {
    "order": ("订单编号", "order"),
    "payee": ("收款方代码", "payee"),
    "amount": ("金额（元）", "金额(元)", "amount"),
    "kind": ("类型", "kind"),
    "reference": ("付款流水号", "reference"),
    "date": ("日期", "date"),
}
_KINDS = {"拨付": False, "PAYMENT": False, "退回": True, "REFUND": True}
_ORDER = re.compile(r"0x[0-9a-fA-F]{64}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# What Excel makes of a long number when it writes a CSV: its digits are lost. And what a number becomes that was never text.
_LOST_DIGITS = re.compile(r"[0-9]+(?:\.[0-9]+)?[eE]\+?[0-9]+|[0-9]+\.[0-9]+")

_MESSAGES = {
    **sheets.FAULTS,
    "CellEmpty": "有空单元格。 A cell is empty.",
    "OrderMalformed": "订单编号为 0x 加 64 位十六进制数字。 An order's id is 0x and 64 hexadecimal digits.",
    "AmountMalformed": "金额以元为单位，最多两位小数，无千分位、无符号、大于 0。 Yuan, at most two decimals, no sign, no commas, above 0.",
    "KindUnknown": "类型为“拨付”或“退回”。 The kind is PAYMENT or REFUND.",
    "DateMalformed": "日期形如 2026-11-03。 A date is 2026-11-03.",
    "NotOfMonth": "日期晚于所报月份。 The date is after the month that the file is for.",
    "TextTooLong": "付款流水号过长。 The reference is too long.",
}


Key = tuple[Id, bool, Digest]


@dataclass(frozen=True, slots=True)
class Row:
    """
    One payment, or one refund, by its line. `payee` is a canonical company code, empty where a refund names none.

    `payment` is the hash of the reference as the chain has it.
    """

    line: int
    order: Id
    payee: str
    amount: Fen
    refund: bool
    reference: str
    payment: Digest
    date: str

    @property
    def key(self) -> Key:
        """What is the same payment, whichever file it stands in."""
        return self.order, self.refund, self.payment


@dataclass(frozen=True, slots=True)
class Parsed:
    """The good rows and the bad ones; `count` is how many there were."""

    rows: list[Row]
    bad: list[BadRow]
    count: int


class _Fault(Exception):
    pass


def parse(content: bytes, *, month: int, named: Callable[[str], Digest], bare: bool = False) -> Parsed:
    """
    Read the records of a month; `named` hashes a payment's reference. `bare` takes a header alone, where that says something.

    Faults of single rows are answered, not raised.

    Raises:
        Problem: the file as a whole cannot be read, has not these columns, or has too many rows.
    """
    sheet = sheets.read(content, LIMITS, excel=False, bare=bare)
    at = sheets.columns(sheet.header, _COLUMNS)
    rows: list[Row] = []
    bad: list[BadRow] = []
    first_line: dict[Key, int] = {}
    for each in sheet.body:
        line = each.number
        try:
            row = _row(line, {name: each.at(column) for name, column in at.items()}, month, named)
        except _Fault as fault:
            bad.append(BadRow(line=line, code=str(fault), message=_MESSAGES[str(fault)]))
        except TagError as refused:
            bad.append(BadRow(line=line, code="CodeRefused", message=str(refused)))
        else:
            if row.key in first_line:
                bad.append(repeated(line, f"第 {first_line[row.key]} 行", f"line {first_line[row.key]}"))
            first_line.setdefault(row.key, line)
            rows.append(row)
    return Parsed(rows, bad, len(sheet.body))


def repeated(line: int, zh: str, en: str) -> BadRow:
    """A row that stands elsewhere already."""
    message = f"与{zh}为同一笔：订单、类型、付款流水号相同。 The same order, kind and reference as in {en}."
    return BadRow(line=line, code="PaymentRepeated", message=message)


def _row(line: int, cells: dict[str, Cell], month: int, named: Callable[[str], Digest]) -> Row:
    for cell in cells.values():
        if cell.fault is not None:
            raise _Fault(cell.fault)
    told = {name: cell.text.strip() for name, cell in cells.items()}
    refund = _kind(told["kind"])
    if not all(told[name] for name in told if not (refund and name == "payee")):
        raise _Fault("CellEmpty")
    return Row(
        line=line,
        order=_order(told["order"]),
        payee=company_code(told["payee"]) if told["payee"] else "",
        amount=_amount(told["amount"]),
        refund=refund,
        reference=_reference(told["reference"]),
        payment=named(told["reference"]),
        date=_date(told["date"], month),
    )


def _kind(text: str) -> bool:
    if not text:
        raise _Fault("CellEmpty")
    if text not in _KINDS:
        raise _Fault("KindUnknown")
    return _KINDS[text]


def _order(text: str) -> Id:
    if _LOST_DIGITS.fullmatch(text):
        raise _Fault("CellIsNumber")
    if not _ORDER.fullmatch(text):
        raise _Fault("OrderMalformed")
    return Id(bytes.fromhex(text[2:]))


def _amount(text: str) -> Fen:
    amount = fen_of(text)
    if not amount:
        raise _Fault("AmountMalformed")
    return amount


def _reference(text: str) -> str:
    if _LOST_DIGITS.fullmatch(text):
        raise _Fault("CellIsNumber")
    if len(text) > MOST_CHARACTERS:
        raise _Fault("TextTooLong")
    return text


def _date(text: str, month: int) -> str:
    try:
        day = date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None:
        raise _Fault("DateMalformed")
    if day.year * 100 + day.month > month:
        raise _Fault("NotOfMonth")
    return text
