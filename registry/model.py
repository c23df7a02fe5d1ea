"""
The records, stages and roles of the protocol, exactly as the contracts know them.

A record is a frozen dataclass whose fields carry their Solidity type, so that `registry.codec` can derive from it the EIP-712
type, the id, the bytes and the calldata: the shape is told once. Values are checked when a record is made and trusted from then
on. Money is integer fen (分), times are Unix seconds with the last valid second inclusive, months and days are UTC+8.

What is not here: what a call does to a state (`registry.rules`), and how a tag is made (`registry.tags`).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta, timezone
from enum import IntEnum
from functools import lru_cache
from typing import Any, NamedTuple, NewType, TypeVar, get_args, get_origin, get_type_hints

Id = NewType("Id", bytes)
"""A record's EIP-712 hashStruct without domain: 32 bytes."""

Tag = NewType("Tag", bytes)
"""An epoch byte and 31 bytes of a keyed hash (关联标识): 32 bytes. Never shown to users."""

Digest = NewType("Digest", bytes)
"""A plain or salted hash: 32 bytes."""

Address = NewType("Address", str)
"""An account on the chain: 0x and 40 hexadecimal digits, checksummed."""

Region = NewType("Region", int)
"""A region code of GB/T 2260, six digits; 0 where nobody's."""

Fen = NewType("Fen", int)
"""Money in fen (分); 100 fen are one yuan."""

Time = NewType("Time", int)
"""Unix seconds."""

CHINA = timezone(timedelta(hours=8))
"""In which days, months and years are counted: UTC+8 all year."""

NO_ID = Id(bytes(32))
"""No record."""

NO_ADDRESS = Address("0x0000000000000000000000000000000000000000")
"""Nobody."""

WORD_BYTES = 32
ADDRESS_BYTES = 20
UNLIMITED = Fen(2**64 - 1)
"""The limit of a slice that has none."""


class Paid(IntEnum):
    """Who receives the money of a redemption (兑付申请方)."""

    LAB = 0
    FIRM = 1


class Approval(IntEnum):
    """Whether a reviewer of the issuing region approves an order before the service (审核确认)."""

    NEVER = 0
    CROSS_REGION = 1
    ALWAYS = 2


class FirstReview(IntEnum):
    """Whose reviewer makes the first review (初审)."""

    NONE = 0
    HOME = 1
    HOST = 2


class Standing(IntEnum):
    """A lab's standing, set by its host region."""

    NONE = 0
    ACTIVE = 1
    SUSPENDED = 2
    EXITED = 3
    FROZEN = 4


class Stage(IntEnum):
    """Where an order stands."""

    NONE = 0
    REQUESTED = 1
    OPEN = 2
    REDEEMED = 3
    ENDORSED = 4
    ACCEPTED = 5
    SETTLED = 6
    REVERSED = 7
    REFUNDED = 8
    RELEASED = 9


class Role(IntEnum):
    """What an account may do for its region; ADMIN and RECOVERY are the region's own two keys."""

    NONE = 0
    ISSUER = 1
    REVIEWER = 2
    PAYER = 3
    DIRECTORY = 4
    ADMIN = 5
    RECOVERY = 6


class RegionStatus(IntEnum):
    """A region's membership."""

    NONE = 0
    ACTIVE = 1
    SUSPENDED = 2


class Bar(IntEnum):
    """Why a party may not go on, or an account not say so: `OWN_CASE` where its key signs for the party itself (回避)."""

    NONE = 0
    LAB_FROZEN = 1
    LAB_FLAGGED = 2
    FIRM_FLAGGED = 3
    OWN_CASE = 4


class MotionKind(IntEnum):
    """What the members decide together (联盟议案)."""

    NONE = 0
    ADMIT = 1
    SUSPEND = 2
    REINSTATE = 3
    NAME_CARETAKER = 4
    REPLACE_KEYS = 5
    AUTHORISE_REGISTRY = 6
    RETIRE_REGISTRY = 7
    CLOSE_REGISTRY = 8
    AUTHORISE_CLAIMANT = 9
    VOID_CLAIM = 10
    LIFT_FLAG = 11


