"""
Why a contract refused: revert data read by the ABIs of all five contracts.

One table serves them all, since a refusal of one comes up through another. Nothing here speaks to a node.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from registry.chain.artifacts import load
from registry.errors import Rejected
from registry.events import Contract
from registry.solidity import NotDecodable, SolidityType, decode_sequence, keccak, type_of

SELECTOR = 4


def refusal(revert_data: bytes) -> Rejected:
    """
    Read the bytes that a call reverted with.

    An error of ours gives its name and its values by their Solidity names: bytes as bytes, numbers and enums as int. No bytes
    give `Malformed`, the compiler's own two errors `Panic` and `Error`, and what no contract of ours writes `Unreadable` with
    the bytes as `revert`.

    >>> refusal(b"").code
    'Malformed'
    >>> refusal(bytes.fromhex("4e487b71") + (17).to_bytes(32, "big")).values
    {'code': 17}
    """
    if not revert_data:
        return Rejected("Malformed")
    known = _errors().get(revert_data[:SELECTOR])
    if known is None:
        return Rejected("Unreadable", {"revert": revert_data})
    name, inputs = known
    try:
        values, _ = decode_sequence(list(inputs.values()), revert_data[SELECTOR:], 0)
    except NotDecodable:
        return Rejected("Unreadable", {"revert": revert_data})
    return Rejected(name, dict(zip(inputs, values, strict=True)))


@cache
def _errors() -> Mapping[bytes, tuple[str, dict[str, SolidityType]]]:
    table = {
        keccak(b"Panic(uint256)")[:SELECTOR]: ("Panic", {"code": type_of("uint256")}),
        keccak(b"Error(string)")[:SELECTOR]: ("Error", {"message": type_of("string")}),
    }
    for entry in (entry for contract in Contract for entry in load(contract).abi if entry["type"] == "error"):
        table[_selector(entry)] = (entry["name"], {each["name"]: type_of(each["type"]) for each in entry["inputs"]})
    return table


def _selector(entry: Mapping[str, Any]) -> bytes:
    return keccak(f"{entry['name']}({','.join(each['type'] for each in entry['inputs'])})".encode())[:SELECTOR]
