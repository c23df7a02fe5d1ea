"""
Reading the list of an older ledger (存量台账) that a programme carries over: Excel (.xlsx) or CSV, three kinds of rows. Pure.

    券 VOUCHER   a voucher as the ledger has it: what was used of it, by number; what is left is issued
    在途 CLAIM   a service done and handed in, not yet paid, on a voucher of the list: the notes that it needs, lab, contract, invoice
    已付 PAID    an invoice that was paid on: nobody is paid on it again beyond its amount

Every bad row is told by its line, and nothing is guessed. A ledger's figures are as of the end of its last day (切换日).

What is not here: what only the registry knows (whether a firm is enrolled, a lab admitted), and the totals' comparison.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from enum import StrEnum
from itertools import pairwise
from typing import TypeVar

from gateway import sheets
from gateway.cells import MOST_CHARACTERS, Cells, Refused
from gateway.schemas import BadRow
from gateway.sheets import Limits
from registry import (
    CHINA,
    UNLIMITED,
    EpochMissing,
    Fen,
    Id,
    Keyring,
    OpeningTotals,
    ProgrammeFile,
    Recipient,
    Tag,
    TagError,
    Terms,
    Time,
    consumed,
    subsidy_quote,
    yuan,
)

LIMITS = Limits(bytes=5_000_000, unpacked_bytes=40_000_000, lines=20_000, rows=5_000)
_COLUMNS: Mapping[str, Sequence[str]] = {
    "kind": ("类别", "kind"),
    "firm": ("企业代码", "firm"),
    "serial": ("券号", "serial"),
    "issued": ("发放日期", "issued"),
    "face": ("面额（元）", "face"),
    "used": ("已用额（元）", "used"),
    "notes": ("张号", "notes"),
    "use_by": ("使用截止日", "use_by"),
    "claim_by": ("兑付截止日", "claim_by"),
    "lab": ("服务机构编号", "lab"),
    "item": ("服务条目", "item"),
    "project": ("项目", "project"),
    "seller": ("开票单位代码", "seller"),
    "contract": ("合同编号", "contract"),
    "invoice_code": ("发票代码", "invoice_code"),
    "invoice": ("发票号码", "invoice"),
    "invoice_amount": ("发票金额（元）", "invoice_amount"),
    "cost": ("服务费用（元）", "cost"),
    "subsidy": ("补贴额（元）", "subsidy"),
}
_NEEDED = frozenset({"kind", "firm", "serial", "issued", "face", "used", "use_by", "claim_by"})
_LAB = re.compile("0x[0-9a-fA-F]{64}")
_BETWEEN = re.compile(r"[,，、;；\s]+")
_SPAN = re.compile("([1-9][0-9]{0,5})(?:[-–—~]([1-9][0-9]{0,5}))?")

Numbers = tuple[range, ...]
"""Numbers of notes as they are printed, in rising spans."""


class Kind(StrEnum):
    """What a row is."""

    VOUCHER = "VOUCHER"
    CLAIM = "CLAIM"
    PAID = "PAID"


_KINDS = {"券": Kind.VOUCHER, "在途": Kind.CLAIM, "已付": Kind.PAID, **{each.value: each for each in Kind}}
_MAY_FILL: Mapping[Kind, frozenset[str]] = {
    Kind.VOUCHER: frozenset({"kind", "firm", "serial", "issued", "face", "used", "notes", "use_by", "claim_by"}),
    Kind.CLAIM: frozenset(_COLUMNS) - {"issued", "face", "used", "use_by"},
    Kind.PAID: frozenset({"kind", "invoice_code", "invoice", "invoice_amount", "cost", "subsidy"}),
}


@dataclass(frozen=True, slots=True)
class Invoiced:
    """An invoice and its tag."""

    number: str
    code: str | None
    tag: Tag
    amount: Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class OnLedger:
    """A voucher of the ledger. `free` are the numbers of the notes that are left, in whose order the chain counts them."""

    line: int
    firm: str
    serial: str
    recipient: Recipient
    issued: Time
    face: Fen
    used: Fen
    used_notes: Numbers
    use_by: Time
    claim_by: Time
    ended: bool
    in_flight: Fen = Fen(0)
    free: Numbers = ()

    @property
    def left(self) -> Fen:
        """What was neither used nor is in flight."""
        return Fen(self.face - self.used - self.in_flight)

    @property
    def remaining(self) -> Fen:
        """What is issued: what is left of a voucher that was good beyond the ledger's last day."""
        return Fen(0) if self.ended else self.left

    @property
    def lapsed(self) -> Fen:
        """What is left of one that was not."""
        return self.left if self.ended else Fen(0)

    def terms(self, programme: Id, denomination: Fen) -> Terms:
        """What it is issued as, if something remains."""
        return Terms(programme, self.remaining, denomination, self.use_by, self.claim_by)


