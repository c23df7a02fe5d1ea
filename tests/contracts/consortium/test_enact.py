"""What the members carried takes effect."""

import pytest

from registry import codec
from registry.model import NO_ADDRESS, MotionKind, Region, RegionStatus, Role
from tests.contracts.seen import OFFICE, STRANGER, account, good_from, good_until, said, unchanged
from tests.contracts.world import BEIJING, CHANGXING, DAY, HEBEI, REGIONS, SHANGHAI, TIANJIN, person, refused

JIANGSU = Region(320000)
ADMIN, RECOVERY = person("new admin"), person("new recovery")
NEW_KEYS = {"account": ADMIN, "other": RECOVERY}
ABOUT = {
    MotionKind.ADMIT: {"region": JIANGSU} | NEW_KEYS,
    MotionKind.SUSPEND: {"region": CHANGXING},
    MotionKind.REPLACE_KEYS: {"region": CHANGXING} | NEW_KEYS,
}


def carried(world, kind, **about):
    """A carried motion and when it was carried."""
    motion = world.motion(kind, **about)
    return motion, world.carry(motion).time


def enact(world, kind, **about):
    """Carry and enact a motion, a replacement of keys after its 14 days."""
    motion, time = carried(world, kind, **about)
    if kind is MotionKind.REPLACE_KEYS:
        world.at(time + 14 * DAY)
    return motion, world.consortium.enact(motion, by=STRANGER)


@pytest.mark.parametrize("kind", ABOUT)
def test_what_was_not_carried_is_not_enacted(world, consortium, kind):
    motion = world.motion(kind, **ABOUT[kind])
    world.carry(motion, [SHANGHAI, BEIJING, TIANJIN])

    with refused("NotCarried", motion=codec.id_of(motion), votes=3, members=6):
        consortium.enact(motion, by=STRANGER)


@pytest.mark.parametrize("kind", ABOUT)
def test_a_motion_is_enacted_once(world, consortium, kind):
    motion, _ = enact(world, kind, **ABOUT[kind])

    with refused("AlreadyEnacted", motion=codec.id_of(motion)):
        consortium.enact(motion, by=STRANGER)


@pytest.mark.parametrize("kind", [MotionKind.ADMIT, MotionKind.SUSPEND])
def test_a_carried_motion_lapses_after_thirty_days(world, consortium, kind):
    motion, time = carried(world, kind, **ABOUT[kind])
    good_until(world, time + 30 * DAY, lambda: consortium.enact(motion, by=STRANGER))

    with refused("TooLate", motion=codec.id_of(motion), until=time + 30 * DAY):
        consortium.enact(motion, by=STRANGER)


@pytest.mark.parametrize(
    ("kind", "region"),
    [
        (MotionKind.AUTHORISE_REGISTRY, 0),
        (MotionKind.AUTHORISE_CLAIMANT, 0),
        (MotionKind.RETIRE_REGISTRY, 0),
        (MotionKind.CLOSE_REGISTRY, 0),
        (MotionKind.VOID_CLAIM, CHANGXING),
        (MotionKind.LIFT_FLAG, CHANGXING),
    ],
)
def test_matters_of_other_contracts_are_enacted_there(world, consortium, kind, region):
    motion, _ = carried(world, kind, region=region)

    with refused("InvalidMotion", kind=kind):
        consortium.enact(motion, by=STRANGER)


# Like motions carried together


@pytest.mark.parametrize("kind", [MotionKind.SUSPEND, MotionKind.REINSTATE])
def test_what_was_undone_is_not_done_again_by_a_motion_kept_back(world, consortium, kind):
    """Two like motions are carried, one is enacted, and its effect is undone: the other stays without effect."""
    suspends = kind is MotionKind.SUSPEND
    if not suspends:
        world.decide(MotionKind.SUSPEND, region=HEBEI)
    (motion, _), (twin, time) = (carried(world, kind, region=HEBEI) for _ in range(2))
    consortium.enact(motion, by=STRANGER)
    world.decide(MotionKind.REINSTATE if suspends else MotionKind.SUSPEND, region=HEBEI)
    before = consortium.regions(HEBEI)

    with refused("MotionOvertaken", motion=codec.id_of(twin), carriedAt=time, changedAt=before.statusSince):
        consortium.enact(twin, by=STRANGER)

    assert consortium.regions(HEBEI) == before
    assert before.status == (RegionStatus.ACTIVE if suspends else RegionStatus.SUSPENDED)
    world.decide(kind, region=HEBEI)


