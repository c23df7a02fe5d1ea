"""`tongquan lookups`: who looked whose vouchers up at one's gateway (查询记录)."""

from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any

import typer

from registry.cli.command import Uses, command, group
from registry.cli.session import Session

app = group("查询记录：谁查过哪些创新券。 Who looked vouchers up.")


@command(app, "list", uses=Uses.GATEWAY, example="tongquan lookups list --limit 20")
def list_(
    session: Session,
    *,
    limit: Annotated[
        int | None,
        typer.Option("--limit", min=1, help="最多条数，最新的在前，默认全部。 How many at most, the newest first; all by default."),
    ] = None,
) -> Iterator[dict[str, Any]]:
    """
    企业看本企业的，经办看本地区的，审计看全部。 Look-ups of a firm's own vouchers, of an officer's region's, or all for an auditor.
    """
    return islice(session.pages("/v1/lookups", "lookups"), limit)
