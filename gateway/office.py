"""
A region's office, opened: its keys, its index of the chain, its outbox, and the accounts that sign here.

What it does for callers stands in `gateway.acts`, who may see what in `gateway.sight`. Whether the registry accepts something, the
contracts decide.
"""

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import NoReturn

from gateway import accounts, bodies, inquiries, refusals, schemas, shapes
from gateway.agents import Agents
from gateway.answers import Answers
from gateway.api_keys import ApiKeys
from gateway.callers import Caller
from gateway.catalogue import Catalogue
from gateway.corrections_book import CorrectionsBook
from gateway.decisions import DecisionBook
from gateway.errors import Problem
from gateway.evidence_book import EvidenceBook
from gateway.evidence_files import EvidenceFiles
from gateway.firm_changes import FirmChanges
from gateway.firm_facts import FirmFactsBook
from gateway.health import Health
from gateway.lookup_log import LookupLog
from gateway.oidc import Tokens
from gateway.openings import Openings
from gateway.operations import Operations
from gateway.payment_book import PaymentBookStore
from gateway.payments import Payments
from gateway.programme_files import ProgrammeFiles
from gateway.rate_limit import RateLimit
from gateway.reasons import Reasons
from gateway.service_types import ServiceTypeFiles
from gateway.settings import Settings
from gateway.signed_years import SignedYears
from gateway.sub_districts import SubDistricts
from gateway.tag_keys import keyring_of
from registry import (
    NO_ADDRESS,
    Address,
    Client,
    Deployment,
    Index,
    IndexRefused,
    Ledger,
    Node,
    Outbox,
    PartyTransactions,
    Record,
    Region,
    Rejected,
    Snapshot,
    Time,
    Unreachable,
    hold_index,
    verify,
)

INDEX = "index.sqlite"
_ADDRESS = re.compile("0x[0-9a-fA-F]{40}")

Clock = Callable[[], float]

_log = logging.getLogger(__name__)


class SignsForParty(Exception):
    """
    An account of this gateway is registered as a firm's or lab's signer. Rotate that key first.

    The registry takes the sender of a transaction at its word: as a party's signer, this gateway would consent for it.
    """


@dataclass(frozen=True, slots=True)
class Judged:
    """The newest known state, as of which block, and why nothing can be claimed about it, if so."""

    snapshot: Snapshot
    block: schemas.BlockSeen
    doubt: schemas.Doubt | None


