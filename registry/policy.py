"""
A region's own policy (券种规则): who is eligible, and how much a firm is granted when. Pure.

Nothing of this is enforced by the contracts: scarcity and consent are theirs, policy is each region's. A policy comes from a
programme file (`registry.programme_file`), whose hash is on the chain; a decision takes stated facts and explains itself, rule by
rule, in words that an officer can read to a firm, so that an auditor with the file and the facts comes to the same decision.

    decide_eligibility(policy, applicant, now=…)             may this firm or team get vouchers of the programme at all
    decide_grant(policy, code, earlier, amount=…, now=…)     may it get this much more now: pre-issue, top-up, cap, tranche

Three verdicts, not two: a rule holds, fails, or cannot be judged because a fact was not stated. Nobody is refused for a fact that
nobody asked for, and nobody gets anything without it.

Sources of the rules: `programmes/`. What the papers leave open is a named choice there, never a default here.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from registry.model import CHINA, Fen, Id, Time
from registry.money import yuan
from registry.rules.subsidy import WHOLE

V = TypeVar("V")


class Verdict(StrEnum):
    """Whether a rule holds (符合), fails (不符合), or cannot be judged for want of a fact (缺少材料)."""

    HOLDS = "HOLDS"
    FAILS = "FAILS"
    MISSING = "MISSING"


class Who(StrEnum):
    """A registered enterprise (企业), or a team without registration (创业团队)."""

    FIRM = "FIRM"
    TEAM = "TEAM"


class Period(StrEnum):
    """In which time a cap counts what was granted: the calendar year (当年, UTC+8), the last twelve months, or ever."""

    CALENDAR_YEAR = "CALENDAR_YEAR"
    TWELVE_MONTHS = "TWELVE_MONTHS"
    EVER = "EVER"


class First(StrEnum):
    """Whether the first grant is exactly the amount named (定额) or at most that (上限)."""

    FIXED = "FIXED"
    CEILING = "CEILING"


class Used(StrEnum):
    """What counts as used of a grant: reserved for orders (锁定), redeemed (申请兑付), or settled (已兑付)."""

    RESERVED = "RESERVED"
    REDEEMED = "REDEEMED"
    SETTLED = "SETTLED"


# What a programme file says


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to be eligible: all that it asks for must hold. None, False or no marks: not asked for."""

    who: Who
    registered_here: bool = False
    most_staff: int | None = None
    revenue_under: Fen | None = None
    revenue_includes_the_limit: bool = False
    most_capital: Fen | None = None
    marks: tuple[str, ...] = ()
    """At least one of these, as the office confirmed them: certificates, categories, a committee's decision."""
    after_review: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """The most face that one firm is granted within a period, under this programme and those whose codes are named besides."""

    amount: Fen
    period: Period
    also_counts: tuple[str, ...] = ()
    """A changed policy is a new programme; without this a change would begin the count anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tranche:
    """A first grant, and a next one only once more than a share of all that was granted so far is used."""

    first: Fen
    first_is: First
    next_after_bps: int
    used: Used


@dataclass(frozen=True, slots=True, kw_only=True)
class Grants:
    """How vouchers are granted: the same to all (普发), on application (申领), and more afterwards (增发)."""

    pre_issue: Fen | None = None
    on_application: bool = False
    top_up: bool = False
    cap: Cap | None = None
    tranche: Tranche | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a redemption is handed in with (兑付材料), for a checklist; `required` in the words that a lab reads."""

    required: tuple[str, ...]
    registered_technical_contract: bool = False
    amount_stated_in_contract: bool = False
    payment_proof_matches_invoice: bool = False
    report_form: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A programme's policy. Without a way, eligibility is decided elsewhere, and every applicant that a region enrols passes."""

    services: tuple[str, ...]
    ways: tuple[Way, ...]
    grants: Grants
    evidence: Evidence
    usable_after_move: bool = True
    """Whether a firm that moved to another region goes on ordering with what it holds. ASSUMPTION: it does, unless a file says no."""


