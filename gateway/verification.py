"""
Whether a voucher can be used here and now, with every reason why not; why a redemption would be refused; and the hotline's three facts.

Pure: reads one ledger. The contract stops at its first reason, a person at a desk wants all that can be told. Names and values are the
contract's own. This is no promise: the contract alone judges, at its place in the chain.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from registry import (
    NO_ADDRESS,
    NO_ID,
    Approval,
    Fen,
    Firm,
    Id,
    Ledger,
    Programme,
    Redeem,
    Redemption,
    Region,
    RegionStatus,
    Rejected,
    Signers,
    Standing,
    Tag,
    Time,
    Voucher,
    decide,
    epoch_of,
    id_of,
)

SELLER_BYTES = 27
# Reasons that tell of others' claims, on an invoice or under an agreement. A lab is told: the figures are its own seller's, and that
# another seller claimed on its invoice it has to know. They are the contracts' last checks: where they are hidden, nothing else is.
OF_CLAIMS = frozenset({"InvoiceSellerDiffers", "InvoiceAmountDiffers", "InvoiceExceeded", "OverRule"})


class Use(NamedTuple):
    """What somebody wants to use a voucher for: at which lab and item, and how much of it. None where nothing was said."""

    lab: Id | None = None
    item: Id | None = None
    amount: Fen | None = None


def reasons(ledger: Ledger, voucher_id: Id, use: Use, now: Time) -> Iterator[Rejected]:
    """Every reason why a known voucher could not be reserved for this use in a block of time `now`."""
    voucher = ledger.vouchers[voucher_id]
    programme = ledger.programmes[voucher.programme]
    yield from _of_voucher(ledger, voucher_id, use.amount, now)
    yield from _of_firm(ledger, programme.region, voucher.firm, now)
    regions = [programme.region, programme.payer]
    if use.lab is not None and ledger.labs[use.lab].standing == Standing.NONE:
        # Nothing more can be said of it.
        yield Rejected("UnknownLab", {"lab": use.lab})
    elif use.lab is not None:
        yield from _of_epochs(ledger, use.lab, voucher.firm)
        yield from of_lab(ledger, use.lab, now)
        yield from _of_parties(ledger, use.lab, programme.region, voucher.firm)
        yield from _of_item(ledger, use.lab, use.item, programme)
        yield from _of_recognition(ledger, use.lab, use.item, programme, now)
        regions.append(ledger.labs[use.lab].region)
    for region in dict.fromkeys(filter(None, regions)):
        if ledger.regions[region].status == RegionStatus.SUSPENDED:
            yield Rejected("Suspended", {"region": region})
    yield from _of_pool(ledger, voucher, programme, use)


def reason_against_redemption(ledger: Ledger, redemption: Redemption, now: Time) -> Rejected | None:
    """
    The contracts' first reason to refuse a redemption in a block of time `now`, were firm and lab to sign it; None if they would take it.

    Only the first: their later checks build on what the earlier ones let pass.
    """
    order = ledger.order_records[redemption.order]
    voucher = ledger.vouchers[order.voucher]
    firm = ledger.firms[_firm_id(ledger.programmes[voucher.programme].region, voucher.firm)].signer
    signers = Signers(firm=firm, lab=ledger.labs[order.lab].signer)
    try:
        decide(ledger, Redeem(voucher, order, redemption, signers), NO_ADDRESS, now)
    except Rejected as refused:
        return refused
    return None


def _of_voucher(ledger: Ledger, voucher_id: Id, amount: Fen | None, now: Time) -> Iterator[Rejected]:
    voucher, available = ledger.vouchers[voucher_id], ledger.balances[voucher_id].available
    joint = ledger.programmes[voucher.programme].joint
    if now > voucher.use_by:
        yield Rejected("PastUseBy", {"voucher": voucher_id, "useBy": voucher.use_by})
    if amount == 0:
        yield Rejected("AmountZero")
    if amount is not None and amount % voucher.denomination:
        yield Rejected("NotWholeNotes", {"voucher": voucher_id, "amount": amount, "denomination": voucher.denomination})
    least = (voucher.face if joint else voucher.denomination) if amount is None else amount
    if available < least:
        yield Rejected("OverAvailable", {"voucher": voucher_id, "available": available, "amount": least})
    if joint and amount and amount != voucher.face:
        yield Rejected("WholeVoucherOnly", {"voucher": voucher_id, "face": voucher.face, "amount": amount})


def _of_firm(ledger: Ledger, region: Region, firm: Tag, now: Time) -> Iterator[Rejected]:
    firm_id = _firm_id(region, firm)
    until = ledger.firms[firm_id].flagged_until
    if until >= now:
        yield Rejected("SubjectFlagged", {"subject": firm_id, "until": until})


def _of_epochs(ledger: Ledger, lab: Id, firm: Tag) -> Iterator[Rejected]:
    """Gateways' reason and no contract's: tags of two epochs never meet, so a voucher is spent at the lab's record of its own."""
    host_unit = ledger.lab_records[lab].host_unit
    if epoch_of(firm) != epoch_of(host_unit):
        yield Rejected("EpochsMixed", {"voucher": epoch_of(firm), "lab": epoch_of(host_unit)})


