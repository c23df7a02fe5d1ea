"""
What is committed is what is deployed, within its limits of size and settings.

That it is also what the sources compile to, for `paris`, stands in `tests/chain/test_compile.py`.
"""

import pytest

from registry.chain import artifacts
from registry.chain import compile as solidity

CONTRACTS = {
    "Consortium": "consortium",
    "Directory": "directory",
    "Invoices": "invoices",
    "Programmes": "programmes",
    "VoucherRegistry": "registry",
}


def test_the_five_contracts_are_committed_and_no_harness():
    assert {path.stem for path in artifacts.FOLDER.glob("*.json")} == set(CONTRACTS)


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_contract_is_optimised_for_two_hundred_to_a_thousand_runs(name):
    """Fewer make every step dearer; more make VoucherRegistry too large."""
    settings = artifacts.load(name).compiler

    assert 200 <= settings["optimizerRuns"] <= 1_000
    assert (settings["viaIR"], settings["evmVersion"]) == (True, "paris")


@pytest.mark.parametrize("name", CONTRACTS)
def test_what_is_deployed_is_what_is_committed_and_leaves_room(world, name):
    address = getattr(world, CONTRACTS[name]).address
    code = bytes.fromhex(world.node.rpc("eth_getCode", address, "latest")[2:])

    assert artifacts.load(name).is_deployed_as(code)
    assert len(code) < solidity.SIZE_LIMIT == 24_000
