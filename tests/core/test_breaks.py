"""A payer's records and the chain are held against each other, and what does not agree is carried on until it does."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.breaks import BreakReason, Explanation, Payment, breaks_of, with_returns
from registry.codec import id_of
from registry.model import Fen, Id, Paid, Region
from registry.statement import following_month, lines_of, seconds_of_month
from tests.core.month_scene import Pair
from tests.rules.scene import CHANGXING, SHANGHAI, YUAN, digest, tag

DECEMBER, JANUARY, FEBRUARY = 201312, 201401, 201402
UNIT, SELLER, FIRM, STRANGER = (tag(each) for each in ("unit of lab", "seller of lab", "firm", "stranger"))
SUBSIDY = 480_000


class Bank:
    """Changxing's payment records, as they were handed in."""

    def __init__(self) -> None:
        self.scene = Pair()
        self.rows: list[Payment] = []
        self.explained: dict[Id, Explanation] = {}

    def pays(self, order, *, month=DECEMBER, amount=SUBSIDY, payee=UNIT, reference="payment", refund=False):
        order_id = order if isinstance(order, bytes) else id_of(order)
        self.rows.append(Payment(month, Id(order_id), refund, Fen(amount), (payee,), reference, digest(reference)))

    def breaks(self, month=DECEMBER, *, payer=CHANGXING, begun=DECEMBER):
        scene = self.scene
        lines = lines_of(scene.ledger, scene.chain.log, home=CHANGXING, host=SHANGHAI)
        return breaks_of(
            scene.ledger, lines, self.rows, self.explained, payer=payer, home=CHANGXING, host=SHANGHAI, begun=begun, month=month
        )

    def told(self, month=DECEMBER, **more):
        return [(each.reason.value, each.due, each.paid, each.opened, each.resolved) for each in self.breaks(month, **more)]

    def until(self, month):
        self.scene.chain.wait(seconds_of_month(month)[0] - self.scene.chain.now)


@pytest.fixture
def bank():
    return Bank()


@pytest.mark.parametrize("payee", [UNIT, SELLER])
def test_what_was_paid_as_settled_is_no_break(bank, payee):
    """To the host unit, or to whoever invoices for it."""
    bank.pays(bank.scene.settled(), payee=payee)

    assert bank.told() == []


def test_a_settled_order_without_a_payment(bank):
    """AT-19."""
    order = bank.scene.settled()
    bank.pays(bank.scene.settled())

    (found,) = bank.breaks()

    assert (found.order, found.reason, found.due, found.paid) == (id_of(order), BreakReason.NOT_PAID, SUBSIDY, 0)


def test_a_payment_of_what_is_accepted_only(bank):
    bank.pays(bank.scene.accepted())

    assert bank.told() == [("NotSettled", 0, SUBSIDY, DECEMBER, None)]


def test_a_payment_for_an_order_that_nobody_has(bank):
    bank.pays(bytes(31) + b"\1")

    assert bank.told() == [("NotOnChain", 0, SUBSIDY, DECEMBER, None)]


@pytest.mark.parametrize("amount", [SUBSIDY - 1, SUBSIDY + 1])
def test_a_fen_too_little_or_too_much(bank, amount):
    bank.pays(bank.scene.settled(), amount=amount)

    assert bank.told() == [("AmountDiffers", SUBSIDY, amount, DECEMBER, None)]


def test_two_instalments_that_make_up_the_subsidy_are_no_break(bank):
    order = bank.scene.settled()
    bank.pays(order, amount=SUBSIDY - 100)
    bank.pays(order, amount=100, reference="rest")

    assert bank.told() == []


def test_a_second_payment_of_the_same(bank):
    order = bank.scene.settled()
    bank.pays(order)
    bank.pays(order, reference="again")

    (found,) = bank.breaks()

    assert (found.reason, found.paid, found.references) == (BreakReason.PAID_TWICE, 2 * SUBSIDY, ("payment", "again"))


def test_a_payment_to_somebody_else(bank):
    bank.pays(bank.scene.settled(), payee=STRANGER)

    assert bank.told() == [("WrongPayee", SUBSIDY, SUBSIDY, DECEMBER, None)]


def test_where_the_firm_claims_a_payment_to_the_lab_is_to_somebody_else(bank):
    scene = bank.scene
    scene.programmes[CHANGXING] = scene.open(region=CHANGXING, paid_across=Paid.FIRM, code="firm claims", hold_days=3_000)
    right, wrong = scene.settled(), scene.settled()
    bank.pays(right, payee=FIRM)
    bank.pays(wrong, payee=UNIT)

    assert [(each.order, each.reason) for each in bank.breaks()] == [(id_of(wrong), BreakReason.WRONG_PAYEE)]


def test_a_payment_under_another_reference_than_the_chain_has(bank):
    bank.pays(bank.scene.settled(), reference="another")

    assert bank.told() == [("ReferenceDiffers", SUBSIDY, SUBSIDY, DECEMBER, None)]


