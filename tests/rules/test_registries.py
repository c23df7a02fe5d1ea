"""Registries on the invoice ledger, one after another and beside each other; what a settled claim that was voided leaves behind."""

import pytest

from registry import events
from registry.codec import id_of
from registry.model import Digest, Fen, Filing, Id, MotionKind, RegistryStatus, Role, Time
from registry.rules import ClaimInvoice, FreeInvoice, Open, Refund, Reverse, SetRegistry, VoidClaim, may_issue
from tests.rules.scene import CHANGXING, DAY, YUAN, Scene, account, digest, refuses, tag

ANYBODY = account("anybody")
OTHER = account("another subsidy's registry")
SUCCESSOR = account("the next voucher registry")


@pytest.fixture
def scene():
    return Scene()


def set_registry(scene, kind, registry, predecessor=None):
    motion = scene.carry(scene.motion(kind, account=registry))
    return scene.chain.execute(SetRegistry(motion, predecessor), ANYBODY)


def test_a_claimant_is_authorised_beside_the_registry_and_does_not_succeed_it(scene):
    motion = scene.carry(scene.motion(MotionKind.AUTHORISE_CLAIMANT, account=OTHER))
    emitted = scene.chain.execute(SetRegistry(motion), ANYBODY)

    assert emitted == (events.RegistrySet(OTHER, id_of(motion), RegistryStatus.AUTHORISED),)
    assert may_issue(scene.ledger, scene.ledger.registry)
    assert not may_issue(scene.ledger, OTHER)
    assert scene.ledger == scene.replayed()


def test_a_successor_waits_until_the_latest_is_retired(scene):
    registry = scene.ledger.registry
    with refuses("StillAuthorised", registry=registry):
        set_registry(scene, MotionKind.AUTHORISE_REGISTRY, SUCCESSOR, registry)
    set_registry(scene, MotionKind.RETIRE_REGISTRY, registry)
    with refuses("NotSuccessor", registry=SUCCESSOR, latest=registry):
        set_registry(scene, MotionKind.AUTHORISE_REGISTRY, SUCCESSOR, OTHER)
    with refuses("Malformed"):
        set_registry(scene, MotionKind.AUTHORISE_REGISTRY, SUCCESSOR, None)

    set_registry(scene, MotionKind.AUTHORISE_REGISTRY, SUCCESSOR, registry)

    assert scene.ledger.latest == SUCCESSOR
    assert not may_issue(scene.ledger, registry)
    assert scene.ledger == scene.replayed()


@pytest.mark.parametrize("retired", [False, True], ids=["with the latest at work", "with the latest retired"])
def test_a_claimant_is_one_even_where_the_members_carried_both_motions_on_it(scene, retired):
    as_registry = scene.carry(scene.motion(MotionKind.AUTHORISE_REGISTRY, account=OTHER))
    if retired:
        set_registry(scene, MotionKind.RETIRE_REGISTRY, scene.ledger.registry)

    set_registry(scene, MotionKind.AUTHORISE_CLAIMANT, OTHER)

    assert scene.ledger.latest == scene.ledger.registry
    with refuses("WrongStatus", registry=OTHER, status=RegistryStatus.AUTHORISED):
        scene.chain.execute(SetRegistry(as_registry, scene.ledger.registry), ANYBODY)
    assert scene.ledger == scene.replayed()


def test_a_retired_registry_opens_nothing_and_runs_off(scene):
    voucher = scene.issue(scene.open())
    order = scene.order(voucher, 5_000 * YUAN)
    scene.reserve(voucher, order)
    set_registry(scene, MotionKind.RETIRE_REGISTRY, scene.ledger.registry)

    with refuses("RegistryRetired"):
        scene.open()
    scene.redeem(voucher, order, scene.redemption(order, 8_000 * YUAN, 4_800 * YUAN))

    with refuses("WrongStatus", registry=scene.ledger.registry, status=RegistryStatus.RETIRED):
        set_registry(scene, MotionKind.RETIRE_REGISTRY, scene.ledger.registry)
    set_registry(scene, MotionKind.CLOSE_REGISTRY, scene.ledger.registry)
    scene.reject(order)  # a closed registry may still free
    again = scene.redemption(order, 8_000 * YUAN, 4_800 * YUAN, attempt=1)
    with refuses("MayNotClaim", registry=scene.ledger.registry, status=RegistryStatus.CLOSED):
        scene.redeem(voucher, order, again)


def test_a_programme_that_the_predecessor_knows_is_refused(scene):
    programme = scene.ledger.programmes[scene.open()]
    copied = type(programme)(**{name: getattr(programme, name) for name in programme.__slots__} | {"code": "another"})

    with refuses("ProgrammeKnownToPredecessor", programme=id_of(copied)):
        scene.chain.execute(Open(copied, known_before=True), scene.who(CHANGXING, Role.ISSUER))


