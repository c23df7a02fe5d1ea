"""Files that are written whole or not at all, and not over another."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from registry.errors import TongquanError

OWNER_ONLY = 0o600
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS)
"""What a file system that has no hard links says, a memory stick's for one."""


class FileTaken(TongquanError):
    """There is a file at this path already; nothing was written."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} 已存在，未覆盖。 {path} exists, and was left as it is.")
        self.path = path


def require_new(*paths: Path | None) -> None:
    """
    Refuse beforehand what `write_new` would refuse when all is done.

    Raises:
        FileTaken: one of them is there already.
        FileNotFoundError: the folder of one of them is not.
    """
    for path in paths:
        if path is not None and path.exists():
            raise FileTaken(path)
        if path is not None and not path.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))


def write_new(path: Path, content: bytes, *, mode: int = OWNER_ONLY) -> None:
    """
    Write a new file. A crash leaves the whole file or none; on a file system without hard links it may leave an empty one.

    Raises:
        FileTaken: there is one already.
    """
    with _beside(path, content, mode) as beside:
        try:
            _name(beside, path)
        except FileExistsError as taken:
            raise FileTaken(path) from taken
    sync(path.parent)


def _name(beside: Path, path: Path) -> None:
    """Give a file a second name, which nobody has yet."""
    try:
        os.link(beside, path)
    except OSError as refused:
        if refused.errno not in _NO_LINKS:
            raise
        path.touch(exist_ok=False)
        beside.replace(path)


def put_in_place(path: Path, content: bytes, *, mode: int = OWNER_ONLY) -> None:
    """Write a file, in another's place if there is one. A crash leaves the one or the other, never half of one."""
    with _beside(path, content, mode) as beside:
        beside.replace(path)
    sync(path.parent)


@contextmanager
def _beside(path: Path, content: bytes, mode: int) -> Iterator[Path]:
    """
    A file beside the one that is meant, until it has that one's name.

    Nobody can guess what it is called: whoever may write in the folder could lay a link there, and have another file written over.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
        try:
            _write(descriptor, content)
            yield beside
        finally:
            beside.unlink(missing_ok=True)
    except OSError as refused:
        # Told by the name that somebody knows.
        raise OSError(refused.errno, refused.strerror or str(refused), str(path)) from refused


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
