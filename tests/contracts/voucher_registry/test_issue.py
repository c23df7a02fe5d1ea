"""A region's issuer issues vouchers."""

from dataclasses import replace

import pytest

from registry import codec
from registry.model import NO_ID, MotionKind, Recipient, Terms
from tests.contracts.seen import account, good_until
from tests.contracts.world import BEIJING, CHANGXING, YUAN, refused, tag


@pytest.fixture
def programme(world):
    return world.programme()


@pytest.fixture
def issuer(world):
    return world.offices[CHANGXING].issuer


@pytest.fixture
def recipients(world):
    """Two firms."""
    return [Recipient(world.firm().tag, tag(f"serial of {name}")) for name in ("one", "two")]


def available(world, terms: Terms, recipient: Recipient) -> tuple[int, ...]:
    return tuple(world.registry.balances(codec.id_of(codec.voucher_of(terms, recipient))))


def test_an_unopened_programme_is_refused(world, issuer, recipients):
    terms = world.terms(world.programme_record())

    with refused("UnknownProgramme", programme=terms.programme):
        world.registry.issue(terms, recipients, by=issuer)


@pytest.mark.parametrize("who", ["stranger", "reviewer", "payer", "directory", "admin", "issuer elsewhere"])
def test_only_the_regions_issuer_issues(world, programme, recipients, who):
    sender = account(world, who, CHANGXING)

    with refused("NotIssuer", account=sender.address, region=CHANGXING):
        world.registry.issue(world.terms(programme), recipients, by=sender)


def test_a_suspended_region_issues_nothing(world, programme, issuer, recipients):
    world.suspend(CHANGXING)

    with refused("NotIssuer", account=issuer.address, region=CHANGXING):
        world.registry.issue(world.terms(programme), recipients, by=issuer)


def test_a_retired_registry_issues_nothing(world, programme, issuer, recipients):
    world.decide(MotionKind.RETIRE_REGISTRY, account=world.registry.address)

    with refused("RegistryRetired"):
        world.registry.issue(world.terms(programme), recipients, by=issuer)


def test_dates_in_the_wrong_order_are_refused(world, programme, issuer, recipients):
    terms = world.terms(programme)
    terms = replace(terms, claim_by=terms.use_by - 1)

    with refused("InvalidDates", useBy=terms.use_by, claimBy=terms.claim_by):
        world.registry.issue(terms, recipients, by=issuer)


def test_use_by_may_be_this_very_second(world, programme, issuer, recipients):
    soon = world.now() + 100
    terms = world.terms(programme, use_by=soon, claim_by=soon)

    good_until(world, soon, lambda: world.registry.issue(terms, recipients, by=issuer))

    with refused("InvalidDates", useBy=soon, claimBy=soon):
        world.registry.issue(terms, recipients, by=issuer)


@pytest.mark.parametrize(("face", "denomination"), [(0, 1), (0, 0), (100, 0), (100, 30), (100, 101), (100, 200)])
def test_a_face_that_is_no_whole_notes_is_refused(world, programme, issuer, recipients, *, face, denomination):
    terms = world.terms(programme, face=face, denomination=denomination)

    with refused("InvalidDenomination", face=face, denomination=denomination):
        world.registry.issue(terms, recipients, by=issuer)


@pytest.mark.parametrize(
    ("face", "denomination"),
    [(10_000 * YUAN, 10_000 * YUAN), (10_000 * YUAN, 1), (10_000 * YUAN, 1_000 * YUAN), (1, 1), (2**64 - 1, 2**64 - 1)],
)
def test_notes_strips_and_fen_are_all_issued(world, programme, issuer, recipients, *, face, denomination):
    terms = world.terms(programme, face=face, denomination=denomination)

    world.registry.issue(terms, recipients, by=issuer)

    assert [available(world, terms, each) for each in recipients] == [(face, 0, 0, 0)] * 2


def test_a_voucher_without_a_serial_is_refused(world, programme, issuer, recipients):
    terms = world.terms(programme)
    unnumbered = replace(recipients[1], serial=NO_ID)

    with refused("InvalidTag", tag=NO_ID):
        world.registry.issue(terms, [recipients[0], unnumbered], by=issuer)

    assert available(world, terms, recipients[0]) == (0, 0, 0, 0)


