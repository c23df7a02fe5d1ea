"""A region's cold key names its own successor."""

import pytest

from registry.model import NO_ADDRESS, Role
from tests.contracts.seen import OFFICE, account, said, unchanged
from tests.contracts.world import CHANGXING, person, refused

NEW = person("new recovery")


@pytest.mark.parametrize("who", ["stranger", *(name for name in OFFICE if name != "recovery")])
def test_only_a_recovery_key_names_its_successor(world, consortium, who):
    sender = account(world, who)

    with refused("NotRecovery", account=sender):
        consortium.rotateRecovery(NEW, by=sender)


def test_nobody_succeeds_no_key(consortium, office):
    with refused("InvalidAccount", account=NO_ADDRESS):
        consortium.rotateRecovery(NO_ADDRESS, by=office.recovery)


@pytest.mark.parametrize("who", [*OFFICE, *(f"{name} elsewhere" for name in OFFICE)])
def test_the_successor_never_had_a_role(world, consortium, office, who):
    holder = account(world, who)

    with refused("AccountTaken", account=holder):
        consortium.rotateRecovery(holder, by=office.recovery)


def test_a_recovery_key_offers_its_place_and_keeps_it(consortium, office):
    places = [lambda who=who: consortium.accounts(getattr(office, who)) for who in OFFICE]

    with unchanged(*places, lambda: consortium.accounts(NEW), lambda: consortium.regions(CHANGXING), consortium.members):
        sent = consortium.rotateRecovery(NEW, by=office.recovery)

    assert sent.events == (said("Offered", account=NEW, region=CHANGXING, role=Role.RECOVERY, by=office.recovery),)
    assert tuple(consortium.offeredKeys(CHANGXING)) == (NO_ADDRESS, NEW.address.lower())
