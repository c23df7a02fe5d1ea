"""Quote (试算), verification (核验) of one voucher or many, and the hotline's three facts. They change nothing."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import orjson

from gateway import shapes
from gateway.callers import Caller
from gateway.errors import Problem, problem_of
from gateway.inquiries import LookUp
from gateway.looked_up import Subject
from gateway.office import Judged, Office
from gateway.query_numbers import query_number
from gateway.schemas import (
    BlockSeen,
    FactsRequest,
    Quoted,
    QuoteRequest,
    Reason,
    ReasonTold,
    ThreeFacts,
    Verification,
    VerificationRequest,
    Verifications,
    VerificationsRequest,
)
from gateway.sight import (
    agreement_asked,
    change_that_ends,
    lab_asked,
    looked_up,
    only,
    projects_named,
    require_may_be_asked,
    voucher_named,
    vouchers_named,
)
from gateway.verification import Use, reasons, three_facts
from registry import CodeRefused, EpochMissing, Facts, Fen, Id, Item, Region, Rejected, Snapshot, epoch_of, id_of, subsidy_quote

# By names: what a function within a function is annotated with is made anew each time that it is.
_Judging = Callable[[], Judged]
_Numbers = Sequence[int]


class _Judgement(NamedTuple):
    """A verification before its row has a number."""

    status: Literal["VALID", "NOT_VALID", "UNKNOWN", "STALE"]
    block: BlockSeen
    reasons: Sequence[ReasonTold] = ()
    voucher: dict[str, Any] | None = None
    refused: Reason | None = None

    def told(self, query_number: str) -> dict[str, Any]:
        """What every answer tells of it: `Verification`, member by member."""
        return {
            "query_number": query_number,
            "status": self.status,
            "reasons": self.reasons,
            "voucher": self.voucher,
            "block": self.block,
        }


def quote(office: Office, caller: Caller, asked: QuoteRequest) -> Quoted:
    """What a cost would get. What was claimed under an agreement counts, and is so told: to those alone who know it anyway."""
    with looked_up(office, caller, "quote", asked.voucher) as subject, office.seen() as snapshot:
        voucher_id, voucher = voucher_named(office, snapshot, asked.voucher, subject)
        ledger = snapshot.ledger
        programme = ledger.programmes[voucher.programme]
        base = 0
        if asked.agreement is not None:
            agreement = agreement_asked(office, caller, snapshot, asked.agreement, epoch=epoch_of(voucher.firm))
            base = 0 if programme.flat else ledger.agreements[voucher.programme, agreement]
        available = ledger.balances[voucher_id].available
        quoted = subsidy_quote(programme.slices, base=base, cost=asked.cost, available=available, denomination=voucher.denomination)
        return Quoted(
            voucher_id=voucher_id,
            subsidy=quoted.subsidy,
            amount=quoted.amount,
            lapses=quoted.lapses,
            firm_pays=asked.cost - quoted.subsidy,
            reasons=reasons_against(office, snapshot, voucher_id, Use()),
            block=office.block_seen(snapshot),
        )


async def verification(office: Office, caller: Caller, asked: VerificationRequest) -> Verification:
    """Whether a voucher can be used, with every reason why not."""
    return Verification.model_validate_json(await office.inquiries.ask(caller, verifying(office, caller, asked)))


def verifying(office: Office, caller: Caller, asked: VerificationRequest) -> LookUp[Judged]:
    """What a verification looks up; its answer is the JSON of a `Verification`. Raises a problem if the caller looks too often."""
    office.lookup_rate.take(caller.name)
    subject = Subject(region=Region(asked.voucher.region))

    def answer(judged: _Judging) -> _Judgement:
        require_may_be_asked(office, caller, asked.voucher, subject)
        return _verified(office, subject, _lab_of(subject, caller, asked), asked, judged())

    def numbered(found: _Judgement, numbers: _Numbers) -> bytes:
        return _json(found.told(query_number(office.region, numbers[0])))

    return LookUp("verification", (subject,), answer, numbered)


async def verifications(office: Office, caller: Caller, asked: VerificationsRequest) -> Verifications:
    """The same of many, as of one block. One that cannot be a voucher does not spoil the others."""
    return Verifications.model_validate_json(await office.inquiries.ask(caller, verifying_many(office, caller, asked)))


def verifying_many(office: Office, caller: Caller, asked: VerificationsRequest) -> LookUp[Judged]:
    """What verifications of many look up: each counts, and stands in the log for itself. Raises as of one."""
    office.lookup_rate.take(caller.name, len(asked.verifications))
    subjects = [Subject(region=Region(each.voucher.region)) for each in asked.verifications]

    def answer(judged: _Judging) -> tuple[list[_Judgement], BlockSeen]:
        refusals = [_refused(office, caller, each, subject) for each, subject in zip(asked.verifications, subjects, strict=True)]
        labs = [_lab_of(subject, caller, each) for subject, each in zip(subjects, asked.verifications, strict=True)]
        state = judged()
        answers = [
            _verified_or_why(office, subject, lab, each, state, refused=refused)
            for subject, lab, each, refused in zip(subjects, labs, asked.verifications, refusals, strict=True)
        ]
        return answers, state.block

    def numbered(found: tuple[list[_Judgement], BlockSeen], numbers: _Numbers) -> bytes:
        answers = [
            each.told(query_number(office.region, number)) | {"refused": each.refused}
            for each, number in zip(found[0], numbers, strict=True)
        ]
        return _json({"verifications": answers, "block": found[1]})

    return LookUp("verification", subjects, answer, numbered)


def _json(answer: dict[str, Any]) -> bytes:
    # The chain's facts are JSON as they come: made a shape and that JSON again, they would take longer than judging. What else an answer
    # holds are shapes whose members are JSON.
    return orjson.dumps(answer, default=vars)


def facts(office: Office, caller: Caller, asked: FactsRequest) -> ThreeFacts:
    """The hotline's three facts."""
    with looked_up(office, caller, "facts", asked.voucher) as subject:
        with office.judged() as judged:
            found = _facts(office, caller, subject, asked, judged)
        subject.answer = found.status
        return found


