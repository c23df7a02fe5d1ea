"""What a region's own policy refuses at issue: the cap and the tranche of a programme's file, row by row, from what the chain says."""

import pytest

from scripts.demonstration import play
from scripts.demonstration.cast import CHANGXING
from tests.gateway.newcomers import new_firm

YUAN = 100


@pytest.fixture
def changxing(town):
    """A programme under Changxing's real rules, with a code of its own."""
    text = super(type(town), town).programme_file(CHANGXING).replace("CX-KJQ-2013", f"CX-POLICY-{town.number()}")
    return town.desk(CHANGXING, "issuer").post("/v1/programmes", {"file": text})["programme_id"]


def issue(town, programme, firms, *, face=10_000 * YUAN, check=False):
    """What came of issuing one voucher to each of these firms."""
    rows = [{"firm": firm.company_code, "serial": f"Y-{town.number()}"} for firm in firms]
    asked = {"programme": programme, "recipients": rows, "face": str(face), "denomination": "100000"}
    asked |= {"use_by": town.now + 86_400, "claim_by": town.now + 86_400}
    return town.desk(CHANGXING, "issuer").post("/v1/vouchers/rows" + ("/check" if check else ""), asked)


def against(answer):
    """Line and rule of every row that was refused."""
    bad = answer["bad"] if "bad" in answer.body else answer["values"]["bad"]
    return [(row["line"], row["code"], [each["rule"] for each in row["findings"]]) for row in bad]


def test_at_03_top_ups_to_100_000_pass_and_the_next_note_is_refused(town, changxing):
    firm, other = new_firm(town, CHANGXING), new_firm(town, CHANGXING)
    assert [issue(town, changxing, [firm]).status for _ in range(10)] == [201] * 10

    refused = issue(town, changxing, [other, firm], face=10_000 * YUAN)

    assert (refused.status, refused.code) == (422, "BadRows")
    assert against(refused) == [(2, "PolicyRefused", ["cap"])]
    (finding,) = refused["values"]["bad"][0]["findings"]
    assert (finding["fact"], finding["verdict"]) == ("10000000", "FAILS")
    assert "110,000.00" in finding["zh"]
    assert "110,000.00" in finding["en"]
    assert issue(town, changxing, [other]).status == 201, "nothing of the refused list was issued"


def test_rows_of_one_list_count_together(town, changxing):
    firm = new_firm(town, CHANGXING)

    assert against(issue(town, changxing, [firm] * 11, check=True)) == [(11, "PolicyRefused", ["cap"])]
    assert issue(town, changxing, [firm] * 10).status == 201


def test_the_first_grant_is_the_pre_issued_amount(town, changxing):
    firm = new_firm(town, CHANGXING)

    assert against(issue(town, changxing, [firm], face=20_000 * YUAN)) == [(1, "PolicyRefused", ["pre_issue"])]
    assert issue(town, changxing, [firm]).status == 201
    assert issue(town, changxing, [firm], face=20_000 * YUAN).status == 201, "a top-up may be more"


def test_the_same_list_again_is_the_same_issue_even_at_the_cap(town, changxing):
    firm = new_firm(town, CHANGXING)
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
    text = town.programme_file(CHANGXING).replace("CX-KJQ-2013", f"CX-TRANCHE-{town.number()}")
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


def test_the_files_of_the_demonstration_are_the_real_ones():
    assert "[policy.grants.cap]" in play.Scene.programme_file(None, CHANGXING)
