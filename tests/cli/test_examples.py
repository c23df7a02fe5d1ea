"""
Every command's example is run, in the order of one story, by who would type it.

`$NAME` in an example is what the story remembers under that name, as a shell would put it in.
"""

import hashlib
import json
import string
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer.main

from gateway import examples
from gateway.settings import Settings
from registry import Firm, Region, Time, day_of, id_of
from registry.chain.devnode import free_port
from registry.cli.page import leaves
from registry.cli.words import FIELDS
from registry.conformance.rehearsal import Rehearsal
from scripts.demonstration.cast import BEIJING, CHANGXING, KUNSHAN, SHANGHAI, sample_code
from scripts.demonstration.world import ROOT, new_key_file
from tests.cli.conftest import APP, Desk, light_key, write_secret
from tests.cli.people import PASSWORD, People, people_in
from tests.conformance.conftest import give_api_keys
from tests.gateway.conftest import served, wait_until
from tests.gateway.newcomers import new_firm, new_lab, order_at, second_payer

DAY = 86_400


COMMANDS = dict(leaves(typer.main.get_command(APP)))


def test_every_command_has_an_example_of_itself_and_says_what_it_does():
    for path, command in COMMANDS.items():
        assert (command.epilog or "").startswith(f"tongquan {path}"), path
        assert (command.help or "")[:1] > "\u2e80", f"{path}: Chinese first"


def test_every_command_answers_in_json():
    assert [path for path, command in COMMANDS.items() if "--json" not in {name for each in command.params for name in each.opts}] == []


# What they hold is named by others: by a policy, by an epoch, by what a check of conformance compares.
NAMED_BY_OTHERS = {"expected", "fingerprints", "got", "marks"}
BOTH_LANGUAGES = {"zh", "en"}


def names_in(answer: Any) -> Iterator[str]:
    """The name of every field of an answer, at any depth, that a person is shown."""
    if isinstance(answer, list):
        for each in answer:
            yield from names_in(each)
    elif isinstance(answer, dict):
        for name, value in answer.items():
            yield from {name} - BOTH_LANGUAGES
            yield from names_in(value) if name not in NAMED_BY_OTHERS else ()


@dataclass
class Story:
    """Who types what, and what is remembered of it."""

    people: People
    told: dict[str, object]
    played: set[str] = field(default_factory=set)
    unnamed: set[str] = field(default_factory=set)

    def play(
        self, path: str, desk: Desk, *, remember: dict[str, str] | None = None, instead: tuple[str, str] = ("", ""), **told: object
    ) -> dict:
        """Run a command's example, one word of it changed perhaps, and remember parts of its answer under new names."""
        line = string.Template(COMMANDS[path].epilog.replace(*instead)).substitute(self.told | told)
        answers = desk.run(line.removeprefix("tongquan ") + ("" if "--json" in line else " --json"))
        assert answers.status == 0, (line, answers.err, answers.out)
        last = answers.lines[-1] if answers.lines else {}
        self.told |= {name: last[part] for name, part in (remember or {}).items()}
        self.played.add(path)
        # What an operator types beside a gateway has words of its own.
        self.unnamed |= set() if path.startswith("gateway ") else set(names_in(answers.lines)) - FIELDS.keys()
        return last


@pytest.fixture
def story(engine, _chain_ids, tmp_path):
    with people_in(engine, next(_chain_ids), tmp_path) as people:
        town, folder = people.town, people.folder
        firm, lab = town.firm("firm-changxing"), town.lab("lab-shanghai")
        rule = (ROOT / "programmes" / "changxing-2013.toml").read_text(encoding="utf-8")
        (folder / "programme.toml").write_text(rule.replace("CX-KJQ-2013", "CX-KJQ-STORY"), encoding="utf-8")
        (folder / "list.csv").write_text(f"企业代码,券号\n{firm.company_code},STORY-1\n", encoding="utf-8")
        (folder / "vouchers.csv").write_text(f"region,firm,serial\n{CHANGXING},{firm.company_code},STORY-1\n", encoding="utf-8")
        for name in ("contract", "invoice", "report"):
            (folder / f"{name}.pdf").write_bytes(f"%PDF-1.7 {name}".encode())
        write_secret(folder / "new.password", PASSWORD)
        told = {"FIRM_CODE": firm.company_code, "SERIAL": "STORY-1", "SELLER": lab.host_unit, "LAB": town.lab_id(lab)}
        told |= {"FIRM": "0x" + id_of(Firm(Region(CHANGXING), town.world.keyring.firm(firm.company_code))).hex()}
        yield Story(people, told)


@pytest.mark.slow
@pytest.mark.both_in_full
def test_every_example_runs(story, token, quick_passwords):
    key_files(story)
    tag_keys(story)
    consortium(story, key_in_device(story, token))
    rehearsing(story)
    programme_and_vouchers(story)
    directory(story)
    life_of_an_order(story)
    older_ledger(story)
    order_by_other_means(story)
    other_ends(story)
    moving_on(story)
    flags_and_keys(story)
    auditing(story)
    payments(story)
    long_afterwards(story)
    rehearsed(story)
    gateway_serves(story)
    gateway_is_looked_after(story)

    assert story.played == set(COMMANDS)
    assert story.unnamed == set()


