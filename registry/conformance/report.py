"""
The report of a rehearsal (符合性报告): what was checked and what came of it, signed by the candidate's region. Pure.

Its canonical form is that of a month's statement (`registry.statement`): JSON, keys sorted, no spaces, UTF-8. What is signed (EIP-712) is a
`ConformanceReport`: the region and the SHA-256 of those bytes, for the chain and registry of the rehearsal. The signer is the account that
was the region's admin there, and has to be the one that the members are asked to admit.

Warning: offline, a report proves who says it and that nothing in it was changed, not that it is so. A node of the rehearsal's network
shows whether what it names happened.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

from registry.canonical import canonical_json, json_of
from registry.codec import Domain, digest
from registry.conformance.refusals import ReportRefused
from registry.events import Contract, MalformedEvent, decode
from registry.model import Address, Digest, Record, Region, Time
from registry.ports import Log
from registry.signing import SIGNATURE_BYTES, signer_of
from registry.solidity import keccak

Known = Mapping[str, Sequence[str]]
"""The checks of this version by their ids, in the order of playing, each with the names of the events that it causes."""

FORMAT = "tongquan conformance report 1"
MOST_NUMBER = 2**37
"""Of blocks and seconds; the calendar goes a little further."""


@dataclass(frozen=True, slots=True)
class EventNamed:
    """One event that a check caused: where it stands, and the hash of its topics and data."""

    block: int
    index: int
    transaction: str
    contract: str
    name: str
    hash: str

    @classmethod
    def of(cls, log: Log, contracts: Mapping[Address, Contract]) -> Self:
        """A log entry of one of these contracts."""
        content = keccak(b"".join(log.topics) + log.data)
        name = event_name(log, contracts[log.address])
        return cls(log.block, log.index, "0x" + log.transaction.hex(), log.address.lower(), name, "0x" + content.hex())


def event_name(log: Log, contract: Contract) -> str:
    """The name of a contract's event; `?` of what is none."""
    try:
        return type(decode(contract, log.topics, log.data)).__name__
    except MalformedEvent:
        return "?"


@dataclass(frozen=True, slots=True)
class Result:
    """What one check came to. `ok` is None where it cannot be played before `due`."""

    id: str
    verb: str
    zh: str
    en: str
    asked: Sequence[Mapping[str, Any]]
    expected: Any
    got: Any
    ok: bool | None
    due: Time | None
    events: Sequence[EventNamed]

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Self:
        """One out of a report."""
        return cls(**{**told, "events": [EventNamed(**each) for each in told["events"]]})


@dataclass(frozen=True, slots=True)
class ConformanceReport(Record):
    """What a candidate's admin signs: that `report` is the SHA-256 of its report. No contract reads it."""

    region: Region = field(metadata={"type": "uint24", "name": None})
    report: Digest = field(metadata={"type": "bytes32", "name": None})


