"""
Return for correction (退回补正), item by item: what reviewers name, what is handed in anew, and where each item stands.

Lists are kept where the evidence is. What sends an order back is `reject` on the chain; a list says what for.
"""

from collections.abc import Collection

from gateway import schemas
from gateway.acts.evidence import put_on_record, require_party
from gateway.callers import Caller
from gateway.corrections_book import Named, Returned
from gateway.errors import Problem
from gateway.evidence_book import Handed
from gateway.looked_up import logged
from gateway.office import Office
from gateway.programme_files import require_file_of
from gateway.sight import not_found, of_order, require_evidence_seen, reviews
from registry import (
    Bundle,
    Correction,
    Id,
    ItemState,
    Ledger,
    Programme,
    ProgrammeFile,
    Region,
    Rejected,
    SentBack,
    Stage,
    Time,
    corrected,
    corrections_of,
    items_of,
    read_programme_file,
    strays,
)

_UNDER_REVIEW = frozenset({Stage.REDEEMED, Stage.ENDORSED, Stage.ACCEPTED})


# Sending back


def name(office: Office, caller: Caller, order_id: Id, asked: schemas.CorrectionList, intent_id: str) -> schemas.CorrectionListTaken:
    """
    Put on record what a body wants put right, all at once (一次性告知), before the order is sent back.

    Home's reviewer rejects then; the host's first reviewer cannot, and tells home so by not endorsing.
    """
    with office.current() as snapshot:
        programme = _programme_reviewed(caller, snapshot.ledger, order_id)
    # What was put on record stands, though the order may be rejected by now: a repeated request is answered by it.
    returned = office.corrections.recorded(intent_id)
    if returned is None:
        checklist = _checklist_of(office, programme, asked)
        account, body = _signs_as(office, caller)
        # Judged last of all, and put on record before this gateway hears of another block: what was rejected by now gets no list.
        with office.current() as snapshot:
            returned = Returned(
                attempt=_attempt_under_review(snapshot.ledger, order_id),
                at=Time(int(office.clock())),
                region=caller.home,
                account=account,
                body=body,
                bundle_sha256=_handed_here(office, snapshot.ledger, order_id).bundle.hash.hex(),
                items=tuple(Named(each.document, each.reason) for each in asked.items),
                checklist=checklist,
            )
            office.corrections.enter(order_id, returned, intent_id=intent_id)
    return schemas.CorrectionListTaken(
        order_id=order_id, attempt=returned.attempt, bundle_sha256=returned.bundle_sha256, items=_items_seen(returned)
    )


def require_nothing_sent_back(office: Office, caller: Caller, orders: Collection[Id], intent_id: str) -> None:
    """Refuse that a body finds in order what it sent back itself. What was sent before was judged before."""
    if office.sent_before(intent_id) is not None:
        return
    account, body = _signs_as(office, caller)
    with office.current() as snapshot:
        for order in orders:
            counting = office.corrections.counting(order, snapshot.ledger.orders[order].attempt)
            if any(each.by == (caller.home, body or account) for each in counting):
                title = "本机构列明的补正事项尚未撤回。 What this body sent back stands; take it back first."
                raise Problem(409, "SentBack", title, order="0x" + order.hex())


def _programme_reviewed(caller: Caller, ledger: Ledger, order_id: Id) -> Programme:
    """The programme of an order that the caller may judge."""
    if order_id not in ledger.order_records or not reviews(caller, ledger, order_id):
        raise not_found("order", order_id)
    return ledger.programmes[ledger.vouchers[ledger.order_records[order_id].voucher].programme]


def _attempt_under_review(ledger: Ledger, order_id: Id) -> int:
    state = ledger.orders[order_id]
    if state.stage not in _UNDER_REVIEW:
        raise Rejected("WrongStage", {"order": order_id, "stage": int(state.stage)})
    return state.attempt


def _handed_here(office: Office, ledger: Ledger, order_id: Id) -> Handed:
    handed = office.evidence.handed(order_id)
    if handed is None:
        title = "本平台未收到该订单的兑付材料；请在受理材料的平台列明补正事项。 The evidence is at another gateway: name the items there."
        raise Problem(409, "EvidenceNotHere", title, kept_at=_other_regions(office, ledger, order_id))
    return handed


def _checklist_of(office: Office, programme: Programme, asked: schemas.CorrectionList) -> tuple[str, ...]:
    """All that the programme asks for, if what was named is among it."""
    checklist = items_of(_file_of(office, programme, asked.file).policy.evidence)
    unknown = sorted({each.document for each in asked.items} - set(checklist))
    if unknown:
        title = "所列事项不在该券种的材料清单内。 The programme's checklist does not have these items."
        raise Problem(422, "ItemNotAsked", title, items=unknown, checklist=list(checklist))
    return checklist


def _signs_as(office: Office, caller: Caller) -> tuple[str | None, str | None]:
    """The caller's account and its body, as far as they are known here."""
    account = office.account_of(caller)
    return account, None if account is None else office.bodies.name(account)


