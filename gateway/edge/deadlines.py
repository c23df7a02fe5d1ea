"""
Many time limits of one length under one timer.

Those that wait equally long come due in the order in which they came, so only the first of them needs a timer. One that is met, as
nearly all are, costs an entry made and taken out again, and no timer of its own.
"""

import asyncio
from collections.abc import Callable
from itertools import count
from time import monotonic


class Deadlines:
    """Time limits of `seconds` each, of one event loop at a time."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._numbers = count()
        self._due: dict[int, tuple[float, Callable[[], None]]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, expire: Callable[[], None]) -> int:
        """Call `expire` when the time is over, unless its number, which is returned, is removed before."""
        number = next(self._numbers)
        self._due[number] = monotonic() + self._seconds, expire
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self._look)
        return number

    def remove(self, number: int) -> bool:
        """Whether the limit was met."""
        return self._due.pop(number, None) is not None

    def _look(self) -> None:
        """End those that are due, and wait for the first of the others."""
        self._timer = None
        now = monotonic()
        while self._due:
            number, (due, expire) = next(iter(self._due.items()))
            if due > now:
                self._timer = asyncio.get_running_loop().call_later(due - now, self._look)
                return
            del self._due[number]
            expire()
