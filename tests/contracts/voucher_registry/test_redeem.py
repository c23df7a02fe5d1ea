"""Firm and lab ask for the money of an open order."""

from dataclasses import replace

import pytest

from registry import codec, signing
from registry.model import (
    NO_ADDRESS,
    NO_ID,
    UNLIMITED,
    Approval,
    Fen,
    MotionKind,
    Paid,
    Redemption,
    RegistryStatus,
    Release,
    Role,
    Signatures,
    Slice,
    Stage,
    StandIn,
)
from tests.contracts.seen import account, good_until
from tests.contracts.voucher_registry.cases import FORGERIES, apart_from_pool, caretaker, forged, skip_to_attempt, with_a_high_s
from tests.contracts.world import BEIJING, CHANGXING, DAY, SHANGHAI, STRANGER, UNSIGNED, YUAN, Life, digest, person, refused, tag

FACE = 10_000 * YUAN
REASON = digest("the firm is insolvent")
SLICES = (Slice(Fen(10_000 * YUAN), 9000), Slice(Fen(20_000 * YUAN), 5000), Slice(Fen(50_000 * YUAN), 3000))


@pytest.fixture
def life(world):
    """An open order for half of a voucher."""
    return Life.begin(world, until="open")


def drawn_up(life, **changes) -> None:
    """Change what the redemption says before anybody signs it."""
    life.redemption = replace(life.redemption, **changes)


def redeem(life, *, by=STRANGER, voucher=None, **signed):
    """Redeem with both signatures, some replaced."""
    signatures = replace(life.world.signed(life.redemption, life.firm, life.lab), **signed)
    return life.world.registry.redeem(voucher or life.voucher, life.order, life.redemption, signatures, by=by)


# Which order


def test_an_order_on_another_voucher_is_refused(life, neighbour):
    with refused("VoucherMismatch", index=0, order=life.order_id, voucher=neighbour.voucher_id):
        redeem(life, voucher=neighbour.voucher)


def test_a_redemption_of_another_order_is_refused(life, neighbour):
    drawn_up(life, order=neighbour.order_id)

    with refused("OrderMismatch", order=life.order_id, named=neighbour.order_id):
        life.redeem()


def test_an_unknown_order_is_refused(life):
    never_sent = life.beside()

    with refused("WrongStage", index=0, order=never_sent.order_id, stage=Stage.NONE):
        never_sent.redeem()


@pytest.mark.parametrize("stage", ["redeemed", "accepted", "settled"])
def test_only_an_open_order_is_redeemed(life, stage):
    later = life.beside().until(stage)

    with refused("WrongStage", index=0, order=later.order_id, stage=Stage[stage.upper()]):
        later.redeem()


def test_a_requested_order_is_not_redeemed(world):
    life = Life.begin(world, approval=Approval.ALWAYS)
    life.reserve()

    with refused("WrongStage", index=0, order=life.order_id, stage=Stage.REQUESTED):
        life.redeem()


def test_the_deadline_is_the_last_second(world, life):
    deadline = life.state().deadline

    good_until(world, deadline, life.redeem)

    with refused("PastDeadline", order=life.order_id, deadline=deadline):
        life.redeem()


def test_a_rejected_redemption_is_not_sent_again(life):
    life.redeem()
    life.reject()

    with refused("WrongAttempt", order=life.order_id, attempt=1, got=0):
        life.redeem()


def test_an_attempt_ahead_is_refused(life):
    drawn_up(life, attempt=1)

    with refused("WrongAttempt", order=life.order_id, attempt=0, got=1):
        life.redeem()


def test_nothing_is_redeemed_that_could_not_be_rejected(world):
    life = Life.begin(world, until="open")
    skip_to_attempt(life, 254)
    life.redeem()
    life.reject()
    life.again()

    with refused("TooManyAttempts", order=life.order_id):
        life.redeem()

    assert (life.state().attempt, life.state().stage) == (255, Stage.OPEN)


# How much


