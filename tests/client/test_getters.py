"""The table of getters says what the contracts' interfaces say."""

from dataclasses import fields

import pytest

from registry import getters
from registry.chain.artifacts import load
from registry.getters import Getter
from registry.rules import Ledger
from registry.rules.ledger import Slots
from registry.solidity import type_of

GETTERS = {name: each for name, each in vars(getters).items() if isinstance(each, Getter)}


def abi_type(parameter):
    if not parameter["type"].startswith("tuple"):
        return parameter["type"]
    return f"({','.join(abi_type(each) for each in parameter['components'])}){parameter['type'].removeprefix('tuple')}"


@pytest.mark.parametrize("getter", GETTERS.values(), ids=GETTERS)
def test_a_getter_asks_and_reads_what_the_interface_says(getter):
    (entry,) = [each for each in load(getter.contract).abi if each["type"] == "function" and each["name"] == getter.name]
    answers = ",".join(type_of(each).abi for each in getter.answers)

    assert [abi_type(each) for each in entry["inputs"]] == [type_of(each).abi for each in getter.arguments]
    # One record of fixed size is answered word by word, as many values would be.
    assert ",".join(map(abi_type, entry["outputs"])) in (answers, f"({answers})")


def test_every_slot_of_the_ledger_is_mirrored():
    ledger = Ledger(registry="0x" + "00" * 20)
    slots = {each.name for each in fields(Ledger) if isinstance(getattr(ledger, each.name), Slots)}

    # Which numbers a note has, no contract knows.
    assert set(getters.MIRRORED) == slots - {"notes"}
