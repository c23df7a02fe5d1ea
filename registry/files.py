"""Files that are written whole or not at all, and not over another."""

import os
from pathlib import Path

from registry.errors import TongquanError

OWNER_ONLY = 0o600


class FileTaken(TongquanError):
    """There is a file at this path already; nothing was written."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} 已存在，未覆盖。 {path} exists, and was left as it is.")
        self.path = path


def write_new(path: Path, content: bytes, *, mode: int = OWNER_ONLY) -> None:
    """
    Write a new file.

    Raises:
        FileTaken: there is one already.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError as taken:
        raise FileTaken(path) from taken
    _write(descriptor, content)


def replace(path: Path, content: bytes, *, mode: int = OWNER_ONLY) -> None:
    """Put a file in another's place. A crash leaves the one or the other, never half of one."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    _write(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), content)
    beside.replace(path)


def _write(descriptor: int, content: bytes) -> None:
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
