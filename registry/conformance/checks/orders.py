"""Orders: reserve, approve, decline, release, extend, and many at once."""

from typing import Any

from registry.conformance.checks.vouchers import FACE, NOTE, SERIALS
from registry.conformance.desks import refused
from registry.conformance.stage import DAY, Stage, id_in, reviewed
from registry.conformance.table import Seen, check
from registry.getters import ORDER


def _submitted(stage: Stage, name: str, signed: dict[str, Any], caller: str = "lab") -> dict[str, Any]:
    answer = stage.desk(caller).post("/v1/orders", signed)
    if answer.body.get("order_id"):
        stage.remembered[name] = answer["order_id"]
        return answer.told("stage") | {"chain": stage.order(answer["order_id"])}
    return answer.told()


@check("reserve.home", "reserve", "企业与机构双方签名后锁定额度", "An order that both signed is reserved", events=("Reserved",))
def reserved(stage: Stage) -> Seen:
    """At home no approval is needed: Open, and committed."""
    stage.remembered["signed"] = stage.order_signed(SERIALS[0], "550000")
    got = _submitted(stage, "order", stage.remembered["signed"])
    balance = {"available": str(int(FACE) - 550_000), "reserved": "550000", "redeemed": "0", "lapsed": "0"}
    return Seen(
        got | {"balance": stage.balance(stage.remembered[SERIALS[0]])},
        {"status": 201, "stage": "OPEN", "chain": "OPEN", "balance": balance},
    )


@check("reserve.seen", "reserve", "同一订单不得再次锁定", "An order is reserved once")
def seen_before(stage: Stage) -> Seen:
    """The same document under another key."""
    return Seen(_submitted(stage, "again", stage.remembered["signed"]), refused(409, "OrderSeen"))


@check("reserve.not-signed", "reserve", "缺一方签名不得锁定", "Nothing is reserved without both signatures")
def not_signed(stage: Stage) -> Seen:
    """The lab's signature stands in the firm's place."""
    signed = stage.order_signed(SERIALS[1], NOTE)
    return Seen(_submitted(stage, "forged", signed | {"firm_signature": signed["lab_signature"]}), refused(422, "NotSignedBy"))


@check("reserve.altered", "reserve", "签名后改动的文件不予受理", "A document that was altered after it was signed is refused")
def altered(stage: Stage) -> Seen:
    """One note more than both signed for."""
    signed = stage.order_signed(SERIALS[1], NOTE)
    message = signed["typed_data"]["message"] | {"amount": str(2 * int(NOTE))}
    answer = stage.desk("lab").post("/v1/orders", signed | {"typed_data": signed["typed_data"] | {"message": message}})
    return Seen(answer.told(), refused(422, "NotSignedBy"))


@check("reserve.over-available", "reserve", "不得超出余额", "No more is reserved than is left")
def over_available(stage: Stage) -> Seen:
    """The whole face of a voucher of which part is held."""
    return Seen(_submitted(stage, "over", stage.order_signed(SERIALS[0], FACE)), refused(409, "OverAvailable"))


@check("reserve.not-whole", "reserve", "须为整张", "Only whole notes are reserved")
def not_whole(stage: Stage) -> Seen:
    """One fen more than a note."""
    return Seen(_submitted(stage, "broken", stage.order_signed(SERIALS[1], str(int(NOTE) + 1))), refused(422, "NotWholeNotes"))


@check("reserve.frozen-lab", "reserve", "冻结的机构不得接单", "Nothing is reserved at a frozen lab")
def frozen_lab(stage: Stage) -> Seen:
    """The spare one."""
    signed = stage.order_signed(SERIALS[1], NOTE, lab="lab-spare")
    return Seen(_submitted(stage, "frozen", signed, caller="firm"), refused(409, "LabNotActive"))


@check("reserve.across", "reserve", "跨区域订单先待审核确认", "An order across regions waits for approval", events=("Reserved",) * 2)
def reserved_across(stage: Stage) -> Seen:
    """At the partner's lab, which has no key to this gateway."""
    got = [_submitted(stage, name, stage.order_signed(SERIALS[1], "500000", lab="partner-lab"), "firm") for name in ("across", "declined")]
    return Seen(got, [{"status": 201, "stage": "REQUESTED", "chain": "REQUESTED"}] * 2)


@check("approve.order", "approve", "审核机构确认，资金随即占用", "A reviewer approves, and the money is committed", events=("Approved",))
def approved(stage: Stage) -> Seen:
    """Both orders that are open hold money now."""
    got = stage.review("approve", "reviewer-1", stage.remembered["across"])
    committed = stage.pool(stage.remembered["own"])["committed"]
    return Seen([got, committed], [reviewed("OPEN"), str(550_000 + 500_000)])


@check("approve.again", "approve", "已确认的订单不得再次确认", "What was approved is not approved again")
def approved_again(stage: Stage) -> Seen:
    """By the other reviewer."""
    return Seen(stage.review("approve", "reviewer-2", stage.remembered["across"]), refused(409, "WrongStage"))