def test_a_redemption_of_nothing_is_refused(life):
    drawn_up(life, subsidy=Fen(0))

    with refused("AmountZero"):
        life.redeem()


def test_more_than_the_order_holds_is_refused(life):
    drawn_up(life, cost=Fen(FACE), invoice_amount=Fen(FACE), subsidy=Fen(5_000 * YUAN + 1))

    with refused("OverOrder", order=life.order_id, amount=5_000 * YUAN, subsidy=5_000 * YUAN + 1):
        life.redeem()


def test_after_the_payers_rejection_the_order_holds_the_notes_consumed(world, life):
    drawn_up(life, subsidy=Fen(2_500 * YUAN))
    life.redeem()
    life.accept()
    life.reject(by=life.payer)
    life.again(subsidy=Fen(3_000 * YUAN + 1))

    with refused("OverOrder", order=life.order_id, amount=3_000 * YUAN, subsidy=3_000 * YUAN + 1):
        life.redeem()

    drawn_up(life, subsidy=Fen(3_000 * YUAN))
    life.redeem()
    assert life.balance() == (7_000 * YUAN, 0, 3_000 * YUAN, 0)


@pytest.mark.parametrize(("cost", "bps", "most"), [(8_000 * YUAN, 6000, 4_800 * YUAN), (3, 6000, 1), (10_001, 9999, 9_999), (7, 10_000, 7)])
def test_one_rate_is_the_most_and_rounds_down(world, cost, bps, most):
    life = Life.begin(world, until="open", slices=(Slice(UNLIMITED, bps),), cost=cost, subsidy=most + 1)

    with refused("OverRule", order=life.order_id, most=most, subsidy=most + 1):
        life.redeem()

    drawn_up(life, subsidy=Fen(most))
    life.redeem()
    assert life.balance()[2] == most


@pytest.mark.parametrize("slices", [(Slice(UNLIMITED, 10_000),), SLICES], ids=["one rate", "slices"])
def test_a_redemption_without_cost_earns_nothing(world, slices):
    life = Life.begin(world, until="open", slices=slices, cost=0, subsidy=1)

    with refused("OverRule", order=life.order_id, most=0, subsidy=1):
        life.redeem()


@pytest.fixture
def sliced(world):
    """An order under Beijing's kind of rule: 90 % of the first 10,000 yuan, 50 % of the next, 30 % up to 50,000."""
    fen = {"denomination": 1, "face": 100_000 * YUAN}
    life = Life.begin(world, slices=SLICES, voucher=fen, amount=20_000 * YUAN, cost=8_000 * YUAN, subsidy=7_200 * YUAN)
    return life.until("open")


def instalment(life, *, cost, most) -> Life:
    """A further order on the same agreement; a fen more than it earns is refused."""
    further = life.beside(cost=cost, subsidy=most + 1).until("open")
    drawn_up(further, agreement=life.redemption.agreement)
    with refused("OverRule", order=further.order_id, most=most, subsidy=most + 1):
        further.redeem()
    drawn_up(further, subsidy=Fen(most))
    return further


def test_splitting_an_agreement_earns_nothing_more(sliced):
    sliced.redeem()

    instalment(sliced, cost=8_000 * YUAN, most=4_800 * YUAN).redeem()
    instalment(sliced, cost=6_000 * YUAN, most=2_600 * YUAN).redeem()

    assert sliced.agreement() == 22_000 * YUAN


def test_nothing_is_earned_beyond_the_last_slice(sliced):
    sliced.redeem()
    instalment(sliced, cost=41_000 * YUAN, most=(1_800 + 5_000 + 8_700) * YUAN).redeem()
    instalment(sliced, cost=2_000 * YUAN, most=300 * YUAN).redeem()

    beyond = sliced.beside(cost=1_000 * YUAN, subsidy=1).until("open")
    drawn_up(beyond, agreement=sliced.redemption.agreement)
    with refused("OverRule", order=beyond.order_id, most=0, subsidy=1):
        beyond.redeem()


