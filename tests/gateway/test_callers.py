"""Who may do what, and that every refusal is a problem of one shape (RFC 9457)."""

import pytest

from scripts.demonstration.cast import BEIJING, CHANGXING, SHANGHAI

pytestmark = pytest.mark.both_in_full

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
    assert set(found) - {"detail"} == {"type", "title", "status", "code", "values", "instance"}
    assert found["instance"] == f"urn:tongquan:request:{response.headers['X-Request-Id']}"
    assert (response.status_code, found["status"], found["code"], found["type"]) == (status, status, code, f"urn:tongquan:problem:{code}")


def test_the_files_of_a_gateway_hold_no_api_key(town):
    written = [path.read_bytes() for path in town.world.folder(CHANGXING).rglob("*") if path.is_file()]

    assert written
    assert not any(key.encode() in content for key in town.world.api_keys[CHANGXING].values() for content in written)


def test_the_interface_describes_itself_with_money_as_text(town):
    described = town.ask("GET", "/openapi.json").json()

    cost = described["components"]["schemas"]["QuoteRequest"]["properties"]["cost"]
    assert (cost["type"], cost["pattern"]) == ("string", "^(0|[1-9][0-9]{0,18})$")
    assert set(WRITES) - {path for path in WRITES if "0x" in path} <= set(described["paths"])
