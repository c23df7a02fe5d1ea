"""Labs, items, firms, keys, recognition and flags."""

from typing import Annotated, Any, Literal

from pydantic import Field

from gateway.schemas.basis import AddressText, Amount, BlockSeen, Event, HexBytes, Id32, Next, Seconds, Shape, Text, Written
from gateway.schemas.orders import OrderBrief, StageName

StandingName = Literal["ACTIVE", "SUSPENDED", "EXITED", "FROZEN"]
LeavingCause = Literal["PERFORMANCE", "QUALIFICATION", "OWN_WISH", "FRAUD"]
GroundName = Literal["FALSE_STATEMENT", "FUNDS_OBTAINED", "SERVICE_LOWERED", "OTHER"]
Subjects = Annotated[list[Id32], Field(min_length=1, max_length=500)]


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


class LabRenewal(Shape):
    """Until when a lab is qualified, and the company code of who invoices for it."""

    seller: Text
    qualified_until: Seconds


class LabLeaving(Shape):
    """
    Why a lab leaves.

    For FRAUD it is frozen and flagged at once: nothing goes on. For any other cause it takes no new orders, and what it began runs to its
    end or is moved to another lab. The words stay at this gateway; of a fraud's a salted hash goes to the chain, with its ground.
    """

    cause: LeavingCause
    ground: GroundName = "OTHER"
    reason: Text


class ItemList(Shape):
    """Codes of instruments or service entries, as the lab gives them out."""

    codes: Annotated[list[Text], Field(min_length=1, max_length=200)]


class Recognition(Shape):
    """Labs and items at which this region's vouchers may be spent, from when until when."""

    subjects: Subjects
    from_: Annotated[Seconds, Field(alias="from")]
    until: Seconds


class Withdrawal(Shape):
    """Labs and items at which this region's vouchers may be spent no more."""

    subjects: Subjects


class Flagging(Shape):
    """Which firm or lab is stopped, and why. The words stay here; every gateway reads the ground, and nobody without the tag key."""

    subject: Id32
    ground: GroundName = "OTHER"
    reason: Text


class Seconding(Shape):
    """Why another region's flag is seconded. The words stay here; every gateway reads the ground, and nobody without the tag key."""

    ground: GroundName = "OTHER"
    reason: Text


class RotationProposal(Shape):
    """The key that the office proposes for a firm or lab of its region. It can take effect after three days without a veto."""

    subject: Id32
    signer: AddressText


class OwnSubject(Shape):
    """Which of the caller's own ids, where it is known under two (one for each epoch of tags); by default the newest."""

    subject: Id32 | None = None


class OwnRotation(OwnSubject):
    """The account that is to sign for the caller from now on."""

    signer: AddressText


class SubjectNamed(Shape):
    """A firm or lab."""

    subject: Id32


class SignedTransaction(Shape):
    """A transaction as this gateway prepared it, signed by the party itself: its raw bytes."""

    raw: HexBytes


class UnsignedTransaction(Shape):
    """What only the party itself may send, in the form that wallets sign; and as of which block it was prepared."""

    transaction: dict[str, Any]
    block: BlockSeen


class Subject(Written):
    """A firm or lab that was entered."""

    id: Id32


class ItemsListed(Written):
    """The ids of items in the order of their codes."""

    items: list[Id32]


class StandingWritten(Written):
    """A lab's standing from now on."""

    lab: Id32
    standing: StandingName


class LabLeft(StandingWritten):
    """
    A lab that left, how many of its orders are not finished, and until when it is flagged (of a fraud; null: until it is lifted).

    Those orders: `GET /v1/orders/leaving`.
    """

    cause: LeavingCause
    flagged: bool
    flagged_until: int | None
    open_orders: int


class RotationWritten(Written):
    """A key that is in place from now on, or was proposed and may take effect at `proposed_from`, or was vetoed."""

    subject: Id32
    signer: AddressText
    outcome: Literal["ROTATED", "PROPOSED", "VETOED"]
    proposed_from: int | None = None


class LabSeen(Shape):
    """
    A lab as its host region keeps it. `flagged_until` is null where no flag stands.

    `epoch` is that of its tags: a voucher is spent at the lab as it was admitted under the voucher's own.
    """

    lab: Id32
    region: int
    code: str
    standing: StandingName
    qualified_until: int
    flagged_until: int | None
    recognised_by: list[int]
    epoch: int


class Departure(Shape):
    """Why a lab left, as its host region's office put it on record."""

    cause: LeavingCause
    reason: str
    at: int
    by: str


