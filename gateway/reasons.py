"""
Why a region flagged, seconded, reversed or stood in: the words, which stay here, and the salt of the hash that goes to the chain.

Like the outbox this is the gateway's own and is backed up: without it nobody can show which words a hash stands for.
"""

import secrets
from dataclasses import dataclass
from pathlib import Path

from registry import Digest, PrivateStore, salted, words_in

_SALT_BYTES = 32
_SCHEMA = """
CREATE TABLE IF NOT EXISTS reasons (intent TEXT PRIMARY KEY, digest BLOB NOT NULL, salt BLOB NOT NULL, text TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS reasons_by_half ON reasons (substr(digest, 1, 16));
"""


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason: HMAC-SHA-256 of `text` in UTF-8 under `salt` gives `digest`."""

    text: str
    salt: bytes
    digest: Digest


class Reasons(PrivateStore):
    """The reasons that one gateway was given. May be shared by threads."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, _SCHEMA)

    def keep(self, intent_id: str, text: str) -> Reason:
        """Keep the reason of an act before it is sent. The same intent gets the same salt, so that a repeated call is the same call."""
        salt = secrets.token_bytes(_SALT_BYTES)
        with self._guard:
            self._connection.execute(
                "INSERT INTO reasons VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", (intent_id, salted(text.encode(), salt), salt, text)
            )
            # COMMIT POINT. A crash from here on leaves words that no event refers to, which harms nobody.
            found = self._connection.execute("SELECT text, salt, digest FROM reasons WHERE intent = ?", (intent_id,)).fetchone()
        return Reason(*found)

    def of(self, marked: bytes) -> Reason | None:
        """The reason of a flag, which shares its 32 bytes with the ground (`registry.grounds`), if it was given here."""
        query = "SELECT text, salt, digest FROM reasons WHERE substr(digest, 1, 16) = ?"
        with self._guard:
            found = self._connection.execute(query, (words_in(marked),)).fetchone()
        return None if found is None else Reason(*found)
