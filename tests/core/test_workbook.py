"""A workbook tells what the statement tells, and nothing in it is anything but text or money."""

import io

import pytest
from openpyxl import load_workbook

from registry.breaks import BreakReason
from registry.codec import id_of
from registry.model import Stage
from registry.state_words import STATE_WORDS
from registry.statement import netting
from registry.workbook import statement_workbook
from tests.core.month_scene import Pair
from tests.rules.scene import CHANGXING, SHANGHAI

DECEMBER = 201312


def told(scene, **change):
    statement = scene.statement(DECEMBER)
    found = netting(statement, scene.statement(DECEMBER, SHANGHAI))
    owed = {"first": found.first, "second": found.second, "first_owes": str(found.first_owes), "second_owes": str(found.second_owes)}
    pair = {"home": CHANGXING, "host": SHANGHAI, "month": DECEMBER, "state": "OPEN", "hash": "0x" + statement.hash.hex()}
    named = {"home_statement": None, "host_statement": None}
    nets = owed | {"debtor": found.debtor, "creditor": found.creditor, "net": str(found.amount)}
    return pair | named | {"netting": nets, "statement": statement.document()} | change


def opened(content):
    return load_workbook(io.BytesIO(content), data_only=False)


@pytest.fixture
def scene():
    scene = Pair()
    order = scene.settled(subsidy=470_007)
    scene.reverse(CHANGXING, order, 100_003)
    return scene


def test_ids_are_text_and_money_is_yuan_with_two_decimals(scene):
    book = opened(statement_workbook(told(scene)))
    lines = book["明细 Lines"]

    rows = list(lines.iter_rows(min_row=2))
    assert [row[1].value for row in rows] == ["Reserved", "Redeemed", "Accepted", "Settled", "Reversed"]
    assert [row[3].value for row in rows[-2:]] == [4700.07, -1000.03]
    assert [row[4].value for row in rows[-2:]] == ["470007", "-100003"]
    assert {row[3].number_format for row in rows} == {"#,##0.00"}
    (_, order) = scene.orders[0]
    assert {row[5].value for row in rows} == {"0x" + id_of(order).hex()}
    for row in rows:
        text = [cell for at, cell in enumerate(row) if at != 3 and cell.value is not None]
        assert {(cell.data_type, cell.number_format) for cell in text} == {("s", "@")}


def test_the_summary_has_the_hash_and_the_sums(scene):
    values = [[cell.value for cell in row] for row in opened(statement_workbook(told(scene)))["汇总 Summary"].iter_rows()]

    assert ["0x" + scene.statement(DECEMBER).hash.hex()] == [row[1] for row in values if str(row[0]).startswith("月结单哈希")]
    assert ["Reversed", "冲销", 1, -1000.03, "-100003"] in values
    assert ["REVERSED", "已冲销", 1, 1000.03, "100003"] in values


@pytest.mark.parametrize("code", ["=1+1", '=HYPERLINK("http://example.org")', "+1", "-1", "@SUM(A1)", "\x01x", "CX\n=1"])
def test_a_programmes_code_is_never_a_formula(code):
    """Whoever opens a programme chooses its code."""
    scene = Pair()
    scene.programmes[CHANGXING] = scene.open(code=code, hold_days=90)
    scene.reserved()

    cell = opened(statement_workbook(told(scene)))["明细 Lines"].cell(2, 8)

    assert cell.data_type == "s"
    assert cell.value == code.replace("\x01", "\ufffd")


def test_what_a_bank_or_an_officer_wrote_is_never_a_formula(scene):
    found = {"break_id": "0x" + "11" * 32, "order_id": "0x" + "22" * 32, "reason": "NotPaid", "opened": DECEMBER, "resolved": None}
    found |= {"due": "-1", "paid": "0", "references": ["=1+1", "+2"], "explanation": {"text": "=cmd|' /C calc'!A0"}}
    place = {"sub_district": "=1+1", "orders": 1, "events": [{"event": "Settled", "count": 1, "total": "100"}]}

    book = opened(statement_workbook(told(scene), breaks=[found], sub_districts=[place]))

    assert {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row} == {"s", "n"}
    assert [cell.value for cell in book["差异 Breaks"][2]][-2:] == ["=1+1、+2", "=cmd|' /C calc'!A0"]
    assert book["差异 Breaks"].cell(2, 7).value == -0.01
    assert [cell.value for cell in book["乡镇街道园区 Sub-districts"][2]] == ["=1+1", 1, "Settled", "拨付", 1, 1, "100"]


def test_every_event_stage_and_reason_has_its_word():
    assert {each.name for each in Stage} == STATE_WORDS["stage"].keys()
    assert {each.value for each in BreakReason} == STATE_WORDS["reason"].keys()
    assert STATE_WORDS["event"].keys() >= {
        "Reserved",
        "Approved",
        "Declined",
        "Released",
        "Redeemed",
        "Endorsed",
        "Accepted",
        "Rejected",
        "Settled",
        "Reversed",
        "Refunded",
    }
