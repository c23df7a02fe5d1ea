"""The first review of a redemption."""

from dataclasses import replace

import pytest

from registry import codec
from registry.model import Bar, FirstReview, Role, Stage, StandIn
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
from tests.contracts.world import CHANGXING, SHANGHAI, STRANGER, TIANJIN, Life, digest, refused


@pytest.fixture
def life(world):
    """A redemption that waits for its first review by the host region, Shanghai."""
    return Life.begin(world, until="redeemed", first_review=FirstReview.HOST)


def test_an_empty_list_endorses_nothing(world):
    assert world.registry.endorse([], by=STRANGER).events == ()


def test_one_bad_claim_stops_the_list(world, life):
    other = life.beside().until("open")
    before = standing(life, other)

    with refused("WrongStage", index=1, order=other.order_id, stage=Stage.OPEN):
        world.registry.endorse([life.claim, other.claim], by=life.host.reviewer)

    assert standing(life, other) == before


def test_a_list_stops_at_another_hosts_claim(world, life):
    elsewhere = life.beside(lab=world.lab(TIANJIN)).until("redeemed")
    before = standing(life, elsewhere)

    with refused("NotReviewer", account=life.host.reviewer, region=TIANJIN):
        world.registry.endorse([life.claim, elsewhere.claim], by=life.host.reviewer)

    assert standing(life, elsewhere) == before


@pytest.mark.parametrize("stage", ["open", "endorsed", "accepted", "settled"])
def test_only_a_redeemed_order_is_endorsed(life, stage):
    other = life.beside().until(stage)

    with refused("WrongStage", index=0, order=other.order_id, stage=Stage[stage.upper()]):
        other.endorse()


def test_a_claim_is_endorsed_once(world, life):
    with refused("WrongStage", index=1, order=life.order_id, stage=Stage.ENDORSED):
        world.registry.endorse([life.claim, life.claim], by=life.host.reviewer)

    assert life.state().stage == Stage.REDEEMED


@pytest.mark.parametrize("field", OTHER)
def test_another_claim_is_refused(world, life, field):
    claim = altered(life.claim, field)

    with refused("EvidenceDiffers", **evidence_differs(life, claim)):
        world.registry.endorse([claim], by=life.host.reviewer)


def test_a_programme_without_first_review_endorses_nothing(world):
    life = Life.begin(world, until="redeemed")

    with refused("NoFirstReview", index=0, order=life.order_id):
        world.registry.endorse([life.claim], by=life.office.reviewer)


def test_who_stood_in_does_not_endorse(world):
    life = Life.begin(world, until="open", first_review=FirstReview.HOME)
    reviewer = life.office.reviewer
    reason = digest("the firm is insolvent")
    stand_in = world.sign(StandIn(codec.id_of(life.redemption), reason), reviewer)
    signatures = replace(world.signed(life.redemption, life.firm, life.lab), firm=stand_in, reason=reason)
    world.registry.redeem(life.voucher, life.order, life.redemption, signatures, by=STRANGER)
    life.stand_in = reviewer.address

    with refused("ReviewedBefore", index=0, order=life.order_id, account=reviewer):
        world.registry.endorse([life.claim], by=reviewer)

    assert life.endorse(by=life.office.second_reviewer).only("Endorsed")["order"] == life.order_id


@pytest.mark.parametrize("what", BARS)
def test_a_barred_party_is_refused(life, what):
    subject = bar(life, what)

    with refused("Barred", index=0, order=life.order_id, bar=what, subject=subject):
        life.endorse()


@pytest.mark.parametrize("party", ["firm", "lab"])
def test_a_reviewer_does_not_endorse_for_its_own_party(world, life, party):
    own = getattr(life, party)
    world.appoint(life.host, own.signer, Role.REVIEWER)
    before = standing(life)

    with refused("Barred", index=0, order=life.order_id, bar=Bar.OWN_CASE, subject=own.id):
        world.registry.endorse([life.claim], by=own.signer)

    assert standing(life) == before


@pytest.mark.parametrize("who", NOT_REVIEWERS)
def test_only_a_reviewer_of_the_asked_region_endorses(world, life, who):
    sender = account(world, who, life.host.region)

    with refused("NotReviewer", account=sender, region=SHANGHAI):
        world.registry.endorse([life.claim], by=sender)


@pytest.mark.parametrize(("asked", "region"), [(FirstReview.HOME, CHANGXING), (FirstReview.HOST, SHANGHAI)])
def test_the_other_regions_reviewer_does_not_endorse(world, asked, region):
    life = Life.begin(world, until="redeemed", first_review=asked)
    account = (life.host if asked is FirstReview.HOME else life.office).reviewer

    with refused("NotReviewer", account=account, region=region):
        world.registry.endorse([life.claim], by=account)


def test_a_suspended_reviewer_does_not_endorse(world, life):
    world.suspend(SHANGHAI)

    with refused("NotReviewer", account=life.host.reviewer, region=SHANGHAI):
        world.registry.endorse([life.claim], by=life.host.reviewer)


@pytest.mark.parametrize(("asked", "region"), [(FirstReview.HOME, CHANGXING), (FirstReview.HOST, SHANGHAI)])
def test_a_caretaker_endorses(world, asked, region):
    life = Life.begin(world, until="redeemed", first_review=asked)
    account = caretaker(world, region)

    sent = life.endorse(by=account)

    assert sent.only("Endorsed").values == {"order": life.order_id, "by": account.address.lower()}


@pytest.mark.parametrize(
    ("asked", "lab_region", "endorser_region"),
    [
        (FirstReview.HOME, CHANGXING, CHANGXING),
        (FirstReview.HOME, SHANGHAI, CHANGXING),
        (FirstReview.HOST, CHANGXING, CHANGXING),
        (FirstReview.HOST, SHANGHAI, SHANGHAI),
    ],
)
def test_the_programme_says_whose_reviewer_endorses(world, asked, lab_region, endorser_region):
    life = Life.begin(world, until="redeemed", first_review=asked, lab_region=lab_region)

    sent = life.endorse(by=world.offices[endorser_region].reviewer)

    assert sent.only("Endorsed")["order"] == life.order_id


def test_an_endorsed_claim_names_its_endorser(world, life):
    other, waiting = life.beside().until("redeemed"), life.beside().until("redeemed")
    reviewer = life.host.reviewer
    state, *rest = apart_from_pool(life)
    before, pool = apart_from_pool(waiting), life.pool()

    sent = world.registry.endorse([life.claim, other.claim], by=reviewer)

    assert [(event.name, event.values) for event in sent.events] == [
        ("Endorsed", {"order": each.order_id, "by": reviewer.address.lower()}) for each in (life, other)
    ]
    life.endorser = reviewer.address
    assert apart_from_pool(life) == [state._replace(stage=Stage.ENDORSED, evidence=codec.evidence(life.claim)), *rest]
    assert (apart_from_pool(waiting), life.pool()) == (before, pool)
