"""What stands before the routes: request ids, limits of size and time, headers, CORS, and faults that say nothing of themselves."""

import asyncio
import io
import json
import logging
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi import Request

from gateway import errors
from gateway.__main__ import server_of
from gateway.edge import EdgedApp
from gateway.edge.deadlines import Deadlines
from gateway.edge.watch import Watch
from gateway.logs import JsonLines
from gateway.metrics import Metrics
from gateway.settings import Settings
from tests.gateway.conftest import running, serving, wait_until

MOST = 1_000
PAGE = "https://desk.example"


@pytest.fixture
def metrics():
    return Metrics()


@pytest.fixture
def held():
    """Holds back the answer of `/held` until it is set."""
    return threading.Event()


@pytest.fixture
def app(settings, metrics, held):
    made = EdgedApp(settings, metrics)

    @made.post("/echo")
    async def echo(request: Request) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    @made.get("/held")
    def wait() -> dict[str, bool]:
        return {"done": held.wait(30)}

    @made.get("/broken")
    def broken() -> None:
        raise RuntimeError("91310000MA1FL00000 is what I could not read")

    errors.install(made)
    return made


@pytest.fixture
def settings():
    defaults = {name: field.default for name, field in Settings.model_fields.items()}
    return Settings.model_construct(**defaults | {"body_bytes": MOST, "body_seconds": 0.3, "handler_seconds": 0.3, "cors_origins": (PAGE,)})


@pytest.fixture
def gateway(app):
    with serving(app) as (url, _), httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
        yield client


def problem(response):
    assert response.headers["Content-Type"] == "application/problem+json"
    found = response.json()
    assert found["instance"] == f"urn:tongquan:request:{response.headers['X-Request-Id']}"
    assert found["status"] == response.status_code
    return found["status"], found["code"]


@pytest.mark.parametrize("name", ["a", "0af7651916cd43dd8448eb211c80319c", "A-b_c.9", "x" * 64])
def test_a_sane_request_id_is_kept(gateway, name):
    assert gateway.post("/echo", headers={"X-Request-Id": name}).headers.get_list("X-Request-Id") == [name]


@pytest.mark.parametrize("name", ["", "x" * 65, "a b", "a;b", 'a"b', "ä".encode(), "a/b"])
def test_any_other_is_replaced(gateway, name):
    found = gateway.post("/echo", headers={"X-Request-Id": name}).headers.get_list("X-Request-Id")

    assert len(found) == 1
    assert len(found[0]) == 32
    assert found[0] != name


def test_of_two_the_first_counts(gateway):
    found = gateway.post("/echo", headers=[("X-Request-Id", "a"), ("X-Request-Id", "b")]).headers.get_list("X-Request-Id")

    assert found == ["a"]


def test_each_request_has_its_own(gateway):
    assert len({gateway.post("/echo").headers["X-Request-Id"] for _ in range(3)}) == 3


