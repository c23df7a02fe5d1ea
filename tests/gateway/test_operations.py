"""Writes that outlast their request: `Prefer`, 202, polling, and that one key stays one effect under any number of requests."""

import sqlite3
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import pytest

from gateway.prefer import Prefer, parse
from registry.chain.devnode import Engine
from registry.chain.node import Node
from registry.events import Funded
from scripts.demonstration.cast import CHANGXING, LABS
from tests.gateway.conftest import settled_in, wait_until

MANY = 50


def path_of(town):
    return f"/v1/programmes/{town.programmes[CHANGXING]}/fund"


def funding(town):
    return {"amount": "100", "bank_reference": f"O-{town.number()}"}


def post(town, asked, key, prefer=None):
    headers = {"Authorization": f"Bearer {town.world.api_keys[CHANGXING]['payer']}", "Idempotency-Key": key}
    headers |= {} if prefer is None else {"Prefer": prefer}
    return town.http.post(town.world.gateways[CHANGXING] + path_of(town), json=asked, headers=headers)


def poll(town, location, caller="payer"):
    headers = {"Authorization": f"Bearer {town.world.api_keys[CHANGXING][caller]}"}
    return town.http.get(town.world.gateways[CHANGXING] + location, headers=headers)


def settled(town, location):
    """What an operation came to."""
    wait_until(lambda: poll(town, location).json()["state"] != "pending")
    return poll(town, location).json()


@contextmanager
def unmined(town):
    """A node that takes transactions and mines none."""
    town.node.rpc("evm_setAutomine", False)  # noqa: FBT003 - the call's own parameter
    try:
        yield
    finally:
        town.node.rpc("evm_setAutomine", True)  # noqa: FBT003 - likewise
        town.node.mine()


@pytest.fixture(scope="module")
def own_town(request, tmp_path_factory):
    """A town whose node can be told not to mine."""
    chain_id = next(request.getfixturevalue("_chain_ids"))
    with settled_in(Engine.ANVIL, chain_id, tmp_path_factory.mktemp("own"), wait_seconds=2.0) as town:
        yield town


@pytest.mark.parametrize("prefer", [None, "wait=20", "respond-async"])
def test_fifty_at_once_with_one_key_have_one_effect(town, prefer):
    asked, before, key = funding(town), town.event_count(Funded), f"fifty-{town.number()}"

    with ThreadPoolExecutor(MANY) as pool:
        answers = list(pool.map(lambda _: post(town, asked, key, prefer), range(MANY)))

    statuses = Counter(each.status_code for each in answers)
    assert set(statuses) <= {200, 202, 409}
    assert statuses[200] + statuses[202] >= 1
    assert {each.json()["code"] for each in answers if each.status_code == 409} <= {"IdempotencyKeyRunning"}
    wait_until(lambda: post(town, asked, key).status_code == 200)
    final = post(town, asked, key).json()
    assert all(each.json() == final for each in answers if each.status_code == 200)
    assert town.event_count(Funded) == before + 1


def post_until_answered(town, asked, key):
    """As a client does to whom "nothing happened, try again" is said: ganache leaves a question unanswered now and then."""
    answer = post(town, asked, key)
    for _ in range(3):
        if answer.status_code != 503:
            break
        assert answer.json()["code"] == "Unreachable"
        answer = post(town, asked, key)
    return answer


def test_fifty_at_once_with_keys_of_their_own_all_happen(town):
    before = town.event_count(Funded)
    asked = [(funding(town), f"own-{town.number()}") for _ in range(MANY)]

    with ThreadPoolExecutor(MANY) as pool:
        answers = list(pool.map(lambda each: post_until_answered(town, *each), asked))

    assert {each.status_code for each in answers} == {200}
    assert len({each.json()["transaction"] for each in answers}) == MANY
    assert town.event_count(Funded) == before + MANY


