"""
An auditor's look at a programme's decisions (发放决定审计): each made again from the file and its own basis, then held against the chain.

Pure: what the chain says is read by `registry.grants`.

    audit_decisions(file, policy_hash, told)            what can be said from the file alone
    audit_decisions(file, policy_hash, told, issued)    and besides, whether the chain was left out or told otherwise

What neither can show: that the facts are true, and that a gateway did not write its book anew. The first is for whoever has the region's
record of firms' facts and their papers, the second for whoever kept a head of the book.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from registry.codec import id_of
from registry.decisions import DecisionMalformed, VoucherDecision, decide_voucher, read_decision
from registry.model import Digest, Fen, Id, Tag, Time
from registry.policy import Finding, Granted, Used
from registry.programme_file import OPENING_SUFFIX, ProgrammeFile, read_programme_file
from registry.tags import epoch_of


class DecisionFault(StrEnum):
    """
    How a decision differs from what was worked out.

    FILE: the file has not the hash by which the programme was opened; nothing more is said then. MALFORMED: it cannot be read.
    PROGRAMME, POLICY_HASH: it is of another one. FINDINGS: other rules, facts, verdicts or words follow from its basis.
    DOES_NOT_HOLD: by what follows, the voucher was not to be issued.

    By the chain: DECISION_MISSING of a voucher; FACE other than the voucher's; JUDGED_LATER than it was issued; GRANT_LEFT_OUT, one
    that was made before to the same firm; NOT_AN_EARLIER_GRANT of this firm; GRANT told with another time, programme or face;
    MORE_USED of a grant than there ever was up to then.
    """

    FILE = "FileDiffers"
    MALFORMED = "DecisionMalformed"
    PROGRAMME = "ProgrammeDiffers"
    POLICY_HASH = "PolicyHashDiffers"
    FINDINGS = "FindingsDiffer"
    DOES_NOT_HOLD = "DoesNotHold"
    DECISION_MISSING = "DecisionMissing"
    FACE = "FaceDiffers"
    JUDGED_LATER = "JudgedLater"
    GRANT_LEFT_OUT = "GrantLeftOut"
    NOT_AN_EARLIER_GRANT = "NotAnEarlierGrant"
    GRANT = "GrantDiffers"
    MORE_USED = "MoreUsed"


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionDifference:
    """What is wrong with the decision on a voucher (None: with the file): what it tells, and what was worked out. Ready for JSON."""

    voucher: str | None
    fault: DecisionFault
    told: Any = None
    expected: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedSoFar:
    """How much of a voucher had come how far at some time; what came further counts too."""

    at: Time
    amounts: Mapping[Used, Fen]


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuance:
    """A voucher as the chain has it: to which firm's tag, under which programme and code, when, and every change of its use since."""

    voucher: Id
    programme: Id
    code: str
    firm: Tag
    face: Fen
    at: Time
    uses: tuple[UsedSoFar, ...] = ()

    @property
    def is_carried(self) -> bool:
        """Whether it was carried over from an older ledger (存量台账), where its grant was decided."""
        return self.code.endswith(OPENING_SUFFIX)

    def most_used(self, kind: Used, *, until: Time) -> int:
        """The most that was ever used of it up to a time, its last second included."""
        return max((each.amounts[kind] for each in self.uses if each.at <= until), default=0)


def audit_decisions(
    file: str, policy_hash: Digest, told: Sequence[Mapping[str, Any]], issued: Sequence[Issuance] | None = None
) -> list[DecisionDifference]:
    """
    Every difference of a programme's decisions, in the order in which they are told; then those that the chain shows, in order of issue.

    `policy_hash` is the one on the chain, `told` the decisions' documents in the order of the book: of several on one voucher the last
    counts. `issued` is every voucher of the programme's region, in the order of issue.

    Raises:
        ProgrammeFileRefused: the text is no programme file.
    """
    read = read_programme_file(file)
    if read.programme.policy_hash != policy_hash:
        told_hash, expected = _hex(read.programme.policy_hash), _hex(policy_hash)
        return [DecisionDifference(voucher=None, fault=DecisionFault.FILE, told=told_hash, expected=expected)]
    found: list[DecisionDifference] = []
    decisions: dict[Id, VoucherDecision] = {}
    for each in told:
        try:
            decision = read_decision(each)
        except DecisionMalformed as malformed:
            found.append(DecisionDifference(voucher=str(each.get("voucher_id")), fault=DecisionFault.MALFORMED, told=malformed.reason))
            continue
        decisions[decision.basis.voucher] = decision
        found += _worked_out_again(read, decision)
    if issued is not None:
        found += _by_the_chain(id_of(read.programme), decisions, issued)
    return found


# From the file alone


def _worked_out_again(file: ProgrammeFile, decision: VoucherDecision) -> Iterator[DecisionDifference]:
    basis, programme = decision.basis, id_of(file.programme)
    if basis.programme != programme:
        yield _differs(DecisionFault.PROGRAMME, decision, _hex(basis.programme), _hex(programme))
    if basis.policy_hash != file.programme.policy_hash:
        yield _differs(DecisionFault.POLICY_HASH, decision, _hex(basis.policy_hash), _hex(file.programme.policy_hash))
    again = decide_voucher(file.policy, file.programme.code, basis)
    if again != decision:
        worked_out = again.document()
        yield _differs(DecisionFault.FINDINGS, decision, _findings_of(decision.document()), _findings_of(worked_out))
    if again.against:
        yield _differs(DecisionFault.DOES_NOT_HOLD, decision, None, [_words(each) for each in again.against])


