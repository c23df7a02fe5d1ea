"""
What every step costs in gas, beside the least that it could cost. Run by `scripts/bench gas`, on anvil.

    scripts/bench gas            measure and print
    scripts/bench gas --check    measure, and fail if docs/gas.md says otherwise
    scripts/bench gas --write    measure, and write the tables of docs/gas.md anew

A figure of the page may be 2 % off. A goal that the page claims must hold; one that it says is missed may be.
The contracts are those of registry/artifacts/, so the bench speaks about what is committed.
"""

import argparse
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from rich.console import Console
from rich.table import Table as RichTable

from registry.chain.artifacts import FOLDER, load
from registry.chain.devnode import Engine, start
from tests.bench.floor import NEEDS, OF_FIRM, OF_ITEM
from tests.bench.scenes import START_TIME, Measured, Scenes, keep_time
from tests.contracts.world import World

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "gas.md"
BEGIN, END = "<!-- scripts/bench gas --write: begin -->", "<!-- scripts/bench gas --write: end -->"

# Shared by no other network, and the same in every run: signatures, and with them calldata, are for this chain.
CHAIN_ID = 20_131_219
BATCH, NOTES = 100, 10

MOST_RATIO = 1.35
MOST_LIFE = 190_000
TOLERANCE = 0.02

HOLDS, MISSED = "达到 holds", "未达到 missed"

STEPS = {
    "open": "设立券种 open",
    "fund": "拨入 fund",
    "draw": "划回 draw",
    "issue": "发放 issue",
    "reserve": "锁定额度 reserve",
    "approve": "审核确认 approve",
    "decline": "不予确认 decline",
    "release": "释放额度 release",
    "extend": "延期 extend",
    "redeem": "申请兑付 redeem",
    "endorse": "初审 endorse",
    "accept": "审核通过 accept",
    "reject": "退回补正 reject",
    "settle": "拨付 settle",
    "reverse": "冲销 reverse",
    "refunded": "资金已退回 refunded",
    "closeMonth": "月度核对 closeMonth",
}
VARIANTS = {
    "reserve, to be approved": "锁定额度，待审核确认 reserve, to be approved",
    "redeem, sliced": "申请兑付，分段补贴（计服务合同） redeem, sliced (agreement counted)",
    "accept, a rest returned": "审核通过，退回余额 accept, a rest returned",
    "refused: seen before": "不予受理：订单已有 reserve refused: order seen before",
    "refused: not signed by the lab": "不予受理：缺服务机构签名 reserve refused: not signed by the lab",
}
LIVES = {
    "plain": f"{BATCH} 家企业各一张 {BATCH} firms, a voucher each",
    "notes": f"{BATCH // NOTES} 家企业各 {NOTES} 张 {BATCH // NOTES} firms, {NOTES} vouchers each",
    "full": f"{BATCH} 家企业，另加审核确认、初审、分段补贴、退回余额 {BATCH} firms; approved, endorsed, sliced, a rest returned",
}
# Steps that come before a life or after it, or are played beside it and undone.
NO_PART_OF_LIFE = {
    "open",
    "fund",
    "draw",
    "closeMonth",
    "decline",
    "release",
    "extend",
    "reject",
    "reverse",
    "refunded",
    "refused: seen before",
    "refused: not signed by the lab",
}


@dataclass(frozen=True)
class Table:
    """A table for people: on the screen and in the page the same."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, then print, compare or write."""
    parser = argparse.ArgumentParser(prog="scripts/bench gas", description="每一步的 gas 与下限。 Gas of every step, and its floor.")
    modes = parser.add_mutually_exclusive_group()
    modes.add_argument("--check", action="store_true", help="与 docs/gas.md 比较 compare with docs/gas.md")
    modes.add_argument("--write", action="store_true", help="重写 docs/gas.md 的表格 rewrite the tables of docs/gas.md")
    chosen = parser.parse_args(arguments)

    measured = list(measure())
    tables = report(measured)
    console = Console(width=None if sys.stdout.isatty() else 160)
    # The last one, of slots, is for reading at leisure: it stands in the page.
    for table in tables[:-1]:
        console.print(rich_table(table))
    for each in above_goal(measured):
        console.print(f"高于 {MOST_RATIO} 倍 above {MOST_RATIO}: {STEPS[each.step]} × {each.items}: {each.ratio:.3f}")
    if chosen.write:
        PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8"), tables), encoding="utf-8")
        console.print("已写入 docs/gas.md。 docs/gas.md is written.")
    if chosen.check:
        wrong = differences(PAGE.read_text(encoding="utf-8"), tables)
        for line in wrong:
            console.print(line, markup=False)
        if wrong:
            console.print("docs/gas.md 与实测不符。 docs/gas.md says otherwise: scripts/bench gas --write")
            return 1
        console.print("docs/gas.md 与实测相符。 docs/gas.md holds.")
    return 0


