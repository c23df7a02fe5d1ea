"""
Catalogue lists at real size, made up (样例): `python -m scripts.catalogue_samples FOLDER`. Pure but for writing the files.

    labs-jjj.csv        999 labs: Beijing 673, of which 427 are recognised across, Tianjin 238, Hebei 88
    labs-shanghai.csv   120 labs of Shanghai's platform
    items-shanghai.csv  22,679 instruments, of which Jiaxing's vouchers are good on 6,789

Where the figures come from: 753 = 427 + 238 + 88 and the 13 units of Beijing's 427 stand in the first paper of the field on
Beijing–Tianjin–Hebei (Beijing's 427 there, Tianjin's and Hebei's from an outside source), as does 673; 22,679 and 6,789 in the one on the
Yangtze delta. How many units the others have, how many labs Shanghai's instruments are under, and the dates are assumptions.

The same seed gives the same bytes. No institution here exists: every name begins with 样例, every company code and account is a
sample's, and nobody holds a key of these accounts.
"""

import argparse
import csv
import io
import random
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from stdnum.cn import uscc

from registry import checksummed

BEIJING, TIANJIN, HEBEI, SHANGHAI, JIAXING = 110000, 120000, 130000, 310000, 330400
SEED = 20180701

INSTRUMENTS, ELIGIBLE = 22_679, 6_789
RECOGNISED_FROM, RECOGNISED_UNTIL = "2026-01-01", "2030-12-31"

LAB_COLUMNS = (
    "地区代码",
    "依托单位代码",
    "依托单位",
    "服务机构代码",
    "服务机构名称",
    "服务类型",
    "所在地",
    "签名账户",
    "资质截止日",
    "互认地区",
    "互认起始日",
    "互认截止日",
)
ITEM_COLUMNS = (
    "地区代码",
    "依托单位代码",
    "服务机构代码",
    "条目代码",
    "条目名称",
    "服务类型",
    "所在地",
    "互认地区",
    "互认起始日",
    "互认截止日",
)

_FIELDS = ("材料", "生物医药", "电子信息", "环境", "能源", "食品", "机械", "化学", "光学", "农业", "建筑", "轨道交通")
_SERVICES = ("检测", "分析", "合作研发", "委托开发", "研发设计", "技术解决方案")
_KINDS = ("重点实验室", "工程技术中心", "检测中心", "研究室", "公共服务平台")
_UNITS = ("大学", "研究院", "研究所", "集团", "检测院")
_INSTRUMENTS = ("扫描电镜", "透射电镜", "气相色谱仪", "液相色谱仪", "质谱仪", "X射线衍射仪", "核磁共振波谱仪", "万能试验机", "流式细胞仪")


@dataclass(frozen=True)
class Share:
    """Labs of one region: how many under how many units, and by whom they are recognised."""

    region: int
    mark: str
    place: str
    first_unit: int
    units: int
    labs: int
    recognised_by: Sequence[int] = ()


# Of Beijing's 246 labs that are for home alone, some are under the 13 listed units: the case of a listed unit and an unlisted lab.
JJJ = (
    Share(BEIJING, "BJ", "北京市", 0, 13, 427, (TIANJIN, HEBEI)),
    Share(BEIJING, "BJ", "北京市", 0, 13, 120),
    Share(BEIJING, "BJ", "北京市", 13, 18, 126),
    Share(TIANJIN, "TJ", "天津市", 31, 20, 238, (BEIJING, HEBEI)),
    Share(HEBEI, "HE", "河北省", 51, 12, 88, (BEIJING, TIANJIN)),
)
PLATFORM = (Share(SHANGHAI, "SH", "上海市", 63, 40, 120),)


def company_code(region: int, unit: int) -> str:
    """
    The code of a made-up host unit: valid in form, and nobody's.

    >>> uscc.is_valid(company_code(110000, 7))
    True
    """
    body = f"12{region}MB0DEM{unit:03}"
    return body + uscc.calc_check_digit(body)


def account(name: str) -> str:
    """An account that nobody holds a key of: bytes of a hash."""
    return checksummed(sha256(f"tongquan sample {name}".encode()).digest()[:20])


