"""Straw partners who lend their name to a joint voucher (联合券) for nothing, and a lab that lapses a partner's voucher."""

from dataclasses import dataclass, replace

import pytest

from registry import codec
from registry.model import Approval, Fen, Id, Release, Signatures, Time
from tests.contracts.attacks.attacker import NOBODY, fails
from tests.contracts.world import DAY, HEBEI, STRANGER, UNSIGNED, YUAN, Life, World, digest, tag

GRACE = 30 * DAY
FACE = 10_000 * YUAN


@dataclass
class Joint:
    """Firms that share one project at one lab, under one programme that asks for three of them."""

    world: World
    first: Life

    def partner(self, firm: object = None, **order: object) -> Life:
        """Another firm with a whole voucher of its own, or the same one with a further voucher."""
        world, first = self.world, self.first
        life = replace(first, firm=firm or world.firm())
        life.voucher = world.voucher(first.programme, life.firm)
        life.order = world.order(life.voucher, first.lab, **order)
        life.redemption = world.redemption(life.order, 8_000 * YUAN, 4_800 * YUAN)
        return life

    def open(self, count: int) -> list[Life]:
        lives = [self.first, *(self.partner() for _ in range(count - 1))]
        for life in lives:
            life.reserve()
            if life.programme.approval is Approval.ALWAYS:
                life.approve()
        return lives

    def partnership(self) -> tuple[int, bool]:
        joint = codec.joint_id(self.first.programme_id, self.first.order.project, self.first.lab.id)
        return tuple(self.world.registry.partnerships(joint))


@pytest.fixture(params=[Approval.NEVER, Approval.ALWAYS], ids=["open at once", "approved"])
def joint(request: pytest.FixtureRequest, world: World) -> Joint:
    return Joint(world, Life.begin(world, min_partners=3, amount=FACE, approval=request.param))


def consent(life: Life) -> Release:
    return Release(Id(life.order_id), 0, Time(life.world.now() + DAY))


def release(life: Life, *parties: str, by: object = STRANGER) -> object:
    record = consent(life)
    signed = {each: life.world.sign(record, getattr(life, each).signer) if each in parties else UNSIGNED for each in ("firm", "lab")}
    return life.world.registry.release(life.voucher, life.order, record, Signatures(**signed), by=by)


@pytest.mark.parametrize("amount", [1_000 * YUAN, FACE - 1_000 * YUAN])
def test_a_straw_partner_does_not_lend_its_name_for_less_than_its_whole_voucher(joint: Joint, amount: int) -> None:
    straw = joint.partner(amount=Fen(amount))

    with fails(joint.world, "WholeVoucherOnly", voucher=straw.voucher_id, face=FACE, amount=amount):
        straw.reserve()


def test_one_fen_of_divisible_money_is_no_partner_either(world: World) -> None:
    life = Life.begin(world, min_partners=2, amount=1, voucher={"denomination": Fen(1)})

    with fails(world, "WholeVoucherOnly", voucher=life.voucher_id, face=FACE, amount=1):
        life.reserve()


@pytest.mark.parametrize("count", [1, 2])
def test_with_too_few_partners_nobody_redeems(joint: Joint, count: int) -> None:
    lives = joint.open(count)

    for life in lives:
        with fails(joint.world, "TooFewPartners", order=life.order_id, partners=count, minPartners=3):
            life.redeem()


def test_one_firm_with_many_vouchers_is_one_partner(joint: Joint) -> None:
    first, second = joint.open(2)
    for _ in range(2):
        again = joint.partner(firm=second.firm)
        again.reserve()
        if again.programme.approval is Approval.ALWAYS:
            again.approve()

    assert joint.partnership() == (2, False)
    with fails(joint.world, "TooFewPartners", order=first.order_id, partners=2, minPartners=3):
        first.redeem()


def test_a_request_that_nobody_approved_is_no_partner(world: World) -> None:
    joint = Joint(world, Life.begin(world, min_partners=3, amount=FACE, approval=Approval.ALWAYS))
    first, _ = joint.open(2)
    joint.partner().reserve()

    with fails(world, "TooFewPartners", order=first.order_id, partners=2, minPartners=3):
        first.redeem()


@pytest.mark.parametrize("change", ["project", "lab", "programme"])
def test_partners_of_another_project_lab_or_programme_do_not_count(world: World, change: str) -> None:
    joint = Joint(world, Life.begin(world, min_partners=2, amount=FACE))
    first, _ = joint.open(1)[0], None
    if change == "programme":
        other = Life.begin(world, min_partners=2, amount=FACE)
        other.lab = first.lab
        other.order = world.order(other.voucher, other.lab)
    else:
        other = joint.partner()
        other.lab = world.lab() if change == "lab" else other.lab
        project = tag("another project") if change == "project" else first.order.project
        other.order = world.order(other.voucher, other.lab, project=project)
    other.reserve()

    with fails(world, "TooFewPartners", order=first.order_id, partners=1, minPartners=2):
        first.redeem()


