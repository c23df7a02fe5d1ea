"""
Hundreds of orders at once: made and signed as a lab's own system would, and brought a hundred to a request.

Documents are made here, from the very facts that a desk would enter; nothing is asked of a gateway but to pass on and to review. Firms of
one case share a sample key, as firms under one agent do.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx
from eth_account import Account
from eth_account.signers.local import LocalAccount

from registry import NO_ID, Digest, Fen, Id, Order, Record, Redemption, Time, id_of, sign, typed_data
from scripts.demonstration.cast import LabCast, sample_code
from scripts.demonstration.desks import Answer
from scripts.demonstration.scene import REPORT, Scene, invoice_of

AT_ONCE = 8
A_REQUEST = 100
A_WEEK = 7 * 86_400


@dataclass(frozen=True)
class Use:
    """What a firm is to use of a voucher: an order of `amount`, then a redemption of `subsidy` on `cost`, in fen; `number` is its own."""

    firm: str
    voucher: Id
    amount: int
    cost: int
    subsidy: int
    number: int


@dataclass
class Firms:
    """Sample firms of one region under one key, and the lab that serves them."""

    scene: Scene
    region: int
    lab: LabCast
    codes: Sequence[str]
    account: LocalAccount = field(default_factory=Account.create)

    def enrol(self, facts: Mapping[str, Any]) -> int:
        """The home region enrols them and states what it established of them; how many were enrolled."""
        desk = self.scene.desk(self.region, "directory")
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = pool.map(lambda code: desk.post("/v1/firms", {"firm": code, "signer": self.account.address}), self.codes)
            enrolled = sum(answer.status == httpx.codes.CREATED for answer in answers)
        for some in _hundreds(self.codes):
            desk.post("/v1/firm-facts", {"firms": [{"firm": code, **facts} for code in some]})
        return enrolled

    def issue(self, codes: Sequence[str], *, face: int, denomination: int, serial: str, sample: str | None = None) -> dict[str, Id]:
        """The issuer gives each of them a voucher; their ids by company code."""
        rows = [(code, f"{serial}-{number:04}") for number, code in enumerate(codes, start=1)]
        answer = self.scene.issue(self.region, rows, face=str(face), denomination=str(denomination), sample=sample)
        return {codes[each["line"] - 2]: Id(bytes.fromhex(each["voucher_id"][2:])) for each in answer["vouchers"]}

    def order(self, uses: Sequence[Use]) -> dict[str, Use]:
        """Firms and lab sign an order for each use, and the lab brings them; the uses by their orders' ids."""
        keyring, until = self.scene.world.keyring, Time(self.scene.node.timestamp() + A_WEEK)
        lab = self.scene.world.lab_id(self.lab)
        orders = [
            Order(each.voucher, lab, NO_ID, keyring.project(each.firm, f"P-{each.number}"), Fen(each.amount), until, each.number)
            for each in uses
        ]
        self.brought(orders)
        return {"0x" + id_of(order).hex(): use for order, use in zip(orders, uses, strict=True)}

    def redeem(self, uses: Mapping[str, Use]) -> list[str]:
        """Firms and lab sign a redemption for each order, and the lab brings them; the stages that they reached."""
        keyring, until = self.scene.world.keyring, Time(self.scene.node.timestamp() + A_WEEK)
        redemptions = []
        for order, use in uses.items():
            named = invoice_of(self.lab, use.number)
            invoice = keyring.invoice(named["number"], code=named["code"])
            agreement = keyring.agreement(self.lab.host_unit, f"C-{use.number}")
            amounts = (Fen(use.cost), Fen(use.subsidy))
            result = Digest(bytes.fromhex(REPORT))
            redemptions.append(Redemption(Id(bytes.fromhex(order[2:])), 0, *amounts, agreement, invoice, Fen(use.cost), result, until))
        return self.brought(redemptions)

    def brought(self, records: Sequence[Record]) -> list[str]:
        """What firms and lab signed, brought by the lab; the stage that each reached, or the code of its refusal."""
        desk, domain = self.scene.desk(self.lab.region, self.lab.key), self.scene.world.deployment.domain
        keys = {"firm_signature": bytes(self.account.key), "lab_signature": self.scene.world.parties[self.lab.key].key}
        found: list[str] = []
        for some in _hundreds(records):
            documents = [
                {"typed_data": typed_data(each, domain)} | {name: "0x" + sign(each, domain, key).hex() for name, key in keys.items()}
                for each in some
            ]
            outcomes = desk.post("/v1/submissions", {"documents": documents})["outcomes"]
            found += [each["stage"] or each["refused"]["code"] for each in outcomes]
        return found

    def review(self, verb: str, region: int, caller: str, orders: Sequence[str], **more: str) -> list[str]:
        """An officer acts on all of them, a hundred at a time; the stages that they reached, or the code of a refusal."""
        answers = [self.scene.desk(region, caller).post(f"/v1/orders/{verb}", {"orders": list(some), **more}) for some in _hundreds(orders)]
        return [stage for answer in answers for stage in _stages(answer)]


def counted(stages: Sequence[str]) -> dict[str, int]:
    """How many reached which stage."""
    return {stage: stages.count(stage) for stage in sorted(set(stages))}


def sample_codes(region: int, first: int, count: int) -> list[str]:
    """Company codes of sample firms."""
    return [sample_code(region, number) for number in range(first, first + count)]


def parts_of(whole: int, count: int, *, spread: int) -> list[int]:
    """
    A whole as so many parts that add up to it exactly: even, but for pairs of which one is larger by as much as the other is smaller.

    >>> parts_of(1_000, 4, spread=30), sum(parts_of(1_761_760_000, 414, spread=700_000))
    ([250, 250, 265, 235], 1761760000)
    """
    even, rest = divmod(whole, count)
    parts = [even + (at < rest) for at in range(count)]
    pairs = count // 2
    for pair in range(pairs):
        shift = spread * pair // pairs
        parts[2 * pair] += shift
        parts[2 * pair + 1] -= shift
    return parts


def _hundreds(of: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for first in range(0, len(of), A_REQUEST):
        yield of[first : first + A_REQUEST]


def _stages(answer: Answer) -> list[str]:
    return [answer.code] if answer.code else [each["stage"] for each in answer["orders"]]
