"""Reports follow from the events, their parameters and a named catalogue alone; their sums are the ledger's."""

import csv
import hashlib
import io
import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.codec import Domain, digest, id_of
from registry.model import NO_ID, Firm, FirstReview, MotionKind, Role, Slice, Stage, Time
from registry.reports import (
    AgeingThresholds,
    BurstThresholds,
    CapThresholds,
    CatalogueRefused,
    LeftOut,
    PriceThresholds,
    ServiceTypes,
    ShareThresholds,
    SignedLabYear,
    SignedYearRefused,
    Wait,
    ageing_report,
    bank_file,
    bank_file_csv,
    concentration_report,
    lab_year,
    price_report,
    programme_report,
    seconds_of_year,
)
from registry.rules import Freeze, Lift, Second, Unflag
from registry.rules.consortium import Revoke
from registry.rules.directory import FlagSubject
from registry.signing import address_of, sign
from tests.core.month_scene import CHAIN_ID, PAYERS, PLAYS, Pair, played
from tests.rules.scene import BEIJING, CHANGXING, DAY, SHANGHAI, START, YUAN, account, tag
from tests.rules.scene import digest as digest_of

NOTHING = ServiceTypes.read(b"subject,service_type\n")
DOMAIN = Domain(CHAIN_ID, account("registry"))
KEY = (7).to_bytes(32, "big")


@pytest.fixture
def scene():
    return Pair()


def asked(scene, **more):
    return {"chain_id": CHAIN_ID, "since": Time(0), "until": Time(scene.chain.now)} | more


def programme(scene, home=CHANGXING, **more):
    return programme_report(scene.ledger, scene.chain.log, programme=scene.programmes[home], **asked(scene, **more))


def ageing(scene, **more):
    return ageing_report(scene.ledger, scene.chain.log, region=CHANGXING, **asked(scene, **more))


def concentration(scene, **more):
    return concentration_report(scene.ledger, scene.chain.log, region=CHANGXING, **asked(scene, **more))


def to_pay(scene, payer=CHANGXING):
    return bank_file(scene.ledger, scene.chain.log, chain_id=CHAIN_ID, payer=payer, until=Time(scene.chain.now))


def year_of(scene, lab=None, year=2013):
    return lab_year(scene.ledger, scene.chain.log, chain_id=CHAIN_ID, lab=lab or scene.lab, year=year)


