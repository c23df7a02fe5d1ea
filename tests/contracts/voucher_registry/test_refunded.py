"""The payer records that a debt came back."""

from dataclasses import replace

import pytest

from registry import codec
from registry.model import Fen, MotionKind, Region, Slice, Stage
from tests.contracts.seen import account
from tests.contracts.voucher_registry.cases import NOT_PAYERS, OTHER, altered, apart_from_pool, evidence_differs
from tests.contracts.world import CHANGXING, KUNSHAN, SHANGHAI, YUAN, Life, refused

SLICES = (Slice(Fen(100_000 * YUAN), 6000),)


@pytest.fixture
def life(world):
    """A settled claim of 4,800 yuan that was reversed whole."""
    life = Life.begin(world, until="settled", slices=SLICES)
    life.reverse()
    return life


def refunded(life, *, by=None, claim=None, redemption=None):
    filing = (claim or life.claim, redemption or life.redemption)
    return life.world.registry.refunded(filing, by=by or life.payer)


@pytest.mark.parametrize("stage", ["open", "redeemed", "accepted", "settled"])
def test_only_a_reversed_order_is_refunded(life, stage):
    other = life.beside().until(stage)

    with refused("WrongStage", index=0, order=other.order_id, stage=Stage[stage.upper()]):
        refunded(other)


def test_a_debt_comes_back_once(life):
    refunded(life)

    with refused("WrongStage", index=0, order=life.order_id, stage=Stage.REFUNDED):
        refunded(life)

    assert life.pool() == (1_000_000 * YUAN, 0, 0)


@pytest.mark.parametrize("field", OTHER)
def test_another_claim_is_refused(life, field):
    claim = altered(life.claim, field)

    with refused("EvidenceDiffers", **evidence_differs(life, claim)):
        refunded(life, claim=claim)


@pytest.mark.parametrize("changes", [{"cost": Fen(1)}, {"invoice": b"\x1a" * 32}, {"agreement": b"\x01" * 32}])
def test_another_redemption_is_refused(life, changes):
    other = replace(life.redemption, **changes)

    with refused("RedemptionMismatch", index=0, order=life.order_id, redemption=codec.id_of(other)):
        refunded(life, redemption=other)


@pytest.mark.parametrize("who", NOT_PAYERS)
def test_only_the_payer_says_that_money_came_back(world, life, who):
    sender = account(world, who, life.office.region)

    with refused("NotPayer", account=sender, region=CHANGXING):
        refunded(life, by=sender)


@pytest.mark.parametrize(("payer", "paying"), [(KUNSHAN, KUNSHAN), (Region(0), SHANGHAI)])
def test_the_programmes_payer_takes_it_back(world, payer, paying):
    life = Life.begin(world, until="settled", payer=payer)
    life.reverse()

    with refused("NotPayer", account=life.office.payer, region=paying):
        refunded(life, by=life.office.payer)

    assert refunded(life, by=world.offices[paying].payer).only("Refunded")["order"] == life.order_id


def test_a_suspended_payer_takes_it_back(world, life):
    world.suspend(CHANGXING)

    refunded(life)

    assert life.state().stage == Stage.REFUNDED


def test_all_of_it_frees_invoice_and_agreement(world, life):
    other = life.beside().until("settled")
    state, balance, before = life.state(), life.balance(), apart_from_pool(other)

    sent = refunded(life)

    freed, told = sent.events
    assert (freed.name, freed["invoice"], freed["cost"]) == ("Freed", life.redemption.invoice, 8_000 * YUAN)
    assert (told.name, told.values) == ("Refunded", {"order": life.order_id, "by": life.payer.address.lower()})
    assert life.state() == state._replace(stage=Stage.REFUNDED)
    assert life.balance() == balance == (5_000 * YUAN, 0, 4_800 * YUAN, 200 * YUAN)
    assert (life.invoice(), life.agreement()) == ((0, 0, 0, bytes(12)), 0)
    assert life.pool() == (1_000_000 * YUAN, 4_800 * YUAN, 4_800 * YUAN)
    assert apart_from_pool(other) == before


def test_part_of_it_frees_nothing(world):
    life = Life.begin(world, until="settled", slices=SLICES)
    life.reverse(recover=4_800 * YUAN - 1)
    balance, invoice = life.balance(), life.invoice()

    sent = refunded(life)

    assert [event.name for event in sent.events] == ["Refunded"]
    assert life.pool() == (1_000_000 * YUAN, 1, 1)
    assert (life.balance(), life.invoice(), life.agreement()) == (balance, invoice, 8_000 * YUAN)
    assert life.state().stage == Stage.REFUNDED


def shared_invoice(life) -> tuple[Life, Life]:
    """Two settled claims on one invoice, of 8,000 and 3,000 yuan of its 20,000."""
    amount = Fen(20_000 * YUAN)
    one, two = life.beside(), life.beside(cost=3_000 * YUAN, subsidy=1_800 * YUAN)
    one.redemption = replace(one.redemption, invoice_amount=amount)
    two.redemption = replace(two.redemption, invoice_amount=amount, invoice=one.redemption.invoice)
    one.until("settled")
    two.until("settled")
    return one, two


def test_another_claim_on_the_invoice_stays(life):
    one, two = shared_invoice(life)
    one.reverse()

    refunded(one)

    assert two.invoice() == (20_000 * YUAN, 3_000 * YUAN, 1, life.lab.tag[:12])


def test_a_voided_claim_is_not_counted_back(world, life):
    one, two = shared_invoice(life)
    motion = world.motion(MotionKind.VOID_CLAIM, region=CHANGXING, account=world.registry.address, subject=one.order_id)
    world.carry(motion)
    world.invoices.voidClaim(motion, one.claim, one.redemption, by=world.deployer)
    assert two.invoice()[1:3] == (3_000 * YUAN, 1)
    one.reverse()

    sent = refunded(one)

    assert [event.name for event in sent.events] == ["Refunded"]
    assert two.invoice() == (20_000 * YUAN, 3_000 * YUAN, 1, life.lab.tag[:12])
