"""
Reports through two gateways: the same bytes, for those whom they are about, and no flagged order among what is to be paid.

In a town of its own: four orders of Changxing's vouchers in Shanghai, of which one is settled, two are accepted (the firm of one of them is
flagged), one is redeemed. Then a year passes.
"""

import hashlib
import io
import json
from types import SimpleNamespace

import pytest
from openpyxl import load_workbook

from registry import Region, SignedLabYear, month_of, seconds_of_year
from scripts.demonstration.cast import BEIJING, CHANGXING, SHANGHAI
from tests.gateway.conftest import settled_in
from tests.gateway.newcomers import firm_id, new_firm

pytestmark = pytest.mark.both_in_full

OFFICERS = ("issuer", "reviewer-1", "payer", "directory")


@pytest.fixture(scope="module")
def town(engine, _chain_ids, tmp_path_factory):
    with settled_in(engine, next(_chain_ids), tmp_path_factory.mktemp("reports")) as town:
        yield town


@pytest.fixture(scope="module")
def told(town):
    firm, flagged, lab = town.firm("firm-changxing"), new_firm(town, CHANGXING), town.lab("lab-shanghai")
    paid, waiting, stopped, asked_for = (redeemed(town, each, lab) for each in (firm, firm, flagged, firm))
    for order in (paid, waiting, stopped):
        assert town.review("endorse", SHANGHAI, "reviewer-1", order) == "ENDORSED"
        assert town.review("accept", CHANGXING, "reviewer-1", order) == "ACCEPTED"
    assert town.review("settle", CHANGXING, "payer", paid, payment_reference="PAY-1") == "SETTLED"
    flag = {"subject": firm_id(town, flagged), "reason": "样例"}
    assert town.desk(BEIJING, "directory").post("/v1/flags", flag).status == 201
    year = month_of(town.node.timestamp()) // 100
    return SimpleNamespace(
        paid=paid, waiting=waiting, stopped=stopped, asked_for=asked_for, year=year, lab=town.lab_id(lab), at=town.node.timestamp()
    )


@pytest.fixture(scope="module")
def later(town, told):
    """A second after the last of it, so that nothing can be added; vouchers and flags are what they were."""
    town.node.set_time(told.at + 1)
    return told


def redeemed(town, firm, lab):
    serial = f"R-{town.number():05}"
    assert town.issue(CHANGXING, [(firm.company_code, serial)], face="1000000", denomination="100000").status == 201
    order = town.reserved(firm, lab, serial=serial, amount="500000")
    assert town.redeemed(order, firm, lab, cost="800000").status == 201
    return order


def asked_of(town, told):
    return {
        "programme": {"programme": town.programmes[CHANGXING], "until": told.at},
        "ageing": {"region": CHANGXING, "until": told.at},
        "concentration": {"region": CHANGXING, "until": told.at},
        "lab-year": {"lab": told.lab, "year": told.year},
        "bank-file": {"payer": CHANGXING},
    }


def report(town, name, query, region=CHANGXING, caller="auditor"):
    return town.desk(region, caller).get(f"/v1/reports/{name}", **query)


def code(town, name, query, region, caller):
    answer = town.desk(region, caller).raw(f"/v1/reports/{name}", **query)
    return answer.status_code if answer.is_success else answer.json()["code"]


@pytest.mark.parametrize("name", ["programme", "ageing", "concentration", "lab-year", "bank-file"])
def test_two_gateways_give_the_same_bytes_and_their_hash_is_theirs(town, later, name):
    query = asked_of(town, later)[name]

    files = [town.desk(region, "auditor").raw(f"/v1/reports/{name}/document", **query) for region in (CHANGXING, BEIJING)]
    answers = [report(town, name, query, region) for region in (CHANGXING, SHANGHAI)]

    assert len({file.content for file in files}) == 1
    assert {each["hash"] for each in answers} == {"0x" + hashlib.sha256(files[0].content).hexdigest()}
    assert json.loads(files[0].content) == answers[0]["report"]
    assert files[0].headers["Content-Type"] == "application/json"


