"""
How long the catalogue at real size takes: taken in and loaded at five gateways on one anvil, then searched (`scripts/bench catalogue`).

Everything is in one process beside the node, and the machine is what it is: this tells seconds, and holds no goal.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from registry.chain.devnode import Engine
from scripts.demonstration.cast import BEIJING, CHANGXING
from tests.gateway.conftest import Town, settled_in
from tests.gateway.loading import loaded_everywhere

CHAIN_ID = 20_180_701
SEARCHES = (
    {"name": "电镜"},
    {"name": "电镜", "usable_by": CHANGXING},
    {"service": "分析", "place": "上海", "usable_by": CHANGXING},
    {"kind": "ITEM", "usable_by": BEIJING},
    {"name": "没有这样的名称"},
)
REPEATED = 5


def main() -> int:
    """Load and search, and tell."""
    parser = argparse.ArgumentParser(prog="scripts/bench catalogue")
    parser.add_argument("--one-in", type=int, default=1, help="每 N 行取一行。 Keep every N-th row.")
    one_in, screen = parser.parse_args().one_in, Console(highlight=False, width=160)
    with tempfile.TemporaryDirectory() as folder, settled_in(Engine.ANVIL, CHAIN_ID, Path(folder)) as town:
        begun, worked = time.perf_counter(), time.process_time()
        for load in loaded_everywhere(town, one_in=one_in):
            longest, waiting = max(load.steps, default=0.0), load.left["waiting"]
            told = f"loaded {sum(load.steps):5.1f} s in {len(load.steps):2} steps, the longest {longest:4.1f} s"
            screen.print(f"{load.region}  {load.calls:4} calls   taken in {load.entering:5.1f} s   {told}   waiting {waiting}")
        screen.print(f"all {time.perf_counter() - begun:.0f} s, of which this process worked {time.process_time() - worked:.0f} s")
        for asked in SEARCHES:
            screen.print(f"{_searched(town, asked):4.0f} ms  {asked}")
    return 0


def _searched(town: Town, asked: dict[str, object]) -> float:
    """Milliseconds, the best of some."""
    desk, took = town.desk(CHANGXING, "firm-changxing"), []
    for _ in range(REPEATED):
        begun = time.perf_counter()
        assert desk.get("/v1/catalogue", limit=20, **asked).status == 200
        took.append(1_000 * (time.perf_counter() - begun))
    return min(took)


if __name__ == "__main__":
    sys.exit(main())
