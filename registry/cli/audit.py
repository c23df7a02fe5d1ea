"""`tongquan audit`: the auditor's replay, from a node and the deployment file alone."""

from pathlib import Path
from typing import Annotated

from registry.cli.arguments import option
from registry.cli.command import Answer, Exit, Told, Uses, command, group
from registry.cli.session import Session
from registry.cli.settings import SettingRefused

app = group("审计：只凭节点重放。 Audit: a replay from a node alone.")

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
