"""
What all cases share: who takes part, what parties do together through the gateways' HTTP, and what they see there.

Everybody acts at a desk of its own region's gateway, and signs with a key that no gateway has.
"""

import io
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from openpyxl import Workbook

from registry import Order, Redemption
from registry.audit import Audit
from registry.chain.devnode import DevNode
from scripts.demonstration.cast import SHANGHAI, FirmCast, LabCast
from scripts.demonstration.desks import ANSWER_SECONDS, Answer, Desk, read_and_sign
from scripts.demonstration.world import ROOT, World

Got = Iterator[tuple[str, Any]]
"""A case: it acts, and yields a step's key with what was got."""

Case = Callable[["Scene"], Got]

Named = Mapping[str, Any]
"""A voucher by region, firm and serial."""

YEAR = 365 * 86_400

# Samples.
REPORT = "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c"


@dataclass
class Scene:
    """The world with what the cases remember of it: programmes (a region's own by its code, samples by their file) and the last audit."""

    world: World
    http: httpx.Client
    node: DevNode
    programmes: dict[int | str, str] = field(default_factory=dict)
    audit: Audit | None = None

    @property
    def now(self) -> int:
        """Unix seconds now, or on the chain, where a case has turned its clock on."""
        return max(int(time.time()), self.node.timestamp())

    def desk(self, region: int, caller: str) -> Desk:
        """A caller's desk at its own region's gateway."""
        return Desk(self.http, self.world.gateways[region], self.world.api_keys[region][caller])

    def lab(self, key: str) -> LabCast:
        """A lab by its name in the cast."""
        return next(each for each in self.world.cast.labs if each.key == key)

    def firm(self, key: str) -> FirmCast:
        """A firm by its name in the cast."""
        return next(each for each in self.world.cast.firms if each.key == key)

    def signer(self, party: LabCast | FirmCast) -> str:
        """The account that signs for a party."""
        address: str = self.world.parties[party.key].account.address
        return address

    def lab_id(self, lab: LabCast) -> str:
        """A lab's id as gateways write it."""
        return "0x" + self.world.lab_id(lab).hex()

    # What offices set up

    def programme_text(self, name: str) -> str:
        """What a programme file says."""
        return (ROOT / "programmes" / f"{name}.toml").read_text(encoding="utf-8")

    def open(self, region: int, name: str, *, sample: bool = False) -> Answer:
        """The region's issuer opens the programme of a file: the region's own, or a sample beside it."""
        answer = self.desk(region, "issuer").post("/v1/programmes", {"file": self.programme_text(name)})
        self.programmes[name if sample else region] = answer["programme_id"]
        return answer

    def admit(self, lab: LabCast) -> Answer:
        """The host region admits a lab."""
        asked = {"code": lab.code, "host_unit": lab.host_unit, "signer": self.signer(lab), "qualified_until": self.now + YEAR}
        return self.desk(lab.region, "directory").post("/v1/labs", asked)

    def enrol(self, firm: FirmCast) -> Answer:
        """The home region enrols a firm."""
        return self.desk(firm.region, "directory").post("/v1/firms", {"firm": firm.company_code, "signer": self.signer(firm)})

    def state(self, region: int, firms: Iterable[FirmCast]) -> Answer:
        """The home region puts on record what it has established of firms."""
        return self.desk(region, "directory").post(
            "/v1/firm-facts", {"firms": [{"firm": each.company_code, **each.facts} for each in firms]}
        )

    def recognise(self, region: int, *subjects: str) -> Answer:
        """The issuing region lets its vouchers be spent at labs and on items."""
        asked = {"subjects": list(subjects), "from": 0, "until": self.now + YEAR}
        return self.desk(region, "directory").post("/v1/recognitions", asked)

    def fund(self, region: int, amount: str, reference: str, *, sample: str | None = None) -> Answer:
        """The region's payer sets money aside."""
        asked = {"amount": amount, "bank_reference": reference}
        return self.desk(region, "payer").post(f"/v1/programmes/{self.programmes[sample or region]}/fund", asked)

    def issue(
        self,
        region: int,
        rows: list[tuple[str, str]],
        *,
        face: str,
        denomination: str,
        check: bool = False,
        sample: str | None = None,
        last: int | None = None,
    ) -> Answer:
        """The issuer hands in a list; with `check` as a dry run. `last` is the vouchers' last second, in a year by default."""
        until = str(self.now + YEAR if last is None else last)
        fields = {"programme": self.programmes[sample or region], "face": face, "denomination": denomination}
        fields |= {"use_by": until, "claim_by": until}
        path = "/v1/vouchers/check" if check else "/v1/vouchers"
        name, content = self.listed(rows)
        return self.desk(region, "issuer").upload(path, fields, name=name, content=content)

    def listed(self, rows: list[tuple[str, str]]) -> tuple[str, bytes]:
        """A list of recipients as an office hands it in, by file name and content: Excel."""
        return "list.xlsx", _excel(rows)

    # What parties do together

    def order(
        self, firm: FirmCast, lab: LabCast, *, serial: str, project: str, amount: str, item: str | None = None, lead: Named | None = None
    ) -> dict[str, Any]:
        """The lab enters the facts; firm and lab check and sign. Not yet submitted. `lead`: whose project it is, if another firm's."""
        asked = {"voucher": named(firm, serial), "project": project, "amount": amount}
        asked |= {name: each for name, each in (("item", item), ("lead", lead)) if each is not None}
        prepared = self.desk(lab.region, lab.key).post("/v1/orders/prepare", asked)
        tag = self.world.keyring.project(lead["firm"] if lead else firm.company_code, project)
        agreed = {"amount": int(amount), "lab": self.world.lab_id(lab), "project": tag}
        return self.signed(prepared, Order, firm, lab, agreed)

    def redemption(
        self, order: str, firm: FirmCast, lab: LabCast, *, cost: str, contract: str, invoice: Mapping[str, str], subsidy: str | None = None
    ) -> dict[str, Any]:
        """The lab enters the evidence; firm and lab check and sign. Not yet submitted. Without `subsidy`, the most that the rule allows."""
        prepared = self.prepare_redemption(order, lab, cost=cost, contract=contract, invoice=invoice, subsidy=subsidy)
        tag = self.world.keyring.invoice(invoice["number"], code=invoice["code"])
        agreed = {"order": bytes.fromhex(order[2:]), "cost": int(cost), "invoice_amount": int(cost), "invoice": tag}
        agreed |= {"subsidy": int(subsidy)} if subsidy else {}
        return self.signed(prepared, Redemption, firm, lab, agreed)

    def prepare_redemption(
        self, order: str, lab: LabCast, *, cost: str, contract: str, invoice: Mapping[str, str], subsidy: str | None = None
    ) -> Answer:
        """The lab enters the evidence, and gets the document to sign, if there may be one."""
        asked = {
            "order": order,
            "cost": cost,
            "agreement": {"seller": lab.host_unit, "number": contract},
            "invoice": dict(invoice),
            "invoice_amount": cost,
            "report_sha256": REPORT,
        }
        asked |= {"subsidy": subsidy} if subsidy else {}
        return self.desk(lab.region, lab.key).post("/v1/redemptions/prepare", asked)

    def submit(self, path: str, lab: LabCast, signed: Mapping[str, Any]) -> Answer:
        """The lab brings what both signed."""
        return self.desk(lab.region, lab.key).post(path, signed)

    def reserve(self, firm: FirmCast, lab: LabCast, *, serial: str, amount: str, project: str = "P-1", **more: Any) -> Answer:
        """An order that both signed, brought by the lab; `more` as for `order`."""
        return self.submit("/v1/orders", lab, self.order(firm, lab, serial=serial, project=project, amount=amount, **more))

    def redeem(self, order: str, firm: FirmCast, lab: LabCast, *, cost: str, number: int, subsidy: str | None = None) -> Answer:
        """A redemption that both signed, brought by the lab; `number` is the contract's and the invoice's."""
        return self.submit("/v1/redemptions", lab, self.filing(order, firm, lab, cost=cost, number=number, subsidy=subsidy))

    def filing(self, order: str, firm: FirmCast, lab: LabCast, *, cost: str, number: int, subsidy: str | None = None) -> dict[str, Any]:
        """A redemption under a sample contract and invoice of 2019, signed and not yet submitted."""
        return self.redemption(order, firm, lab, cost=cost, contract=f"C-{number}", invoice=invoice_of(lab, number), subsidy=subsidy)

    def finish(self, order: str, region: int, *, first_review: int | None = None, reference: str) -> list[str]:
        """Offices take a redemption to its end: first review where there is one, acceptance, settlement. The stages that it reached."""
        endorsed = [] if first_review is None else [self.review("endorse", first_review, "reviewer-1", order)]
        accepted = self.review("accept", region, "reviewer-2", order)
        return [*endorsed, accepted, self.review("settle", region, "payer", order, payment_reference=reference)]

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
        answer = self.desk(region, caller).post("/v1/verifications", {"voucher": named(firm, serial)})
        found: dict[str, Any] = answer["voucher"]
        return found

    def balance(self, region: int, firm: FirmCast, serial: str) -> dict[str, str]:
        """Its four parts."""
        return chosen(self.voucher(region, firm, serial), "available", "reserved", "redeemed", "lapsed")

    def pool(self, region: int, *, sample: str | None = None) -> dict[str, str]:
        """A programme's pool, as its payer sees it."""
        seen = self.desk(region, "payer").get(f"/v1/programmes/{self.programmes[sample or region]}")
        return chosen(seen.body, "funded", "committed", "paid")

    def events(self) -> list[dict[str, Any]]:
        """The whole trail, as an auditor pages through it at one gateway."""
        return pages(self.desk(SHANGHAI, "auditor"), "/v1/trail", "events")


