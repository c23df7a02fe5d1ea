"""One agreement is claimed in pieces, so that each piece would start at the first and richest slice again."""

from dataclasses import dataclass, replace

import pytest

from registry import codec
from registry.model import UNLIMITED, Fen, Order, Redemption, Slice, Tag
from tests.contracts.attacks.attacker import fails
from tests.contracts.world import STRANGER, YUAN, Life, World, tag

# 90 % up to 1,000 yuan, 50 % up to 3,000, 30 % up to 10,000, nothing beyond.
SLICES = (Slice(Fen(1_000 * YUAN), 9000), Slice(Fen(3_000 * YUAN), 5000), Slice(Fen(10_000 * YUAN), 3000))
AGREEMENT = tag("agreement in pieces")


def earned(cost: int) -> int:
    """W(cost) in fen, in plain arithmetic."""
    total, low = 0, 0
    for each in SLICES:
        total += max(0, min(cost, each.up_to) - low) * each.bps
        low = each.up_to
    return total // 10_000


@dataclass
class Pieces:
    """A firm and a lab that put order after order on one agreement."""

    life: Life

    def redeem(self, cost: int, subsidy: int, *, agreement: Tag = AGREEMENT, attempt: int = 0, order: Order | None = None) -> Redemption:
        life, world = self.life, self.life.world
        if order is None:
            order = world.order(life.voucher, life.lab, 5_000 * YUAN)
            world.registry.reserve(life.voucher, order, world.signed(order, life.firm, life.lab), by=STRANGER)
        self.order = order
        redemption = world.redemption(order, cost, subsidy, agreement=agreement, attempt=attempt)
        self.send(redemption)
        return redemption

    def send(self, redemption: Redemption) -> None:
        life, world = self.life, self.life.world
        world.registry.redeem(life.voucher, self.order, redemption, world.signed(redemption, life.firm, life.lab), by=STRANGER)


@pytest.fixture
def pieces(world: World) -> Pieces:
    return Pieces(Life.begin(world, slices=SLICES, voucher={"denomination": Fen(1), "face": Fen(100_000 * YUAN)}))


@pytest.mark.parametrize(
    "costs",
    [
        (4_000 * YUAN,),
        (1_000 * YUAN, 3_000 * YUAN),
        (1_000 * YUAN,) * 4,
        (500 * YUAN, 1, 999 * YUAN, 2_500 * YUAN + 99 * 1),
        (3_333 * YUAN + 33, 3_333 * YUAN + 33, 3_333 * YUAN + 34, 10 * YUAN),
    ],
    ids=["whole", "slice by slice", "four equal", "odd fen", "over the last limit"],
)
def test_pieces_earn_what_the_whole_earns_and_one_fen_more_is_refused(world: World, pieces: Pieces, costs: tuple[int, ...]) -> None:
    total, paid = 0, 0
    for cost in costs:
        most = (weighted(total + cost) - weighted(total)) // 10_000
        order = world.order(pieces.life.voucher, pieces.life.lab, 10_000 * YUAN)
        world.registry.reserve(pieces.life.voucher, order, world.signed(order, pieces.life.firm, pieces.life.lab), by=STRANGER)
        pieces.order = order
        too_much = world.redemption(order, cost, most + 1, agreement=AGREEMENT)
        with fails(world, "OverRule", order=codec.id_of(order), most=most, subsidy=most + 1):
            pieces.send(too_much)
        if most:
            pieces.redeem(cost, most, order=order)
            total, paid = total + cost, paid + most

    assert paid <= earned(total)
    assert paid > earned(total) - len(costs)
    assert world.programmes.agreements(pieces.life.programme_id, AGREEMENT) == total


def weighted(cost: int) -> int:
    """W(cost) in ten-thousandths of a fen."""
    total, low = 0, 0
    for each in SLICES:
        total += max(0, min(cost, each.up_to) - low) * each.bps
        low = each.up_to
    return total


