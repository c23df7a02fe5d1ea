"""Records and calls to bytes and back, ids and calldata: one value, one encoding."""

import json
from dataclasses import FrozenInstanceError, fields, replace
from pathlib import Path

import pytest
from eth_abi import encode as abi_encode
from hypothesis import given
from hypothesis import strategies as st

from registry import codec, model
from registry.chain import artifacts
from registry.codec import VERBS, Domain, NotDecodable, NotEncodable, UnknownVerb
from registry.errors import TongquanError
from registry.events import Contract
from registry.model import NO_ADDRESS, NO_ID, Address, Claim, Item, Order, Paid, Programme, Recipient, Release, Role, Signatures, StandIn
from registry.solidity import checksummed, struct_of, type_of
from tests.core.strategies import RECORD_TYPES, any_record, calls, records, values

DOMAIN = Domain(20_130_000, Address("0x5FbDB2315678afecb367f032d93F642f64180aa3"))
RELEASE = Release(b"\x01" * 32, 2, 3)


def plain(value):
    """A record as the nested tuples that eth_abi takes."""
    if isinstance(value, Signatures):
        return ((value.firm[:32], value.firm[32:]), (value.lab[:32], value.lab[32:]), value.reason)
    if isinstance(value, model.Record):
        return tuple(plain(getattr(value, each.name)) for each in fields(value))
    return [plain(each) for each in value] if isinstance(value, tuple) else value


# Records


@given(any_record)
def test_a_record_comes_back_from_its_bytes(record):
    back = codec.decode_record(type(record), codec.encode_record(record))

    assert back == record
    assert [type(getattr(back, each.name)) for each in fields(back)] == [type(getattr(record, each.name)) for each in fields(record)]


@given(any_record)
def test_bytes_are_those_of_eth_abi(record):
    members = [type_of_member.abi for type_of_member in struct_of(type(record)).members.values()]

    assert codec.encode_record(record) == abi_encode(members, plain(record))


@given(any_record, st.binary(min_size=1, max_size=64))
def test_trailing_bytes_are_refused(record, more):
    with pytest.raises(NotDecodable):
        codec.decode_record(type(record), codec.encode_record(record) + more)


@given(any_record, st.data())
def test_bytes_cut_short_are_refused(record, data):
    content = codec.encode_record(record)

    with pytest.raises(NotDecodable):
        codec.decode_record(type(record), content[: data.draw(st.integers(0, len(content) - 1))])


@given(any_record, st.data())
def test_any_flipped_bit_is_another_record_or_refused(record, data):
    """No two encodings are read as one record: there is nothing in the bytes that the reader overlooks."""
    content = bytearray(codec.encode_record(record))
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))

    try:
        other = codec.decode_record(type(record), bytes(content))
    except NotDecodable:
        return
    assert other != record
    assert codec.encode_record(other) == bytes(content)


@pytest.mark.parametrize(
    ("record_type", "word", "dirty"),
    [(Release, 1, 30), (Release, 2, 26), (Order, 4, 23), (Claim, 8, 11), (Programme, 7, 30), (Programme, 3, 30)],
    ids=["uint8", "uint40", "uint64", "address", "bool", "enum"],
)
def test_dirty_high_bits_are_refused(record_type, word, dirty):
    record = {
        Release: RELEASE,
        Order: Order(NO_ID, NO_ID, NO_ID, NO_ID, 1, 2, 3),
        Claim: Claim(NO_ID, NO_ID, NO_ID, NO_ID, NO_ID, NO_ID, 1, 1, NO_ADDRESS, NO_ADDRESS),
        Programme: Programme(1, "A", 1, Paid.LAB, Paid.LAB, model.Approval.NEVER, model.FirstReview.NONE, False, 0, 1, (), NO_ID),  # noqa: FBT003
    }[record_type]
    content = bytearray(codec.encode_record(record))
    content[32 * word + dirty] = 1

    with pytest.raises(NotDecodable):
        codec.decode_record(record_type, bytes(content))


@pytest.mark.parametrize(("word", "unknown"), [(3, 2), (5, 3), (6, 3), (7, 2)], ids=["paid", "approval", "first review", "bool"])
def test_a_value_that_an_enum_does_not_have_is_refused(word, unknown):
    programme = Programme(1, "A", 1, Paid.LAB, Paid.LAB, model.Approval.NEVER, model.FirstReview.NONE, False, 0, 1, (), NO_ID)  # noqa: FBT003
    content = bytearray(codec.encode_record(programme))
    content[32 * word + 31] = unknown

    with pytest.raises(NotDecodable):
        codec.decode_record(Programme, bytes(content))


