"""
The decisions by which this gateway issued vouchers (发放决定): what an officer reads to a firm, and an auditor works out again.

Each is written before its voucher is issued, so that there is none without one. A crash in between leaves decisions whose vouchers are
never issued, which harms nobody; judged once more, such a list is written once more, and of several decisions on one voucher the last is
that by which it was issued.

Nothing is ever changed or taken out, and each row is chained by hash to the one before (`gateway.hash_chain`). The file is the gateway's
own and is backed up with the outbox. It holds no company code, but the facts by which firms were judged.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.hash_chain import Chain, ChainedStore
from registry import Id, VoucherDecision

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

CHAIN = Chain("decisions.sqlite", "decisions", "number, intent, voucher, programme, decision, hash")


@dataclass(frozen=True, slots=True)
class Kept:
    """A decision's row in the book, and its document (`registry.VoucherDecision.document`)."""

    number: int
    voucher: Id
    document: Mapping[str, Any]


class DecisionBook(ChainedStore):
    """The decisions that one gateway made. May be shared by threads."""

    def __init__(self, state: Path) -> None:
        super().__init__(state, CHAIN, _SCHEMA)

    def keep(self, decisions: Sequence[VoucherDecision], *, intent_id: str) -> None:
        """Keep the decisions on a list, all of them or none; what was last kept of a voucher for this very intent is not kept again."""
        with self._guard, self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            rows = [(intent_id, each.basis.voucher, each.basis.programme, _written(each)) for each in decisions]
            self._append([each for each in rows if self._last_of(each[1]) != each])

    def of_voucher(self, voucher: Id) -> Kept | None:
        """The decision by which a voucher was issued, or is about to be."""
        found = self._select("voucher = ? ORDER BY number DESC LIMIT 1", voucher)
        return found[0] if found else None

    def of_programme(self, programme: Id, *, after: int, limit: int) -> Sequence[Kept]:
        """The decisions under a programme behind a row, in the order in which they were made."""
        return self._select("programme = ? AND number > ? ORDER BY number LIMIT ?", programme, after, limit)

    def _last_of(self, voucher: Id) -> tuple[Any, ...] | None:
        columns = "intent, voucher, programme, decision"
        query = f"SELECT {columns} FROM decisions WHERE voucher = ? ORDER BY number DESC LIMIT 1"  # noqa: S608 - our own words
        found: tuple[Any, ...] | None = self._connection.execute(query, (voucher,)).fetchone()
        return found

    def _select(self, which: str, *values: object) -> Sequence[Kept]:
        with self._guard:
            rows = self._connection.execute(f"SELECT number, voucher, decision FROM decisions WHERE {which}", values).fetchall()  # noqa: S608 - our own words
        return [Kept(number, Id(voucher), json.loads(decision)) for number, voucher, decision in rows]


def _written(decision: VoucherDecision) -> str:
    return json.dumps(decision.document(), ensure_ascii=False, sort_keys=True)
