"""
Issuing from a list (发放), and looking at what was issued.

The same list twice is the same issue: asked again, under whatever key, it is answered with the issue that there was.

Each row is judged by the programme's own file besides: whether the firm is eligible and may get this much more now. The contracts do
not know those rules.
"""

from collections.abc import Callable
from typing import Any

from gateway import shapes, voucher_list
from gateway.acts import eligibility
from gateway.callers import OFFICERS, Caller, Party
from gateway.cursors import Question
from gateway.errors import Problem
from gateway.looked_up import Subject, logged, logged_together
from gateway.office import Office
from gateway.schemas import BadRow, CarriedNotes, Issued, IssuedVoucher, IssueRequest, ListChecked, VoucherHistory, VoucherPage
from gateway.sight import (
    FIRM_ENDED,
    is_enrolled,
    may_see_voucher,
    not_found,
    of_voucher,
    own_tags,
    require_all_epochs,
    require_of_this_region,
)
from gateway.voucher_list import Parsed
from registry import (
    OPENING_SUFFIX,
    DecisionBasis,
    Digest,
    Done,
    Entry,
    Finding,
    Firm,
    Granted,
    Id,
    Issue,
    Ledger,
    Snapshot,
    Tag,
    Terms,
    VoucherDecision,
    decide,
    decide_voucher,
    epoch_of,
    granted_to,
    id_of,
    voucher_of,
)

Read = Callable[[Office, int], Parsed]
"""Reads a list, whatever form it came in, with tags of an epoch."""


def of_file(content: bytes) -> Read:
    """A list in Excel or CSV."""
    return lambda office, epoch: voucher_list.parse(content, region=office.region, keyring=office.keyring, epoch=epoch)


def of_rows(asked: IssueRequest) -> Read:
    """A list in JSON."""
    pairs = [(each.firm, each.serial) for each in asked.recipients]
    return lambda office, epoch: voucher_list.of_pairs(pairs, region=office.region, keyring=office.keyring, epoch=epoch)


def check(office: Office, caller: Caller, terms: Terms, read: Read) -> ListChecked:
    """What issuing this list would refuse: its terms, as issuing does, and its rows one by one. Issues nothing."""
    require_of_this_region(office, caller)
    client, epoch = office.client(caller), _epoch(office, terms)
    parsed = read(office, epoch)
    with office.current() as snapshot:
        _require_ordinary(snapshot, terms)
        if _earlier(snapshot, terms, parsed) is not None:
            return ListChecked(rows=parsed.count, bad=[], block=office.block_seen(snapshot))
        require_todays(office, epoch)
        bad, _ = _judged(office, snapshot, terms, parsed)
        if not bad:
            # Of the terms the contracts say what they would say by now.
            decide(snapshot.ledger, Issue(terms, ()), client.address, office.now(snapshot))
        return ListChecked(rows=parsed.count, bad=bad, block=office.block_seen(snapshot))


def issue(office: Office, caller: Caller, terms: Terms, read: Read, intent_id: str) -> Issued:
    """Issue one voucher for every row of a list, all or none."""
    client, epoch = office.client(caller), _epoch(office, terms)
    parsed = read(office, epoch)
    # One list at a time: what a firm may still get is decided by what was issued, so each waits until the one before it is final.
    with office.issuing:
        # An intent that was sent before is asked for again as it was: by now the vouchers exist, which is no fault of the list.
        if office.outbox.find(intent_id) is None:
            require_none_under_way(office)
            with office.current() as snapshot:
                _require_ordinary(snapshot, terms)
                earlier = _earlier(snapshot, terms, parsed)
                if earlier is None:
                    require_todays(office, epoch)
                bad, decisions = ([], []) if earlier is not None else _judged(office, snapshot, terms, parsed)
            if earlier is not None:
                return _issued(terms, parsed, earlier.logged.transaction_hash, earlier.logged.position.block, repeated=True)
            if bad:
                title = "名单有误，未发放任何券。 The list has bad rows; nothing was issued."
                raise Problem(422, "BadRows", title, rows=parsed.count, bad=[each.model_dump() for each in bad])
            office.decisions.keep(decisions, intent_id=intent_id)
            # COMMIT POINT. Decisions whose vouchers are never issued harm nobody.
        done: Done = client.issue(terms, [row.recipient for row in parsed.rows], intent_id=intent_id)
        office.follow()
    return _issued(terms, parsed, done.transaction, done.block, repeated=False)


