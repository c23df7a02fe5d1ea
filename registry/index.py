"""
What the chain says, ready to be looked up: a fold of its events in memory, and tables by which to find them, in SQLite.

Everything here is derived from final blocks and may be deleted at any time; the next `refresh` reads it all again and comes to
the same content, byte for byte (`export`). Blocks are read by range from a stored cursor, never from a subscription, which
would leave out what happened while nobody listened. If the chain no longer holds a block that was read, nothing is guessed:
`ChainReplaced`, until a person has found out why and deleted the file.

What is not here: judging a voucher (the gateway, by `gateway.verification`), and checking the fold against the contracts
(`registry.audit`).
"""

import fcntl
import json
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from registry.chain.deploy import Deployment
from registry.errors import TongquanError, Unreachable
from registry.events import EVENTS, Contract, Event, Issued, Logged, MalformedEvent, Position, Reserved, decode
from registry.files import sync
from registry.model import Address, Digest, Id, Region, Tag, Time
from registry.ports import Block, Log, Node
from registry.rules import Ledger, apply
from registry.tags import epoch_of

# The largest range of blocks, and how many events one should hold: fewer cost more requests, more memory gains nothing.
BLOCKS_AT_ONCE = 1_000
EVENTS_AT_ONCE = 1_000
FIRST_RANGE = 10

SCHEMA = """
CREATE TABLE IF NOT EXISTS origin (deployment TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS cursor (number INTEGER NOT NULL, hash BLOB NOT NULL, time INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS blocks (number INTEGER PRIMARY KEY, hash BLOB NOT NULL, time INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS logs (
    block             INTEGER NOT NULL REFERENCES blocks (number),
    log               INTEGER NOT NULL,
    transaction_index INTEGER NOT NULL,
    transaction_hash  BLOB    NOT NULL,
    address           TEXT    NOT NULL,
    topics            BLOB    NOT NULL,
    data              BLOB    NOT NULL,
    PRIMARY KEY (block, log)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS vouchers (id BLOB PRIMARY KEY, firm BLOB NOT NULL, serial BLOB NOT NULL, programme BLOB NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS vouchers_by_firm ON vouchers (firm, serial);
CREATE TABLE IF NOT EXISTS orders (
    id      BLOB    PRIMARY KEY,
    voucher BLOB    NOT NULL REFERENCES vouchers (id),
    lab     BLOB    NOT NULL,
    firm    BLOB    NOT NULL,
    project BLOB    NOT NULL,
    block   INTEGER NOT NULL,
    log     INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS orders_by_lab ON orders (lab, block, log);
CREATE INDEX IF NOT EXISTS orders_by_firm ON orders (firm, block, log);
CREATE TABLE IF NOT EXISTS history (
    subject BLOB    NOT NULL,
    block   INTEGER NOT NULL,
    log     INTEGER NOT NULL,
    PRIMARY KEY (subject, block, log)
) STRICT, WITHOUT ROWID;
"""

# What `export` writes: each derived table with its key.
CONTENT = {"blocks": "number", "logs": "block, log", "vouchers": "id", "orders": "id", "history": "subject, block, log"}

_TOPIC = 32


Progress = Callable[[int, int], None]
"""Told how many blocks are done and how many are to go."""

_Fetched = tuple[dict[int, Block], list[Log], list[Event] | Exception]


class IndexRefused(TongquanError):
    """
    The index cannot go on from what it holds. Find out why before deleting its file; then it reads everything anew.

    IndexRefused
     ├── ChainReplaced   the chain no longer holds a block that was read, or its blocks do not join
     ├── NotFoldable     a contract's events make no sense in their order, or are none of this version's
     └── WrongIndex      the file was written for another deployment
    """


class ChainReplaced(IndexRefused):
    """A final block changed, or the node answers for two chains at once."""

    def __init__(self, block: int, *, expected: bytes, found: bytes) -> None:
        super().__init__(f"block {block}: expected {expected.hex()}, found {found.hex()}")
        self.block = block