def key_files(story):
    folder = story.people.folder
    desk = Desk(folder)
    write_secret(folder / "raw.key", "11" * 32)
    write_secret(folder / "other.password", "another password")
    for path in ("wallet new", "wallet import", "wallet show", "wallet password"):
        story.play(path, desk)


def tag_keys(story):
    """One gateway makes a key and hands it to another, sealed; both have the same afterwards."""
    maker = Desk(story.people.folder)
    story.play("keys tag create", maker, remember={"FINGERPRINT": "fingerprint"})
    story.play("keys tag handover-key", maker, remember={"GATEWAY_PUBLIC": "public"})
    story.play("keys tag seal", maker)
    story.play("keys tag open", maker)
    theirs = story.play("keys tag fingerprints", maker, instead=("tag-keys", "other-keys"))
    (story.people.folder / "theirs.json").write_text(json.dumps(theirs))
    assert story.play("keys tag compare", maker)["epochs"] == [{"epoch": 31, "match": "SAME"}]
    story.play("keys tag back-up", maker)
    assert story.play("keys tag restore", maker)["fingerprints"] == theirs["fingerprints"]
    assert maker.run("keys tag create tag-keys.json --epoch 31").status == 2, "an epoch has one key"


def key_in_device(story, token):
    """A reviewer's key, made in a device; the settings by which its holder signs with it."""
    (story.people.folder / "hsm.pin").write_text(token.pin)
    (story.people.folder / "hsm.pin").chmod(0o600)
    label, told = token.label("reviewer"), {"MODULE": token.module, "TOKEN": token.token}
    desk = Desk(story.people.folder)
    made = story.play("keys hsm create", desk, instead=("reviewer-1", label), **told)
    assert story.play("keys hsm show", desk, instead=("reviewer-1", label), **told) == made
    where = f"--pkcs11-module {token.module} --pkcs11-token {token.token} --pin-file hsm.pin"
    assert desk.run(f"keys hsm create {label} {where} --json").refusal["error"] == "HsmKeyExists"
    story.told["NEW_REVIEWER"] = made["address"]
    return token.settings() | {"pkcs11_label": label}


def consortium(story, device):
    """Three regions found a consortium of their own beside the town's. The reviewer signs with a key in a device."""
    people = story.people
    deployment = people.folder / "new-deployment.json"
    desks = {}
    for number in (1, 2, 3):
        for what in ("ADMIN", "RECOVERY"):
            desks[what, number], story.told[f"{what}_{number}"] = people.holder(f"{what.lower()}-{number}", deployment=deployment)
    desks["NEW_REVIEWER"] = Desk(people.folder, people.auditor("reviewer").settings | {"deployment": deployment} | device)
    for name in ("NEW_ADMIN", "NEW_RECOVERY"):
        desks[name], story.told[name] = people.holder(name.lower(), deployment=deployment)
    first, second, third = (desks["ADMIN", number] for number in (1, 2, 3))

    story.play("deploy", people.auditor())
    story.play("motion draft", first)
    story.play("motion vote", first)
    story.play("motion vote", second)
    story.play("motion show", third)
    assert story.play("motion enact", third)["kind"] == "AUTHORISE_REGISTRY"
    assert story.play("motion list", third)["voted"] == [310000, 330522]

    story.play("region list", third)
    story.play("region show", third)
    assert story.play("region account", third)["role"] == "ADMIN"
    story.play("region offer", first)
    story.play("region take-up", desks["NEW_REVIEWER"])
    story.play("region revoke", first)
    story.play("region rotate-recovery", desks["RECOVERY", 1])

    keys = f"--account {story.told['NEW_ADMIN']} --other {story.told['NEW_RECOVERY']}"
    assert second.run(f"motion draft REPLACE_KEYS replace.json --region 310000 {keys}").status == 0
    for desk in (second, third):
        story.play("motion vote", desk, instead=("authorise.json", "replace.json"))
    assert story.play("motion veto", desks["RECOVERY", 1])["vetoed"] is True
    story.play("region recover", desks["RECOVERY", 1])


def rehearsing(story):
    """A candidate puts contracts of its own on the chain, which holds other things already, and rehearses."""
    people = story.people
    story.told |= {"CANDIDATE": light_key(people.folder, "admin.json"), "CHAIN_ID": people.town.world.deployment.chain_id}
    candidate = Desk(people.folder, people.auditor("candidate").settings | {"password_file": "new.password"})
    story.play("conformance prepare", candidate)
    give_api_keys(Rehearsal.open(people.folder / "rehearsal"), people.folder / "candidate.state")
    with candidate_s_gateway(story) as settings:
        used = ("--page", f"--used-chain {story.told['CHAIN_ID']} --page")
        assert story.play("conformance run", Desk(people.folder, candidate.settings | settings), instead=used)["failed"] == []


def rehearsed(story):
    """What needed time is played, so late that the members vote anew to replace keys; a member verifies the whole report."""
    people = story.people
    candidate = Desk(people.folder, people.auditor("candidate").settings | {"password_file": "new.password"})
    with candidate_s_gateway(story) as settings:
        desk, late = Desk(people.folder, candidate.settings | settings), ("report.json whole-report.json", "report.json late-report.json")
        told = story.play("conformance continue", desk, instead=late)
        assert ([each["check"] for each in told["not_due"]], told["outcome"]) == (["enact.keys-replaced"], "INCOMPLETE")
        people.town.node.jump(15 * DAY)
        people.town.node.mine()
        people.town.clock_shift += 15 * DAY
        assert story.play("conformance continue", desk, instead=(" report.json", " late-report.json"))["outcome"] == "CONFORMS"
    assert story.play("conformance verify", people.auditor())["differences"] == []
    story.play("conformance page", Desk(people.folder))


