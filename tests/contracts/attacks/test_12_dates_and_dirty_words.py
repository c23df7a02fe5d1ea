"""Raw calldata whose words do not fit their types, among them dates above 2^40; and orders that are approved too late."""

import pytest

from registry.model import Approval, MotionKind, Order, Redemption, Time
from tests.contracts.attacks.attacker import fails, sign_words, unmoved, with_word, word_of
from tests.contracts.world import BEIJING, DAY, STRANGER, TIANJIN, YUAN, Life, Refused, World, tag

# Places of the words that are smaller than 32 bytes, counted from the first argument's.
VOUCHER = {"face": (1, 64), "denomination": (2, 64), "useBy": (3, 40), "claimBy": (4, 40)}
ORDER = {"amount": (11, 64), "validUntil": (12, 40), "nonce": (13, 64)}
REDEMPTION = {"attempt": (15, 8), "cost": (16, 64), "subsidy": (17, 64), "invoiceAmount": (20, 64), "validUntil": (22, 40)}
RELEASE = {"attempt": (15, 8), "validUntil": (16, 40)}
TERMS = {"face": (1, 64), "denomination": (2, 64), "useBy": (3, 40), "claimBy": (4, 40)}


def send_refused(world: World, body: bytes, by: object = STRANGER) -> str:
    """Send raw calldata to the registry; the name of its refusal. Nothing moved."""
    with unmoved(world), pytest.raises(Refused) as caught:
        world.send(by, world.registry.address, body)
    return caught.value.name


@pytest.mark.parametrize("field", TERMS)
@pytest.mark.parametrize("bit", ["lowest", "highest"])
def test_terms_with_a_word_too_large_issue_nothing(world: World, field: str, bit: str) -> None:
    programme, firm = world.programme(), world.firm()
    terms = world.terms(programme)
    body = world.registry.encode("issue", terms, [(firm.tag, tag("serial"))])
    place, bits = TERMS[field]
    dirty = with_word(body, place, word_of(body, place) | 1 << (bits if bit == "lowest" else 255))

    assert send_refused(world, dirty, world.offices[programme.region].issuer) == "Malformed"


@pytest.mark.parametrize("field", VOUCHER)
def test_a_voucher_with_dirty_bits_is_not_the_voucher(world: World, field: str) -> None:
    life = Life.begin(world)
    body = world.registry.encode("reserve", life.voucher, life.order, world.signed(life.order, life.firm, life.lab))
    place, bits = VOUCHER[field]

    assert send_refused(world, with_word(body, place, word_of(body, place) | 1 << bits)) == "VoucherMismatch"


@pytest.mark.parametrize("field", ORDER)
@pytest.mark.parametrize("bit", ["lowest", "highest"])
def test_an_order_with_dirty_bits_is_refused_even_if_both_signed_it(world: World, field: str, bit: str) -> None:
    life = Life.begin(world)
    body = world.registry.encode("reserve", life.voucher, life.order, world.signed(life.order, life.firm, life.lab))
    place, bits = ORDER[field]
    dirty = with_word(body, place, word_of(body, place) | 1 << (bits if bit == "lowest" else 255))
    dirty = signed_words(world, life, dirty, Order, start=7, count=7, signatures=14)

    assert send_refused(world, dirty) == "Malformed"


@pytest.mark.parametrize("field", REDEMPTION)
@pytest.mark.parametrize("bit", ["lowest", "highest"])
def test_a_redemption_with_dirty_bits_is_refused_even_if_both_signed_it(world: World, field: str, bit: str) -> None:
    life = Life.begin(world, until="open")
    body = world.registry.encode("redeem", life.voucher, life.order, life.redemption, world.signed(life.redemption, life.firm, life.lab))
    place, bits = REDEMPTION[field]
    dirty = with_word(body, place, word_of(body, place) | 1 << (bits if bit == "lowest" else 255))
    dirty = signed_words(world, life, dirty, Redemption, start=14, count=9, signatures=23)

    assert send_refused(world, dirty) == "Malformed"


