"""
The catalogues of service types that offices handed in, each under the SHA-256 of its file: what a price report is worked out under.

All stay, so that a report of last year can be worked out again. The one that was handed in last counts where none is named. A catalogue
holds ids of the chain and words, no company codes; it is backed up with the outbox.
"""

from pathlib import Path

from registry import PrivateStore, ServiceTypes, Time

_SCHEMA = """
CREATE TABLE IF NOT EXISTS catalogues (
    number  INTEGER PRIMARY KEY,
    intent  TEXT    NOT NULL UNIQUE,
    at      INTEGER NOT NULL,
    by      TEXT    NOT NULL,
    sha256  TEXT    NOT NULL,
    content BLOB    NOT NULL
) STRICT;
"""


class ServiceTypeFiles(PrivateStore):
    """The catalogues that one gateway was given. May be shared by threads."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, _SCHEMA)

    def hand_in(self, catalogue: ServiceTypes, *, content: bytes, intent_id: str, at: Time, by: str) -> None:
        """Let this catalogue count from now on, once for one intent."""
        with self._guard:
            # COMMIT POINT. A crash before it leaves the catalogue that counted; one after it, this one.
            self._connection.execute(
                "INSERT INTO catalogues VALUES (NULL, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", (intent_id, at, by, catalogue.sha256, content)
            )

    def find(self, sha256: str | None) -> ServiceTypes | None:
        """The catalogue of this SHA-256, or the last one; None where there is none."""
        query = "SELECT content FROM catalogues WHERE ? IS NULL OR sha256 = ? ORDER BY number DESC LIMIT 1"
        with self._guard:
            found = self._connection.execute(query, (sha256, sha256)).fetchone()
        return None if found is None else ServiceTypes.read(found[0])
