"""
What a cost earns (分段补贴), how many notes it uses up, and what time does to a voucher.

The rule is marginal, so that splitting a cost gains nothing: W(x) = Σ (min(x, up_toᵢ) − up_toᵢ₋₁)⁺ · bpsᵢ, and `cost` on top of
`base` earns ⌊(W(base + cost) − W(base)) / 10,000⌋. Amounts are fen.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from registry.codec import consumed
from registry.model import Fen, Programme, Slice, Time, Voucher

DAY = 86_400
WHOLE = 10_000
"""Ten thousand ten-thousandths."""


def total(slices: Sequence[Slice], cost: int) -> int:
    """
    W: what a cost earns in all, in ten-thousandths of a fen.

    >>> total([Slice(Fen(1_000), 9_000), Slice(Fen(3_000), 3_000)], 2_000)
    12000000
    """
    earned, from_ = 0, 0
    for each in slices:
        if from_ >= cost:
            break
        earned += (min(cost, each.up_to) - from_) * each.bps
        from_ = each.up_to
    return earned


def marginal(slices: Sequence[Slice], *, base: int, cost: int) -> int:
    """
    Whole fen that `cost` more earns on top of `base`.

    >>> marginal([Slice(Fen(1_000), 9_000), Slice(Fen(3_000), 3_000)], base=500, cost=1_000)
    600
    """
    return (total(slices, base + cost) - total(slices, base)) // WHOLE


@dataclass(frozen=True, slots=True)
class Quote:
    """What a cost would get (试算): the most `subsidy`, the `amount` in whole notes to reserve for it, and what of that `lapses`."""

    subsidy: Fen
    amount: Fen
    lapses: Fen


def subsidy_quote(slices: Sequence[Slice], *, base: int, cost: int, available: int, denomination: int) -> Quote:
    """
    The most subsidy that a cost can get from a voucher with `available` fen left in notes of `denomination`.

    `base` is the live cost under the agreement; one unlimited rate earns the same on any base.

    >>> subsidy_quote([Slice(Fen(2**64 - 1), 6_000)], base=0, cost=800_000, available=1_000_000, denomination=100_000)
    Quote(subsidy=480000, amount=500000, lapses=20000)
    """
    subsidy = Fen(min(marginal(slices, base=base, cost=cost), available))
    amount = consumed(subsidy, Fen(denomination))
    return Quote(subsidy, amount, Fen(amount - subsidy))


def expired(voucher: Voucher, now: Time) -> bool:
    """Whether nothing more can be reserved from a voucher. Nothing moves when it expires, and open orders go on."""
    return now > voucher.use_by


def deadline_of(programme: Programme, voucher: Voucher, now: Time) -> Time:
    """The last second for redeeming an order that is reserved or approved now."""
    return Time(min(now + programme.hold_days * DAY, voucher.claim_by))
