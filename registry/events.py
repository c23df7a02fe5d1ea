"""
The events of the five contracts, and how a log entry becomes one.

Each event is a frozen dataclass whose fields carry their Solidity type and whether they are indexed; signature, topic and
decoding follow from that. An event says everything that its effect needs: `registry.rules` folds events into the state that the
contracts hold, with nothing else read.

What is not here: what an event does to a state (`registry.rules`), and where logs come from (`registry.chain`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields
from enum import IntEnum, StrEnum
from functools import cache
from typing import Any, ClassVar, Protocol, get_type_hints

from registry import model
from registry.model import (
    Address,
    Digest,
    Fen,
    Firm,
    Id,
    Lab,
    Motion,
    Order,
    Programme,
    Record,
    Redemption,
    Region,
    RegistryStatus,
    Role,
    Stage,
    Standing,
    Tag,
    Terms,
    Time,
)
from registry.solidity import WORD, FixedWords, SolidityType, checksummed, keccak, member_type, struct_of, type_of


class MalformedEvent(ValueError):
    """A log entry that no contract of this version can have written."""


class Contract(StrEnum):
    """The contracts that events come from."""

    CONSORTIUM = "Consortium"
    DIRECTORY = "Directory"
    INVOICES = "Invoices"
    PROGRAMMES = "Programmes"
    VOUCHER_REGISTRY = "VoucherRegistry"


def _sol(solidity_type: str, *, indexed: bool = False, name: str | None = None) -> Any:
    """Give a field its Solidity type, and its Solidity name where that is not the camel case of the Python one."""
    return field(metadata={"type": solidity_type, "indexed": indexed, "name": name})


def _key(solidity_type: str) -> Any:
    """Give an indexed field its Solidity type."""
    return _sol(solidity_type, indexed=True)


@dataclass(frozen=True, slots=True)
class Event:
    """Base of every event. Values are not checked here: they come decoded from a chain, or from records that were."""

    contract: ClassVar[Contract]


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Where a log entry stands: block number, place of the transaction in it, place of the entry in the block."""

    block: int
    transaction: int
    log: int


@dataclass(frozen=True, slots=True)
class Logged:
    """An event with where and when it stands on the chain. `contract` is the address that wrote it."""

    event: Event
    contract: Address
    position: Position
    time: Time
    transaction_hash: Digest


# Consortium


class _OfConsortium(Event):
    __slots__ = ()
    contract = Contract.CONSORTIUM


@dataclass(frozen=True, slots=True)
class RegionAdmitted(_OfConsortium):
    """A region became a member; both its keys were granted just before."""

    region: Region = _key("uint24")
    admin: Address = _sol("address")
    recovery: Address = _sol("address")


@dataclass(frozen=True, slots=True)
class RegionSuspended(_OfConsortium):
    """A region may start nothing."""

    region: Region = _key("uint24")


@dataclass(frozen=True, slots=True)
class RegionReinstated(_OfConsortium):
    """A region acts again, and its caretaker's term ended."""

    region: Region = _key("uint24")


@dataclass(frozen=True, slots=True)
class CaretakerNamed(_OfConsortium):
    """Another region's reviewer reviews for a suspended region."""

    region: Region = _key("uint24")
    caretaker: Address = _sol("address")


@dataclass(frozen=True, slots=True)
class KeysReplaced(_OfConsortium):
    """
    The two keys that a region has from now on; the one or two that differ from before were granted just before.

    `admin` is nobody where the recovery key ended one and the next has not taken up its place.
    """

    region: Region = _key("uint24")
    admin: Address = _sol("address")
    recovery: Address = _sol("address")


@dataclass(frozen=True, slots=True)
class Offered(_OfConsortium):
    """An admin offered an account a role, or a recovery key a key's place. It replaces what was offered there before."""

    account: Address = _key("address")
    region: Region = _key("uint24")
    role: Role = _sol("uint8")
    by: Address = _sol("address")


@dataclass(frozen=True, slots=True)
class OfferWithdrawn(_OfConsortium):
    """A region took back the role that it had offered an account."""

    account: Address = _key("address")
    region: Region = _key("uint24")


@dataclass(frozen=True, slots=True)
class Granted(_OfConsortium):
    """An account got its one region and role; an offer of the region to it is thereby used."""

    account: Address = _key("address")
    region: Region = _key("uint24")
    role: Role = _sol("uint8")


@dataclass(frozen=True, slots=True)
class Revoked(_OfConsortium):
    """An account lost its role for ever."""

    account: Address = _key("address")
    region: Region = _key("uint24")


