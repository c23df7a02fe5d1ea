"""
A town: a node, a consortium of six regions and four gateways in threads of this process, reached through HTTP as callers reach them.

A worker has one for all its tests of this folder, on each engine: a test brings serial numbers of its own and looks at its own vouchers.
"""

import io
import itertools
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from gateway.app import create_app
from gateway.logs import JsonLines
from gateway.settings import Settings
from registry.chain.devnode import Engine, start
from registry.events import Event, topic
from scripts.demonstration import play
from scripts.demonstration.cast import BEIJING, CHANGXING, KUNSHAN, SHANGHAI, FirmCast, LabCast, sample_code
from scripts.demonstration.desks import Answer
from scripts.demonstration.scene import Scene
from scripts.demonstration.world import found
from tests.gateway.beginnings import Beginning
from tests.gateway.described import require_described
from tests.gateway.newcomers import granting_all

SERVED = (CHANGXING, KUNSHAN, SHANGHAI, BEIJING)
_numbers = itertools.count(1)
_companies = itertools.count(1_000)


def wait_until(condition: Callable[[], bool], *, seconds: float = 30) -> None:
    """Wait for a condition, and fail if it does not come true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.01)


@dataclass
class Town(Scene):
    """
    A scene whose gateways run in this process.

    `clock_shift` is by how many seconds its gateways' clocks are ahead; `told` is what tests tell each other.
    """

    clock_shift: float = field(default=0.0, kw_only=True)
    overrides: dict[str, object] = field(default_factory=dict, kw_only=True)
    running: dict[int, ExitStack] = field(default_factory=dict, kw_only=True)
    told: dict[str, dict] = field(default_factory=dict, kw_only=True)

    def start(self, region: int) -> None:
        """Start a region's gateway; it goes on from its state folder."""
        stack = ExitStack()
        settings = Settings(**self.world.settings(region) | self.overrides)
        self.world.gateways[region] = stack.enter_context(served(settings, lambda: time.time() + self.clock_shift))
        self.running[region] = stack

    def stop(self, region: int) -> None:
        """Stop a region's gateway in good order."""
        self.running.pop(region).close()

    def programme_text(self, name: str) -> str:
        """One that grants whatever is asked for: these tests issue to few firms as often as they like. `test_policy` opens real ones."""
        return granting_all(super().programme_text(name))

    def listed(self, rows: list[tuple[str, str]]) -> tuple[str, bytes]:
        """As CSV, which takes a tenth of the time to make and read. The demo hands in Excel, and so does `test_issue`."""
        return "list.csv", "\n".join(["企业代码,券号", *map(",".join, rows)]).encode()

    @contextmanager
    def restarted(self, region: int, **overrides: object) -> Iterator[None]:
        """A region's gateway with other settings for a while."""
        before = self.overrides
        self.stop(region)
        try:
            self.overrides = before | overrides
            self.start(region)
            yield
        finally:
            if region in self.running:
                self.stop(region)
            self.overrides = before
            self.start(region)

    def ask(self, method: str, path: str, **more) -> httpx.Response:
        """One bare request to Shanghai's gateway."""
        return self.http.request(method, self.world.gateways[SHANGHAI] + path, **more)

    def load(self, region: int) -> None:
        """Bring all that a region's catalogue holds onto the chain."""
        desk = self.desk(region, "directory")
        wait_until(lambda: _to_do(desk.post("/v1/catalogue/load", {})) == 0)

    def event_count(self, *types: type[Event]) -> int:
        """How many events, of these types or of any, the contracts have written by now, asked of the node: the trail takes far longer."""
        wanted = {"fromBlock": "0x0", "toBlock": "latest", "address": list(self.world.deployment.contracts)}
        if types:
            wanted["topics"] = [["0x" + topic(each).hex() for each in types]]
        return len(self.node.rpc("eth_getLogs", wanted))

    def number(self) -> int:
        """A number that nobody else in this run gets."""
        return next(_numbers)

    def company_code(self, region: int) -> str:
        """A company code that nobody else in this run gets. Numbers below 1,000 are the cast's, and those of strangers in tests."""
        return sample_code(region, next(_companies))

    def serial_for(self, firm: FirmCast, *, face: str = "1000000", denomination: str = "100000") -> str:
        """The serial of a voucher just issued to a firm."""
        serial = f"T-{self.number():05}"
        assert self.issue(firm.region, [(firm.company_code, serial)], face=face, denomination=denomination).status == 201
        return serial

    def reserved(self, firm: FirmCast, lab: LabCast, *, serial: str, amount: str) -> str:
        """The id of an order just reserved."""
        answer = self.submit("/v1/orders", lab, self.order(firm, lab, serial=serial, project="P-1", amount=amount))
        assert answer.status == 201, answer.body
        return answer["order_id"]

    def invoice(self) -> dict[str, str]:
        """An invoice that nobody has used yet."""
        return {"code": "3100241130", "number": f"{self.number():08}"}

    def redeemed(self, order: str, firm: FirmCast, lab: LabCast, *, cost: str) -> Answer:
        """What came of redeeming an order on a new invoice."""
        signed = self.redemption(order, firm, lab, cost=cost, contract=f"C-{self.number()}", invoice=self.invoice())
        return self.submit("/v1/redemptions", lab, signed)