def _facts(office: Office, caller: Caller, subject: Subject, asked: FactsRequest, judged: Judged) -> ThreeFacts:
    snapshot, block = judged.snapshot, judged.block
    if judged.doubt is not None:
        return ThreeFacts(status=judged.doubt, enterprise=None, serial=None, project=None, block=block)
    try:
        vouchers = vouchers_named(office, snapshot, asked.voucher, subject)
    except EpochMissing:
        return ThreeFacts(status="UNKNOWN", enterprise=None, serial=None, project=None, block=block)
    subject.voucher = vouchers[0] if len(vouchers) == 1 else None
    orders = [order for voucher in vouchers for order in snapshot.orders_of_voucher(voucher)]
    region = Region(asked.voucher.region)
    found = three_facts(
        snapshot.ledger,
        region=region,
        firms=office.keyring.firms(asked.voucher.firm),
        vouchers=vouchers,
        orders=orders,
        projects=projects_named(office, caller, snapshot, asked),
    )
    return ThreeFacts(
        status="ANSWERED",
        enterprise=found.enterprise,
        serial=found.serial,
        project={True: "TRUE", False: "FALSE", None: "NOT_REGISTERED"}[found.project],
        block=block,
    )


def _lab_of(subject: Subject, caller: Caller, asked: VerificationRequest) -> Id | None:
    subject.lab = lab_asked(caller, asked.lab)
    return subject.lab


def _refused(office: Office, caller: Caller, asked: VerificationRequest, subject: Subject) -> Problem | CodeRefused | None:
    """Why one of many cannot be asked, if so."""
    try:
        require_may_be_asked(office, caller, asked.voucher, subject)
    except (CodeRefused, Problem) as refused:
        return refused
    return None


def _verified_or_why(
    office: Office, subject: Subject, lab: Id | None, asked: VerificationRequest, judged: Judged, *, refused: Problem | CodeRefused | None
) -> _Judgement:
    try:
        if refused is not None:
            raise refused
        return _verified(office, subject, lab, asked, judged)
    except (CodeRefused, Problem) as refusal:
        problem = problem_of(refusal)
        subject.answer = problem["code"]
        why = Reason(code=problem["code"], values=problem["values"])
        told = shapes.reason(judged.snapshot, Rejected(problem["code"], problem["values"]))
        if isinstance(refusal, CodeRefused):
            # True of any block: no voucher bears such a code.
            return _Judgement("NOT_VALID", judged.block, reasons=[told])
        return _Judgement("UNKNOWN", judged.block, refused=why)


def _verified(office: Office, subject: Subject, lab: Id | None, asked: VerificationRequest, judged: Judged) -> _Judgement:
    found = _judgement(office, subject, lab, asked, judged)
    subject.answer, subject.block, subject.amount = found.status, found.block.number, asked.amount
    subject.against = codes_of(found.reasons)
    return found


def _judgement(office: Office, subject: Subject, lab: Id | None, asked: VerificationRequest, judged: Judged) -> _Judgement:
    snapshot, block = judged.snapshot, judged.block
    if judged.doubt is not None:
        return _Judgement(judged.doubt, block)
    try:
        found = vouchers_named(office, snapshot, asked.voucher, subject)
    except EpochMissing:
        return _Judgement("UNKNOWN", block)
    if not found:
        region = asked.voucher.region
        is_member = region in snapshot.ledger.regions
        unknown = Rejected("UnknownVoucher") if is_member else Rejected("UnknownRegion", {"region": region})
        return _Judgement("NOT_VALID", block, reasons=[shapes.reason(snapshot, unknown)])
    voucher_id = subject.voucher = only(found)
    item = None if lab is None or asked.item is None else id_of(Item(lab, asked.item))
    use = Use(lab, item, None if asked.amount is None else Fen(asked.amount))
    against = reasons_against(office, snapshot, voucher_id, use)
    return _Judgement("NOT_VALID" if against else "VALID", block, reasons=against, voucher=Facts(snapshot).voucher(voucher_id))


def codes_of(reasons: Sequence[ReasonTold]) -> str | None:
    """Reasons as the look-up log names them; None where there are none."""
    return " ".join([each.code for each in reasons]) or None


def reasons_against(office: Office, snapshot: Snapshot, voucher_id: Id, use: Use) -> list[ReasonTold]:
    """Why a voucher cannot be used so, by what is on record here and on the chain."""
    ended = change_that_ends(office, snapshot.ledger, snapshot.ledger.vouchers[voucher_id])
    of_office = [] if ended is None else [Rejected("FirmEnded", {"kind": ended.kind.value, "on": ended.day})]
    of_chain = reasons(snapshot.ledger, voucher_id, use, snapshot.time)
    return [shapes.reason(snapshot, each) for each in (*of_office, *of_chain)]
