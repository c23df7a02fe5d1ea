"""
What can go wrong, in three families that a caller can act on.

    TongquanError
    ├── Rejected         the registry said no, and why; nothing changed
    ├── Unreachable      no node answered before anything was sent; nothing happened
    └── OutcomeUnknown   it was sent and may have happened; ask by `transaction` before telling anyone that it failed
"""

from collections.abc import Mapping
from typing import Any


class TongquanError(Exception):
    """Anything this library raises on purpose."""


class Rejected(TongquanError):
    """
    The registry refused, and nothing changed.

    `code` is the contracts' own error name, for example `PoolShort`; `values` are its values by their Solidity names. A refusal
    that names no error (malformed calldata) has the code `Malformed`, an arithmetic or other panic `Panic` with its `code`.
    """

    def __init__(self, code: str, values: Mapping[str, Any] | None = None) -> None:
        """Name the refusal and carry its values."""
        self.code = code
        self.values = dict(values or {})
        super().__init__(f"{code}({', '.join(f'{name}={value!r}' for name, value in self.values.items())})")


class Unreachable(TongquanError):
    """No node answered, and nothing was sent. Trying again is safe."""


class OutcomeUnknown(TongquanError):
    """It was sent, and no receipt came back. Ask for `transaction`, or send the very same bytes again; both are safe."""

    def __init__(self, transaction: str, reason: str) -> None:
        """Carry the hash of the transaction whose fate is open."""
        self.transaction = transaction
        super().__init__(f"{transaction}: {reason}")
