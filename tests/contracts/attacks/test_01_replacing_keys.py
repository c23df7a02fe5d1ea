"""
Two regions want the third's keys, or a thief wants to keep them, in a consortium of three.

Two of three members are more than half, so they carry what they like; what stops them is the third's cold recovery key. A thief
here holds the stolen admin key and not the recovery key.
"""

from contextlib import suppress
from dataclasses import dataclass

import pytest

from registry.model import Motion, MotionKind, RegionStatus, Role
from tests.contracts.attacks.attacker import fails, unmoved
from tests.contracts.world import (
    BEIJING,
    CHANGXING,
    DAY,
    HEBEI,
    NO_ADDRESS,
    STRANGER,
    TIANJIN,
    Contract,
    Life,
    Refused,
    World,
    person,
    refused,
)

VETO_DAYS = 14
ENACTMENT_DAYS = 30


@dataclass
class Three:
    """A consortium of Beijing, Tianjin and Hebei; the case is always Hebei's."""

    world: World
    consortium: Contract

    def act(self, region: int, key: str) -> object:
        return getattr(self.world.offices[region], key)

    def suspend(self) -> None:
        motion = self.world.motion(MotionKind.SUSPEND, region=HEBEI)
        self.vote(motion)
        self.consortium.enact(motion, by=STRANGER)

    def replacement(self) -> Motion:
        motion = self.world.motion(MotionKind.REPLACE_KEYS, region=HEBEI, account=person("usurper admin"), other=person("usurper recovery"))
        self.vote(motion)
        return motion

    def vote(self, motion: Motion) -> None:
        for region in (BEIJING, TIANJIN):
            self.consortium.vote(motion, by=self.world.offices[region].admin)

    def id(self, motion: Motion) -> bytes:
        return self.consortium.motionId(motion)

    def carried_at(self, motion: Motion) -> int:
        return self.consortium.motions(self.id(motion)).carriedAt

    def hebei(self) -> tuple[object, ...]:
        return tuple(self.consortium.regions(HEBEI))


@pytest.fixture
def three(world: World) -> Three:
    founders = [(each, world.offices[each].admin.address, world.offices[each].recovery.address) for each in (BEIJING, TIANJIN, HEBEI)]
    return Three(world, world.attach("Consortium", world._create_consortium(founders)))


@pytest.fixture(params=[False, True], ids=["running", "suspended first"])
def suspended_first(request: pytest.FixtureRequest, three: Three) -> bool:
    if request.param:
        three.suspend()
    return request.param


def test_two_regions_do_not_replace_the_thirds_keys_before_fourteen_days(three: Three, suspended_first: bool) -> None:  # noqa: FBT001
    motion = three.replacement()
    ready = three.carried_at(motion) + VETO_DAYS * DAY

    for time in (three.world.now(), ready - 1):
        three.world.at(max(time, three.world.now()))
        with fails(three.world, "NotYet", three.consortium, motion=three.id(motion), **{"from": ready}):
            three.consortium.enact(motion, by=three.act(BEIJING, "admin"))


def test_two_regions_do_not_replace_the_thirds_keys_over_its_veto(three: Three, suspended_first: bool) -> None:  # noqa: FBT001
    motion = three.replacement()
    before = three.hebei()
    three.consortium.veto(motion, by=three.act(HEBEI, "recovery")).only("Vetoed")

    three.world.at(three.carried_at(motion) + VETO_DAYS * DAY)
    with fails(three.world, "MotionVetoed", three.consortium, motion=three.id(motion)):
        three.consortium.enact(motion, by=three.act(BEIJING, "admin"))

    assert three.hebei() == before
    three.consortium.vote(three.world.motion(MotionKind.SUSPEND, region=BEIJING), by=three.act(HEBEI, "admin")).only("Voted")


def test_a_veto_holds_until_the_last_moment_before_enactment(three: Three) -> None:
    motion = three.replacement()
    three.world.at(three.carried_at(motion) + (VETO_DAYS + ENACTMENT_DAYS) * DAY)

    three.consortium.veto(motion, by=three.act(HEBEI, "recovery"))

    with fails(three.world, "MotionVetoed", three.consortium, motion=three.id(motion)):
        three.consortium.enact(motion, by=three.act(BEIJING, "admin"))


