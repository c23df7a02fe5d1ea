"""A key names its successor; an office may only propose one."""

import pytest

from registry.model import NO_ADDRESS
from tests.contracts.directory.parties import OTHERS_THAN_DIRECTORY, UNKNOWN
from tests.contracts.seen import account, read, said, unchanged
from tests.contracts.world import BEIJING, CHANGXING, DAY, HEBEI, UNTIL_LIFTED, Party, person, refused

NEW = person("new signer")
NONE = {"signer": NO_ADDRESS, "from": 0}


@pytest.fixture(params=["firm", "lab"])
def party(request) -> Party:
    found: Party = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def office(world, party):
    return world.offices[party.record.region]


def signer(directory, subject):
    return directory.labs(subject).signer if directory.labs(subject).region else directory.firms(subject).signer


def test_an_unknown_subject_has_no_key(directory, home):
    with refused("UnknownSubject", subject=UNKNOWN):
        directory.rotate(UNKNOWN, NEW, by=home.directory)


@pytest.mark.parametrize("by_key", [True, False], ids=["by the key", "by the office"])
def test_nobody_becomes_no_signer(directory, party, office, by_key):
    with refused("InvalidSigner", signer=NO_ADDRESS):
        directory.rotate(party.id, NO_ADDRESS, by=party.signer if by_key else office.directory)


@pytest.mark.parametrize("by_key", [True, False], ids=["by the key", "by the office"])
@pytest.mark.parametrize("who", ["admin", "reviewer", "directory", "revoked issuer", "reviewer elsewhere"])
def test_an_offices_account_becomes_no_signer(world, party, office, *, directory, who, by_key):
    named = account(world, who.removeprefix("revoked "), party.record.region)
    if who.startswith("revoked"):
        world.consortium.revoke(named, by=office.admin)

    with refused("SignerHoldsRole", signer=named):
        directory.rotate(party.id, named, by=party.signer if by_key else office.directory)


@pytest.mark.parametrize("who", [*OTHERS_THAN_DIRECTORY, "directory elsewhere"])
def test_strangers_rotate_nothing(world, directory, party, who):
    sender = account(world, who, party.record.region)

    with refused("NotDirectory", account=sender, region=party.record.region):
        directory.rotate(party.id, NEW, by=sender)


def test_a_rotated_key_rotates_no_more(directory, party):
    directory.rotate(party.id, NEW, by=party.signer)

    with refused("NotDirectory", account=party.signer, region=party.record.region):
        directory.rotate(party.id, party.signer, by=party.signer)


def test_a_suspended_region_proposes_no_key(world, directory, firm, home):
    world.suspend(CHANGXING)

    with refused("NotDirectory", account=home.directory, region=CHANGXING):
        directory.rotate(firm.id, NEW, by=home.directory)
    directory.rotate(firm.id, NEW, by=firm.signer)

    assert signer(directory, firm.id) == NEW.address.lower()


def test_a_key_names_its_successor_at_once(directory, party, office, neighbour):
    directory.rotate(party.id, person("the office's choice"), by=office.directory)
    before = (directory.labs(party.id), directory.firms(party.id))

    with unchanged(lambda: directory.labs(neighbour.id)):
        sent = directory.rotate(party.id, NEW, by=party.signer)

    assert sent.events == (said("KeyRotated", subject=party.id, signer=NEW),)
    assert read(directory, "rotations", party.id) == NONE
    after = (directory.labs(party.id), directory.firms(party.id))
    assert after == tuple(each._replace(signer=NEW.address.lower()) if each.region else each for each in before)


def test_a_key_that_two_regions_suspect_names_no_successor(world, directory, party, office):
    world.flag(party.id, by=BEIJING)
    with world.put_back():
        directory.rotate(party.id, NEW, by=party.signer).only("KeyRotated")
    world.second(party.id, by=HEBEI)

    with (
        unchanged(lambda: directory.labs(party.id), lambda: directory.firms(party.id)),
        refused("SubjectFlagged", subject=party.id, until=UNTIL_LIFTED),
    ):
        directory.rotate(party.id, NEW, by=party.signer)
    assert read(directory, "rotations", party.id) == NONE
    directory.rotate(party.id, NEW, by=office.directory).only("RotationProposed")


def test_an_office_proposes_a_key(directory, party, office):
    with unchanged(lambda: directory.labs(party.id), lambda: directory.firms(party.id)):
        sent = directory.rotate(party.id, NEW, by=office.directory)

    assert sent.events == (said("RotationProposed", subject=party.id, signer=NEW, **{"from": sent.time + 3 * DAY}),)
    assert read(directory, "rotations", party.id) == {"signer": NEW.address.lower(), "from": sent.time + 3 * DAY}


def test_a_second_proposal_waits_three_days_again(world, directory, party, office):
    first = directory.rotate(party.id, NEW, by=office.directory).time
    other = person("another choice")

    world.at(first + 3 * DAY)
    directory.rotate(party.id, other, by=office.directory)

    with refused("RotationNotYet", subject=party.id, **{"from": first + 6 * DAY}):
        directory.completeRotation(party.id, by=office.directory)
    assert read(directory, "rotations", party.id) == {"signer": other.address.lower(), "from": first + 6 * DAY}
