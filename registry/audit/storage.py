"""
The contracts' storage against the fold, slot by slot, as of one block whose header was hashed.

Every word is asked for and compared. Then the words that were answered are put into a trie: its root must be the one that the block's
state root proves for the contract. So no answer was made up, and no slot holds anything that is not accounted for. Only where the
roots differ is each slot's own proof asked for, to name the one that was falsified. (One engine's roots are of its own making; there
all slots are proven one by one, and that no other slot holds anything stays open.)

The contracts' getters are not asked: they are the node's own computation on the same state, and prove nothing beyond it.

Shell: asks the node.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from registry.audit.evidence import Progress
from registry.audit.report import Difference, Unverified, key_of
from registry.audit.slots import Kept, Layout
from registry.chain import raw
from registry.chain.artifacts import load
from registry.chain.deploy import Deployment
from registry.chain.raw import RawNode
from registry.events import Contract
from registry.model import Address, Digest, Id, Motion, MotionKind
from registry.ports import CannotServe
from registry.proofs import Header, ProofRefused, ProvenAccount, proven_account, proven_word, storage_root
from registry.rules import Ledger
from registry.solidity import keccak

SLOTS_AT_ONCE = 2_000
PROOFS_AT_ONCE = 1_000


@dataclass
class Storage:
    """What stands in the contracts' storage, in the ledger's terms by table and key, and what is wrong with it."""

    held: dict[str, dict[Any, Any]] = field(default_factory=lambda: defaultdict(dict))
    slots: int = 0
    differences: list[Difference] = field(default_factory=list)
    unverified: list[Unverified] = field(default_factory=list)


def layout() -> Layout:
    """Where the state variables of this version's contracts stand."""
    return {(contract, entry["label"]): int(entry["slot"]) for contract in Contract for entry in load(contract).storage_layout["storage"]}


def compare(node: RawNode, deployment: Deployment, kept: Sequence[Kept], header: Header, progress: Progress) -> Storage:
    """
    Ask for every slot of `kept` as of a block, compare, and prove the answers.

    Raises:
        Unreachable: the node did not answer, or no longer keeps the state of that block.
    """
    addresses = deployment.addresses
    places = [(addresses[each.contract], each.slot + at) for each in kept for at in range(each.size)]
    answers: list[bytes] = []
    for start in range(0, len(places), SLOTS_AT_ONCE):
        answers += raw.words(node, places[start : start + SLOTS_AT_ONCE], header.number)
        progress("slots", len(answers), len(places))
    storage = Storage(slots=len(places))
    rest = iter(answers)
    for each in kept:
        _compare(storage, each, [next(rest) for _ in range(each.size)])
    for address, contract in deployment.contracts.items():
        asked = {each.slot + at: each for each in kept if each.contract is contract for at in range(each.size)}
        words = {slot: word for (of, slot), word in zip(places, answers, strict=True) if of == address}
        _prove(node, storage, header, _Asked(contract, address, asked, words))
    return storage


def _compare(storage: Storage, kept: Kept, words: list[bytes]) -> None:
    try:
        same = kept.folded is None or kept.words() == words
    except ValueError:
        same = False
    found = kept.folded if same and kept.folded is not None else kept.read(words)
    storage.held[kept.table][kept.key] = found
    if not same:
        storage.differences.append(Difference(kept.table, key_of(kept.key), {"events": kept.folded, "storage": found}))


# Proofs


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was asked of one contract: whose each slot is, and the words that were answered."""

    contract: Contract
    address: Address
    slots: Mapping[int, Kept]
    words: Mapping[int, bytes]


def _prove(node: RawNode, storage: Storage, header: Header, asked: _Asked) -> None:
    contract = asked.contract
    try:
        proof = raw.account_proof(node, asked.address, [], header.number)
        account = proven_account(header.state_root, asked.address, proof.account)
    except CannotServe as cannot:
        why = f"节点未提供证明，仅有节点自述。 The node gives no proof of it, so that its words on it stand alone: {cannot}"
        storage.unverified.append(Unverified("storage", contract.value, why))
        return
    except ProofRefused as refused:
        storage.differences.append(Difference("storage", contract.value, {"state root": header.state_root, "proof": str(refused)}))
        return
    code = Digest(keccak(node.code(asked.address)))
    if code != account.code_hash:
        storage.differences.append(Difference("storage", contract.value, {"code in the state": account.code_hash, "code served": code}))
    made = storage_root(asked.words)
    if made == account.storage_root:
        return
    falsified = list(_falsified(node, header, account, asked))
    storage.differences += falsified
    if node.roots_cover_empty_slots:
        zh = "每个存储项均已证明；是否另有存储项未能证明，因该引擎的存储根也包含仅被读取过的存储项。"
        why = f"{zh} Each slot is proven; that there are no others is not: this engine's roots also cover slots that were only read"
        storage.unverified.append(Unverified("storage", contract.value, why))
    elif not falsified:
        says = {"slots accounted for": made, "state": account.storage_root}
        storage.differences.append(Difference("storage", contract.value, says))


def _falsified(node: RawNode, header: Header, account: ProvenAccount, asked: _Asked) -> Iterator[Difference]:
    """Slots whose own proof says something else than the node did. None: another slot holds what it should not."""
    slots = list(asked.words)
    for start in range(0, len(slots), PROOFS_AT_ONCE):
        some = slots[start : start + PROOFS_AT_ONCE]
        proofs = raw.account_proof(node, asked.address, some, header.number).slots
        for slot, proof in zip(some, proofs, strict=True):
            proven = _proven_word(account, slot, proof)
            if proven != asked.words[slot]:
                kept, says = asked.slots[slot], {"node": asked.words[slot], "proof": proven}
                yield Difference(f"storage.{kept.table}", key_of(kept.key), says)


def _proven_word(account: ProvenAccount, slot: int, proof: Sequence[bytes]) -> bytes | str:
    try:
        return proven_word(account.storage_root, slot, proof)
    except ProofRefused as refused:
        return str(refused)


# Motions


def unused(ledger: Ledger, storage: Storage, enacted: Sequence[tuple[MotionKind, object]]) -> Iterator[Difference]:
    """
    Hold the motions that storage says were used outside Consortium against the events that only such a motion causes.

    `enacted` is one entry an event: the kind of the motion behind it and what it is about. Each used one up.
    """
    used: Counter[tuple[MotionKind, object]] = Counter()
    for motion, is_used in storage.held["used"].items():
        if any(is_used[0]):
            used[_about(ledger.motion_records[Id(motion)])] += 1
    effects = Counter(enacted)
    for about in used.keys() | effects.keys():
        if used[about] != effects[about]:
            kind, subject = about
            says = {"events that need one": effects[about], "storage: motions used": used[about]}
            yield Difference("used", f"{kind.name}/{key_of(subject)}", says)


def _about(motion: Motion) -> tuple[MotionKind, object]:
    return motion.kind, (motion.account if motion.subject == bytes(32) else motion.subject)
