"""
What an audit found, and its JSON form.

Three kinds of finding. A `Difference` is two sides that tell one thing differently. A `Breach` is a rule or an invariant that does
not hold. `Unverified` is what could not be checked, and why: it accuses nobody, and whoever reads the report judges what is left.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import Any

from registry.errors import Rejected
from registry.model import Address, Digest, Fen, Time


@dataclass(frozen=True, slots=True)
class Difference:
    """
    One thing that two sides tell differently.

    `what` is what they speak of: a table of the ledger, or `headers`, `transactions`, `receipts`, `logs`, `records`, `calls`,
    `seals`, `storage`, or `index.` and a table of the index. `key` is its id (several joined by `/`) in hexadecimal digits, or a
    block's number with an entry's place. `says` is what each side says, by the side's name.
    """

    what: str
    key: str
    says: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that does not hold, by its number in the design or its error's name, for which id, and what was found."""

    rule: str
    key: str
    found: str


@dataclass(frozen=True, slots=True)
class Unverified:
    """What could not be checked: of what kind, where, and why not."""

    what: str
    key: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Audit:
    """
    What a replay found as of a block. Amounts are in fen.

    `events`, `transactions` (of our contracts), `vouchers`, `orders`, `redemptions` are how many were looked at, `compared` how many slots.
    `issued` counts faces, `redeemed` what stands as redeemed on vouchers, `settled` what payers paid and did not get back.
    `trail` is a hash of every entry in order: audits of two nodes as of one block agree on it, or were shown different histories;
    so is `block_hash`. `validators` are those who sealed the block, where the engine has seals.
    """

    block: int
    block_hash: Digest
    time: Time
    trail: Digest
    validators: tuple[Address, ...]
    events: int
    transactions: int
    compared: int
    vouchers: int
    orders: int
    redemptions: int
    issued: Fen
    redeemed: Fen
    settled: Fen
    differences: tuple[Difference, ...]
    breaches: tuple[Breach, ...]
    unverified: tuple[Unverified, ...]

    @property
    def clean(self) -> bool:
        """Whether all sides tell the same and all rules hold, as far as could be checked; see `unverified`."""
        return not self.differences and not self.breaches

    def to_json(self) -> dict[str, Any]:
        """The report in JSON's terms: bytes as 0x and digits, fen as decimal strings, everything else by its name here."""
        return {"clean": self.clean} | {each.name: _plain(getattr(self, each.name), each.name) for each in fields(self)}


_FEN = {"issued", "redeemed", "settled", "available", "reserved", "lapsed", "amount", "claimed", "funded", "committed", "paid"}


def _plain(value: object, name: str = "") -> Any:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, Rejected | Exception):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name), each.name) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if isinstance(value, bool):
        return value
    return str(value) if isinstance(value, int) and name in _FEN else value


def key_of(key: object) -> str:
    r"""
    An id, or several, as a finding names it.

    >>> key_of((330522, b"\x01"))
    '330522/01'
    """
    if isinstance(key, tuple):
        return "/".join(map(key_of, key))
    return key.hex() if isinstance(key, bytes) else str(key)
