"""
How quickly the index reads a chain, beside web3's decoding of the same events and bare inserts of the same rows.

    scripts/bench index                     measure and print
    scripts/bench index --write             measure, and write the tables of docs/benchmarks.md anew

Our side is `Index.refresh` as gateways run it: fetch over JSON-RPC from a real node, check that blocks join, decode, fold, and
store with all look-up tables and indexes. web3's side only fetches the same ranges and decodes; it stores and folds nothing. The
bare inserts are the rows that our side wrote, into the same tables, in as many transactions, from tuples that are at hand.
"""

# ruff: noqa: S608 - the tables are named here

import argparse
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from web3 import HTTPProvider, Web3
from web3.contract.contract import ContractEvent
from web3.types import LogReceipt

from registry.chain.artifacts import load
from registry.chain.devnode import Engine, start
from registry.chain.node import Node
from registry.index import CONTENT, SCHEMA, Index
from tests.bench.events import fill
from tests.bench.speed import Goal, Rate, goals_table, rates_table, ratio, take_turns, tell
from tests.networks import Network, network

CHAIN_ID = 20_131_220
EVENTS, BATCH, ROUNDS = 20_000, 100, 5
LEAST_OF_WEB3, LEAST_OF_INSERTS = 8, 0.35

LABELS = {
    "ours": "本库：取日志、解码、归集、入库 our index: fetch, decode, fold, store",
    "fetch": "其中取日志 of it the fetch alone",
    "web3": "web3：取日志、解码 web3: get_logs and process_log",
    "web3 decoding": "web3：只解码 web3: process_log alone, logs at hand",
    "inserts": "只插入相同的行 bare inserts of the same rows",
    "open": "重启：归集已入库的日志 opening again: the stored logs folded",
}

