"""
What a region's payer put on record of its payments (`registry.batches`): batches, payees' accounts, budget lines, what came back.

Append-only, each record chained by hash to the one before (`gateway.hash_chain`). A record is decided and written in one transaction
under one lock, so that two officers who act at once cannot put one order into two batches. The file is the gateway's own, is its
owner's alone, is backed up with the outbox, and holds company codes and account numbers; nothing of it is logged or goes to the chain.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from gateway import hash_chain
from gateway.hash_chain import Head, append_only, chained, store_head, stored_head
from registry import BookEntry, PaymentBook, PaymentRecord, Time, open_store, record_json, record_of

R = TypeVar("R")

FILE = "payment-book.sqlite"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
    number INTEGER PRIMARY KEY,
    intent TEXT    NOT NULL UNIQUE,
    at     INTEGER NOT NULL,
    by     TEXT    NOT NULL,
    record TEXT    NOT NULL,
    hash   BLOB    NOT NULL
) STRICT;
"""

_COLUMNS = "number, intent, at, by, record, hash"

Decide = Callable[[PaymentBook], PaymentRecord | None]
"""Answers what is to be put on record, if anything, or refuses."""


@dataclass(frozen=True, slots=True)
class Written:
    """What stands on record under an intent, if anything was to be put down, and everything as it stands now."""

    book: PaymentBook
    record: PaymentRecord | None

    def of(self, kind: type[R]) -> R:
        """The record, which is of this kind."""
        if not isinstance(self.record, kind):
            raise TypeError(f"the record is no {kind.__name__}")
        return self.record


class PaymentBookStore:
    """The payment book (兑付记录) of one gateway. May be shared by threads."""

    def __init__(self, state: Path) -> None:
        self._guard = threading.Lock()
        self._connection = open_store(state / FILE, _SCHEMA + append_only("records"))
        self._book = PaymentBook()
        self._refresh()

    @property
    def head(self) -> Head:
        """The last record. Who keeps it can prove later that nothing up to it was changed."""
        with self._guard:
            return stored_head(self._connection)

    def book(self) -> PaymentBook:
        """Everything as it stands. Nobody changes it: the next record makes another one."""
        return self._book

    def write(self, decide: Decide, *, intent_id: str, at: Time, by: str) -> Written:
        """Put a record down, once for one intent. Raises what `decide` raises."""
        with self._guard:
            known = self._connection.execute("SELECT record FROM records WHERE intent = ?", (intent_id,)).fetchone()
            if known is not None:
                return Written(self._book, record_of(json.loads(known[0])))
            record = decide(self._book)
            if record is not None:
                self._append((intent_id, at, by, json.dumps(record_json(record), ensure_ascii=False, sort_keys=True)))
            return Written(self._book, record)

    def close(self) -> None:
        """Close the file."""
        with self._guard:
            self._connection.close()

    def _append(self, row: tuple[str, int, str, str]) -> None:
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            for written in chained(stored_head(self._connection), [row]):
                self._connection.execute("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?)", written)
                store_head(self._connection, Head(written[0], written[-1]))
        # COMMIT POINT. A crash before it leaves nothing of the act; one after it, the record, which a repeated request finds.
        self._refresh()

    def _refresh(self) -> None:
        query = "SELECT number, at, by, record FROM records WHERE number > ? ORDER BY number"
        rows = self._connection.execute(query, (self._book.last,)).fetchall()
        self._book = self._book.after(*(BookEntry(number, Time(at), by, record_of(json.loads(told))) for number, at, by, told in rows))


def verify(state: Path, *, anchor: Head | None = None) -> Head:
    """
    Follow the whole chain of the payment book in a state folder, and answer its head; see `gateway.hash_chain.verify`.

    Raises:
        LogAltered: it is not as it was written, or `anchor`, a head kept elsewhere, is not part of it.
        FileNotFoundError: there are none.
    """
    return hash_chain.verify(state / FILE, "records", _COLUMNS, anchor=anchor)