def test_votes_after_a_veto_do_not_revive_a_motion(three: Three) -> None:
    motion = three.world.motion(MotionKind.REPLACE_KEYS, region=HEBEI, account=person("usurper admin"), other=person("usurper recovery"))
    three.consortium.vote(motion, by=three.act(BEIJING, "admin"))
    three.consortium.veto(motion, by=three.act(HEBEI, "recovery"))
    three.consortium.vote(motion, by=three.act(TIANJIN, "admin"))
    three.world.at(three.carried_at(motion) + VETO_DAYS * DAY)

    with fails(three.world, "MotionVetoed", three.consortium, motion=three.id(motion)):
        three.consortium.enact(motion, by=three.act(TIANJIN, "admin"))


def test_a_replacement_nobody_enacted_in_thirty_days_is_void(three: Three) -> None:
    motion = three.replacement()
    last = three.carried_at(motion) + (VETO_DAYS + ENACTMENT_DAYS) * DAY
    three.world.at(last + 1)

    with fails(three.world, "TooLate", three.consortium, motion=three.id(motion), until=last):
        three.consortium.enact(motion, by=three.act(BEIJING, "admin"))


@pytest.mark.parametrize("key", ["admin", "issuer"])
def test_a_thief_without_the_recovery_key_does_not_veto(three: Three, key: str) -> None:
    motion = three.replacement()
    thief = three.act(HEBEI, key)

    with fails(three.world, "NotRecovery", three.consortium, account=thief):
        three.consortium.veto(motion, by=thief)


def test_another_regions_recovery_key_does_not_veto(three: Three) -> None:
    motion = three.replacement()
    other = three.act(TIANJIN, "recovery")

    with fails(three.world, "NotRecovery", three.consortium, account=other):
        three.consortium.veto(motion, by=other)


def test_a_veto_stops_nothing_but_replaced_keys(three: Three) -> None:
    motion = three.world.motion(MotionKind.SUSPEND, region=HEBEI)
    three.vote(motion)

    with fails(three.world, "InvalidMotion", three.consortium, kind=MotionKind.SUSPEND):
        three.consortium.veto(motion, by=three.act(HEBEI, "recovery"))


def test_with_both_keys_lost_the_others_replace_them_and_the_thief_is_out(three: Three, suspended_first: bool) -> None:  # noqa: FBT001
    motion, thief = three.replacement(), three.act(HEBEI, "admin")
    three.world.at(three.carried_at(motion) + VETO_DAYS * DAY)

    replaced = three.consortium.enact(motion, by=STRANGER).only("KeysReplaced")

    assert replaced.values == {
        "region": HEBEI,
        "admin": person("usurper admin").address.lower(),
        "recovery": person("usurper recovery").address.lower(),
    }
    with fails(three.world, "NotAdmin", three.consortium, account=thief):
        three.consortium.offer(person("thief's clerk"), Role.PAYER, by=thief)
    with fails(three.world, "AlreadyEnacted", three.consortium, motion=three.id(motion)):
        three.consortium.enact(motion, by=STRANGER)


def test_the_recovery_key_evicts_a_thief_at_once(three: Three, suspended_first: bool) -> None:  # noqa: FBT001
    thief, admin, clerk = three.act(HEBEI, "admin"), person("hebei new admin"), person("thief's clerk")
    if not suspended_first:
        three.consortium.offer(clerk, Role.PAYER, by=thief)

    three.consortium.recover(admin, by=three.act(HEBEI, "recovery")).only("KeysReplaced")

    with fails(three.world, "NotAdmin", three.consortium, account=thief):
        three.consortium.offer(clerk, Role.PAYER, by=thief)
    with fails(three.world, "NotOffered", three.consortium, account=clerk, region=HEBEI, role=Role.PAYER):
        three.consortium.takeUp(HEBEI, Role.PAYER, by=clerk)
    with fails(three.world, "NotAdmin", three.consortium, account=thief):
        three.consortium.vote(three.world.motion(MotionKind.SUSPEND, region=BEIJING), by=thief)
    three.consortium.takeUp(HEBEI, Role.ADMIN, by=admin)
    status = RegionStatus.SUSPENDED if suspended_first else RegionStatus.ACTIVE
    region = three.consortium.regions(HEBEI)
    assert (region.admin, region.status) == (admin.address.lower(), status)
    assert (region.recovery, region.caretaker) == (three.act(HEBEI, "recovery").address.lower(), NO_ADDRESS)


