"""
Months between two regions (月度核对): the statement, its closing, a payer's records held against it, and sub-districts.

A statement is worked out anew each time it is asked for. This gateway names no other hash on the chain than the one that it works out
itself: where the other region named another one, the two statements are compared by order.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, NamedTuple, Self

from gateway import payment_list, shapes, sub_districts
from gateway.callers import OFFICERS, Caller, Party
from gateway.errors import Problem
from gateway.looked_up import Subject, logged
from gateway.office import Office
from gateway.payments import Explained
from gateway.schemas import (
    BadRow,
    BreakExplanation,
    BreakPage,
    BreakSeen,
    CatalogueTaken,
    IfEmpty,
    LookupKind,
    MonthAccount,
    MonthPage,
    MonthStatement,
    MonthWritten,
    RecordsTaken,
    SubDistrictPage,
)
from gateway.sight import may_see_order, not_found, require_of_this_region, span_of
from registry import (
    Break,
    Digest,
    Explanation,
    Facts,
    Firm,
    Id,
    Ledger,
    Line,
    MonthClosed,
    Payment,
    Region,
    Rejected,
    Snapshot,
    Statement,
    Time,
    breaks_of,
    closing_id,
    id_of,
    lines_of,
    month_of,
    statement_workbook,
    with_returns,
)
from registry import divided as divided_by


class MonthNamed(NamedTuple):
    """A month of one direction of a pair."""

    home: Region
    host: Region
    month: int

    @classmethod
    def of(cls, asked: MonthStatement | BreakExplanation) -> Self:
        """As a request names it."""
        return cls(Region(asked.home), Region(asked.host), asked.month)


def months(office: Office, caller: Caller) -> MonthPage:
    """What was named of months in which an officer's region takes part; all for an auditor."""
    with office.seen() as snapshot:
        months = shapes.months_seen(snapshot)
        mine = [each for each in months if caller.party not in OFFICERS or caller.home in (each.home, each.host)]
        return MonthPage(months=mine, block=office.block_seen(snapshot))


# The statement


def account(office: Office, caller: Caller, named: MonthNamed) -> MonthAccount:
    """A month's statement with what both sides named."""
    with _looked_at(office, caller, "statement", named) as subject, office.seen() as snapshot:
        told = _account(caller, snapshot, named, subject)
        return MonthAccount.model_validate(told | {"block": office.block_seen(snapshot)})


def document(office: Office, caller: Caller, named: MonthNamed) -> bytes:
    """The canonical form of the statement of a month that is over: the bytes whose SHA-256 is its hash."""
    with _looked_at(office, caller, "statement", named) as subject, office.seen() as snapshot:
        _require_of_pair(caller, named)
        _require_known(snapshot, named)
        _require_over(snapshot, named.month)
        statement = Facts(snapshot).statement(*named)
        subject.span = span_of(["0x" + line.order.hex() for line in statement.lines])
        return statement.canonical()


def excel(office: Office, caller: Caller, named: MonthNamed) -> bytes:
    """The statement as a workbook, with this region's own breaks and sub-districts where it has them."""
    with _looked_at(office, caller, "statement", named) as subject, office.seen() as snapshot:
        told = _account(caller, snapshot, named, subject)
        ours = caller.party is Party.AUDITOR or caller.home == office.region
        breaks = _breaks(office, snapshot, named) if ours else ()
        places = _divided(office, snapshot, Facts(snapshot).statement(*named)) if ours and named.home == office.region else None
    return statement_workbook(
        told,
        breaks=[each.model_dump(mode="json") for each in breaks],
        sub_districts=None if places is None else [each.model_dump(mode="json") for each in places.sub_districts],
    )


def _account(caller: Caller, snapshot: Snapshot, named: MonthNamed, subject: Subject) -> dict[str, Any]:
    _require_of_pair(caller, named)
    _require_known(snapshot, named)
    told = Facts(snapshot).month(*named)
    subject.span = span_of([each["order_id"] for each in told["statement"]["lines"]])
    return told


