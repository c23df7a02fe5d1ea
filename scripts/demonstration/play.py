"""
The cases that every demonstration plays, step by step, as lab, firm, issuer, reviewer, payer and auditor.

Each case is a generator: it acts, and yields a step's key with what was got. What must come out stands in `expected`. The cases that
only `--all` plays stand in `scripts.demonstration.cases`.
"""

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from registry import Node
from registry.audit import replay
from registry.client import events_of
from scripts.demonstration.cast import BEIJING, CHANGXING, FIRMS, KUNSHAN, LABS, SHANGHAI
from scripts.demonstration.desks import Answer
from scripts.demonstration.scene import Case, Got, Scene, chosen, named, refusal, stage_of

PROGRAMME_FILES = {CHANGXING: "changxing-2013", KUNSHAN: "kunshan-2018", BEIJING: "beijing-2018"}

# Samples. The invoices' codes name 2013 and 2018 as their years.
INVOICE_2013 = {"code": "3100131320", "number": "00131219"}
INVOICE_2018 = {"code": "3100181320", "number": "00181201"}


def setup(scene: Scene) -> Got:
    """Programmes, directory, recognition, pools."""
    opened = {region: scene.open(region, name) for region, name in PROGRAMME_FILES.items()}
    yield "programmes", {str(region): answer.status for region, answer in opened.items()}
    yield "policy_hashes_differ", len({answer["policy_hash"] for answer in opened.values()}) == len(opened)

    labs, firms = [scene.admit(lab) for lab in LABS], [scene.enrol(firm) for firm in FIRMS]
    for region in PROGRAMME_FILES:
        scene.state(region, [firm for firm in FIRMS if firm.region == region])
    shanghai = scene.lab_id(scene.lab("lab-shanghai"))
    recognised = {CHANGXING: [scene.lab_id(lab) for lab in LABS], KUNSHAN: [shanghai], BEIJING: [shanghai]}
    for region, subjects in recognised.items():
        scene.recognise(region, *subjects)
    trail = [event["name"] for event in scene.events()]
    done = {"labs": sum(answer.status == httpx.codes.CREATED for answer in labs)}
    done |= {"firms": sum(answer.status == httpx.codes.CREATED for answer in firms), "recognitions": trail.count("Recognised")}
    yield "directory", done

    scene.fund(CHANGXING, "10000000", "CX-2013-001")
    scene.fund(BEIJING, "50000000", "BJ-2018-001")
    yield "pools", {str(region): scene.pool(region)["funded"] for region in (CHANGXING, BEIJING)}