@check("decline.order", "decline", "不予确认，额度退回", "A reviewer declines, and the voucher has its notes back", events=("Declined",))
def declined(stage: Stage) -> Seen:
    """One of the two on the same voucher."""
    got = stage.review("decline", "reviewer-1", stage.remembered["declined"])
    left = stage.balance(stage.remembered[SERIALS[1]])["reserved"]
    return Seen([got, left], [reviewed("RELEASED"), "500000"])


@check("extend.order", "extend", "审核机构延长服务期限", "A reviewer extends an open order", events=("Extended",))
def extended(stage: Stage) -> Seen:
    """By a day, within the 90 days that may be asked for."""
    until = stage.now + 60 * DAY
    answer = stage.desk("reviewer-1").post(f"/v1/orders/{stage.remembered['order']}/extend", {"until": until})
    deadline = stage.read(ORDER, id_in(stage.remembered["order"])).deadline
    return Seen([answer.told("stage"), deadline], [{"status": 200, "stage": "OPEN"}, until])


@check("extend.too-far", "extend", "延期不得超过 90 天", "An extension is for 90 days at most")
def extended_too_far(stage: Stage) -> Seen:
    """A day too far."""
    answer = stage.desk("reviewer-1").post(f"/v1/orders/{stage.remembered['order']}/extend", {"until": stage.now + 100 * DAY})
    return Seen(answer.told(), refused(422, "InvalidDeadline"))


@check("release.by-lab", "release", "机构签名释放额度", "The lab releases an order", events=("Reserved", "Released"))
def released(stage: Stage) -> Seen:
    """The voucher is as it was."""
    order = stage.reserve(SERIALS[2], NOTE)
    answer = stage.desk("lab").post("/v1/releases", stage.release_signed(order))
    got = answer.told("stage") | {"chain": stage.order(order), "available": stage.balance(stage.remembered[SERIALS[2]])["available"]}
    return Seen(got, {"status": 201, "stage": "RELEASED", "chain": "RELEASED", "available": FACE})


@check("release.without-consent", "release", "期限内无机构签名不得释放", "Nobody releases an order in time without the lab's word")
def released_without_consent(stage: Stage) -> Seen:
    """The lab is active, no flag stands, and the deadline is not past."""
    answer = stage.desk("reviewer-1").post(f"/v1/orders/{stage.remembered['order']}/release", {})
    return Seen([answer.told(), stage.order(stage.remembered["order"])], [refused(422, "NotSignedBy"), "OPEN"])


@check(
    "tryEach.each-its-own",
    "tryEach",
    "批量提交逐件办理，一件不予受理不影响其他",
    "Of many documents each stands on its own",
    events=("Reserved", "Refused"),
)
def each_its_own(stage: Stage) -> Seen:
    """A good order, and one that was reserved before."""
    good, seen = stage.order_signed(SERIALS[3], NOTE), stage.remembered["signed"]
    answer = stage.desk("lab").post("/v1/submissions", {"documents": [good, seen]})
    outcomes = answer.body.get("outcomes", [])
    got = [[each.get("stage"), (each.get("refused") or {}).get("code")] for each in outcomes]
    stage.remembered["batched"] = outcomes[0]["order_id"]
    return Seen(got, [["OPEN", None], [None, "OrderSeen"]])


@check("tryEach.release", "tryEach", "批量提交亦可释放", "Among many documents there may be a release", events=("Released",))
def release_in_batch(stage: Stage) -> Seen:
    """Of the order before."""
    answer = stage.desk("lab").post("/v1/submissions", {"documents": [stage.release_signed(stage.remembered["batched"])]})
    got = [each.get("stage") for each in answer.body.get("outcomes", [])]
    return Seen([got, stage.order(stage.remembered["batched"])], [["RELEASED"], "RELEASED"])


@check("order.seen", "status", "订单的各方可见，其经过与链上一致", "An order is shown to its parties, with what happened to it")
def order_seen(stage: Stage) -> Seen:
    """To the lab, the firm, and an officer alike."""
    got = [
        [answer.told("stage", "amount", "paid_to"), [each.get("name") for each in answer.body.get("history", [])]]
        for answer in (stage.desk(caller).get(f"/v1/orders/{stage.remembered['order']}") for caller in ("lab", "firm", "reviewer-1"))
    ]
    seen = {"status": 200, "stage": "OPEN", "amount": "550000", "paid_to": "FIRM"}
    return Seen(got, [[seen, ["Reserved", "Extended"]]] * 3)


@check("order.not-others", "status", "无关的企业看不到订单", "An order is hidden from a firm that is no party to it")
def order_hidden(stage: Stage) -> Seen:
    """It is answered as one that is none."""
    return Seen(stage.desk("firm-2").get(f"/v1/orders/{stage.remembered['order']}").told(), refused(404, "NotFound"))
