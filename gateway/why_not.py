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

from registry import CHINA, Id, Region, Rejected, Snapshot, Standing, StandingSet, Time, why_refused

_FOR_EVER = 2**40 - 1


@dataclass(frozen=True, slots=True)
class Explanation:
    """A refusal's cause (None where its code says it all), what belongs to it, and a sentence in Chinese and in English."""

    cause: str | None
    values: Mapping[str, Any]
    zh: str
    en: str


def explain(snapshot: Snapshot, refused: Rejected) -> Explanation:
    """Why, as of a snapshot."""
    cause_of = _CAUSES.get(refused.code)
    return Explanation(None, {}, *why_refused(refused.code, refused.values)) if cause_of is None else cause_of(snapshot, refused)


def _recognition(snapshot: Snapshot, refused: Rejected) -> Explanation:
    region, subject = Region(refused.values["region"]), Id(refused.values["subject"])
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
        return Explanation(None, {}, *why_refused("UnknownLab", {"lab": subject}))
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


def _standing(snapshot: Snapshot, refused: Rejected) -> Explanation:
    lab, standing = Id(refused.values["lab"]), Standing(refused.values["standing"])
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


def _flag(snapshot: Snapshot, refused: Rejected) -> Explanation:
    subject, until = Id(refused.values["subject"]), refused.values["until"]
    is_lab = subject in snapshot.ledger.lab_records
    who, who_en = ("服务机构", "lab") if is_lab else ("企业", "firm")
    zh_end, en_end = ("解除通告", "it is lifted") if until >= _FOR_EVER else (_day(until), _day(until))
    zh = f"该{who}有风险通告，暂停使用至{zh_end}。"
    return Explanation("LAB_FLAGGED" if is_lab else "FIRM_FLAGGED", {}, zh, f"This {who_en} is stopped by a flag until {en_end}.")


def _qualification(_: Snapshot, refused: Rejected) -> Explanation:
    return Explanation("QUALIFICATION_EXPIRED", {}, *why_refused(refused.code, refused.values))


def _use_by(_: Snapshot, refused: Rejected) -> Explanation:
    return Explanation("EXPIRED", {}, *why_refused(refused.code, refused.values))


def _day(time: int) -> str:
    return f"{datetime.fromtimestamp(time, CHINA):%Y-%m-%d}"


_CAUSES: Mapping[str, Callable[[Snapshot, Rejected], Explanation]] = {
    "LabNotActive": _standing,
    "NotQualified": _qualification,
    "NotRecognised": _recognition,
    "PastUseBy": _use_by,
    "SubjectFlagged": _flag,
}