def measure() -> Iterator[Measured]:
    """Play all scenes on a node of their own."""
    with (
        tempfile.TemporaryDirectory() as directory,
        start(Engine.ANVIL, chain_id=CHAIN_ID, directory=Path(directory), start_time=START_TIME) as node,
    ):
        keep_time(node)
        world = World(node, {path.stem: load(path.stem) for path in FOLDER.glob("*.json")})
        yield from Scenes(world, batch=BATCH, notes=NOTES).play()


# What was measured, told in tables


def report(measured: Sequence[Measured]) -> list[Table]:
    """All tables of the page, in its order."""
    return [
        Table("每一步 Each step", _STEP_HEAD, [_step_row(label, step, measured) for step, label in STEPS.items()]),
        Table(
            "整张券的一生 A voucher's whole life",
            ("", "每张 gas each", "下限 floor", "倍数 ratio"),
            [_life_row(label, scene, measured) for scene, label in LIVES.items()],
        ),
        Table("其他情形 The same under other rules", _STEP_HEAD, [_step_row(label, step, measured) for step, label in VARIANTS.items()]),
        Table("目标 Goals", ("目标 goal", "实测 measured", "上限 at most", ""), goals(measured)),
        Table("下限所计的存储槽 Slots of the floor", _SLOT_HEAD, [_slot_row(step) for step in NEEDS]),
    ]


def goals(measured: Sequence[Measured]) -> list[tuple[str, str, str, str]]:
    """The goals and whether they hold."""
    steps = _judged(measured)
    single = max(each.ratio for each in steps if each.items == 1)
    batched = max(each.ratio for each in steps if each.items > 1)
    life = sum(each.gas_each for each in _life("plain", measured))
    return [
        _goal(f"一生 a whole life, {BATCH} firms", f"{life:,.0f}", f"{MOST_LIFE:,}", holds=life <= MOST_LIFE),
        _goal("单笔最高倍数 highest ratio of a single step", f"{single:.3f}", f"{MOST_RATIO}", holds=single <= MOST_RATIO),
        _goal("批量最高倍数 highest ratio in a batch", f"{batched:.3f}", f"{MOST_RATIO}", holds=batched <= MOST_RATIO),
    ]


def above_goal(measured: Sequence[Measured]) -> list[Measured]:
    """The steps that cost more than `MOST_RATIO` times their floor."""
    return [each for each in _judged(measured) if each.ratio > MOST_RATIO]


def _judged(measured: Sequence[Measured]) -> list[Measured]:
    return [each for each in measured if each.step in STEPS and each.scene != "notes"]


def _goal(name: str, value: str, most: str, *, holds: bool) -> tuple[str, str, str, str]:
    return name, value, most, HOLDS if holds else MISSED


_STEP_HEAD = (
    "",
    "单笔 gas alone",
    "下限 floor",
    "倍数 ratio",
    f"批量 {BATCH}，每笔 gas each of {BATCH}",
    "下限 floor",
    "倍数 ratio",
)
_SLOT_HEAD = (
    "",
    "每笔 each item",
    "每家企业 each firm",
    "全批共用 shared by the batch",
    "签名 signatures",
    "另触及、不计 touched besides, not counted",
)


def _step_row(label: str, step: str, measured: Sequence[Measured]) -> list[str]:
    row = [label]
    for items in (1, BATCH):
        found = next((each for each in measured if each.step == step and each.items == items), None)
        row += _figures(found.gas_each, found.floor_each) if found else ["–"] * 3
    return row


