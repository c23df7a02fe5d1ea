"""
Who looked up what, when, and what was answered: append-only, each row chained by hash to the one before (`gateway.hash_chain`).

**What is told.** Ids and tags only: never a company code, a serial number, a project or a name. `caller` is a key's public prefix or
the hash of a token's subject.

**No answer without its row.** A look-up is answered after its row is committed with `synchronous = FULL`: it is on the disk when
somebody has learned something. If the row cannot be written, the look-up is refused (`LookupLogUnavailable`). So that this costs little,
one thread commits whatever has come together while the last commit was under way (group commit): many callers share one sync. Where the
last commit was shared, the next one waits a millisecond for others to join; a caller that is alone never waits.

**What `verify` finds.** Any row that was changed, removed, inserted or moved, or cut off at the end; a chain that was made up anew is found
by a head that somebody else has kept (auditors are told the head with every page).

It is this gateway's own log: what was asked at another region's gateway stands there.
"""

import itertools
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from gateway.errors import Problem
from gateway.hash_chain import Chain, Head, append_only, chained, store_head, stored_head
from registry import Id, Tag, connect_store, open_store

MOST_AT_ONCE = 2_000
JOIN_SECONDS = 0.001
MOST_IN_ONE = 1_024

_log = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS lookups (
    number   INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,
    what     TEXT    NOT NULL,
    caller   TEXT    NOT NULL,
    party    TEXT    NOT NULL,
    home     INTEGER NOT NULL,
    lab      BLOB,
    region   INTEGER,
    firm     BLOB,
    serial   BLOB,
    voucher  BLOB,
    answer   TEXT    NOT NULL,
    request  TEXT,
    order_id BLOB,
    span     TEXT,
    block    INTEGER,
    amount   INTEGER,
    against  TEXT,
    hash     BLOB    NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS lookups_by_firm ON lookups (firm, number);
CREATE INDEX IF NOT EXISTS lookups_by_region ON lookups (region, number);
"""


class Lookup(NamedTuple):
    """
    One look-up. `at` is in milliseconds since 1970; `what` names the question, `answer` its outcome or the refusal's code.

    `caller`, `party`, `home` (region) and, for a lab or an agency in its name, `lab` say who asked; `region`, `firm`, `serial` and
    `voucher` about what, as far as it was told and found, and `order_id` of which order. `span` is the first and the last of what a whole
    page showed. Of a verification, `block` is as of which block it was answered and `amount` (fen) how much was to be used.
    `against` names every reason why not that was told, by the contracts' codes; of what is prepared to be signed as well.
    It is the row that is hashed and stored, number and hash aside.
    """

    at: int
    what: str
    caller: str
    party: str
    home: int
    lab: Id | None = None
    region: int | None = None
    firm: Tag | None = None
    serial: Tag | None = None
    voucher: Id | None = None
    answer: str = "ANSWERED"
    request: str | None = None
    order_id: Id | None = None
    span: str | None = None
    block: int | None = None
    amount: int | None = None
    against: str | None = None


CHAIN = Chain("lookups.sqlite", "lookups", ", ".join(("number", *Lookup._fields, "hash")))
_PLACES = f"({', '.join('?' * (len(Lookup._fields) + 2))})"


@dataclass(frozen=True, slots=True)
class Row:
    """A look-up as it stands in the log."""

    number: int
    lookup: Lookup
    hash: bytes


@dataclass(frozen=True, slots=True)
class _Batch:
    """Look-ups that stand or fall together, and who waits for them: a thread, or whoever wants to be called."""

    lookups: Sequence[Lookup]
    waiting: Future[None] | Callable[[int | Problem], None]


class LookupLog:
    """The log of one gateway, in its state folder. May be shared by threads; one process writes it."""

    def __init__(self, state: Path) -> None:
        self._path = state / CHAIN.file
        with closing(open_store(self._path, _SCHEMA + append_only(CHAIN.table))) as connection:
            self._head = stored_head(connection)
        self._arrived: queue.SimpleQueue[_Batch | None] = queue.SimpleQueue()
        self._closed = False
        self._guard = threading.Lock()
        self._writer = threading.Thread(target=self._write_until_closed, name="look-up log", daemon=True)
        self._writer.start()

    @property
    def head(self) -> Head:
        """The last row that is on the disk."""
        return self._head

    def record(self, *lookups: Lookup) -> None:
        """
        Write look-ups and return when they are on the disk.

        Raises:
            Problem: they could not be written (503): nothing may be answered.
        """
        if not lookups:
            return
        waiting: Future[None] = Future()
        self._submit(_Batch(lookups, waiting))
        waiting.result()

    def record_then(self, then: Callable[[int | Problem], None], lookups: Sequence[Lookup]) -> None:
        """
        Write look-ups, and call `then` from the log's own thread: with the first one's number when they are on the disk, or with why not.

        The others' numbers follow the first.

        It must be quick and raise nothing: the next commit waits for it.
        """
        try:
            self._submit(_Batch(lookups, then))
        except Problem as closed:
            then(closed)

    def rows(
        self, *, firms: Sequence[Tag] | None = None, region: int | None = None, before: int | None = None, limit: int = 100
    ) -> list[Row]:
        """Rows about a firm by its tags, or about a region's vouchers, or all; the newest first, those before a number if one is given."""
        conditions = {"region = ?": region, "number < ?": before}
        given: dict[str, Any] = {condition: value for condition, value in conditions.items() if value is not None}
        if firms is not None:
            given = {f"firm IN ({', '.join('?' * len(firms))})": None} | given
        where = f"WHERE {' AND '.join(given)} " if given else ""
        with closing(connect_store(self._path)) as connection:
            found = connection.execute(
                f"SELECT {CHAIN.columns} FROM lookups {where}ORDER BY number DESC LIMIT ?",  # noqa: S608 - our own words
                (*(firms or ()), *(value for value in given.values() if value is not None), limit),
            ).fetchall()
        return [_row(each) for each in found]

    def row(self, number: int) -> Row | None:
        """One row by its number."""
        found = self.rows(before=number + 1, limit=1)
        return found[0] if found and found[0].number == number else None

    def verify(self, *, anchor: Head | None = None) -> Head:
        """Follow the whole chain; see `Chain.verify`."""
        return CHAIN.verify(self._path.parent, anchor=anchor)

    def close(self) -> None:
        """Write what waits, and end."""
        with self._guard:
            if self._closed:
                return
            self._closed = True
            self._arrived.put(None)
        self._writer.join()

    def _submit(self, batch: _Batch) -> None:
        with self._guard:
            if self._closed:
                raise LogUnavailable
            self._arrived.put(batch)

    def _write_until_closed(self) -> None:
        with closing(connect_store(self._path)) as connection:
            shared, last = False, False
            while not last:
                batches, last = self._gathered(shared=shared)
                if batches:
                    self._write(connection, batches)
                shared = len(batches) > 1

    def _gathered(self, *, shared: bool) -> tuple[list[_Batch], bool]:
        """What has come since the last commit, at least one thing; and whether it is the last."""
        found: list[_Batch] = []
        each = self._arrived.get()
        if shared and each is not None:
            time.sleep(JOIN_SECONDS)
        while each is not None:
            found.append(each)
            if len(found) == MOST_AT_ONCE:
                return found, False
            try:
                each = self._arrived.get_nowait()
            except queue.Empty:
                return found, False
        return found, True

    def _write(self, connection: sqlite3.Connection, batches: Sequence[_Batch]) -> None:
        outcome: int | Problem = self._head.number + 1
        try:
            self._commit(connection, batches)
        except Exception as failed:  # noqa: BLE001 - whoever waits must be told, and the thread must live on
            with suppress(sqlite3.Error):
                # A commit may have taken effect though it failed: the chain goes on from what stands.
                self._head = stored_head(connection)
            # SQLite says of a file that it does not read or write, and of one that is none.
            is_of_a_row = not isinstance(failed, sqlite3.OperationalError) and type(failed) is not sqlite3.DatabaseError
            if is_of_a_row and len(batches) > 1:
                # Not the disk failed but one batch's row: the other batches are written without it.
                for each in batches:
                    self._write(connection, [each])
                return
            _log.exception("look-ups could not be logged, and are refused")
            outcome = RowRefused() if is_of_a_row else LogUnavailable()
        _tell(batches, outcome)

    def _commit(self, connection: sqlite3.Connection, batches: Sequence[_Batch]) -> None:
        rows = list(chained(self._head, (lookup for batch in batches for lookup in batch.lookups)))
        head = Head(rows[-1][0], rows[-1][-1])
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            _insert(connection, rows)
            store_head(connection, head)
        # COMMIT POINT. A crash before it: nobody was answered. After it: the row stands, whether or not the answer arrived.
        self._head = head


def _tell(batches: Sequence[_Batch], outcome: int | Problem) -> None:
    """Let all go on that waited: their rows begin at this number, or there are none and that is why."""
    for batch in batches:
        if callable(batch.waiting):
            batch.waiting(outcome)
        elif isinstance(outcome, Problem):
            batch.waiting.set_exception(outcome)
        else:
            batch.waiting.set_result(None)
        if not isinstance(outcome, Problem):
            outcome += len(batch.lookups)


def _insert(connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """
    Insert rows, as many as possible with one statement.

    Each statement gives the interpreter's lock away and has to win it back from a busy event loop: row by row that would cost more
    than the rows. Powers of two, so that few statements are ever prepared.
    """
    at = 0
    while at < len(rows):
        count = min(MOST_IN_ONE, 1 << (len(rows) - at).bit_length() - 1)
        connection.execute(_statement(count), tuple(itertools.chain.from_iterable(rows[at : at + count])))
        at += count


@cache
def _statement(count: int) -> str:
    return f"INSERT INTO lookups ({CHAIN.columns}) VALUES {', '.join([_PLACES] * count)}"  # noqa: S608 - our own words


def _row(found: tuple[Any, ...]) -> Row:
    number, *members, chain = found
    return Row(number, Lookup(*members), chain)


class LogUnavailable(Problem):
    """Nothing was written, and nothing may be told."""

    def __init__(self) -> None:
        title = "查询日志暂不可写，未予查询。 The look-up log cannot be written, so nothing was looked up."
        super().__init__(503, "LookupLogUnavailable", title, headers={"Retry-After": "5"})


class RowRefused(LogUnavailable):
    """The file can be written, but not with one of these rows."""