@contextmanager
def candidate_s_gateway(story):
    """The candidate's gateway, from its rehearsal's files."""
    town, made = story.people.town, story.people.folder / "rehearsal"
    told = {"region": 650_999, "node_url": town.world.node_url, "state": story.people.folder / "candidate.state"}
    told |= {"deployment": made / "deployment.json", "tag_keys": made / "tag-keys.json", "accounts": made / "keys" / "accounts.json"}
    with served(Settings(**told, stale_after_seconds=300), lambda: time.time() + town.clock_shift) as url:
        yield {"gateway_url": url}


def programme_and_vouchers(story):
    people = story.people
    issuer, payer, lab = people.caller(CHANGXING, "issuer"), people.caller(CHANGXING, "payer"), people.lab(people.town.lab("lab-shanghai"))
    story.play("programme open", issuer, remember={"PROGRAMME": "programme_id"})
    story.play("programme list", issuer)
    story.play("programme fund", payer)
    story.play("programme draw", payer)
    assert story.play("programme show", issuer)["funded"] == "9999900"
    story.play("programme pool", payer)
    kept = story.play("programme file", issuer)
    assert (people.folder / "programme-kept.toml").read_text(encoding="utf-8") == kept["file"]
    assert story.play("programme hand-in", issuer)["file"] == kept["file"]
    assert story.play("firm facts state", people.caller(CHANGXING, "directory"))["stated"] == 1
    assert story.play("firm facts history", issuer)["facts"][-1]["staff"] == 86
    assert story.play("programme eligibility", issuer)["verdict"] == "HOLDS"
    issued = story.play("issue", issuer)
    story.told["VOUCHER"] = issued["vouchers"][0]["voucher_id"]
    assert story.play("voucher decision", issuer)["decision"]["facts"]["staff"] == 86
    story.told["OPERATION"] = asked_and_not_waited_for(story)
    wait_until(lambda: issuer.run(f"operation show {story.told['OPERATION']} --json").lines[0]["state"] != "pending")
    story.play("operation show", issuer)
    assert story.play("status", lab)["node"] == "answering"
    story.play("voucher list", issuer)
    story.play("voucher show", issuer)
    assert story.play("verify", lab, remember={"QUERY_NUMBER": "query_number"})["status"] == "VALID"
    assert story.play("lookups show", lab)["lookup"]["answer"] == "VALID"
    assert story.play("verify-list", lab) == {"rows": 1}
    assert story.play("quote", lab)["subsidy"] == "480000"
    assert story.play("facts", lab)["project"] == "NOT_REGISTERED"
    assert story.play("lookups list", people.firm(people.town.firm("firm-changxing")))["number"] >= 1


def asked_and_not_waited_for(story):
    """The operation of a write that a program posted and would rather poll."""
    town = story.people.town
    rows = [{"firm": town.firm("firm-changxing").company_code, "serial": "STORY-2"}]
    terms = {"programme": story.told["PROGRAMME"], "face": "1000000", "denomination": "100000"}
    headers = {"Authorization": f"Bearer {town.world.api_keys[CHANGXING]['issuer']}", "Idempotency-Key": "story", "Prefer": "respond-async"}
    asked = terms | {"use_by": 1_830_268_799, "claim_by": 1_838_131_199, "recipients": rows}
    answer = town.http.post(town.world.gateways[CHANGXING] + "/v1/vouchers/rows", json=asked, headers=headers)
    assert answer.status_code == httpx.codes.ACCEPTED, answer.text
    return answer.headers["Location"].rpartition("/")[2]


