"""
The shapes of requests and answers. Unknown fields are refused, and nothing is converted in silence.

Money is a decimal string of fen, because JSON numbers lose whole numbers above 2^53 in JavaScript. Times are Unix seconds, the
last valid second inclusive. Ids, addresses and signatures are 0x and hexadecimal digits.
"""

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

MONEY_PATTERN = "^(0|[1-9][0-9]{0,18})$"
_MONEY = re.compile("0|[1-9][0-9]{0,18}")
_SECONDS = re.compile("0|[1-9][0-9]{0,12}")
_HEX = re.compile("0x[0-9a-fA-F]*")


def _fen(value: Any) -> int:
    if not isinstance(value, str) or not _MONEY.fullmatch(value):
        raise ValueError('money is a decimal string of fen, for example "480000"')
    return int(value)


def _of_bytes(size: int) -> Callable[[Any], bytes]:
    def parse(value: Any) -> bytes:
        if isinstance(value, bytes) and len(value) == size:
            return value
        if not isinstance(value, str) or len(value) != 2 + 2 * size or not _HEX.fullmatch(value):
            raise ValueError(f"0x and {2 * size} hexadecimal digits are asked for")
        return bytes.fromhex(value[2:])

    return parse


def _seconds(value: Any) -> int:
    if not isinstance(value, str) or not _SECONDS.fullmatch(value):
        raise ValueError("Unix seconds are asked for")
    return int(value)


def _address(value: Any) -> str:
    return "0x" + _of_bytes(20)(value).hex()


def _hex(value: bytes) -> str:
    return "0x" + value.hex()


def _hex_schema(size: int) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^0x[0-9a-fA-F]{{{2 * size}}}$"})


Money = Annotated[
    int, BeforeValidator(_fen), PlainSerializer(str, return_type=str), WithJsonSchema({"type": "string", "pattern": MONEY_PATTERN})
]
Amount = Annotated[int, PlainSerializer(str, return_type=str), WithJsonSchema({"type": "string", "pattern": MONEY_PATTERN})]
"""Money in an answer: made from a number of ours."""
Id32 = Annotated[bytes, BeforeValidator(_of_bytes(32)), PlainSerializer(_hex, return_type=str), _hex_schema(32)]
Signature = Annotated[bytes, BeforeValidator(_of_bytes(64)), PlainSerializer(_hex, return_type=str), _hex_schema(64)]
AddressText = Annotated[str, BeforeValidator(_address), _hex_schema(20)]
RegionCode = Annotated[int, Field(strict=True, ge=100_000, le=999_999)]
Seconds = Annotated[int, Field(strict=True, ge=0, lt=2**40)]
FormSeconds = Annotated[int, BeforeValidator(_seconds), Field(ge=0, lt=2**40)]
"""Unix seconds in a form, where everything is text."""
Text = Annotated[str, Field(strict=True, min_length=1, max_length=200)]


class Shape(BaseModel):
    """Base of every request and answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)


# What is asked


class VoucherNamed(Shape):
    """A voucher as its holder knows it: who issued it, to whom, and the serial number printed on it. Always all three together."""

    region: RegionCode
    firm: Text
    serial: Text


class AgreementNamed(Shape):
    """A service contract, by the company code of who invoices and its number."""

    seller: Text
    number: Text


class InvoiceNamed(Shape):
    """A fully digital invoice by its 20 digits, or an older one by code and number."""

    number: Text
    code: Text | None = None


class QuoteRequest(Shape):
    """What would this cost get?"""

    voucher: VoucherNamed
    cost: Money
    agreement: AgreementNamed | None = None


class VerificationRequest(Shape):
    """Can this voucher be used, here and for so much? A lab asks for itself."""

    voucher: VoucherNamed
    lab: Id32 | None = None
    item: Text | None = None
    amount: Money | None = None


class FactsRequest(Shape):
    """The hotline's question."""

    voucher: VoucherNamed
    project: Text


class OrderFacts(Shape):
    """The plain facts of an order. A lab orders at itself, and a firm with its own voucher."""

    voucher: VoucherNamed
    lab: Id32 | None = None
    item: Text | None = None
    project: Text
    amount: Money
    valid_seconds: Annotated[int, Field(strict=True, ge=60, le=30 * 86_400)] = 86_400


