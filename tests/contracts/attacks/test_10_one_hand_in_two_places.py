"""One account issues, enrols a firm's key and accepts; an office's key stands in a firm's place; one party signs for both."""

import pytest

from registry import codec
from registry.model import NO_ID, Approval, Bar, Firm, FirstReview, Lab, MotionKind, Paid, Role, Signatures, StandIn
from tests.contracts.attacks.attacker import NOBODY, fails, signer_of
from tests.contracts.world import BEIJING, CHANGXING, DAY, SHANGHAI, STRANGER, UNSIGNED, Life, World, digest, person, tag

ROLES = ["issuer", "reviewer", "payer", "directory", "admin", "recovery"]


@pytest.mark.parametrize("held", ROLES)
@pytest.mark.parametrize("role", [Role.ISSUER, Role.REVIEWER, Role.PAYER, Role.DIRECTORY])
@pytest.mark.parametrize("region", [CHANGXING, BEIJING], ids=["own region", "other region"])
def test_no_account_gets_a_second_role(world: World, held: str, role: Role, region: int) -> None:
    account = getattr(world.offices[CHANGXING], held)

    with fails(world, "AccountTaken", account=account):
        world.consortium.offer(account, role, by=world.offices[region].admin)


def test_a_revoked_account_never_gets_another_role(world: World) -> None:
    office = world.offices[CHANGXING]
    world.consortium.revoke(office.issuer, by=office.admin)

    with fails(world, "AccountTaken", account=office.issuer):
        world.consortium.offer(office.issuer, Role.REVIEWER, by=office.admin)


@pytest.mark.parametrize("role", [Role.NONE, Role.ADMIN, Role.RECOVERY])
def test_an_admin_makes_no_second_admin(world: World, role: Role) -> None:
    with fails(world, "InvalidRole", role=role):
        world.consortium.offer(STRANGER, role, by=world.offices[CHANGXING].admin)


@pytest.mark.parametrize("who", ["issuer", "reviewer", "payer", "admin", "recovery"])
def test_nobody_but_the_directory_enrols_a_firm(world: World, who: str) -> None:
    account = getattr(world.offices[CHANGXING], who)

    with fails(world, "NotDirectory", account=account, region=CHANGXING):
        world.directory.enrol(Firm(CHANGXING, tag("straw firm")), person("straw"), by=account)


@pytest.mark.parametrize("who", ["directory", "reviewer", "payer", "admin"])
def test_nobody_but_the_issuer_issues(world: World, who: str) -> None:
    programme, firm = world.programme(), world.firm()
    account = getattr(world.offices[CHANGXING], who)

    with fails(world, "NotIssuer", account=account, region=CHANGXING):
        world.registry.issue(world.terms(programme), [(firm.tag, tag("serial"))], by=account)


@pytest.mark.parametrize("who", ["issuer", "payer", "directory", "admin"])
def test_nobody_but_a_reviewer_accepts(world: World, who: str) -> None:
    life = Life.begin(world, until="redeemed")
    account = getattr(life.office, who)

    with fails(world, "NotReviewer", account=account, region=CHANGXING):
        life.accept(by=account)


@pytest.mark.parametrize("held", ROLES)
@pytest.mark.parametrize("region", [CHANGXING, BEIJING], ids=["own office", "other office"])
def test_no_offices_key_is_enrolled_as_a_partys(world: World, held: str, region: int) -> None:
    key, office = getattr(world.offices[region], held), world.offices[CHANGXING]

    with fails(world, "SignerHoldsRole", signer=key):
        world.directory.enrol(Firm(CHANGXING, tag("straw firm")), key, by=office.directory)
    with fails(world, "SignerHoldsRole", signer=key):
        lab = Lab(CHANGXING, tag("straw unit"), "straw lab")
        world.directory.admit(lab, key, tag("straw seller"), world.now() + DAY, by=office.directory)


def test_a_revoked_offices_key_is_not_a_partys_either(world: World) -> None:
    office = world.offices[CHANGXING]
    world.consortium.revoke(office.reviewer, by=office.admin)

    with fails(world, "SignerHoldsRole", signer=office.reviewer):
        world.directory.enrol(Firm(CHANGXING, tag("straw firm")), office.reviewer, by=office.directory)


