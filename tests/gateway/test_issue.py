"""Issuing from a list: what a dry run reports, line by line, and that a list with one bad row issues nothing."""

import io

import pytest
from openpyxl import Workbook

from gateway.errors import Problem
from gateway.voucher_list import MOST_ROWS, parse
from registry import Keyring, Region, TagKey
from scripts.demonstration.cast import BEIJING, CHANGXING, SHANGHAI, sample_code

KEYS = Keyring([TagKey(1, bytes(32))])
FIRM = sample_code(CHANGXING, 1)


def excel(*rows, header=("企业代码", "券号")):
    book = Workbook()
    for row in (header, *rows):
        book.worksheets[0].append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def bad(content):
    return [(each.line, each.code) for each in parse(content, region=Region(CHANGXING), keyring=KEYS).bad]


def test_good_rows_of_excel_and_csv_make_the_same_recipients():
    rows = [(FIRM, "A-1"), (sample_code(CHANGXING, 2), "A-2")]
    text = "企业代码,券号\r\n" + "".join(f"{firm},{serial}\r\n" for firm, serial in rows)
    lists = [excel(*rows), text.encode(), text.encode("utf-8-sig"), text.encode("gb18030")]

    parsed = [parse(content, region=Region(CHANGXING), keyring=KEYS) for content in lists]

    assert all(each.bad == [] and each.count == 2 for each in parsed)
    assert all(each.rows == parsed[0].rows for each in parsed)
    assert [row.line for row in parsed[0].rows] == [2, 3]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ((FIRM, 12345678901234567890), "CellIsNumber"),
        ((FIRM, 1.5), "CellIsNumber"),
        ((913305220000000000, "A-1"), "CellIsNumber"),
        ((FIRM, True), "CellIsNumber"),
        ((FIRM, "=A1"), "CellIsFormula"),
        (("=1+1", "A-1"), "CellIsFormula"),
        ((FIRM, "@SUM(A1)"), "CellIsFormula"),
        ((FIRM, None), "CellEmpty"),
        ((FIRM, "  "), "CellEmpty"),
        ((None, "A-1"), "CellEmpty"),
        ((FIRM[:-1] + ("0" if FIRM[-1] != "0" else "1"), "A-1"), "CodeRefused"),
        (("9.13305E+17", "A-1"), "CodeRefused"),
    ],
)
def test_a_bad_row_is_told_by_line_and_reason(row, code):
    assert bad(excel((FIRM, "A-0"), row)) == [(3, code)]


@pytest.mark.parametrize("repeated", [(FIRM, "A-1"), (FIRM, "a 1"), (sample_code(CHANGXING, 2), "A-1")])
def test_a_serial_stands_once_in_a_list_however_it_is_typed(repeated):
    assert bad(excel((FIRM, "A-1"), repeated)) == [(3, "SerialRepeated")]


def test_blank_lines_are_skipped_and_lines_counted_as_in_the_file():
    assert bad(excel((FIRM, "A-1"), (None, None), (FIRM, 5))) == [(4, "CellIsNumber")]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "ListEmpty"),
        ("企业代码,券号\n".encode(), "ListEmpty"),
        (f"firm,number\n{FIRM},A\n".encode(), "ListHeaderDiffers"),
        (f"firm,serial,serial\n{FIRM},A,B\n".encode(), "ListHeaderDiffers"),
        (f"firm,serial,phone\n{FIRM},A,1\n".encode(), "ListHeaderDiffers"),
        (b"PK\x03\x04 not a workbook", "ListUnreadable"),
        (b'firm,serial\n"open', "ListUnreadable"),
        (b"\xff\xff\xff", "ListUnreadable"),
        (("firm,serial\n" + f"{FIRM},A\n" * (MOST_ROWS + 1)).encode(), "ListTooLong"),
    ],
)
def test_a_list_that_cannot_be_read_as_a_whole_is_refused(content, code):
    with pytest.raises(Problem) as refused:
        parse(content, region=Region(CHANGXING), keyring=KEYS)

    assert refused.value.code == code


