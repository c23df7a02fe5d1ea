"""
The cases, step by step, through the gateways' HTTP as lab, firm, issuer, reviewer, payer and auditor.

Each case is a generator: it acts, and yields a step's key with what was got. What must come out stands in `expected`.
"""

import io
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx
from openpyxl import Workbook

from registry import Node, Order, Redemption
from registry.audit import Audit, replay
from registry.client import events_of
from scripts.demonstration.cast import BEIJING, CHANGXING, FIRMS, KUNSHAN, LABS, SHANGHAI, FirmCast, LabCast
from scripts.demonstration.desks import ANSWER_SECONDS, Answer, Desk, read_and_sign
from scripts.demonstration.world import ROOT, World

Got = Iterator[tuple[str, Any]]
Named = Mapping[str, Any]
"""A voucher by region, firm and serial."""

YEAR = 365 * 86_400
PROGRAMME_FILES = {CHANGXING: "changxing-2013.toml", KUNSHAN: "kunshan-2018.toml", BEIJING: "beijing-2018.toml"}

# Samples. The invoices' codes name 2013 and 2018 as their years.
INVOICE_2013 = {"code": "3100131320", "number": "00131219"}
INVOICE_2018 = {"code": "3100181320", "number": "00181201"}
REPORT = "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c"


