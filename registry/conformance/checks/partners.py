"""Across regions: the candidate's voucher at the partner's lab, and the partner's voucher at the candidate's."""

from registry.codec import id_of
from registry.conformance.cast import PARTNER, programmes_of
from registry.conformance.desks import refused
from registry.conformance.stage import DAY, Stage, reviewed
from registry.conformance.table import Seen, check
from registry.model import Fen, Recipient, Terms, Time
from registry.programme_file import read_programme_file

_SERIAL = "REH-GUEST"


@check(
    "across.redeemed",
    "redeem",
    "本地区的券在其他地区使用：由企业一方提交，机构收款",
    "One's own voucher at the partner's lab is redeemed, and the lab is paid",
    events=("Claimed", "Redeemed", "Endorsed", "Accepted", "Settled"),
)
def across(stage: Stage) -> Seen:
    """The firm asks its own gateway; the partner's lab signs."""
    order = stage.remembered["across"]
    got = [stage.redeem(order, cost="800000", subsidy="485000", lab="partner-lab").told("stage")]
    got += [stage.review("endorse", "reviewer-2", order), stage.review("accept", "reviewer-1", order)]
    got += [stage.review("settle", "payer", order, payment_reference="REH-PAY-3")]
    paid_to = stage.desk("firm").get(f"/v1/orders/{order}")["paid_to"]
    stages = [reviewed(each) for each in ("ENDORSED", "ACCEPTED", "SETTLED")]
    return Seen([got, paid_to], [[{"status": 201, "stage": "REDEEMED"}, *stages], "LAB"])


@check(
    "guest.issued",
    "issue",
    "其他地区开设券种、拨入资金并发放，本网关随即可见",
    "The partner opens, funds and issues at its node, and this gateway sees it",
    events=("ProgrammeOpened", "Funded", "TermsIssued", "Issued"),
)
def guest_issued(stage: Stage) -> Seen:
    """A programme whose payer is each lab's own region's."""
    programme = read_programme_file(programmes_of(stage.region)["partner"]).programme
    keyring, codes = stage.rehearsal.keyring, stage.rehearsal.codes
    stage.partner("issuer").open(programme)
    stage.partner("payer").fund(id_of(programme), Fen(10_000_000), keyring.funding(PARTNER, "REH-PARTNER"))
    until = Time(stage.now + 100 * DAY)
    recipient = Recipient(keyring.firm(codes.companies["partner-firm"]), keyring.serial(PARTNER, _SERIAL))
    stage.partner("issuer").issue(Terms(id_of(programme), Fen(1_000_000), Fen(100_000), until, until), [recipient])
    return Seen(stage.verify(_SERIAL, firm="partner-firm"), {"status": "VALID", "http": 200, "reasons": []})


@check(
    "guest.redeemed",
    "redeem",
    "其他地区的券在本地区机构使用，直至申请兑付",
    "The partner's voucher at one's own lab is reserved and redeemed",
    events=("Reserved", "Claimed", "Redeemed"),
)
def guest_redeemed(stage: Stage) -> Seen:
    """The lab asks its own gateway; the partner's firm signs."""
    order = stage.reserve(_SERIAL, "500000", firm="partner-firm")
    stage.remembered["guest"] = order
    opened = stage.order(order)
    answer = stage.redeem(order, cost="800000", subsidy="480000", firm="partner-firm")
    return Seen([opened, answer.told("stage")], ["OPEN", {"status": 201, "stage": "REDEEMED"}])


@check("guest.endorsed", "endorse", "服务地初审", "The host region passes the first review", events=("Endorsed",))
def guest_endorsed(stage: Stage) -> Seen:
    """As the partner's programme asks."""
    got = stage.review("endorse", "reviewer-1", stage.remembered["guest"])
    return Seen(got, reviewed("ENDORSED"))


@check("guest.not-accepted-here", "accept", "服务地不得替发券地审核", "The host region does not accept for the issuing one")
def guest_not_accepted(stage: Stage) -> Seen:
    """Its reviewer has no say there."""
    got = stage.review("accept", "reviewer-2", stage.remembered["guest"])
    return Seen([got, stage.order(stage.remembered["guest"])], [refused(409, "NotReviewer"), "ENDORSED"])


@check(
    "guest.settled",
    "settle",
    "发券地审核通过后，由服务地拨付",
    "The partner accepts at its node, and the host region's payer settles",
    events=("Accepted", "Settled"),
)
def guest_settled(stage: Stage) -> Seen:
    """What it paid is netted at month close."""
    order = stage.remembered["guest"]
    stage.partner("reviewer-1").accept([stage.filing(order).claim])
    got = stage.review("settle", "payer", order, payment_reference="REH-PAY-4")
    stage.remembered["settled at"] = stage.now
    return Seen(got, reviewed("SETTLED"))


@check("month.statement", "closeMonth", "月结单由链上事件得出，应付轧差相符", "A month's statement is what the chain's events give")
def statement(stage: Stage) -> Seen:
    """Of the partner's vouchers at one's own labs, in the month of the settlement."""
    month = stage.month_of_settlement()
    answer = stage.desk("reviewer-1").get(f"/v1/months/{PARTNER}/{stage.region}/{month}")
    document = stage.statement(PARTNER, stage.region, month).document()
    owed = [each.get("owed") for each in answer["statement"]["payers"]]
    return Seen([answer["statement"], owed], [document, ["480000"]])


@check("month.not-over", "closeMonth", "未结束的月份不得核对", "A month that is not over is not closed")
def not_over(stage: Stage) -> Seen:
    """The current one."""
    asked = {"home": PARTNER, "host": stage.region, "month": stage.month_now(), "statement": "0x" + "11" * 32}
    return Seen(stage.desk("reviewer-1").post("/v1/months/close", asked).told(), refused(409, "MonthNotOver"))