# What is known of who asks


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """
    What an office has established of a firm or team; None where nobody has.

    `marks` maps each mark to the last second that it is good for, None where it does not end. A mark that is not in it is not held.
    """

    who: Who
    registered_here: bool | None = None
    staff: int | None = None
    revenue: Fen | None = None
    capital: Fen | None = None
    marks: Mapping[str, Time | None] | None = None
    reviewed: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """
    One earlier grant: when, under which programme, its face, and how much of it has come how far: what came further counts too.

    Nothing is decided by which `voucher` it was: it is named so that an auditor finds it on the chain.
    """

    at: Time
    code: str
    face: Fen
    reserved: Fen = Fen(0)
    redeemed: Fen = Fen(0)
    settled: Fen = Fen(0)
    voucher: Id | None = None

    def used(self, kind: Used) -> int:
        """How much of it counts as used."""
        return {Used.RESERVED: self.reserved, Used.REDEEMED: self.redeemed, Used.SETTLED: self.settled}[kind]


# What was decided


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One rule, the fact it was judged by (None where it was not stated), and what came of it, in words."""

    rule: str
    fact: str | None
    verdict: Verdict
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was found, by each way there is; one way on which everything holds is enough."""

    ways: tuple[tuple[Finding, ...], ...]
    verdict: Verdict = field(init=False)

    def __post_init__(self) -> None:
        outcomes = [_worst(way) for way in self.ways] or [Verdict.HOLDS]
        best = next(each for each in (Verdict.HOLDS, Verdict.MISSING, Verdict.FAILS) if each in outcomes)
        object.__setattr__(self, "verdict", best)

    @property
    def holds(self) -> bool:
        """Whether what was asked for may be granted."""
        return self.verdict is Verdict.HOLDS

    @property
    def against(self) -> tuple[Finding, ...]:
        """All that does not hold, of the way that comes nearest: what fails weighs more than what is missing. Nothing where it holds."""
        if self.holds:
            return ()
        ways = [tuple(each for each in way if each.verdict is not Verdict.HOLDS) for way in self.ways]
        return min(ways, key=lambda way: (sum(each.verdict is Verdict.FAILS for each in way), len(way)))


def _worst(findings: Sequence[Finding]) -> Verdict:
    outcomes = {each.verdict for each in findings}
    return next((each for each in (Verdict.FAILS, Verdict.MISSING) if each in outcomes), Verdict.HOLDS)


# Who is eligible


def decide_eligibility(policy: Policy, applicant: Applicant | None, *, now: Time) -> Decision:
    """
    Whether an applicant may get vouchers of a programme, by any of its ways. `now` is the time by which certificates are judged.

    Of whom nothing was put on record (None) nothing is assumed: each fact is missing.

    >>> small = Way(who=Who.FIRM, registered_here=True, most_staff=100)
    >>> policy = Policy(services=(), ways=(small,), grants=Grants(), evidence=Evidence(required=()))
    >>> decide_eligibility(policy, Applicant(who=Who.FIRM, registered_here=True, staff=101), now=Time(0)).against[0].en
    'Staff of 101; at most 100.'
    """
    if applicant is None:
        return Decision(ways=((_NOTHING_ON_RECORD,),) if policy.ways else ())
    return Decision(ways=tuple(tuple(_along(way, applicant, now)) for way in policy.ways))


_NOTHING_ON_RECORD = Finding(
    rule="facts",
    fact=None,
    verdict=Verdict.MISSING,
    zh="本平台尚无该企业（团队）的登记材料。",
    en="Nothing has been put on record of this firm or team.",
)


def _along(way: Way, applicant: Applicant, now: Time) -> Iterator[Finding]:
    kinds = {Who.FIRM: ("企业", "a registered enterprise"), Who.TEAM: ("创业团队", "a team without registration")}
    (zh, en), (own_zh, own_en) = kinds[way.who], kinds[applicant.who]
    words = f"面向{zh}；申请方为{own_zh}。", f"For {en}; the applicant is {own_en}."
    yield _found("who", applicant.who, *words, holds=applicant.who is way.who)
    if way.registered_here:
        yield _stated("registered_here", applicant.registered_here, lambda it: it, "须在本地区登记。", "Registered in this region.")
    if way.most_staff is not None:
        staff, most = applicant.staff, way.most_staff
        told = "—" if staff is None else staff
        zh, en = f"职工 {told} 人，规定不超过 {most} 人。", f"Staff of {told}; at most {most}."
        yield _stated("most_staff", staff, lambda it: it <= most, zh, en)
    if way.revenue_under is not None:
        yield _revenue(way, way.revenue_under, applicant.revenue)
    if way.most_capital is not None:
        capital, limit = applicant.capital, way.most_capital
        zh = f"注册资本 {yuan(capital)} 元，规定不超过 {yuan(limit)} 元。"
        yield _stated("most_capital", capital, lambda it: it <= limit, zh, f"Capital of {yuan(capital)} yuan; at most {yuan(limit)}.")
    if way.marks:
        yield _marks(way.marks, applicant.marks, now)
    if way.after_review:
        yield _stated("after_review", applicant.reviewed, lambda it: it, "须经审核。", "Only after a review.")


