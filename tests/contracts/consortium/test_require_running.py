"""Nothing is started where a region stands still."""

import pytest

from registry.model import MotionKind
from tests.contracts.seen import asked
from tests.contracts.world import BEIJING, CHANGXING, HEBEI, SHANGHAI, refused

PLACES = pytest.mark.parametrize("place", [0, 1, 2])
REST = pytest.mark.parametrize("rest", [0, BEIJING], ids=["with none", "with another"])


@pytest.mark.parametrize("regions", [(0, 0, 0), (CHANGXING, 0, CHANGXING), (CHANGXING, SHANGHAI, BEIJING), (BEIJING, BEIJING, BEIJING)])
def test_active_members_run(world, consortium, regions):
    world.decide(MotionKind.SUSPEND, region=HEBEI)

    assert asked(consortium, "requireRunning", *regions).events == ()


@PLACES
@REST
def test_a_suspended_region_stands_still(world, consortium, place, rest):
    world.decide(MotionKind.SUSPEND, region=HEBEI)
    regions = [rest] * 3
    regions[place] = HEBEI

    with refused("Suspended", region=HEBEI):
        asked(consortium, "requireRunning", *regions)


@PLACES
@REST
def test_a_region_that_is_no_member_is_unknown(consortium, place, rest):
    regions = [rest] * 3
    regions[place] = 320000

    with refused("UnknownRegion", region=320000):
        asked(consortium, "requireRunning", *regions)