class DeparturePage(Shape):
    """Why a lab left, each time that it did."""

    departures: list[Departure]
    block: BlockSeen


class LabOne(LabSeen):
    """One lab, and every event of it with its date."""

    history: list[Event]
    block: BlockSeen


class LabPage(Shape):
    """Labs in the order of admission."""

    labs: list[LabSeen]
    next: Next
    block: BlockSeen


class ItemSeen(Shape):
    """An item of a lab."""

    item: Id32
    lab: Id32
    code: str
    recognised_by: list[int]


class ItemPage(Shape):
    """A lab's items in the order of listing."""

    items: list[ItemSeen]
    next: Next
    block: BlockSeen


class RecognitionSeen(Shape):
    """From when until when a region's vouchers may be spent at a lab or on an item."""

    region: int
    subject: Id32
    kind: Literal["LAB", "ITEM"]
    from_: Annotated[int, Field(alias="from")]
    until: int
    in_force: bool


class RecognitionPage(Shape):
    """What a region recognises, or once did."""

    recognitions: list[RecognitionSeen]
    next: Next
    block: BlockSeen


class FirmSeen(Shape):
    """A firm as its home region keeps it. `flagged_until` is null where no flag stands; `epoch` is that of its tag."""

    firm: Id32
    region: int
    signer: AddressText
    flagged_until: int | None
    epoch: int


class FirmOne(FirmSeen):
    """One firm, as of a block."""

    block: BlockSeen


class FirmPage(Shape):
    """Firms in the order of enrolment."""

    firms: list[FirmSeen]
    next: Next
    block: BlockSeen


class KeySeen(Shape):
    """Who signs for a party, and the key that its office proposed, if any, with the second from which it may take effect."""

    subject: Id32
    kind: Literal["LAB", "FIRM"]
    region: int
    signer: AddressText
    proposed: AddressText | None
    proposed_from: int | None


class KeyOne(KeySeen):
    """One party's key, and every change of it."""

    history: list[Event]
    block: BlockSeen


class RotationPage(Shape):
    """Keys that offices proposed and nobody vetoed or completed yet."""

    rotations: list[KeySeen]
    block: BlockSeen


class FlagReason(Shape):
    """
    Which region gave a reason, when, its hash, and the ground that is in it (null: none, or under a tag key that is not held here).

    `text` and `salt` are told by the gateway that keeps them, to its own offices: the last 16 bytes of the hash are the first 16 of
    HMAC-SHA-256 of `text` in UTF-8 under `salt`.
    """

    region: int
    time: int
    hash: Id32
    ground: GroundName | None = None
    text: str | None
    salt: Id32 | None


class FlagSeen(Shape):
    """
    The latest flag on a firm or lab: by which region, since when, until when (null: until it is lifted), and who seconded it.

    STANDING stops the subject everywhere; LAPSED ended after 30 days without a second; LIFTED was taken back or lifted by motion.
    """

    subject: Id32
    kind: Literal["LAB", "FIRM"]
    region: int
    state: Literal["STANDING", "LAPSED", "LIFTED"]
    by: int
    since: int
    until: int | None
    seconder: int | None
    lifted: int | None
    reasons: list[FlagReason]


class FlagOne(FlagSeen):
    """One subject's latest flag, as of a block."""

    block: BlockSeen


class FlagPage(Shape):
    """Flags by subject, in the order in which each was first flagged."""

    flags: list[FlagSeen]
    next: Next
    block: BlockSeen


class CaseSum(Shape):
    """Orders of one pair of regions in one stage: how many, what they hold, and what was asked for in them."""

    issuing_region: int
    lab_region: int
    stage: StageName
    orders: int
    amount: Amount
    subsidy: Amount


class Related(Shape):
    """Another firm or lab that has something in common with the one that was flagged."""

    subject: Id32
    kind: Literal["LAB", "FIRM"]
    region: int
    shares: list[Literal["HOST_UNIT", "SELLER", "COMPANY", "SIGNER"]]
    flagged_until: int | None


class CaseFile(Shape):
    """
    What a flag touches (案卷): how it came, every order of the subject's by pair of regions and stage, and who has something in common.

    `orders` are those that the caller may see one by one, in pages; `sums` and `related` are whole on every page.
    """

    flag: FlagSeen
    history: list[Event]
    sums: list[CaseSum]
    related: list[Related]
    orders: list[OrderBrief]
    next: Next
    block: BlockSeen


class FlagWritten(Written):
    """A flag that was set, seconded or taken back; until when it stands (null: until it is lifted, or it stands no more)."""

    subject: Id32
    until: int | None
