"""
Reading catalogue lists (共享资源目录): labs (服务机构) under their host units, and their items (服务条目). Pure.

One list serves all regions: each row names its region, and by whom it is recognised. What a gateway makes of a row (admit, list,
recognise, or nothing) is its own region's affair (`gateway.catalogue_plan`).

Every bad row is told by its line; of a list with one bad row nothing is taken. What is not here: what only the registry knows.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from gateway import sheets
from gateway.cells import Cells, Refused
from gateway.schemas import BadRow
from gateway.sheets import Limits
from registry import NO_ADDRESS, Address, Region, Time, checksummed

LABS = Limits(bytes=5_000_000, unpacked_bytes=20_000_000, lines=10_000, rows=5_000)
ITEMS = Limits(bytes=5_000_000, unpacked_bytes=80_000_000, lines=40_000, rows=30_000)

_REGION = re.compile("[1-9][0-9]{5}")
_ACCOUNT = re.compile("0x[0-9a-fA-F]{40}")
_BETWEEN = re.compile(r"[、;；|/\s]+")

_WINDOW: Mapping[str, Sequence[str]] = {
    "recognised_by": ("互认地区", "recognised_by"),
    "from": ("互认起始日", "from"),
    "until": ("互认截止日", "until"),
}
_LAB_COLUMNS: Mapping[str, Sequence[str]] = {
    "region": ("地区代码", "region"),
    "host_unit": ("依托单位代码", "host_unit"),
    "unit": ("依托单位", "unit"),
    "code": ("服务机构代码", "code"),
    "name": ("服务机构名称", "name"),
    "services": ("服务类型", "services"),
    "place": ("所在地", "place"),
    "signer": ("签名账户", "signer"),
    "seller": ("开票单位代码", "seller"),
    "qualified_until": ("资质截止日", "qualified_until"),
    **_WINDOW,
}
_ITEM_COLUMNS: Mapping[str, Sequence[str]] = {
    "region": ("地区代码", "region"),
    "host_unit": ("依托单位代码", "host_unit"),
    "lab": ("服务机构代码", "lab"),
    "code": ("条目代码", "code"),
    "name": ("条目名称", "name"),
    "services": ("服务类型", "services"),
    "place": ("所在地", "place"),
    **_WINDOW,
}
_OPTIONAL = frozenset({"seller", *_WINDOW})


@dataclass(frozen=True, slots=True)
class Recognition:
    """By which regions a lab or item is recognised, from when until when, both inclusive."""

    by: tuple[Region, ...]
    from_: Time
    until: Time


@dataclass(frozen=True, slots=True)
class LabRow:
    """One lab. Company codes are canonical; `seller` is the host unit's where the list names none."""

    line: int
    region: Region
    host_unit: str
    unit: str
    code: str
    name: str
    services: tuple[str, ...]
    place: str
    signer: Address
    seller: str
    qualified_until: Time
    recognition: Recognition | None

    @property
    def key(self) -> tuple[Region, str, str]:
        """What makes it this lab."""
        return self.region, self.host_unit, self.code


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One item of a lab."""

    line: int
    region: Region
    host_unit: str
    lab: str
    code: str
    name: str
    services: tuple[str, ...]
    place: str
    recognition: Recognition | None

    @property
    def lab_key(self) -> tuple[Region, str, str]:
        """What makes its lab that lab."""
        return self.region, self.host_unit, self.lab

    @property
    def key(self) -> tuple[Region, str, str, str]:
        """What makes it this item."""
        return *self.lab_key, self.code


R = TypeVar("R", LabRow, ItemRow)


@dataclass(frozen=True, slots=True)
class Parsed(Generic[R]):
    """The good rows and the bad ones; `count` is how many there were."""

    rows: Sequence[R]
    bad: Sequence[BadRow]
    count: int


def labs(content: bytes) -> Parsed[LabRow]:
    """
    Read a list of labs. Faults of single rows are answered, not raised.

    Raises:
        Problem: the file as a whole cannot be read, has not these columns, or has too many rows.
    """
    parsed = _parsed(content, LABS, _LAB_COLUMNS, _lab)
    return _without(parsed, _repeated(parsed.rows, "LabRepeated", "服务机构", "The lab"), _renamed(parsed.rows))


def items(content: bytes) -> Parsed[ItemRow]:
    """A list of items, likewise."""
    parsed = _parsed(content, ITEMS, _ITEM_COLUMNS, _item)
    return _without(parsed, _repeated(parsed.rows, "ItemRepeated", "服务条目", "The item"))


def _parsed(content: bytes, limits: Limits, headings: Mapping[str, Sequence[str]], make: "Callable[[_Cells], R]") -> Parsed[R]:
    sheet = sheets.read(content, limits)
    places = sheets.columns(sheet.header, headings, optional=_OPTIONAL)
    rows: list[R] = []
    bad: list[BadRow] = []
    for line in sheet.body:
        try:
            rows.append(make(_Cells(line, places, headings)))
        except Refused as refused:
            bad.append(BadRow(line=line.number, code=refused.code, message=str(refused)))
    return Parsed(rows, bad, len(sheet.body))


def _lab(cells: "_Cells") -> LabRow:
    host_unit = cells.company("host_unit")
    return LabRow(
        line=cells.line.number,
        region=cells.region("region"),
        host_unit=host_unit,
        unit=cells.text("unit"),
        code=cells.text("code"),
        name=cells.text("name"),
        services=cells.several("services"),
        place=cells.text("place"),
        signer=cells.account("signer"),
        seller=cells.company("seller") if cells.is_filled("seller") else host_unit,
        qualified_until=cells.last_second("qualified_until"),
        recognition=cells.recognition(),
    )


def _item(cells: "_Cells") -> ItemRow:
    return ItemRow(
        line=cells.line.number,
        region=cells.region("region"),
        host_unit=cells.company("host_unit"),
        lab=cells.text("lab"),
        code=cells.text("code"),
        name=cells.text("name"),
        services=cells.several("services"),
        place=cells.text("place"),
        recognition=cells.recognition(),
    )


class _Cells(Cells):
    """The cells of one line by their columns' names."""

    def several(self, column: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(each for each in _BETWEEN.split(self.text(column)) if each))

    def region(self, column: str) -> Region:
        return _region(self.headings[column][0], self.text(column))

    def account(self, column: str) -> Address:
        text, heading = self.text(column), self.headings[column][0]
        found = checksummed(bytes.fromhex(text[2:])) if _ACCOUNT.fullmatch(text) else NO_ADDRESS
        if found == NO_ADDRESS or (text[2:] not in (text[2:].lower(), text[2:].upper()) and text != found):
            message = f"{heading}不是账户地址，或校验不符。 {column} is no account: 0x and 40 hexadecimal digits, with its checksum."
            raise Refused("SignerRefused", message)
        return found

    def recognition(self) -> Recognition | None:
        filled = [column for column in _WINDOW if self.is_filled(column)]
        if not filled:
            return None
        if len(filled) != len(_WINDOW):
            raise Refused("WindowRefused", "互认地区与起止日须同时填写。 Who recognises, from when and until when go together.")
        by = tuple(_region(self.headings["recognised_by"][0], each) for each in self.several("recognised_by"))
        from_, until = self.first_second("from"), self.last_second("until")
        if from_ > until:
            raise Refused("WindowRefused", "互认起始日晚于截止日。 Recognition ends before it begins.")
        return Recognition(by, from_, until)


