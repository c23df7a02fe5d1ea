"""
What all checks share: the gateway under test, the chain, the partner, the parties, and what earlier checks came to.

The candidate's side is asked of its gateway alone, but for what regions do with their own two keys, which no gateway carries: that is sent
to the node, as the command line sends it. The partner's side is sent there with the partner's own keys, since a rehearsal has one gateway:
so that one also shows whether it understands what others do.
"""

import secrets
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import Any, ParamSpec, Self, TypeVar

import httpx

from registry.chain.raw import RawNode
from registry.client import FINAL_WITHIN_SECONDS, Client
from registry.codec import Domain, id_of, parse_typed_data
from registry.conformance.cast import CLAIMANT, FOURTH, PARTNER, THIRD, invoice
from registry.conformance.desks import Answer, Desk, Wire
from registry.conformance.refusals import WrongGateway
from registry.conformance.rehearsal import CALLERS, Rehearsal
from registry.conformance.report import EventNamed
from registry.errors import Rejected
from registry.facts import Facts
from registry.getters import BALANCE, MOTION, ORDER, POOL, Getter
from registry.index import Index, Snapshot
from registry.keystore import KeyAccount
from registry.model import (
    NO_ADDRESS,
    NO_ID,
    Address,
    Balance,
    Claim,
    Filing,
    Firm,
    Id,
    Motion,
    MotionKind,
    Order,
    Pool,
    Record,
    Redemption,
    Region,
    Release,
    Reservation,
    Time,
)
from registry.outbox import Intent, Outbox
from registry.ports import SigningAccount
from registry.rules import MotionState, month_of
from registry.statement import Statement

P = ParamSpec("P")
V = TypeVar("V")

DAY = 86_400
NOBODYS_CASE = Region(0)
VOTES = 3
"""More than half of the four members that there are once the fourth is admitted."""

REPORT = "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c"
"""The SHA-256 of a test result's report."""


def id_in(text: str) -> Id:
    """An id that is written as gateways write it."""
    return Id(bytes.fromhex(text[2:]))


def reviewed(stage: str) -> dict[str, Any]:
    """What `Stage.review` says of an order that is at this stage afterwards."""
    return {"status": 200, "stages": [stage], "chain": stage}


def refusal_of(act: Callable[P, object], *arguments: P.args, **more: P.kwargs) -> str | None:
    """By what name a contract refuses what an account sends to the node; None of what it takes."""
    try:
        act(*arguments, **more)
    except Rejected as refused:
        return refused.code
    return None


class NotAgreed(Exception):
    """A document that the gateway prepared says something else than was asked for; it was not signed."""


