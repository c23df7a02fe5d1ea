"""`tongquan index`: this tool's own index of a node's chain, derived and deletable."""

import hashlib
from pathlib import Path
from typing import Any

from registry.cli.arguments import NewFile
from registry.cli.command import Answer, Uses, command, group
from registry.cli.session import Session
from registry.files import write_new
from registry.index import Snapshot

app = group("索引：由节点导出，可删除重建。 The index: derived from a node, deletable.")


@command(app, "status", uses=Uses.NODE, example="tongquan index status")
def status(session: Session) -> Answer:
    """
    读到最新最终区块，显示高度与条数。 Read up to the newest final block, and say how far it is.
    """
    with session.snapshot() as snapshot:
        return _told(session.index_file, snapshot)


@command(app, "rebuild", uses=Uses.NODE, example="tongquan index rebuild")
def rebuild(session: Session) -> Answer:
    """
    删除索引，从节点重新读取；内容逐字节相同。 Delete the index and read it anew: the same content, byte for byte.
    """
    session.node  # noqa: B018 - what does not fit the chain is not deleted either
    for each in session.state_folder.glob(session.index_file.name + "*"):
        each.unlink()
    with session.index() as index, index.snapshot() as snapshot:
        return _told(session.index_file, snapshot) | {"sha256": hashlib.sha256(index.export()).hexdigest()}


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
