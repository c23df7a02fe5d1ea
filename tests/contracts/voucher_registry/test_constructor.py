"""A registry is made for its own programmes."""

from registry.model import NO_ADDRESS
from tests.contracts.world import refused


def test_programmes_of_another_registry_are_refused(world):
    shared = (world.consortium.address, world.directory.address, world.invoices.address)

    with refused("WrongProgrammes", programmes=world.programmes.address):
        world._create("VoucherRegistry", *shared, world.programmes.address, NO_ADDRESS)


def test_a_registry_keeps_what_it_was_given(world):
    registry, programmes = world.deploy_registry(predecessor=world.registry.address)

    assert registry.consortium() == world.consortium.address.lower()
    assert registry.directory() == world.directory.address.lower()
    assert registry.invoices() == world.invoices.address.lower()
    assert registry.programmes() == programmes.address.lower()
    assert registry.predecessor() == world.registry.address.lower()
    assert programmes.registry() == registry.address.lower()
    domain = registry.eip712Domain()
    assert (domain.name, domain.version, domain.chainId) == ("Tongquan", "1", world.node.chain_id)
    assert domain.verifyingContract == registry.address.lower()
    assert world.registry.predecessor() == NO_ADDRESS