@dataclass(frozen=True, slots=True, kw_only=True)
class InFlight:
    """A claim in flight: a voucher of its own of exactly the notes that it needs, and the facts of its order and redemption."""

    line: int
    firm: str
    serial: str
    recipient: Recipient
    of: Tag
    face: Fen
    notes: Numbers
    claim_by: Time
    lab: Id
    item: str | None
    project: str
    seller: str
    contract: str
    agreement: Tag
    invoice: Invoiced
    cost: Fen
    subsidy: Fen

    def terms(self, programme: Id, denomination: Fen) -> Terms:
        """What it is issued as. Its service is done, so its own last day counts: the use-by of its voucher may be past."""
        return Terms(programme, self.face, denomination, self.claim_by, self.claim_by)


@dataclass(frozen=True, slots=True)
class Paid:
    """An invoice on which the ledger paid `subsidy` for `cost`."""

    line: int
    invoice: Invoiced
    cost: Fen
    subsidy: Fen


@dataclass(frozen=True, slots=True)
class Parsed:
    """The good rows and the bad ones; `count` is how many there were, `whose` each line is: firm and serial as they stand there."""

    vouchers: list[OnLedger] = field(default_factory=list)
    claims: list[InFlight] = field(default_factory=list)
    paid: list[Paid] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)
    count: int = 0
    whose: Mapping[int, tuple[str, str]] = field(default_factory=dict)

    @property
    def to_issue(self) -> "list[OnLedger | InFlight]":
        """The rows of which something comes onto the chain, always in the same order."""
        return [*(each for each in self.vouchers if each.remaining), *self.claims]

    @property
    def totals(self) -> OpeningTotals:
        """What the good rows come to."""
        return OpeningTotals(
            vouchers=len(self.vouchers),
            face=Fen(sum(each.face for each in self.vouchers)),
            used=Fen(sum(each.used for each in self.vouchers)),
            in_flight=Fen(sum(each.in_flight for each in self.vouchers)),
            lapsed=Fen(sum(each.lapsed for each in self.vouchers)),
            remaining=Fen(sum(each.remaining for each in self.vouchers)),
            claims=len(self.claims),
            claimed=Fen(sum(each.subsidy for each in self.claims)),
            paid_invoices=len(self.paid),
            paid=Fen(sum(each.subsidy for each in self.paid)),
        )


def parse(content: bytes, file: ProgrammeFile, *, keyring: Keyring, epoch: int) -> Parsed:
    """
    Read a list by the programme's file that carries it over. Faults of single rows are answered, not raised.

    Raises:
        Problem: the file as a whole cannot be read, has not these columns, or has too many rows.
        EpochMissing: an invoice is of a year whose key is not held.
    """
    sheet = sheets.read(content, LIMITS)
    places = sheets.columns(sheet.header, _COLUMNS, optional=_COLUMNS.keys() - _NEEDED)
    reader = _Reader(file, keyring, epoch)
    for line in sheet.body:
        reader.take(_Row(line, places, _COLUMNS))
    return reader.joined(len(sheet.body))


R = TypeVar("R", InFlight, Paid)


