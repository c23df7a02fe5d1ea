"""An order from both parties' side: what they sign is prepared, and sent once it is signed. And who may look at it."""

import secrets
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from gateway import shapes
from gateway.acts.corrections import require_corrected
from gateway.acts.evidence import keep_salt, require_agreeing
from gateway.acts.lookups import codes_of, reasons_against
from gateway.callers import OFFICERS, Caller, Party
from gateway.cursors import Question
from gateway.errors import Explained, Problem
from gateway.looked_up import Subject, logged, logged_together
from gateway.near_duplicates import warnings_of
from gateway.office import Office
from gateway.openings import CLAIMED
from gateway.schemas import (
    OrderFacts,
    OrderPage,
    OrderPrepared,
    OrderSeen,
    OrderWritten,
    Prepared,
    RedemptionFacts,
    RedemptionPrepared,
    ReleaseFacts,
    Signed,
    SignedByPaid,
    SignedRelease,
)
from gateway.sight import (
    is_party,
    lab_asked,
    looked_up,
    may_know_agreement,
    may_see_order,
    not_found,
    of_order,
    own_tags,
    project_named,
    require_order_seen,
    require_seller,
    require_takes_orders,
    span_of,
    voucher_named,
)
from gateway.verification import OF_CLAIMS, Use, reason_against_redemption
from gateway.why_not import explain
from registry import (
    NO_ID,
    Done,
    Facts,
    Fen,
    Id,
    Item,
    Ledger,
    Order,
    Record,
    Redemption,
    Rejected,
    Release,
    Signatures,
    Snapshot,
    Stage,
    StandIn,
    Tag,
    Time,
    Voucher,
    epoch_of,
    id_of,
    mixed_epochs,
    parse_typed_data,
    salted,
    subsidy_quote,
    typed_data,
)

# A signature that is nobody's. Zeros would be the word of the sender, and that is this gateway's relay.
NOBODYS = bytes(63) + b"\x01"
_SENDERS_WORD = bytes(64)
FOR_EVER = Time(2**40 - 1)


# Looking


def order(office: Office, caller: Caller, order_id: Id) -> OrderSeen:
    """
    An order, for its parties, the offices of both regions, and auditors. Whoever is no party to it stands in the log.

    Who judges it is warned of what looks like something else.
    """
    with logged(office.lookups, office.clock, caller, "order-history") as subject, office.seen() as snapshot:
        subject.own = is_party(office, caller, snapshot.ledger, order_id)
        of_order(subject, snapshot.ledger, order_id)
        require_order_seen(office, caller, snapshot.ledger, order_id)
        told = shapes.order_seen(snapshot, order_id, office.clock(), office.bodies)
        near = warnings_of(office, caller, snapshot.ledger, order_id)
        return told.model_copy(update={"warnings": [*told.warnings, *near]})


def orders(office: Office, caller: Caller, *, stage: str | None, lab: bytes | None, cursor: str | None, limit: int) -> OrderPage:
    """
    A lab's or firm's own orders, those of an agency's labs, those that an officer's region issued, hosts or pays, or all for an auditor.

    An auditor's page stands in the log order by order. An officer's is a list of work, looked at all day: one row says who and which.
    """
    question = Question("orders", caller.name, (stage, lab.hex() if lab else None))
    with office.seen() as snapshot:
        ledger = snapshot.ledger
        if lab is not None:
            candidates = snapshot.orders_of_lab(Id(lab))
        elif caller.lab_id is not None:
            candidates = snapshot.orders_of_lab(caller.lab_id)
        elif caller.party is Party.FIRM:
            candidates = snapshot.orders_of_firm(*own_tags(office, caller))
        else:
            candidates = list(ledger.order_records)

        def keep(order_id: Id) -> bool:
            return may_see_order(office, caller, ledger, order_id) and stage in (None, ledger.orders[order_id].stage.name)

        found, further = question.page(candidates, cursor, limit, keep)
        with of_page(office, caller, ledger, found):
            briefs = [shapes.order_brief(snapshot, each) for each in found]
            return OrderPage(orders=briefs, next=further, block=office.block_seen(snapshot))


