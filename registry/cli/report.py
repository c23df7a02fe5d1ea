"""
`tongquan report`: a programme's figures, ageing, what a payer's bank is to pay, concentration, prices, and a lab's year.

Asked of one's gateway, or worked out from a node by whoever has its address: both come to the same bytes. `report verify` asks a node
alone.
"""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

from registry.canonical import canonical_json
from registry.cli import parsing
from registry.cli.arguments import LabId, ProgrammeId, argument, option
from registry.cli.command import Answer, Exit, Told, Uses, command, group
from registry.cli.reading import reads_node
from registry.cli.session import Session, content_of, write_file
from registry.cli.settings import SettingRefused
from registry.errors import Rejected
from registry.facts import Facts
from registry.model import Region, Time
from registry.report_sheets import report_workbook
from registry.reporting import Period, Reporting
from registry.reports import (
    AgeingThresholds,
    BurstThresholds,
    CapThresholds,
    CatalogueRefused,
    PriceThresholds,
    Report,
    ServiceTypes,
    ShareThresholds,
    SignedLabYear,
    SignedYearRefused,
    bank_file_csv,
)

app = group("报表：券种统计、时效、兑付批次、集中度、价格异常、机构年度服务证明。 Reports, from a gateway or from a node alone.")

RegionOption = Annotated[Region, option("--region", parsing.region, "REGION", "发券地", "The region that issued the vouchers")]
PayerOption = Annotated[Region, option("--payer", parsing.region, "REGION", "拨付单位所在地区", "The payer's region")]
Since = Annotated[Time | None, option("--since", parsing.first_second, "DATE", "起始日", "The first day that counts")]
Until = Annotated[
    Time | None,
    option("--until", parsing.last_second, "DATE", "截止日（含）；默认为最新区块", "The last day that counts, else the newest block"),
]
File = Annotated[
    Path | None,
    option("--file", None, "FILE", "写入报表原文（新文件），其 SHA-256 即报表哈希", "Write its bytes to a new file"),
]
Excel = Annotated[Path | None, option("--excel", None, "FILE", "写入 Excel（新文件）", "Write a workbook to a new file")]
Year = Annotated[int, option("--year", None, "YEAR", "年度", "The year")]

_AGEING, _SHARES, _CAPS, _BURSTS, _PRICES = AgeingThresholds(), ShareThresholds(), CapThresholds(), BurstThresholds(), PriceThresholds()


def _threshold(name: str, zh: str, en: str, default: int) -> Any:
    return option(name, None, "N", f"{zh}，默认 {default}", f"{en}, {default} by default")


@command(app, "programme", uses=Uses.GATEWAY | Uses.NODE, example="tongquan report programme $PROGRAMME --file programme-report.json")
def programme(
    session: Session,
    programme: ProgrammeId,
    *,
    since: Since = None,
    until: Until = None,
    file: File = None,
    excel: Excel = None,
) -> Answer:
    """
    券种统计：企业数、使用次数、抵用金额与消耗面额，按状态和月份。 A programme's firms, uses and money, by stage and month.
    """
    asked = {"programme": "0x" + programme.hex()} | _period_asked(since, until)
    found = _told(session, "programme", asked, lambda reporting: reporting.programme(programme, _period(since, until)))
    return _written(found, file, excel)


@command(app, "ageing", uses=Uses.GATEWAY | Uses.NODE, example="tongquan report ageing --region 330522 --payment-days 20")
def ageing(
    session: Session,
    *,
    region: RegionOption,
    since: Since = None,
    until: Until = None,
    approval_days: Annotated[
        int, _threshold("--approval-days", "审核确认超时天数", "Approval is late after days", _AGEING.approval_days)
    ] = _AGEING.approval_days,
    service_days: Annotated[
        int, _threshold("--service-days", "服务超时天数", "The service is late after days", _AGEING.service_days)
    ] = _AGEING.service_days,
    first_review_days: Annotated[
        int, _threshold("--first-review-days", "初审超时天数", "The first review is late after days", _AGEING.first_review_days)
    ] = _AGEING.first_review_days,
    review_days: Annotated[
        int, _threshold("--review-days", "终审超时天数", "The second review is late after days", _AGEING.review_days)
    ] = _AGEING.review_days,
    payment_days: Annotated[
        int, _threshold("--payment-days", "拨付超时天数", "Payment is late after days", _AGEING.payment_days)
    ] = _AGEING.payment_days,
    refund_days: Annotated[
        int, _threshold("--refund-days", "退款超时天数", "A refund is late after days", _AGEING.refund_days)
    ] = _AGEING.refund_days,
    file: File = None,
    excel: Excel = None,
) -> Answer:
    """
    时效：审核确认、初审、终审、拨付各需多久，哪些超时，该由哪个地区办理。 How long each step takes, and what is late, with whom.
    """
    thresholds = AgeingThresholds(approval_days, service_days, first_review_days, review_days, payment_days, refund_days)
    asked = {"region": region} | _period_asked(since, until) | _thresholds_asked(thresholds)
    found = _told(session, "ageing", asked, lambda reporting: reporting.ageing(region, _period(since, until), thresholds))
    return _written(found, file, excel)


