"""Which of the contracts' errors each verb can meet, read out of the rules: from a call's `events` through every function it calls."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from registry.rules import ERRORS

RULES = Path(__file__).resolve().parents[2] / "registry" / "rules"

CALLS = {
    "open": "Open",
    "fund": "Fund",
    "draw": "Draw",
    "issue": "Issue",
    "reserve": "Reserve",
    "approve": "Approve",
    "decline": "Decline",
    "release": "ReleaseOrder",
    "extend": "Extend",
    "redeem": "Redeem",
    "endorse": "Endorse",
    "accept": "Accept",
    "reject": "Reject",
    "settle": "Settle",
    "reverse": "Reverse",
    "refunded": "Refund",
    "closeMonth": "CloseMonth",
    "admit": "Admit",
    "renew": "Renew",
    "list": "ListItems",
    "suspend": "Suspend",
    "exit": "Exit",
    "freeze": "Freeze",
    "reinstate": "Reinstate",
    "enrol": "Enrol",
    "rotate": "Rotate",
    "vetoRotation": "VetoRotation",
    "completeRotation": "CompleteRotation",
    "recognise": "Recognise",
    "withdraw": "Withdraw",
    "flag": "FlagSubject",
    "second": "Second",
    "unflag": "Unflag",
}


@cache
def bodies() -> dict[str, list[ast.AST]]:
    """What stands behind a name: a function's body, a call's `events`, or a method that some class of the rules has."""
    found: dict[str, list[ast.AST]] = {}
    for path in sorted(RULES.glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                found.setdefault(node.name, []).append(node)
            if isinstance(node, ast.ClassDef):
                methods = [each for each in node.body if isinstance(each, ast.FunctionDef)]
                found.setdefault(node.name, []).extend(each for each in methods if each.name == "events")
                for method in methods:
                    if method.name != "events":
                        found.setdefault(method.name, []).append(method)
    return found


def called(body: ast.AST) -> Iterator[str]:
    for node in ast.walk(body):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else ""
            yield name
        elif isinstance(node, ast.Attribute):
            yield node.attr  # a property


def errors_of(verb: str) -> set[str]:
    seen, waiting, errors = set(), [CALLS[verb]], set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for body in bodies().get(name, ()):
            errors |= {node.value for node in ast.walk(body) if isinstance(node, ast.Constant) and node.value in ERRORS}
            waiting += called(body)
    return errors
