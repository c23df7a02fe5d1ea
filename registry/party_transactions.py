"""
What only a party itself may send: the transaction that rotates its own key, or vetoes its office's proposal.

A party has its key and no node. So a gateway prepares the unsigned transaction, the party checks and signs it, and the gateway hands
the very bytes to its node. Sending them again is safe: they hold one nonce, and neither verb works twice.

    prepare ─▶ the party signs ─▶ read ─▶ send

What is not here: any other call. What a gateway passes on is one of these two, to this Directory, on this chain, for no money.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registry import codec
from registry.chain.deploy import Deployment
from registry.client import Done, events_of
from registry.codec import CodecError
from registry.errors import OutcomeUnknown, Rejected, TongquanError, Unreachable
from registry.model import Address, Digest, Id
from registry.ports import Node, Question, Receipt
from registry.reverts import why_reverted
from registry.signing import signer_of
from registry.solidity import keccak

VERBS = ("rotate", "vetoRotation")
GAS_SPARE = 100_000
# Many times what either verb takes. Whoever signs lets it use no more, whatever a node says.
MOST_GAS = 2_000_000

_PARITY = 255
_V_OFFSET = 35
_POLL_SECONDS = 0.05


class TransactionRefused(TongquanError):
    """These bytes are no transaction that a gateway passes on; nothing was sent."""


@dataclass(frozen=True, slots=True)
class PartyTransaction:
    """A signed transaction, read: who sends it, which of `VERBS` it calls, on whom."""

    raw: bytes
    nonce: int
    calldata: bytes
    sender: Address
    verb: str
    subject: Id
    signer: Address | None

    @property
    def hash(self) -> Digest:
        """Its hash, by which the chain can be asked."""
        return Digest(keccak(self.raw))


class PartyTransactions:
    """Prepares, reads and passes on parties' own transactions for one deployment."""

    def __init__(self, node: Node, deployment: Deployment, *, final_within: float) -> None:
        self._node = node
        self._deployment = deployment
        self._final_within = final_within
        self._directory = deployment.directory

    def prepare(self, sender: Address, verb: str, *arguments: Any) -> Mapping[str, Any]:
        """
        The unsigned transaction, as eth_account and ethers take it.

        Raises:
            Rejected: the contract would refuse it now.
            Unreachable: no node answered.
        """
        calldata = codec.encode(verb, *arguments)
        gas = min(self._node.estimate(Question(self._directory, calldata, sender)) + GAS_SPARE, MOST_GAS)
        return {
            "chainId": self._deployment.chain_id,
            "nonce": self._node.nonce(sender),
            "to": self._directory,
            "data": "0x" + calldata.hex(),
            "gas": gas,
            "gasPrice": 0,
            "value": 0,
        }

    def read(self, raw: bytes) -> PartyTransaction:
        """
        Read a signed transaction, strictly.

        Raises:
            TransactionRefused: it is none, is for another chain or contract, carries money, or calls something else.
        """
        import rlp  # noqa: PLC0415 - slow to load, and only a gateway reads what others signed

        try:
            fields = rlp.decode(raw)
            nonce, price, gas, to, value, calldata, v, r, s = fields
        except (rlp.DecodingError, ValueError) as malformed:
            raise TransactionRefused("no signed transaction of the form that was prepared") from malformed
        if not all(isinstance(each, bytes) for each in fields):
            raise TransactionRefused("no signed transaction of the form that was prepared")
        parity = int.from_bytes(v, "big") - _V_OFFSET - 2 * self._deployment.chain_id
        if parity not in (0, 1):
            raise TransactionRefused("signed for another chain")
        if to != bytes.fromhex(self._directory[2:]) or value or price:
            raise TransactionRefused("not a free call of the directory of this registry")
        unsigned = rlp.encode([nonce, price, gas, to, value, calldata, self._deployment.chain_id, b"", b""])
        return PartyTransaction(raw, int.from_bytes(nonce, "big"), calldata, _sender(keccak(unsigned), r, s, parity), *_called(calldata))

    def send(self, transaction: PartyTransaction) -> Done:
        """
        Hand a transaction to the node and wait until it is final.

        Raises:
            Rejected: the contract refused it at its place in the chain.
            TransactionRefused: the node turned it away, for example because another with its nonce came before.
            OutcomeUnknown: it is not final, and may become so: send it again.
        """
        name = "0x" + transaction.hash.hex()
        deadline = time.monotonic() + self._final_within
        try:
            # Not sent again once it is mined: ganache mines the first transaction of an account as often as it comes.
            if self._node.receipt(transaction.hash) is None:
                self._hand_over(transaction)
            while (receipt := self._final_receipt(transaction)) is None:
                if time.monotonic() > deadline:
                    raise OutcomeUnknown(name, f"not final after {self._final_within:g} seconds")
                time.sleep(_POLL_SECONDS)
        except Unreachable as silent:
            # It may have been sent before, by a request that got no answer.
            raise OutcomeUnknown(name, str(silent)) from silent
        if not receipt.succeeded:
            raise why_reverted(self._node, Question(self._directory, transaction.calldata, transaction.sender), receipt)
        return Done(events_of(receipt.logs, self._deployment), receipt.transaction, receipt.block)

    def _hand_over(self, transaction: PartyTransaction) -> None:
        try:
            self._node.send_raw(transaction.raw)
        except OutcomeUnknown:
            # The node may have it already: its receipt will say so. Unless its nonce stands in the chain without it.
            if self._node.nonce(transaction.sender) > transaction.nonce and self._node.receipt(transaction.hash) is None:
                raise TransactionRefused("another transaction with its nonce came before; prepare it anew") from None
        except Rejected as refused:
            raise TransactionRefused(f"the node turns it away: {refused}") from refused

    def _final_receipt(self, transaction: PartyTransaction) -> Receipt | None:
        receipt = self._node.receipt(transaction.hash)
        if receipt is None or self._node.finalised_head().number < receipt.block:
            return None
        return receipt


def _sender(digest: bytes, r: bytes, s: bytes, parity: int) -> Address:
    # Whatever is no pair of words, or has the parity's bit in s, is nobody's signature.
    fits = len(r) <= 32 and len(s) <= 32 and not (len(s) == 32 and s[0] >> 7)  # noqa: PLR2004 - words
    vs = parity << _PARITY | int.from_bytes(s, "big")
    sender = signer_of(digest, r.rjust(32, b"\0") + vs.to_bytes(32, "big")) if fits else None
    if sender is None:
        raise TransactionRefused("a signature that is nobody's")
    return sender


def _called(calldata: bytes) -> tuple[str, Id, Address | None]:
    try:
        call = codec.decode(calldata)
    except CodecError as unknown:
        raise TransactionRefused("a call that no contract here knows") from unknown
    if call.verb.name not in VERBS:
        raise TransactionRefused(f"{call.verb.name} is not a party's own call")
    subject, *rest = call.values
    return call.verb.name, Id(subject), rest[0] if rest else None
