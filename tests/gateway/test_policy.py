"""What a region's own policy refuses: eligibility, cap and tranche of a programme's file, row by row, from the chain and the facts."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.api_keys import ApiKeys
from gateway.callers import Party
from registry import Outbox
from scripts.demonstration.cast import BEIJING, CHANGXING, SHANGHAI
from scripts.demonstration.desks import Desk
from scripts.demonstration.scene import Scene
from tests.gateway.newcomers import new_firm

pytestmark = pytest.mark.both_in_full

YUAN = 100
FOREIGN = (Party.DIRECTORY, Party.ISSUER)


SCI_TECH = {"who": "FIRM", "registered_here": True, "marks": {"科技型企业": None}}
ABOVE_SCALE = {"who": "FIRM", "registered_here": True, "marks": {"规模以上非科技型企业": None}}


def real(town, region, name, code):
    """A programme under a region's real rules, with a code of its own."""
    text = Scene.programme_text(town, name).replace(f'code = "{code}"', f'code = "{code}-{town.number()}"')
    return town.desk(region, "issuer").post("/v1/programmes", {"file": text})["programme_id"]


@pytest.fixture
def changxing(town):
    return real(town, CHANGXING, "changxing-2013", "CX-KJQ-2013")


def state(town, region, code, facts):
    """What an office establishes of a firm or team."""
    answer = town.desk(region, "directory").post("/v1/firm-facts", {"firms": [{"firm": code, **facts}]})
    assert answer.status == 201, answer.body


def sci_tech(town):
    """A sci-tech firm of Changxing's, just enrolled and on record."""
    firm = new_firm(town, CHANGXING)
    state(town, CHANGXING, firm.company_code, SCI_TECH)
    return firm


def rows_of(town, programme, firms, *, face=10_000 * YUAN):
    """A list of one new voucher for each of these firms."""
    rows = [{"firm": firm.company_code, "serial": f"Y-{town.number()}"} for firm in firms]
    asked = {"programme": programme, "recipients": rows, "face": str(face), "denomination": "100000"}
    return asked | {"use_by": town.now + 86_400, "claim_by": town.now + 86_400}


def issue(town, programme, firms, *, face=10_000 * YUAN, check=False):
    """What came of issuing one voucher to each of these firms."""
    asked = rows_of(town, programme, firms, face=face)
    return town.desk(CHANGXING, "issuer").post("/v1/vouchers/rows" + ("/check" if check else ""), asked)


def against(answer):
    """Line and rule of every row that was refused."""
    bad = answer["bad"] if "bad" in answer.body else answer["values"]["bad"]
    return [(row["line"], row["code"], [each["rule"] for each in row["findings"]]) for row in bad]


def test_at_03_top_ups_to_100_000_pass_and_the_next_note_is_refused(town, changxing):
    firm, other = sci_tech(town), sci_tech(town)
    assert [issue(town, changxing, [firm]).status for _ in range(10)] == [201] * 10

    refused = issue(town, changxing, [other, firm], face=10_000 * YUAN)

    assert (refused.status, refused.code) == (422, "BadRows")
    assert against(refused) == [(2, "PolicyRefused", ["cap"])]
    (finding,) = refused["values"]["bad"][0]["findings"]
    assert (finding["fact"], finding["verdict"]) == ("10000000", "FAILS")
    assert "110,000.00" in finding["zh"]
    assert "110,000.00" in finding["en"]
    assert issue(town, changxing, [other]).status == 201, "nothing of the refused list was issued"


def test_lists_at_the_same_moment_count_together(town, changxing):
    """Each is decided by what was issued, so none is decided while another is under way."""
    firm = sci_tech(town)
    assert issue(town, changxing, [firm]).status == 201

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: issue(town, changxing, [firm] * 9), range(4)))

    assert sorted(answer.status for answer in answers) == [201, 422, 422, 422]


def test_no_list_is_decided_while_the_outcome_of_another_is_unknown(town, changxing, monkeypatch):
    firm = sci_tech(town)
    monkeypatch.setattr(Outbox, "under_way", lambda _outbox, what: ["a ticket"] if what == "issue" else [])

    refused = town.desk(CHANGXING, "issuer").http.post(
        town.world.gateways[CHANGXING] + "/v1/vouchers/rows",
        json=rows_of(town, changxing, [firm]),
        headers={"Authorization": f"Bearer {town.world.api_keys[CHANGXING]['issuer']}", "Idempotency-Key": f"Y-{town.number()}"},
    )

    assert (refused.status_code, refused.json()["code"], refused.headers["Retry-After"]) == (503, "IssueUnderWay", "2")


def test_rows_of_one_list_count_together(town, changxing):
    firm = sci_tech(town)

    assert against(issue(town, changxing, [firm] * 11, check=True)) == [(11, "PolicyRefused", ["cap"])]
    assert issue(town, changxing, [firm] * 10).status == 201


