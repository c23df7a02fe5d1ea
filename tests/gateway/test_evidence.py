"""
Evidence at real gateways: handed in and read, checked for one programme and another, altered on the disk, compared across regions, drawn
for audit.

A Changxing firm's order is served in Shanghai: its lab hands in at Shanghai's gateway, and Changxing's reviewers read there what the firm
hands in.
"""

import hashlib
import io
import json
import os
import shutil
import zipfile
from contextlib import closing
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from openpyxl import Workbook

from gateway import evidence_book, near_duplicates
from gateway.api_keys import ApiKeys
from gateway.callers import Party
from gateway.evidence_book import CHAIN, EvidenceBook, traces_of
from gateway.evidence_files import MOST_UNPACKED_BYTES
from gateway.hash_chain import LogAltered
from registry import (
    NO_ADDRESS,
    NO_ID,
    Bundle,
    Fen,
    Id,
    InvoiceState,
    LabState,
    Ledger,
    Order,
    Region,
    Standing,
    Tag,
    Time,
    connect_store,
    drawn,
)
from registry.rules.ledger import NO_INVOICE
from scripts.demonstration.cast import BEIJING, CHANGXING, KUNSHAN, SHANGHAI
from scripts.demonstration.desks import Desk
from tests.gateway.newcomers import both_signed, give_api_key, new_firm, new_lab

pytestmark = pytest.mark.both_in_full

PDF = b"%PDF-1.7\n"
KINDS = ("服务合同", "发票", "成果报告")


@dataclass
class Case:
    """An order, who hands in for it, and what."""

    town: object
    order: str
    firm: object
    lab: object
    desk: Desk
    contract: str
    invoice: dict

    @property
    def path(self) -> str:
        return f"/v1/orders/{self.order}/evidence"

    def upload(self, content: bytes, *, desk: Desk | None = None):
        return (desk or self.desk).upload(f"{self.path}/documents", {}, name="../../etc/passwd", content=content, field="file")

    def bundle(self, *, contents: dict[str, bytes], amount: str = "800000", **more) -> dict:
        """The statement of documents with these contents."""
        documents = [{"kind": kind, "sha256": sha256(content)} for kind, content in contents.items()]
        contract = {"seller": self.lab.host_unit, "number": self.contract}
        return {"documents": documents, "contract": contract, "invoice": self.invoice | {"amount": amount}} | more

    def contents(self, *kinds: str) -> dict[str, bytes]:
        """Documents that no other order has."""
        return {kind: PDF + f"{kind} {self.order}".encode() for kind in kinds or KINDS}

    def hand_in(self, *, contents: dict[str, bytes] | None = None, desk: Desk | None = None, **more) -> dict[str, bytes]:
        """Upload and state."""
        contents = contents or self.contents()
        for content in contents.values():
            assert self.upload(content, desk=desk).status == 201
        answer = (desk or self.desk).post(self.path, self.bundle(contents=contents, **more))
        assert answer.status == 201, answer.body
        return contents

    def facts(self, report: bytes, *, cost: str = "800000") -> dict:
        agreement = {"seller": self.lab.host_unit, "number": self.contract}
        told = {"order": self.order, "cost": cost, "agreement": agreement, "invoice": self.invoice, "invoice_amount": cost}
        return told | {"report_sha256": sha256(report)}

    def redeem(self, report: bytes) -> str:
        """Redeem on what was handed in; the salt of the result."""
        prepared = self.desk.post("/v1/redemptions/prepare", self.facts(report))
        assert prepared.status == 200, prepared.body
        signed = both_signed(self.town, prepared["typed_data"], self.firm, self.lab)
        assert self.desk.post("/v1/redemptions", signed).status == 201
        return prepared["salt"]

    def warnings(self, region: int = SHANGHAI, caller: str = "reviewer-1") -> dict[str, list[dict]]:
        """What a reviewer is warned of, by code, the same with the order as with its evidence."""
        desk = self.town.desk(region, caller)
        shown = desk.get(f"/v1/orders/{self.order}")["warnings"]
        assert desk.get(self.path)["warnings"] == shown
        found: dict[str, list[dict]] = {}
        for each in shown:
            found.setdefault(each["code"], []).append(each["values"])
        return found


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def digital(number: int) -> dict:
    """A fully digital invoice; numbers that differ by a thousand are more than one slip apart."""
    return {"number": f"24312{number * 1_001_000 % 10**15:015}"}


@pytest.fixture
def case(town):
    return order_of(town)


def order_of(town, *, firm=None, lab=None, **more) -> Case:
    firm, lab = firm or town.firm("firm-changxing"), lab or town.lab("lab-shanghai")
    order = town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000")
    number = town.number()
    told = {"contract": f"EV-{number}", "invoice": {"code": f"31{number % 10**5:05}"[:4] + "24" + "1130", "number": f"{number * 7919:08}"}}
    return Case(town, order, firm, lab, town.desk(lab.region, lab.key), **told | more)


def on_disk(town, region, name):
    return town.world.folder(region) / "state" / "evidence" / name[:2] / name


