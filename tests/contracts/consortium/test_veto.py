"""A region's cold key keeps its region's keys."""

import pytest

from registry import codec
from registry.model import MotionKind, Role
from tests.contracts.seen import account, said, unchanged
from tests.contracts.world import CHANGXING, DAY, HEBEI, person, refused


@pytest.fixture
def motion(world):
    """To replace Changxing's keys."""
    return replacement(world)


def replacement(world):
    return world.motion(MotionKind.REPLACE_KEYS, region=CHANGXING, account=person("new admin"), other=person("new recovery"))


@pytest.mark.parametrize("kind", [each for each in MotionKind if each is not MotionKind.REPLACE_KEYS])
def test_only_a_replacement_of_keys_is_vetoed(world, consortium, office, kind):
    with refused("InvalidMotion", kind=kind):
        consortium.veto(world.motion(kind, region=CHANGXING), by=office.recovery)


@pytest.mark.parametrize("who", ["stranger", "admin", "reviewer", "recovery elsewhere"])
def test_only_the_regions_recovery_key_vetoes(world, consortium, motion, who):
    sender = account(world, who)

    with refused("NotRecovery", account=sender):
        consortium.veto(motion, by=sender)


def test_a_replaced_recovery_key_vetoes_nothing(consortium, office, motion):
    consortium.rotateRecovery(person("cold key"), by=office.recovery)
    consortium.takeUp(office.region, Role.RECOVERY, by=person("cold key"))

    with refused("NotRecovery", account=office.recovery):
        consortium.veto(motion, by=office.recovery)


def test_a_veto_comes_too_late_after_enactment(world, consortium, motion):
    world.at(world.carry(motion).time + 14 * DAY)
    consortium.enact(motion, by=person("stranger"))

    with refused("AlreadyEnacted", motion=codec.id_of(motion)):
        consortium.veto(motion, by=person("new recovery"))


@pytest.mark.parametrize("days", [None, 0, 13, 14, 30])
def test_a_veto_stops_the_replacement(world, consortium, office, motion, days):
    """Before any vote, just after it was carried, and on any day until somebody enacted it."""
    if days is None:
        sent = consortium.veto(motion, by=office.recovery)
        carried = world.carry(motion).time
    else:
        carried = world.carry(motion).time
        world.at(carried + days * DAY + 1)
        sent = consortium.veto(motion, by=office.recovery)

    assert sent.events == (said("Vetoed", motion=codec.id_of(motion)),)
    assert tuple(consortium.motions(codec.id_of(motion))) == (4, carried, True, False)
    world.at(carried + 31 * DAY)
    with unchanged(lambda: consortium.regions(CHANGXING)), refused("MotionVetoed", motion=codec.id_of(motion)):
        consortium.enact(motion, by=person("stranger"))


def test_a_veto_stops_that_motion_alone(world, consortium, office, motion):
    again = replacement(world)
    consortium.vote(again, by=world.offices[HEBEI].admin)

    with unchanged(lambda: consortium.motions(codec.id_of(again)), lambda: consortium.regions(CHANGXING)):
        consortium.veto(motion, by=office.recovery)


def test_a_suspended_region_vetoes(world, consortium, office, motion):
    world.decide(MotionKind.SUSPEND, region=CHANGXING)
    world.carry(motion)

    consortium.veto(motion, by=office.recovery)

    assert consortium.motions(codec.id_of(motion)).vetoed