def test_a_body_up_to_the_limit_passes_with_and_without_its_length(gateway):
    whole = gateway.post("/echo", content=b"x" * MOST)
    chunked = gateway.post("/echo", content=iter([b"x" * (MOST // 2)] * 2))

    assert [each.json() for each in (whole, chunked)] == [{"bytes": MOST}] * 2


def test_a_larger_body_is_refused_with_and_without_its_length(gateway):
    whole = gateway.post("/echo", content=b"x" * (MOST + 1))
    chunked = gateway.post("/echo", content=iter([b"x" * MOST, b"x"]))

    assert [problem(each) for each in (whole, chunked)] == [(413, "TooLarge")] * 2


def talk(gateway, *parts):
    """Speak HTTP by hand, and read what comes back until the other side closes."""
    url = urlsplit(str(gateway.base_url))
    with socket.create_connection((url.hostname, url.port), timeout=20) as connection:
        for part in parts:
            connection.sendall(part)
        received = b""
        while chunk := connection.recv(65_536):
            received += chunk
    return received


def test_an_announced_giant_is_refused_before_a_byte_of_it_is_read(gateway):
    answer = talk(gateway, b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\nExpect: 100-continue\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 413")
    assert b"100 Continue" not in answer


def test_an_unannounced_giant_is_refused_at_the_limit(gateway):
    answer = talk(gateway, b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", b"3e9\r\n" + b"x" * 1001 + b"\r\n")

    assert answer.startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("head", [b"Content-Length: 10\r\n\r\n12345", b"Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n"])
def test_a_slow_body_is_not_waited_for(gateway, head):
    answer = talk(gateway, b"POST /echo HTTP/1.1\r\nHost: x\r\n" + head)

    assert answer.startswith(b"HTTP/1.1 408")
    assert b'"BodyTooSlow"' in answer


def test_what_takes_too_long_is_answered_as_unknown_and_goes_on(gateway, held):
    late = gateway.get("/held")
    held.set()

    assert problem(late) == (504, "TimedOut")
    assert late.headers["Retry-After"]
    assert gateway.get("/held").json() == {"done": True}


def test_each_that_is_late_is_told_under_its_own_name(gateway, held):
    """They share a timer, which is set by the first of them."""
    with ThreadPoolExecutor(4) as threads:
        late = list(threads.map(lambda name: gateway.get("/held", headers={"X-Request-Id": name}), "abcd"))
    held.set()

    assert [problem(each) for each in late] == [(504, "TimedOut")] * 4
    assert [each.headers["X-Request-Id"] for each in late] == list("abcd")


def test_a_page_of_a_named_origin_is_told_refusals_too(gateway, held):
    answers = [gateway.get("/held", headers={"Origin": PAGE}), gateway.post("/echo", headers={"Origin": PAGE}, content=b"x" * 2_000)]
    answers.append(gateway.get("/broken", headers={"Origin": PAGE}))
    held.set()

    assert [problem(each) for each in answers] == [(504, "TimedOut"), (413, "TooLarge"), (500, "Internal")]
    assert {each.headers["Access-Control-Allow-Origin"] for each in answers} == {PAGE}


def test_limits_of_one_length_share_a_timer_and_come_due_in_order():
    async def wait():
        due, over = [], asyncio.Event()
        limits = Deadlines(0.01)
        numbers = [limits.add(lambda name=name: due.append(name)) for name in "ab"]
        met = limits.add(lambda: due.append("met"))
        limits.add(over.set)
        assert limits.remove(met)
        await over.wait()
        again = asyncio.Event()
        limits.add(again.set)
        await again.wait()
        return due, [limits.remove(each) for each in (*numbers, met)]

    assert asyncio.run(asyncio.wait_for(wait(), 30)) == (["a", "b"], [False] * 3)


def test_who_asks_for_a_websocket_is_answered_as_anybody_and_stands_in_no_log_with_path_and_query(app, settings, caplog):
    caplog.set_level(logging.INFO)
    server = server_of(app, settings)
    server.config.port = 0
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }

    with running(server) as url, httpx.Client(base_url=url, trust_env=False) as client:
        response = client.get("/echo?firm=91310000MA1FL00000", headers=upgrade)

    assert problem(response) == (405, "MethodNotAllowed")
    assert "91310000MA1FL00000" not in " ".join(each.getMessage() for each in caplog.records if each.name != "httpx")


def test_a_fault_says_nothing_of_itself_in_answer_or_log(gateway, lines):
    response = gateway.get("/broken")

    assert problem(response) == (500, "Internal")
    assert "91310000MA1FL00000" not in response.text
    # It is logged once it is answered.
    wait_until(lambda: any(each["level"] == "ERROR" for each in lines()))
    told = [each for each in lines() if each["level"] == "ERROR"]
    assert told[-1]["exception"]["kind"] == "RuntimeError"
    assert told[-1]["request_id"] == response.headers["X-Request-Id"]
    assert "91310000MA1FL00000" not in str(lines())


def test_every_answer_tells_browsers_what_not_to_do(gateway):
    for response in (gateway.post("/echo"), gateway.get("/broken"), gateway.get("/none"), gateway.post("/echo", content=b"x" * 2_000)):
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert response.headers["Cache-Control"] == "no-store"


def test_only_named_origins_may_call_from_a_browser(gateway):
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "Idempotency-Key"}

    allowed = gateway.options("/echo", headers=asked | {"Origin": PAGE})
    refused = gateway.options("/echo", headers=asked | {"Origin": "https://other.example"})
    plain = gateway.post("/echo", headers={"Origin": "https://other.example"})

    assert (allowed.status_code, allowed.headers["Access-Control-Allow-Origin"]) == (200, PAGE)
    assert problem(refused) == (403, "OriginNotAllowed")
    assert "Access-Control-Allow-Origin" not in plain.headers


def test_without_named_origins_there_is_no_cors(town):
    answer = town.ask("OPTIONS", "/v1/quotes", headers={"Origin": PAGE, "Access-Control-Request-Method": "POST"})

    assert answer.status_code == 405
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


def test_requests_are_counted_by_route_and_never_by_path(gateway, metrics):
    gateway.post("/echo")
    gateway.get("/none/91310000MA1FL00000")

    # Counted once the answer is on its way.
    wait_until(lambda: b'route="unknown",status="404"' in metrics.text())
    text = metrics.text().decode()
    assert 'tongquan_requests_total{method="POST",route="/echo",status="200"} 1.0' in text
    assert "91310000MA1FL00000" not in text


def test_a_request_is_logged_by_route_with_its_id(gateway, lines):
    response = gateway.post("/echo?firm=91310000MA1FL00000", content=b"91310000MA1FL00000")

    def of_request():
        return [each for each in lines() if each.get("request_id") == response.headers["X-Request-Id"]]

    wait_until(of_request)
    line = of_request()[0]
    assert (line["method"], line["route"], line["status"], line["level"]) == ("POST", "/echo", 200, "INFO")
    assert "91310000MA1FL00000" not in str(lines())


class Stream(io.StringIO):
    """Counts writes."""

    def __init__(self):
        super().__init__()
        self.writes = 0

    def write(self, text):
        self.writes += 1
        return super().write(text)


def test_requests_answered_in_one_turn_are_logged_and_counted_each_with_one_write(metrics):
    stream = Stream()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    requests = logging.getLogger("gateway.requests")
    requests.addHandler(handler)
    before = requests.level
    requests.setLevel(logging.INFO)
    watch = Watch(metrics)

    async def two_turns():
        for name, status in (("a", 200), ("b", 404)):
            watch.note({"method": "POST"}, status, 0.01234, name)
        assert stream.getvalue() == ""
        await asyncio.sleep(0)
        assert stream.writes == 1
        watch.note({"method": "GET"}, 200, 0.5, "c")
        await asyncio.sleep(0)
        assert stream.writes == 2

    try:
        asyncio.run(two_turns())
    finally:
        requests.removeHandler(handler)
        requests.setLevel(before)

    lines = [json.loads(each) for each in stream.getvalue().splitlines()]
    told = {"level": "INFO", "logger": "gateway.requests", "message": "answered", "route": "unknown"}
    assert [{name: value for name, value in each.items() if name != "time"} for each in lines] == [
        told | {"request_id": "a", "method": "POST", "status": 200, "milliseconds": 12.3},
        told | {"request_id": "b", "method": "POST", "status": 404, "milliseconds": 12.3},
        told | {"request_id": "c", "method": "GET", "status": 200, "milliseconds": 500.0},
    ]
    assert metrics.text().count(b"tongquan_requests_total{") == 3


def test_the_text_of_a_foreign_exception_is_not_logged(lines):
    try:
        int("91310000MA1FL00000")
    except ValueError:
        logging.getLogger("gateway.test").exception("could not read it")

    assert lines()[-1]["exception"]["kind"] == "ValueError"
    assert "91310000MA1FL00000" not in str(lines())
