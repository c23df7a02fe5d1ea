"""Reading an older ledger's list: what a good one comes to, and every row that is refused, by line and reason."""

import io
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from gateway.errors import Problem
from gateway.opening_list import LIMITS, free_numbers, parse, printed
from gateway.openings import sha256_of
from registry import Keyring, TagKey, company_code, read_programme_file
from scripts.demonstration.cast import CHANGXING, SHANGHAI, sample_code

PROGRAMMES = Path(__file__).resolve().parents[2] / "programmes"
FILE = read_programme_file((PROGRAMMES / "changxing-opening-sample.toml").read_text(encoding="utf-8"))
KEYS = Keyring([TagKey(1, bytes(32)), TagKey(24, bytes(32))])
FIRM, OTHER, SELLER = sample_code(CHANGXING, 1), sample_code(CHANGXING, 2), sample_code(SHANGHAI, 1)
LAB = "0x" + "ab" * 32

HEADER = (
    "类别,企业代码,券号,发放日期,面额（元）,已用额（元）,张号,使用截止日,兑付截止日,"
    "服务机构编号,服务条目,项目,开票单位代码,合同编号,发票代码,发票号码,发票金额（元）,服务费用（元）,补贴额（元）"
)
NAMES = [
    "kind",
    "firm",
    "serial",
    "issued",
    "face",
    "used",
    "notes",
    "use_by",
    "claim_by",
    "lab",
    "item",
    "project",
    "seller",
    "contract",
    "invoice_code",
    "invoice",
    "invoice_amount",
    "cost",
    "subsidy",
]
VOUCHER = {"kind": "券", "firm": FIRM, "serial": "KJQ-7", "issued": "2024-03-01", "face": "10000", "used": "3000", "notes": "1-3"}
VOUCHER |= {"use_by": "2030-12-31", "claim_by": "2031-03-31"}
CLAIM = {"kind": "在途", "firm": FIRM, "serial": "KJQ-7", "notes": "4-8", "claim_by": "2030-06-30", "lab": LAB, "project": "膜材检测"}
CLAIM |= {"seller": SELLER, "contract": "HT-7", "invoice_code": "3100241130", "invoice": "00000007", "invoice_amount": "8000"}
CLAIM |= {"cost": "8000", "subsidy": "4800"}
PAID = {"kind": "已付", "invoice_code": "3100241130", "invoice": "00000003", "invoice_amount": "5000", "cost": "5000", "subsidy": "3000"}


def listed(*rows):
    lines = [",".join(f'"{row.get(name, "")}"' for name in NAMES) for row in rows]
    return "\n".join([HEADER, *lines]).encode()


def read(*rows, file=FILE):
    return parse(listed(*rows), file, keyring=KEYS, epoch=1)


def bad(*rows, file=FILE):
    return [(each.line, each.code) for each in read(*rows, file=file).bad]


def in_notes_of(denomination, *, slices=None):
    programme = FILE.programme if slices is None else replace(FILE.programme, slices=slices)
    return replace(FILE, programme=programme, voucher=replace(FILE.voucher, denomination=denomination))


def test_a_strip_a_claim_on_it_and_a_paid_invoice_add_up():
    found = read(VOUCHER, CLAIM, PAID)

    (voucher,), (claim,), (paid,) = found.vouchers, found.claims, found.paid
    assert found.bad == []
    assert (voucher.firm, voucher.used, voucher.in_flight, voucher.remaining, voucher.lapsed) == (
        company_code(FIRM),
        300000,
        500000,
        200000,
        0,
    )
    assert voucher.free == (range(9, 11),)
    assert (claim.serial, claim.face, claim.subsidy, claim.notes) == ("KJQ-7/1", 500000, 480000, (range(4, 9),))
    assert claim.recipient.serial != voucher.recipient.serial
    assert claim.recipient.firm == voucher.recipient.firm
    assert paid.invoice.tag == KEYS.invoice("00000003", code="3100241130")
    totals = found.totals
    assert (totals.vouchers, totals.face, totals.used, totals.in_flight, totals.remaining) == (1, 1000000, 300000, 500000, 200000)
    assert (totals.claims, totals.claimed, totals.paid_invoices, totals.paid) == (1, 480000, 1, 300000)


def test_a_ledger_that_says_it_runs_to_the_end_of_the_calendar_is_read():
    """The reader has no clock: whether that day has begun is asked where a list is checked and issued."""
    endless = replace(FILE, opening=replace(FILE.opening, cut_over=date.max))

    assert (read(VOUCHER, CLAIM, PAID, file=endless).bad, read(VOUCHER, file=endless).vouchers[0].remaining) == ([], 0)


def test_excel_and_csv_are_read_alike_and_dates_of_excel_are_dates():
    book = Workbook()
    book.worksheets[0].append(HEADER.split(","))
    for row in (VOUCHER | {"use_by": datetime(2030, 12, 31)}, CLAIM, PAID):  # noqa: DTZ001 - as Excel has it
        book.worksheets[0].append([row.get(name) for name in NAMES])
    file = io.BytesIO()
    book.save(file)

    assert parse(file.getvalue(), FILE, keyring=KEYS, epoch=1) == read(VOUCHER, CLAIM, PAID)


