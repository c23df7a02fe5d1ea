"""Writes that were answered 202."""

from typing import Any, Literal

from gateway.schemas.basis import Shape


class Operation(Shape):
    """
    A write that was answered 202, and what became of it.

    `pending`: it goes on. `succeeded` and `refused`: `status` and `answer` are what the request would have been answered with.
    `interrupted`: nothing goes on here (a restart, a silent node) and no answer was kept; repeat the request with the same
    Idempotency-Key, which never does it twice. `transaction` is told as soon as there is one.
    """

    operation_id: str
    state: Literal["pending", "succeeded", "refused", "interrupted"]
    transaction: str | None
    status: int | None
    answer: dict[str, Any] | None