def test_an_office_does_not_put_another_key_in_a_firms_place_over_its_veto(world: World) -> None:
    firm, office = world.firm(), world.offices[CHANGXING]
    with fails(world, "SignerHoldsRole", signer=office.reviewer):
        world.directory.rotate(firm.id, office.reviewer, by=office.directory)

    ready = world.directory.rotate(firm.id, person("office's straw"), by=office.directory).only("RotationProposed")["from"]
    world.at(ready - 1)
    with fails(world, "RotationNotYet", subject=firm.id, **{"from": ready}):
        world.directory.completeRotation(firm.id, by=office.directory)
    world.directory.vetoRotation(firm.id, by=firm.signer)

    world.at(ready)
    with fails(world, "NoRotation", subject=firm.id):
        world.directory.completeRotation(firm.id, by=office.directory)


def test_a_key_that_takes_a_role_meanwhile_does_not_become_a_firms(world: World) -> None:
    firm, office, straw = world.firm(), world.offices[CHANGXING], person("office's straw")
    ready = world.directory.rotate(firm.id, straw, by=office.directory).only("RotationProposed")["from"]
    world.appoint(office, straw, Role.REVIEWER)

    world.at(ready)
    with fails(world, "SignerHoldsRole", signer=straw):
        world.directory.completeRotation(firm.id, by=office.directory)


@pytest.mark.parametrize("party", ["firm", "lab"])
@pytest.mark.parametrize("stage", ["reserved", "redeemed", "endorsed"])
def test_a_partys_key_that_becomes_a_reviewers_decides_nothing_of_its_own(world: World, party: str, stage: str) -> None:
    mine, others = (Life.begin(world, approval=Approval.ALWAYS, first_review=FirstReview.HOME) for _ in range(2))
    for life in (mine, others):
        life.until(stage)
    own = getattr(mine, party)
    world.appoint(mine.office, own.signer, Role.REVIEWER)
    verb = {"reserved": "approve", "redeemed": "endorse", "endorsed": "accept"}[stage]

    def decide(life: Life) -> None:
        getattr(world.registry, verb)([life.reservation if verb == "approve" else life.claim], by=own.signer)

    with fails(world, "Barred", index=0, order=mine.order_id, bar=Bar.OWN_CASE, subject=own.id):
        decide(mine)
    decide(others)


@pytest.mark.parametrize("party", ["firm", "lab"])
def test_a_partys_key_that_becomes_a_reviewers_hides_its_own_claim_in_no_list(world: World, party: str) -> None:
    mine = Life.begin(world, until="redeemed")
    other = Life.begin(world, until="redeemed")
    own = getattr(mine, party)
    world.appoint(mine.office, own.signer, Role.REVIEWER)

    with fails(world, "Barred", index=1, order=mine.order_id, bar=Bar.OWN_CASE, subject=own.id):
        world.registry.accept([other.claim, mine.claim], by=own.signer)


def test_a_caretaker_decides_nothing_of_its_own(world: World) -> None:
    life = Life.begin(world, until="redeemed")
    world.appoint(world.offices[BEIJING], life.firm.signer, Role.REVIEWER)
    world.decide(MotionKind.SUSPEND, region=CHANGXING)
    world.decide(MotionKind.NAME_CARETAKER, region=CHANGXING, account=life.firm.signer)

    with fails(world, "Barred", index=0, order=life.order_id, bar=Bar.OWN_CASE, subject=life.firm.id):
        life.accept(by=life.firm.signer)


@pytest.mark.parametrize("paid", [Paid.LAB, Paid.FIRM])
def test_a_party_that_becomes_a_reviewer_does_not_stand_in_for_itself(world: World, paid: Paid) -> None:
    life = Life.begin(world, until="open", paid_across=paid)
    unpaid, owed = (life.firm, "lab") if paid is Paid.LAB else (life.lab, "firm")
    world.appoint(life.office, unpaid.signer, Role.REVIEWER)

    with fails(world, "SameSigner", signer=unpaid.signer):
        world.registry.redeem(life.voucher, life.order, life.redemption, stand_in(life, unpaid.signer, paid=owed), by=STRANGER)


def test_an_enrolled_firm_is_not_enrolled_anew_under_another_key(world: World) -> None:
    firm = world.firm()

    with fails(world, "AlreadyEnrolled", firm=firm.id):
        world.directory.enrol(firm.record, person("office's straw"), by=world.offices[CHANGXING].directory)


