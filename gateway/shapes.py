"""
From records of the ledger to answers. Pure: whoever calls has decided that the reader may see it.

What is told of a voucher to someone who looks it up names regions, never labs, and shows no tag.
"""

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from enum import IntEnum
from typing import Any, Literal

from gateway import schemas
from gateway.errors import plain
from gateway.lookup_log import Row
from registry import Entry, Id, Ledger, Paid, Programme, Rejected, Snapshot, Stage

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
    for order in snapshot.orders_of_voucher(voucher):
        state, record = ledger.orders[order], ledger.order_records[order]
        if state.stage in _HOLDS_NOTHING:
            continue
        reserved = next(entry for entry in snapshot.history_of(order) if entry.name == "Reserved")
        # From settlement on the order's own amount is money; the notes that it used are its claim's.
        amount = ledger.claims[order].consumed if state.stage >= Stage.ACCEPTED else state.amount
        found.append(schemas.Held(region=ledger.labs[record.lab].region, since=reserved.logged.time, amount=amount, stage=state.stage.name))
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


def order_seen(snapshot: Snapshot, order_id: Id, now: float) -> schemas.OrderSeen:
    """An order for one of its parties, its officers or an auditor."""
    ledger = snapshot.ledger
    record, state = ledger.order_records[order_id], ledger.orders[order_id]
    programme = ledger.programmes[ledger.vouchers[record.voucher].programme]
    redemption = ledger.redemptions[order_id] if state.stage >= Stage.REDEEMED and order_id in ledger.redemptions else None
    return schemas.OrderSeen(
        order_id=order_id,
        voucher_id=record.voucher,
        programme=programme.code,
        issuing_region=programme.region,
        lab=record.lab,
        lab_region=ledger.labs[record.lab].region,
        stage=state.stage.name,
        attempt=state.attempt,
        amount=state.amount,
        deadline=state.deadline,
        subsidy=None if redemption is None else redemption.subsidy,
        cost=None if redemption is None else redemption.cost,
        paid_to=paid_to(ledger, programme, record.lab),
        history=events(snapshot.history_of(order_id)),
        block=block_seen(snapshot, now),
    )


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
    return "LAB" if paid is Paid.LAB else "FIRM"


def programme_seen(snapshot: Snapshot, programme_id: Id, now: float) -> schemas.ProgrammeSeen:
    """A programme and its pool."""
    programme, pool = snapshot.ledger.programmes[programme_id], snapshot.ledger.pools[programme_id]
    return schemas.ProgrammeSeen(
        programme_id=programme_id,
        code=programme.code,
        region=programme.region,
        payer=programme.payer,
        policy_hash=programme.policy_hash,
        funded=pool.funded,
        committed=pool.committed,
        paid=pool.paid,
        block=block_seen(snapshot, now),
    )


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
