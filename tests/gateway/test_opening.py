"""
An older ledger carried over on a real chain: half-used strips go on, claims in flight wait for both parties, and nothing is paid twice.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from time import time
from typing import Any

import pytest

from gateway.acts import openings as acts
from gateway.openings import sha256_of
from registry import CHINA, OPENING_SUFFIX, Order, Redemption, read_programme_file
from scripts.demonstration.cast import CHANGXING, SHANGHAI, FirmCast, sample_code
from scripts.demonstration.scene import REPORT, Scene, pages
from tests.gateway.newcomers import both_signed, give_api_key, new_firm, redemption_document
from tests.gateway.test_opening_list import CLAIM, PAID, VOUCHER, listed
from tests.gateway.test_policy import SCI_TECH, against, issue, state

pytestmark = pytest.mark.both_in_full

TOTALS = {"vouchers": 2, "face": 2_000_000, "used": 700_000, "in_flight": 500_000, "lapsed": 0, "remaining": 800_000}
TOTALS |= {"claims": 1, "claimed": 480_000, "paid_invoices": 1, "paid": 300_000}
COUNTS = {"vouchers", "claims", "paid_invoices"}


@dataclass
class Ledger:
    """A ledger, its programme's file, and the firm whose strips stand in it: one half used, one with a claim in flight."""

    town: Any
    firm: FirmCast
    strip: str
    claimed: str
    rows: list[dict[str, str]]
    code: str
    programme: str = ""

    @property
    def content(self) -> bytes:
        return listed(*self.rows)

    @property
    def claim(self) -> dict[str, str]:
        return next(row for row in self.rows if row["kind"] == "在途")

    @property
    def paid(self) -> dict[str, str]:
        return next(row for row in self.rows if row["kind"] == "已付")

    def text(self, *, cut_over: str = "2024-12-31", **totals: int) -> str:
        """The programme's file, with the ledger's own totals; some others perhaps."""
        told = [f"{name} = {value if name in COUNTS else f'{chr(34)}{value}{chr(34)}'}" for name, value in (TOTALS | totals).items()]
        rule = Scene.programme_text(self.town, "changxing-2013").replace('"CX-KJQ-2013"', f'"{self.code}"')
        opening = ["[opening]", 'scheme = "纸质台账（样例）"', f'cut_over = "{cut_over}"', f'list_sha256 = "{sha256_of(self.content)}"']
        return "\n".join([rule, *opening, "[opening.totals]", *told])

    def open(self, **told: Any) -> "Ledger":
        """Open the programme, and set money aside for it."""
        opened = self.town.desk(CHANGXING, "issuer").post("/v1/programmes", {"file": self.text(**told)})
        assert opened.status == 201, opened.body
        self.programme = opened["programme_id"]
        asked = {"amount": "10000000", "bank_reference": f"OPEN-{self.town.number()}"}
        assert self.town.desk(CHANGXING, "payer").post(f"/v1/programmes/{self.programme}/fund", asked).status == 200
        return self

    def check(self, **told: Any):
        return self._upload("/v1/openings/check", {"programme_file": self.text(**told)})

    def carry(self, content: bytes | None = None):
        return self._upload("/v1/openings", {"programme": self.programme}, content)

    def seen(self, what: str = "", *, caller: str = "issuer"):
        return self.town.desk(CHANGXING, caller).get(f"/v1/openings/{self.programme}{what}")

    def only_claim(self, caller: str = "issuer") -> dict[str, Any]:
        (claim,) = self.seen("/claims", caller=caller)["claims"]
        return claim

    def prepare(self, caller: str = "issuer", voucher: str | None = None):
        asked = {"voucher_id": voucher or self.only_claim()["voucher_id"], "report_sha256": REPORT}
        return self.town.desk(CHANGXING, caller).post("/v1/openings/claims/prepare", asked)

    def _upload(self, path: str, fields: dict[str, str], content: bytes | None = None):
        return self.town.desk(CHANGXING, "issuer").upload(path, fields, name="ledger.csv", content=content or self.content)


