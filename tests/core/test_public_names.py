"""The library's public names: each exists, is told once and in order, and says what it is."""

import ast
import inspect
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import NewType

import pytest

import registry

ROOT = Path(registry.__file__).parent


def rank(name: str) -> tuple[int, str]:
    """Constants, then types, then functions, as ruff keeps them."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name


def notes() -> dict[str, str]:
    """The text below each assignment at the top of a module, which is a constant's docstring."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        for statement, after in pairwise(body):
            targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
            if isinstance(targets[0], ast.Name) and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
                found[targets[0].id] = str(after.value.value)
    return found


NOTES = notes()


def docstring(name: str) -> str:
    value = getattr(registry, name)
    if not isinstance(value, NewType) and (inspect.isclass(value) or inspect.isroutine(value)):
        text = value.__doc__ or ""
        # What `dataclass` writes by itself is the signature and nothing more.
        return "" if text.startswith(f"{name}(") else text
    return NOTES.get(name, "")


def test_names_are_in_order_and_told_once():
    assert registry.__all__ == sorted(registry.__all__, key=rank)
    assert len(set(registry.__all__)) == len(registry.__all__)


def test_nothing_else_is_imported_into_the_package():
    modules = {path.stem for path in ROOT.iterdir()}
    names = {name for name in vars(registry) if not name.startswith("_")} - modules

    assert names == set(registry.__all__)


ERRORS = """
import registry

def below(kind):
    return {kind.__name__}.union(*map(below, kind.__subclasses__()))

print(*sorted(below(registry.TongquanError)))
"""


def test_whoever_catches_needs_no_other_module():
    """
    These come from functions that are no public names: of `codec`, `chain.deploy`, `files` and `tag_keys`.

    Asked of a fresh interpreter, which has loaded what the library loads and nothing of the command line.
    """
    ours = subprocess.run([sys.executable, "-c", ERRORS], capture_output=True, text=True, check=True).stdout.split()

    assert set(ours) - set(registry.__all__) == {"UnknownVerb", "DeploymentFailed", "FileTaken", "HandoverRefused"}


@pytest.mark.parametrize("name", registry.__all__)
def test_a_public_name_exists_and_is_told(name):
    assert hasattr(registry, name)
    assert len(docstring(name).strip()) > 5


def test_a_name_without_a_docstring_is_found(monkeypatch):
    monkeypatch.setattr(registry, "sign", lambda: None)
    monkeypatch.setattr(registry, "UNLIMITED", 5)
    monkeypatch.setitem(NOTES, "UNLIMITED", "")

    assert docstring("sign") == ""
    assert docstring("UNLIMITED") == ""
