"""The one place that speaks JSON-RPC: real nodes for what they answer, a peer that misbehaves for what they do not."""

import base64
import itertools
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote_to_bytes

import orjson
import pytest
import urllib3

from registry.chain import reasons
from registry.chain.artifacts import load
from registry.chain.deploy import deploy
from registry.chain.devnode import Engine, Mining
from registry.chain.node import FOREIGN, Node
from registry.errors import OutcomeUnknown, Rejected, Unreachable
from registry.events import Contract
from registry.model import Founder, Region, Role
from registry.ports import CannotServe, NonceTaken, Question
from registry.rules import ERRORS
from registry.solidity import encode_sequence, keccak, type_of
from tests.nodes import person

REGIONS = (330522, 310000, 110000)
REFUSAL = "17a842420000000000000000000000001a642f0e3c3af545e7acbd38b07251b3990914f1"
STRANGER = person("stranger")


@pytest.fixture(scope="module")
def chain(node):
    return Node(node.url)


@pytest.fixture(scope="module")
def deployment(chain):
    founders = [Founder(Region(each), person(f"{each} admin").address, person(f"{each} recovery").address) for each in REGIONS]
    return deploy(chain, person("deployer of the node's tests"), founders)


def offer(address):
    return keccak(b"offer(address,uint8)")[:4] + encode_sequence([type_of("address"), type_of("uint8")], [address, int(Role.ISSUER)])


def signed(chain, *, nonce, sender=STRANGER, to=STRANGER.address, **changes):
    transaction = {"chainId": chain.chain_id(), "nonce": nonce, "to": to, "gas": 100_000, "gasPrice": 0, "value": 0}
    return bytes(sender.sign_transaction(transaction | changes).raw_transaction)


# What real nodes answer


def test_blocks_join(chain, node):
    node.mine(3)
    head = chain.head()

    blocks = chain.blocks(range(head.number - 2, head.number + 1))

    assert blocks[-1] == head == chain.block(head.number)
    assert [later.parent for later in blocks[1:]] == [earlier.hash for earlier in blocks[:-1]]


def test_the_final_head_of_a_development_node_is_its_head(chain, node):
    node.mine()

    assert chain.finalised_head() == chain.head()


def test_engines_are_recognised(chain, engine):
    assert chain.engine.name == engine
    assert chain.first_resendable_nonce == (1 if engine is Engine.GANACHE else 0)


def test_logs_of_a_range_are_the_deployment_s_events(chain, deployment):
    logs = chain.logs(deployment.block, chain.head().number, [deployment.consortium])

    assert len(logs) == 3 * len(REGIONS)
    assert [log.index for log in logs] == list(range(9))
    assert logs[0].topics[0] == keccak(b"Granted(address,uint24,uint8)")
    assert {log.block_hash for log in logs} == {chain.block(deployment.block).hash}


def test_a_missing_block_cannot_be_served(chain):
    for ask in (lambda: chain.block(10**9), lambda: chain.blocks([0, 10**9])):
        with pytest.raises(CannotServe):
            ask()


def test_a_state_of_a_missing_block_cannot_be_served(chain, deployment):
    with pytest.raises(CannotServe):
        chain.ask(Question(deployment.consortium, keccak(b"members()")[:4]), 10**9)


def test_a_missing_receipt_is_none(chain):
    assert chain.receipt(bytes(32)) is None


def test_code_and_storage(chain, deployment):
    assert load("Consortium").is_deployed_as(chain.code(deployment.consortium))
    assert chain.code(STRANGER.address) == b""
    assert int.from_bytes(chain.storage_at(deployment.consortium, 0, chain.head().number)) == len(REGIONS)


@pytest.mark.parametrize("ask", [Node.ask, Node.estimate])
def test_a_refusal_says_its_name_and_values(chain, deployment, ask):
    with pytest.raises(Rejected) as raised:
        ask(chain, Question(deployment.consortium, offer(STRANGER.address), STRANGER.address))

    assert (raised.value.code, raised.value.values) == ("NotAdmin", {"account": STRANGER.address})


