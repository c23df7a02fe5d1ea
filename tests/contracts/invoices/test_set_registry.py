"""The members let registries and claimants on the ledger, and let them go."""

import pytest

from registry import codec
from registry.model import NO_ADDRESS, MotionKind, RegistryStatus
from tests.contracts.invoices.ledger import move_on
from tests.contracts.seen import good_until, said, unchanged
from tests.contracts.world import BEIJING, DAY, HEBEI, KUNSHAN, STRANGER, person, refused

NEWCOMER = person("newcomer")
KINDS = [MotionKind.AUTHORISE_REGISTRY, MotionKind.AUTHORISE_CLAIMANT, MotionKind.RETIRE_REGISTRY, MotionKind.CLOSE_REGISTRY]


def decided(world, kind, account):
    """A carried motion about a registry."""
    motion = world.motion(kind, account=account)
    world.carry(motion)
    return motion


@pytest.mark.parametrize("kind", KINDS)
def test_a_motion_that_was_not_carried_moves_nothing(world, invoices, kind):
    motion = world.motion(kind, account=NEWCOMER)
    world.carry(motion, [BEIJING, HEBEI, KUNSHAN])

    with refused("NotCarried", motion=codec.id_of(motion), votes=3, members=6):
        invoices.setRegistry(motion, by=STRANGER)


def test_a_motion_moves_a_registry_within_thirty_days(world, invoices):
    motion = world.motion(MotionKind.AUTHORISE_CLAIMANT, account=NEWCOMER)
    carried = world.carry(motion).time
    good_until(world, carried + 30 * DAY, lambda: invoices.setRegistry(motion, by=STRANGER))

    with refused("TooLate", motion=codec.id_of(motion), until=carried + 30 * DAY):
        invoices.setRegistry(motion, by=STRANGER)


def test_a_motion_that_may_be_vetoed_moves_nothing(world, invoices):
    motion = world.motion(MotionKind.REPLACE_KEYS, region=HEBEI, account=person("admin next"), other=person("recovery next"))
    carried = world.carry(motion).time

    with refused("NotYet", motion=codec.id_of(motion), **{"from": carried + 14 * DAY}):
        invoices.setRegistry(motion, by=STRANGER)
    world.consortium.veto(motion, by=world.offices[HEBEI].recovery)
    with refused("MotionVetoed", motion=codec.id_of(motion)):
        invoices.setRegistry(motion, by=STRANGER)


def test_a_motion_moves_a_registry_once(world, invoices):
    motion = world.decide(MotionKind.AUTHORISE_CLAIMANT, account=NEWCOMER)

    with refused("MotionUsed", motion=codec.id_of(motion)):
        invoices.setRegistry(motion, by=STRANGER)


@pytest.mark.parametrize("kind", [each for each in MotionKind if each not in (MotionKind.NONE, *KINDS)])
def test_a_motion_of_another_kind_moves_nothing(world, invoices, kind):
    motion = world.motion(kind, region=320000 if kind is MotionKind.ADMIT else HEBEI, account=NEWCOMER)
    carried = world.carry(motion).time
    # Until then a replacement of keys is refused with NotYet.
    world.at(carried + 14 * DAY)

    with refused("WrongMotion"):
        invoices.setRegistry(motion, by=STRANGER)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (MotionKind.AUTHORISE_REGISTRY, RegistryStatus.AUTHORISED),
        (MotionKind.AUTHORISE_REGISTRY, RegistryStatus.RETIRED),
        (MotionKind.AUTHORISE_REGISTRY, RegistryStatus.CLOSED),
        (MotionKind.AUTHORISE_CLAIMANT, RegistryStatus.AUTHORISED),
        (MotionKind.AUTHORISE_CLAIMANT, RegistryStatus.RETIRED),
        (MotionKind.AUTHORISE_CLAIMANT, RegistryStatus.CLOSED),
        (MotionKind.RETIRE_REGISTRY, RegistryStatus.NONE),
        (MotionKind.RETIRE_REGISTRY, RegistryStatus.RETIRED),
        (MotionKind.RETIRE_REGISTRY, RegistryStatus.CLOSED),
        (MotionKind.CLOSE_REGISTRY, RegistryStatus.NONE),
        (MotionKind.CLOSE_REGISTRY, RegistryStatus.AUTHORISED),
        (MotionKind.CLOSE_REGISTRY, RegistryStatus.CLOSED),
    ],
)
def test_a_registry_only_moves_forward(world, invoices, kind, status):
    registry = NEWCOMER if status is RegistryStatus.NONE else world.registry.address
    if status is not RegistryStatus.NONE:
        move_on(world, registry, status)
    motion = decided(world, kind, registry)

    with refused("WrongStatus", registry=registry, status=status):
        invoices.setRegistry(motion, by=STRANGER)


