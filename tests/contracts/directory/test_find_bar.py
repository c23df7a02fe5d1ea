"""Why two parties may not go on, if they may not."""

import pytest

from registry.model import NO_ID, Bar, Standing
from tests.contracts.directory.parties import UNKNOWN, bring
from tests.contracts.seen import asked
from tests.contracts.world import CHANGXING, SHANGHAI


@pytest.fixture
def barred(world, firm, lab):
    """Asks at the newest block."""
    return lambda: tuple(world.directory.findBar(CHANGXING, firm.tag, lab.id))


def bar(world, firm, lab, what):
    if what is Bar.LAB_FROZEN:
        bring(world, lab, Standing.FROZEN)
        return lab.id
    subject = lab.id if what is Bar.LAB_FLAGGED else firm.id
    world.flag(subject)
    return subject


def test_nothing_bars_two_good_parties(world, barred, neighbour):
    bring(world, neighbour, Standing.FROZEN)

    assert barred() == (SHANGHAI, Bar.NONE, NO_ID)


@pytest.mark.parametrize("what", [Bar.LAB_FROZEN, Bar.LAB_FLAGGED, Bar.FIRM_FLAGGED])
def test_each_bar_is_named(world, barred, firm, lab, what):
    subject = bar(world, firm, lab, what)

    assert barred() == (SHANGHAI, what, subject)


@pytest.mark.parametrize(("graver", "lesser"), [(Bar.LAB_FROZEN, Bar.LAB_FLAGGED), (Bar.LAB_FLAGGED, Bar.FIRM_FLAGGED)])
def test_the_gravest_bar_is_named_first(world, barred, firm, lab, *, graver, lesser):
    bar(world, firm, lab, lesser)
    subject = bar(world, firm, lab, graver)

    assert barred() == (SHANGHAI, graver, subject)


@pytest.mark.parametrize(("what", "who"), [(Bar.LAB_FLAGGED, "lab"), (Bar.FIRM_FLAGGED, "firm")])
def test_a_lapsed_flag_bars_nobody(world, barred, firm, lab, *, what, who):
    subject = lab.id if who == "lab" else firm.id
    until = world.flag(subject)

    for time, expected in ((until, (SHANGHAI, what, subject)), (until + 1, (SHANGHAI, Bar.NONE, NO_ID))):
        world.at(time)
        asked(world.directory, "findBar", CHANGXING, firm.tag, lab.id)
        assert barred() == expected


@pytest.mark.parametrize("standing", [Standing.SUSPENDED, Standing.EXITED])
def test_a_lab_that_left_is_not_barred(world, barred, lab, standing):
    bring(world, lab, standing)

    assert barred() == (SHANGHAI, Bar.NONE, NO_ID)


def test_an_unknown_lab_is_nowhere(directory, firm):
    assert tuple(directory.findBar(CHANGXING, firm.tag, UNKNOWN)) == (0, Bar.NONE, NO_ID)
