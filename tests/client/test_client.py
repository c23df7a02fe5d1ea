"""The client on real nodes: every verb of a voucher's life, what each returns, and what is read back."""

from dataclasses import replace

import pytest

from registry import codec, signing
from registry.client import GAS_OF_FIRM, Client
from registry.errors import OutcomeUnknown, Rejected
from registry.events import (
    Accepted,
    Claimed,
    Endorsed,
    Extended,
    FirmEnrolled,
    Flagged,
    FlagLifted,
    FlagSeconded,
    Funded,
    Granted,
    Issued,
    ItemListed,
    KeyRotated,
    KeysReplaced,
    LabAdmitted,
    MonthClosed,
    Offered,
    ProgrammeOpened,
    Recognised,
    Redeemed,
    Refunded,
    Released,
    Reserved,
    Reversed,
    Settled,
    StandingSet,
    StatementNamed,
    TermsIssued,
    Withdrawn,
)
from registry.events import Rejected as SentBack
from registry.model import (
    NO_ADDRESS,
    Approval,
    Balance,
    Fen,
    Filing,
    Firm,
    FirstReview,
    InvoiceState,
    Lab,
    MotionKind,
    Pool,
    Recipient,
    RegistryStatus,
    Release,
    Reservation,
    Role,
    Signatures,
    Slice,
    Stage,
    Standing,
    Time,
)
from registry.outbox import IntentDiffers, Outbox
from registry.rules import MotionState, Offer, OfferedKeys, Partnership, Rotation
from tests.contracts.world import BEIJING, CHANGXING, DAY, HEBEI, SHANGHAI, STRANGER, YUAN, Life, digest, person, tag
from tests.networks import network


@pytest.fixture(scope="module")
def net(node):
    return network(node)


@pytest.fixture(scope="module")
def outbox(net, tmp_path_factory):
    with Outbox(tmp_path_factory.mktemp("outbox") / "outbox.sqlite", net.chain, chain_id=net.deployment.chain_id) as outbox:
        yield outbox


@pytest.fixture
def client(net, outbox):
    """A client for a person."""
    return lambda account: Client(net.chain, net.deployment, outbox, account)


@pytest.fixture
def life(net):
    """A voucher of Changxing, issued; the world's own accounts do not act after this."""
    return Life.begin(net.world, first_review=FirstReview.HOST)


@pytest.fixture(autouse=True)
def forget_nonces(net):
    """The world counts nonces for itself; the client's transactions come between."""
    net.world.forget_nonces()


def test_a_voucher_s_whole_life(net, client, life):
    world, lab, firm = net.world, client(life.lab.signer), client(life.firm.signer)
    office, host = life.office, life.host

    reserved = lab.reserve(life.voucher, life.order, Signatures(firm=world.sign(life.order, life.firm.signer)))
    redeemed = firm.redeem(life.voucher, life.order, life.redemption, Signatures(lab=world.sign(life.redemption, life.lab.signer)))
    claim = life.claim
    endorsed = client(host.reviewer).endorse([claim])
    life.endorser = host.reviewer.address
    accepted = client(office.reviewer).accept([life.claim])
    settled = client(office.payer).settle([life.claim], digest("payment"))
    reversed_ = client(office.reviewer).reverse(life.claim, Fen(4_800 * YUAN), digest("fraud"))
    refunded = client(office.payer).refunded(Filing(life.claim, life.redemption))

    order = life.order_id
    assert reserved.events == (Reserved(order, life.order, Stage.OPEN, reserved.events[0].deadline),)
    assert [type(event) for event in redeemed.events] == [Claimed, Redeemed]
    assert redeemed.of(Redeemed)[0].record == life.redemption
    assert endorsed.events == (Endorsed(order, host.reviewer.address),)
    assert accepted.events == (Accepted(order, office.reviewer.address),)
    assert settled.events == (Settled(order, digest("payment"), office.payer.address),)
    assert reversed_.events == (Reversed(order, 4_800 * YUAN, digest("fraud"), office.reviewer.address),)
    assert refunded.of(Refunded) == [Refunded(order, office.payer.address)]

    # What was true then can be asked for then.
    assert lab.order_state(order).stage is Stage.REFUNDED
    assert lab.balance_of(life.voucher_id) == Balance(*(yuan * YUAN for yuan in (5_000, 0, 4_800, 200)))
    assert lab.pool_of(life.programme_id) == Pool(1_000_000 * YUAN, 0, 0)
    assert lab.invoice_of(life.redemption.invoice) == InvoiceState(0, 0, 0, bytes(12))


