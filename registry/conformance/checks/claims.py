"""Redemptions: redeem, stand in, endorse, accept, reject, settle, reverse, refunded."""

from typing import Any

from registry.conformance.cast import invoice
from registry.conformance.checks.vouchers import NOTE, SERIALS
from registry.conformance.desks import refused
from registry.conformance.stage import Stage, id_in, reviewed
from registry.conformance.table import Seen, check
from registry.getters import ACCOUNT, AGREEMENT, INVOICE
from registry.model import Redemption

_CONTRACT, _INVOICE = "C-MARGINAL", 9001


def _filed(stage: Stage, order: str, signed: dict[str, Any], caller: str = "lab") -> dict[str, Any]:
    answer = stage.desk(caller).post("/v1/redemptions", signed)
    return answer.told("stage") | {"chain": stage.order(order)} if answer.body.get("order_id") else answer.told()


@check("redeem.over-rule", "redeem", "补贴不得超出分段规则", "No more is asked for than the rule allows")
def over_rule(stage: Stage) -> Seen:
    """One fen, signed by both."""
    order = stage.remembered["order"]
    prepared, agreed = stage.prepare_redemption(order, cost="900000", subsidy="530000")
    stage.agreed(prepared, Redemption, agreed)
    message = prepared["typed_data"]["message"] | {"subsidy": "530001"}
    document = {"typed_data": dict(prepared["typed_data"]) | {"message": message}}
    return Seen(_filed(stage, order, stage.signed_as_told(document, Redemption)), refused(422, "OverRule"))


@check(
    "redeem.claim",
    "redeem",
    "双方签名申请兑付，补贴按规则",
    "Both sign, and the rule's subsidy is asked for",
    events=("Claimed", "Redeemed"),
)
def redeemed(stage: Stage) -> Seen:
    """9,000 yuan of cost: 5,300 of subsidy."""
    order = stage.remembered["order"]
    stage.remembered["filed"] = stage.redemption_signed(order, cost="900000", subsidy="530000", number=_INVOICE, agreement=_CONTRACT)
    got = _filed(stage, order, stage.remembered["filed"])
    balance = {"available": "950000", "reserved": "0", "redeemed": "530000", "lapsed": "20000"}
    got |= {"balance": stage.balance(stage.remembered[SERIALS[0]])}
    return Seen(got, {"status": 201, "stage": "REDEEMED", "chain": "REDEEMED", "balance": balance})


@check("redeem.on-chain", "redeem", "发票与服务合同的占用上链", "What an invoice and an agreement bear stands on the chain")
def on_chain(stage: Stage) -> Seen:
    """Under the tags that the consortium's key makes."""
    seller, programme = stage.rehearsal.codes.companies["lab"], id_in(stage.remembered["own"])
    agreement = stage.read(AGREEMENT, programme, stage.rehearsal.keyring.agreement(seller, _CONTRACT))
    return Seen([_claimed(stage), agreement], [900_000, 900_000])


def _claimed(stage: Stage) -> int:
    paper = invoice(_INVOICE)
    return stage.read(INVOICE, stage.rehearsal.keyring.invoice(paper["number"], code=paper["code"])).claimed


@check("redeem.again", "redeem", "已申请兑付的订单不得再次申请", "What was redeemed is not redeemed again")
def redeemed_again(stage: Stage) -> Seen:
    """The same document under another key."""
    return Seen(_filed(stage, stage.remembered["order"], stage.remembered["filed"]), refused(409, "WrongStage"))


@check("quote.splitting", "quote", "拆分合同不增加补贴", "Splitting a contract gains nothing")
def splitting(stage: Stage) -> Seen:
    """The next 9,000 yuan under the same agreement are all in the second slice."""
    agreement = {"seller": stage.rehearsal.codes.companies["lab"], "number": _CONTRACT}
    answer = stage.desk("lab").ask("/v1/quotes", {"voucher": stage.named(SERIALS[0]), "cost": "900000", "agreement": agreement})
    return Seen(answer.told("subsidy"), {"status": 200, "subsidy": "405000"})


