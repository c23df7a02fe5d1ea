"""
What a wallet is shown, and what is accepted back: exactly what the library would have written.

eth-account signs a document and drops members that its type does not name, so a person could be shown one thing and sign
another. Each refusal here is one such way.
"""

import json
from copy import deepcopy

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from hypothesis import given
from hypothesis import strategies as st

from registry import codec, signing
from registry.codec import DocumentRefused, Domain, Mistyped, UnexpectedKeys, UnexpectedValue
from registry.model import (
    NO_ADDRESS,
    NO_ID,
    UNLIMITED,
    Address,
    Approval,
    Claim,
    FirstReview,
    Item,
    Motion,
    MotionKind,
    Order,
    Paid,
    Programme,
    Release,
    Slice,
)
from tests.core.strategies import any_record

DOMAIN = Domain(20_130_000, Address("0x5FbDB2315678afecb367f032d93F642f64180aa3"))
ORDER = Order(b"\x01" * 32, b"\xab" * 32, NO_ID, b"\x03" * 32, 2**53 + 1, 1_725_120_000, 7)
RELEASE = Release(b"\x01" * 32, 2, 3)
PROGRAMME = Programme(
    region=330522,
    code="券",
    payer=0,
    paid_home=Paid.LAB,
    paid_across=Paid.FIRM,
    approval=Approval.NEVER,
    first_review=FirstReview.HOST,
    itemised=False,
    min_partners=0,
    hold_days=180,
    slices=(Slice(100, 6_000), Slice(UNLIMITED, 3_000)),
    policy_hash=NO_ID,
)


@pytest.fixture
def document():
    return codec.typed_data(ORDER, DOMAIN)


def parse(document, record_type=Order, domain=DOMAIN):
    return codec.parse_typed_data(document, record_type, domain)


# What is written


@given(any_record)
def test_a_document_survives_json_and_comes_back_as_its_record(record):
    document = json.loads(json.dumps(codec.typed_data(record, DOMAIN)))

    back = codec.parse_typed_data(document, type(record), DOMAIN)

    assert back == record
    assert codec.digest(back, DOMAIN) == codec.digest(record, DOMAIN)


@given(any_record)
def test_eth_account_signs_the_same_digest(record):
    signable = encode_typed_data(full_message=codec.typed_data(record, DOMAIN))

    assert codec.keccak(b"\x19" + signable.version + signable.header + signable.body) == codec.digest(record, DOMAIN)


def test_a_wallets_signature_is_the_librarys(document):
    key = codec.keccak(b"a wallet")
    signed = Account.sign_typed_data(key, full_message=document)
    compact = signed.r.to_bytes(32, "big") + ((signed.v - 27) << 255 | signed.s).to_bytes(32, "big")

    assert compact == signing.sign(ORDER, DOMAIN, key)


def test_integers_that_javascript_would_round_are_text(document):
    assert document["message"]["amount"] == "9007199254740993"
    assert document["message"]["validUntil"] == "1725120000"
    assert codec.typed_data(RELEASE, DOMAIN)["message"]["attempt"] == 2
    assert codec.typed_data(PROGRAMME, DOMAIN)["message"]["paidAcross"] == 1
    assert type(codec.typed_data(PROGRAMME, DOMAIN)["message"]["paidAcross"]) is int


def test_a_document_says_all_that_a_wallet_asks_for(document):
    assert list(document) == ["types", "primaryType", "domain", "message"]
    assert document["primaryType"] == "Order"
    assert list(document["types"]) == ["EIP712Domain", "Order"]
    assert document["domain"] == {"name": "Tongquan", "version": "1", "chainId": 20_130_000, "verifyingContract": DOMAIN.registry}
    assert document["message"]["lab"] == "0x" + "ab" * 32
    assert list(codec.typed_data(PROGRAMME, DOMAIN)["types"]) == ["EIP712Domain", "Programme", "Slice"]


def test_the_case_of_hexadecimal_digits_is_free(document):
    document["message"]["lab"] = "0x" + "AB" * 32
    document["domain"]["verifyingContract"] = DOMAIN.registry.lower()

    assert parse(document) == ORDER


def test_the_order_of_keys_is_free(document):
    document = dict(reversed(document.items())) | {"message": dict(reversed(document["message"].items()))}

    assert parse(document) == ORDER


# What is refused, each change by itself


def test_an_extra_member_of_the_message_is_refused(document):
    document["message"]["note"] = "shown, and not signed"

    with pytest.raises(UnexpectedKeys, match="note") as refusal:
        parse(document)
    assert refusal.value.where == "message"
    assert refusal.value.extra == ("note",)


def test_a_missing_member_of_the_message_is_refused(document):
    del document["message"]["nonce"]

    with pytest.raises(UnexpectedKeys, match="nonce") as refusal:
        parse(document)
    assert refusal.value.missing == ("nonce",)