@pytest.mark.parametrize("ask", [Node.ask, Node.estimate])
def test_a_call_that_no_function_takes_is_malformed(chain, deployment, ask):
    with pytest.raises(Rejected) as raised:
        ask(chain, Question(deployment.consortium, b"\x12\x34\x56\x78"))

    assert raised.value.code == "Malformed"


def test_a_batch_keeps_refusals_in_their_places(chain, deployment, monkeypatch):
    monkeypatch.setattr("registry.chain.node.BATCH", 2)
    members = Question(deployment.consortium, keccak(b"members()")[:4])
    refused = Question(deployment.consortium, offer(STRANGER.address), STRANGER.address)

    answers = chain.ask_all([members, refused, refused, members, members], chain.head().number)

    assert [answer.code if isinstance(answer, Rejected) else int.from_bytes(answer) for answer in answers] == [
        3,
        "NotAdmin",
        "NotAdmin",
        3,
        3,
    ]


def test_a_receipt_tells_success_and_failure(chain, deployment):
    sender = person("who is refused")
    nonce = chain.nonce(sender.address)
    bodies = [b"", offer(sender.address)]
    receipts = []
    for place, (to, body) in enumerate(zip((sender.address, deployment.consortium), bodies, strict=True)):
        sent = chain.send_raw(signed(chain, nonce=nonce + place, sender=sender, to=to, data=body))
        while (receipt := chain.receipt(sent)) is None:
            pass
        receipts.append(receipt)

    assert [receipt.succeeded for receipt in receipts] == [True, False]
    assert chain.block(receipts[0].block).hash == receipts[0].block_hash


# What real nodes answer to a transaction that they have, or cannot have


def test_sending_again_what_is_mined_is_unknown_and_not_failed(chain):
    sender = person("who repeats")
    raws = [signed(chain, nonce=nonce, sender=sender) for nonce in range(2)]
    for raw in raws:
        transaction = chain.send_raw(raw)
        while chain.receipt(transaction) is None:
            pass

    with pytest.raises(OutcomeUnknown) as raised:
        chain.send_raw(raws[1])

    assert raised.value.transaction == "0x" + transaction.hex()


def test_sending_again_what_waits_is_no_error(nodes):
    running = nodes.start(Engine.ANVIL)
    chain = Node(running.url)
    waiting = signed(chain, nonce=5)

    assert chain.send_raw(waiting) == chain.send_raw(waiting) == keccak(waiting)


def test_another_transaction_for_a_nonce_that_waits_is_unknown(nodes):
    chain = Node(nodes.start(Engine.ANVIL).url)
    chain.send_raw(signed(chain, nonce=5))

    with pytest.raises(OutcomeUnknown, match="underpriced"):
        chain.send_raw(signed(chain, nonce=5, gas=90_000))


@pytest.mark.parametrize("changes", [{"gas": 100}, {"gas": 10**9}, {"value": 1}], ids=str)
def test_what_the_node_turns_away_is_not_accepted(chain, changes):
    sender = person("who has nothing")

    with pytest.raises(Rejected) as raised:
        chain.send_raw(signed(chain, nonce=0, sender=sender, **changes))

    assert raised.value.code == "NotAccepted"
    assert chain.nonce(sender.address) == 0


def test_ganache_answers_before_mining_in_strict_mode(nodes):
    chain = Node(nodes.start(Engine.GANACHE, mining=Mining.STRICT).url)

    transaction = chain.send_raw(signed(chain, nonce=0))
    while chain.receipt(transaction) is None:
        pass

    assert chain.nonce(STRANGER.address) == 1


# Engines, and which block of theirs is final

# A QBFT header as Besu serves it: `extraData` is RLP of vanity, validators, votes, round and one commit seal a validator, far longer
# than the 32 bytes that libraries made for the main network insist on.
QBFT_BLOCK = {
    "number": "0x2a",
    "hash": "0x" + "aa" * 32,
    "parentHash": "0x" + "bb" * 32,
    "nonce": "0x0000000000000000",
    "difficulty": "0x1",
    "extraData": "0xf90182" + "00" * 386,
    "gasLimit": "0x3938700",
    "gasUsed": "0x0",
    "miner": "0x" + "11" * 20,
    "mixHash": "0x63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365",
    "timestamp": "0x6955b900",
    "transactions": [],
    "uncles": [],
}

