"""What everything that happens for one request knows of it. Threads that work for a request get it with their context."""

from contextvars import ContextVar

REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The request's name, or None outside of any."""


def instance() -> str | None:
    """The URI by which a problem names the request that it occurred in (RFC 9457, `instance`)."""
    name = REQUEST_ID.get()
    return None if name is None else f"urn:tongquan:request:{name}"