def _to_do(loaded: Answer) -> int:
    assert loaded.status == 200, loaded.body
    return sum(count for what, count in loaded["left"].items() if what != "waiting")


@contextmanager
def served(settings: Settings, clock: Callable[[], float]) -> Iterator[str]:
    """A gateway that answers at this address."""
    with serving(create_app(settings, clock=clock)) as (url, _):
        yield url


@contextmanager
def serving(app: FastAPI, *, stop_seconds: int = 30) -> Iterator[tuple[str, uvicorn.Server]]:
    """An application behind a real server, its address, and the server, to stop it."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False, timeout_graceful_shutdown=stop_seconds))
    with running(server) as url:
        yield url, server


@contextmanager
def running(server: uvicorn.Server) -> Iterator[str]:
    """A server's address, while it runs."""
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started or not thread.is_alive())
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def _client() -> httpx.Client:
    """Every refusal that a test meets must be described. There are as many connections as any test has threads."""
    limits = httpx.Limits(max_connections=200)
    return httpx.Client(trust_env=False, timeout=60, limits=limits, event_hooks={"response": [require_described]})


_HASTY = {
    # One caller asks as quickly as a test can.
    "rate_per_second": 10_000.0,
    "rate_burst": 10_000,
    "lookups_per_second": 10_000.0,
    "lookups_burst": 10_000,
    # While tests of other files run, nothing mines a block here.
    "stale_after_seconds": 3_600,
    # A dozen gateways live at a time, and each would ask its node every second, although every request does so anyway.
    "refresh_seconds": 5.0,
}


@contextmanager
def settled_in(engine: Engine, chain_id: int, directory: Path, *, kind: type[Town] = Town, **overrides: object) -> Iterator[Town]:
    """
    A town with programmes, labs, firms, recognition and pools, as the demo sets them up. Settings may be overridden.

    It is a copy of the first that was settled on this engine in this run, and its chain has that one's id.
    """
    beginning = Beginning.only(f"{engine} {kind.__name__}", lambda folder: _settled(engine, chain_id, folder, kind))
    with beginning.again(directory) as (node, world), _client() as client:
        town = kind(world, client, node, programmes=beginning.programmes, overrides=_HASTY | overrides)
        with _serving_all(town):
            yield town


def _settled(engine: Engine, chain_id: int, directory: Path, kind: type[Town]) -> Beginning:
    with start(engine, chain_id=chain_id, directory=directory / "chain") as node, _client() as client:
        town = kind(found(directory, node.url), client, node, overrides=_HASTY)
        with _serving_all(town):
            list(play.setup(town))
        return Beginning.of(town.world, node, town.programmes)


@contextmanager
def _serving_all(town: Town) -> Iterator[None]:
    """The gateways of a town; a test may stop some and start them again."""
    try:
        for region in SERVED:
            town.start(region)
        yield
    finally:
        for region in list(town.running):
            town.stop(region)


@pytest.fixture(scope="session")
def _towns(_chain_ids: Iterator[int], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Engine], Town]]:
    # As in `_started`: a parametrised fixture would end, and start on a new copy, twice a file.
    with ExitStack() as stack:

        @cache
        def settled(engine: Engine) -> Town:
            town = stack.enter_context(settled_in(engine, next(_chain_ids), tmp_path_factory.mktemp("town")))
            # Enough for every test of the folder.
            assert {town.fund(region, "100000000000", "FOR-TESTS").status for region in (CHANGXING, BEIJING)} == {200}
            return town

        yield settled


@pytest.fixture(scope="session")
def town(engine: Engine, _towns: Callable[[Engine], Town]) -> Town:
    return _towns(engine)


@pytest.fixture
def firm(town: Town) -> FirmCast:
    """A Changxing firm, whose vouchers three labs recognise."""
    return town.firm("firm-changxing")


@pytest.fixture
def lab(town: Town) -> LabCast:
    """A Shanghai lab."""
    return town.lab("lab-shanghai")


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict]]]:
    """What this process has logged since the test began, line by line, as a gateway writes it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    # Left out: the test's own client, and the server's access log, which reaches pytest although no gateway writes it.
    handler.addFilter(lambda record: not record.name.startswith(("httpx", "httpcore", "uvicorn.access")))
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
