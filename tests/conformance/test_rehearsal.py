"""A candidate rehearses at its command line: from an empty network to a whole report that the members verify."""

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.api_keys import FILE
from registry import Node, OutcomeUnknown, Unreachable, codec
from registry.canonical import canonical_json
from registry.chain.raw import blocks, receipts
from registry.conformance.cast import CLAIMANT, PARTNER, PARTNERS
from registry.conformance.checks import CHECKS, KNOWN
from registry.conformance.refusals import RehearsalRefused
from registry.conformance.rehearsal import Rehearsal, prepare
from registry.conformance.report import SignedReport
from tests import softhsm
from tests.cli.conftest import Desk, light_key
from tests.conformance.conftest import CANDIDATE, BreaksOff, admin_of, keys_in_device, operator
from tests.conformance.test_table import IN_ANOTHER

DAY = 86_400
LATER = {
    "completeRotation.due",
    "enact.keys-replaced",
    "vote.lapsed",
    "verification.unknown",
    "enact.reinstated",
    "lift.motion",
    "verification.past-use-by",
    "closeMonth.other-hash",
    "closeMonth.named-by-partner",
    "closeMonth.closed",
    "closeMonth.again",
}
"""What needs time on the chain; of those that need seconds a slow machine has some at once."""


@pytest.fixture
def devices(request):
    """A device for role keys, where there is one or has to be one."""
    wanted = softhsm.module() is not None or softhsm.REQUIRED in os.environ
    return [request.getfixturevalue("token")] if wanted else []


@pytest.mark.slow
@pytest.mark.both_in_full
def test_from_an_empty_network_to_a_whole_report(candidates, devices):
    with candidates() as candidate:
        for device in devices:
            keys_in_device(candidate, device)
        rehearsed(candidate)


def rehearsed(candidate):
    with candidate.gateway() as url:
        desk, members = candidate.desk(url), Desk(candidate.folder, {"state_folder": candidate.folder / "members"})

        said = desk.run("conformance run rehearsal report.json --page report.txt --json")

        *lines, told = said.lines
        assert [line for line in lines if line["ok"] is False] == []
        assert [line["check"] for line in lines] == list(CHECKS)
        assert said.status == 0, said.err
        not_due = {each["check"] for each in told["not_due"]}
        assert {"completeRotation.due", "closeMonth.closed", "enact.keys-replaced", "vote.lapsed"} <= not_due <= LATER
        assert (told["failed"], told["passed"], told["outcome"]) == ([], len(CHECKS) - len(not_due), "INCOMPLETE")
        assert told["whole_from"] == max(each["due_at"] for each in told["not_due"])
        a_block_is_made_first(candidate)
        page = (candidate.folder / "report.txt").read_text(encoding="utf-8")
        assert page.startswith("通券符合性测试报告")
        assert "尚不完整，未见不符 incomplete, and nothing failed" in page
        assert all(each in page for each in CHECKS)
        unfinished = members.run("conformance verify report.json --json")
        assert (unfinished.status, unfinished.lines[0]["not_due"]) == (5, told["not_due"])

        again = desk.run("conformance run rehearsal second.json --json")
        assert (again.status, again.refusal["error"]) == (1, "ChainInUse")
        assert "Prepare a new folder on a new network" in again.refusal["message"]
        assert not (candidate.folder / "second.json").exists()

        # So late that the motion to replace keys is void, and the members vote anew.
        candidate.node.jump(50 * DAY)
        candidate.node.mine()
        said = desk.run("conformance continue rehearsal report.json second.json")
        assert said.status == 0, said.err
        assert "尚不完整，未见不符" in said.out
        assert "1 项尚未到期" in said.err
        second = members.run("conformance verify second.json --json").lines[0]
        assert (second["failed"], [each["check"] for each in second["not_due"]]) == ([], ["enact.keys-replaced"])

        before = Node(candidate.node.url).head()
        early = desk.run("conformance continue rehearsal second.json third.json")
        assert early.status == 0, early.err
        assert "没有可补测的检查项" in early.err
        assert "nothing new could be played; the next is due at" in early.err
        third, head = members.run("conformance verify third.json --json").lines[0], Node(candidate.node.url).head()
        assert (third["not_due"], third["chain_time"]) == (second["not_due"], head.time)
        assert head.number > before.number, "a block is made first"

        candidate.node.jump(15 * DAY)
        candidate.node.mine()
        whole = desk.run("conformance continue rehearsal third.json whole.json --page whole.txt --json")

        assert whole.status == 0, whole.err
        assert whole.lines[-1]["played"] == ["enact.keys-replaced"]
        assert {line["check"] for line in whole.lines[:-1]} == {
            "enact.keys-replaced",
            *(each.id for each in CHECKS.values() if each.closing),
        }
        assert (whole.lines[-1]["outcome"], whole.lines[-1]["whole_from"]) == ("CONFORMS", None)
        assert "符合 conforms" in (candidate.folder / "whole.txt").read_text(encoding="utf-8")

        verified = members.ask(f"conformance verify whole.json --signer {candidate.admin.address}")
        assert (verified["clean"], verified["passed"], verified["region"]) == (True, len(CHECKS), CANDIDATE)
        with_node = Desk(candidate.folder, {"node_url": candidate.node.url, "state_folder": candidate.folder / "members"})
        assert with_node.ask("conformance verify whole.json")["differences"] == []
        assert verbs_on_the_chain(candidate) == set(codec.VERBS) - IN_ANOTHER.keys()
        forgeries_are_found(candidate, members, with_node)


