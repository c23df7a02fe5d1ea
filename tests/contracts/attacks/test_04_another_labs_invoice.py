"""A lab takes another lab's invoice for two fen, or a firm sells to itself."""

from dataclasses import dataclass, replace

import pytest

from registry import codec
from registry.model import Digest, Fen, MotionKind, Order, Redemption
from tests.contracts.attacks.attacker import fails
from tests.contracts.world import CHANGXING, DAY, SHANGHAI, STRANGER, YUAN, Life, Party, World, digest, tag

INVOICE = tag("the honest lab's invoice", epoch=26)


@dataclass
class Case:
    """An honest lab with an invoice of 8,000 yuan, and a thief's lab with an accomplice of a firm."""

    world: World
    honest: Life
    thief: Life


@pytest.fixture
def case(world: World) -> Case:
    honest = Life.begin(world, until="open")
    honest.redemption = replace(honest.redemption, invoice=INVOICE)
    thief = Life.begin(world, until="open", voucher={"denomination": Fen(1)})
    thief.redemption = replace(thief.redemption, invoice=INVOICE, cost=Fen(2), subsidy=Fen(1), invoice_amount=Fen(8_000 * YUAN))
    return Case(world, honest, thief)


def short_seller(party: Party) -> bytes:
    return party.tag[:12]


def test_two_fen_on_a_claimed_invoice_are_refused(case: Case) -> None:
    case.honest.redeem()

    with fails(case.world, "InvoiceSellerDiffers", invoice=INVOICE, seller=short_seller(case.honest.lab)):
        case.thief.redeem()


def test_two_fen_claimed_first_are_gone_once_the_reviewer_rejects_them(case: Case) -> None:
    case.thief.redeem()
    with fails(case.world, "InvoiceSellerDiffers", invoice=INVOICE, seller=short_seller(case.thief.lab)):
        case.honest.redeem()

    case.thief.reject()

    assert tuple(case.world.invoices.invoices(INVOICE)) == (0, 0, 0, bytes(12))
    case.honest.redeem()
    case.honest.accept()
    assert tuple(case.world.invoices.invoices(INVOICE)) == (8_000 * YUAN, 8_000 * YUAN, 1, short_seller(case.honest.lab))
    case.thief.redemption = replace(case.thief.redemption, attempt=1)
    with fails(case.world, "InvoiceSellerDiffers", invoice=INVOICE, seller=short_seller(case.honest.lab)):
        case.thief.redeem()


def test_a_thief_who_claims_again_after_each_rejection_is_frozen_out(case: Case) -> None:
    case.thief.redeem()
    case.thief.reject()
    case.thief.redemption = replace(case.thief.redemption, attempt=1)
    case.thief.redeem()
    case.thief.reject()

    case.world.directory.freeze(case.thief.lab.id, by=case.thief.host.directory)

    case.thief.redemption = replace(case.thief.redemption, attempt=2)
    with fails(case.world, "LabFrozen", lab=case.thief.lab.id):
        case.thief.redeem()
    case.honest.redeem()


def test_a_thief_of_a_friendly_host_is_flagged_out_by_anybody_else(case: Case) -> None:
    case.thief.redeem()
    case.thief.reject()
    flagged = case.world.directory.flag(case.thief.lab.id, digest("bogus"), by=case.world.offices[CHANGXING].directory)
    until = flagged.only("Flagged")["until"]

    case.thief.redemption = replace(case.thief.redemption, attempt=1)
    with fails(case.world, "SubjectFlagged", subject=case.thief.lab.id, until=until):
        case.thief.redeem()
    case.honest.redeem()


def test_a_settled_theft_is_voided_by_name_and_the_honest_lab_is_paid(case: Case) -> None:
    for step in (case.thief.redeem, case.thief.accept, case.thief.settle):
        step()
    motion = case.world.motion(MotionKind.VOID_CLAIM, region=CHANGXING, account=case.world.registry.address, subject=case.thief.order_id)
    case.world.carry(motion)

    case.world.invoices.voidClaim(motion, case.thief.claim, case.thief.redemption, by=STRANGER)

    case.honest.redeem()
    case.honest.accept()
    case.honest.settle()
    assert tuple(case.world.invoices.invoices(INVOICE)) == (8_000 * YUAN, 8_000 * YUAN, 1, short_seller(case.honest.lab))


