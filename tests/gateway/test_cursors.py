"""Pages and records: every row once, no cursor of another query, and 304 for what the caller has."""

import base64

import pytest

from scripts.demonstration.cast import BEIJING, CHANGXING, KUNSHAN, SHANGHAI
from tests.gateway.newcomers import new_firm

pytestmark = pytest.mark.both_in_full


def pages(desk, path, name, *, limit=2, **query):
    found, cursor = [], None
    while True:
        page = desk.get(path, limit=limit, **query, **({"cursor": cursor} if cursor else {}))
        assert page.status == 200, page.body
        assert len(page[name]) <= limit
        found += page[name]
        cursor = page["next"]
        if cursor is None:
            return found


@pytest.mark.parametrize(
    ("path", "name", "key", "query"),
    [
        ("/v1/orders", "orders", "order_id", {}),
        ("/v1/vouchers", "vouchers", "voucher_id", {}),
        ("/v1/labs", "labs", "lab", {}),
        ("/v1/firms", "firms", "firm", {}),
        ("/v1/programmes", "programmes", "programme_id", {}),
        ("/v1/recognitions", "recognitions", "subject", {"region": CHANGXING}),
    ],
)
def test_pages_show_every_row_once_in_one_order(town, firm, lab, *, path, name, key, query):
    for _ in range(3):
        town.reserved(firm, lab, serial=town.serial_for(firm), amount="100000")
    desk = town.desk(CHANGXING, "auditor")

    whole = [each[key] for each in desk.get(path, limit=1000, **query)[name]]
    paged = [each[key] for each in pages(desk, path, name, **query)]

    assert paged == whole
    assert len(set(whole)) == len(whole) >= 3


def test_what_is_added_between_pages_comes_on_the_last(town, firm, lab):
    desk = town.desk(CHANGXING, firm.key)
    serials = [town.serial_for(firm) for _ in range(3)]
    first = desk.get("/v1/vouchers", limit=1)
    last = town.voucher(CHANGXING, firm, town.serial_for(firm))["voucher_id"]

    rest = desk.get("/v1/vouchers", limit=1000, cursor=first["next"])["vouchers"]

    assert len(rest) >= len(serials)
    assert rest[-1]["voucher_id"] == last
    assert first["vouchers"][0]["voucher_id"] not in {each["voucher_id"] for each in rest}


@pytest.mark.parametrize(
    ("region", "caller", "path", "query"),
    [
        (CHANGXING, "auditor", "/v1/vouchers", {}),
        (CHANGXING, "auditor", "/v1/orders", {"stage": "OPEN"}),
        (CHANGXING, "auditor", "/v1/trail", {}),
        (CHANGXING, "reviewer-1", "/v1/orders", {}),
        (KUNSHAN, "auditor", "/v1/labs", {}),
    ],
)
def test_a_cursor_of_another_query_is_refused(town, firm, lab, *, region, caller, path, query):
    for _ in range(2):
        town.reserved(firm, lab, serial=town.serial_for(firm), amount="100000")
    cursor = town.desk(CHANGXING, "auditor").get("/v1/orders", limit=1)["next"]

    answer = town.desk(region, caller).get(path, cursor=cursor, **query)

    assert (answer.status, answer.code) == (422, "CursorDiffers")


@pytest.mark.parametrize("cursor", ["nonsense", "", "０", "A" * 12, "=" * 8, "%00"])
def test_what_is_no_cursor_is_refused(town, cursor):
    answer = town.desk(CHANGXING, "auditor").get("/v1/orders", cursor=cursor)

    assert (answer.status, answer.code) in {(422, "CursorRefused"), (422, "CursorDiffers")}


def test_a_cursor_to_nowhere_is_refused(town, firm, lab):
    for _ in range(2):
        town.reserved(firm, lab, serial=town.serial_for(firm), amount="100000")
    desk = town.desk(CHANGXING, "auditor")
    bound = base64.urlsafe_b64decode(desk.get("/v1/orders", limit=1)["next"])[:9]

    orders = desk.get("/v1/orders", cursor=base64.urlsafe_b64encode(bound + b"11" * 32).decode())
    bound = base64.urlsafe_b64decode(desk.get("/v1/trail", limit=1)["next"])[:9]
    trail = desk.get("/v1/trail", cursor=base64.urlsafe_b64encode(bound + b"z" * 18).decode())

    assert (orders.code, trail.code) == ("CursorRefused", "CursorRefused")


