"""How answers look to a person: names by where they stand, values as people write them, nothing squeezed into a column."""

import io
import json
import re

import pytest
from rich.cells import cell_len
from rich.console import Console

import registry.gateway_client
import registry.proofs
from registry.chain.artifacts import load
from registry.cli.layout import Layout, places
from registry.cli.screen import Screen, snake
from registry.cli.settings import Lang
from registry.cli.words import FAILURES, FIELDS
from registry.errors import TongquanError
from registry.events import Contract
from registry.model import NO_ADDRESS
from registry.state_words import STATE_WORDS

ORDER, OTHER_ORDER = "0x" + "12" * 32, "0x" + "34" * 32


def shown(found, *, at="", lang=Lang.ZH, width=200):
    console = Console(file=io.StringIO(), width=width, soft_wrap=True, highlight=False)
    layout = Layout(lang, width, places(at))
    console.print(layout.rows(found) if isinstance(found, list) else layout.fields(found))
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("at", "found", "zh"),
    [
        ("issue", {"line": 2}, "行 row"),
        ("payment lines", {"line": "2060404"}, "预算科目 budget line"),
        ("order show", {"history": [{"contract": "Invoices"}]}, "合约 contract"),
        ("evidence show", {"bundle": {"contract": {"number": "C-1"}}}, "服务合同 service contract"),
        ("firm affairs", {"key": {"signer": "0x"}}, "签名账户 signing key"),
        ("audit replay", {"unverified": [{"key": "Directory"}]}, "所指 which"),
        ("lab load", {"left": {"list": 1}}, "待登记条目 items to list"),
        ("payment lines", {"left": "100"}, "尚余 left"),
        ("firm facts state", {"stated": 1}, "已登记份数 stated"),
        ("region list", {"status": "ACTIVE"}, "成员资格 standing"),
        ("verify", {"status": "VALID"}, "结果 status"),
        ("audit replay", {"orders": 15}, "订单数 orders"),
        ("firm affairs", {"orders": [{"order_id": ORDER}]}, "服务订单 orders"),
        ("opening check", {"bad": [{"code": "CodeRefused"}]}, "代码 code"),
        ("payment show", {"orders": [{"stage": "SETTLED"}]}, "订单状态 order's stage"),
        ("payment show", {"orders": [{"state": "PAID"}]}, "付款状态 payment's state"),
    ],
)
def test_a_field_is_called_what_it_is_where_it_stands(at, found, zh):
    assert zh in shown(found, at=at)


@pytest.mark.parametrize(
    ("found", "zh", "en"),
    [
        ({"amount": "480000"}, "4,800.00 元", "4,800.00 yuan"),
        ({"month": 202611}, "2026-11", "2026-11"),
        ({"attempt": 0}, "1", "1"),
        ({"share_bps": 6_000}, "60 %", "60 %"),
        ({"waited_seconds": 2}, "2 秒", "2 s"),
        ({"waited_seconds": 17_971_214}, "208.0 天", "208.0 days"),
        ({"use_by": 1_798_732_799}, "2026-12-31 23:59:59", "2026-12-31 23:59:59"),
        ({"until": 2**40 - 1}, "不限期", "no end"),
        ({"carried_at": 0}, "—", "—"),
        ({"item": "0x" + "00" * 32}, "—", "—"),
        ({"account": NO_ADDRESS}, "—", "—"),
        ({"waits_for": "REVIEW"}, "终审 second review", "second review"),
        ({"refused": {"detail": "文件为空。 The file is empty."}}, "文件为空。 The file is empty.", "The file is empty."),
        ({"becomes": {"zh": "照常使用。", "en": "It stays as it is."}}, "照常使用。 It stays as it is.", "It stays as it is."),
    ],
)
def test_a_value_is_written_as_people_write_it(found, zh, en):
    in_english = shown(found, lang=Lang.EN)

    assert shown(found).rstrip().endswith(zh)
    assert in_english.rstrip().endswith(en)
    assert not any("\u3000" <= letter <= "\u9fff" for letter in in_english)


