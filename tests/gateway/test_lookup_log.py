"""The look-up log: nothing is answered without its row, no alteration goes unnoticed, and who may read it sees what is theirs."""

import json
import queue
import sqlite3
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import get_args

import pytest
from typer.testing import CliRunner

from gateway import lookup_log
from gateway.cli import app
from gateway.documents import routes_of
from gateway.errors import Problem
from gateway.hash_chain import Head, LogAltered
from gateway.lookup_log import CHAIN, Lookup, LookupLog
from gateway.routes import ROUTERS
from gateway.schemas import LOOKUP_KINDS, LookupKind
from scripts.demonstration.cast import BEIJING, CHANGXING, KUNSHAN, SHANGHAI
from scripts.demonstration.world import ROOT
from tests.gateway.newcomers import named, new_firm

MEMBERS = "at, what, caller, party, home, lab, region, firm, serial, voucher, answer, request, order_id, span, block, amount, against"
TAG = b"\x01" + bytes(31)


def lookup(number=0, **change):
    told = {"at": 1_800_000_000_000 + number, "what": "verification", "caller": "tq_1", "party": "LAB", "home": SHANGHAI, "answer": "VALID"}
    return Lookup(**told | {"region": CHANGXING, "firm": TAG, "serial": TAG} | change)


@pytest.fixture
def log(tmp_path):
    opened = LookupLog(tmp_path)
    yield opened
    opened.close()


def altered(tmp_path, *statements):
    """Change the file as somebody would who has it in hand: triggers do not stop him."""
    with closing(sqlite3.connect(tmp_path / CHAIN.file)) as connection, connection:
        connection.execute("DROP TRIGGER never_changed")
        connection.execute("DROP TRIGGER never_removed")
        for statement in statements:
            connection.execute(statement)


def test_what_is_recorded_is_there_in_order_and_the_chain_holds(log, tmp_path):
    for number in range(5):
        log.record(lookup(number))

    assert [row.lookup.at - 1_800_000_000_000 for row in log.rows()] == [4, 3, 2, 1, 0]
    assert log.verify() == log.head
    assert log.head.number == 5
    assert stat.S_IMODE((tmp_path / CHAIN.file).stat().st_mode) == 0o600


def test_an_empty_log_holds(log):
    log.record()

    assert log.verify() == Head(0, bytes(32))


@pytest.mark.parametrize("count", [1, 2, 3, 7, 64, 1_023, 1_024, 1_025, 2_500])
def test_look_ups_of_one_call_stand_in_their_order(log, count):
    log.record(*(lookup(number) for number in range(count)))

    assert [row.lookup.at - 1_800_000_000_000 for row in log.rows(limit=count + 1)] == list(reversed(range(count)))
    assert log.verify().number == count


def test_it_goes_on_after_a_restart(log, tmp_path):
    log.record(lookup(0))
    log.close()

    again = LookupLog(tmp_path)
    again.record(lookup(1), lookup(2))
    assert again.verify().number == 3
    again.close()


def test_many_at_once_are_all_there_and_share_commits(log, tmp_path):
    with ThreadPoolExecutor(32) as pool:
        list(pool.map(lambda number: log.record(lookup(number)), range(1_000)))

    assert {row.lookup.at - 1_800_000_000_000 for row in log.rows(limit=1_000)} == set(range(1_000))
    assert log.verify().number == 1_000