class RegistryStatus(IntEnum):
    """What a registry may do on the invoice ledger."""

    NONE = 0
    AUTHORISED = 1
    RETIRED = 2
    CLOSED = 3


def _sol(solidity_type: str, name: str | None = None) -> Any:
    """Give a field its Solidity type, and its Solidity name where that is not the camel case of the Python one."""
    return field(metadata={"type": solidity_type, "name": name})


@dataclass(frozen=True, slots=True)
class Record:
    """
    Base of every record.

    Raises:
        ValueError: a field has not the form that its type asks for.
    """

    def __post_init__(self) -> None:
        for name, form in _forms_of(type(self)):
            value = getattr(self, name)
            if not form.fits(value):
                raise ValueError(f"{type(self).__name__}.{name} takes {form.words}, not {value!r}")


R = TypeVar("R", bound=Record)


def built(record_type: type[R]) -> Callable[[Iterable[Any]], R]:
    """
    How to make a record of values that are known to fit, without looking at them again; it takes them in the order of the fields.

    Only for values whose bytes were just found in their places, or that other records hold: for those, checks are most of what
    reading an event takes.
    """
    setters = [getattr(record_type, each.name).__set__ for each in fields(record_type)]

    def build(values: Iterable[Any]) -> R:
        record = object.__new__(record_type)
        for put, value in zip(setters, values, strict=True):
            put(record, value)
        return record

    return build


class _Form(NamedTuple):
    words: str
    fits: Callable[[Any], bool]


_FORMS: dict[type[Record], tuple[tuple[str, _Form], ...]] = {}


def _forms_of(record_type: type[Record]) -> tuple[tuple[str, _Form], ...]:
    # A dict, because mypy takes no dataclass with a generated `__hash__` for the argument of a cached function.
    if record_type not in _FORMS:
        hints = get_type_hints(record_type)
        _FORMS[record_type] = tuple((each.name, _form_of(each.metadata["type"], hints[each.name])) for each in fields(record_type))
    return _FORMS[record_type]


def _form_of(solidity_type: str, hint: Any) -> _Form:
    if get_origin(hint) is tuple:
        element: type = get_args(hint)[0]
        return _Form(
            f"a tuple of {element.__name__}", lambda value: isinstance(value, tuple) and all(type(each) is element for each in value)
        )
    # Enums too: a bare number equals its member, but is not it.
    if isinstance(hint, type) and issubclass(hint, IntEnum | Record):
        return _Form(f"a {hint.__name__}", lambda value: type(value) is hint)
    if solidity_type.startswith("uint"):
        return _whole_number(int(solidity_type.removeprefix("uint")))
    return _ELEMENTARY[solidity_type]


def _whole_number(bits: int) -> _Form:
    return _Form(
        f"a whole number of at most {bits} bits",
        lambda value: isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << bits,
    )


def _is_text(value: object) -> bool:
    # A lone surrogate is a Python text that no UTF-8 can carry.
    return isinstance(value, str) and bool(value) and not any("\ud800" <= character <= "\udfff" for character in value)


def _is_address(value: object) -> bool:
    return isinstance(value, str) and _is_checksummed(value)


# One spelling only: in two, equal records would be unequal here and have one id all the same.
@lru_cache(maxsize=4096)
def _is_checksummed(text: str) -> bool:
    from registry.solidity import checksummed  # noqa: PLC0415 - which rests on this module

    try:
        account = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        return False
    return len(account) == ADDRESS_BYTES and checksummed(account) == text


_ELEMENTARY: Mapping[str, _Form] = {
    "bytes32": _Form("32 bytes", lambda value: isinstance(value, bytes) and len(value) == WORD_BYTES),
    "address": _Form("an address with its checksum", _is_address),
    "string": _Form("a text that is not empty", _is_text),
    "bool": _Form("True or False", lambda value: isinstance(value, bool)),
}


