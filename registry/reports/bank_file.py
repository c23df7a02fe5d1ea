"""
What a payer's bank is to pay (兑付批次): the accepted orders that wait for one region's payer. Pure.

Orders of a flagged firm or lab, and of a frozen lab, are left out and listed apart. The contracts would settle them, since a payment that
was already made must be recordable; so it is here that no new payment begins.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar
from unicodedata import normalize

from registry.china import china_time
from registry.events import Flagged, FlagLifted, FlagSeconded, Logged, StandingSet
from registry.model import Fen, Id, Paid, Region, Stage, Standing, Time
from registry.money import yuan_cell
from registry.reports.basis import Asked, Report, fen
from registry.reports.lives import Life, in_order, lives_of
from registry.rules import Ledger
from registry.rules.directory import UNTIL_LIFTED

HEADER = ("订单编号", "券种", "发券地", "兑付申请方", "收款方编号", "机构编码", "金额（元）", "审核通过时间")
_FORMULA_BEGINNINGS = ("=", "+", "-", "@")


class LeftOut(StrEnum):
    """Why an order is not to be paid now."""

    FIRM_FLAGGED = "FirmFlagged"
    LAB_FLAGGED = "LabFlagged"
    LAB_FROZEN = "LabFrozen"


@dataclass(frozen=True, slots=True)
class ToBePaid:
    """
    One order to be paid. `payee` is the firm's or lab's id; of a lab, whose host unit is paid, its region's code for it is told as well.
    """

    order_id: Id
    programme: str
    home: Region
    paid_to: Paid
    payee: Id
    lab_code: str | None
    amount: Fen
    accepted: Time


@dataclass(frozen=True, slots=True)
class NotToBePaid:
    """An order that is left out, and every reason why."""

    order: ToBePaid
    reasons: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True)
class BankFile(Report):
    """All that waits for one region's payer at `until`. `total` is of `orders` alone."""

    kind: ClassVar[str] = "bank file"

    payer: Region
    count: int
    total: Fen
    orders: tuple[ToBePaid, ...]
    left_out_total: Fen
    left_out: tuple[NotToBePaid, ...]


def bank_file(ledger: Ledger, log: Iterable[Logged], *, chain_id: int, payer: Region, until: Time) -> BankFile:
    """
    What waits for a region's payer.

    `log` holds every event of the orders, and every flag on and standing of their firms and labs, from the first on, in any order; others
    are passed over.
    """
    log = list(log)
    lives = [life for life in lives_of(ledger, log, until=until) if life.payer == payer and life.stage == Stage.ACCEPTED]
    stopped = _Stopped(in_order(log, until=until), until)
    told = [(_to_be_paid(ledger, life), stopped.reasons(life)) for life in sorted(lives, key=lambda life: life.order)]
    orders = tuple(order for order, reasons in told if not reasons)
    left_out = tuple(NotToBePaid(order, reasons) for order, reasons in told if reasons)
    return BankFile(
        Asked(chain_id, ledger.registry, Time(0), until),
        payer=payer,
        count=len(orders),
        total=fen(each.amount for each in orders),
        orders=orders,
        left_out_total=fen(each.order.amount for each in left_out),
        left_out=left_out,
    )


def bank_file_csv(document: Mapping[str, Any]) -> bytes:
    """
    What is to be paid as a CSV (UTF-8 with its mark, so that Excel reads it): one line an order, amounts in yuan, ids as text.

    `document` is a bank file's. What is left out is not in it.
    """
    text = io.StringIO(newline="")
    lines = csv.writer(text)
    lines.writerow(HEADER)
    for each in document["orders"]:
        lines.writerow([as_text(shown) for shown in row_of(each)])
    return text.getvalue().encode("utf-8-sig")


def row_of(order: Mapping[str, Any]) -> tuple[str, ...]:
    """An order as a bank's list has it, under `HEADER`."""
    return (
        order["order_id"],
        order["programme"],
        str(order["home"]),
        "企业" if order["paid_to"] == Paid.FIRM.name else "服务机构",
        order["payee"],
        order["lab_code"] or "",
        yuan_cell(int(order["amount"])),
        china_time(order["accepted"]),
    )


class _Stopped:
    """Who is flagged or frozen at a time, by the events up to it."""

    def __init__(self, log: Iterable[Logged], at: Time) -> None:
        self._at = at
        self._flagged_until: dict[Id, Time] = {}
        self._standing: dict[Id, Standing] = {}
        for logged in log:
            match logged.event:
                case Flagged(subject, _, _, until):
                    self._flagged_until[subject] = until
                case FlagSeconded(subject):
                    self._flagged_until[subject] = UNTIL_LIFTED
                case FlagLifted(subject):
                    self._flagged_until.pop(subject, None)
                case StandingSet(lab, standing):
                    self._standing[lab] = standing

    def reasons(self, life: Life) -> tuple[LeftOut, ...]:
        """Why an order is not to be paid: none, or several."""
        stopped = {
            LeftOut.FIRM_FLAGGED: self._is_flagged(life.firm),
            LeftOut.LAB_FLAGGED: self._is_flagged(life.lab),
            LeftOut.LAB_FROZEN: self._standing.get(life.lab) == Standing.FROZEN,
        }
        return tuple(reason for reason, stands in stopped.items() if stands)

    def _is_flagged(self, subject: Id) -> bool:
        return self._flagged_until.get(subject, -1) >= self._at


def _to_be_paid(ledger: Ledger, life: Life) -> ToBePaid:
    to_lab = life.paid_to is Paid.LAB
    return ToBePaid(
        life.order,
        programme=life.programme.code,
        home=life.home,
        paid_to=life.paid_to,
        payee=life.lab if to_lab else life.firm,
        lab_code=ledger.lab_records[life.lab].code if to_lab else None,
        amount=life.offset,
        accepted=life.since,
    )


def as_text(shown: str) -> str:
    """A cell that no program takes for a formula: behind blanks, or in the full-width letters of a Chinese keyboard, it is one too."""
    return f"'{shown}" if normalize("NFKC", shown).lstrip().startswith(_FORMULA_BEGINNINGS) else shown