@pytest.mark.parametrize("key", ["types", "primaryType", "domain", "message"])
def test_a_missing_part_of_the_document_is_refused(document, key):
    del document[key]

    with pytest.raises(UnexpectedKeys, match=key):
        parse(document)


def test_an_extra_part_of_the_document_is_refused(document):
    with pytest.raises(UnexpectedKeys, match="comment"):
        parse(document | {"comment": ""})


def test_another_primary_type_is_refused(document):
    for other in ("Release", "order", "", None, ["Order"]):
        with pytest.raises(UnexpectedValue, match="primaryType"):
            parse(document | {"primaryType": other})


def test_a_document_of_another_record_is_refused():
    with pytest.raises(UnexpectedValue, match="primaryType"):
        parse(codec.typed_data(RELEASE, DOMAIN))


def test_an_extra_type_is_refused(document):
    document["types"]["Note"] = [{"name": "text", "type": "string"}]

    with pytest.raises(UnexpectedKeys, match="Note"):
        parse(document)


def test_a_missing_domain_type_is_refused(document):
    del document["types"]["EIP712Domain"]

    with pytest.raises(UnexpectedKeys, match="EIP712Domain"):
        parse(document)


def test_a_member_of_another_type_is_refused(document):
    document["types"]["Order"][4]["type"] = "uint256"

    with pytest.raises(UnexpectedValue, match=r"types\.Order"):
        parse(document)


def test_members_in_another_order_are_refused(document):
    document["types"]["Order"].reverse()

    with pytest.raises(UnexpectedValue, match=r"types\.Order"):
        parse(document)


def test_a_member_of_a_type_with_something_extra_is_refused(document):
    document["types"]["Order"][0]["indexed"] = True

    with pytest.raises(UnexpectedValue, match=r"types\.Order"):
        parse(document)


def test_a_member_fewer_in_the_type_is_refused(document):
    """The attack: what the type does not name is not signed."""
    document["types"]["Order"] = [each for each in document["types"]["Order"] if each["name"] != "amount"]
    without = deepcopy(document)
    del without["message"]["amount"]

    for each in (document, without):
        with pytest.raises(UnexpectedValue, match=r"types\.Order"):
            parse(each)


@pytest.mark.parametrize(
    ("member", "other"),
    [
        ("name", "Tongquan2"),
        ("version", "2"),
        ("version", 1),
        ("chainId", 20_130_001),
        ("chainId", "20130000"),
        ("chainId", 20_130_000.0),
        ("chainId", "0x13328d0"),
        ("chainId", None),
        ("verifyingContract", NO_ADDRESS),
    ],
)
def test_another_domain_is_refused(document, member, other):
    document["domain"][member] = other

    with pytest.raises(UnexpectedValue, match=rf"domain\.{member}"):
        parse(document)


def test_a_chain_id_of_true_is_not_one():
    domain = Domain(1, DOMAIN.registry)
    document = codec.typed_data(ORDER, domain)
    document["domain"]["chainId"] = True

    with pytest.raises(UnexpectedValue, match=r"domain\.chainId"):
        parse(document, domain=domain)


def test_a_document_for_another_chain_or_contract_is_refused(document):
    for domain in (Domain(DOMAIN.chain_id + 1, DOMAIN.registry), Domain(DOMAIN.chain_id, NO_ADDRESS)):
        with pytest.raises(UnexpectedValue, match="domain"):
            parse(document, domain=domain)


@pytest.mark.parametrize("extra", ["salt", "Name"])
def test_an_extra_member_of_the_domain_is_refused(document, extra):
    document["domain"][extra] = "0x" + "00" * 32

    with pytest.raises(UnexpectedKeys, match=extra):
        parse(document)


def test_a_missing_member_of_the_domain_is_refused(document):
    del document["domain"]["chainId"]

    with pytest.raises(UnexpectedKeys, match="chainId"):
        parse(document)


@pytest.mark.parametrize(
    "amount",
    [5, 5.0, True, None, "", "-1", "+5", "05", " 5", "5 ", "5\n", "5_0", "0x5", "5.0", "1e3", "５", str(2**64), "9" * 10_000, [5]],
    ids=lambda amount: repr(amount)[:12],
)
def test_a_wide_integer_that_is_not_plain_decimal_text_is_refused(document, amount):
    document["message"]["amount"] = amount

    with pytest.raises(Mistyped, match=r"message\.amount"):
        parse(document)


@pytest.mark.parametrize("attempt", ["2", 2.0, True, None, -1, 256, [2]], ids=repr)
def test_a_short_integer_that_is_not_a_number_in_range_is_refused(attempt):
    document = codec.typed_data(RELEASE, DOMAIN)
    document["message"]["attempt"] = attempt

    with pytest.raises(Mistyped, match=r"message\.attempt"):
        parse(document, Release)