def test_a_dry_run_tells_what_only_the_registry_knows_and_issues_nothing(town, firm):
    issued = town.serial_for(firm)
    stranger = sample_code(CHANGXING, 777)
    before = town.event_count()

    answer = town.issue(
        CHANGXING,
        [(firm.company_code, "NOT-ISSUED-1"), (stranger, "NOT-ISSUED-2"), (firm.company_code, issued)],
        face="1000000",
        denomination="100000",
        check=True,
    )

    assert answer.status == 200
    assert [(each["line"], each["code"]) for each in answer["bad"]] == [(3, "FirmNotEnrolled"), (4, "VoucherExists")]
    assert answer["rows"] == 3
    assert town.event_count() == before


def test_one_bad_row_issues_nothing(town, firm):
    before = town.event_count()

    answer = town.issue(
        CHANGXING, [(firm.company_code, "NOT-ISSUED-9"), (firm.company_code, "NOT-ISSUED-9")], face="1000000", denomination="100000"
    )

    assert (answer.status, answer.code) == (422, "BadRows")
    assert [(each["line"], each["code"]) for each in answer["values"]["bad"]] == [(3, "SerialRepeated")]
    assert town.event_count() == before


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"face": "150000"}, "InvalidDenomination"),
        ({"use_by": "1"}, "InvalidDates"),
        ({"programme": "0x" + "11" * 32}, "UnknownProgramme"),
        ({"face": "1.0"}, "InvalidRequest"),
        ({"more": "1"}, "InvalidRequest"),
    ],
)
def test_terms_that_the_registry_or_the_gateway_refuses(town, firm, change, code):
    last = str(town.now + 86_400)
    fields = {"programme": town.programmes[CHANGXING], "face": "1000000", "denomination": "100000", "use_by": last, "claim_by": last}
    rows = excel((firm.company_code, f"N-{town.number()}"))

    answer = town.desk(CHANGXING, "issuer").upload("/v1/vouchers", fields | change, name="list.xlsx", content=rows)
    dry = town.desk(CHANGXING, "issuer").upload("/v1/vouchers/check", fields | change, name="list.xlsx", content=rows)

    assert (dry.status, dry.code, dry["values"]) == (answer.status, answer.code, answer["values"])
    assert answer.code == code


def test_another_regions_issuer_cannot_issue_for_this_programme(town):
    firm, last = town.firm("firm-beijing"), str(town.now + 86_400)
    fields = {"programme": town.programmes[CHANGXING], "face": "1000000", "denomination": "100000", "use_by": last, "claim_by": last}

    answer = town.desk(BEIJING, "issuer").upload(
        "/v1/vouchers", fields, name="list.xlsx", content=excel((firm.company_code, "NOT-ISSUED-1"))
    )

    assert (answer.status, answer.code) == (409, "NotIssuer")


def test_a_history_is_for_the_firm_its_office_and_auditors(town, firm, lab):
    serial = town.serial_for(firm)
    voucher = town.voucher(CHANGXING, firm, serial)["voucher_id"]
    path = f"/v1/vouchers/{voucher}"

    allowed = [(CHANGXING, firm.key), (CHANGXING, "payer"), (SHANGHAI, "auditor")]
    others = [(SHANGHAI, lab.key), (SHANGHAI, "reviewer-1"), (BEIJING, "firm-beijing")]

    assert [town.desk(*caller).get(path).status for caller in allowed] == [200, 200, 200]
    assert [town.desk(*caller).get(path).code for caller in others] == ["NotFound"] * 3


# The same list twice


def terms(town, **more):
    last = town.now + 300 * 86_400
    return {"programme": town.programmes[CHANGXING], "face": "1000000", "denomination": "100000", "use_by": last, "claim_by": last} | more


def rows(*pairs):
    return {"recipients": [{"firm": firm, "serial": serial} for firm, serial in pairs]}


def uploaded(town, asked, content, path="/v1/vouchers"):
    return town.desk(CHANGXING, "issuer").upload(path, {name: str(value) for name, value in asked.items()}, name="l", content=content)


