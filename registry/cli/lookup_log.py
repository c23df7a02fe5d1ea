"""`tongquan lookups`: who looked whose vouchers up at one's gateway (查询记录)."""

from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any
from urllib.parse import quote

import typer

from registry.cli.arguments import argument
from registry.cli.command import Answer, Uses, command, group
from registry.cli.session import Session

app = group("查询记录：谁查过哪些创新券。 Who looked vouchers up.")


@command(app, "list", uses=Uses.GATEWAY, example="tongquan lookups list --limit 20")
def list_(
    session: Session,
    *,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit", metavar="NUMBER", min=1, help="最多条数，最新的在前，默认全部。 How many at most, the newest first; all by default."
        ),
    ] = None,
) -> Iterator[dict[str, Any]]:
    """
    企业看本企业的，经办看本地区的，审计看全部。 Look-ups of a firm's own vouchers, of an officer's region's, or all for an auditor.
    """
    return islice(session.pages("/v1/lookups", "lookups"), limit)


@command(app, "show", uses=Uses.GATEWAY, example="tongquan lookups show $QUERY_NUMBER")
def show(
    session: Session,
    number: Annotated[str, argument(None, "NUMBER", "核验答复所附的查询编号", "The query number that came with an answer")],
) -> Answer:
    """
    按查询编号查当时的答复：何时、据哪一区块、由谁查询。 What was answered under a query number: when, as of which block, to whom.

    听错一位即不受理。 A character that was misheard is refused.
    """
    return session.gateway.get(f"/v1/lookups/{quote(number, safe='')}")