@pytest.mark.parametrize(
    ("statements", "number"),
    [
        (["UPDATE lookups SET answer = 'NOT_VALID' WHERE number = 3"], 3),
        (["UPDATE lookups SET caller = 'tq_2' WHERE number = 1"], 1),
        (["UPDATE lookups SET at = at + 1 WHERE number = 5"], 5),
        (["UPDATE lookups SET firm = NULL WHERE number = 2"], 2),
        (["UPDATE lookups SET order_id = zeroblob(32) WHERE number = 2"], 2),
        (["UPDATE lookups SET span = 'nothing' WHERE number = 4"], 4),
        (["UPDATE lookups SET against = 'PastUseBy' WHERE number = 2"], 2),
        (["UPDATE lookups SET hash = zeroblob(32) WHERE number = 4"], 4),
        (["DELETE FROM lookups WHERE number = 1"], 1),
        (["DELETE FROM lookups WHERE number = 3"], 3),
        (["DELETE FROM lookups WHERE number = 5"], 5),
        (["DELETE FROM lookups"], 1),
        (["DELETE FROM lookups WHERE number = 3", "UPDATE lookups SET number = number - 1 WHERE number > 3"], 3),
        (
            [
                "UPDATE lookups SET number = -2 WHERE number = 2",
                "UPDATE lookups SET number = 2 WHERE number = 3",
                "UPDATE lookups SET number = 3 WHERE number = -2",
            ],
            2,
        ),
        ([f"INSERT INTO lookups SELECT 6, {MEMBERS}, hash FROM lookups WHERE number = 5"], 6),  # noqa: S608 - our own words
    ],
)
def test_every_alteration_is_found(log, tmp_path, statements, number):
    for each in range(5):
        log.record(lookup(each))
    altered(tmp_path, *statements)

    with pytest.raises(LogAltered) as found:
        log.verify()
    assert found.value.number == number


def test_a_log_written_anew_is_found_by_a_head_kept_elsewhere(log, tmp_path):
    log.record(lookup(1), lookup(2))
    kept = log.head
    log.record(lookup(3))
    assert log.verify(anchor=kept).number == 3
    log.close()
    (tmp_path / CHAIN.file).unlink()

    forged = LookupLog(tmp_path)
    forged.record(lookup(1), lookup(2, answer="NOT_VALID"), lookup(3))
    assert forged.verify().number == 3
    with pytest.raises(LogAltered, match="kept elsewhere"):
        forged.verify(anchor=kept)
    forged.close()


@pytest.mark.parametrize("statement", ["UPDATE lookups SET answer = 'x'", "DELETE FROM lookups"])
def test_the_file_itself_refuses_to_forget(log, tmp_path, statement):
    log.record(lookup())

    with closing(sqlite3.connect(tmp_path / CHAIN.file)) as connection, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement)


def test_a_row_that_cannot_be_written_is_told_and_the_next_one_can(log, tmp_path):
    with closing(sqlite3.connect(tmp_path / CHAIN.file)) as connection, connection:
        connection.execute("CREATE TRIGGER full BEFORE INSERT ON lookups BEGIN SELECT RAISE (ABORT, 'the disk is full'); END")
    with pytest.raises(Problem) as refused:
        log.record(lookup())
    assert (refused.value.status, refused.value.code) == (503, "LookupLogUnavailable")
    with closing(sqlite3.connect(tmp_path / CHAIN.file)) as connection, connection:
        connection.execute("DROP TRIGGER full")

    log.record(lookup())

    assert log.verify().number == 1


def test_a_row_that_no_file_can_hold_takes_none_of_the_others_along(log):
    told, together = queue.SimpleQueue(), threading.Event()
    log.record_then(lambda _: together.wait(30), [lookup()])
    for at in (1, 2**80, 2):
        log.record_then(told.put, [lookup(at=at)])
    together.set()

    assert [told.get(timeout=30), told.get(timeout=30).code, told.get(timeout=30)] == [2, "LookupLogUnavailable", 3]
    assert [row.lookup.at for row in log.rows(limit=2)] == [2, 1]
    assert log.verify().number == 3


def test_it_goes_on_after_a_commit_that_took_effect_though_it_failed(log, monkeypatch):
    stored = lookup_log.store_head

    def stored_and_lost(connection, head):
        stored(connection, head)
        connection.execute("COMMIT")
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(lookup_log, "store_head", stored_and_lost)
    with pytest.raises(Problem, match="LookupLogUnavailable"):
        log.record(lookup(1))
    monkeypatch.undo()

    log.record(lookup(2))

    assert log.verify().number == 2


