"""Every refusal has a sentence of its own in both languages, which says what the contract told and nothing that it did not."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from registry.chain.artifacts import load
from registry.events import Contract
from registry.model import Bar, MotionKind, RegistryStatus, Role, Stage, Standing
from registry.refusal_words import _WORDS, EXPLAINED, named, why_refused
from registry.rules import ERRORS
from registry.state_words import STATE_WORDS

ROOT = Path(__file__).resolve().parents[2]
ABI = {each["name"]: {of["name"] for of in each["inputs"]} for one in Contract for each in load(one).abi if each["type"] == "error"}
# Which record it is about: an id, which is told among the values, beside the sentence.
IDS = {"bankReference", "evidence", "firm", "invoice", "item", "lab", "motion", "order", "programme", "redemption", "statement", "subject"}
IDS |= {"tag", "voucher", "named"}
# Zero by the refusal itself, a place in a list that was sent, another party's tag, what the sentence implies, and gas.
UNTOLD = {"account", "signer", "index", "slice", "seller", "current", "registry", "got", "gas", "needed"}

ENUMS = {"bar": Bar, "kind": MotionKind, "role": Role, "stage": Stage, "standing": Standing, "status": RegistryStatus}


@cache
def raised() -> list[tuple[str, set[str] | None]]:
    """Every code that a `Rejected` is made with, and the names of its values where they stand there."""
    found = []
    for package in ("registry", "gateway"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Rejected" and isinstance(node.args[0], ast.Constant):
                    values = node.args[1] if len(node.args) > 1 else ast.Dict([], [])
                    names = {each.value for each in values.keys if isinstance(each, ast.Constant)} if isinstance(values, ast.Dict) else None
                    found.append((node.args[0].value, names))
    return found


def named_in(sentence: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", sentence))


def test_every_error_of_the_contracts_has_words():
    assert set(ABI) - EXPLAINED == set()
    assert set(ERRORS) - EXPLAINED == set()


def test_every_code_that_is_refused_with_has_words():
    assert {code for code, _ in raised()} - EXPLAINED == set()


def test_every_word_is_of_a_code_that_exists():
    """`Error` is Solidity's own, and `CodeRefused` a failure that gateways tell as a reason."""
    assert EXPLAINED - set(ABI) - set(ERRORS) - {code for code, _ in raised()} == {"Error", "CodeRefused"}


def test_no_two_codes_say_the_same():
    for language in (0, 1):
        assert len({words[language] for words in _WORDS.values()}) == len(_WORDS)


@pytest.mark.parametrize("code", sorted(_WORDS))
def test_both_languages_are_whole_sentences_of_the_same_values(code):
    zh, en = _WORDS[code]

    assert re.fullmatch(r"(\{\w+\}|[^A-Za-z])*[\u4e00-\u9fff].*。", zh)
    assert re.fullmatch(r"[A-Z{][^\u4e00-\u9fff]*\.", en)
    assert named_in(zh) == named_in(en)


@pytest.mark.parametrize("code", sorted(ABI))
def test_a_sentence_tells_the_values_that_the_contract_tells(code):
    assert named_in(_WORDS[code][0]) <= ABI[code]
    assert ABI[code] - named_in(_WORDS[code][0]) <= IDS | UNTOLD


def test_whoever_refuses_tells_what_the_sentence_says():
    lacking = [(code, named_in(_WORDS[code][0]) - names) for code, names in raised() if names is not None]

    assert [each for each in lacking if each[1]] == []


@pytest.mark.parametrize(("field", "kind"), ENUMS.items())
def test_every_state_that_a_refusal_can_tell_has_words(field, kind):
    assert {named(field, each.value) for each in kind} == {each.name for each in kind} == STATE_WORDS[field].keys()


def test_days_are_chinas_money_is_yuan_and_states_have_names():
    assert why_refused("PastUseBy", {"useBy": 1_798_732_799})[0] == "该券的使用截止日为 2026-12-31，已过期。"
    assert why_refused("OverOrder", {"amount": 500_000, "subsidy": 480_001})[1].startswith("The subsidy, 4,800.01 yuan, is more")
    assert why_refused("WrongStage", {"index": 0, "order": bytes(32), "stage": 2})[0] == "订单现为“已锁定，可服务”，不能如此办理。"
    assert why_refused("MonthNotOver", {"month": 202611, "current": 202611})[1] == "Month 2026-11 is not over yet."
    assert why_refused("WrongAttempt", {"attempt": 1, "got": 0})[0].startswith("文件为第 1 次申请而签，现应为第 2 次")


def test_what_has_no_last_day_and_what_was_not_told_can_be_said():
    assert why_refused("SubjectFlagged", {"until": 2**40 - 1})[0] == "该企业或服务机构有风险通告，暂停使用（截止：不限期）。"
    assert why_refused("NotReviewer", {})[1] == "Account — is no reviewer of region —."
    assert why_refused("Unheard", {"of": [1]}) == ("登记系统不予受理。", "The registry refused.")