def test_each_agreement_and_programme_has_its_own_margin(world, sliced):
    sliced.redeem()
    elsewhere = Life.begin(world, slices=SLICES, voucher={"denomination": 1}, amount=FACE, cost=8_000 * YUAN, subsidy=7_200 * YUAN)
    drawn_up(elsewhere, agreement=sliced.redemption.agreement)

    sliced.beside().until("redeemed")
    elsewhere.until("redeemed")

    assert (sliced.agreement(), elsewhere.agreement()) == (8_000 * YUAN, 8_000 * YUAN)


def test_a_rejected_part_gives_its_slice_back(sliced):
    sliced.redeem()
    later = instalment(sliced, cost=8_000 * YUAN, most=4_800 * YUAN)
    later.redeem()

    sliced.reject()
    sliced.again(subsidy=Fen(4_800 * YUAN + 1))
    with refused("OverRule", order=sliced.order_id, most=4_800 * YUAN, subsidy=4_800 * YUAN + 1):
        sliced.redeem()

    later.reject()
    drawn_up(sliced, subsidy=Fen(7_200 * YUAN))
    sliced.redeem()
    assert sliced.agreement() == 8_000 * YUAN


# Joint vouchers


@pytest.fixture
def joint(world):
    """The first of the three partners that a joint programme asks for, with an open order."""
    return Life.begin(world, until="open", min_partners=3, amount=FACE)


def test_too_few_partners_are_refused(joint):
    joint.beside().until("open")

    with refused("TooFewPartners", order=joint.order_id, partners=2, minPartners=3):
        joint.redeem()


def test_one_firm_twice_is_too_few(joint):
    for firm in (joint.firm, joint.world.firm()):
        joint.beside(firm=firm).until("open")

    with refused("TooFewPartners", order=joint.order_id, partners=2, minPartners=3):
        joint.redeem()


def test_a_partner_who_left_counts_no_more(world, joint):
    leaver = joint.beside().until("open")
    consent = Release(leaver.order_id, 0, world.now() + DAY)
    world.registry.release(leaver.voucher, leaver.order, consent, Signatures(), by=leaver.lab.signer)
    joint.beside().until("open")

    with refused("TooFewPartners", order=joint.order_id, partners=2, minPartners=3):
        joint.redeem()


def test_partners_are_counted_for_one_project_at_one_lab(world, joint):
    joint.beside(lab=world.lab()).until("open")
    elsewhere = joint.beside()
    elsewhere.order = replace(elsewhere.order, project=tag("another project"))
    elsewhere.reserve()

    with refused("TooFewPartners", order=joint.order_id, partners=1, minPartners=3):
        joint.redeem()


def test_enough_partners_redeem_each(joint):
    partners = [joint, *(joint.beside().until("open") for _ in range(3))]

    for each in partners:
        each.redeem()

    assert [each.state().stage for each in partners] == [Stage.REDEEMED] * 4
    assert joint.balance() == (0, 5_000 * YUAN, 4_800 * YUAN, 200 * YUAN)


# The parties


def test_a_frozen_lab_is_refused(world, life):
    world.directory.freeze(life.lab.id, by=life.host.directory)

    with refused("LabFrozen", lab=life.lab.id):
        life.redeem()


@pytest.mark.parametrize("party", ["lab", "firm"])
def test_a_flagged_party_is_refused_until_the_flag_lapses(world, life, party):
    subject = getattr(life, party).id
    until = world.flag(subject)

    world.at(until)
    with refused("SubjectFlagged", subject=subject, until=until):
        life.redeem()

    world.at(until + 1)
    assert life.redeem().only("Redeemed")["order"] == life.order_id


def test_a_firm_that_became_the_labs_seller_is_refused(world, life):
    world.directory.renew(life.lab.id, life.firm.tag, world.now() + DAY, by=life.host.directory)

    with refused("SellerIsFirm", lab=life.lab.id, firm=life.firm.tag):
        life.redeem()

    assert (life.state().stage, life.invoice()[2]) == (Stage.OPEN, 0)