def test_a_running_key_says_where_to_ask(own_town):
    town, key = own_town, f"where-{own_town.number()}"
    asked = funding(town)
    with unmined(town):
        first = post(town, asked, key, "respond-async")
        again = post(town, asked, key)
        other_body = post(town, funding(town), key, "respond-async")

        assert (again.status_code, again.json()["code"]) == (409, "IdempotencyKeyRunning")
        assert again.headers["Location"] == first.headers["Location"]
        assert again.headers["Retry-After"]
        assert (other_body.status_code, other_body.json()["code"]) == (422, "IdempotencyKeyReused")
    settled(town, first.headers["Location"])


def test_three_gateways_orders_for_one_voucher_in_one_block_leave_one_and_say_who_holds_it(own_town, monkeypatch):
    # As each gateway's own node answers that has not heard of the others' transactions; here there is one node for all.
    monkeypatch.setattr(Node, "estimate", lambda _node, _question: 1_000_000)
    town, firm = own_town, own_town.firm("firm-changxing")
    serial, waiting = town.serial_for(firm), []
    signed = [(lab, town.order(firm, lab, serial=serial, project="P-1", amount="1000000")) for lab in LABS]
    with unmined(town):
        for lab, order in signed:
            headers = {"Authorization": f"Bearer {town.world.api_keys[lab.region][lab.key]}"}
            headers |= {"Idempotency-Key": f"block-{town.number()}", "Prefer": "respond-async"}
            began = town.http.post(f"{town.world.gateways[lab.region]}/v1/orders", json=order, headers=headers)
            waiting.append((lab, began.headers["Location"]))
        wait_until(lambda: int(town.node.rpc("txpool_status")["pending"], 16) == len(LABS))

    desks = [(town.desk(lab.region, lab.key), location) for lab, location in waiting]
    wait_until(lambda: all(desk.get(location)["state"] != "pending" for desk, location in desks))
    found = [desk.get(location).body for desk, location in desks]
    assert sorted(each["state"] for each in found) == ["refused", "refused", "succeeded"]
    (order,) = [each["answer"]["order_id"] for each in found if each["state"] == "succeeded"]
    (winner,) = [lab for (lab, _), each in zip(waiting, found, strict=True) if each["state"] == "succeeded"]
    since = town.desk(winner.region, winner.key).get(f"/v1/orders/{order}")["history"][0]["time"]
    for each in (each["answer"] for each in found if each["state"] == "refused"):
        assert each["code"] == "OverAvailable"
        assert each["values"]["held"] == [{"region": winner.region, "since": since, "amount": "1000000", "stage": "OPEN"}]


@pytest.mark.parametrize("prefer", ["wait=0", "respond-async", "respond-async, wait=1", "WAIT=1"])
def test_what_is_not_final_in_time_is_answered_202_and_polled(own_town, prefer):
    town, key = own_town, f"poll-{own_town.number()}"
    asked, before = funding(town), town.event_count(Funded)
    with unmined(town):
        began = post(town, asked, key, prefer)
        location = began.headers["Location"]
        seen = poll(town, location)

        assert began.status_code == 202
        assert location == f"/v1/operations/{began.json()['operation_id']}"
        assert began.headers["Preference-Applied"] == prefer.lower()
        assert (began.json()["state"], seen.json()["state"]) == ("pending", "pending")
        assert seen.headers["Retry-After"]
        wait_until(lambda: poll(town, location).json()["transaction"] is not None)

    found = settled(town, location)
    direct = post(town, asked, key)
    assert (found["state"], found["status"], found["answer"]) == ("succeeded", direct.status_code, direct.json())
    assert found["transaction"] == direct.json()["transaction"]
    assert town.event_count(Funded) == before + 1


