"""Orders, redemptions, releases, and what officers do with them."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from gateway.schemas.basis import Amount, BlockSeen, Event, Id32, Money, Next, Seconds, Shape, Signature, Text, Written
from gateway.schemas.lookups import AgreementNamed, InvoiceNamed, Reason, ReasonTold, VoucherNamed

StageName = Literal["REQUESTED", "OPEN", "REDEEMED", "ENDORSED", "ACCEPTED", "SETTLED", "REVERSED", "REFUNDED", "RELEASED"]
ValidSeconds = Annotated[int, Field(strict=True, ge=60, le=30 * 86_400, description="How long the signatures are to be good, in seconds.")]
DEEPEST = 16
"""How deeply a document may be nested; those of this gateway are nested less than half so deeply."""


def _shallow(document: dict[str, Any]) -> dict[str, Any]:
    """Whatever else is wrong with it is told of the document itself; but what is nested very deeply cannot even be written down again."""
    level: list[Any] = [document]
    for _ in range(DEEPEST):
        level = [each for one in level for each in (one.values() if isinstance(one, dict) else one if isinstance(one, list) else ())]
    if level:
        raise ValueError(f"文件最多嵌套 {DEEPEST} 层。 A document is nested at most {DEEPEST} times.")
    return document


TypedData = Annotated[dict[str, Any], AfterValidator(_shallow), Field(description="An EIP-712 document, as `prepare` answered it.")]


class OrderFacts(Shape):
    """
    The plain facts of an order. A lab orders at itself, and a firm with its own voucher.

    `lead` names, by a voucher of its own, the firm whose project it is, where several firms share one (联合券).
    """

    voucher: VoucherNamed
    lab: Id32 | None = None
    item: Text | None = None
    project: Text
    lead: VoucherNamed | None = None
    amount: Money
    valid_seconds: ValidSeconds = 86_400


class RedemptionFacts(Shape):
    """The plain facts of a redemption. Without `subsidy` the most that the rule allows is asked for."""

    order: Id32
    cost: Money
    subsidy: Money | None = None
    agreement: AgreementNamed
    invoice: InvoiceNamed
    invoice_amount: Money
    report_sha256: Annotated[str, Field(strict=True, pattern="^[0-9a-f]{64}$")]
    valid_seconds: ValidSeconds = 86_400


class ReleaseFacts(Shape):
    """Which order is to be given up."""

    order: Id32
    valid_seconds: ValidSeconds = 86_400


class Prepared(Shape):
    """
    A record to check and sign: its id and its EIP-712 document. `salt` belongs to the report's hash and is kept by the lab.

    `block` is as of which block it was prepared: what can be reserved or asked for may have changed since.
    """

    id: Id32
    typed_data: TypedData
    salt: Id32 | None = None
    block: BlockSeen


class OrderPrepared(Prepared):
    """An order to check and sign. `reasons` say why it would be refused as of `block`; it may be signed all the same."""

    reasons: list[ReasonTold]


class RedemptionPrepared(Prepared):
    """
    A redemption to check and sign. `reasons` holds the contracts' first reason to refuse it as of `block`, or nothing.

    It may be signed all the same. A firm is not told what others claimed, on an invoice or under an agreement.
    """

    reasons: list[ReasonTold]


class Signed(Shape):
    """A document as this gateway answered it, with both parties' compact signatures (EIP-2098)."""

    typed_data: TypedData
    firm_signature: Signature
    lab_signature: Signature


class SignedRelease(Shape):
    """A release that the lab signed; the firm as well, where a joint voucher's partnership was reached."""

    typed_data: TypedData
    firm_signature: Signature | None = None
    lab_signature: Signature


class SignedByPaid(Shape):
    """A redemption that the party to be paid signed, and why a reviewer signs in place of the other."""

    typed_data: TypedData
    signature: Signature
    reason: Text


class Submissions(Shape):
    """Signed orders, redemptions and releases, each on its own: one that is refused stops nothing else."""

    documents: Annotated[list[SignedRelease], Field(min_length=1, max_length=100)]


