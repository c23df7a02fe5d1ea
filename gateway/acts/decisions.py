"""The decisions by which vouchers of this region were issued, for the officers who answer for them and for auditors."""

import re

from gateway import schemas
from gateway.acts.programmes import require_seen
from gateway.callers import Caller, Party
from gateway.cursors import Question, refused
from gateway.decisions import Kept
from gateway.looked_up import Subject, logged, logged_together
from gateway.office import Office
from gateway.sight import may_see_voucher, not_found, of_voucher, require_of_this_region
from registry import Id

_NUMBER = re.compile("[1-9][0-9]{0,17}")


def decisions(office: Office, caller: Caller, programme_id: Id, *, cursor: str | None, limit: int) -> schemas.DecisionPage:
    """The decisions under a programme of this region, in the order in which they were made, each of them logged."""
    require_of_this_region(office, caller)
    with office.seen() as snapshot:
        if require_seen(caller, snapshot, programme_id).region != office.region:
            raise not_found("programme", programme_id)
        question = Question("decisions", caller.name, (programme_id,))
        # One more than is shown tells whether there is a next page.
        kept = office.decisions.of_programme(programme_id, after=_number(question.position(cursor)), limit=limit + 1)
        shown = kept[:limit]
        with logged_together(
            office.lookups, office.clock, caller, "decision", [of_voucher(Subject(), snapshot.ledger, each.voucher) for each in shown]
        ):
            return schemas.DecisionPage(
                decisions=[_seen(each) for each in shown],
                next=question.cursor(str(shown[-1].number)) if len(kept) > limit else None,
                head=_head(office, caller),
            )


def decision(office: Office, caller: Caller, voucher_id: Id) -> schemas.DecisionOne:
    """The decision by which a voucher of this region was issued."""
    require_of_this_region(office, caller)
    with logged(office.lookups, office.clock, caller, "decision") as subject, office.seen() as snapshot:
        ledger = snapshot.ledger
        of_voucher(subject, ledger, voucher_id)
        kept = office.decisions.of_voucher(voucher_id)
        if kept is None or voucher_id not in ledger.vouchers or not may_see_voucher(office, caller, ledger, ledger.vouchers[voucher_id]):
            raise not_found("decision", voucher_id)
        return schemas.DecisionOne(decision=_seen(kept), head=_head(office, caller))


def _seen(kept: Kept) -> schemas.DecisionSeen:
    return schemas.DecisionSeen.model_validate({"number": kept.number, **kept.document})


def _head(office: Office, caller: Caller) -> schemas.LogHead | None:
    head = office.decisions.head
    return schemas.LogHead(number=head.number, hash=head.hash) if caller.party is Party.AUDITOR else None


def _number(position: str | None) -> int:
    if position is None:
        return 0
    if not _NUMBER.fullmatch(position):
        raise refused()
    return int(position)
