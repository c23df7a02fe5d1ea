"""What is sent back is sent again, what is not is carried over, and each item says which."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import (
    Bundle,
    BundleDocument,
    Fen,
    SentBack,
    StatedContract,
    StatedInvoice,
    StatedPayment,
    corrected,
    corrections_of,
    items_of,
    read_programme_file,
    strays,
)
from registry.policy import Evidence

FILES = sorted((Path(__file__).resolve().parents[2] / "programmes").glob("*.toml"))
ITEMS = ("服务合同", "票据", "成果报告", "付款凭证")
KINDS = ("服务合同", "发票", "成果报告", "收支凭证")
CONTRACT = StatedContract(seller="91310000MA0DEM001P", number="SH-1")
INVOICE = StatedInvoice(number="24312000000012345678", amount=Fen(800_000))


def document(kind: str, version: int = 0) -> BundleDocument:
    return BundleDocument(kind=kind, sha256=hashlib.sha256(f"{kind} {version}".encode()).hexdigest())


BEFORE = Bundle(documents=tuple(document(kind) for kind in KINDS), contract=CONTRACT, invoice=INVOICE)


def states(back: list[SentBack], now: Bundle) -> dict[str, str]:
    return {each.item: each.state.value for each in corrections_of(ITEMS, back, now)}


def sent_back(*items: str, bundle: Bundle = BEFORE) -> list[SentBack]:
    return [SentBack(frozenset(items), bundle)]


def test_only_what_was_named_is_to_be_sent_and_the_rest_is_carried_over_with_its_hash():
    found = corrections_of(ITEMS, sent_back("票据", "成果报告"), BEFORE)

    assert {each.item: each.state.value for each in found} == {
        "服务合同": "CARRIED_OVER",
        "票据": "TO_SEND",
        "成果报告": "TO_SEND",
        "付款凭证": "CARRIED_OVER",
    }
    assert [each.files for each in found] == [(document(kind).sha256,) for kind in KINDS]


def test_what_is_sent_again_stands_in_place_of_what_was_sent_back():
    sent = Bundle(documents=(document("财政票据"), document("成果报告", 1)))

    now = corrected(BEFORE, sent, ["票据", "成果报告"])

    # A 财政票据 is a 票据, and so stands in the place of the 发票.
    assert {each.kind: each.sha256 for each in now.documents} == {
        each.kind: each.sha256 for each in (document("服务合同"), document("财政票据"), document("成果报告", 1), document("收支凭证"))
    }
    assert (now.contract, now.invoice) == (CONTRACT, INVOICE)
    found = states(sent_back("票据", "成果报告"), now)
    assert found == {"服务合同": "CARRIED_OVER", "票据": "SENT_AGAIN", "成果报告": "SENT_AGAIN", "付款凭证": "CARRIED_OVER"}


def test_an_item_that_was_not_sent_yet_stays_and_is_still_to_be_sent():
    now = corrected(BEFORE, Bundle(documents=(document("发票", 1),)), ["票据", "成果报告"])

    assert document("成果报告") in now.documents
    assert states(sent_back("票据", "成果报告"), now)["成果报告"] == "TO_SEND"


def test_the_same_file_under_the_same_words_was_not_sent_again():
    now = corrected(BEFORE, Bundle(documents=(document("发票"),)), ["票据"])

    assert now == BEFORE
    assert states(sent_back("票据"), now)["票据"] == "TO_SEND"


@pytest.mark.parametrize(
    ("item", "sent"),
    [
        ("服务合同", {"contract": replace(CONTRACT, number="SH-2")}),
        ("票据", {"invoice": replace(INVOICE, amount=Fen(700_000))}),
        ("付款凭证", {"payment": StatedPayment(amount=Fen(320_000), number=INVOICE.number)}),
        ("成果报告", {"report_form": "CMA检测报告"}),
    ],
)
def test_what_a_document_states_is_put_right_without_another_file(item, sent):
    assert strays(Bundle(**sent), [item]) == []
    now = corrected(BEFORE, Bundle(**sent), [item])

    assert now.documents == BEFORE.documents
    assert states(sent_back(item), now) == dict.fromkeys(ITEMS, "CARRIED_OVER") | {item: "SENT_AGAIN"}


def test_an_item_without_a_file_is_not_sent_by_words():
    bare = replace(BEFORE, documents=())

    now = corrected(bare, Bundle(contract=replace(CONTRACT, number="SH-2")), ["服务合同"])

    assert states(sent_back("服务合同", bundle=bare), now)["服务合同"] == "TO_SEND"


def test_what_nobody_sent_back_and_yet_differs_is_told():
    now = replace(BEFORE, documents=(document("服务合同", 1), *(each for each in BEFORE.documents if each.kind != "服务合同")))

    assert states(sent_back("票据"), now) == {
        "服务合同": "REPLACED",
        "票据": "TO_SEND",
        "成果报告": "CARRIED_OVER",
        "付款凭证": "CARRIED_OVER",
    }


def test_what_two_sent_back_is_sent_again_once_it_differs_from_what_each_saw():
    later = corrected(BEFORE, Bundle(documents=(document("发票", 1),)), ["票据"])
    back = [SentBack(frozenset({"票据"}), BEFORE), SentBack(frozenset({"票据", "成果报告"}), later)]

    assert states(back, later)["票据"] == "TO_SEND"
    assert states(back, corrected(later, Bundle(documents=(document("发票", 2),)), ["票据"]))["票据"] == "SENT_AGAIN"


def test_what_was_not_sent_back_is_a_stray():
    sent = Bundle(documents=(document("发票", 1), document("服务合同", 1)), contract=CONTRACT)

    assert strays(sent, ["票据"]) == ["服务合同", "contract"]
    assert strays(sent, ["票据", "服务合同"]) == []


@given(st.sets(st.sampled_from(ITEMS), min_size=1))
def test_whatever_was_named_and_sent_nothing_else_changes(named):
    kinds = dict(zip(ITEMS, KINDS, strict=True))
    sent = Bundle(documents=tuple(document(kinds[item], 1) for item in named))

    now = corrected(BEFORE, sent, named)

    assert strays(sent, named) == []
    assert set(now.documents) == {document(kind, int(item in named)) for item, kind in kinds.items()}
    assert states(sent_back(*named), now) == {item: "SENT_AGAIN" if item in named else "CARRIED_OVER" for item in ITEMS}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_programme_has_items_that_can_be_sent_back(path):
    profile = read_programme_file(path.read_text(encoding="utf-8")).policy.evidence

    assert set(items_of(profile)) >= set(profile.required) - {"创新券"}
    assert "创新券" not in items_of(profile)


def test_an_item_stands_on_the_list_once_whatever_is_asked_of_it():
    profile = Evidence(required=("服务合同",), registered_technical_contract=True, amount_stated_in_contract=True)

    assert items_of(profile) == ("服务合同",)
