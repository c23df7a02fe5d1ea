"""What is checked before anybody signs: a field that a gateway changed is found, or is one that only the consortium's key could check."""

import json
import time
from dataclasses import replace

import pytest

from registry.cli.command import Differs
from registry.cli.documents import Check, Document, DocumentMalformed, Kind, Party, examine, require_agreed
from registry.codec import CodecError, Domain, id_of, typed_data
from registry.model import NO_ID, Fen, Id, Item, Order, Redemption, Release, Tag, Time
from registry.signing import address_of
from registry.tags import Keyring, TagKey, salted
from tests.cli.conftest import light_key, write_secret

NOW = 1_795_000_000
DOMAIN = Domain(20_130_000, "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf")
OTHER_CONTRACT = "0x2B5AD5c4795c026514f8317c7a215E218DcCD6cF"
KEYRING = Keyring([TagKey(1, bytes(32)), TagKey(24, bytes(32))])
FIRM = "91110000600037341L"
SALT, REPORT = b"\x07" * 32, "ab" * 32


def of(number: int) -> Id:
    return Id(bytes([number]) * 32)


ORDER = Order(of(1), of(2), NO_ID, KEYRING.project(FIRM, "P-1"), Fen(500_000), Time(NOW + 86_400), 7)
REDEMPTION = Redemption(
    order=of(3),
    attempt=0,
    cost=Fen(800_000),
    subsidy=Fen(480_000),
    agreement=KEYRING.agreement(FIRM, "C-1"),
    invoice=KEYRING.invoice("00131219", code="3100241130"),
    invoice_amount=Fen(800_000),
    result=salted(bytes.fromhex(REPORT), SALT),
    valid_until=Time(NOW + 86_400),
)
RELEASE = Release(of(3), 0, Time(NOW + 86_400))
ASKED = {
    Kind.ORDER: {
        "voucher": {"region": 330522, "firm": FIRM, "serial": "S-1"},
        "project": "P-1",
        "lab": "0x" + "02" * 32,
        "amount": "500000",
        "valid_seconds": 86_400,
    },
    Kind.REDEMPTION: {
        "order": "0x" + "03" * 32,
        "cost": "800000",
        "agreement": {"seller": FIRM, "number": "C-1"},
        "invoice": {"number": "00131219", "code": "3100241130"},
        "invoice_amount": "800000",
        "report_sha256": REPORT,
        "valid_seconds": 86_400,
    },
    Kind.RELEASE: {"order": "0x" + "03" * 32, "valid_seconds": 86_400},
}
RECORDS = {Kind.ORDER: ORDER, Kind.REDEMPTION: REDEMPTION, Kind.RELEASE: RELEASE}


def prepared(kind, *, domain=DOMAIN, **changed):
    """A document as a gateway answers it, with fields of another value than was asked."""
    record = replace(RECORDS[kind], **changed)
    return Document(kind=kind, asked=ASKED[kind], id=id_of(record), typed_data=typed_data(record, domain), salt=SALT)


def found(document, **known):
    return {each.field: each.check for each in examine(document, DOMAIN, now=NOW, known=known)}


@pytest.mark.parametrize("kind", Kind)
def test_what_was_asked_is_agreed_to(kind):
    require_agreed(examine(prepared(kind), DOMAIN, now=NOW, known={}))


def test_a_subsidy_of_nothing_is_shown_and_no_difference():
    """It is what the rule gives of a fen; the gateway's reasons say that it would be refused."""
    assert found(prepared(Kind.REDEMPTION, subsidy=Fen(0)))["subsidy"] is Check.SHOWN


@pytest.mark.parametrize(
    ("kind", "changed"),
    [
        (Kind.ORDER, {"lab": of(9)}),
        (Kind.ORDER, {"item": id_of(Item(of(2), "XRD"))}),
        (Kind.ORDER, {"amount": Fen(500_001)}),
        (Kind.ORDER, {"project": Tag(b"\x0d" + bytes(31))}),
        (Kind.ORDER, {"valid_until": Time(NOW + 31 * 86_400)}),
        (Kind.ORDER, {"valid_until": Time(NOW)}),
        (Kind.REDEMPTION, {"order": of(9)}),
        (Kind.REDEMPTION, {"cost": Fen(800_001)}),
        (Kind.REDEMPTION, {"subsidy": Fen(800_001)}),
        (Kind.REDEMPTION, {"agreement": Tag(b"\x0d" + bytes(31))}),
        (Kind.REDEMPTION, {"invoice": KEYRING.project(FIRM, "P-1")}),
        (Kind.REDEMPTION, {"invoice_amount": Fen(900_000)}),
        (Kind.REDEMPTION, {"result": of(9)}),
        (Kind.REDEMPTION, {"valid_until": Time(NOW + 31 * 86_400)}),
        (Kind.RELEASE, {"order": of(9)}),
        (Kind.RELEASE, {"valid_until": Time(NOW + 31 * 86_400)}),
    ],
)
def test_a_changed_field_is_found(kind, changed):
    (name,) = changed
    document = prepared(kind, **changed)

    assert found(document)[name] is Check.DIFFERS
    with pytest.raises(Differs):
        require_agreed(examine(document, DOMAIN, now=NOW, known={}))


