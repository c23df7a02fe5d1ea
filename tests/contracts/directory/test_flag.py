"""Any member stops a party everywhere for thirty days."""

import pytest

from tests.contracts.directory.parties import OTHERS_THAN_DIRECTORY, REASON, UNKNOWN, directory_of, lift, serve
from tests.contracts.seen import account, good_until, said, unchanged
from tests.contracts.world import BEIJING, CHANGXING, DAY, HEBEI, KUNSHAN, SHANGHAI, UNTIL_LIFTED, Party, refused


@pytest.fixture(params=["firm", "lab"])
def party(request) -> Party:
    found: Party = request.getfixturevalue(request.param)
    return found


@pytest.mark.parametrize(("who", "region"), [(who, CHANGXING) for who in OTHERS_THAN_DIRECTORY[1:]] + [("stranger", 0)])
def test_only_a_directory_account_flags(world, directory, lab, who, region):
    sender = account(world, who)

    with refused("NotDirectory", account=sender, region=region):
        directory.flag(lab.id, REASON, by=sender)


def test_a_suspended_region_flags_nobody(world, directory, lab, home):
    world.suspend(CHANGXING)

    with refused("NotDirectory", account=home.directory, region=CHANGXING):
        directory.flag(lab.id, REASON, by=home.directory)


@pytest.mark.parametrize("what", ["unknown", "item", "host unit"])
def test_only_parties_are_flagged(world, directory, lab, home, what):
    subject = {"unknown": UNKNOWN, "item": world.item(lab), "host unit": lab.record.host_unit}[what]

    with refused("UnknownSubject", subject=subject):
        directory.flag(subject, REASON, by=home.directory)


def test_a_region_flags_a_subject_once(world, directory, party):
    until = world.flag(party.id, by=BEIJING)

    for time in (until, until + 1, until + 365 * DAY):
        world.at(time)
        with refused("FlaggedBefore", subject=party.id, region=BEIJING):
            directory.flag(party.id, REASON, by=directory_of(world, BEIJING))


@pytest.mark.parametrize("how", ["taken back", "lifted"])
def test_a_flag_that_is_gone_was_still_the_one(world, directory, party, how):
    world.flag(party.id, by=BEIJING)
    if how == "taken back":
        directory.unflag(party.id, by=directory_of(world, BEIJING))
    else:
        lift(world, party)

    with refused("FlaggedBefore", subject=party.id, region=BEIJING):
        directory.flag(party.id, REASON, by=directory_of(world, BEIJING))
    assert world.flag(party.id, by=HEBEI) > world.now()


def test_a_flagged_subject_is_seconded_instead(world, directory, party):
    until = world.flag(party.id, by=BEIJING)
    world.at(until)

    with refused("SubjectFlagged", subject=party.id, until=until):
        directory.flag(party.id, REASON, by=directory_of(world, HEBEI))


def test_a_seconded_flag_takes_no_other(world, directory, party):
    until = world.flag(party.id, by=BEIJING)
    world.second(party.id, by=HEBEI)
    world.at(until + 365 * DAY)

    with refused("SubjectFlagged", subject=party.id, until=UNTIL_LIFTED):
        directory.flag(party.id, REASON, by=directory_of(world, KUNSHAN))


def test_another_region_flags_after_a_flag_lapsed(world, directory, party):
    first = world.flag(party.id, by=BEIJING)
    world.at(first + 1)

    assert world.flag(party.id, by=HEBEI) == first + 1 + 30 * DAY
    assert tuple(directory.flags(party.id)) == (HEBEI, 0, first + 1, first + 1 + 30 * DAY)


@pytest.mark.parametrize("region", [BEIJING, CHANGXING, SHANGHAI])
def test_any_member_stops_a_party_for_thirty_days(world, directory, party, neighbour, region):
    before = (directory.labs(party.id), directory.firms(party.id))

    with unchanged(
        lambda: directory.labs(neighbour.id), lambda: directory.flags(neighbour.id), lambda: directory.flaggedBy(party.id, HEBEI)
    ):
        sent = directory.flag(party.id, REASON, by=directory_of(world, region))

    until = sent.time + 30 * DAY
    assert sent.events == (said("Flagged", subject=party.id, region=region, reason=REASON, until=until),)
    assert tuple(directory.flags(party.id)) == (region, 0, sent.time, until)
    assert directory.flaggedBy(party.id, region)
    after = (directory.labs(party.id), directory.firms(party.id))
    assert after == tuple(each._replace(flaggedUntil=until) if each.region else each for each in before)


def test_a_flag_lapses_after_thirty_days_to_the_second(world, firm, lab, party):
    until = world.flag(party.id)

    with world.put_back():
        world.at(until)
        with refused("SubjectFlagged", subject=party.id, until=until):
            serve(world, firm, lab)
    good_until(world, until + 1, lambda: serve(world, firm, lab))
