"""
Reports: worked out anew from the chain each time they are asked for, for the offices that they are about, and auditors.

A supervisor (监督) is an auditor: he sees all of them, of every region, and changes nothing.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from gateway.callers import OF_LABS, OFFICERS, Caller
from gateway.errors import Problem
from gateway.looked_up import Subject, logged
from gateway.office import Office
from gateway.schemas import (
    AgeingAsked,
    BankFileAsked,
    ConcentrationAsked,
    LabYearAsked,
    LabYearNamed,
    PricesAsked,
    ProgrammeAsked,
    ServiceTypesTaken,
    YearSigned,
)
from gateway.sight import lab_asked, may_see_programme, not_found, require_of_this_region
from registry import (
    AgeingThresholds,
    BurstThresholds,
    CapThresholds,
    CatalogueRefused,
    Id,
    LabYear,
    Period,
    PriceThresholds,
    Region,
    Report,
    Reporting,
    ServiceTypes,
    ShareThresholds,
    SignedLabYear,
    Snapshot,
    Time,
    bank_file_csv,
    report_workbook,
)

WorkOut = Callable[[Office, Caller, Snapshot, Any], Report]
"""Refuses whoever may not see a report, and works it out."""


def told(office: Office, caller: Caller, asked: Any, work_out: WorkOut) -> dict[str, Any]:
    """A report with its hash, as of a block."""
    with _reported(office, caller, asked, work_out) as (snapshot, report):
        return Reporting(snapshot).told(report) | {"block": office.block_seen(snapshot)}


def document(office: Office, caller: Caller, asked: Any, work_out: WorkOut) -> bytes:
    """A report's canonical form, the bytes whose SHA-256 is its hash."""
    with _reported(office, caller, asked, work_out) as (_, report):
        return report.canonical()


def excel(office: Office, caller: Caller, asked: Any, work_out: WorkOut) -> bytes:
    """A report as a workbook."""
    with _reported(office, caller, asked, work_out) as (snapshot, report):
        told = Reporting(snapshot).told(report)
    return report_workbook(told)


def csv(office: Office, caller: Caller, asked: BankFileAsked) -> bytes:
    """What a payer's bank is to pay, as a CSV."""
    with _reported(office, caller, asked, bank_file) as (_, report):
        return bank_file_csv(report.document())


@contextmanager
def _reported(office: Office, caller: Caller, asked: Any, work_out: WorkOut) -> Iterator[tuple[Snapshot, Report]]:
    """A report shows many orders at once: one row of the log says who looked, and at which."""
    region = getattr(asked, "region", getattr(asked, "payer", None))
    with logged(office.lookups, office.clock, caller, "report", region=region) as subject, office.seen() as snapshot:
        report = work_out(office, caller, snapshot, asked)
        _note(subject, caller, report)
        yield snapshot, report


def _note(subject: Subject, caller: Caller, report: Report) -> None:
    subject.span = f"{report.kind} 0x{report.hash.hex()}"
    subject.own = caller.party in OF_LABS


# Which, and for whom


def programme(_office: Office, caller: Caller, snapshot: Snapshot, asked: ProgrammeAsked) -> Report:
    """A programme, for the offices that may see it and auditors."""
    programme_id = Id(asked.programme)
    if programme_id not in snapshot.ledger.programmes or not may_see_programme(caller, snapshot.ledger, programme_id):
        raise not_found("programme", programme_id)
    return Reporting(snapshot).programme(programme_id, _period(asked))


def ageing(_office: Office, caller: Caller, snapshot: Snapshot, asked: AgeingAsked) -> Report:
    """How long orders wait, for the offices of the region that issued the vouchers and auditors."""
    region = _region(caller, snapshot, asked.region)
    days = {name: getattr(asked, name) for name in AgeingThresholds.__dataclass_fields__}
    return Reporting(snapshot).ageing(region, _period(asked), AgeingThresholds(**days))


def bank_file(_office: Office, caller: Caller, snapshot: Snapshot, asked: BankFileAsked) -> Report:
    """What waits for a payer, for the offices of his region and auditors."""
    return Reporting(snapshot).bank_file(_region(caller, snapshot, asked.payer))


