"""
What reviewers sent back of what was handed in here (退回补正): which items, why, and of which bundle.

Append-only, each row chained by hash to the one before (`gateway.hash_chain`): of one attempt the last row of each body counts, one
without items takes its earlier one back. The words stay here, beside the evidence that they are about; the chain says that an order was
sent back, by whom, and until when the next attempt may come.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.hash_chain import Chain, ChainedStore
from registry import Id, Region, Time

_SCHEMA = """
CREATE TABLE IF NOT EXISTS lists (
    number   INTEGER PRIMARY KEY,
    intent   TEXT    NOT NULL UNIQUE,
    order_id BLOB    NOT NULL,
    attempt  INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    region   INTEGER NOT NULL,
    account  TEXT,
    body     TEXT,
    bundle   TEXT    NOT NULL,
    told     TEXT    NOT NULL,
    hash     BLOB    NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS lists_by_order ON lists (order_id, number);
"""

CHAIN = Chain("corrections.sqlite", "lists", "number, intent, order_id, attempt, at, region, account, body, bundle, told, hash")


@dataclass(frozen=True, slots=True)
class Named:
    """An item that was sent back, and why."""

    document: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """
    What one body sent back of an attempt, of the bundle with this hash. `checklist` is all that the programme asks for.

    `account` is the one that signs for the body, if it signs here or is named by the caller's key; `body` its name, if it was named.
    """

    attempt: int
    at: Time
    region: Region
    account: str | None
    body: str | None
    bundle_sha256: str
    items: tuple[Named, ...]
    checklist: tuple[str, ...]

    @property
    def by(self) -> tuple[Region, str | None]:
        """Whose list it is: of a region's body, or of its account where no body was named."""
        return self.region, self.body or self.account


class CorrectionsBook(ChainedStore):
    """What was sent back, as one gateway knows of it. May be shared by threads."""

    def __init__(self, state: Path) -> None:
        super().__init__(state, CHAIN, _SCHEMA)

    def enter(self, order: Id, returned: Returned, *, intent_id: str) -> None:
        """Put a list on record, once for one intent."""
        items = [[each.document, each.reason] for each in returned.items]
        told = json.dumps({"items": items, "checklist": returned.checklist}, ensure_ascii=False, sort_keys=True)
        who = (returned.region, returned.account, returned.body)
        row = (intent_id, order, returned.attempt, returned.at, *who, returned.bundle_sha256, told)
        with self._guard, self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            if self._connection.execute("SELECT 1 FROM lists WHERE intent = ?", (intent_id,)).fetchone():
                return
            self._append([row])

    def recorded(self, intent_id: str) -> Returned | None:
        """The list that was put on record for an intent."""
        return next(iter(self._select("intent = ?", intent_id)), None)

    def of(self, order: Id) -> Sequence[Returned]:
        """Every list of an order, in order."""
        return self._select("order_id = ?", order)

    def counting(self, order: Id, attempt: int) -> Sequence[Returned]:
        """What counts of one attempt: the last list of each body, if it names anything."""
        lists = [each for each in self.of(order) if each.attempt == attempt]
        last = {each.by: number for number, each in enumerate(lists)}
        return [each for number, each in enumerate(lists) if last[each.by] == number and each.items]

    def _select(self, which: str, value: object) -> list[Returned]:
        query = f"SELECT attempt, at, region, account, body, bundle, told FROM lists WHERE {which} ORDER BY number"  # noqa: S608 - our own words
        with self._guard:
            rows = self._connection.execute(query, (value,)).fetchall()
        return [_returned(row) for row in rows]


def _returned(row: tuple[Any, ...]) -> Returned:
    attempt, at, region, account, body, bundle, told = row
    read = json.loads(told)
    return Returned(
        attempt=attempt,
        at=Time(at),
        region=Region(region),
        account=account,
        body=body,
        bundle_sha256=bundle,
        items=tuple(Named(*each) for each in read["items"]),
        checklist=tuple(read["checklist"]),
    )
