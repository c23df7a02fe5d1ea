"""
What a region's gateway does for its callers: looks up in the index, prepares what others sign, and sends what was signed.

It decides who may see or start something; whether the registry accepts it, the contracts decide. Plain facts (company codes,
serial and invoice numbers) come in with a request, become tags, and are forgotten with it.

Tags are made for a voucher that exists, asked for by firm and serial together, or for the caller's own orders; never on demand.
"""

import hashlib
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from http import HTTPStatus
from typing import Literal

from gateway import accounts, schemas, shapes, voucher_list
from gateway.answers import Answers, intent_id
from gateway.api_keys import ApiKeys
from gateway.callers import OFFICERS, Caller, Party
from gateway.errors import Problem
from gateway.health import Health
from gateway.looked_up import Subject, logged
from gateway.lookup_log import LookupLog
from gateway.oidc import Tokens
from gateway.operations import Operations
from gateway.programme_file import programme_of
from gateway.rate_limit import RateLimit
from gateway.settings import Settings
from gateway.tag_keys import keyring_of
from gateway.verification import SELLER_BYTES, Use, reasons, three_facts
from registry import (
    NO_ADDRESS,
    NO_ID,
    Address,
    Claim,
    Client,
    Deployment,
    Digest,
    Done,
    Fen,
    Filing,
    Firm,
    Id,
    Index,
    IndexRefused,
    Item,
    Lab,
    Ledger,
    Node,
    Order,
    Outbox,
    Redemption,
    Region,
    Rejected,
    Reservation,
    Signatures,
    Snapshot,
    Stage,
    Tag,
    Terms,
    Time,
    Unreachable,
    Voucher,
    id_of,
    parse_typed_data,
    salted,
    subsidy_quote,
    typed_data,
    verify,
    voucher_of,
)

Clock = Callable[[], float]

_log = logging.getLogger(__name__)