def test_reads_as_of_an_earlier_block(client, life, net):
    lab = client(life.lab.signer)
    done = lab.reserve(life.voucher, life.order, Signatures(firm=net.world.sign(life.order, life.firm.signer)))

    assert lab.order_state(life.order_id, block=done.block - 1).stage is Stage.NONE
    assert lab.order_state(life.order_id, block=done.block).stage is Stage.OPEN


def test_a_programme_from_opening_to_issue(net, client):
    world, office = net.world, net.world.offices[BEIJING]
    programme = world.programme_record(region=BEIJING, payer=BEIJING, approval=Approval.ALWAYS)
    programme_id = codec.id_of(programme)
    firm = Firm(BEIJING, tag("a firm of its own"))
    issuer, payer, directory = client(office.issuer), client(office.payer), client(office.directory)

    opened = issuer.open(programme)
    funded = payer.fund(programme_id, Fen(700), digest("first transfer"))
    payer.draw(programme_id, Fen(200), digest("back"))
    enrolled = directory.enrol(firm, person("a firm's own key").address)
    terms = world.terms(programme)
    recipients = [Recipient(firm.firm, tag(f"serial {number}")) for number in range(3)]
    issued = issuer.issue(terms, recipients)

    assert opened.events == (ProgrammeOpened(programme_id, programme),)
    assert funded.events == (Funded(programme_id, 700, digest("first transfer"), office.payer.address),)
    assert enrolled.events == (FirmEnrolled(codec.id_of(firm), firm, person("a firm's own key").address),)
    assert [type(event) for event in issued.events] == [TermsIssued, Issued, Issued, Issued]
    assert [event.voucher for event in issued.of(Issued)] == [codec.id_of(codec.voucher_of(terms, each)) for each in recipients]
    assert issuer.pool_of(programme_id) == Pool(500, 0, 0)
    assert issuer.slices_of(programme_id) == programme.slices
    rules = issuer.rules_of(programme_id)
    assert (rules.region, rules.approval, rules.hold_days, rules.flat, rules.flat_bps) == (BEIJING, Approval.ALWAYS, 60, True, 6000)
    assert issuer.firm(codec.id_of(firm)).region == BEIJING


def test_a_firm_is_enrolled_without_an_estimate_on_half_of_its_gas_at_most(net, client, monkeypatch):
    directory, firm = client(net.world.offices[BEIJING].directory), Firm(BEIJING, tag("a firm among hundreds"))
    signer = person("a key among hundreds").address
    estimated = []
    monkeypatch.setattr(net.chain, "estimate", estimated.append)

    done = directory.enrol(firm, signer)
    with pytest.raises(Rejected) as again:
        directory.enrol(firm, signer)

    assert (estimated, again.value.code) == ([], "AlreadyEnrolled")
    assert net.chain.receipt(done.transaction).gas_used <= GAS_OF_FIRM // 2