@pytest.fixture
def ledger(town, lab) -> Ledger:
    firm, number = new_firm(town, CHANGXING), town.number()
    give_api_key(town, firm)
    own = {"firm": firm.company_code, "serial": f"KJQ-B-{number}"}
    strip = VOUCHER | own | {"serial": f"KJQ-A-{number}", "used": "4000", "notes": "1-4"}
    claim = CLAIM | own | {"lab": town.lab_id(lab), "seller": lab.host_unit, "invoice": f"5{number:07}"}
    rows = [strip, VOUCHER | own, claim, PAID | {"invoice": f"6{number:07}"}]
    return Ledger(town, firm, strip["serial"], own["serial"], rows, f"CX-PAPER-{number}{OPENING_SUFFIX}")


@pytest.fixture
def carried(ledger) -> Ledger:
    step = ledger.open().carry()
    assert (step.status, step["left"], step["issued_vouchers"]) == (201, 0, 3), step.body
    return ledger


def invoice_of(row: dict[str, str]) -> dict[str, str]:
    return {"code": row["invoice_code"], "number": row["invoice"]}


# Before it is opened


def test_a_dry_run_opens_and_issues_nothing_and_says_what_is_wrong(town, ledger):
    before = town.event_count()

    clean, other = ledger.check(), ledger.check(remaining=700_000, lapsed=100_000, claims=2)

    assert (clean["rows"], clean["bad"], clean["differing"]) == (4, [], [])
    assert clean["totals"] == clean["stated"]
    assert other["differing"] == ["lapsed", "remaining", "claims"]
    assert town.event_count() == before


def test_what_only_the_registry_knows_is_told_by_line(town, ledger, lab):
    strip, other, claim, paid = ledger.rows
    stranger = {"firm": sample_code(CHANGXING, 976)}
    issued = town.serial_for(ledger.firm)
    over = {"use_by": "2025-01-01", "claim_by": "2025-01-01", "used": "0", "notes": ""}
    ledger.rows = [
        strip | stranger,
        other,
        claim | {"lab": "0x" + "11" * 32},
        paid,
        other | {"serial": issued, "used": "0", "notes": ""},
        other | over | {"serial": f"OVER-{town.number()}"},
        claim | {"seller": ledger.firm.company_code, "notes": "9", "cost": "1", "subsidy": "0.60", "invoice": f"7{town.number():07}"},
        claim | {"item": "GC-MS", "notes": "10", "cost": "1", "subsidy": "0.60", "invoice": f"7{town.number():07}"},
    ]

    checked, refused = ledger.check(), ledger.open().carry()

    told = [(2, "FirmNotEnrolled"), (4, "UnknownLab"), (6, "VoucherExists"), (7, "PastUseBy")]
    told += [(8, "SellerDiffers"), (8, "SellerIsFirm"), (9, "ItemNotListed")]
    assert [(each["line"], each["code"]) for each in checked["bad"]] == told
    named = {each["line"]: (each["firm"], each["serial"]) for each in checked["bad"]}
    assert named == {line: (ledger.rows[line - 2]["firm"], ledger.rows[line - 2]["serial"]) for line in named}
    assert (refused.status, refused.code, refused["values"]["bad"]) == (422, "BadRows", checked["bad"])
    assert ledger.seen()["issued_vouchers"] == 0


@pytest.mark.parametrize("ahead", [2, None])
def test_a_ledger_whose_last_day_lies_ahead_is_neither_checked_nor_issued(town, ledger, ahead):
    """By China's calendar. Two days ahead, because tomorrow may begin while this runs; and the last day that a calendar has."""
    today = datetime.fromtimestamp(max(town.now, int(time())), CHINA).date()
    day = date.max if ahead is None else today + timedelta(days=ahead)
    begins = int(datetime(day.year, day.month, day.day, tzinfo=CHINA).timestamp())

    refused = [ledger.check(cut_over=day.isoformat()), ledger.open(cut_over=day.isoformat()).carry()]

    assert [(each.status, each.code, each["values"]["on"]) for each in refused] == [(422, "DayAhead", begins)] * 2
    assert ledger.seen()["issued_vouchers"] == 0


