"""
The committed vectors, read by three independent hands: the library, the contracts' own RecordId on a real node, and ethers.

Slice, Recipient, Reservation and Filing have no id of their own on the chain; library and ethers alone look at those.
"""

import json
import subprocess

import pytest
from eth_abi import encode as abi_encode

from registry import codec, model, signing
from registry.codec import Domain, keccak
from registry.model import Record
from registry.solidity import encode_sequence, struct_of
from tests.nodes import person
from tests.vectors import generate

VECTORS = json.loads(generate.PATH.read_text(encoding="utf-8"))
RECORDS = VECTORS["records"]
WITHOUT_ID = {"Slice", "Recipient", "Reservation", "Filing"}
ON_CHAIN = [each for each in RECORDS if each["typedData"]["primaryType"] not in WITHOUT_ID]


def raw(digits: str) -> bytes:
    return bytes.fromhex(digits.removeprefix("0x"))


def domain_of(entry) -> Domain:
    named = VECTORS["domains"][entry["domain"]]
    return Domain(named["chainId"], named["verifyingContract"])


def record_of(entry) -> Record:
    return codec.parse_typed_data(entry["typedData"], generate.record_type(entry), domain_of(entry))


@pytest.mark.parametrize("entry", RECORDS, ids=lambda each: each["name"])
def test_library_agrees(entry):
    record = record_of(entry)
    sample = VECTORS["sampleKeys"][entry["signer"]]

    assert codec.type_string(type(record)) == entry["typeString"]
    assert codec.type_hash(type(record)) == raw(entry["typeHash"])
    assert codec.encode_record(record) == raw(entry["bytes"])
    assert codec.decode_record(type(record), raw(entry["bytes"])) == record
    assert codec.id_of(record) == raw(entry["id"])
    assert codec.digest(record, domain_of(entry)) == raw(entry["digest"])
    assert signing.sign(record, domain_of(entry), raw(sample["key"])) == raw(entry["signature"])
    assert signing.signer_of(raw(entry["digest"]), raw(entry["signature"])) == sample["address"]


def test_every_record_type_has_vectors():
    types = {each for each in vars(model).values() if isinstance(each, type) and issubclass(each, Record)} - {Record}

    assert {each["typedData"]["primaryType"] for each in RECORDS} == {each.__name__ for each in types}
    assert len({each["id"] for each in RECORDS}) == len(RECORDS)


def test_the_committed_vectors_are_what_the_library_makes():
    assert generate.document() == VECTORS
    assert generate.main(["--check"]) == 0


def test_a_changed_vector_is_found(tmp_path, monkeypatch, capsys):
    changed = tmp_path / "records.json"
    changed.write_text(generate.PATH.read_text(encoding="utf-8").replace('"chainId": 20130000', '"chainId": 20130009', 1), encoding="utf-8")
    monkeypatch.setattr(generate, "PATH", changed)

    assert generate.main(["--check"]) == 1
    assert "scripts/vectors" in capsys.readouterr().out


