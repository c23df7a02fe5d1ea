"""`tongquan audit`: the auditor's replay, from a node and the deployment file alone; and the decisions of a region, worked out again."""

from pathlib import Path
from typing import Annotated

from registry.cli.arguments import ProgrammeId, option
from registry.cli.command import Answer, Exit, Told, Uses, command, group
from registry.cli.session import Session
from registry.cli.settings import SettingRefused
from registry.decision_audit import DecisionDifference, Issuance, audit_decisions
from registry.errors import Rejected
from registry.grants import issuances
from registry.model import Digest, Id

app = group("审计：只凭节点重放；重算发放决定。 Audit: a replay from a node alone; decisions worked out again.")

_PARTS = {
    "blocks": ("正在核对区块…", "Checking blocks…"),
    "events": ("正在重放…", "Replaying…"),
    "slots": ("正在比对存储…", "Comparing storage…"),
}

IndexFile = Annotated[
    Path | None, option("--index", None, "FILE", "同时比对的网关索引文件", "A gateway's index file, to be compared as well")
]


@command(app, "replay", uses=Uses.NODE, example="tongquan audit replay --json")
def replay(session: Session, *, index: IndexFile = None) -> Answer:
    """
    重新计算并核对节点的全部数据：区块、交易、回执、规则、补贴、存储；有差异时退出码为 5。 Replay and prove all of a chain; 5 if it differs.

    不信任任何网关或索引。全程哈希可与其他地区节点上同一区块的审计结果比对。
    No gateway or index is trusted. `trail` is to be compared with an audit of another region's node as of the same block.
    """
    from registry.audit import replay as replayed  # noqa: PLC0415 - slow to load

    if index is not None and not index.is_file():
        raise SettingRefused("index", f"没有索引文件 {index}。", f"There is no index file {index}.")
    with session.screen.progress(*_PARTS["blocks"]) as bar:

        def tell(part: str, done: int, of: int) -> None:
            bar.name(*_PARTS[part])
            bar.of(done, of - done)

        found = replayed(session.node, session.deployment, index=index, progress=tell)
    return Told(found.to_json(), Exit.DONE if found.clean else Exit.DIFFERENT)


@command(app, "decisions", uses=Uses.GATEWAY | Uses.NODE, example="tongquan audit decisions $PROGRAMME")
def decisions(session: Session, programme: ProgrammeId) -> Answer:
    """
    按券种规则文件逐一重算发放决定；配置了节点时并与链上比对；有差异时退出码为 5。 Work a programme's decisions out again; 5 if any differs.

    不信任网关：与链上比对可发现缺少的决定、漏计的既往发放、虚报的面额或使用额。链头请另存，供日后核对。
    With a node, a decision that is missing, a grant left out, and a face or use that never was are found. Keep the head elsewhere.
    """
    at_gateway = f"/v1/programmes/0x{programme.hex()}"
    # The node first: whatever it knows to be issued was decided before.
    known = _of_chain(session, programme) if session.settings.node_url is not None else None
    file, head = session.gateway.get(f"{at_gateway}/file"), session.gateway.get(f"{at_gateway}/decisions", limit=1)["head"]
    told = list(session.pages(f"{at_gateway}/decisions", "decisions"))
    policy_hash = Digest(bytes.fromhex(file["policy_hash"][2:])) if known is None else known[0]
    issued = None if known is None else known[1]
    found = audit_decisions(file["file"], policy_hash, told, issued)
    body = {
        "clean": not found,
        "programme_id": programme,
        "policy_hash": policy_hash,
        "decisions": len(told),
        "vouchers": None if issued is None else sum(each.programme == programme for each in issued),
        "differences": [_told(each) for each in found],
        "head": head,
    }
    return Told(body, Exit.DIFFERENT if found else Exit.DONE)


def _of_chain(session: Session, programme: Id) -> tuple[Digest, list[Issuance]]:
    """The hash by which a programme was opened, and every voucher of its region."""
    with session.snapshot() as snapshot:
        record = snapshot.ledger.programmes.get(programme)
        if record is None:
            raise Rejected("NotFound", {"what": "programme", "id": programme})
        return record.policy_hash, issuances(snapshot, record.region)


def _told(difference: DecisionDifference) -> dict[str, object]:
    found = {"decision": difference.told, "expected": difference.expected}
    return {"voucher_id": difference.voucher, "reason": difference.fault.value, **found}