@pytest.mark.parametrize(
    ("kind", "changed", "known"),
    [
        (Kind.ORDER, {"voucher": of(9)}, {"voucher": of(1)}),
        (Kind.REDEMPTION, {"attempt": 1}, {"attempt": 0}),
        (Kind.REDEMPTION, {"subsidy": Fen(1)}, {"subsidy": Fen(480_000)}),
        (Kind.RELEASE, {"attempt": 1}, {"attempt": 0}),
    ],
)
def test_what_the_signer_knows_besides_is_compared(kind, changed, known):
    (name,) = changed

    assert found(prepared(kind), **known)[name] is Check.CHECKED
    assert found(prepared(kind, **changed), **known)[name] is Check.DIFFERS


def test_tags_are_said_to_be_uncheckable_and_nothing_else_is():
    assert [name for name, check in found(prepared(Kind.ORDER), voucher=of(1)).items() if check is Check.UNCHECKABLE] == ["project"]
    assert [name for name, check in found(prepared(Kind.REDEMPTION), attempt=0).items() if check is Check.UNCHECKABLE] == [
        "agreement",
        "invoice",
    ]
    assert Check.UNCHECKABLE not in found(prepared(Kind.RELEASE)).values()


@pytest.mark.parametrize("domain", [Domain(1, DOMAIN.registry), Domain(DOMAIN.chain_id, OTHER_CONTRACT)])
def test_another_chain_or_contract_is_refused(domain):
    with pytest.raises(CodecError):
        found(prepared(Kind.ORDER, domain=domain))


@pytest.mark.parametrize("where", ["message", "domain", "types"])
def test_a_member_more_than_was_asked_is_refused(where):
    document = prepared(Kind.ORDER)
    wider = json.loads(json.dumps(document.typed_data))
    wider[where]["more"] = "1"

    with pytest.raises(CodecError):
        found(replace(document, typed_data=wider))


def test_an_id_that_is_not_the_records_is_found():
    assert found(replace(prepared(Kind.ORDER), id=of(9)))["id"] is Check.DIFFERS


def test_a_redemption_without_its_salt_is_refused():
    assert found(replace(prepared(Kind.REDEMPTION), salt=None))["result"] is Check.DIFFERS


# At the command line


@pytest.fixture
def signer(desk):
    """A desk with a key, a pinned domain, and one document whose signatures would last."""
    write_secret(desk.folder / "new.password", "a password of its own")
    address = light_key(desk.folder, "firm.json", b"\x11" * 32)
    assert address == address_of(b"\x11" * 32)
    desk.settings = {"keystore": "firm.json", "password_file": "new.password", "config": "config.toml"}
    (desk.folder / "config.toml").write_text(f'chain_id = {DOMAIN.chain_id}\nregistry = "{DOMAIN.registry}"\n')
    later = Time(int(time.time()) + 86_400)
    prepared(Kind.ORDER, valid_until=later).write(desk.folder / "order.json", new=True)
    return desk


def edited(desk, change):
    """The document, after somebody changed it on its way."""
    file = desk.folder / "order.json"
    told = json.loads(file.read_text())
    change(told)
    file.write_text(json.dumps(told))
    return file.read_bytes()


def test_a_document_is_signed_for_the_pinned_chain_and_contract(signer):
    answer = signer.ask("order sign order.json --as firm --amount 5000yuan --yes")

    assert answer["signed_by"] == {"firm": address_of(b"\x11" * 32)}
    assert Document.read(signer.folder / "order.json").signatures.keys() == {Party.FIRM}


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told["typed_data"]["message"].update(amount="900000"),
        lambda told: told["typed_data"]["message"].update(lab="0x" + "09" * 32),
        lambda told: told["typed_data"]["domain"].update(chainId=1),
        lambda told: told["typed_data"]["domain"].update(verifyingContract=OTHER_CONTRACT),
        lambda told: told["typed_data"]["message"].update(tip="1"),
        lambda told: told["typed_data"].update(primaryType="Release"),
    ],
)
def test_a_document_that_was_changed_on_its_way_is_not_signed(signer, change):
    before = edited(signer, change)

    said = signer.run("order sign order.json --as firm --amount 5000yuan --yes --json")

    assert (said.status, said.refusal["family"]) == (5, "different")
    assert (signer.folder / "order.json").read_bytes() == before


