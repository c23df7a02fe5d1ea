"""
The tag key changes from epoch 1 to 2 in a town that goes on (docs/adr/0018): a voucher of before, one of after, and what must never meet.

Tests share one town, each with vouchers of its own.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from gateway.api_keys import ApiKeys
from gateway.callers import Party
from gateway.tag_keys import TagKeysRefused, keyring_of
from registry import (
    NO_ID,
    OPENING_SUFFIX,
    Client,
    Fen,
    Id,
    Keyring,
    Node,
    Order,
    Outbox,
    Recipient,
    Region,
    Signatures,
    Terms,
    Time,
    id_of,
    sign,
    typed_data,
    voucher_of,
)
from registry.tag_keys import add_tag_key, create_tag_key, tag_keys_in
from scripts.demonstration.cast import CHANGXING, KUNSHAN, SHANGHAI, FirmCast, LabCast, sample_code
from scripts.demonstration.play import PROGRAMME_FILES
from tests.gateway.conftest import SERVED, Town, settled_in
from tests.gateway.newcomers import new_account, raw_of, signer_of
from tests.gateway.test_opening import Ledger
from tests.gateway.test_opening_list import VOUCHER

pytestmark = pytest.mark.both_in_full

DAY = 86_400
TERMS = {"face": "1000000", "denomination": "100000"}


@dataclass
class Changed:
    """The town after the change, with both of the lab's records; vouchers are issued under either epoch."""

    town: Town
    firm: FirmCast
    labs: dict[int, LabCast]
    programmes: dict[int, str]
    keyrings: dict[int, Keyring]
    before: list[str]

    def at(self, epoch: int) -> Town:
        """The town, whose people know parties and projects by tags of this epoch."""
        self.town.world.keyring = self.keyrings[epoch]
        return self.town

    def voucher(self, serial: str) -> dict[str, Any]:
        """How one names a voucher: by nothing that tells its epoch."""
        return {"region": CHANGXING, "firm": self.firm.company_code, "serial": serial}

    def serial(self, epoch: int) -> str:
        """A voucher that no other test uses."""
        return self.before.pop() if epoch == 1 else self.issued(epoch)

    def issued(self, epoch: int) -> str:
        """A voucher just issued under the programme of an epoch."""
        serial = f"E{epoch}-{self.town.number():05}"
        answer = self.issue(epoch, serial)
        assert answer.status == 201, answer.body
        return serial

    def issue(self, epoch: int, *serials: str, firm: str | None = None):
        """A list handed in under the programme of an epoch."""
        return self.town.desk(CHANGXING, "issuer").post("/v1/vouchers/rows", self.rows(epoch, *serials, firm=firm))

    def rows(self, epoch: int, *serials: str, firm: str | None = None) -> dict[str, Any]:
        """Such a list."""
        recipients = [{"firm": firm or self.firm.company_code, "serial": each} for each in serials]
        times = {"use_by": 1_999_999_999, "claim_by": 1_999_999_999}
        return TERMS | times | {"programme": self.programmes[epoch], "recipients": recipients}

    def verified(self, serial: str, epoch: int, *, region: int = SHANGHAI, caller: str | None = None):
        """What the lab's record of an epoch, or somebody else, is answered."""
        return self.town.desk(region, caller or self.labs[epoch].key).post("/v1/verifications", {"voucher": self.voucher(serial)})

    def reserved(self, serial: str, epoch: int, *, amount: str = "500000") -> str:
        """An order at the lab's record of an epoch."""
        return self.at(epoch).reserved(self.firm, self.labs[epoch], serial=serial, amount=amount)

    def redemption(self, order: str, epoch: int, *, invoice: dict[str, str], cost: str = "800000"):
        """What comes of redeeming an order on an invoice."""
        lab = self.labs[epoch]
        signed = self.at(epoch).redemption(order, self.firm, lab, cost=cost, contract=f"C-{self.town.number()}", invoice=invoice)
        return self.town.submit("/v1/redemptions", lab, signed)


def opened(town, epoch):
    text = town.programme_text(PROGRAMME_FILES[CHANGXING]).replace("CX-KJQ-2013", f"CX-EPOCH-{epoch}")
    programme = town.desk(CHANGXING, "issuer").post("/v1/programmes", {"file": text})["programme_id"]
    asked = {"amount": "10000000000", "bank_reference": f"EPOCH-{epoch}"}
    assert town.desk(CHANGXING, "payer").post(f"/v1/programmes/{programme}/fund", asked).status == 200
    return programme


