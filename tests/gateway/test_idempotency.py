"""Idempotency-Key: the same key and request happen once, whatever fails in between and however many ask at once."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from registry import Order, Release, Time, id_of, parse_typed_data, typed_data
from registry.events import Funded
from scripts.demonstration.cast import CHANGXING, SHANGHAI
from tests.gateway.newcomers import firm_id, new_account, new_firm, new_lab, raw_of, redemption_document, signature


def funding(town):
    return {"amount": "100", "bank_reference": f"B-{town.number()}"}


def path_of(town):
    return f"/v1/programmes/{town.programmes[CHANGXING]}/fund"


def test_the_same_key_and_body_give_the_same_answer_and_happen_once(town):
    desk, asked, before = town.desk(CHANGXING, "payer"), funding(town), town.event_count(Funded)
    key = f"same-{town.number()}"

    answers = [desk.post(path_of(town), asked, key=key) for _ in range(3)]

    assert answers[0].status == 200
    assert answers[1:] == [answers[0]] * 2
    assert town.event_count(Funded) == before + 1


def test_another_body_under_the_same_key_is_refused(town):
    desk, key = town.desk(CHANGXING, "payer"), f"other-{town.number()}"
    desk.post(path_of(town), funding(town), key=key)
    before = town.event_count(Funded)

    answer = desk.post(path_of(town), funding(town), key=key)

    assert (answer.status, answer.code) == (422, "IdempotencyKeyReused")
    assert town.event_count(Funded) == before


def test_two_callers_may_use_the_same_key(town, firm, lab):
    key = f"shared-{town.number()}"
    assert town.desk(CHANGXING, "payer").post(path_of(town), funding(town), key=key).status == 200
    signed = town.order(firm, lab, serial=town.serial_for(firm), project="P", amount="100000")

    assert town.desk(CHANGXING, firm.key).post("/v1/orders", signed, key=key).status == 201


def test_many_at_once_happen_once(town):
    desk, asked, before = town.desk(CHANGXING, "payer"), funding(town), town.event_count(Funded)
    key = f"parallel-{town.number()}"

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: desk.post(path_of(town), asked, key=key), range(8)))

    done = [each for each in answers if each.status == 200]
    assert done
    assert all(each == done[0] for each in done)
    assert {each.code for each in answers if each.status != 200} <= {"IdempotencyKeyRunning"}
    assert desk.post(path_of(town), asked, key=key) == done[0]
    assert town.event_count(Funded) == before + 1


def test_a_crash_between_act_and_answer_does_not_do_it_twice(town):
    """The act stands in the outbox, its answer was never kept: the repeated request finds what was done."""
    desk, asked, before = town.desk(CHANGXING, "payer"), funding(town), town.event_count(Funded)
    key = f"crash-{town.number()}"
    first = desk.post(path_of(town), asked, key=key)
    with sqlite3.connect(town.world.folder(CHANGXING) / "state" / "answers.sqlite") as answers:
        answers.execute("UPDATE answers SET status = NULL, body = NULL WHERE key = ?", (key,))
    answers.close()

    again = desk.post(path_of(town), asked, key=key)

    assert again == first
    assert town.event_count(Funded) == before + 1


@pytest.mark.parametrize("verb", ["endorse", "accept", "reject"])
def test_a_review_that_lost_its_answer_is_the_same_call_again(town, firm, lab, verb):
    order = town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000")
    town.redeemed(order, firm, lab, cost="800000")
    if verb == "accept":
        town.review("endorse", SHANGHAI, "reviewer-1", order)
    region = SHANGHAI if verb == "endorse" else CHANGXING
    desk, key = town.desk(region, "reviewer-1"), f"review-{town.number()}"
    first = desk.post(f"/v1/orders/{verb}", {"orders": [order]}, key=key)
    if verb == "endorse":
        # What happened since does not change what this request did.
        town.review("accept", CHANGXING, "reviewer-2", order)
    with sqlite3.connect(town.world.folder(region) / "state" / "answers.sqlite") as answers:
        answers.execute("UPDATE answers SET status = NULL, body = NULL WHERE key = ?", (key,))
    answers.close()

    assert desk.post(f"/v1/orders/{verb}", {"orders": [order]}, key=key) == first


@pytest.mark.parametrize("verb", ["flag", "stand-in"])
def test_an_act_with_a_reason_that_lost_its_answer_is_the_same_call_again(town, firm, lab, verb):
    """The reason's salt is drawn once and kept before anything is sent."""
    if verb == "flag":
        party, path = "directory", "/v1/flags"
        asked = {"subject": town.lab_id(new_lab(town, SHANGHAI)), "reason": "A"}
    else:
        party, path = "reviewer-1", "/v1/redemptions/stand-in"
        order = town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000")
        document = redemption_document(town, order, lab, cost="800000")
        asked = {"typed_data": document, "signature": signature(town, document, lab), "reason": "A"}
    desk, key = town.desk(CHANGXING, party), f"reason-{town.number()}"
    first = desk.post(path, asked, key=key)
    with sqlite3.connect(town.world.folder(CHANGXING) / "state" / "answers.sqlite") as answers:
        answers.execute("UPDATE answers SET status = NULL, body = NULL WHERE key = ?", (key,))
    answers.close()

    assert first.status == 201
    assert desk.post(path, asked, key=key) == first


