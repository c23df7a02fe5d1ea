"""
How quickly one sender's transactions are handed over, on anvil with a block a second, beside web3 as most would use it.

    scripts/bench send                     measure and print
    scripts/bench send --write             measure, and write the tables of docs/benchmarks.md anew

Our side is the outbox: each call is tried at the head, signed, persisted with its nonce, and sent; the clock stops when the node has
every one of them. web3's side sends the same kind of call and waits for its receipt before the next, which is how one knows there
that the nonce may be used; it persists nothing. How long ours took until all were final is told besides.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from eth_account.signers.local import LocalAccount
from web3 import HTTPProvider, Web3

from registry import codec
from registry.chain.devnode import Engine, start
from registry.model import Address
from registry.outbox import Intent, Outbox, State
from tests.bench.speed import Goal, Rate, goals_table, rates_table, ratio, tell
from tests.contracts.world import CHANGXING, digest
from tests.networks import Network, network

CHAIN_ID = 20_131_221
TRANSACTIONS, OF_WEB3 = 100, 10
LEAST = 10
BLOCK_SECONDS = 1
PATIENCE = 120.0

LABELS = {
    "outbox": "发件箱：落盘、签名、送出 our outbox: persisted, signed, sent",
    "final": "同上，至全部上链定局 the same until all were final",
    "web3": "web3：逐笔发送并等回执 web3: one call a transaction, receipt awaited",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, then print or write."""
    parser = argparse.ArgumentParser(prog="scripts/bench send", description="发送速度。 How quickly transactions are handed over.")
    parser.add_argument("--transactions", type=int, default=TRANSACTIONS, help=f"发件箱几笔 of our outbox ({TRANSACTIONS})")
    parser.add_argument("--of-web3", type=int, default=OF_WEB3, help=f"web3 几笔 of web3 ({OF_WEB3})")
    parser.add_argument("--write", action="store_true", help="重写 docs/benchmarks.md 的表格 rewrite the tables of docs/benchmarks.md")
    chosen = parser.parse_args(arguments)

    rates = measure(ours=chosen.transactions, of_web3=chosen.of_web3)
    tell("send", [rates_table("发送 Sending", rates, LABELS, "交易 transactions"), goals_table(goals(rates))], write=chosen.write)
    return 0


def goals(rates: dict[str, Rate]) -> list[Goal]:
    """The goal."""
    return [Goal(name="发件箱 ÷ web3 our outbox ÷ web3", value=ratio(rates["outbox"], rates["web3"]), least=LEAST)]


def measure(*, ours: int, of_web3: int) -> dict[str, Rate]:
    """Both sides, one after the other, on a node of their own."""
    with tempfile.TemporaryDirectory() as name, start(Engine.ANVIL, chain_id=CHAIN_ID, directory=Path(name)) as node:
        net = network(node)
        calls = _Calls(net)
        # What --block-time does; from here on, since deploying a world would take minutes.
        node.rpc("evm_setAutomine", False)  # noqa: FBT003 - the call's own parameter
        node.rpc("evm_setIntervalMining", BLOCK_SECONDS)
        of_web3_rate = _through_web3(net, calls, of_web3)
        return _through_outbox(net, calls, ours, Path(name)) | {"web3": of_web3_rate}


class _Calls:
    """Funds a programme, each time under a bank reference of its own: calldata for one and the same sender."""

    def __init__(self, net: Network) -> None:
        self._programme = codec.id_of(net.world.programme(funded=0))
        self._numbers = count()
        self.sender: LocalAccount = net.world.offices[CHANGXING].payer
        self.target = Address(net.world.programmes.address)

    def next(self) -> bytes:
        return codec.encode("fund", self._programme, 100, digest(f"bank reference {next(self._numbers)}"))


def _through_outbox(net: Network, calls: _Calls, transactions: int, directory: Path) -> dict[str, Rate]:
    with Outbox(directory / "outbox.sqlite", net.chain, chain_id=CHAIN_ID) as outbox:
        outbox.attach(calls.sender)
        begun = time.perf_counter()
        tickets = [
            outbox.submit(
                Intent(id=f"call {number}", what="fund", target=calls.target, calldata=calls.next(), sender=Address(calls.sender.address))
            )
            for number in range(transactions)
        ]
        while any(state is State.SIGNED for _, state, _ in outbox.unconfirmed()):
            if time.perf_counter() > begun + PATIENCE:
                raise TimeoutError(f"after {PATIENCE:g} seconds the node has not got everything")
            time.sleep(0.005)
        handed_over = time.perf_counter() - begun
        for ticket in tickets:
            outbox.wait(ticket, PATIENCE)
        final = time.perf_counter() - begun
    return {"outbox": Rate(count=transactions, seconds=handed_over), "final": Rate(count=transactions, seconds=final)}


def _through_web3(net: Network, calls: _Calls, transactions: int) -> Rate:
    web3 = Web3(HTTPProvider(net.devnode.url))
    begun = time.perf_counter()
    for _ in range(transactions):
        call = {"from": calls.sender.address, "to": calls.target, "data": calls.next(), "value": 0}
        transaction = call | {
            "chainId": CHAIN_ID,
            "gasPrice": 0,
            "gas": web3.eth.estimate_gas(call),  # type: ignore[arg-type]
            "nonce": web3.eth.get_transaction_count(calls.sender.address),  # type: ignore[arg-type]
        }
        del transaction["from"]
        sent = web3.eth.send_raw_transaction(calls.sender.sign_transaction(transaction).raw_transaction)
        receipt = web3.eth.wait_for_transaction_receipt(sent)
        if receipt["status"] != 1:
            raise AssertionError("a call was refused")
    return Rate(count=transactions, seconds=time.perf_counter() - begun)


if __name__ == "__main__":
    sys.exit(main())