def restarted(town, **overrides):
    town.overrides |= overrides
    for region in SERVED:
        town.stop(region)
        town.start(region)


@pytest.fixture(scope="module")
def changed(engine, _chain_ids, tmp_path_factory):
    """Everything that the decision record asks for on the date of the change."""
    with settled_in(engine, next(_chain_ids), tmp_path_factory.mktemp("epochs")) as town:
        firm, lab = town.firm("firm-changxing"), town.lab("lab-shanghai")
        path, first = town.world.directory / "tag-keys.json", town.world.keyring
        changed = Changed(town, firm, {1: lab}, {1: opened(town, 1)}, {1: first}, [])
        changed.before = [changed.issued(1) for _ in range(12)]

        # The key was handed to all before; nothing changes by that alone.
        add_tag_key(path, create_tag_key(2))
        changed.keyrings[2] = Keyring(tag_keys_in(path), epoch=2)
        restarted(town)
        changed.before.append(changed.issued(1))

        # The date.
        restarted(town, tag_epoch=2)
        changed.programmes[2] = opened(town, 2)
        refused = changed.issue(2, "E2-EARLY")
        assert (refused.code, [row["code"] for row in refused["values"]["bad"]]) == ("BadRows", ["FirmNotEnrolled"])
        assert "第 1 期" in refused["values"]["bad"][0]["message"]
        assert "enrol it again under epoch 2" in refused["values"]["bad"][0]["message"]

        asked = {"firm": firm.company_code, "signer": signer_of(town, firm)}
        assert town.desk(CHANGXING, "directory").post("/v1/firms", asked).status == 201
        changed.labs[2] = admitted_again(changed.at(2), lab)
        yield changed


def admitted_again(town, lab):
    """The lab's second record, with the same key, and an API key of its own."""
    again = replace(lab, key=f"{lab.key}-2")
    town.world.parties[again.key] = town.world.parties[lab.key]
    until = town.now + 900 * DAY
    asked = {"code": lab.code, "host_unit": lab.host_unit, "signer": signer_of(town, lab), "qualified_until": until}
    assert town.desk(SHANGHAI, "directory").post("/v1/labs", asked).status == 201
    asked = {"subjects": [town.lab_id(again)], "from": 0, "until": until}
    assert town.desk(CHANGXING, "directory").post("/v1/recognitions", asked).status == 201
    with ApiKeys(town.world.folder(SHANGHAI) / "state") as keys:
        lab_id = town.world.lab_id(again)
        town.world.api_keys[SHANGHAI][again.key], _ = keys.add(name=again.key, party=Party.LAB, region=SHANGHAI, lab=lab_id)
    return again


# A voucher's life, before and after


@pytest.mark.parametrize("epoch", [1, 2])
def test_a_voucher_of_either_epoch_lives_to_its_end(changed, epoch):
    serial, town = changed.serial(epoch), changed.town
    verified = changed.verified(serial, epoch)
    assert (verified["status"], verified["voucher"]["available"]) == ("VALID", "1000000")

    order = changed.reserved(serial, epoch)
    redeemed = changed.redemption(order, epoch, invoice=town.invoice())
    assert (redeemed.status, redeemed["stage"]) == (201, "REDEEMED")
    assert town.review("endorse", SHANGHAI, "reviewer-1", order) == "ENDORSED"
    assert town.review("accept", CHANGXING, "reviewer-1", order) == "ACCEPTED"
    assert town.review("settle", CHANGXING, "payer", order, payment_reference=f"E-{town.number()}") == "SETTLED"

    seen = town.desk(CHANGXING, "reviewer-1").get(f"/v1/orders/{order}")
    assert seen["warnings"] == []
    events = {event["name"]: event["values"] for event in seen["history"]}
    assert {events["Reserved"]["record"]["project"][:4], events["Redeemed"]["record"]["agreement"][:4]} == {f"0x{epoch:02x}"}
    # An invoice keeps its year's epoch.
    assert events["Redeemed"]["record"]["invoice"][:4] == "0x18"


@pytest.mark.parametrize("epoch", [1, 2])
def test_the_three_facts_are_right_of_either_epoch(changed, epoch):
    serial, desk = changed.serial(epoch), changed.town.desk(SHANGHAI, "lab-shanghai")

    def ask(project: str, name: str = serial) -> dict[str, Any]:
        answer = desk.post("/v1/facts", {"voucher": changed.voucher(name), "project": project})
        return {each: answer[each] for each in ("status", "enterprise", "serial", "project")}

    right = {"status": "ANSWERED", "enterprise": True, "serial": True}
    assert ask("P-1") == right | {"project": "NOT_REGISTERED"}
    changed.reserved(serial, epoch)
    assert ask("P-1") == right | {"project": "TRUE"}
    assert ask("P-2") == right | {"project": "FALSE"}
    assert ask("P-1", "NONE") == right | {"serial": False, "project": "NOT_REGISTERED"}


