"""Claims are sent back for correction."""

from dataclasses import replace

import pytest

from registry import codec
from registry.model import Fen, FirstReview, Region, Slice, Stage
from tests.contracts.seen import account
from tests.contracts.voucher_registry.cases import (
    BARS,
    GRACE,
    NOT_PAYERS,
    NOT_REVIEWERS,
    OTHER,
    altered,
    apart_from_pool,
    bar,
    caretaker,
    evidence_differs,
    standing,
)
from tests.contracts.world import BEIJING, CHANGXING, DAY, KUNSHAN, SHANGHAI, STRANGER, YUAN, Life, refused


@pytest.fixture
def life(world):
    """A redemption that waits for review: 4,800 yuan of an order of 6,000, five notes of a strip of ten."""
    return Life.begin(world, until="redeemed", amount=6_000 * YUAN)


def test_an_empty_list_rejects_nothing(world):
    assert world.registry.reject([], by=STRANGER).events == ()


def test_one_bad_filing_stops_the_list(world, life):
    other = life.beside().until("settled")
    before = standing(life, other)

    with refused("WrongStage", index=1, order=other.order_id, stage=Stage.SETTLED):
        world.registry.reject([life.filing, other.filing], by=life.office.reviewer)

    assert standing(life, other) == before


def test_a_list_stops_at_another_regions_claim(world, life):
    abroad = Life.begin(world, until="redeemed", region=BEIJING, payer=BEIJING)
    before = standing(life, abroad)

    with refused("NotReviewer", account=life.office.reviewer, region=BEIJING):
        world.registry.reject([life.filing, abroad.filing], by=life.office.reviewer)

    assert standing(life, abroad) == before


def test_a_list_stops_at_the_payers_claim(world, life):
    accepted = life.beside().until("accepted")
    before = standing(life, accepted)

    with refused("NotPayer", account=life.office.reviewer, region=CHANGXING):
        world.registry.reject([life.filing, accepted.filing], by=life.office.reviewer)

    assert standing(life, accepted) == before


@pytest.mark.parametrize("stage", ["open", "settled"])
def test_only_a_claim_under_review_is_rejected(life, stage):
    other = life.beside().until(stage)

    with refused("WrongStage", index=0, order=other.order_id, stage=Stage[stage.upper()]):
        other.reject()


def test_a_claim_is_rejected_once(world, life):
    with refused("WrongStage", index=1, order=life.order_id, stage=Stage.OPEN):
        world.registry.reject([life.filing, life.filing], by=life.office.reviewer)

    assert life.state().stage == Stage.REDEEMED


@pytest.mark.parametrize("field", OTHER)
def test_another_claim_is_refused(world, life, field):
    claim = altered(life.claim, field)

    with refused("EvidenceDiffers", **evidence_differs(life, claim)):
        world.registry.reject([(claim, life.redemption)], by=life.office.reviewer)


@pytest.mark.parametrize("changes", [{"cost": Fen(1)}, {"invoice": b"\x1a" * 32}, {"agreement": b"\x01" * 32}])
def test_another_redemption_is_refused(world, life, changes):
    other = replace(life.redemption, **changes)

    with refused("RedemptionMismatch", index=0, order=life.order_id, redemption=codec.id_of(other)):
        world.registry.reject([(life.claim, other)], by=life.office.reviewer)


# Who


@pytest.mark.parametrize("who", NOT_REVIEWERS)
def test_only_the_regions_reviewer_rejects_before_acceptance(world, life, who):
    sender = account(world, who, life.office.region)

    with refused("NotReviewer", account=sender, region=CHANGXING):
        life.reject(by=sender)


@pytest.mark.parametrize("stage", ["redeemed", "endorsed"])
def test_the_hosts_reviewer_does_not_reject(world, stage):
    life = Life.begin(world, until=stage, first_review=FirstReview.HOST)

    with refused("NotReviewer", account=life.host.reviewer, region=CHANGXING):
        life.reject(by=life.host.reviewer)


def test_a_suspended_reviewer_does_not_reject(world, life):
    world.suspend(CHANGXING)

    with refused("NotReviewer", account=life.office.reviewer, region=CHANGXING):
        life.reject()


@pytest.mark.parametrize("stage", ["redeemed", "endorsed"])
def test_a_caretaker_rejects(world, stage):
    life = Life.begin(world, until=stage, first_review=FirstReview.HOME)
    account = caretaker(world, CHANGXING)

    sent = life.reject(by=account)

    assert sent.only("Rejected")["by"] == account.address.lower()
    assert life.state().stage == Stage.OPEN