def signed_words(world: World, life: Life, body: bytes, record: type, *, start: int, count: int, signatures: int) -> bytes:
    """The same calldata with both parties' signatures over a record's raw words."""
    words = [word_of(body, place).to_bytes(32) for place in range(start, start + count)]
    for place, who in ((signatures, life.firm.signer), (signatures + 2, life.lab.signer)):
        signature = sign_words(world, record, words, who)
        body = with_word(body, place, int.from_bytes(signature[:32]))
        body = with_word(body, place + 1, int.from_bytes(signature[32:]))
    return body


@pytest.mark.parametrize("place", [0, 1, 2, 3, 5, 6], ids=["kind", "region", "account", "other", "expires", "nonce"])
def test_a_motion_with_dirty_bits_is_not_voted_on(world: World, place: int) -> None:
    body = world.consortium.encode("vote", world.motion(MotionKind.SUSPEND, region=BEIJING))
    dirty = with_word(body, place, word_of(body, place) | 1 << 200)

    with fails(world, "Malformed"):
        world.send(world.offices[TIANJIN].admin, world.consortium.address, dirty)


@pytest.mark.parametrize("place", [6, 7, 8, 9], ids=["subsidy", "consumed", "standIn", "endorser"])
def test_a_claim_with_dirty_bits_is_not_accepted(world: World, place: int) -> None:
    life = Life.begin(world, until="redeemed")
    body = world.registry.encode("accept", [life.claim])
    dirty = with_word(body, 2 + place, word_of(body, 2 + place) | 1 << 200)

    assert send_refused(world, dirty, life.office.second_reviewer) == "EvidenceDiffers"


@pytest.mark.parametrize(
    "place",
    [0, 2, 3, 4, 5, 6, 7, 8, 9],
    ids=["region", "payer", "home", "across", "approval", "first review", "itemised", "partners", "hold"],
)
def test_a_programme_with_dirty_bits_is_not_opened(world: World, place: int) -> None:
    record = world.programme_record()
    body = world.programmes.encode("open", record)
    dirty = with_word(body, 1 + place, word_of(body, 1 + place) | 1 << 64)

    with fails(world, "Malformed"):
        world.send(world.offices[record.region].issuer, world.programmes.address, dirty)


def test_a_slice_with_dirty_bits_is_not_opened(world: World) -> None:
    record = world.programme_record()
    body = world.programmes.encode("open", record)
    words = (len(body) - 4) // 32

    for place in (words - 1, words - 2):
        dirty = with_word(body, place, word_of(body, place) | 1 << 128)
        with fails(world, "Malformed"):
            world.send(world.offices[record.region].issuer, world.programmes.address, dirty)


@pytest.mark.parametrize("short", [1, 32, 64])
@pytest.mark.parametrize("verb", ["reserve", "redeem"])
def test_calldata_that_ends_early_is_refused(world: World, verb: str, short: int) -> None:
    life = Life.begin(world, until="reserved")
    if verb == "reserve":
        order = world.order(life.voucher, life.lab, 1_000 * YUAN)
        body = world.registry.encode("reserve", life.voucher, order, world.signed(order, life.firm, life.lab))
    else:
        signatures = world.signed(life.redemption, life.firm, life.lab)
        body = world.registry.encode("redeem", life.voucher, life.order, life.redemption, signatures)

    assert send_refused(world, body[:-short]) == "Malformed"


@pytest.mark.parametrize("length", [2, 2**32, 2**64, 2**250])
@pytest.mark.parametrize("verb", ["approve", "decline"])
def test_an_array_that_claims_more_items_than_it_has_is_refused(world: World, verb: str, length: int) -> None:
    life = Life.begin(world, until="reserved", approval=Approval.ALWAYS)
    body = world.registry.encode(verb, [life.reservation])

    assert send_refused(world, with_word(body, 1, length), life.office.reviewer) == "Malformed"


def test_two_arrays_over_the_same_words_mean_what_they_say(world: World) -> None:
    """An array's place may point anywhere; what it points at is still checked against the chain."""
    life = Life.begin(world, until="reserved", approval=Approval.ALWAYS)
    body = world.registry.encode("approve", [life.reservation])
    shifted = body[:4] + (64).to_bytes(32) + (7).to_bytes(32) + body[36:]

    world.send(life.office.reviewer, world.registry.address, shifted)

    assert (life.state().stage, life.pool()[1]) == (2, 5_000 * YUAN)