@pytest.mark.parametrize("what", ["suspended", "exited", "not qualified", "withdrawn"])
def test_what_a_lab_began_it_may_finish(world, life, what):
    host = life.host.directory
    {
        "suspended": lambda: world.directory.suspend(life.lab.id, by=host),
        "exited": lambda: world.directory.exit(life.lab.id, by=host),
        "not qualified": lambda: world.directory.renew(life.lab.id, life.lab.tag, world.now() - 1, by=host),
        "withdrawn": lambda: world.directory.withdraw([life.lab.id], by=life.office.directory),
    }[what]()

    life.redeem()

    assert life.state().stage == Stage.REDEEMED


@pytest.mark.parametrize("region", [CHANGXING, SHANGHAI])
def test_a_suspended_region_stops_no_redemption(world, life, region):
    world.suspend(region)

    life.redeem()

    assert life.state().stage == Stage.REDEEMED


# Consent


def test_signatures_have_a_last_second(world, life):
    drawn_up(life, valid_until=world.now() + DAY)

    good_until(world, life.redemption.valid_until, life.redeem)

    with refused("SignatureExpired", validUntil=life.redemption.valid_until):
        life.redeem()


def test_one_key_for_both_parties_is_refused(world, life):
    agent = person("an agent for both")
    for party in (life.firm, life.lab):
        world.directory.rotate(party.id, agent, by=party.signer)
    signature = world.sign(life.redemption, agent)

    with refused("SameSigner", signer=agent):
        redeem(life, firm=signature, lab=signature)


@pytest.mark.parametrize("how", FORGERIES)
def test_a_firm_that_did_not_sign_is_refused(world, life, how):
    signature, values = forged(world, life.redemption, how, life.firm.signer, life.lab.signer)

    with refused("NotSignedBy", **values):
        redeem(life, firm=signature)


@pytest.mark.parametrize("how", FORGERIES)
def test_a_lab_that_did_not_sign_is_refused(world, life, how):
    signature, values = forged(world, life.redemption, how, life.lab.signer, life.firm.signer)

    with refused("NotSignedBy", **values):
        redeem(life, lab=signature)


def test_swapped_signatures_are_refused(world, life):
    swapped = world.signed(life.redemption, life.lab, life.firm)

    with refused("NotSignedBy", signer=life.firm.signer, got=life.lab.signer):
        redeem(life, firm=swapped.firm, lab=swapped.lab)


def test_a_signature_is_good_in_one_form_only(world, life):
    high, low, account = with_a_high_s(world, life.redemption, life.lab)

    with refused("NotSignedBy", signer=account, got=NO_ADDRESS):
        redeem(life, lab=high)

    assert redeem(life, lab=low).only("Redeemed")["order"] == life.order_id


# Both parties sign what no wallet would show them: a redemption one of whose words says more than its field can hold.
@pytest.mark.parametrize("field", ["attempt", "cost", "subsidy", "invoice_amount", "valid_until"])
def test_a_redemption_with_dirty_bits_is_refused(world, life, field):
    plain = codec.encode_record(life.redemption)
    words = bytearray(plain)
    words[32 * list(Redemption.__slots__).index(field)] = 1
    dirty = codec.keccak(b"\x19\x01" + world.domain.separator + codec.keccak(codec.type_hash(Redemption) + bytes(words)))
    signatures = Signatures(*(signing.sign_digest(dirty, bytes(party.signer.key)) for party in (life.firm, life.lab)))
    call = world.registry.encode("redeem", life.voucher, life.order, life.redemption, signatures)

    with refused("Malformed"):
        world.send(STRANGER, world.registry.address, call.replace(plain, bytes(words)))


@pytest.mark.parametrize("who", ["firm", "lab"])
def test_the_sending_party_need_not_sign(life, who):
    sent = redeem(life, by=getattr(life, who).signer, **{who: UNSIGNED})

    assert sent.only("Redeemed")["order"] == life.order_id


