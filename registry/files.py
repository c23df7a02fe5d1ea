"""Files that are written whole or not at all, and not over another."""

import os
import secrets
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


def put_in_place(path: Path, content: bytes, *, mode: int = OWNER_ONLY) -> None:
    """
    Write a file, in another's place if there is one. A crash leaves the one or the other, never half of one.

    It is written beside it first, under a name that nobody can guess: whoever may write in the folder could lay a link there, and have
    another file written over.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    try:
        _write(descriptor, content)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    sync(path.parent)


def sync(path: Path) -> None:
    """Have it on the disk, a folder's entries likewise."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(descriptor: int, content: bytes) -> None:
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