def with_cost(scene, yuan):
    """A use of a cost; 60 % of it is paid."""
    order = scene.reserved(amount=10_000 * YUAN)
    redemption = scene.redemption(order, yuan * YUAN, yuan * YUAN * 6 // 10)
    scene.redeem(scene.vouchers[id_of(order)], order, redemption)
    return order


# A programme


def test_a_programme_tells_firms_uses_and_offset_and_face_apart(scene):
    scene.settled(), scene.redeemed(), scene.reserved()
    scene.send_back(CHANGXING, scene.redeemed())

    report = programme(scene)

    assert (report.issued.vouchers, report.issued.face, report.issued.firms) == (4, 40_000 * YUAN, 1)
    assert (report.ordered.orders, report.ordered.amount) == (4, 20_000 * YUAN)
    assert (report.redeemed.uses, report.redeemed.firms) == (2, 1)
    assert (report.redeemed.cost, report.redeemed.offset, report.redeemed.face) == (16_000 * YUAN, 9_600 * YUAN, 10_000 * YUAN)
    assert (report.settled.uses, report.settled.offset, report.settled.face) == (1, 4_800 * YUAN, 5_000 * YUAN)
    assert {each.stage: (each.orders, each.offset) for each in report.stages} == {
        Stage.OPEN: (2, 0),
        Stage.REDEEMED: (1, 4_800 * YUAN),
        Stage.SETTLED: (1, 4_800 * YUAN),
    }
    assert [(each.month, each.redeemed.uses, each.settled.uses) for each in report.months] == [(201312, 2, 1)]


def test_subsidy_is_on_what_was_transacted_and_the_rest_is_returned(scene):
    """AT-16: 9,000 yuan ordered, 8,000 of cost at 60 %: five notes are used, four come back."""
    order = scene.accepted(order=scene.reserved(amount=9_000 * YUAN))

    report = programme(scene)

    assert (report.redeemed.cost, report.redeemed.offset) == (8_000 * YUAN, 4_800 * YUAN)
    assert (report.redeemed.ordered, report.redeemed.face, report.redeemed.returned) == (9_000 * YUAN, 5_000 * YUAN, 4_000 * YUAN)
    assert scene.balance(scene.vouchers[id_of(order)]) == (5_000 * YUAN, 0, 4_800 * YUAN, 200 * YUAN)


def test_a_period_begins_and_ends_with_its_seconds(scene):
    scene.settled()
    began = scene.chain.now
    scene.chain.wait(DAY)
    scene.settled()

    one_day = [programme(scene, since=Time(since), until=Time(until)) for since, until in ((0, began), (began + 1, began + DAY))]
    neither = programme(scene, since=Time(began + 1), until=Time(began + DAY - 1))

    assert [(each.issued.vouchers, each.redeemed.uses, each.settled.uses) for each in one_day] == [(1, 1, 1)] * 2
    assert (neither.issued.vouchers, neither.redeemed.uses, neither.months, neither.stages) == (0, 0, (), ())


def test_what_comes_later_changes_no_earlier_report(scene):
    order = scene.settled()
    until = Time(scene.chain.now)
    before = [programme(scene, until=until).canonical(), ageing(scene, until=until).canonical()]
    scene.chain.wait(DAY)
    scene.reverse(CHANGXING, order, 100 * YUAN)
    scene.refund(CHANGXING, order)

    assert [programme(scene, until=until).canonical(), ageing(scene, until=until).canonical()] == before
    assert programme(scene).recovered == 100 * YUAN


def test_the_hash_is_that_of_the_canonical_bytes(scene):
    scene.settled()
    report = programme(scene)

    assert report.hash == hashlib.sha256(report.canonical()).digest()
    assert json.loads(report.canonical()) == report.document()
    assert report.document()["redeemed"]["offset"] == "480000"


# Ageing


def test_waits_are_told_with_who_is_to_act(scene):
    scene.redeemed()
    scene.chain.wait(3 * DAY)
    scene.settled()
    scene.accepted()
    scene.chain.wait(20 * DAY)

    found = {(each.wait, each.region): each for each in ageing(scene).waits}

    assert set(found) == {(Wait.SERVICE, SHANGHAI), (Wait.REVIEW, CHANGXING), (Wait.PAYMENT, CHANGXING)}
    review, payment = found[Wait.REVIEW, CHANGXING], found[Wait.PAYMENT, CHANGXING]
    assert (review.ended, review.longest, review.standing, review.standing_longest) == (2, 0, 1, 23 * DAY)
    assert [each.seconds for each in review.late] == [23 * DAY]
    assert (payment.ended, payment.standing, payment.late) == (1, 1, ())


def test_a_wait_is_late_one_second_after_its_threshold(scene):
    scene.accepted()
    scene.chain.wait(2 * DAY)

    def late():
        waits = {each.wait: each for each in ageing(scene, thresholds=AgeingThresholds(payment_days=2)).waits}
        return len(waits[Wait.PAYMENT].late)

    at_the_threshold = late()
    scene.chain.wait(1)

    assert (at_the_threshold, late()) == (0, 1)


@pytest.mark.parametrize(("review", "region"), [(FirstReview.HOME, CHANGXING), (FirstReview.HOST, SHANGHAI)])
def test_a_first_review_waits_for_the_region_that_makes_it(scene, review, region):
    scene.programmes[CHANGXING] = scene.open(region=CHANGXING, first_review=review)
    scene.redeemed()

    waits = [(each.wait, each.region) for each in ageing(scene).waits if each.standing]

    assert waits == [(Wait.FIRST_REVIEW, region)]


# The bank's file


def test_a_flagged_order_is_left_out_and_told_apart(scene):
    kept, flagged = scene.accepted(), scene.accepted(SHANGHAI)
    firm = id_of(Firm(SHANGHAI, tag("firm back")))
    before = to_pay(scene, SHANGHAI)
    scene.chain.execute(FlagSubject(firm, digest_of("reason")), scene.who(BEIJING, Role.DIRECTORY))

    file = to_pay(scene, SHANGHAI)

    assert ([each.order_id for each in before.orders], before.left_out) == ([id_of(flagged)], ())
    assert (file.orders, file.total, file.count) == ((), 0, 0)
    assert [(each.order.order_id, each.reasons) for each in file.left_out] == [(id_of(flagged), (LeftOut.FIRM_FLAGGED,))]
    assert file.left_out_total == 4_800 * YUAN
    assert id_of(flagged).hex() not in bank_file_csv(file.document()).decode()
    assert [each.order_id for each in to_pay(scene).orders] == [id_of(kept)]


def test_a_flag_ends_when_it_lapses_is_taken_back_or_lifted_and_lasts_when_seconded(scene):
    scene.accepted()
    stops = lambda: bool(to_pay(scene).left_out)  # noqa: E731 - asked five times
    scene.chain.execute(FlagSubject(scene.lab, digest_of("reason")), scene.who(BEIJING, Role.DIRECTORY))
    scene.chain.wait(30 * DAY)
    last_second = stops()
    scene.chain.wait(1)
    lapsed = stops()
    scene.chain.execute(FlagSubject(scene.lab, digest_of("reason")), scene.who(CHANGXING, Role.DIRECTORY))
    scene.chain.execute(Unflag(scene.lab), scene.who(CHANGXING, Role.DIRECTORY))
    taken_back = stops()
    scene.chain.execute(FlagSubject(scene.lab, digest_of("reason")), scene.who(SHANGHAI, Role.DIRECTORY))
    scene.chain.execute(Second(scene.lab, digest_of("reason")), scene.who(BEIJING, Role.DIRECTORY))
    scene.chain.wait(400 * DAY)
    seconded = stops()
    scene.chain.execute(Lift(scene.carry(scene.motion(MotionKind.LIFT_FLAG, region=SHANGHAI, subject=scene.lab))), account("anybody"))

    assert (last_second, lapsed, taken_back, seconded, stops()) == (True, False, False, True, False)


def test_a_frozen_labs_order_is_left_out(scene):
    order = scene.accepted()
    scene.chain.execute(Freeze(scene.lab), scene.who(SHANGHAI, Role.DIRECTORY))

    assert [(each.order.order_id, each.reasons) for each in to_pay(scene).left_out] == [(id_of(order), (LeftOut.LAB_FROZEN,))]


def test_a_banks_file_is_what_waits_for_that_payer_in_yuan(scene):
    order = scene.accepted()
    scene.settled(), scene.redeemed()

    header, row = csv.reader(io.StringIO(bank_file_csv(to_pay(scene).document()).decode("utf-8-sig")))

    assert header[0] == "订单编号"
    assert row == [
        "0x" + id_of(order).hex(),
        "330522-1",
        "330522",
        "服务机构",
        "0x" + scene.lab.hex(),
        "lab",
        "4800.00",
        "2013-12-19 08:00:00",
    ]
    assert to_pay(scene, SHANGHAI).orders == ()


@pytest.mark.parametrize("beginning", ["=", "+", "-", "@", "\t=", " =", "\r@", "＝", "\u3000＠"])
def test_no_cell_of_a_banks_file_is_a_formula(scene, beginning):
    scene.accepted()
    document = to_pay(scene).document()
    document["orders"][0]["lab_code"] = f'{beginning}HYPERLINK("x")'

    _, row = csv.reader(io.StringIO(bank_file_csv(document).decode("utf-8-sig"), newline=""))

    assert row[5] == f'\'{beginning}HYPERLINK("x")'


def test_a_catalogue_of_empty_lines_is_not_kept():
    with pytest.raises(CatalogueRefused, match="more than 100000 lines"):
        ServiceTypes.read(b"subject,service_type\n" + b"\n" * 3_000_000)


# Lenses


def test_shares_are_sorted_and_marked_from_the_threshold_on(scene):
    other = scene.enrol("other firm")
    scene.firms[CHANGXING] = "firm"
    for _ in range(9):
        scene.redeemed()
    scene.firms[CHANGXING] = "other firm"
    scene.redeemed()

    report = concentration(scene)
    higher = concentration(scene, shares=ShareThresholds(share_percent=11, listed=1))

    ids = [id_of(Firm(CHANGXING, each)) for each in (tag("firm"), other)]
    assert [(each.subject, each.share_bps, each.marked) for each in report.firms.largest] == [(ids[0], 9_000, True), (ids[1], 1_000, True)]
    assert [each.subject for each in higher.firms.largest] == ids[:1]
    assert "share_percent = 11 (默认 default 10)" in higher.firms.heading
    assert (higher.firms.subjects, report.labs.largest[0].share_bps) == (2, 10_000)


def test_amounts_just_at_a_cap_are_told(scene):
    """The voucher's face of 10,000 yuan is the cap; a rule that ends before it is a lower one."""
    full, just = with_cost(scene, 16_666), with_cost(scene, 16_500)
    with_cost(scene, 16_499)
    scene.programmes[CHANGXING] = scene.open(region=CHANGXING, slices=(Slice(8_000 * YUAN, 6_000),))
    by_rule = with_cost(scene, 8_000)

    at_cap = concentration(scene).caps.at_cap

    assert [(each.order_id, each.cap) for each in at_cap] == [
        (id_of(full), 10_000 * YUAN),
        (id_of(just), 10_000 * YUAN),
        (id_of(by_rule), 4_800 * YUAN),
    ]
    assert len(concentration(scene, caps=CapThresholds(within_percent=2)).caps.at_cap) == 4


def test_a_burst_is_many_orders_shortly_before_vouchers_end(scene):
    """The vouchers here end 1,000 days after they are issued."""
    for _ in range(4):
        scene.reserved()
    for _ in range(5):
        scene.reserved()

    none = concentration(scene, bursts=BurstThresholds(days=999)).bursts.labs
    (found,) = concentration(scene, bursts=BurstThresholds(days=1_000)).bursts.labs

    assert none == ()
    assert (found.lab, found.orders, found.before_end) == (scene.lab, 9, 9)
    assert concentration(scene, bursts=BurstThresholds(days=1_000, least_orders=10)).bursts.labs == ()


def catalogue(*rows):
    return ServiceTypes.read(("编号,服务类型\n" + "".join(f"0x{subject.hex()},{name}\n" for subject, name in rows)).encode())


def prices(scene, types, **more):
    return price_report(scene.ledger, scene.chain.log, region=CHANGXING, catalogue=types, **asked(scene, **more))


def test_a_price_outlier_is_outside_its_types_range(scene):
    orders = [with_cost(scene, yuan) for yuan in (1_000, 1_100, 1_200, 1_300, 1_400, 15_000)]
    elsewhere = with_cost(scene, 12_000)
    types = catalogue((scene.lab, "成分检测"), (id_of(elsewhere), "联合研发"))

    report = prices(scene, types)
    kinds = {each.service_type: each for each in report.service_types}

    tested = kinds["成分检测"]
    assert (tested.lower_quartile, tested.median_cost, tested.upper_quartile) == (1_100 * YUAN, 1_200 * YUAN, 1_400 * YUAN)
    assert [(each.order_id, each.high) for each in tested.outliers] == [(id_of(orders[-1]), True)]
    assert (kinds["联合研发"].judged, kinds["联合研发"].outliers) == (False, ())
    assert report.catalogue_sha256 == types.sha256
    wider = prices(scene, types, thresholds=PriceThresholds(spread_percent=5_000))
    assert all(each.outliers == () for each in wider.service_types)


def test_what_the_catalogue_does_not_place_is_compared_with_nothing(scene):
    for yuan in (1_000, 1_000, 1_000, 1_000, 1_000, 15_000):
        with_cost(scene, yuan)

    (found,) = prices(scene, NOTHING).service_types

    assert (found.service_type, found.uses, found.judged, found.outliers) == (None, 6, False, ())


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", 1),
        (b"subject\n", 1),
        (b"subject,service_type,more\n", 1),
        (b"subject,service_type\n0x12,testing\n", 2),
        (b"subject,service_type\n0x" + b"11" * 32 + b",\n", 2),
        (b"subject,service_type\n0x" + b"11" * 32 + b",a\n\n0x" + b"11" * 32 + b",b\n", 4),
        (b"subject,service_type\n0x" + b"11" * 32 + b"\n", 2),
        ("编号,服务类型\n".encode("gb18030"), 0),
        (b'subject,"service_type\n', 0),
    ],
)
def test_what_is_no_catalogue_is_refused_by_line(content, line):
    with pytest.raises(CatalogueRefused) as caught:
        ServiceTypes.read(content)
    assert caught.value.line == line


