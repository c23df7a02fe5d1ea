"""An account takes up what it was offered, and nobody else can make it."""

import pytest

from registry.model import NO_ADDRESS, MotionKind, Region, RegionStatus, Role
from tests.contracts.seen import OFFICE, STRANGER, said, unchanged
from tests.contracts.world import BEIJING, CHANGXING, DAY, person, refused

NEWCOMER, OTHER = person("newcomer"), person("another newcomer")
NEW_ADMIN, NEW_RECOVERY = person("new admin"), person("new recovery")
WORKING = [Role.ISSUER, Role.REVIEWER, Role.PAYER, Role.DIRECTORY]
NOTHING = (NO_ADDRESS, Role.NONE)
NOBODY = (NO_ADDRESS, NO_ADDRESS)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("region", [0, CHANGXING, Region(999_999)])
def test_what_was_not_offered_is_not_taken_up(consortium, region, role):
    with refused("NotOffered", account=STRANGER, region=region, role=role):
        consortium.takeUp(region, role, by=STRANGER)


@pytest.mark.parametrize(
    ("region", "role"), [(CHANGXING, Role.NONE), (CHANGXING, Role.ISSUER), (CHANGXING, Role.ADMIN), (BEIJING, Role.PAYER)]
)
def test_the_role_and_the_region_are_those_that_were_offered(consortium, office, region, role):
    consortium.offer(NEWCOMER, Role.PAYER, by=office.admin)

    with refused("NotOffered", account=NEWCOMER, region=region, role=role):
        consortium.takeUp(region, role, by=NEWCOMER)


@pytest.mark.parametrize("who", ["stranger", *OFFICE])
def test_an_offer_is_for_one_account(consortium, office, who):
    sender = STRANGER if who == "stranger" else getattr(office, who)
    consortium.offer(NEWCOMER, Role.PAYER, by=office.admin)

    with refused("NotOffered", account=sender, region=CHANGXING, role=Role.PAYER):
        consortium.takeUp(CHANGXING, Role.PAYER, by=sender)


@pytest.mark.parametrize("end", ["taken up", "withdrawn", "revoked"])
def test_an_offer_is_taken_up_once(consortium, office, end):
    consortium.offer(NEWCOMER, Role.PAYER, by=office.admin)
    if end != "withdrawn":
        consortium.takeUp(CHANGXING, Role.PAYER, by=NEWCOMER)
    if end != "taken up":
        consortium.revoke(NEWCOMER, by=office.admin)

    with refused("NotOffered", account=NEWCOMER, region=CHANGXING, role=Role.PAYER):
        consortium.takeUp(CHANGXING, Role.PAYER, by=NEWCOMER)


@pytest.mark.parametrize("taken_up", [False, True], ids=["without an admin", "with a new admin"])
def test_an_offer_ends_with_the_admin_who_made_it(consortium, office, taken_up):
    consortium.offer(NEWCOMER, Role.PAYER, by=office.admin)
    consortium.recover(NEW_ADMIN, by=office.recovery)
    if taken_up:
        consortium.takeUp(CHANGXING, Role.ADMIN, by=NEW_ADMIN)

    with refused("NotOffered", account=NEWCOMER, region=CHANGXING, role=Role.PAYER):
        consortium.takeUp(CHANGXING, Role.PAYER, by=NEWCOMER)
    if taken_up:
        consortium.offer(NEWCOMER, Role.PAYER, by=NEW_ADMIN)
        consortium.takeUp(CHANGXING, Role.PAYER, by=NEWCOMER)
        assert consortium.holds(NEWCOMER, CHANGXING, Role.PAYER)


def test_who_took_up_one_role_takes_up_no_other(world, consortium, office):
    consortium.offer(NEWCOMER, Role.PAYER, by=office.admin)
    world.appoint(world.offices[BEIJING], NEWCOMER, Role.REVIEWER)

    with refused("AccountTaken", account=NEWCOMER):
        consortium.takeUp(CHANGXING, Role.PAYER, by=NEWCOMER)


def test_an_offer_rests_while_its_region_is_suspended(world, consortium, office):
    consortium.offer(NEWCOMER, Role.PAYER, by=office.admin)
    world.decide(MotionKind.SUSPEND, region=CHANGXING)

    with refused("Suspended", region=CHANGXING):
        consortium.takeUp(CHANGXING, Role.PAYER, by=NEWCOMER)
    world.decide(MotionKind.REINSTATE, region=CHANGXING)
    consortium.takeUp(CHANGXING, Role.PAYER, by=NEWCOMER)

    assert consortium.holds(NEWCOMER, CHANGXING, Role.PAYER)


def test_a_role_beyond_the_last_is_malformed(consortium):
    with refused("Malformed"):
        consortium.takeUp(CHANGXING, Role.RECOVERY + 1, by=NEWCOMER)


@pytest.mark.parametrize("role", WORKING)
def test_an_account_takes_up_each_working_role(consortium, office, role):
    others = [lambda who=who: consortium.accounts(getattr(office, who)) for who in OFFICE]
    for account in (NEWCOMER, OTHER):
        consortium.offer(account, role, by=office.admin)

    with unchanged(*others, consortium.members, lambda: consortium.regions(CHANGXING), lambda: consortium.offers(CHANGXING, OTHER)):
        sent = consortium.takeUp(CHANGXING, role, by=NEWCOMER)

    assert sent.events == (said("Granted", account=NEWCOMER, region=CHANGXING, role=role),)
    assert tuple(consortium.accounts(NEWCOMER)) == (CHANGXING, role, True)
    assert tuple(consortium.offers(CHANGXING, NEWCOMER)) == NOTHING
    assert [each for each in Role if consortium.holds(NEWCOMER, CHANGXING, each)] == [role]
    assert not consortium.holds(NEWCOMER, BEIJING, role)