def test_dirty_padding_of_a_text_is_refused():
    content = bytearray(codec.encode_record(Item(NO_ID, "MS-03")))
    content[-1] = 1

    with pytest.raises(NotDecodable, match="padding"):
        codec.decode_record(Item, bytes(content))


def test_an_offset_that_overlaps_or_leaves_a_gap_is_refused():
    content = codec.encode_record(Item(NO_ID, "MS-03"))
    for offset in (0, 32, 96):
        with pytest.raises(NotDecodable, match="offset"):
            codec.decode_record(Item, content[:32] + offset.to_bytes(32, "big") + content[64:])


def test_text_that_is_no_utf8_is_refused():
    content = codec.encode_record(Item(NO_ID, "MS-03")).replace(b"MS-03", b"MS-0\xff")

    with pytest.raises(NotDecodable, match="UTF-8"):
        codec.decode_record(Item, content)


def test_an_empty_code_is_refused_as_it_is_when_a_record_is_made():
    with pytest.raises(NotDecodable, match=r"Item\.code"):
        codec.decode_record(Item, bytes(32) + (64).to_bytes(32, "big") + bytes(32))


def test_a_count_that_cannot_be_true_costs_nothing():
    """Four bytes of calldata more must not make the reader build a list of 2^255 items."""
    with pytest.raises(NotDecodable, match="announced"):
        codec.decode(VERBS["withdraw"].selector + (32).to_bytes(32, "big") + b"\x7f" + b"\xff" * 31)


def test_a_length_that_cannot_be_true_is_refused():
    with pytest.raises(NotDecodable, match="announced"):
        codec.decode_record(Item, bytes(32) + (64).to_bytes(32, "big") + b"\xff" * 32 + b"MS-03".ljust(32, b"\0"))


# Ids


def test_type_strings_are_those_of_the_contracts():
    source = (Path(artifacts.__file__).parents[2] / "contracts" / "libraries" / "RecordId.sol").read_text(encoding="utf-8")
    joined = source.replace('"\n    "', "")
    without_id = {"Recipient", "Reservation", "Filing"}

    missing = [each.__name__ for each in RECORD_TYPES if each.__name__ not in without_id and f'"{codec.type_string(each)}"' not in joined]

    assert missing == []
    assert joined.count("_TYPE = keccak256(") == len(RECORD_TYPES) - len(without_id)


@given(any_record, any_record)
def test_two_records_have_one_id_only_if_they_are_one(first, second):
    assert (codec.id_of(first) == codec.id_of(second)) == (first == second)


@given(any_record)
def test_every_member_counts_in_the_id(record):
    for each in fields(record):
        other = getattr(record, each.name)
        changed = {
            "bytes32": lambda value: bytes([value[0] ^ 1]) + value[1:],
            "string": lambda value: value + " ",
            "address": lambda value: checksummed(bytes(byte ^ 1 for byte in bytes.fromhex(value[2:]))),
            "bool": lambda value: not value,
            "Slice[]": lambda value: (*value, model.Slice(1, 1)),
            "Voucher": lambda value: replace(value, face=value.face ^ 1),
            "Order": lambda value: replace(value, nonce=value.nonce ^ 1),
            "Claim": lambda value: replace(value, subsidy=value.subsidy ^ 1),
            "Redemption": lambda value: replace(value, cost=value.cost ^ 1),
        }.get(each.metadata["type"], lambda value: type(value)(value ^ 1) if value ^ 1 in _range(value) else type(value)(0))
        assert codec.id_of(replace(record, **{each.name: changed(other)})) != codec.id_of(record)


def _range(value):
    return set(type(value)) if type(value) is not int else {value ^ 1}


@pytest.mark.parametrize("address", ["0x" + " " * 40, "0x" + "1_" * 20, "0x" + "zz" * 20, "0x" + "ab" * 19 + " a", "0x1234"])
def test_what_is_no_address_is_not_encoded(address):
    with pytest.raises(NotEncodable):
        codec.encode("revoke", address)


def test_digest_differs_by_chain_and_by_contract():
    here = codec.digest(RELEASE, DOMAIN)

    assert codec.digest(RELEASE, Domain(DOMAIN.chain_id + 1, DOMAIN.registry)) != here
    assert codec.digest(RELEASE, Domain(DOMAIN.chain_id, NO_ADDRESS)) != here


