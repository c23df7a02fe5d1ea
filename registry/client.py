"""
What a region, a lab or a firm can do on the registry, one method a verb, and what it can ask.

Each verb encodes its call, hands it to the outbox, waits until it is final, and returns the events that it caused. Nothing is
read first and nothing is judged here: the contracts are the only judge, and a read would race with other regions. Every verb
may raise `Rejected` (the contract's refusal, by its name), `Unreachable` (nothing was sent) or `OutcomeUnknown` (ask again).

Reads are as of a block, by default the newest final one.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from registry import codec, getters
from registry.chain.deploy import Deployment
from registry.chain.reasons import refusal
from registry.errors import Rejected
from registry.events import Contract, Event, Refused, decode
from registry.getters import Getter, ProgrammeRules
from registry.model import (
    Address,
    Balance,
    Claim,
    Digest,
    Fen,
    Filing,
    Firm,
    Id,
    InvoiceState,
    Lab,
    Motion,
    Order,
    OrderState,
    Pool,
    Programme,
    Recipient,
    Redemption,
    Region,
    RegistryStatus,
    Release,
    Reservation,
    Role,
    Signatures,
    Slice,
    Tag,
    Terms,
    Time,
    Voucher,
)
from registry.outbox import Intent, Outbox
from registry.ports import Account, Log, Node
from registry.rules import (
    AccountState,
    Closing,
    FirmState,
    Flag,
    LabState,
    MotionState,
    Offer,
    OfferedKeys,
    Partnership,
    RegionState,
    Rotation,
    Window,
)

FINAL_WITHIN_SECONDS = 60.0

# What the contract wants to see left before each call of a batch, which is more than any of them uses.
GAS_OF_ITEM = 400_000
# Several times what enrolling one takes.
GAS_OF_FIRM = 400_000

E = TypeVar("E", bound=Event)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Done:
    """A verb that took effect: its events in the contracts' order, and where on the chain they stand."""

    events: tuple[Event, ...]
    transaction: Digest
    block: int

    def of(self, kind: type[E]) -> list[E]:
        """The events of one kind, in order."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def refusals(self) -> Mapping[int, Rejected]:
        """After `try_each`: why, by its place, each refused call was refused."""
        return {event.index: refusal(event.reason) for event in self.of(Refused)}


def events_of(logs: Sequence[Log], deployment: Deployment) -> tuple[Event, ...]:
    """
    The events of a deployment's own contracts among log entries.

    Raises:
        MalformedEvent: one of the contracts wrote what its version cannot write.
    """
    contracts = deployment.contracts
    return tuple(decode(contracts[log.address], log.topics, log.data) for log in logs if log.address in contracts)


def call_of(verb: str, *arguments: Any) -> bytes:
    """One call of a batch, as `Client.try_each` takes it: `reserve`, `redeem` or `release` with its arguments."""
    return codec.encode(verb, *arguments)


class Client:
    """
    One account's way to the registry.

    Every verb takes `intent_id`, the name under which it is to happen once: the same id with the same call gives the same
    answer for ever, whoever asks and however often. Without one each call is an intent of its own.
    """

    def __init__(
        self, node: Node, deployment: Deployment, outbox: Outbox, account: Account, *, final_within: float = FINAL_WITHIN_SECONDS
    ) -> None:
        self.deployment = deployment
        self.address = Address(account.address)
        self._node = node
        self._outbox = outbox
        self._final_within = final_within
        self._addresses = deployment.addresses
        outbox.attach(account)

    def send(self, contract: Contract, what: str, calldata: bytes, *, intent_id: str | None = None, gas: int | None = None) -> Done:
        """
        Send calldata of `registry.codec` to a contract, wait until it is final, and return its events; `gas` as in `Intent`.

        Raises:
            Rejected: the contract refused; nothing changed.
            Unreachable: nothing was sent.
            OutcomeUnknown: it may happen yet; call again with the same `intent_id`.
        """
        intent = Intent(
            id=intent_id or str(uuid.uuid4()),
            what=what,
            target=self._addresses[contract],
            calldata=calldata,
            sender=self.address,
            gas=gas,
        )
        outcome = self._outbox.wait(self._outbox.submit(intent), self._final_within)
        receipt = outcome.receipt
        return Done(events_of(receipt.logs, self.deployment), receipt.transaction, receipt.block)

    # Programmes and their money

    def open(self, programme: Programme, *, intent_id: str | None = None) -> Done:
        """Fix a programme for ever."""
        return self._send("open", programme, intent_id=intent_id)

    def fund(self, programme: Id, amount: Fen, bank_reference: Digest, *, intent_id: str | None = None) -> Done:
        """Record money set aside (拨入)."""
        return self._send("fund", programme, amount, bank_reference, intent_id=intent_id)

    def draw(self, programme: Id, amount: Fen, bank_reference: Digest, *, intent_id: str | None = None) -> Done:
        """Take back money that is not committed (划回)."""
        return self._send("draw", programme, amount, bank_reference, intent_id=intent_id)

    # A voucher's life

    def issue(self, terms: Terms, recipients: Sequence[Recipient], *, intent_id: str | None = None) -> Done:
        """Issue one voucher to each recipient (发放), all or none."""
        return self._send("issue", terms, list(recipients), intent_id=intent_id)

    def reserve(self, voucher: Voucher, order: Order, signatures: Signatures, *, intent_id: str | None = None) -> Done:
        """Reserve part of a voucher for an order that firm and lab signed (锁定额度)."""
        return self._send("reserve", voucher, order, signatures, intent_id=intent_id)

    def approve(self, reservations: Sequence[Reservation], *, intent_id: str | None = None) -> Done:
        """Approve requested orders (审核确认), all or none."""
        return self._send("approve", list(reservations), intent_id=intent_id)

    def decline(self, reservations: Sequence[Reservation], *, intent_id: str | None = None) -> Done:
        """Turn requested orders down (不予确认), all or none."""
        return self._send("decline", list(reservations), intent_id=intent_id)

    def release(self, voucher: Voucher, order: Order, consent: Release, signatures: Signatures, *, intent_id: str | None = None) -> Done:
        """Give an order's money back to its voucher (释放额度)."""
        return self._send("release", voucher, order, consent, signatures, intent_id=intent_id)

    def extend(self, reservation: Reservation, until: Time, *, intent_id: str | None = None) -> Done:
        """Give an open order more time, to the last second `until`."""
        return self._send("extend", reservation, until, intent_id=intent_id)

    def redeem(
        self, voucher: Voucher, order: Order, redemption: Redemption, signatures: Signatures, *, intent_id: str | None = None
    ) -> Done:
        """Ask for the money of an open order (申请兑付), as firm and lab signed."""
        return self._send("redeem", voucher, order, redemption, signatures, intent_id=intent_id)

    def endorse(self, claims: Sequence[Claim], *, intent_id: str | None = None) -> Done:
        """Pass the first review (初审), all or none."""
        return self._send("endorse", list(claims), intent_id=intent_id)

    def accept(self, claims: Sequence[Claim], *, intent_id: str | None = None) -> Done:
        """Find claims in order (审核通过), all or none."""
        return self._send("accept", list(claims), intent_id=intent_id)

    def reject(self, filings: Sequence[Filing], *, intent_id: str | None = None) -> Done:
        """Send claims back for correction (退回补正), all or none."""
        return self._send("reject", list(filings), intent_id=intent_id)

    def settle(self, claims: Sequence[Claim], payment: Digest, *, intent_id: str | None = None) -> Done:
        """Record that claims were paid (拨付), all or none, under one payment reference hash."""
        return self._send("settle", list(claims), payment, intent_id=intent_id)

    def reverse(self, claim: Claim, recover: Fen, reason: Digest, *, intent_id: str | None = None) -> Done:
        """Declare `recover` fen of a settled claim a debt (冲销)."""
        return self._send("reverse", claim, recover, reason, intent_id=intent_id)

    def refunded(self, filing: Filing, *, intent_id: str | None = None) -> Done:
        """Record that the debt came back (资金已退回)."""
        return self._send("refunded", filing, intent_id=intent_id)

    def try_each(self, calls: Sequence[bytes], *, intent_id: str | None = None) -> Done:
        """Run calls made by `call_of`, each on its own; see `Done.refusals`."""
        gas = (len(calls) + 1) * GAS_OF_ITEM
        return self.send(Contract.VOUCHER_REGISTRY, "tryEach", codec.encode("tryEach", list(calls)), intent_id=intent_id, gas=gas)

    # Labs, items, firms and their keys

    def admit(self, lab: Lab, signer: Address, seller: Tag, qualified_until: Time, *, intent_id: str | None = None) -> Done:
        """Admit a lab of one's own region."""
        return self._send("admit", lab, signer, seller, qualified_until, intent_id=intent_id)

    def renew(self, lab: Id, seller: Tag, qualified_until: Time, *, intent_id: str | None = None) -> Done:
        """Renew a lab's qualification, or change who invoices for it."""
        return self._send("renew", lab, seller, qualified_until, intent_id=intent_id)

    def list_items(self, lab: Id, codes: Sequence[str], *, intent_id: str | None = None) -> Done:
        """List a lab's instruments or service entries (`list` in the contract)."""
        return self._send("list", lab, list(codes), intent_id=intent_id)

    def suspend(self, lab: Id, *, intent_id: str | None = None) -> Done:
        """Suspend a lab (暂停)."""
        return self._send("suspend", lab, intent_id=intent_id)

    def exit(self, lab: Id, *, intent_id: str | None = None) -> Done:
        """Let a lab leave (退出); what it began runs off."""
        return self._send("exit", lab, intent_id=intent_id)

    def freeze(self, lab: Id, *, intent_id: str | None = None) -> Done:
        """Freeze a lab (冻结)."""
        return self._send("freeze", lab, intent_id=intent_id)

    def reinstate(self, lab: Id, *, intent_id: str | None = None) -> Done:
        """Make a lab active again (恢复)."""
        return self._send("reinstate", lab, intent_id=intent_id)

    def enrol(self, firm: Firm, signer: Address, *, intent_id: str | None = None) -> Done:
        """Enrol a firm of one's own region. The node is asked for no estimate: firms come in hundreds, and that is most of its work."""
        calldata = codec.encode("enrol", firm, signer)
        return self.send(Contract.DIRECTORY, "enrol", calldata, intent_id=intent_id, gas=GAS_OF_FIRM)

    def rotate(self, subject: Id, signer: Address, *, intent_id: str | None = None) -> Done:
        """Replace one's own key at once, or as the office propose one."""
        return self._send("rotate", subject, signer, intent_id=intent_id)

    def veto_rotation(self, subject: Id, *, intent_id: str | None = None) -> Done:
        """Refuse the office's proposal with the key in place."""
        return self._send("vetoRotation", subject, intent_id=intent_id)

    def complete_rotation(self, subject: Id, *, intent_id: str | None = None) -> Done:
        """Put a proposed key in place once its time has come."""
        return self._send("completeRotation", subject, intent_id=intent_id)

    def recognise(self, subjects: Sequence[Id], from_: Time, until: Time, *, intent_id: str | None = None) -> Done:
        """Recognise labs and items for one's region's vouchers (纳入互认目录)."""
        return self._send("recognise", list(subjects), from_, until, intent_id=intent_id)

    def withdraw(self, subjects: Sequence[Id], *, intent_id: str | None = None) -> Done:
        """End recognition (移出互认目录)."""
        return self._send("withdraw", list(subjects), intent_id=intent_id)

    def flag(self, subject: Id, reason: Digest, *, intent_id: str | None = None) -> Done:
        """Stop a firm or lab everywhere for 30 days (风险通告)."""
        return self._send("flag", subject, reason, intent_id=intent_id)

    def second(self, subject: Id, reason: Digest, *, intent_id: str | None = None) -> Done:
        """Make another region's flag last (附议)."""
        return self._send("second", subject, reason, intent_id=intent_id)

    def unflag(self, subject: Id, *, intent_id: str | None = None) -> Done:
        """Take one's own flag back."""
        return self._send("unflag", subject, intent_id=intent_id)

    def lift(self, motion: Motion, *, intent_id: str | None = None) -> Done:
        """Lift a flag under a carried motion (解除通告)."""
        return self._send("lift", motion, intent_id=intent_id)

    # The consortium

    def offer(self, account: Address, role: Role, *, intent_id: str | None = None) -> Done:
        """Offer an account a role for one's own region, as the admin; it counts once the account takes it up."""
        return self._send("offer", account, role, intent_id=intent_id)

    def take_up(self, region: Region, role: Role, *, intent_id: str | None = None) -> Done:
        """Take up the role, or the place of a region's key, that one was offered."""
        return self._send("takeUp", region, role, intent_id=intent_id)

    def revoke(self, account: Address, *, intent_id: str | None = None) -> Done:
        """Take an offer back, or end an account's role for ever, as the admin."""
        return self._send("revoke", account, intent_id=intent_id)

    def recover(self, admin: Address, *, intent_id: str | None = None) -> Done:
        """End one's region's admin with the recovery key, and offer the place to another account."""
        return self._send("recover", admin, intent_id=intent_id)

    def rotate_recovery(self, recovery: Address, *, intent_id: str | None = None) -> Done:
        """Offer the recovery key's place to another account with it."""
        return self._send("rotateRecovery", recovery, intent_id=intent_id)

    def vote(self, motion: Motion, *, intent_id: str | None = None) -> Done:
        """Vote for a motion as the admin; the first vote proposes it."""
        return self._send("vote", motion, intent_id=intent_id)

    def veto(self, motion: Motion, *, intent_id: str | None = None) -> Done:
        """Stop a motion to replace one's region's keys, with the recovery key."""
        return self._send("veto", motion, intent_id=intent_id)

    def enact(self, motion: Motion, *, intent_id: str | None = None) -> Done:
        """Put a carried motion on regions and keys into effect."""
        return self._send("enact", motion, intent_id=intent_id)

    def set_registry(self, motion: Motion, *, intent_id: str | None = None) -> Done:
        """Put a carried motion on a registry or claimant into effect on the invoice ledger."""
        return self._send("setRegistry", motion, intent_id=intent_id)

    def void_claim(self, motion: Motion, settled: Claim, redemption: Redemption, *, intent_id: str | None = None) -> Done:
        """Put a carried motion to void a settled claim into effect on the invoice ledger."""
        return self._send("voidClaim", motion, settled, redemption, intent_id=intent_id)

    def close_month(self, home: Region, host: Region, month: int, statement: Digest, *, intent_id: str | None = None) -> Done:
        """Name the hash of a month's statement (月度核对); `month` is year × 100 + month, UTC+8."""
        return self._send("closeMonth", home, host, month, statement, intent_id=intent_id)

    # Reads

    def region(self, region: Region, *, block: int | None = None) -> RegionState:
        """A member: status, keys, caretaker."""
        return self._read(getters.REGION, region, block=block)

    def account(self, account: Address, *, block: int | None = None) -> AccountState:
        """The region and role of an account."""
        return self._read(getters.ACCOUNT, account, block=block)

    def offer_of(self, region: Region, account: Address, *, block: int | None = None) -> Offer:
        """The role that a region's admin offered an account; by nobody if none is open."""
        return self._read(getters.OFFER, region, account, block=block)

    def offered_keys_of(self, region: Region, *, block: int | None = None) -> OfferedKeys:
        """The accounts that a region's recovery key offered a key's place."""
        return self._read(getters.OFFERED_KEYS, region, block=block)

    def motion(self, motion: Id, *, block: int | None = None) -> MotionState:
        """How far a motion is."""
        return self._read(getters.MOTION, motion, block=block)

    def closing_of(self, home: Region, host: Region, month: int, *, block: int | None = None) -> Closing:
        """Both sides' statements of a month."""
        return self._read(getters.CLOSING, codec.closing_id(home, host, month), block=block)

    def lab(self, lab: Id, *, block: int | None = None) -> LabState:
        """A lab; its standing is NONE if it was never admitted."""
        return self._read(getters.LAB, lab, block=block)

    def firm(self, firm: Id, *, block: int | None = None) -> FirmState:
        """A firm; its region is 0 if it was never enrolled."""
        return self._read(getters.FIRM, firm, block=block)

    def lab_of_item(self, item: Id, *, block: int | None = None) -> Id:
        """The lab that an item belongs to, or NO_ID."""
        return Id(self._read(getters.ITEM, item, block=block))

    def recognition_of(self, region: Region, subject: Id, *, block: int | None = None) -> Window:
        """From when until when a region's vouchers may be spent at a lab or on an item."""
        return self._read(getters.RECOGNITION, region, subject, block=block)

    def rotation_of(self, subject: Id, *, block: int | None = None) -> Rotation:
        """The key that an office proposed, if any."""
        return self._read(getters.ROTATION, subject, block=block)

    def flag_of(self, subject: Id, *, block: int | None = None) -> Flag:
        """The latest flag on a firm or lab."""
        return self._read(getters.FLAG, subject, block=block)

    def invoice_of(self, invoice: Tag, *, block: int | None = None) -> InvoiceState:
        """How much of an invoice is under live claims."""
        return self._read(getters.INVOICE, invoice, block=block)

    def registry_status(self, registry: Address, *, block: int | None = None) -> RegistryStatus:
        """What a registry may do on the invoice ledger."""
        return self._read(getters.REGISTRY, registry, block=block)

    def rules_of(self, programme: Id, *, block: int | None = None) -> ProgrammeRules:
        """What the contract keeps of a programme; region 0 if it was never opened."""
        return self._read(getters.RULES, programme, block=block)

    def slices_of(self, programme: Id, *, block: int | None = None) -> tuple[Slice, ...]:
        """A programme's subsidy rule."""
        return self._read(getters.SLICES, programme, block=block)

    def pool_of(self, programme: Id, *, block: int | None = None) -> Pool:
        """The money set aside for a programme."""
        return self._read(getters.POOL, programme, block=block)

    def agreement_of(self, programme: Id, agreement: Tag, *, block: int | None = None) -> Fen:
        """Live cost under an agreement, where the rule is not one unlimited rate."""
        return Fen(self._read(getters.AGREEMENT, programme, agreement, block=block))

    def balance_of(self, voucher: Id, *, block: int | None = None) -> Balance:
        """A voucher's notes; all 0 if it was never issued."""
        return self._read(getters.BALANCE, voucher, block=block)

    def order_state(self, order: Id, *, block: int | None = None) -> OrderState:
        """Where an order stands; its stage is NONE if it was never reserved."""
        return self._read(getters.ORDER, order, block=block)

    def partnership_of(self, programme: Id, project: Tag, lab: Id, *, block: int | None = None) -> Partnership:
        """The firms that share one project at one lab under a joint programme."""
        return self._read(getters.PARTNERSHIP, codec.joint_id(programme, project, lab), block=block)

    def _send(self, verb: str, *arguments: Any, intent_id: str | None) -> Done:
        return self.send(Contract(codec.VERBS[verb].contract), verb, codec.encode(verb, *arguments), intent_id=intent_id)

    def _read(self, getter: Getter[V], *arguments: Any, block: int | None) -> V:
        at = self._node.finalised_head().number if block is None else block
        return getter.read(self._node.ask(getter.question(self._addresses, *arguments), at))
