"""Reports: what is asked for, and what each tells. Money in them is text; what a member means stands in `registry.reports`."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from gateway.schemas.basis import AddressText, Amount, BlockSeen, FormSeconds, Id32, RegionInQuery, Shape, Signature, whole_number
from gateway.schemas.orders import StageName
from registry import AgeingThresholds, BurstThresholds, CapThresholds, PriceThresholds, ShareThresholds

Percent = Annotated[int, Field(ge=0, le=100), BeforeValidator(whole_number)]
Days = Annotated[int, Field(ge=0, le=3_660), BeforeValidator(whole_number)]
_Many = Annotated[int, Field(ge=1, le=1_000), BeforeValidator(whole_number)]
_Spread = Annotated[int, Field(ge=0, le=10_000), BeforeValidator(whole_number)]
YearInQuery = Annotated[int, Field(ge=2_000, le=9_998, description="Of Beijing time."), BeforeValidator(whole_number)]
Since = Annotated[FormSeconds, Field(description="The first second that counts.")]
Until = Annotated[FormSeconds | None, Field(description="The last second that counts; the newest block's unless named.")]
WaitName = Literal["APPROVAL", "SERVICE", "FIRST_REVIEW", "REVIEW", "PAYMENT", "REFUND"]
LeftOutName = Literal["FirmFlagged", "LabFlagged", "LabFrozen"]
PaidToName = Literal["LAB", "FIRM"]

_AGEING, _SHARES, _CAPS, _BURSTS, _PRICES = AgeingThresholds(), ShareThresholds(), CapThresholds(), BurstThresholds(), PriceThresholds()

# What is asked


class ProgrammeAsked(Shape):
    """A programme's report."""

    programme: Id32
    since: Since = 0
    until: Until = None


class AgeingAsked(Shape):
    """The waits of a region's vouchers, and after how many days each is too long."""

    region: RegionInQuery
    since: Since = 0
    until: Until = None
    approval_days: Days = _AGEING.approval_days
    service_days: Days = _AGEING.service_days
    first_review_days: Days = _AGEING.first_review_days
    review_days: Days = _AGEING.review_days
    payment_days: Days = _AGEING.payment_days
    refund_days: Days = _AGEING.refund_days


class BankFileAsked(Shape):
    """What waits for a region's payer, as of the newest block."""

    payer: RegionInQuery


class ConcentrationAsked(Shape):
    """The lenses on a region's vouchers, and their thresholds."""

    region: RegionInQuery
    since: Since = 0
    until: Until = None
    share_percent: Percent = _SHARES.share_percent
    listed: _Many = _SHARES.listed
    within_percent: Percent = _CAPS.within_percent
    days: Days = _BURSTS.days
    burst_percent: Percent = _BURSTS.burst_percent
    least_orders: _Many = _BURSTS.least_orders


class PricesAsked(Shape):
    """Price outliers, under the catalogue of this SHA-256; the one that was handed in last unless named."""

    region: RegionInQuery
    since: Since = 0
    until: Until = None
    catalogue: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    spread_percent: _Spread = _PRICES.spread_percent
    least_uses: _Many = _PRICES.least_uses


class LabYearAsked(Shape):
    """A lab's year; a lab need not name itself."""

    lab: Id32 | None = None
    year: YearInQuery


class LabYearNamed(Shape):
    """A lab's year that its region is to sign."""

    lab: Id32
    year: Annotated[int, Field(strict=True, ge=2_000, le=9_998)]


# What is told


class ReportTold(Shape):
    """
    A report with the SHA-256 of its canonical form (keys sorted, no spaces, UTF-8).

    `final`: the chain is past its `until`, so that nothing can be added, and whoever asks for the same gets the same bytes.
    """

    hash: Id32
    final: bool
    block: BlockSeen


class _Heading(Shape):
    format: str
    chain_id: int
    registry: str
    since: int
    until: int


class ParameterSeen(Shape):
    """A threshold of a lens, and what it is unless set."""

    name: str
    value: int
    default: int


class UsesSeen(Shape):
    """Uses, summed: `offset` is what the vouchers paid, `face` the whole notes that this consumed, `returned` what acceptance gave back."""

    uses: int
    firms: int
    labs: int
    ordered: Amount
    cost: Amount
    offset: Amount
    face: Amount
    returned: Amount


class IssuedSeen(Shape):
    """Vouchers that were issued."""

    vouchers: int
    firms: int
    face: Amount


class OrderedSeen(Shape):
    """Orders that were reserved, and the most that was signed for."""

    orders: int
    firms: int
    amount: Amount


class StageOfProgramme(Shape):
    """The orders that stood at one stage when the period ended."""

    stage: StageName
    orders: int
    ordered: Amount
    cost: Amount
    offset: Amount
    face: Amount


class MonthOfProgramme(Shape):
    """One month: `redeemed` are the uses whose money was asked for in it, `settled` those that were paid in it."""

    month: int
    issued: IssuedSeen
    ordered: OrderedSeen
    redeemed: UsesSeen
    settled: UsesSeen


class ProgrammeReportSeen(_Heading):
    """A programme: firms, uses and money, by stage and month."""

    region: int
    programme_id: Id32
    programme: str
    issued: IssuedSeen
    ordered: OrderedSeen
    redeemed: UsesSeen
    settled: UsesSeen
    recovered: Amount
    stages: list[StageOfProgramme]
    months: list[MonthOfProgramme]


