"""
Reading an office's list of vouchers to issue: Excel (.xlsx) or CSV, a header line, then one voucher a line.

Nothing is guessed. A cell that Excel turned into a number is refused, since it keeps 15 digits of a 20-digit one; so is a formula,
whose shown value nobody typed. Every bad row is told by its line, so that a list is corrected once and not row by row.

What is not here: whether a firm is enrolled and a voucher issued already, which the registry knows.
"""

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from openpyxl import load_workbook

from gateway.errors import Problem
from gateway.schemas import BadRow
from registry import CodeRefused, EpochMissing, Keyring, Recipient, Region, Tag, TagError, company_code

MOST_BYTES = 5_000_000
MOST_UNPACKED_BYTES = 10_000_000
MOST_ROWS = 500
# One cell at the far corner of a sheet makes it 17 thousand million cells large; nothing is read of a sheet beyond these.
MOST_SHEET_ROWS = 10_000
MOST_SHEET_COLUMNS = 100

_FIRM_HEADERS = frozenset({"firm", "企业代码", "统一社会信用代码"})
_SERIAL_HEADERS = frozenset({"serial", "券号", "创新券编号"})
_FORMULA_BEGINNINGS = ("=", "+", "-", "@")
_ZIP_MAGIC = b"PK\x03\x04"


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


@dataclass(frozen=True, slots=True)
class _Cell:
    text: str
    fault: str | None = None


def parse(content: bytes, *, region: Region, keyring: Keyring, epoch: int | None = None) -> Parsed:
    """
    Read a list, with tags of an epoch, by default today's. Faults of single rows are answered, not raised.

    Raises:
        Problem: the file as a whole cannot be read, has not the two columns, or has too many rows.
    """
    if len(content) > MOST_BYTES:
        raise Problem(413, "ListTooLarge", "文件过大。 The file is too large.", bytes=len(content), most=MOST_BYTES)
    lines = _xlsx(content) if content.startswith(_ZIP_MAGIC) else list(_csv(content))
    if not lines:
        raise Problem(422, "ListEmpty", "文件中没有内容。 The file holds nothing.")
    firm_at, serial_at = _columns([cell.text.strip() for cell in lines[0][1]])
    body = [(line, cells) for line, cells in lines[1:] if any(cell.text.strip() or cell.fault for cell in cells)]
    if not body:
        raise Problem(422, "ListEmpty", "文件中没有内容。 The file holds no row.")
    if len(body) > MOST_ROWS:
        raise too_long(len(body))
    return _rows(body, firm_at, serial_at, region=region, keyring=keyring, epoch=epoch)


def of_pairs(pairs: Sequence[tuple[str, str]], *, region: Region, keyring: Keyring, epoch: int | None = None) -> Parsed:
    """The same of firms and serials that came as JSON; lines are counted from 1."""
    body = [(line, [_Cell(firm), _Cell(serial)]) for line, (firm, serial) in enumerate(pairs, start=1)]
    return _rows(body, 0, 1, region=region, keyring=keyring, epoch=epoch)


def _rows(
    body: Sequence[tuple[int, list[_Cell]]], firm_at: int, serial_at: int, *, region: Region, keyring: Keyring, epoch: int | None
) -> Parsed:
    rows: list[Row] = []
    bad: list[BadRow] = []
    first_line: dict[Tag, int] = {}
    for line, cells in body:
        firm, serial = (cells[at] if at < len(cells) else _Cell("") for at in (firm_at, serial_at))
        fault = firm.fault or serial.fault
        if fault is not None:
            bad.append(BadRow(line=line, code=fault, message=_FAULTS[fault]))
            continue
        if not firm.text.strip() or not serial.text.strip():
            bad.append(BadRow(line=line, code="CellEmpty", message="企业代码或券号为空。 Firm or serial is empty."))
            continue
        try:
            recipient = Recipient(keyring.firm(firm.text, epoch=epoch), keyring.serial(region, serial.text, epoch=epoch))
        except EpochMissing:
            raise
        except TagError as refused:
            kind = refused.kind if isinstance(refused, CodeRefused) else "tag"
            bad.append(BadRow(line=line, code="CodeRefused", message=f"{kind}: {refused}"))
            continue
        if recipient.serial in first_line:
            first = first_line[recipient.serial]
            bad.append(BadRow(line=line, code="SerialRepeated", message=f"券号与第 {first} 行重复。 The serial of line {first}."))
            continue
        first_line[recipient.serial] = line
        rows.append(Row(line, company_code(firm.text), recipient))
    return Parsed(rows, bad, len(body))


