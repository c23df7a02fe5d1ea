"""The members void a bogus claim that was settled, by name."""

from dataclasses import replace

import pytest

from registry import codec
from registry.model import MotionKind, RegistryStatus, Stage
from tests.contracts.invoices.ledger import FORGOTTEN, ORDER, claim, move_on
from tests.contracts.seen import good_until, said, unchanged
from tests.contracts.world import BEIJING, CHANGXING, DAY, HEBEI, KUNSHAN, SHANGHAI, STRANGER, TIANJIN, YUAN, Life, digest, person, refused


@pytest.fixture
def life(world):
    """A settled order of Changxing's, whose invoice holds as much again."""
    life = Life.begin(world)
    life.redemption = replace(life.redemption, invoice_amount=2 * life.redemption.cost)
    return life.until("settled")


def motion_on(world, life, **changes):
    about = {"region": CHANGXING, "account": world.registry.address, "subject": life.order_id} | changes
    return world.motion(about.pop("kind", MotionKind.VOID_CLAIM), **about)


def carried(world, life, **changes):
    motion = motion_on(world, life, **changes)
    world.carry(motion)
    return motion


def void(world, motion, life):
    return world.invoices.voidClaim(motion, life.claim, life.redemption, by=STRANGER)


def test_a_motion_that_was_not_carried_voids_nothing(world, life):
    motion = motion_on(world, life)
    world.carry(motion, [SHANGHAI, BEIJING, HEBEI])

    with refused("NotCarried", motion=codec.id_of(motion), votes=3, members=6):
        void(world, motion, life)


def test_a_motion_voids_within_thirty_days(world, life):
    motion = motion_on(world, life)
    until = world.carry(motion).time + 30 * DAY
    good_until(world, until, lambda: void(world, motion, life))

    with refused("TooLate", motion=codec.id_of(motion), until=until):
        void(world, motion, life)


def test_a_motion_that_may_be_vetoed_voids_nothing(world, life):
    motion = world.motion(MotionKind.REPLACE_KEYS, region=HEBEI, account=person("admin next"), other=person("recovery next"))
    carried = world.carry(motion).time

    with refused("NotYet", motion=codec.id_of(motion), **{"from": carried + 14 * DAY}):
        void(world, motion, life)
    world.consortium.veto(motion, by=world.offices[HEBEI].recovery)
    with refused("MotionVetoed", motion=codec.id_of(motion)):
        void(world, motion, life)


def test_a_motion_voids_once(world, life):
    motion = carried(world, life)
    void(world, motion, life)

    with refused("MotionUsed", motion=codec.id_of(motion)):
        void(world, motion, life)


def test_a_registry_that_nobody_authorised_has_no_claims(world, life):
    motion = carried(world, life, account=STRANGER)

    with refused("MayNotFree", registry=STRANGER):
        void(world, motion, life)


def test_a_claimant_that_proves_nothing_voids_nothing(world, life, claimant):
    motion = carried(world, life, account=claimant)

    with refused("Malformed"):
        void(world, motion, life)


@pytest.mark.parametrize("stage", [Stage.OPEN, Stage.REDEEMED, Stage.ACCEPTED])
def test_only_a_settled_claim_is_voided(world, stage):
    life = Life.begin(world).until(stage.name.lower())
    motion = carried(world, life)

    with refused("WrongStage", index=0, order=life.order_id, stage=stage):
        void(world, motion, life)


def test_a_refunded_claim_is_not_voided(world, life):
    life.reverse()
    life.refunded()
    motion = carried(world, life)

    with refused("WrongStage", index=0, order=life.order_id, stage=Stage.REFUNDED):
        void(world, motion, life)


@pytest.mark.parametrize(
    "change", [{"subsidy": 1}, {"lab": digest("x")}, {"endorser": STRANGER.address}], ids=lambda each: next(iter(each))
)
def test_the_claim_is_proved(world, invoices, life, change):
    motion = carried(world, life)
    forged = replace(life.claim, **change)

    with refused("EvidenceDiffers", index=0, order=life.order_id, evidence=life.state().evidence, got=codec.evidence(forged)):
        invoices.voidClaim(motion, forged, life.redemption, by=STRANGER)


@pytest.mark.parametrize("change", [{"cost": 1}, {"invoice": digest("x")}], ids=lambda each: next(iter(each)))
def test_the_redemption_is_proved(world, invoices, life, change):
    motion = carried(world, life)
    forged = replace(life.redemption, **change)

    with refused("RedemptionMismatch", index=0, order=life.order_id, redemption=codec.id_of(forged)):
        invoices.voidClaim(motion, life.claim, forged, by=STRANGER)


@pytest.mark.parametrize(
    "change",
    [{"kind": MotionKind.LIFT_FLAG}, {"kind": MotionKind.SUSPEND}, {"subject": ORDER}, {"region": TIANJIN}],
    ids=["lift a flag", "suspend", "another order", "another region"],
)
def test_a_motion_voids_the_claim_it_names(world, life, change):
    """In another region's name, the programme's own region could vote on it."""
    motion = motion_on(world, life, **change)
    world.carry(motion, [SHANGHAI, BEIJING, HEBEI, KUNSHAN])

    with refused("WrongMotion"):
        void(world, motion, life)


def test_a_claim_is_voided_once(world, life):
    void(world, carried(world, life), life)
    again = carried(world, life)

    with refused("ClaimVoided", registry=world.registry.address, order=life.order_id):
        void(world, again, life)


def test_a_settled_claim_no_longer_counts(world, invoices, life, claimant):
    claim(world, claimant, 5 * YUAN, invoice=life.redemption.invoice, amount=life.redemption.invoice_amount, seller=life.lab.tag)
    motion = carried(world, life)

    with unchanged(life.state, life.balance, life.pool, lambda: invoices.voided(claimant, life.order_id)):
        sent = void(world, motion, life)

    about = {"invoice": life.redemption.invoice, "registry": world.registry.address, "order": life.order_id}
    assert sent.events == (said("Voided", cost=life.redemption.cost, **about),)
    assert life.invoice() == (life.redemption.invoice_amount, 5 * YUAN, 1, life.lab.tag[:12])
    assert invoices.voided(world.registry.address, life.order_id)


def test_an_invoice_whose_last_claim_is_voided_is_forgotten(world, life):
    void(world, carried(world, life), life)

    assert life.invoice() == FORGOTTEN


def test_a_reversed_claim_is_voided_too(world, life):
    life.reverse(1)

    void(world, carried(world, life), life)

    assert life.invoice() == FORGOTTEN
    assert life.state().stage == Stage.REVERSED


@pytest.mark.parametrize("status", [RegistryStatus.RETIRED, RegistryStatus.CLOSED])
def test_a_former_registrys_claim_is_voided_too(world, life, status):
    move_on(world, world.registry.address, status)

    void(world, carried(world, life), life)

    assert life.invoice() == FORGOTTEN
