"""
Who may import whom. One reading of the syntax trees, instead of a promise.

1. web3 and the compiler are imported under `registry/chain/` only.
2. The pure core reaches no node, store, network, clock or chance, directly or through another module of ours.
3. `registry` does not know `gateway`, and `gateway` knows the public names of `registry` only, none of its modules.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

CHAIN_LIBRARIES = {"web3", "solcx"}
PURE = {
    "registry.canonical",
    "registry.code_words",
    "registry.china",
    "registry.model",
    "registry.codec",
    "registry.tags",
    "registry.rules",
    "registry.policy",
    "registry.decisions",
    "registry.decision_audit",
    "registry.receipt",
    "registry.proofs",
    "registry.statement",
    "registry.batches",
    "registry.breaks",
    "registry.bundle",
    "registry.corrections",
    "registry.grounds",
    "registry.money",
    "registry.refusal_words",
    "registry.state_words",
    "registry.reports",
    "registry.conformance.cast",
    "registry.conformance.page",
    "registry.conformance.report",
    "registry.audit.report",
    "registry.audit.slots",
    "registry.audit.subsidies",
}
SHELL = {"registry.chain", "registry.client", "registry.index", "registry.outbox", "registry.cli"}
NETWORK_AND_FILES = {"sqlite3", "httpx", "requests", "aiohttp", "socket", "subprocess", "asyncio"}
NOT_A_FUNCTION = {"time", "random", "secrets"}


def module_name(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def sources(root: Path) -> dict[str, Path]:
    """Every Python module of ours by its dotted name, scripts without a suffix left out."""
    paths = (path for package in ("registry", "gateway", "scripts") for path in sorted((root / package).rglob("*.py")))
    return {module_name(path, root): path for path in paths}


def imports(name: str, path: Path) -> Iterator[str]:
    """Every dotted name that a module imports, wherever in it; `from a import b` yields `a.b`, relative ones made absolute."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def is_within(name: str, packages: set[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def breaches(root: Path) -> list[str]:
    modules = sources(root)
    imported = {name: sorted(set(imports(name, path))) for name, path in modules.items()}
    return [
        *(
            f"{name} imports {target}: only registry.chain may"
            for name, targets in imported.items()
            for target in targets
            if is_within(target, CHAIN_LIBRARIES) and not is_within(name, {"registry.chain"})
        ),
        *(breach for name in sorted(modules) if is_within(name, PURE) for breach in _impure(name, imported)),
        *(
            f"{name} imports {target}: the library does not know the gateway"
            for name, targets in imported.items()
            for target in targets
            if is_within(name, {"registry"}) and is_within(target, {"gateway"})
        ),
        *(
            f"{name} imports {target}: only public names of registry, and none of its modules"
            for name, targets in imported.items()
            for target in targets
            if is_within(name, {"gateway"}) and is_within(target, {"registry"}) and not _is_public(target, modules)
        ),
    ]


def _impure(start: str, imported: dict[str, list[str]]) -> Iterator[str]:
    seen, pending = {start}, [(start, start)]
    while pending:
        name, way = pending.pop()
        for target in imported[name]:
            if is_within(target, SHELL | CHAIN_LIBRARIES | NETWORK_AND_FILES | NOT_A_FUNCTION):
                yield f"{way} imports {target}: the core is pure"
            # `from registry.model import Order` names the module's parent as well; the package's own __init__ imports everything.
            for module in (target, target.rpartition(".")[0]):
                if module in imported and module not in seen and module != "registry":
                    seen.add(module)
                    pending.append((module, f"{way} → {module}"))


def _is_public(target: str, modules: dict[str, Path]) -> bool:
    name = target.partition(".")[2]
    return "." not in name and not name.startswith("_") and f"registry.{name}" not in modules and name != "*"


def test_layers():
    assert breaches(ROOT) == []


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("registry/codec.py", "from web3 import Web3"),
        ("registry/client.py", "import web3.types"),
        ("registry/model.py", "import sqlite3"),
        ("registry/model.py", "from registry.chain import devnode"),
        ("registry/model.py", "from .chain.devnode import start"),
        ("registry/policy.py", "from registry import outbox"),
        ("registry/tags.py", "import time"),
        ("registry/rules.py", "from registry.between import shared"),
        ("registry/client.py", "from gateway import app"),
        ("registry/cli/app.py", "from gateway import cli"),
        ("gateway/app.py", "from registry.codec import order_id"),
        ("gateway/app.py", "from registry import codec"),
        ("gateway/app.py", "from registry import _private"),
        ("gateway/app.py", "import registry.chain.devnode"),
        ("scripts/demo.py", "import web3"),
    ],
)
def test_a_breach_is_found(tmp_path, path, line):
    for name in ("registry/codec.py", "registry/outbox.py", "registry/chain/devnode.py", "gateway/app.py", path):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "registry/between.py").write_text("def shared():\n    import httpx\n")
    (tmp_path / path).write_text(f"{line}\n")

    assert breaches(tmp_path) != []


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("registry/chain/node.py", "from web3 import Web3"),
        ("registry/codec.py", "from registry.model import Order"),
        ("registry/client.py", "import sqlite3"),
        ("gateway/app.py", "from registry import Client, Rejected"),
        ("gateway/app.py", "import registry"),
    ],
)
def test_what_is_allowed_is_no_breach(tmp_path, path, line):
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_text(f"{line}\n")

    assert breaches(tmp_path) == []