def _file_of(office: Office, programme: Programme, text: str | None) -> ProgrammeFile:
    """The programme's file, or the one that was brought, which proves itself by the hash on the chain."""
    if text is None:
        return office.programme_files.of(programme)
    brought = read_programme_file(text)
    require_file_of(programme, brought)
    return brought


# Handing in anew


def send(office: Office, caller: Caller, order_id: Id, asked: schemas.CorrectionsSent, intent_id: str) -> schemas.BundleTaken:
    """Put on record what is handed in anew; what was not sent back is carried over from the bundle that counts."""
    require_party(office, caller, order_id)
    handed = office.evidence.handed(order_id)
    with office.seen() as snapshot:
        back = _sent_back(office, snapshot.ledger, order_id)
        if not back or handed is None or snapshot.ledger.orders[order_id].stage != Stage.OPEN:
            title = "该订单没有待补正的事项。 Nothing of this order is to be put right here."
            raise Problem(409, "NothingSentBack", title)
    named = {each.document for returned in back for each in returned.items}
    sent = Bundle.read(asked.model_dump(mode="json"))
    wrong = strays(sent, named)
    if wrong:
        title = "含未被退回的内容；其余材料自动沿用。 Only what was sent back is handed in anew; all else is carried over."
        raise Problem(422, "NotSentBack", title, not_sent_back=wrong, sent_back=sorted(named))
    return put_on_record(office, caller, order_id, corrected(handed.bundle, sent, named), salt=None, intent_id=intent_id)


def require_corrected(office: Office, ledger: Ledger, order_id: Id) -> None:
    """Refuse to prepare another attempt while something that was sent back here was not handed in anew."""
    missing = [each.item for each in _corrections(office, ledger, order_id) if each.state is ItemState.TO_SEND]
    if missing:
        title = "尚有退回事项未补正。 Some of what was sent back was not handed in anew."
        raise Problem(409, "CorrectionMissing", title, items=missing)


# Looking


def seen(office: Office, caller: Caller, order_id: Id) -> schemas.CorrectionsSeen:
    """What was sent back and what became of it, for the order's parties and for who judges it."""
    with logged(office.lookups, office.clock, caller, "evidence-corrections") as subject, office.seen() as snapshot:
        ledger = snapshot.ledger
        of_order(subject, ledger, order_id)
        require_evidence_seen(office, caller, ledger, order_id)
        state = ledger.orders[order_id]
        here = office.evidence.handed(order_id) is not None
        back = _sent_back(office, ledger, order_id)
        return schemas.CorrectionsSeen(
            order_id=order_id,
            stage=state.stage.name,
            attempt=state.attempt,
            deadline=state.deadline,
            kept_here=here,
            kept_at=[office.region] if here else _other_regions(office, ledger, order_id),
            lists=_lists_seen(office, order_id, state.attempt),
            checklist=[_correction_seen(each, back) for each in _corrections(office, ledger, order_id)],
            block=office.block_seen(snapshot),
        )


def _other_regions(office: Office, ledger: Ledger, order_id: Id) -> list[Region]:
    """The regions of an order where its evidence may be, if it is not here."""
    record = ledger.order_records[order_id]
    regions = {ledger.programmes[ledger.vouchers[record.voucher].programme].region, ledger.labs[record.lab].region}
    return sorted(regions - {office.region})


def _sent_back(office: Office, ledger: Ledger, order_id: Id) -> list[Returned]:
    """What counts of the attempt before this one."""
    return list(office.corrections.counting(order_id, ledger.orders[order_id].attempt - 1))


def _corrections(office: Office, ledger: Ledger, order_id: Id) -> tuple[Correction, ...]:
    back, handed = _sent_back(office, ledger, order_id), office.evidence.handed(order_id)
    if not back or handed is None:
        return ()
    found = [
        SentBack(frozenset(item.document for item in each.items), office.evidence.bundle(order_id, each.bundle_sha256)) for each in back
    ]
    return corrections_of(back[-1].checklist, found, handed.bundle)


def _lists_seen(office: Office, order_id: Id, attempt: int) -> list[schemas.ListSeen]:
    lists = office.corrections.of(order_id)
    counting = [each for number in {returned.attempt for returned in lists} for each in office.corrections.counting(order_id, number)]
    return [
        schemas.ListSeen(
            attempt=each.attempt,
            at=each.at,
            region=each.region,
            account=each.account,
            body=each.body,
            bundle_sha256=each.bundle_sha256,
            items=_items_seen(each),
            counts=each in counting,
            rejected=each.attempt < attempt,
        )
        for each in lists
    ]


def _items_seen(returned: Returned) -> list[schemas.ItemNamed]:
    return [schemas.ItemNamed(document=each.document, reason=each.reason) for each in returned.items]


def _correction_seen(found: Correction, back: Collection[Returned]) -> schemas.CorrectionSeen:
    reasons = [
        schemas.ReasonGiven(region=each.region, body=each.body, reason=item.reason)
        for each in back
        for item in each.items
        if item.document == found.item
    ]
    return schemas.CorrectionSeen(
        document=found.item, state=found.state.value, files=list(found.files), before=list(found.before), reasons=reasons
    )