@pytest.mark.parametrize("end", ["replaced", "dismissed"])
def test_a_caretaker_who_was_replaced_does_not_come_back(world, consortium, end):
    first, then = world.offices[BEIJING].reviewer, world.offices[SHANGHAI].reviewer
    world.decide(MotionKind.SUSPEND, region=HEBEI)
    (motion, _), (twin, time) = (carried(world, MotionKind.NAME_CARETAKER, region=HEBEI, account=first) for _ in range(2))
    consortium.enact(motion, by=STRANGER)
    if end == "replaced":
        world.decide(MotionKind.NAME_CARETAKER, region=HEBEI, account=then)
    else:
        world.decide(MotionKind.REINSTATE, region=HEBEI)
        world.decide(MotionKind.SUSPEND, region=HEBEI)
    before = consortium.regions(HEBEI)

    with refused("MotionOvertaken", motion=codec.id_of(twin), carriedAt=time, changedAt=before.caretakerSince):
        consortium.enact(twin, by=STRANGER)

    assert consortium.regions(HEBEI) == before
    assert before.caretaker == (then.address.lower() if end == "replaced" else NO_ADDRESS)


@pytest.mark.parametrize("later", [0, 1])
def test_a_motion_of_the_second_of_the_last_change_comes_before_it(world, consortium, later):
    suspension, reinstatement = (world.motion(kind, region=HEBEI) for kind in (MotionKind.SUSPEND, MotionKind.REINSTATE))
    world.carry(suspension)
    world.carry(reinstatement, [SHANGHAI, BEIJING, TIANJIN])
    second = world.now() + 100
    world.at(second)
    consortium.enact(suspension, by=STRANGER)
    world.at(second + later)
    consortium.vote(reinstatement, by=world.offices[CHANGXING].admin)

    if later:
        consortium.enact(reinstatement, by=STRANGER)
        assert consortium.regions(HEBEI).status == RegionStatus.ACTIVE
    else:
        with refused("MotionOvertaken", motion=codec.id_of(reinstatement), carriedAt=second, changedAt=second):
            consortium.enact(reinstatement, by=STRANGER)


def test_a_suspension_and_its_caretaker_are_carried_together(world, consortium):
    reviewer = world.offices[BEIJING].reviewer
    naming, _ = carried(world, MotionKind.NAME_CARETAKER, region=HEBEI, account=reviewer)
    suspension, _ = carried(world, MotionKind.SUSPEND, region=HEBEI)

    for motion in (suspension, naming):
        consortium.enact(motion, by=STRANGER)

    assert consortium.reviews(reviewer, HEBEI)


# Admit


@pytest.mark.parametrize("region", [0, 99_999, 1_000_000])
def test_a_new_member_is_named_by_six_digits(world, region):
    with refused("InvalidRegion", region=region):
        enact(world, MotionKind.ADMIT, region=region, **NEW_KEYS)


def test_a_region_is_admitted_once(world, consortium):
    again, _ = carried(world, MotionKind.ADMIT, region=JIANGSU, account=person("another admin"), other=person("another recovery"))
    enact(world, MotionKind.ADMIT, region=JIANGSU, **NEW_KEYS)

    with refused("AlreadyMember", region=JIANGSU):
        consortium.enact(again, by=STRANGER)


@pytest.mark.parametrize("key", ["account", "other"])
@pytest.mark.parametrize("who", OFFICE)
def test_a_new_members_keys_never_had_a_role(world, who, key):
    holder = account(world, who)

    with refused("AccountTaken", account=holder):
        enact(world, MotionKind.ADMIT, region=JIANGSU, **(NEW_KEYS | {key: holder}))


def test_a_new_member_has_two_keys(world):
    with refused("AccountTaken", account=ADMIN):
        enact(world, MotionKind.ADMIT, region=JIANGSU, account=ADMIN, other=ADMIN)


@pytest.mark.parametrize("key", ["account", "other"])
def test_a_new_member_has_both_keys(world, key):
    with refused("InvalidAccount", account=NO_ADDRESS):
        enact(world, MotionKind.ADMIT, region=JIANGSU, **(NEW_KEYS | {key: NO_ADDRESS}))


def test_a_region_is_admitted(world, consortium):
    with unchanged(*(lambda region=region: consortium.regions(region) for region in REGIONS)):
        motion, sent = enact(world, MotionKind.ADMIT, region=JIANGSU, **NEW_KEYS)

    assert sent.events == (
        said("Granted", account=ADMIN, region=JIANGSU, role=Role.ADMIN),
        said("Granted", account=RECOVERY, region=JIANGSU, role=Role.RECOVERY),
        said("RegionAdmitted", region=JIANGSU, admin=ADMIN, recovery=RECOVERY),
        said("Enacted", motion=codec.id_of(motion)),
    )
    assert consortium.members() == 7
    assert tuple(consortium.regions(JIANGSU)) == (ADMIN.address.lower(), RegionStatus.ACTIVE, 0, RECOVERY.address.lower(), NO_ADDRESS, 0)
    assert consortium.motions(codec.id_of(motion)).enacted
    consortium.vote(world.motion(MotionKind.SUSPEND, region=HEBEI), by=ADMIN)


