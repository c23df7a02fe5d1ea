"""
Who calls: one party in one role, whichever way it showed who it is (`gateway.api_keys`, `gateway.oidc`).

Being a caller lets a party ask; what moves money is a signature on the chain, which no caller's key can make.
"""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gateway.schemas import Id32, RegionCode
from registry import Id, Region


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
"""Those who act for the gateway's region, each with the account that the caller names."""


BY_CLAIMS = "oidc:"
"""How the names of callers begin that are known by a token; no API key bears such a name."""


class Caller(BaseModel):
    """
    One party. A lab is named by its id, a firm by its company code in its home region, an officer by the account that signs for it.

    `name` is whose Idempotency-Keys and rate limit these are. `credential` says by what the caller was known (a key's public
    prefix, or a token's subject as a hash): it is what stands in logs, and names nobody.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[^/]{1,200}$")]
    credential: Annotated[str, Field(pattern=r"^[!-~]{1,80}$")]
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
