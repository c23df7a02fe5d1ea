"""
A firm that was renamed, merged, struck off or moved (企业变更), each as one act: what the chain's verbs can do, a dated record, and a list.

The contracts know (region, firm's tag) and who signs for it. There is no verb for any of this: a key is proposed, which takes effect after
three days without a veto, and where the office asks for it the firm is flagged. That nothing new begins, this region sees to besides: it
prepares and relays no order on such a firm's vouchers, and approves and accepts none that was reserved after the record elsewhere.

A crash before the record leaves a key proposed or a flag set; the same request again goes on from there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import datetime, time
from hashlib import sha256

from gateway import schemas, shapes
from gateway.acts.eligibility import on_record
from gateway.acts.moves import UNFINISHED
from gateway.callers import OFFICERS, Caller, Party
from gateway.errors import Problem
from gateway.firm_affairs import Becomes, Kind, order_becomes, voucher_becomes
from gateway.firm_changes import Change, Particulars
from gateway.looked_up import logged
from gateway.office import Office
from gateway.sight import change_since, head_for, may_see_firm, may_see_order, not_found, require_of_this_region
from registry import CHINA, Address, Facts, Firm, Id, Region, RegionStatus, Snapshot, Time, company_code, day_of, id_of

_Changed = schemas.FirmRenamed | schemas.FirmMerged | schemas.FirmStruckOff | schemas.FirmMoved

NOBODY = Address("0x" + sha256(b"tongquan: the account of nobody").hexdigest()[:40])
"""Signs for a firm that is no more: a number that was made without a key."""


def rename(office: Office, caller: Caller, asked: schemas.FirmRenamed, intent_id: str) -> schemas.FirmChangeWritten:
    """Put a firm's new name on record. Nothing changes on the chain."""
    return _recorded(office, caller, _draft(office, caller, Kind.RENAMED, asked, Particulars(name=asked.name)), intent_id)


def merge(office: Office, caller: Caller, asked: schemas.FirmMerged, intent_id: str) -> schemas.FirmChangeWritten:
    """Propose the successor's key for what a firm began, and put on record that it was absorbed."""
    require_of_this_region(office, caller)
    successor = company_code(asked.successor)
    if successor == company_code(asked.firm):
        raise Problem(422, "SuccessorIsFirm", "承继企业不能是被合并企业本身。 A firm is not absorbed by itself.")
    draft = _draft(office, caller, Kind.MERGED, asked, Particulars(successor=successor, signer=asked.signer))
    if office.firm_changes.before(draft, intent_id=intent_id) is None:
        with office.current() as snapshot:
            signer = asked.signer or _signer_of(office, snapshot, successor)
        _propose(office, caller, asked.firm, office.require_foreign(signer), intent_id)
        draft = replace(draft, told=replace(draft.told, signer=signer))
    return _recorded(office, caller, draft, intent_id)


def strike_off(office: Office, caller: Caller, asked: schemas.FirmStruckOff, intent_id: str) -> schemas.FirmChangeWritten:
    """Propose the liquidators' key, or nobody's, flag the firm if that is asked for, and put on record that it was struck off."""
    require_of_this_region(office, caller)
    told = Particulars(reason=asked.reason, signer=asked.signer)
    draft = _draft(office, caller, Kind.STRUCK_OFF, asked, told)
    if office.firm_changes.before(draft, intent_id=intent_id) is None:
        signer = NOBODY if asked.signer is None else office.require_foreign(asked.signer)
        _propose(office, caller, asked.firm, signer, intent_id)
    if asked.stop:
        _flag(office, caller, asked.firm, asked.reason, intent_id)
    return _recorded(office, caller, draft, intent_id)


