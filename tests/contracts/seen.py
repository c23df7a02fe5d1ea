"""What a contract's tests look with: expected events, plain answers, the last good second, and neighbours that must not move."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from eth_account.signers.local import LocalAccount

from registry.chain.artifacts import Artifact
from registry.model import Region
from tests.contracts.world import BEIJING, CHANGXING, STRANGER, Contract, Event, Sent, World, _plain, _values

OFFICE = ("admin", "recovery", "issuer", "reviewer", "payer", "directory")


def said(name: str, **values: object) -> Event:
    """An event as a receipt shows it."""
    return Event(name, {key: _plain(value) for key, value in values.items()})


def read(contract: Contract, function: str, *arguments: object) -> dict[str, Any]:
    """An answer by name, also where a name is none in Python, as `from` is."""
    return _values(contract.functions[function]["outputs"], contract.world.call(contract.address, contract.encode(function, *arguments)))


def asked(contract: Contract, function: str, *arguments: object) -> Sent:
    """Mine a transaction that asks a view, so that its refusal is judged in a block of its own."""
    return contract.world.send(STRANGER, contract.address, contract.encode(function, *arguments))


def deploy(world: World, artifact: Artifact, *arguments: object) -> Contract:
    """Put a harness on the chain."""
    world.artifacts = {**world.artifacts, artifact.name: artifact}
    return world.attach(artifact.name, world._create(artifact.name, *arguments))


@contextmanager
def unchanged(*reads: Callable[[], object]) -> Iterator[None]:
    """Expect that what these read stays the same."""
    before = [look() for look in reads]
    yield
    assert [look() for look in reads] == before


def good_until(world: World, time: int, act: Callable[[], object]) -> None:
    """Do something in its last second, take it back, and let the next block be one second late."""
    with world.put_back():
        world.at(time)
        act()
    world.at(time + 1)


def good_from(world: World, time: int, act: Callable[[], object]) -> None:
    """Do something in its first second, take it back, and let the next block be one second early."""
    with world.put_back():
        world.at(time)
        act()
    world.at(time - 1)


def account(world: World, who: str, region: Region = CHANGXING) -> LocalAccount:
    """The stranger, a member of a region's office by name, or with "elsewhere" Beijing's."""
    if who == "stranger":
        return STRANGER
    office = world.offices[BEIJING if who.endswith(" elsewhere") else region]
    found: LocalAccount = getattr(office, who.removesuffix(" elsewhere"))
    return found
