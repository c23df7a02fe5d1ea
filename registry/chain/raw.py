"""
A node's raw answers about blocks, transactions, receipts and storage, in the very bytes that the chain hashes.

Nothing that a node says is believed here: a transaction's hash, its sender and the place of a log entry are worked out from what
the block's hash covers, and the node's own words on them are left aside. `registry.proofs` compares the bytes with the hashes.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import rlp

from registry.chain.node import BadAnswer
from registry.errors import TongquanError, Unreachable
from registry.model import Address, Digest
from registry.ports import Node
from registry.proofs import Header, number_bytes
from registry.signing import signer_of
from registry.solidity import checksummed, keccak

_WORD = 32
_PARITY_BIT = 7
# EIP-155: v = 35 + 2 · chain id + parity. Before it: 27 + parity.
_FIRST_V, _FIRST_V_WITH_CHAIN_ID = 27, 35


class RawNode(Node, Protocol):
    """A node that also answers what nobody has read yet."""

    @property
    def roots_cover_empty_slots(self) -> bool:
        """Whether its storage roots are of its own making (see `registry.chain.node.Engine`)."""

    def request_all(self, method: str, params: Sequence[list[Any]]) -> list[Any]:
        """Many requests of one method, in the order asked for, each answer as its JSON came."""


class NotEncodableHere(TongquanError):
    """A transaction of a kind that this version cannot encode; nothing can be said about its block's list of transactions."""


@dataclass(frozen=True, slots=True)
class RawTransaction:
    """
    A transaction. `encoded` is what was sent and hashed; `to` is None where it created a contract.

    `signed_digest` and `signature` (EIP-2098) say who sent it.
    """

    encoded: bytes
    to: Address | None
    calldata: bytes
    signed_digest: Digest
    signature: bytes

    @property
    def hash(self) -> Digest:
        """Its hash."""
        return Digest(keccak(self.encoded))

    @property
    def sender(self) -> Address | None:
        """Whose signature it bears; None if nobody's."""
        return signer_of(self.signed_digest, self.signature)


@dataclass(frozen=True, slots=True)
class RawLog:
    """A log entry as its receipt holds it."""

    address: Address
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class RawReceipt:
    """
    A receipt. `encoded` is what the block's receipts root covers.

    ganache writes a failed transaction's status as a zero byte where all others write nothing; its roots cover that.
    """

    encoded: bytes
    encoded_by_ganache: bytes
    succeeded: bool
    logs: tuple[RawLog, ...]


@dataclass(frozen=True, slots=True)
class RawBlock:
    """
    A block as a node serves it.

    `claimed_hash` and `claimed_transactions` are the node's word; the header and the transactions themselves say better.
    `transactions` is None, and `unencodable` says why, where one is of an unknown kind.
    """

    header: Header
    claimed_hash: Digest
    claimed_transactions: tuple[Digest, ...]
    transactions: tuple[RawTransaction, ...] | None
    unencodable: str = ""


@dataclass(frozen=True, slots=True)
class AccountProof:
    """A proof of an account, and one for each slot that was asked for, in that order."""

    account: tuple[bytes, ...]
    slots: tuple[tuple[bytes, ...], ...]


def blocks(node: RawNode, numbers: Iterable[int]) -> list[RawBlock]:
    """Blocks with all of their transactions."""
    return _read(_block, node.request_all("eth_getBlockByNumber", [[hex(number), True] for number in numbers]))


def receipts(node: RawNode, transactions: Sequence[Digest]) -> list[RawReceipt | None]:
    """The receipts of transactions; None where the node has none."""
    found = node.request_all("eth_getTransactionReceipt", [["0x" + each.hex()] for each in transactions])
    return _read(lambda each: None if each is None else _receipt(each), found)


def words(node: RawNode, places: Sequence[tuple[Address, int]], block: int) -> list[bytes]:
    """Storage words, 32 bytes each, as of a block: the node's word, unproven."""
    found = node.request_all("eth_getStorageAt", [[address, _slot(slot), hex(block)] for address, slot in places])
    return _read(lambda each: _bytes(each).rjust(_WORD, b"\0"), found)


def account_proof(node: RawNode, address: Address, slots: Sequence[int], block: int) -> AccountProof:
    """
    A proof of an account and some of its slots as of a block.

    Raises:
        Unreachable: no answer; `CannotServe` where the node has no such proofs.
    """
    (found,) = node.request_all("eth_getProof", [[address, [_slot(slot) for slot in slots], hex(block)]])
    proof: AccountProof = _read(_account_proof, [found])[0]
    return proof


# Reading JSON


def _read(parse: Callable[[Any], Any], found: Sequence[Any]) -> list[Any]:
    try:
        return [parse(each) for each in found]
    except (LookupError, TypeError, ValueError, AttributeError) as malformed:
        raise Unreachable(f"no such answer as was asked for: {malformed!r}") from malformed


def _bytes(found: Any) -> bytes:
    if not isinstance(found, str) or not found.startswith("0x"):
        raise BadAnswer(f"no bytes: {str(found)[:200]}")
    digits = found[2:]
    return bytes.fromhex(digits.rjust(len(digits) + len(digits) % 2, "0"))


def _number(found: Any) -> bytes:
    return number_bytes(int(found, 16))