def looks(town, order, region=SHANGHAI):
    found = town.desk(region, "auditor").get("/v1/lookups", limit="200")["lookups"]
    return [(each["what"], each["party"], each["region"], each["answer"]) for each in found if each["order_id"] == order]


# A happy day


def test_a_bundle_is_handed_in_checked_anchored_and_read_by_who_judges_it(town, case):
    """The lab at Shanghai's gateway; Changxing's reviewer at Changxing's, from what the firm hands in there with the salt."""
    file = {"file": town.programme_text("changxing-2013")}
    before = case.desk.post(f"{case.path}/check", file)
    assert (before["verdict"], [each["document"] for each in before["checked"]]) == ("MISSING", list(KINDS))

    contents = case.hand_in()

    after = case.desk.post(f"{case.path}/check", file)
    assert (after["verdict"], {each["verdict"] for each in after["checked"]}) == ("HOLDS", {"HOLDS"})
    salt = case.redeem(contents["成果报告"])
    seen = town.desk(SHANGHAI, "reviewer-1").get(case.path)
    assert (seen["result"], seen["stage"], seen["statements"], seen["stated_by"]) == ("MATCHES", "REDEEMED", 1, "LAB")
    for content in contents.values():
        original = town.desk(SHANGHAI, "reviewer-1").raw(f"{case.path}/documents/{sha256(content)}")
        assert (original.status_code, original.content) == (200, content)
        assert original.headers["Content-Disposition"] == f'attachment; filename="{sha256(content)[:16]}.pdf"'

    home, at_home = town.desk(CHANGXING, "reviewer-1"), town.desk(CHANGXING, case.firm.key)
    assert [each["code"] for each in home.get(f"/v1/orders/{case.order}")["warnings"]] == ["EvidenceNotHere"]
    assert home.get(case.path)["bundle"] is None
    case.hand_in(contents=contents, desk=at_home, salt=salt)
    theirs = home.get(case.path)
    assert (theirs["result"], theirs["stated_by"], theirs["warnings"]) == ("MATCHES", "FIRM", [])
    assert theirs["bundle_sha256"] == seen["bundle_sha256"]
    assert home.post(f"{case.path}/check", {})["verdict"] == "HOLDS"


def test_one_bundle_satisfies_another_programme_or_is_told_what_it_lacks(town, case):
    case.hand_in()
    beijing = {"file": town.programme_text("beijing-2018")}
    kunshan = {"file": town.programme_text("kunshan-2018")}

    assert case.desk.post(f"{case.path}/check", beijing)["verdict"] == "HOLDS"
    lacks = case.desk.post(f"{case.path}/check", kunshan)
    assert (lacks["verdict"], [each["document"] for each in lacks["checked"] if each["verdict"] == "MISSING"]) == ("MISSING", ["收支凭证"])
    case.hand_in(contents=case.contents(*KINDS, "收支凭证"))
    assert case.desk.post(f"{case.path}/check", kunshan)["verdict"] == "HOLDS"


def test_a_programme_file_that_is_not_the_chains_decides_nothing(town, case):
    another = town.programme_text("changxing-2013").replace('required = ["服务合同", "发票", "成果报告"]', "required = []")
    programme = town.programmes[CHANGXING]

    assert case.desk.post(f"{case.path}/check", {"file": another}).code == "NotFound"
    assert case.desk.post(f"{case.path}/check", {"file": another, "programme": programme}).code == "ProgrammeFileDiffers"
    assert case.desk.post(f"{case.path}/check", {"programme": programme}).code == "ProgrammeFileMissing"
    assert case.desk.post(f"{case.path}/check", {"programme": "0x" + "11" * 32}).code == "NotFound"
    assert case.desk.post(f"{case.path}/check", {"file": "region = "}).code == "ProgrammeFileMalformed"


def test_what_was_stated_last_counts_and_a_repeat_is_one_statement(town, case):
    contents = case.hand_in()
    corrected = case.bundle(contents=contents, report_form="CMA 检测报告")

    first = case.desk.post(case.path, corrected, key=f"again-{case.order}")
    second = case.desk.post(case.path, corrected, key=f"again-{case.order}")

    assert (first.status, first.body) == (201, second.body)
    seen = case.desk.get(case.path)
    assert (seen["statements"], seen["bundle_sha256"], seen["bundle"]["report_form"]) == (2, first["bundle_sha256"], "CMA检测报告")


def test_of_many_statements_one_is_read(town, case, monkeypatch):
    """A lab that states its bundle again and again makes no reviewer wait."""
    contents = case.hand_in()
    for number in range(30):
        assert case.desk.post(case.path, case.bundle(contents=contents, report_form=f"F-{number}")).status == 201
    read, real = [], Bundle.read
    monkeypatch.setattr(Bundle, "read", lambda told: read.append(told) or real(told))

    with closing(EvidenceBook(town.world.folder(SHANGHAI) / "state")) as book:
        monkeypatch.setattr(evidence_book.json, "loads", lambda told: read.append(told) or json.JSONDecoder().decode(told))
        handed = book.handed(Id(bytes.fromhex(case.order[2:])))

    assert (handed.statements, handed.bundle.report_form, len(read)) == (31, "F29", 2)


