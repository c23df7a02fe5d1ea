"""
A lab's year (年度服务证明): what it served for which region's vouchers, signed by its own region. Pure.

Cross-region service is to count in a lab's performance, so whoever judges that gets a file that he can check by himself: its bytes follow
from the chain, and its signature (EIP-712, on a `ServedYear`) is that of an account that is the region's directory.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Self

from registry.canonical import canonical_json, json_of
from registry.codec import Domain, digest
from registry.errors import TongquanError
from registry.events import Logged
from registry.model import CHINA, Address, Digest, Fen, Id, Record, Region, Role, Time
from registry.reports.basis import Asked, Report, Uses, fen
from registry.reports.lives import Life, lives_of
from registry.rules import Ledger
from registry.signing import SIGNATURE_BYTES, signer_of

FIRST_YEAR, LAST_YEAR = 2_000, 9_998

_ID = re.compile("0x[0-9a-f]{64}")


class SignedYearRefused(TongquanError):
    """A file is no lab's year that its region signed; `reason` says why not."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"no lab's year that its region signed: {reason}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Paid:
    """Uses that were paid in the year, and what was paid for them."""

    uses: int
    offset: Fen


@dataclass(frozen=True, slots=True)
class ServedRegion:
    """
    What the lab served for one region's vouchers; `across` says that it is another region than the lab's.

    `uses` were asked for in the year and not sent back by its end; `settled` were paid in it, `refunded` came back in it.
    """

    home: Region
    across: bool
    orders: int
    uses: Uses
    settled: Paid
    refunded: Fen


@dataclass(frozen=True, slots=True)
class LabYear(Report):
    """
    One lab's year, UTC+8, by the regions that issued the vouchers. No firm is told.

    `across` sums the uses of other regions' vouchers, `total` all.
    """

    kind: ClassVar[str] = "lab year"

    lab: Id
    lab_region: Region
    lab_code: str
    year: int
    regions: tuple[ServedRegion, ...]
    across: Uses
    total: Uses

    @property
    def to_sign(self) -> "ServedYear":
        """What the lab's region signs."""
        return ServedYear(self.lab, self.year, self.hash)


@dataclass(frozen=True, slots=True)
class ServedYear(Record):
    """What a region's directory signs: that `statement` is the SHA-256 of this lab's year. No contract reads it."""

    lab: Id = field(metadata={"type": "bytes32", "name": None})
    year: int = field(metadata={"type": "uint16", "name": None})
    statement: Digest = field(metadata={"type": "bytes32", "name": None})


@dataclass(frozen=True, slots=True)
class SignedLabYear:
    """A lab's year with the signature of its region."""

    document: Mapping[str, Any]
    signature: bytes

    @classmethod
    def read(cls, content: bytes) -> Self:
        """
        A file that holds both.

        Raises:
            SignedYearRefused: it does not.
        """
        try:
            found = json_of(content)
            document, signature = found["statement"], bytes.fromhex(found["signature"].removeprefix("0x"))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as malformed:
            raise SignedYearRefused("it has no statement and signature") from malformed
        if not isinstance(document, dict) or len(signature) != SIGNATURE_BYTES:
            raise SignedYearRefused("it has no statement and signature")
        return cls(document, signature)

    @property
    def named(self) -> tuple[Id, int]:
        """
        Of which lab and year it says that it is.

        Raises:
            SignedYearRefused: it names none.
        """
        lab, year = self.document.get("lab"), self.document.get("year")
        if not isinstance(lab, str) or not _ID.fullmatch(lab) or not isinstance(year, int) or not FIRST_YEAR <= year <= LAST_YEAR:
            raise SignedYearRefused("it names no lab and year")
        return Id(bytes.fromhex(lab[2:])), year

    def content(self) -> bytes:
        """The file."""
        return canonical_json({"statement": self.document, "signature": "0x" + self.signature.hex()})

    def require_of(self, ledger: Ledger, domain: Domain, worked_out: LabYear) -> Address:
        """
        The account that signed, once everything holds.

        `worked_out` is the same lab's and year's statement as the verifier's own node has it.

        Raises:
            SignedYearRefused: the node says something else, or nobody signed who is the region's directory now.
        """
        if canonical_json(self.document) != worked_out.canonical():
            raise SignedYearRefused("the chain says something else")
        signer = signer_of(digest(worked_out.to_sign, domain), self.signature)
        account = None if signer is None else ledger.accounts[signer]
        if signer is None or account is None or (account.region, account.role) != (worked_out.lab_region, Role.DIRECTORY):
            raise SignedYearRefused("the signature is of no directory account of the lab's region")
        if not account.active:
            raise SignedYearRefused("the account that signed holds its role no more; ask the region for a new signature")
        return signer


def seconds_of_year(year: int) -> tuple[Time, Time]:
    """
    The first and the last second of a year, UTC+8.

    >>> seconds_of_year(2013)
    (1356969600, 1388505599)
    """
    first, after = (int(datetime(each, 1, 1, tzinfo=CHINA).timestamp()) for each in (year, year + 1))
    return Time(first), Time(after - 1)


def lab_year(ledger: Ledger, log: Iterable[Logged], *, chain_id: int, lab: Id, year: int) -> LabYear:
    """
    A lab's year.

    `log` holds every event of the lab's orders from the first on, in any order; others are passed over.

    Raises:
        KeyError: there is no such lab.
    """
    record, asked = ledger.lab_records[lab], Asked(chain_id, ledger.registry, *seconds_of_year(year))
    lives = [life for life in lives_of(ledger, log, until=asked.until) if life.lab == lab]
    mine = {home: [life for life in lives if life.home == home and _has_any(life, asked)] for home in sorted({life.home for life in lives})}
    used = [life for life in lives if life.is_use and asked.has(life.redeemed_at)]
    return LabYear(
        asked,
        lab=lab,
        lab_region=record.region,
        lab_code=record.code,
        year=year,
        regions=tuple(_served(home, found, record.region, asked) for home, found in mine.items() if found),
        across=Uses.of(life for life in used if life.home != record.region),
        total=Uses.of(used),
    )


def _has_any(life: Life, asked: Asked) -> bool:
    return any(asked.has(time) for time in (life.reserved_at, life.redeemed_at, life.settled_at, life.refunded_at))


def _served(home: Region, lives: list[Life], host: Region, asked: Asked) -> ServedRegion:
    settled = [life for life in lives if asked.has(life.settled_at)]
    return ServedRegion(
        home,
        across=home != host,
        orders=sum(asked.has(life.reserved_at) for life in lives),
        uses=Uses.of(life for life in lives if life.is_use and asked.has(life.redeemed_at)),
        settled=Paid(len(settled), fen(life.offset for life in settled)),
        refunded=fen(life.recover for life in lives if asked.has(life.refunded_at)),
    )
