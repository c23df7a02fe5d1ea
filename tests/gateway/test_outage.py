"""When the node is silent or its head is old: never "not issued", never "revoked", and nothing half sent."""

import asyncio
import sqlite3

import pytest

from gateway.app import create_app
from gateway.settings import Settings
from registry import Unreachable
from registry.chain.devnode import Engine
from scripts.demonstration.cast import CHANGXING, KUNSHAN, SHANGHAI
from tests.gateway.conftest import settled_in
from tests.gateway.newcomers import raw_of, signer_of


@pytest.fixture
def own_town(_chain_ids, tmp_path):
    """A town whose node may be stopped; one engine is enough, since what is stopped answers on neither."""
    with settled_in(Engine.ANVIL, next(_chain_ids), tmp_path, wait_seconds=2.0) as town:
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
