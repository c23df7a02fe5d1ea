"""
Write `records.json`: records with their bytes, ids, digests and signatures, and tags, for whoever implements the protocol anew.

Run by `scripts/vectors`. Every key in it is the hash of its name and public: sample keys, for no network.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from registry import codec, model, signing
from registry.codec import Domain, id_of, keccak
from registry.model import (
    NO_ADDRESS,
    NO_ID,
    UNLIMITED,
    Address,
    Approval,
    Claim,
    Filing,
    Firm,
    FirstReview,
    Item,
    Lab,
    Motion,
    MotionKind,
    Order,
    Paid,
    Programme,
    Recipient,
    Record,
    Redemption,
    Release,
    Reservation,
    Slice,
    StandIn,
    Terms,
    Voucher,
)
from registry.tags import Keyring, TagKey, salted

PATH = Path(__file__).with_name("records.json")
ABOUT = "Made by scripts/vectors. The keys are samples, hashes of their names, and public: never use one on any network."

MOST_8, MOST_16, MOST_24, MOST_40, MOST_64 = (2**bits - 1 for bits in (8, 16, 24, 40, 64))
FULL = b"\xff" * 32
FULL_ADDRESS = codec.checksummed(b"\xff" * 20)

KEYS = {name: keccak(f"tongquan sample key: {name}".encode()) for name in ("firm", "lab", "reviewer")}
TAG_KEYS = {epoch: keccak(f"tongquan sample tag key: {epoch}".encode()) for epoch in (1, 19, 24)}
DOMAINS = {
    "first": Domain(20_130_000, Address("0x5FbDB2315678afecb367f032d93F642f64180aa3")),
    "other chain": Domain(20_130_001, Address("0x5FbDB2315678afecb367f032d93F642f64180aa3")),
    "other contract": Domain(20_130_000, Address("0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512")),
}


def word(text: str) -> bytes:
    """Any 32 bytes that are not those of another text."""
    return keccak(text.encode())


def story() -> dict[str, Record]:
    """One voucher's life, each record naming the one before it; then edges of every type."""
    keys = Keyring(TagKey(epoch, secret) for epoch, secret in TAG_KEYS.items())
    firm, seller = "91110000600037341L", "12100000400010275N"
    programme = Programme(
        region=330522,
        code="CX-KJQ-2013",
        payer=330522,
        paid_home=Paid.LAB,
        paid_across=Paid.LAB,
        approval=Approval.NEVER,
        first_review=FirstReview.HOST,
        itemised=False,
        min_partners=0,
        hold_days=180,
        slices=(Slice(UNLIMITED, 6_000),),
        policy_hash=word("policy"),
    )
    lab = Lab(310000, keys.firm(seller), "SH-001")
    terms = Terms(id_of(programme), 1_000_000, 100_000, 1_735_660_799, 1_743_436_799)
    recipient = Recipient(keys.firm(firm), keys.serial(330522, "CX2024-000017"))
    voucher = codec.voucher_of(terms, recipient)
    order = Order(id_of(voucher), id_of(lab), NO_ID, keys.project(firm, "2024-17"), 500_000, 1_725_120_000, 1)
    redemption = Redemption(
        order=id_of(order),
        attempt=0,
        cost=800_000,
        subsidy=480_000,
        agreement=keys.agreement(seller, "沪科合〔2024〕12号"),
        invoice=keys.invoice("24312000000012345678"),
        invoice_amount=848_000,
        result=salted(b"result report", word("salt")),
        valid_until=1_727_712_000,
    )
    claim = Claim(
        programme=id_of(programme),
        voucher=id_of(voucher),
        order=id_of(order),
        redemption=id_of(redemption),
        lab=id_of(lab),
        firm=recipient.firm,
        subsidy=redemption.subsidy,
        consumed=500_000,
        stand_in=NO_ADDRESS,
        endorser=signing.address_of(KEYS["reviewer"]),
    )
    motion = Motion(MotionKind.ADMIT, 320000, signing.address_of(KEYS["firm"]), signing.address_of(KEYS["lab"]), NO_ID, 1_735_660_799, 7)
    falling = tuple(Slice(limit, rate) for limit, rate in ((1, 10_000), (2, 9_000), (3, 7_500), (4, 5_000), (5, 2_500), (UNLIMITED, 0)))
    return {
        "slice": programme.slices[0],
        "slice, least": Slice(0, 0),
        "slice, most": Slice(UNLIMITED, MOST_16),
        "programme": programme,
        "programme, six slices": replace(
            programme,
            code="京津冀协同创新券·2024（试行）🎫",
            payer=0,
            paid_across=Paid.FIRM,
            approval=Approval.CROSS_REGION,
            first_review=FirstReview.HOME,
            itemised=True,
            slices=falling,
        ),
        "programme, no slice": replace(programme, slices=()),
        "programme, most": Programme(
            region=MOST_24,
            code="x" * 100,
            payer=MOST_24,
            paid_home=Paid.FIRM,
            paid_across=Paid.FIRM,
            approval=Approval.ALWAYS,
            first_review=FirstReview.HOST,
            itemised=True,
            min_partners=MOST_8,
            hold_days=MOST_16,
            slices=falling,
            policy_hash=FULL,
        ),
        "terms": terms,
        "terms, most": Terms(FULL, MOST_64, MOST_64, MOST_40, MOST_40),
        "recipient": recipient,
        "recipient, most": Recipient(FULL, FULL),
        "voucher": voucher,
        "voucher, zero": Voucher(NO_ID, 0, 0, 0, 0, NO_ID, NO_ID),
        "voucher, most": Voucher(FULL, MOST_64, MOST_64, MOST_40, MOST_40, FULL, FULL),
        "order": order,
        "order, one item": replace(order, item=id_of(Item(id_of(lab), "质谱仪-03")), nonce=2**53 + 1),
        "order, zero": Order(NO_ID, NO_ID, NO_ID, NO_ID, 0, 0, 0),
        "order, most": Order(FULL, FULL, FULL, FULL, MOST_64, MOST_40, MOST_64),
        "redemption": redemption,
        "redemption, again": replace(redemption, attempt=1),
        "redemption, most": Redemption(FULL, MOST_8, MOST_64, MOST_64, FULL, FULL, MOST_64, FULL, MOST_40),
        "stand-in": StandIn(id_of(redemption), salted(b"the lab has closed", word("salt"))),
        "stand-in, most": StandIn(FULL, FULL),
        "release": Release(id_of(order), 0, 1_725_120_000),
        "release, most": Release(FULL, MOST_8, MOST_40),
        "claim": claim,
        "claim, stood in": replace(claim, stand_in=signing.address_of(KEYS["lab"]), endorser=NO_ADDRESS),
        "claim, most": Claim(FULL, FULL, FULL, FULL, FULL, FULL, MOST_64, MOST_64, FULL_ADDRESS, FULL_ADDRESS),
        "lab": lab,
        "lab, non-ASCII code": replace(lab, code="沪科平台—第001号 é 🔬"),
        "lab, code of a whole word": replace(lab, code="x" * 32),
        "lab, code of a word and a byte": replace(lab, code="x" * 33),
        "item": Item(id_of(lab), "MS-03"),
        "item, non-ASCII code": Item(id_of(lab), "质谱仪-03"),
        "firm": Firm(330522, recipient.firm),
        "firm, most": Firm(MOST_24, FULL),
        "motion": motion,
        "motion, most": Motion(MotionKind.LIFT_FLAG, MOST_24, NO_ADDRESS, NO_ADDRESS, FULL, MOST_40, MOST_64),
        "reservation": Reservation(voucher, order),
        "filing": Filing(claim, redemption),
    }


