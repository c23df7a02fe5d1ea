"""
What is left to do on the chain until it holds what the catalogue says, for one region. Pure: compares entries with a ledger.

    admit       the region's own labs that the directory does not know
    renew       its own labs whose qualification lasts longer by the list than on the chain
    list        its own labs' items
    recognise   whatever a list says that this region recognises

Nothing is remembered: what the chain holds is done, whoever did it. So a load that was broken off goes on, and one that is finished does
nothing. And a list only ever adds. It never suspends, withdraws, shortens or undoes what an office did since: a lab that was withdrawn
comes back by a window that begins after its withdrawal, and by no older one.

What waits: labs and items of other regions that those have not put on the chain yet.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.catalogue import LAB, Entry
from registry import NO_ID, Id, Ledger, Region, Standing, Time

ITEMS_AT_ONCE = 200
SUBJECTS_AT_ONCE = 200

Withdrawn = Callable[[Id], Time | None]
"""When this region last withdrew a subject, if its present window ended so; None if it ended by itself."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Items of one lab, for one call."""

    lab: Id
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recognising:
    """Labs and items of one window, for one call."""

    subjects: tuple[Id, ...]
    from_: Time
    until: Time


@dataclass(frozen=True, slots=True)
class Left:
    """How many labs are to be admitted and renewed, items listed, labs and items recognised, and how many wait for other regions."""

    admit: int = 0
    renew: int = 0
    list: int = 0
    recognise: int = 0
    waiting: int = 0

    @property
    def to_do(self) -> int:
        """How many this region can do by itself."""
        return self.admit + self.renew + self.list + self.recognise


@dataclass(frozen=True, slots=True)
class Plan:
    """The calls that can be made now, in this order, and all that is left."""

    admit: Sequence[Entry] = ()
    renew: Sequence[Entry] = ()
    list: Sequence[Listing] = ()
    recognise: Sequence[Recognising] = ()
    left: Left = field(default_factory=Left)


def plan(region: Region, entries: Sequence[Entry], ledger: Ledger, withdrawn: Withdrawn, now: Time) -> Plan:
    """What is left for a region at a time."""
    own = [each for each in entries if each.region == region]
    labs = [each for each in own if each.kind == LAB]
    admit = [each for each in labs if not _is_admitted(ledger, each.subject)]
    renew = [each for each in labs if _is_admitted(ledger, each.subject) and (each.qualified_until or 0) > _qualified(ledger, each.subject)]
    unlisted = [each for each in own if each.kind != LAB and ledger.items[each.subject] == NO_ID]
    windows = {each: window for each in entries if (window := window_wanted(region, each, ledger, withdrawn, now)) is not None}
    known = {each.subject: window for each, window in windows.items() if _is_known(ledger, each.subject)}
    waiting = sum(each.region != region for each in windows if each.subject not in known)
    return Plan(
        admit=admit,
        renew=renew,
        list=list(_listings(each for each in unlisted if _is_admitted(ledger, each.lab))),
        recognise=list(_recognising(known)),
        left=Left(len(admit), len(renew), len(unlisted), len(windows) - waiting, waiting),
    )


def window_wanted(region: Region, entry: Entry, ledger: Ledger, withdrawn: Withdrawn, now: Time) -> tuple[Time, Time] | None:
    """
    The window that a region is still to give a lab or item; None if there is nothing to do.

    One that is in force or to come is only ever made longer, without a gap; one that ended is followed by the list's.
    """
    asked = entry.recognition
    if asked is None or region not in asked.by or conflict(region, entry, ledger, withdrawn, now) is not None:
        return None
    present = ledger.recognitions[region, entry.subject]
    if present.until < now:
        return (asked.from_, asked.until) if asked.until > present.until else None
    longer = Time(min(asked.from_, present.from_)), Time(max(asked.until, present.until))
    return None if longer == (present.from_, present.until) else longer


def conflict(region: Region, entry: Entry, ledger: Ledger, withdrawn: Withdrawn, now: Time) -> str | None:
    """
    Why a list's window is not given.

    `WithdrawnBefore`: it begins before the region withdrew the lab or item, and so was decided before. `WindowApart`: between it and
    one that has not ended is a gap, and naming it would end the other at once.
    """
    asked = entry.recognition
    present = ledger.recognitions[region, entry.subject]
    if asked is None or region not in asked.by or not present.until:
        return None
    if present.until < now:
        at = withdrawn(entry.subject)
        return "WithdrawnBefore" if at is not None and asked.from_ < at else None
    return "WindowApart" if asked.from_ > present.until + 1 or asked.until + 1 < present.from_ else None


def _listings(entries: Iterator[Entry]) -> Iterator[Listing]:
    by_lab: Mapping[Id, list[str]] = defaultdict(list)
    for each in entries:
        by_lab[each.lab].append(each.code)
    for lab, codes in by_lab.items():
        for at in range(0, len(codes), ITEMS_AT_ONCE):
            yield Listing(lab, tuple(codes[at : at + ITEMS_AT_ONCE]))


def _recognising(windows: Mapping[Id, tuple[Time, Time]]) -> Iterator[Recognising]:
    by_window: Mapping[tuple[Time, Time], list[Id]] = defaultdict(list)
    for subject, window in windows.items():
        by_window[window].append(subject)
    for window, subjects in by_window.items():
        for at in range(0, len(subjects), SUBJECTS_AT_ONCE):
            yield Recognising(tuple(subjects[at : at + SUBJECTS_AT_ONCE]), *window)


def _is_admitted(ledger: Ledger, lab: Id) -> bool:
    return ledger.labs[lab].standing != Standing.NONE


def _is_known(ledger: Ledger, subject: Id) -> bool:
    return _is_admitted(ledger, subject) or ledger.items[subject] != NO_ID


def _qualified(ledger: Ledger, lab: Id) -> Time:
    return ledger.labs[lab].qualified_until
