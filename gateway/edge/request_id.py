"""
A name for each request: the caller's `X-Request-Id` where it is a sane one, else one of ours.

It stands in the answer's `X-Request-Id`, in every log line of the request, and as a problem's `instance`.
"""

import itertools
import re
import secrets
from collections.abc import Iterator

from gateway.edge.fields import Fields

HEADER = b"x-request-id"
_SANE = re.compile(rb"[A-Za-z0-9._-]{1,64}")


def of(fields: Fields) -> bytes:
    """The name of the request with these fields."""
    name = fields.get(HEADER)
    # One that could break a log line or a header names nothing.
    return name if name is not None and _SANE.fullmatch(name) else next(_ours)


def _of_this_process() -> Iterator[bytes]:
    """A random number of this process and a count: as unique as a random number each, without asking the system for every one."""
    process = secrets.token_hex(8)
    return (f"{process}{number:016x}".encode() for number in itertools.count(1))


_ours = _of_this_process()