@dataclass(frozen=True, slots=True)
class Slice(Record):
    """One step of the subsidy rule (分段补贴档): up to `up_to` fen of cost, `bps` ten-thousandths of it are paid."""

    up_to: Fen = _sol("uint64")
    bps: int = _sol("uint16")


@dataclass(frozen=True, slots=True)
class Programme(Record):
    """A kind of voucher (券种), fixed for ever once opened. `payer` 0: the lab's own region's payer settles."""

    region: Region = _sol("uint24")
    code: str = _sol("string")
    payer: Region = _sol("uint24")
    paid_home: Paid = _sol("uint8")
    paid_across: Paid = _sol("uint8")
    approval: Approval = _sol("uint8")
    first_review: FirstReview = _sol("uint8")
    itemised: bool = _sol("bool")
    min_partners: int = _sol("uint8")
    hold_days: int = _sol("uint16")
    slices: tuple[Slice, ...] = _sol("Slice[]")
    policy_hash: Digest = _sol("bytes32")

    @property
    def flat(self) -> bool:
        """Whether one unlimited rate is the whole rule, so that no agreement needs counting."""
        return len(self.slices) == 1 and self.slices[0].up_to == UNLIMITED

    @property
    def joint(self) -> bool:
        """Whether its vouchers are joint ones (联合券), of several firms for one project, each used whole."""
        return self.min_partners > 1


@dataclass(frozen=True, slots=True)
class Terms(Record):
    """What all vouchers of one issue share."""

    programme: Id = _sol("bytes32")
    face: Fen = _sol("uint64")
    denomination: Fen = _sol("uint64")
    use_by: Time = _sol("uint40")
    claim_by: Time = _sol("uint40")


@dataclass(frozen=True, slots=True)
class Recipient(Record):
    """Who gets one voucher of an issue."""

    firm: Tag = _sol("bytes32")
    serial: Tag = _sol("bytes32")


@dataclass(frozen=True, slots=True)
class Voucher(Record):
    """A voucher (创新券): `face` fen in notes of `denomination`, for one firm."""

    programme: Id = _sol("bytes32")
    face: Fen = _sol("uint64")
    denomination: Fen = _sol("uint64")
    use_by: Time = _sol("uint40")
    claim_by: Time = _sol("uint40")
    firm: Tag = _sol("bytes32")
    serial: Tag = _sol("bytes32")


@dataclass(frozen=True, slots=True)
class Order(Record):
    """An order (服务订单), signed by firm and lab. `item` is NO_ID for the lab as a whole."""

    voucher: Id = _sol("bytes32")
    lab: Id = _sol("bytes32")
    item: Id = _sol("bytes32")
    project: Tag = _sol("bytes32")
    amount: Fen = _sol("uint64")
    valid_until: Time = _sol("uint40")
    nonce: int = _sol("uint64")


@dataclass(frozen=True, slots=True)
class Redemption(Record):
    """A redemption (申请兑付) of an open order, signed by firm and lab."""

    order: Id = _sol("bytes32")
    attempt: int = _sol("uint8")
    cost: Fen = _sol("uint64")
    subsidy: Fen = _sol("uint64")
    agreement: Tag = _sol("bytes32")
    invoice: Tag = _sol("bytes32")
    invoice_amount: Fen = _sol("uint64")
    result: Digest = _sol("bytes32")
    valid_until: Time = _sol("uint40")


@dataclass(frozen=True, slots=True)
class StandIn(Record):
    """A reviewer's signature in place of the party that is not paid."""

    redemption: Id = _sol("bytes32")
    reason: Digest = _sol("bytes32")


@dataclass(frozen=True, slots=True)
class Release(Record):
    """Consent to release an order (释放额度)."""

    order: Id = _sol("bytes32")
    attempt: int = _sol("uint8")
    valid_until: Time = _sol("uint40")


