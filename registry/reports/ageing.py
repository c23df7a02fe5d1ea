"""How long orders wait for approval, service, reviews and payment, and which wait too long (时效)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from registry.events import Logged
from registry.model import Fen, Id, Region, Stage, Time
from registry.reports.basis import Asked, Parameter, Report, heading, nearest_rank, parameters_of
from registry.reports.lives import Life, Wait, Waited, lives_of
from registry.rules import Ledger

DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class AgeingThresholds:
    """After how many days each wait is too long."""

    approval_days: int = 10
    service_days: int = 90
    first_review_days: int = 15
    review_days: int = 15
    payment_days: int = 30
    refund_days: int = 30

    def seconds(self, wait: Wait) -> int:
        """After how many seconds a wait is too long."""
        days: int = getattr(self, f"{wait.lower()}_days")
        return days * DAY_SECONDS


@dataclass(frozen=True, slots=True)
class LateOrder:
    """An order that has waited too long, since when and for how many seconds."""

    order_id: Id
    programme: str
    stage: Stage
    attempt: int
    amount: Fen
    since: Time
    seconds: int


@dataclass(frozen=True, slots=True)
class Ageing:
    """
    One kind of wait, at one region that is to act; for `SERVICE` the region of the lab.

    `ended` waits ended in the period; of these `median`, `ninth_tenth` (the nearest rank of 90 %) and `longest` are seconds, null where
    there is none. `standing` ones go on at `until`, the longest for `standing_longest`; `late` are those among them over the threshold.
    """

    wait: Wait
    region: Region
    ended: int
    ended_late: int
    median: int | None
    ninth_tenth: int | None
    longest: int | None
    standing: int
    standing_longest: int | None
    late: tuple[LateOrder, ...]


@dataclass(frozen=True, slots=True)
class AgeingReport(Report):
    """The waits of all orders for vouchers that one region issued."""

    kind: ClassVar[str] = "ageing"

    region: Region
    heading: str
    parameters: tuple[Parameter, ...]
    waits: tuple[Ageing, ...]


def ageing_report(
    ledger: Ledger,
    log: Iterable[Logged],
    *,
    chain_id: int,
    region: Region,
    since: Time,
    until: Time,
    thresholds: AgeingThresholds = AgeingThresholds(),
) -> AgeingReport:
    """
    How long the orders for a region's vouchers waited.

    `log` holds every event of the orders from the first on, in any order; others are passed over.
    """
    asked, parameters = Asked(chain_id, ledger.registry, since, until), parameters_of(thresholds)
    lives = [life for life in lives_of(ledger, log, until=until) if life.home == region]
    ended: dict[tuple[Wait, Region], list[Waited]] = {}
    standing: dict[tuple[Wait, Region], list[Life]] = {}
    for life in lives:
        for waited in life.waited:
            if asked.has(waited.until):
                ended.setdefault((waited.wait, waited.region), []).append(waited)
        if life.waits_for is not None:
            standing.setdefault(life.waits_for, []).append(life)
    keys = sorted(ended.keys() | standing.keys(), key=lambda key: (list(Wait).index(key[0]), key[1]))
    return AgeingReport(
        asked,
        region=region,
        heading=heading("各环节时效", "How long each step takes, in days", parameters),
        parameters=parameters,
        waits=tuple(_ageing(key, ended.get(key, []), standing.get(key, []), until, thresholds) for key in keys),
    )


def _ageing(
    key: tuple[Wait, Region], ended: Iterable[Waited], standing: Iterable[Life], until: Time, thresholds: AgeingThresholds
) -> Ageing:
    wait, region = key
    most = thresholds.seconds(wait)
    took = sorted(each.until - each.since for each in ended)
    waiting = sorted(((until - life.since, life) for life in standing), key=lambda each: (-each[0], each[1].order))
    return Ageing(
        wait,
        region,
        ended=len(took),
        ended_late=sum(each > most for each in took),
        median=nearest_rank(took, 50) if took else None,
        ninth_tenth=nearest_rank(took, 90) if took else None,
        longest=took[-1] if took else None,
        standing=len(waiting),
        standing_longest=waiting[0][0] if waiting else None,
        late=tuple(_late(life, seconds) for seconds, life in waiting if seconds > most),
    )


def _late(life: Life, seconds: int) -> LateOrder:
    return LateOrder(life.order, life.programme.code, life.stage, life.attempt, life.offset or life.ordered, life.since, seconds)
