"""Powers of attorney, and the uses of agents' keys."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from gateway.schemas.basis import AddressText, Amount, BlockSeen, Id32, Next, Seconds, Shape, Text

Sha256 = Annotated[str, Field(strict=True, pattern="^[0-9a-f]{64}$")]
UsePosition = Annotated[str, Field(strict=True, pattern="^[0-9a-f]{18}$", description="A use, as a list names it.")]
UsePositions = Annotated[list[UsePosition], Field(min_length=1, max_length=1_000)]


class PowerKey(Shape):
    """Which power of attorney: the firm's company code, the agent's account, and the SHA-256 of the document."""

    firm: Text
    agent: AddressText
    document_sha256: Sha256

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if not int(self.agent, 16) or not int(self.document_sha256, 16):
            raise ValueError("授权须写明代理人账户与授权书哈希。 A power of attorney names an agent's account and the document's hash.")
        return self


class PowerEntry(PowerKey):
    """A power of attorney that the office was shown; both times inclusive."""

    from_: Annotated[Seconds, Field(alias="from")]
    until: Seconds

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.from_ > self.until:
            raise ValueError("授权的截止时间不得早于起始时间。 A power of attorney does not end before it begins.")
        return self


class PowerWithdrawal(PowerKey):
    """A power of attorney that ends early; `at` is the first second without it."""

    at: Seconds


class PowerNamed(Shape):
    """The power that covers a use, as it held: one that was withdrawn ends the second before."""

    document_sha256: str
    from_: Annotated[int, Field(alias="from")]
    until: int


class PowerSeen(Shape):
    """
    A power of attorney as it was entered, and the first second without it, if it was withdrawn.

    `signs` tells whether the agent's key is the firm's signer now: entering or withdrawing a power changes no key.
    """

    firm: Id32
    agent: AddressText
    document_sha256: str
    from_: Annotated[int, Field(alias="from")]
    until: int
    withdrawn: int | None
    signs: bool


class PowerPage(Shape):
    """Powers of attorney in the order of entering. A firm with two ids has each twice."""

    powers: list[PowerSeen]
    next: Next


class TellingSeen(Shape):
    """When a firm was told of a use, and how: READ where it said so itself, or as an officer noted it."""

    at: int
    how: str


class AgentUse(Shape):
    """
    One use of an agent's key on a firm's behalf, from the chain's events alone.

    `amount` is what was reserved, asked for as subsidy, or given up; null, like `order_id`, where it was no order's. `power` is null where
    none covers it: the key was used before, after or without one.
    """

    position: str
    what: Literal["RESERVE", "REDEEM", "RELEASE", "ROTATE", "VETO"]
    firm: Id32
    agent: AddressText
    order_id: Id32 | None
    amount: Amount | None
    time: int
    block: int
    transaction: Id32
    power: PowerNamed | None
    told: TellingSeen | None


class AgentUsePage(Shape):
    """Uses in the chain's order."""

    uses: list[AgentUse]
    next: Next
    block: BlockSeen


class UsesRead(Shape):
    """Uses of which a firm has read."""

    uses: UsePositions


class UsesTold(Shape):
    """Uses of which a firm was told by other means, and how: a letter, a call."""

    uses: UsePositions
    how: Text

    @model_validator(mode="after")
    def _is_not_the_firms_own_word(self) -> Self:
        if self.how == "READ":
            raise ValueError("“已查看”须由企业自行确认。 That it has read, a firm says itself.")
        return self
