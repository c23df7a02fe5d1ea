"""kill −9 at every point between an intent and its finality, on real nodes: what comes out is one transaction or none."""

import signal
from contextlib import closing
from multiprocessing import get_context

import pytest

from registry.chain.devnode import Engine, Mining
from registry.chain.node import Node
from registry.outbox import Outbox
from tests.nodes import Nodes, person
from tests.outbox import crashing
from tests.outbox.crashing import POINTS, intent_of, sender_at

PATIENCE = 30.0
# Each process that dies is a fork of one that did the imports.
PROCESSES = get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.outbox.crashing"])


def transactions_of(chain, sender):
    """Every transaction of a sender in the chain: nonce and calldata."""
    whole = True
    blocks = [chain.request("eth_getBlockByNumber", hex(number), whole) for number in range(chain.head().number + 1)]
    found = [each for block in blocks for each in block["transactions"] if each["from"].lower() == sender.address.lower()]
    return [(int(each["nonce"], 16), bytes.fromhex(each["input"][2:])) for each in found]


@pytest.fixture(
    scope="module", params=[(Engine.GANACHE, Mining.EAGER), (Engine.GANACHE, Mining.STRICT), (Engine.ANVIL, Mining.EAGER)], ids=str
)
def running(request, _chain_ids, tmp_path_factory, pytestconfig):
    """A node for all points: each has a sender of its own."""
    engine, mining = request.param
    if pytestconfig.getoption("--engine") not in (engine, "both"):
        pytest.skip(f"only {pytestconfig.getoption('--engine')} was asked for")
    with closing(Nodes(tmp_path_factory.mktemp("nodes"), chain_ids=_chain_ids)) as nodes:
        yield nodes.start(engine, mining=mining)


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_process_leaves_one_transaction_or_none(running, tmp_path, point):
    chain, sender = Node(running.url), sender_at(point)
    intent = intent_of(sender)
    path = tmp_path / "outbox.sqlite"
    process = PROCESSES.Process(target=crashing.main, args=(running.url, running.chain_id, path, point))

    process.start()
    process.join(120)
    with Outbox(path, chain, chain_id=running.chain_id) as outbox:
        stored = outbox.find(intent.id)
        outbox.attach(sender)
        outcome = outbox.wait(outbox.submit(intent), PATIENCE)

    assert process.exitcode == -signal.SIGKILL
    assert (stored is None) == (point in {"signing", "storing"})
    assert outcome.receipt.succeeded
    payloads = [each for each in transactions_of(chain, sender) if each[1] == intent.calldata]
    assert payloads == [(outcome.ticket.nonce, intent.calldata)]


def test_ganache_mines_the_same_bytes_again_under_nonce_zero(nodes):
    """Why `first_resendable_nonce` is 1 there. If this fails, ganache was mended and the opening transfer can go."""
    chain, sender = Node(nodes.start(Engine.GANACHE).url), person("sender")
    transaction = {"chainId": chain.chain_id(), "nonce": 0, "to": sender.address, "gas": 21_000, "gasPrice": 0, "value": 0}
    raw = bytes(sender.sign_transaction(transaction).raw_transaction)

    for _ in range(3):
        chain.send_raw(raw)

    assert chain.nonce(sender.address) == 3
