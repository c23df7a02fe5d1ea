"""
A world for contract tests: six regions with their accounts, on a real node, behind contracts that answer in plain Python.

Calls are encoded and answers decoded by the artifacts' ABI, and not by `registry.codec`: what the library sends is tested
elsewhere, against this. Every transaction is really mined, even one that is refused.

    world.registry.reserve(voucher, order, world.signed(order, firm, lab), by=stranger)   # Sent(events, gas) or Refused
    world.registry.balances(voucher_id)                                                  # a namedtuple
"""

import re
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

import rlp
import sha3
from eth_abi.abi import decode, encode
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address

from registry import codec, signing
from registry.chain.artifacts import Artifact
from registry.chain.devnode import DevNode, Engine, RpcFailed
from registry.model import (
    NO_ADDRESS,
    NO_ID,
    UNLIMITED,
    Address,
    Approval,
    Claim,
    Digest,
    Fen,
    Firm,
    FirstReview,
    Id,
    Item,
    Lab,
    Motion,
    MotionKind,
    Order,
    Paid,
    Programme,
    Recipient,
    Record,
    Redemption,
    Region,
    Release,
    Role,
    Signatures,
    Slice,
    Tag,
    Terms,
    Time,
    Voucher,
)
from tests.nodes import person

CHANGXING, SHANGHAI, BEIJING, TIANJIN, HEBEI, KUNSHAN = (Region(code) for code in (330522, 310000, 110000, 120000, 130000, 320583))
REGIONS = (CHANGXING, SHANGHAI, BEIJING, TIANJIN, HEBEI, KUNSHAN)
NO_REGION = Region(0)
YUAN = 100
DAY = 86_400
GAS = 12_000_000
STRANGER = person("stranger")
UNSIGNED = bytes(64)
UNTIL_LIFTED = 2**40 - 1

T = TypeVar("T")


class Refused(Exception):
    """A contract refused: the error's name and its values by name."""

    def __init__(self, name: str, values: Mapping[str, Any]) -> None:
        self.name = name
        self.values = dict(values)
        super().__init__(f"{name}{self.values}")


@contextmanager
def refused(name: str, **values: object) -> Iterator[None]:
    """Expect exactly this error with exactly these values; values that are not named must not exist."""
    try:
        yield
    except Refused as refusal:
        expected = {key: _plain(value) for key, value in values.items()}
        assert (refusal.name, refusal.values) == (name, expected)  # noqa: PT017 - the point of it
    else:
        raise AssertionError(f"nothing was refused, expected {name}")


@dataclass(frozen=True)
class Event:
    """One event: its name and values by name."""

    name: str
    values: dict[str, Any]

    def __getitem__(self, key: str) -> Any:
        return self.values[key]


@dataclass(frozen=True)
class Sent:
    """A mined transaction: its events in order, the gas it used, its block's time, and its hash."""

    events: tuple[Event, ...]
    gas: int
    time: int
    transaction: str

    def only(self, name: str) -> Event:
        """The one event of this name."""
        (event,) = [each for each in self.events if each.name == name]
        return event


def keccak(value: bytes) -> bytes:
    return bytes(sha3.keccak_256(value).digest())


def tag(text: str, epoch: int = 1) -> Tag:
    """A tag for a test, made without a consortium key."""
    return Tag(bytes([epoch]) + keccak(text.encode())[:31])


def digest(text: str) -> Digest:
    return Digest(keccak(text.encode()))


def _abi_type(parameter: Mapping[str, Any]) -> str:
    if not parameter["type"].startswith("tuple"):
        return str(parameter["type"])
    inner = ",".join(_abi_type(each) for each in parameter["components"])
    return f"({inner}){parameter['type'].removeprefix('tuple')}"


def _abi_types(parameters: Sequence[Mapping[str, Any]]) -> list[str]:
    return [_abi_type(each) for each in parameters]


def _signature(entry: Mapping[str, Any]) -> bytes:
    """What the selector of a function or an error, and the topic of an event, are the hash of."""
    return f"{entry['name']}({','.join(_abi_types(entry['inputs']))})".encode()


