"""
Who may see what. What somebody may not see does not exist for him: he is told `NotFound`, as for an id that nobody has.

Tags are made for a voucher that exists, asked for by firm and serial together, or for the caller's own orders; never on demand.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from gateway.callers import OF_LABS, OFFICERS, Caller, Party
from gateway.errors import Problem
from gateway.firm_changes import Change
from gateway.hash_chain import Head
from gateway.looked_up import Subject, logged
from gateway.office import Office
from gateway.schemas import AgreementNamed, FactsRequest, LogHead, LookupKind, OrderFacts, VoucherNamed
from gateway.verification import SELLER_BYTES
from registry import FIRST_EPOCH, LAST_PARTY_EPOCH, NO_ADDRESS, EpochMissing, Firm, Id, Ledger, Region, Snapshot, Tag, Voucher, id_of

FIRM_ENDED = (
    "该企业已合并、注销或迁出，其创新券不再受理新订单。 The firm merged, was struck off or moved away: its vouchers take no new order."
)


def head_for(caller: Caller, head: Head) -> LogHead | None:
    """The head of a log that is chained by hash: auditors keep it, and others are not told."""
    return LogHead(number=head.number, hash=head.hash) if caller.party is Party.AUDITOR else None


@contextmanager
def looked_up(office: Office, caller: Caller, what: LookupKind, named: VoucherNamed) -> Iterator[Subject]:
    """A look-up of a voucher by firm and serial: refused or answered, it stands in the log. One too many is not looked up at all."""
    office.lookup_rate.take(caller.name)
    with logged(office.lookups, office.clock, caller, what, region=named.region) as subject:
        require_may_be_asked(office, caller, named, subject)
        yield subject


def require_may_be_asked(office: Office, caller: Caller, named: VoucherNamed, subject: Subject) -> None:
    """Tell a look-up's subject by its tags, and refuse whoever may not ask about it."""
    subject.firm = office.keyring.firm(named.firm)
    subject.serial = office.keyring.serial(Region(named.region), named.serial)
    _require_may_look_up(office, caller, named)


def _require_may_look_up(office: Office, caller: Caller, named: VoucherNamed) -> None:
    """A lab, or its agency, looks up whatever is put before it, by firm and serial together; a firm its own; an officer his region's."""
    if caller.party is Party.FIRM:
        allowed = caller.home == named.region and office.keyring.firm(named.firm) in own_tags(office, caller)
    else:
        allowed = caller.party in (*OF_LABS, Party.AUDITOR) or caller.home == named.region
    if not allowed:
        title = "只能查询本单位或本地区的创新券。 Only one's own, or one's region's, vouchers may be asked about."
        raise Problem(403, "NotYours", title)


def require_of_this_region(office: Office, caller: Caller) -> None:
    """What an office establishes and decides is for its own officers, whoever has a key here, and for auditors."""
    if caller.party in OFFICERS and caller.home != office.region:
        raise Problem(403, "NotYours", "只能由本地区经办人员办理。 For officers of this region only.")


def may_see_voucher(office: Office, caller: Caller, ledger: Ledger, voucher: Voucher) -> bool:
    """Its firm, the offices of the region that issued it, and auditors; never a lab."""
    region = ledger.programmes[voucher.programme].region
    if caller.party is Party.FIRM:
        return caller.home == region and voucher.firm in own_tags(office, caller)
    return caller.party is Party.AUDITOR or (caller.party in OFFICERS and caller.home == region)


def may_see_order(office: Office, caller: Caller, ledger: Ledger, order_id: Id) -> bool:
    """Its parties, the offices of both regions, who pays, and auditors."""
    record = ledger.order_records[order_id]
    if caller.party in OF_LABS:
        return caller.acts_for(record.lab)
    voucher = ledger.vouchers[record.voucher]
    involved = caller.party in OFFICERS and caller.home == ledger.labs[record.lab].region
    pays = caller.party is Party.PAYER and caller.home == ledger.programmes[voucher.programme].payer
    return involved or pays or may_see_voucher(office, caller, ledger, voucher)


