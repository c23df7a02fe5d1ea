"""A region's admin ends what an account may do, for ever."""

import pytest

from registry.model import Role
from tests.contracts.seen import OFFICE, STRANGER, account, said, unchanged
from tests.contracts.world import CHANGXING, refused

WORKING = {"issuer": Role.ISSUER, "reviewer": Role.REVIEWER, "payer": Role.PAYER, "directory": Role.DIRECTORY}


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
