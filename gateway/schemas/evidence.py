"""Evidence that redemptions are handed in with (兑付材料): documents, what they state, checklists, samples and originals."""

from typing import Annotated, Literal

from pydantic import Field

from gateway.schemas.agents import Sha256
from gateway.schemas.basis import BlockSeen, Id32, LogHead, Money, Seconds, Shape, Text
from gateway.schemas.eligibility import FindingSeen, Verdict
from gateway.schemas.lookups import InvoiceNamed, Reason
from gateway.schemas.orders import StageName

MediaType = Literal[
    "application/pdf",
    "image/png",
    "image/jpeg",
    "image/tiff",
    "application/ofd",
    "application/xml",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
]
PartyName = Literal["LAB", "AGENCY", "FIRM"]
Sha256InPath = Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="SHA-256 of the file.")]


class DocumentNamed(Shape):
    """A document by its kind, in the programme's own word (服务合同, 发票, 成果报告 …), and the hash of its file."""

    kind: Text
    sha256: Sha256


class ContractStated(Shape):
    """
    What a service contract says; null where it is not stated.

    `registered`: whether it is registered as a technical contract (技术合同登记); `registration`: its number there; `voucher_amount`: the
    voucher amount that its text names.
    """

    seller: Text
    number: Text
    registered: Annotated[bool | None, Field(strict=True)] = None
    registration: Text | None = None
    voucher_amount: Money | None = None


class InvoiceStated(InvoiceNamed):
    """An invoice with its amount, tax included."""

    amount: Money


class PaymentStated(Shape):
    """What a proof of payment says: how much was paid, for which invoice."""

    amount: Money
    invoice: InvoiceNamed


class BundleSeen(Shape):
    """All that is handed in for an order: documents, and what they state."""

    documents: Annotated[list[DocumentNamed], Field(min_length=1, max_length=60)]
    contract: ContractStated | None = None
    invoice: InvoiceStated | None = None
    payment: PaymentStated | None = None
    report_form: Text | None = None


class BundleStatement(BundleSeen):
    """
    The same as it is handed in.

    `salt` is what the redemption's result was hashed with, where another gateway prepared it: with it this one can tell whether the
    result on the chain is of this bundle.
    """

    salt: Id32 | None = None


class DocumentTaken(Shape):
    """A document that was taken, by its hash, as which it is named from now on; what it is goes by its content."""

    sha256: str
    bytes: int
    media_type: MediaType


class BundleTaken(Shape):
    """A bundle that counts from now on. Its hash may stand for the report's where a redemption is prepared: it covers every document."""

    order_id: Id32
    bundle_sha256: str


class DocumentSeen(DocumentTaken):
    """A document that was handed in, by which party and when."""

    at: int
    by: PartyName


class EvidenceSeen(Shape):
    """
    What was handed in for an order at this gateway. `bundle` is the one that counts, null where none was stated; of how many `statements`.

    `result`: whether the salted hash on the chain is that of a report of this bundle, or of the bundle. UNKNOWN without the salt, null
    before the redemption. `warnings`, as an order's, are for reviewers and auditors.
    """

    order_id: Id32
    stage: StageName
    bundle: BundleSeen | None
    bundle_sha256: str | None
    stated_at: int | None
    stated_by: PartyName | None
    statements: int
    documents: list[DocumentSeen]
    result: Literal["MATCHES", "DIFFERS", "UNKNOWN"] | None
    warnings: list[Reason]
    block: BlockSeen


class EvidenceQuestion(Shape):
    """
    Would the bundle satisfy a programme? Without either, the order's own.

    `file` is the programme's file (TOML), for a programme whose file this gateway has not; it must be the one whose hash is on the chain.
    """

    programme: Id32 | None = None
    file: Annotated[str, Field(strict=True, min_length=1, max_length=100_000)] | None = None


class CheckedSeen(FindingSeen):
    """One thing that a programme asks for, and of which document."""

    document: str


class EvidenceChecked(Shape):
    """What a bundle has, lacks and states wrongly for one programme. Whoever has the bundle and the file comes to the same."""

    order_id: Id32
    programme_id: Id32
    programme: str
    policy_hash: Id32
    bundle_sha256: str | None
    verdict: Verdict
    checked: list[CheckedSeen]
    block: BlockSeen


class SampleQuestion(Shape):
    """
    How to draw: of all orders that this region issued or hosts and for which money was asked in a period that is over.

    It is the first `size` of them by SHA-256(seed in UTF-8, a zero byte, the order's 32 bytes).
    """

    seed: Text
    size: Annotated[int, Field(strict=True, ge=1, le=1_000)]
    from_: Annotated[Seconds, Field(alias="from")]
    until: Seconds


class SampledOrder(Shape):
    """One order of a sample, and what this gateway has of it."""

    order_id: Id32
    stage: StageName
    bundle_sha256: str | None
    documents: int


class SampleSeen(Shape):
    """
    A sample, the same for whoever works it out from a node.

    `population` is of how many orders it was drawn, `population_sha256` the hash of their ids, sorted, one after the other. `head` is the
    last row of all that was handed in here.
    """

    orders: list[SampledOrder]
    population: int
    population_sha256: str
    head: LogHead
    block: BlockSeen


class OriginalsQuestion(Shape):
    """Of which orders the originals are wanted, in one archive."""

    orders: Annotated[list[Id32], Field(min_length=1, max_length=20)]
