"""Log entries to events: every event of the contracts, and nothing but what Solidity writes."""

import random
from collections.abc import Mapping
from dataclasses import fields
from enum import IntEnum

import pytest
from eth_abi.abi import encode
from hexbytes import HexBytes
from web3 import Web3

from registry import events, model
from registry.chain.artifacts import load
from registry.events import EVENTS, Contract, Event, MalformedEvent, decode, signature, topic
from registry.model import Record, Standing

OF_LIBRARIES = {"EIP712DomainChanged"}


def entries(contracts, contract):
    return [each for each in contracts[contract].abi if each["type"] == "event" and each["name"] not in OF_LIBRARIES]


def canonical(parameter) -> str:
    if not parameter["type"].startswith("tuple"):
        return parameter["type"]
    return f"({','.join(map(canonical, parameter['components']))}){parameter['type'].removeprefix('tuple')}"


def solidity_name(field) -> str:
    first, *rest = field.name.split("_")
    return field.metadata["name"] or first + "".join(word.capitalize() for word in rest)


@pytest.mark.parametrize("contract", Contract)
def test_the_events_are_those_of_the_contract(contracts, contract):
    declared = {
        f"{each['name']}({','.join(map(canonical, each['inputs']))})": [(one["name"], one["indexed"]) for one in each["inputs"]]
        for each in entries(contracts, contract)
    }

    ours = {
        signature(each): [(solidity_name(field), field.metadata["indexed"]) for field in fields(each)]
        for (of, _), each in EVENTS.items()
        if of == contract
    }

    assert ours == declared


def some(solidity_type: str, kind: object, chance: random.Random) -> object:
    """A value as the ABI encoder takes it."""
    record = getattr(model, solidity_type.removesuffix("[]"), None)
    if solidity_type.endswith("[]"):
        return [some(solidity_type.removesuffix("[]"), None, chance) for _ in range(chance.randint(0, 3))]
    if isinstance(record, type) and issubclass(record, Record):
        return tuple(some(each.metadata["type"], each.type, chance) for each in fields(record))
    if isinstance(kind, type) and issubclass(kind, IntEnum):
        return int(chance.choice(list(kind)))
    if solidity_type == "string":
        return "CX-甲" * chance.randint(1, 20)
    if solidity_type == "bytes":
        return chance.randbytes(chance.randint(0, 80))
    if solidity_type.startswith("bytes"):
        return chance.randbytes(int(solidity_type.removeprefix("bytes")))
    if solidity_type == "address":
        return f"0x{chance.randbytes(20).hex()}"
    if solidity_type == "bool":
        return chance.random() < 0.5
    return chance.getrandbits(int(solidity_type.removeprefix("uint")))


def written(event_type: type[Event], chance: random.Random) -> tuple[list[object], list[bytes], bytes]:
    """Random values, and the topics and data that Solidity would write for them."""
    values = [some(each.metadata["type"], each.type, chance) for each in fields(event_type)]
    types = signature(event_type).partition("(")[2][:-1]
    parts = [events._canonical(each.metadata["type"]) for each in fields(event_type)]
    assert ",".join(parts) == types
    pairs = list(zip(fields(event_type), parts, values, strict=True))
    topics = [topic(event_type), *(encode([part], [value]) for field, part, value in pairs if field.metadata["indexed"])]
    plain = [(part, value) for field, part, value in pairs if not field.metadata["indexed"]]
    return values, topics, encode([part for part, _ in plain], [value for _, value in plain])


def unpacked(value: object) -> object:
    """A decoded value as the encoder would take it again."""
    if isinstance(value, Record):
        return tuple(unpacked(getattr(value, each.name)) for each in fields(value))
    if isinstance(value, tuple):
        return [unpacked(each) for each in value]
    if isinstance(value, str) and value.startswith("0x"):
        return value.lower()
    return value


@pytest.mark.parametrize("event_type", EVENTS.values(), ids=lambda each: f"{each.contract}.{each.__name__}")
def test_an_event_reads_back_as_it_was_written(event_type):
    chance = random.Random(event_type.__name__)
    for _ in range(20):
        values, topics, plain = written(event_type, chance)

        event = decode(event_type.contract, topics, plain)

        assert type(event) is event_type
        assert [unpacked(getattr(event, each.name)) for each in fields(event)] == values