def _plain(value: Any) -> Any:
    """What the ABI encoder takes, and what a decoded value is compared with."""
    if isinstance(value, Signatures):
        return ((value.firm[:32], value.firm[32:]), (value.lab[:32], value.lab[32:]), value.reason)
    if is_dataclass(value) and not isinstance(value, type):
        return tuple(_plain(getattr(value, each.name)) for each in fields(value))
    if isinstance(value, LocalAccount):
        return value.address.lower()
    if isinstance(value, list | tuple):
        return tuple(_plain(each) for each in value)
    if isinstance(value, str) and re.fullmatch("0x[0-9a-fA-F]{40}", value):
        return value.lower()
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    return value


def _values(parameters: Sequence[Mapping[str, Any]], body: bytes) -> dict[str, Any]:
    decoded = decode(_abi_types(parameters), body)
    return {each["name"] or str(place): _plain(value) for place, (each, value) in enumerate(zip(parameters, decoded, strict=True))}


class Errors:
    """Every error of every contract by selector."""

    def __init__(self, artifacts: Mapping[str, Artifact]) -> None:
        self._errors = {}
        for artifact in artifacts.values():
            for entry in artifact.abi:
                if entry["type"] == "error":
                    self._errors[keccak(_signature(entry))[:4]] = entry

    def read(self, body: bytes) -> Refused:
        if not body:
            return Refused("Malformed", {})
        if body[:4] == bytes.fromhex("4e487b71"):
            return Refused("Panic", {"code": int.from_bytes(body[4:])})
        entry = self._errors[body[:4]]
        return Refused(entry["name"], _values(entry["inputs"], body[4:]))


class Contract:
    """One deployed contract: functions by name, `by` the sender."""

    def __init__(self, world: "World", name: str, address: str) -> None:
        self.world = world
        self.name = name
        self.address = to_checksum_address(address)
        self.abi = world.artifacts[name].abi
        self.functions = {entry["name"]: entry for entry in self.abi if entry["type"] == "function"}

    @cached_property
    def events(self) -> dict[bytes, Mapping[str, Any]]:
        return {keccak(_signature(entry)): entry for entry in self.abi if entry["type"] == "event"}

    def encode(self, function: str, *arguments: object) -> bytes:
        """The calldata of a call."""
        types = _abi_types(self.functions[function]["inputs"])
        return self.selector(function) + encode(types, [_plain(each) for each in arguments])

    def selector(self, function: str) -> bytes:
        """The first four bytes of a call."""
        return keccak(_signature(self.functions[function]))[:4]

    def __getattr__(self, function: str) -> Any:
        if function not in self.functions:
            raise AttributeError(function)
        entry = self.functions[function]
        if entry["stateMutability"] in ("view", "pure"):
            return lambda *arguments, by=None: self._read(entry, self.encode(function, *arguments), by)
        return lambda *arguments, by: self.world.send(by, self.address, self.encode(function, *arguments))

    def _read(self, entry: Mapping[str, Any], body: bytes, by: LocalAccount | None) -> Any:
        values = _values(entry["outputs"], self.world.call(self.address, body, by))
        if len(values) == 1:
            return next(iter(values.values()))
        return namedtuple(entry["name"], list(values))(*values.values())  # noqa: PYI024 - the names come from the ABI

    def decode(self, log: Mapping[str, Any]) -> Event:
        """One event from a receipt's log."""
        entry = self.events[bytes.fromhex(log["topics"][0][2:])]
        indexed = [each for each in entry["inputs"] if each["indexed"]]
        plain = [each for each in entry["inputs"] if not each["indexed"]]
        values = _values(indexed, b"".join(bytes.fromhex(topic[2:]) for topic in log["topics"][1:]))
        return Event(entry["name"], values | _values(plain, bytes.fromhex(log["data"][2:])))


@dataclass(frozen=True)
class Office:
    """A region's people, one account each."""

    region: Region
    admin: LocalAccount
    recovery: LocalAccount
    issuer: LocalAccount
    reviewer: LocalAccount
    second_reviewer: LocalAccount
    payer: LocalAccount
    directory: LocalAccount


@dataclass(frozen=True)
class Party:
    """A firm or a lab: its record, its id on the chain, and its signer. For a firm, `tag` is the firm's own."""

    record: Firm | Lab
    id: Id
    signer: LocalAccount
    tag: Tag


def raw_transaction(key: bytes, *, chain_id: int, nonce: int, to: str | None, body: bytes, gas: int = GAS) -> str:
    """A signed transaction in hexadecimal, as EIP-155 has it, with a gas price of zero."""
    content = [nonce, 0, gas, bytes.fromhex(to[2:]) if to else b"", 0, body]
    signature = signing.sign_digest(keccak(rlp.encode([*content, chain_id, 0, 0])), key)
    r, vs = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    v = chain_id * 2 + 35 + (vs >> 255)
    return f"0x{rlp.encode([*content, v, r, vs & (1 << 255) - 1]).hex()}"


