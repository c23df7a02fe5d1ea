"""
What checking a signed record takes, beside the one thing in it that nobody can avoid: recovering a key on the curve.

    scripts/bench sign                     measure and print
    scripts/bench sign --write             measure, and write the tables of docs/benchmarks.md anew

Our side hashes a record to its EIP-712 digest and traces the signature back to its account; every record is another, so that no
cache of signatures would help, and a hundred parties sign. The bare recovery is coincurve's alone, on digests that are at hand:
no hashing, no check of r and s, no address. eth_account's way from typed data to an account is told for comparison.
"""

import argparse
import sys
from collections.abc import Callable, Sequence

from coincurve import PublicKey
from eth_account import Account
from eth_account.messages import encode_typed_data

from registry.codec import Domain, digest, typed_data
from registry.model import NO_ID, Address, Fen, Order, Time
from registry.signing import address_of, sign, signer_of
from tests.bench.speed import Goal, Rate, goals_table, rates_table, ratio, take_turns, tell
from tests.contracts.world import YUAN, keccak, tag

DOMAIN = Domain(20_131_222, Address("0x" + "24" * 20))
RECORDS, SIGNERS, OF_ETH_ACCOUNT, ROUNDS = 400, 100, 50, 75
MOST = 1.2

LABELS = {
    "ours": "本库：哈希并核对签名 our check: hash, recover, account",
    "bare": "只做曲线恢复 bare coincurve recovery",
    "eth_account": "eth_account：从结构化数据恢复 eth_account: recover from typed data",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, then print or write."""
    parser = argparse.ArgumentParser(prog="scripts/bench sign", description="核对签名的速度。 How quickly a signed record is checked.")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"轮数，取最好一轮 rounds, the best counts ({ROUNDS})")
    parser.add_argument("--write", action="store_true", help="重写 docs/benchmarks.md 的表格 rewrite the tables of docs/benchmarks.md")
    chosen = parser.parse_args(arguments)

    rates = take_turns(sides(), rounds=chosen.rounds)
    tell("sign", [rates_table("签名 Signatures", rates, LABELS, "签名 signatures"), goals_table(goals(rates))], write=chosen.write)
    return 0


def goals(rates: dict[str, Rate]) -> list[Goal]:
    """The goal: how many times as long ours takes."""
    return [Goal(name="本库用时 ÷ 曲线恢复 time of our check ÷ bare recovery", value=ratio(rates["bare"], rates["ours"]), most=MOST)]


def sides() -> dict[str, Callable[[], int]]:
    """Both sides and eth_account's, ready to run."""
    keys = [keccak(f"key {number} of scripts/bench sign".encode()) for number in range(SIGNERS)]
    signers = [address_of(keys[number % SIGNERS]) for number in range(RECORDS)]
    orders = [_order(number) for number in range(RECORDS)]
    signatures = [sign(order, DOMAIN, keys[number % SIGNERS]) for number, order in enumerate(orders)]
    digests = [digest(order, DOMAIN) for order in orders]
    recoverable = [_recoverable(signature) for signature in signatures]
    documents = [typed_data(order, DOMAIN) for order in orders[:OF_ETH_ACCOUNT]]
    full = [each[:64] + bytes([27 + each[64]]) for each in recoverable]

    def ours() -> int:
        cases = zip(orders, signatures, signers, strict=True)
        checked = sum(signer_of(digest(order, DOMAIN), signature) == signer for order, signature, signer in cases)
        return _all(checked, RECORDS)

    def bare() -> int:
        for each, message in zip(recoverable, digests, strict=True):
            PublicKey.from_signature_and_message(each, message, hasher=None)
        return RECORDS

    def eth_account() -> int:
        cases = [(encode_typed_data(full_message=each), *rest) for each, *rest in zip(documents, full, signers, strict=False)]
        checked = sum(Account.recover_message(message, signature=signature) == signer for message, signature, signer in cases)
        return _all(checked, OF_ETH_ACCOUNT)

    return {"ours": ours, "bare": bare, "eth_account": eth_account}


def _all(checked: int, expected: int) -> int:
    if checked != expected:
        raise AssertionError(f"{expected - checked} signatures were traced to somebody else")
    return checked


def _order(number: int) -> Order:
    voucher, lab = keccak(f"voucher {number}".encode()), keccak(b"lab")
    return Order(voucher, lab, NO_ID, tag("project"), Fen(5_000 * YUAN), Time(1_800_000_000), number)  # type: ignore[arg-type]


def _recoverable(signature: bytes) -> bytes:
    """r ‖ s ‖ parity, as coincurve takes it."""
    vs = int.from_bytes(signature[32:], "big")
    return signature[:32] + (vs & ((1 << 255) - 1)).to_bytes(32, "big") + bytes([vs >> 255])


if __name__ == "__main__":
    sys.exit(main())
