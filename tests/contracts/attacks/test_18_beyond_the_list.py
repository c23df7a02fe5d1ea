"""Further ways in: duplicates in one call, the mixing of offices and parties, money that is counted twice, months, items."""

from dataclasses import replace

import pytest

from registry import codec
from registry.model import UNLIMITED, Approval, Fen, FirstReview, MotionKind, Paid, Recipient, Slice
from tests.contracts.attacks.attacker import fails, unmoved
from tests.contracts.world import (
    BEIJING,
    CHANGXING,
    DAY,
    HEBEI,
    KUNSHAN,
    SHANGHAI,
    STRANGER,
    TIANJIN,
    YUAN,
    Life,
    World,
    digest,
    person,
    tag,
)

# Arrays


@pytest.mark.parametrize("verb", ["approve", "decline", "endorse", "accept", "reject", "settle"])
def test_one_item_twice_in_one_call_counts_for_nothing(world: World, verb: str) -> None:
    life = Life.begin(world, approval=Approval.ALWAYS, first_review=FirstReview.HOME)
    before = {"approve": "reserved", "decline": "reserved", "accept": "endorsed", "settle": "accepted"}
    life.until(before.get(verb, "redeemed"))
    item = {"approve": life.reservation, "decline": life.reservation, "reject": life.filing}.get(verb, life.claim)
    by = {"settle": life.payer, "accept": life.office.second_reviewer}.get(verb, life.office.reviewer)
    after = {"approve": 2, "decline": 9, "endorse": 4, "accept": 5, "reject": 2, "settle": 6}[verb]
    more = [digest("payment")] if verb == "settle" else []

    with fails(world, "WrongStage", index=1, order=life.order_id, stage=after):
        getattr(world.registry, verb)([item, item], *more, by=by)
    getattr(world.registry, verb)([item], *more, by=by)


def test_one_recipient_twice_in_one_issue_gets_nothing(world: World) -> None:
    programme, firm = world.programme(), world.firm()
    terms, recipient = world.terms(programme), Recipient(firm.tag, tag("serial"))
    voucher = codec.id_of(codec.voucher_of(terms, recipient))

    with fails(world, "VoucherExists", voucher=voucher):
        world.registry.issue(terms, [recipient, recipient], by=world.offices[CHANGXING].issuer)
    world.registry.issue(terms, [recipient], by=world.offices[CHANGXING].issuer)
    with fails(world, "VoucherExists", voucher=voucher):
        world.registry.issue(terms, [recipient], by=world.offices[CHANGXING].issuer)


def test_an_empty_call_moves_nothing(world: World) -> None:
    with unmoved(world):
        for verb in ("approve", "decline", "endorse", "accept", "reject"):
            assert getattr(world.registry, verb)([], by=STRANGER).events == ()
        assert world.registry.settle([], digest("payment"), by=STRANGER).events == ()
        assert world.registry.tryEach([], by=STRANGER).events == ()


def test_a_reviewer_of_one_region_slips_no_claim_of_another_into_a_batch(world: World) -> None:
    """Whose review it takes is looked up once for each run of claims of one region."""
    own, foreign = Life.begin(world, until="redeemed"), Life.begin(world, until="redeemed", region=BEIJING, payer=BEIJING)
    again = Life.begin(world, until="redeemed")

    for claims in ([own.claim, foreign.claim], [own.claim, foreign.claim, again.claim], [foreign.claim, own.claim]):
        with fails(world, "NotReviewer", account=own.office.reviewer, region=BEIJING):
            world.registry.accept(claims, by=own.office.reviewer)
    world.registry.accept([own.claim, again.claim], by=own.office.reviewer)


def test_a_payer_slips_no_claim_of_another_payer_into_a_bank_file(world: World) -> None:
    """Programmes and payers change from claim to claim, with and without a payer of their own."""
    own = Life.begin(world, until="accepted")
    foreign = Life.begin(world, until="accepted", payer=SHANGHAI)
    hosts = [Life.begin(world, until="accepted", payer=0, lab_region=region) for region in (CHANGXING, TIANJIN)]
    payer = own.payer

    for claims, region in (
        ([own.claim, foreign.claim], SHANGHAI),
        ([own.claim, hosts[0].claim, hosts[1].claim], TIANJIN),
        ([hosts[0].claim, foreign.claim, own.claim], SHANGHAI),
    ):
        with fails(world, "NotPayer", account=payer, region=region):
            world.registry.settle(claims, digest("payment"), by=payer)
    world.registry.settle([own.claim, hosts[0].claim], digest("payment"), by=payer)
    assert own.pool()[1:] == hosts[0].pool()[1:] == (4_800 * YUAN, 4_800 * YUAN)