def move(office: Office, caller: Caller, asked: schemas.FirmMoved, intent_id: str) -> schemas.FirmChangeWritten:
    """Put on record that a firm moved, and tell what its new region takes over: it enrols the firm, and establishes its facts."""
    require_of_this_region(office, caller)
    with office.current() as snapshot:
        if asked.region == office.region or snapshot.ledger.regions[Region(asked.region)].status == RegionStatus.NONE:
            title = "迁入地区须为联盟其他成员地区。 A firm moves to another region that is a member."
            raise Problem(422, "RegionRefused", title, region=asked.region)
        unusable = tuple(sorted(_unusable_after_move(office, snapshot, _enrolled(office, snapshot, asked.firm))))
    told = Particulars(region=asked.region, unusable=unusable)
    return _recorded(office, caller, _draft(office, caller, Kind.MOVED, asked, told), intent_id)


def withdraw(office: Office, caller: Caller, asked: schemas.FirmChangeWithdrawn, intent_id: str) -> schemas.FirmChangeWritten:
    """Put on record that what was recorded of a firm last was not so, or is over."""
    require_of_this_region(office, caller)
    if office.firm_changes.standing(company_code(asked.firm)) is None and office.firm_changes.recorded(intent_id) is None:
        raise Problem(409, "NoChange", "该企业没有可撤回的变更登记。 There is nothing on record of this firm to be withdrawn.")
    draft = _drafted(caller, Kind.WITHDRAWN, asked.firm, _now(office), Particulars(reason=asked.reason))
    return _recorded(office, caller, draft, intent_id)


def history(office: Office, caller: Caller, asked: schemas.FirmNamed) -> schemas.FirmChangeHistory:
    """Everything that happened to a firm, as it was put on record here."""
    require_of_this_region(office, caller)
    firm, head = company_code(asked.firm), office.firm_changes.head
    return schemas.FirmChangeHistory(
        name=office.firm_changes.name_of(firm),
        changes=[_seen(each) for each in office.firm_changes.history(firm)],
        head=head_for(caller, head),
    )


def affairs(office: Office, caller: Caller, firm_id: Id, *, asked: str | None) -> schemas.FirmAffairs:
    """What a firm has open, and what becomes of it by what is on record here, or would by a change that is `asked` about."""
    with logged(office.lookups, office.clock, caller, "affairs") as subject, office.seen() as snapshot:
        ledger = snapshot.ledger
        if firm_id not in ledger.firm_records:
            raise not_found("firm", firm_id)
        record = ledger.firm_records[firm_id]
        subject.region, subject.firm, subject.own = record.region, record.firm, caller.party is Party.FIRM
        subject.span = "0x" + firm_id.hex()
        change = _on_record(office, record) if asked is None else _imagined(office, snapshot, Kind(asked), firm_id)
        found = _affairs(office, caller, snapshot, firm_id, change)
        if not may_see_firm(office, caller, record) and not (caller.party in OFFICERS and found.orders):
            raise not_found("firm", firm_id)
        return found


# On the chain


def _propose(office: Office, caller: Caller, firm: str, signer: Address, intent_id: str) -> None:
    """Propose a key for a firm under each id by which the directory knows it; what is in place already is left."""
    with office.current() as snapshot:
        ids = _enrolled(office, snapshot, firm)
        current = {each: snapshot.ledger.firms[each].signer.lower() for each in ids}
    for each in ids:
        if current[each] != signer.lower():
            office.client(caller).rotate(each, signer, intent_id=f"{intent_id}/rotate/{each.hex()}")
    office.follow()


def _flag(office: Office, caller: Caller, firm: str, reason: str, intent_id: str) -> None:
    """Flag a firm under each of its ids, where no flag stands; a region has one flag of its own a subject."""
    with office.current() as snapshot:
        ledger = snapshot.ledger
        ids = _enrolled(office, snapshot, firm)
        stand = {each for each in ids if ledger.flagged_by[each, office.region] or ledger.flags[each].until >= snapshot.time}
    for each in ids:
        intent = f"{intent_id}/flag/{each.hex()}"
        if each not in stand or office.sent_before(intent) is not None:
            office.client(caller).flag(each, office.reasons.keep(intent, reason).digest, intent_id=intent)
    office.follow()