def _revenue(way: Way, limit: Fen, revenue: Fen | None) -> Finding:
    included = way.revenue_includes_the_limit
    zh = f"营业收入 {yuan(revenue)} 元，规定 {yuan(limit)} 元以下（{'含' if included else '不含'}本数）。"
    en = f"Revenue of {yuan(revenue)} yuan; under {yuan(limit)}, the figure {'included' if included else 'left out'}."
    return _stated("revenue_under", revenue, lambda it: it < limit or (included and it == limit), zh, en)


def _marks(wanted: tuple[str, ...], held: Mapping[str, Time | None] | None, now: Time) -> Finding:
    good = None if held is None else ", ".join(each for each in wanted if each in held and _lasts(held[each], now))
    zh, en = f"须具备下列之一且在有效期内：{'、'.join(wanted)}。", f"One of these, and still good: {', '.join(wanted)}."
    return _stated("marks", good, bool, zh, en)


def _lasts(until: Time | None, now: Time) -> bool:
    return until is None or now <= until


# How much


def decide_grant(policy: Policy, code: str, earlier: Sequence[Granted], *, amount: Fen, now: Time) -> Decision:
    """
    Whether a firm may be granted `amount` of face more at `now`, after what it was granted `earlier`.

    `code` is the programme's; what was granted under others counts where its file says so, and only for the cap.

    >>> policy = Policy(services=(), ways=(), evidence=Evidence(required=()),
    ...                 grants=Grants(top_up=True, cap=Cap(amount=Fen(10_000_000), period=Period.EVER)))
    >>> decide_grant(policy, "CX", [Granted(at=Time(0), code="CX", face=Fen(9_000_000))], amount=Fen(1_000_000), now=Time(1)).holds
    True
    >>> decide_grant(policy, "CX", [Granted(at=Time(0), code="CX", face=Fen(9_900_000))], amount=Fen(200_000), now=Time(1)).against[0].en
    'With 99,000.00 yuan granted before, 2,000.00 more make 101,000.00; at most 100,000.00 ever.'
    """
    return Decision(ways=(tuple(_grant(policy.grants, code, earlier, amount, now)),))


def _grant(grants: Grants, code: str, granted: Sequence[Granted], amount: Fen, now: Time) -> Iterator[Finding]:
    earlier = [each for each in granted if each.code == code]
    if earlier:
        words = "已发放过，再发为增发。", "Something was granted before, so this is a top-up."
        yield _found("top_up", len(earlier), *words, holds=grants.top_up)
    elif not grants.on_application:
        yield _pre_issue(grants.pre_issue, amount)
    if grants.cap is not None:
        yield _cap(grants.cap, [each for each in granted if each.code in (code, *grants.cap.also_counts)], amount, now)
    if grants.tranche is not None:
        yield _next_tranche(grants.tranche, earlier) if earlier else _first_tranche(grants.tranche, amount)


def _pre_issue(pre_issue: Fen | None, amount: Fen) -> Finding:
    if pre_issue is None:
        return _found("pre_issue", amount, "该券种不普发，也不受理申领。", "Neither issued to all nor on application.", holds=False)
    zh = f"普发每家 {yuan(pre_issue)} 元，本次 {yuan(amount)} 元。"
    en = f"{yuan(pre_issue)} yuan to each; this is {yuan(amount)}."
    return _found("pre_issue", amount, zh, en, holds=amount == pre_issue)


