"""Where a voucher may be used: labs and items that its issuing region recognises."""

from typing import Any

from scripts.demonstration.cases.issuing import PRE_ISSUED, TOP_UP
from scripts.demonstration.cases.more import ITEMISED
from scripts.demonstration.cast import BEIJING, CHANGXING, SHANGHAI, FirmCast, LabCast
from scripts.demonstration.scene import Got, Scene, named, stage_of


def local_only(scene: Scene) -> Got:
    """AT-13. A lab that is admitted in Beijing and recognised by no other region."""
    lab, at_home, across = scene.lab("lab-beijing-local"), scene.firm("firm-beijing-2"), scene.firm("firm-hebei")
    scene.issue(BEIJING, [(at_home.company_code, "BJ-2018-0002")], face="50000000", denomination="1")
    yield "local", _tried(scene, at_home, lab, serial="BJ-2018-0002", amount="720000")
    yield "across", _tried(scene, across, lab, serial="HE-2016-0001", amount="400000")


def by_item(scene: Scene) -> Got:
    """AT-14. Changxing recognises the lab, and of its two instruments one."""
    firm, lab, serial = scene.firm("firm-changxing"), scene.lab("lab-shanghai"), "SAMPLE-0001"
    codes = ["SH-YQ-06789", "SH-YQ-06790"]
    listed = scene.desk(SHANGHAI, "directory").post(f"/v1/labs/{scene.lab_id(lab)}/items", {"codes": codes})
    yield "listed", {"items": len(listed["items"]), "recognised": scene.recognise(CHANGXING, listed["items"][0]).status}
    yield "issue", scene.issue(CHANGXING, [(firm.company_code, serial)], face="5000000", denomination="1", sample=ITEMISED).status

    asked = {"serial": serial, "amount": "500000"}
    yield "no_item", _tried(scene, firm, lab, **asked)
    yield "not_eligible", _tried(scene, firm, lab, **asked, item=codes[1], item_id=listed["items"][1])
    reserved = scene.reserve(firm, lab, **asked, item=codes[0])
    yield "eligible", stage_of(reserved)
    redeemed = scene.redeem(reserved["order_id"], firm, lab, cost="1000000", number=19_1401)
    finished = scene.finish(reserved["order_id"], CHANGXING, first_review=SHANGHAI, reference="SAMPLE-PAY-001")
    yield "finish", [stage_of(redeemed), *finished]


def without_agreement(scene: Scene) -> Got:
    """AT-15. Changxing recognises the labs that signed the three-party agreement, and no others."""
    firm = scene.firm(TOP_UP)
    yield "without", _tried(scene, firm, scene.lab("lab-shanghai-unsigned"), serial=PRE_ISSUED, amount="500000")
    answer = scene.desk(SHANGHAI, "lab-shanghai").post("/v1/verifications", {"voucher": named(firm, PRE_ISSUED), "amount": "500000"})
    yield "with", answer["status"]


def _tried(
    scene: Scene, firm: FirmCast, lab: LabCast, *, serial: str, amount: str, item: str | None = None, item_id: str | None = None
) -> dict[str, Any]:
    """What verification says, and what then comes of the order; of a refusal which region, and whether it names the lab or the item."""
    asked = {"voucher": named(firm, serial), "amount": amount} | ({"item": item} if item else {})
    verified = scene.desk(lab.region, lab.key).post("/v1/verifications", asked)
    reserved = scene.reserve(firm, lab, serial=serial, amount=amount, **({"item": item} if item else {}))
    told = {"status": verified["status"], "reasons": [each["code"] for each in verified["reasons"]], "order": stage_of(reserved)}
    if reserved.code is None:
        return told
    subjects = {scene.lab_id(lab): "lab", item_id: "item"}
    named_by = [reserved["values"], *(each["values"] for each in verified["reasons"])]
    names = {subjects.get(each.get("subject") or each.get("lab")) for each in named_by}
    return told | {"region": reserved["values"].get("region"), "names": sorted(str(each) for each in names)}
