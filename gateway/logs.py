"""
Logs as JSON, one object a line, without personal data.

What a line may hold: what our own code says in words, ids of requests and credentials, routes and numbers. What it never holds: a
company code, a serial, an invoice number or a key. So nothing that a caller sent is ever logged, and of an exception only its kind and
where it was raised: its text may quote what it could not read. Kinds whose text is ours alone are told in full.
"""

import logging
import sys
import traceback
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache

import orjson

from gateway.context import REQUEST_ID
from registry import IndexRefused, OutcomeUnknown, Unreachable

_OURS_ALONE = (IndexRefused, OutcomeUnknown, Unreachable)
_FRAMES = 12


class JsonLines(logging.Formatter):
    """Formats records; `extra={"told": {…}}` joins the line. Of `Lines` it makes a line each."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, or several."""
        line: dict[str, object] = {
            "time": _time(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if isinstance(record, Lines):
            return b"\n".join([_json(line | each) for each in record.lines]).decode()
        request_id = REQUEST_ID.get()
        if request_id is not None:
            line["request_id"] = request_id
        line |= getattr(record, "told", {})
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = _told(record.exc_info[1])
        return _json(line).decode()


def _json(line: Mapping[str, object]) -> bytes:
    return orjson.dumps(line, default=str)


def _time(seconds: float) -> str:
    return f"{_second(int(seconds))}.{int(seconds * 1_000) % 1_000:03}+00:00"


@lru_cache(maxsize=2)
def _second(seconds: int) -> str:
    # Thousands of lines may be of one second.
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


class Lines(logging.LogRecord):
    """
    Several lines of one message in one record, made, formatted and written once: a record for each takes ten times as long as its line.

    For what watches over all requests, which no statement of theirs wrote: so it does not say where, by which thread and process.
    """

    def __init__(self, logger: str, message: str, lines: Sequence[dict[str, object]]) -> None:
        super().__init__(logger, logging.INFO, "", 0, message, None, None)
        self.lines = lines


def configure(level: str) -> None:
    """Send everything that is logged in this process to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
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
