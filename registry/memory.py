"""
A chain in memory: the rules, a clock and a log, without node, keys or gas. A peer for tests and trials, not for records.

Each call is a block of its own with one transaction. A refused one leaves nothing behind, not even a block.
"""

from collections.abc import Mapping, Sequence

from registry.events import Contract, Event, Logged, Position
from registry.model import Address, Digest, Founder, Time
from registry.rules import Call, Ledger, admit, apply, decide
from registry.solidity import checksummed, keccak

ADDRESSES: Mapping[Contract, Address] = {each: checksummed(keccak(each.encode())[-20:]) for each in Contract}
"""Where the contracts of every chain in memory stand."""


class InMemoryChain:
    """
    The five contracts with their founders, at a time that only `wait` moves.

    `ledger` is the state, `log` every event so far with its place. As on a chain, no registry is authorised at first.
    """

    def __init__(self, founders: Sequence[Founder], *, now: Time) -> None:
        self.ledger = Ledger(registry=ADDRESSES[Contract.VOUCHER_REGISTRY])
        self.log: list[Logged] = []
        self.now = now
        self._block = 0
        for founder in founders:
            for event in admit(self.ledger, founder.region, admin=founder.admin, recovery=founder.recovery):
                apply(self.ledger, event, now)
                self._write(event, len(self.log))

    def execute(self, call: Call, sender: Address) -> tuple[Event, ...]:
        """
        Run one call in a block of its own: all of it, or nothing.

        Raises:
            Rejected: the contracts would refuse; nothing changed.
        """
        decided = decide(self.ledger, call, sender, self.now)
        self._block += 1
        for place, event in enumerate(decided):
            apply(self.ledger, event, self.now)
            self._write(event, place)
        return decided

    def wait(self, seconds: int) -> Time:
        """Let time pass, and return what it is then."""
        if seconds < 0:
            raise ValueError(f"no chain goes back by {-seconds} seconds")
        self.now = Time(self.now + seconds)
        return self.now

    def _write(self, event: Event, place: int) -> None:
        transaction = Digest(keccak(f"transaction of block {self._block}".encode()))
        position = Position(self._block, 0, place)
        self.log.append(Logged(event, ADDRESSES[event.contract], position, self.now, transaction))
