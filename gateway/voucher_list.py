"""
Reading an office's list of vouchers to issue: Excel (.xlsx) or CSV, a header line, then one voucher a line (`gateway.sheets`).

Every bad row is told by its line, so that a list is corrected once and not row by row.

What is not here: whether a firm is enrolled and a voucher issued already, which the registry knows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway import sheets
from gateway.schemas import BadRow
from gateway.sheets import Cell, Limits, Line
from registry import EpochMissing, Keyring, Recipient, Region, Tag, TagError, company_code

MOST_UNPACKED_BYTES = 10_000_000
MOST_ROWS = 500
LIMITS = Limits(bytes=5_000_000, unpacked_bytes=MOST_UNPACKED_BYTES, lines=10_000, rows=MOST_ROWS)

FIRM_HEADINGS = ("企业代码", "统一社会信用代码", "firm")
SERIAL_HEADINGS = ("券号", "创新券编号", "serial")
_COLUMNS: Mapping[str, Sequence[str]] = {"firm": FIRM_HEADINGS, "serial": SERIAL_HEADINGS}


@dataclass(frozen=True, slots=True)
class Row:
    """One voucher to issue, by its line in the file, and the firm's canonical code."""

    line: int
    firm: str
    recipient: Recipient


@dataclass(frozen=True, slots=True)
class Parsed:
    """The good rows and the bad ones; `count` is how many there were."""

    rows: list[Row]
    bad: list[BadRow]
    count: int


def parse(content: bytes, *, region: Region, keyring: Keyring, epoch: int | None = None) -> Parsed:
    """
    Read a list, with tags of an epoch, by default today's. Faults of single rows are answered, not raised.

    Raises:
        Problem: the file as a whole cannot be read, has not the two columns, or has too many rows.
    """
    sheet = sheets.read(content, LIMITS)
    at = sheets.columns(sheet.header, _COLUMNS)
    return _rows(sheet.body, at["firm"], at["serial"], region=region, keyring=keyring, epoch=epoch)


def of_pairs(pairs: Sequence[tuple[str, str]], *, region: Region, keyring: Keyring, epoch: int | None = None) -> Parsed:
    """The same of firms and serials that came as JSON; lines are counted from 1."""
    body = [Line(number, [Cell(firm), Cell(serial)]) for number, (firm, serial) in enumerate(pairs, start=1)]
    return _rows(body, 0, 1, region=region, keyring=keyring, epoch=epoch)


def _rows(
    body: Sequence[Line], firm_at: int | None, serial_at: int | None, *, region: Region, keyring: Keyring, epoch: int | None
) -> Parsed:
    rows: list[Row] = []
    bad: list[BadRow] = []
    first_line: dict[Tag, int] = {}
    for each in body:
        line, firm, serial = each.number, each.at(firm_at), each.at(serial_at)
        fault = firm.text_fault or serial.text_fault
        if fault is not None:
            bad.append(BadRow(line=line, code=fault, message=sheets.FAULTS[fault]))
            continue
        if not firm.text.strip() or not serial.text.strip():
            bad.append(BadRow(line=line, code="CellEmpty", message="企业代码或券号为空。 Firm or serial is empty."))
            continue
        try:
            recipient = Recipient(keyring.firm(firm.text, epoch=epoch), keyring.serial(region, serial.text, epoch=epoch))
        except EpochMissing:
            raise
        except TagError as refused:
            bad.append(BadRow(line=line, code="CodeRefused", message=str(refused)))
            continue
        if recipient.serial in first_line:
            first = first_line[recipient.serial]
            bad.append(BadRow(line=line, code="SerialRepeated", message=f"券号与第 {first} 行重复。 The serial of line {first}."))
            continue
        first_line[recipient.serial] = line
        rows.append(Row(line, company_code(firm.text), recipient))
    return Parsed(rows, bad, len(body))
