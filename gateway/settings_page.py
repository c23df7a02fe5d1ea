"""
The page of all settings, made from `gateway.settings`: `python -m gateway.settings_page > docs/gateway-settings.md`.

A test compares the page with what this makes. What stands above and below the table is docs/gateway.md's to tell.
"""

import json
import sys
from typing import Any

from pydantic import TypeAdapter
from pydantic.fields import FieldInfo

from gateway.settings import Settings

_HEAD = """# 网关设置 Settings of a gateway

Made by `python -m gateway.settings_page` from `gateway/settings.py`; do not edit. Each is an environment variable; lists and maps are
JSON. Which combinations are refused at start, and how to run a gateway behind a reverse proxy: [gateway.md](gateway.md).

| variable | default | meaning |
|---|---|---|
"""


def page() -> str:
    """The page as it must stand in docs/."""
    prefix = Settings.model_config["env_prefix"]
    rows = (f"| `{prefix}{name.upper()}` | {_default(field)} | {field.description} |\n" for name, field in Settings.model_fields.items())
    return _HEAD + "".join(rows)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    value: Any = TypeAdapter(Any).dump_python(field.default, mode="json")
    if value is None:
        return "none"
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


if __name__ == "__main__":
    sys.stdout.write(page())
