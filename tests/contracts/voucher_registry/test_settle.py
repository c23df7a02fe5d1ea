"""The payer records what was paid."""

import pytest

from registry.model import Region, Stage
from tests.contracts.seen import account
from tests.contracts.voucher_registry.cases import BARS, NOT_PAYERS, OTHER, altered, apart_from_pool, bar, evidence_differs, standing
from tests.contracts.world import CHANGXING, KUNSHAN, SHANGHAI, STRANGER, YUAN, Life, digest, refused

PAYMENT = digest("payment of May")


@pytest.fixture
def life(world):
    """A claim of 4,800 yuan that waits for its money; the five notes that it consumed are committed."""
    return Life.begin(world, until="accepted", amount=6_000 * YUAN)


def test_an_empty_list_settles_nothing(world):
    assert world.registry.settle([], PAYMENT, by=STRANGER).events == ()


def test_one_bad_claim_stops_the_list(world, life):
    other = life.beside().until("redeemed")
    before = standing(life, other)

    with refused("WrongStage", index=1, order=other.order_id, stage=Stage.REDEEMED):
        world.registry.settle([life.claim, other.claim], PAYMENT, by=life.payer)

    assert standing(life, other) == before


def test_a_list_over_two_programmes_is_paid_from_two_pools(world, life):
    other = Life.begin(world, until="accepted", subsidy=1_500 * YUAN)
    again = life.beside(subsidy=2_500 * YUAN).until("accepted")
    waiting = other.beside().until("accepted")
    lives = (life, other, again)

    sent = world.registry.settle([each.claim for each in lives], PAYMENT, by=life.payer)

    assert [event["order"] for event in sent.events] == [each.order_id for each in lives]
    assert [each.state().amount for each in lives] == [4_800 * YUAN, 1_500 * YUAN, 2_500 * YUAN]
    assert life.pool() == (1_000_000 * YUAN, 7_300 * YUAN, 7_300 * YUAN)
    assert other.pool() == (1_000_000 * YUAN, (1_500 + 2_000) * YUAN, 1_500 * YUAN)
    assert waiting.state().stage == Stage.ACCEPTED


def test_a_list_stops_at_another_payers_claim(world, life):
    cleared = Life.begin(world, until="accepted", payer=KUNSHAN)
    before = standing(life, cleared)

    with refused("NotPayer", account=life.payer, region=KUNSHAN):
        world.registry.settle([life.claim, cleared.claim], PAYMENT, by=life.payer)

    assert standing(life, cleared) == before


def test_a_list_stops_at_another_hosts_claim(world):
    here = Life.begin(world, until="accepted", payer=Region(0))
    elsewhere = here.beside(lab=world.lab(KUNSHAN)).until("accepted")
    before = standing(here, elsewhere)

    with refused("NotPayer", account=here.payer, region=KUNSHAN):
        world.registry.settle([here.claim, elsewhere.claim], PAYMENT, by=here.payer)

    assert standing(here, elsewhere) == before


@pytest.mark.parametrize("stage", ["open", "redeemed", "settled"])
def test_only_an_accepted_order_is_settled(life, stage):
    other = life.beside().until(stage)

    with refused("WrongStage", index=0, order=other.order_id, stage=Stage[stage.upper()]):
        other.settle()


def test_a_claim_is_settled_once(world, life):
    with refused("WrongStage", index=1, order=life.order_id, stage=Stage.SETTLED):
        world.registry.settle([life.claim, life.claim], PAYMENT, by=life.payer)

    assert life.pool() == (1_000_000 * YUAN, 5_000 * YUAN, 0)


@pytest.mark.parametrize("field", OTHER)
def test_another_claim_is_refused(world, life, field):
    claim = altered(life.claim, field)

    with refused("EvidenceDiffers", **evidence_differs(life, claim)):
        world.registry.settle([claim], PAYMENT, by=life.payer)


@pytest.mark.parametrize("who", NOT_PAYERS)
def test_only_the_payer_settles(world, life, who):
    sender = account(world, who, life.office.region)

    with refused("NotPayer", account=sender, region=CHANGXING):
        life.settle(by=sender)


def test_the_named_payer_settles_alone(world):
    life = Life.begin(world, until="accepted", payer=KUNSHAN)

    for region in (CHANGXING, SHANGHAI):
        with refused("NotPayer", account=world.offices[region].payer, region=KUNSHAN):
            life.settle(by=world.offices[region].payer)

    assert life.settle(by=world.offices[KUNSHAN].payer).only("Settled")["order"] == life.order_id


@pytest.mark.parametrize("lab_region", [CHANGXING, SHANGHAI])
def test_without_a_named_payer_the_hosts_settles(world, lab_region):
    life = Life.begin(world, until="accepted", payer=Region(0), lab_region=lab_region)
    other = SHANGHAI if lab_region == CHANGXING else CHANGXING

    with refused("NotPayer", account=world.offices[other].payer, region=lab_region):
        life.settle(by=world.offices[other].payer)

    life.settle(by=world.offices[lab_region].payer)
    assert life.pool() == (1_000_000 * YUAN, 4_800 * YUAN, 4_800 * YUAN)


def test_a_suspended_payer_settles(world, life):
    world.suspend(CHANGXING)

    life.settle()

    assert life.state().stage == Stage.SETTLED


@pytest.mark.parametrize("what", BARS)
def test_a_barred_party_is_settled(life, what):
    bar(life, what)

    life.settle()

    assert life.state().stage == Stage.SETTLED


def test_a_settled_claim_is_paid(world, life):
    other, waiting = life.beside(subsidy=2_500 * YUAN).until("accepted"), life.beside().until("accepted")
    before, state, balance, invoice = apart_from_pool(waiting), life.state(), life.balance(), life.invoice()

    sent = world.registry.settle([life.claim, other.claim], PAYMENT, by=life.payer)

    assert [(event.name, event.values) for event in sent.events] == [
        ("Settled", {"order": each.order_id, "payment": PAYMENT, "by": life.payer.address.lower()}) for each in (life, other)
    ]
    assert life.state() == state._replace(stage=Stage.SETTLED, amount=4_800 * YUAN)
    assert other.state().amount == 2_500 * YUAN
    assert life.pool() == (1_000_000 * YUAN, (4_800 + 2_500 + 5_000) * YUAN, (4_800 + 2_500) * YUAN)
    assert (life.balance(), life.invoice()) == (balance, invoice)
    assert apart_from_pool(waiting) == before
