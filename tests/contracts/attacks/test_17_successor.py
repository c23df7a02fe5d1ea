"""One voucher, order or invoice lives on in a registry and in its successor at once."""

import pytest

from registry import codec, signing
from registry.codec import Domain
from registry.model import Address, MotionKind, Signatures
from tests.contracts.attacks.attacker import acting_on, fails, signer_of
from tests.contracts.world import CHANGXING, STRANGER, YUAN, Contract, Life, World, person, tag


@pytest.fixture
def life(world: World) -> Life:
    """A voucher of the first registry with an open order, and another half to reserve."""
    return Life.begin(world, until="open")


@pytest.fixture
def successor(world: World, life: Life) -> tuple[Contract, Contract]:
    """The first registry's successor, deployed and not yet authorised."""
    return world.deploy_registry(predecessor=world.registry.address)


def retire(world: World) -> None:
    world.decide(MotionKind.RETIRE_REGISTRY, account=world.registry.address)


def succeed(world: World, successor: tuple[Contract, Contract]) -> None:
    retire(world)
    world.decide(MotionKind.AUTHORISE_REGISTRY, account=successor[0].address)


def test_two_registries_are_not_authorised_at_once(world: World, successor: tuple[Contract, Contract]) -> None:
    motion = world.motion(MotionKind.AUTHORISE_REGISTRY, account=successor[0].address)
    world.carry(motion)

    with fails(world, "StillAuthorised", *successor, registry=world.registry.address):
        world.invoices.setRegistry(motion, by=STRANGER)


def test_a_registry_that_is_not_authorised_opens_issues_and_claims_nothing(world: World, successor: tuple[Contract, Contract]) -> None:
    registry, programmes = successor
    issuer = world.offices[CHANGXING].issuer

    with fails(world, "RegistryRetired", *successor):
        programmes.open(world.programme_record(), by=issuer)
    assert world.invoices.mayIssue(registry.address) is False


@pytest.mark.parametrize("fork", ["no predecessor", "another predecessor"])
def test_a_fork_of_the_chain_of_registries_is_not_authorised(world: World, fork: str) -> None:
    predecessor = "0x" + "00" * 20 if fork == "no predecessor" else person("another registry").address
    registry, programmes = world.deploy_registry(predecessor=predecessor)
    retire(world)
    motion = world.motion(MotionKind.AUTHORISE_REGISTRY, account=registry.address)
    world.carry(motion)

    with fails(world, "NotSuccessor", registry, programmes, registry=registry.address, latest=world.registry.address):
        world.invoices.setRegistry(motion, by=STRANGER)


def test_a_registry_authorised_as_a_mere_claimant_still_opens_nothing(world: World, successor: tuple[Contract, Contract]) -> None:
    world.decide(MotionKind.AUTHORISE_CLAIMANT, account=successor[0].address)

    with fails(world, "RegistryRetired", *successor):
        successor[1].open(world.programme_record(), by=world.offices[CHANGXING].issuer)
    motion = world.motion(MotionKind.AUTHORISE_REGISTRY, account=successor[0].address)
    world.carry(motion)
    with fails(world, "WrongStatus", *successor, registry=successor[0].address, status=1):
        world.invoices.setRegistry(motion, by=STRANGER)


def test_a_programme_of_the_first_is_not_opened_in_the_second(world: World, life: Life, successor: tuple[Contract, Contract]) -> None:
    succeed(world, successor)

    with fails(world, "ProgrammeKnownToPredecessor", *successor, programme=life.programme_id):
        successor[1].open(life.programme, by=life.office.issuer)
    with fails(world, "UnknownProgramme", *successor, programme=life.programme_id):
        successor[0].issue(world.terms(life.programme), [(life.firm.tag, tag("serial"))], by=life.office.issuer)


def test_a_programme_of_the_first_is_not_opened_in_the_third(world: World, life: Life, successor: tuple[Contract, Contract]) -> None:
    succeed(world, successor)
    with acting_on(world, *successor):
        third = world.deploy_registry(predecessor=successor[0].address)
        succeed(world, third)

    with fails(world, "ProgrammeKnownToPredecessor", *third, programme=life.programme_id):
        third[1].open(life.programme, by=life.office.issuer)


def test_the_first_opens_and_issues_nothing_once_it_is_retired(world: World, life: Life, successor: tuple[Contract, Contract]) -> None:
    retire(world)

    with fails(world, "RegistryRetired"):
        world.programmes.open(world.programme_record(), by=life.office.issuer)
    with fails(world, "RegistryRetired"):
        world.registry.issue(world.terms(life.programme), [(life.firm.tag, tag("serial"))], by=life.office.issuer)
    motion = world.motion(MotionKind.AUTHORISE_REGISTRY, account=world.registry.address)
    world.carry(motion)
    with fails(world, "WrongStatus", registry=world.registry.address, status=2):
        world.invoices.setRegistry(motion, by=STRANGER)


def test_a_voucher_of_the_first_is_unknown_to_the_second(world: World, life: Life, successor: tuple[Contract, Contract]) -> None:
    succeed(world, successor)
    order = world.order(life.voucher, life.lab, 5_000 * YUAN)
    signatures = world.signed(order, life.firm, life.lab)

    with fails(world, "UnknownVoucher", *successor, voucher=life.voucher_id):
        successor[0].reserve(life.voucher, order, signatures, by=STRANGER)
    with fails(world, "WrongStage", *successor, index=0, order=life.order_id, stage=0):
        successor[0].redeem(life.voucher, life.order, life.redemption, signatures, by=STRANGER)