def test_a_report_is_final_once_the_chain_is_past_it(town, later):
    query = {"programme": town.programmes[CHANGXING]}

    assert report(town, "programme", query | {"until": later.at})["final"] is True
    assert report(town, "programme", query)["final"] is False
    assert report(town, "programme", query | {"until": later.at + 10_000_000})["final"] is False


def test_a_programme_is_told_in_uses_firms_and_money(town, told):
    found = report(town, "programme", asked_of(town, told)["programme"])["report"]

    assert (found["redeemed"]["uses"], found["redeemed"]["firms"]) == (4, 2)
    assert (found["redeemed"]["offset"], found["redeemed"]["face"], found["redeemed"]["cost"]) == ("1920000", "2000000", "3200000")
    assert (found["settled"]["uses"], found["settled"]["offset"]) == (1, "480000")
    assert [(each["stage"], each["orders"]) for each in found["stages"]] == [("REDEEMED", 1), ("ACCEPTED", 2), ("SETTLED", 1)]


def test_a_flagged_order_is_not_in_the_banks_file_in_any_form(town, told):
    desk = town.desk(CHANGXING, "payer")

    found = desk.get("/v1/reports/bank-file", payer=CHANGXING)["report"]
    as_csv = desk.raw("/v1/reports/bank-file/csv", payer=CHANGXING).content.decode("utf-8-sig")
    book = load_workbook(io.BytesIO(desk.raw("/v1/reports/bank-file/excel", payer=CHANGXING).content))

    assert ([each["order_id"] for each in found["orders"]], found["total"]) == ([told.waiting], "480000")
    assert [(each["order"]["order_id"], each["reasons"]) for each in found["left_out"]] == [(told.stopped, ["FirmFlagged"])]
    assert (told.waiting in as_csv, told.stopped in as_csv, "4800.00" in as_csv) == (True, False, True)
    paid, left_out = ([cell.value for row in book[title] for cell in row] for title in ("待拨付 To be paid", "不予拨付 Left out"))
    assert (told.waiting in paid, told.stopped in paid, told.stopped in left_out) == (True, False, True)


def test_a_region_sees_its_own_reports_and_no_other_does(town, told):
    for name, query in asked_of(town, told).items():
        own = SHANGHAI if name == "lab-year" else CHANGXING
        assert {code(town, name, query, own, caller) for caller in OFFICERS} == {200}, name
        for form in ("", "/document", "/excel"):
            assert {code(town, name + form, query, BEIJING, caller) for caller in OFFICERS} <= {"NotYours", "NotFound"}, name
    assert code(town, "bank-file/csv", {"payer": CHANGXING}, BEIJING, "payer") == "NotYours"


def test_a_read_only_member_sees_all_of_it_and_changes_nothing(town, told):
    """A supervisor (监督) has an auditor's key at any gateway."""
    for name, query in asked_of(town, told).items():
        assert {code(town, name + form, query, BEIJING, "auditor") for form in ("", "/document", "/excel")} == {200}, name
    signing = town.desk(SHANGHAI, "auditor").post("/v1/reports/lab-year/sign", {"lab": told.lab, "year": told.year})
    placing = town.desk(SHANGHAI, "auditor").upload("/v1/service-types", {}, name="t.csv", content=b"subject,service_type\n")
    assert (signing.code, placing.code) == ("RoleNotAllowed", "RoleNotAllowed")


@pytest.mark.parametrize("name", ["programme", "ageing", "concentration", "bank-file"])
def test_labs_and_firms_see_no_regions_reports(town, told, name):
    query = asked_of(town, told)[name]

    assert {code(town, name, query, SHANGHAI, "lab-shanghai"), code(town, name, query, CHANGXING, "firm-changxing")} == {"RoleNotAllowed"}


