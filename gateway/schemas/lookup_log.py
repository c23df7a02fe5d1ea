"""Who looked."""

from typing import Literal

from gateway.schemas.basis import Id32, Next, Shape


class LookupSeen(Shape):
    """
    A look-up: when (Unix time in milliseconds), what was asked and answered, and who asked: a party of a region.

    `order`, `redemption` and `release` are documents that were prepared, `history` and `order-history` one record, `list` and
    `order-list` a list of them, `trail` a page of all events, `statement` and `breaks` a month between two regions. `voucher_id` is null
    where no voucher was found, `order_id` where none was asked about; `span` tells the first and the last of what a whole page showed.
    `caller` and `lab` are told to officers and auditors only.
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
        "statement",
        "breaks",
    ]
    answer: str
    party: str
    region: int
    voucher_id: Id32 | None
    order_id: Id32 | None
    span: str | None
    caller: str | None
    lab: Id32 | None


class LookupHead(Shape):
    """The log's last row. Who keeps it can prove later that nothing up to it was changed."""

    number: int
    hash: Id32


class LookupPage(Shape):
    """Look-ups, the newest first. `head` is for auditors."""

    lookups: list[LookupSeen]
    next: Next
    head: LookupHead | None
