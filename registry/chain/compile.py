"""
Compile the contracts, and keep `registry/artifacts/` equal to them. Run by `scripts/build`; works in a checkout only.

Every contract is compiled alone, with just the files that it imports: its artifact changes when one of those changes, and
not when a neighbour does. The input names no path of this machine and the output carries no metadata hash, so anybody
who compiles the same sources gets the same bytes. Warnings are errors.
"""

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any, TextIO

import solcx
from solcx.exceptions import SolcError

from registry.chain.artifacts import FOLDER, Artifact

ROOT = Path(__file__).resolve().parents[2]
# py-solc-x is always given this path: left alone it would look for, and download, a compiler of its own.
SOLC = ROOT / "scripts" / "solc"
SOLC_VERSION = "0.8.37"

# The compiler's default is newer than what ganache runs; paris runs on every network of ours.
EVM_VERSION = "paris"
OPTIMIZER_RUNS = 400
REMAPPINGS = MappingProxyType({"@openzeppelin/": "node_modules/@openzeppelin/"})
COMPILER = MappingProxyType({"solc": SOLC_VERSION, "evmVersion": EVM_VERSION, "optimizerRuns": OPTIMIZER_RUNS, "viaIR": True})

# Warning code -> why it may stand. Empty on purpose.
ALLOWED_WARNINGS: Mapping[str, str] = MappingProxyType({})

# EIP-170 stops at 24,576 bytes; the rest is room for one more fix.
SIZE_LIMIT = 24_000

_IMPORT = re.compile(r"""^\s*import\s+(?:[^"';]*?\bfrom\s+)?["']([^"']+)["']""", re.MULTILINE)
_AST_ID = re.compile(r"\)[0-9]+_")


class CompileFailed(Exception):
    """
    The compiler found errors, or warnings that no entry of `ALLOWED_WARNINGS` excuses.

    `messages` are the compiler's own, with file and line.
    """

    def __init__(self, messages: Iterable[str]) -> None:
        self.messages = tuple(dict.fromkeys(messages))
        super().__init__("\n".join(self.messages))


def compile_folder(folder: Path, *, root: Path = ROOT) -> dict[str, Artifact]:
    """
    Compile every contract that stands directly in `folder`, and check every other source below it.

    Interfaces, abstract contracts and libraries are checked and left out. Names in sources are relative to `root`.

    Raises:
        CompileFailed: the compiler found errors or warnings.
    """
    sources = sorted(path.relative_to(root).as_posix() for path in folder.rglob("*.sol"))
    deployable = [name for name in sources if (root / name).parent == folder]
    inputs = [_input([name], root=root, output=_ARTIFACT_OUTPUT) for name in deployable]
    parts = [name for name in sources if name not in deployable]
    if parts:
        inputs.append(_input(parts, root=root, output=["abi"]))

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        outputs = list(pool.map(_run, inputs))

    problems = [message for output in outputs for message in _problems(output)]
    if problems:
        raise CompileFailed(problems)
    artifacts = [artifact for name, output in zip(deployable, outputs, strict=False) for artifact in _artifacts(name, output)]
    named = {artifact.name: artifact for artifact in artifacts}
    if len(named) < len(artifacts):
        raise CompileFailed([f"two contracts in {folder.name}/ have the same name"])
    return named


def compiled(folder: Path, *, root: Path = ROOT) -> dict[str, Artifact]:
    """
    The same, kept for as long as nothing changes that decides it; of several processes one compiles, the others wait for it.

    Raises:
        CompileFailed: as `compile_folder`. Nothing is kept then.
    """
    with _kept(folder, root=root) as file:
        texts = file.read()
        if texts:
            return {artifact.name: artifact for artifact in map(Artifact.from_json, json.loads(texts))}
        artifacts = compile_folder(folder, root=root)
        _keep(file, artifacts)
    return artifacts


