"""
The bodies that review (初审机构、终审机构), each with its accounts and its part of the work.

    {"bodies": [{"name": "初审机构（样例）", "accounts": ["0x…"], "duties": ["FIRST_REVIEW"]},
                {"name": "终审机构（样例）", "accounts": ["0x…", "0x…"], "duties": ["APPROVAL", "REVIEW"]}]}

The chain knows accounts, of which each has one role for one region; which body an account is of, the office says here. Accounts of other
regions and those that were revoked may stand here too: histories name them. A body without `duties` does everything that a reviewer may.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gateway.schemas import AddressText, Text
from registry import Address


class Duty(StrEnum):
    """A part of a reviewer's work: approval before the service (审核确认), first review (初审), review (终审)."""

    APPROVAL = "APPROVAL"
    FIRST_REVIEW = "FIRST_REVIEW"
    REVIEW = "REVIEW"


class Body(BaseModel):
    """One body: its name, its accounts, and what it does."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Text
    accounts: Annotated[tuple[AddressText, ...], Field(min_length=1)]
    duties: Annotated[frozenset[Duty], Field(min_length=1)] = frozenset(Duty)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    bodies: list[Body]

    @model_validator(mode="after")
    def _is_plain(self) -> Self:
        names = [each.name for each in self.bodies]
        accounts = [account for each in self.bodies for account in each.accounts]
        if len(set(names)) < len(names) or len(set(accounts)) < len(accounts):
            raise ValueError("a body stands here once, and an account with one body")
        return self


@dataclass(frozen=True)
class Bodies:
    """The bodies by their accounts. An account that is of none is a body of its own, without a name, and does everything."""

    _by_account: Mapping[str, Body] = field(default_factory=dict)

    def name(self, account: str) -> str | None:
        """The body that an account is of; None if none was named."""
        body = self._by_account.get(account.lower())
        return None if body is None else body.name

    def has_duty(self, account: str, duty: Duty) -> bool:
        """Whether a part of the work is an account's."""
        body = self._by_account.get(account.lower())
        return body is None or duty in body.duties

    def are_same(self, account: str, other: str) -> bool:
        """Whether two accounts are of one body."""
        return account.lower() == other.lower() or (self.name(account) is not None and self.name(account) == self.name(other))


def read(path: Path | None) -> Bodies:
    """
    The bodies of a file; without one, none is named.

    Raises:
        OSError, ValueError: it cannot be read, or is not in the form above.
    """
    if path is None:
        return Bodies()
    return Bodies(dict(_by_account(_File.model_validate_json(path.read_text(encoding="utf-8")).bodies)))


def _by_account(bodies: list[Body]) -> Iterator[tuple[Address, Body]]:
    for body in bodies:
        yield from ((Address(account.lower()), body) for account in body.accounts)