@dataclass(frozen=True, slots=True)
class Voted(_OfConsortium):
    """A region voted for a motion; `carried` says that more than half of all members have."""

    motion: Id = _key("bytes32")
    region: Region = _key("uint24")
    record: Motion = _sol("Motion")
    carried: bool = _sol("bool")


@dataclass(frozen=True, slots=True)
class Vetoed(_OfConsortium):
    """A region's recovery key stopped a motion to replace its keys."""

    motion: Id = _key("bytes32")


@dataclass(frozen=True, slots=True)
class Enacted(_OfConsortium):
    """A motion on regions and keys took effect, as the event before says."""

    motion: Id = _key("bytes32")


@dataclass(frozen=True, slots=True)
class StatementNamed(_OfConsortium):
    """One side named its statement of a month. `by` is that side."""

    home: Region = _key("uint24")
    host: Region = _key("uint24")
    month: int = _key("uint24")
    by: Region = _sol("uint24")
    statement: Digest = _sol("bytes32")


@dataclass(frozen=True, slots=True)
class MonthClosed(_OfConsortium):
    """Both sides named the same statement."""

    home: Region = _key("uint24")
    host: Region = _key("uint24")
    month: int = _key("uint24")
    statement: Digest = _sol("bytes32")


# Directory


class _OfDirectory(Event):
    __slots__ = ()
    contract = Contract.DIRECTORY


@dataclass(frozen=True, slots=True)
class LabAdmitted(_OfDirectory):
    """The host region admitted a lab, active."""

    lab: Id = _key("bytes32")
    record: Lab = _sol("Lab")
    signer: Address = _sol("address")
    seller: Tag = _sol("bytes32")
    qualified_until: Time = _sol("uint40")


@dataclass(frozen=True, slots=True)
class LabRenewed(_OfDirectory):
    """A lab's qualification and who invoices for it, from now on."""

    lab: Id = _key("bytes32")
    seller: Tag = _sol("bytes32")
    qualified_until: Time = _sol("uint40")


@dataclass(frozen=True, slots=True)
class StandingSet(_OfDirectory):
    """A lab's standing from now on."""

    lab: Id = _key("bytes32")
    standing: Standing = _sol("uint8")


@dataclass(frozen=True, slots=True)
class ItemListed(_OfDirectory):
    """A lab's instrument or service entry was listed."""

    item: Id = _key("bytes32")
    lab: Id = _key("bytes32")
    code: str = _sol("string")


@dataclass(frozen=True, slots=True)
class FirmEnrolled(_OfDirectory):
    """A firm's home region enrolled it."""

    firm: Id = _key("bytes32")
    record: Firm = _sol("Firm")
    signer: Address = _sol("address")


@dataclass(frozen=True, slots=True)
class KeyRotated(_OfDirectory):
    """A firm's or lab's key from now on; a proposed one, if any, is gone."""

    subject: Id = _key("bytes32")
    signer: Address = _sol("address")


@dataclass(frozen=True, slots=True)
class RotationProposed(_OfDirectory):
    """An office proposed a key that may take effect at `from_`."""

    subject: Id = _key("bytes32")
    signer: Address = _sol("address")
    from_: Time = _sol("uint40", name="from")


@dataclass(frozen=True, slots=True)
class RotationVetoed(_OfDirectory):
    """The key in place refused a proposed one."""

    subject: Id = _key("bytes32")
    signer: Address = _sol("address")


@dataclass(frozen=True, slots=True)
class Recognised(_OfDirectory):
    """A region's vouchers may be spent at a lab or on an item, from when until when."""

    region: Region = _key("uint24")
    subject: Id = _key("bytes32")
    from_: Time = _sol("uint40", name="from")
    until: Time = _sol("uint40")


@dataclass(frozen=True, slots=True)
class Withdrawn(_OfDirectory):
    """Recognition ended one second before this block."""

    region: Region = _key("uint24")
    subject: Id = _key("bytes32")


@dataclass(frozen=True, slots=True)
class Flagged(_OfDirectory):
    """A region flagged a firm or lab."""

    subject: Id = _key("bytes32")
    region: Region = _key("uint24")
    reason: Digest = _sol("bytes32")
    until: Time = _sol("uint40")


@dataclass(frozen=True, slots=True)
class FlagSeconded(_OfDirectory):
    """A second region made a flag last until it is lifted."""

    subject: Id = _key("bytes32")
    region: Region = _key("uint24")
    reason: Digest = _sol("bytes32")


