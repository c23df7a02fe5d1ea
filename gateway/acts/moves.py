"""
Orders of a lab that leaves (待转订单): who has them, and how one goes on at another lab.

There is no verb for it: an order is released at the one lab and reserved anew at the other, in one transaction, and nobody else can take
the notes in between. The old lab signs the release, or a reviewer releases where the contracts let one; firm and new lab sign the order.
What would lose notes is refused before anything is signed, and once more before it is sent.
"""

import secrets

from gateway import shapes
from gateway.acts.orders import (
    exactly,
    of_page,
    release_without_consent,
    require_lab_of_epoch,
    require_one_epoch,
    reserve,
    signatures_of,
)
from gateway.acts.submissions import submit
from gateway.callers import Caller, Party
from gateway.cursors import Question
from gateway.errors import Problem
from gateway.looked_up import logged
from gateway.office import Office
from gateway.schemas import (
    LeavingPage,
    MoveFacts,
    MovePrepared,
    MoveSigned,
    Outcome,
    Prepared,
    SignedRelease,
    Submissions,
    Submitted,
)
from gateway.sight import is_party, may_see_order, not_found, of_order, require_order_seen, require_takes_orders
from gateway.verification import Use, reasons
from registry import (
    NO_ADDRESS,
    NO_ID,
    Fen,
    Id,
    Item,
    Ledger,
    Order,
    Record,
    Rejected,
    Release,
    Snapshot,
    Stage,
    Standing,
    Time,
    digest,
    id_of,
    joint_id,
    parse_typed_data,
    signer_of,
    typed_data,
)

UNFINISHED = frozenset({Stage.REQUESTED, Stage.OPEN, Stage.REDEEMED, Stage.ENDORSED, Stage.ACCEPTED})
"""Stages from which an order still has something before it."""
_MOVABLE = (Stage.REQUESTED, Stage.OPEN)
# What the release gives back counts for the new order, so that these two say nothing.
_BY_RELEASE = frozenset({"OverAvailable", "PoolShort"})


def leaving(office: Office, caller: Caller, *, lab: bytes | None, cursor: str | None, limit: int) -> LeavingPage:
    """Unfinished orders at labs that are not active, or flagged: a firm's own, those of an officer's region, home or host, or all."""
    question = Question("leaving", caller.name, (lab.hex() if lab else None,))
    with office.seen() as snapshot:
        ledger = snapshot.ledger

        def keep(order_id: Id) -> bool:
            record = ledger.order_records[order_id]
            stays = lab not in (None, record.lab) or not _is_leaving(ledger, record.lab, snapshot.time)
            return not stays and ledger.orders[order_id].stage in UNFINISHED and may_see_order(office, caller, ledger, order_id)

        found, further = question.page(ledger.order_records, cursor, limit, keep)
        with of_page(office, caller, ledger, found):
            seen = [shapes.leaving_order(snapshot, each, why_not_movable(snapshot, each)) for each in found]
            return LeavingPage(orders=seen, next=further, block=office.block_seen(snapshot))


def why_not_movable(snapshot: Snapshot, order_id: Id) -> Rejected | None:
    """Why an order cannot be moved without losing notes; None if it can."""
    ledger = snapshot.ledger
    record, state = ledger.order_records[order_id], ledger.orders[order_id]
    voucher = ledger.vouchers[record.voucher]
    if state.stage not in _MOVABLE:
        return Rejected("WrongStage", {"order": order_id, "stage": int(state.stage)})
    if snapshot.time > voucher.use_by:
        return Rejected("PastUseBy", {"voucher": record.voucher, "useBy": voucher.use_by})
    if state.stage == Stage.OPEN and ledger.partnerships[joint_id(voucher.programme, record.project, record.lab)].reached:
        # Whoever leaves a partnership that was reached loses the voucher.
        return Rejected("PartnershipReached", {"order": order_id})
    return None


def prepare(office: Office, caller: Caller, order_id: Id, asked: MoveFacts) -> MovePrepared:
    """The release of a firm's order and a new one at another lab, for the parties to check and sign."""
    lab = Id(asked.lab)
    with logged(office.lookups, office.clock, caller, "order") as subject, office.seen() as snapshot:
        ledger = snapshot.ledger
        of_order(subject, ledger, order_id)
        if not is_party(office, caller, ledger, order_id):
            raise not_found("order", order_id)
        old = ledger.order_records[order_id]
        require_takes_orders(office, ledger, ledger.vouchers[old.voucher])
        require_lab_of_epoch(ledger, ledger.vouchers[old.voucher], lab)
        item = NO_ID if asked.item is None else id_of(Item(lab, asked.item))
        valid_until, block = office.valid_until(snapshot, asked.valid_seconds), office.block_seen(snapshot)
        release = Release(order=order_id, attempt=ledger.orders[order_id].attempt, valid_until=valid_until)
        order = Order(
            voucher=old.voucher,
            lab=lab,
            item=item,
            project=old.project,
            amount=old.amount,
            valid_until=valid_until,
            nonce=secrets.randbits(64),
        )
        against = why_not_movable(snapshot, order_id) or _against(snapshot, order)
        if against is not None:
            raise exactly(snapshot, against, old.voucher)

    def prepared(record: Record) -> Prepared:
        return Prepared(id=id_of(record), typed_data=typed_data(record, office.deployment.domain), block=block)

    return MovePrepared(release=prepared(release), order=prepared(order), block=block)


