"""A record is checked when it is made, field by field, so that whoever holds one may trust it."""

import re
from dataclasses import fields, replace

import pytest
from hypothesis import given

from registry.model import (
    NO_ADDRESS,
    NO_ID,
    Claim,
    Filing,
    Item,
    Motion,
    MotionKind,
    Order,
    Recipient,
    Redemption,
    RegistryStatus,
    Release,
    Signatures,
    Slice,
)
from tests.core.strategies import any_record

ADDRESS = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
CLAIM = Claim(NO_ID, NO_ID, NO_ID, NO_ID, NO_ID, NO_ID, 1, 1, ADDRESS, NO_ADDRESS)
ORDER = Order(NO_ID, NO_ID, NO_ID, NO_ID, 1, 2, 3)
REDEMPTION = Redemption(NO_ID, 0, 1, 1, NO_ID, NO_ID, 1, NO_ID, 2)

# By the type that a field asks for; enums, records and tuples of them are below, since what they take depends on which.
UNFIT = {
    "bytes32": (None, "", b"", bytes(31), bytes(33), bytearray(32), "0" * 32),
    "address": (
        None,
        bytes(20),
        [],
        "",
        ADDRESS[2:],
        ADDRESS.lower(),
        "0x" + ADDRESS[2:].upper(),
        ADDRESS.swapcase(),
        "0X" + ADDRESS[2:],
        ADDRESS[:-1],
        ADDRESS + "0",
        "0x" + " " * 40,
        "0x" + "1_" * 20,
        "0x" + "zz" * 20,
    ),
    "string": (None, b"MS-03", "", "\ud800", "MS-03\udfff", 3),
    "bool": (None, 0, 1, "True"),
}


def unfit(record, each):
    """Values that no record may hold in this field."""
    solidity_type, value = each.metadata["type"], getattr(record, each.name)
    if solidity_type in UNFIT:
        return UNFIT[solidity_type]
    if type(value) not in (int, tuple):
        return (
            (None, int(value), 99) if isinstance(value, int) else (None, Slice(1, 1), tuple(getattr(value, f.name) for f in fields(value)))
        )
    if type(value) is tuple:
        return (None, list(value), Slice(1, 1), ((1, 1),), (Recipient(NO_ID, NO_ID),))
    return (None, True, False, 1.0, "1", -1, 2 ** int(solidity_type.removeprefix("uint")))


@given(any_record)
def test_every_field_refuses_what_does_not_fit_it(record):
    for each in fields(record):
        for value in unfit(record, each):
            with pytest.raises(ValueError, match=re.escape(f"{type(record).__name__}.{each.name} takes ")):
                replace(record, **{each.name: value})


def test_an_enum_is_held_as_its_member():
    """Code compares members by identity; a bare 0 equals its member and would be told apart from it."""
    motion = Motion(MotionKind.ADMIT, 0, NO_ADDRESS, NO_ADDRESS, NO_ID, 0, 0)

    assert motion.kind is MotionKind.ADMIT
    for kind in (1, 12, RegistryStatus.AUTHORISED):
        with pytest.raises(ValueError, match=r"Motion\.kind takes a MotionKind"):
            replace(motion, kind=kind)


def test_an_address_has_one_spelling():
    assert replace(CLAIM, endorser=ADDRESS).endorser == ADDRESS
    with pytest.raises(ValueError, match=r"Claim\.endorser"):
        replace(CLAIM, endorser=ADDRESS.lower())


def test_a_record_within_a_record_is_of_its_own_type():
    assert Filing(CLAIM, REDEMPTION).claim is CLAIM
    with pytest.raises(ValueError, match=r"Filing\.claim takes a Claim"):
        Filing(ORDER, REDEMPTION)


@pytest.mark.parametrize("code", ["MS-03", "券", " ", "\U0001f9ea"])
def test_any_text_that_is_not_empty_is_a_code(code):
    assert Item(NO_ID, code).code == code


@pytest.mark.parametrize(("field", "size"), [("firm", 64), ("lab", 64), ("reason", 32)])
@pytest.mark.parametrize("unfit", [lambda size: bytes(size - 1), lambda size: bytes(size + 1), lambda size: "0" * size, lambda _: None])
def test_signatures_refuse_what_is_none(field, size, unfit):
    with pytest.raises(ValueError, match=rf"Signatures\.{field} takes {size} bytes"):
        Signatures(**{field: unfit(size)})


def test_the_edges_of_a_number_are_within():
    assert Release(NO_ID, 255, 2**40 - 1).attempt == 255
    assert Release(NO_ID, 0, 0).attempt == 0
