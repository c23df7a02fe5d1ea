"""
What a firm was granted so far, read from the chain's events: what `registry.policy` decides the next grant by.

An auditor with a node reads the same, so that a decision can be worked out again from the file, the events and the block's time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from registry.index import Snapshot
from registry.model import Fen, Id, Region, Stage, Tag, Time
from registry.policy import Granted


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
    )
