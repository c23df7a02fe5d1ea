"""
What reviewers send back of what was handed in (退回补正), item by item. Pure.

    items_of(profile)                 what can be sent back: the documents of a programme's checklist
    corrected(before, sent, named)    the next attempt's bundle: what was sent again, and all that was in order
    corrections_of(items, back, now)  item by item: carried over, to be sent again, sent again

An item is a document in the programme's own word, with what a bundle states of it: a 服务合同 with its number and registration, a 票据 with
its amount. So a wrong number is put right without another file, and a file without other numbers.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from registry.bundle import COVERS, PROOFS_OF_PAYMENT, VOUCHER, Bundle, Ordered, checklist
from registry.model import Fen
from registry.policy import Evidence

STATED_OF: Mapping[str, str] = {
    "服务合同": "contract",
    "票据": "invoice",
    "发票": "invoice",
    "财政票据": "invoice",
    "收支凭证": "payment",
    "付款凭证": "payment",
    "成果报告": "report_form",
}
"""Which member of a bundle states something of an item."""

_MEMBERS = ("contract", "invoice", "payment", "report_form")


class ItemState(StrEnum):
    """Where an item stands after it, or others, were sent back."""

    CARRIED_OVER = "CARRIED_OVER"
    TO_SEND = "TO_SEND"
    SENT_AGAIN = "SENT_AGAIN"
    REPLACED = "REPLACED"


@dataclass(frozen=True, slots=True)
class SentBack:
    """What one reviewer sent back: items, of the bundle as it stood then."""

    items: frozenset[str]
    bundle: Bundle


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """
    One item of the next attempt: its files now and as they were sent back, each by SHA-256.

    CARRIED_OVER: in order, and as it was. TO_SEND: sent back, and not handed in anew. SENT_AGAIN: sent back, and other than it was.
    REPLACED: nobody sent it back, and yet it is other than it was.
    """

    item: str
    state: ItemState
    files: tuple[str, ...]
    before: tuple[str, ...]


def items_of(profile: Evidence) -> tuple[str, ...]:
    """
    What can be sent back, in the order of the checklist. The voucher is held by the order, and nobody hands it in.

    >>> items_of(Evidence(required=("创新券", "服务合同", "票据"), registered_technical_contract=True))
    ('服务合同', '票据')
    """
    found = checklist(profile, Bundle(), Ordered(amount=Fen(0), lab_is_paid=True)).checked
    return tuple(dict.fromkeys(each.document for each in found if each.document != VOUCHER))


def strays(sent: Bundle, named: Collection[str]) -> list[str]:
    """What is sent although nobody sent it back: kinds of documents, and members of a bundle."""
    asked = set(sent.of_kinds(kind for item in named for kind in _kinds(item)))
    kinds = {each.kind for each in sent.documents if each not in asked}
    members = [name for name in _MEMBERS if getattr(sent, name) is not None and name not in {STATED_OF.get(item) for item in named}]
    return sorted(kinds) + members


def corrected(before: Bundle, sent: Bundle, named: Collection[str]) -> Bundle:
    """
    A bundle with what was sent again in place of what was sent back; an item that was not sent stays as it was.

    >>> from registry.bundle import BundleDocument
    >>> old = Bundle(documents=tuple(BundleDocument(kind=kind, sha256="00" * 32) for kind in ("发票", "服务合同")))
    >>> sent = Bundle(documents=(BundleDocument(kind="发票", sha256="11" * 32),))
    >>> [(each.kind, each.sha256[:2]) for each in corrected(old, sent, ["发票"]).documents]
    [('发票', '11'), ('服务合同', '00')]
    """
    replaced = {each for item in named if _files(sent, item) for each in before.of_kinds(_kinds(item))}
    stated: dict[str, Any] = {name: getattr(before, name) if getattr(sent, name) is None else getattr(sent, name) for name in _MEMBERS}
    return Bundle(documents=(*(set(before.documents) - replaced), *sent.documents), **stated)


def corrections_of(items: Sequence[str], back: Sequence[SentBack], now: Bundle) -> tuple[Correction, ...]:
    """
    Where each item of the next attempt stands. `back` is all that was sent back of the one before, the last statement at the end.

    An item that several sent back is sent again once it differs from what it was for each of them.
    """
    return tuple(_correction(item, back, now) for item in items)


def _correction(item: str, back: Sequence[SentBack], now: Bundle) -> Correction:
    naming = [each for each in back if item in each.items]
    files, before = _files(now, item), _files((naming or back)[-1].bundle, item)
    changed = all(_part(now, item) != _part(each.bundle, item) for each in naming or back[-1:])
    if naming:
        state = ItemState.SENT_AGAIN if changed and files else ItemState.TO_SEND
    else:
        state = ItemState.REPLACED if changed else ItemState.CARRIED_OVER
    return Correction(item=item, state=state, files=files, before=before)


def _part(bundle: Bundle, item: str) -> tuple[Any, ...]:
    member = STATED_OF.get(item)
    return _files(bundle, item), None if member is None else getattr(bundle, member)


def _files(bundle: Bundle, item: str) -> tuple[str, ...]:
    return tuple(each.sha256 for each in bundle.of_kinds(_kinds(item)))


def _kinds(item: str) -> frozenset[str]:
    """The checklist takes either proof of payment for the one that it names."""
    return PROOFS_OF_PAYMENT if item == "付款凭证" else COVERS.get(item, frozenset()) | {item}
