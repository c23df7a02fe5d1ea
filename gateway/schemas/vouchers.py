"""Issuing from a list."""

from typing import Annotated

from pydantic import Field

from gateway.schemas.basis import BlockSeen, Id32, Money, Seconds, Shape, Text, Written
from gateway.schemas.eligibility import FindingSeen


class RecipientNamed(Shape):
    """Who gets a voucher: the firm's company code, and the serial printed on it."""

    firm: Text
    serial: Text


class IssueRequest(Shape):
    """What all vouchers of an issue share, and who gets one. Rows count from 1."""

    programme: Id32
    face: Money
    denomination: Money
    use_by: Seconds
    claim_by: Seconds
    recipients: Annotated[list[RecipientNamed], Field(min_length=1, max_length=500)]


class BadRow(Shape):
    """
    A row that cannot be taken: its line in the file, counted from 1, and why.

    `findings` are the rules of the programme's file that do not hold, where it is one of these that is against it.
    """

    line: int
    code: str
    message: str
    findings: tuple[FindingSeen, ...] = ()


class ListChecked(Shape):
    """What a dry run found; nothing was issued."""

    rows: int
    bad: list[BadRow]
    block: BlockSeen


class IssuedVoucher(Shape):
    """A voucher by its line in the list."""

    line: int
    voucher_id: Id32


class Issued(Written):
    """What a list issued. `repeated` says that it had been issued before, in the transaction named: nothing was issued now."""

    vouchers: list[IssuedVoucher]
    repeated: bool = False
