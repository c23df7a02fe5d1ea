"""
An address that somebody means for a key of its own is given a role by another, who thereby blocks it for ever.

One account has one role for ever, so a role that its holder never asked for would make the address useless: to a region in a
motion that names it in public, and to a firm or lab that is about to be enrolled with it.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from registry import codec
from registry.model import Firm, MotionKind, Region, Role
from tests.contracts.world import BEIJING, CHANGXING, DAY, HEBEI, SHANGHAI, Refused, World, person, refused, tag

JIANGSU = Region(320000)
VICTIM, SECOND = person("a key that another meant for itself"), person("the other key of the two")
STRANGER = person("stranger")
WORKING = (Role.ISSUER, Role.REVIEWER, Role.PAYER, Role.DIRECTORY)


def by_offer(world: World, account: object) -> None:
    """An admin offers every role, and every account at hand tries to take it up in the victim's place."""
    office = world.offices[BEIJING]
    for role in WORKING:
        world.consortium.offer(account, role, by=office.admin)
        for hand in (office.admin, office.issuer, STRANGER):
            with suppress(Refused):
                world.consortium.takeUp(BEIJING, role, by=hand)


def by_recovery(world: World, account: object) -> None:
    """A region makes the account its own admin, and then takes an admin that it means."""
    office = world.offices[BEIJING]
    world.consortium.recover(account, by=office.recovery)
    world.replace_admin(office, person("beijing's true admin"))


def by_succession(world: World, account: object) -> None:
    """A region makes the account its recovery key."""
    world.consortium.rotateRecovery(account, by=world.offices[BEIJING].recovery)


@pytest.fixture(params=[by_offer, by_recovery, by_succession])
def squat(request: pytest.FixtureRequest, world: World) -> Iterator[Callable[[object], None]]:
    """Tries to take the account's place; nothing in the account's own state may move."""

    def attempt(account: object) -> None:
        request.param(world, account)
        assert tuple(world.consortium.accounts(account)) == (0, Role.NONE, False)

    return attempt


@pytest.mark.parametrize("key", [VICTIM, SECOND], ids=["admin", "recovery"])
def test_a_new_members_key_is_not_squatted_on(world: World, squat: Callable[[object], None], key: object) -> None:
    motion = world.motion(MotionKind.ADMIT, region=JIANGSU, account=VICTIM, other=SECOND)
    world.carry(motion)

    squat(key)

    world.consortium.enact(motion, by=STRANGER).only("RegionAdmitted")
    assert tuple(world.consortium.accounts(VICTIM)) == (JIANGSU, Role.ADMIN, True)
    assert tuple(world.consortium.accounts(SECOND)) == (JIANGSU, Role.RECOVERY, True)


@pytest.mark.parametrize("region", [HEBEI, BEIJING], ids=["another's", "the squatter's own"])
@pytest.mark.parametrize("key", [VICTIM, SECOND], ids=["admin", "recovery"])
def test_a_replacing_key_is_not_squatted_on(world: World, squat: Callable[[object], None], region: Region, key: object) -> None:
    """The motion names both for 14 days; the squatter may well be the thief whose key is being replaced."""
    motion = world.motion(MotionKind.REPLACE_KEYS, region=region, account=VICTIM, other=SECOND)
    carried = world.carry(motion).time

    squat(key)

    world.at(carried + 14 * DAY)
    world.consortium.enact(motion, by=STRANGER).only("KeysReplaced")
    assert tuple(world.consortium.accounts(VICTIM)) == (region, Role.ADMIN, True)
    assert tuple(world.consortium.accounts(SECOND)) == (region, Role.RECOVERY, True)


def test_a_firms_key_is_not_squatted_on(world: World, squat: Callable[[object], None]) -> None:
    firm = Firm(CHANGXING, tag("a firm to come"))

    squat(VICTIM)

    world.directory.enrol(firm, VICTIM, by=world.offices[CHANGXING].directory)
    assert world.directory.firms(codec.id_of(firm)).signer == VICTIM.address.lower()


def test_a_labs_next_key_is_not_squatted_on(world: World, squat: Callable[[object], None]) -> None:
    lab = world.lab(SHANGHAI)
    ready = world.directory.rotate(lab.id, VICTIM, by=world.offices[SHANGHAI].directory).only("RotationProposed")["from"]

    squat(VICTIM)

    world.at(ready)
    world.directory.completeRotation(lab.id, by=STRANGER)
    assert world.directory.labs(lab.id).signer == VICTIM.address.lower()


def test_an_office_account_is_not_squatted_on(world: World, squat: Callable[[object], None]) -> None:
    squat(VICTIM)

    world.appoint(world.offices[CHANGXING], VICTIM, Role.REVIEWER)
    assert world.consortium.holds(VICTIM, CHANGXING, Role.REVIEWER)


def test_an_account_does_not_take_up_more_than_it_read(world: World) -> None:
    """The admin changes the offer when it sees the taking up on its way."""
    admin = world.offices[BEIJING].admin
    world.consortium.offer(VICTIM, Role.REVIEWER, by=admin)
    world.consortium.offer(VICTIM, Role.PAYER, by=admin)

    with refused("NotOffered", account=VICTIM, region=BEIJING, role=Role.REVIEWER):
        world.consortium.takeUp(BEIJING, Role.REVIEWER, by=VICTIM)

    assert tuple(world.consortium.accounts(VICTIM)) == (0, Role.NONE, False)


def test_an_account_that_outruns_the_withdrawal_of_its_offer_is_ended_all_the_same(world: World) -> None:
    admin = world.offices[BEIJING].admin
    world.consortium.offer(VICTIM, Role.PAYER, by=admin)
    world.consortium.takeUp(BEIJING, Role.PAYER, by=VICTIM)

    world.consortium.revoke(VICTIM, by=admin)

    assert not world.consortium.holds(VICTIM, BEIJING, Role.PAYER)
    with refused("NotOffered", account=VICTIM, region=BEIJING, role=Role.PAYER):
        world.consortium.takeUp(BEIJING, Role.PAYER, by=VICTIM)


def test_what_a_thief_offered_is_not_taken_up_once_the_region_has_its_desk_back(world: World) -> None:
    """Offers left behind in a drawer would be open doors for as long as nobody counts them."""
    office, straw = world.offices[BEIJING], person("the thief's straw")
    world.consortium.offer(straw, Role.REVIEWER, by=office.admin)
    world.replace_admin(office, person("beijing's true admin"))

    with refused("NotOffered", account=straw, region=BEIJING, role=Role.REVIEWER):
        world.consortium.takeUp(BEIJING, Role.REVIEWER, by=straw)


def test_a_thief_at_the_desk_does_not_spoil_the_offer_of_a_key(world: World) -> None:
    """A role offered to the next recovery key must not take the place of the offered key, nor withdraw it."""
    office = world.offices[BEIJING]
    world.consortium.rotateRecovery(VICTIM, by=office.recovery)
    world.consortium.offer(VICTIM, Role.PAYER, by=office.admin)
    world.consortium.revoke(VICTIM, by=office.admin)

    world.consortium.takeUp(BEIJING, Role.RECOVERY, by=VICTIM)

    assert world.consortium.regions(BEIJING).recovery == VICTIM.address.lower()
