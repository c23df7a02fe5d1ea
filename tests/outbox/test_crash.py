"""kill −9 at every point between an intent and its finality, on real nodes: what comes out is one transaction or none."""

import os
import signal
import subprocess
import sys

import pytest

from registry.chain.devnode import ROOT, Engine, Mining
from registry.chain.node import Node
from registry.outbox import Outbox
from tests.outbox.crashing import INTENT, POINTS, SENDER

PATIENCE = 30.0


def transactions_of(chain):
    """Every transaction of the sender in the chain: nonce and calldata."""
    whole = True
    blocks = [chain.request("eth_getBlockByNumber", hex(number), whole) for number in range(chain.head().number + 1)]
    found = [each for block in blocks for each in block["transactions"] if each["from"].lower() == SENDER.address.lower()]
    return [(int(each["nonce"], 16), bytes.fromhex(each["input"][2:])) for each in found]


@pytest.fixture(params=[(Engine.GANACHE, Mining.EAGER), (Engine.GANACHE, Mining.STRICT), (Engine.ANVIL, Mining.EAGER)], ids=str)
def running(request, nodes, pytestconfig):
    engine, mining = request.param
    if pytestconfig.getoption("--engine") not in (engine, "both"):
        pytest.skip(f"only {pytestconfig.getoption('--engine')} was asked for")
    return nodes.start(engine, mining=mining)


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_process_leaves_one_transaction_or_none(running, tmp_path, point):
    chain = Node(running.url)
    path = tmp_path / "outbox.sqlite"
    program = [sys.executable, str(ROOT / "tests" / "outbox" / "crashing.py")]
    arguments = [running.url, str(running.chain_id), str(path), point]

    died = subprocess.run([*program, *arguments], env=os.environ | {"PYTHONPATH": str(ROOT)}, timeout=120, check=False)
    with Outbox(path, chain, chain_id=running.chain_id) as outbox:
        stored = outbox.find(INTENT.id)
        outbox.attach(SENDER)
        outcome = outbox.wait(outbox.submit(INTENT), PATIENCE)

    assert died.returncode == -signal.SIGKILL
    assert (stored is None) == (point in {"signing", "storing"})
    assert outcome.receipt.succeeded
    payloads = [each for each in transactions_of(chain) if each[1] == INTENT.calldata]
    assert payloads == [(outcome.ticket.nonce, INTENT.calldata)]


def test_ganache_mines_the_same_bytes_again_under_nonce_zero(nodes):
    """Why `first_resendable_nonce` is 1 there. If this fails, ganache was mended and the opening transfer can go."""
    chain = Node(nodes.start(Engine.GANACHE).url)
    transaction = {"chainId": chain.chain_id(), "nonce": 0, "to": SENDER.address, "gas": 21_000, "gasPrice": 0, "value": 0}
    raw = bytes(SENDER.sign_transaction(transaction).raw_transaction)

    for _ in range(3):
        chain.send_raw(raw)

    assert chain.nonce(SENDER.address) == 3
