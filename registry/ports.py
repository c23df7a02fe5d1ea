"""
What the shell asks of a chain and of a key, as Protocols: `registry.chain.node` implements the one, eth_account the other.

Types only. Hashes and bytes are `bytes`, numbers are `int`; nothing here knows JSON-RPC.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from registry.codec import Domain
from registry.errors import OutcomeUnknown, Rejected, Unreachable
from registry.model import Address, Digest, Record, Time


class NonceTaken(OutcomeUnknown):
    """The node has a transaction of this sender and nonce already: the very one that was sent, or another with the same nonce."""


class CannotServe(Unreachable):
    """The node answered that it cannot: an unknown block, a state that it no longer keeps, a method that it does not have."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block's head. `time` is in Unix seconds, `gas_limit` what all of its transactions together may ask for."""

    number: int
    hash: Digest
    parent: Digest
    time: Time
    gas_limit: int


@dataclass(frozen=True, slots=True)
class Log:
    """One log entry as a contract wrote it. `index` counts through the whole block."""

    address: Address
    topics: tuple[bytes, ...]
    data: bytes
    block: int
    block_hash: Digest
    transaction: Digest
    transaction_index: int
    index: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a mined transaction. `contract` is the one that it created, if it did."""

    transaction: Digest
    succeeded: bool
    block: int
    block_hash: Digest
    gas_used: int
    contract: Address | None
    logs: tuple[Log, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A call to a contract. Without `sender` nobody asks, which matters only where a contract looks at who does."""

    to: Address
    calldata: bytes
    sender: Address | None = None


class Account(Protocol):
    """A key that signs transactions: eth_account's LocalAccount, or anything that stands before an HSM."""

    @property
    def address(self) -> str:
        """The checksummed address."""

    def sign_transaction(self, transaction_dict: dict[str, Any]) -> Any:
        """Sign; the answer's `raw_transaction` is what goes to a node."""


class SigningAccount(Account, Protocol):
    """
    A key that signs records as well as transactions: `registry.keystore.KeyAccount`, `registry.hsm.HsmAccount`.

    Whoever signs asks for nothing more than this, so that no caller ever needs the key itself.
    """

    def sign_digest(self, message: bytes) -> bytes:
        """Sign 32 bytes that are a digest already: 64 bytes in EIP-2098's form."""

    def sign(self, record: Record, domain: Domain) -> bytes:
        """Sign a record for one chain and contract."""


class Node(Protocol):
    """
    A node of the network.

    Every method may raise `Unreachable` (no answer, or `CannotServe`: the answer is that it cannot); only `send_raw` raises
    `OutcomeUnknown`.
    """

    @property
    def first_resendable_nonce(self) -> int:
        """From which nonce on sending the same bytes twice is safe: 0, but for an engine with a fault (see `registry.chain.node`)."""

    def chain_id(self) -> int:
        """The network's id, which every signature names."""

    def head(self) -> Block:
        """The newest block, which may still be replaced on an engine without finality."""

    def finalised_head(self) -> Block:
        """The newest block that will never be replaced."""

    def block(self, number: int) -> Block:
        """One block of the chain as the node has it now. `CannotServe` if there is none."""

    def blocks(self, numbers: Sequence[int]) -> list[Block]:
        """Many blocks at once, in the order asked for."""

    def logs(self, first: int, last: int, addresses: Sequence[Address]) -> list[Log]:
        """What these contracts (without any: all) wrote in a range of blocks, both ends included, in the chain's order."""

    def ask(self, question: Question, block: int | None = None) -> bytes:
        """A contract's answer as of a block, by default the newest. `Rejected` if it refuses."""

    def ask_all(self, questions: Sequence[Question], block: int) -> list[bytes | Rejected]:
        """Many answers as of one block, in the order asked for; a refusal stands in its place and is not raised."""

    def estimate(self, question: Question) -> int:
        """Gas that this call would use in a transaction now, or more; never more than a block has. `Rejected` if it would be refused."""

    def nonce(self, address: Address) -> int:
        """How many transactions of an account stand in the chain."""

    def send_raw(self, raw: bytes) -> Digest:
        """
        Hand a signed transaction to the node and return its hash.

        Returning says that the node has it, not that it is mined.

        Raises:
            Unreachable: nothing was sent.
            Rejected: the node turned it away (`NotAccepted`); this node will not mine it as things stand.
            OutcomeUnknown: the node may have it.
            NonceTaken: the node has a transaction of this nonce, waiting or in the chain: this one, or another.
        """

    def receipt(self, transaction: Digest) -> Receipt | None:
        """What became of a transaction, or None as long as it is not mined."""

    def storage_at(self, address: Address, slot: int, block: int) -> bytes:
        """One storage word of an account as of a block."""

    def code(self, address: Address) -> bytes:
        """The code that stands at an address; empty if none does."""
