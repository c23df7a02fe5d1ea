"""Every refusal is listed: the contracts' by verb as the rules can meet them, the gateway's own with the status it is raised with."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway import errors, payment_words
from gateway.documents import codes_of, routes_of
from gateway.refusals import OF_VERB, STATUS
from gateway.routes import ROUTERS
from registry import Rejected
from registry.codec import VERBS
from registry.refusal_words import EXPLAINED
from registry.rules import ERRORS
from tests.gateway.reachable import CALLS, errors_of

GATEWAY = Path(__file__).resolve().parents[2] / "gateway"
BOTH = re.compile(r"[^A-Za-z]*[\u4e00-\u9fff].*。 [A-Z…][^\u4e00-\u9fff]*\.")
TITLE = 2
ROUTES = list(routes_of(ROUTERS))
# Motions and key ceremonies are the command line's, `tryEach` is what submissions are sent by, the rest is between contracts.
NOT_OVER_HTTP = {"offer", "takeUp", "revoke", "recover", "rotateRecovery", "vote", "veto", "enact", "lift", "setRegistry"}
NOT_OVER_HTTP |= {"voidClaim", "tryEach", "claim", "free", "commit", "uncommit", "count", "uncount", "pay", "payBack"}


def test_every_failure_that_says_something_is_listed_where_it_is_told():
    assert [kind.__name__ for kind in errors.KNOWN if f"    {kind.__name__} " not in (errors.__doc__ or "")] == []


@pytest.mark.parametrize("verb", OF_VERB)
def test_a_verb_lists_the_errors_that_its_rules_can_meet(verb):
    assert set(OF_VERB[verb]) == errors_of(verb)


def test_every_verb_of_the_protocol_has_a_route():
    over_http = {verb for route in ROUTES for verb in (route.openapi_extra or {}).get("x-verbs", ())}

    assert over_http == set(CALLS) == set(OF_VERB)
    assert set(VERBS) - over_http <= NOT_OVER_HTTP


def raised() -> Iterator[tuple[str, int]]:
    """Every code and status that a `Problem` is made with anywhere in the gateway."""
    for path in GATEWAY.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Problem":
                status, code, *_ = (each.value for each in node.args if isinstance(each, ast.Constant))
                yield code, status


def titles() -> Iterator[tuple[str, str]]:
    """Every code with a sentence that it is told with, values left out: the title that was last written down above, or there."""
    for path in GATEWAY.rglob("*.py"):
        written: dict[str, str] = {}
        nodes = [each for each in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(each, ast.Assign | ast.Call)]
        for node in sorted(nodes, key=lambda each: each.lineno):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                written[node.targets[0].id] = _text(node.value)
            elif isinstance(node, ast.Call) and _name(node.func) in ("Problem", "__init__", "body") and len(node.args) > TITLE:
                code, title = node.args[1], node.args[TITLE]
                sentence = written.get(title.id, "") if isinstance(title, ast.Name) else _text(title)
                if isinstance(code, ast.Constant) and sentence:
                    yield code.value, sentence


def _name(called: ast.expr) -> str:
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def _text(node: ast.expr) -> str:
    parts = [part.value if isinstance(part, ast.Constant) else "…" for part in getattr(node, "values", [node])]
    return "".join(parts) if isinstance(node, ast.Constant | ast.JoinedStr) and all(isinstance(part, str) for part in parts) else ""


def test_every_problem_is_listed_with_its_status():
    assert {code: STATUS.get(code) for code, _ in raised()} == dict(raised())


def test_every_code_has_its_own_sentence():
    """The contracts' and whatever else is `Rejected` in `registry.refusal_words`, a batch's by its code, the rest where they are raised."""
    told = EXPLAINED | set(payment_words.WORDS) | {code for code, _ in [*titles(), *errors.OF_HTTP.values()]}

    assert set(STATUS) | {code for codes in OF_VERB.values() for code in codes} <= told


def test_every_title_is_chinese_first_then_english():
    assert [each for each in [*titles(), *errors.OF_HTTP.values()] if not BOTH.fullmatch(each[1])] == []
    assert [code for code, title in payment_words.WORDS.items() if not BOTH.fullmatch(title)] == []


def test_a_refusal_of_the_registry_says_in_its_detail_why():
    told = errors.problem_of(Rejected("MonthNotOver", {"month": 202611, "current": 202611}))

    assert told["detail"] == "2026-11 尚未结束，过后方可办理。 Month 2026-11 is not over yet."
    assert BOTH.fullmatch(told["title"])


def test_every_code_belongs_to_a_route():
    listed = {code for route in ROUTES for code in codes_of(route)}

    assert listed >= set(STATUS)
    assert listed <= set(STATUS) | set(ERRORS)
