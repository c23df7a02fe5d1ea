"""Who looked."""

from typing import Literal

from gateway.schemas.basis import Id32, Next, Shape


class LookupSeen(Shape):
    """
    A look-up: when (Unix time in milliseconds), what was asked and answered, and who asked: a party of a region.

    `voucher_id` is null where no voucher was found. `caller` and `lab` are told to officers and auditors only.
    """

    number: int
    milliseconds: int
    what: Literal["quote", "verification", "facts", "order", "lead", "history", "list"]
    answer: str
    party: str
    region: int
    voucher_id: Id32 | None
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
