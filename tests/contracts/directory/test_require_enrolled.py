"""Only firms that a region enrolled get its vouchers."""

import pytest

from tests.contracts.seen import asked
from tests.contracts.world import BEIJING, CHANGXING, refused, tag


@pytest.mark.parametrize("flagged", [False, True])
def test_an_enrolled_firm_passes(world, directory, firm, flagged):
    if flagged:
        world.flag(firm.id)

    assert asked(directory, "requireEnrolled", CHANGXING, firm.tag).events == ()


@pytest.mark.parametrize("where", ["nobody", "elsewhere"])
def test_a_firm_of_nobody_or_elsewhere_is_refused(directory, firm, where):
    region, name = (CHANGXING, tag("nobody")) if where == "nobody" else (BEIJING, firm.tag)

    with refused("FirmNotEnrolled", region=region, firm=name):
        asked(directory, "requireEnrolled", region, name)