def test_review_before_the_service_and_what_comes_back(net, client):
    life = Life.begin(net.world, approval=Approval.ALWAYS)
    world, reviewer, lab = net.world, client(life.office.reviewer), client(life.lab.signer)
    reservation = Reservation(life.voucher, life.order)
    lab.reserve(life.voucher, life.order, Signatures(firm=world.sign(life.order, life.firm.signer)))

    approved = reviewer.approve([reservation])
    until = Time(world.now() + 80 * DAY)
    extended = reviewer.extend(reservation, until)
    lab.redeem(life.voucher, life.order, life.redemption, Signatures(firm=world.sign(life.redemption, life.firm.signer)))
    sent_back = reviewer.reject([Filing(life.claim, life.redemption)])
    consent = Release(life.order_id, 1, Time(world.now() + DAY))
    released = lab.release(life.voucher, life.order, consent, Signatures())

    assert approved.events[0].order == life.order_id
    assert extended.events == (Extended(life.order_id, until, life.office.reviewer.address),)
    assert sent_back.of(SentBack)[0].order == life.order_id
    assert released.events == (Released(life.order_id, lapsed=False, by=life.lab.signer.address),)
    assert lab.order_state(life.order_id).stage is Stage.RELEASED


def test_a_declined_order_gives_its_money_back(net, client):
    life = Life.begin(net.world, approval=Approval.ALWAYS).until("reserved")

    client(life.office.reviewer).decline([Reservation(life.voucher, life.order)])

    assert client(life.lab.signer).balance_of(life.voucher_id).available == life.voucher.face


def test_a_batch_goes_on_past_a_refused_call(net, client):
    lives = [Life.begin(net.world) for _ in range(3)]
    signatures = [net.world.signed(life.order, life.firm, life.lab) for life in lives]
    signatures[1] = Signatures()
    calls = [codec.encode_reserve(life.voucher, life.order, each) for life, each in zip(lives, signatures, strict=True)]

    done = client(person("stranger of a batch")).try_each(calls)

    assert [event.order for event in done.of(Reserved)] == [lives[0].order_id, lives[2].order_id]
    assert {index: refusal.code for index, refusal in done.refusals.items()} == {1: "NotSignedBy"}
    assert done.refusals[1].values["got"] == person("stranger of a batch").address


def test_labs_items_and_recognition(net, client):
    host, home = client(net.world.offices[SHANGHAI].directory), client(net.world.offices[CHANGXING].directory)
    lab = Lab(SHANGHAI, tag("a unit"), "实验室 7")
    lab_id, signer = codec.id_of(lab), person("a lab's own key")
    until = Time(net.world.now() + 1_000 * DAY)

    admitted = host.admit(lab, signer.address, tag("a seller"), until)
    listed = host.list_items(lab_id, ["质谱仪", "NMR-600"])
    recognised = home.recognise([lab_id], Time(0), until)
    state, window = host.lab(lab_id), host.recognition_of(CHANGXING, lab_id)
    withdrawn = home.withdraw([lab_id])
    host.renew(lab_id, tag("another seller"), until)
    standings = [host.suspend(lab_id), host.reinstate(lab_id), host.freeze(lab_id), host.reinstate(lab_id), host.exit(lab_id)]
    rotated = client(signer).rotate(lab_id, person("a lab's next key").address)

    assert admitted.events == (LabAdmitted(lab_id, lab, signer.address, tag("a seller"), until),)
    assert [event.code for event in listed.of(ItemListed)] == ["质谱仪", "NMR-600"]
    assert host.lab_of_item(listed.of(ItemListed)[0].item) == lab_id
    assert recognised.events == (Recognised(CHANGXING, lab_id, 0, until),)
    assert (state.standing, state.region, state.signer, state.seller) == (Standing.ACTIVE, SHANGHAI, signer.address, tag("a seller")[:27])
    assert (window.from_, window.until) == (0, until)
    assert withdrawn.events == (Withdrawn(CHANGXING, lab_id),)
    assert [each.events[0].standing for each in standings] == [
        Standing.SUSPENDED,
        Standing.ACTIVE,
        Standing.FROZEN,
        Standing.ACTIVE,
        Standing.EXITED,
    ]
    assert all(isinstance(each.events[0], StandingSet) for each in standings)
    assert rotated.events == (KeyRotated(lab_id, person("a lab's next key").address),)
    assert host.lab(lab_id).seller == tag("another seller")[:27]