def changxing_in_shanghai(scene: Scene) -> Got:
    """AT-01."""
    firm, lab = scene.firm("firm-changxing"), scene.lab("lab-shanghai")
    good = [(firm.company_code, f"CX-2013-{number:04}") for number in (1, 2, 3)]
    wrong_digit = firm.company_code[:-1] + ("0" if firm.company_code[-1] != "0" else "1")
    bad = [(wrong_digit, "CX-2013-0004"), good[0], (scene.firm("firm-kunshan").company_code, "CX-2013-0005")]
    face, denomination = "1000000", "100000"

    checked = scene.issue(CHANGXING, [*good[:2], *bad], face=face, denomination=denomination, check=True)
    issued = sum(event["name"] == "Issued" for event in scene.events())
    rows = [[row["line"], row["code"]] for row in checked["bad"]]
    yield "dry_run", {"rows": checked["rows"], "bad": rows, "issued": issued}
    answer = scene.issue(CHANGXING, good, face=face, denomination=denomination)
    yield "issue", {"status": answer.status, "vouchers": len(answer["vouchers"])}

    at_lab, facts = scene.desk(SHANGHAI, lab.key), named(firm, "CX-2013-0001")
    answer = at_lab.post("/v1/verifications", {"voucher": facts, "amount": "500000"})
    yield "verify", {"status": answer["status"], "reasons": answer["reasons"], "available": answer["voucher"]["available"]}
    quoted = at_lab.post("/v1/quotes", {"voucher": facts, "cost": "800000"})
    yield "quote", chosen(quoted.body, "subsidy", "amount", "lapses", "firm_pays")

    at_firm = scene.desk(CHANGXING, firm.key)
    answer = at_firm.post("/v1/verifications", {"voucher": facts, "amount": quoted["amount"], "lab": scene.lab_id(lab)})
    yield "firm_verifies", {"status": answer["status"], "reasons": answer["reasons"], "available": answer["voucher"]["available"]}
    signed = scene.order(firm, lab, serial="CX-2013-0001", project="薄膜成分检测 2013-12", amount=quoted["amount"])
    answer = scene.submit("/v1/orders", lab, signed)
    yield "reserve", stage_of(answer)
    order = answer["order_id"]
    signed = scene.redemption(order, firm, lab, cost="800000", contract="SH-2013-1219", invoice=INVOICE_2013)
    answer = scene.submit("/v1/redemptions", lab, signed)
    yield "redeem", stage_of(answer)
    yield "endorse", scene.review("endorse", SHANGHAI, "reviewer-1", order)
    yield "accept", scene.review("accept", CHANGXING, "reviewer-1", order)
    yield "settle", scene.review("settle", CHANGXING, "payer", order, payment_reference="CX-PAY-2013-001")
    own = at_firm.get(f"/v1/orders/{order}")
    yield "firm_sees", chosen(own.body, "cost", "subsidy", "paid_to") | {"history": [event["name"] for event in own["history"]]}
    yield "balance", scene.balance(CHANGXING, firm, "CX-2013-0001")

    lookers = {CHANGXING: "reviewer-1", KUNSHAN: "lab-kunshan", SHANGHAI: "lab-shanghai", BEIJING: "lab-beijing"}
    seen = {region: scene.voucher(region, firm, "CX-2013-0001", caller) for region, caller in lookers.items()}
    dead = {str(region): [[span["first"], span["last"]] for span in found["used_notes"]] for region, found in seen.items()}
    yield "dead_notes", dead
    beijing = scene.lab("lab-beijing")
    again = scene.order(firm, beijing, serial="CX-2013-0001", project="薄膜成分检测 2013-12", amount="600000")
    yield "dead_notes_refused", refusal(scene.submit("/v1/orders", beijing, again), "available", "amount")


def three_at_once(scene: Scene) -> Got:
    """AT-12."""
    firm = scene.firm("firm-changxing")
    signed = [scene.order(firm, lab, serial="CX-2013-0002", project="P-12", amount="1000000") for lab in LABS]
    together = threading.Barrier(len(LABS))

    def submit(at: int) -> Answer:
        together.wait()
        return scene.submit("/v1/orders", LABS[at], signed[at])

    with ThreadPoolExecutor(len(LABS)) as pool:
        answers = list(pool.map(submit, range(len(LABS))))
    won = [at for at, answer in enumerate(answers) if answer.status == httpx.codes.CREATED]
    refused = [answer for answer in answers if answer.status == httpx.codes.CONFLICT]
    yield "three_at_once", {"won": len(won), "refused": len(refused)}

    winner = scene.desk(LABS[won[0]].region, LABS[won[0]].key).get(f"/v1/orders/{answers[won[0]]['order_id']}")
    ids = [scene.lab_id(lab)[2:] for lab in LABS]
    told = []
    for answer in refused:
        held = answer["values"]["held"]
        told.append(
            refusal(answer, "available")
            | {
                "region_is_the_winners": [each["region"] for each in held] == [winner["lab_region"]],
                "since_is_the_winners": [each["since"] for each in held] == [winner["history"][0]["time"]],
                "names_a_lab": any(each in str(answer.body) for each in ids),
            }
        )
    yield "refusals", told
    found = scene.voucher(CHANGXING, firm, "CX-2013-0002")
    yield "held_once", chosen(found, "available", "reserved") | {"orders": len(found["held"])}


def one_invoice_twice(scene: Scene) -> Got:
    """The invoice of AT-01, once more, on a voucher of another region."""
    firm, lab = scene.firm("firm-beijing"), scene.lab("lab-shanghai")
    scene.issue(BEIJING, [(firm.company_code, "BJ-2018-0001")], face="50000000", denomination="1")
    signed = scene.order(firm, lab, serial="BJ-2018-0001", project="P-1", amount="720000")
    answer = scene.submit("/v1/orders", lab, signed)
    yield "reserve", stage_of(answer)
    order = answer["order_id"]
    yield "approve", scene.review("approve", BEIJING, "reviewer-1", order)

    def now() -> tuple[Any, ...]:
        stage = scene.desk(BEIJING, "reviewer-1").get(f"/v1/orders/{order}")["stage"]
        return scene.balance(BEIJING, firm, "BJ-2018-0001"), stage, scene.pool(BEIJING), len(scene.events())

    signed = scene.redemption(order, firm, lab, cost="800000", contract="SH-2018-0001", invoice=INVOICE_2013)
    before = now()
    refused = scene.submit("/v1/redemptions", lab, signed)
    yield "second_claim", refusal(refused, "amount", "claimed", "cost")
    yield "nothing_changed", now() == before


