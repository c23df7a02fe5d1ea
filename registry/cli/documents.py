"""
A document that firm and lab sign (order, redemption, release): one file that goes from the one to the other, and back to a gateway.

Who speaks to a gateway without this tool has two files in its place: what was asked, and what was answered. A gateway prepares it, since
only gateways hold the consortium's key; so it is checked here before anybody signs. What can be checked without that key, field by field:

    chain, contract, form       exactly: `parse_typed_data` takes what the library itself would have written, and nothing else
    id                          worked out from the record
    lab, item, order, amounts   against what was asked
    attempt, voucher            against what the signer's own gateway answers to another question, where one is configured
    result                      worked out from the report's hash and the salt
    until when it is good       no longer than was asked
    project, agreement, invoice cannot: they are tags under the consortium's key. Only the epoch, an invoice's year, can be

What cannot be checked is shown with the facts that it should stand for. A gateway that put another project or invoice in its place
could not be found out here; it would have to be the gateway of one's own region, and the trail keeps what it did.

Pure, but for reading and writing files.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from registry.cli.command import Differs
from registry.cli.session import content_of
from registry.cli.words import MONEY
from registry.codec import Domain, digest, id_of, parse_typed_data
from registry.errors import TongquanError
from registry.files import OWNER_ONLY, put_in_place, write_new
from registry.model import NO_ID, Id, Item, Order, Record, Redemption, Release
from registry.signing import sign, signer_of
from registry.tags import EPOCH_YEAR, FIRST_EPOCH, LAST_PARTY_EPOCH, invoice_year, salted

CLOCK_SECONDS = 600
"""How much later than asked a signature may run out, since no two clocks agree."""

# Of a project or an agreement, whose epoch is its voucher's; which that is, only who holds the key can tell.
_PARTY_EPOCHS = range(FIRST_EPOCH, LAST_PARTY_EPOCH + 1)

DEFAULT_SECONDS = 86_400


class Kind(StrEnum):
    """What is signed."""

    ORDER = "order"
    REDEMPTION = "redemption"
    RELEASE = "release"


class Party(StrEnum):
    """Who signs."""

    FIRM = "firm"
    LAB = "lab"


class Check(StrEnum):
    """What is known of a field."""

    CHECKED = "CHECKED"
    DIFFERS = "DIFFERS"
    SHOWN = "SHOWN"
    UNCHECKABLE = "UNCHECKABLE"


RECORDS: Mapping[Kind, type[Record]] = {Kind.ORDER: Order, Kind.REDEMPTION: Redemption, Kind.RELEASE: Release}
_KIND_OF = {record.__name__: kind for kind, record in RECORDS.items()}


class DocumentMalformed(TongquanError):
    """A file is no document of this command line."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One field, what it says, and what is known of it."""

    field: str
    value: object
    check: Check
    expected: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document with the facts that were asked for, and the signatures so far."""

    kind: Kind
    asked: Mapping[str, Any]
    id: Id
    typed_data: Mapping[str, Any]
    salt: bytes | None = None
    signatures: Mapping[Party, bytes] = field(default_factory=dict)

    @classmethod
    def prepared(cls, kind: Kind, asked: Mapping[str, Any], answer: Mapping[str, Any]) -> Self:
        """What a gateway prepared."""
        try:
            salt = answer.get("salt")
            return cls(
                kind=kind,
                asked=asked,
                id=Id(_bytes(answer["id"])),
                typed_data=answer["typed_data"],
                salt=None if salt is None else _bytes(salt),
            )
        except (KeyError, ValueError, TypeError) as malformed:
            raise Differs(
                "DocumentMalformed", f"网关的答复不是文件。 The gateway's answer is no document: {malformed!r}", {}
            ) from malformed

    @classmethod
    def answered(cls, asked: Path, prepared: Path) -> Self:
        """
        What somebody asked a gateway for, and what it answered, each as a file of JSON. Its kind is the typed data's.

        Raises:
            DocumentMalformed: a file is no JSON object.
            Differs: the answer is no document of a kind that parties sign.
        """
        facts, answer = read_json(asked), read_json(prepared)
        kind = _KIND_OF.get(_primary_type(answer))
        if kind is None:
            raise Differs("DocumentMalformed", f"{prepared} 不是待签文件。 {prepared} is no document to sign.", {})
        return cls.prepared(kind, facts, answer)

    @classmethod
    def read(cls, path: Path) -> Self:
        """
        Read a document's file.

        Raises:
            DocumentMalformed: it is none.
        """
        try:
            found = read_json(path)
            kind = Kind(found["kind"])
            return cls.prepared(kind, dict(found["asked"]), found).with_signatures(found["signatures"])
        except (ValueError, KeyError, TypeError, AttributeError, Differs) as malformed:
            raise DocumentMalformed(f"{path} 不是待签文件。 {path} is no document to sign: {malformed!r}") from malformed

    def write(self, path: Path, *, new: bool) -> None:
        """Write it, over the one that was read or as a new file. It names companies: only its owner may read it."""
        told = {
            "kind": self.kind,
            "asked": dict(self.asked),
            "id": "0x" + self.id.hex(),
            "typed_data": self.typed_data,
            "salt": None if self.salt is None else "0x" + self.salt.hex(),
            "signatures": {party: "0x" + signature.hex() for party, signature in self.signatures.items()},
        }
        content = json.dumps(told, ensure_ascii=False, indent=2).encode() + b"\n"
        if new:
            write_new(path, content)
        else:
            put_in_place(path, content, mode=OWNER_ONLY)

    def record(self, domain: Domain) -> Record:
        """
        The record, read as strictly as a gateway reads it.

        Raises:
            CodecError: it is for another chain or contract, or not exactly what this library would have written.
        """
        return parse_typed_data(dict(self.typed_data), RECORDS[self.kind], domain)

    def with_signatures(self, found: Mapping[str, str]) -> Self:
        """The same with signatures as a file has them, by party."""
        return replace(self, signatures={Party(name): _bytes(each) for name, each in found.items()})

    def signed_with(self, key: bytes, party: Party, domain: Domain) -> Self:
        """The same with one more signature. Examine it first."""
        return replace(self, signatures={**self.signatures, party: sign(self.record(domain), domain, key)})

    def signers(self, domain: Domain) -> dict[str, str | None]:
        """Whose signatures stand under it; None where it is nobody's."""
        signed = digest(self.record(domain), domain)
        return {party: signer_of(signed, signature) for party, signature in self.signatures.items()}