def test_rows_in_json_are_issued_and_found(town, firm):
    serials = [f"J-{town.number()}" for _ in range(2)]
    asked = terms(town) | rows(*((firm.company_code, each) for each in serials))
    desk = town.desk(CHANGXING, "issuer")

    checked = desk.post("/v1/vouchers/rows/check", asked)
    answer = desk.post("/v1/vouchers/rows", asked)

    assert (checked["rows"], checked["bad"]) == (2, [])
    assert (answer.status, [each["line"] for each in answer["vouchers"]], answer["repeated"]) == (201, [1, 2], False)
    assert [town.voucher(CHANGXING, firm, each)["voucher_id"] for each in serials] == [each["voucher_id"] for each in answer["vouchers"]]


def test_the_same_list_again_is_the_same_issue_whatever_form_order_and_key_it_comes_with(town, firm):
    pairs = [(firm.company_code, f"S-{town.number()}") for _ in range(3)]
    asked = terms(town)
    first = uploaded(town, asked, excel(*pairs))
    before = town.event_count()

    csv = "企业代码,券号\n" + "".join(f"{code},{serial.lower()}\n" for code, serial in reversed(pairs))
    again = [
        uploaded(town, asked, excel(*pairs)),
        uploaded(town, asked, csv.encode()),
        town.desk(CHANGXING, "issuer").post("/v1/vouchers/rows", asked | rows(*pairs)),
    ]
    checked = uploaded(town, asked, excel(*pairs), path="/v1/vouchers/check")

    assert [(each.status, each["repeated"]) for each in again] == [(201, True)] * 3
    assert {(each["transaction"], each["block"]) for each in again} == {(first["transaction"], first["block"])}
    assert {each["voucher_id"] for each in again[1]["vouchers"]} == {each["voucher_id"] for each in first["vouchers"]}
    assert checked["bad"] == []
    assert town.event_count() == before


def test_a_list_that_is_only_in_part_the_same_is_told_line_by_line(town, firm):
    pairs = [(firm.company_code, f"P-{town.number()}") for _ in range(2)]
    asked = terms(town)
    uploaded(town, asked, excel(*pairs))
    before = town.event_count()

    longer = uploaded(town, asked, excel(*pairs, (firm.company_code, f"P-{town.number()}")))
    shorter = uploaded(town, asked, excel(pairs[0]))
    other_terms = uploaded(town, asked | {"face": "2000000"}, excel(*pairs))

    assert [(each.status, each.code) for each in (longer, shorter, other_terms)] == [(422, "BadRows")] * 3
    assert [(each["line"], each["code"]) for each in longer["values"]["bad"]] == [(2, "VoucherExists"), (3, "VoucherExists")]
    assert town.event_count() == before


def test_two_issues_are_not_one_list(town, firm):
    pairs = [(firm.company_code, f"T2-{town.number()}") for _ in range(2)]
    asked = terms(town)
    for pair in pairs:
        assert uploaded(town, asked, excel(pair)).status == 201

    assert uploaded(town, asked, excel(*pairs)).code == "BadRows"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"face": "150000"}, "InvalidDenomination"),
        ({"use_by": 1}, "InvalidDates"),
        ({"use_by": 1.5}, "InvalidRequest"),
        ({"use_by": "1"}, "InvalidRequest"),
        ({"face": 1}, "InvalidRequest"),
        ({"recipients": []}, "InvalidRequest"),
        ({"recipients": [{"firm": FIRM, "serial": 20131219}]}, "InvalidRequest"),
        ({"recipients": [{"firm": FIRM, "serial": "A", "phone": "1"}]}, "InvalidRequest"),
        ({"recipients": [{"firm": FIRM, "serial": "A"}] * 501}, "InvalidRequest"),
        ({"recipients": [{"firm": "9.13305E+17", "serial": "A"}]}, "BadRows"),
        ({"more": 1}, "InvalidRequest"),
    ],
)
def test_rows_in_json_are_refused_like_a_list(town, firm, change, code):
    before = town.event_count()
    asked = terms(town) | rows((firm.company_code, f"N-{town.number()}")) | change

    assert town.desk(CHANGXING, "issuer").post("/v1/vouchers/rows", asked).code == code
    assert town.event_count() == before
