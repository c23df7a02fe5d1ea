"""A pair of regions moves to another model: a programme file more, and nothing that was issued changes."""

import pytest

from registry import Node
from registry.audit import replay
from scripts.demonstration.cast import CHANGXING, SHANGHAI, FirmCast
from scripts.demonstration.scene import against
from tests.cases.files import granted, stated
from tests.gateway.newcomers import new_firm

pytestmark = pytest.mark.both_in_full

UNIVERSAL = "universal-sample"
FACE, NOTE = "1000000", "100000"


def moved(town) -> str:
    """Changxing and Shanghai go over to universal use, under a code that nobody else in this run takes: the new programme's name."""
    name = f"{UNIVERSAL}-{town.number()}"
    text = town.programme_text(UNIVERSAL).replace('code = "SAMPLE-TONGDUI"', f'code = "{name}"')
    town.programmes[name] = town.desk(CHANGXING, "issuer").post("/v1/programmes", {"file": text})["programme_id"]
    assert town.fund(CHANGXING, "1000000", name, sample=name).status == 200
    return name


def sci_tech(town) -> FirmCast:
    """A firm of Changxing's that may have vouchers."""
    firm = new_firm(town, CHANGXING)
    stated(town, CHANGXING, firm, marks={"科技型企业": None})
    return firm


def issued(town, firm, *, sample=None, face=FACE) -> str:
    """The serial of a voucher just issued, under Changxing's own programme or a sample."""
    return granted(town, CHANGXING, firm, sample, face=face, denomination=NOTE)


def accepted(town, order, firm, lab) -> str:
    """An open order, redeemed for 4,800 yuan and accepted by Changxing."""
    assert town.redeemed(order, firm, lab, cost="800000").status == 201
    assert town.review("endorse", SHANGHAI, "reviewer-1", order) == "ENDORSED"
    assert town.review("accept", CHANGXING, "reviewer-2", order) == "ACCEPTED"
    return order


def paid_by(town, region, order) -> str:
    """The stage after a region's payer records a payment, or why it may not."""
    return town.review("settle", region, "payer", order, payment_reference=f"PAY-{town.number()}")


def test_vouchers_of_before_are_used_and_paid_as_ever_while_new_ones_are_paid_by_the_host(town):
    lab, firm = town.lab("lab-shanghai"), sci_tech(town)
    before = issued(town, firm)
    under_way = town.reserved(firm, lab, serial=before, amount="500000")

    universal = moved(town)
    own = town.pool(CHANGXING)
    after = issued(town, firm, sample=universal)
    orders = {
        "under way": under_way,
        "of before": town.reserved(firm, lab, serial=before, amount="500000"),
        "new": town.reserved(firm, lab, serial=after, amount="500000"),
    }
    for order in orders.values():
        accepted(town, order, firm, lab)

    payers = {"under way": (SHANGHAI, CHANGXING), "of before": (SHANGHAI, CHANGXING), "new": (CHANGXING, SHANGHAI)}
    for name, (other, payer) in payers.items():
        assert [paid_by(town, region, orders[name]) for region in (other, payer)] == ["NotPayer", "SETTLED"], name

    assert int(town.pool(CHANGXING)["paid"]) - int(own["paid"]) == 960_000
    assert town.pool(CHANGXING, sample=universal)["paid"] == "480000", "whoever pays the lab, it is the home region's pool that is used"
    assert replay(Node(town.world.node_url), town.world.deployment).differences == ()


def test_a_firm_s_cap_counts_both_programmes_so_that_moving_begins_nothing_anew(town):
    universal, firm = moved(town), sci_tech(town)
    issued(town, firm)
    issued(town, firm, face="9000000")

    rows = [(firm.company_code, f"M-{town.number()}")]
    refused = town.issue(CHANGXING, rows, face=FACE, denomination=NOTE, sample=universal)

    assert (refused.status, against(refused)) == (422, [[2, "cap"]])