def test_the_first_grant_is_the_pre_issued_amount(town, changxing):
    firm = sci_tech(town)

    assert against(issue(town, changxing, [firm], face=20_000 * YUAN)) == [(1, "PolicyRefused", ["pre_issue"])]
    assert issue(town, changxing, [firm]).status == 201
    assert issue(town, changxing, [firm], face=20_000 * YUAN).status == 201, "a top-up may be more"


def test_the_same_list_again_is_the_same_issue_even_at_the_cap(town, changxing):
    firm = sci_tech(town)
    rows = [{"firm": firm.company_code, "serial": f"Y-{town.number()}"} for _ in range(10)]
    asked = {"programme": changxing, "recipients": rows, "face": "1000000", "denomination": "100000"}
    asked |= {"use_by": town.now + 86_400, "claim_by": town.now + 86_400}
    issuer = town.desk(CHANGXING, "issuer")
    first = issuer.post("/v1/vouchers/rows", asked)

    again = issuer.post("/v1/vouchers/rows", asked)

    assert (first["repeated"], again["repeated"], again["vouchers"]) == (False, True, first["vouchers"])


TRANCHE = """
[policy.grants.tranche]
first = "3000000"
first_is = "CEILING"
next_after_bps = 5000
used = "REDEEMED"

[policy.evidence]"""


def test_at_07_the_next_grant_waits_until_more_than_half_is_redeemed(town):
    """15,000 of 30,000 yuan redeemed is not more than half; one fen more is."""
    firm, lab = new_firm(town, CHANGXING), town.lab("lab-shanghai")
    text = town.programme_text("changxing-2013").replace("CX-KJQ-2013", f"CX-TRANCHE-{town.number()}")
    text = text.replace("\n[policy.evidence]", TRANCHE).replace("bps = 6000", "bps = 10000")
    issuer = town.desk(CHANGXING, "issuer")
    programme = issuer.post("/v1/programmes", {"file": text})["programme_id"]
    funding = {"amount": "9000000", "bank_reference": f"Y-{town.number()}"}
    assert town.desk(CHANGXING, "payer").post(f"/v1/programmes/{programme}/fund", funding).status == 200
    serial = f"Y-{town.number()}"
    asked = {"programme": programme, "recipients": [{"firm": firm.company_code, "serial": serial}], "face": "3000000", "denomination": "1"}
    asked |= {"use_by": town.now + 86_400, "claim_by": town.now + 86_400}
    assert issuer.post("/v1/vouchers/rows", asked).status == 201

    for cost, rules in ((15_000 * YUAN, ["next_grant"]), (1, [])):
        order = town.reserved(firm, lab, serial=serial, amount=str(cost))
        assert town.redeemed(order, firm, lab, cost=str(cost)).status == 201
        found = against(issue(town, programme, [firm], face=1_000 * YUAN, check=True))
        assert found == ([(1, "PolicyRefused", rules)] if rules else [])


# Who is eligible


def verdict(town, region, programme, code):
    """What is decided of a firm, and the rules against it on the way that it comes nearest to."""
    seen = town.desk(region, "issuer").post(f"/v1/programmes/{programme}/eligibility", {"firm": code})
    ways = [[each["rule"] for each in way if each["verdict"] != "HOLDS"] for way in seen["ways"]]
    return seen["verdict"], min(ways, key=len)


def test_at_20_a_non_tech_above_scale_firm_gets_the_same_terms_once_reviewed(town, changxing):
    firm = new_firm(town, CHANGXING)
    assert verdict(town, CHANGXING, changxing, firm.company_code) == ("MISSING", ["facts"])
    assert against(issue(town, changxing, [firm])) == [(1, "PolicyRefused", ["facts"])]

    state(town, CHANGXING, firm.company_code, ABOVE_SCALE | {"reviewed": False})
    assert verdict(town, CHANGXING, changxing, firm.company_code) == ("FAILS", ["marks"])
    assert against(issue(town, changxing, [firm])) == [(1, "PolicyRefused", ["marks"])]

    state(town, CHANGXING, firm.company_code, ABOVE_SCALE | {"reviewed": True})
    assert verdict(town, CHANGXING, changxing, firm.company_code) == ("HOLDS", [])
    assert issue(town, changxing, [firm]).status == 201
    history = town.desk(CHANGXING, "auditor").post("/v1/firm-facts/history", {"firm": firm.company_code})["facts"]
    assert [each["reviewed"] for each in history] == [False, True], "what was decided before can be worked out again"
    assert {each["stated_by"] for each in history} == {"directory"}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, ("HOLDS", [])),
        ({"staff": 101}, ("FAILS", ["most_staff"])),
        ({"capital": "2000000001"}, ("FAILS", ["most_capital"])),
        ({"revenue": "1000000001"}, ("FAILS", ["revenue_under"])),
        ({"revenue": None}, ("MISSING", ["revenue_under"])),
        ({"who": "TEAM", "marks": {"开展实际研发的大学生团队": None}}, ("HOLDS", [])),
    ],
)
def test_at_09_beijing_eligibility_edges(town, changed, expected):
    programme, firm = real(town, BEIJING, "beijing-2018", "BJ-KJCXQ-2018"), new_firm(town, BEIJING)
    edge = {"who": "FIRM", "registered_here": True, "staff": 100, "revenue": "1000000000", "capital": "2000000000"}
    state(town, BEIJING, firm.company_code, edge | changed)

    assert verdict(town, BEIJING, programme, firm.company_code) == expected


