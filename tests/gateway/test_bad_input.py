"""
Everything a caller can get wrong has a named refusal and changes nothing.

Money, lists and documents have further cases in `test_lookups`, `test_issue` and `test_orders`.
"""

import copy
import io
import itertools
import json
import re
import select
import socket
import tracemalloc
import zipfile
from contextlib import suppress
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from openpyxl import Workbook
from pydantic import TypeAdapter, ValidationError

from gateway import schemas, sheets
from gateway.catalogue_list import ITEMS
from gateway.edge.body import MOST_VALUES, has_too_many_values, holds_half_a_character
from gateway.errors import Problem
from gateway.sheets import MOST_CELLS_A_ROW, MOST_COLUMNS, MOST_MARKS_A_ROW, MOST_MARKS_BESIDES, MOST_MARKS_IN_ONE_ROW, Limits
from gateway.voucher_list import LIMITS, MOST_UNPACKED_BYTES, parse
from registry import Keyring, Region, TagKey, sign
from registry.codec import parse_typed_data
from registry.model import Order
from scripts.demonstration.cast import BEIJING, CHANGXING, KUNSHAN, SHANGHAI, sample_code
from tests.gateway.newcomers import redemption_document, signature

pytestmark = pytest.mark.both_in_full

KEYS = Keyring([TagKey(1, bytes(32))])
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
NOBODY = "0x" + "11" * 32


@pytest.fixture
def unchanged(town):
    """Nothing may have come of what the test asks."""
    before = town.event_count()
    yield
    assert town.event_count() == before


def wrong_digit(code):
    return code[:-1] + ("0" if code[-1] != "0" else "1")


@pytest.mark.parametrize(
    ("path", "caller", "asked"),
    [
        ("/v1/firms", "directory", {"firm": "CODE", "signer": "0x" + "12" * 20}),
        ("/v1/labs", "directory", {"code": "X", "host_unit": "CODE", "signer": "0x" + "12" * 20, "qualified_until": 1}),
        ("/v1/labs/LAB/renew", "directory", {"seller": "CODE", "qualified_until": 1}),
        ("/v1/verifications", "reviewer-1", {"voucher": {"region": CHANGXING, "firm": "CODE", "serial": "A"}}),
        ("/v1/quotes", "reviewer-1", {"voucher": {"region": CHANGXING, "firm": "CODE", "serial": "A"}, "cost": "1"}),
        ("/v1/facts", "reviewer-1", {"voucher": {"region": CHANGXING, "firm": "CODE", "serial": "A"}, "project": "P"}),
    ],
)
def test_a_wrong_check_digit_is_refused(town, firm, unchanged, *, path, caller, asked):
    code = wrong_digit(firm.company_code)
    told = json.loads(json.dumps(asked).replace("CODE", code))

    answer = town.desk(CHANGXING, caller).post(path.replace("LAB", town.lab_id(town.lab("lab-shanghai"))), told)

    assert (answer.status, answer.code, answer["values"]["value"]) == (422, "CodeRefused", code)


@pytest.mark.parametrize(
    "half",
    [rb"\ud800", rb"\uDFFFx", rb"\ude00\ud83d", b"\xed\xa0\x80"],
    ids=["first half", "second half", "turned round", "as bytes"],
)
@pytest.mark.parametrize("path", ["/v1/verifications", "/v1/flags", "/v1/orders/prepare", "/v1/submissions"])
def test_half_a_surrogate_pair_is_no_text_whichever_the_field(town, unchanged, path, half):
    """JSON can tell it, and Python takes it; no hash, file or answer could be made of it."""
    key = town.world.api_keys[SHANGHAI]["directory"]
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "Idempotency-Key": f"half-{town.number()}"}

    answers = [town.ask("POST", path, content=each, headers=headers) for each in (b'{"reason": "%s"}' % half, b'{"%s": [1]}' % half)]

    told = [(each.status_code, each.json()["code"], each.json()["values"]["fields"][0]["at"]) for each in answers]
    assert told == [(422, "InvalidRequest", "body")] * 2


@pytest.mark.parametrize("path", ["/v1/orders", "/v1/submissions"])
@pytest.mark.parametrize("within", [{}, []])
def test_a_document_that_is_nested_very_deeply_is_refused(town, firm, lab, path, within):
    """It could be read, and not be written down again under its Idempotency-Key."""
    order, nested = town.order(firm, lab, serial=town.serial_for(firm), project="P-1", amount="500000"), within
    for _ in range(300):
        nested = [nested] if isinstance(within, list) else {"a": nested}
    deep = order | {"typed_data": order["typed_data"] | {"more": nested}}

    answer = town.desk(SHANGHAI, "lab-shanghai").post(path, deep if path == "/v1/orders" else {"documents": [deep]})

    assert (answer.status, answer.code) == (422, "InvalidRequest")


