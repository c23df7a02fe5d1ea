"""The catalogue's samples, loaded at the gateways of everybody they concern: by a test a tenth, by `scripts/bench catalogue` all."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from scripts.catalogue_samples import lists
from scripts.demonstration.cast import BEIJING, CHANGXING, HEBEI, SHANGHAI, TIANJIN
from tests.gateway.conftest import Town

# Which files each region loads. Jiaxing is no member of the town's consortium: Changxing's vouchers go by item in its place.
LOADED = {
    BEIJING: {"labs": "labs-jjj.csv"},
    TIANJIN: {"labs": "labs-jjj.csv"},
    HEBEI: {"labs": "labs-jjj.csv"},
    SHANGHAI: {"labs": "labs-shanghai.csv", "items": "items-shanghai.csv"},
    CHANGXING: {"labs": "labs-shanghai.csv", "items": "items-shanghai.csv"},
}


@dataclass
class Load:
    """What a load came to at one gateway, and how long it took."""

    region: int
    left: dict[str, int]
    calls: int = 0
    steps: list[float] = field(default_factory=list)
    entering: float = 0.0


def loaded_everywhere(town: Town, *, one_in: int) -> Iterator[Load]:
    """Take the samples in and load them, region by region; those that were admitted last are recognised in a second round."""
    files = {name: content.decode("utf-8-sig") for name, content in lists(one_in=one_in, by=CHANGXING).items()}
    for region, named in LOADED.items():
        if region not in town.running:
            town.start(region)
        yield load_one(town, region, {kind: files[name] for kind, name in named.items()})
    for region, named in LOADED.items():
        yield load_one(town, region, {kind: files[name] for kind, name in named.items()})


def load_one(town: Town, region: int, files: dict[str, str]) -> Load:
    """As `tongquan lab load` does."""
    desk = town.desk(region, "directory")
    with _timed() as entering:
        entered = desk.hand_in("/v1/catalogue/lists", files)
    assert entered.status == 201, entered.body
    load = Load(region, entered["left"], entering=entering[0])
    while _to_do(load.left):
        with _timed() as took:
            step = desk.post("/v1/catalogue/load", {})
        assert step.status == 200, step.body
        assert step["calls"], step.body
        load.left, load.calls = step["left"], load.calls + step["calls"]
        load.steps.append(took[0])
    return load


def _to_do(left: dict[str, int]) -> int:
    return sum(count for what, count in left.items() if what != "waiting")


@contextmanager
def _timed() -> Iterator[list[float]]:
    took: list[float] = []
    begun = time.perf_counter()
    yield took
    took.append(time.perf_counter() - begun)
