"""
How many verifications a gateway answers from its index, beside the requests that an empty FastAPI route answers on the same server.

    scripts/bench verify                   measure and print
    scripts/bench verify --write           measure, and write the tables of docs/benchmarks.md anew

Our side is a gateway as operators start it (`python -m gateway`), on a node with a block a second: API key, rate limit (set high), look-up
log on the disk before each answer, request ids, security headers, a JSON line a request in a file, metrics. Hundreds of different
vouchers are asked about, free, held in part, used up and unknown, and every answer is looked at. The other side is
`tests.bench.empty`: nothing but FastAPI, under the same uvicorn settings. Callers are in a process of their own (`tests.bench.load`).
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from registry.chain.devnode import DevNode, Engine
from scripts.demonstration.cast import CHANGXING, SHANGHAI, FirmCast
from scripts.demonstration.scene import Scene
from scripts.demonstration.world import gateways, served
from tests.bench.empty import PATH
from tests.bench.load import Case, Load, request
from tests.bench.speed import Goal, Rate, goals_table, rates_table, ratio, take_turns, tell
from tests.gateway.conftest import Town, settled_in
from tests.gateway.newcomers import new_firm

CHAIN_ID = 20_131_223
BLOCK_SECONDS = 1
FIRMS, VOUCHERS, HELD, USED_UP, UNKNOWN = 20, 400, 20, 20, 40
FACE, DENOMINATION, PART = "1000000", "100000", "400000"
# One alone waits for the disk; from some dozens on the processor is what there is too little of.
CONNECTIONS = (1, 16, 64, 256)
OF_BATCH, IN_ONE = 8, 100
REQUESTS, ROUNDS = 2_000, 10
LEAST_OF_EMPTY, LEAST_OF_SINGLE = 0.75, 4


@dataclass(frozen=True)
class Asked:
    """One question about a voucher, and what must be told: the status, and the voucher's id if it is known."""

    body: dict[str, Any]
    status: str
    voucher_id: str | None

    @property
    def told(self) -> tuple[bytes, ...]:
        """What the answer must hold, to the byte."""
        voucher = b'"voucher":null' if self.voucher_id is None else b'"voucher_id":"%b"' % self.voucher_id.encode()
        return b'"status":"%b"' % self.status.encode(), voucher


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, then print or write."""
    parser = argparse.ArgumentParser(prog="scripts/bench verify", description="核验速度。 How quickly vouchers are verified.")
    parser.add_argument("--requests", type=int, default=REQUESTS, help=f"每轮请求数 requests a round ({REQUESTS:,})")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"轮数，取最好一轮 rounds, the best counts ({ROUNDS})")
    parser.add_argument("--write", action="store_true", help="重写 docs/benchmarks.md 的表格 rewrite the tables of docs/benchmarks.md")
    chosen = parser.parse_args(arguments)

    rates = measure(requests=chosen.requests, rounds=chosen.rounds)
    tables = [rates_table("核验 Verification", rates, labels(), "次或张 requests or vouchers"), goals_table(goals(rates))]
    tell("verify", tables, write=chosen.write)
    return 0


def labels() -> dict[str, str]:
    """Every side by its name."""
    of_connections = {
        name: text
        for many in CONNECTIONS
        for name, text in (
            (_name("empty", many), f"FastAPI 空路由，{many} 个连接 an empty route, {many} connections"),
            (_name("single", many), f"逐张核验，{many} 个连接 one voucher a call, {many} connections"),
        )
    }
    return of_connections | {"many": f"每次 {IN_ONE} 张，{OF_BATCH} 个连接，按张计 {IN_ONE} in one call, {OF_BATCH} connections, vouchers"}


def goals(rates: Mapping[str, Rate]) -> list[Goal]:
    """Against an empty route, and many in one call against single calls. Each side counts with the connections at which it does best."""
    empty, single = best_of(rates, "empty"), best_of(rates, "single")
    many = f"每次 {IN_ONE} 张 ÷ 逐张 {IN_ONE} in one call ÷ single calls, vouchers"
    return [
        Goal(name="核验 ÷ 空路由 verifications ÷ empty route", value=ratio(single, empty), least=LEAST_OF_EMPTY),
        Goal(name=many, value=ratio(rates["many"], single), least=LEAST_OF_SINGLE),
    ]


def best_of(rates: Mapping[str, Rate], side: str) -> Rate:
    """A side's rate with the connections at which it does best."""
    return max((rate for name, rate in rates.items() if name.partition(" ")[0] == side), key=lambda rate: rate.a_second)


def _name(side: str, connections: int) -> str:
    return f"{side} {connections}"


def measure(*, requests: int, rounds: int) -> dict[str, Rate]:
    """Set up a consortium with vouchers, and let the sides take turns."""
    with tempfile.TemporaryDirectory() as name, ready(Path(name)) as sides, Load() as load:
        for side, (port, cases) in sides.items():
            load.prepare(side, port, cases)
        return take_turns(turns(load, requests), rounds=rounds)


