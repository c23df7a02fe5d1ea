"""
Putting the five contracts on a chain, and telling that chain from any other.

Programmes and VoucherRegistry name each other, so the registry's address is computed before it exists, from the deployer's
nonce. A registry may open and issue only once the members authorised it by a motion: `authorise` does that where all the keys
are at hand (a demo, a test); otherwise each region votes for `authorisation` from its own gateway.

What is not here: sending that survives a crash (`registry.outbox`). A deployment that breaks off is begun again, and what
stands of it on the chain means nothing; unless its deployer's key was kept, and the nonce named.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from registry import codec
from registry.chain.artifacts import load
from registry.errors import OutcomeUnknown, TongquanError
from registry.events import Contract
from registry.model import NO_ADDRESS, NO_ID, Address, Digest, Founder, Motion, MotionKind, Region, Time
from registry.ports import Account, Node, Question, Receipt
from registry.solidity import WORD, checksummed, keccak, type_of

DEPLOYMENT_GAS = 8_000_000
CALL_GAS = 1_000_000
MINED_WITHIN_SECONDS = 60.0
POLL_SECONDS = 0.02
MOTION_DAYS = 30


class WrongDeployment(TongquanError):
    """The node's chain is not the one that the deployment was made on, or other contracts stand there. Nothing is to be done with it."""

    def __init__(self, what: str, *, expected: object, found: object) -> None:
        super().__init__(f"{what}: expected {expected}, found {found}")
        self.what = what
        self.expected = expected
        self.found = found


