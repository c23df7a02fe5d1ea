"""Every kind of code, and every reason why something is none, has Chinese words; no words are of a kind or reason that is not."""

import ast
from collections.abc import Iterator
from pathlib import Path

from stdnum import exceptions

from registry.code_words import KINDS, REASONS

ROOT = Path(__file__).resolve().parents[2]
OF_STDNUM = {getattr(each, "message", None) for each in vars(exceptions).values()} - {None}


def arguments_of(name: str) -> Iterator[list[str | None]]:
    """What a function or class is called with, each time; None where that is no text that stands there."""
    for package in ("registry", "gateway"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == name:
                    yield [each.value if isinstance(each, ast.Constant) else None for each in node.args]


REFUSALS = [*arguments_of("CodeRefused")]


def test_every_kind_of_code_has_words_and_no_other():
    kinds = {kind for kind, *_ in [*REFUSALS, *arguments_of("free_code")] if kind is not None}

    assert kinds == KINDS.keys()


def test_every_reason_has_words_and_no_other():
    reasons = {reason for *_, reason in REFUSALS if reason is not None}

    assert reasons | OF_STDNUM == REASONS.keys()