def read_json(path: Path) -> dict[str, Any]:
    """
    The JSON object in a file.

    Raises:
        DocumentMalformed: there is none.
        SettingRefused: the file cannot be read.
    """
    try:
        found = json.loads(content_of(path))
    except ValueError as malformed:
        raise DocumentMalformed(f"{path} 不是 JSON。 {path} is no JSON: {malformed}") from malformed
    if not isinstance(found, dict):
        raise DocumentMalformed(f"{path} 不是 JSON 对象。 {path} holds no JSON object.")
    return found


def _primary_type(answer: Mapping[str, Any]) -> str:
    document = answer.get("typed_data")
    return str(document.get("primaryType")) if isinstance(document, Mapping) else ""


def examine(document: Document, domain: Domain, *, now: int, known: Mapping[str, object]) -> list[Finding]:
    """
    Every field of a document, and what is known of it.

    `known` is what the signer knows besides, by the field's name: typed, or answered by his own gateway.

    Raises:
        CodecError: it is for another chain or contract, or not in its form.
        DocumentMalformed: what was asked for lacks a fact, or one is of another form.
    """
    record = document.record(domain)
    found = [_compare("id", document.id, id_of(record))]
    try:
        found += list(_EXAMINERS[document.kind](record, document, now))
    except (KeyError, TypeError, ValueError, AttributeError) as malformed:
        raise DocumentMalformed(f"所要求的内容不全或有误。 What was asked for is incomplete or malformed: {malformed!r}") from malformed
    return [_with(finding, known) for finding in found]


