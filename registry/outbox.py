"""
Sending exactly once: the only local state that matters, in one SQLite file.

An intent and its signed transaction, nonce included, are written in one database transaction before anything is sent. Signing comes
before it, under the sender's own lock: a key in a device that hangs holds up its own account alone. From then on only those very bytes
are ever sent for it, so sending them again is always safe, and a crash at any point leaves either nothing or a row that the next start
goes on with. What decides is the chain (a receipt in a final block), never an HTTP answer.

    signed ─▶ sent ─▶ mined ─▶ final        succeeded or reverted; the last two are told apart by the outcome, not the state

One thread a sender works its rows off in the order of their nonces. A lock on a file beside the database lets one process at a
time have a sender; the kernel drops it when that process dies.

What is not here: a second way to spend a nonce. A row that can never be mined, because somebody used its key elsewhere, stays
open and is listed by `unconfirmed`; nothing is ever signed in its place, since a node that looks behind could make that a double.
"""

import contextlib
import fcntl
import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from registry.errors import OutcomeUnknown, Rejected, TongquanError, Unreachable
from registry.model import Address, Digest
from registry.ports import Account, Log, Node, NonceTaken, Question, Receipt
from registry.private_store import open_store
from registry.reverts import why_reverted
from registry.solidity import keccak

# Gas costs nothing here; the limit only has to leave room for a state that changed since the estimate. The constant part is
# more than the 300,000 that `tryEach` wants to see left before each of its calls.
GAS_MARGIN = 1.5
GAS_SPARE = 400_000
# Below this no block is too small, and its limit is not asked for.
SMALL_GAS = 8_000_000

