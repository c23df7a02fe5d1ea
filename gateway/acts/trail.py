"""All events of all contracts in the chain's order, a page at a time, for auditors."""

from gateway import shapes
from gateway.callers import Caller
from gateway.cursors import Question, refused
from gateway.office import Office
from gateway.schemas import TrailPage


def trail(office: Office, caller: Caller, *, cursor: str | None, limit: int) -> TrailPage:
    """The events after a cursor."""
    question = Question("trail", caller.name)
    after = question.position(cursor)
    with office.seen() as snapshot:
        try:
            entries = snapshot.trail(after=after, limit=limit)
        except ValueError as malformed:
            raise refused() from malformed
        further = question.cursor(entries[-1].position) if entries else cursor
        return TrailPage(events=shapes.events(entries), next=further)