def test_who_does_not_wait_is_called_when_it_is_on_the_disk_or_cannot_be(log, tmp_path):
    told = queue.SimpleQueue()

    log.record(lookup())
    log.record_then(lambda first: told.put((first, log.head.number)), [lookup(1), lookup(2)])
    assert told.get(timeout=30) == (2, 3)
    log.record_then(told.put, [lookup(at=2**80)])
    assert told.get(timeout=30).code == "LookupLogUnavailable"
    log.close()
    log.record_then(told.put, [lookup(3)])

    assert told.get(timeout=30).code == "LookupLogUnavailable"
    assert CHAIN.verify(tmp_path).number == 3


def test_after_the_end_nothing_is_recorded(log):
    log.close()

    with pytest.raises(Problem):
        log.record(lookup())


# Through HTTP


def newest(town, region, caller, *, limit=100):
    return town.desk(region, caller).get("/v1/lookups", limit=limit)["lookups"]


def test_each_look_up_stands_in_the_log_whatever_came_of_it(town, firm, lab):
    serial = town.serial_for(firm)
    desk = town.desk(SHANGHAI, lab.key)
    voucher = named(firm, serial)

    desk.post("/v1/quotes", {"voucher": voucher, "cost": "1"})
    desk.post("/v1/verifications", {"voucher": voucher})
    desk.post("/v1/verifications", {"voucher": voucher | {"serial": "NONE"}})
    desk.post("/v1/facts", {"voucher": voucher, "project": "P"})
    desk.post("/v1/orders/prepare", {"voucher": voucher, "project": "P", "amount": "1"})
    town.desk(SHANGHAI, "reviewer-1").post("/v1/verifications", {"voucher": voucher})
    desk.post("/v1/verifications", {"voucher": voucher | {"firm": "x"}})

    told = [(each["what"], each["party"], each["answer"]) for each in reversed(newest(town, SHANGHAI, "auditor")[:7])]
    assert told == [
        ("quote", "LAB", "ANSWERED"),
        ("verification", "LAB", "VALID"),
        ("verification", "LAB", "NOT_VALID"),
        ("facts", "LAB", "ANSWERED"),
        ("order", "LAB", "ANSWERED"),
        ("verification", "REVIEWER", "NotYours"),
        ("verification", "LAB", "CodeRefused"),
    ]


def test_a_firm_sees_who_looked_at_its_vouchers_and_not_which_lab(town, firm):
    serial = town.serial_for(firm)
    voucher = town.voucher(CHANGXING, firm, serial)["voucher_id"]
    town.desk(CHANGXING, "reviewer-1").post("/v1/verifications", {"voucher": named(firm, serial)})
    town.desk(CHANGXING, firm.key).get(f"/v1/vouchers/{voucher}")

    seen = newest(town, CHANGXING, firm.key)[:2]

    assert [(each["what"], each["party"], each["region"], each["voucher_id"]) for each in seen] == [
        ("history", "FIRM", CHANGXING, voucher),
        ("verification", "REVIEWER", CHANGXING, voucher),
    ]
    assert {(each["caller"], each["lab"]) for each in seen} == {(None, None)}
    assert abs(seen[0]["milliseconds"] / 1000 - town.now) < 86_400 * 400


def test_a_firm_sees_nothing_of_another_firms_vouchers(town, firm):
    before = {each["number"] for each in newest(town, BEIJING, "firm-beijing")}
    serial = town.serial_for(firm)
    town.desk(BEIJING, "lab-beijing").post("/v1/verifications", {"voucher": named(firm, serial)})
    own = town.firm("firm-beijing")
    town.desk(BEIJING, "lab-beijing").post("/v1/verifications", {"voucher": named(own, "NONE")})

    seen = [each for each in newest(town, BEIJING, "firm-beijing") if each["number"] not in before]

    assert [(each["answer"], each["voucher_id"]) for each in seen] == [("NOT_VALID", None)]


