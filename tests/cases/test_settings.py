"""
What the papers leave open is a key of the programme file: here each is set both ways, and what a gateway does differs by just that.

A rule is the file's, not a region's: the same files are opened by whichever region a test finds at hand.
"""

import pytest

from scripts.demonstration.cast import BEIJING, CHANGXING, SHANGHAI
from scripts.demonstration.scene import against, stage_of
from tests.cases.files import granted, opened, stated
from tests.gateway.newcomers import new_firm

pytestmark = pytest.mark.both_in_full

SME = {"revenue": "100000000", "marks": {"科技型中小企业": None}}
FIRST, HALF = "3000000", "1500000"


def dry_run(town, region, firm, sample, face):
    """Which rules a grant would break."""
    rows = [(firm.company_code, f"S-{town.number()}")]
    checked = town.issue(region, rows, face=face, denomination="1", sample=sample, check=True)
    return [rule for _, rule in against(checked)]


@pytest.mark.parametrize(("included", "broken"), [("true", []), ("false", ["revenue_under"])])
def test_at_09_whether_10_000_000_of_revenue_is_under_10_000_000(town, included, broken):
    sample = opened(town, BEIJING, "beijing-2018", revenue_includes_the_limit=included)
    firm = new_firm(town, BEIJING)
    stated(town, BEIJING, firm, staff=100, revenue="1000000000", capital="2000000000")

    assert dry_run(town, BEIJING, firm, sample, "100000") == broken


@pytest.mark.parametrize(("first_is", "broken"), [("CEILING", []), ("FIXED", ["first_grant"])])
def test_at_07_whether_the_first_30_000_may_be_less(town, first_is, broken):
    sample = opened(town, CHANGXING, "hebei-2016", first_is=f'"{first_is}"')
    firm = new_firm(town, CHANGXING)
    stated(town, CHANGXING, firm, **SME)

    assert dry_run(town, CHANGXING, firm, sample, "2999900") == broken
    assert dry_run(town, CHANGXING, firm, sample, FIRST) == []


@pytest.mark.parametrize(
    ("used", "at"), [("RESERVED", ["OPEN", "REDEEMED", "SETTLED"]), ("REDEEMED", ["REDEEMED", "SETTLED"]), ("SETTLED", ["SETTLED"])]
)
def test_at_07_over_half_of_what(town, used, at):
    sample = opened(town, CHANGXING, "hebei-2016", used=f'"{used}"', approval='"NEVER"', paid_across='"LAB"')
    firm, lab, more = new_firm(town, CHANGXING), town.lab("lab-shanghai"), str(int(HALF) + 1)
    stated(town, CHANGXING, firm, **SME)
    serial = granted(town, CHANGXING, firm, sample, face=FIRST)
    allowed = []

    def judged(stage: str) -> None:
        if not dry_run(town, CHANGXING, firm, sample, FIRST):
            allowed.append(stage)

    judged("ISSUED")
    order = town.reserved(firm, lab, serial=serial, amount=more)
    judged("OPEN")
    assert town.redeemed(order, firm, lab, cost=str(2 * int(more))).status == 201
    judged("REDEEMED")
    town.review("accept", CHANGXING, "reviewer-2", order)
    assert town.review("settle", CHANGXING, "payer", order, payment_reference=f"PAY-{town.number()}") == "SETTLED"
    judged("SETTLED")

    assert allowed == at


@pytest.mark.parametrize(("approval", "stage"), [("CROSS_REGION", "OPEN"), ("ALWAYS", "REQUESTED")])
def test_whether_an_order_at_home_awaits_approval(town, approval, stage):
    sample = opened(town, BEIJING, "beijing-2018", approval=f'"{approval}"')
    firm, lab = new_firm(town, BEIJING), town.lab("lab-beijing")
    stated(town, BEIJING, firm, staff=1, revenue="1", capital="1")
    serial = granted(town, BEIJING, firm, sample, face="100000")

    assert stage_of(town.reserve(firm, lab, serial=serial, amount="100000")) == stage


@pytest.mark.parametrize(("payer", "other"), [(CHANGXING, SHANGHAI), (SHANGHAI, CHANGXING)])
def test_who_holds_changxing_s_money(town, payer, other):
    sample = opened(town, CHANGXING, "changxing-2013", payer=str(payer))
    firm, lab = new_firm(town, CHANGXING), town.lab("lab-shanghai")
    stated(town, CHANGXING, firm, marks={"科技型企业": None})
    serial = granted(town, CHANGXING, firm, sample, face="1000000", denomination="100000")
    order = town.reserved(firm, lab, serial=serial, amount="500000")
    assert town.redeemed(order, firm, lab, cost="800000").status == 201
    town.review("endorse", SHANGHAI, "reviewer-1", order)
    town.review("accept", CHANGXING, "reviewer-2", order)

    settled = [town.review("settle", region, "payer", order, payment_reference=f"PAY-{town.number()}") for region in (other, payer)]

    assert settled == ["NotPayer", "SETTLED"]
