"""
Look-ups that coroutines ask for, answered together by the thread that follows the chain.

    1. it reads on to the node's head            one question to the node
    2. it answers whatever had come by then      one snapshot of the index
    3. it hands all of it to the log             one commit
    4. all who wait are told                     one call into their loop

Each is answered as of a head that was asked for after it came, and told when it stands in the log, just as if it were alone; what is
shared is what each would wait for. While one round is under way, or being committed, the next comes together. Where a round was
shared, the next one waits until as many have come again, as long as the loop brings any more, and at most 0.4 milliseconds for each of
them and twenty in all: not longer than answering them takes where there are many. Whoever is alone never waits.
"""

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar

from gateway.callers import Caller
from gateway.context import REQUEST_ID
from gateway.errors import Problem, problem_of
from gateway.looked_up import Subject, row_of
from gateway.lookup_log import LookupLog, RowRefused

# A round waits until as many have come as shared the one before it; at most so long for each of them and for all, and not after so many
# turns of the loop in which nobody came: one each to read a request, begin it, take it, and the one that was under way.
TURNS = 4
JOIN_SECONDS = 0.000_4
MOST_JOIN_SECONDS = 0.020

S = TypeVar("S")
Found = tuple[Any, Exception | None]
"""What came of an inquiry: an answer, or why there is none."""


class LookUp(NamedTuple, Generic[S]):
    """
    What is looked up, about what, and how it is answered from the newest state, of kind `S`.

    `answer` is given a way to that state, which may raise why there is none. It fills in the subjects, each of which stands in the
    log for itself, and must be quick: others wait for it. `numbered` puts the numbers of their rows into what was found, which makes it
    what is told.
    """

    what: str
    subjects: Sequence[Subject]
    answer: Callable[[Callable[[], S]], Any]
    numbered: Callable[[Any, Sequence[int]], Any]


class Inquiry(NamedTuple, Generic[S]):
    """A look-up, by whom and under which request's name, and who waits for it."""

    caller: Caller
    look_up: LookUp[S]
    request: str | None
    waiting: asyncio.Future[Any]


class Inquiries(Generic[S]):
    """The look-ups of one gateway. Coroutines ask; one thread gathers them and tells the answers."""

    def __init__(self, log: LookupLog, clock: Callable[[], float]) -> None:
        self._log = log
        self._clock = clock
        self._arrived: queue.SimpleQueue[Inquiry[S] | None] = queue.SimpleQueue()
        self._shared_by = 0

    async def ask(self, caller: Caller, look_up: LookUp[S]) -> Any:
        """
        The answer as of now, once it stands in the log. Whatever `answer` raises stands there by its code, and is raised here.

        Raises:
            Problem: the log cannot be written; whatever was found must not be told.
        """
        waiting: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.put(caller, look_up, REQUEST_ID.get(), waiting)
        return await waiting

    def put(self, caller: Caller, look_up: LookUp[S], request: str | None, waiting: asyncio.Future[Any]) -> None:
        """Ask like `ask`, for a future."""
        self._arrived.put(Inquiry(caller, look_up, request, waiting))

    def nudge(self) -> None:
        """Let `gathered` return, whether or not anybody asks."""
        self._arrived.put(None)

    def gathered(self, *, within: float) -> list[Inquiry[S]]:
        """What was asked since, waited for if it is nothing; an empty list if nobody asks for so many seconds."""
        try:
            found = [self._arrived.get(timeout=within)]
        except queue.Empty:
            return []
        if found[0] is not None:
            self._wait_for_others(found[0].waiting.get_loop())
        with contextlib.suppress(queue.Empty):
            while True:
                found.append(self._arrived.get_nowait())
        inquiries = [each for each in found if each is not None]
        self._shared_by = len(inquiries)
        return inquiries

    def _wait_for_others(self, loop: asyncio.AbstractEventLoop) -> None:
        """Until as many have come as shared the last round, the loop brings no more, or the time is over."""
        until = time.monotonic() + min(MOST_JOIN_SECONDS, self._shared_by * JOIN_SECONDS)
        before = -1
        while before < (come := self._arrived.qsize()) < self._shared_by - 1 and time.monotonic() < until:
            before = come
            turned = threading.Event()
            with contextlib.suppress(RuntimeError):  # the loop has ended, and brings nobody
                loop.call_soon_threadsafe(_turn, loop, TURNS, turned.set)
                turned.wait(until - time.monotonic())

    def tell(self, inquiries: Sequence[Inquiry[S]], found: Sequence[Found]) -> None:
        """Log what was found, and tell whoever waits once that is on the disk. Does not wait for it."""
        if not inquiries:
            return

        def logged(first: int | Problem) -> None:
            if isinstance(first, RowRefused) and len(inquiries) > 1:
                # One row that cannot be written keeps all of them out of the log: each goes in by itself.
                for each, one in zip(inquiries, found, strict=True):
                    self.tell([each], [one])
            elif isinstance(first, Problem):
                _tell([_Told(each, (), None, first) for each in inquiries])
            else:
                _tell(list(_numbered(inquiries, found, first)))

        rows = [
            row_of(self._clock, each.caller, each.look_up.what, subject, each.request)
            for each in inquiries
            for subject in each.look_up.subjects
        ]
        self._log.record_then(logged, rows)


