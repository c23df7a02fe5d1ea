"""Firm and lab reserve part of a voucher."""

from dataclasses import replace

import pytest

from registry import codec, signing
from registry.model import Approval, Fen, Lab, Order, Signatures, Stage, Standing
from tests.contracts.seen import good_until
from tests.contracts.voucher_registry.cases import FORGERIES, apart_from_pool, forged, with_a_high_s
from tests.contracts.world import (
    BEIJING,
    CHANGXING,
    DAY,
    KUNSHAN,
    SHANGHAI,
    STRANGER,
    UNSIGNED,
    YUAN,
    Life,
    Party,
    digest,
    person,
    refused,
    tag,
)

PROJECT = tag("project")


def drawn_up(life, **changes) -> None:
    """Change what the order says before anybody signs it."""
    life.order = replace(life.order, **changes)


def joint(life) -> tuple[int, bool]:
    """Partners, and whether there are enough."""
    return tuple(life.world.registry.partnerships(codec.joint_id(life.programme_id, PROJECT, life.lab.id)))


# The voucher


def test_an_order_on_another_voucher_is_refused(world, life, neighbour):
    signatures = world.signed(life.order, life.firm, life.lab)

    with refused("VoucherMismatch", index=0, order=life.order_id, voucher=neighbour.voucher_id):
        world.registry.reserve(neighbour.voucher, life.order, signatures, by=STRANGER)


def test_a_voucher_that_was_never_issued_is_refused(life):
    life.voucher = replace(life.voucher, serial=tag("never printed"))
    drawn_up(life, voucher=life.voucher_id)

    with refused("UnknownVoucher", voucher=life.voucher_id):
        life.reserve()


@pytest.mark.parametrize(
    ("stage", "seen"), [("open", Stage.OPEN), ("redeemed", Stage.REDEEMED), ("accepted", Stage.ACCEPTED), ("settled", Stage.SETTLED)]
)
def test_an_order_is_reserved_once(life, stage, seen):
    life.until(stage)

    with refused("OrderSeen", order=life.order_id, stage=seen):
        life.reserve()


def test_use_by_is_the_last_second(world):
    soon = world.now() + DAY
    life = Life.begin(world, voucher={"use_by": soon})

    good_until(world, soon, life.reserve)

    with refused("PastUseBy", voucher=life.voucher_id, useBy=soon):
        life.reserve()


def test_an_order_for_nothing_is_refused(life):
    drawn_up(life, amount=Fen(0))

    with refused("AmountZero"):
        life.reserve()


@pytest.mark.parametrize(("denomination", "amount"), [(1_000 * YUAN, 1), (1_000 * YUAN, 1_500 * YUAN), (10_000 * YUAN, 5_000 * YUAN)])
def test_part_of_a_note_is_refused(world, denomination, amount):
    life = Life.begin(world, voucher={"denomination": denomination}, amount=amount)

    with refused("NotWholeNotes", voucher=life.voucher_id, amount=amount, denomination=denomination):
        life.reserve()


def test_more_than_is_left_is_refused(life):
    life.reserve()
    more = life.beside(voucher=life.voucher, amount=6_000 * YUAN)

    with refused("OverAvailable", voucher=life.voucher_id, available=5_000 * YUAN, amount=6_000 * YUAN):
        more.reserve()


def test_a_strip_is_reserved_note_by_note(life):
    drawn_up(life, amount=Fen(1_000 * YUAN))
    for orders in range(1, 11):
        life.beside(voucher=life.voucher).reserve()
        assert life.balance() == ((10 - orders) * 1_000 * YUAN, orders * 1_000 * YUAN, 0, 0)

    with refused("OverAvailable", voucher=life.voucher_id, available=0, amount=1_000 * YUAN):
        life.reserve()


# Joint vouchers


def test_a_joint_voucher_is_ordered_whole(world):
    life = Life.begin(world, min_partners=3, amount=9_000 * YUAN)

    with refused("WholeVoucherOnly", voucher=life.voucher_id, face=10_000 * YUAN, amount=9_000 * YUAN):
        life.reserve()


def test_each_firm_with_an_open_order_is_a_partner(world):
    first = Life.begin(world, min_partners=3, amount=10_000 * YUAN)
    seen = []

    for life in (first, first.beside(), first.beside(), first.beside()):
        life.reserve()
        seen.append(joint(first))

    assert seen == [(1, False), (2, False), (3, True), (3, True)]


def test_two_orders_of_one_firm_are_one_partner(world):
    life = Life.begin(world, min_partners=2, amount=10_000 * YUAN)
    life.reserve()

    life.beside(firm=life.firm).reserve()

    assert joint(life) == (1, False)
    assert world.registry.partnerOrders(codec.joint_id(life.programme_id, PROJECT, life.lab.id), life.firm.tag) == 2


