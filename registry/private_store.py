"""SQLite files that nobody but their owner can read, and that keep every commit through a power cut."""

import os
import sqlite3
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from registry.files import OWNER_ONLY

BUSY_SECONDS = 30.0


class PrivateStore:
    """What is kept in one such file. May be shared by threads: whoever uses `_connection` holds `_guard`."""

    def __init__(self, path: Path, schema: str) -> None:
        """Raises as `open_store`."""
        self._guard = threading.Lock()
        self._connection = open_store(path, schema)

    def close(self) -> None:
        """Close the file."""
        with self._guard:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def open_store(path: Path, schema: str) -> sqlite3.Connection:
    """
    Open a file, or make it first, with these tables in it.

    The connection may be shared by threads that take turns. Its transactions are begun by hand; each is on the disk when its commit
    returns.

    Raises:
        sqlite3.Error: it cannot be made or used.
    """
    try:
        _make_private(path)
    except OSError as failure:
        raise sqlite3.OperationalError(f"{path}: {failure.strerror}") from failure
    connection = connect_store(path)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(schema)
    except BaseException:
        connection.close()
        raise
    return connection


def _make_private(path: Path) -> None:
    """Have the file there and its owner's alone; SQLite gives the files beside it the same mode, and would let the umask decide."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, OWNER_ONLY)
    try:
        os.fchmod(descriptor, OWNER_ONLY)
    finally:
        os.close(descriptor)


def connect_store(path: Path) -> sqlite3.Connection:
    """Another connection to the same file."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_SECONDS)
    connection.execute("PRAGMA synchronous = FULL")
    # Else SQLite makes and removes a file in the system's folder for each statement that it might have to undo.
    connection.execute("PRAGMA temp_store = MEMORY")
    return connection
