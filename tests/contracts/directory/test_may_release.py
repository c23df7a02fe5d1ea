"""Where a reviewer may give an order's money back to its voucher."""

import pytest

from registry.model import Standing
from tests.contracts.directory.parties import bring, lift
from tests.contracts.world import BEIJING, CHANGXING, HEBEI


@pytest.fixture
def may_release(world, firm, lab):
    """Asks for a reviewer, or for another account."""
    reviewer = world.offices[CHANGXING].reviewer
    return lambda account=reviewer: world.directory.mayRelease(CHANGXING, firm.tag, lab.id, account)


def test_two_good_parties_release_themselves(world, may_release, neighbour):
    bring(world, neighbour, Standing.EXITED)

    assert not may_release()


@pytest.mark.parametrize("who", ["firm", "lab"])
def test_a_flag_alone_lets_no_reviewer_release(world, may_release, firm, lab, who):
    world.flag(firm.id if who == "firm" else lab.id)

    assert not may_release()


@pytest.mark.parametrize("who", ["firm", "lab"])
def test_a_seconded_flag_lets_a_reviewer_release(world, may_release, firm, lab, who):
    party = firm if who == "firm" else lab
    world.flag(party.id, by=BEIJING)
    world.second(party.id, by=HEBEI)

    assert may_release()
    lift(world, party)
    assert not may_release()


@pytest.mark.parametrize("standing", [Standing.SUSPENDED, Standing.EXITED, Standing.FROZEN])
def test_a_lab_that_left_lets_a_reviewer_release(world, may_release, lab, standing):
    bring(world, lab, standing)

    assert may_release()


def test_a_partys_key_does_not_release_as_a_reviewer(world, may_release, firm, lab, neighbour):
    bring(world, lab, Standing.EXITED)

    assert not may_release(firm.signer)
    assert not may_release(lab.signer)
    assert may_release(neighbour.signer)
