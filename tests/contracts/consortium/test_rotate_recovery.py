"""A region's cold key names its own successor."""

import pytest

from registry.model import NO_ADDRESS, RegionStatus, Role
from tests.contracts.seen import OFFICE, account, said, unchanged
from tests.contracts.world import BEIJING, CHANGXING, person, refused

NEW = person("new recovery")


@pytest.mark.parametrize("who", ["stranger", *(name for name in OFFICE if name != "recovery")])
def test_only_a_recovery_key_names_its_successor(world, consortium, who):
    sender = account(world, who)

    with refused("NotRecovery", account=sender):
        consortium.rotateRecovery(NEW, by=sender)


def test_nobody_succeeds_no_key(consortium, office):
    with refused("InvalidAccount", account=NO_ADDRESS):
        consortium.rotateRecovery(NO_ADDRESS, by=office.recovery)


@pytest.mark.parametrize("who", ["admin", "recovery", *(f"{name} elsewhere" for name in OFFICE)])
def test_the_successor_is_no_key_and_nobody_elsewhere(world, consortium, office, who):
    holder = account(world, who)

    with refused("AccountTaken", account=holder):
        consortium.rotateRecovery(holder, by=office.recovery)


@pytest.mark.parametrize("who", OFFICE[2:])
def test_a_role_at_home_gives_way_to_the_key(world, consortium, office, who):
    holder = account(world, who)
    role = consortium.accounts(holder).role

    sent = consortium.rotateRecovery(holder, by=office.recovery)

    assert sent.only("Granted") == said("Granted", account=holder, region=CHANGXING, role=Role.RECOVERY)
    assert tuple(consortium.accounts(holder)) == (CHANGXING, Role.RECOVERY, True)
    assert not consortium.holds(holder, CHANGXING, role)


def test_a_recovery_key_hands_over(consortium, office):
    with unchanged(lambda: consortium.accounts(office.admin), lambda: consortium.regions(BEIJING), consortium.members):
        sent = consortium.rotateRecovery(NEW, by=office.recovery)

    assert sent.events == (
        said("Granted", account=NEW, region=CHANGXING, role=Role.RECOVERY),
        said("KeysReplaced", region=CHANGXING, admin=office.admin, recovery=NEW),
    )
    assert tuple(consortium.regions(CHANGXING)) == (office.admin.address.lower(), RegionStatus.ACTIVE, NEW.address.lower(), NO_ADDRESS)
    assert tuple(consortium.accounts(office.recovery)) == (CHANGXING, Role.RECOVERY, False)
    assert tuple(consortium.accounts(NEW)) == (CHANGXING, Role.RECOVERY, True)