def _region(heading: str, text: str) -> Region:
    if not _REGION.fullmatch(text):
        raise Refused("RegionRefused", f"{heading}应为 6 位地区代码。 A region's code has six digits, not {text!r}.")
    return Region(int(text))


def _repeated(rows: Sequence[R], code: str, zh: str, en: str) -> Iterator[BadRow]:
    first: dict[tuple[object, ...], int] = {}
    for row in rows:
        line = first.setdefault(row.key, row.line)
        if line != row.line:
            yield BadRow(line=row.line, code=code, message=f"{zh}与第 {line} 行重复。 {en} of line {line}.")


def _renamed(rows: Sequence[LabRow]) -> Iterator[BadRow]:
    """One code is one unit: under two names one of the two is a mistake."""
    first: dict[str, LabRow] = {}
    for row in rows:
        other = first.setdefault(row.host_unit, row)
        if other.unit != row.unit:
            message = f"同一依托单位代码在第 {other.line} 行名为“{other.unit}”。 Line {other.line} names this unit otherwise."
            yield BadRow(line=row.line, code="UnitDiffers", message=message)


def _without(parsed: Parsed[R], *bad: Iterator[BadRow]) -> Parsed[R]:
    more: list[BadRow] = [each for several in bad for each in several]
    lines: Collection[int] = {each.line for each in more}
    rows = [row for row in parsed.rows if row.line not in lines]
    return Parsed(rows, sorted([*parsed.bad, *more], key=lambda each: each.line), parsed.count)
