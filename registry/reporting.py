"""
Reports of a snapshot: which events each is worked out from, and under what names it is told.

A gateway and an auditor's command line ask here alike, so that both come to the same bytes. Without `until` a report is as of the
newest block; it is `final` once the chain is past `until`, so that nothing can be added.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from registry.errors import Rejected
from registry.events import Logged
from registry.index import Snapshot
from registry.model import Id, Region, Standing, Time
from registry.reports import (
    AgeingReport,
    AgeingThresholds,
    BankFile,
    BurstThresholds,
    CapThresholds,
    ConcentrationReport,
    LabYear,
    PriceReport,
    PriceThresholds,
    ProgrammeReport,
    Report,
    ServiceTypes,
    ShareThresholds,
    ageing_report,
    bank_file,
    concentration_report,
    lab_year,
    price_report,
    programme_report,
)


@dataclass(frozen=True, slots=True)
class Period:
    """
    From which second to which; to the newest block where `until` is later, or none.

    Raises:
        Rejected: it ends before it begins (`PeriodReversed`).
    """

    since: Time = Time(0)
    until: Time | None = None

    def __post_init__(self) -> None:
        if self.until is not None and self.since > self.until:
            raise Rejected("PeriodReversed", {"from": self.since, "until": self.until})


class Reporting:
    """
    One snapshot's reports.

    Raises, whatever is asked of a thing that is not on the chain:
        LookupError: nobody has that id.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._ledger = snapshot.ledger

    def programme(self, programme: Id, period: Period) -> ProgrammeReport:
        """What a programme came to."""
        if programme not in self._ledger.programmes:
            raise LookupError("there is no such programme")
        since, until, log = period.since, self._until(period), self._of_programmes([programme])
        return programme_report(self._ledger, log, chain_id=self._chain, programme=programme, since=since, until=until)

    def ageing(self, region: Region, period: Period, thresholds: AgeingThresholds) -> AgeingReport:
        """How long the orders for a region's vouchers waited."""
        since, until, log = period.since, self._until(period), self._of_region(region)
        return ageing_report(self._ledger, log, chain_id=self._chain, region=region, since=since, until=until, thresholds=thresholds)

    def concentration(
        self, region: Region, period: Period, shares: ShareThresholds, caps: CapThresholds, bursts: BurstThresholds
    ) -> ConcentrationReport:
        """Where a region's money gathers."""
        return concentration_report(
            self._ledger,
            self._of_region(region),
            chain_id=self._chain,
            region=region,
            since=period.since,
            until=self._until(period),
            shares=shares,
            caps=caps,
            bursts=bursts,
        )

    def prices(self, region: Region, period: Period, catalogue: ServiceTypes, thresholds: PriceThresholds) -> PriceReport:
        """Price outliers among a region's uses."""
        return price_report(
            self._ledger,
            self._of_region(region),
            chain_id=self._chain,
            region=region,
            since=period.since,
            until=self._until(period),
            catalogue=catalogue,
            thresholds=thresholds,
        )

    def bank_file(self, payer: Region) -> BankFile:
        """What waits for a region's payer as of the newest block, never of an earlier one: what was flagged since must not be paid."""
        self._require_member(payer)
        programmes = [each for each, record in self._ledger.programmes.items() if record.payer in (payer, 0)]
        frozen = [lab for lab, state in self._ledger.labs.items() if state.standing == Standing.FROZEN]
        stopped = dict.fromkeys([*(subject for (subject, _), _ in self._ledger.flagged_by.items()), *frozen])
        log = [*self._of_programmes(programmes), *(entry.logged for each in stopped for entry in self._snapshot.history_of(each))]
        return bank_file(self._ledger, log, chain_id=self._chain, payer=payer, until=self._snapshot.time)

    def lab_year(self, lab: Id, year: int) -> LabYear:
        """A lab's year."""
        if lab not in self._ledger.lab_records:
            raise LookupError("there is no such lab")
        log = [entry.logged for entry in self._snapshot.history_of_lab_orders(lab)]
        return lab_year(self._ledger, log, chain_id=self._chain, lab=lab, year=year)

    def told(self, report: Report) -> dict[str, Any]:
        """A report with its hash, and whether anything can still be added."""
        return {"hash": "0x" + report.hash.hex(), "final": report.asked.until < self._snapshot.time, "report": report.document()}

    @property
    def _chain(self) -> int:
        return self._snapshot.chain_id

    def _until(self, period: Period) -> Time:
        """Never later than the newest block: else every order would have waited until then."""
        return self._snapshot.time if period.until is None else min(period.until, self._snapshot.time)

    def _of_region(self, region: Region) -> list[Logged]:
        self._require_member(region)
        return self._of_programmes([each for each, record in self._ledger.programmes.items() if record.region == region])

    def _of_programmes(self, programmes: Sequence[Id]) -> list[Logged]:
        return [entry.logged for entry in self._snapshot.history_of_programmes(programmes)]

    def _require_member(self, region: Region) -> None:
        if region not in self._ledger.regions:
            raise LookupError("there is no such region")
