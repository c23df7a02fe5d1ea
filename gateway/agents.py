"""
Agents (代理人) at this gateway: which acts with a firm's key were an agent's, and of which of them the firm was not told yet.

The acts follow from the chain's events, the powers of attorney from the book in the state folder. An operator learns of each use that
nobody was told of by a line in the log and by the metric `tongquan_agent_uses_untold`, and can write a letter.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from registry import Act, AgentBook, Id, Position, Snapshot, Use, acts_of

FILE = "agents.sqlite"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Known:
    """A firm's acts up to an event."""

    position: str | None
    acts: list[Act]


class Agents:
    """The book of this gateway with what the chain says to it. May be shared by threads."""

    def __init__(self, state: Path) -> None:
        self.book = AgentBook(state / FILE)
        self._known: dict[Id, _Known] = {}
        self._logged: set[Position] = set()

    def close(self) -> None:
        """Close the book."""
        self.book.close()

    def uses(self, snapshot: Snapshot, firms: Iterable[Id] | None = None) -> list[Use]:
        """Every use of an agent's key for these firms, or for all of the book, in the chain's order."""
        return self.book.uses(self._all_acts(snapshot, self.book.firms() if firms is None else firms))

    def untold(self, snapshot: Snapshot) -> list[Use]:
        """Those of which the firm was not told yet."""
        return self.book.untold(self._all_acts(snapshot, self.book.firms()))

    def watch(self, snapshot: Snapshot) -> None:
        """Log each use of which nobody was told, once in the life of this process."""
        for use in self.untold(snapshot):
            act = use.act
            if act.position not in self._logged:
                self._logged.add(act.position)
                told = {
                    "what": act.verb.name,
                    "firm": "0x" + act.firm.hex(),
                    "transaction": "0x" + act.transaction.hex(),
                    "covered": use.power is not None,
                }
                _log.warning("an agent used a firm's key, and the firm was not told yet", extra={"told": told})

    def _all_acts(self, snapshot: Snapshot, firms: Iterable[Id]) -> list[Act]:
        return sorted((act for firm in firms for act in self._acts(snapshot, firm)), key=lambda act: act.position)

    def _acts(self, snapshot: Snapshot, firm: Id) -> list[Act]:
        """A firm's acts, worked out anew only when something happened to it."""
        record = snapshot.ledger.firm_records.get(firm)
        if record is None:
            return []
        last = snapshot.last_of_firm(firm, record.firm)
        known = self._known.get(firm)
        if known is None or known.position != last:
            history = [entry.logged for entry in snapshot.history_of_firm(firm, record.firm)]
            known = self._known[firm] = _Known(last, list(acts_of(record, history, snapshot.ledger)))
        return known.acts