@check("redeem.invoice-used", "redeem", "同一发票不得再次申请", "An invoice is claimed once", events=("Reserved",))
def invoice_used(stage: Stage) -> Seen:
    """On another order."""
    order = stage.remembered["second"] = stage.reserve(SERIALS[3], "550000")
    signed = stage.redemption_signed(order, cost="900000", subsidy="530000", number=_INVOICE)
    return Seen([_filed(stage, order, signed), stage.order(order)], [refused(409, "InvoiceExceeded"), "OPEN"])


@check("accept.before-first-review", "accept", "须先初审", "Nothing is accepted before its first review")
def accepted_too_early(stage: Stage) -> Seen:
    """The programme asks for one at home."""
    got = stage.review("accept", "reviewer-2", stage.remembered["order"])
    return Seen(got, refused(409, "WrongStage"))


@check("endorse.claim", "endorse", "初审", "A first review is passed", events=("Endorsed",))
def endorsed(stage: Stage) -> Seen:
    """By a reviewer of the home region."""
    got = stage.review("endorse", "reviewer-1", stage.remembered["order"])
    return Seen(got, reviewed("ENDORSED"))


@check("accept.same-reviewer", "accept", "初审人不得复审", "Whoever endorsed does not accept")
def same_reviewer(stage: Stage) -> Seen:
    """Two pairs of eyes."""
    got = stage.review("accept", "reviewer-1", stage.remembered["order"])
    return Seen(got, refused(409, "ReviewedBefore"))


@check("settle.before-accept", "settle", "未审核通过不得拨付", "Nothing is settled before it is accepted")
def settled_too_early(stage: Stage) -> Seen:
    """Only endorsed."""
    got = stage.review("settle", "payer", stage.remembered["order"], payment_reference="REH-EARLY")
    return Seen(got, refused(409, "WrongStage"))


@check(
    "reject.claim",
    "reject",
    "退回补正：订单重新打开，发票释放",
    "A claim is sent back, and its invoice is free",
    events=("Freed", "Rejected"),
)
def rejected(stage: Stage) -> Seen:
    """From endorsed."""
    got = stage.review("reject", "reviewer-2", stage.remembered["order"])
    return Seen([got, _claimed(stage)], [reviewed("OPEN"), 0])


@check("redeem.old-attempt", "redeem", "退回前的签名不得再用", "Signatures from before a rejection are worth nothing")
def old_attempt(stage: Stage) -> Seen:
    """The first document once more."""
    return Seen(_filed(stage, stage.remembered["order"], stage.remembered["filed"]), refused(409, "WrongAttempt"))


@check(
    "redeem.second-attempt",
    "redeem",
    "补正后再次申请，直至审核通过",
    "A corrected claim goes through to acceptance",
    events=("Claimed", "Redeemed", "Endorsed", "Accepted"),
)
def second_attempt(stage: Stage) -> Seen:
    """Both sign again."""
    order = stage.remembered["order"]
    signed = stage.redemption_signed(order, cost="900000", subsidy="530000", number=_INVOICE, agreement=_CONTRACT)
    got = [_filed(stage, order, signed), stage.review("endorse", "reviewer-1", order), stage.review("accept", "reviewer-2", order)]
    stages = [reviewed(each) for each in ("ENDORSED", "ACCEPTED")]
    return Seen(got, [{"status": 201, "stage": "REDEEMED", "chain": "REDEEMED"}, *stages])


@check("reject.by-payer", "reject", "拨付单位可从待拨付退回", "The payer sends an accepted claim back", events=("Freed", "Rejected"))
def rejected_by_payer(stage: Stage) -> Seen:
    """From accepted."""
    got = stage.review("reject", "payer", stage.remembered["order"])
    return Seen(got, reviewed("OPEN"))


@check(
    "settle.claim",
    "settle",
    "审核通过后拨付",
    "An accepted claim is settled",
    events=("Claimed", "Redeemed", "Endorsed", "Accepted", "Settled"),
)
def settled(stage: Stage) -> Seen:
    """The third attempt; the pool counts it as paid."""
    order = stage.remembered["order"]
    got = [_filed(stage, order, stage.redemption_signed(order, cost="900000", subsidy="530000", agreement=_CONTRACT))]
    got += [stage.review("endorse", "reviewer-1", order), stage.review("accept", "reviewer-2", order)]
    got += [stage.review("settle", "payer", order, payment_reference="REH-PAY-1")]
    stages = [reviewed(each) for each in ("ENDORSED", "ACCEPTED", "SETTLED")]
    expected = [{"status": 201, "stage": "REDEEMED", "chain": "REDEEMED"}, *stages]
    return Seen([got, stage.pool(stage.remembered["own"])["paid"]], [expected, "530000"])


