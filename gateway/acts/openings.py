"""
Carrying an older ledger over (存量台账): its list checked and issued, what came of it, and claims that were in flight prepared.

Nothing is signed here for a firm or a lab. What was in flight waits, as a voucher of just the notes that it needs, for both of them.

A voucher of the ledger was granted before. The programme's rules of who may get how much are not asked again; they count it afterwards.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, fields
from datetime import datetime, time

from gateway import shapes
from gateway.acts.issuing import not_enrolled, require_none_under_way, require_todays
from gateway.acts.orders import order_of, prepared, redemption_of
from gateway.acts.programmes import require_seen
from gateway.callers import OFFICERS, Caller, Party
from gateway.cursors import Question
from gateway.errors import Problem
from gateway.looked_up import Subject, logged, logged_together
from gateway.office import Office
from gateway.opening_list import InFlight, OnLedger
from gateway.openings import Batch, opening_of, require_list_of, sha256_of
from gateway.schemas import (
    BadLedgerRow,
    BadRow,
    CarriedPage,
    CarriedVoucher,
    ClaimPage,
    ClaimPrepared,
    ClaimPreparing,
    ClaimSeen,
    OpeningChecked,
    OpeningSeen,
    OpeningStep,
    OpeningTotals,
    OrderFacts,
    RedemptionFacts,
)
from gateway.schemas.openings import Awaited
from gateway.sight import (
    FIRM_ENDED,
    is_enrolled,
    not_found,
    of_voucher,
    own_tags,
    require_all_epochs,
    require_of_this_region,
    require_seller,
)
from registry import (
    CHINA,
    OPENING_SUFFIX,
    Firm,
    Id,
    Item,
    Order,
    Programme,
    Rejected,
    Snapshot,
    Stage,
    day_of,
    epoch_of,
    id_of,
    read_programme_file,
)
from registry import OpeningTotals as Totals

CALLS_AT_ONCE = 5
"""As many transactions as one step sends, each of them waited for."""

_AWAITS: dict[Stage | None, list[Awaited]] = {
    None: ["FIRM", "LAB"],
    Stage.REQUESTED: ["REVIEWER"],
    Stage.OPEN: ["FIRM", "LAB"],
    Stage.REDEEMED: ["REVIEWER"],
    Stage.ENDORSED: ["REVIEWER"],
    Stage.ACCEPTED: ["PAYER"],
}


# Issuing


def check(office: Office, caller: Caller, text: str, content: bytes) -> OpeningChecked:
    """What issuing this list by this programme's file would refuse, row by row, and how its totals differ. Issues nothing."""
    require_of_this_region(office, caller)
    file = read_programme_file(text)
    _require_own(office, file.programme)
    with office.current() as snapshot:
        batch = office.openings.read(file, content, epoch=office.openings.epoch(snapshot, id_of(file.programme)))
        _require_begun(office, snapshot, batch)
        differing = [] if sha256_of(content) == batch.opening.list_sha256 else ["list_sha256"]
        return OpeningChecked(
            list_sha256=sha256_of(content),
            rows=batch.parsed.count,
            bad=_bad(office, snapshot, batch),
            totals=_totals(batch.parsed.totals),
            stated=_totals(batch.opening.totals),
            differing=[*differing, *_differing(batch)],
            block=office.block_seen(snapshot),
        )


def issue(office: Office, caller: Caller, programme_id: Id, content: bytes, intent_id: str) -> OpeningStep:
    """
    Issue a programme's own list, step by step: a list with one bad row, or with other totals than its ledger's, not at all.

    A crash at any point leaves transactions that happened and some that did not; the next step finds out which by the chain alone.
    """
    client = office.client(caller)
    with office.issuing:
        require_none_under_way(office, but=f"{intent_id}/")
        with office.current() as snapshot:
            batch = _read(office, caller, snapshot, programme_id, content)
            _require_begun(office, snapshot, batch)
            _require_good(office, snapshot, batch)
            before = batch.left(snapshot)
            known = snapshot.ledger.vouchers
            waiting = [
                (number, terms, recipients)
                for number, (terms, recipients) in enumerate(batch.issues)
                if any(each not in known for each in batch.ids(terms, recipients))
            ]
        office.openings.keep(content)
        for number, terms, recipients in waiting[:CALLS_AT_ONCE]:
            client.issue(terms, recipients, intent_id=f"{intent_id}/{number}")
    with office.current() as snapshot:
        left = batch.left(snapshot)
        return OpeningStep(
            programme_id=programme_id,
            list_sha256=batch.opening.list_sha256,
            issued_vouchers=before - left,
            left=left,
            repeated=not before,
            block=office.block_seen(snapshot),
        )