def _looked_at(office: Office, caller: Caller, what: LookupKind, named: MonthNamed) -> AbstractContextManager[Subject]:
    """A statement and its breaks show many orders at once: one row of the log says who looked, and from which to which."""
    return logged(office.lookups, office.clock, caller, what, region=named.home)


def close_month(office: Office, caller: Caller, asked: MonthStatement, intent_id: str) -> MonthWritten:
    """Name the hash of what a month came to (确认月结). Once both sides named the same, it is closed."""
    named = MonthNamed.of(asked)
    _require_worked_out_here(office, caller, named, asked.statement)
    done = office.client(caller).close_month(*named, Digest(asked.statement), intent_id=intent_id)
    office.follow()
    with office.seen() as snapshot:
        told = Facts(snapshot).closing(*named)
    stands = {name: told[name] for name in ("state", "home_statement", "host_statement")}
    return MonthWritten(closed=bool(done.of(MonthClosed)), **stands, transaction=done.transaction, block=done.block)


def _require_worked_out_here(office: Office, caller: Caller, named: MonthNamed, asked: bytes) -> None:
    """
    Refuse to name a hash that is not the statement's.

    Whatever else is wrong the contract says by its own names; only whether the month is over is asked here as well, of the newest block
    that was read, for a statement must not be worked out while something can still be added.
    """
    with office.current() as snapshot:
        facts = Facts(snapshot)
        if caller.home not in named[:2] or not any(asked) or not facts.has_month(*named) or facts.closing(*named)["state"] == "CLOSED":
            return
        _require_over(snapshot, named.month)
        ours = facts.statement(*named).hash
    if ours != asked:
        title = (
            "所报哈希与本平台按链上数据算得的月结单不符，未上链。 The hash is not that of the statement worked out here; nothing was sent."
        )
        raise Problem(409, "StatementDiffers", title, ours="0x" + ours.hex(), asked="0x" + asked.hex())


# A payer's records


def hand_in(office: Office, caller: Caller, named: MonthNamed, content: bytes, intent_id: str, *, if_empty: IfEmpty) -> RecordsTaken:
    """Put a month's payment records of this region's payer on record, all rows or none."""
    require_of_this_region(office, caller)
    reference = partial(office.keyring.payment, office.region)
    parsed = payment_list.parse(content, month=named.month, named=reference, bare=if_empty != "REFUSED")
    # What another file of the same moment says is seen too: else one payment could stand in the records of two months.
    with office.handing_in:
        with office.current() as snapshot:
            _require_known(snapshot, named)
            bad = sorted([*parsed.bad, *_of_others(office, caller, snapshot, named, parsed.rows)], key=lambda each: each.line)
        if bad:
            title = "付款记录有误，未登记任何一笔。 The records have bad rows; none was taken."
            raise Problem(422, "BadRows", title, rows=parsed.count, bad=[each.model_dump() for each in bad])
        sha256 = office.payments.hand_in(
            parsed.rows if parsed.rows or if_empty == "NOTHING_PAID" else None,
            content=content,
            intent_id=intent_id,
            home=named.home,
            host=named.host,
            month=named.month,
            at=Time(int(office.clock())),
            by=caller.name,
        )
    with office.current() as snapshot:
        standing = [each for each in _breaks(office, snapshot, named) if each.resolved is None]
    return RecordsTaken(sha256=sha256, rows=parsed.count, breaks=len(standing))


def breaks(office: Office, caller: Caller, named: MonthNamed) -> BreakPage:
    """Where this region's payment records and the chain disagree in a month."""
    with _looked_at(office, caller, "breaks", named) as subject, office.seen() as snapshot:
        require_of_this_region(office, caller)
        _require_known(snapshot, named)
        found = _breaks(office, snapshot, named)
        subject.span = span_of(["0x" + each.order_id.hex() for each in found])
        return BreakPage(
            breaks=found,
            records=[shapes.records_seen(each) for each in office.payments.months(named.home, named.host)],
            block=office.block_seen(snapshot),
        )