def test_the_auditor_pages_through_everything_once(town):
    desk = town.desk(KUNSHAN, "auditor")
    whole = desk.get("/v1/trail", limit=1000)["events"]
    found, page = [], desk.get("/v1/trail", limit=7)
    while page["events"]:
        found += page["events"]
        page = desk.get("/v1/trail", limit=7, cursor=page["next"])

    assert found[: len(whole)] == whole
    assert len({each["position"] for each in found}) == len(found)


def test_a_page_filters_by_stage(town, firm, lab):
    order = town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000")
    town.redeemed(order, firm, lab, cost="800000")
    desk = town.desk(SHANGHAI, lab.key)

    redeemed = pages(desk, "/v1/orders", "orders", stage="REDEEMED")
    open_ = pages(desk, "/v1/orders", "orders", stage="OPEN")

    assert order in {each["order_id"] for each in redeemed}
    assert order not in {each["order_id"] for each in open_}
    assert {each["stage"] for each in redeemed} == {"REDEEMED"}


def test_nobody_lists_what_he_may_not_see(town, firm, lab):
    stranger = new_firm(town, CHANGXING)
    serial = town.serial_for(stranger)
    order = town.reserved(stranger, lab, serial=serial, amount="100000")
    voucher = town.voucher(CHANGXING, stranger, serial)["voucher_id"]

    def listed(region, caller, path, name, key):
        return {each[key] for each in pages(town.desk(region, caller), path, name, limit=100)}

    assert voucher in listed(CHANGXING, "reviewer-1", "/v1/vouchers", "vouchers", "voucher_id")
    assert voucher not in listed(CHANGXING, firm.key, "/v1/vouchers", "vouchers", "voucher_id")
    assert voucher not in listed(SHANGHAI, "reviewer-1", "/v1/vouchers", "vouchers", "voucher_id")
    assert town.desk(SHANGHAI, lab.key).get("/v1/vouchers").code == "RoleNotAllowed"
    assert order in listed(SHANGHAI, "reviewer-1", "/v1/orders", "orders", "order_id")
    assert order not in listed(CHANGXING, firm.key, "/v1/orders", "orders", "order_id")
    assert order not in listed(BEIJING, "reviewer-1", "/v1/orders", "orders", "order_id")
    assert order not in listed(BEIJING, "lab-beijing", "/v1/orders", "orders", "order_id")


# Records


def test_a_record_that_the_caller_has_is_not_sent_again(town, firm, lab):
    order = town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000")
    key = town.world.api_keys[SHANGHAI][lab.key]

    def ask(etag=None):
        headers = {"Authorization": f"Bearer {key}"} | ({"If-None-Match": etag} if etag else {})
        return town.ask("GET", f"/v1/orders/{order}", headers=headers)

    first = ask()
    etag = first.headers["ETag"]
    again = [ask(etag), ask(f'"other", {etag}'), ask("*"), ask(etag.removeprefix("W/"))]
    town.node.mine(2)
    later = ask(etag)
    town.redeemed(order, firm, lab, cost="800000")
    changed = ask(etag)

    assert [(each.status_code, each.content, each.headers["ETag"]) for each in again] == [(304, b"", etag)] * 4
    assert later.status_code == 304
    assert (changed.status_code, changed.json()["stage"]) == (200, "REDEEMED")
    assert changed.headers["ETag"] != etag
    assert ask('W/"other"').status_code == 200


def test_a_record_that_is_not_the_callers_has_no_etag(town, firm, lab):
    order = town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000")
    headers = {"Authorization": f"Bearer {town.world.api_keys[BEIJING]['lab-beijing']}", "If-None-Match": "*"}

    response = town.http.get(f"{town.world.gateways[BEIJING]}/v1/orders/{order}", headers=headers)

    assert response.status_code == 404
    assert "ETag" not in response.headers