def record_entry(name: str, record: Record, domain: str, signer: str) -> dict[str, Any]:
    where = DOMAINS[domain]
    return {
        "name": name,
        "domain": domain,
        "signer": signer,
        "typeString": codec.type_string(type(record)),
        "typeHash": _hex(codec.type_hash(type(record))),
        "bytes": _hex(codec.encode_record(record)),
        "id": _hex(id_of(record)),
        "digest": _hex(codec.digest(record, where)),
        "signature": _hex(signing.sign(record, where, KEYS[signer])),
        "typedData": codec.typed_data(record, where),
    }


def derived() -> dict[str, Any]:
    """What follows from records without being one."""
    told = story()
    order, claim, terms, recipient = told["order"], told["claim"], told["terms"], told["recipient"]
    assert isinstance(order, Order)
    assert isinstance(claim, Claim)
    assert isinstance(terms, Terms)
    assert isinstance(recipient, Recipient)
    return {
        "evidence of claim": _hex(codec.evidence(claim)),
        "joint of claim and order": _hex(codec.joint_id(claim.programme, order.project, order.lab)),
        "closing of 310000, 330000, 202403": _hex(codec.closing_id(310000, 330000, 202403)),
        "voucher of terms and recipient": _hex(id_of(codec.voucher_of(terms, recipient))),
    }


