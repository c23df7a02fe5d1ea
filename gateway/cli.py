"""What an operator types beside the library's own commands: `tongquan gateway …`. The entry point in pyproject.toml brings it there."""

import typer

from gateway.__main__ import main

app = typer.Typer(no_args_is_help=True, help="地区服务网关的运维。 Operate a region's gateway.", rich_markup_mode=None)


@app.callback()
def _root() -> None:
    """Keep `serve` a command of its own, though it is the only one."""


@app.command("serve", epilog="tongquan gateway serve")
def serve() -> None:
    """
    启动网关；设置取自 TONGQUAN_ 环境变量。 Run a region's gateway, with the settings of TONGQUAN_ variables.
    """
    main()
