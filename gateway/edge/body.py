"""
How large a body may be, of how many values, how slowly it may come, and that its text is text.

A body is read whole before anything else happens, so that a route never waits for a caller: at most so many bytes, whether or not
its length was announced, and within so many seconds. Nothing past the limit is read.

JSON can tell half a surrogate pair, which is no character: no UTF-8 can carry it, and so no answer, hash or file could be made of it.
And of few bytes it makes many values, before anybody is asked for a key and while all others wait: so those are counted first.
"""

import asyncio
import re
from typing import Any

from starlette.types import Message, Receive

from gateway import errors
from gateway.edge.deadlines import Deadlines
from gateway.edge.fields import Fields
from registry import json_of

# What half a pair can come from: its escape, its own bytes, or (there is a zero byte then) JSON in UTF-16 or UTF-32.
_MAY_HALVE = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]|\x00")

MOST_VALUES = 100_000
"""Of one JSON body; nothing that is taken has a fifth of it, the most documents to be submitted at once included."""


class BodyRefused(Exception):
    """A body is too large, too slow or no text; `problem` is what to answer."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(problem["code"])
        self.problem = problem


class Read:
    """A whole body, `content`, and how an application receives it: at once, and after it whatever its caller does next."""

    __slots__ = ("_receive", "_told", "content")

    def __init__(self, content: bytes, receive: Receive) -> None:
        self.content = content
        self._receive = receive
        self._told = False

    async def __call__(self) -> Message:
        if self._told:
            return await self._receive()
        self._told = True
        return {"type": "http.request", "body": self.content, "more_body": False}


class Body:
    """Reads bodies."""

    def __init__(self, most_bytes: int, seconds: float) -> None:
        self._most = most_bytes
        self._seconds = seconds
        self._deadlines = Deadlines(seconds)

    async def read(self, fields: Fields, receive: Receive) -> Receive | None:
        """
        Read the whole body, and return how an application receives it again; None if the caller left before its end.

        Raises:
            BodyRefused: it is larger, or comes more slowly, than it may, or its JSON has too many values or half a character.
        """
        announced = _announced(fields)
        if not announced:
            return receive
        if announced > self._most:
            raise self._too_large()
        slow = _Slow()
        number = self._deadlines.add(slow.expire)
        try:
            # What `asyncio.timeout` does, without a timer for each body.
            body = await self._read(receive)
        except asyncio.CancelledError:
            if slow.expired and slow.task.uncancel() == 0:
                title = "请求内容传输过慢。 The body came too slowly."
                raise BodyRefused(errors.body(408, "BodyTooSlow", title, {"seconds": self._seconds})) from None
            raise
        finally:
            self._deadlines.remove(number)
        if body is None:
            return None
        if not _is_json(fields):
            return Read(body, receive)
        if has_too_many_values(body):
            title = "请求内容项数过多。 The body holds too many values."
            raise BodyRefused(errors.body(413, "TooLarge", title, {"most_values": MOST_VALUES}))
        if holds_half_a_character(body):
            message = "文本含有不成对的代理项，不是有效字符。 A text holds half a surrogate pair, which is no character."
            raise BodyRefused(errors.invalid([{"at": "body", "message": message}]))
        return Read(body, receive)

    async def _read(self, receive: Receive) -> bytes | None:
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            part: bytes = message.get("body", b"")
            size += len(part)
            if size > self._most:
                raise self._too_large()
            parts.append(part)
            if not message.get("more_body", False):
                return b"".join(parts)

    def _too_large(self) -> BodyRefused:
        return BodyRefused(errors.body(413, "TooLarge", "请求内容过大。 The body is too large.", {"most": self._most}))


class _Slow:
    """Breaks off the task that it was made in."""

    def __init__(self) -> None:
        self.task: asyncio.Task[None] = asyncio.current_task()  # type: ignore[assignment] # an ASGI application is run by one
        self.expired = False

    def expire(self) -> None:
        self.expired = True
        self.task.cancel()


def has_too_many_values(body: bytes) -> bool:
    """Whether a body is more than anybody's JSON: before each value but the first stands one of these."""
    return len(body) > MOST_VALUES and sum(body.count(each) for each in (b",", b"[", b"{")) > MOST_VALUES


def holds_half_a_character(body: bytes) -> bool:
    """Whether a body is JSON that tells half a surrogate pair somewhere."""
    if not _MAY_HALVE.search(body):
        return False
    try:
        json_of(body)
    except UnicodeEncodeError:
        return True
    except (ValueError, RecursionError):
        return False  # no JSON: FastAPI says so where it has to be
    return False


def _is_json(fields: Fields) -> bool:
    """Whether FastAPI may read it as JSON; it takes nothing else for it than what is said to be."""
    return b"json" in fields.get(b"content-type", b"").lower()


def _announced(fields: Fields) -> int:
    """How many bytes are announced; 1 where a body comes without its length, 0 where none comes."""
    return 1 if b"transfer-encoding" in fields else int(fields.get(b"content-length", 0))
