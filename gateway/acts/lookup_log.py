"""Who looked, at this gateway."""

import re

from gateway import shapes
from gateway.callers import Caller, Party
from gateway.cursors import Question, refused
from gateway.office import Office
from gateway.schemas import LogHead, LookupPage
from gateway.sight import own_tags

_NUMBER = re.compile("[1-9][0-9]{0,17}")


def lookups(office: Office, caller: Caller, *, cursor: str | None, limit: int) -> LookupPage:
    """
    Look-ups, the newest first: a firm sees who looked at its own vouchers, an officer who looked at his region's, an auditor all.

    A firm is told party and region of who looked, never which lab: that a lab asks is between it and its other customers.
    """
    question = Question("lookups", caller.name)
    before = _number(question.position(cursor))
    firms = own_tags(office, caller) if caller.party is Party.FIRM else None
    region = None if caller.party is Party.AUDITOR else caller.home
    # One more than is shown tells whether there is a next page.
    rows = office.lookups.rows(firms=firms, region=region, before=before, limit=limit + 1)
    shown, head = rows[:limit], office.lookups.head
    return LookupPage(
        lookups=[shapes.lookup_seen(row, named=caller.party is not Party.FIRM) for row in shown],
        next=question.cursor(str(shown[-1].number)) if len(rows) > limit else None,
        head=LogHead(number=head.number, hash=head.hash) if caller.party is Party.AUDITOR else None,
    )


def _number(position: str | None) -> int | None:
    if position is None:
        return None
    if not _NUMBER.fullmatch(position):
        raise refused()
    return int(position)
