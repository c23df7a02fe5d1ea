"""The decisions by which vouchers of this region were issued, for the officers who answer for them and for auditors."""

from gateway import schemas
from gateway.acts.programmes import require_seen
from gateway.callers import Caller
from gateway.cursors import Question
from gateway.decisions import Kept
from gateway.looked_up import Subject, logged, logged_together
from gateway.office import Office
from gateway.sight import head_for, may_see_voucher, not_found, of_voucher, require_of_this_region
from registry import Id


def decisions(office: Office, caller: Caller, programme_id: Id, *, cursor: str | None, limit: int) -> schemas.DecisionPage:
    """The decisions under a programme of this region, in the order in which they were made, each of them logged."""
    require_of_this_region(office, caller)
    with office.seen() as snapshot:
        if require_seen(caller, snapshot, programme_id).region != office.region:
            raise not_found("programme", programme_id)
        question = Question("decisions", caller.name, (programme_id,))
        # One more than is shown tells whether there is a next page.
        kept = office.decisions.of_programme(programme_id, after=question.number(cursor) or 0, limit=limit + 1)
        shown = kept[:limit]
        with logged_together(
            office.lookups, office.clock, caller, "decision", [of_voucher(Subject(), snapshot.ledger, each.voucher) for each in shown]
        ):
            return schemas.DecisionPage(
                decisions=[_seen(each) for each in shown],
                next=question.cursor(str(shown[-1].number)) if len(kept) > limit else None,
                head=head_for(caller, office.decisions.head),
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
        return schemas.DecisionOne(decision=_seen(kept), head=head_for(caller, office.decisions.head))


def _seen(kept: Kept) -> schemas.DecisionSeen:
    return schemas.DecisionSeen.model_validate({"number": kept.number, **kept.document})
