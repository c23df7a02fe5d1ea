"""Regions decide together, each through its admin."""

from dataclasses import replace

import pytest

from registry import codec
from registry.model import MotionKind, Region
from tests.contracts.attacks.attacker import with_word
from tests.contracts.seen import OFFICE, account, good_until, said, unchanged
from tests.contracts.world import BEIJING, CHANGXING, DAY, HEBEI, KUNSHAN, REGIONS, SHANGHAI, TIANJIN, digest, person, refused

JIANGSU = Region(320000)
OF_LEDGER = [
    MotionKind.AUTHORISE_REGISTRY,
    MotionKind.RETIRE_REGISTRY,
    MotionKind.CLOSE_REGISTRY,
    MotionKind.AUTHORISE_CLAIMANT,
]
OF_REGION = [
    MotionKind.SUSPEND,
    MotionKind.REINSTATE,
    MotionKind.NAME_CARETAKER,
    MotionKind.REPLACE_KEYS,
    MotionKind.VOID_CLAIM,
    MotionKind.LIFT_FLAG,
]


@pytest.fixture
def motion(world):
    """To suspend Hebei."""
    return world.motion(MotionKind.SUSPEND, region=HEBEI)


@pytest.mark.parametrize("who", ["stranger", *(name for name in OFFICE if name != "admin")])
def test_only_an_admin_votes(world, consortium, motion, who):
    sender = account(world, who)

    with refused("NotAdmin", account=sender):
        consortium.vote(motion, by=sender)


def test_a_replaced_admin_has_no_vote(consortium, office, motion):
    consortium.recover(person("new admin"), by=office.recovery)

    with refused("NotAdmin", account=office.admin):
        consortium.vote(motion, by=office.admin)


def test_a_motion_expires(world, consortium, office, motion):
    good_until(world, motion.expires, lambda: consortium.vote(motion, by=office.admin))

    with refused("MotionExpired", motion=codec.id_of(motion), expires=motion.expires):
        consortium.vote(motion, by=office.admin)


def test_a_motion_lives_at_most_ninety_days(world, consortium, office, motion):
    start = world.now() + 100
    motion = replace(motion, expires=start + 90 * DAY)

    world.at(start - 1)
    with refused("MotionTooLong", expires=start + 90 * DAY, latest=start - 1 + 90 * DAY):
        consortium.vote(motion, by=office.admin)
    world.at(start)
    consortium.vote(motion, by=office.admin)

    assert consortium.voted(codec.id_of(motion), CHANGXING)


@pytest.mark.parametrize("kind", OF_REGION)
def test_nobody_votes_on_its_own_case(world, consortium, kind):
    motion = world.motion(kind, region=CHANGXING)

    with refused("OwnCase", region=CHANGXING):
        consortium.vote(motion, by=world.offices[CHANGXING].admin)


def test_a_region_votes_once(consortium, office, motion):
    consortium.vote(motion, by=office.admin)

    with refused("AlreadyVoted", motion=codec.id_of(motion), region=CHANGXING):
        consortium.vote(motion, by=office.admin)


def test_a_new_admin_does_not_vote_again(world, consortium, office, motion):
    successor = person("new admin")
    consortium.vote(motion, by=office.admin)
    world.replace_admin(office, successor)

    with refused("AlreadyVoted", motion=codec.id_of(motion), region=CHANGXING):
        consortium.vote(motion, by=successor)


@pytest.mark.parametrize("region", [0, HEBEI])
def test_a_motion_is_of_a_kind(world, consortium, office, region):
    with refused("InvalidMotion", kind=MotionKind.NONE):
        consortium.vote(world.motion(MotionKind.NONE, region=region), by=office.admin)


def test_a_kind_beyond_the_last_is_malformed(world, consortium, office, motion):
    with refused("Malformed"):
        world.send(office.admin, consortium.address, with_word(consortium.encode("vote", motion), 0, max(MotionKind) + 1))


def test_a_member_is_not_admitted_again(world, consortium, office):
    with refused("AlreadyMember", region=HEBEI):
        consortium.vote(world.motion(MotionKind.ADMIT, region=HEBEI), by=office.admin)


@pytest.mark.parametrize("region", [HEBEI, JIANGSU])
@pytest.mark.parametrize("kind", OF_LEDGER)
def test_a_motion_on_the_ledger_is_no_regions_case(world, consortium, office, kind, region):
    with refused("InvalidRegion", region=region):
        consortium.vote(world.motion(kind, region=region), by=office.admin)