def explain(office: Office, caller: Caller, asked: BreakExplanation, intent_id: str) -> BreakSeen:
    """Put on record why a break is as it is, which ends it."""
    require_of_this_region(office, caller)
    named = MonthNamed.of(asked)
    with office.current() as snapshot:
        _require_known(snapshot, named)
        if not office.payments.is_explained(intent_id):
            found = _one(_breaks(office, snapshot, named), asked.break_id, standing=True)
            explanation = Explanation(asked.month, found.due, found.paid)
            office.payments.explain(
                Id(asked.break_id), explanation, text=asked.text, intent_id=intent_id, at=Time(int(office.clock())), by=caller.name
            )
        return _one(_breaks(office, snapshot, named), asked.break_id, standing=False)


def _breaks(office: Office, snapshot: Snapshot, named: MonthNamed) -> list[BreakSeen]:
    counting = [each for each in office.payments.months(named.home, named.host) if each.rows is not None]
    explained = office.payments.explained()
    if not counting:
        return []
    lines = _lines(snapshot, named)
    mine = {line.order for line in lines}
    found = breaks_of(
        snapshot.ledger,
        lines,
        with_returns(
            office.payments.payments(named.home, named.host, region=office.region, keyring=office.keyring),
            [each for each in _returned(office) if each.order in mine],
        ),
        {each: known.explanation for each, known in explained.items()},
        payer=office.region,
        home=named.home,
        host=named.host,
        begun=counting[0].month,
        month=named.month,
    )
    return [shapes.break_seen(each, named.month, _words(each, explained)) for each in found]


def _returned(office: Office) -> Iterator[Payment]:
    """What the bank returned (退票), as payment batches have it on record: no refund by the payee, and no reason to pay twice."""
    for batch in office.payment_book.book().batches.values():
        for row in batch.standing:
            for each in row.returns:
                yield Payment(
                    month=month_of(each.returned.at),
                    order=row.listed.order,
                    refund=True,
                    amount=row.listed.amount,
                    payee=(),
                    reference=each.reference,
                    payment=each.payment,
                )


def _words(found: Break, explained: Mapping[Id, Explained]) -> Explained | None:
    """The explanation of a break, if it is of these sums."""
    known = explained.get(found.id)
    return known if known is not None and (known.explanation.due, known.explanation.paid) == (found.due, found.paid) else None


def _one(found: Sequence[BreakSeen], break_id: bytes, *, standing: bool) -> BreakSeen:
    for each in found:
        if each.break_id == break_id and (each.resolved is None or not standing):
            return each
    raise not_found("break", break_id)


def _lines(snapshot: Snapshot, named: MonthNamed) -> list[Line]:
    log = (entry.logged for entry in snapshot.history_of_orders(home=named.home, host=named.host))
    return lines_of(snapshot.ledger, log, home=named.home, host=named.host)


def _of_others(office: Office, caller: Caller, snapshot: Snapshot, named: MonthNamed, rows: Sequence[payment_list.Row]) -> list[BadRow]:
    """Rows of orders that belong to another pair or payer, as far as the caller may know of them, and of payments handed in before."""
    elsewhere = {
        (each.order, each.refund, each.payment): each.month
        for each in office.payments.payments(named.home, named.host, region=office.region, keyring=office.keyring)
        if each.month != named.month
    }
    found = []
    for row in rows:
        if row.key in elsewhere:
            other = elsewhere[row.key]
            found.append(payment_list.repeated(row.line, f" {other} 月的记录", f"the records of {other}"))
        elif row.order in snapshot.ledger.order_records and may_see_order(office, caller, snapshot.ledger, row.order):
            theirs = _pair_of(snapshot.ledger, row.order)
            if theirs != (named.home, named.host, office.region):
                message = f"该订单属于 {theirs[0]}→{theirs[1]}，拨付单位 {theirs[2]}。 The order is of that pair and payer."
                found.append(BadRow(line=row.line, code="OrderOfOtherPair", message=message))
    return found