def _turn(loop: asyncio.AbstractEventLoop, turns: int, then: Callable[[], None]) -> None:
    """Call `then` after so many turns of a loop."""
    if turns:
        loop.call_soon(_turn, loop, turns - 1, then)
    else:
        then()


def answer_all(inquiries: Sequence[Inquiry[S]], state: Callable[[], S]) -> list[Found]:
    """Answer all of them from one state. One that is refused spoils no other."""
    return [_answered(each, state) for each in inquiries]


def _answered(inquiry: Inquiry[S], state: Callable[[], S]) -> Found:
    try:
        return inquiry.look_up.answer(state), None
    except Exception as failure:  # noqa: BLE001 - it is for whoever asked
        for subject in inquiry.look_up.subjects:
            subject.answer = problem_of(failure)["code"]
        return None, failure


class _Told(NamedTuple):
    """An inquiry, the numbers of its rows, and what came of it."""

    inquiry: Inquiry[Any]
    numbers: Sequence[int]
    found: Any
    failure: Exception | None


def _numbered(inquiries: Sequence[Inquiry[Any]], found: Sequence[Found], first: int) -> Iterator[_Told]:
    for inquiry, (answer, failure) in zip(inquiries, found, strict=True):
        after = first + len(inquiry.look_up.subjects)
        yield _Told(inquiry, range(first, after), answer, failure)
        first = after


def _tell(told: Sequence[_Told]) -> None:
    """Let all go on that wait; those of one loop with one call, since each call wakes it."""
    of_loops: dict[asyncio.AbstractEventLoop, list[_Told]] = {}
    for each in told:
        of_loops.setdefault(each.inquiry.waiting.get_loop(), []).append(each)
    for loop, of_loop in of_loops.items():
        with contextlib.suppress(RuntimeError):  # the loop has ended, and with it whoever waited
            loop.call_soon_threadsafe(partial(_tell_loop, of_loop))


def _tell_loop(told: Sequence[_Told]) -> None:
    for (_, look_up, _, waiting), numbers, found, failure in told:
        if waiting.done():
            continue  # its caller left
        if failure is not None:
            fail(waiting, failure)
            continue
        try:
            waiting.set_result(look_up.numbered(found, numbers))
        except Exception as fault:  # noqa: BLE001 - it is for whoever asked
            fail(waiting, fault)


def fail(waiting: asyncio.Future[Any], failure: Exception) -> None:
    """Let whoever waits meet a failure. A future takes no StopIteration, so it becomes a RuntimeError, as in a generator (PEP 479)."""
    if isinstance(failure, StopIteration):
        fault = RuntimeError("a look-up raised StopIteration")
        fault.__cause__ = failure
        failure = fault
    waiting.set_exception(failure)
