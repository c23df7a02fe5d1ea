"""
The chain as a node tells it, with every hash made again: blocks from the first one on, transactions, receipts and their entries.

Each block is hashed from its fields, must name the block before it, and its transactions and receipts must give the roots in its
header. What does not is a difference; reading goes on with what the node served, so that its consequences are found as well.

Shell: asks the node, in batches. What the hashes cover is told by `registry.proofs`.
"""

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from registry.audit.report import Difference, Unverified, key_of
from registry.chain import raw
from registry.chain.deploy import Deployment
from registry.chain.raw import RawBlock, RawNode, RawReceipt, RawTransaction
from registry.model import Address, Digest
from registry.ports import Log
from registry.proofs import Header, ProofRefused, listed_root

BLOCKS_AT_ONCE = 200
LOGS_AT_ONCE = 1_000

Progress = Callable[[str, int, int], None]
"""Told as an audit goes on: which part (`blocks`, `events`, `slots`), how many are done, and of how many."""


@dataclass(frozen=True, slots=True)
class Step:
    """
    One transaction that succeeded and called one of our contracts or made one write: with the entries that ours wrote.

    `transaction` is None where its kind is unknown here.
    """

    header: Header
    hash: Digest
    transaction: RawTransaction | None
    entries: tuple[Log, ...]


@dataclass
class Chain:
    """What was read, and what is wrong with it. `steps` are in the chain's order, from the deployment's first block on."""

    headers: list[Header] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    unverified: list[Unverified] = field(default_factory=list)

    @property
    def entries(self) -> Iterator[Log]:
        """All log entries of our contracts, from their receipts."""
        return (entry for step in self.steps for entry in step.entries)


def read(node: RawNode, deployment: Deployment, last: int, progress: Progress) -> Chain:
    """
    Read blocks 0 to `last`: headers of all, so that the newest is joined to the genesis block, the rest from the deployment on.

    Raises:
        Unreachable: the node did not answer.
    """
    chain = Chain()
    for start in range(0, last + 1, BLOCKS_AT_ONCE):
        numbers = range(start, min(start + BLOCKS_AT_ONCE, last + 1))
        found = raw.blocks(node, numbers)
        for number, block in zip(numbers, found, strict=True):
            _check_header(chain, number, block, deployment)
            chain.headers.append(block.header)
        _read_contents(node, chain, [block for block in found if block.header.number >= deployment.block], deployment)
        progress("blocks", len(chain.headers), last + 1)
    _check_seals(chain)
    _check_logs(node, chain, deployment, last)
    return chain


def _check_header(chain: Chain, number: int, block: RawBlock, deployment: Deployment) -> None:
    header = block.header
    if header.number != number:
        chain.differences.append(Difference("headers", str(number), {"asked for": number, "header": header.number}))
    try:
        made = header.hash
    except ProofRefused as refused:
        chain.unverified.append(
            Unverified("headers", str(number), f"无法由各字段算出区块哈希。 The block's hash cannot be made of its fields: {refused}")
        )
        return
    if made != block.claimed_hash:
        chain.differences.append(Difference("headers", str(number), {"fields": made, "node": block.claimed_hash}))
    if number == 0 and made != deployment.genesis_hash:
        chain.differences.append(Difference("headers", "0", {"fields": made, "deployment": deployment.genesis_hash}))
    if chain.headers and header.parent != chain.headers[-1].hash:
        says = {"its parent": header.parent, "block before": chain.headers[-1].hash}
        chain.differences.append(Difference("headers", str(number), says))


def _check_seals(chain: Chain) -> None:
    """The newest block's seals: its hash covers all blocks before it."""
    head = chain.headers[-1]
    if not head.is_qbft:
        zh = "该引擎的区块没有签章；请将 block_hash 与 trail 和另一地区节点的审计结果比对。"
        why = f"{zh} This engine's blocks carry no commit seals: compare block_hash and trail with an audit of another region's node"
        chain.unverified.append(Unverified("seals", str(head.number), why))
        return
    try:
        sealed, asked = head.sealed_by(), head.seals.quorum
    except ProofRefused as refused:
        chain.unverified.append(Unverified("seals", str(head.number), f"区块签章无法读取。 The seals cannot be read: {refused}"))
        return
    if len(sealed) < asked:
        chain.differences.append(Difference("seals", str(head.number), {"validators asked for": asked, "validators that sealed": sealed}))