def test_a_claim_is_good_until_its_own_day_though_its_voucher_is_not():
    ended = VOUCHER | {"use_by": "2024-12-30", "claim_by": "2024-12-30"}

    found = read(ended, CLAIM)

    assert found.bad == []
    assert (found.totals.lapsed, found.totals.remaining, found.totals.in_flight) == (200000, 0, 500000)
    assert found.to_issue == found.claims
    assert found.claims[0].terms(bytes(32), 100000).use_by == found.claims[0].claim_by


def test_two_claims_on_one_strip_have_serials_of_their_own():
    second = CLAIM | {"notes": "10", "cost": "1000", "subsidy": "600", "invoice": "00000008", "invoice_amount": "1000"}

    found = read(VOUCHER, CLAIM, second)

    assert [each.serial for each in found.claims] == ["KJQ-7/1", "KJQ-7/2"]
    assert found.vouchers[0].free == (range(9, 10),)


def test_divisible_money_has_no_numbers():
    divisible = in_notes_of(1)
    voucher, claim = VOUCHER | {"notes": "", "used": "12.34"}, CLAIM | {"notes": ""}

    found = read(voucher, claim, file=divisible)

    assert found.bad == []
    assert (found.vouchers[0].remaining, found.claims[0].face) == (1000000 - 1234 - 480000, 480000)
    assert bad(VOUCHER, file=divisible) == [(2, "UsedDiffers")]
    assert bad(voucher, CLAIM, file=divisible) == [(3, "NotesDiffer")]


def test_a_used_up_voucher_is_counted_and_not_issued():
    found = read(VOUCHER | {"used": "10000", "notes": "1-10"})

    assert (found.bad, found.to_issue, found.totals.face) == ([], [], 1000000)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"kind": "作废"}, "KindUnknown"),
        ({"kind": ""}, "CellEmpty"),
        ({"firm": "91330522MA0DEM0000"}, "CodeRefused"),
        ({"serial": " "}, "CellEmpty"),
        ({"serial": "--"}, "CellIsFormula"),
        ({"issued": "2024/03/01"}, "DateRefused"),
        ({"issued": "2025-01-01"}, "AfterCutOver"),
        ({"issued": "2024-03-01", "use_by": "2024-02-01"}, "DatesRefused"),
        ({"claim_by": "2030-12-30"}, "DatesRefused"),
        ({"face": "10,000"}, "AmountMalformed"),
        ({"face": "10000.001"}, "AmountMalformed"),
        ({"face": "0", "used": "0", "notes": ""}, "FaceRefused"),
        ({"face": "9999"}, "FaceRefused"),
        ({"used": "11000", "notes": "1-11"}, "OverFace"),
        ({"used": "3000.01"}, "UsedDiffers"),
        ({"used": "4000"}, "UsedDiffers"),
        ({"notes": ""}, "UsedDiffers"),
        ({"notes": "1-2,11"}, "NotesMalformed"),
        ({"notes": "1-3,3"}, "NotesMalformed"),
        ({"notes": "3-1"}, "NotesMalformed"),
        ({"notes": "一至三"}, "NotesMalformed"),
        ({"notes": "0-2"}, "NotesMalformed"),
        ({"invoice": "00000007"}, "CellNotAsked"),
        ({"subsidy": "1"}, "CellNotAsked"),
    ],
)
def test_a_bad_voucher_is_told_by_line_and_reason(change, code):
    good = VOUCHER | {"serial": "KJQ-1"}

    assert bad(good, VOUCHER | change) == [(3, code)]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"serial": "KJQ-8"}, "VoucherMissing"),
        ({"firm": OTHER}, "VoucherMissing"),
        ({"notes": "3-7"}, "NotesTaken"),
        ({"notes": "7-11"}, "NotesMalformed"),
        ({"notes": "4-7"}, "NotesDiffer"),
        ({"notes": "4-9"}, "NotesDiffer"),
        ({"notes": ""}, "NotesDiffer"),
        ({"subsidy": "0"}, "NotesDiffer"),
        ({"cost": "7999"}, "OverRule"),
        ({"cost": "0"}, "CostZero"),
        ({"invoice_amount": "7999"}, "OverInvoice"),
        ({"lab": "SH-0001"}, "LabMalformed"),
        ({"project": ""}, "CellEmpty"),
        ({"seller": "HT"}, "CodeRefused"),
        ({"contract": ""}, "CellEmpty"),
        ({"invoice": "7"}, "CodeRefused"),
        ({"invoice_code": ""}, "CodeRefused"),
        ({"invoice": "00000003"}, "InvoiceAmountDiffers"),
        ({"invoice": "00000003", "invoice_amount": "5000", "cost": "5000", "subsidy": "3000", "notes": "4-6"}, "OverInvoice"),
        ({"use_by": "2030-06-30"}, "CellNotAsked"),
        ({"face": "5000"}, "CellNotAsked"),
        ({"claim_by": ""}, "CellEmpty"),
    ],
)
def test_a_bad_claim_is_told_by_line_and_reason(change, code):
    assert bad(VOUCHER, PAID, CLAIM | change) == [(4, code)]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"invoice_amount": "4999"}, "OverInvoice"),
        ({"cost": "0"}, "CostZero"),
        ({"subsidy": ""}, "CellEmpty"),
        ({"firm": FIRM}, "CellNotAsked"),
    ],
)
def test_a_bad_payment_is_told_by_line_and_reason(change, code):
    assert bad(VOUCHER, PAID | change) == [(3, code)]


