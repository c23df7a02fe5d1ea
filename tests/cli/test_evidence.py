"""Evidence at the command line: what a gateway says of files and bundles is worked out here as well."""

import hashlib
import io
import json
import zipfile

import pytest

from registry.gateway_client import GatewayClient
from scripts.demonstration.cast import CHANGXING, SHANGHAI
from tests.cli.conftest import Desk
from tests.cli.people import people_in

pytestmark = pytest.mark.both_in_full


@pytest.fixture(scope="module")
def people(engine, _chain_ids, tmp_path_factory):
    with people_in(engine, next(_chain_ids), tmp_path_factory.mktemp("evidence")) as people:
        yield people


@pytest.fixture
def order(people):
    """An order of the lab's, and how it is typed."""
    town = people.town
    firm, lab = town.firm("firm-changxing"), town.lab("lab-shanghai")
    return town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000")


@pytest.fixture
def lab(people):
    return people.lab(people.town.lab("lab-shanghai"))


@pytest.fixture
def files(people, order):
    """Files of this order's own; each is typed by its name."""
    for name in ("contract", "report"):
        (people.folder / f"{name}-{order[:10]}.pdf").write_bytes(f"%PDF-1.7 {name} {order}".encode())
    return f"--document 服务合同=contract-{order[:10]}.pdf --document 成果报告=report-{order[:10]}.pdf"


def test_what_is_missing_is_told_with_exit_status_one_and_in_words(people, order, lab, files):
    rule = people.folder / "changxing.toml"
    rule.write_text(people.town.programme_text("changxing-2013"), encoding="utf-8")
    lab.ask(f"evidence hand-in {order} {files}")

    said = lab.run(f"evidence check {order} --programme-file {rule} --json")
    shown = lab.run(f"evidence check {order} --programme-file {rule}")

    assert (said.status, said.lines[0]["verdict"]) == (1, "MISSING")
    assert [each["document"] for each in said.lines[0]["checked"] if each["verdict"] != "HOLDS"] == ["发票"]
    assert shown.status == 1
    assert "缺少" in shown.out


def test_a_bundle_without_a_report_is_redeemed_on_its_own_file(people, order, lab, files):
    documents = files.split(" --document 成果报告")[0]
    seller = people.town.lab("lab-shanghai").host_unit
    stated = f"--seller {seller} --contract CLI-1 --invoice 00777001 --invoice-code 3100241130 --invoice-amount 8000yuan"
    bundle = f"bundle-{order[:10]}.json"

    taken = lab.ask(f"evidence hand-in {order} {documents} {stated} --file {bundle}")

    assert hashlib.sha256((people.folder / bundle).read_bytes()).hexdigest() == taken["bundle_sha256"]
    prepare = f"redeem prepare r-{order[:10]}.json --order {order} --cost 8000yuan {stated} --report {bundle} --json"
    assert lab.run(prepare).status == 0
    other = prepare.replace(bundle, f"contract-{order[:10]}.pdf").replace("r-", "other-")
    assert lab.run(other).refusal["error"] == "BundleDiffers"


@pytest.mark.parametrize(
    "wrong",
    [
        "--document 服务合同",
        "--document =x.pdf",
        "--document 发票=missing.pdf",
        "{files} --seller 91310000MA0DEM001P",
        "{files} --invoice 00777001",
        "{files} --invoice 123 --invoice-amount 1yuan",
        "{files} --seller 123 --contract C",
    ],
)
def test_wrong_usage_uploads_nothing(people, order, lab, files, wrong):
    assert lab.run(f"evidence hand-in {order} {wrong.format(files=files)} --json").status == 2
    assert lab.ask(f"evidence show {order}")["documents"] == []


def test_a_gateway_that_gives_another_file_is_found(people, order, lab, *, files, tmp_path, monkeypatch):
    lab.ask(f"evidence hand-in {order} {files}")
    sha256 = hashlib.sha256((people.folder / f"report-{order[:10]}.pdf").read_bytes()).hexdigest()
    monkeypatch.setattr(GatewayClient, "download", lambda *_: b"%PDF-1.7 another")

    said = lab.run(f"evidence get {order} {sha256} {tmp_path / 'got.pdf'} --json")

    assert (said.status, said.refusal["error"]) == (5, "EvidenceDiffers")
    assert not (tmp_path / "got.pdf").exists()


def test_an_altered_original_in_an_archive_is_told_with_exit_status_five(people, order, lab, files, tmp_path):
    lab.ask(f"evidence hand-in {order} {files}")
    auditor = people.caller(SHANGHAI, "auditor")
    assert auditor.ask(f"evidence originals {order} --file {tmp_path / 'first.zip'}")["clean"] is True
    sha256 = hashlib.sha256((people.folder / f"report-{order[:10]}.pdf").read_bytes()).hexdigest()
    (people.town.world.folder(SHANGHAI) / "state" / "evidence" / sha256[:2] / sha256).write_bytes(b"%PDF-1.7 another")

    said = auditor.run(f"evidence originals {order} --file {tmp_path / 'second.zip'} --json")

    assert said.status == 5
    assert said.lines[0]["differences"] == [{"order_id": order, "sha256": sha256, "state": "ALTERED"}]