def test_a_refund_that_one_side_only_knows_of(bank):
    chain_only, bank_only, both = (bank.scene.settled() for _ in range(3))
    for order in (chain_only, both):
        bank.scene.reverse(CHANGXING, order, 100_000)
        bank.scene.refund(CHANGXING, order)
    for order in (chain_only, bank_only, both):
        bank.pays(order)
    for order in (bank_only, both):
        bank.pays(order, amount=100_000, refund=True, payee=STRANGER, reference="back")

    found = {each.order: (each.reason, each.due, each.paid) for each in bank.breaks()}

    assert found == {
        id_of(chain_only): (BreakReason.NOT_REFUNDED, 380_000, SUBSIDY),
        id_of(bank_only): (BreakReason.REFUND_NOT_ON_CHAIN, SUBSIDY, 380_000),
    }


RETURN = "back from the bank"


def returned(order, *, month=DECEMBER):
    return Payment(month, id_of(order), refund=True, amount=Fen(SUBSIDY), payee=(), reference=RETURN, payment=digest(RETURN))


@pytest.mark.parametrize("listed", [True, False])
def test_a_returned_payment_that_was_made_again_is_no_double_payment(bank, listed):
    """Whether the bank's own records list the return or not."""
    order = bank.scene.settled()
    bank.pays(order)
    if listed:
        bank.pays(order, refund=True, reference="as the bank calls it")
    bank.pays(order, month=JANUARY, reference="again")
    bank.rows = with_returns(bank.rows, [returned(order)])

    assert bank.told() == [("Returned", SUBSIDY, 0, DECEMBER, None)]
    assert bank.told(JANUARY) == [("Returned", SUBSIDY, 0, DECEMBER, JANUARY)]


def test_a_second_payment_without_a_return_is_still_one_too_many(bank):
    order, other = bank.scene.settled(), bank.scene.settled()
    for _ in range(2):
        bank.pays(order)
    bank.pays(other)
    bank.rows = with_returns(bank.rows, [])

    assert bank.told() == [("PaidTwice", SUBSIDY, 2 * SUBSIDY, DECEMBER, None)]


def test_a_payment_made_thrice_with_one_return_is_one_too_many(bank):
    order = bank.scene.settled()
    for reference in ("payment", "again", "and again"):
        bank.pays(order, reference=reference)
    bank.rows = with_returns(bank.rows, [returned(order)])

    assert bank.told() == [("PaidTwice", SUBSIDY, 2 * SUBSIDY, DECEMBER, None)]


def test_another_payers_orders_are_not_this_ones_to_pay(bank):
    bank.scene.settled()

    assert bank.told(payer=SHANGHAI) == []


# From month to month


def test_a_break_is_carried_under_its_id_until_a_payment_ends_it(bank):
    order = bank.scene.settled()
    bank.until(FEBRUARY)
    bank.pays(order, month=FEBRUARY)

    december, january, february = (bank.breaks(month) for month in (DECEMBER, JANUARY, FEBRUARY))

    assert [each.id for each in (*december, *january, *february)] == [december[0].id] * 3
    assert [each.resolved for each in (*december, *january, *february)] == [None, None, FEBRUARY]
    assert {each.opened for each in (*december, *january, *february)} == {DECEMBER}
    assert bank.breaks(following_month(FEBRUARY)) == []


def test_what_was_paid_first_and_settled_later_was_a_break_between(bank):
    order = bank.scene.accepted()
    bank.pays(order)
    bank.until(JANUARY)
    bank.scene.pay(CHANGXING, order)

    assert bank.told(DECEMBER) == [("NotSettled", 0, SUBSIDY, DECEMBER, None)]
    assert bank.told(JANUARY) == [("NotSettled", 0, SUBSIDY, DECEMBER, JANUARY)]


def test_money_that_went_to_the_wrong_one_and_came_back_is_settled_with_the_right_one(bank):
    order = bank.scene.settled()
    bank.pays(order, payee=STRANGER)
    bank.pays(order, month=JANUARY, refund=True, reference="back")
    assert [each[0] for each in bank.told(JANUARY) if each[4] is None] == ["NotPaid"]
    bank.pays(order, month=JANUARY, payee=UNIT, reference="once more")

    assert bank.told(DECEMBER) == [("WrongPayee", SUBSIDY, SUBSIDY, DECEMBER, None)]
    assert bank.told(JANUARY) == [("WrongPayee", SUBSIDY, SUBSIDY, DECEMBER, JANUARY)]


def test_what_was_settled_before_there_were_records_is_nobodys_break(bank):
    quiet, recovered = bank.scene.settled(), bank.scene.settled()
    bank.until(JANUARY)
    bank.scene.reverse(CHANGXING, recovered, SUBSIDY)
    bank.scene.refund(CHANGXING, recovered)

    assert bank.told(JANUARY, begun=JANUARY) == [("NotRefunded", 0, SUBSIDY, JANUARY, None)]
    bank.pays(recovered, month=JANUARY, refund=True)
    assert bank.told(JANUARY, begun=JANUARY) == []
    assert id_of(quiet) not in {each.order for each in bank.breaks(FEBRUARY, begun=JANUARY)}