def _life_row(label: str, scene: str, measured: Sequence[Measured]) -> list[str]:
    life = _life(scene, measured)
    return [label, *_figures(sum(each.gas_each for each in life), sum(each.floor_each for each in life))]


def _life(scene: str, measured: Sequence[Measured]) -> list[Measured]:
    return [each for each in measured if each.scene == scene and each.items == BATCH and each.step not in NO_PART_OF_LIFE]


def _figures(gas: float, least: float) -> list[str]:
    ratio = gas / least
    return [f"{gas:,.0f}", f"{least:,.0f}", f"**{ratio:.3f}**" if ratio > MOST_RATIO else f"{ratio:.3f}"]


def _slot_row(step: str) -> list[str]:
    needs = NEEDS[step]
    kinds = (("新 new", needs.new), ("改 changed", needs.changed), ("清 cleared", needs.cleared), ("读 read", needs.read))

    def told(wanted: Sequence[str]) -> str:
        parts = [(kind, [name for name in names if name in wanted]) for kind, names in kinds]
        return "; ".join(f"{kind}: {', '.join(names)}" for kind, names in parts if names) or "–"

    named = {name for _, names in kinds for name in names}
    shared = sorted(named - OF_ITEM - OF_FIRM)
    label = (STEPS | VARIANTS)[step]
    signatures = f"{needs.signatures}" if needs.signatures else "–"
    return [label, told(sorted(OF_ITEM)), told(sorted(OF_FIRM)), told(shared), signatures, ", ".join(needs.spare) or "–"]


# The page


def markdown(tables: Sequence[Table]) -> str:
    """What stands between the marks."""
    return "\n".join(line for table in tables for line in (f"### {table.title}", "", *_markdown_table(table), ""))


def _markdown_table(table: Table) -> Iterator[str]:
    for row in (table.head, ["---"] * len(table.head), *table.rows):
        yield f"| {' | '.join(row)} |"


def rewritten(page: str, tables: Sequence[Table]) -> str:
    """The page with its tables made anew."""
    before, _, after = _parts(page)
    return f"{before}{BEGIN}\n\n{markdown(tables)}\n{END}{after}"


def differences(page: str, tables: Sequence[Table]) -> list[str]:
    """Every row in which the page's tables and these differ by more than a figure may."""
    written, measured = _rows(_parts(page)[1]), _rows(markdown(tables))
    pairs = list(zip_longest(written, measured, fillvalue=()))
    return [f"docs/gas.md: {' | '.join(said)}\n实测 measured: {' | '.join(is_so)}" for said, is_so in pairs if not _agree(said, is_so)]


def _parts(page: str) -> tuple[str, str, str]:
    before, begin, rest = page.partition(BEGIN)
    block, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE.name} has lost its marks: {BEGIN} {END}")
    return before, block, after


def _rows(block: str) -> list[tuple[str, ...]]:
    lines = [line for line in block.splitlines() if line.startswith("|")]
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]


def _agree(said: Sequence[str], is_so: Sequence[str]) -> bool:
    return len(said) == len(is_so) and all(_cells_agree(*cells) for cells in zip(said, is_so, strict=True))


def _cells_agree(said: str, is_so: str) -> bool:
    if said == is_so or (said, is_so) == (MISSED, HOLDS):
        return True
    page, node = _number(said), _number(is_so)
    return page is not None and node is not None and abs(page - node) <= TOLERANCE * node


def _number(cell: str) -> float | None:
    plain = cell.strip("*").replace(",", "")
    return float(plain) if re.fullmatch(r"[0-9]+(\.[0-9]+)?", plain) else None


def rich_table(table: Table) -> RichTable:
    """The same for a terminal."""
    shown = RichTable(title=table.title, title_justify="left")
    for place, head in enumerate(table.head):
        figures = all(_number(row[place]) is not None or row[place] == "–" for row in table.rows)
        shown.add_column(head, justify="right" if figures else "left")
    for row in table.rows:
        shown.add_row(*(f"[bold red]{cell.strip('*')}[/]" if cell.startswith("**") or cell == MISSED else cell for cell in row))
    return shown


if __name__ == "__main__":
    sys.exit(main())
