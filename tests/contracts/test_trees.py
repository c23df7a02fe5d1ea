"""
Every entry point of the contracts has a tree of what it should do, and every branch of every tree is tested.

Beside the test file of an entry point, `voucher_registry/test_try_each.py` for `VoucherRegistry.tryEach`, stands
`voucher_registry/try_each.tree` (the idea is sablier-labs/flow's). Its first line is the function's Solidity name. Every
other line is drawn with `├── │ └──` and is one of:

    given …          a state of the world before the call; further lines stand below it
    when …           something about the call itself; further lines stand below it
    it should … [test_name]
                     a leaf: what is then seen, and which test of that file sees it; several are separated by commas

    extend
    ├── given an order that is not open
    │   └── it should refuse with WrongStage [test_only_an_open_order_is_extended]
    └── given an open order
        ├── when a stranger asks
        │   └── it should refuse with NotReviewer [test_only_a_reviewer_extends]
        └── when a reviewer asks
            └── it should set the deadline, past claim-by too [test_an_extension_outlives_claim_by]

Every leaf names tests that exist, every test of the file stands on a leaf, and nothing else is drawn. One folder a
contract: `consortium/`, `directory/`, `invoices/`, `programmes/`, `voucher_registry/`. A tree must exist for each function
that changes state; others (`constructor`, `require_settled`) may have one, with their test file.
"""

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from registry.chain.artifacts import Artifact
from registry.events import Contract

HERE = Path(__file__).parent
LINE = re.compile(r"(?P<drawn>(?:│   |    )*(?:├── |└── ))(?P<words>(?P<kind>given|when|it should) .*\S)")
LEAF = re.compile(r"it should .+ \[(?P<tests>test_\w+(?:, test_\w+)*)\]")


def snake(name: str) -> str:
    """
    A Solidity name as a file's.

    >>> snake("tryEach"), snake("VoucherRegistry")
    ('try_each', 'voucher_registry')
    """
    return re.sub("(?<=[a-z])[A-Z]", lambda letter: f"_{letter[0]}", name).lower()


def functions(artifact: Artifact) -> list[str]:
    """The functions of a contract that change state."""
    return [entry["name"] for entry in artifact.abi if entry["type"] == "function" and entry["stateMutability"] == "nonpayable"]


@dataclass(frozen=True)
class Tree:
    """What a tree says: its root, the tests that its leaves name, and what is wrong with how it is drawn."""

    root: str
    tests: list[str]
    faults: list[str]


def read(lines: Iterable[str]) -> Tree:
    root, *branches = lines
    tests: list[str] = []
    faults: list[str] = []
    above, opened = 0, True
    for number, line in enumerate(branches, start=2):
        drawn = LINE.fullmatch(line)
        if not drawn:
            faults.append(f"line {number} is no branch: {line}")
            continue
        depth = len(drawn["drawn"]) // 4
        if depth > above + opened or (opened and depth <= above):
            faults.append(f"line {number} stands at the wrong depth: {line}")
        above, opened = depth, drawn["kind"] != "it should"
        if not opened:
            leaf = LEAF.fullmatch(drawn["words"])
            if leaf:
                tests += leaf["tests"].split(", ")
            else:
                faults.append(f"line {number} names no test: {line}")
    if opened:
        faults.append("the last branch has no leaf")
    return Tree(root, tests, faults)


def defined_tests(source: str) -> list[str]:
    """The names of the test functions of a file."""
    return [node.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]


@pytest.mark.parametrize("contract", Contract)
def test_every_state_changing_function_has_a_tree_and_a_test_file(contract: str, contracts: Mapping[str, Artifact]):
    folder = HERE / snake(contract)
    wanted = {snake(name) for name in functions(contracts[contract])}

    trees = {path.stem for path in folder.glob("*.tree")}
    files = {path.stem.removeprefix("test_") for path in folder.glob("test_*.py")}

    assert (wanted - trees, wanted - files) == (set(), set())
    assert trees == files


@pytest.mark.parametrize("contract", Contract)
def test_every_tree_begins_with_a_function_of_its_contract(contract: str, contracts: Mapping[str, Artifact]):
    names = {entry.get("name", entry["type"]) for entry in contracts[contract].abi if entry["type"] in ("function", "constructor")}
    known = {snake(name): name for name in names}

    roots = {path.stem: path.read_text(encoding="utf-8").split("\n", 1)[0] for path in (HERE / snake(contract)).glob("*.tree")}

    assert roots == {stem: known.get(stem) for stem in roots}


@pytest.mark.parametrize("tree", sorted(HERE.glob("*/*.tree")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_leaf_names_a_test_and_every_test_stands_on_a_leaf(tree: Path):
    said = read(tree.read_text(encoding="utf-8").splitlines())
    source = (tree.parent / f"test_{tree.stem}.py").read_text(encoding="utf-8")

    assert said.faults == []
    assert sorted(set(said.tests)) == sorted(defined_tests(source))


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        (["open", "└── it should open"], "line 2 names no test: └── it should open"),
        (["open", "└── it should open [test_a]", "└─ when late"], "line 3 is no branch: └─ when late"),
        (["open", "└── it opens [test_a]"], "line 2 is no branch: └── it opens [test_a]"),
        (["open", "├── when late", "└── it should open [test_a]"], "line 3 stands at the wrong depth: └── it should open [test_a]"),
        (["open", "└── when late"], "the last branch has no leaf"),
        (["open"], "the last branch has no leaf"),
    ],
)
def test_a_badly_drawn_tree_is_told(lines: list[str], fault: str):
    assert fault in read(lines).faults


def test_a_well_drawn_tree_is_read():
    lines = [
        "open",
        "├── when late",
        "│   └── it should refuse with Late [test_late]",
        "└── it should open [test_opens, test_a]",
    ]

    assert read(lines) == Tree("open", ["test_late", "test_opens", "test_a"], [])
