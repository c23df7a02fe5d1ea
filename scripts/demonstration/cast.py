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
    body = f"91{region}MA0DEM{number:03}"
    return body + uscc.calc_check_digit(body)


@dataclass(frozen=True)
class Place:
    """A founding region; `served` says that it has a gateway here."""

    code: int
    zh: str
    en: str
    served: bool

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
    Place(CHANGXING, "长兴", "Changxing", served=True),
    Place(KUNSHAN, "昆山", "Kunshan", served=True),
    Place(SHANGHAI, "上海", "Shanghai", served=True),
    Place(BEIJING, "北京", "Beijing", served=True),
    Place(TIANJIN, "天津", "Tianjin", served=False),
    Place(HEBEI, "河北", "Hebei", served=False),
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

FIRMS = (
    FirmCast(
        "firm-changxing",
        CHANGXING,
        "浙江新高包装有限公司",
        "Zhejiang Xingao Packaging",
        sample_code(CHANGXING, 11),
        _HERE | {"marks": {"科技型企业": None}},
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
