"""An issuing region says where its vouchers may be spent, and when."""

import pytest

from tests.contracts.directory.parties import OTHERS_THAN_DIRECTORY, UNKNOWN, directory_of
from tests.contracts.seen import account, read, said, unchanged
from tests.contracts.world import BEIJING, CHANGXING, KUNSHAN, refused

FROM, UNTIL = 1_900_000_000, 2_000_000_000


def window(directory, region, subject):
    return tuple(read(directory, "recognitions", region, subject).values())


@pytest.mark.parametrize(("who", "region"), [(who, CHANGXING) for who in OTHERS_THAN_DIRECTORY[1:]] + [("stranger", 0)])
def test_only_a_directory_account_recognises(world, directory, lab, who, region):
    sender = account(world, who)

    with refused("NotDirectory", account=sender, region=region):
        directory.recognise([lab.id], FROM, UNTIL, by=sender)


def test_a_suspended_region_recognises_nothing(world, directory, lab, home):
    world.suspend(CHANGXING)

    with refused("NotDirectory", account=home.directory, region=CHANGXING):
        directory.recognise([lab.id], FROM, UNTIL, by=home.directory)


def test_a_window_does_not_end_before_it_begins(directory, lab, home):
    with refused("InvalidWindow", until=FROM - 1, **{"from": FROM}):
        directory.recognise([lab.id], FROM, FROM - 1, by=home.directory)
    directory.recognise([lab.id], FROM, FROM, by=home.directory)

    assert window(directory, CHANGXING, lab.id) == (FROM, FROM)


@pytest.mark.parametrize("what", ["unknown", "firm", "host unit"])
def test_only_labs_and_items_are_recognised(directory, lab, neighbour, home, *, firm, what):
    """A listed unit does not list its labs."""
    subject = {"unknown": UNKNOWN, "firm": firm.id, "host unit": lab.record.host_unit}[what]

    with unchanged(lambda: window(directory, CHANGXING, neighbour.id)), refused("UnknownSubject", subject=subject):
        directory.recognise([neighbour.id, subject], FROM, UNTIL, by=home.directory)


def test_a_region_recognises_for_its_own_vouchers(world, directory, lab, neighbour):
    item = world.item(lab)
    others = [(CHANGXING, lab.id), (BEIJING, lab.id), (KUNSHAN, neighbour.id)]

    with unchanged(lambda: directory.labs(lab.id), *(lambda other=other: window(directory, *other) for other in others)):
        sent = directory.recognise([lab.id, item], FROM, UNTIL, by=directory_of(world, KUNSHAN))

    assert sent.events == tuple(
        said("Recognised", region=KUNSHAN, subject=subject, until=UNTIL, **{"from": FROM}) for subject in (lab.id, item)
    )
    assert window(directory, KUNSHAN, lab.id) == window(directory, KUNSHAN, item) == (FROM, UNTIL)


def test_naming_a_lab_again_replaces_its_window(directory, lab, home):
    directory.recognise([lab.id], FROM, UNTIL, by=home.directory)
    directory.recognise([lab.id], 0, FROM, by=home.directory)

    assert window(directory, CHANGXING, lab.id) == (0, FROM)