# Suspend, reinstate, caretaker


def test_a_suspended_region_is_not_suspended_again(world):
    world.decide(MotionKind.SUSPEND, region=HEBEI)

    with refused("NotActive", region=HEBEI):
        enact(world, MotionKind.SUSPEND, region=HEBEI)


def test_a_region_is_suspended(world, consortium):
    before = consortium.regions(HEBEI)

    with unchanged(consortium.members, *(lambda region=region: consortium.regions(region) for region in REGIONS if region != HEBEI)):
        motion, sent = enact(world, MotionKind.SUSPEND, region=HEBEI)

    assert sent.events == (said("RegionSuspended", region=HEBEI), said("Enacted", motion=codec.id_of(motion)))
    assert consortium.regions(HEBEI) == before._replace(status=RegionStatus.SUSPENDED, statusSince=sent.time)


def test_an_active_region_is_not_reinstated(world):
    with refused("NotSuspended", region=HEBEI):
        enact(world, MotionKind.REINSTATE, region=HEBEI)


def test_a_region_is_reinstated_without_its_caretaker(world, consortium):
    before = consortium.regions(HEBEI)
    world.decide(MotionKind.SUSPEND, region=HEBEI)
    world.decide(MotionKind.NAME_CARETAKER, region=HEBEI, account=world.offices[BEIJING].reviewer)

    with unchanged(consortium.members):
        motion, sent = enact(world, MotionKind.REINSTATE, region=HEBEI)

    assert sent.events == (said("RegionReinstated", region=HEBEI), said("Enacted", motion=codec.id_of(motion)))
    assert consortium.regions(HEBEI) == before._replace(statusSince=sent.time, caretakerSince=sent.time)
    world.decide(MotionKind.SUSPEND, region=HEBEI)
    assert not consortium.reviews(world.offices[BEIJING].reviewer, HEBEI)


def test_an_active_region_has_no_caretaker(world):
    with refused("NotSuspended", region=HEBEI):
        enact(world, MotionKind.NAME_CARETAKER, region=HEBEI, account=world.offices[BEIJING].reviewer)


@pytest.mark.parametrize("who", ["stranger", "reviewer", *(f"{name} elsewhere" for name in OFFICE if name != "reviewer")])
def test_a_caretaker_is_another_regions_reviewer(world, who):
    named = account(world, who, HEBEI)
    world.decide(MotionKind.SUSPEND, region=HEBEI)

    with refused("InvalidCaretaker", account=named):
        enact(world, MotionKind.NAME_CARETAKER, region=HEBEI, account=named)


def test_a_revoked_reviewer_is_no_caretaker(world, consortium):
    beijing = world.offices[BEIJING]
    consortium.revoke(beijing.reviewer, by=beijing.admin)
    world.decide(MotionKind.SUSPEND, region=HEBEI)

    with refused("InvalidCaretaker", account=beijing.reviewer):
        enact(world, MotionKind.NAME_CARETAKER, region=HEBEI, account=beijing.reviewer)


def test_a_caretaker_is_named_and_replaced(world, consortium):
    first, then = world.offices[BEIJING].reviewer, world.offices[SHANGHAI].reviewer
    world.decide(MotionKind.SUSPEND, region=HEBEI)
    before = consortium.regions(HEBEI)
    world.decide(MotionKind.NAME_CARETAKER, region=HEBEI, account=first)

    with unchanged(lambda: consortium.accounts(first), lambda: consortium.accounts(then), lambda: consortium.regions(SHANGHAI)):
        motion, sent = enact(world, MotionKind.NAME_CARETAKER, region=HEBEI, account=then)

    assert sent.events == (said("CaretakerNamed", region=HEBEI, caretaker=then), said("Enacted", motion=codec.id_of(motion)))
    assert consortium.regions(HEBEI) == before._replace(caretaker=then.address.lower(), caretakerSince=sent.time)


# Replace keys


def test_keys_are_replaced_fourteen_days_after_carrying_to_the_second(world, consortium):
    motion, time = carried(world, MotionKind.REPLACE_KEYS, **ABOUT[MotionKind.REPLACE_KEYS])
    good_from(world, time + 14 * DAY, lambda: consortium.enact(motion, by=STRANGER))

    with refused("NotYet", motion=codec.id_of(motion), **{"from": time + 14 * DAY}):
        consortium.enact(motion, by=STRANGER)


def test_a_replacement_lapses_thirty_days_after_it_could_take_effect(world, consortium):
    motion, time = carried(world, MotionKind.REPLACE_KEYS, **ABOUT[MotionKind.REPLACE_KEYS])
    good_until(world, time + 44 * DAY, lambda: consortium.enact(motion, by=STRANGER))

    with refused("TooLate", motion=codec.id_of(motion), until=time + 44 * DAY):
        consortium.enact(motion, by=STRANGER)


