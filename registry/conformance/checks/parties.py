"""Labs, items and firms of the candidate, and the partner's: admit, renew, list, enrol, recognise, withdraw, and a lab's standing."""

from registry.codec import id_of
from registry.conformance.cast import PARTNER
from registry.conformance.desks import Answer, refused
from registry.conformance.stage import DAY, Stage, id_in
from registry.conformance.table import Seen, check
from registry.getters import FIRM, LAB, RECOGNITION
from registry.model import Firm, Item, Lab, Time

_YEAR = 365 * DAY
ITEM = "GC-MS-1"


def _admit(stage: Stage, name: str) -> Answer:
    codes = stage.rehearsal.codes
    asked = {"code": codes.labs[name], "host_unit": codes.companies[name], "signer": stage.account(name).address}
    return stage.desk("directory").post("/v1/labs", asked | {"qualified_until": stage.now + _YEAR})


def _enrol(stage: Stage, name: str) -> Answer:
    asked = {"firm": stage.rehearsal.codes.companies[name], "signer": stage.account(name).address}
    return stage.desk("directory").post("/v1/firms", asked)


@check("admit.lab", "admit", "服务机构入库，编号由代码得出", "Labs are admitted under the ids of their codes", events=("LabAdmitted",) * 2)
def admitted(stage: Stage) -> Seen:
    """One to work with, one to try the directory on."""
    got = [_admit(stage, name).told("id") for name in ("lab", "lab-spare")]
    signers = [stage.read(LAB, stage.rehearsal.lab_id(name)).signer for name in ("lab", "lab-spare")]
    expected = [{"status": 201, "id": stage.lab_id(name)} for name in ("lab", "lab-spare")]
    return Seen([got, signers], [expected, [stage.account(name).address for name in ("lab", "lab-spare")]])


@check("admit.again", "admit", "同一机构不得再次入库", "A lab is admitted once")
def admitted_again(stage: Stage) -> Seen:
    """Under another key."""
    return Seen(_admit(stage, "lab").told(), refused(409, "AlreadyAdmitted"))


@check("list.items", "list", "登记服务条目", "Items are listed under the ids of their codes", events=("ItemListed",))
def listed(stage: Stage) -> Seen:
    """An instrument of the lab."""
    stage.remembered["item"] = "0x" + id_of(Item(stage.rehearsal.lab_id("lab"), ITEM)).hex()
    answer = stage.desk("directory").post(f"/v1/labs/{stage.lab_id('lab')}/items", {"codes": [ITEM]})
    return Seen(answer.told("items"), {"status": 201, "items": [stage.remembered["item"]]})


@check("renew.lab", "renew", "服务机构资质续期", "A lab's qualification is renewed", events=("LabRenewed",))
def renewed(stage: Stage) -> Seen:
    """For two years."""
    until = stage.now + 2 * _YEAR
    asked = {"seller": stage.rehearsal.codes.companies["lab"], "qualified_until": until}
    answer = stage.desk("directory").post(f"/v1/labs/{stage.lab_id('lab')}/renew", asked)
    got = answer.told() | {"until": stage.read(LAB, stage.rehearsal.lab_id("lab")).qualified_until}
    return Seen(got, {"status": 200, "until": until})


@check("enrol.firm", "enrol", "企业入库", "Firms are enrolled under the ids of their codes", events=("FirmEnrolled",) * 3)
def enrolled(stage: Stage) -> Seen:
    """Two to work with, one to try the directory on."""
    names = ("firm", "firm-2", "firm-spare")
    got = [_enrol(stage, name).told("id") for name in names]
    signers = [stage.read(FIRM, id_in(stage.firm_id(name))).signer for name in names]
    expected = [{"status": 201, "id": stage.firm_id(name)} for name in names]
    return Seen([got, signers], [expected, [stage.account(name).address for name in names]])


@check("enrol.again", "enrol", "同一企业不得再次入库", "A firm is enrolled once")
def enrolled_again(stage: Stage) -> Seen:
    """Under another key."""
    return Seen(_enrol(stage, "firm").told(), refused(409, "AlreadyEnrolled"))


@check(
    "partner.parties",
    "admit",
    "其他地区的机构、企业由其自行入库，本网关随即可见",
    "What a partner enters at its own node is seen at this gateway",
    events=("LabAdmitted", "FirmEnrolled"),
)
def partner_parties(stage: Stage) -> Seen:
    """The partner sends to the node by itself."""
    codes, keyring, office = stage.rehearsal.codes, stage.rehearsal.keyring, stage.partner("directory")
    host = keyring.firm(codes.companies["partner-lab"])
    lab = Lab(PARTNER, host, codes.labs["partner-lab"])
    office.admit(lab, stage.address("partner-lab"), host, Time(stage.now + _YEAR))
    office.enrol(Firm(PARTNER, keyring.firm(codes.companies["partner-firm"])), stage.address("partner-firm"))
    answer = stage.desk("auditor").get(f"/v1/labs/{stage.lab_id('partner-lab')}")
    return Seen(answer.told("region", "code", "standing"), {"status": 200, "region": PARTNER, "code": lab.code, "standing": "ACTIVE"})


