"""
From the chain's facts to answers, with what only a gateway knows. Pure: whoever calls has decided that the reader may see it.

What is told of a voucher to someone who looks it up names regions, never labs, and shows no tag.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from gateway import schemas
from gateway.bodies import Bodies
from gateway.catalogue import ITEM
from gateway.catalogue import Entry as CatalogueEntry
from gateway.errors import plain, problem_of
from gateway.lookup_log import Row
from gateway.opening_list import OnLedger, free_numbers, printed
from gateway.payments import Explained, HandedIn
from gateway.query_numbers import query_number
from gateway.reasons import Reason
from gateway.usable import is_usable
from gateway.verification import OF_CLAIMS
from gateway.why_not import explain
from gateway.why_not import unit_listed as unit_of_lab_listed
from registry import (
    NO_ID,
    Break,
    Division,
    Entry,
    Facts,
    Ground,
    Id,
    Position,
    Region,
    Rejected,
    Snapshot,
    Standing,
    Sum,
    Telling,
    Use,
    facts_of_events,
)

Words = Callable[[int, bytes], Reason | None]
"""The words behind a reason's hash, where they are known and may be told."""

Grounds = Callable[[int, Id, bytes], Ground | None]
"""The ground in the hash of a reason that a region gave about a subject, where the key is held."""

UNTIL_LIFTED = 2**40 - 1


def block_seen(snapshot: Snapshot, now: float) -> schemas.BlockSeen:
    """As of which block an answer holds. A node's clock may run a little ahead of ours."""
    return schemas.BlockSeen(**Facts(snapshot).block(now))


def reason(snapshot: Snapshot, refused: Rejected) -> schemas.ReasonTold:
    """One reason why not, with its cause and in words."""
    why = explain(snapshot, refused)
    return schemas.ReasonTold(code=refused.code, values=plain({**refused.values, **why.values}), cause=why.cause, zh=why.zh, en=why.en)


def refusal(refused: Exception) -> schemas.Refusal:
    """Why one document of many was refused, as a problem of its own would say it."""
    problem = problem_of(refused)
    return schemas.Refusal(code=problem["code"], values=problem["values"], detail=problem.get("detail", problem["title"]))


def unit_listed(snapshot: Snapshot, region: Region, told: schemas.ReasonTold, labs: Sequence[Id]) -> schemas.ReasonTold:
    """The same reason, with the cause that other labs of the host unit are listed, if they are."""
    why = unit_of_lab_listed(snapshot, region, labs)
    if why is None:
        return told
    return schemas.ReasonTold(code=told.code, values={**told.values, **why.values}, cause=why.cause, zh=why.zh, en=why.en)


def voucher_seen(snapshot: Snapshot, voucher_id: Id) -> schemas.VoucherSeen:
    """A voucher's terms, balance, used notes, and what holds it."""
    return schemas.VoucherSeen(**Facts(snapshot).voucher(voucher_id))


