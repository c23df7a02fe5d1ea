"""A region's admin names who works for it."""

import pytest

from registry.model import NO_ADDRESS, MotionKind, Role
from tests.contracts.seen import OFFICE, STRANGER, account, said, unchanged
from tests.contracts.world import BEIJING, CHANGXING, person, refused

NEWCOMER = person("newcomer")


@pytest.mark.parametrize("who", ["stranger", *(name for name in OFFICE if name != "admin")])
def test_only_an_admin_grants(world, consortium, who):
    sender = account(world, who)

    with refused("NotAdmin", account=sender):
        consortium.grant(NEWCOMER, Role.ISSUER, by=sender)


def test_a_replaced_admin_grants_nothing(consortium, office):
    consortium.recover(person("new admin"), by=office.recovery)

    with refused("NotAdmin", account=office.admin):
        consortium.grant(NEWCOMER, Role.ISSUER, by=office.admin)


@pytest.mark.parametrize("role", [Role.NONE, Role.ADMIN, Role.RECOVERY])
def test_keys_of_a_region_are_not_granted(consortium, office, role):
    with refused("InvalidRole", role=role):
        consortium.grant(NEWCOMER, role, by=office.admin)


def test_a_role_beyond_the_last_is_malformed(consortium, office):
    with refused("Malformed"):
        consortium.grant(NEWCOMER, Role.RECOVERY + 1, by=office.admin)


def test_nobody_gets_no_role(consortium, office):
    with refused("InvalidAccount", account=NO_ADDRESS):
        consortium.grant(NO_ADDRESS, Role.ISSUER, by=office.admin)


@pytest.mark.parametrize("role", [Role.ISSUER, Role.PAYER])
@pytest.mark.parametrize("who", [*OFFICE, *(f"{name} elsewhere" for name in OFFICE)])
def test_an_account_has_one_role_for_ever(world, consortium, office, who, role):
    holder = account(world, who)

    with refused("AccountTaken", account=holder):
        consortium.grant(holder, role, by=office.admin)


@pytest.mark.parametrize("region", [CHANGXING, BEIJING])
def test_a_revoked_account_is_never_used_again(world, consortium, office, region):
    consortium.revoke(office.issuer, by=office.admin)

    with refused("AccountTaken", account=office.issuer):
        consortium.grant(office.issuer, Role.ISSUER, by=world.offices[region].admin)


@pytest.mark.parametrize("role", [Role.ISSUER, Role.REVIEWER, Role.PAYER, Role.DIRECTORY])
def test_an_admin_grants_each_working_role(consortium, office, role):
    others = [lambda who=who: consortium.accounts(getattr(office, who)) for who in OFFICE]

    with unchanged(*others, consortium.members, lambda: consortium.regions(CHANGXING), lambda: consortium.accounts(STRANGER)):
        sent = consortium.grant(NEWCOMER, role, by=office.admin)

    assert sent.events == (said("Granted", account=NEWCOMER, region=CHANGXING, role=role),)
    assert tuple(consortium.accounts(NEWCOMER)) == (CHANGXING, role, True)
    assert [each for each in Role if consortium.holds(NEWCOMER, CHANGXING, each)] == [role]
    assert not consortium.holds(NEWCOMER, BEIJING, role)


def test_a_suspended_regions_admin_names_nobody(world, consortium, office):
    world.decide(MotionKind.SUSPEND, region=CHANGXING)

    with refused("Suspended", region=CHANGXING):
        consortium.grant(NEWCOMER, Role.PAYER, by=office.admin)
    world.decide(MotionKind.REINSTATE, region=CHANGXING)
    consortium.grant(NEWCOMER, Role.PAYER, by=office.admin)

    assert consortium.holds(NEWCOMER, CHANGXING, Role.PAYER)
