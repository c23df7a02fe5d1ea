"""A firm takes an order back after the service, or a reviewer does it for a friend."""

import pytest

from registry import codec
from registry.model import Approval, Id, MotionKind, Release, Signatures, Time
from tests.contracts.attacks.attacker import NOBODY, fails, signer_of
from tests.contracts.world import BEIJING, CHANGXING, DAY, HEBEI, STRANGER, UNSIGNED, YUAN, Life, World, digest

GRACE = 30 * DAY


def consent(life: Life, attempt: int = 0) -> Release:
    return Release(Id(life.order_id), attempt, Time(life.world.now() + 7 * DAY))


@pytest.fixture
def life(world: World) -> Life:
    """An order that the lab served and nobody redeemed yet."""
    return Life.begin(world, until="open")


def test_a_firm_does_not_release_by_itself(world: World, life: Life) -> None:
    with fails(world, "NotSignedBy", signer=life.lab.signer, got=life.firm.signer):
        world.registry.release(life.voucher, life.order, consent(life), NOBODY, by=life.firm.signer)


def test_a_firms_signature_is_not_the_labs(world: World, life: Life) -> None:
    release = consent(life)
    firm = world.sign(release, life.firm.signer)

    with fails(world, "NotSignedBy", signer=life.lab.signer, got=life.firm.signer):
        world.registry.release(life.voucher, life.order, release, Signatures(firm=firm, lab=firm), by=life.firm.signer)


def test_the_labs_word_on_the_order_is_not_its_word_on_a_release(world: World, life: Life) -> None:
    release, order_signature = consent(life), world.sign(life.order, life.lab.signer)

    with fails(world, "NotSignedBy", signer=life.lab.signer, got=signer_of(world, release, order_signature)):
        world.registry.release(life.voucher, life.order, release, Signatures(firm=UNSIGNED, lab=order_signature), by=life.firm.signer)


@pytest.mark.parametrize("who", ["reviewer", "second_reviewer", "issuer", "payer", "directory", "admin"])
def test_no_office_releases_an_order_in_good_standing(world: World, life: Life, who: str) -> None:
    account = getattr(life.office, who)

    with fails(world, "NotSignedBy", signer=life.lab.signer, got=account):
        world.registry.release(life.voucher, life.order, consent(life), NOBODY, by=account)


@pytest.mark.parametrize("party", ["lab", "firm"])
def test_a_reviewer_does_not_release_on_a_flag_that_nobody_seconded(world: World, life: Life, party: str) -> None:
    subject, reviewer = getattr(life, party).id, life.office.reviewer
    world.directory.flag(subject, digest("suspicion"), by=life.office.directory)

    with fails(world, "NotSignedBy", signer=life.lab.signer, got=reviewer):
        world.registry.release(life.voucher, life.order, consent(life), NOBODY, by=reviewer)

    world.directory.second(subject, digest("proof"), by=world.offices[HEBEI].directory)
    assert world.registry.release(life.voucher, life.order, consent(life), NOBODY, by=reviewer).only("Released")["lapsed"] is False
    assert (life.balance(), life.pool()[1]) == ((10_000 * YUAN, 0, 0, 0), 0)


def test_a_lifted_flag_gives_a_reviewer_nothing(world: World, life: Life) -> None:
    world.directory.flag(life.lab.id, digest("suspicion"), by=life.office.directory)
    world.directory.unflag(life.lab.id, by=life.office.directory)

    with fails(world, "NotSignedBy", signer=life.lab.signer, got=life.office.reviewer):
        world.registry.release(life.voucher, life.order, consent(life), NOBODY, by=life.office.reviewer)


@pytest.mark.parametrize("verb", ["suspend", "exit", "freeze"])
def test_where_the_lab_is_gone_only_the_programmes_own_reviewer_releases(world: World, life: Life, verb: str) -> None:
    getattr(world.directory, verb)(life.lab.id, by=life.host.directory)

    for stranger in (life.host.reviewer, world.offices[BEIJING].reviewer, life.office.payer, STRANGER, life.firm.signer):
        with fails(world, "NotSignedBy", signer=life.lab.signer, got=stranger):
            world.registry.release(life.voucher, life.order, consent(life), NOBODY, by=stranger)

    world.registry.release(life.voucher, life.order, consent(life), NOBODY, by=life.office.reviewer).only("Released")
    assert (life.balance(), life.pool()[1]) == ((10_000 * YUAN, 0, 0, 0), 0)


def test_reviewer_of_a_suspended_region_and_its_caretaker_release_nothing(world: World, life: Life) -> None:
    caretaker = world.offices[BEIJING].reviewer
    world.directory.suspend(life.lab.id, by=life.host.directory)
    world.decide(MotionKind.SUSPEND, region=CHANGXING)
    world.decide(MotionKind.NAME_CARETAKER, region=CHANGXING, account=caretaker)

    for account in (life.office.reviewer, caretaker):
        with fails(world, "NotSignedBy", signer=life.lab.signer, got=account):
            world.registry.release(life.voucher, life.order, consent(life), NOBODY, by=account)


def test_anyone_releases_only_after_thirty_days_beyond_the_deadline(world: World, life: Life) -> None:
    last = life.state().deadline + GRACE
    for time in (life.state().deadline, life.state().deadline + 1, last):
        world.at(time)
        with fails(world, "NotSignedBy", signer=life.lab.signer, got=life.firm.signer):
            world.registry.release(life.voucher, life.order, Release(Id(life.order_id), 0, Time(last)), NOBODY, by=life.firm.signer)

    world.at(last + 1)
    world.registry.release(life.voucher, life.order, consent(life), NOBODY, by=life.firm.signer).only("Released")


@pytest.mark.parametrize("stage", ["redeemed", "accepted", "settled"])
def test_what_is_redeemed_is_not_released_by_anyone_ever(world: World, stage: str) -> None:
    life = Life.begin(world, until=stage)
    number = life.state().stage
    world.at(life.state().deadline + GRACE + 1)

    for account in (life.firm.signer, life.lab.signer, life.office.reviewer):
        with fails(world, "WrongStage", index=0, order=life.order_id, stage=number):
            world.registry.release(life.voucher, life.order, consent(life), NOBODY, by=account)


def test_a_firm_does_not_release_what_still_waits_for_approval(world: World) -> None:
    life = Life.begin(world, until="reserved", approval=Approval.ALWAYS)

    with fails(world, "NotSignedBy", signer=life.lab.signer, got=life.firm.signer):
        world.registry.release(life.voucher, life.order, consent(life), NOBODY, by=life.firm.signer)


def test_a_consent_holds_for_its_own_order_and_until_its_own_time(world: World, life: Life) -> None:
    other = Life.begin(world, until="open")
    with fails(world, "OrderMismatch", order=life.order_id, named=other.order_id):
        world.registry.release(life.voucher, life.order, consent(other), NOBODY, by=life.lab.signer)

    stale = Release(Id(life.order_id), 0, Time(world.now()))
    world.at(stale.valid_until + 1)
    with fails(world, "SignatureExpired", validUntil=stale.valid_until):
        world.registry.release(life.voucher, life.order, stale, NOBODY, by=life.lab.signer)


def test_an_order_is_not_released_through_another_voucher(world: World, life: Life) -> None:
    other = world.voucher(life.programme, life.firm)

    with fails(world, "VoucherMismatch", index=0, order=life.order_id, voucher=codec.id_of(other)):
        world.registry.release(other, life.order, consent(life), NOBODY, by=life.lab.signer)