def test_a_document_whose_facts_were_changed_as_well_is_not_what_the_signer_states(signer):
    def change(told):
        told["typed_data"]["message"]["amount"] = told["asked"]["amount"] = "900000"
        told["id"] = "0x" + id_of(replace(Document.read(signer.folder / "order.json").record(DOMAIN), amount=Fen(900_000))).hex()

    edited(signer, change)

    assert signer.run("order sign order.json --as firm --amount 5000yuan --yes").status == 5
    assert signer.ask("order sign order.json --as firm --amount 9000yuan --yes")["signed_by"]


def test_a_script_states_what_it_agrees_to(signer):
    assert signer.run("order sign order.json --as firm --yes --json").refusal["error"] == "SettingRefused"
    assert signer.run("order sign order.json --as firm").status == 2, "nobody is there to be asked"
    assert Document.read(signer.folder / "order.json").signatures == {}


def test_a_document_of_another_kind_is_neither_signed_nor_submitted(signer):
    for words in ("redeem sign order.json --as firm --yes", "redeem submit order.json", "order release submit order.json"):
        said = signer.run(f"{words} --json")

        assert (said.status, said.refusal["error"]) == (2, "SettingRefused")
        assert "order.json 是服务订单，不是" in said.refusal["message"]
    assert Document.read(signer.folder / "order.json").signatures == {}


def test_one_account_does_not_sign_for_both_parties(signer):
    signer.ask("order sign order.json --as lab --amount 5000yuan --yes")
    before = (signer.folder / "order.json").read_bytes()

    said = signer.run("order sign order.json --as firm --amount 5000yuan --yes --json")

    assert (said.status, said.refusal["error"]) == (1, "SameSigner")
    assert said.refusal["values"] == {"signer": address_of(b"\x11" * 32)}
    assert (signer.folder / "order.json").read_bytes() == before
    assert signer.ask("order sign order.json --as lab --amount 5000yuan --yes"), "the same party signs again"


def test_a_file_that_is_missing_or_taken_is_wrong_usage(signer):
    missing = signer.run("order sign none.json --as firm --amount 5000yuan --yes --json")

    taken = signer.run("wallet new firm.json --password-file new.password --json")

    assert (missing.status, missing.refusal["error"]) == (2, "SettingRefused")
    assert (taken.status, taken.refusal["error"]) == (2, "KeyFileExists")


def test_nothing_is_signed_where_chain_and_contract_are_not_known(signer):
    (signer.folder / "config.toml").write_text("")

    said = signer.run("order sign order.json --as firm --amount 5000yuan --yes --json")

    assert (said.status, said.refusal["family"]) == (2, "usage")


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"kind": "order"}', '{"kind": "cheque"}'])
def test_what_is_no_document_is_refused(signer, content):
    (signer.folder / "order.json").write_text(content)

    with pytest.raises(DocumentMalformed):
        Document.read(signer.folder / "order.json")
    assert signer.run("order sign order.json --as firm --amount 5000yuan --yes --json").refusal["error"] == "DocumentMalformed"


@pytest.fixture
def asked_and_answered(signer):
    """What another program posted for a release, and what it was answered; `lab.json` is the lab's key."""
    light_key(signer.folder, "lab.json", b"\x22" * 32)
    document = prepared(Kind.RELEASE, valid_until=Time(int(time.time()) + 86_400))
    (signer.folder / "asked.json").write_text(json.dumps(ASKED[Kind.RELEASE]))
    (signer.folder / "prepared.json").write_text(json.dumps({"id": "0x" + document.id.hex(), "typed_data": document.typed_data}))
    return "wallet sign asked.json prepared.json body.json --yes"


def test_whoever_signs_a_body_second_is_told_that_both_signed(signer, asked_and_answered):
    first = signer.ask(f"{asked_and_answered} --as lab --keystore lab.json")
    second = signer.ask(f"{asked_and_answered} --as firm")

    assert first["signed_by"] == {"lab": address_of(b"\x22" * 32)}
    assert second["signed_by"] == first["signed_by"] | {"firm": address_of(b"\x11" * 32)}
    assert json.loads((signer.folder / "body.json").read_text()).keys() == {"typed_data", "lab_signature", "firm_signature"}


def test_a_body_with_a_malformed_signature_is_not_added_to(signer, asked_and_answered):
    signer.ask(f"{asked_and_answered} --as lab --keystore lab.json")
    body = json.loads((signer.folder / "body.json").read_text())
    (signer.folder / "body.json").write_text(json.dumps(body | {"lab_signature": "no signature"}))

    assert signer.run(f"{asked_and_answered} --as firm --json").refusal["error"] == "DocumentMalformed"