def test_without_a_report_the_result_is_the_whole_bundle(town, case):
    contents = case.contents("服务合同", "收支凭证")
    case.hand_in(contents=contents)
    bundle = Bundle.read(case.desk.get(case.path)["bundle"])

    assert case.desk.post("/v1/redemptions/prepare", case.facts(contents["服务合同"])).code == "BundleDiffers"
    case.redeem(bundle.canonical())

    assert town.desk(SHANGHAI, "reviewer-1").get(case.path)["result"] == "MATCHES"


# What is prepared and what is handed in are one thing


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"report_sha256": "11" * 32}, "report_sha256"),
        ({"invoice": {"code": "3100241130", "number": "99999999"}}, "invoice"),
        ({"invoice_amount": "800001"}, "invoice"),
        ({"agreement": {"number": "OTHER"}}, "agreement"),
    ],
)
def test_a_redemption_is_prepared_only_on_what_the_bundle_states(town, case, wrong, field):
    contents = case.hand_in()
    facts = case.facts(contents["成果报告"])
    asked = facts | wrong | ({"agreement": facts["agreement"] | wrong["agreement"]} if "agreement" in wrong else {})

    answer = case.desk.post("/v1/redemptions/prepare", asked)

    assert (answer.status, answer.code, answer["values"]["fields"]) == (422, "BundleDiffers", [field])
    assert case.desk.post("/v1/redemptions/prepare", facts).status == 200


def test_a_bundle_that_is_stated_anew_after_the_redemption_differs_and_reviewers_see_it(town, case):
    contents = case.hand_in()
    case.redeem(contents["成果报告"])
    assert case.warnings() == {}

    other = case.contents() | {"成果报告": PDF + b"another report " + case.order.encode()}
    case.hand_in(contents=other)
    assert case.warnings()["BundleDiffers"] == [{"field": "result"}]
    case.invoice = {"code": "3100241130", "number": "98989898"}
    case.contract = "ANOTHER"
    case.hand_in(contents=contents, amount="700000")

    fields = {each["field"] for each in case.warnings()["BundleDiffers"]}
    assert fields == {"agreement", "invoice", "invoice_amount"}


def test_a_wrong_salt_does_not_match(town, case):
    contents = case.hand_in()
    case.redeem(contents["成果报告"])

    case.hand_in(contents=contents, desk=town.desk(CHANGXING, case.firm.key), salt="0x" + "11" * 32)

    assert town.desk(CHANGXING, "reviewer-1").get(case.path)["result"] == "DIFFERS"


# Who may


@pytest.mark.parametrize("who", ["another lab", "another firm", "another region's reviewer"])
def test_strangers_learn_nothing_and_their_looks_are_logged(town, case, who):
    contents = case.hand_in()
    desk = stranger(town, who)
    document = f"{case.path}/documents/{sha256(contents['发票'])}"

    answers = [desk.get(case.path), desk.post(f"{case.path}/check", {}), desk.get(document)]

    assert {(answer.status, answer.code) for answer in answers} == {(404, "NotFound")}
    at = BEIJING if who == "another lab" else SHANGHAI if who.startswith("another region") else CHANGXING
    assert {(what, answer) for what, _, _, answer in looks(town, case.order, at)} >= {
        (what, "NotFound") for what in ("evidence", "evidence-check", "evidence-document")
    }


def stranger(town, who):
    if who == "another lab":
        lab = next(each for each in town.world.cast.labs if each.region == BEIJING)
        return town.desk(BEIJING, lab.key)
    if who == "another firm":
        firm = new_firm(town, CHANGXING)
        give_api_key(town, firm)
        return town.desk(CHANGXING, firm.key)
    return foreign_reviewer(town, KUNSHAN)


def foreign_reviewer(town, region):
    """A reviewer of another region, to whom Shanghai's gateway gave a key of its own."""
    with ApiKeys(town.world.folder(SHANGHAI) / "state") as keys:
        secret, _ = keys.add(name=f"reviewer-of-{region}-{town.number()}", party=Party.REVIEWER, region=region, account="none")
    return Desk(town.http, town.world.gateways[SHANGHAI], secret)


def test_a_reviewer_of_the_home_region_reads_at_the_labs_gateway_with_a_key_of_it(town, case):
    contents = case.hand_in()
    desk = foreign_reviewer(town, CHANGXING)

    assert desk.get(case.path)["bundle"] is not None
    assert desk.raw(f"{case.path}/documents/{sha256(contents['发票'])}").content == contents["发票"]
    assert ("evidence-document", "REVIEWER", CHANGXING, "ANSWERED") in looks(town, case.order)


def test_only_the_orders_own_lab_and_firm_hand_in(town, case):
    for desk in (stranger(town, "another lab"), stranger(town, "another firm")):
        assert case.upload(PDF, desk=desk).code == "NotFound"
        assert desk.post(case.path, case.bundle(contents={"发票": PDF})).code == "NotFound"
    for caller in ("reviewer-1", "payer", "issuer", "directory", "auditor"):
        desk = town.desk(SHANGHAI, caller)
        assert case.upload(PDF, desk=desk).code == "RoleNotAllowed"
        assert desk.post(case.path, case.bundle(contents={"发票": PDF})).code == "RoleNotAllowed"
    assert case.desk.get(case.path)["documents"] == []


