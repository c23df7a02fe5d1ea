"""Joint vouchers (联合券), which are itemised here: partners, and items that are listed."""

from registry.conformance.checks.parties import ITEM
from registry.conformance.desks import refused
from registry.conformance.stage import Stage, reviewed
from registry.conformance.table import Seen, check


def _reserve(stage: Stage, serial: str, firm: str) -> dict[str, object]:
    lead = None if firm == "firm" else stage.named("REH-J1")
    signed = stage.joint_signed(serial, firm=firm, item=ITEM, lead=lead)
    answer = stage.desk("lab").post("/v1/orders", signed)
    stage.remembered[f"joint of {firm}"] = answer["order_id"]
    return answer.told("stage")


@check("reserve.item-required", "reserve", "按条目的券须指明服务条目", "An itemised voucher names an item")
def item_required(stage: Stage) -> Seen:
    """None is named."""
    answer = stage.desk("lab").post("/v1/orders", stage.order_signed("REH-J1", "200000"))
    return Seen(answer.told(), refused(422, "ItemRequired"))


@check(
    "reserve.joint",
    "reserve",
    "联合券整张锁定，先审核确认",
    "A joint voucher is reserved whole and approved",
    events=("Reserved", "Approved"),
)
def joint(stage: Stage) -> Seen:
    """The first of two partners."""
    got = _reserve(stage, "REH-J1", "firm")
    return Seen(
        [got, stage.review("approve", "reviewer-1", str(stage.remembered["joint of firm"]))],
        [{"status": 201, "stage": "REQUESTED"}, reviewed("OPEN")],
    )


@check("redeem.too-few-partners", "redeem", "联合企业不足不得申请兑付", "Nobody redeems before enough partners have ordered")
def too_few(stage: Stage) -> Seen:
    """One of two."""
    answer = stage.redeem(stage.remembered["joint of firm"], cost="200000", subsidy="200000")
    return Seen(answer.told(), refused(409, "TooFewPartners"))


@check(
    "redeem.joint",
    "redeem",
    "联合企业足额后可申请兑付",
    "Once there are enough partners, each redeems",
    events=("Reserved", "Approved", "Claimed", "Redeemed"),
)
def joint_redeemed(stage: Stage) -> Seen:
    """The second firm, on the first one's project."""
    got = [_reserve(stage, "REH-J2", "firm-2"), stage.review("approve", "reviewer-1", str(stage.remembered["joint of firm-2"]))]
    answer = stage.redeem(stage.remembered["joint of firm"], cost="200000", subsidy="200000")
    expected = [{"status": 201, "stage": "REQUESTED"}, reviewed("OPEN")]
    return Seen([*got, answer.told("stage")], [*expected, {"status": 201, "stage": "REDEEMED"}])


@check("endorse.none-asked", "endorse", "无初审的券种不得初审", "Where no first review is asked for, there is none")
def none_asked(stage: Stage) -> Seen:
    """The joint programme asks for none."""
    got = stage.review("endorse", "reviewer-1", str(stage.remembered["joint of firm"]))
    return Seen(got, refused(409, "NoFirstReview"))


@check("accept.joint", "accept", "联合券无初审，直接审核", "Without a first review a claim is accepted at once", events=("Accepted",))
def accepted(stage: Stage) -> Seen:
    """It is settled in `settle.while-suspended`."""
    got = stage.review("accept", "reviewer-2", stage.remembered["joint of firm"])
    return Seen(got, reviewed("ACCEPTED"))


@check("release.partnership", "release", "联合达成后，机构单方不得释放", "Once partners are enough, the lab alone does not release")
def partnership(stage: Stage) -> Seen:
    """The firm's signature is missing."""
    order = str(stage.remembered["joint of firm-2"])
    answer = stage.desk("lab").post("/v1/releases", stage.release_signed(order))
    return Seen([answer.told(), stage.order(order)], [refused(422, "NotSignedBy"), "OPEN"])
