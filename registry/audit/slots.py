"""
Where the contracts keep what the ledger mirrors, and in what words: their storage, computed from the compiler's layout.

A mapping's entry stands at keccak(key ‖ slot), an array's elements from keccak(slot) on; values share a word from its low end up as
long as they fit, and a struct begins a new one (Solidity documentation, "Layout of State Variables in Storage"). Words that the
contracts pack themselves follow the same rule. Types and keys are those of `registry.getters`.

Pure.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from registry import getters
from registry.codec import joint_id
from registry.events import Contract
from registry.getters import MIRRORED, Getter, ProgrammeRules
from registry.model import Address, Id, MotionKind, Programme
from registry.rules import Ledger
from registry.solidity import NotDecodable, keccak, type_of

WORD = 32

Layout = Mapping[tuple[Contract, str], int]
"""The slot of each state variable, by contract and name."""


@dataclass(frozen=True, slots=True)
class Kept:
    """
    One value in storage, by the ledger's table and key, with its contract, the first of its slots and its Solidity types in order.

    `folded` is what the events make of it, or None where they do not say; then whatever stands there is taken down.
    """

    table: str
    key: Any
    contract: Contract
    slot: int
    types: tuple[str, ...]
    folded: Any
    getter: Getter[Any] | None = None

    @property
    def size(self) -> int:
        """How many slots it fills."""
        return _places(self.types)[-1][0] + 1

    def words(self) -> list[bytes]:
        """
        Its words as the contract packs them. Only where `folded` is known.

        Raises:
            ValueError: no such value fits, a negative amount for one: events are missing.
        """
        words = [0] * self.size
        values = [getattr(self.folded, each.name) for each in fields(self.folded)] if is_dataclass(self.folded) else [self.folded]
        for (word, offset), solidity_type, value in zip(_places(self.types), self.types, values, strict=True):
            words[word] |= _number(solidity_type, value) << (8 * offset)
        return [each.to_bytes(WORD, "big") for each in words]

    def read(self, words: Sequence[bytes]) -> Any:
        """What words say, in the ledger's terms; the words themselves where they say nothing that it knows."""
        if self.getter is None:
            return tuple(words)
        encoded = []
        for (word, offset), solidity_type in zip(_places(self.types), self.types, strict=True):
            number = int.from_bytes(words[word], "big") >> (8 * offset) & (1 << 8 * _size(solidity_type)) - 1
            content = number.to_bytes(_size(solidity_type), "big")
            encoded.append(content.ljust(WORD, b"\0") if _is_bytes(solidity_type) else content.rjust(WORD, b"\0"))
        try:
            return self.getter.read(b"".join(encoded))
        except (NotDecodable, ValueError):
            return tuple(words)


def _size(solidity_type: str) -> int:
    if solidity_type in ("address", "bool"):
        return 20 if solidity_type == "address" else 1
    digits = int(solidity_type.removeprefix("bytes").removeprefix("uint"))
    return digits if _is_bytes(solidity_type) else digits // 8


def _is_bytes(solidity_type: str) -> bool:
    return solidity_type.startswith("bytes")


def _places(types: Sequence[str]) -> list[tuple[int, int]]:
    """
    The word and the byte offset of each value.

    >>> _places(("uint64", "uint64", "uint64", "uint64", "bool"))
    [(0, 0), (0, 8), (0, 16), (0, 24), (1, 0)]
    """
    places, word, offset = [], 0, 0
    for each in types:
        if offset + _size(each) > WORD:
            word, offset = word + 1, 0
        places.append((word, offset))
        offset += _size(each)
    return places


def _number(solidity_type: str, value: Any) -> int:
    if _is_bytes(solidity_type):
        return int.from_bytes(value, "big")
    number = int(value, 16) if solidity_type == "address" else int(value)
    if not 0 <= number < 1 << 8 * _size(solidity_type):
        raise ValueError(f"{number} is no {solidity_type}")
    return number


# Everything that the contracts hold


def everything(ledger: Ledger, layout: Layout, *, subjects: Iterable[Id], accounts: Iterable[Address]) -> Iterator[Kept]:
    """
    Every value in all five contracts' storage, and every place that an event names, whether or not anything stands there now.

    `subjects` and `accounts` are whom the events name; the ledger has only those of whom something is left.
    """
    for table, getter in MIRRORED.items():
        values = getattr(ledger, table)
        named = _named(ledger, table, subjects=subjects, accounts=accounts)
        # A slot that was emptied again, or whose first event was hidden, is looked at as well: some other event still names it.
        for key in dict.fromkeys([*values, *named]):
            yield Kept(table, key, getter.contract, _entry(layout, getter, key), getter.answers, values[key], getter)
    yield from _programmes(ledger, layout)
    yield _scalar("members", layout, getters.MEMBERS, ledger.members)
    yield _scalar("latest", layout, getters.LATEST, ledger.latest)
    yield from _used(ledger, layout)
    # EIP712 keeps name and version here where they are longer than a word. Ours are not.
    for name in ("_nameFallback", "_versionFallback"):
        yield Kept(name, "", Contract.VOUCHER_REGISTRY, layout[Contract.VOUCHER_REGISTRY, name], ("bytes32",), bytes(WORD))