def move(office: Office, caller: Caller, order_id: Id, asked: MoveSigned, intent_id: str) -> Submitted:
    """
    Release an order and reserve the new one, as both labs and the firm signed; or as a reviewer releases in the old lab's place.

    The outcomes are the release's and the new order's. Should the second be refused after all, the notes are the voucher's again.
    """
    order = parse_typed_data(asked.order.typed_data, Order, office.deployment.domain)
    release = f"{intent_id}/release"
    if office.sent_before(intent_id) is None and office.sent_before(release) is None:
        _require_moves(office, caller, order_id, order, asked.release)
    if asked.release is not None:
        signed = SignedRelease(**dict(asked.order))
        return submit(office, Submissions(documents=[asked.release, signed]), intent_id)
    if caller.party is not Party.REVIEWER:
        title = "缺少原服务机构对释放的签名。 The release that the lab which is left signs is missing."
        raise Problem(422, "SignatureMissing", title)
    released = release_without_consent(office, caller, order_id, release)
    first = Outcome(index=0, order_id=order_id, stage=released.stage, refused=None)
    try:
        reserved = reserve(office, asked.order, f"{intent_id}/reserve")
    except (Rejected, Problem) as refused:
        second = Outcome(index=1, order_id=id_of(order), stage=None, refused=shapes.refusal(refused))
        return Submitted(outcomes=[first, second], transaction=released.transaction, block=released.block)
    second = Outcome(index=1, order_id=reserved.order_id, stage=reserved.stage, refused=None)
    return Submitted(outcomes=[first, second], transaction=reserved.transaction, block=reserved.block)


def _require_moves(office: Office, caller: Caller, order_id: Id, order: Order, release: SignedRelease | None) -> None:
    """That the new order is the old one at another lab, and nothing speaks against either."""
    with office.current() as snapshot:
        ledger = snapshot.ledger
        if order_id not in ledger.order_records:
            raise not_found("order", order_id)
        if caller.party is Party.REVIEWER:
            require_order_seen(office, caller, ledger, order_id)
        old = ledger.order_records[order_id]
        of_another = release is not None and _release(office, release).order != order_id
        if of_another or (order.voucher, order.project, order.amount) != (old.voucher, old.project, old.amount):
            title = (
                "释放同意书或新订单不属于原订单。 The release is of another order, or the new one of another voucher, project or amount."
            )
            raise Problem(422, "MoveDiffers", title)
        require_takes_orders(office, ledger, ledger.vouchers[old.voucher])
        require_one_epoch(ledger, ledger.vouchers[old.voucher], order)
        against = why_not_movable(snapshot, order_id) or _against(snapshot, order)
        if against is None and release is not None:
            against = _unreleased(office, snapshot, release, old.lab)
        if against is not None:
            raise exactly(snapshot, against, old.voucher)


def _unreleased(office: Office, snapshot: Snapshot, signed: SignedRelease, lab: Id) -> Rejected | None:
    """
    Why a release would be refused.

    Each of the two stands on its own in the transaction: with the release refused, a voucher that has enough besides would be held twice.
    """
    release, signer = _release(office, signed), snapshot.ledger.labs[lab].signer
    got = signer_of(digest(release, office.deployment.domain), signatures_of(signed).lab)
    if got != signer:
        return Rejected("NotSignedBy", {"signer": signer, "got": got or NO_ADDRESS})
    return Rejected("SignatureExpired", {"validUntil": release.valid_until}) if snapshot.time > release.valid_until else None


def _release(office: Office, signed: SignedRelease) -> Release:
    return parse_typed_data(signed.typed_data, Release, office.deployment.domain)


def _against(snapshot: Snapshot, order: Order) -> Rejected | None:
    """What speaks against the new order, once the old one is released."""
    use = Use(order.lab, None if order.item == NO_ID else order.item, Fen(order.amount))
    found = reasons(snapshot.ledger, order.voucher, use, Time(snapshot.time))
    return next((each for each in found if each.code not in _BY_RELEASE), None)


def _is_leaving(ledger: Ledger, lab: Id, now: Time) -> bool:
    return ledger.labs[lab].standing != Standing.ACTIVE or ledger.labs[lab].flagged_until >= now