def test_a_lab_sees_its_own_year_and_no_others(town, told):
    own = town.desk(SHANGHAI, "lab-shanghai").get("/v1/reports/lab-year", year=told.year)

    assert (own["report"]["lab"], own["report"]["across"]["uses"]) == (told.lab, 4)
    assert code(town, "lab-year", {"lab": told.lab, "year": told.year}, BEIJING, "lab-beijing") == "NotYours"
    assert code(town, "lab-year", {"year": told.year}, SHANGHAI, "directory") == "LabMissing"


def test_who_looked_at_a_report_stands_in_the_log_but_a_lab_at_its_own(town, told):
    found = town.desk(SHANGHAI, "directory").get("/v1/reports/lab-year", lab=told.lab, year=told.year)
    town.desk(SHANGHAI, "lab-shanghai").get("/v1/reports/lab-year", year=told.year)
    town.desk(SHANGHAI, "payer").get("/v1/reports/ageing", region=CHANGXING)

    refused, shown = town.desk(SHANGHAI, "auditor").get("/v1/lookups", limit=2)["lookups"]

    assert (shown["what"], shown["party"], shown["span"]) == ("report", "DIRECTORY", f"lab year {found['hash']}")
    assert (refused["what"], refused["answer"], refused["region"]) == ("report", "NotYours", SHANGHAI)


@pytest.mark.parametrize(
    ("name", "query", "expected"),
    [
        ("programme", {"programme": "0x" + "11" * 32}, "NotFound"),
        ("programme", {}, "InvalidRequest"),
        ("ageing", {"region": 999_999}, "NotFound"),
        ("ageing", {"region": CHANGXING, "payment_days": -1}, "InvalidRequest"),
        ("ageing", {"region": CHANGXING, "nonsense": 1}, "InvalidRequest"),
        ("bank-file", {"payer": 999_999}, "NotFound"),
        ("lab-year", {"lab": "0x" + "11" * 32, "year": 2026}, "NotFound"),
        ("concentration", {"region": CHANGXING, "since": "yesterday"}, "InvalidRequest"),
    ],
)
def test_what_nobody_has_or_nobody_can_ask_is_refused(town, told, name, query, expected):
    assert code(town, name, query, CHANGXING, "auditor") == expected


@pytest.mark.parametrize("name", ["programme", "ageing", "concentration", "prices"])
@pytest.mark.parametrize("form", ["", "/document", "/excel"])
def test_a_period_that_ends_before_it_begins_has_no_report(town, told, name, form):
    query = (asked_of(town, told) | {"prices": {"region": CHANGXING}})[name] | {"since": told.at + 1, "until": told.at}

    answer = town.desk(CHANGXING, "auditor").get(f"/v1/reports/{name}{form}", **query)

    assert (answer.status, answer.code, answer["values"]) == (422, "PeriodReversed", {"from": told.at + 1, "until": told.at})


@pytest.mark.parametrize("second", ["999999999999", "253402271999", "253402272000"])
@pytest.mark.parametrize("form", ["", "/document", "/excel"])
def test_a_period_that_no_calendar_has_is_told_all_the_same(town, told, form, second):
    """The last of these years is 33658."""
    for period in ({"since": second}, {"until": second}, {"since": second, "until": second}):
        assert code(town, "programme" + form, {"programme": town.programmes[CHANGXING]} | period, CHANGXING, "auditor") == 200


def test_nothing_has_waited_longer_than_the_chain_is_old(town, told):
    """With the end of a month that is not over named, orders are no later than they are."""
    query = {"region": CHANGXING, "payment_days": 30, "review_days": 30, "service_days": 30}

    ahead = report(town, "ageing", query | {"until": town.node.timestamp() + 3_000 * 86_400})

    assert any(each["standing"] for each in ahead["report"]["waits"])
    assert ahead["report"]["until"] == ahead["block"]["time"]
    assert (ahead["final"], [each["late"] for each in ahead["report"]["waits"] if each["late"]]) == (False, [])


