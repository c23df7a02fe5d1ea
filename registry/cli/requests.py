"""
The names under which a command asks for something to happen once, stored before it is asked.

A request is told by a fingerprint of everything that it asks, by whom and where. As long as its outcome is open (a crash, a silent
gateway, an answer that was lost), the same command finds the name that it was first asked under, and so is not done twice. Once it
was answered, done or refused, the same command is a new request.
"""

import hashlib
import json
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from registry.errors import OutcomeUnknown, Rejected, Unreachable
from registry.private_store import connect_store, open_store

_SCHEMA = """
CREATE TABLE IF NOT EXISTS requests (
    name        TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    what        TEXT NOT NULL,
    open        INTEGER NOT NULL CHECK (open IN (0, 1))
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS open_requests ON requests (fingerprint) WHERE open = 1;
"""


class Requests:
    """The requests of one person's command line, in one file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        open_store(path, _SCHEMA).close()

    @contextmanager
    def once(self, what: str, *asked: object) -> Iterator[str]:
        """
        The name under which to ask: a stored one if the same was asked before and its outcome is open.

        It stays open however the block ends, except in an answer: the block ends well, or with `Rejected`.
        """
        text = json.dumps([what, *asked], ensure_ascii=False, sort_keys=True, default=repr)
        name = self._open(what, hashlib.sha256(text.encode()).hexdigest())
        # COMMIT POINT. From here on the same command asks under the same name, whatever becomes of this process.
        try:
            yield name
        except (Unreachable, OutcomeUnknown):
            raise
        except Rejected:
            self._close(name)
            raise
        self._close(name)

    def unanswered(self) -> list[tuple[str, str]]:
        """Name and subject of requests whose outcome is open."""
        with self._connection() as connection:
            return connection.execute("SELECT name, what FROM requests WHERE open = 1 ORDER BY rowid").fetchall()

    def _open(self, what: str, fingerprint: str) -> str:
        with self._connection() as connection:
            connection.execute(
                "INSERT INTO requests (name, fingerprint, what, open) VALUES (?, ?, ?, 1) ON CONFLICT DO NOTHING",
                (str(uuid.uuid4()), fingerprint, what),
            )
            found: str = connection.execute("SELECT name FROM requests WHERE fingerprint = ? AND open = 1", (fingerprint,)).fetchone()[0]
            return found

    def _close(self, name: str) -> None:
        with self._connection() as connection:
            connection.execute("UPDATE requests SET open = 0 WHERE name = ?", (name,))

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with closing(connect_store(self._path)) as connection:
            yield connection
