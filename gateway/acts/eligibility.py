"""Who may get vouchers at all (申领资格), by a programme's file and what the office has established of a firm."""

from gateway import schemas
from gateway.acts.programmes import require_seen
from gateway.callers import Caller
from gateway.errors import Problem
from gateway.firm_facts import Stated
from gateway.office import Office
from gateway.sight import head_for, not_found, require_of_this_region
from registry import Applicant, Fen, Finding, Id, Time, Who, company_code, decide_eligibility


def state(office: Office, caller: Caller, asked: schemas.FirmFactsStatement, intent_id: str) -> schemas.FirmFactsStated:
    """Put what was established of firms on record."""
    require_of_this_region(office, caller)
    facts = {company_code(each.firm): _applicant(each) for each in asked.firms}
    if len(facts) != len(asked.firms):
        raise Problem(422, "FirmRepeated", "同一企业出现多次，未登记任何材料。 A firm is named twice; nothing was put on record.")
    office.firm_facts.state(facts, intent_id=intent_id, at=Time(int(office.clock())), by=caller.name)
    return schemas.FirmFactsStated(stated=len(facts))


def history(office: Office, caller: Caller, asked: schemas.FirmNamed) -> schemas.FirmFactsHistory:
    """Everything that was put on record of a firm."""
    require_of_this_region(office, caller)
    head = office.firm_facts.head
    return schemas.FirmFactsHistory(
        facts=[on_record(each) for each in office.firm_facts.history(company_code(asked.firm))],
        head=head_for(caller, head),
    )


def eligibility(office: Office, caller: Caller, programme_id: Id, asked: schemas.FirmNamed) -> schemas.EligibilitySeen:
    """Whether a firm may get vouchers of a programme of this region, as things stand."""
    require_of_this_region(office, caller)
    firm = company_code(asked.firm)
    with office.seen() as snapshot:
        programme = require_seen(caller, snapshot, programme_id)
        if programme.region != office.region:
            raise not_found("programme", programme_id)
        stated = office.firm_facts.latest(firm)
        policy = office.programme_files.of(programme).policy
        decided = decide_eligibility(policy, None if stated is None else stated.applicant, now=snapshot.time)
        return schemas.EligibilitySeen(
            programme_id=programme_id,
            policy_hash=programme.policy_hash,
            verdict=decided.verdict.value,
            ways=[findings_seen(way) for way in decided.ways],
            block=office.block_seen(snapshot),
        )


def findings_seen(findings: tuple[Finding, ...]) -> list[schemas.FindingSeen]:
    """Findings as they are answered."""
    return [schemas.FindingSeen(rule=each.rule, fact=each.fact, verdict=each.verdict.value, zh=each.zh, en=each.en) for each in findings]


def _applicant(facts: schemas.FirmFacts) -> Applicant:
    return Applicant(
        who=Who(facts.who),
        registered_here=facts.registered_here,
        staff=facts.staff,
        revenue=None if facts.revenue is None else Fen(facts.revenue),
        capital=None if facts.capital is None else Fen(facts.capital),
        marks=None if facts.marks is None else {name: None if until is None else Time(until) for name, until in facts.marks.items()},
        reviewed=facts.reviewed,
    )


def on_record(stated: Stated) -> schemas.FirmFactsOnRecord:
    """Facts as they are answered."""
    # Money goes in as text, as a caller would write it: that is how the shape reads it.
    told = {name: getattr(stated.applicant, name) for name in ("registered_here", "staff", "reviewed")}
    money = {name: None if (amount := getattr(stated.applicant, name)) is None else str(amount) for name in ("revenue", "capital")}
    marks = None if stated.applicant.marks is None else dict(stated.applicant.marks)
    return schemas.FirmFactsOnRecord.model_validate(
        told
        | money
        | {"who": stated.applicant.who.value, "marks": marks, "number": stated.number, "stated_at": stated.at, "stated_by": stated.by}
    )
