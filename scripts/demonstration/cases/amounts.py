"""Slices, whole fen, and the partners of a joint voucher (联合券)."""

from scripts.demonstration.cases.issuing import PRE_ISSUED, TOP_UP
from scripts.demonstration.cases.more import JOINT
from scripts.demonstration.cast import BEIJING, CHANGXING, SHANGHAI
from scripts.demonstration.scene import Got, Scene, against, chosen, named, refusal, stage_of

PROJECT = "联合研发 2019-01"

# Fen: before, at and after each limit of Beijing's slices, and far beyond the last.
LIMITS = (30_000_000, 50_000_000, 80_000_000)
COSTS = (1, *(limit + more for limit in LIMITS for more in (-100, 0, 1, 100)), 900_000_000)


def slices(scene: Scene) -> Got:
    """AT-10. What a cost gets follows the slices without a jump, and what a yuan more gets never rises."""
    firm, serial, at_lab = scene.firm("firm-beijing-3"), "BJ-2018-1001", scene.desk(BEIJING, "lab-beijing")
    yield "issue", scene.issue(BEIJING, [(firm.company_code, serial)], face="50000000", denomination="1").status
    asked = {cost: {"voucher": named(firm, serial), "cost": str(cost)} for cost in COSTS}
    subsidies = {cost: int(at_lab.post("/v1/quotes", each)["subsidy"]) for cost, each in asked.items()}
    yield "quotes", {str(cost): str(subsidy) for cost, subsidy in subsidies.items()}
    yield "a_yuan_more", [[subsidies[limit] - subsidies[limit - 100], subsidies[limit + 100] - subsidies[limit]] for limit in LIMITS]
    yield "no_jump", [subsidies[limit + 1] - subsidies[limit] for limit in LIMITS]
    more = scene.issue(BEIJING, [(firm.company_code, "BJ-2018-1002")], face="1", denomination="1", check=True)
    yield "one_fen_over_the_cap", against(more)


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