def test_an_archive_whose_bytes_are_not_what_its_manifest_says_is_found(people, order, lab, tmp_path, monkeypatch):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("a.pdf", b"%PDF-1.7 forged")
        document = {"file": "a.pdf", "sha256": "11" * 32, "state": "INTACT"}
        packed.writestr("manifest.json", json.dumps({"orders": [{"order_id": order, "documents": [document]}]}))
    monkeypatch.setattr(GatewayClient, "download", lambda *_: file.getvalue())

    said = people.caller(SHANGHAI, "auditor").run(f"evidence originals {order} --file {tmp_path / 'o.zip'} --json")

    assert (said.status, said.lines[0]["differences"][0]["state"]) == (5, "ALTERED")


def test_a_node_draws_for_a_region_that_is_named(people):
    auditor = people.auditor()

    assert auditor.run("evidence sample --seed 1 --size 1 --from 0 --until 1 --json").refusal["error"] == "SettingRefused"
    early = auditor.ask(f"evidence sample --seed 1 --size 1 --from 0 --until 1 --region {SHANGHAI}")
    assert (early["population"], early["orders"]) == (0, [])
    reversed_ = auditor.run(f"evidence sample --seed 1 --size 1 --from 2 --until 1 --region {SHANGHAI} --json")
    assert (reversed_.status, reversed_.refusal["error"]) == (1, "PeriodReversed")
    late = auditor.run(f"evidence sample --seed 1 --size 1 --from 0 --until 2040-01-01 --region {SHANGHAI} --json")
    assert (late.status, late.refusal["error"]) == (1, "PeriodNotOver")


def test_whoever_looks_after_a_gateway_finds_an_altered_original(people, order, lab, files):
    lab.ask(f"evidence hand-in {order} {files}")
    state = people.town.world.folder(SHANGHAI) / "state"
    operator = Desk(people.folder, {"state": state})
    sha256 = hashlib.sha256((people.folder / f"contract-{order[:10]}.pdf").read_bytes()).hexdigest()
    path = state / "evidence" / sha256[:2] / sha256
    path.unlink()

    said = operator.run("gateway evidence verify --json")

    assert (said.status, said.refusal["error"]) == (5, "EvidenceAltered")
    assert sha256 in said.refusal["values"]["altered"]


def test_a_party_sends_again_what_was_sent_back_and_nothing_else(people, order, lab, files):
    town, rule = people.town, people.folder / "changxing.toml"
    rule.write_text(town.programme_text("changxing-2013"), encoding="utf-8")
    assert town.redeemed(order, town.firm("firm-changxing"), town.lab("lab-shanghai"), cost="800000").status == 201
    lab.ask(f"evidence hand-in {order} {files}")
    (people.folder / f"again-{order[:10]}.pdf").write_bytes(f"%PDF-1.7 again {order}".encode())
    again = f"--document 成果报告=again-{order[:10]}.pdf"
    early = lab.run(f"evidence hand-in {order} {again} --corrected --json")
    people.caller(SHANGHAI, "reviewer-1").ask(f"review correct {order} --item 成果报告=未盖章 --programme-file {rule}")
    people.caller(CHANGXING, "reviewer-1").ask(f"review reject {order}")

    stray = lab.run(f"evidence hand-in {order} {files} --corrected --json")
    lab.ask(f"evidence hand-in {order} {again} --corrected")

    assert (early.status, early.refusal["error"]) == (1, "NothingSentBack")
    assert (stray.status, stray.refusal["error"]) == (1, "NotSentBack")
    kept = {each["kind"]: each["sha256"] for each in lab.ask(f"evidence show {order}")["bundle"]["documents"]}
    assert kept["服务合同"] == hashlib.sha256((people.folder / f"contract-{order[:10]}.pdf").read_bytes()).hexdigest()
    assert kept["成果报告"] == hashlib.sha256((people.folder / f"again-{order[:10]}.pdf").read_bytes()).hexdigest()
    shown = lab.run(f"review corrections {order}")
    assert ("沿用" in shown.out, "已补交" in shown.out, "未盖章" in shown.out) == (True, True, True)


@pytest.mark.parametrize("item", ["发票", "发票=", "=不清"])
def test_an_item_without_a_document_or_a_reason_is_refused(people, order, item):
    said = people.caller(SHANGHAI, "reviewer-1").run(f"review correct {order} --item {item} --json")

    assert (said.status, "DOCUMENT=REASON" in said.refusal["message"]) == (2, True)