def test_what_keys_motions_partners_and_agreements_leave_is_read(net, client):
    world, reader = net.world, client(person("reader"))
    lab, sliced = world.lab(), (Slice(Fen(10_000 * YUAN), 9_000), Slice(Fen(20_000 * YUAN), 5_000))
    world.directory.rotate(lab.id, person("the office's choice"), by=world.offices[SHANGHAI].directory)
    proposed = world.now()
    motion = world.motion(MotionKind.SUSPEND, region=BEIJING)
    carried = world.carry(motion).time
    joint = Life.begin(world, min_partners=2, amount=10_000 * YUAN).until("open")
    counted = Life.begin(world, slices=sliced).until("redeemed")

    assert reader.rotation_of(lab.id) == Rotation(person("the office's choice").address, proposed + 3 * DAY)
    assert reader.motion(codec.id_of(motion)) == MotionState(votes=4, carried_at=carried, vetoed=False, enacted=False)
    assert reader.partnership_of(joint.programme_id, joint.order.project, joint.lab.id) == Partnership(partners=1, reached=False)
    assert reader.agreement_of(counted.programme_id, counted.redemption.agreement) == counted.redemption.cost
    assert reader.registry_status(net.deployment.registry) is RegistryStatus.AUTHORISED
    assert reader.registry_status(net.deployment.programmes) is RegistryStatus.NONE


def test_flags(net, client):
    firm = net.world.firm()
    first, second = (client(net.world.offices[region].directory) for region in (BEIJING, SHANGHAI))

    flagged = first.flag(firm.id, digest("why"))
    seconded = second.second(firm.id, digest("indeed"))
    flag = first.flag_of(firm.id)
    other = net.world.firm()
    first.flag(other.id, digest("why"))
    lifted = first.unflag(other.id)

    assert isinstance(flagged.events[0], Flagged)
    assert seconded.events == (FlagSeconded(firm.id, SHANGHAI, digest("indeed")),)
    assert (flag.by, flag.seconder) == (BEIJING, SHANGHAI)
    assert lifted.events == (FlagLifted(other.id, BEIJING),)


def test_offices_and_months(net, client):
    admin = client(net.world.offices[BEIJING].admin)
    newcomer = client(person("a new reviewer"))

    offered = admin.offer(newcomer.address, Role.REVIEWER)
    open_offer = newcomer.offer_of(BEIJING, newcomer.address)
    granted = newcomer.take_up(BEIJING, Role.REVIEWER)
    admin.revoke(newcomer.address)

    assert offered.events == (Offered(newcomer.address, BEIJING, Role.REVIEWER, admin.address),)
    assert open_offer == Offer(admin.address, Role.REVIEWER)
    assert granted.events == (Granted(newcomer.address, BEIJING, Role.REVIEWER),)
    assert newcomer.offer_of(BEIJING, newcomer.address) == Offer(NO_ADDRESS, Role.NONE)
    assert (admin.account(newcomer.address).role, admin.account(newcomer.address).active) == (Role.REVIEWER, False)
    assert admin.region(BEIJING).admin == net.world.offices[BEIJING].admin.address


def test_a_month_is_closed(net, client):
    home, host = (client(net.world.offices[region].reviewer) for region in (CHANGXING, SHANGHAI))
    month = net.world.consortium.firstMonth()
    net.devnode.jump(31 * DAY)

    named = home.close_month(CHANGXING, SHANGHAI, month, digest("statement"))
    closed = host.close_month(CHANGXING, SHANGHAI, month, digest("statement"))

    assert named.events == (StatementNamed(CHANGXING, SHANGHAI, month, CHANGXING, digest("statement")),)
    assert isinstance(closed.events[-1], MonthClosed)
    assert home.closing_of(CHANGXING, SHANGHAI, month).host == digest("statement")


