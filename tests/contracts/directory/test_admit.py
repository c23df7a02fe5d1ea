"""A host region admits a lab."""

import pytest

from registry import codec
from registry.model import NO_ADDRESS, Lab, Standing
from tests.contracts.directory.parties import OTHERS_THAN_DIRECTORY, bring
from tests.contracts.seen import account, said, unchanged
from tests.contracts.world import SHANGHAI, person, refused, tag

RECORD = Lab(SHANGHAI, tag("unit"), "SH-0001")
SIGNER = person("lab signer")
SELLER = tag("seller")
UNTIL = 2_000_000_000


@pytest.mark.parametrize("who", [*OTHERS_THAN_DIRECTORY, "directory elsewhere"])
def test_only_the_host_region_admits(world, directory, who):
    sender = account(world, who, SHANGHAI)

    with refused("NotDirectory", account=sender, region=SHANGHAI):
        directory.admit(RECORD, SIGNER, SELLER, UNTIL, by=sender)


def test_a_suspended_region_admits_nobody(world, directory, host):
    world.suspend(SHANGHAI)

    with refused("NotDirectory", account=host.directory, region=SHANGHAI):
        directory.admit(RECORD, SIGNER, SELLER, UNTIL, by=host.directory)


@pytest.mark.parametrize("standing", list(Standing)[1:])
def test_a_lab_is_admitted_once(world, directory, host, lab, standing):
    bring(world, lab, standing)

    with refused("AlreadyAdmitted", lab=lab.id):
        directory.admit(lab.record, SIGNER, SELLER, UNTIL, by=host.directory)


def test_a_lab_has_a_catalogue_number(directory, host):
    with refused("InvalidCode"):
        directory.admit((SHANGHAI, RECORD.host_unit, ""), SIGNER, SELLER, UNTIL, by=host.directory)


def test_a_lab_has_a_seller(directory, host):
    with refused("InvalidTag", tag=bytes(32)):
        directory.admit(RECORD, SIGNER, bytes(32), UNTIL, by=host.directory)


def test_nobody_signs_for_no_lab(directory, host):
    with refused("InvalidSigner", signer=NO_ADDRESS):
        directory.admit(RECORD, NO_ADDRESS, SELLER, UNTIL, by=host.directory)


@pytest.mark.parametrize("who", ["admin", "recovery", "reviewer", "directory", "reviewer elsewhere"])
def test_an_offices_account_signs_for_no_lab(world, directory, host, who):
    signer = account(world, who, SHANGHAI)

    with refused("SignerHoldsRole", signer=signer):
        directory.admit(RECORD, signer, SELLER, UNTIL, by=host.directory)


def test_a_revoked_account_signs_for_no_lab(world, directory, host):
    world.consortium.revoke(host.reviewer, by=host.admin)

    with refused("SignerHoldsRole", signer=host.reviewer):
        directory.admit(RECORD, host.reviewer, SELLER, UNTIL, by=host.directory)


def test_a_lab_is_admitted(directory, host, neighbour):
    lab = codec.id_of(RECORD)

    with unchanged(lambda: directory.labs(neighbour.id), lambda: directory.firms(lab)):
        sent = directory.admit(RECORD, SIGNER, SELLER, UNTIL, by=host.directory)

    assert directory.labId(RECORD) == lab
    assert sent.events == (said("LabAdmitted", lab=lab, record=RECORD, signer=SIGNER, seller=SELLER, qualifiedUntil=UNTIL),)
    assert tuple(directory.labs(lab)) == (SIGNER.address.lower(), SHANGHAI, Standing.ACTIVE, 0, SELLER[:27], UNTIL)
