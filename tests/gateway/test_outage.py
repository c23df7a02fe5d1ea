"""When the node is silent or its head is old: never "not issued", never "revoked", and nothing half sent."""

import asyncio
import copy
import json
import os
import signal
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from gateway.app import create_app
from gateway.settings import Settings
from registry import Unreachable
from registry.chain.devnode import Engine, start
from scripts.demonstration.cast import CHANGXING, KUNSHAN, SHANGHAI
from tests.gateway.conftest import settled_in, wait_until
from tests.gateway.newcomers import raw_of, signer_of


@pytest.fixture
def own_town(_chain_ids, tmp_path):
    """A town whose node may be stopped; one engine is enough, since what is stopped answers on neither."""
    with settled_in(Engine.ANVIL, next(_chain_ids), tmp_path, wait_seconds=2.0, stale_after_seconds=300) as town:
        yield town


def test_old_and_silent_nodes_are_told_apart_from_bad_vouchers(own_town):
    town = own_town
    firm, lab = town.firm("firm-changxing"), town.lab("lab-shanghai")
    serial = town.serial_for(firm)
    asked = {"voucher": {"region": firm.region, "firm": firm.company_code, "serial": serial}}
    unknown = {"voucher": asked["voucher"] | {"serial": "NONE"}}
    desk = town.desk(SHANGHAI, lab.key)
    signed = town.order(firm, lab, serial=serial, project="P", amount="100000")
    assert desk.post("/v1/verifications", asked)["status"] == "VALID"

    # Nothing was mined for ten minutes.
    town.clock_shift = 600
    stale = [desk.post("/v1/verifications", each) for each in (asked, unknown)]
    facts = desk.post("/v1/facts", asked | {"project": "P"})
    assert [(each["status"], each["reasons"], each["voucher"]) for each in stale] == [("STALE", [], None)] * 2
    assert stale[0]["block"]["age_seconds"] >= 600
    assert (facts["status"], facts["enterprise"], facts["serial"], facts["project"]) == ("STALE", None, None, None)
    town.clock_shift = 0

    # Nobody answers.
    known = desk.post("/v1/verifications", asked)["block"]["number"]
    town.node.stop()
    silent = [desk.post("/v1/verifications", each) for each in (asked, unknown)]
    facts = desk.post("/v1/facts", asked | {"project": "P"})
    assert [(each["status"], each["reasons"], each["voucher"]) for each in silent] == [("UNKNOWN", [], None)] * 2
    assert silent[0]["block"]["number"] == known
    assert (facts["status"], facts["enterprise"], facts["serial"], facts["project"]) == ("UNKNOWN", None, None, None)
    assert town.ask("GET", "/v1/status").json()["node"] == "silent"

    # A write says that nothing happened, and nothing did.
    refused = desk.post("/v1/orders", signed, key="outage-1")
    assert (refused.status, refused.code) == (503, "Unreachable")
    with sqlite3.connect(town.world.folder(SHANGHAI) / "state" / "outbox.sqlite") as outbox:
        assert outbox.execute("SELECT count(*) FROM intents WHERE id LIKE '%outage-1'").fetchone() == (0,)
    outbox.close()

    # And no gateway starts without having seen the chain.
    with pytest.raises(Unreachable):
        _start(Settings(**town.world.settings(KUNSHAN)))


def test_a_node_that_hangs_is_waited_for_once_by_all_who_ask(own_town):
    """It takes requests and never answers: nobody waits for one who came before to have waited."""
    town = own_town
    firm, lab = town.firm("firm-changxing"), town.lab("lab-shanghai")
    asked = {"voucher": {"region": firm.region, "firm": firm.company_code, "serial": town.serial_for(firm)}}
    with town.restarted(SHANGHAI, node_connect_seconds=0.5, node_answer_seconds=1.0, handler_seconds=5.0), ExitStack() as stack:
        desk = town.desk(SHANGHAI, lab.key)
        known = desk.post("/v1/verifications", asked)
        assert known["status"] == "VALID"
        pool = stack.enter_context(ThreadPoolExecutor(40))
        os.kill(town.node.pid, signal.SIGSTOP)
        stack.callback(os.kill, town.node.pid, signal.SIGCONT)

        quotes = [pool.submit(desk.post, "/v1/quotes", asked | {"cost": "800000"}) for _ in range(20)]
        verifications = [pool.submit(desk.post, "/v1/verifications", asked) for _ in range(20)]

        block = known["block"]["number"]
        found = [(each.status, each["block"]["number"], each["subsidy"]) for each in (quote.result() for quote in quotes)]
        assert found == [(200, block, "480000")] * 20
        found = [(each["status"], each["reasons"], each["block"]["number"]) for each in (one.result() for one in verifications)]
        assert found == [("UNKNOWN", [], block)] * 20
        os.kill(town.node.pid, signal.SIGCONT)
        wait_until(lambda: desk.post("/v1/verifications", asked)["status"] == "VALID")


