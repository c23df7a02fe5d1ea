"""A command that is repeated after a crash does it once: its name was stored before anything was sent."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from registry.cli.requests import Requests
from registry.errors import OutcomeUnknown, Rejected, Unreachable
from scripts.demonstration.cast import CHANGXING
from tests.cli.people import people_in


@pytest.fixture
def requests(tmp_path):
    return Requests(tmp_path / "requests.sqlite")


def name_of(requests, *asked, failure=None):
    """The name under which something is asked, and which came to this."""
    with contextlib.suppress(BaseException), requests.once("POST /v1/x", *asked) as name:
        if failure:
            raise failure
    return name


@pytest.mark.parametrize("failure", [Unreachable("silent"), OutcomeUnknown("0x", "late"), KeyboardInterrupt(), ValueError("a crash")])
def test_an_open_request_keeps_its_name(requests, failure):
    first = name_of(requests, {"a": 1}, failure=failure)

    assert name_of(requests, {"a": 1}) == first


@pytest.mark.parametrize("failure", [None, Rejected("WrongStage")])
def test_an_answered_request_is_over(requests, failure):
    first = name_of(requests, {"a": 1}, failure=failure)

    assert name_of(requests, {"a": 1}) != first
    assert requests.unanswered() == []


def test_another_request_has_another_name(requests):
    first = name_of(requests, {"a": 1}, failure=Unreachable("silent"))

    assert name_of(requests, {"a": 2}) != first
    assert [name for name, _ in requests.unanswered()] == [first]


class Between(ThreadingHTTPServer):
    """Stands between a caller and its gateway: passes requests on, and while `mute` keeps the answers to itself."""

    daemon_threads = True

    def __init__(self, url):
        super().__init__(("127.0.0.1", 0), Passing)
        self.url, self.mute, self.keys, self.passed = url, threading.Event(), [], threading.Event()


class Passing(BaseHTTPRequestHandler):
    def do_POST(self):
        server = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name: self.headers[name] for name in ("Authorization", "Idempotency-Key", "Content-Type")}
        server.keys.append(headers["Idempotency-Key"])
        answer = httpx.post(server.url + self.path, content=body, headers=headers, trust_env=False, timeout=60)
        server.passed.set()
        if server.mute.is_set():
            server.mute_until.wait()
            return
        self.send_response(answer.status_code)
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="module")
def people(engine, _chain_ids, tmp_path_factory):
    with people_in(engine, next(_chain_ids), tmp_path_factory.mktemp("town")) as people:
        yield people


def test_killed_after_sending_and_repeated_it_is_done_once(people):
    payer = people.caller(CHANGXING, "payer")
    programme = people.town.programmes[CHANGXING]
    before = int(payer.ask(f"programme show {programme}")["funded"])
    with Between(people.town.world.gateways[CHANGXING]) as between:
        between.mute_until = threading.Event()
        between.mute.set()
        threading.Thread(target=between.serve_forever, daemon=True).start()
        payer.settings = payer.settings | {"gateway_url": f"http://127.0.0.1:{between.server_port}"}
        command = f"programme fund {programme} --amount 1yuan --bank-reference R-1 --json"

        tongquan = Path(sys.executable).with_name("tongquan")
        process = subprocess.Popen([tongquan, *command.split()], cwd=payer.folder, env=payer.environment())
        assert between.passed.wait(60)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        between.mute.clear()
        answer = payer.run(command)
        between.mute_until.set()
        between.shutdown()

    payer = people.caller(CHANGXING, "payer")
    assert answer.status == 0, answer.err
    assert len(between.keys) == 2
    assert len(set(between.keys)) == 1
    assert int(payer.ask(f"programme show {programme}")["funded"]) == before + 100


def test_a_silent_gateway_or_node_is_unreachable(people):
    programme = people.town.programmes[CHANGXING]
    payer = people.caller(CHANGXING, "payer")
    payer.settings = payer.settings | {"gateway_url": "http://127.0.0.1:9"}
    auditor = people.auditor()
    auditor.settings = auditor.settings | {"node_url": "http://127.0.0.1:9"}

    assert payer.run(f"programme fund {programme} --amount 1yuan --bank-reference R-2").status == 3
    assert auditor.run("audit replay").status == 3
    assert auditor.run("region list").status == 3


def test_another_chain_than_the_deployments_is_a_difference(people):
    auditor = people.auditor()
    told = (people.town.world.directory / "deployment.json").read_text()
    (people.folder / "other.json").write_text(told.replace(str(people.town.world.deployment.chain_id), "7"))
    auditor.settings = auditor.settings | {"deployment": "other.json"}

    said = auditor.run("audit replay --json")

    assert (said.status, said.refusal["error"]) == (5, "WrongDeployment")


def test_a_refusal_of_the_registry_is_one(people):
    payer = people.caller(CHANGXING, "payer")
    programme = people.town.programmes[CHANGXING]

    said = payer.run(f"programme draw {programme} --amount 99999999yuan --bank-reference R-3 --json")

    assert (said.status, said.refusal["family"]) == (1, "rejected")
    assert said.out == ""


def test_the_screen_is_chinese_first_or_english_alone(people):
    payer, programme = people.caller(CHANGXING, "payer"), people.town.programmes[CHANGXING]

    zh, en = (payer.run(f"programme show {programme} --lang {lang}").out for lang in ("zh", "en"))

    assert "已拨入 funded" in zh
    assert "100,001.00 元" in zh or "100,000.00 元" in zh
    assert "已拨入" not in en
    assert "funded" in en


@pytest.mark.parametrize("money", ["4800", "48.001yuan", "-1yuan", "４８００yuan", "1e3yuan", "4800rmb", ""])
def test_money_without_a_unit_or_sense_is_wrong_usage(people, money):
    payer = people.caller(CHANGXING, "payer")

    said = payer.run(f"programme fund {people.town.programmes[CHANGXING]} --amount '{money}' --bank-reference R-4")

    assert said.status == 2