class Stage:
    """
    One rehearsal under way. Close it, or use it as a context manager.

    `remembered` is what checks leave to later ones, also to those of a report that is continued: ids and times, as JSON has them.
    """

    def __init__(
        self, rehearsal: Rehearsal, node: RawNode, gateway_url: str, admin: SigningAccount, remembered: Mapping[str, Any] | None = None
    ) -> None:
        self.rehearsal = rehearsal
        self.admin = admin
        self.node = node
        self.wire = Wire(gateway_url)
        self.deployment = rehearsal.deployment
        self.domain: Domain = rehearsal.deployment.domain
        self.region = rehearsal.region
        self.remembered: dict[str, Any] = dict(remembered or {})
        self._open = ExitStack()
        self._open.callback(self.wire.http.close)
        self._accounts: dict[str, KeyAccount] = {}
        self._desks: dict[str, Desk] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    # The gateway

    def desk(self, caller: str) -> Desk:
        """A caller's desk at the gateway."""
        if caller not in self._desks:
            self._desks[caller] = Desk(self.wire, self.rehearsal.api_key(caller))
        return self._desks[caller]

    @cached_property
    def nobody(self) -> Desk:
        """Somebody without an API key."""
        return Desk(self.wire, None)

    def require_gateway(self) -> None:
        """
        The gateway is the candidate's, on this rehearsal's contracts, and takes each API key in the folder for its caller's.

        Raises:
            RehearsalRefused: a caller has no API key in the folder.
            WrongGateway: it is another gateway, or it does not know a caller.
            Unreachable: it does not answer.
        """
        self.rehearsal.require_api_keys()
        self._require_region()
        self._require_callers()
        self._require_deployment()

    def _require_region(self) -> None:
        answer, url = self.nobody.get("/v1/status"), self.wire.url
        if (served := answer.body.get("region")) != self.region:
            raise WrongGateway(
                f"{url} 的网关属于地区 {served}，本次演练属于 {self.region}；未检验。请核对 --gateway-url 与网关的 TONGQUAN_REGION。 "
                f"The gateway at {url} serves region {served}, this rehearsal is {self.region}'s; nothing was played. "
                f"Look at --gateway-url and at the gateway's TONGQUAN_REGION."
            )

    def _require_callers(self) -> None:
        """Only an auditor may have the trail, and a gateway says to anybody else what he is: so one question shows whose a key is."""
        for caller in CALLERS:
            answer, party = self.desk(caller).get("/v1/trail", limit=1), self.rehearsal.party(caller)
            found = "AUDITOR" if answer.status == httpx.codes.OK else answer.told("party")["party"]
            if found != party:
                script = self.rehearsal.script
                raise WrongGateway(
                    f"网关 {self.wire.url} 不接受 {caller} 的 API 密钥（应为 {party}，返回 {answer.status}）；未检验。"
                    f"请在该网关的状态目录（TONGQUAN_STATE）上运行 {script}。 "
                    f"The gateway at {self.wire.url} does not take {caller}'s API key for that of a {party} (it answered {answer.status}); "
                    f"nothing was played. Run {script} against this gateway's state (TONGQUAN_STATE)."
                )

    def _require_deployment(self) -> None:
        """By the first event of its trail: the founding of this rehearsal's consortium, which stands in one transaction of one chain."""
        events = self.desk("auditor").get("/v1/trail", limit=1).body.get("events", [])
        logs = self.node.logs(self.deployment.block, self.head, list(self.deployment.contracts))
        told = [(each.get("block"), each.get("transaction")) for each in events]
        if told != [(each.block, "0x" + each.transaction.hex()) for each in logs[:1]]:
            file = self.rehearsal.folder / "deployment.json"
            raise WrongGateway(
                f"网关 {self.wire.url} 所用的不是本次演练的合约；未检验。请以 TONGQUAN_DEPLOYMENT={file} 和本演练网络的节点重新启动网关。 "
                f"The gateway at {self.wire.url} follows other contracts than this rehearsal's; nothing was played. "
                f"Start it with TONGQUAN_DEPLOYMENT={file} and a node of the rehearsal's network."
            )

    def review(self, verb: str, caller: str, order: str, **more: str) -> dict[str, Any]:
        """An officer acts on one order; the stage after it there, and on the chain."""
        answer = self.desk(caller).post(f"/v1/orders/{verb}", {"orders": [order], **more})
        stages = [each.get("stage") for each in answer.body.get("orders", [])] or None
        told = answer.told()
        return told if stages is None else told | {"stages": stages, "chain": self.order(order)}

    def verify(self, serial: str, *, firm: str = "firm", caller: str = "lab", **more: Any) -> dict[str, Any]:
        """What a caller is told of a voucher: the status, and every reason's code."""
        answer = self.desk(caller).ask("/v1/verifications", {"voucher": self.named(serial, firm), **more})
        reasons = [each.get("code") for each in answer.body.get("reasons", [])]
        return answer.told("status") | {"http": answer.status, "reasons": reasons}

    def pages(self, caller: str, path: str, name: str) -> list[Mapping[str, Any]]:
        """Everything that the gateway lists, page by page."""
        found: list[Mapping[str, Any]] = []
        cursor = None
        while True:
            page = self.desk(caller).get(path, cursor=cursor)
            found += page[name]
            cursor = page["next"]
            if cursor is None or not page[name]:
                return found

    # The chain

    @property
    def head(self) -> int:
        """The newest final block."""
        return self.node.finalised_head().number

    @property
    def now(self) -> int:
        """The newest final block's time, which is what contracts judge by."""
        return self.node.finalised_head().time

    def read(self, getter: Getter[V], *arguments: Any) -> V:
        """What a contract answers as of the newest final block."""
        return getter.read(self.node.ask(getter.question(self.deployment.addresses, *arguments), self.head))

    def order(self, order: str) -> str:
        """The stage at which an order stands on the chain."""
        return self.read(ORDER, id_in(order)).stage.name

    def balance(self, voucher: str) -> dict[str, str]:
        """A voucher's four parts on the chain."""
        found: Balance = self.read(BALANCE, id_in(voucher))
        return {name: str(getattr(found, name)) for name in ("available", "reserved", "redeemed", "lapsed")}

    def pool(self, programme: str) -> dict[str, str]:
        """A programme's pool on the chain."""
        found: Pool = self.read(POOL, id_in(programme))
        return {name: str(getattr(found, name)) for name in ("funded", "committed", "paid")}

    def events_since(self, block: int) -> list[EventNamed]:
        """What the contracts told after a block."""
        contracts, head = self.deployment.contracts, self.head
        logs = self.node.logs(block + 1, head, list(contracts)) if head > block else []
        return [EventNamed.of(log, contracts) for log in logs]

    @cached_property
    def _index(self) -> Index:
        return self._open.enter_context(Index(self.rehearsal.folder / "index.sqlite", self.node, self.deployment))

    @contextmanager
    def seen(self) -> Iterator[Snapshot]:
        """Everything that the node's events say by now."""
        self._index.refresh()
        with self._index.snapshot() as snapshot:
            yield snapshot

    def filing(self, order: str) -> Filing:
        """The claim and the redemption of an order, as the chain has them."""
        with self.seen() as snapshot:
            claim: Claim = snapshot.ledger.claims[id_in(order)]
            return Filing(claim, snapshot.ledger.redemptions[claim.order])

    def reservation(self, order: str) -> Reservation:
        """An order with its voucher, likewise."""
        with self.seen() as snapshot:
            record = snapshot.ledger.order_records[id_in(order)]
            return Reservation(snapshot.ledger.vouchers[record.voucher], record)

    # Keys

    def account(self, name: str) -> KeyAccount:
        """An account whose key lies in the rehearsal's folder; where its key was replaced, the next one."""
        name = self.remembered.get(f"key of {name}", name)
        if name not in self._accounts:
            self._accounts[name] = self.rehearsal.account(name)
        return self._accounts[name]

    def address(self, name: str) -> Address:
        """Such an account's address."""
        return Address(self.account(name).address)

    def use_next_key(self, name: str) -> None:
        """From now on an account's next key stands for it."""
        self.remembered[f"key of {name}"] = f"{name}-next"

    @cached_property
    def _outbox(self) -> Outbox:
        path = self.rehearsal.folder / "partners.sqlite"
        return self._open.enter_context(Outbox(path, self.node, chain_id=self.deployment.chain_id))

    def client(self, account: SigningAccount) -> Client:
        """An account's own way to the node, which is the command line's."""
        return Client(self.node, self.deployment, self._outbox, account)

    def partner(self, name: str, region: Region = PARTNER) -> Client:
        """A partner's account at the node."""
        return self.client(self.account(f"{region}-{name}"))

    @property
    def office(self) -> Client:
        """The candidate's admin, whose key its operator holds."""
        return self.client(self.admin)

    @property
    def recovery(self) -> Client:
        """The candidate's recovery key."""
        return self.client(self.account(f"{self.region}-recovery"))

    def fresh_block(self) -> None:
        """A new block, where a chain makes one only for a transaction: an account that has no say sends itself nothing."""
        account = self.account(CLAIMANT)
        self._outbox.attach(account)
        nothing = Intent(
            id=str(uuid.uuid4()), what="fresh block", target=Address(account.address), calldata=b"", sender=Address(account.address)
        )
        self._outbox.wait(self._outbox.submit(nothing), FINAL_WITHIN_SECONDS)

    # Motions

    def motion(
        self,
        name: str,
        kind: MotionKind,
        region: Region = NOBODYS_CASE,
        *,
        account: Address = NO_ADDRESS,
        other: Address = NO_ADDRESS,
        subject: Id = NO_ID,
        days: int = 30,
    ) -> Motion:
        """A motion under a name of this rehearsal's: whoever names it again has the very same."""
        expires = self.remembered.setdefault(f"{name}: expires", self.now + days * DAY)
        nonce = self.remembered.setdefault(f"{name}: nonce", secrets.randbits(32))
        return Motion(kind, region, account, other, subject, Time(expires), nonce)

    def motion_state(self, motion: Motion) -> MotionState:
        """How far a motion is on the chain."""
        return self.read(MOTION, id_of(motion))

    def carry(self, motion: Motion) -> None:
        """As many members vote as carry a motion, the candidate first; nobody on its own case."""
        may_vote = [each for each in (self.region, PARTNER, THIRD, FOURTH) if each != motion.region]
        for region in may_vote[:VOTES]:
            admin = self.office if region == self.region else self.partner("admin", region)
            admin.vote(motion)

    # Parties

    def named(self, serial: str, firm: str = "firm") -> dict[str, Any]:
        """A voucher as its holder knows it."""
        region = PARTNER if firm.startswith("partner") else self.region
        return {"region": region, "firm": self.rehearsal.codes.companies[firm], "serial": serial}

    def lab_id(self, name: str) -> str:
        """A test lab's id as gateways write it."""
        return "0x" + self.rehearsal.lab_id(name).hex()

    def firm_id(self, name: str) -> str:
        """A test firm's id likewise."""
        region = PARTNER if name.startswith("partner") else self.region
        return "0x" + id_of(Firm(region, self.rehearsal.keyring.firm(self.rehearsal.codes.companies[name]))).hex()

    def number(self) -> int:
        """A number that no other document of this rehearsal has."""
        self.remembered["number"] = self.remembered.get("number", 0) + 1
        return int(self.remembered["number"])

    def prepare_order(
        self, serial: str, amount: str, *, firm: str = "firm", lab: str = "lab", project: str = "P-1", item: str | None = None
    ) -> Answer:
        """An order as the gateway prepares it: for its own lab, or at its own firm's wish for another's."""
        asked: dict[str, Any] = {"voucher": self.named(serial, firm), "project": project, "amount": amount}
        asked |= {"item": item} if item else {}
        if lab == "lab":
            return self.desk("lab").ask("/v1/orders/prepare", asked)
        return self.desk(firm).ask("/v1/orders/prepare", asked | {"lab": self.lab_id(lab)})

    def order_signed(self, serial: str, amount: str, *, firm: str = "firm", lab: str = "lab", **more: Any) -> dict[str, Any]:
        """An order that both parties read and signed; `more` as for `prepare_order`."""
        prepared = self.prepare_order(serial, amount, firm=firm, lab=lab, **more)
        project = self.rehearsal.keyring.project(self.rehearsal.codes.companies[firm], more.get("project", "P-1"))
        agreed = {"amount": int(amount), "lab": self.rehearsal.lab_id(lab), "project": project}
        return self.signed(prepared, Order, firm, lab, agreed)

    def reserve(self, serial: str, amount: str, *, firm: str = "firm", lab: str = "lab", **more: Any) -> str:
        """The id of an order that was reserved."""
        signed = self.order_signed(serial, amount, firm=firm, lab=lab, **more)
        return str(self.desk("lab" if lab == "lab" else firm).post("/v1/orders", signed)["order_id"])

    def redemption_signed(
        self, order: str, *, cost: str, subsidy: str, firm: str = "firm", lab: str = "lab", number: int | None = None, agreement: str = ""
    ) -> dict[str, Any]:
        """A redemption that both parties read and signed, on a new invoice and agreement unless they are named."""
        prepared, agreed = self.prepare_redemption(order, cost=cost, subsidy=subsidy, lab=lab, number=number, agreement=agreement)
        return self.signed(prepared, Redemption, firm, lab, agreed)

    def prepare_redemption(
        self, order: str, *, cost: str, subsidy: str, lab: str = "lab", number: int | None = None, agreement: str = ""
    ) -> tuple[Answer, dict[str, Any]]:
        """A redemption as the gateway prepares it, which is asked for what the rule allows; and what it must say."""
        paper, seller = invoice(number or self.number()), self.rehearsal.codes.companies[lab]
        contract = {"seller": seller, "number": agreement or f"C-{self.number()}"}
        asked = {"order": order, "cost": cost, "agreement": contract, "invoice": paper, "invoice_amount": cost, "report_sha256": REPORT}
        keyring = self.rehearsal.keyring
        agreed = {
            "order": id_in(order),
            "cost": int(cost),
            "subsidy": int(subsidy),
            "invoice": keyring.invoice(paper["number"], code=paper["code"]),
            "agreement": keyring.agreement(seller, contract["number"]),
        }
        return self.desk("lab" if lab == "lab" else "firm").ask("/v1/redemptions/prepare", asked), agreed

    def redeem(self, order: str, *, cost: str, subsidy: str, lab: str = "lab", **more: Any) -> Answer:
        """What came of asking for the money."""
        signed = self.redemption_signed(order, cost=cost, subsidy=subsidy, lab=lab, **more)
        return self.desk("lab" if lab == "lab" else "firm").post("/v1/redemptions", signed)

    def signed(self, prepared: Answer, kind: type[Record], firm: str, lab: str, agreed: Mapping[str, Any]) -> dict[str, Any]:
        """A prepared document, read as strictly as a wallet reads it, with both signatures."""
        self.agreed(prepared, kind, agreed)
        return self.signed_as_told(prepared.body, kind, firm, lab)

    def agreed(self, prepared: Answer, kind: type[Record], agreed: Mapping[str, Any]) -> Record:
        """
        The record in a prepared document.

        Raises:
            CodecError: it is no document of this kind, chain and contract.
            NotAgreed: it says something else than was asked for, or the gateway refused.
        """
        if "typed_data" not in prepared.body:
            raise NotAgreed(f"not prepared: {prepared.told()}")
        record = parse_typed_data(dict(prepared["typed_data"]), kind, self.domain)
        for name, value in agreed.items():
            if getattr(record, name) != value:
                raise NotAgreed(f"{name} is {_shown(getattr(record, name))}, asked for was {_shown(value)}")
        return record

    def signed_as_told(self, document: Mapping[str, Any], kind: type[Record], firm: str = "firm", lab: str = "lab") -> dict[str, Any]:
        """A document with both signatures, whatever it says: what careless parties would bring."""
        record = parse_typed_data(dict(document["typed_data"]), kind, self.domain)
        return {
            "typed_data": document["typed_data"],
            "firm_signature": "0x" + self.account(firm).sign(record, self.domain).hex(),
            "lab_signature": "0x" + self.account(lab).sign(record, self.domain).hex(),
        }

    def joint_signed(self, serial: str, *, firm: str, item: str, lead: Mapping[str, Any] | None) -> dict[str, Any]:
        """An order of a joint voucher on an item, on the lead firm's project."""
        asked: dict[str, Any] = {"voucher": self.named(serial, firm), "project": "P-J", "amount": "200000", "item": item}
        prepared = self.desk("lab").ask("/v1/orders/prepare", asked | ({"lead": dict(lead)} if lead else {}))
        project = self.rehearsal.keyring.project(self.rehearsal.codes.companies["firm"], "P-J")
        return self.signed(prepared, Order, firm, "lab", {"amount": 200_000, "project": project})

    def release_signed(self, order: str, lab: str = "lab") -> dict[str, Any]:
        """A release that the lab signed."""
        prepared = self.desk("lab").ask("/v1/releases/prepare", {"order": order})
        record = self.agreed(prepared, Release, {"order": id_in(order)})
        return {"typed_data": prepared["typed_data"], "lab_signature": "0x" + self.account(lab).sign(record, self.domain).hex()}

    # Months

    def month_of_settlement(self) -> int:
        """The month in which the guest's claim was settled."""
        return month_of(Time(self.remembered["settled at"]))

    def month_now(self) -> int:
        """The month on the chain."""
        return month_of(Time(self.now))

    def statement(self, home: Region, host: Region, month: int) -> Statement:
        """A month's statement, worked out from the node's events."""
        with self.seen() as snapshot:
            return Facts(snapshot).statement(home, host, month)


def _shown(value: Any) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