def turns(load: Load, requests: int) -> dict[str, Callable[[], Rate]]:
    """Every side with every number of connections, ready to run."""

    def ask(side: str, connections: int, asked: int) -> Callable[[], Rate]:
        return lambda: load.run(side, connections=connections, requests=asked)

    def ask_many() -> Rate:
        calls = load.run("many", connections=OF_BATCH, requests=max(OF_BATCH, requests * 2 // IN_ONE))
        return Rate(count=IN_ONE * calls.count, seconds=calls.seconds)

    sides = {
        _name(side, many): ask(side, many, max(many, requests // 4 if many == 1 else requests))
        for many in CONNECTIONS
        for side in ("empty", "single")
    }
    return sides | {"many": ask_many}


Sides = dict[str, tuple[int, list[Case]]]


@contextmanager
def ready(directory: Path) -> Iterator[Sides]:
    """Both servers, running, and what to ask them."""
    with ExitStack() as stack:
        town = stack.enter_context(settled_in(Engine.ANVIL, CHAIN_ID, directory))
        asked = issue_and_hold(town)
        # What is measured is a process of its own, and not a gateway in this one.
        for region in list(town.running):
            town.stop(region)
        _mine_every_second(town.node)
        world = town.world
        hasty = {f"{kind}_{limit}": 1_000_000 for kind in ("rate", "lookups") for limit in ("per_second", "burst")}
        stack.enter_context(gateways(world, [SHANGHAI], **hasty))
        require_answered(town, asked)
        key, gateway = world.api_keys[SHANGHAI]["lab-shanghai"], _port(world.gateways[SHANGHAI])
        _, empty = stack.enter_context(served("tests.bench.empty", world.settings(SHANGHAI), directory / "empty.log"))
        _wait_for(town.http, empty + PATH)
        yield {
            "empty": (_port(empty), [Case(request("GET", PATH), (b'{"status":"VALID"}',))]),
            "single": (gateway, singles(key, asked)),
            "many": (gateway, batches(key, asked)),
        }


def singles(key: str, asked: Sequence[Asked]) -> list[Case]:
    """A call for each question."""
    return [Case(_post("/v1/verifications", key, each.body), each.told) for each in asked]


def batches(key: str, asked: Sequence[Asked]) -> list[Case]:
    """Calls of a hundred questions each."""
    of_batches = [asked[first : first + IN_ONE] for first in range(0, len(asked) - IN_ONE + 1, IN_ONE)]
    return [
        Case(
            _post("/v1/verifications/batch", key, {"verifications": [each.body for each in together]}),
            tuple(sorted({told for each in together for told in each.told})),
        )
        for together in of_batches
    ]


def _post(path: str, key: str, body: Mapping[str, Any]) -> bytes:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    return request("POST", path, headers, json.dumps(body).encode())


def issue_and_hold(town: Town) -> list[Asked]:
    """Enrol more firms than the demo has, issue vouchers, hold or use up some, and return what to ask about them."""
    firms = [town.firm("firm-changxing"), *(new_firm(town, CHANGXING) for _ in range(1, FIRMS))]
    rows = [(firms[number % FIRMS], f"SPEED-{number:04}") for number in range(VOUCHERS)]
    issued = town.issue(CHANGXING, [(firm.company_code, serial) for firm, serial in rows], face=FACE, denomination=DENOMINATION)
    if issued.status != httpx.codes.CREATED or town.fund(CHANGXING, "100000000", "BENCH").status != httpx.codes.OK:
        raise AssertionError("no vouchers could be issued")
    ids = [each["voucher_id"] for each in sorted(issued["vouchers"], key=lambda each: int(each["line"]))]
    for number in range(HELD + USED_UP):
        _reserve(town, *rows[number], amount=PART if number < HELD else FACE)
    used_up = range(HELD, HELD + USED_UP)
    asked = [
        Asked(_question(*row, amount=DENOMINATION), "NOT_VALID" if number in used_up else "VALID", voucher_id)
        for number, (row, voucher_id) in enumerate(zip(rows, ids, strict=True))
    ]
    unknown = [Asked(_question(firms[number % FIRMS], f"NONE-{number:04}"), "NOT_VALID", None) for number in range(UNKNOWN)]
    # Mixed, so that no two in a row are alike.
    return [each for first in range(40) for each in [*asked, *unknown][first::40]]


def _reserve(town: Town, firm: FirmCast, serial: str, *, amount: str) -> None:
    answer = town.reserve(firm, town.lab("lab-shanghai"), serial=serial, amount=amount)
    if answer.status != httpx.codes.CREATED:
        raise AssertionError(f"no order on {serial}: {answer.body}")


def _question(firm: FirmCast, serial: str, *, amount: str | None = None) -> dict[str, Any]:
    voucher = {"region": firm.region, "firm": firm.company_code, "serial": serial}
    return {"voucher": voucher} | ({"amount": amount} if amount else {})


def require_answered(scene: Scene, asked: Sequence[Asked]) -> None:
    """Before anything is measured: each question gets its own answer, with the voucher's own notes."""
    desk = scene.desk(SHANGHAI, "lab-shanghai")
    for each in asked:
        answer = desk.post("/v1/verifications", each.body)
        voucher = answer["voucher"]
        if (answer["status"], voucher and voucher["voucher_id"]) != (each.status, each.voucher_id):
            raise AssertionError(f"{each} was answered {answer}")


def _mine_every_second(node: DevNode) -> None:
    # As `--block-time` does; from here on, since setting everything up would take minutes.
    node.rpc("evm_setAutomine", False)  # noqa: FBT003 - the call's own parameter
    node.rpc("evm_setIntervalMining", BLOCK_SECONDS)


def _port(url: str) -> int:
    port = urlsplit(url).port
    if port is None:
        raise ValueError(f"{url} names no port")
    return port


def _wait_for(http: httpx.Client, url: str, *, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if http.get(url).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise TimeoutError(f"{url} did not answer")


if __name__ == "__main__":
    sys.exit(main())
