"""
What is typed, made into values. Pure. Each function raises `typer.BadParameter`, which is wrong usage, never a refusal.

Money carries its unit, because a hundredfold error is one zero pair away: 4800yuan or 4800元, 480000fen or 480000分.
A date is its last second, UTC+8, as last days of vouchers are; a point in time may also be Unix seconds.
"""

import re
from datetime import date, datetime

import typer

from registry.codec import checksummed
from registry.model import CHINA, NO_ADDRESS, Address, Digest, Fen, Id, Region, Time
from registry.money import fen_of

LAST_TIME = 2**40 - 1

_YUAN = re.compile(r"(.*)(?:yuan|元)")
_FEN = re.compile(r"([0-9]{1,17})(?:fen|分)")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SECONDS = re.compile(r"[0-9]{1,12}")
_ID = re.compile(r"0x[0-9a-fA-F]{64}")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_MONTH = re.compile(r"([1-9][0-9]{3})-(0[1-9]|1[0-2])")
_BATCH = re.compile(r"[1-9][0-9]{0,6}")
_REGION = re.compile(r"[1-9][0-9]{5}")


def money(text: str) -> Fen:
    """
    An amount in fen.

    >>> money("4800yuan"), money("0.5元"), money("480000fen")
    (480000, 50, 480000)
    """
    if (match := _YUAN.fullmatch(text)) and (amount := fen_of(match[1])) is not None:
        return amount
    if match := _FEN.fullmatch(text):
        return Fen(int(match[1]))
    raise typer.BadParameter(
        f"金额写作 4800元、0.5元 或 480000分。 An amount is written like 4800yuan, 0.5yuan or 480000fen, not {text!r}."
    )


def last_second(text: str) -> Time:
    """
    The last second of a day in China, or Unix seconds.

    >>> last_second("2026-12-31")
    1798732799
    """
    return _time(text, datetime.max.time())


def first_second(text: str) -> Time:
    """
    The first second of a day in China, or Unix seconds.

    >>> first_second("2026-01-01")
    1767196800
    """
    return _time(text, datetime.min.time())


def _time(text: str, at: object) -> Time:
    if _SECONDS.fullmatch(text):
        found = int(text)
    elif _DATE.fullmatch(text):
        try:
            day = datetime.fromisoformat(text).replace(tzinfo=CHINA)
        except ValueError as impossible:
            raise _no_date(text) from impossible
        midnight = int(day.timestamp())
        found = midnight if at == datetime.min.time() else midnight + 86_399
    else:
        raise _no_date(text)
    if not 0 <= found <= LAST_TIME:
        raise _no_date(text)
    return Time(found)


def _no_date(text: str) -> typer.BadParameter:
    return typer.BadParameter(
        f"日期形如 2026-12-31，且须有这一天。 A date is written like 2026-12-31, and is one of the calendar's, not {text!r}."
    )


def day(text: str) -> str:
    """
    A day, as it is written.

    >>> day("2026-12-31")
    '2026-12-31'
    """
    if not _DATE.fullmatch(text):
        raise _no_date(text)
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as impossible:
        raise _no_date(text) from impossible


def batch(text: str) -> int:
    """
    A batch's number.

    >>> batch("3")
    3
    """
    if not _BATCH.fullmatch(text):
        raise typer.BadParameter(f"批次为正整数。 A batch goes by a number, not {text!r}.")
    return int(text)


def record_id(text: str) -> Id:
    """An id or tag: 0x and 64 hexadecimal digits."""
    if not _ID.fullmatch(text):
        raise typer.BadParameter(f"编号为 0x 加 64 位十六进制数字。 An id is 0x and 64 hexadecimal digits, not {text!r}.")
    return Id(bytes.fromhex(text[2:]))


def digest(text: str) -> Digest:
    """A hash, in the form of an id."""
    return Digest(record_id(text))


def address(text: str) -> Address:
    """
    An account. One in mixed case must have the right checksum (ERC-55); the zero address is none.

    >>> address("0x7e5f4552091a69125d5dfcb7b8c2659029395bdf")
    '0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf'
    """
    if not _ADDRESS.fullmatch(text):
        raise typer.BadParameter(f"账户地址为 0x 加 40 位十六进制数字。 An account is 0x and 40 hexadecimal digits, not {text!r}.")
    found = checksummed(bytes.fromhex(text[2:]))
    if found == NO_ADDRESS or (text[2:] not in (text[2:].lower(), text[2:].upper()) and text != found):
        raise typer.BadParameter(f"账户地址有误，校验不符。 {text} is no account: its checksum is wrong, or it is zero.")
    return found


def month(text: str) -> int:
    """
    A month in China, as year × 100 + month.

    >>> month("2026-11")
    202611
    """
    match = _MONTH.fullmatch(text)
    if match is None:
        raise typer.BadParameter(f"月份形如 2026-11。 A month is 2026-11, not {text!r}.")
    return int(match[1]) * 100 + int(match[2])


def region(text: str) -> Region:
    """
    A region's code of six digits (GB/T 2260).

    >>> region("310000")
    310000
    """
    if not _REGION.fullmatch(text):
        raise typer.BadParameter(f"地区代码为 6 位数字。 A region's code has six digits, not {text!r}.")
    return Region(int(text))