def reviews(caller: Caller, ledger: Ledger, order_id: Id) -> bool:
    """Whether a caller looks at an order to judge it: a reviewer of the region that issued it or hosts it, or an auditor."""
    record = ledger.order_records[order_id]
    regions = (ledger.programmes[ledger.vouchers[record.voucher].programme].region, ledger.labs[record.lab].region)
    return caller.party is Party.AUDITOR or (caller.party is Party.REVIEWER and caller.home in regions)


def require_evidence_seen(office: Office, caller: Caller, ledger: Ledger, order_id: Id) -> None:
    """What an order was handed in with is for its parties and for who judges it; not for who pays it or keeps the directory."""
    if not is_party(office, caller, ledger, order_id) and not (order_id in ledger.order_records and reviews(caller, ledger, order_id)):
        raise not_found("order", order_id)


def may_see_programme(caller: Caller, ledger: Ledger, programme_id: Id) -> bool:
    """The offices of its region and of the region that pays, the payers of regions that host an order of a netted one, and auditors."""
    programme = ledger.programmes[programme_id]
    involved = caller.party in OFFICERS and caller.home in (programme.region, programme.payer)
    return involved or caller.party is Party.AUDITOR or (caller.party is Party.PAYER and _pays_netted(caller.home, ledger, programme_id))


def _pays_netted(region: Region, ledger: Ledger, programme_id: Id) -> bool:
    """Whether a region's payer settles orders of a programme that names none: those of the region's own labs, netted at month close."""
    if ledger.programmes[programme_id].payer:
        return False
    records = (record for _, record in ledger.order_records.items())
    return any(ledger.vouchers[each.voucher].programme == programme_id and ledger.labs[each.lab].region == region for each in records)


def may_see_firm(office: Office, caller: Caller, firm: Firm) -> bool:
    """The firm itself, the offices of its home region, and auditors."""
    if caller.party is Party.FIRM:
        return caller.home == firm.region and firm.firm in own_tags(office, caller)
    return caller.party is Party.AUDITOR or (caller.party in OFFICERS and caller.home == firm.region)


def may_see_key(office: Office, caller: Caller, ledger: Ledger, subject: Id) -> bool:
    """A party's key is for the party, the offices of its region, and auditors."""
    if subject in ledger.lab_records:
        mine = caller.acts_for(subject) or (caller.party in OFFICERS and caller.home == ledger.lab_records[subject].region)
        return mine or caller.party is Party.AUDITOR
    return subject in ledger.firm_records and may_see_firm(office, caller, ledger.firm_records[subject])


def is_party(office: Office, caller: Caller, ledger: Ledger, order_id: Id) -> bool:
    """Whether an order is the caller's own: of its lab, of one of its labs, or of its firm."""
    return caller.party in (*OF_LABS, Party.FIRM) and order_id in ledger.order_records and may_see_order(office, caller, ledger, order_id)


def of_order(subject: Subject, ledger: Ledger, order_id: Id) -> Subject:
    """A look-up's subject, told by an order as far as that is known."""
    subject.order = order_id
    if order_id not in ledger.order_records:
        return subject
    record = ledger.order_records[order_id]
    subject.lab = record.lab
    return of_voucher(subject, ledger, record.voucher)


def of_voucher(subject: Subject, ledger: Ledger, voucher_id: Id) -> Subject:
    """A look-up's subject, told by a voucher as far as that is known."""
    subject.voucher = voucher_id
    if voucher_id in ledger.vouchers:
        voucher = ledger.vouchers[voucher_id]
        subject.region, subject.firm, subject.serial = ledger.programmes[voucher.programme].region, voucher.firm, voucher.serial
    return subject


def span_of(shown: Sequence[str]) -> str:
    """The first and the last of what a page showed."""
    return f"{shown[0]}..{shown[-1]}" if shown else "nothing"


def require_order_seen(office: Office, caller: Caller, ledger: Ledger, order_id: Id) -> None:
    """Whether an order exists is itself told to nobody else."""
    if order_id not in ledger.order_records or not may_see_order(office, caller, ledger, order_id):
        raise not_found("order", order_id)


def own_tags(office: Office, caller: Caller) -> tuple[Tag, ...]:
    """The tags of the firm that calls, under every epoch that vouchers may be of, the newest first."""
    return office.keyring.firms(caller.firm or "")


