"""
Joint vouchers 联合券 of three partners through the gateways: who counts as one, how the money splits, and what a leaver loses.

Two partners who are too few, and three who are enough, are AT-21.
"""

import pytest

from scripts.demonstration.cast import BEIJING
from scripts.demonstration.scene import named, refusal, stage_of
from scripts.demonstration.world import new_key_file
from tests.cases.files import granted, opened, stated
from tests.gateway.newcomers import both_signed, give_api_key, new_firm, raw_of, release_document, signature

pytestmark = pytest.mark.both_in_full

FACE = "5000000"
PROJECT = "联合研发（样例） joint project (sample)"


@pytest.fixture
def lab(town):
    return town.lab("lab-beijing")


@pytest.fixture
def joint(town):
    """A programme of joint vouchers, in which a firm may have more than one."""
    return opened(town, BEIJING, "joint-sample", top_up="true")


@pytest.fixture
def partners(town):
    """Three firms that the region has looked at."""
    firms = [new_firm(town, BEIJING) for _ in range(3)]
    for firm in firms:
        stated(town, BEIJING, firm)
    return firms


class Project:
    """One project of the first firm that orders for it."""

    def __init__(self, town, lab, sample):
        self.town, self.lab, self.sample = town, lab, sample
        self.name = f"{PROJECT} {town.number()}"
        self.lead = None

    def ordered(self, firm):
        """The firm's whole voucher, ordered and approved; serial and order."""
        serial = granted(self.town, BEIJING, firm, self.sample, face=FACE, denomination=FACE)
        shared = {"lead": self.lead} if self.lead else {}
        self.lead = self.lead or named(firm, serial)
        reserved = self.town.reserve(firm, self.lab, serial=serial, amount=FACE, project=self.name, **shared)
        assert stage_of(reserved) == "REQUESTED", reserved.body
        assert self.town.review("approve", BEIJING, "reviewer-1", reserved["order_id"]) == "OPEN"
        return serial, reserved["order_id"]

    def redeemed(self, firm, order, cost):
        """The stage that a redemption reached, or why it may not be yet."""
        answer = self.town.redeemed(order, firm, self.lab, cost=cost)
        return refusal(answer, "partners", "minPartners") if answer.code else stage_of(answer)


def too_few(partners):
    return {"code": "TooFewPartners", "partners": partners, "minPartners": 3}


def left(town, firm, lab, order):
    """The stage of an order that firm and lab release together."""
    signed = both_signed(town, release_document(town, order, lab), firm, lab)
    return stage_of(town.submit("/v1/releases", lab, signed))


def test_each_partner_s_part_is_paid_from_its_own_voucher_and_what_it_leaves_lapses(town, lab, joint, partners):
    project, costs = Project(town, lab, joint), ("10000000", "6000000", "2")
    held = [project.ordered(firm) for firm in partners]

    stages = [project.redeemed(firm, order, cost) for firm, (_, order), cost in zip(partners, held, costs, strict=True)]
    ends = [town.finish(order, BEIJING, reference=f"PAY-{town.number()}") for _, order in held]

    assert (stages, ends) == (["REDEEMED"] * 3, [["ACCEPTED", "SETTLED"]] * 3)
    split = [town.balance(BEIJING, firm, serial) for firm, (serial, _) in zip(partners, held, strict=True)]
    assert [(each["redeemed"], each["lapsed"]) for each in split] == [("5000000", "0"), ("3000000", "2000000"), ("1", "4999999")]
    assert town.pool(BEIJING, sample=joint)["paid"] == "8000001"


def test_who_leaves_before_there_are_three_counts_no_longer_and_keeps_its_voucher(town, lab, joint, partners):
    project = Project(town, lab, joint)
    (_, first), (serial, second) = [project.ordered(firm) for firm in partners[:2]]

    assert left(town, partners[1], lab, second) == "RELEASED"
    assert town.balance(BEIJING, partners[1], serial)["available"] == FACE
    _, third = project.ordered(partners[2])

    assert [project.redeemed(partners[0], first, "10000000"), project.redeemed(partners[2], third, "10000000")] == [too_few(2)] * 2


def test_who_leaves_three_loses_its_voucher_and_the_others_go_on(town, lab, joint, partners):
    project = Project(town, lab, joint)
    held = [project.ordered(firm) for firm in partners]
    serial, leaving = held[1]
    document = release_document(town, leaving, lab)

    alone = town.submit("/v1/releases", lab, {"typed_data": document, "lab_signature": signature(town, document, lab)})
    assert left(town, partners[1], lab, leaving) == "RELEASED"

    assert alone.code == "NotSignedBy", "the lab alone makes no partner leave"
    assert town.balance(BEIJING, partners[1], serial) == {"available": "0", "reserved": "0", "redeemed": "0", "lapsed": FACE}
    assert [project.redeemed(partners[at], held[at][1], "10000000") for at in (0, 2)] == ["REDEEMED"] * 2


def test_one_firm_under_three_keys_is_one_partner(town, lab, joint, partners):
    firm, project = partners[0], Project(town, lab, joint)
    give_api_key(town, firm)
    orders = [project.ordered(firm)[1]]
    for number in (2, 3):
        successor = new_key_file(town.world.directory / "parties", f"{firm.key}-{number}")
        desk = town.desk(BEIJING, firm.key)
        prepared = desk.post("/v1/rotations/prepare", {"signer": successor.account.address})
        assert desk.post("/v1/rotations/submit", {"raw": raw_of(town, prepared["transaction"], firm)})["outcome"] == "ROTATED"
        town.world.parties[firm.key] = successor
        orders.append(project.ordered(firm)[1])

    assert [project.redeemed(firm, order, "10000000") for order in orders] == [too_few(1)] * 3