def mined(node: DevNode, raw: str) -> Mapping[str, Any]:
    """Send a raw transaction, and wait for its receipt."""
    receipt: Mapping[str, Any] | None
    if node.engine is Engine.ANVIL:
        receipt = node.rpc("eth_sendRawTransactionSync", raw)
    else:
        receipt = node.rpc("eth_getTransactionReceipt", node.rpc("eth_sendRawTransaction", raw))
    assert receipt is not None, "ganache mines before it answers"
    return receipt


@dataclass(frozen=True)
class _State:
    """What a world goes back to."""

    snapshot: str
    block: int
    nonces: dict[str, int]
    contracts: dict[str, Contract]
    kept: dict[str, Any]


@dataclass
class _Lent:
    """A world in a test's hands: what it goes back to, the kinds of kept things the test was given, and whether it did anything else."""

    state: _State
    given: set[str] = field(default_factory=set)
    acted: bool = False

    def untouched(self, node: DevNode) -> bool:
        return not self.acted and node.block_number() == self.state.block


class World:
    """Contracts on one node, with six founding regions and every role taken up."""

    def __init__(self, node: DevNode, artifacts: Mapping[str, Artifact]) -> None:
        self.node = node
        self.artifacts = artifacts
        self.errors = Errors(artifacts)
        self._nonces: dict[str, int] = {}
        self._names: dict[str, int] = {}
        self._kept: dict[str, Any] = {}
        self._lent: _Lent | None = None
        self._left_at = 0
        self.deployer = person("deployer")
        self.offices = {region: self._office(region) for region in REGIONS}
        self._deploy()
        for office in self.offices.values():
            self.staff(office)
        self.decide(MotionKind.AUTHORISE_REGISTRY, account=self.registry.address)

    # The node

    def now(self) -> int:
        return self.node.timestamp()

    def at(self, time: int) -> None:
        """The next transaction's block has exactly this time."""
        self._acts()
        if self.node.engine is Engine.ANVIL:
            self.node.rpc("evm_setNextBlockTimestamp", time)
        else:
            self.node.rpc("evm_setTime", time * 1000)

    def call(self, to: str | None, body: bytes, by: LocalAccount | None = None, *, block: str = "latest", gas: int = GAS) -> bytes:
        """An answer of the state after a block, at that block's time; raises Refused."""
        request = {"data": "0x" + body.hex(), "gas": hex(gas)} | ({"to": to} if to else {}) | ({"from": by.address} if by else {})
        try:
            answer = self.node.rpc("eth_call", request, block)
        except RpcFailed as failure:
            raise self.errors.read(bytes.fromhex(str(failure.error.get("data", "0x"))[2:])) from None
        return bytes.fromhex(answer[2:])

    def send(self, by: LocalAccount, to: str | None, body: bytes, *, gas: int = GAS) -> Sent:
        """Mine one transaction; raises Refused with the error that it met in its own block."""
        self._acts()
        nonce = self._nonces.get(by.address)
        if nonce is None:
            nonce = int(self.node.rpc("eth_getTransactionCount", by.address, "latest"), 16)
        raw = raw_transaction(bytes(by.key), chain_id=self.node.chain_id, nonce=nonce, to=to, body=body, gas=gas)
        self._nonces[by.address] = nonce + 1
        receipt = mined(self.node, raw)
        if int(receipt["status"], 16) == 0:
            # It changed nothing, so asking again after it, at its own block's time, meets the same refusal.
            self.call(to, body, by, block=receipt["blockNumber"], gas=gas)
            raise AssertionError("the node answers a refused transaction")
        events = tuple(self._contracts[log["address"].lower()].decode(log) for log in receipt["logs"])
        self.last_contract = receipt.get("contractAddress")
        return Sent(events, int(receipt["gasUsed"], 16), self._time_of(receipt), receipt["transactionHash"])

    def _time_of(self, receipt: Mapping[str, Any]) -> int:
        """The time of a receipt's block, which anvil states in the receipt itself."""
        if self.node.engine is Engine.ANVIL:
            return int(receipt["blockTimestamp"])
        return int(self.node.rpc("eth_getBlockByNumber", receipt["blockNumber"], False)["timestamp"], 16)  # noqa: FBT003 - its own

    def overwrite(self, contract: Contract, slot: bytes, word: bytes) -> None:
        """Put a word into a contract's storage, for a state that is too far to walk to."""
        self._acts()
        method = "anvil_setStorageAt" if self.node.engine is Engine.ANVIL else "evm_setAccountStorageAt"
        self.node.rpc(method, contract.address, "0x" + slot.hex(), "0x" + word.hex())

    def forget_nonces(self) -> None:
        """Ask the node again: somebody else acted through this world's accounts, for example another world on the same node."""
        self._nonces.clear()

    @contextmanager
    def put_back(self) -> Iterator[None]:
        """Undo whatever happens inside, clock included."""
        self._acts()
        before = self._state()
        try:
            yield
        finally:
            self._return_to(before)

    @contextmanager
    def lent(self) -> Iterator["World"]:
        """Lend this world to a test, and undo afterwards whatever happened to it, except for what it keeps."""
        if self.node.block_number() != self._left_at:
            # Somebody else acted on this node, and may have moved its clock past the dates of what was kept.
            self._kept = {}
        self._lent = _Lent(self._state())
        try:
            yield self
        finally:
            self._return_to(self._lent.state)
            self._lent = None

    def kept(self, kind: str, make: Callable[[], T]) -> T:
        """
        What `make` makes, once for all tests that begin with it, in a world where nothing else was done; each gets a copy.

        What is made must leave everybody else alone. A test that acted before, or asks for a second one of the kind, gets its own. So does
        every test on anvil, which mines in a millisecond, and whose reverts take longer the more there is.
        """
        if self.node.engine is Engine.ANVIL or self._lent is None or not self._lent.untouched(self.node) or kind in self._lent.given:
            return make()
        if kind not in self._kept:
            self._acts()
            self._kept[kind] = make()
            self._lent = _Lent(self._state(), given=self._lent.given)
        self._lent.given.add(kind)
        return copy(self._kept[kind])

    def _acts(self) -> None:
        if self._lent is not None:
            self._lent.acted = True

    def _state(self) -> _State:
        return _State(self.node.snapshot(), self.node.block_number(), dict(self._nonces), dict(self._contracts), dict(self._kept))

    def _return_to(self, state: _State) -> None:
        self.node.revert(state.snapshot)
        # At the address of a contract that is undone, another may be created next.
        self._nonces, self._contracts, self._kept = state.nonces, state.contracts, state.kept
        self._left_at = state.block

    # The consortium

    def _office(self, region: Region) -> Office:
        names = ("admin", "recovery", "issuer", "reviewer", "second_reviewer", "payer", "directory")
        return Office(region, *(person(f"{region} {name}") for name in names))

    def _create(self, name: str, *arguments: object) -> str:
        constructor = next((entry for entry in self.artifacts[name].abi if entry["type"] == "constructor"), {"inputs": []})
        types = _abi_types(constructor["inputs"])
        code = bytes.fromhex(self.artifacts[name].bytecode.removeprefix("0x"))
        self.send(self.deployer, None, code + encode(types, [_plain(each) for each in arguments]))
        return str(self.last_contract)

    def deploy_registry(self, predecessor: str = NO_ADDRESS) -> tuple[Contract, Contract]:
        """A registry and its programmes, each naming the other."""
        ahead = self._next_address(1)
        shared = (self.consortium.address, self.directory.address, self.invoices.address)
        programmes = self.attach("Programmes", self._create("Programmes", shared[0], shared[2], ahead))
        registry = self.attach("VoucherRegistry", self._create("VoucherRegistry", *shared, programmes.address, predecessor))
        return registry, programmes

    def attach(self, name: str, address: str) -> Contract:
        """A deployed contract whose events are understood from now on."""
        contract = Contract(self, name, address)
        self._contracts[address.lower()] = contract
        return contract

    def _deploy(self) -> None:
        self._contracts: dict[str, Contract] = {}
        founders = [(office.region, office.admin.address, office.recovery.address) for office in self.offices.values()]
        self.consortium = self.attach("Consortium", self._create_consortium(founders))
        self.directory = self.attach("Directory", self._create("Directory", self.consortium.address))
        self.invoices = self.attach("Invoices", self._create("Invoices", self.consortium.address))
        self.registry, self.programmes = self.deploy_registry()

    def _create_consortium(self, founders: Sequence[tuple[int, str, str]]) -> str:
        self.attach("Consortium", self._next_address(0))
        return self._create("Consortium", founders)

    def _next_address(self, after: int) -> str:
        """Where the deployer's next contract but `after` will stand."""
        nonce = int(self.node.rpc("eth_getTransactionCount", self.deployer.address, "latest"), 16)
        return "0x" + keccak(rlp.encode([bytes.fromhex(self.deployer.address[2:]), nonce + after]))[12:].hex()

    @property
    def domain(self) -> codec.Domain:
        """What signatures for this registry are made for."""
        return codec.Domain(self.node.chain_id, Address(self.registry.address))

    def staff(self, office: Office) -> None:
        """The admin offers every role, and each account takes up its own."""
        roles = (
            (office.issuer, Role.ISSUER),
            (office.reviewer, Role.REVIEWER),
            (office.second_reviewer, Role.REVIEWER),
            (office.payer, Role.PAYER),
            (office.directory, Role.DIRECTORY),
        )
        for account, role in roles:
            self.appoint(office, account, role)

    def appoint(self, office: Office, account: LocalAccount, role: Role) -> Sent:
        """A region's admin offers a role, and the account takes it up."""
        self.consortium.offer(account, role, by=office.admin)
        return self.consortium.takeUp(office.region, role, by=account)

    def replace_admin(self, office: Office, admin: LocalAccount) -> Sent:
        """A region's recovery key removes its admin and names another, who takes up the role."""
        self.consortium.recover(admin, by=office.recovery)
        return self.consortium.takeUp(office.region, Role.ADMIN, by=admin)

    def motion(
        self,
        kind: MotionKind,
        *,
        region: Region = NO_REGION,
        account: object = NO_ADDRESS,
        other: object = NO_ADDRESS,
        subject: Id = NO_ID,
        days: int = 30,
    ) -> Motion:
        """A motion that nobody made before, at least a second later than what it may undo, as the contracts require."""
        if kind in (MotionKind.LIFT_FLAG, MotionKind.SUSPEND, MotionKind.REINSTATE, MotionKind.NAME_CARETAKER):
            self.node.jump(1)
        addresses = [Address(each.address if isinstance(each, LocalAccount) else str(each)) for each in (account, other)]
        return Motion(kind, region, *addresses, subject, Time(self.now() + days * DAY), self.fresh("motion"))

    def carry(self, motion: Motion, voters: Sequence[Region] | None = None) -> Sent:
        """Vote until a motion is carried; by default the first four regions whose case it is not."""
        for region in voters or [each for each in REGIONS if each != motion.region][:4]:
            sent = self.consortium.vote(motion, by=self.offices[region].admin)
        return sent

    def decide(self, kind: MotionKind, **about: Any) -> Motion:
        """Carry a motion and put it into effect where it belongs."""
        motion = self.motion(kind, **about)
        self.carry(motion)
        ledger = (MotionKind.AUTHORISE_REGISTRY, MotionKind.AUTHORISE_CLAIMANT, MotionKind.RETIRE_REGISTRY, MotionKind.CLOSE_REGISTRY)
        if kind in ledger:
            self.invoices.setRegistry(motion, by=self.deployer)
        elif kind is MotionKind.LIFT_FLAG:
            self.directory.lift(motion, by=self.deployer)
        else:
            self.consortium.enact(motion, by=self.deployer)
        return motion

    def suspend(self, region: Region) -> None:
        """The other members suspend a region."""
        self.decide(MotionKind.SUSPEND, region=region)

    def flag(self, subject: Id, by: Region = BEIJING) -> int:
        """A member flags a firm or lab. Returns the flag's last second."""
        return int(self.directory.flag(subject, digest("reason"), by=self.offices[by].directory).only("Flagged")["until"])

    def second(self, subject: Id, by: Region) -> Sent:
        """Another member seconds the flag, which then stays."""
        return self.directory.second(subject, digest("reason"), by=self.offices[by].directory)

    # Parties, vouchers, orders: each new one differs from every earlier one

    def fresh(self, kind: str) -> int:
        """A number not given out before for this kind."""
        self._names[kind] = self._names.get(kind, 0) + 1
        return self._names[kind]

    def firm(self, region: Region = CHANGXING) -> Party:
        """A firm that its home region enrolled."""
        name = f"firm {self.fresh('firm')}"
        record = Firm(region, tag(name))
        signer = person(name)
        self.directory.enrol(record, signer, by=self.offices[region].directory)
        return Party(record, codec.id_of(record), signer, record.firm)

    def lab(self, region: Region = SHANGHAI, *, recognised_by: Sequence[Region] = (CHANGXING,), days: int = 3650) -> Party:
        """A lab that its host region admitted and others recognised. Its `tag` is the seller's."""
        name = f"lab {self.fresh('lab')}"
        record = Lab(region, tag(f"unit of {name}"), name)
        signer = person(name)
        until = self.now() + days * DAY
        self.directory.admit(record, signer, tag(f"seller of {name}"), until, by=self.offices[region].directory)
        lab = Party(record, codec.id_of(record), signer, tag(f"seller of {name}"))
        for each in recognised_by:
            self.directory.recognise([lab.id], 0, until, by=self.offices[each].directory)
        return lab

    def item(self, lab: Party, *, recognised_by: Sequence[Region] = ()) -> Id:
        """An item of a lab."""
        item = Item(lab.id, f"item {self.fresh('item')}")
        self.directory.list(lab.id, [item.code], by=self.offices[lab.record.region].directory)
        for each in recognised_by:
            self.directory.recognise([codec.id_of(item)], 0, self.now() + 3650 * DAY, by=self.offices[each].directory)
        return codec.id_of(item)

    def programme_record(self, **changes: Any) -> Programme:
        """Changxing's programme with changes: lab paid, no approval, no first review, 60 % of any cost."""
        record = {
            "region": CHANGXING,
            "code": f"CX-KJQ-{self.fresh('programme')}",
            "payer": CHANGXING,
            "paid_home": Paid.LAB,
            "paid_across": Paid.LAB,
            "approval": Approval.NEVER,
            "first_review": FirstReview.NONE,
            "itemised": False,
            "min_partners": 0,
            "hold_days": 60,
            "slices": (Slice(UNLIMITED, 6000),),
            "policy_hash": digest("policy"),
        }
        return Programme(**(record | changes))

    def programme(self, *, funded: int = 1_000_000 * YUAN, **changes: Any) -> Programme:
        """An opened and funded programme."""
        record = self.programme_record(**changes)
        self.programmes.open(record, by=self.offices[record.region].issuer)
        if funded:
            self.fund(record, funded)
        return record

    def fund(self, programme: Programme, amount: int) -> Sent:
        """Money set aside by the programme's own region."""
        reference = digest(f"bank {self.fresh('bank')}")
        return self.programmes.fund(codec.id_of(programme), amount, reference, by=self.offices[programme.region].payer)

    def terms(self, programme: Programme, **changes: Any) -> Terms:
        """Ten notes of 1,000 yuan, good for a year."""
        year = Time(self.now() + 365 * DAY)
        terms = {
            "programme": codec.id_of(programme),
            "face": Fen(10_000 * YUAN),
            "denomination": Fen(1_000 * YUAN),
            "use_by": year,
            "claim_by": year,
        }
        return Terms(**(terms | changes))

    def voucher(self, programme: Programme, firm: Party, **changes: Any) -> Voucher:
        """A voucher issued to a firm."""
        terms = self.terms(programme, **changes)
        recipient = Recipient(firm.tag, tag(f"serial {self.fresh('serial')}"))
        self.registry.issue(terms, [recipient], by=self.offices[programme.region].issuer)
        return Voucher(terms.programme, terms.face, terms.denomination, terms.use_by, terms.claim_by, recipient.firm, recipient.serial)

    def order(self, voucher: Voucher, lab: Party, amount: int | None = None, **changes: Any) -> Order:
        """An order that nobody sent yet."""
        order = {
            "voucher": codec.id_of(voucher),
            "lab": lab.id,
            "item": NO_ID,
            "project": tag("project"),
            "amount": Fen(voucher.face if amount is None else amount),
            "valid_until": Time(self.now() + 7 * DAY),
            "nonce": self.fresh("order"),
        }
        return Order(**(order | changes))

    def redemption(self, order: Order, cost: int, subsidy: int, **changes: Any) -> Redemption:
        """A redemption with an invoice and an agreement of its own."""
        number = self.fresh("invoice")
        redemption = {
            "order": codec.id_of(order),
            "attempt": 0,
            "cost": Fen(cost),
            "subsidy": Fen(subsidy),
            "agreement": tag(f"agreement {number}"),
            "invoice": tag(f"invoice {number}", epoch=26),
            "invoice_amount": Fen(cost),
            "result": digest("result"),
            "valid_until": Time(self.now() + 300 * DAY),
        }
        return Redemption(**(redemption | changes))

    def claim(
        self,
        programme: Programme,
        voucher: Voucher,
        order: Order,
        redemption: Redemption,
        *,
        stand_in: str = NO_ADDRESS,
        endorser: str = NO_ADDRESS,
    ) -> Claim:
        """What the order is owed."""
        return Claim(
            codec.id_of(programme),
            codec.id_of(voucher),
            codec.id_of(order),
            codec.id_of(redemption),
            order.lab,
            voucher.firm,
            redemption.subsidy,
            Fen(-(-redemption.subsidy // voucher.denomination) * voucher.denomination),
            Address(stand_in),
            Address(endorser),
        )

    def sign(self, record: Record, who: LocalAccount) -> bytes:
        """A compact signature for this registry on this chain."""
        return signing.sign(record, self.domain, bytes(who.key))

    def signed(self, record: Order | Redemption | Release, firm: Party, lab: Party) -> Signatures:
        """Both parties' signatures."""
        return Signatures(firm=self.sign(record, firm.signer), lab=self.sign(record, lab.signer))


@dataclass
class Life:
    """One voucher on its way: what a test has so far, and the steps that bring it further. A stranger relays."""

    world: World
    programme: Programme
    firm: Party
    lab: Party
    voucher: Voucher
    order: Order
    redemption: Redemption
    stand_in: str = NO_ADDRESS
    endorser: str = NO_ADDRESS

    @classmethod
    def begin(cls, world: World, *, until: str = "issued", **options: Any) -> "Life":
        """
        A voucher under a programme of its own, with order and redemption drawn up, taken up to a stage; `options` are `issued`'s.

        Hundreds of tests begin alike: the world keeps one life of each kind, and a test that begins with it gets a copy.
        """

        def made() -> Life:
            life = cls.issued(world, **options)
            return life if until == "issued" else life.until(until)

        return world.kept(f"life {until} {sorted(options.items())}", made)

    @classmethod
    def issued(
        cls,
        world: World,
        *,
        cost: int = 8_000 * YUAN,
        subsidy: int = 4_800 * YUAN,
        amount: int = 5_000 * YUAN,
        lab_region: Region = SHANGHAI,
        voucher: Mapping[str, Any] | None = None,
        funded: int = 1_000_000 * YUAN,
        **programme: Any,
    ) -> "Life":
        """A voucher issued under a new programme, with order and redemption drawn up; by default AT-01's figures."""
        opened = world.programme(funded=funded, **programme)
        firm = world.firm(opened.region)
        lab = world.lab(lab_region, recognised_by=(opened.region,))
        issued = world.voucher(opened, firm, **(voucher or {}))
        order = world.order(issued, lab, amount)
        return cls(world, opened, firm, lab, issued, order, world.redemption(order, cost, subsidy))

    @property
    def office(self) -> Office:
        """The issuing region's people."""
        return self.world.offices[self.programme.region]

    @property
    def host(self) -> Office:
        """The host region's people."""
        return self.world.offices[self.lab.record.region]

    @property
    def payer(self) -> LocalAccount:
        """Who settles: the programme's payer or, where it names none, the host region's."""
        return self.world.offices[self.programme.payer or self.lab.record.region].payer

    @property
    def voucher_id(self) -> Id:
        return codec.id_of(self.voucher)

    @property
    def order_id(self) -> Id:
        return codec.id_of(self.order)

    @property
    def programme_id(self) -> Id:
        return codec.id_of(self.programme)

    @property
    def claim(self) -> Claim:
        """The claim as it stands now."""
        return self.world.claim(self.programme, self.voucher, self.order, self.redemption, stand_in=self.stand_in, endorser=self.endorser)

    @property
    def reservation(self) -> tuple[Voucher, Order]:
        return (self.voucher, self.order)

    @property
    def filing(self) -> tuple[Claim, Redemption]:
        return (self.claim, self.redemption)

    def reserve(self) -> Sent:
        signatures = self.world.signed(self.order, self.firm, self.lab)
        return self.world.registry.reserve(self.voucher, self.order, signatures, by=STRANGER)

    def approve(self) -> Sent:
        return self.world.registry.approve([self.reservation], by=self.office.reviewer)

    def redeem(self) -> Sent:
        signatures = self.world.signed(self.redemption, self.firm, self.lab)
        return self.world.registry.redeem(self.voucher, self.order, self.redemption, signatures, by=STRANGER)

    def endorse(self, by: LocalAccount | None = None) -> Sent:
        by = by or (self.office if self.programme.first_review is FirstReview.HOME else self.host).reviewer
        sent = self.world.registry.endorse([self.claim], by=by)
        self.endorser = by.address
        return sent

    def accept(self, by: LocalAccount | None = None) -> Sent:
        return self.world.registry.accept([self.claim], by=by or self.office.second_reviewer)

    def reject(self, by: LocalAccount | None = None) -> Sent:
        """Send it back. A new redemption is then `again`'s to draw up."""
        return self.world.registry.reject([self.filing], by=by or self.office.reviewer)

    def settle(self, by: LocalAccount | None = None) -> Sent:
        return self.world.registry.settle([self.claim], digest("payment"), by=by or self.payer)

    def again(self, **changes: Any) -> Redemption:
        """Draw up the next attempt after a rejection, by default for the same invoice."""
        self.redemption = replace(self.redemption, attempt=self.redemption.attempt + 1, **changes)
        self.stand_in = self.endorser = NO_ADDRESS
        return self.redemption

    def reverse(self, recover: int | None = None) -> Sent:
        """Declare a settled claim a debt, by default all of it."""
        recover = self.redemption.subsidy if recover is None else recover
        return self.world.registry.reverse(self.claim, recover, digest("reason"), by=self.office.reviewer)

    def refunded(self) -> Sent:
        return self.world.registry.refunded(self.filing, by=self.payer)

    def beside(
        self,
        *,
        firm: Party | None = None,
        lab: Party | None = None,
        voucher: Voucher | None = None,
        amount: int | None = None,
        cost: int | None = None,
        subsidy: int | None = None,
    ) -> "Life":
        """Another order of the same programme: by default a new firm's, on a voucher like this one, at the same lab, for as much."""
        firm = firm or (self.firm if voucher else self.world.firm(self.programme.region))
        lab = lab or self.lab
        alike = {name: getattr(self.voucher, name) for name in ("face", "denomination", "use_by", "claim_by")}
        voucher = voucher or self.world.voucher(self.programme, firm, **alike)
        order = self.world.order(voucher, lab, self.order.amount if amount is None else amount)
        redemption = self.world.redemption(
            order, self.redemption.cost if cost is None else cost, self.redemption.subsidy if subsidy is None else subsidy
        )
        return Life(self.world, self.programme, firm, lab, voucher, order, redemption)

    def until(self, stage: str) -> "Life":
        """Take every step up to a stage: reserved, open, redeemed, endorsed, accepted, settled."""
        steps = ["reserve"]
        across = self.lab.record.region != self.programme.region
        if self.programme.approval is Approval.ALWAYS or (self.programme.approval is Approval.CROSS_REGION and across):
            steps.append("approve")
        steps.append("redeem")
        if self.programme.first_review is not FirstReview.NONE:
            steps.append("endorse")
        steps += ["accept", "settle"]
        last = {"reserved": "reserve", "open": steps[steps.index("redeem") - 1], "redeemed": "redeem", "endorsed": "endorse"}
        last |= {"accepted": "accept", "settled": "settle"}
        for step in steps[: steps.index(last[stage]) + 1]:
            getattr(self, step)()
        return self

    def balance(self) -> tuple[int, int, int, int]:
        """Available, reserved, redeemed, lapsed."""
        return tuple(self.world.registry.balances(self.voucher_id))  # type: ignore[return-value]

    def state(self) -> Any:
        return self.world.registry.orders(self.order_id)

    def pool(self) -> tuple[int, int, int]:
        """Funded, committed, paid."""
        return tuple(self.world.programmes.pools(self.programme_id))  # type: ignore[return-value]

    def invoice(self) -> tuple[int, int, int, bytes]:
        """Amount, claimed, live claims, seller's first 12 bytes."""
        return tuple(self.world.invoices.invoices(self.redemption.invoice))  # type: ignore[return-value]

    def agreement(self) -> int:
        """Live cost, kept only where the rule is not one unlimited rate."""
        return int(self.world.programmes.agreements(self.programme_id, self.redemption.agreement))
