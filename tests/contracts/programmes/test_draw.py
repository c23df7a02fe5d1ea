"""A payer takes back what is not committed."""

import pytest

from registry import codec
from registry.model import NO_ID
from tests.contracts.seen import account, said, unchanged
from tests.contracts.world import BEIJING, CHANGXING, HEBEI, SHANGHAI, YUAN, Life, digest, refused

REFERENCE = digest("bank reference")
AMOUNT = 500 * YUAN


def test_an_unopened_programme_has_no_pool(programmes, office):
    with refused("UnknownProgramme", programme=NO_ID):
        programmes.draw(NO_ID, AMOUNT, REFERENCE, by=office.payer)


@pytest.mark.parametrize("named", [CHANGXING, SHANGHAI])
@pytest.mark.parametrize("who", ["stranger", "admin", "issuer", "reviewer", "directory", "payer elsewhere"])
def test_only_its_payers_draw(world, programmes, who, named):
    programme, sender = codec.id_of(world.programme(payer=named)), account(world, who)

    with refused("NotPayer", account=sender, region=CHANGXING):
        programmes.draw(programme, AMOUNT, REFERENCE, by=sender)


@pytest.mark.parametrize("region", [SHANGHAI, BEIJING, HEBEI])
def test_without_a_named_payer_the_home_regions_alone_draws(world, programmes, region):
    """The lab's own region settles then, from the home region's pool."""
    programme, sender = codec.id_of(world.programme(payer=0)), world.offices[region].payer

    with refused("NotPayer", account=sender, region=CHANGXING):
        programmes.draw(programme, AMOUNT, REFERENCE, by=sender)


def test_a_revoked_payer_draws_nothing(world, programmes, office):
    programme = codec.id_of(world.programme())
    world.consortium.revoke(office.payer, by=office.admin)

    with refused("NotPayer", account=office.payer, region=CHANGXING):
        programmes.draw(programme, AMOUNT, REFERENCE, by=office.payer)


def test_nothing_is_not_drawn(world, programmes, office):
    programme = codec.id_of(world.programme())

    with refused("AmountZero"):
        programmes.draw(programme, 0, REFERENCE, by=office.payer)


@pytest.mark.parametrize("first", ["fund", "draw"])
@pytest.mark.parametrize("named", [CHANGXING, SHANGHAI])
def test_a_region_uses_a_bank_reference_once(world, programmes, named, first):
    """Whether it was for `fund` or for `draw`, and under whichever programme."""
    one, other = (codec.id_of(world.programme(payer=named)) for _ in range(2))
    payer = world.offices[named].payer
    getattr(programmes, first)(one, AMOUNT, REFERENCE, by=payer)

    for programme in (one, other):
        with refused("BankReferenceUsed", bankReference=REFERENCE):
            programmes.draw(programme, AMOUNT, REFERENCE, by=payer)


def test_each_region_has_its_own_bank_references(world, programmes, office):
    programme = codec.id_of(world.programme(payer=SHANGHAI))
    programmes.fund(programme, AMOUNT, REFERENCE, by=office.payer)
    assert not programmes.bankReferences(SHANGHAI, REFERENCE)

    programmes.draw(programme, AMOUNT, REFERENCE, by=world.offices[SHANGHAI].payer)

    assert programmes.bankReferences(SHANGHAI, REFERENCE)


@pytest.mark.parametrize("stage", ["open", "accepted", "settled"])
def test_what_is_committed_stays(world, programmes, office, stage):
    life = Life.begin(world, until=stage, funded=10_000 * YUAN)
    committed = life.pool()[1]

    with refused("PoolShort", index=0, programme=life.programme_id, free=10_000 * YUAN - committed, amount=10_000 * YUAN - committed + 1):
        programmes.draw(life.programme_id, 10_000 * YUAN - committed + 1, REFERENCE, by=office.payer)
    programmes.draw(life.programme_id, 10_000 * YUAN - committed, REFERENCE, by=office.payer)

    assert life.pool()[:2] == (committed, committed)


@pytest.mark.parametrize(("named", "region"), [(CHANGXING, CHANGXING), (SHANGHAI, CHANGXING), (SHANGHAI, SHANGHAI), (0, CHANGXING)])
def test_a_payer_draws(world, programmes, named, region):
    programme, neighbour = (codec.id_of(world.programme(payer=named, funded=1_000 * YUAN)) for _ in range(2))
    payer = world.offices[region].payer
    others = [
        lambda other=other: programmes.bankReferences(other, REFERENCE) for other in (CHANGXING, SHANGHAI, BEIJING) if other != region
    ]

    with unchanged(*others, lambda: programmes.pools(neighbour), lambda: programmes.rules(programme)):
        sent = programmes.draw(programme, AMOUNT, REFERENCE, by=payer)

    assert sent.events == (said("Drawn", programme=programme, amount=AMOUNT, bankReference=REFERENCE, by=payer),)
    assert tuple(programmes.pools(programme)) == (1_000 * YUAN - AMOUNT, 0, 0)
    assert programmes.bankReferences(region, REFERENCE)