class _Row(Cells):
    """One row."""

    def kind(self) -> Kind:
        text = self.text("kind")
        if text not in _KINDS:
            raise Refused("KindUnknown", "类别为“券”“在途”或“已付”。 The kind is VOUCHER, CLAIM or PAID.")
        kind = _KINDS[text]
        for column in _COLUMNS.keys() - _MAY_FILL[kind]:
            if self.is_filled(column):
                raise Refused("CellNotAsked", f"“{text}”行不填{self.headings[column][0]}。 A row of this kind leaves {column} empty.")
        return kind

    def whose(self) -> tuple[str, str]:
        firm, serial = (self.line.at(self.places[column]).text.strip() for column in ("firm", "serial"))
        return firm, serial

    def notes(self) -> Numbers:
        if not self.is_filled("notes"):
            return ()
        spans = [_SPAN.fullmatch(each) for each in _BETWEEN.split(self.text("notes")) if each]
        numbers = sorted((range(int(each[1]), int(each[2] or each[1]) + 1) for each in spans if each), key=lambda span: span.start)
        rising = all(one.stop <= other.start for one, other in pairwise(numbers))
        if None in spans or not all(numbers) or not rising:
            message = "张号形如 1-3,5，不重复。 Numbers of notes are written 1-3,5, each once."
            raise Refused("NotesMalformed", message)
        return tuple(numbers)

    def lab(self) -> Id:
        text = self.text("lab")
        if not _LAB.fullmatch(text):
            raise Refused("LabMalformed", "服务机构编号为 0x 加 64 位十六进制数字。 A lab's id is 0x and 64 hexadecimal digits.")
        return Id(bytes.fromhex(text[2:]))


