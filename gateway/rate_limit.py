"""
How often one caller may ask: a token bucket each, refilled at a steady rate.

A request costs one token. Look-ups have buckets of their own beside, where many in one request cost as many as one by one.

In this process's memory: a restart fills all buckets, and two processes would allow twice as much. One gateway is one process (its
outbox sees to that), so that is what the settings mean.
"""

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass

from gateway.errors import Problem

MOST_BUCKETS = 10_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class RateLimit:
    """The buckets of all callers. `clock` tells seconds that only go forward."""

    def __init__(self, *, per_second: float, burst: int, clock: Callable[[], float]) -> None:
        self._per_second = per_second
        self._burst = burst
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}
        self._guard = threading.Lock()

    def take(self, name: str, tokens: int = 1) -> None:
        """
        Take tokens of a caller's, all or none; at most `burst`, since there are never more.

        Raises:
            Problem: there are not so many (429); `Retry-After` says in how many whole seconds there will be.
        """
        with self._guard:
            now = self._clock()
            bucket = self._buckets.get(name)
            if bucket is None:
                self._make_room(now)
                bucket = self._buckets[name] = _Bucket(self._burst, now)
            bucket.tokens = min(self._burst, bucket.tokens + (now - bucket.at) * self._per_second)
            bucket.at = now
            missing = tokens - bucket.tokens
            if missing <= 0:
                bucket.tokens -= tokens
                return
        seconds = max(1, math.ceil(missing / self._per_second))
        title = "请求过于频繁。 Too many requests."
        raise Problem(429, "RateLimited", title, headers={"Retry-After": str(seconds)}, retry_after_seconds=seconds)

    def _make_room(self, now: float) -> None:
        if len(self._buckets) < MOST_BUCKETS:
            return
        # A bucket that is full by now is as good as none.
        full = self._burst / self._per_second
        self._buckets = {name: each for name, each in self._buckets.items() if now - each.at < full}