@command(app, "bank-file", uses=Uses.GATEWAY | Uses.NODE, example="tongquan report bank-file --payer 330522 --csv bank-file.csv")
def bank_file(
    session: Session,
    *,
    payer: PayerOption,
    csv: Annotated[
        Path | None, option("--csv", None, "FILE", "写入待拨付清单（新文件）", "Write what is to be paid as a CSV to a new file")
    ] = None,
    file: File = None,
    excel: Excel = None,
) -> Answer:
    """
    兑付批次：审核通过、待拨付的订单；被通告或冻结的不在其中，另列原因。 What a payer's bank is to pay, without flagged orders.

    总是截至最新区块，以免拨付其后被通告的订单。 Always as of the newest block.
    """
    found = _told(session, "bank-file", {"payer": payer}, lambda reporting: reporting.bank_file(payer))
    if csv is not None:
        write_file(csv, bank_file_csv(found["report"]))
    return _written(found, file, excel)


@command(app, "concentration", uses=Uses.GATEWAY | Uses.NODE, example="tongquan report concentration --region 330522 --share-percent 20")
def concentration(
    session: Session,
    *,
    region: RegionOption,
    since: Since = None,
    until: Until = None,
    share_percent: Annotated[
        int, _threshold("--share-percent", "占比达此百分数即标出", "A share is marked from per cent", _SHARES.share_percent)
    ] = _SHARES.share_percent,
    listed: Annotated[int, _threshold("--listed", "列出前几名", "How many are listed", _SHARES.listed)] = _SHARES.listed,
    within_percent: Annotated[
        int, _threshold("--within-percent", "距上限百分之几以内", "At the cap within per cent", _CAPS.within_percent)
    ] = _CAPS.within_percent,
    days: Annotated[int, _threshold("--days", "到期前天数", "Days before vouchers end", _BURSTS.days)] = _BURSTS.days,
    burst_percent: Annotated[
        int, _threshold("--burst-percent", "到期前订单占比达此百分数", "A burst from per cent of a lab's orders", _BURSTS.burst_percent)
    ] = _BURSTS.burst_percent,
    least_orders: Annotated[
        int, _threshold("--least-orders", "且不少于几单", "And of at least so many orders", _BURSTS.least_orders)
    ] = _BURSTS.least_orders,
    file: File = None,
    excel: Excel = None,
) -> Answer:
    """
    集中度：机构与企业占比、恰在上限的金额、到期前集中下单。 Labs and firms by share, amounts just at a cap, bursts before vouchers end.
    """
    shares, caps = ShareThresholds(share_percent, listed), CapThresholds(within_percent)
    bursts = BurstThresholds(days, burst_percent, least_orders)
    asked = {"region": region} | _period_asked(since, until)
    asked |= _thresholds_asked(shares) | _thresholds_asked(caps) | _thresholds_asked(bursts)
    period = _period(since, until)
    found = _told(session, "concentration", asked, lambda reporting: reporting.concentration(region, period, shares, caps, bursts))
    return _written(found, file, excel)


@command(app, "prices", uses=Uses.GATEWAY | Uses.NODE, example="tongquan report prices --region 330522 --catalogue service-types.csv")
def prices(
    session: Session,
    *,
    region: RegionOption,
    catalogue: Annotated[
        Path,
        option(
            "--catalogue",
            None,
            "FILE",
            "服务类型名录（.csv），须与网关所用相同",
            "The catalogue of service types; at a gateway, one it has",
        ),
    ],
    since: Since = None,
    until: Until = None,
    spread_percent: Annotated[
        int, _threshold("--spread-percent", "超出四分位距百分之几", "An outlier beyond per cent of the spread", _PRICES.spread_percent)
    ] = _PRICES.spread_percent,
    least_uses: Annotated[
        int, _threshold("--least-uses", "每类不少于几次才判断", "A type is judged from so many uses on", _PRICES.least_uses)
    ] = _PRICES.least_uses,
    file: File = None,
    excel: Excel = None,
) -> Answer:
    """
    价格异常：同类服务中偏高或偏低的成交额。 Costs outside the range of their service type.
    """
    types, thresholds = _service_types(catalogue), PriceThresholds(spread_percent, least_uses)
    asked = {"region": region, "catalogue": types.sha256} | _period_asked(since, until) | _thresholds_asked(thresholds)
    found = _told(session, "prices", asked, lambda reporting: reporting.prices(region, _period(since, until), types, thresholds))
    return _written(found, file, excel)


