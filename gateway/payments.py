"""
What a region's payer handed in of its bank's or finance system's payment records, month by month, and what officers explained.

Of one pair and month the file that was handed in last counts, unless it took the others back; the earlier ones stay. The store is the
gateway's own, is backed up with the outbox, and holds company codes and payment references; nothing of it goes to the chain.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.payment_list import Row
from registry import Explanation, Fen, Id, Keyring, Payment, PrivateStore, Region, Time

_SCHEMA = """
CREATE TABLE IF NOT EXISTS files (
    number INTEGER PRIMARY KEY,
    intent TEXT    NOT NULL UNIQUE,
    home   INTEGER NOT NULL,
    host   INTEGER NOT NULL,
    month  INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    by     TEXT    NOT NULL,
    sha256 TEXT    NOT NULL,
    rows   TEXT    NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS explanations (
    number INTEGER PRIMARY KEY,
    intent TEXT    NOT NULL UNIQUE,
    break  BLOB    NOT NULL,
    month  INTEGER NOT NULL,
    due    TEXT    NOT NULL,
    paid   TEXT    NOT NULL,
    text   TEXT    NOT NULL,
    at     INTEGER NOT NULL,
    by     TEXT    NOT NULL
) STRICT;
"""

_TAKEN_BACK = "null"


@dataclass(frozen=True, slots=True)
class HandedIn:
    """
    One month's records of a pair: the file's SHA-256, how many rows it had, when, and by which caller.

    Without rows, not even none, it took back what had been handed in before.
    """

    month: int
    sha256: str
    rows: int | None
    at: Time
    by: str


@dataclass(frozen=True, slots=True)
class Explained:
    """Why a break is as it is, in words, by which caller and when."""

    explanation: Explanation
    text: str
    at: Time
    by: str


class Payments(PrivateStore):
    """The payment records that one gateway was given. May be shared by threads."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, _SCHEMA)

    def hand_in(
        self, rows: Sequence[Row] | None, *, content: bytes, intent_id: str, home: Region, host: Region, month: int, at: Time, by: str
    ) -> str:
        """Put a month's file on record, once for one intent, and return its SHA-256. Without rows, not even none, no file counts."""
        told = json.dumps(None if rows is None else [_written(row) for row in rows], ensure_ascii=False)
        sha256 = hashlib.sha256(content).hexdigest()
        values = (intent_id, home, host, month, at, by, sha256, told)
        with self._guard:
            # COMMIT POINT. A crash before it leaves the file that counted; one after it, this one.
            self._connection.execute("INSERT INTO files VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", values)
        return sha256

    def months(self, home: Region, host: Region) -> list[HandedIn]:
        """The file that was handed in last, by month. Who takes records back leaves that to be seen: breaks may have stood on them."""
        return [
            HandedIn(month, sha256, None if rows == _TAKEN_BACK else len(json.loads(rows)), Time(at), by)
            for month, at, by, sha256, rows in self._latest(home, host)
        ]

    def payments(self, home: Region, host: Region, *, region: Region, keyring: Keyring) -> list[Payment]:
        """Every payment of the files that count, with the tags that the chain would know its payee and reference by."""
        return [
            _payment(month, row, region=region, keyring=keyring)
            for month, _, _, _, rows in self._latest(home, host)
            if rows != _TAKEN_BACK
            for row in json.loads(rows)
        ]

    def explain(self, found: Id, explanation: Explanation, *, text: str, intent_id: str, at: Time, by: str) -> None:
        """Put an explanation on record, once for one intent; the last one of a break counts."""
        values = (intent_id, found, explanation.month, str(explanation.due), str(explanation.paid), text, at, by)
        with self._guard:
            self._connection.execute("INSERT INTO explanations VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", values)

    def is_explained(self, intent_id: str) -> bool:
        """Whether this intent explained something already."""
        with self._guard:
            return self._connection.execute("SELECT 1 FROM explanations WHERE intent = ?", (intent_id,)).fetchone() is not None

    def explained(self) -> Mapping[Id, Explained]:
        """What counts of every break that was explained."""
        with self._guard:
            rows = self._connection.execute("SELECT break, month, due, paid, text, at, by FROM explanations ORDER BY number").fetchall()
        return {
            Id(found): Explained(Explanation(month, int(due), int(paid)), text, Time(at), by)
            for found, month, due, paid, text, at, by in rows
        }

    def _latest(self, home: Region, host: Region) -> list[tuple[int, int, str, str, str]]:
        latest = "SELECT max(number) FROM files WHERE home = ? AND host = ? GROUP BY month"
        query = f"SELECT month, at, by, sha256, rows FROM files WHERE number IN ({latest}) ORDER BY month"  # noqa: S608 - our own words
        with self._guard:
            return self._connection.execute(query, (home, host)).fetchall()


def _written(row: Row) -> dict[str, object]:
    return {
        "order": row.order.hex(),
        "payee": row.payee,
        "amount": str(row.amount),
        "refund": row.refund,
        "reference": row.reference,
        "date": row.date,
    }


def _payment(month: int, row: Mapping[str, str], *, region: Region, keyring: Keyring) -> Payment:
    return Payment(
        month=month,
        order=Id(bytes.fromhex(row["order"])),
        refund=bool(row["refund"]),
        amount=Fen(int(row["amount"])),
        payee=keyring.firms(row["payee"]) if row["payee"] else (),
        reference=row["reference"],
        payment=keyring.payment(region, row["reference"]),
    )