def hotline(scene: Scene) -> Got:
    """AT-18."""
    firm, desk = scene.firm("firm-changxing"), scene.desk(SHANGHAI, "lab-shanghai")

    def ask(serial: str, project: str) -> dict[str, Any]:
        answer = desk.post("/v1/facts", {"voucher": named(firm, serial), "project": project})
        return chosen(answer.body, "enterprise", "serial", "project")

    yield "right_project", ask("CX-2013-0001", "薄膜成分检测 2013-12")
    yield "wrong_project", ask("CX-2013-0001", "P-99")
    yield "unused_voucher", ask("CX-2013-0003", "P-99")
    yield "wrong_serial", ask("CX-2013-9999", "P-99")


def kunshan_pool(scene: Scene) -> Got:
    """AT-05."""
    firm, lab, serial = scene.firm("firm-kunshan"), scene.lab("lab-shanghai"), "KS-2018-0001"
    scene.issue(KUNSHAN, [(firm.company_code, serial)], face="30000000", denomination="30000000")
    scene.fund(KUNSHAN, "29999999", "KS-2018-001")
    yield "pool_one_fen_short", scene.pool(KUNSHAN)

    signed = scene.order(firm, lab, serial=serial, project="P-1", amount="30000000")
    before = scene.voucher(KUNSHAN, firm, serial), scene.pool(KUNSHAN), len(scene.events())
    refused = scene.submit("/v1/orders", lab, signed)
    yield "refused_before_service", refusal(refused, "free", "amount")
    yield "nothing_changed", (scene.voucher(KUNSHAN, firm, serial), scene.pool(KUNSHAN), len(scene.events())) == before

    scene.fund(KUNSHAN, "1", "KS-2018-002")
    yield "pool_enough", scene.pool(KUNSHAN)
    answer = scene.submit("/v1/orders", lab, signed)
    yield "reserve", stage_of(answer)
    order = answer["order_id"]
    signed = scene.redemption(order, firm, lab, cost="30000000", contract="KS-2018-1201", invoice=INVOICE_2018)
    answer = scene.submit("/v1/redemptions", lab, signed)
    yield "redeem", stage_of(answer)
    yield "accept", scene.review("accept", KUNSHAN, "reviewer-1", order)
    yield "settle", scene.review("settle", SHANGHAI, "payer", order, payment_reference="SH-CLEAR-2018-001")
    yield "pool_after", scene.pool(KUNSHAN)


def audit(scene: Scene) -> Got:
    """The auditor trusts no gateway: everything again, from the node alone."""
    node, deployment = Node(scene.world.node_url), scene.world.deployment
    found = scene.audit = replay(node, deployment)
    yield "replay", {"differences": len(found.differences), "breaches": len(found.breaches)}
    yield "counts", {"vouchers": found.vouchers, "orders": found.orders}
    yield "fen", {"issued": str(found.issued), "redeemed": str(found.redeemed), "settled": str(found.settled)}
    logs = node.logs(deployment.block, found.block, list(deployment.contracts))
    seen = [
        (log.block, "0x" + log.transaction.hex(), type(event).__name__)
        for log, event in zip(logs, events_of(logs, deployment), strict=True)
    ]
    yield "gateway_trail_is_the_same", seen == [(event["block"], event["transaction"], event["name"]) for event in scene.events()]


CASES: Mapping[str, Case] = {
    "SETUP": setup,
    "AT-01": changxing_in_shanghai,
    "AT-12": three_at_once,
    "INVOICE": one_invoice_twice,
    "AT-18": hotline,
    "AT-05": kunshan_pool,
    "AUDIT": audit,
}
"""In the order of playing; later cases build on earlier ones."""