@pytest.mark.parametrize("width", [80, 100, 200])
def test_many_stand_in_a_table_if_it_fits_and_else_one_below_the_other(width):
    rows = [{"order_id": each, "stage": "OPEN", "amount": "500000"} for each in (ORDER, OTHER_ORDER)]

    lines = shown({"orders": rows}, width=width).splitlines()

    assert max(map(cell_len, map(str.rstrip, lines))) <= width
    assert any("┃" in line for line in lines) is (width == 200)
    assert any("— 2/2 —" in line for line in lines) is (width < 200)
    whole = "".join(line.strip() for line in lines)
    assert ORDER in whole or width == 80, "an id is broken only where no line can hold it"


def test_lists_of_lists_are_told_apart():
    ways = [[{"rule": "who", "verdict": "HOLDS"}], [{"rule": "marks", "verdict": "FAILS"}]]

    told = shown({"ways": ways})

    assert "{" not in told
    assert told.index("— 1/2 —") < told.index("符合 holds") < told.index("— 2/2 —") < told.index("不符合 does not hold")


def test_what_is_signed_is_shown_field_by_field():
    fields = [{"field": "amount", "value": "500000", "check": "CHECKED"}]
    fields += [{"field": "voucher.serial", "value": ORDER, "check": "UNCHECKABLE"}]

    told = shown(fields, width=80)

    assert "金额 amount" in told
    assert "5,000.00 元" in told
    assert "券号 serial" in told


def test_a_sentence_in_both_languages_can_be_told_in_english_alone():
    both = "月份形如 2026-11。 A month is 2026-11, not 'x'."

    assert Screen(as_json=False, lang=Lang.EN).told(both) == "A month is 2026-11, not 'x'."
    assert Screen(as_json=False, lang=Lang.ZH).told(both) == both
    assert Screen(as_json=False, lang=Lang.EN).told("404 Not Found") == "404 Not Found"


def test_every_value_of_a_refusal_has_a_name():
    errors = [each for contract in Contract for each in load(contract).abi if each["type"] == "error"]

    assert {snake(value["name"]) for each in errors for value in each["inputs"]} - FIELDS.keys() == set()


def test_every_failure_that_is_told_by_its_kind_exists():
    def below(kind):
        return {kind.__name__}.union(*map(below, kind.__subclasses__()))

    assert {registry.gateway_client.UnsafeAddress, registry.proofs.ProofRefused} <= {*TongquanError.__subclasses__()}, "all are loaded"
    assert FAILURES.keys() - below(TongquanError) == set()


def test_every_event_of_the_contracts_has_words():
    events = {each["name"] for contract in Contract for each in load(contract).abi if each["type"] == "event"}

    assert events - {"EIP712DomainChanged"} == STATE_WORDS["event"].keys()


def test_a_progress_bar_shows_its_whole_count_at_80_columns():
    screen, out = Screen(as_json=False, lang=Lang.ZH), io.StringIO()
    screen._asides = Console(file=out, width=80, force_terminal=True, color_system=None)

    with screen.progress("正在检验…", "Checking…") as bar:
        bar.of(17, 154)
        bar.name("十四天内未被否决的，更换密钥生效", "After fourteen days without a veto a region's keys are replaced")

    assert "十四天内未被否决的" in out.getvalue()
    assert re.search(r"17/171 \d:\d\d:\d\d", out.getvalue())


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"amount": {"found": "500000", "expected": "50000"}}, ["5,000.00 元", "500.00 元"]),
        ({"valid_until": {"found": 1_796_060_546, "expected": 1_796_060_000}}, ["2026-12-01 01:42:26", "2026-12-01 01:33:20"]),
        ({"fields": [{"at": "body.days", "message": "须不小于 1。 Input should be at least 1."}]}, ["位置 at", "须不小于 1。"]),
        ({"kind": "company code"}, ["统一社会信用代码或团队代码 company code"]),
        ({"allowed": ["PAYER"], "party": "LAB"}, ["拨付单位 payer", "服务机构 lab"]),
        ({"asked": "480000"}, ["所需金额 asked", "4,800.00 元"]),
        ({"claimed": "480000"}, ["发票已用金额 claimed on the invoice"]),
        ({"did": "made the bank file"}, ["生成银行文件 made the bank file"]),
        ({"what": "order"}, ["查询对象 asked for", "服务订单 order"]),
        ({"missing": ["firm"]}, ["缺少 missing"]),
        ({"found": ["firm", "x"], "known": [["企业", "firm"]]}, ["firm / x", "可用的列名 known headings", "企业 / firm"]),
        ({"differing": ["in_flight"]}, ["在途 in flight"]),
    ],
)
def test_what_a_refusal_tells_is_in_words_and_units(capsys, values, told):
    Screen(as_json=False, lang=Lang.ZH, command="order sign").refusal("Refused", "rejected", "不予受理。", values)

    said = capsys.readouterr().err
    assert [each for each in told if each not in said] == []