@check("settle.again", "settle", "已拨付的不得再次拨付", "A claim is settled once")
def settled_again(stage: Stage) -> Seen:
    """Under another payment reference."""
    got = stage.review("settle", "payer", stage.remembered["order"], payment_reference="REH-PAY-2")
    return Seen([got, stage.pool(stage.remembered["own"])["paid"]], [refused(409, "WrongStage"), "530000"])


@check("reverse.too-much", "reverse", "追缴不得超出补贴", "No more is recovered than was paid")
def reversed_too_much(stage: Stage) -> Seen:
    """One fen."""
    asked = {"recover": "530001", "reason": "演练 rehearsal"}
    answer = stage.desk("reviewer-1").post(f"/v1/orders/{stage.remembered['order']}/reverse", asked)
    return Seen([answer.told()["code"], stage.order(stage.remembered["order"])], ["InvalidRecovery", "SETTLED"])


@check("reverse.claim", "reverse", "冲销：应退回的记为欠款", "A settled claim is reversed, and a debt stands", events=("Reversed",))
def reversed_(stage: Stage) -> Seen:
    """Half of it."""
    asked = {"recover": "265000", "reason": "演练 rehearsal"}
    answer = stage.desk("reviewer-1").post(f"/v1/orders/{stage.remembered['order']}/reverse", asked)
    got = answer.told("stage") | {"chain": stage.order(stage.remembered["order"])}
    return Seen(got, {"status": 200, "stage": "REVERSED", "chain": "REVERSED"})


@check("refunded.claim", "refunded", "资金已退回", "What came back is counted back", events=("Refunded",))
def refunded(stage: Stage) -> Seen:
    """The pool has paid the other half."""
    answer = stage.desk("payer").post(f"/v1/orders/{stage.remembered['order']}/refunded", {})
    got = answer.told("stage") | {"chain": stage.order(stage.remembered["order"]), "paid": stage.pool(stage.remembered["own"])["paid"]}
    return Seen(got, {"status": 200, "stage": "REFUNDED", "chain": "REFUNDED", "paid": "265000"})


@check(
    "redeem.stand-in",
    "redeem",
    "审核机构代未收款方签名",
    "A reviewer stands in for the party that is not paid",
    events=("Claimed", "Redeemed"),
)
def stood_in(stage: Stage) -> Seen:
    """At home the firm is paid, so the reviewer stands in for the lab."""
    order = stage.remembered["second"]
    signed = stage.redemption_signed(order, cost="900000", subsidy="530000")
    asked = {"typed_data": signed["typed_data"], "signature": signed["firm_signature"], "reason": "机构停业 the lab has closed"}
    answer = stage.desk("reviewer-1").post("/v1/redemptions/stand-in", asked)
    by = stage.read(ACCOUNT, stage.filing(order).claim.stand_in)
    got = answer.told("stage") | {"by": [by.region, by.role.name]}
    return Seen(got, {"status": 201, "stage": "REDEEMED", "by": [stage.region, "REVIEWER"]})


@check("endorse.stood-in", "endorse", "代签人不得初审", "Whoever stood in does not review")
def endorsed_by_stand_in(stage: Stage) -> Seen:
    """The other reviewer endorses; the one that stood in does not accept either."""
    order = stage.remembered["second"]
    return Seen(stage.review("endorse", "reviewer-1", order), refused(409, "ReviewedBefore"))


@check("verification.used-notes", "verify", "已用的张号可见", "The notes that are used up are told")
def used_notes(stage: Stage) -> Seen:
    """Eleven notes of the first voucher, lowest first; one order was settled on it."""
    answer = stage.desk("lab").ask("/v1/verifications", {"voucher": stage.named(SERIALS[0])})
    voucher = answer["voucher"]
    got = {name: voucher[name] for name in ("available", "reserved", "redeemed", "lapsed", "used_notes")}
    expected = {"available": "950000", "reserved": "0", "redeemed": "530000", "lapsed": "20000"}
    return Seen(got, expected | {"used_notes": [{"first": 1, "last": 550_000 // int(NOTE)}]})
