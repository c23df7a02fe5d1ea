"""The payer's bank has its order and the money is on its way; nobody may pull the ground away meanwhile."""

from dataclasses import replace

import pytest

from registry import codec
from registry.model import FirstReview, Id, MotionKind, Release, Time
from tests.contracts.attacks.attacker import NOBODY, fails
from tests.contracts.world import BEIJING, CHANGXING, HEBEI, KUNSHAN, SHANGHAI, STRANGER, YUAN, Life, World, digest


@pytest.fixture
def life(world: World) -> Life:
    return Life.begin(world, until="accepted", first_review=FirstReview.HOST)


@pytest.mark.parametrize("who", ["reviewer", "second_reviewer", "issuer", "admin"])
def test_no_reviewer_rejects_what_is_accepted(world: World, life: Life, who: str) -> None:
    account = getattr(life.office, who)

    with fails(world, "NotPayer", account=account, region=CHANGXING):
        life.reject(by=account)

    life.settle()
    assert life.pool()[1:] == (4_800 * YUAN, 4_800 * YUAN)


def test_no_caretaker_rejects_what_is_accepted(world: World, life: Life) -> None:
    caretaker = world.offices[BEIJING].reviewer
    world.decide(MotionKind.SUSPEND, region=CHANGXING)
    world.decide(MotionKind.NAME_CARETAKER, region=CHANGXING, account=caretaker)

    with fails(world, "NotPayer", account=caretaker, region=CHANGXING):
        life.reject(by=caretaker)

    life.settle().only("Settled")


@pytest.mark.parametrize("blow", ["lab frozen", "lab flagged", "firm flagged for ever", "home suspended", "host suspended", "withdrawn"])
def test_a_transfer_under_way_is_recordable_whatever_happened(world: World, life: Life, blow: str) -> None:
    if blow == "lab frozen":
        world.directory.freeze(life.lab.id, by=life.host.directory)
    elif blow == "lab flagged":
        world.directory.flag(life.lab.id, digest("reason"), by=life.office.directory)
    elif blow == "firm flagged for ever":
        world.directory.flag(life.firm.id, digest("reason"), by=world.offices[BEIJING].directory)
        world.directory.second(life.firm.id, digest("reason"), by=world.offices[HEBEI].directory)
    elif blow == "withdrawn":
        world.directory.withdraw([life.lab.id], by=life.office.directory)
    else:
        world.decide(MotionKind.SUSPEND, region=CHANGXING if blow == "home suspended" else SHANGHAI)

    assert life.settle().only("Settled")["payment"] == digest("payment")


def test_after_the_payer_rejected_it_does_not_settle(world: World, life: Life) -> None:
    life.reject(by=life.payer)

    with fails(world, "WrongStage", index=0, order=life.order_id, stage=2):
        life.settle()


def test_after_settlement_nobody_rejects(world: World, life: Life) -> None:
    life.settle()

    for account in (life.payer, life.office.reviewer):
        with fails(world, "WrongStage", index=0, order=life.order_id, stage=6):
            life.reject(by=account)


def test_one_transfer_is_recorded_once(world: World, life: Life) -> None:
    with fails(world, "WrongStage", index=1, order=life.order_id, stage=6):
        world.registry.settle([life.claim, life.claim], digest("payment"), by=life.payer)

    life.settle()
    with fails(world, "WrongStage", index=0, order=life.order_id, stage=6):
        life.settle()


def test_a_payer_settles_nothing_of_a_programme_that_names_another(world: World) -> None:
    life = Life.begin(world, until="accepted", payer=SHANGHAI)

    for region in (CHANGXING, KUNSHAN):
        account = world.offices[region].payer
        with fails(world, "NotPayer", account=account, region=SHANGHAI):
            life.settle(by=account)
        with fails(world, "NotPayer", account=account, region=SHANGHAI):
            life.reject(by=account)

    life.settle(by=world.offices[SHANGHAI].payer)


def test_where_each_host_pays_no_other_payer_settles(world: World) -> None:
    life = Life.begin(world, until="accepted", payer=0)

    for region in (CHANGXING, BEIJING):
        with fails(world, "NotPayer", account=world.offices[region].payer, region=SHANGHAI):
            life.settle(by=world.offices[region].payer)

    life.settle(by=world.offices[SHANGHAI].payer)


def test_one_bad_claim_in_a_bank_file_settles_none(world: World, life: Life) -> None:
    waiting = Life.begin(world, until="redeemed")

    with fails(world, "WrongStage", index=1, order=waiting.order_id, stage=3):
        world.registry.settle([life.claim, waiting.claim], digest("payment"), by=life.payer)


def test_a_claim_of_other_figures_is_not_settled(world: World, life: Life) -> None:
    more = replace(life.claim, subsidy=life.claim.subsidy + 1)
    with fails(world, "EvidenceDiffers", index=0, order=life.order_id, evidence=life.state().evidence, got=codec.evidence(more)):
        world.registry.settle([more], digest("payment"), by=life.payer)


def test_an_accepted_order_is_not_released(world: World, life: Life) -> None:
    consent = Release(Id(life.order_id), 0, Time(world.now() + 1000))
    with fails(world, "WrongStage", index=0, order=life.order_id, stage=5):
        world.registry.release(life.voucher, life.order, consent, NOBODY, by=life.lab.signer)


def test_a_stranger_settles_nothing(world: World, life: Life) -> None:
    with fails(world, "NotPayer", account=STRANGER, region=CHANGXING):
        life.settle(by=STRANGER)