def tag_entries() -> list[dict[str, Any]]:
    keys = Keyring(TagKey(epoch, secret) for epoch, secret in TAG_KEYS.items())
    made = [
        ("firm", ["91110000600037341L"], keys.firm("91110000600037341L")),
        ("firm", ["T32058300000017"], keys.firm("T32058300000017")),
        ("serial", ["330522", "CX2024000017"], keys.serial(330522, "CX2024-000017")),
        ("serial", ["310000", "CX2024000017"], keys.serial(310000, "CX2024-000017")),
        ("project", ["91110000600037341L", "新材料检测"], keys.project("91110000600037341L", "新材料 检测")),
        ("agreement", ["12100000400010275N", "沪科合〔2024〕12号"], keys.agreement("12100000400010275N", "沪科合〔2024〕12号")),
        ("invoice", ["24312000000012345678"], keys.invoice("2431 2000 0000 1234 5678")),
        ("invoice", ["3100191130", "00123456"], keys.invoice("00123456", code="3100191130")),
        ("invoice", ["031001900311", "00123456"], keys.invoice("00123456", code="031001900311")),
    ]
    return [{"purpose": purpose, "parts": parts, "tag": _hex(tag)} for purpose, parts, tag in made]


def document() -> dict[str, Any]:
    domains, signers = list(DOMAINS), list(KEYS)
    return {
        "about": ABOUT,
        "sampleKeys": {name: {"key": _hex(key), "address": signing.address_of(key)} for name, key in KEYS.items()},
        "sampleTagKeys": {str(epoch): _hex(secret) for epoch, secret in TAG_KEYS.items()},
        "domains": {
            name: {"chainId": each.chain_id, "verifyingContract": each.registry, "separator": _hex(each.separator)}
            for name, each in DOMAINS.items()
        },
        "records": [
            record_entry(name, record, domains[place % len(domains)], signers[place % len(signers)])
            for place, (name, record) in enumerate(story().items())
        ],
        "derived": derived(),
        "tags": tag_entries(),
    }


def record_type(entry: dict[str, Any]) -> type[Record]:
    """The type of an entry's record."""
    found: type[Record] = getattr(model, entry["typedData"]["primaryType"])
    return found


def _hex(content: bytes) -> str:
    return "0x" + content.hex()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="scripts/vectors", description="生成测试向量。 Write tests/vectors/records.json.")
    parser.add_argument("--check", action="store_true", help="只比较，不写入。 Compare with what is committed, write nothing.")
    check = parser.parse_args(arguments).check

    text = json.dumps(document(), indent=1, ensure_ascii=False) + "\n"
    same = PATH.is_file() and PATH.read_text(encoding="utf-8") == text
    if not check:
        PATH.write_text(text, encoding="utf-8")
    elif not same:
        print("测试向量与程序不一致，请运行 scripts/vectors。 The vectors are not what the library makes: run scripts/vectors.")  # noqa: T201
    return 1 if check and not same else 0


if __name__ == "__main__":
    raise SystemExit(main())
