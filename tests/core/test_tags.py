"""Tags: one thing, one tag, however it was typed; two things, two."""

import hashlib
import hmac
import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from stdnum.cn import uscc

from registry import tags
from registry.errors import TongquanError
from registry.model import Region
from registry.tags import CodeRefused, EpochMissing, Keyring, Purpose, TagKey, canonical

SECRETS = {epoch: hashlib.sha256(f"tongquan sample tag key: {epoch}".encode()).digest() for epoch in (1, 19, 20, 24)}
KEYS = Keyring(TagKey(epoch, secret) for epoch, secret in SECRETS.items())

FIRM = "91110000600037341L"
OTHER_FIRM = "91310000425097688P"
TEAM = "T32058300000017"
DIGITAL = "24312000000012345678"
CODE_10, CODE_12, NUMBER = "3100191130", "031001900311", "00123456"

FULL_WIDTH = str.maketrans(
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", "０１２３４５６７８９ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ"
)


def typed(text: str) -> list[str]:
    """One text as different people and programs would have it."""
    return [
        text.lower(),
        text.translate(FULL_WIDTH),
        text.lower().translate(FULL_WIDTH),
        f" {text}\n",
        f"\ufeff{text}\u200b",
        " ".join(text),
        "\u3000".join(text),
        "\u00a0".join(text),
        *(dash.join(text) for dash in "-‐‑‒–—―−－﹣"),
    ]


# The form of a tag


def test_a_tag_is_its_epoch_and_31_bytes_of_the_hmac():
    message = b"firm\0" + (18).to_bytes(4, "big") + FIRM.encode()
    mac = hmac.new(SECRETS[1], message, hashlib.sha256).digest()

    assert KEYS.firm(FIRM) == b"\x01" + mac[:31]


def test_an_invoice_has_the_epoch_of_its_year():
    message = b"invoice\0" + (10).to_bytes(4, "big") + CODE_10.encode() + (8).to_bytes(4, "big") + NUMBER.encode()

    assert KEYS.invoice(NUMBER, code=CODE_10) == b"\x13" + hmac.new(SECRETS[19], message, hashlib.sha256).digest()[:31]
    assert KEYS.invoice(DIGITAL)[0] == 24


def test_all_other_tags_are_of_the_first_epoch():
    made = [KEYS.firm(FIRM), KEYS.serial(310000, "1"), KEYS.project(FIRM, "1"), KEYS.agreement(FIRM, "1")]

    assert [each[0] for each in made] == [1, 1, 1, 1]


def test_another_key_gives_other_tags():
    others = Keyring([TagKey(1, bytes(32))])

    assert others.firm(FIRM) != KEYS.firm(FIRM)


def test_purposes_never_meet():
    """The same text under every purpose, with the same key."""
    messages = {tags._message(purpose, parts) for purpose in Purpose for parts in (["1"], ["1", "1"], ["11"])}
    made = {KEYS._tag(1, purpose, "1") for purpose in Purpose}

    assert len(messages) == 3 * len(Purpose)
    assert len(made) == len(Purpose)


@given(
    st.lists(st.text(max_size=6), max_size=3), st.lists(st.text(max_size=6), max_size=3), st.sampled_from(Purpose), st.sampled_from(Purpose)
)
def test_two_messages_are_one_only_if_their_parts_are(first, second, purpose, other):
    same = tags._message(purpose, first) == tags._message(other, second)

    assert same == ((purpose, first) == (other, second))


def test_parts_cannot_be_shifted_into_each_other():
    assert KEYS.serial(310000, "12") != KEYS.serial(310001, "2")
    assert KEYS._tag(1, Purpose.SERIAL, "31000", "012") != KEYS._tag(1, Purpose.SERIAL, "310000", "12")


# One thing, one tag


@pytest.mark.parametrize("code", typed(FIRM), ids=ascii)
def test_a_company_code_has_one_tag_however_typed(code):
    assert KEYS.firm(code) == KEYS.firm(FIRM)


@pytest.mark.parametrize("code", typed(TEAM), ids=ascii)
def test_a_team_code_has_one_tag_however_typed(code):
    assert KEYS.firm(code) == KEYS.firm(TEAM)


@pytest.mark.parametrize("number", typed(DIGITAL), ids=ascii)
def test_a_digital_invoice_has_one_tag_however_typed(number):
    assert KEYS.invoice(number) == KEYS.invoice(DIGITAL)


@pytest.mark.parametrize(("number", "code"), list(zip(typed(NUMBER), typed(CODE_12), strict=True)), ids=ascii)
def test_an_older_invoice_has_one_tag_however_typed(number, code):
    assert KEYS.invoice(number, code=code) == KEYS.invoice(NUMBER, code=CODE_12)


@pytest.mark.parametrize("number", typed("沪科合〔2024〕12号A"), ids=ascii)
def test_a_contract_number_has_one_tag_however_typed(number):
    assert KEYS.agreement(FIRM, number) == KEYS.agreement(FIRM.lower(), "沪科合〔2024〕12号A")