@pytest.mark.parametrize("caller", ["payer", "issuer", "directory"])
def test_who_does_not_judge_does_not_read(town, case, caller):
    case.hand_in()
    assert town.desk(SHANGHAI, caller).get(case.path).code == "RoleNotAllowed"


def test_every_look_is_logged_the_parties_own_too(town, case):
    contents = case.hand_in()
    case.desk.get(case.path)
    case.desk.raw(f"{case.path}/documents/{sha256(contents['发票'])}")
    town.desk(SHANGHAI, "reviewer-1").get(case.path)

    found = town.desk(SHANGHAI, "auditor").get("/v1/lookups", limit="200")["lookups"]

    mine = [each for each in found if each["order_id"] == case.order]
    assert [(each["what"], each["party"]) for each in mine] == [
        ("evidence", "REVIEWER"),
        ("evidence-document", "LAB"),
        ("evidence", "LAB"),
    ]
    assert mine[1]["span"] == sha256(contents["发票"])


# What is on the disk


def test_an_altered_file_is_refused_by_name_until_it_is_handed_in_anew(town, case):
    contents = case.hand_in()
    name = sha256(contents["发票"])
    path = on_disk(town, SHANGHAI, name)
    assert (path.stat().st_mode & 0o777, path.parent.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    path.write_bytes(contents["发票"] + b"0")

    answer = town.desk(SHANGHAI, "reviewer-1").get(f"{case.path}/documents/{name}")

    assert (answer.status, answer.code, answer["values"]) == (409, "EvidenceAltered", {"sha256": name, "missing": False})
    assert ("evidence-document", "REVIEWER", SHANGHAI, "EvidenceAltered") in looks(town, case.order)
    assert case.desk.post(case.path, case.bundle(contents=contents)).code == "EvidenceAltered"
    other = town.desk(SHANGHAI, "reviewer-1").raw(f"{case.path}/documents/{sha256(contents['服务合同'])}")
    assert other.content == contents["服务合同"]

    assert case.upload(contents["发票"]).status == 201
    assert town.desk(SHANGHAI, "reviewer-1").raw(f"{case.path}/documents/{name}").content == contents["发票"]


def test_a_missing_file_and_what_is_no_file_in_its_place_are_refused(town, case, tmp_path):
    contents = case.hand_in()
    name = sha256(contents["发票"])
    path = on_disk(town, SHANGHAI, name)
    path.unlink()
    desk = town.desk(SHANGHAI, "reviewer-1")

    assert desk.get(f"{case.path}/documents/{name}")["values"] == {"sha256": name, "missing": True}
    (tmp_path / "elsewhere").write_bytes(contents["发票"])
    for lay in (lambda: path.symlink_to(tmp_path / "elsewhere"), path.mkdir, lambda: os.mkfifo(path)):
        lay()
        assert desk.get(f"{case.path}/documents/{name}")["values"] == {"sha256": name, "missing": True}
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()


def test_what_is_on_record_is_chained(town, case, tmp_path):
    case.hand_in()
    state = town.world.folder(SHANGHAI) / "state"
    for path in state.glob("evidence.sqlite*"):
        shutil.copy(path, tmp_path)
    head = CHAIN.verify(tmp_path)
    assert head.number > 0
    connection = connect_store(tmp_path / "evidence.sqlite")
    connection.execute("DROP TRIGGER never_changed")
    connection.execute("UPDATE entries SET party = 'FIRM' WHERE number = ?", (head.number,))
    connection.close()

    with pytest.raises(LogAltered) as altered:
        CHAIN.verify(tmp_path)

    assert altered.value.number == head.number


# Bad input


def archive(**parts: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return file.getvalue()


def workbook() -> bytes:
    file = io.BytesIO()
    Workbook().save(file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (PDF + b"x", "application/pdf"),
        (b"\x89PNG\r\n\x1a\nx", "image/png"),
        (b"\xff\xd8\xff\xe0x", "image/jpeg"),
        (b"II*\0x", "image/tiff"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><EInvoice/>", "application/xml"),
        (archive(**{"OFD.xml": b"<ofd/>", "Doc_0/Document.xml": b"<d/>"}), "application/ofd"),
        (workbook(), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ],
)
def test_what_a_file_is_goes_by_its_content(town, case, content, media_type):
    content += b"" if content.startswith(b"PK") else case.order.encode()

    answer = case.upload(content)

    assert (answer.status, answer.body) == (201, {"sha256": sha256(content), "bytes": len(content), "media_type": media_type})


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 422, "EvidenceEmpty"),
        (b"GIF89a", 422, "EvidenceUnreadable"),
        (b"MZ\x90\0", 422, "EvidenceUnreadable"),
        (b"<html><script>", 422, "EvidenceUnreadable"),
        (b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a/>", 422, "EvidenceUnreadable"),
        (archive(**{"a.txt": b"a"}), 422, "EvidenceUnreadable"),
        (archive(**{"OFD.xml": b"", "../../evil": b""}), 422, "EvidenceUnreadable"),
        (archive(**{"OFD.xml": b"", "xl/workbook.xml": b""}), 422, "EvidenceUnreadable"),
        (b"PK\x03\x04 not an archive", 422, "EvidenceUnreadable"),
        (archive(**{f"{number}": b"" for number in range(2_001)}), 413, "EvidenceTooLarge"),
        (PDF + bytes(5_000_000), 413, "EvidenceTooLarge"),
        (PDF + bytes(6_000_000), 413, "TooLarge"),
    ],
    ids=["empty", "gif", "exe", "html", "doctype", "zip", "path", "both", "torn", "many", "large", "body"],
)
def test_what_is_no_evidence_is_refused_and_leaves_nothing(town, case, content, status, code):
    answer = case.upload(content)

    assert (answer.status, answer.code) == (status, code)
    assert case.desk.get(case.path)["documents"] == []
    assert not on_disk(town, SHANGHAI, sha256(content)).exists()


def test_an_archive_bomb_is_told_by_its_contents_and_never_unpacked(town, case, monkeypatch):
    bomb = archive(**{"OFD.xml": bytes(MOST_UNPACKED_BYTES + 1)})
    assert len(bomb) < 200_000

    def opened(*_):
        pytest.fail("it was opened")

    monkeypatch.setattr(zipfile.ZipFile, "open", opened)

    assert case.upload(bomb).code == "EvidenceTooLarge"


@pytest.mark.parametrize("name", ["..%2F..%2Fkeys.sqlite", "../keys.sqlite", "AB" * 32, "ab" * 31, "%00" * 64])
def test_a_document_is_named_by_a_hash_and_nothing_else(town, case, name):
    answer = case.desk.get(f"{case.path}/documents/{name}")

    assert answer.status in (404, 422)
    assert answer.code in ("NotFound", "InvalidRequest")


def test_a_document_of_another_order_is_none_of_this_one(town, case):
    contents = case.hand_in()
    other = order_of(town)
    name = sha256(contents["发票"])

    assert other.desk.get(f"{other.path}/documents/{name}").code == "NotFound"
    missing = other.desk.post(other.path, other.bundle(contents=contents))
    assert (missing.code, missing["values"]["missing"]) == ("EvidenceMissing", sorted(sha256(each) for each in contents.values()))
    assert other.desk.get(other.path)["bundle"] is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"documents": []},
        {"documents": [{"kind": "发票", "sha256": "11"}]},
        {"documents": [{"kind": "", "sha256": "11" * 32}]},
        {"documents": [{"kind": "发票", "sha256": "11" * 32}] * 61},
        {"contract": {"seller": "X"}},
        {"payment": {"amount": 1, "invoice": {"number": "1"}}},
        {"salt": "0x11"},
        {"surprise": 1},
    ],
)
def test_a_malformed_statement_is_refused(town, case, wrong):
    assert case.desk.post(case.path, case.bundle(contents={"发票": PDF}) | wrong).code == "InvalidRequest"