@dataclass(frozen=True, slots=True)
class FlagLifted(_OfDirectory):
    """A flag is gone: taken back by `region`, or lifted by a motion where that is 0."""

    subject: Id = _key("bytes32")
    region: Region = _key("uint24")


# Invoices


class _OfInvoices(Event):
    __slots__ = ()
    contract = Contract.INVOICES


@dataclass(frozen=True, slots=True)
class Claimed(_OfInvoices):
    """A registry counted `cost` on an invoice of `amount`. `seller` is 12 bytes of the seller's tag."""

    invoice: Tag = _key("bytes32")
    registry: Address = _key("address")
    order: Id = _key("bytes32")
    cost: Fen = _sol("uint64")
    amount: Fen = _sol("uint64")
    seller: bytes = _sol("bytes12")


@dataclass(frozen=True, slots=True)
class Freed(_OfInvoices):
    """A registry counted `cost` back."""

    invoice: Tag = _key("bytes32")
    registry: Address = _key("address")
    order: Id = _key("bytes32")
    cost: Fen = _sol("uint64")


@dataclass(frozen=True, slots=True)
class Voided(_OfInvoices):
    """A motion counted a settled claim's `cost` back, once and for all."""

    invoice: Tag = _key("bytes32")
    registry: Address = _key("address")
    order: Id = _key("bytes32")
    cost: Fen = _sol("uint64")


@dataclass(frozen=True, slots=True)
class RegistrySet(_OfInvoices):
    """What a registry may do on the invoice ledger from now on, and by which motion: one of them makes it the latest voucher registry."""

    registry: Address = _key("address")
    motion: Id = _key("bytes32")
    status: RegistryStatus = _sol("uint8")


# Programmes


class _OfProgrammes(Event):
    __slots__ = ()
    contract = Contract.PROGRAMMES


@dataclass(frozen=True, slots=True)
class ProgrammeOpened(_OfProgrammes):
    """A programme was fixed for ever."""

    programme: Id = _key("bytes32")
    record: Programme = _sol("Programme")


@dataclass(frozen=True, slots=True)
class Funded(_OfProgrammes):
    """A payer set money aside."""

    programme: Id = _key("bytes32")
    amount: Fen = _sol("uint64")
    bank_reference: Digest = _sol("bytes32")
    by: Address = _sol("address")


@dataclass(frozen=True, slots=True)
class Drawn(_OfProgrammes):
    """A payer took uncommitted money back."""

    programme: Id = _key("bytes32")
    amount: Fen = _sol("uint64")
    bank_reference: Digest = _sol("bytes32")
    by: Address = _sol("address")


# VoucherRegistry


class _OfVoucherRegistry(Event):
    __slots__ = ()
    contract = Contract.VOUCHER_REGISTRY


@dataclass(frozen=True, slots=True)
class TermsIssued(_OfVoucherRegistry):
    """What the vouchers issued right after share."""

    terms: Id = _key("bytes32")
    record: Terms = _sol("Terms")


@dataclass(frozen=True, slots=True)
class Issued(_OfVoucherRegistry):
    """A voucher was issued, all of its face available."""

    voucher: Id = _key("bytes32")
    terms: Id = _sol("bytes32")
    firm: Tag = _sol("bytes32")
    serial: Tag = _sol("bytes32")


@dataclass(frozen=True, slots=True)
class Reserved(_OfVoucherRegistry):
    """An order holds part of a voucher: Requested, or Open with its money committed."""

    order: Id = _key("bytes32")
    record: Order = _sol("Order")
    stage: Stage = _sol("uint8")
    deadline: Time = _sol("uint40")


@dataclass(frozen=True, slots=True)
class Approved(_OfVoucherRegistry):
    """A requested order is open, its money committed."""

    order: Id = _key("bytes32")
    deadline: Time = _sol("uint40")
    by: Address = _sol("address")


@dataclass(frozen=True, slots=True)
class Declined(_OfVoucherRegistry):
    """A requested order was turned down."""

    order: Id = _key("bytes32")
    by: Address = _sol("address")


@dataclass(frozen=True, slots=True)
class Released(_OfVoucherRegistry):
    """An order gave back what it held; `lapsed` says that the voucher lost it."""

    order: Id = _key("bytes32")
    lapsed: bool = _sol("bool")
    by: Address = _sol("address")


@dataclass(frozen=True, slots=True)
class Extended(_OfVoucherRegistry):
    """An open order's deadline from now on."""

    order: Id = _key("bytes32")
    deadline: Time = _sol("uint40")
    by: Address = _sol("address")


