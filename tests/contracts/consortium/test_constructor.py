"""Three or more regions found a consortium."""

import pytest

from registry.model import NO_ADDRESS, RegionStatus, Role
from registry.rules import month_of
from tests.contracts.seen import said
from tests.contracts.world import CHANGXING, REGIONS, refused


@pytest.fixture
def founders(world):
    """Region, admin and recovery key of the first three."""
    offices = [world.offices[region] for region in REGIONS[:3]]
    return [[office.region, office.admin, office.recovery] for office in offices]


def found(world, founders):
    return world.attach("Consortium", world._create_consortium(founders))


@pytest.mark.parametrize("count", [0, 1, 2])
def test_fewer_than_three_found_nothing(world, founders, count):
    with refused("TooFewFounders", founders=count):
        found(world, founders[:count])


@pytest.mark.parametrize("region", [0, 99_999, 1_000_000])
def test_a_region_is_named_by_six_digits(world, founders, region):
    founders[2][0] = region

    with refused("InvalidRegion", region=region):
        found(world, founders)


def test_a_region_founds_once(world, founders):
    founders[2][0] = CHANGXING

    with refused("AlreadyMember", region=CHANGXING):
        found(world, founders)


@pytest.mark.parametrize(("first", "second"), [((0, 1), (2, 1)), ((0, 1), (2, 2)), ((0, 2), (2, 1)), ((0, 2), (2, 2)), ((2, 1), (2, 2))])
def test_a_founding_key_is_one_regions_one_key(world, founders, first, second):
    founders[second[0]][second[1]] = founders[first[0]][first[1]]

    with refused("AccountTaken", account=founders[first[0]][first[1]]):
        found(world, founders)


@pytest.mark.parametrize("key", [1, 2])
def test_nobody_is_no_key(world, founders, key):
    founders[1][key] = NO_ADDRESS

    with refused("InvalidAccount", account=NO_ADDRESS):
        found(world, founders)


def test_three_regions_found_a_consortium(world, founders):
    consortium = found(world, founders)

    logs = world.node.rpc("eth_getLogs", {"address": consortium.address, "fromBlock": "0x0", "toBlock": "latest"})
    assert consortium.members() == 3
    assert consortium.firstMonth() == month_of(world.now())
    assert [consortium.decode(log) for log in logs] == [
        event
        for region, admin, recovery in founders
        for event in (
            said("Granted", account=admin, region=region, role=Role.ADMIN),
            said("Granted", account=recovery, region=region, role=Role.RECOVERY),
            said("RegionAdmitted", region=region, admin=admin, recovery=recovery),
        )
    ]
    for region, admin, recovery in founders:
        assert tuple(consortium.regions(region)) == (admin.address.lower(), RegionStatus.ACTIVE, 0, recovery.address.lower(), NO_ADDRESS, 0)
        assert tuple(consortium.accounts(admin)) == (region, Role.ADMIN, True)
        assert tuple(consortium.accounts(recovery)) == (region, Role.RECOVERY, True)