def test_a_requested_order_makes_no_partner(world):
    life = Life.begin(world, min_partners=3, amount=10_000 * YUAN, approval=Approval.ALWAYS)

    life.reserve()

    assert joint(life) == (0, False)


# The parties


def test_a_flagged_firm_is_refused_until_the_flag_lapses(world, life):
    until = world.flag(life.firm.id)
    drawn_up(life, valid_until=until + 1)

    world.at(until)
    with refused("SubjectFlagged", subject=life.firm.id, until=until):
        life.reserve()

    world.at(until + 1)
    assert life.reserve().only("Reserved")["stage"] == Stage.OPEN


def test_a_flagged_lab_is_refused_until_the_flag_lapses(world, life):
    until = world.flag(life.lab.id)
    drawn_up(life, valid_until=until + 1)

    world.at(until)
    with refused("SubjectFlagged", subject=life.lab.id, until=until):
        life.reserve()

    world.at(until + 1)
    assert life.reserve().only("Reserved")["stage"] == Stage.OPEN


def test_an_unknown_lab_is_refused(life):
    drawn_up(life, lab=digest("no lab"))

    with refused("UnknownLab", lab=life.order.lab):
        life.reserve()


@pytest.mark.parametrize(("verb", "standing"), [("suspend", Standing.SUSPENDED), ("exit", Standing.EXITED), ("freeze", Standing.FROZEN)])
def test_a_lab_that_is_not_active_is_refused(world, life, verb, standing):
    getattr(world.directory, verb)(life.lab.id, by=life.host.directory)

    with refused("LabNotActive", lab=life.lab.id, standing=standing):
        life.reserve()


def test_qualification_has_a_last_second(world, life):
    until = world.now() + DAY
    world.directory.renew(life.lab.id, life.lab.tag, until, by=life.host.directory)

    good_until(world, until, life.reserve)

    with refused("NotQualified", lab=life.lab.id, qualifiedUntil=until):
        life.reserve()


def test_a_firm_that_invoices_for_its_lab_is_refused(world, life):
    world.directory.renew(life.lab.id, life.firm.tag, world.now() + DAY, by=life.host.directory)

    with refused("SellerIsFirm", lab=life.lab.id, firm=life.firm.tag):
        life.reserve()


# Items


def test_an_item_that_nobody_listed_is_refused(life):
    drawn_up(life, item=digest("no item"))

    with refused("ItemNotListed", item=life.order.item, lab=life.lab.id):
        life.reserve()


def test_another_labs_item_is_refused(world, life):
    drawn_up(life, item=world.item(world.lab(), recognised_by=[CHANGXING]))

    with refused("ItemNotListed", item=life.order.item, lab=life.lab.id):
        life.reserve()


def test_a_listed_item_may_be_named(world, life):
    drawn_up(life, item=world.item(life.lab))

    assert life.reserve().only("Reserved")["stage"] == Stage.OPEN


def test_an_itemised_programme_asks_for_an_item(world):
    life = Life.begin(world, itemised=True)

    with refused("ItemRequired", lab=life.lab.id):
        life.reserve()


@pytest.mark.parametrize("region", [CHANGXING, SHANGHAI])
def test_an_itemised_programme_asks_for_a_recognised_lab(world, region):
    life = Life.begin(world, itemised=True)
    life.lab = world.lab(region, recognised_by=[])
    drawn_up(life, lab=life.lab.id, item=world.item(life.lab, recognised_by=[CHANGXING]))

    with refused("NotRecognised", region=CHANGXING, subject=life.lab.id):
        life.reserve()


@pytest.mark.parametrize("region", [CHANGXING, SHANGHAI])
def test_an_itemised_programme_asks_for_a_recognised_item(world, region):
    life = Life.begin(world, itemised=True, lab_region=region)
    drawn_up(life, item=world.item(life.lab, recognised_by=[BEIJING]))

    with refused("NotRecognised", region=CHANGXING, subject=life.order.item):
        life.reserve()


@pytest.mark.parametrize("region", [CHANGXING, SHANGHAI])
def test_a_recognised_item_of_a_recognised_lab_is_reserved(world, region):
    life = Life.begin(world, itemised=True, lab_region=region)
    drawn_up(life, item=world.item(life.lab, recognised_by=[CHANGXING]))

    assert life.reserve().only("Reserved")["stage"] == Stage.OPEN


# Recognition


def test_a_lab_elsewhere_must_be_recognised(world, life):
    life.lab = world.lab(SHANGHAI, recognised_by=[BEIJING])
    drawn_up(life, lab=life.lab.id)

    with refused("NotRecognised", region=CHANGXING, subject=life.lab.id):
        life.reserve()


