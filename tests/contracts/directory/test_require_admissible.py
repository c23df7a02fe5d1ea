"""Whether a voucher may be reserved at a lab, now."""

import pytest

from registry import codec
from registry.model import NO_ID, Item, Standing
from tests.contracts.directory.parties import UNKNOWN, bring, use
from tests.contracts.seen import good_from, good_until
from tests.contracts.world import BEIJING, CHANGXING, DAY, HEBEI, KUNSHAN, SHANGHAI, Party, refused


def answer(directory, firm, lab, item=NO_ID, *, itemised=False):
    return tuple(directory.requireAdmissible(CHANGXING, firm.tag, lab.id, item, itemised))


def test_a_firm_of_another_region_is_refused(world, firm, lab):
    with refused("FirmNotEnrolled", region=KUNSHAN, firm=firm.tag):
        use(world, firm, lab, region=KUNSHAN)


@pytest.mark.parametrize("seconded", [False, True], ids=["alone", "seconded"])
@pytest.mark.parametrize("who", ["firm", "lab"])
def test_a_flagged_party_is_refused(world, firm, lab, who, seconded):
    subject = firm.id if who == "firm" else lab.id
    until = world.flag(subject)
    if seconded:
        until = 2**40 - 1
        world.second(subject, by=HEBEI)
    else:
        world.at(until)

    with refused("SubjectFlagged", subject=subject, until=until):
        use(world, firm, lab)


def test_an_unknown_lab_is_refused(world, firm, lab):
    nobody = Party(lab.record, UNKNOWN, lab.signer, lab.tag)

    with refused("UnknownLab", lab=UNKNOWN):
        use(world, firm, nobody)


@pytest.mark.parametrize("standing", [Standing.SUSPENDED, Standing.EXITED, Standing.FROZEN])
def test_a_lab_that_is_not_active_is_refused(world, firm, lab, standing):
    bring(world, lab, standing)

    with refused("LabNotActive", lab=lab.id, standing=standing):
        use(world, firm, lab)


def test_a_qualification_holds_to_its_last_second(world, directory, firm, lab, host):
    until = world.now() + DAY
    directory.renew(lab.id, lab.tag, until, by=host.directory)
    good_until(world, until, lambda: use(world, firm, lab))

    with refused("NotQualified", lab=lab.id, qualifiedUntil=until):
        use(world, firm, lab)


def test_a_firm_does_not_buy_from_itself(world, directory, firm, lab, host):
    directory.renew(lab.id, firm.tag, world.now() + DAY, by=host.directory)

    with refused("SellerIsFirm", lab=lab.id, firm=firm.tag):
        use(world, firm, lab)


def test_an_itemised_programme_names_an_item(world, firm, lab):
    with refused("ItemRequired", lab=lab.id):
        use(world, firm, lab, itemised=True)


@pytest.mark.parametrize("itemised", [False, True])
@pytest.mark.parametrize("whose", ["nobody's", "another lab's"])
def test_an_item_is_its_labs(world, firm, lab, neighbour, *, whose, itemised):
    item = codec.id_of(Item(lab.id, "unlisted")) if whose == "nobody's" else world.item(neighbour, recognised_by=(CHANGXING,))

    with refused("ItemNotListed", item=item, lab=lab.id):
        use(world, firm, lab, item, itemised=itemised)


@pytest.mark.parametrize("recognised_by", [(), (BEIJING, SHANGHAI)])
def test_a_lab_elsewhere_must_be_recognised(world, firm, recognised_by):
    lab = world.lab(recognised_by=recognised_by)

    with refused("NotRecognised", region=CHANGXING, subject=lab.id):
        use(world, firm, lab)


@pytest.mark.parametrize("edge", ["first", "last"])
def test_recognition_holds_within_its_window(world, directory, firm, lab, home, *, edge):
    begin = world.now() + DAY
    directory.recognise([lab.id], begin, begin + DAY, by=home.directory)
    if edge == "first":
        good_from(world, begin, lambda: use(world, firm, lab))
    else:
        good_until(world, begin + DAY, lambda: use(world, firm, lab))

    with refused("NotRecognised", region=CHANGXING, subject=lab.id):
        use(world, firm, lab)


@pytest.mark.parametrize("region", [CHANGXING, SHANGHAI], ids=["at home", "across"])
@pytest.mark.parametrize("missing", ["lab", "item"])
def test_itemised_needs_lab_and_item_recognised(world, firm, region, missing):
    lab = world.lab(region, recognised_by=() if missing == "lab" else (CHANGXING,))
    item = world.item(lab, recognised_by=() if missing == "item" else (CHANGXING,))

    with refused("NotRecognised", region=CHANGXING, subject=lab.id if missing == "lab" else item):
        use(world, firm, lab, item, itemised=True)


@pytest.mark.parametrize("region", [CHANGXING, SHANGHAI], ids=["at home", "across"])
@pytest.mark.parametrize("what", ["the lab as a whole", "an item", "an item of an itemised programme"])
def test_signers_and_region_are_answered(world, directory, firm, region, what):
    lab = world.lab(region, recognised_by=(CHANGXING,))
    itemised = what.endswith("programme")
    item = NO_ID if what == "the lab as a whole" else world.item(lab, recognised_by=(CHANGXING,) if itemised else ())

    assert answer(directory, firm, lab, item, itemised=itemised) == (firm.signer.address.lower(), lab.signer.address.lower(), region)


def test_a_lab_is_usable_at_home_once_admitted(world, directory, firm):
    lab = world.lab(CHANGXING, recognised_by=())

    assert answer(directory, firm, lab) == (firm.signer.address.lower(), lab.signer.address.lower(), CHANGXING)