def pages(desk: Desk, path: str, name: str, **query: Any) -> list[dict[str, Any]]:
    """Everything that a gateway lists, page by page."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = desk.get(path, **query, **cursor)
        found += page[name]
        if not page[name] or page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}


def named(firm: FirmCast, serial: str) -> dict[str, Any]:
    """A voucher as its holder knows it."""
    return {"region": firm.region, "firm": firm.company_code, "serial": serial}


def invoice_of(lab: LabCast, number: int) -> dict[str, str]:
    """A sample invoice of 2019."""
    return {"code": f"{lab.region // 10_000}00191320", "number": f"{number:08}"}


def stage_of(answer: Answer) -> Any:
    """The stage that an order reached, or why it was refused."""
    return answer.code or answer["stage"]


def against(answer: Answer) -> list[list[Any]]:
    """Every row of a list that was refused: its line, and the rules of the programme's file against it, or else the code."""
    bad = answer["bad"] if "bad" in answer.body else answer["values"]["bad"]
    return [[row["line"], *([each["rule"] for each in row["findings"]] or [row["code"]])] for row in bad]


def chosen(found: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Some members of an answer."""
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


def refusal(answer: Answer, *names: str) -> dict[str, Any]:
    """A refusal's code and some of its values; None where it was not refused or does not tell one."""
    values = answer.body.get("values", {})
    return {"code": answer.code} | {name: values.get(name) for name in names}


def scene_of(world: World, node: DevNode) -> Scene:
    """A scene before the first case. A proxy named in the environment has no business on the loopback."""
    return Scene(world, httpx.Client(trust_env=False, timeout=ANSWER_SECONDS), node)
