"""
API keys: each for one party in one role, until it expires or is revoked.

    tq_1f0c9a3e_h5Xo…      `tq_1f0c9a3e` is the prefix: public, shown in lists and logs, by which a key is revoked
                           the rest is 256 random bits, shown once and kept nowhere

The file holds SHA-256 hashes. The keys are random, so a plain hash is enough: there is no dictionary to try. Hashes are found by
equality, not compared in constant time: how long that takes could tell something of the hash of what a stranger sent, never of a
key, since nobody can choose an input by the hash that it should have.

The file may be changed by another process (`tongquan gateway keys revoke`) while a gateway runs: every question looks first whether
it was, so that a revoked key is refused from the next request on.
"""

import asyncio
import hashlib
import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from gateway.callers import BY_CLAIMS, Caller, Party
from registry import PrivateStore

FILE = "keys.sqlite"
MARK = "tq_"
SECRET_BYTES = 32
PREFIX_BYTES = 4
DAY = 86_400

_SCHEMA = """
CREATE TABLE IF NOT EXISTS keys (
    prefix  TEXT    PRIMARY KEY,
    sha256  BLOB    NOT NULL UNIQUE,
    name    TEXT    NOT NULL,
    party   TEXT    NOT NULL,
    region  INTEGER NOT NULL,
    lab     BLOB,
    firm    TEXT,
    account TEXT,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    revoked INTEGER
) STRICT;
CREATE TABLE IF NOT EXISTS agency_labs (
    prefix TEXT    NOT NULL,
    place  INTEGER NOT NULL,
    lab    BLOB    NOT NULL,
    PRIMARY KEY (prefix, place)
) STRICT;
"""
_COLUMNS = "prefix, sha256, name, party, region, lab, firm, account, created, expires, revoked"


class KeyRefused(ValueError):
    """A key could not be added or revoked, and why; nothing changed."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is kept of a key. Times are Unix seconds; it holds up to the second `expires`, inclusive."""

    prefix: str
    caller: Caller
    created: int
    expires: int
    revoked: int | None

    def holds(self, now: float) -> bool:
        """Whether the key opens anything now."""
        return self.revoked is None and now <= self.expires


