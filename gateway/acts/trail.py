"""All events of all contracts in the chain's order, a page at a time, for auditors."""

from gateway import shapes
from gateway.callers import Caller
from gateway.cursors import Question, refused
from gateway.looked_up import logged
from gateway.office import Office
from gateway.schemas import TrailPage
from gateway.sight import span_of


def trail(office: Office, caller: Caller, *, cursor: str | None, limit: int) -> TrailPage:
    """The events after a cursor. Each page stands in the log, by the first and the last event on it."""
    question = Question("trail", caller.name)
    after = question.position(cursor)
    with logged(office.lookups, office.clock, caller, "trail") as subject, office.seen() as snapshot:
        try:
            entries = snapshot.trail(after=after, limit=limit)
        except ValueError as malformed:
            raise refused() from malformed
        subject.span = span_of([each.position for each in entries])
        further = question.cursor(entries[-1].position) if entries else cursor
        return TrailPage(events=shapes.events(entries), next=further, block=office.block_seen(snapshot))
