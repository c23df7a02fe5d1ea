"""
A month's statement between two regions (月度核对), worked out from the chain by whoever reads it. Pure.

`home` issued the vouchers, `host` has the labs. A statement lists what happened in the month to orders of the one at labs of the other:
one line an event of the order, in the chain's order, with the fen that it is about. What takes money back is negative: declined,
released, rejected, reversed, refunded. An event belongs to the month of its block's time, UTC+8, whatever month its order began in: a
reversal in March of what was settled in January is a line of March, and January stays as it was closed.

    lines_of    the lines of all months, which `statement_of` cuts and `registry.breaks` holds against payments
    statement_of   one month, with its sums
    netting     what the two directions of a pair come to
    divided     one month by whatever a region sorts its firms by
    differing   where another's statement of the same month says something else, by order

A statement's canonical form is JSON: keys sorted, no spaces, UTF-8; money is a decimal string of fen, ids are 0x and hexadecimal digits.
Its hash is the SHA-256 of those bytes: what both regions name with `closeMonth`, and what `sha256sum` tells of the file.

Warning: a statement is of one VoucherRegistry. Where a successor ran in the same month, each has a statement of its own.
"""

import calendar
import hashlib
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from registry import events
from registry.canonical import canonical_json, json_of
from registry.codec import consumed, id_of
from registry.errors import TongquanError
from registry.events import Event, Logged
from registry.model import CHINA, Address, Digest, Fen, Firm, Id, Paid, Region, Stage, Time
from registry.rules import Ledger, month_of

FORMAT = "tongquan month statement 1"
"""What a statement says it is; another number, other rules."""

MOVES_MONEY = frozenset({"Settled", "Refunded"})
"""The events of an order that a bank account knows of."""

K = TypeVar("K", bound=Hashable)

MONTHS = 12


