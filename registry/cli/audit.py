"""`tongquan audit`: the auditor's replay, from a node and the deployment file alone."""

from dataclasses import fields
from typing import Any

from registry.audit import Audit
from registry.audit import replay as replayed
from registry.cli.command import Answer, Exit, Told, Uses, command, group
from registry.cli.session import Session

app = group("审计：只凭节点重放。 Audit: a replay from a node alone.")


@command(app, "replay", uses=Uses.NODE, example="tongquan audit replay --json")
def replay(session: Session) -> Answer:
    """
    从节点读取全部事件，重放并与合约状态逐项比对；有差异时退出码为 5。 Replay the trail, compare it with the contracts; 5 if it differs.

    不信任任何网关或索引。全程哈希可与其他地区节点上同一区块的审计结果比对。
    No gateway or index is trusted. `trail` is to be compared with an audit of another region's node as of the same block.
    """
    with session.screen.progress("正在重放…", "Replaying…"):
        found = replayed(session.node, session.deployment)
    return Told(_told(found), Exit.DONE if found.clean else Exit.DIFFERENT)


def _told(found: Audit) -> dict[str, Any]:
    money = ("issued", "redeemed", "settled")
    told = {each.name: getattr(found, each.name) for each in fields(found)}
    return (
        {"clean": found.clean}
        | told
        | {name: str(told[name]) for name in money}
        | {"differences": list(map(_difference, found.differences))}
    )


def _difference(each: Any) -> dict[str, Any]:
    return {"what": each.what, "key": each.key, "by_events": str(each.by_events), "by_contract": str(each.by_contract)}