@dataclass
class Scene:
    """The world with what the cases remember of it: programmes, documents, the last audit."""

    world: World
    http: httpx.Client
    programmes: dict[int, str] = field(default_factory=dict)
    audit: Audit | None = None

    @property
    def now(self) -> int:
        """Unix seconds now."""
        return int(time.time())

    def desk(self, region: int, caller: str) -> Desk:
        """A caller's desk at its own region's gateway."""
        return Desk(self.http, self.world.gateways[region], self.world.api_keys[region][caller])

    def lab(self, key: str) -> LabCast:
        """A lab by its name in the cast."""
        return next(each for each in LABS if each.key == key)

    def firm(self, key: str) -> FirmCast:
        """A firm by its name in the cast."""
        return next(each for each in FIRMS if each.key == key)

    def lab_id(self, lab: LabCast) -> str:
        """A lab's id as gateways write it."""
        return "0x" + self.world.lab_id(lab).hex()

    # What parties do together

    def order(
        self, firm: FirmCast, lab: LabCast, *, serial: str, project: str, amount: str, item: str | None = None, lead: Named | None = None
    ) -> dict[str, Any]:
        """The lab enters the facts; firm and lab check and sign. Not yet submitted. `lead`: whose project it is, if another firm's."""
        asked = {"voucher": _voucher(firm, serial), "project": project, "amount": amount}
        asked |= {name: each for name, each in (("item", item), ("lead", lead)) if each is not None}
        prepared = self.desk(lab.region, lab.key).post("/v1/orders/prepare", asked)
        tag = self.world.keyring.project(lead["firm"] if lead else firm.company_code, project)
        agreed = {"amount": int(amount), "lab": self.world.lab_id(lab), "project": tag}
        return self.signed(prepared, Order, firm, lab, agreed)

    def redemption(
        self, order: str, firm: FirmCast, lab: LabCast, *, cost: str, contract: str, invoice: Mapping[str, str]
    ) -> dict[str, Any]:
        """The lab enters the evidence; firm and lab check and sign. Not yet submitted."""
        asked = {
            "order": order,
            "cost": cost,
            "agreement": {"seller": lab.host_unit, "number": contract},
            "invoice": dict(invoice),
            "invoice_amount": cost,
            "report_sha256": REPORT,
        }
        prepared = self.desk(lab.region, lab.key).post("/v1/redemptions/prepare", asked)
        tag = self.world.keyring.invoice(invoice["number"], code=invoice["code"])
        agreed = {"order": bytes.fromhex(order[2:]), "cost": int(cost), "invoice_amount": int(cost), "invoice": tag}
        return self.signed(prepared, Redemption, firm, lab, agreed)

    def submit(self, path: str, lab: LabCast, signed: Mapping[str, Any]) -> Answer:
        """The lab brings what both signed."""
        return self.desk(lab.region, lab.key).post(path, signed)

    def review(self, verb: str, region: int, caller: str, order: str, **more: str) -> Any:
        """An officer acts on one order; its stage after, or the refusal's code."""
        answer = self.desk(region, caller).post(f"/v1/orders/{verb}", {"orders": [order], **more})
        return answer.code or answer["orders"][0]["stage"]

    def signed(
        self, prepared: Answer, kind: type[Order] | type[Redemption], firm: FirmCast, lab: LabCast, agreed: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Firm and lab check a prepared document against what was agreed, and sign it."""
        document, domain, parties = prepared["typed_data"], self.world.deployment.domain, self.world.parties
        return {
            "typed_data": document,
            "firm_signature": read_and_sign(document, kind, domain, parties[firm.key].key, agreed=agreed),
            "lab_signature": read_and_sign(document, kind, domain, parties[lab.key].key, agreed=agreed),
        }

    # What parties see

    def voucher(self, region: int, firm: FirmCast, serial: str, caller: str = "issuer") -> dict[str, Any]:
        """A voucher as somebody at a gateway sees it who knows firm and serial."""
        answer = self.desk(region, caller).post("/v1/verifications", {"voucher": _voucher(firm, serial)})
        found: dict[str, Any] = answer["voucher"]
        return found

    def balance(self, region: int, firm: FirmCast, serial: str) -> dict[str, str]:
        """Its four parts."""
        return _chosen(self.voucher(region, firm, serial), "available", "reserved", "redeemed", "lapsed")

    def pool(self, region: int) -> dict[str, str]:
        """A programme's pool, as its payer sees it."""
        return _chosen(self.desk(region, "payer").get(f"/v1/programmes/{self.programmes[region]}").body, "funded", "committed", "paid")

    def fund(self, region: int, amount: str, reference: str) -> Answer:
        """The region's payer sets money aside."""
        asked = {"amount": amount, "bank_reference": reference}
        return self.desk(region, "payer").post(f"/v1/programmes/{self.programmes[region]}/fund", asked)

    def issue(self, region: int, rows: list[tuple[str, str]], *, face: str, denomination: str, check: bool = False) -> Answer:
        """The issuer hands in an Excel list; with `check` as a dry run."""
        last = self.now + YEAR
        fields = {"programme": self.programmes[region], "face": face, "denomination": denomination}
        fields |= {"use_by": str(last), "claim_by": str(last)}
        path = "/v1/vouchers/check" if check else "/v1/vouchers"
        return self.desk(region, "issuer").upload(path, fields, name="list.xlsx", content=_excel(rows))

    def events(self) -> list[dict[str, Any]]:
        """The whole trail, as an auditor pages through it at one gateway."""
        auditor = self.desk(SHANGHAI, "auditor")
        found: list[dict[str, Any]] = []
        cursor = None
        while True:
            page = auditor.get("/v1/trail", **({"cursor": cursor} if cursor else {}))
            if not page["events"]:
                return found
            found += page["events"]
            cursor = page["next"]


def _voucher(firm: FirmCast, serial: str) -> dict[str, Any]:
    return {"region": firm.region, "firm": firm.company_code, "serial": serial}


def _chosen(found: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: found[name] for name in names}


def _excel(rows: list[tuple[str, str]]) -> bytes:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(["企业代码", "券号"])
    for row in rows:
        sheet.append(list(row))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _refusal(answer: Answer, *names: str) -> dict[str, Any]:
    """A refusal's code and some of its values; None where it was not refused or does not tell one."""
    values = answer.body.get("values", {})
    return {"code": answer.code} | {name: values.get(name) for name in names}


# The cases


def setup(scene: Scene) -> Got:
    """Programmes, directory, recognition, pools."""
    opened = {}
    for region, name in PROGRAMME_FILES.items():
        text = (ROOT / "programmes" / name).read_text(encoding="utf-8")
        opened[region] = scene.desk(region, "issuer").post("/v1/programmes", {"file": text})
        scene.programmes[region] = opened[region]["programme_id"]
    yield "programmes", {str(region): answer.status for region, answer in opened.items()}
    yield "policy_hashes_differ", len({answer["policy_hash"] for answer in opened.values()}) == len(opened)

    parties, until = scene.world.parties, scene.now + YEAR
    labs = [
        scene.desk(lab.region, "directory").post(
            "/v1/labs",
            {
                "code": lab.code,
                "host_unit": lab.host_unit,
                "signer": parties[lab.key].account.address,
                "qualified_until": until,
            },
        )
        for lab in LABS
    ]
    firms = [
        scene.desk(firm.region, "directory").post("/v1/firms", {"firm": firm.company_code, "signer": parties[firm.key].account.address})
        for firm in FIRMS
    ]
    shanghai = scene.lab_id(scene.lab("lab-shanghai"))
    recognised = {CHANGXING: [scene.lab_id(lab) for lab in LABS], KUNSHAN: [shanghai], BEIJING: [shanghai]}
    for region, subjects in recognised.items():
        scene.desk(region, "directory").post("/v1/recognitions", {"subjects": subjects, "from": 0, "until": until})
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

    at_lab, facts = scene.desk(SHANGHAI, lab.key), _voucher(firm, "CX-2013-0001")
    answer = at_lab.post("/v1/verifications", {"voucher": facts, "amount": "500000"})
    yield "verify", {"status": answer["status"], "reasons": answer["reasons"], "available": answer["voucher"]["available"]}
    quoted = at_lab.post("/v1/quotes", {"voucher": facts, "cost": "800000"})
    yield "quote", _chosen(quoted.body, "subsidy", "amount", "lapses", "firm_pays")

    signed = scene.order(firm, lab, serial="CX-2013-0001", project="薄膜成分检测 2013-12", amount=quoted["amount"])
    answer = scene.submit("/v1/orders", lab, signed)
    yield "reserve", answer.code or answer["stage"]
    order = answer["order_id"]
    signed = scene.redemption(order, firm, lab, cost="800000", contract="SH-2013-1219", invoice=INVOICE_2013)
    answer = scene.submit("/v1/redemptions", lab, signed)
    yield "redeem", answer.code or answer["stage"]
    yield "endorse", scene.review("endorse", SHANGHAI, "reviewer-1", order)
    yield "accept", scene.review("accept", CHANGXING, "reviewer-1", order)
    yield "settle", scene.review("settle", CHANGXING, "payer", order, payment_reference="CX-PAY-2013-001")
    yield "balance", scene.balance(CHANGXING, firm, "CX-2013-0001")

    lookers = {CHANGXING: "reviewer-1", KUNSHAN: "lab-kunshan", SHANGHAI: "lab-shanghai", BEIJING: "lab-beijing"}
    seen = {region: scene.voucher(region, firm, "CX-2013-0001", caller) for region, caller in lookers.items()}
    dead = {str(region): [[span["first"], span["last"]] for span in found["used_notes"]] for region, found in seen.items()}
    yield "dead_notes", dead
    beijing = scene.lab("lab-beijing")
    again = scene.order(firm, beijing, serial="CX-2013-0001", project="薄膜成分检测 2013-12", amount="600000")
    yield "dead_notes_refused", _refusal(scene.submit("/v1/orders", beijing, again), "available", "amount")


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
            _refusal(answer, "available")
            | {
                "region_is_the_winners": [each["region"] for each in held] == [winner["lab_region"]],
                "since_is_the_winners": [each["since"] for each in held] == [winner["history"][0]["time"]],
                "names_a_lab": any(each in str(answer.body) for each in ids),
            }
        )
    yield "refusals", told
    found = scene.voucher(CHANGXING, firm, "CX-2013-0002")
    yield "held_once", _chosen(found, "available", "reserved") | {"orders": len(found["held"])}