@check("recognise.lab", "recognise", "纳入互认目录", "Another region's lab is recognised", events=("Recognised",))
def recognised(stage: Stage) -> Seen:
    """The partner's lab, and an item of one's own."""
    until = stage.now + _YEAR
    stage.remembered["recognised"] = until
    asked = {"subjects": [stage.lab_id("partner-lab")], "from": 0, "until": until}
    answer = stage.desk("directory").post("/v1/recognitions", asked)
    window = stage.read(RECOGNITION, stage.region, stage.rehearsal.lab_id("partner-lab"))
    return Seen(answer.told() | {"until": window.until}, {"status": 201, "until": until})


@check("recognise.item", "recognise", "服务条目纳入目录", "Lab and item are recognised for itemised vouchers", events=("Recognised",) * 2)
def recognised_item(stage: Stage) -> Seen:
    """Itemised vouchers need both, at home too."""
    asked = {"subjects": [stage.lab_id("lab"), stage.remembered["item"]], "from": 0, "until": stage.now + _YEAR}
    return Seen(stage.desk("directory").post("/v1/recognitions", asked).told(), {"status": 201})


@check("recognise.by-partner", "recognise", "其他地区互认本地区机构", "The partner recognises the candidate's lab", events=("Recognised",))
def recognised_by_partner(stage: Stage) -> Seen:
    """At the partner's node; seen here."""
    stage.partner("directory").recognise([stage.rehearsal.lab_id("lab")], Time(0), Time(stage.now + _YEAR))
    found = stage.desk("auditor").get(f"/v1/labs/{stage.lab_id('lab')}")
    return Seen(sorted(found["recognised_by"]), sorted([stage.region, PARTNER]))


@check(
    "withdraw.lab", "withdraw", "移出互认目录后不可用", "A lab that is withdrawn is recognised no more", events=("Recognised", "Withdrawn")
)
def withdrawn(stage: Stage) -> Seen:
    """The spare lab, recognised for a moment."""
    subject = stage.lab_id("lab-spare")
    first = stage.desk("directory").post("/v1/recognitions", {"subjects": [subject], "from": 0, "until": stage.now + _YEAR})
    answer = stage.desk("directory").post("/v1/recognitions/withdraw", {"subjects": [subject]})
    in_force = stage.read(RECOGNITION, stage.region, id_in(subject)).until > stage.now
    return Seen([first.told(), answer.told(), in_force], [{"status": 201}, {"status": 200}, False])


def _standing(stage: Stage, verb: str) -> list[object]:
    answer = stage.desk("directory").post(f"/v1/labs/{stage.lab_id('lab-spare')}/{verb}", {})
    return [answer.told("standing"), stage.read(LAB, stage.rehearsal.lab_id("lab-spare")).standing.name]


@check("suspend.lab", "suspend", "服务机构暂停", "A lab is suspended", events=("StandingSet",))
def suspended(stage: Stage) -> Seen:
    """By its host region."""
    return Seen(_standing(stage, "suspend"), [{"status": 200, "standing": "SUSPENDED"}, "SUSPENDED"])


@check("reinstate.lab", "reinstate", "服务机构恢复", "A suspended lab is reinstated", events=("StandingSet",))
def reinstated(stage: Stage) -> Seen:
    """By its host region."""
    return Seen(_standing(stage, "reinstate"), [{"status": 200, "standing": "ACTIVE"}, "ACTIVE"])


@check("reinstate.active", "reinstate", "在库机构无须恢复", "An active lab is not reinstated")
def reinstated_active(stage: Stage) -> Seen:
    """It stands already."""
    answer = stage.desk("directory").post(f"/v1/labs/{stage.lab_id('lab-spare')}/reinstate", {})
    return Seen(answer.told(), refused(409, "WrongStanding"))


@check("standing.of-another", "suspend", "不得处置其他地区的机构", "Nobody suspends another region's lab")
def standing_of_another(stage: Stage) -> Seen:
    """The partner's lab."""
    answer = stage.desk("directory").post(f"/v1/labs/{stage.lab_id('partner-lab')}/suspend", {})
    return Seen(answer.told(), refused(409, "NotDirectory"))


@check("exit.lab", "exit", "服务机构退出", "A lab leaves", events=("StandingSet",))
def exited(stage: Stage) -> Seen:
    """What it began may run off."""
    return Seen(_standing(stage, "exit"), [{"status": 200, "standing": "EXITED"}, "EXITED"])


@check("freeze.lab", "freeze", "服务机构冻结", "A lab is frozen", events=("StandingSet",))
def frozen(stage: Stage) -> Seen:
    """For fraud."""
    return Seen(_standing(stage, "freeze"), [{"status": 200, "standing": "FROZEN"}, "FROZEN"])
