"""
How an answer looks to a person: every field under its name, money in yuan, times of China, states in words. Pure.

Many of a kind stand in a table where it fits the width, else one below the other: columns are never squeezed.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from registry.china import LAST_SECOND, china_month, china_time
from registry.cli.settings import Lang
from registry.cli.words import COUNTED, DURATIONS, FIELDS, FIELDS_AT, FROM_ZERO, MONEY, MONTHS, RATES, STATES, STATES_AT, TIMES
from registry.model import NO_ADDRESS, NO_ID
from registry.money import yuan
from registry.state_words import NO_END

INDENT = 2
BETWEEN_COLUMNS = 3
DAY = 86_400
NOTHING = "—"
SENTENCES = frozenset({"detail", "message", "why"})
# What a field was found to be and what it should be are shown as that field is.
_OF_THE_FIELD = frozenset({"found", "expected"})
# A report's heading holds both languages, part by part.
_CHINESE = re.compile("[\u4e00-\u9fff]+ ")
# Headings of lists, which are shown as they are typed.
_HEADINGS = frozenset({"found", "known"})
_NO_ID = "0x" + NO_ID.hex()


def words(lang: Lang, zh: str, en: str) -> str:
    """A sentence: Chinese, then English; or English alone."""
    return en if lang is Lang.EN else f"{zh} {en}"


def in_language(lang: Lang, sentence: str) -> str:
    """
    A sentence that holds both languages, Chinese first, in those that are shown.

    >>> in_language(Lang.EN, "文件为空。 The file is empty.")
    'The file is empty.'
    """
    _, stop, en = sentence.partition("。 ")
    return en if stop and lang is Lang.EN else sentence


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
        grid: Table | None = None
        for name, value in self._in_words(found).items():
            if _holds_fields(value):
                parts += [Text(self._label(name, value), style="bold"), self._held(name, value)]
                grid = None
                continue
            if grid is None:
                grid = _grid()
                parts.append(grid)
            _add(grid, self._label(name, value), self._shown(name, value))
        return Group(*parts)

    def rows(self, found: Sequence[Any]) -> RenderableType:
        """Many things, or several lists of them."""
        if isinstance(found[0], list):
            return self._numbered([_indented(self.rows(each)) for each in found])
        rows = [self._in_words(row) for row in found]
        if any(_holds_fields(value) for row in rows for value in row.values()):
            return self._one_by_one(rows)
        names = {name: value for row in rows for name, value in row.items()}
        labels = [self._label(name, value) for name, value in names.items()]
        cells = [[self._cell(row, name) for name in names] for row in rows]
        if _width_of([labels, *cells]) > self.width:
            return self._one_by_one(rows)
        # As text: in a plain heading a gateway's words would be taken for markup.
        table = Table(*(Column(Text(each)) for each in labels))
        for each in cells:
            table.add_row(*map(Text, each))
        return table

    def _held(self, name: str, value: Any) -> RenderableType:
        within = replace(self, width=self.width - INDENT, at=(*self.at, name))
        return _indented(within.fields(value) if isinstance(value, dict) else within.rows(value))

    def _one_by_one(self, rows: Sequence[Mapping[str, Any]]) -> RenderableType:
        if all("field" in row for row in rows):
            return self._field_by_field(rows)
        return self._numbered([self.fields(row) for row in rows])

    @staticmethod
    def _numbered(shown: Sequence[RenderableType]) -> RenderableType:
        if len(shown) == 1:
            return shown[0]
        return Group(*(part for place, each in enumerate(shown, start=1) for part in (Text(f"— {place}/{len(shown)} —"), each)))

    def _field_by_field(self, rows: Sequence[Mapping[str, Any]]) -> RenderableType:
        grid = _grid()
        for row in rows:
            _add(grid, self._cell(row, "field"), "\n".join(self._cell(row, name) for name in row if name != "field"))
        return grid

    def _cell(self, row: Mapping[str, Any], name: str) -> str:
        # A row about a field shows that field as it would be shown under its own name.
        if "field" in row and name in ("field", "value"):
            about = str(row["field"]).rpartition(".")[2]
            return self._label(about, row.get("value")) if name == "field" else self._shown(about, row.get("value"))
        return self._shown(name, row.get(name))

    def _in_words(self, found: Mapping[str, Any]) -> Mapping[str, Any]:
        """The same with a sentence that is told in both languages as one field."""
        if not {"zh", "en"} <= found.keys():
            return found
        told = {"explanation": words(self.lang, found["zh"], found["en"])}
        return {name: value for name, value in found.items() if name not in ("zh", "en")} | told

    def _shown(self, name: str, value: Any) -> str:
        if value is None or value in ([], {}, NO_ADDRESS, _NO_ID):
            return NOTHING
        if isinstance(value, list) and name in _HEADINGS and isinstance(value[0], str):
            return " / ".join(value)
        if isinstance(value, list):
            return "\n".join(self._shown(name, each) for each in value)
        if name in _OF_THE_FIELD and self.at:
            name = self.at[-1]
        text = in_language(self.lang, str(value)) if name in SENTENCES else str(value)
        if name == "heading" and self.lang is Lang.EN:
            return _CHINESE.sub("", text)
        if text.removeprefix("-").isdecimal() and (number := self._number(name, int(text), is_text=isinstance(value, str))):
            return number
        told = self._told(STATES_AT, text, (*self.at, name)) or STATES.get(text)
        return words(self.lang, *told) if told else text

    def _number(self, name: str, value: int, *, is_text: bool) -> str | None:
        """A number as its field has it, if it is more than a number there. Money is told as text."""
        if name in MONEY and is_text:
            return f"{yuan(value)} {self._either('元', 'yuan')}"
        if name in TIMES:
            return self._time(value)
        if name == "milliseconds":
            return self._time(value // 1_000)
        if name in MONTHS:
            return china_month(value)
        if name in FROM_ZERO:
            return str(value + 1)
        if name in RATES:
            return f"{value / 100:g} %"
        if name in DURATIONS:
            return f"{value:,} {self._either('秒', 's')}" if value < DAY else f"{value / DAY:.1f} {self._either('天', 'days')}"
        return None

    def _time(self, seconds: int) -> str:
        if seconds == 0:
            return NOTHING
        return self._either(*NO_END) if seconds > LAST_SECOND else china_time(seconds)

    def _either(self, zh: str, en: str) -> str:
        return en if self.lang is Lang.EN else zh

    def _label(self, name: str, value: Any) -> str:
        told = self._told(FIELDS_AT, name, self.at) or FIELDS.get(name)
        if name in COUNTED and isinstance(value, int):
            told = COUNTED[name]
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
    return bool(value) and (isinstance(value, dict) or (isinstance(value, list) and all(_holds_fields(each) for each in value)))


def _grid() -> Table:
    # Chinese has no blanks to break a line at.
    return Table.grid(Column(), Column(overflow="fold"), padding=(0, 2))


def _indented(held: RenderableType) -> RenderableType:
    return Padding(held, (0, 0, 0, INDENT), expand=False)


def _add(grid: Table, label: str, shown: str) -> None:
    grid.add_row(Text(label, style="bold"), Text(shown))


def _width_of(lines: Iterable[Sequence[str]]) -> int:
    widths = [max(cell_len(line) for cell in column for line in cell.split("\n")) for column in zip(*lines, strict=True)]
    return sum(widths) + BETWEEN_COLUMNS * len(widths) + 1
