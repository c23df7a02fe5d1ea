"""
What a person or a script sees. Answers go to standard output; questions, notes, progress and refusals to standard error.

With `--json` an answer is one JSON object a line, under names that do not change, and a refusal one object on standard error.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import Field, fields, is_dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Column, Table
from rich.text import Text

from registry.cli.settings import Lang
from registry.cli.words import FIELDS, MONEY, STATES, TIMES
from registry.model import CHINA

ANSWER_WIDTH = 200
"""How wide an answer may be where it goes to a file or another program."""


def plain(value: Any) -> Any:
    """
    A value as JSON has it: bytes as 0x and hexadecimal digits, enums by name, records by their fields.

    >>> plain({"id": bytes(2)})
    {'id': '0x0000'}
    """
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, Path):
        return str(value)
    if is_dataclass(value):
        return {each.name.rstrip("_"): _member(each, getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(each) for each in value]
    return value


def _member(field: Field[Any], value: Any) -> Any:
    # Money and nonces: JSON numbers lose whole numbers above 2^53.
    return str(value) if field.metadata.get("type") in {"uint64", "uint256"} else plain(value)


class Screen:
    """One command's output."""

    def __init__(self, *, as_json: bool, lang: Lang) -> None:
        self.as_json = as_json
        self._lang = lang
        self._answers = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else ANSWER_WIDTH)
        self._asides = Console(stderr=True, highlight=False, soft_wrap=True, width=None if sys.stderr.isatty() else ANSWER_WIDTH)

    def words(self, zh: str, en: str) -> str:
        """A sentence: Chinese, then English; or English alone."""
        return en if self._lang is Lang.EN else f"{zh} {en}"

    def answer(self, found: Mapping[str, Any]) -> None:
        """Show an answer."""
        if self.as_json:
            sys.stdout.write(json.dumps(plain(found), ensure_ascii=False) + "\n")
            sys.stdout.flush()
            return
        self._answers.print(self._grid(plain(found)))

    def note(self, zh: str, en: str) -> None:
        """Tell a person something that is no part of the answer."""
        if not self.as_json:
            self._asides.print(self.words(zh, en), markup=False)

    def table(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Show a person what to decide on, before anything is answered."""
        self._asides.print(self._table(plain(rows)))

    def refusal(self, code: str, family: str, sentence: str, values: Mapping[str, Any]) -> None:
        """Say why nothing, or nobody knows what, came of it."""
        if self.as_json:
            told = {"error": code, "family": family, "message": sentence, "values": plain(values)}
            sys.stderr.write(json.dumps(told, ensure_ascii=False) + "\n")
            return
        self._asides.print(f"{code}: {sentence}", markup=False, style="bold red")
        shown = {name: each for name, each in plain(values).items() if each not in (None, [], {})}
        if shown:
            self._asides.print(self._grid(shown))

    def confirms(self, zh: str, en: str) -> bool:
        """Ask a person, who must be there to answer."""
        if not sys.stdin.isatty():
            return False
        return self._asides.input(self.words(zh, en) + " [yes/no] ", markup=False).strip().lower() in ("yes", "y", "是")

    @contextmanager
    def progress(self, zh: str, en: str) -> Iterator["Bar"]:
        """A bar while something waits, for a person who looks on."""
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        shown = not self.as_json and self._asides.is_terminal
        with Progress(*columns, console=self._asides, transient=True, disable=not shown) as progress:
            yield Bar(progress, progress.add_task(self.words(zh, en), total=None), self.words)

    def _grid(self, found: Mapping[str, Any]) -> Table:
        # Chinese has no blanks to break a line at.
        grid = Table.grid(Column(), Column(overflow="fold"), padding=(0, 2))
        for name, value in found.items():
            grid.add_row(Text(self._label(name), style="bold"), self._cell(name, value))
        return grid

    def _table(self, rows: Sequence[Mapping[str, Any]]) -> Table:
        names = list(dict.fromkeys(name for row in rows for name in row))
        table = Table(*(Column(self._label(name), overflow="fold") for name in names))
        for row in rows:
            # A row about a field shows that field's value as it would be shown under its own name.
            about = str(row["field"]).rpartition(".")[2] if "field" in row else None
            shown = [self._cell(about if about and name == "value" else name, row.get(name)) for name in names]
            table.add_row(*([Text(self._label(about)), *shown[1:]] if about and names[0] == "field" else shown))
        return table

    def _cell(self, name: str, value: Any) -> Table | Text:
        if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
            return self._table(value)
        if isinstance(value, dict) and value:
            return self._grid(value)
        return Text(self._shown(name, value))

    def _shown(self, name: str, value: Any) -> str:
        if value is None or value in ([], {}):
            return "—"
        if isinstance(value, list):
            return "\n".join(self._shown(name, each) for each in value)
        if name in MONEY and str(value).removeprefix("-").isdecimal():
            sign, fen = "-" if str(value).startswith("-") else "", abs(int(value))
            return f"{sign}{fen // 100:,}.{fen % 100:02} 元"
        if name in TIMES and str(value).isdecimal() and int(value) < _YEAR_9999:
            return f"{datetime.fromtimestamp(int(value), CHINA):%Y-%m-%d %H:%M:%S}"
        if str(value) in STATES:
            return self.words(*STATES[str(value)])
        return str(value)

    def _label(self, name: str) -> str:
        return self.words(*FIELDS[name]) if name in FIELDS else name


_YEAR_9999 = 253_370_736_000


class Bar:
    """A progress bar. Telling it costs nothing where nobody looks on."""

    def __init__(self, progress: Progress, task: Any, words: Callable[[str, str], str]) -> None:
        self._progress = progress
        self._task = task
        self._words = words

    def name(self, zh: str, en: str) -> None:
        """What is being done now."""
        self._progress.update(self._task, description=self._words(zh, en))

    def of(self, done: int, to_go: int) -> None:
        """How much is done, and how much is to go."""
        self._progress.update(self._task, completed=done, total=done + to_go)