def test_an_officer_sees_his_regions_an_auditor_all_and_a_lab_none(town, firm, lab):
    serial = town.serial_for(firm)
    town.desk(SHANGHAI, lab.key).post("/v1/verifications", {"voucher": named(firm, serial)})

    auditor = newest(town, SHANGHAI, "auditor")[0]

    assert auditor["lab"] == "0x" + town.world.lab_id(lab).hex()
    assert auditor["caller"] == town.world.api_keys[SHANGHAI][lab.key][:11]
    assert auditor["number"] not in {each["number"] for each in newest(town, SHANGHAI, "reviewer-1")}
    assert town.desk(SHANGHAI, lab.key).get("/v1/lookups").code == "RoleNotAllowed"


def test_pages_join_and_the_auditor_can_keep_the_head(town, firm):
    desk, auditor = town.desk(KUNSHAN, "lab-kunshan"), town.desk(KUNSHAN, "auditor")
    for number in range(5):
        desk.post("/v1/verifications", {"voucher": named(firm, f"NONE-{number}")})
    whole = auditor.get("/v1/lookups", limit=1000)
    found, cursor = [], None
    while cursor is not None or not found:
        page = auditor.get("/v1/lookups", limit=2, **({"cursor": cursor} if cursor else {}))
        found += page["lookups"]
        cursor = page["next"]

    assert found == whole["lookups"]
    assert whole["head"]["number"] == len(found)
    assert town.desk(KUNSHAN, "reviewer-1").get("/v1/lookups")["head"] is None


def test_many_in_one_call_stand_in_the_log_each_with_its_own_answer(town, firm, lab):
    asked = [named(firm, town.serial_for(firm)), named(firm, "NONE"), named(firm, "S") | {"firm": "x"}]
    town.desk(SHANGHAI, lab.key).post("/v1/verifications/batch", {"verifications": [{"voucher": each} for each in asked]})
    another = {"voucher": asked[0], "lab": "0x" + "11" * 32}
    refused = town.desk(SHANGHAI, lab.key).post("/v1/verifications/batch", {"verifications": [{"voucher": asked[0]}, another]})

    told = [(each["what"], each["answer"], each["voucher_id"] is None) for each in reversed(newest(town, SHANGHAI, "auditor")[:5])]
    assert refused.code == "NotYours"
    assert told == [
        ("verification", "VALID", False),
        ("verification", "NOT_VALID", True),
        ("verification", "CodeRefused", True),
        ("verification", "NotYours", True),
        ("verification", "NotYours", True),
    ]


def test_a_voucher_that_is_listed_is_one_that_was_looked_at(town):
    firm = new_firm(town, CHANGXING)
    vouchers = {town.voucher(CHANGXING, firm, town.serial_for(firm))["voucher_id"] for _ in range(2)}
    listed = town.desk(CHANGXING, "issuer").get("/v1/vouchers", limit=1000)["vouchers"]

    seen = newest(town, CHANGXING, "auditor", limit=len(listed))

    assert vouchers < {each["voucher_id"] for each in listed}
    assert [each["voucher_id"] for each in reversed(seen)] == [each["voucher_id"] for each in listed]
    assert {(each["what"], each["party"], each["answer"]) for each in seen} == {("list", "ISSUER", "ANSWERED")}


def test_whoever_is_no_party_to_an_order_stands_in_the_log_and_its_parties_do_not(town, firm, lab):
    order = town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000")
    voucher = town.desk(SHANGHAI, lab.key).get(f"/v1/orders/{order}")["voucher_id"]
    auditor = town.desk(SHANGHAI, "auditor")
    before = auditor.get("/v1/lookups")["head"]["number"]

    # Its lab, and its firm's page, for nothing.
    town.desk(SHANGHAI, lab.key).get(f"/v1/orders/{order}")
    town.desk(SHANGHAI, lab.key).get("/v1/orders")
    assert auditor.get("/v1/lookups")["head"]["number"] == before
    # An officer of the lab's region, the auditor, and somebody who is not told.
    assert town.desk(SHANGHAI, "reviewer-1").get(f"/v1/orders/{order}").status == 200
    auditor.get(f"/v1/orders/{order}")
    other = "0x" + "11" * 32
    town.desk(SHANGHAI, lab.key).get(f"/v1/orders/{other}")
    seen = auditor.get("/v1/lookups", limit=auditor.get("/v1/lookups")["head"]["number"] - before)["lookups"]

    told = [(each["what"], each["party"], each["answer"], each["order_id"], each["voucher_id"]) for each in reversed(seen)]
    assert told == [
        ("order-history", "REVIEWER", "ANSWERED", order, voucher),
        ("order-history", "AUDITOR", "ANSWERED", order, voucher),
        ("order-history", "LAB", "NotFound", other, None),
    ]


