"""`scripts/demo` as a newcomer runs it: every step comes out, a wrong outcome is noticed, and nothing outlives it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from scripts.demonstration.cases import ALL as ALL_CASES
from scripts.demonstration.expected import ALL, EXPECTED
from scripts.demonstration.play import CASES
from scripts.demonstration.words import CASES as TITLES
from scripts.demonstration.words import STEPS

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 300
# On a machine that does much else besides.
SECONDS_OF_ALL = 900

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are looked for in /proc")]

SABOTAGED = """
import sys
from scripts.demonstration import __main__, expected
expected.EXPECTED["AT-12"]["three_at_once"]["won"] = 2
sys.argv = ["demo", "--json"]
sys.exit(__main__.main())
"""


def wait_until(condition: Callable[[], bool], *, seconds: float = SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.1)


def processes_of(directory: Path) -> list[str]:
    """Processes that name this folder in their arguments or settings, as node and gateways of a demo in it do."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            told = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue
        if os.fsencode(directory) in told and process.name != str(os.getpid()):
            found.append(told.decode(errors="replace"))
    return found


def lines_of(output: str) -> list[dict]:
    return [json.loads(line) for line in output.splitlines()]


@pytest.mark.parametrize(
    ("options", "expected", "seconds"), [([], EXPECTED, SECONDS), (["--all"], ALL, SECONDS_OF_ALL)], ids=["plain", "all"]
)
def test_every_step_comes_out_as_expected_and_nothing_survives(tmp_path, options, expected, seconds):
    directory = tmp_path / "demo"

    run = subprocess.run(
        [ROOT / "scripts/demo", "--json", *options, "--dir", directory], capture_output=True, text=True, timeout=seconds, check=False
    )

    lines = lines_of(run.stdout)
    assert (run.returncode, [line for line in lines if not line["ok"]]) == (0, []), run.stderr
    assert [(line["case"], line["step"], line["expected"]) for line in lines] == [
        (case, step, json.loads(json.dumps(outcome))) for case, steps in expected.items() for step, outcome in steps.items()
    ]
    assert all(set(line) == {"case", "step", "expected", "got", "ok"} for line in lines)
    assert processes_of(directory) == []


def test_all_begins_as_the_plain_run_does_and_every_case_and_step_has_its_words():
    plain = list(EXPECTED)

    assert (list(CASES), list(ALL_CASES)) == (plain, list(ALL))
    assert (list(ALL)[: len(plain) - 1], list(ALL)[-1]) == (plain[:-1], plain[-1])
    assert set(TITLES) == set(ALL)
    assert set(STEPS) == {f"{case}.{step}" for case, steps in ALL.items() for step in steps}


def test_a_wrong_outcome_is_noticed():
    run = subprocess.run([sys.executable, "-c", SABOTAGED], cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)

    bad = [line for line in lines_of(run.stdout) if not line["ok"]]
    assert run.returncode == 1, run.stderr
    assert [(line["case"], line["step"], line["expected"], line["got"]) for line in bad] == [
        ("AT-12", "three_at_once", {"won": 2, "refused": 2}, {"won": 1, "refused": 2})
    ]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_it_stays_to_be_driven_from_outside_and_dies_whole(tmp_path, how):
    directory = tmp_path / "demo"
    command = [ROOT / "scripts/demo", "--json", "--stay", "--dir", directory]
    with (tmp_path / "output").open("w") as output, subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT) as demo:
        try:
            wait_until(lambda: demo.poll() is not None or '"gateway_trail_is_the_same"' in (tmp_path / "output").read_text())
            told = json.loads((directory / "demo.json").read_text(encoding="utf-8"))
            lab = next(each for each in told["labs"] if each["key"] == "lab-shanghai")
            url, key = (
                told["gateways"]["310000"],
                next(each for each in told["regions"] if each["region"] == 310000)["api_keys"]["lab-shanghai"],
            )

            answer = httpx.get(f"{url}/v1/orders", headers={"Authorization": f"Bearer {key}"}, trust_env=False)

            assert {order["lab"] for order in answer.json()["orders"]} == {lab["id"]}
            assert len(processes_of(directory)) >= 5
        finally:
            demo.send_signal(how)
    wait_until(lambda: processes_of(directory) == [])
    assert demo.returncode == (0 if how == signal.SIGINT else -signal.SIGKILL)


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "mine").write_text("mine")

    run = subprocess.run([ROOT / "scripts/demo", "--dir", tmp_path], capture_output=True, text=True, timeout=SECONDS, check=False)

    assert run.returncode == 2
    assert [each.name for each in tmp_path.iterdir()] == ["mine"]