@pytest.mark.parametrize("verb", ["rotate", "vetoRotation"])
def test_a_stranger_touches_no_partys_key(world: World, verb: str) -> None:
    lab = world.lab()
    world.directory.rotate(lab.id, person("next"), by=world.offices[SHANGHAI].directory)

    if verb == "rotate":
        for account in (STRANGER, world.offices[CHANGXING].directory, world.offices[SHANGHAI].reviewer):
            with fails(world, "NotDirectory", account=account, region=SHANGHAI):
                world.directory.rotate(lab.id, person("thief"), by=account)
    else:
        with fails(world, "NotSigner", account=STRANGER, subject=lab.id):
            world.directory.vetoRotation(lab.id, by=STRANGER)


def test_one_key_does_not_reserve_as_firm_and_as_lab(world: World) -> None:
    life = Life.begin(world)
    both = person("both parties")
    world.directory.rotate(life.firm.id, both, by=life.firm.signer)
    world.directory.rotate(life.lab.id, both, by=life.lab.signer)
    signature = world.sign(life.order, both)

    for signatures, by in ((Signatures(firm=signature, lab=signature), STRANGER), (NOBODY, both)):
        with fails(world, "SameSigner", signer=both):
            world.registry.reserve(life.voucher, life.order, signatures, by=by)


def test_one_key_does_not_redeem_as_firm_and_as_lab(world: World) -> None:
    life = Life.begin(world, until="open")
    world.directory.rotate(life.firm.id, person("both parties"), by=life.firm.signer)
    world.directory.rotate(life.lab.id, person("both parties"), by=life.lab.signer)
    signature = world.sign(life.redemption, person("both parties"))

    with fails(world, "SameSigner", signer=person("both parties")):
        world.registry.redeem(life.voucher, life.order, life.redemption, Signatures(firm=signature, lab=signature), by=STRANGER)


@pytest.mark.parametrize("sender", ["firm", "lab"])
def test_one_party_does_not_speak_for_the_other(world: World, sender: str) -> None:
    life = Life.begin(world)
    by = getattr(life, sender).signer
    missing = life.lab.signer if sender == "firm" else life.firm.signer

    with fails(world, "NotSignedBy", signer=missing, got=by):
        world.registry.reserve(life.voucher, life.order, NOBODY, by=by)
    life.reserve()
    with fails(world, "NotSignedBy", signer=missing, got=by):
        world.registry.redeem(life.voucher, life.order, life.redemption, NOBODY, by=by)


def stand_in(life: Life, who: object, *, paid: str = "lab") -> Signatures:
    """The paid party's signature, and somebody's in place of the other's."""
    reason = digest("the other party is gone")
    standing = life.world.sign(StandIn(life_id(life), reason), who)
    own = life.world.sign(life.redemption, getattr(life, paid).signer)
    return Signatures(firm=standing, lab=own, reason=reason) if paid == "lab" else Signatures(firm=own, lab=standing, reason=reason)


def life_id(life: Life) -> bytes:
    return life.claim.redemption


@pytest.mark.parametrize("who", ["issuer", "payer", "directory", "admin"])
def test_nobody_but_the_programmes_reviewer_stands_in(world: World, who: str) -> None:
    life = Life.begin(world, until="open")
    for account in (getattr(life.office, who), STRANGER, life.host.reviewer):
        with fails(world, "StandInNotReviewer", account=account, region=CHANGXING):
            world.registry.redeem(life.voucher, life.order, life.redemption, stand_in(life, account), by=STRANGER)


@pytest.mark.parametrize("paid", [Paid.LAB, Paid.FIRM])
def test_nobody_stands_in_for_the_party_that_is_paid(world: World, paid: Paid) -> None:
    life = Life.begin(world, until="open", paid_across=paid)
    other = "firm" if paid is Paid.LAB else "lab"
    owed = life.lab.signer if paid is Paid.LAB else life.firm.signer
    signatures = stand_in(life, life.office.reviewer, paid=other)
    got = signers(life, signatures.lab if paid is Paid.LAB else signatures.firm)

    with fails(world, "NotSignedBy", signer=owed, got=got):
        world.registry.redeem(life.voucher, life.order, life.redemption, signatures, by=STRANGER)


def signers(life: Life, signature: bytes) -> str:
    return signer_of(life.world, life.redemption, signature)


def test_the_paid_party_does_not_stand_in_for_the_other(world: World) -> None:
    life = Life.begin(world, until="open")

    with fails(world, "SameSigner", signer=life.lab.signer):
        world.registry.redeem(life.voucher, life.order, life.redemption, stand_in(life, life.lab.signer), by=STRANGER)