def test_a_firm_sees_who_looked_at_its_orders(town, firm, lab):
    order = town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000")
    town.desk(CHANGXING, "reviewer-1").get(f"/v1/orders/{order}")
    town.desk(CHANGXING, firm.key).get(f"/v1/orders/{order}")
    town.desk(BEIJING, "reviewer-1").get(f"/v1/orders/{order}")

    seen = newest(town, CHANGXING, firm.key)[0]

    assert (seen["what"], seen["party"], seen["region"], seen["order_id"]) == ("order-history", "REVIEWER", CHANGXING, order)
    assert seen["caller"] is None


def test_an_officers_page_of_orders_is_one_row_an_auditors_one_for_each(town, firm, lab):
    for _ in range(2):
        town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000")
    officer, auditor = town.desk(SHANGHAI, "payer"), town.desk(SHANGHAI, "auditor")

    page = [each["order_id"] for each in officer.get("/v1/orders", limit=2)["orders"]]
    row = newest(town, SHANGHAI, "auditor")[0]
    assert officer.get("/v1/orders", stage="REFUNDED", limit=1).status == 200
    before = auditor.get("/v1/lookups")["head"]["number"]
    listed = [each["order_id"] for each in auditor.get("/v1/orders", limit=5)["orders"]]
    rows = auditor.get("/v1/lookups", limit=len(listed))

    assert (row["what"], row["party"], row["region"], row["order_id"]) == ("order-list", "PAYER", SHANGHAI, None)
    assert row["span"] == f"{page[0]}..{page[-1]}"
    assert row["number"] in {each["number"] for each in newest(town, SHANGHAI, "reviewer-1")}
    assert [each["order_id"] for each in reversed(rows["lookups"])] == listed
    assert {(each["what"], each["party"], each["span"]) for each in rows["lookups"]} == {("order-list", "AUDITOR", None)}
    assert rows["head"]["number"] == before + len(listed)


def test_a_page_of_the_trail_stands_in_the_log_by_whom_and_from_where_to_where(town, firm):
    town.serial_for(firm)
    auditor = town.desk(SHANGHAI, "auditor")
    page = auditor.get("/v1/trail", limit=3)
    shown = newest(town, SHANGHAI, "auditor")[0]
    town.events()
    end = newest(town, SHANGHAI, "auditor")[0]

    assert (shown["what"], shown["party"], shown["answer"]) == ("trail", "AUDITOR", "ANSWERED")
    assert shown["span"] == f"{page['events'][0]['position']}..{page['events'][-1]['position']}"
    assert shown["caller"] == town.world.api_keys[SHANGHAI]["auditor"][:11]
    assert end["span"] == "nothing"


