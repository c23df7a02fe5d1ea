"""Flags (风险通告): any member stops a firm or lab everywhere at once; a second one makes it last."""

from gateway import shapes
from gateway.callers import OFFICERS, Caller, Party
from gateway.cursors import Question
from gateway.office import Office
from gateway.reasons import Reason
from gateway.schemas import Flagging, FlagOne, FlagPage, FlagWritten, Seconding
from gateway.sight import not_found
from registry import Done, Flagged, Id, Snapshot


def flag(office: Office, caller: Caller, asked: Flagging, intent_id: str) -> FlagWritten:
    """Stop a firm or lab everywhere for 30 days."""
    client, reason = office.client(caller), office.reasons.keep(intent_id, asked.reason)
    return _written(office, Id(asked.subject), client.flag(Id(asked.subject), reason.digest, intent_id=intent_id))


def second(office: Office, caller: Caller, subject: Id, asked: Seconding, intent_id: str) -> FlagWritten:
    """Make another region's flag last until it is lifted (附议)."""
    client, reason = office.client(caller), office.reasons.keep(intent_id, asked.reason)
    return _written(office, subject, client.second(subject, reason.digest, intent_id=intent_id))


def unflag(office: Office, caller: Caller, subject: Id, intent_id: str) -> FlagWritten:
    """Take one's own flag back."""
    return _written(office, subject, office.client(caller).unflag(subject, intent_id=intent_id))


def flagged(office: Office, caller: Caller, subject: Id) -> FlagOne:
    """The latest flag on one subject."""
    with office.seen() as snapshot:
        if not _ever_flagged(snapshot, subject):
            raise not_found("flag", subject)
        return FlagOne(**dict(shapes.flag_seen(snapshot, subject, _words(office, caller))), block=office.block_seen(snapshot))


def flags(office: Office, caller: Caller, *, state: str | None, cursor: str | None, limit: int) -> FlagPage:
    """Every subject's latest flag, or those in one state."""
    question = Question("flags", caller.name, (state,))
    with office.seen() as snapshot:
        subjects = list(dict.fromkeys(subject for subject, _ in snapshot.ledger.flagged_by))
        words = _words(office, caller)

        def keep(subject: Id) -> bool:
            return state in (None, shapes.flag_seen(snapshot, subject, words).state)

        found, further = question.page(subjects, cursor, limit, keep)
        seen = [shapes.flag_seen(snapshot, each, words) for each in found]
        return FlagPage(flags=seen, next=further, block=office.block_seen(snapshot))


def _words(office: Office, caller: Caller) -> shapes.Words:
    """The words behind a reason's hash: told by this gateway's own region to its offices and auditors."""
    told = (caller.party in OFFICERS and caller.home == office.region) or caller.party is Party.AUDITOR

    def of(digest: bytes) -> Reason | None:
        return office.reasons.of(digest) if told else None

    return of


def _ever_flagged(snapshot: Snapshot, subject: Id) -> bool:
    return any(each == subject for each, _ in snapshot.ledger.flagged_by)


def _written(office: Office, subject: Id, done: Done) -> FlagWritten:
    office.follow()
    until = next((event.until for event in done.of(Flagged)), None)
    return FlagWritten(subject=subject, until=until, transaction=done.transaction, block=done.block)
