"""
The programme files (券种规则) of a region's own programmes, by the policy hash that stands on the chain.

A file is kept before its programme is opened, and believed only as long as its hash is the one on the chain: nothing is issued under
rules that were changed or lost here. It can always be handed in again, by whoever has it.
"""

import threading
from contextlib import suppress
from pathlib import Path

from gateway.errors import Problem
from registry import Digest, Programme, ProgrammeFile, ProgrammeFileRefused, put_in_place, read_programme_file


class ProgrammeFiles:
    """One file a policy hash, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._guard = threading.Lock()
        folder.mkdir(mode=0o700, exist_ok=True)

    def keep(self, text: str, file: ProgrammeFile, *, opened: bool) -> str:
        """
        Keep a file that was just read, and return the one that is kept. A crash leaves it whole or not at all.

        Once its programme is open the first stays: another of the same hash says the same, but in other words about it (comments), which
        nobody published. Only one that was lost or damaged is replaced.
        """
        with self._guard:
            if opened:
                with suppress(Problem):
                    return self.text(file.programme)
            put_in_place(self._path(file.programme.policy_hash), text.encode())
        # COMMIT POINT. A file without a programme harms nobody.
        return text

    def text(self, programme: Programme) -> str:
        """
        A programme's file as it was handed in.

        Raises:
            Problem: there is none here, or it is no longer the one whose hash is on the chain.
        """
        return self._read(programme)[0]

    def of(self, programme: Programme) -> ProgrammeFile:
        """
        A programme's file, read.

        Raises:
            Problem: as `text`.
        """
        return self._read(programme)[1]

    def _read(self, programme: Programme) -> tuple[str, ProgrammeFile]:
        try:
            content = self._path(programme.policy_hash).read_bytes()
        except FileNotFoundError as missing:
            title = (
                "本平台没有该券种的规则文件：发券机构补交，其他机构随请求附上。"
                " This gateway has not the programme's file: its issuer hands it in, others bring it with what they ask."
            )
            raise Problem(409, "ProgrammeFileMissing", title, policy_hash="0x" + programme.policy_hash.hex()) from missing
        try:
            text = content.decode()
            file = read_programme_file(text)
        except (ProgrammeFileRefused, UnicodeDecodeError) as damaged:
            raise _differs(programme) from damaged
        if file.programme != programme:
            raise _differs(programme)
        return text, file

    def _path(self, policy_hash: Digest) -> Path:
        return self._folder / f"{policy_hash.hex()}.toml"


def require_file_of(programme: Programme, file: ProgrammeFile) -> None:
    """
    That a file is the one a programme was opened with.

    Raises:
        Problem: it is another.
    """
    if file.programme != programme:
        raise _differs(programme)


def _differs(programme: Programme) -> Problem:
    title = "规则文件与链上登记的哈希不符，不得据此发放。 The file is not the one whose hash is on the chain; nothing is issued by it."
    return Problem(409, "ProgrammeFileDiffers", title, policy_hash="0x" + programme.policy_hash.hex())
