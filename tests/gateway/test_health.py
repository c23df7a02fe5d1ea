"""Alive, ready with reasons, numbers; a stop in good order; and logs of a real process that name nobody."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from gateway.answers import operation_id
from gateway.health import Report, reasons
from gateway.settings import Settings
from registry.chain.devnode import Engine, start
from registry.chain.process import GuardedProcess
from registry.events import Funded
from scripts.demonstration.cast import CHANGXING, KUNSHAN, SHANGHAI
from scripts.demonstration.world import gateways
from tests.gateway.conftest import settled_in, wait_until
from tests.gateway.newcomers import new_account

ROOT = Path(__file__).resolve().parents[2]
FINE = {"chain_id": 7, "head": 100, "head_age": 1, "indexed": 100, "lag": 0, "outbox": 0, "peers": 3, "refused": None}
LIMITS = {"stale_after_seconds": 60, "ready_lag_blocks": 5, "ready_outbox": 10, "ready_peers": 2}


@pytest.fixture(scope="module")
def own_town(request, tmp_path_factory):
    """A town whose gateways may be stopped."""
    chain_id = next(request.getfixturevalue("_chain_ids"))
    with settled_in(Engine.ANVIL, chain_id, tmp_path_factory.mktemp("own"), stale_after_seconds=300) as town:
        yield town


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({}, []),
        ({"peers": None}, []),
        ({"head_age": 60, "lag": 5, "outbox": 10, "peers": 2}, []),
        ({"chain_id": 8}, ["WrongChain"]),
        ({"head_age": 61}, ["HeadOld"]),
        ({"lag": 6}, ["IndexBehind"]),
        ({"outbox": 11}, ["OutboxDeep"]),
        ({"peers": 1}, ["FewPeers"]),
        ({"refused": "block 7"}, ["IndexRefused"]),
        ({"chain_id": None, "head": None, "head_age": None, "lag": None, "peers": None}, ["NodeSilent"]),
        ({"head_age": 90, "lag": 9, "outbox": 99}, ["HeadOld", "IndexBehind", "OutboxDeep"]),
    ],
)
def test_every_reason_not_to_be_ready_is_told(change, codes):
    limits = Settings.model_construct(**LIMITS)

    assert [each.code for each in reasons(Report(**FINE | change), limits, chain_id=7)] == codes


def test_alive_ready_and_numbers_need_no_key(town):
    town.node.mine()
    alive, ready = town.ask("GET", "/livez"), town.ask("GET", "/readyz")
    numbers = town.ask("GET", "/metrics")

    assert (alive.status_code, alive.json()) == (200, {"alive": True})
    assert (ready.status_code, ready.json()["reasons"]) == (200, [])
    assert ready.json()["chain_id"] == town.node.chain_id
    assert ready.json()["lag_blocks"] <= 5
    assert numbers.headers["Content-Type"].startswith("text/plain")
    assert "tongquan_ready 1.0" in numbers.text
    assert re.search(r'tongquan_requests_total\{method="GET",route="/livez",status="200"\} [0-9]+', numbers.text)


def test_numbers_name_no_caller_and_count_those_turned_away(town):
    before = town.ask("GET", "/metrics").text
    town.ask("GET", "/v1/orders", headers={"Authorization": "Bearer tq_nobody"})
    after = town.ask("GET", "/metrics").text

    def count(text):
        found = re.search(r'tongquan_callers_refused_total\{why="unauthenticated"\} ([0-9.]+)', text)
        return float(found[1]) if found else 0.0

    assert count(after) == count(before) + 1
    names = [name for keys in town.world.api_keys.values() for name in keys]
    assert not [name for name in names if f'"{name}"' in after]


def test_an_old_head_is_a_reason(own_town):
    own_town.node.mine()
    wait_until(lambda: own_town.ask("GET", "/readyz").status_code == 200)
    own_town.clock_shift = 600
    try:
        wait_until(lambda: own_town.ask("GET", "/readyz").status_code == 503)
        found = own_town.ask("GET", "/readyz")
    finally:
        own_town.clock_shift = 0

    assert (found.headers["Content-Type"], found.json()["code"]) == ("application/problem+json", "NotReady")
    assert [each["code"] for each in found.json()["values"]["reasons"]] == ["HeadOld"]
    assert found.json()["values"]["head_age_seconds"] >= 600


def ready(town, region):
    """Which reasons not to be ready a gateway tells, and what it found."""
    answer = town.http.get(f"{town.world.gateways[region]}/readyz").json()
    found = answer.get("values", answer)
    return [each["code"] for each in found["reasons"]], found


def test_too_few_peers_are_a_reason_where_the_node_tells_them(town):
    town.node.mine()
    with town.restarted(KUNSHAN, ready_peers=1):
        codes, found = ready(town, KUNSHAN)

    told = town.node.engine is Engine.GANACHE
    assert (codes, found["peers"]) == ((["FewPeers"], 0) if told else ([], None))


def test_a_deep_outbox_and_an_index_behind_are_reasons_until_they_have_caught_up(own_town):
    town = own_town
    limits = {"ready_outbox": 0, "ready_lag_blocks": 2, "refresh_seconds": 3_600.0}
    with town.restarted(CHANGXING, **limits):
        town.node.mine()
        desk, key = town.desk(CHANGXING, "payer"), f"deep-{town.number()}"
        wait_until(lambda: ready(town, CHANGXING)[0] == [])
        # Nothing is mined: what was sent waits.
        town.node.rpc("evm_setAutomine", False)  # noqa: FBT003 - the call's own parameter
        try:
            headers = {"Authorization": f"Bearer {desk.api_key}", "Idempotency-Key": key, "Prefer": "respond-async"}
            path = f"{desk.url}/v1/programmes/{town.programmes[CHANGXING]}/fund"
            assert town.http.post(path, json={"amount": "100", "bank_reference": key}, headers=headers).status_code == 202
            wait_until(lambda: ready(town, CHANGXING)[0] == ["OutboxDeep"])
            assert ready(town, CHANGXING)[1]["outbox"] == 1
        finally:
            town.node.rpc("evm_setAutomine", True)  # noqa: FBT003 - likewise
            town.node.mine()
        wait_until(lambda: ready(town, CHANGXING)[0] == [])
        assert ready(town, CHANGXING)[1]["outbox"] == 0
        # Nobody asks, and so nothing is read.
        town.node.mine(5)
        wait_until(lambda: ready(town, CHANGXING)[0] == ["IndexBehind"])
        assert 3 <= ready(town, CHANGXING)[1]["lag_blocks"] <= 5
        assert desk.get("/v1/programmes").status == 200
        wait_until(lambda: ready(town, CHANGXING)[0] == [])
        assert ready(town, CHANGXING)[1]["lag_blocks"] == 0


def test_a_replaced_chain_and_another_one_are_reasons(request, tmp_path):
    chain_ids = request.getfixturevalue("_chain_ids")
    with settled_in(Engine.ANVIL, next(chain_ids), tmp_path, refresh_seconds=0.1) as town, ExitStack() as stack:
        before = town.node.snapshot()
        town.node.mine(3)
        wait_until(lambda: ready(town, SHANGHAI)[1]["indexed"] == town.node.block_number())
        # The same numbers, other blocks.
        town.node.revert(before)
        for _ in range(4):
            town.node.jump(100)
        wait_until(lambda: "IndexRefused" in ready(town, SHANGHAI)[0])
        read = town.desk(SHANGHAI, "auditor").get("/v1/labs")
        assert (read.status, read.code) == (503, "IndexRefused")

        old, other = town.node, next(chain_ids)
        old.stop()
        stack.enter_context(start(Engine.ANVIL, chain_id=other, directory=tmp_path / "other", port=old.port))
        wait_until(lambda: "WrongChain" in ready(town, SHANGHAI)[0])
        assert ready(town, SHANGHAI)[1]["chain_id"] == other


def test_requests_under_way_finish_before_a_gateway_stops(own_town):
    town, desk = own_town, own_town.desk(CHANGXING, "payer")
    key, url = f"stop-{town.number()}", town.world.gateways[CHANGXING]
    path = f"/v1/programmes/{town.programmes[CHANGXING]}/fund"
    operation = f"/v1/operations/{operation_id('payer', key)}"

    def turned_away():
        try:
            httpx.get(f"{url}/livez", trust_env=False)
        except httpx.TransportError:
            return True
        return False

    with ThreadPoolExecutor(2) as pool:
        town.node.rpc("evm_setAutomine", False)  # noqa: FBT003 - the call's own parameter
        try:
            written = pool.submit(desk.post, path, {"amount": "100", "bank_reference": key}, key=key)
            wait_until(lambda: desk.get(operation).body.get("transaction") is not None)
            stopped = pool.submit(town.stop, CHANGXING)
            wait_until(turned_away)
            assert not written.done()
        finally:
            town.node.rpc("evm_setAutomine", True)  # noqa: FBT003 - likewise
            town.node.mine()
        assert written.result(30).status == 200
        stopped.result(30)
    town.start(CHANGXING)


def test_a_gateway_as_a_process_logs_lines_that_name_nobody_and_stops_in_good_order(own_town):
    town, firm, lab = own_town, own_town.firm("firm-changxing"), own_town.lab("lab-shanghai")
    serial = town.serial_for(firm)
    voucher = {"region": firm.region, "firm": firm.company_code, "serial": serial}
    town.stop(SHANGHAI)
    with gateways(town.world, [SHANGHAI]):
        desk = town.desk(SHANGHAI, lab.key)
        assert desk.post("/v1/verifications", {"voucher": voucher})["status"] == "VALID"
        assert desk.post("/v1/verifications", {"voucher": voucher | {"firm": firm.company_code[:-1] + "?"}}).code == "CodeRefused"
        assert desk.post("/v1/quotes", {"voucher": voucher, "cost": serial}).code == "InvalidRequest"
        assert town.ask("GET", f"/v1/orders?{firm.company_code}", headers={"Authorization": "Bearer tq_x"}).status_code == 401
        assert town.ask("GET", f"/{firm.company_code}/{serial}").status_code == 404
        desk.post("/v1/orders", town.order(firm, lab, serial=serial, project="P-SECRET", amount="100000"))
    log = (town.world.folder(SHANGHAI) / "gateway.log").read_text(encoding="utf-8")
    town.start(SHANGHAI)

    lines = [json.loads(line) for line in log.splitlines()]
    asked = [each for each in lines if each.get("route") == "/v1/verifications"]
    assert [each["status"] for each in asked] == [200, 422]
    assert all(each["request_id"] and each["caller"].startswith("tq_") and each["party"] == "LAB" for each in asked)
    key = town.world.api_keys[SHANGHAI][lab.key]
    hidden = [firm.company_code, firm.company_code[:-1], serial, key, key[-20:], "P-SECRET", lab.host_unit]
    assert [each for each in hidden if each in log] == []
    assert "Finished server process" in str(lines[-1])


def test_json_that_is_nested_very_deeply_ends_no_gateway(own_town):
    """Anybody can send it: it is read before it is asked who calls."""
    town, nested = own_town, [b"[" * 95_000, b'{"a":' * 95_000, b"[" * 95_000 + rb'"\ud800"']
    asked = [(path, each) for path in ("/v1/verifications", "/v1/orders") for each in nested]
    town.stop(SHANGHAI)
    with gateways(town.world, [SHANGHAI]):
        answers = [town.ask("POST", path, content=each, headers={"Content-Type": "application/json"}) for path, each in asked]
        alive = town.ask("GET", "/livez").status_code
    town.start(SHANGHAI)

    assert {(each.status_code, each.json()["code"]) for each in answers} == {(400, "MalformedRequest")}
    assert alive == 200


def test_a_signal_to_a_process_lets_a_write_under_way_finish_and_is_no_crash(own_town, tmp_path):
    town = own_town
    town.stop(CHANGXING)
    settings = town.world.settings(CHANGXING)
    with ExitStack() as stack:
        stack.callback(lambda: town.start(CHANGXING))
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        told = {f"TONGQUAN_{name.upper()}": str(value) for name, value in {**settings, "listen_fd": listening.fileno()}.items()}
        command, log = [sys.executable, "-m", "gateway"], tmp_path / "gateway.log"
        descriptors = [listening.fileno()]
        process = GuardedProcess.start(command, directory=ROOT, log=log, environment=os.environ | told, descriptors=descriptors)
        stack.callback(process.end)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        desk, key = replace(town.desk(SHANGHAI, "payer"), url=url, api_key=town.world.api_keys[CHANGXING]["payer"]), f"end-{town.number()}"
        assert desk.get("/v1/programmes").status == 200  # once it listens
        path, operation = f"/v1/programmes/{town.programmes[CHANGXING]}/fund", f"/v1/operations/{operation_id('payer', key)}"
        before = town.event_count(Funded)
        with ThreadPoolExecutor(1) as pool:
            town.node.rpc("evm_setAutomine", False)  # noqa: FBT003 - the call's own parameter
            try:
                written = pool.submit(desk.post, path, {"amount": "100", "bank_reference": key}, key=key)
                wait_until(lambda: desk.get(operation).body.get("transaction") is not None)
                os.kill(process.pid, signal.SIGTERM)
                wait_until(lambda: "Shutting down" in log.read_text(encoding="utf-8"))
                assert not written.done()
                assert process.is_running()
            finally:
                town.node.rpc("evm_setAutomine", True)  # noqa: FBT003 - likewise
                town.node.mine()
            answer = written.result(30)
        assert answer.status == 200, answer.body
        wait_until(lambda: not process.is_running())
        assert process._process.returncode == 0
        assert town.event_count(Funded) == before + 1


def test_a_silent_node_is_a_reason_and_the_process_stays_alive(_chain_ids, tmp_path):  # noqa: PT019 - its value is used
    with settled_in(Engine.ANVIL, next(_chain_ids), tmp_path) as town:
        town.node.stop()
        wait_until(lambda: town.ask("GET", "/readyz").status_code == 503)

        found = town.ask("GET", "/readyz").json()["values"]

        assert "NodeSilent" in [each["code"] for each in found["reasons"]]
        assert (found["chain_id"], found["head"], found["lag_blocks"], found["peers"]) == (None, None, None, None)
        assert town.ask("GET", "/livez").status_code == 200
        assert "tongquan_node_answering 0.0" in town.ask("GET", "/metrics").text


def test_the_paths_of_this_test_are_those_that_the_proxy_example_keeps_inside():
    page = (ROOT / "docs/gateway.md").read_text(encoding="utf-8")

    assert "location ~ ^/(livez|readyz|metrics)$ { return 404; }" in page


@pytest.mark.slow
def test_a_first_gateway_starts_as_the_page_says(nodes, tmp_path):
    """Its two blocks of commands, as they stand there, on a new chain."""
    page = (ROOT / "docs/gateway.md").read_text(encoding="utf-8")
    make, run = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)[:2]
    node = nodes.start(Engine.ANVIL)
    programs = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    accounts = {f"{name}_{number}": new_account().address for name in ("ADMIN", "RECOVERY") for number in (1, 2, 3)}
    environment = {"PATH": programs, "HOME": str(tmp_path), "TONGQUAN_NODE_URL": node.url, "LANG": "C.UTF-8"} | accounts
    made = subprocess.run(["bash", "-euc", make], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=900, check=False)
    assert made.returncode == 0, made.stderr + made.stdout

    with socket.create_server(("127.0.0.1", 0)) as listening, ExitStack() as stack:
        told = environment | {"TONGQUAN_LISTEN_FD": str(listening.fileno())}
        command, log = ["bash", "-euc", run], tmp_path / "gateway.log"
        process = GuardedProcess.start(command, directory=tmp_path, log=log, environment=told, descriptors=[listening.fileno()])
        stack.callback(process.end)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with httpx.Client(base_url=url, trust_env=False, timeout=60) as http:
            assert http.get("/livez").status_code == 200, process.log_tail()  # once it listens
            node.mine()
            assert http.get("/readyz").json().get("reasons") == []
            headers = {"Authorization": f"Bearer {(tmp_path / 'auditor.key').read_text(encoding='utf-8').strip()}"}
            assert http.get("/v1/labs", headers=headers).json()["labs"] == []
            assert len(http.get("/v1/trail", headers=headers).json()["events"]) > 0


def test_the_example_of_a_proxy_limits_by_address_as_the_page_says():
    page = (ROOT / "docs/gateway.md").read_text(encoding="utf-8")

    assert (
        re.search(r"^limit_req_zone \$binary_remote_addr zone=(\w+):", page, re.MULTILINE)[1]
        == re.search(r"limit_req +zone=(\w+)", page)[1]
    )
