"""
What a region carried over from an older ledger (存量台账): the lists as they were handed in, and what follows from them.

A list is kept by its SHA-256, and believed only as long as that is the one which its programme's file names; the hash of that file is
on the chain. So nothing that was carried over can be changed here unnoticed, by whomever. It can always be handed in again.

A list holds company codes and invoice numbers. It is the gateway's own, and nothing of it goes to the chain but by tags.
"""

import hashlib
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from gateway import opening_list
from gateway.errors import Problem
from gateway.opening_list import InFlight, Invoiced, OnLedger, Parsed
from gateway.programme_files import ProgrammeFiles
from registry import (
    OPENING_SUFFIX,
    Carried,
    Fen,
    Id,
    Keyring,
    Opening,
    Programme,
    ProgrammeFile,
    Recipient,
    Region,
    Snapshot,
    Stage,
    Tag,
    Terms,
    id_of,
    put_in_place,
    voucher_of,
)

MOST_AT_ONCE = 500
"""As many vouchers as one transaction issues."""

CLAIMED = frozenset({Stage.REDEEMED, Stage.ENDORSED, Stage.ACCEPTED, Stage.SETTLED, Stage.REVERSED, Stage.REFUNDED})
"""Stages of an order whose cost the chain counts on its invoice, or has counted and taken back for good."""


@dataclass(frozen=True)
class Batch:
    """A programme's list, read: what it carries over, by the ids that its vouchers have on the chain."""

    programme: Programme
    file: ProgrammeFile
    opening: Opening
    parsed: Parsed

    @cached_property
    def programme_id(self) -> Id:
        """The programme's id."""
        return id_of(self.programme)

    @cached_property
    def vouchers(self) -> Mapping[Id, OnLedger]:
        """Vouchers of which something remains."""
        return {self.id_of(each): each for each in self.parsed.vouchers if each.remaining}

    @cached_property
    def claims(self) -> Mapping[Id, InFlight]:
        """Claims in flight."""
        return {self.id_of(each): each for each in self.parsed.claims}

    @cached_property
    def issues(self) -> Sequence[tuple[Terms, list[Recipient]]]:
        """What is to be issued: vouchers of the same terms together, as many as one transaction takes, always the same ones."""
        together: dict[Terms, list[Recipient]] = defaultdict(list)
        for each in self.parsed.to_issue:
            together[self._terms(each)].append(each.recipient)
        return [
            (terms, recipients[at : at + MOST_AT_ONCE])
            for terms, recipients in together.items()
            for at in range(0, len(recipients), MOST_AT_ONCE)
        ]

    def id_of(self, row: OnLedger | InFlight) -> Id:
        """What a row is on the chain."""
        return id_of(voucher_of(self._terms(row), row.recipient))

    def ids(self, terms: Terms, recipients: Sequence[Recipient]) -> list[Id]:
        """What some of it is on the chain."""
        return [id_of(voucher_of(terms, each)) for each in recipients]

    def left(self, snapshot: Snapshot) -> int:
        """How many vouchers are not issued yet."""
        return sum(each not in snapshot.ledger.vouchers for each in (*self.vouchers, *self.claims))

    def granted(self, firm: str) -> list[Carried]:
        """What the ledger granted a firm, by its canonical code."""
        return [self._granted(each) for each in self.parsed.vouchers if each.firm == firm]

    def invoice(self, tag: Tag) -> Invoiced | None:
        """An invoice that was paid on, or that a claim in flight is on."""
        return self._invoices.get(tag)

    def claimed_before(self, snapshot: Snapshot, tag: Tag, voucher: Id) -> int:
        """The cost on an invoice that was paid for, and that of claims in flight of other vouchers which are not on the chain yet."""
        paid = sum(each.cost for each in self.parsed.paid if each.invoice.tag == tag)
        waiting = (each for found, each in self.claims.items() if found != voucher and not _is_claimed(snapshot, found))
        return paid + sum(each.cost for each in waiting if each.invoice.tag == tag)

    @cached_property
    def _invoices(self) -> Mapping[Tag, Invoiced]:
        paid, waiting = (each.invoice for each in self.parsed.paid), (each.invoice for each in self.parsed.claims)
        return {each.tag: each for each in (*paid, *waiting)}

    def _terms(self, row: OnLedger | InFlight) -> Terms:
        return row.terms(self.programme_id, self.file.voucher.denomination)

    def _granted(self, row: OnLedger) -> Carried:
        vouchers = [self.id_of(row)] if row.remaining else []
        vouchers += [voucher for voucher, claim in self.claims.items() if claim.of == row.recipient.serial]
        return Carried(at=row.issued, code=self.programme.code, face=row.face, vouchers=tuple(vouchers))


def _is_claimed(snapshot: Snapshot, voucher: Id) -> bool:
    return any(snapshot.ledger.orders[each].stage in CLAIMED for each in snapshot.orders_of_voucher(voucher))


