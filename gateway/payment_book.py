"""
What a region's payer put on record of its payments (`registry.batches`): batches, payees' accounts, budget lines, what came back.

Append-only, each record chained by hash to the one before (`gateway.hash_chain`). A record is decided and written in one transaction
under one lock, so that two officers who act at once cannot put one order into two batches. The file is the gateway's own, is its
owner's alone, is backed up with the outbox, and holds company codes and account numbers; nothing of it is logged or goes to the chain.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from gateway.hash_chain import Chain, ChainedStore
from registry import BookEntry, PaymentBook, PaymentRecord, Time, record_json, record_of

R = TypeVar("R")

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

CHAIN = Chain("payment-book.sqlite", "records", "number, intent, at, by, record, hash")

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


class PaymentBookStore(ChainedStore):
    """The payment book (兑付记录) of one gateway. May be shared by threads."""

    def __init__(self, state: Path) -> None:
        super().__init__(state, CHAIN, _SCHEMA)
        self._book = PaymentBook()
        self._refresh()

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
                self._put_on_record((intent_id, at, by, json.dumps(record_json(record), ensure_ascii=False, sort_keys=True)))
            return Written(self._book, record)

    def _put_on_record(self, row: tuple[str, int, str, str]) -> None:
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._append([row])
        # COMMIT POINT. A crash before it leaves nothing of the act; one after it, the record, which a repeated request finds.
        self._refresh()

    def _refresh(self) -> None:
        query = "SELECT number, at, by, record FROM records WHERE number > ? ORDER BY number"
        rows = self._connection.execute(query, (self._book.last,)).fetchall()
        self._book = self._book.after(*(BookEntry(number, Time(at), by, record_of(json.loads(told))) for number, at, by, told in rows))
