"""
Callers over loopback, in a process of their own: as many connections as asked for, each asking again as soon as it is answered.

    python -m tests.bench.load             orders come line by line on standard input (`Load` writes them), answers go to standard output

Bare sockets and bytes made beforehand, so that the callers are no bottleneck: an HTTP library would take longer than the server that
is measured. Every answer is looked at: its status, and that it says what this very request must be told.
"""

import asyncio
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.bench.speed import Rate

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length:"


class WrongAnswer(Exception):
    """A request was not answered 200, or not with what it must be told."""


@dataclass(frozen=True)
class Case:
    """A request as its bytes, and what its answer must hold."""

    request: bytes
    told: tuple[bytes, ...] = ()


def request(method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> bytes:
    """One HTTP/1.1 request as its bytes."""
    told = {"Host": HOST, **(headers or {})} | ({"Content-Length": str(len(body))} if body else {})
    head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


def end_of(received: bytes) -> int:
    """How many bytes the first whole answer takes; 0 if it is not all there yet."""
    head = received.find(_END_OF_HEAD)
    if head < 0:
        return 0
    at = received[:head].lower().find(_LENGTH) + len(_LENGTH)
    end = head + len(_END_OF_HEAD) + int(received[at : received.index(b"\r\n", at)])
    return end if len(received) >= end else 0


def check(case: Case, answer: bytes) -> None:
    """
    Look at an answer.

    Raises:
        WrongAnswer: it is not what the request must be told.
    """
    if not answer.startswith(b"HTTP/1.1 200 ") or not all(each in answer for each in case.told):
        raise WrongAnswer(f"{case.request!r} was answered {answer[:2_000]!r}, and not {case.told!r}")


class Load:
    """The process of the callers, as whoever measures holds it."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.bench.load"]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def prepare(self, name: str, port: int, cases: Sequence[Case]) -> None:
        """Tell the callers what to ask at which port."""
        told = [[each.request.decode("latin-1"), [mark.decode("latin-1") for mark in each.told]] for each in cases]
        self._order({"name": name, "port": port, "cases": told})

    def run(self, name: str, *, connections: int, requests: int) -> Rate:
        """Let them ask so many times, over connections that are open before the first of them, and return how quickly answers came."""
        answered, seconds = self._order({"run": name, "connections": connections, "requests": requests})
        return Rate(count=int(answered), seconds=seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.communicate("")

    def _order(self, told: Mapping[str, Any]) -> tuple[float, float]:
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the callers have no pipes")
        self._process.stdin.write(json.dumps(told) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise WrongAnswer("the callers gave up; what they met stands above")
        answered, seconds = json.loads(answer)
        return answered, seconds


# In the callers' process


class _Caller(asyncio.Protocol):
    """One connection; asks until there is nothing left to ask."""

    def __init__(self, cases: Iterator[Case], done: asyncio.Future[None]) -> None:
        self._cases = cases
        self.done = done
        self._received = b""
        self.answered = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment] # a socket's is

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = end_of(self._received)
        if not end:
            return
        answer, self._received = self._received[:end], self._received[end:]
        try:
            check(self._case, answer)
        except WrongAnswer as wrong:
            self._end(wrong)
            return
        self.answered += 1
        self.ask()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(WrongAnswer(f"the connection was closed: {exc!r}"))

    def ask(self) -> None:
        """Ask the next question, if there is one."""
        case = next(self._cases, None)
        if case is None:
            self._end()
            return
        self._case = case
        self._transport.write(case.request)

    def _end(self, wrong: WrongAnswer | None = None) -> None:
        if self.done.done():
            return
        if wrong is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(wrong)


async def ask(port: int, cases: Sequence[Case], *, connections: int, requests: int) -> tuple[int, float]:
    """Ask so many times, the cases in turn, and return how many answers came in how many seconds."""
    loop = asyncio.get_running_loop()
    coming = itertools.islice(itertools.cycle(cases), requests)
    opened = [
        await loop.create_connection(lambda: _Caller(coming, loop.create_future()), HOST, port) for _ in range(min(connections, requests))
    ]
    begun = time.perf_counter()
    try:
        for _, caller in opened:
            caller.ask()
        await asyncio.gather(*(caller.done for _, caller in opened))
    finally:
        for transport, _ in opened:
            transport.abort()
    return sum(caller.answered for _, caller in opened), time.perf_counter() - begun


def main() -> None:
    """Take orders until there are no more."""
    # The servers may have all other processors.
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    known: dict[str, tuple[int, list[Case]]] = {}
    for line in sys.stdin:
        told = json.loads(line)
        if "name" in told:
            cases = [Case(asked.encode("latin-1"), tuple(mark.encode("latin-1") for mark in marks)) for asked, marks in told["cases"]]
            known[told["name"]] = told["port"], cases
            answered = 0, 0.0
        else:
            port, cases = known[told["run"]]
            answered = asyncio.run(ask(port, cases, connections=told["connections"], requests=told["requests"]))
        print(json.dumps(answered), flush=True)  # noqa: T201 - it is how this process answers


if __name__ == "__main__":
    main()
