"""
Where a region's money gathers (集中度): labs and firms by their share, amounts just at a cap, bursts before vouchers end. Pure.

A lens shows where to look. It accuses nobody: a region with one good lab has it on top of the list for ever.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar

from registry.events import Logged
from registry.model import UNLIMITED, Fen, Id, Region, Time
from registry.reports.basis import Asked, Parameter, Report, fen, heading, parameters_of
from registry.reports.lives import Life, lives_of
from registry.rules import Ledger, total

DAY_SECONDS = 86_400
ALL_BPS = 10_000
PERCENT = 100


@dataclass(frozen=True, slots=True)
class ShareThresholds:
    """From which per cent of all offset on a lab or firm is marked, and how many are listed, the largest first."""

    share_percent: int = 10
    listed: int = 20


@dataclass(frozen=True, slots=True)
class CapThresholds:
    """Within which per cent below the most that one order can get an offset counts as at the cap."""

    within_percent: int = 1


@dataclass(frozen=True, slots=True)
class BurstThresholds:
    """How many days before use-by, and from which per cent of a lab's orders on, of how many at least, are a burst."""

    days: int = 30
    burst_percent: int = 50
    least_orders: int = 5


@dataclass(frozen=True, slots=True)
class Share:
    """A lab's or firm's uses, and their offset with its share of all in ten-thousandths, rounded down."""

    subject: Id
    uses: int
    offset: Fen
    share_bps: int
    marked: bool


@dataclass(frozen=True, slots=True)
class AtCap:
    """A use whose offset is just at the most that one order can get: by the rule, or by the voucher's face."""

    order_id: Id
    firm: Id
    lab: Id
    offset: Fen
    cap: Fen


@dataclass(frozen=True, slots=True)
class Burst:
    """A lab of whose orders many were reserved shortly before their vouchers' use-by. `amount` is what those were for."""

    lab: Id
    orders: int
    before_end: int
    amount: Fen


@dataclass(frozen=True, slots=True)
class Shares:
    """Labs or firms by their share of the offset of all uses."""

    heading: str
    parameters: tuple[Parameter, ...]
    subjects: int
    largest: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class AtCaps:
    """Uses just at a cap, largest offset first."""

    heading: str
    parameters: tuple[Parameter, ...]
    at_cap: tuple[AtCap, ...]


@dataclass(frozen=True, slots=True)
class Bursts:
    """Labs with a burst of orders before vouchers end."""

    heading: str
    parameters: tuple[Parameter, ...]
    labs: tuple[Burst, ...]


@dataclass(frozen=True, slots=True)
class ConcentrationReport(Report):
    """The lenses on all uses of vouchers that one region issued, whose money was asked for in the period."""

    kind: ClassVar[str] = "concentration"

    region: Region
    uses: int
    offset: Fen
    labs: Shares
    firms: Shares
    caps: AtCaps
    bursts: Bursts


def concentration_report(
    ledger: Ledger,
    log: Iterable[Logged],
    *,
    chain_id: int,
    region: Region,
    since: Time,
    until: Time,
    shares: ShareThresholds = ShareThresholds(),
    caps: CapThresholds = CapThresholds(),
    bursts: BurstThresholds = BurstThresholds(),
) -> ConcentrationReport:
    """
    The lenses on one region's vouchers.

    `log` holds every event of the orders from the first on, in any order; others are passed over.
    """
    asked = Asked(chain_id, ledger.registry, since, until)
    lives = [life for life in lives_of(ledger, log, until=until) if life.home == region]
    uses = [life for life in lives if life.is_use and asked.has(life.redeemed_at)]
    return ConcentrationReport(
        asked,
        region=region,
        uses=len(uses),
        offset=fen(life.offset for life in uses),
        labs=_shares("服务机构占比", "Labs by share of the offset", uses, lambda life: life.lab, shares),
        firms=_shares("企业占比", "Firms by share of the offset", uses, lambda life: life.firm, shares),
        caps=_at_caps(uses, caps),
        bursts=_bursts([life for life in lives if asked.has(life.reserved_at)], bursts),
    )


def _shares(zh: str, en: str, uses: list[Life], subject: Callable[[Life], Id], thresholds: ShareThresholds) -> Shares:
    parameters, whole = parameters_of(thresholds), sum(life.offset for life in uses)
    of: dict[Id, list[Life]] = {}
    for life in uses:
        of.setdefault(subject(life), []).append(life)
    sums = sorted(
        ((fen(life.offset for life in lives), each, len(lives)) for each, lives in of.items()), key=lambda each: (-each[0], each[1])
    )
    largest = tuple(
        Share(each, count, offset, offset * ALL_BPS // whole, marked=offset * PERCENT >= whole * thresholds.share_percent)
        for offset, each, count in sums[: thresholds.listed]
    )
    return Shares(heading(zh, en, parameters), parameters, len(of), largest)


def _at_caps(uses: Iterable[Life], thresholds: CapThresholds) -> AtCaps:
    parameters = parameters_of(thresholds)
    capped = [(life, _cap(life)) for life in uses]
    found = [(life, cap) for life, cap in capped if life.offset * PERCENT >= cap * (PERCENT - thresholds.within_percent)]
    found.sort(key=lambda each: (-each[0].offset, each[0].order))
    told = tuple(AtCap(life.order, life.firm, life.lab, life.offset, cap) for life, cap in found)
    return AtCaps(heading("恰在上限", "Offsets just at a cap", parameters), parameters, told)


def _cap(life: Life) -> Fen:
    """The most that one order on a fresh voucher and agreement can get: the face, or what the rule gives where that ends before."""
    last = life.programme.slices[-1].up_to
    return life.voucher.face if last == UNLIMITED else Fen(min(life.voucher.face, total(life.programme.slices, last) // ALL_BPS))


def _bursts(orders: Iterable[Life], thresholds: BurstThresholds) -> Bursts:
    parameters = parameters_of(thresholds)
    of: dict[Id, list[Life]] = {}
    for life in orders:
        of.setdefault(life.lab, []).append(life)
    found = []
    for lab, lives in sorted(of.items()):
        late = [life for life in lives if life.voucher.use_by - life.reserved_at <= thresholds.days * DAY_SECONDS]
        if len(late) >= thresholds.least_orders and len(late) * PERCENT >= len(lives) * thresholds.burst_percent:
            found.append(Burst(lab, len(lives), len(late), fen(life.ordered for life in late)))
    return Bursts(heading("到期前集中下单", "Bursts of orders before vouchers end", parameters), parameters, tuple(found))