def require_none_under_way(office: Office, *, but: str | None = None) -> None:
    """An issue whose outcome is not known yet may still happen, and would not be counted; `but` is what its own intents begin with."""
    if any(but is None or not ticket.intent_id.startswith(but) for ticket in office.outbox.under_way("issue")):
        title = "另一份名单的发放结果未定，请稍后再试。 What became of another list is not known yet; nothing happened, try again."
        raise Problem(503, "IssueUnderWay", title, headers={"Retry-After": "2"})


def voucher_history(office: Office, caller: Caller, voucher_id: Id) -> VoucherHistory:
    """A voucher and all that happened to it, for its firm, the offices of its region, and auditors."""
    with logged(office.lookups, office.clock, caller, "history") as subject, office.seen() as snapshot:
        ledger = snapshot.ledger
        of_voucher(subject, ledger, voucher_id)
        if voucher_id not in ledger.vouchers or not may_see_voucher(office, caller, ledger, ledger.vouchers[voucher_id]):
            raise not_found("voucher", voucher_id)
        carried = office.openings.carried(snapshot, voucher_id)
        return VoucherHistory(
            voucher=shapes.voucher_seen(snapshot, voucher_id),
            on_ledger=None if carried is None else CarriedNotes(**shapes.carried_notes(snapshot, voucher_id, carried)),
            history=shapes.history_seen(snapshot, voucher_id),
            block=office.block_seen(snapshot),
        )


def vouchers(office: Office, caller: Caller, *, programme: bytes | None, cursor: str | None, limit: int) -> VoucherPage:
    """A firm's own vouchers, those of an officer's region, or all for an auditor, and each of them logged. A lab lists none."""
    with office.seen() as snapshot:
        ledger = snapshot.ledger
        tags = own_tags(office, caller) if caller.party is Party.FIRM else None

        def keep(voucher_id: Id) -> bool:
            voucher = ledger.vouchers[voucher_id]
            if programme not in (None, voucher.programme) or (tags is not None and voucher.firm not in tags):
                return False
            region = ledger.programmes[voucher.programme].region
            return caller.party not in (*OFFICERS, Party.FIRM) or caller.home == region

        question = Question("vouchers", caller.name, (programme,))
        found, further = question.page(ledger.vouchers, cursor, limit, keep)
        with logged_together(office.lookups, office.clock, caller, "list", [of_voucher(Subject(), ledger, each) for each in found]):
            seen = [shapes.voucher_seen(snapshot, each) for each in found]
            return VoucherPage(vouchers=seen, next=further, block=office.block_seen(snapshot))


def _epoch(office: Office, terms: Terms) -> int:
    """All vouchers of a programme are of one epoch: that of its first, or today's as long as there is none."""
    with office.seen() as snapshot:
        return snapshot.epoch_of_programme(terms.programme) or office.keyring.epoch


def _require_ordinary(snapshot: Snapshot, terms: Terms) -> None:
    """A programme that carries a ledger over issues by that ledger's list alone, so that every voucher of it was one of the ledger's."""
    programme = snapshot.ledger.programmes.get(terms.programme)
    if programme is not None and programme.code.endswith(OPENING_SUFFIX):
        title = (
            "存量台账券种只按其登记的名单发放。"
            " This programme carries an older ledger over: it issues by the list that its file names, and nothing else."
        )
        raise Problem(409, "ProgrammeIsOpening", title, programme=programme.code)


def require_todays(office: Office, epoch: int) -> None:
    """
    Issue under today's epoch only, and so under programmes that were opened since.

    Under an older one, agreements and partners of the programme would be compared by tags that never meet.
    """
    if epoch != office.keyring.epoch:
        title = (
            "该券种的券属上一期关联标识；请新开券种后发放。 This programme's vouchers are of another epoch of tags: open a new programme."
        )
        raise Problem(409, "ProgrammeOfOtherEpoch", title, programme=epoch, current=office.keyring.epoch)


def _earlier(snapshot: Snapshot, terms: Terms, parsed: Parsed) -> Entry | None:
    """The issue of exactly these vouchers, if there was one: all of them, and no others, in one transaction."""
    ids = {id_of(voucher_of(terms, row.recipient)) for row in parsed.rows}
    if parsed.bad or not ids or not all(each in snapshot.ledger.vouchers for each in ids):
        return None
    issues = [next(entry for entry in snapshot.history_of(each) if entry.name == "Issued") for each in sorted(ids)]
    first = issues[0]
    together = all(each.logged.transaction_hash == first.logged.transaction_hash for each in issues)
    return first if together and _count(snapshot, id_of(terms), first.logged.transaction_hash) == len(ids) else None