def test_a_bank_file_over_programmes_in_any_order_pays_each_pool_its_own(world: World) -> None:
    first, second = (Life.begin(world) for _ in range(2))
    lives = [first, second]
    for life in (first, second):
        other = replace(life, firm=world.firm())
        other.voucher = world.voucher(life.programme, other.firm)
        other.order = world.order(other.voucher, life.lab, 5_000 * YUAN)
        other.redemption = world.redemption(other.order, 3_000 * YUAN, 1_700 * YUAN)
        lives.append(other)
    for life in lives:
        life.until("accepted")

    world.registry.settle([lives[place].claim for place in (0, 1, 2, 3)], digest("payment"), by=first.payer)

    assert [life.pool()[1:] for life in (first, second)] == [(6_500 * YUAN, 6_500 * YUAN)] * 2
    assert [life.state().amount for life in lives] == [4_800 * YUAN, 4_800 * YUAN, 1_700 * YUAN, 1_700 * YUAN]


# Offices


def test_a_caretaker_who_endorsed_for_its_own_region_does_not_accept_for_the_other(world: World) -> None:
    life = Life.begin(world, until="redeemed", first_review=FirstReview.HOST)
    caretaker = life.host.reviewer
    life.endorse(by=caretaker)
    world.decide(MotionKind.SUSPEND, region=CHANGXING)
    world.decide(MotionKind.NAME_CARETAKER, region=CHANGXING, account=caretaker)

    with fails(world, "ReviewedBefore", index=0, order=life.order_id, account=caretaker):
        life.accept(by=caretaker)


@pytest.mark.parametrize("blow", ["revoked", "own region suspended", "home reinstated"])
def test_a_caretaker_ends_with_its_own_standing(world: World, blow: str) -> None:
    life, caretaker = Life.begin(world, until="redeemed"), world.offices[BEIJING].reviewer
    world.decide(MotionKind.SUSPEND, region=CHANGXING)
    world.decide(MotionKind.NAME_CARETAKER, region=CHANGXING, account=caretaker)
    if blow == "revoked":
        world.consortium.revoke(caretaker, by=world.offices[BEIJING].admin)
    else:
        kind = MotionKind.REINSTATE if blow == "home reinstated" else MotionKind.SUSPEND
        world.decide(kind, region=CHANGXING if blow == "home reinstated" else BEIJING)

    with fails(world, "NotReviewer", account=caretaker, region=CHANGXING):
        life.accept(by=caretaker)
    if blow == "home reinstated":
        world.decide(MotionKind.SUSPEND, region=CHANGXING)
        with fails(world, "NotReviewer", account=caretaker, region=CHANGXING):
            life.accept(by=caretaker)


@pytest.mark.parametrize("who", ["own reviewer", "payer", "stranger", "admin"])
def test_only_another_regions_reviewer_is_a_caretaker(world: World, who: str) -> None:
    account = {
        "own reviewer": world.offices[CHANGXING].reviewer,
        "payer": world.offices[BEIJING].payer,
        "stranger": STRANGER,
        "admin": world.offices[BEIJING].admin,
    }[who]
    world.decide(MotionKind.SUSPEND, region=CHANGXING)
    motion = world.motion(MotionKind.NAME_CARETAKER, region=CHANGXING, account=account)
    world.carry(motion)

    with fails(world, "InvalidCaretaker", account=account):
        world.consortium.enact(motion, by=STRANGER)


def test_a_region_in_good_standing_gets_no_caretaker(world: World) -> None:
    motion = world.motion(MotionKind.NAME_CARETAKER, region=CHANGXING, account=world.offices[BEIJING].reviewer)
    world.carry(motion)

    with fails(world, "NotSuspended", region=CHANGXING):
        world.consortium.enact(motion, by=STRANGER)


@pytest.mark.parametrize("suspended", [CHANGXING, KUNSHAN, SHANGHAI], ids=["issues", "pays", "hosts"])
@pytest.mark.parametrize("stage", ["reserve", "approve"])
def test_nothing_new_begins_where_a_suspended_region_issues_pays_or_hosts(world: World, suspended: int, stage: str) -> None:
    approval = Approval.ALWAYS if stage == "approve" else Approval.NEVER
    life = Life.begin(world, payer=KUNSHAN, approval=approval)
    if stage == "approve":
        life.reserve()
    world.decide(MotionKind.SUSPEND, region=suspended)

    with fails(world, "Suspended", region=suspended):
        (life.reserve if stage == "reserve" else life.approve)()
    world.decide(MotionKind.REINSTATE, region=suspended)
    (life.reserve if stage == "reserve" else life.approve)()


