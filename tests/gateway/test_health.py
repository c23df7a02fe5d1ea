"""Alive, ready with reasons, numbers; a stop in good order; and logs of a real process that name nobody."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from gateway.answers import operation_id
from gateway.health import Report, reasons
from gateway.settings import Settings
from registry.chain.devnode import Engine
from scripts.demonstration.cast import CHANGXING, SHANGHAI
from scripts.demonstration.world import gateways
from tests.gateway.conftest import settled_in, wait_until

FINE = {"chain_id": 7, "head": 100, "head_age": 1, "indexed": 100, "lag": 0, "outbox": 0, "peers": 3, "refused": None}
LIMITS = {"stale_after_seconds": 60, "ready_lag_blocks": 5, "ready_outbox": 10, "ready_peers": 2}


@pytest.fixture(scope="module")
def own_town(request, tmp_path_factory):
    """A town whose node and gateways may be stopped."""
    chain_id = next(request.getfixturevalue("_chain_ids"))
    with settled_in(Engine.ANVIL, chain_id, tmp_path_factory.mktemp("own")) as town:
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
    hidden = [firm.company_code, firm.company_code[:-1], serial, key, key.split("_")[2], "P-SECRET", lab.host_unit]
    assert [each for each in hidden if each in log] == []
    assert "Finished server process" in str(lines[-1])


def test_a_silent_node_is_a_reason_and_the_process_stays_alive(own_town):
    """The last of this town's tests: its node does not come back."""
    own_town.node.stop()
    wait_until(lambda: own_town.ask("GET", "/readyz").status_code == 503)

    found = own_town.ask("GET", "/readyz").json()["values"]

    assert "NodeSilent" in [each["code"] for each in found["reasons"]]
    assert (found["chain_id"], found["head"], found["lag_blocks"], found["peers"]) == (None, None, None, None)
    assert own_town.ask("GET", "/livez").status_code == 200
    assert "tongquan_node_answering 0.0" in own_town.ask("GET", "/metrics").text


def test_the_paths_of_this_test_are_those_that_the_proxy_example_keeps_inside():
    page = (Path(__file__).resolve().parents[2] / "docs/gateway.md").read_text(encoding="utf-8")

    assert "location ~ ^/(livez|readyz|metrics)$ { return 404; }" in page
