"""A reviewer of the issuing region finds claims in order."""

from dataclasses import replace

import pytest

from registry import codec
from registry.model import NO_ADDRESS, Bar, FirstReview, Role, Stage, StandIn
from tests.contracts.seen import account
from tests.contracts.voucher_registry.cases import (
    BARS,
    NOT_REVIEWERS,
    OTHER,
    altered,
    apart_from_pool,
    bar,
    caretaker,
    evidence_differs,
    standing,
)
from tests.contracts.world import BEIJING, CHANGXING, SHANGHAI, STRANGER, YUAN, Life, digest, refused


@pytest.fixture
def life(world):
    """A redemption that waits for review: 4,800 yuan of an order of 6,000, five notes of a strip of ten."""
    return Life.begin(world, until="redeemed", amount=6_000 * YUAN)


def test_an_empty_list_accepts_nothing(world):
    assert world.registry.accept([], by=STRANGER).events == ()


def test_one_bad_claim_stops_the_list(world, life):
    other = life.beside().until("open")
    before = standing(life, other)

    with refused("WrongStage", index=1, order=other.order_id, stage=Stage.OPEN):
        world.registry.accept([life.claim, other.claim], by=life.office.reviewer)

    assert standing(life, other) == before


def test_a_list_over_two_programmes_is_accepted(world, life):
    other = Life.begin(world, until="redeemed", amount=7_000 * YUAN)
    again = life.beside().until("redeemed")

    sent = world.registry.accept([life.claim, other.claim, again.claim], by=life.office.reviewer)

    assert [event["order"] for event in sent.events] == [each.order_id for each in (life, other, again)]
    assert life.pool() == (1_000_000 * YUAN, 10_000 * YUAN, 0)
    assert other.pool() == (1_000_000 * YUAN, 5_000 * YUAN, 0)


def test_a_caretaker_accepts_a_list_over_two_regions(world, life):
    abroad = Life.begin(world, until="redeemed", region=BEIJING, payer=BEIJING)
    account = caretaker(world, CHANGXING, of=BEIJING)

    sent = world.registry.accept([abroad.claim, life.claim], by=account)

    assert [event["by"] for event in sent.events] == [account.address.lower()] * 2


def test_a_list_stops_at_a_claim_without_its_first_review(world, life):
    other = Life.begin(world, until="redeemed", first_review=FirstReview.HOME)
    before = standing(life, other)

    with refused("WrongStage", index=1, order=other.order_id, stage=Stage.REDEEMED):
        world.registry.accept([life.claim, other.claim], by=life.office.second_reviewer)

    assert standing(life, other) == before


def test_a_list_stops_at_another_regions_claim(world, life):
    abroad = Life.begin(world, until="redeemed", region=BEIJING, payer=BEIJING)
    before = standing(life, abroad)

    with refused("NotReviewer", account=life.office.reviewer, region=BEIJING):
        world.registry.accept([life.claim, abroad.claim], by=life.office.reviewer)

    assert standing(life, abroad) == before


@pytest.mark.parametrize("stage", ["open", "accepted", "settled"])
def test_only_a_redeemed_order_is_accepted(life, stage):
    other = life.beside().until(stage)

    with refused("WrongStage", index=0, order=other.order_id, stage=Stage[stage.upper()]):
        other.accept()


def test_a_claim_is_accepted_once(world, life):
    with refused("WrongStage", index=1, order=life.order_id, stage=Stage.ACCEPTED):
        world.registry.accept([life.claim, life.claim], by=life.office.reviewer)

    assert life.state().stage == Stage.REDEEMED


@pytest.mark.parametrize("asked", [FirstReview.HOME, FirstReview.HOST])
def test_without_its_first_review_a_claim_is_refused(world, asked):
    life = Life.begin(world, until="redeemed", first_review=asked)

    with refused("WrongStage", index=0, order=life.order_id, stage=Stage.REDEEMED):
        life.accept()


@pytest.mark.parametrize("field", OTHER)
def test_another_claim_is_refused(world, life, field):
    claim = altered(life.claim, field)

    with refused("EvidenceDiffers", **evidence_differs(life, claim)):
        world.registry.accept([claim], by=life.office.reviewer)


def test_a_claim_that_hides_its_endorser_is_refused(world):
    life = Life.begin(world, until="endorsed", first_review=FirstReview.HOME)
    claim = replace(life.claim, endorser=NO_ADDRESS)

    with refused("EvidenceDiffers", **evidence_differs(life, claim)):
        world.registry.accept([claim], by=life.office.reviewer)


def test_a_claim_of_an_earlier_attempt_is_refused(world, life):
    earlier = life.claim
    life.reject()
    life.again()
    life.redeem()

    with refused("EvidenceDiffers", **evidence_differs(life, earlier)):
        world.registry.accept([earlier], by=life.office.second_reviewer)


