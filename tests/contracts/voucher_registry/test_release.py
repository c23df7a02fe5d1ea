"""An order's money goes back to its voucher."""

from dataclasses import replace

import pytest

from registry import codec
from registry.model import Approval, Release, Role, Signatures, Stage
from tests.contracts.seen import account, good_until
from tests.contracts.voucher_registry.cases import BARS, FORGERIES, GRACE, apart_from_pool, bar, caretaker, forged
from tests.contracts.world import CHANGXING, DAY, HEBEI, SHANGHAI, STRANGER, TIANJIN, UNSIGNED, YUAN, Life, person, refused, tag

FACE = 10_000 * YUAN


@pytest.fixture
def life(world):
    """An open order for half of a voucher."""
    return Life.begin(world, until="open")


@pytest.fixture
def partners(world):
    """Three firms with one project at one lab: enough for a joint programme."""
    first = Life.begin(world, min_partners=3, amount=FACE)
    return [each.until("open") for each in (first, first.beside(), first.beside())]


def consent(life, **changes) -> Release:
    return replace(Release(life.order_id, life.state().attempt, life.world.now() + 400 * DAY), **changes)


def release(life, *, record=None, signatures=None, by=STRANGER, **signed):
    """Release with the lab's signature alone, unless told otherwise."""
    record = record or consent(life)
    signatures = signatures or Signatures(lab=life.world.sign(record, life.lab.signer))
    return life.world.registry.release(life.voucher, life.order, record, replace(signatures, **signed), by=by)


def by_nobody(life, by):
    """Release without anybody's signature."""
    return release(life, signatures=Signatures(), by=by)


def joint(life) -> tuple[int, bool]:
    """Partners, and whether there are enough."""
    return tuple(life.world.registry.partnerships(codec.joint_id(life.programme_id, tag("project"), life.lab.id)))


# What is released


def test_an_order_on_another_voucher_is_refused(world, life, neighbour):
    with refused("VoucherMismatch", index=0, order=life.order_id, voucher=neighbour.voucher_id):
        world.registry.release(neighbour.voucher, life.order, consent(life), Signatures(), by=life.lab.signer)


@pytest.mark.parametrize("stage", ["redeemed", "accepted", "settled"])
def test_only_a_requested_or_open_order_is_released(life, stage):
    later = life.beside().until(stage)

    with refused("WrongStage", index=0, order=later.order_id, stage=Stage[stage.upper()]):
        release(later)


def test_an_order_is_released_once(life):
    release(life)

    with refused("WrongStage", index=0, order=life.order_id, stage=Stage.RELEASED):
        release(life)


# Whose consent


def test_consent_to_another_order_is_refused(life, neighbour):
    with refused("OrderMismatch", order=life.order_id, named=neighbour.order_id):
        release(life, record=consent(neighbour))


def test_consent_from_before_a_rejection_is_refused(life):
    early = consent(life)
    life.redeem()
    life.reject()

    with refused("WrongAttempt", order=life.order_id, attempt=1, got=0):
        release(life, record=early)

    assert release(life).only("Released")["order"] == life.order_id


def test_consent_has_a_last_second(world, life):
    record = consent(life, valid_until=world.now() + DAY)

    good_until(world, record.valid_until, lambda: release(life, record=record))

    with refused("SignatureExpired", validUntil=record.valid_until):
        release(life, record=record)


@pytest.mark.parametrize("how", FORGERIES)
def test_a_lab_that_did_not_sign_is_refused(world, life, how):
    record = consent(life)
    signature, values = forged(world, record, how, life.lab.signer, life.firm.signer)

    with refused("NotSignedBy", **values):
        release(life, record=record, lab=signature)


def test_a_firm_alone_releases_nothing(world, life):
    record = consent(life)
    of_firm = world.sign(record, life.firm.signer)

    with refused("NotSignedBy", signer=life.lab.signer, got=life.firm.signer):
        release(life, record=record, firm=of_firm, lab=UNSIGNED, by=life.firm.signer)


# What follows


def test_an_open_order_gives_notes_and_money_back(life, neighbour):
    before, deadline = apart_from_pool(neighbour), life.state().deadline

    sent = release(life)

    assert [(event.name, event.values) for event in sent.events] == [
        ("Released", {"order": life.order_id, "lapsed": False, "by": STRANGER.address.lower()})
    ]
    assert life.state() == (Stage.RELEASED, 0, 5_000 * YUAN, deadline, bytes(17))
    assert life.balance() == (FACE, 0, 0, 0)
    assert life.pool() == (1_000_000 * YUAN, 5_000 * YUAN, 0)
    assert apart_from_pool(neighbour) == before