def test_motions_are_not_enacted_in_a_contract_they_do_not_belong_to(world: World) -> None:
    lab = world.lab()
    world.directory.flag(lab.id, digest("reason"), by=world.offices[BEIJING].directory)
    lift = world.motion(MotionKind.LIFT_FLAG, region=SHANGHAI, subject=lab.id)
    suspend = world.motion(MotionKind.SUSPEND, region=SHANGHAI, subject=lab.id)
    for motion in (lift, suspend):
        world.carry(motion)

    with fails(world, "InvalidMotion", kind=MotionKind.LIFT_FLAG):
        world.consortium.enact(lift, by=STRANGER)
    with fails(world, "WrongMotion"):
        world.invoices.setRegistry(lift, by=STRANGER)
    with fails(world, "WrongMotion"):
        world.directory.lift(suspend, by=STRANGER)
    world.directory.lift(lift, by=STRANGER)


@pytest.mark.parametrize("days", [91, 3_650])
def test_a_motion_does_not_lie_in_wait(world: World, days: int) -> None:
    motion = world.motion(MotionKind.SUSPEND, region=SHANGHAI, days=days)

    world.at(now := world.now() + 1)
    with fails(world, "MotionTooLong", expires=motion.expires, latest=now + 90 * DAY):
        world.consortium.vote(motion, by=world.offices[BEIJING].admin)
    assert world.consortium.motions(codec.id_of(motion)).votes == 0


def test_nobody_votes_after_a_motion_expired_nor_enacts_thirty_days_after_it_carried(world: World) -> None:
    motion = world.motion(MotionKind.SUSPEND, region=SHANGHAI, days=1)
    world.carry(motion)
    carried_at = world.consortium.motions(codec.id_of(motion)).carriedAt
    world.at(motion.expires + 1)
    with fails(world, "MotionExpired", motion=codec.id_of(motion), expires=motion.expires):
        world.consortium.vote(motion, by=world.offices[KUNSHAN].admin)

    world.at(carried_at + 30 * DAY + 1)
    with fails(world, "TooLate", motion=codec.id_of(motion), until=carried_at + 30 * DAY):
        world.consortium.enact(motion, by=STRANGER)


# Money


def test_no_bank_transfer_funds_twice(world: World) -> None:
    first, second = world.programme(funded=0), world.programme(funded=0)
    payer = world.offices[CHANGXING].payer
    world.programmes.fund(codec.id_of(first), 100, digest("transfer"), by=payer)

    for programme in (first, second):
        for verb in ("fund", "draw"):
            with fails(world, "BankReferenceUsed", bankReference=digest("transfer")):
                getattr(world.programmes, verb)(codec.id_of(programme), 100, digest("transfer"), by=payer)


@pytest.mark.parametrize("verb", ["fund", "draw"])
def test_no_strangers_money_is_counted(world: World, verb: str) -> None:
    programme = world.programme(payer=SHANGHAI)
    for region in (BEIJING, KUNSHAN):
        account = world.offices[region].payer
        with fails(world, "NotPayer", account=account, region=CHANGXING):
            getattr(world.programmes, verb)(codec.id_of(programme), 1, digest("transfer"), by=account)
    with fails(world, "UnknownProgramme", programme=digest("nothing")):
        getattr(world.programmes, verb)(digest("nothing"), 1, digest("transfer"), by=world.offices[BEIJING].payer)
    with fails(world, "AmountZero"):
        getattr(world.programmes, verb)(codec.id_of(programme), 0, digest("transfer"), by=world.offices[SHANGHAI].payer)


def test_a_pool_does_not_overflow(world: World) -> None:
    programme = world.programme(funded=0)
    world.fund(programme, 2**64 - 1)

    with fails(world, "Panic", code=0x11):
        world.fund(programme, 1)


def test_where_each_host_pays_the_home_pool_is_committed(world: World) -> None:
    life = Life.begin(world, payer=0, funded=5_000 * YUAN - 1)
    with fails(world, "PoolShort", index=0, programme=life.programme_id, free=5_000 * YUAN - 1, amount=5_000 * YUAN):
        life.reserve()
    world.fund(life.programme, 1)

    life.until("settled")

    assert life.pool() == (5_000 * YUAN, 4_800 * YUAN, 4_800 * YUAN)
    with fails(world, "NotPayer", account=life.host.payer, region=CHANGXING):
        world.programmes.draw(life.programme_id, 1, digest("transfer"), by=life.host.payer)


