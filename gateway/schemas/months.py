"""Months between two regions: statements, their closing, a payer's records held against them, and sub-districts."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from gateway.schemas.basis import Amount, BlockSeen, Id32, RegionCode, Shape, Text, Written
from gateway.schemas.orders import StageName

_SIX_DIGITS = re.compile("[1-9][0-9]{5}")
SIGNED_PATTERN = "^(0|-?[1-9][0-9]*)$"


def _whole(value: Any) -> int:
    if not isinstance(value, str) or not _SIX_DIGITS.fullmatch(value):
        raise ValueError("须为 6 位数字。 Six digits are asked for.")
    return int(value)


SignedAmount = Annotated[int, PlainSerializer(str, return_type=str), WithJsonSchema({"type": "string", "pattern": SIGNED_PATTERN})]
"""Money in an answer that may have been taken back: negative then."""
SixDigits = Annotated[int, Field(ge=100_000, le=999_999), BeforeValidator(_whole)]
"""A region's code in a path."""
MonthDigits = Annotated[int, Field(ge=200_001, le=999_912, description="Year × 100 + month, UTC+8."), BeforeValidator(_whole)]
"""A month in a path."""
_FORM_DIGITS = WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]{5}$"})
FormRegion = Annotated[SixDigits, _FORM_DIGITS]
FormMonth = Annotated[MonthDigits, _FORM_DIGITS]
IfEmpty = Literal["REFUSED", "NOTHING_PAID", "TAKEN_BACK"]
MonthNumber = Annotated[int, Field(strict=True, ge=200_001, le=999_912)]
MonthState = Literal["RUNNING", "UNNAMED", "NAMED", "DIFFERS", "CLOSED"]
EventName = Literal[
    "Reserved",
    "Approved",
    "Declined",
    "Released",
    "Redeemed",
    "Endorsed",
    "Accepted",
    "Rejected",
    "Settled",
    "Reversed",
    "Refunded",
]
ReasonName = Literal[
    "NotPaid",
    "NotSettled",
    "NotOnChain",
    "AmountDiffers",
    "PaidTwice",
    "WrongPayee",
    "ReferenceDiffers",
    "NotRefunded",
    "RefundNotOnChain",
    "Returned",
]


class MonthStatement(Shape):
    """The hash of what a month came to between two regions: `month` is year × 100 + month, UTC+8."""

    home: RegionCode
    host: RegionCode
    month: MonthNumber
    statement: Id32


class MonthSeen(Shape):
    """Both sides' statements of a month; null where a side has named none. Closed once they are the same."""

    home: int
    host: int
    month: int
    home_statement: Id32 | None
    host_statement: Id32 | None
    closed: bool


class MonthWritten(Written):
    """
    Whether naming this statement closed the month, and what both sides named so far; null where a side has named none.

    DIFFERS: the other side named another hash. Compare the two statements by order, and let the side that erred name its own again.
    """

    closed: bool
    state: MonthState
    home_statement: Id32 | None
    host_statement: Id32 | None


class MonthPage(Shape):
    """Months that a side has named a statement of."""

    months: list[MonthSeen]
    block: BlockSeen


class LineSeen(Shape):
    """One event of an order. `amount` is negative where it takes money back; `payment` is the hash of the payment's reference."""

    position: str
    time: int
    transaction: Id32
    event: EventName
    order_id: Id32
    voucher_id: Id32
    programme_id: Id32
    programme: str
    firm: Id32
    lab: Id32
    paid_to: Literal["LAB", "FIRM"]
    payer: int
    netted: bool
    amount: SignedAmount
    stage: StageName
    payment: Id32 | None


class EventSum(Shape):
    """The lines of one event, summed."""

    event: EventName
    count: int
    total: SignedAmount


class StageSum(Shape):
    """The pair's orders that stood at one stage when the month ended."""

    stage: StageName
    count: int
    total: Amount


