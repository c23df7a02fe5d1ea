"""
Records to ids, digests, typed data and calldata, and back: what contract, library, wallet and log must agree on bit by bit.

An id is a record's EIP-712 hashStruct without domain; what is signed is the digest, which names chain and contract as well. All of it
follows from the metadata of `registry.model`, except the table of verbs, which a test compares with the contracts' interfaces.

A wallet gets `typed_data`, and what comes back is read by `parse_typed_data`, which accepts exactly what `typed_data` would have
written. That is on purpose: common libraries ignore members that they do not know, and would sign less than a person was shown.

What is not here: signatures (`registry.signing`), tags (`registry.tags`), events (`registry.events`), and whether a call will be accepted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from registry.model import (
    Address,
    Claim,
    Digest,
    Fen,
    Filing,
    Id,
    Order,
    Recipient,
    Record,
    Redemption,
    Region,
    Release,
    Reservation,
    Signatures,
    Tag,
    Terms,
    Time,
    Voucher,
    built,
)
from registry.solidity import (
    CodecError,
    DocumentRefused,
    Mistyped,
    NotDecodable,
    NotEncodable,
    UnexpectedKeys,
    UnexpectedValue,
    check_keys,
    checksummed,
    decode_sequence,
    encode_sequence,
    keccak,
    struct_of,
    type_of,
)

__all__ = [
    "DOMAIN_NAME",
    "DOMAIN_VERSION",
    "VERBS",
    "Call",
    "CodecError",
    "DocumentRefused",
    "Domain",
    "Mistyped",
    "NotDecodable",
    "NotEncodable",
    "UnexpectedKeys",
    "UnexpectedValue",
    "UnknownVerb",
    "Verb",
    "checksummed",
    "closing_id",
    "consumed",
    "decode",
    "decode_record",
    "digest",
    "encode",
    "encode_accept",
    "encode_approve",
    "encode_decline",
    "encode_endorse",
    "encode_extend",
    "encode_issue",
    "encode_record",
    "encode_redeem",
    "encode_refunded",
    "encode_reject",
    "encode_release",
    "encode_reserve",
    "encode_reverse",
    "encode_settle",
    "encode_try_each",
    "evidence",
    "id_of",
    "joint_id",
    "keccak",
    "parse_typed_data",
    "type_hash",
    "type_string",
    "typed_data",
    "voucher_of",
]

DOMAIN_NAME = "Tongquan"
DOMAIN_VERSION = "1"

_DOMAIN_MEMBERS = (("name", "string"), ("version", "string"), ("chainId", "uint256"), ("verifyingContract", "address"))
_DOMAIN_TYPE_HASH = keccak(f"EIP712Domain({','.join(f'{kind} {name}' for name, kind in _DOMAIN_MEMBERS)})".encode())
_EVIDENCE_BYTES = 17
_SELECTOR_BYTES = 4

R = TypeVar("R", bound=Record)


# Ids and digests


def type_string(record_type: type[Record]) -> str:
    """
    The EIP-712 type of a record, with the types that it refers to after it.

    >>> from registry.model import StandIn
    >>> type_string(StandIn)
    'StandIn(bytes32 redemption,bytes32 reason)'
    """
    return struct_of(record_type).type_string


def type_hash(record_type: type[Record]) -> bytes:
    """The hash of a record's EIP-712 type, 32 bytes; the contracts hold the same as constants."""
    return struct_of(record_type).type_hash


def id_of(record: Record) -> Id:
    """
    The id by which contract, library, URL and log name a record: its EIP-712 hashStruct.

    Raises:
        NotEncodable: a member does not fit its Solidity type, for example an unknown value of an enum.
    """
    return Id(struct_of(type(record)).word(record))


@dataclass(frozen=True)
class Domain:
    """
    Where a signature holds: one chain and one VoucherRegistry. On any other it is nobody's.

    Raises:
        NotEncodable: the chain id is no uint256, or the registry no address.
    """

    chain_id: int
    registry: Address
    separator: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        words = [
            _DOMAIN_TYPE_HASH,
            keccak(DOMAIN_NAME.encode()),
            keccak(DOMAIN_VERSION.encode()),
            type_of("uint256").encode(self.chain_id),
            type_of("address").encode(self.registry),
        ]
        object.__setattr__(self, "separator", keccak(b"".join(words)))


def digest(record: Record, domain: Domain) -> bytes:
    """What is signed: 32 bytes over the record's id and the domain."""
    return keccak(b"\x19\x01" + domain.separator + id_of(record))