class MoveFacts(Shape):
    """At which other lab, on which of its items perhaps, an order is to go on."""

    lab: Id32
    item: Text | None = None
    valid_seconds: ValidSeconds = 86_400


class MovePrepared(Shape):
    """
    What moves an order: its release, and a new order of the same voucher, project and amount.

    The lab that it leaves signs the release; the firm and the other lab sign the order.
    """

    release: Prepared
    order: Prepared
    block: BlockSeen


class MoveSigned(Shape):
    """Both as they were prepared and signed. Without a release a reviewer releases, where the contracts let one."""

    release: SignedRelease | None = None
    order: Signed


class Orders(Shape):
    """Orders to review, all or none."""

    orders: Annotated[list[Id32], Field(min_length=1, max_length=100)]


class Settlement(Orders):
    """Orders that one payment paid, all or none."""

    payment_reference: Text


class Extension(Shape):
    """The last second of an open order's new deadline, at most 90 days from now."""

    until: Seconds


class Reversal(Shape):
    """How much of a settled subsidy is owed back, and why. The words stay at this gateway; a salted hash goes to the chain."""

    recover: Money
    reason: Text


class OrderBrief(Shape):
    """
    Where an order stands. `firm` is the firm's id in the directory, by which it can be flagged.

    `warnings` is what a reviewer must see before he accepts and no contract refuses: `EpochsMixed`, tags of two epochs of the
    consortium's key, which nothing compares. Of one order, a reviewer of either region and an auditor also see what its evidence looks
    like: `FileAgain`, `InvoiceNear`, `ContractElsewhere`, `BundleDiffers`; `NotStated` or `EvidenceNotHere`, where none of that was looked
    for.
    """

    order_id: Id32
    voucher_id: Id32
    programme: str
    issuing_region: int
    firm: Id32
    lab: Id32
    lab_region: int
    item: Id32 | None
    stage: StageName
    attempt: int
    amount: Amount
    deadline: int
    subsidy: Amount | None
    cost: Amount | None
    paid_to: Literal["LAB", "FIRM"]
    warnings: list[Reason]


class BodyNamed(Shape):
    """An account, and the body that it is of (初审机构, 终审机构)."""

    account: str
    body: str


class OrderSeen(OrderBrief):
    """
    An order and how it came where it stands.

    `bodies` names the bodies behind accounts of the history, as far as this gateway was told of them.
    """

    history: list[Event]
    bodies: list[BodyNamed]
    block: BlockSeen


class OrderPage(Shape):
    """Orders in the order of reservation."""

    orders: list[OrderBrief]
    next: Next
    block: BlockSeen


class LeavingOrder(OrderBrief):
    """
    An order that is not finished, at a lab that is leaving or stopped: where the lab stands, and whether the order can be moved.

    `not_movable` is null where it can: until the voucher's use-by, as long as nothing was redeemed on it.
    """

    standing: Literal["ACTIVE", "SUSPENDED", "EXITED", "FROZEN"]
    flagged_until: int | None
    use_by: int
    not_movable: ReasonTold | None


class LeavingPage(Shape):
    """Such orders in the order of reservation."""

    orders: list[LeavingOrder]
    next: Next
    block: BlockSeen


class OrderWritten(Written):
    """What became of one order."""

    order_id: Id32
    stage: StageName


class Reviewed(Written):
    """What became of several orders, in the order asked."""

    orders: list[OrderWritten]


class Refusal(Shape):
    """Why one document of many was refused, as a problem says it; nothing came of it. `detail` is for people."""

    code: str
    values: dict[str, Any]
    detail: str


class Outcome(Shape):
    """What became of one document, by its place: its order and the stage that it reached, or why it was refused."""

    index: int
    order_id: Id32 | None
    stage: StageName | None
    refused: Refusal | None


class Submitted(Shape):
    """What became of each document. `transaction` is null where none of them was worth sending."""

    outcomes: list[Outcome]
    transaction: Id32 | None
    block: int | None