# Transactions and receipts


def _read_contents(node: RawNode, chain: Chain, blocks: Sequence[RawBlock], deployment: Deployment) -> None:
    found = iter(raw.receipts(node, [each for block in blocks for each in block.claimed_transactions]))
    for block in blocks:
        receipts = [next(found) for _ in block.claimed_transactions]
        _check_transactions(chain, block)
        _check_receipts(chain, block, receipts)
        chain.steps += _steps(block, receipts, set(deployment.contracts))


def _check_transactions(chain: Chain, block: RawBlock) -> None:
    number = block.header.number
    if block.transactions is None:
        why = f"含有本版本不支持的交易类型。 A transaction is of an unknown kind: {block.unencodable}"
        chain.unverified.append(Unverified("transactions", str(number), why))
        return
    for place, (each, claimed) in enumerate(zip(block.transactions, block.claimed_transactions, strict=True)):
        if each.hash != claimed:
            chain.differences.append(Difference("transactions", f"{number}/{place}", {"fields": each.hash, "node": claimed}))
    made = listed_root(each.encoded for each in block.transactions)
    if made != block.header.transactions_root:
        says = {"transactions served": made, "header": block.header.transactions_root}
        chain.differences.append(Difference("transactions", str(number), says))


def _check_receipts(chain: Chain, block: RawBlock, receipts: Sequence[RawReceipt | None]) -> None:
    number = block.header.number
    for each, receipt in zip(block.claimed_transactions, receipts, strict=True):
        if receipt is None:
            missing = {"block": "holds this transaction", "node": "has no receipt of it"}
            chain.differences.append(Difference("receipts", each.hex(), missing))
    served = [each for each in receipts if each is not None]
    made = listed_root(each.encoded for each in served)
    roots = (made, listed_root(each.encoded_by_ganache for each in served))
    if block.header.receipts_root not in roots:
        ids = sorted({topic.hex() for each in served for log in each.logs for topic in log.topics[1:2]})
        says = {"receipts served": made, "header": block.header.receipts_root, "ids named in the receipts": ids}
        chain.differences.append(Difference("receipts", str(number), says))


def _steps(block: RawBlock, receipts: Sequence[RawReceipt | None], ours: AbstractSet[Address]) -> Iterator[Step]:
    index = 0
    for place, (transaction_hash, receipt) in enumerate(zip(block.claimed_transactions, receipts, strict=True)):
        transaction = block.transactions[place] if block.transactions is not None else None
        logs = receipt.logs if receipt is not None else ()
        entries = tuple(
            Log(
                address=each.address,
                topics=each.topics,
                data=each.data,
                block=block.header.number,
                block_hash=block.claimed_hash,
                transaction=transaction_hash,
                transaction_index=place,
                index=at,
            )
            for at, each in enumerate(logs, index)
            if each.address in ours
        )
        index += len(logs)
        called = transaction is not None and transaction.to in ours and receipt is not None and receipt.succeeded
        if called or entries:
            yield Step(block.header, transaction_hash, transaction, entries)


# What the node tells gateways


def _check_logs(node: RawNode, chain: Chain, deployment: Deployment, last: int) -> None:
    """Gateways ask for log entries, not for receipts; a node may tell the truth in one place only."""
    starts = range(deployment.block, last + 1, LOGS_AT_ONCE)
    told = [log for start in starts for log in node.logs(start, min(start + LOGS_AT_ONCE - 1, last), list(deployment.contracts))]
    by_place = {(log.block, log.index): log for log in told}
    ours = {(log.block, log.index): log for log in chain.entries}
    for place in sorted(by_place.keys() | ours.keys()):
        in_receipt, in_logs = ours.get(place), by_place.get(place)
        if in_receipt != in_logs:
            key = key_of(next((each.topics[1] for each in (in_receipt, in_logs) if each and len(each.topics) > 1), place))
            chain.differences.append(Difference("logs", key, {"receipts": in_receipt, "eth_getLogs": in_logs}))