# A lab's year


def signed_year(scene):
    """Shanghai's directory is an account whose key is known."""
    scene.appoint(SHANGHAI, address_of(KEY), Role.DIRECTORY)
    year = year_of(scene)
    return year, SignedLabYear(year.document(), sign(year.to_sign, DOMAIN, KEY))


def test_a_labs_year_counts_each_regions_vouchers_and_no_other_year(scene):
    order = scene.settled()
    scene.chain.wait(seconds_of_year(2014)[0] - scene.chain.now - 1)
    scene.redeemed()
    scene.chain.wait(1)
    scene.redeemed()
    scene.reverse(CHANGXING, order, 300 * YUAN)
    scene.refund(CHANGXING, order)

    first, second = year_of(scene), year_of(scene, year=2014)

    (served,) = first.regions
    assert (served.home, served.across, served.orders, served.uses.uses, served.uses.offset) == (CHANGXING, True, 2, 2, 9_600 * YUAN)
    assert (served.settled.uses, served.settled.offset, served.refunded) == (1, 4_800 * YUAN, 0)
    assert (second.total.uses, second.across.cost, second.regions[0].refunded) == (1, 8_000 * YUAN, 300 * YUAN)
    assert year_of(scene, year=2015).regions == ()


def test_a_signed_year_is_verified_with_the_file_and_a_node(scene):
    scene.settled()
    year, signed = signed_year(scene)

    again = SignedLabYear.read(signed.content())

    assert again == SignedLabYear(json.loads(year.canonical()), signed.signature)
    assert again.require_of(scene.ledger, DOMAIN, year_of(scene)) == address_of(KEY)