@pytest.mark.parametrize("epoch", [1, 2])
def test_a_quote_under_an_agreement_counts_that_of_the_vouchers_epoch(changed, epoch):
    named = {"voucher": changed.voucher(changed.serial(epoch)), "cost": "800000"}
    agreement = {"seller": changed.labs[epoch].host_unit, "number": f"C-{changed.town.number()}"}

    quoted = changed.town.desk(SHANGHAI, changed.labs[epoch].key).post("/v1/quotes", named | {"agreement": agreement})

    assert (quoted.status, quoted.body.get("subsidy")) == (200, "480000")


@pytest.mark.parametrize("epochs", [(1, 2), (2, 1)])
def test_an_invoice_that_was_claimed_under_one_epoch_is_refused_under_the_other(changed, epochs):
    first, second = epochs
    invoice = changed.town.invoice()
    orders = {epoch: changed.reserved(changed.serial(epoch), epoch) for epoch in epochs}
    assert changed.redemption(orders[first], first, invoice=invoice).status == 201

    refused = changed.redemption(orders[second], second, invoice=invoice)

    # The lab's other record is another seller to the ledger of invoices, which errs on the safe side.
    assert (refused.status, refused.code) == (409, "InvoiceSellerDiffers")
    assert changed.town.desk(SHANGHAI, changed.labs[second].key).get(f"/v1/orders/{orders[second]}")["stage"] == "OPEN"
    assert changed.redemption(orders[second], second, invoice=changed.town.invoice()).status == 201


def test_a_ledger_that_was_carried_over_before_the_change_is_not_carried_over_again(changed):
    """Its vouchers are on the chain under other tags, and a list under today's would issue them a second time."""
    town, firm, serial = changed.town, changed.firm, changed.serial(1)
    row = VOUCHER | {"firm": firm.company_code, "serial": serial}
    ledger = Ledger(town, firm, serial, "", [row], f"CX-TWICE-{town.number()}{OPENING_SUFFIX}")

    assert [(each["line"], each["code"]) for each in ledger.check()["bad"]] == [(2, "VoucherExists")]


# What must not be mixed


@pytest.mark.parametrize(("voucher", "lab"), [(1, 2), (2, 1)])
def test_a_voucher_is_spent_at_the_labs_record_of_its_own_epoch(changed, voucher, lab):
    serial = changed.serial(voucher)
    values = {"voucher": voucher, "lab": lab}

    verified = changed.verified(serial, lab)
    prepared = changed.town.desk(SHANGHAI, changed.labs[lab].key).post(
        "/v1/orders/prepare", {"voucher": changed.voucher(serial), "project": "P", "amount": "100000"}
    )

    assert (verified["status"], verified["voucher"]["available"]) == ("NOT_VALID", "1000000")
    assert ("EpochsMixed", values) in [(each["code"], each["values"]) for each in verified["reasons"]]
    assert (prepared.status, prepared.code, prepared["values"]) == (422, "EpochsMixed", values)


def mixed(changed, serial):
    """An order that no gateway made: a voucher of epoch 2 at the lab's record of epoch 1. Voucher, order and both signatures."""
    world, keyring = changed.town.world, changed.keyrings[2]
    rows = changed.rows(2, serial)
    terms = Terms(Id(bytes.fromhex(rows["programme"][2:])), Fen(1_000_000), Fen(100_000), Time(rows["use_by"]), Time(rows["claim_by"]))
    code = changed.firm.company_code
    voucher = voucher_of(terms, Recipient(keyring.firm(code), keyring.serial(Region(CHANGXING), serial)))
    lab = Id(changed.at(1).world.lab_id(changed.labs[1]))
    order = Order(id_of(voucher), lab, NO_ID, keyring.project(code, "P"), Fen(500_000), Time(changed.town.now + DAY), 1)
    firm, by_lab = (sign(order, world.deployment.domain, world.parties[each.key].key) for each in (changed.firm, changed.labs[1]))
    return voucher, order, Signatures(firm=firm, lab=by_lab)


