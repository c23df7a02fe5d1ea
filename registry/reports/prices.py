"""
Price outliers by service type (价格异常): there is no accepted reference price, so each service type is its own reference. Pure.

The chain does not carry service types. A catalogue does: a CSV (UTF-8) that says of which type an order, an item or a lab is, by its id.
A report names it by its SHA-256, so that whoever has the same file comes to the same bytes.

    编号 subject          服务类型 service_type
    0x6b1f…               成分检测

What is nearest counts: an order's own line, else its item's, else its lab's. An order of no type is told apart, and compared with nothing.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar, Self

from registry.errors import TongquanError
from registry.events import Logged
from registry.model import NO_ID, Fen, Id, Region, Time
from registry.reports.basis import Asked, Parameter, Report, heading, nearest_rank, parameters_of
from registry.reports.lives import Life, lives_of
from registry.rules import Ledger

MOST_ROWS = 100_000
MOST_CHARACTERS = 200
PERCENT = 100

_SUBJECT = frozenset({"subject", "编号"})
_TYPE = frozenset({"service_type", "服务类型"})
_ID = re.compile("0x[0-9a-fA-F]{64}")


class CatalogueRefused(TongquanError):
    """A file is no catalogue of service types: `line` is where (0: as a whole), `reason` why."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"no catalogue of service types: line {line}, {reason}" if line else f"no catalogue of service types: {reason}")
        self.line = line
        self.reason = reason


@dataclass(frozen=True, slots=True)
class ServiceTypes:
    """Which service type orders, items and labs are of, and the SHA-256 of the file that says so."""

    sha256: str
    types: Mapping[Id, str]

    @classmethod
    def read(cls, content: bytes) -> Self:
        """
        A catalogue from its file.

        Raises:
            CatalogueRefused: it is no CSV in UTF-8 with these two columns, or a line has no id or no type, or an id stands twice.
        """
        try:
            rows = list(islice(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True), MOST_ROWS + 1))
        except (UnicodeDecodeError, csv.Error) as malformed:
            raise CatalogueRefused(0, "it is no CSV in UTF-8") from malformed
        header = [cell.strip() for cell in rows[0]] if rows else []
        subjects, types = ([place for place, word in enumerate(header) if word in words] for words in (_SUBJECT, _TYPE))
        if len(header) != 2 or len(subjects) != 1 or len(types) != 1:  # noqa: PLR2004 - the two columns
            raise CatalogueRefused(1, "the columns are subject and service_type")
        if len(rows) > MOST_ROWS:
            raise CatalogueRefused(0, f"it has more than {MOST_ROWS} lines")
        found: dict[Id, str] = {}
        for line, row in enumerate(rows[1:], start=2):
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(header):
                raise CatalogueRefused(line, "it has not two cells")
            subject, service_type = _id_in(line, row[subjects[0]].strip()), row[types[0]].strip()
            if not 0 < len(service_type) <= MOST_CHARACTERS:
                raise CatalogueRefused(line, "the service type is empty or too long")
            if subject in found:
                raise CatalogueRefused(line, "the id stands twice")
            found[subject] = service_type
        return cls(hashlib.sha256(content).hexdigest(), found)

    def of(self, life: Life) -> str | None:
        """An order's service type; None where the catalogue does not say."""
        nearest = (life.order, life.record.item, life.lab)
        return next((self.types[each] for each in nearest if each != NO_ID and each in self.types), None)


@dataclass(frozen=True, slots=True)
class PriceThresholds:
    """How many per cent of the middle half's width beyond it a cost is an outlier, and from how many uses on a type is judged at all."""

    spread_percent: int = 150
    least_uses: int = 5


@dataclass(frozen=True, slots=True)
class Outlier:
    """A use whose cost is outside its type's range: `high` or low."""

    order_id: Id
    lab: Id
    cost: Fen
    high: bool


@dataclass(frozen=True, slots=True)
class ServiceType:
    """
    The costs of one service type: its quartiles by nearest rank, and the range beyond which a cost is an outlier.

    With too few uses nothing is `judged`. `service_type` is null for what the catalogue does not place, which is never judged.
    """

    service_type: str | None
    uses: int
    judged: bool
    lower_quartile: Fen
    median_cost: Fen
    upper_quartile: Fen
    lowest: Fen
    highest: Fen
    outliers: tuple[Outlier, ...]


@dataclass(frozen=True, slots=True)
class PriceReport(Report):
    """The costs of all uses of vouchers that one region issued, whose money was asked for in the period, by service type."""

    kind: ClassVar[str] = "price"

    region: Region
    catalogue_sha256: str
    heading: str
    parameters: tuple[Parameter, ...]
    service_types: tuple[ServiceType, ...]


def price_report(
    ledger: Ledger,
    log: Iterable[Logged],
    *,
    chain_id: int,
    region: Region,
    since: Time,
    until: Time,
    catalogue: ServiceTypes,
    thresholds: PriceThresholds = PriceThresholds(),
) -> PriceReport:
    """
    Price outliers among a region's uses.

    `log` holds every event of the orders from the first on, in any order; others are passed over.
    """
    asked, parameters = Asked(chain_id, ledger.registry, since, until), parameters_of(thresholds)
    of: dict[str | None, list[Life]] = {}
    for life in lives_of(ledger, log, until=until):
        if life.home == region and life.is_use and asked.has(life.redeemed_at):
            of.setdefault(catalogue.of(life), []).append(life)
    names = sorted(of, key=lambda name: (name is None, name or ""))
    return PriceReport(
        asked,
        region=region,
        catalogue_sha256=catalogue.sha256,
        heading=heading("价格异常", "Costs outside their type's range", parameters),
        parameters=parameters,
        service_types=tuple(_service_type(name, of[name], thresholds) for name in names),
    )


def _service_type(name: str | None, lives: list[Life], thresholds: PriceThresholds) -> ServiceType:
    costs = sorted(life.cost for life in lives)
    lower, median, upper = (Fen(nearest_rank(costs, percent)) for percent in (25, 50, 75))
    spread = (upper - lower) * thresholds.spread_percent // PERCENT
    lowest, highest = Fen(max(0, lower - spread)), Fen(upper + spread)
    judged = name is not None and len(lives) >= thresholds.least_uses
    outside = [life for life in lives if judged and not lowest <= life.cost <= highest]
    outside.sort(key=lambda life: (-life.cost, life.order))
    told = tuple(Outlier(life.order, life.lab, life.cost, high=life.cost > highest) for life in outside)
    return ServiceType(name, len(lives), judged, lower, median, upper, lowest, highest, told)


def _id_in(line: int, text: str) -> Id:
    if not _ID.fullmatch(text):
        raise CatalogueRefused(line, "the id is 0x and 64 hexadecimal digits")
    return Id(bytes.fromhex(text[2:]))
