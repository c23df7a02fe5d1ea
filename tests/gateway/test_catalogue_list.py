"""Reading catalogue lists: what a row becomes, and every bad row by its line and reason."""

import csv
import io
from datetime import datetime

import pytest
from openpyxl import Workbook

from gateway.catalogue_list import items, labs
from gateway.errors import Problem
from scripts.demonstration.cast import BEIJING, HEBEI, TIANJIN, sample_code

UNIT, OTHER_UNIT = sample_code(BEIJING, 501), sample_code(BEIJING, 502)
SIGNER = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
DAY = 86_400
LAB = {
    "地区代码": str(BEIJING),
    "依托单位代码": UNIT,
    "依托单位": "样例研究院",
    "服务机构代码": "BJ-S-001",
    "服务机构名称": "样例材料检测实验室",
    "服务类型": "检测、分析",
    "所在地": "北京市海淀区",
    "签名账户": SIGNER,
    "开票单位代码": "",
    "资质截止日": "2027-12-31",
    "互认地区": f"{TIANJIN}、{HEBEI}",
    "互认起始日": "2026-01-01",
    "互认截止日": "2026-12-31",
}
ITEM = {
    "地区代码": str(BEIJING),
    "依托单位代码": UNIT,
    "服务机构代码": "BJ-S-001",
    "条目代码": "YQ-0001",
    "条目名称": "样例扫描电镜",
    "服务类型": "检测",
    "所在地": "北京市",
    "互认地区": "",
    "互认起始日": "",
    "互认截止日": "",
}


def as_csv(*rows):
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def as_excel(*rows):
    book = Workbook()
    for row in (list(rows[0]), *(list(row.values()) for row in rows)):
        book.worksheets[0].append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def bad(parsed):
    return [(each.line, each.code) for each in parsed.bad]


def test_a_lab_is_read_alike_from_excel_and_csv():
    read = [labs(content) for content in (as_csv(LAB), as_csv(LAB).decode().encode("gb18030"), as_excel(LAB))]

    (row,) = read[0].rows
    assert (row.region, row.host_unit, row.code, row.seller, row.signer) == (BEIJING, UNIT, "BJ-S-001", UNIT, SIGNER)
    assert row.services == ("检测", "分析")
    assert row.qualified_until == 1_830_268_799  # the last second of the day in China
    assert (row.recognition.by, row.recognition.from_) == ((TIANJIN, HEBEI), 1_767_196_800)
    assert row.recognition.until == 1_767_196_800 + 365 * DAY - 1
    assert all(each.bad == [] and each.rows == [row] for each in read)


def test_a_date_that_excel_keeps_as_a_date_is_one_and_only_where_a_date_belongs():
    dated = LAB | {"资质截止日": datetime(2027, 12, 31)}  # noqa: DTZ001 - as openpyxl writes it

    assert labs(as_excel(dated)).rows == labs(as_excel(LAB)).rows
    assert bad(labs(as_excel(LAB | {"服务机构代码": datetime(2027, 12, 31)}))) == [(2, "CellIsNumber")]  # noqa: DTZ001 - likewise
    assert bad(labs(as_excel(LAB | {"资质截止日": datetime(2027, 12, 31, 12)}))) == [(2, "CellIsNumber")]  # noqa: DTZ001 - likewise


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        ("地区代码", BEIJING, "CellIsNumber"),
        ("依托单位代码", 911100000000000000, "CellIsNumber"),
        ("服务机构代码", 17, "CellIsNumber"),
        ("服务机构名称", "=A1", "CellIsFormula"),
        ("服务机构名称", "", "CellEmpty"),
        ("服务机构名称", "长" * 201, "CellUnfit"),
        ("服务机构名称", "a\u200bb", "CellUnfit"),
        ("服务类型", None, "CellEmpty"),
        ("地区代码", "11", "RegionRefused"),
        ("互认地区", f"{TIANJIN}、天津", "RegionRefused"),
        ("依托单位代码", UNIT[:-1] + ("0" if UNIT[-1] != "0" else "1"), "CodeRefused"),
        ("开票单位代码", "开票", "CodeRefused"),
        ("签名账户", SIGNER.replace("E", "e", 1), "SignerRefused"),
        ("签名账户", "0x" + "00" * 20, "SignerRefused"),
        ("签名账户", SIGNER[:-1], "SignerRefused"),
        ("资质截止日", "2027-02-30", "DateRefused"),
        ("资质截止日", "2027/12/31", "DateRefused"),
        ("资质截止日", "0001-01-01", "DateRefused"),
        ("互认起始日", "2027-01-01", "WindowRefused"),
        ("互认起始日", "", "WindowRefused"),
        ("互认地区", "", "WindowRefused"),
    ],
)
def test_a_bad_row_of_labs_is_told_by_line_and_reason(column, cell, code):
    second = LAB | {"服务机构代码": "BJ-S-002", column: cell}

    assert bad(labs(as_excel(LAB, second))) == [(3, code)]


def test_a_lab_stands_once_in_a_list_and_the_second_names_the_first():
    twice = labs(as_csv(LAB, LAB | {"服务机构代码": "BJ-S-002"}, LAB))

    assert bad(twice) == [(4, "LabRepeated")]
    assert "2" in twice.bad[0].message
    assert [row.line for row in twice.rows] == [2, 3]
    # The same code at another unit is another lab.
    assert bad(labs(as_csv(LAB, LAB | {"依托单位代码": OTHER_UNIT, "依托单位": "样例大学"}))) == []


def test_a_unit_has_one_name_in_a_list():
    assert bad(labs(as_csv(LAB, LAB | {"服务机构代码": "BJ-S-002", "依托单位": "样例研究所"}))) == [(3, "UnitDiffers")]


def test_recognition_may_be_left_out_with_its_columns():
    local = {name: cell for name, cell in LAB.items() if name not in {"互认地区", "互认起始日", "互认截止日", "开票单位代码"}}

    (row,) = labs(as_csv(local)).rows

    assert row.recognition is None


def test_items_are_read_and_repeated_ones_named():
    read = items(as_csv(ITEM, ITEM | {"条目代码": "YQ-0002"}, ITEM | {"服务机构代码": "BJ-S-002"}, ITEM))

    assert [(row.line, row.lab, row.code) for row in read.rows] == [
        (2, "BJ-S-001", "YQ-0001"),
        (3, "BJ-S-001", "YQ-0002"),
        (4, "BJ-S-002", "YQ-0001"),
    ]
    assert bad(read) == [(5, "ItemRepeated")]


@pytest.mark.parametrize(
    ("read", "content", "code"),
    [
        (labs, b"", "ListEmpty"),
        (labs, as_csv(LAB).splitlines()[0] + b"\n", "ListEmpty"),
        (labs, as_csv(ITEM), "ListHeaderDiffers"),
        (items, as_csv(LAB), "ListHeaderDiffers"),
        (labs, as_csv(LAB | {"电话": "1"}), "ListHeaderDiffers"),
        (labs, b"PK\x03\x04 not a workbook", "ListUnreadable"),
        (labs, b"x" * 5_000_001, "ListTooLarge"),
        (labs, as_csv(*(LAB for _ in range(5_001))), "ListTooLong"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_list_that_cannot_be_read_as_a_whole_is_refused(read, content, code):
    with pytest.raises(Problem) as refused:
        read(content)

    assert refused.value.code == code
