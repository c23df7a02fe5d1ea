"""What a call is: a verb with its arguments, that says what it does in a given turn."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

from registry.events import Event
from registry.model import NO_ADDRESS, Address, Digest, Time
from registry.rules.ledger import Ledger

NO_REASON = Digest(bytes(32))


@dataclass(frozen=True, slots=True)
class Turn:
    """The state that a call finds, who sends it, and the block's time."""

    ledger: Ledger
    sender: Address
    now: Time


@dataclass(frozen=True, slots=True)
class Call(ABC):
    """A verb of a contract with its arguments."""

    @abstractmethod
    def events(self, turn: Turn) -> Iterator[Event]:
        """
        Yield the contract's events in order. Each is folded into the turn's ledger before the next is asked for.

        Raises:
            Rejected: the contract refuses, with this error and these values.
        """


@dataclass(frozen=True, slots=True)
class Signers:
    """
    Who signed a record in the firm's and in the lab's place, traced back from the signatures.

    None is the sender's own word, NO_ADDRESS a signature that is nobody's.

    With a `reason` (redemptions only) a reviewer stands in for the party that is not paid: `stand_in` is who signed the
    `StandIn` in that party's place.
    """

    firm: Address | None = None
    lab: Address | None = None
    reason: Digest = NO_REASON
    stand_in: Address | None = None


NOBODY = Signers(NO_ADDRESS, NO_ADDRESS, stand_in=NO_ADDRESS)
"""Not one valid signature."""
