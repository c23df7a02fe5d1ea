"""`scripts/demo` as a newcomer runs it: it tells every step, a wrong outcome is noticed, and nothing outlives it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from registry import Deployment, Node, address_of, load_key, verify
from registry.chain.devnode import Engine
from scripts.demonstration import __main__ as demonstration
from scripts.demonstration.cases import ALL as ALL_CASES
from scripts.demonstration.cases import RECORDS as RECORD_CASES
from scripts.demonstration.expected import ALL, EXPECTED, RECORDS
from scripts.demonstration.play import CASES
from scripts.demonstration.words import CASES as TITLES
from scripts.demonstration.words import STEPS
from tests.effort import FULL
from tests.processes import processes_of

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 300

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are looked for in /proc")]


def wait_until(condition: Callable[[], bool], *, seconds: float = SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.1)


def lines_of(output: str) -> list[dict]:
    return [json.loads(line) for line in output.splitlines()]


def test_all_begins_as_the_plain_run_does_and_every_case_and_step_has_its_words():
    plain = list(EXPECTED)

    assert (list(CASES), list(ALL_CASES)) == (plain, list(ALL))
    assert (list(ALL)[: len(plain) - 1], list(ALL)[-1]) == (plain[:-1], plain[-1])
    assert (list(RECORD_CASES), list(RECORDS)[-1]) == (list(RECORDS), "AUDIT")
    assert set(TITLES) == {*ALL, *RECORDS}
    assert set(STEPS) == {f"{case}.{step}" for cases in (ALL, RECORDS) for case, steps in cases.items() for step in steps}


def test_a_node_that_is_not_known_is_answered_with_those_that_are():
    command = [sys.executable, "-m", "scripts.demonstration", "--engine", "foo"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)

    assert (run.returncode, run.stdout) == (2, "")
    assert "foo" in run.stderr
    assert all(each.value in run.stderr.splitlines()[-1] for each in Engine)


@pytest.fixture
def told(monkeypatch, capsys):
    """Plays cases by the whole demo but for its network, and gives its exit status and what it said."""

    def play(cases, *words, audit=None):
        monkeypatch.setattr(sys, "argv", ["demo", *words])
        monkeypatch.setattr("scripts.demonstration.play.CASES", cases)
        monkeypatch.setattr(demonstration, "_set_up", lambda *_: (None, None))
        monkeypatch.setattr(demonstration, "scene_of", lambda *_: SimpleNamespace(http=nullcontext(), audit=audit))
        return demonstration.main(), capsys.readouterr().out

    return play


def as_expected(case):
    """A case that comes out as it must."""
    return lambda _scene: iter(EXPECTED[case].items())


def test_a_wrong_outcome_and_a_broken_case_are_noticed(told):
    def wrong(_scene):
        yield from (EXPECTED["AT-12"] | {"three_at_once": {"won": 2, "refused": 2}}).items()

    def breaks(_scene):
        yield "right_project", EXPECTED["AT-18"]["right_project"]
        raise RuntimeError("broken on purpose")

    cases = {case: as_expected(case) for case in EXPECTED} | {"AT-12": wrong, "AT-18": breaks}

    status, said = told(cases, "--json")

    bad = [line for line in lines_of(said) if not line["ok"]]
    assert status == 1
    assert [(line["case"], line["step"], line["expected"], line["got"]) for line in bad] == [
        ("AT-12", "three_at_once", {"won": 1, "refused": 2}, {"won": 2, "refused": 2}),
        ("AT-18", "broken", None, "RuntimeError: broken on purpose"),
        *(("AT-18", step, outcome, None) for step, outcome in EXPECTED["AT-18"].items() if step != "right_project"),
    ]
    assert {line["case"] for line in lines_of(said)} == {"SETUP", "AT-01", "AT-12", "INVOICE", "AT-18"}, "what rests on it is not played"


def test_it_speaks_english_too(told):
    audit = SimpleNamespace(
        issued=83_000_000,
        redeemed=30_480_000,
        settled=30_480_000,
        differences=[],
        block=9,
        events=9,
        compared=9,
        vouchers=5,
        orders=4,
    )

    status, said = told({case: as_expected(case) for case in EXPECTED}, "--lang", "en", audit=audit)

    assert status == 0
    assert "5 vouchers, 4 orders; issued 830,000.00, redeemed 304,800.00, settled 304,800.00 yuan; differences 0." in said
    assert said.count("✓") == sum(map(len, EXPECTED.values()))
    for case, (_, title) in TITLES.items():
        assert (title in said) == (case in EXPECTED)
    assert all(STEPS[f"{case}.{step}"][1] in said for case, steps in EXPECTED.items() for step in steps)


def answers_of(told, region, path, caller):
    """What a gateway of the demo answers an outside program, and its API key."""
    key = next(each for each in told["regions"] if each["region"] == region)["api_keys"][caller]
    return httpx.get(told["gateways"][str(region)] + path, headers={"Authorization": f"Bearer {key}"}, trust_env=False).json()


# A kill leaves it no time to end anything; Ctrl-C ends it while it starts too, as below.
@pytest.mark.parametrize("how", [signal.SIGKILL, *([signal.SIGINT] if FULL else [])])
def test_it_tells_people_step_by_step_stays_to_be_driven_from_outside_and_dies_whole(tmp_path, how):
    directory, told_to_people = tmp_path / "demo", tmp_path / "output"
    command = [ROOT / "scripts/demo", "--stay", "--dir", directory]
    with told_to_people.open("w") as output, subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT) as demo:
        try:
            wait_until(lambda: demo.poll() is not None or "Ctrl-C" in told_to_people.read_text())
            told = json.loads((directory / "demo.json").read_text(encoding="utf-8"))
            labs, firms = ({each["key"]: each for each in told[name]} for name in ("labs", "firms"))
            seen = {
                name: answers_of(told, region, "/v1/orders", name) for name, region in (("lab-shanghai", 310000), ("firm-kunshan", 320583))
            }

            assert {order["lab"] for order in seen["lab-shanghai"]["orders"]} == {labs["lab-shanghai"]["id"]}
            assert [order["stage"] for order in seen["firm-kunshan"]["orders"]] == ["SETTLED"]
            assert all(each["sample"] for each in (*told["labs"], *told["firms"]))
            assert firms.keys() == {"firm-changxing", "firm-kunshan", "firm-beijing"}
            assert {int(region) for region in told["gateways"]} == {330522, 320583, 310000, 110000}
            assert len(processes_of(directory)) >= 5
            for holder in _holders(told):
                assert address_of(load_key(Path(holder["keystore"]), holder["password"])) == holder["address"]
            node, deployment = Node(told["node_url"]), Deployment.from_json(json.dumps(told["deployment"]))
            verify(node, deployment)
        finally:
            demo.send_signal(how)
    wait_until(lambda: processes_of(directory) == [])
    assert demo.returncode == (0 if how == signal.SIGINT else -signal.SIGKILL)
    text = told_to_people.read_text(encoding="utf-8")
    assert "券 5，订单 4；发放 830,000.00 元，申请兑付 304,800.00 元，拨付 304,800.00 元；差异 0。" in text
    assert text.count("✓") == sum(map(len, EXPECTED.values()))
    assert "✗" not in text
    for case, (title, _) in TITLES.items():
        assert (title in text) == (case in EXPECTED)


def _holders(told):
    """Everybody's key files: six regions' accounts, labs and firms."""
    accounts = [account for region in told["regions"] for account in region["accounts"].values()]
    assert len(told["regions"]) == 6
    return [*accounts, *(each["signer"] for each in (*told["labs"], *told["firms"]))]


@pytest.mark.parametrize(("how", "status"), [(signal.SIGTERM, 128 + signal.SIGTERM), (signal.SIGINT, 130)])
def test_an_ordinary_kill_and_ctrl_c_leave_no_process_and_no_folder(tmp_path, how, status):
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen([ROOT / "scripts/demo", "--json"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as demo:
        try:
            wait_until(lambda: demo.poll() is not None or any(tmp_path.glob("tongquan-*/chain")))
            assert demo.poll() is None
        finally:
            demo.send_signal(how)
    wait_until(lambda: processes_of(tmp_path) == [])

    assert demo.returncode == status
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "mine").write_text("mine")

    run = subprocess.run([ROOT / "scripts/demo", "--dir", tmp_path], capture_output=True, text=True, timeout=SECONDS, check=False)

    assert run.returncode == 2
    assert [each.name for each in tmp_path.iterdir()] == ["mine"]


class Stopped:
    """A node that runs until somebody presses Ctrl-C."""

    def is_running(self):
        raise KeyboardInterrupt


def test_ctrl_c_ends_the_stay_in_good_order(capsys, tmp_path):
    stayed = demonstration._stay(Stopped(), SimpleNamespace(directory=tmp_path), demonstration.Teller(lang="en", as_json=False))

    assert stayed
    assert capsys.readouterr().err == ""


class Silent:
    """A node that runs and answers nothing."""

    def is_running(self):
        return True

    def mine(self):
        raise TimeoutError("timed out")


def test_a_node_that_falls_silent_ends_the_stay_with_one_sentence(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(demonstration, "HEARTBEAT_SECONDS", 0.0)

    stayed = demonstration._stay(Silent(), SimpleNamespace(directory=tmp_path), demonstration.Teller(lang="zh", as_json=False))

    assert not stayed
    assert capsys.readouterr().err == "节点已停止或无应答，演示就此结束。\n"