@pytest.mark.parametrize("predecessor", [NO_ADDRESS, NEWCOMER.address])
def test_a_registry_succeeds_the_latest(world, invoices, predecessor):
    move_on(world, world.registry.address, RegistryStatus.RETIRED)
    registry, _ = world.deploy_registry(predecessor)
    motion = decided(world, MotionKind.AUTHORISE_REGISTRY, registry.address)

    with refused("NotSuccessor", registry=registry.address, latest=world.registry.address):
        invoices.setRegistry(motion, by=STRANGER)


def test_a_registry_succeeds_one_that_is_retired(world, invoices):
    registry, _ = world.deploy_registry(world.registry.address)
    motion = decided(world, MotionKind.AUTHORISE_REGISTRY, registry.address)

    with refused("StillAuthorised", registry=world.registry.address):
        invoices.setRegistry(motion, by=STRANGER)


def test_a_registry_is_a_contract(world, invoices):
    motion = decided(world, MotionKind.AUTHORISE_REGISTRY, NEWCOMER)

    with refused("Malformed"):
        invoices.setRegistry(motion, by=STRANGER)


@pytest.mark.parametrize("status", [RegistryStatus.RETIRED, RegistryStatus.CLOSED])
def test_a_successor_takes_over(world, invoices, status):
    registry, _ = world.deploy_registry(world.registry.address)
    move_on(world, world.registry.address, status)
    motion = decided(world, MotionKind.AUTHORISE_REGISTRY, registry.address)

    with unchanged(lambda: invoices.registries(world.registry.address)):
        sent = invoices.setRegistry(motion, by=STRANGER)

    assert sent.events == (said("RegistrySet", registry=registry.address, motion=codec.id_of(motion), status=RegistryStatus.AUTHORISED),)
    assert invoices.latest() == registry.address.lower()
    assert (invoices.mayIssue(registry.address), invoices.mayIssue(world.registry.address)) == (True, False)
    assert invoices.used(codec.id_of(motion))


def test_a_claimant_claims_and_never_issues(world, invoices):
    motion = decided(world, MotionKind.AUTHORISE_CLAIMANT, NEWCOMER)

    with unchanged(invoices.latest, lambda: invoices.registries(world.registry.address)):
        sent = invoices.setRegistry(motion, by=STRANGER)

    assert sent.events == (said("RegistrySet", registry=NEWCOMER, motion=codec.id_of(motion), status=RegistryStatus.AUTHORISED),)
    assert invoices.registries(NEWCOMER) == RegistryStatus.AUTHORISED
    assert (invoices.mayIssue(NEWCOMER), invoices.mayIssue(world.registry.address)) == (False, True)


def test_a_claimant_that_was_also_carried_as_a_successor_is_a_claimant(world, invoices):
    registry, _ = world.deploy_registry(world.registry.address)
    move_on(world, world.registry.address, RegistryStatus.RETIRED)
    as_registry = decided(world, MotionKind.AUTHORISE_REGISTRY, registry.address)
    motion = decided(world, MotionKind.AUTHORISE_CLAIMANT, registry.address)

    with unchanged(invoices.latest):
        sent = invoices.setRegistry(motion, by=STRANGER)

    said_so = said("RegistrySet", registry=registry.address, motion=codec.id_of(motion), status=RegistryStatus.AUTHORISED)
    assert sent.events == (said_so,)
    with refused("WrongStatus", registry=registry.address, status=RegistryStatus.AUTHORISED):
        invoices.setRegistry(as_registry, by=STRANGER)


def test_a_registry_is_retired_and_closed(world, invoices, claimant):
    steps = ((MotionKind.RETIRE_REGISTRY, RegistryStatus.RETIRED), (MotionKind.CLOSE_REGISTRY, RegistryStatus.CLOSED))

    for kind, status in steps:
        motion = decided(world, kind, claimant)
        with unchanged(invoices.latest, lambda: invoices.registries(world.registry.address)):
            sent = invoices.setRegistry(motion, by=STRANGER)

        assert sent.events == (said("RegistrySet", registry=claimant, motion=codec.id_of(motion), status=status),)
        assert invoices.registries(claimant) == status


@pytest.mark.parametrize("status", [RegistryStatus.RETIRED, RegistryStatus.CLOSED])
def test_a_retired_registry_issues_nothing(world, invoices, status):
    move_on(world, world.registry.address, status)

    assert not invoices.mayIssue(world.registry.address)
    assert invoices.latest() == world.registry.address.lower()
