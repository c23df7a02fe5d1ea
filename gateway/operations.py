"""
Writes that outlast the request which asked for them (`Prefer: respond-async`, `wait=N`).

Each goes on in a thread here until its answer is kept under its Idempotency-Key, and is asked for by its operation id, which follows
from caller and key. It is the same write as without `Prefer`: the same intent, the same answer, once.

What ends before that (a restart; a node that was silent before anything was sent) is told as interrupted. The request itself is not
kept, since it may name a company: repeating it with the same key goes on where it ended.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context

from gateway.answers import Answer, Answers, running
from gateway.errors import Problem
from registry import OutcomeUnknown

THREADS = 32
MOST_PENDING = 1_000
PAUSE_SECONDS = 1.0


class Operations:
    """The writes of one gateway that go on by themselves."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._executor = ThreadPoolExecutor(THREADS, thread_name_prefix="operation")
        self._pending: set[tuple[str, str]] = set()
        self._guard = threading.Lock()
        self._closing = threading.Event()

    def start(self, caller: str, key: str, fingerprint: str, act: Callable[[str], Answer]) -> Future[Answer]:
        """
        Go on with a write until its answer is kept.

        Raises:
            Problem: it is under way already (409), or too many are (503).
        """
        with self._guard:
            if (caller, key) in self._pending:
                raise running(caller, key)
            if len(self._pending) >= MOST_PENDING or self._closing.is_set():
                title = "待办请求过多，请稍后再试。 Too many writes are under way; nothing happened, try again."
                raise Problem(503, "TooManyOperations", title, headers={"Retry-After": "5"})
            self._pending.add((caller, key))
            # Its log lines and problems name the request that began it.
            return self._executor.submit(copy_context().run, self._until_kept, caller, key, fingerprint, act)

    def is_pending(self, caller: str, key: str) -> bool:
        """Whether a write goes on here."""
        with self._guard:
            return (caller, key) in self._pending

    def stop(self) -> None:
        """Begin no more, and let none try again. Close the outbox next, which ends their waiting, and then `close`."""
        self._closing.set()

    def close(self) -> None:
        """Wait until all have ended."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _until_kept(self, caller: str, key: str, fingerprint: str, act: Callable[[str], Answer]) -> Answer:
        try:
            while True:
                try:
                    return self._answers.once(caller, key, fingerprint, act)
                except OutcomeUnknown:
                    # Sent, and not final yet: the same intent again waits for the same transaction.
                    if self._closing.wait(PAUSE_SECONDS):
                        raise
        finally:
            with self._guard:
                self._pending.discard((caller, key))
