"""
What the benches of speed have in common: sides that take turns, ratios of their best rounds, goals, and a page that keeps them.

Seconds depend on the machine and on what else it does, ratios of sides that took turns much less. So goals are ratios, both sides
are always told, and nothing here is ever a test that fails when a machine is busy.
"""

import gc
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from tests.bench.gas import HOLDS, MISSED, Table, markdown, rich_table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"


@dataclass(frozen=True, kw_only=True)
class Rate:
    """How long one side took for how many of its things, in its best round."""

    count: int
    seconds: float

    @property
    def a_second(self) -> float:
        """How many a second."""
        return self.count / self.seconds

    @property
    def microseconds(self) -> float:
        """How long each took."""
        return 1e6 * self.seconds / self.count


def take_turns(
    sides: Mapping[str, Callable[[], int] | Callable[[], Rate]], *, rounds: int, clock: Callable[[], float] = time.perf_counter
) -> dict[str, Rate]:
    """
    Run every side once a round, one after the other, and keep each one's best round.

    A side does its work and says how many things that were, or its rate, if not all that it did was to be timed. What it leaves
    behind is cleared away before the next one begins.
    """
    best: dict[str, Rate] = {}
    gc.collect()
    # What the sides were given to work on is of no round; collecting garbage would go through it in all of them.
    gc.freeze()
    try:
        for _ in range(rounds):
            for name, side in sides.items():
                gc.collect()
                begun = clock()
                done = side()
                rate = done if isinstance(done, Rate) else Rate(count=done, seconds=clock() - begun)
                if name not in best or rate.a_second > best[name].a_second:
                    best[name] = rate
    finally:
        gc.unfreeze()
    return best


def ratio(ours: Rate, theirs: Rate) -> float:
    """How many times as fast the first is."""
    return ours.a_second / theirs.a_second


@dataclass(frozen=True, kw_only=True)
class Goal:
    """A ratio that has to be reached: `least` or more, or `most` or less."""

    name: str
    value: float
    least: float | None = None
    most: float | None = None

    @property
    def holds(self) -> bool:
        """Whether it was reached in this run."""
        return (self.least is None or self.value >= self.least) and (self.most is None or self.value <= self.most)

    @property
    def row(self) -> tuple[str, str, str, str]:
        """For the table of goals."""
        bound = f"≥ {self.least:g}" if self.least is not None else f"≤ {self.most:g}"
        return self.name, f"{self.value:.2f}", bound, HOLDS if self.holds else MISSED


def goals_table(goals: Sequence[Goal]) -> Table:
    """The goals and whether this run reached them."""
    return Table("目标 Goals", ("目标 goal", "实测 measured", "要求 wanted", ""), [goal.row for goal in goals])


def rates_table(title: str, rates: Mapping[str, Rate], labels: Mapping[str, str], thing: str) -> Table:
    """Every side: how many a second, and how long each took."""
    rows = [(labels[name], f"{rate.count:,}", f"{rate.a_second:,.0f}", f"{rate.microseconds:,.1f}") for name, rate in rates.items()]
    return Table(title, ("", thing, "每秒 a second", "每个微秒 µs each"), rows)


def machine() -> str:
    """On what this was measured, and when: one line for the page."""
    busy = os.getloadavg()[0]
    today = datetime.now(UTC).date().isoformat()
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{today}，{platform.system()} {platform.machine()}，{os.cpu_count()} CPU，{python}，负载 load {busy:.1f}"


def tell(command: str, tables: Sequence[Table], *, write: bool) -> None:
    """Print the tables, and put them into the page if that was asked for."""
    console = Console(width=None if sys.stdout.isatty() else 140)
    for table in tables:
        console.print(rich_table(table))
    console.print(machine())
    if write:
        PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8"), command, tables, measured=machine()), encoding="utf-8")
        console.print("已写入 docs/benchmarks.md。 docs/benchmarks.md is written.")


def rewritten(page: str, command: str, tables: Sequence[Table], *, measured: str) -> str:
    """The page with one command's tables made anew."""
    begin, end = (f"<!-- scripts/bench {command} --write: {place} -->" for place in ("begin", "end"))
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"{PAGE.name} has lost its marks: {begin} {end}")
    return f"{before}{begin}\n\n{measured}\n\n{markdown(tables)}\n{end}{after}"
