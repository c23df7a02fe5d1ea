"""Who looked, at this gateway."""

from gateway import shapes
from gateway.callers import OF_LABS, OFFICERS, Caller, Party
from gateway.cursors import Question
from gateway.errors import Problem
from gateway.lookup_log import Row
from gateway.office import Office
from gateway.query_numbers import row_named
from gateway.schemas import LookupOne, LookupPage
from gateway.sight import head_for, own_tags


def lookups(office: Office, caller: Caller, *, cursor: str | None, limit: int) -> LookupPage:
    """
    Look-ups, the newest first: a firm sees who looked at its own vouchers, an officer who looked at his region's, an auditor all.

    A firm is told party and region of who looked, never which lab: that a lab asks is between it and its other customers.
    """
    question = Question("lookups", caller.name)
    before = question.number(cursor)
    firms = own_tags(office, caller) if caller.party is Party.FIRM else None
    region = None if caller.party is Party.AUDITOR else caller.home
    # One more than is shown tells whether there is a next page.
    rows = office.lookups.rows(firms=firms, region=region, before=before, limit=limit + 1)
    shown = rows[:limit]
    return LookupPage(
        lookups=[shapes.lookup_seen(office.region, row, named=caller.party is not Party.FIRM) for row in shown],
        next=question.cursor(str(shown[-1].number)) if len(rows) > limit else None,
        head=head_for(caller, office.lookups.head),
    )


def lookup(office: Office, caller: Caller, number: str) -> LookupOne:
    """One look-up by its query number (查询编号)."""
    row = office.lookups.row(row_named(office.region, number))
    if row is None or not _may_see(office, caller, row):
        raise Problem(404, "NotFound", "未找到，或无权查看。 Not found, or not yours to see.", what="lookup", id=number)
    named = caller.party is not Party.FIRM
    return LookupOne(lookup=shapes.lookup_seen(office.region, row, named=named), head=head_for(caller, office.lookups.head))


def _may_see(office: Office, caller: Caller, row: Row) -> bool:
    """Whoever asked, the voucher's firm, the offices of its region and of this gateway's, and auditors."""
    found = row.lookup
    if caller.party in OF_LABS:
        # A lab also sees what its agencies asked in its name; an agency nothing of the lab's other ones.
        is_own = caller.party is Party.LAB or found.caller == caller.credential
        return is_own and found.lab is not None and caller.acts_for(found.lab)
    if caller.party is Party.FIRM:
        return found.firm in own_tags(office, caller)
    return caller.party is Party.AUDITOR or (caller.party in OFFICERS and caller.home in (found.region, office.region))