def one_invoice_twice(scene: Scene) -> Got:
    """The invoice of AT-01, once more, on a voucher of another region."""
    firm, lab = scene.firm("firm-beijing"), scene.lab("lab-shanghai")
    scene.issue(BEIJING, [(firm.company_code, "BJ-2018-0001")], face="50000000", denomination="1")
    signed = scene.order(firm, lab, serial="BJ-2018-0001", project="P-1", amount="720000")
    answer = scene.submit("/v1/orders", lab, signed)
    yield "reserve", answer.code or answer["stage"]
    order = answer["order_id"]
    yield "approve", scene.review("approve", BEIJING, "reviewer-1", order)

    def now() -> tuple[Any, ...]:
        stage = scene.desk(BEIJING, "reviewer-1").get(f"/v1/orders/{order}")["stage"]
        return scene.balance(BEIJING, firm, "BJ-2018-0001"), stage, scene.pool(BEIJING), len(scene.events())

    signed = scene.redemption(order, firm, lab, cost="800000", contract="SH-2018-0001", invoice=INVOICE_2013)
    before = now()
    refused = scene.submit("/v1/redemptions", lab, signed)
    yield "second_claim", _refusal(refused, "amount", "claimed", "cost")
    yield "nothing_changed", now() == before


def hotline(scene: Scene) -> Got:
    """AT-18."""
    firm, desk = scene.firm("firm-changxing"), scene.desk(SHANGHAI, "lab-shanghai")

    def ask(serial: str, project: str) -> dict[str, Any]:
        answer = desk.post("/v1/facts", {"voucher": _voucher(firm, serial), "project": project})
        return _chosen(answer.body, "enterprise", "serial", "project")

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
    yield "refused_before_service", _refusal(refused, "free", "amount")
    yield "nothing_changed", (scene.voucher(KUNSHAN, firm, serial), scene.pool(KUNSHAN), len(scene.events())) == before

    scene.fund(KUNSHAN, "1", "KS-2018-002")
    yield "pool_enough", scene.pool(KUNSHAN)
    answer = scene.submit("/v1/orders", lab, signed)
    yield "reserve", answer.code or answer["stage"]
    order = answer["order_id"]
    signed = scene.redemption(order, firm, lab, cost="30000000", contract="KS-2018-1201", invoice=INVOICE_2018)
    answer = scene.submit("/v1/redemptions", lab, signed)
    yield "redeem", answer.code or answer["stage"]
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


CASES = {
    "SETUP": setup,
    "AT-01": changxing_in_shanghai,
    "AT-12": three_at_once,
    "INVOICE": one_invoice_twice,
    "AT-18": hotline,
    "AT-05": kunshan_pool,
    "AUDIT": audit,
}
"""In the order of playing; later cases build on earlier ones."""


def scene_of(world: World) -> Scene:
    """A scene before the first case. A proxy named in the environment has no business on the loopback."""
    return Scene(world, httpx.Client(trust_env=False, timeout=ANSWER_SECONDS))