# Keys


def offer_key(consortium, office, role, account):
    """The recovery key offers a key's place."""
    verb = consortium.recover if role is Role.ADMIN else consortium.rotateRecovery
    return verb(account, by=office.recovery)


@pytest.mark.parametrize("role", [Role.ADMIN, Role.RECOVERY])
def test_a_key_is_offered_to_one_account(world, consortium, office, role):
    offer_key(consortium, office, role, NEWCOMER)

    with refused("NotOffered", account=OTHER, region=CHANGXING, role=role):
        consortium.takeUp(CHANGXING, role, by=OTHER)
    with refused("NotOffered", account=NEWCOMER, region=BEIJING, role=role):
        consortium.takeUp(BEIJING, role, by=NEWCOMER)


@pytest.mark.parametrize("role", [Role.ADMIN, Role.RECOVERY])
def test_a_later_offer_of_a_key_replaces_an_earlier_one(consortium, office, role):
    offer_key(consortium, office, role, OTHER)
    offer_key(consortium, office, role, NEWCOMER)

    with refused("NotOffered", account=OTHER, region=CHANGXING, role=role):
        consortium.takeUp(CHANGXING, role, by=OTHER)
    consortium.takeUp(CHANGXING, role, by=NEWCOMER)

    assert tuple(consortium.accounts(NEWCOMER)) == (CHANGXING, role, True)
    assert tuple(consortium.offeredKeys(CHANGXING)) == NOBODY


@pytest.mark.parametrize("how", ["its successor", "a motion"])
@pytest.mark.parametrize("role", [Role.ADMIN, Role.RECOVERY])
def test_an_offered_key_ends_with_the_recovery_key(world, consortium, office, role, how):
    offer_key(consortium, office, role, OTHER)
    if how == "its successor":
        consortium.rotateRecovery(NEW_RECOVERY, by=office.recovery)
        consortium.takeUp(CHANGXING, Role.RECOVERY, by=NEW_RECOVERY)
    else:
        motion = world.motion(MotionKind.REPLACE_KEYS, region=CHANGXING, account=NEW_ADMIN, other=NEW_RECOVERY)
        world.at(world.carry(motion).time + 14 * DAY)
        consortium.enact(motion, by=STRANGER)

    assert tuple(consortium.offeredKeys(CHANGXING)) == NOBODY
    with refused("NotOffered", account=OTHER, region=CHANGXING, role=role):
        consortium.takeUp(CHANGXING, role, by=OTHER)


@pytest.mark.parametrize("role", [Role.ADMIN, Role.RECOVERY])
def test_who_took_up_a_role_becomes_no_key(world, consortium, office, role):
    offer_key(consortium, office, role, NEWCOMER)
    world.appoint(world.offices[BEIJING], NEWCOMER, Role.REVIEWER)

    with refused("AccountTaken", account=NEWCOMER):
        consortium.takeUp(CHANGXING, role, by=NEWCOMER)


@pytest.mark.parametrize("status", [RegionStatus.ACTIVE, RegionStatus.SUSPENDED])
def test_an_admin_takes_its_place_up(world, consortium, office, status):
    if status is RegionStatus.SUSPENDED:
        world.decide(MotionKind.SUSPEND, region=CHANGXING)
    consortium.rotateRecovery(OTHER, by=office.recovery)
    consortium.recover(NEWCOMER, by=office.recovery)
    before = consortium.regions(CHANGXING)

    with unchanged(lambda: consortium.accounts(office.recovery), lambda: consortium.regions(BEIJING), consortium.members):
        sent = consortium.takeUp(CHANGXING, Role.ADMIN, by=NEWCOMER)

    assert sent.events == (
        said("Granted", account=NEWCOMER, region=CHANGXING, role=Role.ADMIN),
        said("KeysReplaced", region=CHANGXING, admin=NEWCOMER, recovery=office.recovery),
    )
    assert (before.status, consortium.regions(CHANGXING)) == (status, before._replace(admin=NEWCOMER.address.lower()))
    assert tuple(consortium.accounts(NEWCOMER)) == (CHANGXING, Role.ADMIN, True)
    assert tuple(consortium.offeredKeys(CHANGXING)) == (NO_ADDRESS, OTHER.address.lower())
    consortium.revoke(office.issuer, by=NEWCOMER)


@pytest.mark.parametrize("status", [RegionStatus.ACTIVE, RegionStatus.SUSPENDED])
def test_a_recovery_key_takes_its_place_up(world, consortium, office, status):
    if status is RegionStatus.SUSPENDED:
        world.decide(MotionKind.SUSPEND, region=CHANGXING)
    consortium.rotateRecovery(NEWCOMER, by=office.recovery)
    before = consortium.regions(CHANGXING)

    with unchanged(lambda: consortium.accounts(office.admin), lambda: consortium.regions(BEIJING), consortium.members):
        sent = consortium.takeUp(CHANGXING, Role.RECOVERY, by=NEWCOMER)

    assert sent.events == (
        said("Granted", account=NEWCOMER, region=CHANGXING, role=Role.RECOVERY),
        said("KeysReplaced", region=CHANGXING, admin=office.admin, recovery=NEWCOMER),
    )
    assert (before.status, consortium.regions(CHANGXING)) == (status, before._replace(recovery=NEWCOMER.address.lower()))
    assert tuple(consortium.accounts(office.recovery)) == (CHANGXING, Role.RECOVERY, False)
    assert tuple(consortium.accounts(NEWCOMER)) == (CHANGXING, Role.RECOVERY, True)
    consortium.recover(OTHER, by=NEWCOMER)
