"""Whether a programme was opened here or before."""

from registry import codec
from registry.model import MotionKind
from tests.contracts.world import digest


def test_a_programme_that_nobody_opened_is_unknown(world, programmes):
    assert not programmes.knows(digest("programme"))
    assert not programmes.knows(codec.id_of(world.programme_record()))


def test_a_programme_is_known_where_it_was_opened(world, programmes):
    assert programmes.knows(codec.id_of(world.programme(funded=0)))


def test_a_programme_is_known_to_every_successor(world):
    programme = codec.id_of(world.programme(funded=0))
    second, its_programmes = world.deploy_registry(world.registry.address)
    _, last_programmes = world.deploy_registry(second.address)

    assert its_programmes.knows(programme)
    assert last_programmes.knows(programme)
    assert its_programmes.rules(programme)[0] == 0


def test_a_programme_is_unknown_to_predecessors(world, programmes, office):
    registry, its_programmes = world.deploy_registry(world.registry.address)
    world.decide(MotionKind.RETIRE_REGISTRY, account=world.registry.address)
    world.decide(MotionKind.AUTHORISE_REGISTRY, account=registry.address)
    record = world.programme_record()

    its_programmes.open(record, by=office.issuer)

    assert its_programmes.knows(codec.id_of(record))
    assert not programmes.knows(codec.id_of(record))