@dataclass(frozen=True, slots=True)
class Redeemed(_OfVoucherRegistry):
    """The parties ask for an order's money. `stand_in` is the reviewer who signed for the party that is not paid, or zero."""

    order: Id = _key("bytes32")
    record: Redemption = _sol("Redemption")
    stand_in: Address = _sol("address")
    reason: Digest = _sol("bytes32")


@dataclass(frozen=True, slots=True)
class Endorsed(_OfVoucherRegistry):
    """A redemption passed its first review."""

    order: Id = _key("bytes32")
    by: Address = _sol("address")


@dataclass(frozen=True, slots=True)
class Accepted(_OfVoucherRegistry):
    """A redemption was found in order; what the order held beyond it is available again."""

    order: Id = _key("bytes32")
    by: Address = _sol("address")


@dataclass(frozen=True, slots=True)
class Rejected(_OfVoucherRegistry):
    """A redemption was sent back; the order is open again. Not to be confused with `registry.errors.Rejected`."""

    order: Id = _key("bytes32")
    deadline: Time = _sol("uint40")
    by: Address = _sol("address")


@dataclass(frozen=True, slots=True)
class Settled(_OfVoucherRegistry):
    """The payer paid."""

    order: Id = _key("bytes32")
    payment: Digest = _sol("bytes32")
    by: Address = _sol("address")


@dataclass(frozen=True, slots=True)
class Reversed(_OfVoucherRegistry):
    """A settled claim became a debt of `recover` fen."""

    order: Id = _key("bytes32")
    recover: Fen = _sol("uint64")
    reason: Digest = _sol("bytes32")
    by: Address = _sol("address")


@dataclass(frozen=True, slots=True)
class Refunded(_OfVoucherRegistry):
    """The debt came back."""

    order: Id = _key("bytes32")
    by: Address = _sol("address")


@dataclass(frozen=True, slots=True)
class Refused(_OfVoucherRegistry):
    """One call of a batch was refused; `reason` is its error, ABI encoded. It changed nothing."""

    index: int = _sol("uint256")
    reason: bytes = _sol("bytes")


# What follows from the fields


def signature(event_type: type[Event]) -> str:
    """Return the event's canonical signature, as its topic hashes it."""
    return f"{event_type.__name__}({','.join(_canonical(each.metadata['type']) for each in fields(event_type))})"


def topic(event_type: type[Event]) -> bytes:
    """Return the first topic of the event's log entries."""
    return _TOPICS[event_type]


def decode(contract: Contract, topics: Sequence[bytes], data: bytes) -> Event:
    """
    Read one log entry that `contract` wrote.

    Raises:
        MalformedEvent: no such event; too few or too many topics; bytes missing, left over, or not as Solidity writes them.
    """
    event_type, read = _READERS.get(topics[0], _UNREADABLE) if topics else _UNREADABLE
    if event_type.contract is not contract:
        raise MalformedEvent(f"{contract} has no event with the topics {[each.hex() for each in topics]}")
    try:
        return event_type(*read(topics[1:], data))
    except ValueError as error:
        raise MalformedEvent(f"{signature(event_type)}: {error}") from error


def _canonical(solidity_type: str) -> str:
    if solidity_type.endswith("[]"):
        return f"{_canonical(solidity_type.removesuffix('[]'))}[]"
    record = _record_of(solidity_type)
    if record is None:
        return solidity_type
    return f"({','.join(_canonical(each.metadata['type']) for each in fields(record))})"


@cache
def _record_of(solidity_type: str) -> type[Record] | None:
    found = getattr(model, solidity_type, None)
    return found if isinstance(found, type) and issubclass(found, Record) else None


def _dynamic(solidity_type: str) -> bool:
    if solidity_type in {"string", "bytes"} or solidity_type.endswith("[]"):
        return True
    record = _record_of(solidity_type)
    return record is not None and any(_dynamic(each.metadata["type"]) for each in fields(record))


class _NoEvent(Event):
    contract: ClassVar[Any] = None


def _unreadable(topics: Sequence[bytes], data: bytes) -> list[Any]:
    raise ValueError((topics, data))


_UNREADABLE: tuple[type[Event], Callable[[Sequence[bytes], bytes], list[Any]]] = (_NoEvent, _unreadable)


class _Shape(Protocol):
    """How to read the values of one event type, its fields in order."""

    def read(self, topics: Sequence[bytes], data: bytes) -> list[Any]:
        """The values. Raises `ValueError` unless the bytes are the very ones that encoding them again gives."""


