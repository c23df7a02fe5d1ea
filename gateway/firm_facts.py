"""
What an office has established of the firms and teams of its region (企业登记材料): what eligibility is decided by.

Nothing is ever taken out: new facts stand beside the old ones and count from then on, so that an earlier decision can be worked out
again. Each row is chained by hash to the one before (`gateway.hash_chain`): who may get money is decided by these, so nobody changes one
unnoticed. The file is the gateway's own, is backed up with the outbox, and holds company codes; nothing of it goes to the chain.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.hash_chain import Chain, ChainedStore
from registry import Applicant, Fen, Time, Who

_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (
    number INTEGER PRIMARY KEY,
    intent TEXT    NOT NULL,
    firm   TEXT    NOT NULL,
    at     INTEGER NOT NULL,
    by     TEXT    NOT NULL,
    facts  TEXT    NOT NULL,
    hash   BLOB    NOT NULL,
    UNIQUE (intent, firm)
) STRICT;
CREATE INDEX IF NOT EXISTS facts_by_firm ON facts (firm, number);
"""

CHAIN = Chain("firm-facts.sqlite", "facts", "number, intent, firm, at, by, facts, hash")


@dataclass(frozen=True, slots=True)
class Stated:
    """What was established of a firm, when, and by which caller."""

    number: int
    at: Time
    by: str
    applicant: Applicant


class FirmFactsBook(ChainedStore):
    """The facts that one gateway was told. May be shared by threads."""

    def __init__(self, state: Path) -> None:
        super().__init__(state, CHAIN, _SCHEMA)

    def state(self, facts: Mapping[str, Applicant], *, intent_id: str, at: Time, by: str) -> None:
        """Put facts on record, by each firm's canonical code: all of them or none, and once for one intent."""
        with self._guard, self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            stated = {firm for (firm,) in self._connection.execute("SELECT firm FROM facts WHERE intent = ?", (intent_id,))}
            self._append((intent_id, firm, at, by, _written(applicant)) for firm, applicant in facts.items() if firm not in stated)

    def latest(self, firm: str) -> Stated | None:
        """What counts of a firm now; None if nobody has told anything."""
        stated = self.history(firm)
        return stated[-1] if stated else None

    def history(self, firm: str) -> Sequence[Stated]:
        """Everything that was told of a firm, in order."""
        with self._guard:
            rows = self._connection.execute("SELECT number, at, by, facts FROM facts WHERE firm = ? ORDER BY number", (firm,)).fetchall()
        return [Stated(number, at, by, _read(facts)) for number, at, by, facts in rows]


def _written(applicant: Applicant) -> str:
    marks = None if applicant.marks is None else dict(applicant.marks)
    told: dict[str, Any] = {
        name: getattr(applicant, name) for name in ("who", "registered_here", "staff", "revenue", "capital", "reviewed")
    }
    return json.dumps(told | {"marks": marks}, ensure_ascii=False, sort_keys=True)


def _read(text: str) -> Applicant:
    told = json.loads(text)
    money = {name: None if told[name] is None else Fen(told[name]) for name in ("revenue", "capital")}
    return Applicant(**told | money | {"who": Who(told["who"])})
