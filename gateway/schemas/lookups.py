"""Quote, verification and the hotline's three facts."""

from typing import Annotated, Any, Literal

from pydantic import Field

from gateway.schemas.basis import Amount, BlockSeen, Event, Id32, Money, Next, RegionCode, Shape, Text


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
    # As much as the look-up log can hold, in which it stands: one row that cannot be written is written for nobody.
    amount: Annotated[Money, Field(le=2**63 - 1)] | None = None


class VerificationsRequest(Shape):
    """Up to 500 of the same question, answered as of one block."""

    verifications: Annotated[list[VerificationRequest], Field(min_length=1, max_length=500)]


class FactsRequest(Shape):
    """The hotline's question. `lead` names, by a voucher of its own, the firm whose project it is, where several firms share one."""

    voucher: VoucherNamed
    project: Text
    lead: VoucherNamed | None = None


class Reason(Shape):
    """Why not, by the contracts' own name and values."""

    code: str
    values: dict[str, Any]


class ReasonTold(Reason):
    """
    The same with its cause, and a sentence for people.

    One code may have several causes: a lab is not recognised because its unit is listed and this lab is not (`UNIT_LISTED_NOT_LAB`),
    because it is for its own region (`LOCAL_ONLY`), not yet (`NOT_YET`) or no longer (`NO_LONGER`). `values` then holds the dates as
    well. `cause` is null where the code says it all.
    """

    cause: str | None
    zh: str
    en: str


class Quoted(Shape):
    """
    What a cost would get: `amount` is what to reserve, `lapses` what of it is lost, `firm_pays` the rest of the cost.

    `reasons` say why the voucher takes no order now, at whichever lab: nothing of it is free, or it is past its use-by.
    """

    voucher_id: Id32
    subsidy: Amount
    amount: Amount
    lapses: Amount
    firm_pays: Amount
    reasons: list[ReasonTold]
    block: BlockSeen


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


class VoucherPage(Shape):
    """Vouchers in the order of issue."""

    vouchers: list[VoucherSeen]
    next: Next
    block: BlockSeen


class CarriedNotes(Shape):
    """
    A voucher as an older ledger (存量台账) has it: its whole face there, and what of it was used and in flight.

    Notes go by the numbers that are printed on them: used before, used up since, and free. Divisible money has none.
    """

    face: Amount
    used: Amount
    in_flight: Amount
    used_notes: list[Notes]
    taken_notes: list[Notes]
    free_notes: list[Notes]


class VoucherHistory(Shape):
    """
    A voucher and all that happened to it.

    `on_ledger` is told of one carried over from an older ledger, at the gateway of the region that did so; else it is null.
    """

    voucher: VoucherSeen
    on_ledger: CarriedNotes | None
    history: list[Event]
    block: BlockSeen


Doubt = Literal["UNKNOWN", "STALE"]
"""No node answered, or its newest block is too old."""


class Verification(Shape):
    """
    VALID, NOT_VALID with every reason that applies, UNKNOWN (no node answered) or STALE (the newest block is too old).

    Of the last two, `reasons` is empty and `voucher` is null: nothing is claimed about the voucher. UNKNOWN is also what a gateway
    answers that found none and lacks a tag key under which vouchers were issued. By `query_number` (查询编号) this answer can be looked up
    again, read out over the telephone: `GET /v1/lookups/{number}`.
    """

    query_number: str
    status: Literal["VALID", "NOT_VALID", "UNKNOWN", "STALE"]
    reasons: list[ReasonTold]
    voucher: VoucherSeen | None
    block: BlockSeen


class VerificationOfMany(Verification):
    """
    One of many. `refused` says why this one was not answered, by the code and values with which it would have been refused by itself.

    Then `status` is UNKNOWN: nothing is claimed about the voucher. But for a code that can be nobody's (CodeRefused), whatever the node
    says: NOT_VALID, with that as its reason, and `refused` is null.
    """

    refused: Reason | None


class Verifications(Shape):
    """The answers in the order asked, all as of one block."""

    verifications: list[VerificationOfMany]
    block: BlockSeen


class ThreeFacts(Shape):
    """
    The hotline's three facts, each for itself. `status` is UNKNOWN or STALE where nothing can be said; then all three are null.

    A project is known by an order on this voucher. One is NOT_REGISTERED as long as nothing was ordered on it.
    """

    status: Literal["ANSWERED", "UNKNOWN", "STALE"]
    enterprise: bool | None
    serial: bool | None
    project: Literal["TRUE", "FALSE", "NOT_REGISTERED"] | None
    block: BlockSeen
