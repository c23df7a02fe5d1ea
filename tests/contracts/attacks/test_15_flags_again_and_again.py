"""One region stops a firm or lab for ever, flag after flag; or takes another region's flag away."""

import pytest

from registry import codec
from registry.model import MotionKind, Role, Time
from tests.contracts.attacks.attacker import fails
from tests.contracts.world import (
    BEIJING,
    CHANGXING,
    DAY,
    HEBEI,
    SHANGHAI,
    STRANGER,
    TIANJIN,
    UNTIL_LIFTED,
    YUAN,
    Life,
    Party,
    World,
    digest,
    person,
)

REASON = digest("reason")


@pytest.fixture(params=["lab", "firm"])
def subject(request: pytest.FixtureRequest, world: World) -> Party:
    return world.lab() if request.param == "lab" else world.firm()


def test_a_region_flags_a_subject_alone_once(world: World, subject: Party) -> None:
    until = world.flag(subject.id, by=BEIJING)
    for time in (until, until + 1, until + 365 * DAY):
        world.at(time)
        with fails(world, "FlaggedBefore", subject=subject.id, region=BEIJING):
            world.flag(subject.id, by=BEIJING)


def test_taking_a_flag_back_does_not_give_a_second_one(world: World, subject: Party) -> None:
    world.flag(subject.id, by=BEIJING)
    world.directory.unflag(subject.id, by=world.offices[BEIJING].directory)

    with fails(world, "FlaggedBefore", subject=subject.id, region=BEIJING):
        world.flag(subject.id, by=BEIJING)


def test_a_new_account_does_not_give_a_region_a_second_flag(world: World, subject: Party) -> None:
    world.flag(subject.id, by=BEIJING)
    world.directory.unflag(subject.id, by=world.offices[BEIJING].directory)
    world.appoint(world.offices[BEIJING], person("another directory"), Role.DIRECTORY)

    with fails(world, "FlaggedBefore", subject=subject.id, region=BEIJING):
        world.directory.flag(subject.id, REASON, by=person("another directory"))


def test_a_region_does_not_second_its_own_flag(world: World, subject: Party) -> None:
    world.flag(subject.id, by=BEIJING)

    with fails(world, "OwnFlag", subject=subject.id, region=BEIJING):
        world.second(subject.id, by=BEIJING)


def test_a_lone_flag_ends_by_itself_after_thirty_days(world: World) -> None:
    life = Life.begin(world, hold_days=90)
    until = world.flag(life.lab.id, by=BEIJING)
    world.at(until)
    life.order = world.order(life.voucher, life.lab, 5_000 * YUAN, valid_until=Time(until + DAY))
    with fails(world, "SubjectFlagged", subject=life.lab.id, until=until):
        life.reserve()

    world.at(until + 1)
    life.order = world.order(life.voucher, life.lab, 5_000 * YUAN, valid_until=Time(until + DAY))
    life.reserve().only("Reserved")


def test_a_flag_that_lapsed_is_not_seconded_afterwards(world: World, subject: Party) -> None:
    world.at(world.flag(subject.id, by=BEIJING) + 1)

    with fails(world, "NotFlagged", subject=subject.id):
        world.second(subject.id, by=TIANJIN)


def test_a_friends_flag_does_not_use_up_the_others(world: World, subject: Party) -> None:
    """A friend flags first and takes it back, so that nobody else could: everybody else still can."""
    until = world.flag(subject.id, by=BEIJING)
    with fails(world, "SubjectFlagged", subject=subject.id, until=until):
        world.flag(subject.id, by=TIANJIN)
    world.directory.unflag(subject.id, by=world.offices[BEIJING].directory)

    world.flag(subject.id, by=TIANJIN)
    world.second(subject.id, by=HEBEI)
    with fails(world, "AlreadySeconded", subject=subject.id):
        world.directory.unflag(subject.id, by=world.offices[TIANJIN].directory)
    with fails(world, "AlreadySeconded", subject=subject.id):
        world.second(subject.id, by=BEIJING)


def test_nobody_takes_another_regions_flag_back(world: World, subject: Party) -> None:
    world.flag(subject.id, by=BEIJING)

    for region in (TIANJIN, CHANGXING, SHANGHAI):
        with fails(world, "NotOwnFlag", subject=subject.id, region=region):
            world.directory.unflag(subject.id, by=world.offices[region].directory)


@pytest.mark.parametrize("verb", ["flag", "second", "unflag"])
@pytest.mark.parametrize("who", ["issuer", "reviewer", "payer", "admin"])
def test_only_a_regions_directory_account_speaks_on_flags(world: World, subject: Party, verb: str, who: str) -> None:
    world.flag(subject.id, by=BEIJING)
    account = getattr(world.offices[TIANJIN], who)
    arguments = [subject.id] if verb == "unflag" else [subject.id, REASON]

    with fails(world, "NotDirectory", account=account, region=TIANJIN):
        getattr(world.directory, verb)(*arguments, by=account)
    with fails(world, "NotDirectory", account=STRANGER, region=0):
        getattr(world.directory, verb)(*arguments, by=STRANGER)


def test_a_suspended_region_flags_nobody(world: World, subject: Party) -> None:
    world.decide(MotionKind.SUSPEND, region=BEIJING)
    account = world.offices[BEIJING].directory

    with fails(world, "NotDirectory", account=account, region=BEIJING):
        world.flag(subject.id, by=BEIJING)


def test_a_subjects_own_region_neither_lifts_nor_votes_on_lifting(world: World) -> None:
    lab = world.lab()
    world.flag(lab.id, by=BEIJING)
    world.second(lab.id, by=TIANJIN)
    world.directory.suspend(lab.id, by=world.offices[SHANGHAI].directory)
    world.directory.reinstate(lab.id, by=world.offices[SHANGHAI].directory)
    assert world.directory.labs(lab.id).flaggedUntil == UNTIL_LIFTED

    motion = world.motion(MotionKind.LIFT_FLAG, region=SHANGHAI, subject=lab.id)
    with fails(world, "OwnCase", region=SHANGHAI):
        world.consortium.vote(motion, by=world.offices[SHANGHAI].admin)
    with fails(world, "NotCarried", motion=codec.id_of(motion), votes=0, members=6):
        world.directory.lift(motion, by=STRANGER)


@pytest.mark.parametrize("wrong", ["region", "kind"])
def test_a_motion_lifts_what_it_names_and_under_its_own_region(world: World, wrong: str) -> None:
    """Naming another region would let the subject's own vote."""
    lab = world.lab()
    world.flag(lab.id, by=BEIJING)
    kind = MotionKind.LIFT_FLAG if wrong == "region" else MotionKind.VOID_CLAIM
    motion = world.motion(kind, region=TIANJIN if wrong == "region" else SHANGHAI, subject=lab.id)
    world.carry(motion)

    with fails(world, "WrongMotion"):
        world.directory.lift(motion, by=STRANGER)


def test_a_motion_lifts_once(world: World) -> None:
    lab = world.lab()
    world.flag(lab.id, by=BEIJING)
    motion = world.decide(MotionKind.LIFT_FLAG, region=SHANGHAI, subject=lab.id)
    world.flag(lab.id, by=TIANJIN)

    with fails(world, "MotionUsed", motion=codec.id_of(motion)):
        world.directory.lift(motion, by=STRANGER)


def test_nobody_is_flagged_who_is_nobody(world: World) -> None:
    with fails(world, "UnknownSubject", subject=digest("nobody")):
        world.directory.flag(digest("nobody"), REASON, by=world.offices[BEIJING].directory)