NOBODY = "0x" + "11" * 32
REDEMPTION = {"cost": "1", "invoice": {"number": "00000001", "code": "3100241130"}, "invoice_amount": "1", "report_sha256": "00" * 32}

# What is not there, or not the caller's, by method, path, caller at Shanghai's gateway, and body.
ABSENT = [
    ("GET", f"/v1/orders/{NOBODY}", "lab-shanghai", None),
    ("GET", f"/v1/vouchers/{NOBODY}", "auditor", None),
    ("GET", f"/v1/programmes/{NOBODY}", "auditor", None),
    ("GET", f"/v1/programmes/{NOBODY}/pool", "auditor", None),
    ("GET", f"/v1/labs/{NOBODY}", "auditor", None),
    ("GET", f"/v1/labs/{NOBODY}/items", "auditor", None),
    ("GET", f"/v1/firms/{NOBODY}", "auditor", None),
    ("GET", f"/v1/keys/{NOBODY}", "auditor", None),
    ("GET", f"/v1/months/{CHANGXING}/{SHANGHAI}/200001", "auditor", None),
    ("GET", f"/v1/months/{CHANGXING}/{SHANGHAI}/200001/breaks", "auditor", None),
    ("GET", f"/v1/flags/{NOBODY}", "auditor", None),
    ("GET", "/v1/vouchers/VOUCHER", "lab-shanghai", None),
    ("POST", "/v1/quotes", "lab-shanghai", {"voucher": "NEWER", "cost": "1"}),
    ("POST", "/v1/orders/prepare", "lab-shanghai", {"voucher": "NEWER", "project": "P", "amount": "1"}),
    ("POST", "/v1/releases/prepare", "lab-shanghai", {"order": NOBODY}),
    ("POST", "/v1/redemptions/prepare", "lab-shanghai", REDEMPTION | {"order": NOBODY, "agreement": {"seller": "FIRM", "number": "C"}}),
    ("POST", "/v1/redemptions/prepare", "lab-shanghai", REDEMPTION | {"order": "ORDER", "agreement": {"seller": "FIRM", "number": "C"}}),
]
WRITES = [
    ("POST", f"/v1/orders/{NOBODY}/release", "reviewer-1", {}),
    ("POST", "/v1/orders/endorse", "reviewer-1", {"orders": [NOBODY]}),
    ("POST", "/v1/orders/endorse", "reviewer-1", {"orders": ["ORDER"]}),
    ("POST", "/v1/submissions", "lab-shanghai", {"documents": ["SIGNED"]}),
]


@pytest.fixture
def late_town(_chain_ids, tmp_path):
    """A town whose gateways read on only when somebody asks."""
    with settled_in(Engine.ANVIL, next(_chain_ids), tmp_path, wait_seconds=2.0, stale_after_seconds=300, refresh_seconds=3_600.0) as town:
        yield town


