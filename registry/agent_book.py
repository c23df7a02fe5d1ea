"""
A gateway's book of agents: the powers of attorney that it was shown, and of which uses each firm was told.

SQLite, the gateway's own: it is not derived from the chain and is backed up with the outbox and the look-up log. Nothing in it is ever
taken out; a power ends by a date or is withdrawn by one.

    for use in book.untold(acts_of(firm, history, ledger)):
        tell(use)                                  # a message, a letter, a line on the firm's page
        book.told(use, at=now, how="message")

A crash between the two tells a firm twice, never not at all.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from registry.agents import Act, PowerOfAttorney, Use, uses_of
from registry.errors import TongquanError
from registry.model import Address, Digest, Id, Time
from registry.private_store import PrivateStore

_SCHEMA = """
CREATE TABLE IF NOT EXISTS powers (
    document  BLOB    NOT NULL,
    firm      BLOB    NOT NULL,
    agent     TEXT    NOT NULL,
    since     INTEGER NOT NULL,
    until     INTEGER NOT NULL,
    withdrawn INTEGER,
    PRIMARY KEY (firm, agent, document)
) STRICT;
CREATE TABLE IF NOT EXISTS told (
    block INTEGER NOT NULL,
    log   INTEGER NOT NULL,
    at    INTEGER NOT NULL,
    how   TEXT    NOT NULL,
    PRIMARY KEY (block, log)
) STRICT, WITHOUT ROWID;
"""


class PowerRefused(TongquanError):
    """The book did not take a power of attorney, or has none of this kind; the text says why."""


@dataclass(frozen=True, slots=True)
class Entered:
    """A power of attorney as it was entered, by its number in the book, and the first second without it, if it was withdrawn."""

    number: int
    power: PowerOfAttorney
    withdrawn: Time | None


@dataclass(frozen=True, slots=True)
class Telling:
    """When and how a firm was told of a use."""

    at: Time
    how: str


class AgentBook(PrivateStore):
    """The book in one file. May be shared by threads."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, _SCHEMA)

    def enter(self, power: PowerOfAttorney) -> None:
        """
        Take a power of attorney down. The same once more changes nothing.

        Raises:
            PowerRefused: the same document stands there with other dates.
        """
        key = (power.document, power.firm, power.agent)
        with self._guard:
            inserted = self._connection.execute(
                "INSERT INTO powers VALUES (?, ?, ?, ?, ?, NULL) ON CONFLICT DO NOTHING", (*key, power.from_, power.until)
            )
            if inserted.rowcount:
                return
            (since, until) = self._connection.execute(
                "SELECT since, until FROM powers WHERE document = ? AND firm = ? AND agent = ?", key
            ).fetchone()
        if (since, until) != (power.from_, power.until):
            raise PowerRefused(f"document {power.document.hex()} stands in the book from {since} to {until}")

    def withdraw(self, power: PowerOfAttorney, at: Time) -> None:
        """
        Note that a power was withdrawn; `at` is the first second without it. The first date stays.

        This takes no key away: the firm's office proposes another signer (`rotate`), or the agent names one.

        Raises:
            PowerRefused: there is no such power in the book.
        """
        with self._guard:
            changed = self._connection.execute(
                "UPDATE powers SET withdrawn = coalesce(withdrawn, ?) WHERE document = ? AND firm = ? AND agent = ?",
                (at, power.document, power.firm, power.agent),
            )
        if not changed.rowcount:
            raise PowerRefused(f"no power of attorney {power.document.hex()} is in the book for this firm and agent")

    def powers(self, firm: Id | None = None) -> list[PowerOfAttorney]:
        """The powers that a firm gave, or all, as they hold: one that was withdrawn ends then; one that never began is left out."""
        with self._guard:
            rows = self._connection.execute(
                "SELECT firm, agent, document, since, until, withdrawn FROM powers WHERE ? IS NULL OR firm = ? ORDER BY since, document",
                (firm, firm),
            ).fetchall()
        held = [(_power(*told), withdrawn) for *told, withdrawn in rows]
        return [_until(power, withdrawn) for power, withdrawn in held if withdrawn is None or withdrawn > power.from_]

    def entered(self, firms: Collection[Id] | None = None, *, after: int = 0) -> list[Entered]:
        """What was entered for these firms, or for all, after a number, in the order of entering; as entered, withdrawn or not."""
        with self._guard:
            rows = self._connection.execute(
                "SELECT rowid, firm, agent, document, since, until, withdrawn FROM powers WHERE rowid > ? ORDER BY rowid", (after,)
            ).fetchall()
        found = [Entered(number, _power(*told), withdrawn) for number, *told, withdrawn in rows]
        return [each for each in found if firms is None or each.power.firm in firms]

    def firms(self) -> list[Id]:
        """All firms that ever gave a power."""
        with self._guard:
            return [Id(row[0]) for row in self._connection.execute("SELECT DISTINCT firm FROM powers ORDER BY firm")]

    def carry(self, old: Id, new: Id) -> None:
        """A firm is known under one more id from now on: what it gave under the old one counts under the new one as well."""
        with self._guard:
            self._connection.execute(
                "INSERT INTO powers SELECT document, ?, agent, since, until, withdrawn FROM powers WHERE firm = ? ORDER BY rowid"
                " ON CONFLICT DO NOTHING",
                (new, old),
            )

    def agents(self, firm: Id) -> set[Address]:
        """All who ever had a power of this firm, withdrawn or not."""
        with self._guard:
            return {Address(row[0]) for row in self._connection.execute("SELECT DISTINCT agent FROM powers WHERE firm = ?", (firm,))}

    def uses(self, acts: Iterable[Act]) -> list[Use]:
        """Which of these acts were agents', each with the power that covers it, or None."""
        found = list(acts)
        firms = {act.firm for act in found}
        powers = [power for firm in firms for power in self.powers(firm)]
        agents = {(firm, agent) for firm in firms for agent in self.agents(firm)}
        covered = {use.act.position: use.power for use in uses_of(found, powers)}
        return [Use(act, covered.get(act.position)) for act in found if (act.firm, act.key) in agents]

    def untold(self, acts: Iterable[Act]) -> list[Use]:
        """The uses among these acts of which the firm was not told yet."""
        with self._guard:
            told = set(self._connection.execute("SELECT block, log FROM told").fetchall())
        return [use for use in self.uses(acts) if (use.act.position.block, use.act.position.log) not in told]

    def told(self, *uses: Use, at: Time, how: str) -> None:
        """Note that the firm was told of uses, when and how; all or none. The first time stays."""
        rows = [(use.act.position.block, use.act.position.log, at, how) for use in uses]
        with self._guard:
            self._connection.execute("BEGIN IMMEDIATE")
            with self._connection:
                self._connection.executemany("INSERT INTO told VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", rows)

    def telling_of(self, use: Use) -> Telling | None:
        """When and how the firm was told of a use, if it was."""
        position = use.act.position
        with self._guard:
            row = self._connection.execute(
                "SELECT at, how FROM told WHERE block = ? AND log = ?", (position.block, position.log)
            ).fetchone()
        return None if row is None else Telling(Time(row[0]), row[1])


def _power(firm: bytes, agent: str, document: bytes, since: int, until: int) -> PowerOfAttorney:
    return PowerOfAttorney(Id(firm), Address(agent), Digest(document), Time(since), Time(until))


def _until(power: PowerOfAttorney, withdrawn: int | None) -> PowerOfAttorney:
    return power if withdrawn is None else replace(power, until=Time(min(power.until, withdrawn - 1)))
