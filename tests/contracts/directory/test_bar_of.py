"""Why two parties may not go on, or an account not say so, if so."""

import pytest

from registry.model import NO_ID, Bar, Standing
from tests.contracts.directory.parties import UNKNOWN, bring
from tests.contracts.seen import asked
from tests.contracts.world import CHANGXING, SHANGHAI, person


@pytest.fixture
def reviewer(world):
    """Who asks whether it may go on: of its own accord, or with a key of lab or firm."""
    return world.offices[CHANGXING].reviewer


@pytest.fixture
def barred(world, firm, lab, reviewer):
    """Asks at the newest block."""
    return lambda account=reviewer: tuple(world.directory.barOf(CHANGXING, firm.tag, lab.id, account))


def bar(world, firm, lab, what):
    if what is Bar.LAB_FROZEN:
        bring(world, lab, Standing.FROZEN)
        return lab.id
    subject = lab.id if what is Bar.LAB_FLAGGED else firm.id
    world.flag(subject)
    return subject


def test_nothing_bars_two_good_parties(world, barred, neighbour):
    bring(world, neighbour, Standing.FROZEN)

    assert barred() == barred(neighbour.signer) == (SHANGHAI, Bar.NONE, NO_ID)


@pytest.mark.parametrize("what", [Bar.LAB_FROZEN, Bar.LAB_FLAGGED, Bar.FIRM_FLAGGED])
def test_each_bar_is_named(world, barred, firm, lab, what):
    assert barred(lab.signer) == (SHANGHAI, Bar.OWN_CASE, lab.id)
    assert barred(firm.signer) == (SHANGHAI, Bar.OWN_CASE, firm.id)

    subject = bar(world, firm, lab, what)

    assert barred() == (SHANGHAI, what, subject)


@pytest.mark.parametrize(("graver", "lesser"), [(Bar.LAB_FROZEN, Bar.LAB_FLAGGED), (Bar.LAB_FLAGGED, Bar.FIRM_FLAGGED)])
def test_the_gravest_bar_is_named_first(world, barred, firm, lab, *, graver, lesser):
    of_lesser = bar(world, firm, lab, lesser)
    assert barred(firm.signer) == (SHANGHAI, lesser, of_lesser)

    subject = bar(world, firm, lab, graver)

    assert barred() == barred(lab.signer) == (SHANGHAI, graver, subject)


@pytest.mark.parametrize("who", ["lab", "firm"])
def test_a_rotated_key_is_no_party_any_more(world, barred, firm, lab, who):
    party, following = {"lab": lab, "firm": firm}[who], person("next key")
    world.directory.rotate(party.id, following, by=party.signer)

    assert barred(party.signer) == (SHANGHAI, Bar.NONE, NO_ID)
    assert barred(following) == (SHANGHAI, Bar.OWN_CASE, party.id)


@pytest.mark.parametrize(("what", "who"), [(Bar.LAB_FLAGGED, "lab"), (Bar.FIRM_FLAGGED, "firm")])
def test_a_lapsed_flag_bars_nobody(world, barred, reviewer, firm, lab, *, what, who):
    subject = lab.id if who == "lab" else firm.id
    until = world.flag(subject)

    for time, expected in ((until, (SHANGHAI, what, subject)), (until + 1, (SHANGHAI, Bar.NONE, NO_ID))):
        world.at(time)
        asked(world.directory, "barOf", CHANGXING, firm.tag, lab.id, reviewer)
        assert barred() == expected


@pytest.mark.parametrize("standing", [Standing.SUSPENDED, Standing.EXITED])
def test_a_lab_that_left_is_not_barred(world, barred, lab, standing):
    bring(world, lab, standing)

    assert barred() == (SHANGHAI, Bar.NONE, NO_ID)


def test_an_unknown_lab_is_nowhere(directory, firm, reviewer):
    assert tuple(directory.barOf(CHANGXING, firm.tag, UNKNOWN, reviewer)) == (0, Bar.NONE, NO_ID)