def test_coming_and_going_before_the_number_is_reached_counts_for_nothing(joint: Joint) -> None:
    first, leaver = joint.open(2)
    for _ in range(3):
        assert release(leaver, "lab").only("Released")["lapsed"] is False
        assert joint.partnership() == (1, False)
        leaver.order = joint.world.order(leaver.voucher, leaver.lab)
        leaver.reserve()
        if leaver.programme.approval is Approval.ALWAYS:
            leaver.approve()
    assert joint.partnership() == (2, False)

    with fails(joint.world, "TooFewPartners", order=first.order_id, partners=2, minPartners=3):
        first.redeem()


def test_a_firm_with_two_orders_leaves_with_the_second(joint: Joint) -> None:
    _, second = joint.open(2)
    again = joint.partner(firm=second.firm)
    again.reserve()
    if again.programme.approval is Approval.ALWAYS:
        again.approve()

    release(second, "lab")
    assert joint.partnership() == (2, False)
    release(again, "lab")
    assert joint.partnership() == (1, False)


@pytest.mark.parametrize("alone", ["lab", "firm"])
def test_once_reached_no_party_lapses_a_voucher_alone(joint: Joint, alone: str) -> None:
    life = joint.open(3)[1]
    missing = life.firm.signer if alone == "lab" else life.lab.signer

    with fails(joint.world, "NotSignedBy", signer=missing, got=STRANGER):
        release(life, alone)
    with fails(joint.world, "NotSignedBy", signer=missing, got=getattr(life, alone).signer):
        release(life, by=getattr(life, alone).signer)


def test_once_reached_leaving_costs_the_leaver_its_voucher_and_stops_nobody_else(joint: Joint) -> None:
    first, leaver, other = joint.open(3)

    assert release(leaver, "lab", "firm").only("Released")["lapsed"] is True

    assert leaver.balance() == (0, 0, 0, FACE)
    assert joint.partnership() == (3, True)
    for life in (first, other):
        life.redeem()
        life.accept()
        life.settle()
    assert first.pool() == (1_000_000 * YUAN, 2 * 4_800 * YUAN, 2 * 4_800 * YUAN)


def test_a_stranger_lapses_a_voucher_only_thirty_days_after_the_deadline(joint: Joint) -> None:
    life = joint.open(3)[1]
    last = life.state().deadline + GRACE
    joint.world.at(last)
    record = Release(Id(life.order_id), 0, Time(last))
    with fails(joint.world, "NotSignedBy", signer=life.lab.signer, got=STRANGER):
        joint.world.registry.release(life.voucher, life.order, record, NOBODY, by=STRANGER)

    joint.world.at(last + 1)
    assert release(life).only("Released")["lapsed"] is True
    assert life.balance() == (0, 0, 0, FACE)


@pytest.mark.parametrize("way", ["lab exited", "flag seconded"])
def test_a_reviewers_release_lapses_nothing(joint: Joint, way: str) -> None:
    life = joint.open(3)[1]
    if way == "lab exited":
        joint.world.directory.exit(life.lab.id, by=life.host.directory)
    else:
        joint.world.directory.flag(life.firm.id, digest("reason"), by=life.office.directory)
        joint.world.directory.second(life.firm.id, digest("reason"), by=joint.world.offices[HEBEI].directory)

    assert release(life, by=life.office.reviewer).only("Released")["lapsed"] is False
    assert life.balance() == (FACE, 0, 0, 0)
    assert joint.partnership() == (3, True)


def test_a_request_in_a_reached_partnership_ends_without_lapsing_or_uncounting(world: World) -> None:
    joint = Joint(world, Life.begin(world, min_partners=2, amount=FACE, approval=Approval.ALWAYS))
    joint.open(2)
    late = joint.partner()
    late.reserve()

    assert release(late, "lab").only("Released")["lapsed"] is False
    assert (late.balance(), joint.partnership()) == ((FACE, 0, 0, 0), (2, True))
    assert late.pool()[1] == 2 * FACE


def test_a_partner_who_joins_after_the_number_is_reached_does_not_uncount_others(world: World) -> None:
    joint = Joint(world, Life.begin(world, min_partners=2, amount=FACE))
    first, _ = joint.open(2)
    late = joint.partner()
    late.reserve()
    release(late, "lab", "firm")

    assert (late.balance(), joint.partnership()) == ((0, 0, 0, FACE), (2, True))
    first.redeem()


def test_a_rejected_partner_still_needs_both_words_to_leave(joint: Joint) -> None:
    life = joint.open(3)[0]
    life.redeem()
    life.reject()
    record = Release(Id(life.order_id), 1, Time(joint.world.now() + DAY))
    lab_only = Signatures(firm=UNSIGNED, lab=joint.world.sign(record, life.lab.signer))

    with fails(joint.world, "NotSignedBy", signer=life.firm.signer, got=STRANGER):
        joint.world.registry.release(life.voucher, life.order, record, lab_only, by=STRANGER)
    life.redemption = replace(life.redemption, attempt=1)
    life.redeem()