def of_page(office: Office, caller: Caller, ledger: Ledger, found: Sequence[Id]) -> AbstractContextManager[None]:
    """Logs a page of orders: order by order, but in one row for an officer, whose list of work it is."""
    if caller.party in OFFICERS:
        subjects = [Subject(region=caller.home, span=span_of(["0x" + each.hex() for each in found]))]
    else:
        subjects = [of_order(Subject(own=caller.party is not Party.AUDITOR), ledger, each) for each in found]
    return logged_together(office.lookups, office.clock, caller, "order-list", subjects)


# Preparing what they sign


def prepare_order(office: Office, caller: Caller, asked: OrderFacts) -> OrderPrepared:
    """The order that these facts make, to be checked and signed by firm and lab; and what speaks against it now."""
    with looked_up(office, caller, "order", asked.voucher) as subject, office.seen() as snapshot:
        lab = subject.lab = lab_asked(caller, asked.lab)
        if lab is None:
            raise Problem(422, "LabMissing", "请指明服务机构。 Name the lab.")
        voucher_id, voucher = voucher_named(office, snapshot, asked.voucher, subject)
        require_lab_of_epoch(snapshot.ledger, voucher, lab)
        require_takes_orders(office, snapshot.ledger, voucher)
        project = project_named(office, caller, snapshot, asked, epoch=epoch_of(voucher.firm))
        order = order_of(office, snapshot, asked, voucher=voucher_id, lab=lab, project=project)
        # FirmEnded was refused above; what is left are the chain's reasons.
        use = Use(lab, None if order.item == NO_ID else order.item, order.amount)
        reasons = reasons_against(office, snapshot, voucher_id, use)
        subject.against = codes_of(reasons)
        return OrderPrepared(**dict(prepared(office, snapshot, order)), reasons=reasons)


def prepare_redemption(office: Office, caller: Caller, asked: RedemptionFacts) -> RedemptionPrepared:
    """
    The redemption that these facts make, to be checked and signed by firm and lab; and why it would be refused now.

    A firm is not told what others claimed, on an invoice or under an agreement; a lab is. Tags of both are made for a party of the order
    alone, and only where a redemption can follow.
    """
    order_id = Id(asked.order)
    with logged(office.lookups, office.clock, caller, "redemption") as subject, office.seen() as snapshot:
        ledger = snapshot.ledger
        of_order(subject, ledger, order_id)
        if not is_party(office, caller, ledger, order_id):
            raise not_found("order", order_id)
        record, state = ledger.order_records[order_id], ledger.orders[order_id]
        if state.stage != Stage.OPEN:
            raise Rejected("WrongStage", {"order": order_id, "stage": int(state.stage)})
        require_corrected(office, ledger, order_id)
        require_agreeing(office, order_id, asked)
        redemption, salt = redemption_of(office, caller, snapshot, asked, record, attempt=state.attempt)
        reason = reason_against_redemption(ledger, redemption, office.now(snapshot))
        hidden = OF_CLAIMS if caller.party is Party.FIRM else ()
        reasons = [] if reason is None or reason.code in hidden else [shapes.reason(snapshot, reason)]
        subject.against = codes_of(reasons)
        return RedemptionPrepared(**dict(prepared(office, snapshot, redemption, salt=salt)), reasons=reasons)


def prepare_release(office: Office, caller: Caller, asked: ReleaseFacts) -> Prepared:
    """The release of an order, to be signed by the lab, and by the firm too where a partnership was reached."""
    order_id = Id(asked.order)
    with logged(office.lookups, office.clock, caller, "release") as subject, office.seen() as snapshot:
        of_order(subject, snapshot.ledger, order_id)
        require_order_seen(office, caller, snapshot.ledger, order_id)
        attempt = snapshot.ledger.orders[order_id].attempt
        record = Release(order=order_id, attempt=attempt, valid_until=office.valid_until(snapshot, asked.valid_seconds))
        return prepared(office, snapshot, record)