def test_a_signed_year_that_was_altered_is_refused(scene):
    scene.settled()
    year, signed = signed_year(scene)
    raised = {**year.document(), "total": {**year.document()["total"], "offset": "999999"}}

    with pytest.raises(SignedYearRefused, match="chain says something else"):
        SignedLabYear(raised, signed.signature).require_of(scene.ledger, DOMAIN, year)


@pytest.mark.parametrize("other", ["another chain", "another key", "another role", "no signature"])
def test_a_year_that_the_region_did_not_sign_is_refused(scene, other):
    scene.settled()
    year, _ = signed_year(scene)
    stranger = (8).to_bytes(32, "big")
    if other == "another role":
        scene.appoint(SHANGHAI, address_of(stranger), Role.REVIEWER)
    signature = {
        "another chain": lambda: sign(year.to_sign, Domain(1, account("registry")), KEY),
        "another key": lambda: sign(year.to_sign, DOMAIN, stranger),
        "another role": lambda: sign(year.to_sign, DOMAIN, stranger),
        "no signature": lambda: bytes(64),
    }[other]()

    with pytest.raises(SignedYearRefused, match="no directory account"):
        SignedLabYear(year.document(), signature).require_of(scene.ledger, DOMAIN, year)


def test_a_year_signed_by_who_is_in_office_no_more_is_refused(scene):
    scene.settled()
    year, signed = signed_year(scene)
    scene.chain.execute(Revoke(address_of(KEY)), account(f"{SHANGHAI} admin"))

    with pytest.raises(SignedYearRefused, match="holds its role no more"):
        signed.require_of(scene.ledger, DOMAIN, year)


