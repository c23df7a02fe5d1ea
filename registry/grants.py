"""
What a firm was granted so far, read from the chain's events: what `registry.policy` decides the next grant by.

An auditor with a node reads the same, so that a decision can be worked out again from the file, the events and the block's time.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from registry.decision_audit import Issuance, UsedSoFar
from registry.events import Issued
from registry.index import Entry, Snapshot
from registry.model import NO_ID, Fen, Id, Region, Stage, Tag, Time
from registry.policy import Granted, Used
from registry.rules import Ledger, apply


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """
    A voucher of an older ledger (存量): when it was granted there, and its whole face.

    `vouchers` are what was left of it here, under the programme of this `code`. That one grants nothing anew, so nobody asks how far its
    vouchers have come.
    """

    at: Time
    code: str
    face: Fen
    vouchers: tuple[Id, ...]


def granted_to(snapshot: Snapshot, region: Region, firms: Sequence[Tag], carried: Sequence[Carried] = ()) -> list[Granted]:
    """
    Every voucher that a region issued to a firm, in the order of issue, with how much of each has come how far.

    `firms` are the firm's tags, one an epoch. What was paid and recovered again does not count as settled. What was carried over
    counts as the older ledger has it: once, from the day of its grant, and with its whole face.
    """
    ledger = snapshot.ledger
    found = [each for firm in firms for each in snapshot.vouchers_of_firm(firm)]
    moved = {each for one in carried for each in one.vouchers}
    of_region = [each for each in found if ledger.programmes[ledger.vouchers[each].programme].region == region and each not in moved]
    before = [Granted(at=each.at, code=each.code, face=each.face) for each in carried]
    return sorted([*(_granted(snapshot, each) for each in of_region), *before], key=lambda each: each.at)


def _granted(snapshot: Snapshot, voucher_id: Id) -> Granted:
    ledger = snapshot.ledger
    voucher, balance = ledger.vouchers[voucher_id], ledger.balances[voucher_id]
    issued = next(entry for entry in snapshot.history_of(voucher_id) if entry.name == "Issued")
    settled = [each for each in snapshot.orders_of_voucher(voucher_id) if ledger.orders[each].stage == Stage.SETTLED]
    return Granted(
        at=issued.logged.time,
        code=ledger.programmes[voucher.programme].code,
        face=voucher.face,
        reserved=Fen(balance.reserved + balance.redeemed),
        redeemed=balance.redeemed,
        settled=Fen(sum(ledger.claims[each].subsidy for each in settled)),
        voucher=voucher_id,
    )


def issuances(snapshot: Snapshot, region: Region) -> list[Issuance]:
    """Every voucher that a region issued, in the order of issue, with every change of its use: all events are gone through once more."""
    ledger = Ledger(registry=snapshot.ledger.registry)
    issued: dict[Id, Entry] = {}
    uses: dict[Id, list[UsedSoFar]] = defaultdict(list)
    orders: dict[Id, set[Id]] = defaultdict(set)
    for entry in _trail(snapshot):
        event, time = entry.logged.event, entry.logged.time
        apply(ledger, event, time)
        if isinstance(event, Issued):
            issued[event.voucher] = entry
        order: Id = getattr(event, "order", NO_ID)
        if order in ledger.order_records:
            voucher = ledger.order_records[order].voucher
            orders[voucher].add(order)
            uses[voucher].append(_used_so_far(ledger, voucher, orders[voucher], time))
    of_region = ((each, ledger.vouchers[each], entry.logged.time) for each, entry in issued.items())
    return [
        Issuance(
            voucher=each,
            programme=voucher.programme,
            code=ledger.programmes[voucher.programme].code,
            firm=voucher.firm,
            face=voucher.face,
            at=time,
            uses=tuple(uses[each]),
        )
        for each, voucher, time in of_region
        if ledger.programmes[voucher.programme].region == region
    ]


def _trail(snapshot: Snapshot) -> Iterator[Entry]:
    page = snapshot.trail()
    while page:
        yield from page
        page = snapshot.trail(after=page[-1].position)


def _used_so_far(ledger: Ledger, voucher: Id, orders: set[Id], at: Time) -> UsedSoFar:
    balance = ledger.balances[voucher]
    settled = sum(ledger.claims[each].subsidy for each in orders if ledger.orders[each].stage == Stage.SETTLED)
    amounts = {Used.RESERVED: Fen(balance.reserved + balance.redeemed), Used.REDEEMED: balance.redeemed, Used.SETTLED: Fen(settled)}
    return UsedSoFar(at=at, amounts=amounts)
