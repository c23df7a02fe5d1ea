"""Who may do what for whom, now."""

import pytest

from registry.model import NO_ADDRESS, MotionKind, Role
from tests.contracts.seen import OFFICE, STRANGER
from tests.contracts.world import BEIJING, CHANGXING, HEBEI, REGIONS, person

ROLES = dict(zip(OFFICE, (Role.ADMIN, Role.RECOVERY, Role.ISSUER, Role.REVIEWER, Role.PAYER, Role.DIRECTORY), strict=True))


@pytest.mark.parametrize("who", OFFICE)
def test_an_account_holds_its_own_role_alone(consortium, office, who):
    held = [(region, role) for region in (*REGIONS, 0) for role in Role if consortium.holds(getattr(office, who), region, role)]

    assert held == [(CHANGXING, ROLES[who])]


@pytest.mark.parametrize("who", [STRANGER, NO_ADDRESS])
def test_a_stranger_holds_nothing(consortium, who):
    assert not any(consortium.holds(who, region, role) for region in (CHANGXING, 0) for role in Role)


@pytest.mark.parametrize("who", OFFICE[2:])
def test_a_revoked_account_holds_nothing(consortium, office, who):
    consortium.revoke(getattr(office, who), by=office.admin)

    assert not any(consortium.holds(getattr(office, who), CHANGXING, role) for role in Role)


def test_a_replaced_key_holds_nothing(world, consortium, office):
    world.replace_admin(office, person("new admin"))

    assert not consortium.holds(office.admin, CHANGXING, Role.ADMIN)
    assert consortium.holds(person("new admin"), CHANGXING, Role.ADMIN)


def test_a_suspended_region_keeps_its_payer_alone(world, consortium):
    world.decide(MotionKind.SUSPEND, region=HEBEI)

    assert [who for who in OFFICE[2:] if consortium.holds(getattr(world.offices[HEBEI], who), HEBEI, ROLES[who])] == ["payer"]
    assert all(consortium.holds(getattr(world.offices[BEIJING], who), BEIJING, ROLES[who]) for who in OFFICE)
