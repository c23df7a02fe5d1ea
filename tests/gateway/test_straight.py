"""The short way of a verification and FastAPI's are one route: the same answers, refusals, counts and lines, whichever a request takes."""

import pytest
from fastapi import APIRouter

from gateway.acts.lookups import verifying
from gateway.edge.straight import Straight
from gateway.routes import STRAIGHT
from scripts.demonstration.cast import BEIJING, KUNSHAN, SHANGHAI
from tests.gateway.newcomers import named

SHORT, LONG = "application/json", "application/json; charset=utf-8"


def both(town, path, content, *, region=SHANGHAI, caller="lab-shanghai"):
    """What either way answers: status, headers but the request's name, and body but for the age of the block and the query number."""
    key = town.world.api_keys[region].get(caller, "tq_nobody")
    answers = []
    for media_type in (SHORT, LONG):
        headers = {"Authorization": f"Bearer {key}", "Content-Type": media_type}
        response = town.http.post(town.world.gateways[region] + path, content=content, headers=headers)
        body = response.json()
        for each in (body, *body.get("verifications", ())):
            each.pop("instance", None)
            each.pop("query_number", None)
            if "block" in each:
                each["block"].pop("age_seconds")
        told = {name: value for name, value in response.headers.items() if name not in {"x-request-id", "date", "content-length"}}
        answers.append((response.status_code, told, body))
    return answers


@pytest.fixture
def serial(town, firm, lab):
    """A voucher that is held in part."""
    issued = town.serial_for(firm)
    town.reserved(firm, lab, serial=issued, amount="400000")
    return issued


def test_a_good_question_is_answered_alike(town, firm, serial):
    asked = town.http.build_request("POST", "http://x", json={"voucher": named(firm, serial), "amount": "100000"}).content

    short, long = both(town, "/v1/verifications", asked)

    assert short == long
    assert short[2]["status"] == "VALID"
    assert [each["amount"] for each in short[2]["voucher"]["held"]] == ["400000"]


def test_many_are_answered_alike(town, firm, serial):
    questions = [{"voucher": named(firm, each)} for each in (serial, "NONE")] + [{"voucher": named(firm, serial) | {"firm": "x"}}]
    questions.append({"voucher": named(firm, serial) | {"region": 330_523}})
    asked = town.http.build_request("POST", "http://x", json={"verifications": questions}).content

    short, long = both(town, "/v1/verifications/batch", asked)

    assert short == long
    assert [each["status"] for each in short[2]["verifications"]] == ["VALID", "NOT_VALID", "NOT_VALID", "NOT_VALID"]


BAD = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"\xff",
    b'"\\ud800"',
    b'{"voucher": 1}',
    b'{"voucher": {"region": "330522", "firm": "x", "serial": "y"}}',
    b'{"voucher": {"region": 330522, "firm": "x", "serial": "y"}, "more": 1}',
    b'{"voucher": {"region": 330522, "firm": "x", "serial": "y"}, "amount": 1}',
    b'{"voucher": {"region": 330522, "firm": "x", "serial": "y"}, "lab": "0x12"}',
    b'{"voucher": {"region": 330522, "firm": "x", "serial": ""}}',
    b'{"voucher": {"region": NaN, "firm": "x", "serial": "y"}}',
    b'{"voucher": {"region": 1e400, "firm": "x", "serial": "y"}}',
    b'{"voucher": {"region": 330522, "firm": "x", "serial": "\\ud800"}}',
    b'{"verifications": []}',
    '{"voucher": {"region": 330522, "firm": "x", "serial": "y"}}'.encode("utf-16"),
]


@pytest.mark.parametrize("path", ["/v1/verifications", "/v1/verifications/batch"])
@pytest.mark.parametrize("content", BAD, ids=range(len(BAD)))
def test_a_bad_question_is_refused_alike(town, path, content):
    short, long = both(town, path, content)

    assert short == long
    assert short[0] in {400, 422}