class PayerSeen(Shape):
    """What one region's payer did. `paid` is settled with refunded; `owed` is how much of it the home region owes this one."""

    payer: int
    settled: SignedAmount
    reversed: SignedAmount
    refunded: SignedAmount
    paid: SignedAmount
    owed: SignedAmount


class StatementSeen(Shape):
    """
    A month's statement: what happened in it to orders for vouchers of `home` at labs of `host`.

    Its canonical form (keys sorted, no spaces, UTF-8) is what is hashed, with SHA-256.
    """

    format: str
    chain_id: int
    registry: str
    home: int
    host: int
    month: int
    from_: Annotated[int, Field(alias="from")]
    until: int
    lines: list[LineSeen]
    events: list[EventSum]
    stages: list[StageSum]
    payers: list[PayerSeen]


class NettingSeen(Shape):
    """What a pair's two directions come to: `debtor` pays `net` to `creditor`, both null where nothing is left."""

    first: int
    second: int
    first_owes: SignedAmount
    second_owes: SignedAmount
    debtor: int | None
    creditor: int | None
    net: Amount


class MonthAccount(Shape):
    """
    A month's statement with what both sides named.

    RUNNING: not over, so there is no hash yet. UNNAMED: neither side named a statement. NAMED: one did. DIFFERS: both did, not the same.
    CLOSED: both the same. A side `agrees` if it named the very hash that stands here; null where it named none.
    """

    home: int
    host: int
    month: int
    state: MonthState
    over: bool
    hash: Id32 | None
    home_statement: Id32 | None
    host_statement: Id32 | None
    home_agrees: bool | None
    host_agrees: bool | None
    netting: NettingSeen
    statement: StatementSeen
    block: BlockSeen


class RecordsSeen(Shape):
    """
    One month's payment records as they count: the file's SHA-256, its rows, when it was handed in, and by whom.

    Without rows (null) the month's records were taken back, and none count.
    """

    month: int
    sha256: str
    rows: int | None
    at: int
    by: str


class RecordsTaken(Shape):
    """What was put on record, and how many breaks stand with it when the month ends."""

    sha256: str
    rows: int
    breaks: int


class ExplanationSeen(Shape):
    """Why a break is as it is, in an officer's words, and in which month."""

    month: int
    text: str
    at: int
    by: str


class BreakSeen(Shape):
    """
    One disagreement on one order. `due` is what the chain says was paid less what came back, `paid` what the records say.

    It keeps its id from `opened` on until the month that `resolved` it; null while it stands. `carried`: it is of an earlier month.
    """

    break_id: Id32
    order_id: Id32
    reason: ReasonName
    opened: int
    carried: bool
    resolved: int | None
    due: SignedAmount
    paid: SignedAmount
    references: list[str]
    explanation: ExplanationSeen | None


class BreakPage(Shape):
    """
    The breaks of a month, by order: those that stand when it ends, and those that it resolved.

    `records` are the files that this region's payer handed in for the pair, by month; nothing is compared before the first that counts.
    """

    breaks: list[BreakSeen]
    records: list[RecordsSeen]
    block: BlockSeen


class BreakExplanation(Shape):
    """Why a break is as it is. It ends the break as long as its sums stay what they are."""

    home: RegionCode
    host: RegionCode
    month: MonthNumber
    break_id: Id32
    text: Text


class SubDistrictSeen(Shape):
    """What a month came to for one sub-district (乡镇、街道、园区); null for firms that the catalogue does not place."""

    sub_district: str | None
    orders: int
    events: list[EventSum]


class SubDistrictPage(Shape):
    """A month by sub-district, under the catalogue that counts: its SHA-256, and when it was handed in."""

    sub_districts: list[SubDistrictSeen]
    catalogue_sha256: str
    catalogue_at: int
    block: BlockSeen


class CatalogueTaken(Shape):
    """A catalogue of sub-districts that counts from now on."""

    sha256: str
    rows: int