class NotFoldable(IndexRefused):
    """An event does not fit what stands: the node left some out, or other code stands at an address."""


class WrongIndex(IndexRefused):
    """The file was written for another deployment."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of the trail. `position` is opaque to whoever pages through it; it sorts as the chain does."""

    position: str
    logged: Logged

    @property
    def name(self) -> str:
        """The event's name, as in the contract."""
        return type(self.logged.event).__name__


class IndexBusy(Unreachable):
    """Another process holds this index: a gateway that runs, or a command. Nothing was done; stop it, or try again."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"a gateway or another command is using {path}")
        self.path = path


class Snapshot:
    """
    What the index knew at one final block, `block`, of time `time`. Nothing changes while it is open, so hold it briefly.

    `ledger` is the fold; it is shared and not to be written to.
    """

    def __init__(
        self, cursor: Block, ledger: Ledger, finder: "_Finder", select: Callable[..., list[tuple[Any, ...]]], deployment: Deployment
    ) -> None:
        self.block = cursor.number
        self.time = cursor.time
        self.chain_id = deployment.chain_id
        self.ledger = ledger
        self._finder = finder
        self._select = select
        self._contracts = deployment.contracts

    def vouchers_of(self, firm: Tag, serial: Tag) -> list[Id]:
        """The vouchers that carry this serial and were issued to this firm: none, one, or one in each of several programmes."""
        return sorted(self._finder.vouchers.get((firm, serial), ()))

    def vouchers_of_firm(self, firm: Tag) -> list[Id]:
        """All vouchers that were issued to this firm, under whatever programme."""
        return [Id(row[0]) for row in self._select("SELECT id FROM vouchers WHERE firm = ? ORDER BY id", firm)]

    def orders_of_voucher(self, voucher: Id) -> list[Id]:
        """A voucher's orders, in the order of reservation."""
        return [order for order, _ in self.reservations_of(voucher)]

    def reservations_of(self, voucher: Id) -> Sequence[tuple[Id, Time]]:
        """A voucher's orders with when each was reserved, in that order."""
        return self._finder.reservations.get(voucher, ())

    def orders_of_lab(self, lab: Id) -> list[Id]:
        """A lab's orders, in the order of reservation."""
        return self._orders("lab", lab)

    def orders_of_firm(self, *tags: Tag) -> list[Id]:
        """The orders of a firm's tag, or of its tags of several epochs, in the order of reservation."""
        found = self._select(f"SELECT id FROM orders WHERE firm IN ({_places(tags)}) ORDER BY block, log", *tags)  # noqa: S608 - our own words
        return [Id(row[0]) for row in found]

    def has_vouchers_of_epoch(self, epoch: int) -> bool:
        """Whether any voucher was issued under tags of an epoch."""
        return epoch in self._finder.epochs

    def epoch_of_programme(self, programme: Id) -> int | None:
        """The epoch of one of a programme's vouchers, as gateways issue them that of all; None as long as there is none."""
        found = self._select("SELECT firm FROM vouchers WHERE programme = ? LIMIT 1", programme)
        return epoch_of(Tag(found[0][0])) if found else None

    def history_of(self, subject: Id | Tag) -> list[Entry]:
        """
        Every event about a voucher, an order, a programme, a lab, an item, a firm, a motion or an invoice, in order.

        What happened to an order stands in its voucher's history as well.
        """
        return self._entries("JOIN history USING (block, log) WHERE subject = ? ORDER BY block, log", subject)

    def history_of_firm(self, firm: Id, tag: Tag) -> list[Entry]:
        """
        Every event about a firm and about the orders of its tag, in order: what `registry.agents.acts_of` reads.

        Orders of the same company in another region are among them, since a tag is the same everywhere.
        """
        return self._entries(f"WHERE (block, log) IN ({_OF_FIRM}) ORDER BY block, log", firm, tag)

    def history_of_orders(self, *, home: Region, host: Region) -> list[Entry]:
        """Every event about orders for vouchers that one region issued, at labs of another, in order."""
        programmes = [each for each, record in self.ledger.programmes.items() if record.region == home]
        labs = [each for each, record in self.ledger.lab_records.items() if record.region == host]
        orders = f"""SELECT orders.id FROM orders JOIN vouchers ON vouchers.id = orders.voucher
            WHERE programme IN ({_places(programmes)}) AND lab IN ({_places(labs)})"""  # noqa: S608 - our own words
        which = f"WHERE (block, log) IN (SELECT block, log FROM history WHERE subject IN ({orders})) ORDER BY block, log"  # noqa: S608
        return self._entries(which, *programmes, *labs)

    def history_of_programmes(self, programmes: Sequence[Id]) -> list[Entry]:
        """Every event about the vouchers of some programmes and about their orders, in order."""
        vouchers = f"SELECT id FROM vouchers WHERE programme IN ({_places(programmes)})"  # noqa: S608 - our own words
        which = f"WHERE (block, log) IN (SELECT block, log FROM history WHERE subject IN ({vouchers})) ORDER BY block, log"  # noqa: S608
        return self._entries(which, *programmes)

    def history_of_lab_orders(self, lab: Id) -> list[Entry]:
        """Every event about a lab's orders, in order."""
        orders = "SELECT block, log FROM history WHERE subject IN (SELECT id FROM orders WHERE lab = ?)"
        return self._entries(f"WHERE (block, log) IN ({orders}) ORDER BY block, log", lab)

    def last_of_firm(self, firm: Id, tag: Tag) -> str | None:
        """The position of the last of them."""
        found = self._select(f"{_OF_FIRM} ORDER BY block DESC, log DESC LIMIT 1", firm, tag)
        return _position(*found[0]) if found else None

    def trail(self, *, after: str | None = None, limit: int = 1_000) -> list[Entry]:
        """All events of all contracts in the chain's order, `limit` at a time: those after a position, or from the first one on."""
        block, log = (-1, -1) if after is None else _read_position(after)
        return self._entries("WHERE (block, log) > (?, ?) ORDER BY block, log LIMIT ?", block, log, limit)

    def count(self) -> int:
        """How many events there are."""
        found: int = self._select("SELECT count(*) FROM logs")[0][0]
        return found

    def _orders(self, column: str, value: bytes) -> list[Id]:
        return [Id(row[0]) for row in self._select(f"SELECT id FROM orders WHERE {column} = ? ORDER BY block, log", value)]  # noqa: S608 - our own words

    def _entries(self, which: str, *values: object) -> list[Entry]:
        return [Entry(_position(row[0], row[1]), _logged(row, self._contracts)) for row in self._select(f"{_SELECT_LOGS} {which}", *values)]