@pytest.mark.parametrize("amount", [1, 999 * YUAN, 1_500 * YUAN])
def test_no_order_takes_part_of_a_note(world: World, amount: int) -> None:
    life = Life.begin(world, amount=amount)

    with fails(world, "NotWholeNotes", voucher=life.voucher_id, amount=amount, denomination=1_000 * YUAN):
        life.reserve()


def test_two_orders_do_not_reserve_the_same_notes(world: World) -> None:
    life = Life.begin(world, until="open", amount=6_000 * YUAN)
    second = world.order(life.voucher, life.lab, 5_000 * YUAN)

    with fails(world, "OverAvailable", voucher=life.voucher_id, available=4_000 * YUAN, amount=5_000 * YUAN):
        world.registry.reserve(life.voucher, second, world.signed(second, life.firm, life.lab), by=STRANGER)


@pytest.mark.parametrize("face", [0, 10_000])
@pytest.mark.parametrize("denomination", [0, 3, 20_000])
def test_no_voucher_of_odd_notes_is_issued(world: World, face: int, denomination: int) -> None:
    programme, firm = world.programme(), world.firm()
    terms = world.terms(programme, face=Fen(face), denomination=Fen(denomination))

    with fails(world, "InvalidDenomination", face=face, denomination=denomination):
        world.registry.issue(terms, [(firm.tag, tag("serial"))], by=world.offices[CHANGXING].issuer)


@pytest.mark.parametrize(
    ("slices", "error", "values"),
    [
        ((), "InvalidSliceCount", {"count": 0}),
        (tuple(Slice(Fen(n + 1), 100) for n in range(7)), "InvalidSliceCount", {"count": 7}),
        ((Slice(Fen(0), 100),), "SliceLimitNotRising", {"slice": 0, "upTo": 0}),
        ((Slice(Fen(5), 100), Slice(Fen(5), 90)), "SliceLimitNotRising", {"slice": 1, "upTo": 5}),
        ((Slice(Fen(5), 10_001),), "SliceRateRising", {"slice": 0, "bps": 10_001}),
        ((Slice(Fen(5), 100), Slice(UNLIMITED, 101)), "SliceRateRising", {"slice": 1, "bps": 101}),
    ],
    ids=["none", "seven", "limit of zero", "same limit twice", "over the whole", "rising"],
)
def test_no_rule_is_opened_that_pays_more_for_pieces_or_more_than_the_cost(world: World, slices: tuple, error: str, values: dict) -> None:
    record = world.programme_record(slices=slices)

    with fails(world, error, **values):
        world.programmes.open(record, by=world.offices[CHANGXING].issuer)


# Labs and items


@pytest.mark.parametrize("missing", ["lab", "item", "order"])
@pytest.mark.parametrize("region", [CHANGXING, SHANGHAI], ids=["at home", "across"])
def test_itemised_money_is_spent_on_recognised_items_of_recognised_labs(world: World, region: int, missing: str) -> None:
    """Lab and item must both be recognised, at home too, and the order must name the item."""
    life = Life.begin(world, itemised=True)
    lab = world.lab(region, recognised_by=() if missing == "lab" else (CHANGXING,))
    item = world.item(lab, recognised_by=() if missing == "item" else (CHANGXING,))
    life.lab = lab
    life.order = world.order(life.voucher, lab, 5_000 * YUAN, **({} if missing == "order" else {"item": item}))
    error, values = ("ItemRequired", {"lab": lab.id}) if missing == "order" else ("NotRecognised", {"region": CHANGXING})
    if missing != "order":
        values["subject"] = lab.id if missing == "lab" else item

    with fails(world, error, **values):
        life.reserve()


@pytest.mark.parametrize("itemised", [False, True])
def test_another_labs_item_is_not_ordered_from_this_one(world: World, itemised: bool) -> None:  # noqa: FBT001
    life = Life.begin(world, itemised=itemised)
    other = world.item(world.lab(), recognised_by=(CHANGXING,))
    life.order = world.order(life.voucher, life.lab, 5_000 * YUAN, item=other)

    with fails(world, "ItemNotListed", item=other, lab=life.lab.id):
        life.reserve()


def test_a_lab_recognised_elsewhere_is_not_recognised_here(world: World) -> None:
    life = Life.begin(world)
    life.lab = world.lab(SHANGHAI, recognised_by=(BEIJING, TIANJIN, HEBEI))
    life.order = world.order(life.voucher, life.lab, 5_000 * YUAN)

    with fails(world, "NotRecognised", region=CHANGXING, subject=life.lab.id):
        life.reserve()