class Outcome(StrEnum):
    """What the checks of a report come to. An incomplete one has nothing against it: some are not due yet, or it is of another version."""

    CONFORMS = "CONFORMS"
    INCOMPLETE = "INCOMPLETE"
    DOES_NOT_CONFORM = "DOES_NOT_CONFORM"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a report says of itself, by check id: what did not come out, what is not due yet, and what this version checks besides."""

    passed: int
    failed: Sequence[str]
    not_due: Mapping[str, int]
    missing: Sequence[str]
    unknown: Sequence[str]

    @property
    def clean(self) -> bool:
        """Whether every check that this version knows is in it, and passed."""
        return self.outcome is Outcome.CONFORMS

    @property
    def outcome(self) -> Outcome:
        """What they come to."""
        if self.failed:
            return Outcome.DOES_NOT_CONFORM
        return Outcome.INCOMPLETE if self.not_due or self.missing or self.unknown else Outcome.CONFORMS

    @property
    def whole_from(self) -> int | None:
        """From when on all that is left can be checked; None where nothing is."""
        return max(self.not_due.values(), default=None)


@dataclass(frozen=True, slots=True)
class SignedReport:
    """A report with the signature of its region."""

    document: Mapping[str, Any]
    signature: bytes

    @classmethod
    def read(cls, content: bytes) -> Self:
        """
        A file that holds both.

        Raises:
            ReportRefused: it does not, or not in the form of this version.
        """
        try:
            found = json_of(content)
            document, signature = found["report"], bytes.fromhex(found["signature"].removeprefix("0x"))
            signed = cls(document, signature)
            if document["format"] != FORMAT or len(signature) != SIGNATURE_BYTES or not signed.results or not _has_form(signed):
                raise ReportRefused("it is of another form")
            _ = signed.to_sign, signed.domain, signed.signer
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as malformed:
            raise ReportRefused("it has no report and signature") from malformed
        return signed

    @property
    def results(self) -> list[Result]:
        """What its checks came to."""
        return [Result.read(each) for each in self.document["checks"]]

    @property
    def to_sign(self) -> ConformanceReport:
        """What its region signed."""
        return to_sign(self.document)

    @property
    def domain(self) -> Domain:
        """The chain and registry that it is signed for."""
        return domain_of(self.document)

    @property
    def signer(self) -> str:
        """The account that it says has signed."""
        return str(self.document["signer"])

    def content(self) -> bytes:
        """The file."""
        return canonical_json({"report": self.document, "signature": "0x" + self.signature.hex()})

    def require_signed(self) -> Address:
        """
        The account that signed.

        Raises:
            ReportRefused: it is not the one that the report names.
        """
        signer = signer_of(digest(self.to_sign, self.domain), self.signature)
        if signer is None or signer.lower() != self.signer.lower():
            raise ReportRefused("it is not signed by the account that it names")
        return signer

    def reading(self, known: Known) -> Reading:
        """
        How it stands beside the checks that this version knows.

        A check passed if what it got is what it expected, whatever it says, and if it names just the events that such a check causes,
        none of which another names.
        """
        results = self.results
        ids = [each.id for each in results]
        places = Counter((event.block, event.index) for each in results for event in each.events)
        failed = [each.id for each in results if each.due is None and not (each.ok and each.got == each.expected and _caused(each, known))]
        shared = [each.id for each in results if any(places[event.block, event.index] > 1 for event in each.events)]
        failed += [each for each in dict.fromkeys([*shared, *ids]) if each not in failed and (each in shared or ids.count(each) > 1)]
        return Reading(
            passed=sum(each.ok is True for each in results if each.id not in failed),
            failed=failed,
            not_due={each.id: each.due for each in results if each.due is not None},
            missing=[each for each in known if each not in ids],
            unknown=[each for each in ids if each not in known],
        )


def _has_form(report: SignedReport) -> bool:
    """Texts are lines, so that none passes for another on a page, and numbers are numbers, of times within the calendar."""
    document, results = report.document, report.results
    chain, software = document["chain"], document["software"]
    texts = [software["version"], software["checks"], document["gateway"]["url"], document["signer"], chain["genesis_hash"]]
    texts += [text for each in results for text in (each.id, each.verb, each.zh, each.en)]
    texts += [text for name, contract in chain["contracts"].items() for text in (name, contract["address"], contract["code_sha256"])]
    numbers = [*(chain[at][what] for at in ("first", "last") for what in ("number", "time"))]
    numbers += [number for each in results for event in each.events for number in (event.block, event.index)]
    numbers += [each.due for each in results if each.due is not None]
    are_lines = all(isinstance(each, str) and each.isprintable() for each in texts)
    return are_lines and all(type(each) is int and 0 <= each <= MOST_NUMBER for each in numbers)


def _caused(result: Result, known: Known) -> bool:
    return result.id not in known or [each.name for each in result.events] == list(known[result.id])


def document_of(head: Mapping[str, Any], results: Sequence[Result]) -> dict[str, Any]:
    """A report as JSON has it: `head` is all but its checks."""
    return {"format": FORMAT, **head, "checks": [asdict(each) for each in results]}


def to_sign(document: Mapping[str, Any]) -> ConformanceReport:
    """What is signed of a report."""
    return ConformanceReport(Region(document["region"]), Digest(hashlib.sha256(canonical_json(document)).digest()))


def domain_of(document: Mapping[str, Any]) -> Domain:
    """What a report's signature is made for."""
    chain = document["chain"]
    return Domain(chain["chain_id"], Address(chain["contracts"]["registry"]["address"]))
