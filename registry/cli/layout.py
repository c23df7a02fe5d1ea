"""
How an answer looks to a person: every field under its name, money in yuan, times of China, states in words. Pure.

Many of a kind stand in a table where it fits the width, else one below the other: no id is broken to make a table fit.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from registry.cli.settings import Lang
from registry.cli.words import ATTEMPTS, FIELDS, FIELDS_AT, MONEY, MONTHS, STATES, STATES_AT, TIMES
from registry.model import CHINA
from registry.money import yuan

INDENT = 2
BETWEEN_COLUMNS = 3
_YEAR_9999 = 253_370_736_000


def words(lang: Lang, zh: str, en: str) -> str:
    """A sentence: Chinese, then English; or English alone."""
    return en if lang is Lang.EN else f"{zh} {en}"


@dataclass(frozen=True, slots=True)
class Layout:
    """
    One language, one width, and where one stands: the command, then each field that holds the one within.

    The same field may have another name there than elsewhere (`registry.cli.words.FIELDS_AT`).
    """

    lang: Lang
    width: int
    at: tuple[str, ...] = ()

    def fields(self, found: Mapping[str, Any]) -> RenderableType:
        """One thing, a field a line; what holds fields of its own stands below its name."""
        parts: list[RenderableType] = []
        for name, value in found.items():
            if _holds_fields(value):
                within = replace(self, width=self.width - INDENT, at=(*self.at, name))
                held = within.fields(value) if isinstance(value, dict) else within.rows(value)
                parts += [Text(self._label(name), style="bold"), Padding(held, (0, 0, 0, INDENT))]
                continue
            if not parts or not isinstance(parts[-1], Table):
                parts.append(_grid())
            _add(parts[-1], self._label(name), self._shown(name, value))
        return Group(*parts)

    def rows(self, rows: Sequence[Mapping[str, Any]]) -> RenderableType:
        """Many things."""
        if any(_holds_fields(value) for row in rows for value in row.values()):
            return self._one_by_one(rows)
        names = list(dict.fromkeys(name for row in rows for name in row))
        labels = [self._label(name) for name in names]
        cells = [[self._cell(row, name) for name in names] for row in rows]
        if _width_of([labels, *cells]) > self.width:
            return self._one_by_one(rows)
        table = Table(*labels)
        for each in cells:
            table.add_row(*map(Text, each))
        return table

    def _one_by_one(self, rows: Sequence[Mapping[str, Any]]) -> RenderableType:
        return Group(*(part for place, row in enumerate(rows, start=1) for part in (Text(f"— {place}/{len(rows)} —"), self._record(row))))

    def _record(self, row: Mapping[str, Any]) -> RenderableType:
        if "field" not in row:
            return self.fields(row)
        grid = _grid()
        for name in row:
            _add(grid, self._label(name), self._cell(row, name))
        return grid

    def _cell(self, row: Mapping[str, Any], name: str) -> str:
        # A row about a field shows that field as it would be shown under its own name.
        if "field" in row and name in ("field", "value"):
            about = str(row["field"]).rpartition(".")[2]
            return self._label(about) if name == "field" else self._shown(about, row["value"])
        return self._shown(name, row.get(name))

    def _shown(self, name: str, value: Any) -> str:
        if value is None or value in ([], {}):
            return "—"
        if isinstance(value, list):
            return "\n".join(self._shown(name, each) for each in value)
        text = str(value)
        if name in MONEY and isinstance(value, str) and text.removeprefix("-").isdecimal():
            return f"{yuan(int(text))} {'yuan' if self.lang is Lang.EN else '元'}"
        if name in TIMES and text.isdecimal() and int(text) < _YEAR_9999:
            return f"{datetime.fromtimestamp(int(text), CHINA):%Y-%m-%d %H:%M:%S}"
        if name in MONTHS and isinstance(value, int):
            return f"{value // 100}-{value % 100:02}"
        if name in ATTEMPTS and text.isdecimal():
            return str(int(text) + 1)
        told = self._told(STATES_AT, text, (*self.at, name)) or STATES.get(text)
        return words(self.lang, *told) if told else text

    def _label(self, name: str) -> str:
        told = self._told(FIELDS_AT, name, self.at) or FIELDS.get(name)
        return words(self.lang, *told) if told else name

    @staticmethod
    def _told(table: Mapping[str, Mapping[str, tuple[str, str]]], name: str, at: tuple[str, ...]) -> tuple[str, str] | None:
        """The word for a name at the innermost place that has one of its own."""
        return next((table[place][name] for place in reversed(at) if name in table.get(place, {})), None)


def places(command: str) -> tuple[str, ...]:
    """
    A command's groups and itself, from the outermost.

    >>> places("firm power list")
    ('firm', 'firm power', 'firm power list')
    """
    typed = command.split()
    return tuple(" ".join(typed[:count]) for count in range(1, len(typed) + 1))


def _holds_fields(value: Any) -> bool:
    return bool(value) and (isinstance(value, dict) or (isinstance(value, list) and all(isinstance(each, dict) for each in value)))


def _grid() -> Table:
    # Chinese has no blanks to break a line at.
    return Table.grid(Column(), Column(overflow="fold"), padding=(0, 2))


def _add(grid: Any, label: str, shown: str) -> None:
    grid.add_row(Text(label, style="bold"), Text(shown))


def _width_of(lines: Iterable[Sequence[str]]) -> int:
    widths = [max(cell_len(line) for cell in column for line in cell.split("\n")) for column in zip(*lines, strict=True)]
    return sum(widths) + BETWEEN_COLUMNS * len(widths) + 1