def test_a_firm_that_nobody_enrolled_is_refused(world, programme, issuer):
    nobody = Recipient(tag("nobody's firm"), tag("serial"))

    with refused("FirmNotEnrolled", region=CHANGXING, firm=nobody.firm):
        world.registry.issue(world.terms(programme), [nobody], by=issuer)


def test_a_firm_of_another_region_is_refused(world, programme, issuer):
    firm = world.firm(BEIJING)

    with refused("FirmNotEnrolled", region=CHANGXING, firm=firm.tag):
        world.registry.issue(world.terms(programme), [Recipient(firm.tag, tag("serial"))], by=issuer)


def test_a_voucher_is_issued_once(world, programme, issuer, recipients):
    terms = world.terms(programme)
    world.registry.issue(terms, recipients[:1], by=issuer)

    with refused("VoucherExists", voucher=codec.id_of(codec.voucher_of(terms, recipients[0]))):
        world.registry.issue(terms, recipients[:1], by=issuer)


def test_one_list_names_a_voucher_once(world, programme, issuer, recipients):
    terms = world.terms(programme)

    with refused("VoucherExists", voucher=codec.id_of(codec.voucher_of(terms, recipients[0]))):
        world.registry.issue(terms, [*recipients, recipients[0]], by=issuer)

    assert available(world, terms, recipients[0]) == (0, 0, 0, 0)


def test_a_spent_voucher_is_not_issued_again(world, life):
    life.order = world.order(life.voucher, life.lab)
    life.redemption = world.redemption(life.order, cost=20_000 * YUAN, subsidy=10_000 * YUAN)
    life.until("settled")
    voucher = life.voucher
    terms = Terms(voucher.programme, voucher.face, voucher.denomination, voucher.use_by, voucher.claim_by)

    with refused("VoucherExists", voucher=life.voucher_id):
        world.registry.issue(terms, [Recipient(voucher.firm, voucher.serial)], by=life.office.issuer)

    assert life.balance() == (0, 0, voucher.face, 0)


def test_one_serial_under_two_terms_is_two_vouchers(world, programme, issuer, recipients):
    terms = world.terms(programme)
    later = replace(terms, claim_by=terms.claim_by + 1)
    world.registry.issue(terms, recipients[:1], by=issuer)

    world.registry.issue(later, recipients[:1], by=issuer)

    assert available(world, terms, recipients[0]) == available(world, later, recipients[0]) == (terms.face, 0, 0, 0)


def test_one_bad_recipient_stops_the_list(world, programme, issuer, recipients):
    terms = world.terms(programme)
    bad = Recipient(tag("nobody's firm"), tag("serial"))

    with refused("FirmNotEnrolled", region=CHANGXING, firm=bad.firm):
        world.registry.issue(terms, [recipients[0], bad, recipients[1]], by=issuer)

    assert [available(world, terms, each) for each in recipients] == [(0, 0, 0, 0)] * 2


def test_an_empty_list_issues_nothing(world, programme, issuer):
    terms = world.terms(programme)

    sent = world.registry.issue(terms, [], by=issuer)

    assert [event.name for event in sent.events] == ["TermsIssued"]


def test_each_recipient_gets_a_voucher(world, programme, issuer, recipients, life):
    terms = world.terms(programme)
    before = (life.balance(), life.pool(), tuple(world.programmes.pools(terms.programme)))

    sent = world.registry.issue(terms, recipients, by=issuer)

    told, *issued = sent.events
    assert (told.name, told["terms"], told["record"]) == (
        "TermsIssued",
        codec.id_of(terms),
        tuple(getattr(terms, each) for each in Terms.__slots__),
    )
    assert [event.values for event in issued] == [
        {
            "voucher": codec.id_of(codec.voucher_of(terms, each)),
            "terms": codec.id_of(terms),
            "firm": each.firm,
            "serial": each.serial,
        }
        for each in recipients
    ]
    assert [available(world, terms, each) for each in recipients] == [(terms.face, 0, 0, 0)] * 2
    assert (life.balance(), life.pool(), tuple(world.programmes.pools(terms.programme))) == before