def test_a_firm_that_is_no_more_gets_nothing_of_the_ledger(town, ledger):
    """What is issued to it would end at approval; while its list is not begun it can be put right."""
    ledger.open()
    struck_off(town, ledger.firm)

    checked, refused = ledger.check(), ledger.carry()

    assert [(each["line"], each["code"]) for each in checked["bad"]] == [(line, "FirmEnded") for line in (2, 3, 4)]
    assert (refused.status, refused.code, refused["values"]["bad"]) == (422, "BadRows", checked["bad"])
    assert ledger.seen()["issued_vouchers"] == 0


def test_a_list_that_is_begun_goes_on_to_its_end_though_a_firm_is_no_more(town, ledger, monkeypatch):
    """Half a ledger on the chain could never come to its totals; the firm's vouchers take no order all the same."""
    monkeypatch.setattr(acts, "CALLS_AT_ONCE", 1)
    ledger.open().carry()
    struck_off(town, ledger.firm)

    steps = [ledger.carry() for _ in range(2)]

    assert [(each.status, each["left"]) for each in steps] == [(201, 1), (201, 0)]
    assert ledger.seen()["agrees"] is True


def struck_off(town, firm):
    asked = {"firm": firm.company_code, "on": town.now, "reason": "登记机关已注销登记。"}
    assert town.desk(CHANGXING, "directory").post("/v1/firm-changes/strike-off", asked).status == 201


@pytest.mark.parametrize("change", [{"used": 700_001, "lapsed": 0, "face": 2_000_001}, {"paid": 300_001}, {"vouchers": 3}])
def test_a_list_that_does_not_come_to_the_ledger_s_totals_issues_nothing(town, ledger, change):
    ledger.open(**change)
    before = town.event_count()

    refused = ledger.carry()

    assert (refused.status, refused.code) == (422, "TotalsDiffer")
    assert set(refused["values"]["differing"]) == {name for name, value in change.items() if TOTALS[name] != value}
    assert town.event_count() == before


# Carrying it over


def test_whoever_reads_the_chain_finds_the_batch_marked_and_its_list_named(town, carried):
    read = read_programme_file(carried.text())
    programme = town.desk(SHANGHAI, "auditor").get(f"/v1/programmes/{carried.programme}")
    opening = carried.seen()

    assert programme["code"].endswith(OPENING_SUFFIX)
    assert bytes.fromhex(programme["policy_hash"][2:]) == read.programme.policy_hash
    assert read.opening.list_sha256 == sha256_of(carried.content)
    assert (opening["agrees"], opening["issued_face"], opening["list_here"]) == (True, "1300000", True)
    held = pages(town.desk(SHANGHAI, "auditor"), "/v1/vouchers", "vouchers", programme=carried.programme)
    assert sorted(int(each["face"]) for each in held) == [200_000, 500_000, 600_000]
    assert all(each["available"] == each["face"] for each in held)


def test_the_same_list_again_issues_nothing_and_another_is_refused(town, carried):
    before = town.event_count()

    again, other = carried.carry(), carried.carry(carried.content + b"\n")

    assert (again.status, again["repeated"], again["issued_vouchers"], again["left"]) == (201, True, 0, 0)
    assert (other.status, other.code) == (409, "OpeningListDiffers")
    assert town.event_count() == before


def test_a_list_of_many_steps_goes_on_where_it_stopped(ledger, monkeypatch):
    monkeypatch.setattr(acts, "CALLS_AT_ONCE", 1)
    ledger.open()

    steps = [ledger.carry() for _ in range(4)]

    told = [(each["issued_vouchers"], each["left"], each["repeated"]) for each in steps]
    assert told == [(1, 2, False), (1, 1, False), (1, 0, False), (0, 0, True)]
    assert ledger.seen()["agrees"] is True


