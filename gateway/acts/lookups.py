"""Quote (试算), verification (核验) of one voucher or many, and the hotline's three facts. They change nothing."""

from collections.abc import Callable

from gateway import shapes
from gateway.callers import Caller
from gateway.errors import Problem, problem_of
from gateway.inquiries import LookUp
from gateway.looked_up import Subject
from gateway.office import Judged, Office
from gateway.schemas import (
    Facts,
    FactsRequest,
    Quoted,
    QuoteRequest,
    Reason,
    Verification,
    VerificationRequest,
    Verifications,
    VerificationsRequest,
)
from gateway.sight import lab_asked, looked_up, only, require_may_be_asked, voucher_named
from gateway.verification import Use, reasons, three_facts
from registry import CodeRefused, Fen, Id, Item, Region, Tag, id_of, subsidy_quote


def quote(office: Office, caller: Caller, asked: QuoteRequest) -> Quoted:
    """What a cost would get."""
    with looked_up(office, caller, "quote", asked.voucher) as subject, office.seen() as snapshot:
        voucher_id, voucher = voucher_named(snapshot, subject)
        ledger = snapshot.ledger
        programme = ledger.programmes[voucher.programme]
        base = 0
        if asked.agreement is not None and not programme.flat:
            agreement = office.keyring.agreement(asked.agreement.seller, asked.agreement.number)
            base = ledger.agreements[voucher.programme, agreement]
        available = ledger.balances[voucher_id].available
        quoted = subsidy_quote(programme.slices, base=base, cost=asked.cost, available=available, denomination=voucher.denomination)
        return Quoted(
            voucher_id=voucher_id,
            subsidy=quoted.subsidy,
            amount=quoted.amount,
            lapses=quoted.lapses,
            firm_pays=asked.cost - quoted.subsidy,
            block=office.block_seen(snapshot),
        )


async def verification(office: Office, caller: Caller, asked: VerificationRequest) -> Verification:
    """Whether a voucher can be used, with every reason why not."""
    found: Verification = await office.inquiries.ask(caller, verifying(office, caller, asked))
    return found


def verifying(office: Office, caller: Caller, asked: VerificationRequest) -> LookUp[Judged]:
    """What a verification looks up."""
    subject = Subject(region=Region(asked.voucher.region))

    def answer(judged: Callable[[], Judged]) -> Verification:
        require_may_be_asked(office, caller, asked.voucher, subject)
        return _verified(subject, lab_asked(caller, asked.lab), asked, judged())

    return LookUp("verification", (subject,), answer)


async def verifications(office: Office, caller: Caller, asked: VerificationsRequest) -> Verifications:
    """The same of many, as of one block. One that cannot be a voucher does not spoil the others."""
    found: Verifications = await office.inquiries.ask(caller, verifying_many(office, caller, asked))
    return found


def verifying_many(office: Office, caller: Caller, asked: VerificationsRequest) -> LookUp[Judged]:
    """What verifications of many look up: each stands in the log for itself."""
    subjects = [Subject(region=Region(each.voucher.region)) for each in asked.verifications]

    def answer(judged: Callable[[], Judged]) -> Verifications:
        refusals = [_refused(office, caller, each, subject) for each, subject in zip(asked.verifications, subjects, strict=True)]
        labs = [lab_asked(caller, each.lab) for each in asked.verifications]
        state = judged()
        answers = [
            _verified_or_why(subject, lab, each, state, refused)
            for subject, lab, each, refused in zip(subjects, labs, asked.verifications, refusals, strict=True)
        ]
        return Verifications(verifications=answers, block=state.block)

    return LookUp("verification", subjects, answer)


def facts(office: Office, caller: Caller, asked: FactsRequest) -> Facts:
    """The hotline's three facts."""
    with looked_up(office, caller, "facts", asked.voucher) as subject:
        project = office.keyring.project(asked.voucher.firm, asked.project)
        with office.judged() as judged:
            found = _facts(subject, asked, project, judged)
        subject.answer = found.status
        return found


def _facts(subject: Subject, asked: FactsRequest, project: Tag, judged: Judged) -> Facts:
    snapshot, block = judged.snapshot, judged.block
    if judged.doubt is not None:
        return Facts(status=judged.doubt, enterprise=None, serial=None, project=None, block=block)
    firm, _ = subject.tags
    vouchers = snapshot.vouchers_of(*subject.tags)
    subject.voucher = vouchers[0] if len(vouchers) == 1 else None
    orders = [order for voucher in vouchers for order in snapshot.orders_of_voucher(voucher)]
    region = Region(asked.voucher.region)
    found = three_facts(snapshot.ledger, region=region, firm=firm, vouchers=vouchers, orders=orders, project=project)
    return Facts(
        status="ANSWERED",
        enterprise=found.enterprise,
        serial=found.serial,
        project={True: "TRUE", False: "FALSE", None: "NOT_REGISTERED"}[found.project],
        block=block,
    )


def _refused(office: Office, caller: Caller, asked: VerificationRequest, subject: Subject) -> Problem | CodeRefused | None:
    """Why one of many cannot be asked, if so."""
    try:
        require_may_be_asked(office, caller, asked.voucher, subject)
    except (CodeRefused, Problem) as refused:
        return refused
    return None


def _verified_or_why(
    subject: Subject, lab: Id | None, asked: VerificationRequest, judged: Judged, refused: Problem | CodeRefused | None
) -> Verification:
    try:
        if refused is not None:
            raise refused
        return _verified(subject, lab, asked, judged)
    except (CodeRefused, Problem) as refusal:
        problem = problem_of(refusal)
        subject.answer = problem["code"]
        why = Reason(code=problem["code"], values=problem["values"])
        return Verification(status="NOT_VALID", reasons=[why], voucher=None, block=judged.block)


def _verified(subject: Subject, lab: Id | None, asked: VerificationRequest, judged: Judged) -> Verification:
    found = _judgement(subject, lab, asked, judged)
    subject.answer = found.status
    return found


def _judgement(subject: Subject, lab: Id | None, asked: VerificationRequest, judged: Judged) -> Verification:
    snapshot, block = judged.snapshot, judged.block
    if judged.doubt is not None:
        return Verification(status=judged.doubt, reasons=[], voucher=None, block=block)
    found = snapshot.vouchers_of(*subject.tags)
    if not found:
        return Verification(status="NOT_VALID", reasons=[Reason(code="UnknownVoucher", values={})], voucher=None, block=block)
    voucher_id = subject.voucher = only(found)
    item = None if lab is None or asked.item is None else id_of(Item(lab, asked.item))
    use = Use(lab, item, None if asked.amount is None else Fen(asked.amount))
    against = [shapes.reason(each) for each in reasons(snapshot.ledger, voucher_id, use, snapshot.time)]
    return Verification(
        status="NOT_VALID" if against else "VALID", reasons=against, voucher=shapes.voucher_seen(snapshot, voucher_id), block=block
    )
