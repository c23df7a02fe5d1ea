"""
What all reports have in common: their canonical form and hash, the parameters of a lens, and sums of uses. Pure.

A report's canonical form is that of a month's statement (`registry.statement`): JSON, keys sorted, no spaces, UTF-8; money is a decimal
string of fen, ids are 0x and hexadecimal digits, times are Unix seconds. Its hash is the SHA-256 of those bytes.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import Field, dataclass, fields, is_dataclass
from enum import IntEnum, StrEnum
from functools import cache
from typing import Any, ClassVar, Self, get_type_hints

from registry.canonical import canonical_json
from registry.model import Address, Digest, Fen, Time
from registry.reports.lives import Life


@dataclass(frozen=True, slots=True)
class Asked:
    """
    Of which chain and registry a report is, and of which events: those from `since` to `until`, both seconds included.

    What stood before `since` is known, and does not count.
    """

    chain_id: int
    registry: Address
    since: Time
    until: Time

    def has(self, time: Time | None) -> bool:
        """Whether something that happened then counts."""
        return time is not None and self.since <= time <= self.until


@dataclass(frozen=True, slots=True)
class Parameter:
    """One threshold of a lens: what it was set to, and what it is unless somebody sets it."""

    name: str
    value: int
    default: int


@dataclass(frozen=True, slots=True)
class Report:
    """
    Base of every report. `kind` is what it says it is; another number behind it, other rules.

    Fields are told under their own names: those of type `Fen` as text, records as objects.
    """

    kind: ClassVar[str]

    asked: Asked

    def document(self) -> dict[str, Any]:
        """The report as JSON has it."""
        told: dict[str, Any] = _told(self, type(self))
        asked = told.pop("asked")
        return {"format": f"tongquan {self.kind} report 1", **asked, "registry": self.asked.registry.lower(), **told}

    def canonical(self) -> bytes:
        """The bytes that are hashed: the same for the same chain and parameters, whoever works them out."""
        return canonical_json(self.document())

    @property
    def hash(self) -> Digest:
        """What `sha256sum` tells of the file."""
        return Digest(hashlib.sha256(self.canonical()).digest())


@dataclass(frozen=True, slots=True)
class Uses:
    """
    Orders whose money was asked for, summed. `firms` and `labs` are counted once each.

    `ordered` is the most that firm and lab signed for, `cost` what was transacted, `offset` what the vouchers paid of it (抵用), `face` the
    whole notes that this consumed, and `returned` what acceptance gave back to the vouchers of what had been ordered.
    """

    uses: int
    firms: int
    labs: int
    ordered: Fen
    cost: Fen
    offset: Fen
    face: Fen
    returned: Fen

    @classmethod
    def of(cls, lives: Iterable[Life]) -> Self:
        """The sum of some orders."""
        found = list(lives)
        return cls(
            uses=len(found),
            firms=len({life.firm for life in found}),
            labs=len({life.lab for life in found}),
            ordered=fen(life.ordered for life in found),
            cost=fen(life.cost for life in found),
            offset=fen(life.offset for life in found),
            face=fen(life.consumed for life in found),
            returned=fen(life.returned for life in found),
        )


def fen(amounts: Iterable[int]) -> Fen:
    """A sum of money."""
    return Fen(sum(amounts))


def parameters_of(thresholds: Any) -> tuple[Parameter, ...]:
    """A lens's thresholds, each beside its default."""
    return tuple(Parameter(each.name, getattr(thresholds, each.name), _default(each)) for each in fields(thresholds))


def heading(zh: str, en: str, parameters: Sequence[Parameter]) -> str:
    """A lens's heading: what it looks for, and every threshold with its default."""
    set_to = "; ".join(f"{each.name} = {each.value} (默认 default {each.default})" for each in parameters)
    return f"{zh} {en}: {set_to}"


def nearest_rank(ordered: Sequence[int], percent: int) -> int:
    """
    The smallest value that so many per cent of all do not exceed. `ordered` rises and is not empty.

    >>> [nearest_rank([1, 2, 3, 4, 5], percent) for percent in (25, 50, 75, 100)]
    [2, 3, 4, 5]
    """
    return ordered[-(-len(ordered) * percent // 100) - 1]


def _default(of: "Field[Any]") -> int:
    if not isinstance(of.default, int):
        raise TypeError(f"the threshold {of.name} has no default")
    return of.default


def _told(value: Any, hint: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        hints = _hints(type(value))
        return {each.name: _told(getattr(value, each.name), hints[each.name]) for each in fields(value)}
    if isinstance(value, tuple):
        (kind, *_) = hint.__args__
        return [_told(each, kind) for each in value]
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, IntEnum):
        return value.name
    if isinstance(value, StrEnum):
        return str(value)
    return str(value) if hint is Fen and value is not None else value


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind)
