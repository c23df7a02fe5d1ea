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

    with refused("NotRecovery", account=office.recovery):
        consortium.recover(NEW, by=office.recovery)


def test_nobody_becomes_no_admin(consortium, office):
    with refused("InvalidAccount", account=NO_ADDRESS):
        consortium.recover(NO_ADDRESS, by=office.recovery)


@pytest.mark.parametrize("who", ["admin", "recovery", *(f"{name} elsewhere" for name in OFFICE)])
def test_the_new_admin_is_no_key_and_nobody_elsewhere(world, consortium, office, who):
    holder = account(world, who)

    with refused("AccountTaken", account=holder):
        consortium.recover(holder, by=office.recovery)


def test_an_admin_that_lost_its_place_never_returns(consortium, office):
    consortium.recover(NEW, by=office.recovery)

    with refused("AccountTaken", account=office.admin):
        consortium.recover(office.admin, by=office.recovery)


@pytest.mark.parametrize("revoked", [False, True], ids=["active", "revoked"])
@pytest.mark.parametrize("who", OFFICE[2:])
def test_a_role_at_home_gives_way_to_the_key(world, consortium, office, who, revoked):
    """Otherwise a thief of the admin key could keep its successor out by granting it a role."""
    holder = account(world, who)
    role = consortium.accounts(holder).role
    if revoked:
        consortium.revoke(holder, by=office.admin)

    sent = consortium.recover(holder, by=office.recovery)

    assert sent.only("Granted") == said("Granted", account=holder, region=CHANGXING, role=Role.ADMIN)
    assert tuple(consortium.accounts(holder)) == (CHANGXING, Role.ADMIN, True)
    assert not consortium.holds(holder, CHANGXING, role)


def test_a_recovery_key_replaces_the_admin_at_once(world, consortium, office):
    elsewhere = [lambda: consortium.regions(BEIJING), lambda: consortium.accounts(world.offices[BEIJING].admin)]

    with unchanged(
        *elsewhere, lambda: consortium.accounts(office.recovery), lambda: consortium.accounts(office.issuer), consortium.members
    ):
        sent = consortium.recover(NEW, by=office.recovery)

    assert sent.events == (
        said("Granted", account=NEW, region=CHANGXING, role=Role.ADMIN),
        said("KeysReplaced", region=CHANGXING, admin=NEW, recovery=office.recovery),
    )
    assert tuple(consortium.regions(CHANGXING)) == (
        NEW.address.lower(),
        RegionStatus.ACTIVE,
        office.recovery.address.lower(),
        NO_ADDRESS,
    )
    assert tuple(consortium.accounts(office.admin)) == (CHANGXING, Role.ADMIN, False)
    assert tuple(consortium.accounts(NEW)) == (CHANGXING, Role.ADMIN, True)
    consortium.grant(person("newcomer"), Role.ISSUER, by=NEW)


def test_a_suspended_region_recovers_too(world, consortium, office):
    world.decide(MotionKind.SUSPEND, region=CHANGXING)

    consortium.recover(NEW, by=office.recovery)

    region = consortium.regions(CHANGXING)
    assert (region.admin, region.status) == (NEW.address.lower(), RegionStatus.SUSPENDED)
