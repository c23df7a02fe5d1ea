"""Role keys in a device: SoftHSM2 where it is installed, and a device that misbehaves."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from coincurve import PrivateKey
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from registry.chain.deploy import Founder, deploy
from registry.chain.node import Node
from registry.codec import Domain, digest, encode_try_each
from registry.hsm import Hsm, HsmAccount, HsmKeyExists, HsmKeyMissing, HsmKeyUnfit, HsmUnavailable, PinRefused
from registry.model import NO_ID, Address, Region, StandIn
from registry.outbox import Intent, Outbox
from registry.ports import Account as AccountProtocol
from registry.signing import HALF_ORDER, ORDER, address_of, signer_of
from registry.solidity import keccak
from tests.nodes import person

PATIENCE = 30.0


@pytest.fixture(scope="module")
def hsm(token):
    with token.open() as opened:
        yield opened


@pytest.fixture(scope="module")
def label(token):
    return token.label("reviewer")


@pytest.fixture(scope="module")
def reviewer(hsm, label):
    return hsm.create(label)


# A device


def test_a_key_made_in_the_device_is_found_again(hsm, label, reviewer):
    assert hsm.account(label).address == reviewer.address


def test_a_key_is_made_once(hsm, label, reviewer):
    with pytest.raises(HsmKeyExists):
        hsm.create(label)


def test_a_key_that_is_not_there(hsm):
    with pytest.raises(HsmKeyMissing):
        hsm.account("nobody")


def test_its_signatures_are_low_and_lead_back_to_it(reviewer):
    """As many as it takes for both halves and both parities to have come up, surely."""
    for number in range(64):
        message = keccak(number.to_bytes(8))
        signature = reviewer.sign_digest(message)
        assert 0 < int.from_bytes(signature[32:]) & (1 << 255) - 1 <= HALF_ORDER
        assert signer_of(message, signature) == reviewer.address


def test_it_signs_a_record_as_a_key_in_hand_does(reviewer):
    record, domain = StandIn(NO_ID, keccak(b"reason")), Domain(20130000, reviewer.address)

    assert signer_of(digest(record, domain), reviewer.sign(record, domain)) == reviewer.address


def test_other_tools_read_its_transactions(reviewer):
    signed = reviewer.sign_transaction(transaction(nonce=0))

    assert Account.recover_transaction(signed.raw_transaction) == reviewer.address
    assert signed.hash == keccak(signed.raw_transaction)


def test_threads_may_share_it(reviewer):
    messages = [keccak(number.to_bytes(8)) for number in range(40)]
    with ThreadPoolExecutor(8) as threads:
        signatures = list(threads.map(reviewer.sign_digest, messages))

    assert all(signer_of(message, each) == reviewer.address for message, each in zip(messages, signatures, strict=True))


def test_contracts_are_deployed_and_transactions_sent_from_it(token, hsm, node, tmp_path):
    """Where a local account goes, this one goes: the deployment and the outbox take either."""
    deployer: AccountProtocol = hsm.create(token.label("deployer"))
    chain = Node(node.url)
    founders = [Founder(Region(100_000 + at), person(f"admin {at}").address, person(f"cold {at}").address) for at in range(3)]

    deployment = deploy(chain, deployer, founders)
    with Outbox(tmp_path / "outbox.sqlite", chain, chain_id=node.chain_id) as outbox:
        outbox.attach(deployer)
        calldata = encode_try_each([])
        nothing = Intent(id="once", what="test", target=deployment.registry, calldata=calldata, sender=Address(deployer.address))
        outcome = outbox.wait(outbox.submit(nothing), PATIENCE)

    assert outcome.receipt.succeeded
    assert chain.nonce(Address(deployer.address)) == 6


def test_a_token_that_is_not_there(token):
    with pytest.raises(HsmUnavailable):
        Hsm.open(token.module, token="another token", pin=token.pin)


def test_a_module_that_is_not_there(tmp_path):
    with pytest.raises(HsmUnavailable):
        Hsm.open(tmp_path / "no.so", token="tongquan", pin="13572468")


def test_a_wrong_pin_is_told_from_a_missing_device(token):
    """In a process of its own: this one is logged in already."""
    program = (
        "import sys; from pathlib import Path; from registry.hsm import Hsm, PinRefused\n"
        f"try: Hsm.open(Path({str(token.module)!r}), token={token.token!r}, pin='00000000')\n"
        "except PinRefused: sys.exit(7)\n"
    )
    run = subprocess.run([sys.executable, "-c", program], check=False, timeout=60, env=os.environ.copy())

    assert run.returncode == 7
    assert issubclass(PinRefused, Exception)


# A device that misbehaves, and one that makes high s


KEY = keccak(b"tongquan sample key: reviewer")


def plain(message, key=KEY):
    return PrivateKey(key).sign_recoverable(message, hasher=None)[:64]


def high(message):
    signature = plain(message)
    return signature[:32] + (ORDER - int.from_bytes(signature[32:])).to_bytes(32)


def transaction(**changes):
    return {
        "chainId": 20130000,
        "nonce": 3,
        "data": b"\1\2",
        "gas": 21_000,
        "gasPrice": 0,
        "value": 0,
        "to": person("x").address,
    } | changes


@given(st.binary(min_size=32, max_size=32))
def test_a_high_s_is_brought_low(message):
    device = HsmAccount(address_of(KEY), high)

    assert device.sign_digest(message) == HsmAccount(address_of(KEY), plain).sign_digest(message)
    assert signer_of(message, device.sign_digest(message)) == address_of(KEY)


@pytest.mark.parametrize(
    "ecdsa",
    [
        lambda message: plain(message, keccak(b"another key")),
        lambda _: bytes(64),
        lambda _: b"\xff" * 64,
        lambda _: b"",
        lambda _: plain(bytes(32)),
    ],
    ids=["another key", "zeros", "ones", "nothing", "another message"],
)
def test_a_signature_that_does_not_lead_back_never_leaves(ecdsa):
    with pytest.raises(HsmKeyUnfit):
        HsmAccount(address_of(KEY), ecdsa).sign_digest(keccak(b"message"))


def test_what_is_no_digest_is_not_signed():
    with pytest.raises(ValueError, match="32 bytes"):
        HsmAccount(address_of(KEY), plain).sign_digest(b"short")


@pytest.mark.parametrize("to", [None, person("x").address])
def test_its_transactions_are_those_of_a_local_account(to):
    """eth_account signs the same fields to the same bytes: both take their number k from RFC 6979."""
    fields = transaction() if to else {name: value for name, value in transaction().items() if name != "to"}

    assert HsmAccount(address_of(KEY), plain).sign_transaction(fields).raw_transaction == bytes(
        Account.from_key(KEY).sign_transaction(fields).raw_transaction
    )


@pytest.mark.parametrize("change", [{"maxFeePerGas": 0}, {"type": 2}, {"accessList": []}])
def test_other_kinds_of_transactions_are_refused(change):
    with pytest.raises(ValueError, match="a transaction has the fields"):
        HsmAccount(address_of(KEY), plain).sign_transaction(transaction() | change)