# A reviewer in a party's place


def stand_in(life, signer, *, reason=REASON, redemption=None) -> bytes:
    """An account's signature in place of a party."""
    return life.world.sign(StandIn(codec.id_of(redemption or life.redemption), reason), signer)


MODELS = [
    (Paid.LAB, Paid.FIRM, CHANGXING, "lab", "firm"),
    (Paid.LAB, Paid.FIRM, SHANGHAI, "firm", "lab"),
    (Paid.FIRM, Paid.LAB, CHANGXING, "firm", "lab"),
    (Paid.FIRM, Paid.LAB, SHANGHAI, "lab", "firm"),
]


def model(world, home, across, region) -> Life:
    return Life.begin(world, until="open", paid_home=home, paid_across=across, lab_region=region)


@pytest.mark.parametrize(("home", "across", "region", "paid", "unpaid"), MODELS)
def test_a_reviewer_stands_in_for_the_party_that_is_not_paid(world, *, home, across, region, paid, unpaid):
    life = model(world, home, across, region)
    reviewer = life.office.reviewer

    sent = redeem(life, reason=REASON, **{unpaid: stand_in(life, reviewer)})

    life.stand_in = reviewer.address
    assert sent.only("Redeemed")["standIn"] == reviewer.address.lower()
    assert sent.only("Redeemed")["reason"] == REASON
    assert life.state().evidence == codec.evidence(life.claim)


@pytest.mark.parametrize(("home", "across", "region", "paid", "unpaid"), MODELS)
def test_nobody_stands_in_for_the_party_that_is_paid(world, *, home, across, region, paid, unpaid):
    life = model(world, home, across, region)
    reviewer = life.office.reviewer
    signed = {paid: world.sign(life.redemption, reviewer), unpaid: stand_in(life, life.office.second_reviewer)}

    with refused("NotSignedBy", signer=getattr(life, paid).signer, got=reviewer):
        redeem(life, reason=REASON, **signed)


def test_a_reviewer_who_sends_it_need_not_sign(life):
    reviewer = life.office.reviewer

    sent = redeem(life, by=reviewer, reason=REASON, firm=UNSIGNED)

    assert sent.only("Redeemed")["standIn"] == reviewer.address.lower()


@pytest.mark.parametrize("who", ["stranger", "issuer", "payer", "directory", "admin", "reviewer elsewhere"])
def test_only_the_regions_reviewer_stands_in(world, life, who):
    sender = account(world, who, life.office.region)

    with refused("StandInNotReviewer", account=sender, region=CHANGXING):
        redeem(life, reason=REASON, firm=stand_in(life, sender))


def test_a_suspended_regions_reviewer_does_not_stand_in(world, life):
    world.suspend(CHANGXING)

    with refused("StandInNotReviewer", account=life.office.reviewer, region=CHANGXING):
        redeem(life, reason=REASON, firm=stand_in(life, life.office.reviewer))


def test_a_caretaker_does_not_stand_in(world, life):
    account = caretaker(world, CHANGXING)

    with refused("StandInNotReviewer", account=account, region=CHANGXING):
        redeem(life, reason=REASON, firm=stand_in(life, account))


def test_the_party_itself_is_no_stand_in(world, life):
    for granted in (False, True):
        if granted:
            world.appoint(life.office, life.firm.signer, Role.REVIEWER)
        with refused("SameSigner", signer=life.firm.signer):
            redeem(life, reason=REASON, firm=stand_in(life, life.firm.signer))


@pytest.mark.parametrize("what", ["reason", "redemption"])
def test_a_stand_in_signs_this_reason_for_this_redemption(world, life, what):
    other = {"reason": digest("another reason"), "redemption": replace(life.redemption, result=digest("another result"))}
    signature = stand_in(life, life.office.reviewer, **{what: other[what]})
    wanted = codec.digest(StandIn(codec.id_of(life.redemption), REASON), world.domain)

    with refused("StandInNotReviewer", account=signing.signer_of(wanted, signature), region=CHANGXING):
        redeem(life, reason=REASON, firm=signature)