def _count(snapshot: Snapshot, terms: Id, transaction: Digest) -> int:
    """How many vouchers one transaction issued: its `TermsIssued` and each `Issued` stand side by side in the trail."""
    start = next(each for each in snapshot.history_of(terms) if each.logged.transaction_hash == transaction)
    following = snapshot.trail(after=start.position, limit=voucher_list.MOST_ROWS + 1)
    return sum(each.name == "Issued" and each.logged.transaction_hash == transaction for each in following)


def _judged(office: Office, snapshot: Snapshot, terms: Terms, parsed: Parsed) -> tuple[list[BadRow], list[VoucherDecision]]:
    """The rows that cannot be issued, by line; and the decisions by which the others can."""
    found, decisions = list(parsed.bad), []
    decide = _by_policy(office, snapshot, terms)
    for row in parsed.rows:
        if not is_enrolled(snapshot.ledger, Firm(office.region, row.recipient.firm)):
            found.append(
                BadRow(line=row.line, code="FirmNotEnrolled", message=not_enrolled(office, snapshot.ledger, row.firm, row.recipient.firm))
            )
        elif office.firm_changes.of_tag(row.recipient.firm) is not None:
            found.append(BadRow(line=row.line, code="FirmEnded", message=FIRM_ENDED))
        elif _is_issued(snapshot, terms, row):
            # On other terms it would be another voucher to the registry; to the office it is the same one twice.
            found.append(BadRow(line=row.line, code="VoucherExists", message="该券已发放。 This voucher was issued before."))
        elif decision := decide(row):
            if decision.against:
                found.append(_refused(row.line, decision.against))
            else:
                decisions.append(decision)
    return sorted(found, key=lambda each: each.line), decisions


def _by_policy(office: Office, snapshot: Snapshot, terms: Terms) -> Callable[[voucher_list.Row], VoucherDecision | None]:
    """
    Decides row after row by the programme's policy: eligibility, and whether the firm may get one voucher more.

    What an earlier row gives a firm counts for its next one.
    """
    ledger = snapshot.ledger
    programme = ledger.programmes.get(terms.programme)
    if programme is None or programme.region != office.region:
        # The contract refuses those by itself, whoever is asked.
        return lambda _: None
    require_all_epochs(office, snapshot)
    policy = office.programme_files.of(programme).policy
    granted: dict[str, list[Granted]] = {}

    def decide(row: voucher_list.Row) -> VoucherDecision:
        if row.firm not in granted:
            carried = office.openings.granted(snapshot, row.firm)
            granted[row.firm] = granted_to(snapshot, office.region, office.keyring.firms(row.firm), carried)
        earlier, stated = granted[row.firm], office.firm_facts.latest(row.firm)
        basis = DecisionBasis(
            voucher=id_of(voucher_of(terms, row.recipient)),
            programme=terms.programme,
            policy_hash=programme.policy_hash,
            at=snapshot.time,
            face=terms.face,
            facts_number=None if stated is None else stated.number,
            facts=None if stated is None else stated.applicant,
            earlier=tuple(earlier),
        )
        decision = decide_voucher(policy, programme.code, basis)
        if not decision.against:
            earlier.append(Granted(at=snapshot.time, code=programme.code, face=terms.face, voucher=basis.voucher))
        return decision

    return decide


def _refused(line: int, against: tuple[Finding, ...]) -> BadRow:
    message = " ".join(["".join(each.zh for each in against), *(each.en for each in against)])
    return BadRow(line=line, code="PolicyRefused", message=message, findings=tuple(eligibility.findings_seen(against)))


def not_enrolled(office: Office, ledger: Ledger, firm: str, tag: Tag) -> str:
    """Why a firm gets no voucher under this tag, in words: it is enrolled under none, or under that of another epoch."""
    now = epoch_of(tag)
    older = [epoch_of(each) for each in office.keyring.firms(firm) if is_enrolled(ledger, Firm(office.region, each))]
    if older:
        return (
            f"企业只登记于第 {older[0]} 期关联标识，请按第 {now} 期重新登记。"
            f" The firm is enrolled under epoch {older[0]} alone: enrol it again under epoch {now}."
        )
    return "企业未在本地区登记。 The firm is not enrolled in this region."


def _is_issued(snapshot: Snapshot, terms: Terms, row: voucher_list.Row) -> bool:
    known = snapshot.vouchers_of(row.recipient.firm, row.recipient.serial)
    return any(snapshot.ledger.vouchers[each].programme == terms.programme for each in known)


def _issued(terms: Terms, parsed: Parsed, transaction: Any, block: int, *, repeated: bool) -> Issued:
    issued = [IssuedVoucher(line=row.line, voucher_id=id_of(voucher_of(terms, row.recipient))) for row in parsed.rows]
    return Issued(vouchers=issued, transaction=transaction, block=block, repeated=repeated)
