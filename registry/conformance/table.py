"""
The table of checks, and how one is played.

A check is a small function of the stage: it acts, and answers what it got beside what must come out (`Seen`). What it caused on the chain
is read from the node and compared as well, by the events that it names; so a gateway that says that it did something, and did not, is
found, and one that did it twice likewise. What is asked is kept by the wire.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from registry.conformance.desks import Exchange
from registry.conformance.report import Result
from registry.conformance.stage import Stage
from registry.model import Time


class NotDue(Exception):
    """What is to be looked at cannot be before a later second of the chain's."""

    def __init__(self, due: Time) -> None:
        super().__init__(f"not before {due}")
        self.due = due


@dataclass(frozen=True, slots=True)
class Seen:
    """What a check got, and what it must be."""

    got: Any
    expected: Any


@dataclass(frozen=True, slots=True)
class Check:
    """
    One check. `events` are the names of what it causes on the chain, in order.

    One that is `closing` looks at all that was asked or done, and is played anew whenever a report is continued.
    """

    id: str
    verb: str
    zh: str
    en: str
    events: tuple[str, ...]
    closing: bool
    act: Callable[[Stage], Seen]


CHECKS: dict[str, Check] = {}
"""Every check that this version knows, in the order of playing; later ones build on earlier ones."""


def check(
    check_id: str, verb: str, zh: str, en: str, *, events: Iterable[str] = (), closing: bool = False
) -> Callable[[Callable[[Stage], Seen]], Callable[[Stage], Seen]]:
    """Enter a function in the table."""

    def enter(act: Callable[[Stage], Seen]) -> Callable[[Stage], Seen]:
        if check_id in CHECKS:
            raise ValueError(f"there are two checks {check_id}")
        CHECKS[check_id] = Check(check_id, verb, zh, en, tuple(events), closing, act)
        return act

    return enter


def play(stage: Stage, checks: Sequence[Check]) -> Iterator[Result]:
    """Play checks one after another. Whatever one comes to, the next is played."""
    for each in checks:
        yield _played(stage, each)


def _played(stage: Stage, each: Check) -> Result:
    asked_before, block_before, due = len(stage.wire.exchanges), stage.head, None
    try:
        seen = each.act(stage)
    except NotDue as later:
        seen, due = Seen(None, None), later.due
    except Exception as failure:  # noqa: BLE001 - whatever breaks a check is its outcome, and the others are played
        seen = Seen({"broken": f"{type(failure).__name__}: {failure}"}, None)
    events = [] if due is not None else stage.events_since(block_before)
    got = {"answer": _plain(seen.got), "events": [event.name for event in events]}
    expected = {"answer": _plain(seen.expected), "events": list(each.events)}
    return Result(
        id=each.id,
        verb=each.verb,
        zh=each.zh,
        en=each.en,
        asked=[] if each.closing else [_request(exchange) for exchange in stage.wire.exchanges[asked_before:]],
        expected=None if due is not None else expected,
        got=None if due is not None else got,
        ok=None if due is not None else got == expected,
        due=due,
        events=events,
    )


def _plain(value: Any) -> Any:
    """As JSON tells it: a reader of the report must come to the same judgement."""
    return json.loads(json.dumps(value))


def _request(exchange: Exchange) -> dict[str, Any]:
    return {"method": exchange.method, "path": exchange.path, "body": exchange.asked}