@pytest.mark.parametrize("amount", [8_000 * YUAN - 1, 8_000 * YUAN + 1, 2**64 - 1])
def test_a_second_claim_does_not_change_what_the_invoice_amounts_to(case: Case, amount: int) -> None:
    case.honest.redeem()
    order = case.world.order(case.honest.voucher, case.honest.lab, 1_000 * YUAN)
    redemption = case.world.redemption(order, 1_000 * YUAN, 600 * YUAN, invoice=INVOICE, invoice_amount=Fen(amount))
    reserve(case.honest, order)

    with fails(case.world, "InvoiceAmountDiffers", invoice=INVOICE, amount=8_000 * YUAN):
        redeem(case.honest, order, redemption)


def test_one_invoice_pays_no_fen_twice_across_vouchers_firms_and_programmes(case: Case) -> None:
    case.honest.redeem()
    other = Life.begin(case.world)
    other.lab = case.honest.lab
    other.order = case.world.order(other.voucher, other.lab, 1_000 * YUAN)
    other.reserve()
    other.redemption = case.world.redemption(other.order, 2, 1, invoice=INVOICE, invoice_amount=Fen(8_000 * YUAN))

    with fails(case.world, "InvoiceExceeded", invoice=INVOICE, amount=8_000 * YUAN, claimed=8_000 * YUAN, cost=2):
        other.redeem()


@pytest.mark.parametrize(
    ("changes", "error", "values"),
    [
        ({"invoice": Digest(bytes(32))}, "InvoiceZero", {}),
        ({"invoice_amount": Fen(1), "cost": Fen(8_000 * YUAN)}, "InvoiceExceeded", {"amount": 1, "claimed": 0, "cost": 8_000 * YUAN}),
    ],
    ids=["no invoice", "more cost than invoice"],
)
def test_a_claim_needs_an_invoice_that_covers_it(case: Case, changes: dict, error: str, values: dict) -> None:
    case.honest.redemption = replace(case.honest.redemption, **changes)
    if values:
        values = {"invoice": INVOICE} | values

    with fails(case.world, error, **values):
        case.honest.redeem()


@pytest.mark.parametrize("region", [CHANGXING, SHANGHAI], ids=["at home", "across"])
def test_a_firm_does_not_buy_from_itself(world: World, region: int) -> None:
    life = Life.begin(world, lab_region=region)
    world.directory.renew(life.lab.id, life.firm.tag, world.now() + DAY, by=life.host.directory)

    with fails(world, "SellerIsFirm", lab=life.lab.id, firm=life.firm.tag):
        life.reserve()

    world.directory.renew(life.lab.id, life.lab.tag, world.now() + DAY, by=life.host.directory)
    life.reserve()


def test_a_lab_for_which_the_firm_invoices_by_now_does_not_redeem(world: World) -> None:
    """`reserve` refuses a firm that sells to itself; the host's directory makes it the seller afterwards."""
    life = Life.begin(world, until="open")
    world.directory.renew(life.lab.id, life.firm.tag, world.now() + DAY, by=life.host.directory)

    with fails(world, "SellerIsFirm", lab=life.lab.id, firm=life.firm.tag):
        life.redeem()


def test_only_the_host_says_who_invoices_for_a_lab(world: World) -> None:
    lab, home = world.lab(), world.offices[CHANGXING].directory

    with fails(world, "NotDirectory", account=home, region=SHANGHAI):
        world.directory.renew(lab.id, tag("seller of another"), world.now() + DAY, by=home)


def test_nobody_claims_or_frees_on_the_ledger_but_a_registry(world: World) -> None:
    life = Life.begin(world, until="redeemed")
    thief = life.lab.signer

    with fails(world, "MayNotClaim", registry=thief, status=0):
        world.invoices.claim(INVOICE, life.order_id, 1, 1, bytes(27), by=thief)
    with fails(world, "MayNotFree", registry=thief):
        world.invoices.free(life.redemption.invoice, life.order_id, life.redemption.cost, by=thief)


def reserve(life: Life, order: Order) -> None:
    life.world.registry.reserve(life.voucher, order, life.world.signed(order, life.firm, life.lab), by=STRANGER)


def redeem(life: Life, order: Order, redemption: Redemption) -> None:
    life.world.registry.redeem(life.voucher, order, redemption, life.world.signed(redemption, life.firm, life.lab), by=STRANGER)
    assert codec.id_of(order) == redemption.order
