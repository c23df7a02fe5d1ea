"""Quote (试算), verification (核验) of one voucher or many, and the hotline's three facts. They change nothing."""

from gateway import shapes
from gateway.callers import Caller
from gateway.errors import Problem, problem_of
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
from gateway.sight import lab_asked, only, require_may_look_up, tags_of, voucher_named
from gateway.verification import Use, reasons, three_facts
from registry import CodeRefused, Fen, Item, Region, id_of, subsidy_quote


def quote(office: Office, caller: Caller, asked: QuoteRequest) -> Quoted:
    """What a cost would get."""
    require_may_look_up(office, caller, asked.voucher)
    with office.seen() as snapshot:
        voucher_id, voucher = voucher_named(office, snapshot, asked.voucher)
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


def verification(office: Office, caller: Caller, asked: VerificationRequest) -> Verification:
    """Whether a voucher can be used, with every reason why not."""
    require_may_look_up(office, caller, asked.voucher)
    lab_asked(caller, asked.lab)
    with office.judged() as judged:
        return _verified(office, caller, asked, judged)


def verifications(office: Office, caller: Caller, asked: VerificationsRequest) -> Verifications:
    """The same of many, as of one block and read at once. One that cannot be a voucher does not spoil the others."""
    for each in asked.verifications:
        lab_asked(caller, each.lab)
    with office.judged() as judged:
        answers = [_verified_or_why(office, caller, each, judged) for each in asked.verifications]
        return Verifications(verifications=answers, block=judged.block)


def facts(office: Office, caller: Caller, asked: FactsRequest) -> Facts:
    """The hotline's three facts."""
    require_may_look_up(office, caller, asked.voucher)
    firm, serial = tags_of(office, asked.voucher)
    project = office.keyring.project(asked.voucher.firm, asked.project)
    with office.judged() as judged:
        snapshot, block = judged.snapshot, judged.block
        if judged.doubt is not None:
            return Facts(status=judged.doubt, enterprise=None, serial=None, project=None, block=block)
        vouchers = snapshot.vouchers_of(firm, serial)
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


def _verified_or_why(office: Office, caller: Caller, asked: VerificationRequest, judged: Judged) -> Verification:
    try:
        require_may_look_up(office, caller, asked.voucher)
        return _verified(office, caller, asked, judged)
    except (CodeRefused, Problem) as refused:
        problem = problem_of(refused)
        why = Reason(code=problem["code"], values=problem["values"])
        return Verification(status="NOT_VALID", reasons=[why], voucher=None, block=judged.block)


def _verified(office: Office, caller: Caller, asked: VerificationRequest, judged: Judged) -> Verification:
    tags, snapshot, block = tags_of(office, asked.voucher), judged.snapshot, judged.block
    if judged.doubt is not None:
        return Verification(status=judged.doubt, reasons=[], voucher=None, block=block)
    found = snapshot.vouchers_of(*tags)
    if not found:
        return Verification(status="NOT_VALID", reasons=[Reason(code="UnknownVoucher", values={})], voucher=None, block=block)
    voucher_id, lab = only(found), lab_asked(caller, asked.lab)
    item = None if lab is None or asked.item is None else id_of(Item(lab, asked.item))
    use = Use(lab, item, None if asked.amount is None else Fen(asked.amount))
    against = [shapes.reason(each) for each in reasons(snapshot.ledger, voucher_id, use, snapshot.time)]
    return Verification(
        status="NOT_VALID" if against else "VALID", reasons=against, voucher=shapes.voucher_seen(snapshot, voucher_id), block=block
    )