@contextlib.contextmanager
def _kept(folder: Path, *, root: Path) -> Iterator[TextIO]:
    """The file for what this folder compiles to as it stands: whole or empty, since only whoever has its lock writes."""
    kept = root / ".setup" / "solidity" / f"{folder.name}-{fingerprint(folder, root=root)}.json"
    kept.parent.mkdir(parents=True, exist_ok=True)
    with kept.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        yield file


def _keep(file: TextIO, artifacts: Mapping[str, Artifact]) -> None:
    file.truncate(0)
    file.write(json.dumps([artifact.to_json() for artifact in artifacts.values()]))


def fingerprint(folder: Path, *, root: Path = ROOT) -> str:
    """A hash of all that decides what `compile_folder` returns: the sources, what they import, and the settings."""
    sources = sorted(path.relative_to(root).as_posix() for path in folder.rglob("*.sol"))
    whole = _input(sources, root=root, output=_ARTIFACT_OUTPUT)
    return hashlib.sha256(json.dumps([SOLC_VERSION, whole], sort_keys=True).encode()).hexdigest()


_ARTIFACT_OUTPUT = ["abi", "evm.bytecode", "evm.deployedBytecode", "storageLayout"]


def _input(names: Iterable[str], *, root: Path, output: list[str]) -> dict[str, Any]:
    """The compiler's standard JSON input for these sources and all that they import."""
    names = list(names)
    return {
        "language": "Solidity",
        "sources": _closure(names, root=root),
        "settings": {
            "evmVersion": EVM_VERSION,
            "viaIR": True,
            "optimizer": {"enabled": True, "runs": OPTIMIZER_RUNS},
            "metadata": {"bytecodeHash": "none", "appendCBOR": False},
            "remappings": [f"{prefix}={target}" for prefix, target in REMAPPINGS.items()],
            "outputSelection": {name: {"*": output, "": ["ast"]} for name in names},
        },
    }


def _closure(names: Iterable[str], *, root: Path) -> dict[str, dict[str, str]]:
    sources: dict[str, dict[str, str]] = {}
    pending = list(names)
    while pending:
        name = pending.pop()
        # A file that is not there is left out, so that the compiler says which import wanted it, and where.
        if name in sources or not (root / name).is_file():
            continue
        content = (root / name).read_text(encoding="utf-8")
        sources[name] = {"content": content}
        pending += [_resolve(target, importer=name) for target in _IMPORT.findall(content)]
    return dict(sorted(sources.items()))


def _resolve(target: str, *, importer: str) -> str:
    """Solidity's rule for the name of an imported source: relative to the importer if it begins with a dot, else remapped."""
    if target.startswith("."):
        return os.path.normpath(PurePosixPath(importer).parent / target).replace(os.sep, "/")
    for prefix, replacement in REMAPPINGS.items():
        if target.startswith(prefix):
            return replacement + target.removeprefix(prefix)
    return target


def _run(standard_input: dict[str, Any]) -> dict[str, Any]:
    try:
        output: dict[str, Any] = solcx.compile_standard(standard_input, solc_binary=SOLC)
    except SolcError as refused:
        # With compiler errors py-solc-x raises and hands the list over; without, the compiler itself did not run.
        if refused.error_dict is None:
            raise CompileFailed([refused.stderr_data or str(refused)]) from refused
        return {"errors": refused.error_dict}
    return output


def _problems(output: dict[str, Any]) -> list[str]:
    return [finding["formattedMessage"].strip() for finding in output.get("errors", []) if not _may_stand(finding)]


def _may_stand(finding: dict[str, Any]) -> bool:
    if finding["severity"] != "warning":
        return bool(finding["severity"] == "info")
    # A pinned library's warnings are its authors' business.
    library = finding.get("sourceLocation", {}).get("file", "").startswith("node_modules/")
    return library or finding.get("errorCode") in ALLOWED_WARNINGS


