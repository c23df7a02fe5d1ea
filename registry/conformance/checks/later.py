"""What needs time on the chain: the end of a voucher, the close of a month."""

from registry.codec import closing_id
from registry.conformance.cast import PARTNER
from registry.conformance.desks import refused
from registry.conformance.stage import Stage
from registry.conformance.table import NotDue, Seen, check
from registry.getters import CLOSING
from registry.model import Digest, Time
from registry.statement import following_month, seconds_of_month


@check("verification.past-use-by", "verify", "过使用截止日：答 NOT_VALID", "Past its use-by a voucher is NOT_VALID")
def past_use_by(stage: Stage) -> Seen:
    """Judged by block time. Where the region is suspended still, that is told besides."""
    if stage.now <= stage.remembered["short"]:
        raise NotDue(Time(stage.remembered["short"] + 1))
    got = stage.verify("REH-SHORT")
    return Seen([got["status"], [each for each in got["reasons"] if each == "PastUseBy"]], ["NOT_VALID", ["PastUseBy"]])


def _month_over(stage: Stage) -> int:
    month = stage.month_of_settlement()
    due, _ = seconds_of_month(following_month(month))
    if stage.now < due:
        raise NotDue(due)
    return month


@check("closeMonth.other-hash", "closeMonth", "与链上不符的月结单不予确认", "A statement that is not the chain's is not named")
def other_hash(stage: Stage) -> Seen:
    """The gateway works it out by itself."""
    asked = {"home": PARTNER, "host": stage.region, "month": _month_over(stage), "statement": "0x" + "22" * 32}
    return Seen(stage.desk("reviewer-1").post("/v1/months/close", asked).told(), refused(409, "StatementDiffers"))


@check(
    "closeMonth.named-by-partner",
    "closeMonth",
    "对方先确认的月结单可见",
    "What the partner named is seen",
    events=("StatementNamed",),
)
def named_by_partner(stage: Stage) -> Seen:
    """At the partner's node, as its own fold of the events gives it."""
    month = _month_over(stage)
    stage.partner("reviewer-1").close_month(PARTNER, stage.region, month, stage.statement(PARTNER, stage.region, month).hash)
    answer = stage.desk("reviewer-1").get(f"/v1/months/{PARTNER}/{stage.region}/{month}")
    return Seen(answer.told("state", "home_agrees"), {"status": 200, "state": "NAMED", "home_agrees": True})


@check(
    "closeMonth.closed",
    "closeMonth",
    "双方确认同一月结单，月份关闭",
    "Both name the same statement, and the month is closed",
    events=("StatementNamed", "MonthClosed"),
)
def closed(stage: Stage) -> Seen:
    """The hash is that of the document which the gateway hands out."""
    month = _month_over(stage)
    path = f"/v1/months/{PARTNER}/{stage.region}/{month}"
    told = stage.desk("reviewer-1").get(path)["hash"]
    answer = stage.desk("reviewer-1").post("/v1/months/close", {"home": PARTNER, "host": stage.region, "month": month, "statement": told})
    closing = stage.read(CLOSING, closing_id(PARTNER, stage.region, month))
    statement: Digest = stage.statement(PARTNER, stage.region, month).hash
    got = [told, answer.told("closed", "state"), closing.home == closing.host == statement]
    return Seen(got, ["0x" + statement.hex(), {"status": 200, "closed": True, "state": "CLOSED"}, True])


@check("closeMonth.again", "closeMonth", "已关闭的月份不得再次核对", "A closed month stays closed")
def closed_again(stage: Stage) -> Seen:
    """With the very same statement."""
    month = _month_over(stage)
    told = "0x" + stage.statement(PARTNER, stage.region, month).hash.hex()
    asked = {"home": PARTNER, "host": stage.region, "month": month, "statement": told}
    return Seen(stage.desk("reviewer-1").post("/v1/months/close", asked).told(), refused(409, "MonthIsClosed"))