@dataclass(frozen=True, slots=True)
class Claim(Record):
    """What a redeemed order is owed; its hash, shortened to 17 bytes, is the evidence that the order keeps."""

    programme: Id = _sol("bytes32")
    voucher: Id = _sol("bytes32")
    order: Id = _sol("bytes32")
    redemption: Id = _sol("bytes32")
    lab: Id = _sol("bytes32")
    firm: Tag = _sol("bytes32")
    subsidy: Fen = _sol("uint64")
    consumed: Fen = _sol("uint64")
    stand_in: Address = _sol("address")
    endorser: Address = _sol("address")


@dataclass(frozen=True, slots=True)
class Lab(Record):
    """A service provider (服务机构) of its host region, under a host unit (依托单位)."""

    region: Region = _sol("uint24")
    host_unit: Tag = _sol("bytes32")
    code: str = _sol("string")


@dataclass(frozen=True, slots=True)
class Item(Record):
    """An instrument or service entry of a lab (服务条目)."""

    lab: Id = _sol("bytes32")
    code: str = _sol("string")


@dataclass(frozen=True, slots=True)
class Firm(Record):
    """A firm (企业) as its home region enrols it."""

    region: Region = _sol("uint24")
    firm: Tag = _sol("bytes32")


@dataclass(frozen=True, slots=True)
class Motion(Record):
    """A motion (联盟议案); the meaning of its fields by kind is told in `contracts/interfaces/IConsortium.sol`."""

    kind: MotionKind = _sol("uint8")
    region: Region = _sol("uint24")
    account: Address = _sol("address")
    other: Address = _sol("address")
    subject: Id = _sol("bytes32")
    expires: Time = _sol("uint40")
    nonce: int = _sol("uint64")


@dataclass(frozen=True, slots=True)
class Founder:
    """A region that the consortium starts with, and its two keys."""

    region: Region
    admin: Address
    recovery: Address


@dataclass(frozen=True, slots=True)
class Signatures:
    """
    The two parties' signatures on one record, each 64 bytes (EIP-2098: r ‖ vs).

    64 zero bytes mean that the party itself sends the transaction. A `reason` other than zero says that the signature of the
    party that is not paid is a reviewer's on a `StandIn`.
    """

    firm: bytes = bytes(64)
    lab: bytes = bytes(64)
    reason: Digest = Digest(bytes(32))

    def __post_init__(self) -> None:
        for name, value, size in (("firm", self.firm, 64), ("lab", self.lab, 64), ("reason", self.reason, WORD_BYTES)):
            if not isinstance(value, bytes) or len(value) != size:
                raise ValueError(f"Signatures.{name} takes {size} bytes, not {value!r}")


@dataclass(frozen=True, slots=True)
class Balance:
    """The notes of one voucher; the four sum to its face, always."""

    available: Fen
    reserved: Fen
    redeemed: Fen
    lapsed: Fen


@dataclass(frozen=True, slots=True)
class Pool:
    """The money set aside for a programme: paid ≤ committed ≤ funded."""

    funded: Fen
    committed: Fen
    paid: Fen


@dataclass(frozen=True, slots=True)
class OrderState:
    """One order: `amount` is what it holds, `deadline` the last second for redeeming it, `evidence` 17 bytes of its claim."""

    stage: Stage
    attempt: int
    amount: Fen
    deadline: Time
    evidence: bytes


@dataclass(frozen=True, slots=True)
class InvoiceState:
    """How much of an invoice is under live claims, and who sold it (first 12 bytes of the seller's tag)."""

    amount: Fen
    claimed: Fen
    claims: int
    seller: bytes


@dataclass(frozen=True, slots=True)
class Reservation(Record):
    """An order with its voucher, as `approve`, `decline` and `extend` take it."""

    voucher: Voucher = _sol("Voucher")
    order: Order = _sol("Order")


@dataclass(frozen=True, slots=True)
class Filing(Record):
    """A claim with its redemption, as `reject` and `refunded` take it."""

    claim: Claim = _sol("Claim")
    redemption: Redemption = _sol("Redemption")