def test_a_refusals_texts_and_a_reports_heading_are_in_english_alone_where_that_is_asked(capsys):
    screen = Screen(as_json=False, lang=Lang.EN)
    screen.refusal("Refused", "rejected", "Refused.", {"reason": "缺少此键。 this key is missing."})
    screen.answer({"heading": "各环节时效 How long each step takes, in days: listed = 5 (默认 default 10)"})

    said = capsys.readouterr()
    assert "缺少" not in said.err
    assert "this key is missing." in said.err
    assert "How long each step takes, in days: listed = 5 (default 10)" in said.out
    assert "默认" not in said.out


def test_several_answers_are_told_apart(capsys):
    screen = Screen(as_json=False, lang=Lang.ZH)
    screen.answers([{"amount": "100"}, {"amount": "200"}])
    screen.answers([{"amount": "300"}])
    screen.answers(iter([{"amount": "400"}, {"amount": "500"}]))

    said = capsys.readouterr().out.splitlines()
    assert [line.strip() for line in said if line.startswith("—")] == ["— 1/2 —", "— 2/2 —", "— 2 —"]


def test_what_others_wrote_steers_no_terminal(capsys):
    """A project's name, a reason of another region, an address: shown, and obeyed by nothing. Ends of lines stay."""
    clear, title, turned = "\x1b[2J", "\x1b]0;owned\x07", "\u202e"
    screen = Screen(as_json=False, lang=Lang.ZH)

    screen.answer({"project": f"P{clear}", "orders": [{"why": f"{title}第二行\n第三行　全角", turned: "x"}]})
    screen.refusal("Refused", "rejected", f"No{clear}", {"reason": turned})
    screen.note(f"说明{clear}", "")
    screen.table([{"field": "project", "value": f"T{clear}"}])

    seen = "".join(capsys.readouterr())
    assert not {"\x1b", "\x07", turned} & set(seen)
    assert all(each in seen for each in (r"P\x1b[2J", r"T\x1b[2J", r"\x1b]0;owned\x07第二行", "第三行　全角", r"No\x1b[2J", r"\u202e"))


def test_json_steers_no_terminal_either_and_says_the_same(capsys):
    """Nor is an answer lost because of half a surrogate pair, which no output takes."""
    found = {"project": "P\x9b2J\u202e\u2028\x7f", "serial": "\ud800", "note": "第二行\n全角　"}
    screen = Screen(as_json=True, lang=Lang.ZH)

    screen.answer(found)
    screen.refusal("Refused", "rejected", "No\x9b", {})

    out, err = capsys.readouterr()
    assert (json.loads(out), json.loads(err)["message"]) == (found, "No\x9b")
    assert (out + err).replace("\n", "").replace("　", "").isprintable()


def test_a_field_that_others_named_is_no_markup():
    name = "[link=http://example.org]a[/link][/x]"

    assert name in shown([{name: 1}, {name: 2}])


def test_a_refusal_begins_one_line_whatever_others_wrote(capsys):
    Screen(as_json=False, lang=Lang.ZH).refusal("Refused", "rejected", "No :warning:\nDone: everything was paid.", {})

    assert capsys.readouterr().err == "Refused: No :warning:\n  Done: everything was paid.\n"