def require_agreed(findings: list[Finding]) -> None:
    """
    Nothing differs.

    Raises:
        Differs: something does; the values say what was expected.
    """
    wrong = [each for each in findings if each.check is Check.DIFFERS]
    if wrong:
        values = {
            each.field: {"found": _in_json(each.field, each.value), "expected": _in_json(each.field, each.expected)} for each in wrong
        }
        names = ", ".join(values)
        raise Differs(
            "DocumentDiffers", f"文件内容与所要求的不符，未签名：{names}。 It says something else than was asked: {names}.", values
        )


def _in_json(name: str, value: object) -> object:
    return str(value) if name in MONEY and isinstance(value, int) else value


def _order(record: Any, document: Document, now: int) -> Iterator[Finding]:
    asked = document.asked
    lab = asked.get("lab")
    yield Finding("voucher", record.voucher, Check.UNCHECKABLE)
    yield Finding("lab", record.lab, Check.SHOWN) if lab is None else _compare("lab", record.lab, _bytes(lab))
    yield _compare("item", record.item, NO_ID if asked.get("item") is None else id_of(Item(record.lab, asked["item"])))
    yield _tag("project", record.project, _PARTY_EPOCHS)
    yield _compare("amount", record.amount, int(asked["amount"]))
    yield _lasting(record.valid_until, asked, now)


def _redemption(record: Any, document: Document, now: int) -> Iterator[Finding]:
    asked = document.asked
    invoice = asked["invoice"]
    yield _compare("order", record.order, _bytes(asked["order"]))
    yield Finding("attempt", record.attempt, Check.SHOWN)
    yield _compare("cost", record.cost, int(asked["cost"]))
    if asked.get("subsidy") is not None:
        yield _compare("subsidy", record.subsidy, int(asked["subsidy"]))
    else:
        yield Finding("subsidy", record.subsidy, Check.SHOWN if record.subsidy <= record.cost else Check.DIFFERS, record.cost)
    yield _tag("agreement", record.agreement, _PARTY_EPOCHS)
    year = invoice_year(invoice["number"], invoice.get("code")) - EPOCH_YEAR
    yield _tag("invoice", record.invoice, range(year, year + 1))
    yield _compare("invoice_amount", record.invoice_amount, int(asked["invoice_amount"]))
    if document.salt is None:
        yield Finding("result", record.result, Check.DIFFERS, "salt")
    else:
        yield _compare("result", record.result, salted(bytes.fromhex(asked["report_sha256"]), document.salt))
    yield _lasting(record.valid_until, asked, now)


def _release(record: Any, document: Document, now: int) -> Iterator[Finding]:
    yield _compare("order", record.order, _bytes(document.asked["order"]))
    yield Finding("attempt", record.attempt, Check.SHOWN)
    yield _lasting(record.valid_until, document.asked, now)


_EXAMINERS: Mapping[Kind, Callable[[Any, Document, int], Iterator[Finding]]] = {
    Kind.ORDER: _order,
    Kind.REDEMPTION: _redemption,
    Kind.RELEASE: _release,
}


def _compare(name: str, found: object, expected: object) -> Finding:
    return Finding(name, found, Check.CHECKED if found == expected else Check.DIFFERS, expected)


def _tag(name: str, tag: bytes, epochs: range) -> Finding:
    if tag[0] in epochs:
        return Finding(name, tag, Check.UNCHECKABLE)
    span = "–".join(str(each) for each in sorted({epochs[0], epochs[-1]}))
    return Finding(name, tag, Check.DIFFERS, f"第 {span} 期的标识 a tag of epoch {span}")


def _lasting(until: int, asked: Mapping[str, Any], now: int) -> Finding:
    latest = now + int(asked.get("valid_seconds", DEFAULT_SECONDS)) + CLOCK_SECONDS
    return Finding("valid_until", until, Check.CHECKED if now < until <= latest else Check.DIFFERS, latest)


def _with(finding: Finding, known: Mapping[str, object]) -> Finding:
    if finding.field not in known or finding.check is Check.DIFFERS:
        return finding
    return _compare(finding.field, finding.value, known[finding.field])


def _bytes(text: Any) -> bytes:
    if not isinstance(text, str) or not text.startswith("0x"):
        raise ValueError(f"{text!r} does not begin with 0x")
    return bytes.fromhex(text[2:])
