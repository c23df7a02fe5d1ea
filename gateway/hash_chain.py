"""
Rows that are chained by hash: none is changed, removed, inserted or moved without being found.

    hash(n) = SHA-256( hash(n − 1) ‖ canonical JSON of row n )        hash(0) = 32 zero bytes

Any alteration is found since every later hash follows from it; rows cut off at the end are missed since the head (number and hash of
the last row) is kept apart and written in the same transaction. Whoever can write the file can still make up a whole new chain from some
row on: that is found by comparing with a head that somebody else has kept (`Chain.verify(anchor=…)`).

A chain's table begins with `number` and ends with `hash`; what is between the two is the row.
"""

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from registry import PrivateStore, connect_store

GENESIS = bytes(32)


@dataclass(frozen=True, slots=True)
class Head:
    """The last row: its number, counted from 1, and its hash. Zero and zeros as long as there is none."""

    number: int
    hash: bytes


class LogAltered(Exception):
    """The log is not as it was written; `number` is the first row that does not follow."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(f"row {number}: {why}")
        self.number = number


@dataclass(frozen=True, slots=True)
class Chain:
    """Where a chain is: a file of the state folder, its table, and the columns of that, `number` first and `hash` last."""

    file: str
    table: str
    columns: str

    def verify(self, state: Path, *, anchor: Head | None = None) -> Head:
        """
        Follow the whole chain in a state folder and answer its head. Others may go on writing meanwhile.

        Raises:
            LogAltered: a row was changed, removed, inserted or moved, or `anchor`, a head kept elsewhere, is not part of the chain.
            FileNotFoundError: there is no such file.
        """
        path = state / self.file
        if not path.exists():
            raise FileNotFoundError(path)
        with closing(connect_store(path)) as connection:
            connection.execute("BEGIN")
            rows = connection.execute(f"SELECT {self.columns} FROM {self.table} ORDER BY number")  # noqa: S608 - our own words
            return _followed(rows, stored_head(connection), anchor)


class ChainedStore(PrivateStore):
    """A private store whose rows are chained. Who calls `_append` holds `_guard` and has begun a transaction."""

    def __init__(self, state: Path, chain: Chain, schema: str) -> None:
        """Raises as `open_store`."""
        super().__init__(state / chain.file, schema + append_only(chain.table))
        places = ", ".join("?" for _ in chain.columns.split(","))
        self._insert = f"INSERT INTO {chain.table} ({chain.columns}) VALUES ({places})"  # noqa: S608 - our own words

    @property
    def head(self) -> Head:
        """The last row. Who keeps it can prove later that nothing up to it was changed."""
        with self._guard:
            return stored_head(self._connection)

    def _append(self, rows: Iterable[tuple[Any, ...]]) -> list[int]:
        """Append rows to the chain, in a transaction that is under way, and answer their numbers."""
        made = list(chained(stored_head(self._connection), rows))
        self._connection.executemany(self._insert, made)
        if made:
            store_head(self._connection, Head(made[-1][0], made[-1][-1]))
        return [row[0] for row in made]


def append_only(table: str) -> str:
    """What a chain's file holds beside its table: the head, and that SQLite itself changes and removes nothing."""
    return f"""
CREATE TABLE IF NOT EXISTS head (one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER NOT NULL, hash BLOB NOT NULL) STRICT;
CREATE TRIGGER IF NOT EXISTS never_changed BEFORE UPDATE ON {table} BEGIN SELECT RAISE (ABORT, 'append-only'); END;
CREATE TRIGGER IF NOT EXISTS never_removed BEFORE DELETE ON {table} BEGIN SELECT RAISE (ABORT, 'append-only'); END;
"""


def chained(head: Head, rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """The rows by which a chain goes on from its head, each with its number and hash."""
    number, chain = head.number, head.hash
    for row in rows:
        number += 1
        chain = _hash(chain, number, row)
        yield (number, *row, chain)


def stored_head(connection: sqlite3.Connection) -> Head:
    """The head that a chain's file names."""
    found = connection.execute("SELECT number, hash FROM head").fetchone()
    return Head(*found) if found else Head(0, GENESIS)


def store_head(connection: sqlite3.Connection, head: Head) -> None:
    """Name another one, in the transaction that writes its row."""
    connection.execute("INSERT OR REPLACE INTO head VALUES (1, ?, ?)", (head.number, head.hash))


def _followed(rows: Iterable[tuple[Any, ...]], stored: Head, anchor: Head | None) -> Head:
    found = Head(0, GENESIS)
    anchored = anchor is None or anchor == found
    for number, *row, chain in rows:
        if number != found.number + 1:
            raise LogAltered(found.number + 1, "it is missing")
        if chain != _hash(found.hash, number, row):
            raise LogAltered(number, "it does not follow from the row before")
        found = Head(number, chain)
        anchored = anchored or found == anchor
    if stored != found:
        raise LogAltered(min(stored.number, found.number) + 1, f"the head names row {stored.number}, the last is {found.number}")
    if not anchored and anchor is not None:
        raise LogAltered(anchor.number, "it is not the row that was kept elsewhere")
    return found


def _hash(before: bytes, number: int, row: Iterable[Any]) -> bytes:
    return hashlib.sha256(before + orjson.dumps((number, *row), default=bytes.hex)).digest()