def test_such_a_programme_issues_by_its_list_alone(town, carried):
    town.programmes["paper"] = carried.programme
    rows = [(carried.firm.company_code, f"N-{town.number()}")]

    more = [town.issue(CHANGXING, rows, face="100000", denomination="100000", sample="paper", check=check) for check in (True, False)]
    form = {"programme": town.programmes[CHANGXING]}
    ordinary = town.desk(CHANGXING, "issuer").upload("/v1/openings", form, name="ledger.csv", content=carried.content)

    assert [each.code for each in more] == ["ProgrammeIsOpening"] * 2
    assert ordinary.code == "ProgrammeNotOpening"


# A half-used strip


def test_a_half_used_strip_goes_on_with_the_next_note_and_only_as_far_as_what_remains(town, carried, lab):
    firm, strip = carried.firm, carried.strip
    order = town.reserved(firm, lab, serial=strip, amount="300000")
    assert town.redeemed(order, firm, lab, cost="500000").status == 201

    (seen, _) = carried.seen("/vouchers", caller=firm.key)["vouchers"]
    refused = town.reserve(firm, lab, serial=strip, amount="400000")
    last = town.reserve(firm, lab, serial=strip, amount="300000")
    balance = town.balance(CHANGXING, firm, strip)

    assert (seen["face"], seen["used"], seen["remaining"]) == ("1000000", "400000", "600000")
    assert seen["used_notes"] == [{"first": 1, "last": 4}]
    assert seen["taken_notes"] == [{"first": 5, "last": 7}]
    assert seen["free_notes"] == [{"first": 8, "last": 10}]
    assert (refused.code, last["stage"]) == ("OverAvailable", "OPEN")
    assert balance == {"available": "0", "reserved": "300000", "redeemed": "300000", "lapsed": "0"}
    history = town.desk(CHANGXING, firm.key).get(f"/v1/vouchers/{seen['voucher_id']}")
    assert history["on_ledger"]["taken_notes"] == seen["taken_notes"]


def test_what_was_carried_over_is_for_its_firm_and_its_office(town, carried):
    stranger = new_firm(town, CHANGXING)
    give_api_key(town, stranger)

    assert carried.seen("/vouchers", caller=stranger.key)["vouchers"] == []
    assert carried.seen("/claims", caller=stranger.key)["claims"] == []
    assert town.desk(SHANGHAI, "issuer").get(f"/v1/openings/{carried.programme}/claims").code == "NotFound"
    refused = carried.prepare(stranger.key)
    assert (refused.code, "carried the ledger over" in refused["title"]) == ("NotFound", True)
    assert carried.prepare(voucher=town.voucher(CHANGXING, carried.firm, carried.strip)["voucher_id"]).code == "NotFound"


# A claim in flight


def test_a_claim_in_flight_is_redeemed_once_both_have_signed(town, carried, lab):
    firm = carried.firm
    waiting, prepared = carried.only_claim(), carried.prepare()
    agreed = {"amount": 500_000, "lab": town.world.lab_id(lab), "project": town.world.keyring.project(firm.company_code, "膜材检测")}
    order = town.submit("/v1/orders", lab, town.signed(prepared["order"], Order, firm, lab, agreed))
    opened = carried.only_claim()
    agreed = {"cost": 800_000, "subsidy": 480_000, "invoice": town.world.keyring.invoice(**invoice_of(carried.claim))}
    redeemed = town.submit("/v1/redemptions", lab, town.signed(prepared["redemption"], Redemption, firm, lab, agreed))

    assert (waiting["stage"], waiting["awaits"], waiting["notes"]) == (None, ["FIRM", "LAB"], [{"first": 4, "last": 8}])
    assert (order.status, order["stage"]) == (201, "OPEN")
    assert (opened["order_id"], opened["stage"], opened["awaits"]) == (order["order_id"], "OPEN", ["FIRM", "LAB"])
    assert redeemed["stage"] == "REDEEMED"
    stages = town.finish(order["order_id"], CHANGXING, first_review=SHANGHAI, reference=f"O-{town.number()}")
    assert stages == ["ENDORSED", "ACCEPTED", "SETTLED"]
    assert (carried.only_claim()["stage"], carried.only_claim()["awaits"]) == ("SETTLED", [])
    assert carried.prepare().code == "WrongStage"
    balance = town.balance(CHANGXING, firm, waiting["serial"])
    assert balance == {"available": "0", "reserved": "0", "redeemed": "480000", "lapsed": "20000"}


