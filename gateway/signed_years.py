"""
The signatures that this region's directory put under labs' years, so that a lab can fetch what was signed.

Nothing is lost with this store: the same key signs the same statement with the same bytes again.
"""

from pathlib import Path

from registry import LabYear, PrivateStore, Time

_SCHEMA = """
CREATE TABLE IF NOT EXISTS signatures (
    statement BLOB    PRIMARY KEY,
    at        INTEGER NOT NULL,
    by        TEXT    NOT NULL,
    signature BLOB    NOT NULL
) STRICT;
"""


class SignedYears(PrivateStore):
    """One gateway's signatures under labs' years, by the statement's hash. May be shared by threads."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, _SCHEMA)

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