_WITHIN = {
    Period.CALENDAR_YEAR: ("当年", "in a calendar year"),
    Period.TWELVE_MONTHS: ("十二个月内", "in twelve months"),
    Period.EVER: ("累计", "ever"),
}


def _cap(cap: Cap, earlier: Sequence[Granted], amount: Fen, now: Time) -> Finding:
    begin = begin_of(cap.period, now)
    before = sum(each.face for each in earlier if each.at >= begin)
    zh_within, en_within = _WITHIN[cap.period]
    zh = f"{zh_within}已发放 {yuan(before)} 元，加本次 {yuan(amount)} 元为 {yuan(before + amount)} 元，上限 {yuan(cap.amount)} 元。"
    en = (
        f"With {yuan(before)} yuan granted before, {yuan(amount)} more make {yuan(before + amount)};"
        f" at most {yuan(cap.amount)} {en_within}."
    )
    return _found("cap", before, zh, en, holds=before + amount <= cap.amount)


def begin_of(period: Period, now: Time) -> Time:
    """
    The first second that a cap counts from, days and years in UTC+8.

    >>> begin_of(Period.CALENDAR_YEAR, Time(1_387_454_400))  # 2013-12-19 20:00 in China
    1356969600
    >>> begin_of(Period.TWELVE_MONTHS, Time(1_582_963_200))  # 2020-02-29 16:00 in China: from 2019-03-01 on
    1551369600
    """
    here = datetime.fromtimestamp(now, UTC).astimezone(CHINA)
    match period:
        case Period.CALENDAR_YEAR:
            begin = datetime(here.year, 1, 1, tzinfo=CHINA)
        case Period.TWELVE_MONTHS:
            # The day after the same day a year ago, so that twelve months hold each date once.
            year_ago = here.replace(year=here.year - 1, day=28) if (here.month, here.day) == (2, 29) else here.replace(year=here.year - 1)
            begin = datetime(year_ago.year, year_ago.month, year_ago.day, tzinfo=CHINA) + timedelta(days=1)
        case Period.EVER:
            return Time(0)
    return Time(int(begin.timestamp()))


def _first_tranche(tranche: Tranche, amount: Fen) -> Finding:
    if tranche.first_is is First.FIXED:
        zh, en = f"首次发放为 {yuan(tranche.first)} 元。", f"The first grant is {yuan(tranche.first)} yuan."
        return _found("first_grant", amount, zh, en, holds=amount == tranche.first)
    zh, en = f"首次发放不超过 {yuan(tranche.first)} 元。", f"The first grant is at most {yuan(tranche.first)} yuan."
    return _found("first_grant", amount, zh, en, holds=amount <= tranche.first)


_COME_SO_FAR = {Used.RESERVED: ("锁定", "reserved"), Used.REDEEMED: ("申请兑付", "redeemed"), Used.SETTLED: ("兑付", "settled")}


def _next_tranche(tranche: Tranche, earlier: Sequence[Granted]) -> Finding:
    granted = sum(each.face for each in earlier)
    used = sum(each.used(tranche.used) for each in earlier)
    zh_used, en_used = _COME_SO_FAR[tranche.used]
    percent = f"{tranche.next_after_bps / 100:g}"
    zh = f"已发放 {yuan(granted)} 元，其中已{zh_used} {yuan(used)} 元；超过 {percent}% 后方可再发。"
    en = f"Of {yuan(granted)} yuan granted, {yuan(used)} are {en_used}; more than {percent} % before the next grant."
    return _found("next_grant", used, zh, en, holds=used * WHOLE > granted * tranche.next_after_bps)


# How findings are made


def _found(rule: str, fact: object, zh: str, en: str, *, holds: bool) -> Finding:
    return Finding(rule=rule, fact=str(fact), verdict=Verdict.HOLDS if holds else Verdict.FAILS, zh=zh, en=en)


def _stated(rule: str, fact: V | None, holds: Callable[[V], bool], zh: str, en: str) -> Finding:
    if fact is None:
        return Finding(rule=rule, fact=None, verdict=Verdict.MISSING, zh=f"{zh}（未提供）", en=f"{en} (not stated)")
    return _found(rule, fact, zh, en, holds=holds(fact))
