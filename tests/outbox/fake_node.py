"""A node in memory whose sending fails when it is told to, with and without having taken the transaction."""

import itertools
import threading
from collections.abc import Callable

import rlp
from eth_account import Account

from registry.errors import Unreachable
from registry.model import Digest, Time
from registry.ports import Block, NonceTaken, Receipt
from registry.solidity import keccak


class FakeNode:
    """Mines what it takes at once, unless `mining` is off. `mined` is the chain: sender, nonce and calldata, in order."""

    def __init__(self):
        self.mining = True
        self.first_resendable_nonce = 0
        self.finalised = None  # follows the head unless set
        self.mined = []
        self.sends = []
        self.faults = []  # one for each of the next sends: what happens instead of an ordinary answer
        self.already_has = None  # its complaint of the very bytes that it has and has not mined; without one it says that it knows them
        self.outages = 0  # so many questions go unanswered
        self.refuse_estimate = None
        self.reverts = {}  # calldata -> what a call of it answers as of the block before and as of its own: a refusal, or None
        self._pool = {}
        self._receipts = {}
        self._blocks = [self._block(0)]
        self._lock = threading.RLock()

    # Faults

    def fail_next_send(self, *, persist: bool, answer: Callable[[str], Exception]):
        """The next send ends in this error, with or without the node having taken the transaction."""
        self.faults.append((persist, answer))

    def take_nonce(self, sender, nonce):
        """Somebody used the key elsewhere."""
        self._pool[sender, nonce] = (Digest(keccak(b"elsewhere")), b"elsewhere")
        self.mine()

    # What the outbox asks

    def send_raw(self, raw):
        with self._lock:
            self.sends.append(raw)
            persist, answer = self.faults.pop(0) if self.faults else (True, None)
            transaction = Digest(keccak(raw))
            if persist:
                self._take(raw, transaction)
            if answer is not None:
                raise answer("0x" + transaction.hex())
            return transaction

    def _take(self, raw, transaction):
        nonce, _, _, _, _, calldata, *_ = rlp.decode(raw)
        sender, nonce = Account.recover_transaction(raw), int.from_bytes(nonce, "big")
        waiting = self._pool.get((sender, nonce))
        if waiting is not None and waiting[0] == transaction:
            if self.already_has is not None:
                raise NonceTaken("0x" + transaction.hex(), self.already_has)
            return
        if nonce < self.nonce(sender):
            raise NonceTaken("0x" + transaction.hex(), "nonce too low")
        if waiting is not None:
            raise NonceTaken("0x" + transaction.hex(), "replacement transaction underpriced")
        self._pool[sender, nonce] = (transaction, calldata)
        if self.mining:
            self.mine()

    def mine(self):
        """One block of everything whose turn it is."""
        with self._lock:
            block = self._block(len(self._blocks))
            for sender, nonce in sorted(self._pool):
                if nonce != self.nonce(sender):
                    continue
                transaction, calldata = self._pool.pop((sender, nonce))
                self.mined.append((sender, nonce, calldata))
                succeeded = calldata not in self.reverts
                self._receipts[transaction] = Receipt(transaction, succeeded, block.number, block.hash, 21_000, None, ())
            self._blocks.append(block)

    def replace_last_block(self):
        """An engine without finality changes its mind: the last block's transactions wait again."""
        with self._lock:
            gone = self._blocks.pop()
            for transaction, receipt in list(self._receipts.items()):
                if receipt.block == gone.number:
                    del self._receipts[transaction]
                    sender, nonce, calldata = self.mined.pop()
                    self._pool[sender, nonce] = (transaction, calldata)

    def receipt(self, transaction):
        self._answer()
        return self._receipts.get(transaction)

    def nonce(self, address):
        return sum(1 for sender, _, _ in self.mined if sender == address)

    def estimate(self, _question):
        self._answer()
        if self.refuse_estimate is not None:
            raise self.refuse_estimate
        return 30_000

    def ask(self, question, block):
        before, within = self.reverts.get(question.calldata, (None, None))
        refusal = within if block == self.head().number else before
        if refusal is not None:
            raise refusal
        return b""

    def head(self):
        return self._blocks[-1]

    def finalised_head(self):
        self._answer()
        return self._blocks[-1 if self.finalised is None else self.finalised]

    def block(self, number):
        return self._blocks[number]

    def _answer(self):
        if self.outages:
            self.outages -= 1
            raise Unreachable("no answer")

    _forks = itertools.count()

    def _block(self, number):
        return Block(number, Digest(keccak(b"%d in fork %d" % (number, next(self._forks)))), Digest(bytes(32)), Time(number), 30_000_000)
