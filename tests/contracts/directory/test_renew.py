"""A host region renews what it says of a lab."""

import pytest

from registry.model import Standing
from tests.contracts.directory.parties import OTHERS_THAN_DIRECTORY, UNKNOWN, bring
from tests.contracts.seen import account, said, unchanged
from tests.contracts.world import SHANGHAI, refused, tag

AGENCY = tag("agency")
UNTIL = 2_000_000_000


def test_an_unknown_lab_is_not_renewed(directory, host):
    with refused("UnknownLab", lab=UNKNOWN):
        directory.renew(UNKNOWN, AGENCY, UNTIL, by=host.directory)


@pytest.mark.parametrize("who", [*OTHERS_THAN_DIRECTORY, "directory elsewhere"])
def test_only_the_host_region_renews(world, directory, lab, who):
    sender = account(world, who, SHANGHAI)

    with refused("NotDirectory", account=sender, region=SHANGHAI):
        directory.renew(lab.id, AGENCY, UNTIL, by=sender)


def test_a_suspended_region_renews_nothing(world, directory, lab, host):
    world.suspend(SHANGHAI)

    with refused("NotDirectory", account=host.directory, region=SHANGHAI):
        directory.renew(lab.id, AGENCY, UNTIL, by=host.directory)


def test_a_renewed_lab_has_a_seller(directory, lab, host):
    with refused("InvalidTag", tag=bytes(32)):
        directory.renew(lab.id, bytes(32), UNTIL, by=host.directory)


@pytest.mark.parametrize("standing", list(Standing)[1:])
def test_seller_and_qualification_are_renewed(world, directory, lab, neighbour, host, *, standing):
    bring(world, lab, standing)
    world.flag(lab.id)
    before = directory.labs(lab.id)

    with unchanged(lambda: directory.labs(neighbour.id), lambda: directory.flags(lab.id)):
        sent = directory.renew(lab.id, AGENCY, UNTIL, by=host.directory)

    assert sent.events == (said("LabRenewed", lab=lab.id, seller=AGENCY, qualifiedUntil=UNTIL),)
    assert directory.labs(lab.id) == before._replace(seller=AGENCY[:27], qualifiedUntil=UNTIL)