def test_costs_on_one_invoice_stay_within_its_amount_together():
    half, other = (PAID | {"cost": "2500", "subsidy": subsidy} for subsidy in ("1500", "1400"))

    assert bad(half, other) == []
    assert bad(half, other, PAID | {"cost": "0.01"}) == [(4, "OverInvoice")]


def test_a_row_that_stands_twice_is_told_with_both_lines():
    """Nothing but the totals would tell: divisible money has no numbers of which one is taken."""
    voucher, claim = VOUCHER | {"notes": "", "used": "12.34", "face": "20000"}, CLAIM | {"notes": "", "invoice_amount": "20000"}

    found = read(voucher, claim, PAID, claim, PAID, file=in_notes_of(1)).bad

    assert [(each.line, each.code) for each in found] == [(5, "RowRepeated"), (6, "RowRepeated")]
    assert ["第 3 行" in found[0].message, "line 4" in found[1].message] == [True, True]
    other = claim | {"contract": "HT-8"}
    assert bad(voucher, claim, PAID, other, PAID | {"invoice": "00000004"}, file=in_notes_of(1)) == []


def test_claims_do_not_take_more_than_is_left():
    second = CLAIM | {"invoice": "00000008"}

    assert bad(VOUCHER | {"used": "6000", "notes": "1-3,9-10,8"}, CLAIM | {"notes": "4-7,8"}) == [(3, "OverFace")]
    assert bad(VOUCHER, CLAIM, second | {"notes": "9-10", "cost": "2000", "subsidy": "1200"}) == []
    assert bad(VOUCHER, CLAIM, second | {"notes": "6-10"}) == [(4, "OverFace")]


def test_one_agreement_earns_by_the_rule_together():
    """Costs under one agreement share the slices, as they would on the chain."""
    first, *_ = FILE.programme.slices
    stepped = replace(FILE.programme, slices=(replace(first, up_to=800000), replace(first, bps=0)))
    second = CLAIM | {"notes": "9", "cost": "1000", "subsidy": "600", "invoice": "00000008", "invoice_amount": "1000"}

    assert bad(VOUCHER, CLAIM, second, file=replace(FILE, programme=stepped)) == [(4, "OverRule")]
    assert bad(VOUCHER, CLAIM, second | {"contract": "HT-8"}, file=replace(FILE, programme=stepped)) == []


def test_a_serial_stands_once_however_it_is_typed():
    assert bad(VOUCHER, VOUCHER | {"serial": "kjq 7"}) == [(3, "SerialRepeated")]
    assert bad(VOUCHER, CLAIM, VOUCHER | {"serial": "KJQ-7/1"}) == [(3, "SerialRepeated")]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "ListEmpty"),
        (HEADER.encode(), "ListEmpty"),
        (HEADER.replace("已用额（元）", "用掉").encode() + b"\na", "ListHeaderDiffers"),
        (listed(*[VOUCHER] * (LIMITS.rows + 1)), "ListTooLong"),
    ],
)
def test_a_list_that_cannot_be_read_as_a_whole_is_refused(content, code):
    with pytest.raises(Problem) as refused:
        parse(content, FILE, keyring=KEYS, epoch=1)

    assert refused.value.code == code


@pytest.mark.parametrize(
    ("count", "taken", "free"),
    [
        (10, [], [(1, 10)]),
        (10, [(1, 10)], []),
        (10, [(2, 2), (1, 1), (9, 10)], [(3, 8)]),
        (5, [(2, 2), (4, 4)], [(1, 1), (3, 3), (5, 5)]),
    ],
)
def test_free_numbers_are_those_that_are_not_taken(count, taken, free):
    assert free_numbers(count, [range(first, last + 1) for first, last in taken]) == tuple(range(first, last + 1) for first, last in free)


def test_the_chain_s_notes_are_the_printed_ones_in_their_order():
    numbers = (range(4, 5), range(6, 8), range(9, 11))

    assert [printed(numbers, each, each) for each in range(1, 7)] == [
        *((range(number, number + 1),) for number in (4, 6, 7, 9, 10)),
        (),
    ]
    assert printed(numbers, 2, 4) == (range(6, 8), range(9, 10))


def test_the_sample_list_is_the_one_that_the_sample_file_names_and_comes_to_its_totals():
    content = (PROGRAMMES / "changxing-opening-sample.csv").read_bytes()

    found = parse(content, FILE, keyring=KEYS, epoch=1)

    assert sha256_of(content) == FILE.opening.list_sha256
    assert (found.bad, found.totals) == ([], FILE.opening.totals)
    assert found.claims
    assert found.paid
