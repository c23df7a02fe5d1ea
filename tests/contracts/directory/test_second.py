"""A second region makes a flag last."""

import pytest

from tests.contracts.directory.parties import OTHERS_THAN_DIRECTORY, REASON, serve
from tests.contracts.seen import account, good_until, said, unchanged
from tests.contracts.world import BEIJING, CHANGXING, DAY, HEBEI, KUNSHAN, UNTIL_LIFTED, Party, refused


@pytest.fixture(params=["firm", "lab"])
def party(request) -> Party:
    found: Party = request.getfixturevalue(request.param)
    return found


@pytest.mark.parametrize(("who", "region"), [(who, CHANGXING) for who in OTHERS_THAN_DIRECTORY[1:]] + [("stranger", 0)])
def test_only_a_directory_account_seconds(world, directory, lab, who, region):
    world.flag(lab.id)
    sender = account(world, who)

    with refused("NotDirectory", account=sender, region=region):
        directory.second(lab.id, REASON, by=sender)


def test_a_suspended_region_seconds_nothing(world, directory, lab, home):
    world.flag(lab.id)
    world.suspend(CHANGXING)

    with refused("NotDirectory", account=home.directory, region=CHANGXING):
        directory.second(lab.id, REASON, by=home.directory)


def test_there_is_nothing_to_second(directory, party, home):
    with refused("NotFlagged", subject=party.id):
        directory.second(party.id, REASON, by=home.directory)


def test_a_lapsed_flag_is_not_seconded(world, party):
    until = world.flag(party.id)
    good_until(world, until, lambda: world.second(party.id, by=HEBEI))

    with refused("NotFlagged", subject=party.id):
        world.second(party.id, by=HEBEI)


@pytest.mark.parametrize("region", [HEBEI, KUNSHAN, BEIJING])
def test_a_flag_is_seconded_once(world, party, region):
    world.flag(party.id, by=BEIJING)
    world.second(party.id, by=HEBEI)

    with refused("AlreadySeconded", subject=party.id):
        world.second(party.id, by=region)


def test_nobody_seconds_its_own_flag(world, party):
    world.flag(party.id, by=BEIJING)

    with refused("OwnFlag", subject=party.id, region=BEIJING):
        world.second(party.id, by=BEIJING)


def test_a_seconded_flag_lasts(world, directory, firm, lab, neighbour, *, party):
    since = world.flag(party.id, by=BEIJING) - 30 * DAY
    world.flag(neighbour.id, by=BEIJING)

    with unchanged(lambda: directory.flags(neighbour.id), lambda: directory.labs(neighbour.id)):
        sent = world.second(party.id, by=HEBEI)

    assert sent.events == (said("FlagSeconded", subject=party.id, region=HEBEI, reason=REASON),)
    assert tuple(directory.flags(party.id)) == (BEIJING, HEBEI, since, UNTIL_LIFTED)
    assert not directory.flaggedBy(party.id, HEBEI)
    world.at(sent.time + 10_000 * DAY)
    with refused("SubjectFlagged", subject=party.id, until=UNTIL_LIFTED):
        serve(world, firm, lab)


def test_a_region_that_spent_its_flag_may_second(world, directory, party):
    world.at(world.flag(party.id, by=BEIJING) + 1)
    since = world.flag(party.id, by=HEBEI) - 30 * DAY

    world.second(party.id, by=BEIJING)

    assert tuple(directory.flags(party.id)) == (HEBEI, BEIJING, since, UNTIL_LIFTED)