class Office:
    """One region's office. Opens everything that a gateway needs, and refuses to start against another chain."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.region = Region(settings.region)
        self.clock = clock
        self._keyring = keyring_of(settings.tag_keys)
        self._deployment = Deployment.from_json(settings.deployment.read_text(encoding="utf-8"))
        self._node = Node(settings.node_url, connect_seconds=settings.node_connect_seconds, answer_seconds=settings.node_answer_seconds)
        signers = accounts.read(settings.accounts)
        verify(self._node, self._deployment)
        self.keys = ApiKeys(settings.state, clock)
        self.tokens = None if settings.oidc_issuer is None else Tokens(settings)
        self.rate = RateLimit(per_second=settings.rate_per_second, burst=settings.rate_burst, clock=time.monotonic)
        self.answers = Answers(settings.state / "answers.sqlite")
        self.lookups = LookupLog(settings.state)
        self._index = Index(settings.state / "index.sqlite", self._node, self._deployment)
        self._outbox = Outbox(settings.state / "outbox.sqlite", self._node, chain_id=self._deployment.chain_id)
        self.operations = Operations(self.answers)
        self._clients = {
            name: Client(self._node, self._deployment, self._outbox, account, final_within=settings.wait_seconds)
            for name, account in signers.items()
        }
        self._closed = threading.Event()
        self._refused: str | None = None
        self.health = Health(settings, self._deployment, self._index, self._outbox, clock=clock, refused=lambda: self._refused)

    def close(self, follower: threading.Thread) -> None:
        """Stop reading and sending. What is not final stays in the outbox for the next start."""
        self._closed.set()
        follower.join()
        self.operations.stop()
        self._outbox.close()
        self.operations.close()
        self._index.close()
        self.lookups.close()
        self.keys.close()

    def follow(self) -> bool:
        """Read on to the newest final block; whether the node answered."""
        try:
            self._index.refresh()
        except Unreachable as silent:
            _log.warning("the node does not answer: %s", silent)
            return False
        return True

    def follow_until_closed(self) -> None:
        """Follow the chain in the background, whoever asks or not."""
        while not self._closed.wait(self.settings.refresh_seconds):
            try:
                self.follow()
            except IndexRefused as refused:
                self._refused = str(refused)
                _log.exception("the index cannot go on; every read is refused until a person has looked at it")
            else:
                self._refused = None

    def status(self) -> schemas.Status:
        """Whether this gateway follows its node."""
        answering = self.follow()
        with self._index.snapshot() as snapshot:
            return schemas.Status(
                region=self.region, node="answering" if answering else "silent", block=shapes.block_seen(snapshot, self.clock())
            )

    def readiness(self) -> schemas.Ready:
        """Whether this gateway can do its work, and if not, why."""
        found = self.health.report()
        return schemas.Ready(
            reasons=[schemas.ReasonNotReady(code=each.code, message=each.message) for each in self.health.reasons(found)],
            chain_id=found.chain_id,
            head=found.head,
            head_age_seconds=found.head_age,
            indexed=found.indexed,
            lag_blocks=found.lag,
            outbox=found.outbox,
            peers=found.peers,
        )

    def gauges(self) -> Mapping[str, tuple[str, float]]:
        """What `/metrics` tells beside its counters."""
        found = self.health.report()
        known = {
            "ready": ("1 while this gateway can do its work.", float(not self.health.reasons(found))),
            "node_answering": ("1 while the node answers.", float(found.chain_id is not None)),
            "head_block": ("The node's newest final block.", found.head),
            "head_age_seconds": ("How old that is.", found.head_age),
            "index_block": ("The newest block that the index has read.", found.indexed),
            "index_lag_blocks": ("How many blocks it is behind.", found.lag),
            "outbox_depth": ("Transactions that wait for their final block.", found.outbox),
            "node_peers": ("Peers of the node.", found.peers),
            "lookups_logged": ("Rows of the look-up log.", self.lookups.head.number),
        }
        return {name: (meaning, float(value)) for name, (meaning, value) in known.items() if value is not None}

    # Looking up

    def quote(self, caller: Caller, asked: schemas.QuoteRequest) -> schemas.Quoted:
        """What a cost would get (试算)."""
        with self._logged(caller, "quote", asked.voucher) as subject, self._seen() as snapshot:
            voucher_id, voucher = self._voucher_named(snapshot, subject)
            ledger = snapshot.ledger
            programme = ledger.programmes[voucher.programme]
            base = 0
            if asked.agreement is not None and not programme.flat:
                agreement = self._keyring.agreement(asked.agreement.seller, asked.agreement.number)
                base = ledger.agreements[voucher.programme, agreement]
            available = ledger.balances[voucher_id].available
            quoted = subsidy_quote(programme.slices, base=base, cost=asked.cost, available=available, denomination=voucher.denomination)
            return schemas.Quoted(
                voucher_id=voucher_id,
                subsidy=quoted.subsidy,
                amount=quoted.amount,
                lapses=quoted.lapses,
                firm_pays=asked.cost - quoted.subsidy,
                block=shapes.block_seen(snapshot, self.clock()),
            )

    def verification(self, caller: Caller, asked: schemas.VerificationRequest) -> schemas.Verification:
        """Whether a voucher can be used, with every reason why not."""
        with self._logged(caller, "verification", asked.voucher) as subject:
            lab = self._lab_asked(caller, asked.lab)
            found = self._verified(subject, lab, asked)
            subject.answer = found.status
            return found

    def _verified(self, subject: Subject, lab: Id | None, asked: schemas.VerificationRequest) -> schemas.Verification:
        answering = self.follow()
        with self._index.snapshot() as snapshot:
            block = shapes.block_seen(snapshot, self.clock())
            doubt = self._doubt(answering=answering, block=block)
            if doubt is not None:
                return schemas.Verification(status=doubt, reasons=[], voucher=None, block=block)
            found = _vouchers_of(snapshot, subject)
            if not found:
                unknown = schemas.Reason(code="UnknownVoucher", values={})
                return schemas.Verification(status="NOT_VALID", reasons=[unknown], voucher=None, block=block)
            voucher_id = subject.voucher = _only(found)
            item = None if lab is None or asked.item is None else id_of(Item(lab, asked.item))
            use = Use(lab, item, None if asked.amount is None else Fen(asked.amount))
            against = [shapes.reason(each) for each in reasons(snapshot.ledger, voucher_id, use, snapshot.time)]
            return schemas.Verification(
                status="NOT_VALID" if against else "VALID",
                reasons=against,
                voucher=shapes.voucher_seen(snapshot, voucher_id),
                block=block,
            )

    def facts(self, caller: Caller, asked: schemas.FactsRequest) -> schemas.Facts:
        """The hotline's three facts."""
        with self._logged(caller, "facts", asked.voucher) as subject:
            found = self._facts(subject, asked)
            subject.answer = found.status
            return found

    def _facts(self, subject: Subject, asked: schemas.FactsRequest) -> schemas.Facts:
        project = self._keyring.project(asked.voucher.firm, asked.project)
        answering = self.follow()
        with self._index.snapshot() as snapshot:
            block = shapes.block_seen(snapshot, self.clock())
            doubt = self._doubt(answering=answering, block=block)
            if doubt is not None:
                return schemas.Facts(status=doubt, enterprise=None, serial=None, project=None, block=block)
            firm, _ = subject.tags
            vouchers = _vouchers_of(snapshot, subject)
            subject.voucher = vouchers[0] if len(vouchers) == 1 else None
            orders = [order for voucher in vouchers for order in snapshot.orders_of_voucher(voucher)]
            region = Region(asked.voucher.region)
            found = three_facts(snapshot.ledger, region=region, firm=firm, vouchers=vouchers, orders=orders, project=project)
            return schemas.Facts(
                status="ANSWERED",
                enterprise=found.enterprise,
                serial=found.serial,
                project={True: "TRUE", False: "FALSE", None: "NOT_REGISTERED"}[found.project],
                block=block,
            )

    def voucher_history(self, caller: Caller, voucher_id: Id) -> schemas.VoucherHistory:
        """A voucher and all that happened to it, for its firm, the office that issued it, and auditors."""
        with logged(self.lookups, self.clock, caller, "history") as subject, self._seen() as snapshot:
            subject.voucher = voucher_id
            ledger = snapshot.ledger
            if voucher_id not in ledger.vouchers:
                raise _not_found("voucher", voucher_id)
            voucher = ledger.vouchers[voucher_id]
            subject.region, subject.firm, subject.serial = ledger.programmes[voucher.programme].region, voucher.firm, voucher.serial
            if not self._may_see_voucher(caller, ledger, voucher):
                raise _not_found("voucher", voucher_id)
            return schemas.VoucherHistory(
                voucher=shapes.voucher_seen(snapshot, voucher_id),
                history=shapes.events(snapshot.history_of(voucher_id)),
                block=shapes.block_seen(snapshot, self.clock()),
            )

    def order(self, caller: Caller, order_id: Id) -> schemas.OrderSeen:
        """An order, for its parties, the offices of both regions, and auditors."""
        with self._seen() as snapshot:
            self._require_order_seen(caller, snapshot.ledger, order_id)
            return shapes.order_seen(snapshot, order_id, self.clock())

    def orders(self, caller: Caller) -> schemas.OrderPage:
        """A lab's or firm's own orders."""
        with self._seen() as snapshot:
            if caller.lab_id is not None:
                found = snapshot.orders_of_lab(caller.lab_id)
            else:
                mine = snapshot.orders_of_firm(self._keyring.firm(caller.firm or ""))
                found = [order for order in mine if self._may_see_order(caller, snapshot.ledger, order)]
            return schemas.OrderPage(orders=[shapes.order_seen(snapshot, order, self.clock()) for order in found])

    def programme(self, caller: Caller, programme_id: Id) -> schemas.ProgrammeSeen:
        """A programme and its pool, for the offices of its region and of the region that pays, and auditors."""
        with self._seen() as snapshot:
            programmes = snapshot.ledger.programmes
            if programme_id in programmes:
                programme = programmes[programme_id]
                involved = caller.party in OFFICERS and caller.home in (programme.region, programme.payer)
                if involved or caller.party is Party.AUDITOR:
                    return shapes.programme_seen(snapshot, programme_id, self.clock())
        raise _not_found("programme", programme_id)

    def lookup_page(self, caller: Caller, before: int | None, limit: int) -> schemas.LookupPage:
        """
        Who looked, at this gateway: a firm sees who looked at its own vouchers, an officer who looked at his region's, an auditor all.

        A firm is told party and region of who looked, never which lab: that a lab asks is between it and its other customers.
        """
        firm = self._keyring.firm(caller.firm) if caller.firm is not None else None
        rows = self.lookups.rows(firm=firm, region=None if caller.party is Party.AUDITOR else caller.region, before=before, limit=limit)
        head = self.lookups.head
        return schemas.LookupPage(
            lookups=[shapes.lookup_seen(row, named=caller.party is not Party.FIRM) for row in rows],
            next=rows[-1].number if len(rows) == limit else None,
            head=schemas.LookupHead(number=head.number, hash=head.hash) if caller.party is Party.AUDITOR else None,
        )

    def trail(self, after: str | None, limit: int) -> schemas.TrailPage:
        """All events of all contracts in the chain's order, a page at a time."""
        with self._seen() as snapshot:
            try:
                entries = snapshot.trail(after=after, limit=limit)
            except ValueError as malformed:
                raise Problem(422, "InvalidPosition", "游标无效。 `after` is no position of the trail.") from malformed
            return schemas.TrailPage(events=shapes.events(entries), next=entries[-1].position if entries else after)

    # Preparing what others sign

    def prepare_order(self, caller: Caller, asked: schemas.OrderFacts) -> schemas.Prepared:
        """The order that these facts make, to be checked and signed by firm and lab."""
        with self._logged(caller, "order", asked.voucher) as subject, self._seen() as snapshot:
            lab = self._lab_asked(caller, asked.lab)
            if lab is None:
                raise Problem(422, "LabMissing", "请指明服务机构。 Name the lab.")
            voucher_id, _ = self._voucher_named(snapshot, subject)
            valid_until = self._valid_until(snapshot, asked.valid_seconds)
        order = Order(
            voucher=voucher_id,
            lab=lab,
            item=NO_ID if asked.item is None else id_of(Item(lab, asked.item)),
            project=self._keyring.project(asked.voucher.firm, asked.project),
            amount=Fen(asked.amount),
            valid_until=valid_until,
            nonce=secrets.randbits(64),
        )
        return schemas.Prepared(id=id_of(order), typed_data=typed_data(order, self._deployment.domain))

    def prepare_redemption(self, caller: Caller, asked: schemas.RedemptionFacts) -> schemas.Prepared:
        """The redemption that these facts make, to be checked and signed by firm and lab."""
        order_id = Id(asked.order)
        with self._seen() as snapshot:
            ledger = snapshot.ledger
            self._require_order_seen(caller, ledger, order_id)
            record, state = ledger.order_records[order_id], ledger.orders[order_id]
            self._require_seller(ledger, record.lab, asked.agreement.seller)
            agreement = self._keyring.agreement(asked.agreement.seller, asked.agreement.number)
            most = self._most_subsidy(ledger, record, Fen(asked.cost), agreement)
            valid_until = self._valid_until(snapshot, asked.valid_seconds)
        salt = secrets.token_bytes(32)
        redemption = Redemption(
            order=order_id,
            attempt=state.attempt,
            cost=Fen(asked.cost),
            subsidy=most if asked.subsidy is None else Fen(asked.subsidy),
            agreement=agreement,
            invoice=self._keyring.invoice(asked.invoice.number, code=asked.invoice.code),
            invoice_amount=Fen(asked.invoice_amount),
            result=salted(bytes.fromhex(asked.report_sha256), salt),
            valid_until=valid_until,
        )
        return schemas.Prepared(id=id_of(redemption), typed_data=typed_data(redemption, self._deployment.domain), salt=salt)

    # Sending what was signed

    def reserve(self, signed: schemas.Signed, intent_id: str) -> schemas.OrderWritten:
        """Reserve for an order that both signed. Anybody may bring it."""
        order = parse_typed_data(signed.typed_data, Order, self._deployment.domain)
        order_id = id_of(order)
        voucher = self._voucher(order.voucher)
        signatures = Signatures(firm=signed.firm_signature, lab=signed.lab_signature)
        try:
            done = self._relay.reserve(voucher, order, signatures, intent_id=intent_id)
        except Rejected as refused:
            if refused.code != "OverAvailable":
                raise
            raise self._held_elsewhere(refused, order.voucher) from refused
        return self._order_written(order_id, done)

    def redeem(self, signed: schemas.Signed, intent_id: str) -> schemas.OrderWritten:
        """Ask for an order's money, as both signed. Anybody may bring it."""
        redemption = parse_typed_data(signed.typed_data, Redemption, self._deployment.domain)
        with self._current() as snapshot:
            if redemption.order not in snapshot.ledger.order_records:
                raise _not_found("order", redemption.order)
            order = snapshot.ledger.order_records[redemption.order]
            voucher = snapshot.ledger.vouchers[order.voucher]
        signatures = Signatures(firm=signed.firm_signature, lab=signed.lab_signature)
        done = self._relay.redeem(voucher, order, redemption, signatures, intent_id=intent_id)
        return self._order_written(redemption.order, done)

    # What the region's officers do

    def approve(self, caller: Caller, orders: Sequence[Id], intent_id: str) -> schemas.Reviewed:
        """Confirm requested orders before the service (审核确认)."""
        reservations = self._reservations(caller, orders)
        return self._reviewed(orders, self._client(caller).approve(reservations, intent_id=intent_id))

    def decline(self, caller: Caller, orders: Sequence[Id], intent_id: str) -> schemas.Reviewed:
        """Turn requested orders down (不予确认)."""
        reservations = self._reservations(caller, orders)
        return self._reviewed(orders, self._client(caller).decline(reservations, intent_id=intent_id))

    def endorse(self, caller: Caller, orders: Sequence[Id], intent_id: str) -> schemas.Reviewed:
        """First review (初审)."""
        # As it was before any endorsement, so that a repeated request makes the same call.
        claims = [replace(filing.claim, endorser=NO_ADDRESS) for filing in self._filings(caller, orders)]
        return self._reviewed(orders, self._client(caller).endorse(claims, intent_id=intent_id))

    def accept(self, caller: Caller, orders: Sequence[Id], intent_id: str) -> schemas.Reviewed:
        """Find redemptions in order (审核通过)."""
        return self._reviewed(orders, self._client(caller).accept(self._claims(caller, orders), intent_id=intent_id))

    def reject(self, caller: Caller, orders: Sequence[Id], intent_id: str) -> schemas.Reviewed:
        """Send redemptions back for correction (退回补正)."""
        return self._reviewed(orders, self._client(caller).reject(self._filings(caller, orders), intent_id=intent_id))

    def settle(self, caller: Caller, asked: schemas.Settlement, intent_id: str) -> schemas.Reviewed:
        """Record that redemptions were paid (拨付)."""
        orders = [Id(each) for each in asked.orders]
        payment = self._reference("payment", asked.payment_reference)
        return self._reviewed(orders, self._client(caller).settle(self._claims(caller, orders), payment, intent_id=intent_id))

    def open(self, caller: Caller, asked: schemas.ProgrammeFile, intent_id: str) -> schemas.Opened:
        """Fix a programme for ever."""
        programme = programme_of(asked.file)
        done = self._client(caller).open(programme, intent_id=intent_id)
        self.follow()
        return schemas.Opened(
            programme_id=id_of(programme), policy_hash=programme.policy_hash, transaction=done.transaction, block=done.block
        )

    def fund(self, caller: Caller, programme_id: Id, asked: schemas.Funding, intent_id: str) -> schemas.Written:
        """Record money set aside (拨入)."""
        reference = self._reference("bank", asked.bank_reference)
        done = self._client(caller).fund(programme_id, Fen(asked.amount), reference, intent_id=intent_id)
        self.follow()
        return schemas.Written(transaction=done.transaction, block=done.block)

    def enrol(self, caller: Caller, asked: schemas.FirmEnrolment, intent_id: str) -> schemas.Subject:
        """Enrol a firm of this region."""
        firm = Firm(self.region, self._keyring.firm(asked.firm))
        done = self._client(caller).enrol(firm, Address(asked.signer), intent_id=intent_id)
        self.follow()
        return schemas.Subject(id=id_of(firm), transaction=done.transaction, block=done.block)

    def admit(self, caller: Caller, asked: schemas.LabAdmission, intent_id: str) -> schemas.Subject:
        """Admit a lab of this region."""
        host_unit = self._keyring.firm(asked.host_unit)
        lab = Lab(self.region, host_unit, asked.code)
        seller = host_unit if asked.seller is None else self._keyring.firm(asked.seller)
        done = self._client(caller).admit(lab, Address(asked.signer), seller, Time(asked.qualified_until), intent_id=intent_id)
        self.follow()
        return schemas.Subject(id=id_of(lab), transaction=done.transaction, block=done.block)

    def recognise(self, caller: Caller, asked: schemas.Recognition, intent_id: str) -> schemas.Written:
        """Recognise labs for this region's vouchers (纳入互认目录)."""
        labs = [Id(each) for each in asked.labs]
        done = self._client(caller).recognise(labs, Time(asked.from_), Time(asked.until), intent_id=intent_id)
        self.follow()
        return schemas.Written(transaction=done.transaction, block=done.block)

    # Issuing from a list

    def check_list(self, terms: Terms, content: bytes) -> schemas.ListChecked:
        """What issuing this list would refuse, row by row. Issues nothing."""
        parsed = self._list(terms, content)
        return schemas.ListChecked(rows=parsed.count, bad=parsed.bad)

    def issue(self, caller: Caller, terms: Terms, content: bytes, intent_id: str) -> schemas.Issued:
        """Issue one voucher for every row of a list, all or none (发放)."""
        if self._outbox.find(intent_id) is None:
            parsed = self._list(terms, content)
            if parsed.bad:
                title = "名单有误，未发放任何券。 The list has bad rows; nothing was issued."
                raise Problem(422, "BadRows", title, rows=parsed.count, bad=[each.model_dump() for each in parsed.bad])
        else:
            # Asked again after a crash or a time limit: by now the vouchers exist, which is no fault of the list.
            parsed = voucher_list.parse(content, region=self.region, keyring=self._keyring)
        done = self._client(caller).issue(terms, [row.recipient for row in parsed.rows], intent_id=intent_id)
        self.follow()
        vouchers = [schemas.IssuedVoucher(line=row.line, voucher_id=id_of(voucher_of(terms, row.recipient))) for row in parsed.rows]
        return schemas.Issued(vouchers=vouchers, transaction=done.transaction, block=done.block)

    def _list(self, terms: Terms, content: bytes) -> voucher_list.Parsed:
        parsed = voucher_list.parse(content, region=self.region, keyring=self._keyring)
        bad = list(parsed.bad)
        with self._current() as snapshot:
            ledger = snapshot.ledger
            for row in parsed.rows:
                if ledger.firms[id_of(Firm(self.region, row.recipient.firm))].signer == NO_ADDRESS:
                    message = "企业未在本地区登记。 The firm is not enrolled in this region."
                    bad.append(schemas.BadRow(line=row.line, code="FirmNotEnrolled", message=message))
                elif any(
                    ledger.vouchers[found].programme == terms.programme
                    for found in snapshot.vouchers_of(row.recipient.firm, row.recipient.serial)
                ):
                    # On other terms it would be another voucher to the registry; to the office it is the same one twice.
                    message = "该券已发放。 This voucher was issued before."
                    bad.append(schemas.BadRow(line=row.line, code="VoucherExists", message=message))
        return voucher_list.Parsed(parsed.rows, sorted(bad, key=lambda each: each.line), parsed.count)

    # Who may see what

    def _require_may_look_up(self, caller: Caller, named: schemas.VoucherNamed) -> None:
        """A lab looks up whatever is put before it, by firm and serial together; a firm its own; an officer his region's."""
        if caller.party is Party.FIRM:
            mine = caller.home == named.region and self._keyring.firm(named.firm) == self._keyring.firm(caller.firm or "")
            allowed = mine
        else:
            allowed = caller.party in (Party.LAB, Party.AUDITOR) or caller.home == named.region
        if not allowed:
            raise Problem(
                403, "NotYours", "只能查询本单位或本地区的创新券。 Only one's own, or one's region's, vouchers may be asked about."
            )

    def _may_see_voucher(self, caller: Caller, ledger: Ledger, voucher: Voucher) -> bool:
        region = ledger.programmes[voucher.programme].region
        if caller.party is Party.FIRM:
            return caller.home == region and self._keyring.firm(caller.firm or "") == voucher.firm
        return caller.party is Party.AUDITOR or (caller.party in OFFICERS and caller.home == region)

    def _may_see_order(self, caller: Caller, ledger: Ledger, order_id: Id) -> bool:
        record = ledger.order_records[order_id]
        if caller.party is Party.LAB:
            return caller.lab_id == record.lab
        involved = caller.party in OFFICERS and caller.home == ledger.labs[record.lab].region
        return involved or self._pays(caller, ledger, record) or self._may_see_voucher(caller, ledger, ledger.vouchers[record.voucher])

    def _pays(self, caller: Caller, ledger: Ledger, record: Order) -> bool:
        programme = ledger.programmes[ledger.vouchers[record.voucher].programme]
        return caller.party is Party.PAYER and caller.home == programme.payer

    def _require_order_seen(self, caller: Caller, ledger: Ledger, order_id: Id) -> None:
        # Whether an order exists is itself told to nobody else.
        if order_id not in ledger.order_records or not self._may_see_order(caller, ledger, order_id):
            raise _not_found("order", order_id)

    def _lab_asked(self, caller: Caller, lab: bytes | None) -> Id | None:
        if caller.lab_id is None:
            return None if lab is None else Id(lab)
        if lab is not None and lab != caller.lab_id:
            raise Problem(403, "NotYours", "服务机构只能以本机构名义办理。 A lab acts for itself only.")
        return caller.lab_id

    def _require_seller(self, ledger: Ledger, lab: Id, seller: str) -> None:
        if self._keyring.firm(seller)[:SELLER_BYTES] != ledger.labs[lab].seller:
            raise Problem(422, "SellerDiffers", "销售方不是该服务机构登记的开票单位。 The seller is not who invoices for this lab.")

    # Finding records

    @contextmanager
    def _logged(self, caller: Caller, what: str, named: schemas.VoucherNamed) -> Iterator[Subject]:
        """A look-up of a voucher by firm and serial: refused or answered, it stands in the log."""
        with logged(self.lookups, self.clock, caller, what, region=named.region) as subject:
            subject.firm = self._keyring.firm(named.firm)
            subject.serial = self._keyring.serial(Region(named.region), named.serial)
            self._require_may_look_up(caller, named)
            yield subject

    @contextmanager
    def _current(self) -> Iterator[Snapshot]:
        """The state as the node has it now, for what a write rests on. Raises `Unreachable`."""
        self._index.refresh()
        with self._index.snapshot() as snapshot:
            yield snapshot

    @contextmanager
    def _seen(self) -> Iterator[Snapshot]:
        """The newest known state; as old as it says when the node is silent."""
        self.follow()
        with self._index.snapshot() as snapshot:
            yield snapshot

    def _doubt(self, *, answering: bool, block: schemas.BlockSeen) -> schemas.Doubt | None:
        if not answering:
            return "UNKNOWN"
        return "STALE" if block.age_seconds > self.settings.stale_after_seconds else None

    def _voucher_named(self, snapshot: Snapshot, subject: Subject) -> tuple[Id, Voucher]:
        found = _vouchers_of(snapshot, subject)
        if not found:
            title = "没有这张券，或券与企业不符。 There is no such voucher of this firm."
            raise Problem(404, "UnknownVoucher", title, block=snapshot.block, time=snapshot.time)
        voucher_id = subject.voucher = _only(found)
        return voucher_id, snapshot.ledger.vouchers[voucher_id]

    def _voucher(self, voucher_id: Id) -> Voucher:
        with self._current() as snapshot:
            if voucher_id not in snapshot.ledger.vouchers:
                raise _not_found("voucher", voucher_id)
            return snapshot.ledger.vouchers[voucher_id]

    def _reservations(self, caller: Caller, orders: Sequence[Id]) -> list[Reservation]:
        with self._current() as snapshot:
            ledger = snapshot.ledger
            for order in orders:
                self._require_order_seen(caller, ledger, order)
            records = [ledger.order_records[order] for order in orders]
            return [Reservation(ledger.vouchers[record.voucher], record) for record in records]

    def _filings(self, caller: Caller, orders: Sequence[Id]) -> list[Filing]:
        """The claims as the events tell them, each with its redemption: nobody but the chain is asked for them."""
        with self._current() as snapshot:
            ledger = snapshot.ledger
            for order in orders:
                self._require_order_seen(caller, ledger, order)
                if order not in ledger.claims:
                    stage = ledger.orders[order].stage
                    raise Rejected("WrongStage", {"index": orders.index(order), "order": order, "stage": int(stage)})
            return [Filing(ledger.claims[order], ledger.redemptions[order]) for order in orders]

    def _claims(self, caller: Caller, orders: Sequence[Id]) -> list[Claim]:
        return [filing.claim for filing in self._filings(caller, orders)]

    def _most_subsidy(self, ledger: Ledger, record: Order, cost: Fen, agreement: Tag) -> Fen:
        voucher = ledger.vouchers[record.voucher]
        programme = ledger.programmes[voucher.programme]
        base = 0 if programme.flat else ledger.agreements[voucher.programme, agreement]
        quoted = subsidy_quote(programme.slices, base=base, cost=cost, available=record.amount, denomination=voucher.denomination)
        return quoted.subsidy

    # Sending

    def operation(self, caller: Caller, operation_id: str) -> schemas.Operation:
        """What became of a write of this caller's."""
        found = self.answers.operation(caller.name, operation_id)
        if found is None:
            raise Problem(404, "NotFound", "未找到，或无权查看。 Not found, or not yours to see.", what="operation", id=operation_id)
        goes_on = self.operations.is_pending(caller.name, found.key) or self.answers.is_running(caller.name, found.key)
        if found.answer is None and not goes_on:
            # It may have ended between the two questions.
            found = self.answers.operation(caller.name, operation_id) or found
        transaction = self.sent_before(intent_id(caller.name, found.key))
        if found.answer is None:
            state: Literal["pending", "interrupted"] = "pending" if goes_on else "interrupted"
            return schemas.Operation(operation_id=operation_id, state=state, transaction=transaction, status=None, answer=None)
        succeeded = found.answer.status < HTTPStatus.BAD_REQUEST
        return schemas.Operation(
            operation_id=operation_id,
            state="succeeded" if succeeded else "refused",
            transaction=transaction,
            status=found.answer.status,
            answer=dict(found.answer.body),
        )

    def sent_before(self, intent_id: str) -> str | None:
        """The transaction by which this intent was sent before, if it was."""
        ticket = self._outbox.find(intent_id)
        return None if ticket is None else ticket.name

    @property
    def _relay(self) -> Client:
        return self._clients[accounts.RELAY]

    def _client(self, caller: Caller) -> Client:
        if caller.home != self.region or caller.account not in self._clients:
            raise Problem(403, "NoAccount", "本平台没有该角色的签名账户。 No account signs for this caller here.")
        return self._clients[caller.account]

    def _valid_until(self, snapshot: Snapshot, seconds: int) -> Time:
        return Time(max(snapshot.time, int(self.clock())) + seconds)

    def _reference(self, kind: str, reference: str) -> Digest:
        """The hash of a bank's reference, the same each time, so that the registry can refuse one that was used before."""
        return Digest(hashlib.sha256(f"tongquan {kind} reference\0{self.region}\0{reference.strip()}".encode()).digest())

    def _held_elsewhere(self, refused: Rejected, voucher: Id) -> Rejected:
        """The same refusal, which also tells since when and in which region the voucher is held. Not at which lab."""
        with self._seen() as snapshot:
            held = [each.model_dump() for each in shapes.held(snapshot, voucher)]
        return Rejected(refused.code, refused.values | {"held": held})

    def _order_written(self, order_id: Id, done: Done) -> schemas.OrderWritten:
        self.follow()
        return _written(order_id, done)

    def _reviewed(self, orders: Sequence[Id], done: Done) -> schemas.Reviewed:
        self.follow()
        return schemas.Reviewed(orders=[_written(order, done) for order in orders], transaction=done.transaction, block=done.block)