def test_a_requested_order_gives_its_notes_back(world):
    life = Life.begin(world, approval=Approval.ALWAYS)
    opened = life.beside().until("open")
    life.reserve()
    before = apart_from_pool(opened)

    release(life)

    assert (life.state().stage, life.balance()) == (Stage.RELEASED, (FACE, 0, 0, 0))
    assert life.pool() == (1_000_000 * YUAN, 5_000 * YUAN, 0)
    assert apart_from_pool(opened) == before


def test_a_lab_that_sends_need_not_sign(life):
    sent = by_nobody(life, by=life.lab.signer)

    assert sent.only("Released")["by"] == life.lab.signer.address.lower()


@pytest.mark.parametrize("what", BARS)
def test_a_barred_party_may_release(life, what):
    bar(life, what)

    release(life)

    assert life.balance() == (FACE, 0, 0, 0)


@pytest.mark.parametrize("region", [CHANGXING, SHANGHAI])
def test_a_suspended_region_stops_no_release(world, life, region):
    world.suspend(region)

    release(life)

    assert life.balance() == (FACE, 0, 0, 0)


# By a reviewer


@pytest.mark.parametrize("verb", ["suspend", "exit", "freeze"])
def test_a_reviewer_releases_where_the_lab_is_gone(world, life, verb):
    getattr(world.directory, verb)(life.lab.id, by=life.host.directory)

    sent = by_nobody(life, by=life.office.reviewer)

    assert sent.only("Released").values == {"order": life.order_id, "lapsed": False, "by": life.office.reviewer.address.lower()}
    assert (life.balance(), life.pool()[1]) == ((FACE, 0, 0, 0), 0)


@pytest.mark.parametrize("party", ["lab", "firm"])
def test_a_reviewer_releases_where_a_flag_was_seconded(world, life, party):
    subject = getattr(life, party).id
    world.flag(subject, by=HEBEI)
    world.second(subject, by=TIANJIN)

    by_nobody(life, by=life.office.reviewer)

    assert (life.balance(), life.pool()[1]) == ((FACE, 0, 0, 0), 0)


@pytest.mark.parametrize("who", ["stranger", "issuer", "payer", "directory", "admin", "reviewer elsewhere"])
def test_where_the_lab_is_gone_only_the_regions_reviewer_releases(world, life, who):
    world.directory.freeze(life.lab.id, by=life.host.directory)
    sender = account(world, who, life.office.region)

    with refused("NotSignedBy", signer=life.lab.signer, got=sender):
        by_nobody(life, by=sender)


@pytest.mark.parametrize("who", ["reviewer", "caretaker"])
def test_nobody_reviews_a_release_for_a_suspended_region(world, life, who):
    world.directory.exit(life.lab.id, by=life.host.directory)
    account = {"caretaker": caretaker(world, CHANGXING), "reviewer": life.office.reviewer}[who]

    with refused("NotSignedBy", signer=life.lab.signer, got=account):
        by_nobody(life, by=account)


@pytest.mark.parametrize("party", ["firm", "lab"])
def test_a_reviewer_does_not_release_for_its_own_party(world, partners, party):
    leaver = partners[0]
    own = getattr(leaver, party).signer
    world.appoint(leaver.office, own, Role.REVIEWER)
    world.directory.freeze(leaver.lab.id, by=leaver.host.directory)
    missing = leaver.lab.signer if party == "firm" else leaver.firm.signer

    with refused("NotSignedBy", signer=missing, got=own):
        by_nobody(leaver, by=own)


def test_with_the_labs_signature_it_is_the_parties_who_release(world, life):
    world.directory.freeze(life.lab.id, by=life.host.directory)
    forged = world.sign(consent(life), STRANGER)

    with refused("NotSignedBy", signer=life.lab.signer, got=STRANGER):
        release(life, signatures=Signatures(lab=forged), by=life.office.reviewer)


def test_a_reviewer_does_not_release_from_an_active_lab(life):
    with refused("NotSignedBy", signer=life.lab.signer, got=life.office.reviewer):
        by_nobody(life, by=life.office.reviewer)


@pytest.mark.parametrize("party", ["lab", "firm"])
def test_a_flag_that_was_not_seconded_lets_no_reviewer_release(world, life, party):
    world.flag(getattr(life, party).id)

    with refused("NotSignedBy", signer=life.lab.signer, got=life.office.reviewer):
        by_nobody(life, by=life.office.reviewer)


# By anyone


def test_anyone_releases_thirty_days_after_the_deadline(world, life):
    deadline = life.state().deadline

    world.at(deadline + GRACE)
    with refused("NotSignedBy", signer=life.lab.signer, got=STRANGER):
        by_nobody(life, by=STRANGER)

    world.at(deadline + GRACE + 1)
    by_nobody(life, by=STRANGER)
    assert (life.balance(), life.pool()[1]) == ((FACE, 0, 0, 0), 0)