@lru_cache(maxsize=8_192)
def _firm_id(region: Region, firm: Tag) -> Id:
    # What it is the id of makes it, whatever stands: only what stands must never be kept.
    return id_of(Firm(region, firm))


def of_lab(ledger: Ledger, lab: Id, now: Time) -> Iterator[Rejected]:
    """What speaks against a lab, whoever comes."""
    state = ledger.labs[lab]
    if state.flagged_until >= now:
        yield Rejected("SubjectFlagged", {"subject": lab, "until": state.flagged_until})
    if state.standing != Standing.ACTIVE:
        yield Rejected("LabNotActive", {"lab": lab, "standing": int(state.standing)})
    if now > state.qualified_until:
        yield Rejected("NotQualified", {"lab": lab, "qualifiedUntil": state.qualified_until})


def _of_parties(ledger: Ledger, lab: Id, region: Region, firm: Tag) -> Iterator[Rejected]:
    """What speaks against firm and lab together: one would invoice to itself, or sign for both."""
    if ledger.labs[lab].seller == firm[:SELLER_BYTES]:
        yield Rejected("SellerIsFirm", {"lab": lab})
    if ledger.labs[lab].signer == ledger.firms[_firm_id(region, firm)].signer:
        yield Rejected("SameSigner", {"signer": ledger.labs[lab].signer})


def _of_item(ledger: Ledger, lab: Id, item: Id | None, programme: Programme) -> Iterator[Rejected]:
    if programme.itemised and item is None:
        yield Rejected("ItemRequired", {"lab": lab})
    if item is not None and item != NO_ID and ledger.items[item] != lab:
        yield Rejected("ItemNotListed", {"item": item, "lab": lab})


def _of_recognition(ledger: Ledger, lab: Id, item: Id | None, programme: Programme, now: Time) -> Iterator[Rejected]:
    subjects: list[Id] = []
    if programme.itemised or ledger.labs[lab].region != programme.region:
        subjects.append(lab)
    if programme.itemised and item is not None:
        subjects.append(item)
    for subject in subjects:
        window = ledger.recognitions[programme.region, subject]
        if not window.from_ <= now <= window.until:
            yield Rejected("NotRecognised", {"region": programme.region, "subject": subject})


def _of_pool(ledger: Ledger, voucher: Voucher, programme: Programme, use: Use) -> Iterator[Rejected]:
    if use.amount is None:
        return
    across = use.lab is not None and ledger.labs[use.lab].region != programme.region
    if programme.approval == Approval.ALWAYS or (programme.approval == Approval.CROSS_REGION and across):
        return  # the money is committed when a reviewer approves
    pool = ledger.pools[voucher.programme]
    if use.amount > pool.funded - pool.committed:
        free = pool.funded - pool.committed
        yield Rejected("PoolShort", {"index": 0, "programme": voucher.programme, "free": free, "amount": use.amount})


# The hotline


@dataclass(frozen=True, slots=True)
class FactsFound:
    """Each fact for itself; `project` is None where nothing was ordered on the voucher yet."""

    enterprise: bool
    serial: bool
    project: bool | None


def three_facts(
    ledger: Ledger, *, region: Region, firms: Sequence[Tag], vouchers: Sequence[Id], orders: Sequence[Id], projects: Sequence[Tag]
) -> FactsFound:
    """
    Whether the firm is enrolled, holds a voucher of this serial, and ordered for this project with it.

    `firms` and `projects` are the tags of one firm and one project, of every epoch.
    """
    ordered = [ledger.order_records[order].project for order in orders]
    return FactsFound(
        enterprise=any(ledger.firms[id_of(Firm(region, firm))].signer != NO_ADDRESS for firm in firms),
        serial=bool(vouchers),
        project=any(project in ordered for project in projects) if ordered else None,
    )