def test_codes_and_sellers_that_cannot_be_are_refused(town, case):
    contents = {"发票": PDF + case.order.encode()}
    case.upload(contents["发票"])
    good = case.bundle(contents=contents)

    assert case.desk.post(case.path, good | {"invoice": {"number": "123", "amount": "1"}}).code == "CodeRefused"
    assert case.desk.post(case.path, good | {"contract": {"seller": "123", "number": "C"}}).code == "CodeRefused"
    firm = case.firm.company_code
    assert case.desk.post(case.path, good | {"contract": {"seller": firm, "number": "C"}}).code == "SellerDiffers"
    assert case.desk.post(case.path, good).status == 201


def test_an_order_takes_so_many_documents_and_no_more(town, case):
    contents = [PDF + f"{number} {case.order}".encode() for number in range(61)]
    answers = [case.upload(content) for content in contents]

    assert [answer.status for answer in answers] == [201] * 60 + [409]
    assert answers[-1].code == "EvidenceFull"
    assert case.upload(contents[0]).status == 201


def test_one_party_cannot_leave_the_other_without_room(town, case):
    """A firm that hands in as much as is taken does not keep its lab from the money."""
    with ApiKeys(town.world.folder(SHANGHAI) / "state") as keys:
        secret, _ = keys.add(name=f"firm-{town.number()}", party=Party.FIRM, region=CHANGXING, firm=case.firm.company_code)
    desk = Desk(town.http, town.world.gateways[SHANGHAI], secret)
    answers = [case.upload(PDF + f"{number} {case.order}".encode(), desk=desk) for number in range(61)]

    assert [answer.status for answer in answers] == [201] * 60 + [409]
    assert case.upload(PDF + b"result").status == 201


# What looks like something else


def test_what_a_bundle_does_not_state_is_not_looked_for_and_reviewers_see_it(town, case):
    """Leaving the invoice out is a way around every search for its neighbours."""
    contents = case.hand_in()
    case.redeem(contents["成果报告"])
    assert case.warnings() == {}
    documents = {"documents": case.bundle(contents=contents)["documents"]}
    assert case.desk.post(case.path, documents).status == 201

    assert case.warnings()["NotStated"] == [{"field": "agreement"}, {"field": "invoice"}]


