"""
What becomes of a firm's vouchers and orders when the firm changes (企业变更). Pure: the rules, each with words for an officer.

    renamed (更名)          the company code stays, so nothing changes on the chain
    merged (合并)           its vouchers are its own: the successor spends none of them, and finishes what began
    struck off (注销、吊销)   nobody consents for it any more: nothing new begins; where the lab is paid, what began is finished
    moved (迁出)            its vouchers stay the region's that issued them; whether they take new orders, the programme's file says

ASSUMPTION: the papers say that a voucher is for the firm that it was issued to and is not handed on; they are silent on mergers, striking
off and moving. What follows from that is written here, and `docs/firms.md` tells it to offices.
"""

from enum import StrEnum
from typing import NamedTuple

from registry import Stage


class Kind(StrEnum):
    """What happened to a firm. WITHDRAWN: what was put on record before was not so, or is over."""

    RENAMED = "RENAMED"
    MERGED = "MERGED"
    STRUCK_OFF = "STRUCK_OFF"
    MOVED = "MOVED"
    WITHDRAWN = "WITHDRAWN"


ENDING = frozenset({Kind.MERGED, Kind.STRUCK_OFF, Kind.MOVED})
"""Changes after which some or all of a firm's vouchers take no new orders."""


class Becomes(NamedTuple):
    """What becomes of a voucher or an order: a code, and a sentence in Chinese and in English."""

    code: str
    zh: str
    en: str


STAYS = Becomes("STAYS", "照常使用。", "It stays as it is.")
LAPSES = Becomes(
    "LAPSES",
    "不得再下单，余额到期失效；承继企业可另行申领。",
    "It takes no new order, and what is left lapses; a successor applies for vouchers of its own.",
)
GOES_ON = Becomes("GOES_ON", "继续办理。", "It goes on.")
REVIEWER_DECIDES = Becomes("REVIEWER_DECIDES", "由审核机构决定是否予以确认。", "The reviewer approves or declines it.")
TO_DECLINE = Becomes("TO_DECLINE", "企业已注销，应不予确认。", "The firm is no more: decline it.")
SUCCESSOR_SIGNS = Becomes(
    "SUCCESSOR_SIGNS",
    "由承继企业以更换后的签名账户申请兑付。",
    "The successor signs the redemption, with the key that is put in place for it.",
)
LIQUIDATOR_SIGNS = Becomes("LIQUIDATOR_SIGNS", "由清算组以其签名账户申请兑付。", "The liquidators sign the redemption with their key.")
REVIEWER_STANDS_IN = Becomes(
    "REVIEWER_STANDS_IN",
    "服务完成后由服务机构申请兑付，审核机构代企业签名。",
    "The lab asks for the money, and a reviewer signs in place of the firm.",
)
RUNS_OUT = Becomes(
    "RUNS_OUT",
    "收款企业已不存在，无人可申请兑付；由服务机构释放，或逾期 30 天后由任何人释放。",
    "The firm to be paid is no more, and nobody can ask in its place: the lab releases it, or anybody 30 days after its deadline.",
)
PAID_TO_SUCCESSOR = Becomes("PAID_TO_SUCCESSOR", "资金拨付承继企业，请核对收款账户。", "The successor is paid: check the account.")
PAYEE_ENDED = Becomes(
    "PAYEE_ENDED",
    "收款企业已注销，暂不拨付：有清算账户的付清算账户，否则退回。",
    "The firm to be paid is no more: hold the payment; pay the liquidators' account, or reject it.",
)
BEGAN_AFTERWARDS = Becomes(
    "BEGAN_AFTERWARDS",
    "变更登记之后才锁定，本地区不予确认，也不予审核通过。",
    "It was reserved after the change was put on record: it is neither approved nor accepted here.",
)


def voucher_becomes(kind: Kind, *, usable_after_move: bool) -> Becomes:
    """What becomes of what is left on a voucher."""
    if kind in (Kind.MERGED, Kind.STRUCK_OFF):
        return LAPSES
    return STAYS if kind is not Kind.MOVED or usable_after_move else LAPSES


def order_becomes(kind: Kind, stage: Stage, *, firm_is_paid: bool, has_signer: bool, began_afterwards: bool) -> Becomes:
    """
    What becomes of an order that is not finished.

    `has_signer` tells that liquidators (清算组) sign for a firm that was struck off. `began_afterwards`: it was reserved on a voucher that
    took no new orders by then.
    """
    if began_afterwards:
        return BEGAN_AFTERWARDS
    if kind is Kind.MERGED:
        return _merged(stage, firm_is_paid=firm_is_paid)
    if kind is Kind.STRUCK_OFF:
        return _struck_off(stage, firm_is_paid=firm_is_paid, has_signer=has_signer)
    return GOES_ON


def _merged(stage: Stage, *, firm_is_paid: bool) -> Becomes:
    if stage == Stage.REQUESTED:
        return REVIEWER_DECIDES
    if stage == Stage.OPEN:
        return SUCCESSOR_SIGNS
    return PAID_TO_SUCCESSOR if firm_is_paid else GOES_ON


def _struck_off(stage: Stage, *, firm_is_paid: bool, has_signer: bool) -> Becomes:
    if stage == Stage.REQUESTED:
        return TO_DECLINE
    if stage == Stage.OPEN and has_signer:
        return LIQUIDATOR_SIGNS
    if stage == Stage.OPEN:
        return RUNS_OUT if firm_is_paid else REVIEWER_STANDS_IN
    return PAYEE_ENDED if firm_is_paid else GOES_ON
