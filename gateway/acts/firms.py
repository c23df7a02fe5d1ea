"""Firms (企业) as their home region enrols them."""

from gateway import shapes
from gateway.callers import Caller
from gateway.cursors import Question
from gateway.errors import Problem
from gateway.firm_affairs import Kind
from gateway.office import Office
from gateway.schemas import FirmEnrolment, FirmOne, FirmPage, Subject
from gateway.sight import FIRM_ENDED, may_see_firm, not_found
from registry import Firm, Id, id_of


def enrol(office: Office, caller: Caller, asked: FirmEnrolment, intent_id: str) -> Subject:
    """Enrol a firm of this region. What it gave agents under an older epoch's id counts under this one as well."""
    record = Firm(office.region, office.keyring.firm(asked.firm))
    change = office.firm_changes.of_tag(record.firm)
    if change is not None and change.kind is not Kind.MOVED:
        raise Problem(409, "FirmEnded", FIRM_ENDED, kind=change.kind.value, on=change.day)
    done = office.client(caller).enrol(record, office.require_foreign(asked.signer), intent_id=intent_id)
    office.follow()
    for tag in office.keyring.firms(asked.firm):
        office.agents.book.carry(id_of(Firm(office.region, tag)), id_of(record))
    return Subject(id=id_of(record), transaction=done.transaction, block=done.block)


def firm(office: Office, caller: Caller, firm_id: Id) -> FirmOne:
    """One firm, for itself, the offices of its home region, and auditors."""
    with office.seen() as snapshot:
        records = snapshot.ledger.firm_records
        if firm_id not in records or not may_see_firm(office, caller, records[firm_id]):
            raise not_found("firm", firm_id)
        return FirmOne(**dict(shapes.firm_seen(snapshot, firm_id)), block=office.block_seen(snapshot))


def firms(office: Office, caller: Caller, *, cursor: str | None, limit: int) -> FirmPage:
    """The firms that a caller may see, without their codes: the chain does not know them."""
    with office.seen() as snapshot:
        records = snapshot.ledger.firm_records
        question = Question("firms", caller.name)
        found, further = question.page(records, cursor, limit, lambda each: may_see_firm(office, caller, records[each]))
        seen = [shapes.firm_seen(snapshot, each) for each in found]
        return FirmPage(firms=seen, next=further, block=office.block_seen(snapshot))
