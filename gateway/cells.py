"""The cells of one line of a list, read by their columns' names. Pure. What cannot be taken is refused with its heading and the reason."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway import sheets
from gateway.sheets import Line
from registry import CHINA, CodeRefused, Fen, Time, company_code, fen_of

MOST_CHARACTERS = 200

_DAY = 86_400
_FIRST_YEAR = 2000
_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Refused(Exception):
    """What is wrong with a cell."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Cells:
    """One line; `places` says where each column stands, `headings` what it is called."""

    line: Line
    places: Mapping[str, int | None]
    headings: Mapping[str, Sequence[str]]

    def is_filled(self, column: str) -> bool:
        """Whether something stands there, readable or not."""
        cell = self.line.at(self.places[column])
        return bool(cell.text.strip() or cell.fault)

    def text(self, column: str, *, date: bool = False) -> str:
        """A text that can be printed, and is no number or formula of Excel's."""
        cell, heading = self.line.at(self.places[column]), self.headings[column][0]
        fault = cell.fault if date else cell.text_fault
        if fault is not None:
            raise Refused(fault, f"{heading}：{sheets.FAULTS[fault]}")
        text = cell.text.strip()
        if not text:
            raise Refused("CellEmpty", f"{heading}为空。 {column} is empty.")
        if len(text) > MOST_CHARACTERS or not text.isprintable():
            raise Refused("CellUnfit", f"{heading}过长或含不可见字符。 {column} is too long, or holds what cannot be printed.")
        return text

    def company(self, column: str) -> str:
        """A company code in its canonical form."""
        try:
            return company_code(self.text(column))
        except CodeRefused as refused:
            raise Refused("CodeRefused", f"{self.headings[column][0]}：{refused}") from refused

    def money(self, column: str) -> Fen:
        """An amount in yuan; it may be zero."""
        amount = fen_of(self.text(column))
        if amount is None:
            message = f"{self.headings[column][0]}以元为单位，最多两位小数，无千分位、无符号。"
            raise Refused("AmountMalformed", f"{message} {column} is in yuan, at most two decimals, no sign, no commas.")
        return amount

    def first_second(self, column: str) -> Time:
        """The first second of a day in China."""
        text = self.text(column, date=True)
        try:
            day = datetime.fromisoformat(text) if _DATE.fullmatch(text) else None
        except ValueError:
            day = None
        if day is None or day.year < _FIRST_YEAR:
            message = f"{self.headings[column][0]}应为日期，如 2027-12-31。 {column} is no date such as 2027-12-31."
            raise Refused("DateRefused", message)
        return Time(int(day.replace(tzinfo=CHINA).timestamp()))

    def last_second(self, column: str) -> Time:
        """The last second of a day in China."""
        return Time(self.first_second(column) + _DAY - 1)