def _enrolled(office: Office, snapshot: Snapshot, firm: str) -> list[Id]:
    """The ids under which the directory knows a firm of this region, the newest first."""
    ids = [id_of(Firm(office.region, tag)) for tag in office.keyring.firms(firm)]
    known = [each for each in ids if each in snapshot.ledger.firm_records]
    if not known:
        raise not_found("firm", ids[0])
    return known


def _signer_of(office: Office, snapshot: Snapshot, successor: str) -> Address:
    ids = [id_of(Firm(office.region, tag)) for tag in office.keyring.firms(successor)]
    signer = next((snapshot.ledger.firms[each].signer for each in ids if each in snapshot.ledger.firm_records), None)
    if signer is None:
        title = (
            "承继企业未在本地区登记，请以 signer（--signer）指明其签名账户。"
            " This region did not enrol the successor: name the account that signs for it, as signer (--signer)."
        )
        raise Problem(422, "SuccessorUnknown", title, missing="signer")
    return signer


# On record


def _draft(office: Office, caller: Caller, kind: Kind, asked: _Changed, told: Particulars) -> Change:
    """A change that took effect today at the latest."""
    now = _now(office)
    # Not by the day of `asked.on`, which may lie beyond the calendar.
    if asked.on > datetime.combine(day_of(now), time(23, 59, 59), CHINA).timestamp():
        title = "生效日晚于今日，请于当日或其后登记。 It takes effect after today: put it on record on that day or later."
        raise Problem(422, "DayAhead", title, on=asked.on, time=now)
    return _drafted(caller, kind, asked.firm, Time(asked.on), told)


def _drafted(caller: Caller, kind: Kind, firm: str, day: Time, told: Particulars) -> Change:
    return Change(number=0, firm=company_code(firm), kind=kind, day=day, at=Time(0), by=caller.name, told=told)


def _now(office: Office) -> Time:
    with office.current() as snapshot:
        return office.now(snapshot)


def _recorded(office: Office, caller: Caller, draft: Change, intent_id: str) -> schemas.FirmChangeWritten:
    """Put a change on record with what stands open, and tell all of it."""
    require_of_this_region(office, caller)
    with office.current() as snapshot:
        change = office.firm_changes.before(draft, intent_id=intent_id) or replace(draft, at=Time(snapshot.time))
        # A new name ends nothing that was recorded before, and what is asked again nothing that was recorded since.
        is_end = change.number == 0 and change.kind is not Kind.RENAMED
        counts = change if is_end else office.firm_changes.standing(draft.firm) or change
        found = [_affairs(office, caller, snapshot, each, counts) for each in _enrolled(office, snapshot, draft.firm)]
        vouchers = tuple("0x" + each.voucher_id.hex() for one in found for each in one.vouchers)
        orders = tuple("0x" + each.order_id.hex() for one in found for each in one.orders)
        whole = replace(change, told=replace(change.told, vouchers=vouchers, orders=orders))
        made = office.firm_changes.record(whole, intent_id=intent_id)
    latest = office.firm_facts.history(draft.firm) if draft.kind is Kind.MOVED else ()
    return schemas.FirmChangeWritten(
        change=_seen(made),
        affairs=found,
        tell=sorted({each.lab_region for one in found for each in one.orders} - {office.region}),
        facts=on_record(latest[-1]) if latest else None,
    )


def _seen(change: Change) -> schemas.FirmChangeSeen:
    told = asdict(change.told)
    return schemas.FirmChangeSeen(number=change.number, kind=change.kind.value, on=change.day, at=change.at, by=change.by, **told)


# What stands open


def _on_record(office: Office, firm: Firm) -> Change | None:
    return office.firm_changes.of_tag(firm.firm) if firm.region == office.region else None


def _imagined(office: Office, snapshot: Snapshot, kind: Kind, firm_id: Id) -> Change:
    """A change as if it happened now, without liquidators."""
    moved = kind is Kind.MOVED and snapshot.ledger.firm_records[firm_id].region == office.region
    unusable = tuple(_unusable_after_move(office, snapshot, [firm_id])) if moved else ()
    now = Time(snapshot.time)
    return Change(number=0, firm="", kind=kind, day=now, at=now, by="", told=Particulars(unusable=unusable))


