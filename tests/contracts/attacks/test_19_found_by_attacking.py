"""Attacks beyond the list that succeeded when they were first tried."""

from dataclasses import replace

import pytest

from registry.model import Fen, MotionKind, Release
from tests.contracts.attacks.attacker import fails
from tests.contracts.voucher_registry.cases import skip_to_attempt
from tests.contracts.world import (
    BEIJING,
    CHANGXING,
    HEBEI,
    STRANGER,
    TIANJIN,
    UNTIL_LIFTED,
    YUAN,
    Life,
    World,
    digest,
    person,
)

# Parties


def test_a_thief_of_a_firms_key_does_not_keep_it_for_ever_by_veto(world: World) -> None:
    """The office needs three days and the current key may veto; the thief is the current key, even while two regions stop the firm."""
    firm, office = world.firm(), world.offices[CHANGXING]
    thief = person("thief with the firm's phone")
    world.directory.rotate(firm.id, thief, by=firm.signer)
    world.directory.flag(firm.id, digest("key stolen"), by=office.directory)
    world.directory.second(firm.id, digest("key stolen"), by=world.offices[BEIJING].directory)
    ready = world.directory.rotate(firm.id, person("the firm's new phone"), by=office.directory).only("RotationProposed")["from"]

    with fails(world, "SubjectFlagged", subject=firm.id, until=UNTIL_LIFTED):
        world.directory.vetoRotation(firm.id, by=thief)

    world.at(ready)
    world.directory.completeRotation(firm.id, by=STRANGER)
    assert world.directory.firms(firm.id).signer == person("the firm's new phone").address.lower()


def test_a_thief_of_a_firms_key_does_not_outrun_the_office_by_rotating_again(world: World) -> None:
    """Rotating to another key of its own deletes the office's proposal just as a veto does."""
    firm, office = world.firm(), world.offices[CHANGXING]
    world.directory.flag(firm.id, digest("key stolen"), by=office.directory)
    world.directory.second(firm.id, digest("key stolen"), by=world.offices[BEIJING].directory)
    ready = world.directory.rotate(firm.id, person("the firm's new phone"), by=office.directory).only("RotationProposed")["from"]
    with fails(world, "SubjectFlagged", subject=firm.id, until=UNTIL_LIFTED):
        world.directory.rotate(firm.id, person("thief's second phone"), by=firm.signer)

    world.at(ready)
    world.directory.completeRotation(firm.id, by=STRANGER)
    assert world.directory.firms(firm.id).signer == person("the firm's new phone").address.lower()


# Invoices


@pytest.mark.parametrize("recover", [1, 4_800 * YUAN - 1])
def test_a_bogus_claim_of_which_part_was_refunded_is_still_voided(world: World, recover: int) -> None:
    """A partial refund frees nothing and ends in Refunded, which `requireSettled` refuses: the honest seller is shut out for ever."""
    honest = Life.begin(world, until="open")
    bogus = Life.begin(world)
    bogus.redemption = replace(bogus.redemption, invoice=honest.redemption.invoice)
    bogus.until("settled")
    world.registry.reverse(bogus.claim, recover, digest("fraud"), by=bogus.office.reviewer)
    world.registry.refunded(bogus.filing, by=bogus.payer)
    motion = world.motion(MotionKind.VOID_CLAIM, region=CHANGXING, account=world.registry.address, subject=bogus.order_id)
    world.carry(motion)

    world.invoices.voidClaim(motion, bogus.claim, bogus.redemption, by=STRANGER).only("Voided")

    honest.redeem()
    assert honest.invoice() == (honest.redemption.invoice_amount, honest.redemption.cost, 1, honest.lab.tag[:12])


def test_no_claim_is_made_on_the_last_attempt_that_fits_and_so_none_that_cannot_be_sent_back(world: World) -> None:
    life = Life.begin(world, until="open")
    skip_to_attempt(life, 255)

    with fails(world, "TooManyAttempts", order=life.order_id):
        life.redeem()

    consent = Release(life.order_id, 255, life.redemption.valid_until)
    signatures = world.signed(consent, life.firm, life.lab)
    world.registry.release(life.voucher, life.order, consent, signatures, by=STRANGER).only("Released")


# Motions


def test_a_motion_to_lift_one_flag_does_not_lift_a_later_one(world: World) -> None:
    """Carried against a lone flag that its region then took back, it is kept in a drawer for the next, graver one."""
    firm = world.firm()
    offices = world.offices
    world.directory.flag(firm.id, digest("a misunderstanding"), by=offices[BEIJING].directory)
    motion = world.motion(MotionKind.LIFT_FLAG, region=CHANGXING, subject=firm.id)
    world.carry(motion)
    world.directory.unflag(firm.id, by=offices[BEIJING].directory)
    world.directory.flag(firm.id, digest("fraud"), by=offices[TIANJIN].directory)
    world.directory.second(firm.id, digest("fraud"), by=offices[HEBEI].directory)

    with fails(world, "NotFlagged", subject=firm.id):
        world.directory.lift(motion, by=STRANGER)


# Vouchers


def test_what_acceptance_leaves_of_a_joint_voucher_lapses(world: World) -> None:
    """Were half of the notes available again, no order could ever take them: a joint voucher is reserved whole."""
    first = Life.begin(world, until="open", min_partners=2, amount=10_000 * YUAN, voucher={"denomination": Fen(1_000 * YUAN)})
    partner = replace(first, firm=world.firm())
    partner.voucher = world.voucher(first.programme, partner.firm)
    partner.order = world.order(partner.voucher, first.lab)
    partner.reserve()
    first.redeem()
    first.accept()

    assert first.balance() == (0, 0, 4_800 * YUAN, 5_200 * YUAN)
    assert partner.balance() == (0, 10_000 * YUAN, 0, 0)
