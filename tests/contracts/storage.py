"""
Where the contracts keep what the ledger mirrors, and as which words: by the compiler's own storage layout and by nothing else.

A record's fields stand in Python in the order of the contract's struct, which is also that of the getter's answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from registry.chain.artifacts import Artifact
from registry.getters import MIRRORED
from registry.solidity import encode_sequence, keccak, type_of

WORD_BITS = 256


@dataclass(frozen=True)
class Kept:
    """One table: the slot of its mapping, how many words an entry has, and the lowest bit of every field in them."""

    slot: int
    words: int
    lowest_bits: tuple[int, ...]


class Storage:
    """The slots and words of every table in `MIRRORED`."""

    def __init__(self, artifacts: Mapping[str, Artifact]) -> None:
        self._tables = {table: _kept(artifacts[getter.contract], getter.name) for table, getter in MIRRORED.items()}

    def slots(self, table: str, key: Any) -> bytes:
        """Which slots an entry has, one after the other, 32 bytes each."""
        getter, kept = MIRRORED[table], self._tables[table]
        first = entry_slot(kept.slot, *(encode_sequence([type_of(kind)], [part]) for kind, part in _arguments(getter, key)))
        return b"".join((first + each).to_bytes(32) for each in range(kept.words))

    def words(self, table: str, value: Any) -> bytes:
        """What stands in those slots if the entry is this."""
        kept = self._tables[table]
        parts = [getattr(value, each.name) for each in fields(value)] if is_dataclass(value) else [value]
        number = 0
        for part, lowest in zip(parts, kept.lowest_bits, strict=True):
            number |= _number(part) << lowest
        return b"".join((number >> WORD_BITS * each & (1 << WORD_BITS) - 1).to_bytes(32) for each in range(kept.words))


def slot_of(artifact: Artifact, label: str) -> int:
    """A state variable's slot."""
    return int(_variable(artifact, label)["slot"])


def entry_slot(slot: int, *keys: bytes) -> int:
    """The slot of a mapping's entry; with several keys, of a mapping of mappings'."""
    for key in keys:
        slot = int.from_bytes(keccak(key.rjust(32, b"\0") + slot.to_bytes(32)))
    return slot


def _variable(artifact: Artifact, label: str) -> Mapping[str, Any]:
    found: Mapping[str, Any]
    (found,) = [each for each in artifact.storage_layout["storage"] if each["label"] == label]
    return found


def _kept(artifact: Artifact, label: str) -> Kept:
    types = artifact.storage_layout["types"]
    kind = _variable(artifact, label)["type"]
    while types[kind]["encoding"] == "mapping":
        kind = types[kind]["value"]
    members = types[kind].get("members", [{"slot": "0", "offset": 0}])
    lowest_bits = tuple(int(each["slot"]) * WORD_BITS + each["offset"] * 8 for each in members)
    return Kept(slot_of(artifact, label), -(-int(types[kind]["numberOfBytes"]) // 32), lowest_bits)


def _arguments(getter: Any, key: Any) -> list[tuple[str, Any]]:
    return list(zip(getter.arguments, getter.key(key), strict=True))


def _number(value: Any) -> int:
    if isinstance(value, bytes):
        return int.from_bytes(value)
    return int(value, 16) if isinstance(value, str) else int(value)
