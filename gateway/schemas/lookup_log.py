"""Who looked."""

from typing import Literal

from gateway.schemas.basis import Id32, LogHead, Next, Shape


class LookupSeen(Shape):
    """
    A look-up: when (Unix time in milliseconds), what was asked and answered, and who asked: a party of a region.

    `order`, `redemption` and `release` are documents that were prepared, `history` and `order-history` one record, `list` and
    `order-list` a list of them, `trail` a page of all events. `voucher_id` is null where no voucher was found, `order_id` where none was
    asked about; `span` tells the first and the last of what a whole page showed. `caller` and `lab` are told to officers and auditors only.
    """

    number: int
    milliseconds: int
    what: Literal[
        "quote",
        "verification",
        "facts",
        "order",
        "lead",
        "redemption",
        "release",
        "history",
        "order-history",
        "list",
        "order-list",
        "trail",
    ]
    answer: str
    party: str
    region: int
    voucher_id: Id32 | None
    order_id: Id32 | None
    span: str | None
    caller: str | None
    lab: Id32 | None


class LookupPage(Shape):
    """Look-ups, the newest first. `head` is for auditors."""

    lookups: list[LookupSeen]
    next: Next
    head: LogHead | None
