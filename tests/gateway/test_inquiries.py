"""Look-ups answered together: each by a state asked for after it came, none told before it stands in the log, none spoiling another."""

import asyncio
from contextlib import closing, contextmanager

import pytest

from gateway.callers import Caller, Party
from gateway.errors import Problem
from gateway.inquiries import Inquiries, LookUp, answer_all
from gateway.looked_up import Subject
from gateway.lookup_log import LookupLog
from scripts.demonstration.cast import SHANGHAI

CALLER = Caller(name="lab", credential="tq_1", party=Party.LAB, region=SHANGHAI, lab=b"\x11" * 32)


class Log:
    """Keeps what it is told to, and says when it is on the disk."""

    def __init__(self):
        self.rows = []
        self.waiting = []

    def record_then(self, then, lookups):
        self.waiting.append((then, len(self.rows) + 1))
        self.rows += lookups

    def written(self, refused=None):
        waiting, self.waiting = self.waiting, []
        for then, first in waiting:
            then(first if refused is None else refused)


@pytest.fixture
def log():
    return Log()


@pytest.fixture
def inquiries(log):
    return Inquiries(log, lambda: 1_800_000_000.5)


def ask(inquiries, of, subject=None):
    return asyncio.create_task(inquiries.ask(CALLER, LookUp("verification", [subject or Subject()], of, bare)))


def bare(found, numbers):
    return found


async def asked():
    """Let all who were made ask."""
    await asyncio.sleep(0)


@contextmanager
def refused(code):
    with pytest.raises(Problem) as found:
        yield
    assert found.value.code == code


def test_nobody_is_told_before_it_stands_in_the_log(inquiries, log):
    async def act():
        first, second = ask(inquiries, lambda state: state() + 1), ask(inquiries, lambda state: state() + 2)
        await asked()
        together = inquiries.gathered(within=30)
        inquiries.tell(together, answer_all(together, lambda: 10))
        await asked()
        assert not first.done()
        assert len(log.rows) == 2
        log.written()
        return await asyncio.gather(first, second)

    assert asyncio.run(act()) == [11, 12]
    assert [(row.at, row.what, row.caller, row.answer) for row in log.rows] == [(1_800_000_000_500, "verification", "tq_1", "ANSWERED")] * 2


def test_each_is_told_the_numbers_of_its_own_rows(inquiries, log):
    def many(count):
        look_up = LookUp("verification", [Subject() for _ in range(count)], lambda state: state(), lambda found, numbers: (found, *numbers))
        return asyncio.create_task(inquiries.ask(CALLER, look_up))

    async def act():
        waiting = [many(count) for count in (1, 3, 2)]
        await asked()
        together = inquiries.gathered(within=30)
        inquiries.tell(together, answer_all(together, lambda: "VALID"))
        log.written()
        return await asyncio.gather(*waiting)

    assert asyncio.run(act()) == [("VALID", 1), ("VALID", 2, 3, 4), ("VALID", 5, 6)]


def test_without_its_row_nothing_is_told(inquiries, log):
    async def act():
        waiting = ask(inquiries, lambda state: state())
        await asked()
        together = inquiries.gathered(within=30)
        inquiries.tell(together, answer_all(together, lambda: "VALID"))
        log.written(Problem(503, "LookupLogUnavailable", ""))
        with refused("LookupLogUnavailable"):
            await waiting

    asyncio.run(act())


def test_one_that_cannot_be_logged_spoils_no_other(tmp_path):
    async def act(inquiries):
        # No file of this kind holds so large a number.
        rows = (Subject(), Subject(amount=2**63), Subject())
        waiting = [ask(inquiries, lambda state: state(), subject) for subject in rows]
        await asked()
        together = inquiries.gathered(within=30)
        inquiries.tell(together, answer_all(together, lambda: "VALID"))
        first, second, third = await asyncio.gather(*waiting, return_exceptions=True)
        return first, second.code, third

    with closing(LookupLog(tmp_path)) as log:
        assert asyncio.run(act(Inquiries(log, lambda: 1_800_000_000.5))) == ("VALID", "LookupLogUnavailable", "VALID")
        assert log.verify().number == 2


def test_where_the_file_is_at_fault_nobody_waits_for_it_twice(inquiries, log):
    async def act():
        waiting = [ask(inquiries, lambda state: state()) for _ in range(3)]
        await asked()
        together = inquiries.gathered(within=30)
        inquiries.tell(together, answer_all(together, lambda: "VALID"))
        log.written(Problem(503, "LookupLogUnavailable", ""))
        return [each.code for each in await asyncio.gather(*waiting, return_exceptions=True)]

    assert asyncio.run(act()) == ["LookupLogUnavailable"] * 3
    assert len(log.rows) == 3


