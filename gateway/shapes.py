"""
From records of the ledger to answers. Pure: whoever calls has decided that the reader may see it.

What is told of a voucher to someone who looks it up names regions, never labs, and shows no tag.
"""

from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from enum import IntEnum
from typing import Any, Literal

from gateway import schemas
from gateway.errors import plain
from gateway.lookup_log import Row
from gateway.reasons import Reason
from registry import (
    NO_ID,
    UNLIMITED,
    Address,
    Digest,
    Entry,
    Firm,
    Flagged,
    FlagLifted,
    FlagSeconded,
    Id,
    Ledger,
    Paid,
    Programme,
    Region,
    Rejected,
    Snapshot,
    Stage,
    id_of,
)

Words = Callable[[bytes], Reason | None]
"""The words behind a reason's hash, where they are known and may be told."""

_NO_DIGEST = bytes(32)

# An order that was turned down or released holds nothing of its voucher.
_HOLDS_NOTHING = frozenset({Stage.NONE, Stage.RELEASED})


def block_seen(snapshot: Snapshot, now: float) -> schemas.BlockSeen:
    """As of which block an answer holds. A node's clock may run a little ahead of ours."""
    return schemas.BlockSeen(number=snapshot.block, time=snapshot.time, age_seconds=max(0, int(now) - snapshot.time))


def reason(refused: Rejected) -> schemas.Reason:
    """One reason why not."""
    return schemas.Reason(code=refused.code, values=plain(refused.values))


def held(snapshot: Snapshot, voucher: Id) -> list[schemas.Held]:
    """What holds a voucher's notes or has used them up: region and time, not the lab."""
    ledger = snapshot.ledger
    found = []
    for order, since in snapshot.reservations_of(voucher):
        state, record = ledger.orders[order], ledger.order_records[order]
        if state.stage in _HOLDS_NOTHING:
            continue
        # From settlement on the order's own amount is money; the notes that it used are its claim's.
        amount = ledger.claims[order].consumed if state.stage >= Stage.ACCEPTED else state.amount
        found.append(schemas.Held(region=ledger.labs[record.lab].region, since=since, amount=amount, stage=state.stage.name))
    return found


def voucher_seen(snapshot: Snapshot, voucher_id: Id) -> schemas.VoucherSeen:
    """A voucher's terms, balance and used notes."""
    ledger = snapshot.ledger
    voucher, balance = ledger.vouchers[voucher_id], ledger.balances[voucher_id]
    programme = ledger.programmes[voucher.programme]
    return schemas.VoucherSeen(
        voucher_id=voucher_id,
        programme_id=voucher.programme,
        programme=programme.code,
        region=programme.region,
        face=voucher.face,
        denomination=voucher.denomination,
        use_by=voucher.use_by,
        claim_by=voucher.claim_by,
        available=balance.available,
        reserved=balance.reserved,
        redeemed=balance.redeemed,
        lapsed=balance.lapsed,
        used_notes=[schemas.Notes(first=span.first, last=span.last) for span in ledger.notes[voucher_id]],
        held=held(snapshot, voucher_id),
    )


def order_brief(ledger: Ledger, order_id: Id) -> schemas.OrderBrief:
    """Where an order stands."""
    return schemas.OrderBrief(**_order(ledger, order_id))


def order_seen(snapshot: Snapshot, order_id: Id, now: float) -> schemas.OrderSeen:
    """An order for one of its parties, its officers or an auditor."""
    history = events(snapshot.history_of(order_id))
    return schemas.OrderSeen(**_order(snapshot.ledger, order_id), history=history, block=block_seen(snapshot, now))


def _order(ledger: Ledger, order_id: Id) -> dict[str, Any]:
    record, state = ledger.order_records[order_id], ledger.orders[order_id]
    voucher = ledger.vouchers[record.voucher]
    programme = ledger.programmes[voucher.programme]
    redemption = ledger.redemptions[order_id] if state.stage >= Stage.REDEEMED and order_id in ledger.redemptions else None
    return {
        "order_id": order_id,
        "voucher_id": record.voucher,
        "programme": programme.code,
        "issuing_region": programme.region,
        "firm": id_of(Firm(programme.region, voucher.firm)),
        "lab": record.lab,
        "lab_region": ledger.labs[record.lab].region,
        "item": None if record.item == NO_ID else record.item,
        "stage": state.stage.name,
        "attempt": state.attempt,
        "amount": state.amount,
        "deadline": state.deadline,
        "subsidy": None if redemption is None else redemption.subsidy,
        "cost": None if redemption is None else redemption.cost,
        "paid_to": paid_to(ledger, programme, record.lab),
    }


