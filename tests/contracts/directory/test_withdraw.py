"""An issuing region ends recognition."""

import pytest

from tests.contracts.directory.parties import OTHERS_THAN_DIRECTORY, use
from tests.contracts.seen import account, good_until, read, said, unchanged
from tests.contracts.world import CHANGXING, DAY, KUNSHAN, refused


def window(directory, region, subject):
    return tuple(read(directory, "recognitions", region, subject).values())


@pytest.mark.parametrize(("who", "region"), [(who, CHANGXING) for who in OTHERS_THAN_DIRECTORY[1:]] + [("stranger", 0)])
def test_only_a_directory_account_withdraws(world, directory, lab, who, region):
    sender = account(world, who)

    with refused("NotDirectory", account=sender, region=region):
        directory.withdraw([lab.id], by=sender)


def test_a_suspended_region_withdraws_nothing(world, directory, lab, home):
    world.suspend(CHANGXING)

    with refused("NotDirectory", account=home.directory, region=CHANGXING):
        directory.withdraw([lab.id], by=home.directory)


def test_what_is_not_recognised_is_not_withdrawn(world, directory, lab, home):
    """Kunshan's recognition is not Changxing's to end."""
    other = world.lab(recognised_by=(KUNSHAN,))

    with refused("NotRecognised", region=CHANGXING, subject=other.id):
        directory.withdraw([lab.id, other.id], by=home.directory)

    assert window(directory, CHANGXING, lab.id)[1] > world.now()


def test_a_window_that_ran_out_is_not_withdrawn(world, directory, lab, home):
    until = world.now() + DAY
    directory.recognise([lab.id], 0, until, by=home.directory)
    good_until(world, until, lambda: directory.withdraw([lab.id], by=home.directory))

    with refused("NotRecognised", region=CHANGXING, subject=lab.id):
        directory.withdraw([lab.id], by=home.directory)


def test_recognition_ends_at_once(world, directory, firm, neighbour, home):
    lab = world.lab(recognised_by=(CHANGXING, KUNSHAN))
    since = window(directory, CHANGXING, lab.id)[0]

    with unchanged(lambda: window(directory, KUNSHAN, lab.id), lambda: window(directory, CHANGXING, neighbour.id)):
        sent = directory.withdraw([lab.id], by=home.directory)

    assert sent.events == (said("Withdrawn", region=CHANGXING, subject=lab.id),)
    assert window(directory, CHANGXING, lab.id) == (since, sent.time - 1)
    with refused("NotRecognised", region=CHANGXING, subject=lab.id):
        directory.requireAdmissible(CHANGXING, firm.tag, lab.id, bytes(32), False)  # noqa: FBT003 - not itemised
    with refused("NotRecognised", region=CHANGXING, subject=lab.id):
        use(world, firm, lab)


def test_a_recognition_to_come_never_begins(world, directory, firm, lab, home):
    begin = world.now() + 10 * DAY
    directory.recognise([lab.id], begin, begin + DAY, by=home.directory)

    directory.withdraw([lab.id], by=home.directory)

    world.at(begin)
    with refused("NotRecognised", region=CHANGXING, subject=lab.id):
        use(world, firm, lab)
