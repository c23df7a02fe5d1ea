"""What an office has established of firms, and what a programme's file says to it."""

from typing import Annotated, Literal

from pydantic import Field

from gateway.schemas.basis import BlockSeen, Id32, LogHead, Money, Next, Seconds, Shape, Text

Verdict = Literal["HOLDS", "FAILS", "MISSING"]
# A pattern of names alone would leave what any other name stands for open.
_Marks = Annotated[dict[Text, Seconds | None], Field(max_length=50, json_schema_extra={"additionalProperties": False})]


class FindingSeen(Shape):
    """One rule of the programme's file, the fact that it was judged by (null where none was stated), the verdict, and why."""

    rule: str
    fact: str | None
    verdict: Verdict
    zh: str
    en: str


class FirmFacts(Shape):
    """
    What is known of a firm or team; null where nobody has established it.

    `marks` are its certificates and categories with the last second that each is good for, null where it does not end; one that is not
    named is not held.
    """

    who: Literal["FIRM", "TEAM"]
    registered_here: Annotated[bool | None, Field(strict=True)] = None
    staff: Annotated[int | None, Field(strict=True, ge=0, lt=2**31)] = None
    revenue: Money | None = None
    capital: Money | None = None
    marks: _Marks | None = None
    reviewed: Annotated[bool | None, Field(strict=True)] = None


class FirmFactsNamed(FirmFacts):
    """The same with the firm's company code."""

    firm: Text


class FirmFactsStatement(Shape):
    """What was established of several firms, all or none."""

    firms: Annotated[list[FirmFactsNamed], Field(min_length=1, max_length=500)]


class FirmFactsStated(Shape):
    """Of how many firms something was put on record."""

    stated: int


class FirmNamed(Shape):
    """A firm by its company code."""

    firm: Text


class FirmFactsOnRecord(FirmFacts):
    """What was established of a firm at some time, and by whom; decisions name the row that they were made by by its `number`."""

    number: int
    stated_at: int
    stated_by: str


class FirmFactsHistory(Shape):
    """Everything that was put on record of a firm, in order; the last counts. `head`, of all that is on record here, is for auditors."""

    facts: list[FirmFactsOnRecord]
    head: LogHead | None


class EligibilitySeen(Shape):
    """
    Whether a firm may get vouchers of a programme, by each way that its file knows; one way on which everything holds is enough.

    `policy_hash` is the file's. Whoever has the file and the facts comes to the same.
    """

    programme_id: Id32
    policy_hash: Id32
    verdict: Verdict
    ways: list[list[FindingSeen]]
    block: BlockSeen


class GrantCounted(Shape):
    """An earlier grant that a decision counted: when, under which programme's code, its face, and how much of it had come how far."""

    voucher_id: Id32 | None
    at: int
    programme: str
    face: Money
    reserved: Money
    redeemed: Money
    settled: Money


class DecisionSeen(Shape):
    """
    The decision by which a voucher was issued: from what it was made, and every rule with its fact, its verdict and why.

    `at` is the time by which it was judged, `face` what was asked for, `facts` what was on record of the firm as row `facts_number`,
    null where nothing was. `eligibility` is by each way that the file knows, of which one on which everything holds is enough. Whoever
    has the file with that `policy_hash` comes to the same. `number` is its row here: of several on one voucher the last counts.
    """

    number: int
    voucher_id: Id32
    programme_id: Id32
    policy_hash: Id32
    at: int
    face: Money
    facts_number: int | None
    facts: FirmFacts | None
    earlier: list[GrantCounted]
    eligibility: list[list[FindingSeen]]
    grant: list[FindingSeen]


class DecisionPage(Shape):
    """Decisions in the order in which they were made. `head`, of all that are kept here, is for auditors."""

    decisions: list[DecisionSeen]
    next: Next
    head: LogHead | None


class DecisionOne(Shape):
    """The decision on one voucher; `head` as on a page."""

    decision: DecisionSeen
    head: LogHead | None