def _unusable_after_move(office: Office, snapshot: Snapshot, ids: Sequence[Id]) -> set[str]:
    """The programmes, of whose vouchers a firm holds any, that let a firm that moved order no more, by their files."""
    ledger = snapshot.ledger
    held = {ledger.vouchers[voucher].programme for each in ids for voucher in _vouchers(snapshot, each)}
    files = {each: office.programme_files.of(ledger.programmes[each]) for each in held}
    return {"0x" + each.hex() for each, file in files.items() if not file.policy.usable_after_move}


def _affairs(office: Office, caller: Caller, snapshot: Snapshot, firm_id: Id, change: Change | None) -> schemas.FirmAffairs:
    """What a caller may see of it."""
    ledger, facts = snapshot.ledger, Facts(snapshot)
    record = ledger.firm_records[firm_id]
    change = None if change is None or change.kind is Kind.WITHDRAWN else change
    whole = may_see_firm(office, caller, record)
    return schemas.FirmAffairs(
        firm=firm_id,
        region=record.region,
        change=None if change is None else change.kind.value,
        key=shapes.key_seen(snapshot, firm_id) if whole else None,
        flagged_until=facts.firm(firm_id)["flagged_until"],
        vouchers=[_voucher(snapshot, each, change) for each in _vouchers(snapshot, firm_id)] if whole else [],
        orders=[
            _order(office, snapshot, each, change) for each in _orders(snapshot, firm_id) if may_see_order(office, caller, ledger, each)
        ],
        block=office.block_seen(snapshot),
    )


def _vouchers(snapshot: Snapshot, firm_id: Id) -> Iterator[Id]:
    """A firm's vouchers of the region that enrolled it so, as far as anything of them is left."""
    ledger = snapshot.ledger
    record = ledger.firm_records[firm_id]
    for each in snapshot.vouchers_of_firm(record.firm):
        balance = ledger.balances[each]
        if ledger.programmes[ledger.vouchers[each].programme].region == record.region and balance.available + balance.reserved:
            yield each


def _orders(snapshot: Snapshot, firm_id: Id) -> Iterator[Id]:
    """The unfinished orders on that region's vouchers."""
    ledger = snapshot.ledger
    record = ledger.firm_records[firm_id]
    for each in snapshot.orders_of_firm(record.firm):
        programme = ledger.vouchers[ledger.order_records[each].voucher].programme
        if ledger.programmes[programme].region == record.region and ledger.orders[each].stage in UNFINISHED:
            yield each


def _voucher(snapshot: Snapshot, voucher_id: Id, change: Change | None) -> schemas.VoucherAffair:
    told = Facts(snapshot).voucher(voucher_id)
    programme = snapshot.ledger.vouchers[voucher_id].programme
    becomes = None if change is None else voucher_becomes(change.kind, usable_after_move=not change.ends(programme))
    named = ("voucher_id", "programme_id", "programme", "available", "reserved", "use_by", "claim_by")
    return schemas.VoucherAffair(**{name: told[name] for name in named}, becomes=_told(becomes))


def _order(office: Office, snapshot: Snapshot, order_id: Id, change: Change | None) -> schemas.OrderAffair:
    ledger, told = snapshot.ledger, Facts(snapshot).order(order_id)
    voucher = ledger.order_records[order_id].voucher
    since = dict(snapshot.reservations_of(voucher))[order_id]
    if change is None:
        return schemas.OrderAffair(**told, since=since, becomes=None)
    becomes = order_becomes(
        change.kind,
        ledger.orders[order_id].stage,
        firm_is_paid=told["paid_to"] == "FIRM",
        has_signer=change.told.signer is not None,
        began_afterwards=(change.ends(ledger.vouchers[voucher].programme) and since > change.at)
        or change_since(office, snapshot, order_id) is not None,
    )
    return schemas.OrderAffair(**told, since=since, becomes=_told(becomes))


def _told(becomes: Becomes | None) -> schemas.BecomesSeen | None:
    return None if becomes is None else schemas.BecomesSeen(**becomes._asdict())