class Office:
    """One region's office. Opens everything that a gateway needs, and refuses to start against another chain."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.region = Region(settings.region)
        self.clock = clock
        self.keyring = keyring_of(settings.tag_keys, settings.tag_epoch)
        self.bodies = bodies.read(settings.bodies)
        self.deployment = Deployment.from_json(settings.deployment.read_text(encoding="utf-8"))
        self._node = Node(settings.node_url, connect_seconds=settings.node_connect_seconds, answer_seconds=settings.node_answer_seconds)
        verify(self._node, self.deployment)
        self.rate = RateLimit(per_second=settings.rate_per_second, burst=settings.rate_burst, clock=time.monotonic)
        self.lookup_rate = RateLimit(per_second=settings.lookups_per_second, burst=settings.lookups_burst, clock=time.monotonic)
        self.issuing = threading.Lock()
        self.sending_back = threading.Lock()
        self.loading = threading.Lock()
        self.handing_in = threading.Lock()
        self._closed = threading.Event()
        self._refused: str | None = None
        # What is opened here is closed in the opposite order, by `close` or where opening the rest fails.
        with ExitStack() as opened:
            self._accounts = opened.enter_context(closing(accounts.read(settings.accounts)))
            self.keys = opened.enter_context(ApiKeys(settings.state, clock))
            opened.enter_context(hold_index(settings.state / INDEX))
            self._index = opened.enter_context(Index(settings.state / INDEX, self._node, self.deployment))
            self._require_no_party_signs_here()
            self.tokens = None if settings.oidc_issuer is None else Tokens(settings)
            self.answers = Answers(settings.state / "answers.sqlite")
            self.reasons = opened.enter_context(closing(Reasons(settings.state / "reasons.sqlite")))
            self.programme_files = ProgrammeFiles(settings.state / "programmes")
            self.openings = Openings(settings.state / "openings", self.region, self.programme_files, self.keyring)
            self.firm_facts = opened.enter_context(closing(FirmFactsBook(settings.state)))
            self.firm_changes = opened.enter_context(closing(FirmChanges(settings.state, self.keyring.firms)))
            self.decisions = opened.enter_context(closing(DecisionBook(settings.state)))
            self.catalogue = opened.enter_context(closing(Catalogue(settings.state / "catalogue.sqlite")))
            self.evidence_files = EvidenceFiles(settings.state)
            self.evidence = opened.enter_context(closing(EvidenceBook(settings.state)))
            self.corrections = opened.enter_context(closing(CorrectionsBook(settings.state)))
            self.payments = opened.enter_context(closing(Payments(settings.state / "payments.sqlite")))
            self.payment_book = opened.enter_context(closing(PaymentBookStore(settings.state)))
            self.sub_districts = opened.enter_context(closing(SubDistricts(settings.state / "sub-districts.sqlite")))
            self.service_types = opened.enter_context(closing(ServiceTypeFiles(settings.state / "service-types.sqlite")))
            self.signed_years = opened.enter_context(closing(SignedYears(settings.state / "signed-years.sqlite")))
            self.lookups = opened.enter_context(closing(LookupLog(settings.state)))
            self.agents = opened.enter_context(closing(Agents(settings.state)))
            self.inquiries: inquiries.Inquiries[Judged] = inquiries.Inquiries(self.lookups, clock)
            self.operations = opened.enter_context(closing(Operations(self.answers)))
            self.outbox = opened.enter_context(Outbox(settings.state / "outbox.sqlite", self._node, chain_id=self.deployment.chain_id))
            self._clients = {
                name: Client(self._node, self.deployment, self.outbox, account, final_within=settings.wait_seconds)
                for name, account in self._accounts.by_name.items()
            }
            self._opened = opened.pop_all()
        self.party_transactions = PartyTransactions(self._node, self.deployment, final_within=settings.wait_seconds)
        self.health = Health(settings, self.deployment, self._index, self.outbox, clock=clock, refused=lambda: self._refused)

    def close(self, follower: threading.Thread) -> None:
        """Stop reading and sending. What is not final stays in the outbox for the next start."""
        self._closed.set()
        self.inquiries.nudge()
        follower.join()
        # Operations end once the outbox, which is closed first, ends their waiting.
        self.operations.stop()
        self._opened.close()

    # Reading

    def follow(self) -> bool:
        """Read on to the newest final block; whether the node answered."""
        try:
            self._index.refresh()
        except Unreachable as silent:
            _log.warning("the node does not answer: %s", silent)
            return False
        return True

    def follow_until_closed(self) -> None:
        """Follow the chain in the background, whoever asks or not, and answer what coroutines look up."""
        watched = time.monotonic()
        while not self._closed.is_set():
            asked = self.inquiries.gathered(within=self.settings.refresh_seconds)
            if self._closed.is_set() and not asked:
                return  # without a last question to a node that may not answer
            try:
                with self.judged() as judged:
                    found = inquiries.answer_all(asked, partial(_itself, judged))
            except IndexRefused as refused:
                self._refused = str(refused)
                _log.exception("the index cannot go on; every read is refused until a person has looked at it")
                found = inquiries.answer_all(asked, partial(_raise, refused))
            except Exception as fault:  # noqa: BLE001 - whoever waits must be told, and the thread must live on
                _log.exception("a fault of this gateway")
                found = inquiries.answer_all(asked, partial(_raise, fault))
            else:
                self._refused = None
            self.inquiries.tell(asked, found)
            # What nobody waits for comes after what somebody does, and no more often for being asked a lot.
            if self._refused is None and time.monotonic() - watched >= self.settings.refresh_seconds:
                self._watch_agents()
                watched = time.monotonic()

    def _watch_agents(self) -> None:
        try:
            with self._index.snapshot() as snapshot:
                self.agents.watch(snapshot)
        except Exception:  # noqa: BLE001 - whatever ails the book, the chain is followed on
            _log.exception("uses of agents' keys could not be worked out")

    @contextmanager
    def current(self) -> Iterator[Snapshot]:
        """The state as the node has it now, for what a write rests on. Raises `Unreachable`, and `Problem` as `seen` does."""
        self._index.refresh()
        with self._index.snapshot() as snapshot, self._nothing_claimed_in_doubt(snapshot, answering=True):
            yield snapshot

    @contextmanager
    def seen(self) -> Iterator[Snapshot]:
        """
        The newest known state; as old as it says when the node is silent. What is there may be told, with its block.

        Raises:
            Problem: what is refused within because of that state, while the node is silent or its head is old: 503 in its place.
        """
        answering = self.follow()
        with self._index.snapshot() as snapshot, self._nothing_claimed_in_doubt(snapshot, answering=answering):
            yield snapshot

    @contextmanager
    def _nothing_claimed_in_doubt(self, snapshot: Snapshot, *, answering: bool) -> Iterator[None]:
        try:
            yield
        except (Problem, Rejected) as refused:
            if refused.code in refusals.OF_STATE:
                self.require_certain(snapshot, answering=answering)
            raise

    def require_certain(self, snapshot: Snapshot, *, answering: bool = True) -> None:
        """
        Refuse to say that something is not there, or not so, by what may have changed since.

        Raises:
            Problem: the node is silent, or its newest block is too old (503); with the block up to which this gateway knows.
        """
        block = self.block_seen(snapshot)
        known, again = block.model_dump(), {"Retry-After": "2"}
        if not answering:
            title = "节点无应答，不能认定有无。 No node answers, so nothing can be said to be missing or refused; try again."
            raise Problem(503, "Unreachable", title, headers=again, block=known)
        if block.age_seconds > self.settings.stale_after_seconds:
            title = "节点数据滞后，不能认定有无。 The newest block is too old to say that something is missing or refused; try again."
            raise Problem(503, "Stale", title, headers=again, block=known)

    @contextmanager
    def judged(self) -> Iterator[Judged]:
        """The newest known state, and whether anything can be claimed from it."""
        answering = self.follow()
        with self._index.snapshot() as snapshot:
            block = self.block_seen(snapshot)
            stale = block.age_seconds > self.settings.stale_after_seconds
            yield Judged(snapshot, block, ("STALE" if stale else None) if answering else "UNKNOWN")

    def block_seen(self, snapshot: Snapshot) -> schemas.BlockSeen:
        """As of which block an answer holds."""
        return shapes.block_seen(snapshot, self.clock())

    def status(self) -> schemas.Status:
        """Whether this gateway follows its node."""
        answering = self.follow()
        with self._index.snapshot() as snapshot:
            return schemas.Status(region=self.region, node="answering" if answering else "silent", block=self.block_seen(snapshot))

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
        with self._index.snapshot() as snapshot:
            untold = len(self.agents.untold(snapshot))
        known = {
            "ready": ("1 while this gateway can do its work.", float(not self.health.reasons(found))),
            "node_answering": ("1 while the node answers.", float(found.chain_id is not None)),
            "head_block": ("The node's newest final block.", found.head),
            "head_age_seconds": ("How old that is.", found.head_age),
            "index_block": ("The newest block that the index has read.", found.indexed),
            "index_lag_blocks": ("How many blocks it is behind.", found.lag),
            "outbox_depth": ("Transactions that wait for their final block.", found.outbox),
            "node_peers": ("Peers of the node.", found.peers),
            "agent_uses_untold": ("Uses of an agent's key of which the firm was not told yet.", untold),
            "lookups_logged": ("Rows of the look-up log.", self.lookups.head.number),
        }
        return {name: (meaning, float(value)) for name, (meaning, value) in known.items() if value is not None}

    # Sending and signing

    @property
    def relay(self) -> Client:
        """Sends what others signed, from an account without a role."""
        return self._clients[accounts.RELAY]

    def client(self, caller: Caller) -> Client:
        """Sends from the account that the caller names."""
        return self._clients[self._account(caller)]

    def address_of(self, caller: Caller) -> Address:
        """The account itself. Raises `Problem` if none signs for the caller here."""
        return Address(self._accounts.by_name[self._account(caller)].address)

    def account_of(self, caller: Caller) -> Address | None:
        """The account by which a caller acts: one that signs here, or the one at another gateway that its key names by address."""
        if self.signs_for(caller):
            return self.address_of(caller)
        return Address(caller.account) if caller.account is not None and _ADDRESS.fullmatch(caller.account) else None

    def signed_by(self, caller: Caller, record: Record) -> bytes:
        """An officer's own signature on a record, made here."""
        return self._accounts.by_name[self._account(caller)].sign(record, self.deployment.domain)

    def sent_before(self, intent_id: str) -> str | None:
        """The transaction by which this intent was sent before, if it was."""
        ticket = self.outbox.find(intent_id)
        return None if ticket is None else ticket.name

    def now(self, snapshot: Snapshot) -> Time:
        """By this gateway's clock, or by the chain's where that is ahead."""
        return Time(max(snapshot.time, int(self.clock())))

    def valid_until(self, snapshot: Snapshot, seconds: int) -> Time:
        """The last second of a signature that is to be good for so long."""
        return Time(self.now(snapshot) + seconds)

    def is_own_account(self, account: str) -> bool:
        """Whether an account signs here."""
        return account.lower() in self._own_addresses

    def require_foreign(self, signer: str) -> Address:
        """A party's signer, which must be no account of this gateway."""
        if self.is_own_account(signer):
            title = "该账户由本平台持有，不能作为企业或服务机构的签名账户。 This gateway holds that account; it cannot sign for a party."
            raise Problem(422, "SignerIsGateways", title, signer=signer)
        return Address(signer)

    @property
    def _own_addresses(self) -> frozenset[str]:
        return frozenset(account.address.lower() for account in self._accounts.by_name.values())

    def signs_for(self, caller: Caller) -> bool:
        """Whether an account signs here for a caller."""
        return caller.home == self.region and caller.account in self._clients

    def _account(self, caller: Caller) -> str:
        if caller.account is None or not self.signs_for(caller):
            raise Problem(403, "NoAccount", "本平台没有该角色的签名账户。 No account signs for this caller here.")
        return caller.account

    def _require_no_party_signs_here(self) -> None:
        with self.current() as snapshot:
            found = [each for each in _party_signers(snapshot.ledger) if each.lower() in self._own_addresses]
        if found:
            raise SignsForParty(f"this gateway's account {found[0]} is registered as a party's signer")


def _itself(judged: Judged) -> Judged:
    return judged


def _raise(failure: Exception) -> NoReturn:
    raise failure


def _party_signers(ledger: Ledger) -> set[Address]:
    """Every account that signs for a firm or lab, or is proposed to."""
    labs = {state.signer for _, state in ledger.labs.items()}
    firms = {state.signer for _, state in ledger.firms.items()}
    return (labs | firms | {rotation.signer for _, rotation in ledger.rotations.items()}) - {NO_ADDRESS}