def lookup_seen(row: Row, *, named: bool) -> schemas.LookupSeen:
    """A look-up from the log. `named` tells by which key and by which lab; tags are told to nobody."""
    found = row.lookup
    return schemas.LookupSeen(
        number=row.number,
        milliseconds=found.at,
        what=found.what,
        answer=found.answer,
        party=found.party,
        region=found.home,
        voucher_id=found.voucher,
        caller=found.caller if named else None,
        lab=found.lab if named else None,
    )


def paid_to(ledger: Ledger, programme: Programme, lab: Id) -> Literal["LAB", "FIRM"]:
    """Who is paid for an order at this lab."""
    paid = programme.paid_home if ledger.labs[lab].region == programme.region else programme.paid_across
    return _paid(paid)


def _paid(paid: Paid) -> Literal["LAB", "FIRM"]:
    return "LAB" if paid is Paid.LAB else "FIRM"


def programme_seen(snapshot: Snapshot, programme_id: Id, now: float) -> schemas.ProgrammeSeen:
    """A programme and its pool."""
    programme, pool = snapshot.ledger.programmes[programme_id], snapshot.ledger.pools[programme_id]
    return schemas.ProgrammeSeen(
        programme_id=programme_id,
        code=programme.code,
        region=programme.region,
        payer=programme.payer,
        paid_home=_paid(programme.paid_home),
        paid_across=_paid(programme.paid_across),
        approval=programme.approval.name,
        first_review=programme.first_review.name,
        itemised=programme.itemised,
        min_partners=programme.min_partners,
        hold_days=programme.hold_days,
        slices=[schemas.SliceSeen(up_to=None if each.up_to == UNLIMITED else each.up_to, bps=each.bps) for each in programme.slices],
        policy_hash=programme.policy_hash,
        funded=pool.funded,
        committed=pool.committed,
        paid=pool.paid,
        free=pool.funded - pool.committed,
        block=block_seen(snapshot, now),
    )


def pool_seen(snapshot: Snapshot, programme_id: Id, now: float) -> schemas.PoolSeen:
    """A pool and every movement of it."""
    pool = snapshot.ledger.pools[programme_id]
    movements = [each for each in snapshot.history_of(programme_id) if each.name in {"Funded", "Drawn"}]
    return schemas.PoolSeen(
        programme_id=programme_id,
        funded=pool.funded,
        committed=pool.committed,
        paid=pool.paid,
        free=pool.funded - pool.committed,
        movements=events(movements),
        block=block_seen(snapshot, now),
    )


def month_seen(key: tuple[Region, Region, int], closing: Any) -> schemas.MonthSeen:
    """Both sides' statements of a month."""
    home, host, month = key
    named = [None if each == _NO_DIGEST else each for each in (closing.home, closing.host)]
    closed = named[0] is not None and named[0] == named[1]
    return schemas.MonthSeen(home=home, host=host, month=month, home_statement=named[0], host_statement=named[1], closed=closed)


# The directory


def lab_seen(snapshot: Snapshot, lab_id: Id) -> schemas.LabSeen:
    """A lab, without the tags of its host unit and seller."""
    record, state = snapshot.ledger.lab_records[lab_id], snapshot.ledger.labs[lab_id]
    return schemas.LabSeen(
        lab=lab_id,
        region=record.region,
        code=record.code,
        standing=state.standing.name,
        qualified_until=state.qualified_until,
        flagged_until=_standing_flag(state.flagged_until, snapshot),
        recognised_by=_recognising(snapshot, lab_id),
    )


def item_seen(snapshot: Snapshot, item: Id) -> schemas.ItemSeen:
    """An item of a lab."""
    record = snapshot.ledger.item_records[item]
    return schemas.ItemSeen(item=item, lab=record.lab, code=record.code, recognised_by=_recognising(snapshot, item))


def recognition_seen(snapshot: Snapshot, region: Region, subject: Id) -> schemas.RecognitionSeen:
    """From when until when a region's vouchers may be spent at a lab or on an item."""
    window = snapshot.ledger.recognitions[region, subject]
    kind = "LAB" if subject in snapshot.ledger.lab_records else "ITEM"
    told = {"region": region, "subject": subject, "kind": kind, "from": window.from_, "until": window.until}
    return schemas.RecognitionSeen.model_validate(told | {"in_force": window.from_ <= snapshot.time <= window.until})