def _read(office: Office, caller: Caller, snapshot: Snapshot, programme_id: Id, content: bytes) -> Batch:
    programme = require_seen(caller, snapshot, programme_id)
    _require_own(office, programme)
    file = office.programme_files.of(programme)
    require_list_of(file, content)
    return office.openings.read(file, content, epoch=office.openings.epoch(snapshot, programme_id))


def _require_own(office: Office, programme: Programme) -> None:
    if programme.region != office.region:
        raise Problem(403, "NotYours", "只能由本地区经办人员办理。 For officers of this region only.")


def _require_begun(office: Office, snapshot: Snapshot, batch: Batch) -> None:
    """A ledger's figures are as of the end of its last day, so before that day there are none to carry over."""
    day, now = batch.opening.cut_over, office.now(snapshot)
    if day > day_of(now):
        title = (
            "切换日晚于今日，存量台账请于切换日当日或之后结转。 The ledger's last day is after today: carry it over on that day or later."
        )
        raise Problem(422, "DayAhead", title, on=int(datetime.combine(day, time.min, CHINA).timestamp()), time=now)


def _require_good(office: Office, snapshot: Snapshot, batch: Batch) -> None:
    bad = _bad(office, snapshot, batch)
    if bad:
        title = "名单有误，未发放任何券。 The list has bad rows; nothing was issued."
        raise Problem(422, "BadRows", title, rows=batch.parsed.count, bad=[each.model_dump() for each in bad])
    differing = _differing(batch)
    if differing:
        title = "名单合计与存量台账的控制总数不符，未发放任何券。 The list does not come to its ledger's totals; nothing was issued."
        found, stated = (_totals(each).model_dump(mode="json") for each in (batch.parsed.totals, batch.opening.totals))
        raise Problem(422, "TotalsDiffer", title, differing=differing, totals=found, stated=stated)
    if batch.left(snapshot):
        require_todays(office, office.openings.epoch(snapshot, batch.programme_id))


def _bad(office: Office, snapshot: Snapshot, batch: Batch) -> list[BadLedgerRow]:
    """Every bad row, with those that only the registry knows to be wrong. What is issued already was judged then."""
    if batch.left(snapshot):
        require_all_epochs(office, snapshot)
    found = list(batch.parsed.bad)
    for row in batch.parsed.to_issue:
        if batch.id_of(row) not in snapshot.ledger.vouchers:
            found += [BadRow(line=row.line, code=code, message=message) for code, message in _faults(office, snapshot, batch, row)]
    if snapshot.epoch_of_programme(batch.programme_id) is None:
        # Once the first is issued the list goes on to its end: it has to come to its ledger's totals.
        ended = (row for row in batch.parsed.to_issue if office.firm_changes.ending(row.recipient.firm, batch.programme_id) is not None)
        found += [BadRow(line=row.line, code="FirmEnded", message=FIRM_ENDED) for row in ended]
    named = ((each, *batch.parsed.whose[each.line]) for each in sorted(found, key=lambda each: each.line))
    return [BadLedgerRow(**dict(each), firm=firm, serial=serial) for each, firm, serial in named]


def _faults(office: Office, snapshot: Snapshot, batch: Batch, row: OnLedger | InFlight) -> Iterator[tuple[str, str]]:
    ledger, recipient = snapshot.ledger, row.recipient
    if not is_enrolled(ledger, Firm(office.region, recipient.firm)):
        yield "FirmNotEnrolled", not_enrolled(office, ledger, row.firm, recipient.firm)
    if _is_issued(office, snapshot, row):
        yield "VoucherExists", "该券号已有链上的券。 A voucher with this serial is on the chain already."
    if row.terms(batch.programme_id, batch.file.voucher.denomination).use_by < snapshot.time:
        yield "PastUseBy", "截止日已过，链上不能再发放。 Its last day is over; the chain issues nothing that is past its day."
    if isinstance(row, InFlight):
        yield from _faults_at_lab(office, snapshot, batch, row)


def _is_issued(office: Office, snapshot: Snapshot, row: OnLedger | InFlight) -> bool:
    """Whether the firm has a voucher with this serial, under whichever epoch's tags: the ledger may have been carried over before."""
    keyring = office.keyring
    return any(
        snapshot.vouchers_of(keyring.firm(row.firm, epoch=epoch), keyring.serial(office.region, row.serial, epoch=epoch))
        for epoch in keyring.party_epochs
    )