def test_once_its_order_is_open_only_the_redemption_is_prepared(town, carried, lab):
    first = carried.prepare(carried.firm.key)
    order = town.submit("/v1/orders", lab, both_signed(town, first["order"]["typed_data"], carried.firm, lab))

    again = carried.prepare(carried.firm.key)

    assert again["order"] is None
    assert again["redemption_facts"]["order"] == order["order_id"]
    assert town.submit("/v1/redemptions", lab, both_signed(town, again["redemption"]["typed_data"], carried.firm, lab)).status == 201


def test_without_the_firm_nothing_in_flight_moves(town, carried, lab):
    prepared = carried.prepare()
    signed = both_signed(town, prepared["order"]["typed_data"], carried.firm, lab)

    refused = town.submit("/v1/orders", lab, signed | {"firm_signature": signed["lab_signature"]})

    assert refused.code == "NotSignedBy"
    assert carried.only_claim()["order_id"] is None


# What was paid before


@pytest.fixture
def open_order(town, carried, lab):
    """An order of the same firm on another voucher, whose cost is to be claimed on an invoice of the ledger's."""
    return town.reserved(carried.firm, lab, serial=town.serial_for(carried.firm), amount="300000")


def facts(order, lab, row, cost="500000"):
    agreement = {"seller": lab.host_unit, "number": "C-AGAIN"}
    told = {"order": order, "cost": cost, "agreement": agreement, "invoice": invoice_of(row)}
    return told | {"invoice_amount": cost, "report_sha256": REPORT}


@pytest.mark.parametrize("which", ["paid", "claim"])
def test_an_invoice_of_the_ledger_is_not_claimed_again_at_this_gateway(town, carried, lab, open_order, which):
    """Neither one that was paid, nor one that a claim in flight is on: whether it is prepared here or elsewhere."""
    asked = facts(open_order, lab, getattr(carried, which))
    elsewhere = town.desk(SHANGHAI, lab.key).post("/v1/redemptions/prepare", asked)["typed_data"]
    signed = both_signed(town, elsewhere, carried.firm, lab)
    here = town.desk(CHANGXING, carried.firm.key)

    prepared, sent = here.post("/v1/redemptions/prepare", asked), here.post("/v1/redemptions", signed)
    together = here.post("/v1/submissions", {"documents": [signed]})

    assert [(each.status, each.code) for each in (prepared, sent)] == [(409, "InvoicePaidBefore")] * 2
    # What others claimed on it is no party's affair.
    assert prepared["values"] == sent["values"] == {"amounts": {"cost": "500000"}}
    assert together["outcomes"][0]["refused"]["code"] == "InvoicePaidBefore"
    assert here.get(f"/v1/orders/{open_order}")["stage"] == "OPEN"


def test_claimed_at_another_region_s_gateway_it_is_not_accepted_and_can_be_rejected(town, carried, lab, open_order):
    document = town.desk(SHANGHAI, lab.key).post("/v1/redemptions/prepare", facts(open_order, lab, carried.paid))["typed_data"]
    assert town.submit("/v1/redemptions", lab, both_signed(town, document, carried.firm, lab)).status == 201
    assert town.review("endorse", SHANGHAI, "reviewer-1", open_order) == "ENDORSED"

    refused = town.desk(CHANGXING, "reviewer-2").post("/v1/orders/accept", {"orders": [open_order]})
    assert (refused.code, refused["values"]["amounts"].keys()) == (
        "InvoicePaidBefore",
        {"invoice_amount", "claimed_before", "claimed", "cost"},
    )
    assert town.review("reject", CHANGXING, "reviewer-2", open_order) == "OPEN"