_SELECT_LOGS = (
    "SELECT block, log, transaction_index, transaction_hash, address, topics, data, time FROM logs JOIN blocks ON blocks.number = block"
)
_OF_FIRM = "SELECT block, log FROM history WHERE subject = ? OR subject IN (SELECT id FROM orders WHERE firm = ?)"


def _places(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


class _Finder:
    """
    By what a verification finds vouchers and their orders, in memory beside the fold.

    Two look-ups in a file for each would take longer than judging it.
    """

    def __init__(self) -> None:
        self.vouchers: dict[tuple[Tag, Tag], list[Id]] = {}
        self.reservations: dict[Id, list[tuple[Id, Time]]] = {}
        self.epochs: set[int] = set()

    def note(self, event: Event, time: Time) -> None:
        """Take down what an event in effect says of who holds and who reserved what. `time` is its block's."""
        if isinstance(event, Issued):
            self.vouchers.setdefault((event.firm, event.serial), []).append(event.voucher)
            self.epochs.add(epoch_of(event.firm))
        elif isinstance(event, Reserved):
            self.reservations.setdefault(event.record.voucher, []).append((event.order, time))


class Index:
    """
    The index of one deployment in one file. One thread refreshes at a time; any number read snapshots.

    Raises on opening:
        WrongIndex: the file was written for another deployment.
        NotFoldable: what is stored makes no sense.
    """

    def __init__(self, path: Path, node: Node, deployment: Deployment) -> None:
        self._node = node
        self._deployment = deployment
        self._shared = _Shared()
        self._refreshing = threading.Lock()
        self._door = _Door()
        self._path = path
        self._idle_readers: deque[sqlite3.Connection] = deque()
        self._stride = FIRST_RANGE
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
            # A power cut may take the last transactions with it, never a part of one: they are read again.
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.executescript(SCHEMA)
            self._require_same_deployment()
            self._cursor = self._stored_cursor()
            self._ledger, self._finder = self._fold_stored()
        except BaseException:
            self._close_all()
            raise

    def refresh(self, progress: Progress | None = None) -> int:
        """
        Read up to the node's newest final block, and return its number. A node that is behind what was read changes nothing.

        Threads that ask together share one question to the node, and its failure (`_Shared`): a node that hangs is waited for once.

        `progress`, if given, is told after each range how many blocks were read and how many are to go; not where another thread reads.

        Raises:
            Unreachable: the node did not answer; what is known stays, and grows older.
            ChainReplaced: the node's chain is not the one that was read.
            NotFoldable: its events make no sense.
        """
        return self._shared.do(lambda: self._read_on(progress))

    def _read_on(self, progress: Progress | None) -> int:
        with self._refreshing:
            head = self._node.finalised_head()
            if self._cursor is None:
                self._cursor = self._node.block(self._deployment.block - 1)
            if head.number >= self._cursor.number:
                here = head if head.number == self._cursor.number else self._node.block(self._cursor.number)
                _require_hash(self._cursor.number, expected=self._cursor.hash, found=here.hash)
            begun = self._cursor.number
            for blocks, logs, events in self._fetched(begun + 1, head.number):
                self._check(self._cursor, blocks, logs)
                with self._door.write():
                    self._store(blocks, logs, events)
                if progress is not None:
                    progress(self._cursor.number - begun, head.number - self._cursor.number)
            return self._cursor.number

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """What is known now, all of one block. `refresh` waits until it is closed."""
        with self._door.read():
            cursor = self._cursor or Block(-1, Digest(bytes(32)), Digest(bytes(32)), Time(0), 0)
            yield Snapshot(cursor, self._ledger, self._finder, self._select, self._deployment)

    def age(self, now: Time) -> int:
        """How many seconds old the newest known block is; what `STALE` is judged by."""
        with self._door.read():
            return now - (self._cursor.time if self._cursor else 0)

    def export(self) -> bytes:
        """All derived content as text, one JSON array a row: the same for the same chain, whenever and however it was read."""
        with self._door.read():
            rows = ([table, *row] for table, key in CONTENT.items() for row in self._select(f"SELECT * FROM {table} ORDER BY {key}"))  # noqa: S608
            return "".join(json.dumps(row, default=lambda content: content.hex()) + "\n" for row in rows).encode()

    def close(self) -> None:
        """Close the file, once nobody reads or refreshes."""
        with self._refreshing, self._door.write():
            self._close_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _fetched(self, first: int, head: int) -> Iterator[_Fetched]:
        """Blocks and entries up to the head, range by range; each is fetched and decoded while the one before it is taken in."""
        if first > head:
            return  # as most refreshes find it: nothing is asked, and no thread begun
        with ThreadPoolExecutor(1, thread_name_prefix="index") as ahead:
            last = self._end_of_range(first, head)
            waiting = ahead.submit(self._fetch, first, last)
            while first <= head:
                blocks, logs, events = waiting.result()
                self._learn(last - first + 1, len(logs))
                first, last = last + 1, self._end_of_range(last + 1, head)
                if first <= head:
                    waiting = ahead.submit(self._fetch, first, last)
                yield blocks, logs, events

    def _fetch(self, first: int, last: int) -> _Fetched:
        logs = self._node.logs(first, last, list(self._deployment.contracts))
        numbers = sorted({first, last, *(log.block for log in logs)})
        return dict(zip(numbers, self._node.blocks(numbers), strict=True)), logs, self._decoded(logs)

    def _decoded(self, logs: Sequence[Log]) -> list[Event] | Exception:
        """The events of entries; or why they are none, for whoever takes them in once it is known that the blocks are the chain's."""
        contracts = self._deployment.contracts
        try:
            return [decode(contracts[log.address], log.topics, log.data) for log in logs]
        except (MalformedEvent, KeyError) as malformed:
            return malformed

    def _end_of_range(self, first: int, head: int) -> int:
        return min(first + min(self._stride, BLOCKS_AT_ONCE) - 1, head)

    def _learn(self, blocks: int, events: int) -> None:
        """Choose the next range so that about `EVENTS_AT_ONCE` are in it; where there are few, grow slowly: quiet may end at once."""
        self._stride = max(1, min(blocks + FIRST_RANGE, blocks * EVENTS_AT_ONCE // max(events, 1), BLOCKS_AT_ONCE))

    @staticmethod
    def _check(cursor: Block, blocks: dict[int, Block], logs: Sequence[Log]) -> None:
        """Before anything is taken in: that blocks join each other and what was read before, and that entries are theirs."""
        for number, block in blocks.items():
            before = cursor if number == cursor.number + 1 else blocks.get(number - 1)
            if before is not None:
                _require_hash(number - 1, expected=before.hash, found=block.parent)
        for log in logs:
            _require_hash(log.block, expected=blocks[log.block].hash, found=log.block_hash)

    def _store(self, blocks: dict[int, Block], logs: Sequence[Log], events: Sequence[Event] | Exception) -> None:
        last = blocks[max(blocks)]
        try:
            if isinstance(events, Exception):
                raise events  # noqa: TRY301 - it is answered below, as what is found while folding
            with self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                for table, rows in self._take_in(logs, events, blocks).items():
                    self._insert(table, rows)
                self._connection.execute("DELETE FROM cursor")
                self._insert("cursor", [(last.number, last.hash, last.time)])
            # COMMIT POINT. A crash before it leaves the blocks unread, one after it leaves them read: both are consistent.
            self._cursor = last
        except BaseException as failure:
            # The file was rolled back; the fold in memory may have gone ahead of it.
            self._ledger, self._finder = self._fold_stored()
            if isinstance(failure, MalformedEvent | KeyError | ValueError | sqlite3.IntegrityError):
                raise NotFoldable(f"blocks {min(blocks)} to {last.number}: {failure!r}") from failure
            raise

    def _take_in(self, logs: Sequence[Log], events: Sequence[Event], blocks: dict[int, Block]) -> dict[str, list[tuple[Any, ...]]]:
        """Fold new entries, and say what rows they make, by table."""
        ledger, finder = self._ledger, self._finder
        times = {number: block.time for number, block in blocks.items()}
        vouchers, orders, history = [], [], []
        for log, event in zip(logs, events, strict=True):
            block, place, topics = log.block, log.index, log.topics
            apply(ledger, event, times[block])
            if isinstance(event, Issued):
                finder.note(event, times[block])
                vouchers.append((event.voucher, event.firm, event.serial, ledger.terms[event.terms].programme))
            elif isinstance(event, Reserved):
                finder.note(event, times[block])
                order, firm = event.record, ledger.vouchers[event.record.voucher].firm
                orders.append((event.order, order.voucher, order.lab, firm, order.project, block, place))
            history.extend([(subject, block, place) for subject in _subjects(event, topics, ledger)])
        # In the order of its key: rows that lie together are written together.
        history.sort()
        with_events = sorted({log.block for log in logs})
        return {
            "blocks": [(number, blocks[number].hash, blocks[number].time) for number in with_events],
            "logs": [_row(log) for log in logs],
            "vouchers": vouchers,
            "orders": orders,
            "history": history,
        }

    def _insert(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        if rows:
            self._connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)  # noqa: S608 - our own words

    def _select(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask on a connection of one's own, so that no reader waits for another; there are as many as ever read at once."""
        try:
            reader = self._idle_readers.pop()
        except IndexError:
            reader = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
            reader.execute("PRAGMA query_only = ON")
        try:
            return reader.execute(query, values).fetchall()
        finally:
            self._idle_readers.append(reader)

    def _close_all(self) -> None:
        while self._idle_readers:
            self._idle_readers.pop().close()
        # Last, since it is the last to go that moves the write-ahead log into the file.
        self._connection.close()

    def _require_same_deployment(self) -> None:
        found = self._select("SELECT deployment FROM origin")
        if not found:
            self._insert("origin", [(self._deployment.to_json(),)])
        elif found[0][0] != self._deployment.to_json():
            raise WrongIndex("the index was written for another deployment")

    def _stored_cursor(self) -> Block | None:
        found = self._select("SELECT number, hash, time FROM cursor")
        return Block(found[0][0], Digest(found[0][1]), Digest(bytes(32)), Time(found[0][2]), 0) if found else None

    def _fold_stored(self) -> tuple[Ledger, _Finder]:
        ledger, finder = Ledger(registry=self._deployment.registry), _Finder()
        contracts = self._deployment.contracts
        # Row by row: all of them at once would be the largest thing in memory.
        for _, _, _, _, address, topics, data, time in self._connection.execute(f"{_SELECT_LOGS} ORDER BY block, log"):
            event = decode(contracts[address], _words(topics), data)
            apply(ledger, event, time)
            finder.note(event, time)
        return ledger, finder


@contextmanager
def hold(path: Path) -> Iterator[None]:
    """
    Hold an index file alone: two processes would read the same blocks into one file, or write into one that was replaced.

    Raises:
        IndexBusy: a gateway or another command holds it.
    """
    with path.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            raise IndexBusy(path) from taken
        yield


def rebuild(path: Path, node: Node, deployment: Deployment, progress: Progress | None = None) -> int:
    """
    Read a deployment's whole chain into a new index that then takes the place of the one at `path`, and return the last block.

    What stood there, damaged or whole, stays until the new one is complete, and for good if this fails or is broken off. `hold` it:
    who has it open goes on with the old one, and loses what it writes.

    Raises:
        Unreachable: the node did not answer; nothing was replaced.
        IndexRefused: its chain cannot be folded; nothing was replaced.
    """
    new = path.with_name(f"{path.name}.new")
    _remove(new)
    try:
        with Index(new, node, deployment) as index:
            head = index.refresh(progress)
        # Closing the last connection moved all of the write-ahead log into the file, so that it is whole by itself.
        sync(new)
        # COMMIT POINT. What the old file had not taken in yet goes first: under the new file it would be another one's.
        _remove_journal(path)
        new.replace(path)
        sync(path.parent)
    finally:
        _remove(new)
    return head


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    _remove_journal(path)


def _remove_journal(path: Path) -> None:
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


class _Shared:
    """
    What many want done is done once for all who came before it began.

    Whoever comes while it is under way waits for the next one, since what is under way may have looked before they came. If it fails
    they are told so as well: otherwise one after another would wait for the same silence.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._last: Future[int] = Future()
        self._last.set_result(0)

    def do(self, act: Callable[[], int]) -> int:
        with self._guard:
            before, under_way = self._last, not self._last.done()
        if under_way:
            before.result()
        with self._guard:
            begun_since = self._last
            if begun_since is before:
                self._last = mine = Future[int]()
        if begun_since is not before:
            return begun_since.result()
        try:
            mine.set_result(act())
        except BaseException as failure:  # noqa: BLE001 - all who wait must go on
            mine.set_exception(failure)
        return mine.result()


class _Door:
    """
    Many may read, or one write.

    A writer waits for those inside, and those who come later wait for it; but a thread that is inside already may enter again,
    or the two would wait for each other.
    """

    def __init__(self) -> None:
        self._state = threading.Condition()
        self._readers = 0
        self._writer = False
        self._of_thread = threading.local()

    @contextmanager
    def read(self) -> Iterator[None]:
        depth: int = getattr(self._of_thread, "depth", 0)
        with self._state:
            self._state.wait_for(lambda: depth > 0 or not self._writer)
            self._readers += 1
        self._of_thread.depth = depth + 1
        try:
            yield
        finally:
            self._of_thread.depth = depth
            with self._state:
                self._readers -= 1
                self._state.notify_all()

    @contextmanager
    def write(self) -> Iterator[None]:
        if getattr(self._of_thread, "depth", 0):
            raise RuntimeError("a thread that has a snapshot open cannot refresh: it would wait for itself")
        with self._state:
            self._state.wait_for(lambda: not self._writer)
            self._writer = True
            self._state.wait_for(lambda: self._readers == 0)
        try:
            yield
        finally:
            with self._state:
                self._writer = False
                self._state.notify_all()


def _require_hash(number: int, *, expected: bytes, found: bytes) -> None:
    if expected != found:
        raise ChainReplaced(number, expected=expected, found=found)


def _row(log: Log) -> tuple[int, int, int, bytes, str, bytes, bytes]:
    return (log.block, log.index, log.transaction_index, log.transaction, log.address, b"".join(log.topics), log.data)


def _logged(row: tuple[Any, ...], contracts: Any) -> Logged:
    block, log, transaction_index, transaction, address, topics, data, time = row
    contract: Contract = contracts[Address(address)]
    position = Position(block, transaction_index, log)
    return Logged(decode(contract, _words(topics), data), Address(address), position, Time(time), Digest(transaction))


def _words(topics: bytes) -> list[bytes]:
    return [topics[at : at + _TOPIC] for at in range(0, len(topics), _TOPIC)]


def _subjects(event: Event, topics: Sequence[bytes], ledger: Ledger) -> Collection[bytes]:
    """Whom an event is about: every id or tag that it is indexed by, and the voucher of its order."""
    places, of_order = _INDEXED[type(event)]
    if len(places) == 1 and not of_order:
        return (topics[places[0]],)
    # As a set: nothing keeps a party from using an order's id for an invoice's tag.
    subjects = {topics[place] for place in places}
    if of_order:
        try:  # noqa: SIM105 - `suppress` would take longer than all the rest
            subjects.add(ledger.order_records[event.order].voucher)  # type: ignore[attr-defined] # `of_order` says that it has one
        except KeyError:
            pass  # an invoice may be claimed for an order of another registry, which is not known here
    return subjects


def _indexed(event_type: type[Event]) -> tuple[tuple[int, ...], bool]:
    """Which of its topics are ids or tags, and whether it names an order."""
    keys = [each for each in fields(event_type) if each.metadata["indexed"]]
    ids = tuple(place for place, each in enumerate(keys, start=1) if each.metadata["type"] == "bytes32")
    return ids, any(each.name == "order" for each in keys)


_INDEXED = {event_type: _indexed(event_type) for event_type in EVENTS.values()}


def _position(block: int, log: int) -> str:
    return f"{block:012x}{log:06x}"


def _read_position(position: str) -> tuple[int, int]:
    if len(position) != 18:  # noqa: PLR2004 - as `_position` writes it
        raise ValueError(f"{position!r} is no position")
    return int(position[:12], 16), int(position[12:], 16)