def test_four_claims_of_the_first_slice_are_not_paid_at_its_rate(world: World, pieces: Pieces) -> None:
    pieces.redeem(1_000 * YUAN, 900 * YUAN)

    order = world.order(pieces.life.voucher, pieces.life.lab, 5_000 * YUAN)
    world.registry.reserve(pieces.life.voucher, order, world.signed(order, pieces.life.firm, pieces.life.lab), by=STRANGER)
    with fails(world, "OverRule", order=codec.id_of(order), most=500 * YUAN, subsidy=900 * YUAN):
        pieces.redeem(1_000 * YUAN, 900 * YUAN, order=order)
    pieces.redeem(1_000 * YUAN, 500 * YUAN, order=order)


def test_rejecting_and_redeeming_again_does_not_climb_the_slices_twice(world: World, pieces: Pieces) -> None:
    first = pieces.redeem(1_000 * YUAN, 900 * YUAN)
    first_order = pieces.order
    pieces.redeem(1_000 * YUAN, 500 * YUAN)
    claim = world.claim(pieces.life.programme, pieces.life.voucher, first_order, first)
    world.registry.reject([(claim, first)], by=pieces.life.office.reviewer)

    pieces.order = first_order
    again = replace(first, attempt=1)
    with fails(world, "OverRule", order=codec.id_of(first_order), most=500 * YUAN, subsidy=900 * YUAN):
        pieces.send(again)

    pieces.redeem(1_000 * YUAN, 500 * YUAN, attempt=1, order=first_order)
    assert world.programmes.agreements(pieces.life.programme_id, AGREEMENT) == 2_000 * YUAN


def test_the_same_agreement_counts_across_the_firms_vouchers_and_across_labs(world: World, pieces: Pieces) -> None:
    pieces.redeem(1_000 * YUAN, 900 * YUAN)
    life = pieces.life
    life.voucher = world.voucher(life.programme, life.firm, denomination=Fen(1))
    life.lab = world.lab()

    order = world.order(life.voucher, life.lab, 1_000 * YUAN)
    world.registry.reserve(life.voucher, order, world.signed(order, life.firm, life.lab), by=STRANGER)
    with fails(world, "OverRule", order=codec.id_of(order), most=500 * YUAN, subsidy=501 * YUAN):
        pieces.redeem(1_000 * YUAN, 501 * YUAN, order=order)


def test_cost_far_beyond_the_last_limit_earns_its_most_and_overflows_nothing(world: World, pieces: Pieces) -> None:
    most = earned(UNLIMITED)
    order = world.order(pieces.life.voucher, pieces.life.lab, 10_000 * YUAN)
    world.registry.reserve(pieces.life.voucher, order, world.signed(order, pieces.life.firm, pieces.life.lab), by=STRANGER)

    with fails(world, "OverRule", order=codec.id_of(order), most=most, subsidy=most + 1):
        pieces.redeem(UNLIMITED, most + 1, order=order)
    pieces.redeem(UNLIMITED, most, order=order)


def test_one_rate_without_limit_gains_nothing_from_pieces(world: World) -> None:
    """There a plain product is the whole rule; every piece is rounded down by itself."""
    pieces = Pieces(Life.begin(world, slices=(Slice(UNLIMITED, 6000),), voucher={"denomination": Fen(1)}))
    order = world.order(pieces.life.voucher, pieces.life.lab, 5_000 * YUAN)
    world.registry.reserve(pieces.life.voucher, order, world.signed(order, pieces.life.firm, pieces.life.lab), by=STRANGER)

    with fails(world, "OverRule", order=codec.id_of(order), most=1, subsidy=2):
        pieces.redeem(3, 2, order=order)
    pieces.redeem(3, 1, order=order)

    whole = world.order(pieces.life.voucher, pieces.life.lab, 5_000 * YUAN)
    world.registry.reserve(pieces.life.voucher, whole, world.signed(whole, pieces.life.firm, pieces.life.lab), by=STRANGER)
    most = UNLIMITED * 6000 // 10_000
    too_much = world.redemption(whole, UNLIMITED, 5_000 * YUAN + 1)
    with fails(world, "OverOrder", order=codec.id_of(whole), amount=5_000 * YUAN, subsidy=5_000 * YUAN + 1):
        pieces.order = whole
        pieces.send(too_much)
    assert most > 5_000 * YUAN
