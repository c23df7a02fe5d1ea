"""
The decisions by which this gateway issued vouchers (发放决定): what an officer reads to a firm, and an auditor works out again.

Each is written before its voucher is issued, so that there is none without one. A crash in between leaves decisions whose vouchers are
never issued, which harms nobody; judged once more, such a list is written once more, and of several decisions on one voucher the last is
that by which it was issued.

Nothing is ever changed or taken out, and each row is chained by hash to the one before (`gateway.hash_chain`). The file is the gateway's
own and is backed up with the outbox. It holds no company code, but the facts by which firms were judged.
"""

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway import hash_chain
from gateway.hash_chain import Head, append_only, chained, store_head, stored_head
from registry import Id, VoucherDecision, open_store

FILE = "decisions.sqlite"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS decisions (
    number    INTEGER PRIMARY KEY,
    intent    TEXT    NOT NULL,
    voucher   BLOB    NOT NULL,
    programme BLOB    NOT NULL,
    decision  TEXT    NOT NULL,
    hash      BLOB    NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS decisions_by_voucher ON decisions (voucher, number);
CREATE INDEX IF NOT EXISTS decisions_by_programme ON decisions (programme, number);
"""

_COLUMNS = "number, intent, voucher, programme, decision, hash"


@dataclass(frozen=True, slots=True)
class Kept:
    """A decision's row in the book, and its document (`registry.VoucherDecision.document`)."""

    number: int
    voucher: Id
    document: Mapping[str, Any]


class DecisionBook:
    """The decisions that one gateway made. May be shared by threads."""

    def __init__(self, state: Path) -> None:
        self._guard = threading.Lock()
        self._connection = open_store(state / FILE, _SCHEMA + append_only("decisions"))

    @property
    def head(self) -> Head:
        """The last row. Who keeps it can prove later that nothing up to it was changed."""
        with self._guard:
            return stored_head(self._connection)

    def keep(self, decisions: Sequence[VoucherDecision], *, intent_id: str) -> None:
        """Keep the decisions on a list, all of them or none; what was last kept of a voucher for this very intent is not kept again."""
        with self._guard, self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            rows = [(intent_id, each.basis.voucher, each.basis.programme, _written(each)) for each in decisions]
            for row in chained(stored_head(self._connection), [each for each in rows if self._last_of(each[1]) != each]):
                self._connection.execute("INSERT INTO decisions VALUES (?, ?, ?, ?, ?, ?)", row)
                store_head(self._connection, Head(row[0], row[-1]))

    def of_voucher(self, voucher: Id) -> Kept | None:
        """The decision by which a voucher was issued, or is about to be."""
        found = self._select("voucher = ? ORDER BY number DESC LIMIT 1", voucher)
        return found[0] if found else None

    def of_programme(self, programme: Id, *, after: int, limit: int) -> Sequence[Kept]:
        """The decisions under a programme behind a row, in the order in which they were made."""
        return self._select("programme = ? AND number > ? ORDER BY number LIMIT ?", programme, after, limit)

    def close(self) -> None:
        """Close the file."""
        with self._guard:
            self._connection.close()

    def _last_of(self, voucher: Id) -> tuple[Any, ...] | None:
        columns = "intent, voucher, programme, decision"
        query = f"SELECT {columns} FROM decisions WHERE voucher = ? ORDER BY number DESC LIMIT 1"  # noqa: S608 - our own words
        found: tuple[Any, ...] | None = self._connection.execute(query, (voucher,)).fetchone()
        return found

    def _select(self, which: str, *values: object) -> Sequence[Kept]:
        with self._guard:
            rows = self._connection.execute(f"SELECT number, voucher, decision FROM decisions WHERE {which}", values).fetchall()  # noqa: S608 - our own words
        return [Kept(number, Id(voucher), json.loads(decision)) for number, voucher, decision in rows]


def verify(state: Path, *, anchor: Head | None = None) -> Head:
    """
    Follow the whole chain of the decisions in a state folder, and answer its head; see `gateway.hash_chain.verify`.

    Raises:
        LogAltered: it is not as it was written, or `anchor`, a head kept elsewhere, is not part of it.
        FileNotFoundError: there are none.
    """
    return hash_chain.verify(state / FILE, "decisions", _COLUMNS, anchor=anchor)


def _written(decision: VoucherDecision) -> str:
    return json.dumps(decision.document(), ensure_ascii=False, sort_keys=True)