@pytest.mark.parametrize("kind", [MotionKind.SUSPEND, MotionKind.REINSTATE, MotionKind.NAME_CARETAKER, MotionKind.REPLACE_KEYS])
def test_no_region_votes_on_its_own_case(three: Three, kind: MotionKind) -> None:
    motion = three.world.motion(kind, region=HEBEI, account=person("anyone"), other=person("anyone else"))

    with fails(three.world, "OwnCase", three.consortium, region=HEBEI):
        three.consortium.vote(motion, by=three.act(HEBEI, "admin"))


def test_a_region_votes_once_even_with_two_admins_in_turn(three: Three) -> None:
    motion = three.world.motion(MotionKind.SUSPEND, region=HEBEI)
    three.consortium.vote(motion, by=three.act(BEIJING, "admin"))
    three.consortium.recover(person("beijing new admin"), by=three.act(BEIJING, "recovery"))
    three.consortium.takeUp(BEIJING, Role.ADMIN, by=person("beijing new admin"))

    with fails(three.world, "AlreadyVoted", three.consortium, motion=three.id(motion), region=BEIJING):
        three.consortium.vote(motion, by=person("beijing new admin"))
    with fails(three.world, "NotCarried", three.consortium, motion=three.id(motion), votes=1, members=3):
        three.consortium.enact(motion, by=person("beijing new admin"))


def test_replaced_keys_hold_no_role_ever_again(three: Three) -> None:
    old = three.act(HEBEI, "admin")
    three.consortium.recover(person("hebei new admin"), by=three.act(HEBEI, "recovery"))

    with fails(three.world, "AccountTaken", three.consortium, account=old):
        three.consortium.recover(old, by=three.act(HEBEI, "recovery"))


# The thief's other ways, among six regions


def grab(world: World, account: object) -> None:
    """The thief, who holds Hebei's admin key, offers the account a role, if it is let, and tries to take it up for it."""
    thief = world.offices[HEBEI].admin
    with suppress(Refused):
        world.consortium.offer(account, Role.ISSUER, by=thief)
    with suppress(Refused):
        world.consortium.takeUp(HEBEI, Role.ISSUER, by=thief)


def keys_of_hebei(world: World) -> tuple[str, str]:
    region = world.consortium.regions(HEBEI)
    return region.admin, region.recovery


@pytest.mark.parametrize("suspended", [False, True], ids=["running", "suspended"])
@pytest.mark.parametrize("key", ["new admin", "new recovery"])
def test_a_thief_does_not_block_the_replacement_of_its_key_by_taking_the_new_accounts(world: World, suspended: bool, key: str) -> None:  # noqa: FBT001
    """The new accounts stand in the motion for 14 days; whoever is granted a role first can never be admin."""
    if suspended:
        world.decide(MotionKind.SUSPEND, region=HEBEI)
    motion = world.motion(MotionKind.REPLACE_KEYS, region=HEBEI, account=person("new admin"), other=person("new recovery"))
    world.carry(motion)

    grab(world, person(key))

    world.at(world.now() + 14 * DAY + 60)
    world.consortium.enact(motion, by=STRANGER).only("KeysReplaced")
    assert keys_of_hebei(world) == (person("new admin").address.lower(), person("new recovery").address.lower())


def test_a_thief_who_sees_a_recovery_coming_does_not_stop_it_by_taking_the_new_account(world: World) -> None:
    grab(world, person("new admin"))

    world.replace_admin(world.offices[HEBEI], person("new admin")).only("KeysReplaced")
    assert keys_of_hebei(world) == (person("new admin").address.lower(), world.offices[HEBEI].recovery.address.lower())


@pytest.mark.parametrize("role", [Role.PAYER, Role.REVIEWER, Role.ISSUER, Role.DIRECTORY])
def test_a_suspended_regions_admin_appoints_nobody(world: World, role: Role) -> None:
    """Payers act for a suspended region too: the thief of its admin key would make one and settle what nobody paid."""
    life = Life.begin(world, until="accepted")
    world.consortium.offer(person("thief's friend"), role, by=life.office.admin)
    world.decide(MotionKind.SUSPEND, region=CHANGXING)

    with unmoved(world), refused("Suspended", region=CHANGXING):
        world.consortium.offer(person("thief's account"), role, by=life.office.admin)
    with unmoved(world), refused("Suspended", region=CHANGXING):
        world.consortium.takeUp(CHANGXING, role, by=person("thief's friend"))

    life.settle(by=life.payer)