class _FixedShape:
    """An event of fixed size: indexed values and the others, which follow them in every event, are read in one go."""

    def __init__(self, event_type: type[Event]) -> None:
        hints = get_type_hints(event_type)
        self._lengths = [WORD for each in fields(event_type) if each.metadata["indexed"]]
        words: list[SolidityType] = []
        self._records: list[tuple[int, int, Callable[[Iterable[Any]], Record]]] = []
        for each in fields(event_type):
            record = _record_of(each.metadata["type"])
            of_record = () if record is None else struct_of(record).types
            if record is not None:
                # By the time that this one is built, those before it take one place each.
                place = len(words) - sum(end - start - 1 for start, end, _ in self._records)
                self._records.append((place, place + len(of_record), model.built(record)))
            words += of_record or (member_type(each.metadata["type"], hints[each.name]),)
        self._words = FixedWords(words)

    def read(self, topics: Sequence[bytes], data: bytes) -> list[Any]:
        _require_keys(topics, self._lengths)
        values = self._words.read(b"".join(topics) + data)
        for start, end, built in self._records:
            values[start:end] = (built(values[start:end]),)
        return values


class _GeneralShape:
    """One of the few events with a text, bytes or a list: eth_abi reads it, and writes it again for comparison."""

    def __init__(self, event_type: type[Event]) -> None:
        self._fields = fields(event_type)
        self._keys = tuple(type_of(each.metadata["type"]) for each in self._fields if each.metadata["indexed"])
        self._plain = [_canonical(each.metadata["type"]) for each in self._fields if not each.metadata["indexed"]]

    def read(self, topics: Sequence[bytes], data: bytes) -> list[Any]:
        _require_keys(topics, [WORD] * len(self._keys))
        keys = [key.decode(word, 0)[0] for key, word in zip(self._keys, topics, strict=True)]
        plain = zip(self._fields[len(keys) :], self._decoded(data), strict=True)
        return keys + [_value(each, raw) for each, raw in plain]

    def _decoded(self, data: bytes) -> tuple[Any, ...]:
        from eth_abi import abi, exceptions  # noqa: PLC0415 - slow to load, and only these few events need it

        # A text is read as bytes, which lie the same way: nobody checks on the chain that it is UTF-8.
        types = [each.replace("string", "bytes") for each in self._plain]
        try:
            values: tuple[Any, ...] = abi.decode(types, data)
        except exceptions.DecodingError as error:
            raise ValueError(str(error)) from error
        if abi.encode(types, values) != data:
            raise ValueError("bytes are left over, or not as Solidity writes them")
        return values


def _require_keys(topics: Sequence[bytes], lengths: Sequence[int]) -> None:
    if [*map(len, topics)] != lengths:
        raise ValueError(f"{len(topics)} indexed values where {len(lengths)} words belong")


def _shape_of(event_type: type[Event]) -> _Shape:
    if any(_dynamic(each.metadata["type"]) for each in fields(event_type)):
        return _GeneralShape(event_type)
    return _FixedShape(event_type)


def _value(each: Field[Any], raw: Any) -> Any:
    """Make of what was decoded what the field holds: a record, a tuple of them, an enum, a checksummed address, a text."""
    solidity_type: str = each.metadata["type"]
    if solidity_type.endswith("[]"):
        return tuple(_built(_record_of(solidity_type.removesuffix("[]")), one) for one in raw)
    record = _record_of(solidity_type)
    if record is not None:
        return _built(record, raw)
    if solidity_type == "address":
        return checksummed(bytes.fromhex(raw[2:]))
    if solidity_type == "string":
        return raw.decode("utf-8", "backslashreplace")
    if isinstance(each.type, type) and issubclass(each.type, IntEnum):
        return each.type(raw)
    return raw


def _built(record: type[Record] | None, raw: tuple[Any, ...]) -> Record:
    if record is None:
        raise ValueError("only records stand in lists")
    return record(*[_value(each, one) for each, one in zip(fields(record), raw, strict=True)])


_TYPES: tuple[type[Event], ...] = tuple(
    each for each in list(globals().values()) if isinstance(each, type) and issubclass(each, Event) and fields(each)
)
_TOPICS = {each: keccak(signature(each).encode()) for each in _TYPES}
# No two contracts have an event of the same signature; a test says so.
_READERS = {_TOPICS[each]: (each, _shape_of(each).read) for each in _TYPES}

EVENTS: Mapping[tuple[Contract, bytes], type[Event]] = {(each.contract, _TOPICS[each]): each for each in _TYPES}
"""Every event type, by the contract that writes it and its topic."""