VERSIONS = [
    ("besu/v25.7.0/linux-x86_64/openjdk-java-21", "besu", "latest"),
    ("Ganache/v7.9.2/EthereumJS TestRPC/v7.9.2/ethereum-js", "ganache", "latest"),
    ("anvil/v1.5.0", "anvil", "finalized"),
    ("Geth/v1.16.0-stable/linux-amd64/go1.24.4", "other", "finalized"),
]


def serving(version, tags, asked):
    """A node of this version that knows blocks by these tags, as Besu answers for the others."""

    def answer(request):
        asked.append((request["method"], *request["params"][:1]))
        if request["method"] == "web3_clientVersion":
            detail = {"result": version}
        elif request["params"][0] in tags:
            detail = {"result": QBFT_BLOCK}
        else:
            detail = {"error": {"code": -39001, "message": "Unknown block"}}
        return 200, json.dumps({"jsonrpc": "2.0", "id": request["id"]} | detail).encode()

    return answer


@pytest.mark.parametrize(("version", "name", "tag"), VERSIONS, ids=[name for _, name, _ in VERSIONS])
def test_the_final_head_is_asked_for_by_the_engine_s_tag(version, name, tag):
    asked = []
    with peer(serving(version, {tag}, asked)) as url:
        node = Node(url)
        block = node.finalised_head()

        assert (node.engine.name, block.number, block.hash) == (name, 42, b"\xaa" * 32)
    assert asked == [("web3_clientVersion",), ("eth_getBlockByNumber", tag)]


def test_a_named_engine_is_not_asked_for():
    asked = []
    with peer(serving("a proxy", {"latest"}, asked)) as url:
        assert Node(url, engine="besu").finalised_head().number == 42

    assert asked == [("eth_getBlockByNumber", "latest")]


def test_an_engine_without_a_final_block_yet_cannot_serve_it():
    with peer(serving("erigon/3.0.0", {"latest"}, [])) as url, pytest.raises(CannotServe):
        Node(url).finalised_head()


def test_an_engine_that_nobody_knows_is_refused():
    with pytest.raises(ValueError, match="ganache, anvil, besu, other"):
        Node("http://127.0.0.1:1", engine="bseu")


# Ranges of logs


def declining_above(limit, heads, asked):
    """A node that declines ranges of more than `limit` blocks, and otherwise gives one entry a block, last one first."""

    def answer(request):
        first, last = (int(request["params"][0][each], 16) for each in ("fromBlock", "toBlock"))
        asked.append((first, last))
        if last - first + 1 > limit or last > heads:
            detail = {"error": {"code": -32005, "message": "Requested range exceeds maximum RPC range limit"}}
        else:
            word = "0x" + "00" * 32
            shape = {"address": STRANGER.address, "topics": [word], "data": "0x", "blockHash": word, "transactionHash": word}
            places = {"transactionIndex": "0x0", "logIndex": "0x0"}
            detail = {"result": [shape | places | {"blockNumber": hex(number)} for number in range(last, first - 1, -1)]}
        return 200, json.dumps({"jsonrpc": "2.0", "id": request["id"]} | detail).encode()

    return answer


def test_a_range_that_is_declined_is_asked_for_in_halves():
    asked = []
    with peer(declining_above(3, 100, asked)) as url:
        logs = Node(url).logs(1, 10, [])

    assert [log.block for log in logs] == list(range(1, 11))
    assert asked == [(1, 10), (1, 5), (1, 3), (4, 5), (6, 10), (6, 8), (9, 10)]


def test_a_single_block_that_is_declined_ends_it():
    asked = []
    with peer(declining_above(3, 0, asked)) as url, pytest.raises(CannotServe, match="range limit"):
        Node(url).logs(1, 8, [])

    assert asked == [(1, 8), (1, 4), (1, 2), (1, 1)]


