"""
The contracts on a real node and the rules in Python, side by side: every call goes to both, and they must agree.

`Twins.act` sends a call to the node and decides it by the rules: same events or same refusal, then the invariants, then the
same value in every slot that it touched and in every other balance, order, pool, invoice, agreement and partnership of the
trial (on ganache, whose calls are slow, in some of them). At the end of a trial all slots are compared. The ledger is folded
from the node's own log entries and from nothing else (I13).

A step is cheap: two or three requests on one connection, and one hash that stands for all slots that are compared.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from http.client import HTTPConnection
from typing import Any

import rlp

from registry import codec, events, rules, signing
from registry.chain.devnode import HOST, Engine
from registry.chain.reasons import refusal
from registry.errors import Rejected
from registry.events import Contract, Event
from registry.getters import FIRST_MONTH, LATEST, MEMBERS, MIRRORED, RULES, SLICES, ProgrammeRules
from registry.model import NO_ADDRESS, Address, Id, Record, Signatures, StandIn, Time
from registry.rules import NO_REASON, Call, Ledger, Signers
from registry.solidity import encode_sequence, keccak, type_of
from tests.contracts.invariants import Watch
from tests.contracts.world import GAS, World

CORE = ("balances", "orders", "pools", "invoices", "agreements", "partnerships", "partner_orders")

VERBS: Mapping[type[Call], str] = {
    rules.Admit: "admit",
    rules.ClaimInvoice: "claim",
    rules.CloseMonth: "closeMonth",
    rules.CompleteRotation: "completeRotation",
    rules.FlagSubject: "flag",
    rules.FreeInvoice: "free",
    rules.ListItems: "list",
    rules.OfferRole: "offer",
    rules.Refund: "refunded",
    rules.ReleaseOrder: "release",
    rules.RotateRecovery: "rotateRecovery",
    rules.SetRegistry: "setRegistry",
    rules.TakeUp: "takeUp",
    rules.TryEach: "tryEach",
    rules.VetoRotation: "vetoRotation",
    rules.VoidClaim: "voidClaim",
}
"""The contract's name of a call where it is not the call's own in lower case."""

SOME = 5
"""How many slots that a step did not touch are compared on a slow engine, others at every step."""

NOT_SENT = ("signers", "predecessor", "known_before")
"""What a call carries for the rules alone."""


def verb_of(call: Call) -> codec.Verb:
    return codec.VERBS[VERBS.get(type(call), type(call).__name__.lower())]


def calldata_of(call: Call, signatures: Signatures | None = None) -> bytes:
    """What a call looks like on the wire; `signatures` stand where the rules have signers."""
    arguments = [getattr(call, each.name) for each in fields(call) if each.name not in NOT_SENT]
    return codec.encode(verb_of(call).name, *arguments, *([signatures] if signatures is not None else []))


class Twins:
    """One world, its ledger, and the keys of everybody in it."""

    def __init__(self, world: World, examiner: str, keys: Iterable[bytes]) -> None:
        self.world = world
        self.addresses = {
            Contract.CONSORTIUM: Address(world.consortium.address),
            Contract.DIRECTORY: Address(world.directory.address),
            Contract.INVOICES: Address(world.invoices.address),
            Contract.PROGRAMMES: Address(world.programmes.address),
            Contract.VOUCHER_REGISTRY: Address(world.registry.address),
        }
        self.keys = {signing.address_of(key): key for key in keys}
        self.steps, self.refusals = 0, 0
        self._contracts = {address.lower(): contract for contract, address in self.addresses.items()}
        self._examiner = examiner
        self._connection = HTTPConnection(HOST, world.node.port)
        self._questions: dict[tuple[str, Any], bytes] = {}
        self._answers: dict[tuple[str, Any], tuple[Any, bytes]] = {}
        self._base = Ledger(registry=self.addresses[Contract.VOUCHER_REGISTRY])
        self._replay()
        self._begin()

    # A trial: whatever happens in it is undone, on both sides

    @contextmanager
    def trial(self) -> Iterator[None]:
        """Let calls be tried from the world as it is, and undo them."""
        with self.world.put_back():
            # The time between two blocks is then one second, unless `wait` says otherwise.
            if self.world.node.engine is Engine.ANVIL:
                self._rpc("anvil_setBlockTimestampInterval", 1)
            self._begin()
            try:
                yield
                if self._agreed:
                    self._compare(self._everything())
            finally:
                if self.world.node.engine is Engine.ANVIL:
                    self._rpc("anvil_removeBlockTimestampInterval")

    def _begin(self) -> None:
        self.ledger = self._base.draft()
        self.watch = Watch()
        self.now = Time(self.world.now())
        self.steps_in_trial = 0
        self._agreed = True
        self._jump: Time | None = None
        self._nonces: dict[Address, int] = {}

    @property
    def next(self) -> Time:
        """The time of the next block."""
        return Time(self.now + 1) if self._jump is None else self._jump

    def wait_until(self, time: int) -> None:
        """Let the next block have this time, if it lies ahead."""
        if time > self.now:
            self._jump = Time(time)

    # Signatures, made and traced back

    def sign(self, record: Record, who: Address) -> bytes:
        return signing.sign(record, self.world.domain, self.keys[who])

    def signer(self, record: Record, signature: bytes) -> Address | None:
        """As the rules are told: None for the sender's own word, NO_ADDRESS for what is nobody's signature."""
        if not any(signature):
            return None
        return signing.signer_of(codec.digest(record, self.world.domain), signature) or NO_ADDRESS

    def signers(self, record: Record, signatures: Signatures, *, stands_in: str = "firm") -> Signers:
        """Who signed a record; with a reason, who signed the `StandIn` in the place that `stands_in` names."""
        signers = Signers(self.signer(record, signatures.firm), self.signer(record, signatures.lab), signatures.reason)
        if signatures.reason == NO_REASON:
            return signers
        stand_in = StandIn(codec.id_of(record), signatures.reason)
        return Signers(signers.firm, signers.lab, signatures.reason, self.signer(stand_in, getattr(signatures, stands_in)))

    # One step

    def act(self, call: Call, by: Address, calldata: bytes | None = None) -> tuple[Event, ...] | Rejected:
        """Send a call to both and compare all that can be compared. What came of it is returned."""
        self._agreed = False
        time = self.next
        calldata = calldata_of(call) if calldata is None else calldata
        expected = self._decided(call, by, time)

        got = self._mined(Contract(verb_of(call).contract), calldata, by, time)

        assert _told(got) == _told(expected), f"{call}\nby {by} at {time}\nthe contracts: {got}\nthe rules: {expected}"
        self.steps += 1
        self.steps_in_trial += 1
        self.refusals += isinstance(got, Rejected)
        touched = self._fold(() if isinstance(got, Rejected) else got)
        self._compare(touched + self._neighbours())
        self._agreed = True
        return got

    def _decided(self, call: Call, by: Address, time: Time) -> tuple[Event, ...] | Rejected:
        try:
            return rules.decide(self.ledger, call, by, time)
        except Rejected as rejected:
            return rejected

    def _fold(self, happened: tuple[Event, ...]) -> list[tuple[str, Any]]:
        step = self.ledger.draft()
        for event in happened:
            self.watch.before(self.ledger, event, self.now)
            rules.apply(step, event, self.now)
            rules.apply(self.ledger, event, self.now)
        self.watch.after(self.ledger, step.balances.touched())
        return [(table, key) for table in MIRRORED for key in getattr(step, table).touched()]

    # The node

    def _mined(self, contract: Contract, calldata: bytes, by: Address, time: Time) -> tuple[Event, ...] | Rejected:
        to = self.addresses[contract]
        self._set_time(time)
        receipt = self._send(self._signed(to, calldata, by))
        self.now, self._jump = time, None
        assert receipt.get("blockTimestamp", time) == time, "the node has another clock"
        if int(receipt["status"], 16):
            return tuple(self._event(log) for log in receipt["logs"])
        # It changed nothing, so asking again after it, at its own block's time, meets the same refusal.
        request = {"from": by, "to": to, "data": f"0x{calldata.hex()}", "gas": hex(GAS)}
        answer = self._answer("eth_call", request, "latest")
        assert "error" in answer, f"refused when mined, and not when asked again: {calldata.hex()}"
        return refusal(bytes.fromhex(str(answer["error"].get("data") or "0x")[2:]))

    def _set_time(self, time: Time) -> None:
        if self.world.node.engine is Engine.GANACHE:
            self._rpc("evm_setTime", time * 1000)
        elif self._jump is not None:
            self._rpc("evm_setNextBlockTimestamp", time)

    def _signed(self, to: Address, calldata: bytes, by: Address) -> str:
        """A raw transaction as EIP-155 signs it."""
        nonce = self._nonces.get(by)
        if nonce is None:
            nonce = int(self._rpc("eth_getTransactionCount", by, "latest"), 16)
        self._nonces[by] = nonce + 1
        chain_id = self.world.node.chain_id
        content = [nonce, 0, GAS, bytes.fromhex(to[2:]), 0, calldata]
        signature = signing.sign_digest(keccak(rlp.encode([*content, chain_id, 0, 0])), self.keys[by])
        r, vs = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        v = chain_id * 2 + 35 + (vs >> 255)
        return f"0x{rlp.encode([*content, v, r, vs & (1 << 255) - 1]).hex()}"

    def _send(self, raw: str) -> dict[str, Any]:
        if self.world.node.engine is Engine.ANVIL:
            return self._rpc("eth_sendRawTransactionSync", raw)
        return self._rpc("eth_getTransactionReceipt", self._rpc("eth_sendRawTransaction", raw))

    def _event(self, log: Mapping[str, Any]) -> Event:
        topics = [bytes.fromhex(each[2:]) for each in log["topics"]]
        return events.decode(self._contracts[log["address"].lower()], topics, bytes.fromhex(log["data"][2:]))

    def _rpc(self, method: str, *params: object) -> Any:
        answer = self._answer(method, *params)
        assert "error" not in answer, (method, answer)
        return answer["result"]

    def _answer(self, method: str, *params: object) -> dict[str, Any]:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        self._connection.request("POST", "/", body, {"content-type": "application/json"})
        answer: dict[str, Any] = json.loads(self._connection.getresponse().read())
        return answer

    def _replay(self) -> None:
        """Fold every log entry of the world so far."""
        logs = self._rpc("eth_getLogs", {"fromBlock": "0x0", "toBlock": "latest", "address": list(self.addresses.values())})
        times: dict[str, Time] = {}
        for log in logs:
            block = log["blockNumber"]
            if block not in times:
                times[block] = Time(int(self._rpc("eth_getBlockByNumber", block, False)["timestamp"], 16))  # noqa: FBT003 - its own
            rules.apply(self._base, self._event(log), times[block])

    # The state

    def _core(self) -> list[tuple[str, Any]]:
        return [(table, key) for table in CORE for key in getattr(self.ledger, table).touched()]

    def _everything(self) -> list[tuple[str, Any]]:
        """All slots, on a slow engine all that this trial touched."""
        if self.world.node.engine is not Engine.ANVIL:
            return [(table, key) for table in MIRRORED for key in getattr(self.ledger, table).touched()]
        singles: list[tuple[str, Any]] = [("first_month", ()), ("members", ()), ("latest", ())]
        of_programmes = [(name, each) for name in ("rules", "slices") for each in self.ledger.programmes]
        return [(table, key) for table in MIRRORED for key in getattr(self.ledger, table)] + self._core() + singles + of_programmes

    def _neighbours(self) -> list[tuple[str, Any]]:
        core = self._core()
        if self.world.node.engine is Engine.ANVIL:
            return core
        first = self.steps * SOME % max(len(core), 1)
        return core[first : first + SOME]

    def _compare(self, slots: list[tuple[str, Any]]) -> None:
        hashed = bytes(32)
        for slot in slots:
            hashed = keccak(hashed + self._expected(slot))
        questions = b"".join(self._question(slot) for slot in slots)
        request = {"to": self._examiner, "data": f"0x{questions.hex()}", "gas": hex(5 * GAS)}
        if self._rpc("eth_call", request, "latest") != f"0x{hashed.hex()}":
            self._find_difference(slots)

    def _find_difference(self, slots: list[tuple[str, Any]]) -> None:
        for slot in slots:
            question = self._question(slot)
            request = {"to": f"0x{question[:20].hex()}", "data": f"0x{question[21:].hex()}"}
            answer = bytes.fromhex(self._rpc("eth_call", request, "latest")[2:])
            assert answer == self._expected(slot), f"{slot}: the contract holds {answer.hex()}, the rules {self._value(slot)}"
        raise AssertionError("the examiner's hash differs, and no single answer does")

    def _question(self, slot: tuple[str, Any]) -> bytes:
        known = self._questions.get(slot)
        if known is None:
            table, key = slot
            getter = GETTERS[table]
            asked = getter.question(self.addresses, *(key if key == () else getter.key(key)))
            known = bytes.fromhex(asked.to[2:]) + bytes([len(asked.calldata)]) + asked.calldata
            self._questions[slot] = known
        return known

    def _expected(self, slot: tuple[str, Any]) -> bytes:
        value = self._value(slot)
        known = self._answers.get(slot)
        if known is None or known[0] is not value:
            known = (value, _encoded(slot[0], value))
            self._answers[slot] = known
        return known[1]

    def _value(self, slot: tuple[str, Any]) -> Any:
        table, key = slot
        if key == ():
            return getattr(self.ledger, table)
        if table == "rules":
            return _programme_rules(self.ledger, key)
        return self.ledger.programmes[key].slices if table == "slices" else getattr(self.ledger, table)[key]


GETTERS = {**MIRRORED, "first_month": FIRST_MONTH, "members": MEMBERS, "latest": LATEST, "rules": RULES, "slices": SLICES}


def _encoded(table: str, value: Any) -> bytes:
    values = [getattr(value, each.name) for each in fields(value)] if is_dataclass(value) else [value]
    return encode_sequence([type_of(each) for each in GETTERS[table].answers], values)


def _programme_rules(ledger: Ledger, programme: Id) -> ProgrammeRules:
    record = ledger.programmes[programme]
    kept = {each.name: getattr(record, each.name) for each in fields(ProgrammeRules) if each.name != "flat_bps"}
    return ProgrammeRules(**kept, flat_bps=record.slices[0].bps)


def _told(outcome: tuple[Event, ...] | Rejected) -> object:
    """What of an outcome is compared: an exception is equal to itself alone."""
    return (outcome.code, outcome.values) if isinstance(outcome, Rejected) else outcome
