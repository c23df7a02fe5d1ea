"""
Of two like motions carried together one is enacted and its effect undone; the other is kept back and enacted then.

Members who vote twice for the same, because the first motion seemed lost or was mistyped, would leave anybody a second
suspension, reinstatement or caretaker to put into effect within 30 days, against what they decided since.
"""

import pytest

from registry import codec
from registry.model import Motion, MotionKind, RegionStatus
from tests.contracts.attacks.attacker import fails
from tests.contracts.world import BEIJING, DAY, HEBEI, SHANGHAI, World, person

STRANGER = person("stranger")


def twins(world: World, kind: MotionKind, **about: object) -> tuple[Motion, Motion]:
    """Two like motions, both carried."""
    first, second = (world.motion(kind, region=HEBEI, **about) for _ in range(2))
    for each in (first, second):
        world.carry(each)
    return first, second


def carried_at(world: World, motion: Motion) -> int:
    return int(world.consortium.motions(codec.id_of(motion)).carriedAt)


def status(world: World) -> RegionStatus:
    return RegionStatus(world.consortium.regions(HEBEI).status)


@pytest.mark.parametrize("days", [0, 29])
def test_a_twin_does_not_suspend_a_region_that_was_reinstated(world: World, days: int) -> None:
    motion, twin = twins(world, MotionKind.SUSPEND)
    world.consortium.enact(motion, by=STRANGER)
    world.decide(MotionKind.REINSTATE, region=HEBEI)
    changed = world.consortium.regions(HEBEI).statusSince
    world.node.jump(days * DAY + 1)

    with fails(world, "MotionOvertaken", motion=codec.id_of(twin), carriedAt=carried_at(world, twin), changedAt=changed):
        world.consortium.enact(twin, by=STRANGER)

    assert status(world) is RegionStatus.ACTIVE


def test_a_twin_does_not_reinstate_a_region_that_was_suspended_again(world: World) -> None:
    world.decide(MotionKind.SUSPEND, region=HEBEI)
    motion, twin = twins(world, MotionKind.REINSTATE)
    world.consortium.enact(motion, by=STRANGER)
    world.decide(MotionKind.SUSPEND, region=HEBEI)
    changed = world.consortium.regions(HEBEI).statusSince

    with fails(world, "MotionOvertaken", motion=codec.id_of(twin), carriedAt=carried_at(world, twin), changedAt=changed):
        world.consortium.enact(twin, by=STRANGER)

    assert status(world) is RegionStatus.SUSPENDED


def test_a_reinstatement_carried_beforehand_does_not_undo_a_suspension(world: World) -> None:
    """Carried while there was nothing to reinstate, it would wait for whatever suspension comes."""
    ahead = world.motion(MotionKind.REINSTATE, region=HEBEI)
    world.carry(ahead)
    world.decide(MotionKind.SUSPEND, region=HEBEI)
    changed = world.consortium.regions(HEBEI).statusSince

    with fails(world, "MotionOvertaken", motion=codec.id_of(ahead), carriedAt=carried_at(world, ahead), changedAt=changed):
        world.consortium.enact(ahead, by=STRANGER)


def test_a_twin_does_not_bring_a_caretaker_back_who_was_replaced(world: World) -> None:
    bad, good = world.offices[BEIJING].reviewer, world.offices[SHANGHAI].reviewer
    world.decide(MotionKind.SUSPEND, region=HEBEI)
    motion, twin = twins(world, MotionKind.NAME_CARETAKER, account=bad)
    world.consortium.enact(motion, by=STRANGER)
    world.decide(MotionKind.NAME_CARETAKER, region=HEBEI, account=good)
    changed = world.consortium.regions(HEBEI).caretakerSince

    with fails(world, "MotionOvertaken", motion=codec.id_of(twin), carriedAt=carried_at(world, twin), changedAt=changed):
        world.consortium.enact(twin, by=STRANGER)

    assert world.consortium.reviews(good, HEBEI)


def test_a_caretaker_of_one_suspension_is_not_named_for_the_next(world: World) -> None:
    reviewer = world.offices[BEIJING].reviewer
    kept = world.motion(MotionKind.NAME_CARETAKER, region=HEBEI, account=reviewer)
    world.carry(kept)
    for kind in (MotionKind.SUSPEND, MotionKind.REINSTATE, MotionKind.SUSPEND):
        world.decide(kind, region=HEBEI)
    changed = world.consortium.regions(HEBEI).caretakerSince

    with fails(world, "MotionOvertaken", motion=codec.id_of(kept), carriedAt=carried_at(world, kept), changedAt=changed):
        world.consortium.enact(kept, by=STRANGER)

    assert not world.consortium.reviews(reviewer, HEBEI)


def test_what_one_region_decides_about_another_leaves_a_third_ones_motion_alone(world: World) -> None:
    motion = world.motion(MotionKind.SUSPEND, region=HEBEI)
    world.carry(motion)
    for kind in (MotionKind.SUSPEND, MotionKind.REINSTATE):
        world.decide(kind, region=SHANGHAI)

    world.consortium.enact(motion, by=STRANGER)

    assert status(world) is RegionStatus.SUSPENDED


def test_a_twin_does_not_bring_replaced_keys_back(world: World) -> None:
    """A key is given once for ever: what replaced it stays."""
    keys = {"account": person("next admin"), "other": person("next recovery")}
    motion, twin = twins(world, MotionKind.REPLACE_KEYS, **keys)
    world.at(carried_at(world, twin) + 14 * DAY)
    world.consortium.enact(motion, by=STRANGER)
    world.consortium.recover(person("later admin"), by=keys["other"])

    with fails(world, "AccountTaken", account=keys["account"]):
        world.consortium.enact(twin, by=STRANGER)
