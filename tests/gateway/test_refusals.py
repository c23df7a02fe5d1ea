"""Every refusal is listed: the contracts' by verb as the rules can meet them, the gateway's own with the status it is raised with."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway import errors
from gateway.documents import codes_of, routes_of
from gateway.refusals import OF_VERB, STATUS
from gateway.routes import ROUTERS
from registry.codec import VERBS
from registry.rules import ERRORS
from tests.gateway.reachable import CALLS, errors_of

GATEWAY = Path(__file__).resolve().parents[2] / "gateway"
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


def test_every_problem_is_listed_with_its_status():
    assert {code: STATUS.get(code) for code, _ in raised()} == dict(raised())


def test_every_code_belongs_to_a_route():
    listed = {code for route in ROUTES for code in codes_of(route)}

    assert listed >= set(STATUS)
    assert listed <= set(STATUS) | set(ERRORS)
