"""Times and months as people in China write them. Pure."""

from datetime import MAXYEAR, datetime, time

from registry.model import CHINA

LAST_SECOND = int(datetime(MAXYEAR, 12, 31, 23, 59, 59, tzinfo=CHINA).timestamp())
"""The last one that a calendar has; the contracts' times go on beyond it, for what has no end."""


def china_time(seconds: int) -> str:
    """
    A time, to the second.

    >>> china_time(1_798_732_799)
    '2026-12-31 23:59:59'
    """
    return f"{datetime.fromtimestamp(seconds, CHINA):%Y-%m-%d %H:%M:%S}"


def china_day_or_time(seconds: int) -> str:
    """
    A time; a day alone where it is the first or last second of it.

    >>> china_day_or_time(1_798_732_799), china_day_or_time(1_798_732_740)
    ('2026-12-31', '2026-12-31 23:59:00')
    """
    at = datetime.fromtimestamp(seconds, CHINA)
    is_day = at.time() in (time.min, time(23, 59, 59))
    return f"{at:%Y-%m-%d}" if is_day else china_time(seconds)


def china_month(month: int) -> str:
    """
    A month, which is kept as year × 100 + month.

    >>> china_month(202611)
    '2026-11'
    """
    return f"{month // 100}-{month % 100:02}"
