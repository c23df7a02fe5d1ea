"""Other contracts ask whether a motion holds."""

from dataclasses import replace

import pytest

from registry import codec
from registry.model import MotionKind
from tests.contracts.seen import asked, good_from, good_until
from tests.contracts.world import BEIJING, CHANGXING, DAY, HEBEI, REGIONS, digest, person, refused


@pytest.fixture
def motion(world):
    """To authorise a registry."""
    return world.motion(MotionKind.AUTHORISE_REGISTRY, account=person("registry"))


@pytest.fixture
def replacement(world):
    """To replace Changxing's keys."""
    return world.motion(MotionKind.REPLACE_KEYS, region=CHANGXING, account=person("new admin"), other=person("new recovery"))


@pytest.mark.parametrize("votes", [0, 1, 3])
def test_too_few_votes_carry_nothing(world, consortium, motion, votes):
    for region in REGIONS[:votes]:
        consortium.vote(motion, by=world.offices[region].admin)

    with refused("NotCarried", motion=codec.id_of(motion), votes=votes, members=6):
        asked(consortium, "requireCarried", motion)


def test_a_carried_motion_holds_at_once_and_for_thirty_days(world, consortium, motion):
    carried = world.carry(motion).time
    assert consortium.requireCarried(motion) == carried
    good_until(world, carried + 30 * DAY, lambda: asked(consortium, "requireCarried", motion))

    with refused("TooLate", motion=codec.id_of(motion), until=carried + 30 * DAY):
        asked(consortium, "requireCarried", motion)


def test_a_replacement_of_keys_waits_fourteen_days(world, consortium, replacement):
    carried = world.carry(replacement).time
    good_from(world, carried + 14 * DAY, lambda: asked(consortium, "requireCarried", replacement))

    with refused("NotYet", motion=codec.id_of(replacement), **{"from": carried + 14 * DAY}):
        asked(consortium, "requireCarried", replacement)


def test_a_replacement_of_keys_holds_for_thirty_days_more(world, consortium, replacement):
    carried = world.carry(replacement).time
    good_until(world, carried + 44 * DAY, lambda: asked(consortium, "requireCarried", replacement))

    with refused("TooLate", motion=codec.id_of(replacement), until=carried + 44 * DAY):
        asked(consortium, "requireCarried", replacement)


def test_a_vetoed_motion_holds_no_more(world, consortium, office, replacement):
    carried = world.carry(replacement).time
    consortium.veto(replacement, by=office.recovery)
    world.at(carried + 14 * DAY)

    with refused("MotionVetoed", motion=codec.id_of(replacement)):
        asked(consortium, "requireCarried", replacement)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": MotionKind.REINSTATE},
        {"region": BEIJING},
        {"account": person("x").address},
        {"other": person("x").address},
        {"subject": digest("x")},
        {"expires": 1},
        {"nonce": 0},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_was_carried_is_that_motion_alone(world, consortium, change):
    motion = world.motion(MotionKind.SUSPEND, region=HEBEI)
    world.carry(motion)
    another = replace(motion, **change)

    with refused("NotCarried", motion=codec.id_of(another), votes=0, members=6):
        asked(consortium, "requireCarried", another)