def test_what_is_not_known_is_not_said_to_be_missing_while_the_node_is_silent_or_old(late_town):
    town = late_town
    firm, lab = town.firm("firm-changxing"), town.lab("lab-shanghai")
    old = town.serial_for(firm)
    order = town.reserved(firm, lab, serial=old, amount="500000")
    programme = town.programmes[CHANGXING]
    voucher = {"region": firm.region, "firm": firm.company_code, "serial": old}
    found = [
        ("GET", f"/v1/orders/{order}", "lab-shanghai", None),
        ("GET", f"/v1/vouchers/{town.voucher(CHANGXING, firm, old)['voucher_id']}", "auditor", None),
        ("GET", f"/v1/programmes/{programme}", "auditor", None),
        ("GET", f"/v1/labs/{town.lab_id(lab)}", "lab-shanghai", None),
        ("POST", "/v1/quotes", "lab-shanghai", {"voucher": voucher, "cost": "1"}),
    ]

    def asked(questions, **real):
        answers = []
        for method, path, caller, body in questions:
            desk, url, text = town.desk(SHANGHAI, caller), path, json.dumps(body)
            for name, value in real.items():
                url, text = url.replace(name, str(value)), text.replace(f'"{name}"', json.dumps(value))
            answers.append(desk.get(url) if method == "GET" else desk.post(url, json.loads(text)))
        return answers

    before = town.event_count()
    signed = town.order(firm, lab, serial=old, project="P", amount="100000")
    stray = copy.deepcopy(signed)
    stray["typed_data"]["message"]["voucher"] = NOBODY
    of_old = town.voucher(CHANGXING, firm, old)["voucher_id"]
    real = {"ORDER": order, "VOUCHER": of_old, "FIRM": firm.company_code, "SIGNED": stray}
    none = voucher | {"serial": "NONE"}
    told = asked([*ABSENT, *WRITES[:3]], NEWER=none, **real)
    assert {each.status for each in told} == {404, 409, 422}
    assert {each.code for each in told} == {"NotFound", "UnknownVoucher", "SellerDiffers", "WrongStage"}

    # Nothing was mined for ten minutes.
    town.clock_shift = 600
    stale = asked([*ABSENT, *WRITES], NEWER=none, **real)
    assert [(each.status, each.code) for each in stale] == [(503, "Stale")] * len(stale)
    assert all(each["values"]["block"]["age_seconds"] >= 600 for each in stale)
    known = town.node.block_number(), town.node.timestamp()
    assert {(each["values"]["block"]["number"], each["values"]["block"]["time"]) for each in stale} == {known}
    assert [(each.status, each["block"]["number"]) for each in asked(found)] == [(200, known[0])] * len(found)
    town.clock_shift = 0
    assert town.event_count() == before

    # Nobody answers, and there is a voucher that this gateway has not read of yet.
    newer = town.serial_for(firm)
    town.node.stop()
    silent = asked(ABSENT, NEWER=voucher | {"serial": newer}, **real)
    assert [(each.status, each.code) for each in silent] == [(503, "Unreachable")] * len(silent)
    assert {(each["values"]["block"]["number"], each["values"]["block"]["time"]) for each in silent} == {known}
    assert [(each.status, each["block"]["number"]) for each in asked(found)] == [(200, known[0])] * len(found)
    assert {(each.status, each.code) for each in asked(WRITES, **real)} == {(503, "Unreachable")}

    # The log has it as it was told.
    answers = [each["answer"] for each in town.desk(SHANGHAI, "auditor").get("/v1/lookups", limit=1000)["lookups"]]
    assert {"UnknownVoucher", "NotFound", "Stale", "Unreachable"} <= set(answers)


def test_of_many_none_reads_as_not_valid_because_of_an_outage_or_of_who_asks(late_town):
    town = late_town
    firm = town.firm("firm-changxing")
    mine = {"region": firm.region, "firm": firm.company_code, "serial": town.serial_for(firm)}
    wrong = firm.company_code[:-1] + ("0" if firm.company_code[-1] != "0" else "1")
    many = {"verifications": [{"voucher": each} for each in (mine, mine | {"serial": "NONE"}, mine | {"region": SHANGHAI})]}
    many["verifications"].append({"voucher": mine | {"firm": wrong}})
    desk = town.desk(CHANGXING, "reviewer-1")

    def told():
        answers = desk.post("/v1/verifications/batch", many)["verifications"]
        return [(each["status"], [why["code"] for why in each["reasons"]], (each["refused"] or {}).get("code")) for each in answers]

    never = [("UNKNOWN", [], "NotYours"), ("NOT_VALID", ["CodeRefused"], None)]
    assert told() == [("VALID", [], None), ("NOT_VALID", ["UnknownVoucher"], None), *never]
    town.clock_shift = 600
    assert told() == [("STALE", [], None)] * 2 + never
    town.clock_shift = 0
    town.node.stop()
    assert told() == [("UNKNOWN", [], None)] * 2 + never


def test_a_halted_chain_becomes_stale_a_stopped_node_unknown_and_both_come_back(_chain_ids, tmp_path):  # noqa: PT019 - its value is used
    """No clock is turned: time passes. ganache, since it goes on from where it was stopped."""
    with settled_in(Engine.GANACHE, next(_chain_ids), tmp_path, stale_after_seconds=3) as town, ExitStack() as stack:
        firm, lab = town.firm("firm-changxing"), town.lab("lab-shanghai")
        voucher = {"region": firm.region, "firm": firm.company_code, "serial": town.serial_for(firm)}
        desk, answers = town.desk(SHANGHAI, lab.key), []

        def told():
            return desk.post("/v1/verifications", {"voucher": voucher})

        def valid():
            town.node.mine()
            answers.append(told())
            return answers[-1]["status"] == "VALID"

        wait_until(valid)
        # No transaction, no block: this chain stands still.
        town.node.rpc("miner_stop")
        wait_until(lambda: told()["status"] == "STALE")
        stale, none = told(), desk.post("/v1/quotes", {"voucher": voucher | {"serial": "NONE"}, "cost": "1"})
        assert (stale["status"], stale["reasons"], stale["voucher"]) == ("STALE", [], None)
        assert stale["block"] | {"age_seconds": 0} == none["values"]["block"] | {"age_seconds": 0}
        assert stale["block"]["age_seconds"] > 3
        assert (none.status, none.code) == (503, "Stale")

        town.node.stop()
        silent = told()
        assert (silent["status"], silent["reasons"], silent["voucher"]) == ("UNKNOWN", [], None)
        assert silent["block"]["number"] == stale["block"]["number"]

        old = town.node
        town.node = stack.enter_context(start(Engine.GANACHE, chain_id=old.chain_id, directory=old.directory, port=old.port))
        wait_until(valid)
        assert answers[-1]["voucher"]["available"] == "1000000"
        assert answers[-1]["block"]["number"] > stale["block"]["number"]