def test_a_team_without_registration_is_known_by_its_regions_code(town):
    programme, team = real(town, BEIJING, "beijing-2018", "BJ-KJCXQ-2018"), f"T110000-{town.number():08}"
    state(town, BEIJING, team, {"who": "TEAM", "marks": {"开展实际研发的大学生团队": town.now + 86_400}})

    assert verdict(town, BEIJING, programme, team.lower()) == ("HOLDS", [])


def test_a_firm_named_twice_in_one_statement_is_refused_however_it_is_spelt(town):
    code = new_firm(town, CHANGXING).company_code
    firms = [{"firm": code, **SCI_TECH}, {"firm": f" {code.lower()}", **SCI_TECH, "registered_here": False}]

    assert town.desk(CHANGXING, "directory").post("/v1/firm-facts", {"firms": firms}).code == "FirmRepeated"
    assert town.desk(CHANGXING, "auditor").post("/v1/firm-facts/history", {"firm": code})["facts"] == []


def test_an_officer_of_another_region_with_a_key_here_establishes_and_learns_nothing(town, changxing):
    code, gateway = town.firm("firm-changxing").company_code, town.world.gateways[CHANGXING]
    with ApiKeys(town.world.folder(CHANGXING) / "state") as keys:
        made = {party: keys.add(region=SHANGHAI, name=f"foreign-{party}", party=party, account=party.lower())[0] for party in FOREIGN}
    asked = {
        "/v1/firm-facts": {"firms": [{"firm": code, **SCI_TECH}]},
        "/v1/firm-facts/history": {"firm": code},
        f"/v1/programmes/{changxing}/eligibility": {"firm": code},
    }

    answers = [Desk(town.http, gateway, made[Party.DIRECTORY]).post(path, body).code for path, body in asked.items()]
    checked = Desk(town.http, gateway, made[Party.ISSUER]).post(
        "/v1/vouchers/rows/check", rows_of(town, changxing, [town.firm("firm-changxing")])
    )

    assert [*answers, checked.code] == ["NotYours"] * 4


def test_facts_are_put_on_record_all_or_none_and_once(town):
    firm, at_office = new_firm(town, CHANGXING), town.desk(CHANGXING, "directory")
    one = {"firm": firm.company_code, **SCI_TECH}
    wrong_digit = firm.company_code[:-1] + ("0" if firm.company_code[-1] != "0" else "1")

    refused = at_office.post("/v1/firm-facts", {"firms": [one, {"firm": wrong_digit, **SCI_TECH}]})
    answers = [at_office.post("/v1/firm-facts", {"firms": [one]}, key=f"facts-{firm.company_code}") for _ in range(2)]

    assert (refused.status, refused.code) == (422, "CodeRefused")
    assert [(each.status, each["stated"]) for each in answers] == [(201, 1), (201, 1)]
    assert len(at_office.post("/v1/firm-facts/history", {"firm": firm.company_code})["facts"]) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"staff": -1},
        {"staff": 1.5},
        {"staff": "86"},
        {"revenue": 1},
        {"revenue": "-1"},
        {"who": "GUILD"},
        {"age": 3},
        {"registered_here": 1},
    ],
)
def test_facts_of_another_form_are_refused(town, wrong):
    firm = {"firm": town.firm("firm-changxing").company_code, **SCI_TECH, **wrong}

    assert town.desk(CHANGXING, "directory").post("/v1/firm-facts", {"firms": [firm]}).code == "InvalidRequest"


def test_who_states_facts_and_who_reads_them(town):
    stated, asked = (
        {"firms": [{"firm": town.firm("firm-changxing").company_code, **SCI_TECH}]},
        {"firm": town.firm("firm-changxing").company_code},
    )
    callers = {"issuer", "reviewer-1", "payer", "directory", "auditor", "firm-changxing"}

    may_state = {each for each in callers if town.desk(CHANGXING, each).post("/v1/firm-facts", stated).status == 201}
    may_read = {each for each in callers if town.desk(CHANGXING, each).post("/v1/firm-facts/history", asked).status == 200}

    assert may_state == {"directory"}
    assert may_read == {"issuer", "reviewer-1", "directory", "auditor"}


def test_a_programme_of_another_region_is_not_decided_here(town, changxing):
    firm = {"firm": town.firm("firm-beijing").company_code}

    assert town.desk(BEIJING, "issuer").post(f"/v1/programmes/{changxing}/eligibility", firm).code == "NotFound"