def _findings_of(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: document[name] for name in ("eligibility", "grant")}


def _words(finding: Finding) -> str:
    return f"{finding.zh} {finding.en}"


# By the chain


def _by_the_chain(programme: Id, decisions: Mapping[Id, VoucherDecision], issued: Iterable[Issuance]) -> Iterator[DecisionDifference]:
    before: dict[Id, Issuance] = {}
    of_firm: dict[Tag, list[Issuance]] = defaultdict(list)
    for voucher in issued:
        if voucher.programme == programme and not voucher.is_carried:
            decision = decisions.get(voucher.voucher)
            if decision is None:
                yield DecisionDifference(voucher=_hex(voucher.voucher), fault=DecisionFault.DECISION_MISSING)
            else:
                yield from _of_voucher(decision, voucher)
                yield from _left_out(decision, of_firm[voucher.firm])
                yield from _counted(decision, voucher, before)
        before[voucher.voucher] = voucher
        of_firm[voucher.firm].append(voucher)


def _of_voucher(decision: VoucherDecision, voucher: Issuance) -> Iterator[DecisionDifference]:
    basis = decision.basis
    if basis.face != voucher.face:
        yield _differs(DecisionFault.FACE, decision, str(basis.face), str(voucher.face))
    if basis.at > voucher.at:
        yield _differs(DecisionFault.JUDGED_LATER, decision, basis.at, voucher.at)


def _left_out(decision: VoucherDecision, earlier: Sequence[Issuance]) -> Iterator[DecisionDifference]:
    counted = {each.voucher for each in decision.basis.earlier}
    for each in earlier:
        if each.voucher not in counted and not each.is_carried:
            yield _differs(DecisionFault.GRANT_LEFT_OUT, decision, None, _hex(each.voucher))
    for code in sorted({each.code for each in earlier if each.is_carried}):
        # An older ledger's vouchers are counted by the grants there, of which the chain has what was left: it is never more.
        told = sum(each.face for each in decision.basis.earlier if each.voucher is None and each.code == code)
        least = sum(each.face for each in earlier if each.code == code)
        if told < least:
            yield _differs(DecisionFault.GRANT_LEFT_OUT, decision, *({"programme": code, "face": str(face)} for face in (told, least)))


def _counted(decision: VoucherDecision, own: Issuance, before: Mapping[Id, Issuance]) -> Iterator[DecisionDifference]:
    named = {each.voucher for each in decision.basis.earlier if each.voucher is not None}
    left: dict[Id | None, Issuance] = {each: before[each] for each in named if each in before}
    for granted in decision.basis.earlier:
        # Taken out, so that none is counted twice: a second time, its use would weigh more than that of the others.
        yield from _of_grant(decision, own, granted, left.pop(granted.voucher, None))


def _of_grant(decision: VoucherDecision, own: Issuance, granted: Granted, chain: Issuance | None) -> Iterator[DecisionDifference]:
    """What is wrong with an earlier grant that a decision counted; `chain` is its voucher, if that was issued before `own`."""
    if granted.voucher is None and granted.code.endswith(OPENING_SUFFIX):
        return  # of an older ledger, whose list the chain does not know
    # Tags of other epochs cannot be compared without the keys: such a voucher may be the same firm's.
    if chain is None or (chain.firm != own.firm and epoch_of(chain.firm) == epoch_of(own.firm)):
        yield _differs(DecisionFault.NOT_AN_EARLIER_GRANT, decision, None if granted.voucher is None else _hex(granted.voucher), None)
        return
    at = decision.basis.at
    # What an earlier row of the same list gives is counted before it is on the chain, as of the time by which the list is judged.
    told, expected = (granted.at, granted.code, granted.face), (min(chain.at, at), chain.code, chain.face)
    if told != expected:
        yield _differs(DecisionFault.GRANT, decision, _grant(chain.voucher, *told), _grant(chain.voucher, *expected))
    for kind in Used:
        most = chain.most_used(kind, until=at)
        if granted.used(kind) > most:
            yield _differs(
                DecisionFault.MORE_USED, decision, _use(chain.voucher, kind, granted.used(kind)), _use(chain.voucher, kind, most)
            )


def _grant(voucher: Id, at: Time, code: str, face: Fen) -> dict[str, Any]:
    return {"voucher_id": _hex(voucher), "at": at, "programme": code, "face": str(face)}


def _use(voucher: Id, kind: Used, amount: int) -> dict[str, Any]:
    return {"voucher_id": _hex(voucher), kind.value.lower(): str(amount)}


def _differs(fault: DecisionFault, decision: VoucherDecision, told: Any, expected: Any) -> DecisionDifference:
    return DecisionDifference(voucher=_hex(decision.basis.voucher), fault=fault, told=told, expected=expected)


def _hex(value: bytes) -> str:
    return "0x" + value.hex()