def test_a_threshold_is_told_with_its_default(town, told):
    query = asked_of(town, told)["ageing"] | {"payment_days": 0}

    plain, other = (report(town, "ageing", each)["report"] for each in (asked_of(town, told)["ageing"], query))

    assert "payment_days = 30 (默认 default 30)" in plain["heading"]
    assert "payment_days = 0 (默认 default 30)" in other["heading"]
    assert {"name": "payment_days", "value": 0, "default": 30} in other["parameters"]


# Prices


def hand_in(town, region, content):
    return town.desk(region, "issuer").upload("/v1/service-types", {}, name="types.csv", content=content.encode())


def test_the_same_named_catalogue_gives_the_same_bytes_at_both_gateways(town, told):
    content = f"编号,服务类型\n{told.lab},成分检测\n{told.paid},联合研发\n"
    before = report(town, "prices", {"region": CHANGXING}, BEIJING).code
    named = [hand_in(town, region, content)["sha256"] for region in (CHANGXING, SHANGHAI)]
    hand_in(town, SHANGHAI, f"编号,服务类型\n{told.lab},别的\n")
    query = {"region": CHANGXING, "until": told.at, "catalogue": named[0]}

    files = [town.desk(region, "auditor").raw("/v1/reports/prices/document", **query).content for region in (CHANGXING, SHANGHAI)]

    assert (before, len(set(named)), len(set(files))) == ("CatalogueMissing", 1, 1)
    types = json.loads(files[0])["service_types"]
    assert [(each["service_type"], each["uses"]) for each in types] == [("成分检测", 3), ("联合研发", 1)]
    latest = report(town, "prices", {"region": CHANGXING}, SHANGHAI)["report"]
    assert [each["service_type"] for each in latest["service_types"]] == ["别的"]


def test_a_bad_catalogue_is_refused_by_line_and_the_last_one_counts_on(town, told):
    good = hand_in(town, CHANGXING, f"编号,服务类型\n{told.lab},成分检测\n")["sha256"]

    refused = hand_in(town, CHANGXING, f"编号,服务类型\n{told.lab},\n")

    assert (refused.status, refused.code, refused["values"]["line"]) == (422, "CatalogueRefused", 2)
    assert report(town, "prices", {"region": CHANGXING})["report"]["catalogue_sha256"] == good


# A lab's year, signed. Last: the year has to be over.


def test_a_year_that_is_not_over_is_not_signed(town, told):
    answer = town.desk(SHANGHAI, "directory").post("/v1/reports/lab-year/sign", {"lab": told.lab, "year": told.year})

    assert (answer.status, answer.code) == (409, "YearNotOver")
    assert code(town, "lab-year/signed", {"year": told.year}, SHANGHAI, "lab-shanghai") == "NotFound"


def test_a_signed_year_is_its_regions_word_for_anybody_with_a_node(town, told):
    town.node.set_time(seconds_of_year(told.year)[1] + 1)
    asked = {"lab": told.lab, "year": told.year}
    other = town.desk(BEIJING, "directory").post("/v1/reports/lab-year/sign", asked).code
    signed = town.desk(SHANGHAI, "directory").post("/v1/reports/lab-year/sign", asked)

    file = town.desk(SHANGHAI, "lab-shanghai").raw("/v1/reports/lab-year/signed", year=told.year).content
    document = town.desk(BEIJING, "auditor").raw("/v1/reports/lab-year/document", **asked).content

    assert other == "NotFound"
    found = SignedLabYear.read(file)
    assert ("0x" + found.signature.hex(), found.document) == (signed["signature"], json.loads(document))
    assert signed["signer"] == town.world.officials[SHANGHAI]["directory"].account.address.lower()
    assert signed["hash"] == "0x" + hashlib.sha256(document).hexdigest()
    assert Region(found.document["lab_region"]) == SHANGHAI