class StatementMalformed(TongquanError):
    """What was given is no statement of this month and pair in its canonical form; `reason` says why not."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"no statement of this month: {reason}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Line:
    """
    One event of an order. `amount` is negative where it takes money back; `payer` is whose bank pays or paid.

    `netted` says that the programme names no payer: the host region pays, and the home region owes it (通用通兑). `stands` is how many
    fen the order stands for afterwards, at its `stage`. `payment` is the hash of the payment's reference, of a settlement only.
    """

    position: str
    time: Time
    transaction: Digest
    event: str
    order: Id
    voucher: Id
    programme: Id
    code: str
    firm: Id
    lab: Id
    paid_to: Paid
    payer: Region
    netted: bool
    amount: int
    stage: Stage
    stands: int
    payment: Digest | None = None


@dataclass(frozen=True, slots=True)
class Sum:
    """How many, and how much together."""

    count: int
    total: int


@dataclass(frozen=True, slots=True)
class PayerTotal:
    """
    What one region's payer did in the month: `settled`, and as negative sums `reversed` (debts declared) and `refunded` (money back).

    `paid` is settled with refunded: what left the bank. `owed` is how much of it the home region owes this one.
    """

    payer: Region
    settled: int
    reversed: int
    refunded: int
    owed: int

    @property
    def paid(self) -> int:
        """What left the bank, less what came back."""
        return self.settled + self.refunded


@dataclass(frozen=True, slots=True)
class Statement:
    """
    One month of one direction of a pair.

    `events` sums the lines by event, `stages` tells where all orders of the pair stood when the month ended: held where nothing is asked
    for yet, the subsidy from `Redeemed` on, the debt while `Reversed`, what was kept once `Refunded`, nothing once `Released`.
    """

    chain_id: int
    registry: Address
    home: Region
    host: Region
    month: int
    lines: tuple[Line, ...]
    events: Mapping[str, Sum]
    stages: Mapping[Stage, Sum]
    payers: tuple[PayerTotal, ...]

    def document(self) -> dict[str, Any]:
        """The statement as JSON has it."""
        begins, ends = seconds_of_month(self.month)
        return {
            "format": FORMAT,
            "chain_id": self.chain_id,
            "registry": self.registry.lower(),
            "home": self.home,
            "host": self.host,
            "month": self.month,
            "from": begins,
            "until": ends,
            "lines": [_line(each) for each in self.lines],
            "events": [{"event": name, "count": each.count, "total": str(each.total)} for name, each in sorted(self.events.items())],
            "stages": [{"stage": stage.name, "count": each.count, "total": str(each.total)} for stage, each in sorted(self.stages.items())],
            "payers": [_payer(each) for each in self.payers],
        }

    def canonical(self) -> bytes:
        """The bytes that are hashed: the same for the same chain, whoever works them out."""
        return canonical_json(self.document())

    @property
    def hash(self) -> Digest:
        """What a region names with `closeMonth`."""
        return Digest(hashlib.sha256(self.canonical()).digest())


@dataclass(frozen=True, slots=True)
class Netting:
    """
    What a pair's two directions come to.

    `first_owes` is what the first region owes the second for its own vouchers, negative where more came back than was paid. `debtor`
    pays `amount` to `creditor`; both are None where nothing is left.
    """

    first: Region
    second: Region
    first_owes: int
    second_owes: int

    @property
    def amount(self) -> int:
        """How much is left to be paid."""
        return abs(self.first_owes - self.second_owes)

    @property
    def debtor(self) -> Region | None:
        """Who pays it."""
        if not self.amount:
            return None
        return self.first if self.first_owes > self.second_owes else self.second

    @property
    def creditor(self) -> Region | None:
        """Who gets it."""
        if self.debtor is None:
            return None
        return self.second if self.debtor == self.first else self.first


@dataclass(frozen=True, slots=True)
class Division:
    """A part of a statement: how many orders its lines are of, and their sums by event."""

    orders: int
    events: Mapping[str, Sum]


@dataclass(frozen=True, slots=True)
class Differing:
    """An order of which two statements tell different lines: those that stand in one of them only."""

    order: str
    ours: tuple[Mapping[str, Any], ...]
    theirs: tuple[Mapping[str, Any], ...]


def seconds_of_month(month: int) -> tuple[Time, Time]:
    """
    The first and the last second of a month, UTC+8.

    >>> seconds_of_month(201312)
    (1385827200, 1388505599)

    Raises:
        ValueError: it is no month.
    """
    year, number = divmod(month, 100)
    days = calendar.monthrange(year, number)[1]
    first = int(datetime(year, number, 1, tzinfo=CHINA).timestamp())
    return Time(first), Time(first + days * 86_400 - 1)


def following_month(month: int) -> int:
    """
    The month after.

    >>> following_month(201312), following_month(201401)
    (201401, 201402)
    """
    return month + 89 if month % 100 == MONTHS else month + 1


def statement_of(ledger: Ledger, log: Iterable[Logged], *, chain_id: int, home: Region, host: Region, month: int) -> Statement:
    """
    A month's statement.

    `log` holds every event of the pair's orders from the first on, in the chain's order; others are passed over. Of `ledger` only records
    are read, which never change, so that it may be of any later block.
    """
    _, ends = seconds_of_month(month)
    until = [line for line in lines_of(ledger, log, home=home, host=host) if line.time <= ends]
    lines = tuple(line for line in until if month_of(line.time) == month)
    standing = {line.order: line for line in until}
    return Statement(
        chain_id,
        ledger.registry,
        home,
        host,
        month,
        lines,
        events=_sums((line.event, line.amount) for line in lines),
        stages=_sums((line.stage, line.stands) for line in standing.values()),
        payers=tuple(_payer_total(payer, lines) for payer in sorted({line.payer for line in lines})),
    )


def lines_of(ledger: Ledger, log: Iterable[Logged], *, home: Region, host: Region) -> list[Line]:
    """Every line of a pair's orders, of all months; `ledger` and `log` as for `statement_of`."""
    lives: dict[Id, _Life] = {}
    found = []
    for logged in log:
        order: Id | None = getattr(logged.event, "order", None)
        if order is None or order not in ledger.order_records:
            continue
        if order not in lives:
            lives[order] = _Life(ledger, order)
        life = lives[order]
        if (life.home, life.host) != (home, host):
            continue
        amount = life.take(logged.event)
        if amount is not None:
            found.append(life.line(logged, amount))
    return found


