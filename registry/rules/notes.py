"""
The numbers of a voucher's notes (一张一张的券): the chain counts notes, and their numbers follow from the order of events.

A redemption takes the lowest numbers that are free, and what lapses does; a rejected redemption gives its numbers back. Numbers
are kept in spans, because divisible money has a note for every fen.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from registry.model import Id


@dataclass(frozen=True, slots=True)
class Span:
    """Notes number `first` to `last` (from 1, both inclusive), used up by the redemption of `order`; lapsed whole if that is NO_ID."""

    first: int
    last: int
    order: Id


def take(taken: Sequence[Span], order: Id, count: int) -> tuple[Span, ...]:
    """
    Use up the `count` lowest free numbers for an order, or for none. `taken` is in the order of numbers, and so is the answer.

    >>> [(span.first, span.last) for span in take((Span(2, 3, b"a"),), b"b", 2)]
    [(1, 1), (2, 3), (4, 4)]
    """
    if not taken and count:
        return (Span(1, count, order),)
    spans = list(taken)
    at, first = 0, 1
    while count:
        ends = spans[at].first if at < len(spans) else first + count
        free = min(count, ends - first)
        if free:
            spans.insert(at, Span(first, first + free - 1, order))
            at, count = at + 1, count - free
        if at < len(spans):
            first = spans[at].last + 1
            at += 1
    return tuple(spans)


def give_back(taken: Sequence[Span], order: Id) -> tuple[Span, ...]:
    """Free the numbers that an order used up."""
    return tuple(span for span in taken if span.order != order)
