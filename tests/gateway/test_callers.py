"""Who may do what, and that every refusal is a problem of one shape (RFC 9457)."""

import json

import pytest

from gateway.callers import Callers, hash_of, new_key
from scripts.demonstration.cast import BEIJING, CHANGXING, SHANGHAI

ORDERS = {"orders": ["0x" + "11" * 32]}
SIGNED = {"typed_data": {}, "firm_signature": "0x" + "00" * 64, "lab_signature": "0x" + "00" * 64}
WRITES = {
    "/v1/orders": (SIGNED, {"LAB", "FIRM", "ISSUER", "REVIEWER", "PAYER", "DIRECTORY"}),
    "/v1/redemptions": (SIGNED, {"LAB", "FIRM", "ISSUER", "REVIEWER", "PAYER", "DIRECTORY"}),
    "/v1/orders/approve": (ORDERS, {"REVIEWER"}),
    "/v1/orders/decline": (ORDERS, {"REVIEWER"}),
    "/v1/orders/endorse": (ORDERS, {"REVIEWER"}),
    "/v1/orders/accept": (ORDERS, {"REVIEWER"}),
    "/v1/orders/reject": (ORDERS, {"REVIEWER", "PAYER"}),
    "/v1/orders/settle": (ORDERS | {"payment_reference": "B"}, {"PAYER"}),
    "/v1/programmes": ({"file": "x = "}, {"ISSUER"}),
    "/v1/programmes/0x" + "11" * 32 + "/fund": ({"amount": "1", "bank_reference": "B"}, {"PAYER"}),
    "/v1/firms": ({"firm": "x", "signer": "0x" + "11" * 20}, {"DIRECTORY"}),
    "/v1/labs": ({"code": "x", "host_unit": "x", "signer": "0x" + "11" * 20, "qualified_until": 1}, {"DIRECTORY"}),
    "/v1/recognitions": ({"subjects": ORDERS["orders"], "from": 0, "until": 0}, {"DIRECTORY"}),
}
PARTIES = {
    "LAB": (BEIJING, "lab-beijing"),
    "FIRM": (BEIJING, "firm-beijing"),
    "ISSUER": (BEIJING, "issuer"),
    "REVIEWER": (BEIJING, "reviewer-1"),
    "PAYER": (BEIJING, "payer"),
    "DIRECTORY": (BEIJING, "directory"),
    "AUDITOR": (BEIJING, "auditor"),
}


@pytest.mark.parametrize("path", WRITES)
def test_a_write_is_for_its_roles_and_never_for_an_auditor(town, path):
    asked, allowed = WRITES[path]

    answers = {party: town.desk(*caller).post(path, asked) for party, caller in PARTIES.items()}

    assert {party for party, answer in answers.items() if answer.code != "RoleNotAllowed"} == allowed
    assert {answer.status for party, answer in answers.items() if party not in allowed} == {403}


def test_the_trail_is_for_auditors(town):
    answers = {party: town.desk(*caller).get("/v1/trail").status for party, caller in PARTIES.items()}

    assert {party for party, status in answers.items() if status == 200} == {"AUDITOR"}


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer wrong", "Basic wrong", "wrong"])
def test_without_a_key_of_this_gateway_nothing_is_answered(town, header):
    headers = {} if header is None else {"Authorization": header}

    answers = [town.ask("GET", "/v1/orders", headers=headers), town.ask("POST", "/v1/orders", json=SIGNED, headers=headers)]

    assert [each.status_code for each in answers] == [401, 401]
    assert answers[0].headers["WWW-Authenticate"] == "Bearer"


def test_a_key_holds_at_its_own_gateway_only(town):
    foreign = town.world.api_keys[BEIJING]["lab-beijing"]

    assert town.ask("GET", "/v1/orders", headers={"Authorization": f"Bearer {foreign}"}).status_code == 401


def test_status_needs_no_key_and_tells_nothing_of_anybody(town):
    found = town.ask("GET", "/v1/status").json()

    assert set(found) == {"region", "node", "block"}
    assert (found["region"], found["node"]) == (SHANGHAI, "answering")


@pytest.mark.parametrize(
    ("method", "path", "more", "status", "code"),
    [
        ("GET", "/v1/nothing", {}, 404, "NotFound"),
        ("DELETE", "/v1/orders", {}, 405, "MethodNotAllowed"),
        ("POST", "/v1/quotes", {"content": b"{", "headers": {"Content-Type": "application/json"}}, 422, "InvalidRequest"),
        ("POST", "/v1/quotes", {"json": []}, 422, "InvalidRequest"),
        ("GET", "/v1/orders/0x11", {}, 422, "InvalidRequest"),
        ("GET", "/v1/orders/0x" + "11" * 32, {}, 404, "NotFound"),
        ("GET", "/v1/programmes/0x" + "11" * 32, {}, 404, "NotFound"),
        ("GET", "/v1/vouchers/0x" + "11" * 32, {}, 404, "NotFound"),
    ],
)
def test_every_refusal_is_a_problem(town, *, method, path, more, status, code):
    headers = {"Authorization": f"Bearer {town.world.api_keys[SHANGHAI]['lab-shanghai']}"} | more.pop("headers", {})

    response = town.ask(method, path, headers=headers, **more)

    found = response.json()
    assert response.headers["Content-Type"] == "application/problem+json"
    assert set(found) - {"detail"} == {"type", "title", "status", "code", "values"}
    assert (response.status_code, found["status"], found["code"], found["type"]) == (status, status, code, f"urn:tongquan:problem:{code}")


def test_the_files_of_a_gateway_hold_no_api_key(town):
    text = (town.world.folder(CHANGXING) / "callers.json").read_text(encoding="utf-8")

    assert not any(key in text for key in town.world.api_keys[CHANGXING].values())


@pytest.mark.parametrize(
    "change",
    [
        {"party": "LAB"},
        {"party": "FIRM"},
        {"party": "ISSUER"},
        {"account": "issuer"},
        {"party": "KING"},
        {"sha256": "00"},
        {"more": 1},
    ],
)
def test_a_caller_without_what_its_party_needs_is_refused_at_start(tmp_path, change):
    caller = {"name": "a", "sha256": hash_of(new_key()), "party": "AUDITOR", "region": CHANGXING} | change
    (tmp_path / "callers.json").write_text(json.dumps({"callers": [caller]}), encoding="utf-8")

    with pytest.raises(ValueError, match="caller"):
        Callers.read(tmp_path / "callers.json")


def test_two_callers_with_one_key_are_refused_at_start(tmp_path):
    caller = {"name": "a", "sha256": hash_of(new_key()), "party": "AUDITOR", "region": CHANGXING}
    (tmp_path / "callers.json").write_text(json.dumps({"callers": [caller, caller | {"name": "b"}]}), encoding="utf-8")

    with pytest.raises(ValueError, match="share a key"):
        Callers.read(tmp_path / "callers.json")


def test_the_interface_describes_itself_with_money_as_text(town):
    described = town.ask("GET", "/openapi.json").json()

    cost = described["components"]["schemas"]["QuoteRequest"]["properties"]["cost"]
    assert (cost["type"], cost["pattern"]) == ("string", "^(0|[1-9][0-9]{0,18})$")
    assert set(WRITES) - {path for path in WRITES if "0x" in path} <= set(described["paths"])
