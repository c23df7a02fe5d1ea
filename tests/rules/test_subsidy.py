"""What a cost earns: the marginal rule, whole notes, quotes."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from registry.model import UNLIMITED, Fen, Slice
from registry.rules import consumed, marginal, subsidy_quote, total

FEN = st.integers(min_value=0, max_value=10**12)
SMALL = st.integers(min_value=0, max_value=60)


def slices_up_to(most: int, least_count: int = 1) -> st.SearchStrategy[list[Slice]]:
    """Every rule that `open` takes: one to six limits that rise, rates that never do."""

    def build(limits: set[int], rates: list[int]) -> list[Slice]:
        return [Slice(Fen(up_to), bps) for up_to, bps in zip(sorted(limits), sorted(rates, reverse=True), strict=False)]

    limits = st.sets(st.integers(min_value=1, max_value=most), min_size=least_count, max_size=6)
    rates = st.lists(st.integers(min_value=0, max_value=10_000), min_size=6, max_size=6)
    return st.builds(build, limits, rates)


RULES = slices_up_to(10**12) | st.builds(lambda bps: [Slice(UNLIMITED, bps)], st.integers(min_value=0, max_value=10_000))
BEIJING = [Slice(Fen(1_000), 9_000), Slice(Fen(3_000), 6_000), Slice(Fen(10_000), 3_000)]


@given(RULES, FEN, st.lists(FEN, max_size=8))
@example(BEIJING, 0, [999, 1, 2_000, 7_001])
def test_splitting_a_cost_never_earns_more(slices, base, costs):
    pieces, before = 0, base
    for cost in costs:
        pieces += marginal(slices, base=before, cost=cost)
        before += cost

    assert pieces <= marginal(slices, base=base, cost=sum(costs))


@given(RULES, st.lists(st.tuples(FEN, FEN), min_size=1, max_size=6))
def test_what_an_agreement_earned_never_exceeds_its_rule(slices, pieces):
    """I5, whichever instalments are taken back in between: those that stay were counted on a base that was not smaller."""
    live, base = [], 0
    for cost, other in pieces:
        live.append((cost, marginal(slices, base=base, cost=cost)))
        base += cost
        if other % 3 == 0:
            base -= live.pop(other % len(live))[0]

    assert sum(subsidy for _, subsidy in live) * 10_000 <= total(slices, sum(cost for cost, _ in live))


@given(RULES, FEN, FEN, FEN)
def test_more_cost_never_earns_less(slices, base, cost, more):
    assert marginal(slices, base=base, cost=cost) <= marginal(slices, base=base, cost=cost + more)


@given(RULES, FEN, FEN, FEN)
def test_a_higher_base_never_earns_more(slices, base, more, cost):
    assert marginal(slices, base=base + more, cost=cost) <= marginal(slices, base=base, cost=cost)


@given(RULES, FEN, FEN, FEN)
def test_the_total_is_concave(slices, first, second, third):
    low, middle, high = sorted((first, second, third))

    rising, falling = total(slices, middle) - total(slices, low), total(slices, high) - total(slices, middle)

    assert rising * (high - middle) >= falling * (middle - low)


@given(RULES)
def test_there_is_no_jump_at_a_limit(slices):
    for at, each in enumerate(slices):
        following = slices[at + 1].bps if at + 1 < len(slices) else 0
        assert total(slices, each.up_to) - total(slices, each.up_to - 1) == each.bps
        assert total(slices, each.up_to + 1) - total(slices, each.up_to) == following


@given(slices_up_to(50), SMALL)
def test_the_total_is_the_sum_over_every_fen(slices, cost):
    assert total(slices, cost) == sum(next((each.bps for each in slices if fen <= each.up_to), 0) for fen in range(1, cost + 1))


@given(st.integers(min_value=0, max_value=10_000), FEN, FEN)
def test_one_unlimited_rate_needs_no_base(bps, base, cost):
    assert marginal([Slice(UNLIMITED, bps)], base=base, cost=cost) == cost * bps // 10_000


@given(FEN, st.integers(min_value=1, max_value=10**9))
@example(480_000, 100_000)
def test_consumed_is_the_fewest_whole_notes_that_cover_the_subsidy(subsidy, denomination):
    amount = consumed(Fen(subsidy), Fen(denomination))

    assert amount % denomination == 0
    assert amount - denomination < subsidy <= amount
    assert amount == subsidy + (denomination - subsidy % denomination) % denomination  # as the contract writes it


@given(RULES, FEN, FEN, st.integers(min_value=1, max_value=10**6), st.integers(min_value=0, max_value=100))
def test_a_quote_is_the_most_that_rule_and_voucher_allow(slices, base, cost, denomination, count):
    available = denomination * count

    quote = subsidy_quote(slices, base=base, cost=cost, available=available, denomination=denomination)

    assert quote.subsidy <= available
    assert quote.subsidy <= marginal(slices, base=base, cost=cost)
    assert quote.subsidy + 1 > min(available, marginal(slices, base=base, cost=cost))
    assert quote.amount <= available
    assert quote.amount == quote.subsidy + quote.lapses == consumed(quote.subsidy, Fen(denomination))


@pytest.mark.parametrize(
    ("cost", "subsidy"),
    [(8_000, 4_000), (200_000, 100_000), (260_000, 100_000)],
)
def test_at06_tianjin_pays_half_up_to_a_cap(cost, subsidy):
    assert subsidy_quote([Slice(UNLIMITED, 5_000)], base=0, cost=cost, available=100_000, denomination=1).subsidy == subsidy