def test_what_is_left_of_a_partly_paid_invoice_can_be_claimed(town, ledger, lab):
    strip, other, claim, paid = ledger.rows
    ledger.rows = [strip, other, claim, paid | {"invoice_amount": "9000"}]
    assert ledger.open().carry().status == 201
    order = town.reserved(ledger.firm, lab, serial=ledger.strip, amount="300000")
    here = town.desk(CHANGXING, ledger.firm.key)
    asked = facts(order, lab, paid) | {"invoice_amount": "900000"}

    assert here.post("/v1/redemptions/prepare", asked | {"cost": "400001"}).code == "InvoicePaidBefore"
    assert here.post("/v1/redemptions/prepare", asked | {"cost": "400000"}).status == 200


def test_an_invoice_that_the_ledger_does_not_know_is_nobody_s_affair(town, carried, lab, open_order):
    document = redemption_document(town, open_order, lab, cost="500000")

    sent = town.desk(CHANGXING, carried.firm.key).post("/v1/redemptions", both_signed(town, document, carried.firm, lab))

    assert sent["stage"] == "REDEEMED"


def test_without_its_list_a_gateway_pays_nothing_until_it_is_handed_in_again(town, carried, lab, open_order):
    folder = town.world.folder(CHANGXING) / "state" / "openings"
    path = folder / f"{sha256_of(carried.content)}.list"
    assert (path.stat().st_mode & 0o777, path.read_bytes()) == (0o600, carried.content)
    document = redemption_document(town, open_order, lab, cost="500000")
    signed = both_signed(town, document, carried.firm, lab)

    path.write_bytes(carried.content + b"\n")
    with town.restarted(CHANGXING):
        altered = town.desk(CHANGXING, carried.firm.key).post("/v1/redemptions", signed)
        path.unlink()
        lost = town.desk(CHANGXING, carried.firm.key).post("/v1/redemptions", signed)
        assert carried.carry()["repeated"] is True
        found = town.desk(CHANGXING, carried.firm.key).post("/v1/redemptions", signed)

    assert [altered.code, lost.code, found.code] == ["OpeningListDiffers", "OpeningListMissing", None]


# What was granted before


def test_a_cap_holds_across_the_cut_over(town, ledger):
    """What the ledger granted this year counts from its own day and with its whole face, under a programme that names the ledger's code."""
    today = datetime.fromtimestamp(town.now, UTC).astimezone(CHINA).date()
    firm = ledger.firm
    state(town, CHANGXING, firm.company_code, SCI_TECH)
    this_year = VOUCHER | {"firm": firm.company_code, "serial": ledger.strip, "issued": f"{today.year}-01-01", "face": "90000"}
    before = this_year | {"serial": f"{ledger.strip}-OLD", "issued": f"{today.year - 1}-12-31"}
    ledger.rows = [
        row | {"used": "80000", "notes": "1-80", "use_by": "2099-12-31", "claim_by": "2099-12-31"} for row in (this_year, before)
    ]
    totals = dict.fromkeys(("in_flight", "claims", "claimed", "paid_invoices", "paid"), 0)
    totals |= {"face": 18_000_000, "used": 16_000_000, "remaining": 2_000_000}
    assert ledger.open(cut_over=today.isoformat(), **totals).carry()["issued_vouchers"] == 2
    cap = 'period = "CALENDAR_YEAR"'
    rule = Scene.programme_text(town, "changxing-2013").replace('"CX-KJQ-2013"', f'"CX-NEW-{town.number()}"')
    file = {"file": rule.replace(cap, f'{cap}\nalso_counts = ["{ledger.code}"]')}
    programme = town.desk(CHANGXING, "issuer").post("/v1/programmes", file)["programme_id"]

    first, second = issue(town, programme, [firm]), issue(town, programme, [firm])

    assert first.status == 201, first.body
    assert against(second) == [(1, "PolicyRefused", ["cap"])]
    (finding,) = second["values"]["bad"][0]["findings"]
    assert finding["fact"] == "10000000"
