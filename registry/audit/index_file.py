"""
A gateway's index file against the chain: row by row, with an index made anew from what the auditor read.

The file is copied first and only the copy is opened, so that a gateway may go on writing to it. What the copy holds up to its own
newest block is compared; that it is behind the chain is no fault.

Shell: reads and writes files.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

from registry.audit.evidence import Chain
from registry.audit.report import Difference
from registry.chain.deploy import Deployment
from registry.index import Index, IndexRefused
from registry.model import Address
from registry.ports import Block, CannotServe, Log
from registry.proofs import Header


def compare(file: Path, chain: Chain, deployment: Deployment) -> Iterator[Difference]:
    """
    Yield every row that differs, by the id that it is about.

    Raises:
        FileNotFoundError: there is no such file.
    """
    if not file.is_file():
        raise FileNotFoundError(f"no index at {file}")
    with TemporaryDirectory() as folder:
        copy, anew = Path(folder) / "copy.sqlite", Path(folder) / "anew.sqlite"
        try:
            _copy(file, copy)
            with Index(copy, _Told(chain, -1), deployment) as held, held.snapshot() as seen:
                last, theirs = seen.block, _rows(held)
        except (IndexRefused, sqlite3.DatabaseError, ValueError, LookupError) as refused:
            yield Difference("index", file.name, {"index": f"it cannot be read: {refused}", "chain": "its events are in order"})
            return
        with Index(anew, _Told(chain, last), deployment) as made:
            if last >= deployment.block:
                made.refresh()
            ours = _rows(made)
    for row in sorted(theirs.keys() | ours.keys()):
        if theirs.get(row) != ours.get(row):
            yield Difference(f"index.{row[0]}", _id_in(theirs.get(row), ours.get(row)), {"index": theirs.get(row), "chain": ours.get(row)})


def _copy(file: Path, copy: Path) -> None:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


_KEYS: Mapping[str, int] = {"blocks": 1, "logs": 2, "vouchers": 1, "orders": 1, "history": 3}
"""How many columns, from the first on, name a row of each table."""


def _rows(index: Index) -> dict[tuple[str, ...], Sequence[Any]]:
    rows: dict[tuple[str, ...], Sequence[Any]] = {}
    for line in index.export().decode().splitlines():
        table, *row = json.loads(line)
        columns = _KEYS.get(table, len(row))
        rows[table, *(f"{each:020d}" if isinstance(each, int) else str(each) for each in row[:columns])] = row
    return rows


_ID_DIGITS = 64


def _id_in(*rows: Sequence[Any] | None) -> str:
    """The id that a row is about: of a log entry's topics the one after the event's own, else the first id in the row."""
    for row in rows:
        for each in row or ():
            if isinstance(each, str) and len(each) >= 2 * _ID_DIGITS and len(each) % _ID_DIGITS == 0:
                return each[_ID_DIGITS : 2 * _ID_DIGITS]
    first = next((row for row in rows if row), ())
    return next((each for each in first if isinstance(each, str) and len(each) == _ID_DIGITS), "/".join(map(str, first[:2])))


@dataclass(frozen=True)
class _Told:
    """A node that knows nothing but what the auditor read, up to block `last`."""

    chain: Chain
    last: int
    first_resendable_nonce: int = 0

    def finalised_head(self) -> Block:
        return self.block(self.last)

    def head(self) -> Block:
        return self.block(self.last)

    def block(self, number: int) -> Block:
        return _block(self.chain.headers[number])

    def blocks(self, numbers: Sequence[int]) -> list[Block]:
        return [self.block(number) for number in numbers]

    def logs(self, first: int, last: int, addresses: Sequence[Address]) -> list[Log]:
        return [log for log in self.chain.entries if first <= log.block <= last and log.address in addresses]

    def __getattr__(self, name: str) -> NoReturn:
        raise CannotServe(f"an auditor's copy of the chain answers no {name}")


def _block(header: Header) -> Block:
    return Block(header.number, header.hash, header.parent, header.time, gas_limit=0)