@pytest.mark.parametrize(
    ("region", "caller", "code"),
    [(SHANGHAI, "nobody", "Unauthenticated"), (KUNSHAN, "reviewer-1", "NotYours"), (BEIJING, "firm-beijing", "NotYours")],
)
def test_who_may_not_ask_is_refused_alike(town, firm, serial, *, region, caller, code):
    asked = town.http.build_request("POST", "http://x", json={"voucher": named(firm, serial)}).content

    short, long = both(town, "/v1/verifications", asked, region=region, caller=caller)

    assert short == long
    assert short[2]["code"] == code


def test_headers_that_come_twice_are_read_alike(town, firm, serial):
    asked = town.http.build_request("POST", "http://x", json={"voucher": named(firm, serial)}).content
    key, stranger = (f"Bearer {each}" for each in (town.world.api_keys[SHANGHAI]["lab-shanghai"], "tq_nobody"))

    def status(*credentials, media_types=(SHORT,)):
        headers = [("Authorization", each) for each in credentials] + [("Content-Type", each) for each in media_types]
        return town.http.post(town.world.gateways[SHANGHAI] + "/v1/verifications", content=asked, headers=headers).status_code

    for first, second, expected in ((key, stranger, 200), (stranger, key, 401), ("Basic x", key, 401)):
        assert [status(first, second, media_types=[each]) for each in (SHORT, LONG)] == [expected] * 2
    assert status(key, media_types=(SHORT, "text/plain")) == status(key, media_types=(LONG, "text/plain"))


def test_another_lab_s_name_and_a_wrong_code_are_refused_alike(town, firm, serial):
    questions = [{"voucher": named(firm, serial), "lab": "0x" + "11" * 32}, {"voucher": named(firm, serial) | {"firm": "x"}}]
    answers = [both(town, "/v1/verifications", town.http.build_request("POST", "http://x", json=each).content) for each in questions]

    assert [(short == long, short[2]["code"]) for short, long in answers] == [(True, "NotYours"), (True, "CodeRefused")]


def test_both_are_logged_and_counted_under_the_same_route(town, firm, serial, lines):
    asked = town.http.build_request("POST", "http://x", json={"voucher": named(firm, serial)}).content
    before = len(town.desk(SHANGHAI, "auditor").get("/v1/lookups", limit=1000)["lookups"])

    both(town, "/v1/verifications", asked)

    page = town.desk(SHANGHAI, "auditor").get("/v1/lookups", limit=1000)
    assert len(page["lookups"]) == min(before + 2, 1000)
    assert [(each["what"], each["answer"]) for each in page["lookups"][:2]] == [("verification", "VALID")] * 2
    of_route = [each for each in lines() if each.get("route") == "/v1/verifications"]
    assert {(each["method"], each["status"], each["party"]) for each in of_route} == {("POST", 200, "LAB")}
    assert len({each["request_id"] for each in of_route}) == len(of_route) == 2
    text = town.ask("GET", "/metrics").text
    assert 'route="/v1/verifications"' in text
    assert 'method="POST",route="unknown",status="200"' not in text


def test_other_methods_and_paths_are_fastapi_s(town):
    answers = [town.ask("GET", "/v1/verifications"), town.ask("POST", "/v1/verifications/none"), town.ask("PUT", "/v1/verifications/batch")]

    assert [(each.status_code, each.json()["code"]) for each in answers] == [
        (405, "MethodNotAllowed"),
        (404, "NotFound"),
        (405, "MethodNotAllowed"),
    ]


def test_a_route_that_takes_anything_else_has_no_short_way():
    router = APIRouter()

    @router.post("/other")
    async def other(asked: dict[str, str], caller: str) -> dict[str, str]:
        return {}

    with pytest.raises(ValueError, match="/other"):
        Straight(router, [(each, verifying) for each in router.routes])
    assert {each.path for each, _ in STRAIGHT} == {"/v1/verifications", "/v1/verifications/batch"}