def directory(story):
    people = story.people
    shanghai, changxing = people.caller(SHANGHAI, "directory"), people.caller(CHANGXING, "directory")
    _, story.told["NEW_LAB_SIGNER"] = people.holder("new-lab", deployment=people.town.world.directory / "deployment.json")
    _, story.told["NEW_FIRM_SIGNER"] = people.holder("new-firm", deployment=people.town.world.directory / "deployment.json")
    story.told |= {"HOST_UNIT": sample_code(SHANGHAI, 98), "NEW_FIRM_CODE": sample_code(CHANGXING, 98)}
    story.play("lab admit", shanghai, remember={"NEW_LAB": "id"})
    for path in (
        "lab list",
        "lab show",
        "lab renew",
        "lab suspend",
        "lab reinstate",
        "lab exit",
        "lab freeze",
        "lab add-items",
        "lab items",
    ):
        story.play(path, shanghai)
    listed = examples.CATALOGUE_FORM
    for name in ("labs", "items"):
        text = listed[name].replace("SH-0099", "SH-STORY").replace(examples.NEW_SIGNER, story.told["NEW_LAB_SIGNER"])
        (people.folder / f"{name}.csv").write_text(text, encoding="utf-8")
    checked = shanghai.ask("lab load labs.csv --items items.csv --check")
    assert (checked["bad"], checked["left"]["admit"], checked["left"]["list"]) == ([], 1, 1)
    assert not any(story.play("lab load", shanghai)["left"].values())
    assert shanghai.ask("lab load labs.csv --items items.csv")["calls"] == 0
    assert {each["kind"] for each in shanghai.run("lab lists --json").lines} == {"LAB", "ITEM"}
    story.play("lab lists", shanghai)
    (loaded,) = story.play("lab search", shanghai)["entries"]
    assert (loaded["kind"], loaded["code"], loaded["usable_by"]) == ("LAB", "SH-STORY", [SHANGHAI])
    assert {each["region"] for each in story.play("lab listed", shanghai)["regions"]} >= {SHANGHAI, CHANGXING}
    assert story.play("lab leave", shanghai, NEW_LAB=loaded["subject"])["standing"] == "FROZEN"
    assert story.play("lab departures", shanghai, NEW_LAB=loaded["subject"])["cause"] == "FRAUD"
    for path in ("lab recognise", "lab recognitions", "lab withdraw", "firm enrol", "firm list", "firm show"):
        story.play(path, changxing, **({"LAB": story.told["NEW_LAB"]} if path == "lab recognise" else {}))
    assert story.play("firm rename", changxing)["change"]["kind"] == "RENAMED"
    for path in ("firm merge", "firm strike-off", "firm move"):
        assert story.play(path, changxing)["change"]["number"]
        assert story.play("firm withdraw", changxing)["change"]["kind"] == "WITHDRAWN"
    assert story.play("firm changes", changxing)["name"]
    assert story.play("firm affairs", changxing)["change"] == "MERGED"


def life_of_an_order(story):
    people = story.people
    lab, firm = people.lab(people.town.lab("lab-shanghai")), people.firm(people.town.firm("firm-changxing"))
    reviewer, payer = people.caller(CHANGXING, "reviewer-1"), people.caller(CHANGXING, "payer")

    story.play("order prepare", lab)
    story.play("order sign", lab)
    story.play("order sign", firm, instead=("--as lab", "--as firm"))
    story.play("order submit", lab, remember={"ORDER": "order_id"})
    story.play("order list", lab)
    deadline = story.play("order show", lab)["deadline"]
    wait_until(lambda: _mined(people.town.node) + 90 * DAY > deadline)
    story.play("review extend", reviewer, LATER=deadline + 1)
    assert story.play("evidence hand-in", lab)["order_id"] == story.told["ORDER"]
    assert story.play("evidence check", lab)["verdict"] == "HOLDS"
    story.play("redeem prepare", lab)
    story.play("redeem sign", lab)
    story.play("redeem sign", firm, instead=("--as lab", "--as firm"))
    story.play("redeem submit", lab)
    at_host = people.caller(SHANGHAI, "reviewer-1")
    shown = story.play("evidence show", at_host)
    assert (shown["result"], shown["warnings"]) == ("MATCHES", [])
    reports = [each["sha256"] for each in shown["bundle"]["documents"] if each["kind"] == "成果报告"]
    story.play("evidence get", at_host, REPORT_SHA256=reports[0])
    assert (people.folder / "original.pdf").read_bytes() == (people.folder / "report.pdf").read_bytes()
    story.play("review endorse", people.caller(SHANGHAI, "reviewer-1"))
    story.play("review accept", reviewer)
    story.play("settle record", payer)
    assert story.play("order show", lab)["stage"] == "SETTLED"
    story.told["SETTLED_ORDER"] = story.told["ORDER"]
    story.play("review reverse", reviewer)
    assert story.play("settle refunded", payer)["stage"] == "REFUNDED"


def older_ledger(story):
    """Paper vouchers join: the list is checked, its programme opened, issued, and a claim in flight signed to its order."""
    people, folder = story.people, story.people.folder
    town = people.town
    lab, firm = people.lab(town.lab("lab-shanghai")), people.firm(town.firm("firm-changxing"))
    issuer = people.caller(CHANGXING, "issuer")
    listed = examples.OPENING_LIST.replace(examples.LAB, town.lab_id(town.lab("lab-shanghai"))).encode()
    named = examples.OPENING_TEXT.replace(examples.OPENING_SHA256, hashlib.sha256(listed).hexdigest())
    (folder / "ledger.csv").write_bytes(listed)
    (folder / "opening.toml").write_text(named, encoding="utf-8")

    assert story.play("opening check", issuer)["bad"] == []
    assert people.auditor().run("opening prove ledger.csv --programme-file opening.toml --json").status == 5
    story.play("programme open", issuer, instead=("programme.toml", "opening.toml"), remember={"OPENING": "programme_id"})
    people.caller(CHANGXING, "payer").ask(f"programme fund {story.told['OPENING']} --amount 100000yuan --bank-reference OPENING")
    assert story.play("opening issue", issuer)["issued_vouchers"] == 2
    again = f"opening issue ledger.csv --programme {story.told['OPENING']}"
    assert issuer.ask(again)["issued_vouchers"] == 0
    assert "元" not in issuer.run(again).out, "it counts vouchers, and no money"
    assert story.play("opening show", issuer)["agrees"] is True
    assert story.play("opening vouchers", issuer)["free_notes"] == [{"first": 9, "last": 10}]
    assert story.play("opening claims", issuer, remember={"CLAIM": "voucher_id"})["awaits"] == ["FIRM", "LAB"]
    story.play("opening prepare", firm)
    for desk, party in ((lab, "lab"), (firm, "firm")):
        desk.ask(f"order sign claim-order.json --as {party} --amount 5000yuan --yes")
    lab.ask("order submit claim-order.json")
    for desk, party in ((lab, "lab"), (firm, "firm")):
        desk.ask(f"redeem sign claim.json --as {party} --subsidy 4800yuan --yes")
    assert lab.ask("redeem submit claim.json")["stage"] == "REDEEMED"
    assert story.play("opening prove", people.auditor())["agrees"] is True


