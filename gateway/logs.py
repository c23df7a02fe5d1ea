"""
Logs as JSON, one object a line, without personal data.

What a line may hold: what our own code says in words, ids of requests and credentials, routes and numbers. What it never holds: a
company code, a serial, an invoice number or a key. So nothing that a caller sent is ever logged, and of an exception only its kind and
where it was raised: its text may quote what it could not read. Kinds whose text is ours alone are told in full.
"""

import logging
import sys
import traceback
from datetime import UTC, datetime

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
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
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