def test_before_anything_was_handed_in_there_is_no_break(bank):
    bank.scene.settled()

    assert bank.told(DECEMBER, begun=JANUARY) == []


def test_an_explanation_ends_a_break_as_long_as_its_sums_stay(bank):
    order = bank.scene.settled()
    bank.pays(order, reference="another")
    (found,) = bank.breaks(JANUARY)
    bank.explained[found.id] = Explanation(JANUARY, found.due, found.paid)

    assert bank.told(DECEMBER) == [("ReferenceDiffers", SUBSIDY, SUBSIDY, DECEMBER, None)]
    assert bank.told(JANUARY) == [("ReferenceDiffers", SUBSIDY, SUBSIDY, DECEMBER, JANUARY)]
    assert bank.told(FEBRUARY) == []

    bank.pays(order, month=following_month(FEBRUARY), amount=1, reference="one more")
    after = bank.breaks(following_month(FEBRUARY))
    assert [each.reason.value for each in after] == ["PaidTwice", "ReferenceDiffers"]
    assert [each.resolved for each in after] == [None, None]
    assert after[1].id == found.id


def test_a_break_that_is_explained_at_once_is_told_in_its_month(bank):
    bank.pays(bank.scene.settled(), reference="another")
    (found,) = bank.breaks()
    bank.explained[found.id] = Explanation(DECEMBER, found.due, found.paid)

    assert bank.told(DECEMBER) == [("ReferenceDiffers", SUBSIDY, SUBSIDY, DECEMBER, DECEMBER)]
    assert bank.told(JANUARY) == []


ROWS = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.sampled_from((DECEMBER, JANUARY, FEBRUARY)),
        st.sampled_from((SUBSIDY, SUBSIDY - 1, 100_000)),
        st.booleans(),
        st.sampled_from((UNIT, STRANGER)),
    ),
    max_size=10,
)


@settings(max_examples=150, deadline=None)
@given(ROWS, st.lists(st.sampled_from((DECEMBER, JANUARY, FEBRUARY)), min_size=4, max_size=4), st.sets(st.integers(0, 3)))
def test_every_month_tells_what_the_one_before_left_open(rows, settled_in, refunded):
    bank = Bank()
    orders = [bank.scene.accepted() for _ in settled_in]
    for month in (DECEMBER, JANUARY, FEBRUARY):
        bank.until(month) if month != DECEMBER else None
        for number, order in enumerate(orders):
            if settled_in[number] == month:
                bank.scene.pay(CHANGXING, order)
                if number in refunded:
                    bank.scene.reverse(CHANGXING, order, 100_000)
                    bank.scene.refund(CHANGXING, order)
    for number, month, amount, refund, payee in rows:
        order = orders[number] if number < len(orders) else bytes(31) + b"\1"
        bank.pays(order, month=month, amount=amount, refund=refund, payee=payee, reference=f"{len(bank.rows)}")

    left: set[Id] = set()
    for month in (DECEMBER, JANUARY, FEBRUARY, following_month(FEBRUARY)):
        found = bank.breaks(month)
        assert left <= {each.id for each in found}
        assert len({each.id for each in found}) == len(found)
        assert all(each.opened < month for each in found if each.id in left)
        assert all(each.opened == month for each in found if each.id not in left)
        assert {each.resolved for each in found} <= {None, month}
        left = {each.id for each in found if each.resolved is None}
    # In the end whatever sums differ stands, and nothing else does but a payee or a reference.
    standing = {each.order for each in bank.breaks(following_month(FEBRUARY)) if each.resolved is None}
    for number, order in enumerate(orders):
        paid = sum(-each.amount if each.refund else each.amount for each in bank.rows if each.order == id_of(order))
        due = SUBSIDY - 100_000 if number in refunded else SUBSIDY
        assert paid == due or id_of(order) in standing


def test_ids_are_of_the_payer_the_pair_the_order_and_the_reason():
    banks = [Bank(), Bank()]
    for bank in banks:
        bank.scene.settled()
    first, second = (bank.breaks()[0] for bank in banks)
    assert first == second

    scene = Pair(payer={CHANGXING: Region(0)})
    order = scene.settled()
    lines = lines_of(scene.ledger, scene.chain.log, home=CHANGXING, host=SHANGHAI)
    (theirs,) = breaks_of(scene.ledger, lines, [], {}, payer=SHANGHAI, home=CHANGXING, host=SHANGHAI, begun=DECEMBER, month=DECEMBER)

    assert (theirs.order, theirs.reason, theirs.due) == (id_of(order), BreakReason.NOT_PAID, 4_800 * YUAN)
    assert theirs.id != first.id
