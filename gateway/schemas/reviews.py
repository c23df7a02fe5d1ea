"""What reviewers have to do, what they send back, and item by item what becomes of it."""

from typing import Annotated, Literal

from pydantic import Field

from gateway.schemas.agents import Sha256
from gateway.schemas.basis import BlockSeen, Id32, Next, Shape, Text
from gateway.schemas.evidence import BundleSeen, DocumentNamed
from gateway.schemas.orders import OrderBrief, StageName

Duty = Literal["APPROVAL", "FIRST_REVIEW", "REVIEW"]


class ReviewedBy(Shape):
    """Which account stood in or endorsed, and the body that it is of, null where none was named."""

    what: Literal["STOOD_IN", "ENDORSED"]
    account: str
    body: str | None


class WaitingOrder(OrderBrief):
    """
    An order that waits for a body: what for, since when, and how long by the newest block's time.

    `late_after` is when it has waited too long by the thresholds of the ageing report, `deadline` the order's own on the chain.
    `reviewed_by` is whoever stood in for a party or endorsed. `sent_back`: something of this attempt was sent back here, and no rejection
    followed yet.
    """

    waits_for: Duty
    since: int
    waited_seconds: int
    late_after: int
    late: bool
    reviewed_by: list[ReviewedBy]
    sent_back: bool


class WaitingPage(Shape):
    """What waits for the caller's body, null where none was named for its account, in the order of reservation."""

    account: str
    body: str | None
    orders: list[WaitingOrder]
    next: Next
    block: BlockSeen


class ItemNamed(Shape):
    """An item of the programme's checklist that has to be put right, in the programme's own word (发票, 服务合同 …), and why."""

    document: Text
    reason: Text


class CorrectionList(Shape):
    """
    All that has to be put right, at once. Without items an earlier list of the same body is taken back.

    `file` is the programme's file (TOML), where this gateway has it not; it must be the one whose hash is on the chain.
    """

    items: Annotated[list[ItemNamed], Field(max_length=60)]
    file: Annotated[str | None, Field(strict=True, min_length=1, max_length=100_000)] = None


class CorrectionListTaken(Shape):
    """What was put on record: of which attempt, and of the bundle with which hash. The order is sent back by `reject`."""

    order_id: Id32
    attempt: int
    bundle_sha256: str
    items: list[ItemNamed]


class CorrectionsSent(BundleSeen):
    """What is handed in anew of what was sent back: documents, and what they state. All else is carried over."""

    documents: Annotated[list[DocumentNamed], Field(max_length=60)]


class ListSeen(Shape):
    """
    One body's list. `counts` unless a later one of the same body stands in its place, or it names nothing.

    `account` signs for the body, null where it signs at another gateway and the caller's key does not name it. `rejected`: the attempt was
    sent back on the chain since.
    """

    attempt: int
    at: int
    region: int
    account: str | None
    body: str | None
    bundle_sha256: Sha256
    items: list[ItemNamed]
    counts: bool
    rejected: bool


class ReasonGiven(Shape):
    """Why an item was sent back, and by whom."""

    region: int
    body: str | None
    reason: str


class CorrectionSeen(Shape):
    """
    One item of this attempt: its files now and as they were sent back, by SHA-256.

    CARRIED_OVER: in order, and as it was. TO_SEND: sent back, and not handed in anew. SENT_AGAIN: sent back, and other than it was.
    REPLACED: nobody sent it back, and yet it is other than it was.
    """

    document: str
    state: Literal["CARRIED_OVER", "TO_SEND", "SENT_AGAIN", "REPLACED"]
    files: list[str]
    before: list[str]
    reasons: list[ReasonGiven]


class CorrectionsSeen(Shape):
    """
    What was sent back of an order, and item by item what became of it.

    `kept_here`: evidence was handed in at this gateway, so that lists are kept here. Where it was not, `kept_at` names the regions at whose
    gateways they are, if there are any, and nothing is told here. `checklist` is of this attempt, empty where nothing of the one before was
    named. `deadline` is the order's own on the chain: by it the next attempt has to come.
    """

    order_id: Id32
    stage: StageName
    attempt: int
    deadline: int
    kept_here: bool
    kept_at: list[int]
    lists: list[ListSeen]
    checklist: list[CorrectionSeen]
    block: BlockSeen
