"""The invoice ledger that outlives registries: who may claim on it by motion, another subsidy's claims, a settled claim that is voided."""

from registry import codec
from registry.conformance.cast import CLAIMANT, invoice
from registry.conformance.checks.vouchers import SERIALS
from registry.conformance.desks import refused
from registry.conformance.stage import VOTES, Stage, id_in, refusal_of
from registry.conformance.table import Seen, check
from registry.events import Contract
from registry.getters import INVOICE, REGISTRY
from registry.model import Motion, MotionKind, Tag
from registry.solidity import keccak

_INVOICE, _COST, _SUBSIDY = 9002, 50_000, 35_000
_SELLER_BYTES = 27
_SET = (*("Voted",) * VOTES, "RegistrySet")


def _motion(stage: Stage, kind: MotionKind) -> Motion:
    return stage.motion(f"{CLAIMANT} {kind.name}", kind, account=stage.address(CLAIMANT))


def _set(stage: Stage, kind: MotionKind) -> str:
    motion = _motion(stage, kind)
    stage.carry(motion)
    stage.office.set_registry(motion)
    return stage.read(REGISTRY, stage.address(CLAIMANT)).name


def _tag(stage: Stage) -> Tag:
    paper = invoice(_INVOICE)
    return stage.rehearsal.keyring.invoice(paper["number"], code=paper["code"])


def _sent(stage: Stage, verb: str, *more: object) -> str | None:
    """What another subsidy's contract asks of the ledger for a case of its own."""
    calldata = codec.encode(verb, _tag(stage), keccak(b"another subsidy's case"), *more)
    return refusal_of(stage.client(stage.account(CLAIMANT)).send, Contract.INVOICES, verb, calldata)


def _claims(stage: Stage, cost: int) -> str | None:
    seller = stage.rehearsal.keyring.firm(stage.rehearsal.codes.companies["lab"])[:_SELLER_BYTES]
    return _sent(stage, "claim", cost, _COST, seller)


@check("claim.not-authorised", "claim", "未经议案授权不得占用发票", "Nobody claims on an invoice whom the members did not authorise")
def not_authorised(stage: Stage) -> Seen:
    """Nor is anybody authorised by a motion on which nobody voted."""
    motion = _motion(stage, MotionKind.AUTHORISE_CLAIMANT)
    return Seen([_claims(stage, 1), refusal_of(stage.office.set_registry, motion)], ["MayNotClaim", "NotCarried"])


@check(
    "setRegistry.claimant", "setRegistry", "联盟议案授权另一补贴占用发票", "The members authorise another subsidy's contract", events=_SET
)
def authorised(stage: Stage) -> Seen:
    """The candidate votes too, and a motion is used once."""
    got = _set(stage, MotionKind.AUTHORISE_CLAIMANT)
    again = refusal_of(stage.office.set_registry, _motion(stage, MotionKind.AUTHORISE_CLAIMANT))
    return Seen([got, again], ["AUTHORISED", "MotionUsed"])


@check(
    "claim.by-another-subsidy",
    "claim",
    "同一发票已被另一补贴占用的，不得再次申请",
    "What another subsidy claimed on an invoice is not claimed here",
    events=("Reserved", "Claimed"),
)
def claimed_elsewhere(stage: Stage) -> Seen:
    """One fen of it."""
    order = stage.remembered["claimed elsewhere"] = stage.reserve(SERIALS[7], str(_COST))
    signed = stage.redemption_signed(order, cost=str(_COST), subsidy=str(_SUBSIDY), number=_INVOICE)
    stage.remembered["signed elsewhere"] = signed
    got = [_claims(stage, 1), stage.desk("lab").post("/v1/redemptions", signed).told()]
    return Seen([*got, stage.order(order)], [None, refused(409, "InvoiceExceeded"), "OPEN"])


@check(
    "free.by-another-subsidy",
    "free",
    "另一补贴释放后，即可申请",
    "Once the other subsidy frees it, it is claimed here",
    events=("Freed", "Claimed", "Redeemed"),
)
def freed_elsewhere(stage: Stage) -> Seen:
    """The same document."""
    freed = _sent(stage, "free", 1)
    answer = stage.desk("lab").post("/v1/redemptions", stage.remembered["signed elsewhere"])
    got = [freed, answer.told("stage"), stage.read(INVOICE, _tag(stage)).claimed]
    return Seen(got, [None, {"status": 201, "stage": "REDEEMED"}, _COST])


@check(
    "setRegistry.closed",
    "setRegistry",
    "议案停用、关闭后，不得再占用",
    "What the members retired and closed claims no more",
    events=(*_SET, *_SET),
)
def closed(stage: Stage) -> Seen:
    """The other subsidy; the rehearsal's own registry is needed on."""
    got = [_set(stage, kind) for kind in (MotionKind.RETIRE_REGISTRY, MotionKind.CLOSE_REGISTRY)]
    return Seen([*got, _claims(stage, 1)], ["RETIRED", "CLOSED", "MayNotClaim"])


@check(
    "voidClaim.settled",
    "voidClaim",
    "联盟议案作废一笔已拨付的发票占用",
    "The members void a settled claim on an invoice",
    events=(*("Voted",) * VOTES, "Voided"),
)
def voided(stage: Stage) -> Seen:
    """The candidate's own, at the partner's lab: the invoice is free, and what was paid stays paid."""
    order = stage.remembered["across"]
    filing = stage.filing(order)
    motion = stage.motion("void", MotionKind.VOID_CLAIM, stage.region, account=stage.deployment.registry, subject=id_in(order))
    before = stage.read(INVOICE, filing.redemption.invoice).claims
    stage.carry(motion)
    stage.office.void_claim(motion, filing.claim, filing.redemption)
    got = [before, stage.read(INVOICE, filing.redemption.invoice).claims, stage.order(order)]
    return Seen(got, [1, 0, "SETTLED"])