RESEND_SECONDS = 5.0
FIRST_POLL_SECONDS = 0.01
LONGEST_POLL_SECONDS = 0.5
OPENING_SECONDS = 30.0
SIGNING_SECONDS = 20.0
OPENING_GAS = 21_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS chain (chain_id INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS intents (
    id          TEXT    PRIMARY KEY,
    what        TEXT    NOT NULL,
    target      TEXT    NOT NULL,
    calldata    BLOB    NOT NULL,
    sender      TEXT    NOT NULL,
    nonce       INTEGER NOT NULL,
    raw         BLOB    NOT NULL,
    hash        BLOB    NOT NULL UNIQUE,
    state       TEXT    NOT NULL CHECK (state IN ('signed', 'sent', 'mined', 'final')),
    receipt     TEXT,
    refusal     TEXT,
    CHECK (state IN ('signed', 'sent') OR receipt IS NOT NULL),
    UNIQUE (sender, nonce)
) STRICT;
CREATE INDEX IF NOT EXISTS unconfirmed ON intents (sender, nonce) WHERE state <> 'final';
"""


class State(StrEnum):
    """How far a transaction has come. Nothing is certain before FINAL."""

    SIGNED = "signed"
    SENT = "sent"
    MINED = "mined"
    FINAL = "final"


class OutboxError(TongquanError):
    """
    The outbox could not do what it was asked; nothing was sent.

    OutboxError
     ├── IntentDiffers   this id stands for another call already
     ├── SenderBusy      another process, or another outbox, sends for this account
     ├── NoSuchAccount   no key was given for the sender
     ├── WrongChain      the file belongs to another network
     └── OutboxClosed    it was closed
    """


class IntentDiffers(OutboxError):
    """The same id was submitted with another target, calldata or sender. Take a new id, or the old call."""

    def __init__(self, intent_id: str) -> None:
        super().__init__(f"the intent {intent_id!r} stands for another call")
        self.intent_id = intent_id


class SenderBusy(OutboxError):
    """Another worker has this account. Two would race for its nonces."""

    def __init__(self, sender: str) -> None:
        super().__init__(f"another process sends for {sender}")
        self.sender = sender


class NoSuchAccount(OutboxError):
    """No key was attached for this sender."""

    def __init__(self, sender: str) -> None:
        super().__init__(f"no key is attached for {sender}")
        self.sender = sender


class WrongChain(OutboxError):
    """The file was written for another network; its nonces mean nothing here."""

    def __init__(self, expected: int, found: int) -> None:
        super().__init__(f"the outbox belongs to chain {found}, not {expected}")
        self.expected = expected
        self.found = found


class SignerSilent(Unreachable):
    """The account's key, in a device perhaps, has not signed the call before. Nothing was stored or sent; try again."""

    def __init__(self, sender: str) -> None:
        super().__init__(f"the key of {sender} has not signed the call before")
        self.sender = sender


class OutboxClosed(OutboxError):
    """It was closed; open the file again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """
    A call that is to happen once.

    `id` names it for ever: the same id with the same call gives the same answer. `what` is for people who read the table. With a
    `gas` the node is not asked for an estimate, which a large batch can make it compute for minutes.
    """

    id: str
    what: str
    target: Address
    calldata: bytes
    sender: Address
    gas: int | None = None


@dataclass(frozen=True, slots=True)
class Ticket:
    """A call that is signed and stored. `transaction` is its hash, by which the chain can be asked."""

    intent_id: str
    sender: Address
    nonce: int
    transaction: Digest

    @property
    def name(self) -> str:
        """The hash in hexadecimal digits."""
        return "0x" + self.transaction.hex()


@dataclass(frozen=True, slots=True)
class Outcome:
    """A call that happened, for good."""

    ticket: Ticket
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class _Row:
    ticket: Ticket
    target: Address
    calldata: bytes
    raw: bytes
    state: State
    receipt: Receipt | None
    refusal: Rejected | None

    def is_for(self, intent: Intent) -> bool:
        return (self.target, self.calldata, self.ticket.sender) == (intent.target, intent.calldata, intent.sender)


class Outbox:
    """
    The outbox of one gateway, on one file, for one chain. May be shared by threads.

    Opening it goes on with whatever an earlier process left unconfirmed. Give it the keys of the accounts that are to send with
    `attach`. Close it, or use it as a context manager; what is on its way is then left to the next start.
    """

    def __init__(self, path: Path, node: Node, *, chain_id: int, resend_seconds: float = RESEND_SECONDS) -> None:
        self._path = path
        self._node = node
        self._chain_id = chain_id
        self._resend_seconds = resend_seconds
        self._store = _Store(path, chain_id)
        self._accounts: dict[str, Account] = {}
        self._workers: dict[str, _Worker] = {}
        self._guard = threading.RLock()
        self._changed = threading.Condition()
        self._closed = False
        for sender in self._store.senders_with_unconfirmed():
            # A living process that has the sender looks after its rows.
            with contextlib.suppress(SenderBusy):
                self._worker(sender)

    def attach(self, account: Account) -> None:
        """
        Take a key, so that intents of its account can be signed. Attaching it again changes nothing.

        Raises:
            SenderBusy: another process, or another outbox in this folder, sends for it.
        """
        self._worker(account.address)
        self._accounts[account.address] = account

    def submit(self, intent: Intent) -> Ticket:
        """
        Sign and store a call; a thread sends it from then on, whatever becomes of the caller.

        The call is tried at the chain's head first, so that what would be refused costs no nonce. That is a courtesy: the
        contract alone judges, at its place in the chain.

        Raises:
            Rejected: it would be refused now; nothing was stored or sent, and the same id may be tried again.
            Unreachable: nothing was stored or sent; `SignerSilent` where the account's key keeps its callers waiting.
            IntentDiffers: the id stands for another call.
            NoSuchAccount: no key was attached.
        """
        known = self._known(intent)
        if known is not None:
            return known
        worker, account = self._workers.get(intent.sender), self._accounts.get(intent.sender)
        if self._closed:
            raise OutboxClosed("the outbox is closed")
        if worker is None or account is None:
            raise NoSuchAccount(intent.sender)

        gas = self._gas_for(intent)
        # Who waits behind a key that hangs is let go, or in the end nobody would be left to serve the other accounts.
        if not worker.signing.acquire(timeout=SIGNING_SECONDS):
            raise SignerSilent(intent.sender)
        try:
            ticket = self._sign_and_store(intent, account, gas)
        finally:
            worker.signing.release()
        worker.wake()
        return ticket

    def wait(self, ticket: Ticket, timeout: float) -> Outcome:
        """
        Wait until a call is final, for at most `timeout` seconds.

        Raises:
            Rejected: the contract refused it at its place in the chain, and why. It used a nonce and changed nothing.
            OutcomeUnknown: it is not final yet, and may become so: wait again, or submit the same intent again.
        """
        deadline = time.monotonic() + timeout
        try:
            row = self._final_row(ticket, deadline)
        except OutboxClosed as closed:
            raise OutcomeUnknown(ticket.name, str(closed)) from closed
        if row is None or row.receipt is None:
            raise OutcomeUnknown(ticket.name, f"not final after {timeout:g} seconds{self._trouble_with(ticket)}")
        if row.refusal is not None:
            raise row.refusal
        return Outcome(row.ticket, row.receipt)

    def find(self, intent_id: str) -> Ticket | None:
        """The ticket of an intent that was submitted before, in this life or an earlier one."""
        row = self._store.row(intent_id)
        return None if row is None else row.ticket

    def state_of(self, ticket: Ticket) -> State | None:
        """How far a call has come, or None if it is not stored here."""
        row = self._store.row(ticket.intent_id)
        return None if row is None else row.state

    def is_refused(self, intent_id: str) -> bool:
        """Whether a call was refused at its place in the chain, for good: it changed nothing and never will."""
        row = self._store.row(intent_id)
        return row is not None and row.state is State.FINAL and row.refusal is not None

    def unconfirmed(self) -> list[tuple[Ticket, State, str]]:
        """What is not final yet, by sender and nonce, with the node's latest complaint: for an operator when something hangs."""
        return [(row.ticket, row.state, self._trouble_with(row.ticket)) for row in self._store.unconfirmed()]

    def under_way(self, what: str) -> list[Ticket]:
        """The calls of this name that are not final yet, whoever sends them."""
        return [row.ticket for row in self._store.under_way(what)]

    def close(self) -> None:
        """Stop sending. What is not final stays in the file for the next start."""
        with self._guard:
            if self._closed:
                return
            self._closed = True
            workers = list(self._workers.values())
        for worker in workers:
            worker.stop()
        self._store.close()
        self._tell()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _worker(self, sender: str) -> "_Worker":
        with self._guard:
            if self._closed:
                raise OutboxClosed("the outbox is closed")
            if sender not in self._workers:
                lock = _lock(self._path, sender, self._chain_id)
                worker = _Worker(sender, lock, self._store, self._node, resend_seconds=self._resend_seconds, changed=self._tell)
                self._workers[sender] = worker
                worker.start()
            return self._workers[sender]

    def _final_row(self, ticket: Ticket, deadline: float) -> _Row | None:
        with self._changed:
            while True:
                row = self._store.row(ticket.intent_id)
                if row is not None and row.state is State.FINAL:
                    return row
                left = deadline - time.monotonic()
                if left <= 0:
                    return None
                self._changed.wait(left)

    def _trouble_with(self, ticket: Ticket) -> str:
        worker = self._workers.get(ticket.sender)
        trouble = None if worker is None else worker.trouble.get(ticket.transaction)
        return f": {trouble}" if trouble else ""

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _known(self, intent: Intent) -> Ticket | None:
        row = self._store.row(intent.id)
        if row is None:
            return None
        if not row.is_for(intent):
            raise IntentDiffers(intent.id)
        return row.ticket

    def _gas_for(self, intent: Intent) -> int:
        question = Question(intent.target, intent.calldata, intent.sender)
        if intent.gas is None:
            gas = int(self._node.estimate(question) * GAS_MARGIN) + GAS_SPARE
        else:
            self._node.ask(question)
            gas = intent.gas
        return gas if gas <= SMALL_GAS else min(gas, self._node.head().gas_limit)

    def _sign_and_store(self, intent: Intent, account: Account, gas: int) -> Ticket:
        # Many may have been on their way to here with the same id.
        known = self._known(intent)
        if known is not None:
            return known
        # Only this process has the sender, and in it this thread its lock: the nonce stays free until it is stored. A crash before
        # that leaves nothing: no row, no nonce used, nothing sent.
        on_chain = self._node.nonce(intent.sender)
        if on_chain < self._node.first_resendable_nonce:
            on_chain = self._open(account)
        nonce = max(on_chain, self._store.next_nonce(intent.sender))
        raw = _signed(account, chain_id=self._chain_id, nonce=nonce, to=intent.target, calldata=intent.calldata, gas=gas)
        ticket = Ticket(intent.id, intent.sender, nonce, Digest(keccak(raw)))
        with self._store.transaction() as connection:
            # Another sender's call may have taken the id meanwhile: then this raises, and the signature is thrown away.
            self._known(intent)
            self._store.insert(connection, intent, ticket, raw)
        # COMMIT POINT 1. From here on this call has this nonce and these bytes, for ever. A crash now: the next start sends them.
        return ticket

    def _open(self, account: Account) -> int:
        """
        Use up an account's first nonce with a transfer of nothing to itself, on an engine that would mine it again.

        Nothing that matters is ever sent under that nonce; if the transfer itself happens twice, nothing happened twice.
        """
        sender = Address(account.address)
        with contextlib.suppress(OutcomeUnknown):
            self._node.send_raw(_signed(account, chain_id=self._chain_id, nonce=0, to=sender, calldata=b"", gas=OPENING_GAS))
        deadline = time.monotonic() + OPENING_SECONDS
        while (nonce := self._node.nonce(sender)) == 0:
            if time.monotonic() > deadline:
                raise Unreachable(f"the node did not mine the opening of {sender}")
            time.sleep(FIRST_POLL_SECONDS)
        return nonce


def _signed(account: Account, *, chain_id: int, nonce: int, to: Address, calldata: bytes, gas: int) -> bytes:
    transaction = {
        "chainId": chain_id,
        "nonce": nonce,
        "to": to,
        "data": calldata,
        "gas": gas,
        "gasPrice": 0,
        "value": 0,
    }
    return bytes(account.sign_transaction(transaction).raw_transaction)


class _Worker(threading.Thread):
    """Sends and confirms the rows of one sender, in the order of their nonces."""

    def __init__(self, sender: str, lock: int, store: "_Store", node: Node, *, resend_seconds: float, changed: Callable[[], None]) -> None:
        super().__init__(name=f"outbox {sender}", daemon=True)
        self.signing = threading.Lock()
        self.trouble: dict[Digest, str] = {}
        self._sender = sender
        self._lock = lock
        self._store = store
        self._node = node
        self._resend_seconds = resend_seconds
        self._changed = changed
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._sent_at: dict[Digest, float] = {}

    def wake(self) -> None:
        """There is a new row."""
        self._woken.set()

    def stop(self) -> None:
        """End after the request that is under way, and let go of the sender."""
        self._stopping.set()
        self._woken.set()
        self.join()
        os.close(self._lock)

    def run(self) -> None:
        pause = FIRST_POLL_SECONDS
        while not self._stopping.is_set():
            self._woken.clear()
            moved, left = self._round()
            pause = FIRST_POLL_SECONDS if moved else min(2 * pause, LONGEST_POLL_SECONDS)
            if not self._stopping.is_set() and self._woken.wait(pause if left else None):
                pause = FIRST_POLL_SECONDS

    def _round(self) -> tuple[bool, bool]:
        """Go through all rows once: whether anything moved, and whether anything is left to do."""
        rows: list[_Row] = []
        moved = False
        try:
            rows = self._store.unconfirmed(self._sender)
            if not rows:
                self._sent_at.clear()
                self.trouble.clear()
                return False, False
            for row in rows:
                if self._stopping.is_set():
                    break
                now = self._confirm(row)
                # Sent in order, and none past one that the node may not have: a gap makes ganache hold back its answer.
                if now.state in (State.SIGNED, State.SENT) and not self._send_if_due(now):
                    break
                if now.state in (State.SIGNED, State.SENT):
                    now = self._confirm(self._store.row_of(now))
                moved = moved or now.state is not row.state
        except (Unreachable, sqlite3.OperationalError) as failure:
            # No answer, or a full disk: nothing is lost, and the next round begins over.
            self.trouble |= {row.ticket.transaction: str(failure) for row in rows}
        return moved, True

    def _confirm(self, row: _Row) -> _Row:
        """Bring a row to what the chain says of it."""
        receipt = self._node.receipt(row.ticket.transaction)
        if receipt is None:
            # Mined before and now gone: the block was replaced, which an engine without finality may do.
            now = replace(row, state=State.SENT, receipt=None) if row.state is State.MINED else row
        else:
            now = replace(row, state=State.MINED, receipt=receipt)
            if self._is_final(receipt):
                question = Question(row.target, row.calldata, row.ticket.sender)
                refusal = None if receipt.succeeded else why_reverted(self._node, question, receipt)
                now = replace(now, state=State.FINAL, refusal=refusal)
        if now != row:
            # COMMIT POINT 3. A crash before it: the next start asks the chain again and finds the same.
            self._store.update(now)
            self._changed()
        return now

    def _is_final(self, receipt: Receipt) -> bool:
        if self._node.finalised_head().number < receipt.block:
            return False
        return self._node.block(receipt.block).hash == receipt.block_hash

    def _send_if_due(self, row: _Row) -> bool:
        """Send a row's bytes unless that was just done; whether the node has them, so that the next nonce leaves no gap."""
        sent_at = self._sent_at.get(row.ticket.transaction)
        if sent_at is not None and time.monotonic() - sent_at < self._resend_seconds:
            return True
        try:
            self._node.send_raw(row.raw)
        except Rejected as refusal:
            # The node turns it away as things stand (gas price, block limit), which an operator can change.
            self.trouble[row.ticket.transaction] = str(refusal)
            return False
        except NonceTaken as complaint:
            # Most likely these very bytes wait there or stand in the chain, and their receipt will say so. Whatever has the nonce,
            # the next one leaves no gap.
            self.trouble[row.ticket.transaction] = str(complaint)
        except OutcomeUnknown as failure:
            self.trouble[row.ticket.transaction] = str(failure)
            # Silence, or a price: if it arrived, its receipt will say so.
            if self._node.receipt(row.ticket.transaction) is None and self._node.nonce(row.ticket.sender) <= row.ticket.nonce:
                return False
        self._sent_at[row.ticket.transaction] = time.monotonic()
        if row.state is State.SIGNED:
            # COMMIT POINT 2. A crash before it: the next start sends the same bytes again, which changes nothing.
            self._store.update(replace(row, state=State.SENT))
            self._changed()
        return True


class _Store:
    """The file. One connection, one lock; every change is on the disk when it returns."""

    def __init__(self, path: Path, chain_id: int) -> None:
        self._lock = threading.RLock()
        self._closed = False
        self._connection = open_store(path, _SCHEMA)
        with self.transaction() as connection:
            found = connection.execute("SELECT chain_id FROM chain").fetchone()
            if found is None:
                connection.execute("INSERT INTO chain VALUES (?)", (chain_id,))
        if found is not None and found[0] != chain_id:
            self._connection.close()
            raise WrongChain(chain_id, found[0])

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        # IMMEDIATE: what is read within is what others have committed, and nobody writes in between.
        with self._open():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def next_nonce(self, sender: str) -> int:
        with self._open():
            found: tuple[int] = self._connection.execute(
                "SELECT coalesce(max(nonce) + 1, 0) FROM intents WHERE sender = ?", (sender,)
            ).fetchone()
        return found[0]

    def insert(self, connection: sqlite3.Connection, intent: Intent, ticket: Ticket, raw: bytes) -> None:
        values = (intent.id, intent.what, intent.target, intent.calldata, intent.sender, ticket.nonce, raw, ticket.transaction)
        connection.execute(
            "INSERT INTO intents (id, what, target, calldata, sender, nonce, raw, hash, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'signed')",
            values,
        )

    def update(self, row: _Row) -> None:
        receipt = None if row.receipt is None else _receipt_to_json(row.receipt)
        refusal = None if row.refusal is None else _refusal_to_json(row.refusal)
        with self.transaction() as connection:
            connection.execute(
                "UPDATE intents SET state = ?, receipt = ?, refusal = ? WHERE id = ?", (row.state, receipt, refusal, row.ticket.intent_id)
            )

    def row(self, intent_id: str) -> _Row | None:
        found = self._select("WHERE id = ?", intent_id)
        return found[0] if found else None

    def row_of(self, row: _Row) -> _Row:
        return self.row(row.ticket.intent_id) or row

    def unconfirmed(self, sender: str | None = None) -> list[_Row]:
        if sender is None:
            return self._select("WHERE state <> 'final' ORDER BY sender, nonce")
        return self._select("WHERE state <> 'final' AND sender = ? ORDER BY nonce", sender)

    def under_way(self, what: str) -> list[_Row]:
        return self._select("WHERE state <> 'final' AND what = ? ORDER BY sender, nonce", what)

    def senders_with_unconfirmed(self) -> list[str]:
        return list(dict.fromkeys(row.ticket.sender for row in self.unconfirmed()))

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._connection.close()

    @contextlib.contextmanager
    def _open(self) -> Iterator[None]:
        with self._lock:
            if self._closed:
                raise OutboxClosed("the outbox is closed")
            yield

    def _select(self, where: str, *values: str) -> list[_Row]:
        columns = "id, sender, nonce, hash, target, calldata, raw, state, receipt, refusal"
        with self._open():
            found = self._connection.execute(f"SELECT {columns} FROM intents {where}", values).fetchall()  # noqa: S608 - our own words
        return [_row(each) for each in found]


def _row(found: tuple[Any, ...]) -> _Row:
    intent_id, sender, nonce, transaction, target, calldata, raw, state, receipt, refusal = found
    return _Row(
        ticket=Ticket(intent_id, sender, nonce, transaction),
        target=target,
        calldata=calldata,
        raw=raw,
        state=State(state),
        receipt=None if receipt is None else _receipt_from_json(receipt),
        refusal=None if refusal is None else _refusal_from_json(refusal),
    )


def _lock(path: Path, sender: str, chain_id: int) -> int:
    """Take a sender for this process; the descriptor that holds it. The file stays, empty, and means nothing by itself."""
    descriptor = os.open(path.parent / f"sender-{chain_id}-{sender.lower()}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as taken:
        os.close(descriptor)
        raise SenderBusy(sender) from taken
    return descriptor


# Receipts and refusals as text; bytes stand as {"hex": …}


def _receipt_to_json(receipt: Receipt) -> str:
    return _dump(
        {
            "transaction": receipt.transaction,
            "succeeded": receipt.succeeded,
            "block": receipt.block,
            "block_hash": receipt.block_hash,
            "gas_used": receipt.gas_used,
            "contract": receipt.contract,
            "logs": [
                [log.address, list(log.topics), log.data, log.block, log.block_hash, log.transaction, log.transaction_index, log.index]
                for log in receipt.logs
            ],
        }
    )


def _receipt_from_json(text: str) -> Receipt:
    found = _load(text)
    logs = tuple(Log(address, tuple(topics), *rest) for address, topics, *rest in found.pop("logs"))
    return Receipt(**found, logs=logs)


def _refusal_to_json(refusal: Rejected) -> str:
    return _dump({"code": refusal.code, "values": refusal.values})


def _refusal_from_json(text: str) -> Rejected:
    found = _load(text)
    return Rejected(found["code"], found["values"])


def _dump(value: Any) -> str:
    return json.dumps(value, default=lambda content: {"hex": content.hex()})


def _load(text: str) -> Any:
    return json.loads(text, object_hook=lambda found: bytes.fromhex(found["hex"]) if found.keys() == {"hex"} else found)