def test_a_host_does_not_recognise_its_own_lab_for_another_region(world: World) -> None:
    life = Life.begin(world)
    life.lab = world.lab(SHANGHAI, recognised_by=(SHANGHAI,))
    life.order = world.order(life.voucher, life.lab, 5_000 * YUAN)

    with fails(world, "NotRecognised", region=CHANGXING, subject=life.lab.id):
        life.reserve()


def test_a_firm_spends_nobody_elses_voucher(world: World) -> None:
    life, thief = Life.begin(world), world.firm()
    mine = replace(life.voucher, firm=thief.tag)
    order = replace(life.order, voucher=codec.id_of(mine))

    with fails(world, "NotSignedBy", signer=life.firm.signer, got=thief.signer):
        world.registry.reserve(life.voucher, life.order, world.signed(life.order, thief, life.lab), by=STRANGER)
    with fails(world, "UnknownVoucher", voucher=codec.id_of(mine)):
        world.registry.reserve(mine, order, world.signed(order, thief, life.lab), by=STRANGER)
    with fails(world, "VoucherMismatch", index=0, order=life.order_id, voucher=codec.id_of(mine)):
        world.registry.reserve(mine, life.order, world.signed(life.order, thief, life.lab), by=STRANGER)


def test_a_firm_of_the_same_tag_in_another_region_spends_nothing_here(world: World) -> None:
    """A company that is enrolled twice has two keys; each region's money obeys the one that this region enrolled."""
    life = Life.begin(world)
    twin = person("the company's other phone")
    world.directory.enrol((BEIJING, life.firm.tag), twin, by=world.offices[BEIJING].directory)
    signatures = replace(world.signed(life.order, life.firm, life.lab), firm=world.sign(life.order, twin))

    with fails(world, "NotSignedBy", signer=life.firm.signer, got=twin):
        world.registry.reserve(life.voucher, life.order, signatures, by=STRANGER)


@pytest.mark.parametrize("paid", list(Paid))
def test_redeeming_through_another_voucher_or_order_is_refused(world: World, paid: Paid) -> None:
    life, other = (Life.begin(world, until="open", paid_across=paid) for _ in range(2))
    signatures = world.signed(life.redemption, life.firm, life.lab)

    with fails(world, "VoucherMismatch", index=0, order=life.order_id, voucher=other.voucher_id):
        world.registry.redeem(other.voucher, life.order, life.redemption, signatures, by=STRANGER)
    with fails(world, "OrderMismatch", order=other.order_id, named=life.order_id):
        world.registry.redeem(other.voucher, other.order, life.redemption, signatures, by=STRANGER)


# Months


def over(world: World) -> int:
    """A month that is over."""
    world.node.jump(31 * DAY)
    month: int = world.consortium.firstMonth()
    return month


def test_a_month_is_closed_by_both_on_the_same_hash_and_for_ever(world: World) -> None:
    home, host, month = world.offices[CHANGXING], world.offices[SHANGHAI], over(world)
    close = world.consortium.closeMonth
    close(CHANGXING, SHANGHAI, month, digest("one"), by=home.reviewer)
    close(CHANGXING, SHANGHAI, month, digest("two"), by=host.reviewer)
    close(CHANGXING, SHANGHAI, month, digest("two"), by=home.reviewer).only("MonthClosed")

    for office in (home, host):
        for statement in ("two", "three"):
            with fails(world, "MonthIsClosed", home=CHANGXING, host=SHANGHAI, month=month, statement=digest("two")):
                close(CHANGXING, SHANGHAI, month, digest(statement), by=office.reviewer)


def test_one_side_does_not_close_a_month_alone(world: World) -> None:
    reviewer, month = world.offices[CHANGXING].reviewer, over(world)
    for _ in range(2):
        sent = world.consortium.closeMonth(CHANGXING, SHANGHAI, month, digest("mine"), by=reviewer)
        assert [event.name for event in sent.events] == ["StatementNamed"]

    with fails(world, "SameRegion", region=CHANGXING):
        world.consortium.closeMonth(CHANGXING, CHANGXING, month, digest("mine"), by=reviewer)
    with fails(world, "InvalidStatement"):
        world.consortium.closeMonth(CHANGXING, SHANGHAI, month, bytes(32), by=reviewer)
    outsider = world.offices[BEIJING].reviewer
    with fails(world, "NotOfEither", account=outsider, home=CHANGXING, host=SHANGHAI):
        world.consortium.closeMonth(CHANGXING, SHANGHAI, month, digest("mine"), by=outsider)
    for no_month in (202400, 202413, 99):
        with fails(world, "InvalidMonth", month=no_month):
            world.consortium.closeMonth(CHANGXING, SHANGHAI, no_month, digest("mine"), by=reviewer)