class ApiKeys(PrivateStore):
    """The keys of one gateway, in its state folder. May be shared by threads, and the file by processes."""

    def __init__(self, state: Path, clock: Callable[[], float] = time.time) -> None:
        # Whoever makes it first: answers and look-ups lie beside the keys.
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        super().__init__(state / FILE, _SCHEMA)
        self._clock = clock
        self._version = -1
        self._looked = False
        self._by_hash: Mapping[bytes, ApiKey] = {}

    def add(
        self,
        *,
        name: str,
        party: Party,
        region: int,
        lab: bytes | None = None,
        labs: Sequence[bytes] = (),
        firm: str | None = None,
        account: str | None = None,
        days: int = 365,
    ) -> tuple[str, ApiKey]:
        """
        Make a key that holds for `days` days; the key itself is in the answer, and never again anywhere.

        Several keys may bear one name, so that a party changes its key without a gap, if all stand for the same party. Those of an agency
        may name different labs: its scope changes with a new key.

        Raises:
            KeyRefused: the party lacks its lab, labs, firm or account, the name stands for another party
                or cannot be printed, or `days` is not positive.
        """
        if days < 1:
            raise KeyRefused("a key holds for at least one day")
        if name.startswith(BY_CLAIMS):
            raise KeyRefused(f"names that begin with {BY_CLAIMS} are for tokens")
        # A name stands in lists for people: one that ends a line would begin another's.
        if name.isspace() or not name.isprintable():
            raise KeyRefused("a name is text that can be printed")
        prefix = MARK + secrets.token_hex(PREFIX_BYTES)
        try:
            caller = Caller(name=name, credential=prefix, party=party, region=region, lab=lab, labs=tuple(labs), firm=firm, account=account)
        except ValidationError as invalid:
            raise KeyRefused("; ".join(each["msg"] for each in invalid.errors())) from invalid
        key = f"{prefix}_{secrets.token_urlsafe(SECRET_BYTES)}"
        now = int(self._clock())
        made = ApiKey(prefix, caller, created=now, expires=now + days * DAY, revoked=None)
        with self._guard, self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._require_same_party(caller)
            self._connection.execute(
                f"INSERT INTO keys ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",  # noqa: S608 - our own words
                (prefix, hash_of(key), name, caller.party, region, caller.lab, firm, account, made.created, made.expires),
            )
            scope = [(prefix, place, each) for place, each in enumerate(caller.labs)]
            self._connection.executemany("INSERT INTO agency_labs VALUES (?, ?, ?)", scope)
            self._version = -1
        return key, made

    def list(self) -> list[ApiKey]:
        """All keys ever made, in the order of making."""
        with self._guard:
            return list(self._read().values())

    def revoke(self, prefix: str) -> ApiKey:
        """
        End a key for ever, from the next request on. Revoking it again changes nothing.

        Raises:
            KeyRefused: there is no key of this prefix.
        """
        with self._guard:
            self._connection.execute("UPDATE keys SET revoked = ? WHERE prefix = ? AND revoked IS NULL", (int(self._clock()), prefix))
            self._version = -1
            found = next((each for each in self._read().values() if each.prefix == prefix), None)
        if found is None:
            raise KeyRefused(f"there is no key {prefix}")
        return found

    def of(self, key: str) -> Caller | None:
        """Whose key this is; None if it is nobody's, expired or revoked."""
        self._look()
        return self._holder(key)

    def found(self, key: str) -> Caller | None:
        """
        `of` within a coroutine of one loop. The file is looked at once in a turn of the loop, for all who ask in it.

        They were all there before: a coroutine that goes on in this turn was told to in the one before, or before the look.
        """
        if not self._looked:
            self._look()
            self._looked = True
            asyncio.get_running_loop().call_soon(self._turn_is_over)
        return self._holder(key)

    def _look(self) -> None:
        """Read the file again if it was changed."""
        with self._guard:
            # Changes with every commit of another process; our own set it back by hand.
            version: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
            if version != self._version:
                self._by_hash = self._read()
                self._version = version

    def _turn_is_over(self) -> None:
        self._looked = False

    def _holder(self, key: str) -> Caller | None:
        found = self._by_hash.get(hash_of(key))
        return found.caller if found is not None and found.holds(self._clock()) else None

    def _require_same_party(self, caller: Caller) -> None:
        for each in self._read().values():
            same = {"credential": caller.credential, "labs": caller.labs}
            if each.caller.name == caller.name and each.caller.model_copy(update=same) != caller:
                raise KeyRefused(f"the name {caller.name} stands for another party")

    def _read(self) -> dict[bytes, ApiKey]:
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM keys ORDER BY created, rowid")  # noqa: S608 - our own words
        labs: dict[str, list[bytes]] = defaultdict(list)
        for prefix, lab in self._connection.execute("SELECT prefix, lab FROM agency_labs ORDER BY prefix, place"):
            labs[prefix].append(lab)
        return {row[1]: _api_key(row, labs.get(row[0], ())) for row in rows}


def hash_of(key: str) -> bytes:
    """What the file keeps of a key."""
    return hashlib.sha256(key.encode()).digest()


def _api_key(
    row: tuple[str, bytes, str, str, int, bytes | None, str | None, str | None, int, int, int | None], labs: Sequence[bytes]
) -> ApiKey:
    prefix, _, name, party, region, lab, firm, account, created, expires, revoked = row
    caller = Caller(name=name, credential=prefix, party=Party(party), region=region, lab=lab, labs=tuple(labs), firm=firm, account=account)
    return ApiKey(prefix, caller, created, expires, revoked)