def test_seller_and_firm_compare():
    """Whether a lab's seller is the firm itself is asked by comparing tags; so both are made by the one method, of one purpose."""
    assert KEYS.firm(FIRM.lower()) == KEYS.firm(FIRM)
    assert {purpose.name for purpose in Purpose} == {"FIRM", "SERIAL", "PROJECT", "AGREEMENT", "INVOICE", "FUNDING", "PAYMENT", "GROUND"}


def test_a_bank_reference_is_one_however_it_was_typed_and_no_other_regions_or_purposes():
    made = KEYS.funding(Region(310_000), "B-2024 0099")

    assert made == KEYS.funding(Region(310_000), " ｂ20240099 ")
    assert len({made, KEYS.funding(Region(330_522), "B-2024 0099"), KEYS.payment(Region(310_000), "B-2024 0099")}) == 3
    with pytest.raises(CodeRefused):
        KEYS.payment(Region(310_000), " - ")


@given(st.text())
def test_canonical_twice_is_canonical_once(text):
    assert canonical(canonical(text)) == canonical(text)


@given(st.text(), st.text())
def test_spaces_and_dashes_never_count(first, second):
    assert canonical(f"{first} {second}") == canonical(f"{first}\u2014{second}")


@given(st.text(st.characters(max_codepoint=127)))
def test_the_short_way_of_ascii_gives_what_the_long_one_gives(text):
    found, before = text, None
    while found != before:
        found, before = tags._plain(found), found

    assert canonical(text) == found


@given(st.text(st.characters(categories=["Lu", "Nd", "Lo"])))
def test_canonical_keeps_letters_and_digits_in_order(text):
    assume(unicodedata.normalize("NFKC", text) == text == text.upper())

    assert canonical(text) == text


# Two things, two tags


def test_two_regions_serials_never_meet():
    assert KEYS.serial(310000, "2024-1") != KEYS.serial(330522, "2024-1")


def test_two_firms_projects_never_meet():
    assert KEYS.project(FIRM, "1") != KEYS.project(OTHER_FIRM, "1")


def test_two_sellers_agreements_never_meet():
    assert KEYS.agreement(FIRM, "1") != KEYS.agreement(OTHER_FIRM, "1")


def test_two_firms_have_two_tags():
    assert len({KEYS.firm(FIRM), KEYS.firm(OTHER_FIRM), KEYS.firm(TEAM), KEYS.firm("T32058300000018")}) == 4


def test_an_older_invoice_is_not_the_digital_one_with_the_same_digits():
    keys = Keyring([TagKey(24, SECRETS[24])])
    # A code of 12 digits and a number of 8 have 20 digits together; here both are of 2024.
    code, number = "240002400311", "00123456"

    assert tags.invoice_year(number, code) == tags.invoice_year(code + number) == 2024
    assert keys.invoice(number, code=code) != keys.invoice(code + number)


# What is refused


@pytest.mark.parametrize(
    "code",
    [
        "91110000600037341M",
        "91110000600037342L",
        "91110000600037341",
        "91110000600037341LL",
        "9111000060003734IL",
        "A1110000600037341L",
        "",
        "京91110000600037341",
        "٩١١١٠٠٠٠٦٠٠٠٣٧٣٤١L",
        "9111000060003˗7341L",
        "T3205830000001",
        "T320583000000170",
        "T02058300000017",
        "T3205830000001X",
        "X32058300000017",
        "T320583000000170000",
    ],
    ids=ascii,
)
def test_what_is_no_company_code_is_refused(code):
    for make in (KEYS.firm, lambda each: KEYS.project(each, "1"), lambda each: KEYS.agreement(each, "1")):
        with pytest.raises(CodeRefused, match="company code") as refusal:
            make(code)
        assert refusal.value.value == code


@given(st.from_regex(tags._TEAM, fullmatch=True))
def test_no_team_code_is_a_uscc(code):
    assert tags.company_code(code) == code
    assert not uscc.is_valid(code)


@pytest.mark.parametrize("region", [0, 99_999, 1_000_000, -310_000])
def test_what_is_no_region_is_refused(region):
    with pytest.raises(CodeRefused, match="region code"):
        KEYS.serial(region, "1")


@pytest.mark.parametrize("text", ["", " ", "-", "\u200b", " — \n", "a\x00b", "a\ue000", "a\u0378", "a\ud800"], ids=ascii)
def test_a_number_of_nothing_or_of_what_cannot_be_printed_is_refused(text):
    for make in (
        lambda: KEYS.serial(310000, text),
        lambda: KEYS.project(FIRM, text),
        lambda: KEYS.agreement(FIRM, text),
    ):
        with pytest.raises(CodeRefused):
            make()