# Too late


def approvable(world: World) -> Life:
    claim_by = Time(world.now() + 20 * DAY)
    voucher = {"use_by": Time(world.now() + 10 * DAY), "claim_by": claim_by}
    return Life.begin(world, until="reserved", approval=Approval.ALWAYS, voucher=voucher)


def test_nothing_is_approved_after_claim_by(world: World) -> None:
    life = approvable(world)
    world.at(life.voucher.claim_by + 1)

    with fails(world, "PastClaimBy", index=0, order=life.order_id, claimBy=life.voucher.claim_by):
        life.approve()


def test_approved_in_the_last_second_it_is_open_for_that_second_only(world: World) -> None:
    life = approvable(world)
    world.at(life.voucher.claim_by)

    life.approve()

    assert (life.state().stage, life.state().deadline) == (2, life.voucher.claim_by)
    world.at(life.voucher.claim_by + 1)
    with fails(world, "PastDeadline", order=life.order_id, deadline=life.voucher.claim_by):
        life.redeem()


def test_nothing_is_reserved_after_use_by(world: World) -> None:
    life = Life.begin(world)
    world.at(life.voucher.use_by)
    first = world.order(life.voucher, life.lab, 1_000 * YUAN, valid_until=Time(life.voucher.use_by))
    late = world.order(life.voucher, life.lab, 1_000 * YUAN, valid_until=Time(life.voucher.use_by + DAY))
    world.registry.reserve(life.voucher, first, world.signed(first, life.firm, life.lab), by=STRANGER)

    world.at(life.voucher.use_by + 1)
    with fails(world, "PastUseBy", voucher=life.voucher_id, useBy=life.voucher.use_by):
        world.registry.reserve(life.voucher, late, world.signed(late, life.firm, life.lab), by=STRANGER)


@pytest.mark.parametrize("record", ["order", "redemption"])
def test_signatures_end_with_the_second_they_name(world: World, record: str) -> None:
    life = Life.begin(world)
    if record == "redemption":
        life.reserve()
    signed = getattr(life, record)
    world.at(signed.valid_until + 1)

    error = "PastDeadline" if record == "redemption" else "SignatureExpired"
    values = {"order": life.order_id, "deadline": life.state().deadline} if record == "redemption" else {"validUntil": signed.valid_until}
    with fails(world, error, **values):
        (life.reserve if record == "order" else life.redeem)()


def test_the_furthest_dates_there_are_overflow_nothing(world: World) -> None:
    last = Time(2**40 - 1)
    life = Life.begin(world, until="open", hold_days=65_535, voucher={"use_by": last, "claim_by": last})

    assert life.state().deadline == world.now() + 65_535 * DAY
    life.redeem()
    life.reject()
    assert life.state().deadline > world.now() + 65_000 * DAY


@pytest.mark.parametrize(
    ("use_by", "claim_by"), [(-1, 100), (100, 99), (2**40 - 1, 100)], ids=["passed", "claim before use", "use by never, claim soon"]
)
def test_terms_with_dates_in_the_wrong_order_issue_nothing(world: World, use_by: int, claim_by: int) -> None:
    programme, firm = world.programme(), world.firm()
    dates = [Time(each if each > 2**39 else world.now() + each) for each in (use_by, claim_by)]
    terms = world.terms(programme, use_by=dates[0], claim_by=dates[1])

    with fails(world, "InvalidDates", useBy=dates[0], claimBy=dates[1]):
        world.registry.issue(terms, [(firm.tag, tag("serial"))], by=world.offices[programme.region].issuer)


def test_a_deadline_is_not_moved_back_nor_far_ahead(world: World) -> None:
    life = Life.begin(world, until="open")
    deadline, reviewer = life.state().deadline, life.office.reviewer

    for until in (0, deadline, world.now() + 91 * DAY, 2**40 - 1):
        with fails(world, "InvalidDeadline", order=life.order_id, until=until, **{"from": deadline}):
            world.registry.extend(life.reservation, until, by=reviewer)
    world.registry.extend(life.reservation, deadline + 1, by=reviewer).only("Extended")