def firm_seen(snapshot: Snapshot, firm_id: Id) -> schemas.FirmSeen:
    """A firm, without its tag."""
    state = snapshot.ledger.firms[firm_id]
    flagged = _standing_flag(state.flagged_until, snapshot)
    return schemas.FirmSeen(firm=firm_id, region=state.region, signer=state.signer, flagged_until=flagged)


def signer_of(ledger: Ledger, subject: Id) -> Address:
    """Who signs for a firm or lab."""
    return ledger.labs[subject].signer if subject in ledger.lab_records else ledger.firms[subject].signer


def key_seen(ledger: Ledger, subject: Id) -> schemas.KeySeen:
    """Who signs for a party, and whom its office proposed."""
    lab = subject in ledger.lab_records
    rotation = ledger.rotations[subject] if subject in ledger.rotations and ledger.rotations[subject].from_ else None
    return schemas.KeySeen(
        subject=subject,
        kind="LAB" if lab else "FIRM",
        region=_region_of(ledger, subject),
        signer=signer_of(ledger, subject),
        proposed=None if rotation is None else rotation.signer,
        proposed_from=None if rotation is None else rotation.from_,
    )


def flag_seen(snapshot: Snapshot, subject: Id, words: Words) -> schemas.FlagSeen:
    """The latest flag on a subject, as its events tell it: what was lifted the registry has forgotten."""
    flagged = seconded = lifted = None
    for entry in snapshot.history_of(subject):
        event, time = entry.logged.event, entry.logged.time
        if isinstance(event, Flagged):
            flagged, seconded, lifted = (event, time), None, None
        elif isinstance(event, FlagSeconded):
            seconded = event, time
        elif isinstance(event, FlagLifted):
            lifted = time
    if flagged is None:
        raise ValueError("it was never flagged")
    until = None if seconded is not None else flagged[0].until
    stands = until is None or until >= snapshot.time
    given = [each for each in (flagged, seconded) if each is not None]
    return schemas.FlagSeen(
        subject=subject,
        kind="LAB" if subject in snapshot.ledger.lab_records else "FIRM",
        region=_region_of(snapshot.ledger, subject),
        state="LIFTED" if lifted is not None else "STANDING" if stands else "LAPSED",
        by=flagged[0].region,
        since=flagged[1],
        until=until,
        seconder=None if seconded is None else seconded[0].region,
        lifted=lifted,
        reasons=[_flag_reason(event.region, time, event.reason, words) for event, time in given],
    )


def _flag_reason(region: Region, time: int, digest: Digest, words: Words) -> schemas.FlagReason:
    known = words(digest)
    text, salt = (None, None) if known is None else (known.text, known.salt)
    return schemas.FlagReason(region=region, time=time, hash=digest, text=text, salt=salt)


def _region_of(ledger: Ledger, subject: Id) -> Region:
    return ledger.lab_records[subject].region if subject in ledger.lab_records else ledger.firms[subject].region


def _standing_flag(until: int, snapshot: Snapshot) -> int | None:
    return until if until >= snapshot.time else None


def _recognising(snapshot: Snapshot, subject: Id) -> list[int]:
    """The regions whose vouchers may be spent there at the time of the snapshot."""
    regions, recognitions = snapshot.ledger.regions, snapshot.ledger.recognitions
    windows = {region: recognitions[region, subject] for region, _ in regions.items()}
    return sorted(region for region, window in windows.items() if window.from_ <= snapshot.time <= window.until)


# Events


def events(entries: Sequence[Entry]) -> list[schemas.Event]:
    """Events as the contracts told them, field by field."""
    return [
        schemas.Event(
            position=entry.position,
            block=entry.logged.position.block,
            time=entry.logged.time,
            transaction=entry.logged.transaction_hash,
            contract=str(entry.logged.event.contract),
            name=entry.name,
            values=_members(entry.logged.event),
        )
        for entry in entries
    ]


def _members(record: Any) -> dict[str, Any]:
    return {each.name.rstrip("_"): _value(getattr(record, each.name), each.metadata["type"]) for each in fields(record)}


def _value(value: Any, solidity_type: str) -> Any:
    if is_dataclass(value):
        return _members(value)
    if isinstance(value, tuple):
        return [_value(each, "") for each in value]
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, IntEnum):
        return value.name
    # Money and nonces: JSON numbers lose whole numbers above 2^53.
    return str(value) if solidity_type in {"uint64", "uint256"} else value