@pytest.mark.parametrize("event_type", EVENTS.values(), ids=lambda each: f"{each.contract}.{each.__name__}")
def test_bytes_missing_or_left_over_are_refused(event_type):
    _, topics, plain = written(event_type, random.Random(1))
    refused = [
        (topics, plain + bytes(32)),
        (topics, plain + b"\0"),
        ([*topics, bytes(32)], plain),
        (topics[:-1], plain),
        ([], plain),
        *([(topics, plain[:-1]), (topics, plain[:-32])] if plain else []),
    ]
    for bad_topics, bad_plain in refused:
        with pytest.raises(MalformedEvent):
            decode(event_type.contract, bad_topics, bad_plain)


def by_web3(web3, event_type, topics, plain) -> dict[str, object]:
    """The same entry as web3 reads it by the committed ABI."""
    log = {
        "address": "0x" + "00" * 20,
        "topics": [HexBytes(each) for each in topics],
        "data": HexBytes(plain),
        "blockHash": HexBytes(bytes(32)),
        "blockNumber": 1,
        "transactionHash": HexBytes(bytes(32)),
        "transactionIndex": 0,
        "logIndex": 0,
    }
    return web3.eth.contract(abi=load(event_type.contract).abi).events[event_type.__name__]().process_log(log)["args"]


def compared(value: object) -> object:
    """A value of either side without its type: records and web3's structs by their values, bytes and addresses as digits."""
    if isinstance(value, Record):
        return [compared(getattr(value, each.name)) for each in fields(value)]
    if isinstance(value, Mapping):
        return [compared(each) for each in value.values()]
    if isinstance(value, list | tuple):
        return [compared(each) for each in value]
    if isinstance(value, bytes):
        return value.hex()
    return int(value) if isinstance(value, IntEnum) else value


@pytest.mark.parametrize("event_type", EVENTS.values(), ids=lambda each: f"{each.contract}.{each.__name__}")
def test_every_event_is_read_as_web3_reads_it(event_type):
    web3, chance = Web3(), random.Random(event_type.__name__)
    for _ in range(5):
        _, topics, plain = written(event_type, chance)

        event, theirs = decode(event_type.contract, topics, plain), by_web3(web3, event_type, topics, plain)

        assert {solidity_name(each): compared(getattr(event, each.name)) for each in fields(event)} == {
            name: compared(value) for name, value in theirs.items()
        }


def test_no_two_contracts_have_an_event_of_the_same_signature():
    """`decode` finds an event by its topic alone, and then asks whose it is."""
    assert len({event_topic for _, event_topic in EVENTS}) == len(EVENTS)


LAB = bytes(31) + b"\x01"


@pytest.mark.parametrize(
    ("event_type", "topics", "plain"),
    [
        (events.StandingSet, [LAB], (5).to_bytes(32, "big")),  # no such standing
        (events.StandingSet, [LAB], (1 << 8).to_bytes(32, "big")),  # more than eight bits
        (events.Enacted, [b"\x01"], b""),  # a topic that is no word
        (events.LabRenewed, [LAB], LAB + (1 << 40).to_bytes(32, "big")),  # more than forty bits
        (events.Vetoed, [LAB], bytes(32)),  # a word where none belongs
        (events.CaretakerNamed, [LAB], b"\xff" * 32),  # more than an address
        (events.Released, [LAB], (2).to_bytes(32, "big") + bytes(32)),  # neither true nor false
        (events.Claimed, [LAB, LAB, LAB], bytes(64) + b"\xff" * 32),  # more than twelve bytes
    ],
)
def test_values_that_do_not_fit_are_refused(event_type, topics, plain):
    with pytest.raises(MalformedEvent):
        decode(event_type.contract, [topic(event_type), *topics], plain)


def test_an_event_of_another_contract_is_refused():
    with pytest.raises(MalformedEvent):
        decode(Contract.INVOICES, [topic(events.StandingSet), LAB], (1).to_bytes(32, "big"))


def test_a_standing_is_read_as_one():
    event = decode(Contract.DIRECTORY, [topic(events.StandingSet), LAB], (4).to_bytes(32, "big"))

    assert event == events.StandingSet(LAB, Standing.FROZEN)


def test_a_code_that_is_no_utf8_stops_no_reader():
    """The contracts take any bytes for a code; one hostile office must not blind everybody's index."""
    event = decode(Contract.DIRECTORY, [topic(events.ItemListed), LAB, LAB], encode(["bytes"], [b"A\xff"]))

    assert event == events.ItemListed(LAB, LAB, "A\\xff")
