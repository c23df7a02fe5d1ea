"""
The signatures that this region's directory put under labs' years, so that a lab can fetch what was signed.

Nothing is lost with this store: the same key signs the same statement with the same bytes again.
"""

import threading
from pathlib import Path

from registry import LabYear, Time, open_store

_SCHEMA = """
CREATE TABLE IF NOT EXISTS signatures (
    statement BLOB    PRIMARY KEY,
    at        INTEGER NOT NULL,
    by        TEXT    NOT NULL,
    signature BLOB    NOT NULL
) STRICT;
"""


class SignedYears:
    """One gateway's signatures under labs' years, by the statement's hash. May be shared by threads."""

    def __init__(self, path: Path) -> None:
        self._guard = threading.Lock()
        self._connection = open_store(path, _SCHEMA)

    def keep(self, year: LabYear, signature: bytes, *, at: Time, by: str) -> None:
        """Keep a signature; a newer one, of another account perhaps, takes its place."""
        with self._guard:
            # COMMIT POINT. A crash before it leaves what was there; signing again does it.
            self._connection.execute("INSERT OR REPLACE INTO signatures VALUES (?, ?, ?, ?)", (year.hash, at, by, signature))

    def signature(self, year: LabYear) -> bytes | None:
        """The signature under this very statement, if there is one."""
        with self._guard:
            found = self._connection.execute("SELECT signature FROM signatures WHERE statement = ?", (year.hash,)).fetchone()
        return None if found is None else bytes(found[0])

    def close(self) -> None:
        """Close the file."""
        with self._guard:
            self._connection.close()