def _mined(node):
    """The time of a block just mined: a call is tried at the head before it is sent."""
    node.mine()
    return node.timestamp()


def order_by_other_means(story):
    """Whoever posts with a program of its own signs here, into the very body that it posts."""
    people, folder = story.people, story.people.folder
    town = people.town
    firm, lab = town.firm("firm-changxing"), town.lab("lab-shanghai")
    at_gateway = town.desk(SHANGHAI, lab.key)
    voucher = {"region": CHANGXING, "firm": firm.company_code, "serial": town.serial_for(firm)}
    asked = {"voucher": voucher, "project": "P-1", "amount": "500000"}
    (folder / "asked.json").write_text(json.dumps(asked), encoding="utf-8")
    (folder / "prepared.json").write_text(json.dumps(at_gateway.post("/v1/orders/prepare", asked).body), encoding="utf-8")

    story.play("wallet sign", people.lab(lab))
    story.play("wallet sign", people.firm(firm), instead=("--as lab", "--as firm"))

    assert at_gateway.post("/v1/orders", json.loads((folder / "body.json").read_text()))["stage"] == "OPEN"


def other_ends(story):
    people = story.people
    town = people.town
    firm, lab = town.firm("firm-changxing"), town.lab("lab-shanghai")
    at_lab, at_firm, reviewer = people.lab(lab), people.firm(firm), people.caller(CHANGXING, "reviewer-1")

    def reserved() -> str:
        return town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000")

    second = reserved()
    story.play("order release prepare", at_lab, SECOND_ORDER=second)
    story.play("order release sign", at_lab)
    assert story.play("order release submit", at_lab)["stage"] == "RELEASED"

    wrong, at_host = reserved(), people.caller(SHANGHAI, "reviewer-1")
    assert town.redeemed(wrong, firm, lab, cost="800000").status == 201
    at_lab.ask(f"evidence hand-in {wrong} --document 发票=invoice.pdf --document 成果报告=report.pdf")
    (people.folder / "changxing.toml").write_text(town.programme_text("changxing-2013"), encoding="utf-8")
    assert wrong in {each["order_id"] for each in at_host.run("review waiting --json").lines}
    assert story.play("review waiting", at_host)["waits_for"] == "FIRST_REVIEW"
    assert story.play("review correct", at_host, instead=("programme.toml", "changxing.toml"), ORDER=wrong)["attempt"] == 0
    assert story.play("review reject", reviewer, ORDER=wrong)["orders"][0]["stage"] == "OPEN"
    sent_back = story.play("review corrections", at_lab, ORDER=wrong)["checklist"]
    assert [each["state"] for each in sent_back] == ["CARRIED_OVER", "TO_SEND", "TO_SEND"]

    returned = reserved()
    assert town.redeemed(returned, firm, lab, cost="800000").status == 201
    for region, verb in ((SHANGHAI, "endorse"), (CHANGXING, "accept")):
        people.caller(region, "reviewer-1").ask(f"review {verb} {returned}")
    story.play("settle reject", people.caller(CHANGXING, "payer"), ACCEPTED_ORDER=returned)

    alone = reserved()
    prepare = ("redeem.json", "stand-in.json")
    story.play("redeem prepare", at_lab, ORDER=alone, instead=(prepare[0], f"{prepare[1]} --valid-days 2"))
    story.play("redeem sign", at_lab, instead=prepare)
    assert story.play("redeem stand-in", reviewer)["stage"] == "REDEEMED"

    beijing = town.firm("firm-beijing")
    for verb, stage in (("approve", "OPEN"), ("decline", "RELEASED")):
        order = town.reserved(beijing, lab, serial=town.serial_for(beijing, denomination="1"), amount="500000")
        answer = story.play(f"review {verb}", people.caller(BEIJING, "reviewer-1"), REQUESTED_ORDER=order)
        assert answer["orders"][0]["stage"] == stage
    story.told["LATE_ORDER"] = reserved()
    assert at_firm.run("order list --json").status == 0


