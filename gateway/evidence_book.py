"""
Which documents were handed in for which order, what the parties state of them, and the salts of the results that were prepared.

Append-only, each row chained by hash to the one before (`gateway.hash_chain`): of an order the bundle that was stated last counts, the
earlier ones stay. The file is the gateway's own, is backed up together with the originals (`gateway.evidence_files`), and holds company
codes, contract and invoice numbers; nothing of it goes to the chain.

What bundles are found by (file, invoice, contract number) stands beside the chain, and follows from it.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from gateway.hash_chain import Chain, ChainedStore
from registry import Bundle, Id, Time, connect_store

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    number   INTEGER PRIMARY KEY,
    intent   TEXT    NOT NULL,
    order_id BLOB    NOT NULL,
    what     TEXT    NOT NULL CHECK (what IN ('document', 'bundle', 'salt')),
    at       INTEGER NOT NULL,
    party    TEXT    NOT NULL,
    told     TEXT    NOT NULL,
    hash     BLOB    NOT NULL,
    UNIQUE (intent, what)
) STRICT;
CREATE INDEX IF NOT EXISTS entries_by_order ON entries (order_id, what, number);
CREATE TABLE IF NOT EXISTS traces (
    what     TEXT    NOT NULL,
    value    TEXT    NOT NULL,
    order_id BLOB    NOT NULL,
    number   INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS traces_by_value ON traces (what, value);
CREATE INDEX IF NOT EXISTS traces_by_order ON traces (order_id);
CREATE TABLE IF NOT EXISTS sellers (seller TEXT PRIMARY KEY, number INTEGER NOT NULL) STRICT;
"""

CHAIN = Chain("evidence.sqlite", "entries", "number, intent, order_id, what, at, party, told, hash")

