"""
The catalogue (共享资源目录) that one gateway keeps: what labs and items are called, what they offer and where, under the ids of the chain.

The chain has ids, codes and dates; names, service types, places and units are here. Each list that was handed in is known by the
SHA-256 of its file, so that two gateways, or an auditor with the file, can tell whether they hold the same one. What a later list says
of a lab replaces what an earlier one said; an earlier list handed in again replaces nothing.

Beside it stands why labs left. The file is the gateway's own and is backed up; its lists could be handed in again.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unicodedata import normalize

from gateway.catalogue_list import Recognition
from registry import Address, Id, PrivateStore, Region, Time

LAB, ITEM = "LAB", "ITEM"
ROWS_AT_ONCE = 500

_SCHEMA = """
CREATE TABLE IF NOT EXISTS lists (
    sha256 TEXT    NOT NULL,
    epoch  INTEGER NOT NULL,
    kind   TEXT    NOT NULL CHECK (kind IN ('LAB', 'ITEM')),
    rows   INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    by     TEXT    NOT NULL,
    PRIMARY KEY (sha256, epoch)
) STRICT;
CREATE TABLE IF NOT EXISTS entries (
    number          INTEGER PRIMARY KEY,
    subject         BLOB    NOT NULL UNIQUE,
    kind            TEXT    NOT NULL CHECK (kind IN ('LAB', 'ITEM')),
    list            TEXT    NOT NULL,
    epoch           INTEGER NOT NULL,
    line            INTEGER NOT NULL,
    region          INTEGER NOT NULL,
    lab             BLOB    NOT NULL,
    host_unit       TEXT    NOT NULL,
    unit            TEXT    NOT NULL,
    code            TEXT    NOT NULL,
    name            TEXT    NOT NULL,
    services        TEXT    NOT NULL,
    place           TEXT    NOT NULL,
    signer          TEXT,
    seller          TEXT,
    qualified_until INTEGER,
    recognition     TEXT,
    sought          TEXT    NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS departures (
    intent TEXT    PRIMARY KEY,
    lab    BLOB    NOT NULL,
    cause  TEXT    NOT NULL,
    reason TEXT    NOT NULL,
    at     INTEGER NOT NULL,
    by     TEXT    NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS entries_by_unit ON entries (host_unit, number);
CREATE INDEX IF NOT EXISTS entries_by_lab ON entries (lab, number);
"""
_COLUMNS = (
    "subject",
    "kind",
    "list",
    "epoch",
    "line",
    "region",
    "lab",
    "host_unit",
    "unit",
    "code",
    "name",
    "services",
    "place",
    "signer",
    "seller",
    "qualified_until",
    "recognition",
)


_INSERT = (
    f"INSERT INTO entries ({', '.join(_COLUMNS)}, sought) VALUES ({', '.join('?' * (len(_COLUMNS) + 1))})"  # noqa: S608 - our own words
    f" ON CONFLICT (subject) DO UPDATE SET {', '.join(f'{each} = excluded.{each}' for each in (*_COLUMNS[1:], 'sought'))}"
)


@dataclass(frozen=True, slots=True)
class ListKept:
    """A list that was handed in: the SHA-256 of its file, the epoch of tags that it was read under, when, and by which caller."""

    sha256: str
    epoch: int
    kind: str
    rows: int
    at: Time
    by: str


@dataclass(frozen=True, slots=True)
class Departed:
    """Why a lab left, when that was put on record, and by which caller."""

    cause: str
    reason: str
    at: Time
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """
    A lab, or an item of one, as its latest list describes it, and what is to stand on the chain.

    `lab` is the lab's id, of a lab its own. `signer`, `seller` and `qualified_until` are a lab's alone. `number`, `list` and `epoch` are
    given to it when its list is taken in.
    """

    number: int = 0
    subject: Id
    kind: str
    list: str = ""
    epoch: int = 0
    line: int
    region: Region
    lab: Id
    host_unit: str
    unit: str
    code: str
    name: str
    services: tuple[str, ...]
    place: str
    signer: Address | None = None
    seller: str | None = None
    qualified_until: Time | None = None
    recognition: Recognition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What is searched for. Texts are found anywhere in a name, unit or code, whatever their width and case; None asks for nothing."""

    name: str | None = None
    service: str | None = None
    place: str | None = None
    kind: str | None = None
    region: Region | None = None
    lab: Id | None = None


class Catalogue(PrivateStore):
    """The catalogue of one gateway. May be shared by threads."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, _SCHEMA)

    def keep(self, kept: ListKept, entries: Iterable[Entry]) -> None:
        """
        Take a list in, all of it or nothing.

        One that was taken in before changes nothing, since a later one may have replaced what it says.
        """
        with self._guard, self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            taken = self._connection.execute(
                "INSERT INTO lists VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (kept.sha256, kept.epoch, kept.kind, kept.rows, kept.at, kept.by),
            )
            if not taken.rowcount:
                return
            self._connection.executemany(_INSERT, (_written(kept, each) for each in entries))

    def has(self, sha256: str, epoch: int) -> bool:
        """Whether a list was taken in."""
        return bool(self._select("SELECT 1 FROM lists WHERE sha256 = ? AND epoch = ?", sha256, epoch))

    def lists(self) -> list[ListKept]:
        """Every list that was taken in, the first one first."""
        found = self._select("SELECT sha256, epoch, kind, rows, at, by FROM lists ORDER BY rowid")
        return [ListKept(sha256, epoch, kind, rows, Time(at), by) for sha256, epoch, kind, rows, at, by in found]

    def of(self, subject: Id) -> Entry | None:
        """A lab or item, if a list describes it."""
        found = self._entries("WHERE subject = ?", subject)
        return found[0] if found else None

    def all(self) -> list[Entry]:
        """Everything, in the order in which it was first described."""
        return self._entries("ORDER BY number")

    def search(self, sought: Sought, *, after: int = 0) -> Iterator[Entry]:
        """
        What matches, in the order in which it was first described, from an entry's number on.

        A word of two characters is as common in Chinese as one of five, and a trigram index finds none of them: each row is looked
        at, which takes some ten milliseconds for 23,679 rows (docs/catalogue.md).
        """
        conditions, values = ["number > ?"], [0]
        for text, within in ((sought.name, "sought"), (sought.service, "services"), (sought.place, "place")):
            if text is not None:
                conditions.append(f"instr({within}, ?) > 0")
                values.append(folded(text) if within == "sought" else text.strip())  # type: ignore[arg-type] # texts beside a number
        for value, column in ((sought.kind, "kind"), (sought.region, "region"), (sought.lab, "lab")):
            if value is not None:
                conditions.append(f"{column} = ?")
                values.append(value)  # type: ignore[arg-type] # likewise
        while True:
            values[0] = after
            found = self._entries(f"WHERE {' AND '.join(conditions)} ORDER BY number LIMIT {ROWS_AT_ONCE}", *values)
            yield from found
            if len(found) < ROWS_AT_ONCE:
                return
            after = found[-1].number

    def depart(self, lab: Id, departed: Departed, *, intent_id: str) -> None:
        """Put on record why a lab leaves, once for one intent."""
        row = (intent_id, lab, departed.cause, departed.reason, departed.at, departed.by)
        with self._guard:
            self._connection.execute("INSERT INTO departures VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", row)

    def departures(self, lab: Id) -> list[Departed]:
        """Why a lab left, each time that it did."""
        found = self._select("SELECT cause, reason, at, by FROM departures WHERE lab = ? ORDER BY rowid", lab)
        return [Departed(cause, reason, Time(at), by) for cause, reason, at, by in found]

    def _entries(self, which: str, *values: object) -> list[Entry]:
        return [_read(row) for row in self._select(f"SELECT number, {', '.join(_COLUMNS)} FROM entries {which}", *values)]  # noqa: S608 - our own words

    def _select(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self._reading() as connection:
            return connection.execute(query, values).fetchall()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._guard:
            yield self._connection


def folded(text: str) -> str:
    """
    A text as names are compared: full-width letters as plain ones, case folded.

    >>> folded(" Ｘ射线 XRD ")
    'x射线 xrd'
    """
    return normalize("NFKC", text).casefold().strip()


def _written(kept: ListKept, entry: Entry) -> Sequence[Any]:
    window = entry.recognition
    told = None if window is None else json.dumps({"by": window.by, "from": window.from_, "until": window.until})
    services = json.dumps(entry.services, ensure_ascii=False)
    described = (entry.region, entry.lab, entry.host_unit, entry.unit, entry.code, entry.name, services, entry.place)
    sought = folded(f"{entry.name}\n{entry.unit}\n{entry.code}")
    listed = (entry.subject, kept.kind, kept.sha256, kept.epoch, entry.line)
    return (*listed, *described, entry.signer, entry.seller, entry.qualified_until, told, sought)


def _read(row: tuple[Any, ...]) -> Entry:
    told = dict(zip(("number", *_COLUMNS), row, strict=True))
    window = None if told["recognition"] is None else json.loads(told["recognition"])
    if window is not None:
        told["recognition"] = Recognition(tuple(Region(each) for each in window["by"]), Time(window["from"]), Time(window["until"]))
    return Entry(**told | {"services": tuple(json.loads(told["services"]))})
