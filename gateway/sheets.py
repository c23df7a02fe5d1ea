"""
Reading what an office hands in as a list: Excel (.xlsx) or CSV, a header line, then one row a line. Pure.

Nothing is guessed. A cell that Excel turned into a number is refused, since it keeps 15 digits of a 20-digit one; so is a formula,
whose shown value nobody typed. A date that Excel keeps as a date is one, and is read as `2026-12-31`.

What is not here: what columns a list has and what stands in them (`gateway.voucher_list`, `gateway.catalogue_list`,
`gateway.opening_list`, `gateway.payment_list`, `gateway.sub_districts`).
"""

import csv
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from itertools import islice

from openpyxl import load_workbook

from gateway.errors import Problem

# One cell at the far corner of a sheet makes it 17 thousand million cells large; nothing is read of a sheet beyond this.
MOST_COLUMNS = 100
# A workbook packs a million empty cells into a few kilobytes, each a hundred times as large once it is read. A row of the widest list has
# fewer than this many "<", the texts of its cells included.
MOST_MARKS_A_ROW = 150
# So many of them begin a cell or a shared text; the widest list has 19 columns.
MOST_CELLS_A_ROW = 40
# A row is read as a whole, with all its cells; a sheet has 16,384 columns.
MOST_MARKS_IN_ONE_ROW = 20_000
# What a workbook says besides its sheets and their texts (styles, names, relations) is no longer for a longer list.
MOST_MARKS_BESIDES = 50_000
_OF_THE_LIST = ("xl/worksheets/", "xl/sharedStrings.xml")
_CELL = re.compile(rb"<(?:[\w.-]+:)?(?:c|si)\b")
_ROW = re.compile(rb"<(/?)(?:[\w.-]+:)?(?:row|sheetData)\b")

_FORMULA_BEGINNINGS = ("=", "+", "-", "@")
_ZIP_MAGIC = b"PK\x03\x04"
# What zipfile fails with: malformed, packed in a way that it does not know, encrypted, not what deflate writes.
_MALFORMED_ZIP = (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError, OSError, struct.error, zlib.error)

FAULTS: Mapping[str, str] = {
    "CellIsNumber": "单元格为数字格式，长编号会失真；请设为文本。 The cell holds a number, which loses digits; make it text.",
    "CellIsFormula": "单元格含公式；请粘贴为数值文本。 The cell holds a formula; paste its text instead.",
}
"""Why a cell was refused, in words."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a file is read: its bytes, those of a workbook unpacked, lines of a sheet, and rows below the header."""

    bytes: int
    unpacked_bytes: int
    lines: int
    rows: int


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell's text as it was typed, or why it is refused."""

    text: str
    fault: str | None = None
    is_date: bool = False

    @property
    def text_fault(self) -> str | None:
        """Why nothing can be taken from it where no date belongs: its fault, or that Excel made a date of what was typed."""
        return self.fault or ("CellIsNumber" if self.is_date else None)


_EMPTY = Cell("")
"""One for all that are empty: a sheet may have millions."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line by its number in the file, counted from 1."""

    number: int
    cells: Sequence[Cell]

    def at(self, column: int | None) -> Cell:
        """A column's cell; an empty one where the line is shorter, or there is no such column."""
        return self.cells[column] if column is not None and column < len(self.cells) else _EMPTY


@dataclass(frozen=True, slots=True)
class Sheet:
    """A list's header, as it was typed, and the lines below it that are not blank."""

    header: Sequence[str]
    body: Sequence[Line]


def read(content: bytes, limits: Limits, *, excel: bool = True, bare: bool = False) -> Sheet:
    """
    Read a list. Faults of single cells are answered, not raised.

    Without `excel` it has to be a CSV. `bare` takes a header without rows, where that says something.

    Raises:
        Problem: the file as a whole cannot be read, holds nothing, or is too large.
    """
    if len(content) > limits.bytes:
        raise _too_large(len(content), limits.bytes)
    if content.startswith(_ZIP_MAGIC) and not excel:
        raise Problem(422, "ListUnreadable", "须为 CSV 文件。 This list has to be a CSV file.")
    lines = (_xlsx if content.startswith(_ZIP_MAGIC) else _csv)(content, limits)
    if not lines:
        raise Problem(422, "ListEmpty", "文件中没有内容。 The file holds nothing.")
    body = [line for line in lines[1:] if any(cell.text.strip() or cell.fault for cell in line.cells)]
    if not body and not bare:
        raise Problem(422, "ListEmpty", "文件中没有内容。 The file holds no row.")
    if len(body) > limits.rows:
        raise too_long(len(body), limits.rows)
    return Sheet([cell.text.strip() for cell in lines[0].cells], body)