def a_block_is_made_first(candidate):
    """So that a gateway on a chain that stood still is not stale: it holds nothing but what an account sends itself."""
    first = SignedReport.read((candidate.folder / "report.json").read_bytes()).document["chain"]["first"]["number"]
    (block,) = blocks(Node(candidate.node.url), range(first + 1, first + 2))
    assert [(each.to, each.calldata) for each in block.transactions] == [(candidate.rehearsal.account(CLAIMANT).address, b"")]


def verbs_on_the_chain(candidate):
    """What was sent to the contracts and took effect, in batches too, whatever the checks say of themselves."""
    node, contracts = Node(candidate.node.url), candidate.rehearsal.deployment.contracts
    sent = [each for block in blocks(node, range(node.head().number + 1)) for each in block.transactions if each.to in contracts]
    done = [
        codec.decode(each.calldata)
        for each, receipt in zip(sent, receipts(node, [each.hash for each in sent]), strict=True)
        if receipt.succeeded
    ]
    return {call.verb.name for call in done}


def forgeries_are_found(candidate, members, with_node):
    """Somebody else's signature, an altered result, and an event that the chain has otherwise, signed anew by the candidate itself."""
    folder, signed = candidate.folder, SignedReport.read((candidate.folder / "whole.json").read_bytes())
    stranger = members.run("conformance verify whole.json --signer 0x" + "11" * 20 + " --json")
    assert (stranger.status, stranger.lines[0]["signer_expected"]) == (5, False)

    document = json.loads(canonical_json(signed.document))
    document["checks"][0]["got"]["answer"]["node"] = "silent"
    (folder / "altered.json").write_bytes(SignedReport(document, signed.signature).content())
    altered = members.run("conformance verify altered.json --json")
    assert (altered.status, altered.lines[0]["reason"]) == (5, "it is not signed by the account that it names")

    resigned = SignedReport(document, candidate.admin.sign(SignedReport(document, signed.signature).to_sign, signed.domain))
    (folder / "resigned.json").write_bytes(resigned.content())
    assert members.run("conformance verify resigned.json --json").lines[0]["failed"] == [document["checks"][0]["id"]]

    document = json.loads(canonical_json(signed.document))
    for each in document["checks"]:
        each["events"] = []
    silent = SignedReport(document, candidate.admin.sign(SignedReport(document, signed.signature).to_sign, signed.domain))
    (folder / "silent.json").write_bytes(silent.content())
    assert set(members.run("conformance verify silent.json --json").lines[0]["failed"]) == {id_ for id_, events in KNOWN.items() if events}

    document = json.loads(canonical_json(signed.document))
    opened = next(each for each in document["checks"] if each["id"] == "open.fixed")
    opened["events"][0]["hash"] = "0x" + "11" * 32
    moved = SignedReport(document, candidate.admin.sign(SignedReport(document, signed.signature).to_sign, signed.domain))
    (folder / "moved.json").write_bytes(moved.content())
    assert members.run("conformance verify moved.json --json").status == 0, "offline nobody can tell"
    found = with_node.run("conformance verify moved.json --json")
    assert (found.status, [each["check"] for each in found.lines[0]["differences"]]) == (5, ["open.fixed"])