def test_a_gateway_refuses_to_start_against_another_chain(town, tmp_path):
    text = (town.world.directory / "deployment.json").read_text(encoding="utf-8")
    genesis = town.world.deployment.genesis_hash.hex()
    (tmp_path / "deployment.json").write_text(text.replace(genesis, "11" * 32), encoding="utf-8")

    with pytest.raises(Exception, match="genesis block"):
        _start(Settings(**town.world.settings(CHANGXING) | {"deployment": tmp_path / "deployment.json", "state": tmp_path / "state"}))


def test_a_transaction_that_is_not_final_in_time_is_unknown_and_the_same_key_finds_out(own_town):
    town = own_town
    desk = town.desk(CHANGXING, "payer")
    path = f"/v1/programmes/{town.programmes[CHANGXING]}/fund"
    asked = {"amount": "100", "bank_reference": "SLOW-1"}
    before = int(town.pool(CHANGXING)["funded"])
    town.node.rpc("evm_setAutomine", False)  # noqa: FBT003 - the call's own parameter

    unknown = desk.post(path, asked, key="slow-1")

    assert (unknown.status, unknown.code) == (504, "OutcomeUnknown")
    assert unknown["values"]["transaction"].startswith("0x")
    assert "Idempotency-Key" in unknown["detail"]
    town.node.rpc("evm_setAutomine", True)  # noqa: FBT003 - likewise
    town.node.mine()
    answer = desk.post(path, asked, key="slow-1")
    assert (answer.status, answer["transaction"]) == (200, unknown["values"]["transaction"])
    assert int(town.pool(CHANGXING)["funded"]) == before + 100
    assert desk.post(path, asked, key="slow-1") == answer


def test_once_sent_an_outcome_stays_unknown_when_the_node_falls_silent(own_town):
    """A repeated request that cannot reach the node must not be told that nothing happened."""
    town = own_town
    firm, lab = town.firm("firm-changxing"), town.lab("lab-shanghai")
    signed = town.order(firm, lab, serial=town.serial_for(firm), project="P", amount="100000")
    desk = town.desk(SHANGHAI, lab.key)
    town.node.rpc("evm_setAutomine", False)  # noqa: FBT003 - the call's own parameter
    first = desk.post("/v1/orders", signed, key="lost-1")
    town.node.stop()

    again = desk.post("/v1/orders", signed, key="lost-1")
    other = desk.post("/v1/orders", signed, key="lost-2")

    assert (first.status, first.code) == (504, "OutcomeUnknown")
    assert (again.status, again.code, again["values"]) == (504, "OutcomeUnknown", first["values"])
    assert (other.status, other.code) == (503, "Unreachable")


def test_a_partys_own_transaction_is_never_said_not_to_have_happened(own_town):
    """It may have been sent by a request that got no answer."""
    town = own_town
    firm = town.firm("firm-changxing")
    desk = town.desk(CHANGXING, firm.key)
    prepared = desk.post("/v1/rotations/prepare", {"signer": signer_of(town, firm)})
    raw = raw_of(town, prepared["transaction"], firm)
    town.node.rpc("evm_setAutomine", False)  # noqa: FBT003 - the call's own parameter
    slow = desk.post("/v1/rotations/submit", {"raw": raw}, key="own-1")
    town.node.rpc("evm_setAutomine", True)  # noqa: FBT003 - likewise
    town.node.mine()
    done = desk.post("/v1/rotations/submit", {"raw": raw}, key="own-1")
    town.node.stop()

    silent = desk.post("/v1/rotations/submit", {"raw": raw}, key="own-2")

    assert (slow.status, slow.code) == (504, "OutcomeUnknown")
    assert (done.status, done["transaction"]) == (200, slow["values"]["transaction"])
    assert (silent.status, silent.code, silent["values"]) == (504, "OutcomeUnknown", slow["values"])
    assert desk.post("/v1/rotations/submit", {"raw": raw}, key="own-1") == done


def _start(settings: Settings) -> None:
    app = create_app(settings)

    async def enter() -> None:
        async with app.router.lifespan_context(app):
            pass

    asyncio.run(enter())