def _chance(what: str, number: int) -> random.Random:
    return random.Random(f"{SEED} {what} {number}")  # noqa: S311 - samples, and the same ones each time


def labs(shares: Sequence[Share], *, by: Sequence[int] | None = None, one_in: int = 1) -> Iterator[dict[str, str]]:
    """The rows of a list of labs. `by` recognises all of them instead; `one_in` keeps every n-th, unit by unit."""
    numbers: dict[int, int] = {}
    for share in shares:
        for at in range(share.labs):
            number = numbers[share.region] = numbers.get(share.region, 0) + 1
            if at % one_in:
                continue
            chance = _chance(share.mark, number)
            yield _lab(share, share.first_unit + at % share.units, number, chance, share.recognised_by if by is None else by)


def _lab(share: Share, unit: int, number: int, chance: random.Random, recognised_by: Sequence[int]) -> dict[str, str]:
    told = (
        str(share.region),
        company_code(share.region, unit),
        f"样例{_FIELDS[unit % len(_FIELDS)]}{_UNITS[unit % len(_UNITS)]}{unit:02}",
        f"{share.mark}-S{number:04}",
        f"样例{chance.choice(_FIELDS)}{chance.choice(_KINDS)}{number:04}",
        "、".join(chance.sample(_SERVICES, chance.randint(1, 3))),
        share.place,
        # One agency speaks for all labs of its unit.
        account(f"agency {unit}"),
        f"{chance.randint(2028, 2031)}-12-31",
        *_window(recognised_by),
    )
    return dict(zip(LAB_COLUMNS, told, strict=True))


def items(of: Iterable[Mapping[str, str]], *, count: int, eligible: int, by: Sequence[int]) -> Iterator[dict[str, str]]:
    """The rows of a list of instruments, spread over labs in turn; the first `eligible` of a shuffled order are recognised."""
    hosts = list(of)
    order = list(range(count))
    _chance("eligible", 0).shuffle(order)
    good = set(order[:eligible])
    for number in range(count):
        lab, chance = hosts[number % len(hosts)], _chance("item", number)
        told = (
            lab["地区代码"],
            lab["依托单位代码"],
            lab["服务机构代码"],
            f"YQ-{number + 1:05}",
            f"样例{chance.choice(_INSTRUMENTS)}{number + 1:05}",
            chance.choice(_SERVICES[:2]),
            lab["所在地"],
            *_window(by if number in good else ()),
        )
        yield dict(zip(ITEM_COLUMNS, told, strict=True))


def _window(by: Sequence[int]) -> tuple[str, str, str]:
    return ("、".join(map(str, by)), RECOGNISED_FROM, RECOGNISED_UNTIL) if by else ("", "", "")


def as_csv(rows: Iterable[Mapping[str, str]], columns: Sequence[str]) -> bytes:
    """A list as Excel writes it: UTF-8 with its mark."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def lists(*, one_in: int = 1, by: int = JIAXING) -> dict[str, bytes]:
    """All three lists by their files' names; a smaller size keeps every n-th lab and instrument. `by` is whose vouchers go by item."""
    hosts = list(labs(PLATFORM, by=(by,), one_in=one_in))
    instruments = items(hosts, count=INSTRUMENTS // one_in, eligible=ELIGIBLE // one_in, by=(by,))
    return {
        "labs-jjj.csv": as_csv(labs(JJJ, one_in=one_in), LAB_COLUMNS),
        "labs-shanghai.csv": as_csv(hosts, LAB_COLUMNS),
        "items-shanghai.csv": as_csv(instruments, ITEM_COLUMNS),
    }


def main() -> int:
    """Write the lists into a folder."""
    parser = argparse.ArgumentParser(description="写出真实规模的目录样例。 Write catalogue samples at real size.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--one-in", type=int, default=1, help="每 N 行取一行。 Keep every N-th row.")
    parser.add_argument("--by", type=int, default=JIAXING, help="按条目使用的发券地区。 The region whose vouchers go by item.")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    for name, content in lists(one_in=asked.one_in, by=asked.by).items():
        (asked.folder / name).write_bytes(content)
        rows = len(content.splitlines()) - 1
        print(f"{name}  {rows}  {sha256(content).hexdigest()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
