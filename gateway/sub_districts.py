"""
Which sub-district (乡镇、街道、园区) a region's firms, or single vouchers of theirs, belong to: a catalogue of the region's own.

The chain does not carry it. The catalogue that was handed in last counts; the earlier ones stay. It holds company codes, is the gateway's
own, and is backed up with the outbox.

    企业代码 firm   券号 serial (may be empty)   乡镇街道园区 sub_district

A line with a serial is about that voucher alone, whatever the firm's own line says.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway import sheets
from gateway.schemas import BadRow
from gateway.sheets import Limits
from gateway.voucher_list import FIRM_HEADINGS, SERIAL_HEADINGS
from registry import PrivateStore, TagError, Time, company_code, free_code

LIMITS = Limits(bytes=5_000_000, unpacked_bytes=10_000_000, lines=20_000, rows=10_000)
MOST_CHARACTERS = 200

_COLUMNS: Mapping[str, Sequence[str]] = {
    "firm": FIRM_HEADINGS,
    "serial": SERIAL_HEADINGS,
    "sub_district": ("乡镇街道园区", "乡镇（街道、园区）", "sub_district"),
}
_SCHEMA = """
CREATE TABLE IF NOT EXISTS catalogues (
    number INTEGER PRIMARY KEY,
    intent TEXT    NOT NULL UNIQUE,
    at     INTEGER NOT NULL,
    by     TEXT    NOT NULL,
    sha256 TEXT    NOT NULL,
    rows   TEXT    NOT NULL
) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Place:
    """That a firm, or one voucher of it, belongs to a sub-district. `firm` is a canonical code, `serial` one too, or empty."""

    firm: str
    serial: str
    sub_district: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The catalogue that counts: its file's SHA-256, when it came, and what it says."""

    sha256: str
    at: Time
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Parsed:
    """The good rows and the bad ones; `count` is how many there were."""

    places: list[Place]
    bad: list[BadRow]
    count: int


def parse(content: bytes) -> Parsed:
    """
    Read a catalogue, Excel or CSV. Faults of single rows are answered, not raised.

    Raises:
        Problem: the file as a whole cannot be read, has not these columns, or has too many rows.
    """
    sheet = sheets.read(content, LIMITS, bare=True)
    at = sheets.columns(sheet.header, _COLUMNS, optional={"serial"})
    places: list[Place] = []
    bad: list[BadRow] = []
    first_line: dict[tuple[str, str], int] = {}
    for each in sheet.body:
        line, told = each.number, {name: each.at(column) for name, column in at.items()}
        fault = next((cell.text_fault for cell in told.values() if cell.text_fault is not None), None)
        if fault is not None:
            bad.append(BadRow(line=line, code=fault, message=sheets.FAULTS[fault]))
            continue
        text = {name: cell.text.strip() for name, cell in told.items()}
        if not text["firm"] or not text["sub_district"]:
            bad.append(BadRow(line=line, code="CellEmpty", message="企业代码或乡镇街道园区为空。 Firm or sub-district is empty."))
            continue
        if len(text["sub_district"]) > MOST_CHARACTERS:
            bad.append(BadRow(line=line, code="TextTooLong", message="名称过长。 The name is too long."))
            continue
        try:
            serial = free_code("serial number", text["serial"]) if text["serial"] else ""
            place = Place(company_code(text["firm"]), serial, text["sub_district"])
        except TagError as refused:
            bad.append(BadRow(line=line, code="CodeRefused", message=str(refused)))
            continue
        if (place.firm, place.serial) in first_line:
            first = first_line[place.firm, place.serial]
            bad.append(BadRow(line=line, code="PlaceRepeated", message=f"与第 {first} 行重复。 The same as line {first}."))
            continue
        first_line[place.firm, place.serial] = line
        places.append(place)
    return Parsed(places, bad, len(sheet.body))


class SubDistricts(PrivateStore):
    """The catalogues that one gateway was given. May be shared by threads."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, _SCHEMA)

    def hand_in(self, places: list[Place], *, content: bytes, intent_id: str, at: Time, by: str) -> str:
        """Let this catalogue count from now on, once for one intent, and return its SHA-256."""
        told = json.dumps([[each.firm, each.serial, each.sub_district] for each in places], ensure_ascii=False)
        sha256 = hashlib.sha256(content).hexdigest()
        values = (intent_id, at, by, sha256, told)
        with self._guard:
            # COMMIT POINT. A crash before it leaves the catalogue that counted; one after it, this one.
            self._connection.execute("INSERT INTO catalogues VALUES (NULL, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", values)
        return sha256

    def latest(self) -> Catalogue | None:
        """The catalogue that counts; None where none was handed in."""
        with self._guard:
            found = self._connection.execute("SELECT sha256, at, rows FROM catalogues ORDER BY number DESC LIMIT 1").fetchone()
        if found is None:
            return None
        sha256, at, rows = found
        return Catalogue(sha256, Time(at), tuple(Place(*row) for row in json.loads(rows)))