@pytest.mark.any_engine
def test_what_is_refused_before_anything_is_done(candidates):
    with candidates() as candidate:
        desk = candidate.desk("http://127.0.0.1:1")
        light_key(candidate.folder, "stranger.json")

        assert desk.run("conformance prepare other --region 650999 --chain-id 1 --json").refusal["error"] == "SettingRefused"
        assert not (candidate.folder / "other").exists()
        chain_id = Node(candidate.node.url).chain_id()
        taken = desk.run(f"conformance prepare rehearsal --region 650999 --chain-id {chain_id} --json")
        assert (taken.status, taken.refusal["error"]) == (1, "RehearsalRefused")
        for partner in PARTNERS:
            theirs = desk.run(f"conformance prepare other --region {partner} --chain-id {chain_id} --json")
            assert (theirs.status, theirs.refusal["error"]) == (1, "RehearsalRefused")
        assert not (candidate.folder / "other").exists()
        silent = desk.run("conformance run rehearsal report.json --json")
        assert (silent.status, silent.refusal["error"]) == (3, "Unreachable")
        assert desk.run("conformance run nowhere report.json --json").refusal["error"] == "RehearsalRefused"
        strange = desk.run("conformance run rehearsal report.json --keystore stranger.json --json")
        assert (strange.status, strange.refusal["error"]) == (1, "NotTheAdmin")
        (candidate.folder / "report.json").write_text("{}")
        assert desk.run("conformance run rehearsal report.json --json").status == 2
        assert desk.run("conformance verify report.json --json").lines == [{"clean": False, "reason": "it has no report and signature"}]


@pytest.mark.any_engine
def test_a_gateway_that_is_not_the_rehearsal_s_is_refused_before_anything_is_sent(candidates):
    """Another region's, one on other contracts of the same chain, one that knows no key, and one to which a caller shows another's."""
    with candidates() as candidate:
        folder, node = candidate.folder, Node(candidate.node.url)
        beside = prepare(node, folder / "beside", CANDIDATE, candidate.admin).folder
        head = node.head()

        def refused(**otherwise):
            with candidate.gateway(**otherwise) as url:
                said = candidate.desk(url).run(f"conformance run rehearsal report.json --used-chain {node.chain_id()} --json")
            assert (said.status, said.refusal["error"]) == (2, "WrongGateway")
            return said.refusal["message"]

        assert f"serves region {PARTNER}, this rehearsal is {CANDIDATE}'s" in refused(region=PARTNER)
        assert "follows other contracts" in refused(deployment=beside / "deployment.json", state=copied_keys(folder))
        assert "Run rehearsal/api-keys.sh against this gateway's state" in refused(state=folder / "no-keys")
        keys = candidate.rehearsal.folder / "api-keys"
        (keys / "firm.apikey").write_bytes((keys / "lab.apikey").read_bytes())
        assert "does not take firm's API key for that of a FIRM (it answered 403)" in refused()
        assert node.head() == head
        assert not (folder / "report.json").exists()


def copied_keys(folder):
    """A state folder that holds a gateway's API keys and nothing else."""
    (folder / "copied").mkdir(mode=0o700)
    with (
        contextlib.closing(sqlite3.connect(folder / "state" / FILE)) as kept,
        contextlib.closing(sqlite3.connect(folder / "copied" / FILE)) as copy,
    ):
        kept.backup(copy)
    (folder / "copied" / FILE).chmod(0o600)
    return folder / "copied"


@pytest.mark.any_engine
def test_a_preparation_that_breaks_off_goes_on_with_the_same_keys(network, tmp_path):
    """While contracts are put up, while members vote, while roles are given: nothing is done twice, and the chain stays fresh."""
    made, admin = tmp_path / "rehearsal", admin_of(tmp_path)
    node = BreaksOff(network.url, ("send", 3), ("estimate", 2), ("estimate", 9))
    with pytest.raises(OutcomeUnknown):
        prepare(node, made, CANDIDATE, admin)
    keys = {each.name: each.read_bytes() for each in (made / "keys").iterdir()}
    with pytest.raises(RehearsalRefused, match="take another folder"):
        prepare(node, made, CANDIDATE + 1, admin)
    for _ in range(2):
        with pytest.raises(Unreachable):
            prepare(node, made, CANDIDATE, admin)
    with pytest.raises(RehearsalRefused, match="repeat prepare"):
        Rehearsal.open(made)

    rehearsal = prepare(node, made, CANDIDATE, admin)

    assert node.points == []
    assert {name: (made / "keys" / name).read_bytes() for name in keys} == keys
    assert node.nonce(rehearsal.account("deployer").address) == len(rehearsal.deployment.contracts)
    refused = operator(tmp_path, network, "http://127.0.0.1:1").run("conformance run rehearsal report.json --json")
    assert refused.refusal["error"] == "RehearsalRefused", "the chain is fresh; no API keys are there yet"
    assert "run rehearsal/api-keys.sh first" in refused.refusal["message"]
    with pytest.raises(RehearsalRefused, match="prepared already"):
        prepare(node, made, CANDIDATE, admin)


