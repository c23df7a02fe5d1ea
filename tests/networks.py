"""A network for tests of the shell: the contracts' world on a real node, and the deployment by which the library finds it."""

from dataclasses import dataclass

from registry.chain.artifacts import load
from registry.chain.deploy import Deployment
from registry.chain.devnode import DevNode
from registry.chain.node import Node
from registry.events import Contract
from registry.model import Address
from registry.solidity import checksummed
from tests.contracts.world import World


@dataclass
class Network:
    """`world` acts, `chain` is how the library sees the same node."""

    devnode: DevNode
    chain: Node
    world: World
    deployment: Deployment


def network(devnode: DevNode) -> Network:
    """Deploy the committed contracts with six founding regions, every role granted."""
    chain = Node(devnode.url)
    before = chain.head().number
    world = World(devnode, {contract: load(contract) for contract in Contract})
    deployment = Deployment(
        chain_id=devnode.chain_id,
        genesis_hash=chain.block(0).hash,
        block=before + 1,
        consortium=_address(world.consortium.address),
        directory=_address(world.directory.address),
        invoices=_address(world.invoices.address),
        programmes=_address(world.programmes.address),
        registry=_address(world.registry.address),
    )
    return Network(devnode, chain, world, deployment)


def _address(found: str) -> Address:
    return checksummed(bytes.fromhex(found[2:]))
