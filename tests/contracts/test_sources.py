"""How the contracts are written: all prose that a caller needs stands in interfaces/, and only there."""

import re
from pathlib import Path

import pytest

CONTRACTS = Path(__file__).parents[2] / "contracts"
NATSPEC = re.compile(r"^\s*(?:///|/\*\*|\*/)", re.MULTILINE)


@pytest.mark.parametrize("path", sorted(CONTRACTS.rglob("*.sol")), ids=lambda path: path.relative_to(CONTRACTS).as_posix())
def test_natspec_stands_in_the_interfaces_and_nowhere_else(path: Path):
    assert bool(NATSPEC.search(path.read_text(encoding="utf-8"))) is (path.parent.name == "interfaces")
