"""
All commands, by group.

Other packages bring their own through entry points of the group `tongquan.commands`, each a typer application under its name.
"""

import sys
from importlib import metadata
from typing import Annotated

import typer
from typer.exceptions import Abort, TyperException

from registry.cli import (
    audit,
    conformance,
    deploy,
    evidence,
    firm,
    flag,
    index,
    issue,
    keys,
    lab,
    lookup_log,
    lookups,
    month,
    motion,
    opening,
    operation,
    order,
    payee,
    payment,
    programme,
    redeem,
    region,
    report,
    review,
    settle,
    trail,
    wallet,
)
from registry.cli.command import Exit
from registry.cli.screen import Screen
from registry.cli.settings import Lang
from registry.cli.words import USAGE, USAGE_BEGINS

PLUGINS = "tongquan.commands"
_NO_ARGUMENTS = "NoArgsIsHelpError"  # by its name: typer keeps the class to itself

_ABOUT = """
通券：多个地区共用的科技创新券登记系统。 Tongquan: a registry of innovation vouchers that several regions share.

退出码 Exit status: 0 已办理 done · 1 不予受理 refused · 2 用法有误 usage · 3 无应答 unreachable ·
4 结果未定 outcome unknown · 5 有差异 differences
"""


def make_app() -> typer.Typer:
    """Every command of this library, and of the packages that are installed with it."""
    app = typer.Typer(name="tongquan", no_args_is_help=True, help=_ABOUT, rich_markup_mode=None, pretty_exceptions_show_locals=False)
    app.callback()(_root)
    deploy.add_to(app)
    for name, group in {"region": region, "motion": motion, "wallet": wallet, "programme": programme}.items():
        app.add_typer(group.app, name=name)
    issue.add_to(app)
    app.add_typer(issue.app, name="voucher")
    app.add_typer(opening.app, name="opening")
    lookups.add_to(app)
    groups = {"order": order, "evidence": evidence, "redeem": redeem, "review": review, "settle": settle, "month": month, "report": report}
    groups |= {"payment": payment, "payee": payee}
    for name, group in groups.items():
        app.add_typer(group.app, name=name)
    for name, group in {"lab": lab, "firm": firm, "flag": flag, "keys": keys}.items():
        app.add_typer(group.app, name=name)
    operation.add_to(app)
    for name, group in {"operation": operation, "lookups": lookup_log}.items():
        app.add_typer(group.app, name=name)
    trail.add_to(app)
    for name, group in {"audit": audit, "index": index, "conformance": conformance}.items():
        app.add_typer(group.app, name=name)
    for plugin in sorted(metadata.entry_points(group=PLUGINS), key=lambda each: each.name):
        app.add_typer(plugin.load(), name=plugin.name)
    return app


def _show_version(asked: bool) -> None:  # noqa: FBT001 - typer's own call
    if asked:
        sys.stdout.write(f"tongquan {metadata.version('tongquan')}\n")
        raise typer.Exit


_VERSION = typer.Option("--version", is_eager=True, callback=_show_version, help="显示版本。 Show the version.")


def _root(*, version: Annotated[bool, _VERSION] = False) -> None:
    """Help and completion are typer's own."""


def main() -> None:
    """`tongquan`."""
    screen = Screen(as_json="--json" in sys.argv, lang=Lang.ZH)
    try:
        sys.exit(make_app()(standalone_mode=False))
    except TyperException as wrong:
        _tell_wrong_usage(screen, wrong)
        sys.exit(Exit.USAGE)
    except Abort:
        screen.refusal("Aborted", "usage", "输入已结束，未作答。 The input ended before the question was answered.", {})
        sys.exit(Exit.USAGE)
    except BrokenPipeError:
        # Whoever read has read enough (`| head`).
        sys.stderr.close()
        sys.exit(Exit.DONE)


def _tell_wrong_usage(screen: Screen, wrong: TyperException) -> None:
    """Say in Chinese of which kind it is, and then what typer says of it."""
    kind, context = type(wrong).__name__, getattr(wrong, "ctx", None)
    if kind == _NO_ARGUMENTS and not screen.as_json:
        # Its message is the help.
        sys.stderr.write(wrong.format_message() + "\n")
        return
    said = wrong.format_message().replace("Value error, ", "")
    zh = next((each for begins, each in USAGE_BEGINS.items() if said.startswith(begins)), USAGE.get(kind, "用法有误。"))
    screen.refusal("WrongUsage", "usage", f"{zh} {said}", {})
    if context is not None:
        screen.note("用法请看：", f"For usage see: {context.command_path} --help")