def own_firms(office: Office, caller: Caller) -> list[Id]:
    """The ids under which the directory may know the firm that calls: one for each of its tags."""
    return [id_of(Firm(caller.home, tag)) for tag in own_tags(office, caller)]


def own_subjects(office: Office, caller: Caller) -> list[Id]:
    """The ids under which the directory may know the lab or firm that calls; of an agency those of its labs."""
    if caller.party is Party.AGENCY:
        return [Id(each) for each in caller.labs]
    return own_firms(office, caller) if caller.lab_id is None else [caller.lab_id]


def lab_asked(caller: Caller, lab: bytes | None) -> Id | None:
    """
    The lab that is asked about. A lab acts for itself only, an agency for the labs of its scope.

    Raises:
        Problem: it is none of them (403), or an agency of several labs names none (422).
    """
    if caller.party not in OF_LABS:
        return None if lab is None else Id(lab)
    if lab is None:
        return only_lab(caller)
    if not caller.acts_for(lab):
        title = "只能以本机构（代办机构：授权范围内机构）名义办理。 A lab acts for itself only, an agency for the labs of its scope."
        raise Problem(403, "NotYours", title)
    return Id(lab)


def only_lab(caller: Caller) -> Id:
    """The lab in whose name a lab or an agency acts that names none."""
    mine = (caller.lab,) if caller.lab is not None else caller.labs
    if len(mine) != 1:
        raise Problem(422, "LabMissing", "请指明服务机构。 Name the lab.")
    return Id(mine[0])


def require_seller(office: Office, ledger: Ledger, labs: Sequence[Id], seller: str) -> None:
    """Refuse an agreement with anybody but a unit that invoices for one of these labs, as it is registered."""
    registered = {ledger.labs[each].seller for each in labs if each in ledger.lab_records}
    if not any(office.keyring.firm(seller, epoch=each[0])[:SELLER_BYTES] == each for each in registered):
        raise Problem(422, "SellerDiffers", "销售方不是该服务机构登记的开票单位。 The seller is not who invoices for this lab.")


def agreement_asked(office: Office, caller: Caller, snapshot: Snapshot, named: AgreementNamed, *, epoch: int) -> Tag:
    """
    The tag, of a voucher's epoch, of an agreement that somebody wants a quote under, which tells how much was claimed under it.

    A lab names its own seller, an agency one of its labs'; a firm an agreement under which it claimed itself; the voucher's region and
    auditors see all its claims anyway. Whether anybody else claimed under it is told to nobody.
    """
    if caller.party in OF_LABS:
        require_seller(office, snapshot.ledger, own_subjects(office, caller), named.seller)
    agreement = office.keyring.agreement(named.seller, named.number, epoch=epoch)
    if not may_know_agreement(office, caller, snapshot, agreement):
        title = "本企业未在该合同下申请兑付；请不带合同试算。 This firm claimed nothing under that agreement; quote without it."
        raise Problem(403, "AgreementNotYours", title)
    return agreement


def may_know_agreement(office: Office, caller: Caller, snapshot: Snapshot, agreement: Tag) -> bool:
    """Whether the caller may learn what was claimed under an agreement: a firm, only where it claimed itself."""
    if caller.party is not Party.FIRM:
        return True
    redemptions = snapshot.ledger.redemptions
    mine = snapshot.orders_of_firm(*own_tags(office, caller))
    return any(order in redemptions and redemptions[order].agreement == agreement for order in mine)


def vouchers_named(office: Office, snapshot: Snapshot, named: VoucherNamed, subject: Subject) -> list[Id]:
    """
    The vouchers that carry this serial and were issued to this firm, under whichever epoch's tags, the newest first.

    Raises:
        EpochMissing: none is found, and there are vouchers under a key that this gateway lacks: it might be one of those.
    """
    keyring, todays = office.keyring, subject.tags
    found: list[Id] = []
    for epoch in keyring.party_epochs:
        older = epoch != keyring.epoch
        serial = keyring.serial(Region(named.region), named.serial, epoch=epoch) if older else todays[1]
        tags = (keyring.firm(named.firm, epoch=epoch), serial) if older else todays
        here = snapshot.vouchers_of(*tags)
        if here and not found:
            subject.firm, subject.serial = tags
        found += here
    if not found:
        require_all_epochs(office, snapshot)
    return found


