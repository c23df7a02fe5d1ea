"""What an older ledger (存量台账) is carried over by: its list, its totals, its vouchers, and claims that were in flight."""

from typing import Annotated, Literal

from pydantic import Field

from gateway.schemas.basis import Amount, BlockSeen, Id32, Next, Shape
from gateway.schemas.lookups import CarriedNotes, Notes
from gateway.schemas.orders import OrderFacts, Prepared, RedemptionFacts, StageName, ValidSeconds
from gateway.schemas.vouchers import BadRow

Awaited = Literal["FIRM", "LAB", "REVIEWER", "PAYER"]


class OpeningTotals(Shape):
    """What a ledger comes to (控制总数): for all its vouchers, `face` is what was used, is in flight, lapsed and remains."""

    vouchers: int
    face: Amount
    used: Amount
    in_flight: Amount
    lapsed: Amount
    remaining: Amount
    claims: int
    claimed: Amount
    paid_invoices: int
    paid: Amount


class BadLedgerRow(BadRow):
    """A bad row of a ledger, with its firm and serial as they stand there: empty where they do, as in a row of what was paid."""

    firm: str
    serial: str


class OpeningChecked(Shape):
    """
    What a dry run found; nothing was issued.

    `totals` is what the list's good rows come to, `stated` what the programme's file says, and `differing` where the two are not the
    same, `list_sha256` among it. The list can be issued if there is neither a bad row nor a difference.
    """

    list_sha256: str
    rows: int
    bad: list[BadLedgerRow]
    totals: OpeningTotals
    stated: OpeningTotals
    differing: list[str]
    block: BlockSeen


class OpeningStep(Shape):
    """
    How many vouchers this step issued, and how many are left: ask again until none is.

    `repeated` says that nothing was left to be issued.
    """

    programme_id: Id32
    list_sha256: str
    issued_vouchers: int
    left: int
    repeated: bool
    block: BlockSeen


class OpeningSeen(Shape):
    """
    What a programme carried over, and what of it is on the chain. `list_here` says whether this gateway has the list.

    `agrees` says that the vouchers issued come to the ledger's own totals, to the fen: what remained, and what was in flight. An auditor
    finds the same from the programme's file and the chain alone.
    """

    programme_id: Id32
    code: str
    scheme: str
    cut_over: str
    list_sha256: str
    list_here: bool
    totals: OpeningTotals
    issued_vouchers: int
    issued_face: Amount
    agrees: bool
    block: BlockSeen


class CarriedVoucher(CarriedNotes):
    """A voucher that was carried over: its line in the list, and what it is on the chain."""

    line: int
    serial: str
    voucher_id: Id32
    remaining: Amount


class CarriedPage(Shape):
    """Vouchers in the order of the list."""

    vouchers: list[CarriedVoucher]
    next: Next
    block: BlockSeen


class ClaimSeen(Shape):
    """
    A claim that was in flight, by its line in the list, and whom it waits for.

    Without an order FIRM and LAB are to sign order and redemption, at the stage OPEN the redemption. `serial` is the one of the
    voucher that was issued for it, `notes` the numbers printed on the notes that it needs.
    """

    line: int
    serial: str
    voucher_id: Id32
    firm: Id32
    lab: Id32
    notes: list[Notes]
    cost: Amount
    subsidy: Amount
    order_id: Id32 | None
    stage: StageName | None
    awaits: list[Awaited]


class ClaimPage(Shape):
    """Claims in the order of the list."""

    claims: list[ClaimSeen]
    next: Next
    block: BlockSeen


class ClaimPreparing(Shape):
    """Which claim is to be signed, by the voucher that was issued for it, and the SHA-256 of its result's report."""

    voucher_id: Id32
    report_sha256: Annotated[str, Field(strict=True, pattern="^[0-9a-f]{64}$")]
    valid_seconds: ValidSeconds = 86_400


class ClaimPrepared(Shape):
    """
    A claim's order and redemption, each with the facts that it was made of; firm and lab check and sign both in one sitting.

    The order is null where there is one already: then only the redemption is to be signed.
    """

    order_facts: OrderFacts
    order: Prepared | None
    redemption_facts: RedemptionFacts
    redemption: Prepared
    block: BlockSeen
