"""Whether what two parties began may go on."""

import pytest

from registry.model import Standing
from tests.contracts.directory.parties import bring, serve
from tests.contracts.world import CHANGXING, DAY, HEBEI, SHANGHAI, refused


@pytest.mark.parametrize("seconded", [False, True], ids=["alone", "seconded"])
@pytest.mark.parametrize("who", ["firm", "lab"])
def test_a_flagged_party_is_stopped(world, firm, lab, who, seconded):
    subject = firm.id if who == "firm" else lab.id
    until = world.flag(subject)
    if seconded:
        until = 2**40 - 1
        world.second(subject, by=HEBEI)
    else:
        world.at(until)

    with refused("SubjectFlagged", subject=subject, until=until):
        serve(world, firm, lab)


def test_a_frozen_lab_is_stopped(world, firm, lab):
    bring(world, lab, Standing.FROZEN)

    with refused("LabFrozen", lab=lab.id):
        serve(world, firm, lab)


def test_a_firm_that_became_the_seller_is_stopped(world, directory, firm, lab, host):
    directory.renew(lab.id, firm.tag, world.now() + DAY, by=host.directory)

    with refused("SellerIsFirm", lab=lab.id, firm=firm.tag):
        serve(world, firm, lab)


def test_signers_region_and_seller_are_answered(directory, firm, lab, neighbour):
    assert tuple(directory.requireServing(CHANGXING, firm.tag, lab.id)) == (
        firm.signer.address.lower(),
        lab.signer.address.lower(),
        SHANGHAI,
        lab.tag[:27],
    )
    assert directory.requireServing(CHANGXING, firm.tag, neighbour.id).labSigner == neighbour.signer.address.lower()


@pytest.mark.parametrize("what", ["suspended", "exited", "unqualified", "unrecognised"])
def test_what_began_goes_on(world, directory, firm, lab, home, *, host, what):
    if what == "unqualified":
        directory.renew(lab.id, lab.tag, world.now() - DAY, by=host.directory)
    elif what == "unrecognised":
        directory.withdraw([lab.id], by=home.directory)
    else:
        bring(world, lab, Standing[what.upper()])

    assert serve(world, firm, lab).events == ()
