"""Whom an operation is for, by its own description."""

import re
from collections.abc import Mapping
from typing import Any

_FOR = re.compile(r"For ([A-Z, ]+)\.$")


def parties_of(operation: Mapping[str, Any]) -> list[str]:
    """Those that its description names; where it names nobody, anybody may call it."""
    named = _FOR.search(operation.get("description", ""))
    return named.group(1).split(", ") if named else ["LAB", "FIRM"]


def operations_for(party: str, interface: Mapping[str, Any]) -> list[str]:
    """The ids of all operations that a party may call."""
    operations = (operation for path in interface["paths"].values() for operation in path.values())
    return [operation["operationId"] for operation in operations if party in parties_of(operation)]