class Openings:
    """The lists of one region, in a folder of their own. May be shared by threads."""

    def __init__(self, folder: Path, region: Region, files: ProgrammeFiles, keyring: Keyring) -> None:
        self._folder, self._region, self._files, self._keyring = folder, region, files, keyring
        self._guard = threading.Lock()
        self._read: dict[tuple[Id, int], Batch] = {}
        folder.mkdir(mode=0o700, exist_ok=True)

    def epoch(self, snapshot: Snapshot, programme: Id) -> int:
        """Of which epoch a programme's vouchers are: that of its first, or today's as long as there is none."""
        return snapshot.epoch_of_programme(programme) or self._keyring.epoch

    def read(self, file: ProgrammeFile, content: bytes, *, epoch: int) -> Batch:
        """
        Read a list by a programme's file, whether or not it is the file's own.

        Raises:
            Problem: the programme carries nothing over, or the list cannot be read as a whole.
        """
        opening = opening_of(file)
        return Batch(file.programme, file, opening, opening_list.parse(content, file, keyring=self._keyring, epoch=epoch))

    def keep(self, content: bytes) -> None:
        """Keep a list whose programme's file names it. A crash leaves it whole or not at all."""
        put_in_place(self._path(sha256_of(content)), content)
        # COMMIT POINT. A list of which nothing was issued yet counts already: what it says was paid, was.

    def has(self, opening: Opening) -> bool:
        """Whether a list is here."""
        return self._path(opening.list_sha256).exists()

    def batch(self, snapshot: Snapshot, programme: Programme) -> Batch:
        """
        What a programme carries over, by the list that was kept.

        Raises:
            Problem: there is none here, it is no longer the one that the programme's file names, or the programme carries nothing over.
        """
        epoch = self.epoch(snapshot, id_of(programme))
        key = id_of(programme), epoch
        with self._guard:
            if key not in self._read:
                file = self._files.of(programme)
                self._read[key] = self.read(file, self._content(file), epoch=epoch)
            return self._read[key]

    def batches(self, snapshot: Snapshot) -> list[Batch]:
        """
        Everything that this region carried over. A programme of which nothing was issued counts once its list is here.

        Raises:
            Problem: vouchers of a programme were issued, and its list is lost or damaged: what was paid before cannot be told.
        """
        found = []
        for programme_id, programme in snapshot.ledger.programmes.items():
            if programme.region != self._region or not programme.code.endswith(OPENING_SUFFIX):
                continue
            try:
                found.append(self.batch(snapshot, programme))
            except Problem:
                if snapshot.epoch_of_programme(programme_id) is not None:
                    raise
        return found

    def carried(self, snapshot: Snapshot, voucher: Id) -> OnLedger | None:
        """The ledger's row of a voucher on the chain, if it was carried over."""
        batch = self._batch_of(snapshot, voucher)
        return None if batch is None else batch.vouchers.get(voucher)

    def claim(self, snapshot: Snapshot, voucher: Id) -> InFlight | None:
        """The claim in flight that a voucher on the chain was issued for."""
        batch = self._batch_of(snapshot, voucher)
        return None if batch is None else batch.claims.get(voucher)

    def granted(self, snapshot: Snapshot, firm: str) -> list[Carried]:
        """What older ledgers granted a firm, by its canonical code."""
        return [each for batch in self.batches(snapshot) for each in batch.granted(firm)]

    def require_not_paid_before(self, snapshot: Snapshot, *, voucher: Id, invoice: Tag, cost: Fen, to_office: bool = False) -> None:
        """
        That `cost` more on an invoice stays within its amount, with all that older ledgers paid for counted as the chain counts its own.

        Raises:
            Problem: it does not. What others claimed on it is told to an office alone.
        """
        batches = self.batches(snapshot)
        amount = next((each.amount for each in (batch.invoice(invoice) for batch in batches) if each is not None), None)
        if amount is None:
            return
        before = sum(batch.claimed_before(snapshot, invoice, voucher) for batch in batches)
        since = snapshot.ledger.invoices[invoice].claimed
        if before + since + cost > amount:
            title = (
                "该发票在存量台账中已支付或已受理，合计申请不得超过发票金额。"
                " The older ledger paid on this invoice, or has a claim on it: all claims together stay within its amount."
            )
            of_others = {"invoice_amount": amount, "claimed_before": before, "claimed": since}
            amounts = {**(of_others if to_office else {}), "cost": cost}
            raise Problem(409, "InvoicePaidBefore", title, amounts={name: str(each) for name, each in amounts.items()})

    def _batch_of(self, snapshot: Snapshot, voucher: Id) -> Batch | None:
        programme = snapshot.ledger.programmes[snapshot.ledger.vouchers[voucher].programme]
        own = programme.region == self._region and programme.code.endswith(OPENING_SUFFIX)
        return self.batch(snapshot, programme) if own else None

    def _content(self, file: ProgrammeFile) -> bytes:
        named = opening_of(file).list_sha256
        try:
            content = self._path(named).read_bytes()
        except FileNotFoundError as missing:
            title = "本平台没有该存量台账名单，请补交。 This gateway has not the ledger's list; hand it in."
            raise Problem(409, "OpeningListMissing", title, list_sha256=named) from missing
        require_list_of(file, content)
        return content

    def _path(self, sha256: str) -> Path:
        return self._folder / f"{sha256}.list"


def require_list_of(file: ProgrammeFile, content: bytes) -> None:
    """
    That a list is the one that a programme's file names.

    Raises:
        Problem: it is another.
    """
    found, named = sha256_of(content), opening_of(file).list_sha256
    if found != named:
        title = "名单不是券种文件所载 SHA-256 的那一份。 This is not the list whose SHA-256 the programme's file names."
        raise Problem(409, "OpeningListDiffers", title, list_sha256=found, named=named)


def opening_of(file: ProgrammeFile) -> Opening:
    """
    What a programme's file says of the ledger that it carries over.

    Raises:
        Problem: it carries none over.
    """
    if file.opening is None:
        title = "该券种不是存量台账券种。 This programme carries no ledger over: its file has no table opening."
        raise Problem(409, "ProgrammeNotOpening", title, programme=file.programme.code)
    return file.opening


def sha256_of(content: bytes) -> str:
    """A list's SHA-256, as a programme's file names it."""
    return hashlib.sha256(content).hexdigest()
