"""The present key refuses the office's choice."""

import pytest

from registry.model import NO_ADDRESS
from tests.contracts.directory.parties import UNKNOWN
from tests.contracts.seen import account, read, said, unchanged
from tests.contracts.world import BEIJING, DAY, HEBEI, UNTIL_LIFTED, Party, person, refused

NEW = person("new signer")


@pytest.fixture(params=["firm", "lab"])
def party(request) -> Party:
    found: Party = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def proposed(world, directory, party) -> int:
    """When the office proposed another key."""
    return directory.rotate(party.id, NEW, by=world.offices[party.record.region].directory).time


def test_an_unknown_subject_vetoes_nothing(directory):
    with refused("UnknownSubject", subject=UNKNOWN):
        directory.vetoRotation(UNKNOWN, by=NEW)


@pytest.mark.usefixtures("proposed")
@pytest.mark.parametrize("who", ["stranger", "directory", "admin", "proposed"])
def test_only_the_present_key_vetoes(world, directory, party, who):
    sender = NEW if who == "proposed" else account(world, who, party.record.region)

    with refused("NotSigner", account=sender, subject=party.id):
        directory.vetoRotation(party.id, by=sender)


def test_there_is_nothing_to_veto(directory, party):
    with refused("NoRotation", subject=party.id):
        directory.vetoRotation(party.id, by=party.signer)


def test_a_key_that_two_regions_suspect_vetoes_nothing(world, directory, party, proposed):
    world.flag(party.id, by=BEIJING)
    with world.put_back():
        directory.vetoRotation(party.id, by=party.signer).only("RotationVetoed")
    world.second(party.id, by=HEBEI)

    with refused("SubjectFlagged", subject=party.id, until=UNTIL_LIFTED):
        directory.vetoRotation(party.id, by=party.signer)

    assert read(directory, "rotations", party.id) == {"signer": NEW.address.lower(), "from": proposed + 3 * DAY}


@pytest.mark.parametrize("seconds", [1, 3 * DAY - 1, 3 * DAY, 300 * DAY])
def test_the_old_key_stays(world, directory, party, proposed, seconds):
    world.at(proposed + seconds)

    with unchanged(lambda: directory.labs(party.id), lambda: directory.firms(party.id)):
        sent = directory.vetoRotation(party.id, by=party.signer)

    assert sent.events == (said("RotationVetoed", subject=party.id, signer=NEW),)
    assert read(directory, "rotations", party.id) == {"signer": NO_ADDRESS, "from": 0}
    world.at(proposed + 301 * DAY)
    with refused("NoRotation", subject=party.id):
        directory.completeRotation(party.id, by=NEW)
