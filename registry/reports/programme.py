"""What a programme (券种) came to: firms, uses and money, by month and by stage (绩效统计)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from registry.events import Issued, Logged
from registry.model import Fen, Id, Region, Stage, Time
from registry.reports.basis import Asked, Report, Uses, fen
from registry.reports.lives import Life, in_order, lives_of
from registry.rules import Ledger, month_of


@dataclass(frozen=True, slots=True)
class IssuedVouchers:
    """Vouchers that were issued: how many, to how many firms, and their face together."""

    vouchers: int
    firms: int
    face: Fen


@dataclass(frozen=True, slots=True)
class Ordered:
    """Orders that were reserved: how many, of how many firms, and the most that was signed for."""

    orders: int
    firms: int
    amount: Fen


@dataclass(frozen=True, slots=True)
class MonthOfProgramme:
    """
    One month, UTC+8. `redeemed` are the uses whose money was asked for in it, `settled` those that were paid in it.

    A use that was sent back and asked for again belongs to the month in which it was asked for last.
    """

    month: int
    issued: IssuedVouchers
    ordered: Ordered
    redeemed: Uses
    settled: Uses


@dataclass(frozen=True, slots=True)
class StageOfProgramme:
    """The orders of the period that stood at one stage when it ended. Released orders have used nothing."""

    stage: Stage
    orders: int
    ordered: Fen
    cost: Fen
    offset: Fen
    face: Fen


@dataclass(frozen=True, slots=True)
class ProgrammeReport(Report):
    """
    One programme from `since` to `until`.

    `redeemed` are the uses (使用): orders whose money was asked for in the period and not sent back since. `settled` are those that were
    paid in it, whatever came back later; `recovered` is what did come back in it. `stages` are of the orders reserved or used in it.
    """

    kind: ClassVar[str] = "programme"

    region: Region
    programme_id: Id
    programme: str
    issued: IssuedVouchers
    ordered: Ordered
    redeemed: Uses
    settled: Uses
    recovered: Fen
    stages: tuple[StageOfProgramme, ...]
    months: tuple[MonthOfProgramme, ...]


def programme_report(ledger: Ledger, log: Iterable[Logged], *, chain_id: int, programme: Id, since: Time, until: Time) -> ProgrammeReport:
    """
    What a programme came to.

    `log` holds every event of the programme's vouchers and orders from the first on, in any order; others are passed over.

    Raises:
        KeyError: there is no such programme.
    """
    record = ledger.programmes[programme]
    asked = Asked(chain_id, ledger.registry, since, until)
    log = list(log)
    lives = [life for life in lives_of(ledger, log, until=until) if life.programme_id == programme]
    issued = [
        (logged.event, logged.time)
        for logged in in_order(log, until=until)
        if isinstance(logged.event, Issued) and ledger.vouchers[logged.event.voucher].programme == programme and asked.has(logged.time)
    ]
    months = sorted(
        {month_of(time) for _, time in issued}
        | {month_of(time) for life in lives for time in (life.reserved_at, _redeemed(life), life.settled_at) if time and asked.has(time)}
    )
    counted = [life for life in lives if asked.has(life.reserved_at) or asked.has(_redeemed(life))]
    return ProgrammeReport(
        asked,
        region=record.region,
        programme_id=programme,
        programme=record.code,
        issued=_issued(ledger, [event for event, _ in issued]),
        ordered=_ordered(life for life in lives if asked.has(life.reserved_at)),
        redeemed=Uses.of(life for life in lives if asked.has(_redeemed(life))),
        settled=Uses.of(life for life in lives if asked.has(life.settled_at)),
        recovered=fen(life.recover for life in lives if asked.has(life.refunded_at)),
        stages=tuple(_stage(stage, counted) for stage in sorted({life.stage for life in counted})),
        months=tuple(
            MonthOfProgramme(
                month,
                _issued(ledger, [event for event, time in issued if month_of(time) == month]),
                _ordered(life for life in lives if _within(asked, life.reserved_at, month)),
                Uses.of(life for life in lives if _within(asked, _redeemed(life), month)),
                Uses.of(life for life in lives if _within(asked, life.settled_at, month)),
            )
            for month in months
        ),
    )


def _redeemed(life: Life) -> Time | None:
    return life.redeemed_at if life.is_use else None


def _within(asked: Asked, time: Time | None, month: int) -> bool:
    return time is not None and asked.has(time) and month_of(time) == month


def _issued(ledger: Ledger, found: list[Issued]) -> IssuedVouchers:
    return IssuedVouchers(len(found), len({each.firm for each in found}), fen(ledger.vouchers[each.voucher].face for each in found))


def _ordered(lives: Iterable[Life]) -> Ordered:
    found = list(lives)
    return Ordered(len(found), len({life.firm for life in found}), fen(life.ordered for life in found))


def _stage(stage: Stage, lives: Iterable[Life]) -> StageOfProgramme:
    found = [life for life in lives if life.stage == stage]
    return StageOfProgramme(
        stage,
        orders=len(found),
        ordered=fen(life.ordered for life in found),
        cost=fen(life.cost for life in found),
        offset=fen(life.offset for life in found),
        face=fen(life.consumed for life in found),
    )