def payments(story):
    """Two orders are paid in a batch, one of them twice since the bank returned it; another batch is given up."""
    people, folder = story.people, story.people.folder
    town = people.town
    firm, lab, payer = new_firm(town, CHANGXING), town.lab("lab-shanghai"), people.caller(CHANGXING, "payer")
    write_secret(folder / "payer-2.key", town.world.api_keys[CHANGXING][second_payer(town, CHANGXING)])
    second = Desk(folder, {"gateway_url": town.world.gateways[CHANGXING], "api_key_file": folder / "payer-2.key"})

    def accepted() -> str:
        order = town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000")
        assert town.redeemed(order, firm, lab, cost="800000").status == 201
        for region, verb in ((SHANGHAI, "endorse"), (CHANGXING, "accept")):
            people.caller(region, "reviewer-1").ask(f"review {verb} {order}")
        return order

    orders = [accepted(), accepted()]
    story.told["PAID_FIRM"] = firm.company_code
    today = day_of(Time(town.now))
    of = {"PROGRAMME": town.programmes[CHANGXING], "YEAR": today.year, "TODAY": today.isoformat(), "ACCEPTED_ORDER": orders[0]}
    (folder / "payee.json").write_text(json.dumps(examples.ACCOUNT | {"payee": lab.host_unit}), encoding="utf-8")
    assert story.play("payee propose", payer)["version"] == 1
    assert payer.run(f"payee confirm {lab.host_unit} --version 1 --json").refusal["error"] == "SameOfficer"
    assert story.play("payee confirm", second)["confirmed"] is True
    assert story.play("payee list", payer)["counts"] is True
    story.play("payment set-line", payer, **of)

    assert story.play("payment draw", payer, remember={"BATCH": "batch"}, **of)["total"] == "480000"
    story.play("payment notice", payer, **of)
    assert story.play("payment notice-list", payer)["count"] == 1
    town.node.jump(7 * DAY)
    town.node.mine()
    story.play("payment show", payer, remember={"LIST_HASH": "list_hash"})
    assert story.told["LIST_HASH"] == "0x" + sha256((folder / "batch.json").read_bytes()).hexdigest()
    assert story.play("payment sign-off", second)["signed"]["by"] == "payer-2"
    story.play("payment number", payer)
    assert story.play("payment make-bank-file", payer)["stage"] == "AT_BANK"
    story.play("payment bank-file", payer)
    assert examples.ACCOUNT["account_number"] in (folder / "payments-out.csv").read_text(encoding="utf-8-sig")
    (folder / "paid.csv").write_text(f"订单编号,付款流水号\n{orders[0]},PAY-7\n", encoding="utf-8")
    assert story.play("payment paid", payer)["orders"][0]["stage"] == "SETTLED"
    assert story.play("payment settle", payer)["unsettled"] == []
    story.play("payment returned", payer, **of)
    assert story.play("payment resend", second, **of)["resend"] == [orders[0]]
    story.play("payment resend-list", payer)
    assert story.play("payment list", payer)["stage"] == "RETURNED"

    asked = of | {"ACCEPTED_ORDER": orders[1]}
    story.play("payment draw", payer, remember={"OTHER_BATCH": "batch"}, **asked)
    assert story.play("payment withdraw", payer)["out"][0]["cause"] == "Withdrawn"
    third = story.play("payment draw", payer, **asked)["batch"]
    assert story.play("payment take-out", payer, BATCH=third, **asked)["out"][0]["cause"] == "Objection"
    assert story.play("payment lines", payer)["used"] == "480000"


def moving_on(story):
    """An order of a lab that leaves goes on at another lab; once with the old lab's signature, once with a reviewer's word."""
    people = story.people
    town, folder = people.town, people.folder
    firm, at_firm = town.firm("firm-changxing"), people.firm(town.firm("firm-changxing"))
    old, new = (new_lab(town, SHANGHAI, recognised_by=(CHANGXING,)) for _ in range(2))

    def signing(lab):
        path = town.world.parties[lab.key].path
        settings = {
            "deployment": town.world.directory / "deployment.json",
            "keystore": path,
            "password_file": path.with_suffix(".password"),
        }
        return Desk(folder, settings)

    def stranded():
        serial = town.serial_for(firm)
        signed = order_at(town, firm, old, serial=serial, amount="500000")
        return {"SERIAL": serial, "STRANDED": town.desk(CHANGXING, firm.key).post("/v1/orders", signed)["order_id"]}

    orders = [stranded(), stranded()]
    assert town.desk(SHANGHAI, "directory").post(f"/v1/labs/{town.lab_id(old)}/exit", {}).status == 200
    assert story.play("order leaving", people.caller(CHANGXING, "reviewer-1"))["standing"] == "EXITED"
    story.told["OTHER_LAB"] = town.lab_id(new)

    def agreed(file):
        for desk, party in ((signing(new), "lab"), (at_firm, "firm")):
            assert desk.run(f"order sign {file} --as {party} --amount 5000yuan --yes --json").status == 0

    story.play("order move prepare", at_firm, **orders[0])
    agreed("move-order.json")
    assert signing(old).run("order release sign move-release.json --as lab --yes --json").status == 0
    moved = story.play("order move submit", at_firm, **orders[0])
    assert [each["stage"] for each in moved["outcomes"]] == ["RELEASED", "OPEN"]

    files = ("move-release.json move-order.json", "by-reviewer-release.json by-reviewer.json")
    story.play("order move prepare", at_firm, instead=files, **orders[1])
    agreed("by-reviewer.json")
    moved = story.play("order move by-reviewer", people.caller(CHANGXING, "reviewer-1"), **orders[1])
    assert [each["stage"] for each in moved["outcomes"]] == ["RELEASED", "OPEN"]


