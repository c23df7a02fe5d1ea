"""
Who takes part: regions, labs and firms. Pure.

Institutions and firms are those of the papers where a case names one; all others, and all company codes, are samples (样例). The codes
have valid check digits and belong to nobody. There are no persons.
"""

from dataclasses import dataclass

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
    """A firm."""

    key: str
    region: int
    zh: str
    en: str
    company_code: str


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

FIRMS = (
    FirmCast("firm-changxing", CHANGXING, "浙江新高包装有限公司", "Zhejiang Xingao Packaging", sample_code(CHANGXING, 11)),
    FirmCast("firm-kunshan", KUNSHAN, "福立旺精密机电", "Fuliwang Precision Machinery", sample_code(KUNSHAN, 11)),
    FirmCast("firm-beijing", BEIJING, "北京科技型企业（样例）", "Beijing sci-tech firm (sample)", sample_code(BEIJING, 11)),
)