def test_one_that_is_refused_spoils_no_other_and_stands_in_the_log_by_its_code(inquiries, log):
    def refuse(_state):
        raise Problem(403, "NotYours", "")

    async def act():
        first, second = ask(inquiries, refuse), ask(inquiries, lambda state: state())
        await asked()
        together = inquiries.gathered(within=30)
        inquiries.tell(together, answer_all(together, lambda: "VALID"))
        log.written()
        with refused("NotYours"):
            await first
        return await second

    assert asyncio.run(act()) == "VALID"
    assert [row.answer for row in log.rows] == ["NotYours", "ANSWERED"]


def test_a_stop_iteration_strands_nobody(inquiries, log):
    """No future takes one, and whoever waits for the next answer in line would wait for ever."""

    def nothing_next(*_):
        return next(iter(()))

    async def act():
        answering = ask(inquiries, nothing_next)
        numbering = asyncio.create_task(inquiries.ask(CALLER, LookUp("verification", [Subject()], lambda state: state(), nothing_next)))
        good = ask(inquiries, lambda state: state())
        await asked()
        together = inquiries.gathered(within=30)
        inquiries.tell(together, answer_all(together, lambda: "VALID"))
        log.written()
        async with asyncio.timeout(30):
            for each in (answering, numbering):
                with pytest.raises(RuntimeError, match="StopIteration"):
                    await each
            return await good

    assert asyncio.run(act()) == "VALID"


def test_a_state_that_cannot_be_known_is_told_to_each_with_what_it_had_found(inquiries, log):
    """The tags of a look-up stand in the log also where no voucher could be found by them."""
    subjects = [Subject(), Subject()]

    def find(subject):
        def of(state):
            subject.serial = b"\x01" * 32
            return state()

        return of

    def unknown():
        raise Problem(503, "IndexRefused", "")

    async def act():
        waiting = [ask(inquiries, find(subject), subject) for subject in subjects]
        await asked()
        together = inquiries.gathered(within=30)
        inquiries.tell(together, answer_all(together, unknown))
        log.written()
        for each in waiting:
            with refused("IndexRefused"):
                await each

    asyncio.run(act())
    assert [(row.serial, row.answer) for row in log.rows] == [(b"\x01" * 32, "IndexRefused")] * 2


def test_what_comes_during_a_round_is_answered_by_the_next(inquiries, log):
    async def act():
        first = ask(inquiries, lambda state: state())
        await asked()
        together = inquiries.gathered(within=30)
        second = ask(inquiries, lambda state: state())
        await asked()
        inquiries.tell(together, answer_all(together, lambda: "old"))
        later = inquiries.gathered(within=30)
        inquiries.tell(later, answer_all(later, lambda: "new"))
        log.written()
        return await first, await second

    assert asyncio.run(act()) == ("old", "new")


async def share(inquiries, log, count):
    """A round that so many shared."""
    waiting = [ask(inquiries, lambda state: state()) for _ in range(count)]
    await asked()
    together = inquiries.gathered(within=30)
    inquiries.tell(together, answer_all(together, lambda: "VALID"))
    log.written()
    await asyncio.gather(*waiting)


@pytest.fixture
def patient(monkeypatch):
    """A round would wait for others until the test is given up."""
    monkeypatch.setattr("gateway.inquiries.JOIN_SECONDS", 30)
    monkeypatch.setattr("gateway.inquiries.MOST_JOIN_SECONDS", 30)


@pytest.mark.usefixtures("patient")
def test_a_round_waits_for_no_more_than_the_loop_brings(inquiries, log):
    async def act():
        await share(inquiries, log, 3)
        first = ask(inquiries, lambda state: state())
        round_begun = asyncio.create_task(asyncio.to_thread(inquiries.gathered, within=30))
        await asked()
        second = ask(inquiries, lambda state: state())
        together = await asyncio.wait_for(round_begun, 20)
        first.cancel()
        second.cancel()
        return len(together)

    assert asyncio.run(act()) == 2


def test_who_left_is_not_told_and_is_still_logged(inquiries, log):
    async def act():
        gone, stays = ask(inquiries, lambda state: state()), ask(inquiries, lambda state: state())
        await asked()
        gone.cancel()
        together = inquiries.gathered(within=30)
        inquiries.tell(together, answer_all(together, lambda: "VALID"))
        log.written()
        return await stays

    assert asyncio.run(act()) == "VALID"
    assert len(log.rows) == 2


def test_nothing_asked_is_no_round(inquiries, log):
    assert inquiries.gathered(within=0.001) == []
    inquiries.nudge()
    assert inquiries.gathered(within=30) == []

    inquiries.tell([], [])

    assert log.waiting == []