def flags_and_keys(story):
    people = story.people
    town = people.town
    kunshan = town.lab("lab-kunshan")
    at_lab, office = people.lab(kunshan), people.caller(KUNSHAN, "directory")
    flagged = story.told["NEW_LAB"]
    story.play("flag raise", people.caller(SHANGHAI, "directory"), FLAGGED=flagged)
    story.play("flag list", people.caller(SHANGHAI, "directory"))
    story.play("flag second", people.caller(BEIJING, "directory"), FLAGGED=flagged)
    story.play("flag show", people.caller(SHANGHAI, "directory"), FLAGGED=flagged)
    story.play("flag case", people.caller(SHANGHAI, "directory"), FLAGGED=flagged)
    other = "0x" + id_of(Firm(Region(CHANGXING), town.world.keyring.firm(story.told["NEW_FIRM_CODE"]))).hex()
    people.caller(CHANGXING, "directory").ask(f"flag raise {other} --reason 误报")
    story.play("flag unflag", people.caller(CHANGXING, "directory"), FLAGGED=other)

    agents(story)
    story.told["LAB"] = town.lab_id(kunshan)
    next_signers = [light_key(people.folder, f"kunshan-{number}.json") for number in (1, 2)]
    story.play("keys propose", office, NEW_SIGNER=next_signers[0])
    story.play("keys proposals", at_lab)
    assert story.play("keys veto", at_lab)["outcome"] == "VETOED"
    assert story.play("keys rotate", at_lab, NEW_SIGNER=next_signers[1])["outcome"] == "ROTATED"
    assert story.play("keys show", at_lab)["signer"] == next_signers[1].lower()
    story.play("keys propose", office, NEW_SIGNER=next_signers[0])


def agents(story):
    """A firm whose agent orders for it reads that he did; before that, its office saw that it did not know."""
    people = story.people
    town = people.town
    office, firm, lab = people.caller(CHANGXING, "directory"), town.firm("firm-changxing"), town.lab("lab-shanghai")
    at_firm = people.firm(firm)
    (people.folder / "power.pdf").write_bytes(b"a power of attorney")
    agent = new_key_file(people.folder, "agent")
    year, tomorrow = datetime.now(UTC).year + 2, f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%d}"
    story.told |= {"AGENT": agent.account.address, "NEXT_YEAR": year, "TOMORROW": tomorrow}
    assert story.play("firm power enter", office)["signs"] is False
    rotated = at_firm.run(f"keys rotate --subject {story.told['FIRM']} --signer {agent.account.address} --json")
    assert rotated.answer["outcome"] == "ROTATED"
    own, town.world.parties[firm.key] = town.world.parties[firm.key], agent
    order = town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000")
    town.world.parties[firm.key] = own

    use = story.play("firm uses", office, remember={"USE": "position"})
    assert (use["what"], use["order_id"], use["told"]) == ("RESERVE", order, None)
    story.play("firm told", office)
    assert [line["told"]["how"] for line in at_firm.run("firm uses --json").lines] == ["挂号信"]
    assert story.play("firm read", at_firm)["told"]["how"] == "挂号信"
    assert story.play("firm power withdraw", office)["signs"] is True
    story.play("firm power list", at_firm)


def auditing(story):
    auditor, at_gateway = story.people.auditor(), story.people.caller(SHANGHAI, "auditor")
    at_issuer = story.people.caller(CHANGXING, "auditor")
    story.people.town.node.jump(DAY)
    story.told["SAMPLED_UNTIL"] = _mined(story.people.town.node) - DAY // 2
    drawn = story.play("evidence sample", at_gateway)
    from_node = story.play("evidence sample", auditor, instead=("--size", f"--region {SHANGHAI} --size"))
    assert story.told["SETTLED_ORDER"] in {each["order_id"] for each in from_node["orders"]}
    for name in ("population", "population_sha256"):
        assert drawn[name] == from_node[name]
    assert [each["order_id"] for each in drawn["orders"]] == [each["order_id"] for each in from_node["orders"]]
    originals = story.play("evidence originals", at_gateway)
    assert (originals["clean"], originals["documents"]) == (True, 3)
    assert story.play("audit replay", auditor)["clean"] is True
    decided = story.play(
        "audit decisions", Desk(story.people.folder, auditor.settings | at_issuer.settings | {"node_url": story.people.town.world.node_url})
    )
    assert (decided["clean"], decided["decisions"]) == (True, 2)
    for path in ("trail", "index status", "index rebuild", "index export"):
        story.play(path, auditor)


def long_afterwards(story):
    people = story.people
    story.told["LAST_MONTH"] = f"{datetime.now(UTC) + timedelta(hours=8):%Y-%m}"
    people.town.node.jump(200 * DAY)
    people.town.clock_shift = 200 * DAY
    assert story.play("keys complete", people.caller(KUNSHAN, "directory"))["outcome"] == "ROTATED"
    month(story)
    reports(story)
    assert story.play("order release without-consent", people.lab(people.town.lab("lab-shanghai")))["stage"] == "RELEASED"