Range = tuple[int, int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, then print or write."""
    parser = argparse.ArgumentParser(prog="scripts/bench index", description="索引速度。 How quickly the index reads a chain.")
    parser.add_argument("--events", type=int, default=EVENTS, help=f"至少多少事件 at least so many events ({EVENTS:,})")
    parser.add_argument("--batch", type=int, default=BATCH, help=f"每笔交易几张券 vouchers a transaction ({BATCH})")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"轮数，取最好一轮 rounds, the best counts ({ROUNDS})")
    parser.add_argument("--write", action="store_true", help="重写 docs/benchmarks.md 的表格 rewrite the tables of docs/benchmarks.md")
    chosen = parser.parse_args(arguments)

    rates = measure(events=chosen.events, batch=chosen.batch, rounds=chosen.rounds)
    tell("index", [rates_table("索引 The index", rates, LABELS, "事件 events"), goals_table(goals(rates))], write=chosen.write)
    return 0


def goals(rates: dict[str, Rate]) -> list[Goal]:
    """Both goals, and the first against web3's decoding without its fetch, which is harder."""
    return [
        Goal(name="本库 ÷ web3 取日志并解码 ours ÷ web3", value=ratio(rates["ours"], rates["web3"]), least=LEAST_OF_WEB3),
        Goal(
            name="本库 ÷ web3 只解码 ours ÷ web3's decoding alone", value=ratio(rates["ours"], rates["web3 decoding"]), least=LEAST_OF_WEB3
        ),
        Goal(name="本库 ÷ 只插入 ours ÷ bare inserts", value=ratio(rates["ours"], rates["inserts"]), least=LEAST_OF_INSERTS),
    ]


def measure(*, events: int, batch: int, rounds: int) -> dict[str, Rate]:
    """Fill a chain on a node of its own, and let the sides take turns at it."""
    with tempfile.TemporaryDirectory() as name, start(Engine.ANVIL, chain_id=CHAIN_ID, directory=Path(name)) as node:
        net = network(node)
        fill(net, events=events, batch=batch)
        return take_turns(sides(net, Path(name)), rounds=rounds)


def sides(net: Network, directory: Path) -> dict[str, Callable[[], int]]:
    """Every side, ready to run; all go through the ranges that our index chose."""
    recorder = _Recorder(net.chain)
    with Index(directory / "first.sqlite", recorder, net.deployment) as first:
        first.refresh()
    ranges = recorder.ranges
    rows = _rows(directory / "first.sqlite", ranges)
    web3 = Web3(HTTPProvider(net.devnode.url))
    events = _web3_events(net, web3)
    logs = _web3_logs(net, web3, ranges)
    fresh = (directory / f"{number}.sqlite" for number in count())
    return {
        "ours": lambda: _index(net, next(fresh)),
        "fetch": lambda: sum(len(net.chain.logs(*each, list(net.deployment.contracts))) for each in ranges),
        "web3": lambda: _decode(events, _web3_logs(net, web3, ranges)),
        "web3 decoding": lambda: _decode(events, logs),
        "inserts": lambda: _insert(next(fresh), rows),
        "open": lambda: _open(net, directory / "first.sqlite"),
    }


class _Recorder:
    """A node that remembers for which ranges it was asked."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self.ranges: list[Range] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._node, name)

    def logs(self, first: int, last: int, addresses: Sequence[Any]) -> Any:
        self.ranges.append((first, last))
        return self._node.logs(first, last, addresses)


# Our side


def _index(net: Network, path: Path) -> int:
    with Index(path, Node(net.devnode.url), net.deployment) as index:
        index.refresh()
        with index.snapshot() as seen:
            return seen.count()


def _open(net: Network, path: Path) -> int:
    with Index(path, net.chain, net.deployment) as index, index.snapshot() as seen:
        return seen.count()


# web3


def _web3_events(net: Network, web3: Web3) -> dict[tuple[str, bytes], ContractEvent]:
    """Every event of every contract, by where it comes from and its topic."""
    found = {}
    for address, name in net.deployment.contracts.items():
        contract = web3.eth.contract(address=address, abi=load(name).abi)
        found |= {(address, bytes.fromhex(event().topic.removeprefix("0x"))): event() for event in contract.events}
    return found


def _web3_logs(net: Network, web3: Web3, ranges: Sequence[Range]) -> list[LogReceipt]:
    addresses = list(net.deployment.contracts)
    return [
        log
        for first, last in ranges
        for log in web3.eth.get_logs({"fromBlock": first, "toBlock": last, "address": addresses})  # type: ignore[typeddict-item]
    ]


def _decode(events: dict[tuple[str, bytes], ContractEvent], logs: Sequence[LogReceipt]) -> int:
    for log in logs:
        events[log["address"], bytes(log["topics"][0])].process_log(log)
    return len(logs)


# Bare inserts


Rows = list[dict[str, list[tuple[Any, ...]]]]


def _rows(path: Path, ranges: Sequence[Range]) -> Rows:
    """What our index wrote, one dict a transaction: table to rows."""
    connection = sqlite3.connect(path)
    where = {"blocks": "number", "logs": "block", "orders": "block", "history": "block"}
    issued = "SELECT vouchers.*, min(block) FROM vouchers JOIN history ON subject = id GROUP BY id"
    vouchers = connection.execute(issued).fetchall()
    rows = []
    for each in ranges:
        of_range = {
            table: connection.execute(f"SELECT * FROM {table} WHERE {block} BETWEEN ? AND ?", each).fetchall()
            for table, block in where.items()
        }
        of_range["vouchers"] = [row for *row, block in vouchers if each[0] <= block <= each[1]]
        rows.append({table: of_range[table] for table in CONTENT})
    connection.close()
    return rows


def _insert(path: Path, rows: Rows) -> int:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.executescript(SCHEMA)
    for of_range in rows:
        connection.execute("BEGIN IMMEDIATE")
        for table, each in of_range.items():
            if each:
                connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(each[0]))})", each)
        connection.execute("COMMIT")
    (events,) = connection.execute("SELECT count(*) FROM logs").fetchone()
    connection.close()
    return int(events)


if __name__ == "__main__":
    sys.exit(main())
