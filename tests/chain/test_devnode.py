"""What the other tests take for granted: both engines start, take free transactions, jump in time, and leave nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from web3 import HTTPProvider, Web3

from registry.chain import devnode
from registry.chain.devnode import DevNode, Engine, EngineMissing, Mining, NodeNotReady, PortInUse, RpcFailed
from tests.nodes import Nodes, person

DAY = 86_400


def send_nothing(node: DevNode, sender: str = "issuer") -> str:
    """Send an empty, free transaction from an account that owns nothing; returns its hash once it is mined."""
    web3 = Web3(HTTPProvider(node.url))
    account = person(sender)
    transaction = {
        "to": account.address,
        "value": 0,
        "gas": 21_000,
        "gasPrice": 0,
        "nonce": web3.eth.get_transaction_count(account.address),
        "chainId": node.chain_id,
    }
    sent = web3.eth.send_raw_transaction(account.sign_transaction(transaction).raw_transaction)
    receipt = web3.eth.wait_for_transaction_receipt(sent, timeout=30, poll_latency=0.02)
    assert receipt["status"] == 1
    return sent.to_0x_hex()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def is_listening(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


class TestANode:
    def test_answers_with_its_own_chain_id(self, node):
        assert int(node.rpc("eth_chainId"), 16) == node.chain_id

    def test_holds_no_key(self, node):
        assert node.rpc("eth_accounts") == []

    def test_takes_a_free_transaction_from_an_account_without_money(self, node):
        before = node.block_number()

        send_nothing(node)

        assert node.block_number() == before + 1
        assert int(node.rpc("eth_getBalance", person("issuer").address, "latest"), 16) == 0

    def test_gives_a_block_and_a_call_sixty_million_gas(self, node):
        assert int(node.rpc("eth_getBlockByNumber", "latest", False)["gasLimit"], 16) == devnode.BLOCK_GAS_LIMIT  # noqa: FBT003

    def test_finalises_its_head(self, node):
        send_nothing(node)

        assert int(node.rpc("eth_getBlockByNumber", "finalized", False)["number"], 16) == node.block_number()  # noqa: FBT003

    def test_says_what_it_was_asked_when_it_refuses(self, node):
        with pytest.raises(RpcFailed, match="eth_noSuchThing"):
            node.rpc("eth_noSuchThing")


class TestTime:
    def test_jumps_by_a_number_of_seconds_and_runs_on(self, fresh_node):
        before = fresh_node.timestamp()

        landed = fresh_node.jump(30 * DAY)
        send_nothing(fresh_node)

        assert 30 * DAY <= landed - before < 30 * DAY + 60
        assert 0 <= fresh_node.timestamp() - landed < 60

    def test_jumps_to_a_moment_exactly_and_runs_on(self, fresh_node):
        moment = fresh_node.timestamp() + 400 * DAY

        assert [fresh_node.set_time(each) for each in (moment, moment, moment + 1)] == [moment, moment, moment + 1]
        send_nothing(fresh_node)
        assert moment + 1 <= fresh_node.timestamp() < moment + 60

    def test_does_not_go_back(self, fresh_node):
        with pytest.raises(ValueError, match="lies before"):
            fresh_node.set_time(fresh_node.timestamp() - 1)

    def test_of_the_first_block_may_be_chosen(self, engine, nodes):
        node = nodes.start(engine, start_time=1_767_225_600)

        assert 0 <= node.timestamp() - 1_767_225_600 < 60

    def test_goes_back_with_the_state(self, node):
        height, before = node.block_number(), node.timestamp()
        snapshot = node.snapshot()
        node.jump(100 * DAY)
        send_nothing(node)

        node.revert(snapshot)
        assert node.block_number() == height
        send_nothing(node)
        assert 0 <= node.timestamp() - before < 120

    def test_a_snapshot_serves_once(self, node):
        snapshot = node.snapshot()
        node.revert(snapshot)

        with pytest.raises(RpcFailed, match="snapshot"):
            node.revert(snapshot)


class TestGanache:
    def test_keeps_its_chain_and_its_clock_across_a_stop(self, nodes):
        first = nodes.start(Engine.GANACHE)
        sent = send_nothing(first)
        landed = first.jump(200 * DAY)
        first.stop()

        second = nodes.start(Engine.GANACHE, chain_id=first.chain_id, directory=first.directory)

        assert second.rpc("eth_getTransactionReceipt", sent)["status"] == "0x1"
        send_nothing(second)
        assert second.timestamp() >= landed

    def test_strict_mode_answers_a_transaction_that_leaves_a_nonce_gap(self, nodes):
        node = nodes.start(Engine.GANACHE, mining=Mining.STRICT)
        lab = person("lab")
        ahead = lab.sign_transaction({"to": lab.address, "value": 0, "gas": 21_000, "gasPrice": 0, "nonce": 5, "chainId": node.chain_id})

        assert node.rpc("eth_sendRawTransaction", ahead.raw_transaction.to_0x_hex()) == ahead.hash.to_0x_hex()
        assert node.rpc("eth_getTransactionReceipt", ahead.hash.to_0x_hex()) is None


class TestNothingIsLeftRunning:
    def test_after_stop(self, engine, nodes):
        node = nodes.start(engine)
        assert node.is_running()

        node.stop()
        node.stop()

        assert not is_alive(node.pid)
        assert not is_listening(node.port)

    def test_after_kill(self, engine, nodes):
        node = nodes.start(engine)

        node.kill()

        assert not is_alive(node.pid)
        assert not is_listening(node.port)

    def test_when_the_node_ended_by_itself(self, engine, nodes):
        node = nodes.start(engine)
        os.killpg(node.pid, signal.SIGKILL)

        node.stop()

        assert not is_alive(node.pid)
        assert not is_listening(node.port)

    def test_when_only_the_process_that_was_started_ended(self, engine, nodes):
        node = nodes.start(engine)
        os.kill(node.pid, signal.SIGKILL)

        node.stop()

        assert not is_listening(node.port)

    @pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
    def test_when_the_program_that_started_it_is_ended(self, engine, how, tmp_path):
        program = textwrap.dedent(f"""
            import pathlib, signal, time
            from registry.chain.devnode import Engine, start
            signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs tests in the background has it ignored
            node = start(Engine("{engine}"), chain_id=4_100_000_001, directory=pathlib.Path({str(tmp_path)!r}))
            print(node.port, flush=True)
            time.sleep(600)
        """)
        with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as starter:
            port = int(starter.stdout.readline())
            assert is_listening(port)

            starter.send_signal(how)

        # Asked of the port and not of the process: an orphan's last trace goes only when the machine's init looks.
        deadline = time.monotonic() + 15
        while is_listening(port):
            assert time.monotonic() < deadline, f"the node on port {port} is still there"
            time.sleep(0.02)


class TestAPort:
    def test_that_is_taken_is_refused(self, engine, nodes):
        with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(PortInUse):
            nodes.start(engine, port=other.getsockname()[1])

    def test_that_was_lost_to_a_quicker_program_is_replaced(self, engine, nodes, monkeypatch):
        free_port = devnode.free_port
        with socket.create_server(("127.0.0.1", 0)) as quicker:
            answers = iter([quicker.getsockname()[1], free_port()])
            monkeypatch.setattr(devnode, "free_port", lambda _port: next(answers))

            node = nodes.start(engine)

        assert node.is_running()
        assert next(answers, None) is None

    def test_that_was_lost_to_another_node_of_the_same_chain_is_replaced(self, engine, tmp_path, monkeypatch):
        free_port, chain_id = devnode.free_port, 4_100_000_002
        with devnode.start(engine, chain_id=chain_id, directory=tmp_path / "quicker") as quicker:
            answers = iter([quicker.port, free_port()])
            monkeypatch.setattr(devnode, "free_port", lambda _port: next(answers))

            with devnode.start(engine, chain_id=chain_id, directory=tmp_path / "slower") as node:
                assert node.is_running()
                assert node.port != quicker.port


class TestAStartThatFails:
    def test_names_the_program_that_is_missing(self, monkeypatch, nodes):
        monkeypatch.setattr(devnode, "ROOT", Path("/nowhere"))
        monkeypatch.setenv("PATH", "")

        with pytest.raises(EngineMissing, match="scripts/setup"):
            nodes.start(Engine.ANVIL)

    def test_carries_the_log_and_leaves_nothing(self, tmp_path, monkeypatch):
        broken = tmp_path / "broken"
        broken.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\necho out of luck\nexit 3\n")
        broken.chmod(0o755)
        monkeypatch.setattr(devnode, "_program", lambda _engine: [str(broken)])

        with pytest.raises(NodeNotReady, match="out of luck"):
            devnode.start(Engine.ANVIL, chain_id=1, directory=tmp_path)

        assert not is_alive(int((tmp_path / "pid").read_text()))

    def test_gives_up_on_a_silent_node_and_ends_it(self, tmp_path, monkeypatch):
        silent = tmp_path / "silent"
        silent.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 600\n")
        silent.chmod(0o755)
        monkeypatch.setattr(devnode, "_program", lambda _engine: [str(silent)])

        with pytest.raises(NodeNotReady, match="in time"):
            devnode.start(Engine.ANVIL, chain_id=1, directory=tmp_path, ready_within=1)

        assert not is_alive(int((tmp_path / "pid").read_text()))


def test_no_two_networks_of_a_run_share_a_chain_id(nodes: Nodes):
    first, second = nodes.start(Engine.ANVIL), nodes.start(Engine.ANVIL)

    assert first.chain_id != second.chain_id
