"""Programmes, and a till: programmes whose registry does what a test tells it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from eth_abi.abi import decode

from registry import codec
from registry.chain.artifacts import Artifact
from registry.model import Fen, Id, MotionKind, Slice
from tests.contracts.seen import _values, deploy
from tests.contracts.world import CHANGXING, STRANGER, YUAN, Contract, Office, Sent, World, digest

FUNDED = 1_000 * YUAN
STEPS = (Slice(Fen(1_000), 5_000), Slice(Fen(3_000), 2_500))


@pytest.fixture
def programmes(world: World) -> Contract:
    return world.programmes


@pytest.fixture
def office(world: World) -> Office:
    """Changxing's people, whose programmes these are."""
    return world.offices[CHANGXING]


@dataclass(frozen=True)
class Till:
    """Two programmes of a registry that does what it is told, each with 1,000 yuan: 50 % of the first 10 yuan, 25 % up to 30."""

    harness: Contract
    programmes: Contract
    programme: Id
    neighbour: Id

    def tell(self, function: str, *arguments: object) -> Sent:
        """Let the registry do something."""
        return self.harness.relay(self.programmes.address, self.programmes.encode(function, *arguments), by=STRANGER)

    def ask(self, function: str, *arguments: object) -> int:
        """What the registry would be answered; nothing happens."""
        body = self.harness.encode("relay", self.programmes.address, self.programmes.encode(function, *arguments))
        (answer,) = decode(["bytes"], self.programmes.world.call(self.harness.address, body))
        values: Mapping[str, Any] = _values(self.programmes.functions[function]["outputs"], answer)
        return int(next(iter(values.values())))

    def pool(self, programme: Id | None = None) -> tuple[int, int, int]:
        """Funded, committed, paid."""
        return tuple(self.programmes.pools(programme or self.programme))  # type: ignore[return-value]


@pytest.fixture(scope="module")
def _till(shared_world: World, harness: Mapping[str, Artifact]) -> Iterator[Till]:
    # It retires the registry, so it cannot stay in a world that others share; but for a file of tests it can.
    with shared_world.put_back():
        yield _opened(shared_world, harness)


@pytest.fixture
def till(_till: Till, world: World) -> Till:
    return _till


def _opened(world: World, harness: Mapping[str, Artifact]) -> Till:
    office = world.offices[CHANGXING]
    registry = deploy(world, harness["RegistryHarness"], world.registry.address)
    address = world._create("Programmes", world.consortium.address, world.invoices.address, registry.address)
    programmes = world.attach("Programmes", address)
    world.decide(MotionKind.RETIRE_REGISTRY, account=world.registry.address)
    world.decide(MotionKind.AUTHORISE_REGISTRY, account=registry.address)
    records = [world.programme_record(slices=STEPS) for _ in range(2)]
    for record in records:
        programmes.open(record, by=office.issuer)
        programmes.fund(codec.id_of(record), FUNDED, digest(record.code), by=office.payer)
    return Till(registry, programmes, *(codec.id_of(record) for record in records))
