"""
Why a voucher cannot be used at a lab, as exactly as the chain tells it, in words for a person. Pure: reads a snapshot.

The contract refuses by a code with its values. One code may have several causes: `NotRecognised` may mean that a lab's unit is listed and
this lab is not, that it is good at home only, that its recognition has not begun or is over, or that an item is not eligible. The cause
is told beside the code, with the dates that belong to it. The code and the contract's own values stay as they are.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from registry import CHINA, Id, Region, Rejected, Snapshot, Standing, StandingSet, Time

_FOR_EVER = 2**40 - 1


@dataclass(frozen=True, slots=True)
class Explanation:
    """A refusal's cause (None where its code says it all), what belongs to it, and a sentence in Chinese and in English."""

    cause: str | None
    values: Mapping[str, Any]
    zh: str
    en: str


def explain(snapshot: Snapshot, refused: Rejected) -> Explanation | None:
    """Why, as of a snapshot; None for a code that this page has no words for."""
    words = _WORDS.get(refused.code)
    if words is None:
        return None
    if callable(words):
        return words(snapshot, refused.values)
    return Explanation(None, {}, *words)


def _recognition(snapshot: Snapshot, values: Mapping[str, Any]) -> Explanation:
    region, subject = Region(values["region"]), Id(values["subject"])
    window = snapshot.ledger.recognitions[region, subject]
    what, what_en = ("服务条目", "item") if subject in snapshot.ledger.item_records else ("服务机构", "lab")
    told = {"from": window.from_, "until": window.until}
    if window.until == 0:
        return _never(snapshot, region, subject)
    if snapshot.time < window.from_:
        zh = f"该{what}自 {_day(window.from_)} 起纳入 {region} 的互认目录，尚未开始。"
        return Explanation("NOT_YET", told, zh, f"Region {region} recognises this {what_en} from {_day(window.from_)} on, not yet.")
    zh = f"该{what}在 {region} 的互认目录中的有效期已于 {_day(window.until)} 结束。"
    return Explanation("NO_LONGER", told, zh, f"Region {region} recognised this {what_en} until {_day(window.until)}, and no longer.")


def unit_listed(snapshot: Snapshot, region: Region, labs: Iterable[Id]) -> Explanation | None:
    """That a region recognises some of a host unit's labs; None if it recognises none of them."""
    windows = [snapshot.ledger.recognitions[region, each] for each in labs]
    listed = sum(window.from_ <= snapshot.time <= window.until for window in windows)
    if not listed:
        return None
    zh = f"依托单位在 {region} 的互认目录内（已列 {listed} 家），但本服务机构不在其中。"
    en = f"Its host unit is listed by region {region} with {listed} labs, but this lab is not one of them."
    return Explanation("UNIT_LISTED_NOT_LAB", {"listed_labs": listed}, zh, en)


def _never(snapshot: Snapshot, region: Region, subject: Id) -> Explanation:
    ledger = snapshot.ledger
    if subject in ledger.item_records:
        code = ledger.item_records[subject].code
        zh = f"服务条目 {code} 不在 {region} 的互认目录内，不能使用该地区的创新券。"
        return Explanation("ITEM_NOT_ELIGIBLE", {"item_code": code}, zh, f"Item {code} is not among those that region {region} recognises.")
    if subject not in ledger.lab_records:
        return Explanation(None, {}, *_UNKNOWN_LAB)
    record = ledger.lab_records[subject]
    sisters = [each for each, other in ledger.lab_records.items() if other.host_unit == record.host_unit and each != subject]
    of_unit = unit_listed(snapshot, region, sisters)
    if of_unit is not None:
        return of_unit
    if not any(ledger.recognitions[other, subject].until for other, _ in ledger.regions.items()):
        zh = f"该服务机构仅限 {record.region} 本地使用，未纳入任何地区的互认目录。"
        return Explanation("LOCAL_ONLY", {"host": record.region}, zh, f"This lab is for vouchers of its own region {record.region} only.")
    zh = f"该服务机构不在 {region} 的互认目录内。"
    return Explanation("NOT_BY_THIS_REGION", {}, zh, f"Other regions recognise this lab, but region {region} does not.")


def _standing(snapshot: Snapshot, values: Mapping[str, Any]) -> Explanation:
    lab, standing = Id(values["lab"]), Standing(values["standing"])
    since = _standing_since(snapshot, lab, standing)
    zh, en = _OF_STANDING[standing]
    told = {} if since is None else {"since": since}
    zh_since, en_since = ("", "") if since is None else (f"（自 {_day(since)} 起）", f" since {_day(since)}")
    return Explanation(standing.name, told, f"该服务机构{zh}{zh_since}。", f"This lab {en}{en_since}.")


_OF_STANDING = {
    Standing.SUSPENDED: ("已暂停，不接受新订单", "is suspended and takes no new orders"),
    Standing.EXITED: ("已退出，不接受新订单", "has left and takes no new orders"),
    Standing.FROZEN: ("已冻结（涉嫌欺诈），一切停办", "is frozen for suspected fraud, and nothing goes on"),
}