def test_the_first_runs_off_what_it_issued(world: World, life: Life, successor: tuple[Contract, Contract]) -> None:
    succeed(world, successor)

    for step in (life.redeem, life.accept, life.settle):
        step()
    order = world.order(life.voucher, life.lab, 5_000 * YUAN)
    world.registry.reserve(life.voucher, order, world.signed(order, life.firm, life.lab), by=STRANGER)

    assert life.balance() == (0, 5_000 * YUAN, 4_800 * YUAN, 200 * YUAN)


def test_the_same_invoice_is_not_claimed_in_both(world: World, life: Life, successor: tuple[Contract, Contract]) -> None:
    life.redeem()
    succeed(world, successor)
    with acting_on(world, *successor):
        second = in_successor(world, life)
        second.redemption = world.redemption(
            second.order, 2, 1, invoice=life.redemption.invoice, invoice_amount=life.redemption.invoice_amount
        )
        with fails(world, "InvoiceExceeded", invoice=life.redemption.invoice, amount=8_000 * YUAN, claimed=8_000 * YUAN, cost=2):
            second.redeem()
    life.reject()
    with acting_on(world, *successor):
        second.redeem()


def in_successor(world: World, life: Life) -> Life:
    """An open order of the same lab, on a voucher that the successor issued."""
    second = Life.begin(world)
    second.lab = life.lab
    second.order = world.order(second.voucher, second.lab, 5_000 * YUAN)
    second.reserve()
    return second


def test_a_signature_for_the_first_holds_nowhere_in_the_second(world: World, life: Life, successor: tuple[Contract, Contract]) -> None:
    succeed(world, successor)
    first = Domain(world.node.chain_id, Address(world.registry.address))
    with acting_on(world, *successor):
        second = Life.begin(world)
        signatures = Signatures(
            firm=signing.sign(second.order, first, bytes(second.firm.signer.key)),
            lab=signing.sign(second.order, first, bytes(second.lab.signer.key)),
        )
        got = signer_of(world, second.order, signatures.firm)
        with fails(world, "NotSignedBy", signer=second.firm.signer, got=got):
            world.registry.reserve(second.voucher, second.order, signatures, by=STRANGER)


def test_a_closed_registry_claims_no_more_and_still_frees(world: World, life: Life, successor: tuple[Contract, Contract]) -> None:
    waiting = Life.begin(world, until="redeemed")
    succeed(world, successor)
    world.decide(MotionKind.CLOSE_REGISTRY, account=world.registry.address)

    with fails(world, "MayNotClaim", registry=world.registry.address, status=3):
        life.redeem()
    waiting.reject()
    assert world.invoices.invoices(waiting.redemption.invoice).claims == 0


@pytest.mark.parametrize("kind", [MotionKind.RETIRE_REGISTRY, MotionKind.CLOSE_REGISTRY, MotionKind.AUTHORISE_REGISTRY])
def test_a_registry_moves_forward_only_and_by_one_motion_once(world: World, kind: MotionKind) -> None:
    retire(world)
    world.decide(MotionKind.CLOSE_REGISTRY, account=world.registry.address)
    motion = world.motion(kind, account=world.registry.address)
    world.carry(motion)

    with fails(world, "WrongStatus", registry=world.registry.address, status=3):
        world.invoices.setRegistry(motion, by=STRANGER)


def test_a_motion_on_the_ledger_is_not_enacted_elsewhere_nor_twice(world: World) -> None:
    motion = world.motion(MotionKind.RETIRE_REGISTRY, account=world.registry.address)
    world.carry(motion)
    with fails(world, "InvalidMotion", kind=MotionKind.RETIRE_REGISTRY):
        world.consortium.enact(motion, by=STRANGER)

    world.invoices.setRegistry(motion, by=STRANGER)
    with fails(world, "MotionUsed", motion=codec.id_of(motion)):
        world.invoices.setRegistry(motion, by=STRANGER)


@pytest.mark.parametrize("kind", [MotionKind.SUSPEND, MotionKind.LIFT_FLAG, MotionKind.VOID_CLAIM])
def test_a_motion_on_something_else_sets_no_registry(world: World, kind: MotionKind) -> None:
    motion = world.motion(kind, region=CHANGXING, account=world.registry.address)
    world.carry(motion)

    with fails(world, "WrongMotion"):
        world.invoices.setRegistry(motion, by=STRANGER)


def test_programmes_obey_no_one_but_their_registry(world: World, life: Life) -> None:
    calls = {
        "commit": (0, life.programme_id, 1),
        "uncommit": (life.programme_id, 1),
        "pay": (life.programme_id, 1, 1),
        "payBack": (life.programme_id, 1),
        "count": (life.programme_id, tag("a"), 1),
        "uncount": (life.programme_id, tag("a"), 1),
    }
    for account in (STRANGER, life.payer, life.office.issuer, life.office.admin):
        for verb, arguments in calls.items():
            with fails(world, "NotRegistry", account=account):
                getattr(world.programmes, verb)(*arguments, by=account)


def test_a_registry_does_not_take_over_another_ones_programmes(world: World) -> None:
    shared = (world.consortium.address, world.directory.address, world.invoices.address)

    with fails(world, "WrongProgrammes", programmes=world.programmes.address):
        world._create("VoucherRegistry", *shared, world.programmes.address, world.registry.address)
