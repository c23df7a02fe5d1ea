"""Payment batches, payees' accounts and budget lines of a region's payer."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from gateway.schemas.basis import Amount, BlockSeen, Id32, LogHead, Money, Shape, Text
from gateway.schemas.orders import StageName

_LEAP_YEARS = "20([02468][048]|[13579][26])"
_LONG, _SHORT = "(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])", "(0[469]|11)-(0[1-9]|[12][0-9]|30)"
DAY_PATTERN = f"^(20[0-9]{{2}}-({_LONG}|{_SHORT}|02-(0[1-9]|1[0-9]|2[0-8]))|{_LEAP_YEARS}-02-29)$"
_DAY = re.compile(DAY_PATTERN.strip("^$"))
_BATCH = re.compile("[1-9][0-9]{0,6}")


def _day(value: Any) -> str:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError('日期形如 "2026-12-25"。 A day is written like "2026-12-25".')
    return value


def _number(value: Any) -> int:
    if not isinstance(value, str) or not _BATCH.fullmatch(value):
        raise ValueError("须为批次编号。 A batch's number is asked for.")
    return int(value)


Day = Annotated[str, BeforeValidator(_day), WithJsonSchema({"type": "string", "pattern": DAY_PATTERN})]
"""A day of this century, UTC+8."""
BatchInPath = Annotated[int, Field(ge=1, le=9_999_999, description="A batch's number."), BeforeValidator(_number)]
Year = Annotated[int, Field(strict=True, ge=2000, le=2099)]
LineCode = Annotated[str, Field(strict=True, pattern="^[0-9A-Za-z][0-9A-Za-z._-]{0,39}$")]
AccountNumber = Annotated[str, Field(strict=True, pattern="^[0-9A-Za-z][0-9A-Za-z-]{3,39}$")]
MOST_ORDERS = 1_000

PaidToName = Literal["LAB", "FIRM"]
BatchStageName = Literal["DRAWN", "NOTICED", "SIGNED", "NUMBERED", "AT_BANK", "RETURNED", "PAID", "WITHDRAWN"]
RowStateName = Literal["LISTED", "AT_BANK", "PAID", "RETURNED", "RESENT"]
CauseName = Literal["Objection", "Withdrawn", "NotPaid", "NotAccepted", "SettledElsewhere", "FirmFlagged", "LabFlagged", "LabFrozen"]


# Budget lines


class BudgetLineNamed(Shape):
    """A programme's budget line (预算科目) of a year, by its code in the budget."""

    programme: Id32
    year: Year
    line: LineCode


class BudgetLineSetting(BudgetLineNamed):
    """Its amount, and its cut-off day (年终结账日): the last day on which it pays, UTC+8."""

    amount: Money
    cut_off: Day


class UnpaidSeen(Shape):
    """An order that no bank was told to pay, and the batch that it stands in, if any."""

    order_id: Id32
    amount: Amount
    batch: int | None


class BudgetLineSeen(Shape):
    """
    A budget line. `used` is what stands in its batches, `paid` what of it is paid and did not come back, `left` what is not used.

    `carried_over` is what was not paid by the cut-off day, for the next year's line: the orders of its batches that no bank was told
    of, and those of the programme that wait in no batch. Null as long as the line is open.
    """

    programme: Id32
    year: int
    line: str
    amount: Amount
    cut_off: str
    closed: bool
    used: Amount
    paid: Amount
    left: Amount
    carried_over_total: Amount | None
    carried_over: list[UnpaidSeen] | None


class BudgetLinePage(Shape):
    """All budget lines."""

    lines: list[BudgetLineSeen]
    block: BlockSeen


# Payees' accounts


class AccountProposal(Shape):
    """The account (收款账户) of a payee: a firm, or the host unit of labs, by its company code."""

    payee: Text
    bank_name: Text
    account_name: Text
    account_number: AccountNumber


class AccountNamed(Shape):
    """A version of a payee's account, as the officer read it."""

    payee: Text
    version: Annotated[int, Field(strict=True, ge=1, lt=1_000_000)]


class AccountWritten(Shape):
    """What was put on record of a payee's account; the account itself is not repeated."""

    payee: str
    version: int
    confirmed: bool


class AccountSeen(Shape):
    """One version of a payee's account. It counts from its confirmation by a second officer until a later one is confirmed."""

    payee: str
    version: int
    bank_name: str
    account_name: str
    account_number: str
    proposed_at: int
    proposed_by: str
    confirmed_at: int | None
    confirmed_by: str | None
    counts: bool


class AccountPage(Shape):
    """Every version of every payee's account, by payee."""

    accounts: list[AccountSeen]


# Batches


class BatchAsked(BudgetLineNamed):
    """A batch (兑付批次) to be drawn up within a budget line; without `orders`, all of the programme that wait."""

    orders: Annotated[list[Id32], Field(min_length=1, max_length=MOST_ORDERS)] | None = None