HALF_A_CHARACTER = b'{"statement": {"lab": "\\ud800"}, "signature": "0x%s"}' % (b"00" * 64)


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b'{"statement": {}, "signature": "0x12"}', b'{"statement": [], "signature": 5}', HALF_A_CHARACTER],
)
def test_what_is_no_signed_year_is_refused(content):
    with pytest.raises(SignedYearRefused):
        SignedLabYear.read(content)


@pytest.mark.parametrize("change", [{"lab": "0x12"}, {"lab": 5}, {"year": 1_999}, {"year": "2013"}, {"year": 9_999}])
def test_a_signed_year_that_names_no_lab_or_year_is_refused(scene, change):
    document = year_of(scene).document()

    assert SignedLabYear(document, bytes(64)).named == (scene.lab, 2013)
    with pytest.raises(SignedYearRefused, match="names no lab and year"):
        SignedLabYear(document | change, bytes(64)).named  # noqa: B018 - it raises


def test_what_is_signed_names_lab_year_and_hash(scene):
    year = year_of(scene)
    others = [year_of(scene, year=2014), year_of(scene, lab=scene.labs[SHANGHAI][0])]

    assert len({digest(each.to_sign, DOMAIN) for each in (year, *others)}) == 3


# Whatever happens


def all_of(scene, log, until):
    """Every report, whichever way the log is read."""
    period = {"chain_id": CHAIN_ID, "since": Time(0), "until": until}
    return [
        *(programme_report(scene.ledger, log, programme=each, **period) for each in scene.programmes.values()),
        *(ageing_report(scene.ledger, log, region=each, **period) for each in (CHANGXING, SHANGHAI)),
        *(concentration_report(scene.ledger, log, region=each, **period) for each in (CHANGXING, SHANGHAI)),
        *(price_report(scene.ledger, log, region=each, catalogue=NOTHING, **period) for each in (CHANGXING, SHANGHAI)),
        *(bank_file(scene.ledger, log, chain_id=CHAIN_ID, payer=each, until=until) for each in (CHANGXING, SHANGHAI)),
        *(lab_year(scene.ledger, log, chain_id=CHAIN_ID, lab=lab, year=2013) for lab, _ in scene.labs.values()),
    ]


