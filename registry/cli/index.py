"""`tongquan index`: this tool's own index of a node's chain, derived and deletable."""

import hashlib
from pathlib import Path
from typing import Annotated, Any

from registry.cli.arguments import NewFile, option
from registry.cli.command import Answer, Uses, command, group
from registry.cli.session import Session
from registry.cli.settings import SettingRefused
from registry.files import write_new
from registry.index import Index, Snapshot, hold
from registry.index import rebuild as read_anew

app = group("索引：由节点导出，可删除重建。 The index: derived from a node, deletable.")


@command(app, "status", uses=Uses.NODE, example="tongquan index status")
def status(session: Session) -> Answer:
    """
    读到最新最终区块，显示高度与条数。 Read up to the newest final block, and say how far it is.
    """
    with session.snapshot() as snapshot:
        return _told(session.index_file, snapshot)


@command(app, "rebuild", uses=Uses.NODE, example="tongquan index rebuild")
def rebuild(
    session: Session,
    *,
    file: Annotated[
        Path | None, option("--file", None, "FILE", "网关的索引文件；先停网关，否则不办", "A gateway's index file; refused while it runs")
    ] = None,
) -> Answer:
    """
    从节点重建索引，完成后才替换旧文件；内容逐字节相同。 Read the index anew, then replace the old one: the same content, byte for byte.
    """
    path = file or session.index_file
    if not path.parent.is_dir():
        raise SettingRefused("file", f"没有目录 {path.parent}。", f"There is no folder {path.parent}.")
    with hold(path):
        with session.screen.progress("正在重建索引…", "Rebuilding the index…") as bar:
            read_anew(path, session.node, session.deployment, bar.of)
        with Index(path, session.node, session.deployment) as index, index.snapshot() as snapshot:
            return _told(path, snapshot) | {"sha256": hashlib.sha256(index.export()).hexdigest()}


@command(app, "export", uses=Uses.NODE, example="tongquan index export index.jsonl")
def export(session: Session, file: NewFile) -> Answer:
    """
    导出索引内容，每行一个 JSON 数组。 Write the index's content to a file, one JSON array a line.
    """
    with session.index() as index:
        content = index.export()
        write_new(file, content)
        with index.snapshot() as snapshot:
            return _told(file, snapshot) | {"sha256": hashlib.sha256(content).hexdigest()}


def _told(file: Path, snapshot: Snapshot) -> dict[str, Any]:
    return {"file": file, "height": snapshot.block, "time": snapshot.time, "events": snapshot.count()}
