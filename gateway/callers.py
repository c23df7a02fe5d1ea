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
    """What a caller is. AGENCY acts for labs (代办机构), AUDITOR reads everything and changes nothing."""

    LAB = "LAB"
    AGENCY = "AGENCY"
    FIRM = "FIRM"
    ISSUER = "ISSUER"
    REVIEWER = "REVIEWER"
    PAYER = "PAYER"
    DIRECTORY = "DIRECTORY"
    AUDITOR = "AUDITOR"


OFFICERS = frozenset({Party.ISSUER, Party.REVIEWER, Party.PAYER, Party.DIRECTORY})
"""Those who act for the gateway's region, each with the account that the caller names."""


OF_LABS = frozenset({Party.LAB, Party.AGENCY})
"""Those who act in labs' names."""

MOST_LABS = 500

BY_CLAIMS = "oidc:"
"""How the names of callers begin that are known by a token; no API key bears such a name."""


class Caller(BaseModel):
    """
    One party. A lab is named by its id, an agency by its labs', a firm by its company code, an officer by the account that signs for it.

    `name` is whose Idempotency-Keys and rate limit these are. `credential` says by what the caller was known (a key's public
    prefix, or a token's subject as a hash): it is what stands in logs, and names nobody.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[^/]{1,200}$")]
    credential: Annotated[str, Field(pattern=r"^[!-~]{1,80}$")]
    party: Party
    region: RegionCode
    lab: Id32 | None = None
    labs: Annotated[tuple[Id32, ...], Field(max_length=MOST_LABS)] = ()
    firm: str | None = None
    account: str | None = None

    @model_validator(mode="after")
    def _is_named(self) -> Self:
        wanted = {Party.LAB: "lab", Party.AGENCY: "labs", Party.FIRM: "firm", Party.AUDITOR: None}.get(self.party, "account")
        named = {name for name in ("lab", "labs", "firm", "account") if getattr(self, name) not in (None, ())}
        if named != ({wanted} if wanted else set()):
            raise ValueError(f"a {self.party} caller takes {wanted or 'none of lab, labs, firm, account'}, not {sorted(named)}")
        if len(set(self.labs)) != len(self.labs):
            raise ValueError("a lab is named twice")
        return self

    @property
    def home(self) -> Region:
        """The caller's region."""
        return Region(self.region)

    @property
    def lab_id(self) -> Id | None:
        """The lab's id, for a lab."""
        return None if self.lab is None else Id(self.lab)

    def acts_for(self, lab: bytes) -> bool:
        """Whether it may act in a lab's name: the lab itself, or an agency with this lab in its scope."""
        return lab == self.lab or lab in self.labs

    def in_name_of(self, lab: Id | None) -> Id | None:
        """In which lab's name it asks about a lab: a lab always in its own, an agency in that of one of its labs, anybody else in none."""
        if self.party is Party.AGENCY:
            return lab if lab is not None and self.acts_for(lab) else None
        return self.lab_id