def order_of(office: Office, snapshot: Snapshot, asked: OrderFacts, *, voucher: Id, lab: Id, project: Tag) -> Order:
    """The order that facts make, once voucher, lab and project are known."""
    return Order(
        voucher=voucher,
        lab=lab,
        item=NO_ID if asked.item is None else id_of(Item(lab, asked.item)),
        project=project,
        amount=Fen(asked.amount),
        valid_until=office.valid_until(snapshot, asked.valid_seconds),
        nonce=secrets.randbits(64),
    )


def redemption_of(
    office: Office, caller: Caller, snapshot: Snapshot, asked: RedemptionFacts, order: Order, *, attempt: int
) -> tuple[Redemption, bytes]:
    """
    The redemption that facts make of an order, and its report's salt, which is kept. The order need not be reserved yet.

    The seller has to be who invoices for its lab.
    """
    ledger, keyring = snapshot.ledger, office.keyring
    require_seller(office, ledger, [order.lab], asked.agreement.seller)
    epoch = epoch_of(ledger.vouchers[order.voucher].firm)
    agreement = keyring.agreement(asked.agreement.seller, asked.agreement.number, epoch=epoch)
    invoice = keyring.invoice(asked.invoice.number, code=asked.invoice.code)
    office.openings.require_not_paid_before(snapshot, voucher=order.voucher, invoice=invoice, cost=Fen(asked.cost))
    salt = secrets.token_bytes(32)
    redemption = Redemption(
        order=id_of(order),
        attempt=attempt,
        cost=Fen(asked.cost),
        subsidy=_most_subsidy(office, caller, snapshot, order, cost=Fen(asked.cost), agreement=agreement)
        if asked.subsidy is None
        else Fen(asked.subsidy),
        agreement=agreement,
        invoice=invoice,
        invoice_amount=Fen(asked.invoice_amount),
        result=salted(bytes.fromhex(asked.report_sha256), salt),
        valid_until=office.valid_until(snapshot, asked.valid_seconds),
    )
    keep_salt(office, caller, id_of(redemption), id_of(order), salt)
    return redemption, salt


def prepared(office: Office, snapshot: Snapshot, record: Record, *, salt: bytes | None = None) -> Prepared:
    """A record to be checked and signed."""
    document = typed_data(record, office.deployment.domain)
    return Prepared(id=id_of(record), typed_data=document, salt=salt, block=office.block_seen(snapshot))


# Sending what they signed


def reserve(office: Office, asked: Signed, intent_id: str) -> OrderWritten:
    """Reserve for an order that both signed. Anybody may bring it."""
    record = parse_typed_data(asked.typed_data, Order, office.deployment.domain)
    with office.current() as snapshot:
        voucher = _voucher(snapshot.ledger, record.voucher)
        require_one_epoch(snapshot.ledger, voucher, record)
        require_takes_orders(office, snapshot.ledger, voucher)
    try:
        done = office.relay.reserve(voucher, record, signatures_of(asked), intent_id=intent_id)
    except Rejected as refused:
        raise told_exactly(office, refused, record.voucher) from refused
    return written(office, id_of(record), done)


def redeem(office: Office, asked: Signed, intent_id: str) -> OrderWritten:
    """Ask for an order's money, as both signed. Anybody may bring it."""
    redemption = parse_typed_data(asked.typed_data, Redemption, office.deployment.domain)
    voucher, record = _order(office, redemption.order)
    with office.seen() as snapshot:
        require_unpaid(office, snapshot, record, redemption)
    done = office.relay.redeem(voucher, record, redemption, signatures_of(asked), intent_id=intent_id)
    return written(office, redemption.order, done)


