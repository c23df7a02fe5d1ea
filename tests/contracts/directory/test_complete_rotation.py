"""An office's choice takes the old key's place after three days of silence."""

import pytest

from registry.model import NO_ADDRESS, Role
from tests.contracts.seen import good_from, read, said, unchanged
from tests.contracts.world import DAY, STRANGER, Party, person, refused

NEW = person("new signer")


@pytest.fixture(params=["firm", "lab"])
def party(request) -> Party:
    found: Party = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def office(world, party):
    return world.offices[party.record.region]


@pytest.fixture
def due(directory, party, office) -> int:
    """When the key that the office proposed may be put in place."""
    return directory.rotate(party.id, NEW, by=office.directory).time + 3 * DAY


def test_there_is_nothing_to_complete(directory, party):
    with refused("NoRotation", subject=party.id):
        directory.completeRotation(party.id, by=STRANGER)


def test_three_days_pass_to_the_second(world, directory, party, due):
    good_from(world, due, lambda: directory.completeRotation(party.id, by=STRANGER))

    with refused("RotationNotYet", subject=party.id, **{"from": due}):
        directory.completeRotation(party.id, by=STRANGER)


def test_an_account_that_got_a_role_meanwhile_is_refused(world, directory, party, office, due):
    world.appoint(office, NEW, Role.REVIEWER)
    world.at(due)

    with refused("SignerHoldsRole", signer=NEW):
        directory.completeRotation(party.id, by=STRANGER)


def test_the_proposed_key_is_put_in_place(world, directory, party, neighbour, due):
    before = (directory.labs(party.id), directory.firms(party.id))
    world.at(due)

    with unchanged(lambda: directory.labs(neighbour.id)):
        sent = directory.completeRotation(party.id, by=STRANGER)

    assert sent.events == (said("KeyRotated", subject=party.id, signer=NEW),)
    after = (directory.labs(party.id), directory.firms(party.id))
    assert after == tuple(each._replace(signer=NEW.address.lower()) if each.region else each for each in before)
    assert read(directory, "rotations", party.id) == {"signer": NO_ADDRESS, "from": 0}
    with refused("NoRotation", subject=party.id):
        directory.completeRotation(party.id, by=STRANGER)
