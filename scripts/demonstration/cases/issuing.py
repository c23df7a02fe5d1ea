"""Issuing: one list for all firms, top-ups, the last second of a voucher, and a firm that is enrolled after review."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
from eth_account import Account

from scripts.demonstration.cast import ABOVE_SCALE, BEIJING, CHANGXING, SCI_TECH, SHANGHAI, sample_code
from scripts.demonstration.scene import YEAR, Got, Scene, against, chosen, named, pages, refusal

FIRMS = 233
FACE, NOTE = "1000000", "100000"
AT_ONCE = 8
TEN_MINUTES = 600

TOP_UP = "firm-top-up"
PRE_ISSUED = "CX-PRE-0001"
"""The serial of the firm that is topped up; of 10,000 yuan, like all that are issued beforehand."""


def one_list_for_all(scene: Scene) -> Got:
    """AT-02. All firms but the one that later cases need sign nothing here: their keys are made, enrolled and forgotten."""
    desk, named_firm = scene.desk(CHANGXING, "directory"), scene.firm(TOP_UP)
    signers = {named_firm.company_code: scene.signer(named_firm)}
    signers |= {sample_code(CHANGXING, 300 + number): Account.create().address for number in range(1, FIRMS)}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        enrolled = list(pool.map(lambda each: desk.post("/v1/firms", {"firm": each[0], "signer": each[1]}), signers.items()))
    yield "enrolled", sum(answer.status == httpx.codes.CREATED for answer in enrolled)
    stated = desk.post("/v1/firm-facts", {"firms": [{"firm": code, **SCI_TECH} for code in signers]})
    yield "stated", stated["stated"]

    rows = [(code, f"CX-PRE-{number:04}") for number, code in enumerate(signers, start=1)]
    last = scene.now + YEAR
    checked = scene.issue(CHANGXING, rows, face=FACE, denomination=NOTE, last=last, check=True)
    yield "dry_run", chosen(checked.body, "rows", "bad")
    first = scene.issue(CHANGXING, rows, face=FACE, denomination=NOTE, last=last)
    yield "issue", {"status": first.status, "vouchers": len(first["vouchers"]), "repeated": first["repeated"]}

    ids = {each["voucher_id"] for each in first["vouchers"]}
    listed = pages(scene.desk(CHANGXING, "issuer"), "/v1/vouchers", "vouchers", programme=scene.programmes[CHANGXING], limit=1000)
    seen = [each for each in listed if each["voucher_id"] in ids]
    notes = sum(int(each["available"]) // int(each["denomination"]) for each in seen)
    yield "notes", {"notes": notes, "fen": str(sum(int(each["available"]) for each in seen))}

    before = len(scene.events())
    again = scene.issue(CHANGXING, rows, face=FACE, denomination=NOTE, last=last)
    same = again["transaction"] == first["transaction"] and again["vouchers"] == first["vouchers"]
    yield "again", {"status": again.status, "repeated": again["repeated"], "same": same, "events": len(scene.events()) - before}


def top_ups(scene: Scene) -> Got:
    """AT-03. The chain knows no yearly cap: it is the region's own policy, which its gateway carries out by the programme's file."""
    firm = scene.firm(TOP_UP)
    topped = scene.issue(CHANGXING, [(firm.company_code, f"CX-ADD-{number:04}") for number in range(1, 10)], face=FACE, denomination=NOTE)
    yield "top_ups", {"status": topped.status, "vouchers": len(topped["vouchers"])}
    own = pages(scene.desk(CHANGXING, firm.key), "/v1/vouchers", "vouchers")
    yield "total", {"vouchers": len(own), "fen": str(sum(int(each["face"]) for each in own))}
    refused = scene.issue(CHANGXING, [(firm.company_code, "CX-ADD-0010")], face=NOTE, denomination=NOTE)
    yield "next_note", {"code": refused.code, "against": against(refused)}


def last_second(scene: Scene) -> Got:
    """AT-04. The chain's clock is turned on to the last second of a voucher, and then to the next."""
    firm, lab, serial = scene.firm("firm-changxing"), scene.lab("lab-shanghai"), "CX-2013-0004"
    last = scene.node.timestamp() + TEN_MINUTES
    issued = scene.issue(CHANGXING, [(firm.company_code, serial)], face=FACE, denomination=NOTE, last=last)
    yield "issue", issued.status
    at_lab, question = scene.desk(SHANGHAI, lab.key), {"voucher": named(firm, serial), "amount": NOTE}
    before = scene.balance(CHANGXING, firm, serial), scene.pool(CHANGXING)
    for key, at in (("last_second", last), ("next_second", last + 1)):
        scene.node.set_time(at)
        answer = at_lab.post("/v1/verifications", question)
        late, reasons = answer["block"]["time"] - last, [each["code"] for each in answer["reasons"]]
        yield key, {"seconds_late": late, "status": answer["status"], "reasons": reasons}

    refused = scene.reserve(firm, lab, serial=serial, amount=NOTE)
    told = refusal(refused, "useBy")
    yield "reserve", told | {"useBy": told["useBy"] - last}
    yield "balance", scene.balance(CHANGXING, firm, serial)
    yield "nothing_changed", (scene.balance(CHANGXING, firm, serial), scene.pool(CHANGXING)) == before


def after_review(scene: Scene) -> Got:
    """AT-20. A review is put on record by the firm's home region."""
    firm, rows = scene.firm("firm-above-scale"), [(scene.firm("firm-above-scale").company_code, "CX-REV-0001")]
    yield "enrol", scene.enrol(firm).status
    scene.state(CHANGXING, [firm])
    yield "without_review", against(scene.issue(CHANGXING, rows, face=FACE, denomination=NOTE))
    scene.desk(CHANGXING, "directory").post("/v1/firm-facts", {"firms": [{"firm": firm.company_code, **ABOVE_SCALE, "reviewed": True}]})
    yield "issue", scene.issue(CHANGXING, rows, face=FACE, denomination=NOTE).status

    at_lab = scene.desk(SHANGHAI, "lab-shanghai")
    asked = [named(firm, "CX-REV-0001"), named(scene.firm(TOP_UP), PRE_ISSUED)]
    quotes = [at_lab.post("/v1/quotes", {"voucher": voucher, "cost": "800000"}).body for voucher in asked]
    own, other = (chosen(each, "subsidy", "amount", "lapses", "firm_pays") for each in quotes)
    yield "quote", own
    yield "same_terms", own == other


def beijing_edges(scene: Scene) -> Got:
    """AT-09. One firm whose facts are stated anew each time; whether 10,000,000 yuan of revenue is in, the programme's file says."""
    code = sample_code(BEIJING, 90)
    edge = {"who": "FIRM", "registered_here": True, "staff": 100, "revenue": "1000000000", "capital": "2000000000"}
    changed: dict[str, dict[str, Any]] = {
        "at_the_edge": {},
        "staff": {"staff": 101},
        "capital": {"capital": "2000000001"},
        "revenue": {"revenue": "1000000001"},
        "team": {"who": "TEAM", "marks": {"开展实际研发的大学生团队": None}},
    }
    for key, facts in changed.items():
        scene.desk(BEIJING, "directory").post("/v1/firm-facts", {"firms": [{"firm": code, **edge, **facts}]})
        asked = scene.desk(BEIJING, "issuer").post(f"/v1/programmes/{scene.programmes[BEIJING]}/eligibility", {"firm": code})
        ways = [[each["rule"] for each in way if each["verdict"] != "HOLDS"] for way in asked["ways"]]
        yield key, {"verdict": asked["verdict"], "against": min(ways, key=len)}
