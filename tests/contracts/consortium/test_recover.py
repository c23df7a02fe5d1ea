"""A region's cold key takes its admin's place away from whoever holds it."""

import pytest

from registry.model import NO_ADDRESS, MotionKind, RegionStatus, Role
from tests.contracts.seen import OFFICE, account, said, unchanged
from tests.contracts.world import BEIJING, CHANGXING, person, refused

NEW = person("new admin")


@pytest.mark.parametrize("who", ["stranger", *(name for name in OFFICE if name != "recovery")])
def test_only_a_recovery_key_recovers(world, consortium, who):
    sender = account(world, who)

    with refused("NotRecovery", account=sender):
        consortium.recover(NEW, by=sender)


def test_a_replaced_recovery_key_recovers_nothing(consortium, office):
    consortium.rotateRecovery(person("new recovery"), by=office.recovery)
    consortium.takeUp(CHANGXING, Role.RECOVERY, by=person("new recovery"))

    with refused("NotRecovery", account=office.recovery):
        consortium.recover(NEW, by=office.recovery)


def test_nobody_becomes_no_admin(consortium, office):
    with refused("InvalidAccount", account=NO_ADDRESS):
        consortium.recover(NO_ADDRESS, by=office.recovery)


@pytest.mark.parametrize("who", [*OFFICE, *(f"{name} elsewhere" for name in OFFICE)])
def test_the_new_admin_never_had_a_role(world, consortium, office, who):
    holder = account(world, who)

    with refused("AccountTaken", account=holder):
        consortium.recover(holder, by=office.recovery)


def test_an_admin_that_lost_its_place_never_returns(consortium, office):
    consortium.recover(NEW, by=office.recovery)

    with refused("AccountTaken", account=office.admin):
        consortium.recover(office.admin, by=office.recovery)


def test_a_recovery_key_ends_the_admin_at_once(world, consortium, office):
    elsewhere = [lambda: consortium.regions(BEIJING), lambda: consortium.accounts(world.offices[BEIJING].admin)]
    neighbours = [lambda who=who: consortium.accounts(getattr(office, who)) for who in OFFICE[1:]]
    before = consortium.regions(CHANGXING)

    with unchanged(*elsewhere, *neighbours, lambda: consortium.accounts(NEW), consortium.members):
        sent = consortium.recover(NEW, by=office.recovery)

    assert sent.events == (
        said("KeysReplaced", region=CHANGXING, admin=NO_ADDRESS, recovery=office.recovery),
        said("Offered", account=NEW, region=CHANGXING, role=Role.ADMIN, by=office.recovery),
    )
    assert consortium.regions(CHANGXING) == before._replace(admin=NO_ADDRESS)
    assert tuple(consortium.accounts(office.admin)) == (CHANGXING, Role.ADMIN, False)
    assert tuple(consortium.offeredKeys(CHANGXING)) == (NEW.address.lower(), NO_ADDRESS)


def test_a_recovery_key_changes_its_mind(consortium, office):
    consortium.recover(person("mistaken"), by=office.recovery)

    consortium.recover(NEW, by=office.recovery)

    assert consortium.regions(CHANGXING).admin == NO_ADDRESS
    assert consortium.offeredKeys(CHANGXING).admin == NEW.address.lower()


def test_a_suspended_region_recovers_too(world, consortium, office):
    world.decide(MotionKind.SUSPEND, region=CHANGXING)

    consortium.recover(NEW, by=office.recovery)

    region = consortium.regions(CHANGXING)
    assert (region.admin, region.status) == (NO_ADDRESS, RegionStatus.SUSPENDED)
    assert not consortium.accounts(office.admin).active
