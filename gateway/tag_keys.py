"""
The consortium's tag keys, which only gateways hold.

    {"1": "64 hexadecimal digits", "24": "…"}
"""

from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter

from registry import Keyring, TagKey

_Keys = dict[Annotated[int, Field(ge=1, le=255)], Annotated[str, Field(pattern="^[0-9a-f]{64}$")]]


def keyring_of(path: Path) -> Keyring:
    """
    Read the key file.

    Raises:
        ValueError: it is not in the form above. The message shows no key.
    """
    adapter: TypeAdapter[_Keys] = TypeAdapter(_Keys, config={"hide_input_in_errors": True})
    keys = adapter.validate_json(path.read_text(encoding="utf-8"))
    return Keyring(TagKey(epoch, bytes.fromhex(secret)) for epoch, secret in keys.items())
