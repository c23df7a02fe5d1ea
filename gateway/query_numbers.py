"""
Query numbers (查询编号): by what somebody on the telephone names one row of a gateway's look-up log.

    310000-118-7     310000   the gateway's region
                     118      the row's number in its log
                     7        a check character over both: ISO 7064 MOD 11-2, 0 to 9 or X, as on an identity card (GB 11643)

One digit that was misheard, or two neighbours that were swapped, never give another number. Spaces, dashes and full-width digits are
read as a person types them.
"""

import re
import unicodedata

from gateway.errors import Problem
from registry import Region

MOST_CHARACTERS = 40
_MODULUS = 11
_ZERO = ord("0")
_CHARACTERS = "0123456789X"
_BETWEEN = re.compile(r"[\s\-‐-―−]")
_NUMBER = re.compile("([1-9][0-9]{5})([1-9][0-9]{0,17})([0-9X])")


def query_number(region: Region, row: int) -> str:
    """
    The number of a row of a region's log.

    >>> query_number(Region(310000), 118)
    '310000-118-7'
    """
    return f"{region}-{row}-{_check(f'{region}{row}')}"


def row_named(region: Region, number: str) -> int:
    """
    The row that a number names in a region's own log.

    >>> row_named(Region(310000), "３１００００ 118 7")
    118

    Raises:
        Problem: a digit of it is wrong, or it is of another region's gateway.
    """
    read = _BETWEEN.sub("", unicodedata.normalize("NFKC", number)).upper()
    found = _NUMBER.fullmatch(read)
    if found is None or found[3] != _check(found[1] + found[2]):
        title = "查询编号有误，请重新核对每一位。 A character of this query number is wrong; have it read out again."
        raise Problem(422, "QueryNumberRefused", title, number=number)
    if int(found[1]) != region:
        title = "该查询编号属于其他地区，请向该地区平台查询。 This query number is of another region's gateway; ask there."
        raise Problem(404, "QueryNumberElsewhere", title, number=number, region=int(found[1]))
    return int(found[2])


def _check(digits: str) -> str:
    rest = 0
    for digit in digits.encode():
        rest = (rest + digit - _ZERO) * 2
    return _CHARACTERS[(1 - rest) % _MODULUS]
