"""Who looked."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from gateway.schemas.basis import Amount, Id32, LogHead, Next, Shape

LookupKind = Literal[
    "quote",
    "verification",
    "facts",
    "order",
    "lead",
    "redemption",
    "release",
    "history",
    "list",
    "decision",
    "order-history",
    "order-list",
    "trail",
    "statement",
    "breaks",
    "sub-districts",
    "evidence",
    "evidence-check",
    "evidence-corrections",
    "evidence-document",
    "evidence-sample",
    "evidence-originals",
    "report",
    "affairs",
    "payment",
]

LOOKUP_KINDS: Mapping[LookupKind, str] = {
    "quote": "what a cost would get of a voucher (试算)",
    "verification": "whether a voucher can be used (核验), each of many for itself",
    "facts": "the hotline's three facts",
    "order": "an order that was prepared",
    "lead": "the voucher by which a project's lead was named, where several firms share it (联合券)",
    "redemption": "a redemption that was prepared",
    "release": "a release that was prepared",
    "history": "a voucher with all that happened to it",
    "list": "a voucher on a list",
    "decision": "the decision by which a voucher was issued, each of many for itself",
    "order-history": "an order with all that happened to it, by whoever is not its lab or firm",
    "order-list": "orders on a list: for an auditor each, for an office a whole page",
    "trail": "a page of all events",
    "statement": "a month's statement between two regions",
    "breaks": "a month's breaks",
    "sub-districts": "a month by sub-district (乡镇、街道、园区)",
    "evidence": "what was handed in for an order (兑付材料), by whoever it was, its parties too",
    "evidence-check": "a checklist of it",
    "evidence-corrections": "what was sent back of it (退回补正), and what became of that",
    "evidence-document": "one original of it",
    "evidence-sample": "a sample that was drawn",
    "evidence-originals": "an order's originals in an archive",
    "report": "a report, told by its kind and hash",
    "affairs": "what a firm has open (未了事项), told by its id",
    "payment": "payment batches, their notices and bank files, payees' accounts or budget lines",
}
"""What is looked up, by the word for it in the log."""


class LookupSeen(Shape):
    """
    A look-up: when (Unix time in milliseconds), what was asked and answered, and who asked: a party of a region.

    `voucher_id` is null where no voucher was found, `order_id` where none was asked about; `span` tells the first and the last of what a
    whole page showed. `caller` and `lab` are told to officers, auditors and the lab that asked only. Of a verification, `block` is as of
    which block it was answered, `amount` how much was to be used, and `reasons` every code of why not that was told,
    of what was prepared to be signed as well.
    """

    number: int
    query_number: str
    milliseconds: int
    what: Annotated[LookupKind, Field(description="; ".join(f"`{kind}`: {meaning}" for kind, meaning in LOOKUP_KINDS.items()))]
    answer: str
    party: str
    region: int
    voucher_id: Id32 | None
    order_id: Id32 | None
    span: str | None
    block: int | None
    amount: Amount | None
    reasons: list[str]
    caller: str | None
    lab: Id32 | None


class LookupOne(Shape):
    """A look-up by its query number. `head` is for auditors."""

    lookup: LookupSeen
    head: LogHead | None


class LookupPage(Shape):
    """Look-ups, the newest first. `head` is for auditors."""

    lookups: list[LookupSeen]
    next: Next
    head: LogHead | None