class RedemptionFacts(Shape):
    """The plain facts of a redemption. Without `subsidy` the most that the rule allows is asked for."""

    order: Id32
    cost: Money
    subsidy: Money | None = None
    agreement: AgreementNamed
    invoice: InvoiceNamed
    invoice_amount: Money
    report_sha256: Annotated[str, Field(strict=True, pattern="^[0-9a-f]{64}$")]
    valid_seconds: Annotated[int, Field(strict=True, ge=60, le=30 * 86_400)] = 86_400


class Signed(Shape):
    """A document as this gateway answered it, with both parties' compact signatures (EIP-2098)."""

    typed_data: dict[str, Any]
    firm_signature: Signature
    lab_signature: Signature


class Orders(Shape):
    """Orders to review, all or none."""

    orders: Annotated[list[Id32], Field(min_length=1, max_length=100)]


class Settlement(Orders):
    """Orders that one payment paid, all or none."""

    payment_reference: Text


class ProgrammeFile(Shape):
    """A programme file's text (TOML)."""

    file: Annotated[str, Field(strict=True, min_length=1, max_length=100_000)]


class Funding(Shape):
    """Money set aside, as the bank knows it."""

    amount: Money
    bank_reference: Text


class FirmEnrolment(Shape):
    """A firm of this region and the account that signs for it."""

    firm: Text
    signer: AddressText


class LabAdmission(Shape):
    """A lab of this region. `seller` is the company code of who invoices for it, by default its host unit."""

    code: Text
    host_unit: Text
    seller: Text | None = None
    signer: AddressText
    qualified_until: Seconds


class Recognition(Shape):
    """Labs at which this region's vouchers may be spent."""

    labs: Annotated[list[Id32], Field(min_length=1, max_length=500)]
    from_: Annotated[Seconds, Field(alias="from")]
    until: Seconds


# What is answered


class BlockSeen(Shape):
    """As of which final block an answer holds, and how old that is."""

    number: int
    time: int
    age_seconds: int


class Status(Shape):
    """Whether this gateway follows its node."""

    region: int
    node: Literal["answering", "silent"]
    block: BlockSeen


class Alive(Shape):
    """The process answers."""

    alive: Literal[True]


class ReasonNotReady(Shape):
    """Why a gateway is not ready."""

    code: Literal["NodeSilent", "WrongChain", "HeadOld", "IndexRefused", "IndexBehind", "OutboxDeep", "FewPeers"]
    message: str


class Ready(Shape):
    """
    What a gateway's work depends on.

    Of a silent node `chain_id`, `head`, `head_age_seconds` and `lag_blocks` are null; `peers` is null also where the node does not
    tell them.
    """

    reasons: list[ReasonNotReady]
    chain_id: int | None
    head: int | None
    head_age_seconds: int | None
    indexed: int
    lag_blocks: int | None
    outbox: int
    peers: int | None


class Quoted(Shape):
    """What a cost would get: `amount` is what to reserve, `lapses` what of it is lost, `firm_pays` the rest of the cost."""

    voucher_id: Id32
    subsidy: Amount
    amount: Amount
    lapses: Amount
    firm_pays: Amount
    block: BlockSeen


class Reason(Shape):
    """Why not, by the contracts' own name and values."""

    code: str
    values: dict[str, Any]


class Held(Shape):
    """Part of a voucher that an order holds or has used: since when and in which region. Never at which lab."""

    region: int
    since: int
    amount: Amount
    stage: str


class Notes(Shape):
    """Numbers of notes that are used up, both inclusive."""

    first: int
    last: int


class VoucherSeen(Shape):
    """A voucher's terms and what has become of its notes."""

    voucher_id: Id32
    programme_id: Id32
    programme: str
    region: int
    face: Amount
    denomination: Amount
    use_by: int
    claim_by: int
    available: Amount
    reserved: Amount
    redeemed: Amount
    lapsed: Amount
    used_notes: list[Notes]
    held: list[Held]


Doubt = Literal["UNKNOWN", "STALE"]
"""No node answered, or its newest block is too old."""


class Verification(Shape):
    """
    VALID, NOT_VALID with every reason that applies, UNKNOWN (no node answered) or STALE (the newest block is too old).

    Of the last two, `reasons` is empty and `voucher` is null: nothing is claimed about the voucher.
    """

    status: Literal["VALID", "NOT_VALID", "UNKNOWN", "STALE"]
    reasons: list[Reason]
    voucher: VoucherSeen | None
    block: BlockSeen


