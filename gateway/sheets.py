"""
Reading a table that an office hands in: Excel (.xlsx) or CSV, line by line, cell by cell.

Nothing is guessed. A cell that Excel turned into a number is a fault, since it keeps 15 digits of a 20-digit one; so is a formula, whose
shown value nobody typed.

What is not here: which columns a list has, and what its cells mean.
"""

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from openpyxl import load_workbook

from gateway.errors import Problem

MOST_BYTES = 5_000_000
MOST_UNPACKED_BYTES = 10_000_000
# One cell at the far corner of a sheet makes it 17 thousand million cells large; nothing is read of a sheet beyond these.
MOST_SHEET_ROWS = 10_000
MOST_SHEET_COLUMNS = 100

_FORMULA_BEGINNINGS = ("=", "+", "-", "@")
_ZIP_MAGIC = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell says, or why nothing can be taken from it."""

    text: str
    fault: str | None = None


FAULTS: Mapping[str, str] = {
    "CellIsNumber": "单元格为数字格式，长编号会失真；请设为文本。 The cell holds a number, which loses digits; make it text.",
    "CellIsFormula": "单元格含公式；请粘贴为数值文本。 The cell holds a formula; paste its text instead.",
}
"""What is wrong with a cell, by the fault's code."""


def rows_of(content: bytes, *, most: int, excel: bool = True) -> list[tuple[int, list[Cell]]]:
    """
    The lines of a table with their numbers, the header first; empty ones are left out. Without `excel` it has to be a CSV.

    Raises:
        Problem: the file as a whole cannot be read, holds nothing, or has more than `most` rows below its header.
    """
    if len(content) > MOST_BYTES:
        raise Problem(413, "ListTooLarge", "文件过大。 The file is too large.", bytes=len(content), most=MOST_BYTES)
    if content.startswith(_ZIP_MAGIC) and not excel:
        raise Problem(422, "ListUnreadable", "须为 CSV 文件。 This list has to be a CSV file.")
    lines = _xlsx(content, most) if content.startswith(_ZIP_MAGIC) else list(_csv(content))
    if not lines:
        raise Problem(422, "ListEmpty", "文件中没有内容。 The file holds nothing.")
    body = [(line, cells) for line, cells in lines[1:] if any(cell.text.strip() or cell.fault for cell in cells)]
    if len(body) > most:
        raise too_long(len(body), most)
    return [lines[0], *body]


def columns_of(header: Sequence[Cell], known: Mapping[str, frozenset[str]], *, optional: frozenset[str] = frozenset()) -> dict[str, int]:
    """
    Where each column stands, by its name and the words that a header may have for it.

    Raises:
        Problem: one is missing or stands twice, or there are others.
    """
    found = [cell.text.strip() for cell in header]
    at = {name: [place for place, word in enumerate(found) if word in words] for name, words in known.items()}
    unknown = [word for word in found if word and not any(word in words for words in known.values())]
    if unknown or any(len(places) != 1 and not (name in optional and not places) for name, places in at.items()):
        words = [sorted(each) for each in known.values()]
        title = f"首行须为各列名称，共 {len(known)} 列。 The first line names the columns, {len(known)} of them, and no others."
        raise Problem(422, "ListHeaderDiffers", title, found=found, known=words)
    return {name: places[0] for name, places in at.items() if places}


def too_long(rows: int, most: int) -> Problem:
    """A list of more rows than are taken at once."""
    return Problem(422, "ListTooLong", "行数过多，请分批导入。 Too many rows; split the list.", rows=rows, most=most)


def _xlsx(content: bytes, most: int) -> list[tuple[int, list[Cell]]]:
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
        raise too_long(sheet.max_row, most)
    width = min(sheet.max_column, MOST_SHEET_COLUMNS)
    return [
        (line, [_xlsx_cell(cell.data_type, cell.value) for cell in row]) for line, row in enumerate(sheet.iter_rows(max_col=width), start=1)
    ]


def _unreadable() -> Problem:
    return Problem(422, "ListUnreadable", "无法读取该 Excel 文件。 The Excel file cannot be read.")


def _xlsx_cell(data_type: str, value: object) -> Cell:
    if value is None:
        return Cell("")
    if data_type == "f":
        return Cell("", "CellIsFormula")
    if data_type not in {"s", "inlineStr"}:
        return Cell("", "CellIsNumber")
    return _text_cell(str(value))


def _csv(content: bytes) -> Iterator[tuple[int, list[Cell]]]:
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


def _text_cell(text: str) -> Cell:
    return Cell("", "CellIsFormula") if text.lstrip().startswith(_FORMULA_BEGINNINGS) else Cell(text)