def columns(header: Sequence[str], names: Mapping[str, Collection[str]], *, optional: Collection[str] = ()) -> dict[str, int | None]:
    """
    Where each column stands, by any of its headings; None for an optional one that is not there.

    Raises:
        Problem: one is missing, stands twice, or is none of these.
    """
    found = {name: [at for at, text in enumerate(header) if text in headings] for name, headings in names.items()}
    known = {text for headings in names.values() for text in headings}
    missing = [name for name, places in found.items() if len(places) != 1 and not (name in optional and not places)]
    if missing or any(text and text not in known for text in header):
        wanted = "、".join(next(iter(headings)) for headings in names.values())
        title = f"首行须为以下各列：{wanted}。 The first line names these columns: {', '.join(names)}."
        raise Problem(422, "ListHeaderDiffers", title, found=list(header), known=[list(headings) for headings in names.values()])
    return {name: places[0] if places else None for name, places in found.items()}


def too_long(rows: int, most: int) -> Problem:
    """A list of more rows than are taken at once."""
    return Problem(422, "ListTooLong", "行数过多，请分批导入。 Too many rows; split the list.", rows=rows, most=most)


def _xlsx(content: bytes, limits: Limits) -> list[Line]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(each.file_size for each in archive.infolist())
            if unpacked > limits.unpacked_bytes or _has_too_many_marks(archive, limits):
                raise _too_large(unpacked, limits.unpacked_bytes)
    except _MALFORMED_ZIP as unreadable:
        raise _unreadable() from unreadable
    try:
        # Read-only: else one merged range or link over a whole sheet makes a cell of each of its 17 thousand million places.
        sheet = load_workbook(io.BytesIO(content), read_only=True, data_only=False).worksheets[0]
        sheet.reset_dimensions()  # the size that the sheet states of itself is not believed
        rows = sheet.iter_rows(max_col=MOST_COLUMNS)
        lines = [
            Line(number, [_xlsx_cell(cell.data_type, cell.value) for cell in row])
            for number, row in enumerate(islice(rows, limits.lines + 1), start=1)
        ]
    except Exception as unreadable:  # openpyxl fails on a malformed file in many ways, none of them documented
        raise _unreadable() from unreadable
    if len(lines) > limits.lines:
        raise too_long(len(lines), limits.rows)
    return lines


def _has_too_many_marks(archive: zipfile.ZipFile, limits: Limits) -> bool:
    of_list = cells = besides = 0
    for each in archive.infolist():
        part = archive.read(each)
        if not each.filename.startswith(_OF_THE_LIST):
            besides += part.count(b"<")
            continue
        of_list += part.count(b"<")
        # Before anything is made of them; with a zero byte it is UTF-16, in which nothing here would be found.
        if of_list > limits.rows * MOST_MARKS_A_ROW or b"\0" in part:
            return True
        cells += sum(1 for _ in _CELL.finditer(part))
        if any(marks > MOST_MARKS_IN_ONE_ROW for marks in _marks_of_rows(part)):
            return True
    return cells > limits.rows * MOST_CELLS_A_ROW or besides > MOST_MARKS_BESIDES


def _marks_of_rows(part: bytes) -> Iterator[int]:
    """How many marks each row of a sheet has; of each alone, since a sheet may be rows and nothing else."""
    begun: int | None = None
    for found in _ROW.finditer(part):
        if begun is not None:
            yield part.count(b"<", begun, found.start())
        begun = None if found[1] else found.end()
    if begun is not None:
        yield part.count(b"<", begun)


def _too_large(size: int, most: int) -> Problem:
    return Problem(413, "ListTooLarge", "文件过大。 The file is too large.", bytes=size, most=most)


def _unreadable() -> Problem:
    return Problem(422, "ListUnreadable", "无法读取该 Excel 文件。 The Excel file cannot be read.")


def _xlsx_cell(data_type: str, value: object) -> Cell:
    if value is None:
        return _EMPTY
    if data_type == "f":
        return Cell("", "CellIsFormula")
    if isinstance(value, datetime) and value.time() == time.min:
        return Cell(f"{value:%Y-%m-%d}", is_date=True)
    if data_type not in {"s", "inlineStr"}:
        return Cell("", "CellIsNumber")
    return _text_cell(str(value))


def _csv(content: bytes, limits: Limits) -> list[Line]:
    reader = csv.reader(io.StringIO(_decoded(content), newline=""), strict=True)
    lines: list[Line] = []
    try:
        for cells in reader:
            if len(lines) == limits.lines:
                raise too_long(reader.line_num, limits.rows)
            lines.append(Line(reader.line_num, [_text_cell(cell) for cell in cells[:MOST_COLUMNS]]))
    except csv.Error as malformed:
        raise Problem(422, "ListUnreadable", "无法读取该 CSV 文件。 The CSV file cannot be read.", line=reader.line_num) from malformed
    return lines


def _decoded(content: bytes) -> str:
    # Excel in Chinese writes CSV in GB 18030 unless told otherwise.
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Problem(422, "ListUnreadable", "文件编码须为 UTF-8 或 GB 18030。 The file is neither UTF-8 nor GB 18030.")


def _text_cell(text: str) -> Cell:
    return Cell("", "CellIsFormula") if text.lstrip().startswith(_FORMULA_BEGINNINGS) else Cell(text)