def carried_notes(snapshot: Snapshot, voucher_id: Id, row: OnLedger) -> dict[str, Any]:
    """What a ledger has of a voucher that was carried over, its notes by the numbers that are printed on them."""
    voucher, spans = snapshot.ledger.vouchers[voucher_id], snapshot.ledger.notes[voucher_id]
    taken = [range(each.first, each.last + 1) for each in spans]
    free = free_numbers(voucher.face // voucher.denomination, taken) if row.free else ()
    return {
        "face": row.face,
        "used": row.used,
        "in_flight": row.in_flight,
        "used_notes": notes(row.used_notes),
        "taken_notes": notes(span for each in taken for span in printed(row.free, each.start, each.stop - 1)),
        "free_notes": notes(span for each in free for span in printed(row.free, each.start, each.stop - 1)),
    }


def notes(numbers: Iterable[range]) -> list[schemas.Notes]:
    """Numbers of notes as they are answered, those that follow one another together."""
    spans: list[range] = []
    for each in numbers:
        if spans and spans[-1].stop == each.start:
            spans[-1] = range(spans[-1].start, each.stop)
        else:
            spans.append(each)
    return [schemas.Notes(first=each.start, last=each.stop - 1) for each in spans]


def order_brief(snapshot: Snapshot, order_id: Id) -> schemas.OrderBrief:
    """Where an order stands."""
    return schemas.OrderBrief(**Facts(snapshot).order(order_id))


def leaving_order(snapshot: Snapshot, order_id: Id, against: Rejected | None) -> schemas.LeavingOrder:
    """An unfinished order at a lab that is leaving, and why it cannot be moved, if so."""
    ledger = snapshot.ledger
    record = ledger.order_records[order_id]
    state = ledger.labs[record.lab]
    return schemas.LeavingOrder(
        **Facts(snapshot).order(order_id),
        standing=state.standing.name,
        flagged_until=until_or_lifted(state.flagged_until) if state.flagged_until >= snapshot.time else None,
        use_by=ledger.vouchers[record.voucher].use_by,
        not_movable=None if against is None else reason(snapshot, against),
    )


def order_seen(snapshot: Snapshot, order_id: Id, now: float, bodies: Bodies) -> schemas.OrderSeen:
    """An order for one of its parties, its officers or an auditor."""
    history = history_seen(snapshot, order_id)
    return schemas.OrderSeen(
        **Facts(snapshot).order(order_id), history=history, bodies=_bodies_in(history, bodies), block=block_seen(snapshot, now)
    )


def _bodies_in(history: Iterable[schemas.Event], bodies: Bodies) -> list[schemas.BodyNamed]:
    """Every account of a history that is of a body with a name, as it first acts."""
    accounts = dict.fromkeys(event.values[name] for event in history for name in ("stand_in", "by") if name in event.values)
    named = ((account, bodies.name(account)) for account in accounts)
    return [schemas.BodyNamed(account=account, body=body) for account, body in named if body is not None]


def lookup_seen(region: Region, row: Row, *, named: bool) -> schemas.LookupSeen:
    """
    A look-up from a region's log. `named` tells by which key and by which lab, and reasons of others' claims; tags are told to nobody.
    """
    found = row.lookup
    told = (found.against or "").split()
    return schemas.LookupSeen(
        number=row.number,
        query_number=query_number(region, row.number),
        milliseconds=found.at,
        what=found.what,
        answer=found.answer,
        party=found.party,
        region=found.home,
        voucher_id=found.voucher,
        order_id=found.order_id,
        span=found.span,
        block=found.block,
        amount=found.amount,
        reasons=[each for each in told if named or each not in OF_CLAIMS],
        caller=found.caller if named else None,
        lab=found.lab if named else None,
    )


def programme_seen(snapshot: Snapshot, programme_id: Id, now: float) -> schemas.ProgrammeSeen:
    """A programme and its pool."""
    return schemas.ProgrammeSeen(**Facts(snapshot).programme(programme_id), block=block_seen(snapshot, now))


def pool_seen(snapshot: Snapshot, programme_id: Id, now: float) -> schemas.PoolSeen:
    """A pool and every movement of it."""
    return schemas.PoolSeen(**Facts(snapshot).pool(programme_id), block=block_seen(snapshot, now))


def months_seen(snapshot: Snapshot) -> list[schemas.MonthSeen]:
    """Both sides' statements of every month."""
    return [schemas.MonthSeen(**each) for each in Facts(snapshot).months()]


def records_seen(handed_in: HandedIn) -> schemas.RecordsSeen:
    """One month's payment records as they count."""
    return schemas.RecordsSeen(month=handed_in.month, sha256=handed_in.sha256, rows=handed_in.rows, at=handed_in.at, by=handed_in.by)


def break_seen(found: Break, month: int, explained: Explained | None) -> schemas.BreakSeen:
    """A break as a month's list tells it."""
    return schemas.BreakSeen(
        break_id=found.id,
        order_id=found.order,
        reason=found.reason.value,
        opened=found.opened,
        carried=found.opened < month,
        resolved=found.resolved,
        due=found.due,
        paid=found.paid,
        references=list(found.references),
        explanation=None
        if explained is None
        else schemas.ExplanationSeen(month=explained.explanation.month, text=explained.text, at=explained.at, by=explained.by),
    )


def sub_district_seen(name: str | None, part: Division) -> schemas.SubDistrictSeen:
    """What a month came to for one sub-district."""
    events = [schemas.EventSum.model_validate({"event": event, **_sum(each)}) for event, each in sorted(part.events.items())]
    return schemas.SubDistrictSeen(sub_district=name, orders=part.orders, events=events)


def _sum(found: Sum) -> dict[str, int]:
    return {"count": found.count, "total": found.total}


# The directory


def until_or_lifted(until: int) -> int | None:
    """The last second of a flag; null where it stands until it is lifted."""
    return None if until >= UNTIL_LIFTED else until


def lab_seen(snapshot: Snapshot, lab_id: Id) -> schemas.LabSeen:
    """A lab, without the tags of its host unit and seller."""
    return schemas.LabSeen(**Facts(snapshot).lab(lab_id))


def item_seen(snapshot: Snapshot, item: Id) -> schemas.ItemSeen:
    """An item of a lab."""
    return schemas.ItemSeen(**Facts(snapshot).item(item))


def recognition_seen(snapshot: Snapshot, region: Region, subject: Id) -> schemas.RecognitionSeen:
    """From when until when a region's vouchers may be spent at a lab or on an item."""
    return schemas.RecognitionSeen.model_validate(Facts(snapshot).recognition(region, subject))


def catalogue_entry(snapshot: Snapshot, entry: CatalogueEntry) -> schemas.EntrySeen:
    """A lab or item as its list describes it, and as it stands on the chain."""
    ledger = snapshot.ledger
    state, item = ledger.labs[entry.lab], entry.subject if entry.kind == ITEM else NO_ID
    known = state.standing != Standing.NONE
    regions = [region for region, _ in ledger.regions.items()]
    return schemas.EntrySeen(
        subject=entry.subject,
        kind="ITEM" if entry.kind == ITEM else "LAB",
        region=entry.region,
        lab=entry.lab,
        code=entry.code,
        name=entry.name,
        unit=entry.unit,
        services=list(entry.services),
        place=entry.place,
        standing=state.standing.name if known else None,
        qualified_until=state.qualified_until if known else None,
        usable_by=sorted(each for each in regions if is_usable(ledger, each, entry.lab, item, snapshot.time)),
    )


def firm_seen(snapshot: Snapshot, firm_id: Id) -> schemas.FirmSeen:
    """A firm, without its tag."""
    return schemas.FirmSeen(**Facts(snapshot).firm(firm_id))


def key_seen(snapshot: Snapshot, subject: Id) -> schemas.KeySeen:
    """Who signs for a party, and whom its office proposed."""
    return schemas.KeySeen(**Facts(snapshot).key(subject))


def key_one(snapshot: Snapshot, subject: Id, now: float) -> schemas.KeyOne:
    """The same with every change of the key."""
    facts = Facts(snapshot)
    return schemas.KeyOne(**facts.key(subject), history=_events(facts.history_of_key(subject)), block=block_seen(snapshot, now))


def flag_seen(snapshot: Snapshot, subject: Id, words: Words, ground: Grounds) -> schemas.FlagSeen:
    """The latest flag on a subject, with its grounds, and the words behind its reasons where they are known and may be told."""
    flag = schemas.FlagSeen(**Facts(snapshot).flag(subject))
    reasons = [
        _with_words(each, words(each.region, each.hash)).model_copy(update={"ground": ground(each.region, subject, each.hash)})
        for each in flag.reasons
    ]
    return flag.model_copy(update={"reasons": reasons})


def _with_words(reason: schemas.FlagReason, known: Reason | None) -> schemas.FlagReason:
    return reason if known is None else reason.model_copy(update={"text": known.text, "salt": known.salt})


# Agents


def position(at: Position) -> str:
    """Where a use stands, for callers: opaque, and sorting as the chain does."""
    return f"{at.block:012x}{at.log:06x}"


def use_seen(use: Use, told: Telling | None) -> schemas.AgentUse:
    """One use of an agent's key, with the power that covers it."""
    act, power = use.act, use.power
    named = None if power is None else {"document_sha256": power.document.hex(), "from": power.from_, "until": power.until}
    return schemas.AgentUse(
        position=position(act.position),
        what=act.verb.name,
        firm=act.firm,
        agent=act.key,
        order_id=None if act.order == NO_ID else act.order,
        amount=None if act.order == NO_ID else act.amount,
        time=act.time,
        block=act.position.block,
        transaction=act.transaction,
        power=None if named is None else schemas.PowerNamed.model_validate(named),
        told=None if told is None else schemas.TellingSeen(at=told.at, how=told.how),
    )


# Events


def events(entries: Sequence[Entry]) -> list[schemas.Event]:
    """Events as the contracts told them, field by field."""
    return _events(facts_of_events(entries))


def history_seen(snapshot: Snapshot, subject: Id) -> list[schemas.Event]:
    """Every event about something, in order."""
    return _events(Facts(snapshot).history_of(subject))


def _events(told: Iterable[dict[str, Any]]) -> list[schemas.Event]:
    return [schemas.Event(**each) for each in told]
