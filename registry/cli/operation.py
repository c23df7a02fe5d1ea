"""
`tongquan status` and `tongquan operation`: whether one's gateway follows its node, and what became of a write that it went on with.

This tool waits for its own writes. A program that would rather not (`Prefer: respond-async`) was told an operation, and asks here.
"""

from typing import Annotated

import typer

from registry.cli.arguments import argument
from registry.cli.command import Answer, Exit, Told, Uses, command, group
from registry.cli.session import Session

app = group("异步办理的进度。 Writes that go on by themselves.")

_STATE = {"succeeded": Exit.DONE, "refused": Exit.REFUSED, "pending": Exit.UNKNOWN, "interrupted": Exit.UNKNOWN}
_NODE = {"answering": Exit.DONE, "silent": Exit.UNREACHABLE}
_DIGITS = 32


def add_to(root: typer.Typer) -> None:
    """Add the command, which has no group."""
    command(root, "status", uses=Uses.GATEWAY, example="tongquan status")(status)


def status(session: Session) -> Answer:
    """
    网关是否跟得上其节点；节点无应答时退出码为 3。 Whether the gateway follows its node; exit status 3 if the node is silent.

    不需要 API 密钥。 Needs no API key.
    """
    found = session.anonymous.get("/v1/status")
    return Told(found, _NODE[found["node"]])


def _operation(text: str) -> str:
    if len(text) != _DIGITS or not set(text) <= set("0123456789abcdef"):
        raise typer.BadParameter(f"进度编号为 32 位十六进制数字。 An operation is 32 hexadecimal digits, not {text!r}.")
    return text


@command(app, "show", uses=Uses.GATEWAY, example="tongquan operation show $OPERATION")
def show(
    session: Session,
    operation: Annotated[str, argument(_operation, "OPERATION", "进度编号，见 202 答复的 Location", "From the Location of the answer 202")],
) -> Answer:
    """
    办理结果：已办理 0，不予受理 1，办理中或中断 4。 What became of a write: exit status 0 done, 1 refused, 4 pending or interrupted.
    """
    found = session.gateway.get(f"/v1/operations/{operation}")
    return Told(found, _STATE[found["state"]])