class DeploymentFailed(TongquanError):
    """A contract's constructor or a vote reverted."""


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """Where the contracts are: everything that a gateway or an auditor must be told to find the registry. `block` is their first."""

    chain_id: int
    genesis_hash: Digest
    block: int
    consortium: Address
    directory: Address
    invoices: Address
    programmes: Address
    registry: Address

    @property
    def contracts(self) -> Mapping[Address, Contract]:
        """Which contract stands at which address."""
        return {
            self.consortium: Contract.CONSORTIUM,
            self.directory: Contract.DIRECTORY,
            self.invoices: Contract.INVOICES,
            self.programmes: Contract.PROGRAMMES,
            self.registry: Contract.VOUCHER_REGISTRY,
        }

    @property
    def addresses(self) -> Mapping[Contract, Address]:
        """At which address each contract stands."""
        return {contract: address for address, contract in self.contracts.items()}

    @property
    def domain(self) -> codec.Domain:
        """What signatures for this registry are made for."""
        return codec.Domain(self.chain_id, self.registry)

    def to_json(self) -> str:
        """The text of a deployment file."""
        return json.dumps(asdict(self) | {"genesis_hash": "0x" + self.genesis_hash.hex()}, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote."""
        found = json.loads(text)
        return cls(**found | {"genesis_hash": Digest(bytes.fromhex(found["genesis_hash"].removeprefix("0x")))})


def deploy(node: Node, deployer: Account, founders: Sequence[Founder], *, nonce: int | None = None) -> Deployment:
    """
    Put all five contracts on the chain, from the deployer's next nonce on.

    With a `nonce` the same deployer and founders give the same contracts: what stands of them already is not sent again.

    Raises:
        DeploymentFailed: a constructor refused, for example too few founders.
        Unreachable, OutcomeUnknown: the node did not answer; begin again.
    """
    chain_id = node.chain_id()
    nonce = node.nonce(Address(deployer.address)) if nonce is None else nonce
    consortium, directory, invoices, programmes, registry = (_created_by(deployer, nonce + place) for place in range(5))
    constructors: list[tuple[Contract, Sequence[str], Sequence[Any]]] = [
        (Contract.CONSORTIUM, (), ()),
        (Contract.DIRECTORY, ("address",), (consortium,)),
        (Contract.INVOICES, ("address",), (consortium,)),
        (Contract.PROGRAMMES, ("address",) * 3, (consortium, invoices, registry)),
        (Contract.VOUCHER_REGISTRY, ("address",) * 5, (consortium, directory, invoices, programmes, NO_ADDRESS)),
    ]
    receipts = []
    for place, (contract, types, values) in enumerate(constructors):
        arguments = _founders(founders) if contract is Contract.CONSORTIUM else b"".join(map(_word, types, values))
        code = bytes.fromhex(load(contract).bytecode.removeprefix("0x")) + arguments
        receipts.append(_send(node, deployer, None, code, chain_id=chain_id, nonce=nonce + place, gas=DEPLOYMENT_GAS))
    return Deployment(
        chain_id=chain_id,
        genesis_hash=node.block(0).hash,
        block=receipts[0].block,
        consortium=consortium,
        directory=directory,
        invoices=invoices,
        programmes=programmes,
        registry=registry,
    )


def authorisation(deployment: Deployment, *, expires: Time, nonce: int = 0) -> Motion:
    """The motion by which the members let the registry open programmes and issue. `expires` is the last second for votes."""
    return Motion(MotionKind.AUTHORISE_REGISTRY, Region(0), deployment.registry, NO_ADDRESS, NO_ID, expires, nonce)


def authorise(node: Node, deployment: Deployment, admins: Sequence[Account]) -> Motion:
    """
    Vote for the registry with these regions' admins, put the motion into effect, and return it.

    Raises:
        DeploymentFailed: a vote was refused, or too few voted.
    """
    motion = authorisation(deployment, expires=Time(node.head().time + MOTION_DAYS * 86_400))
    vote, enact = codec.encode("vote", motion), codec.encode("setRegistry", motion)
    calls = [(admin, deployment.consortium, vote) for admin in admins] + [(admins[0], deployment.invoices, enact)]
    for admin, target, calldata in calls:
        nonce = node.nonce(Address(admin.address))
        _send(node, admin, target, calldata, chain_id=deployment.chain_id, nonce=nonce, gas=CALL_GAS)
    return motion


def verify(node: Node, deployment: Deployment) -> None:
    """
    Make sure that a node's chain is the deployment's: genesis, chain id, the code of all five contracts, and whom each names.

    Raises:
        WrongDeployment: something differs.
        Unreachable: the node did not answer; nothing is known.
    """
    _require("chain id", deployment.chain_id, node.chain_id())
    _require("genesis block", deployment.genesis_hash.hex(), node.block(0).hash.hex())
    for address, contract in deployment.contracts.items():
        if not load(contract).is_deployed_as(node.code(address)):
            raise WrongDeployment(f"code of {contract} at {address}", expected="this version's", found="another")
    head = node.head().number
    links = _links(deployment)
    answers = node.ask_all([Question(address, keccak(f"{name}()".encode())[:4]) for address, name, _ in links], head)
    for (address, name, named), answer in zip(links, answers, strict=True):
        found = checksummed(answer[-20:]) if isinstance(answer, bytes) and len(answer) == WORD else answer
        _require(f"{name} of {deployment.contracts[address]}", named, found)


def _links(deployment: Deployment) -> list[tuple[Address, str, Address]]:
    """Which contract names which: who, by what function, whom."""
    consortium, invoices = deployment.consortium, deployment.invoices
    return [
        (deployment.directory, "consortium", consortium),
        (deployment.invoices, "consortium", consortium),
        (deployment.programmes, "consortium", consortium),
        (deployment.programmes, "invoices", invoices),
        (deployment.programmes, "registry", deployment.registry),
        (deployment.registry, "consortium", consortium),
        (deployment.registry, "directory", deployment.directory),
        (deployment.registry, "invoices", invoices),
        (deployment.registry, "programmes", deployment.programmes),
    ]


def _require(what: str, expected: object, found: object) -> None:
    if expected != found:
        raise WrongDeployment(what, expected=expected, found=found)


def _created_by(deployer: Account, nonce: int) -> Address:
    """The address of the contract that an account creates with a nonce (Ethereum yellow paper, 7)."""
    import rlp  # noqa: PLC0415 - slow to load, and hardly any program deploys

    return checksummed(keccak(rlp.encode([bytes.fromhex(deployer.address[2:]), nonce]))[-20:])


def _founders(founders: Sequence[Founder]) -> bytes:
    """ABI bytes of `Founder[]`: its offset, its length, three words each."""
    rows = [_word("uint24", each.region) + _word("address", each.admin) + _word("address", each.recovery) for each in founders]
    return _word("uint256", 32) + _word("uint256", len(founders)) + b"".join(rows)


def _word(solidity_type: str, value: Any) -> bytes:
    return type_of(solidity_type).encode(value)


def _send(node: Node, account: Account, to: Address | None, body: bytes, *, chain_id: int, nonce: int, gas: int) -> Receipt:
    transaction = {"chainId": chain_id, "nonce": nonce, "data": body, "gas": gas, "gasPrice": 0, "value": 0}
    # A transaction to nobody creates a contract.
    raw = bytes(account.sign_transaction(transaction | ({} if to is None else {"to": to})).raw_transaction)
    sent = Digest(keccak(raw))
    if node.receipt(sent) is None:
        node.send_raw(raw)
    deadline = time.monotonic() + MINED_WITHIN_SECONDS
    while (receipt := node.receipt(sent)) is None:
        if time.monotonic() > deadline:
            raise OutcomeUnknown("0x" + sent.hex(), f"not mined within {MINED_WITHIN_SECONDS:g} seconds")
        time.sleep(POLL_SECONDS)
    if not receipt.succeeded:
        raise DeploymentFailed(f"transaction 0x{sent.hex()} reverted")
    return receipt
