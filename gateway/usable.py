"""
Where a region's vouchers can be spent now, and if not at a lab or item, why not. Pure: reads one ledger.

Of a voucher itself, its firm and its money nothing is asked here (`gateway.verification`). Where a region has programmes that go by item
and others that do not, a lab or item is usable if it is so under one of them.
"""

from collections.abc import Iterator

from gateway.verification import of_lab
from registry import NO_ID, Id, Ledger, Region, RegionStatus, Rejected, Standing, Time


def is_usable(ledger: Ledger, region: Region, lab: Id, item: Id, now: Time) -> bool:
    """Whether any voucher of a region could be spent at a lab and item (`NO_ID`: the lab as a whole) at a time."""
    return next(reasons_at(ledger, region, lab, item, now), None) is None


def reasons_at(ledger: Ledger, region: Region, lab: Id, item: Id, now: Time) -> Iterator[Rejected]:
    """Every reason why no voucher of a region can be spent at a lab and item."""
    state = ledger.labs[lab]
    if state.standing == Standing.NONE:
        yield Rejected("UnknownLab", {"lab": lab})
        return
    yield from of_lab(ledger, lab, now)
    if item != NO_ID and ledger.items[item] != lab:
        yield Rejected("ItemNotListed", {"item": item, "lab": lab})
    ways = [programme.itemised for _, programme in ledger.programmes.items() if programme.region == region] or [False]
    against = [list(_unrecognised(ledger, region, lab, item, itemised=itemised, now=now)) for itemised in dict.fromkeys(ways)]
    if all(against):
        yield from min(against, key=len)
    for each in dict.fromkeys((region, state.region)):
        if ledger.regions[each].status == RegionStatus.SUSPENDED:
            yield Rejected("Suspended", {"region": each})


def _unrecognised(ledger: Ledger, region: Region, lab: Id, item: Id, *, itemised: bool, now: Time) -> Iterator[Rejected]:
    subjects = [lab] if itemised or ledger.labs[lab].region != region else []
    if itemised and item != NO_ID:
        subjects.append(item)
    for subject in subjects:
        window = ledger.recognitions[region, subject]
        if not window.from_ <= now <= window.until:
            yield Rejected("NotRecognised", {"region": region, "subject": subject})