def test_a_domain_is_a_value():
    assert Domain(DOMAIN.chain_id, DOMAIN.registry) == DOMAIN
    assert hash(Domain(DOMAIN.chain_id, DOMAIN.registry)) == hash(DOMAIN)
    with pytest.raises(FrozenInstanceError):
        DOMAIN.chain_id = 1
    for chain_id, registry in ((-1, DOMAIN.registry), (2**256, DOMAIN.registry), (1, "0x12")):
        with pytest.raises(NotEncodable):
            Domain(chain_id, registry)


def test_evidence_is_seventeen_bytes_of_the_id():
    claim = Claim(NO_ID, NO_ID, NO_ID, NO_ID, NO_ID, NO_ID, 1, 1, NO_ADDRESS, NO_ADDRESS)

    assert codec.evidence(claim) == codec.id_of(claim)[:17]
    assert codec.evidence(replace(claim, endorser=DOMAIN.registry)) != codec.evidence(claim)


@given(records(model.Terms), records(Recipient))
def test_a_voucher_has_its_terms_and_its_recipient(terms, recipient):
    voucher = codec.voucher_of(terms, recipient)

    assert codec.encode_record(voucher) == codec.encode_record(terms) + codec.encode_record(recipient)


@given(st.integers(0, 2**40), st.integers(1, 2**40))
def test_consumed_is_the_fewest_whole_notes_that_hold_the_subsidy(subsidy, denomination):
    whole = codec.consumed(subsidy, denomination)

    assert whole % denomination == 0
    assert whole - denomination < subsidy <= whole


@pytest.mark.parametrize(("subsidy", "denomination"), [(-1, 1), (1, 0), (1, -1)])
def test_consumed_refuses_what_is_no_money(subsidy, denomination):
    with pytest.raises(ValueError, match="fen"):
        codec.consumed(subsidy, denomination)


# Calldata


def _abi_type(entry) -> str:
    if "components" not in entry:
        return entry["type"]
    return f"({','.join(map(_abi_type, entry['components']))}){entry['type'].removeprefix('tuple')}"


def _abi(name: str):
    return json.loads((artifacts.FOLDER / f"{name}.json").read_text(encoding="utf-8"))["abi"]


@pytest.mark.parametrize("contract", Contract)
def test_the_table_of_verbs_is_the_contracts_interface(contract):
    """Selector by selector: nothing is missing, nothing is left over."""
    found = {
        f"{entry['name']}({','.join(map(_abi_type, entry['inputs']))})"
        for entry in _abi(contract)
        if entry["type"] == "function" and entry["stateMutability"] == "nonpayable"
    }
    told = {verb.signature: verb.selector for verb in VERBS.values() if verb.contract == contract}

    assert told == {signature: codec.keccak(signature.encode())[:4] for signature in found}


def test_no_contract_takes_money_or_falls_back():
    entries = [entry for contract in Contract for entry in _abi(contract)]

    assert [each for each in entries if each.get("stateMutability") == "payable" or each["type"] in ("fallback", "receive")] == []


def test_verbs_are_told_once_and_belong_to_the_five():
    assert {verb.contract for verb in VERBS.values()} == set(Contract)
    assert len({verb.selector for verb in VERBS.values()}) == len(VERBS)
    assert all(name == verb.name for name, verb in VERBS.items())


@given(calls)
def test_a_call_comes_back_from_its_calldata(call):
    name, arguments = call

    back = codec.decode(codec.encode(name, *arguments))

    assert back.verb is VERBS[name]
    assert back.values == arguments


@given(calls)
def test_calldata_is_that_of_eth_abi(call):
    name, arguments = call
    types = [type_of(each).abi for each in VERBS[name].arguments]

    assert codec.encode(name, *arguments)[4:] == abi_encode(types, [plain(each) for each in arguments])


@given(calls, st.binary(min_size=1, max_size=40))
def test_calldata_with_more_behind_it_is_refused(call, more):
    with pytest.raises(NotDecodable):
        codec.decode(codec.encode(call[0], *call[1]) + more)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_call_or_refused(content):
    try:
        call = codec.decode(content)
    except (UnknownVerb, NotDecodable):
        return
    assert codec.encode(call.verb.name, *call.values) == content


@given(st.sampled_from(sorted(VERBS)), st.binary(max_size=300))
def test_any_arguments_are_read_or_refused(name, content):
    try:
        call = codec.decode(VERBS[name].selector + content)
    except NotDecodable:
        return
    assert codec.encode(name, *call.values) == VERBS[name].selector + content


