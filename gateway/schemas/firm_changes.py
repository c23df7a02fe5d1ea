"""Firms that changed (企业变更): renamed, merged, struck off, moved; and what becomes of what they left."""

from typing import Annotated, Literal

from pydantic import Field

from gateway.schemas.basis import AddressText, Amount, BlockSeen, Id32, LogHead, RegionCode, Seconds, Shape, Text
from gateway.schemas.directory import KeySeen
from gateway.schemas.eligibility import FirmFactsOnRecord
from gateway.schemas.orders import OrderBrief

ChangeName = Literal["RENAMED", "MERGED", "STRUCK_OFF", "MOVED"]
ChangeOnRecordName = Literal["RENAMED", "MERGED", "STRUCK_OFF", "MOVED", "WITHDRAWN"]


class _Changed(Shape):
    """Which firm, by its company code, and the first second of the day on which it took effect."""

    firm: Text
    on: Seconds


class FirmRenamed(_Changed):
    """A firm bears another name (更名). Its company code stays, so nothing changes on the chain."""

    name: Text


class FirmMerged(_Changed):
    """
    A firm was absorbed by another one (合并).

    `signer` is the account that signs for what the firm began: by default the successor's, if this region enrolled it.
    """

    successor: Text
    signer: AddressText | None = None


class FirmStruckOff(_Changed):
    """
    A firm was struck off (注销、吊销).

    `signer` is the liquidators' account (清算组), if there are any: otherwise nobody signs for the firm any more. `stop` flags it
    besides, which stops everything everywhere at once, what is under way too. The reason stays here; of a flag a salted hash goes to
    the chain.
    """

    reason: Text
    signer: AddressText | None = None
    stop: Annotated[bool, Field(strict=True)] = False


class FirmMoved(_Changed):
    """A firm moved to another region (迁出), which enrols it as its own."""

    region: RegionCode


class FirmChangeWithdrawn(Shape):
    """What was put on record of a firm last was not so, or is over. Proposed keys and flags are taken back by their own verbs."""

    firm: Text
    reason: Text


class BecomesSeen(Shape):
    """What becomes of it, as a code and in words."""

    code: str
    zh: str
    en: str


class VoucherAffair(Shape):
    """A voucher that is not used up, and what becomes of it; null as long as nothing happened to its firm."""

    voucher_id: Id32
    programme_id: Id32
    programme: str
    available: Amount
    reserved: Amount
    use_by: int
    claim_by: int
    becomes: BecomesSeen | None


class OrderAffair(OrderBrief):
    """An order that is not finished, since when it is reserved, and what becomes of it; null as long as nothing happened to its firm."""

    since: int
    becomes: BecomesSeen | None


class FirmAffairs(Shape):
    """
    What a firm has open (未了事项). An officer of a region that hosts some of its orders sees those, and no vouchers.

    `change` is what it is told for: what is on record here, or what was asked about.
    """

    firm: Id32
    region: int
    change: ChangeName | None
    key: KeySeen | None
    flagged_until: int | None
    vouchers: list[VoucherAffair]
    orders: list[OrderAffair]
    block: BlockSeen


class FirmChangeSeen(Shape):
    """A change as it is on record: when it took effect, when it was recorded and by whom, and what stood open then."""

    number: int
    kind: ChangeOnRecordName
    on: int
    at: int
    by: str
    name: str | None
    successor: str | None
    region: int | None
    signer: str | None
    reason: str | None
    unusable: list[Id32]
    vouchers: list[Id32]
    orders: list[Id32]


class FirmChangeWritten(Shape):
    """
    A change that was put on record, and what follows from it.

    `affairs` has one entry for each id under which the directory knows the firm, with the key that was proposed for it: that takes effect
    by `POST /v1/rotations/complete` after three days without a veto. `tell` names the regions whose labs have open orders of the firm:
    their officers see these under the firm's ids. `facts` are what is on record of a firm that moved, to be handed to its new region.
    """

    change: FirmChangeSeen
    affairs: list[FirmAffairs]
    tell: list[int]
    facts: FirmFactsOnRecord | None


class FirmChangeHistory(Shape):
    """Everything that happened to a firm, in order, and the name on record. `head`, of all changes here, is for auditors."""

    name: str | None
    changes: list[FirmChangeSeen]
    head: LogHead | None
