"""What a flag touches (案卷): its history, the subject's orders wherever they are, and who has something in common with it."""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from gateway import shapes
from gateway.acts.flags import flag_of
from gateway.acts.orders import of_page
from gateway.callers import Caller
from gateway.cursors import Question
from gateway.office import Office
from gateway.schemas import CaseFile, CaseSum, Related
from gateway.sight import may_see_order
from registry import NO_ADDRESS, Id, Ledger, Region, Snapshot, Stage

# An order that was sent back and then released has a redemption, and gets nothing for it.
_ASKED_FOR = range(Stage.REDEEMED, Stage.REFUNDED + 1)


class _Kept(NamedTuple):
    """Orders of one pair of regions in one stage."""

    home: Region
    host: Region
    stage: Stage


def case_file(office: Office, caller: Caller, subject: Id, *, cursor: str | None, limit: int) -> CaseFile:
    """
    The case of a subject that was ever flagged.

    Sums are of all its orders, whoever's: all regions follow up together. One by one, an officer sees those of his region.
    """
    question = Question("case", caller.name, (subject.hex(),))
    with office.seen() as snapshot:
        flag, ledger, touched = flag_of(office, caller, snapshot, subject), snapshot.ledger, _orders_of(snapshot, subject)
        found, further = question.page(touched, cursor, limit, lambda order: may_see_order(office, caller, ledger, order))
        with of_page(office, caller, ledger, found):
            return CaseFile(
                flag=flag,
                history=shapes.history_seen(snapshot, subject),
                sums=_sums(ledger, touched),
                related=list(_related(snapshot, subject)),
                orders=[shapes.order_brief(snapshot, each) for each in found],
                next=further,
                block=office.block_seen(snapshot),
            )


def _orders_of(snapshot: Snapshot, subject: Id) -> list[Id]:
    ledger = snapshot.ledger
    if subject in ledger.lab_records:
        return snapshot.orders_of_lab(subject)
    firm = ledger.firm_records[subject]
    # One company may be known in two regions; its tag is the same in both.
    return [each for each in snapshot.orders_of_firm(firm.firm) if _home_of(ledger, each) == firm.region]


def _home_of(ledger: Ledger, order: Id) -> Region:
    return ledger.programmes[ledger.vouchers[ledger.order_records[order].voucher].programme].region


def _sums(ledger: Ledger, orders: list[Id]) -> list[CaseSum]:
    kept: dict[_Kept, list[Id]] = defaultdict(list)
    for each in orders:
        kept[_Kept(_home_of(ledger, each), ledger.labs[ledger.order_records[each].lab].region, ledger.orders[each].stage)].append(each)
    return [
        CaseSum(
            issuing_region=home,
            lab_region=host,
            stage=stage.name,
            orders=len(these),
            amount=sum(ledger.orders[each].amount for each in these),
            subsidy=sum(ledger.redemptions[each].subsidy for each in these if stage in _ASKED_FOR),
        )
        for (home, host, stage), these in sorted(kept.items())
    ]


def _related(snapshot: Snapshot, subject: Id) -> Iterator[Related]:
    """Others with the same host unit, seller or company, by its tag of the same epoch, or with the same signer."""
    ledger = snapshot.ledger
    mine = dict(_traits(ledger, subject))
    for other in (*ledger.lab_records, *ledger.firm_records):
        shares = [name for name, value in _traits(ledger, other) if mine.get(name) == value]
        if other != subject and shares:
            is_lab = other in ledger.lab_records
            state = ledger.labs[other] if is_lab else ledger.firms[other]
            flagged = shapes.until_or_lifted(state.flagged_until) if state.flagged_until >= snapshot.time else None
            yield Related(subject=other, kind="LAB" if is_lab else "FIRM", region=state.region, shares=shares, flagged_until=flagged)


def _traits(ledger: Ledger, subject: Id) -> Iterator[tuple[str, object]]:
    if subject in ledger.lab_records:
        yield "HOST_UNIT", ledger.lab_records[subject].host_unit
        yield "SELLER", ledger.labs[subject].seller
        signer = ledger.labs[subject].signer
    else:
        yield "COMPANY", ledger.firm_records[subject].firm
        signer = ledger.firms[subject].signer
    if signer != NO_ADDRESS:
        yield "SIGNER", signer