@pytest.mark.parametrize(
    "number",
    [
        "",
        "2431200000001234567",
        "243120000000123456789",
        "2431200000001234567A",
        "２４３１２００００００００１２３４５６٧",
        CODE_12,
        NUMBER,
    ],
    ids=ascii,
)
def test_what_is_no_digital_invoice_is_refused(number):
    with pytest.raises(CodeRefused, match="fully digital"):
        KEYS.invoice(number)


@pytest.mark.parametrize("year", range(21))
def test_an_older_invoices_digits_run_together_are_not_taken_for_a_digital_one(year):
    """Otherwise one invoice would have two tags, and could be claimed twice."""
    with pytest.raises(CodeRefused, match="apart"):
        KEYS.invoice(f"{year:02d}" + "1" * 18)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("0012345", CODE_10),
        ("001234567", CODE_10),
        ("0012345A", CODE_10),
        (NUMBER, "310019113"),
        (NUMBER, "31001911301"),
        (NUMBER, "0310019003111"),
        (NUMBER, "31001911A0"),
        (NUMBER, ""),
        (DIGITAL, CODE_10),
        ("٠٠١٢٣٤٥٦", CODE_10),
    ],
    ids=ascii,
)
def test_what_is_no_older_invoice_is_refused(number, code):
    with pytest.raises(CodeRefused, match="invoice"):
        KEYS.invoice(number, code=code)


def test_the_year_of_an_older_invoice_is_read_and_not_told():
    assert tags.invoice_year(NUMBER, CODE_10) == 2019
    assert tags.invoice_year(NUMBER, CODE_12) == 2019
    assert KEYS.invoice(NUMBER, code=CODE_10)[0] == KEYS.invoice(NUMBER, code=CODE_12)[0] == 19


# Keys


def test_a_key_that_is_not_held_is_named():
    keys = Keyring([TagKey(24, SECRETS[24])])

    with pytest.raises(EpochMissing, match="epoch 1 ") as refusal:
        keys.firm(FIRM)
    assert (refusal.value.epoch, refusal.value.held) == (1, (24,))
    with pytest.raises(EpochMissing, match="epoch 25 "):
        KEYS.invoice("25" + DIGITAL[2:])
    with pytest.raises(EpochMissing, match="epoch 0 "):
        KEYS.invoice(NUMBER, code="3100001130")


@pytest.mark.parametrize(("epoch", "secret"), [(0, bytes(32)), (256, bytes(32)), (-1, bytes(32)), (1, bytes(31)), (1, bytes(33)), (1, b"")])
def test_what_is_no_tag_key_is_refused(epoch, secret):
    with pytest.raises(ValueError, match=r"epoch is|tag key is"):
        TagKey(epoch, secret)


def test_two_keys_of_one_epoch_are_refused():
    with pytest.raises(ValueError, match="two tag keys of epoch 1"):
        Keyring([TagKey(1, bytes(32)), TagKey(1, SECRETS[1])])


def test_no_text_of_a_keyring_shows_a_key():
    shown = f"{KEYS} {KEYS!r} {TagKey(1, SECRETS[1])!r}"

    assert KEYS.epochs == (1, 19, 20, 24)
    assert "Keyring(epochs=[1, 19, 20, 24])" in shown
    assert SECRETS[1].hex() not in shown
    assert repr(SECRETS[1]) not in shown


def test_every_refusal_is_one_of_ours_and_a_value_error():
    for refusal in (CodeRefused, EpochMissing):
        assert issubclass(refusal, ValueError)
        assert issubclass(refusal, TongquanError)


# What needs no join


def test_a_salted_hash_needs_its_salt():
    salt, other = b"\x01" * 32, b"\x02" * 32

    assert tags.salted(b"report", salt) == hmac.new(salt, b"report", hashlib.sha256).digest()
    assert len({tags.salted(b"report", salt), tags.salted(b"report", other), tags.salted(b"reports", salt)}) == 3


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_salt_is_32_bytes(length):
    with pytest.raises(ValueError, match="a salt is 32 bytes"):
        tags.salted(b"report", bytes(length))


def test_new_tags_are_of_the_epoch_that_the_keyring_is_told():
    keys = Keyring([TagKey(1, bytes(32)), TagKey(2, bytes([2]) * 32)], epoch=2)

    assert keys.firm(FIRM)[0] == keys.serial(330522, "A-1")[0] == keys.project(FIRM, "P")[0] == keys.agreement(FIRM, "C")[0] == 2
    assert keys.firm(FIRM, epoch=1) == Keyring([TagKey(1, bytes(32))]).firm(FIRM)


def test_a_firm_has_a_tag_of_every_epoch_but_invoices_the_newest_first():
    keys = Keyring([TagKey(epoch, bytes([epoch]) * 32) for epoch in (1, 2, 12, 13, 24)])

    assert keys.party_epochs == (12, 2, 1)
    assert keys.firms(FIRM) == tuple(keys.firm(FIRM, epoch=epoch) for epoch in (12, 2, 1))