def _slot(slot: int) -> str:
    # In full: some engines take no short numbers where a slot is meant.
    return f"0x{slot:064x}"


_HEADER: Mapping[str, Callable[[Any], bytes]] = {
    "parentHash": _bytes,
    "sha3Uncles": _bytes,
    "miner": _bytes,
    "stateRoot": _bytes,
    "transactionsRoot": _bytes,
    "receiptsRoot": _bytes,
    "logsBloom": _bytes,
    "difficulty": _number,
    "number": _number,
    "gasLimit": _number,
    "gasUsed": _number,
    "timestamp": _number,
    "extraData": _bytes,
    "mixHash": _bytes,
    "nonce": _bytes,
}
# Each fork added its own behind the last, and none without the one before.
_LATER: Mapping[str, Callable[[Any], bytes]] = {
    "baseFeePerGas": _number,
    "withdrawalsRoot": _bytes,
    "blobGasUsed": _number,
    "excessBlobGas": _number,
    "parentBeaconBlockRoot": _bytes,
    "requestsHash": _bytes,
}


def _header(found: Mapping[str, Any]) -> Header:
    first = [parse(found[name]) for name, parse in _HEADER.items()]
    later = [parse(found[name]) for name, parse in _LATER.items() if found.get(name) is not None]
    return Header((*first, *later))


def _block(found: Mapping[str, Any]) -> RawBlock:
    try:
        transactions, unencodable = tuple(_transaction(each) for each in found["transactions"]), ""
    except NotEncodableHere as unknown:
        transactions, unencodable = None, str(unknown)
    return RawBlock(
        header=_header(found),
        claimed_hash=Digest(_bytes(found["hash"])),
        claimed_transactions=tuple(Digest(_bytes(each["hash"])) for each in found["transactions"]),
        transactions=transactions,
        unencodable=unencodable,
    )


def _transaction(found: Mapping[str, Any]) -> RawTransaction:
    kind = int(found.get("type") or "0x0", 16)
    to = _bytes(found["to"]) if found.get("to") else b""
    target: list[Any] = [_number(found["gas"]), to, _number(found["value"]), _bytes(found["input"])]
    r, s = int(found["r"], 16), int(found["s"], 16)
    v = int(found["v"] if kind == 0 else found.get("yParity") or found["v"], 16)
    match kind:
        case 0:
            unsigned: list[Any] = [_number(found["nonce"]), _number(found["gasPrice"]), *target]
            chain, parity = _chain_and_parity(v)
            signed_part = unsigned if chain is None else [*unsigned, number_bytes(chain), b"", b""]
            prefix = b""
        case 1:
            unsigned = [_number(found["chainId"]), _number(found["nonce"]), _number(found["gasPrice"]), *target, _access_list(found)]
            signed_part, parity, prefix = unsigned, v, b"\x01"
        case 2:
            fees = [_number(found["maxPriorityFeePerGas"]), _number(found["maxFeePerGas"])]
            unsigned = [_number(found["chainId"]), _number(found["nonce"]), *fees, *target, _access_list(found)]
            signed_part, parity, prefix = unsigned, v, b"\x02"
        case _:
            raise NotEncodableHere(f"a transaction of type {kind}")
    return RawTransaction(
        encoded=prefix + rlp.encode([*unsigned, number_bytes(v), number_bytes(r), number_bytes(s)]),
        to=checksummed(to) if to else None,
        calldata=target[3],
        signed_digest=Digest(keccak(prefix + rlp.encode(signed_part))),
        signature=r.to_bytes(_WORD, "big") + (parity << (8 * _WORD - 1) | s).to_bytes(_WORD, "big"),
    )


def _chain_and_parity(v: int) -> tuple[int | None, int]:
    if v < _FIRST_V_WITH_CHAIN_ID:
        return None, (v - _FIRST_V) & 1
    return (v - _FIRST_V_WITH_CHAIN_ID) // 2, (v - _FIRST_V_WITH_CHAIN_ID) & 1


def _access_list(found: Mapping[str, Any]) -> list[Any]:
    return [[_bytes(each["address"]), [_bytes(key) for key in each["storageKeys"]]] for each in found.get("accessList") or []]


def _receipt(found: Mapping[str, Any]) -> RawReceipt:
    logs = tuple(
        RawLog(checksummed(_bytes(each["address"])), tuple(_bytes(topic) for topic in each["topics"]), _bytes(each["data"]))
        for each in found["logs"]
    )
    kind, status = int(found.get("type") or "0x0", 16), _number(found["status"])
    entries = [[bytes.fromhex(each.address[2:]), list(each.topics), each.data] for each in logs]
    rest, prefix = [_number(found["cumulativeGasUsed"]), _bytes(found["logsBloom"]), entries], bytes([kind]) if kind else b""
    return RawReceipt(
        encoded=prefix + rlp.encode([status, *rest]),
        encoded_by_ganache=prefix + rlp.encode([status or b"\0", *rest]),
        succeeded=status == b"\x01",
        logs=logs,
    )


def _account_proof(found: Mapping[str, Any]) -> AccountProof:
    slots = tuple(tuple(_bytes(each) for each in one["proof"]) for one in found["storageProof"])
    return AccountProof(tuple(_bytes(each) for each in found["accountProof"]), slots)
