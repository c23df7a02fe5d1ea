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

Every error that a function can raise, itself or through what it calls, stands in its tree; `UNREACHABLE` names those that it
cannot in fact raise, and why. Every leaf names tests that exist, every test of the file stands on a leaf, and nothing else is
drawn. One folder a contract: `consortium/`, `directory/`, `invoices/`, `programmes/`, `voucher_registry/`. A tree must exist for
each function that changes state; others (`constructor`, `require_settled`) may have one, with their test file.
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
CONTRACTS = HERE.parents[1] / "contracts"
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


# Errors in what a function calls that it never meets itself.
OF_ANOTHER_KEY = "the helper is told for which key it looks, and names that one's absence"
OF_A_MEMBER = "a region never ceases to be a member, and this one was one before"
FROM_THE_REGISTRY = "Programmes is asked by its own registry"
ONLY_FOR_KEYS = "only a motion to replace keys waits for a veto, and this one's kind was checked before"
UNREACHABLE: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("Consortium", "offer"): {"NotRecovery": OF_ANOTHER_KEY, "UnknownRegion": OF_A_MEMBER},
    ("Consortium", "takeUp"): {"InvalidAccount": "nobody sends from the zero address", "UnknownRegion": OF_A_MEMBER},
    ("Consortium", "revoke"): {"NotRecovery": OF_ANOTHER_KEY},
    ("Consortium", "recover"): {"NotAdmin": OF_ANOTHER_KEY},
    ("Consortium", "rotateRecovery"): {"NotAdmin": OF_ANOTHER_KEY},
    ("Consortium", "vote"): {"NotRecovery": OF_ANOTHER_KEY},
    ("Consortium", "enact"): {"UnknownRegion": OF_A_MEMBER},
    ("Directory", "completeRotation"): {"InvalidSigner": "a proposal of nobody was refused, and no proposal is NoRotation"},
    ("Directory", "lift"): {"MotionVetoed": ONLY_FOR_KEYS, "NotYet": ONLY_FOR_KEYS},
    ("VoucherRegistry", "reserve"): {
        "FirmNotEnrolled": "the voucher exists, so its firm was enrolled, and no firm leaves",
        "UnknownRegion": OF_A_MEMBER,
        "NotRegistry": FROM_THE_REGISTRY,
    },
    ("VoucherRegistry", "approve"): {"UnknownRegion": OF_A_MEMBER, "NotRegistry": FROM_THE_REGISTRY},
    ("VoucherRegistry", "release"): {"NotRegistry": FROM_THE_REGISTRY},
    ("VoucherRegistry", "redeem"): {"CostZero": "no cost earns nothing, which is OverRule before", "NotRegistry": FROM_THE_REGISTRY},
    ("VoucherRegistry", "accept"): {"NotRegistry": FROM_THE_REGISTRY},
    ("VoucherRegistry", "reject"): {"MayNotFree": "what claimed may free for ever", "NotRegistry": FROM_THE_REGISTRY},
    ("VoucherRegistry", "settle"): {"NotRegistry": FROM_THE_REGISTRY},
    ("VoucherRegistry", "refunded"): {"MayNotFree": "what claimed may free for ever", "NotRegistry": FROM_THE_REGISTRY},
}

FUNCTION = re.compile(
    r"^    (?:function (?P<name>\w+)|modifier (?P<modifier>\w+)|(?P<constructor>constructor))\((?P<rest>.*?)^    }$",
    re.MULTILINE | re.DOTALL,
)
RAISED = re.compile(r"\brevert (?:\w+\.)?(?P<error>[A-Z]\w*)\(")
CALLED = re.compile(
    r"(?:(?P<of>\b(?:consortium|directory|invoices|programmes)\.|\bI[A-Z]\w*\([^()]*\)(?:\.programmes\(\))?\.)|(?<![.\w]))(?P<name>[a-z_]\w*)\("
)


@dataclass(frozen=True)
class Body:
    """A function as its source has it: what it raises itself, and what it calls, by contract and name."""

    raises: frozenset[str]
    calls: frozenset[tuple[str, str]]


def bodies(contract: str) -> dict[str, Body]:
    """Every function and modifier of a contract. One line of a body that is not closed by four spaces and a brace is not read."""
    source = re.sub("//.*", "", (CONTRACTS / f"{contract}.sol").read_text(encoding="utf-8"))
    found = {}
    for each in FUNCTION.finditer(source):
        rest = each["rest"]
        calls = {(_contract_of(call["of"]) or contract, call["name"]) for call in CALLED.finditer(rest)}
        calls |= {(contract, word) for word in re.findall(r"\bonly\w+", rest.partition("{")[0])}
        found[each["name"] or each["modifier"] or "constructor"] = Body(frozenset(RAISED.findall(rest)), frozenset(calls))
    return found


def _contract_of(receiver: str | None) -> str | None:
    """Whose function is called: the contracts name each other, and cast addresses to interfaces."""
    if receiver is None:
        return None
    named = re.search(r"programmes(?:\(\))?\.$", receiver) or re.search(r"^I(?P<name>[A-Z]\w*)\(|^(?P<other>\w+)\.$", receiver)
    assert named
    if "programmes" in named[0]:
        return "Programmes"
    return named["name"] or named["other"].capitalize()


def raisable(contract: str, function: str) -> set[str]:
    """Every error that a function raises, itself or through whatever it calls."""
    known = {each: bodies(each) for each in map(str, Contract)}
    pending, seen, errors = [(contract, function)], set(), set()
    while pending:
        at = pending.pop()
        body = known[at[0]].get(at[1])
        if body is None or at in seen:
            continue
        seen.add(at)
        errors |= body.raises
        pending += body.calls
    return errors


@pytest.mark.parametrize("tree", sorted(HERE.glob("*/*.tree")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_error_that_a_function_can_raise_stands_in_its_tree(tree: Path):
    (contract,) = [str(each) for each in Contract if snake(each) == tree.parent.name]
    root, *branches = tree.read_text(encoding="utf-8").splitlines()
    leaves = " ".join(line.rpartition("[")[0] for line in branches if "it should" in line)
    unreachable = UNREACHABLE.get((contract, root), {}).keys()

    told = {error for error in raisable(contract, root) if re.search(rf"\b{error}\b", leaves)}

    assert raisable(contract, root) - told == unreachable


def test_errors_are_found_wherever_they_are_raised():
    assert raisable("Programmes", "fund") == {"UnknownProgramme", "NotPayer", "AmountZero", "BankReferenceUsed"}
    assert raisable("Programmes", "commit") == {"NotRegistry", "PoolShort"}
    assert {"InvoiceExceeded", "SellerIsFirm", "TooFewPartners", "StandInNotReviewer"} <= raisable("VoucherRegistry", "redeem")
    assert {"RedemptionMismatch", "NotCarried", "MotionUsed"} <= raisable("Invoices", "voidClaim")
    assert "NotRegistry" in raisable("VoucherRegistry", "reserve")


def test_only_the_contracts_raise_errors_and_only_by_revert():
    for path in (CONTRACTS / "libraries").glob("*.sol"):
        assert "revert " not in re.sub("//.*", "", path.read_text(encoding="utf-8")), path.name
    for each in Contract:
        source = re.sub("//.*", "", (CONTRACTS / f"{each}.sol").read_text(encoding="utf-8"))
        assert not re.search(r"\brequire\(", source), each
        assert set(RAISED.findall(source)) == set().union(*(body.raises for body in bodies(each).values())), each


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
