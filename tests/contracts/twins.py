"""
The contracts on a real node and the rules in Python, side by side: every call goes to both, and they must agree.

`Twins.act` sends a call to the node and decides it by the rules: same events or same refusal, then the invariants, then the
same words in the contracts' own storage. What is compared:

- after each call, on ganache after every fourth: every slot that it touched (that any of the four touched), and every balance,
  order, pool, invoice, agreement and partnership that there is, those of the world before the trial among them;
- at the end of each trial: every slot of every table that the rules mirror (`registry.getters.MIRRORED`), and on anvil once more
  all that the contracts' own getters answer, the terms of the programmes and single values included.

Not compared are mappings that no event tells of: which motions Invoices and Directory used up. The ledger is folded from the
node's own log entries and from nothing else (I13).

A step is cheap: two or three requests on one connection, and one hash that stands for all slots that are compared.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from typing import Any

from registry import codec, events, rules, signing
from registry.chain.devnode import Engine
from registry.chain.reasons import refusal
from registry.errors import Rejected
from registry.events import Contract, Event
from registry.getters import FIRST_MONTH, LATEST, MEMBERS, MIRRORED, RULES, SLICES, ProgrammeRules
from registry.model import NO_ADDRESS, Address, Id, Record, Signatures, StandIn, Time
from registry.rules import NO_REASON, Call, Ledger, Signers
from registry.solidity import encode_sequence, keccak, type_of
from tests.contracts.invariants import Watch
from tests.contracts.storage import Storage
from tests.contracts.tally import Tally, name_of
from tests.contracts.world import GAS, World, mined, raw_transaction

Entry = tuple[str, Any]
"""An entry of the ledger: its table and its key in it."""

CORE = ("balances", "orders", "pools", "invoices", "agreements", "partnerships", "partner_orders")

STEPS_A_LOOK = {Engine.ANVIL: 1, Engine.GANACHE: 4}
"""A slot costs ganache as much as a hundred cost anvil."""

NOT_SENT = ("signers", "predecessor", "known_before")
"""What a call carries for the rules alone."""


def verb_of(call: Call) -> codec.Verb:
    return codec.VERBS[name_of(type(call))]


def calldata_of(call: Call, signatures: Signatures | None = None) -> bytes:
    """What a call looks like on the wire; `signatures` stand where the rules have signers."""
    arguments = [getattr(call, each.name) for each in fields(call) if each.name not in NOT_SENT]
    return codec.encode(verb_of(call).name, *arguments, *([signatures] if signatures is not None else []))


class Twins:
    """One world, its ledger, and the keys of everybody in it. `reader` is the code of SlotReader."""

    def __init__(self, world: World, examiner: str, reader: str, keys: Iterable[bytes]) -> None:
        self.world = world
        self.addresses = {
            Contract.CONSORTIUM: Address(world.consortium.address),
            Contract.DIRECTORY: Address(world.directory.address),
            Contract.INVOICES: Address(world.invoices.address),
            Contract.PROGRAMMES: Address(world.programmes.address),
            Contract.VOUCHER_REGISTRY: Address(world.registry.address),
        }
        self.keys = {signing.address_of(key): key for key in keys}
        self.tally = Tally()
        self._contracts = {address.lower(): contract for contract, address in self.addresses.items()}
        self._examiner = examiner
        self._storage = Storage(world.artifacts)
        self._read_instead = {address: {"code": reader} for address in self.addresses.values()}
        self._slots: dict[Entry, tuple[Contract, bytes]] = {}
        self._words: dict[Entry, tuple[Any, bytes]] = {}
        self._first_nonces: dict[Address, int] = {}
        self._base = Ledger(registry=self.addresses[Contract.VOUCHER_REGISTRY])
        self._replay()
        self._before = {table: list(getattr(self._base, table).touched()) for table in MIRRORED}
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
                if self._agreed and self.steps_in_trial:
                    self._compare(self._everything())
                    if self.world.node.engine is Engine.ANVIL:
                        self._compare_answers(self._everything() + self._besides())
            finally:
                if self.world.node.engine is Engine.ANVIL:
                    self._rpc("anvil_removeBlockTimestampInterval")

    def _begin(self) -> None:
        self.ledger = self._base.draft()
        self.watch = Watch()
        self.now = Time(self.world.now())
        self.steps_in_trial = 0
        self._agreed = True
        self._unseen: dict[Entry, None] = {}
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
        self.steps_in_trial += 1
        self.tally.count(self.ledger, call, by, got)
        touched = self._fold(() if isinstance(got, Rejected) else got)
        self.tally.reached(self.ledger.orders[key].stage for table, key in touched if table == "orders")
        self._unseen |= dict.fromkeys(touched)
        if self.steps_in_trial % STEPS_A_LOOK[self.world.node.engine] == 0:
            self._compare(list(dict.fromkeys(self._core()) | self._unseen))
            self._unseen = {}
        self._agreed = True
        return got

    def _decided(self, call: Call, by: Address, time: Time) -> tuple[Event, ...] | Rejected:
        try:
            return rules.decide(self.ledger, call, by, time)
        except Rejected as rejected:
            return rejected

    @property
    def steps(self) -> int:
        return self.tally.steps

    @property
    def refusals(self) -> int:
        return self.tally.refusals

    def _fold(self, happened: tuple[Event, ...]) -> list[Entry]:
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
        receipt = mined(self.world.node, self._signed(to, calldata, by))
        self.now, self._jump = time, None
        assert receipt.get("blockTimestamp", time) == time, "the node has another clock"
        if int(receipt["status"], 16):
            return tuple(self._event(log) for log in receipt["logs"])
        # It changed nothing, so asking again after it, at its own block's time, meets the same refusal.
        request = {"from": by, "to": to, "data": f"0x{calldata.hex()}", "gas": hex(GAS)}
        answer = self.world.node.ask("eth_call", request, "latest")
        assert "error" in answer, f"refused when mined, and not when asked again: {calldata.hex()}"
        return refusal(bytes.fromhex(str(answer["error"].get("data") or "0x")[2:]))

    def _set_time(self, time: Time) -> None:
        if self.world.node.engine is Engine.GANACHE:
            self._rpc("evm_setTime", time * 1000)
        elif self._jump is not None:
            self._rpc("evm_setNextBlockTimestamp", time)

    def _signed(self, to: Address, calldata: bytes, by: Address) -> str:
        # Each trial begins with the nonces of the world before it.
        if by not in self._first_nonces:
            self._first_nonces[by] = int(self._rpc("eth_getTransactionCount", by, "latest"), 16)
        nonce = self._nonces.get(by, self._first_nonces[by])
        self._nonces[by] = nonce + 1
        return raw_transaction(self.keys[by], chain_id=self.world.node.chain_id, nonce=nonce, to=to, body=calldata)

    def _event(self, log: Mapping[str, Any]) -> Event:
        topics = [bytes.fromhex(each[2:]) for each in log["topics"]]
        return events.decode(self._contracts[log["address"].lower()], topics, bytes.fromhex(log["data"][2:]))

    def _rpc(self, method: str, *params: object) -> Any:
        return self.world.node.rpc(method, *params)

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

    def _core(self) -> list[Entry]:
        return [(table, key) for table in CORE for key in self._known(table)]

    def _known(self, table: str) -> Iterable[Any]:
        """Every key of a table that was ever written: before the trial, or in it."""
        return dict.fromkeys([*self._before[table], *getattr(self.ledger, table).touched()])

    def _everything(self) -> list[Entry]:
        return [(table, key) for table in MIRRORED for key in self._known(table)]

    def _besides(self) -> list[Entry]:
        """What only getters tell: single values, and the terms of programmes, which the contract packs in a way of its own."""
        singles: list[Entry] = [("first_month", ()), ("members", ()), ("latest", ())]
        return singles + [(name, each) for name in ("rules", "slices") for each in self.ledger.programmes]

    def _compare(self, entries: list[Entry]) -> None:
        slots: dict[Contract, list[bytes]] = defaultdict(list)
        words: dict[Contract, list[bytes]] = defaultdict(list)
        for entry in entries:
            contract, its_slots = self._slots_of(entry)
            slots[contract].append(its_slots)
            words[contract].append(self._words_of(entry))
        questions = [_question(self.addresses[contract], b"".join(each)) for contract, each in slots.items()]
        if not self._examined(questions, [b"".join(each) for each in words.values()], self._read_instead):
            self._find_difference(entries)

    def _find_difference(self, entries: list[Entry]) -> None:
        for entry in entries:
            contract, slots = self._slots_of(entry)
            request = {"to": self.addresses[contract], "data": f"0x{slots.hex()}"}
            words = bytes.fromhex(self._rpc("eth_call", request, "latest", self._read_instead)[2:])
            assert words == self._words_of(entry), f"{entry}: the contract keeps {words.hex()}, the rules {self._value(entry)}"
        raise AssertionError("the examiner's hash differs, and no single word does")

    def _slots_of(self, entry: Entry) -> tuple[Contract, bytes]:
        known = self._slots.get(entry)
        if known is None:
            known = self._slots[entry] = (Contract(MIRRORED[entry[0]].contract), self._storage.slots(*entry))
        return known

    def _words_of(self, entry: Entry) -> bytes:
        value = self._value(entry)
        known = self._words.get(entry)
        if known is None or known[0] is not value:
            known = self._words[entry] = (value, self._storage.words(entry[0], value))
        return known[1]

    def _compare_answers(self, entries: list[Entry]) -> None:
        asked = [GETTERS[table].question(self.addresses, *(key if key == () else GETTERS[table].key(key))) for table, key in entries]
        expected = [_encoded(entry[0], self._value(entry)) for entry in entries]
        if not self._examined([_question(each.to, each.calldata) for each in asked], expected):
            for entry, each, wanted in zip(entries, asked, expected, strict=True):
                answer = bytes.fromhex(self._rpc("eth_call", {"to": each.to, "data": f"0x{each.calldata.hex()}"}, "latest")[2:])
                assert answer == wanted, f"{entry}: the contract answers {answer.hex()}, the rules hold {self._value(entry)}"
            raise AssertionError("the examiner's hash differs, and no single answer does")

    def _examined(self, questions: list[bytes], expected: list[bytes], *overrides: object) -> bool:
        """Whether the answers are these, told by one hash over them all."""
        hashed = bytes(32)
        for answer in expected:
            hashed = keccak(hashed + answer)
        request = {"to": self._examiner, "data": f"0x{b''.join(questions).hex()}", "gas": hex(5 * GAS)}
        return bool(self._rpc("eth_call", request, "latest", *overrides) == f"0x{hashed.hex()}")

    def _value(self, entry: Entry) -> Any:
        table, key = entry
        if key == ():
            return getattr(self.ledger, table)
        if table == "rules":
            return _programme_rules(self.ledger, key)
        return self.ledger.programmes[key].slices if table == "slices" else getattr(self.ledger, table)[key]


GETTERS = {**MIRRORED, "first_month": FIRST_MONTH, "members": MEMBERS, "latest": LATEST, "rules": RULES, "slices": SLICES}


def _question(to: Address, calldata: bytes) -> bytes:
    return bytes.fromhex(to[2:]) + len(calldata).to_bytes(2) + calldata


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