def redeem_standing_in(office: Office, caller: Caller, asked: SignedByPaid, intent_id: str) -> OrderWritten:
    """Ask for an order's money, as the party to be paid signed; the reviewer signs here in place of the other."""
    redemption = parse_typed_data(asked.typed_data, Redemption, office.deployment.domain)
    with office.current() as snapshot:
        ledger = snapshot.ledger
        require_order_seen(office, caller, ledger, redemption.order)
        record = ledger.order_records[redemption.order]
        voucher = ledger.vouchers[record.voucher]
        require_unpaid(office, snapshot, record, redemption)
        paid = Facts(snapshot).paid_to(ledger.programmes[voucher.programme], record.lab)
    office.client(caller)  # whoever has no account here leaves no reason behind
    reason = office.reasons.keep(intent_id, asked.reason)
    instead = office.signed_by(caller, StandIn(redemption=id_of(redemption), reason=reason.digest))
    given = _given(asked.signature)
    firm, lab = (instead, given) if paid == "LAB" else (given, instead)
    signatures = Signatures(firm=firm, lab=lab, reason=reason.digest)
    done = office.relay.redeem(voucher, record, redemption, signatures, intent_id=intent_id)
    return written(office, redemption.order, done)


def release(office: Office, asked: SignedRelease, intent_id: str) -> OrderWritten:
    """Give an order's money back to its voucher, as the lab signed, or lab and firm."""
    consent = parse_typed_data(asked.typed_data, Release, office.deployment.domain)
    voucher, record = _order(office, consent.order)
    done = office.relay.release(voucher, record, consent, signatures_of(asked), intent_id=intent_id)
    return written(office, consent.order, done)


def release_without_consent(office: Office, caller: Caller, order_id: Id, intent_id: str) -> OrderWritten:
    """Release by a reviewer, where the contract lets one; by anybody 30 days after the deadline."""
    with office.current() as snapshot:
        require_order_seen(office, caller, snapshot.ledger, order_id)
        attempt = snapshot.ledger.orders[order_id].attempt
    voucher, record = _order(office, order_id)
    by_reviewer = caller.party is Party.REVIEWER
    client = office.client(caller) if by_reviewer else office.relay
    # A reviewer releases by bringing no signature of the lab. No account that holds a role can be named a lab's signer.
    # Whoever may not release alone is told whose signature is missing.
    signatures = Signatures(firm=NOBODYS, lab=_SENDERS_WORD if by_reviewer else NOBODYS)
    consent = Release(order=order_id, attempt=attempt, valid_until=FOR_EVER)
    done = client.release(voucher, record, consent, signatures, intent_id=intent_id)
    return written(office, order_id, done)


# Shared with batches and reviews


def signatures_of(signed: Signed | SignedRelease) -> Signatures:
    """Both parties' signatures as they were given, never the sender's word."""
    firm = NOBODYS if signed.firm_signature is None else _given(signed.firm_signature)
    return Signatures(firm=firm, lab=_given(signed.lab_signature))


def told_exactly(office: Office, refused: Rejected, voucher: Id) -> Rejected:
    """
    The same refusal with its cause, the dates that belong to it, and in words.

    If the voucher is held, also since when and in which region. Not at which lab.
    """
    with office.seen() as snapshot:
        return exactly(snapshot, refused, voucher)


def exactly(snapshot: Snapshot, refused: Rejected, voucher: Id) -> Rejected:
    """The same as of a snapshot."""
    why = explain(snapshot, refused)
    held = {"held": Facts(snapshot).held(voucher)} if refused.code == "OverAvailable" else {}
    cause = {} if why.cause is None else {"cause": why.cause}
    return Explained(refused, {**held, **why.values, **cause}, f"{why.zh} {why.en}")


def written(office: Office, order_id: Id, done: Done) -> OrderWritten:
    """What a verb did to an order, as its own events say: the same whenever it is asked, whatever happened since."""
    office.follow()
    return OrderWritten(order_id=order_id, stage=stage_after(order_id, done).name, transaction=done.transaction, block=done.block)


def stage_after(order_id: Id, done: Done) -> Stage:
    """The stage that an order reached by a call's events."""
    stage = Stage.NONE
    for event in done.events:
        if getattr(event, "order", None) == order_id:
            stage = getattr(event, "stage", _STAGE_AFTER.get(type(event).__name__, stage))
    return stage