def test_a_reviewers_signature_on_one_redemption_stands_in_for_no_other(world: World) -> None:
    life = Life.begin(world, until="open")
    signatures = stand_in(life, life.office.reviewer)
    dearer = world.redemption(life.order, 8_000_00, 4_800_00)
    mixed = Signatures(firm=signatures.firm, lab=world.sign(dearer, life.lab.signer), reason=signatures.reason)

    got = signer_of(world, StandIn(codec.id_of(dearer), signatures.reason), signatures.firm)
    with fails(world, "StandInNotReviewer", account=got, region=CHANGXING):
        world.registry.redeem(life.voucher, life.order, dearer, mixed, by=STRANGER)


@pytest.mark.parametrize("first_review", [FirstReview.NONE, FirstReview.HOME])
def test_who_stood_in_neither_endorses_nor_accepts(world: World, first_review: FirstReview) -> None:
    life = Life.begin(world, until="open", first_review=first_review)
    reviewer = life.office.reviewer
    world.registry.redeem(life.voucher, life.order, life.redemption, stand_in(life, reviewer), by=STRANGER)
    life.stand_in = reviewer.address

    if first_review is FirstReview.HOME:
        with fails(world, "ReviewedBefore", index=0, order=life.order_id, account=reviewer):
            life.endorse(by=reviewer)
        life.endorse(by=life.office.second_reviewer)
        with fails(world, "ReviewedBefore", index=0, order=life.order_id, account=life.office.second_reviewer):
            life.accept(by=life.office.second_reviewer)
    with fails(world, "ReviewedBefore", index=0, order=life.order_id, account=reviewer):
        life.accept(by=reviewer)


def test_who_stood_in_does_not_hide_it(world: World) -> None:
    life = Life.begin(world, until="open")
    reviewer = life.office.reviewer
    world.registry.redeem(life.voucher, life.order, life.redemption, stand_in(life, reviewer), by=STRANGER)
    evidence = life.state().evidence

    for other in ("0x" + "00" * 20, life.office.second_reviewer.address):
        life.stand_in = other
        with fails(world, "EvidenceDiffers", index=0, order=life.order_id, evidence=evidence, got=codec.evidence(life.claim)):
            life.accept(by=reviewer)


def test_who_endorsed_does_not_accept(world: World) -> None:
    life = Life.begin(world, until="redeemed", first_review=FirstReview.HOME)
    reviewer = life.office.reviewer
    unendorsed = life.claim
    life.endorse(by=reviewer)

    with fails(world, "ReviewedBefore", index=0, order=life.order_id, account=reviewer):
        life.accept(by=reviewer)
    endorsed = {"evidence": codec.evidence(life.claim), "got": codec.evidence(unendorsed)}
    with fails(world, "EvidenceDiffers", index=0, order=life.order_id, **endorsed):
        world.registry.accept([unendorsed], by=reviewer)

    life.accept(by=life.office.second_reviewer)


@pytest.mark.parametrize("first_review", [FirstReview.HOME, FirstReview.HOST])
def test_the_first_review_is_not_skipped_nor_made_by_another_region(world: World, first_review: FirstReview) -> None:
    life = Life.begin(world, until="redeemed", first_review=first_review)
    with fails(world, "WrongStage", index=0, order=life.order_id, stage=3):
        life.accept()

    right, wrong = (life.office, life.host) if first_review is FirstReview.HOME else (life.host, life.office)
    with fails(world, "NotReviewer", account=wrong.reviewer, region=right.region):
        life.endorse(by=wrong.reviewer)


def test_a_programme_without_first_review_is_not_endorsed(world: World) -> None:
    life = Life.begin(world, until="redeemed")

    with fails(world, "NoFirstReview", index=0, order=life.order_id):
        life.endorse(by=life.office.reviewer)


def test_an_unsigned_relay_binds_nobody_but_its_sender(world: World) -> None:
    life = Life.begin(world)
    half = Signatures(firm=world.sign(life.order, life.firm.signer), lab=UNSIGNED, reason=NO_ID)

    with fails(world, "NotSignedBy", signer=life.lab.signer, got=STRANGER):
        world.registry.reserve(life.voucher, life.order, half, by=STRANGER)
    world.registry.reserve(life.voucher, life.order, half, by=life.lab.signer).only("Reserved")
    assert life.state().stage == 2
