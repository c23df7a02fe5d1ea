"""What waits for a reviewing body (待办): approvals, first reviews and reviews, each with how long it has waited."""

from collections.abc import Iterator

from gateway import schemas
from gateway.acts.orders import of_page
from gateway.bodies import Duty
from gateway.callers import Caller
from gateway.cursors import Question
from gateway.office import Office
from registry import NO_ADDRESS, Address, AgeingThresholds, Facts, Id, Ledger, Life, Region, Snapshot, Stage, Wait, lives_of

_UNDER_REVIEW = frozenset({Stage.REQUESTED, Stage.REDEEMED, Stage.ENDORSED})


def waiting(office: Office, caller: Caller, *, duty: str | None, cursor: str | None, limit: int) -> schemas.WaitingPage:
    """
    What the caller's body can do now, in the order of reservation.

    Left out is what it has a part in already: who stood in or endorsed does not review again. One row of the log says who looked.
    """
    account = office.address_of(caller)
    question = Question("waiting", caller.name, (duty,))
    with office.seen() as snapshot:
        ledger = snapshot.ledger

        def keep(order_id: Id) -> bool:
            if ledger.orders[order_id].stage not in _UNDER_REVIEW:
                return False
            wait, region = _waits_for(ledger, order_id)
            mine = region == caller.home and office.bodies.has_duty(account, Duty(wait)) and duty in (None, wait)
            return mine and not any(office.bodies.are_same(account, other) for _, other in _reviewers(ledger, order_id))

        found, further = question.page(ledger.order_records, cursor, limit, keep)
        with of_page(office, caller, ledger, found):
            return schemas.WaitingPage(
                account=account,
                body=office.bodies.name(account),
                orders=[_waiting(office, snapshot, each) for each in found],
                next=further,
                block=office.block_seen(snapshot),
            )


def _waits_for(ledger: Ledger, order_id: Id) -> tuple[Wait, Region]:
    """What an order waits for, and which region is to act, without its history: many are asked and few are shown."""
    life = Life(ledger, order_id)
    life.stage = ledger.orders[order_id].stage
    if life.waits_for is None:
        raise ValueError("an order under review waits for somebody")
    return life.waits_for


def _reviewers(ledger: Ledger, order_id: Id) -> Iterator[tuple[str, Address]]:
    """Who stood in and who endorsed."""
    if order_id in ledger.claims:
        claim = ledger.claims[order_id]
        named = (("STOOD_IN", claim.stand_in), ("ENDORSED", claim.endorser))
        yield from ((what, account) for what, account in named if account != NO_ADDRESS)


def _waiting(office: Office, snapshot: Snapshot, order_id: Id) -> schemas.WaitingOrder:
    ledger = snapshot.ledger
    wait, _ = _waits_for(ledger, order_id)
    (life,) = lives_of(ledger, (each.logged for each in snapshot.history_of(order_id)), until=snapshot.time)
    late_after = life.since + AgeingThresholds().seconds(wait)
    reviewed_by = [
        {"what": what, "account": account, "body": office.bodies.name(account)} for what, account in _reviewers(ledger, order_id)
    ]
    return schemas.WaitingOrder.model_validate(
        {
            **Facts(snapshot).order(order_id),
            "waits_for": wait.value,
            "since": life.since,
            "waited_seconds": snapshot.time - life.since,
            "late_after": late_after,
            "late": snapshot.time > late_after,
            "reviewed_by": reviewed_by,
            "sent_back": bool(office.corrections.counting(order_id, life.attempt)),
        }
    )
