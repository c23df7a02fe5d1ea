"""A home region enrols a firm."""

import pytest

from registry import codec
from registry.model import NO_ADDRESS, Firm
from tests.contracts.directory.parties import OTHERS_THAN_DIRECTORY, directory_of
from tests.contracts.seen import account, said, unchanged
from tests.contracts.world import BEIJING, CHANGXING, person, refused, tag

RECORD = Firm(CHANGXING, tag("company"))
SIGNER = person("firm signer")


@pytest.mark.parametrize("who", [*OTHERS_THAN_DIRECTORY, "directory elsewhere"])
def test_only_the_home_region_enrols(world, directory, who):
    sender = account(world, who)

    with refused("NotDirectory", account=sender, region=CHANGXING):
        directory.enrol(RECORD, SIGNER, by=sender)


def test_a_suspended_region_enrols_nobody(world, directory, home):
    world.suspend(CHANGXING)

    with refused("NotDirectory", account=home.directory, region=CHANGXING):
        directory.enrol(RECORD, SIGNER, by=home.directory)


def test_a_firm_is_enrolled_once(directory, firm, home):
    with refused("AlreadyEnrolled", firm=firm.id):
        directory.enrol(firm.record, SIGNER, by=home.directory)


def test_a_firm_has_a_tag(directory, home):
    with refused("InvalidTag", tag=bytes(32)):
        directory.enrol((CHANGXING, bytes(32)), SIGNER, by=home.directory)


def test_nobody_signs_for_no_firm(directory, home):
    with refused("InvalidSigner", signer=NO_ADDRESS):
        directory.enrol(RECORD, NO_ADDRESS, by=home.directory)


@pytest.mark.parametrize("who", ["admin", "reviewer", "directory", "issuer elsewhere"])
def test_an_offices_account_signs_for_no_firm(world, directory, home, who):
    signer = account(world, who)

    with refused("SignerHoldsRole", signer=signer):
        directory.enrol(RECORD, signer, by=home.directory)


def test_a_firm_is_enrolled(directory, firm, home):
    with unchanged(lambda: directory.firms(firm.id), lambda: directory.labs(codec.id_of(RECORD))):
        sent = directory.enrol(RECORD, SIGNER, by=home.directory)

    assert directory.firmId(RECORD) == codec.id_of(RECORD)
    assert sent.events == (said("FirmEnrolled", firm=codec.id_of(RECORD), record=RECORD, signer=SIGNER),)
    assert tuple(directory.firms(codec.id_of(RECORD))) == (SIGNER.address.lower(), 0, CHANGXING)


def test_one_company_in_two_regions_is_two_firms(world, directory, firm):
    elsewhere = Firm(BEIJING, firm.tag)

    with unchanged(lambda: directory.firms(firm.id)):
        directory.enrol(elsewhere, firm.signer, by=directory_of(world, BEIJING))

    assert tuple(directory.firms(codec.id_of(elsewhere))) == (firm.signer.address.lower(), 0, BEIJING)