class Facts(Shape):
    """
    The hotline's three facts, each for itself. `status` is UNKNOWN or STALE where nothing can be said; then all three are null.

    A project is known by an order on this voucher. One is NOT_REGISTERED as long as nothing was ordered on it.
    """

    status: Literal["ANSWERED", "UNKNOWN", "STALE"]
    enterprise: bool | None
    serial: bool | None
    project: Literal["TRUE", "FALSE", "NOT_REGISTERED"] | None
    block: BlockSeen


class Prepared(Shape):
    """A record to check and sign: its id and its EIP-712 document. `salt` belongs to the report's hash and is kept by the lab."""

    id: Id32
    typed_data: dict[str, Any]
    salt: Id32 | None = None


class Event(Shape):
    """One event of a history or of the trail."""

    position: str
    block: int
    time: int
    transaction: Id32
    contract: str
    name: str
    values: dict[str, Any]


class OrderSeen(Shape):
    """An order and where it stands."""

    order_id: Id32
    voucher_id: Id32
    programme: str
    issuing_region: int
    lab: Id32
    lab_region: int
    stage: str
    attempt: int
    amount: Amount
    deadline: int
    subsidy: Amount | None
    cost: Amount | None
    paid_to: Literal["LAB", "FIRM"]
    history: list[Event]
    block: BlockSeen


class OrderPage(Shape):
    """The caller's own orders, in the order of reservation."""

    orders: list[OrderSeen]


class VoucherHistory(Shape):
    """A voucher and all that happened to it."""

    voucher: VoucherSeen
    history: list[Event]
    block: BlockSeen


class ProgrammeSeen(Shape):
    """A programme and its pool."""

    programme_id: Id32
    code: str
    region: int
    payer: int
    policy_hash: Id32
    funded: Amount
    committed: Amount
    paid: Amount
    block: BlockSeen


class TrailPage(Shape):
    """Events in the chain's order. `next` continues after the last of them, and is told even when there is nothing more yet."""

    events: list[Event]
    next: str | None


class LookupSeen(Shape):
    """
    A look-up: when (Unix time in milliseconds), what was asked and answered, and who asked: a party of a region.

    `voucher_id` is null where no voucher was found. `caller` and `lab` are told to officers and auditors only.
    """

    number: int
    milliseconds: int
    what: Literal["quote", "verification", "facts", "order", "history"]
    answer: str
    party: str
    region: int
    voucher_id: Id32 | None
    caller: str | None
    lab: Id32 | None


class LookupHead(Shape):
    """The log's last row. Who keeps it can prove later that nothing up to it was changed."""

    number: int
    hash: Id32


class LookupPage(Shape):
    """Look-ups, the newest first. `next`, if there may be more, is what to give as `before`."""

    lookups: list[LookupSeen]
    next: int | None
    head: LookupHead | None


class Written(Shape):
    """A write that took effect, in a final block."""

    transaction: Id32
    block: int


class Opened(Written):
    """A programme that is fixed for ever."""

    programme_id: Id32
    policy_hash: Id32


class Subject(Written):
    """A firm or lab that was entered."""

    id: Id32


class OrderWritten(Written):
    """What became of one order."""

    order_id: Id32
    stage: str


class Reviewed(Written):
    """What became of several orders, in the order asked."""

    orders: list[OrderWritten]


class Operation(Shape):
    """
    A write that was answered 202, and what became of it.

    `pending`: it goes on. `succeeded` and `refused`: `status` and `answer` are what the request would have been answered with.
    `interrupted`: nothing goes on here (a restart, a silent node) and no answer was kept; repeat the request with the same
    Idempotency-Key, which never does it twice. `transaction` is told as soon as there is one.
    """

    operation_id: str
    state: Literal["pending", "succeeded", "refused", "interrupted"]
    transaction: str | None
    status: int | None
    answer: dict[str, Any] | None


class BadRow(Shape):
    """A row that cannot be issued: its line in the file, counted from 1, and why."""

    line: int
    code: str
    message: str


class ListChecked(Shape):
    """What a dry run found; nothing was issued."""

    rows: int
    bad: list[BadRow]


class IssuedVoucher(Shape):
    """A voucher by its line in the list."""

    line: int
    voucher_id: Id32


class Issued(Written):
    """What a list issued."""

    vouchers: list[IssuedVoucher]