def _entry(layout: Layout, getter: Getter[Any], key: Any) -> int:
    slot = layout[getter.contract, getter.name]
    for solidity_type, part in zip(getter.arguments, getter.key(key), strict=True):
        slot = _hashed(type_of(solidity_type).encode(part), slot)
    return slot


def _hashed(key: bytes, slot: int) -> int:
    return int.from_bytes(keccak(key + slot.to_bytes(WORD, "big")), "big")


def _scalar(table: str, layout: Layout, getter: Getter[Any], folded: object) -> Kept:
    return Kept(table, "", getter.contract, layout[getter.contract, getter.name], getter.answers, folded, getter)


def _programmes(ledger: Ledger, layout: Layout) -> Iterator[Kept]:
    contract = Contract.PROGRAMMES
    for programme, record in ledger.programmes.items():
        slot = _hashed(programme, layout[contract, "rulesWord"])
        yield Kept("programmes", programme, contract, slot, getters.RULES.answers, rules_of(record), getters.RULES)
        # One unlimited rate stands in the word above, and its list is empty.
        slices = () if record.flat else record.slices
        count = _hashed(programme, layout[contract, "_slices"])
        yield Kept("slices", programme, contract, count, ("uint256",), len(slices))
        first = int.from_bytes(keccak(count.to_bytes(WORD, "big")), "big")
        for place, each in enumerate(slices):
            yield Kept("slices", (programme, place), contract, first + place, ("uint64", "uint16"), each)


# Which contract notes that it used a motion of which kind. Consortium does so in `motions` itself.
_USED_IN: Mapping[MotionKind, Contract] = {
    MotionKind.AUTHORISE_REGISTRY: Contract.INVOICES,
    MotionKind.AUTHORISE_CLAIMANT: Contract.INVOICES,
    MotionKind.RETIRE_REGISTRY: Contract.INVOICES,
    MotionKind.CLOSE_REGISTRY: Contract.INVOICES,
    MotionKind.VOID_CLAIM: Contract.INVOICES,
    MotionKind.LIFT_FLAG: Contract.DIRECTORY,
}


def _used(ledger: Ledger, layout: Layout) -> Iterator[Kept]:
    """Which motions took effect outside Consortium. No event names the motion, so the fold does not know."""
    for motion, record in ledger.motion_records.items():
        if record.kind in _USED_IN:
            contract = _USED_IN[record.kind]
            yield Kept("used", motion, contract, _hashed(motion, layout[contract, "used"]), ("bool",), None)


def rules_of(programme: Programme) -> ProgrammeRules:
    """What the contract keeps of a programme in one word."""
    return ProgrammeRules(
        region=programme.region,
        payer=programme.payer,
        paid_home=programme.paid_home,
        paid_across=programme.paid_across,
        approval=programme.approval,
        first_review=programme.first_review,
        itemised=programme.itemised,
        min_partners=programme.min_partners,
        hold_days=programme.hold_days,
        flat=programme.flat,
        flat_bps=programme.slices[0].bps,
    )


# Keys that events name, whether or not the fold has anything there now


def _named(ledger: Ledger, table: str, *, subjects: Iterable[Id], accounts: Iterable[Address]) -> Iterator[Any]:
    if table == "balances":
        yield from ledger.vouchers
    elif table == "orders":
        yield from ledger.order_records
    elif table in ("labs", "firms", "items", "rotations", "flags"):
        yield from subjects
    elif table == "accounts":
        yield from accounts
    elif table == "offers":
        yield from ((state.region, account) for account, state in ledger.accounts.items())
    elif table == "offered_keys":
        yield from ledger.regions
    elif table == "pools":
        yield from ledger.programmes
    elif table == "invoices":
        yield from (redemption.invoice for _, redemption in ledger.redemptions.items())
    elif table == "agreements":
        yield from _named_agreements(ledger)
    elif table in ("partnerships", "partner_orders"):
        yield from _named_partners(ledger, table)


def _named_agreements(ledger: Ledger) -> Iterator[Any]:
    for order, redemption in ledger.redemptions.items():
        programme = programme_of(ledger, order)
        if programme is not None:
            yield programme, redemption.agreement


def _named_partners(ledger: Ledger, table: str) -> Iterator[Any]:
    for order, record in ledger.order_records.items():
        programme = programme_of(ledger, order)
        if programme is None or programme not in ledger.programmes or not ledger.programmes[programme].joint:
            continue
        joint = joint_id(programme, record.project, record.lab)
        yield joint if table == "partnerships" else (joint, ledger.vouchers[record.voucher].firm)


def programme_of(ledger: Ledger, order: Id) -> Id | None:
    """An order's programme; None where an event on the way to it is missing."""
    voucher = ledger.order_records[order].voucher if order in ledger.order_records else None
    return ledger.vouchers[voucher].programme if voucher is not None and voucher in ledger.vouchers else None
