"""Fen as people and lists write yuan, and back. Pure."""

import re

from registry.model import Fen

_YUAN = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,2}))?")


def yuan(amount: int | None) -> str:
    """
    Fen as people read yuan; a dash for none.

    >>> yuan(1_000_000_001), yuan(-50)
    ('10,000,000.01', '-0.50')
    """
    if amount is None:
        return "—"
    return ("-" if amount < 0 else "") + f"{abs(amount) // 100:,}.{abs(amount) % 100:02}"


def yuan_cell(amount: int) -> str:
    """
    Fen as a list has yuan, for another program to read.

    >>> yuan_cell(1_000_000_001)
    '10000000.01'
    """
    return yuan(amount).replace(",", "")


def fen_of(text: str) -> Fen | None:
    """
    The fen of yuan in digits, with at most two decimals, no sign and no commas; None where it is anything else.

    >>> fen_of("4800"), fen_of("0.5"), fen_of("4,800")
    (480000, 50, None)
    """
    match = _YUAN.fullmatch(text)
    return None if match is None else Fen(int(match[1]) * 100 + int((match[2] or "0").ljust(2, "0")))
