"""The refusals of the rules are the errors of the contracts, name by name and value by value."""

import pytest

from registry.chain.reasons import refusal as read
from registry.errors import Rejected
from registry.events import Contract
from registry.rules import ERRORS, encode_refusal
from registry.solidity import type_of

# Of constructors, of calls that only another contract makes, of gas, and of the libraries that the contracts stand on.
NO_RULE_MEETS = {
    "TooFewFounders",
    "WrongProgrammes",
    "NotRegistry",
    "TooLittleGas",
    "ECDSAInvalidSignature",
    "ECDSAInvalidSignatureLength",
    "ECDSAInvalidSignatureS",
    "InvalidShortString",
    "StringTooLong",
}
OF_THE_COMPILER = {"Panic"}


def declared(contracts) -> dict[str, tuple[tuple[str, str], ...]]:
    return {
        entry["name"]: tuple((each["name"], each["type"]) for each in entry["inputs"])
        for name in Contract
        for entry in contracts[name].abi
        if entry["type"] == "error"
    }


def test_every_error_of_a_contract_is_a_refusal(contracts):
    errors = declared(contracts)

    assert errors.keys() - NO_RULE_MEETS == ERRORS.keys() - OF_THE_COMPILER
    assert {name: errors[name] for name in ERRORS.keys() - OF_THE_COMPILER} == {
        name: ERRORS[name] for name in ERRORS.keys() - OF_THE_COMPILER
    }


def _some(solidity_type: str) -> object:
    return type_of(solidity_type).decode((1).to_bytes(32, "big") if "bytes" not in solidity_type else b"\x07".ljust(32, b"\0"), 0)[0]


@pytest.mark.parametrize("name", ERRORS)
def test_a_batch_reports_a_refusal_in_the_contracts_own_bytes(name):
    rejected = Rejected(name, {key: _some(solidity_type) for key, solidity_type in ERRORS[name]})

    found = read(encode_refusal(rejected))

    assert (found.code, found.values) == (rejected.code, rejected.values)


def test_a_refusal_without_a_name_has_no_bytes():
    assert encode_refusal(Rejected("Malformed")) == b""
