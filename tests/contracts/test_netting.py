"""通用通兑: each host region pays its own labs, and what the home region then owes it is told by the chain's events alone."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from registry.model import Fen, FirstReview, Region
from tests.contracts.world import BEIJING, CHANGXING, DAY, SHANGHAI, YUAN, Event, Life, World, digest

EACH_HOST = Region(0)
UTC_PLUS_8 = timedelta(hours=8)


def told(world: World) -> Iterator[tuple[Event, int]]:
    """Every event of the chain with its block's month, in UTC+8."""
    logs = world.node.rpc("eth_getLogs", {"fromBlock": "0x0", "toBlock": "latest", "address": list(world._contracts)})
    months = {block: month_of_block(world, block) for block in {log["blockNumber"] for log in logs}}
    for log in logs:
        yield world._contracts[log["address"].lower()].decode(log), months[log["blockNumber"]]


def month_of_block(world: World, number: str) -> int:
    block = world.node.rpc("eth_getBlockByNumber", number, False)  # noqa: FBT003 - the call's own parameter
    local = datetime.fromtimestamp(int(block["timestamp"], 16), UTC) + UTC_PLUS_8
    return local.year * 100 + local.month


def owed(world: World) -> dict[tuple[int, int, int], int]:
    """Fen by home region, host region and month, from events and from nothing else."""
    home_of, terms, host_of, voucher_of, reserved, subsidies, recovered = {}, {}, {}, {}, {}, {}, {}
    debts: dict[tuple[int, int, int], int] = defaultdict(int)

    def key(order: bytes, month: int) -> tuple[int, int, int] | None:
        voucher, lab = reserved[order][:2]
        home, payer = home_of[terms[voucher_of[voucher]]]
        return None if payer else (home, host_of[lab], month)

    for event, month in told(world):
        match event.name:
            case "ProgrammeOpened":
                home_of[event["programme"]] = (event["record"][0], event["record"][2])
            case "TermsIssued":
                terms[event["terms"]] = event["record"][0]
            case "Issued":
                voucher_of[event["voucher"]] = event["terms"]
            case "LabAdmitted":
                host_of[event["lab"]] = event["record"][0]
            case "Reserved":
                reserved[event["order"]] = event["record"]
            case "Redeemed":
                subsidies[event["order"]] = event["record"][3]
            case "Settled" if (debt := key(event["order"], month)) is not None:
                debts[debt] += subsidies[event["order"]]
            case "Reversed":
                recovered[event["order"]] = event["recover"]
            case "Refunded" if (debt := key(event["order"], month)) is not None:
                debts[debt] -= recovered[event["order"]]
    return dict(debts)


def life(world: World, lab_region: Region, subsidy: int, payer: Region = EACH_HOST) -> Life:
    kind: dict[str, Any] = {"payer": payer, "first_review": FirstReview.HOST, "voucher": {"denomination": Fen(1)}}
    return Life.begin(world, lab_region=lab_region, cost=8_000 * YUAN, subsidy=subsidy, **kind)


def month_of(world: World) -> int:
    local = datetime.fromtimestamp(world.now(), UTC) + UTC_PLUS_8
    return local.year * 100 + local.month


def test_the_events_of_a_life_say_which_region_owes_which_in_which_month_and_how_much(world: World) -> None:
    world.node.jump(DAY)
    life(world, SHANGHAI, 4_800 * YUAN).until("settled")
    first = month_of(world)
    shanghai = life(world, SHANGHAI, 1_200 * YUAN).until("accepted")
    beijing = life(world, BEIJING, 7).until("accepted")
    life(world, SHANGHAI, 4_000 * YUAN, payer=CHANGXING).until("settled")

    world.at(world.now() + 31 * DAY)
    shanghai.settle()
    second = month_of(world)
    beijing.settle()
    shanghai.world.registry.reverse(shanghai.claim, 200 * YUAN, digest("reason"), by=shanghai.office.reviewer)
    world.at(world.now() + 31 * DAY)
    shanghai.refunded()
    third = month_of(world)

    assert owed(world) == {
        (CHANGXING, SHANGHAI, first): 4_800 * YUAN,
        (CHANGXING, SHANGHAI, second): 1_200 * YUAN,
        (CHANGXING, BEIJING, second): 7,
        (CHANGXING, SHANGHAI, third): -200 * YUAN,
    }
    assert len({first, second, third}) == 3


def test_who_settles_is_the_host_regions_payer(world: World) -> None:
    settled = life(world, SHANGHAI, 4_800 * YUAN).until("settled")

    (event,) = [event for event, _ in told(world) if event.name == "Settled" and event["order"] == settled.order_id]

    assert event["by"] == world.offices[SHANGHAI].payer.address.lower()