class ProgrammeReportTold(ReportTold):
    """A programme's report, with its hash."""

    report: ProgrammeReportSeen


class LateOrderSeen(Shape):
    """An order that has waited too long."""

    order_id: Id32
    programme: str
    stage: StageName
    attempt: int
    amount: Amount
    since: int
    seconds: int


class AgeingSeen(Shape):
    """One kind of wait, at one region that is to act: waits that ended, and those that go on. Seconds; null where there are none."""

    wait: WaitName
    region: int
    ended: int
    ended_late: int
    median: int | None
    ninth_tenth: int | None
    longest: int | None
    standing: int
    standing_longest: int | None
    late: list[LateOrderSeen]


class AgeingReportSeen(_Heading):
    """How long orders wait, and which wait too long."""

    region: int
    heading: str
    parameters: list[ParameterSeen]
    waits: list[AgeingSeen]


class AgeingReportTold(ReportTold):
    """A region's ageing, with its hash."""

    report: AgeingReportSeen


class ToBePaidSeen(Shape):
    """An order to be paid: `payee` is the firm's or lab's id."""

    order_id: Id32
    programme: str
    home: int
    paid_to: PaidToName
    payee: Id32
    lab_code: str | None
    amount: Amount
    accepted: int


class NotToBePaidSeen(Shape):
    """An order that is left out, and why."""

    order: ToBePaidSeen
    reasons: list[LeftOutName]


class BankFileSeen(_Heading):
    """What a payer's bank is to pay; `left_out` is not to be paid now, and in no sum but its own."""

    payer: int
    count: int
    total: Amount
    orders: list[ToBePaidSeen]
    left_out_total: Amount
    left_out: list[NotToBePaidSeen]


class BankFileTold(ReportTold):
    """A payer's list for the bank, with its hash."""

    report: BankFileSeen


class ShareSeen(Shape):
    """A lab or firm, its uses, and its share of all offset in ten-thousandths."""

    subject: Id32
    uses: int
    offset: Amount
    share_bps: int
    marked: bool


class SharesSeen(Shape):
    """Labs or firms, the largest first."""

    heading: str
    parameters: list[ParameterSeen]
    subjects: int
    largest: list[ShareSeen]


class AtCapSeen(Shape):
    """A use whose offset is just at the most that one order can get."""

    order_id: Id32
    firm: Id32
    lab: Id32
    offset: Amount
    cap: Amount


class AtCapsSeen(Shape):
    """Uses just at a cap."""

    heading: str
    parameters: list[ParameterSeen]
    at_cap: list[AtCapSeen]


class BurstSeen(Shape):
    """A lab of whose orders many were reserved shortly before their vouchers' end."""

    lab: Id32
    orders: int
    before_end: int
    amount: Amount


class BurstsSeen(Shape):
    """Labs with a burst of orders before vouchers end."""

    heading: str
    parameters: list[ParameterSeen]
    labs: list[BurstSeen]


class ConcentrationReportSeen(_Heading):
    """Where a region's money gathers."""

    region: int
    uses: int
    offset: Amount
    labs: SharesSeen
    firms: SharesSeen
    caps: AtCapsSeen
    bursts: BurstsSeen


class ConcentrationReportTold(ReportTold):
    """A region's concentration, with its hash."""

    report: ConcentrationReportSeen


class OutlierSeen(Shape):
    """A use whose cost is outside its type's range."""

    order_id: Id32
    lab: Id32
    cost: Amount
    high: bool


class ServiceTypeSeen(Shape):
    """The costs of one service type; null for what the catalogue does not place, which is compared with nothing."""

    service_type: str | None
    uses: int
    judged: bool
    lower_quartile: Amount
    median_cost: Amount
    upper_quartile: Amount
    lowest: Amount
    highest: Amount
    outliers: list[OutlierSeen]


class PriceReportSeen(_Heading):
    """Price outliers by service type."""

    region: int
    catalogue_sha256: str
    heading: str
    parameters: list[ParameterSeen]
    service_types: list[ServiceTypeSeen]


class PriceReportTold(ReportTold):
    """A region's price outliers, with its hash."""

    report: PriceReportSeen


class PaidUses(Shape):
    """Uses that were paid in the year."""

    uses: int
    offset: Amount


class ServedRegion(Shape):
    """What the lab served for one region's vouchers."""

    home: int
    across: bool
    orders: int
    uses: UsesSeen
    settled: PaidUses
    refunded: Amount


class LabYearSeen(_Heading):
    """A lab's year, by the regions that issued the vouchers."""

    lab: Id32
    lab_region: int
    lab_code: str
    year: int
    regions: list[ServedRegion]
    across: UsesSeen
    total: UsesSeen


class LabYearTold(ReportTold):
    """A lab's year, with its hash."""

    report: LabYearSeen


class SignedYearSeen(Shape):
    """A lab's year and the signature of its region's directory: a file that anybody with a node can check."""

    statement: LabYearSeen
    signature: Signature


class YearSigned(Shape):
    """A lab's year was signed: by which account, and the hash of what."""

    lab: Id32
    year: int
    hash: Id32
    signer: AddressText
    signature: Signature


class ServiceTypesTaken(Shape):
    """A catalogue of service types that counts from now on, and by whose SHA-256 it is named."""

    sha256: str
    rows: int
