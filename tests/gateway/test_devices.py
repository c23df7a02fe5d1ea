"""Role keys in a device (PKCS#11): a gateway signs with them, and does not start where one is not there."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway import accounts
from gateway.accounts import AccountsRefused
from gateway.api_keys import ApiKeys
from gateway.callers import Party
from gateway.errors import headers_of, problem_of
from registry import Client, HsmUnavailable, Node, Outbox, Region, Role, SignerSilent
from scripts.demonstration.cast import BEIJING, CHANGXING, SHANGHAI
from tests.gateway.newcomers import redemption_document, signature
from tests.softhsm import add_account

pytestmark = pytest.mark.both_in_full

ROOT = Path(__file__).resolve().parents[2]
NAME = "reviewer-in-a-device"


@pytest.fixture
def reviewer(town, token, tmp_path):
    """The address of a reviewer of Changxing whose key is in the device, and who calls Changxing's gateway under `NAME`."""
    folder, label = town.world.folder(CHANGXING), token.label("reviewer")
    with token.open() as hsm, Outbox(tmp_path / "outbox.sqlite", Node(town.world.node_url), chain_id=town.node.chain_id) as outbox:
        admin = Client(Node(town.world.node_url), town.world.deployment, outbox, town.world.officials[CHANGXING]["admin"].account)
        holder = Client(Node(town.world.node_url), town.world.deployment, outbox, hsm.create(label))
        admin.offer(holder.address, Role.REVIEWER)
        holder.take_up(Region(CHANGXING), Role.REVIEWER)
    before = (folder / "accounts.json").read_text()
    add_account(folder / "accounts.json", NAME, token.entry(label))
    with ApiKeys(folder / "state") as keys:
        town.world.api_keys[CHANGXING][NAME], _ = keys.add(name=NAME, party=Party.REVIEWER, region=CHANGXING, account=NAME)
    town.stop(CHANGXING)
    town.start(CHANGXING)
    yield holder.address
    town.stop(CHANGXING)
    (folder / "accounts.json").write_text(before)
    town.start(CHANGXING)


def test_it_accepts_what_it_reviewed(town, reviewer, firm, lab):
    order = town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000")
    assert town.redeemed(order, firm, lab, cost="800000").status == 201
    town.review("endorse", SHANGHAI, "reviewer-1", order)

    assert town.review("accept", CHANGXING, NAME, order) == "ACCEPTED"

    (accepted,) = (each for each in town.desk(CHANGXING, NAME).get(f"/v1/orders/{order}")["history"] if each["name"] == "Accepted")
    assert sender_of(town, accepted["transaction"]) == reviewer.lower()


def test_it_signs_in_place_of_the_party_that_is_not_paid(town, reviewer, firm, lab):
    """The relay sends; who stood in is whose signature the contract found on the record."""
    order = town.reserved(firm, lab, serial=town.serial_for(firm), amount="500000")
    document = redemption_document(town, order, lab, cost="800000")
    asked = {"typed_data": document, "signature": signature(town, document, lab), "reason": "企业已注销。"}

    answer = town.desk(CHANGXING, NAME).post("/v1/redemptions/stand-in", asked)

    assert (answer.status, answer.body.get("stage")) == (201, "REDEEMED"), answer.body
    (redeemed,) = (each for each in town.desk(CHANGXING, NAME).get(f"/v1/orders/{order}")["history"] if each["name"] == "Redeemed")
    assert redeemed["values"]["stand_in"].lower() == reviewer.lower()
    assert sender_of(town, redeemed["transaction"]) == town.world.officials[CHANGXING]["relay"].account.address.lower()


def sender_of(town, transaction):
    question = {"jsonrpc": "2.0", "id": 1, "method": "eth_getTransactionByHash", "params": [transaction]}
    return town.http.post(town.world.node_url, json=question).json()["result"]["from"]


# What is refused at start


def written(town, tmp_path, entry):
    """Accounts of Beijing, the reviewer's in a device."""
    folder = town.world.folder(BEIJING)
    relay = {name: str(folder / file) for name, file in {"keystore": "relay.json", "password_file": "relay.password"}.items()}
    path = tmp_path / "accounts.json"
    path.write_text(json.dumps({"accounts": {"relay": relay, "reviewer": entry}}))
    path.chmod(0o600)
    return path


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"module": "/nowhere/no.so"}, "no token .* through /nowhere/no.so"),
        ({"token": "another token"}, "no token 'another token'"),
        ({"label": "no such key"}, "no key 'no such key'"),
        ({"pin_file": "/nowhere/hsm.pin"}, "/nowhere/hsm.pin cannot be read"),
    ],
)
def test_a_device_or_key_that_is_not_there_is_refused_in_one_sentence(town, token, tmp_path, change, why):
    entry = token.entry("whatever")

    with pytest.raises(AccountsRefused, match=why) as refused:
        accounts.read(written(town, tmp_path, {"pkcs11": entry["pkcs11"] | change}))

    assert str(refused.value).startswith("account 'reviewer': ")
    assert str(refused.value).endswith(".")
    assert "\n" not in str(refused.value)


def test_after_a_refusal_the_device_is_free_again(town, token, tmp_path):
    with pytest.raises(AccountsRefused):
        accounts.read(written(town, tmp_path, token.entry("no such key")))

    token.open().close()


def test_a_token_has_one_pin(town, token, tmp_path):
    with token.open() as hsm:
        label = token.label("reviewer")
        hsm.create(label)
    path = written(town, tmp_path, token.entry(label))
    add_account(path, "other", {"pkcs11": token.entry(label)["pkcs11"] | {"pin_file": str(tmp_path / "other.pin")}})

    with pytest.raises(AccountsRefused, match="a token has one PIN"):
        accounts.read(path)


@pytest.mark.parametrize("entry", [{}, {"pkcs11": {}}, {"keystore": "relay.json"}, {"pkcs11": {"module": "m", "pin": "13572468"}}])
def test_what_is_no_entry_is_refused_and_not_quoted(town, tmp_path, entry):
    with pytest.raises(AccountsRefused, match=r"no file of accounts: accounts\.reviewer") as refused:
        accounts.read(written(town, tmp_path, entry))

    assert "13572468" not in str(refused.value)


def test_the_program_says_why_and_does_not_start(town, token, tmp_path):
    entry = token.entry("no such key")
    settings = town.world.settings(BEIJING) | {"state": tmp_path / "state", "accounts": written(town, tmp_path, entry), "port": 1}
    told = {f"TONGQUAN_{name.upper()}": str(value) for name, value in settings.items()}

    run = subprocess.run(
        [sys.executable, "-m", "gateway"],
        cwd=ROOT,
        env=os.environ | told,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert run.returncode == 2
    assert run.stderr.splitlines()[-1].endswith("account 'reviewer': the token holds no key 'no such key'.")
    assert token.pin not in run.stderr


@pytest.mark.parametrize(
    "failure", [HsmUnavailable("the device failed: DeviceRemoved()"), SignerSilent("0xDeviceRemoved")], ids=lambda each: type(each).__name__
)
def test_a_device_that_fails_later_is_an_outage_and_tells_nothing_of_itself(failure):
    """Nothing was sent: a call is signed before it is stored."""
    problem = problem_of(failure)

    assert (problem["status"], problem["code"]) == (503, "DeviceUnavailable")
    assert "DeviceRemoved" not in json.dumps(problem)
    assert headers_of(failure) == {"Retry-After": "2"}