def test_a_malformed_stand_in_is_nobodys(life):
    with refused("StandInNotReviewer", account=NO_ADDRESS, region=CHANGXING):
        redeem(life, reason=REASON, firm=b"\xff" * 64)


def test_a_stand_in_without_its_reason_is_refused(world, life):
    signature = stand_in(life, life.office.reviewer)
    got = signing.signer_of(codec.digest(life.redemption, world.domain), signature)

    with refused("NotSignedBy", signer=life.firm.signer, got=got):
        redeem(life, firm=signature)


def test_a_stand_in_has_a_last_second(world, life):
    drawn_up(life, valid_until=world.now() + DAY)
    signature = stand_in(life, life.office.reviewer)

    good_until(world, life.redemption.valid_until, lambda: redeem(life, reason=REASON, firm=signature))

    with refused("SignatureExpired", validUntil=life.redemption.valid_until):
        redeem(life, reason=REASON, firm=signature)


def test_the_paid_party_does_not_stand_in_for_the_other(life):
    with refused("SameSigner", signer=life.lab.signer):
        redeem(life, by=life.lab.signer, reason=REASON, firm=UNSIGNED)


def test_a_paid_party_that_became_a_reviewer_does_not_stand_in(world, life):
    world.appoint(life.office, life.lab.signer, Role.REVIEWER)

    with refused("SameSigner", signer=life.lab.signer):
        redeem(life, reason=REASON, firm=stand_in(life, life.lab.signer))


# The invoice


def test_an_invoice_needs_a_tag(life):
    drawn_up(life, invoice=NO_ID)

    with refused("InvoiceZero"):
        life.redeem()


def test_an_invoice_has_one_seller(world, life, neighbour):
    neighbour.redeem()
    seller = neighbour.invoice()[3]
    world.directory.renew(life.lab.id, tag("another seller"), world.now() + DAY, by=life.host.directory)
    drawn_up(life, invoice=neighbour.redemption.invoice)

    with refused("InvoiceSellerDiffers", invoice=life.redemption.invoice, seller=seller):
        life.redeem()


@pytest.mark.parametrize("more", [-1, 1])
def test_an_invoice_has_one_amount(life, neighbour, more):
    drawn_up(neighbour, invoice_amount=Fen(20_000 * YUAN))
    neighbour.redeem()
    drawn_up(life, invoice=neighbour.redemption.invoice, invoice_amount=Fen(20_000 * YUAN + more))

    with refused("InvoiceAmountDiffers", invoice=life.redemption.invoice, amount=20_000 * YUAN):
        life.redeem()


def test_an_invoice_is_not_exceeded(life, neighbour):
    amount = Fen(15_000 * YUAN)
    drawn_up(neighbour, invoice_amount=amount)
    neighbour.redeem()
    drawn_up(life, invoice=neighbour.redemption.invoice, invoice_amount=amount, cost=Fen(7_000 * YUAN + 1), subsidy=Fen(1))
    invoice = neighbour.invoice()

    with refused("InvoiceExceeded", invoice=life.redemption.invoice, amount=amount, claimed=8_000 * YUAN, cost=7_000 * YUAN + 1):
        life.redeem()

    assert neighbour.invoice() == invoice
    drawn_up(life, cost=Fen(7_000 * YUAN))
    life.redeem()
    assert neighbour.invoice() == (amount, amount, 2, invoice[3])


def test_a_cost_over_its_own_invoice_is_refused(life):
    drawn_up(life, invoice_amount=Fen(8_000 * YUAN - 1))

    with refused("InvoiceExceeded", invoice=life.redemption.invoice, amount=8_000 * YUAN - 1, claimed=0, cost=8_000 * YUAN):
        life.redeem()