def test_a_requested_order_is_released_by_anyone_too(world):
    life = Life.begin(world, approval=Approval.ALWAYS)
    life.reserve()
    world.at(life.state().deadline + GRACE + 1)

    by_nobody(life, by=STRANGER)

    assert (life.balance(), life.pool()[1]) == ((FACE, 0, 0, 0), 0)


def test_thirty_days_count_from_an_extended_deadline(world, life):
    deadline = life.state().deadline
    world.registry.extend(life.reservation, deadline + 10 * DAY, by=life.office.reviewer)

    world.at(deadline + 10 * DAY + GRACE)
    with refused("NotSignedBy", signer=life.lab.signer, got=STRANGER):
        by_nobody(life, by=STRANGER)

    world.at(deadline + 10 * DAY + GRACE + 1)
    assert by_nobody(life, by=STRANGER).only("Released")["order"] == life.order_id


# Out of a partnership


def test_leaving_before_it_is_reached_uncounts(world):
    first = Life.begin(world, until="open", min_partners=3, amount=FACE)
    leaver = first.beside().until("open")

    sent = release(leaver)

    assert sent.only("Released")["lapsed"] is False
    assert (joint(first), leaver.balance()) == ((1, False), (FACE, 0, 0, 0))
    first.beside().until("open")
    assert joint(first) == (2, False)


def test_a_firm_leaves_with_its_last_order(world):
    first = Life.begin(world, until="open", min_partners=3, amount=FACE)
    again = first.beside(firm=first.firm).until("open")

    release(again)
    assert joint(first) == (1, False)

    release(first)
    assert joint(first) == (0, False)


def test_a_reached_partnership_is_not_left_by_the_lab_alone(partners):
    leaver = partners[0]

    with refused("NotSignedBy", signer=leaver.firm.signer, got=STRANGER):
        release(leaver)

    assert leaver.state().stage == Stage.OPEN


def test_one_key_for_both_parties_is_refused(world, partners):
    leaver = partners[0]
    agent = person("an agent for both")
    for party in (leaver.firm, leaver.lab):
        world.directory.rotate(party.id, agent, by=party.signer)
    signature = world.sign(consent(leaver), agent)

    with refused("SameSigner", signer=agent):
        release(leaver, record=consent(leaver), signatures=Signatures(signature, signature))


@pytest.mark.parametrize("who", ["stranger", "firm", "reviewer"])
def test_both_release_and_the_voucher_lapses(world, partners, who):
    leaver, *stay = partners
    before = [apart_from_pool(each) for each in stay]
    record = consent(leaver)
    signatures = world.signed(record, leaver.firm, leaver.lab)
    account = {"stranger": STRANGER, "firm": leaver.firm.signer, "reviewer": leaver.office.reviewer}[who]
    if who == "reviewer":
        world.directory.freeze(leaver.lab.id, by=leaver.host.directory)
    if who == "firm":
        signatures = replace(signatures, firm=UNSIGNED)

    sent = release(leaver, record=record, signatures=signatures, by=account)

    assert sent.only("Released").values == {"order": leaver.order_id, "lapsed": True, "by": account.address.lower()}
    assert (leaver.state().stage, leaver.balance()) == (Stage.RELEASED, (0, 0, 0, FACE))
    assert leaver.pool() == (1_000_000 * YUAN, 2 * FACE, 0)
    assert [apart_from_pool(each) for each in stay] == before


def test_thirty_days_late_the_voucher_lapses(world, partners):
    leaver = partners[0]

    world.at(leaver.state().deadline + GRACE + 1)
    sent = by_nobody(leaver, by=STRANGER)

    assert sent.only("Released")["lapsed"] is True
    assert (leaver.balance(), leaver.pool()[1]) == ((0, 0, 0, FACE), 2 * FACE)


def test_a_reviewers_release_does_not_lapse(world, partners):
    leaver = partners[0]
    world.directory.freeze(leaver.lab.id, by=leaver.host.directory)

    sent = by_nobody(leaver, by=leaver.office.reviewer)

    assert sent.only("Released")["lapsed"] is False
    assert (leaver.balance(), leaver.pool()[1]) == ((FACE, 0, 0, 0), 2 * FACE)


def test_a_requested_order_beside_a_reached_partnership_is_free(world):
    first = Life.begin(world, min_partners=2, amount=FACE, approval=Approval.ALWAYS)
    for each in (first, first.beside()):
        each.until("open")
    requested = first.beside()
    requested.reserve()

    sent = release(requested)

    assert sent.only("Released")["lapsed"] is False
    assert (requested.balance(), joint(first)) == ((FACE, 0, 0, 0), (2, True))


def test_once_reached_it_stays_reached(world, partners):
    for each in partners[1:]:
        record = consent(each)
        release(each, record=record, signatures=world.signed(record, each.firm, each.lab))

    assert joint(partners[0])[1] is True
    partners[0].redeem()
    assert partners[0].state().stage == Stage.REDEEMED
