"""
The decision by which a voucher was issued (发放决定): from what it was made, and what was found, rule by rule. Pure.

A gateway keeps each before it issues the voucher and tells it in this form, so that an officer can read it to the firm, and whoever has
the programme's file makes it again from its own basis (`registry.decision_audit`). It names no firm: the voucher's id does.

A changed policy is a new programme with a hash of its own, so an old decision is for ever one of the file that it names.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.errors import TongquanError
from registry.model import Digest, Fen, Id, Time
from registry.policy import Applicant, Decision, Finding, Granted, Policy, Verdict, Who, decide_eligibility, decide_grant

_MONEY = re.compile("0|[1-9][0-9]{0,18}")
_ID = re.compile("0x[0-9a-f]{64}")


class DecisionMalformed(TongquanError):
    """What was told as a decision is none; `reason` says where."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"this is no decision: {reason}")
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionBasis:
    """
    From what a decision was made (依据): whose policy, at what time, for how much face, on which facts, after which grants.

    `facts_number` is the row of the region's record of firms' facts that counted then; None, as `facts`, where nothing was on record.
    """

    voucher: Id
    programme: Id
    policy_hash: Digest
    at: Time
    face: Fen
    facts_number: int | None
    facts: Applicant | None
    earlier: tuple[Granted, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherDecision:
    """A basis, and what was found by it: whether the firm is eligible, and whether it may be granted this much more."""

    basis: DecisionBasis
    eligibility: Decision
    grant: Decision

    @property
    def against(self) -> tuple[Finding, ...]:
        """All that does not hold; nothing where the voucher may be issued."""
        return self.eligibility.against + self.grant.against

    def document(self) -> dict[str, Any]:
        """It as it is kept and told, ready for JSON."""
        basis = self.basis
        return {
            "voucher_id": _hex(basis.voucher),
            "programme_id": _hex(basis.programme),
            "policy_hash": _hex(basis.policy_hash),
            "at": basis.at,
            "face": str(basis.face),
            "facts_number": basis.facts_number,
            "facts": None if basis.facts is None else _facts_told(basis.facts),
            "earlier": [_granted_told(each) for each in basis.earlier],
            "eligibility": [_findings_told(way) for way in self.eligibility.ways],
            "grant": _findings_told(self.grant.ways[0]),
        }


def decide_voucher(policy: Policy, code: str, basis: DecisionBasis) -> VoucherDecision:
    """Whether a voucher may be issued on this basis, under the policy of the programme with this code."""
    return VoucherDecision(
        basis=basis,
        eligibility=decide_eligibility(policy, basis.facts, now=basis.at),
        grant=decide_grant(policy, code, basis.earlier, amount=basis.face, now=basis.at),
    )


def read_decision(told: Mapping[str, Any]) -> VoucherDecision:
    """
    Read a decision from its document.

    Raises:
        DecisionMalformed: a part is missing or has another form.
    """
    try:
        return VoucherDecision(
            basis=DecisionBasis(
                voucher=Id(_id(told["voucher_id"])),
                programme=Id(_id(told["programme_id"])),
                policy_hash=Digest(_id(told["policy_hash"])),
                at=Time(_whole(told["at"])),
                face=_fen(told["face"]),
                facts_number=None if told["facts_number"] is None else _whole(told["facts_number"]),
                facts=None if told["facts"] is None else _facts(told["facts"]),
                earlier=tuple(_granted(each) for each in told["earlier"]),
            ),
            eligibility=Decision(ways=tuple(_findings(way) for way in told["eligibility"])),
            grant=Decision(ways=(_findings(told["grant"]),)),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as malformed:
        raise DecisionMalformed(repr(malformed)) from malformed


# Its parts, told and read


def _facts_told(facts: Applicant) -> dict[str, Any]:
    money = {name: None if (amount := getattr(facts, name)) is None else str(amount) for name in ("revenue", "capital")}
    marks = None if facts.marks is None else dict(facts.marks)
    told = {"who": facts.who.value, "registered_here": facts.registered_here, "staff": facts.staff, "reviewed": facts.reviewed}
    return told | money | {"marks": marks}


def _facts(told: Mapping[str, Any]) -> Applicant:
    def stated(name: str, kind: type) -> Any:
        # A text is as good as a truth value to `if`, and is none.
        if told[name] is not None and type(told[name]) is not kind:
            raise TypeError(name)
        return told[name]

    marks: dict[str, Any] | None = stated("marks", dict)
    return Applicant(
        who=Who(told["who"]),
        registered_here=stated("registered_here", bool),
        staff=stated("staff", int),
        revenue=None if told["revenue"] is None else _fen(told["revenue"]),
        capital=None if told["capital"] is None else _fen(told["capital"]),
        marks=None if marks is None else {name: None if until is None else Time(_whole(until)) for name, until in marks.items()},
        reviewed=stated("reviewed", bool),
    )


def _granted_told(granted: Granted) -> dict[str, Any]:
    amounts = {name: str(getattr(granted, name)) for name in ("face", "reserved", "redeemed", "settled")}
    voucher = None if granted.voucher is None else _hex(granted.voucher)
    return {"voucher_id": voucher, "at": granted.at, "programme": granted.code, **amounts}


def _granted(told: Mapping[str, Any]) -> Granted:
    return Granted(
        at=Time(_whole(told["at"])),
        code=_text(told["programme"]),
        face=_fen(told["face"]),
        reserved=_fen(told["reserved"]),
        redeemed=_fen(told["redeemed"]),
        settled=_fen(told["settled"]),
        voucher=None if told["voucher_id"] is None else Id(_id(told["voucher_id"])),
    )


def _findings_told(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    return [{"rule": each.rule, "fact": each.fact, "verdict": each.verdict.value, "zh": each.zh, "en": each.en} for each in findings]


def _findings(told: Sequence[Mapping[str, Any]]) -> tuple[Finding, ...]:
    return tuple(
        Finding(rule=each["rule"], fact=each["fact"], verdict=Verdict(each["verdict"]), zh=each["zh"], en=each["en"]) for each in told
    )


def _hex(value: bytes) -> str:
    return "0x" + value.hex()


def _id(told: Any) -> bytes:
    if not _ID.fullmatch(told):
        raise ValueError(f"{told!r} is no id")
    return bytes.fromhex(told[2:])


def _fen(told: Any) -> Fen:
    if not _MONEY.fullmatch(told):
        raise ValueError(f"{told!r} is no decimal text of whole fen")
    return Fen(int(told))


def _whole(told: Any) -> int:
    if type(told) is not int or told < 0:
        raise ValueError(f"{told!r} is no whole number")
    return told


def _text(told: Any) -> str:
    if type(told) is not str:
        raise ValueError(f"{told!r} is no text")
    return told