def _pair_of(ledger: Ledger, order: Id) -> tuple[Region, Region, Region]:
    """An order's issuing region, host region and payer."""
    record = ledger.order_records[order]
    programme = ledger.programmes[ledger.vouchers[record.voucher].programme]
    host = ledger.lab_records[record.lab].region
    return programme.region, host, programme.payer or host


# Sub-districts


def place(office: Office, caller: Caller, content: bytes, intent_id: str) -> CatalogueTaken:
    """Let a catalogue of this region's sub-districts count from now on, all rows or none."""
    require_of_this_region(office, caller)
    parsed = sub_districts.parse(content)
    if parsed.bad:
        title = "名录有误，未采用。 The catalogue has bad rows; it was not taken."
        raise Problem(422, "BadRows", title, rows=parsed.count, bad=[each.model_dump() for each in parsed.bad])
    at = Time(int(office.clock()))
    sha256 = office.sub_districts.hand_in(parsed.places, content=content, intent_id=intent_id, at=at, by=caller.name)
    return CatalogueTaken(sha256=sha256, rows=parsed.count)


def by_sub_district(office: Office, caller: Caller, named: MonthNamed) -> SubDistrictPage:
    """A month of this region's own vouchers by sub-district."""
    with _looked_at(office, caller, "sub-districts", named) as subject, office.seen() as snapshot:
        require_of_this_region(office, caller)
        if named.home != office.region:
            raise Problem(403, "NotYours", "只能按本地区名录查询本地区所发的券。 The catalogue is of this region's own firms.")
        _require_known(snapshot, named)
        statement = Facts(snapshot).statement(*named)
        subject.span = span_of(["0x" + line.order.hex() for line in statement.lines])
        found = _divided(office, snapshot, statement)
        if found is None:
            title = "尚未导入乡镇（街道、园区）名录。 No catalogue of sub-districts was handed in."
            raise Problem(409, "CatalogueMissing", title)
        return found


def _divided(office: Office, snapshot: Snapshot, statement: Statement) -> SubDistrictPage | None:
    catalogue = office.sub_districts.latest()
    if catalogue is None:
        return None
    of_firm, of_voucher = _placed(office, snapshot, catalogue.places, statement)
    divided = divided_by(statement, lambda line: of_voucher.get(line.voucher, of_firm.get(line.firm)))
    return SubDistrictPage(
        sub_districts=[shapes.sub_district_seen(name, each) for name, each in divided.items()],
        catalogue_sha256=catalogue.sha256,
        catalogue_at=catalogue.at,
        block=office.block_seen(snapshot),
    )


def _placed(
    office: Office, snapshot: Snapshot, places: Sequence[sub_districts.Place], statement: Statement
) -> tuple[dict[Id, str], dict[Id, str]]:
    """Where firms and vouchers belong, by their ids, under whichever epoch's tags."""
    of_firm: dict[Id, str] = {}
    of_voucher: dict[Id, str] = {}
    for each in places:
        for epoch in office.keyring.party_epochs:
            firm = office.keyring.firm(each.firm, epoch=epoch)
            if not each.serial:
                of_firm[id_of(Firm(statement.home, firm))] = each.sub_district
                continue
            serial = office.keyring.serial(statement.home, each.serial, epoch=epoch)
            of_voucher |= dict.fromkeys(snapshot.vouchers_of(firm, serial), each.sub_district)
    return of_firm, of_voucher


# Who may ask, and about what


def _require_of_pair(caller: Caller, named: MonthNamed) -> None:
    """A statement is for officers of the two regions, and auditors."""
    if caller.party in OFFICERS and caller.home not in (named.home, named.host):
        raise Problem(403, "NotYours", "只能由这两个地区的经办人员查看。 For officers of these two regions only.")


def _require_known(snapshot: Snapshot, named: MonthNamed) -> None:
    if not Facts(snapshot).has_month(*named):
        raise not_found("month", closing_id(*named))


def _require_over(snapshot: Snapshot, month: int) -> None:
    current = month_of(snapshot.time)
    if month >= current:
        raise Rejected("MonthNotOver", {"month": month, "current": current})