def _artifacts(source: str, output: dict[str, Any]) -> list[Artifact]:
    nodes = output["sources"][source]["ast"]["nodes"]
    kinds = {node["name"]: node["contractKind"] for node in nodes if node["nodeType"] == "ContractDefinition"}
    return [
        Artifact(
            name=name,
            source=source,
            compiler=COMPILER,
            abi=contract["abi"],
            bytecode=_hex(name, contract["evm"]["bytecode"]),
            deployed_bytecode=_hex(name, contract["evm"]["deployedBytecode"]),
            immutables=_immutables(contract["evm"]["deployedBytecode"]),
            storage_layout=_without_ast_ids(contract["storageLayout"]),
        )
        for name, contract in sorted(output["contracts"][source].items())
        if kinds[name] == "contract" and contract["evm"]["bytecode"]["object"]
    ]


def _hex(name: str, code: dict[str, Any]) -> str:
    if code["linkReferences"]:
        raise CompileFailed([f"{name} calls an external library; make its functions internal"])
    return "0x" + str(code["object"])


def _immutables(code: dict[str, Any]) -> tuple[tuple[int, int], ...]:
    holes = (hole for references in code.get("immutableReferences", {}).values() for hole in references)
    return tuple(sorted((hole["start"], hole["length"]) for hole in holes))


def _without_ast_ids(layout: Any) -> Any:
    """
    Take out the compiler's node numbers, which move with every edit.

    >>> _without_ast_ids({"astId": 7, "type": "t_struct(Balance)123_storage"})
    {'type': 't_struct(Balance)_storage'}
    """
    if isinstance(layout, dict):
        return {_without_ast_ids(key): _without_ast_ids(value) for key, value in layout.items() if key != "astId"}
    if isinstance(layout, list):
        return [_without_ast_ids(value) for value in layout]
    return _AST_ID.sub(")_", layout) if isinstance(layout, str) else layout


def main(arguments: list[str] | None = None) -> int:
    """Build or, with `--check`, compare; the exit status says whether the artifacts are good."""
    parser = argparse.ArgumentParser(prog="scripts/build", description="编译合约，写入产物。 Compile the contracts into artifacts.")
    parser.add_argument("--check", action="store_true", help="只比较，不写入。 Compare with what is committed, write nothing.")
    check = parser.parse_args(arguments).check

    try:
        # Compiled whatever is kept, and kept for the tests.
        with _kept(ROOT / "contracts", root=ROOT) as file:
            artifacts = compile_folder(ROOT / "contracts")
            _keep(file, artifacts)
    except CompileFailed as failure:
        print(f"{failure}\n\n合约编译未通过。 The contracts do not compile.")
        return 1
    if not artifacts:
        print("尚无可部署的合约。 There is no contract to build yet.")

    print_sizes(artifacts.values())
    wanted = {f"{name}.json": artifact.to_json() for name, artifact in artifacts.items()}
    present = {path.name: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.json"))}
    differing = sorted(name for name in wanted.keys() | present.keys() if wanted.get(name) != present.get(name))
    if not check:
        _write(wanted, obsolete=present.keys() - wanted.keys())
    for name in differing:
        print(f"{'不一致' if check else '已更新'} {'differs' if check else 'updated'}: registry/artifacts/{name}")
    if check and differing:
        print("编译结果与已提交的不一致，请运行 scripts/build。 The artifacts are not what the contracts compile to: run scripts/build.")

    too_large = [artifact.name for artifact in artifacts.values() if artifact.deployed_size >= SIZE_LIMIT]
    for name in too_large:
        print(f"合约过大 too large: {name} ≥ {SIZE_LIMIT:,} 字节 bytes")
    return 1 if too_large or (check and differing) else 0


def print_sizes(artifacts: Iterable[Artifact]) -> None:
    """One line a contract: its size on the chain, and how much of the limit that is."""
    for artifact in artifacts:
        print(f"{artifact.name:<24} {artifact.deployed_size:>7,} 字节 bytes  {artifact.deployed_size / SIZE_LIMIT:>4.0%}")


def _write(wanted: Mapping[str, str], *, obsolete: Iterable[str]) -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    for name in obsolete:
        (FOLDER / name).unlink()


if __name__ == "__main__":
    raise SystemExit(main())