def test_many_warnings_of_one_kind_hide_none_of_another(town):
    """One harmless file used again and again would else push the invoice off the list."""
    shared = {"营业执照": PDF + f"licence {town.number()}".encode()}
    for _ in range(near_duplicates.MOST_WARNINGS + 1):
        order_of(town).hand_in(contents=shared)
    number = f"24312{town.number() * 1_001_000 + 900:015}"
    order_of(town, invoice={"number": number[:-1] + "1"}).hand_in()
    case = order_of(town, invoice={"number": number[:-1] + "2"})
    case.hand_in(contents=shared)

    warnings = case.warnings()

    assert {code: len(found) for code, found in warnings.items()} == {
        "FileAgain": near_duplicates.MOST_WARNINGS,
        "InvoiceNear": 1,
        "MoreWarnings": 1,
    }
    assert warnings["MoreWarnings"] == [{"left_out": 1}]


def test_a_file_of_very_many_orders_is_looked_at_in_the_newest_of_them(town, monkeypatch):
    """Else whoever hands one file in for all his orders makes the look at each of them as slow as all of them."""
    shared = {"营业执照": PDF + f"licence {town.number()}".encode()}
    others = [order_of(town) for _ in range(4)]
    for each in others:
        each.hand_in(contents=shared)
    case = order_of(town)
    case.hand_in(contents=shared)
    handed, looked = EvidenceBook.handed, []
    monkeypatch.setattr(EvidenceBook, "handed", lambda book, order: looked.append(order) or handed(book, order))

    monkeypatch.setattr(near_duplicates, "MOST_ORDERS", 3)
    found = case.warnings()["FileAgain"]

    assert {each["order"] for each in found} == {each.order for each in others[2:]}
    assert {"0x" + each.hex() for each in looked} == {each["order"] for each in found} | {case.order}


def test_the_same_file_for_another_order_is_a_warning_unless_it_is_the_contract_of_both(town, case):
    contents = case.hand_in()
    instalment = order_of(town, contract=case.contract)
    again = instalment.contents() | {"服务合同": contents["服务合同"], "成果报告": contents["成果报告"]}
    instalment.hand_in(contents=again)

    (found,) = instalment.warnings()["FileAgain"]

    told = {"order": case.order, "home": CHANGXING, "host": SHANGHAI}
    assert found == told | {"kind": "成果报告", "sha256": sha256(contents["成果报告"])}
    assert [each["order"] for each in case.warnings()["FileAgain"]] == [instalment.order]


def test_warnings_are_for_who_judges_and_refuse_nothing(town, case):
    contents = case.hand_in()
    other = order_of(town)
    other.hand_in(contents=contents)
    other.redeem(contents["成果报告"])

    assert set(other.warnings()) == {"FileAgain"}
    assert other.desk.get(other.path)["warnings"] == []
    assert other.desk.get(f"/v1/orders/{other.order}")["warnings"] == []
    assert town.desk(SHANGHAI, "payer").get(f"/v1/orders/{other.order}")["warnings"] == []
    assert town.review("endorse", SHANGHAI, "reviewer-1", other.order) == "ENDORSED"


def test_an_invoice_one_slip_away_is_found_across_two_regions_by_what_the_chain_carries(town):
    """A Beijing voucher at the lab in Shanghai, claimed on a mistyped number of the same invoice; Changxing's own gateway finds it."""
    beijing = town.firm("firm-beijing")
    serial = town.serial_for(beijing, face="10000000", denomination="1")
    order = town.reserved(beijing, town.lab("lab-shanghai"), serial=serial, amount="500000")
    assert town.review("approve", BEIJING, "reviewer-1", order) == "OPEN"
    invoice = digital(town.number())
    claimed = {"code": None, **invoice}
    signed = town.redemption(order, beijing, town.lab("lab-shanghai"), cost="500000", contract=f"C-{order[:8]}", invoice=claimed)
    assert town.submit("/v1/redemptions", town.lab("lab-shanghai"), signed).status == 201

    number = invoice["number"]
    at = next(at for at in range(8, 19) if number[at] != number[at + 1])
    changed = number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    case = order_of(town, invoice={"number": changed})
    case.hand_in(desk=town.desk(CHANGXING, case.firm.key), amount="500000")

    (found,) = case.warnings(CHANGXING)["InvoiceNear"]
    # Changxing's reviewer may not see Beijing's order, and learns of its regions alone.
    assert found == {"order": None, "home": BEIJING, "host": SHANGHAI, "same_amount": True, "same_seller": True}

    case.hand_in(amount="500000")
    (found,) = case.warnings(SHANGHAI)["InvoiceNear"]
    assert found["order"] == order


def test_invoices_that_one_seller_numbered_one_after_the_other_are_no_warning(town):
    number = f"24312{town.number() * 1_001_000 + 500:015}"
    first, second, third = (order_of(town, invoice={"number": number[:-1] + last}) for last in "123")
    first.hand_in(amount="800000")
    second.hand_in(amount="900000")
    third.hand_in(amount="900000")

    assert first.warnings() == {}
    assert [each["order"] for each in second.warnings()["InvoiceNear"]] == [third.order]
    assert [each["order"] for each in third.warnings()["InvoiceNear"]] == [second.order]


