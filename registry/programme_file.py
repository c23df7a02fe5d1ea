"""
A programme file (TOML, see `programmes/`): the fields that go to the chain, the vouchers' terms, and the region's own policy.

Its canonical form is the JSON of everything in it but comments: keys sorted, no spaces, UTF-8. Only texts, whole numbers, truth
values, lists and tables are allowed, so that there is one such form. The SHA-256 of it is `policyHash`, and whoever has the file can
prove which rules a voucher was issued under.

A programme that carries an older ledger over (存量台账) says so in its code, which anybody reads on the chain, and names in `[opening]`
the list that it is issued by and the ledger's own totals: both are under that hash too.

Nothing is guessed: a key that is unknown or missing, a limit that does not rise, a rate that does, or money that is no whole number
of fen is refused with its key and the reason. Pure: takes text, reads no file.
"""

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, time
from enum import Enum
from typing import Any, NoReturn, TypeVar

from registry.canonical import canonical_json
from registry.errors import TongquanError
from registry.model import UNLIMITED, Approval, Digest, Fen, FirstReview, Paid, Programme, Region, Slice
from registry.policy import Cap, Evidence, First, Grants, Period, Policy, Tranche, Used, Way, Who

E = TypeVar("E", bound=Enum)

OPENING_SUFFIX = "-OPENING"
"""What the code of a programme ends with that carries an older ledger over, and no other's."""

_MONEY = re.compile("0|[1-9][0-9]{0,18}")
_SHA256 = re.compile("[0-9a-f]{64}")
_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOST_SLICES = 6
_MOST_BPS = 10_000
_MOST_DAYS = 10_000

# Where `tomllib` says that a text is no TOML.
_PLACE = re.compile(r"\(at (.+)\)$")


class ProgrammeFileRefused(TongquanError):
    """
    A file is no programme file; `at` is the key or the line, `reason` says why, `words` both.

    ProgrammeFileRefused
     ├── ProgrammeFileMalformed   it is no TOML, or holds a date or a number with a fraction
     └── ProgrammeFileInvalid     a key is missing, unknown, or has a value that it cannot have
    """

    def __init__(self, at: str, zh: str, en: str) -> None:
        self.at = at
        self.reason = f"{zh}。 {en}."
        self.words = (f"券种文件 {at} 处有误：{zh}。", f"The programme file is not valid at {at}: {en}.") if at else (f"{zh}。", f"{en}.")
        super().__init__(" ".join(self.words))


class ProgrammeFileMalformed(ProgrammeFileRefused):
    """It has no canonical form."""


class ProgrammeFileInvalid(ProgrammeFileRefused):
    """It has a canonical form that says nothing sensible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherTerms:
    """What the vouchers of a programme are by default: `valid_days` to reserve, `claim_days_after_use` more to redeem."""

    face: Fen
    denomination: Fen
    valid_days: int
    claim_days_after_use: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningTotals:
    """
    What an older ledger comes to (控制总数), as its office added it up. For every voucher `face` = used + in flight + lapsed + remaining.

    `in_flight` is the face of the notes that claims in flight need, `claimed` the subsidy that they ask for, `paid` what was paid on the
    invoices that are listed as paid.
    """

    vouchers: int
    face: Fen
    used: Fen
    in_flight: Fen
    lapsed: Fen
    remaining: Fen
    claims: int
    claimed: Fen
    paid_invoices: int
    paid: Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Which ledger a programme carries over: in words, its last day (切换日, UTC+8), its list's SHA-256, and what it comes to."""

    scheme: str
    cut_over: date
    list_sha256: str
    totals: OpeningTotals


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgrammeFile:
    """A programme file, read: the record for the chain, its vouchers' terms, the region's policy, and what it carries over, if it does."""

    programme: Programme
    voucher: VoucherTerms
    policy: Policy
    opening: Opening | None = None


def canonical(text: str) -> bytes:
    r"""
    The canonical form of a programme file.

    >>> canonical('b = 1 # a comment\na = "文"').decode()
    '{"a":"文","b":1}'

    Raises:
        ProgrammeFileMalformed: it has none.
    """
    found = _parsed(text)
    _require_plain(found, "")
    return canonical_json(found)


