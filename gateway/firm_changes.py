"""
What an office put on record of firms that changed (企业变更登记): renamed, merged, struck off, moved away.

Nothing is ever taken out: a record that was wrong is withdrawn by another one. Each row is chained by hash to the one before
(`gateway.hash_chain`) and keeps what stood open when it was made. The file is the gateway's own, is backed up with the outbox, and holds
company codes and names; nothing of it goes to the chain.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gateway.errors import Problem
from gateway.firm_affairs import ENDING, Kind
from gateway.hash_chain import Chain, ChainedStore
from registry import Id, Tag, Time

_SCHEMA = """
CREATE TABLE IF NOT EXISTS changes (
    number INTEGER PRIMARY KEY,
    intent TEXT    NOT NULL UNIQUE,
    firm   TEXT    NOT NULL,
    kind   TEXT    NOT NULL,
    day    INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    by     TEXT    NOT NULL,
    told   TEXT    NOT NULL,
    hash   BLOB    NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS changes_by_firm ON changes (firm, number);
"""

CHAIN = Chain("firm-changes.sqlite", "changes", "number, intent, firm, kind, day, at, by, told, hash")


@dataclass(frozen=True, slots=True, kw_only=True)
class Particulars:
    """
    What belongs to a change besides its kind.

    `name` is the new one, `successor` a company code, `region` whereto the firm moved, `signer` who signs for it from then on (None:
    nobody). `unusable` are the programmes whose vouchers take no new orders though their firm is still there, having moved; `vouchers` and
    `orders` are what stood open, by id.
    """

    name: str | None = None
    successor: str | None = None
    region: int | None = None
    signer: str | None = None
    reason: str | None = None
    unusable: tuple[str, ...] = ()
    vouchers: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of a firm, by its canonical code: on which day it took effect, when it was put on record, and by which caller."""

    number: int
    firm: str
    kind: Kind
    day: Time
    at: Time
    by: str
    told: Particulars

    def ends(self, programme: Id) -> bool:
        """Whether the firm's vouchers of a programme take no new orders from then on."""
        return self.kind in (Kind.MERGED, Kind.STRUCK_OFF) or (self.kind is Kind.MOVED and "0x" + programme.hex() in self.told.unusable)

    def says(self, draft: "Change") -> bool:
        """Whether a draft says the same, whatever stood open then. One of a merger without a signer leaves that to the record."""
        mine, other = self.told, draft.told
        signer = mine.signer if self.kind is Kind.MERGED and other.signer is None else other.signer
        asked = (draft.kind, draft.day, other.name, other.successor, other.region, other.reason, signer)
        return asked == (self.kind, self.day, mine.name, mine.successor, mine.region, mine.reason, mine.signer)


class FirmChanges(ChainedStore):
    """The changes that one gateway was told. May be shared by threads; one process writes it."""

    def __init__(self, state: Path, tags: Callable[[str], Sequence[Tag]]) -> None:
        super().__init__(state, CHAIN, _SCHEMA)
        self._tags = tags
        self._in_force = self._read_in_force()

    def record(self, change: Change, *, intent_id: str) -> Change:
        """
        Put a change on record unless it is there already; what its number says before is not looked at.

        Raises:
            Problem: another one is in force (`ChangeOnRecord`).
        """
        row = (intent_id, change.firm, change.kind.value, change.day, change.at, change.by, _written(change.told))
        with self._guard:
            with self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                before = self._before(change, intent_id)
                if before is not None:
                    return before
                self._append([row])
            self._in_force = self._read_in_force()
            return self._select("WHERE intent = ?", intent_id)[0]

    def recorded(self, intent_id: str) -> Change | None:
        """What was put on record for an intent."""
        with self._guard:
            return self._of_intent(intent_id)

    def before(self, draft: Change, *, intent_id: str) -> Change | None:
        """
        What is on record for an intent, or else says the same as a draft and is in force.

        Raises:
            Problem: what is in force rules the draft out (`ChangeOnRecord`).
        """
        with self._guard:
            return self._before(draft, intent_id)

    def history(self, firm: str) -> list[Change]:
        """Everything that happened to a firm, in order."""
        with self._guard:
            return self._select("WHERE firm = ? ORDER BY number", firm)

    def standing(self, firm: str) -> Change | None:
        """What counts of a firm now: its last merger, striking off or move, unless that was withdrawn."""
        return next(reversed(self.in_force(firm)), None)

    def in_force(self, firm: str) -> Sequence[Change]:
        """All of a firm's mergers, strikings off and moves since one was last withdrawn."""
        return _in_force(self.history(firm))

    def of_tag(self, firm: Tag) -> Change | None:
        """The same by a firm's tag, of whichever epoch."""
        return next(reversed(self._in_force.get(firm, ())), None)

    def ending(self, firm: Tag, programme: Id) -> Change | None:
        """Since which change a firm's vouchers of a programme take no new orders. What was recorded later makes good nothing of before."""
        return next((each for each in self._in_force.get(firm, ()) if each.ends(programme)), None)

    def name_of(self, firm: str) -> str | None:
        """The name that was put on record last."""
        return next((each.told.name for each in reversed(self.history(firm)) if each.told.name is not None), None)

    def _before(self, draft: Change, intent_id: str) -> Change | None:
        return self._of_intent(intent_id) or _said(draft, self._select("WHERE firm = ? ORDER BY number", draft.firm))

    def _of_intent(self, intent_id: str) -> Change | None:
        return next(iter(self._select("WHERE intent = ?", intent_id)), None)

    def _read_in_force(self) -> Mapping[Tag, Sequence[Change]]:
        by_firm: dict[str, list[Change]] = defaultdict(list)
        for each in self._select("ORDER BY number"):
            by_firm[each.firm].append(each)
        return {tag: _in_force(changes) for firm, changes in by_firm.items() for tag in self._tags(firm)}

    def _select(self, which: str, *values: object) -> list[Change]:
        query = f"SELECT number, firm, kind, day, at, by, told FROM changes {which}"  # noqa: S608 - our own words
        return [_change(row) for row in self._connection.execute(query, values).fetchall()]


def _in_force(changes: Iterable[Change]) -> Sequence[Change]:
    """Of a firm's changes those that ended something, since one was last withdrawn."""
    found: list[Change] = []
    for each in changes:
        found = [] if each.kind is Kind.WITHDRAWN else [*found, each] if each.kind in ENDING else found
    return found


def _said(draft: Change, history: Sequence[Change]) -> Change | None:
    """
    Which change that counts says the same as a draft.

    Raises:
        Problem: another one rules the draft out. A firm that moved may still end; one that ended does nothing more.
    """
    in_force = _in_force(history)
    counting = [each for each in history if each.kind is Kind.RENAMED][-1:] if draft.kind is Kind.RENAMED else in_force
    same = next((each for each in counting if each.says(draft)), None)
    if same is not None or draft.kind not in ENDING:
        return same
    rules_out = ENDING - {Kind.MOVED} | {draft.kind}
    other = next((each for each in reversed(in_force) if each.kind in rules_out), None)
    if other is not None:
        title = (
            f"该企业的另一变更已经登记（第 {other.number} 号），如登记有误请先撤回。 "
            f"Another change of this firm is on record already as no. {other.number}: withdraw it first if it is wrong."
        )
        raise Problem(409, "ChangeOnRecord", title, number=other.number, kind=other.kind.value, on=other.day)
    return None


def _written(told: Particulars) -> str:
    return json.dumps(asdict(told), ensure_ascii=False, sort_keys=True)


def _change(row: tuple[Any, ...]) -> Change:
    number, firm, kind, day, at, by, told = row
    read: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in json.loads(told).items()}
    return Change(number=number, firm=firm, kind=Kind(kind), day=Time(day), at=Time(at), by=by, told=Particulars(**read))
