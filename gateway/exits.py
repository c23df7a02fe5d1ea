"""Exit statuses of `tongquan gateway …`, as everywhere in `tongquan`."""

from collections.abc import Mapping
from enum import IntEnum


class Exit(IntEnum):
    """What came of a command."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    UNREACHABLE = 3
    DIFFERENT = 5


FAMILIES: Mapping[Exit, str] = {
    Exit.REFUSED: "rejected",
    Exit.USAGE: "usage",
    Exit.UNREACHABLE: "unreachable",
    Exit.DIFFERENT: "different",
}
"""The word for it in a refusal that is told as JSON."""
