"""Who is paid, and by whom: Tianjin pays the firm, Hebei the lab at home and the firm elsewhere, and only the issuing region pays."""

from typing import Any

from scripts.demonstration.cast import BEIJING, HEBEI, SHANGHAI, TIANJIN, FirmCast, LabCast
from scripts.demonstration.scene import Got, Scene, against, invoice_of, named, refusal, stage_of

FIRST_GRANT = "3000000"
CAP = "10000000"


def tianjin(scene: Scene) -> Got:
    """AT-06."""
    firm, other, lab = scene.firm("firm-tianjin"), scene.firm("firm-tianjin-2"), scene.lab("lab-tianjin")
    rows = [(firm.company_code, "TJ-2019-0001"), (other.company_code, "TJ-2019-0002")]
    yield "issue", scene.issue(TIANJIN, rows, face=CAP, denomination="1").status
    at_lab, voucher = scene.desk(TIANJIN, lab.key), named(firm, "TJ-2019-0001")
    costs = ("800000", "20000000", "26000000")
    yield "quotes", {cost: at_lab.post("/v1/quotes", {"voucher": voucher, "cost": cost})["subsidy"] for cost in costs}

    reserved = scene.reserve(firm, lab, serial="TJ-2019-0001", amount="400000")
    order = reserved["order_id"]
    yield "reserve", {"stage": stage_of(reserved), "paid_to": _paid_to(scene, order, firm, lab)}
    signed = scene.filing(order, firm, lab, cost="800000", number=19_0601)
    yield "without_the_firm", _brought_without(scene, signed, firm, lab, paid="firm")
    yield "redeem", stage_of(scene.submit("/v1/redemptions", lab, signed))
    yield "finish", scene.finish(order, TIANJIN, first_review=TIANJIN, reference="TJ-PAY-001")

    order = scene.reserve(other, lab, serial="TJ-2019-0002", amount=CAP)["order_id"]
    redeemed = scene.redeem(order, other, lab, cost="26000000", number=19_0602)
    finished = scene.finish(order, TIANJIN, first_review=TIANJIN, reference="TJ-PAY-002")
    yield "capped", [stage_of(redeemed), *finished]
    yield "paid", [scene.desk(TIANJIN, "payer").get(f"/v1/orders/{each}")["subsidy"] for each in _orders(scene, TIANJIN)]


def hebei_at_home_and_away(scene: Scene) -> Got:
    """AT-08."""
    firm, serial = scene.firm("firm-hebei"), "HE-2016-0001"
    yield "issue", scene.issue(HEBEI, [(firm.company_code, serial)], face=FIRST_GRANT, denomination="1").status
    places = (("home", "lab-hebei", "lab", 16_0801), ("away", "lab-beijing", "firm", 16_0802))
    for where, key, paid, number in places:
        lab = scene.lab(key)
        reserved = scene.reserve(firm, lab, serial=serial, amount="400000")
        order = reserved["order_id"]
        stages = [stage_of(reserved), *([scene.review("approve", HEBEI, "reviewer-1", order)] if where == "away" else [])]
        yield f"{where}_reserve", {"stages": stages, "paid_to": _paid_to(scene, order, firm, lab)}
        signed = scene.filing(order, firm, lab, cost="800000", number=number)
        yield f"{where}_without_the_paid", _brought_without(scene, signed, firm, lab, paid=paid)
        redeemed = stage_of(scene.submit("/v1/redemptions", lab, signed))
        yield f"{where}_finish", [redeemed, *scene.finish(order, HEBEI, reference=f"HE-PAY-{where}")]


