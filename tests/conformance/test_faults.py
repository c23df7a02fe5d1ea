"""
A faulty gateway is found, and the report says by check id where it is faulty.

Each fault is planted in a proxy before a sound gateway, which passes everything (`test_rehearsal`). Where a fault spoils only what it
touches, the checks that fail are exactly those.
"""

import uuid

import httpx
import pytest

from registry import Node
from registry.conformance.checks import CHECKS, KNOWN
from registry.conformance.run import rehearse
from tests.conformance.faulty import Fault, Passing, behind

pytestmark = [pytest.mark.any_engine, pytest.mark.slow]


def failing(candidates, *faults: Fault) -> set[str]:
    """The ids of the checks that fail where a gateway has these faults."""
    with candidates() as candidate, candidate.gateway() as sound, behind(sound, *faults) as faulty:
        report = rehearse(candidate.rehearsal, Node(candidate.node.url), faulty, candidate.admin, used_chain=None, tell=lambda *_: None)
    assert len(report.results) == len(CHECKS)
    return set(report.reading(KNOWN).failed)


def test_wrong_answers_to_reads_fail_the_checks_that_ask(candidates):
    """A subsidy one fen too high, money as a number, a refusal as plain JSON, an event left out, a frozen lab that is told as usable."""

    def one_fen_more(passing: Passing) -> None:
        if passing.path == "/v1/quotes" and passing.status == 200:
            passing.answered["subsidy"] = str(int(passing.answered["subsidy"]) + 1)

    def as_a_number(passing: Passing) -> None:
        if passing.path.endswith("/pool") or (passing.method == "GET" and "funded" in passing.answered):
            passing.answered["funded"] = int(passing.answered["funded"])

    def plain_json(passing: Passing) -> None:
        if passing.status == 404:
            passing.media_type = "application/json"

    def one_event_less(passing: Passing) -> None:
        if passing.path.startswith("/v1/trail") and passing.status == 200:
            passing.answered["events"] = [each for each in passing.answered["events"] if each["name"] != "Drawn"]

    def usable_anywhere(passing: Passing) -> None:
        reasons = [each["code"] for each in (passing.answered or {}).get("reasons", [])]
        if passing.path == "/v1/verifications" and reasons == ["LabNotActive"]:
            passing.answered |= {"status": "VALID", "reasons": []}

    spoilers = (one_fen_more, as_a_number, plain_json, one_event_less, usable_anywhere)
    assert failing(candidates, *(Fault(after=each) for each in spoilers)) == {
        "quote.marginal",
        "quote.splitting",
        "pool.adds-up",
        "interface.money",
        "interface.problems",
        "trail.whole",
        "verification.frozen-lab",
    }


def test_wrong_writes_fail_the_checks_that_write_or_look_at_what_was_written(candidates):
    """
    Each request is taken for a new one, with a key or without; a write is sent twice; an order that is refused, having been seen, and a
    settlement that was never sent are told as done; and whoever declines, the first reviewer's account signs.

    So one whose role was ended declines what a caretaker would have later.
    """
    told, first_reviewer, done = {}, [], []

    def another_key(passing: Passing) -> None:
        if passing.method == "POST":
            passing.headers["idempotency-key"] = str(uuid.uuid4())

    def twice(passing: Passing) -> None:
        if passing.path == "/v1/recognitions" and not done:
            done.append(passing.path)
            first = passing.headers | {"idempotency-key": str(uuid.uuid4())}
            sent = httpx.post(passing.gateway + passing.path, json=passing.asked, headers=first, trust_env=False)
            assert sent.status_code == 201

    def all_went_well(passing: Passing) -> None:
        if passing.path != "/v1/orders":
            return
        if passing.status == 201:
            told.update(passing.answered)
        elif passing.answered["code"] == "OrderSeen":
            passing.status, passing.answered, passing.media_type = 201, dict(told), "application/json"

    def not_sent(passing: Passing) -> None:
        if passing.path == "/v1/orders/settle" and passing.asked["payment_reference"] == "REH-PAY-4":
            order = {"order_id": passing.asked["orders"][0], "stage": "SETTLED", "transaction": "0x" + "00" * 32, "block": 1}
            passing.status, passing.answered = 200, {"orders": [order], "transaction": "0x" + "00" * 32, "block": 1}

    def one_account_for_all(passing: Passing) -> None:
        if passing.path == "/v1/orders/approve":
            first_reviewer.append(passing.headers["authorization"])
        elif passing.path == "/v1/orders/decline":
            passing.headers["authorization"] = first_reviewer[0]

    spoilers = (another_key, twice, not_sent, one_account_for_all)
    assert failing(candidates, *(Fault(before=each) for each in spoilers), Fault(after=all_went_well)) == {
        "idempotency.key-required",
        "idempotency.same-answer",
        "idempotency.other-body",
        "recognise.lab",
        "reserve.seen",
        "guest.settled",
        "month.statement",
        "takeUp.role",
        "revoke.role",
        "enact.caretaker",
    }


def test_a_document_that_says_something_else_fails_what_would_be_signed(candidates):
    """An order is prepared under another project's tag: it is not signed."""

    def another_project(passing: Passing) -> None:
        if passing.path == "/v1/orders/prepare" and passing.status == 200:
            message = passing.answered["typed_data"]["message"]
            message["project"] = "0x01" + "77" * 31

    found = failing(candidates, Fault(after=another_project))

    assert {"reserve.home", "reserve.across", "reserve.joint", "guest.redeemed"} <= found
    assert not {"issue.list", "verification.valid", "enrol.firm"} & found
