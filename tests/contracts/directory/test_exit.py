"""A host region lets a lab go."""

import pytest

from registry.model import Standing
from tests.contracts.directory.parties import OTHERS_THAN_DIRECTORY, UNKNOWN, bring
from tests.contracts.seen import account, said, unchanged
from tests.contracts.world import SHANGHAI, refused


def test_an_unknown_lab_is_not_let_go(directory, host):
    with refused("UnknownLab", lab=UNKNOWN):
        directory.exit(UNKNOWN, by=host.directory)


@pytest.mark.parametrize("who", [*OTHERS_THAN_DIRECTORY, "directory elsewhere"])
def test_only_the_host_region_exits(world, directory, lab, who):
    sender = account(world, who, SHANGHAI)

    with refused("NotDirectory", account=sender, region=SHANGHAI):
        directory.exit(lab.id, by=sender)


def test_a_suspended_region_exits_nothing(world, directory, lab, host):
    world.suspend(SHANGHAI)

    with refused("NotDirectory", account=host.directory, region=SHANGHAI):
        directory.exit(lab.id, by=host.directory)


@pytest.mark.parametrize("standing", [Standing.EXITED, Standing.FROZEN])
def test_a_lab_in_another_standing_is_not_let_go(world, directory, lab, host, standing):
    bring(world, lab, standing)

    with refused("WrongStanding", lab=lab.id, standing=standing):
        directory.exit(lab.id, by=host.directory)


@pytest.mark.parametrize("standing", [Standing.ACTIVE, Standing.SUSPENDED])
def test_a_lab_is_let_go(world, directory, lab, neighbour, host, *, standing):
    bring(world, lab, standing)
    before = directory.labs(lab.id)

    with unchanged(lambda: directory.labs(neighbour.id), lambda: directory.flags(lab.id)):
        sent = directory.exit(lab.id, by=host.directory)

    assert sent.events == (said("StandingSet", lab=lab.id, standing=Standing.EXITED),)
    assert directory.labs(lab.id) == before._replace(standing=Standing.EXITED)