def test_what_is_prepared_on_an_order_stands_in_the_log(town, firm, lab):
    order = town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000")
    desk = town.desk(SHANGHAI, lab.key)
    redemption = {
        "order": order,
        "cost": "800000",
        "agreement": {"seller": lab.host_unit, "number": "C"},
        "invoice": town.invoice(),
        "invoice_amount": "800000",
        "report_sha256": "00" * 32,
    }
    assert desk.post("/v1/redemptions/prepare", redemption).status == 200
    assert desk.post("/v1/redemptions/prepare", redemption | {"invoice": {"number": "x"}}).code == "CodeRefused"
    assert desk.post("/v1/releases/prepare", {"order": order}).status == 200
    desk.post("/v1/releases/prepare", {"order": "0x" + "11" * 32})

    told = [(each["what"], each["answer"], each["order_id"] == order) for each in reversed(newest(town, SHANGHAI, "auditor")[:4])]
    assert told == [
        ("redemption", "ANSWERED", True),
        ("redemption", "CodeRefused", True),
        ("release", "ANSWERED", True),
        ("release", "NotFound", False),
    ]
    firms = town.desk(CHANGXING, firm.key).get("/v1/lookups")["lookups"]
    # The log is each gateway's own.
    assert not [each for each in firms if each["order_id"] == order]


def test_the_log_of_a_gateway_holds_no_code_serial_or_key(town, firm, lab):
    serial = town.serial_for(firm)
    town.desk(SHANGHAI, lab.key).post("/v1/verifications", {"voucher": named(firm, serial)})

    folder = town.world.folder(SHANGHAI) / "state"
    written = b"".join(path.read_bytes() for path in folder.glob(f"{CHAIN.file}*"))
    assert not [each for each in (firm.company_code, serial, town.world.api_keys[SHANGHAI][lab.key]) if each.encode() in written]
    assert CHAIN.verify(folder).number > 0


def test_without_its_row_a_look_up_is_not_answered(town, firm, lab):
    serial = town.serial_for(firm)
    path = town.world.folder(SHANGHAI) / "state" / CHAIN.file
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TRIGGER full BEFORE INSERT ON lookups BEGIN SELECT RAISE (ABORT, 'the disk is full'); END")
    try:
        answer = town.desk(SHANGHAI, lab.key).post("/v1/verifications", {"voucher": named(firm, serial)})
    finally:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("DROP TRIGGER full")

    assert (answer.status, answer.code) == (503, "LookupLogUnavailable")
    assert answer["values"] == {}


def test_every_kind_of_look_up_is_told_with_what_it_is():
    page = (ROOT / "docs/gateway.md").read_text(encoding="utf-8")
    (described,) = [route for route in routes_of(ROUTERS) if route.path_format == "/v1/lookups"]
    about = described.response_model.model_json_schema()["$defs"]["LookupSeen"]["properties"]["what"]

    assert set(LOOKUP_KINDS) == set(about["enum"]) == set(get_args(LookupKind))
    assert [kind for kind, meaning in LOOKUP_KINDS.items() if f"| `{kind}` | {meaning} |" not in page] == []
    assert [kind for kind, meaning in LOOKUP_KINDS.items() if f"`{kind}`: {meaning}" not in about["description"]] == []


def checked(state, *words):
    return CliRunner().invoke(app, ["lookups", "verify", "--state", str(state), *words])


def test_the_command_verifies_beside_a_running_gateway(log, tmp_path):
    log.record(lookup(1), lookup(2))
    kept = f"{log.head.number}:{log.head.hash.hex()}"
    log.record(lookup(3))

    told = json.loads(checked(tmp_path, "--anchor", kept, "--json").stdout)
    assert told == {"number": 3, "hash": log.head.hash.hex()}
    assert checked(tmp_path).stdout.strip() == f"3:{log.head.hash.hex()}"
    assert checked(tmp_path, "--anchor", "2:" + "00" * 32).exit_code == 5
    assert checked(tmp_path, "--anchor", "nonsense").exit_code == 2
    assert checked(tmp_path / "nowhere").exit_code == 2
    altered(tmp_path, "UPDATE lookups SET answer = 'NOT_VALID' WHERE number = 2")
    refused = checked(tmp_path)
    assert refused.exit_code == 5
    assert "row 2" in refused.stderr


def test_readers_and_the_writer_do_not_hold_each_other_up(log):
    done = threading.Event()

    def write():
        for number in range(200):
            log.record(lookup(number))
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    while not done.is_set():
        log.verify()
    thread.join()

    assert log.verify().number == 200