def netting(one: Statement, other: Statement) -> Netting:
    """
    What the two directions of a pair come to in a month.

    Raises:
        ValueError: they are not the two directions of one pair and month.
    """
    if (one.home, one.host, one.month) != (other.host, other.home, other.month):
        raise ValueError("these are not the two directions of one pair and month")
    first, second = (one, other) if one.home < other.home else (other, one)
    return Netting(first.home, second.home, sum(each.owed for each in first.payers), sum(each.owed for each in second.payers))


def divided(statement: Statement, place: Callable[[Line], str | None]) -> dict[str | None, Division]:
    """A statement's lines by where each belongs, names in order, what belongs nowhere last; their sums are the statement's."""
    parts: dict[str | None, list[Line]] = {}
    for line in statement.lines:
        parts.setdefault(place(line), []).append(line)
    names = sorted(parts, key=lambda name: (name is None, name or ""))
    return {
        name: Division(len({line.order for line in parts[name]}), _sums((line.event, line.amount) for line in parts[name]))
        for name in names
    }


def differing(ours: Mapping[str, Any], theirs: bytes) -> list[Differing]:
    """
    Where another's statement of the same pair and month says something else, by order; empty where both are the same.

    `ours` is a statement's document.

    Raises:
        StatementMalformed: it is no statement, or one of another pair, month or chain.
    """
    other = _read(theirs)
    for name in ("format", "chain_id", "registry", "home", "host", "month"):
        if other.get(name) != ours[name]:
            raise StatementMalformed(f"{name} is {other.get(name)!r}, not {ours[name]!r}")
    ours_by_order, theirs_by_order = _by_order(ours["lines"]), _by_order(other["lines"])
    found = []
    for order in sorted(ours_by_order.keys() | theirs_by_order.keys()):
        here, there = ours_by_order.get(order, []), theirs_by_order.get(order, [])
        only_here = tuple(each for each in here if each not in there)
        only_there = tuple(each for each in there if each not in here)
        if only_here or only_there:
            found.append(Differing(order, only_here, only_there))
    if not found and other != ours:
        raise StatementMalformed("its lines are the same, and its sums are not theirs")
    return found