@pytest.mark.parametrize("region", [0, JIANGSU])
@pytest.mark.parametrize("kind", OF_REGION)
def test_a_motion_on_a_region_names_a_member(world, consortium, office, kind, region):
    with refused("UnknownRegion", region=region):
        consortium.vote(world.motion(kind, region=region), by=office.admin)


def test_a_first_vote_proposes(world, consortium, office):
    motion = world.motion(MotionKind.NAME_CARETAKER, region=HEBEI, account=office.reviewer, other=person("x"), subject=digest("x"))
    motion_id = codec.id_of(motion)

    with unchanged(lambda: consortium.regions(HEBEI), lambda: consortium.voted(motion_id, BEIJING)):
        sent = consortium.vote(motion, by=office.admin)

    assert consortium.motionId(motion) == motion_id
    assert sent.events == (said("Voted", motion=motion_id, region=CHANGXING, record=motion, carried=False),)
    assert tuple(consortium.motions(motion_id)) == (1, 0, False, False)
    assert consortium.voted(motion_id, CHANGXING)


@pytest.mark.parametrize("kind", [each for each in MotionKind if each is not MotionKind.NONE])
def test_every_kind_is_voted_on(world, consortium, office, kind):
    region = 0 if kind in OF_LEDGER else JIANGSU if kind is MotionKind.ADMIT else HEBEI
    motion = world.motion(kind, region=region)

    sent = consortium.vote(motion, by=office.admin)

    assert sent.only("Voted")["record"][0] == kind
    assert consortium.motions(codec.id_of(motion)).votes == 1


@pytest.mark.parametrize(("members", "needed"), [(3, 2), (4, 3), (5, 3), (6, 4)])
def test_more_than_half_of_all_members_carry(world, founded, members, needed):
    consortium = founded(members)
    motion = world.motion(MotionKind.AUTHORISE_REGISTRY, account=person("registry"))

    sent = [consortium.vote(motion, by=world.offices[region].admin) for region in REGIONS[:needed]]

    assert [each.only("Voted")["carried"] for each in sent] == [False] * (needed - 1) + [True]
    assert tuple(consortium.motions(codec.id_of(motion))) == (needed, sent[-1].time, False, False)


def test_members_are_counted_at_each_vote(world, founded):
    """With one of three for it, a fourth joins; then two are no longer more than half."""
    consortium = founded(3)
    motion = world.motion(MotionKind.AUTHORISE_REGISTRY, account=person("registry"))
    admission = world.motion(MotionKind.ADMIT, region=JIANGSU, account=person("js admin"), other=person("js recovery"))
    admins = [world.offices[region].admin for region in REGIONS[:3]]
    consortium.vote(motion, by=admins[0])
    for admin in admins[:2]:
        consortium.vote(admission, by=admin)
    consortium.enact(admission, by=admins[0])

    assert not consortium.vote(motion, by=admins[1]).only("Voted")["carried"]
    assert consortium.vote(motion, by=person("js admin")).only("Voted")["carried"]


def test_a_late_vote_does_not_move_the_carrying(world, consortium, motion):
    carried = world.carry(motion, [CHANGXING, SHANGHAI, BEIJING, TIANJIN]).time

    world.at(carried + DAY)
    sent = consortium.vote(motion, by=world.offices[KUNSHAN].admin)

    assert sent.only("Voted")["carried"]
    assert tuple(consortium.motions(codec.id_of(motion))) == (5, carried, False, False)


def test_equal_motions_differ_by_their_number(consortium, office, motion):
    another = replace(motion, nonce=motion.nonce + 1_000)
    consortium.vote(motion, by=office.admin)

    with unchanged(lambda: consortium.motions(codec.id_of(motion))):
        consortium.vote(another, by=office.admin)

    assert consortium.motions(codec.id_of(another)).votes == 1


def test_a_suspended_region_keeps_its_vote(world, consortium, office, motion):
    world.decide(MotionKind.SUSPEND, region=CHANGXING)

    consortium.vote(motion, by=office.admin)

    assert consortium.motions(codec.id_of(motion)).votes == 1


def test_suspended_members_still_count_among_all(world, consortium, motion):
    for region in (CHANGXING, SHANGHAI):
        world.decide(MotionKind.SUSPEND, region=region)

    assert not world.carry(motion, [BEIJING, TIANJIN, KUNSHAN]).only("Voted")["carried"]
    assert consortium.vote(motion, by=world.offices[SHANGHAI].admin).only("Voted")["carried"]
