"""The members, without the subject's own region, lift a flag."""

import pytest

from registry import codec
from registry.model import MotionKind
from tests.contracts.directory.parties import UNKNOWN, carry_later, lift, serve
from tests.contracts.seen import good_until, said, unchanged
from tests.contracts.world import BEIJING, CHANGXING, DAY, HEBEI, KUNSHAN, SHANGHAI, STRANGER, TIANJIN, UNTIL_LIFTED, Party, refused


@pytest.fixture(params=["firm", "lab"])
def party(request) -> Party:
    found: Party = request.getfixturevalue(request.param)
    return found


def motion_on(world, party, **changes):
    about = {"kind": MotionKind.LIFT_FLAG, "region": party.record.region, "subject": party.id} | changes
    return world.motion(about.pop("kind"), **about)


def test_an_unknown_subject_has_no_flag(world, directory):
    motion = world.motion(MotionKind.LIFT_FLAG, region=CHANGXING, subject=UNKNOWN)
    world.carry(motion)

    with refused("UnknownSubject", subject=UNKNOWN):
        directory.lift(motion, by=STRANGER)


@pytest.mark.parametrize("kind", [MotionKind.VOID_CLAIM, MotionKind.SUSPEND])
def test_a_motion_of_another_kind_lifts_nothing(world, directory, party, kind):
    world.flag(party.id)
    motion = motion_on(world, party, kind=kind)
    carry_later(world, motion)

    with refused("WrongMotion"):
        directory.lift(motion, by=STRANGER)


def test_a_motion_about_another_region_lifts_nothing(world, directory, party):
    """Otherwise the subject's own region could vote on it."""
    world.flag(party.id)
    motion = motion_on(world, party, region=TIANJIN)
    carry_later(world, motion, [CHANGXING, SHANGHAI, KUNSHAN, HEBEI])

    with refused("WrongMotion"):
        directory.lift(motion, by=STRANGER)


def test_a_motion_that_was_not_carried_lifts_nothing(world, directory, party):
    world.flag(party.id)
    motion = motion_on(world, party)
    carry_later(world, motion, [BEIJING, HEBEI, KUNSHAN])

    with refused("NotCarried", motion=codec.id_of(motion), votes=3, members=6):
        directory.lift(motion, by=STRANGER)


def test_a_motion_lifts_within_thirty_days(world, directory, party):
    world.flag(party.id)
    world.second(party.id, by=HEBEI)
    motion = motion_on(world, party)
    carried = carry_later(world, motion)
    good_until(world, carried + 30 * DAY, lambda: directory.lift(motion, by=STRANGER))

    with refused("TooLate", motion=codec.id_of(motion), until=carried + 30 * DAY):
        directory.lift(motion, by=STRANGER)


def test_a_motion_lifts_once(world, directory, party):
    world.flag(party.id, by=BEIJING)
    motion = lift(world, party)
    world.flag(party.id, by=HEBEI)

    with refused("MotionUsed", motion=codec.id_of(motion)):
        directory.lift(motion, by=STRANGER)


def test_there_is_nothing_to_lift(world, directory, party):
    motion = motion_on(world, party)
    world.carry(motion)

    with refused("NotFlagged", subject=party.id):
        directory.lift(motion, by=STRANGER)


def test_a_lapsed_flag_is_not_lifted(world, directory, party):
    until = world.flag(party.id)
    motion = motion_on(world, party)
    world.at(until - 20 * DAY)
    world.carry(motion)
    good_until(world, until, lambda: directory.lift(motion, by=STRANGER))

    with refused("NotFlagged", subject=party.id):
        directory.lift(motion, by=STRANGER)


def test_a_flag_set_after_the_vote_stands(world, directory, party):
    """Two motions were carried about one flag and one was used; the other does not lift the next region's, on which nobody voted."""
    world.flag(party.id, by=BEIJING)
    spare = motion_on(world, party)
    carried = carry_later(world, spare)
    lift(world, party)
    world.at(carried + DAY)
    world.flag(party.id, by=HEBEI)

    with unchanged(lambda: directory.flags(party.id)), refused("NotFlagged", subject=party.id):
        directory.lift(spare, by=STRANGER)


def test_a_flag_set_in_the_second_of_the_vote_stands(world, directory, party):
    """Nobody can tell then which came first."""
    motion = motion_on(world, party)
    carried = world.carry(motion).time
    world.at(carried)
    assert world.flag(party.id) == carried + 30 * DAY

    with refused("NotFlagged", subject=party.id):
        directory.lift(motion, by=STRANGER)


def test_a_flag_seconded_after_the_vote_is_lifted(world, directory, party):
    until = world.flag(party.id, by=BEIJING)
    motion = motion_on(world, party)
    world.at(until - 20 * DAY)
    world.carry(motion)
    world.second(party.id, by=HEBEI)

    directory.lift(motion, by=STRANGER)

    assert tuple(directory.flags(party.id)) == (0, 0, 0, 0)


@pytest.mark.parametrize("seconded", [False, True], ids=["alone", "seconded"])
def test_the_members_lift_a_flag(world, directory, firm, lab, neighbour, *, party, seconded):
    before = (directory.labs(party.id), directory.firms(party.id))
    for subject in (party.id, neighbour.id):
        world.flag(subject, by=BEIJING)
        world.second(subject, by=HEBEI) if seconded else None
    motion = motion_on(world, party)
    carry_later(world, motion)

    with unchanged(lambda: directory.flags(neighbour.id), lambda: directory.labs(neighbour.id)):
        sent = directory.lift(motion, by=STRANGER)

    assert directory.flags(neighbour.id).until == (UNTIL_LIFTED if seconded else directory.labs(neighbour.id).flaggedUntil)
    assert sent.events == (said("FlagLifted", subject=party.id, region=0),)
    assert tuple(directory.flags(party.id)) == (0, 0, 0, 0)
    assert (directory.labs(party.id), directory.firms(party.id)) == before
    assert directory.used(codec.id_of(motion))
    assert serve(world, firm, lab).events == ()