_FAULTS = {
    "CellIsNumber": "单元格为数字格式，长编号会失真；请设为文本。 The cell holds a number, which loses digits; make it text.",
    "CellIsFormula": "单元格含公式；请粘贴为数值文本。 The cell holds a formula; paste its text instead.",
}


def _columns(header: Sequence[str]) -> tuple[int, int]:
    firm = [at for at, name in enumerate(header) if name in _FIRM_HEADERS]
    serial = [at for at, name in enumerate(header) if name in _SERIAL_HEADERS]
    unknown = [name for name in header if name and name not in _FIRM_HEADERS | _SERIAL_HEADERS]
    if len(firm) != 1 or len(serial) != 1 or unknown:
        raise Problem(
            422,
            "ListHeaderDiffers",
            "首行须为“企业代码”和“券号”两列。 The first line names two columns: firm and serial.",
            found=list(header),
        )
    return firm[0], serial[0]


def _xlsx(content: bytes) -> list[tuple[int, list[_Cell]]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(each.file_size for each in archive.infolist())
    except zipfile.BadZipFile as unreadable:
        raise _unreadable() from unreadable
    if unpacked > MOST_UNPACKED_BYTES:
        raise Problem(413, "ListTooLarge", "文件过大。 The file is too large.", bytes=unpacked, most=MOST_UNPACKED_BYTES)
    try:
        # Not read-only: the quick reader of openpyxl believes the size that the sheet states of itself.
        sheet = load_workbook(io.BytesIO(content), data_only=False).worksheets[0]
    except Exception as unreadable:  # openpyxl fails on a malformed file in many ways, none of them documented
        raise _unreadable() from unreadable
    if sheet.max_row > MOST_SHEET_ROWS:
        raise too_long(sheet.max_row)
    width = min(sheet.max_column, MOST_SHEET_COLUMNS)
    return [
        (line, [_xlsx_cell(cell.data_type, cell.value) for cell in row]) for line, row in enumerate(sheet.iter_rows(max_col=width), start=1)
    ]


def too_long(rows: int) -> Problem:
    """A list of more rows than are issued at once."""
    return Problem(422, "ListTooLong", "行数过多，请分批导入。 Too many rows; split the list.", rows=rows, most=MOST_ROWS)


def _unreadable() -> Problem:
    return Problem(422, "ListUnreadable", "无法读取该 Excel 文件。 The Excel file cannot be read.")


def _xlsx_cell(data_type: str, value: object) -> _Cell:
    if value is None:
        return _Cell("")
    if data_type == "f":
        return _Cell("", "CellIsFormula")
    if data_type not in {"s", "inlineStr"}:
        return _Cell("", "CellIsNumber")
    return _text_cell(str(value))


def _csv(content: bytes) -> Iterator[tuple[int, list[_Cell]]]:
    reader = csv.reader(io.StringIO(_decoded(content), newline=""), strict=True)
    try:
        for cells in reader:
            yield reader.line_num, [_text_cell(cell) for cell in cells]
    except csv.Error as malformed:
        raise Problem(422, "ListUnreadable", "无法读取该 CSV 文件。 The CSV file cannot be read.", line=reader.line_num) from malformed


def _decoded(content: bytes) -> str:
    # Excel in Chinese writes CSV in GB 18030 unless told otherwise.
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Problem(422, "ListUnreadable", "文件编码须为 UTF-8 或 GB 18030。 The file is neither UTF-8 nor GB 18030.")


def _text_cell(text: str) -> _Cell:
    return _Cell("", "CellIsFormula") if text.lstrip().startswith(_FORMULA_BEGINNINGS) else _Cell(text)