def _faults_at_lab(office: Office, snapshot: Snapshot, batch: Batch, claim: InFlight) -> Iterator[tuple[str, str]]:
    ledger = snapshot.ledger
    if claim.lab not in ledger.lab_records:
        yield "UnknownLab", "没有该服务机构。 There is no such lab."
        return
    if epoch_of(ledger.lab_records[claim.lab].host_unit) != epoch_of(claim.recipient.firm):
        yield "EpochsMixed", "服务机构登记于另一期关联标识。 The lab was admitted under another epoch's tags."
        return
    try:
        require_seller(office, ledger, [claim.lab], claim.seller)
    except Problem as differs:
        yield differs.code, differs.title
    if office.keyring.firm(claim.seller, epoch=epoch_of(claim.recipient.firm)) == claim.recipient.firm:
        yield "SellerIsFirm", "开票单位即该企业自身。 The firm itself invoices."
    if batch.programme.itemised and claim.item is None:
        yield "ItemRequired", "该券种须注明服务条目。 This programme's orders name an item."
    if claim.item is not None and id_of(Item(claim.lab, claim.item)) not in ledger.item_records:
        yield "ItemNotListed", "该服务机构没有该服务条目。 The lab has no such item."


def _differing(batch: Batch) -> list[str]:
    found, stated = batch.parsed.totals, batch.opening.totals
    return [each.name for each in fields(Totals) if getattr(found, each.name) != getattr(stated, each.name)]


def _totals(totals: Totals) -> OpeningTotals:
    return OpeningTotals(**asdict(totals))


# Looking


def opening(office: Office, caller: Caller, programme_id: Id) -> OpeningSeen:
    """What a programme of this region carried over, and whether what is on the chain comes to the ledger's totals."""
    with office.seen() as snapshot:
        programme = _opening_seen(office, caller, snapshot, programme_id)
        ledger, told = snapshot.ledger, opening_of(office.programme_files.of(programme))
        faces = [ledger.vouchers[each].face for each in ledger.vouchers if ledger.vouchers[each].programme == programme_id]
        return OpeningSeen(
            programme_id=programme_id,
            code=programme.code,
            scheme=told.scheme,
            cut_over=told.cut_over.isoformat(),
            list_sha256=told.list_sha256,
            list_here=office.openings.has(told),
            totals=_totals(told.totals),
            issued_vouchers=len(faces),
            issued_face=sum(faces),
            agrees=sum(faces) == told.totals.remaining + told.totals.in_flight,
            block=office.block_seen(snapshot),
        )


def vouchers(office: Office, caller: Caller, programme_id: Id, *, cursor: str | None, limit: int) -> CarriedPage:
    """Vouchers that were carried over, with their printed numbers: a firm's own, or all for this region's officers and auditors."""
    question = Question("carried", caller.name, (programme_id,))
    with office.seen() as snapshot:
        batch = _batch(office, caller, snapshot, programme_id)

        def keep(voucher_id: Id) -> bool:
            return voucher_id in snapshot.ledger.vouchers and _may_see(office, caller, batch.vouchers[voucher_id])

        found, further = question.page(batch.vouchers, cursor, limit, keep)
        with _logged(office, caller, snapshot, found):
            seen = [_voucher_seen(snapshot, each, batch.vouchers[each]) for each in found]
            return CarriedPage(vouchers=seen, next=further, block=office.block_seen(snapshot))


def claims(office: Office, caller: Caller, programme_id: Id, *, cursor: str | None, limit: int) -> ClaimPage:
    """Claims that were in flight, and whom each waits for: one's own, or all for this region's officers and auditors."""
    question = Question("claims", caller.name, (programme_id,))
    with office.seen() as snapshot:
        batch = _batch(office, caller, snapshot, programme_id)

        def keep(voucher_id: Id) -> bool:
            return voucher_id in snapshot.ledger.vouchers and _may_see(office, caller, batch.claims[voucher_id])

        found, further = question.page(batch.claims, cursor, limit, keep)
        with _logged(office, caller, snapshot, found):
            seen = [_claim_seen(office, snapshot, each, batch.claims[each]) for each in found]
            return ClaimPage(claims=seen, next=further, block=office.block_seen(snapshot))


def _logged(office: Office, caller: Caller, snapshot: Snapshot, found: Sequence[Id]) -> AbstractContextManager[None]:
    subjects = [of_voucher(Subject(own=caller.party in (Party.FIRM, Party.LAB)), snapshot.ledger, each) for each in found]
    return logged_together(office.lookups, office.clock, caller, "list", subjects)


def _opening_seen(office: Office, caller: Caller, snapshot: Snapshot, programme_id: Id) -> Programme:
    """A programme of this region that carries a ledger over; to parties as well, who are told what is their own of it."""
    known = snapshot.ledger.programmes
    if programme_id not in known or known[programme_id].region != office.region or not known[programme_id].code.endswith(OPENING_SUFFIX):
        raise not_found("programme", programme_id)
    return require_seen(caller, snapshot, programme_id) if caller.party in OFFICERS else known[programme_id]


def _batch(office: Office, caller: Caller, snapshot: Snapshot, programme_id: Id) -> Batch:
    return office.openings.batch(snapshot, _opening_seen(office, caller, snapshot, programme_id))