@pytest.mark.parametrize(
    "lab",
    [
        "ab" * 32,
        "0x" + "ab" * 31,
        "0x" + "ab" * 33,
        "0X" + "ab" * 32,
        "0x" + "ab" * 31 + "g0",
        "0x" + "ab" * 31 + " a",
        "0x" + "a" * 63,
        0,
        None,
        "",
    ],
    ids=repr,
)
def test_bytes_that_are_not_sixty_four_digits_are_refused(document, lab):
    document["message"]["lab"] = lab

    with pytest.raises(Mistyped, match=r"message\.lab"):
        parse(document)


@pytest.mark.parametrize("account", ["0x12", DOMAIN.registry[2:], DOMAIN.registry + "00", 0, None], ids=repr)
def test_what_is_no_address_is_refused(account):
    claim = Claim(NO_ID, NO_ID, NO_ID, NO_ID, NO_ID, NO_ID, 1, 1, NO_ADDRESS, NO_ADDRESS)
    document = codec.typed_data(claim, DOMAIN)
    document["message"]["standIn"] = account

    with pytest.raises(Mistyped, match=r"message\.standIn"):
        parse(document, Claim)


def test_an_unknown_value_of_an_enum_is_refused():
    document = codec.typed_data(Motion(MotionKind.ADMIT, 1, NO_ADDRESS, NO_ADDRESS, NO_ID, 1, 1), DOMAIN)
    document["message"]["kind"] = 12

    with pytest.raises(Mistyped, match=r"message\.kind"):
        parse(document, Motion)


@pytest.mark.parametrize("itemised", [0, 1, "false", None], ids=repr)
def test_what_is_neither_true_nor_false_is_refused(itemised):
    document = codec.typed_data(PROGRAMME, DOMAIN)
    document["message"]["itemised"] = itemised

    with pytest.raises(Mistyped, match=r"message\.itemised"):
        parse(document, Programme)


@pytest.mark.parametrize("code", [5, None, ["A"], "\ud800"], ids=ascii)
def test_what_is_no_text_is_refused(code):
    document = codec.typed_data(Item(NO_ID, "A"), DOMAIN)
    document["message"]["code"] = code

    with pytest.raises(Mistyped, match=r"message\.code"):
        parse(document, Item)


def test_an_empty_code_is_refused():
    document = codec.typed_data(Item(NO_ID, "A"), DOMAIN)
    document["message"]["code"] = ""

    with pytest.raises(DocumentRefused, match=r"Item\.code"):
        parse(document, Item)


def test_an_extra_member_deep_inside_is_refused():
    document = codec.typed_data(PROGRAMME, DOMAIN)
    document["message"]["slices"][1]["note"] = ""

    with pytest.raises(UnexpectedKeys, match=r"message\.slices\[1\].*note"):
        parse(document, Programme)


def test_a_wrong_value_deep_inside_is_refused():
    document = codec.typed_data(PROGRAMME, DOMAIN)
    document["message"]["slices"][1]["upTo"] = 100

    with pytest.raises(Mistyped, match=r"message\.slices\[1\]\.upTo"):
        parse(document, Programme)


@pytest.mark.parametrize("slices", [{}, "[]", None, 0], ids=repr)
def test_what_is_no_list_is_refused(slices):
    document = codec.typed_data(PROGRAMME, DOMAIN)
    document["message"]["slices"] = slices

    with pytest.raises(Mistyped, match=r"message\.slices"):
        parse(document, Programme)


@pytest.mark.parametrize("part", ["types", "domain", "message"])
@pytest.mark.parametrize("other", [None, [], "text", 5], ids=repr)
def test_a_part_that_is_no_object_is_refused(document, part, other):
    with pytest.raises(Mistyped, match=part):
        parse(document | {part: other})


@pytest.mark.parametrize("document", [None, [], "text", 5, b"{}"], ids=repr)
def test_what_is_no_document_is_refused(document):
    with pytest.raises(Mistyped, match="document"):
        parse(document)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda each: st.lists(each) | st.dictionaries(st.text(), each)
)


@given(st.data())
def test_any_part_replaced_by_anything_is_refused_or_is_a_document_of_ours(data):
    """Whatever is put in the place of anything: one of our refusals, or what the library writes for another record."""
    record = data.draw(any_record)
    document = codec.typed_data(record, DOMAIN)
    place, key = data.draw(st.sampled_from(list(places(document))))
    place[key] = data.draw(JSON)

    try:
        back = parse(document, type(record))
    except DocumentRefused:
        return
    assert codec.typed_data(back, DOMAIN) == document


def places(part):
    keys = part if isinstance(part, dict) else range(len(part)) if isinstance(part, list) else ()
    for key in keys:
        yield part, key
        yield from places(part[key])
