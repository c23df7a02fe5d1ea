"""Programmes (券种) and the money set aside for them (预拨兑付资金)."""

from gateway import shapes
from gateway.callers import Caller
from gateway.cursors import Question
from gateway.office import Office
from gateway.programme_files import require_file_of
from gateway.schemas import Funding, Opened, PoolSeen, ProgrammeFile, ProgrammeFileSeen, ProgrammePage, ProgrammeSeen, Written
from gateway.sight import may_see_programme, not_found
from registry import Done, Fen, Id, Programme, Snapshot, id_of, read_programme_file


def open_programme(office: Office, caller: Caller, asked: ProgrammeFile, intent_id: str) -> Opened:
    """Fix a programme for ever, and keep its file."""
    file = read_programme_file(asked.file)
    record = file.programme
    with office.current() as snapshot:
        opened = id_of(record) in snapshot.ledger.programmes
    office.programme_files.keep(asked.file, file, opened=opened)
    done = office.client(caller).open(record, intent_id=intent_id)
    office.follow()
    return Opened(programme_id=id_of(record), policy_hash=record.policy_hash, transaction=done.transaction, block=done.block)


def programme(office: Office, caller: Caller, programme_id: Id) -> ProgrammeSeen:
    """A programme and its pool, for the offices of its region and of the region or regions that pay, and auditors."""
    with office.seen() as snapshot:
        require_seen(caller, snapshot, programme_id)
        return shapes.programme_seen(snapshot, programme_id, office.clock())


def file_of(office: Office, caller: Caller, programme_id: Id) -> ProgrammeFileSeen:
    """The file that a programme was opened with, for whoever may see the programme."""
    with office.seen() as snapshot:
        record = require_seen(caller, snapshot, programme_id)
        text = office.programme_files.text(record)
        return ProgrammeFileSeen(programme_id=programme_id, policy_hash=record.policy_hash, file=text)


def hand_in(office: Office, caller: Caller, programme_id: Id, asked: ProgrammeFile) -> ProgrammeFileSeen:
    """
    Keep the file of a programme that was opened elsewhere, or whose file was lost here; the one that is kept.

    Only one with that very hash is taken. Where one is kept already, that one stays, with its comments.
    """
    file = read_programme_file(asked.file)
    with office.current() as snapshot:
        record = require_seen(caller, snapshot, programme_id)
    require_file_of(record, file)
    kept = office.programme_files.keep(asked.file, file, opened=True)
    return ProgrammeFileSeen(programme_id=programme_id, policy_hash=record.policy_hash, file=kept)


def programmes(office: Office, caller: Caller, *, cursor: str | None, limit: int) -> ProgrammePage:
    """The programmes that a caller may see."""
    with office.seen() as snapshot:
        opened = snapshot.ledger.programmes
        question = Question("programmes", caller.name)
        found, further = question.page(opened, cursor, limit, lambda each: may_see_programme(caller, snapshot.ledger, each))
        seen = [shapes.programme_seen(snapshot, each, office.clock()) for each in found]
        return ProgrammePage(programmes=seen, next=further, block=office.block_seen(snapshot))


def pool(office: Office, caller: Caller, programme_id: Id) -> PoolSeen:
    """A programme's pool, with what was set aside and taken back."""
    with office.seen() as snapshot:
        require_seen(caller, snapshot, programme_id)
        return shapes.pool_seen(snapshot, programme_id, office.clock())


def fund(office: Office, caller: Caller, programme_id: Id, asked: Funding, intent_id: str) -> Written:
    """Record money set aside (拨入)."""
    named = office.keyring.funding(office.region, asked.bank_reference)
    return _moved(office, office.client(caller).fund(programme_id, Fen(asked.amount), named, intent_id=intent_id))


def draw(office: Office, caller: Caller, programme_id: Id, asked: Funding, intent_id: str) -> Written:
    """Record money taken back (划回)."""
    named = office.keyring.funding(office.region, asked.bank_reference)
    return _moved(office, office.client(caller).draw(programme_id, Fen(asked.amount), named, intent_id=intent_id))


def _moved(office: Office, done: Done) -> Written:
    office.follow()
    return Written(transaction=done.transaction, block=done.block)


def require_seen(caller: Caller, snapshot: Snapshot, programme_id: Id) -> Programme:
    """A programme that the caller may see. Whether there is another is told to nobody."""
    if programme_id not in snapshot.ledger.programmes or not may_see_programme(caller, snapshot.ledger, programme_id):
        raise not_found("programme", programme_id)
    return snapshot.ledger.programmes[programme_id]