def month(story):
    """The month of the story, over by now: its order was paid, reversed and refunded, and the bank knows of no refund."""
    people, folder, told = story.people, story.people.folder, story.told
    reviewer, payer, issuer = (people.caller(CHANGXING, each) for each in ("reviewer-1", "payer", "issuer"))
    row = f"{told['SETTLED_ORDER']},{told['SELLER']},4800.00,拨付,PAY-1,{told['LAST_MONTH']}-01\n"
    (folder / "payments.csv").write_text("订单编号,收款方代码,金额（元）,类型,付款流水号,日期\n" + row, encoding="utf-8")
    places = "".join(f"{firm},雉城街道\n" for firm in (told["FIRM_CODE"], told["PAID_FIRM"]))
    (folder / "sub-districts.csv").write_text(f"企业代码,乡镇街道园区\n{places}", encoding="utf-8")

    story.play("month statement", reviewer, remember={"STATEMENT_HASH": "hash"})
    assert story.play("month compare", people.auditor())["clean"] is True
    assert story.play("month close", reviewer)["state"] == "NAMED"
    assert story.play("month list", people.caller(SHANGHAI, "auditor"))["home_statement"] == told["STATEMENT_HASH"]
    assert [each["home_agrees"] for each in story.play("month check", people.auditor())["months"]] == [True]
    (folder / "empty.csv").write_text("订单编号,收款方代码,金额（元）,类型,付款流水号,日期\n", encoding="utf-8")
    named = f"--home {CHANGXING} --host {SHANGHAI} --month {told['LAST_MONTH']}"
    assert payer.run(f"month payments empty.csv {named} --json").refusal["error"] == "ListEmpty"
    assert payer.run(f"month payments empty.csv {named} --if-empty NOTHING_PAID --json").answer["rows"] == 0
    assert story.play("month payments", payer)["rows"] == 1
    found = people.caller(CHANGXING, "auditor").run(
        f"month breaks --home {CHANGXING} --host {SHANGHAI} --month {told['LAST_MONTH']} --json"
    )
    told["BREAK"] = next(each["break_id"] for each in found.lines if each["order_id"] == told["SETTLED_ORDER"])
    story.play("month breaks", reviewer)
    assert story.play("month explain", payer)["reason"] == "NotRefunded"
    assert story.play("month catalogue", issuer)["rows"] == 2
    assert story.play("month sub-districts", payer)["sub_district"] == "雉城街道"


def reports(story):
    """What the story came to; its year is over by now."""
    people, folder, told = story.people, story.people.folder, story.told
    issuer, directory, lab = people.caller(CHANGXING, "issuer"), people.caller(SHANGHAI, "directory"), people.town.lab("lab-shanghai")
    told["LAB"] = people.town.lab_id(lab)
    (folder / "service-types.csv").write_text(f"编号,服务类型\n{told['LAB']},成分检测\n", encoding="utf-8")
    told["LAST_YEAR"] = told["YEAR"] = told["LAST_MONTH"].partition("-")[0]

    assert story.play("report programme", people.auditor())["report"]["recovered"] == "480000"
    assert story.play("report ageing", issuer)["report"]["waits"][0]["region"] == SHANGHAI
    assert story.play("report bank-file", people.caller(CHANGXING, "payer"))["report"]["payer"] == CHANGXING
    assert story.play("report concentration", issuer)["report"]["labs"]["subjects"] == 1
    assert story.play("report catalogue", issuer)["rows"] == 1
    assert story.play("report prices", issuer)["report"]["service_types"][0]["service_type"] == "成分检测"
    assert story.play("report lab-year", people.lab(lab))["report"]["year"] == int(told["YEAR"])
    story.play("report sign", directory)
    story.play("report signed", people.lab(lab))
    assert story.play("report verify", people.auditor())["clean"] is True


def gateway_serves(story):
    """`tongquan gateway serve`, until it answers; then it is asked to stop."""
    world = story.people.town.world
    story.people.town.running.pop(KUNSHAN).close() if hasattr(story.people.town, "running") else None
    with httpx.Client(trust_env=False) as http:
        port = free_port()
        settings = world.settings(KUNSHAN) | {"port": port, "state": story.people.folder / "kunshan.state"}
        environment = story.people.auditor().environment() | {f"TONGQUAN_{name.upper()}": str(each) for name, each in settings.items()}
        tongquan = Path(sys.executable).with_name("tongquan")
        with subprocess.Popen([tongquan, *COMMANDS["gateway serve"].epilog.split()[1:]], env=environment) as process:
            try:
                wait_until(lambda: process.poll() is not None or _answers(http, port), seconds=60)
                assert process.poll() is None
            finally:
                process.terminate()
    story.played.add("gateway serve")


def gateway_is_looked_after(story):
    """In the folder of the gateway that was stopped."""
    desk = Desk(story.people.folder, {"state": story.people.folder / "kunshan.state"})
    story.play("gateway keys add", desk, remember={"PREFIX": "prefix"})
    story.play("gateway keys list", desk)
    assert story.play("gateway keys revoke", desk)["revoked"]
    assert story.play("gateway lookups verify", desk)["number"] == 0
    assert story.play("gateway firm-facts verify", desk)["number"] == 0
    assert story.play("gateway firm-changes verify", desk)["number"] == 0
    assert story.play("gateway decisions verify", desk)["number"] == 0
    assert story.play("gateway evidence verify", desk)["number"] == 0
    assert story.play("gateway corrections verify", desk)["number"] == 0
    assert story.play("gateway payments verify", desk)["number"] == 0


def _answers(http, port):
    try:
        return http.get(f"http://127.0.0.1:{port}/v1/status").status_code == httpx.codes.OK
    except httpx.TransportError:
        time.sleep(0.1)
        return False
