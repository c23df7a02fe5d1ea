"""
The originals of what redemptions are handed in with (兑付材料), by the SHA-256 of their content, in a folder of this gateway's own.

A file's name is its hash: nothing that an uploader calls it is kept. What is read is hashed again each time, and refused by name where it
is not what it was. The same file handed in anew takes the place of an altered one, since its name proves it. What a file is goes by its
first bytes: PDF, PNG, JPEG, TIFF, OFD, XML, xlsx. Nothing is unpacked or parsed: of an archive its table of contents alone is read.
"""

import hashlib
import io
import os
import stat
import zipfile
from pathlib import Path

from gateway.errors import Problem
from registry import put_in_place

FOLDER = "evidence"
MOST_UNPACKED_BYTES = 100_000_000
MOST_PACKED_FILES = 2_000

PDF, PNG, JPEG, TIFF = "application/pdf", "image/png", "image/jpeg", "image/tiff"
XML, OFD = "application/xml", "application/ofd"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SUFFIXES = {PDF: "pdf", PNG: "png", JPEG: "jpg", TIFF: "tif", XML: "xml", OFD: "ofd", EXCEL: "xlsx"}
"""What is taken, and how the name of a copy ends."""

_MAGIC = {b"%PDF-": PDF, b"\x89PNG\r\n\x1a\n": PNG, b"\xff\xd8\xff": JPEG, b"II*\0": TIFF, b"MM\0*": TIFF}
_ZIP_MAGIC = b"PK\x03\x04"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_PART_OF = {"OFD.xml": OFD, "xl/workbook.xml": EXCEL}


class EvidenceFiles:
    """One file a hash. May be shared by threads."""

    def __init__(self, state: Path) -> None:
        self._folder = state / FOLDER
        self._folder.mkdir(mode=0o700, exist_ok=True)

    def put(self, content: bytes) -> str:
        """
        Keep a file and return its hash. A crash leaves it whole or not at all.

        Raises:
            Problem: it cannot be written (503).
        """
        sha256 = hashlib.sha256(content).hexdigest()
        path = self._path(sha256)
        try:
            if self._found(path) != content:
                path.parent.mkdir(mode=0o700, exist_ok=True)
                put_in_place(path, content)
        except OSError as unwritable:
            title = "兑付材料暂不可保存，未予接收。 Evidence cannot be kept now; nothing was taken."
            raise Problem(503, "EvidenceUnavailable", title, headers={"Retry-After": "5"}) from unwritable
        # COMMIT POINT. A file that no order names harms nobody.
        return sha256

    def read(self, sha256: str) -> bytes:
        """
        A file's content, hashed again.

        Raises:
            Problem: it is gone, or no longer what it was; its name is told.
        """
        content = self._found(self._path(sha256))
        if content is None or hashlib.sha256(content).hexdigest() != sha256:
            title = "材料原件缺失或已被改动，不予出示；请重新上传。 The original is missing or altered, and not shown; hand it in anew."
            raise Problem(409, "EvidenceAltered", title, sha256=sha256, missing=content is None)
        return content

    def _path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256

    @staticmethod
    def _found(path: Path) -> bytes | None:
        """What lies there; a link, a folder or a pipe counts as nothing."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return None
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return None
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                return file.read()
        except OSError:
            return None
        finally:
            os.close(descriptor)


def media_type_of(content: bytes, *, most: int) -> str:
    """
    What a file is, by its content alone.

    Raises:
        Problem: it is empty, larger than `most` bytes, of no kind that is taken, or an archive that unpacks to too much.
    """
    if not content:
        raise Problem(422, "EvidenceEmpty", "文件为空。 The file is empty.")
    if len(content) > most:
        raise Problem(413, "EvidenceTooLarge", "文件过大。 The file is too large.", bytes=len(content), most=most)
    if content.startswith(_ZIP_MAGIC):
        return _archive(content)
    for magic, media_type in _MAGIC.items():
        if content.startswith(magic):
            return media_type
    if content.removeprefix(_BYTE_ORDER_MARK).startswith(b"<?xml") and b"<!DOCTYPE" not in content and b"<!ENTITY" not in content:
        return XML
    raise _unknown()


def _archive(content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
    except Exception as unreadable:  # zipfile fails on a malformed file in several ways
        raise _unknown() from unreadable
    unpacked = sum(part.file_size for part in parts)
    if unpacked > MOST_UNPACKED_BYTES or len(parts) > MOST_PACKED_FILES:
        title = "压缩内容过大，未予接收。 What is packed in it is too large; it was not taken."
        raise Problem(413, "EvidenceTooLarge", title, bytes=unpacked, most=MOST_UNPACKED_BYTES)
    names = {part.filename for part in parts}
    if any(name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") for name in names):
        raise _unknown()
    found = {media_type for part, media_type in _PART_OF.items() if part in names}
    if len(found) != 1:
        raise _unknown()
    return found.pop()


def _unknown() -> Problem:
    title = "须为 PDF、图片（PNG、JPEG、TIFF）、OFD、XML 或 xlsx 文件。 PDF, PNG, JPEG, TIFF, OFD, XML or xlsx is asked for."
    return Problem(422, "EvidenceUnreadable", title, taken=sorted(SUFFIXES.values()))
