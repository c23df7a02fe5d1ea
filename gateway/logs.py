"""
Logs as JSON, one object a line, without personal data.

What a line may hold: what our own code says in words, ids of requests and credentials, routes and numbers. What it never holds: a
company code, a serial, an invoice number or a key. So nothing that a caller sent is ever logged, and of an exception only its kind and
where it was raised: its text may quote what it could not read. Kinds whose text is ours alone are told in full.
"""

import asyncio
import contextlib
import logging
import sys
import time
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import TextIO

import orjson

from gateway.context import REQUEST_ID
from registry import IndexRefused, OutcomeUnknown, Unreachable

_OURS_ALONE = (IndexRefused, OutcomeUnknown, Unreachable)
_FRAMES = 12


class JsonLines(logging.Formatter):
    """Formats records; `extra={"told": {…}}` joins the line."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        line: dict[str, object] = {
            "time": _time(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        request_id = REQUEST_ID.get()
        if request_id is not None:
            line["request_id"] = request_id
        line |= getattr(record, "told", {})
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = _told(record.exc_info[1])
        return orjson.dumps(line, default=str).decode()


def _time(seconds: float) -> str:
    return f"{_second(int(seconds))}.{int(seconds * 1_000) % 1_000:03}+00:00"


@lru_cache(maxsize=2)
def _second(seconds: int) -> str:
    # Thousands of lines may be of one second.
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


class Line(logging.LogRecord):
    """
    A record that no statement in the code wrote, but what watches over all requests.

    It does not look for where, by which thread and in which process it was made: that takes longer than the line.
    """

    def __init__(self, logger: str, message: str, told: Mapping[str, object]) -> None:
        # Not `super().__init__`, which is what looks. Formatters read `__dict__`, so everything that a record has is there.
        self.__dict__.update(_BLANK, name=logger, msg=message, created=time.time(), told=told)


_BLANK = logging.makeLogRecord({"levelno": logging.INFO, "levelname": "INFO"}).__dict__


class Lines(logging.StreamHandler[TextIO]):
    """
    Writes records to a stream; those that an event loop makes in one turn (`Line`) with one write, at its end.

    A process that is killed between the two loses the lines of that turn. Every other record is written at once, after what waits.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._waiting: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record."""
        loop = asyncio._get_running_loop() if isinstance(record, Line) else None  # noqa: SLF001 - the public one raises where there is none
        if loop is None:
            self.flush()
            super().emit(record)
            return
        if not self._waiting:
            loop.call_soon(self.flush)
        self._waiting.append(self.format(record) + self.terminator)

    def flush(self) -> None:
        """Write what waits."""
        with self.lock or contextlib.nullcontext():
            waiting, self._waiting = self._waiting, []
            if waiting:
                self.stream.write("".join(waiting))
            super().flush()


def configure(level: str) -> None:
    """Send everything that is logged in this process to standard error as JSON lines."""
    handler = Lines(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    # These tell addresses and URLs; what we ask of whom is logged where it fails.
    for name in ("httpx", "httpcore", "urllib3", "web3", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _told(failure: BaseException) -> dict[str, object]:
    frames = traceback.extract_tb(failure.__traceback__)[-_FRAMES:]
    told: dict[str, object] = {"kind": type(failure).__name__, "at": [f"{each.filename}:{each.lineno} {each.name}" for each in frames]}
    if isinstance(failure, _OURS_ALONE):
        told["text"] = str(failure)
    return told