# The stage that an order has after an event, where the event does not say it itself.
_STAGE_AFTER = {
    "Approved": Stage.OPEN,
    "Declined": Stage.RELEASED,
    "Redeemed": Stage.REDEEMED,
    "Endorsed": Stage.ENDORSED,
    "Accepted": Stage.ACCEPTED,
    "Rejected": Stage.OPEN,
    "Settled": Stage.SETTLED,
}


def _written(order_id: Id, done: Done) -> schemas.OrderWritten:
    """What a verb did to an order, as its own events say: the same whenever it is asked, whatever happened since."""
    stage = Stage.NONE
    for event in done.events:
        if getattr(event, "order", None) == order_id:
            stage = getattr(event, "stage", _STAGE_AFTER.get(type(event).__name__, stage))
    return schemas.OrderWritten(order_id=order_id, stage=stage.name, transaction=done.transaction, block=done.block)


def _vouchers_of(snapshot: Snapshot, subject: Subject) -> list[Id]:
    return snapshot.vouchers_of(*subject.tags)


def _only(vouchers: Sequence[Id]) -> Id:
    if len(vouchers) > 1:
        title = "该券号对应多个券种，请联系发券机构。 This serial stands for vouchers of several programmes."
        raise Problem(409, "SerialAmbiguous", title, vouchers=["0x" + each.hex() for each in vouchers])
    return vouchers[0]


def _not_found(what: str, subject: bytes) -> Problem:
    return Problem(404, "NotFound", "未找到，或无权查看。 Not found, or not yours to see.", what=what, id="0x" + subject.hex())