@command(app, "catalogue", uses=Uses.GATEWAY, example="tongquan report catalogue service-types.csv")
def catalogue(
    session: Session,
    file: Annotated[
        Path,
        argument(None, "FILE", "名录（.csv，UTF-8）：编号、服务类型", "The catalogue (.csv, UTF-8): subject, service_type"),
    ],
) -> Answer:
    """
    导入服务类型名录；报表以其 SHA-256 指明所用名录。 Hand in of which service type orders, items and labs are.
    """
    return session.upload("/v1/service-types", {}, {"list": file})


@command(app, "lab-year", uses=Uses.GATEWAY | Uses.NODE, example="tongquan report lab-year $LAB --year $YEAR --file lab-year.json")
def lab_year(session: Session, lab: LabId, *, year: Year, file: File = None, excel: Excel = None) -> Answer:
    """
    机构年度服务证明：为各地区所发券提供的服务。 What a lab served in a year, by the regions that issued the vouchers.
    """
    asked = {"lab": "0x" + lab.hex(), "year": year}
    return _written(_told(session, "lab-year", asked, lambda reporting: reporting.lab_year(lab, year)), file, excel)


@command(app, "sign", uses=Uses.GATEWAY, example="tongquan report sign $LAB --year $LAST_YEAR")
def sign(session: Session, lab: LabId, *, year: Year) -> Answer:
    """
    以本地区名录账户签署机构年度服务证明；该年度须已结束。 Sign a lab's year as its region's directory; the year has to be over.
    """
    return session.post("/v1/reports/lab-year/sign", {"lab": "0x" + lab.hex(), "year": year})


@command(app, "signed", uses=Uses.GATEWAY, example="tongquan report signed $LAB --year $LAST_YEAR --file signed-year.json")
def signed(
    session: Session,
    lab: LabId,
    *,
    year: Year,
    file: Annotated[Path, option("--file", None, "FILE", "要写入的新文件", "The new file to write")],
) -> Answer:
    """
    取得已签署的机构年度服务证明。 Fetch a lab's year with its region's signature.
    """
    found = session.gateway.get("/v1/reports/lab-year/signed", lab="0x" + lab.hex(), year=year)
    write_file(file, canonical_json(found))
    return {"file": file, "signature": found["signature"]}


@command(app, "verify", uses=Uses.NODE, example="tongquan report verify signed-year.json")
def verify(
    session: Session, file: Annotated[Path, argument(None, "FILE", "已签署的机构年度服务证明", "A lab's year with its region's signature")]
) -> Answer:
    """
    只凭节点核验机构年度服务证明：内容与链上一致，由机构所在地区名录账户签署。 Check a signed lab's year against a node alone.

    不符时退出码为 5。 The exit status is 5 if anything in it is not so.
    """
    try:
        found = SignedLabYear.read(content_of(file))
        lab, year = found.named
        with session.snapshot() as snapshot:
            worked_out = Reporting(snapshot).lab_year(lab, year)
            signer = found.require_of(snapshot.ledger, session.deployment.domain, worked_out)
    except LookupError:
        return Told({"clean": False, "reason": "there is no such lab"}, Exit.DIFFERENT)
    except SignedYearRefused as refused:
        return Told({"clean": False, "reason": refused.reason}, Exit.DIFFERENT)
    return {"clean": True, "lab": "0x" + lab.hex(), "year": year, "region": worked_out.lab_region, "signer": signer}


def _told(session: Session, name: str, asked: Mapping[str, Any], work_out: Callable[[Reporting], Report]) -> dict[str, Any]:
    """A report with its hash, from the gateway or worked out from the node."""
    if not reads_node(session):
        return session.gateway.get(f"/v1/reports/{name}", **asked)
    with session.snapshot() as snapshot:
        reporting = Reporting(snapshot)
        try:
            return reporting.told(work_out(reporting)) | {"block": Facts(snapshot).block(time.time())}
        except LookupError as unknown:
            raise Rejected("NotFound", {"what": name, **asked}) from unknown


def _written(found: dict[str, Any], file: Path | None, excel: Path | None) -> dict[str, Any]:
    if file is not None:
        write_file(file, canonical_json(found["report"]))
    if excel is not None:
        write_file(excel, report_workbook(found))
    return found


def _period(since: Time | None, until: Time | None) -> Period:
    return Period(Time(0) if since is None else since, until)


def _period_asked(since: Time | None, until: Time | None) -> dict[str, Any]:
    return {name: time for name, time in (("since", since), ("until", until)) if time is not None}


def _thresholds_asked(thresholds: Any) -> dict[str, int]:
    return {name: getattr(thresholds, name) for name in thresholds.__dataclass_fields__}


def _service_types(file: Path) -> ServiceTypes:
    try:
        return ServiceTypes.read(content_of(file))
    except CatalogueRefused as refused:
        told = f"{file} 不是服务类型名录（第 {refused.line} 行）。"
        raise SettingRefused("catalogue", told, f"{file}: {refused}") from refused
