"""A host region stops a lab for fraud."""

import pytest

from registry.model import Standing
from tests.contracts.directory.parties import OTHERS_THAN_DIRECTORY, UNKNOWN, bring
from tests.contracts.seen import account, said, unchanged
from tests.contracts.world import SHANGHAI, refused


def test_an_unknown_lab_is_not_frozen(directory, host):
    with refused("UnknownLab", lab=UNKNOWN):
        directory.freeze(UNKNOWN, by=host.directory)


@pytest.mark.parametrize("who", [*OTHERS_THAN_DIRECTORY, "directory elsewhere"])
def test_only_the_host_region_freezes(world, directory, lab, who):
    sender = account(world, who, SHANGHAI)

    with refused("NotDirectory", account=sender, region=SHANGHAI):
        directory.freeze(lab.id, by=sender)


def test_a_suspended_region_freezes_nothing(world, directory, lab, host):
    world.suspend(SHANGHAI)

    with refused("NotDirectory", account=host.directory, region=SHANGHAI):
        directory.freeze(lab.id, by=host.directory)


@pytest.mark.parametrize("standing", [Standing.FROZEN])
def test_a_lab_in_another_standing_is_not_frozen(world, directory, lab, host, standing):
    bring(world, lab, standing)

    with refused("WrongStanding", lab=lab.id, standing=standing):
        directory.freeze(lab.id, by=host.directory)


@pytest.mark.parametrize("standing", [Standing.ACTIVE, Standing.SUSPENDED, Standing.EXITED])
def test_a_lab_is_frozen(world, directory, lab, neighbour, host, *, standing):
    bring(world, lab, standing)
    before = directory.labs(lab.id)

    with unchanged(lambda: directory.labs(neighbour.id), lambda: directory.flags(lab.id)):
        sent = directory.freeze(lab.id, by=host.directory)

    assert sent.events == (said("StandingSet", lab=lab.id, standing=Standing.FROZEN),)
    assert directory.labs(lab.id) == before._replace(standing=Standing.FROZEN)