def _standing_since(snapshot: Snapshot, lab: Id, standing: Standing) -> Time | None:
    set_so = [each.logged for each in snapshot.history_of(lab) if isinstance(each.logged.event, StandingSet)]
    last = set_so[-1] if set_so else None
    return last.time if last is not None and getattr(last.event, "standing", None) == standing else None


def _flag(snapshot: Snapshot, values: Mapping[str, Any]) -> Explanation:
    subject, until = Id(values["subject"]), values["until"]
    is_lab = subject in snapshot.ledger.lab_records
    who, who_en = ("服务机构", "lab") if is_lab else ("企业", "firm")
    zh_end, en_end = ("解除通告", "it is lifted") if until >= _FOR_EVER else (_day(until), _day(until))
    zh = f"该{who}有风险通告，暂停使用至{zh_end}。"
    return Explanation("LAB_FLAGGED" if is_lab else "FIRM_FLAGGED", {}, zh, f"This {who_en} is stopped by a flag until {en_end}.")


def _qualification(_: Snapshot, values: Mapping[str, Any]) -> Explanation:
    day = _day(values["qualifiedUntil"])
    return Explanation("QUALIFICATION_EXPIRED", {}, f"该服务机构的资质已于 {day} 到期。", f"This lab's qualification ended on {day}.")


def _use_by(_: Snapshot, values: Mapping[str, Any]) -> Explanation:
    day = _day(values["useBy"])
    return Explanation("EXPIRED", {}, f"该券的使用截止日为 {day}，已过期。", f"This voucher could be used until {day}.")


def _region(_: Snapshot, values: Mapping[str, Any]) -> Explanation:
    region = values["region"]
    return Explanation(None, {}, f"地区 {region} 已被联盟暂停，不办理新业务。", f"Region {region} is suspended; nothing new begins there.")


def _day(time: int) -> str:
    return f"{datetime.fromtimestamp(time, CHINA):%Y-%m-%d}"


_UNKNOWN_LAB = ("没有这家服务机构，或其所在地区尚未登记。", "There is no such lab, or its region has not admitted it yet.")
_WORDS: Mapping[str, tuple[str, str] | Callable[[Snapshot, Mapping[str, Any]], Explanation]] = {
    "AmountZero": ("锁定额度不能为零。", "The amount is zero."),
    "CodeRefused": ("代码或编号格式有误。", "A code or number is not valid."),
    "FirmEnded": (
        "该企业已合并、注销或迁出，其创新券不再受理新订单。",
        "The firm merged, was struck off or moved away: its vouchers take no new order.",
    ),
    "EpochsMixed": ("请用与该券同期登记的服务机构。", "Name the lab as it was admitted under the voucher's epoch of tags."),
    "FirmNotEnrolled": ("该企业未在发券地登记。", "The firm is not enrolled in the voucher's region."),
    "ItemNotListed": ("该服务条目不是本服务机构登记的条目。", "That item is none that this lab has listed."),
    "ItemRequired": ("该券种按服务条目使用，请指明服务条目。", "Vouchers of this programme go by item: name one."),
    "LabNotActive": _standing,
    "NotQualified": _qualification,
    "NotRecognised": _recognition,
    "NotSignedBy": ("缺少一方的有效签名。", "A party's valid signature is missing."),
    "NotWholeNotes": ("额度应为最小抵用额的整数倍。", "The amount is not a whole number of notes."),
    "OrderSeen": ("该订单已提交过。", "This order was brought before."),
    "OverAvailable": ("可用额度不足。", "More than the voucher has available."),
    "PastUseBy": _use_by,
    "PartnershipReached": (
        "联合券的伙伴数已达到，退出即失效，不能转移。",
        "Whoever leaves a partnership that was reached loses the voucher.",
    ),
    "PoolShort": ("预拨兑付资金不足。", "The money set aside for the programme is not enough."),
    "Reverted": (
        "提交后在链上未予受理，原因无从查明。",
        "It was refused on the chain after it was sent, and nobody can tell why.",
    ),
    "SameSigner": ("企业与服务机构不能由同一账户签名。", "Firm and lab are signed for by one account."),
    "SellerIsFirm": ("开票单位就是该企业自己。", "The firm itself would invoice for the lab."),
    "SignatureExpired": ("签名已过有效期。", "The signatures are no longer good."),
    "SubjectFlagged": _flag,
    "Suspended": _region,
    "UnknownLab": _UNKNOWN_LAB,
    "UnknownRegion": ("地区不是联盟成员。", "A region is no member of the consortium."),
    "UnknownVoucher": ("没有这张券，或券与企业不符。", "There is no such voucher of this firm."),
    "VoucherMismatch": ("订单与创新券不符。", "The order is for another voucher."),
    "WrongStage": ("订单当前的状态不允许转移。", "At its present stage the order cannot be moved."),
    "WholeVoucherOnly": ("联合券须整张使用。", "A joint voucher is used whole."),
}
EXPLAINED = frozenset(_WORDS)
"""The codes that there are words for."""