def test_what_another_subsidy_claims_on_a_neighbouring_invoice_is_found_without_an_order(town):
    """Other contracts may claim on the ledger of invoices; their claims have no order here."""
    case = order_of(town, invoice={"number": f"24312{town.number() * 1_001_000 + 300:015}"})
    bundle = Bundle.read(case.bundle(contents={"发票": PDF}) | {"payment": None, "report_form": None, "contract": None})
    order, ledger, keyring = Id(bytes.fromhex(case.order[2:])), Ledger(NO_ADDRESS), town.world.keyring
    lab, region = town.world.lab_id(case.lab), Region(SHANGHAI)
    ledger.order_records[order] = Order(Id(b"\1" * 32), lab, NO_ID, Tag(b"\1" * 32), Fen(1), Time(1), 1)
    seller = b"\1" * 27
    ledger.labs[lab] = LabState(NO_ADDRESS, region, Standing.ACTIVE, Time(0), seller, Time(0))
    number = case.invoice["number"]
    for last, amount, theirs in (("1", 800_000, seller), ("2", 700_000, seller), ("3", 700_000, b"\2" * 27)):
        ledger.invoices[keyring.invoice(number[:-1] + last)] = InvoiceState(Fen(amount), Fen(1), 1, theirs[:12])
    ledger.invoices[keyring.invoice(number[:-1] + "4")] = NO_INVOICE
    evidence = SimpleNamespace(orders_with=lambda *_, **__: [])
    office = SimpleNamespace(keyring=keyring, evidence=evidence)

    found = [each.values for each in near_duplicates._Looked(office, None, ledger, order, bundle).invoices()]

    nowhere = {"order": None, "home": None, "host": None}
    assert sorted(found, key=lambda each: each["same_seller"]) == [
        nowhere | {"same_amount": False, "same_seller": False},
        nowhere | {"same_amount": True, "same_seller": True},
    ]


def test_two_slips_are_no_neighbour(town):
    number = f"24312{town.number() * 1_001_000 + 700:015}"
    first, second = order_of(town, invoice={"number": number}), order_of(town, invoice={"number": number[:-3] + "8" + number[-2] + "9"})
    first.hand_in()
    second.hand_in()

    assert (first.warnings(), second.warnings()) == ({}, {})


def test_a_contract_number_under_another_seller_is_found_here_and_on_the_chain(town):
    """Two labs of different sellers claim under one number; Changxing's gateway has of the first claim what the chain carries."""
    other_lab = new_lab(town, SHANGHAI, recognised_by=(CHANGXING,))
    with ApiKeys(town.world.folder(SHANGHAI) / "state") as keys:
        lab_id = town.lab_id(other_lab)
        town.world.api_keys[SHANGHAI][other_lab.key], _ = keys.add(name=other_lab.key, party=Party.LAB, region=SHANGHAI, lab=lab_id)
    number = f"SAME-{town.number()}"
    first = order_of(town, contract=number)
    contents = first.hand_in()
    first.redeem(contents["成果报告"])
    second = order_of(town, lab=other_lab, contract=number)
    second.hand_in()

    (found,) = second.warnings()["ContractElsewhere"]
    assert found == {"order": first.order, "home": CHANGXING, "host": SHANGHAI}
    assert [each["order"] for each in first.warnings()["ContractElsewhere"]] == [second.order]

    # Changxing's gateway has no bundle of the first order, only its tags; it knows the first seller's name from another one.
    order_of(town).hand_in(desk=town.desk(CHANGXING, first.firm.key))
    second.hand_in(desk=town.desk(CHANGXING, second.firm.key))
    (found,) = second.warnings(CHANGXING)["ContractElsewhere"]
    assert found["order"] == first.order


def test_what_bundles_are_found_by_follows_from_the_chain_of_entries(town, case):
    contents = case.hand_in()
    case.hand_in(contents={"发票": contents["发票"]})
    bundle = Bundle.read(case.desk.get(case.path)["bundle"])
    state = town.world.folder(SHANGHAI) / "state" / "evidence.sqlite"
    connection = connect_store(state)
    rows = connection.execute("SELECT what, value FROM traces WHERE order_id = ?", (bytes.fromhex(case.order[2:]),)).fetchall()
    connection.close()

    assert sorted(rows) == sorted(traces_of(bundle))


# Auditing


@pytest.fixture
def redeemed(town):
    """Orders of Changxing at Shanghai for which money was asked, in a period that is over."""
    cases = []
    for _ in range(4):
        each = order_of(town)
        each.redeem(each.hand_in()["成果报告"])
        cases.append(each)
    until = town.node.timestamp()
    town.node.jump(1)
    town.node.mine()
    return cases, until


