"""A region's admin offers a role to who is to work for it."""

import pytest

from registry.model import NO_ADDRESS, MotionKind, Role
from tests.contracts.seen import OFFICE, STRANGER, account, said, unchanged
from tests.contracts.world import BEIJING, CHANGXING, person, refused

NEWCOMER = person("newcomer")
WORKING = [Role.ISSUER, Role.REVIEWER, Role.PAYER, Role.DIRECTORY]


@pytest.mark.parametrize("who", ["stranger", *(name for name in OFFICE if name != "admin")])
def test_only_an_admin_offers(world, consortium, who):
    sender = account(world, who)

    with refused("NotAdmin", account=sender):
        consortium.offer(NEWCOMER, Role.ISSUER, by=sender)


def test_a_replaced_admin_offers_nothing(consortium, office):
    consortium.recover(person("new admin"), by=office.recovery)

    with refused("NotAdmin", account=office.admin):
        consortium.offer(NEWCOMER, Role.ISSUER, by=office.admin)


@pytest.mark.parametrize("role", [Role.NONE, Role.ADMIN, Role.RECOVERY])
def test_keys_of_a_region_are_not_offered_by_its_admin(consortium, office, role):
    with refused("InvalidRole", role=role):
        consortium.offer(NEWCOMER, role, by=office.admin)


def test_a_role_beyond_the_last_is_malformed(consortium, office):
    with refused("Malformed"):
        consortium.offer(NEWCOMER, Role.RECOVERY + 1, by=office.admin)


def test_nobody_is_offered_nothing(consortium, office):
    with refused("InvalidAccount", account=NO_ADDRESS):
        consortium.offer(NO_ADDRESS, Role.ISSUER, by=office.admin)


@pytest.mark.parametrize("role", [Role.ISSUER, Role.PAYER])
@pytest.mark.parametrize("who", [*OFFICE, *(f"{name} elsewhere" for name in OFFICE)])
def test_an_account_has_one_role_for_ever(world, consortium, office, who, role):
    holder = account(world, who)

    with refused("AccountTaken", account=holder):
        consortium.offer(holder, role, by=office.admin)


@pytest.mark.parametrize("region", [CHANGXING, BEIJING])
def test_a_revoked_account_is_never_used_again(world, consortium, office, region):
    consortium.revoke(office.issuer, by=office.admin)

    with refused("AccountTaken", account=office.issuer):
        consortium.offer(office.issuer, Role.ISSUER, by=world.offices[region].admin)


@pytest.mark.parametrize("role", WORKING)
def test_an_offer_gives_nothing_by_itself(consortium, office, role):
    others = [lambda who=who: consortium.accounts(getattr(office, who)) for who in OFFICE]

    with unchanged(*others, lambda: consortium.accounts(NEWCOMER), lambda: consortium.offers(CHANGXING, STRANGER)):
        sent = consortium.offer(NEWCOMER, role, by=office.admin)

    assert sent.events == (said("Offered", account=NEWCOMER, region=CHANGXING, role=role, by=office.admin),)
    assert tuple(consortium.offers(CHANGXING, NEWCOMER)) == (office.admin.address.lower(), role)
    assert not consortium.holds(NEWCOMER, CHANGXING, role)


def test_a_later_offer_replaces_an_earlier_one(consortium, office):
    consortium.offer(NEWCOMER, Role.ISSUER, by=office.admin)

    consortium.offer(NEWCOMER, Role.PAYER, by=office.admin)

    assert consortium.offers(CHANGXING, NEWCOMER).role == Role.PAYER
    with refused("NotOffered", account=NEWCOMER, region=CHANGXING, role=Role.ISSUER):
        consortium.takeUp(CHANGXING, Role.ISSUER, by=NEWCOMER)


def test_regions_offer_apart_from_one_another(world, consortium, office):
    consortium.offer(NEWCOMER, Role.ISSUER, by=office.admin)

    with unchanged(lambda: consortium.offers(CHANGXING, NEWCOMER)):
        consortium.offer(NEWCOMER, Role.PAYER, by=world.offices[BEIJING].admin)

    consortium.takeUp(CHANGXING, Role.ISSUER, by=NEWCOMER)
    assert consortium.holds(NEWCOMER, CHANGXING, Role.ISSUER)


def test_a_suspended_regions_admin_offers_nothing(world, consortium, office):
    world.decide(MotionKind.SUSPEND, region=CHANGXING)

    with refused("Suspended", region=CHANGXING):
        consortium.offer(NEWCOMER, Role.PAYER, by=office.admin)
    world.decide(MotionKind.REINSTATE, region=CHANGXING)
    consortium.offer(NEWCOMER, Role.PAYER, by=office.admin)

    assert consortium.offers(CHANGXING, NEWCOMER).role == Role.PAYER