def _may_see(office: Office, caller: Caller, row: OnLedger | InFlight) -> bool:
    if caller.party is Party.LAB:
        return isinstance(row, InFlight) and caller.lab_id == row.lab
    if caller.party is Party.FIRM and row.recipient.firm not in own_tags(office, caller):
        return False
    return caller.party is Party.AUDITOR or caller.home == office.region


def _voucher_seen(snapshot: Snapshot, voucher_id: Id, row: OnLedger) -> CarriedVoucher:
    return CarriedVoucher(
        line=row.line,
        serial=row.serial,
        voucher_id=voucher_id,
        remaining=row.remaining,
        **shapes.carried_notes(snapshot, voucher_id, row),
    )


def _claim_seen(office: Office, snapshot: Snapshot, voucher_id: Id, claim: InFlight) -> ClaimSeen:
    order_id = _order_of(snapshot, voucher_id)
    stage = None if order_id is None else snapshot.ledger.orders[order_id].stage
    return ClaimSeen(
        line=claim.line,
        serial=claim.serial,
        voucher_id=voucher_id,
        firm=id_of(Firm(office.region, claim.recipient.firm)),
        lab=claim.lab,
        notes=shapes.notes(claim.notes),
        cost=claim.cost,
        subsidy=claim.subsidy,
        order_id=order_id,
        stage=None if stage is None else stage.name,
        awaits=_AWAITS.get(stage, []),
    )


def _order_of(snapshot: Snapshot, voucher_id: Id) -> Id | None:
    """The order that stands on a claim's voucher, which is for that claim as a whole."""
    orders = snapshot.ledger.orders
    return next((each for each in reversed(snapshot.orders_of_voucher(voucher_id)) if orders[each].stage != Stage.RELEASED), None)


# Claims in flight


def prepare(office: Office, caller: Caller, asked: ClaimPreparing) -> ClaimPrepared:
    """A claim's order and redemption, to be checked and signed by firm and lab: for either of them, or their office to hand on."""
    voucher_id = Id(asked.voucher_id)
    with logged(office.lookups, office.clock, caller, "redemption") as subject, office.seen() as snapshot:
        ledger = snapshot.ledger
        of_voucher(subject, ledger, voucher_id)
        claim = office.openings.claim(snapshot, voucher_id) if voucher_id in ledger.vouchers else None
        if claim is None or not _may_see(office, caller, claim):
            title = (
                "本平台没有该在途申请，或无权查看；请向承接原台账的地区平台提出。"
                " No such claim here, or not yours to see: ask at the gateway of the region that carried the ledger over."
            )
            raise Problem(404, "NotFound", title, what="claim", id="0x" + voucher_id.hex())
        order_facts, standing = _order_facts(office, claim, asked), _order_of(snapshot, voucher_id)
        if standing is None:
            project = office.keyring.project(claim.firm, claim.project, epoch=epoch_of(claim.recipient.firm))
            record = order_of(office, snapshot, order_facts, voucher=voucher_id, lab=claim.lab, project=project)
        else:
            record = _unfinished(snapshot, standing)
        facts = _redemption_facts(claim, asked, id_of(record))
        attempt = ledger.orders[id_of(record)].attempt
        redemption, salt = redemption_of(office, caller, snapshot, facts, record, attempt=attempt)
        return ClaimPrepared(
            order_facts=order_facts,
            order=prepared(office, snapshot, record) if standing is None else None,
            redemption_facts=facts,
            redemption=prepared(office, snapshot, redemption, salt=salt),
            block=office.block_seen(snapshot),
        )


def _unfinished(snapshot: Snapshot, order_id: Id) -> Order:
    stage = snapshot.ledger.orders[order_id].stage
    if stage not in (Stage.REQUESTED, Stage.OPEN):
        raise Rejected("WrongStage", {"order": order_id, "stage": int(stage)})
    return snapshot.ledger.order_records[order_id]


def _order_facts(office: Office, claim: InFlight, asked: ClaimPreparing) -> OrderFacts:
    facts = {
        "voucher": {"region": office.region, "firm": claim.firm, "serial": claim.serial},
        "lab": claim.lab,
        "item": claim.item,
        "project": claim.project,
        "amount": str(claim.face),
        "valid_seconds": asked.valid_seconds,
    }
    return OrderFacts.model_validate(facts)


def _redemption_facts(claim: InFlight, asked: ClaimPreparing, order_id: Id) -> RedemptionFacts:
    facts = {
        "order": order_id,
        "cost": str(claim.cost),
        "subsidy": str(claim.subsidy),
        "agreement": {"seller": claim.seller, "number": claim.contract},
        "invoice": {"number": claim.invoice.number, "code": claim.invoice.code},
        "invoice_amount": str(claim.invoice.amount),
        "report_sha256": asked.report_sha256,
        "valid_seconds": asked.valid_seconds,
    }
    return RedemptionFacts.model_validate(facts)
