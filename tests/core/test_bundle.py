"""Evidence held against programmes' profiles, slips in invoice numbers, and samples that anybody draws again."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import (
    Bundle,
    BundleDocument,
    CodeRefused,
    Fen,
    Id,
    Ordered,
    StatedContract,
    StatedInvoice,
    StatedPayment,
    Verdict,
    checklist,
    drawn,
    neighbours,
    read_programme_file,
)
from registry.policy import Evidence

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "programmes").glob("*.toml"))
SELLER = "91310000MA0DEM001P"
DIGITAL = "24312000000012345678"
ORDERED = Ordered(amount=Fen(500_000), lab_is_paid=True)


def sha256(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def documents(*kinds: str) -> tuple[BundleDocument, ...]:
    return tuple(BundleDocument(kind=kind, sha256=sha256(kind)) for kind in kinds)


WHOLE = Bundle(
    documents=documents("服务合同", "发票", "成果报告", "收支凭证"),
    contract=StatedContract(
        seller=SELLER, number="SH-2013-1219", registered=True, registration="2013310000001", voucher_amount=Fen(500_000)
    ),
    invoice=StatedInvoice(number=DIGITAL, amount=Fen(800_000)),
    payment=StatedPayment(amount=Fen(320_000), number=DIGITAL),
    report_form="CMA检测报告",
)
STRICT = Evidence(
    required=("服务合同", "票据", "成果报告"),
    registered_technical_contract=True,
    amount_stated_in_contract=True,
    payment_proof_matches_invoice=True,
    report_form="CMA 检测报告",
)


def verdicts(profile, bundle, ordered=ORDERED):
    return {each.finding.rule: each.finding.verdict for each in checklist(profile, bundle, ordered).checked}


# Every programme there is


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_one_bundle_satisfies_every_programme_and_an_empty_one_none(path):
    profile = read_programme_file(path.read_text(encoding="utf-8")).policy.evidence

    assert checklist(profile, WHOLE, ORDERED).verdict is Verdict.HOLDS
    nothing = checklist(profile, Bundle(), ORDERED)
    assert nothing.verdict is Verdict.MISSING
    assert [each.document for each in nothing.against] == [kind for kind in profile.required if kind != "创新券"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_document_that_a_programme_asks_for_is_missed_by_name(path):
    profile = read_programme_file(path.read_text(encoding="utf-8")).policy.evidence
    for kind in set(profile.required) - {"创新券"}:
        without = replace(WHOLE, documents=tuple(each for each in WHOLE.documents if each.kind != kind))

        against = checklist(profile, without, ORDERED).against

        assert [(each.document, each.finding.verdict) for each in against] == [(kind, Verdict.MISSING)]


def test_a_programme_of_contract_invoice_result_and_one_of_income_and_expense_proof_ask_for_different_things():
    """A bundle for Beijing lacks what Kunshan asks for, and says what."""
    beijing, kunshan = (
        read_programme_file((ROOT / "programmes" / f"{name}.toml").read_text(encoding="utf-8")).policy.evidence
        for name in ("beijing-2018", "kunshan-2018")
    )
    bundle = Bundle(documents=documents("服务合同", "发票", "成果报告"))

    assert checklist(beijing, bundle, ORDERED).verdict is Verdict.HOLDS
    assert [each.document for each in checklist(kunshan, bundle, ORDERED).against] == ["收支凭证"]


# What differs between regions


def test_everything_that_a_strict_region_asks_for_can_hold():
    assert set(verdicts(STRICT, WHOLE).values()) == {Verdict.HOLDS}


@pytest.mark.parametrize("bill", ["发票", "财政票据", "票据"])
def test_a_bill_is_a_tax_invoice_or_a_fiscal_one(bill):
    assert checklist(Evidence(required=("票据",)), Bundle(documents=documents(bill)), ORDERED).verdict is Verdict.HOLDS


def test_a_programme_that_names_the_tax_invoice_takes_no_fiscal_bill():
    assert checklist(Evidence(required=("发票",)), Bundle(documents=documents("财政票据")), ORDERED).verdict is Verdict.MISSING


@pytest.mark.parametrize(
    ("registered", "registration", "verdict"),
    [(None, None, Verdict.MISSING), (True, None, Verdict.MISSING), (False, None, Verdict.FAILS), (True, "2013-1", Verdict.HOLDS)],
)
def test_a_technical_contract_is_registered_under_a_number(registered, registration, verdict):
    contract = replace(WHOLE.contract, registered=registered, registration=registration)

    assert verdicts(STRICT, replace(WHOLE, contract=contract))["registered_technical_contract"] is verdict


@pytest.mark.parametrize(
    ("stated", "verdict"), [(None, Verdict.MISSING), (499_999, Verdict.FAILS), (500_000, Verdict.HOLDS), (500_001, Verdict.FAILS)]
)
def test_the_contract_states_the_voucher_amount_of_the_order(stated, verdict):
    contract = replace(WHOLE.contract, voucher_amount=None if stated is None else Fen(stated))

    assert verdicts(STRICT, replace(WHOLE, contract=contract))["amount_stated_in_contract"] is verdict


@pytest.mark.parametrize(
    ("paid", "lab_is_paid", "verdict"),
    [
        (300_000, True, Verdict.HOLDS),  # the invoice less all that the order reserves
        (299_999, True, Verdict.FAILS),
        (800_000, True, Verdict.HOLDS),
        (800_001, True, Verdict.FAILS),
        (800_000, False, Verdict.HOLDS),  # a firm that claims for itself has advanced all of it
        (799_999, False, Verdict.FAILS),
        (320_000, False, Verdict.FAILS),
    ],
)
def test_the_payment_is_what_the_voucher_leaves_of_the_invoice(paid, lab_is_paid, verdict):
    bundle = replace(WHOLE, payment=StatedPayment(amount=Fen(paid), number=DIGITAL))
    ordered = replace(ORDERED, lab_is_paid=lab_is_paid)

    assert verdicts(STRICT, bundle, ordered)["payment_proof_matches_invoice"] is verdict


def test_a_payment_for_another_invoice_fails_and_says_which():
    other = replace(WHOLE, payment=StatedPayment(amount=Fen(320_000), number="24312000000012345679"))

    (found,) = checklist(STRICT, other, ORDERED).against

    assert (found.finding.verdict, found.finding.fact) == (Verdict.FAILS, "24312000000012345679")
    assert DIGITAL in found.finding.zh


@pytest.mark.parametrize("lacks", ["payment", "invoice", "document"])
def test_a_payment_needs_its_amount_its_invoice_and_a_document(lacks):
    without = {"documents": documents("服务合同", "发票", "成果报告")} if lacks == "document" else {lacks: None}

    assert verdicts(STRICT, replace(WHOLE, **without))["payment_proof_matches_invoice"] is Verdict.MISSING


def test_an_older_invoice_is_told_apart_by_its_code_as_well():
    invoice = StatedInvoice(number="00131219", code="3100131320", amount=Fen(800_000))
    for code, verdict in (("3100131320", Verdict.HOLDS), ("3100131330", Verdict.FAILS)):
        payment = StatedPayment(amount=Fen(800_000), number="00131219", code=code)
        assert verdicts(STRICT, replace(WHOLE, invoice=invoice, payment=payment))["payment_proof_matches_invoice"] is verdict


@pytest.mark.parametrize(("form", "verdict"), [(None, Verdict.MISSING), ("普通报告", Verdict.FAILS), ("cma检测报告", Verdict.HOLDS)])
def test_the_report_has_the_form_that_the_region_asks_for(form, verdict):
    assert verdicts(STRICT, replace(WHOLE, report_form=form))["report_form"] is verdict


def test_what_fails_weighs_more_than_what_is_missing():
    bundle = replace(WHOLE, report_form="普通报告", payment=None)

    assert checklist(STRICT, bundle, ORDERED).verdict is Verdict.FAILS
    assert len(checklist(STRICT, bundle, ORDERED).against) == 2


# The bundle itself


def test_a_bundle_has_one_hash_however_it_was_typed():
    typed = replace(
        WHOLE,
        documents=tuple(reversed(WHOLE.documents)) + WHOLE.documents[:1],
        contract=replace(WHOLE.contract, number="ｓｈ－2013 1219", seller=SELLER.lower()),
        invoice=StatedInvoice(number="2431 2000 0000 1234 5678", amount=Fen(800_000)),
    )

    assert typed.hash == WHOLE.hash
    assert Bundle.read(WHOLE.told()) == WHOLE
    assert Bundle.read(Bundle().told()) == Bundle()


@pytest.mark.parametrize(
    "change",
    [
        {"documents": WHOLE.documents[1:]},
        {"contract": None},
        {"contract": replace(WHOLE.contract, registered=None)},
        {"invoice": replace(WHOLE.invoice, amount=Fen(800_001))},
        {"payment": None},
        {"report_form": None},
    ],
)
def test_every_word_of_a_bundle_is_in_its_hash(change):
    assert replace(WHOLE, **change).hash != WHOLE.hash


def test_a_result_is_a_report_or_the_whole_bundle():
    assert WHOLE.results == {sha256("成果报告"), WHOLE.hash.hex()}
    without = Bundle(documents=documents("服务合同", "收支凭证"))
    assert without.results == {without.hash.hex()}


@pytest.mark.parametrize("wrong", ["", "00" * 31, "0X" + "00" * 31, "GG" * 32, "AA" * 32])
def test_what_is_no_hash_is_no_document(wrong):
    with pytest.raises(CodeRefused):
        BundleDocument(kind="发票", sha256=wrong)


@pytest.mark.parametrize("kind", ["", " - ", "发\x00票"])
def test_a_kind_of_document_is_a_word(kind):
    with pytest.raises(CodeRefused):
        BundleDocument(kind=kind, sha256="00" * 32)


# Slips


def one_slip(first: str, second: str) -> bool:
    differing = [at for at, (one, other) in enumerate(zip(first, second, strict=True)) if one != other]
    if len(differing) == 1:
        return True
    return len(differing) == 2 and differing[1] - differing[0] == 1 and first[differing[0]] == second[differing[1]]


@given(st.from_regex(r"2[1-9][0-9]{18}", fullmatch=True))
def test_neighbours_are_one_slip_away_valid_and_mutual(number):
    found = neighbours(number)

    assert (number, None) not in found
    assert 170 <= len(found) <= 199
    assert all(one_slip(number, other) for other, _ in found)
    assert all((number, None) in neighbours(other) for other, _ in list(found)[:5])


def test_an_older_invoice_has_neighbours_in_number_and_code():
    found = neighbours("00131219", "3100131320")

    assert {("00131291", "3100131320"), ("00131210", "3100131320"), ("00131219", "3100131321")} <= found
    assert ("00131219", "3100131320") not in found
    assert len(found) <= 199


# Samples

ids = st.lists(st.binary(min_size=32, max_size=32).map(Id), max_size=30)


@given(ids, st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20), st.integers(0, 40))
def test_a_sample_is_the_same_in_whatever_order_and_number_its_orders_come(orders, seed, size):
    found = drawn(seed, orders, size)

    assert found == drawn(seed, [*reversed(orders), *orders], size)
    assert len(found) == min(size, len(set(orders)))
    assert set(found) <= set(orders)


def test_a_larger_sample_begins_with_the_smaller_and_another_seed_draws_others():
    orders = [Id(hashlib.sha256(bytes([n])).digest()) for n in range(200)]

    assert drawn("2026-Q4", orders, 20)[:10] == drawn("2026-Q4", orders, 10)
    assert drawn("2026-Q4", orders, 10) != drawn("2026-Q3", orders, 10)