def hebei_in_beijing(scene: Scene) -> Got:
    """AT-11."""
    firm, lab, serial = scene.firm("firm-hebei"), scene.lab("lab-beijing"), "HE-2016-0001"
    reserved = scene.reserve(firm, lab, serial=serial, amount="500000")
    yield "reserve", stage_of(reserved)
    order = reserved["order_id"]
    early = scene.prepare_redemption(order, lab, cost="1000000", contract="C-161101", invoice=invoice_of(lab, 16_1101))
    yield "before_approval", refusal(early) | {"stage": scene.desk(HEBEI, "reviewer-1").get(f"/v1/orders/{order}")["stage"]}
    yield "approve", scene.review("approve", HEBEI, "reviewer-1", order)
    signed = scene.filing(order, firm, lab, cost="1000000", number=16_1101)
    claimed = scene.desk(HEBEI, firm.key).post("/v1/redemptions", signed)
    yield "redeem", {"stage": stage_of(claimed), "paid_to": _paid_to(scene, order, firm, lab)}
    yield "accept", scene.review("accept", HEBEI, "reviewer-1", order)

    before = scene.pool(HEBEI), scene.pool(BEIJING)
    refused = scene.desk(BEIJING, "payer").post("/v1/orders/settle", {"orders": [order], "payment_reference": "HE-PAY-11"})
    yield "beijing_settles", refusal(refused, "region")
    yield "hebei_settles", scene.review("settle", HEBEI, "payer", order, payment_reference="HE-PAY-11")
    paid = int(scene.pool(HEBEI)["paid"]) - int(before[0]["paid"])
    yield "money", {"hebei_paid": str(paid), "beijing_unchanged": scene.pool(BEIJING) == before[1]}


def tranche(scene: Scene) -> Got:
    """AT-07. By now AT-08 and AT-11 have redeemed 13,000 of the first 30,000 yuan."""
    firm, lab, serial = scene.firm("firm-hebei"), scene.lab("lab-hebei"), "HE-2016-0001"
    rows = [(firm.company_code, "HE-2016-0002")]
    for key, amount, cost, number in (("half", "200000", "400000", 16_0701), ("one_fen_more", "1", "2", 16_0702)):
        order = scene.reserve(firm, lab, serial=serial, amount=amount)["order_id"]
        redeemed = stage_of(scene.redeem(order, firm, lab, cost=cost, number=number))
        checked = scene.issue(HEBEI, rows, face=FIRST_GRANT, denomination="1", check=True)
        yield key, {"stage": redeemed, "used": scene.balance(HEBEI, firm, serial)["redeemed"], "against": against(checked)}
    for key, face in (("to_100_000", "7000000"), ("over_100_000", "7000001")):
        yield key, against(scene.issue(HEBEI, rows, face=face, denomination="1", check=True))
    yield "second_grant", scene.issue(HEBEI, rows, face=FIRST_GRANT, denomination="1").status


def _paid_to(scene: Scene, order: str, firm: FirmCast, lab: LabCast) -> list[str]:
    """Who is paid, as firm, lab and the issuing region's payer are told, each by its own gateway."""
    lookers = ((firm.region, firm.key), (lab.region, lab.key), (firm.region, "payer"))
    return [scene.desk(*each).get(f"/v1/orders/{order}")["paid_to"] for each in lookers]


def _brought_without(scene: Scene, signed: dict[str, Any], firm: FirmCast, lab: LabCast, *, paid: str) -> list[dict[str, Any]]:
    """
    What comes of a redemption that only the party signed that is not paid; of each refusal, whose signature it misses.

    Brought by the firm, the lab, another region's lab, and by the issuing region's reviewer who stands in.
    """
    other = signed["lab_signature" if paid == "firm" else "firm_signature"]
    alone = signed | {f"{paid}_signature": other}
    bringers = ((firm.region, firm.key), (lab.region, lab.key), (SHANGHAI, "lab-shanghai"))
    answers = [scene.desk(*each).post("/v1/redemptions", alone) for each in bringers]
    instead = {"typed_data": signed["typed_data"], "signature": other, "reason": "样例 sample"}
    answers.append(scene.desk(firm.region, "reviewer-1").post("/v1/redemptions/stand-in", instead))
    parties = {scene.signer(firm): "firm", scene.signer(lab): "lab"}
    return [refusal(answer) | {"missing": parties.get(answer.body.get("values", {}).get("signer", ""))} for answer in answers]


def _orders(scene: Scene, region: int) -> list[str]:
    return [each["order_id"] for each in scene.desk(region, "payer").get("/v1/orders", stage="SETTLED")["orders"]]
