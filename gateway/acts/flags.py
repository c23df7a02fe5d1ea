"""Flags (风险通告): any member stops a firm or lab everywhere at once; a second one makes it last."""

from gateway import shapes
from gateway.callers import OFFICERS, Caller, Party
from gateway.cursors import Question
from gateway.office import Office
from gateway.reasons import Reason
from gateway.schemas import Flagging, FlagOne, FlagPage, FlagSeen, FlagWritten, Seconding
from gateway.sight import not_found
from registry import Digest, Done, Flagged, Ground, Id, Region, Snapshot, ground_of, marked


def flag(office: Office, caller: Caller, asked: Flagging, intent_id: str) -> FlagWritten:
    """Stop a firm or lab everywhere for 30 days."""
    subject, client = Id(asked.subject), office.client(caller)
    reason = reason_given(office, subject, Ground(asked.ground), asked.reason, intent_id)
    return _written(office, subject, client.flag(subject, reason, intent_id=intent_id))


def second(office: Office, caller: Caller, subject: Id, asked: Seconding, intent_id: str) -> FlagWritten:
    """Make another region's flag last until it is lifted (附议)."""
    client, reason = office.client(caller), reason_given(office, subject, Ground(asked.ground), asked.reason, intent_id)
    return _written(office, subject, client.second(subject, reason, intent_id=intent_id))


def unflag(office: Office, caller: Caller, subject: Id, intent_id: str) -> FlagWritten:
    """Take one's own flag back."""
    return _written(office, subject, office.client(caller).unflag(subject, intent_id=intent_id))


def flagged(office: Office, caller: Caller, subject: Id) -> FlagOne:
    """The latest flag on one subject."""
    with office.seen() as snapshot:
        return FlagOne(**dict(flag_of(office, caller, snapshot, subject)), block=office.block_seen(snapshot))


def flag_of(office: Office, caller: Caller, snapshot: Snapshot, subject: Id) -> FlagSeen:
    """The latest flag on one subject, as its caller may see it."""
    if not _ever_flagged(snapshot, subject):
        raise not_found("flag", subject)
    return shapes.flag_seen(snapshot, subject, _words(office, caller), _grounds(office))


def reason_given(office: Office, subject: Id, ground: Ground, words: str, intent_id: str) -> Digest:
    """Keep the words of a reason here; what goes to the chain, from which every gateway reads the ground."""
    return marked(office.keyring, office.region, subject, ground, office.reasons.keep(intent_id, words).digest)


def flags(office: Office, caller: Caller, *, state: str | None, cursor: str | None, limit: int) -> FlagPage:
    """Every subject's latest flag, or those in one state."""
    question = Question("flags", caller.name, (state,))
    with office.seen() as snapshot:
        subjects = list(dict.fromkeys(subject for subject, _ in snapshot.ledger.flagged_by))
        words, grounds = _words(office, caller), _grounds(office)

        def keep(subject: Id) -> bool:
            return state in (None, shapes.flag_seen(snapshot, subject, words, grounds).state)

        found, further = question.page(subjects, cursor, limit, keep)
        seen = [shapes.flag_seen(snapshot, each, words, grounds) for each in found]
        return FlagPage(flags=seen, next=further, block=office.block_seen(snapshot))


def _words(office: Office, caller: Caller) -> shapes.Words:
    """The words behind a reason's hash: told by this gateway's own region to its offices and auditors."""
    told = (caller.party in OFFICERS and caller.home == office.region) or caller.party is Party.AUDITOR

    def of(region: int, digest: bytes) -> Reason | None:
        # Anybody may copy the half of a reason that stands for its words: they are those of this region's own flags alone.
        return office.reasons.of(digest) if told and region == office.region else None

    return of


def _grounds(office: Office) -> shapes.Grounds:
    return lambda region, subject, reason: ground_of(office.keyring, Region(region), subject, reason)


def _ever_flagged(snapshot: Snapshot, subject: Id) -> bool:
    return any(each == subject for each, _ in snapshot.ledger.flagged_by)


def _written(office: Office, subject: Id, done: Done) -> FlagWritten:
    office.follow()
    until = next((event.until for event in done.of(Flagged)), None)
    return FlagWritten(subject=subject, until=until, transaction=done.transaction, block=done.block)
