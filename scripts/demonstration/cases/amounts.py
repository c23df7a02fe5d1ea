"""Whole fen, and the partners of a joint voucher (联合券)."""

from scripts.demonstration.cases.issuing import PRE_ISSUED, TOP_UP
from scripts.demonstration.cases.more import JOINT
from scripts.demonstration.cast import BEIJING, CHANGXING, SHANGHAI
from scripts.demonstration.scene import Got, Scene, chosen, named, refusal, stage_of

PROJECT = "联合研发 2019-01"


def joint(scene: Scene) -> Got:
    """AT-21. Three firms, one project of the first of them, one lab; each on its own whole voucher."""
    firms, lab = [scene.firm(key) for key in ("firm-beijing", "firm-beijing-2", "firm-beijing-3")], scene.lab("lab-beijing")
    serials = [f"BJ-LH-000{number}" for number in (1, 2, 3)]
    rows = [(firm.company_code, serial) for firm, serial in zip(firms, serials, strict=True)]
    yield "issue", scene.issue(BEIJING, rows, face="5000000", denomination="5000000", sample=JOINT).status

    lead = named(firms[0], serials[0])
    orders = []

    def ordered(at: int) -> list[str]:
        shared = {} if at == 0 else {"lead": lead}
        reserved = scene.reserve(firms[at], lab, serial=serials[at], amount="5000000", project=PROJECT, **shared)
        orders.append(reserved["order_id"])
        return [stage_of(reserved), scene.review("approve", BEIJING, "reviewer-1", orders[at])]

    yield "two_order", [ordered(0), ordered(1)]
    signed = [scene.filing(orders[at], firms[at], lab, cost="10000000", number=19_2101 + at) for at in (0, 1)]
    yield "two_redeem", [refusal(scene.submit("/v1/redemptions", lab, each), "partners", "minPartners") for each in signed]
    yield "third_orders", ordered(2)
    signed.append(scene.filing(orders[2], firms[2], lab, cost="10000000", number=19_2103))
    yield "three_redeem", [stage_of(scene.submit("/v1/redemptions", lab, each)) for each in signed]
    yield "finish", [scene.finish(each, BEIJING, reference="SAMPLE-PAY-002") for each in orders]


def whole_fen(scene: Scene) -> Got:
    """AT-22. 60 % of 8,000.01 yuan is 4,800.006."""
    firm, lab, cost = scene.firm(TOP_UP), scene.lab("lab-shanghai"), "800001"
    quoted = scene.desk(SHANGHAI, lab.key).post("/v1/quotes", {"voucher": named(firm, PRE_ISSUED), "cost": cost})
    yield "quote", chosen(quoted.body, "subsidy", "amount", "lapses", "firm_pays")
    reserved = scene.reserve(firm, lab, serial=PRE_ISSUED, amount=quoted["amount"])
    yield "reserve", stage_of(reserved)
    order = reserved["order_id"]
    more = scene.redeem(order, firm, lab, cost=cost, number=19_2201, subsidy="480001")
    yield "one_fen_more", refusal(more, "most", "subsidy")
    yield "redeem", stage_of(scene.redeem(order, firm, lab, cost=cost, number=19_2201))
    yield "finish", scene.finish(order, CHANGXING, first_review=SHANGHAI, reference="CX-PAY-2019-001")