def test_a_pending_write_goes_on_past_the_waiting_limit(own_town):
    """No single wait is that long; the operation waits again for the same transaction."""
    town, key = own_town, f"long-{own_town.number()}"
    asked = funding(town)
    with unmined(town):
        location = post(town, asked, key, "respond-async").headers["Location"]
        late = post(town, funding(town), f"late-{town.number()}")
        assert (late.status_code, late.json()["code"]) == (504, "OutcomeUnknown")
        assert poll(town, location).json()["state"] == "pending"

    assert settled(town, location)["state"] == "succeeded"


def test_what_is_final_in_time_is_answered_at_once(town):
    answer = post(town, funding(town), f"quick-{town.number()}", "wait=15")

    assert answer.status_code == 200
    assert answer.headers["Preference-Applied"] == "wait=15"
    assert "Location" not in answer.headers


def test_a_refusal_is_told_by_polling_as_it_would_have_been_answered(own_town):
    town, key = own_town, f"refused-{own_town.number()}"
    asked = funding(town)
    assert post(town, asked, f"first-{town.number()}").status_code == 200

    began = post(town, asked, key, "respond-async")

    found = settled(town, began.headers["Location"])
    direct = post(town, asked, key)
    assert (found["state"], found["status"], found["answer"]) == ("refused", direct.status_code, direct.json())
    assert direct.headers["Content-Type"] == "application/problem+json"


def test_an_operation_is_its_callers_only(town):
    key = f"mine-{town.number()}"
    location = post(town, funding(town), key, "respond-async").headers["Location"]

    assert poll(town, location, "issuer").status_code == 404
    assert poll(town, location, "auditor").status_code == 404
    assert poll(town, "/v1/operations/" + "0" * 32).json()["code"] == "NotFound"
    assert poll(town, "/v1/operations/x").status_code == 422
    assert settled(town, location)["state"] == "succeeded"


def test_what_a_restart_interrupts_is_told_and_goes_on_under_the_same_key(own_town):
    """Stopped before it was final: the outbox keeps it, and nothing is done twice."""
    town = own_town
    asked, before, key = funding(town), town.event_count(Funded), f"stop-{town.number()}"
    with unmined(town):
        location = post(town, asked, key, "respond-async").headers["Location"]
        wait_until(lambda: poll(town, location).json()["transaction"] is not None)
        transaction = poll(town, location).json()["transaction"]
        town.stop(CHANGXING)
        with closing(sqlite3.connect(town.world.folder(CHANGXING) / "state" / "outbox.sqlite")) as outbox:
            assert outbox.execute("SELECT state FROM intents WHERE id LIKE ?", (f"%{key}",)).fetchall() == [("sent",)]
        town.start(CHANGXING)
        interrupted = poll(town, location).json()

    answer = post(town, asked, key)
    told = poll(town, location).json()
    assert (interrupted["state"], interrupted["transaction"]) == ("interrupted", transaction)
    assert (answer.status_code, answer.json()["transaction"]) == (200, transaction)
    assert (told["state"], told["answer"]) == ("succeeded", answer.json())
    assert town.event_count(Funded) == before + 1


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ([], None),
        ([""], None),
        (["return=minimal"], None),
        (["wait"], None),
        (["wait=-1"], None),
        (["wait=1.5"], None),
        (["wait=１"], None),
        (["wait=9999999"], None),
        (["respond-async=yes"], None),
        (['wait="3"'], Prefer(3.0, "wait=3")),
        (["wait = 3"], Prefer(3.0, "wait=3")),
        (["wait=3; foo=bar"], Prefer(3.0, "wait=3")),
        (["wait=3, wait=5"], Prefer(3.0, "wait=3")),
        (["return=minimal", "wait=3"], Prefer(3.0, "wait=3")),
        (["wait=300"], Prefer(20.0, "wait=20")),
        (["respond-async,wait=7,handling=lenient"], Prefer(7.0, "respond-async, wait=7")),
    ],
)
def test_preferences_are_read_as_the_rfc_says(headers, found):
    assert parse(headers, most=20) == found
