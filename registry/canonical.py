"""The canonical form of JSON, of which hashes are made: keys sorted, no spaces, UTF-8. Pure."""

import json
from collections.abc import Mapping
from typing import Any


def canonical_json(document: Mapping[str, Any]) -> bytes:
    """
    The canonical form of a JSON document.

    >>> canonical_json({"b": 1, "a": "文"}).decode()
    '{"a":"文","b":1}'
    """
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def json_of(content: bytes) -> Any:
    """
    What JSON says. It can tell half a surrogate pair, which is no character: no canonical form could carry it.

    Raises:
        UnicodeEncodeError: it holds half a surrogate pair.
        ValueError: it is no JSON.
        RecursionError: it is nested too deeply.
    """
    found = json.loads(content)
    json.dumps(found, ensure_ascii=False).encode()
    return found
