"""
Who may call: API keys, each for one party in one role.

The file holds no key, only SHA-256 hashes; keys are random, so a plain hash is enough. Whoever makes the file hands each key to
its party once. A key lets a party ask; what moves money is a signature on the chain, not a key.

    {"callers": [{"name": "…", "sha256": "…", "party": "LAB", "region": 310000, "lab": "0x…"}, …]}
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gateway.schemas import Id32, RegionCode
from registry import Id, Region

KEY_BYTES = 32


class Party(StrEnum):
    """What a caller is. AUDITOR reads everything and changes nothing."""

    LAB = "LAB"
    FIRM = "FIRM"
    ISSUER = "ISSUER"
    REVIEWER = "REVIEWER"
    PAYER = "PAYER"
    DIRECTORY = "DIRECTORY"
    AUDITOR = "AUDITOR"


OFFICERS = frozenset({Party.ISSUER, Party.REVIEWER, Party.PAYER, Party.DIRECTORY})
"""Those who act for the gateway's region, each with the account that the key names."""


class Caller(BaseModel):
    """
    One party. A lab is named by its id, a firm by its company code in its home region, an officer by the account that signs for it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[^/]+$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", repr=False)]
    party: Party
    region: RegionCode
    lab: Id32 | None = None
    firm: str | None = None
    account: str | None = None

    @model_validator(mode="after")
    def _is_named(self) -> Self:
        wanted = {Party.LAB: "lab", Party.FIRM: "firm", Party.AUDITOR: None}.get(self.party, "account")
        named = {name for name in ("lab", "firm", "account") if getattr(self, name) is not None}
        if named != ({wanted} if wanted else set()):
            raise ValueError(f"a {self.party} caller takes {wanted or 'none of lab, firm, account'}, not {sorted(named)}")
        return self

    @property
    def home(self) -> Region:
        """The caller's region."""
        return Region(self.region)

    @property
    def lab_id(self) -> Id | None:
        """The lab's id, for a lab."""
        return None if self.lab is None else Id(self.lab)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    callers: list[Caller]


@dataclass(frozen=True)
class Callers:
    """All callers of a gateway, by the hash of their key."""

    by_hash: Mapping[str, Caller]

    @classmethod
    def read(cls, path: Path) -> Self:
        """
        Read the file of callers.

        Raises:
            ValueError: it is not in the form above, or two callers share a key or a name.
        """
        found = _File.model_validate_json(path.read_text(encoding="utf-8")).callers
        by_hash = {each.sha256: each for each in found}
        if len(by_hash) != len(found) or len({each.name for each in found}) != len(found):
            raise ValueError(f"{path}: two callers share a key or a name")
        return cls(by_hash)

    def of(self, key: str) -> Caller | None:
        """Whose key this is."""
        return self.by_hash.get(hash_of(key))


def new_key() -> str:
    """A random API key, to be shown to its party once."""
    return secrets.token_urlsafe(KEY_BYTES)


def hash_of(key: str) -> str:
    """What the file keeps of a key."""
    return hashlib.sha256(key.encode()).hexdigest()