def test_i3_two_registries_share_an_invoice_up_to_its_amount(scene):
    set_registry(scene, MotionKind.AUTHORISE_CLAIMANT, OTHER)
    voucher = scene.issue(scene.open())
    order = scene.order(voucher, 5_000 * YUAN)
    scene.reserve(voucher, order)
    redemption = scene.redemption(order, 8_000 * YUAN, 4_800 * YUAN, invoice_amount=Fen(9_000 * YUAN))
    scene.redeem(voucher, order, redemption)
    seller = tag("seller of lab")[:27]

    def claim(cost):
        return ClaimInvoice(redemption.invoice, Id(digest("order")), Fen(cost), Fen(9_000 * YUAN), seller)

    with refuses("InvoiceExceeded", invoice=redemption.invoice, amount=900_000, claimed=800_000, cost=100_001):
        scene.chain.execute(claim(100_001), OTHER)
    scene.chain.execute(claim(100_000), OTHER)
    with refuses("MayNotFree", registry=ANYBODY):
        scene.chain.execute(FreeInvoice(redemption.invoice, Id(digest("order")), Fen(100_000)), ANYBODY)

    scene.reject(order)

    state = scene.ledger.invoices[redemption.invoice]
    assert (state.claimed, state.claims) == (100_000, 1)
    assert scene.ledger == scene.replayed()


def settled(scene):
    voucher = scene.issue(scene.open())
    order = scene.order(voucher, 5_000 * YUAN)
    scene.reserve(voucher, order)
    scene.redeem(voucher, order, scene.redemption(order, 8_000 * YUAN, 4_800 * YUAN))
    scene.accept(order)
    scene.settle(order)
    return order


def void(scene, order, **changes):
    about = {"region": CHANGXING, "account": scene.ledger.registry, "subject": id_of(order)} | changes
    filing = scene.filing(order)
    return VoidClaim(scene.carry(scene.motion(MotionKind.VOID_CLAIM, **about)), filing.claim, filing.redemption)


def test_a_voided_claim_frees_its_invoice_once_and_is_never_counted_back(scene):
    order = settled(scene)
    filing = scene.filing(order)
    invoice = filing.redemption.invoice

    emitted = scene.chain.execute(void(scene, order), ANYBODY)

    assert emitted == (events.Voided(invoice, scene.ledger.registry, id_of(order), 800_000),)
    assert scene.ledger.invoices[invoice].claims == 0
    with refuses("ClaimVoided", registry=scene.ledger.registry, order=id_of(order)):
        scene.chain.execute(void(scene, order), ANYBODY)
    reverse = Reverse(filing.claim, filing.claim.subsidy, Digest(digest("bogus")))
    scene.chain.execute(reverse, scene.who(CHANGXING, Role.REVIEWER))
    refunded = scene.chain.execute(Refund(filing), scene.who(CHANGXING, Role.PAYER))
    assert [type(each) for each in refunded] == [events.Refunded]
    assert scene.ledger == scene.replayed()


def test_a_claim_is_voided_by_name_and_only_once_settled(scene):
    order, other = settled(scene), settled(scene)

    with refuses("WrongMotion"):
        scene.chain.execute(void(scene, order, subject=id_of(other)), ANYBODY)
    with refuses("MayNotFree", registry=OTHER):
        scene.chain.execute(void(scene, order, account=OTHER), ANYBODY)
    open_ = scene.order(scene.issue(scene.open()), 1_000 * YUAN)
    voucher = scene.ledger.vouchers[open_.voucher]
    scene.reserve(voucher, open_)
    scene.redeem(voucher, open_, scene.redemption(open_, 1_000 * YUAN, 600 * YUAN))
    with refuses("WrongStage", index=0, order=id_of(open_), stage=3):
        scene.chain.execute(void(scene, open_), ANYBODY)


def test_an_order_that_was_rejected_as_often_as_can_be_counted_is_not_redeemed_again(scene):
    voucher = scene.issue(scene.open())
    order = scene.order(voucher, 1_000 * YUAN)
    scene.reserve(voucher, order)
    for attempt in range(255):
        scene.redeem(voucher, order, scene.redemption(order, 1_000 * YUAN, 600 * YUAN, attempt=attempt))
        scene.reject(order)

    with refuses("TooManyAttempts", order=id_of(order)):
        scene.redeem(voucher, order, scene.redemption(order, 1_000 * YUAN, 600 * YUAN, attempt=255))


def test_a_filing_of_another_redemption_is_refused(scene):
    order = settled(scene)
    filing = scene.filing(order)
    other = type(filing.redemption)(
        **{name: getattr(filing.redemption, name) for name in filing.redemption.__slots__} | {"valid_until": Time(DAY)}
    )
    scene.chain.execute(Reverse(filing.claim, Fen(1), Digest(digest("error"))), scene.who(CHANGXING, Role.REVIEWER))

    with refuses("RedemptionMismatch", index=0, order=id_of(order), redemption=id_of(other)):
        scene.chain.execute(Refund(Filing(filing.claim, other)), scene.who(CHANGXING, Role.PAYER))