def evidence(claim: Claim) -> bytes:
    """What an order keeps of its claim: the first 17 bytes of the id."""
    return id_of(claim)[:_EVIDENCE_BYTES]


def joint_id(programme: Id, project: Tag, lab: Id) -> Id:
    """The name of the partnership that the orders of a joint voucher (联合券) belong to."""
    return Id(keccak(_encoded(("bytes32", "bytes32", "bytes32"), (programme, project, lab))))


def closing_id(home: Region, host: Region, month: int) -> Id:
    """
    The name of a month's closing (月度核对) between two regions; `month` is year × 100 + month, UTC+8.

    >>> closing_id(Region(310000), Region(330000), 202403) == closing_id(Region(330000), Region(310000), 202403)
    False
    """
    return Id(keccak(_encoded(("uint24", "uint24", "uint24"), (home, host, month))))


def voucher_of(terms: Terms, recipient: Recipient) -> Voucher:
    """The voucher that an issue on these terms makes for a recipient."""
    of_terms = (terms.programme, terms.face, terms.denomination, terms.use_by, terms.claim_by)
    return _built_voucher((*of_terms, recipient.firm, recipient.serial))


_built_voucher = built(Voucher)


def consumed(subsidy: Fen, denomination: Fen) -> Fen:
    """
    How many fen of whole notes a subsidy uses up; what is over lapses.

    >>> consumed(Fen(480_000), Fen(100_000))
    500000

    Raises:
        ValueError: the subsidy is negative, or the denomination not positive.
    """
    if subsidy < 0 or denomination <= 0:
        raise ValueError(f"a subsidy of {subsidy} fen in notes of {denomination} fen")
    return Fen(-(-subsidy // denomination) * denomination)


# What a wallet is shown


def typed_data(record: Record, domain: Domain) -> dict[str, Any]:
    """
    The EIP-712 document of a record, ready for `eth_signTypedData_v4` and for JSON.

    Bytes are 0x and lower-case hexadecimal digits. Integers of more than 32 bits are decimal text, because JSON numbers lose
    integers above 2^53 in JavaScript; shorter ones and the chain id are numbers.
    """
    struct = struct_of(type(record))
    return _envelope(type(record), domain) | {"message": struct.to_json(record)}


def parse_typed_data(document: object, record_type: type[R], domain: Domain) -> R:
    """
    Read a document that `typed_data` wrote for this type and domain, and nothing else.

    Keys are compared exactly at every level, types, domain and primary type with what they must be. Hexadecimal digits and
    addresses may have either case.

    Raises:
        UnexpectedKeys: something is missing or extra.
        UnexpectedValue: types, primary type or domain differ.
        Mistyped: a value has not the form that its type asks for.
        DocumentRefused: the values make no record.
    """
    expected = _envelope(record_type, domain)
    found = check_keys("document", document, [*expected, "message"])
    if found["primaryType"] != expected["primaryType"]:
        raise UnexpectedValue("primaryType", f"{expected['primaryType']!r} is asked for, not {found['primaryType']!r}")
    _check_types(found["types"], expected["types"])
    _check_domain(found["domain"], expected["domain"])
    record: R = struct_of(record_type).from_json(found["message"], "message")
    return record


def _envelope(record_type: type[Record], domain: Domain) -> dict[str, Any]:
    struct = struct_of(record_type)
    types = {"EIP712Domain": [{"name": name, "type": kind} for name, kind in _DOMAIN_MEMBERS]}
    for each in (struct, *struct.referred.values()):
        types[each.name] = [{"name": name, "type": member.name} for name, member in each.members.items()]
    return {
        "types": types,
        "primaryType": struct.name,
        "domain": {
            "name": DOMAIN_NAME,
            "version": DOMAIN_VERSION,
            "chainId": domain.chain_id,
            "verifyingContract": type_of("address").to_json(domain.registry),
        },
    }


def _check_types(found: object, expected: Mapping[str, list[dict[str, str]]]) -> None:
    named = check_keys("types", found, list(expected))
    for name, members in expected.items():
        if named[name] != members:
            raise UnexpectedValue(f"types.{name}", f"{members!r} is asked for, not {named[name]!r}")


def _check_domain(found: object, expected: Mapping[str, Any]) -> None:
    named = check_keys("domain", found, list(expected))
    address = type_of("address")
    named = named | {"verifyingContract": address.from_json(named["verifyingContract"], "domain.verifyingContract")}
    for name, value in expected.items():
        # In Python 1 equals True and 1.0, in a document it does not.
        if type(named[name]) is not type(value) or named[name] != value:
            raise UnexpectedValue(f"domain.{name}", f"{value!r} is asked for, not {named[name]!r}")


# Bytes


def encode_record(record: Record) -> bytes:
    """The ABI bytes of a record as `abi.encode(member, member, …)` writes them: without an offset in front of a dynamic one."""
    return struct_of(type(record)).encode(record)


def decode_record(record_type: type[R], content: bytes) -> R:
    """
    Read what `encode_record` wrote.

    Raises:
        NotDecodable: the bytes are cut short, run on, have dirty bits, or are not in the order that the encoder keeps.
    """
    record, end = struct_of(record_type).decode(content, 0)
    _require_end(content, end)
    return record  # type: ignore[no-any-return] # a Struct makes records of its own type


def _encoded(types: Sequence[str], values: Sequence[Any]) -> bytes:
    return encode_sequence([type_of(each) for each in types], values)


def _require_end(content: bytes, end: int) -> None:
    if end != len(content):
        raise NotDecodable(f"{len(content) - end} bytes follow the end")


# Calldata


class UnknownVerb(CodecError):
    """No contract has a function of this name or selector that changes state."""


@dataclass(frozen=True)
class Verb:
    """A function that changes state: its contract, its name, and its arguments' types, where a record's name stands for its tuple."""

    contract: str
    name: str
    arguments: tuple[str, ...]

    @cached_property
    def signature(self) -> str:
        """The canonical signature, for example `fund(bytes32,uint64,bytes32)`."""
        return f"{self.name}({','.join(type_of(each).abi for each in self.arguments)})"

    @cached_property
    def selector(self) -> bytes:
        """The first four bytes of the signature's hash, with which calldata begins."""
        return keccak(self.signature.encode())[:_SELECTOR_BYTES]


@dataclass(frozen=True)
class Call:
    """Calldata in words: a verb and its arguments."""

    verb: Verb
    values: tuple[Any, ...]


# Every function that changes state. `commit` to `uncount`, `claim` and `free` answer to other contracts only.
_SIGNATURES: Mapping[str, tuple[str, ...]] = {
    "Consortium": (
        "offer(address,uint8)",
        "takeUp(uint24,uint8)",
        "revoke(address)",
        "recover(address)",
        "rotateRecovery(address)",
        "vote(Motion)",
        "veto(Motion)",
        "enact(Motion)",
        "closeMonth(uint24,uint24,uint24,bytes32)",
    ),
    "Directory": (
        "admit(Lab,address,bytes32,uint40)",
        "renew(bytes32,bytes32,uint40)",
        "list(bytes32,string[])",
        "suspend(bytes32)",
        "exit(bytes32)",
        "freeze(bytes32)",
        "reinstate(bytes32)",
        "enrol(Firm,address)",
        "rotate(bytes32,address)",
        "vetoRotation(bytes32)",
        "completeRotation(bytes32)",
        "recognise(bytes32[],uint40,uint40)",
        "withdraw(bytes32[])",
        "flag(bytes32,bytes32)",
        "second(bytes32,bytes32)",
        "unflag(bytes32)",
        "lift(Motion)",
    ),
    "Invoices": (
        "claim(bytes32,bytes32,uint64,uint64,bytes27)",
        "free(bytes32,bytes32,uint64)",
        "setRegistry(Motion)",
        "voidClaim(Motion,Claim,Redemption)",
    ),
    "Programmes": (
        "open(Programme)",
        "fund(bytes32,uint64,bytes32)",
        "draw(bytes32,uint64,bytes32)",
        "commit(uint256,bytes32,uint64)",
        "uncommit(bytes32,uint64)",
        "pay(bytes32,uint64,uint64)",
        "payBack(bytes32,uint64)",
        "count(bytes32,bytes32,uint64)",
        "uncount(bytes32,bytes32,uint64)",
    ),
    "VoucherRegistry": (
        "issue(Terms,Recipient[])",
        "reserve(Voucher,Order,Signatures)",
        "approve(Reservation[])",
        "decline(Reservation[])",
        "release(Voucher,Order,Release,Signatures)",
        "extend(Reservation,uint40)",
        "redeem(Voucher,Order,Redemption,Signatures)",
        "endorse(Claim[])",
        "accept(Claim[])",
        "reject(Filing[])",
        "settle(Claim[],bytes32)",
        "reverse(Claim,uint64,bytes32)",
        "refunded(Filing)",
        "tryEach(bytes[])",
    ),
}


def _verbs() -> dict[str, Verb]:
    verbs: dict[str, Verb] = {}
    for contract, signatures in _SIGNATURES.items():
        for signature in signatures:
            name, _, arguments = signature.removesuffix(")").partition("(")
            verbs[name] = Verb(contract, name, tuple(arguments.split(",")))
    return verbs


VERBS: Mapping[str, Verb] = _verbs()
"""Every function that changes state, by name; no two contracts have one of the same name."""

_BY_SELECTOR = {verb.selector: verb for verb in VERBS.values()}


def encode(verb: str, *values: Any) -> bytes:
    """
    The calldata of a verb, by its Solidity name, with its arguments in the contract's order.

    The verbs of VoucherRegistry have functions of their own below, which a type checker can follow.

    >>> encode("suspend", bytes(32)).hex()[:8] == VERBS["suspend"].selector.hex()
    True

    Raises:
        UnknownVerb: no contract has it.
        NotEncodable: there are more or fewer arguments than it takes, or one does not fit its type.
    """
    if verb not in VERBS:
        raise UnknownVerb(f"no contract has {verb!r}")
    known = VERBS[verb]
    if len(values) != len(known.arguments):
        raise NotEncodable(f"list of arguments of {known.signature}", values)
    return known.selector + _encoded(known.arguments, values)


def decode(calldata: bytes) -> Call:
    """
    Read what `encode` wrote. Addresses come with their checksum, arrays as tuples, enums outside of records as numbers.

    Raises:
        UnknownVerb: the selector is none of ours.
        NotDecodable: the arguments are cut short, run on, have dirty bits, or are not in the order that the encoder keeps.
    """
    verb = _BY_SELECTOR.get(calldata[:_SELECTOR_BYTES])
    if verb is None:
        raise UnknownVerb(f"no contract has the selector {calldata[:_SELECTOR_BYTES].hex()!r}")
    arguments = calldata[_SELECTOR_BYTES:]
    values, end = decode_sequence([type_of(each) for each in verb.arguments], arguments, 0)
    _require_end(arguments, end)
    return Call(verb, values)


# The verbs of VoucherRegistry, in the order of a voucher's life


def encode_issue(terms: Terms, recipients: Sequence[Recipient]) -> bytes:
    """Calldata that issues one voucher to each recipient (发放)."""
    return encode("issue", terms, list(recipients))


def encode_reserve(voucher: Voucher, order: Order, signatures: Signatures) -> bytes:
    """Calldata that reserves a part of a voucher (锁定额度)."""
    return encode("reserve", voucher, order, signatures)


def encode_approve(reservations: Sequence[Reservation]) -> bytes:
    """Calldata that approves orders (审核确认), all or none."""
    return encode("approve", list(reservations))


def encode_decline(reservations: Sequence[Reservation]) -> bytes:
    """Calldata that declines orders (不予确认), all or none."""
    return encode("decline", list(reservations))


def encode_release(voucher: Voucher, order: Order, consent: Release, signatures: Signatures) -> bytes:
    """Calldata that releases an order (释放额度)."""
    return encode("release", voucher, order, consent, signatures)


def encode_extend(reservation: Reservation, until: Time) -> bytes:
    """Calldata that extends an order to `until`, the last second inclusive."""
    return encode("extend", reservation, until)


def encode_redeem(voucher: Voucher, order: Order, redemption: Redemption, signatures: Signatures) -> bytes:
    """Calldata that redeems an order (申请兑付)."""
    return encode("redeem", voucher, order, redemption, signatures)


def encode_endorse(claims: Sequence[Claim]) -> bytes:
    """Calldata that endorses claims (初审), all or none; they name no endorser yet."""
    return encode("endorse", list(claims))


def encode_accept(claims: Sequence[Claim]) -> bytes:
    """Calldata that accepts claims (审核通过), all or none."""
    return encode("accept", list(claims))


def encode_reject(filings: Sequence[Filing]) -> bytes:
    """Calldata that rejects claims (退回补正), all or none."""
    return encode("reject", list(filings))


def encode_settle(claims: Sequence[Claim], payment: Digest) -> bytes:
    """Calldata that settles claims (拨付), all or none, under one payment reference hash."""
    return encode("settle", list(claims), payment)


def encode_reverse(claim: Claim, recover: Fen, reason: Digest) -> bytes:
    """Calldata that reverses a settled claim (冲销) and asks for `recover` fen back."""
    return encode("reverse", claim, recover, reason)


def encode_refunded(filing: Filing) -> bytes:
    """Calldata that records that a debt came back (资金已退回)."""
    return encode("refunded", filing)


def encode_try_each(calls: Sequence[bytes]) -> bytes:
    """Calldata that runs the calldata of `reserve`, `redeem` and `release` calls, each on its own."""
    return encode("tryEach", list(calls))