def test_recognition_of_another_lab_of_the_unit_does_not_help(world, life):
    record = Lab(SHANGHAI, life.lab.record.host_unit, "a second lab of the unit")
    life.lab = Party(record, codec.id_of(record), person("a second lab of the unit"), life.lab.tag)
    world.directory.admit(record, life.lab.signer, life.lab.tag, world.now() + DAY, by=life.host.directory)
    drawn_up(life, lab=life.lab.id)

    with refused("NotRecognised", region=CHANGXING, subject=life.lab.id):
        life.reserve()


def test_recognition_begins_in_its_first_second(world, life):
    begins = world.now() + DAY
    world.directory.recognise([life.lab.id], begins, begins + DAY, by=life.office.directory)

    world.at(begins - 1)
    with refused("NotRecognised", region=CHANGXING, subject=life.lab.id):
        life.reserve()

    world.at(begins)
    assert life.reserve().time == begins


def test_recognition_ends_after_its_last_second(world, life):
    ends = world.now() + DAY
    world.directory.recognise([life.lab.id], 0, ends, by=life.office.directory)

    good_until(world, ends, life.reserve)

    with refused("NotRecognised", region=CHANGXING, subject=life.lab.id):
        life.reserve()


def test_a_withdrawn_lab_is_refused(world, life):
    world.directory.withdraw([life.lab.id], by=life.office.directory)

    with refused("NotRecognised", region=CHANGXING, subject=life.lab.id):
        life.reserve()


def test_a_lab_at_home_needs_no_recognition(world, life):
    life.lab = world.lab(CHANGXING, recognised_by=[])
    drawn_up(life, lab=life.lab.id)

    assert life.reserve().only("Reserved")["stage"] == Stage.OPEN


@pytest.mark.parametrize("region", [CHANGXING, KUNSHAN, SHANGHAI])
def test_a_suspended_region_neither_issues_nor_pays_nor_hosts(world, region):
    life = Life.begin(world, payer=KUNSHAN, lab_region=SHANGHAI)
    world.suspend(region)

    with refused("Suspended", region=region):
        life.reserve()


# Consent


def test_signatures_have_a_last_second(world, life):
    good_until(world, life.order.valid_until, life.reserve)

    with refused("SignatureExpired", validUntil=life.order.valid_until):
        life.reserve()


def test_one_key_for_both_parties_is_refused(world, life):
    agent = person("an agent for both")
    for party in (life.firm, life.lab):
        world.directory.rotate(party.id, agent, by=party.signer)

    with refused("SameSigner", signer=agent):
        world.registry.reserve(life.voucher, life.order, Signatures(*[world.sign(life.order, agent)] * 2), by=STRANGER)


@pytest.mark.parametrize("how", FORGERIES)
def test_a_firm_that_did_not_sign_is_refused(world, life, how):
    signature, values = forged(world, life.order, how, life.firm.signer, life.lab.signer)

    with refused("NotSignedBy", **values):
        world.registry.reserve(
            life.voucher, life.order, replace(world.signed(life.order, life.firm, life.lab), firm=signature), by=STRANGER
        )


@pytest.mark.parametrize("how", FORGERIES)
def test_a_lab_that_did_not_sign_is_refused(world, life, how):
    signature, values = forged(world, life.order, how, life.lab.signer, life.firm.signer)

    with refused("NotSignedBy", **values):
        world.registry.reserve(life.voucher, life.order, replace(world.signed(life.order, life.firm, life.lab), lab=signature), by=STRANGER)


def test_swapped_signatures_are_refused(world, life):
    swapped = world.signed(life.order, life.lab, life.firm)

    with refused("NotSignedBy", signer=life.firm.signer, got=life.lab.signer):
        world.registry.reserve(life.voucher, life.order, swapped, by=STRANGER)


def test_a_signature_is_good_in_one_form_only(world, life):
    high, low, account = with_a_high_s(world, life.order, life.firm)
    of_lab = world.sign(life.order, life.lab.signer)

    with refused("NotSignedBy", signer=account, got="0x" + "00" * 20):
        world.registry.reserve(life.voucher, life.order, Signatures(high, of_lab), by=STRANGER)

    sent = world.registry.reserve(life.voucher, life.order, Signatures(low, of_lab), by=STRANGER)
    assert sent.only("Reserved")["order"] == life.order_id


def test_a_replaced_key_no_longer_signs(world, life):
    successor = person("the lab's next key")
    world.directory.rotate(life.lab.id, successor, by=life.lab.signer)

    with refused("NotSignedBy", signer=successor, got=life.lab.signer):
        life.reserve()


