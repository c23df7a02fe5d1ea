"""Who may review for a region: its own, or in its absence the caretaker."""

import pytest

from registry.model import MotionKind
from tests.contracts.seen import OFFICE, STRANGER
from tests.contracts.world import BEIJING, CHANGXING, HEBEI, REGIONS, Office


@pytest.fixture
def caretaker(world):
    """Beijing's reviewer, who looks after suspended Hebei."""
    reviewer = world.offices[BEIJING].reviewer
    world.decide(MotionKind.SUSPEND, region=HEBEI)
    world.decide(MotionKind.NAME_CARETAKER, region=HEBEI, account=reviewer)
    return reviewer


def everybody(world):
    """Each account of each office, by region and name."""
    names = (*OFFICE, "second_reviewer")
    return {(region, name): getattr(world.offices[region], name) for region in REGIONS for name in names} | {(0, "stranger"): STRANGER}


def reviewers(world, region):
    return {who for who, account in everybody(world).items() if world.consortium.reviews(account, region)}


def test_an_active_region_is_reviewed_by_its_own(world):
    assert reviewers(world, HEBEI) == {(HEBEI, "reviewer"), (HEBEI, "second_reviewer")}


def test_a_suspended_region_reviews_nothing_itself(world):
    world.decide(MotionKind.SUSPEND, region=HEBEI)

    assert reviewers(world, HEBEI) == set()


@pytest.mark.usefixtures("caretaker")
def test_a_caretaker_reviews_for_a_suspended_region(world):
    assert reviewers(world, HEBEI) == {(BEIJING, "reviewer")}
    assert reviewers(world, BEIJING) == {(BEIJING, "reviewer"), (BEIJING, "second_reviewer")}
    assert reviewers(world, CHANGXING) == {(CHANGXING, "reviewer"), (CHANGXING, "second_reviewer")}


@pytest.mark.parametrize("how", ["revoked", "suspended"])
def test_a_caretaker_must_still_be_a_reviewer(world, consortium, caretaker, how):
    beijing: Office = world.offices[BEIJING]
    if how == "revoked":
        consortium.revoke(caretaker, by=beijing.admin)
    else:
        world.decide(MotionKind.SUSPEND, region=BEIJING)

    assert reviewers(world, HEBEI) == set()


def test_a_caretaker_goes_when_the_region_comes_back(world, consortium, caretaker):
    world.decide(MotionKind.REINSTATE, region=HEBEI)

    assert not consortium.reviews(caretaker, HEBEI)
    assert reviewers(world, HEBEI) == {(HEBEI, "reviewer"), (HEBEI, "second_reviewer")}