@pytest.mark.parametrize(
    ("verb", "arguments", "dirty"),
    [
        ("offer", (NO_ADDRESS, 1), 32 + 30),
        ("offer", (NO_ADDRESS, 1), 11),
        ("fund", (NO_ID, 1, NO_ID), 32 + 23),
        ("closeMonth", (1, 1, 202403, NO_ID), 64 + 28),
        ("claim", (NO_ID, NO_ID, 1, 1, bytes(27)), 4 * 32 + 27),
        ("claim", (NO_ID, NO_ID, 1, 1, bytes(27)), 4 * 32 + 31),
    ],
    ids=["uint8", "address", "uint64", "uint24", "bytes27", "last byte of bytes27"],
)
def test_an_argument_with_dirty_bits_is_refused(verb, arguments, dirty):
    calldata = bytearray(codec.encode(verb, *arguments))
    calldata[4 + dirty] ^= 1

    with pytest.raises(NotDecodable):
        codec.decode(bytes(calldata))


def test_an_unknown_verb_or_selector_is_named():
    with pytest.raises(UnknownVerb, match="transfer"):
        codec.encode("transfer", NO_ADDRESS)
    for calldata in (b"", b"\x01\x02\x03", b"\xde\xad\xbe\xef"):
        with pytest.raises(UnknownVerb, match=f"'{calldata.hex()}'"):
            codec.decode(calldata)


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [
        ("suspend", ()),
        ("suspend", (NO_ID, NO_ID)),
        ("suspend", (b"short",)),
        ("suspend", ("0x" + "00" * 32,)),
        ("offer", (NO_ADDRESS, 256)),
        ("offer", (NO_ADDRESS, -1)),
        ("offer", (NO_ADDRESS, True)),
        ("offer", (NO_ADDRESS, "1")),
        ("claim", (NO_ID, NO_ID, 1, 1, bytes(32))),
        ("vote", (RELEASE,)),
        ("endorse", ((RELEASE,),)),
        ("endorse", (None,)),
        ("reserve", (RELEASE, RELEASE, Signatures())),
        ("withdraw", (NO_ID,)),
        ("list", (NO_ID, ("\ud800",))),
        ("list", (NO_ID, "codes")),
        ("tryEach", (("0x",),)),
    ],
)
def test_arguments_that_do_not_fit_are_refused(verb, arguments):
    with pytest.raises(NotEncodable):
        codec.encode(verb, *arguments)


def test_a_role_is_the_number_that_the_contracts_know():
    assert codec.encode("offer", NO_ADDRESS, Role.REVIEWER) == codec.encode("offer", NO_ADDRESS, 2)


@given(st.data())
def test_named_functions_encode_their_verb(data):
    named = {
        "issue": codec.encode_issue,
        "reserve": codec.encode_reserve,
        "approve": codec.encode_approve,
        "decline": codec.encode_decline,
        "release": codec.encode_release,
        "extend": codec.encode_extend,
        "redeem": codec.encode_redeem,
        "endorse": codec.encode_endorse,
        "accept": codec.encode_accept,
        "reject": codec.encode_reject,
        "settle": codec.encode_settle,
        "reverse": codec.encode_reverse,
        "refunded": codec.encode_refunded,
        "tryEach": codec.encode_try_each,
    }
    name = data.draw(st.sampled_from(sorted(named)))
    arguments = data.draw(st.tuples(*map(values, VERBS[name].arguments)))

    assert set(named) == {verb.name for verb in VERBS.values() if verb.contract == "VoucherRegistry"}
    assert codec.decode(named[name](*arguments)) == codec.Call(VERBS[name], arguments)


def test_signatures_are_no_member_of_what_is_signed():
    signatures = type_of("Signatures")

    with pytest.raises(NotEncodable):
        signatures.word(Signatures())
    with pytest.raises(NotEncodable):
        signatures.to_json(Signatures())
    with pytest.raises(codec.Mistyped):
        signatures.from_json({}, "message")


def test_every_refusal_is_one_of_ours_and_a_value_error():
    for refusal in (codec.CodecError, NotDecodable, NotEncodable, UnknownVerb, codec.UnexpectedKeys, codec.Mistyped):
        assert issubclass(refusal, ValueError)
        assert issubclass(refusal, TongquanError)


def test_keccak_is_not_sha3():
    assert codec.keccak(b"abc").hex() == "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"


@pytest.mark.parametrize(
    "address",
    [
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "0xde709f2102306220921060314715629080e2fb77",
    ],
)
def test_checksums_are_those_of_eip_55(address):
    assert codec.checksummed(bytes.fromhex(address[2:])) == address


def test_a_record_of_another_type_is_not_encoded_as_one():
    with pytest.raises(NotEncodable):
        struct_of(StandIn).encode(RELEASE)