@pytest.mark.parametrize("who", NOT_PAYERS)
def test_only_the_payer_rejects_after_acceptance(world, life, who):
    life.accept()
    sender = account(world, who, life.office.region)

    with refused("NotPayer", account=sender, region=CHANGXING):
        life.reject(by=sender)


def test_a_caretaker_does_not_reject_for_the_payer(world, life):
    life.accept()
    account = caretaker(world, CHANGXING)

    with refused("NotPayer", account=account, region=CHANGXING):
        life.reject(by=account)


@pytest.mark.parametrize(("payer", "paying"), [(CHANGXING, CHANGXING), (KUNSHAN, KUNSHAN), (Region(0), SHANGHAI)])
def test_the_programmes_payer_rejects_after_acceptance(world, payer, paying):
    life = Life.begin(world, until="accepted", payer=payer)
    if paying != CHANGXING:
        with refused("NotPayer", account=life.office.payer, region=paying):
            life.reject(by=life.office.payer)

    sent = life.reject(by=world.offices[paying].payer)

    assert sent.only("Rejected")["by"] == world.offices[paying].payer.address.lower()
    assert life.balance() == (5_000 * YUAN, 5_000 * YUAN, 0, 0)


def test_a_suspended_payer_rejects(world, life):
    life.accept()
    world.suspend(CHANGXING)

    life.reject(by=life.payer)

    assert life.state().stage == Stage.OPEN


@pytest.mark.parametrize("what", BARS)
def test_a_barred_party_is_rejected(life, what):
    bar(life, what)

    life.reject()

    assert life.state().stage == Stage.OPEN


# What follows


@pytest.mark.parametrize("stage", ["redeemed", "endorsed", "accepted"])
def test_a_rejected_claim_frees_all_but_the_commitment(world, stage):
    slices = (Slice(Fen(10_000 * YUAN), 6000),)
    first_review = FirstReview.HOME if stage == "endorsed" else FirstReview.NONE
    life = Life.begin(world, until=stage, amount=6_000 * YUAN, slices=slices, first_review=first_review)
    other = life.beside().until(stage)
    before, state, pool = apart_from_pool(other), life.state(), life.pool()
    account = life.payer if stage == "accepted" else life.office.reviewer

    sent = life.reject(by=account)

    held = 5_000 * YUAN if stage == "accepted" else 6_000 * YUAN
    freed, rejected = sent.events
    assert (freed.name, freed.values) == (
        "Freed",
        {
            "invoice": life.redemption.invoice,
            "registry": world.registry.address.lower(),
            "order": life.order_id,
            "cost": 8_000 * YUAN,
        },
    )
    assert (rejected.name, rejected.values) == (
        "Rejected",
        {"order": life.order_id, "deadline": state.deadline, "by": account.address.lower()},
    )
    assert life.state() == (Stage.OPEN, 1, held, state.deadline, bytes(17))
    assert life.balance() == (10_000 * YUAN - held, held, 0, 0)
    assert (life.invoice(), life.agreement()) == ((0, 0, 0, bytes(12)), 0)
    assert (life.pool(), apart_from_pool(other)) == (pool, before)


def test_a_corrected_redemption_is_the_next_attempt(life):
    for attempt in (1, 2, 3):
        life.reject()
        life.again(subsidy=Fen(life.redemption.subsidy - 1))
        life.redeem()
        assert life.state().attempt == attempt

    assert life.balance() == (4_000 * YUAN, 1_000 * YUAN, 4_800 * YUAN - 3, 200 * YUAN + 3)
    assert life.invoice()[:3] == (8_000 * YUAN, 8_000 * YUAN, 1)


def test_another_claim_on_the_invoice_stays(life):
    amount = Fen(20_000 * YUAN)
    one, two = life.beside(), life.beside(cost=3_000 * YUAN, subsidy=1_800 * YUAN)
    one.redemption = replace(one.redemption, invoice_amount=amount)
    two.redemption = replace(two.redemption, invoice_amount=amount, invoice=one.redemption.invoice)
    for each in (one, two):
        each.until("redeemed")

    one.reject()

    assert two.invoice() == (amount, 3_000 * YUAN, 1, life.lab.tag[:12])


@pytest.mark.parametrize("left", [-DAY, 0, GRACE - 1])
def test_a_rejected_order_has_thirty_days_left(world, life, left):
    now = life.state().deadline - left
    world.at(now)

    sent = life.reject()

    assert sent.only("Rejected")["deadline"] == life.state().deadline == now + GRACE


@pytest.mark.parametrize("left", [GRACE, GRACE + 1])
def test_a_later_deadline_stays(world, life, left):
    deadline = life.state().deadline
    world.at(deadline - left)

    life.reject()

    assert life.state().deadline == deadline