def test_ethers_agrees():
    ran = subprocess.run(
        ["node", "tests/vectors/ethers_check.mjs"], cwd=generate.PATH.parents[2], capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert int(ran.stdout.split()[0]) > 10 * len(RECORDS)


@pytest.mark.parametrize("member", ["typeString", "typeHash", "bytes", "id", "digest", "signature"])
def test_ethers_finds_an_altered_vector(tmp_path, member):
    altered = json.loads(generate.PATH.read_text(encoding="utf-8"))
    entry = altered["records"][3]
    # The second character from the end: a digit in all but the type, which ends with a name.
    entry[member] = entry[member][:-2] + ("0" if entry[member][-2] != "0" else "1") + entry[member][-1]
    path = tmp_path / "altered.json"
    path.write_text(json.dumps(altered), encoding="utf-8")

    ran = subprocess.run(
        ["node", "tests/vectors/ethers_check.mjs", str(path)], cwd=generate.PATH.parents[2], capture_output=True, text=True, check=False
    )

    assert ran.returncode == 1
    assert entry["name"] in ran.stdout


class Harness:
    """RecordIdHarness on a node, asked without transactions."""

    def __init__(self, node, address):
        self.node = node
        self.address = address

    def ask(self, signature: str, arguments: bytes) -> bytes:
        calldata = "0x" + (keccak(signature.encode())[:4] + arguments).hex()
        return raw(self.node.rpc("eth_call", {"to": self.address, "data": calldata}, "latest"))

    def id_of(self, record: Record) -> bytes:
        struct = struct_of(type(record))
        return self.ask(f"idOf({struct.abi})", encode_sequence([struct], [record]))


@pytest.fixture(scope="module")
def on_chain(node, harness):
    deployer = person("deployer of the record id harness")
    nonce = int(node.rpc("eth_getTransactionCount", deployer.address, "latest"), 16)
    creation = {
        "data": harness["RecordIdHarness"].bytecode,
        "nonce": nonce,
        "gas": 5_000_000,
        "gasPrice": 0,
        "value": 0,
        "chainId": node.chain_id,
    }
    sent = node.rpc("eth_sendRawTransaction", "0x" + deployer.sign_transaction(creation).raw_transaction.hex())
    # anvil answers before it has mined.
    while (receipt := node.rpc("eth_getTransactionReceipt", sent)) is None:
        pass
    assert int(receipt["status"], 16) == 1
    return Harness(node, receipt["contractAddress"])


def test_contracts_agree_on_every_id(on_chain):
    assert {each["name"]: on_chain.id_of(record_of(each)).hex() for each in ON_CHAIN} == {
        each["name"]: each["id"].removeprefix("0x") for each in ON_CHAIN
    }


def test_contracts_recover_every_signer(on_chain):
    recovered = {
        each["name"]: on_chain.ask("signerOf(bytes32,(bytes32,bytes32))", raw(each["digest"]) + raw(each["signature"]))[-20:].hex()
        for each in RECORDS
    }

    assert recovered == {each["name"]: VECTORS["sampleKeys"][each["signer"]]["address"].lower().removeprefix("0x") for each in RECORDS}


def test_contracts_agree_on_the_digest_of_their_own_domain(on_chain):
    domain = Domain(on_chain.node.chain_id, codec.checksummed(raw(on_chain.address)))
    record = record_of(RECORDS[-1])

    assert on_chain.ask("digestOf(bytes32)", codec.id_of(record)) == codec.digest(record, domain)


def _twin(signature: bytes) -> bytes:
    """The signature with n - s for s. In 64 bytes it has no room: its highest bit falls on the parity, so it becomes another one."""
    vs = int.from_bytes(signature[32:], "big")
    parity, s = vs >> 255, vs & (1 << 255) - 1
    return signature[:32] + (((1 - parity) << 255) | (signing.ORDER - s)).to_bytes(32, "big")


def test_contracts_and_library_agree_on_what_is_nobodys_signature(on_chain):
    """Where the library answers None the contracts answer 0, and where they find some other signer so does the library."""
    entry = RECORDS[-1]
    digest, good = raw(entry["digest"]), raw(entry["signature"])
    order = signing.ORDER.to_bytes(32, "big")
    half_and_one = (signing.HALF_ORDER + 1).to_bytes(32, "big")
    tried = {
        "good": good,
        "other parity": good[:32] + bytes([good[32] ^ 0x80]) + good[33:],
        "twin": _twin(good),
        "r zero": bytes(32) + good[32:],
        "s zero": good[:32] + bytes(32),
        "r the order": order + good[32:],
        "r on no point": (5).to_bytes(32, "big") + good[32:],
        "s just over half": good[:32] + half_and_one,
        "s exactly half": good[:32] + signing.HALF_ORDER.to_bytes(32, "big"),
        "all ones": b"\xff" * 64,
        "all zeros": bytes(64),
    }

    by_library = {name: signing.signer_of(digest, each) for name, each in tried.items()}
    by_contract = {name: on_chain.ask("signerOf(bytes32,(bytes32,bytes32))", digest + each)[-20:] for name, each in tried.items()}

    assert by_library == {name: codec.checksummed(each) if any(each) else None for name, each in by_contract.items()}
    assert by_library["good"] == VECTORS["sampleKeys"][entry["signer"]]["address"]
    assert [name for name, each in by_library.items() if each == by_library["good"]] == ["good"]
    assert {"other parity", "s exactly half"} <= {name for name, each in by_library.items() if each is not None}
    assert by_library["s just over half"] is None


def test_contracts_agree_on_what_follows_from_records(on_chain):
    told = generate.story()
    terms, recipient, claim, order = told["terms"], told["recipient"], told["claim"], told["order"]
    derived = {name: raw(each) for name, each in VECTORS["derived"].items()}

    assert generate.derived() == VECTORS["derived"]
    assert derived["evidence of claim"] == on_chain.id_of(claim)[:17]
    assert derived["joint of claim and order"] == on_chain.ask(
        "jointId(bytes32,bytes32,bytes32)", claim.programme + order.project + order.lab
    )
    assert derived["closing of 310000, 330000, 202403"] == on_chain.ask(
        "closingId(uint24,uint24,uint24)", abi_encode(["uint24"] * 3, [310000, 330000, 202403])
    )
    assert derived["voucher of terms and recipient"] == on_chain.ask(
        "voucherId((bytes32,uint64,uint64,uint40,uint40),bytes32,bytes32)",
        codec.encode_record(terms) + recipient.firm + recipient.serial,
    )