def test_an_invoice_is_counted_across_programmes_and_regions(world, life):
    life.redeem()
    abroad = Life.begin(world, region=BEIJING, payer=BEIJING, subsidy=1)
    world.directory.recognise([life.lab.id], 0, world.now() + DAY, by=abroad.office.directory)
    double = abroad.beside(lab=life.lab, cost=1, subsidy=0).until("open")
    double.redemption = replace(life.redemption, order=double.order_id, cost=Fen(2), subsidy=Fen(1))

    with refused("InvoiceExceeded", invoice=life.redemption.invoice, amount=8_000 * YUAN, claimed=8_000 * YUAN, cost=2):
        double.redeem()


def test_a_closed_registry_redeems_nothing(world, life):
    for kind in (MotionKind.RETIRE_REGISTRY, MotionKind.CLOSE_REGISTRY):
        world.decide(kind, account=world.registry.address)

    with refused("MayNotClaim", registry=world.registry.address, status=RegistryStatus.CLOSED):
        life.redeem()


def test_a_retired_registry_runs_off(world, life):
    world.decide(MotionKind.RETIRE_REGISTRY, account=world.registry.address)

    life.redeem()

    assert life.state().stage == Stage.REDEEMED


# What follows


@pytest.mark.parametrize(
    ("denomination", "amount", "subsidy", "balance"),
    [
        (1_000 * YUAN, 5_000 * YUAN, 4_800 * YUAN, (5_000, 0, 4_800, 200)),
        (1_000 * YUAN, 5_000 * YUAN, 5_000 * YUAN, (5_000, 0, 5_000, 0)),
        (1_000 * YUAN, 5_000 * YUAN, 3_000 * YUAN, (5_000, 2_000, 3_000, 0)),
        (1_000 * YUAN, 5_000 * YUAN, 1 * YUAN, (5_000, 4_000, 1, 999)),
        (FACE, FACE, 4_800 * YUAN, (0, 0, 4_800, 5_200)),
        (1, 5_000 * YUAN, 4_800 * YUAN, (5_000, 200, 4_800, 0)),
    ],
)
def test_a_redemption_consumes_whole_notes(world, *, denomination, amount, subsidy, balance):
    life = Life.begin(world, until="open", voucher={"denomination": denomination}, amount=amount, cost=FACE, subsidy=subsidy)

    life.redeem()

    assert life.balance() == tuple(yuan * YUAN for yuan in balance)
    assert life.state().amount == life.pool()[1] == amount


def test_a_relayed_redemption_moves_notes_and_counts_the_invoice(life, neighbour):
    drawn_up(life, subsidy=Fen(3_500 * YUAN), invoice_amount=Fen(9_000 * YUAN))
    before, deadline, pool = apart_from_pool(neighbour), life.state().deadline, life.pool()

    sent = life.redeem()

    record = tuple(getattr(life.redemption, each) for each in Redemption.__slots__)
    assert [(event.name, event.values) for event in sent.events] == [
        (
            "Claimed",
            {
                "invoice": life.redemption.invoice,
                "registry": life.world.registry.address.lower(),
                "order": life.order_id,
                "cost": 8_000 * YUAN,
                "amount": 9_000 * YUAN,
                "seller": life.lab.tag[:12],
            },
        ),
        ("Redeemed", {"order": life.order_id, "record": record, "standIn": NO_ADDRESS, "reason": bytes(32)}),
    ]
    assert life.state() == (Stage.REDEEMED, 0, 5_000 * YUAN, deadline, codec.evidence(life.claim))
    assert life.balance() == (5_000 * YUAN, 1_000 * YUAN, 3_500 * YUAN, 500 * YUAN)
    assert life.invoice() == (9_000 * YUAN, 8_000 * YUAN, 1, life.lab.tag[:12])
    assert life.agreement() == 0
    assert (life.pool(), apart_from_pool(neighbour)) == (pool, before)


def test_cost_is_counted_under_the_agreement(sliced):
    beside = sliced.beside()
    assert sliced.agreement() == 0

    sliced.redeem()

    assert (sliced.agreement(), beside.agreement()) == (8_000 * YUAN, 0)