class _Life:
    """One order's records, and what it holds and is owed as its events go by."""

    def __init__(self, ledger: Ledger, order: Id) -> None:
        self._record = ledger.order_records[order]
        self._voucher = ledger.vouchers[self._record.voucher]
        programme = ledger.programmes[self._voucher.programme]
        self.home = programme.region
        self.host = ledger.lab_records[self._record.lab].region
        self._order = order
        self._code = programme.code
        self._firm = id_of(Firm(programme.region, self._voucher.firm))
        self._paid_to = programme.paid_home if self.home == self.host else programme.paid_across
        self._payer = programme.payer or self.host
        self._netted = not programme.payer
        self._stage = Stage.NONE
        self._held = int(self._record.amount)
        self._subsidy = 0
        self._recover = 0

    def take(self, event: Event) -> int | None:
        """Go on by an event, and say how many fen it is about; None where it moves none."""
        match event:
            case events.Reserved(_, _, stage):
                return self._now(stage, self._held)
            case events.Approved():
                return self._now(Stage.OPEN, self._held)
            case events.Declined() | events.Released():
                return self._now(Stage.RELEASED, -self._held)
            case events.Redeemed(_, record):
                self._subsidy = int(record.subsidy)
                return self._now(Stage.REDEEMED, self._subsidy)
            case events.Endorsed():
                return self._now(Stage.ENDORSED, self._subsidy)
            case events.Accepted():
                # What the order held beyond whole notes is available again, or lapsed.
                self._held = consumed(Fen(self._subsidy), self._voucher.denomination)
                return self._now(Stage.ACCEPTED, self._subsidy)
            case events.Rejected():
                return self._now(Stage.OPEN, -self._subsidy)
            case events.Settled():
                return self._now(Stage.SETTLED, self._subsidy)
            case events.Reversed(_, recover):
                self._recover = int(recover)
                return self._now(Stage.REVERSED, -self._recover)
            case events.Refunded():
                return self._now(Stage.REFUNDED, -self._recover)
            case _:
                return None

    def _now(self, stage: Stage, amount: int) -> int:
        self._stage = stage
        return amount

    def line(self, logged: Logged, amount: int) -> Line:
        """The line of the event that was just taken."""
        return Line(
            position=f"{logged.position.block:012x}{logged.position.log:06x}",
            time=logged.time,
            transaction=logged.transaction_hash,
            event=type(logged.event).__name__,
            order=self._order,
            voucher=self._record.voucher,
            programme=self._voucher.programme,
            code=self._code,
            firm=self._firm,
            lab=self._record.lab,
            paid_to=self._paid_to,
            payer=self._payer,
            netted=self._netted,
            amount=amount,
            stage=self._stage,
            stands=self._stands(),
            payment=logged.event.payment if isinstance(logged.event, events.Settled) else None,
        )

    def _stands(self) -> int:
        match self._stage:
            case Stage.REQUESTED | Stage.OPEN:
                return self._held
            case Stage.REVERSED:
                return self._recover
            case Stage.REFUNDED:
                return self._subsidy - self._recover
            case Stage.RELEASED:
                return 0
            case _:
                return self._subsidy


def _sums(of: Iterable[tuple[K, int]]) -> dict[K, Sum]:
    found: dict[K, Sum] = {}
    for key, amount in of:
        so_far = found.get(key, Sum(0, 0))
        found[key] = Sum(so_far.count + 1, so_far.total + amount)
    return found


def _payer_total(payer: Region, lines: Iterable[Line]) -> PayerTotal:
    mine = [line for line in lines if line.payer == payer]
    settled, reversed_, refunded = (
        sum(line.amount for line in mine if line.event == kind.__name__) for kind in (events.Settled, events.Reversed, events.Refunded)
    )
    owed = sum(line.amount for line in mine if line.netted and line.event in MOVES_MONEY)
    return PayerTotal(payer, settled, reversed_, refunded, owed)


def _line(line: Line) -> dict[str, Any]:
    return {
        "position": line.position,
        "time": line.time,
        "transaction": _hex(line.transaction),
        "event": line.event,
        "order_id": _hex(line.order),
        "voucher_id": _hex(line.voucher),
        "programme_id": _hex(line.programme),
        "programme": line.code,
        "firm": _hex(line.firm),
        "lab": _hex(line.lab),
        "paid_to": line.paid_to.name,
        "payer": line.payer,
        "netted": line.netted,
        "amount": str(line.amount),
        "stage": line.stage.name,
        "payment": None if line.payment is None else _hex(line.payment),
    }


def _payer(total: PayerTotal) -> dict[str, Any]:
    return {
        "payer": total.payer,
        "settled": str(total.settled),
        "reversed": str(total.reversed),
        "refunded": str(total.refunded),
        "paid": str(total.paid),
        "owed": str(total.owed),
    }


def _read(document: bytes) -> dict[str, Any]:
    try:
        found = json_of(document)
    except (ValueError, RecursionError) as malformed:
        raise StatementMalformed("it is no JSON") from malformed
    if not isinstance(found, dict) or not isinstance(found.get("lines"), list):
        raise StatementMalformed("it has no lines")
    if not all(isinstance(each, dict) and isinstance(each.get("order_id"), str) for each in found["lines"]):
        raise StatementMalformed("a line names no order")
    return found


def _by_order(lines: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        found.setdefault(line["order_id"], []).append(line)
    return found


def _hex(value: bytes) -> str:
    return "0x" + value.hex()