# The stage that an order has after an event, where the event does not say it itself.
_STAGE_AFTER = {
    "Approved": Stage.OPEN,
    "Declined": Stage.RELEASED,
    "Released": Stage.RELEASED,
    "Extended": Stage.OPEN,
    "Redeemed": Stage.REDEEMED,
    "Endorsed": Stage.ENDORSED,
    "Accepted": Stage.ACCEPTED,
    "Rejected": Stage.OPEN,
    "Settled": Stage.SETTLED,
    "Reversed": Stage.REVERSED,
    "Refunded": Stage.REFUNDED,
}


def _given(signature: bytes) -> bytes:
    if signature == _SENDERS_WORD:
        raise Problem(
            422, "SignatureMissing", "缺少签名，本平台不代任何一方表示同意。 A signature is missing; this gateway consents for nobody."
        )
    return signature


def require_one_epoch(ledger: Ledger, voucher: Voucher, order: Order) -> None:
    """
    Refuse an order whose tags are of other epochs than its voucher: what is compared by tag would never meet (docs/adr/0018).

    The contracts do not look; it holds because every gateway keeps to it.
    """
    require_lab_of_epoch(ledger, voucher, order.lab)
    _require_one({"voucher": voucher.firm, "project": order.project})


def require_unpaid(office: Office, snapshot: Snapshot, order: Order, redemption: Redemption, *, to_office: bool = False) -> None:
    """
    Refuse money for what an older ledger of this region paid.

    Another region's gateway does not know that, and a redemption may have come through it: `accept` asks again, and is this region's.
    """
    # As long as it is claimed, its cost stands among the invoice's live claims already.
    stands = snapshot.ledger.orders[redemption.order].stage in CLAIMED
    cost = Fen(0) if stands else redemption.cost
    office.openings.require_not_paid_before(snapshot, voucher=order.voucher, invoice=redemption.invoice, cost=cost, to_office=to_office)


def require_lab_of_epoch(ledger: Ledger, voucher: Voucher, lab: Id) -> None:
    """That a lab's tags are of its voucher's epoch."""
    if lab in ledger.lab_records:
        _require_one({"voucher": voucher.firm, "lab": ledger.lab_records[lab].host_unit})


def _require_one(tags: Mapping[str, Tag]) -> None:
    epochs: dict[str, Any] | None = mixed_epochs(tags)
    if epochs is not None:
        title = (
            "关联标识分属不同期：请用与该券同期登记的服务机构。 Tags of two epochs: name the lab as it was admitted under the voucher's."
        )
        raise Problem(422, "EpochsMixed", title, **epochs)


def _voucher(ledger: Ledger, voucher_id: Id) -> Voucher:
    if voucher_id not in ledger.vouchers:
        raise not_found("voucher", voucher_id)
    return ledger.vouchers[voucher_id]


def _order(office: Office, order_id: Id) -> tuple[Voucher, Order]:
    with office.current() as snapshot:
        ledger = snapshot.ledger
        if order_id not in ledger.order_records:
            raise not_found("order", order_id)
        record = ledger.order_records[order_id]
        return ledger.vouchers[record.voucher], record


def _most_subsidy(office: Office, caller: Caller, snapshot: Snapshot, record: Order, *, cost: Fen, agreement: Tag) -> Fen:
    """The most that the rule gives, as far as the caller may know it: of others' claims under the agreement a firm is told nothing."""
    ledger = snapshot.ledger
    voucher = ledger.vouchers[record.voucher]
    programme = ledger.programmes[voucher.programme]
    counted = not programme.flat and may_know_agreement(office, caller, snapshot, agreement)
    base = ledger.agreements[voucher.programme, agreement] if counted else 0
    quoted = subsidy_quote(programme.slices, base=base, cost=cost, available=record.amount, denomination=voucher.denomination)
    return quoted.subsidy