def concentration(_office: Office, caller: Caller, snapshot: Snapshot, asked: ConcentrationAsked) -> Report:
    """Where money gathers, for the offices of the region that issued the vouchers and auditors."""
    shares = ShareThresholds(asked.share_percent, asked.listed)
    bursts = BurstThresholds(asked.days, asked.burst_percent, asked.least_orders)
    region = _region(caller, snapshot, asked.region)
    return Reporting(snapshot).concentration(region, _period(asked), shares, CapThresholds(asked.within_percent), bursts)


def prices(office: Office, caller: Caller, snapshot: Snapshot, asked: PricesAsked) -> Report:
    """Price outliers, for the offices of the region that issued the vouchers and auditors."""
    region, period = _region(caller, snapshot, asked.region), _period(asked)
    catalogue = office.service_types.find(asked.catalogue)
    if catalogue is None:
        title = "本平台没有这份服务类型名录，请先导入。 This gateway has no such catalogue of service types; hand it in first."
        raise Problem(409, "CatalogueMissing", title, sha256=asked.catalogue)
    return Reporting(snapshot).prices(region, period, catalogue, PriceThresholds(asked.spread_percent, asked.least_uses))


def lab_year(_office: Office, caller: Caller, snapshot: Snapshot, asked: LabYearAsked) -> LabYear:
    """A lab's year, for the lab, the offices of its region and auditors."""
    lab = lab_asked(caller, asked.lab)
    if lab is None:
        raise Problem(422, "LabMissing", "请指明服务机构。 Name the lab.")
    records = snapshot.ledger.lab_records
    if lab not in records or (caller.party in OFFICERS and caller.home != records[lab].region):
        raise not_found("lab", lab)
    return Reporting(snapshot).lab_year(lab, asked.year)


def _region(caller: Caller, snapshot: Snapshot, asked: int) -> Region:
    """The region that is asked about, for its own officers and auditors."""
    if caller.party in OFFICERS and caller.home != asked:
        raise Problem(403, "NotYours", "只能查看本地区的报表。 For officers of that region only.")
    region = Region(asked)
    if region not in snapshot.ledger.regions:
        raise not_found("region", asked.to_bytes(3))
    return region


def _period(asked: ProgrammeAsked | AgeingAsked | ConcentrationAsked | PricesAsked) -> Period:
    return Period(Time(asked.since), None if asked.until is None else Time(asked.until))


# A lab's year, signed


def sign(office: Office, caller: Caller, asked: LabYearNamed) -> YearSigned:
    """Put the region's signature under a lab's year that is over, and keep it for the lab."""
    require_of_this_region(office, caller)
    with office.current() as snapshot:
        year = lab_year(office, caller, snapshot, LabYearAsked(lab=asked.lab, year=asked.year))
        if snapshot.time <= year.asked.until:
            title = "该年度尚未结束。 The year is not over."
            raise Problem(409, "YearNotOver", title, year=asked.year)
    signature = office.signed_by(caller, year.to_sign)
    office.signed_years.keep(year, signature, at=Time(int(office.clock())), by=caller.name)
    return YearSigned(lab=year.lab, year=year.year, hash=year.hash, signer=office.client(caller).address, signature=signature)


def signed_year(office: Office, caller: Caller, asked: LabYearAsked) -> bytes:
    """The file of a lab's year that its region signed here."""
    with _reported(office, caller, asked, lab_year) as (_, report):
        signature = office.signed_years.signature(report) if isinstance(report, LabYear) else None
    if signature is None:
        raise not_found("signature", report.hash)
    return SignedLabYear(report.document(), signature).content()


# Service types


def place(office: Office, caller: Caller, content: bytes, intent_id: str) -> ServiceTypesTaken:
    """Let a catalogue of service types count from now on."""
    require_of_this_region(office, caller)
    try:
        catalogue = ServiceTypes.read(content)
    except CatalogueRefused as refused:
        title = "不是服务类型名录，未采用。 This is no catalogue of service types; it was not taken."
        raise Problem(422, "CatalogueRefused", title, line=refused.line, reason=refused.reason) from refused
    office.service_types.hand_in(catalogue, content=content, intent_id=intent_id, at=Time(int(office.clock())), by=caller.name)
    return ServiceTypesTaken(sha256=catalogue.sha256, rows=len(catalogue.types))
