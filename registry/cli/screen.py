"""
What a person or a script sees. Answers go to standard output; questions, notes, progress and refusals to standard error.

With `--json` an answer is one JSON object a line, under names that do not change, and a refusal one object on standard error.
"""

import json
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import Field, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, Task, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

from registry.cli.layout import Layout, in_language, places, words
from registry.cli.settings import Lang
from registry.refusal_words import named

ANSWER_WIDTH = 200
"""How wide an answer may be where it goes to a file or another program."""

BAR_WIDTH = 20

STEERING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories that are not seen but act: control, format, halves of pairs, ends of lines and paragraphs."""


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


def written_out(value: Any) -> Any:
    r"""
    The same, with every character that would steer a terminal or turn text around replaced by its escape. Ends of lines stay.

    What others wrote is shown, and obeyed by nothing.

    >>> written_out({"project": "P-1" + chr(27) + "[2J"})
    {'project': 'P-1\\x1b[2J'}
    """
    if isinstance(value, Mapping):
        return {written_out(name): written_out(each) for name, each in value.items()}
    if isinstance(value, list):
        return [written_out(each) for each in value]
    return _escaped(value, lambda each: each.encode("unicode_escape").decode()) if isinstance(value, str) else value


def _escaped(text: str, escape: Callable[[str], str]) -> str:
    if text.isprintable():
        return text
    return "".join(escape(each) if each != "\n" and unicodedata.category(each) in STEERING else each for each in text)


def _json_line(value: Any) -> str:
    """JSON in one line, in which nothing steers a terminal either, and which every terminal can write."""
    return _escaped(json.dumps(value, ensure_ascii=False), lambda each: json.dumps(each)[1:-1]) + "\n"


def _member(field: Field[Any], value: Any) -> Any:
    # Money and nonces: JSON numbers lose whole numbers above 2^53.
    return str(value) if field.metadata.get("type") in {"uint64", "uint256"} else plain(value)


class Screen:
    """One command's output."""

    def __init__(self, *, as_json: bool, lang: Lang, command: str = "") -> None:
        self.as_json = as_json
        self._lang = lang
        self._at = places(command)
        self._answers, self._asides = _console(sys.stdout), _console(sys.stderr)

    def words(self, zh: str, en: str) -> str:
        """A sentence: Chinese, then English; or English alone."""
        return words(self._lang, zh, en)

    def told(self, sentence: str) -> str:
        """A sentence that holds both languages, Chinese first, in those that are shown."""
        return in_language(self._lang, sentence)

    def answer(self, found: Mapping[str, Any]) -> None:
        """Show an answer."""
        if self.as_json:
            sys.stdout.write(_json_line(plain(found)))
            sys.stdout.flush()
            return
        self._answers.print(self._layout(self._answers).fields(written_out(plain(found))))

    def answers(self, found: Iterable[Mapping[str, Any]]) -> None:
        """Show several answers, each as soon as it is there."""
        count = len(found) if isinstance(found, Sequence) else None
        for place, each in enumerate(found, start=1):
            if not self.as_json and (place > 1 if count is None else count > 1):
                self._answers.print(Text(f"— {place} —" if count is None else f"— {place}/{count} —"))
            self.answer(each)

    def note(self, zh: str, en: str) -> None:
        """Tell a person something that is no part of the answer."""
        if not self.as_json:
            self._asides.print(written_out(self.words(zh, en)))

    def table(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Show a person what to decide on, before anything is answered."""
        self._asides.print(self._layout(self._asides).rows(written_out(plain(rows))))

    def refusal(self, code: str, family: str, sentence: str, values: Mapping[str, Any]) -> None:
        """Say why nothing, or nobody knows what, came of it."""
        if self.as_json:
            sys.stderr.write(_json_line({"error": code, "family": family, "message": sentence, "values": plain(values)}))
            return
        # What others wrote begins no line of its own.
        told = written_out(f"{code}: {sentence}").replace("\n", "\n  ")
        self._asides.print(told, style="bold red")
        written = written_out(plain(values))
        shown = {snake(name): self._value(name, each) for name, each in written.items() if each not in (None, "", [], {})}
        if shown:
            self._asides.print(self._layout(self._asides, "refused").fields(shown))

    def _value(self, name: str, value: Any) -> Any:
        return self.told(value) if isinstance(value, str) else named(name, value)

    def confirms(self, zh: str, en: str) -> bool:
        """Ask a person, who must be there to answer."""
        if not sys.stdin.isatty():
            return False
        question = written_out(self.words(zh, en)) + " [yes/no] "
        return self._asides.input(question, markup=False, emoji=False).strip().lower() in ("yes", "y", "是")

    def _layout(self, console: Console, *within: str) -> Layout:
        return Layout(self._lang, console.width, (*self._at, *within))

    @contextmanager
    def progress(self, zh: str, en: str) -> Iterator["Bar"]:
        """A bar while something waits, for a person who looks on."""
        # What is being done takes what width is left, and is cut there; its count and time are not.
        doing = TextColumn("{task.description}", table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis"))
        columns = (SpinnerColumn(), doing, BarColumn(BAR_WIDTH), _Counted(), TimeElapsedColumn())
        shown = not self.as_json and self._asides.is_terminal
        with Progress(*columns, console=self._asides, transient=True, expand=True, disable=not shown) as progress:
            yield Bar(progress, progress.add_task(self.words(zh, en), total=None), self.words)


def _console(stream: TextIO) -> Console:
    # No markup and no emoji: what others wrote is shown as it stands.
    width = None if stream.isatty() else ANSWER_WIDTH
    return Console(stderr=stream is sys.stderr, markup=False, emoji=False, highlight=False, soft_wrap=True, width=width)


class _Counted(MofNCompleteColumn):
    """How much is done of how much, once that is known."""

    def render(self, task: Task) -> Text:
        return Text() if task.total is None else super().render(task)


def snake(name: str) -> str:
    """
    A Solidity name as answers have it.

    >>> snake("useBy")
    'use_by'
    """
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


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
