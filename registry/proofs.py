"""
What a block's hash covers: its header, through it every transaction, every receipt with its log entries, and every storage slot.

    block hash = keccak(header) ─┬─ parent          the whole chain before it
                                 ├─ transactions    root of a trie: place in the block → raw transaction
                                 ├─ receipts        root of a trie: place in the block → receipt
                                 └─ state           root of a trie: keccak(address) → account, with
                                                    the root of a trie: keccak(slot) → word

So whoever knows the right hash of one block can check all that a node answers about it. On a QBFT chain (Hyperledger Besu) the
header's `extraData` also holds the validators' commit seals; the hash leaves seals and round out.

Pure: bytes in, bytes out. Ethereum yellow paper, 4.3 and appendix D; EIP-2718, 2930, 1559 for what came later; the QBFT
specification (entethalliance.github.io/client-spec/qbft_spec.html) for seals. Tries and RLP are py-trie's and pyrlp's.

What is not here: asking a node (`registry.chain.raw`), and which block's hash is the right one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import rlp
from rlp.exceptions import RLPException
from trie.exceptions import BadTrieProof, TraversedPartialPath
from trie.hexary import HexaryTrie

from registry.errors import TongquanError
from registry.model import Address, Digest, Time
from registry.signing import signer_of
from registry.solidity import checksummed, keccak

EMPTY_ROOT = Digest(keccak(rlp.encode(b"")))
"""The root of a trie that holds nothing."""

QBFT_MIX_HASH = bytes.fromhex("63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365")
"""What a BFT header of Besu has in place of a mix hash."""

_SEAL_BYTES = 65
_WORD = 32
_ACCOUNT_FIELDS = 4


class ProofRefused(TongquanError, ValueError):
    """What was given does not prove what it was given for; the text says why."""


def number_bytes(number: int) -> bytes:
    r"""
    A number as RLP wants it: big-endian, without leading zeros.

    >>> number_bytes(1024), number_bytes(0)
    (b'\x04\x00', b'')
    """
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


# Headers

# Where the fields stand that we read. Later forks append theirs behind them.
_PARENT, _STATE, _TRANSACTIONS, _RECEIPTS, _NUMBER, _TIME, _EXTRA, _MIX = 0, 3, 4, 5, 8, 11, 12, 13
_LEAST_FIELDS = 15


@dataclass(frozen=True)
class Header:
    """
    A block's header: its fields in the chain's order, numbers as `number_bytes`.

    Raises:
        ProofRefused: there are too few of them.
    """

    fields: tuple[bytes, ...]

    def __post_init__(self) -> None:
        if len(self.fields) < _LEAST_FIELDS:
            raise ProofRefused(f"a header has {_LEAST_FIELDS} fields or more, not {len(self.fields)}")

    @property
    def number(self) -> int:
        """The block's number."""
        return int.from_bytes(self.fields[_NUMBER], "big")

    @property
    def time(self) -> Time:
        """The block's time, Unix seconds."""
        return Time(int.from_bytes(self.fields[_TIME], "big"))

    @property
    def parent(self) -> Digest:
        """The hash of the block before it."""
        return Digest(self.fields[_PARENT])

    @property
    def state_root(self) -> Digest:
        """The root over all accounts after the block."""
        return Digest(self.fields[_STATE])

    @property
    def transactions_root(self) -> Digest:
        """The root over the block's raw transactions."""
        return Digest(self.fields[_TRANSACTIONS])

    @property
    def receipts_root(self) -> Digest:
        """The root over the block's receipts."""
        return Digest(self.fields[_RECEIPTS])

    @cached_property
    def hash(self) -> Digest:
        """
        The block's hash.

        Raises:
            ProofRefused: it says that it is a QBFT header and holds no seals.
        """
        return self._hash_with(self.seals.unsealed(round_number=0)) if self.is_qbft else self._hash_with(self.fields[_EXTRA])

    @property
    def is_qbft(self) -> bool:
        """Whether validators sealed it."""
        return self.fields[_MIX] == QBFT_MIX_HASH

    @cached_property
    def seals(self) -> "Seals":
        """
        The validators and their commit seals.

        Raises:
            ProofRefused: there are none in it.
        """
        return Seals.read(self.fields[_EXTRA])

    @property
    def committed_digest(self) -> Digest:
        """What each validator signed: the header with the round and without the seals."""
        return self._hash_with(self.seals.unsealed(round_number=self.seals.round_number))

    def sealed_by(self) -> tuple[Address, ...]:
        """
        The validators of its own list that sealed it, each once.

        Who belongs on that list the header cannot prove; compare it with the consortium's.
        """
        digest = self.committed_digest
        signers = {signer_of(digest, _compact(seal)) for seal in self.seals.seals}
        return tuple(validator for validator in self.seals.validators if validator in signers)

    def _hash_with(self, extra: bytes) -> Digest:
        return Digest(keccak(rlp.encode([*self.fields[:_EXTRA], extra, *self.fields[_EXTRA + 1 :]])))