def test_a_sample_is_drawn_by_its_seed_from_what_the_chain_says(town, redeemed):
    cases, until = redeemed
    asked = {"seed": "抽查 2026", "size": 3, "from": 0, "until": until}
    auditor = town.desk(SHANGHAI, "auditor")

    first, second = auditor.post("/v1/evidence/sample", asked), auditor.post("/v1/evidence/sample", asked)

    assert first.status == 200, first.body
    assert first["orders"] == second["orders"]
    whole = auditor.post("/v1/evidence/sample", asked | {"size": 1_000})
    population = sorted(bytes.fromhex(each["order_id"][2:]) for each in whole["orders"])
    events = [each for each in town.events() if each["name"] == "Redeemed" and each["time"] <= until]
    sides = {bytes.fromhex(each["values"]["order"][2:]) for each in events}
    assert set(population) <= sides
    assert {bytes.fromhex(each.order[2:]) for each in cases} <= set(population)
    assert (first["population"], first["population_sha256"]) == (len(population), sha256(b"".join(population)))
    again = drawn("抽查 2026", [Id(each) for each in population], 3)
    assert [each["order_id"] for each in first["orders"]] == ["0x" + each.hex() for each in again]
    assert auditor.post("/v1/evidence/sample", asked | {"seed": "2027", "size": 1_000})["orders"] != whole["orders"]


def test_both_regions_draw_the_same_orders_of_their_pair(town, redeemed):
    cases, until = redeemed
    asked = {"seed": "1", "size": 1_000, "from": 0, "until": until}
    mine = {each.order for each in cases}

    for region in (SHANGHAI, CHANGXING):
        drawn_there = [each["order_id"] for each in town.desk(region, "auditor").post("/v1/evidence/sample", asked)["orders"]]
        assert mine <= set(drawn_there)
    here = town.desk(SHANGHAI, "auditor").post("/v1/evidence/sample", asked)["orders"]
    told = next(each for each in here if each["order_id"] == cases[0].order)
    assert (told["documents"], told["bundle_sha256"] is not None) == (3, True)


def test_a_period_that_is_not_over_gives_no_sample(town, redeemed):
    asked = {"seed": "1", "size": 1, "from": 0, "until": town.node.timestamp() + 1_000}
    answer = town.desk(SHANGHAI, "auditor").post("/v1/evidence/sample", asked)
    assert (answer.status, answer.code) == (409, "PeriodNotOver")


def test_a_period_that_ends_before_it_begins_gives_no_sample(town, redeemed):
    asked = {"seed": "1", "size": 1, "from": 2, "until": 1}
    answer = town.desk(SHANGHAI, "auditor").post("/v1/evidence/sample", asked)
    assert (answer.status, answer.code) == (422, "PeriodReversed")


def test_nobody_but_an_auditor_draws_a_sample(town, redeemed):
    asked = {"seed": "1", "size": 1, "from": 0, "until": redeemed[1]}
    assert town.desk(SHANGHAI, "reviewer-1").post("/v1/evidence/sample", asked).code == "RoleNotAllowed"


def test_originals_come_in_one_archive_with_their_hashes_and_each_order_is_logged(town, redeemed):
    cases, _ = redeemed
    auditor, asked = town.desk(SHANGHAI, "auditor"), {"orders": [each.order for each in cases[:2]]}

    first, second = auditor.raw_post("/v1/evidence/originals", asked), auditor.raw_post("/v1/evidence/originals", asked)

    assert (first.status_code, first.headers["Content-Type"], first.content) == (200, "application/zip", second.content)
    with zipfile.ZipFile(io.BytesIO(first.content)) as packed:
        manifest = json.loads(packed.read("manifest.json"))
        for each, order in zip(cases, manifest["orders"], strict=False):
            assert (order["order_id"], order["result"]) == (each.order, "MATCHES")
            assert len(order["documents"]) == 3
            for document in order["documents"]:
                assert document["state"] == "INTACT"
                assert sha256(packed.read(document["file"])) == document["sha256"]
        assert len(packed.namelist()) == 7
    for each in cases[:2]:
        assert looks(town, each.order).count(("evidence-originals", "AUDITOR", SHANGHAI, "ANSWERED")) == 2


def test_an_altered_original_is_named_and_left_out_of_the_archive(town, redeemed):
    (each, *_), _ = redeemed
    altered, gone = (sha256(each.contents()[kind]) for kind in ("发票", "服务合同"))
    on_disk(town, SHANGHAI, altered).write_bytes(b"%PDF-another")
    on_disk(town, SHANGHAI, gone).unlink()

    answer = town.desk(SHANGHAI, "auditor").raw_post("/v1/evidence/originals", {"orders": [each.order]})

    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        (order,) = json.loads(packed.read("manifest.json"))["orders"]
        states = {document["sha256"]: (document["state"], document["file"]) for document in order["documents"]}
        assert (states[altered], states[gone]) == (("ALTERED", None), ("MISSING", None))
        assert len(packed.namelist()) == 2


def test_originals_are_for_auditors_and_of_orders_that_exist(town, case):
    case.hand_in()
    for desk in (case.desk, town.desk(SHANGHAI, "reviewer-1"), town.desk(SHANGHAI, "payer")):
        assert desk.post("/v1/evidence/originals", {"orders": [case.order]}).code == "RoleNotAllowed"
    nobody = town.desk(SHANGHAI, "auditor").post("/v1/evidence/originals", {"orders": [case.order, "0x" + "11" * 32]})
    assert nobody.code == "NotFound"