def test_a_region_s_keys_are_offered_and_taken_up(net, client):
    office = net.world.offices[HEBEI]
    cold, next_cold, admin = client(office.recovery), client(person("hebei next recovery")), client(person("hebei next admin"))

    cold.rotate_recovery(next_cold.address)
    offered = cold.offered_keys_of(HEBEI)
    next_cold.take_up(HEBEI, Role.RECOVERY)
    ended = next_cold.recover(admin.address)
    replaced = admin.take_up(HEBEI, Role.ADMIN)

    assert offered == OfferedKeys(NO_ADDRESS, next_cold.address)
    assert ended.events[0] == KeysReplaced(HEBEI, NO_ADDRESS, next_cold.address)
    assert replaced.events[-1] == KeysReplaced(HEBEI, admin.address, next_cold.address)
    assert (admin.region(HEBEI).admin, admin.region(HEBEI).recovery) == (admin.address, next_cold.address)
    assert not admin.account(office.admin.address).active
    # For whoever acts after this test.
    net.world.offices[HEBEI] = replace(office, admin=person("hebei next admin"), recovery=person("hebei next recovery"))


def test_a_refusal_carries_the_contract_s_own_name_and_values(client, life, net):
    stranger = client(STRANGER)
    before = net.chain.nonce(stranger.address)

    with pytest.raises(Rejected) as raised:
        stranger.reserve(life.voucher, life.order, Signatures())

    assert (raised.value.code, raised.value.values) == (
        "NotSignedBy",
        {"signer": life.firm.signer.address, "got": stranger.address},
    )
    assert net.chain.nonce(stranger.address) == before


def test_the_same_intent_twice_is_one_reservation(client, life, net):
    stranger = client(STRANGER)
    signatures = net.world.signed(life.order, life.firm, life.lab)

    first = stranger.reserve(life.voucher, life.order, signatures, intent_id="order 7")
    second = stranger.reserve(life.voucher, life.order, signatures, intent_id="order 7")

    assert second == first
    with pytest.raises(IntentDiffers):
        stranger.reserve(life.voucher, net.world.order(life.voucher, life.lab), signatures, intent_id="order 7")


def test_two_regions_race_and_one_learns_why_it_lost(net, client, life, monkeypatch):
    """Both pass the trial at the head; the contract refuses the second at its place in the chain, at the price of a nonce."""
    lab, stranger = client(life.lab.signer), client(STRANGER)
    signatures = net.world.signed(life.order, life.firm, life.lab)
    lab.reserve(life.voucher, life.order, signatures)
    before = net.chain.nonce(stranger.address)
    monkeypatch.setattr(net.chain, "estimate", lambda _: 300_000)

    with pytest.raises(Rejected) as raised:
        stranger.reserve(life.voucher, life.order, signatures)

    assert (raised.value.code, raised.value.values) == ("OrderSeen", {"order": life.order_id, "stage": Stage.OPEN})
    assert net.chain.nonce(stranger.address) == max(before, net.chain.first_resendable_nonce) + 1
    assert lab.balance_of(life.voucher_id).reserved == life.order.amount


def test_mined_but_not_answered_in_time_is_not_reported_as_failure(net, outbox, life):
    impatient = Client(net.chain, net.deployment, outbox, STRANGER, final_within=0.0)
    patient = Client(net.chain, net.deployment, outbox, STRANGER)
    signatures = net.world.signed(life.order, life.firm, life.lab)

    with pytest.raises(OutcomeUnknown):
        impatient.reserve(life.voucher, life.order, signatures, intent_id="in a hurry")
    done = patient.reserve(life.voucher, life.order, signatures, intent_id="in a hurry")

    assert patient.order_state(life.order_id, block=done.block).stage is Stage.OPEN


def test_signatures_of_the_library_are_those_of_the_deployment(net, life):
    """The deployment's domain is the one that the contract checks against."""
    assert signing.sign(life.order, net.deployment.domain, bytes(life.firm.signer.key)) == net.world.sign(life.order, life.firm.signer)