def test_a_list_that_lost_its_answer_is_not_called_issued_before(town, firm):
    desk = town.desk(CHANGXING, "issuer")
    content = f"firm,serial\n{firm.company_code},L-{town.number()}\n".encode()
    last = str(town.now + 86_400)
    fields = {"programme": town.programmes[CHANGXING], "face": "100", "denomination": "100", "use_by": last, "claim_by": last}
    headers = {"Authorization": f"Bearer {desk.api_key}", "Idempotency-Key": f"list-{town.number()}"}

    def post():
        return desk.http.post(f"{desk.url}/v1/vouchers", data=fields, files={"list": ("l.csv", content)}, headers=headers)

    first = post()
    with sqlite3.connect(town.world.folder(CHANGXING) / "state" / "answers.sqlite") as answers:
        answers.execute("UPDATE answers SET status = NULL, body = NULL WHERE key = ?", (headers["Idempotency-Key"],))
    answers.close()

    assert first.status_code == 201
    assert post().json() == first.json()


def test_a_refusal_is_kept_as_well(town, firm, lab):
    """Whoever wants to try again after things have changed takes a new key."""
    serial = town.serial_for(firm)
    signed = town.order(firm, lab, serial=serial, project="P", amount="1100000")
    desk, key = town.desk(SHANGHAI, lab.key), f"refused-{town.number()}"

    assert [desk.post("/v1/orders", signed, key=key).code for _ in range(2)] == ["OverAvailable"] * 2


def test_what_was_not_there_stays_so_for_its_key_and_is_done_under_a_new_one(town, firm, lab):
    """Whoever was told that there is no such order must not find it released later by a late copy of the request."""
    serial = town.serial_for(firm)
    signed = town.order(firm, lab, serial=serial, project="P", amount="500000")
    domain = town.world.deployment.domain
    order_id = id_of(parse_typed_data(signed["typed_data"], Order, domain))
    order, document = "0x" + order_id.hex(), typed_data(Release(order_id, 0, Time(town.now + 86_400)), domain)
    release = {"typed_data": document, "lab_signature": signature(town, document, lab)}
    desk, key = town.desk(SHANGHAI, lab.key), f"absent-{town.number()}"

    early = desk.post("/v1/releases", release, key=key)
    assert desk.post("/v1/orders", signed)["order_id"] == order
    late = desk.post("/v1/releases", release, key=key)

    assert (early.status, early.code) == (404, "NotFound")
    assert late == early
    assert desk.get(f"/v1/orders/{order}")["stage"] == "OPEN"
    assert desk.post("/v1/releases", release)["stage"] == "RELEASED"
    assert desk.post("/v1/releases", release, key=key) == early


def test_what_is_not_the_callers_stays_so_for_its_key(town, firm):
    """A kept answer names the request that it first answered."""
    other = new_firm(town, CHANGXING)
    prepared = town.desk(CHANGXING, firm.key).post("/v1/rotations/prepare", {"signer": new_account().address})
    raw = raw_of(
        town,
        prepared["transaction"] | {"data": prepared["transaction"]["data"].replace(firm_id(town, firm)[2:], firm_id(town, other)[2:])},
        other,
    )
    desk, key, before = town.desk(CHANGXING, firm.key), f"foreign-{town.number()}", town.event_count()

    answers = [desk.post("/v1/rotations/submit", {"raw": raw}, key=key) for _ in range(2)]

    assert [(each.status, each.code) for each in answers] == [(403, "NotYours")] * 2
    assert answers[0]["instance"] == answers[1]["instance"]
    assert town.event_count() == before


def test_what_is_refused_before_the_write_is_looked_at_uses_no_key_up(town):
    """The role, the form: nothing was asked for yet that an answer could be kept of."""
    key, asked = f"early-{town.number()}", funding(town)

    assert town.desk(CHANGXING, "issuer").post(path_of(town), asked, key=key).code == "RoleNotAllowed"
    assert town.desk(CHANGXING, "payer").post(path_of(town), asked | {"amount": 1}, key=key).code == "InvalidRequest"
    assert town.desk(CHANGXING, "payer").post(path_of(town), asked, key=key).status == 200


@pytest.mark.parametrize("key", [None, "", "a b", "ä", "x" * 201])
def test_a_write_without_a_usable_key_is_refused_before_anything(town, key):
    desk, before = town.desk(CHANGXING, "payer"), town.event_count(Funded)
    headers = {"Authorization": f"Bearer {desk.api_key}"} | ({} if key is None else {"Idempotency-Key": key.encode()})

    response = desk.http.post(desk.url + path_of(town), json=funding(town), headers=headers)

    assert (response.status_code, response.json()["code"]) == (400, "IdempotencyKeyMissing")
    assert town.event_count(Funded) == before
