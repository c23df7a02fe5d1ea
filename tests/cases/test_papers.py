"""
The papers' cases by their numbers: played through six gateways on a real chain by `scripts/demo --all`, each exactly as it must come out.

What is done in a case is `scripts/demonstration/cases`, and what must come of it `scripts/demonstration/expected.py`.
"""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from registry.chain.devnode import Engine
from scripts.demonstration.expected import ALL, RECORDS
from tests.effort import FULL
from tests.processes import processes_of

ROOT = Path(__file__).resolve().parents[2]
# On a machine that does much else besides.
SECONDS = 1_800
CASES = [f"AT-{number:02}" for number in range(1, 23)]

pytestmark = [pytest.mark.slow, pytest.mark.both_in_full]


@dataclass(frozen=True)
class Played:
    """What a run told, a line a step, how it ended, what it said besides, and what it left running."""

    lines: Sequence[Mapping[str, Any]]
    status: int
    complaints: str
    left: Sequence[str]

    @property
    def why(self) -> str:
        """What explains that something did not come: steps that came out otherwise, and what was said besides."""
        wrong = [f"{line['case']} {line['step']}: {line['got']}" for line in self.lines if not line["ok"]]
        return "\n".join([*wrong, self.complaints])


@pytest.fixture(scope="module")
def played(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Played:
    # As people run it on ganache: those of hundreds of records on anvil.
    chosen = [] if engine is Engine.GANACHE and not FULL else ["--engine", str(engine)]
    directory = tmp_path_factory.mktemp("cases")
    command = [ROOT / "scripts/demo", "--all", "--json", "--dir", directory, *chosen]
    run = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    return Played([json.loads(line) for line in run.stdout.splitlines()], run.returncode, run.stderr, processes_of(directory))


@pytest.mark.parametrize("case", CASES)
def test_case_comes_out_exactly(played, case):
    must_come = (ALL | RECORDS)[case]

    got = {line["step"]: line["got"] for line in played.lines if line["case"] == case}

    assert got == json.loads(json.dumps(must_come)), played.why


def test_every_step_is_told_in_its_order_and_nothing_survives(played):
    must_come = [(case, step, outcome) for act in (ALL, RECORDS) for case, steps in act.items() for step, outcome in steps.items()]

    told = [[line["case"], line["step"], line["expected"]] for line in played.lines]

    assert told == json.loads(json.dumps(must_come)), played.why
    assert all(set(line) == {"case", "step", "expected", "got", "ok"} and line["ok"] for line in played.lines)
    assert (played.status, played.left) == (0, [])
