"""Taking down a look-up: whatever comes of it, an answer or a refusal, stands in the log before anybody learns it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from gateway.callers import Caller
from gateway.context import REQUEST_ID
from gateway.errors import problem_of
from gateway.lookup_log import Lookup, LookupLog
from gateway.schemas import LookupKind
from registry import Id, Region, Tag


@dataclass(slots=True)
class Subject:
    """
    What a look-up was about, filled in as it is found, and what was answered.

    `span` is the first and the last of what a whole page showed; `block` and `amount` are a verification's, `against` names the reasons
    that were told. `own` marks what is the caller's own: it is not written down. `lab` is the one that is asked about, or whose order it
    is; it is written down where an agency asks in its name.
    """

    region: Region | None = None
    firm: Tag | None = None
    serial: Tag | None = None
    voucher: Id | None = None
    order: Id | None = None
    lab: Id | None = None
    span: str | None = None
    block: int | None = None
    amount: int | None = None
    against: str | None = None
    own: bool = False
    answer: str = "ANSWERED"

    @property
    def tags(self) -> tuple[Tag, Tag]:
        """Firm and serial, of a look-up that named both."""
        if self.firm is None or self.serial is None:
            raise ValueError("this look-up names no firm and serial")
        return self.firm, self.serial


@contextmanager
def logged(log: LookupLog, clock: Callable[[], float], caller: Caller, what: LookupKind, *, region: int | None = None) -> Iterator[Subject]:
    """
    Log what happens within: the subject's answer, or the code of the refusal that is raised.

    Raises:
        Problem: the log cannot be written; whatever was found must not be told.
    """
    subject = Subject(region=None if region is None else Region(region))
    with logged_together(log, clock, caller, what, [subject]):
        yield subject


@contextmanager
def logged_together(
    log: LookupLog, clock: Callable[[], float], caller: Caller, what: LookupKind, subjects: Sequence[Subject]
) -> Iterator[None]:
    """Log many look-ups of one request at once, each with its own answer; or all with the code of the refusal that is raised."""
    try:
        yield
    except Exception as failure:
        for subject in subjects:
            subject.answer = problem_of(failure)["code"]
        log.record(*(row_of(clock, caller, what, subject, REQUEST_ID.get()) for subject in subjects if not subject.own))
        raise
    log.record(*(row_of(clock, caller, what, subject, REQUEST_ID.get()) for subject in subjects if not subject.own))


def row_of(clock: Callable[[], float], caller: Caller, what: str, subject: Subject, request: str | None) -> Lookup:
    """A look-up as it is logged; `request` is the request's name."""
    return Lookup(  # by place: naming them would take longer than all the rest
        int(clock() * 1000),
        what,
        caller.credential,
        caller.party.value,
        caller.region,
        caller.in_name_of(subject.lab),
        subject.region,
        subject.firm,
        subject.serial,
        subject.voucher,
        subject.answer,
        request,
        subject.order,
        subject.span,
        subject.block,
        subject.amount,
        subject.against,
    )