class NoticeAsked(Shape):
    """A public notice (公示), from `first_day` on for so many calendar days."""

    first_day: Day
    days: Annotated[int, Field(strict=True, ge=1, le=365)]


class TakingOut(Shape):
    """An order to be taken out of a batch, and why."""

    order: Id32
    reason: Text


class SignOff(Shape):
    """The hash of the list as the officer read it."""

    list_hash: Id32


class DocumentNumber(Shape):
    """A batch's document number (文号)."""

    document_number: Text


class PaymentMade(Shape):
    """An order, and the bank's reference (付款流水号) of its payment."""

    order: Id32
    payment_reference: Text


class PaymentsMade(Shape):
    """Payments that the bank made."""

    payments: Annotated[list[PaymentMade], Field(min_length=1, max_length=MOST_ORDERS)]


class ReturnMade(Shape):
    """A payment that the bank returned (退票): the reference of the return, and why."""

    order: Id32
    bank_reference: Text
    reason: Text


class ResendAsked(Shape):
    """Returned payments to be paid again."""

    orders: Annotated[list[Id32], Field(min_length=1, max_length=MOST_ORDERS)]


class WithdrawalOfBatch(Shape):
    """Why a batch is given up."""

    reason: Text


class ReturnSeen(Shape):
    """A payment that came back."""

    bank_reference: str
    reason: str
    at: int
    by: str


class BatchRowSeen(Shape):
    """
    An order of a batch. `payee` is the firm's or lab's id; `account_version` the version of the account that it is paid into.

    `has_account`: a confirmed account of the payee is on record. `references` are the bank's, the first one the settlement's; `stage` is
    the chain's.
    """

    order_id: Id32
    amount: Amount
    paid_to: PaidToName
    payee: Id32
    lab_code: str | None
    state: RowStateName
    has_account: bool
    account_version: int | None
    references: list[str]
    returns: list[ReturnSeen]
    stage: StageName


class OutSeen(Shape):
    """An order that left a batch, with the cause, and an officer's words where he took it out."""

    order_id: Id32
    amount: Amount
    cause: CauseName
    reason: str
    at: int
    by: str


class NoticeGiven(Shape):
    """From which day to which."""

    first_day: str
    last_day: str


class SignedOffSeen(Shape):
    """Which list was signed off, when, and by whom."""

    list_hash: Id32
    at: int
    by: str


class BankFileMadeSeen(Shape):
    """The bank file as it was made."""

    sha256: Id32
    count: int
    at: int
    by: str


class UnsettledSeen(Shape):
    """An order that the bank paid and the chain has not settled, and why, by a code."""

    order_id: Id32
    code: str


class BatchBrief(Shape):
    """A batch on a list, as its records have it."""

    batch: int
    stage: BatchStageName
    programme: Id32
    code: str
    year: int
    line: str
    document_number: str | None
    count: int
    total: Amount
    resend: list[Id32]


class BatchSeen(BatchBrief):
    """
    A batch. `list_hash` is the SHA-256 of its list as it stands, which `/document` tells.

    RETURNED: money came back and was not paid again; those orders are in `resend`. WITHDRAWN: no order is left in it. `unsettled` is
    what the bank paid and the chain has not settled.
    """

    drawn_at: int
    drawn_by: str
    list_hash: Id32
    notice: NoticeGiven | None
    signed: SignedOffSeen | None
    bank_file: BankFileMadeSeen | None
    orders: list[BatchRowSeen]
    out: list[OutSeen]
    unsettled: list[UnsettledSeen]
    block: BlockSeen


class BatchPage(Shape):
    """All batches, the newest first. `head` is the last record of the payment book (兑付记录), for auditors."""

    batches: list[BatchBrief]
    head: LogHead | None


class ListedSeen(Shape):
    """An order on a batch's list."""

    order_id: Id32
    redemption: Id32
    amount: Amount
    paid_to: PaidToName
    payee: Id32
    lab_code: str | None


class BatchListSeen(Shape):
    """A batch's list. Its canonical form (keys sorted, no spaces, UTF-8) is what is hashed, with SHA-256."""

    format: str
    chain_id: int
    registry: str
    payer: int
    batch: int
    programme_id: Id32
    programme: str
    year: int
    line: str
    count: int
    total: Amount
    orders: list[ListedSeen]


class NoticeRow(Shape):
    """An order on a notice: no company code, no person."""

    order_id: Id32
    amount: Amount
    paid_to: PaidToName
    payee: Id32
    lab_code: str | None


class NoticeSeen(Shape):
    """A public notice (公示)."""

    batch: int
    programme: str
    first_day: str
    last_day: str
    count: int
    total: Amount
    orders: list[NoticeRow]
    block: BlockSeen
