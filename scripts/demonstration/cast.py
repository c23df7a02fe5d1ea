"""
Who takes part: regions, labs and firms. Pure.

Institutions and firms are those of the papers where a case names one; all others, and all company codes, are samples (样例). The codes
have valid check digits and belong to nobody. There are no persons.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stdnum.cn import uscc

ROLES = ("issuer", "reviewer-1", "reviewer-2", "payer", "directory")


def sample_code(region: int, number: int) -> str:
    """
    A company code for demonstration: a valid USCC in form, and nobody's.

    >>> uscc.is_valid(sample_code(330522, 1))
    True
    """
    # Four places, of which the first is M as long as the number leaves it free.
    body = f"91{region}MA0DE{f'{number:03}':M>4}"
    return body + uscc.calc_check_digit(body)


@dataclass(frozen=True)
class Place:
    """A founding region."""

    code: int
    zh: str
    en: str

    def name(self, lang: str) -> str:
        """Its name on the screen."""
        return self.zh if lang == "zh" else self.en


@dataclass(frozen=True)
class LabCast:
    """A lab and its host unit, which invoices for it."""

    key: str
    region: int
    zh: str
    en: str
    code: str
    host_unit: str


@dataclass(frozen=True)
class FirmCast:
    """A firm, and what its office has established of it: samples, but for the marks that a case tells of."""

    key: str
    region: int
    zh: str
    en: str
    company_code: str
    facts: Mapping[str, Any] = field(default_factory=lambda: {"who": "FIRM", "registered_here": True})


CHANGXING, KUNSHAN, SHANGHAI, BEIJING, TIANJIN, HEBEI = 330522, 320583, 310000, 110000, 120000, 130000

PLACES = (
    Place(CHANGXING, "长兴", "Changxing"),
    Place(KUNSHAN, "昆山", "Kunshan"),
    Place(SHANGHAI, "上海", "Shanghai"),
    Place(BEIJING, "北京", "Beijing"),
    Place(TIANJIN, "天津", "Tianjin"),
    Place(HEBEI, "河北", "Hebei"),
)

LABS = (
    LabCast(
        "lab-shanghai",
        SHANGHAI,
        "上海高分子材料研究开发中心",
        "Shanghai Polymer Materials Research and Development Centre",
        "SH-0052",
        sample_code(SHANGHAI, 1),
    ),
    LabCast("lab-beijing", BEIJING, "北京检测实验室（样例）", "Beijing test laboratory (sample)", "BJ-0001", sample_code(BEIJING, 1)),
    LabCast("lab-kunshan", KUNSHAN, "昆山检测中心（样例）", "Kunshan test centre (sample)", "KS-0001", sample_code(KUNSHAN, 1)),
)

_HERE = {"who": "FIRM", "registered_here": True}
_SMALL = {"staff": 86, "revenue": "950000000", "capital": "500000000"}
SCI_TECH = _HERE | {"marks": {"科技型企业": None}}
ABOVE_SCALE = _HERE | {"marks": {"规模以上非科技型企业": None}}
_HI_TECH = _HERE | {"marks": {"高新技术产品研发、制造或服务企业": None}}
_SME = _HERE | {"revenue": "1200000000", "marks": {"科技型中小企业": None}}

FIRMS = (
    FirmCast(
        "firm-changxing",
        CHANGXING,
        "浙江新高包装有限公司",
        "Zhejiang Xingao Packaging",
        sample_code(CHANGXING, 11),
        SCI_TECH,
    ),
    FirmCast(
        "firm-kunshan",
        KUNSHAN,
        "福立旺精密机电",
        "Fuliwang Precision Machinery",
        sample_code(KUNSHAN, 11),
        _HERE | {"marks": {"昆山市生产力促进中心审核": None}},
    ),
    FirmCast("firm-beijing", BEIJING, "北京科技型企业（样例）", "Beijing sci-tech firm (sample)", sample_code(BEIJING, 11), _HERE | _SMALL),
)

# Of the cases that only `--all` plays.
MORE_LABS = (
    LabCast("lab-tianjin", TIANJIN, "天津检测中心（样例）", "Tianjin test centre (sample)", "TJ-0001", sample_code(TIANJIN, 1)),
    LabCast("lab-hebei", HEBEI, "河北检测中心（样例）", "Hebei test centre (sample)", "HE-0001", sample_code(HEBEI, 1)),
    LabCast(
        "lab-beijing-local",
        BEIJING,
        "北京实验室，未互认（样例）",
        "Beijing lab, recognised nowhere else (sample)",
        "BJ-0428",
        sample_code(BEIJING, 2),
    ),
    LabCast(
        "lab-shanghai-unsigned",
        SHANGHAI,
        "上海机构，未签三方协议（样例）",
        "Shanghai lab without the three-party agreement (sample)",
        "SH-0053",
        sample_code(SHANGHAI, 2),
    ),
)

MORE_FIRMS = (
    FirmCast("firm-tianjin", TIANJIN, "天津高新技术企业（样例）", "Tianjin hi-tech firm (sample)", sample_code(TIANJIN, 11), _HI_TECH),
    FirmCast(
        "firm-tianjin-2", TIANJIN, "天津高新技术企业二（样例）", "Tianjin hi-tech firm 2 (sample)", sample_code(TIANJIN, 12), _HI_TECH
    ),
    FirmCast("firm-hebei", HEBEI, "河北科技型中小企业（样例）", "Hebei sci-tech SME (sample)", sample_code(HEBEI, 11), _SME),
    FirmCast("firm-top-up", CHANGXING, "长兴科技型企业（样例）", "Changxing sci-tech firm (sample)", sample_code(CHANGXING, 300), SCI_TECH),
    FirmCast(
        "firm-above-scale",
        CHANGXING,
        "长兴规上企业（样例）",
        "Changxing above-scale firm (sample)",
        sample_code(CHANGXING, 299),
        ABOVE_SCALE,
    ),
    FirmCast(
        "firm-beijing-2", BEIJING, "北京联合企业二（样例）", "Beijing partner firm 2 (sample)", sample_code(BEIJING, 12), _HERE | _SMALL
    ),
    FirmCast(
        "firm-beijing-3", BEIJING, "北京联合企业三（样例）", "Beijing partner firm 3 (sample)", sample_code(BEIJING, 13), _HERE | _SMALL
    ),
)


@dataclass(frozen=True)
class Cast:
    """Everybody who takes part: which regions have gateways, and the labs and firms with keys of their own."""

    served: tuple[int, ...]
    labs: tuple[LabCast, ...]
    firms: tuple[FirmCast, ...]

    @property
    def parties(self) -> tuple[LabCast | FirmCast, ...]:
        """Labs and firms: whoever signs."""
        return *self.labs, *self.firms


PLAIN = Cast((CHANGXING, KUNSHAN, SHANGHAI, BEIJING), LABS, FIRMS)
ALL = Cast(tuple(place.code for place in PLACES), (*LABS, *MORE_LABS), (*FIRMS, *MORE_FIRMS))
