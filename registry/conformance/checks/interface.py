"""What holds of every request: who may ask, what form it has, and that a write happens once."""

from registry.conformance.desks import refused
from registry.conformance.stage import Stage
from registry.conformance.table import Seen, check

_NO_ORDER = "0x" + "ab" * 32


@check("interface.status", "status", "网关说明所服务的地区与节点状态", "The gateway says which region it serves, and that its node answers")
def status(stage: Stage) -> Seen:
    """Asked by nobody in particular."""
    return Seen(stage.nobody.get("/v1/status").told("region", "node"), {"status": 200, "region": stage.region, "node": "answering"})


@check("interface.key-required", "status", "无 API 密钥不得查询", "Nobody is told anything without an API key")
def key_required(stage: Stage) -> Seen:
    """A list of orders, asked for by nobody."""
    return Seen(stage.nobody.get("/v1/orders").told(), refused(401, "Unauthenticated"))


@check("interface.role-required", "fund", "服务机构不得办理经办事项", "A lab cannot do what is an officer's")
def role_required(stage: Stage) -> Seen:
    """A lab sets money aside."""
    asked = {"amount": "100", "bank_reference": "REH-LAB"}
    return Seen(stage.desk("lab").post(f"/v1/programmes/{_NO_ORDER}/fund", asked).told(), refused(403, "RoleNotAllowed"))


@check("interface.lab-lists-none", "status", "服务机构不得列出创新券", "A lab cannot list vouchers")
def lab_lists_none(stage: Stage) -> Seen:
    """It looks up what it is shown."""
    return Seen(stage.desk("lab").get("/v1/vouchers").told(), refused(403, "RoleNotAllowed"))


@check("interface.not-found", "status", "订单不存在：答 NotFound", "An order that does not exist is not found")
def not_found(stage: Stage) -> Seen:
    """An id of nobody's."""
    return Seen(stage.desk("auditor").get(f"/v1/orders/{_NO_ORDER}").told(), refused(404, "NotFound"))


@check("interface.money-asked", "fund", "金额须为十进制字符串（分），不收 JSON 数字", "Money as a JSON number is refused")
def money_asked(stage: Stage) -> Seen:
    """A number loses whole fen above 2^53."""
    asked = {"amount": 100, "bank_reference": "REH-NUMBER"}
    return Seen(stage.desk("payer").post(f"/v1/programmes/{_NO_ORDER}/fund", asked).told(), refused(422, "InvalidRequest"))


@check("interface.unknown-member", "fund", "未定义的字段不予受理", "An unknown member is refused")
def unknown_member(stage: Stage) -> Seen:
    """What is not understood is not passed over."""
    asked = {"amount": "100", "bank_reference": "REH-MORE", "more": "100"}
    return Seen(stage.desk("payer").post(f"/v1/programmes/{_NO_ORDER}/fund", asked).told(), refused(422, "InvalidRequest"))


@check("idempotency.key-required", "fund", "写操作须带 Idempotency-Key", "A write without an Idempotency-Key is refused")
def idempotency_key_required(stage: Stage) -> Seen:
    """Nothing happens."""
    asked = {"amount": "100", "bank_reference": "REH-NO-KEY"}
    answer = stage.desk("payer").bare("POST", f"/v1/programmes/{_NO_ORDER}/fund", asked)
    return Seen(answer.told(), refused(400, "IdempotencyKeyMissing"))


@check("idempotency.refusal-kept", "fund", "同一键再问，答复不变（不予受理亦同）", "A refusal is answered again under its key")
def refusal_kept(stage: Stage) -> Seen:
    """A programme that is none."""
    asked = {"amount": "100", "bank_reference": "REH-KEPT"}
    path, key = f"/v1/programmes/{_NO_ORDER}/fund", f"reh-kept-{stage.head}"
    answers = [stage.desk("payer").post(path, asked, key=key).told("programme") for _ in range(2)]
    return Seen(answers, [refused(409, "UnknownProgramme", programme=_NO_ORDER)] * 2)