@pytest.mark.parametrize("seconds", [1, 14 * DAY - 1, 14 * DAY, 44 * DAY])
def test_a_vetoed_replacement_never_takes_effect(world, consortium, office, seconds):
    motion, time = carried(world, MotionKind.REPLACE_KEYS, **ABOUT[MotionKind.REPLACE_KEYS])
    world.at(time + seconds - 1)
    consortium.veto(motion, by=office.recovery)
    world.at(time + seconds)

    with refused("MotionVetoed", motion=codec.id_of(motion)):
        consortium.enact(motion, by=STRANGER)


@pytest.mark.parametrize("key", ["account", "other"])
@pytest.mark.parametrize("who", [*OFFICE, *(f"{name} elsewhere" for name in OFFICE)])
def test_replacing_keys_never_had_a_role(world, who, key):
    holder = account(world, who)

    with refused("AccountTaken", account=holder):
        enact(world, MotionKind.REPLACE_KEYS, region=CHANGXING, **(NEW_KEYS | {key: holder}))


@pytest.mark.parametrize("key", ["account", "other"])
def test_replacing_keys_are_somebodys(world, key):
    with refused("InvalidAccount", account=NO_ADDRESS):
        enact(world, MotionKind.REPLACE_KEYS, region=CHANGXING, **(NEW_KEYS | {key: NO_ADDRESS}))


def test_the_same_keys_do_not_come_twice(world, consortium):
    """A key that was replaced since is taken for ever, so no like motion kept back brings it again."""
    twin, _ = carried(world, MotionKind.REPLACE_KEYS, **ABOUT[MotionKind.REPLACE_KEYS])
    enact(world, MotionKind.REPLACE_KEYS, **ABOUT[MotionKind.REPLACE_KEYS])
    consortium.recover(person("newest admin"), by=RECOVERY)

    with refused("AccountTaken", account=ADMIN):
        consortium.enact(twin, by=STRANGER)


@pytest.mark.parametrize("key", [ADMIN, RECOVERY], ids=["admin", "recovery"])
def test_a_thief_cannot_spoil_the_replacement_of_its_key(world, consortium, office, key):
    """The motion names the new keys in public for 14 days; an offer to one of them must not hold off the members for ever."""
    motion, time = carried(world, MotionKind.REPLACE_KEYS, **ABOUT[MotionKind.REPLACE_KEYS])
    consortium.offer(key, Role.PAYER, by=office.admin)
    world.at(time + 14 * DAY)

    consortium.enact(motion, by=STRANGER)

    region = consortium.regions(CHANGXING)
    assert (region.admin, region.recovery) == (ADMIN.address.lower(), RECOVERY.address.lower())
    assert tuple(consortium.accounts(ADMIN)) == (CHANGXING, Role.ADMIN, True)
    assert tuple(consortium.accounts(RECOVERY)) == (CHANGXING, Role.RECOVERY, True)
    assert not consortium.holds(key, CHANGXING, Role.PAYER)


def test_both_keys_are_replaced(world, consortium, office):
    others = [lambda name=name: consortium.accounts(getattr(office, name)) for name in OFFICE[2:]]
    consortium.rotateRecovery(person("cold key"), by=office.recovery)

    with unchanged(*others, consortium.members, lambda: consortium.regions(BEIJING)):
        motion, sent = enact(world, MotionKind.REPLACE_KEYS, **ABOUT[MotionKind.REPLACE_KEYS])

    assert sent.events == (
        said("Granted", account=ADMIN, region=CHANGXING, role=Role.ADMIN),
        said("Granted", account=RECOVERY, region=CHANGXING, role=Role.RECOVERY),
        said("KeysReplaced", region=CHANGXING, admin=ADMIN, recovery=RECOVERY),
        said("Enacted", motion=codec.id_of(motion)),
    )
    assert tuple(consortium.regions(CHANGXING)) == (ADMIN.address.lower(), RegionStatus.ACTIVE, 0, RECOVERY.address.lower(), NO_ADDRESS, 0)
    assert tuple(consortium.offeredKeys(CHANGXING)) == (NO_ADDRESS, NO_ADDRESS)
    assert tuple(consortium.accounts(office.admin)) == (CHANGXING, Role.ADMIN, False)
    assert tuple(consortium.accounts(office.recovery)) == (CHANGXING, Role.RECOVERY, False)


def test_a_suspended_regions_keys_are_replaced(world, consortium):
    world.decide(MotionKind.SUSPEND, region=CHANGXING)

    enact(world, MotionKind.REPLACE_KEYS, **ABOUT[MotionKind.REPLACE_KEYS])

    region = consortium.regions(CHANGXING)
    assert (region.admin, region.status) == (ADMIN.address.lower(), RegionStatus.SUSPENDED)