class _Reader:
    """Takes row after row, and joins claims with their vouchers and invoices when all are there."""

    def __init__(self, file: ProgrammeFile, keyring: Keyring, epoch: int) -> None:
        if file.opening is None:
            raise ValueError("the programme carries no ledger over")
        self._file, self._keyring, self._epoch = file, keyring, epoch
        self._last_second = int(datetime.combine(file.opening.cut_over, time(23, 59, 59), CHINA).timestamp())
        self._vouchers: dict[Tag, OnLedger] = {}
        self._claims: list[InFlight] = []
        self._paid: list[Paid] = []
        self._first_line: dict[InFlight | Paid, int] = {}
        self._bad: list[BadRow] = []
        self._whose: dict[int, tuple[str, str]] = {}

    def take(self, row: _Row) -> None:
        self._whose[row.line.number] = row.whose()
        try:
            self._take(row, row.kind())
        except Refused as refused:
            self._refuse(row.line.number, refused)
        except EpochMissing:
            raise
        except TagError as refused:
            self._refuse(row.line.number, Refused("CodeRefused", str(refused)))

    def _take(self, row: _Row, kind: Kind) -> None:
        if kind is Kind.PAID:
            self._paid.append(self._only(self._paid_on(row)))
        elif kind is Kind.CLAIM:
            self._claims.append(self._only(self._claim(row)))
        else:
            voucher = self._voucher(row)
            first = self._vouchers.setdefault(voucher.recipient.serial, voucher)
            if first is not voucher:
                raise Refused("SerialRepeated", f"券号与第 {first.line} 行重复。 Line {first.line} has the same serial.")

    def _only(self, row: R) -> R:
        """A row that says what none before it says: a second one would count the same claim or payment twice."""
        first = self._first_line.setdefault(replace(row, line=0), row.line)
        if first != row.line:
            message = f"与第 {first} 行完全相同；确有两笔相同付款的，合并为一行。"
            raise Refused("RowRepeated", f"{message} The same as line {first}; payments that are alike are added up in one row.")
        return row

    def joined(self, count: int) -> Parsed:
        """Every claim on its voucher, and every invoice within its amount."""
        of_voucher: dict[Tag, list[InFlight]] = defaultdict(list)
        for each in self._judged(self._claims, self._require_voucher):
            of_voucher[each.of].append(each)
        vouchers, claims = [], []
        for serial, voucher in self._vouchers.items():
            joined, own = self._joined(voucher, of_voucher[serial])
            vouchers.append(joined)
            claims += own
        claims.sort(key=lambda each: each.line)
        self._invoices(claims)
        return Parsed(vouchers, claims, self._paid, sorted(self._bad, key=lambda each: each.line), count, self._whose)

    # Rows

    def _voucher(self, row: _Row) -> OnLedger:
        firm, serial = row.company("firm"), row.text("serial")
        face, used, notes = row.money("face"), row.money("used"), row.notes()
        if not face or face % self._denomination:
            raise Refused("FaceRefused", "面额须为每张面额的整数倍。 The face is no multiple of the denomination.")
        if used > face:
            raise Refused("OverFace", "已用额超过面额。 More was used than the face.")
        self._require_printed(notes, face)
        if not self._are_worth(notes, used):
            message = "已用额与已用张号不符（不分张的券不填张号）。 What was used is not what those notes are worth."
            raise Refused("UsedDiffers", f"{message} Divisible money has no numbers.")
        issued, use_by, claim_by = row.first_second("issued"), row.last_second("use_by"), row.last_second("claim_by")
        if issued > self._last_second:
            raise Refused("AfterCutOver", "发放日期晚于切换日。 It was issued after the ledger's last day.")
        if not issued < use_by <= claim_by:
            raise Refused(
                "DatesRefused",
                "发放日期须早于使用截止日，使用截止日不得晚于兑付截止日。 Issued, then use-by, then claim-by, is the order of the dates.",
            )
        return OnLedger(
            line=row.line.number,
            firm=firm,
            serial=serial,
            recipient=self._recipient(firm, serial),
            issued=issued,
            face=face,
            used=used,
            used_notes=notes,
            use_by=use_by,
            claim_by=claim_by,
            ended=use_by <= self._last_second,
        )

    def _claim(self, row: _Row) -> InFlight:
        firm, serial, notes, subsidy = row.company("firm"), row.text("serial"), row.notes(), row.money("subsidy")
        face = consumed(subsidy, self._denomination)
        if not subsidy or not self._are_worth(notes, face):
            message = "在途张号须恰为补贴额所需张数（不分张的券不填张号）。 These are not exactly the notes that the subsidy takes."
            raise Refused("NotesDiffer", f"{message} Divisible money has no numbers.")
        project, seller, contract = row.text("project"), row.company("seller"), row.text("contract")
        self._keyring.project(firm, project, epoch=self._epoch)  # it is made again when the order is prepared, and has to be possible
        return InFlight(
            line=row.line.number,
            firm=firm,
            serial=serial,
            recipient=self._recipient(firm, serial),
            of=self._keyring.serial(self._file.programme.region, serial, epoch=self._epoch),
            face=face,
            notes=notes,
            claim_by=row.last_second("claim_by"),
            lab=row.lab(),
            item=row.text("item") if row.is_filled("item") else None,
            project=project,
            seller=seller,
            contract=contract,
            agreement=self._keyring.agreement(seller, contract, epoch=self._epoch),
            invoice=self._invoice(row),
            cost=self._cost(row),
            subsidy=subsidy,
        )

    def _paid_on(self, row: _Row) -> Paid:
        return Paid(row.line.number, self._invoice(row), self._cost(row), row.money("subsidy"))

    def _cost(self, row: _Row) -> Fen:
        cost = row.money("cost")
        if not cost:
            raise Refused("CostZero", "服务费用为零。 The cost is zero.")
        return cost

    def _invoice(self, row: _Row) -> Invoiced:
        number, code = row.text("invoice"), row.text("invoice_code") if row.is_filled("invoice_code") else None
        return Invoiced(number, code, self._keyring.invoice(number, code=code), row.money("invoice_amount"))

    def _recipient(self, firm: str, serial: str) -> Recipient:
        region = self._file.programme.region
        return Recipient(self._keyring.firm(firm, epoch=self._epoch), self._keyring.serial(region, serial, epoch=self._epoch))

    # Rows together

    def _require_voucher(self, claim: InFlight) -> None:
        voucher = self._vouchers.get(claim.of)
        if voucher is None or voucher.recipient.firm != claim.recipient.firm:
            raise Refused("VoucherMissing", "名单中没有该企业的这张券。 No voucher of this firm with that serial is on the list.")

    def _joined(self, voucher: OnLedger, claims: Sequence[InFlight]) -> tuple[OnLedger, list[InFlight]]:
        """A voucher with the claims that it can bear, each under a serial of its own: the voucher's, and which claim it is."""
        borne: list[InFlight] = []

        def bear(claim: InFlight) -> None:
            self._require_room(voucher, borne, claim)
            borne.append(self._named(claim, len(borne) + 1))

        self._judged(claims, bear)
        taken = [*voucher.used_notes, *(span for each in borne for span in each.notes)]
        free = free_numbers(voucher.face // self._denomination, taken) if self._numbered else ()
        return replace(voucher, in_flight=Fen(sum(each.face for each in borne)), free=free), borne

    def _require_room(self, voucher: OnLedger, borne: Sequence[InFlight], claim: InFlight) -> None:
        if claim.face > voucher.left - sum(each.face for each in borne):
            raise Refused("OverFace", "已用与在途合计超过面额。 Used and in flight are more than the face.")
        self._require_printed(claim.notes, voucher.face)
        taken = [*voucher.used_notes, *(span for each in borne for span in each.notes)]
        if any(_meet(one, other) for one in taken for other in claim.notes):
            raise Refused("NotesTaken", "张号已用或已在途。 One of these notes was used, or is in flight already.")

    def _named(self, claim: InFlight, number: int) -> InFlight:
        serial = f"{claim.serial}/{number}"
        if len(serial) > MOST_CHARACTERS:
            raise Refused("CellUnfit", "券号过长。 The serial is too long.")
        recipient = self._recipient(claim.firm, serial)
        if recipient.serial in self._vouchers:
            raise Refused("SerialRepeated", f"券号 {serial} 另有一张券。 There is a voucher {serial} as well.")
        return replace(claim, serial=serial, recipient=recipient)

    def _invoices(self, claims: list[InFlight]) -> None:
        """That all costs on an invoice stay within its amount, which is told the same everywhere; and each subsidy within the rule."""
        amounts: dict[Tag, Fen] = {}
        costs: dict[Tag, int] = defaultdict(int)
        under: dict[Tag, int] = defaultdict(int)

        def within(row: Paid | InFlight) -> None:
            if amounts.setdefault(row.invoice.tag, row.invoice.amount) != row.invoice.amount:
                raise Refused("InvoiceAmountDiffers", "同一发票的金额前后不一。 An earlier row gives this invoice another amount.")
            costs[row.invoice.tag] += row.cost
            if costs[row.invoice.tag] > row.invoice.amount:
                raise Refused("OverInvoice", "该发票上的服务费用合计超过发票金额。 The costs on this invoice are more than its amount.")

        def by_rule(claim: InFlight) -> None:
            within(claim)
            slices, base = self._file.programme.slices, under[claim.agreement]
            most = subsidy_quote(slices, base=base, cost=claim.cost, available=UNLIMITED, denomination=1).subsidy
            if claim.subsidy > most:
                raise Refused("OverRule", f"按规则最多补贴 {yuan(most)} 元。 By the rule the subsidy is at most {yuan(most)} yuan.")
            under[claim.agreement] += claim.cost

        self._paid = self._judged(self._paid, within)
        claims[:] = self._judged(claims, by_rule)

    def _judged(self, rows: Sequence[R], judge: Callable[[R], None]) -> list[R]:
        good = []
        for row in rows:
            try:
                judge(row)
            except Refused as refused:
                self._refuse(row.line, refused)
            else:
                good.append(row)
        return good

    def _refuse(self, line: int, refused: Refused) -> None:
        self._bad.append(BadRow(line=line, code=refused.code, message=str(refused)))

    @property
    def _denomination(self) -> Fen:
        return self._file.voucher.denomination

    @property
    def _numbered(self) -> bool:
        """Divisible money has a note for every fen, and nobody numbered those."""
        return self._denomination > 1

    def _are_worth(self, notes: Numbers, amount: Fen) -> bool:
        """Whether numbered notes make this amount. Of divisible money none are told."""
        return sum(map(len, notes)) * self._denomination == amount if self._numbered else not notes

    def _require_printed(self, notes: Numbers, face: Fen) -> None:
        if notes and notes[-1].stop > face // self._denomination + 1:
            raise Refused("NotesMalformed", "张号超过该券张数。 The voucher has no note of that number.")


def _meet(one: range, other: range) -> bool:
    return one.start < other.stop and other.start < one.stop


def free_numbers(count: int, taken: Sequence[range]) -> Numbers:
    """
    The numbers up to `count` that are not taken.

    >>> free_numbers(10, [range(5, 6), range(1, 4)])
    (range(4, 5), range(6, 11))
    """
    found, at = [], 1
    for each in sorted(taken, key=lambda span: span.start):
        found.append(range(at, each.start))
        at = each.stop
    return tuple(each for each in (*found, range(at, count + 1)) if each)


def printed(numbers: Numbers, first: int, last: int) -> Numbers:
    """
    What is printed on the notes that the chain counts as `first` to `last`.

    >>> printed((range(4, 5), range(6, 11)), 1, 3)
    (range(4, 5), range(6, 8))
    """
    found, before = [], 0
    for each in numbers:
        found.append(each[max(first - 1 - before, 0) : max(last - before, 0)])
        before += len(each)
    return tuple(each for each in found if each)