Trace = Literal["file", "invoice", "contract"]


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A document that was handed in for an order: what it is, how large, when, and by which party (LAB or FIRM)."""

    sha256: str
    bytes: int
    media_type: str
    at: Time
    party: str


@dataclass(frozen=True, slots=True)
class Handed:
    """The bundle of an order that counts, by whom and when it was stated, and how often one was."""

    bundle: Bundle
    at: Time
    party: str
    statements: int


class EvidenceBook(ChainedStore):
    """The evidence that one gateway knows of. May be shared by threads."""

    def __init__(self, state: Path) -> None:
        super().__init__(state, CHAIN, _SCHEMA)

    # Writing

    def enter(self, order: Id, document: Uploaded, *, intent_id: str) -> None:
        """Put on record that a document was handed in, once for one intent."""
        told = {"sha256": document.sha256, "bytes": document.bytes, "media_type": document.media_type}
        self._write(intent_id, order, "document", told, at=document.at, party=document.party)

    def state(self, order: Id, bundle: Bundle, *, salt: bytes | None, at: Time, party: str, intent_id: str) -> None:
        """Put on record what a party hands in for an order, once for one intent, and the salt of its result where it is told."""
        self._write(intent_id, order, "bundle", bundle.told(), at=at, party=party)
        if salt is not None:
            self._write(intent_id, order, "salt", {"salt": salt.hex(), "redemption": None}, at=at, party=party)

    def keep_salt(self, order: Id, salt: bytes, *, redemption: Id, at: Time, party: str) -> None:
        """Keep the salt under which the result of a redemption that was prepared here was hashed."""
        told = {"salt": salt.hex(), "redemption": redemption.hex()}
        self._write(f"prepared {redemption.hex()}", order, "salt", told, at=at, party=party)

    def _write(self, intent_id: str, order: Id, what: str, told: Mapping[str, Any], *, at: Time, party: str) -> None:
        row = (intent_id, order, what, at, party, json.dumps(told, ensure_ascii=False, sort_keys=True))
        with self._guard, self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            if self._connection.execute("SELECT 1 FROM entries WHERE intent = ? AND what = ?", (intent_id, what)).fetchone():
                return
            (number,) = self._append([row])
            if what == "bundle":
                self._trace(order, number, Bundle.read(told))

    def _trace(self, order: Id, number: int, bundle: Bundle) -> None:
        """Find the bundle that counts from now on by what it states, and no earlier one."""
        self._connection.execute("DELETE FROM traces WHERE order_id = ?", (order,))
        rows = ((what, value, order, number) for what, value in traces_of(bundle))
        self._connection.executemany("INSERT INTO traces VALUES (?, ?, ?, ?)", rows)
        if bundle.contract is not None:
            self._connection.execute("INSERT OR REPLACE INTO sellers VALUES (?, ?)", (bundle.contract.seller, number))

    # Reading

    def documents(self, order: Id) -> dict[str, Uploaded]:
        """The documents that were handed in for an order, by hash, as they first came."""
        found: dict[str, Uploaded] = {}
        for at, party, told in self._entries(order, "document"):
            found.setdefault(told["sha256"], Uploaded(told["sha256"], told["bytes"], told["media_type"], at, party))
        return found

    def handed(self, order: Id) -> Handed | None:
        """The bundle of an order that counts; None if none was stated here."""
        # Of many statements one is read: whoever states a bundle again and again makes nobody's look slower.
        counted = "(SELECT count(*) FROM entries WHERE order_id = ?1 AND what = 'bundle')"
        query = f"SELECT at, party, told, {counted} FROM entries WHERE order_id = ?1 AND what = 'bundle' ORDER BY number DESC LIMIT 1"  # noqa: S608 - our own words
        with self._guard:
            found = self._connection.execute(query, (order,)).fetchone()
        if found is None:
            return None
        at, party, told, statements = found
        return Handed(Bundle.read(json.loads(told)), Time(at), party, statements)

    def bundle(self, order: Id, sha256: str) -> Bundle:
        """
        A bundle that was stated for an order, whether or not it counts, by its hash.

        Raises:
            LookupError: none was.
        """
        for _, _, told in self._entries(order, "bundle"):
            found = Bundle.read(told)
            if found.hash.hex() == sha256:
                return found
        raise LookupError(sha256)

    def salts(self, order: Id, redemption: Id) -> list[bytes]:
        """The salts that were told of an order's result, and the one that this redemption was prepared with here."""
        found = (told for _, _, told in self._entries(order, "salt") if told["redemption"] in (None, redemption.hex()))
        return [bytes.fromhex(told["salt"]) for told in found]

    def orders_with(self, what: Trace, values: Iterable[str], *, most: int) -> list[Id]:
        """The orders whose bundle has one of these files, invoices (code and number in one) or contract numbers; of each the newest."""
        query = "SELECT order_id FROM traces WHERE what = ? AND value = ? ORDER BY rowid DESC LIMIT ?"
        with self._guard:
            found = {order for value in set(values) for (order,) in self._connection.execute(query, (what, value, most))}
        return [Id(each) for each in sorted(found)]

    def sellers(self, *, most: int) -> list[str]:
        """Who invoices, of all bundles that were ever stated here, whoever was named last first."""
        with self._guard:
            return [each for (each,) in self._connection.execute("SELECT seller FROM sellers ORDER BY number DESC LIMIT ?", (most,))]

    def _entries(self, order: Id, what: str) -> Iterator[tuple[Time, str, dict[str, Any]]]:
        query = "SELECT at, party, told FROM entries WHERE order_id = ? AND what = ? ORDER BY number"
        with self._guard:
            rows = self._connection.execute(query, (order, what)).fetchall()
        return ((Time(at), party, json.loads(told)) for at, party, told in rows)


def names_in(state: Path) -> list[str]:
    """Every original that was ever handed in, by its hash, as the entries of a state folder have it."""
    with closing(connect_store(state / CHAIN.file)) as connection:
        rows = connection.execute("SELECT told FROM entries WHERE what = 'document'").fetchall()
    return sorted({json.loads(told)["sha256"] for (told,) in rows})


def traces_of(bundle: Bundle) -> Iterator[tuple[Trace, str]]:
    """What a bundle is found by."""
    for each in {document.sha256 for document in bundle.documents}:
        yield "file", each
    if bundle.invoice is not None:
        yield "invoice", bundle.invoice.name
    if bundle.contract is not None:
        yield "contract", bundle.contract.number