@dataclass(frozen=True, slots=True)
class Seals:
    """What a QBFT header's `extraData` holds. `vote` is empty, or whom a validator wants added or dropped."""

    vanity: bytes
    validators: tuple[Address, ...]
    vote: tuple[bytes, ...]
    round_number: int
    seals: tuple[bytes, ...]

    @classmethod
    def read(cls, extra: bytes) -> "Seals":
        """
        Read `extraData`.

        Raises:
            ProofRefused: it is not in QBFT's form.
        """
        try:
            vanity, validators, vote, round_number, seals = rlp.decode(extra)
        except (RLPException, ValueError, TypeError) as malformed:
            raise ProofRefused(f"extraData of {len(extra)} bytes is not in QBFT's form") from malformed
        parts_are_lists = all(isinstance(each, list) for each in (validators, vote, seals))
        if not parts_are_lists or not isinstance(vanity, bytes) or not isinstance(round_number, bytes):
            raise ProofRefused(f"extraData of {len(extra)} bytes is not in QBFT's form")
        if any(not isinstance(each, bytes) or len(each) != 20 for each in validators):  # noqa: PLR2004 - an address
            raise ProofRefused("a validator in extraData is no address")
        return cls(
            vanity=vanity,
            validators=tuple(checksummed(each) for each in validators),
            vote=tuple(vote),
            round_number=int.from_bytes(round_number, "big"),
            seals=tuple(seals),
        )

    @property
    def quorum(self) -> int:
        """How many validators must have sealed: two thirds, rounded up."""
        return -(-2 * len(self.validators) // 3)

    def unsealed(self, *, round_number: int) -> bytes:
        """`extraData` without seals, and with this round."""
        validators = [bytes.fromhex(each[2:]) for each in self.validators]
        encoded: bytes = rlp.encode([self.vanity, validators, list(self.vote), number_bytes(round_number), []])
        return encoded


def _compact(seal: bytes) -> bytes:
    """A seal (r ‖ s ‖ recovery number) in our own form (EIP-2098); what is none gives bytes that nobody signed."""
    if not isinstance(seal, bytes) or len(seal) != _SEAL_BYTES or seal[-1] > 1 or seal[_WORD] >> 7:
        return b""
    return seal[:_WORD] + bytes([seal[_WORD] | seal[-1] << 7]) + seal[_WORD + 1 : -1]


# Transactions and receipts


def listed_root(entries: Iterable[bytes]) -> Digest:
    """The root over a block's transactions or receipts, in their order, each as `registry.chain.raw` encodes it."""
    trie = HexaryTrie({})
    for place, entry in enumerate(entries):
        trie[rlp.encode(place)] = entry
    return Digest(bytes(trie.root_hash))


# State


@dataclass(frozen=True, slots=True)
class ProvenAccount:
    """What the state holds of an account. `storage_root` covers all of its slots, `code_hash` its code."""

    nonce: int
    balance: int
    storage_root: Digest
    code_hash: Digest


def proven_account(state_root: Digest, address: Address, proof: Sequence[bytes]) -> ProvenAccount:
    """
    Read an account out of the state.

    Raises:
        ProofRefused: the proof does not lead from the root to this account.
    """
    found = _proven(state_root, bytes.fromhex(address[2:]), proof)
    try:
        parts = rlp.decode(found)
    except RLPException as malformed:
        raise ProofRefused(f"there is no account {address}") from malformed
    if not isinstance(parts, list) or len(parts) != _ACCOUNT_FIELDS:
        raise ProofRefused(f"there is no account {address}")
    nonce, balance, storage_root, code_hash = parts
    return ProvenAccount(int.from_bytes(nonce, "big"), int.from_bytes(balance, "big"), Digest(storage_root), Digest(code_hash))


def proven_word(storage_root: Digest, slot: int, proof: Sequence[bytes]) -> bytes:
    """
    Read one storage word, 32 bytes, out of an account's storage; an empty slot is proven as well, and reads as zeros.

    Raises:
        ProofRefused: the proof does not lead from the root to this slot.
    """
    # Nodes serve no proof of what an empty trie does not hold.
    if storage_root == EMPTY_ROOT:
        return bytes(_WORD)
    found = _proven(storage_root, slot.to_bytes(_WORD, "big"), proof)
    word: bytes = rlp.decode(found) if found else b""
    return word.rjust(_WORD, b"\0")


def storage_root(words: Mapping[int, bytes]) -> Digest:
    """
    The root over these slots, and no others: two accounts with one root hold the same in every slot.

    Words are 32 bytes; empty ones do not count.
    """
    trie = HexaryTrie({})
    for slot, word in words.items():
        if any(word):
            trie[keccak(slot.to_bytes(_WORD, "big"))] = rlp.encode(word.lstrip(b"\0"))
    return Digest(bytes(trie.root_hash))


def _proven(root: Digest, key: bytes, proof: Sequence[bytes]) -> bytes:
    try:
        found: bytes = HexaryTrie.get_from_proof(root, keccak(key), [rlp.decode(each) for each in proof])  # type: ignore[no-untyped-call]
        return found
    except (BadTrieProof, TraversedPartialPath, RLPException, ValueError, TypeError) as refused:
        raise ProofRefused(f"the proof of {key.hex()} does not lead to the root {root.hex()}") from refused
