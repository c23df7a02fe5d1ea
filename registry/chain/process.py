"""
A process that never outlives the one that started it, however that ends.

Beside it stands a guard, a shell that waits for its own standard input to close: the kernel closes it when we die, by a signal or a
crash as by leaving in good order. The guard then ends the whole process group, since a program may start others below it.
"""

import contextlib
import os
import select
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

STOP_SECONDS = 10.0
LOG_TAIL_CHARACTERS = 3_000

# $1 is the process group.
_GUARD = 'read -r _; kill -TERM "-$1" || exit 0; sleep 5; kill -KILL "-$1"'


# How /proc/net/tcp writes that a socket listens.
_LISTEN = "0A"


@dataclass(kw_only=True)
class GuardedProcess:
    """A running program with its guard. Whoever starts one ends it, once."""

    log: Path
    _process: subprocess.Popen[bytes] = field(repr=False)
    _guard: subprocess.Popen[bytes] = field(repr=False)

    @classmethod
    def start(
        cls,
        command: Sequence[str],
        *,
        directory: Path,
        log: Path,
        environment: Mapping[str, str] | None = None,
        descriptors: Sequence[int] = (),
    ) -> Self:
        """Start a program in a directory; what it says goes to `log`, which is written anew. It also gets these open descriptors."""
        with log.open("wb") as file:
            process = subprocess.Popen(  # noqa: S603 - our own command line
                command,
                cwd=directory,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=descriptors,
            )
        guard = subprocess.Popen(  # noqa: S603 - likewise
            ["/bin/sh", "-c", _GUARD, "guard", str(process.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return cls(log=log, _process=process, _guard=guard)

    @property
    def pid(self) -> int:
        """The program that was started, which leads the process group."""
        return self._process.pid

    def is_running(self) -> bool:
        """Whether the program is alive."""
        return self._process.poll() is None

    def listens_on(self, port: int) -> bool:
        """Whether it, or what it started, is who listens on a TCP port of IPv4. Where there is no `/proc` nobody can tell: yes."""
        table = Path("/proc/net/tcp")
        if not table.exists():
            return True
        rows = [line.split() for line in table.read_text(encoding="ascii").splitlines()[1:]]
        sockets = {f"socket:[{row[9]}]" for row in rows if row[3] == _LISTEN and int(row[1].partition(":")[2], 16) == port}
        return any(
            sockets & _open_files(each)
            for each in Path("/proc").iterdir()
            if each.name.isdigit() and self._has_in_its_group(int(each.name))
        )

    def log_tail(self) -> str:
        """The end of what it said."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-LOG_TAIL_CHARACTERS:]

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Signal the whole group, after ten seconds by force. Returns when all of it is gone."""
        # The guard first: once the process is reaped its number may be given to another.
        self._guard.kill()
        self._guard.communicate()
        self._signal_group(how)
        if not self._all_ended(within=STOP_SECONDS):
            self._signal_group(signal.SIGKILL)
            self._all_ended(within=STOP_SECONDS)
        self._process.communicate()

    def _all_ended(self, *, within: float) -> bool:
        # The program may be gone before what it started. All of them hold the pipe that is their standard input; it breaks when
        # the last one ends, also where nobody collects orphans.
        watched = select.poll()
        watched.register(self._process.stdin or -1, 0)
        return bool(watched.poll(within * 1000))

    def _has_in_its_group(self, pid: int) -> bool:
        try:
            return os.getpgid(pid) == self.pid
        except ProcessLookupError:
            return False

    def _signal_group(self, how: signal.Signals) -> None:
        try:
            os.killpg(self.pid, how)
        except ProcessLookupError:
            return


def _open_files(process: Path) -> set[str]:
    """What the descriptors of a process stand for; nothing of one that is gone."""
    found = set()
    with contextlib.suppress(OSError):
        for each in (process / "fd").iterdir():
            with contextlib.suppress(OSError):
                found.add(str(each.readlink()))
    return found