def test_an_order_that_went_past_the_gateways_is_shown_to_the_reviewer_before_he_accepts(changed, tmp_path):
    town = changed.town
    voucher, order, signatures = mixed(changed, changed.serial(2))
    with Outbox(tmp_path / "outbox.sqlite", Node(town.world.node_url), chain_id=town.node.chain_id) as outbox:
        Client(Node(town.world.node_url), town.world.deployment, outbox, Account.create()).reserve(voucher, order, signatures)

    reviewer, name = town.desk(CHANGXING, "reviewer-1"), "0x" + id_of(order).hex()
    one = reviewer.get(f"/v1/orders/{name}")
    (listed,) = (each for each in reviewer.get("/v1/orders", limit=1000)["orders"] if each["order_id"] == name)

    warning = {"code": "EpochsMixed", "values": {"voucher": 2, "project": 2, "lab": 1, "seller": 1}}
    assert one["warnings"] == listed["warnings"] == [warning]


def test_no_gateway_brings_an_order_that_mixes_epochs(changed):
    _, order, signatures = mixed(changed, changed.serial(2))
    document = typed_data(order, changed.town.world.deployment.domain)
    signed = {"typed_data": document, "firm_signature": "0x" + signatures.firm.hex(), "lab_signature": "0x" + signatures.lab.hex()}
    desk = changed.town.desk(SHANGHAI, "lab-shanghai")

    alone, among_others = desk.post("/v1/orders", signed), desk.post("/v1/submissions", {"documents": [signed]})

    assert (alone.status, alone.code) == (422, "EpochsMixed")
    assert [each["refused"]["code"] for each in among_others["outcomes"]] == ["EpochsMixed"]


def test_nothing_more_is_issued_under_a_programme_of_before(changed):
    refused = changed.issue(1, "E1-LATE")
    checked = changed.town.desk(CHANGXING, "issuer").post("/v1/vouchers/rows/check", changed.rows(1, "E1-LATE"))

    expected = (409, "ProgrammeOfOtherEpoch", {"programme": 1, "current": 2})
    assert (refused.status, refused.code, refused["values"]) == expected
    assert (checked.status, checked.code, checked["values"]) == expected
    assert [(each["code"], each["values"]) for each in changed.verified("E1-LATE", 1)["reasons"]] == [("UnknownVoucher", {})]


def test_the_same_list_of_before_is_still_the_same_issue(changed):
    serial = changed.serial(1)

    again = changed.issue(1, serial)

    assert (again.status, again["repeated"]) == (201, True)
    assert again["vouchers"][0]["voucher_id"] == changed.verified(serial, 1)["voucher"]["voucher_id"]


# Who sees what


def test_a_firm_sees_all_that_is_its_own_under_both_ids(changed):
    serials = {epoch: changed.serial(epoch) for epoch in (1, 2)}
    orders = [changed.reserved(serials[epoch], epoch) for epoch in (2, 1)]
    desk = changed.town.desk(CHANGXING, changed.firm.key)
    vouchers = {changed.verified(serials[epoch], epoch)["voucher"]["voucher_id"] for epoch in (1, 2)}

    firms = desk.get("/v1/firms")["firms"]
    assert [firm["epoch"] for firm in firms] == [1, 2]
    assert len({firm["firm"] for firm in firms}) == 2
    assert vouchers <= {each["voucher_id"] for each in desk.get("/v1/vouchers", limit=1000)["vouchers"]}
    assert [each["order_id"] for each in desk.get("/v1/orders", limit=1000)["orders"] if each["order_id"] in orders] == orders
    for epoch, serial in serials.items():
        assert changed.verified(serial, epoch, region=CHANGXING, caller="issuer")["status"] == "VALID"
    assert vouchers <= {each["voucher_id"] for each in desk.get("/v1/lookups", limit=1000)["lookups"]}
    for voucher in vouchers:
        assert desk.get(f"/v1/vouchers/{voucher}").status == 200


def test_a_firm_changes_the_key_of_each_of_its_ids(changed):
    """By name, and unnamed the newest. To the key that is in place, so that nothing changes for other tests."""
    desk = changed.town.desk(CHANGXING, changed.firm.key)
    by_epoch = {each["epoch"]: each["firm"] for each in desk.get("/v1/firms")["firms"]}
    signer = signer_of(changed.town, changed.firm)
    for named, expected in (({"subject": by_epoch[1]}, by_epoch[1]), ({"subject": by_epoch[2]}, by_epoch[2]), ({}, by_epoch[2])):
        prepared = desk.post("/v1/rotations/prepare", {"signer": signer} | named)
        raw = raw_of(changed.town, prepared["transaction"], changed.firm)
        written = desk.post("/v1/rotations/submit", {"raw": raw})
        assert (written["outcome"], written["subject"]) == ("ROTATED", expected)

    kunshan = "0x" + "12" * 32
    assert desk.post("/v1/rotations/prepare", {"signer": signer, "subject": kunshan}).code == "NotYours"
    assert desk.post("/v1/rotations/veto/prepare", {"subject": kunshan}).code == "NotYours"


