"""`tongquan deploy`: the five contracts on a new chain, and the deployment file by which everybody finds them."""

from pathlib import Path
from typing import Annotated

import typer

from registry.chain.deploy import deploy as put
from registry.cli import parsing
from registry.cli.arguments import NewFile, option
from registry.cli.command import Answer, Uses, command
from registry.cli.session import Session
from registry.files import require_new, write_new
from registry.model import Founder


def founder(text: str) -> Founder:
    """A founding region as it is typed: its code, its admin and its recovery key, with colons between."""
    parts = text.split(":")
    if len(parts) != len(Founder.__dataclass_fields__):
        raise typer.BadParameter(f"形如 310000:0x管理账户:0x恢复密钥。 It is REGION:ADMIN:RECOVERY, not {text!r}.")
    return Founder(parsing.region(parts[0]), parsing.address(parts[1]), parsing.address(parts[2]))


Founders = Annotated[
    list[Founder],
    option(
        "--founder",
        founder,
        "REGION:ADMIN:RECOVERY",
        "创始地区及其两把密钥的账户，逐个列出",
        "A founding region and its two keys' accounts, once each",
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add the command, which has no group."""
    command(
        app,
        "deploy",
        uses=Uses.NODE,
        example="tongquan deploy new-deployment.json --founder 310000:$ADMIN_1:$RECOVERY_1 --founder 330522:$ADMIN_2:$RECOVERY_2"
        " --founder 110000:$ADMIN_3:$RECOVERY_3",
    )(deploy)


def deploy(session: Session, file: NewFile, *, founders: Founders) -> Answer:
    """
    在新链上部署五个合约，写出部署文件。 Put the five contracts on a chain, and write the deployment file.

    部署账户临时生成、用后即弃：合约不给它任何权限。此后由各地区表决授权（tongquan motion draft AUTHORISE_REGISTRY）。
    The deploying key is made for this and forgotten: the contracts give it no power. The members then vote for the registry.
    """
    require_new(file)
    from eth_account import Account  # noqa: PLC0415 - slow to load

    with session.screen.progress("正在部署五个合约…", "Deploying the five contracts…"):
        deployed = put(session.bare_node, Account.create(), founders)
    write_new(Path(file), deployed.to_json().encode(), mode=0o644)
    return {"file": file, "chain_id": deployed.chain_id, "block": deployed.block, "registry": deployed.registry}
