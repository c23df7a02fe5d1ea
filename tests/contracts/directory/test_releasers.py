"""Who gives an order's money back to its voucher."""

import pytest

from registry.model import Standing
from tests.contracts.directory.parties import bring, lift
from tests.contracts.world import BEIJING, CHANGXING, HEBEI


@pytest.fixture
def releasers(world, firm, lab):
    return lambda: world.directory.releasers(CHANGXING, firm.tag, lab.id)


def test_two_good_parties_release_themselves(world, releasers, firm, lab, neighbour):
    bring(world, neighbour, Standing.EXITED)

    assert tuple(releasers()) == (firm.signer.address.lower(), lab.signer.address.lower(), False)


@pytest.mark.parametrize("who", ["firm", "lab"])
def test_a_flag_alone_lets_no_reviewer_release(world, releasers, firm, lab, who):
    world.flag(firm.id if who == "firm" else lab.id)

    assert not releasers().reviewerMay


@pytest.mark.parametrize("who", ["firm", "lab"])
def test_a_seconded_flag_lets_a_reviewer_release(world, releasers, firm, lab, who):
    party = firm if who == "firm" else lab
    world.flag(party.id, by=BEIJING)
    world.second(party.id, by=HEBEI)

    assert tuple(releasers()) == (firm.signer.address.lower(), lab.signer.address.lower(), True)
    lift(world, party)
    assert not releasers().reviewerMay


@pytest.mark.parametrize("standing", [Standing.SUSPENDED, Standing.EXITED, Standing.FROZEN])
def test_a_lab_that_left_lets_a_reviewer_release(world, releasers, lab, standing):
    bring(world, lab, standing)

    assert releasers().reviewerMay
