"""Everything that was asked and done, looked at once more: the form of all answers, the trail, and an audit from the node alone."""

import re
from collections.abc import Iterator
from typing import Any

from registry.audit import replay
from registry.client import events_of
from registry.conformance.desks import Exchange
from registry.conformance.stage import Stage
from registry.conformance.table import Seen, check

_PROBLEM = ("type", "title", "status", "code", "instance", "values")
_FEN = re.compile("0|-?[1-9][0-9]{0,19}")
_MONEY = frozenset(
    {
        "amount",
        "available",
        "committed",
        "cost",
        "denomination",
        "face",
        "firm_pays",
        "free",
        "funded",
        "invoice_amount",
        "lapsed",
        "lapses",
        "net",
        "owed",
        "paid",
        "recover",
        "redeemed",
        "refunded",
        "reserved",
        "reversed",
        "settled",
        "subsidy",
        "total",
        "up_to",
    }
)


@check("trail.whole", "status", "网关的全部事件与节点一致", "The gateway's trail is the node's, event by event", closing=True)
def trail(stage: Stage) -> Seen:
    """As an auditor pages through it."""
    told = [[each.get("block"), each.get("transaction"), each.get("name")] for each in stage.pages("auditor", "/v1/trail", "events")]
    logs = stage.node.logs(stage.deployment.block, stage.head, list(stage.deployment.contracts))
    events = events_of(logs, stage.deployment)
    node = [[log.block, "0x" + log.transaction.hex(), type(event).__name__] for log, event in zip(logs, events, strict=True)]
    first = next((at for at, pair in enumerate(zip(told, node, strict=False)) if pair[0] != pair[1]), None)
    return Seen({"events": len(told), "first_difference": first}, {"events": len(node), "first_difference": None})


@check("pool.adds-up", "fund", "网关所示资金与链上一致", "The pool at the gateway is the chain's", closing=True)
def adds_up(stage: Stage) -> Seen:
    """Of the candidate's programme."""
    programme = stage.remembered["own"]
    answer = stage.desk("payer").get(f"/v1/programmes/{programme}")
    return Seen(answer.told("funded", "committed", "paid"), {"status": 200} | stage.pool(programme))


@check(
    "audit.replay", "audit", "只凭节点重放，无差异、无违反", "A replay from the node alone finds no difference and no breach", closing=True
)
def audit(stage: Stage) -> Seen:
    """Every block, call and event again, and the contracts' storage."""
    found = replay(stage.node, stage.deployment)
    return Seen({"differences": len(found.differences), "breaches": len(found.breaches)}, {"differences": 0, "breaches": 0})


# Last, so that every exchange is looked at


@check("interface.problems", "status", "不予受理一律为 application/problem+json", "Every refusal is a problem of RFC 9457", closing=True)
def problems(stage: Stage) -> Seen:
    """Of all answers in this run: the media type, its members, and that they agree with the status."""
    refusals = [each for each in stage.wire.exchanges if each.status >= 400]  # noqa: PLR2004 - where HTTP's refusals begin
    return Seen([f"{each.method} {each.path}: {wrong}" for each in refusals for wrong in _no_problem(each)], [])


def _no_problem(exchange: Exchange) -> Iterator[str]:
    body = exchange.answered
    if exchange.media_type != "application/problem+json" or not isinstance(body, dict):
        yield f"{exchange.status} {exchange.media_type}"
        return
    yield from (f"no {name}" for name in _PROBLEM if name not in body)
    if body.get("status") != exchange.status:
        yield f"status {body.get('status')} in an answer of {exchange.status}"
    if body.get("type") != f"urn:tongquan:problem:{body.get('code')}":
        yield f"type {body.get('type')}"


@check("interface.money", "status", "金额一律为十进制字符串（分）", "All money is a decimal string of fen", closing=True)
def money(stage: Stage) -> Seen:
    """Of all answers in this run, wherever in them."""
    answers = [(each, name, value) for each in stage.wire.exchanges for name, value in _members(each.answered)]
    wrong = [f"{each.path}: {name} is {value!r}" for each, name, value in answers if name in _MONEY and not _is_money(value)]
    return Seen(wrong, [])


def _members(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, each in value.items():
            # A document to sign is EIP-712's, and has its own form; so have its types.
            if name != "typed_data":
                yield name, each
                yield from _members(each)
    elif isinstance(value, list):
        for each in value:
            yield from _members(each)


def _is_money(value: Any) -> bool:
    if isinstance(value, str):
        return _FEN.fullmatch(value) is not None
    # An event's `lapsed` is a truth.
    return not isinstance(value, int | float) or isinstance(value, bool)
