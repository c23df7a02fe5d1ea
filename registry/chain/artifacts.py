"""
What was built from the contracts, as committed in `registry/artifacts/`: interface, bytecode and storage layout.

Reading an artifact needs no compiler. Making one does: `registry.chain.compile`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

FOLDER = Path(__file__).resolve().parents[1] / "artifacts"


class ArtifactMissing(LookupError):
    """No artifact of this name is committed; `scripts/build` writes them."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no artifact {name!r} in {FOLDER.name}/: run scripts/build")
        self.name = name


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """
    One deployable contract.

    `bytecode` and `deployed_bytecode` are 0x-prefixed hex. `immutables` are the (offset, length) in bytes of the holes in
    `deployed_bytecode` that the constructor fills; outside them it is what `eth_getCode` answers. `storage_layout` is solc's
    with the compiler's internal numbers taken out, so that it changes only when the layout does.
    """

    name: str
    source: str
    compiler: Mapping[str, Any]
    abi: list[dict[str, Any]]
    bytecode: str
    deployed_bytecode: str
    immutables: tuple[tuple[int, int], ...]
    storage_layout: Mapping[str, Any]

    @property
    def deployed_size(self) -> int:
        """The size of the code on the chain in bytes, which EIP-170 limits to 24,576."""
        return len(self.deployed_bytecode.removeprefix("0x")) // 2

    def is_deployed_as(self, code: bytes) -> bool:
        """
        Whether `code`, as answered by `eth_getCode`, is this contract, whatever its constructor was given.

        >>> artifact = Artifact(name="A", source="", compiler={}, abi=[], bytecode="", deployed_bytecode="0x60000055",
        ...                     immutables=((1, 2),), storage_layout={})
        >>> artifact.is_deployed_as(bytes.fromhex("60abcd55"))
        True
        >>> artifact.is_deployed_as(bytes.fromhex("60abcd56"))
        False
        """
        blank = bytearray(code)
        for offset, length in self.immutables:
            blank[offset : offset + length] = bytes(length)
        return bytes(blank) == bytes.fromhex(self.deployed_bytecode.removeprefix("0x"))

    def to_json(self) -> str:
        """The file's text: sorted keys, a newline at the end, the same for the same sources on every machine."""
        record = {
            "abi": self.abi,
            "bytecode": self.bytecode,
            "compiler": dict(self.compiler),
            "contractName": self.name,
            "deployedBytecode": self.deployed_bytecode,
            "immutables": self.immutables,
            "sourceName": self.source,
            "storageLayout": self.storage_layout,
        }
        return json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote."""
        record = json.loads(text)
        return cls(
            name=record["contractName"],
            source=record["sourceName"],
            compiler=record["compiler"],
            abi=record["abi"],
            bytecode=record["bytecode"],
            deployed_bytecode=record["deployedBytecode"],
            immutables=tuple((offset, length) for offset, length in record["immutables"]),
            storage_layout=record["storageLayout"],
        )


def load(name: str) -> Artifact:
    """
    Read the committed artifact of a contract.

    Raises:
        ArtifactMissing: there is none of that name.
    """
    path = FOLDER / f"{name}.json"
    if not path.is_file():
        raise ArtifactMissing(name)
    return Artifact.from_json(path.read_text(encoding="utf-8"))
