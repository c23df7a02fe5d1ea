"""
Idempotency-Key: the same key and request give the same answer for ever, however often and whenever they come.

The answer is kept here, the act itself in the outbox under an intent id that follows from caller and key. So a crash between the
two is harmless: the repeated request finds no answer, acts again under the same intent, and gets what the first act did.

Whatever the act came to is kept, refusals too, also that something was not there or not the caller's: whoever was told so must not
find it done by a late copy of the request. To ask again after things have changed takes a new key. Not kept is what is no answer yet (a
silent or stale node, an outcome that is open, a fault of ours): repeating the request is how to find out. What is refused before the
write is looked at (no valid key or token, the wrong role, too often, a malformed body) never comes here.

However many ask at once with one key, one acts: which keys are running is this process's to know (`gateway.operations` beside it), and
a gateway is one process, since its outbox lets no second one have its accounts. The others are told so (409).
"""

import hashlib
import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.errors import Problem, problem_of
from registry import connect_store, open_store

_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    caller      TEXT NOT NULL,
    key         TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    status      INTEGER,
    body        TEXT,
    operation   TEXT NOT NULL UNIQUE,
    PRIMARY KEY (caller, key)
) STRICT;
"""

_KEPT_REFUSALS = frozenset({403, 404, 409, 413, 422})


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a JSON body."""

    status: int
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """A write by its operation id: whose key it is, and its answer once that is kept."""

    id: str
    caller: str
    key: str
    answer: Answer | None


def operation_id(caller: str, key: str) -> str:
    """The name of a write for polling. It follows from caller and key, and is told to that caller only."""
    return hashlib.sha256(f"{caller}\0{key}".encode()).hexdigest()[:32]


def intent_id(caller: str, key: str) -> str:
    """The name under which the outbox does a write once."""
    return f"{caller}/{key}"


def running(caller: str, key: str) -> Problem:
    """Says that a key's first request is under way, and where to ask what became of it."""
    title = "同一请求仍在处理中。 The first request with this key is still running."
    operation = operation_id(caller, key)
    headers = {"Retry-After": "1", "Location": f"/v1/operations/{operation}"}
    return Problem(409, "IdempotencyKeyRunning", title, headers=headers, operation=operation)


class Answers:
    """The answers of one gateway, in one file. May be shared by threads of one process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._guard = threading.Lock()
        self._running: set[tuple[str, str]] = set()
        open_store(path, _SCHEMA).close()

    def once(self, caller: str, key: str, fingerprint: str, act: Callable[[str], Answer]) -> Answer:
        """
        Answer as before, or act under the intent id of this caller and key and keep the answer.

        Raises:
            Problem: the key was used for another request (422), or its first request is still running (409).
            Exception: whatever `act` raises that is no lasting refusal.
        """
        with self._exclusively(caller, key):
            known = self.begin(caller, key, fingerprint)
            if known is not None:
                return known
            try:
                answer = act(intent_id(caller, key))
            except Exception as failure:
                problem = problem_of(failure)
                if problem["status"] not in _KEPT_REFUSALS:
                    raise
                answer = Answer(problem["status"], problem)
            # COMMIT POINT. A crash before it: the act stands in the outbox, and the next request with this key finds it there.
            with self._connection() as connection:
                connection.execute(
                    "UPDATE answers SET status = ?, body = ? WHERE caller = ? AND key = ?",
                    (answer.status, json.dumps(answer.body, ensure_ascii=False), caller, key),
                )
            return answer

    @contextmanager
    def _exclusively(self, caller: str, key: str) -> Iterator[None]:
        with self._guard:
            if (caller, key) in self._running:
                raise running(caller, key)
            self._running.add((caller, key))
        try:
            yield
        finally:
            with self._guard:
                self._running.discard((caller, key))

    def begin(self, caller: str, key: str, fingerprint: str) -> Answer | None:
        """
        Tie a key to its request, and give the answer if there is one already.

        Raises:
            Problem: the key was used for another request (422).
        """
        with self._connection() as connection:
            connection.execute(
                "INSERT INTO answers (caller, key, fingerprint, operation) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (caller, key, fingerprint, operation_id(caller, key)),
            )
            found = connection.execute(
                "SELECT fingerprint, status, body FROM answers WHERE caller = ? AND key = ?", (caller, key)
            ).fetchone()
        if found[0] != fingerprint:
            title = "该 Idempotency-Key 已用于其他请求。 This Idempotency-Key stands for another request."
            raise Problem(422, "IdempotencyKeyReused", title)
        return None if found[1] is None else Answer(found[1], json.loads(found[2]))

    def operation(self, caller: str, operation: str) -> Operation | None:
        """A caller's own write by its operation id."""
        with self._connection() as connection:
            found = connection.execute(
                "SELECT key, status, body FROM answers WHERE caller = ? AND operation = ?", (caller, operation)
            ).fetchone()
        if found is None:
            return None
        answer = None if found[1] is None else Answer(found[1], json.loads(found[2]))
        return Operation(operation, caller, found[0], answer)

    def is_running(self, caller: str, key: str) -> bool:
        """Whether a request with this key is under way."""
        with self._guard:
            return (caller, key) in self._running

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with closing(connect_store(self._path)) as connection:
            yield connection
