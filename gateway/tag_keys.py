"""
The consortium's tag keys, which only gateways hold.

    {"1": "64 hexadecimal digits", "24": "…"}
"""

from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from registry import Keyring, TagKey

_Keys = dict[Annotated[int, Field(ge=1, le=255)], Annotated[str, Field(pattern="^[0-9a-f]{64}$")]]


class TagKeysRefused(ValueError):
    """The tag keys cannot be used; the message is one sentence for the operator and shows no key."""


def keyring_of(path: Path, epoch: int) -> Keyring:
    """
    Read the key file. What is new is tagged under `epoch`.

    Raises:
        TagKeysRefused: it is not in the form above, or holds no key of that epoch.
    """
    adapter: TypeAdapter[_Keys] = TypeAdapter(_Keys, config={"hide_input_in_errors": True})
    try:
        keys = adapter.validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValidationError):
        # Not chained: whatever stands in the file may be a key.
        raise TagKeysRefused(f"{path} is no file of tag keys.") from None
    if epoch not in keys:
        raise TagKeysRefused(f"tag_epoch is {epoch}, and {path} holds no key of it, only of {sorted(keys)}.")
    return Keyring((TagKey(each, bytes.fromhex(secret)) for each, secret in keys.items()), epoch=epoch)