# Voucher, order and signatures stand in calldata word by word. Both parties sign what no wallet would show them: an order one
# of whose words says more than its field can hold.
@pytest.mark.parametrize("field", ["amount", "valid_until", "nonce"])
def test_an_order_with_dirty_bits_is_refused(world, life, field):
    words = bytearray(codec.encode_record(life.order))
    words[32 * list(type(life.order).__slots__).index(field)] = 1
    dirty = codec.keccak(b"\x19\x01" + world.domain.separator + codec.keccak(codec.type_hash(Order) + bytes(words)))
    signatures = Signatures(*(signing.sign_digest(dirty, bytes(party.signer.key)) for party in (life.firm, life.lab)))
    call = world.registry.encode("reserve", life.voucher, life.order, signatures)

    with refused("Malformed"):
        world.send(STRANGER, world.registry.address, call.replace(codec.encode_record(life.order), bytes(words)))


@pytest.mark.parametrize("who", ["firm", "lab"])
def test_the_sending_party_need_not_sign(world, life, who):
    signatures = replace(world.signed(life.order, life.firm, life.lab), **{who: UNSIGNED})

    sent = world.registry.reserve(life.voucher, life.order, signatures, by=getattr(life, who).signer)

    assert sent.only("Reserved")["order"] == life.order_id


# The money


def test_an_order_without_money_behind_it_is_refused(world):
    life = Life.begin(world, funded=8_000 * YUAN)
    life.reserve()
    second = life.beside(amount=4_000 * YUAN)

    with refused("PoolShort", index=0, programme=life.programme_id, free=3_000 * YUAN, amount=4_000 * YUAN):
        second.reserve()

    assert (second.balance(), life.pool()) == ((10_000 * YUAN, 0, 0, 0), (8_000 * YUAN, 5_000 * YUAN, 0))


def test_the_last_fen_of_a_pool_is_reserved(world):
    life = Life.begin(world, funded=5_000 * YUAN)

    life.reserve()

    assert life.pool() == (5_000 * YUAN, 5_000 * YUAN, 0)


def test_a_requested_order_needs_no_money_yet(world):
    life = Life.begin(world, funded=0, approval=Approval.ALWAYS)

    life.reserve()

    assert (life.state().stage, life.pool()) == (Stage.REQUESTED, (0, 0, 0))


# What follows


def test_a_relayed_order_moves_notes_and_commits_money(world, life, neighbour):
    before = apart_from_pool(neighbour)

    sent = life.reserve()

    deadline = sent.time + 60 * DAY
    assert [event.name for event in sent.events] == ["Reserved"]
    order = tuple(getattr(life.order, each) for each in type(life.order).__slots__)
    assert sent.events[0].values == {"order": life.order_id, "record": order, "stage": Stage.OPEN, "deadline": deadline}
    assert life.state() == (Stage.OPEN, 0, 5_000 * YUAN, deadline, bytes(17))
    assert life.balance() == (5_000 * YUAN, 5_000 * YUAN, 0, 0)
    assert life.pool() == (1_000_000 * YUAN, 10_000 * YUAN, 0)
    assert life.invoice() == (0, 0, 0, bytes(12))
    assert apart_from_pool(neighbour) == before


@pytest.mark.parametrize(
    ("approval", "region", "stage"),
    [
        (Approval.NEVER, CHANGXING, Stage.OPEN),
        (Approval.NEVER, SHANGHAI, Stage.OPEN),
        (Approval.CROSS_REGION, CHANGXING, Stage.OPEN),
        (Approval.CROSS_REGION, SHANGHAI, Stage.REQUESTED),
        (Approval.ALWAYS, CHANGXING, Stage.REQUESTED),
        (Approval.ALWAYS, SHANGHAI, Stage.REQUESTED),
    ],
)
def test_the_programme_says_which_orders_are_approved(world, approval, region, stage):
    life = Life.begin(world, approval=approval, lab_region=region)

    sent = life.reserve()

    assert sent.only("Reserved")["stage"] == life.state().stage == stage
    assert life.balance() == (5_000 * YUAN, 5_000 * YUAN, 0, 0)
    assert life.pool()[1] == (5_000 * YUAN if stage is Stage.OPEN else 0)


@pytest.mark.parametrize("days", [1, 60, 360])
def test_an_order_is_held_for_the_programmes_days(world, days):
    life = Life.begin(world, hold_days=days)

    sent = life.reserve()

    assert sent.only("Reserved")["deadline"] == life.state().deadline == sent.time + days * DAY


def test_an_order_is_not_held_beyond_claim_by(world):
    soon = world.now() + 10 * DAY
    life = Life.begin(world, hold_days=60, voucher={"use_by": soon - DAY, "claim_by": soon})

    sent = life.reserve()

    assert sent.only("Reserved")["deadline"] == life.state().deadline == soon
