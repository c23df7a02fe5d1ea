"""`tongquan trail`: every event of every contract, from a node alone, or as an auditor through a gateway."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from registry.cli import parsing
from registry.cli.arguments import option
from registry.cli.command import Answer, Uses, command
from registry.cli.session import Session
from registry.cli.settings import SettingRefused
from registry.facts import facts_of_events
from registry.model import Id

PAGE = 1_000


def add_to(app: typer.Typer) -> None:
    """Add the command, which has no group."""
    command(app, "trail", uses=Uses.NODE | Uses.GATEWAY, example="tongquan trail --limit 20 --json")(trail)


def trail(
    session: Session,
    *,
    after: Annotated[str | None, option("--after", None, "POSITION", "从此位置之后开始", "Begin after this position")] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="NUMBER", min=1, help="最多条数，默认全部。 How many at most; all by default.")
    ] = None,
    subject: Annotated[
        Id | None,
        option(
            "--subject",
            parsing.record_id,
            "ID",
            "只看某一编号（券、订单、券种、机构、企业、议案），仅限节点",
            "Only what is about this id; from a node",
        ),
    ] = None,
) -> Answer:
    """
    列出全部合约事件：有节点地址时读节点，否则以审计身份读网关。 List all events: from a node if one is named, else from the gateway.
    """
    if session.settings.node_url is None:
        if subject is not None:
            raise SettingRefused(
                "subject", "--subject 须直接读节点，请给出 --node-url。", "--subject is answered from a node: name one by --node-url."
            )
        return _of_gateway(session, after, limit)
    return _of_node(session, after, limit, subject)


def _of_node(session: Session, after: str | None, limit: int | None, subject: Id | None) -> Iterator[dict[str, Any]]:
    with session.snapshot() as snapshot:
        if subject is not None:
            entries = [each for each in snapshot.history_of(subject) if after is None or each.position > after]
            yield from facts_of_events(entries[:limit])
            return
        left = limit
        while left is None or left > 0:
            page = snapshot.trail(after=_checked(after), limit=PAGE if left is None else min(PAGE, left))
            yield from facts_of_events(page)
            if not page:
                return
            after, left = page[-1].position, None if left is None else left - len(page)


def _of_gateway(session: Session, after: str | None, limit: int | None) -> Iterator[dict[str, Any]]:
    left = limit
    while left is None or left > 0:
        page = session.gateway.get("/v1/trail", cursor=after, limit=PAGE if left is None else min(PAGE, left))
        yield from page["events"]
        if not page["events"]:
            return
        after, left = page["next"], None if left is None else left - len(page["events"])


def _checked(after: str | None) -> str | None:
    if after is not None and (len(after) != len("000000000000") + len("000000") or not set(after) <= set("0123456789abcdef")):
        raise typer.BadParameter(f"位置无效。 {after!r} is no position of the trail.")
    return after