def test_answers_of_a_batch_are_put_in_order():
    def backwards(requests_):
        answers = [{"jsonrpc": "2.0", "id": each["id"], "result": QBFT_BLOCK | {"number": each["params"][0]}} for each in requests_]
        return 200, json.dumps(answers[::-1]).encode()

    with peer(backwards) as url:
        assert [block.number for block in Node(url).blocks([7, 3, 5])] == [7, 3, 5]


@pytest.mark.parametrize("ids", [[0], [0, 0], [0, 1, 2], [0, 2], ["0", 1]], ids=str)
def test_a_batch_that_is_not_answered_one_by_one_is_unreachable(ids):
    content = json.dumps([{"jsonrpc": "2.0", "id": each, "result": QBFT_BLOCK} for each in ids]).encode()
    with peer(lambda _: (200, content)) as url, pytest.raises(Unreachable):
        Node(url).blocks([1, 2])


# What a node that misbehaves leads to


@contextmanager
def peer(answer, *, heard=None, location=None):
    """
    An HTTP server that answers every request as told: a status and bytes, or an exception that breaks the connection.

    `heard` is told each request's path and headers; `location` is where an answer sends its reader.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            if heard is not None:
                heard.append((self.path, self.headers))
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, content = answer(json.loads(body))
            self.send_response(status)
            if location is not None:
                self.send_header("Location", location)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def error(code, message, data=None):
    detail = {"code": code, "message": message} | ({} if data is None else {"data": data})
    return lambda request: (200, json.dumps({"jsonrpc": "2.0", "id": request["id"], "error": detail}).encode())


UNSENT = {"chainId": 1, "nonce": 0, "gas": 21_000, "gasPrice": 0, "value": 0, "to": STRANGER.address}
RAW = bytes(STRANGER.sign_transaction(UNSENT).raw_transaction)
HASH = "0x" + keccak(RAW).hex()

# What an engine says of a call, in its own shape, and what we make of it.
CALL_ERRORS = [
    (error(-32000, "VM Exception while processing transaction: revert", "0x" + REFUSAL), "NotAdmin"),
    (error(3, "execution reverted: custom error 0x17a84242", "0x" + REFUSAL), "NotAdmin"),
    (error(-32000, "Execution reverted", "0x" + REFUSAL), "NotAdmin"),
    (error(-32015, "VM execution error.", "Reverted 0x" + REFUSAL), "NotAdmin"),
    (error(3, "execution reverted", "0x"), "Malformed"),
    (error(-32000, "execution reverted"), "Malformed"),
    (error(-32000, "VM Exception while processing transaction: revert", "0x"), "Malformed"),
    (error(3, "execution reverted", "0x4e487b71" + f"{17:064x}"), "Panic"),
    (error(3, "execution reverted", "0xdeadbeef"), "Unreadable"),
    (error(-32000, "VM Exception while processing transaction: out of gas", "0x"), "OutOfGas"),
    (error(-32603, "EVM error OutOfGas"), "OutOfGas"),
    (error(-32700, "header not found"), CannotServe),
    (error(-32602, "BlockOutOfRangeError: block height is 1 but requested was 1000000"), CannotServe),
    (error(-32601, "Method not found"), CannotServe),
    (error(-32000, "missing trie node 1234"), CannotServe),
    (error(-39001, "Unknown block"), CannotServe),
]


@pytest.mark.parametrize(("answer", "expected"), CALL_ERRORS)
def test_errors_of_a_call(answer, expected):
    with peer(answer) as url, pytest.raises((Rejected, Unreachable)) as raised:
        Node(url).ask(Question(STRANGER.address, b""))

    assert (raised.value.code if isinstance(expected, str) else type(raised.value)) == expected


# What an engine says of a transaction. None: it has it.
SEND_ERRORS = [
    (error(-32000, "already known"), None),
    (error(-32003, "transaction already imported"), None),
    (error(-32000, "Known transaction"), None),
    (error(-32003, "nonce too low"), NonceTaken),
    (error(-32001, "Nonce too low"), NonceTaken),
    (error(-32000, "the tx doesn't have the correct nonce. account has nonce of: 4 tx has nonce of: 1"), NonceTaken),
    (error(-32003, "replacement transaction underpriced"), NonceTaken),
    (error(-32000, "Replacement transaction underpriced"), NonceTaken),
    (error(-32000, "transaction underpriced: gas tip cap 0, minimum needed 1"), OutcomeUnknown),
    (error(-32000, "VM Exception while processing transaction: revert", "0x"), OutcomeUnknown),
    (error(-32003, "insufficient funds for gas * price + value"), Rejected),
    (error(-32000, "intrinsic gas too low"), Rejected),
    (error(-32000, "exceeds block gas limit"), Rejected),
    (error(-32009, "Gas price below configured minimum gas price"), Rejected),
    (error(-32602, "Failed to decode transaction"), Rejected),
]


@pytest.mark.parametrize(("answer", "expected"), SEND_ERRORS)
def test_errors_of_sending(answer, expected):
    with peer(answer) as url:
        if expected is None:
            assert Node(url).send_raw(RAW).hex() == HASH[2:]
            return
        with pytest.raises(expected) as raised:
            Node(url).send_raw(RAW)

    assert raised.type is expected
    if issubclass(expected, OutcomeUnknown):
        assert raised.value.transaction == HASH


def broken(_):
    raise ConnectionAbortedError


NO_ANSWERS = {
    "not JSON": lambda _: (200, b"<html>"),
    "not UTF-8": lambda _: (200, b"\xff\xfe"),
    "empty": lambda _: (200, b""),
    "no object": lambda _: (200, b"[]"),
    "neither result nor error": lambda _: (200, b'{"id": 1}'),
    "error is a text": lambda _: (200, b'{"id": 1, "error": "no"}'),
    "HTTP 500": lambda _: (500, b"{}"),
    "HTTP 429": lambda _: (429, b"{}"),
    "connection broken": broken,
}


@pytest.mark.parametrize("answer", NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_no_answer_to_a_question_is_unreachable_and_to_a_transaction_unknown(answer):
    with peer(answer) as url:
        node = Node(url)
        with pytest.raises(Unreachable):
            node.head()
        with pytest.raises(Unreachable):
            node.ask_all([Question(STRANGER.address, b"")] * 2, 1)
        with pytest.raises(OutcomeUnknown) as raised:
            node.send_raw(RAW)

    assert raised.value.transaction == HASH


@pytest.mark.parametrize("result", ["null", '"0xzz"', "7", "[]", "{}", '{"number": "0x1"}', "true"])
def test_a_result_of_another_shape_is_unreachable(result):
    with peer(lambda request: (200, b'{"jsonrpc":"2.0","id":%d,"result":%s}' % (request["id"], result.encode()))) as url:
        node = Node(url)
        asks = (node.head, node.chain_id, lambda: node.logs(0, 1, []), lambda: node.ask(Question(STRANGER.address, b"")))
        for ask in asks:
            if result == "[]" and ask is asks[2]:
                continue  # no logs: a good answer
            with pytest.raises(Unreachable):
                ask()


def test_silence_has_a_limit():
    asked, released = threading.Event(), threading.Event()

    def silent(_):
        asked.set()
        released.wait(10)
        return 200, b"{}"

    with peer(silent) as url:
        try:
            with pytest.raises(OutcomeUnknown, match="Timeout"):
                Node(url, answer_seconds=0.2).send_raw(RAW)
            with pytest.raises(Unreachable, match="Timeout"):
                Node(url, answer_seconds=0.2).head()
        finally:
            released.set()

    assert asked.is_set()


def test_a_refused_connection_sent_nothing():
    with peer(broken) as url:
        pass

    for ask in (Node(url).head, lambda: Node(url).send_raw(RAW)):
        with pytest.raises(Unreachable):
            ask()


@pytest.mark.parametrize("address", ["", "127.0.0.1", "ftp://127.0.0.1:1", "http://", "http://127.0.0.1:notaport"])
def test_where_no_node_can_be_nothing_was_sent(address):
    with pytest.raises(Unreachable):
        Node(address).send_raw(RAW)


@pytest.mark.parametrize("scheme", ["", "ftp://", "wss://", "htps://"])
def test_nothing_is_sent_to_an_address_of_another_scheme(scheme):
    """Not in the clear either: urllib3 itself takes each of them for `http`."""
    heard = []
    with peer(lambda request: (heard.append(request), broken(request))) as url:
        address = url.replace("http://", f"{scheme}name:password@" if scheme else "")
        for ask in (Node(address).head, lambda: Node(address).send_raw(RAW)):
            with pytest.raises(Unreachable, match="scheme"):
                ask()

    assert heard == []


@pytest.mark.parametrize("password", ["p%40ss", "%E5%AF%86%E7%A0%81", "密码", "%E9"])
def test_a_password_and_a_path_in_the_address_reach_the_node(password):
    heard = []
    with peer(lambda _: (200, b'{"jsonrpc":"2.0","id":1,"result":"0x7"}'), heard=heard) as url:
        assert Node(url.replace("//", f"//name:{password}@") + "/rpc?key=1").chain_id() == 7

    ((path, headers),) = heard
    credentials = base64.b64encode(b"name:" + unquote_to_bytes(password)).decode()
    assert (path, headers["Authorization"], headers["Content-Type"]) == ("/rpc?key=1", f"Basic {credentials}", "application/json")


def test_a_redirection_is_not_followed():
    heard = []
    with peer(lambda _: (307, b""), heard=heard, location="/elsewhere") as url, pytest.raises(OutcomeUnknown):
        Node(url).send_raw(RAW)

    assert [path for path, _ in heard] == ["/"]


def test_nothing_is_sent_twice_behind_our_back():
    sends = []

    def count(request):
        sends.append(request["method"])
        return broken(request)

    with peer(count) as url, pytest.raises(OutcomeUnknown):
        Node(url).send_raw(RAW)

    assert sends == ["eth_sendRawTransaction"]


# That the map is complete


def subclasses(kind):
    return {kind, *itertools.chain.from_iterable(subclasses(each) for each in kind.__subclasses__())}


def foreign():
    """Every error that urllib3 defines, and what sockets, JSON and the shape of an answer fail with."""
    own = {OSError, ConnectionError, TimeoutError, orjson.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError}
    return sorted(own | subclasses(urllib3.exceptions.HTTPError), key=str)


@pytest.mark.parametrize("kind", foreign(), ids=lambda kind: kind.__name__)
def test_every_foreign_error_is_mapped(kind, monkeypatch):
    failure = kind.__new__(kind, "planted")
    if issubclass(kind, urllib3.exceptions.HTTPError):
        monkeypatch.setattr(kind, "__str__", lambda _: "planted")  # theirs read what only their `__init__` sets
    node = Node("http://127.0.0.1:1")

    def fail(*_):
        raise failure

    monkeypatch.setattr(node, "_post", fail)

    assert issubclass(kind, FOREIGN)
    with pytest.raises(Unreachable):
        node.head()
    with pytest.raises((Unreachable, OutcomeUnknown)):
        node.send_raw(RAW)


# Refusals


def test_the_table_of_refusals_is_that_of_the_rules():
    """Every error that the rules can meet is read with the same names and types; the ABIs know a few more."""
    by_abi = {name: tuple((each, kind.abi) for each, kind in inputs.items()) for name, inputs in reasons._errors().values()}

    assert {name: by_abi.get(name) for name in ERRORS} == dict(ERRORS)


@pytest.mark.parametrize("name", Contract)
def test_every_error_of_every_contract_is_read_by_its_names(name):
    for entry in load(name).abi:
        if entry["type"] != "error":
            continue
        types = [type_of(each["type"]) for each in entry["inputs"]]
        words = bytes(32 * len(types))
        if any(each.size is None for each in types):
            words = encode_sequence(types, ["text" for _ in types])

        refusal = reasons.refusal(keccak(f"{entry['name']}({','.join(each.abi for each in types)})".encode())[:4] + words)

        assert refusal.code == entry["name"]
        assert list(refusal.values) == [each["name"] for each in entry["inputs"]]


def test_a_refusal_with_bytes_missing_is_unreadable():
    assert reasons.refusal(bytes.fromhex(REFUSAL)[:-1]).code == "Unreadable"