def test_a_labs_seller_is_renewed_under_the_epoch_of_its_record(changed):
    for epoch, lab in changed.labs.items():
        lab_id = changed.at(epoch).lab_id(lab)
        asked = {"seller": lab.host_unit, "qualified_until": changed.town.now + 900 * DAY}
        assert changed.town.desk(SHANGHAI, "directory").post(f"/v1/labs/{lab_id}/renew", asked).status == 200
        assert changed.town.desk(SHANGHAI, lab.key).get(f"/v1/labs/{lab_id}")["epoch"] == epoch

        order = changed.reserved(changed.serial(epoch), epoch)
        assert changed.redemption(order, epoch, invoice=changed.town.invoice()).status == 201


def test_a_power_of_attorney_counts_under_the_second_id_too(changed):
    town, agent = changed.town, new_account().address
    code = sample_code(CHANGXING, 700)  # a firm of this test alone
    restarted(town, tag_epoch=1)
    assert town.desk(CHANGXING, "directory").post("/v1/firms", {"firm": code, "signer": agent}).status == 201
    named = {"firm": code, "agent": agent, "document_sha256": "ab" * 32}
    assert town.desk(CHANGXING, "directory").post("/v1/powers", named | {"from": 0, "until": town.now + DAY})["signs"] is True
    restarted(town, tag_epoch=2)
    office = town.desk(CHANGXING, "directory")
    assert office.post("/v1/firms", {"firm": code, "signer": agent}).status == 201

    mine = [each for each in office.get("/v1/powers", limit=1000)["powers"] if each["agent"] == agent.lower()]
    assert [(each["signs"], each["until"]) for each in mine] == [(True, mine[0]["until"])] * 2
    assert office.post("/v1/powers/withdraw", named | {"at": 7})["withdrawn"] == 7
    assert [each["withdrawn"] for each in office.get("/v1/powers", limit=1000)["powers"] if each["agent"] == agent.lower()] == [7, 7]


# A gateway that lacks the new key


def test_a_gateway_without_the_key_says_that_it_cannot_tell(changed, tmp_path):
    """Never that there is no such voucher: it may be one of those that it cannot find."""
    town, old, new = changed.town, changed.serial(1), changed.serial(2)
    held = json.loads((town.world.directory / "tag-keys.json").read_text())
    path = tmp_path / "tag-keys.json"
    path.write_text(json.dumps({epoch: secret for epoch, secret in held.items() if epoch != "2"}))
    path.chmod(0o600)
    before = dict(town.overrides)
    town.stop(KUNSHAN)
    town.overrides |= {"tag_keys": path, "tag_epoch": 1}
    town.start(KUNSHAN)
    try:
        answers = {serial: changed.verified(serial, 1, region=KUNSHAN, caller="lab-kunshan") for serial in (old, new)}
        assert (answers[old]["voucher"]["available"], answers[new]["status"], answers[new]["reasons"]) == ("1000000", "UNKNOWN", [])
        desk = town.desk(KUNSHAN, "lab-kunshan")
        facts = desk.post("/v1/facts", {"voucher": changed.voucher(new), "project": "P"})
        assert (facts["status"], facts["serial"]) == ("UNKNOWN", None)
        quoted = desk.post("/v1/quotes", {"voucher": changed.voucher(new), "cost": "800000"})
        assert (quoted.status, quoted.code, quoted["values"]) == (422, "EpochMissing", {"epoch": 2})
    finally:
        town.overrides.clear()
        town.overrides.update(before)
        town.stop(KUNSHAN)
        town.start(KUNSHAN)


def test_a_gateway_does_not_start_without_the_key_of_its_epoch(changed):
    with pytest.raises(TagKeysRefused, match=r"tag_epoch is 3, and .* holds no key of it") as refused:
        keyring_of(Path(changed.town.world.directory / "tag-keys.json"), 3)

    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("content", ["", "[]", '{"1": "ab"}', '{"0": "' + "ab" * 32 + '"}'])
def test_what_is_no_file_of_tag_keys_is_refused_and_not_quoted(tmp_path, content):
    path = tmp_path / "keys.json"
    path.write_text(content)

    with pytest.raises(TagKeysRefused, match="is no file of tag keys") as refused:
        keyring_of(path, 1)

    assert "abab" not in str(refused.value)