@pytest.mark.any_engine
@pytest.mark.parametrize(("owner", "name"), [(Path, "mkdir"), (os, "link")])
def test_a_preparation_whose_process_dies_while_it_writes_goes_on(network, tmp_path, monkeypatch, owner, name):
    """Between its folders, or with a key file written that has no name yet."""
    made, admin, node = tmp_path / "rehearsal", admin_of(tmp_path), BreaksOff(network.url)
    goes_on, left = getattr(owner, name), [1, 2, 3]

    def dies(path, *arguments, **more):
        if left.pop() == 1:
            raise KeyboardInterrupt
        return goes_on(path, *arguments, **more)

    with monkeypatch.context() as dying:
        dying.setattr(owner, name, dies)
        with pytest.raises(KeyboardInterrupt):
            prepare(node, made, CANDIDATE, admin)
    rehearsal = prepare(node, made, CANDIDATE, admin)

    assert Rehearsal.open(made).account("deployer").address == rehearsal.account("deployer").address


@pytest.mark.any_engine
@pytest.mark.slow
def test_another_registry_on_the_chain_has_to_be_named(candidates):
    """A chain with a registry of somebody else's is not fresh, whatever that has done."""
    with candidates() as candidate:
        chain_id = Node(candidate.node.url).chain_id()
        desk = operator(candidate.folder, candidate.node, "http://127.0.0.1:1")
        prepared = desk.ask(f"conformance prepare beside --region 650999 --chain-id {chain_id}")
        assert prepared["admin"].lower() == candidate.admin.address.lower()
        refused = desk.run("conformance run beside report.json --json")
        assert (refused.status, refused.refusal["error"]) == (1, "ChainInUse")
        assert desk.run(f"conformance run beside report.json --used-chain {chain_id + 1} --json").status == 1

        named = desk.run(f"conformance run beside report.json --used-chain {chain_id} --json")

        assert named.refusal["error"] == "RehearsalRefused", "this far, and no API keys are there yet"


@pytest.mark.any_engine
def test_the_script_gives_every_caller_an_api_key(candidates):
    """A shell runs it with two of its commands, which are processes; the others are typed here, as they stand there."""
    with candidates() as candidate:
        keys = candidate.rehearsal.folder / "api-keys"
        before = {each.name: each.read_text() for each in keys.iterdir()}
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        script, state = candidate.rehearsal.folder / "api-keys.sh", candidate.folder / "another-state"

        for lacking in ({}, {"TONGQUAN_STATE": "another-state"}):
            refused = subprocess.run(["sh", script], env={"PATH": path} | lacking, check=False, capture_output=True, cwd=candidate.folder)
            assert (refused.returncode, b"absolute path" in refused.stderr) == (2, True)
        assert {each.name: each.read_text() for each in keys.iterdir()} == before
        lines = script.read_text().splitlines()
        others = [line for line in lines if line.startswith("tongquan ")][2:]
        script.write_text("\n".join(line for line in lines if line not in others))
        subprocess.run(["sh", script], env={"PATH": path, "TONGQUAN_STATE": str(state)}, check=True)
        for line in others:
            command, _, file = line.removeprefix("tongquan ").partition(" >")
            (keys / file).write_text(Desk(keys, {"state": state}).run(command).out)

        after = {each.name: each.read_text() for each in keys.iterdir()}
        assert before.keys() == after.keys()
        assert all(before[name] != after[name] and after[name].startswith("tq_") for name in after)
        assert all(each.stat().st_mode & 0o077 == 0 for each in keys.iterdir())
