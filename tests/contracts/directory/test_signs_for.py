"""Whose key signs for a party now."""

import pytest

from registry.model import NO_ADDRESS
from tests.contracts.directory.parties import UNKNOWN
from tests.contracts.world import person


@pytest.mark.parametrize("who", ["firm", "lab"])
def test_a_partys_present_key_signs_for_it(world, firm, lab, neighbour, who):
    party, following = {"firm": firm, "lab": lab}[who], person("next key")
    assert world.directory.signsFor(party.id) == party.signer.address.lower()

    world.directory.rotate(party.id, following, by=party.signer)

    assert world.directory.signsFor(party.id) == following.address.lower()
    assert world.directory.signsFor(neighbour.id) == neighbour.signer.address.lower()


def test_nobody_signs_for_what_is_unknown(directory):
    assert directory.signsFor(UNKNOWN) == NO_ADDRESS
