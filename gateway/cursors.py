"""
Cursors: where the next page begins, for the same question only.

    base64url( first 9 bytes of SHA-256(question) ‖ position )

A cursor is opaque to callers and holds no secret: what a page shows is decided anew each time. It is bound to its question, so that
the cursor of one list in another is refused instead of answered with rows left out.
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from gateway.errors import Problem
from registry import Id

MOST_CHARACTERS = 200
_BOUND = 9
_NUMBER = re.compile("[1-9][0-9]{0,17}")


@dataclass(frozen=True)
class Question:
    """A list that somebody asks for: its route, who asks, and every filter."""

    route: str
    caller: str
    filters: tuple[Any, ...] = ()

    def cursor(self, position: str) -> str:
        """The cursor that continues after a position."""
        return base64.urlsafe_b64encode(self._fingerprint + position.encode()).decode()

    def position(self, cursor: str | None) -> str | None:
        """
        The position after which a page begins; None for the first.

        Raises:
            Problem: it is no cursor, or another question's.
        """
        if cursor is None:
            return None
        try:
            found = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True)
            position = found[_BOUND:].decode("ascii")
        except (binascii.Error, UnicodeError) as malformed:
            raise refused() from malformed
        if found[:_BOUND] != self._fingerprint:
            raise Problem(422, "CursorDiffers", "该游标属于另一查询。 This cursor belongs to another query.")
        return position

    def number(self, cursor: str | None) -> int | None:
        """
        The number of the row after which a page begins; None for the first.

        Raises:
            Problem: it is no cursor, or another question's.
        """
        position = self.position(cursor)
        if position is None:
            return None
        if not _NUMBER.fullmatch(position):
            raise refused()
        return int(position)

    def page(self, ids: Iterable[Id], cursor: str | None, limit: int, keep: Callable[[Id], bool]) -> tuple[list[Id], str | None]:
        """
        The next ids of a list that only grows at its end, and the cursor after them; None if there are no more.

        Raises:
            Problem: the cursor names none of them.
        """
        position = self.position(cursor)
        left = iter(ids)
        if position is not None and not any(each.hex() == position for each in left):
            raise refused()
        found: list[Id] = []
        for each in left:
            if keep(each):
                if len(found) == limit:
                    return found, self.cursor(found[-1].hex())
                found.append(each)
        return found, None

    @property
    def _fingerprint(self) -> bytes:
        text = json.dumps([self.route, self.caller, *self.filters], default=str)
        return hashlib.sha256(text.encode()).digest()[:_BOUND]


def refused() -> Problem:
    """No cursor that this gateway gave out."""
    return Problem(422, "CursorRefused", "游标无效。 This is no cursor of this gateway.")