def read_programme_file(text: str) -> ProgrammeFile:
    """
    Read a programme file.

    Raises:
        ProgrammeFileRefused: it is malformed, or not valid; `at` says where.
    """
    form = canonical(text)
    whole = _Table(json.loads(form), "")
    voucher, policy = whole.table("voucher"), whole.table("policy")
    programme = _programme(whole, Digest(hashlib.sha256(form).digest()))
    opening = _opening(whole.table("opening"), programme) if whole.has("opening") else None
    if opening is None and programme.code.endswith(OPENING_SUFFIX):
        whole.refuse(
            "code",
            f"{OPENING_SUFFIX} 表示结转存量台账，但没有 [opening] 表",
            f"{OPENING_SUFFIX} marks a programme that carries a ledger over, and there is no table opening",
        )
    read = ProgrammeFile(programme=programme, voucher=_voucher(voucher), policy=_policy(policy), opening=opening)
    whole.require_nothing_more()
    return read


def _parsed(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as malformed:
        # Among them numbers of thousands of digits and tables of thousands of levels.
        at = _PLACE.search(str(malformed))
        raise ProgrammeFileMalformed(at[1] if at else "", "不是 TOML", str(malformed)) from malformed


def _require_plain(value: object, at: str) -> None:
    if isinstance(value, dict):
        for name, each in value.items():
            _require_plain(each, f"{at}.{name}".removeprefix("."))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            _require_plain(each, f"{at}[{index}]")
    elif isinstance(value, date | time):
        raise ProgrammeFileMalformed(at, f'日期和时间须加引号："{value}"', f'dates and times are written in quotes: "{value}"')
    elif not isinstance(value, str | int):
        raise ProgrammeFileMalformed(
            at, f"{value!r} 不是字符串、整数或布尔值", f"{value!r} is neither a text, a whole number nor a truth value"
        )


# The parts


def _programme(of: "_Table", policy_hash: Digest) -> Programme:
    try:
        return Programme(
            region=Region(of.whole("region")),
            code=of.text("code"),
            payer=Region(of.whole("payer")),
            paid_home=of.choice("paid_home", Paid),
            paid_across=of.choice("paid_across", Paid),
            approval=of.choice("approval", Approval),
            first_review=of.choice("first_review", FirstReview),
            itemised=of.truth("itemised"),
            min_partners=of.whole("min_partners"),
            hold_days=of.whole("hold_days"),
            slices=_slices(of),
            policy_hash=policy_hash,
        )
    except ValueError as invalid:
        # "Programme.hold_days takes …": the record's own check names the field first.
        at = str(invalid).partition(" ")[0].rpartition(".")[2]
        raise ProgrammeFileInvalid(at, "取值超出允许的范围", str(invalid)) from invalid


def _slices(of: "_Table") -> tuple[Slice, ...]:
    tables = of.tables("slices")
    slices: list[Slice] = []
    if not 0 < len(tables) <= _MOST_SLICES:
        raise ProgrammeFileInvalid(
            "slices", f"现有 {len(tables)} 档，须为 1 至 {_MOST_SLICES} 档", f"there are {len(tables)}; 1 to {_MOST_SLICES} are possible"
        )
    for table in tables:
        each = Slice(table.money("up_to", unlimited=True), table.whole("bps", most=_MOST_BPS))
        if slices and each.up_to <= slices[-1].up_to:
            table.refuse("up_to", "各档上限须逐档递增", "limits of slices rise")
        if slices and each.bps > slices[-1].bps:
            table.refuse("bps", "各档比例不得逐档提高", "rates of slices do not rise")
        table.require_nothing_more()
        slices.append(each)
    return tuple(slices)


def _voucher(of: "_Table") -> VoucherTerms:
    terms = VoucherTerms(
        face=of.money("face"),
        denomination=of.money("denomination"),
        valid_days=of.whole("valid_days", most=_MOST_DAYS),
        claim_days_after_use=of.whole("claim_days_after_use", most=_MOST_DAYS),
    )
    if terms.denomination == 0 or terms.face == 0 or terms.face % terms.denomination:
        of.refuse("face", "须为最小抵用额的整数倍，均不为零", "it is a multiple of the denomination, and neither is zero")
    of.require_nothing_more()
    return terms


def _opening(of: "_Table", programme: Programme) -> Opening:
    if not programme.code.endswith(OPENING_SUFFIX):
        of.refuse(
            "scheme",
            f"结转存量台账的券种，代码须以 {OPENING_SUFFIX} 结尾",
            f"the code of a programme that carries a ledger over ends with {OPENING_SUFFIX}",
        )
    if programme.min_partners:
        of.refuse("scheme", "联合券不能结转：名单上没有联合企业", "a joint voucher is not carried over: its partners are not on a list")
    opening = Opening(scheme=of.text("scheme"), cut_over=of.day("cut_over"), list_sha256=of.sha256("list_sha256"), totals=_totals(of))
    of.require_nothing_more()
    return opening


def _totals(of: "_Table") -> OpeningTotals:
    table = of.table("totals")
    told: dict[str, Any] = {
        each.name: table.whole(each.name) if each.type is int else table.money(each.name) for each in fields(OpeningTotals)
    }
    totals = OpeningTotals(**told)
    if totals.face != totals.used + totals.in_flight + totals.lapsed + totals.remaining:
        table.refuse("face", "须等于已用、在途、失效与结转余额之和", "it is what was used, is in flight, lapsed and remains")
    table.require_nothing_more()
    return totals


def _policy(of: "_Table") -> Policy:
    ways = tuple(map(_way, of.tables("eligible")))
    grants, evidence = of.table("grants"), of.table("evidence")
    policy = Policy(
        services=of.texts("services"),
        ways=ways,
        grants=_grants(grants),
        evidence=_evidence(evidence),
        usable_after_move=of.truth("usable_after_move", default=True),
    )
    of.require_nothing_more()
    return policy


def _way(of: "_Table") -> Way:
    revenue_under = of.money("revenue_under") if of.has("revenue_under") else None
    way = Way(
        who=of.choice("who", Who),
        registered_here=of.truth("registered_here", default=False),
        most_staff=of.whole("most_staff") if of.has("most_staff") else None,
        revenue_under=revenue_under,
        # Where there is a limit, the file has to say whether the figure itself is under it.
        revenue_includes_the_limit=revenue_under is not None and of.truth("revenue_includes_the_limit"),
        most_capital=of.money("most_capital") if of.has("most_capital") else None,
        marks=of.texts("marks", default=()),
        after_review=of.truth("after_review", default=False),
    )
    of.require_nothing_more()
    return way


def _grants(of: "_Table") -> Grants:
    grants = Grants(
        pre_issue=of.money("pre_issue") if of.has("pre_issue") else None,
        on_application=of.truth("on_application"),
        top_up=of.truth("top_up"),
        cap=_cap(of.table("cap")) if of.has("cap") else None,
        tranche=_tranche(of.table("tranche")) if of.has("tranche") else None,
    )
    of.require_nothing_more()
    return grants


def _cap(of: "_Table") -> Cap:
    cap = Cap(amount=of.money("amount"), period=of.choice("period", Period), also_counts=of.texts("also_counts", default=()))
    of.require_nothing_more()
    return cap


def _tranche(of: "_Table") -> Tranche:
    tranche = Tranche(
        first=of.money("first"),
        first_is=of.choice("first_is", First),
        next_after_bps=of.whole("next_after_bps", most=_MOST_BPS),
        used=of.choice("used", Used),
    )
    of.require_nothing_more()
    return tranche


def _evidence(of: "_Table") -> Evidence:
    evidence = Evidence(
        required=of.texts("required"),
        registered_technical_contract=of.truth("registered_technical_contract", default=False),
        amount_stated_in_contract=of.truth("amount_stated_in_contract", default=False),
        payment_proof_matches_invoice=of.truth("payment_proof_matches_invoice", default=False),
        report_form=of.text("report_form") if of.has("report_form") else "",
    )
    of.require_nothing_more()
    return evidence


class _Table:
    """One table of a file, read key by key; what nobody asked for is unknown."""

    def __init__(self, found: Mapping[str, Any], at: str) -> None:
        self._found = found
        self._at = at
        self._asked: set[str] = set()

    def has(self, name: str) -> bool:
        return name in self._found

    def whole(self, name: str, *, most: int | None = None) -> int:
        value = self._value(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0 or (most is not None and value > most):
            self.refuse(
                name,
                f"{value!r} 不是整数" + ("" if most is None else f"，或超过 {most}"),
                f"{value!r} is no whole number" + ("" if most is None else f" up to {most}"),
            )
        return int(value)

    def money(self, name: str, *, unlimited: bool = False) -> Fen:
        value = self._value(name)
        if unlimited and value == "unlimited":
            return UNLIMITED
        if not isinstance(value, str) or not _MONEY.fullmatch(value):
            self.refuse(name, f"{value!r} 不是以分计的十进制字符串", f"{value!r} is no decimal text of whole fen")
        return Fen(int(value))  # 19 digits are less than UNLIMITED

    def text(self, name: str) -> str:
        value = self._value(name)
        if not isinstance(value, str) or not value.strip():
            self.refuse(name, f"{value!r} 不是字符串，或为空白", f"{value!r} is no text")
        return str(value)

    def sha256(self, name: str) -> str:
        value = self.text(name)
        if not _SHA256.fullmatch(value):
            self.refuse(
                name,
                f"{value!r} 不是 SHA-256：应为 64 位小写十六进制数字",
                f"{value!r} is no SHA-256: 64 hexadecimal digits, small letters",
            )
        return value

    def day(self, name: str) -> date:
        value = self.text(name)
        try:
            found = date.fromisoformat(value) if _DATE.fullmatch(value) else None
        except ValueError:
            found = None
        if found is None:
            self.refuse(name, f"{value!r} 不是日期，应形如 2026-12-31", f"{value!r} is no date such as 2026-12-31")
        return found

    def texts(self, name: str, *, default: Sequence[str] | None = None) -> tuple[str, ...]:
        if default is not None and not self.has(name):
            return tuple(default)
        value = self._value(name)
        if not isinstance(value, list) or not all(isinstance(each, str) and each.strip() for each in value):
            self.refuse(name, f"{value!r} 不是字符串数组", f"{value!r} is no list of texts")
        return tuple(value)

    def truth(self, name: str, *, default: bool | None = None) -> bool:
        if default is not None and not self.has(name):
            return default
        value = self._value(name)
        if not isinstance(value, bool):
            self.refuse(name, f"{value!r} 既不是 true 也不是 false", f"{value!r} is neither true nor false")
        return value

    def choice(self, name: str, kind: type[E]) -> E:
        value = self._value(name)
        if not isinstance(value, str) or value not in kind.__members__:
            among = ", ".join(kind.__members__)
            self.refuse(name, f"{value!r} 不是下列之一：{among}", f"{value!r} is none of {among}")
        return kind[value]

    def table(self, name: str) -> "_Table":
        value = self._value(name)
        if not isinstance(value, dict):
            self.refuse(name, "此处应为表", "a table belongs here")
        return _Table(value, self._path(name))

    def tables(self, name: str) -> list["_Table"]:
        value = self._value(name)
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            self.refuse(name, "此处应为表数组", "a list of tables belongs here")
        return [_Table(each, f"{self._path(name)}[{index}]") for index, each in enumerate(value)]

    def require_nothing_more(self) -> None:
        for name in sorted(self._found.keys() - self._asked):
            self.refuse(name, "没有此键", "this key is unknown")

    def refuse(self, name: str, zh: str, en: str) -> NoReturn:
        raise ProgrammeFileInvalid(self._path(name), zh, en)

    def _value(self, name: str) -> Any:
        self._asked.add(name)
        if name not in self._found:
            self.refuse(name, "缺少此键", "this key is missing")
        return self._found[name]

    def _path(self, name: str) -> str:
        return f"{self._at}.{name}" if self._at else name