def test_who_endorsed_does_not_accept(world):
    life = Life.begin(world, until="endorsed", first_review=FirstReview.HOME)

    with refused("ReviewedBefore", index=0, order=life.order_id, account=life.office.reviewer):
        life.accept(by=life.office.reviewer)

    assert life.accept(by=life.office.second_reviewer).only("Accepted")["order"] == life.order_id


def test_who_stood_in_does_not_accept(world):
    life = Life.begin(world, until="open")
    reviewer = life.office.reviewer
    reason = digest("the firm is insolvent")
    stand_in = world.sign(StandIn(codec.id_of(life.redemption), reason), reviewer)
    signatures = replace(world.signed(life.redemption, life.firm, life.lab), firm=stand_in, reason=reason)
    world.registry.redeem(life.voucher, life.order, life.redemption, signatures, by=STRANGER)
    life.stand_in = reviewer.address

    with refused("ReviewedBefore", index=0, order=life.order_id, account=reviewer):
        life.accept(by=reviewer)

    assert life.accept(by=life.office.second_reviewer).only("Accepted")["order"] == life.order_id


def test_a_caretaker_who_endorsed_for_its_own_region_does_not_accept(world):
    life = Life.begin(world, until="endorsed", first_review=FirstReview.HOST)
    account = caretaker(world, CHANGXING, of=SHANGHAI)
    assert account.address == life.endorser

    with refused("ReviewedBefore", index=0, order=life.order_id, account=account):
        life.accept(by=account)


@pytest.mark.parametrize("what", BARS)
def test_a_barred_party_is_refused(life, what):
    subject = bar(life, what)

    with refused("Barred", index=0, order=life.order_id, bar=what, subject=subject):
        life.accept()


@pytest.mark.parametrize("party", ["firm", "lab"])
def test_a_reviewer_does_not_accept_for_its_own_party(world, life, party):
    own = getattr(life, party)
    world.appoint(life.office, own.signer, Role.REVIEWER)
    before = standing(life)

    with refused("Barred", index=0, order=life.order_id, bar=Bar.OWN_CASE, subject=own.id):
        life.accept(by=own.signer)

    assert standing(life) == before


@pytest.mark.parametrize("who", NOT_REVIEWERS)
def test_only_the_regions_reviewer_accepts(world, life, who):
    sender = account(world, who, life.office.region)

    with refused("NotReviewer", account=sender, region=CHANGXING):
        life.accept(by=sender)


def test_the_hosts_reviewer_does_not_accept(world):
    life = Life.begin(world, until="endorsed", first_review=FirstReview.HOST)

    with refused("NotReviewer", account=life.host.second_reviewer, region=CHANGXING):
        life.accept(by=life.host.second_reviewer)


def test_a_suspended_reviewer_does_not_accept(world, life):
    world.suspend(CHANGXING)

    with refused("NotReviewer", account=life.office.reviewer, region=CHANGXING):
        life.accept(by=life.office.reviewer)


def test_a_caretaker_accepts(world, life):
    account = caretaker(world, CHANGXING)

    sent = life.accept(by=account)

    assert sent.only("Accepted").values == {"order": life.order_id, "by": account.address.lower()}


def test_an_accepted_claim_returns_the_rest(world, life):
    other, waiting = life.beside(subsidy=2_000 * YUAN).until("redeemed"), life.beside().until("redeemed")
    before, state, invoice = apart_from_pool(waiting), life.state(), life.invoice()
    reviewer = life.office.reviewer

    sent = world.registry.accept([life.claim, other.claim], by=reviewer)

    assert [(event.name, event.values) for event in sent.events] == [
        ("Accepted", {"order": each.order_id, "by": reviewer.address.lower()}) for each in (life, other)
    ]
    assert life.state() == state._replace(stage=Stage.ACCEPTED, amount=5_000 * YUAN)
    assert life.balance() == (5_000 * YUAN, 0, 4_800 * YUAN, 200 * YUAN)
    assert other.state().amount == 2_000 * YUAN
    assert other.balance() == (8_000 * YUAN, 0, 2_000 * YUAN, 0)
    assert life.pool() == (1_000_000 * YUAN, 13_000 * YUAN, 0)
    assert life.invoice() == invoice
    assert apart_from_pool(waiting) == before


def test_a_claim_that_consumed_all_returns_nothing(world):
    life = Life.begin(world, until="redeemed", amount=5_000 * YUAN)
    before, pool = life.balance(), life.pool()

    life.accept()

    assert (life.balance(), life.pool(), life.state().amount) == (before, pool, 5_000 * YUAN)


def test_it_is_never_too_late_to_accept(world, life):
    world.at(life.voucher.claim_by + 1)

    life.accept()

    assert life.state().stage == Stage.ACCEPTED