@pytest.mark.parametrize("path", ["/v1/verifications", "/v1/orders", "/v1/nowhere"])
def test_json_of_very_many_values_is_refused_before_any_of_them_is_made(town, unchanged, path):
    """Six megabytes of it cost a second in which nobody else was answered, and whoever sent them was not asked for a key yet."""
    bomb = b'["' + rb"\ud83d\ude00" + b'",' + b"[]," * (MOST_VALUES // 2) + b"0]"

    answer = town.ask("POST", path, content=bomb, headers={"Content-Type": "application/json", "Idempotency-Key": "many"})

    assert (answer.status_code, answer.json()["code"]) == (413, "TooLarge")


def test_as_many_documents_as_may_be_submitted_at_once_are_not_too_many_values(town, firm, lab):
    order = town.order(firm, lab, serial=town.serial_for(firm), project="P-1", amount="500000")

    told = json.dumps({"documents": [order] * 100}).encode()

    assert not has_too_many_values(told * 5)


def test_a_list_has_as_many_commas_as_it_likes(town, unchanged):
    """It is no JSON, and is read where its own limits hold."""
    headers = {"Content-Type": "text/csv", "Idempotency-Key": "commas"}

    answer = town.ask("POST", "/v1/verifications", content=b"," * (MOST_VALUES + 1), headers=headers)

    assert answer.status_code != 413


def test_half_a_surrogate_pair_is_none_in_whichever_encoding_json_comes():
    text = '{"reason": "\ud800"}'.encode("utf-16", "surrogatepass")

    assert holds_half_a_character(text)
    assert not holds_half_a_character('{"reason": "😀"}'.encode("utf-16"))


@pytest.mark.parametrize("body", [rb'{"reason": "\ud83d\ude00"}', '{"reason": "😀"}'.encode(), rb"\ud800", b"PK\x00\xed\xa0\x80"])
def test_a_whole_pair_and_what_is_no_json_are_left_to_the_route(body):
    assert not holds_half_a_character(body)


def test_full_width_digits_are_one_code_and_never_money_or_a_number(town, firm, lab):
    """A code is typed in whatever width the keyboard has; what is counted is not guessed."""
    serial = town.serial_for(firm)
    wide = {"region": CHANGXING, "firm": firm.company_code.translate(FULL_WIDTH), "serial": serial.translate(FULL_WIDTH)}
    desk = town.desk(SHANGHAI, lab.key)

    assert desk.post("/v1/verifications", {"voucher": wide})["status"] == "VALID"
    assert desk.post("/v1/verifications", {"voucher": wide, "amount": "１００"}).code == "InvalidRequest"
    assert desk.get("/v1/orders", limit="１０").code == "InvalidRequest"
    assert desk.get("/v1/recognitions", region="３３０５２２").code == "InvalidRequest"
    assert desk.get("/v1/orders/0x" + "１１" * 32).code == "InvalidRequest"


_BLANKS = ["", " ", "\t\n", "\u3000", "\u00a0", "\x1c\x1f", "\x85\u2028", "\ufeff", "\u200b\u2060", "\x00\x7f", "\u3164\u2800"]


@pytest.mark.parametrize("blank", _BLANKS)
@pytest.mark.parametrize(
    ("path", "caller", "asked", "at"),
    [
        ("/v1/firm-changes/rename", "directory", {"firm": "FIRM", "on": 1}, "name"),
        ("/v1/programmes/PROGRAMME/fund", "payer", {"amount": "1"}, "bank_reference"),
    ],
)
def test_blanks_are_no_text(town, firm, unchanged, *, blank, path, caller, asked, at):
    """The gateway refuses them, and the pattern that it publishes does not match them. A text may still begin and end with some."""
    asked = {name: firm.company_code if value == "FIRM" else value for name, value in asked.items()}
    desk = town.desk(CHANGXING, caller)

    answer = desk.post(path.replace("PROGRAMME", town.programmes[CHANGXING]), asked | {at: blank})

    assert (answer.status, answer.code, [each["at"] for each in answer["values"]["fields"]]) == (422, "InvalidRequest", [f"body.{at}"])
    described = TypeAdapter(schemas.Text)
    assert not re.search(described.json_schema()["pattern"], blank)
    assert described.validate_python(f"{blank}甲{blank}") == f"{blank}甲{blank}"


def test_what_is_blank_is_told_character_by_character():
    """To JavaScript, whose expressions a description's are, `\\s` holds U+FEFF and not U+0085; to Python it is the other way round."""
    assert not re.search(r"\\[^u]", TypeAdapter(schemas.Text).json_schema()["pattern"])


@pytest.mark.parametrize("blank", _BLANKS)
def test_a_mark_without_a_name_is_none(blank):
    """Neither to a gateway nor to whoever reads its description."""
    described, _ = schemas.FirmFacts.model_json_schema()["properties"]["marks"]["anyOf"]

    with pytest.raises(ValidationError):
        schemas.FirmFacts(who="FIRM", marks={blank: None})

    assert not described["additionalProperties"]
    assert not any(re.search(each, blank) for each in described["patternProperties"])


@pytest.mark.parametrize("amount", [1.5, -1, "-1", "1.5", "1e9", "10000000000000000000", "0x10", "", None, True, [1], {"fen": 1}])
@pytest.mark.parametrize(
    ("path", "caller", "asked"),
    [
        ("/v1/programmes/PROGRAMME/fund", "payer", {"bank_reference": "B"}),
        ("/v1/programmes/PROGRAMME/draw", "payer", {"bank_reference": "B"}),
    ],
)
def test_money_that_is_none_is_refused(town, unchanged, *, path, caller, asked, amount):
    answer = town.desk(CHANGXING, caller).post(path.replace("PROGRAMME", town.programmes[CHANGXING]), asked | {"amount": amount})

    assert (answer.status, answer.code, answer["values"]["fields"][0]["at"]) == (422, "InvalidRequest", "body.amount")


# A float, negative, out of range, in words of other counters: none of them is money.
NO_MONEY = [1.5, 1.0, 1, -1, "-1", "+1", "1.5", "1e9", "10000000000000000000", "18446744073709551616", "0100", "00", "1,000", " 1", "1 "]
NO_MONEY += ["１００", "٣", "一百", "0x10", "NaN", "Infinity", "", True, [1], {"fen": 1}]


@pytest.fixture(scope="module")
def voucher(town):
    """A voucher that an order holds half of."""
    firm = town.firm("firm-changxing")
    serial = town.serial_for(firm)
    order = town.reserved(firm, town.lab("lab-shanghai"), serial=serial, amount="500000")
    return {"named": {"region": CHANGXING, "firm": firm.company_code, "serial": serial}, "order": order}


@pytest.mark.parametrize(
    ("region", "caller", "path", "name"),
    [
        (SHANGHAI, "lab-shanghai", "/v1/quotes", "cost"),
        (SHANGHAI, "lab-shanghai", "/v1/verifications", "amount"),
        (SHANGHAI, "lab-shanghai", "/v1/orders/prepare", "amount"),
        (SHANGHAI, "lab-shanghai", "/v1/redemptions/prepare", "cost"),
        (SHANGHAI, "lab-shanghai", "/v1/redemptions/prepare", "invoice_amount"),
        (SHANGHAI, "lab-shanghai", "/v1/redemptions/prepare", "subsidy"),
        (CHANGXING, "issuer", "/v1/vouchers/rows", "face"),
        (CHANGXING, "issuer", "/v1/vouchers/rows", "denomination"),
        (CHANGXING, "issuer", "/v1/vouchers/rows/check", "face"),
        (CHANGXING, "reviewer-1", "/v1/orders/ORDER/reverse", "recover"),
    ],
)
def test_whatever_counts_fen_takes_a_decimal_string_and_nothing_else(town, lab, voucher, unchanged, *, region, caller, path, name):
    last = town.now + 86_400
    good = {
        "/v1/quotes": {"voucher": voucher["named"]},
        "/v1/verifications": {"voucher": voucher["named"]},
        "/v1/orders/prepare": {"voucher": voucher["named"], "project": "P"},
        "/v1/redemptions/prepare": {
            "order": voucher["order"],
            "cost": "100",
            "invoice_amount": "100",
            "agreement": {"seller": lab.host_unit, "number": "C"},
            "invoice": town.invoice(),
            "report_sha256": "00" * 32,
        },
        "/v1/orders/ORDER/reverse": {"reason": "样例"},
    }.get(path) or {
        "programme": town.programmes[CHANGXING],
        "face": "100",
        "denomination": "100",
        "use_by": last,
        "claim_by": last,
        "recipients": [{"firm": voucher["named"]["firm"], "serial": f"M-{town.number()}"}],
    }
    desk = town.desk(region, caller)

    answers = [desk.post(path.replace("ORDER", voucher["order"]), good | {name: amount}) for amount in NO_MONEY]

    told = [(each.status, each.code, [field["at"] for field in each["values"]["fields"]]) for each in answers]
    assert told == [(422, "InvalidRequest", [f"body.{name}"])] * len(NO_MONEY)
    # It is the amount that was wrong: with one that is money nothing is invalid.
    if not path.endswith("/rows"):
        assert desk.post(path.replace("ORDER", voucher["order"]), good | {name: "100"}).code != "InvalidRequest"


@pytest.mark.parametrize("name", ["face", "denomination"])
@pytest.mark.parametrize("path", ["/v1/vouchers", "/v1/vouchers/check"])
def test_whatever_counts_fen_in_a_form_is_digits_and_nothing_else(town, firm, unchanged, *, path, name):
    last = str(town.now + 86_400)
    fields = {"programme": town.programmes[CHANGXING], "face": "100", "denomination": "100", "use_by": last, "claim_by": last}
    content = f"firm,serial\n{firm.company_code},M-{town.number()}\n".encode()
    desk, wrong = town.desk(CHANGXING, "issuer"), [each for each in NO_MONEY if isinstance(each, str)]

    answers = [desk.upload(path, fields | {name: amount}, name="l.csv", content=content) for amount in wrong]

    told = [(each.status, each.code, [field["at"] for field in each["values"]["fields"]]) for each in answers]
    assert told == [(422, "InvalidRequest", [f"body.{name}"])] * len(wrong)


@pytest.mark.parametrize(
    ("region", "caller", "method", "path", "asked", "code"),
    [
        (SHANGHAI, "lab-shanghai", "GET", f"/v1/orders/{NOBODY}", {}, "NotFound"),
        (SHANGHAI, "auditor", "GET", f"/v1/vouchers/{NOBODY}", {}, "NotFound"),
        (SHANGHAI, "auditor", "GET", f"/v1/programmes/{NOBODY}", {}, "NotFound"),
        (SHANGHAI, "auditor", "GET", f"/v1/programmes/{NOBODY}/pool", {}, "NotFound"),
        (SHANGHAI, "auditor", "GET", f"/v1/labs/{NOBODY}", {}, "NotFound"),
        (SHANGHAI, "auditor", "GET", f"/v1/labs/{NOBODY}/items", {}, "NotFound"),
        (SHANGHAI, "auditor", "GET", f"/v1/firms/{NOBODY}", {}, "NotFound"),
        (SHANGHAI, "auditor", "GET", f"/v1/keys/{NOBODY}", {}, "NotFound"),
        (SHANGHAI, "auditor", "GET", f"/v1/flags/{NOBODY}", {}, "NotFound"),
        (SHANGHAI, "payer", "POST", f"/v1/programmes/{NOBODY}/fund", {"amount": "1", "bank_reference": "B"}, "UnknownProgramme"),
        (SHANGHAI, "payer", "POST", "/v1/orders/settle", {"orders": [NOBODY], "payment_reference": "B"}, "NotFound"),
        (SHANGHAI, "payer", "POST", f"/v1/orders/{NOBODY}/refunded", {}, "NotFound"),
        (SHANGHAI, "reviewer-1", "POST", "/v1/orders/accept", {"orders": [NOBODY]}, "NotFound"),
        (SHANGHAI, "reviewer-1", "POST", f"/v1/orders/{NOBODY}/extend", {"until": 1}, "NotFound"),
        (SHANGHAI, "reviewer-1", "POST", f"/v1/orders/{NOBODY}/reverse", {"recover": "1", "reason": "A"}, "NotFound"),
        (SHANGHAI, "reviewer-1", "POST", f"/v1/orders/{NOBODY}/release", {}, "NotFound"),
        (SHANGHAI, "lab-shanghai", "POST", "/v1/releases/prepare", {"order": NOBODY}, "NotFound"),
        (SHANGHAI, "directory", "POST", f"/v1/labs/{NOBODY}/suspend", {}, "UnknownLab"),
        (SHANGHAI, "directory", "POST", f"/v1/labs/{NOBODY}/items", {"codes": ["A"]}, "UnknownLab"),
        (SHANGHAI, "directory", "POST", "/v1/flags", {"subject": NOBODY, "reason": "A"}, "UnknownSubject"),
        (SHANGHAI, "directory", "POST", f"/v1/flags/{NOBODY}/second", {"reason": "A"}, "NotFlagged"),
        (SHANGHAI, "directory", "POST", f"/v1/flags/{NOBODY}/unflag", {}, "NotFlagged"),
        (SHANGHAI, "directory", "POST", "/v1/rotations", {"subject": NOBODY, "signer": "0x" + "12" * 20}, "NotFound"),
        (SHANGHAI, "directory", "POST", "/v1/rotations/complete", {"subject": NOBODY}, "NoRotation"),
    ],
)
def test_an_unknown_id_is_refused(town, unchanged, *, region, caller, method, path, asked, code):
    desk = town.desk(region, caller)

    answer = desk.get(path) if method == "GET" else desk.post(path, asked)

    assert answer.code == code


def test_an_expired_signature_is_refused(town, firm, lab):
    serial = town.serial_for(firm)
    document = copy.deepcopy(town.order(firm, lab, serial=serial, project="P", amount="100000")["typed_data"])
    document["message"]["validUntil"] = str(town.node.timestamp() - 1)
    order = parse_typed_data(document, Order, town.world.deployment.domain)
    signed = {"typed_data": document} | {
        f"{name}_signature": "0x" + sign(order, town.world.deployment.domain, town.world.parties[party.key].key).hex()
        for name, party in (("firm", firm), ("lab", lab))
    }
    before = town.balance(CHANGXING, firm, serial), town.event_count()

    answer = town.submit("/v1/orders", lab, signed)

    assert (answer.status, answer.code) == (422, "SignatureExpired")
    assert (town.balance(CHANGXING, firm, serial), town.event_count()) == before


@pytest.mark.parametrize("mistake", ["other party", "other chain", "high s", "random"])
def test_a_foreign_signature_is_refused(town, firm, lab, mistake):
    serial = town.serial_for(firm)
    signed = town.order(firm, lab, serial=serial, project="P", amount="100000")
    domain = town.world.deployment.domain
    order = parse_typed_data(signed["typed_data"], Order, domain)
    right = bytes.fromhex(signed["lab_signature"][2:])
    if mistake == "other party":
        forged = sign(order, domain, town.world.parties["lab-beijing"].key)
    elif mistake == "other chain":
        forged = sign(order, replace(domain, chain_id=domain.chain_id + 1), town.world.parties[lab.key].key)
    elif mistake == "high s":
        curve = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
        vs = int.from_bytes(right[32:], "big")
        forged = right[:32] + ((vs >> 255 ^ 1) << 255 | (curve - (vs & (1 << 255) - 1)) & (1 << 255) - 1).to_bytes(32, "big")
    else:
        forged = bytes(range(64))
    before = town.balance(CHANGXING, firm, serial), town.event_count()

    answer = town.submit("/v1/orders", lab, signed | {"lab_signature": "0x" + forged.hex()})

    assert (answer.status, answer.code) == (422, "NotSignedBy")
    assert (town.balance(CHANGXING, firm, serial), town.event_count()) == before


@pytest.mark.parametrize("where", ["document", "message", "domain", "types", "type", "request"])
@pytest.mark.parametrize("path", ["/v1/orders", "/v1/redemptions", "/v1/releases"])
def test_extra_fields_are_refused(town, firm, lab, path, where):
    order = town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000")
    if path == "/v1/orders":
        signed = town.order(firm, lab, serial=town.serial_for(firm), project="P", amount="100000")
    else:
        desk = town.desk(SHANGHAI, lab.key)
        document = (
            redemption_document(town, order, lab, cost="800000")
            if path == "/v1/redemptions"
            else desk.post("/v1/releases/prepare", {"order": order})["typed_data"]
        )
        signed = {"typed_data": document} | {
            f"{name}_signature": signature(town, document, party) for name, party in (("firm", firm), ("lab", lab))
        }
    signed = copy.deepcopy(signed)
    document = signed["typed_data"]
    {
        "document": lambda: document.update(more=1),
        "message": lambda: document["message"].update(more="1"),
        "domain": lambda: document["domain"].update(salt="0x"),
        "types": lambda: document["types"].update(More=[]),
        "type": lambda: document["types"][document["primaryType"]].append({"name": "more", "type": "uint8"}),
        "request": lambda: signed.update(more=1),
    }[where]()
    before = town.event_count()

    answer = town.submit(path, lab, signed)

    assert (answer.status, answer.code) == (422, "InvalidRequest" if where == "request" else "DocumentRefused")
    assert town.event_count() == before


def test_a_document_of_another_kind_is_refused(town, firm, lab):
    order = town.order(firm, lab, serial=town.serial_for(firm), project="P", amount="100000")

    answers = [town.submit(path, lab, order) for path in ("/v1/redemptions", "/v1/releases")]

    assert [each.code for each in answers] == ["DocumentRefused"] * 2


def test_the_same_order_twice_is_one(town, firm, lab):
    signed = town.order(firm, lab, serial=town.serial_for(firm), project="P", amount="100000")

    answers = [town.submit("/v1/orders", lab, signed) for _ in range(2)]

    assert [each.code for each in answers] == [None, "OrderSeen"]


def test_an_order_for_a_lab_that_does_not_exist_is_refused(town, firm):
    voucher = {"region": CHANGXING, "firm": firm.company_code, "serial": town.serial_for(firm)}
    desk = town.desk(CHANGXING, firm.key)

    prepared = desk.post("/v1/orders/prepare", {"voucher": voucher, "lab": NOBODY, "project": "P", "amount": "100000"})["typed_data"]
    signed = {"typed_data": prepared, "firm_signature": signature(town, prepared, firm), "lab_signature": "0x" + "11" * 64}

    assert desk.post("/v1/orders", signed).code == "UnknownLab"


# Keys and cursors of others


def test_a_key_of_another_region_opens_nothing(town):
    key = town.world.api_keys[BEIJING]["auditor"]

    response = town.ask("GET", "/v1/trail", headers={"Authorization": f"Bearer {key}"})

    assert (response.status_code, response.json()["code"]) == (401, "Unauthenticated")


# Lists

FIRM = sample_code(CHANGXING, 1)


def refusal(content):
    with pytest.raises(Problem) as refused:
        parse(content, region=Region(CHANGXING), keyring=KEYS)
    return refused.value.status, refused.value.code


def book(fill):
    workbook = Workbook()
    sheet = workbook.worksheets[0]
    sheet.append(["企业代码", "券号"])
    fill(sheet)
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def rezipped(content, **members):
    """The same workbook with members replaced, packed as tightly as zip can."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as after:
        for each in before.infolist():
            after.writestr(each.filename, members.get(each.filename.split("/")[-1].replace(".", "_"), before.read(each.filename)))
    return file.getvalue()


def member(content, name):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name)


GOOD = book(lambda sheet: sheet.append([FIRM, "A-1"]))


def test_a_zip_bomb_is_not_unpacked():
    bomb = rezipped(GOOD, sheet1_xml=b"<x>" + b" " * (MOST_UNPACKED_BYTES + 1) + b"</x>")

    assert len(bomb) < 100_000
    assert refusal(bomb) == (413, "ListTooLarge")


def test_a_zip_bomb_that_lies_about_its_size_is_not_unpacked():
    """The directory says one byte; what is read ends there."""
    bomb = bytearray(rezipped(GOOD, sheet1_xml=b"<x>" + b" " * (2 * MOST_UNPACKED_BYTES) + b"</x>"))
    entry = bomb.rfind(b"xl/worksheets/sheet1.xml") - 46
    bomb[entry + 24 : entry + 28] = (1).to_bytes(4, "little")

    assert refusal(bytes(bomb)) == (422, "ListUnreadable")


def test_entities_that_multiply_are_refused():
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    content = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]><worksheet>&l9;</worksheet>'.encode()

    assert refusal(rezipped(GOOD, sheet1_xml=content)) == (422, "ListUnreadable")


def test_a_cell_at_the_far_corner_of_a_sheet_is_not_walked_to():
    assert refusal(book(lambda sheet: sheet.cell(1_048_576, 16_384, "x"))) == (422, "ListTooLong")
    wide = parse(book(lambda sheet: (sheet.append([FIRM, "A-1"]), sheet.cell(2, 16_384, "x"))), region=Region(CHANGXING), keyring=KEYS)
    assert [row.line for row in wide.rows] == [2]


@pytest.mark.parametrize(
    "everywhere",
    [
        b'<mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>',
        b'<hyperlinks><hyperlink ref="A1:XFD1048576" location="x"/></hyperlinks>',
    ],
    ids=["merged", "linked"],
)
def test_what_is_said_of_a_whole_sheet_makes_no_cells_of_it(everywhere):
    """A sheet has 17 thousand million places; a file of 5 KB can merge or link them all."""
    sheet = member(GOOD, "xl/worksheets/sheet1.xml").replace(b"</sheetData>", b"</sheetData>" + everywhere)

    parsed = parse(rezipped(GOOD, sheet1_xml=sheet), region=Region(CHANGXING), keyring=KEYS)

    assert [row.line for row in parsed.rows] == [2]


def test_empty_cells_without_number_are_not_made():
    cells = b'<row r="3">' + b"<c/>" * (LIMITS.rows * MOST_MARKS_A_ROW) + b"</row></sheetData>"
    bomb = rezipped(GOOD, sheet1_xml=member(GOOD, "xl/worksheets/sheet1.xml").replace(b"</sheetData>", cells))

    assert len(bomb) < 100_000
    assert refusal(bomb) == (413, "ListTooLarge")


def in_sheet(content, what):
    return rezipped(content, sheet1_xml=member(content, "xl/worksheets/sheet1.xml").replace(b"</sheetData>", what + b"</sheetData>"))


CELLS = b"<c/>" * (MOST_MARKS_IN_ONE_ROW + 1)
AS_IT_WAS = member(GOOD, "xl/worksheets/sheet1.xml")
STYLES = member(GOOD, "xl/styles.xml").replace(b"</cellXfs>", b"<xf/>" * (MOST_MARKS_BESIDES + 1) + b"</cellXfs>")


@pytest.mark.parametrize(
    "bomb",
    [
        in_sheet(GOOD, b"<row>" + CELLS + b"</row>"),
        in_sheet(GOOD, b'<row r="3"/><x:row>' + CELLS + b"</x:row>"),
        rezipped(GOOD, sheet1_xml=AS_IT_WAS.replace(b"</sheetData>", b"<row>" + CELLS + b"</row></sheetData>").decode().encode("utf-16")),
        rezipped(GOOD, styles_xml=STYLES),
        in_sheet(GOOD, (b"<row>" + b"<c/>" * 100 + b"</row>") * (ITEMS.rows * MOST_CELLS_A_ROW // 100)),
    ],
    ids=["a row", "a row by another prefix", "in UTF-16", "styles", "rows"],
)
def test_what_is_no_longer_for_a_longer_list_is_bounded_for_the_longest(bomb):
    """A row is read as a whole, and so are styles: of the most that 30,000 rows of items may have, each would take a gigabyte."""
    with pytest.raises(Problem) as refused:
        sheets.read(bomb, ITEMS)

    assert (refused.value.status, refused.value.code) == (413, "ListTooLarge")


def test_a_sheet_of_rows_alone_is_refused_before_anything_is_made_of_them():
    """60 KB that unpack to thirteen million rows: split into their texts they took a gigabyte, and held up all other callers meanwhile."""
    bomb = rezipped(GOOD, sheet1_xml=b"<row >" * (ITEMS.unpacked_bytes // 7))

    tracemalloc.start()
    with pytest.raises(Problem) as refused:
        sheets.read(bomb, ITEMS)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert (refused.value.status, refused.value.code) == (413, "ListTooLarge")
    assert most < 3 * ITEMS.unpacked_bytes


def test_blank_rows_and_what_stands_below_a_sheet_are_no_long_row():
    below = b'<dataValidations count="1">' + b"<dataValidation/>" * (MOST_MARKS_IN_ONE_ROW + 1) + b"</dataValidations>"
    sheet = AS_IT_WAS.replace(b"</sheetData>", b"<row/>" * 3_000 + b"</sheetData>" + below)

    assert len(sheets.read(rezipped(GOOD, sheet1_xml=sheet), ITEMS).body) == 1


def test_a_list_as_long_and_as_wide_as_is_taken_is_no_bomb():
    row = [f"{'一' * 20}{number}" for number in range(13)]

    read = sheets.read(book(lambda sheet: [sheet.append([*row, str(number)]) for number in range(500)]), Limits(10**6, 10**7, 600, 500))

    assert len(read.body) == 500


def test_a_csv_of_commas_or_empty_lines_is_not_kept():
    assert refusal("企业代码,券号\n".encode() + b"\n" * 4_000_000) == (422, "ListTooLong")
    wide = sheets.read("企业代码,券号\n".encode() + b"A," + b"," * 4_000_000, LIMITS)
    assert len(wide.body[0].cells) == MOST_COLUMNS


def test_an_archive_that_is_encrypted_or_packed_in_an_unknown_way_is_refused():
    for at, value in ((8, 0x41), (10, 0x63)):
        broken = bytearray(GOOD)
        entry = broken.rfind(b"xl/worksheets/sheet1.xml") - 46
        broken[entry + at] = value
        assert refusal(bytes(broken)) == (422, "ListUnreadable")


def test_zip_bombs_are_refused_by_a_gateway(town, unchanged):
    bomb = rezipped(GOOD, sheet1_xml=b"<x>" + b" " * (MOST_UNPACKED_BYTES + 1) + b"</x>")
    liar = bytearray(bomb)
    entry = liar.rfind(b"xl/worksheets/sheet1.xml") - 46
    liar[entry + 24 : entry + 28] = (1).to_bytes(4, "little")
    last = str(town.now + 86_400)
    fields = {"programme": town.programmes[CHANGXING], "face": "100", "denomination": "100", "use_by": last, "claim_by": last}
    desk = town.desk(CHANGXING, "issuer")

    for path in ("/v1/vouchers", "/v1/vouchers/check"):
        answers = [desk.upload(path, fields, name="l.xlsx", content=bytes(each)) for each in (bomb, liar)]
        assert [(each.status, each.code) for each in answers] == [(413, "ListTooLarge"), (422, "ListUnreadable")]


# Bodies


def sent(desk, path, parts, *, head):
    """What a gateway answers to a body that is sent part by part until it answers, and how many bytes it let through until then."""
    url, passed, received = urlsplit(desk.url), 0, b""
    with socket.create_connection((url.hostname, url.port), timeout=60) as connection:
        common = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {desk.api_key}\r\nIdempotency-Key: large\r\n"
        connection.sendall((common + "Content-Type: application/json\r\n" + head + "\r\n\r\n").encode())
        answer = select.poll()
        answer.register(connection, select.POLLIN)
        # A connection that is closed while more is on its way is reset; what was said before is still there to be read.
        with suppress(ConnectionError):
            for part in parts:
                if answer.poll(0):
                    break
                connection.sendall(part)
                passed += len(part)
        with suppress(ConnectionError):
            while chunk := connection.recv(65_536):
                received += chunk
    return received, passed


MEGABYTE = 1_000_000


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize("path", ["/v1/vouchers/rows", "/v1/vouchers/rows/check"])
def test_a_body_of_100_megabytes_is_refused_without_being_read(town, unchanged, path, announced):
    head = f"Content-Length: {100 * MEGABYTE}" if announced else "Transfer-Encoding: chunked"
    piece = b" " * MEGABYTE
    part = piece if announced else b"%x\r\n" % MEGABYTE + piece + b"\r\n"

    answer, passed = sent(town.desk(CHANGXING, "issuer"), path, itertools.repeat(part, 100), head=head)

    assert answer.startswith(b"HTTP/1.1 413")
    assert b'"TooLarge"' in answer
    # What was on its way in the sockets' buffers, and up to the limit where nothing was announced.
    assert passed < 50 * MEGABYTE


def test_a_body_that_comes_too_slowly_is_not_waited_for(town, unchanged):
    with town.restarted(KUNSHAN, body_seconds=0.5):
        for head, part in (("Content-Length: 1000", b'{"programme":'), ("Transfer-Encoding: chunked", b"5\r\n12345\r\n")):
            answer, _ = sent(town.desk(KUNSHAN, "issuer"), "/v1/vouchers/rows", [part], head=head)

            assert answer.startswith(b"HTTP/1.1 408")
            assert b'"BodyTooSlow"' in answer


def test_a_list_of_many_bytes_is_refused(town):
    fields = {"programme": town.programmes[CHANGXING], "face": "100", "denomination": "100", "use_by": "1", "claim_by": "1"}

    answer = town.desk(CHANGXING, "issuer").upload("/v1/vouchers/check", fields, name="l.csv", content=b"x" * 5_000_001)

    assert (answer.status, answer.code) == (413, "ListTooLarge")


@pytest.mark.parametrize(
    ("row", "code"),
    [((FIRM, 20131219), "CellIsNumber"), ((FIRM, "=1+1"), "CellIsFormula"), ((913305220000000000, "A"), "CellIsNumber")],
)
def test_numeric_ids_and_formulas_issue_nothing(town, unchanged, row, code):
    content = book(lambda sheet: sheet.append(row))
    last = str(town.now + 86_400 * 300)
    fields = {"programme": town.programmes[CHANGXING], "face": "100", "denomination": "100", "use_by": last, "claim_by": last}

    answer = town.desk(CHANGXING, "issuer").upload("/v1/vouchers", fields, name="l.xlsx", content=content)

    assert (answer.status, answer.code) == (422, "BadRows")
    assert [(each["line"], each["code"]) for each in answer["values"]["bad"]] == [(2, code)]
