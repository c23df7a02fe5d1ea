"""A region takes its flag back."""

import pytest

from tests.contracts.directory.parties import OTHERS_THAN_DIRECTORY, directory_of, serve
from tests.contracts.seen import account, good_until, said, unchanged
from tests.contracts.world import BEIJING, CHANGXING, HEBEI, KUNSHAN, SHANGHAI, Party, refused


@pytest.fixture(params=["firm", "lab"])
def party(request) -> Party:
    found: Party = request.getfixturevalue(request.param)
    return found


def unflag(world, subject, by):
    return world.directory.unflag(subject, by=directory_of(world, by))


@pytest.mark.parametrize(("who", "region"), [(who, CHANGXING) for who in OTHERS_THAN_DIRECTORY[1:]] + [("stranger", 0)])
def test_only_a_directory_account_unflags(world, directory, lab, who, region):
    world.flag(lab.id, by=CHANGXING)
    sender = account(world, who)

    with refused("NotDirectory", account=sender, region=region):
        directory.unflag(lab.id, by=sender)


def test_a_suspended_region_takes_nothing_back(world, lab, home):
    world.flag(lab.id, by=CHANGXING)
    world.suspend(CHANGXING)

    with refused("NotDirectory", account=home.directory, region=CHANGXING):
        unflag(world, lab.id, CHANGXING)


def test_there_is_nothing_to_take_back(world, party):
    with refused("NotFlagged", subject=party.id):
        unflag(world, party.id, BEIJING)


def test_a_lapsed_flag_is_not_taken_back(world, party):
    until = world.flag(party.id, by=BEIJING)
    good_until(world, until, lambda: unflag(world, party.id, BEIJING))

    with refused("NotFlagged", subject=party.id):
        unflag(world, party.id, BEIJING)


@pytest.mark.parametrize("region", [BEIJING, HEBEI, KUNSHAN])
def test_a_seconded_flag_is_not_taken_back(world, party, region):
    world.flag(party.id, by=BEIJING)
    world.second(party.id, by=HEBEI)

    with refused("AlreadySeconded", subject=party.id):
        unflag(world, party.id, region)


@pytest.mark.parametrize("region", [HEBEI, CHANGXING, SHANGHAI])
def test_nobody_takes_back_anothers_flag(world, party, region):
    world.flag(party.id, by=BEIJING)

    with refused("NotOwnFlag", subject=party.id, region=region):
        unflag(world, party.id, region)


def test_a_region_takes_its_flag_back(world, directory, firm, lab, neighbour, *, party):
    before = (directory.labs(party.id), directory.firms(party.id))
    world.flag(party.id, by=BEIJING)
    world.flag(neighbour.id, by=BEIJING)

    with unchanged(lambda: directory.flags(neighbour.id), lambda: directory.labs(neighbour.id)):
        sent = unflag(world, party.id, BEIJING)

    assert sent.events == (said("FlagLifted", subject=party.id, region=BEIJING),)
    assert tuple(directory.flags(party.id)) == (0, 0, 0, 0)
    assert (directory.labs(party.id), directory.firms(party.id)) == before
    assert serve(world, firm, lab).events == ()
