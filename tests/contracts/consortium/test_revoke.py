"""A region's admin ends what an account may do, for ever."""

import pytest

from registry.model import NO_ADDRESS, MotionKind, Role
from tests.contracts.seen import OFFICE, STRANGER, account, said, unchanged
from tests.contracts.world import BEIJING, CHANGXING, person, refused

WORKING = {"issuer": Role.ISSUER, "reviewer": Role.REVIEWER, "payer": Role.PAYER, "directory": Role.DIRECTORY}
NEWCOMER = person("newcomer")


@pytest.mark.parametrize("who", ["stranger", "recovery", "issuer"])
def test_only_an_admin_revokes(world, consortium, office, who):
    sender = account(world, who)

    with refused("NotAdmin", account=sender):
        consortium.revoke(office.reviewer, by=sender)


def test_who_holds_nothing_loses_nothing(consortium, office):
    with refused("NotRoleAccount", account=STRANGER):
        consortium.revoke(STRANGER, by=office.admin)


def test_a_role_ends_once(consortium, office):
    consortium.revoke(office.payer, by=office.admin)

    with refused("NotRoleAccount", account=office.payer):
        consortium.revoke(office.payer, by=office.admin)


@pytest.mark.parametrize("who", OFFICE)
def test_no_region_revokes_anothers_account(world, consortium, office, who):
    other = account(world, f"{who} elsewhere")

    with refused("NotRoleAccount", account=other):
        consortium.revoke(other, by=office.admin)


@pytest.mark.parametrize("who", ["admin", "recovery"])
def test_a_regions_own_keys_are_not_revoked(world, consortium, office, who):
    key = account(world, who)

    with refused("NotRoleAccount", account=key):
        consortium.revoke(key, by=office.admin)


@pytest.mark.parametrize("who", WORKING)
def test_an_admin_ends_a_role(world, consortium, office, who):
    holder = account(world, who)
    colleagues = [lambda name=name: consortium.accounts(getattr(office, name)) for name in (*OFFICE, "second_reviewer") if name != who]

    with unchanged(*colleagues, lambda: consortium.regions(CHANGXING)):
        sent = consortium.revoke(holder, by=office.admin)

    assert sent.events == (said("Revoked", account=holder, region=CHANGXING),)
    assert tuple(consortium.accounts(holder)) == (CHANGXING, WORKING[who], False)
    assert not consortium.holds(holder, CHANGXING, WORKING[who])


def test_an_admin_takes_an_offer_back(consortium, office):
    for offered in (NEWCOMER, STRANGER):
        consortium.offer(offered, Role.PAYER, by=office.admin)

    with unchanged(lambda: consortium.offers(CHANGXING, STRANGER), lambda: consortium.accounts(NEWCOMER)):
        sent = consortium.revoke(NEWCOMER, by=office.admin)

    assert sent.events == (said("OfferWithdrawn", account=NEWCOMER, region=CHANGXING),)
    assert tuple(consortium.offers(CHANGXING, NEWCOMER)) == (NO_ADDRESS, Role.NONE)
    consortium.offer(NEWCOMER, Role.ISSUER, by=office.admin)


def test_no_region_takes_back_anothers_offer(world, consortium, office):
    consortium.offer(NEWCOMER, Role.PAYER, by=office.admin)

    with unchanged(lambda: consortium.offers(CHANGXING, NEWCOMER)), refused("NotRoleAccount", account=NEWCOMER):
        consortium.revoke(NEWCOMER, by=world.offices[BEIJING].admin)


def test_a_suspended_regions_admin_takes_an_offer_back(world, consortium, office):
    consortium.offer(NEWCOMER, Role.PAYER, by=office.admin)
    world.decide(MotionKind.SUSPEND, region=CHANGXING)

    consortium.revoke(NEWCOMER, by=office.admin).only("OfferWithdrawn")

    assert tuple(consortium.offers(CHANGXING, NEWCOMER)) == (NO_ADDRESS, Role.NONE)