@settings(max_examples=40, deadline=None)
@given(PLAYS, PAYERS, st.integers(0, 400), st.randoms(use_true_random=False))
def test_the_order_of_reading_changes_no_byte(acts, payers, days, shuffled: random.Random):
    scene = played(acts, payers)
    until = Time(START + days * DAY)
    log = [*scene.chain.log, *scene.chain.log[: len(scene.chain.log) // 2]]
    shuffled.shuffle(log)

    found = [[each.canonical() for each in all_of(scene, read, until)] for read in (scene.chain.log, log)]

    assert found[0] == found[1]


@settings(max_examples=60, deadline=None)
@given(PLAYS, PAYERS)
def test_sums_are_the_ledgers(acts, payers):
    scene = played(acts, payers)
    ledger, now = scene.ledger, Time(scene.chain.now)
    for home in (CHANGXING, SHANGHAI):
        report, mine = programme(scene, home), [id_of(order) for region, order in scene.orders if region == home]
        stages = {each.stage: each for each in report.stages}
        assert {stage: each.orders for stage, each in stages.items()} == {
            stage: sum(ledger.orders[each].stage == stage for each in mine) for stage in {ledger.orders[each].stage for each in mine}
        }
        assert report.settled.offset - report.recovered == ledger.pools[scene.programmes[home]].paid
        assert sum(each.redeemed.offset for each in report.months) == report.redeemed.offset
        assert sum(each.settled.offset for each in report.months) == report.settled.offset
        assert sum(each.issued.vouchers for each in report.months) == report.issued.vouchers
        balances = [ledger.balances[each] for each, record in ledger.vouchers.items() if record.programme == scene.programmes[home]]
        assert report.redeemed.offset == sum(each.redeemed for each in balances)
        assert report.redeemed.face == sum(each.redeemed + each.lapsed for each in balances)
        shares = concentration_report(ledger, scene.chain.log, region=home, **asked(scene))
        assert (shares.uses, shares.offset) == (report.redeemed.uses, report.redeemed.offset)
        waits = ageing_report(ledger, scene.chain.log, region=home, **asked(scene)).waits
        standing = {Stage.OPEN, Stage.REDEEMED, Stage.ACCEPTED, Stage.REVERSED}
        assert sum(each.standing for each in waits) == sum(each.orders for stage, each in stages.items() if stage in standing)
    files = [bank_file(ledger, scene.chain.log, chain_id=CHAIN_ID, payer=payer, until=now) for payer in (CHANGXING, SHANGHAI)]
    accepted = [each for each, state in ledger.orders.items() if state.stage == Stage.ACCEPTED]
    assert sorted(each.order_id for file in files for each in file.orders) == sorted(accepted)
    assert sum(file.total for file in files) == sum(ledger.claims[each].subsidy for each in accepted)


def test_an_orders_own_line_counts_before_its_labs_and_no_item_is_none(scene):
    first = with_cost(scene, 1_000)
    with_cost(scene, 1_000)

    types = catalogue((scene.lab, "机构"), (id_of(first), "订单"), (NO_ID, "无条目"))

    assert [(each.service_type, each.uses) for each in prices(scene, types).service_types] == [("机构", 1), ("订单", 1)]