def require_all_epochs(office: Office, snapshot: Snapshot) -> None:
    """Refuse to count or to miss vouchers while there are some under a key that this gateway lacks."""
    for epoch in range(FIRST_EPOCH, LAST_PARTY_EPOCH + 1):
        if epoch not in office.keyring.epochs and snapshot.has_vouchers_of_epoch(epoch):
            raise EpochMissing(epoch, office.keyring.epochs)


def voucher_named(office: Office, snapshot: Snapshot, named: VoucherNamed, subject: Subject) -> tuple[Id, Voucher]:
    """The voucher that carries this serial and was issued to this firm."""
    found = vouchers_named(office, snapshot, named, subject)
    if not found:
        title = "没有这张券，或券与企业不符。 There is no such voucher of this firm."
        raise Problem(404, "UnknownVoucher", title, block=snapshot.block, time=snapshot.time)
    voucher_id = subject.voucher = only(found)
    return voucher_id, snapshot.ledger.vouchers[voucher_id]


def project_named(office: Office, caller: Caller, snapshot: Snapshot, asked: OrderFacts | FactsRequest, *, epoch: int) -> Tag:
    """The tag, of a voucher's epoch, of a project of the voucher's own firm or, where several share one, of its lead."""
    return office.keyring.project(_whose_project(office, caller, snapshot, asked), asked.project, epoch=epoch)


def projects_named(office: Office, caller: Caller, snapshot: Snapshot, asked: FactsRequest) -> list[Tag]:
    """The same under every epoch's key that is held."""
    firm = _whose_project(office, caller, snapshot, asked)
    return [office.keyring.project(firm, asked.project, epoch=epoch) for epoch in office.keyring.party_epochs]


def _whose_project(office: Office, caller: Caller, snapshot: Snapshot, asked: OrderFacts | FactsRequest) -> str:
    """Whose code a project goes by; a lead is made known by a voucher of its own, which is looked up like any other."""
    if asked.lead is None:
        return asked.voucher.firm
    with looked_up(office, caller, "lead", asked.lead) as subject:
        voucher_named(office, snapshot, asked.lead, subject)
    return asked.lead.firm


def is_enrolled(ledger: Ledger, firm: Firm) -> bool:
    """Whether a firm is in its region's directory."""
    return ledger.firms[id_of(firm)].signer != NO_ADDRESS


def require_takes_orders(office: Office, ledger: Ledger, voucher: Voucher) -> None:
    """Refuse a new order on a voucher of a firm that merged, was struck off or moved away, as this region put it on record."""
    change = change_that_ends(office, ledger, voucher)
    if change is not None:
        raise Problem(409, "FirmEnded", FIRM_ENDED, kind=change.kind.value, on=change.day)


def change_that_ends(office: Office, ledger: Ledger, voucher: Voucher) -> Change | None:
    """The change since which a voucher of this region takes no new orders, if there was one."""
    of_this_region = ledger.programmes[voucher.programme].region == office.region
    return office.firm_changes.ending(voucher.firm, voucher.programme) if of_this_region else None


def change_since(office: Office, snapshot: Snapshot, order_id: Id) -> Change | None:
    """The change after which an order was reserved that should not have been, if there was one."""
    ledger = snapshot.ledger
    if order_id not in ledger.order_records:
        return None
    voucher = ledger.order_records[order_id].voucher
    change = change_that_ends(office, ledger, ledger.vouchers[voucher])
    since = dict(snapshot.reservations_of(voucher)).get(order_id)
    return change if change is not None and since is not None and since > change.at else None


def only(vouchers: Sequence[Id]) -> Id:
    """The one voucher that a serial stands for."""
    if len(vouchers) > 1:
        title = "该券号对应多个券种，请联系发券机构。 This serial stands for vouchers of several programmes."
        raise Problem(409, "SerialAmbiguous", title, vouchers=["0x" + each.hex() for each in vouchers])
    return vouchers[0]


def not_found(what: str, subject: bytes) -> Problem:
    """Not there, or not the caller's to see."""
    return Problem(404, "NotFound", "未找到，或无权查看。 Not found, or not yours to see.", what=what, id="0x" + subject.hex())
