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
