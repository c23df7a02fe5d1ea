"""`Prefer` (RFC 7240) of a write: how long its caller waits for the answer before it would rather poll. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_PREFERENCE = re.compile(r'\s*([!#$%&\'*+.^_`|~0-9A-Za-z-]+)\s*(?:=\s*("?)([0-9A-Za-z._-]*)\2)?\s*(?:;.*)?')
_SECONDS = re.compile("[0-9]{1,6}")


@dataclass(frozen=True, slots=True)
class Prefer:
    """Wait at most `seconds`, then answer 202. `applied` is what to tell as `Preference-Applied`."""

    seconds: float
    applied: str


def parse(headers: Iterable[str], *, most: float) -> Prefer | None:
    """
    What a caller prefers, waiting no longer than `most` seconds; None if it says nothing on that.

    Preferences that are not known or not readable are as good as absent, and of two the first counts, as the RFC asks.

    >>> parse(["wait=5"], most=20)
    Prefer(seconds=5.0, applied='wait=5')
    >>> parse(["return=minimal, Respond-Async", "wait=100"], most=20)
    Prefer(seconds=20.0, applied='respond-async, wait=20')
    >>> parse(["respond-async"], most=20)
    Prefer(seconds=0.0, applied='respond-async')
    >>> parse(["wait=soon, return=minimal"], most=20)
    """
    found: dict[str, str] = {}
    for part in ",".join(headers).split(","):
        match = _PREFERENCE.fullmatch(part)
        if match:
            found.setdefault(match[1].lower(), match[3] or "")
    applied = ["respond-async"] if found.get("respond-async") == "" else []
    seconds = 0.0
    if _SECONDS.fullmatch(found.get("wait", "")):
        seconds = min(float(found["wait"]), float(most))
        applied.append(f"wait={seconds:g}")
    return Prefer(seconds, ", ".join(applied)) if applied else None
